//! Subnets, read to tell public ones from private ones.

use aws_sdk_ec2::types;

use super::{PAGE, tagged};
use crate::collect::pages::list;
use crate::collect::{CollectError, Collector, Context, Read};
use crate::inventory::Kind as _;
use crate::inventory::ec2::Subnet;

const DESCRIBE: &str = "ec2:DescribeSubnets";

pub(in crate::collect) const SUBNETS: Collector = Collector {
    resource_type: Subnet::TYPE,
    actions: &[DESCRIBE],
    collect: |context| Box::pin(read(context)),
};

async fn read(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.ec2.describe_subnets().max_results(PAGE).into_paginator().send();
    let subnets = list(DESCRIBE, pages, |page| (page.subnets, page.next_token)).await?;
    Read::mapped(subnets, |sdk| subnet(context, sdk))
}

fn subnet(context: &Context, sdk: &types::Subnet) -> Subnet {
    let id = sdk.subnet_id().unwrap_or_default();
    Subnet {
        meta: tagged(context, "subnet", id, sdk.owner_id(), sdk.tags()),
        vpc_id: sdk.vpc_id().unwrap_or_default().to_owned(),
        availability_zone: sdk.availability_zone().unwrap_or_default().to_owned(),
        cidr_block: sdk.cidr_block().unwrap_or_default().to_owned(),
        map_public_ip_on_launch: sdk.map_public_ip_on_launch().unwrap_or(false),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::Client;
    use aws_sdk_ec2::operation::describe_subnets::{DescribeSubnetsError, DescribeSubnetsOutput};
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;

    fn page(id: &str, next: Option<&str>) -> DescribeSubnetsOutput {
        DescribeSubnetsOutput::builder()
            .subnets(
                types::Subnet::builder()
                    .subnet_id(id)
                    .vpc_id("vpc-1")
                    .owner_id("999900001111")
                    .tags(types::Tag::builder().key("Name").value("public-a").build())
                    .build(),
            )
            .set_next_token(next.map(str::to_owned))
            .build()
    }

    #[tokio::test]
    async fn subnets_are_read_page_by_page() {
        let mut context = mock::context();
        let first = mock!(Client::describe_subnets)
            .match_requests(|request| request.next_token().is_none() && request.max_results() == Some(1000))
            .then_output(|| page("subnet-1", Some("two")));
        let second = mock!(Client::describe_subnets)
            .match_requests(|request| request.next_token() == Some("two"))
            .then_output(|| page("subnet-2", None));
        mock::answer!(context, ec2, aws_sdk_ec2, [first, second]);

        let read = mock::read(&context, Subnet::TYPE).await.unwrap();

        assert_eq!(read.partial, None);
        let ids: Vec<&str> = read.resources.iter().map(|r| r.meta().id.as_str()).collect();
        assert_eq!(ids, ["subnet-1", "subnet-2"]);
        let meta = read.resources[0].meta();
        assert_eq!(meta.name, "public-a");
        // a subnet shared by another account keeps its owner's ARN
        assert_eq!(meta.arn, "arn:aws:ec2:eu-west-1:999900001111:subnet/subnet-1");
        assert_eq!(meta.account, "111122223333");
    }

    #[tokio::test]
    async fn a_denied_list_names_its_action() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_subnets).then_error(|| {
            DescribeSubnetsError::generic(mock::service_error(
                "UnauthorizedOperation",
                "You are not authorized.",
            ))
        });
        mock::answer!(context, ec2, aws_sdk_ec2, [denied]);

        let error = mock::read(&context, Subnet::TYPE).await.unwrap_err();

        assert_eq!(error.to_string(), "denied: ec2:DescribeSubnets (You are not authorized.)");
    }
}
