//! The reading stages of a run: collect, relate, drift, then metrics and details for suspects.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws_config::SdkConfig;
use chrono::{DateTime, Duration, Utc};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::time::Instant;

use super::accounts::{self, Entered, Target};
use super::{Request, RunError};
use crate::collect::{self, CollectError, Context, Meter, Paid, Progress, Wanted};
use crate::config::{Config, Regions, files, regions};
use crate::cost;
use crate::drift;
use crate::findings::state::State;
use crate::incident::{self, Window};
use crate::inventory::cloudtrail::Event;
use crate::inventory::costexplorer::{Anomaly, CostAndUsage};
use crate::inventory::metrics::Query;
use crate::inventory::{Coverage, CoverageStatus, GLOBAL, Inventory, Kind as _, Scope, is_global};
use crate::policy::Policy;
use crate::policy::evaluate::{self, Setting};
use crate::relate;
use crate::report::Usage;
use crate::review;
use crate::store;

/// Events reach the history within about 15 minutes, sometimes later; the
/// windows of two runs overlap by this much.
const EVENT_OVERLAP: Duration = Duration::minutes(60);
/// How far the first run looks back.
const FIRST_WINDOW: Duration = Duration::hours(24);

/// One run's way to AWS.
pub(super) struct Aws {
    pub(super) sdk: aws_config::SdkConfig,
    pub(super) s3: aws_sdk_s3::Client,
    pub(super) meter: Arc<Meter>,
    /// The ARN of who runs it, once AWS has said it.
    pub(super) caller: OnceLock<String>,
    /// What the run is about, once it is known.
    pub(super) targets: OnceLock<Vec<Target>>,
    /// Where the state is kept, and what was paid for beside it.
    pub(super) place: store::Location,
    /// What went wrong on the way and is no verdict.
    pub(super) notes: Mutex<Vec<String>>,
}

impl Aws {
    /// Where the environment names no region, the first configured one is where state and reports lie.
    pub(super) async fn new(request: &Request, config: &Config) -> Self {
        let mut sdk = collect::sdk_config(request.profile.as_deref(), None).await;
        if let (None, Regions::Named(regions)) = (sdk.region(), &config.regions) {
            sdk = collect::sdk_config(request.profile.as_deref(), regions.first().map(String::as_str)).await;
        }
        let meter = Arc::new(Meter::default());
        let s3 = collect::s3(&sdk, &meter);
        Self {
            sdk,
            s3,
            meter,
            caller: OnceLock::new(),
            targets: OnceLock::new(),
            place: store::Location::None,
            notes: Mutex::default(),
        }
    }

    fn note(&self, note: String) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    }

    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn usage(&self) -> Usage {
        Usage { api_calls: self.meter.calls(), usd: self.meter.usd() }
    }
}

/// Accounts read at once. They share the reads in flight.
const ACCOUNTS_AT_ONCE: usize = 8;
/// An account that has others beside it still reads so much at once.
const LEAST_SHARE: usize = 12;

/// Reads what the policies need, and nothing else.
pub(super) async fn read_aws(
    request: &Request,
    config: &Config,
    policies: &[&Policy],
    state: &State,
    aws: &Aws,
    now: DateTime<Utc>,
    progress: &(dyn Fn(&Progress<'_>) + Sync),
) -> Result<Inventory, RunError> {
    // what is missing here is said before anybody is asked
    if aws.sdk.region().is_none() && matches!(config.regions, Regions::Current) {
        return Err(RunError::NoRegion);
    }
    let caller = collect::caller_identity(&aws.sdk, &aws.meter).await?;
    let _ = aws.caller.set(caller.arn.clone());
    let targets = accounts::targets(request, config, aws, &caller).await?;
    let _ = aws.targets.set(targets.clone());
    let entered = accounts::enter(targets, request, aws, &caller).await;
    let alone = entered.len() == 1;
    let reading = Reading { alone, ..Reading::new(request, config, policies, state, aws, now)? };
    let at_once = entered.len().clamp(1, ACCOUNTS_AT_ONCE);
    let share = (collect::CONCURRENCY / at_once).max(LEAST_SHARE);
    // the futures nest too deep for the compiler unless they are boxed
    let reads = stream::iter(entered).map(|account| Box::pin(reading.account(account, share, progress)));
    let scopes: Vec<Vec<Scope>> = reads.buffered(at_once).try_collect().await?;
    Ok(Inventory {
        version: Inventory::VERSION,
        taken_at: now,
        scopes: scopes.into_iter().flatten().collect(),
    })
}

/// What the reads of all accounts have in common.
struct Reading<'a> {
    request: &'a Request,
    config: &'a Config,
    policies: &'a [&'a Policy],
    state: &'a State,
    aws: &'a Aws,
    now: DateTime<Utc>,
    started: Instant,
    window: Option<Window>,
    reviewed: Option<Window>,
    types: Wanted,
    trail: Option<collect::Trail>,
    /// It is about one account.
    alone: bool,
}

impl<'a> Reading<'a> {
    fn new(
        request: &'a Request,
        config: &'a Config,
        policies: &'a [&'a Policy],
        state: &'a State,
        aws: &'a Aws,
        now: DateTime<Utc>,
    ) -> Result<Self, RunError> {
        let window = request.window(now)?;
        let reviewed = request.reviewed(config, now)?;
        let mut types = wanted(policies);
        for name in window.iter().flat_map(|_| incident::types()) {
            types.entry(name).or_default();
        }
        for name in reviewed.iter().flat_map(|_| review::types()) {
            types.entry(name).or_default();
        }
        let trail = config.drift.trail.as_ref();
        let trail = trail.map(|trail| collect::Trail::new(&aws.s3, &trail.bucket, &trail.prefix));
        let started = Instant::now();
        Ok(Self {
            request,
            config,
            policies,
            state,
            aws,
            now,
            started,
            window,
            reviewed,
            types,
            trail,
            alone: true,
        })
    }

    /// The scopes of one account, joined: nothing is joined across accounts. An account that cannot be entered
    /// is one of which nothing could be seen.
    async fn account(
        &self,
        account: Entered,
        at_once: usize,
        progress: &(dyn Fn(&Progress<'_>) + Sync),
    ) -> Result<Vec<Scope>, RunError> {
        let Entered { target, access, own } = account;
        let drift = drift::Settings { drift: self.config.drift.clone(), own_principals: own };
        let entered = match access {
            Ok(sdk) => self.regions(&sdk).await.map(|regions| (sdk, regions)),
            Err(error) => Err(error),
        };
        let (mut contexts, mut scopes) = match entered {
            Ok((sdk, regions)) => {
                let kept = self.aws.place.beside(&format!("costs/{}.json", target.id));
                let paid = paid(&self.types, &kept, self.aws).await;
                let contexts = self.contexts(&target.id, &sdk, &regions, &paid);
                let scopes = collect::collect(&contexts, &self.types, at_once, progress).await;
                keep(&paid, &kept, self.aws).await;
                (contexts, scopes)
            }
            // there is nothing else to report on
            Err(error) if target.role_arn.is_none() && self.alone => return Err(error.into()),
            Err(error) => {
                self.aws.note(format!("Nothing could be seen of the account {}: {error}", target.called()));
                (Vec::new(), self.unseen(&target.id, &error))
            }
        };
        // a read that took all its time, such as a long history, leaves the metrics the last quarter
        for context in &mut contexts {
            context.deadline = self.started + self.request.time_limit;
        }
        // what an account has once is joined first, since the others look into it
        for scope in scopes.iter_mut().filter(|scope| scope.region == GLOBAL) {
            relate::relate(scope, None);
            cost::apply(scope);
        }
        let account_wide = scopes.iter().find(|scope| scope.region == GLOBAL).cloned();
        for scope in &mut scopes {
            scope.rates = cost::rates(account_wide.as_ref(), &scope.region);
            relate::relate(scope, account_wide.as_ref());
            drift::apply(scope, &drift, &self.state.changes);
            drift::compare(scope, account_wide.as_ref(), &drift);
        }
        relate::account(&mut scopes);
        let setting = Setting { now: self.now, migration: &self.config.migration };
        let details = scopes.iter_mut().zip(&contexts).map(|(scope, context)| {
            let mut queries: BTreeSet<Query> =
                self.window.iter().flat_map(|window| incident::anomalies::queries(scope, window)).collect();
            queries.extend(cost::queries(account_wide.as_ref(), scope));
            let whole = if self.reviewed.is_some() { review::DETAILS } else { &[] };
            let asked = Asked { queries, whole };
            read_metrics_and_details(
                self.policies,
                scope,
                context,
                &setting,
                account_wide.as_ref(),
                &drift,
                asked,
            )
        });
        futures::future::join_all(details).await;
        cost::attribute(&mut scopes);
        Ok(scopes)
    }

    /// Those to read, or why they are not known.
    async fn regions(&self, sdk: &SdkConfig) -> Result<Vec<String>, CollectError> {
        match &self.config.regions {
            Regions::All => collect::regions(sdk, &self.aws.meter).await,
            Regions::Named(_) | Regions::Current => Ok(self.named_regions()),
        }
    }

    /// Without asking anybody.
    fn named_regions(&self) -> Vec<String> {
        match &self.config.regions {
            Regions::Named(regions) => regions.clone(),
            Regions::Current | Regions::All => {
                self.aws.sdk.region().map(ToString::to_string).into_iter().collect()
            }
        }
    }

    fn contexts(&self, account: &str, sdk: &SdkConfig, regions: &[String], paid: &Paid) -> Vec<Context> {
        let home = regions.first().map_or("", |region| regions::home_of_global(region)).to_owned();
        let context = |region: String, endpoint: &str| Context {
            clients: collect::Clients::new(sdk, endpoint, &self.aws.meter),
            events_from: events_from(
                self.state,
                &State::place(account, &region),
                self.window.as_ref().or(self.reviewed.as_ref()),
                self.now,
            ),
            history_from: self.reviewed.as_ref().map_or(self.now, |window| window.since),
            trail: self.trail.clone(),
            events_only: false,
            account: account.to_owned(),
            region,
            now: self.now,
            deadline: self.started + self.request.time_limit * 3 / 4,
            ecs: collect::EcsShared::default(),
            paid: paid.clone(),
            costs_every: self.config.costs.every_days,
        };
        let mut contexts: Vec<Context> =
            regions.iter().map(|region| context(region.clone(), region)).collect();
        if self.types.keys().any(|name| is_global(name)) {
            contexts.push(context(GLOBAL.to_owned(), &home));
        }
        if self.types.contains_key(Event::TYPE) && !regions.contains(&home) {
            // what the services that an account has once were told is only there
            contexts.push(Context { events_only: true, ..context(home.clone(), &home) });
        }
        contexts
    }

    /// As if every read had failed for this reason. Of `all` regions the one of the configuration stands for the
    /// others, which nobody could be asked for.
    fn unseen(&self, account: &str, error: &CollectError) -> Vec<Scope> {
        let scope = |region: String| {
            let mut scope = Scope { account: account.to_owned(), region, ..Scope::default() };
            scope.coverage = self
                .types
                .keys()
                .filter(|name| scope.is_read(name))
                .map(|name| Coverage {
                    resource_type: (*name).to_owned(),
                    status: error.coverage_status(),
                    detail: error.to_string(),
                })
                .collect();
            scope
        };
        let regions = self.named_regions();
        regions.into_iter().chain([GLOBAL.to_owned()]).map(scope).filter(|s| !s.coverage.is_empty()).collect()
    }
}

/// What an earlier run paid for, if there may be something to pay for now.
async fn paid(types: &Wanted, kept: &store::Location, aws: &Aws) -> Paid {
    if ![CostAndUsage::TYPE, Anomaly::TYPE].iter().any(|name| types.contains_key(name)) {
        return Paid::default();
    }
    match kept.read(Some(&aws.s3)).await {
        Ok(found) => found.map_or_else(Paid::default, |(json, _)| Paid::parse(&json)),
        Err(error) => {
            aws.note(format!(
                "Cost Explorer is asked and paid again, since what was kept of it is lost: {error}"
            ));
            Paid::default()
        }
    }
}

/// At once, so that what was paid for stays even if the run ends early.
async fn keep(paid: &Paid, kept: &store::Location, aws: &Aws) {
    let Some(json) = paid.changed() else { return };
    if let Err(error) = kept.overwrite(json, Some(&aws.s3)).await {
        aws.note(format!(
            "The next run asks and pays Cost Explorer again, since its answer was not kept: {error}"
        ));
    }
}

/// The types that the policies need, and of those that they judge the fields that they name.
fn wanted(policies: &[&Policy]) -> Wanted {
    let mut wanted = Wanted::new();
    for policy in policies {
        for name in policy.types() {
            wanted.entry(name).or_default();
        }
        for name in policy.unchecked_types() {
            wanted.entry(name).or_default().extend(policy.fields());
        }
    }
    wanted
}

/// Back to the last complete run, and where an incident is told of back to its beginning.
fn events_from(state: &State, place: &str, window: Option<&Window>, now: DateTime<Utc>) -> DateTime<Utc> {
    let from = state.last_complete.get(place).map_or(now - FIRST_WINDOW, |last| *last - EVENT_OVERLAP);
    window.map_or(from, |window| from.min(window.since))
}

/// What is read beside what the policies ask for.
struct Asked {
    queries: BTreeSet<Query>,
    /// Details of every resource that can have them.
    whole: &'static [&'static str],
}

/// Metrics for the resources that `skip` leaves in; then the costly details
/// for those that the metrics make suspects.
async fn read_metrics_and_details(
    policies: &[&Policy],
    scope: &mut Scope,
    context: &Context,
    setting: &Setting<'_>,
    account_wide: Option<&Scope>,
    drift: &drift::Settings,
    asked: Asked,
) {
    let Asked { mut queries, whole } = asked;
    queries.extend(evaluate::metric_queries(policies, scope, setting));
    let queries: Vec<Query> = queries.into_iter().collect();
    if !queries.is_empty() {
        scope.series = collect::fetch_metrics(context, &queries).await;
        let failed: Vec<&str> =
            scope.series.values().filter_map(|series| series.incomplete.as_deref()).collect();
        let status = if failed.is_empty() { CoverageStatus::Complete } else { CoverageStatus::Partial };
        let detail = match failed.first() {
            None => String::new(),
            Some(reason) => format!("{} of {} metric series: {reason}", failed.len(), queries.len()),
        };
        scope.coverage.push(Coverage { resource_type: "AWS::CloudWatch::Metric".to_owned(), status, detail });
    }
    let wanted = evaluate::detail_requests(policies, scope, setting);
    for detail in collect::DETAILS {
        let all = whole.contains(&detail.name).then(|| arns_of(scope, detail.resource_type));
        if let Some(arns) = all.filter(|arns| !arns.is_empty()).as_ref().or(wanted.get(detail.name)) {
            let arns: Vec<String> = arns.iter().cloned().collect();
            detail.fill(context, scope, &arns).await;
        }
    }
    if !wanted.is_empty() {
        relate::relate(scope, account_wide);
        drift::compare(scope, account_wide, drift);
    }
}

fn arns_of(scope: &Scope, resource_type: &str) -> BTreeSet<String> {
    let own = scope.resources.iter().filter(|resource| resource.type_name() == resource_type);
    own.map(|resource| resource.meta().arn.clone()).collect()
}

/// An inventory saved by `aftermove collect`.
pub(super) fn read_inventory(path: &std::path::Path) -> Result<Inventory, RunError> {
    // a newer one may well have unknown fields, and those are not what is wrong with it
    #[derive(serde::Deserialize)]
    struct Versioned {
        version: u32,
    }
    let bytes =
        std::fs::read(path).map_err(|source| files::FileError::Read { path: path.to_owned(), source })?;
    let place = || path.display().to_string();
    let malformed = |source| RunError::Inventory { path: place(), source };
    let Versioned { version: found } = serde_json::from_slice(&bytes).map_err(malformed)?;
    if found != Inventory::VERSION {
        return Err(RunError::InventoryVersion { path: place(), found });
    }
    serde_json::from_slice(&bytes).map_err(malformed)
}
