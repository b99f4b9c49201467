//! What RDS tells of its databases: failovers, failures, storage that runs out, restarts.

use aws_sdk_rds::types;
use chrono::Duration;

use super::text;
use crate::collect::pages::list;
use crate::collect::{CollectError, Collector, Context, Read, aws_time, time, window};
use crate::inventory::rds::RdsEvent;
use crate::inventory::{Kind as _, Meta};

const DESCRIBE: &str = "rds:DescribeEvents";
const PAGE: i32 = 100;

/// RDS keeps no more.
const KEPT: Duration = Duration::days(14);

pub(in crate::collect) const EVENTS: Collector = Collector {
    resource_type: RdsEvent::TYPE,
    actions: &[DESCRIBE],
    collect: |context| Box::pin(read(context)),
};

async fn read(context: &Context) -> Result<Read, CollectError> {
    let from = context.events_from.max(context.now - KEPT);
    let pages = context
        .clients
        .rds
        .describe_events()
        .start_time(aws_time(from))
        .end_time(aws_time(context.now))
        .max_records(PAGE)
        .into_paginator()
        .send();
    let listing = list(DESCRIBE, pages, |page| (page.events, page.marker)).await?;
    let read = Read::mapped(listing, |sdk| event(context, sdk))?;
    Ok(Read { window: window(from, context.now), ..read })
}

fn event(context: &Context, sdk: &types::Event) -> RdsEvent {
    let source = sdk.source_identifier().unwrap_or_default();
    let date = time(sdk.date());
    let id = format!("{} {source}", date.map(|at| at.to_rfc3339()).unwrap_or_default());
    let meta = context.meta(&id, source, sdk.source_arn().unwrap_or_default());
    RdsEvent {
        meta: Meta { created_at: date, ..meta },
        date,
        source_identifier: source.to_owned(),
        source_type: sdk.source_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        event_categories: sdk.event_categories().to_vec(),
        message: text(sdk.message()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::Client;
    use aws_sdk_rds::operation::describe_events::{DescribeEventsError, DescribeEventsOutput};
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;

    fn failover() -> types::Event {
        types::Event::builder()
            .source_identifier("orders")
            .source_type(types::SourceType::DbInstance)
            .source_arn("arn:aws:rds:eu-west-1:111122223333:db:orders")
            .event_categories("failover")
            .message("Multi-AZ instance failover started.")
            .date(aws_smithy_types::DateTime::from_secs(1_795_316_000))
            .build()
    }

    #[tokio::test]
    async fn events_of_the_window_are_read_page_by_page() {
        let mut context = mock::context();
        let first = mock!(Client::describe_events)
            .match_requests(|request| {
                request.marker().is_none()
                    && request.max_records() == Some(100)
                    && request.start_time().is_some_and(|at| at.secs() == 1_795_226_400)
                    && request.end_time().is_some_and(|at| at.secs() == 1_795_316_400)
            })
            .then_output(|| DescribeEventsOutput::builder().events(failover()).marker("more").build());
        let second = mock!(Client::describe_events)
            .match_requests(|request| request.marker() == Some("more"))
            .then_output(|| DescribeEventsOutput::builder().build());
        mock::answer!(context, rds, aws_sdk_rds, [first, second]);

        let read = mock::read(&context, RdsEvent::TYPE).await.unwrap();

        assert_eq!((read.resources.len(), read.partial), (1, None));
        assert_eq!(read.window, "saw 2026-11-21T02:00:00Z to 2026-11-22T03:00:00Z");
        let event = RdsEvent::of(&read.resources[0]).unwrap();
        assert_eq!((event.source_identifier.as_str(), event.source_type.as_str()), ("orders", "db-instance"));
        assert_eq!(event.event_categories, ["failover"]);
        assert_eq!(event.date.unwrap().to_rfc3339(), "2026-11-22T02:53:20+00:00");
    }

    #[tokio::test]
    async fn what_is_older_than_rds_keeps_is_not_asked_for() {
        let mut context = mock::context();
        context.events_from = context.now - Duration::days(30);
        let rule = mock!(Client::describe_events)
            .match_requests(|request| {
                request.start_time().is_some_and(|at| at.secs() == 1_795_316_400 - 14 * 86_400)
            })
            .then_output(|| DescribeEventsOutput::builder().build());
        mock::answer!(context, rds, aws_sdk_rds, [rule]);

        let read = mock::read(&context, RdsEvent::TYPE).await.unwrap();

        assert_eq!(read.window, "saw 2026-11-08T03:00:00Z to 2026-11-22T03:00:00Z");
    }

    #[tokio::test]
    async fn denied_events_are_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_events)
            .then_error(|| DescribeEventsError::generic(mock::service_error("AccessDenied", "No.")));
        mock::answer!(context, rds, aws_sdk_rds, [denied]);

        assert!(mock::read(&context, RdsEvent::TYPE).await.unwrap_err().is_denied());
    }
}
