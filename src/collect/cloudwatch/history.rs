//! Changes of the alarms' states: one list for all alarms, the newest first.

use aws_sdk_cloudwatch::types::{self, AlarmType, HistoryItemType, ScanBy};
use chrono::Duration;

use crate::collect::pages::Listing;
use crate::collect::{CollectError, Collector, Context, Read, aws_time, time};
use crate::inventory::Kind as _;
use crate::inventory::cloudwatch::AlarmHistoryItem;

const DESCRIBE: &str = "cloudwatch:DescribeAlarmHistory";
const PAGE: i32 = 100;

/// CloudWatch keeps 30 days; a week shows what people are woken by. A review may want more.
const WINDOW: Duration = Duration::days(7);

/// Ten thousand changes: some ten seconds at CloudWatch's rate, and more than anybody reads in a week.
const MAX_PAGES: usize = 100;

pub(in crate::collect) const ALARM_HISTORY: Collector = Collector {
    resource_type: AlarmHistoryItem::TYPE,
    actions: &[DESCRIBE],
    collect: |context| Box::pin(read(context, MAX_PAGES)),
};

async fn read(context: &Context, max_pages: usize) -> Result<Read, CollectError> {
    let mut pages = context
        .clients
        .cloudwatch
        .describe_alarm_history()
        .alarm_types(AlarmType::MetricAlarm)
        .alarm_types(AlarmType::CompositeAlarm)
        .history_item_type(HistoryItemType::StateUpdate)
        .start_date(aws_time(context.history_from.min(context.now - WINDOW)))
        .end_date(aws_time(context.now))
        .scan_by(ScanBy::TimestampDescending)
        .max_records(PAGE)
        .into_paginator()
        .send();
    let mut listing = Listing { items: Vec::new(), cut: None };
    let mut last_token = None;
    for count in 0..max_pages {
        match pages.next().await {
            Some(Ok(page)) => {
                last_token = page.next_token.filter(|token| !token.is_empty());
                listing.items.extend(page.alarm_history_items.unwrap_or_default());
            }
            Some(Err(error)) if count == 0 => return Err(CollectError::of(DESCRIBE, &error)),
            Some(Err(error)) => {
                listing.cut = Some(CollectError::of(DESCRIBE, &error));
                break;
            }
            None => break,
        }
    }
    let mut read = Read::mapped(listing, |sdk| item(context, sdk))?;
    if last_token.is_some() && read.partial.is_none() {
        read.partial = Some(format!("only the newest {} changes were read", read.resources.len()));
    }
    Ok(read)
}

fn item(context: &Context, sdk: &types::AlarmHistoryItem) -> AlarmHistoryItem {
    let name = sdk.alarm_name().unwrap_or_default();
    let timestamp = time(sdk.timestamp());
    let id = timestamp.map(|at| at.to_rfc3339()).unwrap_or_default();
    let (old_state, new_state) = states(sdk.history_data().unwrap_or_default());
    AlarmHistoryItem {
        meta: context.meta(&id, name, ""),
        alarm_name: name.to_owned(),
        timestamp,
        old_state,
        new_state,
        older: timestamp.is_some_and(|at| at < context.now - WINDOW),
    }
}

/// Of the record that CloudWatch gives as JSON; empty where it has another shape.
fn states(data: &str) -> (String, String) {
    let record: serde_json::Value = serde_json::from_str(data).unwrap_or_default();
    let state = |which: &str| record[which]["stateValue"].as_str().unwrap_or_default().to_owned();
    (state("oldState"), state("newState"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::Client;
    use aws_sdk_cloudwatch::operation::describe_alarm_history::{
        DescribeAlarmHistoryError, DescribeAlarmHistoryOutput,
    };
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;

    fn change(alarm: &str) -> types::AlarmHistoryItem {
        types::AlarmHistoryItem::builder()
            .alarm_name(alarm)
            .timestamp(aws_smithy_types::DateTime::from_secs(1_795_000_000))
            .history_data(
                r#"{"version":"1.0","oldState":{"stateValue":"OK"},"newState":{"stateValue":"ALARM"}}"#,
            )
            .build()
    }

    fn page(alarm: &str, next: Option<String>) -> DescribeAlarmHistoryOutput {
        DescribeAlarmHistoryOutput::builder().alarm_history_items(change(alarm)).set_next_token(next).build()
    }

    #[tokio::test]
    async fn a_week_of_all_alarms_is_read_newest_first() {
        let mut context = mock::context();
        let first = mock!(Client::describe_alarm_history)
            .match_requests(|request| {
                let seconds = |at: Option<&aws_smithy_types::DateTime>| at.unwrap().secs();
                request.next_token().is_none()
                    && request.max_records() == Some(100)
                    && request.alarm_name().is_none()
                    && request.scan_by() == Some(&ScanBy::TimestampDescending)
                    && request.alarm_types() == [AlarmType::MetricAlarm, AlarmType::CompositeAlarm]
                    && seconds(request.end_date()) - seconds(request.start_date()) == 7 * 86_400
            })
            .then_output(|| page("web-5xx", Some("two".to_owned())));
        let second = mock!(Client::describe_alarm_history)
            .match_requests(|request| request.next_token() == Some("two"))
            .then_output(|| page("web-slow", None));
        mock::answer!(context, cloudwatch, aws_sdk_cloudwatch, [first, second]);

        let read = mock::read(&context, AlarmHistoryItem::TYPE).await.unwrap();

        let items: Vec<&AlarmHistoryItem> = read.resources.iter().filter_map(AlarmHistoryItem::of).collect();
        assert_eq!(
            items.iter().map(|item| item.alarm_name.as_str()).collect::<Vec<_>>(),
            ["web-5xx", "web-slow"]
        );
        assert_eq!((items[0].old_state.as_str(), items[0].new_state.as_str()), ("OK", "ALARM"));
        assert_eq!(read.partial, None);
    }

    #[tokio::test]
    async fn a_review_reads_further_back_and_tells_what_is_older_than_a_week() {
        let mut context = mock::context();
        context.history_from = context.now - Duration::days(30);
        let of_a_month = mock!(Client::describe_alarm_history)
            .match_requests(|request| {
                let seconds = |at: Option<&aws_smithy_types::DateTime>| at.unwrap().secs();
                seconds(request.end_date()) - seconds(request.start_date()) == 30 * 86_400
            })
            .then_output(|| {
                let old = types::AlarmHistoryItem::builder()
                    .alarm_name("web-slow")
                    .timestamp(aws_smithy_types::DateTime::from_secs(1_793_000_000))
                    .build();
                DescribeAlarmHistoryOutput::builder()
                    .alarm_history_items(change("web-5xx"))
                    .alarm_history_items(old)
                    .build()
            });
        mock::answer!(context, cloudwatch, aws_sdk_cloudwatch, [of_a_month]);

        let read = mock::read(&context, AlarmHistoryItem::TYPE).await.unwrap();

        let older: Vec<bool> =
            read.resources.iter().filter_map(AlarmHistoryItem::of).map(|item| item.older).collect();
        assert_eq!(older, [false, true]);
    }

    #[tokio::test]
    async fn a_history_without_end_is_cut_and_says_so() {
        let mut context = mock::context();
        let endless = mock!(Client::describe_alarm_history).then_compute_output(|request| {
            let next = request.next_token().unwrap_or_default().len() + 1;
            page("flapping", Some("x".repeat(next)))
        });
        mock::answer!(context, cloudwatch, aws_sdk_cloudwatch, [endless]);

        let read = read(&context, 3).await.unwrap();

        assert_eq!(read.resources.len(), 3);
        assert_eq!(read.partial.as_deref(), Some("only the newest 3 changes were read"));
    }

    #[tokio::test]
    async fn a_denied_history_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_alarm_history)
            .then_error(|| DescribeAlarmHistoryError::generic(mock::service_error("AccessDenied", "No.")));
        mock::answer!(context, cloudwatch, aws_sdk_cloudwatch, [denied]);

        assert!(mock::read(&context, AlarmHistoryItem::TYPE).await.unwrap_err().is_denied());
    }

    #[test]
    fn a_record_of_another_shape_has_no_states() {
        assert_eq!(states(""), (String::new(), String::new()));
        assert_eq!(states("{\"newState\":{}}"), (String::new(), String::new()));
    }
}
