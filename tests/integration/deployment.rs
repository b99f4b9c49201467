//! infra/deploy and infra/template.yaml: the whole of it, in the local AWS.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::digest::{Slack, text_of};
use crate::local::{Local, root};

mod on_demand;
mod role;

/// So that names of what the stack made are told from what the account had.
const STACK: &str = "watchman";

/// `AFTERMOVE_BUNDLE` names a bundle to try; else the tests' own build makes one.
fn bundle(local: &Local) -> PathBuf {
    let path = local.folder.path().join("bundle.zip");
    if let Some(given) = std::env::var_os("AFTERMOVE_BUNDLE") {
        std::fs::copy(&given, &path)
            .unwrap_or_else(|error| panic!("AFTERMOVE_BUNDLE={}: {error}", given.display()));
        return path;
    }
    let bootstrap = local.folder.path().join("bootstrap");
    succeed(Command::new("strip").arg("-o").arg(&bootstrap).arg(env!("CARGO_BIN_EXE_bootstrap")));
    succeed(Command::new("python3").args(["-m", "zipfile", "-c"]).args([&path, &bootstrap]));
    path
}

/// The same function in other bytes.
fn newer(local: &Local, bundle: &Path) -> PathBuf {
    let path = local.folder.path().join("newer.zip");
    std::fs::copy(bundle, &path).unwrap();
    let add = "import sys, zipfile; zipfile.ZipFile(sys.argv[1], 'a').writestr('VERSION', '2')";
    succeed(Command::new("python3").args(["-c", add]).arg(&path));
    path
}

fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn deploy(local: &Local, arguments: &[&str], webhook: &str) -> Output {
    let path = std::env::var("PATH").unwrap();
    let mut process = local
        .environment(Command::new(root().join("infra/deploy")))
        .args(["--stack", STACK])
        .args(arguments)
        .env("PATH", format!("{}:{path}", root().join("localstack").display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // who needs no webhook does not read it
    let _ = writeln!(process.stdin.take().unwrap(), "{webhook}");
    process.wait_with_output().unwrap()
}

/// The stack's outputs.
fn deployed(output: &Output) -> BTreeMap<String, String> {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let named = |line: &str| line.split_once('\t').map(|(name, value)| (name.to_owned(), value.to_owned()));
    stdout.lines().filter_map(named).collect()
}

fn aws(local: &Local, arguments: &[&str]) -> Value {
    let mut command = local.environment(Command::new(root().join("localstack/aws")));
    let told = succeed(command.args(arguments).args(["--output", "json"]));
    serde_json::from_str(&told).unwrap_or_default()
}

/// The objects below a prefix of the stack's bucket.
fn keys(local: &Local, bucket: &str, prefix: &str) -> Vec<String> {
    let listed = aws(local, &["s3api", "list-objects-v2", "--bucket", bucket, "--prefix", prefix]);
    let contents = listed["Contents"].as_array().cloned().unwrap_or_default();
    contents.iter().map(|object| object["Key"].as_str().unwrap().to_owned()).collect()
}

fn object(local: &Local, bucket: &str, key: &str) -> Vec<u8> {
    let path = local.folder.path().join("object");
    aws(local, &["s3api", "get-object", "--bucket", bucket, "--key", key, path.to_str().unwrap()]);
    std::fs::read(path).unwrap()
}

/// A machine's queue: each finding as it is, and nothing else.
fn subscribe(local: &Local, topic: &str) -> String {
    let url = aws(local, &["sqs", "create-queue", "--queue-name", "machine"])["QueueUrl"].clone();
    let attributes = json!({ "RawMessageDelivery": "true", "FilterPolicy": r#"{"kind":["finding"]}"# });
    aws(
        local,
        &[
            "sns",
            "subscribe",
            "--topic-arn",
            topic,
            "--protocol",
            "sqs",
            "--notification-endpoint",
            "arn:aws:sqs:eu-west-1:000000000000:machine",
            "--attributes",
            &attributes.to_string(),
        ],
    );
    url.as_str().unwrap().to_owned()
}

fn has_extension(key: &str, extension: &str) -> bool {
    Path::new(key).extension().is_some_and(|of| of == extension)
}

/// What waits in a queue; it is gone from there afterwards.
async fn waiting(local: &Local, queue: &str) -> Vec<Value> {
    let sqs = aws_sdk_sqs::Client::new(&local.sdk().await);
    let mut received = Vec::new();
    loop {
        let batch = sqs.receive_message().queue_url(queue).max_number_of_messages(10).send().await.unwrap();
        if batch.messages().is_empty() {
            return received;
        }
        for message in batch.messages() {
            received.push(serde_json::from_str(message.body().unwrap()).unwrap());
            let handle = message.receipt_handle().unwrap();
            sqs.delete_message().queue_url(queue).receipt_handle(handle).send().await.unwrap();
        }
    }
}

/// A schedule comes within a minute, and a run takes seconds.
fn until<T>(what: &str, mut seen: impl FnMut() -> Option<T>) -> T {
    let patience = Instant::now() + Duration::from_mins(4);
    loop {
        if let Some(seen) = seen() {
            return seen;
        }
        assert!(Instant::now() < patience, "{what} did not happen");
        std::thread::sleep(Duration::from_secs(2));
    }
}

/// Names of everything that a stack can make, by type.
fn all(local: &Local) -> BTreeMap<&'static str, Vec<String>> {
    let listed = [
        ("functions", "lambda list-functions", "Functions[].FunctionName"),
        ("topics", "sns list-topics", "Topics[].TopicArn"),
        ("subscriptions", "sns list-subscriptions", "Subscriptions[].TopicArn"),
        ("queues", "sqs list-queues", "QueueUrls[]"),
        ("schedules", "scheduler list-schedules", "Schedules[].Arn"),
        ("schedule groups", "scheduler list-schedule-groups", "ScheduleGroups[].Name"),
        ("roles", "iam list-roles", "Roles[].RoleName"),
        ("policies", "iam list-policies --scope Local", "Policies[].Arn"),
        ("alarms", "cloudwatch describe-alarms", "MetricAlarms[].AlarmName"),
        ("log groups", "logs describe-log-groups", "logGroups[].logGroupName"),
        ("secrets", "secretsmanager list-secrets", "SecretList[].Name"),
        ("buckets", "s3api list-buckets", "Buckets[].Name"),
    ];
    let names = |command: &str, query: &str| {
        let arguments: Vec<&str> = command.split(' ').chain(["--query", query]).collect();
        let listed = aws(local, &arguments).as_array().cloned().unwrap_or_default();
        listed
            .iter()
            .map(|name| name.as_str().unwrap().to_owned())
            .filter(|name| name.contains(STACK))
            .collect::<Vec<_>>()
    };
    listed
        .into_iter()
        .map(|(kind, command, query)| (kind, names(command, query)))
        .filter(|(_, names)| !names.is_empty())
        .collect()
}

#[tokio::test]
async fn one_command_deploys_what_its_schedules_run_and_an_upgrade_keeps_the_state() {
    let (local, _) = Local::seeded();
    let slack = Slack::start("");
    let bundle = bundle(&local);
    let bundle = bundle.to_str().unwrap();
    let first = deploy(&local, &["--bundle", bundle, "--email", "ann@example.com", "--slack"], &slack.url);
    let outputs = deployed(&first);
    let told = String::from_utf8_lossy(&first.stderr).into_owned();
    assert!(told.contains("making the bucket aftermove-bundles-000000000000-eu-west-1"), "{told}");
    assert!(told.contains("putting a first configuration"), "{told}");
    assert!(!told.contains(&slack.url), "the webhook is a secret");
    let bucket = &*outputs["BucketName"];
    let queue = subscribe(&local, &outputs["TopicArn"]);

    // the nightly scan, more often
    deployed(&deploy(&local, &["--bundle", bundle, "--parameter", "NightlyCron=rate(1 minute)"], ""));
    let reports = |least: usize| {
        let reports = keys(&local, bucket, "reports/");
        (reports.iter().filter(|key| has_extension(key, "json")).count() >= least).then_some(reports)
    };
    let after_one = until("a nightly scan", || reports(1));
    let findings = waiting(&local, &queue).await;
    let state: Value = serde_json::from_slice(&object(&local, bucket, "state.json")).unwrap();
    assert!(findings.len() > 10, "{}", findings.len());
    assert!(state["findings"].as_object().unwrap().len() >= findings.len());
    assert!(findings.iter().all(|finding| finding["status"] == "new"), "{findings:#?}");
    assert!(after_one.iter().any(|key| has_extension(key, "html")), "{after_one:?}");
    until("a second scan", || reports(2));
    assert_eq!(waiting(&local, &queue).await, [] as [Value; 0], "it is told once");

    // what cannot be seen is not written over
    let config = object(&local, bucket, "aftermove.yaml");
    crate::faults::fault(&local, "s3:HeadObject", "denied", &json!({}));
    let blind = deploy(&local, &["--bundle", bundle], "");
    let told = String::from_utf8_lossy(&blind.stderr).into_owned();
    assert!(blind.status.code() == Some(1) && told.contains("cannot be seen: "), "{told}");
    local.forget("faults");
    assert_eq!(object(&local, bucket, "aftermove.yaml"), config);

    // an upgrade, and the digest more often
    let newer = newer(&local, Path::new(bundle));
    let code = |local: &Local| {
        aws(local, &["lambda", "get-function-configuration", "--function-name", STACK])["CodeSha256"].clone()
    };
    let before = code(&local);
    let again = deploy(
        &local,
        &[
            "--bundle",
            newer.to_str().unwrap(),
            "--parameter",
            "NightlyCron=cron(0 3 * * ? *)",
            "--parameter",
            "DigestCron=rate(1 minute)",
            "--parameter",
            "TimeZone=Europe/Berlin",
        ],
        "",
    );
    assert_eq!(deployed(&again), outputs);
    assert!(String::from_utf8_lossy(&again.stderr).contains("aftermove.yaml is left as it is"));
    assert_ne!(code(&local), before);
    let digest = until("a digest", || {
        let state: Value = serde_json::from_slice(&object(&local, bucket, "state.json")).unwrap();
        state["last_digest"].is_string().then_some(state)
    });
    assert_eq!(waiting(&local, &queue).await, [] as [Value; 0], "an upgrade makes no news");
    assert_eq!(
        digest["findings"].as_object().unwrap().keys().collect::<Vec<_>>(),
        state["findings"].as_object().unwrap().keys().collect::<Vec<_>>(),
    );
    let schedules =
        aws(&local, &["scheduler", "get-schedule", "--group-name", STACK, "--name", "watchman-digest"]);
    assert_eq!(schedules["ScheduleExpressionTimezone"], "Europe/Berlin");

    let made = all(&local);
    let kinds: Vec<&str> = made.keys().copied().collect();
    for kind in ["functions", "topics", "queues", "schedules", "roles", "alarms", "log groups", "secrets"] {
        assert!(kinds.contains(&kind), "{made:#?}");
    }
    assert_eq!(made["alarms"].len(), 6, "{made:#?}");
    aws(&local, &["cloudformation", "delete-stack", "--stack-name", STACK]);
    aws(&local, &["cloudformation", "wait", "stack-delete-complete", "--stack-name", STACK]);
    let left = all(&local);
    assert_eq!(left, BTreeMap::from([("buckets", vec![bucket.to_owned()])]));
    assert!(keys(&local, bucket, "").contains(&"state.json".to_owned()));

    let posts = slack.received();
    assert!(!posts.is_empty() && posts.iter().all(|post| post["answer"] == "ok"), "{posts:#?}");
    assert!(text_of(&posts[0]["message"]).contains("*Do first*"), "{posts:#?}");
}

#[test]
fn what_cannot_be_deployed_is_said_before_anything_is_made() {
    let local = Local::start();
    let no_bundle = local.write("no.zip", "not a zip");
    for (arguments, says) in [
        (&["--bundle", "gone.zip"][..], "there is no gone.zip"),
        (&["--bundle", no_bundle.to_str().unwrap()], "no file `bootstrap`"),
        (&["--bundel", "x"], "no option `--bundel`"),
        (&["--parameter", "LogRetentionDays"], "is not KEY=VALUE"),
        (&["--stack", "no_underscores"], "`no_underscores` is none"),
        (&["--slack", "--bundle", "gone.zip"], "had no URL"),
        (&["--email"], "--email needs a value"),
    ] {
        let output = deploy(&local, arguments, "hunter2");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(told.contains(says) && !told.contains("hunter2"), "{arguments:?}: {told}");
    }
    assert!(local.journal().iter().all(|call| call == "sts:GetCallerIdentity"), "{:?}", local.journal());
}
