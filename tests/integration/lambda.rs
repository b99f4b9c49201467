//! The Lambda binary under a real Lambda runtime API.

use std::process::{Command, Output};

use aws_sdk_s3::primitives::ByteStream;
use serde_json::{Value, json};

use crate::local::{Local, root};

const BUCKET: &str = "aftermove-test";

pub(crate) fn invoke(local: &Local, event: &Value, environment: &[&str]) -> Output {
    let mut command = local.environment(Command::new(root().join("localstack/invoke-lambda")));
    command.arg(env!("CARGO_BIN_EXE_bootstrap")).arg(event.to_string()).args(environment).output().unwrap()
}

pub(crate) async fn configure(local: &Local, text: &str) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(&local.sdk().await).force_path_style(true).build();
    let s3 = aws_sdk_s3::Client::from_conf(config);
    s3.create_bucket()
        .bucket(BUCKET)
        .create_bucket_configuration(
            aws_sdk_s3::types::CreateBucketConfiguration::builder()
                .location_constraint(aws_sdk_s3::types::BucketLocationConstraint::EuWest1)
                .build(),
        )
        .send()
        .await
        .unwrap();
    s3.put_object()
        .bucket(BUCKET)
        .key("aftermove.yaml")
        .body(ByteStream::from(text.as_bytes().to_vec()))
        .send()
        .await
        .unwrap();
    s3
}

const CONFIG: &str = "AFTERMOVE_CONFIG=s3://aftermove-test/aftermove.yaml";

#[tokio::test]
async fn the_lambda_scans_publishes_and_keeps_state_and_report_in_s3() {
    let (local, ids) = Local::seeded();
    let topic = ids["topic_arn"].as_str().unwrap();
    let text = format!(
        "version: 1\ndeliver:\n  sns: {{ topic_arn: '{topic}' }}\n  s3: {{ bucket: {BUCKET}, prefix: nightly }}\n"
    );
    let s3 = configure(&local, &text).await;

    let output = invoke(&local, &json!({ "job": "scan" }), &[CONFIG]);
    let logs = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{logs}");
    let first: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(first["complete"], true);
    let new = first["new"].as_u64().unwrap();
    assert!(new > 10, "{first:#}");
    let line = logs.lines().find(|line| line.contains("\"scanned\"")).unwrap_or_else(|| panic!("{logs}"));
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["run_id"], first["run_id"]);

    let objects = s3.list_objects_v2().bucket(BUCKET).prefix("nightly/").send().await.unwrap();
    let keys: Vec<&str> = objects.contents().iter().filter_map(|object| object.key()).collect();
    for kept in ["nightly/state.json", "nightly/costs/000000000000.json"] {
        assert!(keys.contains(&kept), "{keys:?}");
    }
    let run = first["run_id"].as_str().unwrap();
    assert!(keys.iter().any(|key| key.starts_with("nightly/reports/") && key.contains(run)), "{keys:?}");

    let queue = ids["queue_url"].as_str().unwrap();
    let sqs = aws_sdk_sqs::Client::new(&local.sdk().await);
    let waiting = sqs
        .get_queue_attributes()
        .queue_url(queue)
        .attribute_names(aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessages)
        .send()
        .await
        .unwrap();
    let waiting =
        &waiting.attributes().unwrap()[&aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessages];
    assert_eq!(waiting.parse::<u64>().unwrap(), new + 1, "a summary and the findings");

    let output = invoke(&local, &json!({ "job": "scan" }), &[CONFIG]);
    let second: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&second["new"], &second["open"]), (&json!(0), &json!(new)));
}

#[tokio::test]
async fn the_lambda_tells_an_incident_in_its_answer_by_mail_and_as_a_page() {
    let (local, ids) = Local::seeded();
    let seed =
        local.environment(Command::new(root().join("localstack/incident"))).arg("--seed").output().unwrap();
    assert!(seed.status.success(), "{}", String::from_utf8_lossy(&seed.stderr));
    let topic = ids["topic_arn"].as_str().unwrap();
    let text = format!(
        "version: 1\ndeliver:\n  sns: {{ topic_arn: '{topic}' }}\n  s3: {{ bucket: {BUCKET}, prefix: nightly }}\n"
    );
    let s3 = configure(&local, &text).await;

    let event = json!({ "job": "incident", "since": "3h", "reason": "INC-42" });
    let output = invoke(&local, &event, &[CONFIG]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.len() < 6_000_000);
    let reply: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&reply["complete"], &reply["cut"]), (&json!(true), &Value::Null));
    assert_eq!(reply["incident"]["reason"], "INC-42");
    let timeline = reply["incident"]["timeline"].as_array().unwrap();
    assert!(timeline.iter().any(|entry| entry["kind"] == "anomaly"), "{timeline:#?}");
    let linked = reply["findings"].as_array().unwrap().len();
    assert_eq!(linked, reply["incident"]["findings"].as_array().unwrap().len());

    let page = reply["incident"]["page"].as_str().unwrap();
    let key = page.strip_prefix(&format!("s3://{BUCKET}/")).unwrap();
    let kept = |key: String| s3.get_object().bucket(BUCKET).key(key).send();
    let html = kept(key.to_owned()).await.unwrap();
    assert_eq!(html.content_type(), Some("text/html; charset=utf-8"));
    let json = kept(key.replace(".html", ".json")).await.unwrap().body.collect().await.unwrap();
    let report: Value = serde_json::from_slice(&json.into_bytes()).unwrap();
    assert_eq!(report["incident"]["timeline"], reply["incident"]["timeline"]);

    let queue = ids["queue_url"].as_str().unwrap();
    let received = crate::delivery::receive(&local, queue).await;
    let (attributes, body) =
        received.iter().find(|(attributes, _)| attributes["kind"] == "incident").unwrap();
    assert_eq!(attributes.len(), 1);
    assert!(body.starts_with("INC-42: what happened from "), "{body}");
    assert!(body.contains("Asked by arn:aws:") && body.contains(page), "{body}");
    assert!(!received.iter().any(|(attributes, _)| attributes["kind"] == "summary"), "one summary a run");
}

#[tokio::test]
async fn the_lambda_tells_a_review_in_its_answer_and_by_mail() {
    let (local, ids) = Local::seeded();
    let topic = ids["topic_arn"].as_str().unwrap();
    let since = (chrono::Utc::now() - chrono::TimeDelta::days(5)).date_naive();
    configure(
        &local,
        &format!("version: 1\ndeliver: {{ sns: {{ topic_arn: '{topic}' }} }}\nmigration: {{ expected_monthly_usd: 900 }}\n"),
    )
    .await;

    let output = invoke(&local, &json!({ "job": "review", "since": since }), &[CONFIG]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let reply: Value = serde_json::from_slice(&output.stdout).unwrap();
    let review = &reply["review"];
    assert_eq!((&reply["cut"], &review["since"]), (&Value::Null, &json!(format!("{since}T00:00:00Z"))));
    let headline = review["headline"].as_str().unwrap();
    assert!(headline.starts_with("First week: ") && headline.len() < 200, "{headline}");
    assert_eq!(review["noise"][0]["name"], "web-latency");

    let received = crate::delivery::receive(&local, ids["queue_url"].as_str().unwrap()).await;
    let (_, body) = received.iter().find(|(attributes, _)| attributes["kind"] == "review").unwrap();
    assert!(body.contains(headline), "{body}");
}

#[tokio::test]
async fn a_bad_event_and_a_bad_configuration_are_errors_with_a_name() {
    let local = Local::start();
    configure(&local, "version: 1\nregoins: [eu-west-1]\n").await;
    for (event, environment, error_type, says) in [
        (json!({ "job": "dance" }), CONFIG, "InvalidEvent", "dance"),
        (json!({ "jobb": "scan" }), CONFIG, "InvalidEvent", "jobb"),
        (json!("scan"), CONFIG, "InvalidEvent", "not understood"),
        (
            json!({ "job": "scan", "since": "3h" }),
            CONFIG,
            "InvalidEvent",
            "of an incident or a review, not of a scan",
        ),
        (json!({ "tick": "2026-11-20T03:30:00Z", "asked_by": "ann" }), CONFIG, "InvalidEvent", "of a job"),
        (json!({ "job": "incident" }), CONFIG, "InvalidEvent", "needs `since`"),
        (json!({ "job": "incident", "since": "soon" }), CONFIG, "InvalidEvent", "write 90m, 3h, 2d"),
        (json!({ "job": "scan" }), CONFIG, "ConfigurationError", "did you mean `regions`?"),
        (
            json!({ "job": "scan" }),
            "AFTERMOVE_CONFIG=s3://aftermove-test/gone.yaml",
            "ConfigurationError",
            "s3://aftermove-test/gone.yaml",
        ),
    ] {
        let output = invoke(&local, &event, &[environment]);
        assert!(!output.status.success(), "{event}");
        let reply: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(reply["errorType"], error_type, "{reply}");
        assert!(reply["errorMessage"].as_str().unwrap().contains(says), "{reply}");
    }
}
