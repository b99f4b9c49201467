use aws_sdk_ecs::Client;
use aws_sdk_ecs::operation::describe_clusters::DescribeClustersOutput;
use aws_sdk_ecs::operation::describe_services::{DescribeServicesError, DescribeServicesOutput};
use aws_sdk_ecs::operation::describe_task_definition::{
    DescribeTaskDefinitionError, DescribeTaskDefinitionOutput,
};
use aws_sdk_ecs::operation::list_clusters::{ListClustersError, ListClustersOutput};
use aws_sdk_ecs::operation::list_services::ListServicesOutput;
use aws_sdk_ecs::types;
use aws_sdk_scheduler::Client as Scheduler;
use aws_sdk_scheduler::operation::list_schedules::ListSchedulesOutput;
use aws_smithy_mocks::{Rule, mock};

use crate::collect::{Context, mock};
use crate::inventory::Kind as _;
use crate::inventory::ecs::{Cluster, Service, TaskDefinition};

mod schedules;

const CLUSTER: &str = "arn:aws:ecs:eu-west-1:111122223333:cluster/production";
const STAGING: &str = "arn:aws:ecs:eu-west-1:111122223333:cluster/staging";
const WEB: &str = "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:7";

fn clusters_on_two_pages() -> [Rule; 2] {
    let page = |arn: &str, next: Option<&str>| {
        ListClustersOutput::builder().cluster_arns(arn).set_next_token(next.map(str::to_owned)).build()
    };
    [
        mock!(Client::list_clusters)
            .match_requests(|request| request.next_token().is_none() && request.max_results() == Some(100))
            .then_output(move || page(CLUSTER, Some("two"))),
        mock!(Client::list_clusters)
            .match_requests(|request| request.next_token() == Some("two"))
            .then_output(move || page(STAGING, None)),
    ]
}

/// Eleven services in one cluster and none in the other.
fn service_arns() -> [Rule; 3] {
    let page = |numbers: std::ops::Range<u32>, next: Option<&str>| {
        let arns = numbers.map(|n| format!("{CLUSTER}/{n}")).collect();
        ListServicesOutput::builder()
            .set_service_arns(Some(arns))
            .set_next_token(next.map(str::to_owned))
            .build()
    };
    [
        mock!(Client::list_services)
            .match_requests(|request| {
                request.cluster() == Some(CLUSTER)
                    && request.next_token().is_none()
                    && request.max_results() == Some(100)
            })
            .then_output(move || page(0..6, Some("two"))),
        mock!(Client::list_services)
            .match_requests(|request| {
                request.cluster() == Some(CLUSTER) && request.next_token() == Some("two")
            })
            .then_output(move || page(6..11, None)),
        mock!(Client::list_services)
            .match_requests(|request| request.cluster() == Some(STAGING))
            .then_output(|| ListServicesOutput::builder().build()),
    ]
}

fn service(arn: &str) -> types::Service {
    types::Service::builder()
        .service_arn(arn)
        .service_name(arn.rsplit('/').next().unwrap())
        .cluster_arn(CLUSTER)
        .task_definition(WEB)
        .build()
}

fn described() -> Rule {
    mock!(Client::describe_services)
        .match_requests(|request| {
            request.cluster() == Some(CLUSTER)
                && [1, 10].contains(&request.services().len())
                && request.include() == [types::ServiceField::Tags]
        })
        .then_compute_output(|request| {
            let services = request.services().iter().map(|arn| service(arn)).collect();
            DescribeServicesOutput::builder().set_services(Some(services)).build()
        })
}

fn definition() -> types::TaskDefinition {
    let variable = |name: &str, value: &str| types::KeyValuePair::builder().name(name).value(value).build();
    let secret = types::Secret::builder().name("REDIS_URL").value_from("arn:aws:secretsmanager:redis");
    let logs = types::LogConfiguration::builder()
        .log_driver(types::LogDriver::Awslogs)
        .options("awslogs-group", "/ecs/web")
        .options("splunk-token", "hunter2")
        .build()
        .unwrap();
    let web = types::ContainerDefinition::builder()
        .name("web")
        .image("web:latest")
        .log_configuration(logs)
        .environment(variable("DATABASE_URL", "postgres://user:hunter2@db/x"))
        .environment(variable("RACK_ENV", ""))
        .secrets(secret.build().unwrap())
        .build();
    let router = types::ContainerDefinition::builder()
        .name("router")
        .essential(false)
        .firelens_configuration(
            types::FirelensConfiguration::builder()
                .r#type(types::FirelensConfigurationType::Fluentbit)
                .build()
                .unwrap(),
        )
        .build();
    types::TaskDefinition::builder()
        .task_definition_arn(WEB)
        .family("web")
        .revision(7)
        .status(types::TaskDefinitionStatus::Active)
        .cpu("1024")
        .memory("2048")
        .requires_compatibilities(types::Compatibility::Fargate)
        .registered_at(aws_smithy_types::DateTime::from_secs(1_763_000_000))
        .container_definitions(web)
        .container_definitions(router)
        .build()
}

fn defined() -> Rule {
    mock!(Client::describe_task_definition)
        .match_requests(|request| request.task_definition() == Some(WEB))
        .then_output(|| DescribeTaskDefinitionOutput::builder().task_definition(definition()).build())
}

/// No schedule at all.
fn unscheduled(context: &mut Context) {
    let none = mock!(Scheduler::list_schedules)
        .then_output(|| ListSchedulesOutput::builder().set_schedules(Some(Vec::new())).build().unwrap());
    mock::answer!(context, scheduler, aws_sdk_scheduler, [none]);
}

#[tokio::test]
async fn clusters_are_read_page_by_page_with_their_settings() {
    let mut context = mock::context();
    let [first, second] = clusters_on_two_pages();
    let described = mock!(Client::describe_clusters)
        .match_requests(|request| {
            request.clusters() == [CLUSTER, STAGING]
                && request.include() == [types::ClusterField::Settings, types::ClusterField::Tags]
        })
        .then_output(|| {
            let setting = types::ClusterSetting::builder()
                .name(types::ClusterSettingName::ContainerInsights)
                .value("enhanced")
                .build();
            let tag = types::Tag::builder().key("env").value("production").build();
            let production = types::Cluster::builder()
                .cluster_arn(CLUSTER)
                .cluster_name("production")
                .settings(setting)
                .tags(tag)
                .active_services_count(3)
                .build();
            let staging = types::Cluster::builder().cluster_arn(STAGING).cluster_name("staging").build();
            DescribeClustersOutput::builder().clusters(production).clusters(staging).build()
        });
    mock::answer!(context, ecs, aws_sdk_ecs, [first, second, described]);

    let read = mock::read(&context, Cluster::TYPE).await.unwrap();

    let clusters: Vec<&Cluster> = read.resources.iter().filter_map(Cluster::of).collect();
    assert_eq!(clusters[0].container_insights.as_deref(), Some("enhanced"));
    assert_eq!(clusters[0].meta.tags["env"], "production");
    assert_eq!(clusters[0].active_services_count, 3);
    assert_eq!((clusters[1].meta.name.as_str(), &clusters[1].container_insights), ("staging", &None));
}

#[tokio::test]
async fn services_of_all_clusters_are_described_ten_at_a_time() {
    let mut context = mock::context();
    let [first, second] = clusters_on_two_pages();
    let [some, more, none] = service_arns();
    let described = described();
    mock::answer!(context, ecs, aws_sdk_ecs, [first, second, some, more, none, described]);

    let read = mock::read(&context, Service::TYPE).await.unwrap();

    assert_eq!(read.resources.len(), 11);
    assert_eq!(described.num_calls(), 2);
    let service = Service::of(&read.resources[0]).unwrap();
    assert_eq!(service.cluster_name, "production");
    assert_eq!(
        (service.deployment_controller.as_str(), service.scheduling_strategy.as_str()),
        ("ECS", "REPLICA")
    );
}

#[tokio::test]
async fn each_task_definition_is_read_once_and_the_lists_before_it_once_for_all_types() {
    let mut context = mock::context();
    unscheduled(&mut context);
    let [first, second] = clusters_on_two_pages();
    let [some, more, none] = service_arns();
    let (described, defined) = (described(), defined());
    mock::answer!(context, ecs, aws_sdk_ecs, [first, second, some, more, none, described, defined]);

    mock::read(&context, Service::TYPE).await.unwrap();
    let read = mock::read(&context, TaskDefinition::TYPE).await.unwrap();

    assert_eq!((first.num_calls(), some.num_calls(), described.num_calls()), (1, 1, 2));
    assert_eq!((read.resources.len(), defined.num_calls()), (1, 1));
}

#[tokio::test]
async fn a_task_definition_tells_where_logs_go_and_no_value_of_a_variable() {
    let mut context = mock::context();
    unscheduled(&mut context);
    let [first, second] = clusters_on_two_pages();
    let [some, more, none] = service_arns();
    let (described, defined) = (described(), defined());
    mock::answer!(context, ecs, aws_sdk_ecs, [first, second, some, more, none, described, defined]);

    let read = mock::read(&context, TaskDefinition::TYPE).await.unwrap();

    assert!(!serde_json::to_string(&read.resources).unwrap().contains("hunter2"));
    let web = TaskDefinition::of(&read.resources[0]).unwrap();
    assert_eq!((web.meta.id.as_str(), web.cpu, web.memory), ("web:7", Some(1024), Some(2048)));
    assert_eq!(web.meta.created_at.unwrap().timestamp(), 1_763_000_000);
    let [container, router] = web.container_definitions.as_slice() else { panic!("two containers") };
    let logs = container.log_configuration.as_ref().unwrap();
    assert_eq!(logs.log_driver, "awslogs");
    assert_eq!(
        logs.options.iter().collect::<Vec<_>>(),
        [(&"awslogs-group".to_owned(), &"/ecs/web".to_owned())]
    );
    let variables: Vec<(&str, &str)> = container
        .environment
        .iter()
        .map(|variable| (variable.name.as_str(), variable.source.as_str()))
        .collect();
    assert_eq!(variables, [("DATABASE_URL", "literal"), ("RACK_ENV", "literal"), ("REDIS_URL", "reference")]);
    assert!(container.essential && !router.essential);
    assert_eq!(router.firelens_type.as_deref(), Some("fluentbit"));
}

#[tokio::test]
async fn a_deployment_tells_how_it_goes_and_what_happens_if_it_fails() {
    let mut context = mock::context();
    let [first, second] = clusters_on_two_pages();
    let [some, more, none] = service_arns();
    let described = mock!(Client::describe_services).then_output(|| {
        let breaker = types::DeploymentCircuitBreaker::builder().enable(true).rollback(false).build();
        let alarms = types::DeploymentAlarms::builder()
            .alarm_names("web-5xx")
            .enable(true)
            .rollback(true)
            .build()
            .unwrap();
        let configuration = types::DeploymentConfiguration::builder()
            .deployment_circuit_breaker(breaker)
            .alarms(alarms)
            .strategy(types::DeploymentStrategy::BlueGreen)
            .build();
        let deployment = types::Deployment::builder()
            .status("PRIMARY")
            .task_definition(WEB)
            .failed_tasks(3)
            .rollout_state(types::DeploymentRolloutState::Failed)
            .rollout_state_reason("tasks failed to start")
            .build();
        let spot = types::CapacityProviderStrategyItem::builder()
            .capacity_provider("FARGATE_SPOT")
            .weight(1)
            .build()
            .unwrap();
        let events = (0..60).map(|n| types::ServiceEvent::builder().message(format!("event {n}")).build());
        let service = types::Service::builder()
            .service_name("web")
            .cluster_arn(CLUSTER)
            .capacity_provider_strategy(spot)
            .deployment_configuration(configuration)
            .deployments(deployment)
            .set_events(Some(events.collect()))
            .build();
        DescribeServicesOutput::builder().services(service).build()
    });
    mock::answer!(context, ecs, aws_sdk_ecs, [first, second, some, more, none, described]);

    let read = mock::read(&context, Service::TYPE).await.unwrap();

    let web = Service::of(&read.resources[0]).unwrap();
    assert!(web.on_fargate());
    let configuration = &web.deployment_configuration;
    let breaker = configuration.deployment_circuit_breaker.as_ref().unwrap();
    assert!(breaker.enable && !breaker.rollback);
    assert_eq!(configuration.alarms.as_ref().unwrap().alarm_names, ["web-5xx"]);
    assert_eq!(configuration.strategy.as_deref(), Some("BLUE_GREEN"));
    assert_eq!(
        (web.deployments[0].failed_tasks, web.deployments[0].rollout_state.as_deref()),
        (3, Some("FAILED"))
    );
    assert_eq!((web.events.len(), web.events[0].message.as_str()), (40, "event 0"));
}

#[tokio::test]
async fn denied_clusters_deny_services_and_task_definitions() {
    let mut context = mock::context();
    let denied = mock!(Client::list_clusters)
        .then_error(|| ListClustersError::generic(mock::service_error("AccessDeniedException", "No.")));
    mock::answer!(context, ecs, aws_sdk_ecs, [denied]);

    for resource_type in [Cluster::TYPE, Service::TYPE, TaskDefinition::TYPE] {
        assert!(mock::read(&context, resource_type).await.unwrap_err().is_denied(), "{resource_type}");
    }
}

#[tokio::test]
async fn services_that_could_not_be_described_are_no_empty_cluster() {
    let mut context = mock::context();
    let [first, second] = clusters_on_two_pages();
    let [some, more, none] = service_arns();
    let denied = mock!(Client::describe_services)
        .then_error(|| DescribeServicesError::generic(mock::service_error("AccessDeniedException", "No.")));
    mock::answer!(context, ecs, aws_sdk_ecs, [first, second, some, more, none, denied]);

    assert!(mock::read(&context, Service::TYPE).await.unwrap_err().is_denied());
}

#[tokio::test]
async fn a_denied_definition_is_denied_and_no_service_without_one() {
    let mut context = mock::context();
    unscheduled(&mut context);
    let [first, second] = clusters_on_two_pages();
    let [some, more, none] = service_arns();
    let described = described();
    let denied = mock!(Client::describe_task_definition).then_error(|| {
        DescribeTaskDefinitionError::generic(mock::service_error("AccessDeniedException", "No."))
    });
    mock::answer!(context, ecs, aws_sdk_ecs, [first, second, some, more, none, described, denied]);

    assert!(mock::read(&context, TaskDefinition::TYPE).await.unwrap_err().is_denied());
    assert_eq!(mock::read(&context, Service::TYPE).await.unwrap().resources.len(), 11);
}

#[tokio::test]
async fn without_a_cluster_nothing_else_is_asked() {
    let mut context = mock::context();
    let none = mock!(Client::list_clusters).then_output(|| ListClustersOutput::builder().build());
    mock::answer!(context, ecs, aws_sdk_ecs, [none]);

    assert!(mock::read(&context, TaskDefinition::TYPE).await.unwrap().resources.is_empty());
}
