use serde_json::{Value, json};

use super::*;
use crate::relate::testing::{read, scope};

const ALL: [&str; 3] = [Alarm::TYPE, Topic::TYPE, Subscription::TYPE];

fn sns(name: &str) -> String {
    format!("arn:aws:sns:eu-west-1:111111111111:{name}")
}

/// Topics: `ops` is whole, `silent` has no subscription, `pending` only unconfirmed ones.
fn ways(alarms: Value, complete: &[&str]) -> Vec<String> {
    let mut resources = read(Alarm::TYPE, alarms);
    resources.extend(read(
        Topic::TYPE,
        json!([{ "arn": sns("ops") }, { "arn": sns("silent") }, { "arn": sns("pending") }]),
    ));
    let subscriptions = json!([
        { "arn": "arn:1", "topic_arn": sns("ops"), "protocol": "email", "confirmed": true },
        { "arn": "arn:2", "topic_arn": sns("ops"), "protocol": "https", "confirmed": true },
        { "topic_arn": sns("ops"), "protocol": "email" },
        { "topic_arn": sns("pending"), "protocol": "email" },
        { "arn": "Deleted", "topic_arn": sns("silent"), "protocol": "email", "confirmed": true },
        { "arn": "arn:3", "topic_arn": sns("deleted"), "protocol": "email", "confirmed": true },
    ]);
    resources.extend(read(Subscription::TYPE, subscriptions));
    on_call(&scope(resources, complete))
        .into_iter()
        .map(|way| {
            way.map_or("null".to_owned(), |way| {
                format!("{} {}: {}", way.reaches, way.hop.as_deref().unwrap_or("-"), way.detail)
            })
        })
        .collect()
}

fn acting(actions: &[String]) -> Value {
    json!({ "name": "a", "actions_enabled": true, "alarm_actions": actions })
}

fn way(actions: &[&str]) -> String {
    let actions: Vec<String> = actions.iter().map(|&action| action.to_owned()).collect();
    ways(json!([acting(&actions)]), &ALL).remove(0)
}

#[test]
fn each_hop_has_its_name() {
    assert_eq!(
        ways(json!([{ "actions_enabled": false, "alarm_actions": [sns("ops")] }]), &ALL),
        ["broken actions_disabled: its actions are disabled"]
    );
    assert_eq!(way(&[]), "broken no_action: it has no action for its ALARM state");
    assert_eq!(
        way(&[&sns("deleted")]),
        "broken topic_missing: topic `deleted` does not exist",
        "though a subscription of it is still listed"
    );
    assert_eq!(way(&[&sns("silent")]), "broken no_subscription: topic `silent` has no subscription");
    assert_eq!(
        way(&[&sns("pending")]),
        "broken unconfirmed_subscription: topic `pending` has only 1 subscription waiting to be confirmed (1 email)"
    );
}

#[test]
fn one_whole_way_is_enough() {
    let whole = "topic `ops` has 2 confirmed subscriptions (1 email, 1 https)";
    assert_eq!(way(&[&sns("ops")]), format!("person -: {whole}"));
    assert_eq!(
        way(&[&sns("silent"), "arn:aws:sns:us-east-1:222222222222:far", &sns("ops")]),
        format!("person -: {whole}")
    );
    assert_eq!(
        way(&["arn:aws:ssm-incidents::111111111111:response-plan/web"]),
        "person -: Incident Manager's response-plan web"
    );
    assert_eq!(
        way(&["arn:aws:ssm:eu-west-1:111111111111:opsitem:2#CATEGORY=Availability"]),
        "person -: an OpsItem in OpsCenter"
    );
}

#[test]
fn several_broken_ways_tell_the_furthest_hop_and_all_details() {
    assert_eq!(
        way(&[&sns("pending"), &sns("gone")]),
        "broken unconfirmed_subscription: topic `pending` has only 1 subscription waiting to be confirmed (1 email); \
         topic `gone` does not exist"
    );
}

#[test]
fn a_topic_elsewhere_is_unknown() {
    let expected =
        "unknown -: topic `ops` is in account 222222222222, region eu-west-1, beyond what was read here";
    assert_eq!(way(&[&sns("silent"), "arn:aws:sns:eu-west-1:222222222222:ops"]), expected);
}

#[test]
fn machines_are_driven_on_purpose() {
    assert_eq!(
        way(&[
            "arn:aws:autoscaling:eu-west-1:111111111111:scalingPolicy:1:resource/ecs/service/web:policyName/out"
        ]),
        "machine -: its action only drives autoscaling"
    );
    assert_eq!(
        way(&["arn:aws:automate:eu-west-1:ec2:recover"]),
        "machine -: its action changes an EC2 instance"
    );
    assert_eq!(
        way(&["arn:aws:lambda:eu-west-1:111111111111:function:heal", &sns("silent")]),
        "broken no_subscription: topic `silent` has no subscription",
        "a topic is there for a person"
    );
}

#[test]
fn a_composite_above_that_reaches_a_person_is_enough() {
    let child = json!({ "name": "a" });
    let parent = |topic: &str| json!({ "name": "p", "alarm_rule": "ALARM(a)", "actions_enabled": true, "alarm_actions": [topic] });
    assert_eq!(
        ways(json!([child, parent(&sns("ops"))]), &ALL)[0],
        "parent -: composite alarm `p`: topic `ops` has 2 confirmed subscriptions (1 email, 1 https)"
    );
    assert_eq!(
        ways(json!([child, parent(&sns("silent"))]), &ALL)[0],
        "broken actions_disabled: its actions are disabled"
    );
    assert_eq!(
        ways(json!([child, parent("arn:aws:sns:eu-west-1:222222222222:ops")]), &ALL)[0],
        "unknown -: composite alarm `p`: topic `ops` is in account 222222222222, region eu-west-1, beyond what was read here"
    );
}

#[test]
fn what_was_not_read_is_null_only_where_the_answer_hangs_on_it() {
    let of = |topic: &str, complete: &[&str]| ways(json!([acting(&[sns(topic)])]), complete).remove(0);
    assert!(of("ops", &[]).starts_with("person"), "a whole way was seen");
    assert_eq!(of("elsewhere", &[Alarm::TYPE, Subscription::TYPE]), "null");
    assert_eq!(of("silent", &[Alarm::TYPE, Topic::TYPE]), "null");
    assert_eq!(of("silent", &[Topic::TYPE, Subscription::TYPE]), "null", "a composite may stand above");
    assert!(of("silent", &ALL).starts_with("broken"));
}
