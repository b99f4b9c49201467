//! SQS queues: one call for each, since the list gives nothing but addresses.

use aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesError;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use chrono::DateTime;
use futures::StreamExt as _;
use futures::stream;
use serde_json::Value;

use super::pages::list;
use super::{CollectError, Collector, Context, Read};
use crate::inventory::sqs::{Queue, RedrivePolicy};
use crate::inventory::{Kind as _, Meta};

const LIST: &str = "sqs:ListQueues";
const ATTRIBUTES: &str = "sqs:GetQueueAttributes";
/// Without a size, AWS gives a thousand and does not say that there are more.
const PAGE: i32 = 1000;
/// Requests in flight.
const CONCURRENCY: usize = 8;

pub(super) const QUEUES: Collector = Collector {
    resource_type: Queue::TYPE,
    actions: &[LIST, ATTRIBUTES],
    collect: |context| Box::pin(read(context)),
};

async fn read(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.sqs.list_queues().max_results(PAGE).into_paginator().send();
    let urls = list(LIST, pages, |page| (page.queue_urls, page.next_token)).await?;
    let mut cut = urls.cut;
    let mut calls = stream::iter(urls.items).map(|url| queue(context, url)).buffer_unordered(CONCURRENCY);
    let mut queues = Vec::new();
    while let Some(read) = calls.next().await {
        match read {
            Ok(queue) => queues.extend(queue),
            Err(error) => {
                let denied = error.is_denied();
                cut = cut.or(Some(error));
                if denied {
                    break;
                }
            }
        }
    }
    Read::of(queues, cut)
}

/// None where it went since it was listed.
async fn queue(context: &Context, url: String) -> Result<Option<Queue>, CollectError> {
    let answer = context
        .clients
        .sqs
        .get_queue_attributes()
        .queue_url(&url)
        .attribute_names(Attribute::All)
        .send()
        .await;
    let answer = match answer {
        Err(error)
            if error.as_service_error().is_some_and(GetQueueAttributesError::is_queue_does_not_exist) =>
        {
            return Ok(None);
        }
        answer => answer.map_err(|error| CollectError::of(ATTRIBUTES, &error))?,
    };
    let text = |name: Attribute| answer.attributes()?.get(&name).map(String::as_str);
    let number = |name: Attribute| text(name)?.parse::<i64>().ok();
    let json = |name: Attribute| serde_json::from_str::<Value>(text(name)?).ok();
    let name = url.rsplit('/').next().unwrap_or_default();
    let meta = context.meta(name, name, text(Attribute::QueueArn).unwrap_or_default());
    Ok(Some(Queue {
        meta: Meta {
            created_at: number(Attribute::CreatedTimestamp).and_then(|at| DateTime::from_timestamp(at, 0)),
            ..meta
        },
        fifo_queue: name.strip_suffix(".fifo").is_some(),
        message_retention_period: number(Attribute::MessageRetentionPeriod),
        visibility_timeout: number(Attribute::VisibilityTimeout),
        redrive_policy: json(Attribute::RedrivePolicy).and_then(|policy| redrive(&policy)),
        redrive_permission: json(Attribute::RedriveAllowPolicy)
            .and_then(|policy| Some(policy.get("redrivePermission")?.as_str()?.to_owned())),
        url,
        ..Queue::default()
    }))
}

/// The count is a number or a text, as whoever set it wrote it.
fn redrive(policy: &Value) -> Option<RedrivePolicy> {
    let count = policy.get("maxReceiveCount")?;
    Some(RedrivePolicy {
        dead_letter_target_arn: policy.get("deadLetterTargetArn")?.as_str()?.to_owned(),
        max_receive_count: count.as_i64().or_else(|| count.as_str()?.parse().ok()).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::Client;
    use aws_sdk_sqs::operation::get_queue_attributes::{GetQueueAttributesError, GetQueueAttributesOutput};
    use aws_sdk_sqs::operation::list_queues::ListQueuesOutput;
    use aws_sdk_sqs::types::error::QueueDoesNotExist;
    use aws_smithy_mocks::mock;
    use serde_json::json;

    use super::*;
    use crate::collect::mock;

    const BASE: &str = "https://sqs.eu-west-1.amazonaws.com/111122223333";

    fn listed(names: &[&str], next: Option<&str>) -> ListQueuesOutput {
        let urls = names.iter().map(|name| format!("{BASE}/{name}")).collect();
        ListQueuesOutput::builder().set_queue_urls(Some(urls)).set_next_token(next.map(str::to_owned)).build()
    }

    fn attributes() -> GetQueueAttributesOutput {
        GetQueueAttributesOutput::builder()
            .attributes(Attribute::QueueArn, "arn:aws:sqs:eu-west-1:111122223333:jobs")
            .attributes(Attribute::CreatedTimestamp, "1790000000")
            .attributes(Attribute::MessageRetentionPeriod, "345600")
            .attributes(
                Attribute::RedrivePolicy,
                r#"{"deadLetterTargetArn":"arn:dead","maxReceiveCount":"5"}"#,
            )
            .attributes(Attribute::RedriveAllowPolicy, r#"{"redrivePermission":"denyAll"}"#)
            .build()
    }

    #[tokio::test]
    async fn queues_are_listed_by_the_thousand_and_asked_one_by_one() {
        let mut context = mock::context();
        let first = mock!(Client::list_queues)
            .match_requests(|request| request.next_token().is_none() && request.max_results() == Some(1000))
            .then_output(|| listed(&["jobs"], Some("two")));
        let second = mock!(Client::list_queues)
            .match_requests(|request| request.next_token() == Some("two"))
            .then_output(|| listed(&["mail.fifo"], None));
        let each = mock!(Client::get_queue_attributes).then_output(attributes);
        mock::answer!(context, sqs, aws_sdk_sqs, [first, second, each]);

        let mut read = mock::read(&context, Queue::TYPE).await.unwrap();

        assert_eq!(read.partial, None);
        read.resources.sort_by_key(|resource| resource.meta().id.clone());
        let queues: Vec<&Queue> = read.resources.iter().filter_map(Queue::of).collect();
        assert_eq!((queues[0].meta.id.as_str(), queues[0].fifo_queue), ("jobs", false));
        assert_eq!((queues[1].meta.id.as_str(), queues[1].fifo_queue), ("mail.fifo", true));
        assert_eq!(queues[0].meta.created_at, DateTime::from_timestamp(1_790_000_000, 0));
        let redrive = queues[0].redrive_policy.as_ref().unwrap();
        assert_eq!((redrive.dead_letter_target_arn.as_str(), redrive.max_receive_count), ("arn:dead", 5));
        assert_eq!(queues[0].redrive_permission.as_deref(), Some("denyAll"));
    }

    #[tokio::test]
    async fn a_queue_that_is_gone_by_now_is_none() {
        let mut context = mock::context();
        let names = mock!(Client::list_queues).then_output(|| listed(&["gone"], None));
        let gone = mock!(Client::get_queue_attributes)
            .then_error(|| GetQueueAttributesError::QueueDoesNotExist(QueueDoesNotExist::builder().build()));
        mock::answer!(context, sqs, aws_sdk_sqs, [names, gone]);

        let read = mock::read(&context, Queue::TYPE).await.unwrap();

        assert_eq!((read.resources.len(), read.partial), (0, None));
    }

    /// A queue without its attributes would look like one without a dead-letter queue.
    #[tokio::test]
    async fn denied_attributes_leave_no_queue_behind() {
        let mut context = mock::context();
        let names = mock!(Client::list_queues).then_output(|| listed(&["jobs"], None));
        let denied = mock!(Client::get_queue_attributes)
            .then_error(|| GetQueueAttributesError::generic(mock::service_error("AccessDenied", "No.")));
        mock::answer!(context, sqs, aws_sdk_sqs, [names, denied]);

        let error = mock::read(&context, Queue::TYPE).await.unwrap_err();

        assert!(error.is_denied());
        assert_eq!(error.to_string(), "denied: sqs:GetQueueAttributes (No.)");
    }

    #[test]
    fn a_policy_that_says_less_is_no_policy() {
        assert_eq!(redrive(&json!({ "maxReceiveCount": 3 })), None);
        assert_eq!(
            redrive(&json!({ "deadLetterTargetArn": "arn:dead", "maxReceiveCount": 3 }))
                .unwrap()
                .max_receive_count,
            3
        );
    }
}
