//! A context whose clients answer from rules instead of AWS.

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, create_mock_http_client};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::{COLLECTORS, Clients, CollectError, Context, Meter, Read};

/// A table of DynamoDB, much shortened, as CloudFormation's registry describes it.
pub(super) const TABLE_SCHEMA: &str = include_str!("cloudcontrol/testing.json");

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// An HTTP client that gives the same answer to every request.
#[derive(Clone, Debug)]
pub(super) struct Canned(pub(super) u16, pub(super) &'static str);

impl HttpConnector for Canned {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let status = StatusCode::try_from(self.0).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(self.1))))
    }
}

impl HttpClient for Canned {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// The configuration of a client that never touches the network and never tries twice.
pub(super) fn config() -> SdkConfig {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(create_mock_http_client())
        .retry_config(RetryConfig::disabled())
        .build()
}

pub(super) fn context() -> Context {
    metered().0
}

pub(super) fn metered() -> (Context, Arc<Meter>) {
    let meter = Arc::new(Meter::default());
    let context = Context {
        clients: Clients::new(&config(), "eu-west-1", &meter),
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        now: at("2026-11-22T03:00:00Z"),
        events_from: at("2026-11-21T02:00:00Z"),
        history_from: at("2026-11-22T03:00:00Z"),
        trail: None,
        events_only: false,
        deadline: Instant::now() + Duration::from_secs(30),
        ecs: super::ecs::Shared::default(),
        paid: super::Paid::default(),
        costs_every: 1,
    };
    (context, meter)
}

pub(super) fn answers(mode: RuleMode, rules: &[&Rule]) -> MockResponseInterceptor {
    rules.iter().fold(MockResponseInterceptor::new().rule_mode(mode), |answers, rule| answers.with_rule(rule))
}

/// Lets one client of the context answer from these rules.
macro_rules! answer {
    ($context:expr, $client:ident, $sdk:ident, $mode:expr, [$($rule:expr),+ $(,)?]) => {
        let answers = $crate::collect::mock::answers($mode, &[$(&$rule),+]);
        let config = $context.clients.$client.config().to_builder().interceptor(answers);
        $context.clients.$client = $sdk::Client::from_conf(config.build());
    };
    ($context:expr, $client:ident, $sdk:ident, [$($rule:expr),+ $(,)?]) => {
        $crate::collect::mock::answer!(
            $context, $client, $sdk, aws_smithy_mocks::RuleMode::MatchAny, [$($rule),+]
        )
    };
}
pub(super) use answer;

pub(super) fn service_error(code: &str, message: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message(message).build()
}

/// Reads one type through its row of the table.
pub(super) async fn read(context: &Context, resource_type: &str) -> Result<Read, CollectError> {
    let row = COLLECTORS.iter().find(|row| row.resource_type == resource_type).unwrap();
    (row.collect)(context).await
}
