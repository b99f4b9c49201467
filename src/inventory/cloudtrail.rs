//! CloudTrail management events, and the changes that [`crate::drift`] makes of them.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;

/// One write event as LookupEvents gives it; `meta.id` is the event id.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Event {
    #[serde(flatten)]
    pub meta: Meta,
    pub event_time: Option<DateTime<Utc>>,
    pub event_source: String,
    pub event_name: String,
    pub username: Option<String>,
    /// The resources that LookupEvents derives, fuller than the record's own.
    pub resources: Vec<EventResource>,
    /// The record itself (the parsed CloudTrailEvent string); null where it was no JSON.
    pub record: serde_json::Value,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct EventResource {
    pub resource_type: Option<String>,
    pub resource_name: Option<String>,
}

/// Derived: what one person did to one resource, in whatever number of events.
/// `meta.id` and `meta.name` are the changed resource's.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Change {
    #[serde(flatten)]
    pub meta: Meta,
    /// Who: e-mail address, user name or role session.
    pub actor: String,
    /// `console`, `cloudshell`, `console_credentials`, `manual_cli`, `iac`, `service`, `automation` or `sdk_unknown`.
    pub origin: String,
    /// What the origin was told by, in words.
    pub reason: String,
    /// The configuration lists the actor among the approved people.
    pub approved: bool,
    pub event_source: String,
    /// Distinct event names, in order of first appearance, Lambda's version suffix stripped.
    pub event_names: Vec<String>,
    pub event_ids: Vec<String>,
    pub count: i64,
    pub first: Option<DateTime<Utc>>,
    pub last: Option<DateTime<Utc>>,
    pub source_ip_addresses: Vec<String>,
}

/// One restore of an RDS or Aurora database that the event history of 90 days tells of: that it was begun, not how it
/// ended. `meta.id` is the event's id. A clone of an Aurora cluster is none, as no backup is read for it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct RestoreEvent {
    #[serde(flatten)]
    pub meta: Meta,
    pub event_time: Option<DateTime<Utc>>,
    /// `RestoreDBInstanceFromDBSnapshot`, `RestoreDBInstanceToPointInTime`, `RestoreDBClusterFromSnapshot` or
    /// `RestoreDBClusterToPointInTime`.
    pub event_name: String,
    pub username: Option<String>,
    /// The identifier of the database that the backup is of; null where only the snapshot's name is known, and the
    /// snapshot is gone or was taken by AWS Backup.
    pub source: Option<String>,
    /// The DbiResourceId or DbClusterResourceId of it, where the request named that.
    pub source_resource_id: Option<String>,
    /// Of a cluster, not of an instance.
    pub of_cluster: bool,
    pub snapshot: Option<String>,
    /// The identifier of the database that was made.
    pub target: Option<String>,
}

/// A trail. It shows in every region that it covers, and is listed once: in its home region, or where that was not
/// read, in the first region that was; `meta.region` is the home region either way.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Trail {
    #[serde(flatten)]
    pub meta: Meta,
    pub home_region: String,
    pub is_multi_region_trail: bool,
    pub is_organization_trail: bool,
    pub s3_bucket_name: Option<String>,
    pub log_file_validation_enabled: bool,
    pub cloud_watch_logs_log_group_arn: Option<String>,
    /// Null where the trail's status could not be read, as the next five.
    pub is_logging: Option<bool>,
    /// Why S3 refused the last delivery; null where it did not.
    pub latest_delivery_error: Option<String>,
    pub latest_delivery_time: Option<DateTime<Utc>>,
    pub start_logging_time: Option<DateTime<Utc>>,
    pub stop_logging_time: Option<DateTime<Utc>>,
    /// Whether the event selectors take in the management events that write; null where they could not be read.
    /// An organization's trail shows them only to the account that owns it.
    pub logs_management_writes: Option<bool>,
}
