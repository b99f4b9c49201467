//! CloudWatch alarms. Both types must be asked for: by default only metric alarms are listed.

pub(super) mod history;

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{self, AlarmType};

use super::pages::list;
use super::{CollectError, Collector, Context, Read, time};
use crate::inventory::Kind as _;
use crate::inventory::cloudwatch::{Alarm, AlarmMetric, AlarmMetricEntry};

const DESCRIBE: &str = "cloudwatch:DescribeAlarms";
const PAGE: i32 = 100;

pub(super) const ALARMS: Collector = Collector {
    resource_type: Alarm::TYPE,
    actions: &[DESCRIBE],
    collect: |context| Box::pin(read(context)),
};

async fn read(context: &Context) -> Result<Read, CollectError> {
    let pages = context
        .clients
        .cloudwatch
        .describe_alarms()
        .alarm_types(AlarmType::MetricAlarm)
        .alarm_types(AlarmType::CompositeAlarm)
        .max_records(PAGE)
        .into_paginator()
        .send();
    let alarms = list(DESCRIBE, pages, |page| {
        let metric =
            page.metric_alarms.unwrap_or_default().into_iter().map(|sdk| metric_alarm(context, &sdk));
        let composite =
            page.composite_alarms.unwrap_or_default().into_iter().map(|sdk| composite_alarm(context, &sdk));
        (Some(metric.chain(composite).collect()), page.next_token)
    })
    .await?;
    Read::of(alarms.items, alarms.cut)
}

fn metric_alarm(context: &Context, sdk: &types::MetricAlarm) -> Alarm {
    let name = sdk.alarm_name().unwrap_or_default();
    let statistic = sdk.statistic().map(types::Statistic::as_str).or(sdk.extended_statistic());
    Alarm {
        meta: context.meta(name, name, sdk.alarm_arn().unwrap_or_default()),
        alarm_type: "metric".to_owned(),
        // CloudWatch always says; where it does not, its default holds
        actions_enabled: sdk.actions_enabled().unwrap_or(true),
        alarm_actions: sdk.alarm_actions().to_vec(),
        ok_actions: sdk.ok_actions().to_vec(),
        insufficient_data_actions: sdk.insufficient_data_actions().to_vec(),
        state_value: state(sdk.state_value()),
        state_updated_timestamp: time(sdk.state_updated_timestamp()),
        state_transitioned_timestamp: time(sdk.state_transitioned_timestamp()),
        metric: sdk.metric_name().map(|metric| AlarmMetric {
            namespace: sdk.namespace().unwrap_or_default().to_owned(),
            metric_name: metric.to_owned(),
            dimensions: dimensions(sdk.dimensions()),
            statistic: statistic.map(str::to_owned),
            period: sdk.period().map(i64::from),
        }),
        metrics: sdk.metrics().iter().map(metric_entry).collect(),
        comparison_operator: sdk.comparison_operator().map(|operator| operator.as_str().to_owned()),
        threshold: sdk.threshold(),
        treat_missing_data: sdk.treat_missing_data().map(str::to_owned),
        ..Alarm::default()
    }
}

fn composite_alarm(context: &Context, sdk: &types::CompositeAlarm) -> Alarm {
    let name = sdk.alarm_name().unwrap_or_default();
    Alarm {
        meta: context.meta(name, name, sdk.alarm_arn().unwrap_or_default()),
        alarm_type: "composite".to_owned(),
        actions_enabled: sdk.actions_enabled().unwrap_or(true),
        alarm_actions: sdk.alarm_actions().to_vec(),
        ok_actions: sdk.ok_actions().to_vec(),
        insufficient_data_actions: sdk.insufficient_data_actions().to_vec(),
        state_value: state(sdk.state_value()),
        state_updated_timestamp: time(sdk.state_updated_timestamp()),
        state_transitioned_timestamp: time(sdk.state_transitioned_timestamp()),
        alarm_rule: sdk.alarm_rule().map(str::to_owned),
        ..Alarm::default()
    }
}

fn metric_entry(sdk: &types::MetricDataQuery) -> AlarmMetricEntry {
    AlarmMetricEntry {
        id: sdk.id().unwrap_or_default().to_owned(),
        expression: sdk.expression().map(str::to_owned),
        metric: sdk.metric_stat().map(|stat| {
            let metric = stat.metric();
            AlarmMetric {
                namespace: metric.and_then(|metric| metric.namespace()).unwrap_or_default().to_owned(),
                metric_name: metric.and_then(|metric| metric.metric_name()).unwrap_or_default().to_owned(),
                dimensions: dimensions(metric.map(types::Metric::dimensions).unwrap_or_default()),
                statistic: stat.stat().map(str::to_owned),
                period: stat.period().map(i64::from),
            }
        }),
        return_data: sdk.return_data().unwrap_or(true),
    }
}

fn dimensions(sdk: &[types::Dimension]) -> BTreeMap<String, String> {
    sdk.iter()
        .map(|dimension| {
            (
                dimension.name().unwrap_or_default().to_owned(),
                dimension.value().unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

fn state(value: Option<&types::StateValue>) -> String {
    value.map_or_else(String::new, |value| value.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::Client;
    use aws_sdk_cloudwatch::operation::describe_alarms::{DescribeAlarmsError, DescribeAlarmsOutput};
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;

    #[tokio::test]
    async fn alarms_of_both_types_are_read_page_by_page() {
        let mut context = mock::context();
        let first = mock!(Client::describe_alarms)
            .match_requests(|request| {
                request.next_token().is_none()
                    && request.max_records() == Some(100)
                    && request.alarm_types() == [AlarmType::MetricAlarm, AlarmType::CompositeAlarm]
            })
            .then_output(|| {
                DescribeAlarmsOutput::builder()
                    .metric_alarms(types::MetricAlarm::builder().alarm_name("web-5xx").build())
                    .next_token("two")
                    .build()
            });
        let second = mock!(Client::describe_alarms)
            .match_requests(|request| request.next_token() == Some("two"))
            .then_output(|| {
                DescribeAlarmsOutput::builder()
                    .composite_alarms(
                        types::CompositeAlarm::builder()
                            .alarm_name("shop")
                            .alarm_rule("ALARM(\"web-5xx\")")
                            .actions_enabled(false)
                            .build(),
                    )
                    .build()
            });
        mock::answer!(context, cloudwatch, aws_sdk_cloudwatch, [first, second]);

        let read = mock::read(&context, Alarm::TYPE).await.unwrap();

        let alarms: Vec<&Alarm> = read.resources.iter().filter_map(Alarm::of).collect();
        assert_eq!(alarms.len(), 2);
        assert_eq!(alarms[0].alarm_type, "metric");
        assert_eq!(alarms[1].alarm_type, "composite");
        assert_eq!(alarms[1].alarm_rule.as_deref(), Some("ALARM(\"web-5xx\")"));
        assert!(!alarms[1].actions_enabled);
    }

    #[tokio::test]
    async fn a_denied_list_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_alarms)
            .then_error(|| DescribeAlarmsError::generic(mock::service_error("AccessDenied", "No.")));
        mock::answer!(context, cloudwatch, aws_sdk_cloudwatch, [denied]);

        assert!(mock::read(&context, Alarm::TYPE).await.unwrap_err().is_denied());
    }

    #[test]
    fn a_percentile_alarm_keeps_its_extended_statistic() {
        let sdk = types::MetricAlarm::builder()
            .alarm_name("web-slow")
            .alarm_arn("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:web-slow")
            .namespace("AWS/ApplicationELB")
            .metric_name("TargetResponseTime")
            .extended_statistic("p99")
            .period(60)
            .threshold(0.5)
            .state_value(types::StateValue::InsufficientData)
            .dimensions(types::Dimension::builder().name("LoadBalancer").value("app/web/1").build())
            .build();

        let alarm = metric_alarm(&mock::context(), &sdk);

        let metric = alarm.metric.unwrap();
        assert_eq!(metric.statistic.as_deref(), Some("p99"));
        assert_eq!(metric.dimensions["LoadBalancer"], "app/web/1");
        assert_eq!(alarm.state_value, "INSUFFICIENT_DATA");
        assert!(alarm.metrics.is_empty());
    }

    #[test]
    fn a_metric_math_alarm_has_entries_and_no_single_metric() {
        let metric = types::Metric::builder().namespace("AWS/SQS").metric_name("Age").build();
        let stat = types::MetricStat::builder().metric(metric).stat("Maximum").period(300).build();
        let sdk = types::MetricAlarm::builder()
            .alarm_name("backlog")
            .metrics(types::MetricDataQuery::builder().id("e1").expression("m1 / 60").build())
            .metrics(types::MetricDataQuery::builder().id("m1").metric_stat(stat).return_data(false).build())
            .build();

        let alarm = metric_alarm(&mock::context(), &sdk);

        assert_eq!(alarm.metric, None);
        assert_eq!(alarm.metrics[0].expression.as_deref(), Some("m1 / 60"));
        assert!(alarm.metrics[0].return_data);
        assert_eq!(alarm.metrics[1].metric.as_ref().unwrap().metric_name, "Age");
        assert!(!alarm.metrics[1].return_data);
    }
}
