//! Lambda functions, which ListFunctions gives with their environments.

use aws_sdk_lambda::types;
use chrono::{DateTime, Utc};

use super::pages::list;
use super::{CollectError, Collector, Context, Read};
use crate::inventory::Kind as _;
use crate::inventory::environment::EnvironmentVariable;
use crate::inventory::lambda::Function;

const LIST: &str = "lambda:ListFunctions";
/// AWS gives no more at once, whatever is asked for.
const PAGE: i32 = 50;

pub(super) const FUNCTIONS: Collector =
    Collector { resource_type: Function::TYPE, actions: &[LIST], collect: |context| Box::pin(read(context)) };

async fn read(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.lambda.list_functions().max_items(PAGE).into_paginator().send();
    let functions = list(LIST, pages, |page| (page.functions, page.next_marker)).await?;
    Read::mapped(functions, |sdk| function(context, sdk))
}

fn function(context: &Context, sdk: &types::FunctionConfiguration) -> Function {
    let name = sdk.function_name().unwrap_or_default();
    let environment = sdk.environment();
    let failed = environment.and_then(types::EnvironmentResponse::error);
    Function {
        meta: context.meta(name, name, sdk.function_arn().unwrap_or_default()),
        runtime: sdk.runtime().map(|runtime| runtime.as_str().to_owned()),
        package_type: sdk.package_type().map_or("Zip", |kind| kind.as_str()).to_owned(),
        timeout: sdk.timeout().map_or(0, i64::from),
        memory_size: sdk.memory_size().map_or(0, i64::from),
        last_modified: sdk.last_modified().and_then(moment),
        dead_letter_target_arn: sdk
            .dead_letter_config()
            .and_then(|config| config.target_arn())
            .filter(|arn| !arn.is_empty())
            .map(str::to_owned),
        log_group: sdk.logging_config().and_then(|config| config.log_group()).map(str::to_owned),
        environment: failed.is_none().then(|| environment.map(variables).unwrap_or_default()),
        environment_error: failed
            .map(|error| error.message().or(error.error_code()).unwrap_or_default().to_owned()),
        signals: None,
    }
}

/// Sorted by name: the SDK hands them over in no order.
fn variables(sdk: &types::EnvironmentResponse) -> Vec<EnvironmentVariable> {
    let mut variables: Vec<EnvironmentVariable> = sdk
        .variables()
        .into_iter()
        .flatten()
        .map(|(name, value)| EnvironmentVariable::literal(name, value))
        .collect();
    variables.sort_by(|a, b| a.name.cmp(&b.name));
    variables
}

/// `2026-11-01T09:30:00.000+0000`, without the colon of ISO 8601.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let parsed = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z")
        .or_else(|_| DateTime::parse_from_rfc3339(text));
    parsed.ok().map(|moment| moment.to_utc())
}

#[cfg(test)]
mod tests {
    use aws_sdk_lambda::Client;
    use aws_sdk_lambda::operation::list_functions::{ListFunctionsError, ListFunctionsOutput};
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;

    fn named(name: &str) -> types::builders::FunctionConfigurationBuilder {
        types::FunctionConfiguration::builder()
            .function_name(name)
            .function_arn(format!("arn:aws:lambda:eu-west-1:111122223333:function:{name}"))
    }

    #[tokio::test]
    async fn functions_are_read_in_pages_of_fifty() {
        let mut context = mock::context();
        let page = |name: &str, next: Option<&str>| {
            ListFunctionsOutput::builder()
                .functions(named(name).build())
                .set_next_marker(next.map(str::to_owned))
                .build()
        };
        let first = mock!(Client::list_functions)
            .match_requests(|request| request.marker().is_none() && request.max_items() == Some(50))
            .then_output(move || page("a", Some("two")));
        let second = mock!(Client::list_functions)
            .match_requests(|request| request.marker() == Some("two"))
            .then_output(move || page("b", None));
        mock::answer!(context, lambda, aws_sdk_lambda, [first, second]);

        let read = mock::read(&context, Function::TYPE).await.unwrap();

        let ids: Vec<&str> = read.resources.iter().map(|r| r.meta().id.as_str()).collect();
        assert_eq!(ids, ["a", "b"]);
    }

    #[test]
    fn variables_are_kept_without_their_values() {
        let environment = types::EnvironmentResponse::builder()
            .variables("STAGE", "production")
            .variables("DATABASE_URL", "postgres://app:hunter2@db.internal/app")
            .build();
        let sdk = named("a")
            .environment(environment)
            .last_modified("2026-11-01T09:30:00.000+0000")
            .dead_letter_config(types::DeadLetterConfig::builder().target_arn("arn:aws:sqs:::dead").build())
            .logging_config(types::LoggingConfig::builder().log_group("/aws/lambda/a").build())
            .build();

        let function = function(&mock::context(), &sdk);

        let variables = function.environment.as_ref().unwrap();
        let told: Vec<(&str, &str)> = variables.iter().map(|v| (v.name.as_str(), v.shape.as_str())).collect();
        assert_eq!(told, [("DATABASE_URL", "url_with_password"), ("STAGE", "plain")]);
        assert!(!serde_json::to_string(&function).unwrap().contains("hunter2"));
        assert_eq!(function.last_modified, Some(mock::at("2026-11-01T09:30:00Z")));
        assert_eq!(function.dead_letter_target_arn.as_deref(), Some("arn:aws:sqs:::dead"));
        assert_eq!(function.log_group.as_deref(), Some("/aws/lambda/a"));
        assert_eq!(function.package_type, "Zip");
    }

    #[test]
    fn an_environment_that_the_key_kept_shut_is_not_an_empty_one() {
        let shut = types::EnvironmentResponse::builder()
            .error(
                types::EnvironmentError::builder()
                    .error_code("AccessDeniedException")
                    .message("No kms:Decrypt.")
                    .build(),
            )
            .build();
        let context = mock::context();

        let closed = function(&context, &named("a").environment(shut).build());
        assert_eq!(closed.environment, None);
        assert_eq!(closed.environment_error.as_deref(), Some("No kms:Decrypt."));
        assert_eq!(function(&context, &named("a").build()).environment, Some(vec![]));
    }

    #[tokio::test]
    async fn a_denied_list_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::list_functions)
            .then_error(|| ListFunctionsError::generic(mock::service_error("AccessDeniedException", "No.")));
        mock::answer!(context, lambda, aws_sdk_lambda, [denied]);

        assert!(mock::read(&context, Function::TYPE).await.unwrap_err().is_denied());
    }
}
