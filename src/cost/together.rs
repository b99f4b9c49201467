//! The costs of several accounts as one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::summary::{Costs, Day, Driver, Line};

/// Of many accounts only what moved most is worth keeping.
const DRIVERS: usize = 60;

/// Each with what its account is called. A driver stays its account's, and says so.
pub fn together(mut accounts: Vec<(String, Costs)>) -> Option<Costs> {
    if accounts.len() <= 1 {
        return accounts.pop().map(|(_, costs)| costs);
    }
    let settled = accounts.iter().map(|(_, costs)| costs.settled).min()?;
    let totals: Vec<&Line> = accounts.iter().map(|(_, costs)| &costs.total).collect();
    let total = sum(&totals, settled);
    let mut drivers: Vec<Driver> = accounts
        .into_iter()
        .flat_map(|(name, costs)| {
            let named =
                move |driver: Driver| Driver { title: format!("{} in {name}", driver.title), ..driver };
            costs.drivers.into_iter().map(named)
        })
        .collect();
    drivers.sort_by_cached_key(|driver| {
        let moved = driver.line.change_usd().unwrap_or(driver.line.week_usd).abs();
        (Reverse(moved), driver.title.clone(), driver.usage_type.clone())
    });
    drivers.truncate(DRIVERS);
    Some(Costs { settled, total, drivers })
}

/// An account that is too young for a usual week was not among the usual costs of all: its last week stands for
/// that one, and nothing where there was none.
fn sum(lines: &[&Line], settled: NaiveDate) -> Line {
    let mut days: BTreeMap<NaiveDate, Day> = BTreeMap::new();
    for day in lines.iter().flat_map(|line| &line.days).filter(|day| day.date <= settled) {
        match days.get_mut(&day.date) {
            None => {
                days.insert(day.date, day.clone());
            }
            Some(all) => {
                all.usd += day.usd;
                all.usual = match (all.usual, day.usual) {
                    (Some((low, high)), Some((l, h))) => Some((low + l, high + h)),
                    (all, day) => all.or(day),
                };
                all.marked |= day.marked;
            }
        }
    }
    let known = |of: fn(&Line) -> Option<Decimal>| {
        lines.iter().any(|line| of(line).is_some()).then(|| {
            let or_last = |line: &&Line| of(line).or(line.last_week_usd).unwrap_or_default();
            lines.iter().map(or_last).sum()
        })
    };
    Line {
        days: days.into_values().collect(),
        week_usd: lines.iter().map(|line| line.week_usd).sum(),
        last_week_usd: known(|line| line.last_week_usd),
        usual_week_usd: known(|line| line.usual_week_usd),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
    }

    /// Two days, the second of which is settled last.
    fn costs(week: i64, last: Option<i64>, usual: Option<i64>, settled: u32) -> Costs {
        let day = |day, usd: i64| Day {
            date: date(day),
            usd: usd.into(),
            usual: usual.map(|usual| (0.into(), usual.into())),
            marked: false,
        };
        let line = Line {
            days: vec![day(settled - 1, week / 2), day(settled, week - week / 2)],
            week_usd: week.into(),
            last_week_usd: last.map(Into::into),
            usual_week_usd: usual.map(Into::into),
        };
        let driver = Driver {
            service: "EC2 - Other".to_owned(),
            usage_type: "EU-NatGateway-Bytes".to_owned(),
            title: "NAT gateway data processed".to_owned(),
            line: line.clone(),
            shares: Vec::new(),
            unattributed_usd: week.into(),
        };
        Costs { settled: date(settled), total: line, drivers: vec![driver] }
    }

    fn of(accounts: &[(&str, Costs)]) -> Costs {
        together(accounts.iter().map(|(name, costs)| ((*name).to_owned(), costs.clone())).collect()).unwrap()
    }

    #[test]
    fn one_account_is_told_as_it_is_and_none_is_not_told() {
        let alone = costs(10, Some(8), Some(9), 20);
        assert_eq!(of(&[("web", alone.clone())]), alone);
        assert_eq!(together(Vec::new()), None);
    }

    #[test]
    fn totals_add_up_day_by_day_and_what_moved_most_comes_first() {
        let all =
            of(&[("web", costs(10, Some(8), Some(9), 20)), ("data", costs(70, Some(20), Some(30), 20))]);
        assert_eq!(all.total.week_usd, 80.into());
        assert_eq!(all.total.last_week_usd, Some(28.into()));
        assert_eq!(all.total.usual_week_usd, Some(39.into()));
        let days: Vec<(NaiveDate, Decimal)> = all.total.days.iter().map(|day| (day.date, day.usd)).collect();
        assert_eq!(days, [(date(19), 40.into()), (date(20), 40.into())]);
        assert_eq!(all.total.days[0].usual, Some((0.into(), 39.into())));
        let titles: Vec<&str> = all.drivers.iter().map(|driver| &*driver.title).collect();
        assert_eq!(titles, ["NAT gateway data processed in data", "NAT gateway data processed in web"]);
    }

    #[test]
    fn a_new_account_is_above_the_usual_with_all_that_it_costs() {
        let all = of(&[("web", costs(10, Some(8), Some(9), 20)), ("new", costs(30, None, None, 20))]);
        assert_eq!((all.total.week_usd, all.total.usual_week_usd), (40.into(), Some(9.into())));
        let young = of(&[("web", costs(10, Some(8), Some(9), 20)), ("new", costs(30, Some(25), None, 20))]);
        assert_eq!(young.total.usual_week_usd, Some(34.into()));
        let both = of(&[("a", costs(10, None, None, 20)), ("b", costs(30, None, None, 20))]);
        assert_eq!((both.total.usual_week_usd, both.total.last_week_usd), (None, None));
    }

    #[test]
    fn days_that_are_not_settled_everywhere_are_left_out() {
        let all = of(&[("web", costs(10, None, None, 20)), ("data", costs(10, None, None, 21))]);
        let days: Vec<NaiveDate> = all.total.days.iter().map(|day| day.date).collect();
        assert_eq!((all.settled, days), (date(20), vec![date(19), date(20)]));
    }
}
