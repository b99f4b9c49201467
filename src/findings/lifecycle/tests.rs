use proptest::prelude::*;
use serde_json::Map;

use super::*;
use crate::inventory::Meta;
use crate::policy::outcome::{Blind, Severity};

mod mutes;

const ACCOUNT: &str = "123456789012";

fn at(day: i64) -> DateTime<Utc> {
    let start: DateTime<Utc> = "2026-11-01T03:00:00Z".parse().unwrap();
    start + TimeDelta::days(day)
}

fn resource(id: &str) -> Meta {
    Meta {
        id: id.into(),
        arn: format!("arn:aws:x:eu-west-1:{ACCOUNT}:{id}"),
        name: id.into(),
        account: ACCOUNT.into(),
        region: "eu-west-1".into(),
        ..Meta::default()
    }
}

fn failure(severity: Severity) -> Outcome {
    Outcome::Fail(Box::new(Failure {
        severity,
        title: "title".into(),
        message: "message".into(),
        why: "why".into(),
        fix: "fix".into(),
        fix_cli: None,
        fix_terraform: None,
        evidence: Map::new(),
        monthly_cost_usd: None,
        because_of: Vec::new(),
    }))
}

fn fail() -> Outcome {
    failure(Severity::High)
}

fn unknown() -> Outcome {
    Outcome::Unknown("denied: cloudwatch:GetMetricData".into())
}

fn evaluation(id: &str, outcome: Outcome) -> Evaluation<'static> {
    Evaluation { policy: "p".into(), resource_type: "AWS::X::Y", resource: Cow::Owned(resource(id)), outcome }
}

fn saw(id: &str, outcome: Outcome) -> Verdicts<'static> {
    Verdicts { evaluations: vec![evaluation(id, outcome)], blind: vec![] }
}

fn blind() -> Verdicts<'static> {
    Verdicts {
        evaluations: vec![],
        blind: vec![Blind {
            policy: "p".into(),
            account: ACCOUNT.into(),
            region: "eu-west-1".into(),
            reason: "denied: x:ListY".into(),
        }],
    }
}

fn place(region: &str) -> Place {
    Place { account: ACCOUNT.into(), region: region.into(), events_only: false }
}

fn settle_in(
    region: &str,
    policy: PolicyScope<'_>,
    previous: &State,
    verdicts: &Verdicts<'_>,
    now: DateTime<Utc>,
) -> Settled {
    let extent = Extent { policies: &[policy], places: &[place(region)] };
    settle(previous, verdicts.clone(), extent, &[], &|_, _| None, now)
}

const P: PolicyScope<'_> = PolicyScope { id: "p", windowed: false };
const WINDOWED: PolicyScope<'_> = PolicyScope { id: "p", windowed: true };

fn night(previous: &State, verdicts: &Verdicts<'_>, day: i64) -> Settled {
    settle_in("eu-west-1", P, previous, verdicts, at(day))
}

fn statuses(settled: &Settled) -> Vec<Status> {
    settled.findings.iter().map(|f| f.status).collect()
}

#[test]
fn what_is_known_of_schedules_goes_through_a_scan_untouched() {
    let known = State {
        schedules: [("nightly".to_owned(), at(0))].into(),
        running: [("weekly".to_owned(), at(1))].into(),
        ..State::default()
    };
    let next = night(&known, &saw("a", fail()), 1).state;
    assert_eq!((&next.schedules, &next.running), (&known.schedules, &known.running));
}

#[test]
fn a_failure_is_new_then_open_then_resolved_once_and_reopened_when_it_returns() {
    let first = night(&State::default(), &saw("a", fail()), 0);
    assert_eq!(statuses(&first), [Status::New]);
    let second = night(&first.state, &saw("a", fail()), 1);
    assert_eq!(statuses(&second), [Status::Open]);
    assert_eq!(second.findings[0].first_seen, at(0));
    assert_eq!(second.findings[0].last_seen, at(1));
    let third = night(&second.state, &saw("a", Outcome::Pass), 2);
    assert_eq!(statuses(&third), [Status::Resolved]);
    assert_eq!(third.findings[0].last_seen, at(1));
    let fourth = night(&third.state, &saw("a", Outcome::Pass), 3);
    assert_eq!(statuses(&fourth), []);
    let fifth = night(&fourth.state, &saw("a", fail()), 4);
    assert_eq!(statuses(&fifth), [Status::Reopened]);
    assert_eq!(fifth.findings[0].first_seen, at(0));
}

#[test]
fn a_resource_that_is_gone_or_out_of_scope_resolves_its_finding() {
    let first = night(&State::default(), &saw("a", fail()), 0);
    let gone = night(&first.state, &Verdicts::default(), 1);
    assert_eq!(statuses(&gone), [Status::Resolved]);
    let skipped = night(&first.state, &saw("a", Outcome::Skip("too young".into())), 1);
    assert_eq!(statuses(&skipped), [Status::Resolved]);
}

#[test]
fn a_resolved_finding_is_forgotten_after_ninety_days() {
    let first = night(&State::default(), &saw("a", fail()), 0);
    let resolved = night(&first.state, &Verdicts::default(), 1);
    let kept = night(&resolved.state, &Verdicts::default(), 90);
    assert_eq!(kept.state.findings.len(), 1);
    let forgotten = night(&kept.state, &Verdicts::default(), 91);
    assert!(forgotten.state.findings.is_empty());
}

#[test]
fn what_could_not_be_looked_at_is_unknown_with_the_reason_and_open_again_later() {
    let first = night(&State::default(), &saw("a", fail()), 0);
    for verdicts in [saw("a", unknown()), blind()] {
        let second = night(&first.state, &verdicts, 1);
        assert_eq!(statuses(&second), [Status::Unknown]);
        assert!(second.findings[0].evidence["unknown_because"].as_str().unwrap().starts_with("denied: "));
        assert_eq!(second.findings[0].last_seen, at(0));
        let third = night(&second.state, &saw("a", fail()), 2);
        assert_eq!(statuses(&third), [Status::Open]);
        assert!(third.findings[0].evidence.is_empty());
    }
}

#[test]
fn a_pass_does_not_resolve_where_its_policy_was_not_evaluated_fully() {
    let first = night(&State::default(), &saw("a", fail()), 0);
    let mut partial = saw("a", Outcome::Pass);
    partial.blind = blind().blind;
    assert_eq!(statuses(&night(&first.state, &partial, 1)), [Status::Unknown]);
}

#[test]
fn an_unknown_without_a_known_finding_is_no_finding() {
    let first = night(&State::default(), &saw("a", unknown()), 0);
    assert_eq!(statuses(&first), []);
    assert!(first.state.findings.is_empty());
}

#[test]
fn a_finding_outside_of_the_run_is_left_alone() {
    let first = night(&State::default(), &saw("a", fail()), 0);
    let elsewhere = settle_in("us-east-1", P, &first.state, &Verdicts::default(), at(1));
    assert_eq!(statuses(&elsewhere), []);
    assert_eq!(elsewhere.state, first.state);
    let other = PolicyScope { id: "other", windowed: false };
    let only = settle_in("eu-west-1", other, &first.state, &Verdicts::default(), at(1));
    assert_eq!(only.state, first.state);
}

#[test]
fn a_finding_about_several_regions_resolves_only_where_all_of_them_are_looked_at() {
    let mut outcome = fail();
    if let Outcome::Fail(failure) = &mut outcome {
        failure.evidence.insert("regions".into(), json!(["eu-west-1", "us-east-1"]));
    }
    let first = night(&State::default(), &saw("a", outcome), 0);
    let passes = saw("a", Outcome::Pass);
    let one = night(&first.state, &passes, 1);
    assert_eq!(statuses(&one), []);
    assert_eq!(one.state, first.state);
    let places = [place("eu-west-1"), place("us-east-1")];
    let both = Extent { policies: &[P], places: &places };
    let both = settle(&first.state, passes, both, &[], &|_, _| None, at(1));
    assert_eq!(statuses(&both), [Status::Resolved]);
}

#[test]
fn where_only_events_were_looked_at_all_else_is_left_alone() {
    let places = [Place { events_only: true, ..place("eu-west-1") }];
    let settle_events = |policy: PolicyScope<'_>, previous: &State| {
        let extent = Extent { policies: &[policy], places: &places };
        settle(previous, Verdicts::default(), extent, &[], &|_, _| None, at(1))
    };
    let first = night(&State::default(), &saw("a", fail()), 0);
    let other = settle_events(P, &first.state);
    assert_eq!(statuses(&other), []);
    assert_eq!(other.state, first.state);
    let windowed = settle_events(WINDOWED, &first.state);
    assert_eq!(statuses(&windowed), [Status::Open]);
}

#[test]
fn an_event_that_left_the_window_stands_for_fourteen_days_and_then_goes_quietly() {
    let first = settle_in("eu-west-1", WINDOWED, &State::default(), &saw("a", fail()), at(0));
    let nothing = Verdicts::default();
    let later = settle_in("eu-west-1", WINDOWED, &first.state, &nothing, at(13));
    assert_eq!(statuses(&later), [Status::Open]);
    assert_eq!(later.findings[0].last_seen, at(0));
    let unseen = settle_in("eu-west-1", WINDOWED, &later.state, &blind(), at(20));
    assert_eq!(statuses(&unseen), [Status::Unknown]);
    let gone = settle_in("eu-west-1", WINDOWED, &unseen.state, &nothing, at(21));
    assert_eq!(statuses(&gone), []);
    assert!(gone.state.findings.is_empty());
}

#[test]
fn several_failures_under_one_id_are_one_finding_that_names_all_events() {
    let change = |severity, event: &str| {
        let mut outcome = failure(severity);
        if let Outcome::Fail(failure) = &mut outcome {
            failure.evidence.insert("event_ids".into(), json!([event]));
        }
        evaluation("a", outcome)
    };
    let verdicts = Verdicts {
        evaluations: vec![
            change(Severity::Low, "e1"),
            change(Severity::High, "e2"),
            evaluation("a", Outcome::Pass),
        ],
        blind: vec![],
    };
    let settled = night(&State::default(), &verdicts, 0);
    assert_eq!(statuses(&settled), [Status::New]);
    assert_eq!(settled.findings[0].severity, Severity::High);
    assert_eq!(settled.findings[0].evidence["event_ids"], json!(["e2", "e1"]));
}

#[test]
fn what_was_not_delivered_is_kept_until_it_is_resolved_and_retried_while_it_stands() {
    let mut first = night(&State::default(), &saw("a", fail()), 0);
    let id = first.findings[0].id.clone();
    first.state.undelivered.insert(id.clone(), Status::New);
    let second = night(&first.state, &saw("a", fail()), 1);
    let retry = first.state.still_undelivered(&second.findings);
    assert_eq!(retry.iter().map(|f| f.status).collect::<Vec<_>>(), [Status::New]);
    assert_eq!(second.state.undelivered.get(&id), Some(&Status::New));
    let mut delivered = second.state.clone();
    delivered.undelivered.insert("elsewhere".into(), Status::New);
    delivered.record_delivery(&retry, BTreeMap::new());
    assert!(delivered.undelivered.keys().eq(["elsewhere"]));
    let third = night(&second.state, &saw("a", Outcome::Pass), 2);
    assert!(second.state.still_undelivered(&third.findings).is_empty());
    assert!(third.state.undelivered.is_empty());
}

#[test]
fn findings_come_gravest_first_then_by_name() {
    let verdicts = Verdicts {
        evaluations: vec![
            evaluation("b", failure(Severity::Low)),
            evaluation("c", failure(Severity::Critical)),
            evaluation("a", failure(Severity::Low)),
        ],
        blind: vec![],
    };
    let settled = night(&State::default(), &verdicts, 0);
    let order: Vec<&str> = settled.findings.iter().map(|f| &*f.resource.id).collect();
    assert_eq!(order, ["c", "a", "b"]);
}

#[derive(Clone, Debug)]
enum Night {
    Saw(Vec<(u8, u8)>),
    Blind,
}

fn nights() -> impl Strategy<Value = Vec<Night>> {
    let look = prop::collection::vec((0..4u8, 0..4u8), 0..5).prop_map(Night::Saw);
    prop::collection::vec(prop_oneof![4 => look, 1 => Just(Night::Blind)], 1..12)
}

fn verdicts(night: &Night) -> Verdicts<'static> {
    let Night::Saw(looks) = night else { return blind() };
    let outcome = |kind: u8| match kind {
        0 => Outcome::Pass,
        1 => Outcome::Skip("out of scope".into()),
        2 => unknown(),
        _ => fail(),
    };
    Verdicts {
        evaluations: looks.iter().map(|(id, kind)| evaluation(&format!("r{id}"), outcome(*kind))).collect(),
        blind: vec![],
    }
}

proptest! {
    #[test]
    fn the_same_verdicts_twice_bring_nothing_new(nights in nights()) {
        let mut state = State::default();
        for (day, looks) in (0..).zip(&nights) {
            state = night(&state, &verdicts(looks), day).state;
            let again = night(&state, &verdicts(looks), day);
            prop_assert!(again.findings.iter().all(|f| !f.status.is_news() && f.status != Status::Resolved));
            prop_assert_eq!(again.state.findings.len(), state.findings.len());
        }
    }

    #[test]
    fn an_unknown_never_resolves_and_first_seen_never_moves(nights in nights()) {
        let mut state = State::default();
        for (day, looks) in (0..).zip(&nights) {
            let verdicts = verdicts(looks);
            let settled = night(&state, &verdicts, day);
            for finding in &settled.findings {
                let unknown = !verdicts.blind.is_empty()
                    || verdicts.evaluations.iter().any(|e| {
                        *e.resource == finding.resource && matches!(e.outcome, Outcome::Unknown(_))
                    });
                prop_assert!(!(unknown && finding.status == Status::Resolved));
                if let Some(known) = state.findings.get(&finding.id) {
                    prop_assert_eq!(known.first_seen, finding.first_seen);
                }
            }
            for id in state.findings.keys() {
                prop_assert!(settled.state.findings.contains_key(id));
            }
            state = settled.state;
        }
    }
}
