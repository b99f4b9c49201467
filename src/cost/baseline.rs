//! Whether the last day of a daily series is out of the ordinary.
//!
//! A day without data is absent and not zero: CloudWatch leaves out what did not
//! happen, and so does Cost Explorer. The caller passes complete days only.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate, TimeDelta, Weekday};

use super::{mad, median};
use crate::inventory::metrics::Point;

/// So many values of one weekday make it its own measure.
const WEEKDAY_VALUES: usize = 3;

/// The last day beside the days before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Baseline {
    pub day: NaiveDate,
    pub value: f64,
    pub median: f64,
    /// How far days usually lie from their median (see [`mad`]).
    pub mad: f64,
    /// How many earlier days the median is of.
    pub days: usize,
    /// The median is of the same weekday's values only.
    pub same_weekday: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Judgement {
    Judged(Baseline),
    /// Too young to judge: earlier days with data, and how many there must be.
    TooFewDays {
        have: usize,
        need: usize,
    },
}

/// Compares the series' last day with at most `max_weeks` before it: with the same
/// weekday once that has three values, else with every day, of which there must be
/// at least `min_days`. Points may come in any order; a day's last point counts.
pub fn judge_last_day(points: &[Point], min_days: usize, max_weeks: usize) -> Judgement {
    let mut in_order: Vec<&Point> = points.iter().filter(|point| point.value.is_finite()).collect();
    in_order.sort_by(|a, b| a.at.cmp(&b.at).then(a.value.total_cmp(&b.value)));
    let mut days: BTreeMap<NaiveDate, f64> =
        in_order.into_iter().map(|point| (point.at.date_naive(), point.value)).collect();
    let need = min_days.max(1);
    let Some((day, value)) = days.pop_last() else {
        return Judgement::TooFewDays { have: 0, need };
    };
    let weeks = i64::try_from(max_weeks).unwrap_or(i64::MAX);
    let window = TimeDelta::try_weeks(weeks).and_then(|window| day.checked_sub_signed(window));
    if let Some(oldest) = window {
        days = days.split_off(&oldest);
    }
    let too_few = Judgement::TooFewDays { have: days.len(), need };
    if days.len() < need {
        return too_few;
    }

    let mut by_weekday: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (earlier, value) in &days {
        by_weekday.entry(place(earlier.weekday())).or_default().push(*value);
    }
    by_weekday.retain(|_, values| values.len() >= WEEKDAY_VALUES);
    let same_weekday = by_weekday.get(&place(day.weekday()));
    let measure: Vec<f64> = same_weekday.map_or_else(|| days.values().copied().collect(), Clone::clone);
    // Three values of one weekday say little of how far days stray; the residuals of all weekdays say more.
    let deviation = if same_weekday.is_some() {
        mad(&by_weekday.values().flat_map(|values| residuals(values)).collect::<Vec<_>>())
    } else {
        mad(&measure)
    };
    match (median(&measure), deviation) {
        (Some(median), Some(mad)) => Judgement::Judged(Baseline {
            day,
            value,
            median,
            mad,
            days: measure.len(),
            same_weekday: same_weekday.is_some(),
        }),
        _ => too_few,
    }
}

fn place(weekday: Weekday) -> u32 {
    weekday.num_days_from_monday()
}

fn residuals(values: &[f64]) -> Vec<f64> {
    let middle = median(values).unwrap_or_default();
    values.iter().map(|value| value - middle).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Daily values from Monday, 2 November 2026, on; None is a day without data.
    fn series(values: &[Option<f64>]) -> Vec<Point> {
        let monday = "2026-11-02T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        (0i64..)
            .zip(values)
            .filter_map(|(day, value)| Some(Point { at: monday + TimeDelta::days(day), value: (*value)? }))
            .collect()
    }

    fn judged(values: &[Option<f64>]) -> Baseline {
        match judge_last_day(&series(values), 7, 8) {
            Judgement::Judged(baseline) => baseline,
            Judgement::TooFewDays { have, need } => panic!("{have} of {need} days"),
        }
    }

    #[test]
    fn below_the_minimum_it_says_what_is_missing() {
        assert_eq!(judge_last_day(&[], 7, 8), Judgement::TooFewDays { have: 0, need: 7 });
        assert_eq!(
            judge_last_day(&series(&[Some(1.0); 7]), 7, 8),
            Judgement::TooFewDays { have: 6, need: 7 },
            "the judged day is not one of its own baseline"
        );
    }

    #[test]
    fn under_three_weeks_all_days_are_the_measure() {
        let mut values = vec![Some(10.0); 10];
        values.push(Some(50.0));
        let baseline = judged(&values);
        assert_eq!(
            baseline,
            Baseline {
                day: "2026-11-12".parse().unwrap(),
                value: 50.0,
                median: 10.0,
                mad: 0.0,
                days: 10,
                same_weekday: false
            }
        );
    }

    #[test]
    fn from_three_weeks_on_a_weekend_is_compared_with_weekends() {
        // Four weeks of 100 on weekdays and 20 on weekends, and the last Sunday at 90.
        let mut values: Vec<Option<f64>> =
            (0..28).map(|day| Some(if day % 7 < 5 { 100.0 } else { 20.0 })).collect();
        values[27] = Some(90.0);
        let baseline = judged(&values);
        assert_eq!((baseline.median, baseline.days, baseline.same_weekday), (20.0, 3, true));
        assert!(baseline.mad.abs() < f64::EPSILON, "weekends are no deviation");
    }

    #[test]
    fn a_day_without_data_is_absent_and_not_zero() {
        let mut values = vec![Some(10.0), None, Some(10.0), None, None, Some(12.0)];
        values.extend([Some(12.0), Some(12.0), Some(10.0), Some(11.0), Some(11.0)]);
        let baseline = judged(&values);
        assert_eq!((baseline.days, baseline.median), (7, 11.0));
    }

    #[test]
    fn days_before_the_window_do_not_count() {
        let mut values = vec![Some(1000.0); 70];
        values.extend(vec![Some(10.0); 57]);
        let baseline = judged(&values);
        assert_eq!((baseline.median, baseline.days), (10.0, 8));
    }

    proptest! {
        #[test]
        fn the_judgement_ignores_the_order_of_points(
            values in prop::collection::vec(prop::option::weighted(0.8, 0.0f64..1e6), 0..90),
            seed in any::<u64>(),
        ) {
            let points = series(&values);
            let mut shuffled = points.clone();
            shuffled.sort_by_key(|point| point.at.timestamp().unsigned_abs().wrapping_mul(seed | 1));
            prop_assert_eq!(judge_last_day(&points, 7, 8), judge_last_day(&shuffled, 7, 8));
        }

        #[test]
        fn the_median_is_one_that_the_days_allow(
            values in prop::collection::vec(prop::option::weighted(0.8, 0.0f64..1e6), 0..90),
        ) {
            let points = series(&values);
            match judge_last_day(&points, 7, 8) {
                Judgement::Judged(baseline) => {
                    let earlier = || points.iter().filter(|p| p.at.date_naive() < baseline.day);
                    prop_assert!(earlier().any(|p| p.value <= baseline.median));
                    prop_assert!(earlier().any(|p| p.value >= baseline.median));
                    let most = if baseline.same_weekday { 8 } else { 56 };
                    prop_assert!(baseline.days <= most);
                    prop_assert!(baseline.mad >= 0.0);
                }
                Judgement::TooFewDays { have, need } => prop_assert!(have < need),
            }
        }
    }
}
