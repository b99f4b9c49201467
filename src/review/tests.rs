//! The whole of a review, its one line and its few.

use proptest::prelude::*;

use super::testing::{LIMITS, fired, migration, review, told, week, week_inventory, window};
use super::*;
use crate::inventory::{CoverageStatus, Kind as _, cloudtrail, cloudwatch};

#[test]
fn the_week_in_one_line_and_in_a_few() {
    let review = review();
    insta::assert_snapshot!(headline(&review), @"First week: 1 incident (worst: service web and 2 more, 33 minutes), 1 failed deployment, $304 against $210 expected");
    insta::assert_snapshot!(lines(&review).join("\n"), @r"
    1 incident; 35 times an alarm went off and back by itself
    Worst, from 2026-11-21 03:10 UTC: a deployment of service web failed and was taken back: (service web) (deployment ecs-svc/3) deployment failed: tasks failed to start
    4 deployments, median 6 minutes, slowest 12 minutes; 1 failed, 1 of them taken back
    Slowest on orders: SELECT * FROM orders WHERE id = ?
    1 alarm is too loud, web-latency first: Most times it ended by itself within minutes: ask for more datapoints (3 of 5 instead of 1 of 1).
    Costs, a month at the pace of the last settled week: $304 against $210 expected
    ");
}

#[test]
fn a_quiet_week_says_so() {
    let quiet = tell(&week_inventory(Vec::new()), None, &migration(), LIMITS, window());
    assert_eq!(headline(&quiet), "First week: no incidents, no deployments");
    insta::assert_snapshot!(lines(&quiet).join("\n"), @r"
    No incidents
    No deployments were seen
    No slow statements were seen
    No alarm is too loud
    Costs: not known, the bill was not read
    ");
    assert_eq!(quiet.missing, [""; 0]);
}

#[test]
fn what_was_not_seen_is_said() {
    let mut inventory = week_inventory(week());
    for row in &mut inventory.scopes[0].coverage {
        if [cloudwatch::AlarmHistoryItem::TYPE, cloudtrail::Event::TYPE].contains(&row.resource_type.as_str())
        {
            row.status = CoverageStatus::Denied;
            row.detail = "denied: some:Action".to_owned();
        }
    }
    inventory.scopes[0].coverage.retain(|row| row.resource_type != "AWS::RDS::Event");
    let long = Window { since: window().now - chrono::TimeDelta::days(30), ..window() };
    let early = Migration { cutover: Some("2026-09-01".parse().unwrap()), ..migration() };
    let review = tell(&inventory, None, &early, LIMITS, long);
    insta::assert_snapshot!(review.missing.join("\n"), @r"
    The cutover was on 2026-09-01, and CloudWatch keeps the history of alarms for 30 days: nothing before 2026-10-23 03:00 UTC is told.
    RDS keeps its events for 14 days, so that nothing of them is told before 2026-11-08 03:00 UTC.
    Alarms' changes of state of 111122223333 eu-west-1: denied, denied: some:Action.
    Events of databases were not read.
    Changes and deployments of 111122223333 eu-west-1: denied, denied: some:Action.
    ");
    assert!(review.noise.iter().all(|alarm| alarm.acted_on.is_none()), "nobody knows");
}

proptest! {
    #[test]
    fn lines_stay_few_and_short_whatever_things_are_called(
        name in "\\PC{0,300}", times in 0..40_i64, lasted in 0..5000_i64
    ) {
        let mut resources = week();
        for time in 0..times {
            resources.extend(fired(&name, 60 + time * 120, lasted));
        }
        let review = told(resources);
        prop_assert!(headline(&review).chars().count() < 200);
        prop_assert!(lines(&review).len() <= 8);
        prop_assert!(lines(&review).iter().all(|line| !line.contains('\n')));
    }
}
