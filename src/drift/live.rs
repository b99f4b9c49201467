//! Whether what an event changed is still so, by the resource as it was read.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::fold::{IN_FORCE, REVERTED, UNKNOWN, summarize};
use super::touches::WHOLE;
use crate::inventory::apprunner::AppRunnerService;
use crate::inventory::budgets::Budget;
use crate::inventory::cloudtrail::{Change, Effect, Trail};
use crate::inventory::cloudwatch::Alarm;
use crate::inventory::ec2::{
    Address, FlowLog, Instance, NatGateway, PrefixList, RouteTable, SecurityGroup, Snapshot, Subnet, Volume,
    Vpc, VpcEndpoint,
};
use crate::inventory::ecr::Repository;
use crate::inventory::ecs::{Cluster, Service};
use crate::inventory::eks;
use crate::inventory::elasticache::{CacheCluster, ReplicationGroup, ServerlessCache};
use crate::inventory::elasticbeanstalk::BeanstalkEnvironment;
use crate::inventory::elasticloadbalancing::ClassicLoadBalancer;
use crate::inventory::elasticloadbalancingv2::{LoadBalancer, TargetGroup};
use crate::inventory::lambda::Function;
use crate::inventory::logs::LogGroup;
use crate::inventory::rds::{DbCluster, DbInstance};
use crate::inventory::route53::{HostedZone, RecordSet};
use crate::inventory::scheduler::Schedule;
use crate::inventory::sns::Topic;
use crate::inventory::sqs::Queue;
use crate::inventory::{Kind as _, Resource, Scope, TYPES, is_global};

/// The types that changes are compared with.
pub const COMPARED: &[&str] = &[
    SecurityGroup::TYPE,
    RouteTable::TYPE,
    Subnet::TYPE,
    PrefixList::TYPE,
    NatGateway::TYPE,
    Vpc::TYPE,
    FlowLog::TYPE,
    VpcEndpoint::TYPE,
    Volume::TYPE,
    Snapshot::TYPE,
    Address::TYPE,
    Instance::TYPE,
    ClassicLoadBalancer::TYPE,
    LoadBalancer::TYPE,
    TargetGroup::TYPE,
    CacheCluster::TYPE,
    ReplicationGroup::TYPE,
    Cluster::TYPE,
    Service::TYPE,
    Function::TYPE,
    Queue::TYPE,
    LogGroup::TYPE,
    HostedZone::TYPE,
    RecordSet::TYPE,
    Alarm::TYPE,
    DbInstance::TYPE,
    DbCluster::TYPE,
    Topic::TYPE,
    Trail::TYPE,
    Repository::TYPE,
    ServerlessCache::TYPE,
    eks::Cluster::TYPE,
    eks::Nodegroup::TYPE,
    BeanstalkEnvironment::TYPE,
    AppRunnerService::TYPE,
    Schedule::TYPE,
    Budget::TYPE,
];

/// The changed resource as it is now.
pub(super) enum Live<'s> {
    /// And what the reading of its type lacked, if anything: what is not there may then only not have been read.
    Found {
        resource: &'s Resource,
        fields: Map<String, Value>,
        lacking: Option<String>,
    },
    Gone,
    /// And why.
    Unread(String),
}

pub(super) fn find<'s>(change: &Change, scope: &'s Scope, account_wide: Option<&'s Scope>) -> Live<'s> {
    let Some(kind) = change.changed_type.as_deref() else {
        return Live::Unread("the scan does not know its type".to_owned());
    };
    if !TYPES.contains(&kind) {
        return Live::Unread(format!("the scan does not read {kind}"));
    }
    let Some(scope) = (if is_global(kind) { account_wide } else { Some(scope) }) else {
        return Live::Unread(format!("{kind} was not read"));
    };
    let of_change = |resource: &&Resource| {
        let meta = resource.meta();
        resource.type_name() == kind
            && (!change.meta.arn.is_empty() && meta.arn == change.meta.arn
                || meta.id.eq_ignore_ascii_case(&change.meta.id)
                || !meta.name.is_empty() && meta.name == change.meta.id)
    };
    let exactly = |resource: &&Resource| resource.meta().arn == change.meta.arn;
    let mut found = scope.resources.iter().filter(of_change);
    let first = found.next();
    match first.filter(exactly).or_else(|| found.find(exactly)).or(first) {
        Some(resource) => {
            let fields = resource.to_json().ok().and_then(|json| match json {
                Value::Object(fields) => Some(fields),
                _ => None,
            });
            let lacking = (!scope.complete(kind)).then(|| unread(scope, kind));
            Live::Found { resource, fields: fields.unwrap_or_default(), lacking }
        }
        None if scope.complete(kind) => Live::Gone,
        None => Live::Unread(unread(scope, kind)),
    }
}

/// Why the type was not read, or not completely.
fn unread(scope: &Scope, kind: &str) -> String {
    let told = scope.coverage_of(kind).map(|row| row.detail.as_str()).filter(|text| !text.is_empty());
    told.map_or_else(|| format!("{kind} was not read"), |why| format!("{kind}: {why}"))
}

impl Live<'_> {
    /// A person knows the resource by its name, where it was read.
    pub(super) fn name_and_tags(&self, change: &mut Change) {
        let Self::Found { resource, .. } = self else {
            return;
        };
        let meta = resource.meta();
        if !meta.name.is_empty() {
            change.meta.name.clone_from(&meta.name);
        }
        if change.meta.arn.is_empty() {
            change.meta.arn.clone_from(&meta.arn);
        }
        change.meta.tags.clone_from(&meta.tags);
        change.meta.created_at = meta.created_at;
    }

    /// Decides on the effects that the events left open.
    pub(super) fn compare(&self, change: &mut Change) {
        let kind = change.changed_type.clone().unwrap_or_default();
        for effect in change.effects.iter_mut().filter(|effect| effect.stands == UNKNOWN) {
            if effect.touch.action != "did" {
                let (stands, because) = self.verdict(&kind, effect);
                stands.clone_into(&mut effect.stands);
                effect.stands_because = because;
                self.add_rule_id(effect);
            }
        }
        summarize(change);
    }

    /// A rule goes by the id that it has now, which events mostly do not tell.
    fn add_rule_id(&self, effect: &mut Effect) {
        let Self::Found { fields, .. } = self else {
            return;
        };
        let rules = fields.get("rules").and_then(Value::as_array);
        let rule = rules.into_iter().flatten().find(|rule| is_rule(rule, &effect.touch.value));
        if let (Some(rule), Some(value)) = (rule, effect.touch.value.as_object_mut()) {
            value.insert("security_group_rule_id".to_owned(), rule["security_group_rule_id"].clone());
        }
    }

    fn verdict(&self, kind: &str, effect: &Effect) -> (&'static str, String) {
        let touch = &effect.touch;
        let (fields, lacking) = match self {
            Self::Unread(why) => return (UNKNOWN, why.clone()),
            Self::Gone if touch.action == "deleted" => return (IN_FORCE, "it is gone".to_owned()),
            Self::Gone => return (REVERTED, "the resource is gone".to_owned()),
            Self::Found { fields, lacking, .. } => (fields, lacking.as_ref()),
        };
        match touch.action.as_str() {
            "created" => return (IN_FORCE, "it is there".to_owned()),
            "deleted" => return (REVERTED, "it is there again".to_owned()),
            "changed" => return (UNKNOWN, "the record does not tell what was changed".to_owned()),
            _ => {}
        }
        let there = match kind {
            SecurityGroup::TYPE if touch.part != WHOLE => rule_is_there(fields, effect),
            RouteTable::TYPE => listed(fields, "routes", &touch.value),
            HostedZone::TYPE => record_is_there(fields, effect),
            _ => None,
        };
        let tag = touch.part.strip_prefix("tag ").filter(|_| touch.field.as_deref() == Some("tags"));
        let there = there.or_else(|| {
            let value = fields.get("tags")?.get(tag?);
            Some(if touch.action == "removed" { value.is_some() } else { value == Some(&touch.value) })
        });
        if let Some(why) = lacking.filter(|_| there == Some(false)) {
            return (UNKNOWN, why.clone());
        }
        if let Some(there) = there {
            return match (there, touch.action == "removed") {
                (true, false) => (IN_FORCE, format!("{} is there", touch.part)),
                (false, true) => (IN_FORCE, format!("{} is not there", touch.part)),
                (true, true) => (REVERTED, format!("{} is there again", touch.part)),
                (false, false) => (REVERTED, format!("{} is not there any more", touch.part)),
            };
        }
        let Some(now) = touch.field.as_ref().and_then(|field| fields.get(field)) else {
            return (UNKNOWN, format!("the scan does not read {} of {kind}", touch.part));
        };
        if touch.value.is_null() && touch.part != "retention_in_days" {
            return (UNKNOWN, format!("the record does not tell to what {} was set", touch.part));
        }
        if same(&touch.value, now) {
            (IN_FORCE, format!("{} is {}", touch.part, short(now)))
        } else if let Some(why) = lacking {
            (UNKNOWN, why.clone())
        } else if touch.deferred {
            (UNKNOWN, format!("{} may wait for the maintenance window", touch.part))
        } else {
            (REVERTED, format!("{} is {} now", touch.part, short(now)))
        }
    }
}

/// Whether the group has a rule of the effect's id, or of its ports and source.
fn rule_is_there(fields: &Map<String, Value>, effect: &Effect) -> Option<bool> {
    let rules = fields.get("rules")?.as_array()?;
    let value = &effect.touch.value;
    if let Some(id) = effect.touch.part.strip_prefix("rule ") {
        let rule = rules.iter().find(|rule| rule["security_group_rule_id"] == id);
        return Some(match rule {
            Some(rule) if effect.touch.action == "set" => modified(rule, value),
            rule => rule.is_some(),
        });
    }
    value.get("source")?;
    Some(rules.iter().any(|rule| is_rule(rule, value)))
}

/// Whether a rule is as the effect's value has it.
fn is_rule(rule: &Value, value: &Value) -> bool {
    let port = |of: &Value, name: &str| of[name].as_i64().filter(|port| *port != -1);
    rule["is_egress"] == value["is_egress"]
        && rule["ip_protocol"] == value["ip_protocol"]
        && port(rule, "from_port") == port(value, "from_port")
        && port(rule, "to_port") == port(value, "to_port")
        && ["cidr", "prefix_list_id", "referenced_group_id"]
            .iter()
            .any(|key| same_source(&rule[*key], &value["source"]))
}

/// `2001:DB8::/32` is `2001:db8::/32`.
fn same_source(a: &Value, b: &Value) -> bool {
    let network = |value: &Value| {
        let (address, length) = value.as_str()?.split_once('/')?;
        Some((address.parse::<IpAddr>().ok()?, length.parse::<u8>().ok()?))
    };
    !a.is_null() && (a == b || network(a).is_some() && network(a) == network(b))
}

/// Whether a rule has what ModifySecurityGroupRules asked for.
fn modified(rule: &Value, asked: &Value) -> bool {
    let holds = |name: &str, field: &str| asked.get(name).is_none_or(|value| same(value, &rule[field]));
    let source = |name: &str| asked.get(name).is_none_or(|value| same_source(&rule["cidr"], value));
    holds("ip_protocol", "ip_protocol")
        && holds("from_port", "from_port")
        && holds("to_port", "to_port")
        && holds("prefix_list_id", "prefix_list_id")
        && source("cidr_ipv4")
        && source("cidr_ipv6")
}

fn record_is_there(fields: &Map<String, Value>, effect: &Effect) -> Option<bool> {
    let id = effect.touch.part.strip_prefix("record ")?;
    let sets = fields.get("record_sets")?.as_array()?;
    let Some(set) = sets.iter().find(|set| set["id"] == id) else {
        return Some(false);
    };
    let asked = &effect.touch.value;
    let told =
        ["ttl", "weight"].iter().all(|name| asked[*name].is_null() || same(&asked[*name], &set[*name]));
    let values = asked["resource_records"].as_array().is_none_or(Vec::is_empty)
        || same(&asked["resource_records"], &set["resource_records"]);
    Some(effect.touch.action == "removed" || told && values)
}

/// Whether the list has an entry with what was asked for.
fn listed(fields: &Map<String, Value>, list: &str, asked: &Value) -> Option<bool> {
    let asked = asked.as_object()?;
    let has = |entry: &Value| {
        asked.iter().filter(|(_, value)| !value.is_null()).all(|(key, value)| entry[key] == *value)
    };
    Some(fields.get(list)?.as_array()?.iter().any(has))
}

/// Whether what was asked for is what there is, though one writes `"30"` or a name where the other has a
/// number or an ARN.
fn same(asked: &Value, now: &Value) -> bool {
    match (asked, now) {
        (Value::String(asked), Value::String(now)) => {
            let end = now.rsplit(['/', ':']).next().unwrap_or(now);
            // a task definition's family stands for its latest revision
            let family = now.rsplit('/').next().and_then(|end| end.split_once(':')).map(|(family, _)| family);
            asked.eq_ignore_ascii_case(now)
                || asked == end
                || now.ends_with(&format!("/{asked}"))
                || now.contains(":task-definition/") && family == Some(asked)
        }
        (Value::String(text), Value::Number(_) | Value::Bool(_)) => {
            text.parse().is_ok_and(|told: Value| told == *now)
        }
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(asked), Value::Array(now)) => {
            asked.len() == now.len() && asked.iter().all(|item| now.iter().any(|other| same(item, other)))
        }
        // EC2 writes lists as `{ "items": […] }`
        (Value::Object(fields), Value::Array(_)) => fields.get("items").is_some_and(|items| same(items, now)),
        (Value::Object(asked), Value::Object(now)) => asked.iter().all(|(key, value)| {
            now.get(&super::touches::snake_case(key)).is_some_and(|now| same(value, now))
        }),
        (asked, now) => asked == now,
    }
}

/// For people.
pub(super) fn short(value: &Value) -> String {
    let text = match value {
        Value::Null => "not set".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= 60 { text } else { text.chars().take(59).chain(['…']).collect() }
}

#[cfg(test)]
pub(super) mod tests;
