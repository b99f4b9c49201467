//! Metrics that left their usual range: the points of the window against the day before it.
//!
//! A point is out of range if it lies further from the day's median than `DEVIATIONS` of the day's
//! deviation, and as far as the measure's own floor and ratio ask for: the floor keeps trifles
//! out, the ratio decides where a flat day has no deviation at all.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::graph::Node;
use super::window::{BASELINE, PERIOD, Window, whole_periods};
use super::words::short_label;
use super::{Entry, Kind, Reading};
use crate::cost::{mad, median};
use crate::inventory::ec2::NatGateway;
use crate::inventory::elasticloadbalancingv2::LoadBalancer;
use crate::inventory::metrics::{Point, Query};
use crate::inventory::rds::DbInstance;
use crate::inventory::{Kind as _, Scope};

/// So many deviations from the median. Our default: 3 is the usual fence of outliers, and a day of 288 points
/// with a rush hour leaves that too often.
const DEVIATIONS: f64 = 5.0;

/// So many points must the day before have: three hours of them. Our default.
const FEWEST: usize = 36;

const GIB: f64 = 1_073_741_824.0;
const SECONDS: i32 = 300;

/// What is out of the ordinary for one metric. Floors are of a point, or for falls of what it usually is or loses.
#[derive(Debug)]
struct Measure {
    namespace: &'static str,
    metric: &'static str,
    statistic: &'static str,
    direction: Direction,
    /// Times the usual, or for falls a part of it.
    ratio: f64,
    unit: Unit,
    /// CloudWatch leaves out periods of nothing, so that an absent point is zero.
    absent_is_zero: bool,
}

#[derive(Clone, Copy, Debug)]
enum Direction {
    /// To at least so much.
    Rise(f64),
    /// From a usual of at least so much.
    FallFrom(f64),
    /// By at least so much.
    FallBy(f64),
}

#[derive(Clone, Copy, Debug)]
enum Unit {
    Count,
    Percent,
    Seconds,
    Bytes,
}

const ALB: &str = "AWS/ApplicationELB";
const RDS: &str = "AWS/RDS";
const NAT: &str = "AWS/NATGateway";

const fn measure(
    namespace: &'static str,
    metric: &'static str,
    statistic: &'static str,
    direction: Direction,
    ratio: f64,
    unit: Unit,
) -> Measure {
    Measure { namespace, metric, statistic, direction, ratio, unit, absent_is_zero: false }
}

const fn counted(namespace: &'static str, metric: &'static str, direction: Direction, ratio: f64) -> Measure {
    Measure { absent_is_zero: true, ..measure(namespace, metric, "Sum", direction, ratio, Unit::Count) }
}

/// Floors and ratios are our defaults but where AWS has a recommended alarm (CloudWatch user guide, "Recommended
/// alarms"). Per five minutes:
const BALANCER: &[Measure] = &[
    // ten errors, three times the usual; "reporting criteria: there is a nonzero value"
    counted(ALB, "HTTPCode_ELB_5XX_Count", Direction::Rise(10.0), 3.0),
    counted(ALB, "HTTPCode_Target_5XX_Count", Direction::Rise(10.0), 3.0),
    // half a second, twice the usual
    measure(ALB, "TargetResponseTime", "p95", Direction::Rise(0.5), 2.0, Unit::Seconds),
    // half of a hundred requests are gone
    counted(ALB, "RequestCount", Direction::FallFrom(100.0), 0.5),
];
const DATABASE: &[Measure] = &[
    // AWS recommends an alarm at 90; 70 and half as much again as usual is on the way there
    measure(RDS, "CPUUtilization", "Average", Direction::Rise(70.0), 1.5, Unit::Percent),
    // twenty, half as many again as usual
    measure(RDS, "DatabaseConnections", "Average", Direction::Rise(20.0), 1.5, Unit::Count),
    // a gibibyte, a tenth of what was free
    measure(RDS, "FreeStorageSpace", "Minimum", Direction::FallBy(GIB), 0.9, Unit::Bytes),
    // AWS recommends an alarm at 20 ms
    measure(RDS, "ReadLatency", "Average", Direction::Rise(0.02), 2.0, Unit::Seconds),
    measure(RDS, "WriteLatency", "Average", Direction::Rise(0.02), 2.0, Unit::Seconds),
];
const GATEWAY: &[Measure] = &[
    // 500 MB, three times the usual
    measure(NAT, "BytesOutToDestination", "Sum", Direction::Rise(500e6), 3.0, Unit::Bytes),
    // AWS recommends an alarm above zero
    counted(NAT, "ErrorPortAllocation", Direction::Rise(1.0), 1.0),
];

/// One series to judge.
struct Watch<'a> {
    node: Node<'a>,
    measure: &'static Measure,
    dimensions: BTreeMap<String, String>,
}

impl Watch<'_> {
    fn query(&self, window: &Window) -> Query {
        Query {
            namespace: self.measure.namespace.to_owned(),
            metric: self.measure.metric.to_owned(),
            dimensions: self.dimensions.clone(),
            statistic: self.measure.statistic.to_owned(),
            period_seconds: SECONDS,
            start: window.metrics_from() - BASELINE,
            end: window.metrics_until(),
        }
    }
}

/// What to ask CloudWatch for.
pub fn queries(scope: &Scope, window: &Window) -> Vec<Query> {
    watches(scope).iter().map(|watch| watch.query(window)).collect()
}

/// One entry for each metric and resource that left its range.
pub(super) fn entries(scope: &Scope, window: &Window) -> Vec<Entry> {
    let found = watches(scope).into_iter().filter_map(|watch| {
        let series = scope.series.get(&watch.query(window).key())?;
        // what is only partly known may lack just the points that count as zero
        if series.incomplete.is_some() && watch.measure.absent_is_zero {
            return None;
        }
        let anomaly = judge(watch.measure, &series.points, watch.node.meta.created_at, window)?;
        Some(entry(&watch, &anomaly))
    });
    found.collect()
}

fn watches(scope: &Scope) -> Vec<Watch<'_>> {
    let mut watches = Vec::new();
    let mut watch =
        |resource_type, meta, measures: &'static [Measure], dimensions: BTreeMap<String, String>| {
            let node = Node { resource_type, meta };
            watches.extend(measures.iter().map(|measure| Watch {
                node,
                measure,
                dimensions: dimensions.clone(),
            }));
        };
    let one = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
    for balancer in scope.all::<LoadBalancer>().filter(|balancer| balancer.kind == "application") {
        watch(LoadBalancer::TYPE, &balancer.meta, BALANCER, one("LoadBalancer", &balancer.metric_dimension));
    }
    for database in scope.all::<DbInstance>() {
        watch(DbInstance::TYPE, &database.meta, DATABASE, one("DBInstanceIdentifier", &database.meta.id));
    }
    for gateway in scope.all::<NatGateway>() {
        let dimensions = one("NatGatewayId", &gateway.meta.id);
        match &gateway.availability_zones {
            None => watch(NatGateway::TYPE, &gateway.meta, GATEWAY, dimensions),
            Some(zones) => {
                for zone in zones {
                    let zone = one("AvailabilityZone", zone);
                    watch(
                        NatGateway::TYPE,
                        &gateway.meta,
                        GATEWAY,
                        dimensions.clone().into_iter().chain(zone).collect(),
                    );
                }
            }
        }
    }
    watches
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Anomaly {
    began: DateTime<Utc>,
    /// None while it goes on.
    ended: Option<DateTime<Utc>>,
    usual: f64,
    peak: f64,
    /// Points out of range, and those between the first and the last of them.
    out: usize,
    of: usize,
}

fn judge(
    measure: &Measure,
    points: &[Point],
    created_at: Option<DateTime<Utc>>,
    window: &Window,
) -> Option<Anomaly> {
    let from = window.metrics_from();
    let mut by_time: BTreeMap<DateTime<Utc>, f64> = BTreeMap::new();
    by_time
        .extend(points.iter().filter(|point| point.value.is_finite()).map(|point| (point.at, point.value)));
    if measure.absent_is_zero {
        // of a resource that is younger than the day, only from its beginning on
        let mut at = created_at.map_or(from - BASELINE, |born| whole_periods(born).max(from - BASELINE));
        while at < window.metrics_until() {
            by_time.entry(at).or_insert(0.0);
            at += PERIOD;
        }
    }
    let judged = by_time.split_off(&from);
    let before: Vec<f64> = by_time.into_values().collect();
    if before.len() < FEWEST {
        return None;
    }
    let (usual, deviation) = (median(&before)?, mad(&before)?);
    let out: Vec<(DateTime<Utc>, f64)> = judged
        .iter()
        .map(|(at, value)| (*at, *value))
        .filter(|(_, value)| measure.is_out(*value, usual, deviation))
        .collect();
    let (&(began, _), &(last, _)) = (out.first()?, out.last()?);
    let worse = |a: &f64, b: &f64| if measure.falls() { b.total_cmp(a) } else { a.total_cmp(b) };
    let ongoing = judged.last_key_value().is_some_and(|(at, _)| *at == last)
        && last + PERIOD + TimeDelta::minutes(10) >= window.metrics_until();
    Some(Anomaly {
        began,
        ended: (!ongoing).then_some(last + PERIOD),
        usual,
        peak: out.iter().map(|(_, value)| *value).max_by(worse)?,
        out: out.len(),
        of: judged.range(began..=last).count(),
    })
}

impl Measure {
    fn is_out(&self, value: f64, usual: f64, deviation: f64) -> bool {
        let range = DEVIATIONS * deviation;
        match self.direction {
            Direction::Rise(floor) => value > usual + range && value >= floor && value >= self.ratio * usual,
            Direction::FallFrom(floor) => {
                value < usual - range && usual >= floor && value <= self.ratio * usual
            }
            Direction::FallBy(floor) => {
                value < usual - range && usual - value >= floor && value <= self.ratio * usual
            }
        }
    }

    fn falls(&self) -> bool {
        !matches!(self.direction, Direction::Rise(_))
    }
}

fn entry(watch: &Watch<'_>, anomaly: &Anomaly) -> Entry {
    let Measure { namespace, metric, statistic, unit, .. } = watch.measure;
    let verb = if watch.measure.falls() { "fell" } else { "rose" };
    let zone = watch.dimensions.get("AvailabilityZone").map(|zone| format!(" in {zone}")).unwrap_or_default();
    let patches = if anomaly.out < anomaly.of {
        format!(", in {} of {} points", anomaly.out, anomaly.of)
    } else {
        String::new()
    };
    let end = anomaly
        .ended
        .map_or_else(|| ", and goes on".to_owned(), |at| format!(", until {}", at.format("%H:%M")));
    let text = format!(
        "{metric} ({statistic}) of {}{zone} {verb} to {}, usually {}{patches}{end}",
        short_label(watch.node),
        shown(anomaly.peak, *unit),
        shown(anomaly.usual, *unit),
    );
    Entry {
        time: anomaly.began,
        until: anomaly.ended,
        kind: Kind::Anomaly,
        text,
        reading: Some(Reading {
            namespace: (*namespace).to_owned(),
            metric: (*metric).to_owned(),
            statistic: (*statistic).to_owned(),
            dimensions: watch.dimensions.clone(),
            usual: anomaly.usual,
            peak: anomaly.peak,
        }),
        symptom_from: Some(anomaly.began),
        symptom_until: Some(anomaly.began + PERIOD),
        ..Entry::of(watch.node)
    }
}

fn shown(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Count => format!("{value:.0}"),
        Unit::Percent => format!("{value:.0}%"),
        Unit::Seconds if value < 1.0 => format!("{:.0} ms", value * 1e3),
        Unit::Seconds => format!("{value:.1} s"),
        Unit::Bytes if value >= 1e9 => format!("{:.1} GB", value / 1e9),
        Unit::Bytes => format!("{:.0} MB", value / 1e6),
    }
}

#[cfg(test)]
mod tests;
