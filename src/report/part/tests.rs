use serde_json::json;

use super::super::tests::{finding, report};
use super::*;
use crate::findings::state::FindingRecord;
use crate::policy::outcome::Severity;

const WEB: &str = "111111111111";
const DATA: &str = "222222222222";

fn run() -> RunInfo {
    report().run
}

/// The findings of an account, as its own run reports them.
fn part(account: &str, name: &str, findings: &[(&str, Severity, Status)]) -> Part {
    let mut report = report();
    report.findings = findings
        .iter()
        .map(|(id, severity, status)| {
            let mut finding = finding(&format!("{name}-{id}"), *severity, *status);
            finding.resource.account = account.to_owned();
            finding
        })
        .collect();
    for row in &mut report.coverage {
        row.account = account.to_owned();
    }
    report.notes = vec!["A mute has expired.".to_owned()];
    Part::of(account, name, report)
}

fn record(status: Status) -> FindingRecord {
    let found = finding("old", Severity::High, status);
    let json = json!({
        "policy": found.policy, "severity": found.severity, "status": status, "resource_type": found.resource_type,
        "resource": found.resource, "title": found.title, "message": found.message, "why": "", "fix": "",
        "fix_cli": null, "fix_terraform": null, "evidence": {}, "monthly_cost_usd": null,
        "first_seen": found.first_seen, "last_seen": found.last_seen, "resolved_at": null,
    });
    serde_json::from_value(json).unwrap()
}

#[test]
fn a_part_is_handed_on_as_it_is() {
    let part = part(WEB, "web", &[("a", Severity::High, Status::New)]);
    let json = serde_json::to_vec(&part).unwrap();
    assert_eq!(serde_json::from_slice::<Part>(&json).unwrap(), part);
}

#[test]
fn findings_of_all_accounts_are_in_one_order_and_counts_add_up() {
    let joined = join(
        run(),
        vec![
            part(WEB, "web", &[("a", Severity::Low, Status::New), ("b", Severity::High, Status::Open)]),
            part(DATA, "data", &[("c", Severity::Critical, Status::New)]),
        ],
    );
    let severities: Vec<Severity> = joined.findings.iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, [Severity::Critical, Severity::High, Severity::Low]);
    assert_eq!(joined.accounts, [WEB, DATA]);
    assert_eq!(joined.called(DATA), "data (222222222222)");
    assert_eq!((joined.policies[0].pass, joined.policies[0].skip), (24, 6));
    assert_eq!(joined.usage.api_calls["cloudwatch:GetMetricData"], 6);
    assert_eq!(joined.notes, ["web (111111111111) and 1 more: A mute has expired."], "said once");
}

#[test]
fn what_was_not_seen_stays_and_what_was_is_in_the_accounts_own_reports() {
    let joined = join(run(), vec![part(WEB, "web", &[]).condensed(), part(DATA, "data", &[]).condensed()]);
    let rows: Vec<(&str, &str)> =
        joined.coverage.iter().map(|row| (&*row.account, &*row.resource_type)).collect();
    assert_eq!(rows, [(WEB, "AWS::CloudWatch::Alarm"), (DATA, "AWS::CloudWatch::Alarm")]);
    assert!(!joined.run.complete);
}

#[test]
fn of_a_lost_account_what_stood_is_unknown_and_the_reason_is_told() {
    let known = State {
        findings: [("1", Status::Open), ("2", Status::Resolved), ("3", Status::Muted), ("4", Status::New)]
            .into_iter()
            .map(|(id, status)| (id.to_owned(), record(status)))
            .collect(),
        ..State::default()
    };
    let now = "2026-11-02T03:00:00Z".parse().unwrap();
    let lost = Part::lost(WEB, "web", "its run failed (States.Timeout)", &known, now);
    let joined = join(run(), vec![lost]);
    let told: Vec<(&str, Status)> = joined.findings.iter().map(|f| (&*f.id, f.status)).collect();
    assert_eq!(told, [("1", Status::Unknown), ("4", Status::Unknown)]);
    assert_eq!(joined.findings[0].evidence["unknown_because"], "its run failed (States.Timeout)");
    assert_eq!(joined.accounts, [WEB]);
    assert_eq!(joined.headline(), "2 unknown; 1 thing could not be seen");
    assert_eq!(
        joined.notes,
        ["Nothing could be seen of the account web (111111111111): its run failed (States.Timeout)"]
    );
}

#[test]
fn an_owner_is_shown_the_own_accounts_alone() {
    let joined = join(
        run(),
        vec![
            part(WEB, "web", &[("a", Severity::Low, Status::New)]),
            part(DATA, "data", &[("c", Severity::Critical, Status::New)]),
        ],
    );
    let theirs = joined.of_accounts(&BTreeSet::from([WEB]), None);
    assert_eq!(theirs.accounts, [WEB]);
    assert_eq!(theirs.findings.len(), 1);
    assert!(theirs.coverage.iter().all(|row| row.account == WEB));
    let shown = format!("{theirs:?}");
    assert!(!shown.contains(DATA), "{shown}");
}
