//! The signals of load balancers, whose alarms may name a target group instead.

use std::collections::{BTreeMap, BTreeSet};

use super::{Sight, Signal, SignalCoverage, Watch};
use crate::inventory::cloudwatch::Alarm;
use crate::inventory::elasticloadbalancingv2::{LoadBalancer, TargetGroup};
use crate::inventory::{Kind as _, Scope};
use crate::relate::load_balancers::by_balancer;

const HOSTS: &[&str] = &["UnHealthyHostCount", "HealthyHostCount"];

/// Network and gateway load balancers have no metric for latency.
const SIGNALS: &[Signal] = &[
    Signal {
        name: "errors",
        kinds: &["application"],
        namespaces: &["AWS/ApplicationELB"],
        metrics: &["HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"],
    },
    Signal {
        name: "latency",
        kinds: &["application"],
        namespaces: &["AWS/ApplicationELB"],
        metrics: &["TargetResponseTime"],
    },
    Signal {
        name: "unhealthy_hosts",
        kinds: &["application"],
        namespaces: &["AWS/ApplicationELB"],
        metrics: HOSTS,
    },
    Signal {
        name: "errors",
        kinds: &["network"],
        namespaces: &["AWS/NetworkELB"],
        metrics: &["TCP_Target_Reset_Count", "TCP_ELB_Reset_Count", "PortAllocationErrorCount"],
    },
    Signal { name: "unhealthy_hosts", kinds: &["network"], namespaces: &["AWS/NetworkELB"], metrics: HOSTS },
    Signal { name: "unhealthy_hosts", kinds: &["gateway"], namespaces: &["AWS/GatewayELB"], metrics: HOSTS },
];

/// LoadBalancer.signals.
pub(in crate::relate) fn signals(scope: &Scope) -> Vec<Option<BTreeMap<String, SignalCoverage>>> {
    if !scope.complete(Alarm::TYPE) {
        return scope.all::<LoadBalancer>().map(|_| None).collect();
    }
    let watch = Watch::of(scope, SIGNALS);
    let balancers = Balancers::of(scope);
    let signals_of = |balancer: &LoadBalancer| {
        watch.signals(SIGNALS, &balancer.kind, |metric, signal| {
            balancers.aim(&metric.dimensions, balancer, signal)
        })
    };
    scope.all::<LoadBalancer>().map(signals_of).collect()
}

struct Balancers<'a> {
    groups: BTreeMap<&'a str, Vec<&'a TargetGroup>>,
    groups_complete: bool,
    /// The dimension values of all load balancers and target groups that there are.
    existing: BTreeSet<&'a str>,
}

impl<'a> Balancers<'a> {
    fn of(scope: &'a Scope) -> Self {
        let balancers = scope.all::<LoadBalancer>().map(|balancer| balancer.metric_dimension.as_str());
        let groups = scope.all::<TargetGroup>().map(|group| group.metric_dimension.as_str());
        Self {
            existing: balancers.chain(groups).collect(),
            groups: by_balancer(scope),
            groups_complete: scope.complete(TargetGroup::TYPE),
        }
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

#[cfg(test)]
mod tests;
