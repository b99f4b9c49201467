//! AWS Backup: what it has copies of, and what was restored from them.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;

/// A resource that AWS Backup has recovery points of; `meta.arn` is the resource's own.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct ProtectedResource {
    #[serde(flatten)]
    pub meta: Meta,
    pub last_backup_time: Option<DateTime<Utc>>,
    pub last_backup_vault_arn: Option<String>,
}

/// One restore of an RDS or Aurora database by AWS Backup, no others being read; `meta.id` is the RestoreJobId.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct RestoreJob {
    #[serde(flatten)]
    pub meta: Meta,
    /// What the copy was made of; null where AWS Backup does not tell.
    pub source_resource_arn: Option<String>,
    /// `PENDING`, `RUNNING`, `COMPLETED`, `ABORTED` or `FAILED`.
    pub status: String,
    pub completion_date: Option<DateTime<Utc>>,
    /// The plan that tests restores, where it was one of those.
    pub restore_testing_plan_arn: Option<String>,
    /// `SUCCESSFUL`, `FAILED`, `VALIDATING` or `TIMED_OUT`, of a test with a validation.
    pub validation_status: Option<String>,
}

/// A plan by which AWS Backup restores something now and then, and throws it away again.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct RestoreTestingPlan {
    #[serde(flatten)]
    pub meta: Meta,
    /// `cron(0 5 ? * * *)`
    pub schedule_expression: String,
    pub last_execution_time: Option<DateTime<Utc>>,
    /// The types of resources that its selections name: `RDS`, `Aurora`, `S3`, …
    pub protected_resource_types: Vec<String>,
}
