//! Several regions at once: each keeps its own findings, its own failures and its own pace.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::local::{Local, REGION, found};

const OTHER: &str = "us-east-1";
const BOTH: [&str; 2] = ["--config", "both.yaml"];

/// The seeded account where nobody changed anything, with one log group too many in another region.
async fn two_regions() -> Local {
    let (local, _) = Local::seeded();
    local.forget("events");
    local.write("both.yaml", "version: 1\nregions: [eu-west-1, us-east-1]\n");
    let elsewhere = local.sdk().await.into_builder().region(aws_config::Region::new(OTHER)).build();
    aws_sdk_cloudwatchlogs::Client::new(&elsewhere)
        .create_log_group()
        .log_group_name("/far/away")
        .send()
        .await
        .unwrap();
    local
}

fn rows<'r>(report: &'r Value, region: &str) -> BTreeMap<&'r str, (&'r str, &'r str)> {
    let rows = report["coverage"].as_array().unwrap().iter();
    rows.filter(|row| row["region"] == region)
        .map(|row| {
            let of = |key: &str| row[key].as_str().unwrap();
            (of("type"), (of("status"), of("detail")))
        })
        .collect()
}

/// Those of one region alone.
fn within(report: &Value, region: &str) -> Value {
    let findings = report["findings"].as_array().unwrap().iter();
    let here: Vec<&Value> = findings.filter(|f| f["resource"]["region"] == region).collect();
    json!({ "findings": here })
}

#[tokio::test]
async fn each_region_is_read_and_its_findings_say_where_they_are() {
    let local = two_regions().await;
    let (alone, _) = local.scan(&[]);
    let (report, code) = local.scan(&BOTH);
    assert_eq!(code, 1);
    assert_eq!(report["regions"], json!([REGION, OTHER]));
    assert_eq!(report["run"]["complete"], true, "{:#}", report["coverage"]);
    assert_eq!(found(&within(&report, REGION), &["new"]), found(&within(&alone, REGION), &["new"]));
    assert_eq!(found(&within(&report, OTHER), &["new"]), ["logs-group-no-retention /far/away"]);
    let away = &within(&report, OTHER)["findings"][0];
    assert!(away["fix_cli"].as_str().unwrap().contains("--region us-east-1"), "{away:#}");
    for row in COLLECTED {
        assert!(rows(&report, REGION).contains_key(row), "{row}");
        assert!(rows(&report, OTHER).contains_key(row), "{row}");
    }
}

const COLLECTED: [&str; 3] = ["AWS::EC2::SecurityGroup", "AWS::CloudTrail::Event", "AWS::CloudWatch::Alarm"];

#[tokio::test]
async fn a_region_that_denies_everything_leaves_the_other_complete() {
    let local = two_regions().await;
    let arguments = [&BOTH[..], &["--state", "state.json"]].concat();
    let (clean, _) = local.scan(&arguments);
    local.tell("faults", &json!({ "service": "*", "region": OTHER, "kind": "denied" }));
    let (report, code) = local.scan(&arguments);
    assert_eq!(code, 1);
    assert_eq!(report["run"]["complete"], false);
    for (name, (status, detail)) in rows(&report, REGION) {
        assert_eq!(status, "complete", "{name}: {detail}");
    }
    let denied = rows(&report, OTHER);
    assert!(denied.len() > 10);
    for (name, (status, detail)) in denied {
        assert_eq!(status, "denied", "{name}: {detail}");
        assert!(detail.starts_with("denied: "), "{name}: {detail}");
    }
    // what the account has once answers in the other region, and a topic's budgets are among it
    assert_eq!(found(&within(&report, REGION), &["unknown"]), ["sns-topic-no-subscriber billing-alerts"]);
    assert_eq!(
        found(&within(&report, REGION), &["open", "unknown"]),
        found(&within(&clean, REGION), &["new"])
    );
    assert_eq!(found(&within(&report, OTHER), &["unknown"]), ["logs-group-no-retention /far/away"]);
    assert_eq!(found(&report, &["resolved"]), [""; 0]);

    local.forget("faults");
    let (report, _) = local.scan(&arguments);
    assert_eq!(found(&report, &["open"]), found(&clean, &["new"]));
}

#[tokio::test]
async fn a_finding_in_a_region_that_is_left_out_is_left_alone() {
    let local = two_regions().await;
    let state = ["--state", "state.json"];
    local.scan(&[&BOTH[..], &state].concat());
    let (report, _) = local.scan(&[&["--region", REGION][..], &state].concat());
    assert_eq!(found(&report, &["resolved"]), [""; 0]);
    assert_eq!(within(&report, OTHER), json!({ "findings": [] }));
    let (report, _) = local.scan(&[&BOTH[..], &state].concat());
    assert_eq!(found(&within(&report, OTHER), &["open"]), ["logs-group-no-retention /far/away"]);
}

#[tokio::test]
async fn all_regions_are_those_that_aws_lists() {
    let local = two_regions().await;
    local.write("all.yaml", "version: 1\nregions: all\n");
    let listed = aws_sdk_ec2::Client::new(&local.sdk().await).describe_regions().send().await.unwrap();
    let listed: Vec<&str> = listed.regions().iter().filter_map(|r| r.region_name()).collect();
    // the whole list is long: three will do
    local.tell(
        "overrides",
        &json!({
            "service": "ec2",
            "operation": "DescribeRegions",
            "match": { "regionInfo.item.regionName": listed[0] },
            "set": { "regionInfo": [{ "regionName": "us-east-1" }, { "regionName": "eu-west-1" }, { "regionName": "eu-north-1" }] },
        }),
    );
    local.forget("journal");
    let (report, _) = local.scan(&["--config", "all.yaml"]);
    assert_eq!(report["regions"], json!(["eu-north-1", REGION, OTHER]));
    assert_eq!(report["run"]["complete"], true, "{:#}", report["coverage"]);
    assert!(
        found(&report, &["new"]).contains(&"logs-group-no-retention /far/away".to_owned()),
        "{:?}",
        found(&report, &["new"])
    );
    let asked: BTreeSet<String> = local
        .requests()
        .iter()
        .filter(|request| request["operation"] == "DescribeLogGroups")
        .map(|request| request["region"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(asked, BTreeSet::from(["eu-north-1".into(), REGION.into(), OTHER.into()]));
    assert_eq!(report["usage"]["api_calls"]["ec2:DescribeRegions"], 1);
}

#[tokio::test]
async fn lookups_keep_to_two_a_second_in_each_region_and_regions_do_not_wait_for_each_other() {
    let local = Local::start();
    local.write("both.yaml", "version: 1\nregions: [eu-west-1, us-east-1]\n");
    for region in [REGION, OTHER] {
        let records: Vec<Value> = (0..400)
            .map(|n| {
                json!({
                    "eventID": format!("{region}-{n}"),
                    "eventTime": (Utc::now() - TimeDelta::seconds(60 + n)).to_rfc3339(),
                    "eventName": "PutObject",
                    "eventSource": "s3.amazonaws.com",
                    "awsRegion": region,
                    "readOnly": false,
                    "userIdentity": { "type": "AWSService", "invokedBy": "s3.amazonaws.com" },
                })
            })
            .collect();
        local.tell("events", &json!({ "events": records, "region": region }));
    }
    // of the policies on events, the one that reads nothing beside them
    let (report, code) = local.scan(&["--config", "both.yaml", "--only", "cloudtrail-root-activity"]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["usage"]["api_calls"]["cloudtrail:LookupEvents"], 16);

    let mut times: BTreeMap<String, Vec<DateTime<Utc>>> = BTreeMap::new();
    for request in local.requests() {
        if request["operation"] == "LookupEvents" {
            assert_eq!(request["status"], 200, "throttled");
            let region = request["region"].as_str().unwrap().to_owned();
            let at: DateTime<Utc> = request["time"].as_str().unwrap().parse().unwrap();
            times.entry(region).or_default().push(at);
        }
    }
    assert_eq!(times.keys().collect::<Vec<_>>(), [REGION, OTHER]);
    for (region, times) in &times {
        assert_eq!(times.len(), 8, "{region}");
        for three in times.windows(3) {
            // a busy machine takes in one request later than it was sent, and the next one at once
            assert!(three[2] - three[0] >= TimeDelta::milliseconds(900), "{region}: {three:?}");
        }
    }
    // the second region began before the first had ended
    assert!(times[OTHER][0] < times[REGION][7] && times[REGION][0] < times[OTHER][7]);
}
