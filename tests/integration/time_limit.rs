//! What does not fit into the time: it alone is left out, and says from when to when it was read.

use std::time::{Duration, Instant};

use aftermove::inventory::Kind as _;
use aftermove::inventory::cloudtrail::{Actor, Change};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::faults::{EVENTS, assert_honest, fault, unseen};
use crate::local::{Local, REGION};

#[test]
fn a_service_that_hangs_runs_out_of_time_alone() {
    let (local, _) = Local::seeded();
    let (clean, _) = local.scan(&["--state", "state.json"]);
    fault(&local, "logs:DescribeLogGroups", "delay", &json!({ "seconds": 15 }));
    let started = Instant::now();
    let (report, _) = local.scan(&["--state", "state.json", "--time-limit", "6"]);
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    assert_honest(&clean, &report, "hung logs");
    let unseen = unseen(&report);
    assert_eq!(
        unseen.into_iter().collect::<Vec<_>>(),
        [("AWS::Logs::LogGroup", ("failed", "out of time before it was read"))]
    );
}

/// Loads so many changes by a machine, one every half minute back from a minute ago; their times, newest first.
fn load_history(local: &Local, events: i32) -> Vec<DateTime<Utc>> {
    let times: Vec<DateTime<Utc>> =
        (0..events).map(|n| Utc::now() - TimeDelta::seconds(60 + 30 * i64::from(n))).collect();
    let records: Vec<Value> = times
        .iter()
        .enumerate()
        .map(|(n, at)| {
            json!({
                "eventVersion": "1.11",
                "eventID": format!("busy-{n}"),
                "eventTime": stamp(*at),
                "eventName": "PutObject",
                "eventSource": "s3.amazonaws.com",
                "awsRegion": "eu-west-1",
                "recipientAccountId": "000000000000",
                "readOnly": false,
                "userAgent": "APN/1.0 HashiCorp/1.0 Terraform/1.9.0",
                "userIdentity": { "type": "AssumedRole", "arn": "arn:aws:sts::000000000000:assumed-role/ci/run" },
            })
        })
        .collect();
    local.tell("events", &json!({ "events": records }));
    times
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[test]
fn a_history_too_long_for_the_time_says_what_it_saw_and_is_read_again() {
    let (local, _) = Local::seeded();
    local.forget("events");
    let times = load_history(&local, 2_000);
    local.forget("journal");
    // without the policies that look events up, too, and would be out of time now or not
    let arguments = ["--state", "state.json", "--time-limit", "6", "--only", "drift,logs,alarms,cost"];
    let started = Instant::now();
    let (report, code) = local.scan(&arguments);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(code, 1);

    let unseen = unseen(&report);
    assert_eq!(unseen.keys().collect::<Vec<_>>(), [&EVENTS, &Actor::TYPE, &Change::TYPE], "{unseen:#?}");
    let (status, detail) = unseen[EVENTS];
    assert_eq!(status, "partial");
    let window = detail.strip_suffix("; out of time before it was read").unwrap();
    let (from, to) = window.strip_prefix("saw ").unwrap().split_once(" to ").unwrap();
    let (from, to): (DateTime<Utc>, DateTime<Utc>) = (from.parse().unwrap(), to.parse().unwrap());
    let lookups = lookups(&local);
    let pages = lookups.len();
    assert!((4..=12).contains(&pages), "{pages}");
    assert!(lookups.iter().all(|lookup| lookup["status"] == 200));
    // the answer to the last request may have come too late
    let oldest = [times[pages * 50 - 1], times[(pages - 1) * 50 - 1]].map(stamp);
    assert!(oldest.contains(&stamp(from)), "{from} after {pages} pages");
    assert!(Utc::now() - to < TimeDelta::seconds(20), "{to}");

    local.forget("journal");
    local.scan(&["--state", "state.json", "--only", "cloudtrail-console-change", "--time-limit", "2"]);
    let again = self::lookups(&local)[0]["params"]["StartTime"].as_f64().unwrap();
    let day_ago = (Utc::now() - TimeDelta::hours(23)).timestamp();
    assert!(again < f64::from(i32::try_from(day_ago).unwrap()), "{again}");
}

fn lookups(local: &Local) -> Vec<Value> {
    let requests = local.requests().into_iter();
    requests.filter(|request| request["operation"] == "LookupEvents" && request["region"] == REGION).collect()
}
