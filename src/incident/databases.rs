//! What RDS tells of its databases.

use super::graph::{Graph, Node};
use super::words::noun;
use super::{Entry, Kind, Window};
use crate::inventory::Scope;
use crate::inventory::rds::RdsEvent;

/// Categories of RDS's events that tell of trouble (user guide, "Amazon RDS event categories and event messages").
const TROUBLE: &[&str] = &["failover", "failure", "low storage"];

/// What happens every night.
const ROUTINE: &str = "backup";

pub(super) fn entries(scope: &Scope, graph: &Graph<'_>, window: &Window) -> Vec<Entry> {
    scope.all::<RdsEvent>().filter_map(|event| entry(event, graph, window)).collect()
}

fn entry(event: &RdsEvent, graph: &Graph<'_>, window: &Window) -> Option<Entry> {
    let time = event.date.filter(|at| window.holds(*at))?;
    let resource_type = resource_type(&event.source_type);
    let mut source = event.meta.clone();
    source.id.clone_from(&event.source_identifier);
    let node = graph
        .find(&resource_type, &source)
        .map_or(Node { resource_type: &resource_type, meta: &source }, |at| graph.node(at));
    let is = |category: &str| event.event_categories.iter().any(|own| own == category);
    let trouble = TROUBLE.iter().any(|category| is(category));
    Some(Entry {
        time,
        kind: Kind::RdsEvent,
        text: format!("{} {}: {}", noun(node.resource_type), event.source_identifier, event.message),
        quiet: !event.event_categories.is_empty() && event.event_categories.iter().all(|own| own == ROUTINE),
        symptom_from: trouble.then_some(time),
        symptom_until: trouble.then_some(time),
        ..Entry::of(node)
    })
}

/// `db-cluster` as `AWS::RDS::DBCluster`.
fn resource_type(source_type: &str) -> String {
    let word = |word: &str| match word {
        "db" => "DB".to_owned(),
        word => word[..word.len().min(1)].to_uppercase() + word.get(1..).unwrap_or_default(),
    };
    format!("AWS::RDS::{}", source_type.split('-').map(word).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_types_are_called_as_cloudformation_calls_them() {
        assert_eq!(resource_type("db-instance"), "AWS::RDS::DBInstance");
        assert_eq!(resource_type("db-cluster-snapshot"), "AWS::RDS::DBClusterSnapshot");
        assert_eq!(resource_type(""), "AWS::RDS::");
    }
}
