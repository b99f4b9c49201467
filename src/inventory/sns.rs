//! Amazon SNS topics and subscriptions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Topic {
    #[serde(flatten)]
    pub meta: Meta,
    /// Who may publish to it. It costs a call for each topic, so it is read only where a policy's `details` ask for it, and
    /// is null elsewhere or where it could not be read.
    pub access: Option<TopicAccess>,
    /// Derived: alarms that have it as an action. Null where the alarms could not be read.
    pub alarm_names: Option<Vec<String>>,
    /// Derived: budgets that notify it. Null where the budgets could not be read.
    pub budget_names: Option<Vec<String>>,
    /// Derived: how many of its subscriptions are confirmed, and how many wait to be. Null where they could not be read.
    pub subscribers: Option<Subscribers>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct TopicAccess {
    /// The policy document as JSON text; empty where there is none.
    pub policy: String,
    /// The key of its encryption by id, ARN or alias; null where it is not encrypted with one.
    pub kms_master_key_id: Option<String>,
    /// Null without a key, and where the key could not be read.
    pub key: Option<TopicKey>,
}

/// The key that encrypts a topic's messages.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct TopicKey {
    /// Empty where only its alias is known.
    pub arn: String,
    /// `AWS` or `CUSTOMER`.
    pub key_manager: String,
    /// `Enabled`, `Disabled`, `PendingDeletion`, …
    pub key_state: String,
    /// The policy document as JSON text; null for a key that AWS manages, and where it could not be read.
    pub policy: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Subscribers {
    pub confirmed: i64,
    pub pending: i64,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Subscription {
    /// `arn` is empty while the subscription waits to be confirmed.
    #[serde(flatten)]
    pub meta: Meta,
    pub topic_arn: String,
    pub protocol: String,
    pub endpoint: String,
    /// False while AWS lists it as PendingConfirmation.
    pub confirmed: bool,
}
