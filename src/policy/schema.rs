//! The JSON schema of policy files, for editors that check and complete YAML.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::raw::{OneOrMap, RawPolicy};
use crate::inventory::TYPES;

/// The schema of a policy file. Editors know draft 7 best.
pub fn policy() -> Value {
    SchemaSettings::draft07().into_generator().into_root_schema_for::<RawPolicy>().to_value()
}

/// Stands in a schema for what is written as plain YAML.
macro_rules! written {
    ($($name:ident = $schema:expr;)+) => {$(
        pub(super) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )+};
}

written! {
    PolicyId = json_schema!({ "type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$" });
    Expression = json_schema!({
        "description": "A CEL expression; `aftermove policy explain functions` lists what it can call.",
        "type": ["string", "boolean", "number"],
    });
    Template = json_schema!({
        "description": "A text in which `{…}` holds expressions.",
        "type": "string",
    });
    ResourceType = json_schema!({
        "description": "A built-in type, or any other of CloudFormation's; `aftermove policy schema TYPE` shows its fields.",
        "anyOf": [
            { "enum": TYPES },
            { "type": "string", "pattern": "^[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}$" },
        ],
    });
}

impl JsonSchema for OneOrMap {
    fn schema_name() -> Cow<'static, str> {
        "OneOrMap".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<Expression>();
        json_schema!({ "anyOf": [one, { "type": "object", "additionalProperties": one }] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::conforms;
    use crate::config::diagnostic::SourceFile;
    use crate::policy::builtin;

    /// What the schema has against the YAML.
    fn refused(schema: &Value, text: &str) -> Option<String> {
        let value: Value = SourceFile::new("x.yaml", text).parse().unwrap();
        conforms::refusal(schema, &value)
    }

    #[test]
    fn every_built_in_policy_is_as_the_schema_says() {
        let files = builtin::files();
        assert!(!files.is_empty());
        for file in files {
            assert_eq!(refused(&policy(), &file.text), None, "{}", file.path);
        }
    }

    const GOOD: &str = "{ id: x, title: X, severity: low, resource: 'AWS::DynamoDB::Table', violation: 'true', \
        message: m, why: w, fix: f, tests: [{ name: a, resource: {}, expect: fail }] }";

    #[test]
    fn an_editor_sees_what_loading_would_refuse() {
        assert_eq!(refused(&policy(), GOOD), None);
        for (old, new) in [
            ("severity: low", "severity: lo"),
            ("title: X", "titel: X"),
            ("fix: f, ", ""),
            ("id: x", "id: Not a slug"),
            ("'AWS::DynamoDB::Table'", "Table"),
            ("'AWS::DynamoDB::Table'", "[Table]"),
            ("expect: fail", "expect: failed"),
            ("resource: {}", "resource: text"),
            ("fix: f", "fix: f, skip: []"),
        ] {
            let changed = GOOD.replacen(old, new, 1);
            assert!(changed != GOOD && refused(&policy(), &changed).is_some(), "{changed}");
        }
    }

    #[test]
    fn types_are_offered_and_keys_are_explained() {
        let schema = policy();
        let types = schema.pointer("/definitions/ResourceType/anyOf/0/enum").unwrap();
        assert!(types.as_array().unwrap().contains(&"AWS::Logs::LogGroup".into()));
        for (name, key) in schema["properties"].as_object().unwrap() {
            let explained = key.get("description").and_then(Value::as_str).is_some();
            assert!(explained, "{name} has no description");
        }
    }
}
