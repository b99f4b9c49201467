//! AWS Budgets: limits on the bill, and whom they notify.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Budget {
    #[serde(flatten)]
    pub meta: Meta,
    /// `COST`, `USAGE`, `RI_UTILIZATION`, …
    pub budget_type: String,
    /// `DAILY`, `MONTHLY`, `QUARTERLY`, `ANNUALLY` or `CUSTOM`.
    pub time_unit: String,
    pub notifications: Vec<BudgetNotification>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct BudgetNotification {
    /// `ACTUAL` or `FORECASTED`.
    pub notification_type: String,
    pub threshold: f64,
    /// `PERCENTAGE` or `ABSOLUTE_VALUE`.
    pub threshold_type: Option<String>,
    pub subscribers: Vec<BudgetSubscriber>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct BudgetSubscriber {
    /// `EMAIL` or `SNS`.
    pub subscription_type: String,
    /// A mail address or a topic's ARN.
    pub address: String,
}
