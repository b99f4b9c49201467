//! `cargo bench --bench drift`: 100,000 CloudTrail records are parsed, classified and folded, one at a time as they
//! come in, within the project's targets for CPU and memory. Exits 1 where one is missed.

#![allow(clippy::cast_precision_loss, clippy::exit, clippy::print_stderr, clippy::print_stdout)]

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::time::Duration;

use aftermove::drift::{Fold, Settings};
use aftermove::inventory::Meta;
use aftermove::inventory::cloudtrail::Event;
use serde_json::{Value, json};

const RECORDS: usize = 100_000;
const MOST_CPU: Duration = Duration::from_secs(1);
const MOST_MEMORY_MB: f64 = 150.0;

/// What happens in a busy account: tasks that come and go, pipelines, Terraform, and now and then a person.
fn record(number: usize) -> Value {
    let resource = number % 997;
    let (source, name, identity, agent, request) = match number % 20 {
        0..=8 => (
            "elasticloadbalancing",
            if number.is_multiple_of(2) { "RegisterTargets" } else { "DeregisterTargets" },
            session("AWSServiceRoleForECS", "ecs-service-scheduler", Some("ecs.amazonaws.com")),
            "ecs.amazonaws.com",
            json!({ "targetGroupArn": format!("arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/tg-{resource}/73e2d6bc24d8a067"),
                "targets": [{ "id": format!("10.0.{}.{}", number % 256, resource % 256), "port": 8080 }] }),
        ),
        9..=12 => (
            "ecs",
            "UpdateService",
            session("github-deploy", "GitHubActions", None),
            "aws-sdk-js/3.922.0 os/linux#6.11.0 lang/js md/nodejs#20.19.5 api/ecs#3.922.0",
            json!({ "cluster": "production", "service": format!("service-{resource}"), "taskDefinition": format!("web:{number}") }),
        ),
        13..=15 => (
            "ec2",
            "CreateTags",
            session("terraform", "tfc-run-7Qx2", None),
            "APN/1.0 HashiCorp/1.0 Terraform/1.13.5 (+https://www.terraform.io) terraform-provider-aws/6.21.0 aws-sdk-go-v2/1.39.6",
            json!({ "resourcesSet": { "items": [{ "resourceId": format!("sg-{resource:017x}") }] },
                "tagSet": { "items": [{ "key": "app", "value": "web" }] } }),
        ),
        16 => (
            "ec2",
            if number.is_multiple_of(40) {
                "RevokeSecurityGroupIngress"
            } else {
                "AuthorizeSecurityGroupIngress"
            },
            session("AWSReservedSSO_Administrator_4f1d2c3b5a697887", "alice@example.com", None),
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            json!({ "groupId": format!("sg-{resource:017x}"), "ipPermissions": { "items": [{ "ipProtocol": "tcp", "fromPort": 5432,
                "toPort": 5432, "groups": {}, "ipRanges": { "items": [{ "cidrIp": "0.0.0.0/0", "description": "for now" }] },
                "ipv6Ranges": {}, "prefixListIds": {} }] } }),
        ),
        17 => (
            "kms",
            "Decrypt",
            session("web-task", "1f0c7c0c2b7a4b0f9a57", None),
            "secretsmanager.amazonaws.com",
            json!({ "encryptionAlgorithm": "SYMMETRIC_DEFAULT" }),
        ),
        18 => (
            "rds",
            "ModifyDBInstance",
            session("AWSReservedSSO_Administrator_4f1d2c3b5a697887", "bob@example.com", None),
            "aws-cli/2.31.18 md/awscrt#0.28.2 ua/2.1 os/macos#24.6.0 md/arch#arm64 lang/python#3.13.9",
            json!({ "dBInstanceIdentifier": format!("db-{resource}"), "backupRetentionPeriod": 7, "applyImmediately": true }),
        ),
        _ => (
            "sts",
            "AssumeRole",
            json!({ "type": "AWSService", "invokedBy": "ecs-tasks.amazonaws.com" }),
            "ecs-tasks.amazonaws.com",
            json!({ "roleArn": "arn:aws:iam::111122223333:role/web-task" }),
        ),
    };
    let second = number % 86_400;
    json!({
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": format!("2026-11-20T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60),
        "eventSource": format!("{source}.amazonaws.com"),
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": format!("203.0.113.{}", number % 250),
        "userAgent": agent,
        "requestParameters": request,
        "responseElements": { "_return": true, "requestId": format!("{number:032x}") },
        "requestID": format!("{number:032x}"),
        "eventID": format!("00000000-0000-0000-0000-{number:012x}"),
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
        "tlsDetails": { "tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": format!("{source}.eu-west-1.amazonaws.com") },
    })
}

fn session(role: &str, session: &str, invoked_by: Option<&str>) -> Value {
    let mut identity = json!({
        "type": "AssumedRole",
        "principalId": format!("AROAEXAMPLEEXAMPLE:{session}"),
        "arn": format!("arn:aws:sts::111122223333:assumed-role/{role}/{session}"),
        "accountId": "111122223333",
        "accessKeyId": "ASIAEXAMPLEEXAMPLE",
        "sessionContext": {
            "sessionIssuer": { "type": "Role", "principalId": "AROAEXAMPLEEXAMPLE", "userName": role,
                "arn": format!("arn:aws:iam::111122223333:role/{role}"), "accountId": "111122223333" },
            "attributes": { "creationDate": "2026-11-20T00:00:00Z", "mfaAuthenticated": "false" },
        },
    });
    if let Some(by) = invoked_by {
        identity["invokedBy"] = by.into();
    }
    identity
}

/// User and system time of this process.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux tells");
    let fields: Vec<&str> = stat.rsplit(')').next().expect("the name ends").split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().expect("utime") + fields[12].parse::<u64>().expect("stime");
    Duration::from_millis(ticks * 10)
}

/// The most that was resident at any time, in MB.
fn memory_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find(|line| line.starts_with("VmHWM")).expect("VmHWM");
    let kib: f64 = line.split_whitespace().nth(1).expect("a number").parse().expect("a number");
    kib * 1024.0 / 1e6
}

fn main() {
    let mut file = BufWriter::new(tempfile::tempfile().expect("a file for the records"));
    let mut bytes = 0;
    for number in 0..RECORDS {
        let line = record(number).to_string();
        bytes += line.len();
        writeln!(file, "{line}").expect("there is room");
    }
    let mut file: File = file.into_inner().expect("all is written");
    std::io::Seek::rewind(&mut file).expect("a file");

    let before = cpu();
    let mut fold = Fold::new(&Settings::default());
    let (mut file, mut line) = (BufReader::new(file), String::new());
    while file.read_line(&mut line).expect("a line") > 0 {
        let record: Value = serde_json::from_str(&line).expect("a record");
        line.clear();
        let event_time = record["eventTime"].as_str().and_then(|time| time.parse().ok());
        fold.add(&Event { meta: Meta::default(), event_time, record, ..Event::default() });
    }
    let (changes, actors) = fold.finish();
    let (took, memory) = (cpu().saturating_sub(before), memory_mb());

    let by_hand = changes.iter().filter(|change| change.by == "person").count();
    println!(
        "{RECORDS} records, {:.0} MB: {} changes, {by_hand} by hand, {} people",
        bytes as f64 / 1e6,
        changes.len(),
        actors.len()
    );
    println!(
        "{:.2} s of CPU (at most {:.2}), {memory:.0} MB (at most {MOST_MEMORY_MB:.0})",
        took.as_secs_f64(),
        MOST_CPU.as_secs_f64()
    );
    if took > MOST_CPU || memory > MOST_MEMORY_MB {
        eprintln!("a target was missed");
        std::process::exit(1);
    }
}
