//! The report of one run, and its pure renderers.
#![deny(clippy::disallowed_methods)]

pub mod json_v1;
pub mod sns;
pub mod text;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::findings::Finding;
use crate::inventory::CoverageStatus;

#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub run: RunInfo,
    pub accounts: Vec<String>,
    pub regions: Vec<String>,
    /// Gravest first, then by policy and resource.
    pub findings: Vec<Finding>,
    pub policies: Vec<PolicyCounts>,
    pub coverage: Vec<CoverageRow>,
    /// What a reader should know about the run itself: expired or unused
    /// mutes, a message that could not be delivered.
    pub notes: Vec<String>,
    pub usage: Usage,
}

#[derive(Clone, Debug, PartialEq)]
pub struct RunInfo {
    pub id: String,
    /// `schedule`, `incident` or `manual`.
    pub trigger: &'static str,
    pub started_at: DateTime<Utc>,
    pub finished_at: DateTime<Utc>,
    /// Every coverage row is complete and no policy was blind anywhere.
    pub complete: bool,
}

#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PolicyCounts {
    pub id: String,
    pub pass: usize,
    pub fail: usize,
    pub skip: usize,
    pub unknown: usize,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CoverageRow {
    pub account: String,
    pub region: String,
    pub resource_type: String,
    pub status: CoverageStatus,
    pub detail: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// Requests sent, retries included, by `service:Operation` as IAM writes it.
    pub api_calls: BTreeMap<String, u64>,
    /// What they cost at list price.
    pub usd: f64,
}
