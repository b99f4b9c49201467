use proptest::prelude::*;

use super::*;
use crate::inventory::Meta;
use crate::inventory::metrics::Series;

/// Three hours, up to three.
fn window() -> Window {
    let now = "2026-11-22T03:02:00Z".parse::<DateTime<Utc>>().unwrap();
    Window { since: now - TimeDelta::hours(3), now }
}

/// A day of one value every five minutes, then the window's values.
fn points(usual: &[f64], values: &[f64]) -> Vec<Point> {
    let from = window().metrics_from();
    let mut points: Vec<Point> = (0..288i32)
        .zip(usual.iter().cycle())
        .map(|(n, value)| Point { at: from - BASELINE + PERIOD * n, value: *value })
        .collect();
    points.extend((0..).zip(values).map(|(n, value)| Point { at: from + PERIOD * n, value: *value }));
    points
}

fn of(name: &str) -> &'static Measure {
    [BALANCER, DATABASE, GATEWAY].into_iter().flatten().find(|measure| measure.metric == name).unwrap()
}

fn judged(name: &str, usual: &[f64], values: &[f64]) -> Option<Anomaly> {
    judge(of(name), &points(usual, values), None, &window())
}

fn peak(name: &str, usual: &[f64], values: &[f64]) -> Option<f64> {
    judged(name, usual, values).map(|anomaly| anomaly.peak)
}

const NOISE: &[f64] = &[0.18, 0.2, 0.22, 0.19, 0.25];

#[test]
fn an_anomaly_has_a_beginning_an_end_and_a_peak() {
    let mut values = vec![0.2; 36];
    values[20..24].copy_from_slice(&[1.4, 2.5, 1.1, 1.2]);
    let anomaly = judged("TargetResponseTime", NOISE, &values).unwrap();
    let from = window().metrics_from();
    assert_eq!((anomaly.began, anomaly.ended), (from + PERIOD * 20, Some(from + PERIOD * 24)));
    assert_eq!((anomaly.usual, anomaly.peak, anomaly.out, anomaly.of), (0.2, 2.5, 4, 4));
}

#[test]
fn what_comes_and_goes_is_one_anomaly_and_the_latest_point_goes_on() {
    let mut values = vec![0.2; 36];
    for at in [10, 20, 35] {
        values[at] = 3.0;
    }
    let anomaly = judged("TargetResponseTime", NOISE, &values).unwrap();
    assert_eq!((anomaly.ended, anomaly.out, anomaly.of), (None, 3, 26));
}

#[test]
fn a_flat_day_has_no_deviation_and_leaves_floor_and_ratio_to_decide() {
    assert_eq!(judged("CPUUtilization", &[5.0], &[6.0, 60.0]), None);
    assert_eq!(judged("CPUUtilization", &[60.0], &[80.0]), None, "80 is not half as much again as 60");
    assert_eq!(peak("CPUUtilization", &[5.0], &[6.0, 71.0]), Some(71.0));
    assert_eq!(peak("ErrorPortAllocation", &[0.0], &[0.0, 1.0]), Some(1.0));
}

#[test]
fn a_value_that_the_day_before_had_often_is_usual() {
    // a rush hour of a third of the day
    let day: Vec<f64> = (0..288).map(|n| if n % 3 == 0 { 80.0 } else { 20.0 + f64::from(n % 7) }).collect();
    let spread: Vec<f64> = (0..288).map(|n| f64::from(n % 90)).collect();
    assert!(judged("CPUUtilization", &day, &[80.0]).is_some(), "the median day is quiet");
    assert_eq!(judged("CPUUtilization", &spread, &[95.0]), None);
}

#[test]
fn errors_that_nobody_reports_are_none_and_requests_that_nobody_reports_have_ended() {
    let from = window().metrics_from();
    let errors = [Point { at: from + PERIOD * 3, value: 12.0 }];
    let anomaly = judge(of("HTTPCode_ELB_5XX_Count"), &errors, None, &window()).unwrap();
    assert_eq!((anomaly.usual, anomaly.peak), (0.0, 12.0));

    let anomaly = judged("RequestCount", &[700.0, 750.0], &[710.0; 30]).unwrap();
    assert_eq!((anomaly.began, anomaly.peak), (from + PERIOD * 30, 0.0));
    assert_eq!(judged("RequestCount", &[40.0], &[]), None, "too few to miss");
}

#[test]
fn gaps_in_a_measured_series_are_not_zero() {
    assert_eq!(judged("FreeStorageSpace", &[40.0 * GIB], &[40.0 * GIB; 3]), None);
    assert_eq!(
        peak("FreeStorageSpace", &[40.0 * GIB], &[39.5 * GIB, 30.0 * GIB]),
        Some(30.0 * GIB),
        "the lowest is the peak of a fall"
    );
    assert_eq!(judged("FreeStorageSpace", &[40.0 * GIB], &[39.0 * GIB]), None, "not a tenth");
    assert_eq!(judged("FreeStorageSpace", &[4.0 * GIB], &[3.3 * GIB]), None, "not a gibibyte");
}

#[test]
fn what_is_too_young_is_not_judged() {
    let few = points(&[0.2], &[3.0]).split_off(288 - 35);
    assert_eq!(judge(of("TargetResponseTime"), &few, None, &window()), None);
    let born = |hours: i64| Some(window().metrics_from() - TimeDelta::hours(hours));
    let errors = [Point { at: window().metrics_from(), value: 50.0 }];
    assert_eq!(judge(of("HTTPCode_ELB_5XX_Count"), &errors, born(2), &window()), None);
    assert!(judge(of("HTTPCode_ELB_5XX_Count"), &errors, born(4), &window()).is_some());
}

fn account(incomplete: Option<&str>) -> Scope {
    let meta = Meta { id: "web".into(), name: "web".into(), ..Meta::default() };
    let web = LoadBalancer {
        meta: meta.clone(),
        kind: "application".into(),
        metric_dimension: "app/web/50dc".into(),
        ..LoadBalancer::default()
    };
    let network = LoadBalancer { meta, kind: "network".into(), ..LoadBalancer::default() };
    let gateway =
        NatGateway { availability_zones: Some(vec!["a".into(), "b".into()]), ..NatGateway::default() };
    let mut scope = Scope { resources: vec![web.into(), network.into(), gateway.into()], ..Scope::default() };
    let incomplete = incomplete.map(str::to_owned);
    for query in queries(&scope, &window()) {
        let points = match query.metric.as_str() {
            "TargetResponseTime" => points(NOISE, &[0.2, 2.5]),
            "RequestCount" => points(&[700.0], &[100.0; 36]),
            _ => Vec::new(),
        };
        scope.series.insert(query.key(), Series { points, incomplete: incomplete.clone() });
    }
    scope
}

#[test]
fn each_resource_is_asked_for_its_own_metrics() {
    let queries = queries(&account(None), &window());
    let asked: Vec<String> =
        queries.iter().map(|query| format!("{} {}", query.metric, query.dimensions.len())).collect();
    insta::assert_snapshot!(asked.join("\n"), @r"
    HTTPCode_ELB_5XX_Count 1
    HTTPCode_Target_5XX_Count 1
    TargetResponseTime 1
    RequestCount 1
    BytesOutToDestination 2
    ErrorPortAllocation 2
    BytesOutToDestination 2
    ErrorPortAllocation 2
    ");
    assert!(queries.iter().all(|query| query.end - query.start == TimeDelta::hours(27)));
}

#[test]
fn an_entry_tells_the_peak_against_the_usual() {
    let told = |scope: &Scope| -> Vec<String> {
        entries(scope, &window()).into_iter().map(|entry| entry.text).collect()
    };
    insta::assert_snapshot!(told(&account(None)).join("\n"), @r"
    TargetResponseTime (p95) of load balancer web rose to 2.5 s, usually 200 ms, until 00:10
    RequestCount (Sum) of load balancer web fell to 100, usually 700, and goes on
    ");
    assert_eq!(told(&account(Some("PartialData"))).len(), 1, "only what was measured counts then");
}

proptest! {
    #[test]
    fn what_stays_within_the_range_of_the_day_is_never_out(
        day in prop::collection::vec(0.0f64..1e9, 36),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 36),
    ) {
        // values of the quieter half of the day, or its louder half for falls
        let mut sorted = day.clone();
        sorted.sort_by(f64::total_cmp);
        let half = sorted.len().div_ceil(2);
        for measure in [BALANCER, DATABASE, GATEWAY].into_iter().flatten() {
            let usual = if measure.falls() { &sorted[sorted.len() - half..] } else { &sorted[..half] };
            let values: Vec<f64> = picks.iter().map(|pick| usual[pick.index(usual.len())]).collect();
            prop_assert_eq!(judge(measure, &points(&day, &values), None, &window()), None);
        }
    }

    #[test]
    fn an_anomaly_lies_within_the_window(values in prop::collection::vec(0.0f64..1e12, 0..36)) {
        for measure in [BALANCER, DATABASE, GATEWAY].into_iter().flatten() {
            if let Some(anomaly) = judge(measure, &points(&[50.0], &values), None, &window()) {
                prop_assert!(anomaly.began >= window().metrics_from());
                prop_assert!(anomaly.ended.is_none_or(|at| at > anomaly.began && at <= window().metrics_until()));
                prop_assert!(anomaly.out >= 1 && anomaly.out <= anomaly.of);
            }
        }
    }
}
