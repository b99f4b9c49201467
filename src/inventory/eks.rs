//! Amazon EKS: clusters and their managed node groups.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;
use super::cloudwatch::SignalCoverage;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Cluster {
    #[serde(flatten)]
    pub meta: Meta,
    /// `CREATING`, `ACTIVE`, `UPDATING`, `DELETING`, `FAILED` or `PENDING`.
    pub status: String,
    /// Of Kubernetes: `1.33`.
    pub version: String,
    /// What AWS says of that version: `STANDARD_SUPPORT`, `EXTENDED_SUPPORT` or `UNSUPPORTED`. Null where
    /// DescribeClusterVersions failed or does not list it.
    pub version_status: Option<String>,
    pub end_of_standard_support_date: Option<DateTime<Utc>>,
    pub end_of_extended_support_date: Option<DateTime<Utc>>,
    /// `STANDARD` (upgraded by itself when standard support ends) or `EXTENDED`.
    pub support_type: Option<String>,
    pub endpoint_public_access: bool,
    pub endpoint_private_access: bool,
    /// Who may reach the public endpoint.
    pub public_access_cidrs: Vec<String>,
    /// The control plane logs that go to CloudWatch: `api`, `audit`, `authenticator`, `controllerManager`, `scheduler`.
    pub enabled_log_types: Vec<String>,
    /// Whether EKS Auto Mode runs the nodes.
    pub auto_mode: bool,
    pub health_issues: Vec<HealthIssue>,
    /// The names of its add-ons. Null where ListAddons failed for this cluster.
    pub addons: Option<Vec<String>>,
    /// Derived: which alarm covers each signal (`errors`, `saturation`). Null where alarms could not be read.
    pub signals: Option<BTreeMap<String, SignalCoverage>>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Nodegroup {
    #[serde(flatten)]
    pub meta: Meta,
    pub cluster_name: String,
    /// `CREATING`, `ACTIVE`, `UPDATING`, `DELETING`, `CREATE_FAILED`, `DELETE_FAILED` or `DEGRADED`.
    pub status: String,
    pub version: Option<String>,
    pub min_size: i64,
    pub max_size: i64,
    pub desired_size: i64,
    pub instance_types: Vec<String>,
    pub health_issues: Vec<HealthIssue>,
}

/// What EKS itself found wrong.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct HealthIssue {
    /// `NodeCreationFailure`, `Ec2SubnetNotFound`, `IamNodeRoleNotFound`, …
    pub code: String,
    pub message: String,
    pub resource_ids: Vec<String>,
}
