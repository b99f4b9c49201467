//! Restores of databases, from the event history.
//!
//! Four lookups by name, at two requests a second, of the 90 days that CloudTrail keeps. A request names the snapshot
//! alone, whose name tells the database only where RDS made it by itself: those that people took are looked up.

use std::collections::BTreeMap;

use aws_sdk_cloudtrail::types::{self, LookupAttributeKey};
use serde_json::Value;

use super::cloudtrail::{KEPT, LOOKUP, pages};
use super::pages::{list, unfinished};
use super::{CollectError, Collector, Context, Read, time};
use crate::inventory::cloudtrail::RestoreEvent;
use crate::inventory::{Kind as _, Meta};

const DESCRIBE_SNAPSHOTS: &str = "rds:DescribeDBSnapshots";
const DESCRIBE_CLUSTER_SNAPSHOTS: &str = "rds:DescribeDBClusterSnapshots";

const EVENT_NAMES: [&str; 4] = [
    "RestoreDBInstanceFromDBSnapshot",
    "RestoreDBInstanceToPointInTime",
    "RestoreDBClusterFromSnapshot",
    "RestoreDBClusterToPointInTime",
];
const SNAPSHOT_PAGE: i32 = 100;

pub(super) const RESTORE_EVENTS: Collector = Collector {
    resource_type: RestoreEvent::TYPE,
    actions: &[LOOKUP, DESCRIBE_SNAPSHOTS, DESCRIBE_CLUSTER_SNAPSHOTS],
    collect: |context| Box::pin(read(context)),
};

async fn read(context: &Context) -> Result<Read, CollectError> {
    let mut restores = Vec::new();
    let mut cut = None;
    for name in EVENT_NAMES {
        let (found, broken) = lookup(context, name).await?;
        restores.extend(found);
        cut = cut.or(broken);
    }
    if let Err(error) = name_sources(context, &mut restores).await {
        cut = cut.or(Some(error));
    }
    Read::of(restores, cut)
}

async fn lookup(
    context: &Context,
    name: &'static str,
) -> Result<(Vec<RestoreEvent>, Option<CollectError>), CollectError> {
    let mut pages = pages(context, LookupAttributeKey::EventName, name, context.now - KEPT);
    let mut restores = Vec::new();
    let mut last_token = None;
    let mut first = true;
    let cut = loop {
        match tokio::time::timeout_at(context.deadline, pages.next()).await {
            Ok(Some(Ok(page))) => {
                last_token = page.next_token;
                restores.extend(page.events.iter().flatten().filter_map(|sdk| restore(context, sdk)));
            }
            Ok(Some(Err(error))) if first => return Err(CollectError::of(LOOKUP, &error)),
            Ok(Some(Err(error))) => break Some(CollectError::of(LOOKUP, &error)),
            Ok(None) => break unfinished(LOOKUP, last_token),
            Err(_) => break Some(CollectError::OutOfTime),
        }
        first = false;
    };
    Ok((restores, cut))
}

/// None for what failed, for a clone, and for what AWS Backup asked for, whose own jobs tell it better.
fn restore(context: &Context, sdk: &types::Event) -> Option<RestoreEvent> {
    let record: Value = serde_json::from_str(sdk.cloud_trail_event()?).ok()?;
    if record.get("errorCode").is_some_and(|code| !code.is_null()) {
        return None;
    }
    if record["userIdentity"]["invokedBy"] == "backup.amazonaws.com" {
        return None;
    }
    let parameters = &record["requestParameters"];
    let parameter = |name: &str| text(parameters, name);
    if parameter("restoreType").is_some_and(|kind| kind == "copy-on-write") {
        return None;
    }
    let id = sdk.event_id().unwrap_or_default();
    let name = sdk.event_name().unwrap_or_default();
    let event_time = time(sdk.event_time());
    let snapshot = parameter("dbSnapshotIdentifier")
        .or_else(|| parameter("snapshotIdentifier"))
        .or_else(|| parameter("dbClusterSnapshotIdentifier"));
    let named = parameter("sourceDBInstanceIdentifier").or_else(|| parameter("sourceDBClusterIdentifier"));
    let source = named.or_else(|| snapshot.as_deref().and_then(database_of_automated).map(str::to_owned));
    Some(RestoreEvent {
        meta: Meta { created_at: event_time, ..context.meta(id, name, "") },
        event_time,
        event_name: name.to_owned(),
        username: sdk.username().map(str::to_owned),
        source: source.map(|source| short(&source).to_owned()),
        source_resource_id: parameter("sourceDbiResourceId")
            .or_else(|| parameter("sourceDbClusterResourceId")),
        of_cluster: name.starts_with("RestoreDBCluster"),
        snapshot: snapshot.map(|snapshot| short(&snapshot).to_owned()),
        target: parameter("targetDBInstanceIdentifier")
            .or_else(|| parameter("dbInstanceIdentifier"))
            .or_else(|| parameter("dbClusterIdentifier")),
    })
}

/// CloudTrail writes `dBInstanceIdentifier` for DBInstanceIdentifier.
fn text(parameters: &Value, name: &str) -> Option<String> {
    let (_, value) = parameters.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The identifier in an ARN; those of automated snapshots have a colon of their own.
fn short(identifier: &str) -> &str {
    match identifier.strip_prefix("arn:") {
        Some(rest) => rest.splitn(6, ':').nth(5).unwrap_or(identifier),
        None => identifier,
    }
}

/// `rds:orders-2026-11-20-03-07` was made of `orders`.
fn database_of_automated(snapshot: &str) -> Option<&str> {
    let name = short(snapshot).strip_prefix("rds:")?;
    let (database, date) = name.split_at_checked(name.len().checked_sub("-2026-11-20-03-07".len())?)?;
    let is_date = date.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit());
    is_date.then_some(database)
}

/// Looks up the databases of the snapshots that people took and that are still there.
async fn name_sources(context: &Context, restores: &mut [RestoreEvent]) -> Result<(), CollectError> {
    let lacks = |restores: &[RestoreEvent], cluster: bool| {
        restores.iter().any(|restore| {
            restore.of_cluster == cluster
                && restore.source.is_none()
                && restore.snapshot.as_deref().is_some_and(|name| !name.starts_with("awsbackup:"))
        })
    };
    let mut databases: BTreeMap<(bool, String), String> = BTreeMap::new();
    if lacks(restores, false) {
        let request = context.clients.rds.describe_db_snapshots().snapshot_type("manual");
        let pages = request.max_records(SNAPSHOT_PAGE).into_paginator().send();
        let found =
            list(DESCRIBE_SNAPSHOTS, pages, |page| (page.db_snapshots, page.marker)).await?.whole()?;
        databases.extend(
            found
                .into_iter()
                .filter_map(|s| Some(((false, s.db_snapshot_identifier?), s.db_instance_identifier?))),
        );
    }
    if lacks(restores, true) {
        let request = context.clients.rds.describe_db_cluster_snapshots().snapshot_type("manual");
        let pages = request.max_records(SNAPSHOT_PAGE).into_paginator().send();
        let split = |page: aws_sdk_rds::operation::describe_db_cluster_snapshots::DescribeDbClusterSnapshotsOutput| {
            (page.db_cluster_snapshots, page.marker)
        };
        let found = list(DESCRIBE_CLUSTER_SNAPSHOTS, pages, split).await?.whole()?;
        databases.extend(
            found
                .into_iter()
                .filter_map(|s| Some(((true, s.db_cluster_snapshot_identifier?), s.db_cluster_identifier?))),
        );
    }
    for restore in restores.iter_mut().filter(|restore| restore.source.is_none()) {
        let snapshot = restore.snapshot.clone().unwrap_or_default();
        // a cluster may be restored from an instance's snapshot
        restore.source = databases
            .get(&(restore.of_cluster, snapshot.clone()))
            .or_else(|| databases.get(&(!restore.of_cluster, snapshot)))
            .cloned();
    }
    Ok(())
}

#[cfg(test)]
mod tests;
