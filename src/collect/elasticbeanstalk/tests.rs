use aws_sdk_elasticbeanstalk::Client;
use aws_sdk_elasticbeanstalk::operation::describe_configuration_settings::{
    DescribeConfigurationSettingsError, DescribeConfigurationSettingsOutput,
};
use aws_sdk_elasticbeanstalk::operation::describe_environment_resources::{
    DescribeEnvironmentResourcesError, DescribeEnvironmentResourcesOutput,
};
use aws_sdk_elasticbeanstalk::operation::describe_environments::{
    DescribeEnvironmentsError, DescribeEnvironmentsOutput,
};
use aws_smithy_mocks::{Rule, mock};

use super::*;
use crate::collect::mock;

fn page(name: &str, next: Option<&str>) -> DescribeEnvironmentsOutput {
    let environment = types::EnvironmentDescription::builder()
        .environment_name(name)
        .application_name("admin")
        .environment_arn(format!("arn:aws:elasticbeanstalk:eu-west-1:111122223333:environment/admin/{name}"))
        .status(types::EnvironmentStatus::Ready)
        .health(types::EnvironmentHealth::Red)
        .health_status(types::EnvironmentHealthStatus::Severe)
        .tier(types::EnvironmentTier::builder().name("WebServer").build())
        .build();
    DescribeEnvironmentsOutput::builder()
        .environments(environment)
        .set_next_token(next.map(str::to_owned))
        .build()
}

fn one_environment() -> Rule {
    mock!(Client::describe_environments).then_output(|| page("legacy-admin", None))
}

fn option(namespace: &str, name: &str, value: &str) -> types::ConfigurationOptionSetting {
    types::ConfigurationOptionSetting::builder().namespace(namespace).option_name(name).value(value).build()
}

fn settings() -> Rule {
    mock!(Client::describe_configuration_settings)
        .match_requests(|request| request.application_name() == Some("admin"))
        .then_output(|| {
            let deployed = types::ConfigurationSettingsDescription::builder()
                .deployment_status(types::ConfigurationDeploymentStatus::Deployed)
                .option_settings(option("aws:elasticbeanstalk:cloudwatch:logs", "StreamLogs", "true"))
                .option_settings(option("aws:elasticbeanstalk:cloudwatch:logs", "RetentionInDays", "7"))
                .option_settings(option(
                    "aws:elasticbeanstalk:healthreporting:system",
                    "SystemType",
                    "enhanced",
                ))
                .option_settings(option("aws:elasticbeanstalk:sns:topics", "Notification Endpoint", ""))
                .option_settings(option(PROPERTIES, "DATABASE_URL", "postgres://u:do-not-tell@db/x"))
                .option_settings(option(SECRETS, "API_KEY", "arn:aws:secretsmanager:eu-west-1:1:secret:x"))
                .build();
            let pending = types::ConfigurationSettingsDescription::builder()
                .deployment_status(types::ConfigurationDeploymentStatus::Pending)
                .build();
            DescribeConfigurationSettingsOutput::builder()
                .configuration_settings(pending)
                .configuration_settings(deployed)
                .build()
        })
}

fn resources() -> Rule {
    mock!(Client::describe_environment_resources).then_output(|| {
        let made_of = types::EnvironmentResourceDescription::builder()
            .auto_scaling_groups(types::AutoScalingGroup::builder().name("awseb-asg").build())
            .load_balancers(types::LoadBalancer::builder().name("arn:alb").build())
            .build();
        DescribeEnvironmentResourcesOutput::builder().environment_resources(made_of).build()
    })
}

fn found(read: &Read) -> Vec<&BeanstalkEnvironment> {
    read.resources.iter().filter_map(BeanstalkEnvironment::of).collect()
}

#[tokio::test]
async fn an_environment_tells_its_health_its_deployed_settings_and_what_it_is_made_of() {
    let mut context = mock::context();
    mock::answer!(
        context,
        elasticbeanstalk,
        aws_sdk_elasticbeanstalk,
        [one_environment(), settings(), resources()]
    );

    let read = mock::read(&context, BeanstalkEnvironment::TYPE).await.unwrap();

    assert_eq!(read.partial, None);
    let environment = found(&read)[0];
    assert_eq!((environment.health.as_deref(), environment.tier.as_str()), (Some("Red"), "WebServer"));
    let settings = environment.settings.as_ref().unwrap();
    assert!(settings.stream_logs && !settings.notifies && !settings.managed_actions_enabled);
    assert_eq!(
        (settings.log_retention_in_days, settings.health_system_type.as_deref()),
        (Some(7), Some("enhanced"))
    );
    let variables: Vec<(&str, &str)> = environment
        .environment
        .iter()
        .flatten()
        .map(|variable| (&*variable.name, &*variable.source))
        .collect();
    assert_eq!(variables, [("API_KEY", "reference"), ("DATABASE_URL", "literal")]);
    let resources = environment.resources.as_ref().unwrap();
    assert_eq!((&*resources.auto_scaling_groups[0], &*resources.load_balancers[0]), ("awseb-asg", "arn:alb"));
    assert!(!serde_json::to_string(&read.resources).unwrap().contains("do-not-tell"));
}

#[tokio::test]
async fn environments_are_read_page_by_page() {
    let mut context = mock::context();
    let first = mock!(Client::describe_environments)
        .match_requests(|request| {
            request.next_token().is_none()
                && request.max_records() == Some(1000)
                && request.include_deleted() == Some(false)
        })
        .then_output(|| page("legacy-admin", Some("two")));
    let second = mock!(Client::describe_environments)
        .match_requests(|request| request.next_token() == Some("two"))
        .then_output(|| page("reports", None));
    mock::answer!(
        context,
        elasticbeanstalk,
        aws_sdk_elasticbeanstalk,
        [first, second, settings(), resources()]
    );

    let read = mock::read(&context, BeanstalkEnvironment::TYPE).await.unwrap();

    let names: Vec<&str> = found(&read).iter().map(|environment| environment.meta.name.as_str()).collect();
    assert_eq!(names, ["legacy-admin", "reports"]);
}

#[tokio::test]
async fn the_same_page_again_is_no_end() {
    let mut context = mock::context();
    let again = mock!(Client::describe_environments).then_output(|| page("legacy-admin", Some("two")));
    mock::answer!(context, elasticbeanstalk, aws_sdk_elasticbeanstalk, [again, settings(), resources()]);

    let read = mock::read(&context, BeanstalkEnvironment::TYPE).await.unwrap();

    assert!(read.partial.unwrap().contains("the same page was offered again"));
}

#[tokio::test]
async fn what_was_denied_stays_null_and_leaves_the_type_partial() {
    let mut context = mock::context();
    let no_settings = mock!(Client::describe_configuration_settings).then_error(|| {
        DescribeConfigurationSettingsError::generic(mock::service_error("AccessDenied", "No."))
    });
    let no_resources = mock!(Client::describe_environment_resources).then_error(|| {
        DescribeEnvironmentResourcesError::generic(mock::service_error("AccessDenied", "No."))
    });
    mock::answer!(
        context,
        elasticbeanstalk,
        aws_sdk_elasticbeanstalk,
        [one_environment(), no_settings, no_resources]
    );

    let read = mock::read(&context, BeanstalkEnvironment::TYPE).await.unwrap();

    let environment = found(&read)[0];
    assert_eq!(
        (&environment.settings, &environment.environment, &environment.resources),
        (&None, &None, &None)
    );
    assert_eq!(read.partial.as_deref(), Some("denied: elasticbeanstalk:DescribeConfigurationSettings (No.)"));
}

#[tokio::test]
async fn where_there_is_no_elastic_beanstalk_nothing_is_asked() {
    let (mut context, meter) = mock::metered();
    context.region = "mx-central-1".to_owned();

    let read = mock::read(&context, BeanstalkEnvironment::TYPE).await.unwrap();

    assert!(read.resources.is_empty() && read.partial.is_none());
    assert!(meter.calls().is_empty());
}

#[tokio::test]
async fn a_denied_list_is_denied() {
    let mut context = mock::context();
    let denied = mock!(Client::describe_environments)
        .then_error(|| DescribeEnvironmentsError::generic(mock::service_error("AccessDenied", "No.")));
    mock::answer!(context, elasticbeanstalk, aws_sdk_elasticbeanstalk, [denied]);

    assert!(mock::read(&context, BeanstalkEnvironment::TYPE).await.unwrap_err().is_denied());
}
