//! Amazon ECS. Services hang on the list of clusters and task definitions on the
//! services, so what is read for one type is kept for the next.

pub(super) mod clusters;
pub(super) mod services;
pub(super) mod stopped_tasks;
pub(super) mod task_definitions;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_ecs::types::Tag;
use tokio::sync::OnceCell;

use super::CollectError;
use super::pages::Listing;
use crate::inventory::ecs::Service;

/// Requests in flight, where each cluster or task definition needs one.
const CONCURRENCY: usize = 8;
/// The most that ECS lists at once; ListServices gives 10 unless asked.
const PAGE: i32 = 100;

type Kept<T> = OnceCell<Result<Listing<T>, CollectError>>;

/// What several reads need, made once in each account and region.
#[derive(Clone, Debug, Default)]
pub struct Shared(Arc<Lists>);

#[derive(Debug, Default)]
struct Lists {
    cluster_arns: Kept<String>,
    services: Kept<Service>,
}

fn tags(sdk: &[Tag]) -> BTreeMap<String, String> {
    sdk.iter()
        .map(|tag| (tag.key().unwrap_or_default().to_owned(), tag.value().unwrap_or_default().to_owned()))
        .collect()
}

/// The last part of an ARN: a name, or `family:revision`.
fn name_in(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests;
