//! Write events of CloudTrail's event history, newest first.
//!
//! Two requests a second and fifty events each: the one read that may run into the
//! deadline, so it stops there itself and hands in what it has. Events may come twice.

use std::collections::BTreeSet;

use aws_sdk_cloudtrail::operation::lookup_events::{LookupEventsError, LookupEventsOutput};
use aws_sdk_cloudtrail::types::{self, LookupAttribute, LookupAttributeKey};
use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::window;
use crate::collect::pages::unfinished;
use crate::collect::{CollectError, Context, Read, aws_time, time};
use crate::inventory::Meta;
use crate::inventory::cloudtrail::{Event, EventResource};

pub(in crate::collect) const LOOKUP: &str = "cloudtrail:LookupEvents";
const PAGE: i32 = 50;

/// The event history keeps 90 days (CloudTrail User Guide, "Working with CloudTrail event history").
pub(in crate::collect) const KEPT: TimeDelta = TimeDelta::days(90);

pub(super) async fn read(context: &Context) -> Result<Read, CollectError> {
    let from = context.events_from.max(context.now - KEPT);
    let mut pages = pages(context, LookupAttributeKey::ReadOnly, "false", from);
    let mut events: Vec<Event> = Vec::new();
    let mut ids = BTreeSet::new();
    let mut last_token = None;
    let cut = loop {
        match tokio::time::timeout_at(context.deadline, pages.next()).await {
            Ok(Some(Ok(page))) => {
                last_token = page.next_token;
                for sdk in page.events.unwrap_or_default() {
                    if ids.insert(sdk.event_id().unwrap_or_default().to_owned()) {
                        events.push(event(context, &sdk));
                    }
                }
            }
            Ok(Some(Err(error))) => break Some(CollectError::of(LOOKUP, &error)),
            Ok(None) => break unfinished(LOOKUP, last_token),
            Err(_) => break Some(CollectError::OutOfTime),
        }
    };
    let seen_from = match &cut {
        None => from,
        Some(_) => oldest(&events).unwrap_or(context.now),
    };
    let mut seen = window(seen_from, context.now);
    if context.events_from < from {
        seen.push_str("; the event history keeps 90 days, and what was before is only in a trail");
    }
    let read = Read::of(events, cut)?;
    Ok(Read { window: seen, ..read })
}

/// The events that one attribute selects, which is all that LookupEvents takes, from then until now.
pub(in crate::collect) fn pages(
    context: &Context,
    key: LookupAttributeKey,
    value: &str,
    from: DateTime<Utc>,
) -> PaginationStream<Result<LookupEventsOutput, SdkError<LookupEventsError, HttpResponse>>> {
    let attribute = LookupAttribute::builder().attribute_key(key).attribute_value(value);
    context
        .clients
        .cloudtrail
        .lookup_events()
        .lookup_attributes(attribute.build().expect("key and value are set"))
        .start_time(aws_time(from))
        .end_time(aws_time(context.now))
        .max_results(PAGE)
        .into_paginator()
        .send()
}

/// Down to where a list that was cut short can be relied on.
fn oldest(events: &[Event]) -> Option<DateTime<Utc>> {
    events.iter().filter_map(|event| event.event_time).min()
}

pub(in crate::collect) fn event(context: &Context, sdk: &types::Event) -> Event {
    let id = sdk.event_id().unwrap_or_default();
    let name = sdk.event_name().unwrap_or_default();
    let event_time = time(sdk.event_time());
    let meta = context.meta(id, name, "");
    Event {
        meta: Meta { created_at: event_time, ..meta },
        event_time,
        event_source: sdk.event_source().unwrap_or_default().to_owned(),
        event_name: name.to_owned(),
        username: sdk.username().map(str::to_owned),
        resources: sdk
            .resources()
            .iter()
            .map(|resource| EventResource {
                resource_type: resource.resource_type().map(str::to_owned),
                resource_name: resource.resource_name().map(str::to_owned),
            })
            .collect(),
        record: sdk
            .cloud_trail_event()
            .and_then(|record| serde_json::from_str(record).ok())
            .unwrap_or(Value::Null),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudtrail::Client;
    use aws_smithy_mocks::{Rule, mock};
    use tokio::time::Instant;

    use super::*;
    use crate::collect::mock;
    use crate::inventory::Kind as _;

    fn sdk_event(id: &str, seconds: i64) -> types::Event {
        types::Event::builder()
            .event_id(id)
            .event_name("PutRetentionPolicy")
            .event_time(aws_smithy_types::DateTime::from_secs(seconds))
            .cloud_trail_event(r#"{"eventVersion":"1.11","userAgent":"Mozilla/5.0"}"#)
            .build()
    }

    fn first_page() -> Rule {
        mock!(Client::lookup_events)
            .match_requests(|request| {
                let [attribute] = request.lookup_attributes() else {
                    return false;
                };
                request.next_token().is_none()
                    && request.max_results() == Some(50)
                    && attribute.attribute_key() == &LookupAttributeKey::ReadOnly
                    && attribute.attribute_value() == "false"
                    && request.start_time().is_some_and(|at| at.secs() == 1_795_226_400)
                    && request.end_time().is_some_and(|at| at.secs() == 1_795_316_400)
            })
            .then_output(|| {
                LookupEventsOutput::builder()
                    .events(sdk_event("two", 1_795_316_000))
                    .events(sdk_event("one", 1_795_315_000))
                    .next_token("two")
                    .build()
            })
    }

    #[tokio::test]
    async fn writes_of_the_window_are_read_page_by_page_and_each_event_once() {
        let mut context = mock::context();
        let second = mock!(Client::lookup_events)
            .match_requests(|request| request.next_token() == Some("two"))
            .then_output(|| {
                LookupEventsOutput::builder()
                    .events(sdk_event("one", 1_795_315_000))
                    .events(sdk_event("zero", 1_795_314_000))
                    .build()
            });
        mock::answer!(context, cloudtrail, aws_sdk_cloudtrail, [first_page(), second]);

        let read = mock::read(&context, Event::TYPE).await.unwrap();

        assert_eq!(read.partial, None);
        assert_eq!(read.window, "saw 2026-11-21T02:00:00Z to 2026-11-22T03:00:00Z");
        let ids: Vec<&str> = read.resources.iter().map(|r| r.meta().id.as_str()).collect();
        assert_eq!(ids, ["two", "one", "zero"]);
        let event = Event::of(&read.resources[0]).unwrap();
        assert_eq!(event.record["userAgent"], "Mozilla/5.0");
    }

    #[tokio::test]
    async fn a_read_that_is_cut_short_tells_how_far_it_came() {
        let mut context = mock::context();
        let second = mock!(Client::lookup_events)
            .match_requests(|request| request.next_token() == Some("two"))
            .then_error(|| {
                LookupEventsError::generic(mock::service_error("ThrottlingException", "Rate exceeded"))
            });
        mock::answer!(context, cloudtrail, aws_sdk_cloudtrail, [first_page(), second]);

        let read = mock::read(&context, Event::TYPE).await.unwrap();

        assert_eq!(read.resources.len(), 2);
        assert_eq!(read.window, "saw 2026-11-22T02:36:40Z to 2026-11-22T03:00:00Z");
        assert_eq!(read.partial.unwrap(), "throttled: cloudtrail:LookupEvents (Rate exceeded)");
    }

    #[tokio::test]
    async fn a_window_longer_than_the_history_begins_where_the_history_does() {
        let mut context = mock::context();
        context.events_from = mock::at("2026-05-01T00:00:00Z");
        let page = mock!(Client::lookup_events)
            .match_requests(|request| {
                request.start_time().is_some_and(|at| at.secs() == 1_795_316_400 - 90 * 86_400)
            })
            .then_output(|| LookupEventsOutput::builder().build());
        mock::answer!(context, cloudtrail, aws_sdk_cloudtrail, [page]);

        let read = mock::read(&context, Event::TYPE).await.unwrap();

        assert_eq!(
            read.window,
            "saw 2026-08-24T03:00:00Z to 2026-11-22T03:00:00Z; the event history keeps 90 days, and what was before \
             is only in a trail"
        );
    }

    #[tokio::test]
    async fn the_deadline_keeps_the_pages_that_were_read() {
        let mut context = mock::context();
        let endless = mock!(Client::lookup_events).then_compute_output(|request| {
            let page = request.next_token().map_or(0, str::len);
            LookupEventsOutput::builder()
                .events(sdk_event(&page.to_string(), 1_795_316_000))
                .next_token("x".repeat(page + 1))
                .build()
        });
        mock::answer!(context, cloudtrail, aws_sdk_cloudtrail, [endless]);
        context.deadline = Instant::now() + std::time::Duration::from_millis(800);

        let read = mock::read(&context, Event::TYPE).await.unwrap();

        assert!(!read.resources.is_empty());
        assert_eq!(read.partial.unwrap(), "out of time before it was read");
    }

    #[tokio::test]
    async fn a_denied_lookup_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::lookup_events)
            .then_error(|| LookupEventsError::generic(mock::service_error("AccessDeniedException", "No.")));
        mock::answer!(context, cloudtrail, aws_sdk_cloudtrail, [denied]);

        assert!(mock::read(&context, Event::TYPE).await.unwrap_err().is_denied());
    }

    #[test]
    fn a_record_that_is_no_json_is_null() {
        let sdk = types::Event::builder().event_id("one").cloud_trail_event("{").build();

        assert_eq!(event(&mock::context(), &sdk).record, Value::Null);
    }
}
