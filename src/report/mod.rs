//! The report of one run, and its pure renderers.
#![deny(clippy::disallowed_methods)]

pub mod asff;
pub mod chat;
pub mod csv;
pub mod digest;
mod exchange;
pub mod html;
mod html_costs;
mod html_review;
pub mod json_incident;
pub mod json_review;
pub mod json_v1;
pub mod ocsf;
pub mod part;
pub mod sarif;
pub mod slack;
pub mod sns;
mod sns_incident;
mod sns_review;
pub mod text;
mod text_incident;
mod text_review;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use digest::Digest;

use crate::cost::Costs;
use crate::findings::{Finding, Status};
use crate::incident::Incident;
use crate::inventory::CoverageStatus;
use crate::policy::Policy;
use crate::policy::outcome::{Outcome, Severity, Verdicts};
use crate::review::Review;

#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub run: RunInfo,
    pub accounts: Vec<String>,
    /// What people call them, by id, where that is known.
    pub names: BTreeMap<String, String>,
    pub regions: Vec<String>,
    /// Gravest first, then by policy and resource.
    pub findings: Vec<Finding>,
    /// What happened, where that was asked for.
    pub incident: Option<Incident>,
    /// How the first days went, where that was asked for.
    pub review: Option<Review>,
    /// What the account costs, where the bill was read.
    pub costs: Option<Costs>,
    /// The week in short, where that was asked for.
    pub digest: Option<Digest>,
    /// Where this report lies as a page for people, if it was put somewhere.
    pub page: Option<Page>,
    pub policies: Vec<PolicyCounts>,
    pub coverage: Vec<CoverageRow>,
    /// What a reader should know about the run itself: expired or unused
    /// mutes, a message that could not be delivered.
    pub notes: Vec<String>,
    pub usage: Usage,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Page {
    /// `s3://bucket/key`.
    pub place: String,
    /// Opens it in a browser for a while.
    pub link: Option<String>,
}

impl Page {
    /// Where the same report lies as JSON: beside it.
    pub fn json_place(&self) -> String {
        format!("{}.json", self.place.strip_suffix(".html").unwrap_or(&self.place))
    }

    /// What opens it, or else where it lies.
    pub fn address(&self) -> &str {
        self.link.as_deref().unwrap_or(&self.place)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct RunInfo {
    pub id: String,
    /// `schedule`, `incident`, `review` or `manual`.
    pub trigger: &'static str,
    pub started_at: DateTime<Utc>,
    pub finished_at: DateTime<Utc>,
    /// Every coverage row is complete and no policy was blind anywhere.
    pub complete: bool,
}

#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct PolicyCounts {
    pub id: String,
    /// What it says of itself, for the formats that describe their rules.
    #[serde(skip)]
    pub about: Option<About>,
    pub pass: usize,
    pub fail: usize,
    pub skip: usize,
    pub unknown: usize,
}

/// A policy in its own words, whatever resource it judges.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct About {
    pub title: String,
    pub severity: Severity,
    pub tags: Vec<String>,
    pub why: String,
    pub fix: String,
    pub sources: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CoverageRow {
    pub account: String,
    pub region: String,
    pub resource_type: String,
    pub status: CoverageStatus,
    pub detail: String,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Usage {
    /// Requests sent, retries included, by `service:Operation` as IAM writes it.
    pub api_calls: BTreeMap<String, u64>,
    /// What they cost at list price.
    pub usd: f64,
}

impl Report {
    /// What the process says with its exit code: 0 clean, 1 findings at or
    /// above `fail_on`, 3 coverage incomplete. Findings win over coverage.
    pub fn exit_code(&self, fail_on: Severity) -> u8 {
        let failed = |f: &Finding| f.status.is_violation() && f.severity >= fail_on;
        if self.findings.iter().any(failed) {
            1
        } else if self.saw_everything() {
            0
        } else {
            3
        }
    }

    /// `111122223333`, or `12 accounts`.
    pub fn whose(&self) -> String {
        match self.accounts.as_slice() {
            [one] => self.called(one),
            many => format!("{} accounts", many.len()),
        }
    }

    /// `payments (111122223333)`, or the id of one that nobody calls anything.
    pub fn called(&self, account: &str) -> String {
        self.names.get(account).map_or_else(|| account.to_owned(), |name| format!("{name} ({account})"))
    }

    pub fn count(&self, status: Status) -> usize {
        self.findings.iter().filter(|f| f.status == status).count()
    }

    /// The coverage rows of what was not, or not completely, seen. What is missing of an account for one and the same
    /// reason, such as a role that lets nobody in, is one row.
    pub fn unseen(&self) -> Vec<CoverageRow> {
        let mut alike: IndexMap<(&str, CoverageStatus, &str), Vec<&CoverageRow>> = IndexMap::new();
        for row in self.coverage.iter().filter(|row| row.status != CoverageStatus::Complete) {
            alike.entry((&row.account, row.status, &row.detail)).or_default().push(row);
        }
        alike
            .into_values()
            .flat_map(|rows| {
                if rows.len() < ALIKE { rows.into_iter().cloned().collect() } else { vec![folded(&rows)] }
            })
            .collect()
    }

    pub fn saw_everything(&self) -> bool {
        self.run.complete && self.coverage.iter().all(|row| row.status == CoverageStatus::Complete)
    }

    /// The run in one line: `7 new, 3 open, 1 resolved; 2 things could not be seen`.
    pub fn headline(&self) -> String {
        let found = self.counted().unwrap_or_else(|| "nothing found".to_owned());
        match self.unseen().len() {
            0 if self.saw_everything() => found,
            0 => format!("{found}; not everything could be checked"),
            1 => format!("{found}; 1 thing could not be seen"),
            n => format!("{found}; {n} things could not be seen"),
        }
    }

    /// How many findings there are by status, or `None` if there are none.
    fn counted(&self) -> Option<String> {
        let order =
            [Status::New, Status::Reopened, Status::Open, Status::Unknown, Status::Resolved, Status::Muted];
        let counts: Vec<String> = order
            .into_iter()
            .map(|status| (self.count(status), status))
            .filter(|(n, _)| *n > 0)
            .map(|(n, status)| format!("{n} {}", status.as_str()))
            .collect();
        (!counts.is_empty()).then(|| counts.join(", "))
    }
}

impl Usage {
    /// Both together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for (action, calls) in other.api_calls {
            *self.api_calls.entry(action).or_default() += calls;
        }
        self.usd += other.usd;
        self
    }
}

/// So many rows of one reason are told as one.
const ALIKE: usize = 4;

fn folded(rows: &[&CoverageRow]) -> CoverageRow {
    let distinct = |of: fn(&CoverageRow) -> &str| rows.iter().map(|row| of(row)).collect::<BTreeSet<_>>();
    let regions: Vec<&str> = distinct(|row| &row.region).into_iter().collect();
    let types = distinct(|row| &row.resource_type).len();
    CoverageRow {
        region: regions.join(", "),
        resource_type: format!("{types} resource types"),
        ..rows[0].clone()
    }
}

impl About {
    pub fn of(policy: &Policy) -> Self {
        Self {
            title: policy.title.clone(),
            severity: policy.severity,
            tags: policy.tags.clone(),
            why: policy.why_text.clone(),
            fix: policy.fix_text.clone(),
            sources: policy.sources.clone(),
        }
    }
}

impl PolicyCounts {
    /// Counts the outcomes of each policy, in the given order. A place where a
    /// policy was blind counts as one unknown, so that it never looks clean.
    pub fn tally<'a>(policies: impl IntoIterator<Item = &'a str>, verdicts: &Verdicts<'_>) -> Vec<Self> {
        let mut counts: Vec<Self> =
            policies.into_iter().map(|id| Self { id: id.to_owned(), ..Self::default() }).collect();
        let index: BTreeMap<String, usize> =
            counts.iter().enumerate().map(|(i, c)| (c.id.clone(), i)).collect();
        for evaluation in &verdicts.evaluations {
            if let Some(&i) = index.get(&*evaluation.policy) {
                let counts = &mut counts[i];
                match evaluation.outcome {
                    Outcome::Pass => counts.pass += 1,
                    Outcome::Fail(_) => counts.fail += 1,
                    Outcome::Skip(_) => counts.skip += 1,
                    Outcome::Unknown(_) => counts.unknown += 1,
                }
            }
        }
        for blind in &verdicts.blind {
            if let Some(&i) = index.get(&blind.policy) {
                counts[i].unknown += 1;
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests;
