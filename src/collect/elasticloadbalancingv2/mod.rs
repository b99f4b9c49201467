//! Elastic Load Balancing v2. All its calls share one small bucket, so few are made.

pub(super) mod listener_rules;
pub(super) mod load_balancers;
pub(super) mod target_groups;
pub(super) mod target_health;

use aws_sdk_elasticloadbalancingv2::types::Action;

/// The most that DescribeLoadBalancers, DescribeListeners and DescribeTargetGroups give at once.
const PAGE: i32 = 400;
/// Requests in flight, where each load balancer or target group needs one.
const CONCURRENCY: usize = 8;

/// Where actions lead that redirect.
fn redirect_protocol(actions: &[Action]) -> Option<String> {
    actions.iter().find_map(|action| action.redirect_config()?.protocol().map(str::to_owned))
}

/// The end of an ARN after the marker, which CloudWatch uses as a dimension.
fn after<'a>(arn: &'a str, marker: &str) -> &'a str {
    arn.split_once(marker).map_or("", |(_, end)| end)
}
