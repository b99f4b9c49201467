use chrono::Days;
use proptest::prelude::*;

use super::*;
use crate::cost::apply;
use crate::inventory::budgets::Budget;
use crate::inventory::costexplorer::{Anomaly, Bill, CostAndUsage, CostDay, RootCause};
use crate::inventory::{Coverage, CoverageStatus, GLOBAL, Kind as _};

const NAT: &str = "EU-NatGateway-Bytes";
const HOURS: &str = "EU-NatGateway-Hours";

fn settled() -> NaiveDate {
    "2026-11-24".parse().unwrap()
}

/// The daily dollars of each usage type, up to the settled day.
fn scope(series: &[(&str, Vec<f64>)]) -> Scope {
    let raw = series.iter().map(|(usage_type, usd)| {
        let from = settled() - Days::new(usd.len() as u64) + Days::new(1);
        CostAndUsage {
            meta: Meta {
                id: format!("EC2 - Other/{usage_type}"),
                account: "1".to_owned(),
                ..Meta::default()
            },
            service: "EC2 - Other".to_owned(),
            usage_type: (*usage_type).to_owned(),
            unit: None,
            from,
            to: settled(),
            days: (0u64..)
                .zip(usd)
                .map(|(day, usd)| CostDay {
                    date: from + Days::new(day),
                    usd: usd.to_string(),
                    quantity: "1".to_owned(),
                })
                .collect(),
        }
        .into()
    });
    let read = |name: &str| Coverage {
        resource_type: name.to_owned(),
        status: CoverageStatus::Complete,
        detail: String::new(),
    };
    let mut scope = Scope {
        account: "1".to_owned(),
        region: GLOBAL.to_owned(),
        resources: raw.collect(),
        coverage: [CostAndUsage::TYPE, Anomaly::TYPE, Budget::TYPE].map(read).into(),
        ..Scope::default()
    };
    apply(&mut scope);
    scope
}

fn told(series: &[(&str, Vec<f64>)]) -> Costs {
    let taken_at = "2026-11-26T03:00:00Z".parse().unwrap();
    tell(&Inventory { version: 1, taken_at, scopes: vec![scope(series)] }).pop().unwrap().1
}

fn usd(amount: f64) -> Decimal {
    money(amount)
}

#[test]
fn what_moved_most_comes_first_and_all_adds_up() {
    let mut bytes = vec![1.0; 63];
    bytes[60] = 29.0;
    let costs = told(&[(HOURS, vec![3.24; 63]), (NAT, bytes)]);
    assert_eq!(costs.settled, settled());
    let names: Vec<&str> = costs.drivers.iter().map(|driver| &*driver.usage_type).collect();
    assert_eq!(names, [NAT, HOURS]);
    let nat = &costs.drivers[0];
    assert_eq!(nat.title, "NAT gateway data processed");
    assert_eq!(nat.line.change_usd(), Some(usd(28.0)));
    assert_eq!((nat.line.week_usd, nat.unattributed_usd), (usd(35.0), usd(35.0)));
    assert_eq!(costs.total.week_usd, usd(35.0 + 7.0 * 3.24));
    assert_eq!(costs.total.days.len(), 63);
    let (low, high) = nat.line.days[60].usual.unwrap();
    assert!(low <= usd(1.0) && high < usd(29.0));
    assert_eq!(nat.line.days[3].usual, None, "three days tell nothing");
}

#[test]
fn days_of_a_finding_are_marked_in_its_line_and_the_total() {
    let mut costs = told(&[(HOURS, vec![3.24; 63]), (NAT, vec![1.0; 63])]);
    costs.mark("EC2 - Other", NAT, settled(), settled());
    let marked = |line: &Line| line.days.iter().filter(|day| day.marked).count();
    let of = |usage_type: &str| costs.drivers.iter().find(|driver| driver.usage_type == usage_type).unwrap();
    assert_eq!((marked(&costs.total), marked(&of(NAT).line), marked(&of(HOURS).line)), (1, 1, 0));
}

#[test]
fn an_account_of_which_no_costs_were_read_tells_none() {
    let mut unread = scope(&[]);
    assert_eq!(of_account(&unread), None);
    unread.coverage.clear();
    apply(&mut unread);
    assert!(unread.coverage.is_empty());
}

#[test]
fn of_a_bill_that_was_cut_nothing_is_judged_or_told() {
    let mut cut = scope(&[(NAT, vec![2.0; 63])]);
    cut.coverage[0].status = CoverageStatus::Partial;
    apply(&mut cut);
    assert_eq!((cut.all::<UsageType>().count(), cut.all::<Bill>().count()), (0, 0));
    assert_eq!(cut.coverage_of(UsageType::TYPE).unwrap().status, CoverageStatus::Partial);
    assert_eq!(of_account(&cut), None);
}

#[test]
fn the_bill_knows_its_month_and_its_budgets() {
    let mut scope = scope(&[(HOURS, vec![2.0; 15])]);
    let bill = scope.all::<Bill>().next().unwrap();
    assert_eq!((bill.days, bill.week_usd, bill.month_usd), (15, 14.0, 60.0));
    assert_eq!(bill.budgets, Some(Vec::new()));
    scope.coverage.retain(|row| row.resource_type != Budget::TYPE);
    apply(&mut scope);
    assert_eq!(scope.all::<Bill>().next().unwrap().budgets, None);
    assert_eq!(scope.all::<Bill>().count(), 1, "a second time replaces the first");
}

#[test]
fn anomalies_belong_to_the_usage_type_that_they_name_and_the_week_that_they_touch() {
    let mut scope = scope(&[(NAT, vec![2.0; 63]), (HOURS, vec![2.0; 63])]);
    let anomaly = |id: &str, from: u64, to: u64, usage_type: &str| Anomaly {
        meta: Meta { id: id.to_owned(), ..Meta::default() },
        anomaly_start_date: Some(settled() - Days::new(from)),
        anomaly_end_date: Some(settled() - Days::new(to)),
        root_causes: vec![RootCause { usage_type: Some(usage_type.to_owned()), ..RootCause::default() }],
        total_impact: 12.0,
    };
    scope.resources.push(anomaly("now", 10, 6, NAT).into());
    scope.resources.push(anomaly("past", 20, 7, NAT).into());
    apply(&mut scope);
    let ids = |usage_type: &str| -> Vec<String> {
        let of = scope.all::<UsageType>().find(|of| of.usage_type == usage_type).unwrap();
        of.anomalies.iter().flatten().map(|anomaly| anomaly.id.clone()).collect()
    };
    assert_eq!((ids(NAT), ids(HOURS)), (vec!["now".to_owned()], Vec::new()));
}

proptest! {
    #[test]
    fn drivers_add_up_to_the_total(
        a in prop::collection::vec(-5.0f64..500.0, 1..84),
        b in prop::collection::vec(0.0f64..500.0, 1..84),
    ) {
        let costs = told(&[(NAT, a), (HOURS, b)]);
        let sum: Decimal = costs.drivers.iter().map(|driver| driver.line.week_usd).sum();
        prop_assert_eq!(sum, costs.total.week_usd);
        for driver in &costs.drivers {
            let shared: Decimal = driver.shares.iter().map(|share| share.week_usd).sum();
            prop_assert_eq!(shared + driver.unattributed_usd, driver.line.week_usd);
        }
    }
}
