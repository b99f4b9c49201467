//! A first week, and what it cost, for tests.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Limits, Review, tell};
use crate::config::Migration;
use crate::cost::Costs;
use crate::cost::summary::{Day, Line};
use crate::incident::Window;
use crate::incident::testing::{change, inventory, now, resource, step};
use crate::inventory::cloudwatch::AlarmHistoryItem;
use crate::inventory::rds::{RdsEvent, SlowQueries};
use crate::inventory::{Coverage, CoverageStatus, Inventory, Kind as _, Resource};

pub(crate) const LIMITS: Limits = Limits { messages_per_day: 3.0, grave_per_day: 24.0 };

pub(crate) fn window() -> Window {
    Window { since: now() - TimeDelta::days(7), now: now() }
}

pub(crate) fn ago(minutes: i64) -> DateTime<Utc> {
    now() - TimeDelta::minutes(minutes)
}

pub(crate) fn migration() -> Migration {
    Migration { expected_monthly_usd: Some(210.0), ..Migration::default() }
}

/// So many settled days that each cost the same.
pub(crate) fn costs(days: u64, usd_per_day: i64) -> Costs {
    let settled = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
    let days: Vec<Day> = (0..days)
        .rev()
        .map(|back| Day {
            date: settled - Days::new(back),
            usd: Decimal::from(usd_per_day),
            usual: None,
            marked: false,
        })
        .collect();
    let week_usd = days.iter().rev().take(7).map(|day| day.usd).sum();
    Costs { settled, total: Line { days, week_usd, ..Line::default() }, drivers: Vec::new() }
}

pub(crate) fn went(alarm: &str, at: DateTime<Utc>, old: &str, new: &str) -> Resource {
    let fields = json!({ "id": at, "name": alarm, "alarm_name": alarm, "timestamp": at, "old_state": old, "new_state": new });
    resource(AlarmHistoryItem::TYPE, fields)
}

/// Off and back.
pub(crate) fn fired(alarm: &str, minutes_ago: i64, for_minutes: i64) -> [Resource; 2] {
    let at = ago(minutes_ago);
    [went(alarm, at, "OK", "ALARM"), went(alarm, at + TimeDelta::minutes(for_minutes), "ALARM", "OK")]
}

pub(crate) fn rds_event(minutes_ago: i64, category: &str, message: &str) -> Resource {
    resource(
        RdsEvent::TYPE,
        json!({ "id": message, "source_identifier": "orders", "source_type": "db-instance",
            "event_categories": [category], "message": message, "date": ago(minutes_ago) }),
    )
}

pub(crate) fn alarm(name: &str) -> Resource {
    let topic = ["arn:aws:sns:eu-west-1:111122223333:oncall"];
    resource(
        "AWS::CloudWatch::Alarm",
        json!({ "id": name, "actions_enabled": true, "state_value": "OK", "alarm_actions": topic }),
    )
}

pub(crate) fn service(events: &[(i64, &str)], more: &Value) -> Resource {
    let events: Vec<Value> = events
        .iter()
        .map(|(minutes, message)| json!({ "created_at": ago(*minutes), "message": message }))
        .collect();
    let mut fields = json!({ "id": "web", "arn": "arn:aws:ecs:eu-west-1:111122223333:service/production/web", "events": events });
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    resource("AWS::ECS::Service", fields)
}

/// The pipeline's updates of the service.
pub(crate) fn updates(minutes_ago: &[i64]) -> Resource {
    let touched = json!([{ "part": "task_definition", "action": "set", "value": "web:43" }]);
    let steps: Vec<Value> = minutes_ago
        .iter()
        .map(|minutes| {
            let mut step = step(
                &format!("deploy-{minutes}"),
                "UpdateService",
                "00:00:00",
                "github-deploy",
                "iac",
                &touched,
            );
            step["event_time"] = json!(ago(*minutes));
            step
        })
        .collect();
    change("AWS::ECS::Service", "web", "code", &steps)
}

/// A service that was deployed four times, with a failure and its way back, a database that failed over, a noisy alarm.
pub(crate) fn week() -> Vec<Resource> {
    let mut resources = vec![
        alarm("web-5xx"),
        alarm("web-latency"),
        service(
            &[
                (7000, "(service web) (deployment ecs-svc/1) deployment completed."),
                (4000, "(service web) (deployment ecs-svc/2) deployment completed."),
                (1430, "(service web) (deployment ecs-svc/3) deployment failed: tasks failed to start."),
                (1430, "(service web) rolling back to deployment ecs-svc/2."),
                (1425, "(service web) (deployment ecs-svc/2) deployment completed."),
                (600, "(service web) (deployment ecs-svc/4) deployment completed."),
            ],
            &json!({}),
        ),
        updates(&[7004, 4006, 1450, 612]),
        resource(
            "AWS::RDS::DBInstance",
            json!({ "id": "orders", "engine": "postgres", "performance_insights_enabled": true,
                "slow_queries": { "source": "performance_insights", "from": ago(10_080), "until": now(),
                    "queries": [{ "statement": "SELECT * FROM orders WHERE id = ?", "load": 1.25, "share": 0.5 }] } }),
        ),
        resource(
            "AWS::RDS::DBInstance",
            json!({ "id": "reports", "engine": "postgres", "db_parameter_groups": ["reports"],
                "slow_queries": { "source": "off" } }),
        ),
        rds_event(1420, "failover", "Multi-AZ instance failover started."),
        rds_event(1418, "failover", "Multi-AZ instance failover completed"),
        rds_event(300, "backup", "Finished DB Instance backup"),
    ];
    resources.extend(fired("web-5xx", 1425, 28));
    for spike in 0..35 {
        resources.extend(fired("web-latency", 200 + spike * 270, 6));
    }
    resources
}

pub(crate) fn week_inventory(resources: Vec<Resource>) -> Inventory {
    let mut inventory = inventory(resources);
    inventory.scopes[0].coverage.push(Coverage {
        resource_type: SlowQueries::COVERAGE.to_owned(),
        status: CoverageStatus::Complete,
        detail: String::new(),
    });
    inventory
}

pub(crate) fn told(resources: Vec<Resource>) -> Review {
    tell(&week_inventory(resources), Some(&costs(14, 10)), &migration(), LIMITS, window())
}

pub(crate) fn review() -> Review {
    told(week())
}
