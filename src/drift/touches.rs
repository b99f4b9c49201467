//! What one event did to its resource: which setting, rule or part, and how.
//!
//! Opposites name their part alike, so that an authorization and its revocation meet.
//! What has no row of its own is told by its verb.

mod requests;

use serde_json::{Map, Value};

use super::record::Record;
use super::resource::Target;
use crate::inventory::cloudtrail::Touch;

/// The part that stands for the resource itself.
pub(super) const WHOLE: &str = "the resource";

/// An event whose name does not tell by its verb what it does.
struct Row {
    service: &'static str,
    event_name: &'static str,
    does: Does,
}

#[derive(Clone, Copy)]
enum Does {
    Create,
    Delete,
    /// Leaves no state that could be compared.
    Act,
    /// Gives a field a value that the name tells.
    Set(&'static str, Fixed),
    /// Settings, as its parameters name them.
    Settings,
    Read(fn(Record<'_>, &Target) -> Vec<Touch>),
}

#[derive(Clone, Copy)]
enum Fixed {
    True,
    False,
    Null,
    Text(&'static str),
}

const fn row(service: &'static str, event_name: &'static str, does: Does) -> Row {
    Row { service, event_name, does }
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    row("autoscaling", "SetDesiredCapacity", Does::Settings),
    row("cloudtrail", "StartLogging", Does::Set("is_logging", Fixed::True)),
    row("cloudtrail", "StopLogging", Does::Set("is_logging", Fixed::False)),
    row("cloudtrail", "PutEventSelectors", Does::Settings),
    row("ec2", "AllocateAddress", Does::Create),
    row("ec2", "AuthorizeSecurityGroupEgress", Does::Read(requests::security_group_rules)),
    row("ec2", "AuthorizeSecurityGroupIngress", Does::Read(requests::security_group_rules)),
    row("ec2", "CreateRoute", Does::Read(requests::route)),
    row("ec2", "CreateTags", Does::Read(requests::tags)),
    row("ec2", "DeleteRoute", Does::Read(requests::route)),
    row("ec2", "DeleteTags", Does::Read(requests::tags)),
    row("ec2", "ModifySecurityGroupRules", Does::Read(requests::modified_rules)),
    row("ec2", "RebootInstances", Does::Act),
    row("ec2", "ReleaseAddress", Does::Delete),
    row("ec2", "ReplaceRoute", Does::Read(requests::route)),
    row("ec2", "RevokeSecurityGroupEgress", Does::Read(requests::security_group_rules)),
    row("ec2", "RevokeSecurityGroupIngress", Does::Read(requests::security_group_rules)),
    row("ec2", "RunInstances", Does::Create),
    row("ec2", "StartInstances", Does::Set("state", Fixed::Text("running"))),
    row("ec2", "StopInstances", Does::Set("state", Fixed::Text("stopped"))),
    row("ecs", "ExecuteCommand", Does::Act),
    row("ecs", "RegisterTaskDefinition", Does::Act),
    row("ecs", "RunTask", Does::Act),
    row("ecs", "StopTask", Does::Act),
    row("elasticloadbalancing", "SetSecurityGroups", Does::Settings),
    row("iam", "CreatePolicy", Does::Create),
    row("iam", "DeletePolicy", Does::Delete),
    row("lambda", "UpdateFunctionCode", Does::Read(requests::function_code)),
    row("logs", "DeleteRetentionPolicy", Does::Set("retention_in_days", Fixed::Null)),
    row("logs", "PutRetentionPolicy", Does::Settings),
    row("monitoring", "DisableAlarmActions", Does::Set("actions_enabled", Fixed::False)),
    row("monitoring", "EnableAlarmActions", Does::Set("actions_enabled", Fixed::True)),
    row("monitoring", "PutCompositeAlarm", Does::Settings),
    row("monitoring", "PutMetricAlarm", Does::Settings),
    row("monitoring", "SetAlarmState", Does::Act),
    row("rds", "CreateDBInstanceReadReplica", Does::Create),
    row("rds", "FailoverDBCluster", Does::Act),
    row("rds", "RebootDBInstance", Does::Act),
    row("rds", "RestoreDBClusterFromSnapshot", Does::Create),
    row("rds", "RestoreDBClusterToPointInTime", Does::Create),
    row("rds", "RestoreDBInstanceFromDBSnapshot", Does::Create),
    row("rds", "RestoreDBInstanceToPointInTime", Does::Create),
    row("rds", "StartDBInstance", Does::Set("db_instance_status", Fixed::Text("available"))),
    row("rds", "StopDBInstance", Does::Set("db_instance_status", Fixed::Text("stopped"))),
    row("route53", "ChangeResourceRecordSets", Does::Read(requests::record_sets)),
    row("sns", "SetTopicAttributes", Does::Read(requests::named_attribute)),
    row("sqs", "PurgeQueue", Does::Act),
];

/// At least one.
pub(super) fn touches(record: Record<'_>, target: &Target) -> Vec<Touch> {
    let (service, name) = (record.service(), record.event_name());
    let does = ROWS.iter().find(|row| row.service == service && row.event_name == name).map(|row| row.does);
    let touches = match does {
        Some(Does::Create) => vec![created(record, target)],
        Some(Does::Delete) => vec![deleted()],
        Some(Does::Act) => Vec::new(),
        Some(Does::Set(field, fixed)) => vec![set(target, field, fixed.value())],
        Some(Does::Settings) => settings(record, target),
        Some(Does::Read(read)) => read(record, target),
        None => by_verb(record, target),
    };
    if !touches.is_empty() {
        return touches;
    }
    // CloudTrail leaves out parameters of more than 100 KB, and services some that are secret
    let untold = record.event.record.get("requestParameters").is_none_or(Value::is_null);
    let (verb, _) = verb_and_noun(name);
    let changes = [CHANGED, PRESENT, ABSENT].iter().any(|verbs| verbs.contains(&verb));
    let action = if untold && changes && !matches!(does, Some(Does::Act)) { "changed" } else { "did" };
    vec![Touch { part: name.to_owned(), action: action.to_owned(), ..Touch::default() }]
}

impl Fixed {
    fn value(self) -> Value {
        match self {
            Self::True => Value::Bool(true),
            Self::False => Value::Bool(false),
            Self::Null => Value::Null,
            Self::Text(text) => Value::from(text),
        }
    }
}

fn created(record: Record<'_>, target: &Target) -> Touch {
    let asked = settings(record, target).into_iter().map(|touch| (touch.part, touch.value)).collect();
    Touch {
        part: WHOLE.to_owned(),
        action: "created".to_owned(),
        value: Value::Object(asked),
        ..Touch::default()
    }
}

fn deleted() -> Touch {
    Touch { part: WHOLE.to_owned(), action: "deleted".to_owned(), ..Touch::default() }
}

fn set(target: &Target, part: &str, value: Value) -> Touch {
    Touch {
        part: part.to_owned(),
        action: "set".to_owned(),
        field: field(target.kind, part),
        value,
        ..Touch::default()
    }
}

fn part(action: &str, part: String, value: Value) -> Touch {
    Touch { part, action: action.to_owned(), value, ..Touch::default() }
}

/// Where a setting shows under another name than the parameter's.
const FIELDS: &[(&str, &str, &str)] = &[
    ("AWS::RDS::DBInstance", "vpc_security_group_ids", "vpc_security_groups"),
    ("AWS::RDS::DBInstance", "enable_performance_insights", "performance_insights_enabled"),
    ("AWS::RDS::DBInstance", "enable_iam_database_authentication", "iam_database_authentication_enabled"),
    ("AWS::RDS::DBInstance", "db_parameter_group_name", "db_parameter_groups"),
    ("AWS::RDS::DBCluster", "vpc_security_group_ids", "vpc_security_groups"),
    ("AWS::RDS::DBCluster", "enable_iam_database_authentication", "iam_database_authentication_enabled"),
];

/// The field of the inventory type in which a setting shows: the parameter's own name but for the few above.
/// Whether there is such a field is seen where it is compared.
fn field(kind: &str, part: &str) -> Option<String> {
    if kind.is_empty() {
        return None;
    }
    let other = FIELDS.iter().find(|(of, name, _)| *of == kind && *name == part);
    Some(other.map_or(part, |(.., field)| field).to_owned())
}

/// What is no setting of the resource.
const NO_SETTINGS: &[&str] = &[
    "apply_immediately",
    "client_request_token",
    "client_token",
    "cluster",
    "dry_run",
    "force",
    "force_new_deployment",
    "publish",
    "tag_set",
    "tag_specification_set",
    "tags",
];

/// Each parameter but for those that name the resource.
fn settings(record: Record<'_>, target: &Target) -> Vec<Touch> {
    let Some(Value::Object(parameters)) = record.event.record.get("requestParameters") else {
        return Vec::new();
    };
    let deferred = record.service() == "rds" && !record.is_true("requestParameters.applyImmediately");
    let mut touches = Vec::new();
    for (key, value) in flat(parameters) {
        let name = snake_case(key);
        // ECS starts the same tasks anew
        if name == "force_new_deployment" && *value == true {
            touches.push(Touch { part: name, action: "did".to_owned(), ..Touch::default() });
        } else if !names(value, target) && !NO_SETTINGS.contains(&name.as_str()) {
            touches.push(Touch { deferred, ..set(target, &name, value.clone()) });
        }
    }
    touches
}

/// The parameters, and those within `attributes` or the one object that EC2 wraps them in.
fn flat(parameters: &Map<String, Value>) -> Vec<(&str, &Value)> {
    let mut found = Vec::new();
    for (key, value) in parameters {
        match value {
            Value::Object(inner) if key == "attributes" || key.ends_with("Request") => {
                found.extend(inner.iter().map(|(key, value)| (key.as_str(), value)));
            }
            Value::Array(list) if key == "attributes" => {
                // [{ "key": …, "value": … }], as load balancers have them
                found.extend(
                    list.iter().filter_map(|item| Some((item.get("key")?.as_str()?, item.get("value")?))),
                );
            }
            value => found.push((key.as_str(), value)),
        }
    }
    found
}

/// Whether the value is a name of the target: its id, its ARN, a URL or path that ends in the id.
fn names(value: &Value, target: &Target) -> bool {
    let is = |text: &str| {
        text.eq_ignore_ascii_case(&target.id)
            || !target.arn.is_empty() && text == target.arn
            || text.strip_suffix(&target.id).is_some_and(|head| head.ends_with(['/', ':']))
            || !target.arn.is_empty() && text.trim_end_matches(":*") == target.arn
    };
    match value {
        Value::String(text) => is(text),
        Value::Array(list) => list.iter().any(|item| names(item, target)),
        _ => false,
    }
}

/// Verbs, and whether what they name is there afterwards.
const PRESENT: &[&str] = &[
    "Add",
    "Associate",
    "Attach",
    "Authorize",
    "Create",
    "Enable",
    "Grant",
    "Register",
    "Start",
    "Subscribe",
    "Tag",
];
const ABSENT: &[&str] = &[
    "Delete",
    "Deregister",
    "Detach",
    "Disable",
    "Disassociate",
    "Remove",
    "Revoke",
    "Stop",
    "Unsubscribe",
    "Untag",
];
const MADE: &[&str] = &["Allocate", "Copy", "Create", "Import", "Restore", "Run"];
const UNMADE: &[&str] = &["Delete", "Release", "Terminate"];
const CHANGED: &[&str] = &["Change", "Edit", "Modify", "Put", "Replace", "Set", "Update"];

fn by_verb(record: Record<'_>, target: &Target) -> Vec<Touch> {
    let (verb, noun) = verb_and_noun(record.event_name());
    let whole = is_whole(noun, target);
    if whole && MADE.contains(&verb) {
        return vec![created(record, target)];
    }
    if whole && UNMADE.contains(&verb) {
        return vec![deleted()];
    }
    let operand = operand(record, target);
    let one = || format!("{}{operand}", words(noun));
    if PRESENT.contains(&verb) {
        return vec![part("added", one(), texts_of(record))];
    }
    if ABSENT.contains(&verb) {
        return vec![part("removed", one(), texts_of(record))];
    }
    if CHANGED.contains(&verb) {
        // `PutRolePolicy` and `DeleteRolePolicy` are of the same part
        if verb == "Put" && !whole && !operand.is_empty() {
            return vec![part("set", one(), parameters(record))];
        }
        return settings(record, target);
    }
    Vec::new()
}

fn parameters(record: Record<'_>) -> Value {
    record.event.record.get("requestParameters").cloned().unwrap_or_default()
}

/// The parameters that are texts or lists of texts: enough to call the opposite.
fn texts_of(record: Record<'_>) -> Value {
    let is_text = |value: &Value| match value {
        Value::String(_) => true,
        Value::Array(list) => list.iter().all(Value::is_string),
        _ => false,
    };
    match parameters(record) {
        Value::Object(parameters) if parameters.values().all(is_text) => Value::Object(parameters),
        _ => Value::Null,
    }
}

fn verb_and_noun(event_name: &str) -> (&str, &str) {
    let end = event_name
        .char_indices()
        .skip(1)
        .find(|(_, c)| c.is_ascii_uppercase())
        .map_or(event_name.len(), |(at, _)| at);
    event_name.split_at(end)
}

/// Whether the noun is what the target is, in the singular or the plural: `Alarms` of an `AWS::CloudWatch::Alarm`.
fn is_whole(noun: &str, target: &Target) -> bool {
    let Some((_, kind)) = target.kind.rsplit_once("::") else {
        return true;
    };
    noun.eq_ignore_ascii_case(kind)
        || noun.strip_suffix('s').is_some_and(|noun| noun.eq_ignore_ascii_case(kind))
}

/// The parameters that tell one part of a resource from another, as ` name=value`.
fn operand(record: Record<'_>, target: &Target) -> String {
    const NAMING: [&str; 9] =
        ["_name", "_arn", "_arns", "_id", "_ids", "_identifier", "_key", "_keys", "_cidr_block"];
    let Some(Value::Object(parameters)) = record.event.record.get("requestParameters") else {
        return String::new();
    };
    let mut naming: Vec<String> = flat(parameters)
        .into_iter()
        .filter(|(_, value)| !names(value, target))
        .map(|(key, value)| (snake_case(key), value))
        .filter(|(name, _)| NAMING.iter().any(|end| name.ends_with(end)) && name != "cluster_name")
        .filter_map(|(_, value)| match value {
            Value::String(text) => Some(text.clone()),
            Value::Array(list) => {
                let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
                (!texts.is_empty()).then(|| texts.join(", "))
            }
            _ => None,
        })
        .collect();
    naming.sort();
    if naming.is_empty() { String::new() } else { format!(" {}", naming.join(" ")) }
}

/// `RolePolicy` as `role policy`.
fn words(noun: &str) -> String {
    snake_case(noun).replace('_', " ")
}

/// `dBInstanceClass` as `db_instance_class`, `multiAZ` as `multi_az`.
pub(super) fn snake_case(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (at, char) in chars.iter().enumerate() {
        if char.is_ascii_uppercase() {
            let before = at.checked_sub(1).map(|at| chars[at]);
            let after = chars.get(at + 1);
            // `dBInstance` begins with a word that CloudTrail wrote small
            let begins = before.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
                && !(at == 1 && after.is_some_and(char::is_ascii_uppercase))
                || before.is_some_and(|c| c.is_ascii_uppercase())
                    && after.is_some_and(char::is_ascii_lowercase);
            if begins {
                out.push('_');
            }
            out.push(char.to_ascii_lowercase());
        } else {
            out.push(if *char == '.' || *char == '-' { '_' } else { *char });
        }
    }
    out
}

#[cfg(test)]
mod tests;
