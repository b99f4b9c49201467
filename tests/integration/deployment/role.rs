//! What the deployed role allows.

use std::process::Command;

use serde_json::{Value, json};

use super::{STACK, aws, bundle, deploy, deployed};
use crate::digest::Slack;
use crate::local::{Local, root};

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
