//! CloudTrail events become classified changes: who did what to which resource, and how.
//!
//! One change folds all events of one actor, resource and origin, so that an
//! afternoon of clicking on one security group is told once. Every origin is kept;
//! what is worth a finding is the policies' business.
#![deny(clippy::disallowed_methods)]

mod classify;
mod noise;
mod openers;
mod record;
mod resource;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::inventory::cloudtrail::{Change, Event};
use crate::inventory::{Coverage, Kind as _, Meta, Resource, Scope};
pub(crate) use openers::openers;

use classify::{Class, Matchers, classify};
use record::Record;
use resource::{Target, targets};

/// Who and what the configuration knows. Principals are globs over role and user names,
/// session names and ARNs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Settings {
    pub automation_roles: Vec<String>,
    pub approved_people: Vec<String>,
    /// Globs over `service:EventName`, as in `ec2:CreateTags`.
    pub ignore_events: Vec<String>,
    /// aftermove's own role, where it runs on its own: never a person's.
    pub own_principals: Vec<String>,
}

/// One event that changed one resource.
struct Step<'a> {
    record: Record<'a>,
    reason: String,
    approved: bool,
}

/// What the steps of one change have in common; in the order of the output.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
struct Key<'a> {
    account: &'a str,
    region: &'a str,
    event_source: &'a str,
    target: Target,
    actor: String,
    origin: &'static str,
}

/// The changes behind the events, oldest first. Neither the events' order nor
/// duplicates of them matter: CloudTrail promises neither.
pub fn changes(events: &[&Event], settings: &Settings) -> Vec<Change> {
    let matchers = Matchers::of(settings);
    let mut records: Vec<Record<'_>> = events.iter().map(|event| Record(event)).collect();
    records.sort_by_key(|record| order(*record));
    records.dedup_by_key(|record| order(*record));

    let mut steps: BTreeMap<Key<'_>, Vec<Step<'_>>> = BTreeMap::new();
    for record in records {
        let Class::Change { origin, reason } = classify(record, &matchers) else {
            continue;
        };
        for target in targets(record) {
            let key = Key {
                account: record.account(),
                region: record.region(),
                event_source: record.event_source(),
                target,
                actor: record.actor(),
                origin,
            };
            steps.entry(key).or_default().push(Step {
                record,
                reason: reason.clone(),
                approved: matchers.is_approved(record),
            });
        }
    }
    let mut changes: Vec<Change> = steps.into_iter().map(|(key, steps)| folded(key, &steps)).collect();
    changes.sort_by_key(|change| change.first);
    changes
}

/// Oldest first; the same for duplicates.
fn order(record: Record<'_>) -> (Option<DateTime<Utc>>, &str, &str) {
    (record.time(), record.event_id(), record.event_name())
}

/// `steps` are in order, and there is at least one.
fn folded(key: Key<'_>, steps: &[Step<'_>]) -> Change {
    let mut event_names: Vec<String> = Vec::new();
    for step in steps {
        let name = step.record.event_name();
        if !event_names.iter().any(|seen| seen == name) {
            event_names.push(name.to_owned());
        }
    }
    let addresses: BTreeSet<&str> =
        steps.iter().filter_map(|step| step.record.text("sourceIPAddress")).collect();
    Change {
        meta: Meta {
            name: key.target.id.clone(),
            id: key.target.id,
            arn: key.target.arn,
            account: key.account.to_owned(),
            region: key.region.to_owned(),
            ..Meta::default()
        },
        actor: key.actor,
        origin: key.origin.to_owned(),
        reason: steps.first().map(|step| step.reason.clone()).unwrap_or_default(),
        approved: steps.iter().all(|step| step.approved),
        event_source: key.event_source.to_owned(),
        event_names,
        event_ids: steps.iter().map(|step| step.record.event_id().to_owned()).collect(),
        count: i64::try_from(steps.len()).unwrap_or(i64::MAX),
        first: steps.iter().find_map(|step| step.record.time()),
        last: steps.iter().rev().find_map(|step| step.record.time()),
        source_ip_addresses: addresses.into_iter().map(str::to_owned).collect(),
    }
}

/// Puts the scope's changes beside its events, with the same coverage, instead of
/// those from an earlier time.
pub fn fold_into(scope: &mut Scope, settings: &Settings) {
    let events: Vec<&Event> = scope.all::<Event>().collect();
    let mut changes = changes(&events, settings);
    // A person knows the resource by its name, where it was read.
    let names: BTreeMap<&str, &str> = scope
        .resources
        .iter()
        .map(Resource::meta)
        .filter(|meta| !meta.name.is_empty())
        .map(|meta| (meta.id.as_str(), meta.name.as_str()))
        .collect();
    for change in &mut changes {
        if let Some(name) = names.get(change.meta.id.as_str()) {
            (*name).clone_into(&mut change.meta.name);
        }
    }
    scope.resources.retain(|resource| resource.type_name() != Change::TYPE);
    scope.resources.extend(changes.into_iter().map(Resource::from));

    let coverage = scope
        .coverage_of(Event::TYPE)
        .map(|events| Coverage { resource_type: Change::TYPE.to_owned(), ..events.clone() });
    scope.coverage.retain(|row| row.resource_type != Change::TYPE);
    scope.coverage.extend(coverage);
}

#[cfg(test)]
mod tests;
