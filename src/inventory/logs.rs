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
}
