//! Whether an alarm reaches a person, and where the way breaks off.
//!
//! The hops, in order: actions disabled, no action, topic missing, no permission to publish
//! to it, none for the key that encrypts it, no subscription, only unconfirmed ones. One
//! whole way is enough. Who may publish is asked only where a subscriber would hear of it.

mod publish;

use std::collections::BTreeMap;

use self::publish::Permission;
use super::composites::Composites;
use crate::inventory::cloudwatch::{Alarm, OnCall};
use crate::inventory::sns::{Subscription, Topic};
use crate::inventory::{Kind as _, Scope};

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Hop {
    ActionsDisabled,
    NoAction,
    TopicMissing,
    TopicPolicy,
    TopicKey,
    NoSubscription,
    UnconfirmedSubscription,
}

impl Hop {
    fn as_str(self) -> &'static str {
        match self {
            Self::ActionsDisabled => "actions_disabled",
            Self::NoAction => "no_action",
            Self::TopicMissing => "topic_missing",
            Self::TopicPolicy => "topic_policy",
            Self::TopicKey => "topic_key",
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
    Broken(Break),
    /// It leaves the account or region, or hangs on a condition that cannot be judged.
    Open(String),
    /// It hangs on topics, their policies or subscriptions that were not read.
    Unread,
    Person(String),
}

/// Where a way breaks off.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Break {
    hop: Hop,
    detail: String,
    topic_arn: Option<String>,
    key_arn: Option<String>,
}

impl Break {
    fn at(hop: Hop, detail: impl Into<String>) -> Way {
        Way::Broken(Self { hop, detail: detail.into(), topic_arn: None, key_arn: None })
    }

    fn at_topic(hop: Hop, topic_arn: &str, detail: String) -> Way {
        Way::Broken(Self { hop, detail, topic_arn: Some(topic_arn.to_owned()), key_arn: None })
    }
}

impl From<Way> for Option<OnCall> {
    fn from(way: Way) -> Self {
        let found = |reaches: &str, detail: String| {
            Some(OnCall { reaches: reaches.to_owned(), detail, ..OnCall::default() })
        };
        match way {
            Way::Unread => None,
            Way::Machine(detail) => found("machine", detail),
            Way::Open(detail) => found("unknown", detail),
            Way::Person(detail) => found("person", detail),
            Way::Broken(Break { hop, detail, topic_arn, key_arn }) => Some(OnCall {
                reaches: "broken".to_owned(),
                hop: Some(hop.as_str().to_owned()),
                detail,
                topic_arn,
                key_arn,
            }),
        }
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
                    detail: format!("composite alarm `{parent}`: {detail}"),
                    ..OnCall::default()
                }),
                (Way::Machine(detail), _) => Way::Machine(detail).into(),
                (_, Some((_, Way::Unread))) => None,
                _ if !all_parents => None,
                (Way::Broken(_), Some((parent, Way::Open(detail)))) => {
                    Way::Open(format!("composite alarm `{parent}`: {detail}")).into()
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
    topics: BTreeMap<&'a str, &'a Topic>,
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
            topics: scope.all::<Topic>().map(|topic| (topic.meta.arn.as_str(), topic)).collect(),
            topics_complete: scope.complete(Topic::TYPE),
            subscriptions,
            subscriptions_complete: scope.complete(Subscription::TYPE),
        }
    }

    /// The alarm's own way, whatever its parents do.
    fn way(&self, alarm: &Alarm) -> Way {
        if !alarm.actions_enabled {
            return Break::at(Hop::ActionsDisabled, "its actions are disabled");
        }
        if alarm.alarm_actions.is_empty() {
            return Break::at(Hop::NoAction, "it has no action for its ALARM state");
        }
        let ways: Vec<Way> =
            alarm.alarm_actions.iter().map(|action| self.way_of_action(alarm, action)).collect();
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
            Way::Broken(furthest) => {
                let details: Vec<&str> = ways
                    .iter()
                    .filter_map(|way| match way {
                        Way::Broken(broken) => Some(broken.detail.as_str()),
                        _ => None,
                    })
                    .collect();
                Way::Broken(Break { detail: details.join("; "), ..furthest })
            }
            best => best,
        }
    }

    fn way_of_action(&self, alarm: &Alarm, action: &str) -> Way {
        let parts: Vec<&str> = action.splitn(6, ':').collect();
        let &["arn", _, service, region, account, name] = parts.as_slice() else {
            return Way::Machine(format!("its action `{action}` is no person's address"));
        };
        match service {
            "sns" if account != self.account || region != self.region => Way::Open(format!(
                "topic `{name}` is in account {account}, region {region}, beyond what was read here"
            )),
            "sns" => self.way_of_topic(alarm, action, name),
            "ssm-incidents" => Way::Person(format!("Incident Manager's {}", name.replace('/', " "))),
            "ssm" if name.starts_with("opsitem") => Way::Person("an OpsItem in OpsCenter".to_owned()),
            "automate" | "swf" => Way::Machine("its action changes an EC2 instance".to_owned()),
            service => Way::Machine(format!("its action only drives {service}")),
        }
    }

    fn way_of_topic(&self, alarm: &Alarm, arn: &str, name: &str) -> Way {
        // The topic first: SNS keeps the subscriptions of a deleted one for some days.
        let Some(topic) = self.topics.get(arn) else {
            return if self.topics_complete {
                Break::at_topic(Hop::TopicMissing, arn, format!("topic `{name}` does not exist"))
            } else {
                Way::Unread
            };
        };
        let (confirmed, pending): (Vec<&Subscription>, Vec<&Subscription>) = self
            .subscriptions
            .get(arn)
            .into_iter()
            .flatten()
            .partition(|subscription| subscription.confirmed);
        if !confirmed.is_empty() {
            let (count, protocols) = (number(&confirmed, "confirmed subscription"), protocols(&confirmed));
            let whole = format!("topic `{name}` has {count} ({protocols})");
            self.way_through(alarm, topic, name, whole)
        } else if !self.subscriptions_complete {
            Way::Unread
        } else if pending.is_empty() {
            Break::at_topic(Hop::NoSubscription, arn, format!("topic `{name}` has no subscription"))
        } else {
            let (count, protocols) = (number(&pending, "subscription"), protocols(&pending));
            Break::at_topic(
                Hop::UnconfirmedSubscription,
                arn,
                format!("topic `{name}` has only {count} waiting to be confirmed ({protocols})"),
            )
        }
    }

    /// Through a topic that has subscribers: whether it takes what CloudWatch publishes.
    fn way_through(&self, alarm: &Alarm, topic: &Topic, name: &str, whole: String) -> Way {
        let arn = topic.meta.arn.as_str();
        let Some(access) = &topic.access else { return Way::Unread };
        match publish::by_policy(access, self.account, &alarm.meta.arn, arn) {
            Permission::Given => {}
            Permission::Refused => {
                let detail =
                    format!("the policy of topic `{name}` does not let CloudWatch alarms publish to it");
                return Break::at_topic(Hop::TopicPolicy, arn, detail);
            }
            Permission::Open | Permission::Unread => {
                return Way::Open(format!(
                    "the policy of topic `{name}` has terms that cannot be judged from here"
                ));
            }
        }
        let key_arn = access.key.as_ref().map(|key| key.arn.clone()).filter(|arn| !arn.is_empty());
        match publish::by_key(access, self.account, &alarm.meta.arn) {
            Permission::Given => Way::Person(whole),
            Permission::Unread => Way::Unread,
            Permission::Open => Way::Open(format!(
                "the policy of the key that encrypts topic `{name}` has terms that cannot be judged from here"
            )),
            Permission::Refused => Way::Broken(Break {
                hop: Hop::TopicKey,
                detail: format!("topic `{name}` is encrypted with {}", publish::fault(access)),
                topic_arn: Some(arn.to_owned()),
                key_arn,
            }),
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
