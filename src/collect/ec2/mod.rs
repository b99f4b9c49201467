//! Amazon EC2. Always sends MaxResults: unpaginated calls have half the rate, and fail in large accounts.

pub(super) mod addresses;
pub(super) mod instances;
pub(super) mod nat_gateways;
pub(super) mod network_interfaces;
pub(super) mod prefix_lists;
pub(super) mod route_tables;
pub(super) mod security_groups;
pub(super) mod storage;
pub(super) mod subnets;
pub(super) mod vpcs;

use std::collections::BTreeMap;

use aws_sdk_ec2::types::Tag;

use super::Context;
use crate::inventory::Meta;

/// The most that the Describe calls with pages of 5 to 1000 give at once.
const PAGE: i32 = 1000;

fn tags(tags: &[Tag]) -> BTreeMap<String, String> {
    tags.iter()
        .map(|tag| (tag.key().unwrap_or_default().to_owned(), tag.value().unwrap_or_default().to_owned()))
        .collect()
}

/// For resources whose name is their Name tag; without one the id stands in.
fn tagged(context: &Context, kind: &str, id: &str, owner: Option<&str>, sdk_tags: &[Tag]) -> Meta {
    let tags = tags(sdk_tags);
    let name = tags.get("Name").map_or(id, String::as_str);
    let meta = context.meta(id, name, &arn(context, kind, id, owner));
    Meta { tags, ..meta }
}

/// EC2 does not give the ARN of most resources, but all have the same form.
fn arn(context: &Context, kind: &str, id: &str, owner: Option<&str>) -> String {
    let region = &context.region;
    let partition = partition(region);
    let owner = owner.unwrap_or(&context.account);
    format!("arn:{partition}:ec2:{region}:{owner}:{kind}/{id}")
}

pub(super) fn partition(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}
