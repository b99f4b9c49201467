//! State v1: what one run leaves for the next. It holds every known finding in
//! full, so that one that cannot be looked at again can still be shown.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{BecauseOf, Finding, Status};
use crate::inventory::cloudtrail::Change;
use crate::inventory::{Meta, Scope};
use crate::policy::outcome::Severity;

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    pub version: u32,
    /// By finding id. Resolved ones stay for a while, so that a reopened one is known.
    pub findings: BTreeMap<String, FindingRecord>,
    /// The end of the last complete CloudTrail window, by [`State::place`].
    pub last_complete: BTreeMap<String, DateTime<Utc>>,
    /// Changes by hand that stood when they were last looked at, so that each run can say whether they still do.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// Findings whose message did not get out, with the status that nobody has been told.
    pub undelivered: BTreeMap<String, Status>,
    /// When the last digest got out: the next one tells what is new since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_digest: Option<DateTime<Utc>>,
    /// Up to when each schedule's slots are done, by its name: the last completed slot, or where it began.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub schedules: BTreeMap<String, DateTime<Utc>>,
    /// Schedules whose job runs, by name, each with the time from which on it counts as dead.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub running: BTreeMap<String, DateTime<Utc>>,
}

/// A [`Finding`] under its id, plus when it was resolved.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FindingRecord {
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
    #[serde(default)]
    pub because_of: Vec<BecauseOf>,
    pub first_seen: DateTime<Utc>,
    /// When the violation was last seen with our own eyes.
    pub last_seen: DateTime<Utc>,
    pub resolved_at: Option<DateTime<Utc>>,
}

#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error(
        "{origin} is no state file of aftermove: {source}; move it aside to start afresh: all findings will be new"
    )]
    Malformed { origin: String, source: serde_json::Error },
    #[error(
        "{origin} has state version {found}, and this aftermove knows version {known}; use the aftermove \
         that wrote it, or move it aside to start afresh: all findings will be new",
        known = State::VERSION
    )]
    Version { origin: String, found: u32 },
}

impl Default for State {
    fn default() -> Self {
        Self {
            version: Self::VERSION,
            findings: BTreeMap::new(),
            last_complete: BTreeMap::new(),
            changes: Vec::new(),
            undelivered: BTreeMap::new(),
            last_digest: None,
            schedules: BTreeMap::new(),
            running: BTreeMap::new(),
        }
    }
}

impl State {
    pub const VERSION: u32 = 1;

    /// The key of an account and region in [`State::last_complete`].
    pub fn place(account: &str, region: &str) -> String {
        format!("{account}/{region}")
    }

    /// Keeps these changes of the scope in place of those that were known there.
    pub fn carry<'c>(&mut self, scope: &Scope, changes: impl Iterator<Item = &'c Change>) {
        let elsewhere = |meta: &Meta| (&meta.account, &meta.region) != (&scope.account, &scope.region);
        self.changes.retain(|change| elsewhere(&change.meta));
        self.changes.extend(changes.cloned());
    }

    /// What is known of some accounts.
    #[must_use]
    pub fn of_accounts(&self, accounts: &BTreeSet<&str>) -> Self {
        let mut theirs = self.clone();
        theirs.findings.retain(|_, record| accounts.contains(record.resource.account.as_str()));
        theirs.changes.retain(|change| accounts.contains(change.meta.account.as_str()));
        theirs
    }

    /// Reads what [`State::to_json`] wrote; `origin` names the file in errors.
    pub fn parse(json: &[u8], origin: &str) -> Result<Self, StateError> {
        // The version comes first: a newer state may well have unknown fields,
        // and those are not what is wrong with it.
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let malformed = |source| StateError::Malformed { origin: origin.to_owned(), source };
        let Versioned { version } = serde_json::from_slice(json).map_err(malformed)?;
        if version != Self::VERSION {
            return Err(StateError::Version { origin: origin.to_owned(), found: version });
        }
        serde_json::from_slice(json).map_err(malformed)
    }

    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut json = serde_json::to_vec_pretty(self)?;
        json.push(b'\n');
        Ok(json)
    }

    /// The findings among `reported` whose message did not get out before and
    /// which still stand, each with the status that nobody has been told yet.
    pub fn still_undelivered(&self, reported: &[Finding]) -> Vec<Finding> {
        let retry = |finding: &Finding| {
            let status = *self.undelivered.get(&finding.id)?;
            finding.status.is_violation().then(|| Finding { status, ..finding.clone() })
        };
        reported.iter().filter_map(retry).collect()
    }

    /// Takes note of a delivery that tried `retried` again and left `undelivered`.
    /// What was not tried, such as a finding outside of the run, stays due.
    pub fn record_delivery(&mut self, retried: &[Finding], undelivered: BTreeMap<String, Status>) {
        for finding in retried {
            self.undelivered.remove(&finding.id);
        }
        self.undelivered.extend(undelivered);
    }
}

impl FindingRecord {
    /// The finding as it is reported, under a status of this run.
    pub fn to_finding(&self, id: &str, status: Status) -> Finding {
        let record = self.clone();
        Finding {
            id: id.to_owned(),
            policy: record.policy,
            severity: record.severity,
            status,
            resource_type: record.resource_type,
            resource: record.resource,
            title: record.title,
            message: record.message,
            why: record.why,
            fix: record.fix,
            fix_cli: record.fix_cli,
            fix_terraform: record.fix_terraform,
            evidence: record.evidence,
            monthly_cost_usd: record.monthly_cost_usd,
            because_of: record.because_of,
            explains: Vec::new(),
            first_seen: record.first_seen,
            last_seen: record.last_seen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_survives_the_way_through_json() {
        let mut state = State::default();
        let at: DateTime<Utc> = "2026-11-02T03:00:00Z".parse().unwrap();
        state.last_complete.insert(State::place("123456789012", "eu-west-1"), at);
        state.undelivered.insert("0011223344556677".into(), Status::New);
        state.schedules.insert("nightly".into(), at);
        state.running.insert("weekly".into(), at);
        state.findings.insert(
            "0011223344556677".into(),
            FindingRecord {
                policy: "logs-group-no-retention".into(),
                severity: Severity::Medium,
                status: Status::New,
                resource_type: "AWS::Logs::LogGroup".into(),
                resource: Meta { id: "/ecs/web".into(), ..Meta::default() },
                title: "t".into(),
                message: "m".into(),
                why: String::new(),
                fix: String::new(),
                fix_cli: None,
                fix_terraform: None,
                evidence: Map::new(),
                monthly_cost_usd: Some(1.5),
                because_of: Vec::new(),
                first_seen: at,
                last_seen: at,
                resolved_at: None,
            },
        );
        let json = state.to_json().unwrap();
        assert_eq!(State::parse(&json, "state.json").unwrap(), state);
    }

    #[test]
    fn a_state_from_before_there_were_schedules_is_read_and_stays_as_it_is() {
        let old = br#"{"version":1,"findings":{},"last_complete":{},"changes":[],"undelivered":{}}"#;
        let state = State::parse(old, "state.json").unwrap();
        assert_eq!(state, State::default());
        let json: Value = serde_json::from_slice(&state.to_json().unwrap()).unwrap();
        assert_eq!(json, serde_json::from_slice::<Value>(old).unwrap());
    }

    #[test]
    fn what_is_wrong_with_a_state_file_is_said_with_its_name_and_the_way_out() {
        let error =
            State::parse(b"{\"version\":1,\"findings\":{},\"oops\":1}", "s3://b/state.json").unwrap_err();
        insta::assert_snapshot!(error, @"s3://b/state.json is no state file of aftermove: unknown field `oops`, expected one of `version`, `findings`, `last_complete`, `changes`, `undelivered`, `last_digest`, `schedules`, `running` at line 1 column 33; move it aside to start afresh: all findings will be new");
        let error = State::parse(b"", "state.json").unwrap_err();
        insta::assert_snapshot!(error, @"state.json is no state file of aftermove: EOF while parsing a value at line 1 column 0; move it aside to start afresh: all findings will be new");
    }

    #[test]
    fn a_newer_state_is_refused_by_its_version_whatever_else_it_holds() {
        let error = State::parse(b"{\"version\":2,\"runs\":[]}", "state.json").unwrap_err();
        insta::assert_snapshot!(error, @"state.json has state version 2, and this aftermove knows version 1; use the aftermove that wrote it, or move it aside to start afresh: all findings will be new");
    }
}
