//! CloudWatch metric queries and the series that answer them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One series of GetMetricData.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Query {
    pub namespace: String,
    pub metric: String,
    pub dimensions: BTreeMap<String, String>,
    pub statistic: String,
    pub period_seconds: i32,
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
}

impl Query {
    /// The same for the same question, so that policies share the answer.
    pub fn key(&self) -> String {
        let dimensions: Vec<String> =
            self.dimensions.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!(
            "{}/{}{{{}}} {} {}s {}..{}",
            self.namespace,
            self.metric,
            dimensions.join(","),
            self.statistic,
            self.period_seconds,
            self.start.format("%Y-%m-%dT%H:%MZ"),
            self.end.format("%Y-%m-%dT%H:%MZ"),
        )
    }
}

/// A series, oldest first. CloudWatch leaves out periods without data.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Series {
    pub points: Vec<Point>,
    /// Why the series is not complete (denied, throttled out, PartialData, a message of CloudWatch's); null when it is.
    pub incomplete: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Point {
    pub at: DateTime<Utc>,
    pub value: f64,
}
