//! One run over many accounts, in pieces: a plan of the accounts, a run for each of them on its own, and one report
//! of all. AWS Step Functions runs the pieces; what they hand on lies in S3, under the configured prefix:
//!
//! - `runs/<run>/accounts.json`: the plan, a list of [`Target`]s
//! - `runs/<run>/results/<account>.json`: what came out for an account, a [`Part`]
//! - `runs/<run>/lost/<account>.json`: why nothing did, as Step Functions tells it
//! - `accounts/<account>/state.json`: what is known of an account
//! - `runs/state.json`: when the last digest of all got out
//!
//! News stay undelivered in their account's state until the report of all has told them, so that a run that dies
//! anywhere loses none.

use std::collections::BTreeSet;

use chrono::Utc;
use futures::StreamExt as _;
use futures::stream;
use serde::{Deserialize, Serialize};

use super::accounts::{self, Target};
use super::conclude::Conclusion;
use super::read::Aws;
use super::{Request, RunError, Scan, called, setup};
use crate::collect::{self, Progress};
use crate::config::{Bucket, Config};
use crate::cost::together;
use crate::findings::state::State;
use crate::inventory::CoverageStatus;
use crate::report::RunInfo;
use crate::report::part::{self, Part};
use crate::store::Location;

/// Objects in flight: each may be some MB.
const AT_ONCE: usize = 16;

/// The accounts to run over, where Step Functions finds them.
#[derive(Debug)]
pub struct Plan {
    pub bucket: String,
    pub key: String,
    pub accounts: usize,
}

/// The report of all, and the accounts of which there is nothing to report.
#[derive(Debug)]
pub struct Joined {
    pub scan: Scan,
    pub lost: Vec<Target>,
    /// Their run ended, and could see nothing of them.
    pub unseen: Vec<Target>,
    pub accounts: usize,
}

/// The name of a run as part of a key: Step Functions' name of the execution.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RunName(String);

impl std::str::FromStr for RunName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let kept = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if (1..=80).contains(&name.len()) && name.chars().all(kept) {
            Ok(Self(name.to_owned()))
        } else {
            Err(format!("`{name}` is no name of a run: it has up to 80 letters, digits, - and _"))
        }
    }
}

/// Where one account keeps its state.
pub fn state_of(bucket: &Bucket, account: &str) -> Location {
    at(bucket, &format!("accounts/{account}/state.json"))
}

fn at(bucket: &Bucket, key: &str) -> Location {
    Location::S3 { bucket: bucket.bucket.clone(), key: bucket.key(key) }
}

impl RunName {
    fn file(&self, bucket: &Bucket, name: &str) -> Location {
        at(bucket, &format!("runs/{}/{name}", self.0))
    }

    fn result(&self, bucket: &Bucket, account: &str) -> Location {
        self.file(bucket, &format!("results/{account}.json"))
    }

    fn lost(&self, bucket: &Bucket, account: &str) -> Location {
        self.file(bucket, &format!("lost/{account}.json"))
    }
}

/// Lists the accounts.
pub async fn plan(request: &Request, run: &RunName) -> Result<Plan, RunError> {
    let (config, bucket) = configured(request).await?;
    // what is wrong with the policies is said once, and not by every account
    let all = setup::policies(request, &config).await?;
    setup::select(&all, &request.only, &config.packs)?;
    let aws = Aws::new(request, &config).await;
    let caller = collect::caller_identity(&aws.sdk, &aws.meter).await?;
    let targets = accounts::targets(request, &config, &aws, &caller).await?;
    let place = run.file(&bucket, "accounts.json");
    place.overwrite(serde_json::to_vec_pretty(&targets)?, Some(&aws.s3)).await?;
    Ok(Plan {
        key: bucket.key(&format!("runs/{}/accounts.json", run.0)),
        bucket: bucket.bucket,
        accounts: targets.len(),
    })
}

/// Runs over one account, and hands on what came out. Nothing is published.
pub async fn shard(
    request: &Request,
    run: &RunName,
    target: Target,
    progress: &(dyn Fn(&Progress<'_>) + Sync),
) -> Result<Scan, RunError> {
    let (config, bucket) = configured(request).await?;
    let request = Request {
        state: Some(state_of(&bucket, &target.id).to_string()),
        targets: Some(vec![target.clone()]),
        notify: false,
        ..request.clone()
    };
    // the futures nest too deep for the compiler unless they are boxed
    let scan = Box::pin(super::scan(&request, progress)).await?;
    let part = Part::of(&target.id, &target.name, scan.report.clone());
    let s3 = Aws::new(&request, &config).await.s3;
    run.result(&bucket, &target.id).overwrite(serde_json::to_vec(&part)?, Some(&s3)).await?;
    Ok(scan)
}

/// Why there is no result, as Step Functions caught it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Lost {
    pub error: String,
    #[serde(default)]
    pub cause: String,
}

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // the cause of a Lambda's error is JSON itself
        #[derive(Deserialize)]
        struct Thrown {
            #[serde(rename = "errorMessage")]
            message: String,
        }
        let Self { error, cause } = self;
        let message =
            serde_json::from_str(cause).map_or_else(|_| cause.clone(), |Thrown { message }| message);
        match message.as_str() {
            "" => write!(f, "its run failed ({error})"),
            message => write!(f, "its run failed ({error}: {message})"),
        }
    }
}

/// Remembers why there is no result for an account.
pub async fn lost(request: &Request, run: &RunName, target: &Target, why: &Lost) -> Result<(), RunError> {
    let (config, bucket) = configured(request).await?;
    let s3 = Aws::new(request, &config).await.s3;
    Ok(run.lost(&bucket, &target.id).overwrite(serde_json::to_vec(why)?, Some(&s3)).await?)
}

/// What was known of an account, and what is now.
struct Gathered {
    target: Target,
    part: Part,
    lost: bool,
    saw_nothing: bool,
    /// Without the findings that stand, which the part has.
    state: State,
}

/// One report of all accounts. One of which there is no result is named, with what was known of it.
pub async fn join(request: &Request, run: &RunName) -> Result<Joined, RunError> {
    let started_at = Utc::now();
    let (config, bucket) = configured(request).await?;
    let aws = Aws::new(request, &config).await;
    let plan = run.file(&bucket, "accounts.json");
    let (json, _) = plan.read(Some(&aws.s3)).await?.ok_or_else(|| RunError::NoPlan(plan.to_string()))?;
    let targets: Vec<Target> = parsed(&json, &plan)?;
    let _ = aws.targets.set(targets.clone());
    let of_all = at(&bucket, "runs/state.json");
    let root = of_all.load(Some(&aws.s3)).await?;

    let gathering = stream::iter(targets).map(|target| gather(&aws, &bucket, run, target));
    let gathered: Vec<Gathered> = gathering.buffered(AT_ONCE).collect().await;
    let mut state = root.state.clone();
    let (mut parts, mut lost, mut unseen) = (Vec::new(), Vec::new(), Vec::new());
    let (mut costs, mut due) = (Vec::new(), Vec::new());
    for account in gathered {
        let Gathered { target, mut part, lost: is_lost, saw_nothing, state: known } = account;
        costs.extend(part.costs.take().map(|of_account| (target.id.clone(), of_account)));
        if !known.undelivered.is_empty() {
            due.push((target.id.clone(), known.undelivered.keys().cloned().collect()));
        }
        if is_lost {
            lost.push(target);
        } else if saw_nothing {
            unseen.push(target);
        }
        parts.push(part);
        state.undelivered.extend(known.undelivered);
        state.changes.extend(known.changes);
        state.findings.extend(known.findings);
    }
    let accounts = parts.len();
    if lost.len() == accounts {
        let why = parts.first().and_then(|part| part.coverage.first()).map(|row| row.detail.clone());
        return Err(RunError::AllLost { accounts, why: why.unwrap_or_default() });
    }
    let run_info = RunInfo {
        id: uuid::Uuid::now_v7().to_string(),
        trigger: request.trigger,
        started_at: parts.iter().map(|part| part.started_at).min().unwrap_or(started_at),
        finished_at: started_at,
        complete: true,
    };
    let mut report = part::join(run_info, parts);
    report.costs = together(called(costs.clone(), &report));
    let of_accounts = report.usage.clone();
    let conclusion = Conclusion { request, config: &config, aws: &aws, costs: &costs, started_at };
    let mut undelivered = conclusion.deliver(&mut report, &mut state).await;
    let untold: BTreeSet<&String> = state.undelivered.keys().collect();
    for (account, ids) in &due {
        let told = |id: &String| BTreeSet::contains(ids, id) && !untold.contains(id);
        let place = state_of(&bucket, account);
        let forget = |state: &mut State| state.undelivered.retain(|id, _| !told(id));
        if let Err(error) = place.change(Some(&aws.s3), forget).await {
            report.notes.push(format!("The next run repeats the news of the account {account}: {error}"));
            undelivered = true;
        }
    }
    let last_digest = state.last_digest;
    of_all.change(Some(&aws.s3), |state| state.last_digest = last_digest).await?;
    report.usage = of_accounts.and(aws.usage());
    report.run.finished_at = Utc::now();
    Ok(Joined { scan: Scan { report, undelivered }, lost, unseen, accounts })
}

/// What is wrong with one account stops no other.
async fn gather(aws: &Aws, bucket: &Bucket, run: &RunName, target: Target) -> Gathered {
    let (mut state, unknown) = match state_of(bucket, &target.id).load(Some(&aws.s3)).await {
        Ok(loaded) => (loaded.state, None),
        Err(error) => (State::default(), Some(error.to_string())),
    };
    let (mut part, lost) = match result(aws, bucket, run, &target).await {
        Ok(part) => (part, false),
        Err(why) => (Part::lost(&target.id, &target.name, &why, &state, Utc::now()), true),
    };
    part.notes.extend(unknown.filter(|why| !part.coverage.iter().any(|row| row.detail.contains(why))));
    state.findings.retain(|_, record| record.resolved_at.is_some());
    let saw_nothing = part.coverage.iter().all(|row| row.status != CoverageStatus::Complete);
    Gathered { target, part: part.condensed(), lost, saw_nothing, state }
}

/// Or why there is none.
async fn result(aws: &Aws, bucket: &Bucket, run: &RunName, target: &Target) -> Result<Part, String> {
    let read = |place: Location| async move {
        let found = place.read(Some(&aws.s3)).await.map_err(|error| error.to_string())?;
        Ok::<_, String>(found.map(|(json, _)| (json, place)))
    };
    let told = |error: RunError| error.to_string();
    if let Some((json, place)) = read(run.result(bucket, &target.id)).await? {
        return parsed(&json, &place).map_err(told);
    }
    match read(run.lost(bucket, &target.id)).await? {
        Some((json, place)) => Err(parsed::<Lost>(&json, &place).map_err(told)?.to_string()),
        None => Err("its run has not ended".to_owned()),
    }
}

fn parsed<T: serde::de::DeserializeOwned>(json: &[u8], place: &Location) -> Result<T, RunError> {
    serde_json::from_slice(json).map_err(|source| RunError::Piece { place: place.to_string(), source })
}

/// Without a bucket there is no way from one piece to the next.
async fn configured(request: &Request) -> Result<(Config, Bucket), RunError> {
    let config = setup::config(request, Utc::now()).await?;
    let bucket = config.deliver.s3.clone().ok_or(RunError::NoBucket)?;
    Ok((config, bucket))
}

#[cfg(test)]
mod tests;
