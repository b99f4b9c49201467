//! One usage type against its own history.

use chrono::Days;
use rust_decimal::Decimal;

use super::series::{Series, WEEK, dollars};
use super::{Judgement, judge_last_day, mad, median};
use crate::inventory::costexplorer::{Trend, UsageType, WorstDay};

/// How far back anything is usual.
pub(super) const MAX_WEEKS: usize = 8;
/// So many days before a day make it possible to say what was usual.
pub(super) const MIN_DAYS: usize = 7;
/// A usage type is new for so long; after that it has a week to be compared with.
const NEW_DAYS: usize = 14;
/// A line needs so many weeks.
const TREND_WEEKS: usize = 4;
/// An earlier day that cost so much of it makes a day nothing new.
const PRECEDENT: f64 = 0.8;

/// Fills in all that follows from the series alone.
pub(super) fn judge(series: &Series, of: &mut UsageType) {
    let length = series.usd.len();
    let Some((first, last)) = series.lived() else { return };
    let week = length.saturating_sub(WEEK)..length;
    of.settled = series.date(length.saturating_sub(1));
    of.week_from = series.date(week.start);
    of.account_days = count(length);
    of.days = count(length - first);
    of.first_cost = Some(series.date(first));
    of.last_cost = Some(series.date(last));
    of.new_since = (first >= MIN_DAYS && length - first <= NEW_DAYS).then(|| series.date(first));
    of.vanished_on = (last < week.start).then(|| series.date(last) + Days::new(1));
    of.week_usd = dollars(plain(series, week.clone()));
    of.week_quantity = dollars(series.quantity[week.clone()].iter().sum());
    of.month_start_usd = dollars(series.month_start[week.clone()].iter().sum());
    of.worst_day = worst_day(series, week.start);

    let sums: Vec<f64> = weeks(series, first).map(dollars).collect();
    let Some((_, earlier)) = sums.split_first() else { return };
    of.earlier_weeks_usd = earlier.to_vec();
    of.usual_week_usd = median(earlier);
    of.week_deviation_usd = deviation(series, first, earlier);
    of.trend = trend(&sums);
    of.usd_per_unit = rate(series, week.clone());
    let usual = week.start.saturating_sub(earlier.len() * WEEK)..week.start;
    of.usual_usd_per_unit = rate(series, usual);
}

/// The plain sums of the week and of those before it that can be compared with it, the latest first.
pub(super) fn weeks(series: &Series, first: usize) -> impl Iterator<Item = Decimal> {
    series.weeks(first).take(MAX_WEEKS + 1).map(|week| plain(series, week))
}

fn plain(series: &Series, places: std::ops::Range<usize>) -> Decimal {
    places.map(|place| series.plain(place)).sum()
}

fn count(days: usize) -> i64 {
    i64::try_from(days).unwrap_or(i64::MAX)
}

/// How far a week usually strays, told by the weeks themselves once there are four, and by how days differ from the
/// same weekday a week before: that a level has moved does not widen it. The fewer weeks make the usual one, the less it is worth.
#[expect(clippy::cast_precision_loss, reason = "weeks are few")]
fn deviation(series: &Series, first: usize, earlier: &[f64]) -> Option<f64> {
    let weeks = earlier.len();
    if weeks == 0 {
        return None;
    }
    let from = series.usd.len().saturating_sub((weeks + 1) * WEEK).max(first);
    let steps: Vec<f64> = (from + WEEK..series.usd.len())
        .map(|place| dollars(series.plain(place) - series.plain(place - WEEK)))
        .collect();
    let of_days = mad(&steps)? / 2f64.sqrt() * (WEEK as f64).sqrt();
    let of_weeks = if weeks >= TREND_WEEKS { mad(earlier)? } else { 0.0 };
    Some(of_days.max(of_weeks) * (1.0 + 1.0 / weeks as f64).sqrt())
}

/// Compares each day of the week with the days before the week, so that one bad day does not excuse the next.
fn worst_day(series: &Series, week: usize) -> Option<WorstDay> {
    let earlier = series.points(week.saturating_sub(MAX_WEEKS * WEEK)..week);
    let judged: Vec<(usize, super::Baseline)> = (week..series.usd.len())
        .filter_map(|place| {
            let mut points = earlier.clone();
            points.extend(series.points(place..place + 1));
            match judge_last_day(&points, MIN_DAYS, MAX_WEEKS + 1) {
                Judgement::Judged(baseline) => Some((place, baseline)),
                Judgement::TooFewDays { .. } => None,
            }
        })
        .collect();
    let extra = |baseline: &super::Baseline| baseline.value - baseline.median;
    let above: f64 = judged.iter().map(|(_, baseline)| extra(baseline).max(0.0)).sum();
    let (place, worst) = judged.into_iter().max_by(|a, b| extra(&a.1).total_cmp(&extra(&b.1)))?;
    // be it on a first of a month
    let as_dear = |place: &usize| worst.value > 0.0 && dollars(series.usd[*place]) >= PRECEDENT * worst.value;
    let precedent = (week.saturating_sub(MAX_WEEKS * WEEK)..week).rev().find(as_dear);
    Some(WorstDay {
        date: series.date(place),
        weekday: series.date(place).format("%A").to_string(),
        usd: worst.value,
        usual_usd: worst.median,
        deviation_usd: worst.mad,
        extra_usd: extra(&worst),
        share: if above > 0.0 { extra(&worst).max(0.0) / above } else { 0.0 },
        days_compared: count(worst.days),
        same_weekday: worst.same_weekday,
        precedent: precedent.map(|place| series.date(place)),
    })
}

/// `sums` has the latest week first.
#[expect(clippy::cast_precision_loss, reason = "weeks are few")]
fn trend(sums: &[f64]) -> Option<Trend> {
    if sums.len() < TREND_WEEKS {
        return None;
    }
    let weeks: Vec<f64> = sums.iter().rev().copied().collect();
    let pairs = || (0..weeks.len()).flat_map(|later| (0..later).map(move |earlier| (earlier, later)));
    let slopes: Vec<f64> = pairs().map(|(a, b)| (weeks[b] - weeks[a]) / (b - a) as f64).collect();
    let slope = median(&slopes)?;
    let rising = pairs().filter(|(a, b)| weeks[*b] > weeks[*a]).count() as f64 / slopes.len() as f64;
    let levels: Vec<f64> = weeks.iter().enumerate().map(|(week, usd)| usd - slope * week as f64).collect();
    let from_usd = median(&levels)?;
    Some(Trend {
        weeks: count(weeks.len()),
        from_usd,
        to_usd: from_usd + slope * (weeks.len() - 1) as f64,
        deviation_usd: mad(&levels)?,
        rising,
    })
}

/// Dollars for a unit; what comes on each first has no quantity of its own.
fn rate(series: &Series, places: std::ops::Range<usize>) -> Option<f64> {
    let quantity: Decimal = series.quantity[places.clone()].iter().sum();
    (quantity > Decimal::ZERO).then(|| dollars(plain(series, places) / quantity))
}

#[cfg(test)]
mod tests;
