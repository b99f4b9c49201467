//! The signals of ElastiCache's three kinds of cache.
//!
//! CloudWatch keeps a node's metrics under its CacheClusterId, with or without the CacheNodeId, those of a replication
//! group under the ids of its clusters (`web-001`), and those of a serverless cache under `clusterId`.

use std::collections::{BTreeMap, BTreeSet};

use super::{Sight, Signal, SignalCoverage, Watch};
use crate::inventory::cloudwatch::{Alarm, AlarmMetric};
use crate::inventory::elasticache::{CacheCluster, ReplicationGroup, ServerlessCache};
use crate::inventory::{Kind as _, Scope};

const NAMESPACE: &[&str] = &["AWS/ElastiCache"];
const NODES: &[&str] = &["valkey", "redis"];
const MEMCACHED: &[&str] = &["memcached"];
const SERVERLESS: &[&str] = &["serverless"];

const SIGNALS: &[Signal] = &[
    Signal {
        name: "memory",
        kinds: NODES,
        namespaces: NAMESPACE,
        metrics: &[
            "DatabaseMemoryUsagePercentage",
            "DatabaseMemoryUsageCountedForEvictPercentage",
            "DatabaseCapacityUsagePercentage",
            "DatabaseCapacityUsageCountedForEvictPercentage",
            "BytesUsedForCache",
            "FreeableMemory",
        ],
    },
    Signal {
        name: "memory",
        kinds: MEMCACHED,
        namespaces: NAMESPACE,
        metrics: &["FreeableMemory", "UnusedMemory", "BytesUsedForCacheItems", "SwapUsage"],
    },
    Signal { name: "memory", kinds: SERVERLESS, namespaces: NAMESPACE, metrics: &["BytesUsedForCache"] },
    Signal { name: "evictions", kinds: &[], namespaces: NAMESPACE, metrics: &["Evictions"] },
    Signal {
        name: "connections",
        kinds: &[],
        namespaces: NAMESPACE,
        metrics: &["CurrConnections", "NewConnections"],
    },
    Signal {
        name: "cpu",
        kinds: NODES,
        namespaces: NAMESPACE,
        metrics: &["EngineCPUUtilization", "CPUUtilization"],
    },
    Signal { name: "cpu", kinds: MEMCACHED, namespaces: NAMESPACE, metrics: &["CPUUtilization"] },
    Signal {
        name: "cpu",
        kinds: SERVERLESS,
        namespaces: NAMESPACE,
        metrics: &["ElastiCacheProcessingUnits"],
    },
    Signal { name: "throttles", kinds: SERVERLESS, namespaces: NAMESPACE, metrics: &["ThrottledCmds"] },
];

type Signals = Option<BTreeMap<String, SignalCoverage>>;

/// CacheCluster.signals.
pub(in crate::relate) fn of_clusters(scope: &Scope) -> Vec<Signals> {
    let watch = watch(scope);
    let of = |cluster: &CacheCluster| {
        let own = BTreeSet::from([cluster.meta.id.as_str()]);
        let aim = |metric: &AlarmMetric, _: &Signal| at_nodes(&metric.dimensions, &own, None);
        watch.as_ref()?.signals(SIGNALS, &cluster.engine, aim)
    };
    scope.all::<CacheCluster>().map(of).collect()
}

/// ReplicationGroup.signals: what is watched of every shard, be it on one of its nodes alone, since these hold
/// the same data.
pub(in crate::relate) fn of_groups(scope: &Scope) -> Vec<Signals> {
    let watch = watch(scope);
    let of = |group: &ReplicationGroup| {
        let mut shards: Vec<(&str, BTreeSet<&str>)> = group
            .node_groups
            .iter()
            .map(|shard| {
                (shard.node_group_id.as_str(), shard.member_clusters.iter().map(String::as_str).collect())
            })
            .collect();
        if shards.is_empty() {
            shards.push(("", group.member_clusters.iter().map(String::as_str).collect()));
        }
        let members: BTreeSet<&str> =
            shards.iter().flat_map(|(_, members)| members.iter().copied()).collect();
        let of_shards = shards
            .iter()
            .map(|(shard, own)| {
                let aim = |metric: &AlarmMetric, _: &Signal| {
                    at_nodes(&metric.dimensions, own, Some((&group.meta.id, &members)))
                };
                Some((*shard, watch.as_ref()?.signals(SIGNALS, &group.engine, aim)?))
            })
            .collect::<Option<Vec<_>>>()?;
        Some(least(of_shards))
    };
    scope.all::<ReplicationGroup>().map(of).collect()
}

/// ServerlessCache.signals.
pub(in crate::relate) fn of_serverless(scope: &Scope) -> Vec<Signals> {
    let watch = watch(scope);
    let of = |cache: &ServerlessCache| {
        let name = cache.meta.id.as_str();
        let aim = |metric: &AlarmMetric, _: &Signal| at_serverless(&metric.dimensions, name);
        watch.as_ref()?.signals(SIGNALS, SERVERLESS[0], aim)
    };
    scope.all::<ServerlessCache>().map(of).collect()
}

fn watch(scope: &Scope) -> Option<Watch<'_>> {
    scope.complete(Alarm::TYPE).then(|| Watch::of(scope, SIGNALS))
}

/// Of each signal the shard that is watched least.
fn least(shards: Vec<(&str, BTreeMap<String, SignalCoverage>)>) -> BTreeMap<String, SignalCoverage> {
    let rank = |coverage: &SignalCoverage| match coverage.verdict.as_str() {
        "covered" => 2,
        "maybe" => 1,
        _ => 0,
    };
    let mut found: BTreeMap<String, SignalCoverage> = BTreeMap::new();
    for (shard, signals) in shards {
        for (name, mut coverage) in signals {
            let Some(before) = found.get(&name) else {
                found.insert(name, coverage);
                continue;
            };
            if rank(&coverage) >= rank(before) {
                continue;
            }
            if let (Some(alarm), "") = (&before.alarm, coverage.reason.as_str()) {
                coverage.reason = format!("alarm `{alarm}` does not watch its shard {shard}");
            }
            found.insert(name, coverage);
        }
    }
    found
}

/// Whether dimensions point at one of a shard's nodes, or at the whole of the group that it is in: its id, and all of
/// its nodes.
fn at_nodes(
    dimensions: &BTreeMap<String, String>,
    own: &BTreeSet<&str>,
    group: Option<(&str, &BTreeSet<&str>)>,
) -> Sight {
    let sees = match (dimensions.get("CacheClusterId"), dimensions.get("ReplicationGroupId")) {
        (Some(node), _) if own.contains(node.as_str()) => true,
        (Some(node), _) => return group.map_or(Sight::Unrelated, |group| another_node(node, own, group)),
        (None, Some(watched)) if group.is_some_and(|(id, _)| id == watched) => true,
        (None, Some(_)) => return Sight::Unrelated,
        (None, None) => false,
    };
    let known = ["CacheClusterId", "CacheNodeId", "ReplicationGroupId", "Role"];
    match dimensions.keys().find(|name| !known.contains(&name.as_str())) {
        // that of a serverless cache, or of whatever else has these metrics
        Some(_) if !sees => Sight::Unrelated,
        Some(other) => Sight::Misses(format!("watches an unknown dimension {other}")),
        None if sees => Sight::Sees,
        None if dimensions.is_empty() => Sight::Misses(NO_CACHE.to_owned()),
        None => Sight::Misses("names no CacheClusterId dimension".to_owned()),
    }
}

const NO_CACHE: &str = "names no cache: over all of them one that is full or busy does not show";

/// Whether a node that is not of the shard was meant to be.
fn another_node(node: &str, own: &BTreeSet<&str>, (id, members): (&str, &BTreeSet<&str>)) -> Sight {
    if node == id {
        let examples: Vec<&str> = own.iter().take(2).copied().collect();
        return Sight::Misses(format!(
            "watches CacheClusterId={node}, under which a replication group has no metrics: they are under {}",
            examples.join(" and ")
        ));
    }
    let like_a_member = node.strip_prefix(id).is_some_and(|rest| rest.starts_with('-')) && numbered(node);
    if like_a_member && !members.contains(node) {
        Sight::Misses(format!("watches CacheClusterId={node}, which is none of its nodes"))
    } else {
        Sight::Unrelated
    }
}

/// Ends as ElastiCache names the clusters of a group: `web-001`, `web-0001-001`.
fn numbered(node: &str) -> bool {
    let number = node.rsplit('-').next().unwrap_or_default();
    number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn at_serverless(dimensions: &BTreeMap<String, String>, name: &str) -> Sight {
    match dimensions.get("clusterId") {
        Some(watched) if watched != name => Sight::Unrelated,
        Some(_) => match dimensions.keys().find(|dimension| *dimension != "clusterId") {
            Some(other) => Sight::Misses(format!("watches an unknown dimension {other}")),
            None => Sight::Sees,
        },
        None if dimensions.get("CacheClusterId").is_some_and(|watched| watched == name) => Sight::Misses(
            "names CacheClusterId, where a serverless cache has its metrics under clusterId".to_owned(),
        ),
        None if dimensions.is_empty() => Sight::Misses(NO_CACHE.to_owned()),
        None => Sight::Unrelated,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::inventory::Resource;
    use crate::relate::testing::{read, scope};

    fn alarm(name: &str, metric: &str, dimensions: &Value) -> Vec<Resource> {
        read(
            Alarm::TYPE,
            json!([{
                "name": name,
                "actions_enabled": true,
                "alarm_actions": ["arn:aws:sns:::ops"],
                "metric": { "namespace": "AWS/ElastiCache", "metric_name": metric, "dimensions": dimensions },
            }]),
        )
    }

    fn told(found: Vec<Signals>, signal: &str) -> String {
        let coverage = found.into_iter().next().unwrap().unwrap().remove(signal).unwrap();
        format!("{} {}", coverage.verdict, coverage.reason)
    }

    fn group_with(alarms: Vec<Resource>) -> Scope {
        let mut resources = read(
            ReplicationGroup::TYPE,
            json!([{
                "id": "web",
                "engine": "redis",
                "node_groups": [
                    { "node_group_id": "0001", "member_clusters": ["web-0001-001", "web-0001-002"] },
                    { "node_group_id": "0002", "member_clusters": ["web-0002-001"] },
                ],
            }]),
        );
        resources.extend(alarms);
        scope(resources, &[Alarm::TYPE])
    }

    fn group_verdict(dimensions: &Value) -> String {
        told(of_groups(&group_with(alarm("full", "DatabaseMemoryUsagePercentage", dimensions))), "memory")
    }

    #[test]
    fn a_group_is_watched_by_its_own_id_or_shard_by_shard() {
        assert_eq!(group_verdict(&json!({ "ReplicationGroupId": "web" })), "covered ");
        assert_eq!(group_verdict(&json!({ "ReplicationGroupId": "other" })), "none ");
        assert_eq!(
            group_verdict(&json!({ "CacheClusterId": "web-0001-002" })),
            "none alarm `full` does not watch its shard 0002"
        );
        let mut both = alarm("one", "Evictions", &json!({ "CacheClusterId": "web-0001-001" }));
        both.extend(alarm(
            "two",
            "Evictions",
            &json!({ "CacheClusterId": "web-0002-001", "CacheNodeId": "0001" }),
        ));
        assert_eq!(told(of_groups(&group_with(both)), "evictions"), "covered ");
    }

    #[test]
    fn the_group_s_id_is_no_cluster_s_and_neither_is_a_node_that_is_gone() {
        assert_eq!(
            group_verdict(&json!({ "CacheClusterId": "web" })),
            "none alarm `full` watches CacheClusterId=web, under which a replication group has no metrics: \
             they are under web-0001-001 and web-0001-002"
        );
        assert_eq!(
            group_verdict(&json!({ "CacheClusterId": "web-0003-001" })),
            "none alarm `full` watches CacheClusterId=web-0003-001, which is none of its nodes"
        );
        assert_eq!(group_verdict(&json!({ "CacheClusterId": "web-sessions" })), "none ");
        assert_eq!(group_verdict(&json!({ "clusterId": "web" })), "none ");
        assert_eq!(
            group_verdict(&json!({ "CacheNodeId": "0001" })),
            "none alarm `full` names no CacheClusterId dimension"
        );
    }

    fn cluster_verdict(engine: &str, metric: &str, dimensions: &Value, signal: &str) -> String {
        let mut resources = read(CacheCluster::TYPE, json!([{ "id": "cache", "engine": engine }]));
        resources.extend(alarm("a", metric, dimensions));
        told(of_clusters(&scope(resources, &[Alarm::TYPE])), signal)
    }

    #[test]
    fn a_cluster_is_watched_with_or_without_its_node() {
        let plain = json!({ "CacheClusterId": "cache" });
        assert_eq!(cluster_verdict("redis", "EngineCPUUtilization", &plain, "cpu"), "covered ");
        let node = json!({ "CacheClusterId": "cache", "CacheNodeId": "0001" });
        assert_eq!(cluster_verdict("redis", "CurrConnections", &node, "connections"), "covered ");
        let more = json!({ "CacheClusterId": "cache", "Stage": "x" });
        assert_eq!(
            cluster_verdict("redis", "Evictions", &more, "evictions"),
            "none alarm `a` watches an unknown dimension Stage"
        );
        assert_eq!(
            cluster_verdict("redis", "Evictions", &json!({ "CacheClusterId": "other" }), "evictions"),
            "none "
        );
    }

    #[test]
    fn the_engines_have_metrics_of_their_own() {
        let plain = json!({ "CacheClusterId": "cache" });
        assert_eq!(cluster_verdict("memcached", "UnusedMemory", &plain, "memory"), "covered ");
        assert_eq!(cluster_verdict("redis", "UnusedMemory", &plain, "memory"), "none ");
        assert_eq!(cluster_verdict("memcached", "EngineCPUUtilization", &plain, "cpu"), "none ");
    }

    fn serverless_verdict(dimensions: &Value) -> String {
        let mut resources = read(ServerlessCache::TYPE, json!([{ "id": "less", "engine": "valkey" }]));
        resources.extend(alarm("a", "ThrottledCmds", dimensions));
        told(of_serverless(&scope(resources, &[Alarm::TYPE])), "throttles")
    }

    #[test]
    fn a_serverless_cache_goes_by_another_dimension() {
        assert_eq!(serverless_verdict(&json!({ "clusterId": "less" })), "covered ");
        assert_eq!(serverless_verdict(&json!({ "clusterId": "more" })), "none ");
        assert_eq!(
            serverless_verdict(&json!({ "CacheClusterId": "less" })),
            "none alarm `a` names CacheClusterId, where a serverless cache has its metrics under clusterId"
        );
    }

    #[test]
    fn unread_alarms_leave_it_open() {
        let mut resources = read(CacheCluster::TYPE, json!([{ "id": "one" }]));
        resources.extend(read(ReplicationGroup::TYPE, json!([{ "id": "two" }])));
        resources.extend(read(ServerlessCache::TYPE, json!([{ "id": "three" }])));
        let scope = scope(resources, &[]);
        assert_eq!(of_clusters(&scope), [None]);
        assert_eq!(of_groups(&scope), [None]);
        assert_eq!(of_serverless(&scope), [None]);
    }
}
