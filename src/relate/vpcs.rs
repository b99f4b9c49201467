//! What a VPC has: interfaces, flow logs, NAT gateways, and the endpoints that keep traffic from them.

use std::collections::{BTreeMap, BTreeSet};

use super::routes::{Routes, active};
use crate::inventory::ec2::{
    FlowLog, NatGateway, NatRouteTable, NetworkInterface, RouteTable, Subnet, Vpc, VpcEndpoint,
};
use crate::inventory::{Kind as _, Scope};

/// Vpc.network_interface_count.
pub(super) fn network_interface_count(scope: &Scope) -> Vec<Option<i64>> {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    for vpc in scope.all::<NetworkInterface>().filter_map(|interface| interface.vpc_id.as_deref()) {
        *counts.entry(vpc).or_default() += 1;
    }
    let complete = scope.complete(NetworkInterface::TYPE);
    let of = |vpc: &Vpc| counts.get(vpc.meta.id.as_str()).copied().unwrap_or_default();
    scope.all::<Vpc>().map(|vpc| complete.then(|| of(vpc))).collect()
}

/// Vpc.flow_logs.
pub(super) fn flow_logs(scope: &Scope) -> Vec<Option<Vec<FlowLog>>> {
    let complete = scope.complete(FlowLog::TYPE) && scope.complete(Subnet::TYPE);
    let logs_of = |id: &str| -> Vec<FlowLog> {
        scope.all::<FlowLog>().filter(|log| log.resource_id == id).cloned().collect()
    };
    let of = |vpc: &Vpc| {
        let own = logs_of(&vpc.meta.id);
        if !own.is_empty() {
            return own;
        }
        let subnets = scope.all::<Subnet>().filter(|subnet| subnet.vpc_id == vpc.meta.id);
        let logs: Vec<Vec<FlowLog>> = subnets.map(|subnet| logs_of(&subnet.meta.id)).collect();
        let gap = logs.iter().any(Vec::is_empty);
        if gap { Vec::new() } else { logs.into_iter().flatten().collect() }
    };
    scope.all::<Vpc>().map(|vpc| complete.then(|| of(vpc))).collect()
}

/// Vpc.nat_gateways.
pub(super) fn nat_gateways(scope: &Scope) -> Vec<Option<Vec<NatGateway>>> {
    let complete = scope.complete(NatGateway::TYPE);
    let of = |vpc: &Vpc| {
        scope
            .all::<NatGateway>()
            .filter(|nat| nat.vpc_id.as_ref() == Some(&vpc.meta.id))
            .filter(|nat| ["available", "pending"].contains(&nat.state.as_str()))
            .cloned()
            .collect()
    };
    scope.all::<Vpc>().map(|vpc| complete.then(|| of(vpc))).collect()
}

/// Vpc.nat_route_tables.
pub(super) fn nat_route_tables(scope: &Scope) -> Vec<Option<Vec<NatRouteTable>>> {
    let Some(routes) = Routes::of(scope).filter(|_| scope.complete(VpcEndpoint::TYPE)) else {
        return scope.all::<Vpc>().map(|_| None).collect();
    };
    let table = |table: &RouteTable| {
        let subnet_ids = routes.subnets_of(&table.meta.id);
        let to_nat = active(table).any(|route| route.target.starts_with("nat-"));
        (to_nat && !subnet_ids.is_empty()).then(|| NatRouteTable {
            route_table_id: table.meta.id.clone(),
            subnet_ids,
            endpoint_services: endpoint_services(scope, table),
        })
    };
    scope
        .all::<Vpc>()
        .map(|vpc| {
            let own = scope.all::<RouteTable>().filter(|table| table.vpc_id == vpc.meta.id);
            Some(own.filter_map(table).collect())
        })
        .collect()
}

fn endpoint_services(scope: &Scope, table: &RouteTable) -> Vec<String> {
    let services: BTreeSet<&str> = scope
        .all::<VpcEndpoint>()
        .filter(|endpoint| ["available", "pending"].contains(&endpoint.state.as_str()))
        .filter(|endpoint| match endpoint.vpc_endpoint_type.as_str() {
            "Gateway" => endpoint.route_table_ids.contains(&table.meta.id),
            "Interface" => endpoint.private_dns_enabled && endpoint.vpc_id == table.vpc_id,
            _ => false,
        })
        .filter_map(|endpoint| endpoint.service_name.rsplit('.').next())
        .collect();
    services.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::inventory::Resource;
    use crate::relate::testing::{read, scope};

    fn network() -> Vec<Resource> {
        let mut resources = read(Vpc::TYPE, json!([{ "id": "vpc-1" }, { "id": "vpc-2" }]));
        resources.extend(read(
            Subnet::TYPE,
            json!([{ "id": "subnet-a", "vpc_id": "vpc-1" }, { "id": "subnet-b", "vpc_id": "vpc-1" }]),
        ));
        resources
    }

    fn with(list: &'static str, values: Value, complete: &[&str]) -> Scope {
        let mut resources = network();
        resources.extend(read(list, values));
        scope(resources, complete)
    }

    #[test]
    fn interfaces_are_counted_by_vpc() {
        let interfaces = json!([{ "id": "eni-1", "vpc_id": "vpc-1" }, { "id": "eni-2" }]);
        let counted = with(NetworkInterface::TYPE, interfaces.clone(), &[NetworkInterface::TYPE]);
        assert_eq!(network_interface_count(&counted), [Some(1), Some(0)]);
        assert_eq!(network_interface_count(&with(NetworkInterface::TYPE, interfaces, &[])), [None, None]);
    }

    #[test]
    fn flow_logs_of_every_subnet_are_as_good_as_the_vpcs_own() {
        let complete = [FlowLog::TYPE, Subnet::TYPE];
        let found = |logs: Value| flow_logs(&with(FlowLog::TYPE, logs, &complete))[0].as_ref().unwrap().len();
        let (a, b) = (json!({ "resource_id": "subnet-a" }), json!({ "resource_id": "subnet-b" }));
        assert_eq!(found(json!([{ "resource_id": "vpc-1" }, a.clone()])), 1);
        assert_eq!(found(json!([a.clone(), b])), 2);
        assert_eq!(found(json!([a])), 0, "subnet-b has none");
        assert_eq!(flow_logs(&with(FlowLog::TYPE, json!([]), &[FlowLog::TYPE])), [None, None]);
    }

    #[test]
    fn gateways_that_are_gone_are_nobodys() {
        let gateways = json!([
            { "id": "nat-1", "vpc_id": "vpc-1", "state": "available" },
            { "id": "nat-2", "vpc_id": "vpc-1", "state": "deleted" },
        ]);
        let found = nat_gateways(&with(NatGateway::TYPE, gateways, &[NatGateway::TYPE]));
        assert_eq!(found[0].as_ref().unwrap().len(), 1);
        assert_eq!(found[1], Some(vec![]));
    }

    #[test]
    fn route_tables_to_a_nat_gateway_list_what_endpoints_keep_from_it() {
        let mut resources = network();
        let to_nat = json!([{ "destination": "0.0.0.0/0", "target": "nat-1", "state": "active" }]);
        resources.extend(read(
            RouteTable::TYPE,
            json!([
                { "id": "rtb-main", "vpc_id": "vpc-1", "main": true, "routes": to_nat },
                { "id": "rtb-b", "vpc_id": "vpc-1", "subnet_ids": ["subnet-b"], "routes": to_nat },
                { "id": "rtb-unused", "vpc_id": "vpc-1", "routes": to_nat },
            ]),
        ));
        resources.extend(read(
            VpcEndpoint::TYPE,
            json!([
                { "vpc_id": "vpc-1", "vpc_endpoint_type": "Gateway", "state": "available",
                  "service_name": "com.amazonaws.eu-west-1.s3", "route_table_ids": ["rtb-b"] },
                { "vpc_id": "vpc-1", "vpc_endpoint_type": "Interface", "state": "available",
                  "service_name": "com.amazonaws.eu-west-1.dynamodb", "private_dns_enabled": true },
                { "vpc_id": "vpc-1", "vpc_endpoint_type": "Interface", "state": "available",
                  "service_name": "com.amazonaws.eu-west-1.s3" },
            ]),
        ));
        let complete = [Subnet::TYPE, RouteTable::TYPE, VpcEndpoint::TYPE];

        let found = nat_route_tables(&scope(resources.clone(), &complete));

        let tables = found[0].as_ref().unwrap();
        let services: Vec<(&str, &[String], &[String])> = tables
            .iter()
            .map(|table| (&*table.route_table_id, &*table.subnet_ids, &*table.endpoint_services))
            .collect();
        let (a, b, dynamodb, s3) =
            ("subnet-a".to_owned(), "subnet-b".to_owned(), "dynamodb".to_owned(), "s3".to_owned());
        assert_eq!(
            services,
            [("rtb-main", &[a][..], &[dynamodb.clone()][..]), ("rtb-b", &[b][..], &[dynamodb, s3][..])]
        );
        assert_eq!(nat_route_tables(&scope(resources, &complete[..2])), [None, None]);
    }
}
