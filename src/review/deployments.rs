//! How deploying went: how often, how long it took, and what failed or was taken back.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::called;
use crate::cost::median;
use crate::incident::{Entry, Kind, Window};
use crate::inventory::cloudtrail::{Change, Event};
use crate::inventory::ecs::Service;
use crate::inventory::{Inventory, Kind as _, Meta, Scope};

/// Steps so near to one another are of one deployment: new code, a version of it, and the alias that points there.
const SAME: TimeDelta = TimeDelta::minutes(5);
/// What ECS says of one failure comes within minutes. Ours.
const SAME_FAILURE: TimeDelta = TimeDelta::minutes(15);
/// What takes longer is another deployment's end. Ours.
const LONGEST: TimeDelta = TimeDelta::hours(12);

/// So many of a service's events are read, of the hundred that ECS keeps.
const KEPT: usize = 40;

/// What takes a deployment back or stops it, by event source and name.
const TAKEN_BACK: &[(&str, &str)] = &[
    ("cloudformation.amazonaws.com", "CancelUpdateStack"),
    ("cloudformation.amazonaws.com", "ContinueUpdateRollback"),
    ("cloudformation.amazonaws.com", "RollbackStack"),
    ("codedeploy.amazonaws.com", "StopDeployment"),
    ("elasticbeanstalk.amazonaws.com", "AbortEnvironmentUpdate"),
];

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Friction {
    pub count: usize,
    pub failed: usize,
    pub rolled_back: usize,
    /// Of those whose end is known.
    pub median_seconds: Option<i64>,
    pub slowest_seconds: Option<i64>,
    /// What failed most first, then what was deployed most.
    pub services: Vec<Deployments>,
    /// What cannot be told, in sentences.
    pub untold: Vec<String>,
}

/// Of one service, stack, function or application.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployments {
    /// A CloudFormation type name; empty where the events do not tell.
    pub resource_type: String,
    pub resource: Meta,
    pub count: usize,
    /// Those that failed, with those that were taken back.
    pub failed: usize,
    pub rolled_back: usize,
    /// Those whose beginning and end are known.
    pub timed: usize,
    pub median_seconds: Option<i64>,
    pub slowest_seconds: Option<i64>,
}

/// A deployment that did not go well.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failure {
    pub(super) at: DateTime<Utc>,
    pub(super) resource_type: String,
    pub(super) resource: Meta,
    pub(super) rolled_back: bool,
    pub(super) text: String,
}

/// What is deployed to: account, region, type and id.
type Target<'a> = (&'a str, &'a str, &'a str, &'a str);

#[derive(Debug, Default)]
struct Log<'a> {
    meta: Option<&'a Meta>,
    starts: Vec<DateTime<Utc>>,
    completed: Vec<DateTime<Utc>>,
    failures: Vec<Failure>,
}

pub(super) fn friction(
    inventory: &Inventory,
    timeline: &[Entry],
    window: &Window,
) -> (Friction, Vec<Failure>) {
    let mut logs: BTreeMap<Target<'_>, Log<'_>> = BTreeMap::new();
    for entry in timeline.iter().filter(|entry| entry.kind == Kind::Deployment && !entry.progress) {
        let log = logs.entry(target(&entry.resource_type, &entry.resource)).or_default();
        log.meta = Some(&entry.resource);
        // the timeline is in order
        if log.starts.last().is_none_or(|last| entry.time - *last > SAME) {
            log.starts.push(entry.time);
        }
    }
    let mut untold = Vec::new();
    for scope in &inventory.scopes {
        for service in scope.all::<Service>() {
            read_service(service, window, &mut logs);
            untold.extend(forgotten(service, window));
        }
        for change in scope.all::<Change>() {
            read_change(change, window, &mut logs);
        }
    }
    let mut all_seconds = Vec::new();
    let mut services: Vec<Deployments> = Vec::new();
    let mut failures = Vec::new();
    for ((_, _, resource_type, _), log) in logs {
        let Some(meta) = log.meta else { continue };
        let (deployments, seconds) = of(resource_type, meta, &log);
        all_seconds.extend(seconds);
        failures.extend(log.failures);
        services.extend((deployments.count > 0).then_some(deployments));
    }
    services.sort_by_key(|one| Reverse((one.failed, one.count)));
    failures.sort_by_key(|failure| failure.at);
    untold.extend(blind(&services));
    let (median_seconds, slowest_seconds) = measured(&all_seconds);
    let sum = |count: fn(&Deployments) -> usize| services.iter().map(count).sum();
    let friction = Friction {
        count: sum(|one| one.count),
        failed: sum(|one| one.failed),
        rolled_back: sum(|one| one.rolled_back),
        median_seconds,
        slowest_seconds,
        services,
        untold,
    };
    (friction, failures)
}

fn target<'a>(resource_type: &'a str, meta: &'a Meta) -> Target<'a> {
    (&meta.account, &meta.region, resource_type, &meta.id)
}

/// What ECS says: `(service web) (deployment ecs-svc/1) deployment completed.`, `… deployment failed: tasks failed to
/// start.`, `(service web) rolling back to deployment ecs-svc/1.`
fn read_service<'a>(service: &'a Service, window: &Window, logs: &mut BTreeMap<Target<'a>, Log<'a>>) {
    let log = logs.entry(target(Service::TYPE, &service.meta)).or_default();
    log.meta = Some(&service.meta);
    let mut events: Vec<(DateTime<Utc>, &str)> = service
        .events
        .iter()
        .filter_map(|event| Some((event.created_at.filter(|at| window.holds(*at))?, event.message.as_str())))
        .collect();
    events.sort_by_key(|(at, _)| *at);
    let mut gone_back_to: BTreeSet<&str> = BTreeSet::new();
    for (at, message) in &events {
        let back = message.contains("rolling back to");
        if back || message.contains("deployment failed") {
            gone_back_to.extend(deployment_id(message).filter(|_| back));
            fail(log, failure(service, *at, back, message));
        } else if message.contains("deployment completed")
            // the deployment before is put back: that is no new one
            && !deployment_id(message).is_some_and(|id| gone_back_to.remove(id))
        {
            log.completed.push(*at);
        }
    }
    for deployment in service.deployments.iter().filter(|one| one.rollout_state.as_deref() == Some("FAILED"))
    {
        if let Some(at) = deployment.updated_at.or(deployment.created_at).filter(|at| window.holds(*at)) {
            let reason = deployment.rollout_state_reason.as_deref().unwrap_or("its deployment failed");
            fail(log, failure(service, at, reason.contains("rolling back"), reason));
        }
    }
    log.failures.sort_by_key(|failure| failure.at);
}

fn failure(service: &Service, at: DateTime<Utc>, rolled_back: bool, text: &str) -> Failure {
    Failure {
        at,
        resource_type: Service::TYPE.to_owned(),
        resource: service.meta.clone(),
        rolled_back,
        text: text.trim_end_matches('.').to_owned(),
    }
}

/// Another word on a failure that is known already, or a new one.
fn fail(log: &mut Log<'_>, failure: Failure) {
    match log.failures.iter_mut().find(|other| (other.at - failure.at).abs() <= SAME_FAILURE) {
        Some(known) => {
            known.rolled_back |= failure.rolled_back;
            // why it failed says more than where it went back to
            if known.text.contains("rolling back to") {
                known.text = failure.text;
            }
        }
        None => log.failures.push(failure),
    }
}

/// `ecs-svc/1` of a message.
fn deployment_id(message: &str) -> Option<&str> {
    let from = message.find("ecs-svc/")?;
    message[from..].split([')', ' ', '.']).next()
}

fn read_change<'a>(change: &'a Change, window: &Window, logs: &mut BTreeMap<Target<'a>, Log<'a>>) {
    let resource_type = change.changed_type.as_deref().unwrap_or_default();
    for step in &change.steps {
        let listed = TAKEN_BACK
            .iter()
            .any(|(source, name)| *source == change.event_source && *name == step.event_name);
        let Some(at) = step.event_time.filter(|at| listed && window.holds(*at)) else { continue };
        let log = logs.entry(target(resource_type, &change.meta)).or_default();
        log.meta.get_or_insert(&change.meta);
        let text = format!("{} of {}", step.event_name, called(resource_type, &change.meta));
        let (resource_type, resource) = (resource_type.to_owned(), change.meta.clone());
        fail(log, Failure { at, resource_type, resource, rolled_back: true, text });
    }
}

/// Each end takes the last beginning before it that has none yet.
fn of(resource_type: &str, meta: &Meta, log: &Log<'_>) -> (Deployments, Vec<i64>) {
    let mut ends: Vec<(DateTime<Utc>, bool)> = log.completed.iter().map(|at| (*at, true)).collect();
    ends.extend(log.failures.iter().map(|failure| (failure.at, false)));
    ends.sort();
    let mut starts = log.starts.clone();
    let mut count = starts.len();
    let mut seconds = Vec::new();
    for (end, well) in ends {
        match starts.iter().rposition(|start| *start <= end && end - *start <= LONGEST) {
            Some(at) => {
                // those before it were written over by it
                let start = starts.drain(..=at).next_back();
                seconds.extend(start.filter(|_| well).map(|start| (end - start).num_seconds()));
            }
            // its beginning was not seen
            None => count += 1,
        }
    }
    let (median_seconds, slowest_seconds) = measured(&seconds);
    let deployments = Deployments {
        resource_type: resource_type.to_owned(),
        resource: meta.clone(),
        count,
        failed: log.failures.len(),
        rolled_back: log.failures.iter().filter(|failure| failure.rolled_back).count(),
        timed: seconds.len(),
        median_seconds,
        slowest_seconds,
    };
    (deployments, seconds)
}

/// The median and the most.
fn measured(seconds: &[i64]) -> (Option<i64>, Option<i64>) {
    #[expect(clippy::cast_precision_loss, reason = "seconds of some hours")]
    let values: Vec<f64> = seconds.iter().map(|seconds| *seconds as f64).collect();
    #[expect(clippy::cast_possible_truncation, reason = "seconds of some hours")]
    let median = median(&values).map(|median| median.round() as i64);
    (median, seconds.iter().max().copied())
}

/// Where ECS may have told more than is still there.
fn forgotten(service: &Service, window: &Window) -> Option<String> {
    let oldest = service.events.iter().filter_map(|event| event.created_at).min()?;
    let may_be_cut = service.events.len() >= KEPT && oldest > window.since;
    may_be_cut.then(|| {
        format!(
            "Of service {} only the newest {} events are read, back to {}: how earlier deployments went is not told.",
            service.meta.name,
            service.events.len(),
            oldest.format("%F %H:%M UTC")
        )
    })
}

/// What only begins in CloudTrail.
fn blind(services: &[Deployments]) -> Option<String> {
    let blind: BTreeSet<&str> = services
        .iter()
        .filter(|one| one.resource_type != Service::TYPE)
        .map(|one| one.resource_type.rsplit("::").nth(1).filter(|name| !name.is_empty()).unwrap_or("others"))
        .collect();
    let names: Vec<&str> = blind.into_iter().collect();
    (!names.is_empty()).then(|| {
        format!(
            "Of {} CloudTrail tells that a deployment began or was stopped, not how it ended or how long it took.",
            names.join(", ")
        )
    })
}

/// Scopes whose changes were all seen, so that what nobody did is known.
pub(super) fn changes_are_known(scope: &Scope) -> bool {
    scope.complete(Event::TYPE)
}

#[cfg(test)]
mod tests;
