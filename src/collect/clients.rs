//! The only place that builds SDK clients: timeouts, retries, pacing and metering are set here.
//!
//! No endpoint is ever set, so that AWS_ENDPOINT_URL and its per-service forms work.

use std::sync::Arc;
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Builder, Connector, ConnectorBuilder, tls};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpClient};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use super::meter::{Meter, Metered};
use super::pace::{self, Rate, paced};
use super::{CollectError, cloudcontrol};
use crate::config::regions;

const GET_CALLER_IDENTITY: &str = "sts:GetCallerIdentity";
const DESCRIBE_REGIONS: &str = "ec2:DescribeRegions";

/// What [`caller_identity`] and [`regions()`] call.
pub(super) const ACTIONS: &[&str] = &[DESCRIBE_REGIONS, GET_CALLER_IDENTITY];

/// STS and DescribeRegions answer the same everywhere.
const ANY_REGION: &str = "us-east-1";

/// The ordinary AWS settings (environment, profile, role), with our manners on top.
pub async fn sdk_config(profile: Option<&str>, region: Option<&str>) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(3_100))
        .operation_attempt_timeout(Duration::from_secs(20))
        .operation_timeout(Duration::from_secs(90))
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client())
        .retry_config(RetryConfig::standard().with_max_attempts(6))
        .timeout_config(timeouts);
    if let Ok(name) = AppName::new("aftermove") {
        loader = loader.app_name(name);
    }
    if let Some(profile) = profile {
        // one that is named outranks keys in the environment, as in AWS's own CLI
        let credentials = ProfileFileCredentialsProvider::builder()
            .configure(&ProviderConfig::default().with_http_client(http_client()))
            .profile_name(profile)
            .build();
        loader = loader.profile_name(profile).credentials_provider(credentials);
    }
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    loader.load().await
}

/// The SDK's own default client, made once here: clients that are given none load the
/// trusted certificates and pool connections each for themselves.
pub(super) fn http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        connector(settings.cloned(), components.and_then(RuntimeComponents::sleep_impl))
    })
}

fn connector(settings: Option<HttpConnectorSettings>, sleep: Option<SharedAsyncSleep>) -> Connector {
    let mut connector = ConnectorBuilder::default()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc));
    connector.set_connector_settings(settings);
    connector.set_sleep_impl(sleep);
    connector.set_proxy_config(Some(ProxyConfig::from_env()));
    connector.build()
}

/// For requests to others than AWS, such as a webhook: with the same TLS, certificates and proxy.
pub fn http_connector() -> Connector {
    connector(None, None)
}

macro_rules! client {
    ($sdk:ident, $config:expr, $meter:expr) => {
        $sdk::Client::from_conf(
            $sdk::config::Builder::from($config)
                .interceptor($crate::collect::meter::Metered(std::sync::Arc::clone($meter)))
                .interceptor($crate::collect::whole::Whole)
                .build(),
        )
    };
}
pub(super) use client;

/// The clients of one account and region. Make one set for each: the pace is kept within it.
#[derive(Clone, Debug)]
pub struct Clients {
    pub ec2: aws_sdk_ec2::Client,
    pub elbv2: aws_sdk_elasticloadbalancingv2::Client,
    pub elb: aws_sdk_elasticloadbalancing::Client,
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub sns: aws_sdk_sns::Client,
    pub cloudtrail: aws_sdk_cloudtrail::Client,
    /// For all of CloudTrail but LookupEvents, which has a pace of its own.
    pub trails: aws_sdk_cloudtrail::Client,
    pub pi: aws_sdk_pi::Client,
    pub rds: aws_sdk_rds::Client,
    pub elasticache: aws_sdk_elasticache::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub ecs: aws_sdk_ecs::Client,
    pub ecr: aws_sdk_ecr::Client,
    pub lambda: aws_sdk_lambda::Client,
    pub apprunner: aws_sdk_apprunner::Client,
    pub eks: aws_sdk_eks::Client,
    pub elasticbeanstalk: aws_sdk_elasticbeanstalk::Client,
    pub scheduler: aws_sdk_scheduler::Client,
    pub backup: aws_sdk_backup::Client,
    pub kms: aws_sdk_kms::Client,
    pub route53: aws_sdk_route53::Client,
    pub budgets: aws_sdk_budgets::Client,
    pub costexplorer: aws_sdk_costexplorer::Client,
    pub cloudcontrol: aws_sdk_cloudcontrol::Client,
    pub cloudformation: aws_sdk_cloudformation::Client,
}

impl Clients {
    pub fn new(config: &SdkConfig, region: &str, meter: &Arc<Meter>) -> Self {
        let config = in_region(config, region);
        let http = config.http_client().unwrap_or_else(http_client);
        let at = |rate: Rate| config.to_builder().http_client(paced(http.clone(), rate)).build();
        Self {
            ec2: client!(aws_sdk_ec2, &at(pace::EC2), meter),
            elbv2: client!(aws_sdk_elasticloadbalancingv2, &at(pace::ELASTIC_LOAD_BALANCING), meter),
            elb: client!(aws_sdk_elasticloadbalancing, &at(pace::ELASTIC_LOAD_BALANCING), meter),
            cloudwatch: client!(aws_sdk_cloudwatch, &at(pace::CLOUDWATCH), meter),
            logs: client!(aws_sdk_cloudwatchlogs, &at(pace::LOGS), meter),
            sns: client!(aws_sdk_sns, &at(pace::SNS), meter),
            cloudtrail: client!(aws_sdk_cloudtrail, &at(pace::CLOUDTRAIL), meter),
            trails: client!(aws_sdk_cloudtrail, &at(pace::UNDOCUMENTED), meter),
            pi: client!(aws_sdk_pi, &at(pace::UNDOCUMENTED), meter),
            rds: client!(aws_sdk_rds, &at(pace::UNDOCUMENTED), meter),
            elasticache: client!(aws_sdk_elasticache, &at(pace::UNDOCUMENTED), meter),
            sqs: client!(aws_sdk_sqs, &at(pace::UNDOCUMENTED), meter),
            ecs: client!(aws_sdk_ecs, &at(pace::ECS), meter),
            ecr: client!(aws_sdk_ecr, &at(pace::UNDOCUMENTED), meter),
            lambda: client!(aws_sdk_lambda, &at(pace::LAMBDA), meter),
            apprunner: client!(aws_sdk_apprunner, &at(pace::UNDOCUMENTED), meter),
            eks: client!(aws_sdk_eks, &at(pace::UNDOCUMENTED), meter),
            elasticbeanstalk: client!(aws_sdk_elasticbeanstalk, &at(pace::UNDOCUMENTED), meter),
            scheduler: client!(aws_sdk_scheduler, &at(pace::UNDOCUMENTED), meter),
            backup: client!(aws_sdk_backup, &at(pace::UNDOCUMENTED), meter),
            kms: client!(aws_sdk_kms, &at(pace::UNDOCUMENTED), meter),
            route53: client!(aws_sdk_route53, &at(pace::ROUTE53), meter),
            budgets: client!(aws_sdk_budgets, &at(pace::UNDOCUMENTED), meter),
            costexplorer: client!(aws_sdk_costexplorer, &at(pace::UNDOCUMENTED), meter),
            cloudcontrol: client!(aws_sdk_cloudcontrol, &at(pace::UNDOCUMENTED), meter),
            cloudformation: client!(aws_sdk_cloudformation, &at(pace::UNDOCUMENTED), meter),
        }
    }
}

/// A type that is not in the table, as CloudFormation's registry describes it.
pub async fn registry(
    config: &SdkConfig,
    resource_type: &str,
    meter: &Arc<Meter>,
) -> Result<cloudcontrol::Schema, CollectError> {
    let client = client!(aws_sdk_cloudformation, &somewhere(config), meter);
    cloudcontrol::describe(&client, resource_type).await
}

/// A client for state and reports; the configuration's region is the bucket's.
pub fn s3(config: &SdkConfig, meter: &Arc<Meter>) -> aws_sdk_s3::Client {
    let builder = aws_sdk_s3::config::Builder::from(config)
        .interceptor(Metered(Arc::clone(meter)))
        // an endpoint of one's own rarely has a DNS name for each bucket
        .force_path_style(config.endpoint_url().is_some());
    aws_sdk_s3::Client::from_conf(builder.build())
}

/// A client for publishing, in the region of the topic.
pub fn sns(config: &SdkConfig, region: &str, meter: &Arc<Meter>) -> aws_sdk_sns::Client {
    client!(aws_sdk_sns, &in_region(config, region), meter)
}

/// A client for reading the webhook's secret, in the secret's region.
pub fn secretsmanager(
    config: &SdkConfig,
    region: &str,
    meter: &Arc<Meter>,
) -> aws_sdk_secretsmanager::Client {
    client!(aws_sdk_secretsmanager, &in_region(config, region), meter)
}

/// Who the credentials belong to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Caller {
    pub account: String,
    pub arn: String,
}

pub async fn caller_identity(config: &SdkConfig, meter: &Arc<Meter>) -> Result<Caller, CollectError> {
    // the first call of all: whoever mistyped an endpoint need not wait for six attempts
    let config =
        somewhere(config).into_builder().retry_config(RetryConfig::standard().with_max_attempts(3)).build();
    let client = client!(aws_sdk_sts, &config, meter);
    let caller = client
        .get_caller_identity()
        .send()
        .await
        .map_err(|error| at_endpoint(&config, CollectError::of(GET_CALLER_IDENTITY, &error)))?;
    match (caller.account, caller.arn) {
        (Some(account), Some(arn)) => Ok(Caller { account, arn }),
        _ => Err(CollectError::Malformed {
            action: GET_CALLER_IDENTITY,
            message: "the answer names no account".to_owned(),
        }),
    }
}

/// Says where it was tried to reach AWS, if that was set, and that there is no such region, if
/// so: the region of the environment is not checked before, since it may be a new one.
fn at_endpoint(config: &SdkConfig, error: CollectError) -> CollectError {
    let CollectError::Unreachable { action, mut message } = error else {
        return error;
    };
    if let Some(url) = config.endpoint_url() {
        message = format!("{url}: {message}");
    }
    if let Some(Err((unknown, help))) = config.region().map(|region| regions::check(region.as_ref())) {
        message = format!("{message}; {unknown}, {help}");
    }
    CollectError::Unreachable { action, message }
}

/// The regions that are enabled for the account, sorted.
pub async fn regions(config: &SdkConfig, meter: &Arc<Meter>) -> Result<Vec<String>, CollectError> {
    let client = client!(aws_sdk_ec2, &somewhere(config), meter);
    let answer = client
        .describe_regions()
        .all_regions(false)
        .send()
        .await
        .map_err(|error| CollectError::of(DESCRIBE_REGIONS, &error))?;
    let mut regions: Vec<String> =
        answer.regions.unwrap_or_default().into_iter().filter_map(|region| region.region_name).collect();
    regions.sort();
    Ok(regions)
}

fn in_region(config: &SdkConfig, region: &str) -> SdkConfig {
    config.to_builder().region(Region::new(region.to_owned())).build()
}

/// In the configured region, or in any where none is.
pub(super) fn somewhere(config: &SdkConfig) -> SdkConfig {
    match config.region() {
        Some(_) => config.clone(),
        None => in_region(config, ANY_REGION),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::mock;

    fn answering(status: u16, body: &'static str) -> SdkConfig {
        mock::config().into_builder().http_client(mock::Canned(status, body)).build()
    }

    #[tokio::test]
    async fn the_caller_is_known_and_the_call_counted() {
        let meter = Arc::new(Meter::default());
        let config = answering(
            200,
            "<GetCallerIdentityResponse><GetCallerIdentityResult>\
             <Arn>arn:aws:iam::111122223333:user/dev</Arn><Account>111122223333</Account>\
             </GetCallerIdentityResult></GetCallerIdentityResponse>",
        );

        let caller = caller_identity(&config, &meter).await.unwrap();

        assert_eq!(caller.account, "111122223333");
        assert_eq!(caller.arn, "arn:aws:iam::111122223333:user/dev");
        assert_eq!(meter.calls()[GET_CALLER_IDENTITY], 1);
    }

    #[tokio::test]
    async fn credentials_that_aws_does_not_accept_are_called_so() {
        let config = answering(
            403,
            "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>Invalid token</Message></Error>\
             </ErrorResponse>",
        );

        let error = caller_identity(&config, &Arc::new(Meter::default())).await.unwrap_err();

        assert!(matches!(error, CollectError::Credentials { .. }), "{error:?}");
    }

    #[test]
    fn an_endpoint_that_cannot_be_reached_is_named() {
        let config = SdkConfig::builder().endpoint_url("http://127.0.0.1:1").build();
        let unreachable = CollectError::Unreachable {
            action: GET_CALLER_IDENTITY,
            message: "connection refused".to_owned(),
        };

        assert_eq!(
            at_endpoint(&config, unreachable).to_string(),
            "unreachable: sts:GetCallerIdentity (http://127.0.0.1:1: connection refused)"
        );
    }

    #[tokio::test]
    async fn regions_are_sorted() {
        let config = answering(
            200,
            "<DescribeRegionsResponse><regionInfo><item><regionName>us-east-1</regionName></item>\
             <item><regionName>eu-west-1</regionName></item></regionInfo></DescribeRegionsResponse>",
        );

        let regions = regions(&config, &Arc::new(Meter::default())).await.unwrap();

        assert_eq!(regions, ["eu-west-1", "us-east-1"]);
    }
}
