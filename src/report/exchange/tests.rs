use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::findings::BecauseOf;
use crate::policy::outcome::Severity;
use crate::report::tests::{finding, report};
use crate::report::{asff, ocsf, sarif};

/// Names as bad as an account can hold.
pub(in crate::report) fn hostile() -> Vec<String> {
    vec![
        "a \"quoted\", name; 'of' two\r\nlines".to_owned(),
        "=HYPERLINK(\"http://evil.example\",\"open\")".to_owned(),
        "<script>alert(1)</script>[open](http://evil.example){0}".to_owned(),
        "\u{202e}txt.exe\u{1b}[2J\u{7}".to_owned(),
        "\t-1+1\u{0}".to_owned(),
        "ä😀".repeat(10_000),
        " \n ".to_owned(),
        String::new(),
    ]
}

/// Every status and every severity, hostile names, and whatever else a finding may lack or have too much of.
pub(in crate::report) fn everything() -> Report {
    let mut report = report();
    report.coverage[1].detail = hostile().concat();
    report.notes.extend(hostile());
    report.policies[0].about = Some(About {
        title: "A log group keeps its logs for ever".into(),
        severity: Severity::Medium,
        tags: vec!["logs".into(), "cost".into(), "logs".into()],
        why: "It grows for ever.\n".into(),
        fix: "Set a retention that fits.\n".into(),
        sources: vec!["https://docs.aws.amazon.com/AmazonCloudWatch/".into()],
    });
    let statuses =
        [Status::New, Status::Reopened, Status::Open, Status::Unknown, Status::Muted, Status::Resolved];
    for status in statuses {
        for severity in Severity::ALL {
            report.findings.push(finding(
                &format!("{}{}", status.as_str(), severity.as_str()),
                severity,
                status,
            ));
        }
    }
    for (n, name) in hostile().into_iter().enumerate() {
        let mut bad = finding(&format!("bad{n}"), Severity::High, statuses[n % statuses.len()]);
        bad.policy = "a-policy-of-their-own".into();
        bad.resource_type = "Their::Own::Type".into();
        bad.resource.arn = if n % 2 == 0 { String::new() } else { name.clone() };
        bad.resource.id = name.clone();
        bad.resource.name = name.clone();
        bad.resource.region = if n % 3 == 0 { "global".into() } else { "cn-north-1".into() };
        bad.resource.tags.insert(name.clone(), name.clone());
        bad.resource.tags.insert("aws:cloudformation:stack-name".into(), "web".into());
        bad.resource.created_at = Some(bad.first_seen);
        bad.title = name.clone();
        bad.message = name.clone();
        bad.why = name.clone();
        bad.fix = name.clone();
        bad.fix_cli = Some(name.clone());
        bad.fix_terraform = Some(name.clone());
        bad.monthly_cost_usd = [None, Some(-2.5), Some(1e9)][n % 3];
        for n in 0..60 {
            bad.evidence.insert(format!("{n}{name}"), json!([name, { "deep": name }, n]));
        }
        bad.evidence.insert("unknown_because".into(), json!(name));
        bad.evidence
            .insert("muted".into(), json!({ "owner": name, "reason": name, "expires": "2027-01-31" }));
        bad.because_of =
            vec![BecauseOf { finding: "0".repeat(16), policy: "p".into(), resource: name.clone() }];
        bad.explains = bad.because_of.clone();
        report.findings.push(bad);
    }
    report
}

/// What the published schema of the format refuses, each with where it is.
pub(in crate::report) fn refusals(schema: &str, document: &Value) -> Vec<String> {
    static SCHEMAS: LazyLock<Mutex<BTreeMap<String, Validator>>> = LazyLock::new(Mutex::default);
    let mut schemas = SCHEMAS.lock().unwrap();
    let validator = schemas.entry(schema.to_owned()).or_insert_with(|| published(schema));
    validator.iter_errors(document).map(|error| format!("{}: {error:.200}", error.instance_path())).collect()
}

fn published(schema: &str) -> Validator {
    let schema = match schema {
        "sarif-2.1.0" => include_str!("../../../tests/fixtures/schemas/sarif-2.1.0.json"),
        "ocsf-1.8.0-compliance_finding" => {
            include_str!("../../../tests/fixtures/schemas/ocsf-1.8.0-compliance_finding.json")
        }
        "asff" => include_str!("../../../tests/fixtures/schemas/asff.json"),
        other => panic!("there is no schema {other}"),
    };
    // a pattern of SARIF's has a lone bracket, which a strict reader wants escaped
    let schema = schema.replace("{2}]?$", "{2}\\\\]?$");
    let schema: Value = serde_json::from_str(&schema).unwrap();
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

/// Everything that the text of a document would steer its reader with.
pub(in crate::report) fn steering(text: &str) -> Vec<char> {
    text.chars().filter(|char| !matches!(char, '\n' | '\r') && steers(*char)).collect()
}

#[test]
fn a_text_is_cut_at_a_character_and_says_so() {
    assert_eq!(cut("whole", 5), "whole");
    assert_eq!(cut("äääää", 5), "äääää");
    assert_eq!(cut("äääääx", 5), "ääää…");
    assert_eq!(cut("😀😀😀", 5), "😀😀…");
    assert_eq!(cut("😀😀😀😀", 4), "😀…");
    assert_eq!(cut("a😀b", 3), "a…");
}

#[test]
fn what_is_global_belongs_to_the_home_of_its_partition() {
    let report = report();
    let mut of = finding("web", Severity::Low, Status::New);
    assert_eq!(region(&report, &of), "eu-west-1");
    of.resource.region = "global".into();
    assert_eq!(region(&report, &of), "us-east-1");
    of.resource.arn = "arn:aws-us-gov:route53:::hostedzone/Z1".into();
    assert_eq!(region(&report, &of), "us-gov-west-1");
    of.resource.arn = String::new();
    let elsewhere = Report { regions: vec!["cn-north-1".into()], ..report };
    assert_eq!(region(&elsewhere, &of), "cn-northwest-1");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_schema_takes_whatever_a_finding_holds(
        texts in proptest::collection::vec("(?s).{0,20}|\\PC{0,600}", 8),
        usd in proptest::option::of(proptest::num::f64::ANY),
        which in 0..6_usize,
        at in -4_000_000_000_i64..10_000_000_000,
    ) {
        let statuses =
            [Status::New, Status::Reopened, Status::Open, Status::Unknown, Status::Muted, Status::Resolved];
        let mut report = report();
        let mut of = finding("web", Severity::ALL[which % 5], statuses[which]);
        let fields = [&mut of.title, &mut of.message, &mut of.why, &mut of.fix, &mut of.policy, &mut of.resource.id];
        for (field, text) in fields.into_iter().zip(&texts) {
            field.clone_from(text);
        }
        of.resource.arn.clone_from(&texts[6]);
        of.resource.tags.insert(texts[7].clone(), texts[0].clone());
        of.evidence.insert(texts[1].clone(), texts[2].clone().into());
        of.evidence.insert("unknown_because".into(), texts[3].clone().into());
        of.evidence.insert("muted".into(), json!({ "owner": texts[4], "reason": texts[5] }));
        of.fix_cli = Some(texts[6].clone());
        of.monthly_cost_usd = usd;
        of.first_seen = chrono::DateTime::from_timestamp(at, 0).unwrap();
        report.findings = vec![of];
        let read = |text: String| serde_json::from_str::<Value>(&text).unwrap();
        prop_assert_eq!(refusals("sarif-2.1.0", &read(sarif::render(&report).unwrap())), [""; 0]);
        prop_assert_eq!(refusals("asff", &read(asff::render(&report).unwrap())[0]), [""; 0]);
        let event = &read(ocsf::render(&report).unwrap())[0];
        prop_assert_eq!(refusals("ocsf-1.8.0-compliance_finding", event), [""; 0]);
    }
}
