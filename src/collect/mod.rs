//! Reads AWS into the [`crate::inventory`], with a coverage row for each type that was asked for.
//!
//! [`COLLECTORS`] is the one table of what can be read: the resource list, the
//! calls and the IAM policy all come from it. One slow or denied read never stops another.

mod access_events;
mod accounts;
mod apprunner;
mod backup;
mod budgets;
mod clients;
mod cloudcontrol;
mod cloudtrail;
mod cloudwatch;
mod costexplorer;
mod details;
mod each;
mod ec2;
mod ecr;
mod ecs;
mod eks;
mod elasticache;
mod elasticbeanstalk;
mod elasticloadbalancing;
mod elasticloadbalancingv2;
mod error;
mod lambda;
mod logs;
mod meter;
mod metrics;
#[cfg(test)]
mod mock;
mod organizations;
mod pace;
mod pages;
mod permissions;
mod rds;
mod restores;
mod route53;
mod scheduler;
mod sns;
mod sqs;
mod stack_resources;
mod trails;
mod whole;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream;
use tokio::time::Instant;

use crate::inventory::{Coverage, CoverageStatus, Meta, Resource, Scope, TYPES};

pub use accounts::{Member, assume, statements as account_statements};
pub use clients::{
    Caller, Clients, caller_identity, http_connector, regions, registry, s3, sdk_config, secretsmanager, sns,
};
pub use cloudcontrol::{GENERIC_GETS, GENERIC_LISTS, Schema};
pub use cloudtrail::{Trail, statements as trail_statements};
pub use costexplorer::Paid;
pub use details::{DETAILS, Detail};
pub use ecs::Shared as EcsShared;
pub use error::CollectError;
pub use meter::Meter;
pub use metrics::{ACTIONS as METRIC_ACTIONS, fetch as fetch_metrics};
pub use organizations::{Asked as AskedOfOrganization, members};
pub use permissions::{Needs, handler_statements, read_only_policy};

use cloudcontrol::Generic;
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
    /// What a review tells of begins here; elsewhere it is `now`.
    pub history_from: DateTime<Utc>,
    /// Where events are read from, where it is not the event history.
    pub trail: Option<Trail>,
    /// The region was not asked for: of it events are read and nothing else.
    pub events_only: bool,
    /// No read goes on after this.
    pub deadline: Instant,
    /// What the reads of ECS have in common.
    pub ecs: ecs::Shared,
    /// What Cost Explorer answered already.
    pub paid: Paid,
    /// The last settled day moves by so many days at once.
    pub costs_every: u8,
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
    /// The window that was seen, for windowed types; for those that are not in the table, what
    /// it took; what else is to be said of a complete read; empty otherwise.
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
    trails::TRAILS,
    restores::RESTORE_EVENTS,
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
    elasticache::CACHE_CLUSTERS,
    elasticache::REPLICATION_GROUPS,
    elasticache::SERVERLESS_CACHES,
    backup::PROTECTED_RESOURCES,
    backup::RESTORE_JOBS,
    backup::RESTORE_TESTING_PLANS,
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
    lambda::FUNCTIONS,
    sqs::QUEUES,
    scheduler::GROUPS,
    scheduler::SCHEDULES,
    logs::LOG_GROUPS,
    cloudwatch::ALARMS,
    cloudwatch::history::ALARM_HISTORY,
    rds::INSTANCES,
    rds::CLUSTERS,
    rds::events::EVENTS,
    sns::TOPICS,
    sns::SUBSCRIPTIONS,
    budgets::BUDGETS,
    costexplorer::COSTS,
    costexplorer::ANOMALIES,
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
pub const CONCURRENCY: usize = 64;

/// For a read that minds the deadline itself to hand in what it has.
const GRACE: Duration = Duration::from_secs(1);

/// The types to read, each with the fields that policies name.
pub type Wanted = BTreeMap<&'static str, BTreeSet<String>>;

/// How one type is read: by its row in the table, or as any other.
#[derive(Clone, Copy)]
enum Way<'a> {
    Row(&'a Collector),
    Generic(&'a Generic),
}

impl Way<'_> {
    fn resource_type(self) -> &'static str {
        match self {
            Self::Row(row) => row.resource_type,
            Self::Generic(generic) => generic.resource_type,
        }
    }
}

/// Reads the given types in all contexts at once, one scope for each context, in their order.
/// Each type is read in the contexts of those scopes where [`Scope::is_read`], so many at once.
pub async fn collect(
    contexts: &[Context],
    types: &Wanted,
    at_once: usize,
    progress: &(dyn Fn(&Progress<'_>) + Sync),
) -> Vec<Scope> {
    let mut scopes: Vec<Scope> = contexts
        .iter()
        .map(|context| Scope {
            account: context.account.clone(),
            region: context.region.clone(),
            events_only: context.events_only,
            ..Scope::default()
        })
        .collect();
    let rows = COLLECTORS.iter().filter(|row| types.contains_key(row.resource_type));
    let others: Vec<Generic> = types
        .iter()
        .filter(|(name, _)| !TYPES.contains(name))
        .map(|(name, fields)| Generic::new(name, fields.clone()))
        .collect();
    let jobs: Vec<(usize, Way<'_>)> = rows
        .map(Way::Row)
        .chain(others.iter().map(Way::Generic))
        .flat_map(|way| (0..contexts.len()).map(move |index| (index, way)))
        .filter(|(index, way)| scopes[*index].is_read(way.resource_type()))
        .collect();
    let total = jobs.len();
    let mut reads = stream::iter(jobs)
        .map(|(index, way)| async move { (index, way, read(&contexts[index], way).await) })
        .buffer_unordered(at_once);
    let mut done = 0;
    while let Some((index, way, (coverage, resources))) = reads.next().await {
        done += 1;
        progress(&Progress {
            account: &contexts[index].account,
            region: &contexts[index].region,
            resource_type: way.resource_type(),
            status: coverage.status,
            resources: resources.len(),
            done,
            total,
        });
        scopes[index].coverage.push(coverage);
        scopes[index].resources.extend(resources);
    }
    for scope in &mut scopes {
        let here = others.iter().filter(|other| scope.is_read(other.resource_type));
        scope.schemas =
            here.filter_map(|other| Some((other.resource_type.to_owned(), other.schema()?))).collect();
        sort(scope);
    }
    scopes
}

async fn read(context: &Context, way: Way<'_>) -> (Coverage, Vec<Resource>) {
    let reading = match way {
        Way::Row(row) => (row.collect)(context),
        Way::Generic(generic) => Box::pin(generic.read(context)),
    };
    let answer = tokio::time::timeout_at(context.deadline + GRACE, reading)
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
    let resource_type = way.resource_type().to_owned();
    let coverage = Coverage { resource_type, status, detail };
    (coverage, resources)
}

/// In the order of the type table, then by id: the same account gives the same inventory.
fn sort(scope: &mut Scope) {
    // those that are not in the table come last, by name
    let rank = |name: &str| TYPES.iter().position(|known| *known == name).unwrap_or(TYPES.len());
    scope.coverage.sort_by_cached_key(|row| (rank(&row.resource_type), row.resource_type.clone()));
    scope.resources.sort_by_cached_key(|resource| {
        let (meta, name) = (resource.meta(), resource.type_name());
        (rank(name), name, meta.id.clone(), meta.arn.clone(), meta.name.clone())
    });
}

fn time(at: Option<&aws_smithy_types::DateTime>) -> Option<DateTime<Utc>> {
    at.and_then(|at| DateTime::from_timestamp(at.secs(), at.subsec_nanos()))
}

/// What was seen, as a coverage row says it.
fn window(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    let stamp = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    format!("saw {} to {}", stamp(from), stamp(to))
}

fn aws_time(at: DateTime<Utc>) -> aws_smithy_types::DateTime {
    aws_smithy_types::DateTime::from_secs(at.timestamp())
}

#[cfg(test)]
mod tests;
