//! The detail `slow_queries`: two calls to Performance Insights for each database that has it, else some pages of its
//! log of slow statements where that is exported, else none.
//!
//! Statements are the customer's: what leaves here has no values in it, see [`statement`].

mod log;
mod statement;

use std::collections::BTreeMap;

use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsError;
use aws_sdk_pi::types::{DimensionGroup, DimensionKeyDescription, ServiceType};
use chrono::{DateTime, Duration, Utc};
use futures::StreamExt as _;
use futures::stream;

use crate::collect::{CollectError, Context, Detail, aws_time};
use crate::inventory::rds::{DbInstance, SlowQueries, SlowQuery};
use crate::inventory::{Kind as _, Scope};
use log::Tally;
use statement::Dialect;

const DESCRIBE_KEYS: &str = "pi:DescribeDimensionKeys";
pub(in crate::collect) const FILTER: &str = "logs:FilterLogEvents";

pub(in crate::collect) const SLOW_QUERIES: Detail = Detail {
    name: "slow_queries",
    resource_type: DbInstance::TYPE,
    coverage: SlowQueries::COVERAGE,
    actions: &[DESCRIBE_KEYS, FILTER],
    fetch: |context, scope, arns| Box::pin(fetch(context, scope, arns)),
};

/// DescribeDimensionKeys takes no earlier start (Performance Insights API reference).
const INSIGHTS: Duration = Duration::days(7);
/// Where no review says how far to look back.
const USUAL: Duration = Duration::days(7);
/// The heaviest statements of a database.
const TOP: usize = 5;
/// The load is an average over hours: the longest period but a day.
const PERIOD_SECONDS: i32 = 3600;
/// Kinds of waiting, which together are the whole load: an engine has fewer.
const KINDS: i32 = 25;
/// Pages of a log, the empty ones with them: some ten seconds at most at CloudWatch Logs' rate.
const MAX_PAGES: usize = 20;
const CONCURRENCY: usize = 4;

/// What one database is asked.
#[derive(Clone, Debug)]
struct Question {
    arn: String,
    engine: String,
    /// What Performance Insights calls it; None where that is off.
    insights: Option<String>,
    /// The group of its log of slow statements; None where that is not exported.
    log_group: Option<String>,
    /// In a cluster's group each member has its own stream.
    stream: Option<String>,
}

async fn fetch(context: &Context, scope: &mut Scope, arns: &[String]) -> Result<(), CollectError> {
    let questions: Vec<Question> =
        scope.all::<DbInstance>().filter(|one| arns.contains(&one.meta.arn)).map(Question::of).collect();
    let mut answers = stream::iter(questions)
        .map(|question| async move { (question.arn.clone(), ask(context, &question).await) })
        .buffer_unordered(CONCURRENCY);
    let mut outcome = Ok(());
    let mut known = BTreeMap::new();
    while let Some((arn, answer)) = answers.next().await {
        match answer {
            Ok(slow) => {
                known.insert(arn, slow);
            }
            Err(error) => outcome = outcome.and(Err(error)),
        }
    }
    for instance in scope.all_mut::<DbInstance>() {
        if let Some(slow) = known.remove(&instance.meta.arn) {
            instance.slow_queries = Some(slow);
        }
    }
    outcome
}

impl Question {
    fn of(instance: &DbInstance) -> Self {
        let log = match Dialect::of(&instance.engine) {
            Some(Dialect::Postgres) => Some("postgresql"),
            Some(Dialect::MySql) => Some("slowquery"),
            None => None,
        };
        let exported =
            log.filter(|log| instance.enabled_cloudwatch_logs_exports.iter().any(|own| own == log));
        let cluster = instance.db_cluster_identifier.as_ref();
        let log_group = exported.map(|log| match cluster {
            Some(cluster) => format!("/aws/rds/cluster/{cluster}/{log}"),
            None => format!("/aws/rds/instance/{}/{log}", instance.meta.id),
        });
        Self {
            arn: instance.meta.arn.clone(),
            engine: instance.engine.clone(),
            insights: instance.dbi_resource_id.clone().filter(|_| instance.performance_insights_enabled),
            stream: cluster.map(|_| instance.meta.id.clone()),
            log_group,
        }
    }
}

async fn ask(context: &Context, question: &Question) -> Result<SlowQueries, CollectError> {
    let asked_from =
        if context.history_from < context.now { context.history_from } else { context.now - USUAL };
    if let Some(id) = &question.insights {
        return insights(context, id, &question.engine, asked_from).await;
    }
    let dialect = Dialect::of(&question.engine);
    if let (Some(group), Some(dialect)) = (&question.log_group, dialect)
        && let Some(slow) = logged(context, question, group, dialect, asked_from).await?
    {
        return Ok(slow);
    }
    Ok(SlowQueries { source: "off".to_owned(), ..SlowQueries::default() })
}

async fn insights(
    context: &Context,
    id: &str,
    engine: &str,
    asked_from: DateTime<Utc>,
) -> Result<SlowQueries, CollectError> {
    // not a second too early by the time that it arrives
    let from = asked_from.max(context.now - INSIGHTS + Duration::minutes(1));
    let top = i32::try_from(TOP).unwrap_or(i32::MAX);
    let statements = keys(context, id, "db.sql_tokenized", top, from).await?;
    let kinds = keys(context, id, "db.wait_event_type", KINDS, from).await;
    // without the whole, a part of it cannot be told
    let whole: Option<f64> =
        kinds.ok().map(|kinds| kinds.iter().filter_map(DimensionKeyDescription::total).sum());
    let dialect = Dialect::of(engine).unwrap_or(Dialect::MySql);
    let queries = statements.iter().filter_map(|key| {
        let text = key.dimensions()?.get("db.sql_tokenized.statement")?;
        let load = key.total()?;
        Some(SlowQuery {
            statement: statement::tokenized(text, dialect),
            load: Some(load),
            share: whole.filter(|whole| *whole > 0.0).map(|whole| (load / whole).clamp(0.0, 1.0)),
            ..SlowQuery::default()
        })
    });
    let note = if from > asked_from + Duration::hours(1) {
        "Performance Insights tells of the last seven days alone"
    } else {
        ""
    };
    Ok(SlowQueries {
        source: "performance_insights".to_owned(),
        from: Some(from),
        until: Some(context.now),
        queries: queries.take(TOP).collect(),
        note: note.to_owned(),
    })
}

async fn keys(
    context: &Context,
    id: &str,
    group: &str,
    limit: i32,
    from: DateTime<Utc>,
) -> Result<Vec<DimensionKeyDescription>, CollectError> {
    let group = DimensionGroup::builder()
        .group(group)
        .limit(limit)
        .build()
        .map_err(|error| CollectError::Malformed { action: DESCRIBE_KEYS, message: error.to_string() })?;
    let answer = context
        .clients
        .pi
        .describe_dimension_keys()
        .service_type(ServiceType::Rds)
        .identifier(id)
        .metric("db.load.avg")
        .start_time(aws_time(from))
        .end_time(aws_time(context.now))
        .period_in_seconds(PERIOD_SECONDS)
        .group_by(group)
        .send()
        .await
        .map_err(|error| CollectError::of(DESCRIBE_KEYS, &error))?;
    Ok(answer.keys.unwrap_or_default())
}

/// None where the group is not there: what is exported has never written anything.
async fn logged(
    context: &Context,
    question: &Question,
    group: &str,
    dialect: Dialect,
    from: DateTime<Utc>,
) -> Result<Option<SlowQueries>, CollectError> {
    let mut pages = context
        .clients
        .logs
        .filter_log_events()
        .log_group_name(group)
        .set_log_stream_name_prefix(question.stream.clone())
        .start_time(from.timestamp_millis())
        .end_time(context.now.timestamp_millis())
        .filter_pattern(dialect.pattern())
        .into_paginator()
        .send();
    let mut tally = Tally::default();
    let mut last = None;
    let mut more = false;
    let mut failed = String::new();
    for count in 0..MAX_PAGES {
        match pages.next().await {
            Some(Ok(page)) => {
                for event in page.events() {
                    // a stream of another member may begin with the same name
                    let own = question.stream.as_deref().is_none_or(|own| {
                        event.log_stream_name().is_some_and(|name| name.split('.').next() == Some(own))
                    });
                    if let Some(message) = event.message().filter(|_| own) {
                        tally.add(message, dialect);
                    }
                    last = event.timestamp().or(last);
                }
                more = page.next_token().is_some_and(|token| !token.is_empty());
            }
            Some(Err(error))
                if error
                    .as_service_error()
                    .is_some_and(FilterLogEventsError::is_resource_not_found_exception) =>
            {
                return Ok(None);
            }
            Some(Err(error)) if count == 0 => return Err(CollectError::of(FILTER, &error)),
            Some(Err(error)) => {
                failed = format!(" ({})", CollectError::of(FILTER, &error));
                more = true;
                break;
            }
            None => break,
        }
    }
    let last = last.and_then(DateTime::from_timestamp_millis).filter(|_| more);
    let until = last.unwrap_or(context.now);
    let note = if more {
        format!("the log was not read to its end, but up to {}{failed}", until.format("%F %H:%M UTC"))
    } else {
        String::new()
    };
    Ok(Some(SlowQueries {
        source: "slow_log".to_owned(),
        from: Some(from),
        until: Some(until),
        queries: tally.heaviest(TOP),
        note,
    }))
}

#[cfg(test)]
mod tests;
