//! Reads AWS into the [`crate::inventory`], with a coverage row for each type that was asked for.
//!
//! [`COLLECTORS`] is the one table of what can be read: the resource list, the
//! calls and the IAM policy all come from it. One slow or denied read never stops another.

mod apprunner;
mod budgets;
mod clients;
mod cloudtrail;
mod cloudwatch;
mod details;
mod each;
mod ec2;
mod ecr;
mod ecs;
mod eks;
mod elasticbeanstalk;
mod elasticloadbalancing;
mod elasticloadbalancingv2;
mod error;
mod logs;
mod meter;
mod metrics;
#[cfg(test)]
mod mock;
mod pace;
mod pages;
mod permissions;
mod rds;
mod route53;
mod sns;
mod whole;

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream;
use tokio::time::Instant;

use crate::inventory::{Coverage, CoverageStatus, GLOBAL, Meta, Resource, Scope, TYPES, is_global};

pub use clients::{Caller, Clients, caller_identity, regions, s3, sdk_config, sns};
pub use details::{DETAILS, Detail};
pub use ecs::Shared as EcsShared;
pub use error::CollectError;
pub use meter::Meter;
pub use metrics::{ACTIONS as METRIC_ACTIONS, fetch as fetch_metrics};
pub use permissions::read_only_policy;

use pages::Listing;

/// One account and region to read, and how far.
#[derive(Clone, Debug)]
pub struct Context {
    pub clients: Clients,
    pub account: String,
    pub region: String,
    pub now: DateTime<Utc>,
    /// Events are read from here until `now`.
    pub events_from: DateTime<Utc>,
    /// No read goes on after this.
    pub deadline: Instant,
    /// What the reads of ECS have in common.
    pub ecs: ecs::Shared,
}

impl Context {
    fn meta(&self, id: &str, name: &str, arn: &str) -> Meta {
        Meta {
            id: id.to_owned(),
            name: name.to_owned(),
            arn: arn.to_owned(),
            account: self.account.clone(),
            region: self.region.clone(),
            ..Meta::default()
        }
    }
}

/// What one read brought.
#[derive(Debug)]
pub struct Read {
    pub resources: Vec<Resource>,
    /// Why some are missing or lack something; `None` when all is there.
    pub partial: Option<String>,
    /// The window that was seen, for windowed types; empty otherwise.
    pub window: String,
}

impl Read {
    fn of<T: Into<Resource>>(
        resources: impl IntoIterator<Item = T>,
        cut: Option<CollectError>,
    ) -> Result<Self, CollectError> {
        let resources: Vec<Resource> = resources.into_iter().map(Into::into).collect();
        match cut {
            Some(error) if resources.is_empty() => Err(error),
            cut => Ok(Self { resources, partial: cut.map(|error| error.to_string()), window: String::new() }),
        }
    }

    /// The plain case: each item of a list is a resource.
    fn mapped<T, R: Into<Resource>>(
        listing: Listing<T>,
        map: impl Fn(&T) -> R,
    ) -> Result<Self, CollectError> {
        Self::of(listing.items.iter().map(map), listing.cut)
    }
}

/// How one resource type is read.
#[derive(Debug)]
pub struct Collector {
    pub resource_type: &'static str,
    /// The IAM actions of the calls that it makes.
    pub actions: &'static [&'static str],
    pub collect: for<'a> fn(&'a Context) -> BoxFuture<'a, Result<Read, CollectError>>,
}

/// One row for each resource type that is read.
pub static COLLECTORS: &[Collector] = &[
    // the one that may take minutes starts first
    cloudtrail::EVENTS,
    ec2::security_groups::SECURITY_GROUPS,
    ec2::network_interfaces::NETWORK_INTERFACES,
    ec2::subnets::SUBNETS,
    ec2::route_tables::ROUTE_TABLES,
    ec2::prefix_lists::PREFIX_LISTS,
    ec2::nat_gateways::NAT_GATEWAYS,
    ec2::vpcs::VPCS,
    ec2::vpcs::FLOW_LOGS,
    ec2::vpcs::ENDPOINTS,
    ec2::storage::VOLUMES,
    ec2::storage::SNAPSHOTS,
    ec2::storage::IMAGES,
    ec2::addresses::ADDRESSES,
    ec2::instances::INSTANCES,
    elasticloadbalancing::LOAD_BALANCERS,
    elasticloadbalancingv2::load_balancers::LOAD_BALANCERS,
    elasticloadbalancingv2::target_groups::TARGET_GROUPS,
    route53::HOSTED_ZONES,
    route53::RECORD_SETS,
    apprunner::SERVICES,
    eks::CLUSTERS,
    eks::NODEGROUPS,
    elasticbeanstalk::ENVIRONMENTS,
    ecs::clusters::CLUSTERS,
    ecs::services::SERVICES,
    ecs::task_definitions::TASK_DEFINITIONS,
    ecr::repositories::REPOSITORIES,
    logs::LOG_GROUPS,
    cloudwatch::ALARMS,
    cloudwatch::history::ALARM_HISTORY,
    rds::INSTANCES,
    rds::CLUSTERS,
    sns::TOPICS,
    sns::SUBSCRIPTIONS,
    budgets::BUDGETS,
];

/// One read that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    pub account: &'a str,
    pub region: &'a str,
    pub resource_type: &'static str,
    pub status: CoverageStatus,
    pub resources: usize,
    pub done: usize,
    pub total: usize,
}

/// Reads in flight: well below the 1,024 file descriptors of a Lambda, with up to
/// eight connections each.
const CONCURRENCY: usize = 64;

/// For a read that minds the deadline itself to hand in what it has.
const GRACE: Duration = Duration::from_secs(1);

/// Reads the given types in all contexts at once, one scope for each context, in their order.
/// Global types are read in the context of the region [`GLOBAL`] alone.
pub async fn collect(
    contexts: &[Context],
    types: &BTreeSet<&str>,
    progress: &(dyn Fn(&Progress<'_>) + Sync),
) -> Vec<Scope> {
    let mut scopes: Vec<Scope> = contexts
        .iter()
        .map(|context| Scope {
            account: context.account.clone(),
            region: context.region.clone(),
            ..Scope::default()
        })
        .collect();
    let wanted: Vec<&Collector> = COLLECTORS.iter().filter(|row| types.contains(row.resource_type)).collect();
    let jobs: Vec<(usize, &Collector)> = wanted
        .iter()
        .flat_map(|row| contexts.iter().enumerate().map(move |(index, context)| (index, context, *row)))
        .filter(|(_, context, row)| is_global(row.resource_type) == (context.region == GLOBAL))
        .map(|(index, _, row)| (index, row))
        .collect();
    let total = jobs.len();
    let mut reads = stream::iter(jobs)
        .map(|(index, row)| async move { (index, row, read(&contexts[index], row).await) })
        .buffer_unordered(CONCURRENCY);
    let mut done = 0;
    while let Some((index, row, (coverage, resources))) = reads.next().await {
        done += 1;
        progress(&Progress {
            account: &contexts[index].account,
            region: &contexts[index].region,
            resource_type: row.resource_type,
            status: coverage.status,
            resources: resources.len(),
            done,
            total,
        });
        scopes[index].coverage.push(coverage);
        scopes[index].resources.extend(resources);
    }
    for scope in &mut scopes {
        sort(scope);
    }
    scopes
}

async fn read(context: &Context, row: &Collector) -> (Coverage, Vec<Resource>) {
    let answer = tokio::time::timeout_at(context.deadline + GRACE, (row.collect)(context))
        .await
        .unwrap_or(Err(CollectError::OutOfTime));
    let (status, detail, resources) = match answer {
        Ok(read) => match read.partial {
            None => (CoverageStatus::Complete, read.window, read.resources),
            Some(why) if read.window.is_empty() => (CoverageStatus::Partial, why, read.resources),
            Some(why) => (CoverageStatus::Partial, format!("{}; {why}", read.window), read.resources),
        },
        Err(error) => (error.coverage_status(), error.to_string(), Vec::new()),
    };
    let resource_type = row.resource_type.to_owned();
    let coverage = Coverage { resource_type, status, detail };
    (coverage, resources)
}

/// In the order of the type table, then by id: the same account gives the same inventory.
fn sort(scope: &mut Scope) {
    let rank = |name: &str| TYPES.iter().position(|known| *known == name);
    scope.coverage.sort_by_key(|row| rank(&row.resource_type));
    scope.resources.sort_by_cached_key(|resource| {
        let meta = resource.meta();
        (rank(resource.type_name()), meta.id.clone(), meta.arn.clone(), meta.name.clone())
    });
}

fn time(at: Option<&aws_smithy_types::DateTime>) -> Option<DateTime<Utc>> {
    at.and_then(|at| DateTime::from_timestamp(at.secs(), at.subsec_nanos()))
}

fn aws_time(at: DateTime<Utc>) -> aws_smithy_types::DateTime {
    aws_smithy_types::DateTime::from_secs(at.timestamp())
}

#[cfg(test)]
mod tests;
