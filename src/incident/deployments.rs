//! Deployments as ECS itself tells them, which it does at once and not minutes later.

use chrono::TimeDelta;

use super::graph::Node;
use super::{Entry, Kind, Window};
use crate::inventory::ecs::{Deployment, Service, ServiceEvent};
use crate::inventory::{Kind as _, Scope};

/// A deployment that begins so near to a step of CloudTrail's is that step's.
const SAME: TimeDelta = TimeDelta::minutes(2);

/// Those of the window that `known` does not have yet, and how each went on.
pub(super) fn entries(scope: &Scope, window: &Window, known: &[Entry]) -> Vec<Entry> {
    let mut entries = Vec::new();
    for service in scope.all::<Service>() {
        let began = service.deployments.iter().filter_map(|deployment| began(service, deployment, window));
        entries.extend(began.filter(|entry| !known.iter().any(|other| is_same(entry, other))));
        entries.extend(service.events.iter().filter_map(|event| went(service, event, window)));
    }
    entries
}

fn is_same(entry: &Entry, other: &Entry) -> bool {
    let (own, resource) = (&entry.resource, &other.resource);
    other.kind == Kind::Deployment
        && (own.arn == resource.arn
            || (&own.id, &own.region, &own.account) == (&resource.id, &resource.region, &resource.account))
        && (entry.time - other.time).abs() <= SAME
}

fn began(service: &Service, deployment: &Deployment, window: &Window) -> Option<Entry> {
    let time = deployment.created_at.filter(|at| window.holds(*at))?;
    let definition = deployment.task_definition.rsplit('/').next().unwrap_or_default();
    let state = deployment.rollout_state.as_deref().map(|state| format!(" ({state})")).unwrap_or_default();
    Some(Entry {
        time,
        kind: Kind::Deployment,
        text: format!("a deployment of {definition} to service {} began{state}", service.meta.name),
        ..Entry::of(node(service))
    })
}

/// `(service web) (deployment ecs-svc/1234567890) deployment completed.`
fn went(service: &Service, event: &ServiceEvent, window: &Window) -> Option<Entry> {
    let time = event.created_at.filter(|at| window.holds(*at))?;
    event.message.contains("deployment").then(|| Entry {
        time,
        kind: Kind::Deployment,
        text: event.message.trim_end_matches('.').to_owned(),
        progress: true,
        ..Entry::of(node(service))
    })
}

fn node(service: &Service) -> Node<'_> {
    Node { resource_type: Service::TYPE, meta: &service.meta }
}
