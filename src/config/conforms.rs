//! Whether a value is as a JSON schema says, for those of its words that the schemas here use.

use serde_json::Value;

/// What the schema has against the value.
pub(crate) fn refusal(schema: &Value, value: &Value) -> Option<String> {
    Check { root: schema }.check(schema, value, "$").err()
}

struct Check<'s> {
    root: &'s Value,
}

impl Check<'_> {
    fn check(&self, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
        let words = match schema {
            Value::Bool(true) => return Ok(()),
            Value::Object(words) => words,
            other => return Err(format!("{place}: {other} allows nothing")),
        };
        for (word, says) in words {
            let holds = match word.as_str() {
                "$ref" => {
                    let found = says.as_str().and_then(|reference| self.root.pointer(&reference[1..]));
                    self.check(found.ok_or(format!("{says} leads nowhere"))?, value, place)?;
                    true
                }
                "type" => match says {
                    Value::Array(names) => names.iter().any(|name| is_of_type(name, value)),
                    name => is_of_type(name, value),
                },
                "enum" => says.as_array().is_some_and(|values| values.contains(value)),
                "const" => says == value,
                "anyOf" | "oneOf" => {
                    let alternatives = says.as_array().ok_or("alternatives are a list")?;
                    alternatives.iter().any(|schema| self.check(schema, value, place).is_ok())
                }
                "allOf" => {
                    for schema in says.as_array().ok_or("all of them are a list")? {
                        self.check(schema, value, place)?;
                    }
                    true
                }
                "required" => value.as_object().is_none_or(|fields| {
                    says.as_array().is_some_and(|names| {
                        names.iter().filter_map(Value::as_str).all(|name| fields.contains_key(name))
                    })
                }),
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(says, item, &format!("{place}[{index}]"))?;
                    }
                    true
                }
                "properties" | "additionalProperties" => {
                    self.fields(schema, word, says, value, place)?;
                    true
                }
                "pattern" => value.as_str().is_none_or(|text| {
                    let pattern = says.as_str().unwrap_or_default();
                    cel_matches(text, pattern)
                }),
                // says nothing about values, or no more than `type` does
                "$schema" | "title" | "description" | "definitions" | "default" | "format" | "minimum" => {
                    true
                }
                unknown => return Err(format!("{place}: nothing here checks `{unknown}`")),
            };
            if !holds {
                return Err(format!("{place}: {value} is not as `{word}` says: {says}"));
            }
        }
        Ok(())
    }

    fn fields(
        &self,
        schema: &Value,
        word: &str,
        says: &Value,
        value: &Value,
        place: &str,
    ) -> Result<(), String> {
        let known = schema.get("properties").and_then(Value::as_object);
        for (name, field) in value.as_object().into_iter().flatten() {
            let place = format!("{place}.{name}");
            match (known.and_then(|known| known.get(name)), word) {
                (Some(schema), "properties") => self.check(schema, field, &place)?,
                (None, "additionalProperties") => self.check(says, field, &place)?,
                _ => {}
            }
        }
        Ok(())
    }
}

fn is_of_type(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap_or_default() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

/// CEL brings regular expressions of its own.
fn cel_matches(text: &str, pattern: &str) -> bool {
    let mut context = cel::Context::default();
    context.add_variable_from_value("text", text.to_owned());
    context.add_variable_from_value("pattern", pattern.to_owned());
    let program = cel::Program::compile("text.matches(pattern)").unwrap();
    program.execute(&context).unwrap() == cel::Value::Bool(true)
}
