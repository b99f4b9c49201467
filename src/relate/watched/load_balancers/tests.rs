use serde_json::{Value, json};

use super::*;
use crate::relate::testing::{read, scope};

const WEB: &str = "app/web/50dc";

fn errors(dimensions: Value) -> Value {
    let mut metric = json!({ "namespace": "AWS/ApplicationELB", "metric_name": "HTTPCode_Target_5XX_Count" });
    metric["dimensions"] = dimensions;
    metric
}

/// An alarm called `a` with an action, changed by `with`.
fn alarm(with: Value) -> Value {
    let mut alarm = json!({ "name": "a", "actions_enabled": true, "alarm_actions": ["arn:aws:sns:::ops"] });
    let (Value::Object(alarm_fields), Value::Object(with)) = (&mut alarm, with) else {
        panic!("objects are wanted")
    };
    alarm_fields.extend(with);
    alarm
}

fn all_signals(alarms: Value, complete: &[&str]) -> Vec<Option<BTreeMap<String, SignalCoverage>>> {
    let mut resources = read(
        LoadBalancer::TYPE,
        json!([
            { "arn": "arn:web", "type": "application", "metric_dimension": WEB },
            { "arn": "arn:db", "type": "network", "metric_dimension": "net/db/aaaa" },
        ]),
    );
    resources.extend(read(
        TargetGroup::TYPE,
        json!([
            { "metric_dimension": "targetgroup/web/73e2", "load_balancer_arns": ["arn:web"] },
            { "metric_dimension": "targetgroup/db/bbbb", "load_balancer_arns": ["arn:db"] },
        ]),
    ));
    resources.extend(read(Alarm::TYPE, alarms));
    signals(&scope(resources, complete))
}

/// The verdict on the application load balancer's errors, as `verdict alarm: reason`.
fn verdict(alarms: Value) -> String {
    let signals = all_signals(alarms, &[Alarm::TYPE, TargetGroup::TYPE]).remove(0);
    let coverage = &signals.unwrap()["errors"];
    format!("{} {}: {}", coverage.verdict, coverage.alarm.as_deref().unwrap_or("-"), coverage.reason)
}

#[test]
fn an_alarm_on_the_right_metric_and_dimensions_covers() {
    for dimensions in [
        json!({ "LoadBalancer": WEB }),
        json!({ "LoadBalancer": WEB, "TargetGroup": "targetgroup/web/73e2" }),
        json!({ "TargetGroup": "targetgroup/web/73e2" }),
        json!({ "LoadBalancer": WEB, "AvailabilityZone": "eu-west-1a" }),
    ] {
        assert_eq!(verdict(json!([alarm(json!({ "metric": errors(dimensions) }))])), "covered a: ");
    }
}

#[test]
fn near_misses_say_why() {
    let watching = |dimensions: Value| verdict(json!([alarm(json!({ "metric": errors(dimensions) }))]));
    assert_eq!(
        watching(json!({ "LoadBalancer": "app/web/OLD" })),
        "none -: alarm `a` watches LoadBalancer=app/web/OLD, which does not exist"
    );
    assert_eq!(
        watching(json!({ "LoadBalancer": WEB, "TargetGroup": "targetgroup/db/bbbb" })),
        "none -: alarm `a` watches TargetGroup=targetgroup/db/bbbb, which is none of its target groups"
    );
    assert_eq!(watching(json!({})), "none -: alarm `a` names no LoadBalancer dimension");
    assert_eq!(
        watching(json!({ "LoadBalancer": "net/db/aaaa" })),
        "none -: ",
        "another load balancer's alarm is no near miss"
    );
    assert_eq!(watching(json!({ "TargetGroup": "targetgroup/db/bbbb" })), "none -: ");
    assert_eq!(
        watching(json!({ "LoadBalancer": "app/api/OLD" })),
        "none -: ",
        "nor is that of a deleted one with another name"
    );
}

#[test]
fn unhealthy_hosts_are_only_seen_through_a_target_group() {
    let hosts = |dimensions: Value| {
        let metric = json!({ "namespace": "AWS/ApplicationELB", "metric_name": "UnHealthyHostCount", "dimensions": dimensions });
        let alarms = json!([alarm(json!({ "metric": metric }))]);
        let signals = all_signals(alarms, &[Alarm::TYPE, TargetGroup::TYPE]).remove(0);
        signals.unwrap()["unhealthy_hosts"].clone()
    };
    assert_eq!(
        hosts(json!({ "LoadBalancer": WEB, "TargetGroup": "targetgroup/web/73e2" })).verdict,
        "covered"
    );
    let blind = hosts(json!({ "LoadBalancer": WEB }));
    assert_eq!(blind.verdict, "none");
    assert_eq!(
        blind.reason,
        "alarm `a` names no TargetGroup dimension, without which there is no such metric"
    );
}

#[test]
fn an_alarm_that_does_nothing_does_not_cover() {
    let right = errors(json!({ "LoadBalancer": WEB }));
    assert_eq!(
        verdict(json!([alarm(json!({ "metric": right, "actions_enabled": false }))])),
        "none -: alarm `a` has its actions disabled"
    );
    assert_eq!(
        verdict(json!([alarm(json!({ "metric": right, "alarm_actions": [] }))])),
        "none -: alarm `a` has no action for its ALARM state"
    );
}

#[test]
fn a_composite_alarm_above_acts_for_it() {
    let child = alarm(
        json!({ "metric": errors(json!({ "LoadBalancer": WEB })), "actions_enabled": false, "alarm_actions": [] }),
    );
    let middle = json!({ "name": "m", "alarm_rule": "ALARM(\"a\")" });
    let top = alarm(json!({ "name": "t", "alarm_rule": "ALARM(m) OR ALARM(x)" }));
    let silent = alarm(json!({ "name": "t", "alarm_rule": "ALARM(m)", "actions_enabled": false }));
    assert_eq!(verdict(json!([child, middle, top])), "covered a: ");
    assert_eq!(
        verdict(json!([child, middle, silent])),
        "none -: alarm `a` has no action for its ALARM state"
    );
}

#[test]
fn metric_math_covers_where_the_result_hangs_on_the_metric() {
    let m1 = json!({ "id": "m1", "metric": errors(json!({ "LoadBalancer": WEB })) });
    let with = |entries: Value| verdict(json!([alarm(json!({ "metrics": entries }))]));
    assert_eq!(
        with(json!([m1, { "id": "e1", "expression": "m1 / m2 * 100", "return_data": true }])),
        "covered a: "
    );
    assert_eq!(
        with(json!([m1, { "id": "e1", "expression": "FILL(m1, 0)" },
            { "id": "e2", "expression": "e1 > 5", "return_data": true }])),
        "covered a: ",
        "at one remove"
    );
    assert_eq!(
        with(
            json!([m1, { "id": "band", "expression": "ANOMALY_DETECTION_BAND(m1, 2)", "return_data": true }])
        ),
        "covered a: "
    );
    assert_eq!(
        with(json!([m1, { "id": "e1", "expression": "SUM(METRICS())", "return_data": true }])),
        "covered a: "
    );
    assert_eq!(
        with(json!([m1, { "id": "e1", "expression": "m10 * 2", "return_data": true }])),
        "none -: ",
        "an entry that nothing uses"
    );
}

#[test]
fn a_query_may_cover() {
    let with = |query: &str| {
        verdict(json!([alarm(
            json!({ "metrics": [{ "id": "q", "expression": query, "return_data": true }] })
        )]))
    };
    let maybe = "maybe -: alarm `a` runs a query that may or may not select it";
    assert_eq!(
        with(
            r#"SELECT SUM(HTTPCode_ELB_5XX_Count) FROM SCHEMA("AWS/ApplicationELB", LoadBalancer) GROUP BY LoadBalancer"#
        ),
        maybe
    );
    assert_eq!(
        with(
            r#"SUM(SEARCH('{AWS/ApplicationELB,LoadBalancer} MetricName="HTTPCode_Target_5XX_Count"', 'Sum'))"#
        ),
        maybe
    );
    assert_eq!(with(r#"SELECT SUM(RequestCount) FROM "AWS/ApplicationELB""#), "none -: ");
}

#[test]
fn each_type_of_load_balancer_has_its_own_signals() {
    let nlb = json!({ "namespace": "AWS/NetworkELB", "metric_name": "UnHealthyHostCount",
        "dimensions": { "LoadBalancer": "net/db/aaaa", "TargetGroup": "targetgroup/db/bbbb" } });
    let signals = all_signals(json!([alarm(json!({ "metric": nlb }))]), &[Alarm::TYPE, TargetGroup::TYPE]);
    let told = |index: usize| -> Vec<String> {
        let signals: &BTreeMap<_, _> = signals[index].as_ref().unwrap();
        signals.iter().map(|(name, c)| format!("{name} {}", c.verdict)).collect()
    };
    assert_eq!(told(0), ["errors none", "latency none", "unhealthy_hosts none"]);
    assert_eq!(told(1), ["errors none", "unhealthy_hosts covered"]);
}

#[test]
fn unread_target_groups_matter_only_where_an_alarm_names_one() {
    let by_balancer = alarm(json!({ "metric": errors(json!({ "LoadBalancer": WEB })) }));
    let by_group =
        alarm(json!({ "name": "b", "metric": errors(json!({ "TargetGroup": "targetgroup/unread/1" })) }));
    assert!(all_signals(json!([by_balancer]), &[Alarm::TYPE])[0].is_some(), "the answer is known");
    assert!(all_signals(json!([by_balancer, by_group]), &[Alarm::TYPE])[0].is_some(), "it is covered anyway");
    assert!(all_signals(json!([by_group]), &[Alarm::TYPE])[0].is_none());
    assert!(all_signals(json!([by_balancer]), &[TargetGroup::TYPE])[0].is_none());
}
