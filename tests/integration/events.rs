//! Where changes come from: the event history of each region and of the one for global services, or a trail in S3.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::faults::{EVENTS, fault, unseen};
use crate::local::{Local, REGION, found};

const HOME: &str = "us-east-1";
const ACCOUNT: &str = "000000000000";
const DRIFT: [&str; 2] = ["--only", "cloudtrail-console-change"];
const CHANGES: &str = "Aftermove::Drift::Change";
const ACTORS: &str = "Aftermove::Drift::Actor";

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// What Ann did in the console so many minutes ago.
fn change(id: &str, region: &str, minutes: i64, service: &str, name: &str, parameters: &Value) -> Value {
    json!({
        "eventVersion": "1.11",
        "eventID": id,
        "eventTime": stamp(Utc::now() - TimeDelta::minutes(minutes)),
        "eventName": name,
        "eventSource": format!("{service}.amazonaws.com"),
        "awsRegion": region,
        "recipientAccountId": ACCOUNT,
        "readOnly": false,
        "managementEvent": true,
        "eventCategory": "Management",
        "sessionCredentialFromConsole": "true",
        "sourceIPAddress": "203.0.113.10",
        "userAgent": "Mozilla/5.0",
        "requestParameters": parameters,
        "userIdentity": {
            "type": "AssumedRole",
            "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/Admin/ann@example.com"),
        },
    })
}

/// Of a bucket, which the scan does not read, so that nothing tells that the change is gone.
fn policy(id: &str, bucket: &str, minutes: i64) -> Value {
    let parameters = json!({ "bucketName": bucket, "bucketPolicy": {} });
    change(id, REGION, minutes, "s3", "PutBucketPolicy", &parameters)
}

fn rights(id: &str, minutes: i64) -> Value {
    change(
        id,
        HOME,
        minutes,
        "iam",
        "AttachRolePolicy",
        &json!({ "roleName": "deployer", "policyArn": "admin" }),
    )
}

/// A day of a few changes, out of order and some of them twice.
fn day() -> [Vec<Value>; 2] {
    let here = vec![
        policy("e-2", "web-assets", 120),
        policy("e-1", "web-assets", 600),
        policy("e-2", "web-assets", 120),
        policy("e-3", "api-assets", 30),
    ];
    [here, vec![rights("e-9", 45), rights("e-8", 900), rights("e-9", 45)]]
}

fn load(local: &Local, [here, home]: &[Vec<Value>; 2]) {
    local.tell("events", &json!({ "events": here, "region": REGION }));
    local.tell("events", &json!({ "events": home, "region": HOME }));
}

/// The events of each change that was found, by its region and resource.
fn told(report: &Value) -> BTreeMap<String, Vec<String>> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| finding["policy"] == "cloudtrail-console-change")
        .map(|finding| {
            let resource = &finding["resource"];
            let key =
                format!("{} {}", resource["region"].as_str().unwrap(), resource["name"].as_str().unwrap());
            let ids = finding["evidence"]["event_ids"].as_array().unwrap().iter();
            (key, ids.map(|id| id.as_str().unwrap().to_owned()).collect())
        })
        .collect()
}

fn lookups(local: &Local) -> Vec<String> {
    let requests = local.requests();
    let lookups = requests.iter().filter(|request| request["operation"] == "LookupEvents");
    lookups.map(|request| request["region"].as_str().unwrap().to_owned()).collect()
}

fn rows(report: &Value) -> Vec<(&str, &str)> {
    let rows = report["coverage"].as_array().unwrap().iter();
    rows.map(|row| (row["region"].as_str().unwrap(), row["type"].as_str().unwrap())).collect()
}

#[test]
fn global_services_are_looked_up_at_home_and_nothing_else_is() {
    let local = Local::start();
    load(&local, &day());
    local.forget("journal");
    let state = ["--state", "state.json"];
    let (report, code) = local.scan(&[&["--only", "drift,logs"][..], &state].concat());

    assert_eq!(code, 1);
    assert_eq!(report["run"]["complete"], true, "{:#}", report["coverage"]);
    assert_eq!(report["regions"], json!([REGION]));
    let told = told(&report);
    assert_eq!(
        told.into_iter().map(|(key, ids)| format!("{key} {}", ids.join(" "))).collect::<Vec<_>>(),
        ["eu-west-1 api-assets e-3", "eu-west-1 web-assets e-1 e-2", "us-east-1 deployer e-8 e-9"]
    );
    let at_home: Vec<&str> = rows(&report).iter().filter(|row| row.0 == HOME).map(|row| row.1).collect();
    assert_eq!(at_home, [EVENTS, CHANGES, ACTORS, "AWS::CloudFormation::StackResource"]);
    let mut asked = lookups(&local);
    asked.sort();
    assert_eq!(asked, [REGION, HOME]);
    // and which stack has what was changed there; zones and budgets are read there for the account
    let requests = local.requests();
    let there = requests.iter().filter(|request| request["region"] == HOME);
    let asked: BTreeSet<&str> = there.map(|request| request["service"].as_str().unwrap()).collect();
    assert_eq!(asked, BTreeSet::from(["budgets", "cloudformation", "cloudtrail", "route53"]));

    // its end is kept as well, and what was seen there stands
    local.forget("journal");
    let (report, _) = local.scan(&[&DRIFT[..], &state].concat());
    assert_eq!(found(&report, &["open"]).len(), 3, "{report:#}");
    for request in local.requests().iter().filter(|request| request["operation"] == "LookupEvents") {
        let from = request["params"]["StartTime"].as_f64().unwrap();
        let hours_ago = (Utc::now() - TimeDelta::hours(2)).timestamp();
        assert!(from > f64::from(i32::try_from(hours_ago).unwrap()), "{request:#}");
    }
}

#[test]
fn a_home_that_cannot_be_looked_up_leaves_its_findings_unknown() {
    let local = Local::start();
    load(&local, &day());
    let arguments = [&DRIFT[..], &["--state", "state.json"]].concat();
    local.scan(&arguments);
    local.forget("events");
    local.tell("faults", &json!({ "service": "cloudtrail", "region": HOME, "kind": "denied" }));
    let (report, _) = local.scan(&arguments);
    assert_eq!(found(&report, &["unknown"]), ["cloudtrail-console-change deployer"]);
    assert_eq!(found(&report, &["open"]).len(), 2);
    assert_eq!(report["run"]["complete"], false);
}

#[test]
fn where_no_policy_asks_for_events_home_is_left_alone() {
    let local = Local::start();
    let (report, _) = local.scan(&["--only", "logs-group-no-retention"]);
    assert_eq!(rows(&report), [(REGION, "AWS::Logs::LogGroup")]);
}

#[test]
fn three_thousand_writes_a_day_take_sixty_lookups_and_all_arrive() {
    let local = Local::start();
    let records: Vec<Value> = (0..3_000)
        .map(|n| policy(&format!("e-{n}"), &format!("assets-{}", n % 100), n * 1_430 / 3_000))
        .collect();
    local.tell("events", &json!({ "events": records, "region": REGION }));
    local.forget("journal");
    let (report, _) = local.scan(&DRIFT);

    assert_eq!(report["run"]["complete"], true, "{:#}", report["coverage"]);
    assert_eq!(lookups(&local).iter().filter(|region| *region == REGION).count(), 60);
    let told = told(&report);
    assert_eq!(told.len(), 100);
    assert_eq!(told.values().map(Vec::len).sum::<usize>(), 3_000);
}

/// A trail's bucket, and what was delivered to it.
struct Bucket(aws_sdk_s3::Client);

impl Bucket {
    async fn make(local: &Local) -> Self {
        let config = aws_sdk_s3::config::Builder::from(&local.sdk().await).force_path_style(true).build();
        let s3 = aws_sdk_s3::Client::from_conf(config);
        let place = CreateBucketConfiguration::builder()
            .location_constraint(BucketLocationConstraint::EuWest1)
            .build();
        s3.create_bucket().bucket("logs").create_bucket_configuration(place).send().await.unwrap();
        Self(s3)
    }

    /// A log file that was delivered so many minutes ago.
    async fn deliver(&self, owner: &str, region: &str, minutes: i64, body: Vec<u8>) -> String {
        let at = Utc::now() - TimeDelta::minutes(minutes);
        let key = format!(
            "team/AWSLogs/{owner}{ACCOUNT}/CloudTrail/{region}/{}/{ACCOUNT}_CloudTrail_{region}_{}_Mu0KsOhtH1ar15ZZ.json.gz",
            at.format("%Y/%m/%d"),
            at.format("%Y%m%dT%H%MZ")
        );
        self.0.put_object().bucket("logs").key(&key).body(ByteStream::from(body)).send().await.unwrap();
        key
    }
}

fn log_file(records: &[Value]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(json!({ "Records": records }).to_string().as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn configured(local: &Local) -> [&'static str; 2] {
    local.write("trail.yaml", "version: 1\ndrift: { trail: s3://logs/team }\n");
    ["--config", "trail.yaml"]
}

#[tokio::test]
async fn a_trail_tells_the_same_as_the_event_history_without_asking_it() {
    let local = Local::start();
    let events = day();
    load(&local, &events);
    let (looked_up, _) = local.scan(&DRIFT);
    local.forget("events");

    let bucket = Bucket::make(&local).await;
    let [here, home] = &events;
    // the account's own trail, and its organization's
    bucket.deliver("", REGION, 100, log_file(&here[..2])).await;
    bucket.deliver("o-a1b2c3d4e5/", REGION, 10, log_file(&here[1..])).await;
    let mut read = rights("read", 20);
    read["readOnly"] = json!("true");
    bucket.deliver("o-a1b2c3d4e5/", HOME, 10, log_file(&[&home[..], &[read]].concat())).await;
    // of another day and another account
    bucket.deliver("", REGION, 60 * 30, log_file(&[policy("old", "/old", 60 * 30)])).await;
    bucket.deliver("1", REGION, 10, log_file(&[policy("other", "/other", 20)])).await;
    local.forget("journal");
    let (report, code) = local.scan(&[&configured(&local)[..], &DRIFT].concat());

    assert_eq!(code, 1);
    assert_eq!(report["run"]["complete"], true, "{:#}", report["coverage"]);
    assert_eq!(told(&report), told(&looked_up));
    let without_times = |report: &Value| {
        let mut findings = report["findings"].clone();
        for finding in findings.as_array_mut().unwrap() {
            finding["first_seen"].take();
            finding["last_seen"].take();
        }
        findings
    };
    assert_eq!(without_times(&report), without_times(&looked_up));
    assert_eq!(lookups(&local), [""; 0]);
    assert_eq!(report["usage"]["api_calls"]["s3:GetObject"], 3);
}

#[tokio::test]
async fn a_broken_log_file_is_named_and_hides_no_other() {
    let local = Local::start();
    let bucket = Bucket::make(&local).await;
    let whole = log_file(&[policy("lost", "/lost", 100)]);
    let key = bucket.deliver("", REGION, 90, whole[..whole.len() / 2].to_vec()).await;
    bucket.deliver("", REGION, 10, log_file(&[policy("e-1", "web-assets", 20)])).await;
    bucket.deliver("", HOME, 10, log_file(&[])).await;
    let (report, _) = local.scan(&[&configured(&local)[..], &DRIFT].concat());

    assert_eq!(found(&report, &["new"]), ["cloudtrail-console-change web-assets"]);
    let unseen = unseen(&report);
    assert_eq!(unseen.keys().collect::<Vec<_>>(), [&EVENTS, &ACTORS, &CHANGES]);
    let (status, detail) = unseen[EVENTS];
    assert_eq!(status, "partial");
    assert!(detail.starts_with("saw ") && detail.contains(&format!("s3://logs/{key}: ")), "{detail}");
}

#[tokio::test]
async fn a_trail_too_long_for_the_time_says_from_when_on_it_was_seen() {
    let local = Local::start();
    let bucket = Bucket::make(&local).await;
    for minutes in 0..60 {
        bucket
            .deliver("", REGION, minutes, log_file(&[policy(&format!("e-{minutes}"), "web-assets", minutes)]))
            .await;
    }
    bucket.deliver("", HOME, 10, log_file(&[])).await;
    fault(&local, "s3:GetObject", "delay", &json!({ "seconds": 15, "after": 20 }));
    let (report, _) = local.scan(&[&configured(&local)[..], &DRIFT, &["--time-limit", "8"]].concat());

    let unseen = unseen(&report);
    let (status, detail) = unseen[EVENTS];
    assert_eq!(status, "partial");
    let window = detail.strip_suffix("; out of time before it was read").unwrap();
    let (from, _) = window.strip_prefix("saw ").unwrap().split_once(" to ").unwrap();
    let ago = (Utc::now() - from.parse::<DateTime<Utc>>().unwrap()).num_minutes();
    assert!((10..=25).contains(&ago), "{window}");
}

#[tokio::test]
async fn a_bucket_that_cannot_be_read_says_what_is_missing() {
    let local = Local::start();
    let arguments = [&configured(&local)[..], &DRIFT].concat();
    let detail = |report: &Value| {
        let mut rows = report["coverage"].as_array().unwrap().iter();
        let row = rows.find(|row| row["type"] == EVENTS && row["region"] == REGION).unwrap();
        format!("{}: {}", row["status"].as_str().unwrap(), row["detail"].as_str().unwrap())
    };
    let (report, code) = local.scan(&arguments);
    assert_eq!(code, 3);
    let missing = detail(&report);
    assert!(
        missing.starts_with("failed: failed: s3:ListBucket (NoSuchBucket: s3://logs/team/: "),
        "{missing}"
    );

    let bucket = Bucket::make(&local).await;
    let (report, _) = local.scan(&arguments);
    let empty = detail(&report);
    assert!(empty.starts_with("failed: nothing lies under s3://logs/team/AWSLogs/000000000000/"), "{empty}");

    for region in [REGION, HOME] {
        bucket.deliver("", region, 10, log_file(&[])).await;
    }
    for (operation, action) in [("ListObjectsV2", "s3:ListBucket"), ("GetObject", "s3:GetObject")] {
        fault(&local, &format!("s3:{operation}"), "denied", &Value::Null);
        let (report, _) = local.scan(&arguments);
        let denied = detail(&report);
        assert!(denied.starts_with(&format!("denied: denied: {action} (s3://logs/team/")), "{denied}");
        local.forget("faults");
    }
    let (report, code) = local.scan(&arguments);
    assert_eq!((report["run"]["complete"].as_bool(), code), (Some(true), 0), "{:#}", report["coverage"]);
}

#[test]
fn the_iam_policy_of_a_configured_trail_reads_it_and_no_more() {
    let local = Local::start();
    let [flag, file] = configured(&local);
    let output = local.aftermove(&["iam", flag, file, "--only", "cloudtrail-console-change"]);
    let policy: Value = serde_json::from_slice(&output.stdout).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let of = |action: &str| statements.iter().find(|s| s["Action"] == json!([action])).unwrap();
    assert_eq!(of("s3:GetObject")["Resource"], "arn:aws:s3:::logs/team/AWSLogs/*");
    assert_eq!(of("s3:ListBucket")["Resource"], "arn:aws:s3:::logs");
}
