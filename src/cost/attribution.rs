//! Whose a usage type's week is: the gateways, log groups, load balancers, databases and volumes behind the line.
//!
//! Hours and gigabytes that are there are told by the inventory, bytes by CloudWatch; both are held
//! against what was billed, so that what belongs to none of them stays over.

mod kind;
mod suspect;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::account;
use super::median;
use super::series::{Series, WEEK, dollars, money};
use super::usage_types::parted;
use crate::inventory::costexplorer::{CostShare, UsageType};
use crate::inventory::metrics::Query;
use crate::inventory::{GLOBAL, Meta, Scope};
use kind::{Kind, Weight};

/// CloudWatch is asked about so many usage types of an account, those that moved most,
const MOVERS: usize = 6;
/// and only if they moved by so many dollars in the week.
const MOVED_USD: f64 = 5.0;
/// So many weeks before the judged one tell what is usual for a resource. They cost nothing more.
const EARLIER: u64 = 4;
/// More resources are of no use to anybody.
const SHOWN: usize = 25;
/// What AWS bills is told to the millionth of a dollar.
const MILLION: f64 = 1e6;

/// What [`attribute`] wants to know from CloudWatch of a region.
pub fn queries(account: Option<&Scope>, scope: &Scope) -> BTreeSet<Query> {
    let movers = account.map(movers).unwrap_or_default();
    let here = movers.iter().filter(|(of, _)| parted(&of.usage_type).1 == scope.region);
    here.flat_map(|(of, kind)| {
        kind.candidates(scope).into_iter().flat_map(|candidate| candidate.queries(window(of)))
    })
    .collect()
}

/// The usage types that are worth a question.
fn movers(account: &Scope) -> Vec<(&UsageType, Kind)> {
    let mut movers: Vec<(&UsageType, Kind)> = account
        .all::<UsageType>()
        .filter(|of| moved(of) >= MOVED_USD)
        .filter_map(|of| Some((of, Kind::of(&of.usage_type)?)))
        .collect();
    movers.sort_by(|(a, _), (b, _)| moved(b).total_cmp(&moved(a)).then(a.usage_type.cmp(&b.usage_type)));
    movers.truncate(MOVERS);
    movers
}

/// Upwards: of what became cheaper nobody asks whose it is. A slow creep counts as far as it has come.
fn moved(of: &UsageType) -> f64 {
    let crept = of.trend.as_ref().map_or(0.0, |trend| trend.to_usd - trend.from_usd);
    (of.week_usd - of.usual_week_usd.unwrap_or_default()).max(crept)
}

/// The week that was judged, and before it the weeks to compare with.
fn window(of: &UsageType) -> (DateTime<Utc>, DateTime<Utc>) {
    let midnight = |date: NaiveDate| date.and_time(NaiveTime::MIN).and_utc();
    (midnight(of.week_from - Days::new(EARLIER * WEEK as u64)), midnight(of.settled + Days::new(1)))
}

/// Says of each usage type whose it is, as far as the resources behind it were read.
pub fn attribute(scopes: &mut [Scope]) {
    let Some(place) = scopes.iter().position(|scope| scope.region == GLOBAL) else { return };
    let series = account::series(&scopes[place]);
    let mut found: BTreeMap<String, Vec<CostShare>> = BTreeMap::new();
    for of in scopes[place].all::<UsageType>() {
        let region = parted(&of.usage_type).1;
        let scope = scopes.iter().find(|scope| scope.region == region && !scope.events_only);
        let (Some(scope), Some(kind)) = (scope, Kind::of(&of.usage_type)) else { continue };
        if let (true, Some(series)) = (kind.is_read(scope), series.get(&(&*of.service, &*of.usage_type))) {
            found.insert(of.meta.arn.clone(), shares(&kind, of, scope, series));
        }
    }
    for of in scopes[place].all_mut::<UsageType>() {
        of.shares = found.remove(&of.meta.arn).filter(|shares| !shares.is_empty());
        of.suspect = of.shares.as_deref().and_then(suspect::of);
    }
}

/// One resource's use in each week, the judged one first.
struct Used {
    weeks: Vec<f64>,
    share: CostShare,
}

fn shares(kind: &Kind, of: &UsageType, scope: &Scope, series: &Series) -> Vec<CostShare> {
    let from = series.usd.len().saturating_sub(WEEK);
    let billed: Decimal = series.quantity[from..].iter().sum();
    let week: Decimal = series.usd[from..].iter().sum();
    let mut used: Vec<Used> = kind
        .candidates(scope)
        .into_iter()
        .filter_map(|candidate| {
            let weeks = match &candidate.weight {
                Weight::Constant(an_hour) => hours(candidate.meta, of).map(|hours| hours * an_hour).collect(),
                Weight::Metrics { unit, .. } => {
                    let points = candidate.weight_points(scope, window(of))?;
                    by_week(of, &points).map(|sum| sum / unit).collect()
                }
            };
            let idle = candidate.idle(scope, window(of), of.week_from);
            Some(Used { weeks, share: candidate.share(idle) })
        })
        .collect();
    // what is known of is all there is, or what was billed is more
    let measured: f64 = used.iter().map(|used| used.weeks[0]).sum();
    let whole = measured.max(dollars(billed));
    if whole <= 0.0 || week <= Decimal::ZERO {
        return Vec::new();
    }
    for used in &mut used {
        let a_unit = dollars(week) / whole;
        // never more than there is
        used.share.week_usd = (used.weeks[0] * a_unit * MILLION).floor() / MILLION;
        let usual = median(&used.weeks[1..]);
        used.share.grown_usd = usual.map(|usual| dollars(money((used.weeks[0] - usual) * a_unit)));
    }
    used.retain(|used| used.share.week_usd > 0.0);
    #[expect(clippy::cast_possible_truncation, reason = "no week costs so many cents")]
    let cents = |usd: f64| (usd * 100.0).round() as i64;
    let mut shares: Vec<CostShare> = used.into_iter().map(|used| used.share).collect();
    // of those that cost the same, those without work come first
    shares.sort_by_cached_key(|share| {
        (Reverse(cents(share.week_usd)), share.idle != Some(true), share.name.clone())
    });
    shares.truncate(SHOWN);
    shares
}

/// The weeks' first moments, the judged one first.
fn starts(of: &UsageType) -> impl Iterator<Item = DateTime<Utc>> {
    let (_, end) = window(of);
    (1..=i64::try_from(EARLIER).unwrap_or_default() + 1).map(move |week| end - TimeDelta::weeks(week))
}

/// How many hours of each week the resource was there.
fn hours(meta: &Meta, of: &UsageType) -> impl Iterator<Item = f64> {
    starts(of).map(|start| {
        let begun = meta.created_at.map_or(start, |created| created.max(start));
        let lived = (start + TimeDelta::weeks(1) - begun).num_seconds().max(0);
        #[expect(clippy::cast_precision_loss, reason = "a week has few seconds")]
        let hours = lived as f64 / 3600.0;
        hours
    })
}

fn by_week(of: &UsageType, points: &BTreeMap<DateTime<Utc>, f64>) -> impl Iterator<Item = f64> {
    starts(of).map(|start| points.range(start..start + TimeDelta::weeks(1)).map(|(_, value)| value).sum())
}

#[cfg(test)]
mod tests;
