//! `aftermove incident`: what happened, in which order, and what likely caused it.

use std::process::Command;

use serde_json::{Value, json};

use crate::local::{Local, root};

const ASK: [&str; 5] = ["--since", "3h", "--reason", "INC-42", "--no-notify"];

/// The seeded account, two hours into its incident.
fn in_trouble() -> (Local, Value) {
    let (local, ids) = Local::seeded();
    let seeded =
        local.environment(Command::new(root().join("localstack/incident"))).arg("--seed").output().unwrap();
    assert!(seeded.status.success(), "{}", String::from_utf8_lossy(&seeded.stderr));
    (local, ids)
}

/// The report and the exit code.
fn incident(local: &Local, arguments: &[&str]) -> (Value, i32) {
    let output = local.aftermove(&[&["incident", "--format", "json"], arguments].concat());
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no report: {}", String::from_utf8_lossy(&output.stderr)));
    (report, output.status.code().unwrap())
}

fn timeline(report: &Value) -> &Vec<Value> {
    report["incident"]["timeline"].as_array().unwrap()
}

/// `kind resource` of what is told.
fn told(report: &Value) -> Vec<String> {
    timeline(report)
        .iter()
        .filter(|entry| entry["quiet"] == json!(false))
        .map(|entry| {
            format!("{} {}", entry["kind"].as_str().unwrap(), entry["resource"]["name"].as_str().unwrap())
        })
        .collect()
}

/// Of the symptom with these words: the reasons, and the events of the likeliest cause.
fn causes(report: &Value, words: &str) -> (Vec<String>, Value) {
    let entries = timeline(report);
    let symptom = entries
        .iter()
        .position(|entry| entry["symptom"] == json!(true) && entry["text"].as_str().unwrap().contains(words))
        .unwrap_or_else(|| panic!("no {words} in {entries:#?}"));
    let explanations = report["incident"]["causes"].as_array().unwrap();
    let explanation =
        explanations.iter().find(|e| e["symptoms"].as_array().unwrap().contains(&json!(symptom))).unwrap();
    let causes = explanation["causes"].as_array().unwrap();
    let reasons = causes.iter().map(|cause| cause["reason"].as_str().unwrap().to_owned()).collect();
    let first = usize::try_from(causes[0]["entry"].as_u64().unwrap()).unwrap();
    (reasons, entries[first].clone())
}

#[test]
fn the_seeded_incident_is_told_in_order_with_its_causes_and_what_still_stands() {
    let (local, ids) = in_trouble();
    let (report, code) = incident(&local, &ASK);
    assert_eq!(code, 1);
    assert_eq!(report["run"]["trigger"], "incident");
    assert_eq!(report["run"]["complete"], json!(true), "{:#}", report["coverage"]);
    let incident = &report["incident"];
    assert_eq!(incident["reason"], "INC-42");
    assert_eq!(incident["asked_by"], "arn:aws:iam::000000000000:root");

    // what was done before has nothing to do with it
    let story: Vec<String> =
        told(&report).into_iter().skip_while(|line| line != "change databases").collect();
    assert_eq!(
        story,
        [
            "change databases",
            "deployment web",
            "deployment web",
            "deployment web",
            "anomaly web",
            "anomaly web",
            "alarm web-5xx",
            "rds_event orders-production",
            "rds_event orders-production",
            "change databases",
            "alarm web-5xx",
        ],
        "{:#?}",
        timeline(&report)
    );
    let times: Vec<&str> = timeline(&report).iter().map(|entry| entry["time"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");

    let opened = timeline(&report)
        .iter()
        .find(|entry| entry["actor"] == "bob@example.com" && entry["kind"] == "change")
        .unwrap();
    assert_eq!(opened["resource"]["id"], ids["resources"]["sg-databases"]);
    assert_eq!((&opened["count"], &opened["stands"]), (&json!(2), &json!("partly")));
    let because = opened["stands_because"].as_str().unwrap();
    assert!(because.contains("still in force: ingress tcp 5432 from 0.0.0.0/0"), "{because}");
    assert!(because.contains("no longer in force: ingress tcp 5432 from 203.0.113.0/24"), "{because}");
    let undone = timeline(&report).iter().find(|entry| entry["actor"] == "carol").unwrap();
    assert_eq!(undone["stands"], "undoes");

    for words in ["TargetResponseTime (p95) of load balancer web", "alarm web-5xx went from OK to ALARM"] {
        let (reasons, first) = causes(&report, words);
        assert_eq!((&first["kind"], &first["resource"]["name"]), (&json!("deployment"), &json!("web")));
        assert!(first["text"].as_str().unwrap().contains("web:43"), "{first:#}");
        assert!(reasons[0].contains("deploys service web, joined to load balancer web"), "{reasons:?}");
    }
    let (reasons, first) = causes(&report, "failover started");
    assert_eq!(first["event_ids"], opened["event_ids"]);
    assert!(
        reasons[0].contains("changes security group databases of DB instance orders-production"),
        "{reasons:?}"
    );

    let linked = incident["findings"].as_array().unwrap();
    let on_database = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["policy"] == "ec2-security-group-open" && f["resource"]["name"] == "databases");
    assert!(linked.contains(&on_database.unwrap()["id"]), "{linked:?}");
    assert!(linked.len() < report["findings"].as_array().unwrap().len());
    let missing = incident["missing"].to_string();
    assert!(missing.contains("up to 15 minutes late"), "{missing}");
}

#[test]
fn the_text_tells_the_story_first_and_ends_with_one_line() {
    let (local, _) = in_trouble();
    let output = local.aftermove(&[&["incident"], &ASK[..]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    let place = |words: &str| text.find(words).unwrap_or_else(|| panic!("no {words:?} in:\n{text}"));
    assert!(text.starts_with("INC-42: what happened from "), "{text}");
    let order = ["TIMELINE (UTC)", "LIKELY CAUSES", "NOT IN THE TIMELINE", "FINDINGS", "CRITICAL"].map(place);
    assert!(order.is_sorted(), "{text}");
    assert!(text.contains("still in force: ingress tcp 5432 from 0.0.0.0/0; no longer in force"), "{text}");
    assert!(!text.contains("RegisterTargets"), "{text}");
    assert!(!text.contains("Finished DB Instance backup"), "{text}");
    assert!(text.trim_end().lines().last().unwrap().contains("new"), "{text}");
}

#[test]
fn the_page_is_whole_by_itself() {
    let (local, _) = in_trouble();
    let output =
        local.aftermove(&[&["incident", "--format", "html", "--output", "incident.html"], &ASK[..]].concat());
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let page = std::fs::read_to_string(local.folder.path().join("incident.html")).unwrap();
    for part in [
        "<!DOCTYPE html>",
        "INC-42: what happened",
        "id=\"timeline\"",
        "id=\"causes\"",
        "id=\"coverage\"",
        "revoke-security-group-ingress",
    ] {
        assert!(page.contains(part), "{part}");
    }
    for foreign in ["<script src", "<link", "<img", " src=", " href=", "@import"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}

#[test]
fn events_are_read_back_to_the_last_scan_as_well() {
    let (local, _) = in_trouble();
    let seen_from = |arguments: &[&str]| {
        let (report, _) = incident(
            &local,
            &[&["--only", "cloudtrail-console-change", "--state", "state.json"], arguments].concat(),
        );
        let rows = report["coverage"].as_array().unwrap().clone();
        let row = rows
            .iter()
            .find(|row| row["type"] == "AWS::CloudTrail::Event" && row["region"] == "eu-west-1")
            .unwrap();
        let detail = row["detail"].as_str().unwrap();
        let from = detail.split(' ').nth(1).unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        (chrono::Utc::now() - from).num_minutes()
    };
    // nothing is known of an earlier run: a day, which is more than asked for
    assert!((1440..1445).contains(&seen_from(&["--since", "90m"])));
    // the last run was a moment ago, and an hour before it is read again
    assert!((90..95).contains(&seen_from(&["--since", "90m"])));
    assert!((60..65).contains(&seen_from(&["--since", "10m"])));
}

#[test]
fn what_cannot_be_read_is_said_in_the_timeline() {
    let (local, _) = in_trouble();
    local.tell("faults", &json!({ "service": "rds", "operation": "DescribeEvents", "kind": "denied" }));
    local.tell(
        "faults",
        &json!({ "service": "cloudwatch", "operation": "DescribeAlarmHistory", "kind": "denied" }),
    );
    let (report, _) = incident(&local, &ASK);
    let missing = report["incident"]["missing"].to_string();
    assert!(missing.contains("Events of databases of 000000000000 eu-west-1: denied"), "{missing}");
    assert!(missing.contains("Alarms' changes of state of 000000000000 eu-west-1: denied"), "{missing}");
    assert!(!told(&report).iter().any(|line| line.starts_with("rds_event") || line.starts_with("alarm")));
}

#[test]
fn a_saved_inventory_is_told_of_without_aws_as_far_as_it_goes() {
    let (local, _) = in_trouble();
    assert!(local.aftermove(&["collect", "--output", "inventory.json"]).status.success());
    local.forget("journal");
    let (report, _) = incident(&local, &["--since", "3h", "--inventory", "inventory.json"]);
    assert_eq!(local.journal(), [""; 0]);
    assert!(told(&report).contains(&"change databases".to_owned()));
    assert_eq!(report["incident"]["asked_by"], Value::Null);
    let missing = report["incident"]["missing"].to_string();
    assert!(missing.contains("Events of databases were not read."), "{missing}");
}

#[test]
fn database_events_come_in_pages() {
    let (local, _) = in_trouble();
    local.tell("pages", &json!({ "service": "rds", "operation": "DescribeEvents", "size": 2 }));
    local.forget("journal");
    let (report, _) = incident(&local, &[&["--only", "rds-single-az-production"], &ASK[..]].concat());
    assert_eq!(local.journal().iter().filter(|request| *request == "rds:DescribeEvents").count(), 2);
    assert_eq!(told(&report).iter().filter(|line| line.starts_with("rds_event")).count(), 2);
}

#[test]
fn a_bad_time_is_refused_with_the_remedy_before_any_call() {
    let local = Local::start();
    for (since, says) in
        [("soon", "write 90m, 3h, 2d"), ("91d", "90d is the most"), ("2999-01-01T00:00:00Z", "yet to come")]
    {
        let output = local.aftermove(&["incident", "--since", since]);
        assert_eq!(output.status.code(), Some(2));
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(says), "{error}");
    }
    assert_eq!(local.journal(), [""; 0]);
}

#[test]
fn a_scan_has_no_incident() {
    let local = Local::start();
    let (report, _) = local.scan(&["--only", "logs-group-no-retention"]);
    assert_eq!(report.get("incident"), None);
}
