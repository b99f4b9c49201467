//! Whether there is a resource of the name that something else gives.

use std::collections::BTreeSet;

use crate::inventory::elasticloadbalancingv2::{LoadBalancer, TargetGroup};
use crate::inventory::{Kind as _, Resource, Scope};

pub(super) struct Existence<'a> {
    scope: &'a Scope,
    names: BTreeSet<(&'static str, &'a str)>,
}

impl<'a> Existence<'a> {
    pub(super) fn of(scope: &'a Scope) -> Self {
        let names = scope
            .resources
            .iter()
            .flat_map(|resource| names(resource).into_iter().map(|name| (resource.type_name(), name)));
        Self { scope, names: names.collect() }
    }

    /// Null where it was not seen, and not all of its type were read.
    pub(super) fn of_name(&self, resource_type: &'static str, name: &str) -> Option<bool> {
        if self.names.contains(&(resource_type, name)) {
            Some(true)
        } else {
            self.scope.complete(resource_type).then_some(false)
        }
    }
}

/// What logs and metrics call it.
fn names(resource: &Resource) -> [&str; 2] {
    let meta = resource.meta();
    let dimension = LoadBalancer::of(resource)
        .map(|balancer| balancer.metric_dimension.as_str())
        .or_else(|| TargetGroup::of(resource).map(|group| group.metric_dimension.as_str()));
    match dimension {
        Some(dimension) => [dimension, dimension],
        None => [&meta.id, &meta.name],
    }
}
