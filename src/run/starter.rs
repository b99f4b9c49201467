//! Looks at an account for a first configuration: in each region two lists, and some more where something is.

use std::collections::BTreeMap;

use chrono::{Duration, Utc};
use tokio::time::Instant;

use super::read::Aws;
use super::{Request, RunError};
use crate::collect::{self, Context, Progress, Wanted};
use crate::config::starter::Seen;
use crate::config::{Config, regions};
use crate::drift;
use crate::inventory::cloudtrail::{Change, Event, Trail};
use crate::inventory::ec2::NetworkInterface;
use crate::inventory::logs::LogGroup;
use crate::inventory::route53::{HostedZone, RecordSet};
use crate::inventory::sns::{Subscription, Topic};
use crate::inventory::{CoverageStatus, GLOBAL, Kind as _, Scope};
use crate::report::Usage;

/// What a region in use has: of all that runs in a VPC the interfaces, and of the rest the logs.
const IN_USE: [&str; 2] = [NetworkInterface::TYPE, LogGroup::TYPE];
const NAMES: [&str; 2] = [HostedZone::TYPE, RecordSet::TYPE];
/// Events last: they take two requests a second until the time is over.
const WHERE_IN_USE: [&str; 4] = [Topic::TYPE, Subscription::TYPE, Trail::TYPE, Event::TYPE];
/// Who deploys has likely done so since.
const EVENTS: Duration = Duration::days(7);

/// What is in the account, and what it took to look. What is denied is told in `unseen`.
pub async fn look(
    request: &Request,
    progress: &(dyn Fn(&Progress<'_>) + Sync),
) -> Result<(Seen, Usage), RunError> {
    for region in &request.regions {
        regions::check(region).map_err(|(message, help)| RunError::Region { message, help })?;
    }
    let now = Utc::now();
    let aws = Aws::new(request, &Config::default()).await;
    let mut seen = Seen::default();
    let caller = match collect::caller_identity(&aws.sdk, &aws.meter).await {
        Ok(caller) => caller,
        Err(error) => {
            seen.unseen.push(error.to_string());
            return Ok((seen, aws.usage()));
        }
    };
    let regions = enabled(request, &aws, &mut seen).await;
    let started = Instant::now();
    let context = |region: &str, endpoint: &str, deadline| Context {
        clients: collect::Clients::new(&aws.sdk, endpoint, &aws.meter),
        account: caller.account.clone(),
        region: region.to_owned(),
        now,
        events_from: now - EVENTS,
        history_from: now,
        trail: None,
        events_only: false,
        deadline,
        ecs: collect::EcsShared::default(),
        paid: collect::Paid::default(),
        costs_every: 1,
    };
    let half = started + request.time_limit / 2;
    let home = regions.first().map_or("us-east-1", |region| regions::home_of_global(region));
    let mut contexts: Vec<Context> = regions.iter().map(|region| context(region, region, half)).collect();
    contexts.push(context(GLOBAL, home, half));
    let scopes =
        collect::collect(&contexts, &wanted(&[&IN_USE[..], &NAMES].concat()), collect::CONCURRENCY, progress)
            .await;
    for scope in &scopes {
        seen.tell_unseen(scope);
        if scope.region == GLOBAL {
            seen.heroku = names(scope);
        } else if !scope.resources.is_empty() {
            seen.regions.push((scope.region.clone(), scope.resources.len()));
        }
    }
    let end = started + request.time_limit;
    let contexts: Vec<Context> =
        seen.regions.iter().map(|(region, _)| context(region, region, end)).collect();
    let mut scopes =
        collect::collect(&contexts, &wanted(&WHERE_IN_USE), collect::CONCURRENCY, progress).await;
    let mut automation = BTreeMap::new();
    for scope in &mut scopes {
        drift::apply(scope, &drift::Settings::default(), &[]);
        automation.extend(machines(scope));
        seen.tell_unseen(scope);
        seen.topics.extend(topics(scope));
        seen.trails.extend(
            scope
                .all::<Trail>()
                .filter(|trail| works(trail))
                .filter_map(|trail| Some((trail.s3_bucket_name.clone()?, trail.meta.name.clone()))),
        );
    }
    seen.automation = automation.into_iter().collect();
    seen.trails.sort();
    seen.trails.dedup();
    seen.account = Some(caller.account);
    // what may list them is not among what a scan needs, so a denial is as good as none
    if let Ok(answer) = aws.s3.list_buckets().send().await {
        seen.buckets =
            answer.buckets().iter().filter_map(aws_sdk_s3::types::Bucket::name).map(str::to_owned).collect();
    }
    seen.unseen.sort();
    seen.unseen.dedup();
    Ok((seen, aws.usage()))
}

/// Those that were asked for, or all of the account, or the one of the environment.
async fn enabled(request: &Request, aws: &Aws, seen: &mut Seen) -> Vec<String> {
    if !request.regions.is_empty() {
        return request.regions.clone();
    }
    match collect::regions(&aws.sdk, &aws.meter).await {
        Ok(regions) => regions,
        Err(error) => {
            seen.unseen.push(error.to_string());
            aws.sdk.region().map(ToString::to_string).into_iter().collect()
        }
    }
}

fn wanted(types: &[&'static str]) -> Wanted {
    types.iter().map(|name| (*name, std::collections::BTreeSet::new())).collect()
}

impl Seen {
    fn tell_unseen(&mut self, scope: &Scope) {
        let collected = |name: &str| collect::COLLECTORS.iter().any(|row| row.resource_type == name);
        for row in &scope.coverage {
            // a part of the events is enough to tell by
            let enough = row.resource_type == Event::TYPE && row.status == CoverageStatus::Partial;
            if row.status != CoverageStatus::Complete && !enough && collected(&row.resource_type) {
                self.unseen.push(format!("{} in {}: {}", row.resource_type, scope.region, row.detail));
            }
        }
    }
}

/// The names that lead to Heroku, where all could be read.
fn names(scope: &Scope) -> Option<Vec<String>> {
    let told = |record: &RecordSet| {
        let targets = record.heroku_targets.join(", ");
        (!targets.is_empty()).then(|| format!("{} {} to {targets}", record.meta.name, record.kind))
    };
    scope.complete(RecordSet::TYPE).then(|| scope.all::<RecordSet>().filter_map(told).collect())
}

/// Standard topics, with their confirmed subscriptions.
fn topics(scope: &Scope) -> Vec<(String, Option<usize>)> {
    let confirmed = |arn: &str| {
        let all = scope.all::<Subscription>().filter(|s| s.confirmed && s.topic_arn == arn);
        scope.complete(Subscription::TYPE).then(|| all.count())
    };
    let standard = scope.all::<Topic>().filter(|topic| !topic.meta.name.contains('.'));
    standard.map(|topic| (topic.meta.arn.clone(), confirmed(&topic.meta.arn))).collect()
}

/// It delivers what changes things, as far as that is known.
fn works(trail: &Trail) -> bool {
    trail.is_logging != Some(false)
        && trail.logs_management_writes != Some(false)
        && trail.latest_delivery_error.is_none()
}

/// Who code and machines work as, and what told so. What CloudFormation does is done on behalf of anybody,
/// and a person may run Terraform.
fn machines(scope: &Scope) -> Vec<(String, String)> {
    let steps = scope.all::<Change>().flat_map(|change| &change.steps);
    let by_machines = steps.filter(|step| matches!(step.origin.as_str(), "iac" | "automation"));
    by_machines
        .filter(|step| !step.reason.contains("on the caller's behalf"))
        .filter_map(|step| {
            let name = step.actor.split('/').next().unwrap_or_default();
            let person = name.contains('@')
                || ["", "root", "unknown"].contains(&name)
                || name.ends_with(".amazonaws.com");
            (!person).then(|| (name.to_owned(), step.reason.clone()))
        })
        .collect()
}
