//! The task definitions that services and schedules use, one call for each. Values of variables and secrets are dropped here.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::types::{self, TaskDefinitionField};
use futures::StreamExt as _;
use futures::stream;

use super::{CONCURRENCY, clusters, name_in, schedules, services, tags};
use crate::collect::{CollectError, Collector, Context, Read, time};
use crate::inventory::ecs::{ContainerDefinition, LogConfiguration, Service, TaskDefinition};
use crate::inventory::environment::EnvironmentVariable;
use crate::inventory::{Kind as _, Meta};

const DESCRIBE: &str = "ecs:DescribeTaskDefinition";

/// How ECS says that there is no such revision.
const MISSING: &str = "ClientException";

pub(in crate::collect) const TASK_DEFINITIONS: Collector = Collector {
    resource_type: TaskDefinition::TYPE,
    actions: &[
        services::ACTIONS[0],
        services::ACTIONS[1],
        services::ACTIONS[2],
        schedules::LIST,
        schedules::GET,
        DESCRIBE,
    ],
    collect: |context| Box::pin(read(context)),
};

async fn read(context: &Context) -> Result<Read, CollectError> {
    let clusters = clusters::arns(context).await.as_ref().map_err(Clone::clone)?;
    if clusters.items.is_empty() && clusters.cut.is_none() {
        return Read::of::<TaskDefinition>([], None);
    }
    let (services, scheduled) = tokio::join!(services::all(context), schedules::all(context));
    let services = services.as_ref().map_err(Clone::clone)?;
    let deployed: BTreeSet<&str> = services.items.iter().flat_map(Service::task_definitions).collect();
    let only_scheduled = scheduled.by_task_definition.keys().map(String::as_str);
    let used: BTreeSet<String> = deployed.iter().copied().chain(only_scheduled).map(str::to_owned).collect();
    let mut found: BTreeMap<String, TaskDefinition> = BTreeMap::new();
    let mut cut = services.cut.clone().or(scheduled.cut);
    let mut calls = stream::iter(used)
        .map(|arn| async move {
            let definition = describe(context, &arn).await;
            (arn, definition)
        })
        .buffer_unordered(CONCURRENCY);
    while let Some((asked, answer)) = calls.next().await {
        match answer {
            Ok(Some(definition)) => {
                // a schedule may name the family, whose latest revision may be a service's
                let entry = found.entry(definition.meta.arn.clone()).or_insert(definition);
                let names = scheduled.by_task_definition.get(&asked);
                entry.schedules.extend(names.into_iter().flatten().cloned());
                entry.schedules.sort();
            }
            Ok(None) => {}
            // a schedule may outlive what it ran
            Err(CollectError::Failed { code, .. })
                if code == MISSING && !deployed.contains(asked.as_str()) => {}
            Err(failure) => {
                let denied = failure.is_denied();
                cut.get_or_insert(failure);
                if denied {
                    break;
                }
            }
        }
    }
    Read::of(found.into_values(), cut)
}

async fn describe(context: &Context, arn: &str) -> Result<Option<TaskDefinition>, CollectError> {
    let answer = context
        .clients
        .ecs
        .describe_task_definition()
        .task_definition(arn)
        .include(TaskDefinitionField::Tags)
        .send()
        .await
        .map_err(|error| CollectError::of(DESCRIBE, &error))?;
    Ok(answer.task_definition().map(|sdk| task_definition(context, sdk, answer.tags())))
}

fn task_definition(context: &Context, sdk: &types::TaskDefinition, tagged: &[types::Tag]) -> TaskDefinition {
    let arn = sdk.task_definition_arn().unwrap_or_default();
    let family = sdk.family().unwrap_or_default();
    let meta = context.meta(name_in(arn), family, arn);
    let platform = sdk.runtime_platform();
    let container_definitions: Vec<ContainerDefinition> =
        sdk.container_definitions().iter().map(container).collect();
    let environment =
        container_definitions.iter().flat_map(|container| container.environment.clone()).collect();
    TaskDefinition {
        meta: Meta { tags: tags(tagged), created_at: time(sdk.registered_at()), ..meta },
        family: family.to_owned(),
        revision: i64::from(sdk.revision()),
        status: sdk.status().map_or_else(String::new, |status| status.as_str().to_owned()),
        requires_compatibilities: sdk
            .requires_compatibilities()
            .iter()
            .map(|kind| kind.as_str().to_owned())
            .collect(),
        network_mode: sdk.network_mode().map(|mode| mode.as_str().to_owned()),
        cpu: sdk.cpu().and_then(|units| units.parse().ok()),
        memory: sdk.memory().and_then(|mib| mib.parse().ok()),
        cpu_architecture: platform
            .and_then(|platform| platform.cpu_architecture())
            .map_or("X86_64", |architecture| architecture.as_str())
            .to_owned(),
        operating_system_family: platform
            .and_then(|platform| platform.operating_system_family())
            .map_or("LINUX", |family| family.as_str())
            .to_owned(),
        task_role_arn: sdk.task_role_arn().map(str::to_owned),
        execution_role_arn: sdk.execution_role_arn().map(str::to_owned),
        container_definitions,
        environment: Some(environment),
        schedules: Vec::new(),
        services: None,
    }
}

fn container(sdk: &types::ContainerDefinition) -> ContainerDefinition {
    let variables = sdk.environment().iter().map(|variable| {
        EnvironmentVariable::literal(
            variable.name().unwrap_or_default(),
            variable.value().unwrap_or_default(),
        )
    });
    let secrets = sdk.secrets().iter().map(|secret| EnvironmentVariable::reference(secret.name()));
    ContainerDefinition {
        name: sdk.name().unwrap_or_default().to_owned(),
        image: sdk.image().unwrap_or_default().to_owned(),
        essential: sdk.essential().unwrap_or(true),
        cpu: i64::from(sdk.cpu()),
        memory: sdk.memory().map(i64::from),
        memory_reservation: sdk.memory_reservation().map(i64::from),
        log_configuration: sdk.log_configuration().map(log_configuration),
        firelens_type: sdk.firelens_configuration().map(|router| router.r#type().as_str().to_owned()),
        environment: variables.chain(secrets).collect(),
        environment_files: sdk.environment_files().iter().map(|file| file.value().to_owned()).collect(),
    }
}

fn log_configuration(sdk: &types::LogConfiguration) -> LogConfiguration {
    let options: BTreeMap<String, String> = sdk
        .options()
        .into_iter()
        .flatten()
        .filter(|(name, _)| tells_where(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    LogConfiguration { log_driver: sdk.log_driver().as_str().to_owned(), options }
}

/// Options that say where logs go; any other may be a token.
fn tells_where(option: &str) -> bool {
    option.starts_with("awslogs-")
        || ["Name", "delivery_stream", "log_group_name", "mode", "region", "stream"].contains(&option)
}
