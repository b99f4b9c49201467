//! Requests that hold several parts, or name them in a way of their own.

use serde_json::{Map, Value, json};

use super::{Touch, part, set, snake_case};
use crate::drift::record::{Record, items_at, texts};
use crate::drift::resource::Target;

/// The rules of AuthorizeSecurityGroupIngress and its kin, one for each source.
pub(super) fn security_group_rules(record: Record<'_>, _: &Target) -> Vec<Touch> {
    let name = record.event_name();
    let action = if name.starts_with("Authorize") { "added" } else { "removed" };
    let egress = name.ends_with("Egress");
    let request = &record.event.record["requestParameters"];
    let mut touches = Vec::new();
    for permission in items_at(request, "ipPermissions") {
        let ports = Ports::of(permission);
        for (sources, key) in SOURCES {
            for source in items_at(permission, sources) {
                if let Some(text) = source.get(key).and_then(Value::as_str) {
                    touches.push(rule(action, egress, &ports, text));
                }
            }
        }
    }
    // the older form has one rule in the request itself, and revocations may name rules by their id alone
    if let Some(cidr) = request.get("cidrIp").and_then(Value::as_str) {
        touches.push(rule(action, egress, &Ports::of(request), cidr));
    }
    if touches.is_empty() {
        for listed in ["revokedSecurityGroupRuleSet", "securityGroupRuleSet"] {
            for made in items_at(&record.event.record["responseElements"], listed) {
                let source = RULE_SOURCES.iter().find_map(|key| made.get(*key)?.as_str());
                if let Some(source) = source {
                    touches.push(rule(action, egress, &Ports::of(made), source));
                }
            }
        }
    }
    if touches.is_empty() {
        for id in texts(request, "securityGroupRuleIds.items.securityGroupRuleId") {
            touches.push(part(action, format!("rule {id}"), Value::Null));
        }
    }
    add_rule_ids(&mut touches, record);
    touches
}

const SOURCES: [(&str, &str); 4] = [
    ("ipRanges", "cidrIp"),
    ("ipv6Ranges", "cidrIpv6"),
    ("prefixListIds", "prefixListId"),
    ("groups", "groupId"),
];

const RULE_SOURCES: [&str; 5] =
    ["cidrIpv4", "cidrIpv6", "prefixListId", "referencedGroupId", "referencedGroupInfo"];

struct Ports {
    protocol: String,
    from: Option<i64>,
    to: Option<i64>,
}

impl Ports {
    fn of(permission: &Value) -> Self {
        let port = |name: &str| permission.get(name).and_then(Value::as_i64);
        let protocol = permission.get("ipProtocol").and_then(Value::as_str).unwrap_or("-1");
        Self { protocol: protocol.to_owned(), from: port("fromPort"), to: port("toPort") }
    }

    fn words(&self) -> String {
        match (self.protocol.as_str(), self.from, self.to) {
            ("-1", ..) => "all traffic".to_owned(),
            (protocol, Some(from), Some(to)) if from == to => format!("{protocol} {from}"),
            (protocol, Some(from), Some(to)) => format!("{protocol} {from}-{to}"),
            (protocol, ..) => protocol.to_owned(),
        }
    }
}

fn rule(action: &str, egress: bool, ports: &Ports, source: &str) -> Touch {
    let (direction, of) = if egress { ("egress", "to") } else { ("ingress", "from") };
    Touch {
        field: Some(if egress { "rules" } else { "openings" }.to_owned()),
        ..part(
            action,
            format!("{direction} {} {of} {source}", ports.words()),
            json!({
                "is_egress": egress,
                "ip_protocol": ports.protocol,
                "from_port": ports.from,
                "to_port": ports.to,
                "source": source,
            }),
        )
    }
}

/// The ids that EC2 gave the rules, where the answer lists as many as were asked for.
fn add_rule_ids(touches: &mut [Touch], record: Record<'_>) {
    let path = "responseElements.securityGroupRuleSet.items.securityGroupRuleId";
    let ids = texts(&record.event.record, path);
    if ids.len() == touches.len() {
        for (touch, id) in touches.iter_mut().zip(ids) {
            if let Some(value) = touch.value.as_object_mut() {
                value.insert("security_group_rule_id".to_owned(), Value::from(id));
            }
        }
    }
}

/// ModifySecurityGroupRules: rules by their id.
pub(super) fn modified_rules(record: Record<'_>, _: &Target) -> Vec<Touch> {
    let request = &record.event.record["requestParameters"]["ModifySecurityGroupRulesRequest"];
    items_at(request, "SecurityGroupRule")
        .iter()
        .filter_map(|rule| {
            let id = rule.get("SecurityGroupRuleId")?.as_str()?;
            let asked = rule.get("SecurityGroupRule").and_then(Value::as_object).cloned().unwrap_or_default();
            let value = asked.into_iter().map(|(key, value)| (snake_case(&key), value)).collect();
            Some(Touch {
                field: Some("openings".to_owned()),
                ..part("set", format!("rule {id}"), Value::Object(value))
            })
        })
        .collect()
}

pub(super) fn route(record: Record<'_>, _: &Target) -> Vec<Touch> {
    const TARGETS: [&str; 7] = [
        "natGatewayId",
        "gatewayId",
        "instanceId",
        "networkInterfaceId",
        "transitGatewayId",
        "vpcPeeringConnectionId",
        "egressOnlyInternetGatewayId",
    ];
    let request = &record.event.record["requestParameters"];
    let text = |name: &&str| request.get(*name).and_then(Value::as_str);
    let destinations = ["destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"];
    let Some(destination) = destinations.iter().find_map(text) else {
        return Vec::new();
    };
    let action = match record.event_name() {
        "CreateRoute" => "added",
        "DeleteRoute" => "removed",
        _ => "set",
    };
    let target = TARGETS.iter().find_map(text);
    vec![Touch {
        field: Some("routes".to_owned()),
        ..part(
            action,
            format!("route to {destination}"),
            json!({ "destination": destination, "target": target }),
        )
    }]
}

pub(super) fn tags(record: Record<'_>, _: &Target) -> Vec<Touch> {
    let action = if record.event_name().starts_with("Create") { "set" } else { "removed" };
    items_at(&record.event.record["requestParameters"], "tagSet")
        .iter()
        .filter_map(|tag| {
            let key = tag.get("key")?.as_str()?;
            let value = tag.get("value").cloned().unwrap_or_default();
            let touch = part(action, format!("tag {key}"), value);
            Some(Touch { field: Some("tags".to_owned()), ..touch })
        })
        .collect()
}

/// ChangeResourceRecordSets: a batch of record sets.
pub(super) fn record_sets(record: Record<'_>, _: &Target) -> Vec<Touch> {
    let batch = &record.event.record["requestParameters"]["changeBatch"];
    items_at(batch, "changes")
        .iter()
        .filter_map(|change| {
            let set = change.get("resourceRecordSet")?.as_object()?;
            let text = |name: &str| set.get(name).and_then(Value::as_str);
            let name = text("name")?.trim_end_matches('.').to_ascii_lowercase();
            let mut id = format!("{name} {}", text("type")?);
            if let Some(identifier) = text("setIdentifier") {
                id = format!("{id} {identifier}");
            }
            let action = match change.get("action").and_then(Value::as_str)? {
                "CREATE" => "added",
                "DELETE" => "removed",
                _ => "set",
            };
            Some(part(action, format!("record {id}"), record_set(&name, set)))
        })
        .collect()
}

fn record_set(name: &str, set: &Map<String, Value>) -> Value {
    let values: Vec<&str> = set
        .get("resourceRecords")
        .map(|records| texts(records, "value"))
        .filter(|values| !values.is_empty())
        .unwrap_or_default();
    json!({
        "name": name,
        "type": set.get("type"),
        "ttl": set.get("tTL").or_else(|| set.get("ttl")),
        "resource_records": values,
        "alias_target": set.get("aliasTarget").and_then(|alias| alias.get("dNSName")),
        "set_identifier": set.get("setIdentifier"),
        "weight": set.get("weight"),
    })
}

/// SetTopicAttributes: one attribute by name and value.
pub(super) fn named_attribute(record: Record<'_>, target: &Target) -> Vec<Touch> {
    let request = &record.event.record["requestParameters"];
    let name = request.get("attributeName").and_then(Value::as_str);
    let value = request.get("attributeValue").cloned().unwrap_or_default();
    name.map(|name| vec![set(target, &snake_case(name), value)]).unwrap_or_default()
}

/// UpdateFunctionCode: what runs now, by its digest or its image.
pub(super) fn function_code(record: Record<'_>, target: &Target) -> Vec<Touch> {
    let request = &record.event.record["requestParameters"];
    let response = &record.event.record["responseElements"];
    let digest = response.get("codeSha256").or_else(|| request.get("imageUri"));
    vec![set(target, "code", digest.cloned().unwrap_or_default())]
}
