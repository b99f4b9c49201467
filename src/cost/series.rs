//! Daily dollars without gaps, and without what comes on each first of a month.

use std::str::FromStr as _;

use chrono::{Datelike as _, Days, NaiveDate, NaiveTime};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use crate::inventory::costexplorer::CostDay;
use crate::inventory::metrics::Point;

pub(super) const WEEK: usize = 7;

/// So many days on each side of a first of a month tell what the month's start adds to it.
const AROUND: usize = 3;
/// So many other days that cost as much, or nearly, make a first a day like others.
const LIKE_IT: usize = 2;
const NEARLY: Decimal = Decimal::from_parts(8, 0, 0, false, 1);

/// One day after the other, from the first day of the account's bill to the last settled one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Series {
    pub(super) first: NaiveDate,
    /// What each day cost, a day that the bill leaves out nothing.
    pub(super) usd: Vec<Decimal>,
    pub(super) quantity: Vec<Decimal>,
    /// Of that, what comes on each first of a month.
    pub(super) month_start: Vec<Decimal>,
    /// It is paid by the month, so that the same costs less on a day of a longer one.
    by_month: bool,
}

impl Series {
    pub(super) fn new(first: NaiveDate, settled: NaiveDate, unit: Option<&str>, days: &[CostDay]) -> Self {
        let length = usize::try_from((settled - first).num_days() + 1).unwrap_or_default();
        let mut series = Self {
            first,
            usd: vec![Decimal::ZERO; length],
            quantity: vec![Decimal::ZERO; length],
            month_start: Vec::new(),
            by_month: unit.is_some_and(|unit| unit.ends_with("-Mo") || unit.ends_with("-Month")),
        };
        for day in days {
            let place = usize::try_from((day.date - first).num_days()).ok();
            if let Some(place) = place.filter(|place| *place < length) {
                series.usd[place] += amount(&day.usd);
                series.quantity[place] += amount(&day.quantity);
            }
        }
        series.month_start = month_starts(first, &series.usd);
        series
    }

    /// Several as one: what they cost together.
    pub(super) fn total<'a>(all: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        let mut all = all.into_iter();
        let mut total = all.next()?.clone();
        for one in all {
            for (sum, usd) in total.usd.iter_mut().zip(&one.usd) {
                *sum += usd;
            }
        }
        total.by_month = false;
        total.quantity = vec![Decimal::ZERO; total.usd.len()];
        total.month_start = month_starts(total.first, &total.usd);
        Some(total)
    }

    pub(super) fn date(&self, place: usize) -> NaiveDate {
        self.first + Days::new(place as u64)
    }

    /// What a day cost without the month's start; of what is paid by the month, as much as it had cost in a month as
    /// long as the last day's.
    pub(super) fn plain(&self, place: usize) -> Decimal {
        let plain = self.usd[place] - self.month_start[place];
        let settled = self.date(self.usd.len().saturating_sub(1));
        match (days_in_month(self.date(place)), days_in_month(settled)) {
            (this, last) if self.by_month && this != last => plain * this / last,
            _ => plain,
        }
    }

    /// The place of the first and the last day with any cost.
    pub(super) fn lived(&self) -> Option<(usize, usize)> {
        let costs = |usd: &Decimal| !usd.is_zero();
        Some((self.usd.iter().position(costs)?, self.usd.iter().rposition(costs)?))
    }

    /// The whole weeks that end with the last day and lie after `from`, the latest first, each as its places.
    pub(super) fn weeks(&self, from: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
        let ends = (0..).map(|week| self.usd.len().checked_sub(week * WEEK));
        ends.map_while(move |end| {
            let end = end?;
            end.checked_sub(WEEK).filter(|start| *start >= from).map(|start| start..end)
        })
    }

    /// The plain days of a range as points, for a baseline.
    pub(super) fn points(&self, range: std::ops::Range<usize>) -> Vec<Point> {
        range
            .map(|place| Point {
                at: self.date(place).and_time(NaiveTime::MIN).and_utc(),
                value: dollars(self.plain(place)),
            })
            .collect()
    }
}

fn days_in_month(date: NaiveDate) -> Decimal {
    let length = (28..=31).rev().find(|day| date.with_day(*day).is_some());
    length.map_or(Decimal::ONE, Decimal::from)
}

/// A first of a month that costs more than all other days may do so each month: then as much of it as an earlier
/// first cost above the days around it, or where no earlier one is known, all of that. What it costs beyond is its own.
fn month_starts(first: NaiveDate, usd: &[Decimal]) -> Vec<Decimal> {
    let mut starts = vec![Decimal::ZERO; usd.len()];
    let mut before: Option<Decimal> = None;
    for place in (0..usd.len()).filter(|place| (first + Days::new(*place as u64)).day() == 1) {
        let around = place.saturating_sub(AROUND)..usd.len().min(place + AROUND + 1);
        let mut others: Vec<Decimal> =
            around.filter(|other| *other != place).map(|other| usd[other]).collect();
        others.sort();
        let Some(usual) = others.get(others.len() / 2) else { continue };
        let like_it = (0..usd.len()).filter(|other| (first + Days::new(*other as u64)).day() != 1);
        let like_it = like_it.filter(|other| usd[*other] >= usd[place] * NEARLY).count();
        let excess = if like_it < LIKE_IT { (usd[place] - usual).max(Decimal::ZERO) } else { Decimal::ZERO };
        starts[place] = before.map_or(excess, |before| excess.min(before));
        before = before.max(Some(excess));
    }
    starts
}

/// AWS writes very small amounts with an exponent.
pub(super) fn amount(text: &str) -> Decimal {
    Decimal::from_str(text).or_else(|_| Decimal::from_scientific(text)).unwrap_or_default()
}

/// Statistics need no cents' fractions.
pub(super) fn dollars(amount: Decimal) -> f64 {
    amount.to_f64().unwrap_or_default()
}

/// A statistic as money, to the millionth that AWS bills.
pub(super) fn money(dollars: f64) -> Decimal {
    Decimal::from_f64_retain(dollars).unwrap_or_default().round_dp(6)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn series(first: &str, usd: &[i64]) -> Series {
        let first = date(first);
        let days: Vec<CostDay> = (0u64..)
            .zip(usd)
            .map(|(day, usd)| CostDay {
                date: first + Days::new(day),
                usd: usd.to_string(),
                quantity: "1".to_owned(),
            })
            .collect();
        Series::new(first, first + Days::new(usd.len() as u64 - 1), None, &days)
    }

    fn plain(series: &Series) -> Vec<i64> {
        (0..series.usd.len()).map(|place| series.plain(place).to_i64().unwrap()).collect()
    }

    #[test]
    fn amounts_are_read_as_aws_writes_them() {
        assert_eq!(amount("12.3456789012"), Decimal::from_str("12.3456789012").unwrap());
        assert_eq!(amount("3.5E-7"), Decimal::from_str("0.00000035").unwrap());
        assert_eq!((amount("-0.5"), amount("")), (Decimal::new(-5, 1), Decimal::ZERO));
    }

    #[test]
    fn days_that_the_bill_leaves_out_cost_nothing() {
        let day = |text: &str| CostDay { date: date(text), usd: "2".to_owned(), quantity: "1".to_owned() };
        let days = [day("2026-11-03"), day("2026-11-05"), day("2026-11-07")];
        let series = Series::new(date("2026-11-02"), date("2026-11-06"), None, &days);
        assert_eq!(plain(&series), [0, 2, 0, 2, 0], "and what is not settled is not there");
        assert_eq!(series.lived(), Some((1, 3)));
    }

    #[test]
    fn a_charge_that_comes_each_first_is_not_the_days_own() {
        // 30 October to 3 December: 50 dollars on the first, and then 80
        let mut usd = vec![5; 35];
        usd[2] = 55;
        usd[32] = 85;
        let found = series("2026-10-30", &usd);
        assert_eq!((found.plain(2), found.plain(32)), (Decimal::from(5), Decimal::from(35)));
        assert_eq!(found.month_start[32], Decimal::from(50));
        assert!((0..35).all(|place| [2, 32].contains(&place) || found.month_start[place].is_zero()));
    }

    #[test]
    fn a_weekly_job_that_falls_on_a_first_is_no_month_s_start() {
        // Sundays, of which 1 November is one
        let usd: Vec<i64> = (0..42).map(|day| if day % 7 == 3 { 48 + day % 3 } else { 0 }).collect();
        let found = series("2026-10-08", &usd);
        assert_eq!((found.date(24), usd[24]), (date("2026-11-01"), 48));
        assert_eq!(plain(&found), usd);
    }

    #[test]
    fn what_is_paid_by_the_month_is_compared_in_months_of_one_length() {
        let day = |text: &str, usd: &str| CostDay { date: date(text), usd: usd.into(), quantity: "1".into() };
        let days = [day("2026-02-28", "1.55"), day("2026-03-01", "1.4"), day("2026-03-02", "1.4")];
        let of = |unit| Series::new(date("2026-02-28"), date("2026-03-02"), unit, &days);
        let (by_month, by_hour) = (of(Some("GB-Mo")), of(Some("Hrs")));
        assert_eq!(by_month.plain(0), amount("1.4"));
        assert_eq!((by_hour.plain(0), by_hour.plain(1)), (amount("1.55"), amount("1.4")));
    }

    #[test]
    fn months_may_have_28_days() {
        let mut usd = vec![0; 60];
        usd[1] = 20;
        usd[29] = 20;
        let found = series("2026-01-31", &usd);
        assert_eq!(found.date(29), date("2026-03-01"));
        assert!(plain(&found).iter().all(|usd| *usd == 0));
    }

    #[test]
    fn weeks_end_with_the_last_day_and_are_whole() {
        let found = series("2026-11-02", &[1; 17]);
        assert_eq!(found.weeks(0).collect::<Vec<_>>(), [10..17, 3..10]);
        assert_eq!(found.weeks(4).count(), 1);
        assert_eq!(series("2026-11-02", &[1; 6]).weeks(0).count(), 0);
    }

    proptest! {
        #[test]
        fn a_month_s_start_is_a_part_of_its_day(usd in prop::collection::vec(-50i64..500, 1..90), shift in 0u64..60) {
            let found = series(&(date("2026-01-01") + Days::new(shift)).to_string(), &usd);
            for place in 0..usd.len() {
                prop_assert!(found.month_start[place] >= Decimal::ZERO);
                prop_assert!(found.month_start[place].is_zero() || found.date(place).day() == 1);
                prop_assert_eq!(found.plain(place) + found.month_start[place], found.usd[place]);
            }
        }
    }
}
