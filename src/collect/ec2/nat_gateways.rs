//! NAT gateways. A regional one spans zones, and its metrics carry the zone as a dimension.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{self, AvailabilityMode};

use super::{PAGE, tagged};
use crate::collect::pages::list;
use crate::collect::{CollectError, Collector, Context, Read, time};
use crate::inventory::ec2::NatGateway;
use crate::inventory::{Kind as _, Meta};

const DESCRIBE: &str = "ec2:DescribeNatGateways";

pub(in crate::collect) const NAT_GATEWAYS: Collector = Collector {
    resource_type: NatGateway::TYPE,
    actions: &[DESCRIBE],
    collect: |context| Box::pin(read(context)),
};

async fn read(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.ec2.describe_nat_gateways().max_results(PAGE).into_paginator().send();
    let gateways = list(DESCRIBE, pages, |page| (page.nat_gateways, page.next_token)).await?;
    Read::mapped(gateways, |sdk| nat_gateway(context, sdk))
}

fn nat_gateway(context: &Context, sdk: &types::NatGateway) -> NatGateway {
    let id = sdk.nat_gateway_id().unwrap_or_default();
    let meta = tagged(context, "natgateway", id, None, sdk.tags());
    let addresses = sdk.nat_gateway_addresses();
    let regional = sdk.availability_mode() == Some(&AvailabilityMode::Regional);
    NatGateway {
        meta: Meta { created_at: time(sdk.create_time()), ..meta },
        vpc_id: sdk.vpc_id().map(str::to_owned),
        subnet_id: sdk.subnet_id().map(str::to_owned),
        state: sdk.state().map_or_else(String::new, |state| state.as_str().to_owned()),
        connectivity_type: sdk.connectivity_type().map_or("public", |kind| kind.as_str()).to_owned(),
        availability_mode: sdk.availability_mode().map_or("zonal", |mode| mode.as_str()).to_owned(),
        public_ips: addresses.iter().filter_map(|address| address.public_ip().map(str::to_owned)).collect(),
        availability_zones: regional.then(|| {
            let zones: BTreeSet<String> = addresses
                .iter()
                .filter_map(|address| address.availability_zone().map(str::to_owned))
                .collect();
            zones.into_iter().collect()
        }),
        routed_subnet_ids: None,
        signals: None,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::Client;
    use aws_sdk_ec2::operation::describe_nat_gateways::{
        DescribeNatGatewaysError, DescribeNatGatewaysOutput,
    };
    use aws_sdk_ec2::types::NatGatewayAddress;
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;

    fn page(id: &str, next: Option<&str>) -> DescribeNatGatewaysOutput {
        DescribeNatGatewaysOutput::builder()
            .nat_gateways(types::NatGateway::builder().nat_gateway_id(id).build())
            .set_next_token(next.map(str::to_owned))
            .build()
    }

    #[tokio::test]
    async fn nat_gateways_are_read_page_by_page() {
        let mut context = mock::context();
        let first = mock!(Client::describe_nat_gateways)
            .match_requests(|request| request.next_token().is_none())
            .then_output(|| page("nat-1", Some("two")));
        let second = mock!(Client::describe_nat_gateways)
            .match_requests(|request| {
                request.next_token() == Some("two") && request.max_results() == Some(1000)
            })
            .then_output(|| page("nat-2", None));
        mock::answer!(context, ec2, aws_sdk_ec2, [first, second]);

        let read = mock::read(&context, NatGateway::TYPE).await.unwrap();

        assert_eq!(read.resources.len(), 2);
    }

    #[tokio::test]
    async fn a_denied_list_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_nat_gateways).then_error(|| {
            DescribeNatGatewaysError::generic(mock::service_error("UnauthorizedOperation", "No."))
        });
        mock::answer!(context, ec2, aws_sdk_ec2, [denied]);

        assert!(mock::read(&context, NatGateway::TYPE).await.unwrap_err().is_denied());
    }

    #[test]
    fn a_gateway_without_a_mode_is_zonal_and_names_no_zones() {
        let sdk = types::NatGateway::builder()
            .nat_gateway_id("nat-1")
            .create_time(aws_smithy_types::DateTime::from_secs(1_790_000_000))
            .nat_gateway_addresses(
                NatGatewayAddress::builder()
                    .public_ip("198.51.100.7")
                    .availability_zone("eu-west-1a")
                    .build(),
            )
            .build();

        let gateway = nat_gateway(&mock::context(), &sdk);

        assert_eq!(gateway.availability_mode, "zonal");
        assert_eq!(gateway.availability_zones, None);
        assert_eq!(gateway.public_ips, ["198.51.100.7"]);
        assert_eq!(gateway.meta.created_at, Some(mock::at("2026-09-21T14:13:20Z")));
        assert_eq!(gateway.meta.arn, "arn:aws:ec2:eu-west-1:111122223333:natgateway/nat-1");
    }

    #[test]
    fn a_regional_gateway_names_each_zone_once() {
        let address = |zone: &str| NatGatewayAddress::builder().availability_zone(zone).build();
        let sdk = types::NatGateway::builder()
            .availability_mode(AvailabilityMode::Regional)
            .nat_gateway_addresses(address("eu-west-1b"))
            .nat_gateway_addresses(address("eu-west-1a"))
            .nat_gateway_addresses(address("eu-west-1b"))
            .build();

        let zones = nat_gateway(&mock::context(), &sdk).availability_zones;

        assert_eq!(zones.unwrap(), ["eu-west-1a", "eu-west-1b"]);
    }
}
