//! What a review lacks.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use crate::config::Migration;
use crate::incident::Window;
use crate::inventory::cloudtrail::Event;
use crate::inventory::cloudwatch::{Alarm, AlarmHistoryItem};
use crate::inventory::ecs::Service;
use crate::inventory::rds::{DbInstance, RdsEvent, SlowQueries};
use crate::inventory::{CoverageStatus, GLOBAL, Inventory, Kind as _};

/// DescribeEvents of RDS reaches back 14 days.
const RDS_EVENTS: TimeDelta = TimeDelta::days(14);

/// What each type that is read gives to the review.
const GIVES: &[(&str, &str)] = &[
    (AlarmHistoryItem::TYPE, "Alarms' changes of state"),
    (Alarm::TYPE, "What alarms watch and whom they tell"),
    (RdsEvent::TYPE, "Events of databases"),
    (Event::TYPE, "Changes and deployments"),
    (Service::TYPE, "How deployments of ECS went"),
    (DbInstance::TYPE, "Databases"),
    (SlowQueries::COVERAGE, "Slow statements"),
];

/// In sentences.
pub(super) fn missing(inventory: &Inventory, migration: &Migration, window: &Window) -> Vec<String> {
    let mut missing: Vec<String> = cutover(migration, window).into_iter().collect();
    if window.now - window.since > RDS_EVENTS {
        missing.push(format!(
            "RDS keeps its events for 14 days, so that nothing of them is told before {}.",
            (window.now - RDS_EVENTS).format("%F %H:%M UTC")
        ));
    }
    for (resource_type, gives) in GIVES {
        let rows =
            inventory.scopes.iter().filter_map(|scope| Some((scope, scope.coverage_of(resource_type)?)));
        for (scope, row) in rows.clone().filter(|(_, row)| row.status != CoverageStatus::Complete) {
            let status = row.status.as_str();
            missing.push(format!("{gives} of {} {}: {status}, {}.", scope.account, scope.region, row.detail));
        }
        let regional = inventory.scopes.iter().any(|scope| scope.region != GLOBAL);
        // without databases there are no statements to ask for
        let needed = *resource_type != SlowQueries::COVERAGE
            || inventory.scopes.iter().any(|scope| scope.all::<DbInstance>().next().is_some());
        if regional && needed && rows.clone().next().is_none() {
            missing.push(format!("{gives} were not read."));
        }
    }
    missing
}

/// The move was earlier than anybody remembers.
fn cutover(migration: &Migration, window: &Window) -> Option<String> {
    let cutover: DateTime<Utc> = migration.cutover?.and_time(NaiveTime::MIN).and_utc();
    // whoever asked for a later day wants no earlier one
    let as_far_as_possible = window.now - window.since >= TimeDelta::days(30);
    (cutover < window.since && as_far_as_possible).then(|| {
        format!(
            "The cutover was on {}, and CloudWatch keeps the history of alarms for 30 days: nothing before {} is told.",
            cutover.date_naive(),
            window.since.format("%F %H:%M UTC")
        )
    })
}
