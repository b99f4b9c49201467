//! infra/deploy and infra/template.yaml: the whole of it, in the local AWS.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::digest::{Slack, text_of};
use crate::local::{Local, found, root};

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

/// What the function answered, or its error.
fn invoke(local: &Local, event: &Value) -> (Value, Option<String>) {
    let reply = local.folder.path().join("reply.json");
    let told = aws(
        local,
        &[
            "lambda",
            "invoke",
            "--function-name",
            STACK,
            "--cli-read-timeout",
            "600",
            "--payload",
            &event.to_string(),
            reply.to_str().unwrap(),
        ],
    );
    let bytes = std::fs::read(reply).unwrap();
    assert!(bytes.len() < 6_000_000);
    let failed = told["FunctionError"].as_str().map(str::to_owned);
    (serde_json::from_slice(&bytes).unwrap(), failed)
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
        (reports.iter().filter(|key| key.contains(".json")).count() >= least).then_some(reports)
    };
    let after_one = until("a nightly scan", || reports(1));
    let findings = waiting(&local, &queue).await;
    let state: Value = serde_json::from_slice(&object(&local, bucket, "state.json")).unwrap();
    assert!(findings.len() > 10, "{}", findings.len());
    assert!(state["findings"].as_object().unwrap().len() >= findings.len());
    assert!(findings.iter().all(|finding| finding["status"] == "new"), "{findings:#?}");
    assert!(after_one.iter().any(|key| key.contains(".html")), "{after_one:?}");
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

#[tokio::test]
async fn the_deployed_function_answers_on_demand_and_its_stack_has_no_finding() {
    let local = Local::start();
    let slack = Slack::start("");
    let bundle = bundle(&local);
    let parameters = [
        "--bundle",
        bundle.to_str().unwrap(),
        "--email",
        "ann@example.com",
        "--slack",
        "--parameter",
        "KmsKey=create",
        "--parameter",
        "ChatTopic=yes",
    ];
    let outputs = deployed(&deploy(&local, &parameters, &slack.url));
    let bucket = &*outputs["BucketName"];

    // what any account has that is looked after
    aws(&local, &["s3", "mb", "s3://trail"]);
    let trail = ["cloudtrail", "create-trail", "--name", "all", "--s3-bucket-name", "trail"];
    aws(&local, &[&trail[..], &["--is-multi-region-trail"]].concat());
    aws(&local, &["cloudtrail", "start-logging", "--name", "all"]);
    local.write("all.yaml", "version: 1\npacks: [essential, recommended, strict]\n");
    let (report, code) = local.scan(&["--config", "all.yaml"]);
    assert_eq!(found(&report, &["new", "unknown"]), [] as [&str; 0], "{:#}", report["findings"]);
    assert_eq!(code, 0, "{:#}", report["coverage"]);
    let passed = |policy: &str| {
        let row = report["policies"].as_array().unwrap().iter().find(|row| row["id"] == policy);
        row.unwrap_or_else(|| panic!("no {policy}"))["pass"].as_u64().unwrap()
    };
    assert!(passed("scheduler-no-alarm") > 0 && passed("cloudwatch-alarm-reaches-nobody") >= 6);

    let role = &*outputs["FunctionRoleName"];
    let read =
        aws(&local, &["iam", "get-role-policy", "--role-name", role, "--policy-name", "read"])["PolicyDocument"]
            .clone();
    let generated = std::fs::read(root().join("infra/aftermove-read-only.json")).unwrap();
    assert_eq!(read, serde_json::from_slice::<Value>(&generated).unwrap());
    let write = aws(&local, &["iam", "get-role-policy", "--role-name", role, "--policy-name", "write"]);
    let statements = write["PolicyDocument"]["Statement"].as_array().unwrap();
    let allowed: Vec<&str> = statements.iter().map(|statement| statement["Sid"].as_str().unwrap()).collect();
    assert_eq!(allowed, ["Log", "Tell", "Keep", "List", "TellOfFailures", "ReadWebhook", "UseKey"]);
    let bytes = read.to_string().len() + write["PolicyDocument"].to_string().len();
    assert!(bytes < 10_240, "IAM takes 10,240 characters of a role's own policies; these have {bytes}");

    let machine = subscribe(&local, &outputs["TopicArn"]);
    let person = aws(&local, &["sqs", "create-queue", "--queue-name", "person"])["QueueUrl"].clone();
    let endpoint = "arn:aws:sqs:eu-west-1:000000000000:person";
    let topic = &*outputs["TopicArn"];
    aws(
        &local,
        &["sns", "subscribe", "--topic-arn", topic, "--protocol", "sqs", "--notification-endpoint", endpoint],
    );
    let config =
        local.write("ticking.yaml", "version: 1\nschedules: { often: { job: scan, cron: '* * * * ? *' } }\n");
    let place = format!("s3://{bucket}/aftermove.yaml");
    aws(&local, &["s3", "cp", "--only-show-errors", config.to_str().unwrap(), &place]);
    let now = chrono::Utc::now().format("%Y-%m-%dT%H:00:00Z").to_string();
    let who = json!({ "asked_by": "ann <!channel>", "reason": "INC-42" });
    for (event, says) in [
        (json!({ "job": "scan" }), json!({ "new": 0 })),
        (json!({ "job": "digest" }), json!({ "complete": true })),
        (json!({ "job": "incident", "since": "3h" }), json!({ "complete": true })),
        (json!({ "job": "review" }), json!({ "complete": true })),
        (json!({ "tick": now }), json!({ "tick": now, "left": [] })),
    ] {
        let asked = event["job"].is_string();
        let mut sent = event.clone();
        if asked {
            sent.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
        }
        let (reply, failed) = invoke(&local, &sent);
        assert_eq!(failed, None, "{event}: {reply:#}");
        for (name, value) in says.as_object().unwrap() {
            assert_eq!(&reply[name], value, "{event}: {reply:#}");
        }
        let reply = if asked { &reply } else { &reply["ran"][0] };
        assert!(reply["headline"].is_string(), "{event}: {reply:#}");
        let place = reply["report"].as_str().unwrap_or_else(|| panic!("{event}: {reply:#}"));
        let key = place.strip_prefix(&format!("s3://{bucket}/")).unwrap();
        let kept: Value = serde_json::from_slice(&object(&local, bucket, key)).unwrap();
        assert_eq!(kept["run"]["id"], reply["run_id"]);
        let trigger = event["job"].as_str().filter(|job| ["incident", "review"].contains(job));
        let trigger = trigger.unwrap_or(if asked { "manual" } else { "schedule" });
        assert_eq!(kept["run"]["trigger"], trigger);
        let told = crate::delivery::receive(&local, person.as_str().unwrap()).await;
        let [(attributes, body)] = told.as_slice() else { panic!("{event}: {told:#?}") };
        let kind = event["job"].as_str().filter(|job| *job != "scan").unwrap_or("summary");
        assert_eq!(attributes["kind"], kind, "{event}");
        if asked {
            assert!(body.contains("ann <!channel>") && body.contains("INC-42"), "{event}: {body}");
        }
    }
    assert_eq!(waiting(&local, &machine).await, [] as [Value; 0], "nothing is found in it");

    // what fails is not tried again, and waits with its error
    let event = json!({ "job": "dance" });
    let ignored = local.folder.path().join("ignored");
    let asynchronous =
        ["lambda", "invoke", "--function-name", STACK, "--invocation-type", "Event", "--payload"];
    aws(&local, &[&asynchronous[..], &[&event.to_string(), ignored.to_str().unwrap()]].concat());
    let depth = || {
        let attributes = ["--attribute-names", "ApproximateNumberOfMessages", "--queue-url"];
        let queue = &*outputs["FailedQueueUrl"];
        let told = aws(&local, &[&["sqs", "get-queue-attributes"], &attributes[..], &[queue]].concat());
        (told["Attributes"]["ApproximateNumberOfMessages"] == "1").then_some(())
    };
    until("the failure's message", depth);
    let failed = waiting(&local, &outputs["FailedQueueUrl"]).await;
    assert_eq!(failed[0]["requestPayload"], event, "{failed:#?}");
    assert_eq!(failed[0]["responsePayload"]["errorType"], "InvalidEvent", "{failed:#?}");

    // the tick, more often than once an hour; the local AWS sees no change where conditions alone make it
    let tick = ["--parameter", "HourlyTick=yes", "--parameter", "LogRetentionDays=30"];
    deployed(&deploy(&local, &[&parameters[..2], &tick].concat(), ""));
    let names =
        aws(&local, &["scheduler", "list-schedules", "--group-name", STACK, "--query", "Schedules[].Name"]);
    assert_eq!(names, json!(["watchman-tick"]));
    let tick = ["--group-name", STACK, "--name", "watchman-tick"];
    let target = aws(&local, &[&["scheduler", "get-schedule"], &tick[..]].concat())["Target"].to_string();
    let often = ["--schedule-expression", "rate(1 minute)", "--flexible-time-window", "Mode=OFF", "--target"];
    aws(&local, &[&["scheduler", "update-schedule"], &tick[..], &often, &[&target]].concat());
    let sqs = aws_sdk_sqs::Client::new(&local.sdk().await);
    let patience = Instant::now() + Duration::from_mins(4);
    loop {
        let waiting = sqs.receive_message().queue_url(person.as_str().unwrap()).send().await.unwrap();
        if let [message] = waiting.messages() {
            assert!(message.body().unwrap().contains("All clear"), "{message:?}");
            break;
        }
        assert!(Instant::now() < patience, "the tick ran nothing");
        tokio::time::sleep(Duration::from_secs(2)).await;
    }

    let posts = slack.received();
    let asked: Vec<bool> =
        posts.iter().map(|post| text_of(&post["message"]).contains("Asked for by ann")).collect();
    assert_eq!(asked, [true, true], "a digest and a review: {posts:#?}");
    assert!(posts.iter().all(|post| post["pings"] == json!([])), "{posts:#?}");
}

/// The local AWS runs functions as their account, and so the same binary runs as a user with the role's policies.
#[test]
fn the_role_allows_a_digest_and_no_more() {
    let local = Local::strict();
    let slack = Slack::start("");
    let bundle = bundle(&local);
    let parameters = ["--bundle", bundle.to_str().unwrap(), "--slack"];
    let further = ["--parameter", "KmsKey=create", "--parameter", "ChatTopic=yes"];
    let outputs = deployed(&deploy(&local, &[&parameters[..], &further].concat(), &slack.url));

    aws(&local, &["iam", "create-user", "--user-name", "role"]);
    let grant = |name: &str, policy: &Value| {
        let policy = policy.to_string();
        let put = ["iam", "put-user-policy", "--user-name", "role", "--policy-name", name];
        aws(&local, &[&put[..], &["--policy-document", &policy]].concat());
    };
    for name in ["read", "write"] {
        let role = &*outputs["FunctionRoleName"];
        let get = ["iam", "get-role-policy", "--role-name", role, "--policy-name", name];
        grant(name, &aws(&local, &get)["PolicyDocument"]);
    }
    // AWS asks for budgets:ViewBudget and sns:Publish instead, which the role has
    let topics = [&outputs["TopicArn"], &outputs["ChatTopicArn"]];
    let statements = json!([
        { "Effect": "Allow", "Action": "budgets:DescribeBudgets", "Resource": "*" },
        { "Effect": "Allow", "Action": "sns:PublishBatch", "Resource": topics },
    ]);
    grant("local", &json!({ "Version": "2012-10-17", "Statement": statements }));
    let keys = aws(&local, &["iam", "create-access-key", "--user-name", "role"])["AccessKey"].clone();
    let function = aws(&local, &["lambda", "get-function-configuration", "--function-name", STACK]);
    let as_role = |mut command: Command| {
        for (name, value) in function["Environment"]["Variables"].as_object().unwrap() {
            command.env(name, value.as_str().unwrap());
        }
        let key = |name: &str| keys[name].as_str().unwrap();
        command.env("AWS_ACCESS_KEY_ID", key("AccessKeyId"));
        command.env("AWS_SECRET_ACCESS_KEY", key("SecretAccessKey")).output().unwrap()
    };
    let digest = || as_role(local.command(&["digest", "--notify", "--format", "json"]));
    // the local AWS has no TLS, which all policies of resources insist on
    let refused = String::from_utf8(digest().stderr).unwrap();
    assert!(refused.contains("explicit deny in a resource-based policy"), "{refused}");
    let bucket = &*outputs["BucketName"];
    aws(&local, &["s3api", "delete-bucket-policy", "--bucket", bucket]);
    let open = r#"{"Version":"2012-10-17","Statement":[]}"#;
    for topic in topics {
        let set = ["sns", "set-topic-attributes", "--topic-arn", topic];
        aws(&local, &[&set[..], &["--attribute-name", "Policy", "--attribute-value", open]].concat());
    }
    local.forget("journal");
    let output = digest();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let requests = local.requests();
    let denied = requests.iter().filter(|request| request["status"] == 403);
    let denied: Vec<&Value> = denied.map(|request| &request["operation"]).collect();
    assert_eq!(denied, ["GetQueueAttributes"], "of the one that insists on TLS still: {told}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{told}"));
    let denied = report["coverage"].as_array().unwrap().iter().filter(|row| row["status"] == "denied");
    assert_eq!(denied.count(), 1, "{:#}", report["coverage"]);
    let sent = |topic: &str| {
        let of = |request: &&Value| {
            let operation = request["operation"].as_str().unwrap_or_default();
            operation.starts_with("Publish") && request["params"]["TopicArn"] == topic
        };
        requests.iter().filter(of).count()
    };
    assert_eq!((sent(topics[0]), sent(topics[1])), (2, 1), "a digest and a finding, and a notification");
    assert_eq!(slack.received().len(), 1);

    for forbidden in [
        &["sns", "publish", "--topic-arn", &outputs["AlarmTopicArn"], "--message", "x"][..],
        &["s3", "ls", "s3://aftermove-bundles-000000000000-eu-west-1"],
        &["s3api", "delete-object", "--bucket", bucket, "--key", "state.json"],
        &["lambda", "invoke", "--function-name", STACK, "reply.json"],
    ] {
        let mut command = local.environment(Command::new(root().join("localstack/aws")));
        command.args(forbidden);
        let output = as_role(command);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains("not authorized"), "{forbidden:?}: {told}");
    }
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
