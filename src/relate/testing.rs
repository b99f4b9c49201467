//! Small scopes for the tests of the joins.

use serde_json::Value;

use crate::inventory::{Coverage, CoverageStatus, Resource, Scope};

/// Resources of one type from a JSON list in which any field may be left out.
pub(super) fn read(type_name: &str, list: Value) -> Vec<Resource> {
    let Value::Array(list) = list else { panic!("a list is wanted") };
    list.into_iter().map(|value| Resource::from_json(type_name, value).unwrap().unwrap()).collect()
}

/// A scope in which the named types were read completely, and no others.
pub(super) fn scope(resources: Vec<Resource>, complete: &[&str]) -> Scope {
    Scope {
        account: "111111111111".to_owned(),
        region: "eu-west-1".to_owned(),
        coverage: complete
            .iter()
            .map(|name| Coverage {
                resource_type: (*name).to_owned(),
                status: CoverageStatus::Complete,
                detail: String::new(),
            })
            .collect(),
        resources,
        ..Scope::default()
    }
}
