//! What an alarm watches, as far as its dimensions name something of a known type.

use std::collections::BTreeSet;

use super::existence::Existence;
use crate::inventory::cloudwatch::{Alarm, AlarmMetric, Watched};
use crate::inventory::ec2::{Instance, NatGateway, Volume};
use crate::inventory::ecs::{Cluster, Service};
use crate::inventory::elasticloadbalancingv2::{LoadBalancer, TargetGroup};
use crate::inventory::lambda::Function;
use crate::inventory::rds::{DbCluster, DbInstance};
use crate::inventory::sqs::Queue;
use crate::inventory::{Kind as _, Scope};

/// What a dimension of a namespace names.
const DIMENSIONS: &[(&str, &str, &str)] = &[
    ("AWS/ApplicationELB", "LoadBalancer", LoadBalancer::TYPE),
    ("AWS/ApplicationELB", "TargetGroup", TargetGroup::TYPE),
    ("AWS/NetworkELB", "LoadBalancer", LoadBalancer::TYPE),
    ("AWS/NetworkELB", "TargetGroup", TargetGroup::TYPE),
    ("AWS/NATGateway", "NatGatewayId", NatGateway::TYPE),
    ("AWS/EC2", "InstanceId", Instance::TYPE),
    ("AWS/EBS", "VolumeId", Volume::TYPE),
    ("AWS/ECS", "ClusterName", Cluster::TYPE),
    ("AWS/ECS", "ServiceName", Service::TYPE),
    ("AWS/Lambda", "FunctionName", Function::TYPE),
    ("AWS/SQS", "QueueName", Queue::TYPE),
    ("AWS/RDS", "DBInstanceIdentifier", DbInstance::TYPE),
    ("AWS/RDS", "DBClusterIdentifier", DbCluster::TYPE),
];

/// The types that [`watches`] looks names up in.
pub(super) const TARGETS: &[&str] = &[
    LoadBalancer::TYPE,
    TargetGroup::TYPE,
    NatGateway::TYPE,
    Instance::TYPE,
    Volume::TYPE,
    Cluster::TYPE,
    Service::TYPE,
    Function::TYPE,
    Queue::TYPE,
    DbInstance::TYPE,
    DbCluster::TYPE,
];

/// Alarm.watches.
pub(super) fn watches(scope: &Scope) -> Vec<Option<Vec<Watched>>> {
    let existence = Existence::of(scope);
    scope
        .all::<Alarm>()
        .map(|alarm| {
            let entries = alarm.metrics.iter().filter_map(|entry| entry.metric.as_ref());
            let named: BTreeSet<(&'static str, &str)> =
                alarm.metric.iter().chain(entries).flat_map(targets).collect();
            let watched = named.into_iter().map(|(resource_type, name)| Watched {
                resource_type: resource_type.to_owned(),
                name: name.to_owned(),
                exists: existence.of_name(resource_type, name),
            });
            Some(watched.collect())
        })
        .collect()
}

fn targets(metric: &AlarmMetric) -> impl Iterator<Item = (&'static str, &str)> {
    DIMENSIONS.iter().filter(|(namespace, ..)| *namespace == metric.namespace).filter_map(
        |(_, dimension, resource_type)| Some((*resource_type, metric.dimensions.get(*dimension)?.as_str())),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::relate::testing::{read, scope};

    fn account(complete: &[&str]) -> Scope {
        let metric = |namespace: &str, dimension: &str, name: &str| json!({ "namespace": namespace, "metric_name": "m", "dimensions": { dimension: name } });
        let balancer = metric("AWS/ApplicationELB", "LoadBalancer", "app/web/1");
        let mut resources = read(
            Alarm::TYPE,
            json!([
                { "name": "web", "metric": balancer },
                { "name": "gone", "metrics": [
                    { "id": "a", "metric": metric("AWS/EC2", "InstanceId", "i-gone") },
                    { "id": "b", "metric": metric("AWS/EC2", "InstanceId", "i-gone") },
                    { "id": "c", "expression": "a / b" },
                ] },
                { "name": "own", "metric": metric("Shop", "InstanceId", "i-gone") },
            ]),
        );
        resources
            .extend(read(LoadBalancer::TYPE, json!([{ "name": "web", "metric_dimension": "app/web/1" }])));
        scope(resources, complete)
    }

    fn told(scope: &Scope) -> Vec<String> {
        let tell = |watched: Watched| {
            format!(
                "{} {} {:?}",
                watched.resource_type.rsplit(':').next().unwrap(),
                watched.name,
                watched.exists
            )
        };
        watches(scope).into_iter().flatten().flatten().map(tell).collect()
    }

    #[test]
    fn each_thing_is_named_once_and_looked_up() {
        assert_eq!(
            told(&account(TARGETS)),
            ["LoadBalancer app/web/1 Some(true)", "Instance i-gone Some(false)"],
            "a namespace of one's own may mean anything by its dimensions"
        );
    }

    #[test]
    fn what_was_not_read_may_be_there() {
        assert_eq!(told(&account(&[])), ["LoadBalancer app/web/1 Some(true)", "Instance i-gone None"]);
    }

    #[test]
    fn every_dimension_is_of_a_type_that_is_looked_up() {
        assert!(DIMENSIONS.iter().all(|(.., resource_type)| TARGETS.contains(resource_type)));
    }
}
