//! What publishes to a topic, and whom that reaches.

use std::collections::BTreeMap;

use crate::inventory::budgets::Budget;
use crate::inventory::cloudwatch::Alarm;
use crate::inventory::sns::{Subscribers, Subscription, Topic};
use crate::inventory::{Kind as _, Scope};

/// Topic.alarm_names.
pub(super) fn alarm_names(scope: &Scope) -> Vec<Option<Vec<String>>> {
    let mut names: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for alarm in scope.all::<Alarm>() {
        let mut actions: Vec<&String> =
            [&alarm.alarm_actions, &alarm.ok_actions, &alarm.insufficient_data_actions]
                .into_iter()
                .flatten()
                .collect();
        actions.sort();
        actions.dedup();
        for action in actions {
            names.entry(action).or_default().push(alarm.meta.name.clone());
        }
    }
    of_topics(scope, &names, scope.complete(Alarm::TYPE))
}

/// Topic.budget_names. Budgets belong to the account and not to a region.
pub(super) fn budget_names(scope: &Scope, account_wide: &Scope) -> Vec<Option<Vec<String>>> {
    let mut names: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for budget in account_wide.all::<Budget>() {
        for subscriber in budget.notifications.iter().flat_map(|told| &told.subscribers) {
            let told = names.entry(&subscriber.address).or_default();
            if !told.contains(&budget.meta.name) {
                told.push(budget.meta.name.clone());
            }
        }
    }
    of_topics(scope, &names, account_wide.complete(Budget::TYPE))
}

/// Null where there may be more.
fn of_topics(scope: &Scope, names: &BTreeMap<&str, Vec<String>>, complete: bool) -> Vec<Option<Vec<String>>> {
    let of = |topic: &Topic| names.get(topic.meta.arn.as_str()).cloned().unwrap_or_default();
    scope.all::<Topic>().map(|topic| complete.then(|| of(topic))).collect()
}

/// Topic.subscribers.
pub(super) fn subscribers(scope: &Scope) -> Vec<Option<Subscribers>> {
    let mut counts: BTreeMap<&str, Subscribers> = BTreeMap::new();
    for subscription in scope.all::<Subscription>() {
        let count = counts.entry(&subscription.topic_arn).or_default();
        match (subscription.confirmed, subscription.meta.arn.as_str()) {
            // SNS lists an ended subscription for some days.
            (_, "Deleted") => {}
            (true, _) => count.confirmed += 1,
            (false, _) => count.pending += 1,
        }
    }
    let complete = scope.complete(Subscription::TYPE);
    let of = |topic: &Topic| counts.get(topic.meta.arn.as_str()).cloned().unwrap_or_default();
    scope.all::<Topic>().map(|topic| complete.then(|| of(topic))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::relate::testing::{read, scope};

    const ALL: [&str; 3] = [Alarm::TYPE, Subscription::TYPE, Budget::TYPE];

    fn account(complete: &[&str]) -> Scope {
        let mut resources = read(Topic::TYPE, json!([{ "arn": "arn:ops" }, { "arn": "arn:idle" }]));
        resources.extend(read(
            Alarm::TYPE,
            json!([
                { "name": "web", "alarm_actions": ["arn:ops"], "ok_actions": ["arn:ops"] },
                { "name": "api", "insufficient_data_actions": ["arn:ops", "arn:other"] },
                { "name": "none" },
            ]),
        ));
        let told =
            |address: &str| json!({ "subscribers": [{ "subscription_type": "SNS", "address": address }] });
        resources.extend(read(
            Budget::TYPE,
            json!([{ "name": "monthly", "notifications": [told("arn:ops"), told("arn:ops"), told("me@example.com")] }]),
        ));
        resources.extend(read(
            Subscription::TYPE,
            json!([
                { "topic_arn": "arn:ops", "arn": "arn:1", "confirmed": true },
                { "topic_arn": "arn:ops", "confirmed": false },
                { "topic_arn": "arn:ops", "arn": "Deleted", "confirmed": true },
            ]),
        ));
        scope(resources, complete)
    }

    #[test]
    fn a_topic_knows_who_publishes_to_it_each_once() {
        let scope = account(&ALL);
        let names = |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        assert_eq!(alarm_names(&scope), [names(&["web", "api"]), names(&[])]);
        assert_eq!(budget_names(&scope, &scope), [names(&["monthly"]), names(&[])]);
    }

    #[test]
    fn confirmed_and_pending_subscriptions_are_counted_apart() {
        let found = subscribers(&account(&ALL));
        assert_eq!(found[0], Some(Subscribers { confirmed: 1, pending: 1 }));
        assert_eq!(found[1], Some(Subscribers::default()));
    }

    #[test]
    fn what_was_not_read_stays_open() {
        let scope = account(&[]);
        assert_eq!(alarm_names(&scope), [None, None]);
        assert_eq!(budget_names(&scope, &scope), [None, None]);
        assert_eq!(subscribers(&scope), [None, None]);
    }
}
