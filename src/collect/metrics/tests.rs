use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::operation::get_metric_data::{GetMetricDataError, GetMetricDataOutput};
use aws_smithy_mocks::{RuleMode, mock};
use proptest::prelude::*;

use super::*;
use crate::collect::mock;

fn query(metric: &str, days: i64, period_seconds: i32) -> Query {
    let end = mock::at("2026-11-22T00:00:00Z");
    Query {
        namespace: "AWS/NATGateway".to_owned(),
        metric: metric.to_owned(),
        dimensions: BTreeMap::from([("NatGatewayId".to_owned(), "nat-1".to_owned())]),
        statistic: "Sum".to_owned(),
        period_seconds,
        start: end - chrono::TimeDelta::days(days),
        end,
    }
}

fn result(id: &str, status: StatusCode, points: &[(i64, f64)]) -> MetricDataResult {
    let mut result = MetricDataResult::builder().id(id).status_code(status);
    for (at, value) in points {
        result = result.timestamps(aws_smithy_types::DateTime::from_secs(*at)).values(*value);
    }
    result.build()
}

#[tokio::test]
async fn a_series_is_put_together_from_its_pages() {
    let (mut context, meter) = mock::metered();
    let queries = [query("BytesInFromSource", 7, 86_400), query("BytesOutToSource", 7, 86_400)];
    let first = mock!(Client::get_metric_data)
        .match_requests(|request| {
            let ids: Vec<Option<&str>> = request.metric_data_queries().iter().map(|q| q.id()).collect();
            request.next_token().is_none()
                && ids == [Some("q0"), Some("q1")]
                && request.scan_by() == Some(&ScanBy::TimestampAscending)
        })
        .then_output(|| {
            GetMetricDataOutput::builder()
                .metric_data_results(result("q0", StatusCode::PartialData, &[(86_400, 2.0)]))
                .metric_data_results(result("q1", StatusCode::PartialData, &[]))
                .next_token("two")
                .build()
        });
    let second = mock!(Client::get_metric_data)
        .match_requests(|request| request.next_token() == Some("two"))
        .then_output(|| {
            GetMetricDataOutput::builder()
                .metric_data_results(result("q0", StatusCode::Complete, &[(172_800, 3.0)]))
                .build()
        });
    mock::answer!(context, cloudwatch, aws_sdk_cloudwatch, [first, second]);

    let series = fetch(&context, &queries).await;

    let whole = &series[&queries[0].key()];
    assert_eq!(whole.incomplete, None);
    let values: Vec<f64> = whole.points.iter().map(|point| point.value).collect();
    assert_eq!(values, [2.0, 3.0]);
    assert_eq!(series[&queries[1].key()].incomplete.as_deref(), Some("PartialData"));
    assert_eq!(meter.calls()[GET], 2);
    // each page asks for both metrics again
    assert!((meter.usd() - 0.000_04).abs() < 1e-9);
}

#[tokio::test]
async fn a_message_makes_the_series_it_speaks_of_incomplete() {
    let mut context = mock::context();
    let queries = [query("BytesInFromSource", 7, 86_400)];
    let warned = mock!(Client::get_metric_data).then_output(|| {
        let message = MessageData::builder().code("MaxMetricsExceeded").value("too many").build();
        GetMetricDataOutput::builder()
            .metric_data_results(result("q0", StatusCode::Complete, &[(86_400, 2.0)]))
            .messages(message)
            .build()
    });
    mock::answer!(context, cloudwatch, aws_sdk_cloudwatch, [warned]);

    let series = fetch(&context, &queries).await;

    let series = &series[&queries[0].key()];
    assert_eq!(series.incomplete.as_deref(), Some("MaxMetricsExceeded: too many"));
    assert_eq!(series.points.len(), 1);
}

#[tokio::test]
async fn a_failed_call_makes_only_its_own_series_incomplete() {
    let mut context = mock::context();
    let queries = [query("BytesInFromSource", 7, 86_400), query("BytesInFromSource", 8, 86_400)];
    let denied = mock!(Client::get_metric_data)
        .then_error(|| GetMetricDataError::generic(mock::service_error("AccessDenied", "No.")));
    let fine = mock!(Client::get_metric_data).then_output(|| {
        GetMetricDataOutput::builder().metric_data_results(result("q0", StatusCode::Complete, &[])).build()
    });
    mock::answer!(context, cloudwatch, aws_sdk_cloudwatch, RuleMode::Sequential, [denied, fine]);

    let series = fetch(&context, &queries).await;

    let reasons: Vec<Option<&str>> = series.values().map(|series| series.incomplete.as_deref()).collect();
    assert_eq!(series.len(), 2);
    assert!(reasons.contains(&None));
    assert!(reasons.contains(&Some("denied: cloudwatch:GetMetricData (No.)")));
}

#[test]
fn a_call_takes_five_hundred_queries_at_most() {
    let queries: Vec<Query> = (0..1_001).map(|n| query(&n.to_string(), 7, 86_400)).collect();

    let sizes: Vec<usize> = chunks(&queries).iter().map(Vec::len).collect();

    assert_eq!(sizes, [500, 500, 1]);
}

#[test]
fn a_call_expects_no_more_points_than_cloudwatch_gives() {
    // 56 days of minutes are 80,640 points each
    let queries: Vec<Query> = (0..3).map(|n| query(&n.to_string(), 56, 60)).collect();

    assert_eq!(chunks(&queries).len(), 3);
}

proptest! {
    #[test]
    fn every_query_is_asked_once_and_within_the_limits(
        shapes in prop::collection::vec((0..40_u8, 1..60_i64, prop::sample::select(vec![60, 300, 3_600, 86_400])), 0..80)
    ) {
        let queries: Vec<Query> = shapes
            .iter()
            .map(|(name, days, period)| query(&name.to_string(), *days, *period))
            .collect();

        let chunks = chunks(&queries);

        let mut asked: Vec<String> = chunks.iter().flatten().map(|query| query.key()).collect();
        asked.sort();
        let mut wanted: Vec<String> = queries.iter().map(Query::key).collect();
        wanted.sort();
        wanted.dedup();
        prop_assert_eq!(asked, wanted);
        for chunk in chunks {
            let points: i64 = chunk.iter().map(|query| expected_points(query)).sum();
            prop_assert!(chunk.len() <= MAX_QUERIES);
            prop_assert!(chunk.len() == 1 || points <= MAX_POINTS);
            prop_assert!(chunk.iter().all(|query| (query.start, query.end) == (chunk[0].start, chunk[0].end)));
        }
    }
}
