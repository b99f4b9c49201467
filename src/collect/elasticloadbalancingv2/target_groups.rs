//! Target groups. Their tags would cost further calls and are not read.

use aws_sdk_elasticloadbalancingv2::types;

use super::{PAGE, after};
use crate::collect::pages::list;
use crate::collect::{CollectError, Collector, Context, Read};
use crate::inventory::Kind as _;
use crate::inventory::elasticloadbalancingv2::TargetGroup;

const DESCRIBE: &str = "elasticloadbalancing:DescribeTargetGroups";

pub(in crate::collect) const TARGET_GROUPS: Collector = Collector {
    resource_type: TargetGroup::TYPE,
    actions: &[DESCRIBE],
    collect: |context| Box::pin(read(context)),
};

async fn read(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.elbv2.describe_target_groups().page_size(PAGE).into_paginator().send();
    let groups = list(DESCRIBE, pages, |page| (page.target_groups, page.next_marker)).await?;
    Read::mapped(groups, |sdk| target_group(context, sdk))
}

fn target_group(context: &Context, sdk: &types::TargetGroup) -> TargetGroup {
    let arn = sdk.target_group_arn().unwrap_or_default();
    let name = sdk.target_group_name().unwrap_or_default();
    let dimension = after(arn, ":targetgroup/");
    TargetGroup {
        meta: context.meta(name, name, arn),
        protocol: sdk.protocol().map(|protocol| protocol.as_str().to_owned()),
        port: sdk.port().map(i64::from),
        target_type: sdk.target_type().map(|kind| kind.as_str().to_owned()),
        vpc_id: sdk.vpc_id().map(str::to_owned),
        load_balancer_arns: sdk.load_balancer_arns().to_vec(),
        metric_dimension: format!("targetgroup/{dimension}"),
        targets: None,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::Client;
    use aws_sdk_elasticloadbalancingv2::operation::describe_target_groups::{
        DescribeTargetGroupsError, DescribeTargetGroupsOutput,
    };
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;

    fn page(name: &str, next: Option<&str>) -> DescribeTargetGroupsOutput {
        let arn = format!(
            "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/{name}/73e2d6bc24d8a067"
        );
        DescribeTargetGroupsOutput::builder()
            .target_groups(
                types::TargetGroup::builder()
                    .target_group_arn(arn)
                    .target_group_name(name)
                    .port(8080)
                    .protocol(types::ProtocolEnum::Http)
                    .target_type(types::TargetTypeEnum::Ip)
                    .build(),
            )
            .set_next_marker(next.map(str::to_owned))
            .build()
    }

    #[tokio::test]
    async fn target_groups_are_read_page_by_page_with_their_metric_dimension() {
        let mut context = mock::context();
        let first = mock!(Client::describe_target_groups)
            .match_requests(|request| request.marker().is_none() && request.page_size() == Some(400))
            .then_output(|| page("web", Some("two")));
        let second = mock!(Client::describe_target_groups)
            .match_requests(|request| request.marker() == Some("two"))
            .then_output(|| page("api", None));
        mock::answer!(context, elbv2, aws_sdk_elasticloadbalancingv2, [first, second]);

        let read = mock::read(&context, TargetGroup::TYPE).await.unwrap();

        let groups: Vec<&TargetGroup> = read.resources.iter().filter_map(TargetGroup::of).collect();
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].metric_dimension, "targetgroup/web/73e2d6bc24d8a067");
        assert_eq!(groups[0].target_type.as_deref(), Some("ip"));
        assert_eq!(groups[0].port, Some(8080));
    }

    #[tokio::test]
    async fn a_denied_list_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_target_groups)
            .then_error(|| DescribeTargetGroupsError::generic(mock::service_error("AccessDenied", "No.")));
        mock::answer!(context, elbv2, aws_sdk_elasticloadbalancingv2, [denied]);

        assert!(mock::read(&context, TargetGroup::TYPE).await.unwrap_err().is_denied());
    }
}
