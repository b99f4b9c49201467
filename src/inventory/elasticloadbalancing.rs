//! Elastic Load Balancing, first generation: Classic Load Balancers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct ClassicLoadBalancer {
    #[serde(flatten)]
    pub meta: Meta,
    /// `internet-facing` or `internal`; null outside of a VPC.
    pub scheme: Option<String>,
    pub dns_name: Option<String>,
    pub vpc_id: Option<String>,
    pub security_groups: Vec<String>,
    pub listeners: Vec<ClassicListener>,
    /// The instances registered with it.
    pub instance_ids: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct ClassicListener {
    pub load_balancer_port: i64,
    /// `HTTP`, `HTTPS`, `TCP` or `SSL`.
    pub protocol: String,
}
