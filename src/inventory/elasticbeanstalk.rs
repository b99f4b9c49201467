//! AWS Elastic Beanstalk.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;
use super::cloudwatch::SignalCoverage;
use super::environment::EnvironmentVariable;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct BeanstalkEnvironment {
    #[serde(flatten)]
    pub meta: Meta,
    /// `e-abcd1234ef`.
    pub environment_id: String,
    pub application_name: String,
    /// `WebServer` or `Worker`.
    pub tier: String,
    /// `Launching`, `Updating`, `Ready`, `Terminating`, `Terminated`, `Aborting`, `LinkingFrom` or `LinkingTo`.
    pub status: String,
    /// `Green`, `Yellow`, `Red`, or `Grey` where nothing is known yet.
    pub health: Option<String>,
    /// `Ok`, `Info`, `Warning`, `Degraded`, `Severe`, `NoData`, `Pending`, `Unknown` or `Suspended`; null with basic health reporting.
    pub health_status: Option<String>,
    pub version_label: Option<String>,
    pub date_updated: Option<DateTime<Utc>>,
    /// Null where DescribeConfigurationSettings failed for this environment.
    pub settings: Option<BeanstalkSettings>,
    /// The environment properties, without values. Null where DescribeConfigurationSettings failed.
    pub environment: Option<Vec<EnvironmentVariable>>,
    /// Null where DescribeEnvironmentResources failed for this environment.
    pub resources: Option<BeanstalkResources>,
    /// Derived: which alarm covers each signal (`health`, `saturation`). Null where alarms, or the environment's
    /// Auto Scaling groups, could not be read.
    pub signals: Option<BTreeMap<String, SignalCoverage>>,
}

/// Those of some two hundred options that tell how it is watched and kept.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct BeanstalkSettings {
    /// `StreamLogs` of `aws:elasticbeanstalk:cloudwatch:logs`.
    pub stream_logs: bool,
    /// `RetentionInDays` of the same.
    pub log_retention_in_days: Option<i64>,
    /// `enhanced` or `basic`: `SystemType` of `aws:elasticbeanstalk:healthreporting:system`.
    pub health_system_type: Option<String>,
    /// `ManagedActionsEnabled` of `aws:elasticbeanstalk:managedactions`.
    pub managed_actions_enabled: bool,
    /// Whether `aws:elasticbeanstalk:sns:topics` names an address or a topic for what happens to the environment.
    pub notifies: bool,
    /// `LoadBalanced` or `SingleInstance`.
    pub environment_type: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct BeanstalkResources {
    pub auto_scaling_groups: Vec<String>,
    /// ARNs; the names of Classic Load Balancers.
    pub load_balancers: Vec<String>,
    pub queues: Vec<String>,
}
