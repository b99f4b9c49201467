//! Cost Explorer: what each usage type cost day by day, and what [`crate::cost`] makes of it.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;

/// The settled days of one usage type of one service, as GetCostAndUsage gives them.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct CostAndUsage {
    #[serde(flatten)]
    pub meta: Meta,
    /// As in the bill: `EC2 - Other`.
    pub service: String,
    /// As in the bill: `EU-NatGateway-Bytes`.
    pub usage_type: String,
    /// What the quantity counts: `GB`, `Hrs`; null where AWS does not say.
    pub unit: Option<String>,
    /// The first and the last settled day that was asked for.
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// In order; AWS leaves out days without cost.
    pub days: Vec<CostDay>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct CostDay {
    pub date: NaiveDate,
    /// Decimal numbers, as AWS writes them.
    pub usd: String,
    pub quantity: String,
}

/// One of Cost Anomaly Detection's, as GetAnomalies gives it; `meta.id` is its id.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Anomaly {
    #[serde(flatten)]
    pub meta: Meta,
    pub anomaly_start_date: Option<NaiveDate>,
    pub anomaly_end_date: Option<NaiveDate>,
    pub root_causes: Vec<RootCause>,
    /// Dollars above what was expected, over all of its days.
    pub total_impact: f64,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct RootCause {
    pub service: Option<String>,
    pub region: Option<String>,
    pub usage_type: Option<String>,
}

/// Derived: what one usage type costs, against what is usual for it. All dollars are unblended, of settled days only;
/// what comes on each first of a month is left out of weeks and days alike, and what is paid by the month is taken as if
/// all days were of a month as long as the last one's.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct UsageType {
    #[serde(flatten)]
    pub meta: Meta,
    /// As in the bill: `EC2 - Other`.
    pub service: String,
    /// As in the bill: `EU-NatGateway-Bytes`.
    pub usage_type: String,
    /// The same in words: `NAT gateway data processed`.
    pub title: String,
    /// What the quantity counts: `GB`, `Hrs`.
    pub unit: Option<String>,
    /// The last settled day, with which the week ends, and the first day of that week.
    pub settled: NaiveDate,
    pub week_from: NaiveDate,
    /// So many settled days of the account's bill are known,
    pub account_days: i64,
    /// and so many since this usage type first cost something.
    pub days: i64,
    pub first_cost: Option<NaiveDate>,
    pub last_cost: Option<NaiveDate>,
    /// It first cost something in the last fourteen settled days, and the account's bill begins at least seven days before.
    pub new_since: Option<NaiveDate>,
    /// It cost something before the week, and nothing since this day.
    pub vanished_on: Option<NaiveDate>,
    pub week_usd: f64,
    pub week_quantity: f64,
    /// What the account cost in that week.
    pub account_week_usd: f64,
    /// The weeks before, the latest first, at most eight; only those that lie wholly within its history.
    pub earlier_weeks_usd: Vec<f64>,
    /// Their median; null where there is none.
    pub usual_week_usd: Option<f64>,
    /// How far a week usually lies from that, comparable with a standard deviation.
    pub week_deviation_usd: Option<f64>,
    /// Of the week: what comes on each first of a month.
    pub month_start_usd: f64,
    /// The day of the week that lies farthest above what is usual; null where there are too few days to tell.
    pub worst_day: Option<WorstDay>,
    /// The weekly sums as a line; null where there are less than four.
    pub trend: Option<Trend>,
    /// Dollars for a unit in the week, and in the weeks before; null without a quantity.
    pub usd_per_unit: Option<f64>,
    pub usual_usd_per_unit: Option<f64>,
    /// Derived: what Cost Anomaly Detection says of it in the week; null where that could not be read.
    pub anomalies: Option<Vec<UsageAnomaly>>,
    /// Whose the week is, dearest first; null where nothing tells.
    pub shares: Option<Vec<CostShare>>,
    /// The first of them to look at: what grew, or has no work, or is dearest; null where nothing tells.
    pub suspect: Option<Suspect>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct WorstDay {
    pub date: NaiveDate,
    /// `Tuesday`.
    pub weekday: String,
    pub usd: f64,
    /// The median of earlier days, of the same weekday once there are three.
    pub usual_usd: f64,
    pub deviation_usd: f64,
    pub extra_usd: f64,
    /// How much of all that the days of the week cost above their usual is this day's, 0 to 1.
    pub share: f64,
    pub days_compared: i64,
    pub same_weekday: bool,
    /// An earlier day that cost as much; null where none did.
    pub precedent: Option<NaiveDate>,
}

/// A line through weekly sums by the median of all slopes (Theil and Sen), which single weeks do not bend.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Trend {
    pub weeks: i64,
    /// The line's first and last week.
    pub from_usd: f64,
    pub to_usd: f64,
    /// How far the weeks lie from the line.
    pub deviation_usd: f64,
    /// Of all pairs of weeks, the part in which the later one is dearer, 0 to 1.
    pub rising: f64,
}

/// An [`Anomaly`] that names the usage type as a cause.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct UsageAnomaly {
    pub id: String,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub total_impact: f64,
}

/// What one resource has of a usage type's week.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct CostShare {
    pub resource_type: String,
    pub id: String,
    pub name: String,
    pub arn: String,
    pub region: String,
    pub week_usd: f64,
    /// How that is known: `BytesInFromSource and BytesInFromDestination of AWS/NATGateway`.
    pub told_by: String,
    /// What is behind the resource, as the subnets behind a NAT gateway.
    pub behind: Vec<String>,
    /// What it has above its own usual week; null where that is not known.
    pub grown_usd: Option<f64>,
    /// It has no work; null where that is not known.
    pub idle: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Suspect {
    pub id: String,
    pub name: String,
    /// In words.
    pub because: String,
}

/// Derived: the account's bill as a whole; `meta.id` is the account's number.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Bill {
    #[serde(flatten)]
    pub meta: Meta,
    pub settled: NaiveDate,
    /// So many settled days of it are known.
    pub days: i64,
    pub week_usd: f64,
    /// The last thirty settled days, or as much as a month would cost at the rate of those that there are.
    pub month_usd: f64,
    /// Derived: the account's budgets; null where they could not be read.
    pub budgets: Option<Vec<BillBudget>>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct BillBudget {
    pub name: String,
    /// `COST`, `USAGE`, …
    pub budget_type: String,
    /// It has a notification with a subscriber.
    pub notifies: bool,
}
