//! What each person did, signing in included: the root user should do nothing at all.

use std::collections::BTreeMap;

use super::classify::{Class, Matchers, is_person};
use super::fold::by;
use super::record::Record;
use crate::inventory::Meta;
use crate::inventory::cloudtrail::Actor;

/// So many event ids are told of each.
const TOLD: usize = 50;

/// By account, region and name.
#[derive(Debug, Default)]
pub(super) struct Actors(BTreeMap<(String, String, String), Actor>);

impl Actors {
    pub(super) fn add(&mut self, record: Record<'_>, class: &Class, matchers: &Matchers) {
        let origin = match class {
            Class::Read => return,
            Class::Change { origin, .. } => origin,
            Class::Attempt | Class::Noise => "console",
        };
        let on_behalf =
            record.text("userIdentity.invokedBy").is_some_and(|by| by.ends_with(".amazonaws.com"));
        if !is_person(record) || on_behalf || by(origin) != "person" {
            return;
        }
        let name = record.actor();
        let key = (record.account().to_owned(), record.region().to_owned(), name.clone());
        let actor = self.0.entry(key).or_insert_with(|| Actor {
            meta: Meta {
                id: name.clone(),
                name,
                arn: record.text("userIdentity.arn").unwrap_or_default().to_owned(),
                account: record.account().to_owned(),
                region: record.region().to_owned(),
                ..Meta::default()
            },
            root: record.identity_type() == "Root",
            ..Actor::default()
        });
        let id = record.event_id();
        if actor.event_ids.iter().any(|known| known == id) {
            return;
        }
        if actor.event_ids.len() < TOLD {
            actor.event_ids.push(id.to_owned());
        }
        actor.count += 1;
        let refused = record.text("responseElements.ConsoleLogin") == Some("Failure");
        actor.failed += i64::from(refused || matches!(class, Class::Attempt));
        if let Some(used) = record.text("additionalEventData.MFAUsed").filter(|_| !refused) {
            let without = used.eq_ignore_ascii_case("no");
            actor.without_mfa = Some(actor.without_mfa.unwrap_or_default() || without);
        }
        let name = record.event_name();
        if !actor.event_names.iter().any(|known| known == name) {
            actor.event_names.push(name.to_owned());
        }
        if let Some(address) = record.text("sourceIPAddress")
            && !actor.source_ip_addresses.iter().any(|known| known == address)
        {
            actor.source_ip_addresses.push(address.to_owned());
        }
        if let Some(time) = record.time() {
            actor.first = Some(actor.first.map_or(time, |first| first.min(time)));
            actor.last = Some(actor.last.map_or(time, |last| last.max(time)));
        }
        actor.approved = actor.approved.take().or_else(|| matchers.approval(record, "console"));
    }

    pub(super) fn finish(self) -> Vec<Actor> {
        let sorted = |mut actor: Actor| {
            actor.event_names.sort();
            actor.event_ids.sort();
            actor.source_ip_addresses.sort();
            actor
        };
        self.0.into_values().map(sorted).collect()
    }
}
