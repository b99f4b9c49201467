//! AWS App Runner.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;
use super::cloudwatch::SignalCoverage;
use super::environment::EnvironmentVariable;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct AppRunnerService {
    #[serde(flatten)]
    pub meta: Meta,
    pub service_id: String,
    pub service_url: Option<String>,
    /// `RUNNING`, `PAUSED`, `OPERATION_IN_PROGRESS`, `CREATE_FAILED`, `DELETE_FAILED` or `DELETED`.
    pub status: String,
    /// Where the application's standard output goes: `/aws/apprunner/name/id/application`.
    pub application_log_group: String,
    /// Where App Runner writes what it does with the service: `/aws/apprunner/name/id/service`.
    pub service_log_group: String,
    /// Null where DescribeService failed for this service.
    pub configuration: Option<AppRunnerConfiguration>,
    /// The literal and referenced variables of its environment, without values. Null where DescribeService failed, or
    /// where they are in a file of the repository.
    pub environment: Option<Vec<EnvironmentVariable>>,
    /// Its latest operations, newest first. They cost a call for each service, so they are read only where a policy's
    /// `details` ask for them, and are null elsewhere or where they could not be read.
    pub operations: Option<Vec<AppRunnerOperation>>,
    /// Derived: whether the application's log group is there. Null where log groups could not be read.
    pub has_application_log_group: Option<bool>,
    /// Derived: which alarm covers each signal (`errors`, `latency`, `saturation`). Null where alarms could not be read.
    pub signals: Option<BTreeMap<String, SignalCoverage>>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct AppRunnerConfiguration {
    /// CPU units: 1024 are one vCPU.
    pub cpu: Option<i64>,
    /// MB.
    pub memory: Option<i64>,
    /// `TCP` or `HTTP`.
    pub health_check_protocol: Option<String>,
    pub health_check_path: Option<String>,
    pub is_publicly_accessible: bool,
    /// Whether requests are traced.
    pub observability_enabled: bool,
    pub auto_deployments_enabled: bool,
    pub auto_scaling_configuration_name: Option<String>,
    pub image_identifier: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct AppRunnerOperation {
    /// `START_DEPLOYMENT`, `CREATE_SERVICE`, `UPDATE_SERVICE`, `PAUSE_SERVICE`, `RESUME_SERVICE` or `DELETE_SERVICE`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `PENDING`, `IN_PROGRESS`, `SUCCEEDED`, `FAILED`, `ROLLBACK_IN_PROGRESS`, `ROLLBACK_FAILED` or `ROLLBACK_SUCCEEDED`.
    pub status: String,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
}
