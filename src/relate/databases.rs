//! What a database hangs together with: who can reach it, and the cluster that it is a member of.

use std::collections::BTreeMap;

use super::db_classes;
use super::routes::Routes;
use crate::drift;
use crate::inventory::ec2::{Opening, SecurityGroup, SecurityGroupRule};
use crate::inventory::rds::{
    ClusterMembership, DbCluster, DbInstance, InstanceClass, Opener, PublicSubnet, ReachingGroup,
};
use crate::inventory::{Kind as _, Scope};

/// DbInstance.reaching_groups, of which the openings of security groups are known.
pub(super) fn reaching_groups(scope: &Scope) -> Vec<Option<Vec<ReachingGroup>>> {
    let groups: BTreeMap<&str, &SecurityGroup> =
        scope.all::<SecurityGroup>().map(|group| (group.meta.id.as_str(), group)).collect();
    let complete = scope.complete(SecurityGroup::TYPE);
    let of = |database: &DbInstance| {
        let port = database.endpoint.as_ref().and_then(|endpoint| endpoint.port);
        let mut reaching = Vec::new();
        for id in &database.vpc_security_groups {
            let group = reaching_group(groups.get(id.as_str())?, port?);
            if !group.openings.is_empty() || !group.unread_prefix_lists.is_empty() {
                reaching.push(group);
            }
        }
        Some(reaching)
    };
    scope.all::<DbInstance>().map(|database| complete.then(|| of(database)).flatten()).collect()
}

fn reaching_group(group: &SecurityGroup, port: i64) -> ReachingGroup {
    let on_port = |protocol: &str, from: i64, to: i64| {
        protocol == "all" || (protocol == "tcp" && from <= port && port <= to)
    };
    let openings: Vec<Opening> = group
        .openings
        .iter()
        .flatten()
        .filter(|opening| on_port(&opening.protocol, opening.from_port, opening.to_port))
        .cloned()
        .collect();
    let named = |rule: &&SecurityGroupRule| {
        openings.iter().any(|opening| opening.rule_ids.contains(&rule.security_group_rule_id))
    };
    let wide_rules = group.rules.iter().filter(named).filter(|rule| is_wide(rule)).cloned().collect();
    ReachingGroup {
        group_id: group.meta.id.clone(),
        group_name: group.meta.name.clone(),
        openings,
        wide_rules,
        unread_prefix_lists: group.unread_prefix_lists.clone(),
    }
}

/// Not the office's own address, which may stay.
fn is_wide(rule: &SecurityGroupRule) -> bool {
    match rule.cidr {
        Some(ipnet::IpNet::V4(block)) => block.prefix_len() <= 16,
        Some(ipnet::IpNet::V6(block)) => block.prefix_len() <= 32,
        None => rule.prefix_list_id.is_some(),
    }
}

/// DbInstance.public_subnets.
pub(super) fn public_subnets(scope: &Scope) -> Vec<Option<Vec<PublicSubnet>>> {
    let routes = Routes::of(scope);
    let of = |database: &DbInstance| {
        let routes = routes.as_ref()?;
        let mut public = Vec::new();
        for subnet in database.db_subnet_group.iter().flat_map(|group| &group.subnets) {
            if !routes.is_public(&subnet.subnet_identifier)? {
                continue;
            }
            let gateway = routes.internet_gateway(&subnet.subnet_identifier)?;
            let zones = [&database.availability_zone, &database.secondary_availability_zone];
            public.push(PublicSubnet {
                subnet_id: subnet.subnet_identifier.clone(),
                internet_gateway_id: gateway.to_owned(),
                in_use: database.availability_zone.is_none()
                    || subnet.availability_zone.is_none()
                    || zones.contains(&&subnet.availability_zone),
            });
        }
        Some(public)
    };
    scope.all::<DbInstance>().map(of).collect()
}

/// DbInstance.opened_by, of which the reaching groups are known.
pub(super) fn opened_by(scope: &Scope) -> Vec<Option<Vec<Opener>>> {
    scope.all::<DbInstance>().map(drift::openers).collect()
}

/// DbInstance.cluster_membership.
pub(super) fn cluster_membership(scope: &Scope) -> Vec<Option<ClusterMembership>> {
    let clusters: BTreeMap<&str, &DbCluster> =
        scope.all::<DbCluster>().map(|cluster| (cluster.meta.id.as_str(), cluster)).collect();
    let complete = scope.complete(DbCluster::TYPE);
    let of = |database: &DbInstance| {
        let cluster = clusters.get(database.db_cluster_identifier.as_deref()?).filter(|_| complete)?;
        let member =
            cluster.db_cluster_members.iter().find(|m| m.db_instance_identifier == database.meta.id)?;
        let scaling = cluster.serverless_v2_scaling_configuration.as_ref();
        Some(ClusterMembership {
            is_cluster_writer: member.is_cluster_writer,
            min_capacity: scaling.and_then(|scaling| scaling.min_capacity),
            max_capacity: scaling.and_then(|scaling| scaling.max_capacity),
        })
    };
    scope.all::<DbInstance>().map(of).collect()
}

/// DbInstance.instance_class.
pub(super) fn instance_class(scope: &Scope) -> Vec<Option<InstanceClass>> {
    let of = |database: &DbInstance| db_classes::class(&database.db_instance_class, &database.engine);
    scope.all::<DbInstance>().map(of).collect()
}

#[cfg(test)]
mod tests;
