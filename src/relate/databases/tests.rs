use serde_json::{Value, json};

use super::*;
use crate::inventory::ec2::{RouteTable, Subnet};
use crate::relate::exposure;
use crate::relate::testing::{read, scope};

fn with_groups(database: &Value, groups: Value, complete: &[&str]) -> Option<Vec<ReachingGroup>> {
    let mut resources = read(DbInstance::TYPE, json!([database]));
    resources.extend(read(SecurityGroup::TYPE, groups));
    let mut scope = scope(resources, complete);
    let openings = exposure::openings(&scope);
    for (group, (openings, unread)) in scope.all_mut::<SecurityGroup>().zip(openings) {
        group.openings = Some(openings);
        group.unread_prefix_lists = unread;
    }
    reaching_groups(&scope).remove(0)
}

fn rule(id: &str, protocol: &str, port: i64, cidr: &str) -> Value {
    json!({ "security_group_rule_id": id, "ip_protocol": protocol, "from_port": port, "to_port": port, "cidr": cidr })
}

#[test]
fn only_what_opens_the_databases_own_port_reaches_it() {
    let complete = [SecurityGroup::TYPE, "AWS::EC2::PrefixList"];
    let database = json!({ "endpoint": { "port": 5432 }, "vpc_security_groups": ["sg-1", "sg-2", "sg-3"] });
    let groups = || {
        json!([
            { "id": "sg-1", "name": "legacy", "rules": [
                rule("sgr-all", "tcp", 5432, "0.0.0.0/0"), rule("sgr-office", "tcp", 5432, "81.2.69.142/32"),
                rule("sgr-ssh", "tcp", 22, "0.0.0.0/0"), rule("sgr-udp", "udp", 5432, "0.0.0.0/0") ] },
            { "id": "sg-2", "rules": [rule("sgr-inside", "tcp", 5432, "10.0.0.0/8")] },
            { "id": "sg-3", "rules": [rule("sgr-any", "-1", -1, "0.0.0.0/1")] },
            { "id": "sg-4", "rules": [rule("sgr-other", "tcp", 5432, "0.0.0.0/0")] },
        ])
    };
    let found = with_groups(&database, groups(), &complete).unwrap();
    let wide = |group: &ReachingGroup| {
        let ids: Vec<String> =
            group.wide_rules.iter().map(|rule| rule.security_group_rule_id.clone()).collect();
        (group.group_id.clone(), ids)
    };
    let told: Vec<(String, Vec<String>)> = found.iter().map(wide).collect();
    let one = |group: &str, rule: &str| (group.to_owned(), vec![rule.to_owned()]);
    assert_eq!(told, [one("sg-1", "sgr-all"), one("sg-3", "sgr-any")]);
    assert_eq!(found[0].openings.len(), 1);

    let unborn = json!({ "vpc_security_groups": ["sg-1"] });
    assert_eq!(with_groups(&unborn, groups(), &complete), None, "it has no port yet");
    let foreign = json!({ "endpoint": { "port": 5432 }, "vpc_security_groups": ["sg-9"] });
    assert_eq!(with_groups(&foreign, groups(), &complete), None, "its group is not to be seen");
    assert_eq!(with_groups(&database, groups(), &[]), None);
}

#[test]
fn an_unread_prefix_list_may_reach_it() {
    let database = json!({ "endpoint": { "port": 5432 }, "vpc_security_groups": ["sg-1"] });
    let groups = json!([{ "id": "sg-1", "rules": [
        { "security_group_rule_id": "sgr-1", "ip_protocol": "tcp", "from_port": 5432, "to_port": 5432, "prefix_list_id": "pl-1" } ] }]);
    let found = with_groups(&database, groups, &[SecurityGroup::TYPE]).unwrap();
    assert_eq!(found[0].unread_prefix_lists, ["pl-1"]);
    assert!(found[0].openings.is_empty());
}

#[test]
fn public_subnets_name_their_gateway_and_whether_the_database_is_there_now() {
    let mut resources = read(
        DbInstance::TYPE,
        json!([
            { "availability_zone": "a", "db_subnet_group": { "subnets": [
                { "subnet_identifier": "subnet-a", "availability_zone": "a" },
                { "subnet_identifier": "subnet-b", "availability_zone": "b" },
                { "subnet_identifier": "subnet-c", "availability_zone": "a" } ] } },
            { "availability_zone": "a", "db_subnet_group": { "subnets": [{ "subnet_identifier": "subnet-gone" }] } },
            {},
        ]),
    );
    resources.extend(read(
        Subnet::TYPE,
        json!([{ "id": "subnet-a", "vpc_id": "vpc-1" }, { "id": "subnet-b", "vpc_id": "vpc-1" }, { "id": "subnet-c", "vpc_id": "vpc-1" }]),
    ));
    resources.extend(read(
        RouteTable::TYPE,
        json!([
            { "vpc_id": "vpc-1", "main": true, "routes": [{ "target": "igw-1" }] },
            { "vpc_id": "vpc-1", "subnet_ids": ["subnet-c"], "routes": [{ "target": "nat-1" }] },
        ]),
    ));
    let found = public_subnets(&scope(resources.clone(), &[Subnet::TYPE, RouteTable::TYPE]));
    let public = |id: &str, in_use| PublicSubnet {
        subnet_id: id.to_owned(),
        internet_gateway_id: "igw-1".to_owned(),
        in_use,
    };
    assert_eq!(found[0], Some(vec![public("subnet-a", true), public("subnet-b", false)]));
    assert_eq!(found[1], None, "its table is not to be seen");
    assert_eq!(found[2], Some(vec![]));
    assert_eq!(public_subnets(&scope(resources, &[Subnet::TYPE])), [None, None, None]);
}

#[test]
fn a_member_knows_its_part_in_the_cluster() {
    let mut resources = read(
        DbInstance::TYPE,
        json!([{ "id": "shop-1", "db_cluster_identifier": "shop" }, { "id": "shop-2", "db_cluster_identifier": "shop" }, { "id": "web" }]),
    );
    resources.extend(read(
        DbCluster::TYPE,
        json!([{ "id": "shop", "serverless_v2_scaling_configuration": { "min_capacity": 0.5 }, "db_cluster_members": [
            { "db_instance_identifier": "shop-1", "is_cluster_writer": true }, { "db_instance_identifier": "shop-2" } ] }]),
    ));
    let found = cluster_membership(&scope(resources.clone(), &[DbCluster::TYPE]));
    let of = |is_cluster_writer| {
        Some(ClusterMembership { is_cluster_writer, min_capacity: Some(0.5), max_capacity: None })
    };
    assert_eq!(found, [of(true), of(false), None]);
    assert_eq!(cluster_membership(&scope(resources, &[])), [None, None, None]);
}
