//! Elastic Beanstalk environments, with two calls for each: how it is set up, and what it is made of.

use std::collections::BTreeMap;

use aws_sdk_elasticbeanstalk::types;

use super::each::each;
use super::pages::Listing;
use super::{CollectError, Collector, Context, Read, time};
use crate::inventory::elasticbeanstalk::{BeanstalkEnvironment, BeanstalkResources, BeanstalkSettings};
use crate::inventory::environment::EnvironmentVariable;
use crate::inventory::{Kind as _, Meta};

const DESCRIBE: &str = "elasticbeanstalk:DescribeEnvironments";
const DESCRIBE_SETTINGS: &str = "elasticbeanstalk:DescribeConfigurationSettings";
const DESCRIBE_RESOURCES: &str = "elasticbeanstalk:DescribeEnvironmentResources";

/// The most that DescribeEnvironments gives at once.
const PAGE: i32 = 1000;

/// Where there is no Elastic Beanstalk ("AWS Elastic Beanstalk endpoints and quotas"): its name does not even resolve.
const NOT_OFFERED: &[&str] = &["ap-east-2", "mx-central-1"];

const PROPERTIES: &str = "aws:elasticbeanstalk:application:environment";
const SECRETS: &str = "aws:elasticbeanstalk:application:environmentsecrets";

pub(super) const ENVIRONMENTS: Collector = Collector {
    resource_type: BeanstalkEnvironment::TYPE,
    actions: &[DESCRIBE, DESCRIBE_SETTINGS, DESCRIBE_RESOURCES],
    collect: |context| Box::pin(read(context)),
};

async fn read(context: &Context) -> Result<Read, CollectError> {
    if NOT_OFFERED.contains(&context.region.as_str()) {
        return Read::of(Vec::<BeanstalkEnvironment>::new(), None);
    }
    let listed = environments(context).await?;
    let mut environments: Vec<BeanstalkEnvironment> =
        listed.items.iter().map(|sdk| environment(context, sdk)).collect();
    let names = environments.iter().map(|environment| environment.meta.name.clone());
    let applications: BTreeMap<&str, &str> = listed
        .items
        .iter()
        .filter_map(|sdk| Some((sdk.environment_name()?, sdk.application_name()?)))
        .collect();
    let application_of = |name: &str| applications.get(name).copied().unwrap_or_default().to_owned();
    let (mut settings, mut resources) = tokio::join!(
        each(names.clone(), |name| {
            let application = application_of(&name);
            async move { options(context, application, name).await }
        }),
        each(names, |name| async move { made_of(context, name).await }),
    );
    for environment in &mut environments {
        if let Some(options) = settings.found.remove(&environment.meta.name) {
            environment.settings = Some(settings_of(&options));
            environment.environment = Some(variables_of(&options));
        }
        environment.resources = resources.found.remove(&environment.meta.name);
    }
    Read::of(environments, listed.cut.or(settings.error).or(resources.error))
}

/// The SDK has no paginator here.
async fn environments(context: &Context) -> Result<Listing<types::EnvironmentDescription>, CollectError> {
    let mut all = Listing { items: Vec::new(), cut: None };
    let mut token = None;
    loop {
        let request = context
            .clients
            .elasticbeanstalk
            .describe_environments()
            .include_deleted(false)
            .max_records(PAGE)
            .set_next_token(token.clone());
        let page = match request.send().await {
            Ok(page) => page,
            Err(error) if token.is_none() => return Err(CollectError::of(DESCRIBE, &error)),
            Err(error) => {
                all.cut = Some(CollectError::of(DESCRIBE, &error));
                return Ok(all);
            }
        };
        all.items.extend(page.environments.unwrap_or_default());
        match page.next_token.filter(|next| !next.is_empty()) {
            None => return Ok(all),
            next if next == token => {
                all.cut = super::pages::unfinished(DESCRIBE, next);
                return Ok(all);
            }
            next => token = next,
        }
    }
}

async fn options(
    context: &Context,
    application: String,
    name: String,
) -> Result<Vec<types::ConfigurationOptionSetting>, CollectError> {
    let answer = context
        .clients
        .elasticbeanstalk
        .describe_configuration_settings()
        .application_name(application)
        .environment_name(name)
        .send()
        .await
        .map_err(|error| CollectError::of(DESCRIBE_SETTINGS, &error))?;
    // while an update is under way there are two; the one that is deployed counts
    let mut all = answer.configuration_settings.unwrap_or_default();
    let deployed = all.iter().position(|settings| {
        settings.deployment_status() == Some(&types::ConfigurationDeploymentStatus::Deployed)
    });
    if all.is_empty() {
        let message = "the answer has no settings".to_owned();
        return Err(CollectError::Malformed { action: DESCRIBE_SETTINGS, message });
    }
    Ok(all.swap_remove(deployed.unwrap_or(0)).option_settings.unwrap_or_default())
}

async fn made_of(context: &Context, name: String) -> Result<BeanstalkResources, CollectError> {
    let answer = context
        .clients
        .elasticbeanstalk
        .describe_environment_resources()
        .environment_name(name)
        .send()
        .await
        .map_err(|error| CollectError::of(DESCRIBE_RESOURCES, &error))?;
    let resources = answer.environment_resources.ok_or_else(|| CollectError::Malformed {
        action: DESCRIBE_RESOURCES,
        message: "the answer has no resources".to_owned(),
    })?;
    let groups = resources.auto_scaling_groups().iter().filter_map(|group| group.name());
    let balancers = resources.load_balancers().iter().filter_map(|balancer| balancer.name());
    let queues = resources.queues().iter().filter_map(|queue| queue.name());
    Ok(BeanstalkResources {
        auto_scaling_groups: groups.map(str::to_owned).collect(),
        load_balancers: balancers.map(str::to_owned).collect(),
        queues: queues.map(str::to_owned).collect(),
    })
}

fn environment(context: &Context, sdk: &types::EnvironmentDescription) -> BeanstalkEnvironment {
    let name = sdk.environment_name().unwrap_or_default();
    let meta = context.meta(name, name, sdk.environment_arn().unwrap_or_default());
    BeanstalkEnvironment {
        meta: Meta { created_at: time(sdk.date_created()), ..meta },
        environment_id: sdk.environment_id().unwrap_or_default().to_owned(),
        application_name: sdk.application_name().unwrap_or_default().to_owned(),
        tier: sdk.tier().and_then(|tier| tier.name()).unwrap_or_default().to_owned(),
        status: sdk.status().map_or_else(String::new, |status| status.as_str().to_owned()),
        health: sdk.health().map(|health| health.as_str().to_owned()),
        health_status: sdk.health_status().map(|status| status.as_str().to_owned()),
        version_label: sdk.version_label().map(str::to_owned),
        date_updated: time(sdk.date_updated()),
        ..BeanstalkEnvironment::default()
    }
}

fn settings_of(options: &[types::ConfigurationOptionSetting]) -> BeanstalkSettings {
    let value = |namespace: &str, name: &str| {
        let option = options
            .iter()
            .find(|option| option.namespace() == Some(namespace) && option.option_name() == Some(name));
        option.and_then(|option| option.value()).filter(|value| !value.is_empty())
    };
    let is_on = |namespace, name| value(namespace, name) == Some("true");
    let logs = "aws:elasticbeanstalk:cloudwatch:logs";
    let topics = "aws:elasticbeanstalk:sns:topics";
    BeanstalkSettings {
        stream_logs: is_on(logs, "StreamLogs"),
        log_retention_in_days: value(logs, "RetentionInDays").and_then(|days| days.parse().ok()),
        health_system_type: value("aws:elasticbeanstalk:healthreporting:system", "SystemType")
            .map(str::to_owned),
        managed_actions_enabled: is_on("aws:elasticbeanstalk:managedactions", "ManagedActionsEnabled"),
        notifies: ["Notification Endpoint", "Notification Topic ARN"]
            .into_iter()
            .any(|name| value(topics, name).is_some()),
        environment_type: value("aws:elasticbeanstalk:environment", "EnvironmentType").map(str::to_owned),
    }
}

fn variables_of(options: &[types::ConfigurationOptionSetting]) -> Vec<EnvironmentVariable> {
    let variable = |option: &types::ConfigurationOptionSetting| {
        let name = option.option_name()?;
        match option.namespace()? {
            PROPERTIES => Some(EnvironmentVariable::literal(name, option.value().unwrap_or_default())),
            SECRETS => Some(EnvironmentVariable::reference(name)),
            _ => None,
        }
    };
    let mut variables: Vec<EnvironmentVariable> = options.iter().filter_map(variable).collect();
    variables.sort_by(|a, b| a.name.cmp(&b.name));
    variables
}

#[cfg(test)]
mod tests;
