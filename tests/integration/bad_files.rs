//! Malformed and hostile policies and configurations: refused with their place and a remedy, in no time.

use std::fmt::Write as _;

use crate::bad_input::{Desk, assert_says};

const POLICY: &str = "\
id: mine
title: Mine
severity: low
resource: AWS::Logs::LogGroup
violation: resource.retention_in_days == null
message: It keeps everything
why: It costs
fix: Set a retention
tests:
  - { name: kept, resource: { retention_in_days: 1 }, expect: pass }
  - { name: kept for ever, resource: {}, expect: fail }
";

/// Nine references to nine references to nine references: gigabytes, if they were followed.
fn bomb() -> String {
    let mut text = "params:\n  a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, of) in ('b'..='k').zip('a'..) {
        let references = vec![format!("*{of}"); 9].join(", ");
        let _ = writeln!(text, "  {name}: &{name} [{references}]");
    }
    text
}

fn nested(levels: usize) -> String {
    format!("params: {{ deep: {}{} }}\n", "[".repeat(levels), "]".repeat(levels))
}

fn violation(expression: &str) -> String {
    POLICY.replace("resource.retention_in_days == null", &format!("\"{expression}\""))
}

/// A policy's text, and what is said of it.
type Case = (Vec<u8>, Vec<&'static str>);

fn refuse(cases: Vec<Case>) {
    for (text, words) in cases {
        let desk = Desk::new();
        desk.write("policies/logs/mine.yaml", &text);
        for said in [
            desk.refused(&["policy", "check", "--policies", "policies"]),
            desk.refused_scan(&["--policies", "policies"]),
        ] {
            assert_says(&said, &words);
        }
    }
}

#[test]
fn a_malformed_policy_is_refused_with_its_place_and_a_remedy() {
    refuse(vec![
        // broken YAML
        (b"id: [\n".into(), vec!["mine.yaml:1:5"]),
        // empty
        (b"".into(), vec!["mine.yaml:1:1"]),
        // a list
        (b"- id: mine\n".into(), vec!["mine.yaml:1:1", "expected mapping"]),
        // an unknown key
        (
            POLICY.replace("why:", "wyh:").into(),
            vec!["mine.yaml:7:1", "unknown key `wyh`", "did you mean `why`?"],
        ),
        // a key twice
        (format!("{POLICY}title: Again\n").into(), vec!["mine.yaml:12:1", "duplicate", "title"]),
        // a key too few
        (POLICY.replace("fix: Set a retention\n", "").into(), vec!["mine.yaml:", "the key `fix` is missing"]),
        // an unknown field
        (
            violation("resource.retention_in_day == null").into(),
            vec!["mine.yaml:5:", "retention_in_day", "did you mean"],
        ),
        // broken CEL
        (violation("resource.retention_in_days ==").into(), vec!["mine.yaml:5:", "not valid CEL"]),
        // an unknown type
        (
            POLICY.replace("Logs::LogGroup", "Logs::LogGruop").into(),
            vec!["mine.yaml:4:", "did you mean `AWS::Logs::LogGroup`?"],
        ),
        // two documents
        (format!("{POLICY}---\n{POLICY}").into(), vec!["mine.yaml:", "multiple YAML documents"]),
    ]);
}

#[test]
fn a_hostile_policy_is_refused_quickly() {
    refuse(vec![
        // a reference bomb
        (format!("{POLICY}{}", bomb()).into(), vec!["mine.yaml:", "budget"]),
        // a reference to itself
        (format!("{POLICY}params: &all {{ all: *all }}\n").into(), vec!["mine.yaml:12:", "recursive"]),
        // deep nesting
        (format!("{POLICY}{}", nested(50_000)).into(), vec!["mine.yaml:12:", "limit"]),
        // a deep expression
        (violation(&"(".repeat(1_900)).into(), vec!["mine.yaml:5:", "nests deeper"]),
        // many signs
        (violation(&format!("{}true", "!".repeat(3_000))).into(), vec!["mine.yaml:5:", "nests deeper"]),
        // a long expression
        (violation(&format!("true{}", " || true".repeat(50_000))).into(), vec!["mine.yaml:5:", "bytes long"]),
        // a long line
        (
            format!("{POLICY}rubbish: {}\n", "y".repeat(900_000)).into(),
            vec!["mine.yaml:12:1", "unknown key `rubbish`"],
        ),
        // not UTF-8
        (b"id: \xff\xfe\n".into(), vec!["mine.yaml is not UTF-8 text"]),
        // no text at all
        (b"id: \0\n".into(), vec!["mine.yaml:1:", "unexpected character"]),
        // five megabytes
        (
            format!("{POLICY}{}", "# \n".repeat(1_700_000)).into(),
            vec!["mine.yaml is larger than 1000000 bytes"],
        ),
        // another name than its file
        (POLICY.replace("id: mine", "id: yours").into(), vec!["mine.yaml:1:", "yours"]),
    ]);
}

#[test]
fn a_bad_configuration_is_refused_with_its_place_and_a_remedy() {
    let cases: Vec<(Vec<u8>, Vec<&str>)> = vec![
        (b"regions: [eu-west-1\n".into(), vec!["mine.yaml:"]),
        (b"just words\n".into(), vec!["mine.yaml:1:1"]),
        (
            b"version: 1\nregoins: [eu-west-1]\n".into(),
            vec!["mine.yaml:2:1", "unknown key `regoins`", "did you mean `regions`?"],
        ),
        (b"version: 2\n".into(), vec!["mine.yaml:1:10", "version: 1"]),
        (
            b"regions: [eu-west-1, eu-west-l]\n".into(),
            vec!["mine.yaml:1:22", "unknown region `eu-west-l`", "did you mean `eu-west-1`?"],
        ),
        (
            b"regions: everywhere\n".into(),
            vec!["mine.yaml:1:10", "`regions: all`"],
        ),
        (
            b"severity: { logs-group-no-retentoin: low }\n".into(),
            vec!["mine.yaml:1:", "did you mean `logs-group-no-retention`?"],
        ),
        (
            b"params: { logs-group-no-retention: { large_bg: 3 } }\n".into(),
            vec!["large_bg", "did you mean `large_gb`?"],
        ),
        (
            b"mutes: [{ policy: logs-group-no-retention, resource: '*', owner: a, reason: b, expires: 2026-12-01 }]\n"
                .into(),
            vec!["mine.yaml:1:", "for every resource"],
        ),
        (
            b"deliver: { sns: { topic_arn: 'arn:aws:sqs:eu-west-1:111122223333:q' } }\n".into(),
            vec!["mine.yaml:1:", "not the ARN of a standard SNS topic"],
        ),
        (
            b"schedules: { nightly: { job: scan, cron: 0 3 * * 1-5 } }\n".into(),
            vec!["mine.yaml:1:42", "six fields", "`0 3 ? * MON-FRI *`"],
        ),
        (
            b"schedules:\n  weekly: { job: scan, cron: 0 9 ? * 2#1 * }\n".into(),
            vec!["mine.yaml:2:", "`#` in the day of week (`2#1`)", "as in `MON`"],
        ),
        (bomb().into(), vec!["mine.yaml:"]),
        (nested(50_000).into(), vec!["mine.yaml:1:"]),
        (b"version: \xc3\x28\n".into(), vec!["mine.yaml is not UTF-8 text"]),
        (vec![b'#'; 5_000_000], vec!["mine.yaml is larger than 1000000 bytes"]),
    ];
    for (text, words) in cases {
        let desk = Desk::new();
        desk.write("mine.yaml", &text);
        assert_says(&desk.refused(&["policy", "check", "--config", "mine.yaml"]), &words);
        assert_says(&desk.refused_scan(&["--config", "mine.yaml"]), &words);
        let mut by_variable = desk.command(&["scan", "--state", "state.json"]);
        by_variable.env("AFTERMOVE_CONFIG", "mine.yaml");
        assert_says(&desk.refused_by(by_variable), &words);
    }
}
