use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;
use crate::inventory::costexplorer::CostDay;

/// Daily dollars that end on Tuesday, 24 November 2026, in an account whose bill is as long or longer.
fn judged(account_days: usize, usd: &[f64]) -> UsageType {
    let settled: NaiveDate = "2026-11-24".parse().unwrap();
    let back = |days: usize| settled - Days::new(days.max(1) as u64 - 1);
    let from = back(usd.len());
    let days: Vec<CostDay> = (0u64..)
        .zip(usd)
        .map(|(day, usd)| CostDay {
            date: from + Days::new(day),
            usd: usd.to_string(),
            quantity: (usd / 0.5).to_string(),
        })
        .collect();
    let mut of = UsageType::default();
    judge(&Series::new(back(account_days.max(usd.len())), settled, None, &days), &mut of);
    of
}

/// Weeks of five dear and two cheap days, the last one a full week.
fn weeks(count: usize, dear: f64, cheap: f64) -> Vec<f64> {
    // 24 November is a Tuesday: the days begin on a Wednesday
    (0..count * 7).map(|day| if [3, 4].contains(&(day % 7)) { cheap } else { dear }).collect()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

#[test]
fn a_week_is_compared_with_the_median_of_those_before() {
    let mut usd = weeks(9, 10.0, 2.0);
    // one bad week does not make the usual one
    usd[14..21].fill(500.0);
    usd[56..].fill(20.0);
    let of = judged(63, &usd);
    assert_eq!((of.earlier_weeks_usd.len(), of.account_days, of.days), (8, 63, 63));
    assert!(close(of.week_usd, 140.0) && close(of.usual_week_usd.unwrap(), 54.0), "{of:?}");
    assert!(close(of.usd_per_unit.unwrap(), 0.5));
    assert_eq!(
        (of.settled.to_string(), of.week_from.to_string()),
        ("2026-11-24".into(), "2026-11-18".into())
    );
}

#[test]
fn flat_series_have_no_deviation_and_noise_has_its_own() {
    assert_eq!(judged(63, &[3.24; 63]).week_deviation_usd, Some(0.0));
    let noisy: Vec<f64> = (0..63u32).map(|day| 10.0 + f64::from(day * day * 7919 % 101) / 50.0).collect();
    let steady = judged(63, &noisy).week_deviation_usd.unwrap();
    assert!(steady > 0.5, "{steady}");
    let mut moved = noisy.clone();
    moved[56..].iter_mut().for_each(|usd| *usd += 30.0);
    let moved = judged(63, &moved).week_deviation_usd.unwrap();
    assert!(moved < steady * 1.5, "a step is no noise: {moved} against {steady}");
}

#[test]
fn too_young_a_bill_has_no_usual_week() {
    let of = judged(13, &[10.0; 13]);
    assert_eq!((of.usual_week_usd, of.new_since, of.days), (None, None, 13));
    assert!(judged(14, &[10.0; 14]).usual_week_usd.is_some());
}

#[test]
fn what_begins_late_in_an_old_bill_is_new_for_a_fortnight() {
    let of = judged(63, &[10.0; 10]);
    assert_eq!(of.new_since.unwrap().to_string(), "2026-11-15");
    assert_eq!(of.usual_week_usd, None);
    let of = judged(63, &[10.0; 20]);
    assert_eq!((of.new_since, of.usual_week_usd), (None, Some(70.0)));
    assert_eq!(judged(16, &[10.0; 10]).new_since, None, "the whole account is new");
}

#[test]
fn what_ends_has_vanished() {
    let mut usd = vec![10.0; 63];
    usd[50..].fill(0.0);
    let of = judged(63, &usd);
    assert_eq!(of.vanished_on.unwrap().to_string(), "2026-11-12");
    assert!(close(of.week_usd, 0.0) && close(of.usual_week_usd.unwrap(), 70.0));
}

#[test]
fn the_worst_day_is_compared_with_its_weekday_and_says_how_much_of_the_week_it_is() {
    let mut usd = weeks(9, 10.0, 2.0);
    // the Saturday
    usd[59] = 40.0;
    let worst = judged(63, &usd).worst_day.unwrap();
    assert_eq!((worst.date.to_string(), &*worst.weekday), ("2026-11-21".to_owned(), "Saturday"));
    assert!(worst.same_weekday && close(worst.usual_usd, 2.0) && close(worst.extra_usd, 38.0));
    assert!(close(worst.share, 1.0) && worst.precedent.is_none());
    usd[10] = 39.0;
    assert_eq!(judged(63, &usd).worst_day.unwrap().precedent.unwrap().to_string(), "2026-10-03");
}

#[test]
fn a_whole_week_that_moved_has_no_day_of_its_own() {
    let mut usd = vec![10.0; 63];
    usd[56..].fill(20.0);
    assert!(close(judged(63, &usd).worst_day.unwrap().share, 1.0 / 7.0));
}

#[test]
fn a_charge_on_each_first_is_in_no_week() {
    // 84 days from 2 September: firsts of October and November
    let mut usd = vec![1.0; 84];
    usd[29] = 101.0;
    usd[60] = 101.0;
    let of = judged(84, &usd);
    assert!(of.earlier_weeks_usd.iter().all(|usd| close(*usd, 7.0)), "{of:?}");
}

#[test]
fn a_trend_needs_four_weeks_and_is_not_bent_by_one() {
    assert_eq!(judged(21, &[10.0; 21]).trend, None);
    let mut usd: Vec<f64> = (0..63).map(|day| 10.0 + f64::from(day / 7)).collect();
    usd[20] = 300.0;
    let trend = judged(63, &usd).trend.unwrap();
    assert!((trend.to_usd - trend.from_usd - 56.0).abs() < 8.0, "{trend:?}");
    assert!(trend.rising > 0.75, "{trend:?}");
}

#[test]
fn negative_days_are_taken_as_they_are() {
    let mut usd = vec![10.0; 63];
    usd[60] = -50.0;
    let of = judged(63, &usd);
    assert!(close(of.week_usd, 10.0));
    assert!(close(of.worst_day.unwrap().share, 0.0), "nothing is above its usual");
}

proptest! {
    #[test]
    fn nothing_breaks_and_parts_stay_within_bounds(
        usd in prop::collection::vec(-10.0f64..1000.0, 0..84),
        account_days in 1usize..84,
    ) {
        let of = judged(account_days, &usd);
        prop_assert!(of.earlier_weeks_usd.len() <= MAX_WEEKS);
        prop_assert_eq!(of.usual_week_usd.is_some(), !of.earlier_weeks_usd.is_empty());
        if let Some(worst) = of.worst_day {
            prop_assert!((0.0..=1.0 + 1e-9).contains(&worst.share));
        }
        if let Some(trend) = of.trend {
            prop_assert!((0.0..=1.0).contains(&trend.rising));
        }
        prop_assert!(of.week_deviation_usd.unwrap_or_default() >= 0.0);
    }

    #[test]
    fn twice_the_dollars_are_twice_the_judgement(usd in prop::collection::vec(0.0f64..500.0, 63)) {
        let twice: Vec<f64> = usd.iter().map(|usd| usd * 2.0).collect();
        let (one, two) = (judged(63, &usd), judged(63, &twice));
        let near = |a: f64, b: f64| (2.0 * a - b).abs() < 1e-3;
        prop_assert!(near(one.usual_week_usd.unwrap(), two.usual_week_usd.unwrap()));
        prop_assert!(near(one.week_deviation_usd.unwrap(), two.week_deviation_usd.unwrap()));
    }
}
