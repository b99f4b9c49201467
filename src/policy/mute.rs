//! The `while:` of a mute: a condition on the resource that the policy judges.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Policy;
use super::bindings::Bindings;
use super::check::{Kind, Names, check, require_bool};
use super::evaluate::{Setting, base_context, resource_json};
use super::expression::Expression;
use super::functions::ENV;
use super::outcome::Evaluation;
use super::value::{params_to_cel, to_cel};
use crate::config::diagnostic::{Diagnostic, Diagnostics};
use crate::inventory::{self, Inventory};

/// A compiled `while:`.
#[derive(Debug)]
pub struct Condition<'p> {
    policy: &'p Policy,
    expression: Expression,
}

impl<'p> Condition<'p> {
    /// `place` points at the condition in the configuration file.
    pub fn compile(policy: &'p Policy, text: &str, place: &Diagnostic) -> Result<Self, Diagnostics> {
        let file = &place.source;
        let expression = Expression::compile(&ENV, file, text, place.span.start)
            .map_err(|problem| Diagnostics(vec![problem]))?;
        let mut problems = Vec::new();
        for resource_type in &policy.resource_types {
            let schema = inventory::schema(resource_type).unwrap_or(&Json::Null);
            let params = policy.params.iter().map(|(name, value)| (name.as_str(), Kind::of_json(value)));
            let names = Names {
                resource_type,
                schema,
                params: params.collect(),
                variables: BTreeMap::new(),
                metrics: None,
            };
            let found = check(file, &expression, &names, &mut problems);
            require_bool(file, &expression, &found, &names, &mut problems);
        }
        if problems.is_empty() { Ok(Self { policy, expression }) } else { Err(Diagnostics(problems)) }
    }

    /// Whether it holds of the evaluated resource; `None` where that cannot be told.
    pub fn holds(
        &self,
        inventory: &Inventory,
        evaluation: &Evaluation<'_>,
        setting: &Setting<'_>,
    ) -> Option<bool> {
        let (scope, resource) = inventory
            .scopes
            .iter()
            .flat_map(|scope| scope.resources.iter().map(move |resource| (scope, resource)))
            .find(|(_, r)| r.type_name() == evaluation.resource_type && *r.meta() == *evaluation.resource)?;
        let json = resource_json(resource);
        let mut context = base_context(setting, &scope.rates).ok()?;
        let timestamps = self.policy.timestamps(resource.type_name());
        context.add_variable_as_val("resource", to_cel(&json, timestamps));
        context.add_variable_as_val("params", params_to_cel(&self.policy.params));
        Bindings::new(context, &self.policy.variables).holds(&self.expression).ok()
    }
}
