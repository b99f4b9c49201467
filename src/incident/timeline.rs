//! All that happened, in order.

use super::graph::Graph;
use super::{Entry, Kind, Window, alarms, anomalies, changes, databases, deployments};
use crate::inventory::Inventory;

/// Oldest first, and what is left out of it.
pub(super) fn timeline(
    inventory: &Inventory,
    graph: &Graph<'_>,
    window: &Window,
) -> (Vec<Entry>, Vec<String>) {
    let (mut timeline, left_out) = changes::entries(inventory, graph, window);
    for scope in &inventory.scopes {
        let began = deployments::entries(scope, window, &timeline);
        timeline.extend(began);
        timeline.extend(alarms::entries(scope, graph, window));
        timeline.extend(databases::entries(scope, graph, window));
        timeline.extend(anomalies::entries(scope, window));
    }
    timeline.sort_by(|a, b| order(a).cmp(&order(b)));
    (timeline, left_out)
}

/// What was done comes before what was felt in the same second.
fn order(entry: &Entry) -> (chrono::DateTime<chrono::Utc>, bool, &str, &str, &str) {
    let felt = !matches!(entry.kind, Kind::Change | Kind::Deployment);
    (entry.time, felt, &entry.resource_type, &entry.resource.id, &entry.text)
}
