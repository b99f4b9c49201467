//! ElastiCache clusters, replication groups and serverless caches. Their tags would cost a call each and are not read.

use aws_sdk_elasticache::types;

use super::pages::list;
use super::{CollectError, Collector, Context, Read, time};
use crate::inventory::elasticache::{CacheCluster, NodeGroup, ReplicationGroup, ServerlessCache};
use crate::inventory::{Kind as _, Meta};

const DESCRIBE_CLUSTERS: &str = "elasticache:DescribeCacheClusters";
const DESCRIBE_GROUPS: &str = "elasticache:DescribeReplicationGroups";
const DESCRIBE_SERVERLESS: &str = "elasticache:DescribeServerlessCaches";

/// The most that DescribeCacheClusters and DescribeReplicationGroups give at once.
const PAGE: i32 = 100;
/// No more is documented for DescribeServerlessCaches than this default.
const SERVERLESS_PAGE: i32 = 50;

pub(super) const CACHE_CLUSTERS: Collector = Collector {
    resource_type: CacheCluster::TYPE,
    actions: &[DESCRIBE_CLUSTERS],
    collect: |context| Box::pin(read_clusters(context)),
};

pub(super) const REPLICATION_GROUPS: Collector = Collector {
    resource_type: ReplicationGroup::TYPE,
    actions: &[DESCRIBE_GROUPS],
    collect: |context| Box::pin(read_groups(context)),
};

pub(super) const SERVERLESS_CACHES: Collector = Collector {
    resource_type: ServerlessCache::TYPE,
    actions: &[DESCRIBE_SERVERLESS],
    collect: |context| Box::pin(read_serverless(context)),
};

async fn read_clusters(context: &Context) -> Result<Read, CollectError> {
    let request = context.clients.elasticache.describe_cache_clusters();
    // the nodes tell the port
    let pages = request.show_cache_node_info(true).max_records(PAGE).into_paginator().send();
    let clusters = list(DESCRIBE_CLUSTERS, pages, |page| (page.cache_clusters, page.marker)).await?;
    Read::mapped(clusters, |sdk| cluster(context, sdk))
}

async fn read_groups(context: &Context) -> Result<Read, CollectError> {
    let request = context.clients.elasticache.describe_replication_groups();
    let pages = request.max_records(PAGE).into_paginator().send();
    let groups = list(DESCRIBE_GROUPS, pages, |page| (page.replication_groups, page.marker)).await?;
    Read::mapped(groups, |sdk| group(context, sdk))
}

async fn read_serverless(context: &Context) -> Result<Read, CollectError> {
    let request = context.clients.elasticache.describe_serverless_caches();
    let pages = request.max_results(SERVERLESS_PAGE).into_paginator().send();
    let caches = list(DESCRIBE_SERVERLESS, pages, |page| (page.serverless_caches, page.next_token)).await?;
    Read::mapped(caches, |sdk| serverless(context, sdk))
}

fn cluster(context: &Context, sdk: &types::CacheCluster) -> CacheCluster {
    let id = sdk.cache_cluster_id().unwrap_or_default();
    let nodes = sdk.cache_nodes().iter().find_map(types::CacheNode::endpoint);
    CacheCluster {
        meta: Meta {
            created_at: time(sdk.cache_cluster_create_time()),
            ..context.meta(id, id, sdk.arn().unwrap_or_default())
        },
        kind: "cluster".to_owned(),
        replication_group_id: sdk.replication_group_id().filter(|id| !id.is_empty()).map(str::to_owned),
        engine: sdk.engine().unwrap_or_default().to_owned(),
        engine_version: sdk.engine_version().map(str::to_owned),
        status: sdk.cache_cluster_status().unwrap_or_default().to_owned(),
        cache_node_type: sdk.cache_node_type().unwrap_or_default().to_owned(),
        num_cache_nodes: sdk.num_cache_nodes().unwrap_or_default().into(),
        preferred_availability_zone: sdk.preferred_availability_zone().map(str::to_owned),
        member_clusters: vec![id.to_owned()],
        num_node_groups: 1,
        cluster_enabled: false,
        port: port(sdk.configuration_endpoint().or(nodes)),
        security_groups: sdk
            .security_groups()
            .iter()
            .filter_map(|membership| membership.security_group_id().map(str::to_owned))
            .collect(),
        transit_encryption_enabled: sdk.transit_encryption_enabled().unwrap_or_default(),
        transit_encryption_mode: sdk.transit_encryption_mode().map(|mode| mode.as_str().to_owned()),
        at_rest_encryption_enabled: sdk.at_rest_encryption_enabled().unwrap_or_default(),
        authentication: authentication(false, sdk.auth_token_enabled()),
        snapshot_retention_limit: sdk.snapshot_retention_limit().unwrap_or_default().into(),
        openings: None,
        signals: None,
    }
}

fn group(context: &Context, sdk: &types::ReplicationGroup) -> ReplicationGroup {
    let id = sdk.replication_group_id().unwrap_or_default();
    let primary = sdk.node_groups().iter().find_map(types::NodeGroup::primary_endpoint);
    ReplicationGroup {
        meta: Meta {
            created_at: time(sdk.replication_group_create_time()),
            ..context.meta(id, id, sdk.arn().unwrap_or_default())
        },
        kind: "replication_group".to_owned(),
        replication_group_id: None,
        description: sdk.description().map(str::to_owned),
        // the one engine that groups had when this field was not there
        engine: sdk.engine().unwrap_or("redis").to_owned(),
        status: sdk.status().unwrap_or_default().to_owned(),
        cache_node_type: sdk.cache_node_type().unwrap_or_default().to_owned(),
        member_clusters: sdk.member_clusters().to_vec(),
        node_groups: sdk.node_groups().iter().map(node_group).collect(),
        num_node_groups: i64::try_from(sdk.node_groups().len()).unwrap_or(1).max(1),
        cluster_enabled: sdk.cluster_enabled().unwrap_or_default(),
        automatic_failover: sdk.automatic_failover().map(|status| status.as_str().to_owned()),
        multi_az: sdk.multi_az().map(|status| status.as_str().to_owned()),
        port: port(sdk.configuration_endpoint().or(primary)),
        security_groups: None,
        transit_encryption_enabled: sdk.transit_encryption_enabled().unwrap_or_default(),
        transit_encryption_mode: sdk.transit_encryption_mode().map(|mode| mode.as_str().to_owned()),
        at_rest_encryption_enabled: sdk.at_rest_encryption_enabled().unwrap_or_default(),
        user_group_ids: sdk.user_group_ids().to_vec(),
        authentication: authentication(!sdk.user_group_ids().is_empty(), sdk.auth_token_enabled()),
        snapshot_retention_limit: sdk.snapshot_retention_limit().unwrap_or_default().into(),
        openings: None,
        signals: None,
    }
}

fn node_group(sdk: &types::NodeGroup) -> NodeGroup {
    let members = sdk.node_group_members().iter();
    NodeGroup {
        node_group_id: sdk.node_group_id().unwrap_or_default().to_owned(),
        member_clusters: members.filter_map(|member| member.cache_cluster_id().map(str::to_owned)).collect(),
    }
}

fn serverless(context: &Context, sdk: &types::ServerlessCache) -> ServerlessCache {
    let name = sdk.serverless_cache_name().unwrap_or_default();
    let limits = sdk.cache_usage_limits();
    let storage = limits.and_then(|limits| limits.data_storage()?.maximum());
    let ecpu = limits.and_then(|limits| limits.ecpu_per_second()?.maximum());
    ServerlessCache {
        meta: Meta {
            created_at: time(sdk.create_time()),
            ..context.meta(name, name, sdk.arn().unwrap_or_default())
        },
        kind: "serverless".to_owned(),
        replication_group_id: None,
        cache_node_type: String::new(),
        member_clusters: Vec::new(),
        cluster_enabled: false,
        description: sdk.description().map(str::to_owned),
        engine: sdk.engine().unwrap_or_default().to_owned(),
        full_engine_version: sdk.full_engine_version().map(str::to_owned),
        status: sdk.status().unwrap_or_default().to_owned(),
        max_data_storage_gb: storage.map(i64::from),
        max_ecpu_per_second: ecpu.map(i64::from),
        port: port(sdk.endpoint()),
        security_groups: sdk.security_group_ids().to_vec(),
        transit_encryption_enabled: true,
        transit_encryption_mode: Some("required".to_owned()),
        at_rest_encryption_enabled: true,
        user_group_id: sdk.user_group_id().map(str::to_owned),
        authentication: authentication(sdk.user_group_id().is_some(), None),
        snapshot_retention_limit: sdk.snapshot_retention_limit().unwrap_or_default().into(),
        openings: None,
        signals: None,
    }
}

fn port(endpoint: Option<&types::Endpoint>) -> Option<i64> {
    endpoint.and_then(types::Endpoint::port).map(i64::from)
}

fn authentication(has_users: bool, has_token: Option<bool>) -> String {
    match (has_users, has_token) {
        (true, _) => "user_group",
        (false, Some(true)) => "auth_token",
        (false, _) => "none",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticache::Client;
    use aws_sdk_elasticache::operation::describe_cache_clusters::{
        DescribeCacheClustersError, DescribeCacheClustersOutput,
    };
    use aws_sdk_elasticache::operation::describe_replication_groups::DescribeReplicationGroupsOutput;
    use aws_sdk_elasticache::operation::describe_serverless_caches::DescribeServerlessCachesOutput;
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;

    fn endpoint(port: i32) -> types::Endpoint {
        types::Endpoint::builder().address("x.cache.amazonaws.com").port(port).build()
    }

    fn clusters(id: &str, next: Option<&str>) -> DescribeCacheClustersOutput {
        let node = types::CacheNode::builder().cache_node_id("0001").endpoint(endpoint(6380)).build();
        let group = types::SecurityGroupMembership::builder().security_group_id("sg-1").build();
        let cluster = types::CacheCluster::builder()
            .cache_cluster_id(id)
            .arn(format!("arn:aws:elasticache:eu-west-1:111122223333:cluster:{id}"))
            .engine("redis")
            .num_cache_nodes(1)
            .cache_nodes(node)
            .security_groups(group)
            .auth_token_enabled(true)
            .snapshot_retention_limit(3)
            .build();
        DescribeCacheClustersOutput::builder()
            .cache_clusters(cluster)
            .set_marker(next.map(str::to_owned))
            .build()
    }

    #[tokio::test]
    async fn clusters_are_read_page_by_page_with_the_port_of_their_nodes() {
        let mut context = mock::context();
        let first = mock!(Client::describe_cache_clusters)
            .match_requests(|request| {
                request.marker().is_none()
                    && request.max_records() == Some(100)
                    && request.show_cache_node_info() == Some(true)
            })
            .then_output(|| clusters("one", Some("two")));
        let second = mock!(Client::describe_cache_clusters)
            .match_requests(|request| request.marker() == Some("two"))
            .then_output(|| clusters("two", None));
        mock::answer!(context, elasticache, aws_sdk_elasticache, [first, second]);

        let read = mock::read(&context, CacheCluster::TYPE).await.unwrap();

        assert_eq!(read.resources.len(), 2);
        let one = CacheCluster::of(&read.resources[0]).unwrap();
        assert_eq!(one.port, Some(6380));
        assert_eq!(one.security_groups, ["sg-1"]);
        assert_eq!(one.member_clusters, ["one"]);
        assert_eq!(one.authentication, "auth_token");
        assert_eq!(one.snapshot_retention_limit, 3);
        assert!(!one.transit_encryption_enabled);
    }

    #[tokio::test]
    async fn a_group_knows_its_shards_and_who_may_log_in() {
        let mut context = mock::context();
        let groups = mock!(Client::describe_replication_groups)
            .match_requests(|request| request.max_records() == Some(100))
            .then_output(|| {
                let member = |id: &str| types::NodeGroupMember::builder().cache_cluster_id(id).build();
                let shard = types::NodeGroup::builder()
                    .node_group_id("0001")
                    .primary_endpoint(endpoint(6379))
                    .node_group_members(member("web-001"))
                    .node_group_members(member("web-002"))
                    .build();
                let group = types::ReplicationGroup::builder()
                    .replication_group_id("web")
                    .member_clusters("web-001")
                    .member_clusters("web-002")
                    .node_groups(shard)
                    .user_group_ids("app")
                    .transit_encryption_enabled(true)
                    .transit_encryption_mode(types::TransitEncryptionMode::Preferred)
                    .build();
                DescribeReplicationGroupsOutput::builder().replication_groups(group).build()
            });
        mock::answer!(context, elasticache, aws_sdk_elasticache, [groups]);

        let read = mock::read(&context, ReplicationGroup::TYPE).await.unwrap();

        let web = ReplicationGroup::of(&read.resources[0]).unwrap();
        assert_eq!(web.engine, "redis");
        assert_eq!(web.port, Some(6379));
        assert_eq!(web.node_groups[0].member_clusters, ["web-001", "web-002"]);
        assert_eq!((web.num_node_groups, web.authentication.as_str()), (1, "user_group"));
        assert_eq!(web.transit_encryption_mode.as_deref(), Some("preferred"));
        assert_eq!(web.security_groups, None);
    }

    #[tokio::test]
    async fn a_serverless_cache_is_always_encrypted_and_may_ask_for_nothing() {
        let mut context = mock::context();
        let caches = mock!(Client::describe_serverless_caches)
            .match_requests(|request| request.max_results() == Some(50))
            .then_output(|| {
                let storage = types::DataStorage::builder().maximum(10).build();
                let cache = types::ServerlessCache::builder()
                    .serverless_cache_name("sessions")
                    .engine("valkey")
                    .cache_usage_limits(types::CacheUsageLimits::builder().data_storage(storage).build())
                    .security_group_ids("sg-1")
                    .endpoint(endpoint(6379))
                    .build();
                DescribeServerlessCachesOutput::builder().serverless_caches(cache).build()
            });
        mock::answer!(context, elasticache, aws_sdk_elasticache, [caches]);

        let read = mock::read(&context, ServerlessCache::TYPE).await.unwrap();

        let sessions = ServerlessCache::of(&read.resources[0]).unwrap();
        assert!(sessions.transit_encryption_enabled && sessions.at_rest_encryption_enabled);
        assert_eq!((sessions.max_data_storage_gb, sessions.max_ecpu_per_second), (Some(10), None));
        assert_eq!(sessions.authentication, "none");
        assert_eq!(sessions.security_groups, ["sg-1"]);
    }

    #[tokio::test]
    async fn a_denied_list_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_cache_clusters)
            .then_error(|| DescribeCacheClustersError::generic(mock::service_error("AccessDenied", "No.")));
        mock::answer!(context, elasticache, aws_sdk_elasticache, [denied]);

        assert!(mock::read(&context, CacheCluster::TYPE).await.unwrap_err().is_denied());
    }
}
