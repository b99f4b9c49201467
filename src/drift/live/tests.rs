use serde_json::json;

use super::*;
use crate::inventory::cloudtrail::Touch;
use crate::inventory::{Coverage, CoverageStatus, Meta};

pub(in crate::drift) fn complete(kind: &str) -> Coverage {
    Coverage { resource_type: kind.to_owned(), status: CoverageStatus::Complete, detail: String::new() }
}

fn scope(kind: &str, resources: &[Value]) -> Scope {
    Scope {
        coverage: vec![complete(kind)],
        resources: resources
            .iter()
            .map(|value| Resource::from_json(kind, value.clone()).unwrap().unwrap())
            .collect(),
        ..Scope::default()
    }
}

fn change(kind: &str, id: &str, touch: Touch) -> Change {
    let effect = Effect { touch, stands: UNKNOWN.to_owned(), ..Effect::default() };
    Change {
        meta: Meta { id: id.to_owned(), ..Meta::default() },
        changed_type: Some(kind.to_owned()),
        effects: vec![effect],
        ..Change::default()
    }
}

fn setting(part: &str, value: Value) -> Touch {
    Touch {
        part: part.to_owned(),
        action: "set".to_owned(),
        field: Some(part.to_owned()),
        value,
        ..Touch::default()
    }
}

fn whole(action: &str) -> Touch {
    Touch { part: WHOLE.to_owned(), action: action.to_owned(), ..Touch::default() }
}

fn verdict(scope: &Scope, mut change: Change) -> (String, String) {
    find(&change, scope, Some(scope)).compare(&mut change);
    (change.stands, change.stands_because)
}

fn check(scope: &Scope, change: Change, stands: &str, because: &str) {
    assert_eq!(verdict(scope, change), (stands.to_owned(), because.to_owned()));
}

#[test]
fn a_setting_stands_while_the_resource_has_its_value() {
    let kind = LogGroup::TYPE;
    let here = scope(kind, &[json!({ "id": "/ecs/api", "retention_in_days": 30 })]);
    let of = |part, value| change(kind, "/ecs/api", setting(part, value));
    check(&here, of("retention_in_days", json!(30)), "in_force", "retention_in_days is 30");
    check(&here, of("retention_in_days", json!("30")), "in_force", "retention_in_days is 30");
    check(&here, of("retention_in_days", json!(7)), "reverted", "retention_in_days is 30 now");
    check(&here, of("retention_in_days", Value::Null), "reverted", "retention_in_days is 30 now");
    check(
        &here,
        of("policy_document", json!("{}")),
        "unknown",
        "the scan does not read policy_document of AWS::Logs::LogGroup",
    );
}

#[test]
fn what_is_made_or_deleted_is_there_or_not() {
    let kind = LogGroup::TYPE;
    let here = scope(kind, &[json!({ "id": "a" })]);
    check(&here, change(kind, "a", whole("created")), "in_force", "it is there");
    check(&here, change(kind, "a", whole("deleted")), "reverted", "it is there again");
    check(&here, change(kind, "b", whole("created")), "reverted", "the resource is gone");
    check(&here, change(kind, "b", whole("deleted")), "in_force", "it is gone");
    check(
        &here,
        change(kind, "b", setting("retention_in_days", json!(1))),
        "reverted",
        "the resource is gone",
    );
}

#[test]
fn what_was_not_read_cannot_be_told() {
    let mut here = scope(LogGroup::TYPE, &[]);
    here.coverage[0] = Coverage {
        resource_type: LogGroup::TYPE.to_owned(),
        status: CoverageStatus::Denied,
        detail: "denied: logs:DescribeLogGroups".to_owned(),
    };
    let unread = "AWS::Logs::LogGroup: denied: logs:DescribeLogGroups";
    check(&here, change(LogGroup::TYPE, "a", whole("deleted")), "unknown", unread);
    check(
        &here,
        change("AWS::S3::Bucket", "a", whole("created")),
        "unknown",
        "the scan does not read AWS::S3::Bucket",
    );
    check(
        &here,
        change(Alarm::TYPE, "a", whole("created")),
        "unknown",
        "AWS::CloudWatch::Alarm was not read",
    );
    let untyped = Change { changed_type: None, ..change("", "a", whole("created")) };
    check(&here, untyped, "unknown", "the scan does not know its type");
}

#[test]
fn what_was_read_in_part_shows_what_is_there_and_not_what_is_gone() {
    let rule = json!({ "security_group_rule_id": "sgr-1", "ip_protocol": "tcp", "from_port": 22, "to_port": 22,
        "is_egress": false, "cidr": "0.0.0.0/0" });
    let mut here = scope(SecurityGroup::TYPE, &[json!({ "id": "sg-1", "rules": [rule] })]);
    here.coverage[0].status = CoverageStatus::Partial;
    here.coverage[0].detail = "throttled: ec2:DescribeSecurityGroupRules".to_owned();
    let touch = |action: &str, port: i64| Touch {
        part: format!("ingress tcp {port} from 0.0.0.0/0"),
        action: action.to_owned(),
        field: Some("openings".to_owned()),
        value: json!({ "is_egress": false, "ip_protocol": "tcp", "from_port": port, "to_port": port,
            "source": "0.0.0.0/0" }),
        ..Touch::default()
    };
    let of = |action: &str, port: i64| change(SecurityGroup::TYPE, "sg-1", touch(action, port));
    assert_eq!(verdict(&here, of("added", 22)).0, "in_force");
    let unread = "AWS::EC2::SecurityGroup: throttled: ec2:DescribeSecurityGroupRules";
    check(&here, of("added", 443), "unknown", unread);
    check(&here, of("removed", 443), "unknown", unread);
    assert_eq!(verdict(&here, of("removed", 22)).0, "reverted");
}

#[test]
fn values_are_compared_as_aws_writes_them_in_either_place() {
    let kind = DbInstance::TYPE;
    let here = scope(
        kind,
        &[json!({ "id": "web", "vpc_security_groups": ["sg-2", "sg-1"], "multi_az": true,
        "db_instance_class": "db.t4g.large", "db_parameter_groups": ["default.postgres17"] })],
    );
    let groups = Touch {
        field: Some("vpc_security_groups".to_owned()),
        ..setting("vpc_security_group_ids", json!(["sg-1", "sg-2"]))
    };
    check(
        &here,
        change(kind, "WEB", groups.clone()),
        "in_force",
        "vpc_security_group_ids is [\"sg-2\",\"sg-1\"]",
    );
    let fewer = Touch { value: json!(["sg-1"]), ..groups };
    assert_eq!(verdict(&here, change(kind, "web", fewer)).0, "reverted");
    let waiting = Touch { deferred: true, ..setting("db_instance_class", json!("db.m7g.large")) };
    check(
        &here,
        change(kind, "web", waiting),
        "unknown",
        "db_instance_class may wait for the maintenance window",
    );

    let kind = Service::TYPE;
    let task = "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:42";
    let here = scope(kind, &[json!({ "id": "web", "task_definition": task, "desired_count": 0 })]);
    for asked in ["web:42", "web", task] {
        let because = verdict(&here, change(kind, "web", setting("task_definition", json!(asked))));
        assert_eq!(because.0, "in_force", "{asked}");
    }
    assert_eq!(
        verdict(&here, change(kind, "web", setting("task_definition", json!("web:41")))).0,
        "reverted"
    );
}

#[test]
fn rules_routes_records_and_tags_are_found_by_what_they_say() {
    let kind = SecurityGroup::TYPE;
    let rule = json!({ "security_group_rule_id": "sgr-1", "is_egress": false, "ip_protocol": "tcp", "from_port": 443,
        "to_port": 443, "cidr": "2001:db8::/32" });
    let here = scope(kind, &[json!({ "id": "sg-1", "rules": [rule], "tags": { "team": "web" } })]);
    let touch = |action: &str, source: &str| Touch {
        part: format!("ingress tcp 443 from {source}"),
        action: action.to_owned(),
        field: Some("openings".to_owned()),
        value: json!({ "is_egress": false, "ip_protocol": "tcp", "from_port": 443, "to_port": 443, "source": source }),
        ..Touch::default()
    };
    assert_eq!(verdict(&here, change(kind, "sg-1", touch("added", "2001:DB8::/32"))).0, "in_force");
    assert_eq!(verdict(&here, change(kind, "sg-1", touch("added", "0.0.0.0/0"))).0, "reverted");
    assert_eq!(verdict(&here, change(kind, "sg-1", touch("removed", "0.0.0.0/0"))).0, "in_force");
    check(
        &here,
        change(kind, "sg-1", touch("removed", "2001:db8::/32")),
        "reverted",
        "ingress tcp 443 from 2001:db8::/32 is there again",
    );
    let mut found = change(kind, "sg-1", touch("added", "2001:db8::/32"));
    find(&found, &here, None).compare(&mut found);
    assert_eq!(found.effects[0].touch.value["security_group_rule_id"], "sgr-1", "the id is the live rule's");
    let modified = |port: i64| Touch {
        field: Some("openings".to_owned()),
        ..setting(
            "rule sgr-1",
            json!({ "ip_protocol": "tcp", "from_port": port, "to_port": port, "cidr_ipv6": "2001:db8::/32" }),
        )
    };
    assert_eq!(verdict(&here, change(kind, "sg-1", modified(443))).0, "in_force");
    assert_eq!(verdict(&here, change(kind, "sg-1", modified(80))).0, "reverted");
    let tag = |action: &str, value: &str| Touch {
        field: Some("tags".to_owned()),
        action: action.to_owned(),
        ..setting("tag team", json!(value))
    };
    assert_eq!(verdict(&here, change(kind, "sg-1", tag("set", "web"))).0, "in_force");
    assert_eq!(verdict(&here, change(kind, "sg-1", tag("set", "ops"))).0, "reverted");

    let kind = RouteTable::TYPE;
    let here = scope(
        kind,
        &[json!({ "id": "rtb-1", "routes": [{ "destination": "0.0.0.0/0", "target": "nat-1" }] })],
    );
    let route = |target: &str| Touch {
        part: "route to 0.0.0.0/0".to_owned(),
        action: "set".to_owned(),
        field: Some("routes".to_owned()),
        value: json!({ "destination": "0.0.0.0/0", "target": target }),
        ..Touch::default()
    };
    assert_eq!(verdict(&here, change(kind, "rtb-1", route("nat-1"))).0, "in_force");
    assert_eq!(verdict(&here, change(kind, "rtb-1", route("igw-1"))).0, "reverted");

    let kind = HostedZone::TYPE;
    let here = scope(
        kind,
        &[json!({ "id": "Z1", "record_sets": [{ "id": "www.example.com CNAME", "ttl": 60,
        "resource_records": ["web.example.net"] }] })],
    );
    let record = |ttl: i64| Touch {
        part: "record www.example.com CNAME".to_owned(),
        action: "set".to_owned(),
        value: json!({ "ttl": ttl, "resource_records": ["web.example.net"] }),
        ..Touch::default()
    };
    assert_eq!(verdict(&here, change(kind, "Z1", record(60))).0, "in_force");
    assert_eq!(verdict(&here, change(kind, "Z1", record(300))).0, "reverted");
}
