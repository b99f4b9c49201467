//! Which alarm covers which signal of a resource.
//!
//! An alarm covers a signal when it watches one of the signal's metrics for this
//! resource, also through metric math or an anomaly band, and acts when it
//! fires. A query (SEARCH, Metrics Insights) selects its series when it runs, so
//! that it can at best `maybe` cover.

mod load_balancers;
mod nat_gateways;
mod services;

use std::collections::BTreeMap;

use super::composites::Composites;
use crate::inventory::cloudwatch::{Alarm, AlarmMetric, SignalCoverage};
use crate::inventory::{Kind, Scope};

pub(super) use load_balancers::signals as load_balancer_signals;
pub(super) use services::signals as service_signals;

/// A thing that somebody should hear of, and the metrics that tell it.
pub(super) struct Signal {
    pub(super) name: &'static str,
    /// The resources that have it; empty where all have.
    pub(super) kinds: &'static [&'static str],
    pub(super) namespaces: &'static [&'static str],
    pub(super) metrics: &'static [&'static str],
}

/// A type whose metrics CloudWatch keeps under dimensions that name the resource.
pub(super) trait Watched: Kind {
    const SIGNALS: &'static [Signal];
    /// Dimensions that an alarm may have beside those that name the resource.
    const NARROWING: &'static [&'static str] = &[];
    /// Whether the metrics also exist without any dimension, over all resources of the type.
    const ACCOUNT_WIDE: bool = false;

    /// What [`Signal::kinds`] tells apart.
    #[expect(clippy::unnecessary_literal_bound, reason = "those that have kinds return a field")]
    fn kind(&self) -> &str {
        ""
    }

    /// The dimensions that name the resource.
    fn dimensions(&self) -> Vec<(&'static str, String)>;
}

/// What an alarm sees of one signal of one resource, the less the further up.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Sight {
    Unrelated,
    /// Its dimensions name something that is not, or no longer, there.
    Misses(String),
    Maybe,
    /// It hangs on something that was not read completely.
    Undecided,
    Sees,
}

/// The `signals` of every resource of a type.
pub(super) fn signals<K: Watched>(scope: &Scope) -> Vec<Option<BTreeMap<String, SignalCoverage>>> {
    if !scope.complete(Alarm::TYPE) {
        return scope.all::<K>().map(|_| None).collect();
    }
    let watch = Watch::of(scope, K::SIGNALS);
    let signals_of = |resource: &K| {
        let own = resource.dimensions();
        let aim = |metric: &AlarmMetric, _: &Signal| aim::<K>(&metric.dimensions, &own);
        watch.signals(K::SIGNALS, resource.kind(), aim)
    };
    scope.all::<K>().map(signals_of).collect()
}

/// Whether an alarm's dimensions point at the resource that has these.
fn aim<K: Watched>(dimensions: &BTreeMap<String, String>, own: &[(&'static str, String)]) -> Sight {
    if dimensions.is_empty() && K::ACCOUNT_WIDE {
        return Sight::Sees;
    }
    let mut missing = Vec::new();
    for (name, value) in own {
        match dimensions.get(*name) {
            None => missing.push(*name),
            Some(watched) if watched != value => return Sight::Unrelated,
            Some(_) => {}
        }
    }
    if !missing.is_empty() {
        return Sight::Misses(format!("names no {} dimension", missing.join(" and no ")));
    }
    let known = |name: &str| own.iter().any(|(known, _)| *known == name) || K::NARROWING.contains(&name);
    match dimensions.keys().find(|name| !known(name)) {
        Some(other) => Sight::Misses(format!("watches an unknown dimension {other}")),
        None => Sight::Sees,
    }
}

/// The alarms that watch what some signals are about.
struct Watch<'a> {
    /// By name, with why they do not act; None for those that do.
    alarms: Vec<Watcher<'a>>,
}

struct Watcher<'a> {
    name: &'a str,
    inaction: Option<String>,
    metrics: Vec<&'a AlarmMetric>,
    queries: Vec<&'a str>,
}

impl<'a> Watch<'a> {
    fn of(scope: &'a Scope, signals: &[Signal]) -> Self {
        let composites = Composites::of(scope);
        let mut alarms: Vec<Watcher<'a>> = scope
            .all::<Alarm>()
            .map(|alarm| {
                let (metrics, queries) = watched(alarm);
                Watcher { name: &alarm.meta.name, inaction: inaction(alarm, &composites), metrics, queries }
            })
            .filter(|watcher| signals.iter().any(|signal| watcher.concerns(signal)))
            .collect();
        alarms.sort_by_key(|watcher| watcher.name);
        Self { alarms }
    }

    /// None where a verdict hangs on what could not be read.
    fn signals(
        &self,
        signals: &[Signal],
        kind: &str,
        aim: impl Fn(&AlarmMetric, &Signal) -> Sight,
    ) -> Option<BTreeMap<String, SignalCoverage>> {
        signals
            .iter()
            .filter(|signal| signal.kinds.is_empty() || signal.kinds.contains(&kind))
            .map(|signal| Some((signal.name.to_owned(), self.coverage(signal, &aim)?)))
            .collect()
    }

    fn coverage(
        &self,
        signal: &Signal,
        aim: &impl Fn(&AlarmMetric, &Signal) -> Sight,
    ) -> Option<SignalCoverage> {
        let mut maybe = None;
        let mut undecided = false;
        let mut idle = Vec::new();
        let mut misses = Vec::new();
        for watcher in &self.alarms {
            let name = watcher.name;
            match (watcher.sight(signal, aim), &watcher.inaction) {
                (Sight::Sees, None) => {
                    return Some(SignalCoverage {
                        verdict: "covered".to_owned(),
                        alarm: Some(name.to_owned()),
                        reason: String::new(),
                    });
                }
                (Sight::Sees, Some(inaction)) => idle.push(format!("alarm `{name}` {inaction}")),
                (Sight::Undecided, None) => undecided = true,
                (Sight::Maybe, None) => maybe = maybe.or(Some(name)),
                (Sight::Misses(dimension), _) => misses.push(format!("alarm `{name}` {dimension}")),
                (Sight::Undecided | Sight::Maybe, Some(_)) | (Sight::Unrelated, _) => {}
            }
        }
        if undecided {
            return None;
        }
        let (verdict, reason) = if let Some(name) = maybe {
            ("maybe", format!("alarm `{name}` runs a query that may or may not select it"))
        } else {
            idle.append(&mut misses);
            idle.truncate(3);
            ("none", idle.join("; "))
        };
        Some(SignalCoverage { verdict: verdict.to_owned(), alarm: None, reason })
    }
}

impl<'a> Watcher<'a> {
    fn metrics_of<'s>(&'s self, signal: &'s Signal) -> impl Iterator<Item = &'a AlarmMetric> + 's {
        let metrics = self.metrics.iter().copied();
        metrics
            .filter(|metric| signal.namespaces.contains(&metric.namespace.as_str()))
            .filter(|metric| signal.metrics.contains(&metric.metric_name.as_str()))
    }

    fn queries(&self, signal: &Signal) -> bool {
        self.queries.iter().any(|query| {
            let there = signal.namespaces.iter().any(|namespace| query.contains(namespace));
            (there || !query.contains("AWS/")) && words(query).any(|word| signal.metrics.contains(&word))
        })
    }

    fn concerns(&self, signal: &Signal) -> bool {
        self.queries(signal) || self.metrics_of(signal).next().is_some()
    }

    fn sight(&self, signal: &Signal, aim: &impl Fn(&AlarmMetric, &Signal) -> Sight) -> Sight {
        let of_metrics = self.metrics_of(signal).map(|metric| aim(metric, signal));
        let of_queries = self.queries(signal).then_some(Sight::Maybe);
        of_metrics.chain(of_queries).max().unwrap_or(Sight::Unrelated)
    }
}

/// Why nobody hears of it when the alarm fires, be it through a composite alarm; None if somebody may.
/// A scaling policy tells nobody, least of all when there is nothing left to scale.
fn inaction(alarm: &Alarm, composites: &Composites<'_>) -> Option<String> {
    let scales = |action: &String| action.split(':').nth(2) == Some("autoscaling");
    let acts = |alarm: &Alarm| alarm.actions_enabled && !alarm.alarm_actions.iter().all(scales);
    if acts(alarm) || composites.above(alarm).into_iter().any(acts) {
        None
    } else if alarm.alarm_actions.is_empty() {
        Some("has no action for its ALARM state".to_owned())
    } else if alarm.actions_enabled {
        Some("only drives auto scaling".to_owned())
    } else {
        Some("has its actions disabled".to_owned())
    }
}

/// The metrics and the queries that the alarm's state hangs on: entries that are
/// neither returned nor referred to, at any remove, by one that is do not count.
fn watched(alarm: &Alarm) -> (Vec<&AlarmMetric>, Vec<&str>) {
    let mut metrics: Vec<&AlarmMetric> = alarm.metric.iter().collect();
    let mut queries = Vec::new();
    let (mut open, mut unused): (Vec<_>, Vec<_>) = alarm.metrics.iter().partition(|entry| entry.return_data);
    while let Some(entry) = open.pop() {
        metrics.extend(&entry.metric);
        if let Some(expression) = &entry.expression {
            queries.push(expression.as_str());
            // METRICS() stands for every metric of the alarm.
            let referred = |id: &str| words(expression).any(|word| word == id || word == "METRICS");
            let (more, rest) = unused.into_iter().partition(|entry| referred(&entry.id));
            open.extend::<Vec<_>>(more);
            unused = rest;
        }
    }
    (metrics, queries)
}

fn words(expression: &str) -> impl Iterator<Item = &str> {
    expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
}
