//! CloudTrail events become changes: who did what to which resource, how, and what is left of it.
//!
//! [`Fold`] classifies events and folds them by resource; [`apply`] puts the changes into the
//! inventory, goes on with those that earlier runs left standing, compares all with the live
//! resources, and says how what stands gets back into code.
#![deny(clippy::disallowed_methods)]

mod actors;
mod capture;
mod classify;
mod fold;
mod live;
mod noise;
mod openers;
mod owner;
mod record;
mod resource;
mod touches;

use chrono::{DateTime, Days, Utc};

use crate::config::Drift;
use crate::inventory::cloudtrail::{Actor, Change, Event};
use crate::inventory::{Coverage, CoverageStatus, Kind as _, Resource, Scope};
pub use fold::Fold;
pub use live::COMPARED;
pub(crate) use openers::openers;

/// Who and what the configuration knows. Principals are globs over role and user names,
/// session names and ARNs.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub drift: Drift,
    /// aftermove's own role, where it runs on its own: never a person's.
    pub own_principals: Vec<String>,
}

/// What cannot be compared with anything is forgotten after so many days: once the policies have let go of it.
const UNKNOWN_KEPT: Days = Days::new(16);

/// Puts the changes behind the scope's events into it, with the same coverage. What `carried`
/// holds of earlier runs goes on here.
pub fn apply(scope: &mut Scope, settings: &Settings, carried: &[Change]) {
    if scope.coverage_of(Event::TYPE).is_none() {
        return;
    }
    let mut fold = Fold::new(settings);
    for event in scope.all::<Event>() {
        fold.add(event);
    }
    for change in carried {
        if change.meta.account == scope.account && change.meta.region == scope.region {
            fold.carry(change);
        }
    }
    let (mut changes, actors) = fold.finish();
    let unseen = scope
        .coverage_of(Event::TYPE)
        .filter(|row| matches!(row.status, CoverageStatus::Denied | CoverageStatus::Failed))
        .map(|row| row.detail.clone());
    for change in &mut changes {
        change.unseen.clone_from(&unseen);
    }
    let derived = [Change::TYPE, Actor::TYPE];
    scope.resources.retain(|resource| !derived.contains(&resource.type_name()));
    scope.coverage.retain(|row| !derived.contains(&row.resource_type.as_str()));
    scope.resources.extend(changes.into_iter().map(Resource::from));
    scope.resources.extend(actors.into_iter().map(Resource::from));
    if let Some(events) = scope.coverage_of(Event::TYPE).cloned() {
        for name in derived {
            scope.coverage.push(Coverage { resource_type: name.to_owned(), ..events.clone() });
        }
    }
}

/// Compares the changes with the live resources, finds their owners, and writes down how they get
/// back into code. Can be repeated once more is known.
pub fn compare(scope: &mut Scope, account_wide: Option<&Scope>, settings: &Settings) {
    let mut changes: Vec<Change> = scope.all::<Change>().cloned().collect();
    let owners = owner::Owners::of(&changes, settings);
    for change in changes.iter_mut().filter(|change| matches!(change.by.as_str(), "person" | "unknown")) {
        let live = live::find(change, scope, account_wide);
        live.name_and_tags(change);
        live.compare(change);
        // of what an earlier run saw code do, there may be no event any more
        change.owner = owners.of_change(change).or_else(|| change.owner.take());
        capture::capture(change);
    }
    let mut changes = changes.into_iter();
    for change in scope.all_mut::<Change>() {
        if let Some(compared) = changes.next() {
            *change = compared;
        }
    }
}

/// The changes by hand that the next run has to look at again.
pub fn carried(scope: &Scope, now: DateTime<Utc>) -> impl Iterator<Item = &Change> {
    scope.all::<Change>().filter(move |change| {
        let of_hands = matches!(change.by.as_str(), "person" | "unknown");
        let recent = change.last.is_some_and(|last| last > now - UNKNOWN_KEPT);
        of_hands && (change.stands == fold::IN_FORCE || change.stands == fold::UNKNOWN && recent)
    })
}

#[cfg(test)]
mod tests;
