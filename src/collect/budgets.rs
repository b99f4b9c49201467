//! AWS Budgets and whom they notify. They belong to the account, and not to a region.

use std::collections::BTreeMap;

use aws_sdk_budgets::types;
use futures::stream::{self, StreamExt as _};

use super::pages::list;
use super::{CollectError, Collector, Context, Read};
use crate::inventory::Kind as _;
use crate::inventory::budgets::{Budget, BudgetNotification, BudgetSubscriber};

/// One action stands for all the reads of budgets.
const VIEW: &str = "budgets:ViewBudget";
const PAGE: i32 = 1000;
const SUBSCRIBERS_PAGE: i32 = 100;
const CONCURRENCY: usize = 2;

pub(super) const BUDGETS: Collector =
    Collector { resource_type: Budget::TYPE, actions: &[VIEW], collect: |context| Box::pin(read(context)) };

/// Two lists for all budgets, and a call for each notification of some budget.
async fn read(context: &Context) -> Result<Read, CollectError> {
    let client = &context.clients.budgets;
    let account = &context.account;
    let pages = client.describe_budgets().account_id(account).max_results(PAGE).into_paginator().send();
    let budgets = list(VIEW, pages, |page| (page.budgets, page.next_token)).await?;
    if budgets.items.is_empty() {
        return Read::of(Vec::<Budget>::new(), budgets.cut);
    }
    let pages = client
        .describe_budget_notifications_for_account()
        .account_id(account)
        .max_results(PAGE)
        .into_paginator()
        .send();
    let notifications =
        list(VIEW, pages, |page| (page.budget_notifications_for_account, page.next_token)).await?;
    let asked: Vec<(String, types::Notification)> = notifications
        .items
        .into_iter()
        .flat_map(|of_budget| {
            let budget = of_budget.budget_name.unwrap_or_default();
            of_budget.notifications.unwrap_or_default().into_iter().map(move |sdk| (budget.clone(), sdk))
        })
        .collect();
    let mut found: BTreeMap<String, Vec<BudgetNotification>> = BTreeMap::new();
    let mut cut = budgets.cut.or(notifications.cut);
    let mut answers = stream::iter(asked)
        .map(|(budget, sdk)| async move {
            let subscribers = subscribers(context, &budget, &sdk).await;
            (budget, sdk, subscribers)
        })
        .buffered(CONCURRENCY);
    while let Some((budget, sdk, subscribers)) = answers.next().await {
        match subscribers {
            Ok(subscribers) => {
                found.entry(budget).or_default().push(notification(&sdk, subscribers));
            }
            Err(error) => cut = cut.or(Some(error)),
        }
    }
    let budgets = budgets.items.iter().map(|sdk| budget(context, sdk, found.remove(&sdk.budget_name)));
    Read::of(budgets.collect::<Vec<_>>(), cut)
}

async fn subscribers(
    context: &Context,
    budget: &str,
    notification: &types::Notification,
) -> Result<Vec<BudgetSubscriber>, CollectError> {
    let pages = context
        .clients
        .budgets
        .describe_subscribers_for_notification()
        .account_id(&context.account)
        .budget_name(budget)
        .notification(notification.clone())
        .max_results(SUBSCRIBERS_PAGE)
        .into_paginator()
        .send();
    let subscribers = list(VIEW, pages, |page| (page.subscribers, page.next_token)).await?.whole()?;
    let subscriber = |sdk: types::Subscriber| BudgetSubscriber {
        subscription_type: sdk.subscription_type.as_str().to_owned(),
        address: sdk.address,
    };
    Ok(subscribers.into_iter().map(subscriber).collect())
}

fn budget(context: &Context, sdk: &types::Budget, notifications: Option<Vec<BudgetNotification>>) -> Budget {
    let name = &sdk.budget_name;
    let arn = format!("arn:aws:budgets::{}:budget/{name}", context.account);
    Budget {
        meta: context.meta(name, name, &arn),
        budget_type: sdk.budget_type.as_str().to_owned(),
        time_unit: sdk.time_unit.as_str().to_owned(),
        notifications: notifications.unwrap_or_default(),
    }
}

fn notification(sdk: &types::Notification, subscribers: Vec<BudgetSubscriber>) -> BudgetNotification {
    BudgetNotification {
        notification_type: sdk.notification_type.as_str().to_owned(),
        threshold: sdk.threshold,
        threshold_type: sdk.threshold_type.as_ref().map(|kind| kind.as_str().to_owned()),
        subscribers,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_budgets::Client;
    use aws_sdk_budgets::operation::describe_budget_notifications_for_account::DescribeBudgetNotificationsForAccountOutput;
    use aws_sdk_budgets::operation::describe_budgets::{DescribeBudgetsError, DescribeBudgetsOutput};
    use aws_sdk_budgets::operation::describe_subscribers_for_notification::{
        DescribeSubscribersForNotificationError, DescribeSubscribersForNotificationOutput,
    };
    use aws_smithy_mocks::{Rule, RuleMode, mock};

    use super::*;
    use crate::collect::mock;

    fn sdk_budget(name: &str) -> types::Budget {
        types::Budget::builder()
            .budget_name(name)
            .budget_type(types::BudgetType::Cost)
            .time_unit(types::TimeUnit::Monthly)
            .build()
            .unwrap()
    }

    fn sdk_notification(threshold: f64) -> types::Notification {
        types::Notification::builder()
            .notification_type(types::NotificationType::Actual)
            .comparison_operator(types::ComparisonOperator::GreaterThan)
            .threshold(threshold)
            .build()
            .unwrap()
    }

    fn lists() -> [Rule; 3] {
        let first = mock!(Client::describe_budgets)
            .match_requests(|request| {
                request.account_id() == Some("111122223333")
                    && request.max_results() == Some(1000)
                    && request.next_token().is_none()
            })
            .then_output(|| {
                DescribeBudgetsOutput::builder().budgets(sdk_budget("monthly")).next_token("two").build()
            });
        let second = mock!(Client::describe_budgets)
            .match_requests(|request| request.next_token() == Some("two"))
            .then_output(|| DescribeBudgetsOutput::builder().budgets(sdk_budget("silent")).build());
        let notifications = mock!(Client::describe_budget_notifications_for_account).then_output(|| {
            let monthly = types::BudgetNotificationsForAccount::builder()
                .budget_name("monthly")
                .notifications(sdk_notification(80.0))
                .notifications(sdk_notification(100.0))
                .build();
            DescribeBudgetNotificationsForAccountOutput::builder()
                .budget_notifications_for_account(monthly)
                .build()
        });
        [first, second, notifications]
    }

    #[tokio::test]
    async fn budgets_come_with_their_notifications_and_subscribers() {
        let mut context = mock::context();
        let [first, second, notifications] = lists();
        let subscribers = mock!(Client::describe_subscribers_for_notification)
            .match_requests(|request| {
                request.budget_name() == Some("monthly") && request.max_results() == Some(100)
            })
            .then_compute_output(|request| {
                let address = format!("at {}", request.notification().unwrap().threshold);
                let subscriber = types::Subscriber::builder()
                    .subscription_type(types::SubscriptionType::Sns)
                    .address(address)
                    .build()
                    .unwrap();
                DescribeSubscribersForNotificationOutput::builder().subscribers(subscriber).build()
            });
        mock::answer!(
            context,
            budgets,
            aws_sdk_budgets,
            RuleMode::MatchAny,
            [first, second, notifications, subscribers]
        );

        let read = mock::read(&context, Budget::TYPE).await.unwrap();

        assert_eq!(read.partial, None);
        let budgets: Vec<&Budget> = read.resources.iter().filter_map(Budget::of).collect();
        assert_eq!(budgets.len(), 2);
        assert_eq!(budgets[0].meta.arn, "arn:aws:budgets::111122223333:budget/monthly");
        let addresses: Vec<&str> =
            budgets[0].notifications.iter().map(|told| told.subscribers[0].address.as_str()).collect();
        assert_eq!(addresses, ["at 80", "at 100"]);
        assert_eq!(budgets[1].notifications, []);
    }

    #[tokio::test]
    async fn unread_subscribers_leave_the_list_partial() {
        let mut context = mock::context();
        let [first, second, notifications] = lists();
        let failed = mock!(Client::describe_subscribers_for_notification).then_error(|| {
            DescribeSubscribersForNotificationError::generic(mock::service_error(
                "InternalErrorException",
                "Oh.",
            ))
        });
        mock::answer!(
            context,
            budgets,
            aws_sdk_budgets,
            RuleMode::MatchAny,
            [first, second, notifications, failed]
        );

        let read = mock::read(&context, Budget::TYPE).await.unwrap();

        assert_eq!(read.resources.len(), 2);
        assert!(read.partial.unwrap().contains("budgets:ViewBudget"));
    }

    #[tokio::test]
    async fn a_denied_list_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_budgets).then_error(|| {
            DescribeBudgetsError::generic(mock::service_error("AccessDeniedException", "No."))
        });
        mock::answer!(context, budgets, aws_sdk_budgets, [denied]);

        assert!(mock::read(&context, Budget::TYPE).await.unwrap_err().is_denied());
    }
}
