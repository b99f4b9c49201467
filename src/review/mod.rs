//! How the first days went: what broke, what was slow, how deploying felt, which alarms cried wolf, and what it cost.
//!
//! [`tell`] joins what a scan has read anyway with the alarms' histories, the events of RDS, the slow statements of
//! databases and the bill.
#![deny(clippy::disallowed_methods)]

mod alarms;
mod costs;
mod databases;
mod deployments;
mod incidents;
mod missing;
mod noise;
mod summary;
pub mod window;

use chrono::{DateTime, Utc};

use crate::config::Migration;
use crate::cost::Costs;
use crate::incident::{self, Window};
use crate::inventory::Inventory;
pub use costs::CostCheck;
pub use databases::Database;
pub use deployments::{Deployments, Friction};
pub use incidents::{Felt, Incident, Symptom};
pub use noise::{Limits, NoisyAlarm};
pub(crate) use summary::{called, span, subject};
pub use summary::{headline, lines};
pub use window::{Ask, SinceError};

/// What it reads beside what the policies need: as an incident does.
pub fn types() -> impl Iterator<Item = &'static str> {
    incident::types()
}

/// The details that it wants of all resources that have them.
pub const DETAILS: &[&str] = &["slow_queries"];

#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    pub since: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// The worst first.
    pub incidents: Vec<Incident>,
    /// Times that an alarm went off and back within minutes, and nothing went along with it.
    pub flickers: usize,
    /// Each database with its slowest statements, or what to switch on to see them.
    pub databases: Vec<Database>,
    pub deployments: Friction,
    /// The loudest first.
    pub noise: Vec<NoisyAlarm>,
    pub costs: CostCheck,
    /// What could not be seen, in sentences.
    pub missing: Vec<String>,
}

/// Tells the review from what was read.
pub fn tell(
    inventory: &Inventory,
    costs: Option<&Costs>,
    migration: &Migration,
    limits: Limits,
    window: Window,
) -> Review {
    let (timeline, left_out) = incident::timeline(inventory, &window);
    let deployments = deployments::friction(inventory, &timeline, &window);
    let histories = alarms::histories(inventory, &window);
    let (incidents, flickers) = incidents::incidents(inventory, &histories, &deployments.1, &window);
    Review {
        since: window.since,
        until: window.now,
        incidents,
        flickers,
        databases: databases::databases(inventory),
        deployments: deployments.0,
        noise: noise::noise(&histories, &timeline, limits, &window),
        costs: costs::check(costs, migration),
        missing: missing::missing(inventory, migration, &window).into_iter().chain(left_out).collect(),
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
