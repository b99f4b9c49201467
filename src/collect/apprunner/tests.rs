use std::collections::HashMap;

use aws_sdk_apprunner::Client;
use aws_sdk_apprunner::operation::describe_service::{DescribeServiceError, DescribeServiceOutput};
use aws_sdk_apprunner::operation::list_operations::{ListOperationsError, ListOperationsOutput};
use aws_sdk_apprunner::operation::list_services::{ListServicesError, ListServicesOutput};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;

use super::*;
use crate::collect::mock;

const ARN: &str =
    "arn:aws:apprunner:eu-west-1:111122223333:service/status-page/8fe1e10304f84fd2b0df550fe98a71fa";

fn summary(name: &str, arn: &str) -> types::ServiceSummary {
    types::ServiceSummary::builder()
        .service_name(name)
        .service_id("8fe1e10304f84fd2b0df550fe98a71fa")
        .service_arn(arn)
        .status(types::ServiceStatus::Running)
        .created_at(DateTime::from_secs(1_790_000_000))
        .build()
}

fn listed() -> Rule {
    mock!(Client::list_services).then_output(|| {
        ListServicesOutput::builder().service_summary_list(summary("status-page", ARN)).build().unwrap()
    })
}

fn sdk_service(source: types::SourceConfiguration) -> types::Service {
    let at = DateTime::from_secs(1_790_000_000);
    types::Service::builder()
        .service_name("status-page")
        .service_id("8fe1e10304f84fd2b0df550fe98a71fa")
        .service_arn(ARN)
        .created_at(at)
        .updated_at(at)
        .status(types::ServiceStatus::Running)
        .source_configuration(source)
        .instance_configuration(types::InstanceConfiguration::builder().cpu("1024").memory("2 GB").build())
        .build()
        .unwrap()
}

fn image() -> types::SourceConfiguration {
    let configuration = types::ImageConfiguration::builder()
        .runtime_environment_variables("PAPERTRAIL_TOKEN", "do-not-tell")
        .runtime_environment_secrets(
            "DATABASE_URL",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db",
        )
        .build();
    let repository = types::ImageRepository::builder()
        .image_identifier("111122223333.dkr.ecr.eu-west-1.amazonaws.com/status-page:1")
        .image_repository_type(types::ImageRepositoryType::Ecr)
        .image_configuration(configuration)
        .build()
        .unwrap();
    types::SourceConfiguration::builder().image_repository(repository).build()
}

fn services(read: &Read) -> Vec<&AppRunnerService> {
    read.resources.iter().filter_map(AppRunnerService::of).collect()
}

#[tokio::test]
async fn services_are_read_in_pages_of_twenty_and_described_one_by_one() {
    let mut context = mock::context();
    let first = mock!(Client::list_services)
        .match_requests(|request| request.next_token().is_none() && request.max_results() == Some(20))
        .then_output(|| {
            let page = ListServicesOutput::builder().service_summary_list(summary("status-page", ARN));
            page.next_token("two").build().unwrap()
        });
    let second = mock!(Client::list_services)
        .match_requests(|request| request.next_token() == Some("two"))
        .then_output(|| {
            ListServicesOutput::builder().service_summary_list(summary("docs", "arn:docs")).build().unwrap()
        });
    let described = mock!(Client::describe_service)
        .match_requests(|request| request.service_arn() == Some(ARN))
        .then_output(|| DescribeServiceOutput::builder().service(sdk_service(image())).build());
    let missing = mock!(Client::describe_service)
        .match_requests(|request| request.service_arn() == Some("arn:docs"))
        .then_error(|| DescribeServiceError::generic(mock::service_error("InternalServiceError", "Oops.")));
    mock::answer!(context, apprunner, aws_sdk_apprunner, [first, second, described, missing]);

    let read = mock::read(&context, AppRunnerService::TYPE).await.unwrap();

    assert!(read.partial.as_ref().unwrap().contains("apprunner:DescribeService"));
    let [page, docs] = services(&read)[..] else { panic!("{read:?}") };
    assert_eq!(docs.configuration, None);
    let configuration = page.configuration.as_ref().unwrap();
    assert_eq!((configuration.cpu, configuration.memory), (Some(1024), Some(2048)));
    assert!(configuration.is_publicly_accessible);
    assert_eq!(
        page.application_log_group,
        "/aws/apprunner/status-page/8fe1e10304f84fd2b0df550fe98a71fa/application"
    );
    let variables: Vec<(&str, &str)> =
        page.environment.iter().flatten().map(|variable| (&*variable.name, &*variable.source)).collect();
    assert_eq!(variables, [("DATABASE_URL", "reference"), ("PAPERTRAIL_TOKEN", "literal")]);
    assert!(!serde_json::to_string(&read.resources).unwrap().contains("do-not-tell"));
}

#[tokio::test]
async fn variables_in_a_file_of_the_repository_are_not_known() {
    let configuration =
        types::CodeConfiguration::builder().configuration_source(types::ConfigurationSource::Repository);
    let repository = types::CodeRepository::builder()
        .repository_url("https://github.com/example/status-page")
        .source_code_version(
            types::SourceCodeVersion::builder()
                .r#type(types::SourceCodeVersionType::Branch)
                .value("main")
                .build()
                .unwrap(),
        )
        .code_configuration(configuration.build().unwrap())
        .build()
        .unwrap();
    let source = types::SourceConfiguration::builder().code_repository(repository).build();

    assert_eq!(environment(&sdk_service(source)), None);
    let empty = types::ImageRepository::builder()
        .image_identifier("x")
        .image_repository_type(types::ImageRepositoryType::EcrPublic)
        .image_configuration(
            types::ImageConfiguration::builder()
                .set_runtime_environment_variables(Some(HashMap::new()))
                .build(),
        )
        .build()
        .unwrap();
    let source = types::SourceConfiguration::builder().image_repository(empty).build();
    assert_eq!(environment(&sdk_service(source)), Some(Vec::new()));
}

#[tokio::test]
async fn a_denied_list_is_denied() {
    let mut context = mock::context();
    let denied = mock!(Client::list_services)
        .then_error(|| ListServicesError::generic(mock::service_error("AccessDeniedException", "No.")));
    mock::answer!(context, apprunner, aws_sdk_apprunner, [denied]);

    assert!(mock::read(&context, AppRunnerService::TYPE).await.unwrap_err().is_denied());
}

#[tokio::test]
async fn where_there_is_no_app_runner_nothing_is_asked() {
    let (mut context, meter) = mock::metered();
    context.region = "eu-north-1".to_owned();

    let read = mock::read(&context, AppRunnerService::TYPE).await.unwrap();

    assert!(read.resources.is_empty() && read.partial.is_none());
    assert!(meter.calls().is_empty());
}

async fn with_operations(operations: Rule) -> Scope {
    let mut context = mock::context();
    let described = mock!(Client::describe_service)
        .then_output(|| DescribeServiceOutput::builder().service(sdk_service(image())).build());
    mock::answer!(context, apprunner, aws_sdk_apprunner, [listed(), described, operations]);
    let read = mock::read(&context, AppRunnerService::TYPE).await.unwrap();
    let mut scope = Scope { resources: read.resources, ..Scope::default() };
    OPERATIONS.fill(&context, &mut scope, &[ARN.to_owned()]).await;
    scope
}

#[tokio::test]
async fn the_newest_operation_comes_first() {
    let operations = mock!(Client::list_operations)
        .match_requests(|request| request.service_arn() == Some(ARN) && request.max_results() == Some(20))
        .then_output(|| {
            let operation = |kind, status, at| {
                types::OperationSummary::builder()
                    .r#type(kind)
                    .status(status)
                    .started_at(DateTime::from_secs(at))
                    .build()
            };
            let created =
                operation(types::OperationType::CreateService, types::OperationStatus::Succeeded, 100);
            let deployed = operation(
                types::OperationType::StartDeployment,
                types::OperationStatus::RollbackSucceeded,
                200,
            );
            ListOperationsOutput::builder()
                .operation_summary_list(created)
                .operation_summary_list(deployed)
                .build()
        });

    let scope = with_operations(operations).await;

    let service = scope.all::<AppRunnerService>().next().unwrap();
    let newest = &service.operations.as_ref().unwrap()[0];
    assert_eq!((newest.kind.as_str(), newest.status.as_str()), ("START_DEPLOYMENT", "ROLLBACK_SUCCEEDED"));
    assert!(scope.complete(OPERATIONS.coverage));
}

#[tokio::test]
async fn denied_operations_stay_unread() {
    let denied = mock!(Client::list_operations)
        .then_error(|| ListOperationsError::generic(mock::service_error("AccessDeniedException", "No.")));

    let scope = with_operations(denied).await;

    assert_eq!(scope.all::<AppRunnerService>().next().unwrap().operations, None);
    assert_eq!(
        scope.coverage_of(OPERATIONS.coverage).unwrap().detail,
        "denied: apprunner:ListOperations (No.)"
    );
}
