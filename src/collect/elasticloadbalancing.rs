//! Classic Load Balancers. Their tags would cost further calls and are not read.

use aws_sdk_elasticloadbalancing::types;

use super::ec2::partition;
use super::pages::list;
use super::{CollectError, Collector, Context, Read, time};
use crate::inventory::elasticloadbalancing::{ClassicListener, ClassicLoadBalancer};
use crate::inventory::{Kind as _, Meta};

const DESCRIBE: &str = "elasticloadbalancing:DescribeLoadBalancers";
/// The most that DescribeLoadBalancers gives at once.
const PAGE: i32 = 400;

pub(super) const LOAD_BALANCERS: Collector = Collector {
    resource_type: ClassicLoadBalancer::TYPE,
    actions: &[DESCRIBE],
    collect: |context| Box::pin(read(context)),
};

async fn read(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.elb.describe_load_balancers().page_size(PAGE).into_paginator().send();
    let split = |page: aws_sdk_elasticloadbalancing::operation::describe_load_balancers::DescribeLoadBalancersOutput| {
        (page.load_balancer_descriptions, page.next_marker)
    };
    let balancers = list(DESCRIBE, pages, split).await?;
    Read::mapped(balancers, |sdk| load_balancer(context, sdk))
}

fn load_balancer(context: &Context, sdk: &types::LoadBalancerDescription) -> ClassicLoadBalancer {
    let name = sdk.load_balancer_name().unwrap_or_default();
    let Context { account, region, .. } = context;
    let partition = partition(region);
    let arn = format!("arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{name}");
    ClassicLoadBalancer {
        meta: Meta { created_at: time(sdk.created_time()), ..context.meta(name, name, &arn) },
        scheme: sdk.scheme().map(str::to_owned),
        dns_name: sdk.dns_name().map(str::to_owned),
        vpc_id: sdk.vpc_id().map(str::to_owned),
        security_groups: sdk.security_groups().to_vec(),
        listeners: sdk
            .listener_descriptions()
            .iter()
            .filter_map(|description| description.listener().map(listener))
            .collect(),
        instance_ids: sdk
            .instances()
            .iter()
            .filter_map(|instance| instance.instance_id().map(str::to_owned))
            .collect(),
    }
}

fn listener(sdk: &types::Listener) -> ClassicListener {
    ClassicListener {
        load_balancer_port: i64::from(sdk.load_balancer_port()),
        protocol: sdk.protocol().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancing::Client;
    use aws_sdk_elasticloadbalancing::operation::describe_load_balancers::{
        DescribeLoadBalancersError, DescribeLoadBalancersOutput,
    };
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;

    fn page(name: &str, next: Option<&str>) -> DescribeLoadBalancersOutput {
        let balancer = types::LoadBalancerDescription::builder()
            .load_balancer_name(name)
            .scheme("internal")
            .instances(types::Instance::builder().instance_id("i-1").build())
            .build();
        DescribeLoadBalancersOutput::builder()
            .load_balancer_descriptions(balancer)
            .set_next_marker(next.map(str::to_owned))
            .build()
    }

    #[tokio::test]
    async fn classic_load_balancers_are_read_page_by_page_with_their_instances() {
        let mut context = mock::context();
        let first = mock!(Client::describe_load_balancers)
            .match_requests(|request| request.marker().is_none() && request.page_size() == Some(400))
            .then_output(|| page("old", Some("two")));
        let second = mock!(Client::describe_load_balancers)
            .match_requests(|request| request.marker() == Some("two"))
            .then_output(|| page("older", None));
        mock::answer!(context, elb, aws_sdk_elasticloadbalancing, [first, second]);

        let read = mock::read(&context, ClassicLoadBalancer::TYPE).await.unwrap();

        assert_eq!(read.resources.len(), 2);
        let old = ClassicLoadBalancer::of(&read.resources[0]).unwrap();
        assert_eq!(old.meta.arn, "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/old");
        assert_eq!(old.instance_ids, ["i-1"]);
        assert_eq!(old.scheme.as_deref(), Some("internal"));
    }

    #[tokio::test]
    async fn a_denied_list_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_load_balancers)
            .then_error(|| DescribeLoadBalancersError::generic(mock::service_error("AccessDenied", "No.")));
        mock::answer!(context, elb, aws_sdk_elasticloadbalancing, [denied]);

        assert!(mock::read(&context, ClassicLoadBalancer::TYPE).await.unwrap_err().is_denied());
    }
}
