//! Findings: failures with an identity that survives runs.
#![deny(clippy::disallowed_methods)]

pub mod lifecycle;
pub mod mute;
pub mod state;
pub mod sum;

use std::cmp::Reverse;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::inventory::Meta;
use crate::policy::outcome::Severity;

#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    New,
    Reopened,
    Open,
    /// Found before; this run could not look.
    Unknown,
    Muted,
    Resolved,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Reopened => "reopened",
            Self::Open => "open",
            Self::Unknown => "unknown",
            Self::Muted => "muted",
            Self::Resolved => "resolved",
        }
    }

    /// Whether it tells the reader something that the last run did not.
    pub fn is_news(self) -> bool {
        matches!(self, Self::New | Self::Reopened)
    }

    /// Whether it stands as a violation now, as far as was seen.
    pub fn is_violation(self) -> bool {
        matches!(self, Self::New | Self::Reopened | Self::Open)
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Finding {
    pub id: String,
    pub policy: String,
    pub severity: Severity,
    pub status: Status,
    pub resource_type: String,
    pub resource: Meta,
    pub title: String,
    pub message: String,
    pub why: String,
    pub fix: String,
    pub fix_cli: Option<String>,
    pub fix_terraform: Option<String>,
    pub evidence: Map<String, Value>,
    pub monthly_cost_usd: Option<f64>,
    /// Findings that explain this one.
    pub because_of: Vec<BecauseOf>,
    /// Findings of this run that this one explains.
    pub explains: Vec<BecauseOf>,
    pub first_seen: DateTime<Utc>,
    pub last_seen: DateTime<Utc>,
}

impl Finding {
    /// Gravest first, then by policy, account, region and resource.
    pub fn order(&self) -> impl Ord + use<> {
        let resource = &self.resource;
        let place = (resource.account.clone(), resource.region.clone());
        (Reverse(self.severity), self.policy.clone(), place, resource.id.clone(), self.id.clone())
    }

    /// The findings that explain it, for people.
    pub fn explained(&self) -> Option<String> {
        named(&self.because_of)
    }

    /// The findings that it explains, for people.
    pub fn explaining(&self) -> Option<String> {
        named(&self.explains)
    }
}

fn named(findings: &[BecauseOf]) -> Option<String> {
    let named: Vec<String> =
        findings.iter().map(|other| format!("{} on {}", other.policy, other.resource)).collect();
    (!named.is_empty()).then(|| named.join(", "))
}

/// A finding that explains another, or that another explains.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct BecauseOf {
    pub finding: String,
    pub policy: String,
    /// The short id of its resource.
    pub resource: String,
}

/// The identity of a finding: never of numbers that move.
pub fn finding_id(policy: &str, resource: &Meta) -> String {
    let key = without_revision(if resource.arn.is_empty() { &resource.id } else { &resource.arn });
    let mut hash = Sha256::new();
    for part in [policy, &resource.account, &resource.region, key] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let digest = hash.finalize();
    digest.iter().take(8).fold(String::new(), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    })
}

/// A task definition gets a new revision with every deployment, and keeps what is wrong with it.
fn without_revision(arn: &str) -> &str {
    match arn.rsplit_once(':') {
        Some((family, revision))
            if family.contains(":task-definition/") && revision.parse::<u64>().is_ok() =>
        {
            family
        }
        _ => arn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_on_a_task_definition_survives_its_next_revision() {
        let id = |arn: &str| {
            finding_id("ecs-task-no-log-driver", &Meta { arn: arn.to_owned(), ..Meta::default() })
        };
        let web = "arn:aws:ecs:eu-west-1:111122223333:task-definition/web";
        assert_eq!(id(&format!("{web}:7")), id(&format!("{web}:8")));
        assert_ne!(id(&format!("{web}:7")), id(&format!("{web}-2:7")));
        let queue = "arn:aws:sqs:eu-west-1:111122223333";
        assert_ne!(id(&format!("{queue}:7")), id(&format!("{queue}:8")));
    }
}
