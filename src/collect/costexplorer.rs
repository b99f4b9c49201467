//! Cost Explorer: each page that AWS answers with costs a cent, so a question is asked once for a settled day.

mod paid;

use std::collections::BTreeMap;

use aws_sdk_costexplorer::error::ProvideErrorMetadata;
use aws_sdk_costexplorer::types::{
    AnomalyDateInterval, DateInterval, Dimension, DimensionValues, Expression, Granularity, GroupDefinition,
    GroupDefinitionType, ResultByTime,
};
use chrono::{Datelike as _, Days, NaiveDate};

pub use paid::Paid;
use paid::{AnomalyRow, Answer, CostRow};

use super::{CollectError, Collector, Context, Read};
use crate::inventory::Kind as _;
use crate::inventory::costexplorer::{Anomaly, CostAndUsage, CostDay, RootCause};

const GET_COST_AND_USAGE: &str = "ce:GetCostAndUsage";
const GET_ANOMALIES: &str = "ce:GetAnomalies";

/// A day may still grow for so long ("some data might be updated later than 24 hours", Cost Explorer's guide).
const SETTLE_DAYS: Days = Days::new(2);
/// Twelve weeks: the one to be judged, eight to compare it with, and two firsts of a month at least.
const DAYS: u64 = 84;

/// Charges that are no use of anything, and come once or on the first of a month ("Charge type" in the guide's list
/// of filters). The API's spellings are not documented: a name that it does not know leaves nothing out. The hourly
/// fee of a Savings Plan stays in: it is spread over the days, and stands for the use that the plan's negation takes away.
const NO_USE: [&str; 9] =
    ["Credit", "Refund", "Tax", "Support", "Upfront", "Recurring", "RIFee", "Fee", "SavingsPlanUpfrontFee"];

/// Unblended is what each day's use was billed at. Amortized would put unused reservations on the first of each month,
/// blended averages over an organization, and net may be hidden from its members.
const COST: &str = "UnblendedCost";
const QUANTITY: &str = "UsageQuantity";

/// Answers that say that a token of an earlier run does not hold any more.
const STALE: [&str; 3] = ["InvalidNextTokenException", "RequestChangedException", "ValidationException"];

pub(super) const COSTS: Collector = Collector {
    resource_type: CostAndUsage::TYPE,
    actions: &[GET_COST_AND_USAGE],
    collect: |context| Box::pin(costs(context)),
};

/// A second opinion, where the account has a monitor.
pub(super) const ANOMALIES: Collector = Collector {
    resource_type: Anomaly::TYPE,
    actions: &[GET_ANOMALIES],
    collect: |context| Box::pin(anomalies(context)),
};

/// The first and the last settled day. As long as they stay the same, so does the answer that was paid for.
fn settled(context: &Context) -> (NaiveDate, NaiveDate) {
    let to = last_settled(context.now.date_naive(), context.costs_every);
    (to - Days::new(DAYS - 1), to)
}

/// Of each day the day before yesterday; where seven days are one step, the last Saturday that is settled.
fn last_settled(today: NaiveDate, every_days: u8) -> NaiveDate {
    let to = today - SETTLE_DAYS;
    let into_step = (to.num_days_from_ce() + 1).rem_euclid(i32::from(every_days.max(1)));
    to - Days::new(into_step.unsigned_abs().into())
}

async fn costs(context: &Context) -> Result<Read, CollectError> {
    let (from, to) = settled(context);
    let question = format!(
        "{COST} and {QUANTITY} of {} by service and usage type, {from} to {to}, without {}",
        context.account,
        NO_USE.join(", ")
    );
    let mut answer = context.paid.costs(&question);
    let cut = loop {
        if answer.complete {
            break None;
        }
        let resumed = answer.resumed();
        match page(context, (from, to), answer.next.clone()).await {
            Ok((rows, next)) => {
                if let Err(error) = answer.add(GET_COST_AND_USAGE, rows, next) {
                    break Some(error);
                }
                context.paid.keep_costs(&answer);
            }
            Err(Refused { stale: true, .. }) if resumed => answer = Answer::new(&question),
            Err(refused) => break Some(refused.error),
        }
    };
    let mut read = Read::of(series(context, (from, to), &answer), cut)?;
    read.window = format!("saw {from} to {to}");
    Ok(read)
}

struct Refused {
    error: CollectError,
    /// The token is what is wrong.
    stale: bool,
}

impl Refused {
    fn by<E>(error: CollectError, sdk: &E) -> Self
    where
        E: ProvideErrorMetadata,
    {
        Self { error, stale: sdk.code().is_some_and(|code| STALE.contains(&code)) }
    }
}

async fn page(
    context: &Context,
    (from, to): (NaiveDate, NaiveDate),
    token: Option<String>,
) -> Result<(Vec<CostRow>, Option<String>), Refused> {
    let unbuilt = |error: &dyn std::fmt::Display| Refused {
        error: CollectError::Unsupported { message: error.to_string() },
        stale: false,
    };
    // the day after the last is left out
    let period = DateInterval::builder().start(from.to_string()).end((to + Days::new(1)).to_string());
    let group =
        |key: &str| GroupDefinition::builder().r#type(GroupDefinitionType::Dimension).key(key).build();
    let answer = context
        .clients
        .costexplorer
        .get_cost_and_usage()
        .time_period(period.build().map_err(|error| unbuilt(&error))?)
        .granularity(Granularity::Daily)
        .filter(of_account(&context.account))
        .metrics(COST)
        .metrics(QUANTITY)
        .group_by(group("SERVICE"))
        .group_by(group("USAGE_TYPE"))
        .set_next_page_token(token)
        .send()
        .await
        .map_err(|error| Refused::by(CollectError::of(GET_COST_AND_USAGE, &error), &error))?;
    let rows = answer.results_by_time.unwrap_or_default().iter().flat_map(rows).collect();
    Ok((rows, answer.next_page_token))
}

/// What the account itself used, whoever pays for it.
fn of_account(account: &str) -> Expression {
    let dimension = |key: Dimension, values: &[&str]| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let values = DimensionValues::builder().key(key).set_values(Some(values)).build();
        Expression::builder().dimensions(values).build()
    };
    let no_use = Expression::builder().not(dimension(Dimension::RecordType, &NO_USE)).build();
    Expression::builder().and(no_use).and(dimension(Dimension::LinkedAccount, &[account])).build()
}

fn rows(day: &ResultByTime) -> Vec<CostRow> {
    let date = day.time_period().and_then(|period| period.start().get(..10)?.parse::<NaiveDate>().ok());
    let Some(date) = date else { return Vec::new() };
    day.groups()
        .iter()
        .filter_map(|group| {
            let [service, usage_type] = group.keys() else { return None };
            let metric = |name: &str| group.metrics().and_then(|metrics| metrics.get(name));
            let amount = |name: &str| {
                metric(name).and_then(|value| value.amount()).map_or_else(|| "0".to_owned(), str::to_owned)
            };
            // AWS writes N/A where several units were added up
            let unit = metric(QUANTITY).and_then(|value| value.unit()).filter(|unit| *unit != "N/A");
            Some(CostRow {
                date,
                service: service.clone(),
                usage_type: usage_type.clone(),
                usd: amount(COST),
                quantity: amount(QUANTITY),
                unit: unit.map(str::to_owned),
            })
        })
        .collect()
}

fn series(
    context: &Context,
    (from, to): (NaiveDate, NaiveDate),
    answer: &Answer<CostRow>,
) -> Vec<CostAndUsage> {
    let mut found: BTreeMap<(&str, &str), CostAndUsage> = BTreeMap::new();
    for row in answer.rows().filter(|row| (from..=to).contains(&row.date)) {
        let series = found.entry((&row.service, &row.usage_type)).or_insert_with(|| {
            let id = format!("{}/{}", row.service, row.usage_type);
            CostAndUsage {
                meta: context.meta(&id, &id, ""),
                service: row.service.clone(),
                usage_type: row.usage_type.clone(),
                unit: None,
                from,
                to,
                days: Vec::new(),
            }
        });
        series.unit = series.unit.take().or_else(|| row.unit.clone());
        series.days.push(CostDay { date: row.date, usd: row.usd.clone(), quantity: row.quantity.clone() });
    }
    let mut series: Vec<CostAndUsage> = found.into_values().collect();
    for one in &mut series {
        one.days.sort_by_key(|day| day.date);
    }
    series
}

async fn anomalies(context: &Context) -> Result<Read, CollectError> {
    let (from, to) = settled(context);
    let today = context.now.date_naive();
    let question = format!("anomalies of {}, {from} to {to}", context.account);
    let mut answer = context.paid.anomalies(&question);
    let cut = loop {
        if answer.complete {
            break None;
        }
        let resumed = answer.resumed();
        let interval =
            AnomalyDateInterval::builder().start_date(from.to_string()).end_date(today.to_string());
        let interval =
            interval.build().map_err(|error| CollectError::Unsupported { message: error.to_string() })?;
        let page = context
            .clients
            .costexplorer
            .get_anomalies()
            .date_interval(interval)
            .set_next_page_token(answer.next.clone())
            .send()
            .await
            .map_err(|error| Refused::by(CollectError::of(GET_ANOMALIES, &error), &error));
        match page {
            Ok(page) => {
                let rows = page.anomalies.iter().map(AnomalyRow::of).collect();
                if let Err(error) = answer.add(GET_ANOMALIES, rows, page.next_page_token) {
                    break Some(error);
                }
                context.paid.keep_anomalies(&answer);
            }
            Err(Refused { stale: true, .. }) if resumed => answer = Answer::new(&question),
            Err(refused) => break Some(refused.error),
        }
    };
    // an organization's payer sees those of all members
    let ours = |row: &&AnomalyRow| row.accounts.is_empty() || row.accounts.contains(&context.account);
    let found: Vec<Anomaly> = answer.rows().filter(ours).map(|row| anomaly(context, row)).collect();
    let none = found.is_empty() && cut.is_none();
    let mut read = Read::of(found, cut)?;
    if none {
        "Cost Anomaly Detection tells of none; without a monitor it never does".clone_into(&mut read.window);
    }
    Ok(read)
}

fn anomaly(context: &Context, row: &AnomalyRow) -> Anomaly {
    Anomaly {
        meta: context.meta(&row.id, &row.id, ""),
        anomaly_start_date: row.from,
        anomaly_end_date: row.to,
        root_causes: row
            .causes
            .iter()
            .map(|cause| RootCause {
                service: cause.service.clone(),
                region: cause.region.clone(),
                usage_type: cause.usage_type.clone(),
            })
            .collect(),
        total_impact: row.total_impact,
    }
}

#[cfg(test)]
mod tests;
