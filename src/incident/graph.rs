//! What has to do with what: a pure join over everything that was read.
//!
//! A resource is joined to another whose ARN, id or CloudWatch dimension stands anywhere among its
//! own fields. Plain names are no join, as different things share them, but for the few typed fields below.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::inventory::backup::{ProtectedResource, RestoreJob};
use crate::inventory::cloudtrail::{Actor, Change, Event, RestoreEvent};
use crate::inventory::cloudwatch::{Alarm, AlarmHistoryItem};
use crate::inventory::ec2::{PrefixList, Subnet, Vpc};
use crate::inventory::ecs::Cluster;
use crate::inventory::elasticloadbalancingv2::{LoadBalancer, TargetGroup};
use crate::inventory::rds::{DbCluster, DbInstance, RdsEvent};
use crate::inventory::route53::HostedZone;
use crate::inventory::sns::Topic;
use crate::inventory::{Inventory, Kind as _, Meta, Resource, Scope};

/// So much lies in these, or hangs on them, that two things in the same one need not have to do with each other.
const SHARED: &[&str] =
    &[Vpc::TYPE, Subnet::TYPE, PrefixList::TYPE, Cluster::TYPE, Topic::TYPE, HostedZone::TYPE];

/// What tells of resources and is none itself.
const RECORDS: &[&str] = &[
    Event::TYPE,
    Change::TYPE,
    Actor::TYPE,
    RestoreEvent::TYPE,
    AlarmHistoryItem::TYPE,
    RdsEvent::TYPE,
    ProtectedResource::TYPE,
    RestoreJob::TYPE,
];

const STACK: &str = "AWS::CloudFormation::Stack";
const STACK_TAG: &str = "aws:cloudformation:stack-name";

/// How far to walk.
const MOST_HOPS: u8 = 2;

#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'a> {
    pub(super) resource_type: &'a str,
    pub(super) meta: &'a Meta,
}

/// How one resource is reached from another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Way {
    pub(super) hops: u8,
    /// Where it began.
    pub(super) from: usize,
    /// The resource in between, of two hops.
    pub(super) via: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Graph<'a> {
    nodes: Vec<Node<'a>>,
    edges: Vec<BTreeSet<usize>>,
    by_arn: BTreeMap<&'a str, usize>,
    by_name: BTreeMap<Name<'a>, Vec<usize>>,
    /// Of alarms, what they watch.
    watched: BTreeMap<usize, BTreeSet<usize>>,
}

/// Account, region, type, and id or name.
type Name<'a> = (&'a str, &'a str, &'a str, &'a str);

impl<'a> Graph<'a> {
    /// Of all that was read, and of what changes and events are about that is not, or no longer, there.
    pub(super) fn of(inventory: &'a Inventory) -> Self {
        let mut graph = Self {
            nodes: Vec::new(),
            edges: Vec::new(),
            by_arn: BTreeMap::new(),
            by_name: BTreeMap::new(),
            watched: BTreeMap::new(),
        };
        let mut keys: BTreeMap<String, usize> = BTreeMap::new();
        let mut read: Vec<(usize, &Scope, &'a Resource)> = Vec::new();
        for scope in &inventory.scopes {
            for resource in scope.resources.iter().filter(|r| !RECORDS.contains(&r.type_name())) {
                let at = graph.add(resource.type_name(), resource.meta());
                keys.extend(keys_of(resource).into_iter().map(|key| (key, at)));
                read.push((at, scope, resource));
            }
        }
        for scope in &inventory.scopes {
            let changed =
                scope.all::<Change>().map(|c| (c.changed_type.as_deref().unwrap_or_default(), &c.meta));
            for (resource_type, meta) in changed {
                if graph.find(resource_type, meta).is_none() {
                    let at = graph.add(resource_type, meta);
                    keys.extend(own_keys(resource_type, meta).map(|key| (key.to_owned(), at)));
                }
            }
        }
        for (at, scope, resource) in read {
            let meta = resource.meta();
            for text in texts(&resource.to_json().unwrap_or_default()) {
                // its own name may look like another's id
                let other = keys.get(plain_host(&text)).filter(|_| text != meta.id && text != meta.name);
                if let Some(&other) = other {
                    graph.join(at, other);
                }
            }
            graph.join_typed(at, scope, resource);
        }
        graph
    }

    fn add(&mut self, resource_type: &'a str, meta: &'a Meta) -> usize {
        let at = self.nodes.len();
        self.nodes.push(Node { resource_type, meta });
        self.edges.push(BTreeSet::new());
        if meta.arn.starts_with("arn:") {
            self.by_arn.entry(&meta.arn).or_insert(at);
        }
        for name in BTreeSet::from([meta.id.as_str(), meta.name.as_str()]) {
            if !name.is_empty() {
                let name = (meta.account.as_str(), meta.region.as_str(), resource_type, name);
                self.by_name.entry(name).or_default().push(at);
            }
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        if one != other {
            self.edges[one].insert(other);
            self.edges[other].insert(one);
        }
    }

    fn named(&self, scope: &'a Scope, resource_type: &'a str, name: &'a str) -> Vec<usize> {
        self.by_name.get(&(&scope.account, &scope.region, resource_type, name)).cloned().unwrap_or_default()
    }

    /// Joins by fields that hold a name of one known type.
    fn join_typed(&mut self, at: usize, scope: &'a Scope, resource: &'a Resource) {
        let mut others = Vec::new();
        if let Some(database) = DbInstance::of(resource) {
            let cluster = database.db_cluster_identifier.as_deref();
            let source = database.read_replica_source_db_instance_identifier.as_deref();
            others.extend(cluster.into_iter().flat_map(|name| self.named(scope, DbCluster::TYPE, name)));
            others.extend(source.into_iter().flat_map(|name| self.named(scope, DbInstance::TYPE, name)));
        }
        if let Some(stack) = resource.meta().tags.get(STACK_TAG) {
            others.extend(self.named(scope, STACK, stack));
        }
        if let Some(alarm) = Alarm::of(resource) {
            let watched: BTreeSet<usize> = watched(scope, alarm)
                .into_iter()
                .flat_map(|(resource_type, name)| self.named(scope, resource_type, name))
                .collect();
            others.extend(&watched);
            self.watched.insert(at, watched);
        }
        for other in others {
            self.join(at, other);
        }
    }

    pub(super) fn node(&self, at: usize) -> Node<'a> {
        self.nodes[at]
    }

    /// By its ARN, else by its type and its id or name.
    pub(super) fn find(&self, resource_type: &str, meta: &Meta) -> Option<usize> {
        let by_arn = self.by_arn.get(meta.arn.as_str()).copied();
        by_arn.or_else(|| {
            let name = (meta.account.as_str(), meta.region.as_str(), resource_type, meta.id.as_str());
            self.by_name.get(&name)?.first().copied()
        })
    }

    /// The alarm, and what it watches; of a composite alarm what its children watch.
    pub(super) fn focus(&self, at: usize) -> BTreeSet<usize> {
        let mut focus = BTreeSet::from([at]);
        for &one in self.watched.get(&at).into_iter().flatten() {
            focus.insert(one);
            focus.extend(self.watched.get(&one).into_iter().flatten());
        }
        focus
    }

    /// Everything within two hops of the focus, by the shortest way.
    pub(super) fn around(&self, focus: &BTreeSet<usize>) -> BTreeMap<usize, Way> {
        let mut found: BTreeMap<usize, Way> =
            focus.iter().map(|&from| (from, Way { hops: 0, from, via: None })).collect();
        let mut edge: Vec<usize> = focus.iter().copied().collect();
        for hops in 1..=MOST_HOPS {
            let mut next = Vec::new();
            for at in edge {
                let way = found[&at];
                // an alarm hangs on what it watches, and joins it to nothing
                if SHARED.contains(&self.nodes[at].resource_type) || self.watched.contains_key(&at) {
                    continue;
                }
                for &other in &self.edges[at] {
                    found.entry(other).or_insert_with(|| {
                        next.push(other);
                        Way { hops, from: way.from, via: (hops > 1).then_some(at) }
                    });
                }
            }
            edge = next;
        }
        found
    }

    /// What is joined to any of these, and they themselves; without what nearly everything lies in.
    pub(super) fn near(&self, of: &BTreeSet<usize>) -> BTreeSet<usize> {
        let shared = |at: &usize| SHARED.contains(&self.nodes[*at].resource_type);
        let joined = of.iter().filter(|at| !shared(at)).flat_map(|at| &self.edges[*at]).copied();
        joined.filter(|at| !shared(at)).chain(of.iter().copied()).collect()
    }
}

/// Type and name of what the alarm watches: load balancers go by their dimension's value there.
fn watched<'a>(scope: &'a Scope, alarm: &'a Alarm) -> Vec<(&'static str, &'a str)> {
    let mut found = Vec::new();
    for watched in alarm.watches.iter().flatten() {
        let name = watched.name.as_str();
        let balancer = |lb: &&LoadBalancer| lb.metric_dimension == name;
        let group = |group: &&TargetGroup| group.metric_dimension == name;
        let known = crate::inventory::TYPES.iter().find(|known| **known == watched.resource_type);
        let name = match watched.resource_type.as_str() {
            LoadBalancer::TYPE => scope.all::<LoadBalancer>().find(balancer).map(|lb| lb.meta.id.as_str()),
            TargetGroup::TYPE => scope.all::<TargetGroup>().find(group).map(|group| group.meta.id.as_str()),
            _ => Some(name),
        };
        found.extend(known.copied().zip(name));
    }
    if let Some(rule) = &alarm.alarm_rule {
        let names_it = |child: &&Alarm| rule.contains(&format!("\"{}\"", child.meta.name));
        found.extend(
            scope.all::<Alarm>().filter(names_it).map(|child| (Alarm::TYPE, child.meta.name.as_str())),
        );
    }
    found
}

/// What stands for a resource among the fields of others.
fn keys_of(resource: &Resource) -> Vec<String> {
    let meta = resource.meta();
    let mut keys: Vec<String> = own_keys(resource.type_name(), meta).map(str::to_owned).collect();
    if let Some(balancer) = LoadBalancer::of(resource) {
        keys.push(balancer.metric_dimension.clone());
        keys.extend(balancer.dns_name.as_deref().map(|name| plain_host(name).to_owned()));
    }
    keys.extend(TargetGroup::of(resource).map(|group| group.metric_dimension.clone()));
    keys.retain(|key| !key.is_empty());
    keys
}

fn own_keys<'m>(resource_type: &str, meta: &'m Meta) -> impl Iterator<Item = &'m str> {
    let arn = Some(meta.arn.as_str()).filter(|arn| arn.starts_with("arn:"));
    arn.into_iter().chain(Some(meta.id.as_str()).filter(|id| is_distinctive(resource_type, id)))
}

/// `sg-0f1e2d3c`, `Z0123456789ABC`: ids that AWS makes, and nobody gives to anything else.
fn is_distinctive(resource_type: &str, id: &str) -> bool {
    let made = |(prefix, number): (&str, &str)| {
        !prefix.is_empty()
            && prefix.bytes().all(|byte| byte.is_ascii_lowercase())
            && number.len() >= 8
            && number.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    if resource_type == HostedZone::TYPE {
        return id.len() >= 10 && id.starts_with('Z');
    }
    resource_type.starts_with("AWS::EC2::") && id.split_once('-').is_some_and(made)
}

/// As a record set has the name of a load balancer: `dualstack.web-1.eu-west-1.elb.amazonaws.com.`.
fn plain_host(name: &str) -> &str {
    name.strip_prefix("dualstack.").unwrap_or(name).trim_end_matches('.')
}

/// Every string in it.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
