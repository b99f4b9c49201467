use serde_json::json;

use super::super::testing::{ago, review, service, told, updates, window};
use super::*;
use crate::incident::testing::{change, resource, step};

#[test]
fn each_deployment_is_counted_timed_and_judged() {
    let friction = review().deployments;
    assert_eq!((friction.count, friction.failed, friction.rolled_back), (4, 1, 1));
    let web = &friction.services[0];
    assert_eq!((web.timed, web.median_seconds, web.slowest_seconds), (3, Some(360), Some(720)));
    assert_eq!(friction.untold, [""; 0]);
}

#[test]
fn an_end_without_a_beginning_is_a_deployment_too() {
    let friction = told(vec![service(
        &[(500, "(service web) (deployment ecs-svc/9) deployment completed.")],
        &json!({}),
    )]);
    let web = &friction.deployments.services[0];
    assert_eq!((web.count, web.timed, web.median_seconds), (1, 0, None));
}

#[test]
fn the_end_of_a_rollback_is_no_deployment_and_no_time() {
    let events = [
        (500, "(service web) (deployment ecs-svc/3) deployment failed: tasks failed to start."),
        (500, "(service web) rolling back to deployment ecs-svc/2."),
        (490, "(service web) (deployment ecs-svc/2) deployment completed."),
    ];
    let friction = told(vec![service(&events, &json!({})), updates(&[520])]).deployments;
    assert_eq!((friction.count, friction.failed, friction.median_seconds), (1, 1, None));
}

#[test]
fn steps_within_minutes_are_one_deployment() {
    let mut steps = Vec::new();
    for (minutes, name) in
        [(100, "UpdateFunctionCode"), (99, "PublishVersion"), (98, "UpdateAlias"), (50, "UpdateFunctionCode")]
    {
        let mut step =
            step(name, name, "00:00:00", "ci", "iac", &json!([{ "part": "code", "action": "did" }]));
        step["event_time"] = json!(ago(minutes));
        step["event_id"] = json!(format!("{name}-{minutes}"));
        steps.push(step);
    }
    let mut function = change("AWS::Lambda::Function", "jobs", "code", &steps);
    Change::of_mut(&mut function).unwrap().event_source = "lambda.amazonaws.com".to_owned();
    let friction = told(vec![function]).deployments;
    assert_eq!((friction.count, friction.failed), (2, 0));
    assert_eq!(
        friction.untold,
        [
            "Of Lambda CloudTrail tells that a deployment began or was stopped, not how it ended or how long it took."
        ]
    );
}

#[test]
fn a_stack_that_is_rolled_back_is_a_failure() {
    let steps: Vec<serde_json::Value> = [(100, "UpdateStack"), (90, "RollbackStack")]
        .into_iter()
        .map(|(minutes, name)| {
            let mut step =
                step(name, name, "00:00:00", "ci", "iac", &json!([{ "part": name, "action": "did" }]));
            step["event_time"] = json!(ago(minutes));
            step
        })
        .collect();
    let mut stack = change("AWS::CloudFormation::Stack", "network", "code", &steps);
    Change::of_mut(&mut stack).unwrap().event_source = "cloudformation.amazonaws.com".to_owned();
    let review = told(vec![stack]);
    assert_eq!((review.deployments.count, review.deployments.rolled_back), (1, 1));
    assert_eq!(review.incidents[0].called(), "stack network");
}

#[test]
fn where_ecs_has_told_more_than_is_read_it_is_said() {
    let events: Vec<(i64, &str)> =
        (0..40).map(|at| (100 + at, "(service web) has reached a steady state.")).collect();
    let untold = told(vec![service(&events, &json!({}))]).deployments.untold;
    assert!(
        untold[0].starts_with("Of service web only the newest 40 events are read, back to 2026-11-22"),
        "{untold:?}"
    );
    let all = resource(
        "AWS::ECS::Service",
        json!({ "id": "web", "events": [{ "created_at": window().now, "message": "x" }] }),
    );
    assert_eq!(told(vec![all]).deployments.untold, [""; 0]);
}
