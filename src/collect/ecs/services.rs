//! Services of all clusters, described ten at a time.

use aws_sdk_ecs::types::{self, ServiceField};
use futures::StreamExt as _;
use futures::stream;

use super::clusters::{self, LIST as LIST_CLUSTERS};
use super::{CONCURRENCY, PAGE, name_in, tags};
use crate::collect::pages::{Listing, list};
use crate::collect::{CollectError, Collector, Context, Read, time};
use crate::inventory::ecs::{
    CapacityProviderStrategyItem, Deployment, DeploymentAlarms, DeploymentCircuitBreaker,
    DeploymentConfiguration, Service, ServiceEvent, ServiceLoadBalancer,
};
use crate::inventory::{Kind as _, Meta};

const LIST: &str = "ecs:ListServices";
const DESCRIBE: &str = "ecs:DescribeServices";

/// What [`all`] calls.
pub(super) const ACTIONS: &[&str] = &[LIST_CLUSTERS, LIST, DESCRIBE];

/// The most services that DescribeServices takes.
const BATCH: usize = 10;
/// Of up to a hundred events, some days of a quiet service's.
const EVENTS: usize = 40;

pub(in crate::collect) const SERVICES: Collector =
    Collector { resource_type: Service::TYPE, actions: ACTIONS, collect: |context| Box::pin(read(context)) };

async fn read(context: &Context) -> Result<Read, CollectError> {
    let services = all(context).await.as_ref().map_err(Clone::clone)?;
    Read::of(services.items.iter().cloned(), services.cut.clone())
}

/// The services of all clusters.
pub(super) async fn all(context: &Context) -> &Result<Listing<Service>, CollectError> {
    context.ecs.0.services.get_or_init(|| in_all_clusters(context)).await
}

async fn in_all_clusters(context: &Context) -> Result<Listing<Service>, CollectError> {
    let clusters = clusters::arns(context).await.as_ref().map_err(Clone::clone)?;
    let mut found = Listing { items: Vec::new(), cut: clusters.cut.clone() };
    let mut reads = stream::iter(clusters.items.iter().cloned())
        .map(|cluster| in_cluster(context, cluster))
        .buffer_unordered(CONCURRENCY);
    while let Some(services) = reads.next().await {
        let denied = match services {
            Ok(services) => {
                let denied = services.cut.as_ref().is_some_and(CollectError::is_denied);
                found.items.extend(services.items);
                found.cut = found.cut.or(services.cut);
                denied
            }
            Err(failure) => {
                let denied = failure.is_denied();
                found.cut.get_or_insert(failure);
                denied
            }
        };
        if denied {
            break;
        }
    }
    Ok(found)
}

async fn in_cluster(context: &Context, cluster: String) -> Result<Listing<Service>, CollectError> {
    let ecs = &context.clients.ecs;
    let pages = ecs.list_services().cluster(&cluster).max_results(PAGE).into_paginator().send();
    let arns = list(LIST, pages, |page| (page.service_arns, page.next_token)).await?;
    let mut found = Listing { items: Vec::new(), cut: arns.cut };
    for batch in arns.items.chunks(BATCH) {
        let request = ecs
            .describe_services()
            .cluster(&cluster)
            .set_services(Some(batch.to_vec()))
            .include(ServiceField::Tags);
        match request.send().await {
            // one that went away in between is among the answer's failures, and no loss
            Ok(answer) => found.items.extend(answer.services().iter().map(|sdk| service(context, sdk))),
            Err(failure) => {
                let failure = CollectError::of(DESCRIBE, &failure);
                let denied = failure.is_denied();
                found.cut.get_or_insert(failure);
                if denied {
                    break;
                }
            }
        }
    }
    Ok(found)
}

fn service(context: &Context, sdk: &types::Service) -> Service {
    let name = sdk.service_name().unwrap_or_default();
    let meta = context.meta(name, name, sdk.service_arn().unwrap_or_default());
    let cluster = sdk.cluster_arn().unwrap_or_default();
    let controller = sdk.deployment_controller().map_or("ECS", |controller| controller.r#type().as_str());
    Service {
        meta: Meta { tags: tags(sdk.tags()), created_at: time(sdk.created_at()), ..meta },
        cluster_arn: cluster.to_owned(),
        cluster_name: name_in(cluster).to_owned(),
        status: sdk.status().unwrap_or_default().to_owned(),
        desired_count: i64::from(sdk.desired_count()),
        running_count: i64::from(sdk.running_count()),
        pending_count: i64::from(sdk.pending_count()),
        launch_type: sdk.launch_type().map(|kind| kind.as_str().to_owned()),
        capacity_provider_strategy: sdk
            .capacity_provider_strategy()
            .iter()
            .map(|item| CapacityProviderStrategyItem {
                capacity_provider: item.capacity_provider().to_owned(),
                weight: i64::from(item.weight()),
                base: i64::from(item.base()),
            })
            .collect(),
        scheduling_strategy: sdk.scheduling_strategy().map_or("REPLICA", |kind| kind.as_str()).to_owned(),
        deployment_controller: controller.to_owned(),
        deployment_configuration: sdk
            .deployment_configuration()
            .map(deployment_configuration)
            .unwrap_or_default(),
        task_definition: sdk.task_definition().map(str::to_owned),
        deployments: sdk.deployments().iter().map(deployment).collect(),
        events: sdk.events().iter().take(EVENTS).map(event).collect(),
        load_balancers: sdk.load_balancers().iter().map(load_balancer).collect(),
        ..Service::default()
    }
}

fn deployment_configuration(sdk: &types::DeploymentConfiguration) -> DeploymentConfiguration {
    DeploymentConfiguration {
        deployment_circuit_breaker: sdk.deployment_circuit_breaker().map(|breaker| {
            DeploymentCircuitBreaker { enable: breaker.enable(), rollback: breaker.rollback() }
        }),
        alarms: sdk.alarms().map(|alarms| DeploymentAlarms {
            alarm_names: alarms.alarm_names().to_vec(),
            enable: alarms.enable(),
            rollback: alarms.rollback(),
        }),
        strategy: sdk.strategy().map(|strategy| strategy.as_str().to_owned()),
        minimum_healthy_percent: sdk.minimum_healthy_percent().map(i64::from),
        maximum_percent: sdk.maximum_percent().map(i64::from),
    }
}

fn deployment(sdk: &types::Deployment) -> Deployment {
    Deployment {
        id: sdk.id().unwrap_or_default().to_owned(),
        status: sdk.status().unwrap_or_default().to_owned(),
        task_definition: sdk.task_definition().unwrap_or_default().to_owned(),
        desired_count: i64::from(sdk.desired_count()),
        pending_count: i64::from(sdk.pending_count()),
        running_count: i64::from(sdk.running_count()),
        failed_tasks: i64::from(sdk.failed_tasks()),
        rollout_state: sdk.rollout_state().map(|state| state.as_str().to_owned()),
        rollout_state_reason: sdk.rollout_state_reason().map(str::to_owned),
        created_at: time(sdk.created_at()),
        updated_at: time(sdk.updated_at()),
    }
}

fn event(sdk: &types::ServiceEvent) -> ServiceEvent {
    ServiceEvent { created_at: time(sdk.created_at()), message: sdk.message().unwrap_or_default().to_owned() }
}

fn load_balancer(sdk: &types::LoadBalancer) -> ServiceLoadBalancer {
    ServiceLoadBalancer {
        target_group_arn: sdk.target_group_arn().map(str::to_owned),
        alternate_target_group_arn: sdk
            .advanced_configuration()
            .and_then(|advanced| advanced.alternate_target_group_arn())
            .map(str::to_owned),
        container_name: sdk.container_name().map(str::to_owned),
        container_port: sdk.container_port().map(i64::from),
    }
}
