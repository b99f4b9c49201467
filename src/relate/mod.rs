//! Pure joins: fills in what AWS does not return but what follows from what it does.
//!
//! A derived field stays null where something that the answer depends on was not read
//! completely, so that a policy ends in UNKNOWN and not in a guess.
#![deny(clippy::disallowed_methods)]

mod account;
mod alarm_history;
mod alarm_targets;
mod apprunner;
mod caches;
mod composites;
mod databases;
mod db_classes;
mod existence;
mod exposure;
mod load_balancers;
mod log_sources;
mod on_call;
mod permits;
mod public_space;
mod queues;
mod record_sets;
mod repositories;
mod restores;
mod routes;
mod services;
mod storage;
mod topics;
mod vpcs;
mod watched;

use crate::inventory::account::Account;
use crate::inventory::apprunner::AppRunnerService;
use crate::inventory::backup::{ProtectedResource, RestoreJob, RestoreTestingPlan};
use crate::inventory::budgets::Budget;
use crate::inventory::cloudtrail::{RestoreEvent, Trail};
use crate::inventory::cloudwatch::{Alarm, AlarmHistoryItem};
use crate::inventory::costexplorer::{Anomaly, Bill, UsageType};
use crate::inventory::ec2::{
    Address, FlowLog, Image, Instance, NatGateway, NetworkInterface, PrefixList, RouteTable, SecurityGroup,
    Snapshot, Subnet, Volume, Vpc, VpcEndpoint,
};
use crate::inventory::ecr::Repository;
use crate::inventory::ecs::{Cluster, Service, TaskDefinition};
use crate::inventory::eks;
use crate::inventory::elasticache::{CacheCluster, ReplicationGroup, ServerlessCache};
use crate::inventory::elasticbeanstalk::BeanstalkEnvironment;
use crate::inventory::elasticloadbalancing::ClassicLoadBalancer;
use crate::inventory::elasticloadbalancingv2::{LoadBalancer, TargetGroup};
use crate::inventory::lambda::Function;
use crate::inventory::logs::LogGroup;
use crate::inventory::rds::{DbCluster, DbInstance};
use crate::inventory::route53::{HostedZone, RecordSet};
use crate::inventory::scheduler::{Schedule, ScheduleGroup};
use crate::inventory::sns::{Subscription, Topic};
use crate::inventory::sqs::Queue;
use crate::inventory::{Kind, Scope};
pub use account::account;
pub(crate) use alarm_history::{is_read, messages};

/// A derived field, and the other types that it is worked out from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Relation {
    pub resource_type: &'static str,
    pub field: &'static str,
    pub needs: &'static [&'static str],
}

/// One row per derived field: what a policy that names the field needs to have read.
pub const RELATIONS: &[Relation] = &[
    Relation { resource_type: SecurityGroup::TYPE, field: "openings", needs: &[PrefixList::TYPE] },
    Relation { resource_type: SecurityGroup::TYPE, field: "unread_prefix_lists", needs: &[PrefixList::TYPE] },
    Relation {
        resource_type: SecurityGroup::TYPE,
        field: "attachments",
        needs: &[
            NetworkInterface::TYPE,
            Subnet::TYPE,
            RouteTable::TYPE,
            LoadBalancer::TYPE,
            ClassicLoadBalancer::TYPE,
        ],
    },
    // these two are worked out beside the costs
    Relation { resource_type: UsageType::TYPE, field: "anomalies", needs: &[Anomaly::TYPE] },
    Relation { resource_type: Bill::TYPE, field: "budgets", needs: &[Budget::TYPE] },
    Relation {
        resource_type: NatGateway::TYPE,
        field: "routed_subnet_ids",
        needs: &[Subnet::TYPE, RouteTable::TYPE],
    },
    Relation { resource_type: NatGateway::TYPE, field: "signals", needs: &[Alarm::TYPE] },
    Relation { resource_type: Vpc::TYPE, field: "network_interface_count", needs: &[NetworkInterface::TYPE] },
    Relation { resource_type: Vpc::TYPE, field: "flow_logs", needs: &[FlowLog::TYPE, Subnet::TYPE] },
    Relation { resource_type: Vpc::TYPE, field: "nat_gateways", needs: &[NatGateway::TYPE] },
    Relation {
        resource_type: Vpc::TYPE,
        field: "nat_route_tables",
        needs: &[RouteTable::TYPE, Subnet::TYPE, VpcEndpoint::TYPE],
    },
    Relation { resource_type: Volume::TYPE, field: "snapshot_ids", needs: &[Snapshot::TYPE] },
    Relation { resource_type: Snapshot::TYPE, field: "volume_exists", needs: &[Volume::TYPE] },
    Relation { resource_type: Snapshot::TYPE, field: "image_ids", needs: &[Image::TYPE] },
    Relation { resource_type: Snapshot::TYPE, field: "volume_snapshot_ids", needs: &[Image::TYPE] },
    Relation { resource_type: Instance::TYPE, field: "volumes", needs: &[Volume::TYPE] },
    Relation { resource_type: Instance::TYPE, field: "elastic_ips", needs: &[Address::TYPE] },
    Relation {
        resource_type: LoadBalancer::TYPE,
        field: "openings",
        needs: &[SecurityGroup::TYPE, PrefixList::TYPE],
    },
    Relation { resource_type: LoadBalancer::TYPE, field: "target_groups", needs: &[TargetGroup::TYPE] },
    Relation {
        resource_type: LoadBalancer::TYPE,
        field: "signals",
        needs: &[Alarm::TYPE, TargetGroup::TYPE],
    },
    Relation {
        resource_type: CacheCluster::TYPE,
        field: "openings",
        needs: &[SecurityGroup::TYPE, PrefixList::TYPE],
    },
    Relation { resource_type: CacheCluster::TYPE, field: "signals", needs: &[Alarm::TYPE] },
    Relation {
        resource_type: ReplicationGroup::TYPE,
        field: "security_groups",
        needs: &[CacheCluster::TYPE],
    },
    Relation {
        resource_type: ReplicationGroup::TYPE,
        field: "openings",
        needs: &[CacheCluster::TYPE, SecurityGroup::TYPE, PrefixList::TYPE],
    },
    Relation { resource_type: ReplicationGroup::TYPE, field: "signals", needs: &[Alarm::TYPE] },
    Relation {
        resource_type: ServerlessCache::TYPE,
        field: "openings",
        needs: &[SecurityGroup::TYPE, PrefixList::TYPE],
    },
    Relation { resource_type: ServerlessCache::TYPE, field: "signals", needs: &[Alarm::TYPE] },
    Relation {
        resource_type: DbInstance::TYPE,
        field: "restores",
        needs: &[RestoreEvent::TYPE, RestoreJob::TYPE],
    },
    Relation {
        resource_type: DbInstance::TYPE,
        field: "unattributed_restores",
        needs: &[RestoreEvent::TYPE, RestoreJob::TYPE],
    },
    Relation { resource_type: DbInstance::TYPE, field: "aws_backup", needs: &[ProtectedResource::TYPE] },
    Relation {
        resource_type: DbInstance::TYPE,
        field: "restore_testing_plans",
        needs: &[RestoreTestingPlan::TYPE],
    },
    Relation {
        resource_type: DbCluster::TYPE,
        field: "restores",
        needs: &[RestoreEvent::TYPE, RestoreJob::TYPE],
    },
    Relation {
        resource_type: DbCluster::TYPE,
        field: "unattributed_restores",
        needs: &[RestoreEvent::TYPE, RestoreJob::TYPE],
    },
    Relation { resource_type: DbCluster::TYPE, field: "aws_backup", needs: &[ProtectedResource::TYPE] },
    Relation {
        resource_type: DbCluster::TYPE,
        field: "restore_testing_plans",
        needs: &[RestoreTestingPlan::TYPE],
    },
    Relation { resource_type: HostedZone::TYPE, field: "record_sets", needs: &[RecordSet::TYPE] },
    Relation { resource_type: RecordSet::TYPE, field: "legs", needs: &[] },
    Relation {
        resource_type: AppRunnerService::TYPE,
        field: "has_application_log_group",
        needs: &[LogGroup::TYPE],
    },
    Relation { resource_type: AppRunnerService::TYPE, field: "signals", needs: &[Alarm::TYPE] },
    Relation { resource_type: eks::Cluster::TYPE, field: "signals", needs: &[Alarm::TYPE] },
    Relation { resource_type: BeanstalkEnvironment::TYPE, field: "signals", needs: &[Alarm::TYPE] },
    Relation {
        resource_type: DbInstance::TYPE,
        field: "reaching_groups",
        needs: &[SecurityGroup::TYPE, PrefixList::TYPE],
    },
    Relation {
        resource_type: DbInstance::TYPE,
        field: "public_subnets",
        needs: &[Subnet::TYPE, RouteTable::TYPE],
    },
    Relation {
        resource_type: DbInstance::TYPE,
        field: "opened_by",
        needs: &[SecurityGroup::TYPE, PrefixList::TYPE],
    },
    Relation { resource_type: DbInstance::TYPE, field: "cluster_membership", needs: &[DbCluster::TYPE] },
    Relation { resource_type: DbInstance::TYPE, field: "instance_class", needs: &[] },
    Relation { resource_type: DbInstance::TYPE, field: "signals", needs: &[Alarm::TYPE, DbCluster::TYPE] },
    Relation { resource_type: Service::TYPE, field: "task_size", needs: &[TaskDefinition::TYPE] },
    Relation { resource_type: Service::TYPE, field: "container_insights", needs: &[Cluster::TYPE] },
    Relation { resource_type: Service::TYPE, field: "signals", needs: &[Alarm::TYPE, Cluster::TYPE] },
    Relation { resource_type: TaskDefinition::TYPE, field: "services", needs: &[Service::TYPE] },
    Relation { resource_type: Repository::TYPE, field: "deployed_tags", needs: &[TaskDefinition::TYPE] },
    Relation { resource_type: Function::TYPE, field: "signals", needs: &[Alarm::TYPE] },
    Relation { resource_type: Queue::TYPE, field: "signals", needs: &[Alarm::TYPE] },
    Relation { resource_type: Queue::TYPE, field: "dead_letters_of", needs: &[Queue::TYPE, Function::TYPE] },
    Relation { resource_type: Queue::TYPE, field: "dead_letter_queue_exists", needs: &[Queue::TYPE] },
    Relation { resource_type: ScheduleGroup::TYPE, field: "signals", needs: &[Alarm::TYPE] },
    Relation { resource_type: ScheduleGroup::TYPE, field: "enabled_schedules", needs: &[Schedule::TYPE] },
    Relation { resource_type: Alarm::TYPE, field: "on_call", needs: &[Topic::TYPE, Subscription::TYPE] },
    Relation { resource_type: Alarm::TYPE, field: "watches", needs: alarm_targets::TARGETS },
    Relation { resource_type: Alarm::TYPE, field: "history", needs: &[AlarmHistoryItem::TYPE] },
    Relation { resource_type: LogGroup::TYPE, field: "source", needs: log_sources::SOURCES },
    Relation { resource_type: Topic::TYPE, field: "alarm_names", needs: &[Alarm::TYPE] },
    Relation { resource_type: Topic::TYPE, field: "budget_names", needs: &[Budget::TYPE] },
    Relation { resource_type: Topic::TYPE, field: "subscribers", needs: &[Subscription::TYPE] },
    Relation { resource_type: Account::TYPE, field: "trails", needs: &[Trail::TYPE] },
    Relation { resource_type: Account::TYPE, field: "regions_without_trail", needs: &[Trail::TYPE] },
];

/// Fills in every derived field. Running it again, with more read, starts from scratch.
/// `account_wide` is the scope of the types that the account has once, where it is another.
pub fn relate(scope: &mut Scope, account_wide: Option<&Scope>) {
    networks(scope);
    workloads(scope);
    signals(scope, account_wide);
}

/// What stands between the internet and the workloads, and storage.
fn networks(scope: &mut Scope) {
    fill(scope, exposure::openings, |group: &mut SecurityGroup, (openings, unread)| {
        group.openings = Some(openings);
        group.unread_prefix_lists = unread;
    });
    fill(scope, exposure::attachments, |group: &mut SecurityGroup, attachments| {
        group.attachments = attachments;
    });
    fill(scope, routes::routed_subnet_ids, |nat: &mut NatGateway, subnets| {
        nat.routed_subnet_ids = subnets;
    });
    fill(scope, watched::signals::<NatGateway>, |nat: &mut NatGateway, signals| nat.signals = signals);
    fill(scope, record_sets::of_zones, |zone: &mut HostedZone, sets| zone.record_sets = sets);
    fill(scope, record_sets::legs, |set: &mut RecordSet, legs| set.legs = legs);
    fill(scope, apprunner::has_application_log_group, |service: &mut AppRunnerService, has| {
        service.has_application_log_group = has;
    });
    fill(scope, watched::signals::<AppRunnerService>, |service: &mut AppRunnerService, signals| {
        service.signals = signals;
    });
    fill(scope, watched::signals::<eks::Cluster>, |cluster: &mut eks::Cluster, signals| {
        cluster.signals = signals;
    });
    fill(scope, watched::beanstalk_signals, |environment: &mut BeanstalkEnvironment, signals| {
        environment.signals = signals;
    });
    fill(scope, vpcs::network_interface_count, |vpc: &mut Vpc, count| vpc.network_interface_count = count);
    fill(scope, vpcs::flow_logs, |vpc: &mut Vpc, logs| vpc.flow_logs = logs);
    fill(scope, vpcs::nat_gateways, |vpc: &mut Vpc, gateways| vpc.nat_gateways = gateways);
    fill(scope, vpcs::nat_route_tables, |vpc: &mut Vpc, tables| vpc.nat_route_tables = tables);
    fill(scope, storage::snapshot_ids, |volume: &mut Volume, ids| volume.snapshot_ids = ids);
    fill(scope, storage::snapshot_uses, |snapshot: &mut Snapshot, uses| {
        snapshot.volume_exists = uses.volume_exists;
        snapshot.image_ids = uses.image_ids;
        snapshot.volume_snapshot_ids = uses.volume_snapshot_ids;
    });
    fill(scope, storage::instance_volumes, |instance: &mut Instance, volumes| instance.volumes = volumes);
    fill(scope, storage::instance_addresses, |instance: &mut Instance, ips| instance.elastic_ips = ips);
    fill(scope, load_balancers::openings, |balancer: &mut LoadBalancer, openings| {
        balancer.openings = openings;
    });
    fill(scope, load_balancers::target_groups, |balancer: &mut LoadBalancer, groups| {
        balancer.target_groups = groups;
    });
    fill(scope, watched::load_balancer_signals, |balancer: &mut LoadBalancer, signals| {
        balancer.signals = signals;
    });
}

/// Databases, caches, services, functions and queues.
fn workloads(scope: &mut Scope) {
    fill(scope, caches::of_clusters, |cluster: &mut CacheCluster, openings| cluster.openings = openings);
    fill(scope, caches::of_groups, |group: &mut ReplicationGroup, (groups, openings)| {
        group.security_groups = groups;
        group.openings = openings;
    });
    fill(scope, caches::of_serverless, |cache: &mut ServerlessCache, openings| cache.openings = openings);
    fill(scope, watched::cache_cluster_signals, |cluster: &mut CacheCluster, signals| {
        cluster.signals = signals;
    });
    fill(scope, watched::replication_group_signals, |group: &mut ReplicationGroup, signals| {
        group.signals = signals;
    });
    fill(scope, watched::serverless_cache_signals, |cache: &mut ServerlessCache, signals| {
        cache.signals = signals;
    });
    fill(scope, restores::of_instances, |instance: &mut DbInstance, copies| {
        instance.restores = copies.restores;
        instance.unattributed_restores = copies.unattributed;
        instance.aws_backup = copies.aws_backup;
        instance.restore_testing_plans = copies.plans;
    });
    fill(scope, restores::of_clusters, |cluster: &mut DbCluster, copies| {
        cluster.restores = copies.restores;
        cluster.unattributed_restores = copies.unattributed;
        cluster.aws_backup = copies.aws_backup;
        cluster.restore_testing_plans = copies.plans;
    });
    fill(scope, databases::reaching_groups, |database: &mut DbInstance, groups| {
        database.reaching_groups = groups;
    });
    fill(scope, databases::public_subnets, |database: &mut DbInstance, subnets| {
        database.public_subnets = subnets;
    });
    fill(scope, databases::opened_by, |database: &mut DbInstance, openers| database.opened_by = openers);
    fill(scope, databases::cluster_membership, |database: &mut DbInstance, membership| {
        database.cluster_membership = membership;
    });
    fill(scope, databases::instance_class, |database: &mut DbInstance, class| {
        database.instance_class = class;
    });
    fill(scope, watched::database_signals, |database: &mut DbInstance, signals| {
        database.signals = signals;
    });
    fill(scope, watched::signals::<Function>, |function: &mut Function, signals| function.signals = signals);
    fill(scope, watched::signals::<Queue>, |queue: &mut Queue, signals| queue.signals = signals);
    fill(scope, queues::dead_letters_of, |queue: &mut Queue, sources| queue.dead_letters_of = sources);
    fill(scope, queues::dead_letter_queue_exists, |queue: &mut Queue, exists| {
        queue.dead_letter_queue_exists = exists;
    });
    fill(scope, watched::signals::<ScheduleGroup>, |group: &mut ScheduleGroup, signals| {
        group.signals = signals;
    });
    fill(scope, queues::enabled_schedules, |group: &mut ScheduleGroup, schedules| {
        group.enabled_schedules = schedules;
    });
    fill(scope, services::task_sizes, |service: &mut Service, size| service.task_size = size);
    fill(scope, services::container_insights, |service: &mut Service, insights| {
        service.container_insights = insights;
    });
    fill(scope, watched::service_signals, |service: &mut Service, signals| service.signals = signals);
    fill(scope, services::uses, |definition: &mut TaskDefinition, services| definition.services = services);
    fill(scope, repositories::deployed_tags, |repository: &mut Repository, tags| {
        repository.deployed_tags = tags;
    });
}

/// Alarms, logs and the way to a person.
fn signals(scope: &mut Scope, account_wide: Option<&Scope>) {
    fill(scope, on_call::on_call, |alarm: &mut Alarm, on_call| {
        alarm.on_call = on_call;
    });
    fill(scope, alarm_targets::watches, |alarm: &mut Alarm, watches| alarm.watches = watches);
    fill(scope, alarm_history::history, |alarm: &mut Alarm, history| alarm.history = history);
    fill(scope, log_sources::source, |group: &mut LogGroup, source| group.source = source);
    fill(scope, topics::alarm_names, |topic: &mut Topic, names| topic.alarm_names = names);
    let budget_names = |scope: &Scope| topics::budget_names(scope, account_wide.unwrap_or(scope));
    fill(scope, budget_names, |topic: &mut Topic, names| topic.budget_names = names);
    fill(scope, topics::subscribers, |topic: &mut Topic, counts| topic.subscribers = counts);
}

/// `derive` answers for each resource of the type, in the scope's order.
fn fill<K: Kind, V>(scope: &mut Scope, derive: impl FnOnce(&Scope) -> Vec<V>, set: impl Fn(&mut K, V)) {
    let values = derive(scope);
    for (resource, value) in scope.all_mut::<K>().zip(values) {
        set(resource, value);
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
