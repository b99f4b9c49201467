//! Who can reach what: the ports that a security group opens to the public, and
//! what carries the group.
//!
//! Openings are interval arithmetic over the ingress rules, since several narrow
//! rules together can open as much as one wide one.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::public_space::share;
use super::routes::Routes;
use crate::inventory::ec2::{Attachment, NetworkInterface, Opening, PrefixList, SecurityGroup};
use crate::inventory::elasticloadbalancing::ClassicLoadBalancer;
use crate::inventory::elasticloadbalancingv2::LoadBalancer;
use crate::inventory::{Kind as _, Scope};

const ALL: &str = "all";
const LAST_PORT: i64 = 65_535;

/// An ingress rule that lets public addresses in.
struct Rule<'a> {
    id: &'a str,
    protocol: &'a str,
    from: i64,
    to: i64,
    source: String,
    blocks: Vec<IpNet>,
}

/// SecurityGroup.openings and SecurityGroup.unread_prefix_lists.
pub(super) fn openings(scope: &Scope) -> Vec<(Vec<Opening>, Vec<String>)> {
    let lists: BTreeMap<&str, &PrefixList> =
        scope.all::<PrefixList>().map(|list| (list.meta.id.as_str(), list)).collect();
    let all_read = scope.complete(PrefixList::TYPE);
    scope
        .all::<SecurityGroup>()
        .map(|group| {
            let named = group
                .rules
                .iter()
                .filter(|rule| !rule.is_egress)
                .filter_map(|rule| rule.prefix_list_id.clone());
            let unread: BTreeSet<String> = named.filter(|_| !all_read).collect();
            (open_ports(&public_rules(group, &lists)), unread.into_iter().collect())
        })
        .collect()
}

fn public_rules<'a>(group: &'a SecurityGroup, lists: &BTreeMap<&str, &PrefixList>) -> Vec<Rule<'a>> {
    let mut rules = Vec::new();
    for rule in group.rules.iter().filter(|rule| !rule.is_egress) {
        let (source, blocks) = match (&rule.cidr, &rule.prefix_list_id) {
            (Some(cidr), _) => (cidr.to_string(), vec![*cidr]),
            (None, Some(id)) => {
                // A list that is not among the customer's is AWS's own: a service's bounded ranges.
                let entries = lists.get(id.as_str()).map(|list| list.entries.clone());
                (id.clone(), entries.unwrap_or_default())
            }
            (None, None) => continue,
        };
        if share(&blocks).is_none() {
            continue;
        }
        let protocol = protocol_name(&rule.ip_protocol);
        let port = |bound: Option<i64>, all| bound.filter(|&port| port >= 0).unwrap_or(all);
        let (from, to) = match protocol {
            "tcp" | "udp" => (port(rule.from_port, 0), port(rule.to_port, LAST_PORT)),
            ALL => (0, LAST_PORT),
            _ => (-1, -1),
        };
        rules.push(Rule { id: &rule.security_group_rule_id, protocol, from, to, source, blocks });
    }
    rules
}

fn protocol_name(protocol: &str) -> &str {
    match protocol {
        "-1" => ALL,
        "1" => "icmp",
        "6" => "tcp",
        "17" => "udp",
        "58" => "icmpv6",
        other => other,
    }
}

fn open_ports(rules: &[Rule<'_>]) -> Vec<Opening> {
    let protocols: BTreeSet<&str> = rules.iter().map(|rule| rule.protocol).collect();
    protocols.into_iter().flat_map(|protocol| openings_of(protocol, rules)).collect()
}

fn openings_of(protocol: &str, rules: &[Rule<'_>]) -> Vec<Opening> {
    let own: Vec<&Rule<'_>> = rules.iter().filter(|rule| rule.protocol == protocol).collect();
    let cuts: BTreeSet<i64> = own.iter().flat_map(|rule| [rule.from, rule.to + 1]).collect();
    let cuts: Vec<i64> = cuts.into_iter().collect();
    let mut openings: Vec<Opening> = Vec::new();
    for (&from, &end) in cuts.iter().zip(cuts.iter().skip(1)) {
        let covers = |rule: &Rule<'_>| rule.from <= from && end <= rule.to + 1;
        // What rules for all protocols alone let in is told by the opening `all`.
        if !own.iter().any(|rule| covers(rule)) {
            continue;
        }
        let letting_in: Vec<&Rule<'_>> = rules
            .iter()
            .filter(|rule| rule.protocol == ALL || (rule.protocol == protocol && covers(rule)))
            .collect();
        let opening = opening(protocol, from, end - 1, &letting_in);
        match openings.last_mut() {
            Some(last) if last.to_port + 1 == from && last.sources == opening.sources => {
                last.to_port = opening.to_port;
                let ids: BTreeSet<String> = last.rule_ids.drain(..).chain(opening.rule_ids).collect();
                last.rule_ids = ids.into_iter().collect();
            }
            _ => openings.push(opening),
        }
    }
    openings
}

fn opening(protocol: &str, from_port: i64, to_port: i64, rules: &[&Rule<'_>]) -> Opening {
    let blocks: Vec<IpNet> = rules.iter().flat_map(|rule| rule.blocks.iter().copied()).collect();
    let share = share(&blocks);
    let sources: BTreeSet<&str> = rules.iter().map(|rule| rule.source.as_str()).collect();
    let rule_ids: BTreeSet<&str> = rules.iter().map(|rule| rule.id).collect();
    Opening {
        protocol: protocol.to_owned(),
        from_port,
        to_port,
        ipv4_share: share.ipv4,
        ipv6_share: share.ipv6,
        sources: sources.into_iter().map(str::to_owned).collect(),
        rule_ids: rule_ids.into_iter().map(str::to_owned).collect(),
    }
}

/// SecurityGroup.attachments.
pub(super) fn attachments(scope: &Scope) -> Vec<Option<Vec<Attachment>>> {
    let Some(routes) = Routes::of(scope).filter(|_| scope.complete(NetworkInterface::TYPE)) else {
        return scope.all::<SecurityGroup>().map(|_| None).collect();
    };
    let balancers = scope.complete(LoadBalancer::TYPE).then(|| schemes(scope));
    let mut carriers: BTreeMap<&str, Vec<Attachment>> = BTreeMap::new();
    for interface in scope.all::<NetworkInterface>() {
        let attachment = attachment(interface, &routes, balancers.as_ref());
        for group in &interface.groups {
            carriers.entry(group).or_default().push(attachment.clone());
        }
    }
    scope
        .all::<SecurityGroup>()
        .map(|group| Some(carriers.get(group.meta.id.as_str()).cloned().unwrap_or_default()))
        .collect()
}

/// The scheme of each load balancer by what the descriptions of its interfaces call it.
fn schemes(scope: &Scope) -> BTreeMap<&str, Option<&str>> {
    let classic = scope.all::<ClassicLoadBalancer>();
    let classic = classic.map(|balancer| (balancer.meta.name.as_str(), balancer.scheme.as_deref()));
    let balancers = scope.all::<LoadBalancer>();
    let balancers =
        balancers.map(|balancer| (balancer.metric_dimension.as_str(), balancer.scheme.as_deref()));
    classic.chain(balancers).collect()
}

fn attachment(
    interface: &NetworkInterface,
    routes: &Routes<'_>,
    balancers: Option<&BTreeMap<&str, Option<&str>>>,
) -> Attachment {
    let has_public_address = interface.public_ip.is_some() || !interface.ipv6_addresses.is_empty();
    let public_subnet = interface
        .subnet_id
        .as_deref()
        .and_then(|subnet| routes.is_public(subnet))
        // Without a table to look at, a public address has to be taken at its word.
        .unwrap_or(has_public_address);

    let mut internet_facing = None;
    let (kind, label) = if is_load_balancer(interface) {
        let node_of = interface.description.strip_prefix("ELB ").unwrap_or_default();
        internet_facing = balancers.map(|known| {
            known
                .get(node_of)
                // One that was not read is a Classic one: the nodes of internet-facing ones have public addresses.
                .map_or(interface.public_ip.is_some(), |scheme| *scheme == Some("internet-facing"))
        });
        ("load_balancer", node_of.split('/').nth(1).unwrap_or(node_of))
    } else if let Some(instance) = &interface.instance_id {
        ("instance", instance.as_str())
    } else {
        (interface.interface_type.as_str(), interface.description.as_str())
    };
    let label = if label.is_empty() { &interface.meta.id } else { label };
    Attachment {
        network_interface_id: interface.meta.id.clone(),
        kind: kind.to_owned(),
        label: label.to_owned(),
        public_ip: interface.public_ip.clone(),
        ipv6_addresses: interface.ipv6_addresses.clone(),
        public_subnet,
        internet_facing_load_balancer: internet_facing,
    }
}

fn is_load_balancer(interface: &NetworkInterface) -> bool {
    interface.instance_owner_id.as_deref() == Some("amazon-elb")
        || interface.requester_id.as_deref() == Some("amazon-elb")
        || matches!(
            interface.interface_type.as_str(),
            "load_balancer" | "network_load_balancer" | "gateway_load_balancer"
        )
        || ["ELB app/", "ELB net/", "ELB gwy/"].iter().any(|prefix| interface.description.starts_with(prefix))
}

#[cfg(test)]
mod tests;
