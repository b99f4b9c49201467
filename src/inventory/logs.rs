//! Amazon CloudWatch Logs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct LogGroup {
    #[serde(flatten)]
    pub meta: Meta,
    /// Null means that events never expire.
    pub retention_in_days: Option<i64>,
    pub stored_bytes: i64,
    /// `STANDARD`, `INFREQUENT_ACCESS` or `DELIVERY`.
    pub log_group_class: String,
    pub metric_filter_count: i64,
    pub kms_key_id: Option<String>,
    /// Derived: what writes to it, by its name. Null where the name does not tell.
    pub source: Option<LogSource>,
}

/// What an AWS service's log group belongs to.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct LogSource {
    /// In words: `RDS instance`, `Lambda function`, …
    pub kind: String,
    /// A CloudFormation type name.
    pub resource_type: String,
    pub name: String,
    /// Whether it is there, or anything else that is set to write to the group. Null where that could not be read.
    pub exists: Option<bool>,
}
