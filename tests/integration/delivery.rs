//! What a subscriber of the topic receives, from run to run.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::local::{Local, found};

/// Everything in the subscriber's queue, taken out of it: attributes and body.
pub(crate) async fn receive(local: &Local, queue: &str) -> Vec<(BTreeMap<String, String>, String)> {
    let sqs = aws_sdk_sqs::Client::new(&local.sdk().await);
    let mut received = Vec::new();
    loop {
        let batch = sqs.receive_message().queue_url(queue).max_number_of_messages(10).send().await.unwrap();
        if batch.messages().is_empty() {
            return received;
        }
        for message in batch.messages() {
            let envelope: Value = serde_json::from_str(message.body().unwrap()).unwrap();
            let attributes = envelope["MessageAttributes"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, value)| {
                    assert_eq!(value["Type"], "String");
                    (name.clone(), value["Value"].as_str().unwrap().to_owned())
                })
                .collect();
            received.push((attributes, envelope["Message"].as_str().unwrap().to_owned()));
            sqs.delete_message()
                .queue_url(queue)
                .receipt_handle(message.receipt_handle().unwrap())
                .send()
                .await
                .unwrap();
        }
    }
}

fn kinds(received: &[(BTreeMap<String, String>, String)]) -> (usize, usize) {
    let of = |kind: &str| received.iter().filter(|(attributes, _)| attributes["kind"] == kind).count();
    (of("summary"), of("finding"))
}

fn configure(local: &Local, ids: &Value) {
    let topic = ids["topic_arn"].as_str().unwrap();
    local.write("aftermove.yaml", &format!("version: 1\ndeliver: {{ sns: {{ topic_arn: '{topic}' }} }}\n"));
}

const NIGHTLY: [&str; 5] = ["--config", "aftermove.yaml", "--state", "state.json", "--notify"];

#[tokio::test]
async fn a_subscriber_gets_one_summary_a_run_and_each_finding_once() {
    let (local, ids) = Local::seeded();
    configure(&local, &ids);
    let queue = ids["queue_url"].as_str().unwrap();

    let (report, _) = local.scan(&NIGHTLY);
    let new = found(&report, &["new"]);
    let received = receive(&local, queue).await;
    assert_eq!(kinds(&received), (1, new.len()));
    for (attributes, body) in received.iter().filter(|(attributes, _)| attributes["kind"] == "finding") {
        let finding: Value = serde_json::from_str(body).unwrap();
        assert_eq!(attributes["policy"], finding["policy"]);
        assert_eq!(attributes["severity"], finding["severity"]);
        assert_eq!(attributes["status"], "new");
        assert_eq!(attributes["account"], "000000000000");
        assert_eq!(attributes["region"], finding["resource"]["region"]);
    }

    let (report, _) = local.scan(&NIGHTLY);
    assert_eq!(found(&report, &["new"]), [""; 0]);
    assert_eq!(found(&report, &["open"]), new);
    assert_eq!(kinds(&receive(&local, queue).await), (1, 0));
}

#[tokio::test]
async fn a_finding_resolves_once_fixed_and_reopens_with_its_history() {
    let (local, ids) = Local::seeded();
    configure(&local, &ids);
    let queue = ids["queue_url"].as_str().unwrap();
    let logs = aws_sdk_cloudwatchlogs::Client::new(&local.sdk().await);
    let (first, _) = local.scan(&NIGHTLY);
    receive(&local, queue).await;

    logs.put_retention_policy().log_group_name("/ecs/web").retention_in_days(30).send().await.unwrap();
    let (report, _) = local.scan(&NIGHTLY);
    assert_eq!(found(&report, &["resolved"]), ["logs-group-no-retention /ecs/web"]);

    logs.delete_retention_policy().log_group_name("/ecs/web").send().await.unwrap();
    let (report, _) = local.scan(&NIGHTLY);
    assert_eq!(found(&report, &["reopened"]), ["logs-group-no-retention /ecs/web"]);
    let of = |report: &Value| {
        let findings = report["findings"].as_array().unwrap();
        findings.iter().find(|f| f["resource"]["name"] == "/ecs/web").unwrap()["first_seen"].clone()
    };
    assert_eq!(of(&report), of(&first));
    let received = receive(&local, queue).await;
    assert_eq!(kinds(&received), (2, 1));
    assert!(received.iter().any(|(attributes, _)| attributes.get("status").is_some_and(|s| s == "reopened")));
}

#[tokio::test]
async fn what_could_not_be_published_is_published_by_the_next_run() {
    let (local, ids) = Local::seeded();
    configure(&local, &ids);
    let queue = ids["queue_url"].as_str().unwrap();
    local.tell(
        "faults",
        &serde_json::json!({ "service": "sns", "operation": "PublishBatch", "kind": "denied" }),
    );
    let output = local.aftermove(&[&["scan", "--format", "json"][..], &NIGHTLY].concat());
    assert_eq!(output.status.code(), Some(2));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let new = found(&report, &["new"]);
    assert!(report["notes"].to_string().contains("could not be published"), "{}", report["notes"]);
    assert_eq!(kinds(&receive(&local, queue).await), (1, 0));

    local.forget("faults");
    let (report, _) = local.scan(&NIGHTLY);
    assert_eq!(found(&report, &["open"]), new);
    assert_eq!(kinds(&receive(&local, queue).await), (1, new.len()));
}

#[tokio::test]
async fn a_scan_that_does_not_notify_keeps_its_news_for_one_that_does() {
    let (local, ids) = Local::seeded();
    configure(&local, &ids);
    let queue = ids["queue_url"].as_str().unwrap();
    let (report, _) = local.scan(&["--config", "aftermove.yaml", "--state", "state.json"]);
    assert_eq!(receive(&local, queue).await, []);
    local.scan(&NIGHTLY);
    assert_eq!(kinds(&receive(&local, queue).await), (1, found(&report, &["new"]).len()));
}

#[test]
fn to_notify_without_a_topic_is_said_in_the_report() {
    let local = Local::start();
    let (report, _) = local.scan(&["--notify", "--only", "logs-group-no-retention"]);
    assert!(report["notes"].to_string().contains("names no `deliver.sns.topic_arn`"), "{}", report["notes"]);
}
