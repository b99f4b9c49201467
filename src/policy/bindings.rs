//! The values that a policy's expressions see of one resource.

use std::collections::BTreeMap;

use cel::{Context, ExecutionError, Value};
use indexmap::IndexMap;

use super::expression::Expression;

/// A variable is worked out once, when an expression first needs it. One that
/// fails only fails the expressions whose result hangs on it.
pub(crate) struct Bindings<'a> {
    context: Context<'a, 'a>,
    variables: &'a IndexMap<String, Expression>,
    /// By the variable's place; why it could not be worked out.
    known: BTreeMap<usize, Option<String>>,
}

impl<'a> Bindings<'a> {
    /// `context` has `resource`, `params` and `now`.
    pub(crate) fn new(context: Context<'a, 'a>, variables: &'a IndexMap<String, Expression>) -> Self {
        Self { context, variables, known: BTreeMap::new() }
    }

    pub(crate) fn set_metrics(&mut self, metrics: Value) {
        self.context.add_variable_from_value("metrics", metrics);
    }

    pub(crate) fn evaluate(&mut self, expression: &Expression) -> Result<Value, String> {
        for &place in &expression.needs {
            if !self.known.contains_key(&place)
                && let Some((name, variable)) = self.variables.get_index(place)
            {
                let failed = match self.resolve(variable) {
                    Ok(value) => {
                        // CEL looks `variables.x` up as one qualified name
                        self.context.add_variable_from_value(format!("variables.{name}"), value);
                        None
                    }
                    Err(reason) => Some(reason),
                };
                self.known.insert(place, failed);
            }
        }
        self.resolve(expression)
    }

    /// The expression's truth; an error or another type is told in words.
    pub(crate) fn holds(&mut self, expression: &Expression) -> Result<bool, String> {
        match self.evaluate(expression)? {
            Value::Bool(value) => Ok(value),
            other => Err(format!("{} is {:?}, not true or false", expression.shown(), other.type_of())),
        }
    }

    fn resolve(&self, expression: &Expression) -> Result<Value, String> {
        self.context.resolve(&expression.ast).map_err(|error| match error {
            ExecutionError::FunctionError { message, .. } => message,
            ExecutionError::UndeclaredReference(_) => self.missing(expression),
            other => format!("{other} in {}", expression.shown()),
        })
    }

    /// Names are checked at load, so that only a failed variable can be undeclared.
    fn missing(&self, expression: &Expression) -> String {
        let mut failures = expression.needs.iter().filter_map(|place| self.known.get(place)?.clone());
        failures.next().unwrap_or_else(|| format!("{} names what is not there", expression.shown()))
    }
}
