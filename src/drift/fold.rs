//! Events by resource, and what is left of them.
//!
//! All that happened to a resource is laid out in order, whoever did it; of each part
//! the latest word counts. What was added and removed again has cancelled out, and what
//! code wrote over is the code's.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Settings;
use super::actors::Actors;
use super::classify::{Class, Matchers, classify};
use super::record::Record;
use super::resource::targets;
use super::touches::{WHOLE, touches};
use crate::inventory::Meta;
use crate::inventory::cloudtrail::{Actor, Change, Effect, Event, Owner, Step, Touch};

/// Of very many steps, so many of the first and of the latest are told.
const FIRST_STEPS: usize = 5;
const LATEST_STEPS: usize = 45;

pub(super) const IN_FORCE: &str = "in_force";
pub(super) const REVERTED: &str = "reverted";
pub(super) const SUPERSEDED: &str = "superseded";
pub(super) const UNKNOWN: &str = "unknown";

/// Takes events in any order, duplicates among them, and holds no more of them than their part in a change.
#[derive(Debug)]
pub struct Fold {
    matchers: Matchers,
    resources: BTreeMap<Key, Resource>,
    actors: Actors,
}

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Key {
    account: String,
    region: String,
    event_source: String,
    changed_type: String,
    id: String,
}

#[derive(Debug, Default)]
struct Resource {
    /// Its ARN, and what an earlier run knew of it, as its name and its owner.
    known: Meta,
    owner: Option<Owner>,
    steps: Vec<Step>,
}

impl Fold {
    pub fn new(settings: &Settings) -> Self {
        Self { matchers: Matchers::of(settings), resources: BTreeMap::new(), actors: Actors::default() }
    }

    pub fn add(&mut self, event: &Event) {
        let record = Record::of(event);
        let class = classify(record, &self.matchers);
        self.actors.add(record, &class, &self.matchers);
        let Class::Change { origin, reason } = class else {
            return;
        };
        let approved = self.matchers.approval(record, origin);
        for target in targets(record) {
            let step = Step {
                event_id: record.event_id().to_owned(),
                event_name: record.event_name().to_owned(),
                event_time: record.time(),
                actor: record.actor(),
                origin: origin.to_owned(),
                reason: reason.clone(),
                approved: approved.clone(),
                source_ip_address: record.text("sourceIPAddress").map(str::to_owned),
                touched: touches(record, &target),
            };
            let key = Key {
                account: record.account().to_owned(),
                region: record.region().to_owned(),
                event_source: record.event_source().to_owned(),
                changed_type: target.kind.to_owned(),
                id: target.id,
            };
            let resource = self.resources.entry(key).or_default();
            if resource.known.arn.is_empty() {
                resource.known.arn = target.arn;
            }
            resource.steps.push(step);
        }
    }

    /// What an earlier run left standing goes on where it was.
    pub fn carry(&mut self, change: &Change) {
        let key = Key {
            account: change.meta.account.clone(),
            region: change.meta.region.clone(),
            event_source: change.event_source.clone(),
            changed_type: change.changed_type.clone().unwrap_or_default(),
            id: change.meta.id.clone(),
        };
        let resource = self.resources.entry(key).or_default();
        resource.known = change.meta.clone();
        resource.owner.clone_from(&change.owner);
        resource.steps.extend(change.steps.iter().cloned());
    }

    /// The changes, oldest first: of each resource one for each kind of origin, those of approved people apart.
    pub fn finish(self) -> (Vec<Change>, Vec<Actor>) {
        let mut changes = Vec::new();
        for (key, mut resource) in self.resources {
            resource.steps.sort_by(|a, b| (a.event_time, &a.event_id).cmp(&(b.event_time, &b.event_id)));
            resource.steps.dedup_by(|a, b| !a.event_id.is_empty() && a.event_id == b.event_id);
            let effects = latest(&resource.steps);
            let mut groups: BTreeMap<_, (Vec<Step>, Vec<Effect>)> = BTreeMap::new();
            for (at, effect) in effects {
                groups.entry(group(&resource.steps[at])).or_default().1.push(effect);
            }
            for step in std::mem::take(&mut resource.steps) {
                groups.entry(group(&step)).or_default().0.push(step);
            }
            for ((by, _), (steps, effects)) in groups {
                changes.push(change(&key, &resource, by, steps, effects));
            }
        }
        changes.sort_by_key(|change| change.first);
        (changes, self.actors.finish())
    }
}

fn group(step: &Step) -> (&'static str, bool) {
    (by(&step.origin), step.approved.is_some())
}

/// Whose hands an origin is.
pub(super) fn by(origin: &str) -> &'static str {
    match origin {
        "console" | "cloudshell" | "console_credentials" | "manual_cli" => "person",
        "iac" => "code",
        "automation" => "automation",
        "service" => "service",
        _ => "unknown",
    }
}

/// A touch, and the step that it is of.
type Touched<'s> = (usize, &'s Step, &'s Touch);

/// Of each part and group the latest touch, and what became of it. The step's place tells the group.
fn latest(steps: &[Step]) -> Vec<(usize, Effect)> {
    let mut parts: BTreeMap<&str, Vec<Touched<'_>>> = BTreeMap::new();
    for (at, step) in steps.iter().enumerate() {
        for touch in &step.touched {
            parts.entry(&touch.part).or_default().push((at, step, touch));
        }
    }
    let whole = parts.get(WHOLE).map(Vec::as_slice).unwrap_or_default();
    let deletion = whole.last().filter(|(.., touch)| touch.action == "deleted");
    let short_lived = cancelled(whole).is_some();
    let mut effects: Vec<(usize, Effect)> = Vec::new();
    for (part, touched) in &parts {
        for (index, &(at, step, touch)) in touched.iter().enumerate() {
            let later = &touched[index + 1..];
            if later.iter().any(|(_, other, _)| group(other) == group(step)) {
                continue;
            }
            let (stands, stands_because) = match deletion {
                Some((_, who, _)) if short_lived || *part != WHOLE => {
                    (REVERTED, format!("{} deleted it {}", who.actor, at_time(who)))
                }
                _ => became(touched, (at, step, touch), later),
            };
            effects.push((
                at,
                Effect {
                    before: before(touched, step),
                    touch: touch.clone(),
                    event_id: step.event_id.clone(),
                    event_name: step.event_name.clone(),
                    event_time: step.event_time,
                    actor: step.actor.clone(),
                    stands: stands.to_owned(),
                    stands_because,
                },
            ));
        }
    }
    effects.sort_by_key(|(at, _)| *at);
    effects
}

/// What the events alone tell of a touch: the live resource has the last word on what they leave standing.
fn became(
    all: &[Touched<'_>],
    (_, step, touch): Touched<'_>,
    later: &[Touched<'_>],
) -> (&'static str, String) {
    if touch.action == "did" {
        return (UNKNOWN, format!("{} leaves nothing that could be compared", step.event_name));
    }
    if let Some((_, who, _)) = cancelled(all) {
        return (REVERTED, format!("{} put it back with {} {}", who.actor, who.event_name, at_time(who)));
    }
    let Some((_, who, over)) = later.last() else {
        let earlier = before(all, step);
        return if touch.action == "set" && !earlier.is_null() && earlier == touch.value {
            (REVERTED, "it was set back to what it was".to_owned())
        } else {
            (UNKNOWN, "it was not compared with the resource".to_owned())
        };
    };
    let when = at_time(who);
    match by(&who.origin) {
        "code" | "automation" if over.value == touch.value && over.action != "removed" => {
            (SUPERSEDED, format!("{} wrote the same from code {when}", who.actor))
        }
        "code" | "automation" => (SUPERSEDED, format!("{} wrote over it from code {when}", who.actor)),
        _ => (REVERTED, format!("{} changed it again with {} {when}", who.actor, who.event_name)),
    }
}

/// The touch that brought a part back to where it was before the first one, if the last did.
fn cancelled<'s>(touched: &[Touched<'s>]) -> Option<Touched<'s>> {
    let (first, last) = (touched.first()?, touched.last()?);
    if touched.len() < 2 {
        return None;
    }
    let back = matches!(
        (first.2.action.as_str(), last.2.action.as_str()),
        ("added", "removed") | ("removed", "added") | ("created", "deleted")
    );
    back.then_some(*last)
}

/// What another hand had set before the step's own group came to it.
fn before(touched: &[Touched<'_>], step: &Step) -> Value {
    let own = touched.iter().position(|(_, other, _)| group(other) == group(step)).unwrap_or_default();
    let earlier = touched[..own].iter().rev().find(|(.., touch)| touch.action != "did");
    earlier.map(|(.., touch)| touch.value.clone()).unwrap_or_default()
}

fn at_time(step: &Step) -> String {
    step.event_time.map(|at| at.format("at %Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default()
}

fn change(key: &Key, resource: &Resource, by: &str, mut steps: Vec<Step>, effects: Vec<Effect>) -> Change {
    let mut approved: Vec<&str> = steps.iter().filter_map(|step| step.approved.as_deref()).collect();
    approved.dedup();
    let mut addresses = distinct(steps.iter().filter_map(|step| step.source_ip_address.as_deref()));
    addresses.sort();
    let mut change = Change {
        meta: Meta {
            id: key.id.clone(),
            name: if resource.known.name.is_empty() { key.id.clone() } else { resource.known.name.clone() },
            account: key.account.clone(),
            region: key.region.clone(),
            ..resource.known.clone()
        },
        changed_type: Some(key.changed_type.clone()).filter(|name| !name.is_empty()),
        by: by.to_owned(),
        approved: (!approved.is_empty()).then(|| approved.join("; ")),
        actors: distinct(steps.iter().map(|step| step.actor.as_str())),
        origins: distinct(steps.iter().map(|step| step.origin.as_str())),
        reasons: distinct(steps.iter().map(|step| step.reason.as_str())),
        event_source: key.event_source.clone(),
        event_names: distinct(steps.iter().map(|step| step.event_name.as_str())),
        event_ids: steps.iter().map(|step| step.event_id.clone()).collect(),
        count: i64::try_from(steps.len()).unwrap_or(i64::MAX),
        first: steps.iter().find_map(|step| step.event_time),
        last: steps.iter().rev().find_map(|step| step.event_time),
        source_ip_addresses: addresses,
        owner: resource.owner.clone(),
        effects,
        ..Change::default()
    };
    if steps.len() > FIRST_STEPS + LATEST_STEPS {
        steps.drain(FIRST_STEPS..steps.len() - LATEST_STEPS);
    }
    steps.shrink_to_fit();
    change.steps = steps;
    summarize(&mut change);
    change
}

/// Whether the change stands, from what became of its effects.
pub(super) fn summarize(change: &mut Change) {
    let of = |stands: &str| change.effects.iter().rev().find(|effect| effect.stands == stands);
    let decisive = [IN_FORCE, UNKNOWN, SUPERSEDED, REVERTED].into_iter().find_map(of);
    (change.stands, change.stands_because) = match decisive {
        Some(effect) => (effect.stands.clone(), effect.stands_because.clone()),
        None => (UNKNOWN.to_owned(), "its events do not tell what they changed".to_owned()),
    };
}

pub(super) fn distinct<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for text in texts {
        if !found.iter().any(|seen| seen == text) {
            found.push(text.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests;
