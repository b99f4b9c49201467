//! What was seen and what not, per account, region and resource type.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CoverageStatus {
    Complete,
    /// Some of it was read: a page limit, the deadline or a denied detail cut the rest.
    Partial,
    Denied,
    Failed,
}

impl CoverageStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    #[serde(rename = "type")]
    pub resource_type: String,
    pub status: CoverageStatus,
    /// Why it is not complete, naming the IAM action where one was denied; for
    /// windowed types also from when to when was seen. Empty otherwise.
    pub detail: String,
}
