//! Elastic Load Balancing v2. All its calls share one small bucket, so few are made.

pub(super) mod load_balancers;
pub(super) mod target_groups;
pub(super) mod target_health;

/// The most that DescribeLoadBalancers, DescribeListeners and DescribeTargetGroups give at once.
const PAGE: i32 = 400;
/// Requests in flight, where each load balancer or target group needs one.
const CONCURRENCY: usize = 8;

/// The end of an ARN after the marker, which CloudWatch uses as a dimension.
fn after<'a>(arn: &'a str, marker: &str) -> &'a str {
    arn.split_once(marker).map_or("", |(_, end)| end)
}
