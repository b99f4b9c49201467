//! The raw days of an account become usage types against their usual, and one bill.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::judge::judge;
use super::series::{Series, WEEK, dollars};
use super::usage_types::title;
use crate::inventory::budgets::Budget;
use crate::inventory::costexplorer::{Anomaly, Bill, BillBudget, CostAndUsage, UsageAnomaly, UsageType};
use crate::inventory::{Coverage, Kind as _, Meta, Resource, Scope};

/// The bill's month, whatever the calendar says.
const MONTH: usize = 30;

/// The series of an account by service and usage type, all of the same days; none of a bill that was not read whole.
pub(super) fn series(scope: &Scope) -> BTreeMap<(&str, &str), Series> {
    if !scope.complete(CostAndUsage::TYPE) {
        return BTreeMap::new();
    }
    let Some((first, settled)) = span(scope) else { return BTreeMap::new() };
    scope
        .all::<CostAndUsage>()
        .map(|raw| {
            ((&*raw.service, &*raw.usage_type), Series::new(first, settled, raw.unit.as_deref(), &raw.days))
        })
        .collect()
}

/// From the first day of the bill to its last settled one. What has no cost in between cost nothing.
fn span(scope: &Scope) -> Option<(NaiveDate, NaiveDate)> {
    let settled = |raw: &CostAndUsage| raw.to;
    let last = scope.all::<CostAndUsage>().map(settled).max()?;
    let dates = || scope.all::<CostAndUsage>().flat_map(|raw| &raw.days).map(|day| day.date);
    let dates = || dates().filter(|date| *date <= last);
    Some((dates().min()?, dates().max()?))
}

/// Puts the usage types and the bill into the scope of the account, with the coverage of what they are made of. Of a
/// bill that was not read to its end there are none: days that are missing would look like days without cost.
pub fn apply(scope: &mut Scope) {
    let Some(read) = scope.coverage_of(CostAndUsage::TYPE).cloned() else { return };
    let derived = [UsageType::TYPE, Bill::TYPE];
    scope.resources.retain(|resource| !derived.contains(&resource.type_name()));
    scope.coverage.retain(|row| !derived.contains(&row.resource_type.as_str()));
    let series = series(scope);
    let total = Series::total(series.values());
    let mut made: Vec<Resource> = Vec::new();
    for raw in scope.all::<CostAndUsage>() {
        let key = (&*raw.service, &*raw.usage_type);
        if let (Some(series), Some(total)) = (series.get(&key), &total) {
            made.push(usage_type(scope, raw, series, total).into());
        }
    }
    made.extend(total.map(|total| bill(scope, &total).into()));
    scope.resources.extend(made);
    for name in derived {
        scope.coverage.push(Coverage { resource_type: name.to_owned(), ..read.clone() });
    }
}

fn usage_type(scope: &Scope, raw: &CostAndUsage, series: &Series, total: &Series) -> UsageType {
    let mut of = UsageType {
        meta: Meta {
            // never of numbers: the finding is the same however much it costs
            arn: format!("aftermove:cost:{}:{}", scope.account, raw.meta.id),
            ..raw.meta.clone()
        },
        service: raw.service.clone(),
        usage_type: raw.usage_type.clone(),
        title: title(&raw.service, &raw.usage_type),
        unit: raw.unit.clone(),
        ..UsageType::default()
    };
    judge(series, &mut of);
    of.account_week_usd = dollars(last(total, WEEK));
    of.anomalies = scope.complete(Anomaly::TYPE).then(|| anomalies(scope, &of));
    of
}

fn last(series: &Series, days: usize) -> Decimal {
    series.usd.iter().rev().take(days).sum()
}

/// Those that touch the week and name the usage type.
fn anomalies(scope: &Scope, of: &UsageType) -> Vec<UsageAnomaly> {
    let names = |anomaly: &&Anomaly| {
        anomaly.root_causes.iter().any(|cause| {
            cause.usage_type.as_deref() == Some(&of.usage_type)
                && cause.service.as_deref().is_none_or(|service| service == of.service)
        })
    };
    let touches = |anomaly: &&Anomaly| {
        anomaly.anomaly_start_date.is_none_or(|from| from <= of.settled)
            && anomaly.anomaly_end_date.is_none_or(|to| to >= of.week_from)
    };
    scope
        .all::<Anomaly>()
        .filter(names)
        .filter(touches)
        .map(|anomaly| UsageAnomaly {
            id: anomaly.meta.id.clone(),
            from: anomaly.anomaly_start_date,
            to: anomaly.anomaly_end_date,
            total_impact: anomaly.total_impact,
        })
        .collect()
}

fn bill(scope: &Scope, total: &Series) -> Bill {
    let days = total.usd.len();
    let month = dollars(last(total, MONTH));
    #[expect(clippy::cast_precision_loss, reason = "days are few")]
    let stretched = month * MONTH as f64 / days.clamp(1, MONTH) as f64;
    Bill {
        meta: Meta {
            id: scope.account.clone(),
            name: scope.account.clone(),
            arn: format!("aftermove:bill:{}", scope.account),
            account: scope.account.clone(),
            region: scope.region.clone(),
            ..Meta::default()
        },
        settled: total.date(days.saturating_sub(1)),
        days: i64::try_from(days).unwrap_or(i64::MAX),
        week_usd: dollars(last(total, WEEK)),
        month_usd: stretched,
        budgets: scope.complete(Budget::TYPE).then(|| scope.all::<Budget>().map(budget).collect()),
    }
}

fn budget(budget: &Budget) -> BillBudget {
    BillBudget {
        name: budget.meta.name.clone(),
        budget_type: budget.budget_type.clone(),
        notifies: budget.notifications.iter().any(|told| !told.subscribers.is_empty()),
    }
}
