//! What an account costs, as the digest and the report show it.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::inventory::Meta;

/// Dollars, by settled days.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Costs {
    /// The last settled day, with which the week ends.
    pub settled: NaiveDate,
    pub total: Line,
    /// What moved most against its usual week first, in dollars up or down.
    pub drivers: Vec<Driver>,
}

/// Costs day by day, without gaps, and what is usual for them.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Line {
    pub days: Vec<Day>,
    /// The seven settled days.
    pub week_usd: Decimal,
    /// The seven days before them; None where not all are known.
    pub last_week_usd: Option<Decimal>,
    /// The median of the weeks before; None where the account is too young.
    pub usual_week_usd: Option<Decimal>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Day {
    pub date: NaiveDate,
    pub usd: Decimal,
    /// The band of what is usual on such a day; None where there are too few days to tell.
    pub usual: Option<(Decimal, Decimal)>,
    /// A finding is about it.
    pub marked: bool,
}

/// One service's usage type.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Driver {
    /// As in the bill: `EC2 - Other`.
    pub service: String,
    /// As in the bill: `EU-NatGateway-Bytes`.
    pub usage_type: String,
    /// The same in words: `NAT gateway data processed`.
    pub title: String,
    pub line: Line,
    /// Whose the seven settled days are, dearest first.
    pub shares: Vec<Share>,
    /// What of `line.week_usd` is no resource's: with the shares it adds up.
    pub unattributed_usd: Decimal,
}

/// What one resource has of a driver's week.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Share {
    pub resource_type: String,
    pub resource: Meta,
    pub week_usd: Decimal,
    /// How that is known: `BytesOutToDestination and three more of AWS/NATGateway`.
    pub told_by: String,
    /// What is behind the resource, as the subnets behind a NAT gateway.
    pub behind: Vec<String>,
}

impl Line {
    /// The week against its usual one, or else against the last.
    pub fn change_usd(&self) -> Option<Decimal> {
        Some(self.week_usd - self.usual_week_usd.or(self.last_week_usd)?)
    }
}
