//! EKS clusters and node groups. The lists give names alone, so that it takes a call or two for each.

use aws_sdk_eks::types;

use super::each::each;
use super::pages::{Listing, list};
use super::{CollectError, Collector, Context, Read, time};
use crate::inventory::eks::{Cluster, HealthIssue, Nodegroup};
use crate::inventory::{Kind as _, Meta};

const LIST_CLUSTERS: &str = "eks:ListClusters";
const DESCRIBE_CLUSTER: &str = "eks:DescribeCluster";
const DESCRIBE_VERSIONS: &str = "eks:DescribeClusterVersions";
const LIST_ADDONS: &str = "eks:ListAddons";
const LIST_NODEGROUPS: &str = "eks:ListNodegroups";
const DESCRIBE_NODEGROUP: &str = "eks:DescribeNodegroup";

/// The most that any of the lists gives at once.
const PAGE: i32 = 100;

pub(super) const CLUSTERS: Collector = Collector {
    resource_type: Cluster::TYPE,
    actions: &[LIST_CLUSTERS, DESCRIBE_CLUSTER, DESCRIBE_VERSIONS, LIST_ADDONS],
    collect: |context| Box::pin(read_clusters(context)),
};

pub(super) const NODEGROUPS: Collector = Collector {
    resource_type: Nodegroup::TYPE,
    actions: &[LIST_CLUSTERS, LIST_NODEGROUPS, DESCRIBE_NODEGROUP],
    collect: |context| Box::pin(read_nodegroups(context)),
};

async fn cluster_names(context: &Context) -> Result<Listing<String>, CollectError> {
    let pages = context.clients.eks.list_clusters().max_results(PAGE).into_paginator().send();
    list(LIST_CLUSTERS, pages, |page| (page.clusters, page.next_token)).await
}

async fn read_clusters(context: &Context) -> Result<Read, CollectError> {
    let names = cluster_names(context).await?;
    if names.items.is_empty() {
        return Read::of(Vec::<Cluster>::new(), names.cut);
    }
    let (described, mut addons, versions) = tokio::join!(
        each(names.items.iter().cloned(), |name| async move { describe_cluster(context, name).await }),
        each(names.items.iter().cloned(), |name| async move { addons(context, name).await }),
        versions(context),
    );
    let (versions, unread_versions) = match versions {
        Ok(versions) => (versions, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    // of one that was not described nothing is known but its name
    let clusters = described.found.into_iter().map(|(name, sdk)| {
        let mut cluster = cluster(context, &sdk);
        cluster.addons = addons.found.remove(&name);
        let version = versions.iter().find(|version| version.cluster_version() == Some(&cluster.version));
        if let Some(version) = version {
            cluster.version_status = version.version_status().map(|status| status.as_str().to_owned());
            cluster.end_of_standard_support_date = time(version.end_of_standard_support_date());
            cluster.end_of_extended_support_date = time(version.end_of_extended_support_date());
        }
        cluster
    });
    let clusters: Vec<Cluster> = clusters.collect();
    Read::of(clusters, names.cut.or(described.error).or(addons.error).or(unread_versions))
}

async fn describe_cluster(context: &Context, name: String) -> Result<types::Cluster, CollectError> {
    let answer = context
        .clients
        .eks
        .describe_cluster()
        .name(name)
        .send()
        .await
        .map_err(|error| CollectError::of(DESCRIBE_CLUSTER, &error))?;
    answer.cluster.ok_or_else(|| CollectError::Malformed {
        action: DESCRIBE_CLUSTER,
        message: "the answer has no cluster".to_owned(),
    })
}

async fn addons(context: &Context, name: String) -> Result<Vec<String>, CollectError> {
    let pages =
        context.clients.eks.list_addons().cluster_name(name).max_results(PAGE).into_paginator().send();
    list(LIST_ADDONS, pages, |page| (page.addons, page.next_token)).await?.whole()
}

async fn versions(context: &Context) -> Result<Vec<types::ClusterVersionInformation>, CollectError> {
    let request = context.clients.eks.describe_cluster_versions().include_all(true).max_results(PAGE);
    let pages = request.into_paginator().send();
    list(DESCRIBE_VERSIONS, pages, |page| (page.cluster_versions, page.next_token)).await?.whole()
}

async fn read_nodegroups(context: &Context) -> Result<Read, CollectError> {
    let clusters = cluster_names(context).await?;
    let all = each(clusters.items, |name| async move { nodegroups(context, name).await }).await;
    let mut cut = clusters.cut.or(all.error);
    let mut groups = Vec::new();
    for (found, error) in all.found.into_values() {
        groups.extend(found);
        cut = cut.or(error);
    }
    Read::of(groups, cut)
}

/// Those of one cluster, and what kept some of them from being described.
async fn nodegroups(
    context: &Context,
    cluster: String,
) -> Result<(Vec<Nodegroup>, Option<CollectError>), CollectError> {
    let request = context.clients.eks.list_nodegroups().cluster_name(&cluster).max_results(PAGE);
    let pages = request.into_paginator().send();
    let names = list(LIST_NODEGROUPS, pages, |page| (page.nodegroups, page.next_token)).await?;
    let cluster = cluster.as_str();
    let all = each(names.items, |name| async move { describe_nodegroup(context, cluster, name).await }).await;
    let groups = all.found.values().map(|sdk| nodegroup(context, sdk)).collect();
    Ok((groups, names.cut.or(all.error)))
}

async fn describe_nodegroup(
    context: &Context,
    cluster: &str,
    name: String,
) -> Result<types::Nodegroup, CollectError> {
    let answer = context
        .clients
        .eks
        .describe_nodegroup()
        .cluster_name(cluster)
        .nodegroup_name(name)
        .send()
        .await
        .map_err(|error| CollectError::of(DESCRIBE_NODEGROUP, &error))?;
    answer.nodegroup.ok_or_else(|| CollectError::Malformed {
        action: DESCRIBE_NODEGROUP,
        message: "the answer has no node group".to_owned(),
    })
}

fn cluster(context: &Context, sdk: &types::Cluster) -> Cluster {
    let name = sdk.name().unwrap_or_default();
    let meta = context.meta(name, name, sdk.arn().unwrap_or_default());
    let tags = sdk.tags().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect();
    let network = sdk.resources_vpc_config();
    let mut enabled_log_types: Vec<String> = sdk
        .logging()
        .map(types::Logging::cluster_logging)
        .unwrap_or_default()
        .iter()
        .filter(|setup| setup.enabled() == Some(true))
        .flat_map(|setup| setup.types().iter().map(|kind| kind.as_str().to_owned()))
        .collect();
    enabled_log_types.sort();
    Cluster {
        meta: Meta { created_at: time(sdk.created_at()), tags, ..meta },
        status: sdk.status().map_or_else(String::new, |status| status.as_str().to_owned()),
        version: sdk.version().unwrap_or_default().to_owned(),
        support_type: sdk
            .upgrade_policy()
            .and_then(|policy| policy.support_type())
            .map(|support| support.as_str().to_owned()),
        endpoint_public_access: network.is_some_and(types::VpcConfigResponse::endpoint_public_access),
        endpoint_private_access: network.is_some_and(types::VpcConfigResponse::endpoint_private_access),
        public_access_cidrs: network
            .map(|network| network.public_access_cidrs().to_vec())
            .unwrap_or_default(),
        enabled_log_types,
        auto_mode: sdk.compute_config().and_then(types::ComputeConfigResponse::enabled).unwrap_or(false),
        health_issues: sdk
            .health()
            .map(types::ClusterHealth::issues)
            .unwrap_or_default()
            .iter()
            .map(|issue| HealthIssue {
                code: issue.code().map_or_else(String::new, |code| code.as_str().to_owned()),
                message: issue.message().unwrap_or_default().to_owned(),
                resource_ids: issue.resource_ids().to_vec(),
            })
            .collect(),
        ..Cluster::default()
    }
}

fn nodegroup(context: &Context, sdk: &types::Nodegroup) -> Nodegroup {
    let name = sdk.nodegroup_name().unwrap_or_default();
    let meta = context.meta(name, name, sdk.nodegroup_arn().unwrap_or_default());
    let tags = sdk.tags().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect();
    let size = |of: fn(&types::NodegroupScalingConfig) -> Option<i32>| {
        sdk.scaling_config().and_then(of).map_or(0, i64::from)
    };
    Nodegroup {
        meta: Meta { created_at: time(sdk.created_at()), tags, ..meta },
        cluster_name: sdk.cluster_name().unwrap_or_default().to_owned(),
        status: sdk.status().map_or_else(String::new, |status| status.as_str().to_owned()),
        version: sdk.version().map(str::to_owned),
        min_size: size(types::NodegroupScalingConfig::min_size),
        max_size: size(types::NodegroupScalingConfig::max_size),
        desired_size: size(types::NodegroupScalingConfig::desired_size),
        instance_types: sdk.instance_types().to_vec(),
        health_issues: sdk
            .health()
            .map(types::NodegroupHealth::issues)
            .unwrap_or_default()
            .iter()
            .map(|issue| HealthIssue {
                code: issue.code().map_or_else(String::new, |code| code.as_str().to_owned()),
                message: issue.message().unwrap_or_default().to_owned(),
                resource_ids: issue.resource_ids().to_vec(),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests;
