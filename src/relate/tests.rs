use serde_json::{Value, json};

use super::testing::{read, scope};
use super::*;
use crate::cost;
use crate::inventory::costexplorer::CostAndUsage;
use crate::inventory::{self, Coverage, CoverageStatus, GLOBAL, TYPES};

/// One resource of each type that has derived fields, and what its joins need to find nothing missing.
fn one_of_each() -> Vec<inventory::Resource> {
    [
        SecurityGroup::TYPE,
        NatGateway::TYPE,
        Vpc::TYPE,
        Volume::TYPE,
        Snapshot::TYPE,
        Instance::TYPE,
        LoadBalancer::TYPE,
        CacheCluster::TYPE,
        ReplicationGroup::TYPE,
        ServerlessCache::TYPE,
        DbInstance::TYPE,
        DbCluster::TYPE,
        HostedZone::TYPE,
        RecordSet::TYPE,
        AppRunnerService::TYPE,
        eks::Cluster::TYPE,
        BeanstalkEnvironment::TYPE,
        Cluster::TYPE,
        Service::TYPE,
        TaskDefinition::TYPE,
        Repository::TYPE,
        Function::TYPE,
        Queue::TYPE,
        ScheduleGroup::TYPE,
        Alarm::TYPE,
        Topic::TYPE,
        LogGroup::TYPE,
        CostAndUsage::TYPE,
    ]
    .iter()
    .flat_map(|name| {
        let one = json!([{ "id": "one", "name": "/aws/rds/instance/one", "arn": "one", "type": "application",
            "cluster_arn": "one", "task_definition": "one", "db_instance_class": "db.t4g.medium", "access_events": [],
            "redrive_policy": { "dead_letter_target_arn": "one" }, "db_cluster_identifier": "one",
            "db_cluster_members": [{ "db_instance_identifier": "one" }], "service": "one", "to": "2026-11-20",
            "days": [{ "date": "2026-11-20", "usd": "1", "quantity": "1" }] }]);
        read(name, one)
    })
    .collect()
}

fn field<'a>(resource: &'a Value, name: &str) -> &'a Value {
    resource.get(name).expect("every field is present, null or not")
}

#[test]
fn every_relation_names_a_field_of_its_type_and_known_types() {
    for relation in RELATIONS {
        let schema = inventory::schema(relation.resource_type).unwrap();
        let described = schema.pointer(&format!("/properties/{}/description", relation.field));
        let described = described.and_then(Value::as_str).unwrap_or_default();
        assert!(described.starts_with("Derived: "), "{relation:?} is documented as derived");
        assert!(relation.needs.iter().all(|need| TYPES.contains(need)), "{relation:?}");
    }
}

#[test]
fn every_field_documented_as_derived_has_a_relation() {
    for name in TYPES {
        let schema = inventory::schema(name).unwrap();
        let Some(Value::Object(properties)) = schema.get("properties") else {
            continue;
        };
        for (field, property) in properties {
            let text = property.get("description").and_then(Value::as_str).unwrap_or("");
            if text.starts_with("Derived: ") {
                assert!(
                    RELATIONS.iter().any(|r| r.resource_type == *name && r.field == field),
                    "{name}.{field}"
                );
            }
        }
    }
}

#[test]
fn every_relation_is_filled_when_all_is_read_and_null_when_nothing_is() {
    let mut complete = scope(one_of_each(), TYPES);
    let mut nothing = scope(one_of_each(), &[]);
    // what of these was not read leaves nothing to fill in
    for (name, status) in
        [(Trail::TYPE, CoverageStatus::Failed), (CostAndUsage::TYPE, CoverageStatus::Complete)]
    {
        nothing.coverage.push(Coverage { resource_type: name.to_owned(), status, detail: String::new() });
    }
    for scope in [&mut complete, &mut nothing] {
        relate(scope, None);
        cost::apply(scope);
        let global = Scope { region: GLOBAL.to_owned(), ..Scope::default() };
        let mut scopes = [std::mem::take(scope), global];
        account(&mut scopes);
        let [mut region, global] = scopes;
        region.resources.extend(global.resources);
        *scope = region;
    }
    for relation in RELATIONS {
        let of_type = |scope: &Scope| {
            let resource = scope.resources.iter().find(|r| r.type_name() == relation.resource_type);
            resource.unwrap().to_json().unwrap()
        };
        assert!(!field(&of_type(&complete), relation.field).is_null(), "{relation:?}");
        // No rule names a prefix list, no action a topic and no metric a resource, a class is what it is, and what a
        // log group's name says needs no other type, so these do not depend on them; and what belongs to one other
        // resource is known once that is there.
        let own = [
            "openings",
            "unread_prefix_lists",
            "on_call",
            "watches",
            "source",
            "task_size",
            "container_insights",
            "instance_class",
        ]
        .contains(&relation.field);
        if !own || relation.resource_type == LoadBalancer::TYPE {
            assert!(field(&of_type(&nothing), relation.field).is_null(), "{relation:?}");
        }
    }
}

#[test]
fn relating_twice_is_relating_once() {
    let mut once = scope(one_of_each(), TYPES);
    relate(&mut once, None);
    let mut twice = once.clone();
    relate(&mut twice, None);
    assert_eq!(once, twice);
}
