//! SNS topics and subscriptions: whom an alarm reaches.

pub(super) mod access;

use aws_sdk_sns::types;

use super::pages::list;
use super::{CollectError, Collector, Context, Read};
use crate::inventory::Kind as _;
use crate::inventory::sns::{Subscription, Topic};

const LIST_TOPICS: &str = "sns:ListTopics";
const LIST_SUBSCRIPTIONS: &str = "sns:ListSubscriptions";

pub(super) const TOPICS: Collector = Collector {
    resource_type: Topic::TYPE,
    actions: &[LIST_TOPICS],
    collect: |context| Box::pin(read_topics(context)),
};

pub(super) const SUBSCRIPTIONS: Collector = Collector {
    resource_type: Subscription::TYPE,
    actions: &[LIST_SUBSCRIPTIONS],
    collect: |context| Box::pin(read_subscriptions(context)),
};

async fn read_topics(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.sns.list_topics().into_paginator().send();
    let topics = list(LIST_TOPICS, pages, |page| (page.topics, page.next_token)).await?;
    Read::mapped(topics, |sdk| topic(context, sdk))
}

async fn read_subscriptions(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.sns.list_subscriptions().into_paginator().send();
    let subscriptions = list(LIST_SUBSCRIPTIONS, pages, |page| (page.subscriptions, page.next_token)).await?;
    Read::mapped(subscriptions, |sdk| subscription(context, sdk))
}

fn topic(context: &Context, sdk: &types::Topic) -> Topic {
    let arn = sdk.topic_arn().unwrap_or_default();
    let name = last_part(arn);
    Topic { meta: context.meta(name, name, arn), ..Topic::default() }
}

/// Until it is confirmed, a subscription has the words PendingConfirmation in place
/// of an ARN, and for a while after its end the word Deleted.
fn subscription(context: &Context, sdk: &types::Subscription) -> Subscription {
    let endpoint = sdk.endpoint().unwrap_or_default();
    let arn = sdk.subscription_arn().filter(|arn| arn.starts_with("arn:"));
    let id = arn.map_or(endpoint, last_part);
    Subscription {
        meta: context.meta(id, endpoint, arn.unwrap_or_default()),
        topic_arn: sdk.topic_arn().unwrap_or_default().to_owned(),
        protocol: sdk.protocol().unwrap_or_default().to_owned(),
        endpoint: endpoint.to_owned(),
        confirmed: arn.is_some(),
    }
}

fn last_part(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use aws_sdk_sns::Client;
    use aws_sdk_sns::operation::list_subscriptions::{ListSubscriptionsError, ListSubscriptionsOutput};
    use aws_sdk_sns::operation::list_topics::ListTopicsOutput;
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;

    const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:alarms";

    fn subscribed(arn: &str) -> types::Subscription {
        types::Subscription::builder()
            .subscription_arn(arn)
            .topic_arn(TOPIC)
            .protocol("email")
            .endpoint("dev@example.com")
            .build()
    }

    #[tokio::test]
    async fn topics_are_read_page_by_page() {
        let mut context = mock::context();
        let page = |arn: &str, next: Option<&str>| {
            ListTopicsOutput::builder()
                .topics(types::Topic::builder().topic_arn(arn).build())
                .set_next_token(next.map(str::to_owned))
                .build()
        };
        let first = mock!(Client::list_topics)
            .match_requests(|request| request.next_token().is_none())
            .then_output(move || page(TOPIC, Some("two")));
        let second = mock!(Client::list_topics)
            .match_requests(|request| request.next_token() == Some("two"))
            .then_output(move || page("arn:aws:sns:eu-west-1:111122223333:chat", None));
        mock::answer!(context, sns, aws_sdk_sns, [first, second]);

        let read = mock::read(&context, Topic::TYPE).await.unwrap();

        let ids: Vec<&str> = read.resources.iter().map(|r| r.meta().id.as_str()).collect();
        assert_eq!(ids, ["alarms", "chat"]);
    }

    #[tokio::test]
    async fn subscriptions_are_read_page_by_page() {
        let mut context = mock::context();
        let page = |next: Option<&str>| {
            ListSubscriptionsOutput::builder()
                .subscriptions(subscribed("PendingConfirmation"))
                .set_next_token(next.map(str::to_owned))
                .build()
        };
        let first = mock!(Client::list_subscriptions)
            .match_requests(|request| request.next_token().is_none())
            .then_output(move || page(Some("two")));
        let second = mock!(Client::list_subscriptions)
            .match_requests(|request| request.next_token() == Some("two"))
            .then_output(move || page(None));
        mock::answer!(context, sns, aws_sdk_sns, [first, second]);

        assert_eq!(mock::read(&context, Subscription::TYPE).await.unwrap().resources.len(), 2);
    }

    #[tokio::test]
    async fn a_denied_list_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::list_subscriptions)
            .then_error(|| ListSubscriptionsError::generic(mock::service_error("AuthorizationError", "No.")));
        mock::answer!(context, sns, aws_sdk_sns, [denied]);

        assert!(mock::read(&context, Subscription::TYPE).await.unwrap_err().is_denied());
    }

    #[test]
    fn only_a_subscription_with_an_arn_is_confirmed() {
        let context = mock::context();

        let live = subscription(&context, &subscribed(&format!("{TOPIC}:8a21d249")));
        assert!(live.confirmed);
        assert_eq!(live.meta.id, "8a21d249");
        assert_eq!(live.meta.name, "dev@example.com");
        for word in ["PendingConfirmation", "Deleted"] {
            let waiting = subscription(&context, &subscribed(word));
            assert!(!waiting.confirmed);
            assert_eq!(waiting.meta.arn, "");
            assert_eq!(waiting.meta.id, "dev@example.com");
        }
    }
}
