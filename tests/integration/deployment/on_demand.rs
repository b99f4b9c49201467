//! What a deployed function answers, and what aftermove finds in its own stack.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{STACK, aws, bundle, deploy, deployed, object, subscribe, until, waiting};
use crate::digest::{Slack, text_of};
use crate::local::{Local, found, root};

type Outputs = BTreeMap<String, String>;

#[tokio::test]
async fn the_deployed_function_answers_on_demand_and_its_stack_has_no_finding() {
    let local = Local::start();
    let slack = Slack::start("");
    let bundle = bundle(&local);
    let bundle = ["--bundle", bundle.to_str().unwrap()];
    let further = ["--slack", "--parameter", "KmsKey=create", "--parameter", "ChatTopic=yes"];
    let first = [&bundle[..], &["--email", "ann@example.com"], &further].concat();
    let outputs = deployed(&deploy(&local, &first, &slack.url));
    nothing_is_found_in_it(&local);
    its_role_has_what_was_generated_and_seven_writes(&local, &outputs);

    let machine = subscribe(&local, &outputs["TopicArn"]);
    let person = aws(&local, &["sqs", "create-queue", "--queue-name", "person"])["QueueUrl"].clone();
    let endpoint = "arn:aws:sqs:eu-west-1:000000000000:person";
    let topic = &*outputs["TopicArn"];
    aws(
        &local,
        &["sns", "subscribe", "--topic-arn", topic, "--protocol", "sqs", "--notification-endpoint", endpoint],
    );
    each_event_is_answered(&local, &outputs["BucketName"], person.as_str().unwrap()).await;
    assert_eq!(waiting(&local, &machine).await, [] as [Value; 0], "nothing is found in it");
    what_fails_waits_with_its_error(&local, &outputs["FailedQueueUrl"]).await;

    // the local AWS sees no change where conditions alone make it
    let tick = ["--parameter", "HourlyTick=yes", "--parameter", "LogRetentionDays=30"];
    deployed(&deploy(&local, &[&bundle[..], &tick].concat(), ""));
    the_tick_runs_what_is_due(&local, person.as_str().unwrap()).await;

    let posts = slack.received();
    let asked: Vec<bool> =
        posts.iter().map(|post| text_of(&post["message"]).contains("Asked for by ann")).collect();
    assert_eq!(asked, [true, true], "a digest and a review: {posts:#?}");
    assert!(posts.iter().all(|post| post["pings"] == json!([])), "{posts:#?}");
}

fn nothing_is_found_in_it(local: &Local) {
    // what any account has that is looked after
    aws(local, &["s3", "mb", "s3://trail"]);
    let trail = ["cloudtrail", "create-trail", "--name", "all", "--s3-bucket-name", "trail"];
    aws(local, &[&trail[..], &["--is-multi-region-trail"]].concat());
    aws(local, &["cloudtrail", "start-logging", "--name", "all"]);
    local.write("all.yaml", "version: 1\npacks: [essential, recommended, strict]\n");
    let (report, code) = local.scan(&["--config", "all.yaml"]);
    assert_eq!(found(&report, &["new", "unknown"]), [] as [&str; 0], "{:#}", report["findings"]);
    assert_eq!(code, 0, "{:#}", report["coverage"]);
    let passed = |policy: &str| {
        let row = report["policies"].as_array().unwrap().iter().find(|row| row["id"] == policy);
        row.unwrap_or_else(|| panic!("no {policy}"))["pass"].as_u64().unwrap()
    };
    assert!(passed("scheduler-no-alarm") > 0 && passed("cloudwatch-alarm-reaches-nobody") >= 6);
}

fn its_role_has_what_was_generated_and_seven_writes(local: &Local, outputs: &Outputs) {
    let role = &*outputs["FunctionRoleName"];
    let read =
        aws(local, &["iam", "get-role-policy", "--role-name", role, "--policy-name", "read"])["PolicyDocument"]
            .clone();
    let generated = std::fs::read(root().join("infra/aftermove-read-only.json")).unwrap();
    assert_eq!(read, serde_json::from_slice::<Value>(&generated).unwrap());
    let write = aws(local, &["iam", "get-role-policy", "--role-name", role, "--policy-name", "write"]);
    let statements = write["PolicyDocument"]["Statement"].as_array().unwrap();
    let allowed: Vec<&str> = statements.iter().map(|statement| statement["Sid"].as_str().unwrap()).collect();
    assert_eq!(allowed, ["Log", "Tell", "Keep", "List", "TellOfFailures", "ReadWebhook", "UseKey"]);
    let bytes = read.to_string().len() + write["PolicyDocument"].to_string().len();
    assert!(bytes < 10_240, "IAM takes 10,240 characters of a role's own policies; these have {bytes}");
}

async fn each_event_is_answered(local: &Local, bucket: &str, person: &str) {
    let config =
        local.write("ticking.yaml", "version: 1\nschedules: { often: { job: scan, cron: '* * * * ? *' } }\n");
    let place = format!("s3://{bucket}/aftermove.yaml");
    aws(local, &["s3", "cp", "--only-show-errors", config.to_str().unwrap(), &place]);
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
        let (reply, failed) = invoke(local, &sent);
        assert_eq!(failed, None, "{event}: {reply:#}");
        for (name, value) in says.as_object().unwrap() {
            assert_eq!(&reply[name], value, "{event}: {reply:#}");
        }
        let reply = if asked { &reply } else { &reply["ran"][0] };
        assert!(reply["headline"].is_string(), "{event}: {reply:#}");
        let place = reply["report"].as_str().unwrap_or_else(|| panic!("{event}: {reply:#}"));
        let key = place.strip_prefix(&format!("s3://{bucket}/")).unwrap();
        let kept: Value = serde_json::from_slice(&object(local, bucket, key)).unwrap();
        assert_eq!(kept["run"]["id"], reply["run_id"]);
        let trigger = event["job"].as_str().filter(|job| ["incident", "review"].contains(job));
        let trigger = trigger.unwrap_or(if asked { "manual" } else { "schedule" });
        assert_eq!(kept["run"]["trigger"], trigger);
        let told = crate::delivery::receive(local, person).await;
        let [(attributes, body)] = told.as_slice() else { panic!("{event}: {told:#?}") };
        let kind = event["job"].as_str().filter(|job| *job != "scan").unwrap_or("summary");
        assert_eq!(attributes["kind"], kind, "{event}");
        if asked {
            assert!(body.contains("ann <!channel>") && body.contains("INC-42"), "{event}: {body}");
        }
    }
}

/// It is not tried again.
async fn what_fails_waits_with_its_error(local: &Local, queue: &str) {
    let event = json!({ "job": "dance" });
    let ignored = local.folder.path().join("ignored");
    let asynchronous =
        ["lambda", "invoke", "--function-name", STACK, "--invocation-type", "Event", "--payload"];
    aws(local, &[&asynchronous[..], &[&event.to_string(), ignored.to_str().unwrap()]].concat());
    let depth = || {
        let attributes = ["--attribute-names", "ApproximateNumberOfMessages", "--queue-url"];
        let told = aws(local, &[&["sqs", "get-queue-attributes"], &attributes[..], &[queue]].concat());
        (told["Attributes"]["ApproximateNumberOfMessages"] == "1").then_some(())
    };
    until("the failure's message", depth);
    let failed = waiting(local, queue).await;
    assert_eq!(failed[0]["requestPayload"], event, "{failed:#?}");
    assert_eq!(failed[0]["responsePayload"]["errorType"], "InvalidEvent", "{failed:#?}");
}

async fn the_tick_runs_what_is_due(local: &Local, person: &str) {
    let names =
        aws(local, &["scheduler", "list-schedules", "--group-name", STACK, "--query", "Schedules[].Name"]);
    assert_eq!(names, json!(["watchman-tick"]));
    let tick = ["--group-name", STACK, "--name", "watchman-tick"];
    let target = aws(local, &[&["scheduler", "get-schedule"], &tick[..]].concat())["Target"].to_string();
    // more often than once an hour
    let often = ["--schedule-expression", "rate(1 minute)", "--flexible-time-window", "Mode=OFF", "--target"];
    aws(local, &[&["scheduler", "update-schedule"], &tick[..], &often, &[&target]].concat());
    let sqs = aws_sdk_sqs::Client::new(&local.sdk().await);
    let patience = Instant::now() + Duration::from_mins(4);
    loop {
        let waiting = sqs.receive_message().queue_url(person).send().await.unwrap();
        if let [message] = waiting.messages() {
            assert!(message.body().unwrap().contains("All clear"), "{message:?}");
            break;
        }
        assert!(Instant::now() < patience, "the tick ran nothing");
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
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
