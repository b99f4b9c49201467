use proptest::prelude::*;
use serde_json::json;

use super::testing::{
    ACCOUNT, account, change, deployment, incident_account, inventory, now, resource, told, window,
};
use super::*;
use crate::inventory::{CoverageStatus, Resource};

fn lines(incident: &Incident) -> String {
    let line = |entry: &Entry| {
        let quiet = if entry.quiet { " (quiet)" } else { "" };
        let stands = entry
            .stands
            .as_ref()
            .map(|stands| format!(" [{stands}: {}]", entry.stands_because.as_deref().unwrap_or("")))
            .unwrap_or_default();
        format!("{} {}{quiet}: {}{stands}", entry.time.format("%H:%M"), entry.kind.as_str(), entry.text)
    };
    incident.timeline.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn all_that_happened_is_told_in_order_and_in_words() {
    insta::assert_snapshot!(lines(&told(incident_account())), @r"
    01:00 rds_event (quiet): DB instance orders: Backing up DB instance
    01:25 change: bob@example.com (in the console) added ingress tcp 5432 from 0.0.0.0/0 and ingress tcp 5432 from 203.0.113.0/24 to security group databases (sg-0a1b2c3d), 2 times until 01:26 [partly: still in force: ingress tcp 5432 from 0.0.0.0/0; no longer in force: ingress tcp 5432 from 203.0.113.0/24 (carol put it back with RevokeSecurityGroupIngress at 2026-11-22 02:36 UTC)]
    02:01 change (quiet): ecs.amazonaws.com (an AWS service) called RegisterTargets on target group web
    02:02 deployment: github-deploy/GitHubActions (code) deployed service web (UpdateService): task_definition web:43
    02:06 deployment: (service web) (deployment ecs-svc/1) deployment completed
    02:20 alarm: alarm web-5xx went from OK to ALARM; it watches HTTPCode_Target_5XX_Count of load balancer web
    02:25 rds_event: DB instance orders: Multi-AZ instance failover started.
    02:36 change: carol (on the command line) removed ingress tcp 5432 from 203.0.113.0/24 from security group databases (sg-0a1b2c3d) [undoes: ]
    02:48 alarm: alarm web-5xx went from ALARM to OK; it watches HTTPCode_Target_5XX_Count of load balancer web
    ");
}

#[test]
fn the_causes_of_each_symptom_are_ranked_by_nearness_and_by_what_is_shared() {
    let incident = told(incident_account());
    let causes: Vec<String> = incident
        .explanations
        .iter()
        .map(|explanation| {
            let symptoms: Vec<&str> =
                explanation.symptoms.iter().map(|at| incident.timeline[*at].text.as_str()).collect();
            let causes: Vec<String> = explanation
                .causes
                .iter()
                .map(|cause| format!("  {:.3} {}", cause.weight, cause.reason))
                .collect();
            format!("{}\n{}", symptoms.join("\n"), causes.join("\n"))
        })
        .collect();
    insta::assert_snapshot!(causes.join("\n"), @r"
    alarm web-5xx went from OK to ALARM; it watches HTTPCode_Target_5XX_Count of load balancer web
      0.203 17 minutes before, deploys service web, joined to load balancer web by target group web
    DB instance orders: Multi-AZ instance failover started.
      0.154 59 minutes before, changes security group databases of DB instance orders
    ");
}

#[test]
fn what_came_after_a_symptom_is_no_cause_of_it() {
    let mut resources = account();
    resources.push(change("AWS::ECS::Service", "web", "code", &[deployment("late", "02:21:00")]));
    let alarm = json!({ "id": "a", "name": "web-5xx", "alarm_name": "web-5xx", "timestamp": "2026-11-22T02:20:00Z",
        "old_state": "OK", "new_state": "ALARM" });
    resources.push(resource(AlarmHistoryItem::TYPE, alarm));
    let incident = told(resources);
    assert_eq!(incident.explanations.len(), 1);
    assert_eq!(incident.explanations[0].causes, []);
}

#[test]
fn equal_steps_within_minutes_are_one_entry() {
    let steps: Vec<serde_json::Value> = (0..9)
        .map(|n| deployment(&format!("d{n}"), &format!("01:{:02}:00", if n < 6 { n } else { n + 20 })))
        .collect();
    let mut resources = account();
    resources.push(change("AWS::ECS::Service", "web", "code", &steps));
    let incident = told(resources);
    let counts: Vec<(usize, usize)> = incident
        .timeline
        .iter()
        .filter(|entry| !entry.progress)
        .map(|entry| (entry.count, entry.event_ids.len()))
        .collect();
    assert_eq!(counts, [(6, 6), (3, 3)]);
}

#[test]
fn what_happened_before_the_window_is_not_told() {
    let mut resources = account();
    resources.push(change(
        "AWS::ECS::Service",
        "web",
        "code",
        &[deployment("early", "00:00:00"), deployment("old", "00:00:00")],
    ));
    let mut incident = inventory(resources);
    for change in incident.scopes[0].all_mut::<Change>() {
        change.steps[0].event_time = Some(now() - chrono::TimeDelta::hours(4));
    }
    let told = tell(&incident, &[], window(), None, None);
    let ids: Vec<&str> =
        told.timeline.iter().flat_map(|entry| &entry.event_ids).map(String::as_str).collect();
    assert_eq!(ids, ["old"]);
}

#[test]
fn a_deployment_that_cloudtrail_does_not_tell_of_yet_is_told_by_ecs() {
    let with = |steps: Vec<serde_json::Value>| {
        let mut resources = account();
        let Resource::EcsService(service) = &mut resources[6] else { panic!() };
        service.deployments = serde_json::from_value(json!([{ "id": "ecs-svc/1", "created_at": "2026-11-22T02:02:20Z",
            "task_definition": "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:43", "rollout_state": "IN_PROGRESS" }])).unwrap();
        service.events.clear();
        if !steps.is_empty() {
            resources.push(change("AWS::ECS::Service", "web", "code", &steps));
        }
        lines(&told(resources))
    };
    assert_eq!(with(vec![]), "02:02 deployment: a deployment of web:43 to service web began (IN_PROGRESS)");
    assert_eq!(with(vec![deployment("deploy", "02:02:18")]).lines().count(), 1);
}

#[test]
fn what_could_not_be_read_is_missing_and_said() {
    let mut inventory = inventory(account());
    inventory.scopes[0].coverage.retain(|row| row.resource_type != RdsEvent::TYPE);
    for row in &mut inventory.scopes[0].coverage {
        if row.resource_type == Event::TYPE {
            row.status = CoverageStatus::Partial;
            row.detail = "saw 2026-11-22T02:00:00Z to 2026-11-22T03:00:00Z; throttled".to_owned();
        }
    }
    let window = Window { since: now() - chrono::TimeDelta::days(10), now: now() };
    insta::assert_snapshot!(tell(&inventory, &[], window, None, None).missing.join("\n"), @r"
    Alarms' changes of state are read for seven days, so that nothing of them is told before 2026-11-15 03:00 UTC.
    Changes and deployments of 111122223333 eu-west-1: partial, saw 2026-11-22T02:00:00Z to 2026-11-22T03:00:00Z; throttled.
    Events of databases were not read.
    CloudTrail tells of events up to 15 minutes late: changes after 2026-11-22 02:45 UTC may be missing.
    ");
}

#[test]
fn findings_on_what_happened_and_next_to_it_are_linked() {
    let finding = |resource_type: &str, id: &str, status: Status| {
        let meta =
            Meta { id: id.into(), account: ACCOUNT.into(), region: "eu-west-1".into(), ..Meta::default() };
        Finding {
            id: format!("{resource_type} {id}"),
            status,
            resource_type: resource_type.into(),
            resource: meta,
            ..example()
        }
    };
    let findings = [
        finding("AWS::EC2::SecurityGroup", "sg-0a1b2c3d", Status::New),
        finding("AWS::RDS::DBInstance", "orders", Status::Open),
        finding(Change::TYPE, "sg-0a1b2c3d", Status::New),
        finding("AWS::RDS::DBInstance", "web", Status::New),
        finding("AWS::EC2::VPC", "vpc-0a1b2c3d", Status::New),
        finding("AWS::ElasticLoadBalancingV2::LoadBalancer", "web", Status::Muted),
        finding("AWS::ElasticLoadBalancingV2::LoadBalancer", "web", Status::Unknown),
    ];
    let incident = tell(&inventory(incident_account()), &findings, window(), None, None);
    insta::assert_snapshot!(incident.findings.into_iter().collect::<Vec<_>>().join("\n"), @r"
    AWS::EC2::SecurityGroup sg-0a1b2c3d
    AWS::ElasticLoadBalancingV2::LoadBalancer web
    AWS::RDS::DBInstance orders
    Aftermove::Drift::Change sg-0a1b2c3d
    ");
}

fn example() -> Finding {
    Finding {
        id: String::new(),
        policy: "p".into(),
        severity: crate::policy::outcome::Severity::High,
        status: Status::New,
        resource_type: String::new(),
        resource: Meta::default(),
        title: String::new(),
        message: String::new(),
        why: String::new(),
        fix: String::new(),
        fix_cli: None,
        fix_terraform: None,
        evidence: serde_json::Map::new(),
        monthly_cost_usd: None,
        because_of: Vec::new(),
        explains: Vec::new(),
        first_seen: now(),
        last_seen: now(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn however_the_account_was_read_the_story_is_the_same(shuffled in Just(incident_account()).prop_shuffle()) {
        let (one, other) = (told(incident_account()), told(shuffled));
        prop_assert_eq!(lines(&one), lines(&other));
        let reasons = |incident: &Incident| -> Vec<String> {
            incident.explanations.iter().flat_map(|e| &e.causes).map(|cause| cause.reason.clone()).collect()
        };
        prop_assert_eq!(reasons(&one), reasons(&other));
        prop_assert!(one.timeline.is_sorted_by_key(|entry| entry.time));
        for cause in one.explanations.iter().flat_map(|e| &e.causes) {
            prop_assert!(cause.weight > 0.0 && cause.weight <= 1.0);
        }
    }
}
