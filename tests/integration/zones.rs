//! What an account has once is read once, whatever regions are scanned; and Route 53's lists, which no paginator reads.

use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType};
use serde_json::{Value, json};

use crate::local::{Local, found};

const GLOBAL: &str = "global";
const HEROKU: [&str; 2] =
    ["route53-record-heroku blog.example.com", "route53-record-weighted-heroku www.example.com"];

fn of_dns(report: &Value) -> Vec<String> {
    found(report, &["new", "open"]).into_iter().filter(|line| line.starts_with("route53-")).collect()
}

fn calls(local: &Local, operation: &str) -> Vec<String> {
    let requests = local.requests();
    let of = requests.iter().filter(|request| request["operation"] == operation);
    of.map(|request| request["region"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn zones_are_read_once_for_all_regions_and_belong_to_none() {
    let (local, _) = Local::seeded();
    local.write("three.yaml", "version: 1\nregions: [eu-west-1, us-east-1, eu-north-1]\n");
    local.forget("journal");
    let (report, _) = local.scan(&["--config", "three.yaml"]);

    assert_eq!(of_dns(&report), HEROKU);
    assert_eq!(report["run"]["complete"], true, "{:#}", report["coverage"]);
    assert_eq!(report["regions"], json!(["eu-north-1", "eu-west-1", "us-east-1"]));
    // zones for themselves and for their records; Route 53 answers in one place alone
    assert_eq!(calls(&local, "ListHostedZones"), ["us-east-1"; 2]);
    assert_eq!(calls(&local, "ListResourceRecordSets"), ["us-east-1"; 3]);
    let rows = report["coverage"].as_array().unwrap().iter();
    let zones: Vec<&Value> = rows.filter(|row| row["type"] == "AWS::Route53::HostedZone").collect();
    assert_eq!(zones.len(), 1);
    assert_eq!((&zones[0]["region"], &zones[0]["status"]), (&json!(GLOBAL), &json!("complete")));
    for finding in report["findings"].as_array().unwrap() {
        let global = finding["resource"]["region"] == GLOBAL;
        let policy = finding["policy"].as_str().unwrap();
        let is_once =
            ["route53-", "cost-"].iter().any(|of| policy.starts_with(of)) || policy == "cloudtrail-no-trail";
        assert_eq!(global, is_once, "{finding:#}");
    }
}

#[test]
fn what_of_a_zone_was_not_seen_resolves_nothing() {
    let (local, _) = Local::seeded();
    let arguments = ["--only", "route53-record-heroku,logs-group-no-retention", "--state", "state.json"];
    let (clean, _) = local.scan(&arguments);
    local.tell(
        "faults",
        &json!({ "service": "route53", "operation": "ListResourceRecordSets", "kind": "denied", "after": 1 }),
    );

    let (report, _) = local.scan(&arguments);

    let record = "route53-record-heroku blog.example.com";
    assert!(found(&clean, &["new"]).contains(&record.to_owned()));
    assert_eq!(found(&report, &["resolved"]), [""; 0]);
    assert!(found(&report, &["open", "unknown"]).contains(&record.to_owned()), "{:#}", report["findings"]);
    let rows = report["coverage"].as_array().unwrap().iter();
    let unseen: Vec<&Value> = rows.filter(|row| row["status"] != "complete").collect();
    assert_eq!(unseen.len(), 1);
    assert_eq!((&unseen[0]["region"], &unseen[0]["status"]), (&json!(GLOBAL), &json!("partial")));
}

#[tokio::test]
async fn a_zone_of_several_pages_is_read_to_its_end() {
    let (local, ids) = Local::seeded();
    let zone = ids["resources"]["zone-example-net"].as_str().unwrap();
    let client = aws_sdk_route53::Client::new(&local.sdk().await);
    for batch in (0..700).collect::<Vec<u32>>().chunks(350) {
        let changes = batch.iter().map(|n| {
            let target = if *n == 699 { "left.herokuapp.com" } else { "web.example.com" };
            let record = ResourceRecordSet::builder()
                .name(format!("tenant-{n:03}.example.net"))
                .r#type(RrType::Cname)
                .ttl(300)
                .resource_records(ResourceRecord::builder().value(target).build().unwrap())
                .build()
                .unwrap();
            Change::builder().action(ChangeAction::Create).resource_record_set(record).build().unwrap()
        });
        let batch = ChangeBatch::builder().set_changes(Some(changes.collect())).build().unwrap();
        client.change_resource_record_sets().hosted_zone_id(zone).change_batch(batch).send().await.unwrap();
    }
    local.forget("journal");

    let (report, _) = local.scan(&["--only", "route53-record-heroku"]);

    assert_eq!(
        of_dns(&report),
        ["route53-record-heroku blog.example.com", "route53-record-heroku tenant-699.example.net"]
    );
    // NS, SOA, www and 700 tenants make three pages, and each of the two other zones one
    assert_eq!(calls(&local, "ListResourceRecordSets").len(), 5);
    let counts = report["policies"].as_array().unwrap();
    let total: u64 = ["pass", "fail", "skip"].iter().map(|count| counts[0][count].as_u64().unwrap()).sum();
    assert_eq!(total, 703 + 10 + 3);
}
