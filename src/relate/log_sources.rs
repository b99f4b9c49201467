//! What writes to a log group, as far as the names tell that AWS services give.

use std::collections::BTreeSet;

use super::existence::Existence;
use crate::inventory::ecs::Cluster;
use crate::inventory::lambda::Function;
use crate::inventory::logs::{LogGroup, LogSource};
use crate::inventory::rds::{DbCluster, DbInstance};
use crate::inventory::{Kind as _, Scope};

/// The beginning of a name, up to that of the source, which ends at the next slash.
const PREFIXES: &[(&str, &str, &str)] = &[
    ("/aws/lambda/", "Lambda function", Function::TYPE),
    ("/aws/ecs/containerinsights/", "ECS cluster", Cluster::TYPE),
    ("/aws/rds/instance/", "RDS instance", DbInstance::TYPE),
    ("/aws/rds/cluster/", "Aurora cluster", DbCluster::TYPE),
];

/// The types that [`source`] looks names up in.
pub(super) const SOURCES: &[&str] = &[Function::TYPE, Cluster::TYPE, DbInstance::TYPE, DbCluster::TYPE];

/// LogGroup.source.
pub(super) fn source(scope: &Scope) -> Vec<Option<LogSource>> {
    let existence = Existence::of(scope);
    // a function may write to the group of another's name
    let written: BTreeSet<&str> =
        scope.all::<Function>().filter_map(|function| function.log_group.as_deref()).collect();
    scope
        .all::<LogGroup>()
        .map(|group| {
            let (kind, resource_type, name) = named(&group.meta.name)?;
            // Lambda@Edge logs where its visitors are, and lives in us-east-1
            if name.starts_with("us-east-1.") && resource_type == Function::TYPE {
                return None;
            }
            Some(LogSource {
                kind: kind.to_owned(),
                resource_type: resource_type.to_owned(),
                name: name.to_owned(),
                exists: if written.contains(group.meta.name.as_str()) {
                    Some(true)
                } else {
                    existence.of_name(resource_type, name)
                },
            })
        })
        .collect()
}

fn named(group: &str) -> Option<(&'static str, &'static str, &str)> {
    PREFIXES.iter().find_map(|(prefix, kind, resource_type)| {
        let name = group.strip_prefix(prefix)?.split('/').next()?;
        (!name.is_empty()).then_some((*kind, *resource_type, name))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::relate::testing::{read, scope};

    fn told(complete: &[&str]) -> Vec<String> {
        let mut resources = read(
            LogGroup::TYPE,
            json!([
                { "name": "/aws/rds/instance/shop/postgresql" },
                { "name": "/aws/rds/instance/trial/postgresql" },
                { "name": "/aws/rds/cluster/main/postgresql" },
                { "name": "/aws/rds/instance/" },
                { "name": "/aws/lambda/report" },
                { "name": "/aws/lambda/shared" },
                { "name": "/aws/lambda/trial" },
                { "name": "/aws/lambda/us-east-1.redirect" },
                { "name": "/aws/ecs/containerinsights/main/performance" },
                { "name": "/ecs/web" },
            ]),
        );
        resources
            .extend(read(Function::TYPE, json!([{ "name": "report", "log_group": "/aws/lambda/shared" }])));
        resources.extend(read(DbInstance::TYPE, json!([{ "id": "shop", "name": "shop" }])));
        let tell = |source: Option<LogSource>| {
            source.map_or("none".to_owned(), |source| {
                format!("{} {} {:?}", source.kind, source.name, source.exists)
            })
        };
        source(&scope(resources, complete)).into_iter().map(tell).collect()
    }

    #[test]
    fn the_names_that_services_give_tell_what_writes() {
        assert_eq!(
            told(SOURCES),
            [
                "RDS instance shop Some(true)",
                "RDS instance trial Some(false)",
                "Aurora cluster main Some(false)",
                "none",
                "Lambda function report Some(true)",
                "Lambda function shared Some(true)",
                "Lambda function trial Some(false)",
                "none",
                "ECS cluster main Some(false)",
                "none"
            ]
        );
    }

    #[test]
    fn what_was_not_read_may_be_there() {
        assert_eq!(told(&[])[..2], ["RDS instance shop Some(true)", "RDS instance trial None"]);
    }

    #[test]
    fn every_prefix_is_of_a_type_that_is_looked_up() {
        assert!(PREFIXES.iter().all(|(.., resource_type)| SOURCES.contains(resource_type)));
    }
}
