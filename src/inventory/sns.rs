//! Amazon SNS topics and subscriptions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Topic {
    #[serde(flatten)]
    pub meta: Meta,
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
