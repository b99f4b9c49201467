//! Clusters, described a hundred at a time.

use aws_sdk_ecs::types::{self, ClusterField, ClusterSettingName};

use super::{PAGE, name_in, tags};
use crate::collect::pages::{Listing, list};
use crate::collect::{CollectError, Collector, Context, Read};
use crate::inventory::ecs::Cluster;
use crate::inventory::{Kind as _, Meta};

pub(super) const LIST: &str = "ecs:ListClusters";
const DESCRIBE: &str = "ecs:DescribeClusters";

/// The most clusters that DescribeClusters takes.
const BATCH: usize = 100;

pub(in crate::collect) const CLUSTERS: Collector = Collector {
    resource_type: Cluster::TYPE,
    actions: &[LIST, DESCRIBE],
    collect: |context| Box::pin(read(context)),
};

/// The ARNs of all clusters.
pub(super) async fn arns(context: &Context) -> &Result<Listing<String>, CollectError> {
    let lists = &context.ecs.0;
    lists
        .cluster_arns
        .get_or_init(|| async {
            let pages = context.clients.ecs.list_clusters().max_results(PAGE).into_paginator().send();
            list(LIST, pages, |page| (page.cluster_arns, page.next_token)).await
        })
        .await
}

async fn read(context: &Context) -> Result<Read, CollectError> {
    let arns = arns(context).await.as_ref().map_err(Clone::clone)?;
    let (mut clusters, mut cut) = (Vec::new(), arns.cut.clone());
    for batch in arns.items.chunks(BATCH) {
        let request = context
            .clients
            .ecs
            .describe_clusters()
            .set_clusters(Some(batch.to_vec()))
            .include(ClusterField::Settings)
            .include(ClusterField::Tags);
        match request.send().await {
            Ok(answer) => clusters.extend(answer.clusters().iter().map(|sdk| cluster(context, sdk))),
            Err(failure) => {
                cut.get_or_insert(CollectError::of(DESCRIBE, &failure));
            }
        }
    }
    Read::of(clusters, cut)
}

fn cluster(context: &Context, sdk: &types::Cluster) -> Cluster {
    let arn = sdk.cluster_arn().unwrap_or_default();
    let name = sdk.cluster_name().unwrap_or(name_in(arn));
    let insights =
        sdk.settings().iter().find(|setting| setting.name() == Some(&ClusterSettingName::ContainerInsights));
    Cluster {
        meta: Meta { tags: tags(sdk.tags()), ..context.meta(name, name, arn) },
        status: sdk.status().unwrap_or_default().to_owned(),
        container_insights: insights.and_then(|setting| setting.value()).map(str::to_owned),
        active_services_count: i64::from(sdk.active_services_count()),
        running_tasks_count: i64::from(sdk.running_tasks_count()),
        registered_container_instances_count: i64::from(sdk.registered_container_instances_count()),
        capacity_providers: sdk.capacity_providers().to_vec(),
    }
}
