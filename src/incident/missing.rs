//! What a timeline lacks.

use super::Window;
use super::words::at;
use crate::inventory::cloudtrail::Event;
use crate::inventory::cloudwatch::{Alarm, AlarmHistoryItem};
use crate::inventory::ec2::NatGateway;
use crate::inventory::ecs::Service;
use crate::inventory::elasticloadbalancingv2::LoadBalancer;
use crate::inventory::rds::{DbInstance, RdsEvent};
use crate::inventory::{CoverageStatus, GLOBAL, Inventory, Kind as _};

/// What each type that is read gives to the timeline.
const GIVES: &[(&str, &str)] = &[
    (Event::TYPE, "Changes and deployments"),
    (Service::TYPE, "Deployments as ECS tells them"),
    (AlarmHistoryItem::TYPE, "Alarms' changes of state"),
    (Alarm::TYPE, "What alarms watch"),
    (RdsEvent::TYPE, "Events of databases"),
    ("AWS::CloudWatch::Metric", "Metrics"),
    (LoadBalancer::TYPE, "Metrics of load balancers"),
    (DbInstance::TYPE, "Metrics of databases"),
    (NatGateway::TYPE, "Metrics of NAT gateways"),
];

/// In sentences. The last one always holds.
pub(super) fn missing(inventory: &Inventory, window: &Window) -> Vec<String> {
    let mut missing = window.cuts();
    for (resource_type, gives) in GIVES {
        let rows =
            inventory.scopes.iter().filter_map(|scope| Some((scope, scope.coverage_of(resource_type)?)));
        for (scope, row) in rows.clone().filter(|(_, row)| row.status != CoverageStatus::Complete) {
            let status = row.status.as_str();
            missing.push(format!("{gives} of {} {}: {status}, {}.", scope.account, scope.region, row.detail));
        }
        let regional = inventory.scopes.iter().any(|scope| scope.region != GLOBAL);
        // without resources that have them, there are no metrics to ask for
        if regional && rows.clone().next().is_none() && *resource_type != "AWS::CloudWatch::Metric" {
            missing.push(format!("{gives} were not read."));
        }
    }
    missing.push(format!(
        "CloudTrail tells of events up to 15 minutes late: changes after {} may be missing.",
        at(window.cloudtrail_until())
    ));
    missing
}
