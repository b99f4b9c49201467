//! Route tables. A VPC's main table serves the subnets that have none of their own.

use aws_sdk_ec2::types;

use super::tagged;
use crate::collect::pages::list;
use crate::collect::{CollectError, Collector, Context, Read};
use crate::inventory::Kind as _;
use crate::inventory::ec2::{Route, RouteTable};

const DESCRIBE: &str = "ec2:DescribeRouteTables";
/// The smallest of EC2's pages.
const PAGE: i32 = 100;

pub(in crate::collect) const ROUTE_TABLES: Collector = Collector {
    resource_type: RouteTable::TYPE,
    actions: &[DESCRIBE],
    collect: |context| Box::pin(read(context)),
};

async fn read(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.ec2.describe_route_tables().max_results(PAGE).into_paginator().send();
    let tables = list(DESCRIBE, pages, |page| (page.route_tables, page.next_token)).await?;
    Read::mapped(tables, |sdk| route_table(context, sdk))
}

fn route_table(context: &Context, sdk: &types::RouteTable) -> RouteTable {
    let id = sdk.route_table_id().unwrap_or_default();
    RouteTable {
        meta: tagged(context, "route-table", id, sdk.owner_id(), sdk.tags()),
        vpc_id: sdk.vpc_id().unwrap_or_default().to_owned(),
        main: sdk.associations().iter().any(|association| association.main() == Some(true)),
        subnet_ids: sdk
            .associations()
            .iter()
            .filter_map(|association| association.subnet_id().map(str::to_owned))
            .collect(),
        routes: sdk.routes().iter().map(route).collect(),
    }
}

fn route(sdk: &types::Route) -> Route {
    let destination = sdk
        .destination_cidr_block()
        .or(sdk.destination_ipv6_cidr_block())
        .or(sdk.destination_prefix_list_id());
    // an instance's route names its interface as well
    let target = sdk
        .gateway_id()
        .or(sdk.nat_gateway_id())
        .or(sdk.egress_only_internet_gateway_id())
        .or(sdk.transit_gateway_id())
        .or(sdk.vpc_peering_connection_id())
        .or(sdk.network_interface_id())
        .or(sdk.instance_id())
        .or(sdk.local_gateway_id())
        .or(sdk.carrier_gateway_id())
        .or(sdk.core_network_arn())
        .or(sdk.odb_network_arn());
    Route {
        destination: destination.unwrap_or_default().to_owned(),
        target: target.unwrap_or_default().to_owned(),
        state: sdk.state().map_or_else(String::new, |state| state.as_str().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::Client;
    use aws_sdk_ec2::operation::describe_route_tables::{
        DescribeRouteTablesError, DescribeRouteTablesOutput,
    };
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;

    fn page(id: &str, next: Option<&str>) -> DescribeRouteTablesOutput {
        DescribeRouteTablesOutput::builder()
            .route_tables(types::RouteTable::builder().route_table_id(id).build())
            .set_next_token(next.map(str::to_owned))
            .build()
    }

    #[tokio::test]
    async fn route_tables_are_read_in_pages_of_a_hundred() {
        let mut context = mock::context();
        let first = mock!(Client::describe_route_tables)
            .match_requests(|request| request.next_token().is_none() && request.max_results() == Some(100))
            .then_output(|| page("rtb-1", Some("two")));
        let second = mock!(Client::describe_route_tables)
            .match_requests(|request| request.next_token() == Some("two"))
            .then_output(|| page("rtb-2", None));
        mock::answer!(context, ec2, aws_sdk_ec2, [first, second]);

        let read = mock::read(&context, RouteTable::TYPE).await.unwrap();

        assert_eq!(read.resources.len(), 2);
    }

    #[tokio::test]
    async fn a_denied_list_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_route_tables).then_error(|| {
            DescribeRouteTablesError::generic(mock::service_error("UnauthorizedOperation", "No."))
        });
        mock::answer!(context, ec2, aws_sdk_ec2, [denied]);

        assert!(mock::read(&context, RouteTable::TYPE).await.unwrap_err().is_denied());
    }

    #[test]
    fn the_main_table_and_its_routes_are_mapped() {
        let sdk = types::RouteTable::builder()
            .route_table_id("rtb-1")
            .vpc_id("vpc-1")
            .associations(types::RouteTableAssociation::builder().main(true).build())
            .associations(types::RouteTableAssociation::builder().subnet_id("subnet-1").build())
            .routes(
                types::Route::builder()
                    .destination_cidr_block("0.0.0.0/0")
                    .gateway_id("igw-1")
                    .state(types::RouteState::Active)
                    .build(),
            )
            .routes(
                types::Route::builder()
                    .destination_prefix_list_id("pl-1")
                    .instance_id("i-1")
                    .network_interface_id("eni-1")
                    .state(types::RouteState::Blackhole)
                    .build(),
            )
            .build();

        let table = route_table(&mock::context(), &sdk);

        assert!(table.main);
        assert_eq!(table.subnet_ids, ["subnet-1"]);
        let routes: Vec<[&str; 3]> =
            table.routes.iter().map(|route| [&*route.destination, &*route.target, &*route.state]).collect();
        assert_eq!(routes, [["0.0.0.0/0", "igw-1", "active"], ["pl-1", "eni-1", "blackhole"]]);
    }
}
