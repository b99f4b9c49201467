//! The costs of an account as the digest and the report show them.

use std::cmp::Reverse;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::account::series;
use super::judge::{MAX_WEEKS, MIN_DAYS, weeks};
use super::series::{Series, WEEK, dollars, money};
use super::summary::{Costs, Day, Driver, Line, Share};
use super::{Judgement, judge_last_day, median};
use crate::inventory::costexplorer::{CostShare, UsageType};
use crate::inventory::{Inventory, Meta, Scope};

/// Days within so many deviations are usual.
const BAND: f64 = 3.0;

/// By account, of those whose costs were read.
pub fn tell(inventory: &Inventory) -> Vec<(String, Costs)> {
    inventory.scopes.iter().filter_map(|scope| Some((scope.account.clone(), of_account(scope)?))).collect()
}

fn of_account(scope: &Scope) -> Option<Costs> {
    let all = series(scope);
    let total = Series::total(all.values())?;
    let mut drivers: Vec<Driver> = scope
        .all::<UsageType>()
        .filter_map(|of| Some(driver(scope, of, all.get(&(&*of.service, &*of.usage_type))?)))
        .collect();
    drivers.sort_by_cached_key(|driver| {
        let moved = driver.line.change_usd().unwrap_or(driver.line.week_usd).abs();
        (Reverse(moved), driver.service.clone(), driver.usage_type.clone())
    });
    let settled = total.date(total.usd.len().saturating_sub(1));
    Some(Costs { settled, total: line(&total), drivers })
}

fn line(series: &Series) -> Line {
    let length = series.usd.len();
    let week = length.saturating_sub(WEEK)..length;
    let first = series.lived().map_or(length, |(first, _)| first);
    let earlier: Vec<Decimal> = weeks(series, first).skip(1).collect();
    let usual = median(&earlier.iter().map(|usd| dollars(*usd)).collect::<Vec<_>>());
    // what comes on each first of a month belongs to such a week
    let month_start: Decimal = series.month_start[week.clone()].iter().sum();
    let before = week.start.checked_sub(WEEK);
    Line {
        days: (0..length).map(|place| day(series, first, place)).collect(),
        week_usd: series.usd[week.clone()].iter().sum(),
        last_week_usd: before.map(|start| series.usd[start..week.start].iter().sum()),
        usual_week_usd: usual.map(|usual| money(usual) + month_start),
    }
}

fn day(series: &Series, first: usize, place: usize) -> Day {
    let from = place.saturating_sub(MAX_WEEKS * WEEK).max(first.min(place));
    let usual = match judge_last_day(&series.points(from..place + 1), MIN_DAYS, MAX_WEEKS) {
        Judgement::Judged(baseline) => {
            let stray = BAND * baseline.mad;
            let month_start = series.month_start[place];
            let low = money((baseline.median - stray).max(0.0_f64.min(baseline.median)));
            Some((low + month_start, money(baseline.median + stray) + month_start))
        }
        Judgement::TooFewDays { .. } => None,
    };
    Day { date: series.date(place), usd: series.usd[place], usual, marked: false }
}

fn driver(scope: &Scope, of: &UsageType, series: &Series) -> Driver {
    let line = line(series);
    let shares: Vec<Share> = of.shares.iter().flatten().map(|share| shared(scope, share)).collect();
    let attributed: Decimal = shares.iter().map(|share| share.week_usd).sum();
    Driver {
        service: of.service.clone(),
        usage_type: of.usage_type.clone(),
        title: of.title.clone(),
        unattributed_usd: line.week_usd - attributed,
        line,
        shares,
    }
}

fn shared(scope: &Scope, share: &CostShare) -> Share {
    Share {
        resource_type: share.resource_type.clone(),
        resource: Meta {
            id: share.id.clone(),
            arn: share.arn.clone(),
            name: share.name.clone(),
            account: scope.account.clone(),
            region: share.region.clone(),
            ..Meta::default()
        },
        week_usd: money(share.week_usd),
        told_by: share.told_by.clone(),
        behind: share.behind.clone(),
    }
}

impl Costs {
    /// Marks the days that a finding is about.
    pub fn mark(&mut self, service: &str, usage_type: &str, from: NaiveDate, to: NaiveDate) {
        let driver = self
            .drivers
            .iter_mut()
            .find(|driver| (&*driver.service, &*driver.usage_type) == (service, usage_type));
        let days = driver.map(|driver| &mut driver.line.days).into_iter().chain([&mut self.total.days]);
        for day in days.flatten().filter(|day| (from..=to).contains(&day.date)) {
            day.marked = true;
        }
    }
}

#[cfg(test)]
mod tests;
