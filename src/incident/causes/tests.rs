use proptest::prelude::*;

use super::*;
use crate::incident::graph::Node;
use crate::incident::testing::{account, inventory, now};
use crate::inventory::Resource;

const BALANCER: usize = 4;
const TARGET_GROUP: usize = 5;
const SERVICE: usize = 6;
const OTHER_DATABASE: usize = 3;

/// What was done to one of the account's resources, so many minutes ago.
fn done(resources: &[Resource], at: usize, minutes: i64) -> Entry {
    let resource = &resources[at];
    Entry {
        time: now() - TimeDelta::minutes(minutes),
        ..Entry::of(Node { resource_type: resource.type_name(), meta: resource.meta() })
    }
}

/// What was felt there.
fn felt(resources: &[Resource], at: usize, minutes: i64) -> Entry {
    let entry = done(resources, at, minutes);
    Entry {
        kind: Kind::Anomaly,
        symptom_from: Some(entry.time),
        symptom_until: Some(entry.time + TimeDelta::minutes(5)),
        ..entry
    }
}

/// The explanations of these, told in order.
fn explained(make: impl FnOnce(&[Resource]) -> Vec<Entry>) -> Vec<Explanation> {
    let inventory = inventory(account());
    let mut timeline = make(&inventory.scopes[0].resources);
    timeline.sort_by_key(|entry| entry.time);
    explanations(&timeline, &Graph::of(&inventory))
}

/// Hops and minutes of each cause of the first symptom.
fn causes_of(make: impl FnOnce(&[Resource]) -> Vec<Entry>) -> Vec<(Option<u8>, i64)> {
    let explanations = explained(make);
    explanations[0].causes.iter().map(|cause| (cause.hops, cause.minutes_before)).collect()
}

#[test]
fn what_lies_nearer_weighs_more_and_so_does_what_was_done_later() {
    let ranked = causes_of(|r| {
        vec![done(r, SERVICE, 35), done(r, TARGET_GROUP, 40), done(r, BALANCER, 70), felt(r, BALANCER, 30)]
    });
    assert_eq!(ranked, [(Some(1), 10), (Some(0), 40), (Some(2), 5)]);
}

#[test]
fn of_a_run_of_steps_the_last_one_before_the_symptom_counts() {
    let ranked = causes_of(|r| {
        let run = Entry { until: Some(now() - TimeDelta::minutes(12)), ..done(r, BALANCER, 50) };
        let later = Entry { until: Some(now()), ..done(r, SERVICE, 50) };
        vec![run, later, felt(r, BALANCER, 10)]
    });
    assert_eq!(ranked, [(Some(0), 2), (Some(2), 0)]);
}

#[test]
fn within_the_symptoms_own_period_nobody_knows_what_came_first_and_after_it_nothing_is_a_cause() {
    assert_eq!(causes_of(|r| vec![done(r, BALANCER, 26), felt(r, BALANCER, 30)]), [(Some(0), 0)]);
    assert_eq!(causes_of(|r| vec![done(r, BALANCER, 24), felt(r, BALANCER, 30)]), []);
}

#[test]
fn symptoms_with_the_same_likeliest_cause_are_told_together() {
    let explanations = explained(|r| {
        let unrelated = Entry { resource_type: String::new(), ..felt(r, OTHER_DATABASE, 60) };
        vec![
            unrelated,
            done(r, SERVICE, 50),
            felt(r, BALANCER, 40),
            felt(r, SERVICE, 38),
            felt(r, BALANCER, 35),
        ]
    });
    let symptoms: Vec<&[usize]> = explanations.iter().map(|e| e.symptoms.as_slice()).collect();
    assert_eq!(symptoms, [&[2, 3, 4][..], &[0]], "what nothing explains comes last");
    assert_eq!(explanations[0].causes.len(), 1, "each cause is told once");
    assert_eq!(explanations[0].causes[0].hops, Some(0), "with its best reason");
}

#[test]
fn what_services_do_and_how_a_deployment_went_on_causes_nothing() {
    let causes = causes_of(|r| {
        let quiet = Entry { quiet: true, ..done(r, BALANCER, 31) };
        let progress = Entry { progress: true, kind: Kind::Deployment, ..done(r, SERVICE, 31) };
        vec![quiet, progress, felt(r, BALANCER, 30)]
    });
    assert_eq!(causes, []);
}

#[test]
fn the_region_alone_is_a_weak_reason_that_fades_soon_and_another_region_is_none() {
    let beside = |minutes: i64, region: &str, resource_type: &str| {
        causes_of(|r| {
            let mut change = done(r, OTHER_DATABASE, 30 + minutes);
            change.resource.region = region.to_owned();
            change.resource.id = "role".to_owned();
            change.resource_type = resource_type.to_owned();
            vec![change, felt(r, BALANCER, 30)]
        })
    };
    assert_eq!(beside(10, "eu-west-1", "AWS::SQS::Queue"), [(None, 10)]);
    assert_eq!(beside(90, "eu-west-1", "AWS::SQS::Queue"), []);
    assert_eq!(beside(10, "us-east-1", "AWS::SQS::Queue"), []);
    assert_eq!(beside(10, "us-east-1", "AWS::IAM::Role"), [(None, 10)], "an account has IAM once");
}

proptest! {
    #[test]
    fn there_are_three_causes_at_most_all_before_and_in_order(
        steps in prop::collection::vec((0usize..9, 0i64..180), 0..20),
        symptom in (0usize..9, 0i64..180),
    ) {
        let inventory = inventory(account());
        let resources = &inventory.scopes[0].resources;
        let mut timeline: Vec<Entry> = steps.iter().map(|(at, minutes)| done(resources, *at, *minutes)).collect();
        timeline.push(felt(resources, symptom.0, symptom.1));
        timeline.sort_by_key(|entry| entry.time);
        let explanations = explanations(&timeline, &Graph::of(&inventory));
        prop_assert_eq!(explanations.len(), 1);
        let causes = &explanations[0].causes;
        prop_assert!(causes.len() <= MOST);
        prop_assert!(causes.is_sorted_by(|a, b| a.weight >= b.weight));
        for cause in causes {
            let until = now() - TimeDelta::minutes(symptom.1) + TimeDelta::minutes(5);
            prop_assert!(timeline[cause.entry].time <= until && cause.weight <= 1.0);
        }
    }
}
