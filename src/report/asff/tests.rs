use super::*;
use crate::report::exchange::tests::{everything, refusals, steering};
use crate::report::tests::{clean_report, finding, report};

const SCHEMA_FILE: &str = "asff";

fn rendered(report: &Report) -> Vec<Value> {
    serde_json::from_str(&render(report).unwrap()).unwrap()
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => vec![],
    }
}

#[test]
fn the_model_of_security_hub_takes_every_finding() {
    let report = everything();
    let findings = rendered(&report);
    assert_eq!(findings.len(), report.findings.len());
    for (asff, finding) in findings.iter().zip(&report.findings) {
        assert_eq!(refusals(SCHEMA_FILE, asff), [""; 0], "{}", finding.id);
        assert_eq!(asff["Id"], finding.id);
        assert!(texts(asff).iter().all(|text| !text.contains(['\n', '\r'])), "{asff:#}");
        assert!(asff.to_string().len() < 240_000);
    }
    let text = render(&report).unwrap();
    assert_eq!(text, render(&report).unwrap());
    assert_eq!(steering(&text), [' '; 0]);
    assert_eq!(render(&clean_report()).unwrap(), "[]\n");
}

#[test]
fn the_model_of_security_hub_refuses_what_is_no_finding() {
    let good = rendered(&report()).swap_remove(0);
    let broken = |pointer: &str, value: Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        assert!(!refusals(SCHEMA_FILE, &bad).is_empty(), "{pointer}");
    };
    broken("/Title", json!("x".repeat(TITLE + 1)));
    broken("/Description", json!(" "));
    broken("/Remediation/Recommendation/Text", json!("x".repeat(RECOMMENDATION + 1)));
    broken("/AwsAccountId", json!("12345"));
    broken("/Severity/Label", json!("Critical"));
    broken("/Compliance", json!({ "Status": "MUTED" }));
    broken("/RecordState", json!("RESOLVED"));
    broken("/Resources", json!([{ "Type": "Other" }]));
    broken("/ProductFields", json!({ "key": "x".repeat(VALUE + 1) }));
    let mut bad = good.clone();
    bad["MonthlyCost"] = json!(1);
    assert!(!refusals(SCHEMA_FILE, &bad).is_empty());
}

#[test]
fn a_finding_tells_security_hub_what_where_and_what_to_do() {
    let mut report = everything();
    report.findings.truncate(1);
    insta::assert_json_snapshot!(rendered(&report)[0], @r#"
    {
      "SchemaVersion": "2018-10-08",
      "Id": "0000000000000web",
      "ProductArn": "arn:aws:securityhub:eu-west-1:123456789012:product/123456789012/default",
      "GeneratorId": "aftermove/logs-group-no-retention",
      "AwsAccountId": "123456789012",
      "CreatedAt": "2026-11-01T03:00:00.123Z",
      "UpdatedAt": "2026-11-02T03:00:09.789Z",
      "FirstObservedAt": "2026-11-01T03:00:00.123Z",
      "LastObservedAt": "2026-11-02T03:00:00.456Z",
      "Title": "Log group keeps its logs for ever",
      "Description": "/ecs/web has no retention and holds 1.2 GB. It grows for ever.",
      "Types": [
        "Effects/Resource Consumption"
      ],
      "Severity": {
        "Label": "HIGH",
        "Original": "high"
      },
      "FindingProviderFields": {
        "Severity": {
          "Label": "HIGH",
          "Original": "high"
        },
        "Types": [
          "Effects/Resource Consumption"
        ]
      },
      "Remediation": {
        "Recommendation": {
          "Text": "Set a retention that fits what you look back at. Thirty days is usual.",
          "Url": "https://docs.aws.amazon.com/AmazonCloudWatch/"
        }
      },
      "ProductFields": {
        "aftermove/status": "new",
        "aftermove/run": "01932d1e-0000-7000-8000-000000000000",
        "aftermove/resource": "/ecs/web",
        "aftermove/resource_type": "AWS::Logs::LogGroup",
        "aftermove/monthly_cost_usd": "0.04",
        "aftermove/fix_cli": "aws logs put-retention-policy --log-group-name /ecs/web --retention-in-days 30",
        "aftermove/evidence/stored_bytes": "1200",
        "aftermove/evidence/retention_in_days": "null"
      },
      "Resources": [
        {
          "Type": "Other",
          "Id": "arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/web",
          "Partition": "aws",
          "Region": "eu-west-1",
          "Tags": {
            "team": "web"
          }
        }
      ],
      "Compliance": {
        "Status": "FAILED"
      },
      "RecordState": "ACTIVE"
    }
    "#);
}

#[test]
fn every_status_has_its_record_state_and_its_outcome() {
    let told: Vec<String> = rendered(&report())
        .iter()
        .map(|asff| {
            format!(
                "{}: {} {} {}",
                asff["ProductFields"]["aftermove/status"],
                asff["RecordState"],
                asff["Compliance"],
                asff["Workflow"]
            )
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    "new": "ACTIVE" {"Status":"FAILED"} null
    "open": "ACTIVE" {"Status":"FAILED"} null
    "unknown": "ACTIVE" {"Status":"WARNING","StatusReasons":[{"ReasonCode":"COULD_NOT_BE_CHECKED","Description":"denied: logs:DescribeLogGroups"}]} null
    "muted": "ACTIVE" {"Status":"FAILED"} {"Status":"SUPPRESSED"}
    "resolved": "ARCHIVED" {"Status":"PASSED"} null
    "#);
}

#[test]
fn the_product_is_of_the_partition_and_what_is_global_of_its_home() {
    let mut report = report();
    report.findings.truncate(1);
    let arn = |report: &Report| rendered(report)[0]["ProductArn"].as_str().unwrap().to_owned();
    assert_eq!(arn(&report), "arn:aws:securityhub:eu-west-1:123456789012:product/123456789012/default");
    report.findings[0].resource.region = "us-gov-east-1".into();
    assert_eq!(
        arn(&report),
        "arn:aws-us-gov:securityhub:us-gov-east-1:123456789012:product/123456789012/default"
    );
    report.findings[0].resource.region = "global".into();
    report.findings[0].resource.arn = "arn:aws-cn:route53:::hostedzone/Z1".into();
    assert_eq!(
        arn(&report),
        "arn:aws-cn:securityhub:cn-northwest-1:123456789012:product/123456789012/default"
    );
}

#[test]
fn half_a_command_is_none_and_a_whole_one_is_kept() {
    let mut of = finding("web", Severity::Low, Status::New);
    let command = |of: &Finding| fields(&report(), of).get("aftermove/fix_cli").cloned();
    assert_eq!(command(&of), of.fix_cli.clone().map(Value::from));
    of.fix_cli = Some("x".repeat(VALUE + 1));
    assert_eq!(command(&of), None);
    of.fix_cli = Some("one\ntwo".into());
    assert_eq!(command(&of), None);
}

#[test]
fn the_names_of_types_are_those_of_security_hub() {
    let schema = include_str!("../../../tests/fixtures/schemas/asff.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let known = &schema["$defs"]["ResourceDetails"]["properties"];
    for (_, name) in types::NAMES {
        // an account is the one type without details
        assert!(*name == "AwsAccount" || known.get(name).is_some(), "{name}");
    }
    assert_eq!(types::of("AWS::EC2::SecurityGroup"), "AwsEc2SecurityGroup");
    assert_eq!(types::of("AWS::Logs::LogGroup"), "Other");
}
