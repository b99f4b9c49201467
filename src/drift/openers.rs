//! Who made a database reachable, out of the events that its `access_events` hold.

use super::record::{Record, texts};
use crate::inventory::cloudtrail::Event;
use crate::inventory::ec2::SecurityGroupRule;
use crate::inventory::rds::{DbInstance, Opener, ReachingGroup};

/// The latest event that opened each of its reaching groups, and the latest that made it publicly accessible;
/// as far as there are such events. None where the events or the groups were not read.
pub(crate) fn openers(database: &DbInstance) -> Option<Vec<Opener>> {
    let events = database.access_events.as_ref()?;
    let port = database.endpoint.as_ref().and_then(|endpoint| endpoint.port);
    let mut openers = Vec::new();
    for group in database.reaching_groups.as_ref()? {
        let opener = latest(events, |event| opens(event, group, port));
        openers.extend(opener.map(|event| opener_of("security_group", &group.group_id, event)));
    }
    let publisher = latest(events, |event| publishes(event, &database.meta.id));
    openers.extend(publisher.map(|event| opener_of("publicly_accessible", &database.meta.id, event)));
    Some(openers)
}

fn latest(events: &[Event], wanted: impl Fn(Record<'_>) -> bool) -> Option<Record<'_>> {
    events
        .iter()
        .map(Record::of)
        .filter(|record| record.text("errorCode").is_none() && wanted(*record))
        .max_by_key(|record| record.time())
}

fn opener_of(hop: &str, resource: &str, record: Record<'_>) -> Opener {
    Opener {
        hop: hop.to_owned(),
        resource: resource.to_owned(),
        actor: record.actor(),
        event_name: record.event_name().to_owned(),
        event_id: record.event_id().to_owned(),
        event_time: record.time(),
    }
}

/// Whether the event made one of the group's wide rules, or made a rule wide.
fn opens(record: Record<'_>, group: &ReachingGroup, port: Option<i64>) -> bool {
    let event = &record.event.record;
    let has_id = |path| {
        let ids = texts(event, path);
        group.wide_rules.iter().any(|rule| ids.contains(&rule.security_group_rule_id.as_str()))
    };
    match record.event_name() {
        "AuthorizeSecurityGroupIngress" => {
            // older records do not list the rules that were made
            has_id("responseElements.securityGroupRuleSet.items.securityGroupRuleId")
                || texts(event, "requestParameters.groupId").contains(&group.group_id.as_str())
                    && event
                        .pointer("/requestParameters/ipPermissions/items")
                        .and_then(serde_json::Value::as_array)
                        .is_some_and(|items| {
                            items.iter().any(|item| {
                                on_port(item, port) && group.wide_rules.iter().any(|rule| names(item, rule))
                            })
                        })
        }
        "ModifySecurityGroupRules" => {
            has_id("requestParameters.ModifySecurityGroupRulesRequest.SecurityGroupRule.SecurityGroupRuleId")
        }
        _ => false,
    }
}

/// Whether a permission of the request covers the port; one without ports covers all.
fn on_port(permission: &serde_json::Value, port: Option<i64>) -> bool {
    let bound = |name| permission.get(name).and_then(serde_json::Value::as_i64);
    match (bound("fromPort"), bound("toPort"), port) {
        (Some(from), Some(to), Some(port)) => from <= port && port <= to,
        _ => true,
    }
}

fn names(permission: &serde_json::Value, rule: &SecurityGroupRule) -> bool {
    let cidr = rule.cidr.map(|cidr| cidr.to_string());
    let source = cidr.as_deref().or(rule.prefix_list_id.as_deref()).unwrap_or_default();
    ["ipRanges.items.cidrIp", "ipv6Ranges.items.cidrIpv6", "prefixListIds.items.prefixListId"]
        .iter()
        .any(|path| texts(permission, path).contains(&source))
}

/// Whether the event asked for a public address of the instance, or made it with one.
fn publishes(record: Record<'_>, instance: &str) -> bool {
    let named = ["requestParameters.dBInstanceIdentifier", "responseElements.dBInstanceIdentifier"];
    let about = named
        .iter()
        .any(|path| texts(&record.event.record, path).iter().any(|name| name.eq_ignore_ascii_case(instance)));
    let made = record.event_name() != "ModifyDBInstance";
    about
        && (record.is_true("requestParameters.publiclyAccessible")
            || made && record.is_true("responseElements.publiclyAccessible"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn database(rules: &Value, events: &Value) -> DbInstance {
        let value = json!({
            "id": "web",
            "endpoint": { "port": 5432 },
            "reaching_groups": [{ "group_id": "sg-1", "wide_rules": rules }],
            "access_events": events,
        });
        serde_json::from_value(value).unwrap()
    }

    fn event(id: &str, time: &str, name: &str, who: &str, record: &Value) -> Value {
        let mut record = record.clone();
        record["userIdentity"] = json!({ "type": "IAMUser", "userName": who });
        json!({ "id": id, "event_time": time, "event_name": name, "record": record })
    }

    fn found(database: &DbInstance) -> Vec<(String, String, String)> {
        let openers = openers(database).unwrap();
        openers.into_iter().map(|opener| (opener.hop, opener.actor, opener.event_id)).collect()
    }

    fn authorize(group: &str, port: i64, cidr: &str) -> Value {
        json!({ "requestParameters": { "groupId": group, "ipPermissions": { "items": [
            { "ipProtocol": "tcp", "fromPort": port, "toPort": port, "ipRanges": { "items": [{ "cidrIp": cidr }] } } ] } } })
    }

    #[test]
    fn the_group_was_opened_by_who_made_the_wide_rule_last() {
        let rules = json!([{ "security_group_rule_id": "sgr-1", "cidr": "0.0.0.0/0" }]);
        let name = "AuthorizeSecurityGroupIngress";
        let failed = json!({ "errorCode": "Client.InvalidPermission.Duplicate", "requestParameters":
            authorize("sg-1", 5432, "0.0.0.0/0")["requestParameters"] });
        let events = json!([
            event("first", "2026-11-01T10:00:00Z", name, "ann", &authorize("sg-1", 5432, "0.0.0.0/0")),
            event("again", "2026-11-02T10:00:00Z", name, "bob", &authorize("sg-1", 5432, "0.0.0.0/0")),
            event("other-port", "2026-11-03T10:00:00Z", name, "eve", &authorize("sg-1", 22, "0.0.0.0/0")),
            event("office", "2026-11-03T11:00:00Z", name, "eve", &authorize("sg-1", 5432, "203.0.113.9/32")),
            event("other-group", "2026-11-03T12:00:00Z", name, "eve", &authorize("sg-2", 5432, "0.0.0.0/0")),
            event("duplicate", "2026-11-04T10:00:00Z", name, "eve", &failed),
        ]);
        let hop = |actor: &str, id: &str| ("security_group".to_owned(), actor.to_owned(), id.to_owned());
        assert_eq!(found(&database(&rules, &events)), [hop("bob", "again")]);

        let by_id = json!({ "responseElements": { "securityGroupRuleSet": { "items": [
            { "securityGroupRuleId": "sgr-1" } ] } } });
        let events = json!([event("made", "2026-11-01T10:00:00Z", name, "ann", &by_id)]);
        assert_eq!(found(&database(&rules, &events)), [hop("ann", "made")]);

        let widened = json!({ "requestParameters": { "ModifySecurityGroupRulesRequest": { "GroupId": "sg-1",
            "SecurityGroupRule": [{ "SecurityGroupRuleId": "sgr-1" }] } } });
        let events =
            json!([event("wider", "2026-11-01T10:00:00Z", "ModifySecurityGroupRules", "ann", &widened)]);
        assert_eq!(found(&database(&rules, &events)), [hop("ann", "wider")]);
    }

    #[test]
    fn the_instance_was_published_by_who_asked_for_it() {
        let request = |public: bool| json!({ "requestParameters": { "dBInstanceIdentifier": "WEB", "publiclyAccessible": public } });
        let resized = json!({ "requestParameters": { "dBInstanceIdentifier": "web" },
            "responseElements": { "dBInstanceIdentifier": "web", "publiclyAccessible": true } });
        let events = json!([
            event("made", "2026-11-01T10:00:00Z", "CreateDBInstance", "terraform", &request(false)),
            event("public", "2026-11-02T10:00:00Z", "ModifyDBInstance", "ann", &request(true)),
            event("resized", "2026-11-03T10:00:00Z", "ModifyDBInstance", "eve", &resized),
        ]);
        let publisher = ("publicly_accessible".to_owned(), "ann".to_owned(), "public".to_owned());
        assert_eq!(found(&database(&json!([]), &events)), [publisher]);
    }

    #[test]
    fn without_events_nobody_is_named_and_unread_events_are_null() {
        assert_eq!(found(&database(&json!([]), &json!([]))), []);
        assert_eq!(openers(&DbInstance { access_events: None, ..database(&json!([]), &json!([])) }), None);
    }
}
