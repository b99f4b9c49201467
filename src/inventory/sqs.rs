//! Amazon SQS.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;
use super::cloudwatch::SignalCoverage;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Queue {
    #[serde(flatten)]
    pub meta: Meta,
    pub url: String,
    pub fifo_queue: bool,
    /// In seconds.
    pub message_retention_period: Option<i64>,
    /// In seconds.
    pub visibility_timeout: Option<i64>,
    /// Where messages go that were received too often; null where that is nowhere.
    pub redrive_policy: Option<RedrivePolicy>,
    /// What may use it as a dead-letter queue: `allowAll`, `denyAll` or `byQueue`; null where nothing is said.
    pub redrive_permission: Option<String>,
    /// Derived: the queues and functions, by name, whose dead letters it takes. Null where queues or functions could not be read.
    pub dead_letters_of: Option<Vec<String>>,
    /// Derived: whether the queue that its redrive policy names is there. Null where it has no redrive policy, or queues could not be read.
    pub dead_letter_queue_exists: Option<bool>,
    /// Derived: the alarm that covers each of `age` (of the oldest message) and `depth`. Null where the alarms could not be read.
    pub signals: Option<BTreeMap<String, SignalCoverage>>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct RedrivePolicy {
    pub dead_letter_target_arn: String,
    pub max_receive_count: i64,
}
