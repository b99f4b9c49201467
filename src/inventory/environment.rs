//! Environments of tasks and functions. Values never get into the inventory: only what they look like.

mod heroku;
mod names;
mod shape;
mod tokens;
mod urls;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use shape::Shape;

/// One variable, without its value.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct EnvironmentVariable {
    pub name: String,
    /// `literal`, or `reference` where the service fetches the value from Secrets Manager or Parameter Store.
    pub source: String,
    /// Derived when it is read: what the value looks like. Of no harm are `empty`, `flag` (yes, no or a number), `reference`
    /// (an ARN, a path, the name of a secret), `placeholder`, `url`, `local_url`, `publishable_key`, `test_key` and `plain`.
    /// Secrets are `url_with_password`, `url_with_token`, `webhook_url`, `connection_string`, `private_key`, `aws_access_key`,
    /// `json_web_token`, `authorization_header`, `user_and_password`, what its issuer marks (`stripe_key`, `github_token`, ...), and, by
    /// the variable's name, `password` and `key`.
    pub shape: String,
    /// Derived when it is read: whether the value gives access to whoever reads it.
    pub secret: bool,
    /// Derived when it is read: what of Heroku it is, as `Heroku Postgres`; null where it is nothing of Heroku's.
    pub heroku: Option<String>,
}

impl EnvironmentVariable {
    pub fn literal(name: &str, value: &str) -> Self {
        let shape = Shape::of(name, value);
        Self {
            name: name.to_owned(),
            source: "literal".to_owned(),
            shape: shape.word().to_owned(),
            secret: shape.is_secret(),
            heroku: heroku::of(name, Some(value)).map(str::to_owned),
        }
    }

    /// A variable whose value lies elsewhere, named by an ARN or a parameter's path.
    pub fn reference(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            source: "reference".to_owned(),
            shape: Shape::Reference.word().to_owned(),
            secret: false,
            heroku: heroku::of(name, None).map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests;
