//! Amazon RDS and Aurora: database instances and clusters.
//!
//! Neptune and DocumentDB answer the same calls; theirs are other types, and not here.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;

/// `meta.id` and `meta.name` are the DBInstanceIdentifier.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
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
