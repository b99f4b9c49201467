use super::*;
use crate::drift::tests::{event, fold};

const OPEN: &str = "AuthorizeSecurityGroupIngress";
const CLOSE: &str = "RevokeSecurityGroupIngress";

fn by_code(mut event: Event) -> Event {
    event.record["userAgent"] = "APN/1.0 HashiCorp/1.0 Terraform/1.13.5".into();
    event.record["sessionCredentialFromConsole"] = Value::Null;
    event
}

fn retention(id: &str, minute: u32, days: i64) -> Event {
    let mut event = event(id, minute, "PutRetentionPolicy", "", "bob");
    event.event_source = "logs.amazonaws.com".to_owned();
    event.record["requestParameters"] =
        serde_json::json!({ "logGroupName": "/ecs/api", "retentionInDays": days });
    event
}

/// The person's change.
fn of_person(events: &[Event]) -> Change {
    fold(events, &Settings::default()).into_iter().find(|change| change.by == "person").unwrap()
}

fn standing(events: &[Event]) -> (String, String) {
    let change = of_person(events);
    (change.stands, change.stands_because)
}

#[test]
fn what_was_opened_and_closed_again_has_cancelled_out_whoever_did_it() {
    let opened = event("e1", 1, OPEN, "sg-1", "bob");
    assert_eq!(standing(std::slice::from_ref(&opened)).0, UNKNOWN);
    for closed in [event("e2", 2, CLOSE, "sg-1", "eve"), by_code(event("e2", 2, CLOSE, "sg-1", "ci"))] {
        let (stands, because) = standing(&[closed.clone(), opened.clone()]);
        assert_eq!(stands, REVERTED);
        assert!(
            because.contains("put it back with RevokeSecurityGroupIngress at 2026-11-20 10:02 UTC"),
            "{because}"
        );
        let again = event("e3", 3, OPEN, "sg-1", "bob");
        assert_eq!(standing(&[opened.clone(), closed, again]).0, UNKNOWN);
    }
    let removed_first = [event("e1", 1, CLOSE, "sg-1", "bob"), event("e2", 2, OPEN, "sg-1", "bob")];
    assert_eq!(standing(&removed_first).0, REVERTED, "it was there before");
}

#[test]
fn half_of_a_change_can_be_left() {
    let events = [
        event("e1", 1, OPEN, "sg-1", "bob"),
        event("e2", 2, "AuthorizeSecurityGroupEgress", "sg-1", "bob"),
        event("e3", 3, CLOSE, "sg-1", "bob"),
    ];
    let change = of_person(&events);
    let effects: Vec<_> = change.effects.iter().map(|e| (e.touch.part.as_str(), e.stands.as_str())).collect();
    assert_eq!(
        effects,
        [("egress tcp 22 to 0.0.0.0/0", UNKNOWN), ("ingress tcp 22 from 0.0.0.0/0", REVERTED)]
    );
    assert_eq!(change.stands, UNKNOWN);
}

#[test]
fn what_lived_for_a_while_takes_everything_along() {
    let events = [
        event("e1", 1, "CreateSecurityGroup", "sg-1", "bob"),
        event("e2", 2, OPEN, "sg-1", "bob"),
        event("e3", 3, "DeleteSecurityGroup", "sg-1", "eve"),
    ];
    let change = of_person(&events);
    assert_eq!(
        (change.stands.as_str(), change.stands_because.as_str()),
        (REVERTED, "eve deleted it at 2026-11-20 10:03 UTC")
    );
    assert!(change.effects.iter().all(|effect| effect.stands == REVERTED), "{:#?}", change.effects);
    // of what was there before, the deletion is the change
    let change = of_person(&events[1..]);
    let effects: Vec<_> =
        change.effects.iter().map(|e| (e.touch.action.as_str(), e.stands.as_str())).collect();
    assert_eq!(effects, [("added", REVERTED), ("deleted", UNKNOWN)]);
}

#[test]
fn repeated_edits_are_the_last_one_and_know_what_was_before() {
    let days = |events: &[Event]| {
        let change = of_person(events);
        assert_eq!(change.effects.len(), 1);
        let effect = change.effects[0].clone();
        (effect.touch.value, effect.before, effect.stands)
    };
    let edits = [retention("e1", 1, 7), retention("e2", 2, 14), retention("e3", 3, 30)];
    assert_eq!(days(&edits), (30.into(), Value::Null, UNKNOWN.to_owned()));
    let after_code = [by_code(retention("e0", 0, 90)), retention("e1", 1, 7), retention("e2", 2, 14)];
    assert_eq!(days(&after_code), (14.into(), 90.into(), UNKNOWN.to_owned()));
    let put_back = [by_code(retention("e0", 0, 90)), retention("e1", 1, 7), retention("e2", 2, 90)];
    assert_eq!(days(&put_back).2, REVERTED);
    let again_and_again = [retention("e1", 1, 7), retention("e2", 2, 7), retention("e3", 3, 7)];
    assert_eq!(days(&again_and_again).2, UNKNOWN, "nothing tells what it was before the first");
}

#[test]
fn what_code_wrote_over_is_superseded() {
    let by = |days| {
        let mut over = by_code(retention("e2", 5, days));
        over.record["userIdentity"]["userName"] = "deploy".into();
        standing(&[retention("e1", 1, 7), over])
    };
    assert_eq!(
        by(90),
        (SUPERSEDED.to_owned(), "deploy wrote over it from code at 2026-11-20 10:05 UTC".to_owned())
    );
    assert_eq!(by(7).1, "deploy wrote the same from code at 2026-11-20 10:05 UTC");
}

#[test]
fn of_very_many_steps_the_first_and_the_latest_are_kept() {
    let events: Vec<Event> = (0..200).map(|n| retention(&format!("e{n:03}"), n % 60, 7)).collect();
    let change = of_person(&events);
    assert_eq!(
        (change.count, change.event_ids.len(), change.steps.len()),
        (200, 200, FIRST_STEPS + LATEST_STEPS)
    );
}
