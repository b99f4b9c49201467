use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsOutput;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use aws_sdk_cloudwatchlogs::types::error::ResourceNotFoundException;
use aws_sdk_pi::operation::describe_dimension_keys::{
    DescribeDimensionKeysError, DescribeDimensionKeysOutput,
};
use aws_smithy_mocks::{Rule, mock};

use super::*;
use crate::collect::mock;
use crate::inventory::{CoverageStatus, Meta};

fn instance(id: &str) -> DbInstance {
    DbInstance {
        meta: Meta { id: id.to_owned(), arn: format!("arn:{id}"), ..Meta::default() },
        engine: "postgres".to_owned(),
        dbi_resource_id: Some(format!("db-{id}")),
        ..DbInstance::default()
    }
}

fn scope(instance: DbInstance) -> Scope {
    Scope { resources: vec![instance.into()], ..Scope::default() }
}

async fn filled(context: &Context, mut scope: Scope) -> (Option<SlowQueries>, CoverageStatus) {
    let arns: Vec<String> = scope.resources.iter().map(|one| one.meta().arn.clone()).collect();
    SLOW_QUERIES.fill(context, &mut scope, &arns).await;
    let status = scope.coverage_of(SlowQueries::COVERAGE).unwrap().status;
    let slow = scope.all::<DbInstance>().next().unwrap().slow_queries.clone();
    (slow, status)
}

fn key(dimension: &str, value: &str, total: f64) -> DimensionKeyDescription {
    DimensionKeyDescription::builder().dimensions(dimension, value).total(total).build()
}

fn keys_of(group: &'static str, keys: Vec<DimensionKeyDescription>) -> Rule {
    mock!(aws_sdk_pi::Client::describe_dimension_keys)
        .match_requests(move |request| {
            request.identifier() == Some("db-orders")
                && request.metric() == Some("db.load.avg")
                && request.group_by().is_some_and(|by| by.group() == group)
                // seven days less a minute, though thirty were asked for
                && request.start_time().is_some_and(|at| at.secs() == 1_795_316_400 - 7 * 86_400 + 60)
        })
        .then_output(move || DescribeDimensionKeysOutput::builder().set_keys(Some(keys.clone())).build())
}

#[tokio::test]
async fn performance_insights_tells_load_and_share_without_values() {
    let mut context = mock::context();
    context.history_from = context.now - Duration::days(30);
    let statement = "SELECT * FROM orders WHERE mail = 'ada@example.com' AND id = ?";
    let statements = keys_of("db.sql_tokenized", vec![key("db.sql_tokenized.statement", statement, 1.5)]);
    let kinds = keys_of(
        "db.wait_event_type",
        vec![key("db.wait_event_type.name", "CPU", 2.0), key("db.wait_event_type.name", "IO", 1.0)],
    );
    mock::answer!(context, pi, aws_sdk_pi, [statements, kinds]);

    let database = DbInstance { performance_insights_enabled: true, ..instance("orders") };
    let (slow, status) = filled(&context, scope(database)).await;

    let slow = slow.unwrap();
    assert_eq!(status, CoverageStatus::Complete);
    assert_eq!(slow.source, "performance_insights");
    assert_eq!(slow.note, "Performance Insights tells of the last seven days alone");
    assert_eq!(slow.queries.len(), 1);
    assert_eq!(slow.queries[0].statement, "SELECT * FROM orders WHERE mail = ? AND id = ?");
    assert_eq!((slow.queries[0].load, slow.queries[0].share), (Some(1.5), Some(0.5)));
}

#[tokio::test]
async fn denied_insights_are_denied_and_not_off() {
    let mut context = mock::context();
    let denied = mock!(aws_sdk_pi::Client::describe_dimension_keys).then_error(|| {
        DescribeDimensionKeysError::generic(mock::service_error("AccessDeniedException", "No."))
    });
    mock::answer!(context, pi, aws_sdk_pi, [denied]);

    let database = DbInstance { performance_insights_enabled: true, ..instance("orders") };
    assert_eq!(filled(&context, scope(database)).await, (None, CoverageStatus::Denied));
}

fn line(stream: &str, rest: &str) -> FilteredLogEvent {
    let message = format!("2026-11-22 02:00:00 UTC:10.0.0.7(1):app@orders:[1]:LOG:  duration: {rest}");
    FilteredLogEvent::builder().log_stream_name(stream).timestamp(1_795_300_000_000).message(message).build()
}

#[tokio::test]
async fn else_the_log_is_read_page_by_page_and_only_the_members_own() {
    let mut context = mock::context();
    let first = mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events)
        .match_requests(|request| {
            request.next_token().is_none()
                && request.log_group_name() == Some("/aws/rds/cluster/shop/postgresql")
                && request.log_stream_name_prefix() == Some("shop-1")
                && request.filter_pattern() == Some("\"duration:\"")
                && request.start_time() == Some((1_795_316_400 - 7 * 86_400) * 1000)
        })
        .then_output(|| {
            FilterLogEventsOutput::builder()
                .events(line("shop-1.0", "2000 ms  statement: select * from carts where id = 7"))
                .events(line("shop-10.0", "9000 ms  statement: select other"))
                .next_token("more")
                .build()
        });
    let second = mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events)
        .match_requests(|request| request.next_token() == Some("more"))
        .then_output(|| {
            FilterLogEventsOutput::builder()
                .events(line("shop-1.0", "1000 ms  execute a: select * from carts where id = $1"))
                .build()
        });
    mock::answer!(context, logs, aws_sdk_cloudwatchlogs, [first, second]);

    let database = DbInstance {
        engine: "aurora-postgresql".to_owned(),
        db_cluster_identifier: Some("shop".to_owned()),
        enabled_cloudwatch_logs_exports: vec!["postgresql".to_owned()],
        ..instance("shop-1")
    };
    let (slow, status) = filled(&context, scope(database)).await;

    let slow = slow.unwrap();
    assert_eq!(
        (status, slow.source.as_str(), slow.note.as_str()),
        (CoverageStatus::Complete, "slow_log", "")
    );
    assert_eq!(slow.queries.len(), 1);
    let query = &slow.queries[0];
    assert_eq!(query.statement, "select * from carts where id = ?");
    assert_eq!((query.calls, query.total_seconds, query.max_seconds), (Some(2), Some(3.0), Some(2.0)));
}

#[tokio::test]
async fn a_log_without_end_is_cut_and_says_so() {
    let mut context = mock::context();
    let page = std::sync::atomic::AtomicUsize::new(0);
    let endless = mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events).then_compute_output(move |_| {
        let next = page.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        FilterLogEventsOutput::builder()
            .events(line("orders.0", "1000 ms  statement: select 1"))
            .next_token(format!("{next}"))
            .build()
    });
    mock::answer!(context, logs, aws_sdk_cloudwatchlogs, [endless]);

    let exports = vec!["postgresql".to_owned()];
    let database = DbInstance { enabled_cloudwatch_logs_exports: exports, ..instance("orders") };
    let slow = filled(&context, scope(database)).await.0.unwrap();

    assert_eq!(slow.queries[0].calls, Some(20));
    assert_eq!(slow.note, "the log was not read to its end, but up to 2026-11-21 22:26 UTC");
}

#[tokio::test]
async fn a_log_whose_next_page_fails_tells_what_it_has_and_why_no_more() {
    let mut context = mock::context();
    let first = mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events)
        .match_requests(|request| request.next_token().is_none())
        .then_output(|| {
            FilterLogEventsOutput::builder()
                .events(line("orders.0", "1000 ms  statement: select 1"))
                .next_token("more")
                .build()
        });
    let second = mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events)
        .match_requests(|request| request.next_token() == Some("more"))
        .then_error(|| {
            FilterLogEventsError::generic(mock::service_error("ThrottlingException", "Slow down."))
        });
    mock::answer!(context, logs, aws_sdk_cloudwatchlogs, [first, second]);

    let exports = vec!["postgresql".to_owned()];
    let database = DbInstance { enabled_cloudwatch_logs_exports: exports, ..instance("orders") };
    let slow = filled(&context, scope(database)).await.0.unwrap();

    assert_eq!(slow.queries[0].statement, "select ?");
    assert!(slow.note.ends_with("UTC (throttled: logs:FilterLogEvents (Slow down.))"), "{}", slow.note);
}

#[tokio::test]
async fn where_nothing_records_statements_it_is_off() {
    let mut context = mock::context();
    let gone = mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events).then_error(|| {
        FilterLogEventsError::ResourceNotFoundException(ResourceNotFoundException::builder().build())
    });
    mock::answer!(context, logs, aws_sdk_cloudwatchlogs, [gone]);
    let exports = vec!["postgresql".to_owned()];
    let exported = DbInstance { enabled_cloudwatch_logs_exports: exports, ..instance("orders") };

    for database in [exported, instance("reports")] {
        let (slow, status) = filled(&context, scope(database)).await;
        assert_eq!((slow.unwrap().source.as_str(), status), ("off", CoverageStatus::Complete));
    }
}
