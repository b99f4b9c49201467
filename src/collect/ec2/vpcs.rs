//! VPCs, the flow logs that record them, and the endpoints that keep traffic inside.

use aws_sdk_ec2::types;

use super::{PAGE, tagged};
use crate::collect::pages::list;
use crate::collect::{CollectError, Collector, Context, Read, time};
use crate::inventory::ec2::{FlowLog, Vpc, VpcEndpoint};
use crate::inventory::{Kind as _, Meta};

const DESCRIBE_VPCS: &str = "ec2:DescribeVpcs";
const DESCRIBE_FLOW_LOGS: &str = "ec2:DescribeFlowLogs";
const DESCRIBE_ENDPOINTS: &str = "ec2:DescribeVpcEndpoints";

pub(in crate::collect) const VPCS: Collector = Collector {
    resource_type: Vpc::TYPE,
    actions: &[DESCRIBE_VPCS],
    collect: |context| Box::pin(read_vpcs(context)),
};

pub(in crate::collect) const FLOW_LOGS: Collector = Collector {
    resource_type: FlowLog::TYPE,
    actions: &[DESCRIBE_FLOW_LOGS],
    collect: |context| Box::pin(read_flow_logs(context)),
};

pub(in crate::collect) const ENDPOINTS: Collector = Collector {
    resource_type: VpcEndpoint::TYPE,
    actions: &[DESCRIBE_ENDPOINTS],
    collect: |context| Box::pin(read_endpoints(context)),
};

async fn read_vpcs(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.ec2.describe_vpcs().max_results(PAGE).into_paginator().send();
    let vpcs = list(DESCRIBE_VPCS, pages, |page| (page.vpcs, page.next_token)).await?;
    Read::mapped(vpcs, |sdk| vpc(context, sdk))
}

async fn read_flow_logs(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.ec2.describe_flow_logs().max_results(PAGE).into_paginator().send();
    let logs = list(DESCRIBE_FLOW_LOGS, pages, |page| (page.flow_logs, page.next_token)).await?;
    Read::mapped(logs, |sdk| flow_log(context, sdk))
}

async fn read_endpoints(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.ec2.describe_vpc_endpoints().max_results(PAGE).into_paginator().send();
    let endpoints = list(DESCRIBE_ENDPOINTS, pages, |page| (page.vpc_endpoints, page.next_token)).await?;
    Read::mapped(endpoints, |sdk| endpoint(context, sdk))
}

fn vpc(context: &Context, sdk: &types::Vpc) -> Vpc {
    let owner = sdk.owner_id();
    Vpc {
        meta: tagged(context, "vpc", sdk.vpc_id().unwrap_or_default(), owner, sdk.tags()),
        owner_id: owner.unwrap_or(&context.account).to_owned(),
        cidr_block: sdk.cidr_block().unwrap_or_default().to_owned(),
        is_default: sdk.is_default().unwrap_or(false),
        ..Vpc::default()
    }
}

fn flow_log(context: &Context, sdk: &types::FlowLog) -> FlowLog {
    let meta = tagged(context, "vpc-flow-log", sdk.flow_log_id().unwrap_or_default(), None, sdk.tags());
    FlowLog {
        meta: Meta { created_at: time(sdk.creation_time()), ..meta },
        resource_id: sdk.resource_id().unwrap_or_default().to_owned(),
        traffic_type: sdk.traffic_type().map(|kind| kind.as_str().to_owned()),
        flow_log_status: sdk.flow_log_status().map(str::to_owned),
        deliver_logs_status: sdk.deliver_logs_status().map(str::to_owned),
        deliver_logs_error_message: sdk.deliver_logs_error_message().map(str::to_owned),
        log_destination_type: sdk.log_destination_type().map(|kind| kind.as_str().to_owned()),
        log_destination: sdk.log_destination().or(sdk.log_group_name()).map(str::to_owned),
    }
}

fn endpoint(context: &Context, sdk: &types::VpcEndpoint) -> VpcEndpoint {
    let id = sdk.vpc_endpoint_id().unwrap_or_default();
    let meta = tagged(context, "vpc-endpoint", id, sdk.owner_id(), sdk.tags());
    VpcEndpoint {
        meta: Meta { created_at: time(sdk.creation_timestamp()), ..meta },
        vpc_id: sdk.vpc_id().unwrap_or_default().to_owned(),
        vpc_endpoint_type: sdk.vpc_endpoint_type().map_or("Gateway", |kind| kind.as_str()).to_owned(),
        service_name: sdk.service_name().unwrap_or_default().to_owned(),
        // documented as `Available`, sent as `available`
        state: sdk.state().map_or_else(String::new, |state| state.as_str().to_lowercase()),
        private_dns_enabled: sdk.private_dns_enabled().unwrap_or(false),
        route_table_ids: sdk.route_table_ids().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::Client;
    use aws_sdk_ec2::operation::describe_flow_logs::{DescribeFlowLogsError, DescribeFlowLogsOutput};
    use aws_sdk_ec2::operation::describe_vpc_endpoints::DescribeVpcEndpointsOutput;
    use aws_sdk_ec2::operation::describe_vpcs::DescribeVpcsOutput;
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;

    fn vpcs(id: &str, next: Option<&str>) -> DescribeVpcsOutput {
        let vpc = types::Vpc::builder().vpc_id(id).owner_id("222233334444").build();
        DescribeVpcsOutput::builder().vpcs(vpc).set_next_token(next.map(str::to_owned)).build()
    }

    #[tokio::test]
    async fn vpcs_are_read_page_by_page_with_their_owner() {
        let mut context = mock::context();
        let first = mock!(Client::describe_vpcs)
            .match_requests(|request| request.next_token().is_none() && request.max_results() == Some(1000))
            .then_output(|| vpcs("vpc-1", Some("two")));
        let second = mock!(Client::describe_vpcs)
            .match_requests(|request| request.next_token() == Some("two"))
            .then_output(|| vpcs("vpc-2", None));
        mock::answer!(context, ec2, aws_sdk_ec2, [first, second]);

        let read = mock::read(&context, Vpc::TYPE).await.unwrap();

        let shared: Vec<&str> =
            read.resources.iter().filter_map(Vpc::of).map(|vpc| vpc.meta.arn.as_str()).collect();
        assert_eq!(
            shared,
            ["arn:aws:ec2:eu-west-1:222233334444:vpc/vpc-1", "arn:aws:ec2:eu-west-1:222233334444:vpc/vpc-2"]
        );
    }

    #[tokio::test]
    async fn a_flow_log_says_where_it_delivers_and_why_it_does_not() {
        let mut context = mock::context();
        let logs = mock!(Client::describe_flow_logs).then_output(|| {
            let log = types::FlowLog::builder()
                .flow_log_id("fl-1")
                .resource_id("vpc-1")
                .log_group_name("/vpc/flow")
                .deliver_logs_status("FAILED")
                .deliver_logs_error_message("Access error")
                .traffic_type(types::TrafficType::All)
                .build();
            DescribeFlowLogsOutput::builder().flow_logs(log).build()
        });
        mock::answer!(context, ec2, aws_sdk_ec2, [logs]);

        let read = mock::read(&context, FlowLog::TYPE).await.unwrap();

        let log = FlowLog::of(&read.resources[0]).unwrap();
        assert_eq!(log.log_destination.as_deref(), Some("/vpc/flow"));
        assert_eq!(log.deliver_logs_error_message.as_deref(), Some("Access error"));
        assert_eq!(log.traffic_type.as_deref(), Some("ALL"));
    }

    #[tokio::test]
    async fn an_endpoint_names_its_service_and_route_tables() {
        let mut context = mock::context();
        let endpoints = mock!(Client::describe_vpc_endpoints).then_output(|| {
            let endpoint = types::VpcEndpoint::builder()
                .vpc_endpoint_id("vpce-1")
                .vpc_id("vpc-1")
                .vpc_endpoint_type(types::VpcEndpointType::Gateway)
                .service_name("com.amazonaws.eu-west-1.s3")
                .state(types::State::Available)
                .route_table_ids("rtb-1")
                .build();
            DescribeVpcEndpointsOutput::builder().vpc_endpoints(endpoint).build()
        });
        mock::answer!(context, ec2, aws_sdk_ec2, [endpoints]);

        let read = mock::read(&context, VpcEndpoint::TYPE).await.unwrap();

        let endpoint = VpcEndpoint::of(&read.resources[0]).unwrap();
        assert_eq!(endpoint.state, "available");
        assert_eq!(endpoint.route_table_ids, ["rtb-1"]);
    }

    #[tokio::test]
    async fn a_denied_list_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_flow_logs).then_error(|| {
            DescribeFlowLogsError::generic(mock::service_error("UnauthorizedOperation", "No."))
        });
        mock::answer!(context, ec2, aws_sdk_ec2, [denied]);

        assert!(mock::read(&context, FlowLog::TYPE).await.unwrap_err().is_denied());
    }
}
