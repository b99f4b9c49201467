//! What is wrong with the cases of a policy file.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{Loader, TypeSchema, types};
use crate::config::diagnostic::did_you_mean;
use crate::inventory::generic::snake;
use crate::policy::check;
use crate::policy::raw::{Expectation, RawPolicy, RawTest};

impl Loader<'_> {
    pub(super) fn tests(
        &mut self,
        raw: &RawPolicy,
        types: &[TypeSchema],
    ) -> Vec<(std::ops::Range<usize>, RawTest)> {
        for wanted in [Expectation::Pass, Expectation::Fail] {
            if !raw.tests.value.iter().any(|test| test.value.expect == wanted) {
                self.problem(
                    &raw.tests.defined,
                    format!("no test expects `{}`", wanted.as_str()),
                    "a policy shows at least one resource that passes and one that fails",
                );
            }
        }
        let mut tests = Vec::new();
        for test in &raw.tests.value {
            let at = &test.defined;
            let names: Vec<&str> = types.iter().map(|(name, _)| *name).collect();
            let wanted = test.value.resource_type(&names);
            match types.iter().find(|(name, _)| *name == wanted) {
                Some((name, schema)) => {
                    let mut fields = test.value.resource.clone();
                    fields.as_object_mut().map(|fields| fields.remove("resource_type"));
                    self.fields(at, &fields, schema, schema, name);
                }
                None => self.problem(
                    at,
                    format!("test `{}`: the policy does not judge `{wanted}`", test.value.name),
                    format!("it judges {}", names.join(", ")),
                ),
            }
            for related in &test.value.related {
                let name = related.get("resource_type").and_then(Json::as_str).unwrap_or_default();
                match types::find(name) {
                    Ok((_, schema)) => {
                        let mut fields = related.clone();
                        fields.as_object_mut().map(|fields| fields.remove("resource_type"));
                        self.fields(at, &fields, schema, schema, name);
                    }
                    Err(help) => self.problem(
                        at,
                        format!(
                            "test `{}`: a related resource has the unknown `resource_type` `{name}`",
                            test.value.name
                        ),
                        help,
                    ),
                }
            }
            for (kind, given, known) in [
                (
                    "params",
                    test.value.params.keys().collect::<Vec<_>>(),
                    raw.params.keys().collect::<Vec<_>>(),
                ),
                ("metrics", test.value.metrics.keys().collect(), raw.metrics.keys().collect()),
                ("evidence", test.value.evidence.keys().collect(), raw.evidence.keys().collect()),
            ] {
                for name in given {
                    if !known.contains(&name) {
                        let help = did_you_mean(name, known.iter().map(|known| known.as_str()));
                        self.problem(
                            at,
                            format!("test `{}`: the policy has no {kind} `{name}`", test.value.name),
                            help.unwrap_or_default(),
                        );
                    }
                }
            }
            for name in &test.value.unread {
                if let Err(help) = types::find(name) {
                    self.problem(at, format!("test `{}`: unknown type `{name}`", test.value.name), help);
                }
            }
            tests.push((self.file.span_at(*at), test.value.clone()));
        }
        tests
    }

    /// Refuses what a test says of types that the policy does not read: it can change nothing.
    pub(super) fn cases_read(&mut self, raw: &RawPolicy, read: &BTreeSet<&str>) {
        for test in &raw.tests.value {
            let related =
                test.value.related.iter().filter_map(|related| related.get("resource_type")?.as_str());
            let unread = test.value.unread.iter().map(String::as_str);
            for name in related.chain(unread).filter(|name| !read.contains(name)) {
                let known = types::find(name).is_ok();
                if known {
                    self.problem(
                        &test.defined,
                        format!("test `{}`: the policy does not read `{name}`", test.value.name),
                        "leave it out of the test, or use a field that is worked out from it",
                    );
                }
            }
        }
    }

    /// Refuses fields of a test's resource that its type does not have.
    fn fields(&mut self, at: &serde_saphyr::Location, value: &Json, schema: &Json, root: &Json, what: &str) {
        let Some(schema) = check::resolve(schema, root) else {
            return;
        };
        match (value, schema.get("properties").and_then(Json::as_object)) {
            (Json::Object(fields), Some(properties)) => {
                for (name, value) in fields {
                    match properties.get(name) {
                        Some(schema) => self.fields(at, value, schema, root, name),
                        None => self.problem(
                            at,
                            format!("this test gives `{what}` a field `{name}` that it does not have"),
                            did_you_mean(name, properties.keys().map(String::as_str)).unwrap_or_default(),
                        ),
                    }
                }
            }
            (Json::Object(fields), None) if std::ptr::eq(schema, root) => {
                // of any other type: its names are known, its fields are not
                for name in fields.keys().filter(|name| snake(name) != **name) {
                    self.problem(
                        at,
                        format!("this test gives `{what}` a field `{name}`"),
                        format!("fields are in snake_case: did you mean `{}`?", snake(name)),
                    );
                }
            }
            (Json::Array(items), _) => {
                for item in items {
                    if let Some(schema) = schema.get("items") {
                        self.fields(at, item, schema, root, what);
                    }
                }
            }
            _ => {}
        }
    }
}
