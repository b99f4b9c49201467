use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::inventory::CoverageStatus;

fn event(id: &str, minute: u32, name: &str, group: &str, user: &str) -> Event {
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
            "requestParameters": { "groupId": group },
        }),
        ..Event::default()
    }
}

fn clicks() -> Vec<Event> {
    vec![
        event("e1", 5, "AuthorizeSecurityGroupIngress", "sg-1", "bob"),
        event("e2", 3, "RevokeSecurityGroupIngress", "sg-1", "bob"),
        event("e3", 8, "AuthorizeSecurityGroupIngress", "sg-1", "bob"),
        event("e4", 4, "AuthorizeSecurityGroupIngress", "sg-2", "bob"),
        event("e5", 4, "AuthorizeSecurityGroupIngress", "sg-1", "eve"),
    ]
}

fn fold(events: &[Event], settings: &Settings) -> Vec<Change> {
    changes(&events.iter().collect::<Vec<_>>(), settings)
}

#[test]
fn one_change_tells_what_one_person_did_to_one_resource() {
    let changes = fold(&clicks(), &Settings::default());
    let told: Vec<_> = changes.iter().map(|c| format!("{} {} {}", c.actor, c.meta.id, c.count)).collect();
    assert_eq!(told, ["bob sg-1 3", "eve sg-1 1", "bob sg-2 1"], "oldest first");
    assert_eq!(
        changes[0],
        Change {
            meta: Meta {
                id: "sg-1".to_owned(),
                name: "sg-1".to_owned(),
                arn: "arn:aws:ec2:eu-west-1:111111111111:security-group/sg-1".to_owned(),
                account: "111111111111".to_owned(),
                region: "eu-west-1".to_owned(),
                ..Meta::default()
            },
            actor: "bob".to_owned(),
            origin: "console".to_owned(),
            reason: "made in the console".to_owned(),
            approved: false,
            event_source: "ec2.amazonaws.com".to_owned(),
            event_names: vec![
                "RevokeSecurityGroupIngress".to_owned(),
                "AuthorizeSecurityGroupIngress".to_owned()
            ],
            event_ids: vec!["e2".to_owned(), "e1".to_owned(), "e3".to_owned()],
            count: 3,
            first: Some("2026-11-20T10:03:00Z".parse().unwrap()),
            last: Some("2026-11-20T10:08:00Z".parse().unwrap()),
            source_ip_addresses: vec!["203.0.113.0".to_owned(), "203.0.113.1".to_owned()],
        }
    );
}

#[test]
fn what_approved_people_do_is_told_and_marked() {
    let settings = Settings { approved_people: vec!["bo*".to_owned()], ..Settings::default() };
    let approved: Vec<_> = fold(&clicks(), &settings).iter().map(|c| (c.actor.clone(), c.approved)).collect();
    assert_eq!(approved, [("bob".to_owned(), true), ("eve".to_owned(), false), ("bob".to_owned(), true)]);
}

#[test]
fn an_unreadable_record_is_told_from_the_columns_of_the_lookup() {
    let mut event = clicks().remove(0);
    event.record = Value::Null;
    event.username = Some("bob".to_owned());
    event.meta.account = "111111111111".to_owned();
    event.meta.region = "eu-west-1".to_owned();
    let change = fold(&[event], &Settings::default()).remove(0);
    assert_eq!((change.actor.as_str(), change.origin.as_str()), ("bob", "sdk_unknown"));
    assert_eq!(change.meta.id, "ec2:AuthorizeSecurityGroupIngress");
    assert_eq!((change.meta.account.as_str(), change.meta.region.as_str()), ("111111111111", "eu-west-1"));
}

#[test]
fn folding_mirrors_the_events_coverage_and_can_be_repeated() {
    let mut scope = Scope {
        coverage: vec![Coverage {
            resource_type: Event::TYPE.to_owned(),
            status: CoverageStatus::Partial,
            detail: "seen from 09:00 to 10:00".to_owned(),
        }],
        resources: clicks().into_iter().map(Resource::from).collect(),
        ..Scope::default()
    };
    fold_into(&mut scope, &Settings::default());
    let coverage = scope.coverage_of(Change::TYPE).unwrap();
    assert_eq!(
        (coverage.status, coverage.detail.as_str()),
        (CoverageStatus::Partial, "seen from 09:00 to 10:00")
    );
    assert_eq!(scope.all::<Change>().count(), 3);
    let once = scope.clone();
    fold_into(&mut scope, &Settings::default());
    assert_eq!(scope, once);
}

#[test]
fn without_events_there_is_no_coverage_of_changes() {
    let mut scope = Scope::default();
    fold_into(&mut scope, &Settings::default());
    assert_eq!(scope, Scope::default());
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
}
