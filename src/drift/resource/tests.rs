use serde_json::{Value, json};

use super::*;
use crate::inventory::cloudtrail::{Event, EventResource};

fn found(event: &Event) -> Vec<String> {
    targets(Record::of(event))
        .iter()
        .map(|target| format!("{} {}", target.id, target.arn).trim_end().to_owned())
        .collect()
}

fn event(source: &str, request: Value, response: Value) -> Event {
    let mut record = json!({ "awsRegion": "eu-west-1", "recipientAccountId": "111111111111" });
    record["requestParameters"] = request;
    record["responseElements"] = response;
    Event {
        event_source: format!("{source}.amazonaws.com"),
        event_name: "Change".to_owned(),
        record,
        ..Event::default()
    }
}

fn of(source: &str, request: Value) -> Vec<String> {
    found(&event(source, request, Value::Null))
}

/// Account and region are `@` in what is expected.
fn check(cases: &[(&str, Value, &str, &str)]) {
    for (source, request, id, arn) in cases {
        let expected = format!("{id} {arn}").replace('@', "eu-west-1:111111111111");
        assert_eq!(of(source, request.clone()), [expected.trim_end()], "{source} {request}");
    }
}

#[rustfmt::skip]
#[test]
fn requests_name_their_resource() {
    check(&[
        ("ec2", json!({ "groupId": "sg-1", "ipPermissions": {} }), "sg-1", "arn:aws:ec2:@:security-group/sg-1"),
        ("ec2", json!({ "ModifySecurityGroupRulesRequest": { "GroupId": "sg-1" } }), "sg-1",
            "arn:aws:ec2:@:security-group/sg-1"),
        ("ec2", json!({ "routeTableId": "rtb-1", "natGatewayId": "nat-1" }), "rtb-1", "arn:aws:ec2:@:route-table/rtb-1"),
        ("ec2", json!({ "DeleteNatGatewayRequest": { "NatGatewayId": "nat-1" } }), "nat-1",
            "arn:aws:ec2:@:natgateway/nat-1"),
        ("ec2", json!({ "snapshotId": "snap-1" }), "snap-1", "arn:aws:ec2:eu-west-1::snapshot/snap-1"),
        ("rds", json!({ "dBInstanceIdentifier": "Main" }), "Main", "arn:aws:rds:@:db:main"),
        ("logs", json!({ "logGroupName": "/ecs/web" }), "/ecs/web", "arn:aws:logs:@:log-group:/ecs/web"),
        ("monitoring", json!({ "alarmName": "5xx" }), "5xx", "arn:aws:cloudwatch:@:alarm:5xx"),
        ("ecs", json!({ "service": "web" }), "web", "arn:aws:ecs:@:service/default/web"),
        ("ecs", json!({ "family": "web" }), "web", ""),
        ("lambda", json!({ "functionName": "mail" }), "mail", "arn:aws:lambda:@:function:mail"),
        ("s3", json!({ "bucketName": "assets" }), "assets", "arn:aws:s3:::assets"),
        ("iam", json!({ "roleName": "deploy", "policyArn": "arn:aws:iam::aws:policy/Admin" }), "deploy", ""),
        ("sqs", json!({ "queueUrl": "https://sqs.eu-west-1.amazonaws.com/111111111111/jobs" }), "jobs",
            "arn:aws:sqs:@:jobs"),
        ("route53", json!({ "hostedZoneId": "/hostedzone/Z1" }), "Z1", "arn:aws:route53:::hostedzone/Z1"),
    ]);
}

#[rustfmt::skip]
#[test]
fn arns_in_requests_become_the_resource_that_a_person_knows() {
    const WEB: &str = "arn:aws:elasticloadbalancing:@:loadbalancer/app/web/50dc";
    let arn = |key: &str, arn: &str| json!({ key: format!("arn:aws:{}", arn.replace('@', "eu-west-1:111111111111")) });
    check(&[
        ("elasticloadbalancing", arn("loadBalancerArn", "elasticloadbalancing:@:loadbalancer/app/web/50dc"), "web", WEB),
        ("elasticloadbalancing", arn("listenerArn", "elasticloadbalancing:@:listener/app/web/50dc/f2f7"), "web", WEB),
        ("elasticloadbalancing", arn("ruleArn", "elasticloadbalancing:@:listener-rule/app/web/50dc/f2f7/9683"), "web", WEB),
        ("elasticloadbalancing", arn("targetGroupArn", "elasticloadbalancing:@:targetgroup/web/73e2"), "web",
            "arn:aws:elasticloadbalancing:@:targetgroup/web/73e2"),
        ("ecs", with_service(arn("cluster", "ecs:@:cluster/prod")), "web", "arn:aws:ecs:@:service/prod/web"),
        ("lambda", arn("functionName", "lambda:@:function:mail:live"), "mail", "arn:aws:lambda:@:function:mail"),
        ("lambda", arn("resource", "lambda:@:event-source-mapping:14e0"), "14e0", "arn:aws:lambda:@:event-source-mapping:14e0"),
        ("logs", arn("logGroupIdentifier", "logs:@:log-group:/ecs/web:*"), "/ecs/web", "arn:aws:logs:@:log-group:/ecs/web"),
        ("sns", arn("subscriptionArn", "sns:@:ops:6b0e"), "ops", "arn:aws:sns:@:ops"),
        ("cloudformation", arn("stackName", "cloudformation:@:stack/web/8d9e"), "web",
            "arn:aws:cloudformation:@:stack/web/8d9e"),
        ("backup", arn("resourceArn", "backup:@:backup-vault:main"), "main", "arn:aws:backup:@:backup-vault:main"),
    ]);
}

fn with_service(mut request: Value) -> Value {
    request["service"] = json!("web");
    request
}

#[test]
fn what_was_created_is_named_in_the_response() {
    let created = event("ec2", json!({ "groupName": "web", "vpcId": "vpc-1" }), json!({ "groupId": "sg-1" }));
    assert_eq!(found(&created), ["sg-1 arn:aws:ec2:eu-west-1:111111111111:security-group/sg-1"]);
    let nat = event(
        "ec2",
        json!({ "CreateNatGatewayRequest": { "SubnetId": "subnet-1" } }),
        json!({ "CreateNatGatewayResponse": { "natGateway": { "natGatewayId": "nat-1" } } }),
    );
    assert_eq!(found(&nat), ["nat-1 arn:aws:ec2:eu-west-1:111111111111:natgateway/nat-1"]);
}

#[test]
fn one_event_may_change_several() {
    let instances = json!({ "instancesSet": { "items": [{ "instanceId": "i-2" }, { "instanceId": "i-1" }, { "instanceId": "i-2" }] } });
    assert_eq!(
        of("ec2", instances),
        [
            "i-1 arn:aws:ec2:eu-west-1:111111111111:instance/i-1",
            "i-2 arn:aws:ec2:eu-west-1:111111111111:instance/i-2",
        ]
    );
    assert_eq!(of("monitoring", json!({ "alarmNames": ["a", "b"] })).len(), 2);
}

#[test]
fn partitions_follow_the_region() {
    let mut event = event("s3", json!({ "bucketName": "assets" }), Value::Null);
    event.record["awsRegion"] = json!("cn-north-1");
    assert_eq!(found(&event), ["assets arn:aws-cn:s3:::assets"]);
}

#[test]
fn omitted_parameters_fall_back_to_the_lookups_resources_and_then_to_the_event() {
    let resource = |kind: &str, name: &str| EventResource {
        resource_type: Some(kind.to_owned()),
        resource_name: Some(name.to_owned()),
    };
    let mut omitted = event("glacier", Value::Null, Value::Null);
    omitted.resources = vec![
        resource("AWS::IAM::AccessKey", "AKIA"),
        resource("AWS::EC2::VPC", "vpc-1"),
        resource("AWS::Glacier::Vault", "old"),
    ];
    assert_eq!(found(&omitted), ["old"], "the service's own before another's");
    omitted.resources.pop();
    assert_eq!(found(&omitted), ["vpc-1"]);
    omitted.resources.pop();
    assert_eq!(found(&omitted), ["glacier:Change"]);
    let hidden = of("s3", json!({ "bucketName": "HIDDEN_DUE_TO_SECURITY_REASONS" }));
    assert_eq!(hidden, ["s3:Change"]);
}
