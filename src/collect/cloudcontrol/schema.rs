//! A resource type as CloudFormation's registry describes it: its fields as policies see them,
//! and what its handlers ask for.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use crate::inventory::Meta;
use crate::inventory::generic::snake;

/// References and alternatives lead no deeper than this in any type of AWS.
const DEPTH: usize = 16;

/// A type's entry in the registry.
#[derive(Debug)]
pub struct Schema(Json);

/// What a part of the schema says of a value.
enum Shape<'a> {
    /// Properties, whose names are AWS's.
    Object(IndexMap<&'a str, &'a Json>),
    /// A map, whose keys are the user's.
    Map(&'a Json),
    List(&'a Json),
    /// JSON schema's `type`.
    Scalar(&'a Json),
    /// Anything, such as a policy document: it is left alone.
    Any,
}

impl Schema {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let schema: Json = serde_json::from_str(text).ok()?;
        schema.get("properties")?.is_object().then_some(Self(schema))
    }

    fn handler(&self, name: &str) -> Option<&Json> {
        self.0.get("handlers")?.get(name)
    }

    pub(super) fn can_list(&self) -> bool {
        self.handler("list").is_some()
    }

    pub(super) fn can_read(&self) -> bool {
        self.handler("read").is_some()
    }

    /// Properties of a parent that a list has to be given, such as a cluster's name.
    pub(super) fn list_requires(&self) -> Vec<&str> {
        let Some(schema) = self.handler("list").and_then(|list| list.get("handlerSchema")) else {
            return Vec::new();
        };
        let alternatives =
            ["oneOf", "anyOf", "allOf"].into_iter().filter_map(|key| schema.get(key)?.as_array());
        let required = std::iter::once(schema).chain(alternatives.flatten());
        let names = required.filter_map(|schema| schema.get("required")?.as_array()).flatten();
        names.filter_map(Json::as_str).collect()
    }

    /// The IAM actions that the handlers call on behalf of whoever lists and reads.
    pub fn permissions(&self) -> BTreeSet<String> {
        let handlers = ["list", "read"].into_iter().filter_map(|name| self.handler(name));
        let permissions = handlers.filter_map(|handler| handler.get("permissions")?.as_array()).flatten();
        permissions.filter_map(Json::as_str).map(str::to_owned).collect()
    }

    /// The property that holds the tags.
    fn tag_property(&self) -> &str {
        let named = self.0.pointer("/tagging/tagProperty").and_then(Json::as_str);
        named.and_then(|pointer| pointer.strip_prefix("/properties/")).unwrap_or("Tags")
    }

    /// Whether AWS never shows the property, such as a password.
    fn is_write_only(&self, property: &str) -> bool {
        let pointers = self.0.get("writeOnlyProperties").and_then(Json::as_array);
        pointers
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .any(|pointer| pointer.strip_prefix("/properties/") == Some(property))
    }

    fn properties(&self) -> impl Iterator<Item = (&str, &Json)> {
        let properties = self.0.get("properties").and_then(Json::as_object).into_iter().flatten();
        properties.map(|(name, schema)| (name.as_str(), schema)).filter(|(name, _)| !self.is_write_only(name))
    }

    /// Whether resources of the type have the field, apart from what every resource has.
    pub(super) fn has(&self, field: &str) -> bool {
        self.properties().any(|(name, _)| snake(name) == field)
            || field == "tags" && self.properties().any(|(name, _)| name == self.tag_property())
    }

    /// The JSON schema of a resource as policies see it. Every property may be null.
    pub fn fields(&self) -> Json {
        let mut root = schemars::schema_for!(Meta).to_value();
        let definitions = self.0.get("definitions").and_then(Json::as_object).into_iter().flatten();
        let definitions: Map<String, Json> =
            definitions.map(|(name, schema)| (name.clone(), self.field(schema, DEPTH))).collect();
        if let Some(known) = root.get_mut("properties").and_then(Json::as_object_mut) {
            for (name, schema) in self.properties().filter(|(name, _)| *name != self.tag_property()) {
                known.entry(snake(name)).or_insert_with(|| nullable(&self.field(schema, DEPTH)));
            }
        }
        root["title"] = self.0.get("typeName").cloned().unwrap_or_default();
        root["definitions"] = Json::Object(definitions);
        root
    }

    fn field(&self, schema: &Json, depth: usize) -> Json {
        if let Some(reference) = schema.get("$ref").and_then(Json::as_str)
            && reference.starts_with("#/definitions/")
        {
            return json!({ "$ref": reference });
        }
        let Some(depth) = depth.checked_sub(1) else { return json!({}) };
        match self.shape(schema, DEPTH) {
            Shape::Object(properties) => {
                let properties: Map<String, Json> = properties
                    .into_iter()
                    .map(|(name, schema)| (snake(name), nullable(&self.field(schema, depth))))
                    .collect();
                json!({ "type": "object", "properties": properties })
            }
            Shape::Map(value) => {
                json!({ "type": "object", "additionalProperties": self.field(value, depth) })
            }
            Shape::List(items) => json!({ "type": "array", "items": self.field(items, depth) }),
            Shape::Scalar(name) => json!({ "type": name }),
            Shape::Any => json!({}),
        }
    }

    /// Properties as policies see them: those that are absent are null.
    pub(super) fn seen(&self, mut properties: Map<String, Json>) -> Map<String, Json> {
        let mut seen = Map::new();
        for (name, schema) in self.properties() {
            let value = properties.shift_remove(name).map_or(Json::Null, |value| self.value(schema, value));
            let field = if name == self.tag_property() { "tags".to_owned() } else { snake(name) };
            if seen.get(&field).is_none_or(Json::is_null) {
                seen.insert(field, value);
            }
        }
        seen
    }

    fn value(&self, schema: &Json, value: Json) -> Json {
        match (self.shape(schema, DEPTH), value) {
            (Shape::Object(properties), Json::Object(mut given)) => {
                let mut seen = Map::new();
                for (name, schema) in properties {
                    let value =
                        given.shift_remove(name).map_or(Json::Null, |value| self.value(schema, value));
                    seen.insert(snake(name), value);
                }
                for (name, value) in given {
                    seen.entry(snake(&name)).or_insert(value);
                }
                Json::Object(seen)
            }
            (Shape::Map(schema), Json::Object(given)) => {
                Json::Object(given.into_iter().map(|(key, value)| (key, self.value(schema, value))).collect())
            }
            (Shape::List(schema), Json::Array(items)) => {
                Json::Array(items.into_iter().map(|item| self.value(schema, item)).collect())
            }
            // CEL tells ints and doubles apart, JSON's writers do not
            (Shape::Scalar(name), Json::Number(number)) if name == "number" => {
                number.as_f64().map_or(Json::Null, Json::from)
            }
            (_, value) => value,
        }
    }

    fn shape<'a>(&'a self, schema: &'a Json, depth: usize) -> Shape<'a> {
        if depth == 0 {
            return Shape::Any;
        }
        if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
            let found = reference.strip_prefix('#').and_then(|pointer| self.0.pointer(pointer));
            return found.map_or(Shape::Any, |found| self.shape(found, depth - 1));
        }
        let open = schema.get("additionalProperties") == Some(&Json::Bool(true));
        let mut properties: IndexMap<&str, &Json> = schema
            .get("properties")
            .and_then(Json::as_object)
            .into_iter()
            .flatten()
            .map(|(name, schema)| (name.as_str(), schema))
            .collect();
        let alternatives: Vec<&Json> = ["allOf", "anyOf", "oneOf"]
            .into_iter()
            .filter_map(|key| schema.get(key)?.as_array())
            .flatten()
            .collect();
        let mut other = None;
        for alternative in &alternatives {
            match self.shape(alternative, depth - 1) {
                Shape::Object(more) => properties.extend(more),
                // one that only says what is required has no shape
                Shape::Any => {}
                shape => other = Some(shape),
            }
        }
        let name = schema.get("type");
        let is_object = name.is_none_or(|name| name == "object");
        match other {
            Some(shape) if properties.is_empty() && name.is_none() && alternatives.len() == 1 => {
                return shape;
            }
            Some(_) if name.is_none() => return Shape::Any,
            _ => {}
        }
        if is_object && !properties.is_empty() {
            return if open { Shape::Any } else { Shape::Object(properties) };
        }
        let pattern =
            schema.get("patternProperties").and_then(Json::as_object).and_then(|map| map.values().next());
        let additional = schema.get("additionalProperties").filter(|schema| schema.is_object());
        match (pattern.or(additional), schema.get("items"), name) {
            (Some(value), ..) if is_object => Shape::Map(value),
            (_, Some(items), _) if items.is_object() => Shape::List(items),
            (_, None, Some(name)) if name != "object" => Shape::Scalar(name),
            _ => Shape::Any,
        }
    }
}

fn nullable(schema: &Json) -> Json {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

/// Properties as policies see them where the schema could not be read: names that look like
/// AWS's are taken for such, but not where users' own are to be expected.
pub(super) fn guessed(properties: Map<String, Json>) -> Map<String, Json> {
    properties
        .into_iter()
        .map(|(name, value)| {
            let free = ["Document", "Policy", "Variables", "Parameters", "Labels"];
            let theirs = free.iter().any(|end| name.ends_with(end)) || name == "Tags" && value.is_object();
            let value = if theirs { value } else { guessed_value(value) };
            let is_name = name.starts_with(|c: char| c.is_ascii_uppercase())
                && name.chars().all(|c| c.is_ascii_alphanumeric())
                && name.chars().any(|c| c.is_ascii_lowercase());
            (if is_name { snake(&name) } else { name }, value)
        })
        .collect()
}

fn guessed_value(value: Json) -> Json {
    match value {
        Json::Object(fields) => Json::Object(guessed(fields)),
        Json::Array(items) => Json::Array(items.into_iter().map(guessed_value).collect()),
        value => value,
    }
}

#[cfg(test)]
mod tests;
