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

/// Derived: what people, or code, or services did to one resource in whatever number of events,
/// and what is left of it. `meta` is the changed resource's.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Change {
    #[serde(flatten)]
    pub meta: Meta,
    /// The CloudFormation type of the changed resource; null where the event does not tell.
    pub changed_type: Option<String>,
    /// `person`, `code`, `automation`, `service` or `unknown`.
    pub by: String,
    /// The configuration lists who did it among the approved people, roles or services, or it fell into a
    /// break-glass window; why.
    pub approved: Option<String>,
    /// E-mail addresses, user names or role sessions, in order of first appearance.
    pub actors: Vec<String>,
    /// `console`, `cloudshell`, `console_credentials`, `manual_cli`, `iac`, `service`, `automation` or `sdk_unknown`.
    pub origins: Vec<String>,
    /// What the origins were told by, in words.
    pub reasons: Vec<String>,
    pub event_source: String,
    /// Distinct event names, in order of first appearance, Lambda's version suffix stripped.
    pub event_names: Vec<String>,
    pub event_ids: Vec<String>,
    pub count: i64,
    pub first: Option<DateTime<Utc>>,
    pub last: Option<DateTime<Utc>>,
    pub source_ip_addresses: Vec<String>,
    /// Oldest first; of very many the first and the latest ones.
    pub steps: Vec<Step>,
    /// What is left of the steps: the latest of each setting, rule or part that was touched.
    pub effects: Vec<Effect>,
    /// `in_force`, `reverted`, `superseded` (by code, later) or `unknown` (it cannot be told).
    pub stands: String,
    /// Why it is taken to stand or not.
    pub stands_because: String,
    /// Why this run could read no events, so that what it knows is an earlier run's; null where it could.
    pub unseen: Option<String>,
    /// The code that the resource belongs to; null where nothing tells of any.
    pub owner: Option<Owner>,
    /// CloudFormation's resource of this one, from DescribeStackResources; null where that was not asked, and with an
    /// empty stack name where it is in no stack.
    pub stack_resource: Option<StackResource>,
    /// Terraform that holds what stands of it: an `import` block and the changed arguments. Null for types whose
    /// form is not known.
    pub terraform: Option<String>,
    /// The commands that undo it. Null where they are not known.
    pub revert: Option<String>,
    /// The property to write into the stack's template: logical id, property and value.
    pub template: Option<String>,
    /// Why there is no `terraform`, `revert` or `template`.
    pub uncaptured_because: Option<String>,
}

/// One event's part in a [`Change`].
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Step {
    pub event_id: String,
    pub event_name: String,
    pub event_time: Option<DateTime<Utc>>,
    pub actor: String,
    /// As in [`Change::origins`].
    pub origin: String,
    pub reason: String,
    pub approved: Option<String>,
    pub source_ip_address: Option<String>,
    pub touched: Vec<Touch>,
}

/// What one event did to one setting, rule or part of a resource.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Touch {
    /// What it is, in words that are the same for its opposite: `ingress tcp 5432 from 0.0.0.0/0`, `retention_in_days`.
    pub part: String,
    /// `created`, `deleted`, `added`, `removed`, `set`, `changed` (the record does not tell how) or `did` (what leaves no
    /// state to compare).
    pub action: String,
    /// The field of the resource's inventory type in which it shows; null where that is not known.
    pub field: Option<String>,
    /// What was asked for; null where the record does not tell.
    pub value: serde_json::Value,
    /// The change waits: it was not to be applied before the maintenance window.
    pub deferred: bool,
}

/// A [`Touch`] that is the latest of its part, and what became of it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Effect {
    #[serde(flatten)]
    pub touch: Touch,
    /// The value before, where an earlier event told it.
    pub before: serde_json::Value,
    pub event_id: String,
    pub event_name: String,
    pub event_time: Option<DateTime<Utc>>,
    pub actor: String,
    /// As in [`Change::stands`].
    pub stands: String,
    /// Why, and who undid it.
    pub stands_because: String,
}

/// The code that a resource belongs to.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Owner {
    /// `cloudformation`, `terraform`, `opentofu`, `pulumi`, `cdk`, another tool's name, or `configured`.
    pub tool: String,
    /// The stack, workspace, repository or whatever names it; empty where nothing does.
    pub name: String,
    /// What told so: a tag, the stack's resources, an earlier event or the configuration.
    pub told_by: String,
}

/// A row of CloudFormation's DescribeStackResources.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct StackResource {
    pub stack_name: String,
    pub logical_resource_id: String,
    pub stack_resource_type: String,
}

/// Derived: what one principal did in one account and region, signing in included.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Actor {
    #[serde(flatten)]
    pub meta: Meta,
    /// The account's root user.
    pub root: bool,
    /// It signed in without a second factor at least once; null where no sign-in tells.
    pub without_mfa: Option<bool>,
    /// As in [`Change::approved`], of all that it did.
    pub approved: Option<String>,
    pub event_names: Vec<String>,
    pub event_ids: Vec<String>,
    /// Events that failed, refused sign-ins among them.
    pub failed: i64,
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
