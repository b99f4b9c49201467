//! Whether an alarm reaches a person, and where the way breaks off.
//!
//! The hops, in order: actions disabled, no action, topic missing, no subscription,
//! only unconfirmed ones. One whole way is enough.

use std::collections::{BTreeMap, BTreeSet};

use super::composites::Composites;
use crate::inventory::cloudwatch::{Alarm, OnCall};
use crate::inventory::sns::{Subscription, Topic};
use crate::inventory::{Kind as _, Scope};

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Hop {
    ActionsDisabled,
    NoAction,
    TopicMissing,
    NoSubscription,
    UnconfirmedSubscription,
}

impl Hop {
    fn as_str(self) -> &'static str {
        match self {
            Self::ActionsDisabled => "actions_disabled",
            Self::NoAction => "no_action",
            Self::TopicMissing => "topic_missing",
            Self::NoSubscription => "no_subscription",
            Self::UnconfirmedSubscription => "unconfirmed_subscription",
        }
    }
}

/// One action's way, told in words. An alarm's own way is the greatest of its
/// actions' ways: the best known outcome, but nothing below what is not known.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Way {
    Machine(String),
    Broken(Hop, String),
    /// It leaves the account or region.
    Leaves(String),
    /// It hangs on topics or subscriptions that were not read.
    Unread,
    Person(String),
}

impl From<Way> for Option<OnCall> {
    fn from(way: Way) -> Self {
        let (reaches, hop, detail) = match way {
            Way::Unread => return None,
            Way::Machine(detail) => ("machine", None, detail),
            Way::Broken(hop, detail) => ("broken", Some(hop.as_str().to_owned()), detail),
            Way::Leaves(detail) => ("unknown", None, detail),
            Way::Person(detail) => ("person", None, detail),
        };
        Some(OnCall { reaches: reaches.to_owned(), hop, detail })
    }
}

/// Alarm.on_call.
pub(super) fn on_call(scope: &Scope) -> Vec<Option<OnCall>> {
    let network = Network::of(scope);
    let composites = Composites::of(scope);
    let all_parents = scope.complete(Alarm::TYPE);
    scope
        .all::<Alarm>()
        .map(|alarm| {
            let own = network.way(alarm);
            if matches!(own, Way::Person(_)) {
                return own.into();
            }
            let above: Vec<(&str, Way)> = composites
                .above(alarm)
                .into_iter()
                .map(|parent| (parent.meta.name.as_str(), network.way(parent)))
                .collect();
            let best = above.into_iter().reduce(|best, next| {
                if matches!(best.1, Way::Person(_)) || best.1 >= next.1 { best } else { next }
            });
            match (own, best) {
                (_, Some((parent, Way::Person(detail)))) => Some(OnCall {
                    reaches: "parent".to_owned(),
                    hop: None,
                    detail: format!("composite alarm `{parent}`: {detail}"),
                }),
                (Way::Machine(detail), _) => Way::Machine(detail).into(),
                (_, Some((_, Way::Unread))) => None,
                _ if !all_parents => None,
                (Way::Broken(..), Some((parent, Way::Leaves(detail)))) => {
                    Way::Leaves(format!("composite alarm `{parent}`: {detail}")).into()
                }
                (own, _) => own.into(),
            }
        })
        .collect()
}

/// The topics and subscriptions of the scope.
struct Network<'a> {
    account: &'a str,
    region: &'a str,
    topics: BTreeSet<&'a str>,
    topics_complete: bool,
    subscriptions: BTreeMap<&'a str, Vec<&'a Subscription>>,
    subscriptions_complete: bool,
}

impl<'a> Network<'a> {
    fn of(scope: &'a Scope) -> Self {
        let mut subscriptions: BTreeMap<&str, Vec<&Subscription>> = BTreeMap::new();
        for subscription in scope.all::<Subscription>() {
            // SNS lists an ended subscription for some days.
            if subscription.meta.arn != "Deleted" {
                subscriptions.entry(&subscription.topic_arn).or_default().push(subscription);
            }
        }
        Self {
            account: &scope.account,
            region: &scope.region,
            topics: scope.all::<Topic>().map(|topic| topic.meta.arn.as_str()).collect(),
            topics_complete: scope.complete(Topic::TYPE),
            subscriptions,
            subscriptions_complete: scope.complete(Subscription::TYPE),
        }
    }

    /// The alarm's own way, whatever its parents do.
    fn way(&self, alarm: &Alarm) -> Way {
        if !alarm.actions_enabled {
            return Way::Broken(Hop::ActionsDisabled, "its actions are disabled".to_owned());
        }
        if alarm.alarm_actions.is_empty() {
            return Way::Broken(Hop::NoAction, "it has no action for its ALARM state".to_owned());
        }
        let ways: Vec<Way> = alarm.alarm_actions.iter().map(|action| self.way_of_action(action)).collect();
        let persons: Vec<&str> = ways
            .iter()
            .filter_map(|way| match way {
                Way::Person(detail) => Some(detail.as_str()),
                _ => None,
            })
            .collect();
        if !persons.is_empty() {
            return Way::Person(persons.join("; "));
        }
        // Not empty, as the actions are not.
        let best = ways.iter().max().cloned().unwrap_or(Way::Unread);
        match best {
            Way::Broken(hop, _) => {
                let details: Vec<&str> = ways
                    .iter()
                    .filter_map(|way| match way {
                        Way::Broken(_, detail) => Some(detail.as_str()),
                        _ => None,
                    })
                    .collect();
                Way::Broken(hop, details.join("; "))
            }
            best => best,
        }
    }

    fn way_of_action(&self, action: &str) -> Way {
        let parts: Vec<&str> = action.splitn(6, ':').collect();
        let &["arn", _, service, region, account, name] = parts.as_slice() else {
            return Way::Machine(format!("its action `{action}` is no person's address"));
        };
        match service {
            "sns" if account != self.account || region != self.region => Way::Leaves(format!(
                "topic `{name}` is in account {account}, region {region}, beyond what was read here"
            )),
            "sns" => self.way_of_topic(action, name),
            "ssm-incidents" => Way::Person(format!("Incident Manager's {}", name.replace('/', " "))),
            "ssm" if name.starts_with("opsitem") => Way::Person("an OpsItem in OpsCenter".to_owned()),
            "automate" | "swf" => Way::Machine("its action changes an EC2 instance".to_owned()),
            service => Way::Machine(format!("its action only drives {service}")),
        }
    }

    fn way_of_topic(&self, arn: &str, name: &str) -> Way {
        // The topic first: SNS keeps the subscriptions of a deleted one for some days.
        if !self.topics.contains(arn) {
            return if self.topics_complete {
                Way::Broken(Hop::TopicMissing, format!("topic `{name}` does not exist"))
            } else {
                Way::Unread
            };
        }
        let (confirmed, pending): (Vec<&Subscription>, Vec<&Subscription>) = self
            .subscriptions
            .get(arn)
            .into_iter()
            .flatten()
            .partition(|subscription| subscription.confirmed);
        if !confirmed.is_empty() {
            let (count, protocols) = (number(&confirmed, "confirmed subscription"), protocols(&confirmed));
            Way::Person(format!("topic `{name}` has {count} ({protocols})"))
        } else if !self.subscriptions_complete {
            Way::Unread
        } else if pending.is_empty() {
            Way::Broken(Hop::NoSubscription, format!("topic `{name}` has no subscription"))
        } else {
            let (count, protocols) = (number(&pending, "subscription"), protocols(&pending));
            Way::Broken(
                Hop::UnconfirmedSubscription,
                format!("topic `{name}` has only {count} waiting to be confirmed ({protocols})"),
            )
        }
    }
}

fn number(subscriptions: &[&Subscription], noun: &str) -> String {
    let plural = if subscriptions.len() == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", subscriptions.len())
}

/// `2 email, 1 https`
fn protocols(subscriptions: &[&Subscription]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for subscription in subscriptions {
        *counts.entry(&subscription.protocol).or_default() += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(protocol, count)| format!("{count} {protocol}")).collect();
    counts.join(", ")
}

#[cfg(test)]
mod tests;
