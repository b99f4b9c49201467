//! What one account's run hands on to the report on many accounts.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CoverageRow, PolicyCounts, Report, RunInfo, Usage};
use crate::cost::Costs;
use crate::findings::state::State;
use crate::findings::{Finding, Status};
use crate::inventory::account::Account;
use crate::inventory::{CoverageStatus, GLOBAL, Kind as _};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub version: u32,
    pub account: String,
    /// What people call it; empty where nobody calls it anything.
    pub name: String,
    pub started_at: DateTime<Utc>,
    pub complete: bool,
    pub regions: Vec<String>,
    pub findings: Vec<Finding>,
    pub costs: Option<Costs>,
    pub policies: Vec<PolicyCounts>,
    pub coverage: Vec<CoverageRow>,
    pub notes: Vec<String>,
    pub usage: Usage,
}

impl Part {
    pub const VERSION: u32 = 1;

    pub fn of(account: &str, name: &str, report: Report) -> Self {
        Self {
            version: Self::VERSION,
            account: account.to_owned(),
            name: name.to_owned(),
            started_at: report.run.started_at,
            complete: report.run.complete,
            regions: report.regions,
            findings: report.findings,
            costs: report.costs,
            policies: report.policies,
            coverage: report.coverage,
            notes: report.notes,
            usage: report.usage,
        }
    }

    /// Without the rows of what was completely seen: of thousands of accounts they would be millions.
    #[must_use]
    pub fn condensed(mut self) -> Self {
        self.coverage.retain(|row| row.status != CoverageStatus::Complete);
        self
    }

    /// Of an account whose run came to nothing: what was known of it before is unknown now.
    pub fn lost(account: &str, name: &str, why: &str, known: &State, now: DateTime<Utc>) -> Self {
        let unknown = |(id, record): (&String, &crate::findings::state::FindingRecord)| {
            let mut finding = record.to_finding(id, Status::Unknown);
            finding.evidence.insert("unknown_because".to_owned(), Value::from(why));
            finding
        };
        let standing =
            known.findings.iter().filter(|(_, r)| !matches!(r.status, Status::Resolved | Status::Muted));
        let called = if name.is_empty() { account.to_owned() } else { format!("{name} ({account})") };
        Self {
            version: Self::VERSION,
            started_at: now,
            complete: false,
            regions: Vec::new(),
            findings: standing.map(unknown).collect(),
            costs: None,
            policies: Vec::new(),
            coverage: vec![CoverageRow {
                account: account.to_owned(),
                region: GLOBAL.to_owned(),
                resource_type: Account::TYPE.to_owned(),
                status: CoverageStatus::Failed,
                detail: why.to_owned(),
            }],
            notes: vec![format!("Nothing could be seen of the account {called}: {why}")],
            usage: Usage::default(),
            account: account.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// One report of all but their costs.
pub fn join(run: RunInfo, parts: Vec<Part>) -> Report {
    let mut report = Report {
        run: RunInfo { complete: parts.iter().all(|part| part.complete), ..run },
        names: parts
            .iter()
            .filter(|part| !part.name.is_empty())
            .map(|part| (part.account.clone(), part.name.clone()))
            .collect(),
        accounts: parts.iter().map(|part| part.account.clone()).collect(),
        regions: parts
            .iter()
            .flat_map(|p| &p.regions)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .cloned()
            .collect(),
        findings: Vec::new(),
        incident: None,
        review: None,
        costs: None,
        digest: None,
        page: None,
        policies: Vec::new(),
        coverage: Vec::new(),
        notes: Vec::new(),
        usage: Usage::default(),
    };
    let mut policies: BTreeMap<String, PolicyCounts> = BTreeMap::new();
    let mut notes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for part in parts {
        for counts in part.policies {
            let sum = policies
                .entry(counts.id.clone())
                .or_insert_with(|| PolicyCounts { id: counts.id.clone(), ..PolicyCounts::default() });
            sum.pass += counts.pass;
            sum.fail += counts.fail;
            sum.skip += counts.skip;
            sum.unknown += counts.unknown;
        }
        for note in part.notes {
            notes.entry(note).or_default().push(report.called(&part.account));
        }
        report.usage = report.usage.and(part.usage);
        report.findings.extend(part.findings);
        report.coverage.extend(part.coverage);
    }
    report.findings.sort_by_cached_key(Finding::order);
    report.policies = policies.into_values().collect();
    report.notes = notes.into_iter().map(|(note, of)| attributed(note, &of)).collect();
    report
}

/// What every account says is said once.
fn attributed(note: String, of: &[String]) -> String {
    match of {
        [one] if note.contains(one.as_str()) => note,
        [one] => format!("{one}: {note}"),
        [first, others @ ..] => format!("{first} and {} more: {note}", others.len()),
        [] => note,
    }
}

impl Report {
    /// What it says of some accounts alone.
    #[must_use]
    pub fn of_accounts(&self, accounts: &BTreeSet<&str>, costs: Option<Costs>) -> Self {
        let is_theirs = |account: &str| accounts.contains(account);
        Self {
            run: self.run.clone(),
            accounts: self.accounts.iter().filter(|id| is_theirs(id)).cloned().collect(),
            names: self
                .names
                .iter()
                .filter(|(id, _)| is_theirs(id))
                .map(|(id, name)| (id.clone(), name.clone()))
                .collect(),
            regions: self.regions.clone(),
            findings: self.findings.iter().filter(|f| is_theirs(&f.resource.account)).cloned().collect(),
            incident: None,
            review: None,
            costs,
            digest: None,
            page: None,
            policies: Vec::new(),
            coverage: self.coverage.iter().filter(|row| is_theirs(&row.account)).cloned().collect(),
            notes: Vec::new(),
            usage: Usage::default(),
        }
    }
}

#[cfg(test)]
mod tests;
