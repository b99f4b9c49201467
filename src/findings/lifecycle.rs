//! The life of findings from run to run: new, open, resolved, reopened, muted,
//! or unknown. Only a complete look resolves anything.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, btree_map};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::mute::{Mute, Mutes, WhileHolds};
use super::state::{FindingRecord, State};
use super::{BecauseOf, Finding, Status, finding_id};
use crate::inventory::Meta;
use crate::policy::outcome::{Blind, Cause, Evaluation, Failure, Outcome, Verdicts};

/// How long a resolved finding is remembered, so that it can be reopened.
pub const RESOLVED_KEPT: TimeDelta = TimeDelta::days(90);
/// How long a finding about an event stands after the event was last seen.
pub const EVENT_STANDS: TimeDelta = TimeDelta::days(14);

/// What a run set out to look at. A finding outside of it is left alone.
#[derive(Clone, Copy, Debug)]
pub struct Extent<'a> {
    pub policies: &'a [PolicyScope<'a>],
    pub places: &'a [Place],
}

#[derive(Clone, Copy, Debug)]
pub struct PolicyScope<'a> {
    pub id: &'a str,
    /// It judges events of a time window, whose absence from a later window says nothing.
    pub windowed: bool,
}

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Place {
    pub account: String,
    pub region: String,
    /// Only events were looked at here, so that all else is outside of the run.
    pub events_only: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// Gravest first, then by policy, account, region and resource.
    pub findings: Vec<Finding>,
    /// For the next run. `last_complete`, `schedules` and `running` are as they were before.
    pub state: State,
    /// Mutes that expired, muted nothing or muted too much.
    pub notes: Vec<String>,
}

/// Compares the verdicts of this run with what was known before.
pub fn settle(
    previous: &State,
    verdicts: Verdicts<'_>,
    extent: Extent<'_>,
    mutes: &[Mute],
    while_holds: &WhileHolds<'_>,
    now: DateTime<Utc>,
) -> Settled {
    let mut run = Run {
        now,
        mutes: Mutes::new(mutes, while_holds, now),
        findings: Vec::new(),
        records: BTreeMap::new(),
    };
    let Verdicts { evaluations, blind } = verdicts;
    let looks = Looks::new(&evaluations, &blind, extent);
    let seen = by_id(evaluations);
    for (id, record) in &previous.findings {
        if !seen.contains_key(id) {
            run.settle_absent(id, record, &looks);
        }
    }
    for (id, evaluation) in seen {
        run.settle_seen(&id, evaluation, previous.findings.get(&id), &looks);
    }
    let notes = run.mutes.notes(|policy| looks.ran_completely(policy));
    let Run { mut findings, records, .. } = run;
    tell_what_explains_what(&mut findings);
    findings.sort_by_cached_key(Finding::order);
    let undelivered = previous
        .undelivered
        .iter()
        .filter(|(id, _)| records.get(*id).is_some_and(|r| r.status != Status::Resolved))
        .map(|(id, status)| (id.clone(), *status))
        .collect();
    Settled {
        findings,
        state: State {
            version: State::VERSION,
            findings: records,
            last_complete: previous.last_complete.clone(),
            changes: previous.changes.clone(),
            undelivered,
            last_digest: previous.last_digest,
            schedules: previous.schedules.clone(),
            running: previous.running.clone(),
        },
        notes,
    }
}

/// What this run saw, by finding id. Several looks under one id are one: the
/// worst outcome stands, and of several failures the gravest speaks for all of them.
fn by_id(evaluations: Vec<Evaluation<'_>>) -> BTreeMap<String, Evaluation<'_>> {
    let mut by_id: BTreeMap<String, Evaluation<'_>> = BTreeMap::new();
    for evaluation in evaluations {
        match by_id.entry(finding_id(&evaluation.policy, &evaluation.resource)) {
            btree_map::Entry::Vacant(entry) => {
                entry.insert(evaluation);
            }
            btree_map::Entry::Occupied(mut entry) => join(entry.get_mut(), evaluation),
        }
    }
    by_id
}

fn join<'a>(stands: &mut Evaluation<'a>, mut other: Evaluation<'a>) {
    let rank = |evaluation: &Evaluation<'_>| match &evaluation.outcome {
        Outcome::Skip(_) => (0, None),
        Outcome::Pass => (1, None),
        Outcome::Unknown(_) => (2, None),
        Outcome::Fail(failure) => (3, Some(failure.severity)),
    };
    if rank(&other) > rank(stands) {
        std::mem::swap(stands, &mut other);
    }
    if let (Outcome::Fail(failure), Outcome::Fail(joined)) = (&mut stands.outcome, other.outcome) {
        for (key, value) in joined.evidence {
            if let (Some(Value::Array(list)), Value::Array(more)) = (failure.evidence.get_mut(&key), value) {
                for item in more {
                    if !list.contains(&item) {
                        list.push(item);
                    }
                }
            }
        }
    }
}

/// Where this run looked, and where it could not.
struct Looks<'a> {
    /// By policy, account and region; why.
    blind: BTreeMap<(&'a str, &'a str, &'a str), &'a str>,
    unknown_policies: BTreeSet<Cow<'a, str>>,
    extent: Extent<'a>,
}

impl<'a> Looks<'a> {
    fn new(evaluations: &[Evaluation<'a>], blind: &'a [Blind], extent: Extent<'a>) -> Self {
        let unknown = evaluations.iter().filter(|e| matches!(e.outcome, Outcome::Unknown(_)));
        Self {
            blind: blind.iter().map(|b| ((&*b.policy, &*b.account, &*b.region), &*b.reason)).collect(),
            unknown_policies: unknown.map(|e| e.policy.clone()).collect(),
            extent,
        }
    }

    fn blind_reason(&self, record: &FindingRecord) -> Option<&'a str> {
        let key = (&*record.policy, &*record.resource.account, &*record.resource.region);
        self.blind.get(&key).copied()
    }

    /// The record's policy, if this run set out to look where the record is.
    fn covering_policy(&self, record: &FindingRecord) -> Option<&'a PolicyScope<'a>> {
        let Meta { account, region, .. } = &record.resource;
        let policy = self.extent.policies.iter().find(|p| p.id == record.policy)?;
        let mut here =
            self.extent.places.iter().filter(|place| place.account == *account && place.region == *region);
        here.any(|place| policy.windowed || !place.events_only).then_some(policy)
    }

    /// Whether this run looked at all regions that the finding is about, if its evidence names some.
    fn reaches_as_far(&self, record: &FindingRecord) -> bool {
        let regions = record.evidence.get("regions").and_then(Value::as_array);
        regions.into_iter().flatten().filter_map(Value::as_str).all(|region| {
            let mut places = self.extent.places.iter();
            places.any(|p| p.account == record.resource.account && p.region == region && !p.events_only)
        })
    }

    fn ran_completely(&self, policy: &str) -> bool {
        self.extent.policies.iter().any(|p| p.id == policy)
            && !self.unknown_policies.contains(policy)
            && !self.blind.keys().any(|(blind, ..)| *blind == policy)
    }
}

struct Run<'a> {
    now: DateTime<Utc>,
    mutes: Mutes<'a>,
    findings: Vec<Finding>,
    records: BTreeMap<String, FindingRecord>,
}

impl Run<'_> {
    /// A finding id that was looked at in this run.
    fn settle_seen(
        &mut self,
        id: &str,
        mut evaluation: Evaluation<'_>,
        known: Option<&FindingRecord>,
        looks: &Looks<'_>,
    ) {
        // The failure moves into the finding; of large accounts there is not room for all of them twice.
        let outcome = std::mem::replace(&mut evaluation.outcome, Outcome::Pass);
        let (failure, unknown) = match outcome {
            Outcome::Fail(failure) => (Some(failure), None),
            Outcome::Unknown(reason) => (None, Some(reason)),
            Outcome::Pass | Outcome::Skip(_) => (None, None),
        };
        if let Some(failure) = failure {
            self.stands(id, &evaluation, *failure, known);
            return;
        }
        let Some(known) = known else { return };
        if known.status == Status::Resolved {
            self.keep_resolved(id, known);
            return;
        }
        // Where its policy was blind, even a pass is not the whole truth.
        match (unknown, looks.blind_reason(known)) {
            (Some(reason), _) => self.not_seen(id, known, &reason),
            (None, Some(reason)) => self.not_seen(id, known, reason),
            (None, None) if looks.reaches_as_far(known) => self.resolve(id, known),
            (None, None) => {
                self.records.insert(id.to_owned(), known.clone());
            }
        }
    }

    /// A known finding whose resource did not turn up in this run.
    fn settle_absent(&mut self, id: &str, known: &FindingRecord, looks: &Looks<'_>) {
        if known.status == Status::Resolved {
            self.keep_resolved(id, known);
            return;
        }
        let Some(policy) = looks.covering_policy(known) else {
            self.records.insert(id.to_owned(), known.clone());
            return;
        };
        if let Some(reason) = looks.blind_reason(known) {
            self.not_seen(id, known, reason);
        } else if !policy.windowed {
            self.resolve(id, known);
        } else if self.now - known.last_seen < EVENT_STANDS {
            let mute = self.mutes.covering(&known.policy, &known.resource, None);
            self.report(id, known.clone(), Status::Open, mute);
        }
    }

    fn stands(
        &mut self,
        id: &str,
        evaluation: &Evaluation<'_>,
        failure: Failure,
        known: Option<&FindingRecord>,
    ) {
        // A mute that ended is news as well: nobody was told while it held.
        let status = match known.map(|known| known.status) {
            None => Status::New,
            Some(Status::Resolved | Status::Muted) => Status::Reopened,
            Some(Status::New | Status::Open | Status::Reopened | Status::Unknown) => Status::Open,
        };
        let record = FindingRecord {
            policy: evaluation.policy.clone().into_owned(),
            severity: failure.severity,
            status,
            resource_type: evaluation.resource_type.to_owned(),
            resource: evaluation.resource.clone().into_owned(),
            title: failure.title,
            message: failure.message,
            why: failure.why,
            fix: failure.fix,
            fix_cli: failure.fix_cli,
            fix_terraform: failure.fix_terraform,
            evidence: failure.evidence,
            monthly_cost_usd: failure.monthly_cost_usd,
            because_of: failure.because_of.into_iter().filter_map(because_of).collect(),
            first_seen: known.map_or(self.now, |known| known.first_seen),
            last_seen: self.now,
            resolved_at: None,
        };
        let mute = self.mutes.covering(&record.policy, &record.resource, Some(evaluation));
        self.report(id, record, status, mute);
    }

    fn not_seen(&mut self, id: &str, known: &FindingRecord, reason: &str) {
        let mute = self.mutes.covering(&known.policy, &known.resource, None);
        self.report(id, known.clone(), Status::Unknown, mute);
        if let Some(finding) = self.findings.last_mut() {
            finding.evidence.insert("unknown_because".into(), Value::from(reason));
        }
    }

    fn resolve(&mut self, id: &str, known: &FindingRecord) {
        let mut record = known.clone();
        record.resolved_at = Some(self.now);
        self.report(id, record, Status::Resolved, None);
    }

    fn keep_resolved(&mut self, id: &str, known: &FindingRecord) {
        let since = known.resolved_at.unwrap_or(known.last_seen);
        if self.now - since < RESOLVED_KEPT {
            self.records.insert(id.to_owned(), known.clone());
        }
    }

    fn report(&mut self, id: &str, mut record: FindingRecord, status: Status, mute: Option<&Mute>) {
        record.status = if mute.is_some() { Status::Muted } else { status };
        let mut finding = record.to_finding(id, record.status);
        if let Some(mute) = mute {
            finding.evidence.insert(
                "muted".into(),
                json!({ "owner": mute.owner, "reason": mute.reason, "expires": mute.expires.to_string() }),
            );
        }
        self.findings.push(finding);
        self.records.insert(id.to_owned(), record);
    }
}

/// The other way of `because_of`.
fn tell_what_explains_what(findings: &mut [Finding]) {
    let mut explains: BTreeMap<String, Vec<BecauseOf>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.status.is_violation()) {
        for cause in &finding.because_of {
            explains.entry(cause.finding.clone()).or_default().push(BecauseOf {
                finding: finding.id.clone(),
                policy: finding.policy.clone(),
                resource: finding.resource.id.clone(),
            });
        }
    }
    for finding in findings {
        finding.explains = explains.remove(&finding.id).unwrap_or_default();
    }
}

fn because_of(cause: Cause) -> Option<BecauseOf> {
    let resource = cause.of?;
    let finding = finding_id(&cause.policy, &resource);
    Some(BecauseOf { finding, policy: cause.policy, resource: resource.id })
}

#[cfg(test)]
mod tests;
