//! Which route table serves which subnet, and where it sends traffic.

use std::collections::BTreeMap;

use crate::inventory::ec2::{NatGateway, Route, RouteTable, Subnet};
use crate::inventory::{Kind as _, Scope};

/// The route table of each subnet: its own, else its VPC's main one.
pub(super) struct Routes<'a>(BTreeMap<&'a str, &'a RouteTable>);

impl<'a> Routes<'a> {
    /// None where route tables or subnets were not read completely.
    pub(super) fn of(scope: &'a Scope) -> Option<Self> {
        if !scope.complete(RouteTable::TYPE) || !scope.complete(Subnet::TYPE) {
            return None;
        }
        let mut own = BTreeMap::new();
        let mut main = BTreeMap::new();
        for table in scope.all::<RouteTable>() {
            own.extend(table.subnet_ids.iter().map(|id| (id.as_str(), table)));
            if table.main {
                main.insert(table.vpc_id.as_str(), table);
            }
        }
        for subnet in scope.all::<Subnet>() {
            if let Some(table) = main.get(subnet.vpc_id.as_str()) {
                own.entry(&subnet.meta.id).or_insert(table);
            }
        }
        Some(Self(own))
    }

    /// Whether the subnet has a route to an internet gateway. None for a subnet whose table
    /// is not to be seen.
    pub(super) fn is_public(&self, subnet_id: &str) -> Option<bool> {
        self.0.contains_key(subnet_id).then(|| self.internet_gateway(subnet_id).is_some())
    }

    /// The internet gateway that the subnet has a route to, as far as is to be seen.
    pub(super) fn internet_gateway(&self, subnet_id: &str) -> Option<&'a str> {
        let table = self.0.get(subnet_id)?;
        active(table).map(|route| route.target.as_str()).find(|target| target.starts_with("igw-"))
    }

    /// The subnets that the table serves.
    pub(super) fn subnets_of(&self, table_id: &str) -> Vec<String> {
        let served = self.0.iter().filter(|(_, table)| table.meta.id == table_id);
        served.map(|(subnet, _)| (*subnet).to_owned()).collect()
    }

    fn subnets_routed_to(&self, target: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(_, table)| active(table).any(|route| route.target == target))
            .map(|(subnet, _)| (*subnet).to_owned())
            .collect()
    }
}

/// A blackhole keeps the target that it once had.
pub(super) fn active(table: &RouteTable) -> impl Iterator<Item = &Route> {
    table.routes.iter().filter(|route| route.state != "blackhole")
}

/// NatGateway.routed_subnet_ids.
pub(super) fn routed_subnet_ids(scope: &Scope) -> Vec<Option<Vec<String>>> {
    let routes = Routes::of(scope);
    scope.all::<NatGateway>().map(|nat| Some(routes.as_ref()?.subnets_routed_to(&nat.meta.id))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relate::testing::{read, scope};
    use serde_json::json;

    fn network() -> Vec<crate::inventory::Resource> {
        let mut resources = read(
            Subnet::TYPE,
            json!([
                { "id": "subnet-a", "vpc_id": "vpc-1" },
                { "id": "subnet-b", "vpc_id": "vpc-1" },
                { "id": "subnet-c", "vpc_id": "vpc-1" },
                { "id": "subnet-d", "vpc_id": "vpc-2" },
            ]),
        );
        resources.extend(read(
            RouteTable::TYPE,
            json!([
                { "id": "rtb-main", "vpc_id": "vpc-1", "main": true, "routes": [
                    { "destination": "0.0.0.0/0", "target": "nat-1", "state": "active" } ] },
                { "id": "rtb-public", "vpc_id": "vpc-1", "subnet_ids": ["subnet-b"], "routes": [
                    { "destination": "0.0.0.0/0", "target": "igw-1", "state": "active" } ] },
                { "id": "rtb-gone", "vpc_id": "vpc-1", "subnet_ids": ["subnet-c"], "routes": [
                    { "destination": "0.0.0.0/0", "target": "igw-2", "state": "blackhole" },
                    { "destination": "::/0", "target": "eigw-1", "state": "active" },
                    { "destination": "10.9.0.0/16", "target": "nat-2", "state": "blackhole" } ] },
            ]),
        ));
        resources
    }

    #[test]
    fn a_subnet_without_a_table_uses_its_vpcs_main_one() {
        let scope = scope(network(), &[Subnet::TYPE, RouteTable::TYPE]);
        let routes = Routes::of(&scope).unwrap();
        assert_eq!(routes.is_public("subnet-a"), Some(false));
        assert_eq!(routes.is_public("subnet-b"), Some(true));
        assert_eq!(
            routes.is_public("subnet-c"),
            Some(false),
            "blackholes and egress-only gateways let nobody in"
        );
        assert_eq!(routes.is_public("subnet-d"), None, "vpc-2 has no main table here");
    }

    #[test]
    fn a_nat_gateway_lists_the_subnets_that_are_routed_to_it() {
        let mut resources = network();
        resources.extend(read(NatGateway::TYPE, json!([{ "id": "nat-1" }, { "id": "nat-2" }])));
        let complete = scope(resources.clone(), &[Subnet::TYPE, RouteTable::TYPE]);
        assert_eq!(routed_subnet_ids(&complete), [Some(vec!["subnet-a".to_owned()]), Some(vec![])]);
        let partial = scope(resources, &[RouteTable::TYPE]);
        assert_eq!(routed_subnet_ids(&partial), [None, None]);
    }
}
