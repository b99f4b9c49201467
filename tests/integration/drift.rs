//! Changes by hand over several runs: found, led back to, followed while they stand, and resolved once they are gone.

use aws_sdk_ec2::types::{IpPermission, IpRange};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::local::{Local, found};

/// A record of what somebody did in the console.
fn console(id: &str, at: DateTime<Utc>, who: &str, source: &str, name: &str, request: &Value) -> Value {
    json!({
        "eventVersion": "1.11",
        "eventID": id,
        "eventTime": at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "eventSource": format!("{source}.amazonaws.com"),
        "eventName": name,
        "awsRegion": "eu-west-1",
        "recipientAccountId": "000000000000",
        "sourceIPAddress": "203.0.113.10",
        "userAgent": "Mozilla/5.0 (X11; Linux x86_64)",
        "sessionCredentialFromConsole": "true",
        "readOnly": false,
        "requestParameters": request,
        "responseElements": null,
        "userIdentity": {
            "type": "AssumedRole",
            "arn": format!("arn:aws:sts::000000000000:assumed-role/AWSReservedSSO_Administrator_4f1d/{who}"),
            "sessionContext": { "sessionIssuer": { "userName": "AWSReservedSSO_Administrator_4f1d" } },
        },
    })
}

fn happened(local: &Local, events: &[Value]) {
    local.tell("events", &json!({ "events": events }));
}

fn finding<'r>(report: &'r Value, policy: &str) -> &'r Value {
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .find(|finding| finding["policy"] == policy)
        .unwrap_or_else(|| panic!("no {policy}: {findings:#?}"))
}

fn ssh(group: &str) -> Value {
    json!({ "groupId": group, "ipPermissions": { "items": [{ "ipProtocol": "tcp", "fromPort": 22, "toPort": 22,
        "ipRanges": { "items": [{ "cidrIp": "0.0.0.0/0" }] } }] } })
}

fn anywhere() -> IpPermission {
    let range = IpRange::builder().cidr_ip("0.0.0.0/0").build();
    IpPermission::builder().ip_protocol("tcp").from_port(22).to_port(22).ip_ranges(range).build()
}

const NIGHTLY: [&str; 4] =
    ["--only", "cloudtrail-console-change,ec2-security-group-open", "--state", "state.json"];

#[tokio::test]
async fn a_rule_opened_by_hand_is_followed_until_it_is_closed() {
    let local = Local::start();
    let ec2 = aws_sdk_ec2::Client::new(&local.sdk().await);
    let vpc = ec2.create_vpc().cidr_block("10.9.0.0/16").send().await.unwrap().vpc.unwrap().vpc_id.unwrap();
    let group =
        ec2.create_security_group().group_name("web").description("web").vpc_id(vpc).send().await.unwrap();
    let group = group.group_id.unwrap();
    ec2.authorize_security_group_ingress().group_id(&group).ip_permissions(anywhere()).send().await.unwrap();
    let at = Utc::now() - TimeDelta::hours(2);
    happened(
        &local,
        &[console("e-1", at, "ann@example.com", "ec2", "AuthorizeSecurityGroupIngress", &ssh(&group))],
    );

    let (report, _) = local.scan(&NIGHTLY);
    assert_eq!(found(&report, &["new"]), ["cloudtrail-console-change web", "ec2-security-group-open web"]);
    let change = finding(&report, "cloudtrail-console-change");
    let open = finding(&report, "ec2-security-group-open");
    assert_eq!(change["severity"], "high");
    let message = change["message"].as_str().unwrap();
    assert!(message.contains("ann@example.com changed web in the console"), "{message}");
    assert!(message.ends_with("still in force: added ingress tcp 22 from 0.0.0.0/0"), "{message}");
    let revoke = change["fix_cli"].as_str().unwrap();
    assert!(revoke.starts_with("aws ec2 revoke-security-group-ingress --region eu-west-1"), "{revoke}");
    let code = change["fix_terraform"].as_str().unwrap();
    assert!(code.contains("id = \"sgr-"), "{code}");
    assert!(code.contains("resource \"aws_vpc_security_group_ingress_rule\" \"web_22\""), "{code}");
    // linked both ways
    assert_eq!(open["because_of"][0]["finding"], change["id"]);
    assert_eq!(
        change["explains"],
        json!([{ "finding": open["id"], "policy": "ec2-security-group-open", "resource": group }])
    );

    // the event has left the window, and the rule is still there
    local.forget("events");
    let (report, _) = local.scan(&NIGHTLY);
    assert_eq!(found(&report, &["open"]), ["cloudtrail-console-change web", "ec2-security-group-open web"]);
    assert_eq!(finding(&report, "cloudtrail-console-change")["evidence"]["event_ids"], json!(["e-1"]));

    // what cannot be looked at again stays, and says why
    local.tell(
        "faults",
        &json!({ "service": "ec2", "operation": "DescribeSecurityGroupRules", "kind": "denied" }),
    );
    let (report, code) = local.scan(&[&NIGHTLY[..], &["--fail-on", "critical"]].concat());
    assert_eq!(found(&report, &["resolved"]), [""; 0]);
    assert_eq!(code, 3);
    local.forget("faults");

    ec2.revoke_security_group_ingress().group_id(&group).ip_permissions(anywhere()).send().await.unwrap();
    let (report, _) = local.scan(&NIGHTLY);
    assert_eq!(
        found(&report, &["resolved"]),
        ["cloudtrail-console-change web", "ec2-security-group-open web"]
    );
    let state: Value =
        serde_json::from_slice(&std::fs::read(local.folder.path().join("state.json")).unwrap()).unwrap();
    assert_eq!(state["changes"], json!([]), "nothing is left to follow");

    // reverted within one window, it never was news
    let minutes = |ago: i64| Utc::now() - TimeDelta::minutes(ago);
    happened(
        &local,
        &[
            console("e-3", minutes(20), "bob@example.com", "ec2", "RevokeSecurityGroupIngress", &ssh(&group)),
            console(
                "e-2",
                minutes(30),
                "ann@example.com",
                "ec2",
                "AuthorizeSecurityGroupIngress",
                &ssh(&group),
            ),
        ],
    );
    let (report, _) = local.scan(&NIGHTLY);
    assert_eq!(found(&report, &["new", "reopened", "open"]), [""; 0]);
}

#[tokio::test]
async fn an_edit_of_a_stack_s_resource_names_the_stack_and_the_property() {
    let local = Local::start();
    let sdk = local.sdk().await;
    let row = json!({ "StackName": "logging", "LogicalResourceId": "ApiLogs", "PhysicalResourceId": "/ecs/api",
        "ResourceType": "AWS::Logs::LogGroup", "ResourceStatus": "UPDATE_COMPLETE", "Timestamp": "2026-11-01T00:00:00Z" });
    local.tell(
        "answers",
        &json!({ "service": "cloudformation", "operation": "DescribeStackResources", "version": "2010-05-15",
            "request": { "PhysicalResourceId": "/ecs/api" }, "result": { "StackResources": [row] } }),
    );
    let logs = aws_sdk_cloudwatchlogs::Client::new(&sdk);
    logs.create_log_group().log_group_name("/ecs/api").send().await.unwrap();
    logs.put_retention_policy().log_group_name("/ecs/api").retention_in_days(7).send().await.unwrap();
    logs.create_log_group().log_group_name("/ecs/manual").send().await.unwrap();
    let at = Utc::now() - TimeDelta::days(5);
    let edit = json!({ "logGroupName": "/ecs/api", "retentionInDays": 7 });
    let made = json!({ "logGroupName": "/ecs/manual" });
    happened(
        &local,
        &[
            console("e-1", at, "ann@example.com", "logs", "PutRetentionPolicy", &edit),
            console("e-2", at, "ann@example.com", "logs", "CreateLogGroup", &made),
        ],
    );
    // a run of five days ago has seen all that was before it
    let place = format!("000000000000/{}", crate::local::REGION);
    let seen = json!({ "version": 1, "findings": {}, "undelivered": {}, "last_complete": { place: at } });
    local.write("state.json", &seen.to_string());

    let policies =
        "cloudtrail-console-change,cloudtrail-owned-resource-edited,cloudtrail-change-uncaptured-for-days";
    let (report, _) = local.scan(&["--only", policies, "--state", "state.json"]);

    assert_eq!(
        found(&report, &["new"]),
        [
            "cloudtrail-change-uncaptured-for-days /ecs/api",
            "cloudtrail-change-uncaptured-for-days /ecs/manual",
            "cloudtrail-console-change /ecs/api",
            "cloudtrail-console-change /ecs/manual",
            "cloudtrail-owned-resource-edited /ecs/api",
        ]
    );
    let owned = finding(&report, "cloudtrail-owned-resource-edited");
    assert_eq!(owned["severity"], "high");
    assert_eq!(owned["evidence"]["owner"]["name"], "logging");
    assert_eq!(
        owned["evidence"]["template"],
        "stack logging, ApiLogs (AWS::Logs::LogGroup): RetentionInDays: 7"
    );
    assert_eq!(owned["because_of"][0]["policy"], "cloudtrail-console-change");
    let findings = report["findings"].as_array().unwrap();
    let manual = findings
        .iter()
        .find(|f| f["policy"] == "cloudtrail-console-change" && f["resource"]["id"] == "/ecs/manual")
        .unwrap();
    assert_eq!((&manual["severity"], &manual["evidence"]["owner"]), (&json!("medium"), &Value::Null));
    assert!(manual["fix_terraform"].as_str().unwrap().contains("id = \"/ecs/manual\""), "{manual:#}");
}

#[test]
fn what_the_configuration_approves_is_no_finding() {
    let local = Local::start();
    let at = Utc::now() - TimeDelta::hours(1);
    let key = json!({ "keyId": "4f1d2c3b" });
    happened(
        &local,
        &[
            console(
                "e-1",
                at,
                "ann@example.com",
                "quicksight",
                "CreateDashboard",
                &json!({ "dashboardId": "d" }),
            ),
            console("e-2", at, "bob@example.com", "events", "DisableRule", &json!({ "name": "nightly" })),
            console("e-3", at, "eve@example.com", "kms", "DisableKey", &key),
        ],
    );
    let hour = |ago: i64| (Utc::now() - TimeDelta::hours(ago)).to_rfc3339();
    let text = format!(
        "version: 1\ndrift:\n  approved_services: [quicksight]\n  break_glass:\n    - {{ from: '{}', until: '{}', people: ['bob@*'], reason: INC-42 }}\n",
        hour(2),
        hour(0)
    );
    local.write("agreed.yaml", &text);
    let only = ["--only", "cloudtrail-console-change"];
    let (report, _) = local.scan(&only);
    assert_eq!(report["findings"].as_array().unwrap().len(), 3);
    let (report, _) = local.scan(&[&only[..], &["--config", "agreed.yaml"]].concat());
    assert_eq!(found(&report, &["new"]), ["cloudtrail-console-change 4f1d2c3b"]);
    let counts = &report["policies"][0];
    assert_eq!((&counts["fail"], &counts["skip"]), (&json!(1), &json!(2)));
}

#[test]
fn a_break_glass_window_that_makes_no_sense_is_refused_with_its_line() {
    let local = Local::start();
    for (window, line, says) in [
        ("{ from: yesterday, until: '2026-11-20T10:00:00Z', reason: x }", "4", "`yesterday` is not a time"),
        (
            "{ from: '2026-11-20T10:00:00Z', until: '2026-11-20T09:00:00Z', reason: x }",
            "4",
            "ends before it begins",
        ),
        (
            "{ from: '2026-11-20T09:00:00Z', until: '2026-11-20T10:00:00Z', reason: ' ' }",
            "4",
            "has no reason",
        ),
    ] {
        local.write("odd.yaml", &format!("version: 1\ndrift:\n  break_glass:\n    - {window}\n"));
        let output = local.aftermove(&["scan", "--config", "odd.yaml"]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(
            error.contains(says) && error.contains("odd.yaml") && error.contains(&format!(":{line}:")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_record_set_changed_by_hand_is_compared_with_the_zone_of_the_account() {
    let (local, ids) = Local::seeded();
    local.forget("events");
    let zones = aws_sdk_route53::Client::new(&local.sdk().await);
    let zone = zones.list_hosted_zones().send().await.unwrap().hosted_zones()[0].id().to_owned();
    let sets = zones.list_resource_record_sets().hosted_zone_id(&zone).send().await.unwrap();
    let plain = sets.resource_record_sets().iter().find(|set| {
        set.set_identifier().is_none()
            && set.ttl().is_some()
            && !["NS", "SOA"].contains(&set.r#type().as_str())
    });
    let plain = plain.unwrap_or_else(|| panic!("no plain record in {ids}"));
    let values: Vec<Value> = plain.resource_records().iter().map(|r| json!({ "value": r.value() })).collect();
    let upsert = |ttl: i64| {
        json!({ "hostedZoneId": zone.rsplit('/').next().unwrap(), "changeBatch": { "changes": [{ "action": "UPSERT",
            "resourceRecordSet": { "name": plain.name(), "type": plain.r#type().as_str(), "tTL": ttl, "resourceRecords": values } }] } })
    };
    let at = Utc::now() - TimeDelta::hours(2);
    let record = |id: &str, ttl: i64| {
        let mut record =
            console(id, at, "ann@example.com", "route53", "ChangeResourceRecordSets", &upsert(ttl));
        record["awsRegion"] = "us-east-1".into();
        record
    };
    let only = ["--only", "cloudtrail-console-change"];
    happened(&local, &[record("e-1", plain.ttl().unwrap())]);
    let (report, _) = local.scan(&only);
    let message = finding(&report, "cloudtrail-console-change")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("still in force: record "), "{message}");

    local.forget("events");
    happened(&local, &[record("e-2", plain.ttl().unwrap() + 1)]);
    let (report, _) = local.scan(&only);
    assert_eq!(found(&report, &["new"]), [""; 0], "the record has another TTL by now");
}
