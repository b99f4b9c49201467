//! What broke: alarms, databases in trouble and deployments that failed, with what belongs together folded into one.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::alarms::History;
use super::called;
use super::deployments::Failure;
use super::summary::span;
use crate::incident::Window;
use crate::inventory::cloudwatch::Alarm;
use crate::inventory::rds::{DbCluster, DbInstance, RdsEvent};
use crate::inventory::{Inventory, Kind as _, Meta, Scope};

/// What is felt so soon after another thing in the same region belongs to it. Ours.
const NEAR: TimeDelta = TimeDelta::minutes(10);
/// What is felt of the same resource again within this is the same trouble. Ours.
const AGAIN: TimeDelta = TimeDelta::minutes(60);
/// An alarm that ends so soon ended by itself: nobody wakes, reads and mends in that time. Ours.
pub(super) const BY_ITSELF: TimeDelta = TimeDelta::minutes(10);
/// While it is being made, a database restarts.
const NEWBORN: TimeDelta = TimeDelta::hours(1);

/// Categories of RDS's events in which a database cannot be used, or is about to be (user guide, "Amazon RDS event
/// categories and event messages").
const HURTS: &[&str] = &["availability", "failover", "failure", "low storage", "maintenance", "recovery"];

#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    pub account: String,
    pub region: String,
    pub from: DateTime<Utc>,
    /// None while it goes on.
    pub until: Option<DateTime<Utc>>,
    /// What it is about, in words: `DB instance orders`.
    pub resources: Vec<String>,
    /// Oldest first.
    pub symptoms: Vec<Symptom>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Symptom {
    pub felt: Felt,
    pub at: DateTime<Utc>,
    /// None for what is told at a moment, and while an alarm goes on.
    pub until: Option<DateTime<Utc>>,
    pub text: String,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Felt {
    Alarm,
    Database,
    Deployment,
}

impl Felt {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alarm => "alarm",
            Self::Database => "database",
            Self::Deployment => "deployment",
        }
    }
}

impl Incident {
    pub fn seconds(&self, now: DateTime<Utc>) -> i64 {
        (self.until.unwrap_or(now) - self.from).num_seconds()
    }

    /// `DB instance orders`, or the first of several.
    pub fn called(&self) -> String {
        match self.resources.as_slice() {
            [] => "something".to_owned(),
            [one] => one.clone(),
            [first, others @ ..] => format!("{first} and {} more", others.len()),
        }
    }

    /// What was felt in more ways is worse, then what lasted longer.
    fn gravity(&self, now: DateTime<Utc>) -> (usize, i64, usize) {
        let ways: BTreeSet<Felt> = self.symptoms.iter().map(|symptom| symptom.felt).collect();
        (ways.len(), self.seconds(now), self.symptoms.len())
    }
}

/// A symptom with what it is about: type and name.
#[derive(Debug)]
struct Sign<'a> {
    scope: &'a Scope,
    symptom: Symptom,
    /// Where it ends for the fold: a symptom without an end goes on, or is a moment.
    end: DateTime<Utc>,
    about: Vec<(String, String)>,
    resource: String,
}

/// The worst first, and how often an alarm only flickered.
pub(super) fn incidents(
    inventory: &Inventory,
    histories: &[History<'_>],
    failures: &[Failure],
    window: &Window,
) -> (Vec<Incident>, usize) {
    let mut signs: Vec<Sign<'_>> = histories.iter().flat_map(|history| fired(history, window)).collect();
    for scope in &inventory.scopes {
        signs.extend(scope.all::<RdsEvent>().filter_map(|event| suffered(scope, event, window)));
        let here = |failure: &&Failure| {
            (&failure.resource.account, &failure.resource.region) == (&scope.account, &scope.region)
        };
        signs.extend(failures.iter().filter(here).map(|failure| failed(scope, failure)));
    }
    signs.sort_by(|a, b| order(a).cmp(&order(b)));
    let (folded, flickers): (Vec<Vec<Sign<'_>>>, Vec<Vec<Sign<'_>>>) =
        fold(signs).into_iter().partition(|signs| !flickers(signs));
    let mut incidents: Vec<Incident> = folded.into_iter().map(incident).collect();
    incidents.sort_by_key(|one| Reverse((one.gravity(window.now), one.from)));
    (incidents, flickers.iter().map(Vec::len).sum())
}

fn order<'s>(sign: &'s Sign<'_>) -> (DateTime<Utc>, Felt, &'s str, &'s str) {
    (sign.symptom.at, sign.symptom.felt, &sign.resource, &sign.symptom.text)
}

/// Nothing but alarms that went back by themselves.
fn flickers(signs: &[Sign<'_>]) -> bool {
    signs.iter().all(|sign| {
        let Symptom { felt, at, until, .. } = &sign.symptom;
        *felt == Felt::Alarm && until.is_some_and(|until| until - *at <= BY_ITSELF)
    })
}

fn fired<'a>(history: &History<'a>, window: &Window) -> Vec<Sign<'a>> {
    let scope = history.scope;
    let own = (Alarm::TYPE.to_owned(), history.name.to_owned());
    let watches = history.alarm.and_then(|alarm| alarm.watches.as_ref()).into_iter().flatten();
    let mut about: Vec<(String, String)> =
        watches.map(|watched| (watched.resource_type.clone(), watched.name.clone())).collect();
    let resource = match about.first() {
        Some((resource_type, name)) => watched_label(scope, resource_type, name),
        None => format!("alarm {}", history.name),
    };
    about.push(own);
    let began = history.spans.iter().filter(|span| !span.began_before);
    began
        .map(|alarmed| {
            let until = alarmed.until;
            let lasted = until.unwrap_or(window.now) - alarmed.from;
            let text = match until {
                Some(_) => format!("alarm {} was in ALARM for {}", history.name, span(lasted.num_seconds())),
                None => format!("alarm {} is in ALARM for {}", history.name, span(lasted.num_seconds())),
            };
            Sign {
                scope,
                symptom: Symptom { felt: Felt::Alarm, at: alarmed.from, until, text },
                end: until.unwrap_or(window.now),
                about: about.clone(),
                resource: resource.clone(),
            }
        })
        .collect()
}

/// CloudWatch names load balancers by the end of their ARN: `app/web/50dc6c495c0c9188`.
fn watched_label(scope: &Scope, resource_type: &str, name: &str) -> String {
    let own = scope.resources.iter().filter(|resource| resource.type_name() == resource_type);
    let known =
        own.map(crate::inventory::Resource::meta).find(|meta| meta.id == name || meta.arn.ends_with(name));
    let stranger = Meta { id: name.to_owned(), ..Meta::default() };
    called(resource_type, known.unwrap_or(&stranger))
}

fn suffered<'a>(scope: &'a Scope, event: &RdsEvent, window: &Window) -> Option<Sign<'a>> {
    let at = event.date.filter(|at| window.holds(*at))?;
    let resource_type = match event.source_type.as_str() {
        "db-instance" => DbInstance::TYPE,
        "db-cluster" => DbCluster::TYPE,
        _ => return None,
    };
    let hurts = event.event_categories.iter().any(|own| HURTS.contains(&own.as_str()));
    let newborn = scope.all::<DbInstance>().any(|database| {
        database.meta.id == event.source_identifier
            && database.meta.created_at.is_some_and(|born| at - born < NEWBORN)
    });
    if !hurts || newborn {
        return None;
    }
    let source = Meta { id: event.source_identifier.clone(), ..Meta::default() };
    let resource = called(resource_type, &source);
    let text = format!("{resource}: {}", event.message.trim_end_matches('.'));
    Some(Sign {
        scope,
        symptom: Symptom { felt: Felt::Database, at, until: None, text },
        end: at,
        about: vec![(resource_type.to_owned(), event.source_identifier.clone())],
        resource,
    })
}

fn failed<'a>(scope: &'a Scope, failure: &Failure) -> Sign<'a> {
    let resource = called(&failure.resource_type, &failure.resource);
    let back = if failure.rolled_back { "failed and was taken back" } else { "failed" };
    Sign {
        scope,
        symptom: Symptom {
            felt: Felt::Deployment,
            at: failure.at,
            until: None,
            text: format!("a deployment of {resource} {back}: {}", failure.text),
        },
        end: failure.at,
        about: vec![(failure.resource_type.clone(), failure.resource.id.clone())],
        resource,
    }
}

/// What is of the same resource, or felt within minutes, is one.
fn fold(signs: Vec<Sign<'_>>) -> Vec<Vec<Sign<'_>>> {
    let mut folded: Vec<Vec<Sign<'_>>> = Vec::new();
    for sign in signs {
        let belongs = |other: &Sign<'_>| {
            let near = sign.symptom.at - other.symptom.at <= NEAR;
            let same = other.about.iter().any(|about| sign.about.contains(about));
            (&other.scope.account, &other.scope.region) == (&sign.scope.account, &sign.scope.region)
                && (near || (same && sign.symptom.at - other.end <= AGAIN))
        };
        match folded.iter_mut().rev().find(|incident| incident.iter().any(belongs)) {
            Some(incident) => incident.push(sign),
            None => folded.push(vec![sign]),
        }
    }
    folded
}

fn incident(signs: Vec<Sign<'_>>) -> Incident {
    let goes_on = |sign: &Sign<'_>| sign.symptom.felt == Felt::Alarm && sign.symptom.until.is_none();
    let until = if signs.iter().any(goes_on) { None } else { signs.iter().map(|sign| sign.end).max() };
    let mut resources: Vec<String> = Vec::new();
    for sign in &signs {
        if !resources.contains(&sign.resource) {
            resources.push(sign.resource.clone());
        }
    }
    Incident {
        account: signs[0].scope.account.clone(),
        region: signs[0].scope.region.clone(),
        from: signs[0].symptom.at,
        until,
        resources,
        symptoms: signs.into_iter().map(|sign| sign.symptom).collect(),
    }
}

#[cfg(test)]
mod tests;
