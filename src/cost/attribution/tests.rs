use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::cost::{apply, tell};
use crate::inventory::costexplorer::{CostAndUsage, CostDay};
use crate::inventory::ec2::NatGateway;
use crate::inventory::elasticloadbalancingv2::LoadBalancer as LoadBalancerType;
use crate::inventory::metrics::{Point, Series as MetricSeries};
use crate::inventory::{Coverage, CoverageStatus, Inventory, Kind as _, Resource, TYPES};

const REGION: &str = "eu-west-1";

fn settled() -> NaiveDate {
    "2026-11-24".parse().unwrap()
}

/// Five weeks of daily dollars, and in the last one at another price; a unit costs as much as said.
fn bill(usage_type: &str, daily: f64, last_week: f64, a_unit: f64) -> Resource {
    let day = |day: u64| {
        let usd = if day < 35 { daily } else { last_week };
        CostDay {
            date: settled() - Days::new(41 - day),
            usd: format!("{usd:.6}"),
            quantity: format!("{:.6}", usd / a_unit),
        }
    };
    let id = format!("A service/{usage_type}");
    CostAndUsage {
        meta: Meta { id, account: "1".to_owned(), ..Meta::default() },
        service: "A service".to_owned(),
        usage_type: usage_type.to_owned(),
        unit: None,
        from: settled() - Days::new(41),
        to: settled(),
        days: (0..42).map(day).collect(),
    }
    .into()
}

fn resources(type_name: &str, all: &Value) -> Vec<Resource> {
    let all = all.as_array().unwrap().iter();
    all.map(|one| Resource::from_json(type_name, one.clone()).unwrap().unwrap()).collect()
}

fn complete(name: &str) -> Coverage {
    Coverage { resource_type: name.to_owned(), status: CoverageStatus::Complete, detail: String::new() }
}

/// A region, and the account with its bill.
fn scopes(bill: Vec<Resource>, here: Vec<Resource>) -> Vec<Scope> {
    let scope = |region: &str, resources| Scope {
        account: "1".to_owned(),
        region: region.to_owned(),
        resources,
        coverage: TYPES.iter().map(|name| complete(name)).collect(),
        ..Scope::default()
    };
    let mut global = scope(GLOBAL, bill);
    apply(&mut global);
    vec![scope(REGION, here), global]
}

/// Answers what is asked of each resource with so much a day in the weeks before and in the last.
fn answer(scopes: &mut [Scope], daily: impl Fn(&Query) -> Option<(f64, f64)>) {
    for query in queries(Some(&scopes[1]), &scopes[0]) {
        let Some((before, last)) = daily(&query) else { continue };
        let points = (0..35)
            .map(|day| Point {
                at: query.start + TimeDelta::days(day),
                value: if day < 28 { before } else { last },
            })
            .collect();
        scopes[0].series.insert(query.key(), MetricSeries { points, incomplete: None });
    }
    attribute(scopes);
}

fn of(scopes: &[Scope]) -> &UsageType {
    scopes[1].all::<UsageType>().next().unwrap()
}

fn names(of: &UsageType) -> Vec<(&str, f64)> {
    of.shares.iter().flatten().map(|share| (&*share.name, share.week_usd)).collect()
}

fn gateways() -> Vec<Resource> {
    let gateway = |id: &str| json!({ "id": id, "name": id, "region": REGION, "state": "available", "routed_subnet_ids": [format!("subnet-{id}")] });
    let mut regional = gateway("both");
    regional["availability_zones"] = json!(["a", "b"]);
    resources(NatGateway::TYPE, &json!([gateway("main"), gateway("small"), regional]))
}

const NAT: &str = "EU-NatGateway-Bytes";

#[test]
fn bytes_belong_to_the_gateways_that_carried_them_and_the_one_that_grew_is_the_suspect() {
    // 10 GB a day, and 100 in the last week
    let mut scopes = scopes(vec![bill(NAT, 0.5, 5.0, 0.05)], gateways());
    answer(&mut scopes, |query| match &*query.dimensions["NatGatewayId"] {
        "main" => Some((2e9, 44e9)),
        "small" => Some((1e9, 1e9)),
        // in each zone and direction
        _ => Some((1e9, 2.5e9)),
    });
    let of = of(&scopes);
    assert_eq!(names(of), [("main", 30.8), ("both", 3.5), ("small", 0.7)]);
    let suspect = of.suspect.as_ref().unwrap();
    assert_eq!(suspect.id, "main");
    assert_eq!(suspect.because, "it has $30.80 of the week, $29.40 more than usual; behind it: subnet-main");
}

#[test]
fn what_no_resource_carried_stays_over_and_all_adds_up() {
    let mut scopes = scopes(vec![bill(NAT, 0.5, 5.0, 0.05)], gateways());
    answer(&mut scopes, |query| (query.dimensions["NatGatewayId"] == "main").then_some((0.0, 25e9)));
    // of the others nothing is known
    assert_eq!(names(of(&scopes)), [("main", 17.5)]);
    let taken_at = "2026-11-26T03:00:00Z".parse().unwrap();
    let costs = tell(&Inventory { version: 1, taken_at, scopes }).pop().unwrap().1;
    let driver = &costs.drivers[0];
    assert_eq!(driver.unattributed_usd, Decimal::new(175, 1));
    assert_eq!(driver.shares[0].resource_type, NatGateway::TYPE);
    assert_eq!(driver.shares[0].behind, ["subnet-main"]);
}

#[test]
fn more_bytes_than_were_billed_are_scaled_to_the_bill() {
    let mut scopes = scopes(vec![bill(NAT, 0.5, 5.0, 0.05)], gateways());
    answer(&mut scopes, |query| match &*query.dimensions["NatGatewayId"] {
        "main" => Some((0.0, 150e9)),
        _ => Some((0.0, 25e9)),
    });
    let sum: f64 = names(of(&scopes)).iter().map(|(_, usd)| usd).sum();
    assert!((sum - 35.0).abs() < 1e-4 && sum <= 35.0, "{sum}");
}

#[test]
fn of_load_balancers_those_without_work_come_first() {
    let balancer = |name: &str, created: &str| json!({ "id": name, "name": name, "region": REGION, "type": "application", "metric_dimension": format!("app/{name}/1"), "created_at": created });
    let old = "2026-09-01T00:00:00Z";
    let here = json!([
        balancer("web", old),
        balancer("left", old),
        balancer("redirects", old),
        balancer("new", "2026-11-21T00:00:00Z")
    ]);
    let mut scopes = scopes(
        vec![bill("EU-LoadBalancerUsage", 1.2096, 2.2, 0.0252)],
        resources(LoadBalancerType::TYPE, &here),
    );
    answer(&mut scopes, |query| {
        let name = query.dimensions["LoadBalancer"].split('/').nth(1).unwrap();
        Some(match (name, &*query.metric) {
            ("web", "RequestCount") | ("redirects", "HTTP_Redirect_Count") => (100.0, 100.0),
            _ => (0.0, 0.0),
        })
    });
    let of = of(&scopes);
    let order: Vec<&str> = names(of).into_iter().map(|(name, _)| name).collect();
    assert_eq!(order, ["left", "redirects", "web", "new"]);
    let suspect = of.suspect.as_ref().unwrap();
    assert_eq!(suspect.id, "left");
    assert!(suspect.because.ends_with(" of the week and no work"), "{suspect:?}");
}

#[test]
fn databases_are_told_by_class_and_zones_and_stopped_ones_cost_no_hours() {
    let database = |name: &str, class: &str, multi_az: bool, status: &str| json!({ "id": name, "name": name, "region": REGION, "db_instance_class": class, "multi_az": multi_az, "db_instance_status": status });
    let here = json!([
        database("orders", "db.m6g.large", true, "available"),
        database("reports", "db.m6g.large", false, "available"),
        database("old", "db.m6g.large", false, "stopped"),
        database("small", "db.t4g.small", false, "available")
    ]);
    let mut scopes = scopes(
        vec![bill("EU-InstanceUsage:db.m6g.large", 4.272, 4.272, 0.178)],
        resources("AWS::RDS::DBInstance", &here),
    );
    attribute(&mut scopes);
    assert_eq!(names(of(&scopes)), [("reports", 29.904)]);
}

#[test]
fn where_the_resources_were_not_read_nothing_is_said_and_nothing_asked() {
    let mut scopes = scopes(vec![bill(NAT, 0.5, 5.0, 0.05)], Vec::new());
    scopes[0].coverage.retain(|row| row.resource_type != NatGateway::TYPE);
    answer(&mut scopes, |_| None);
    assert_eq!((&of(&scopes).shares, &of(&scopes).suspect), (&None, &None));
    assert!(queries(Some(&scopes[1]), &scopes[0]).is_empty());
}

#[test]
fn cloudwatch_is_asked_only_of_what_moved() {
    let still = scopes(vec![bill(NAT, 5.0, 5.0, 0.05)], gateways());
    assert!(queries(Some(&still[1]), &still[0]).is_empty());
    let moved = scopes(vec![bill(NAT, 0.5, 5.0, 0.05)], gateways());
    // two directions, of a regional gateway in two zones
    assert_eq!(queries(Some(&moved[1]), &moved[0]).len(), 8);
    let elsewhere = Scope { region: "us-east-1".to_owned(), ..moved[0].clone() };
    assert!(queries(Some(&moved[1]), &elsewhere).is_empty());
}

proptest! {
    #[test]
    fn shares_never_exceed_the_week_and_with_the_rest_make_it(
        last in 2.0f64..5000.0,
        bytes in prop::collection::vec(0.0f64..1e13, 3),
    ) {
        let mut scopes = scopes(vec![bill(NAT, 0.5, last, 0.05)], gateways());
        answer(&mut scopes, |query| {
            let place = ["main", "small", "both"].iter().position(|id| *id == query.dimensions["NatGatewayId"]);
            Some((0.0, bytes[place.unwrap()]))
        });
        let taken_at = "2026-11-26T03:00:00Z".parse().unwrap();
        let costs = tell(&Inventory { version: 1, taken_at, scopes }).pop().unwrap().1;
        let driver = &costs.drivers[0];
        let shared: Decimal = driver.shares.iter().map(|share| share.week_usd).sum();
        prop_assert!(driver.unattributed_usd >= Decimal::ZERO);
        prop_assert_eq!(shared + driver.unattributed_usd, driver.line.week_usd);
    }
}
