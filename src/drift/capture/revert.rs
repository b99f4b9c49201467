//! Commands of the AWS CLI that undo what stands. They are the API's own operations: the opposite
//! one, or the same one with the value of before.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{HIDDEN, is_told, word};
use crate::drift::touches::{WHOLE, snake_case};
use crate::inventory::cloudtrail::{Change, Effect};

/// How the CLI names a resource.
struct Named {
    kind: &'static str,
    flag: &'static str,
    by_arn: bool,
}

const fn by_id(kind: &'static str, flag: &'static str) -> Named {
    Named { kind, flag, by_arn: false }
}

const fn by_arn(kind: &'static str, flag: &'static str) -> Named {
    Named { kind, flag, by_arn: true }
}

const NAMED: &[Named] = &[
    by_arn("AWS::CloudTrail::Trail", "name"),
    by_id("AWS::AutoScaling::AutoScalingGroup", "auto-scaling-group-name"),
    by_id("AWS::CloudWatch::Alarm", "alarm-names"),
    by_id("AWS::EC2::Instance", "instance-ids"),
    by_id("AWS::EC2::SecurityGroup", "group-id"),
    by_id("AWS::EC2::Volume", "volume-id"),
    by_id("AWS::ECS::Service", "service"),
    by_id("AWS::ElastiCache::CacheCluster", "cache-cluster-id"),
    by_id("AWS::ElastiCache::ReplicationGroup", "replication-group-id"),
    by_arn("AWS::ElasticLoadBalancingV2::LoadBalancer", "load-balancer-arn"),
    by_arn("AWS::ElasticLoadBalancingV2::TargetGroup", "target-group-arn"),
    by_id("AWS::Events::Rule", "name"),
    by_id("AWS::IAM::Group", "group-name"),
    by_arn("AWS::IAM::ManagedPolicy", "policy-arn"),
    by_id("AWS::IAM::Role", "role-name"),
    by_id("AWS::IAM::User", "user-name"),
    by_id("AWS::Lambda::Function", "function-name"),
    by_id("AWS::Logs::LogGroup", "log-group-name"),
    by_id("AWS::RDS::DBCluster", "db-cluster-identifier"),
    by_id("AWS::RDS::DBInstance", "db-instance-identifier"),
];

/// Operations with an opposite that takes the same parameters.
const OPPOSITES: &[(&str, &str)] = &[
    ("Add", "Remove"),
    ("Associate", "Disassociate"),
    ("Attach", "Detach"),
    ("Enable", "Disable"),
    ("Register", "Deregister"),
    ("Start", "Stop"),
];

/// What may be deleted again without losing anything but itself.
const DISPOSABLE: &[&str] = &[
    "AWS::CloudWatch::Alarm",
    "AWS::EC2::SecurityGroup",
    "AWS::Events::Rule",
    "AWS::IAM::Group",
    "AWS::IAM::Role",
    "AWS::IAM::User",
];

/// One command a line; None where there is none for any of the effects.
pub(super) fn commands(change: &Change, standing: &[Effect]) -> Option<String> {
    let mut commands: Vec<String> = Vec::new();
    for effect in standing {
        if let Some(command) = command(change, effect).filter(|command| !commands.contains(command)) {
            commands.push(command);
        }
    }
    (!commands.is_empty()).then(|| commands.join("\n"))
}

fn command(change: &Change, effect: &Effect) -> Option<String> {
    let touch = &effect.touch;
    if touch.value.get("ip_protocol").is_some() {
        return Some(rule(change, effect));
    }
    if touch.part.starts_with("record ") {
        return record(change, effect);
    }
    if let Some(key) = touch.part.strip_prefix("tag ") {
        return tag(change, effect, key);
    }
    match touch.action.as_str() {
        "created" => {
            let kind = change.changed_type.as_deref().filter(|kind| DISPOSABLE.contains(kind))?;
            let noun = kind.rsplit("::").next().unwrap_or_default();
            let operation = if kind == "AWS::CloudWatch::Alarm" {
                "DeleteAlarms".to_owned()
            } else {
                format!("Delete{noun}")
            };
            Some(format!("{}{}", call(change, &operation), resource(change)?))
        }
        "added" | "removed" => opposite(change, effect),
        "set" if !touch.part.contains(' ') => setting(change, effect),
        _ => None,
    }
    .filter(|_| touch.part != WHOLE || touch.action == "created")
}

/// `aws <service> <operation> --region …`
fn call(change: &Change, operation: &str) -> String {
    let service = change.event_source.split('.').next().unwrap_or_default();
    let service = match service {
        "monitoring" => "cloudwatch",
        "elasticloadbalancing"
            if change.meta.arn.contains(":loadbalancer/")
                && !change.meta.arn.contains("/app/")
                && !change.meta.arn.contains("/net/")
                && !change.meta.arn.contains("/gwy/") =>
        {
            "elb"
        }
        "elasticloadbalancing" => "elbv2",
        "s3" => "s3api",
        "states" => "stepfunctions",
        "email" => "ses",
        other => other,
    };
    format!("aws {service} {} --region {}", kebab_case(operation), word(&change.meta.region))
}

fn kebab_case(name: &str) -> String {
    snake_case(name).replace('_', "-")
}

/// ` --flag id`
fn resource(change: &Change) -> Option<String> {
    let named = NAMED.iter().find(|named| Some(named.kind) == change.changed_type.as_deref())?;
    let name = if named.by_arn { &change.meta.arn } else { &change.meta.id };
    let mut flag = format!(" --{} {}", named.flag, word(name));
    if named.kind == "AWS::ECS::Service" {
        let (_, path) = change.meta.arn.split_once(":service/")?;
        flag = format!(" --cluster {}{flag}", word(path.split('/').next()?));
    }
    Some(flag)
}

fn rule(change: &Change, effect: &Effect) -> String {
    let value = &effect.touch.value;
    let direction = if value["is_egress"] == true { "Egress" } else { "Ingress" };
    let verb = if effect.touch.action == "removed" { "Authorize" } else { "Revoke" };
    let call = call(change, &format!("{verb}SecurityGroup{direction}"));
    let group = word(&change.meta.id);
    if let Some(id) = value["security_group_rule_id"].as_str().filter(|_| verb == "Revoke") {
        return format!("{call} --group-id {group} --security-group-rule-ids {}", word(id));
    }
    let source = value["source"].as_str().unwrap_or_default();
    let (list, key) = match source {
        source if source.starts_with("pl-") => ("PrefixListIds", "PrefixListId"),
        source if source.starts_with("sg-") => ("UserIdGroupPairs", "GroupId"),
        source if source.contains(':') => ("Ipv6Ranges", "CidrIpv6"),
        _ => ("IpRanges", "CidrIp"),
    };
    let mut permission = json!({ "IpProtocol": value["ip_protocol"] });
    for (key, name) in [("FromPort", "from_port"), ("ToPort", "to_port")] {
        if value[name].is_i64() {
            permission[key] = value[name].clone();
        }
    }
    permission[list] = json!([{ key: source }]);
    format!("{call} --group-id {group} --ip-permissions {}", word(&format!("[{permission}]")))
}

/// A record set is taken away again as it is, or put back as it was.
fn record(change: &Change, effect: &Effect) -> Option<String> {
    let (action, value) = match (effect.touch.action.as_str(), &effect.before) {
        ("added", _) => ("DELETE", &effect.touch.value),
        ("removed", _) => ("CREATE", &effect.touch.value),
        (_, before) => ("UPSERT", before),
    };
    // an alias or a weighted record takes more than is kept of it
    let records: Vec<Value> =
        value["resource_records"].as_array()?.iter().map(|text| json!({ "Value": text })).collect();
    let plain = value["weight"].is_null() && value["set_identifier"].is_null() && value["ttl"].is_number();
    if records.is_empty() || !plain {
        return None;
    }
    let set = json!({ "Name": value["name"], "Type": value["type"], "TTL": value["ttl"], "ResourceRecords": records });
    let batch = json!({ "Changes": [{ "Action": action, "ResourceRecordSet": set }] }).to_string();
    let zone = word(&change.meta.id);
    Some(format!(
        "aws route53 change-resource-record-sets --hosted-zone-id {zone} --change-batch {}",
        word(&batch)
    ))
}

fn tag(change: &Change, effect: &Effect, key: &str) -> Option<String> {
    if change.event_source != "ec2.amazonaws.com" {
        return None;
    }
    let resources = word(&change.meta.id);
    Some(match effect.before.as_str() {
        Some(before) => format!(
            "{} --resources {resources} --tags {}",
            call(change, "CreateTags"),
            word(&format!("Key={key},Value={before}"))
        ),
        None if effect.touch.action == "set" => {
            format!(
                "{} --resources {resources} --tags {}",
                call(change, "DeleteTags"),
                word(&format!("Key={key}"))
            )
        }
        None => return None,
    })
}

/// The opposite operation with the event's own parameters.
fn opposite(change: &Change, effect: &Effect) -> Option<String> {
    let name = &effect.event_name;
    let operation = OPPOSITES.iter().find_map(|(one, other)| {
        let swapped = |from: &str, to: &str| name.strip_prefix(from).map(|noun| format!("{to}{noun}"));
        swapped(one, other).or_else(|| swapped(other, one))
    })?;
    let Value::Object(parameters) = &effect.touch.value else {
        return None;
    };
    let mut command = call(change, &operation);
    for (key, value) in parameters {
        let value = match value {
            Value::String(text) => word(text),
            Value::Array(list) => {
                list.iter().map(|item| item.as_str().map(word)).collect::<Option<Vec<_>>>()?.join(" ")
            }
            _ => return None,
        };
        let _ = write!(command, " --{} {value}", kebab_case(key));
    }
    Some(command)
}

/// The same operation with the value of before; a flag that was the only thing to be set is turned over.
fn setting(change: &Change, effect: &Effect) -> Option<String> {
    let touch = &effect.touch;
    let toggled = [
        ("StopLogging", "StartLogging"),
        ("DisableAlarmActions", "EnableAlarmActions"),
        ("StopInstances", "StartInstances"),
        ("StopDBInstance", "StartDBInstance"),
    ]
    .iter()
    .find_map(|(one, other)| match effect.event_name.as_str() {
        name if name == *one => Some(*other),
        name if name == *other => Some(*one),
        _ => None,
    });
    let named = resource(change)?;
    if let Some(operation) = toggled {
        return Some(format!("{}{named}", call(change, operation)));
    }
    // PutMetricAlarm would need all that the alarm has, and a secret of before is nowhere to be found
    let alarm = change.changed_type.as_deref() == Some("AWS::CloudWatch::Alarm");
    if alarm || touch.value == HIDDEN {
        return None;
    }
    let call = call(change, &effect.event_name);
    let flag = kebab_case(&touch.part);
    let only = change.effects.iter().filter(|other| other.event_id == effect.event_id).count() == 1;
    let value = match (&effect.before, &touch.value) {
        (Value::Bool(before), _) => Err(*before),
        (before, _) if is_told(before) => Ok(match before {
            Value::String(text) => word(text),
            other => word(&other.to_string()),
        }),
        (_, Value::Bool(now)) if only => Err(!now),
        _ => Ok("'<the value of before>'".to_owned()),
    };
    let apply = if change.event_source == "rds.amazonaws.com" { " --apply-immediately" } else { "" };
    Some(match value {
        Ok(value) => format!("{call}{named} --{flag} {value}{apply}"),
        Err(true) => format!("{call}{named} --{flag}{apply}"),
        Err(false) => format!("{call}{named} --no-{flag}{apply}"),
    })
}
