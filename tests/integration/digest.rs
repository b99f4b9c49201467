//! The digest, as Slack, Amazon Q Developer and a mailbox get it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::delivery::receive;
use crate::local::{Local, root, without_settings};

/// A stand-in for Slack's webhook that checks what it is sent.
pub(crate) struct Slack {
    process: Child,
    lines: BufReader<ChildStdout>,
    pub(crate) url: String,
}

impl Slack {
    pub(crate) fn start(answers: &str) -> Self {
        let mut process = without_settings(Command::new(root().join("localstack/slack")))
            .args(["--answers", answers])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        let mut ready = String::new();
        lines.read_line(&mut ready).unwrap();
        let ready: Value = serde_json::from_str(&ready).unwrap();
        Self { process, lines, url: ready["url"].as_str().unwrap().to_owned() }
    }

    /// What came, with what it was answered: all of it, as the stand-in ends here.
    pub(crate) fn received(mut self) -> Vec<Value> {
        drop(self.process.stdin.take());
        let mut all = String::new();
        self.lines.read_to_string(&mut all).unwrap();
        let received = all.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        self.process.wait().unwrap();
        received
    }
}

async fn secret(local: &Local, value: &str) -> String {
    let client = aws_sdk_secretsmanager::Client::new(&local.sdk().await);
    let made = client.create_secret().name("slack-webhook").secret_string(value).send().await.unwrap();
    made.arn.unwrap()
}

/// A topic, and the queue that is subscribed to it.
async fn topic(local: &Local, name: &str) -> (String, String) {
    let sdk = local.sdk().await;
    let (sns, sqs) = (aws_sdk_sns::Client::new(&sdk), aws_sdk_sqs::Client::new(&sdk));
    let topic = sns.create_topic().name(name).send().await.unwrap().topic_arn.unwrap();
    let queue = sqs.create_queue().queue_name(name).send().await.unwrap().queue_url.unwrap();
    let arn = format!("arn:aws:sqs:eu-west-1:000000000000:{name}");
    sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(arn).send().await.unwrap();
    (topic, queue)
}

pub(crate) fn text_of(message: &Value) -> String {
    let blocks = message["blocks"].as_array().unwrap();
    let text = |block: &Value| {
        let text = if block["type"] == "context" { &block["elements"][0] } else { &block["text"] };
        text["text"].as_str().unwrap().to_owned()
    };
    blocks.iter().map(text).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_week_of_the_seeded_account_gets_to_everybody() {
    let (local, ids) = Local::seeded();
    let slack = Slack::start("429:2");
    let arn = secret(&local, &json!({ "webhook_url": slack.url }).to_string()).await;
    let (chat, chat_queue) = topic(&local, "chat").await;
    let findings = ids["topic_arn"].as_str().unwrap();
    local.write(
        "aftermove.yaml",
        &format!(
            "version: 1\ndeliver:\n  sns: {{ topic_arn: '{findings}' }}\n  chat: {{ topic_arn: '{chat}' }}\n  \
             slack: {{ webhook_secret_arn: '{arn}' }}\n"
        ),
    );
    let started = std::time::Instant::now();
    let output = local.aftermove(&[
        "digest",
        "--config",
        "aftermove.yaml",
        "--state",
        "state.json",
        "--notify",
        "--format",
        "json",
    ]);
    let logs = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{logs}");
    assert!(started.elapsed().as_secs() >= 2, "Retry-After is waited for");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned() + &logs;
    assert!(!shown.contains(&slack.url), "the webhook is a secret");

    let received = slack.received();
    let answers: Vec<(u64, &str)> =
        received.iter().map(|r| (r["status"].as_u64().unwrap(), r["answer"].as_str().unwrap())).collect();
    assert_eq!(answers, [(429, "rate_limited"), (200, "ok")]);
    assert_eq!(received[1]["pings"], json!([]));
    let message = &received[1]["message"];
    let text = text_of(message);
    assert_eq!(message["text"], report["digest"]["title"]);
    for part in ["*Cost*", "*What moved*", "*Do first*", "*Findings*", "NAT"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let in_chat = receive(&local, &chat_queue).await;
    let [(_, body)] = in_chat.as_slice() else { panic!("{in_chat:?}") };
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!((&body["version"], &body["source"]), (&json!("1.0"), &json!("custom")));
    let week = report["digest"]["week"].as_str().unwrap();
    assert_eq!(body["metadata"]["threadId"], format!("aftermove-000000000000-{week}"));

    let mails = receive(&local, ids["queue_url"].as_str().unwrap()).await;
    let digests: Vec<&String> =
        mails.iter().filter(|(attributes, _)| attributes["kind"] == "digest").map(|(_, body)| body).collect();
    assert_eq!(digests.len(), 1);
    assert!(digests[0].contains("Do first"), "{}", digests[0]);

    let state: Value =
        serde_json::from_slice(&std::fs::read(local.folder.path().join("state.json")).unwrap()).unwrap();
    assert_eq!(
        state["last_digest"].as_str().unwrap()[..19],
        report["run"]["started_at"].as_str().unwrap()[..19]
    );
}

/// A digest of an account with next to nothing in it, and what came of it.
async fn small(answers: &str) -> (Vec<Value>, Value, i32, Value) {
    let local = Local::start();
    // a name that would call everybody, of an alarm that calls nobody
    aws_sdk_cloudwatch::Client::new(&local.sdk().await)
        .put_metric_alarm()
        .alarm_name("<!channel>")
        .namespace("AWS/SQS")
        .metric_name("ApproximateAgeOfOldestMessage")
        .statistic(aws_sdk_cloudwatch::types::Statistic::Maximum)
        .period(300)
        .evaluation_periods(1)
        .threshold(900.0)
        .comparison_operator(aws_sdk_cloudwatch::types::ComparisonOperator::GreaterThanThreshold)
        .send()
        .await
        .unwrap();
    let slack = Slack::start(answers);
    let arn = secret(&local, &slack.url).await;
    local.write(
        "aftermove.yaml",
        &format!("version: 1\ndeliver: {{ slack: {{ webhook_secret_arn: '{arn}' }} }}\n"),
    );
    let output = local.aftermove(&[
        "digest",
        "--config",
        "aftermove.yaml",
        "--state",
        "state.json",
        "--notify",
        "--format",
        "json",
        "--only",
        "cloudwatch-alarm-reaches-nobody",
        "--fail-on",
        "critical",
    ]);
    let shown =
        String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned();
    assert!(!shown.contains(&slack.url), "the webhook is a secret");
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{shown}"));
    let state =
        serde_json::from_slice(&std::fs::read(local.folder.path().join("state.json")).unwrap()).unwrap();
    (slack.received(), report, output.status.code().unwrap(), state)
}

#[tokio::test]
async fn blocks_that_slack_refuses_go_as_plain_text() {
    let (received, report, code, state) = small("invalid_blocks").await;
    assert_eq!(code, 0, "{}", report["notes"]);
    assert_eq!(received.len(), 2);
    assert!(received[1]["message"].get("blocks").is_none());
    assert!(received[1]["message"]["text"].as_str().unwrap().contains("&lt;!channel&gt;"));
    assert_eq!((&received[0]["pings"], &received[1]["pings"]), (&json!([]), &json!([])));
    assert!(report["notes"].to_string().contains("invalid_blocks; the digest went there as plain text"));
    assert!(state["last_digest"].is_string());
}

#[tokio::test]
async fn a_webhook_that_is_gone_is_said_with_the_remedy_and_the_week_stays_due() {
    let (received, report, code, state) = small("no_service").await;
    assert_eq!((received.len(), code), (1, 2));
    assert!(
        report["notes"]
            .to_string()
            .contains("400 no_service; the webhook is gone or was revoked: make a new one"),
        "{}",
        report["notes"]
    );
    assert!(state["last_digest"].is_null());
}

#[tokio::test]
async fn silence_and_failures_of_slack_are_waited_out() {
    let (received, report, code, _) = small("timeout,500").await;
    assert_eq!(code, 0, "{}", report["notes"]);
    let answers: Vec<&Value> = received.iter().map(|received| &received["status"]).collect();
    assert_eq!(answers, [500, 200]);
}

#[tokio::test]
async fn a_secret_without_a_webhook_is_not_shown() {
    let local = Local::start();
    let arn = secret(&local, "hunter2").await;
    local.write(
        "aftermove.yaml",
        &format!("version: 1\ndeliver: {{ slack: {{ webhook_secret_arn: '{arn}' }} }}\n"),
    );
    let output = local.aftermove(&[
        "digest",
        "--config",
        "aftermove.yaml",
        "--notify",
        "--only",
        "logs-group-no-retention",
    ]);
    let shown = String::from_utf8_lossy(&[output.stdout.clone(), output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(2), "{shown}");
    assert!(shown.contains("holds no webhook") && !shown.contains("hunter2"), "{shown}");
}
