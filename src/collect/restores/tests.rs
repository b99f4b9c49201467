use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::operation::lookup_events::{LookupEventsError, LookupEventsOutput};
use aws_sdk_cloudtrail::types::LookupAttribute;
use aws_sdk_rds::operation::describe_db_snapshots::{DescribeDBSnapshotsError, DescribeDbSnapshotsOutput};
use aws_smithy_mocks::{Rule, mock};
use serde_json::json;

use super::*;
use crate::collect::mock;

fn sdk_event(name: &str, record: &Value) -> types::Event {
    types::Event::builder()
        .event_id(format!("id of {name}"))
        .event_name(name)
        .event_time(aws_smithy_types::DateTime::from_secs(1_795_316_000))
        .username("alice")
        .cloud_trail_event(record.to_string())
        .build()
}

fn restored(name: &str, parameters: &Value) -> Option<RestoreEvent> {
    restore(&mock::context(), &sdk_event(name, &json!({ "requestParameters": parameters })))
}

#[test]
fn a_restore_to_a_point_in_time_names_its_source() {
    let parameters = json!({
        "sourceDBInstanceIdentifier": "orders",
        "targetDBInstanceIdentifier": "orders-drill",
        "useLatestRestorableTime": true,
    });
    let event = restored("RestoreDBInstanceToPointInTime", &parameters).unwrap();
    assert_eq!(event.source.as_deref(), Some("orders"));
    assert_eq!(event.target.as_deref(), Some("orders-drill"));
    assert!(!event.of_cluster && event.event_time.is_some());
}

#[test]
fn an_automated_snapshot_names_its_database() {
    let parameters =
        |snapshot: &str| json!({ "dBInstanceIdentifier": "drill", "dBSnapshotIdentifier": snapshot });
    let source =
        |snapshot: &str| restored("RestoreDBInstanceFromDBSnapshot", &parameters(snapshot)).unwrap().source;
    assert_eq!(source("rds:orders-2026-11-20-03-07").as_deref(), Some("orders"));
    let arn = "arn:aws:rds:eu-west-1:111122223333:snapshot:rds:web-eu-2026-11-20-03-07";
    assert_eq!(source(arn).as_deref(), Some("web-eu"));
    assert_eq!(source("before-the-move"), None);
    assert_eq!(source("rds:x"), None);
}

#[test]
fn a_cluster_names_its_own_and_a_clone_is_no_restore() {
    let parameters = |kind: &str| json!({ "dBClusterIdentifier": "copy", "sourceDBClusterIdentifier": "main", "restoreType": kind });
    let event = restored("RestoreDBClusterToPointInTime", &parameters("full-copy")).unwrap();
    assert!(event.of_cluster);
    assert_eq!(event.source.as_deref(), Some("main"));
    assert_eq!(restored("RestoreDBClusterToPointInTime", &parameters("copy-on-write")), None);
}

#[test]
fn what_was_refused_is_no_restore() {
    let record = json!({
        "errorCode": "DBSnapshotNotFound",
        "requestParameters": { "dBSnapshotIdentifier": "rds:orders-2026-11-20-03-07" },
    });
    assert_eq!(restore(&mock::context(), &sdk_event("RestoreDBInstanceFromDBSnapshot", &record)), None);
}

#[test]
fn what_aws_backup_asks_for_is_told_by_its_jobs() {
    let record = json!({
        "userIdentity": { "invokedBy": "backup.amazonaws.com" },
        "requestParameters": { "dBSnapshotIdentifier": "awsbackup:job-1" },
    });
    assert_eq!(restore(&mock::context(), &sdk_event("RestoreDBInstanceFromDBSnapshot", &record)), None);
}

/// One restore from the snapshot `before-the-move`, and nothing of the other names.
fn history() -> [Rule; 2] {
    let first = EVENT_NAMES[0];
    let is_first = move |name: Option<&str>| name == Some(first);
    let by_snapshot = mock!(Client::lookup_events)
        .match_requests(move |request| {
            is_first(request.lookup_attributes().first().map(LookupAttribute::attribute_value))
                && request.max_results() == Some(50)
                && request.start_time().is_some_and(|at| at.secs() == 1_787_540_400)
        })
        .then_output(move || {
            let parameters =
                json!({ "dBInstanceIdentifier": "drill", "dBSnapshotIdentifier": "before-the-move" });
            let event = sdk_event(EVENT_NAMES[0], &json!({ "requestParameters": parameters }));
            LookupEventsOutput::builder().events(event).build()
        });
    let nothing = mock!(Client::lookup_events)
        .match_requests(move |request| {
            let attribute = request.lookup_attributes().first();
            attribute.is_some_and(|attribute| EVENT_NAMES[1..].contains(&attribute.attribute_value()))
        })
        .then_output(|| LookupEventsOutput::builder().build());
    [by_snapshot, nothing]
}

#[tokio::test]
async fn a_snapshot_that_somebody_took_is_looked_up() {
    let mut context = mock::context();
    let [by_snapshot, nothing] = history();
    mock::answer!(context, cloudtrail, aws_sdk_cloudtrail, [by_snapshot, nothing]);
    let snapshots = mock!(aws_sdk_rds::Client::describe_db_snapshots)
        .match_requests(|request| {
            request.snapshot_type() == Some("manual") && request.max_records() == Some(100)
        })
        .then_output(|| {
            let snapshot = aws_sdk_rds::types::DbSnapshot::builder()
                .db_snapshot_identifier("before-the-move")
                .db_instance_identifier("orders")
                .build();
            DescribeDbSnapshotsOutput::builder().db_snapshots(snapshot).build()
        });
    mock::answer!(context, rds, aws_sdk_rds, [snapshots]);

    let read = mock::read(&context, RestoreEvent::TYPE).await.unwrap();

    assert_eq!(read.partial, None);
    let event = RestoreEvent::of(&read.resources[0]).unwrap();
    assert_eq!(event.source.as_deref(), Some("orders"));
    assert_eq!(event.username.as_deref(), Some("alice"));
}

#[tokio::test]
async fn without_the_snapshots_the_source_stays_open_and_the_read_is_partial() {
    let mut context = mock::context();
    let [by_snapshot, nothing] = history();
    mock::answer!(context, cloudtrail, aws_sdk_cloudtrail, [by_snapshot, nothing]);
    let denied = mock!(aws_sdk_rds::Client::describe_db_snapshots)
        .then_error(|| DescribeDBSnapshotsError::generic(mock::service_error("AccessDenied", "No.")));
    mock::answer!(context, rds, aws_sdk_rds, [denied]);

    let read = mock::read(&context, RestoreEvent::TYPE).await.unwrap();

    assert_eq!(RestoreEvent::of(&read.resources[0]).unwrap().source, None);
    assert_eq!(read.partial.unwrap(), "denied: rds:DescribeDBSnapshots (No.)");
}

#[tokio::test]
async fn the_deadline_keeps_what_was_read() {
    let mut context = mock::context();
    let endless = mock!(Client::lookup_events).then_compute_output(|request| {
        let page = request.next_token().map_or(0, str::len);
        let parameters = json!({ "sourceDBInstanceIdentifier": "orders" });
        let event = sdk_event(EVENT_NAMES[1], &json!({ "requestParameters": parameters }));
        LookupEventsOutput::builder().events(event).next_token("x".repeat(page + 1)).build()
    });
    mock::answer!(context, cloudtrail, aws_sdk_cloudtrail, [endless]);
    context.deadline = tokio::time::Instant::now() + std::time::Duration::from_millis(800);

    let (found, cut) = lookup(&context, EVENT_NAMES[1]).await.unwrap();

    assert!(!found.is_empty());
    assert!(matches!(cut, Some(CollectError::OutOfTime)));
}

#[tokio::test]
async fn a_denied_lookup_is_denied() {
    let mut context = mock::context();
    let denied = mock!(Client::lookup_events)
        .then_error(|| LookupEventsError::generic(mock::service_error("AccessDeniedException", "No.")));
    mock::answer!(context, cloudtrail, aws_sdk_cloudtrail, [denied]);

    assert!(mock::read(&context, RestoreEvent::TYPE).await.unwrap_err().is_denied());
}
