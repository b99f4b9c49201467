//! Elastic Load Balancing v2: application, network and gateway load balancers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;
use super::cloudwatch::SignalCoverage;
use super::ec2::Opening;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct LoadBalancer {
    #[serde(flatten)]
    pub meta: Meta,
    /// `application`, `network` or `gateway`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `internet-facing` or `internal`.
    pub scheme: Option<String>,
    /// `provisioning`, `active`, `active_impaired` or `failed`.
    pub state: String,
    pub dns_name: Option<String>,
    pub vpc_id: Option<String>,
    pub security_groups: Vec<String>,
    /// The value of CloudWatch's LoadBalancer dimension: the end of the ARN, `app/web/50dc6c495c0c9188`.
    pub metric_dimension: String,
    /// Null where DescribeListeners failed for this load balancer.
    pub listeners: Option<Vec<Listener>>,
    /// Derived: the target groups that it forwards to. Null where target groups could not be read.
    pub target_groups: Option<Vec<TargetGroup>>,
    /// Derived: the ports that its security groups open to public addresses. Null where security groups,
    /// or the prefix lists that they name, could not be read.
    pub openings: Option<Vec<Opening>>,
    /// Derived: which alarm covers each signal (`errors`, `latency`, `unhealthy_hosts`).
    /// Null where alarms could not be read.
    pub signals: Option<BTreeMap<String, SignalCoverage>>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Listener {
    pub listener_arn: String,
    pub port: Option<i64>,
    pub protocol: Option<String>,
    /// Types of the default actions: `forward`, `redirect`, `fixed-response`, `authenticate-oidc`, …
    pub default_action_types: Vec<String>,
    /// Where the default is a redirect: `HTTP`, `HTTPS`, or `#{protocol}` for the request's own.
    pub redirect_protocol: Option<String>,
    /// Its rules but for the default, the first to be tried first. They cost a call for each listener, so they are
    /// read only where a policy's `details` ask for them, and are null elsewhere or where they could not be read.
    pub rules: Option<Vec<ListenerRule>>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct ListenerRule {
    pub priority: i64,
    /// All of them must hold.
    pub conditions: Vec<RuleCondition>,
    pub action_types: Vec<String>,
    /// Where it redirects: `HTTP`, `HTTPS`, or `#{protocol}` for the request's own.
    pub redirect_protocol: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct RuleCondition {
    /// `path-pattern`, `host-header`, `http-header`, `source-ip`, …
    pub field: String,
    /// One of them must match. Empty for fields other than path and host.
    pub values: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct TargetGroup {
    #[serde(flatten)]
    pub meta: Meta,
    pub protocol: Option<String>,
    pub port: Option<i64>,
    /// `instance`, `ip`, `lambda` or `alb`.
    pub target_type: Option<String>,
    pub vpc_id: Option<String>,
    pub load_balancer_arns: Vec<String>,
    /// The value of CloudWatch's TargetGroup dimension: `targetgroup/web/73e2d6bc24d8a067`.
    pub metric_dimension: String,
    /// Health of the registered targets. It costs a call for each target group, so it is read only
    /// where a policy's `details` ask for it, and is null elsewhere or where it could not be read.
    pub targets: Option<Vec<Target>>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Target {
    pub id: String,
    pub port: Option<i64>,
    /// `healthy`, `unhealthy`, `initial`, `draining`, `unused`, `unavailable`, …
    pub state: String,
    pub reason: Option<String>,
}
