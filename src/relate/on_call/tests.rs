use serde_json::{Value, json};

use super::*;
use crate::relate::testing::{read, scope};

const ALL: [&str; 3] = [Alarm::TYPE, Topic::TYPE, Subscription::TYPE];

fn sns(name: &str) -> String {
    format!("arn:aws:sns:eu-west-1:111111111111:{name}")
}

/// Who may publish, in the words of the default policy.
fn open() -> Value {
    let policy = json!({ "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": ["SNS:Publish"], "Resource": "*",
        "Condition": { "StringEquals": { "AWS:SourceOwner": "111111111111" } },
    }] });
    json!({ "policy": policy.to_string() })
}

/// For `events.amazonaws.com` alone, or on a condition that cannot be judged.
fn narrow(principal: &str, condition: &Value) -> Value {
    let policy = json!({ "Statement": {
        "Effect": "Allow", "Principal": { "Service": principal }, "Action": "*", "Resource": "*", "Condition": condition,
    } });
    json!({ "policy": policy.to_string() })
}

/// Encrypted with a key that nobody but the account may use.
fn sealed(key: Value) -> Value {
    let mut access = open();
    access["kms_master_key_id"] = json!("alias/ops");
    access["key"] = key;
    access
}

/// Topics: `ops` is whole, `silent` has no subscription, `pending` only unconfirmed ones; the
/// others have subscribers, and are named for what is wrong with them.
fn judged(alarms: Value, complete: &[&str]) -> Vec<Option<OnCall>> {
    let mut resources = read(Alarm::TYPE, alarms);
    resources.extend(read(
        Topic::TYPE,
        json!([
            { "arn": sns("ops"), "access": open() },
            { "arn": sns("silent") },
            { "arn": sns("pending") },
            { "arn": sns("refusing"), "access": narrow("events.amazonaws.com", &json!({})) },
            { "arn": sns("unclear"), "access": narrow("cloudwatch.amazonaws.com", &json!({ "StringEquals": { "aws:SourceOrgID": "o-1" } })) },
            { "arn": sns("unread") },
            { "arn": sns("managed"), "access": sealed(json!({ "key_manager": "AWS", "key_state": "Enabled" })) },
            { "arn": sns("sealed"), "access": sealed(json!({
                "arn": "arn:key", "key_manager": "CUSTOMER", "key_state": "Enabled", "policy": json!({ "Statement": [] }).to_string(),
            })) },
            { "arn": sns("unread-key"), "access": sealed(Value::Null) },
        ]),
    ));
    let mut subscriptions = json!([
        { "arn": "arn:1", "topic_arn": sns("ops"), "protocol": "email", "confirmed": true },
        { "arn": "arn:2", "topic_arn": sns("ops"), "protocol": "https", "confirmed": true },
        { "topic_arn": sns("ops"), "protocol": "email" },
        { "topic_arn": sns("pending"), "protocol": "email" },
        { "arn": "Deleted", "topic_arn": sns("silent"), "protocol": "email", "confirmed": true },
        { "arn": "arn:3", "topic_arn": sns("deleted"), "protocol": "email", "confirmed": true },
    ]);
    for name in ["refusing", "unclear", "unread", "managed", "sealed", "unread-key"] {
        let heard = json!({ "arn": "arn:4", "topic_arn": sns(name), "protocol": "email", "confirmed": true });
        subscriptions.as_array_mut().unwrap().push(heard);
    }
    resources.extend(read(Subscription::TYPE, subscriptions));
    on_call(&scope(resources, complete))
}

fn ways(alarms: Value, complete: &[&str]) -> Vec<String> {
    judged(alarms, complete)
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

#[test]
fn a_topic_that_takes_nothing_from_cloudwatch_reaches_nobody_whoever_subscribes() {
    assert_eq!(
        way(&[&sns("refusing")]),
        "broken topic_policy: the policy of topic `refusing` does not let CloudWatch alarms publish to it"
    );
    assert_eq!(
        way(&[&sns("managed")]),
        "broken topic_key: topic `managed` is encrypted with the key that AWS manages, which does not let CloudWatch \
         alarms use it"
    );
    assert_eq!(
        way(&[&sns("sealed")]),
        "broken topic_key: topic `sealed` is encrypted with key arn:key, whose policy does not let CloudWatch alarms use it"
    );
    assert!(way(&[&sns("sealed"), &sns("ops")]).starts_with("person"));
}

#[test]
fn who_may_publish_stays_open_where_it_cannot_be_judged_or_was_not_read() {
    assert_eq!(
        way(&[&sns("unclear")]),
        "unknown -: the policy of topic `unclear` has terms that cannot be judged from here"
    );
    assert_eq!(way(&[&sns("unread")]), "null");
    assert_eq!(way(&[&sns("unread-key")]), "null");
    assert_eq!(way(&[&sns("refusing"), &sns("unread")]), "null");
}

#[test]
fn the_place_where_the_way_breaks_off_is_named() {
    let found =
        judged(json!([acting(&[sns("gone"), sns("sealed"), sns("refusing")])]), &ALL).remove(0).unwrap();
    assert_eq!(found.hop.as_deref(), Some("topic_key"), "the furthest of three");
    assert_eq!(found.topic_arn, Some(sns("sealed")));
    assert_eq!(found.key_arn.as_deref(), Some("arn:key"));
    let found = judged(json!([acting(&[])]), &ALL).remove(0).unwrap();
    assert_eq!((found.topic_arn, found.key_arn), (None, None));
}
