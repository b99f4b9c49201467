//! Network interfaces: what a security group is attached to.

use aws_sdk_ec2::types;

use super::{PAGE, tagged};
use crate::collect::pages::list;
use crate::collect::{CollectError, Collector, Context, Read};
use crate::inventory::Kind as _;
use crate::inventory::ec2::NetworkInterface;

const DESCRIBE: &str = "ec2:DescribeNetworkInterfaces";

pub(in crate::collect) const NETWORK_INTERFACES: Collector = Collector {
    resource_type: NetworkInterface::TYPE,
    actions: &[DESCRIBE],
    collect: |context| Box::pin(read(context)),
};

async fn read(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.ec2.describe_network_interfaces().max_results(PAGE).into_paginator().send();
    let interfaces = list(DESCRIBE, pages, |page| (page.network_interfaces, page.next_token)).await?;
    Read::mapped(interfaces, |sdk| network_interface(context, sdk))
}

fn network_interface(context: &Context, sdk: &types::NetworkInterface) -> NetworkInterface {
    let id = sdk.network_interface_id().unwrap_or_default();
    let attachment = sdk.attachment();
    NetworkInterface {
        meta: tagged(context, "network-interface", id, sdk.owner_id(), sdk.tag_set()),
        description: sdk.description().unwrap_or_default().to_owned(),
        interface_type: sdk.interface_type().map_or_else(String::new, |kind| kind.as_str().to_owned()),
        requester_id: sdk.requester_id().map(str::to_owned),
        status: sdk.status().map_or_else(String::new, |status| status.as_str().to_owned()),
        subnet_id: sdk.subnet_id().map(str::to_owned),
        vpc_id: sdk.vpc_id().map(str::to_owned),
        groups: sdk.groups().iter().filter_map(|group| group.group_id().map(str::to_owned)).collect(),
        private_ip_address: sdk.private_ip_address().map(str::to_owned),
        public_ip: sdk.association().and_then(|association| association.public_ip()).map(str::to_owned),
        ipv6_addresses: sdk
            .ipv6_addresses()
            .iter()
            .filter_map(|address| address.ipv6_address().map(str::to_owned))
            .collect(),
        instance_id: attachment.and_then(|attachment| attachment.instance_id()).map(str::to_owned),
        instance_owner_id: attachment
            .and_then(|attachment| attachment.instance_owner_id())
            .map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::Client;
    use aws_sdk_ec2::operation::describe_network_interfaces::{
        DescribeNetworkInterfacesError, DescribeNetworkInterfacesOutput,
    };
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;

    fn page(id: &str, next: Option<&str>) -> DescribeNetworkInterfacesOutput {
        DescribeNetworkInterfacesOutput::builder()
            .network_interfaces(types::NetworkInterface::builder().network_interface_id(id).build())
            .set_next_token(next.map(str::to_owned))
            .build()
    }

    #[tokio::test]
    async fn interfaces_are_read_page_by_page() {
        let mut context = mock::context();
        let first = mock!(Client::describe_network_interfaces)
            .match_requests(|request| request.next_token().is_none())
            .then_output(|| page("eni-1", Some("two")));
        let second = mock!(Client::describe_network_interfaces)
            .match_requests(|request| {
                request.next_token() == Some("two") && request.max_results() == Some(1000)
            })
            .then_output(|| page("eni-2", None));
        mock::answer!(context, ec2, aws_sdk_ec2, [first, second]);

        let read = mock::read(&context, NetworkInterface::TYPE).await.unwrap();

        assert_eq!(read.resources.len(), 2);
    }

    #[tokio::test]
    async fn what_was_read_before_a_failure_is_kept_and_called_partial() {
        let mut context = mock::context();
        let first = mock!(Client::describe_network_interfaces)
            .match_requests(|request| request.next_token().is_none())
            .then_output(|| page("eni-1", Some("two")));
        let second = mock!(Client::describe_network_interfaces)
            .match_requests(|request| request.next_token() == Some("two"))
            .then_error(|| {
                DescribeNetworkInterfacesError::generic(mock::service_error(
                    "RequestLimitExceeded",
                    "Slow down.",
                ))
            });
        mock::answer!(context, ec2, aws_sdk_ec2, [first, second]);

        let read = mock::read(&context, NetworkInterface::TYPE).await.unwrap();

        assert_eq!(read.resources.len(), 1);
        assert_eq!(read.partial.unwrap(), "throttled: ec2:DescribeNetworkInterfaces (Slow down.)");
    }

    #[tokio::test]
    async fn a_token_offered_twice_is_no_complete_list() {
        let mut context = mock::context();
        let again = mock!(Client::describe_network_interfaces).then_output(|| page("eni-1", Some("two")));
        mock::answer!(context, ec2, aws_sdk_ec2, [again]);

        let read = mock::read(&context, NetworkInterface::TYPE).await.unwrap();

        assert!(read.partial.unwrap().contains("the same page was offered again"));
    }

    #[test]
    fn an_instance_behind_a_public_address_is_mapped() {
        let sdk = types::NetworkInterface::builder()
            .network_interface_id("eni-1")
            .interface_type(types::NetworkInterfaceType::Interface)
            .status(types::NetworkInterfaceStatus::InUse)
            .groups(types::GroupIdentifier::builder().group_id("sg-1").build())
            .association(types::NetworkInterfaceAssociation::builder().public_ip("198.51.100.7").build())
            .attachment(
                types::NetworkInterfaceAttachment::builder()
                    .instance_id("i-1")
                    .instance_owner_id("111122223333")
                    .build(),
            )
            .build();

        let interface = network_interface(&mock::context(), &sdk);

        assert_eq!(interface.groups, ["sg-1"]);
        assert_eq!(interface.public_ip.as_deref(), Some("198.51.100.7"));
        assert_eq!(interface.instance_id.as_deref(), Some("i-1"));
        assert_eq!(interface.interface_type, "interface");
        assert_eq!(interface.meta.name, "eni-1");
    }
}
