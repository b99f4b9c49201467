//! Environments of tasks and functions. Values never get into the inventory: only what they look like.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One variable, without its value.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct EnvironmentVariable {
    pub name: String,
    /// `literal`, or `reference` where the service fetches the value from Secrets Manager or Parameter Store.
    pub source: String,
    /// Derived when it is read: what the value looks like. `empty`, `reference`, `url_with_password` or `plain`.
    pub shape: String,
    /// Derived when it is read: what of Heroku it is; null where it is nothing of Heroku's.
    pub heroku: Option<String>,
}

impl EnvironmentVariable {
    pub fn literal(name: &str, value: &str) -> Self {
        let shape = if value.is_empty() { "empty" } else { "plain" };
        Self { name: name.to_owned(), source: "literal".to_owned(), shape: shape.to_owned(), heroku: None }
    }

    /// A variable whose value lies elsewhere, named by an ARN or a parameter's path.
    pub fn reference(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            source: "reference".to_owned(),
            shape: "reference".to_owned(),
            heroku: None,
        }
    }
}
