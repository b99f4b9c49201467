//! Amazon ElastiCache: clusters, replication groups and serverless caches.
//!
//! What a person calls a cache is a replication group with all of its clusters, a cluster on its own (Memcached, or
//! one node of Redis OSS), or a serverless cache; what the three have in common goes by the same names here.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;
use super::cloudwatch::SignalCoverage;
use super::ec2::Opening;

/// For Valkey and Redis OSS one node, for Memcached one or several; `meta.id` and `meta.name` are the CacheClusterId.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct CacheCluster {
    #[serde(flatten)]
    pub meta: Meta,
    /// `cluster`: what tells the three types apart.
    pub kind: String,
    /// The replication group that it is a member of; null where it is on its own.
    pub replication_group_id: Option<String>,
    /// `valkey`, `redis` or `memcached`.
    pub engine: String,
    pub engine_version: Option<String>,
    /// CacheClusterStatus: `available`, `creating`, `modifying`, `deleting`, …
    pub status: String,
    /// `cache.t4g.micro`
    pub cache_node_type: String,
    pub num_cache_nodes: i64,
    pub preferred_availability_zone: Option<String>,
    /// Its own id, as the member that it is of itself.
    pub member_clusters: Vec<String>,
    /// Always 1.
    pub num_node_groups: i64,
    /// Whether its data are spread over shards, for which it would have to be a replication group: always false.
    pub cluster_enabled: bool,
    /// Null until its first node is there.
    pub port: Option<i64>,
    /// Ids of its VPC security groups.
    pub security_groups: Vec<String>,
    pub transit_encryption_enabled: bool,
    /// `preferred` takes connections without TLS, too; `required` does not.
    pub transit_encryption_mode: Option<String>,
    pub at_rest_encryption_enabled: bool,
    /// What clients have to show: `auth_token`, or `none`.
    pub authentication: String,
    /// In days; 0 means no automatic snapshots.
    pub snapshot_retention_limit: i64,
    /// Derived: the ports that its security groups open to public addresses. Null where security groups,
    /// or the prefix lists that they name, could not be read.
    pub openings: Option<Vec<Opening>>,
    /// Derived: which alarm covers each signal (`memory`, `evictions`, `connections`, `cpu`).
    /// Null where alarms could not be read.
    pub signals: Option<BTreeMap<String, SignalCoverage>>,
}

/// `meta.id` and `meta.name` are the ReplicationGroupId.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct ReplicationGroup {
    #[serde(flatten)]
    pub meta: Meta,
    /// `replication_group`: what tells the three types apart.
    pub kind: String,
    /// Always null, as it is no member of another.
    pub replication_group_id: Option<String>,
    pub description: Option<String>,
    /// `valkey` or `redis`.
    pub engine: String,
    /// `available`, `creating`, `modifying`, `deleting`, …
    pub status: String,
    pub cache_node_type: String,
    /// Ids of its clusters, each of which is a node and a value of CloudWatch's CacheClusterId dimension.
    pub member_clusters: Vec<String>,
    /// Its shards.
    pub node_groups: Vec<NodeGroup>,
    /// How many shards it has; 1 while none is told.
    pub num_node_groups: i64,
    pub cluster_enabled: bool,
    /// `enabled`, `disabled`, `enabling` or `disabling`.
    pub automatic_failover: Option<String>,
    /// `enabled` or `disabled`.
    pub multi_az: Option<String>,
    pub port: Option<i64>,
    /// Derived: ids of the VPC security groups on its clusters. Null where clusters could not be read.
    pub security_groups: Option<Vec<String>>,
    pub transit_encryption_enabled: bool,
    /// `preferred` takes connections without TLS, too; `required` does not.
    pub transit_encryption_mode: Option<String>,
    pub at_rest_encryption_enabled: bool,
    pub user_group_ids: Vec<String>,
    /// What clients have to show: `user_group`, `auth_token`, or `none`.
    pub authentication: String,
    /// In days; 0 means no automatic snapshots.
    pub snapshot_retention_limit: i64,
    /// Derived: the ports that its security groups open to public addresses. Null where clusters, security groups,
    /// or the prefix lists that they name, could not be read.
    pub openings: Option<Vec<Opening>>,
    /// Derived: which alarm covers each signal (`memory`, `evictions`, `connections`, `cpu`) of every shard.
    /// Null where alarms could not be read.
    pub signals: Option<BTreeMap<String, SignalCoverage>>,
}

/// A shard: a primary and its replicas, which hold the same data.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct NodeGroup {
    pub node_group_id: String,
    /// CacheClusterIds of its members.
    pub member_clusters: Vec<String>,
}

/// `meta.id` and `meta.name` are the ServerlessCacheName.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct ServerlessCache {
    #[serde(flatten)]
    pub meta: Meta,
    /// `serverless`: what tells the three types apart.
    pub kind: String,
    /// Always null.
    pub replication_group_id: Option<String>,
    /// Always empty, as its nodes are not shown.
    pub cache_node_type: String,
    /// Always empty, as its nodes are not shown.
    pub member_clusters: Vec<String>,
    /// Always false.
    pub cluster_enabled: bool,
    pub description: Option<String>,
    /// `valkey`, `redis` or `memcached`.
    pub engine: String,
    pub full_engine_version: Option<String>,
    /// `available`, `creating`, `modifying`, `deleting` or `create-failed`.
    pub status: String,
    /// CacheUsageLimits.DataStorage.Maximum, in GB; null without a limit.
    pub max_data_storage_gb: Option<i64>,
    /// CacheUsageLimits.ECPUPerSecond.Maximum; null without a limit.
    pub max_ecpu_per_second: Option<i64>,
    pub port: Option<i64>,
    /// SecurityGroupIds.
    pub security_groups: Vec<String>,
    /// Always: AWS knows no serverless cache without TLS.
    pub transit_encryption_enabled: bool,
    /// Always `required`.
    pub transit_encryption_mode: Option<String>,
    /// Always.
    pub at_rest_encryption_enabled: bool,
    pub user_group_id: Option<String>,
    /// What clients have to show: `user_group`, or `none`.
    pub authentication: String,
    /// In days; 0 means no automatic snapshots.
    pub snapshot_retention_limit: i64,
    /// Derived: the ports that its security groups open to public addresses. Null where security groups,
    /// or the prefix lists that they name, could not be read.
    pub openings: Option<Vec<Opening>>,
    /// Derived: which alarm covers each signal (`memory`, `evictions`, `connections`, `cpu`, `throttles`).
    /// Null where alarms could not be read.
    pub signals: Option<BTreeMap<String, SignalCoverage>>,
}
