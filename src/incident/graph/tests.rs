use serde_json::json;

use super::*;
use crate::incident::testing::{account, inventory, resource};

fn at(graph: &Graph<'_>, resource_type: &str, id: &str) -> usize {
    let meta =
        Meta { id: id.into(), account: "111122223333".into(), region: "eu-west-1".into(), ..Meta::default() };
    graph.find(resource_type, &meta).unwrap_or_else(|| panic!("no {id}"))
}

/// From the first to the second: hops, and the resource in between.
fn hops(resources: Vec<Resource>, from: (&str, &str), to: (&str, &str)) -> Option<(u8, Option<String>)> {
    let inventory = inventory(resources);
    let graph = Graph::of(&inventory);
    let (from, to) = (at(&graph, from.0, from.1), at(&graph, to.0, to.1));
    let way = graph.around(&graph.focus(from)).get(&to).copied()?;
    Some((way.hops, way.via.map(|via| graph.node(via).meta.id.clone())))
}

const BALANCER: (&str, &str) = (LoadBalancer::TYPE, "web");
const SERVICE: (&str, &str) = ("AWS::ECS::Service", "web");
const DATABASE: (&str, &str) = (DbInstance::TYPE, "orders");
const GROUP: (&str, &str) = ("AWS::EC2::SecurityGroup", "sg-0a1b2c3d");

#[test]
fn a_service_is_joined_to_its_load_balancer_by_the_target_group() {
    assert_eq!(hops(account(), SERVICE, (TargetGroup::TYPE, "web")), Some((1, None)));
    assert_eq!(hops(account(), BALANCER, SERVICE), Some((2, Some("web".into()))));
}

#[test]
fn a_database_is_joined_to_its_security_groups() {
    assert_eq!(hops(account(), DATABASE, GROUP), Some((1, None)));
    assert_eq!(hops(account(), (DbInstance::TYPE, "web"), GROUP), None);
}

#[test]
fn one_vpc_joins_nothing_to_anything() {
    assert_eq!(hops(account(), GROUP, (Vpc::TYPE, "vpc-0a1b2c3d")), Some((1, None)));
    assert_eq!(hops(account(), GROUP, BALANCER), None);
}

#[test]
fn one_topic_does_not_join_the_alarms_that_it_serves() {
    let mut resources = account();
    let other = json!({ "id": "other", "alarm_actions": ["arn:aws:sns:eu-west-1:111122223333:oncall"],
        "watches": [{ "resource_type": "AWS::RDS::DBInstance", "name": "orders" }] });
    resources.push(resource(Alarm::TYPE, other));
    assert_eq!(hops(resources, (Alarm::TYPE, "web-5xx"), DATABASE), None);
}

#[test]
fn an_alarm_stands_for_what_it_watches() {
    assert_eq!(hops(account(), (Alarm::TYPE, "web-5xx"), BALANCER), Some((0, None)));
    assert_eq!(hops(account(), (Alarm::TYPE, "web-5xx"), SERVICE), Some((2, Some("web".into()))));
}

#[test]
fn a_composite_alarm_stands_for_what_its_children_watch() {
    let mut resources = account();
    let parent = json!({ "id": "degraded", "alarm_type": "composite", "alarm_rule": "ALARM(\"web-5xx\") OR ALARM(\"gone\")" });
    resources.push(resource(Alarm::TYPE, parent));
    assert_eq!(hops(resources, (Alarm::TYPE, "degraded"), BALANCER), Some((0, None)));
}

#[test]
fn names_that_different_things_share_join_nothing() {
    let mut resources = account();
    resources.push(resource("AWS::Logs::LogGroup", json!({ "id": "web", "log_group_class": "orders" })));
    resources.push(resource("AWS::SQS::Queue", json!({ "id": "sg-0a1b2c3d" })));
    let of_log_group = |to| hops(resources.clone(), ("AWS::Logs::LogGroup", "web"), to);
    assert_eq!([BALANCER, SERVICE, DATABASE].map(of_log_group), [None, None, None]);
    assert_eq!(hops(resources, DATABASE, ("AWS::SQS::Queue", "sg-0a1b2c3d")), None);
}

#[test]
fn what_is_gone_is_joined_by_what_still_names_it() {
    let mut resources = account();
    resources.retain(|resource| resource.type_name() != "AWS::EC2::SecurityGroup");
    let deleted = json!({ "id": "sg-0a1b2c3d", "changed_type": "AWS::EC2::SecurityGroup", "by": "person" });
    resources.push(resource(Change::TYPE, deleted));
    assert_eq!(hops(resources, DATABASE, GROUP), Some((1, None)));
}

#[test]
fn a_stack_is_joined_to_what_carries_its_tag_and_a_record_to_its_balancer() {
    let mut resources = account();
    let tags = json!({ "id": "shop", "tags": { "aws:cloudformation:stack-name": "shop" } });
    resources.push(resource(DbInstance::TYPE, tags));
    resources.push(resource(Change::TYPE, json!({ "id": "shop", "changed_type": STACK, "by": "code" })));
    let stack = (STACK, "shop");
    assert_eq!(hops(resources, (DbInstance::TYPE, "shop"), stack), Some((1, None)));
    assert_eq!(
        plain_host("dualstack.web-1.eu-west-1.elb.amazonaws.com."),
        "web-1.eu-west-1.elb.amazonaws.com"
    );
}

#[test]
fn only_ids_that_aws_makes_are_distinctive() {
    for (resource_type, id, distinctive) in [
        ("AWS::EC2::SecurityGroup", "sg-0a1b2c3d", true),
        ("AWS::EC2::EIP", "eipalloc-0123456789abcdef0", true),
        ("AWS::EC2::VPC", "vpc-1", false),
        ("AWS::SQS::Queue", "orders-20261101", false),
        (HostedZone::TYPE, "Z0123456789ABC", true),
        (HostedZone::TYPE, "example.com", false),
    ] {
        assert_eq!(is_distinctive(resource_type, id), distinctive, "{id}");
    }
}
