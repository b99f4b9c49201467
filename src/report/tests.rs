mod incident;
mod page;
mod review;

use serde_json::json;
use std::borrow::Cow;

use super::sns::MAX_BYTES;
use super::text::Style;
use super::*;
use crate::inventory::Meta;
use crate::policy::outcome::{Blind, Evaluation};

pub(super) fn finding(id: &str, severity: Severity, status: Status) -> Finding {
    let evidence = json!({ "stored_bytes": 1200, "retention_in_days": null });
    Finding {
        id: format!("00000000{id:0>8}"),
        policy: "logs-group-no-retention".into(),
        severity,
        status,
        resource_type: "AWS::Logs::LogGroup".into(),
        resource: Meta {
            id: format!("/ecs/{id}"),
            arn: format!("arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/{id}"),
            name: format!("/ecs/{id}"),
            account: "123456789012".into(),
            region: "eu-west-1".into(),
            tags: BTreeMap::from([("team".into(), "web".into())]),
            created_at: None,
        },
        title: "Log group keeps its logs for ever".into(),
        message: format!("/ecs/{id} has no retention and holds 1.2 GB"),
        why: "It grows for ever.".into(),
        fix: "Set a retention that fits what you look back at.\nThirty days is usual.".into(),
        fix_cli: Some(format!(
            "aws logs put-retention-policy --log-group-name /ecs/{id} --retention-in-days 30"
        )),
        fix_terraform: None,
        evidence: evidence.as_object().unwrap().clone(),
        monthly_cost_usd: Some(0.04),
        because_of: Vec::new(),
        explains: Vec::new(),
        first_seen: "2026-11-01T03:00:00.123Z".parse().unwrap(),
        last_seen: "2026-11-02T03:00:00.456Z".parse().unwrap(),
    }
}

pub(super) fn clean_report() -> Report {
    let row = |resource_type: &str| CoverageRow {
        account: "123456789012".into(),
        region: "eu-west-1".into(),
        resource_type: resource_type.into(),
        status: CoverageStatus::Complete,
        detail: String::new(),
    };
    Report {
        run: RunInfo {
            id: "01932d1e-0000-7000-8000-000000000000".into(),
            trigger: "schedule",
            started_at: "2026-11-02T03:00:00.123Z".parse().unwrap(),
            finished_at: "2026-11-02T03:00:09.789Z".parse().unwrap(),
            complete: true,
        },
        names: BTreeMap::new(),
        accounts: vec!["123456789012".into()],
        regions: vec!["eu-west-1".into()],
        findings: vec![],
        incident: None,
        review: None,
        costs: None,
        digest: None,
        page: None,
        policies: vec![PolicyCounts {
            id: "logs-group-no-retention".into(),
            about: None,
            pass: 12,
            fail: 0,
            skip: 3,
            unknown: 0,
        }],
        coverage: vec![row("AWS::Logs::LogGroup"), row("AWS::CloudWatch::Alarm")],
        notes: vec![],
        usage: Usage {
            api_calls: BTreeMap::from([
                ("logs:DescribeLogGroups".into(), 1),
                ("cloudwatch:GetMetricData".into(), 3),
            ]),
            usd: 0.1 + 0.2,
        },
    }
}

pub(super) fn report() -> Report {
    let mut report = clean_report();
    report.run.complete = false;
    report.coverage[1].status = CoverageStatus::Denied;
    report.coverage[1].detail = "cloudwatch:DescribeAlarms".into();
    report.findings = vec![
        finding("web", Severity::High, Status::New),
        finding("jobs", Severity::Medium, Status::Open),
        finding("beat", Severity::Medium, Status::Unknown),
        finding("cron", Severity::Low, Status::Muted),
        finding("old", Severity::Low, Status::Resolved),
    ];
    let muted = json!({ "owner": "ada", "reason": "audit trail", "expires": "2027-01-31" });
    report.findings[3].evidence.insert("muted".into(), muted);
    report.findings[2].evidence.insert("unknown_because".into(), "denied: logs:DescribeLogGroups".into());
    report.notes = vec!["The mute of p on a (ada) expired on 2026-10-31 and mutes nothing.".into()];
    report
}

const PLAIN: Style = Style { color: false, width: 80 };

#[test]
fn the_json_is_the_contract() {
    let mut report = report();
    report.findings.truncate(1);
    insta::assert_snapshot!(json_v1::render(&report).unwrap(), @r#"
    {
      "version": 1,
      "run": {
        "id": "01932d1e-0000-7000-8000-000000000000",
        "trigger": "schedule",
        "started_at": "2026-11-02T03:00:00Z",
        "finished_at": "2026-11-02T03:00:09Z",
        "complete": false
      },
      "accounts": [
        "123456789012"
      ],
      "regions": [
        "eu-west-1"
      ],
      "findings": [
        {
          "id": "0000000000000web",
          "policy": "logs-group-no-retention",
          "severity": "high",
          "status": "new",
          "resource": {
            "type": "AWS::Logs::LogGroup",
            "id": "/ecs/web",
            "arn": "arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/web",
            "name": "/ecs/web",
            "account": "123456789012",
            "region": "eu-west-1",
            "tags": {
              "team": "web"
            }
          },
          "title": "Log group keeps its logs for ever",
          "message": "/ecs/web has no retention and holds 1.2 GB",
          "why": "It grows for ever.",
          "fix": "Set a retention that fits what you look back at.\nThirty days is usual.",
          "fix_cli": "aws logs put-retention-policy --log-group-name /ecs/web --retention-in-days 30",
          "fix_terraform": null,
          "evidence": {
            "stored_bytes": 1200,
            "retention_in_days": null
          },
          "monthly_cost_usd": 0.04,
          "because_of": [],
          "explains": [],
          "first_seen": "2026-11-01T03:00:00Z",
          "last_seen": "2026-11-02T03:00:00Z"
        }
      ],
      "policies": [
        {
          "id": "logs-group-no-retention",
          "pass": 12,
          "fail": 0,
          "skip": 3,
          "unknown": 0
        }
      ],
      "coverage": [
        {
          "account": "123456789012",
          "region": "eu-west-1",
          "type": "AWS::Logs::LogGroup",
          "status": "complete",
          "detail": ""
        },
        {
          "account": "123456789012",
          "region": "eu-west-1",
          "type": "AWS::CloudWatch::Alarm",
          "status": "denied",
          "detail": "cloudwatch:DescribeAlarms"
        }
      ],
      "usage": {
        "api_calls": {
          "cloudwatch:GetMetricData": 3,
          "logs:DescribeLogGroups": 1
        },
        "usd": 0.3
      },
      "notes": [
        "The mute of p on a (ada) expired on 2026-10-31 and mutes nothing."
      ]
    }
    "#);
}

#[test]
fn the_text_says_what_is_wrong_and_what_to_do_and_what_was_not_seen() {
    insta::assert_snapshot!(text::render(&report(), PLAIN), @r"
    DO FIRST
      /ecs/web: Set a retention that fits what you look back at. It costs $0.04 a
        month.

    HIGH
      high     new      /ecs/web  eu-west-1
        /ecs/web has no retention and holds 1.2 GB
        fix: Set a retention that fits what you look back at.
        $ aws logs put-retention-policy --log-group-name /ecs/web --retention-in-days 30

    MEDIUM
      medium   open     /ecs/jobs  eu-west-1
        /ecs/jobs has no retention and holds 1.2 GB
        fix: Set a retention that fits what you look back at.
        $ aws logs put-retention-policy --log-group-name /ecs/jobs --retention-in-days 30

    COULD NOT BE CHECKED AGAIN
      medium   unknown  /ecs/beat  eu-west-1
        /ecs/beat has no retention and holds 1.2 GB
        not checked: denied: logs:DescribeLogGroups

    RESOLVED
      low      resolved /ecs/old  eu-west-1
        Log group keeps its logs for ever

    MUTED
      low      muted    /ecs/cron  eu-west-1
        Log group keeps its logs for ever
        (by ada until 2027-01-31: audit trail)

    COULD NOT BE SEEN
      eu-west-1 AWS::CloudWatch::Alarm: denied, cloudwatch:DescribeAlarms

    NOTES
      The mute of p on a (ada) expired on 2026-10-31 and mutes nothing.

    1 policy: 12 pass, 0 fail, 3 skip, 0 unknown
    4 API calls, about $0.3000
    1 new, 1 open, 1 unknown, 1 resolved, 1 muted; 1 thing could not be seen
    ");
}

#[test]
fn a_clean_run_is_all_clear_and_says_what_that_rests_on() {
    insta::assert_snapshot!(text::render(&clean_report(), PLAIN), @r#"
    All clear: nothing found, and everything asked for was seen (2 resource types in
    1 region).
    1 policy: 12 pass, 0 fail, 3 skip, 0 unknown
    4 API calls, about $0.3000
    nothing found
    "#);
}

#[test]
fn a_run_that_found_nothing_but_could_not_see_everything_is_not_all_clear() {
    let mut blind = report();
    blind.findings.clear();
    blind.notes.clear();
    insta::assert_snapshot!(text::render(&blind, PLAIN), @r#"
    COULD NOT BE SEEN
      eu-west-1 AWS::CloudWatch::Alarm: denied, cloudwatch:DescribeAlarms

    Nothing found in what could be seen, but not everything could be seen.
    1 policy: 12 pass, 0 fail, 3 skip, 0 unknown
    4 API calls, about $0.3000
    nothing found; 1 thing could not be seen
    "#);
}

#[test]
fn colour_only_paints_and_only_when_asked() {
    let coloured = text::render(&report(), Style { color: true, width: 80 });
    assert!(coloured.contains("\u{1b}["));
    let plain = text::render(&report(), PLAIN);
    assert!(!plain.contains('\u{1b}'));
    let stripped = coloured
        .split('\u{1b}')
        .enumerate()
        .map(|(i, part)| if i == 0 { part } else { part.split_once('m').unwrap().1 })
        .collect::<String>();
    assert_eq!(stripped, plain);
}

#[test]
fn what_could_steer_a_terminal_is_shown_escaped_in_text_and_mail() {
    let mut hostile = report();
    let evil = "web\u{1b}[2J\nall clear\u{7}\u{202e}\u{9b}31m";
    for finding in &mut hostile.findings {
        finding.resource.name = evil.into();
        finding.resource.id = evil.into();
        finding.resource.region = evil.into();
        finding.title = evil.into();
        finding.message = evil.into();
        finding.fix = evil.into();
        finding.fix_cli = Some(evil.into());
        finding.evidence.insert("unknown_because".into(), evil.into());
        finding.evidence.insert("muted".into(), json!({ "owner": evil, "reason": evil }));
    }
    hostile.coverage[1].detail = evil.into();
    hostile.notes = vec![evil.into()];
    hostile.accounts = vec![evil.into()];
    let summary = sns::summary(&hostile);
    let message = sns::finding(&hostile, &hostile.findings[0]);
    let texts = [text::render(&hostile, PLAIN), summary.subject, summary.body, message.subject, message.body];
    for text in texts {
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']), "{text:?}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("all clear")) || text.contains("$ "));
    }
}

#[test]
fn the_exit_code_puts_findings_before_coverage() {
    let mut report = report();
    assert_eq!(report.exit_code(Severity::Medium), 1);
    assert_eq!(report.exit_code(Severity::High), 1);
    assert_eq!(report.exit_code(Severity::Critical), 3);
    report.findings.retain(|f| !f.status.is_violation());
    assert_eq!(report.exit_code(Severity::Info), 3);
    assert_eq!(clean_report().exit_code(Severity::Info), 0);
}

#[test]
fn a_policy_that_was_blind_somewhere_never_counts_as_clean() {
    let evaluation = |policy: &'static str, outcome| Evaluation {
        policy: policy.into(),
        resource_type: "AWS::Logs::LogGroup",
        resource: Cow::Owned(Meta::default()),
        outcome,
    };
    let verdicts = Verdicts {
        evaluations: vec![
            evaluation("a", Outcome::Pass),
            evaluation("a", Outcome::Skip("too young".into())),
            evaluation("a", Outcome::Unknown("no data".into())),
        ],
        blind: vec![Blind {
            policy: "b".into(),
            account: "1".into(),
            region: "r".into(),
            reason: "denied".into(),
        }],
    };
    let counts = PolicyCounts::tally(["b", "a"], &verdicts);
    let shown: Vec<_> = counts.iter().map(|c| (c.id.as_str(), c.pass, c.fail, c.skip, c.unknown)).collect();
    assert_eq!(shown, [("b", 0, 0, 0, 1), ("a", 1, 0, 1, 1)]);
}

#[test]
fn the_summary_lists_the_gravest_and_says_what_it_leaves_out() {
    let message = sns::summary(&report());
    assert_eq!(
        message.subject,
        "aftermove: 1 new, 1 open, 1 unknown, 1 resolved, 1 muted in 123456789012 (incomplete)"
    );
    insta::assert_snapshot!(message.body, @r#"
    123456789012: 1 new, 1 open, 1 unknown, 1 resolved, 1 muted; 1 thing could not be seen.

    HIGH (new): /ecs/web, eu-west-1
      /ecs/web has no retention and holds 1.2 GB
      fix: Set a retention that fits what you look back at.

    MEDIUM (open): /ecs/jobs, eu-west-1
      /ecs/jobs has no retention and holds 1.2 GB
      fix: Set a retention that fits what you look back at.

    MEDIUM (unknown): /ecs/beat, eu-west-1
      /ecs/beat has no retention and holds 1.2 GB
      Not checked this time: denied: logs:DescribeLogGroups

    Resolved:
    - /ecs/old: Log group keeps its logs for ever

    Could not be seen, so nothing is known about it:
    - eu-west-1 AWS::CloudWatch::Alarm: denied, cloudwatch:DescribeAlarms

    Note: The mute of p on a (ada) expired on 2026-10-31 and mutes nothing.
    Run 01932d1e-0000-7000-8000-000000000000 (schedule)
    "#);
    let mut many = report();
    many.findings = (0..500).map(|n| finding(&n.to_string(), Severity::High, Status::New)).collect();
    let body = sns::summary(&many).body;
    assert!(body.len() <= MAX_BYTES);
    assert!(body.contains("and 470 more in the report"), "{body}");
}

#[test]
fn a_finding_message_is_the_contracts_finding_with_attributes_to_filter_by() {
    let report = report();
    let message = sns::finding(&report, &report.findings[0]);
    insta::assert_snapshot!(message.subject, @"aftermove: high logs-group-no-retention on /ecs/web (new)");
    insta::assert_snapshot!(message.body, @r#"{"id":"0000000000000web","policy":"logs-group-no-retention","severity":"high","status":"new","resource":{"type":"AWS::Logs::LogGroup","id":"/ecs/web","arn":"arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/web","name":"/ecs/web","account":"123456789012","region":"eu-west-1","tags":{"team":"web"}},"title":"Log group keeps its logs for ever","message":"/ecs/web has no retention and holds 1.2 GB","why":"It grows for ever.","fix":"Set a retention that fits what you look back at.\nThirty days is usual.","fix_cli":"aws logs put-retention-policy --log-group-name /ecs/web --retention-in-days 30","fix_terraform":null,"evidence":{"stored_bytes":1200,"retention_in_days":null},"monthly_cost_usd":0.04,"because_of":[],"explains":[],"first_seen":"2026-11-01T03:00:00Z","last_seen":"2026-11-02T03:00:00Z","run_id":"01932d1e-0000-7000-8000-000000000000"}"#);
    insta::assert_debug_snapshot!(message.attributes, @r#"
    {
        "account": "123456789012",
        "kind": "finding",
        "policy": "logs-group-no-retention",
        "region": "eu-west-1",
        "severity": "high",
        "status": "new",
    }
    "#);
}

#[test]
fn what_is_missing_for_one_reason_is_told_once() {
    let mut report = clean_report();
    let row = |region: &str, resource_type: &str, detail: &str| CoverageRow {
        account: "123456789012".into(),
        region: region.into(),
        resource_type: resource_type.into(),
        status: CoverageStatus::Denied,
        detail: detail.into(),
    };
    let shut = "denied: sts:AssumeRole (no)";
    report.coverage = vec![
        row("eu-west-1", "AWS::EC2::VPC", shut),
        row("eu-west-1", "AWS::Logs::LogGroup", shut),
        row("global", "AWS::Route53::HostedZone", shut),
        row("eu-west-1", "AWS::SNS::Topic", "denied: sns:ListTopics (no)"),
        row("global", "AWS::Budgets::Budget", shut),
    ];
    let told: Vec<(String, String, String)> =
        report.unseen().into_iter().map(|row| (row.region, row.resource_type, row.detail)).collect();
    let told: Vec<(&str, &str, &str)> = told.iter().map(|(r, t, d)| (&**r, &**t, &**d)).collect();
    assert_eq!(
        told,
        [
            ("eu-west-1, global", "4 resource types", shut),
            ("eu-west-1", "AWS::SNS::Topic", "denied: sns:ListTopics (no)")
        ]
    );
    report.coverage.pop();
    assert_eq!(report.unseen().len(), 4, "a few are told one by one");
}
