//! Amazon RDS and Aurora. The calls also answer with Neptune's and DocumentDB's, which are other
//! types with other metrics: those are left out.

pub(super) mod events;
pub(super) mod slow_queries;

use std::collections::BTreeMap;

use aws_sdk_rds::types;

use super::pages::list;
use super::{CollectError, Collector, Context, Read, time};
use crate::inventory::rds::{
    DbCluster, DbClusterMember, DbEndpoint, DbInstance, DbSubnet, DbSubnetGroup, ServerlessV2Scaling,
};
use crate::inventory::{Kind as _, Meta};

const DESCRIBE_INSTANCES: &str = "rds:DescribeDBInstances";
const DESCRIBE_CLUSTERS: &str = "rds:DescribeDBClusters";
const PAGE: i32 = 100;

pub(super) const INSTANCES: Collector = Collector {
    resource_type: DbInstance::TYPE,
    actions: &[DESCRIBE_INSTANCES],
    collect: |context| Box::pin(read_instances(context)),
};

pub(super) const CLUSTERS: Collector = Collector {
    resource_type: DbCluster::TYPE,
    actions: &[DESCRIBE_CLUSTERS],
    collect: |context| Box::pin(read_clusters(context)),
};

async fn read_instances(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.rds.describe_db_instances().max_records(PAGE).into_paginator().send();
    let listing = list(DESCRIBE_INSTANCES, pages, |page| (page.db_instances, page.marker)).await?;
    let own = listing.items.iter().filter(|sdk| is_relational(sdk.engine()));
    Read::of(own.map(|sdk| instance(context, sdk)), listing.cut)
}

async fn read_clusters(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.rds.describe_db_clusters().max_records(PAGE).into_paginator().send();
    let listing = list(DESCRIBE_CLUSTERS, pages, |page| (page.db_clusters, page.marker)).await?;
    let own = listing.items.iter().filter(|sdk| is_relational(sdk.engine()));
    Read::of(own.map(|sdk| cluster(context, sdk)), listing.cut)
}

fn is_relational(engine: Option<&str>) -> bool {
    !matches!(engine, Some("neptune" | "docdb"))
}

fn instance(context: &Context, sdk: &types::DbInstance) -> DbInstance {
    let id = sdk.db_instance_identifier().unwrap_or_default();
    let meta = context.meta(id, id, sdk.db_instance_arn().unwrap_or_default());
    DbInstance {
        meta: Meta { created_at: time(sdk.instance_create_time()), tags: tags(sdk.tag_list()), ..meta },
        engine: sdk.engine().unwrap_or_default().to_owned(),
        engine_version: text(sdk.engine_version()),
        db_instance_class: sdk.db_instance_class().unwrap_or_default().to_owned(),
        db_instance_status: sdk.db_instance_status().unwrap_or_default().to_owned(),
        dbi_resource_id: text(sdk.dbi_resource_id()),
        multi_az: sdk.multi_az().unwrap_or(false),
        publicly_accessible: sdk.publicly_accessible().unwrap_or(false),
        endpoint: sdk
            .endpoint()
            .map(|sdk| DbEndpoint { address: text(sdk.address()), port: sdk.port().map(i64::from) }),
        vpc_security_groups: group_ids(sdk.vpc_security_groups()),
        db_subnet_group: sdk.db_subnet_group().map(subnet_group),
        availability_zone: text(sdk.availability_zone()),
        secondary_availability_zone: text(sdk.secondary_availability_zone()),
        network_type: text(sdk.network_type()),
        backup_retention_period: sdk.backup_retention_period().map_or(0, i64::from),
        preferred_backup_window: text(sdk.preferred_backup_window()),
        latest_restorable_time: time(sdk.latest_restorable_time()),
        copy_tags_to_snapshot: sdk.copy_tags_to_snapshot().unwrap_or(false),
        deletion_protection: sdk.deletion_protection().unwrap_or(false),
        auto_minor_version_upgrade: sdk.auto_minor_version_upgrade().unwrap_or(false),
        enabled_cloudwatch_logs_exports: sdk.enabled_cloudwatch_logs_exports().to_vec(),
        storage_encrypted: sdk.storage_encrypted().unwrap_or(false),
        allocated_storage: sdk.allocated_storage().map_or(0, i64::from),
        max_allocated_storage: sdk.max_allocated_storage().map(i64::from),
        storage_type: text(sdk.storage_type()),
        iops: sdk.iops().map(i64::from),
        storage_throughput: sdk.storage_throughput().map(i64::from),
        performance_insights_enabled: sdk.performance_insights_enabled().unwrap_or(false),
        monitoring_interval: sdk.monitoring_interval().map_or(0, i64::from),
        iam_database_authentication_enabled: sdk.iam_database_authentication_enabled().unwrap_or(false),
        ca_certificate_identifier: text(sdk.ca_certificate_identifier()),
        read_replica_source_db_instance_identifier: text(sdk.read_replica_source_db_instance_identifier()),
        read_replica_source_db_cluster_identifier: text(sdk.read_replica_source_db_cluster_identifier()),
        read_replica_db_instance_identifiers: sdk.read_replica_db_instance_identifiers().to_vec(),
        db_cluster_identifier: text(sdk.db_cluster_identifier()),
        promotion_tier: sdk.promotion_tier().map(i64::from),
        db_parameter_groups: sdk
            .db_parameter_groups()
            .iter()
            .filter_map(|group| text(group.db_parameter_group_name()))
            .collect(),
        automatic_restart_time: time(sdk.automatic_restart_time()),
        kind: "instance".to_owned(),
        role: instance_role(sdk).to_owned(),
        ..DbInstance::default()
    }
}

fn instance_role(sdk: &types::DbInstance) -> &'static str {
    let source = text(sdk.read_replica_source_db_instance_identifier());
    if text(sdk.db_cluster_identifier()).is_some() {
        "member"
    } else if source.or(text(sdk.read_replica_source_db_cluster_identifier())).is_some() {
        "replica"
    } else {
        "primary"
    }
}

fn cluster(context: &Context, sdk: &types::DbCluster) -> DbCluster {
    let id = sdk.db_cluster_identifier().unwrap_or_default();
    let meta = context.meta(id, id, sdk.db_cluster_arn().unwrap_or_default());
    DbCluster {
        meta: Meta { created_at: time(sdk.cluster_create_time()), tags: tags(sdk.tag_list()), ..meta },
        engine: sdk.engine().unwrap_or_default().to_owned(),
        engine_version: text(sdk.engine_version()),
        engine_mode: text(sdk.engine_mode()),
        status: sdk.status().unwrap_or_default().to_owned(),
        endpoint: text(sdk.endpoint()),
        reader_endpoint: text(sdk.reader_endpoint()),
        port: sdk.port().map(i64::from),
        db_cluster_members: sdk
            .db_cluster_members()
            .iter()
            .map(|member| DbClusterMember {
                db_instance_identifier: member.db_instance_identifier().unwrap_or_default().to_owned(),
                is_cluster_writer: member.is_cluster_writer().unwrap_or(false),
                promotion_tier: member.promotion_tier().map(i64::from),
            })
            .collect(),
        multi_az: sdk.multi_az().unwrap_or(false),
        availability_zones: sdk.availability_zones().to_vec(),
        publicly_accessible: sdk.publicly_accessible(),
        vpc_security_groups: group_ids(sdk.vpc_security_groups()),
        db_subnet_group: text(sdk.db_subnet_group()),
        network_type: text(sdk.network_type()),
        backup_retention_period: sdk.backup_retention_period().map_or(0, i64::from),
        preferred_backup_window: text(sdk.preferred_backup_window()),
        earliest_restorable_time: time(sdk.earliest_restorable_time()),
        latest_restorable_time: time(sdk.latest_restorable_time()),
        backtrack_window: sdk.backtrack_window(),
        copy_tags_to_snapshot: sdk.copy_tags_to_snapshot().unwrap_or(false),
        deletion_protection: sdk.deletion_protection().unwrap_or(false),
        enabled_cloudwatch_logs_exports: sdk.enabled_cloudwatch_logs_exports().to_vec(),
        storage_encrypted: sdk.storage_encrypted().unwrap_or(false),
        allocated_storage: sdk.allocated_storage().map(i64::from),
        storage_type: text(sdk.storage_type()),
        iops: sdk.iops().map(i64::from),
        performance_insights_enabled: sdk.performance_insights_enabled(),
        iam_database_authentication_enabled: sdk.iam_database_authentication_enabled().unwrap_or(false),
        serverless_v2_scaling_configuration: sdk.serverless_v2_scaling_configuration().map(|sdk| {
            ServerlessV2Scaling {
                min_capacity: sdk.min_capacity(),
                max_capacity: sdk.max_capacity(),
                seconds_until_auto_pause: sdk.seconds_until_auto_pause().map(i64::from),
            }
        }),
        replication_source_identifier: text(sdk.replication_source_identifier()),
        db_cluster_parameter_group: text(sdk.db_cluster_parameter_group()),
        global_cluster_identifier: text(sdk.global_cluster_identifier()),
        automatic_restart_time: time(sdk.automatic_restart_time()),
        kind: "cluster".to_owned(),
        role: if text(sdk.replication_source_identifier()).is_some() { "replica" } else { "primary" }
            .to_owned(),
        ..DbCluster::default()
    }
}

/// What is absent may come as an empty text.
fn text(sdk: Option<&str>) -> Option<String> {
    sdk.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn tags(sdk: &[types::Tag]) -> BTreeMap<String, String> {
    sdk.iter()
        .map(|tag| (tag.key().unwrap_or_default().to_owned(), tag.value().unwrap_or_default().to_owned()))
        .collect()
}

fn group_ids(sdk: &[types::VpcSecurityGroupMembership]) -> Vec<String> {
    sdk.iter().filter_map(|group| text(group.vpc_security_group_id())).collect()
}

fn subnet_group(sdk: &types::DbSubnetGroup) -> DbSubnetGroup {
    DbSubnetGroup {
        db_subnet_group_name: sdk.db_subnet_group_name().unwrap_or_default().to_owned(),
        vpc_id: text(sdk.vpc_id()),
        subnets: sdk
            .subnets()
            .iter()
            .map(|sdk| DbSubnet {
                subnet_identifier: sdk.subnet_identifier().unwrap_or_default().to_owned(),
                availability_zone: sdk.subnet_availability_zone().and_then(|zone| text(zone.name())),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::Client;
    use aws_sdk_rds::operation::describe_db_clusters::DescribeDbClustersOutput;
    use aws_sdk_rds::operation::describe_db_instances::{
        DescribeDBInstancesError, DescribeDbInstancesOutput,
    };
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;

    fn full() -> types::DbInstance {
        types::DbInstance::builder()
            .db_instance_identifier("web-production-db")
            .db_instance_arn("arn:aws:rds:eu-west-1:111122223333:db:web-production-db")
            .engine("postgres")
            .db_instance_class("db.t4g.medium")
            .instance_create_time(aws_smithy_types::DateTime::from_secs(1_790_000_000))
            .publicly_accessible(true)
            .endpoint(types::Endpoint::builder().address("web.rds.amazonaws.com").port(5432).build())
            .vpc_security_groups(
                types::VpcSecurityGroupMembership::builder().vpc_security_group_id("sg-1").build(),
            )
            .db_subnet_group(
                types::DbSubnetGroup::builder()
                    .db_subnet_group_name("public")
                    .vpc_id("vpc-1")
                    .subnets(
                        types::Subnet::builder()
                            .subnet_identifier("subnet-a")
                            .subnet_availability_zone(
                                types::AvailabilityZone::builder().name("eu-west-1a").build(),
                            )
                            .build(),
                    )
                    .build(),
            )
            .availability_zone("eu-west-1a")
            .allocated_storage(100)
            .read_replica_source_db_instance_identifier("")
            .db_parameter_groups(
                types::DbParameterGroupStatus::builder()
                    .db_parameter_group_name("default.postgres17")
                    .build(),
            )
            .tag_list(types::Tag::builder().key("app").value("web").build())
            .build()
    }

    #[tokio::test]
    async fn instances_of_all_pages_are_read_but_for_other_services() {
        let mut context = mock::context();
        let first = mock!(Client::describe_db_instances)
            .match_requests(|request| request.max_records() == Some(100) && request.marker().is_none())
            .then_output(|| DescribeDbInstancesOutput::builder().db_instances(full()).marker("more").build());
        let second = mock!(Client::describe_db_instances)
            .match_requests(|request| request.marker() == Some("more"))
            .then_output(|| {
                let of = |engine: &str| {
                    types::DbInstance::builder().db_instance_identifier(engine).engine(engine).build()
                };
                DescribeDbInstancesOutput::builder()
                    .db_instances(of("neptune"))
                    .db_instances(of("docdb"))
                    .db_instances(of("aurora-mysql"))
                    .build()
            });
        mock::answer!(context, rds, aws_sdk_rds, [first, second]);

        let read = mock::read(&context, DbInstance::TYPE).await.unwrap();

        assert_eq!(read.partial, None);
        let ids: Vec<&str> = read.resources.iter().map(|r| r.meta().id.as_str()).collect();
        assert_eq!(ids, ["web-production-db", "aurora-mysql"]);
        let instance = DbInstance::of(&read.resources[0]).unwrap();
        assert_eq!(instance.meta.tags["app"], "web");
        assert_eq!(instance.meta.created_at, Some(mock::at("2026-09-21T14:13:20Z")));
        assert!(instance.publicly_accessible && !instance.multi_az);
        assert_eq!(instance.endpoint.as_ref().unwrap().port, Some(5432));
        assert_eq!(instance.vpc_security_groups, ["sg-1"]);
        let subnets = &instance.db_subnet_group.as_ref().unwrap().subnets;
        assert_eq!(subnets[0].subnet_identifier, "subnet-a");
        assert_eq!(subnets[0].availability_zone, instance.availability_zone);
        assert_eq!(instance.db_parameter_groups, ["default.postgres17"]);
        assert_eq!(instance.read_replica_source_db_instance_identifier, None, "an empty text is none");
    }

    #[tokio::test]
    async fn clusters_tell_their_members_and_capacity() {
        let mut context = mock::context();
        let clusters = mock!(Client::describe_db_clusters)
            .match_requests(|request| request.max_records() == Some(100))
            .then_output(|| {
                let member = types::DbClusterMember::builder()
                    .db_instance_identifier("shop-1")
                    .is_cluster_writer(true)
                    .build();
                let scaling = types::ServerlessV2ScalingConfigurationInfo::builder()
                    .min_capacity(0.5)
                    .max_capacity(8.0)
                    .build();
                DescribeDbClustersOutput::builder()
                    .db_clusters(types::DbCluster::builder().engine("docdb").build())
                    .db_clusters(
                        types::DbCluster::builder()
                            .db_cluster_identifier("shop")
                            .engine("aurora-postgresql")
                            .backup_retention_period(7)
                            .db_cluster_members(member)
                            .serverless_v2_scaling_configuration(scaling)
                            .build(),
                    )
                    .build()
            });
        mock::answer!(context, rds, aws_sdk_rds, [clusters]);

        let read = mock::read(&context, DbCluster::TYPE).await.unwrap();

        assert_eq!(read.resources.len(), 1);
        let cluster = DbCluster::of(&read.resources[0]).unwrap();
        assert_eq!((cluster.meta.name.as_str(), cluster.backup_retention_period), ("shop", 7));
        assert!(cluster.db_cluster_members[0].is_cluster_writer);
        assert_eq!(cluster.serverless_v2_scaling_configuration.as_ref().unwrap().max_capacity, Some(8.0));
        assert_eq!(cluster.publicly_accessible, None);
    }

    #[tokio::test]
    async fn denied_instances_are_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_db_instances)
            .then_error(|| DescribeDBInstancesError::generic(mock::service_error("AccessDenied", "No.")));
        mock::answer!(context, rds, aws_sdk_rds, [denied]);

        assert!(mock::read(&context, DbInstance::TYPE).await.unwrap_err().is_denied());
    }
}
