//! Amazon EventBridge Scheduler.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;
use super::cloudwatch::SignalCoverage;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct ScheduleGroup {
    #[serde(flatten)]
    pub meta: Meta,
    /// `ACTIVE` or `DELETING`.
    pub state: String,
    /// Derived: the names of its schedules that are enabled. Null where schedules could not be read.
    pub enabled_schedules: Option<Vec<String>>,
    /// Derived: the alarm that covers each of `target_errors`, `dropped_invocations` and `dead_letters`. Null where the alarms
    /// could not be read.
    pub signals: Option<BTreeMap<String, SignalCoverage>>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Schedule {
    #[serde(flatten)]
    pub meta: Meta,
    pub group_name: String,
    /// `ENABLED` or `DISABLED`.
    pub state: String,
    pub target_arn: String,
}
