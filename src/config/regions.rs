//! AWS's region names.

use super::diagnostic::did_you_mean;

/// Which regions to look at.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Regions {
    /// The one that the environment or the profile names.
    #[default]
    Current,
    /// Every region that is enabled for the account.
    All,
    Named(Vec<String>),
}

/// Regions of all partitions that are open to the public
/// (<https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>).
const REGIONS: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

/// What is wrong with a region name, and the remedy. A name that AWS does not
/// know would only show as an endpoint that cannot be reached.
pub fn check(region: &str) -> Result<(), (String, String)> {
    if REGIONS.contains(&region) {
        return Ok(());
    }
    let help = did_you_mean(region, REGIONS.iter().copied())
        .unwrap_or_else(|| "write a name such as `eu-west-1`, or `regions: all`".to_owned());
    Err((format!("unknown region `{region}`"), help))
}

/// The partition of a region, as ARNs write it.
pub fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("eusc") => "aws-eusc",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// Where the services that a partition has once, such as Route 53, answer.
pub fn home_of_global(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "cn-northwest-1",
        Some("eusc") => "eusc-de-east-1",
        _ if region.starts_with("us-gov-") => "us-gov-west-1",
        _ => "us-east-1",
    }
}
