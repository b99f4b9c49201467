//! Pure joins: fills in what AWS does not return but what follows from what it does.
//!
//! A derived field stays null where something that the answer depends on was not read
//! completely, so that a policy ends in UNKNOWN and not in a guess.
#![deny(clippy::disallowed_methods)]

mod composites;
mod exposure;
mod load_balancers;
mod on_call;
mod public_space;
mod routes;
mod watched;

use crate::inventory::cloudwatch::Alarm;
use crate::inventory::ec2::{NatGateway, NetworkInterface, PrefixList, RouteTable, SecurityGroup, Subnet};
use crate::inventory::elasticloadbalancingv2::{LoadBalancer, TargetGroup};
use crate::inventory::sns::{Subscription, Topic};
use crate::inventory::{Kind, Scope};

/// A derived field, and the other types that it is worked out from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Relation {
    pub resource_type: &'static str,
    pub field: &'static str,
    pub needs: &'static [&'static str],
}

/// One row per derived field: what a policy that names the field needs to have read.
pub const RELATIONS: &[Relation] = &[
    Relation { resource_type: SecurityGroup::TYPE, field: "openings", needs: &[PrefixList::TYPE] },
    Relation { resource_type: SecurityGroup::TYPE, field: "unread_prefix_lists", needs: &[PrefixList::TYPE] },
    Relation {
        resource_type: SecurityGroup::TYPE,
        field: "attachments",
        needs: &[NetworkInterface::TYPE, Subnet::TYPE, RouteTable::TYPE, LoadBalancer::TYPE],
    },
    Relation {
        resource_type: NatGateway::TYPE,
        field: "routed_subnet_ids",
        needs: &[Subnet::TYPE, RouteTable::TYPE],
    },
    Relation { resource_type: NatGateway::TYPE, field: "signals", needs: &[Alarm::TYPE] },
    Relation { resource_type: LoadBalancer::TYPE, field: "target_groups", needs: &[TargetGroup::TYPE] },
    Relation {
        resource_type: LoadBalancer::TYPE,
        field: "signals",
        needs: &[Alarm::TYPE, TargetGroup::TYPE],
    },
    Relation { resource_type: Alarm::TYPE, field: "on_call", needs: &[Topic::TYPE, Subscription::TYPE] },
];

/// Fills in every derived field. Running it again, with more read, starts from scratch.
pub fn relate(scope: &mut Scope) {
    fill(scope, exposure::openings, |group: &mut SecurityGroup, (openings, unread)| {
        group.openings = Some(openings);
        group.unread_prefix_lists = unread;
    });
    fill(scope, exposure::attachments, |group: &mut SecurityGroup, attachments| {
        group.attachments = attachments;
    });
    fill(scope, routes::routed_subnet_ids, |nat: &mut NatGateway, subnets| {
        nat.routed_subnet_ids = subnets;
    });
    fill(scope, watched::signals::<NatGateway>, |nat: &mut NatGateway, signals| nat.signals = signals);
    fill(scope, load_balancers::target_groups, |balancer: &mut LoadBalancer, groups| {
        balancer.target_groups = groups;
    });
    fill(scope, watched::load_balancer_signals, |balancer: &mut LoadBalancer, signals| {
        balancer.signals = signals;
    });
    fill(scope, on_call::on_call, |alarm: &mut Alarm, on_call| {
        alarm.on_call = on_call;
    });
}

/// `derive` answers for each resource of the type, in the scope's order.
fn fill<K: Kind, V>(scope: &mut Scope, derive: impl FnOnce(&Scope) -> Vec<V>, set: impl Fn(&mut K, V)) {
    let values = derive(scope);
    for (resource, value) in scope.all_mut::<K>().zip(values) {
        set(resource, value);
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
