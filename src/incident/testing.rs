//! An account, and an incident in it, for tests.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Incident, Window, tell, types};
use crate::inventory::cloudtrail::Change;
use crate::inventory::cloudwatch::AlarmHistoryItem;
use crate::inventory::rds::RdsEvent;
use crate::inventory::{Coverage, CoverageStatus, Inventory, Kind as _, Resource, Scope};

const NOW: &str = "2026-11-22T03:00:00Z";
pub(crate) const ACCOUNT: &str = "111122223333";

pub(crate) fn now() -> DateTime<Utc> {
    NOW.parse().unwrap()
}

pub(crate) fn window() -> Window {
    Window { since: now() - chrono::TimeDelta::hours(3), now: now() }
}

/// A resource of the account in eu-west-1.
pub(crate) fn resource(resource_type: &str, mut fields: serde_json::Value) -> Resource {
    for (name, value) in [("account", ACCOUNT), ("region", "eu-west-1")] {
        let fields = fields.as_object_mut().unwrap();
        fields.entry(name).or_insert_with(|| value.into());
        let id = fields.get("id").or(fields.get("name")).cloned().unwrap_or_default();
        fields.entry("id").or_insert(id.clone());
        fields.entry("name").or_insert(id);
    }
    Resource::from_json(resource_type, fields).unwrap().unwrap()
}

pub(crate) fn inventory(resources: Vec<Resource>) -> Inventory {
    let coverage = types().map(|name| Coverage {
        resource_type: name.to_owned(),
        status: CoverageStatus::Complete,
        detail: String::new(),
    });
    let scope = Scope {
        account: ACCOUNT.to_owned(),
        region: "eu-west-1".to_owned(),
        coverage: coverage.collect(),
        resources,
        ..Scope::default()
    };
    Inventory { version: Inventory::VERSION, taken_at: now(), scopes: vec![scope] }
}

/// An ECS service behind a load balancer, a database and its group, a NAT gateway, all in one VPC.
pub(crate) fn account() -> Vec<Resource> {
    let elb = format!("arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}");
    vec![
        resource("AWS::EC2::VPC", json!({ "id": "vpc-0a1b2c3d" })),
        resource(
            "AWS::EC2::SecurityGroup",
            json!({ "id": "sg-0a1b2c3d", "name": "databases", "vpc_id": "vpc-0a1b2c3d" }),
        ),
        resource(
            "AWS::RDS::DBInstance",
            json!({ "id": "orders", "arn": format!("arn:aws:rds:eu-west-1:{ACCOUNT}:db:orders"),
            "vpc_security_groups": ["sg-0a1b2c3d"] }),
        ),
        resource("AWS::RDS::DBInstance", json!({ "id": "web" })),
        resource(
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            json!({ "id": "web", "arn": format!("{elb}:loadbalancer/app/web/50dc6c495c0c9188"),
            "type": "application", "metric_dimension": "app/web/50dc6c495c0c9188", "vpc_id": "vpc-0a1b2c3d" }),
        ),
        resource(
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            json!({ "id": "web", "arn": format!("{elb}:targetgroup/web/73e2d6bc24d8a067"),
            "load_balancer_arns": [format!("{elb}:loadbalancer/app/web/50dc6c495c0c9188")] }),
        ),
        resource(
            "AWS::ECS::Service",
            json!({ "id": "web", "arn": format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:service/production/web"),
            "load_balancers": [{ "target_group_arn": format!("{elb}:targetgroup/web/73e2d6bc24d8a067") }],
            "events": [
                { "created_at": "2026-11-22T02:06:00Z", "message": "(service web) (deployment ecs-svc/1) deployment completed." },
                { "created_at": "2026-11-22T02:05:00Z", "message": "(service web) has started 1 tasks." },
            ] }),
        ),
        resource(
            "AWS::CloudWatch::Alarm",
            json!({ "id": "web-5xx", "alarm_actions": ["arn:aws:sns:eu-west-1:111122223333:oncall"],
            "metric": { "namespace": "AWS/ApplicationELB", "metric_name": "HTTPCode_Target_5XX_Count", "period": 60 },
            "watches": [{ "resource_type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "name": "app/web/50dc6c495c0c9188" }] }),
        ),
        resource(
            "AWS::SNS::Topic",
            json!({ "id": "oncall", "arn": "arn:aws:sns:eu-west-1:111122223333:oncall" }),
        ),
    ]
}

/// A change of one step, with an effect for each part that it touched.
pub(crate) fn change(resource_type: &str, id: &str, by: &str, steps: &[serde_json::Value]) -> Resource {
    let source = match resource_type {
        "AWS::ECS::Service" => "ecs.amazonaws.com",
        "AWS::EC2::SecurityGroup" => "ec2.amazonaws.com",
        _ => "elasticloadbalancing.amazonaws.com",
    };
    let times = |n: usize| steps[n]["event_time"].clone();
    let last = steps.len() - 1;
    resource(
        Change::TYPE,
        json!({ "id": id, "changed_type": resource_type, "by": by, "event_source": source, "count": last + 1,
            "first": times(0), "last": times(last), "steps": steps }),
    )
}

pub(crate) fn step(
    id: &str,
    name: &str,
    at: &str,
    actor: &str,
    origin: &str,
    touched: &serde_json::Value,
) -> serde_json::Value {
    json!({ "event_id": id, "event_name": name, "event_time": format!("2026-11-22T{at}Z"), "actor": actor,
        "origin": origin, "touched": touched })
}

pub(crate) fn rule(cidr: &str, action: &str) -> serde_json::Value {
    json!([{ "part": format!("ingress tcp 5432 from {cidr}"), "action": action }])
}

pub(crate) fn deployment(id: &str, at: &str) -> serde_json::Value {
    let touched = json!([{ "part": "task_definition", "action": "set", "value": "web:43" }]);
    step(id, "UpdateService", at, "github-deploy/GitHubActions", "iac", &touched)
}

/// An opening by hand of which half is taken back, a deployment, what services do, and what was felt.
pub(crate) fn incident_account() -> Vec<Resource> {
    let mut resources = account();
    let mut opening = change(
        "AWS::EC2::SecurityGroup",
        "sg-0a1b2c3d",
        "person",
        &[
            step(
                "open-1",
                "AuthorizeSecurityGroupIngress",
                "01:25:00",
                "bob@example.com",
                "console",
                &rule("0.0.0.0/0", "added"),
            ),
            step(
                "open-2",
                "AuthorizeSecurityGroupIngress",
                "01:26:00",
                "bob@example.com",
                "console",
                &rule("203.0.113.0/24", "added"),
            ),
            step(
                "close",
                "RevokeSecurityGroupIngress",
                "02:36:00",
                "carol",
                "manual_cli",
                &rule("203.0.113.0/24", "removed"),
            ),
        ],
    );
    let effects = json!([
        { "part": "ingress tcp 5432 from 0.0.0.0/0", "action": "added", "event_id": "open-1", "actor": "bob@example.com",
          "stands": "in_force", "stands_because": "the group has the rule" },
        { "part": "ingress tcp 5432 from 203.0.113.0/24", "action": "removed", "event_id": "close", "actor": "carol",
          "stands": "reverted", "stands_because": "carol put it back with RevokeSecurityGroupIngress at 2026-11-22 02:36 UTC" },
    ]);
    Change::of_mut(&mut opening).unwrap().effects = serde_json::from_value(effects).unwrap();
    let registered = step(
        "reg",
        "RegisterTargets",
        "02:01:00",
        "ecs.amazonaws.com",
        "service",
        &json!([{ "part": "RegisterTargets", "action": "did" }]),
    );
    let state = |at: &str, old: &str, new: &str| {
        resource(
            AlarmHistoryItem::TYPE,
            json!({ "id": at, "name": "web-5xx", "alarm_name": "web-5xx",
            "timestamp": format!("2026-11-22T{at}Z"), "old_state": old, "new_state": new }),
        )
    };
    let failover = json!({ "id": "f", "name": "orders", "source_identifier": "orders", "source_type": "db-instance",
        "arn": "arn:aws:rds:eu-west-1:111122223333:db:orders", "event_categories": ["failover"],
        "message": "Multi-AZ instance failover started.", "date": "2026-11-22T02:25:00Z" });
    let backup = json!({ "id": "b", "source_identifier": "orders", "source_type": "db-instance",
        "event_categories": ["backup"], "message": "Backing up DB instance", "date": "2026-11-22T01:00:00Z" });
    resources.extend([
        opening,
        change("AWS::ECS::Service", "web", "code", &[deployment("deploy", "02:02:00")]),
        change("AWS::ElasticLoadBalancingV2::TargetGroup", "web", "service", &[registered]),
        state("02:20:00", "OK", "ALARM"),
        state("02:48:00", "ALARM", "OK"),
        resource(RdsEvent::TYPE, failover),
        resource(RdsEvent::TYPE, backup),
    ]);
    resources
}

/// That account's story.
pub(crate) fn incident() -> Incident {
    told(incident_account())
}

pub(crate) fn told(resources: Vec<Resource>) -> Incident {
    tell(&inventory(resources), &[], window(), Some("INC-42".into()), None)
}
