//! Counts every request that is sent, retries included, and what they cost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataInput;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// List price of GetMetricData, which the free tier leaves out
/// (<https://aws.amazon.com/cloudwatch/pricing/>: $0.01 per 1,000 metrics requested).
/// All else that is read here is free, but for the log files of a trail in S3: $0.0004 per 1,000, and not counted
/// (<https://aws.amazon.com/s3/pricing/>).
const USD_PER_METRIC: f64 = 0.01 / 1000.0;
/// List price of each page that Cost Explorer answers with
/// (<https://aws.amazon.com/aws-cost-management/aws-cost-explorer/pricing/>); refusals are free.
const USD_PER_COST_PAGE: f64 = 0.01;
const COST_EXPLORER: &str = "Cost Explorer";

/// Shared by all clients of a run.
#[derive(Debug, Default)]
pub struct Meter(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    calls: BTreeMap<String, u64>,
    metrics: u32,
    cost_pages: u32,
}

impl Meter {
    /// Requests sent, by `service:Operation` as IAM writes it.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.counts().calls.clone()
    }

    /// What the requests cost at list price.
    pub fn usd(&self) -> f64 {
        let counts = self.counts();
        f64::from(counts.metrics) * USD_PER_METRIC + f64::from(counts.cost_pages) * USD_PER_COST_PAGE
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // counters stay meaningful whatever a panicking thread was doing
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The interceptor that reports to a [`Meter`].
#[derive(Debug)]
pub(super) struct Metered(pub(super) Arc<Meter>);

impl Intercept for Metered {
    fn name(&self) -> &'static str {
        "Metered"
    }

    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(input) = context.input().downcast_ref::<GetMetricDataInput>() {
            let metrics = u32::try_from(input.metric_data_queries().len())?;
            let mut counts = self.0.counts();
            counts.metrics = counts.metrics.saturating_add(metrics);
        }
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(operation) = bag.load::<Metadata>() {
            let name = format!("{}:{}", iam_prefix(operation.service()), operation.name());
            *self.0.counts().calls.entry(name).or_default() += 1;
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_paid = bag.load::<Metadata>().is_some_and(|operation| operation.service() == COST_EXPLORER);
        if is_paid && context.output_or_error().is_some_and(|answer| answer.is_ok()) {
            let mut counts = self.0.counts();
            counts.cost_pages = counts.cost_pages.saturating_add(1);
        }
        Ok(())
    }
}

/// How IAM writes a service that the SDK calls by its service id.
fn iam_prefix(service_id: &str) -> String {
    match service_id {
        "CloudControl" => "cloudformation".to_owned(),
        "CloudWatch Logs" => "logs".to_owned(),
        COST_EXPLORER => "ce".to_owned(),
        "Elastic Load Balancing v2" => "elasticloadbalancing".to_owned(),
        other => other.to_lowercase().replace(' ', ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_named_as_iam_names_them() {
        for (service_id, prefix) in [
            ("EC2", "ec2"),
            ("Elastic Load Balancing v2", "elasticloadbalancing"),
            ("CloudWatch", "cloudwatch"),
            ("CloudWatch Logs", "logs"),
            ("CloudControl", "cloudformation"),
            ("Cost Explorer", "ce"),
            ("CloudFormation", "cloudformation"),
            ("CloudTrail", "cloudtrail"),
            ("Secrets Manager", "secretsmanager"),
            ("S3", "s3"),
        ] {
            assert_eq!(iam_prefix(service_id), prefix);
        }
    }
}
