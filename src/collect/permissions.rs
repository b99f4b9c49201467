//! The IAM policy that reading needs, out of the tables that do the reading.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{COLLECTORS, DETAILS, clients, metrics};

/// Least privilege for all reads: one statement for each service, on all resources. Most
/// of the actions know no narrower, and CloudWatch shows composite alarms only to those
/// who may see every alarm.
pub fn read_only_policy() -> Value {
    let actions: BTreeSet<&str> = COLLECTORS
        .iter()
        .flat_map(|row| row.actions)
        .chain(DETAILS.iter().flat_map(|detail| detail.actions))
        .chain(metrics::ACTIONS)
        .chain(clients::ACTIONS)
        .copied()
        .collect();
    let mut services: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for action in actions {
        let service = action.split(':').next().unwrap_or(action);
        services.entry(service).or_default().push(action);
    }
    let statements: Vec<Value> = services
        .iter()
        .map(|(service, actions)| {
            json!({
                "Sid": format!("Read{}{}", service[..1].to_uppercase(), &service[1..]),
                "Effect": "Allow",
                "Action": actions,
                "Resource": "*",
            })
        })
        .collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}
