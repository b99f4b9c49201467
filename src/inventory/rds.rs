//! Amazon RDS and Aurora: database instances and clusters.
//!
//! Neptune and DocumentDB answer the same calls; theirs are other types, and not here.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;
use super::backup::ProtectedResource;
use super::cloudtrail::Event;
use super::cloudwatch::SignalCoverage;
use super::ec2::{Opening, SecurityGroupRule};

/// `meta.id` and `meta.name` are the DBInstanceIdentifier.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "as AWS has them")]
pub struct DbInstance {
    #[serde(flatten)]
    pub meta: Meta,
    /// `postgres`, `mysql`, `mariadb`, `aurora-postgresql`, `aurora-mysql`, `oracle-ee`, `sqlserver-se`, …
    pub engine: String,
    pub engine_version: Option<String>,
    /// `db.t4g.medium`; `db.serverless` for Aurora Serverless v2.
    pub db_instance_class: String,
    /// `available`, `creating`, `modifying`, `stopped`, `storage-full`, …
    pub db_instance_status: String,
    pub dbi_resource_id: Option<String>,
    /// For Aurora always false: there the cluster's other members stand by.
    pub multi_az: bool,
    pub publicly_accessible: bool,
    /// Null while it is being created.
    pub endpoint: Option<DbEndpoint>,
    /// Ids of the VPC security groups on it.
    pub vpc_security_groups: Vec<String>,
    pub db_subnet_group: Option<DbSubnetGroup>,
    pub availability_zone: Option<String>,
    pub secondary_availability_zone: Option<String>,
    /// `IPV4` or `DUAL`.
    pub network_type: Option<String>,
    /// In days; 0 means no automated backups.
    pub backup_retention_period: i64,
    pub preferred_backup_window: Option<String>,
    /// Null where there are no automated backups, and for members of an Aurora cluster.
    pub latest_restorable_time: Option<DateTime<Utc>>,
    pub copy_tags_to_snapshot: bool,
    pub deletion_protection: bool,
    pub auto_minor_version_upgrade: bool,
    /// `postgresql`, `upgrade`, `error`, `slowquery`, …
    pub enabled_cloudwatch_logs_exports: Vec<String>,
    pub storage_encrypted: bool,
    /// In GiB; 1 for Aurora, whose storage is the cluster's.
    pub allocated_storage: i64,
    /// In GiB, as far as storage autoscaling may go; null where it is off.
    pub max_allocated_storage: Option<i64>,
    /// `gp2`, `gp3`, `io1`, `io2`, `standard`, `aurora` or `aurora-iopt1`.
    pub storage_type: Option<String>,
    pub iops: Option<i64>,
    /// In MiB per second.
    pub storage_throughput: Option<i64>,
    pub performance_insights_enabled: bool,
    /// Seconds between the samples of Enhanced Monitoring; 0 where it is off.
    pub monitoring_interval: i64,
    pub iam_database_authentication_enabled: bool,
    pub ca_certificate_identifier: Option<String>,
    /// The instance that it is a read replica of: an identifier, or an ARN where it lies in another region.
    pub read_replica_source_db_instance_identifier: Option<String>,
    pub read_replica_source_db_cluster_identifier: Option<String>,
    pub read_replica_db_instance_identifiers: Vec<String>,
    /// The Aurora or Multi-AZ cluster that it is a member of.
    pub db_cluster_identifier: Option<String>,
    /// Order of failover in an Aurora cluster, 0 first.
    pub promotion_tier: Option<i64>,
    /// Names of its parameter groups; `default.…` cannot have been changed.
    pub db_parameter_groups: Vec<String>,
    /// When AWS starts a stopped one again, seven days after it was stopped.
    pub automatic_restart_time: Option<DateTime<Utc>>,
    /// `instance`: what tells the two types apart.
    pub kind: String,
    /// `member` of a cluster, `replica` of another database, or `primary`.
    pub role: String,
    /// Derived: its backups that were restored, newest first. Null where the history of restores, or AWS Backup's jobs,
    /// could not be read.
    pub restores: Option<Vec<Restore>>,
    /// Derived: restores of which nothing tells whose backup it was, newest first. Null as `restores` is.
    pub unattributed_restores: Option<Vec<Restore>>,
    /// Derived: AWS Backup's entry for it; empty where it has no copy. Null where protected resources could not be read.
    pub aws_backup: Option<Vec<ProtectedResource>>,
    /// Derived: the names of the plans by which AWS Backup tests restores of its type. Null where these could not be read.
    pub restore_testing_plans: Option<Vec<String>>,
    /// The CloudTrail events of the last 90 days that made or changed it, or opened its reaching groups. They cost
    /// some calls for each database, so they are read only where a policy's `details` ask for them, and are null
    /// elsewhere or where they could not be read.
    pub access_events: Option<Vec<Event>>,
    /// Derived: its security groups that let public addresses in on its port, or may do so by a prefix list that
    /// could not be read. Null where security groups could not be read, and while it has no port.
    pub reaching_groups: Option<Vec<ReachingGroup>>,
    /// Derived: the subnets of its subnet group that have a route to an internet gateway. Null where subnets or
    /// route tables could not be read.
    pub public_subnets: Option<Vec<PublicSubnet>>,
    /// Derived: who opened each of its reaching groups and who made it publicly accessible, as far as its
    /// `access_events` tell. Null where those, or the groups, were not read.
    pub opened_by: Option<Vec<Opener>>,
    /// Derived: what it is in its cluster. Null where it is in none, or clusters could not be read.
    pub cluster_membership: Option<ClusterMembership>,
    /// Derived: what its class is made of. Null for a class that is not known.
    pub instance_class: Option<InstanceClass>,
    /// Derived: which alarm covers each signal (`connections`, `storage`, `cpu`, `memory`, for replicas and Aurora
    /// `replica_lag`; for Serverless `capacity` in place of all but connections). Null where alarms, or the
    /// clusters that they name, could not be read.
    pub signals: Option<BTreeMap<String, SignalCoverage>>,
    /// What it spent its time on. It costs some calls for each database, so it is read only for a review or where a
    /// policy's `details` ask for it, and is null elsewhere or where it could not be read.
    pub slow_queries: Option<SlowQueries>,
}

/// What a database spent its time on.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct SlowQueries {
    /// `performance_insights`, `slow_log`, or `off` where nothing records statements.
    pub source: String,
    /// What was looked at.
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    /// The heaviest first, five at most.
    pub queries: Vec<SlowQuery>,
    /// What was cut; empty where nothing was.
    pub note: String,
}

impl SlowQueries {
    /// What the coverage row of reading them is called.
    pub const COVERAGE: &str = "AWS::RDS::SlowQuery";
}

/// A statement without any of its values.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct SlowQuery {
    /// 300 characters at most.
    pub statement: String,
    /// Sessions that were busy with it on average; null from a log.
    pub load: Option<f64>,
    /// Its part of what the database was busy with, from 0 to 1; null from a log, and where the whole is not known.
    pub share: Option<f64>,
    /// Times that it was logged as slow; null from Performance Insights, as the next two.
    pub calls: Option<i64>,
    pub total_seconds: Option<f64>,
    pub max_seconds: Option<f64>,
}

/// One restore of a database's backup, into a database beside it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Restore {
    pub restored_at: Option<DateTime<Utc>>,
    /// `aws_backup`, `restore_test` (by a plan of AWS Backup's), or `rds` for a request of somebody's.
    pub by: String,
    /// The id of AWS Backup's job, or of CloudTrail's event.
    pub id: String,
    pub snapshot: Option<String>,
    pub username: Option<String>,
}

/// A security group that lets public addresses in on a database's port.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct ReachingGroup {
    pub group_id: String,
    pub group_name: String,
    /// Those of its openings that the port lies in.
    pub openings: Vec<Opening>,
    /// Of the rules behind them, those that let in a /16 of IPv4, a /32 of IPv6 or more, or a prefix list.
    pub wide_rules: Vec<SecurityGroupRule>,
    pub unread_prefix_lists: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct PublicSubnet {
    pub subnet_id: String,
    pub internet_gateway_id: String,
    /// It lies in a zone that the database is in now.
    pub in_use: bool,
}

/// An event that took one step towards a database being reachable.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Opener {
    /// `security_group` or `publicly_accessible`.
    pub hop: String,
    /// The id of the group or the database.
    pub resource: String,
    /// Who: e-mail address, user name or role session.
    pub actor: String,
    pub event_name: String,
    pub event_id: String,
    pub event_time: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct ClusterMembership {
    pub is_cluster_writer: bool,
    /// Of Serverless v2, in Aurora capacity units; null without.
    pub min_capacity: Option<f64>,
    pub max_capacity: Option<f64>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct InstanceClass {
    /// `t4g`, `m6g`, `r6g`, …
    pub family: String,
    pub vcpus: i64,
    pub memory_gib: f64,
    /// The class with half of it, or the next less; null where the engine has none.
    pub smaller: Option<String>,
    pub smaller_memory_gib: Option<f64>,
    /// What the engine's default parameter group lets in, somewhat less in practice; null for an engine
    /// that has no such bound.
    pub default_max_connections: Option<i64>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct DbEndpoint {
    pub address: Option<String>,
    pub port: Option<i64>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct DbSubnetGroup {
    pub db_subnet_group_name: String,
    pub vpc_id: Option<String>,
    pub subnets: Vec<DbSubnet>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct DbSubnet {
    pub subnet_identifier: String,
    pub availability_zone: Option<String>,
}

/// An Aurora or a Multi-AZ cluster; `meta.id` and `meta.name` are the DBClusterIdentifier.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "as AWS has them")]
pub struct DbCluster {
    #[serde(flatten)]
    pub meta: Meta,
    /// `aurora-postgresql`, `aurora-mysql`; `postgres` and `mysql` for Multi-AZ clusters.
    pub engine: String,
    pub engine_version: Option<String>,
    /// `provisioned`, which includes Serverless v2, or `serverless` for its first version.
    pub engine_mode: Option<String>,
    /// `available`, `creating`, `stopped`, …
    pub status: String,
    pub endpoint: Option<String>,
    pub reader_endpoint: Option<String>,
    pub port: Option<i64>,
    pub db_cluster_members: Vec<DbClusterMember>,
    /// Whether it has members in several zones.
    pub multi_az: bool,
    pub availability_zones: Vec<String>,
    /// Null for Aurora, where it is a matter of each member.
    pub publicly_accessible: Option<bool>,
    /// Ids of the VPC security groups on it.
    pub vpc_security_groups: Vec<String>,
    /// The group's name.
    pub db_subnet_group: Option<String>,
    /// `IPV4` or `DUAL`.
    pub network_type: Option<String>,
    /// In days.
    pub backup_retention_period: i64,
    pub preferred_backup_window: Option<String>,
    pub earliest_restorable_time: Option<DateTime<Utc>>,
    pub latest_restorable_time: Option<DateTime<Utc>>,
    /// In seconds, for Aurora MySQL; 0 or null where it cannot be turned back.
    pub backtrack_window: Option<i64>,
    pub copy_tags_to_snapshot: bool,
    pub deletion_protection: bool,
    /// `postgresql`, `error`, `slowquery`, …
    pub enabled_cloudwatch_logs_exports: Vec<String>,
    pub storage_encrypted: bool,
    /// In GiB; 1 for Aurora.
    pub allocated_storage: Option<i64>,
    pub storage_type: Option<String>,
    pub iops: Option<i64>,
    pub performance_insights_enabled: Option<bool>,
    pub iam_database_authentication_enabled: bool,
    /// Null unless members are `db.serverless`.
    pub serverless_v2_scaling_configuration: Option<ServerlessV2Scaling>,
    /// The cluster or instance that it is a copy of, by ARN.
    pub replication_source_identifier: Option<String>,
    pub db_cluster_parameter_group: Option<String>,
    pub global_cluster_identifier: Option<String>,
    /// When AWS starts a stopped one again.
    pub automatic_restart_time: Option<DateTime<Utc>>,
    /// `cluster`: what tells the two types apart.
    pub kind: String,
    /// `replica` of another database, or `primary`.
    pub role: String,
    /// Derived: its backups that were restored, newest first. Null where the history of restores, or AWS Backup's jobs,
    /// could not be read.
    pub restores: Option<Vec<Restore>>,
    /// Derived: restores of which nothing tells whose backup it was, newest first. Null as `restores` is.
    pub unattributed_restores: Option<Vec<Restore>>,
    /// Derived: AWS Backup's entry for it; empty where it has no copy. Null where protected resources could not be read.
    pub aws_backup: Option<Vec<ProtectedResource>>,
    /// Derived: the names of the plans by which AWS Backup tests restores of its type. Null where these could not be read.
    pub restore_testing_plans: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct DbClusterMember {
    pub db_instance_identifier: String,
    pub is_cluster_writer: bool,
    pub promotion_tier: Option<i64>,
}

/// In Aurora capacity units of about 2 GiB of memory.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct ServerlessV2Scaling {
    pub min_capacity: Option<f64>,
    pub max_capacity: Option<f64>,
    pub seconds_until_auto_pause: Option<i64>,
}

/// What RDS tells of one of its databases, of the last 14 days at most. `meta.id` is the moment and the source,
/// `meta.name` and `meta.arn` are the source's.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct RdsEvent {
    #[serde(flatten)]
    pub meta: Meta,
    pub date: Option<DateTime<Utc>>,
    pub source_identifier: String,
    /// `db-instance`, `db-cluster`, `db-snapshot`, `db-parameter-group`, …
    pub source_type: String,
    /// `availability`, `backup`, `failover`, `failure`, `low storage`, `maintenance`, …
    pub event_categories: Vec<String>,
    pub message: String,
}
