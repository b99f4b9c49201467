//! AWS Lambda.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;
use super::cloudwatch::SignalCoverage;
use super::environment::EnvironmentVariable;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Function {
    #[serde(flatten)]
    pub meta: Meta,
    /// Null for a container image.
    pub runtime: Option<String>,
    /// `Zip` or `Image`.
    pub package_type: String,
    /// In seconds.
    pub timeout: i64,
    /// In MB.
    pub memory_size: i64,
    /// When its code or its configuration was last changed; AWS does not say when it was created.
    pub last_modified: Option<DateTime<Utc>>,
    /// The queue or topic of `DeadLetterConfig`.
    pub dead_letter_target_arn: Option<String>,
    /// The log group of `LoggingConfig`.
    pub log_group: Option<String>,
    /// Null where the key that it is encrypted with was denied; see `environment_error`.
    pub environment: Option<Vec<EnvironmentVariable>>,
    /// Why AWS did not hand out the environment.
    pub environment_error: Option<String>,
    /// Derived: the alarm that covers each of `errors`, `throttles` and `dropped_events` (asynchronous ones that were given up, or
    /// got lost on their way to a dead-letter queue). Null where the alarms could not be read.
    pub signals: Option<BTreeMap<String, SignalCoverage>>,
}
