use serde_json::{Value, json};

use super::*;
use crate::config::Drift;
use crate::inventory::cloudtrail::Event;

const TERRAFORM: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.5.2 (+https://www.terraform.io) terraform-provider-aws/5.7.0 aws-sdk-go-v2/1.18.1";
const CLOUDSHELL: &str = "aws-cli/2.13.5 Python/3.11.4 Linux/4.14 exec-env/CloudShell exe/x86_64.amzn.2 prompt/off command/ec2.authorize";
const CLI: &str = "aws-cli/2.15.30 Python/3.11.8 Darwin/23.4.0 source/arm64 prompt/off command/ec2.authorize";
const BROWSER: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/130.0";

fn sso() -> Value {
    json!({ "type": "AssumedRole",
        "arn": "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Admin_0a1b/ann@example.com",
        "sessionContext": { "sessionIssuer": { "type": "Role", "userName": "AWSReservedSSO_Admin_0a1b",
            "arn": "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0a1b" },
            "webIdFederationData": {} } })
}

fn role(name: &str) -> Value {
    json!({ "type": "AssumedRole", "arn": format!("arn:aws:sts::111111111111:assumed-role/{name}/run-7"),
        "sessionContext": { "sessionIssuer": { "userName": name, "arn": format!("arn:aws:iam::111111111111:role/ci/{name}") } } })
}

fn user() -> Value {
    json!({ "type": "IAMUser", "userName": "bob", "arn": "arn:aws:iam::111111111111:user/bob" })
}

fn with(mut value: Value, key: &str, inner: Value) -> Value {
    value[key] = inner;
    value
}

/// A successful write by `identity` with user agent `agent`, and further fields.
fn write(identity: Value, agent: &str, more: Value) -> Event {
    let mut record = json!({ "userAgent": agent, "readOnly": false, "eventType": "AwsApiCall" });
    record["userIdentity"] = identity;
    let (Value::Object(fields), Value::Object(more)) = (&mut record, more) else {
        panic!("objects are wanted")
    };
    fields.extend(more);
    Event {
        event_source: "ec2.amazonaws.com".to_owned(),
        event_name: "AuthorizeSecurityGroupIngress".to_owned(),
        record,
        ..Event::default()
    }
}

fn settings() -> Settings {
    let drift = Drift {
        automation_roles: vec!["deploy-*".to_owned(), "arn:aws:iam::111111111111:role/ci/release".to_owned()],
        ignore_events: vec!["ec2:CreateTags".to_owned(), "s3:*".to_owned(), "[odd".to_owned()],
        ..Drift::default()
    };
    Settings { drift, own_principals: vec!["aftermove-*".to_owned()] }
}

fn class(event: &Event) -> Class {
    classify(Record::of(event), &Matchers::of(&settings()))
}

fn origin(event: &Event) -> &'static str {
    match class(event) {
        Class::Change { origin, .. } => origin,
        other => panic!("{other:?} is no change"),
    }
}

fn marked() -> Value {
    json!({ "sessionCredentialFromConsole": "true" })
}

fn none() -> Value {
    json!({})
}

fn invoked(by: &str) -> Value {
    with(sso(), "invokedBy", json!(by))
}

#[rustfmt::skip]
#[test]
fn a_persons_ways_are_told_apart() {
    let tls = || with(marked(), "tlsDetails", json!({ "tlsVersion": "TLSv1.3" }));
    let nested = json!({ "attributes": { "sessionCredentialFromConsole": true } });
    let nested = with(sso(), "sessionContext", nested);
    let root = || json!({ "type": "Root", "arn": "arn:aws:iam::111111111111:root" });
    let signin = invoked("signin.amazonaws.com");
    for (expected, event, why) in [
        ("console", write(sso(), "AWS Internal", marked()), "the proxy leaves no TLS details"),
        ("console", write(sso(), BROWSER, tls()), "the browser calls on its own"),
        ("console", write(nested, "AWS Internal", none()), "the mark in the session's attributes"),
        ("console", write(user(), "console.ec2.amazonaws.com", none()), "an old console agent"),
        ("console", write(signin, "signin.amazonaws.com", none()), "signin is no service"),
        ("console", write(invoked("AWS Internal"), "AWS Internal", marked()), "a proxied click"),
        ("console", write(sso(), "AWS Internal", none()), "a person without the mark"),
        ("console", write(root(), "[S3Console/0.4, aws-internal/3]", none()), "a service's console"),
        ("cloudshell", write(sso(), CLOUDSHELL, tls()), "a shell in the console"),
        ("console_credentials", write(sso(), CLI, tls()), "exported console credentials"),
        ("manual_cli", write(sso(), CLI, none()), "SSO on the CLI"),
        ("manual_cli", write(sso(), "Boto3/1.34", none()), "SSO is a person in any client"),
        ("manual_cli", write(user(), CLI, none()), "an IAM user on the CLI"),
        ("manual_cli", write(root(), CLI, none()), "root"),
        ("sdk_unknown", write(user(), "Boto3/1.34", none()), "keys that may be a machine's"),
    ] {
        assert_eq!(origin(&event), expected, "{why}");
    }
}

#[rustfmt::skip]
#[test]
fn code_machines_and_services_are_told_apart() {
    let github = json!({ "webIdFederationData":
        { "federatedProvider": "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com" } });
    let github = with(role("gh"), "sessionContext", github);
    let instance = with(role("web"), "sessionContext", json!({ "ec2RoleDelivery": "2.0" }));
    let function = json!({ "sourceArn": "arn:aws:lambda:eu-west-1:111111111111:function:f" });
    let function = with(role("fn"), "inScopeOf", function);
    let ecs = json!({ "type": "AWSService", "invokedBy": "ecs.amazonaws.com" });
    let stack = invoked("cloudformation.amazonaws.com");
    for (expected, event, why) in [
        ("iac", write(sso(), TERRAFORM, none()), "Terraform"),
        ("iac", write(user(), "OpenTofu/1.8 aws-sdk-go", none()), "OpenTofu"),
        ("iac", write(role("x"), "cloudformation.amazonaws.com", none()), "CloudFormation"),
        ("iac", write(role("deploy-prod"), TERRAFORM, none()), "Terraform in a configured role"),
        ("automation", write(role("deploy-prod"), CLI, none()), "a configured role by glob"),
        ("automation", write(role("release"), BROWSER, none()), "one by its ARN, before its agent"),
        ("automation", write(role("aftermove-scan"), CLI, none()), "aftermove's own role"),
        ("iac", write(github, CLI, none()), "a pipeline"),
        ("automation", write(instance, "Boto3/1.34", none()), "an instance's credentials"),
        ("iac", write(stack, "cloudformation.amazonaws.com", marked()), "a stack that a person updates"),
        ("service", write(invoked("AWS Internal"), "AWS Internal", none()), "without the console's mark"),
        ("service", write(ecs, "ecs.amazonaws.com", none()), "a service itself"),
        ("automation", write(function, "Boto3/1.34", none()), "a function's credentials"),
        ("service", write(role("AWSServiceRoleForECS"), "x", none()), "a service-linked role"),
        ("service", write(role("x"), "autoscaling.amazonaws.com", none()), "a service's agent"),
        ("service", write(Value::Null, "", json!({ "eventType": "AwsServiceEvent" })), "a service event"),
        ("sdk_unknown", write(role("web"), CLI, none()), "a role that is not configured"),
        ("sdk_unknown", write(Value::Null, "", none()), "nothing to go by"),
    ] {
        assert_eq!(origin(&event), expected, "{why}");
    }
}

#[rustfmt::skip]
#[test]
fn what_changed_nothing_is_dropped() {
    let named = |source: &str, name: &str, more: Value| {
        let mut event = write(sso(), BROWSER, with(more, "sessionCredentialFromConsole", json!("true")));
        event.event_source = format!("{source}.amazonaws.com");
        event.event_name = name.to_owned();
        class(&event)
    };
    for (expected, source, name, more) in [
        (Class::Attempt, "ec2", "RunInstances", json!({ "errorCode": "Client.UnauthorizedOperation" })),
        (Class::Attempt, "ec2", "RunInstances", json!({ "responseElements": { "errorCode": "Denied" } })),
        (Class::Read, "ec2", "RunInstances", json!({ "readOnly": "true" })),
        (Class::Read, "ec2", "RunInstances", json!({ "readOnly": true })),
        (Class::Read, "ec2", "DescribeInstances", json!({ "readOnly": "false" })),
        (Class::Noise, "signin", "ConsoleLogin", none()),
        (Class::Noise, "kms", "GenerateDataKey", none()),
        (Class::Noise, "ec2", "CreateTags", none()),
        (Class::Noise, "s3", "PutBucketPolicy", none()),
    ] {
        assert_eq!(named(source, name, more.clone()), expected, "{name} {more}");
    }
    for (source, name, more) in [
        ("ec2", "RunInstances", json!({ "readOnly": "false", "errorCode": "" })),
        ("lambda", "UpdateFunctionCode20150331v2", none()),
        ("example", "HeadlineSet", none()),
    ] {
        assert!(matches!(named(source, name, more), Class::Change { origin: "console", .. }), "{name}");
    }
}

#[test]
fn guesses_say_that_they_are_guesses() {
    let Class::Change { reason, .. } = class(&write(user(), BROWSER, json!({}))) else {
        panic!("a change");
    };
    assert_eq!(reason, format!("low confidence: user agent {BROWSER}, without the console's mark"));
}
