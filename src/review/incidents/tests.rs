use serde_json::json;

use super::super::testing::{ago, alarm, fired, rds_event, service, told, week, went};
use crate::incident::testing::{now, resource};
use crate::inventory::Resource;

fn of(resources: Vec<Resource>) -> Vec<(String, usize)> {
    told(resources).incidents.iter().map(|one| (one.called(), one.symptoms.len())).collect()
}

#[test]
fn what_comes_within_minutes_is_one_and_the_worst_is_first() {
    let mut resources = week();
    resources.extend(fired("web-5xx", 5000, 300));
    let review = told(resources);
    let told: Vec<String> = review
        .incidents
        .iter()
        .map(|one| {
            let symptoms: Vec<&str> = one.symptoms.iter().map(|symptom| symptom.text.as_str()).collect();
            format!("{} min, {}: {}", one.seconds(now()) / 60, one.resources.join(", "), symptoms.join(" | "))
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    33 min, service web, alarm web-5xx, DB instance orders: a deployment of service web failed and was taken back: (service web) (deployment ecs-svc/3) deployment failed: tasks failed to start | alarm web-5xx was in ALARM for 28 minutes | DB instance orders: Multi-AZ instance failover started | DB instance orders: Multi-AZ instance failover completed
    300 min, alarm web-5xx: alarm web-5xx was in ALARM for 5 hours
    ");
    assert_eq!(review.flickers, 35, "they ended by themselves");
}

#[test]
fn the_same_alarm_within_the_hour_is_the_same_trouble() {
    let fires = |gap: i64| {
        let mut resources = vec![alarm("web-5xx")];
        resources.extend(fired("web-5xx", 1000, 20));
        resources.extend(fired("web-5xx", 1000 - 20 - gap, 20));
        of(resources).len()
    };
    assert_eq!((fires(59), fires(61)), (1, 2));
}

#[test]
fn a_long_alarm_does_not_swallow_the_trouble_of_others() {
    let mut resources = vec![alarm("web-5xx"), rds_event(500, "failure", "it failed")];
    resources.extend(fired("web-5xx", 1000, 900));
    assert_eq!(of(resources).len(), 2);
}

#[test]
fn what_an_alarm_watches_joins_it_with_that() {
    let watching = resource(
        "AWS::CloudWatch::Alarm",
        json!({ "id": "orders-cpu", "alarm_actions": ["arn:aws:sns:eu-west-1:1:a"],
            "watches": [{ "resource_type": "AWS::RDS::DBInstance", "name": "orders" }] }),
    );
    let mut resources = vec![watching, rds_event(955, "low storage", "The free storage is nearly gone.")];
    resources.extend(fired("orders-cpu", 1000, 30));
    assert_eq!(of(resources), [("DB instance orders".to_owned(), 2)]);
}

#[test]
fn only_what_hurts_counts() {
    let newborn = resource("AWS::RDS::DBInstance", json!({ "id": "orders", "created_at": ago(310) }));
    assert_eq!(of(vec![rds_event(300, "backup", "Finished DB Instance backup")]), []);
    assert_eq!(of(vec![newborn, rds_event(300, "availability", "DB instance restarted")]), []);
    assert_eq!(of(vec![rds_event(300, "availability", "DB instance restarted")]).len(), 1);
    let scaling = resource(
        "AWS::CloudWatch::Alarm",
        json!({ "id": "cpu-high", "alarm_actions": ["arn:aws:autoscaling:eu-west-1:1:scalingPolicy:1"] }),
    );
    let mut resources = vec![scaling];
    resources.extend(fired("cpu-high", 1000, 60));
    resources.extend(fired("TargetTracking-service/production/web-AlarmHigh", 1000, 60));
    assert_eq!(of(resources), [], "they drive machines");
}

#[test]
fn what_goes_on_has_no_end_and_what_began_before_is_no_incident_of_the_week() {
    let resources = vec![
        alarm("web-5xx"),
        went("web-5xx", ago(90), "OK", "ALARM"),
        alarm("api-5xx"),
        went("api-5xx", ago(700), "ALARM", "OK"),
    ];
    let review = told(resources);
    assert_eq!(review.incidents.len(), 1);
    assert_eq!((review.incidents[0].until, review.incidents[0].seconds(now())), (None, 90 * 60));
    assert!(review.noise.iter().any(|alarm| alarm.name == "api-5xx" && alarm.in_alarm_seconds > 9000 * 60));
}

#[test]
fn a_failed_rollout_that_ecs_forgot_to_tell_is_known_by_its_state() {
    let failed = json!({ "deployments": [{ "id": "ecs-svc/3", "status": "ACTIVE", "rollout_state": "FAILED",
        "rollout_state_reason": "ECS deployment circuit breaker: tasks failed to start.", "updated_at": ago(100) }] });
    let review = told(vec![service(&[], &failed)]);
    assert_eq!(review.deployments.failed, 1);
    assert_eq!(review.incidents[0].called(), "service web");
}
