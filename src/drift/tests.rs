use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::config::BreakGlass;
use crate::inventory::Meta;
use crate::inventory::ec2::SecurityGroup;

pub(super) fn event(id: &str, minute: u32, name: &str, group: &str, user: &str) -> Event {
    let time = format!("2026-11-20T10:{minute:02}:00Z");
    Event {
        meta: Meta { id: id.to_owned(), ..Meta::default() },
        event_time: Some(time.parse().unwrap()),
        event_source: "ec2.amazonaws.com".to_owned(),
        event_name: name.to_owned(),
        record: json!({
            "userIdentity": { "type": "IAMUser", "userName": user },
            "sessionCredentialFromConsole": "true",
            "sourceIPAddress": format!("203.0.113.{}", minute % 2),
            "awsRegion": "eu-west-1", "recipientAccountId": "111111111111",
            "requestParameters": { "groupId": group, "ipPermissions": { "items": [
                { "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": { "items": [{ "cidrIp": "0.0.0.0/0" }] } },
            ] } },
        }),
        ..Event::default()
    }
}

fn clicks() -> Vec<Event> {
    vec![
        event("e1", 5, "AuthorizeSecurityGroupIngress", "sg-1", "bob"),
        event("e2", 3, "RevokeSecurityGroupIngress", "sg-1", "bob"),
        event("e3", 8, "AuthorizeSecurityGroupEgress", "sg-1", "bob"),
        event("e4", 4, "AuthorizeSecurityGroupIngress", "sg-2", "bob"),
        event("e5", 6, "AuthorizeSecurityGroupEgress", "sg-1", "eve"),
    ]
}

pub(super) fn fold(events: &[Event], settings: &Settings) -> Vec<Change> {
    let mut fold = Fold::new(settings);
    for event in events {
        fold.add(event);
    }
    fold.finish().0
}

fn settings(drift: Drift) -> Settings {
    Settings { drift, ..Settings::default() }
}

#[test]
fn one_change_tells_what_people_did_to_one_resource() {
    let changes = fold(&clicks(), &Settings::default());
    let told: Vec<_> =
        changes.iter().map(|c| format!("{} {} {}", c.actors.join("+"), c.meta.id, c.count)).collect();
    assert_eq!(told, ["bob+eve sg-1 4", "bob sg-2 1"], "oldest first");
    let change = &changes[0];
    assert_eq!(change.changed_type.as_deref(), Some(SecurityGroup::TYPE));
    assert_eq!(change.meta.arn, "arn:aws:ec2:eu-west-1:111111111111:security-group/sg-1");
    assert_eq!((change.by.as_str(), change.origins.as_slice()), ("person", &["console".to_owned()][..]));
    assert_eq!(change.event_ids, ["e2", "e1", "e5", "e3"]);
    assert_eq!(
        change.event_names,
        ["RevokeSecurityGroupIngress", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress"]
    );
    assert_eq!(change.source_ip_addresses, ["203.0.113.0", "203.0.113.1"]);
    assert_eq!(change.first, Some("2026-11-20T10:03:00Z".parse().unwrap()));
    assert_eq!(change.last, Some("2026-11-20T10:08:00Z".parse().unwrap()));
}

#[test]
fn what_approved_people_do_is_told_apart_from_the_others() {
    let approved = |drift: Drift| -> Vec<_> {
        let changes = fold(&clicks(), &settings(drift));
        changes.iter().map(|c| (c.actors.join("+"), c.meta.id.clone(), c.approved.is_some())).collect()
    };
    let row = |actors: &str, id: &str, approved| (actors.to_owned(), id.to_owned(), approved);
    let people = Drift { approved_people: vec!["bo*".to_owned()], ..Drift::default() };
    assert_eq!(
        approved(people),
        [row("bob", "sg-1", true), row("bob", "sg-2", true), row("eve", "sg-1", false)]
    );
    let services = Drift { approved_services: vec!["ec2".to_owned()], ..Drift::default() };
    assert_eq!(approved(services), [row("bob+eve", "sg-1", true), row("bob", "sg-2", true)]);
    let window = BreakGlass {
        from: "2026-11-20T10:05:00Z".parse().unwrap(),
        until: "2026-11-20T10:08:00Z".parse().unwrap(),
        people: vec!["bob".to_owned()],
        reason: "INC-42".to_owned(),
    };
    let changes = fold(&clicks(), &settings(Drift { break_glass: vec![window], ..Drift::default() }));
    let within: Vec<_> = changes.iter().filter(|c| c.approved.is_some()).collect();
    assert_eq!(within.len(), 1);
    assert_eq!(within[0].event_ids, ["e1"], "the window's end is not in it, and it is bob's alone");
    assert_eq!(within[0].approved.as_deref(), Some("it fell into the break-glass window for INC-42"));
}

#[test]
fn an_unreadable_record_is_told_from_the_columns_of_the_lookup() {
    let mut event = clicks().remove(0);
    event.record = Value::Null;
    event.username = Some("bob".to_owned());
    event.meta.account = "111111111111".to_owned();
    event.meta.region = "eu-west-1".to_owned();
    let change = fold(&[event], &Settings::default()).remove(0);
    assert_eq!(
        (change.actors.as_slice(), change.origins.as_slice()),
        (&["bob".to_owned()][..], &["sdk_unknown".to_owned()][..])
    );
    assert_eq!((change.by.as_str(), change.stands.as_str()), ("unknown", "unknown"));
    assert_eq!(change.meta.id, "ec2:AuthorizeSecurityGroupIngress");
    assert_eq!((change.meta.account.as_str(), change.meta.region.as_str()), ("111111111111", "eu-west-1"));
}

fn scope(events: Vec<Event>) -> Scope {
    Scope {
        account: "111111111111".to_owned(),
        region: "eu-west-1".to_owned(),
        coverage: vec![Coverage {
            resource_type: Event::TYPE.to_owned(),
            status: CoverageStatus::Partial,
            detail: "seen from 09:00 to 10:00".to_owned(),
        }],
        resources: events.into_iter().map(Resource::from).collect(),
        ..Scope::default()
    }
}

#[test]
fn changes_mirror_the_events_coverage_and_can_be_made_again() {
    let mut scope = scope(clicks());
    apply(&mut scope, &Settings::default(), &[]);
    for name in [Change::TYPE, Actor::TYPE] {
        let coverage = scope.coverage_of(name).unwrap();
        assert_eq!(
            (coverage.status, coverage.detail.as_str()),
            (CoverageStatus::Partial, "seen from 09:00 to 10:00")
        );
    }
    assert_eq!(scope.all::<Change>().count(), 2);
    let once = scope.clone();
    apply(&mut scope, &Settings::default(), &[]);
    assert_eq!(scope, once);
}

#[test]
fn without_events_there_is_no_coverage_of_changes() {
    let mut scope = Scope::default();
    apply(&mut scope, &Settings::default(), &fold(&clicks(), &Settings::default()));
    assert_eq!(scope, Scope::default());
}

/// The group with or without a rule for ssh from anywhere.
fn group(open: bool) -> Resource {
    let rule = json!({ "security_group_rule_id": "sgr-1", "is_egress": false, "ip_protocol": "tcp", "from_port": 22,
        "to_port": 22, "cidr": "0.0.0.0/0" });
    let rules: Vec<Value> = open.then_some(rule).into_iter().collect();
    let value = json!({ "id": "sg-1", "name": "web", "arn": "arn:aws:ec2:eu-west-1:111111111111:security-group/sg-1",
        "account": "111111111111", "region": "eu-west-1", "rules": rules });
    Resource::from_json(SecurityGroup::TYPE, value).unwrap().unwrap()
}

/// What a run leaves to the next, and what it says of the group's change.
fn run(events: Vec<Event>, open: bool, carried: &[Change]) -> (Vec<Change>, Option<Change>) {
    let mut scope = scope(events);
    scope.coverage.push(live::tests::complete(SecurityGroup::TYPE));
    scope.resources.push(group(open));
    apply(&mut scope, &Settings::default(), carried);
    compare(&mut scope, None, &Settings::default());
    let now = "2026-11-21T03:00:00Z".parse().unwrap();
    let change = scope.all::<Change>().next().cloned();
    (super::carried(&scope, now).cloned().collect(), change)
}

#[test]
fn a_change_is_followed_from_run_to_run_until_it_is_gone() {
    let opened = event("e1", 5, "AuthorizeSecurityGroupIngress", "sg-1", "bob");
    let (carried, change) = run(vec![opened.clone()], true, &[]);
    assert_eq!(change.unwrap().stands, "in_force");

    // the next window overlaps with the last one, or has nothing of it
    for again in [vec![opened.clone()], vec![]] {
        let (carried, change) = run(again, true, &carried);
        let change = change.unwrap();
        assert_eq!((change.stands.as_str(), change.count, change.meta.name.as_str()), ("in_force", 1, "web"));
        assert_eq!(carried.len(), 1);
    }
    let (left, change) = run(vec![], false, &carried);
    let change = change.unwrap();
    assert_eq!(change.stands, "reverted");
    assert_eq!(change.stands_because, "ingress tcp 22 from 0.0.0.0/0 is not there any more");
    assert_eq!(left, []);

    let revoked = event("e2", 45, "RevokeSecurityGroupIngress", "sg-1", "eve");
    let (left, change) = run(vec![revoked], false, &carried);
    let change = change.unwrap();
    assert_eq!(
        change.stands_because,
        "eve put it back with RevokeSecurityGroupIngress at 2026-11-20 10:45 UTC"
    );
    assert_eq!((change.actors, left), (vec!["bob".to_owned(), "eve".to_owned()], vec![]));
}

#[test]
fn where_no_events_could_be_read_an_earlier_run_s_knowledge_says_so() {
    let mut scope = scope(vec![]);
    scope.coverage[0].status = CoverageStatus::Denied;
    scope.coverage[0].detail = "denied: cloudtrail:LookupEvents".to_owned();
    apply(&mut scope, &Settings::default(), &fold(&clicks(), &Settings::default()));
    let unseen: Vec<_> = scope.all::<Change>().map(|change| change.unseen.as_deref()).collect();
    assert_eq!(unseen, [Some("denied: cloudtrail:LookupEvents"); 2]);
    scope.coverage[0].status = CoverageStatus::Partial;
    apply(&mut scope, &Settings::default(), &fold(&clicks(), &Settings::default()));
    assert!(scope.all::<Change>().all(|change| change.unseen.is_none()));
}

#[test]
fn an_owner_is_remembered_once_the_code_s_events_are_out_of_sight() {
    let mut made = event("e0", 1, "CreateTags", "sg-1", "ci");
    made.record["userAgent"] = json!("APN/1.0 HashiCorp/1.0 Terraform/1.13.5");
    let opened = event("e1", 5, "AuthorizeSecurityGroupIngress", "sg-1", "bob");
    let (carried, _) = run(vec![made, opened], true, &[]);
    let (_, change) = run(vec![], true, &carried);
    assert_eq!(change.unwrap().owner.unwrap().tool, "terraform");
}

#[test]
fn what_cannot_be_compared_is_carried_until_the_policies_have_let_go_of_it() {
    let mut scope = scope(clicks());
    apply(&mut scope, &Settings::default(), &[]);
    let left = |now: &str| carried(&scope, now.parse().unwrap()).count();
    assert_eq!((left("2026-12-06T10:00:00Z"), left("2026-12-06T10:09:00Z")), (2, 0));
}

fn signing_in(user: &Value, mfa: &str, outcome: &str, id: &str) -> Event {
    Event {
        meta: Meta { id: id.to_owned(), ..Meta::default() },
        event_time: Some("2026-11-20T10:00:00Z".parse().unwrap()),
        event_source: "signin.amazonaws.com".to_owned(),
        event_name: "ConsoleLogin".to_owned(),
        record: json!({ "userIdentity": user, "responseElements": { "ConsoleLogin": outcome },
            "additionalEventData": { "MFAUsed": mfa }, "recipientAccountId": "111111111111", "awsRegion": "us-east-1" }),
        ..Event::default()
    }
}

#[test]
fn actors_are_people_and_tell_how_they_signed_in() {
    let root = json!({ "type": "Root", "arn": "arn:aws:iam::111111111111:root" });
    let mut closing = signing_in(&root, "Yes", "Success", "e4");
    closing.record["userIdentity"]["invokedBy"] = json!("support.amazonaws.com");
    let mut fold = Fold::new(&Settings::default());
    for event in [
        signing_in(&root, "Yes", "Success", "e1"),
        signing_in(&root, "Yes", "Success", "e1"),
        signing_in(&root, "No", "Failure", "e2"),
        closing,
        signing_in(&json!({ "type": "IAMUser", "userName": "ann" }), "No", "Success", "e3"),
    ] {
        fold.add(&event);
    }
    let (changes, actors) = fold.finish();
    assert_eq!(changes, []);
    let told: Vec<_> = actors
        .iter()
        .map(|actor| (actor.meta.id.as_str(), actor.root, actor.count, actor.failed, actor.without_mfa))
        .collect();
    assert_eq!(told, [("ann", false, 1, 0, Some(true)), ("root", true, 2, 1, Some(false))]);
}

proptest! {
    #[test]
    fn folding_ignores_order_and_duplicates(
        chosen in prop::collection::vec((0u32..3, 0usize..3, 0usize..3, 0usize..2), 0..14),
        again in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        seed in any::<u64>(),
    ) {
        let names = ["CreateRoute", "AuthorizeSecurityGroupIngress", "DescribeInstances"];
        let events: Vec<Event> = chosen
            .iter()
            .enumerate()
            .map(|(i, &(minute, name, group, user))| {
                event(&format!("e{i}"), minute, names[name], ["sg-1", "sg-2", "sg-3"][group], ["bob", "eve"][user])
            })
            .collect();
        let mut shuffled = events.clone();
        if !events.is_empty() {
            shuffled.extend(again.iter().map(|index| index.get(&events).clone()));
        }
        let mut state = seed;
        shuffled.sort_by_cached_key(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state
        });
        let folded = fold(&events, &Settings::default());
        prop_assert_eq!(&folded, &fold(&shuffled, &Settings::default()));
        let written = chosen.iter().filter(|c| names[c.1] != "DescribeInstances").count();
        prop_assert_eq!(folded.iter().map(|c| c.event_ids.len()).sum::<usize>(), written);
    }

    #[test]
    fn a_history_cut_anywhere_and_carried_on_tells_the_same(
        chosen in prop::collection::vec((0usize..4, 0usize..2), 1..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let names = ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress",
            "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupEgress"];
        let events: Vec<Event> = chosen
            .iter()
            .enumerate()
            .map(|(i, &(name, user))| {
                event(&format!("e{i:02}"), u32::try_from(i).unwrap(), names[name], "sg-1", ["bob", "eve"][user])
            })
            .collect();
        let (before, after) = events.split_at(cut.index(events.len()));
        let mut carrying = Fold::new(&Settings::default());
        for change in fold(before, &Settings::default()) {
            carrying.carry(&change);
        }
        for event in after {
            carrying.add(event);
        }
        prop_assert_eq!(carrying.finish().0, fold(&events, &Settings::default()));
    }
}
