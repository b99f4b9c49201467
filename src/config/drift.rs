//! `drift:`, who may change what by hand and what code owns.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_saphyr::{Location, Spanned};

use super::raw::{RawBreakGlass, RawDrift, RawOwned};
use super::{Bucket, Resolver};

#[derive(Clone, Debug, Default)]
pub struct Drift {
    pub automation_roles: Vec<String>,
    pub approved_people: Vec<String>,
    pub approved_roles: Vec<String>,
    pub approved_services: Vec<String>,
    pub break_glass: Vec<BreakGlass>,
    pub ignore_events: Vec<String>,
    pub owned: Vec<Owned>,
    /// The account's trail, whose events are read instead of the event history.
    pub trail: Option<Bucket>,
}

/// A time in which changes by hand are agreed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BreakGlass {
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// Globs; anybody where there are none.
    pub people: Vec<String>,
    pub reason: String,
}

/// Resources that code owns.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Owned {
    /// A glob over ids, names and ARNs.
    pub resource: Option<String>,
    /// Tags that the resource has to have; `*` for any value.
    pub tags: BTreeMap<String, String>,
    /// What the code is called.
    pub code: String,
}

impl Resolver<'_> {
    pub(super) fn drift(&mut self, raw: RawDrift) -> Drift {
        for event in &raw.ignore_events {
            if event.value.split_once(':').is_none_or(|(service, name)| service.is_empty() || name.is_empty())
            {
                self.problem(
                    event.defined,
                    format!("`{}` does not name an event", event.value),
                    "write `service:EventName`, as in `ecs:UpdateService`",
                );
            }
        }
        for service in &raw.approved_services {
            if service.value.is_empty() || service.value.contains([':', '.']) {
                self.problem(
                    service.defined,
                    format!("`{}` is not a service as events name it", service.value),
                    "write the event source without `.amazonaws.com`, as in `route53`; for single events there is `ignore_events`",
                );
            }
        }
        Drift {
            automation_roles: raw.automation_roles,
            approved_people: raw.approved_people,
            approved_roles: raw.approved_roles,
            approved_services: raw.approved_services.into_iter().map(|service| service.value).collect(),
            break_glass: raw.break_glass.into_iter().filter_map(|window| self.break_glass(window)).collect(),
            ignore_events: raw.ignore_events.into_iter().map(|event| event.value).collect(),
            owned: raw.owned.into_iter().filter_map(|owned| self.owned(owned)).collect(),
            trail: raw.trail.and_then(|trail| self.trail(&trail.value, trail.defined)),
        }
    }

    fn trail(&mut self, place: &str, at: Location) -> Option<Bucket> {
        let path = place.strip_prefix("s3://").unwrap_or_default();
        let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
        let problem = if bucket.is_empty() || !bucket.chars().all(is_name) {
            "is no place in S3"
        } else if prefix.split('/').any(|part| part == "AWSLogs") {
            "goes too far"
        } else {
            return Some(Bucket { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned() });
        };
        let help = "write `s3://bucket`, or `s3://bucket/prefix` with what lies in front of `AWSLogs`";
        self.problem(at, format!("`{place}` {problem}"), help);
        None
    }

    fn break_glass(&mut self, window: Spanned<RawBreakGlass>) -> Option<BreakGlass> {
        let (at, window) = (window.defined, window.value);
        let from = self.moment(&window.from);
        let until = self.moment(&window.until);
        if window.reason.trim().is_empty() {
            self.problem(
                at,
                "this break-glass window has no reason",
                "say what it was for, as in `reason: INC-42`",
            );
            return None;
        }
        let (from, until) = (from?, until?);
        if until <= from {
            self.problem(
                window.until.defined,
                "this break-glass window ends before it begins",
                "let `until` be later than `from`",
            );
            return None;
        }
        Some(BreakGlass { from, until, people: window.people, reason: window.reason })
    }

    fn moment(&mut self, text: &Spanned<String>) -> Option<DateTime<Utc>> {
        let moment = text.value.parse().ok();
        if moment.is_none() {
            self.problem(
                text.defined,
                format!("`{}` is not a time", text.value),
                "write it with its zone, as in `2026-11-20T09:00:00Z`",
            );
        }
        moment
    }

    fn owned(&mut self, owned: Spanned<RawOwned>) -> Option<Owned> {
        let (at, owned) = (owned.defined, owned.value);
        let names_nothing = owned.resource.as_ref().is_none_or(|glob| glob.chars().all(|c| c == '*'));
        if owned.tags.is_empty() && names_nothing {
            self.problem(
                at,
                "this would be every resource",
                "name a part of the resources' names as in `resource: web-*`, or tags that they have",
            );
            return None;
        }
        if owned.code.trim().is_empty() {
            self.problem(
                at,
                "this owner has no name",
                "say where the code is, as in `code: terraform in example/infrastructure`",
            );
            return None;
        }
        Some(Owned { resource: owned.resource, tags: owned.tags, code: owned.code })
    }
}
