//! Types of expressions, as far as the JSON schemas of the resources tell them.

use serde_json::Value as Json;

/// What is known of a value's type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type<'a> {
    Any,
    /// As a JSON schema says.
    Schema(&'a Json),
    List(Box<Self>),
    Of(Kind),
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    Bool,
    Int,
    Double,
    String,
    Timestamp,
    Duration,
    Null,
    List,
    Map,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Bool => "a bool",
            Self::Int => "an int",
            Self::Double => "a double",
            Self::String => "a string",
            Self::Timestamp => "a timestamp",
            Self::Duration => "a duration",
            Self::Null => "null",
            Self::List => "a list",
            Self::Map => "a map",
        }
    }

    pub(crate) fn of_json(value: &Json) -> Self {
        match value {
            Json::Null => Self::Null,
            Json::Bool(_) => Self::Bool,
            Json::Number(n) if n.is_i64() || n.is_u64() => Self::Int,
            Json::Number(_) => Self::Double,
            Json::String(_) => Self::String,
            Json::Array(_) => Self::List,
            Json::Object(_) => Self::Map,
        }
    }
}

/// Follows `$ref`, and past null to the other alternative.
pub(crate) fn resolve<'a>(schema: &'a Json, root: &'a Json) -> Option<&'a Json> {
    if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
        return root.pointer(reference.strip_prefix('#')?).and_then(|found| resolve(found, root));
    }
    match schema.get("anyOf").and_then(Json::as_array) {
        Some(alternatives) => alternatives
            .iter()
            .find(|alternative| alternative.get("type").and_then(Json::as_str) != Some("null"))
            .and_then(|found| resolve(found, root)),
        None => schema.is_object().then_some(schema),
    }
}

/// The kinds that a value may have; empty where that is not known.
pub(crate) fn kinds(found: &Type<'_>, root: &Json) -> Vec<Kind> {
    match found {
        Type::Any => Vec::new(),
        Type::Of(kind) => vec![*kind],
        Type::List(_) => vec![Kind::List],
        Type::Schema(schema) => {
            let nullable = schema.get("anyOf").is_some();
            let Some(schema) = resolve(schema, root) else {
                return Vec::new();
            };
            let timestamp = schema.get("format").and_then(Json::as_str) == Some("date-time");
            let kind = |name: &str| match name {
                "boolean" => Some(Kind::Bool),
                "integer" => Some(Kind::Int),
                "number" => Some(Kind::Double),
                "string" if timestamp => Some(Kind::Timestamp),
                "string" => Some(Kind::String),
                "array" => Some(Kind::List),
                "object" => Some(Kind::Map),
                "null" => Some(Kind::Null),
                _ => None,
            };
            let mut found: Vec<Kind> = match schema.get("type") {
                Some(Json::String(name)) => kind(name).into_iter().collect(),
                Some(Json::Array(names)) => names.iter().filter_map(|name| kind(name.as_str()?)).collect(),
                _ => return Vec::new(),
            };
            if nullable {
                found.push(Kind::Null);
            }
            found
        }
    }
}
