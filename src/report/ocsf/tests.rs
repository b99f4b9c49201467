use super::*;
use crate::report::exchange::tests::{everything, refusals, steering};
use crate::report::tests::{clean_report, report};

const SCHEMA_FILE: &str = "ocsf-1.8.0-compliance_finding";

fn rendered(report: &Report) -> Vec<Value> {
    serde_json::from_str(&render(report).unwrap()).unwrap()
}

#[test]
fn the_published_schema_takes_every_event() {
    let report = everything();
    let events = rendered(&report);
    assert_eq!(events.len(), report.findings.len());
    for (event, finding) in events.iter().zip(&report.findings) {
        assert_eq!(refusals(SCHEMA_FILE, event), [""; 0], "{}", finding.id);
        assert_eq!(event["finding_info"]["uid"], finding.id);
        assert_eq!(event["compliance"]["control"], finding.policy);
    }
    let text = render(&report).unwrap();
    assert_eq!(text, render(&report).unwrap());
    assert_eq!(steering(&text), [' '; 0]);
    assert_eq!(render(&clean_report()).unwrap(), "[]\n");
}

#[test]
fn the_published_schema_refuses_what_is_no_event() {
    let good = rendered(&report()).swap_remove(0);
    let broken = |pointer: &str, value: Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        assert!(!refusals(SCHEMA_FILE, &bad).is_empty(), "{pointer}");
    };
    broken("/class_uid", json!(2004));
    broken("/severity_id", json!(7));
    broken("/time", json!("2026-11-02T03:00:00Z"));
    broken("/cloud", json!({}));
    broken("/finding_info", json!({ "uid": "1", "monthly_cost_usd": 2 }));
    broken("/resources/0", json!({ "type": "AWS::Logs::LogGroup" }));
}

#[test]
fn every_status_has_its_activity_its_status_and_its_outcome() {
    let told: Vec<String> = rendered(&report())
        .iter()
        .map(|event| {
            let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or("-");
            format!(
                "{}: {} {}, {} {}, {} {}, {}",
                text("/status_code"),
                text("/type_name"),
                event["type_uid"],
                text("/status"),
                event["status_id"],
                text("/compliance/status"),
                event["compliance"]["status_id"],
                text("/status_detail")
            )
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    new: Compliance Finding: Create 200301, New 1, Fail 3, -
    open: Compliance Finding: Update 200302, New 1, Fail 3, -
    unknown: Compliance Finding: Update 200302, Unknown 0, Warning 2, denied: logs:DescribeLogGroups
    muted: Compliance Finding: Update 200302, Suppressed 3, Fail 3, audit trail, muted by ada, until 2027-01-31
    resolved: Compliance Finding: Close 200303, Resolved 4, Pass 1, -
    "#);
}

#[test]
#[expect(clippy::too_many_lines, reason = "an event has many fields, and they are all looked at")]
fn an_event_tells_what_where_since_when_and_what_to_do() {
    let mut report = everything();
    report.findings.truncate(1);
    let mut event = rendered(&report).swap_remove(0);
    assert_eq!(event["metadata"]["product"]["version"].take(), env!("CARGO_PKG_VERSION"));
    insta::assert_json_snapshot!(event, @r#"
    {
      "class_uid": 2003,
      "class_name": "Compliance Finding",
      "category_uid": 2,
      "category_name": "Findings",
      "activity_id": 1,
      "activity_name": "Create",
      "type_uid": 200301,
      "type_name": "Compliance Finding: Create",
      "time": 1793588409789,
      "severity_id": 4,
      "severity": "High",
      "status_id": 1,
      "status": "New",
      "status_code": "new",
      "message": "/ecs/web has no retention and holds 1.2 GB",
      "metadata": {
        "version": "1.8.0",
        "profiles": [
          "cloud"
        ],
        "product": {
          "name": "aftermove",
          "vendor_name": "aftermove",
          "version": null
        },
        "uid": "01932d1e-0000-7000-8000-000000000000/0000000000000web",
        "correlation_uid": "01932d1e-0000-7000-8000-000000000000",
        "event_code": "logs-group-no-retention"
      },
      "finding_info": {
        "uid": "0000000000000web",
        "title": "Log group keeps its logs for ever",
        "desc": "/ecs/web has no retention and holds 1.2 GB",
        "types": [
          "logs",
          "cost",
          "logs"
        ],
        "analytic": {
          "type_id": 1,
          "type": "Rule",
          "uid": "logs-group-no-retention",
          "name": "A log group keeps its logs for ever"
        },
        "created_time": 1793502000123,
        "first_seen_time": 1793502000123,
        "last_seen_time": 1793588400456,
        "modified_time": 1793588409789
      },
      "compliance": {
        "control": "logs-group-no-retention",
        "desc": "A log group keeps its logs for ever",
        "category": "logs",
        "status_id": 3,
        "status": "Fail"
      },
      "cloud": {
        "provider": "AWS",
        "account": {
          "uid": "123456789012",
          "type_id": 10,
          "type": "AWS Account"
        },
        "region": "eu-west-1",
        "cloud_partition": "aws"
      },
      "resources": [
        {
          "uid": "arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/web",
          "uid_alt": "/ecs/web",
          "name": "/ecs/web",
          "type": "AWS::Logs::LogGroup",
          "region": "eu-west-1",
          "cloud_partition": "aws",
          "tags": [
            {
              "name": "team",
              "value": "web"
            }
          ]
        }
      ],
      "remediation": {
        "desc": "Set a retention that fits what you look back at.\nThirty days is usual.",
        "references": [
          "https://docs.aws.amazon.com/AmazonCloudWatch/"
        ]
      },
      "evidences": [
        {
          "data": {
            "stored_bytes": 1200,
            "retention_in_days": null
          }
        }
      ],
      "unmapped": {
        "why": "It grows for ever.",
        "fix_cli": "aws logs put-retention-policy --log-group-name /ecs/web --retention-in-days 30",
        "monthly_cost_usd": 0.04
      }
    }
    "#);
}
