//! Keeps to AWS's request rates, which hold per account and region.
//!
//! A wrapped HTTP client makes each request wait for its turn, so that retries are
//! paced like first attempts and no collector can forget to wait. The wait counts
//! against the attempt's timeout: collectors keep few requests in flight.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::config_bag::ConfigBag;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// Each Describe action has a bucket of 100, refilled at 20 a second
/// (EC2 Developer Guide, "Request throttling"); here all actions share one.
pub(super) const EC2: Rate = Rate::per_second(20, 100);
/// All actions share one bucket of 40, refilled at 10 a second
/// (Elastic Load Balancing User Guide, "API throttling").
pub(super) const ELASTIC_LOAD_BALANCING: Rate = Rate::per_second(10, 40);
/// DescribeAlarms 9 a second; GetMetricData would allow 500 ("CloudWatch service quotas").
pub(super) const CLOUDWATCH: Rate = Rate::per_second(9, 9);
/// DescribeLogGroups 10 a second ("CloudWatch Logs quotas").
pub(super) const LOGS: Rate = Rate::per_second(10, 10);
/// ListTopics and ListSubscriptions 30 a second ("Amazon SNS endpoints and quotas").
pub(super) const SNS: Rate = Rate::per_second(30, 30);
/// LookupEvents 2 a second, not adjustable (LookupEvents API reference). Evenly
/// spaced, and a little apart, so that no second ever sees a third.
pub(super) const CLOUDTRAIL: Rate = Rate { every: Duration::from_millis(550), burst: NonZeroU32::MIN };
/// Cluster and task definition reads 20 a second with a bucket of 50, service and task
/// reads 20 with 100 (Amazon ECS API Reference, "Request throttling").
pub(super) const ECS: Rate = Rate::per_second(20, 50);
/// 15 a second over all control plane actions ("Lambda quotas").
pub(super) const LAMBDA: Rate = Rate::per_second(15, 15);
/// 10 a second with a bucket of 50 over all actions of the account (Route 53 Developer
/// Guide, "Throttling of API requests").
pub(super) const ROUTE53: Rate = Rate::per_second(10, 50);
/// Where AWS publishes no rate: what the least of the others allows.
pub(super) const UNDOCUMENTED: Rate = Rate::per_second(9, 9);

#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    every: Duration,
    burst: NonZeroU32,
}

impl Rate {
    const fn per_second(rate: u64, burst: u32) -> Self {
        Self {
            every: Duration::from_nanos(1_000_000_000 / rate),
            burst: NonZeroU32::MIN.saturating_add(burst - 1),
        }
    }
}

/// The client, with each request waiting for its turn.
pub(super) fn paced(client: SharedHttpClient, rate: Rate) -> SharedHttpClient {
    match Quota::with_period(rate.every) {
        Some(quota) => SharedHttpClient::new(Paced {
            inner: client,
            limiter: Arc::new(RateLimiter::direct(quota.allow_burst(rate.burst))),
        }),
        // a period of nothing is no limit
        None => client,
    }
}

#[derive(Debug)]
struct Paced<T> {
    inner: T,
    limiter: Arc<DefaultDirectRateLimiter>,
}

impl HttpClient for Paced<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Paced {
            inner: self.inner.http_connector(settings, components),
            limiter: Arc::clone(&self.limiter),
        })
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        bag: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.inner.validate_base_client_config(components, bag)
    }

    fn validate_final_config(&self, components: &RuntimeComponents, bag: &ConfigBag) -> Result<(), BoxError> {
        self.inner.validate_final_config(components, bag)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

impl HttpConnector for Paced<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.inner.clone();
        let limiter = Arc::clone(&self.limiter);
        HttpConnectorFuture::new(async move {
            limiter.until_ready().await;
            connector.call(request).await
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use aws_smithy_mocks::{RuleMode, mock};

    use crate::collect::mock;

    #[tokio::test]
    async fn cloudtrail_requests_keep_half_a_second_apart_however_they_are_sent() {
        let mut context = mock::context();
        let rule = mock!(aws_sdk_cloudtrail::Client::lookup_events).then_output(|| {
            aws_sdk_cloudtrail::operation::lookup_events::LookupEventsOutput::builder().build()
        });
        mock::answer!(context, cloudtrail, aws_sdk_cloudtrail, RuleMode::MatchAny, [rule]);
        let started = Instant::now();

        let request = || context.clients.cloudtrail.lookup_events().send();
        let (one, two, three) = tokio::join!(request(), request(), request());

        assert!(one.is_ok() && two.is_ok() && three.is_ok());
        assert!(started.elapsed().as_millis() >= 1_100, "{:?}", started.elapsed());
    }
}
