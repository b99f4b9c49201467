//! The pipeline, and the only place that sees every stage of it.
//!
//! The command line and the Lambda both call [`scan`].

pub mod accounts;
mod conclude;
#[cfg(test)]
mod cost_simulation;
mod digest;
pub mod due;
pub mod fan_out;
pub mod jobs;
mod read;
pub mod setup;
pub mod starter;
pub mod tick;
pub mod watch;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::collect::{CollectError, Progress};
use crate::config::diagnostic::Diagnostics;
use crate::config::{Config, files};
use crate::cost;
use crate::drift;
use crate::findings::Finding;
use crate::findings::lifecycle::{Extent, Place, PolicyScope, settle};
use crate::findings::mute::{Mute, MuteError};
use crate::findings::state::State;
use crate::incident::{self, SinceError};
use crate::inventory::cloudtrail::{Change, Event};
use crate::inventory::rds::RdsEvent;
use crate::inventory::{CoverageStatus, GLOBAL, Inventory, Kind as _, Scope};
use crate::policy::evaluate::Setting;
use crate::policy::outcome::{Evaluation, Verdicts};
use crate::policy::{Policy, evaluate, generic, mute};
use crate::report::{About, CoverageRow, PolicyCounts, Report, RunInfo, Usage};
use crate::review;
use crate::store;
use conclude::Conclusion;
use read::{Aws, read_aws, read_inventory};
pub use setup::{AskedBy, Request};

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Refused(#[from] Diagnostics),
    #[error(transparent)]
    File(#[from] files::FileError),
    #[error("there is no {0}")]
    NoConfig(String),
    #[error("{message}; {help}")]
    Region { message: String, help: String },
    #[error("no region is set; give --region, set AWS_REGION, or name `regions` in the configuration")]
    NoRegion,
    #[error(
        "the account {account} has no `role_arn`, and the credentials are of {own}; name the role to read it with"
    )]
    NoRole { account: String, own: String },
    #[error("the configuration has no account {0}; `accounts` and `organization` say which ones there are")]
    UnknownAccount(String),
    #[error("the configuration has no `schedules`, so that nothing is ever due")]
    NoSchedules,
    #[error("no schedule has a slot left, so that nothing is ever due again")]
    NoSlots,
    #[error("without a state nobody knows what was done; configure `deliver.s3`, or set AFTERMOVE_STATE")]
    NoMemory,
    #[error("there is no policy or tag `{id}`; {help}")]
    UnknownPolicy { id: String, help: String },
    #[error("{path} is not an inventory: {source}")]
    Inventory { path: String, source: serde_json::Error },
    #[error("{path} is an inventory of version {found}, and this aftermove knows version {known}", known = Inventory::VERSION)]
    InventoryVersion { path: String, found: u32 },
    #[error("a run over many accounts hands on through S3; configure `deliver.s3`")]
    NoBucket,
    #[error("there is no plan at {0}; a run over many accounts begins with `{{\"job\":\"plan\"}}`")]
    NoPlan(String),
    #[error("{place} is not what an earlier step of this run writes: {source}")]
    Piece { place: String, source: serde_json::Error },
    #[error("cannot hand on to the next step: {0}")]
    HandOn(#[from] serde_json::Error),
    #[error("of {accounts} accounts none has a result; of the first one: {why}")]
    AllLost { accounts: usize, why: String },
    #[error(transparent)]
    Since(#[from] SinceError),
    #[error(transparent)]
    ReviewSince(#[from] review::SinceError),
    #[error(transparent)]
    Collect(#[from] CollectError),
    #[error(transparent)]
    Mute(#[from] MuteError),
    #[error(transparent)]
    Location(#[from] store::LocationError),
    #[error(transparent)]
    Store(#[from] store::StoreError),
}

impl RunError {
    /// A stable name for logs and for Lambda's errorType.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Refused(_)
            | Self::NoConfig(_)
            | Self::Region { .. }
            | Self::NoRegion
            | Self::NoRole { .. }
            | Self::NoBucket
            | Self::UnknownAccount(_)
            | Self::NoSchedules
            | Self::NoSlots
            | Self::NoMemory
            | Self::Mute(_) => "ConfigurationError",
            Self::Since(_) | Self::ReviewSince(_) => "InvalidEvent",
            Self::UnknownPolicy { .. } => "UnknownPolicy",
            Self::File(_) | Self::Inventory { .. } | Self::InventoryVersion { .. } => "FileError",
            Self::Collect(_) => "AwsError",
            Self::Location(_) | Self::Store(_) => "StateError",
            Self::NoPlan(_) | Self::Piece { .. } | Self::HandOn(_) | Self::AllLost { .. } => "FanOutError",
        }
    }
}

/// What a scan leaves behind.
#[derive(Debug)]
pub struct Scan {
    pub report: Report,
    /// What was to be sent or kept and was not; the report's notes say it, too.
    pub undelivered: bool,
}

/// Reads, judges, compares with the last run, delivers, and keeps the state.
pub async fn scan(request: &Request, progress: &(dyn Fn(&Progress<'_>) + Sync)) -> Result<Scan, RunError> {
    let started_at = Utc::now();
    let saved = request.inventory.as_deref().map(read_inventory).transpose()?;
    let window = request.window(saved.as_ref().map_or(started_at, |saved| saved.taken_at))?;
    let config = setup::config(request, started_at).await?;
    let reviewed = request.reviewed(&config, saved.as_ref().map_or(started_at, |saved| saved.taken_at))?;
    let all = setup::policies(request, &config).await?;
    let policies = setup::select(&all, &request.only, &config.packs)?;
    let conditions = while_conditions(&config, &all)?;
    let place = state_place(request, &config)?;
    let aws = Aws { place: place.clone(), ..Aws::new(request, &config).await };
    let loaded = place.load(Some(&aws.s3)).await?;

    let mut inventory = match saved {
        Some(saved) => saved,
        // the SDK's futures nest too deep for the compiler unless they are boxed
        None => {
            Box::pin(read_aws(request, &config, &policies, &loaded.state, &aws, started_at, progress)).await?
        }
    };
    forget_events(&mut inventory, &policies);
    let judging =
        Judging { request, config: &config, policies: &policies, conditions: &conditions, started_at };
    let (mut report, mut state) = judging.judge(&inventory, &loaded.state)?;
    report.incident = window.map(|window| {
        let reason = request.incident.as_ref().and_then(|ask| ask.reason.clone());
        incident::tell(&inventory, &report.findings, window, reason, who_asked(request, &aws))
    });
    if let Some(asked) = request.asked.as_ref().filter(|_| request.incident.is_none()) {
        report.notes.push(asked.words());
    }
    let targets = aws.targets.get().into_iter().flatten().filter(|target| !target.name.is_empty());
    report.names = targets.map(|target| (target.id.clone(), target.name.clone())).collect();
    let costs = costs(&inventory, &report.findings);
    report.costs = cost::together(called(costs.clone(), &report));
    report.review = reviewed.map(|window| {
        let limits = review::Limits::of(&all);
        review::tell(&inventory, report.costs.as_ref(), &config.migration, limits, window)
    });
    drop(inventory);
    report.notes.extend(aws.notes());
    report.usage = aws.usage();

    let conclusion = Conclusion { request, config: &config, aws: &aws, costs: &costs, started_at };
    let mut undelivered = conclusion.deliver(&mut report, &mut state).await;
    if let Err(error) = place.save(&state, loaded.etag.as_deref(), Some(&aws.s3)).await {
        report
            .notes
            .push(format!("The state was not saved, so the next run repeats this one's news: {error}"));
        undelivered = true;
    }
    report.usage = aws.usage();
    report.run.finished_at = Utc::now();
    Ok(Scan { report, undelivered })
}

/// Whose credentials the run has, and for whom it runs where somebody says so.
fn who_asked(request: &Request, aws: &Aws) -> Option<String> {
    let arn = aws.caller.get().cloned();
    match (request.asked.as_ref().and_then(|asked| asked.who.clone()), arn) {
        (Some(who), Some(arn)) => Some(format!("{who} (as {arn})")),
        (who, arn) => who.or(arn),
    }
}

/// What each account costs, with the days marked that findings are about.
fn costs(inventory: &Inventory, findings: &[Finding]) -> Vec<(String, cost::Costs)> {
    let mut costs = cost::tell(inventory);
    for (account, costs) in &mut costs {
        mark(costs, findings.iter().filter(|finding| finding.resource.account == *account));
    }
    costs
}

/// Under the names that people know.
fn called(costs: Vec<(String, cost::Costs)>, report: &Report) -> Vec<(String, cost::Costs)> {
    costs.into_iter().map(|(id, costs)| (report.called(&id), costs)).collect()
}

/// Marks the days that findings on costs are about.
fn mark<'f>(costs: &mut cost::Costs, findings: impl Iterator<Item = &'f Finding>) {
    for finding in findings.filter(|finding| finding.status.is_violation()) {
        let text = |name: &str| finding.evidence.get(name).and_then(Value::as_str);
        let date = |name: &str| text(name)?.parse().ok();
        if let (Some(service), Some(usage_type), Some(from), Some(to)) =
            (text("service"), text("usage_type"), date("from"), date("to"))
        {
            costs.mark(service, usage_type, from, to);
        }
    }
}

/// Events have become changes by now, and are the bulk of what was read.
fn forget_events(inventory: &mut Inventory, policies: &[&Policy]) {
    if policies.iter().all(|policy| !policy.judges(Event::TYPE)) {
        for scope in &mut inventory.scopes {
            scope.resources.retain(|resource| resource.type_name() != Event::TYPE);
        }
    }
}

/// The pure stages: from what was read to a report and the next state.
struct Judging<'a> {
    request: &'a Request,
    config: &'a Config,
    policies: &'a [&'a Policy],
    conditions: &'a Conditions<'a>,
    started_at: DateTime<Utc>,
}

impl Judging<'_> {
    fn judge(&self, inventory: &Inventory, previous: &State) -> Result<(Report, State), RunError> {
        let now = inventory.taken_at;
        let verdicts = evaluate::evaluate(self.policies, inventory, &self.config.migration);
        let setting = Setting { now, migration: &self.config.migration };
        let while_holds = |mute: &Mute, evaluation: &Evaluation<'_>| {
            let key = (mute.policy.clone(), mute.while_.clone()?);
            self.conditions.get(&key)?.holds(inventory, evaluation, &setting)
        };
        let scopes: Vec<PolicyScope<'_>> = self
            .policies
            .iter()
            .map(|policy| PolicyScope {
                id: &policy.id,
                windowed: policy.judged().any(|name| [Event::TYPE, RdsEvent::TYPE].contains(&name)),
            })
            .collect();
        let places: Vec<Place> = inventory
            .scopes
            .iter()
            .map(|scope| Place {
                account: scope.account.clone(),
                region: scope.region.clone(),
                events_only: scope.events_only,
            })
            .collect();
        let extent = Extent { policies: &scopes, places: &places };
        let mut report = report(self.request, self.policies, inventory, &verdicts, self.started_at);
        let settled = settle(previous, verdicts, extent, &mutes(self.config)?, &while_holds, now);

        let mut state = settled.state;
        for scope in inventory.scopes.iter().filter(|scope| scope.coverage_of(Change::TYPE).is_some()) {
            if self.request.inventory.is_none() && scope.complete(Change::TYPE) {
                state.last_complete.insert(State::place(&scope.account, &scope.region), now);
            }
            state.carry(scope, drift::carried(scope, now));
        }
        let misfits = generic::notes(self.policies, inventory);
        report.notes = misfits.into_iter().chain(settled.notes).collect();
        report.findings = settled.findings;
        Ok((report, state))
    }
}

/// The inventory alone, for `aftermove collect`.
pub async fn inventory(
    request: &Request,
    progress: &(dyn Fn(&Progress<'_>) + Sync),
) -> Result<Inventory, RunError> {
    let now = Utc::now();
    let config = setup::config(request, now).await?;
    let all = setup::policies(request, &config).await?;
    let policies = setup::select(&all, &request.only, &config.packs)?;
    let place = state_place(request, &config)?;
    let aws = Aws { place, ..Aws::new(request, &config).await };
    read_aws(request, &config, &policies, &State::default(), &aws, now, progress).await
}

fn report(
    request: &Request,
    policies: &[&Policy],
    inventory: &Inventory,
    verdicts: &Verdicts<'_>,
    started_at: DateTime<Utc>,
) -> Report {
    let coverage: Vec<CoverageRow> = inventory
        .scopes
        .iter()
        .flat_map(|scope| {
            scope.coverage.iter().map(|row| CoverageRow {
                account: scope.account.clone(),
                region: scope.region.clone(),
                resource_type: row.resource_type.clone(),
                status: row.status,
                detail: row.detail.clone(),
            })
        })
        .collect();
    let asked_for = inventory.scopes.iter().filter(|scope| !scope.events_only);
    let distinct = |of: fn(&Scope) -> &String| -> Vec<String> {
        asked_for.clone().map(of).collect::<BTreeSet<_>>().into_iter().cloned().collect()
    };
    let mut counts = PolicyCounts::tally(policies.iter().map(|policy| policy.id.as_str()), verdicts);
    for (counts, policy) in counts.iter_mut().zip(policies) {
        counts.about = Some(About::of(policy));
    }
    Report {
        run: RunInfo {
            id: uuid::Uuid::now_v7().to_string(),
            trigger: request.trigger,
            started_at,
            finished_at: started_at,
            complete: verdicts.blind.is_empty()
                && coverage.iter().all(|row| row.status == CoverageStatus::Complete),
        },
        names: BTreeMap::new(),
        accounts: distinct(|scope| &scope.account),
        regions: distinct(|scope| &scope.region).into_iter().filter(|region| region != GLOBAL).collect(),
        findings: Vec::new(),
        incident: None,
        review: None,
        costs: None,
        digest: None,
        page: None,
        policies: counts,
        coverage,
        notes: Vec::new(),
        usage: Usage::default(),
    }
}

fn state_place(request: &Request, config: &Config) -> Result<store::Location, RunError> {
    if let Some(account) = &request.apart {
        let bucket = config.deliver.s3.as_ref().ok_or(RunError::NoBucket)?;
        return Ok(fan_out::state_of(bucket, account));
    }
    Ok(match (&request.state, &config.deliver.s3) {
        (Some(place), _) => place.parse()?,
        (None, Some(s3)) => store::Location::S3 { bucket: s3.bucket.clone(), key: s3.key("state.json") },
        (None, None) => store::Location::None,
    })
}

type Conditions<'p> = BTreeMap<(String, String), mute::Condition<'p>>;

fn while_conditions<'p>(config: &Config, policies: &'p [Policy]) -> Result<Conditions<'p>, RunError> {
    let mut conditions = BTreeMap::new();
    for written in &config.mutes {
        let policy = policies.iter().find(|policy| policy.id == written.policy);
        if let (Some((text, place)), Some(policy)) = (&written.while_, policy) {
            let condition = mute::Condition::compile(policy, text, place)?;
            conditions.insert((policy.id.clone(), text.clone()), condition);
        }
    }
    Ok(conditions)
}

fn mutes(config: &Config) -> Result<Vec<Mute>, RunError> {
    config
        .mutes
        .iter()
        .cloned()
        .map(|mute| {
            let while_ = mute.while_.map(|(text, _)| text);
            Ok(Mute::new(mute.policy, mute.resource, mute.owner, mute.reason, mute.expires, while_)?)
        })
        .collect()
}
