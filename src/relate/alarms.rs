//! Which alarm covers which signal of a load balancer.
//!
//! An alarm covers a signal when it watches one of the signal's metrics for this
//! load balancer, also through metric math or an anomaly band, and acts when it
//! fires. A query (SEARCH, Metrics Insights) selects its series when it runs, so
//! that it can at best `maybe` cover.

use std::collections::{BTreeMap, BTreeSet};

use super::composites::Composites;
use super::load_balancers::by_balancer;
use crate::inventory::cloudwatch::{Alarm, AlarmMetric, SignalCoverage};
use crate::inventory::elasticloadbalancingv2::{LoadBalancer, TargetGroup};
use crate::inventory::{Kind as _, Scope};

/// A thing that somebody should hear of, and the metrics that tell it.
struct Signal {
    /// The type of load balancer.
    balancer: &'static str,
    name: &'static str,
    namespace: &'static str,
    metrics: &'static [&'static str],
}

const HOSTS: &[&str] = &["UnHealthyHostCount", "HealthyHostCount"];

/// Network and gateway load balancers have no metric for latency.
const SIGNALS: &[Signal] = &[
    Signal {
        balancer: "application",
        name: "errors",
        namespace: "AWS/ApplicationELB",
        metrics: &["HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"],
    },
    Signal {
        balancer: "application",
        name: "latency",
        namespace: "AWS/ApplicationELB",
        metrics: &["TargetResponseTime"],
    },
    Signal {
        balancer: "application",
        name: "unhealthy_hosts",
        namespace: "AWS/ApplicationELB",
        metrics: HOSTS,
    },
    Signal {
        balancer: "network",
        name: "errors",
        namespace: "AWS/NetworkELB",
        metrics: &["TCP_Target_Reset_Count", "TCP_ELB_Reset_Count", "PortAllocationErrorCount"],
    },
    Signal { balancer: "network", name: "unhealthy_hosts", namespace: "AWS/NetworkELB", metrics: HOSTS },
    Signal { balancer: "gateway", name: "unhealthy_hosts", namespace: "AWS/GatewayELB", metrics: HOSTS },
];

/// What an alarm sees of one signal of one load balancer, the less the further up.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Sight {
    Unrelated,
    /// Its dimensions name something that is not, or no longer, there.
    Misses(String),
    Maybe,
    /// It names a target group, and those were not read completely.
    Undecided,
    Sees,
}

/// LoadBalancer.signals.
pub(super) fn signals(scope: &Scope) -> Vec<Option<BTreeMap<String, SignalCoverage>>> {
    if !scope.complete(Alarm::TYPE) {
        return scope.all::<LoadBalancer>().map(|_| None).collect();
    }
    let watch = Watch::of(scope);
    scope.all::<LoadBalancer>().map(|balancer| watch.signals_of(balancer)).collect()
}

struct Watch<'a> {
    /// By name, with why they do not act; None for those that do.
    alarms: Vec<(&'a Alarm, Option<String>)>,
    groups: BTreeMap<&'a str, Vec<&'a TargetGroup>>,
    groups_complete: bool,
    /// The dimension values of all load balancers and target groups that there are.
    existing: BTreeSet<&'a str>,
}

impl<'a> Watch<'a> {
    fn of(scope: &'a Scope) -> Self {
        let composites = Composites::of(scope);
        let mut alarms: Vec<_> =
            scope.all::<Alarm>().map(|alarm| (alarm, inaction(alarm, &composites))).collect();
        alarms.sort_by_key(|(alarm, _)| &alarm.meta.name);
        let balancers = scope.all::<LoadBalancer>().map(|balancer| balancer.metric_dimension.as_str());
        let groups = scope.all::<TargetGroup>().map(|group| group.metric_dimension.as_str());
        Self {
            alarms,
            existing: balancers.chain(groups).collect(),
            groups: by_balancer(scope),
            groups_complete: scope.complete(TargetGroup::TYPE),
        }
    }

    /// None where a verdict hangs on target groups that could not be read.
    fn signals_of(&self, balancer: &LoadBalancer) -> Option<BTreeMap<String, SignalCoverage>> {
        SIGNALS
            .iter()
            .filter(|signal| signal.balancer == balancer.kind)
            .map(|signal| Some((signal.name.to_owned(), self.coverage(balancer, signal)?)))
            .collect()
    }

    fn coverage(&self, balancer: &LoadBalancer, signal: &Signal) -> Option<SignalCoverage> {
        let mut maybe = None;
        let mut undecided = false;
        let mut idle = Vec::new();
        let mut misses = Vec::new();
        for (alarm, inaction) in &self.alarms {
            let name = &alarm.meta.name;
            match (self.sight(alarm, balancer, signal), inaction) {
                (Sight::Sees, None) => {
                    return Some(SignalCoverage {
                        verdict: "covered".to_owned(),
                        alarm: Some(name.clone()),
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

    fn sight(&self, alarm: &Alarm, balancer: &LoadBalancer, signal: &Signal) -> Sight {
        let (metrics, queries) = watched(alarm);
        let of_metrics = metrics
            .into_iter()
            .filter(|metric| metric.namespace == signal.namespace)
            .filter(|metric| signal.metrics.contains(&metric.metric_name.as_str()))
            .map(|metric| self.aim(&metric.dimensions, balancer, signal));
        let of_queries = queries
            .into_iter()
            .filter(|query| query.contains(signal.namespace) || !query.contains("AWS/"))
            .filter(|query| words(query).any(|word| signal.metrics.contains(&word)))
            .map(|_| Sight::Maybe);
        of_metrics.chain(of_queries).max().unwrap_or(Sight::Unrelated)
    }

    /// Whether dimensions point at the load balancer. AvailabilityZone may narrow them.
    fn aim(&self, dimensions: &BTreeMap<String, String>, balancer: &LoadBalancer, signal: &Signal) -> Sight {
        // An alarm of another load balancer is no near miss; one of an earlier life of this one is.
        let name_of = |dimension: &str| dimension.rsplit_once('/').map(|(name, _)| name.to_owned());
        let misses = |name: &str, value: &str| {
            if self.existing.contains(value) || name_of(value) != name_of(&balancer.metric_dimension) {
                Sight::Unrelated
            } else {
                Sight::Misses(format!("watches {name}={value}, which does not exist"))
            }
        };
        let own = dimensions.get("LoadBalancer");
        if let Some(value) = own.filter(|&value| *value != balancer.metric_dimension) {
            return misses("LoadBalancer", value);
        }
        let group = dimensions.get("TargetGroup");
        if let Some(value) = group {
            let mut groups = self.groups.get(balancer.meta.arn.as_str()).into_iter().flatten();
            if !groups.any(|group| group.metric_dimension == *value) {
                return match (self.groups_complete, own) {
                    (false, _) => Sight::Undecided,
                    (true, Some(_)) => Sight::Misses(format!(
                        "watches TargetGroup={value}, which is none of its target groups"
                    )),
                    (true, None) => Sight::Unrelated,
                };
            }
        }
        let other = dimensions
            .keys()
            .find(|name| !["LoadBalancer", "TargetGroup", "AvailabilityZone"].contains(&name.as_str()));
        if own.is_some() && group.is_none() && signal.metrics == HOSTS {
            let why = "names no TargetGroup dimension, without which there is no such metric";
            return Sight::Misses(why.to_owned());
        }
        match (own.or(group), other) {
            (Some(_), None) => Sight::Sees,
            (Some(_), Some(other)) => Sight::Misses(format!("watches an unknown dimension {other}")),
            (None, _) => Sight::Misses("names no LoadBalancer dimension".to_owned()),
        }
    }
}

/// Why nothing happens when the alarm fires, be it through a composite alarm; None if something does.
fn inaction(alarm: &Alarm, composites: &Composites<'_>) -> Option<String> {
    let acts = |alarm: &Alarm| alarm.actions_enabled && !alarm.alarm_actions.is_empty();
    if acts(alarm) || composites.above(alarm).into_iter().any(acts) {
        None
    } else if alarm.alarm_actions.is_empty() {
        Some("has no action for its ALARM state".to_owned())
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

#[cfg(test)]
mod tests;
