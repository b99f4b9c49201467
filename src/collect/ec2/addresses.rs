//! Elastic IP addresses, which DescribeAddresses gives all at once.

use aws_sdk_ec2::types;

use super::tagged;
use crate::collect::{CollectError, Collector, Context, Read};
use crate::inventory::Kind as _;
use crate::inventory::ec2::Address;

const DESCRIBE: &str = "ec2:DescribeAddresses";

pub(in crate::collect) const ADDRESSES: Collector = Collector {
    resource_type: Address::TYPE,
    actions: &[DESCRIBE],
    collect: |context| Box::pin(read(context)),
};

async fn read(context: &Context) -> Result<Read, CollectError> {
    let answer = context.clients.ec2.describe_addresses().send().await;
    let answer = answer.map_err(|error| CollectError::of(DESCRIBE, &error))?;
    Read::of(answer.addresses().iter().map(|sdk| address(context, sdk)), None)
}

fn address(context: &Context, sdk: &types::Address) -> Address {
    let public_ip = sdk.public_ip().unwrap_or_default();
    Address {
        meta: tagged(context, "elastic-ip", sdk.allocation_id().unwrap_or(public_ip), None, sdk.tags()),
        public_ip: public_ip.to_owned(),
        public_ipv4_pool: sdk.public_ipv4_pool().map(str::to_owned),
        association_id: sdk.association_id().map(str::to_owned),
        instance_id: sdk.instance_id().filter(|id| !id.is_empty()).map(str::to_owned),
        network_interface_id: sdk.network_interface_id().map(str::to_owned),
        service_managed: sdk.service_managed().map(|service| service.as_str().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::Client;
    use aws_sdk_ec2::operation::describe_addresses::{DescribeAddressesError, DescribeAddressesOutput};
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;

    #[tokio::test]
    async fn addresses_say_what_they_are_associated_with() {
        let mut context = mock::context();
        let addresses = mock!(Client::describe_addresses).then_output(|| {
            let used = types::Address::builder()
                .allocation_id("eipalloc-1")
                .public_ip("198.51.100.1")
                .association_id("eipassoc-1")
                .instance_id("i-1")
                .build();
            let free = types::Address::builder().allocation_id("eipalloc-2").instance_id("").build();
            DescribeAddressesOutput::builder().addresses(used).addresses(free).build()
        });
        mock::answer!(context, ec2, aws_sdk_ec2, [addresses]);

        let read = mock::read(&context, Address::TYPE).await.unwrap();

        let [used, free] = &read.resources.iter().filter_map(Address::of).collect::<Vec<_>>()[..] else {
            panic!("{read:?}");
        };
        assert_eq!(used.meta.arn, "arn:aws:ec2:eu-west-1:111122223333:elastic-ip/eipalloc-1");
        assert_eq!(used.instance_id.as_deref(), Some("i-1"));
        assert_eq!((&free.association_id, &free.instance_id), (&None, &None));
    }

    #[tokio::test]
    async fn a_denied_list_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_addresses).then_error(|| {
            DescribeAddressesError::generic(mock::service_error("UnauthorizedOperation", "No."))
        });
        mock::answer!(context, ec2, aws_sdk_ec2, [denied]);

        assert!(mock::read(&context, Address::TYPE).await.unwrap_err().is_denied());
    }
}
