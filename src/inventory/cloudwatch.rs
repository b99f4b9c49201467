//! Amazon CloudWatch alarms, metric and composite.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Alarm {
    #[serde(flatten)]
    pub meta: Meta,
    /// `metric` or `composite`.
    pub alarm_type: String,
    pub actions_enabled: bool,
    pub alarm_actions: Vec<String>,
    pub ok_actions: Vec<String>,
    pub insufficient_data_actions: Vec<String>,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state_value: String,
    pub state_updated_timestamp: Option<DateTime<Utc>>,
    /// Since when it has been in its state; null where CloudWatch does not say.
    pub state_transitioned_timestamp: Option<DateTime<Utc>>,
    /// The single metric of a plain alarm; null for metric math and composite alarms.
    pub metric: Option<AlarmMetric>,
    /// The entries of a metric-math, Metrics Insights or anomaly-detection alarm.
    pub metrics: Vec<AlarmMetricEntry>,
    pub comparison_operator: Option<String>,
    pub threshold: Option<f64>,
    pub treat_missing_data: Option<String>,
    /// The rule expression of a composite alarm.
    pub alarm_rule: Option<String>,
    /// Derived: the way from the alarm to a person. Null where topics,
    /// subscriptions or composite parents could not be read, or who may publish to a topic.
    pub on_call: Option<OnCall>,
    /// Derived: what its metrics name that is of a known type. Empty for composite alarms and for metrics of one's own.
    pub watches: Option<Vec<Watched>>,
    /// Derived: how often it changed its state in the last seven days. Null where the history could not be read at all.
    pub history: Option<AlarmHistory>,
}

/// What an alarm's dimension names.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Watched {
    /// A CloudFormation type name.
    pub resource_type: String,
    /// The dimension's value.
    pub name: String,
    /// Null where its type could not be read.
    pub exists: Option<bool>,
}

/// An alarm's changes of state.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct AlarmHistory {
    /// Changes to each state, by its name.
    pub changes: BTreeMap<String, i64>,
    /// Those that sent a message to where people read it.
    pub messages: i64,
    /// Its place among the alarms by messages sent, 1 for the noisiest.
    pub rank: i64,
    /// Alarms that sent any.
    pub sending_alarms: i64,
    /// False where older changes of the week were not read, so that there may have been more.
    pub complete: bool,
}

/// One change of an alarm's state, the old one also where it is the same.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct AlarmHistoryItem {
    /// `name` is the alarm's, `id` the moment.
    #[serde(flatten)]
    pub meta: Meta,
    pub alarm_name: String,
    pub timestamp: Option<DateTime<Utc>>,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub old_state: String,
    pub new_state: String,
    /// From before the last seven days, which only a review reads: it does not count in an alarm's `history`.
    pub older: bool,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct AlarmMetric {
    pub namespace: String,
    pub metric_name: String,
    pub dimensions: BTreeMap<String, String>,
    pub statistic: Option<String>,
    pub period: Option<i64>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct AlarmMetricEntry {
    pub id: String,
    /// Metric math, SEARCH or a Metrics Insights query; null where `metric` is set.
    pub expression: Option<String>,
    pub metric: Option<AlarmMetric>,
    pub return_data: bool,
}

/// Whether an alarm reaches a person, and where the way breaks off.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct OnCall {
    /// `person`: the way is whole. `machine`: its actions only drive machines (scaling, recovery),
    /// which is their purpose. `parent`: it feeds a composite alarm that reaches a person.
    /// `broken`: see `hop`. `unknown`: the way leaves what can be seen (a topic in another account or region) or judged (a
    /// condition in the topic's policy).
    pub reaches: String,
    /// `actions_disabled`, `no_action`, `topic_missing`, `topic_policy`, `topic_key`, `no_subscription` or
    /// `unconfirmed_subscription`; null unless broken.
    pub hop: Option<String>,
    /// One sentence that names the topics, subscriptions or parents.
    pub detail: String,
    /// The topic where the way breaks off; null where it does elsewhere.
    pub topic_arn: Option<String>,
    /// The key of that topic's encryption; null unless the way breaks off there, and where AWS manages it.
    pub key_arn: Option<String>,
}

/// Which alarm covers one signal of a resource.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct SignalCoverage {
    /// `covered`, `maybe` (a query that may or may not select the resource) or `none`.
    pub verdict: String,
    /// The covering alarm's name; null unless covered.
    pub alarm: Option<String>,
    /// Why not: near misses such as a disabled alarm or one with wrong dimensions; empty otherwise.
    pub reason: String,
}
