//! What ECS services, their clusters and their task definitions have to do with one another.

use std::collections::BTreeMap;

use crate::inventory::ecs::{Cluster, Service, ServiceUse, TaskDefinition, TaskSize};
use crate::inventory::{Kind as _, Scope};

/// Service.task_size.
pub(super) fn task_sizes(scope: &Scope) -> Vec<Option<TaskSize>> {
    let definitions: BTreeMap<&str, &TaskDefinition> =
        scope.all::<TaskDefinition>().map(|definition| (definition.meta.arn.as_str(), definition)).collect();
    scope
        .all::<Service>()
        .map(|service| {
            let definition = definitions.get(service.task_definition.as_deref()?)?;
            Some(TaskSize {
                cpu: definition.cpu,
                memory: definition.memory,
                cpu_architecture: definition.cpu_architecture.clone(),
                operating_system_family: definition.operating_system_family.clone(),
            })
        })
        .collect()
}

/// Service.container_insights. A cluster that does not say has none.
pub(super) fn container_insights(scope: &Scope) -> Vec<Option<String>> {
    let clusters: BTreeMap<&str, &Cluster> =
        scope.all::<Cluster>().map(|cluster| (cluster.meta.arn.as_str(), cluster)).collect();
    scope
        .all::<Service>()
        .map(|service| {
            let cluster = clusters.get(service.cluster_arn.as_str())?;
            Some(cluster.container_insights.clone().unwrap_or_else(|| "disabled".to_owned()))
        })
        .collect()
}

/// TaskDefinition.services.
pub(super) fn uses(scope: &Scope) -> Vec<Option<Vec<ServiceUse>>> {
    let complete = scope.complete(Service::TYPE);
    let mut uses: BTreeMap<&str, Vec<&Service>> = BTreeMap::new();
    for service in scope.all::<Service>() {
        for arn in service.task_definitions() {
            let services = uses.entry(arn).or_default();
            if services.last().is_none_or(|last| last.meta.arn != service.meta.arn) {
                services.push(service);
            }
        }
    }
    let of = |definition: &TaskDefinition| {
        let services = uses.get(definition.meta.arn.as_str()).into_iter().flatten();
        services
            .map(|service| ServiceUse {
                name: service.meta.name.clone(),
                arn: service.meta.arn.clone(),
                cluster_name: service.cluster_name.clone(),
                desired_count: service.desired_count,
                fargate: service.on_fargate(),
            })
            .collect()
    };
    scope.all::<TaskDefinition>().map(|definition| complete.then(|| of(definition))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::relate::testing::{read, scope};

    fn resources() -> Vec<crate::inventory::Resource> {
        let mut resources = read(
            Cluster::TYPE,
            json!([{ "arn": "c/plain" }, { "arn": "c/watched", "container_insights": "enhanced" }]),
        );
        resources.extend(read(
            Service::TYPE,
            json!([
                {
                    "arn": "s/web", "name": "web", "cluster_arn": "c/plain", "launch_type": "FARGATE", "task_definition": "web:2",
                    "deployments": [{ "task_definition": "web:2" }, { "task_definition": "web:1" }],
                },
                {
                    "arn": "s/api", "name": "api", "cluster_arn": "c/watched", "task_definition": "web:2",
                    "capacity_provider_strategy": [{ "capacity_provider": "own-instances" }],
                },
            ]),
        ));
        resources.extend(read(
            TaskDefinition::TYPE,
            json!([{ "arn": "web:1", "cpu": 256, "memory": 512 }, { "arn": "web:2", "cpu": 1024, "memory": 2048 }]),
        ));
        resources
    }

    #[test]
    fn a_revision_knows_the_services_that_still_run_it() {
        let complete = uses(&scope(resources(), &[Service::TYPE]));
        let told: Vec<Vec<(&str, bool)>> = complete
            .iter()
            .map(|uses| uses.iter().flatten().map(|each| (each.name.as_str(), each.fargate)).collect())
            .collect();
        assert_eq!(told, [vec![("web", true)], vec![("web", true), ("api", false)]]);
        assert_eq!(uses(&scope(resources(), &[])), [None, None]);
    }

    #[test]
    fn a_service_has_the_size_of_its_primary_revision_and_the_insights_of_its_cluster() {
        let scope = scope(resources(), &[]);
        let cpu: Vec<Option<i64>> = task_sizes(&scope).into_iter().map(|size| size?.cpu).collect();
        assert_eq!(cpu, [Some(1024), Some(1024)]);
        assert_eq!(container_insights(&scope), [Some("disabled".to_owned()), Some("enhanced".to_owned())]);
    }

    #[test]
    fn what_was_not_read_leaves_both_open() {
        let alone = scope(
            read(Service::TYPE, json!([{ "task_definition": "web:2", "cluster_arn": "c/plain" }])),
            &[],
        );
        assert_eq!(task_sizes(&alone), [None]);
        assert_eq!(container_insights(&alone), [None]);
    }
}
