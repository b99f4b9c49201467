//! The detail `topic_access`: who may publish to the topics of the alarms in question.
//!
//! One call for each topic, and two for each key of one's own that encrypts some of them.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _};

use crate::collect::{CollectError, Context, Detail};
use crate::inventory::cloudwatch::Alarm;
use crate::inventory::sns::{Topic, TopicAccess, TopicKey};
use crate::inventory::{Kind as _, Scope};

const ATTRIBUTES: &str = "sns:GetTopicAttributes";
const DESCRIBE_KEY: &str = "kms:DescribeKey";
const KEY_POLICY: &str = "kms:GetKeyPolicy";

const CONCURRENCY: usize = 4;

/// The key that AWS keeps for SNS in every account.
const AWS_MANAGED: &str = "alias/aws/sns";

pub(in crate::collect) const TOPIC_ACCESS: Detail = Detail {
    name: "topic_access",
    resource_type: Alarm::TYPE,
    coverage: "AWS::SNS::TopicAccess",
    actions: &[ATTRIBUTES, DESCRIBE_KEY, KEY_POLICY],
    fetch: |context, scope, arns| Box::pin(fetch(context, scope, arns)),
};

/// Fills in the access of the topics that the alarms with these ARNs have as actions.
async fn fetch(context: &Context, scope: &mut Scope, alarms: &[String]) -> Result<(), CollectError> {
    let actions: BTreeSet<String> = scope
        .all::<Alarm>()
        .filter(|alarm| alarms.contains(&alarm.meta.arn))
        .flat_map(|alarm| alarm.alarm_actions.iter().cloned())
        .collect();
    let wanted: Vec<String> = scope
        .all::<Topic>()
        .map(|topic| topic.meta.arn.clone())
        .filter(|arn| actions.contains(arn))
        .collect();
    let mut outcome = Ok(());
    let found = each(wanted, &mut outcome, |arn| access(context, arn)).await;
    let keys: BTreeSet<String> =
        found.values().filter_map(|access| access.kms_master_key_id.clone()).collect();
    let keys = each(keys.into_iter().collect(), &mut outcome, |id| key(context, id)).await;
    for topic in scope.all_mut::<Topic>() {
        if let Some(access) = found.get(&topic.meta.arn) {
            let key = access.kms_master_key_id.as_ref().and_then(|id| keys.get(id)).cloned();
            topic.access = Some(TopicAccess { key, ..access.clone() });
        }
    }
    outcome
}

/// Reads something of each name. The first failure is noted, and a denial ends it.
async fn each<V, F: Future<Output = Result<V, CollectError>>>(
    names: Vec<String>,
    outcome: &mut Result<(), CollectError>,
    read: impl Fn(String) -> F,
) -> BTreeMap<String, V> {
    let mut calls = stream::iter(names)
        .map(|name| {
            let call = read(name.clone());
            async move { (name, call.await) }
        })
        .buffer_unordered(CONCURRENCY);
    let mut found = BTreeMap::new();
    while let Some((name, answer)) = calls.next().await {
        match answer {
            Ok(value) => {
                found.insert(name, value);
            }
            Err(error) => {
                let denied = error.is_denied();
                if outcome.is_ok() {
                    *outcome = Err(error);
                }
                if denied {
                    break;
                }
            }
        }
    }
    found
}

async fn access(context: &Context, topic_arn: String) -> Result<TopicAccess, CollectError> {
    let answer = context
        .clients
        .sns
        .get_topic_attributes()
        .topic_arn(topic_arn)
        .send()
        .await
        .map_err(|error| CollectError::of(ATTRIBUTES, &error))?;
    let mut attributes = answer.attributes.unwrap_or_default();
    Ok(TopicAccess {
        policy: attributes.remove("Policy").unwrap_or_default(),
        kms_master_key_id: attributes.remove("KmsMasterKeyId").filter(|id| !id.is_empty()),
        key: None,
    })
}

async fn key(context: &Context, id: String) -> Result<TopicKey, CollectError> {
    if id == AWS_MANAGED || id.ends_with(&format!(":{AWS_MANAGED}")) {
        return Ok(TopicKey {
            key_manager: "AWS".to_owned(),
            key_state: "Enabled".to_owned(),
            ..TopicKey::default()
        });
    }
    let kms = &context.clients.kms;
    let answer =
        kms.describe_key().key_id(id).send().await.map_err(|error| CollectError::of(DESCRIBE_KEY, &error))?;
    let Some(described) = answer.key_metadata else {
        let message = "the answer describes no key".to_owned();
        return Err(CollectError::Malformed { action: DESCRIBE_KEY, message });
    };
    let mut key = TopicKey {
        arn: described.arn.unwrap_or_default(),
        key_manager: described.key_manager.map_or_else(String::new, |manager| manager.as_str().to_owned()),
        key_state: described.key_state.map_or_else(String::new, |state| state.as_str().to_owned()),
        policy: None,
    };
    // nobody can change what AWS manages, so there is nothing to see in its policy
    if key.key_manager != "AWS" {
        let answer = kms
            .get_key_policy()
            .key_id(described.key_id)
            .send()
            .await
            .map_err(|error| CollectError::of(KEY_POLICY, &error))?;
        key.policy = answer.policy;
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use aws_sdk_kms::operation::describe_key::DescribeKeyOutput;
    use aws_sdk_kms::operation::get_key_policy::{GetKeyPolicyError, GetKeyPolicyOutput};
    use aws_sdk_kms::types::{KeyManagerType, KeyMetadata, KeyState};
    use aws_sdk_sns::operation::get_topic_attributes::{GetTopicAttributesError, GetTopicAttributesOutput};
    use aws_smithy_mocks::{Rule, RuleMode, mock};

    use super::*;
    use crate::collect::mock;
    use crate::inventory::{CoverageStatus, Meta};

    fn arn(topic: &str) -> String {
        format!("arn:aws:sns:eu-west-1:111122223333:{topic}")
    }

    fn scope() -> Scope {
        let topic =
            |name: &str| Topic { meta: Meta { arn: arn(name), ..Meta::default() }, ..Topic::default() };
        let alarm = |name: &str, topics: &[&str]| Alarm {
            meta: Meta { arn: name.to_owned(), ..Meta::default() },
            alarm_actions: topics.iter().map(|topic| arn(topic)).collect(),
            ..Alarm::default()
        };
        Scope {
            resources: vec![
                alarm("one", &["plain", "sealed", "gone"]).into(),
                alarm("two", &["sealed", "managed"]).into(),
                alarm("three", &["other"]).into(),
                topic("plain").into(),
                topic("sealed").into(),
                topic("managed").into(),
                topic("other").into(),
            ],
            ..Scope::default()
        }
    }

    fn attributes() -> Rule {
        mock!(aws_sdk_sns::Client::get_topic_attributes).then_compute_output(|request| {
            let name = request.topic_arn().unwrap().rsplit(':').next().unwrap();
            let key = match name {
                "sealed" => Some("alias/ops"),
                "managed" => Some("alias/aws/sns"),
                _ => None,
            };
            let answer =
                GetTopicAttributesOutput::builder().attributes("Policy", format!("policy of {name}"));
            match key {
                Some(key) => answer.attributes("KmsMasterKeyId", key).build(),
                None => answer.build(),
            }
        })
    }

    fn described() -> Rule {
        mock!(aws_sdk_kms::Client::describe_key)
            .match_requests(|request| request.key_id() == Some("alias/ops"))
            .then_output(|| {
                let key = KeyMetadata::builder()
                    .key_id("1234")
                    .arn("arn:key/1234")
                    .key_manager(KeyManagerType::Customer)
                    .key_state(KeyState::Enabled)
                    .build()
                    .unwrap();
                DescribeKeyOutput::builder().key_metadata(key).build()
            })
    }

    fn accesses(scope: &Scope) -> BTreeMap<&str, &TopicAccess> {
        let topics = scope.all::<Topic>();
        topics
            .filter_map(|topic| Some((topic.meta.arn.rsplit(':').next()?, topic.access.as_ref()?)))
            .collect()
    }

    #[tokio::test]
    async fn the_alarms_topics_are_asked_for_once_and_their_own_keys_too() {
        let (mut context, meter) = mock::metered();
        mock::answer!(context, sns, aws_sdk_sns, [attributes()]);
        let policy = mock!(aws_sdk_kms::Client::get_key_policy)
            .match_requests(|request| request.key_id() == Some("1234"))
            .then_output(|| GetKeyPolicyOutput::builder().policy("policy of the key").build());
        mock::answer!(context, kms, aws_sdk_kms, RuleMode::MatchAny, [described(), policy]);
        let mut scope = scope();

        TOPIC_ACCESS.fill(&context, &mut scope, &["one".to_owned(), "two".to_owned()]).await;

        let found = accesses(&scope);
        assert_eq!(found.keys().copied().collect::<Vec<_>>(), ["managed", "plain", "sealed"]);
        assert_eq!(found["plain"].policy, "policy of plain");
        assert_eq!(found["plain"].key, None);
        assert_eq!(found["managed"].key.as_ref().unwrap().key_manager, "AWS");
        let key = found["sealed"].key.as_ref().unwrap();
        assert_eq!((key.arn.as_str(), key.policy.as_deref()), ("arn:key/1234", Some("policy of the key")));
        assert!(scope.complete(TOPIC_ACCESS.coverage));
        let calls = meter.calls();
        let counted = [ATTRIBUTES, DESCRIBE_KEY, KEY_POLICY].map(|action| calls[action]);
        assert_eq!(counted, [3, 1, 1]);
    }

    #[tokio::test]
    async fn a_denied_key_leaves_only_the_key_open() {
        let mut context = mock::context();
        mock::answer!(context, sns, aws_sdk_sns, [attributes()]);
        let denied = mock!(aws_sdk_kms::Client::get_key_policy)
            .then_error(|| GetKeyPolicyError::generic(mock::service_error("AccessDeniedException", "No.")));
        mock::answer!(context, kms, aws_sdk_kms, RuleMode::MatchAny, [described(), denied]);
        let mut scope = scope();

        TOPIC_ACCESS.fill(&context, &mut scope, &["one".to_owned()]).await;

        let found = accesses(&scope);
        assert_eq!(found.keys().copied().collect::<Vec<_>>(), ["plain", "sealed"]);
        assert_eq!(found["sealed"].kms_master_key_id.as_deref(), Some("alias/ops"));
        assert_eq!(found["sealed"].key, None);
        let row = scope.coverage_of(TOPIC_ACCESS.coverage).unwrap();
        assert_eq!(
            (row.status, row.detail.as_str()),
            (CoverageStatus::Denied, "denied: kms:GetKeyPolicy (No.)")
        );
    }

    #[tokio::test]
    async fn denied_attributes_leave_access_null() {
        let mut context = mock::context();
        let denied = mock!(aws_sdk_sns::Client::get_topic_attributes).then_error(|| {
            GetTopicAttributesError::generic(mock::service_error("AuthorizationError", "No."))
        });
        mock::answer!(context, sns, aws_sdk_sns, [denied]);
        let mut scope = scope();

        TOPIC_ACCESS.fill(&context, &mut scope, &["one".to_owned()]).await;

        assert!(accesses(&scope).is_empty());
        assert_eq!(scope.coverage_of(TOPIC_ACCESS.coverage).unwrap().status, CoverageStatus::Denied);
    }
}
