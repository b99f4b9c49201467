//! Policies on types that are not built in: whether they fit what AWS says of the type.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::Policy;
use super::check::{Kind, Names, check};
use crate::config::diagnostic::Diagnostic;
use crate::inventory::{Inventory, Resource, Scope, TYPES};

/// What of a policy does not fit a type whose fields became known only in the run.
fn misfits(policy: &Policy, resource_type: &str, schema: &Json) -> Vec<Diagnostic> {
    let params = policy.params.iter().map(|(name, value)| (name.as_str(), Kind::of_json(value)));
    let mut names = Names {
        resource_type,
        schema,
        params: params.collect(),
        variables: BTreeMap::new(),
        metrics: Some(policy.metrics.iter().map(|metric| metric.name.as_str()).collect()),
    };
    let mut problems = Vec::new();
    for (name, expression) in &policy.variables {
        let found = check(&policy.source, expression, &names, &mut problems);
        names.variables.insert(name, found);
    }
    for expression in policy.expressions() {
        check(&policy.source, expression, &names, &mut problems);
    }
    let mut known = BTreeSet::new();
    problems.retain(|problem| known.insert((problem.span.start, problem.message.clone())));
    problems
}

/// Why the policy cannot judge resources of the type, if AWS knows no such fields.
pub(super) fn misfit(policy: &Policy, resource_type: &str, scope: &Scope) -> Option<String> {
    if TYPES.contains(&resource_type) {
        return None;
    }
    let problems = misfits(policy, resource_type, scope.schemas.get(resource_type)?);
    let told: Vec<String> = problems.iter().map(told).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

fn told(problem: &Diagnostic) -> String {
    let (line, column) = problem.position();
    let help = if problem.help.is_empty() { String::new() } else { format!(" ({})", problem.help) };
    format!("{}:{line}:{column}: {}{help}", problem.source.path, problem.message)
}

/// The misfits of all policies, each told once.
pub fn notes(policies: &[&Policy], inventory: &Inventory) -> Vec<String> {
    let mut notes = BTreeSet::new();
    for scope in &inventory.scopes {
        for policy in policies {
            let found = policy.unchecked_types().filter_map(|name| misfit(policy, name, scope));
            notes.extend(found.map(|misfit| format!("{} judged nothing: {misfit}", policy.id)));
        }
    }
    notes.into_iter().collect()
}

/// Why the policy cannot judge this resource, if it has not all the fields that the policy names.
pub(super) fn missing(policy: &Policy, resource: &Resource, json: &Json, scope: &Scope) -> Option<String> {
    let Resource::Generic(resource) = resource else { return None };
    let fields = policy.fields();
    let lacks = |name: &&String| json.get(name.as_str()).is_none();
    let missing: Vec<String> = fields.iter().filter(lacks).map(|name| format!("`{name}`")).collect();
    if missing.is_empty() {
        return None;
    }
    let (fields, name) = (missing.join(" and no "), resource.resource_type);
    Some(if scope.schemas.contains_key(name) {
        format!("the inventory has no {fields}: it was taken for policies that do not name it")
    } else {
        format!("AWS gave no {fields}, and without the schema of {name} nobody can tell unset from mistyped")
    })
}
