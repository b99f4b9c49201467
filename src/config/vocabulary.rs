//! Words that the configuration and the policy files share.

use serde::{Deserialize, Serialize};

#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// From the gravest down.
    pub const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who should hear of it: `essential` and `recommended` run by default.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Pack {
    Essential,
    #[default]
    Recommended,
    Strict,
}

impl Pack {
    pub const ALL: [Self; 3] = [Self::Essential, Self::Recommended, Self::Strict];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Essential => "essential",
            Self::Recommended => "recommended",
            Self::Strict => "strict",
        }
    }
}
