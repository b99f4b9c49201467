use super::*;
use crate::report::exchange::tests::{everything, refusals, steering};
use crate::report::tests::{clean_report, report};

const SCHEMA_FILE: &str = "sarif-2.1.0";

fn rendered(report: &Report) -> Value {
    serde_json::from_str(&render(report).unwrap()).unwrap()
}

#[test]
fn the_published_schema_takes_whatever_is_in_a_report() {
    for report in [everything(), report(), clean_report()] {
        assert_eq!(refusals(SCHEMA_FILE, &rendered(&report)), [""; 0]);
    }
    let text = render(&everything()).unwrap();
    assert_eq!(text, render(&everything()).unwrap());
    assert_eq!(steering(&text), [' '; 0]);
}

#[test]
fn the_published_schema_refuses_what_is_no_sarif() {
    let good = rendered(&report());
    let broken = |pointer: &str, value: Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        assert!(!refusals(SCHEMA_FILE, &bad).is_empty(), "{pointer}");
    };
    broken("/version", json!("3.0"));
    broken("/runs/0/results/0/level", json!("high"));
    broken("/runs/0/results/0/baselineState", json!("open"));
    broken("/runs/0/results/0/message", json!({}));
    broken("/runs/0/tool/driver", json!({}));
    broken("/runs/0/invocations/0/startTimeUtc", json!("yesterday"));
}

#[test]
fn a_finding_is_a_result_of_its_policy_s_rule() {
    let report = everything();
    let run = &rendered(&report)["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), report.findings.len());
    for (result, finding) in results.iter().zip(&report.findings) {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert_eq!(result["ruleId"], finding.policy);
        assert_eq!(result["partialFingerprints"]["aftermoveFindingId/v1"], finding.id);
        assert!(!result["message"]["text"].as_str().unwrap().contains("]("));
        assert!(result["locations"][0].get("physicalLocation").is_none());
    }
    insta::assert_json_snapshot!(rules, @r#"
    [
      {
        "id": "logs-group-no-retention",
        "shortDescription": {
          "text": "A log group keeps its logs for ever"
        },
        "fullDescription": {
          "text": "It grows for ever."
        },
        "help": {
          "text": "It grows for ever.\n\nWhat to do: Set a retention that fits.\n\nhttps://docs.aws.amazon.com/AmazonCloudWatch/",
          "markdown": "It grows for ever.\n\n**What to do:** Set a retention that fits.\n\n- <https://docs.aws.amazon.com/AmazonCloudWatch/>"
        },
        "helpUri": "https://docs.aws.amazon.com/AmazonCloudWatch/",
        "defaultConfiguration": {
          "level": "warning"
        },
        "properties": {
          "tags": [
            "cost",
            "logs"
          ],
          "security-severity": "5.5",
          "sources": [
            "https://docs.aws.amazon.com/AmazonCloudWatch/"
          ]
        }
      },
      {
        "id": "a-policy-of-their-own"
      }
    ]
    "#);
}

#[test]
fn every_status_has_its_kind_its_baseline_and_its_suppression() {
    let report = report();
    let run = &rendered(&report)["runs"][0];
    let told: Vec<String> = run["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            let text = |key: &str| result[key].as_str().unwrap();
            let status = result["properties"]["status"].as_str().unwrap();
            let suppressions = &result["suppressions"];
            format!("{status}: {} {} {} {suppressions}", text("kind"), text("level"), text("baselineState"))
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    new: fail error new []
    open: fail warning unchanged []
    unknown: open none unchanged []
    muted: fail note unchanged [{"kind":"external","status":"accepted","justification":"audit trail, muted by ada, until 2027-01-31"}]
    resolved: pass none absent []
    "#);
}

#[test]
fn what_was_not_seen_makes_the_run_unsuccessful_and_is_told() {
    let invocation = &rendered(&report())["runs"][0]["invocations"][0];
    insta::assert_json_snapshot!(invocation, @r#"
    {
      "executionSuccessful": false,
      "startTimeUtc": "2026-11-02T03:00:00.123Z",
      "endTimeUtc": "2026-11-02T03:00:09.789Z",
      "toolExecutionNotifications": [
        {
          "descriptor": {
            "id": "not-seen"
          },
          "level": "error",
          "message": {
            "text": "AWS::CloudWatch::Alarm in 123456789012 eu-west-1: denied, cloudwatch:DescribeAlarms"
          }
        },
        {
          "descriptor": {
            "id": "note"
          },
          "level": "note",
          "message": {
            "text": "The mute of p on a (ada) expired on 2026-10-31 and mutes nothing."
          }
        }
      ]
    }
    "#);
    let clean = &rendered(&clean_report())["runs"][0]["invocations"][0];
    assert_eq!(clean["executionSuccessful"], true);
    assert_eq!(clean["toolExecutionNotifications"], json!([]));
    let mut blind = clean_report();
    blind.run.complete = false;
    let blind = &rendered(&blind)["runs"][0]["invocations"][0];
    assert_eq!(blind["executionSuccessful"], false);
    assert_eq!(blind["toolExecutionNotifications"][0]["level"], "error");
}
