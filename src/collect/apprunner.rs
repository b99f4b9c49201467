//! App Runner services: the list says too little, so that it takes a call for each of them.

use aws_sdk_apprunner::types;

use super::each::each;
use super::pages::list;
use super::{CollectError, Collector, Context, Detail, Read, time};
use crate::inventory::apprunner::{AppRunnerConfiguration, AppRunnerOperation, AppRunnerService};
use crate::inventory::environment::EnvironmentVariable;
use crate::inventory::{Kind as _, Meta, Scope};

const LIST: &str = "apprunner:ListServices";
const DESCRIBE: &str = "apprunner:DescribeService";
const LIST_OPERATIONS: &str = "apprunner:ListOperations";

/// The most that ListServices and ListOperations give at once.
const PAGE: i32 = 20;

/// Where there is App Runner ("AWS App Runner endpoints and quotas"); elsewhere its name does not even resolve.
const OFFERED: &[&str] = &[
    "ap-northeast-1",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "us-east-1",
    "us-east-2",
    "us-west-2",
];

pub(super) const SERVICES: Collector = Collector {
    resource_type: AppRunnerService::TYPE,
    actions: &[LIST, DESCRIBE],
    collect: |context| Box::pin(read(context)),
};

pub(super) const OPERATIONS: Detail = Detail {
    name: "operations",
    resource_type: AppRunnerService::TYPE,
    coverage: "AWS::AppRunner::Operation",
    actions: &[LIST_OPERATIONS],
    fetch: |context, scope, arns| Box::pin(fetch_operations(context, scope, arns)),
};

async fn read(context: &Context) -> Result<Read, CollectError> {
    if !OFFERED.contains(&context.region.as_str()) {
        return Read::of(Vec::<AppRunnerService>::new(), None);
    }
    let pages = context.clients.apprunner.list_services().max_results(PAGE).into_paginator().send();
    let listed = list(LIST, pages, |page| (Some(page.service_summary_list), page.next_token)).await?;
    let mut services: Vec<AppRunnerService> = listed.items.iter().map(|sdk| service(context, sdk)).collect();
    let arns = services.iter().map(|service| service.meta.arn.clone());
    let mut described = each(arns, |arn| async move { describe(context, arn).await }).await;
    for service in &mut services {
        if let Some(sdk) = described.found.remove(&service.meta.arn) {
            service.configuration = Some(configuration(&sdk));
            service.environment = environment(&sdk);
        }
    }
    Read::of(services, listed.cut.or(described.error))
}

async fn describe(context: &Context, arn: String) -> Result<types::Service, CollectError> {
    let answer = context
        .clients
        .apprunner
        .describe_service()
        .service_arn(arn)
        .send()
        .await
        .map_err(|error| CollectError::of(DESCRIBE, &error))?;
    answer.service.ok_or_else(|| CollectError::Malformed {
        action: DESCRIBE,
        message: "the answer has no service".to_owned(),
    })
}

async fn fetch_operations(context: &Context, scope: &mut Scope, arns: &[String]) -> Result<(), CollectError> {
    let keys = arns.iter().cloned();
    let mut all = each(keys, |arn| async move { operations(context, arn).await }).await;
    for service in scope.all_mut::<AppRunnerService>() {
        if let Some(operations) = all.found.remove(&service.meta.arn) {
            service.operations = Some(operations);
        }
    }
    all.error.map_or(Ok(()), Err)
}

/// One page: what was done to it long ago does not matter any more.
async fn operations(context: &Context, arn: String) -> Result<Vec<AppRunnerOperation>, CollectError> {
    let answer = context
        .clients
        .apprunner
        .list_operations()
        .service_arn(arn)
        .max_results(PAGE)
        .send()
        .await
        .map_err(|error| CollectError::of(LIST_OPERATIONS, &error))?;
    let mut operations: Vec<AppRunnerOperation> =
        answer.operation_summary_list().iter().map(operation).collect();
    operations.sort_by_key(|operation| std::cmp::Reverse(operation.started_at));
    Ok(operations)
}

fn service(context: &Context, sdk: &types::ServiceSummary) -> AppRunnerService {
    let name = sdk.service_name().unwrap_or_default();
    let service_id = sdk.service_id().unwrap_or_default();
    let meta = context.meta(name, name, sdk.service_arn().unwrap_or_default());
    AppRunnerService {
        meta: Meta { created_at: time(sdk.created_at()), ..meta },
        service_id: service_id.to_owned(),
        service_url: sdk.service_url().map(str::to_owned),
        status: sdk.status().map_or_else(String::new, |status| status.as_str().to_owned()),
        application_log_group: format!("/aws/apprunner/{name}/{service_id}/application"),
        service_log_group: format!("/aws/apprunner/{name}/{service_id}/service"),
        ..AppRunnerService::default()
    }
}

fn configuration(sdk: &types::Service) -> AppRunnerConfiguration {
    let instance = sdk.instance_configuration();
    let health = sdk.health_check_configuration();
    let source = sdk.source_configuration();
    AppRunnerConfiguration {
        cpu: instance.and_then(|instance| instance.cpu()).and_then(|cpu| units(cpu, "vCPU")),
        memory: instance.and_then(|instance| instance.memory()).and_then(|memory| units(memory, "GB")),
        health_check_protocol: health
            .and_then(|health| health.protocol())
            .map(|protocol| protocol.as_str().to_owned()),
        health_check_path: health.and_then(|health| health.path()).map(str::to_owned),
        // without a word about it, a service is public
        is_publicly_accessible: sdk
            .network_configuration()
            .and_then(|network| network.ingress_configuration())
            .is_none_or(types::IngressConfiguration::is_publicly_accessible),
        observability_enabled: sdk
            .observability_configuration()
            .is_some_and(types::ServiceObservabilityConfiguration::observability_enabled),
        auto_deployments_enabled: source
            .and_then(types::SourceConfiguration::auto_deployments_enabled)
            .unwrap_or(false),
        auto_scaling_configuration_name: sdk
            .auto_scaling_configuration_summary()
            .and_then(|summary| summary.auto_scaling_configuration_name())
            .map(str::to_owned),
        image_identifier: source
            .and_then(|source| source.image_repository())
            .map(|image| image.image_identifier().to_owned()),
    }
}

/// `1024` or `1 vCPU`, `2048` or `2 GB`: a thousandth of the word, or rather a 1024th.
fn units(text: &str, word: &str) -> Option<i64> {
    match text.strip_suffix(word) {
        #[expect(clippy::cast_possible_truncation, reason = "a handful of processors or gigabytes")]
        Some(number) => number.trim().parse::<f64>().ok().map(|number| (number * 1024.0).round() as i64),
        None => text.trim().parse().ok(),
    }
}

/// `None` where they are not told, but lie in the repository's apprunner.yaml.
fn environment(sdk: &types::Service) -> Option<Vec<EnvironmentVariable>> {
    let source = sdk.source_configuration()?;
    let (literals, references) = if let Some(repository) = source.image_repository() {
        let image = repository.image_configuration();
        (
            image.and_then(|image| image.runtime_environment_variables()),
            image.and_then(|image| image.runtime_environment_secrets()),
        )
    } else {
        let values = source.code_repository()?.code_configuration()?.code_configuration_values()?;
        (values.runtime_environment_variables(), values.runtime_environment_secrets())
    };
    let literals = literals.into_iter().flatten();
    let references = references.into_iter().flatten();
    let mut variables: Vec<EnvironmentVariable> = literals
        .map(|(name, value)| EnvironmentVariable::literal(name, value))
        .chain(references.map(|(name, _)| EnvironmentVariable::reference(name)))
        .collect();
    variables.sort_by(|a, b| a.name.cmp(&b.name));
    Some(variables)
}

fn operation(sdk: &types::OperationSummary) -> AppRunnerOperation {
    AppRunnerOperation {
        kind: sdk.r#type().map_or_else(String::new, |kind| kind.as_str().to_owned()),
        status: sdk.status().map_or_else(String::new, |status| status.as_str().to_owned()),
        started_at: time(sdk.started_at()),
        ended_at: time(sdk.ended_at()),
    }
}

#[cfg(test)]
mod tests;
