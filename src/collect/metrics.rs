//! Metric series in as few GetMetricData calls as CloudWatch allows.
//!
//! Its tokens give more points of the same queries, so one series may be spread over
//! several pages; and it answers as well as it can, with a message where something is missing.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{
    Dimension, MessageData, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StatusCode,
};
use futures::StreamExt as _;
use futures::stream;

use super::pages::unfinished;
use super::{CollectError, Context, aws_time, time};
use crate::inventory::metrics::{Point, Query, Series};

const GET: &str = "cloudwatch:GetMetricData";

/// What [`fetch`] calls.
pub const ACTIONS: &[&str] = &[GET];

/// GetMetricData takes no more queries than this,
const MAX_QUERIES: usize = 500;
/// and gives no more points at once.
const MAX_POINTS: i64 = 100_800;

const CONCURRENCY: usize = 4;

/// The series of all queries, by their key. Every query gets one; what could not be
/// read says why in its `incomplete`.
pub async fn fetch(context: &Context, queries: &[Query]) -> BTreeMap<String, Series> {
    let mut answers = stream::iter(chunks(queries))
        .map(|chunk| async move {
            let answer = tokio::time::timeout_at(context.deadline, chunk_series(context, &chunk)).await;
            let series = answer
                .unwrap_or(Err(CollectError::OutOfTime))
                .unwrap_or_else(|error| vec![incomplete(&error); chunk.len()]);
            (chunk, series)
        })
        .buffer_unordered(CONCURRENCY);
    let mut found = BTreeMap::new();
    while let Some((chunk, series)) = answers.next().await {
        found.extend(chunk.iter().map(|query| query.key()).zip(series));
    }
    found
}

fn incomplete(error: &CollectError) -> Series {
    Series { points: Vec::new(), incomplete: Some(error.to_string()) }
}

/// Distinct queries, as many to a call as it takes: a call has one window.
fn chunks(queries: &[Query]) -> Vec<Vec<&Query>> {
    let distinct: BTreeMap<String, &Query> = queries.iter().map(|query| (query.key(), query)).collect();
    let mut queries: Vec<&Query> = distinct.into_values().collect();
    queries.sort_by_key(|query| (query.start, query.end));
    let mut chunks: Vec<Vec<&Query>> = Vec::new();
    let mut points = 0;
    for query in queries {
        let expected = expected_points(query);
        match chunks.last_mut() {
            Some(chunk)
                if chunk.len() < MAX_QUERIES
                    && points + expected <= MAX_POINTS
                    && chunk
                        .first()
                        .is_some_and(|first| (first.start, first.end) == (query.start, query.end)) =>
            {
                chunk.push(query);
                points += expected;
            }
            _ => {
                chunks.push(vec![query]);
                points = expected;
            }
        }
    }
    chunks
}

/// CloudWatch counts what a window could hold, not what it holds.
fn expected_points(query: &Query) -> i64 {
    let period = i64::from(query.period_seconds.max(1));
    let window = (query.end - query.start).num_seconds().max(0);
    (window + period - 1) / period
}

/// The series of one call's queries, in their order.
async fn chunk_series(context: &Context, chunk: &[&Query]) -> Result<Vec<Series>, CollectError> {
    let Some(first) = chunk.first() else {
        return Ok(Vec::new());
    };
    let mut pages = context
        .clients
        .cloudwatch
        .get_metric_data()
        .set_metric_data_queries(Some(
            chunk.iter().enumerate().map(|(index, query)| sdk_query(index, query)).collect(),
        ))
        .start_time(aws_time(first.start))
        .end_time(aws_time(first.end))
        .scan_by(ScanBy::TimestampAscending)
        .into_paginator()
        .send();
    let mut parts: Vec<Parts> = vec![Parts::default(); chunk.len()];
    let mut about_all = Vec::new();
    let mut last_token = None;
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CollectError::of(GET, &error))?;
        last_token = page.next_token;
        about_all.extend(page.messages.unwrap_or_default().iter().map(message));
        for result in page.metric_data_results.unwrap_or_default() {
            if let Some(parts) = index(&result).and_then(|index| parts.get_mut(index)) {
                parts.add(&result);
            }
        }
    }
    if let Some(error) = unfinished(GET, last_token) {
        return Err(error);
    }
    let about_all = (!about_all.is_empty()).then(|| about_all.join("; "));
    Ok(parts.into_iter().map(|parts| parts.series(about_all.as_deref())).collect())
}

/// Ids must begin with a small letter.
fn sdk_query(index: usize, query: &Query) -> MetricDataQuery {
    let dimensions = query
        .dimensions
        .iter()
        .map(|(name, value)| Dimension::builder().name(name).value(value).build())
        .collect();
    let metric = Metric::builder()
        .namespace(&query.namespace)
        .metric_name(&query.metric)
        .set_dimensions(Some(dimensions))
        .build();
    let stat =
        MetricStat::builder().metric(metric).period(query.period_seconds).stat(&query.statistic).build();
    MetricDataQuery::builder().id(format!("q{index}")).metric_stat(stat).return_data(true).build()
}

fn index(result: &MetricDataResult) -> Option<usize> {
    result.id()?.strip_prefix('q')?.parse().ok()
}

fn message(sdk: &MessageData) -> String {
    let (code, text) = (sdk.code().unwrap_or_default(), sdk.value().unwrap_or_default());
    format!("{code}: {text}")
}

/// One series as it gathers over the pages.
#[derive(Clone, Default)]
struct Parts {
    points: Vec<Point>,
    messages: Vec<String>,
    /// Of the last page that had the series; those before are partial by nature.
    status: Option<StatusCode>,
}

impl Parts {
    fn add(&mut self, result: &MetricDataResult) {
        let points = result.timestamps().iter().zip(result.values()).filter_map(|(at, value)| {
            let at = time(Some(at))?;
            Some(Point { at, value: *value })
        });
        self.points.extend(points);
        self.messages.extend(result.messages().iter().map(message));
        self.status = result.status_code().cloned();
    }

    fn series(mut self, about_all: Option<&str>) -> Series {
        self.points.sort_by_key(|point| point.at);
        let incomplete = match self.status {
            Some(StatusCode::Complete) if self.messages.is_empty() => about_all.map(str::to_owned),
            Some(StatusCode::Complete) => Some(self.messages.join("; ")),
            Some(status) => Some(
                std::iter::once(status.as_str().to_owned())
                    .chain(self.messages)
                    .collect::<Vec<_>>()
                    .join("; "),
            ),
            None => Some(about_all.unwrap_or("CloudWatch did not answer for it").to_owned()),
        };
        Series { points: self.points, incomplete }
    }
}

#[cfg(test)]
mod tests;
