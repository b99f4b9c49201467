use serde_json::json;

use super::*;
use crate::drift::resource::targets;
use crate::inventory::cloudtrail::Event;

fn event(source: &str, name: &str, request: Value, response: Value) -> Event {
    let mut record = json!({ "awsRegion": "eu-west-1", "recipientAccountId": "111122223333" });
    record["requestParameters"] = request;
    record["responseElements"] = response;
    Event {
        event_source: format!("{source}.amazonaws.com"),
        event_name: name.to_owned(),
        record,
        ..Event::default()
    }
}

/// `action part=value` of each touch.
fn touched(source: &str, name: &str, request: Value) -> Vec<String> {
    told(&event(source, name, request, Value::Null))
}

fn told(event: &Event) -> Vec<String> {
    let record = Record::of(event);
    let target = &targets(record)[0];
    touches(record, target)
        .into_iter()
        .map(|touch| match touch.value {
            Value::Null => format!("{} {}", touch.action, touch.part),
            value => format!("{} {}={value}", touch.action, touch.part),
        })
        .collect()
}

/// Without the values.
fn parts(source: &str, name: &str, request: Value) -> Vec<String> {
    let touched = touched(source, name, request).into_iter();
    touched.map(|text| text.split('=').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn parameters_are_called_as_the_inventory_calls_them() {
    for (written, name) in [
        ("dBInstanceClass", "db_instance_class"),
        ("multiAZ", "multi_az"),
        ("retentionInDays", "retention_in_days"),
        ("VisibilityTimeout", "visibility_timeout"),
        ("enableIAMDatabaseAuthentication", "enable_iam_database_authentication"),
        ("vpcSecurityGroupIds", "vpc_security_group_ids"),
        ("cidrIpv6", "cidr_ipv6"),
        ("idle_timeout.timeout_seconds", "idle_timeout_timeout_seconds"),
        ("healthCheckPath", "health_check_path"),
    ] {
        assert_eq!(snake_case(written), name);
    }
}

#[test]
fn each_rule_of_a_request_is_a_part_and_meets_its_opposite() {
    let request = json!({ "groupId": "sg-1", "ipPermissions": { "items": [
        { "ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432, "groups": {},
            "ipRanges": { "items": [{ "cidrIp": "0.0.0.0/0" }, { "cidrIp": "10.0.0.0/8" }] },
            "ipv6Ranges": { "items": [{ "cidrIpv6": "::/0" }] }, "prefixListIds": {} },
        { "ipProtocol": "-1", "groups": { "items": [{ "groupId": "sg-2" }] }, "ipRanges": {} },
    ] } });
    let expected = [
        "ingress tcp 5432 from 0.0.0.0/0",
        "ingress tcp 5432 from 10.0.0.0/8",
        "ingress tcp 5432 from ::/0",
        "ingress all traffic from sg-2",
    ];
    let added = parts("ec2", "AuthorizeSecurityGroupIngress", request.clone());
    assert_eq!(added, expected.map(|part| format!("added {part}")));
    let removed = parts("ec2", "RevokeSecurityGroupIngress", request);
    assert_eq!(removed, expected.map(|part| format!("removed {part}")));
    let older = json!({ "groupId": "sg-1", "ipProtocol": "tcp", "fromPort": 20, "toPort": 22, "cidrIp": "10.0.0.0/8" });
    assert_eq!(parts("ec2", "AuthorizeSecurityGroupEgress", older), ["added egress tcp 20-22 to 10.0.0.0/8"]);
}

#[test]
fn a_rule_revoked_by_its_id_alone_is_told_from_the_answer_or_by_the_id() {
    let request = json!({ "groupId": "sg-1", "securityGroupRuleIds": { "items": [{ "securityGroupRuleId": "sgr-1" }] } });
    let answer = json!({ "revokedSecurityGroupRuleSet": { "items": [{ "securityGroupRuleId": "sgr-1",
        "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIpv4": "0.0.0.0/0" }] } });
    let answered = told(&event("ec2", "RevokeSecurityGroupIngress", request.clone(), answer));
    assert!(answered[0].starts_with("removed ingress tcp 22 from 0.0.0.0/0="), "{answered:?}");
    assert_eq!(parts("ec2", "RevokeSecurityGroupIngress", request), ["removed rule sgr-1"]);
}

#[test]
fn settings_are_each_a_part_without_what_names_the_resource() {
    let modify = json!({ "dBInstanceIdentifier": "web", "publiclyAccessible": true, "applyImmediately": true,
        "backupRetentionPeriod": 0 });
    assert_eq!(
        touched("rds", "ModifyDBInstance", modify),
        ["set publicly_accessible=true", "set backup_retention_period=0"]
    );
    let service = json!({ "cluster": "production", "service": "worker", "desiredCount": 0, "forceNewDeployment": false });
    assert_eq!(touched("ecs", "UpdateService", service), ["set desired_count=0"]);
    let anew = json!({ "service": "worker", "desiredCount": 2, "forceNewDeployment": true });
    assert_eq!(touched("ecs", "UpdateService", anew), ["set desired_count=2", "did force_new_deployment"]);
    let retention = json!({ "logGroupName": "/ecs/api", "retentionInDays": 30 });
    assert_eq!(touched("logs", "PutRetentionPolicy", retention), ["set retention_in_days=30"]);
    let endless = json!({ "logGroupName": "/ecs/api" });
    assert_eq!(touched("logs", "DeleteRetentionPolicy", endless), ["set retention_in_days"]);
    let queue = json!({ "queueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs",
        "attributes": { "VisibilityTimeout": "30" } });
    assert_eq!(touched("sqs", "SetQueueAttributes", queue), ["set visibility_timeout=\"30\""]);
    let balancer = json!({ "loadBalancerArn": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/50dc",
        "attributes": [{ "key": "idle_timeout.timeout_seconds", "value": "120" }] });
    assert_eq!(
        touched("elasticloadbalancing", "ModifyLoadBalancerAttributes", balancer),
        ["set idle_timeout_timeout_seconds=\"120\""]
    );
}

#[test]
fn a_change_that_waits_for_the_maintenance_window_is_marked() {
    let deferred = |immediately: Value| {
        let request = json!({ "dBInstanceIdentifier": "web", "dBInstanceClass": "db.m7g.large", "applyImmediately": immediately });
        let event = event("rds", "ModifyDBInstance", request, Value::Null);
        touches(Record::of(&event), &targets(Record::of(&event))[0])[0].deferred
    };
    assert!(deferred(json!(false)) && deferred(Value::Null));
    assert!(!deferred(json!(true)));
}

#[test]
fn verbs_tell_what_has_no_row_of_its_own() {
    let cases = [
        (
            "iam",
            "AttachRolePolicy",
            json!({ "roleName": "web", "policyArn": "arn:aws:iam::aws:policy/Admin" }),
            "added role policy arn:aws:iam::aws:policy/Admin",
        ),
        (
            "iam",
            "DetachRolePolicy",
            json!({ "roleName": "web", "policyArn": "arn:aws:iam::aws:policy/Admin" }),
            "removed role policy arn:aws:iam::aws:policy/Admin",
        ),
        (
            "iam",
            "PutRolePolicy",
            json!({ "roleName": "web", "policyName": "s3", "policyDocument": "{}" }),
            "set role policy s3",
        ),
        (
            "iam",
            "DeleteRolePolicy",
            json!({ "roleName": "web", "policyName": "s3" }),
            "removed role policy s3",
        ),
        ("iam", "CreateUser", json!({ "userName": "eve" }), "created the resource"),
        ("iam", "DeleteUser", json!({ "userName": "eve" }), "deleted the resource"),
        (
            "ec2",
            "CreateRoute",
            json!({ "routeTableId": "rtb-1", "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": "nat-1" }),
            "added route to 0.0.0.0/0",
        ),
        (
            "ec2",
            "DeleteRoute",
            json!({ "routeTableId": "rtb-1", "destinationCidrBlock": "0.0.0.0/0" }),
            "removed route to 0.0.0.0/0",
        ),
        (
            "ec2",
            "TerminateInstances",
            json!({ "instancesSet": { "items": [{ "instanceId": "i-1" }] } }),
            "deleted the resource",
        ),
        (
            "ec2",
            "CreateTags",
            json!({ "resourcesSet": { "items": [{ "resourceId": "sg-1" }] },
            "tagSet": { "items": [{ "key": "team", "value": "web" }] } }),
            "set tag team",
        ),
        ("monitoring", "DisableAlarmActions", json!({ "alarmNames": ["api"] }), "set actions_enabled"),
        ("monitoring", "DeleteAlarms", json!({ "alarmNames": ["api"] }), "deleted the resource"),
        ("cloudtrail", "StopLogging", json!({ "name": "main" }), "set is_logging"),
        (
            "sqs",
            "PurgeQueue",
            json!({ "queueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs" }),
            "did PurgeQueue",
        ),
        ("rds", "RebootDBInstance", json!({ "dBInstanceIdentifier": "web" }), "did RebootDBInstance"),
        ("lambda", "InvokeSomething", json!({ "functionName": "f" }), "did InvokeSomething"),
        (
            "route53",
            "ChangeResourceRecordSets",
            json!({ "hostedZoneId": "Z1", "changeBatch": { "changes": [
            { "action": "UPSERT", "resourceRecordSet": { "name": "WWW.example.com.", "type": "A", "tTL": 60 } } ] } }),
            "set record www.example.com A",
        ),
    ];
    for (source, name, request, expected) in cases {
        assert_eq!(parts(source, name, request), [expected], "{name}");
    }
}

#[test]
fn a_record_without_parameters_says_no_more_than_its_name() {
    assert_eq!(touched("rds", "RebootDBInstance", Value::Null), ["did RebootDBInstance"]);
    assert_eq!(touched("rds", "ModifyDBInstance", Value::Null), ["changed ModifyDBInstance"]);
    assert_eq!(
        touched("ec2", "AuthorizeSecurityGroupIngress", Value::Null),
        ["changed AuthorizeSecurityGroupIngress"]
    );
}
