//! What the account costs, and what asking for it costs.

use aftermove::inventory::Kind as _;
use aftermove::inventory::costexplorer::{Anomaly, Bill, CostAndUsage, UsageType};
use chrono::{Days, NaiveDate, Utc};
use serde_json::{Value, json};

use crate::faults::{assert_honest, fault, forget_costs, unseen};
use crate::local::{Local, found};

const SERVICE: &str = "EC2 - Other";
const NAT: &str = "EU-NatGateway-Bytes";

fn settled() -> NaiveDate {
    Utc::now().date_naive() - Days::new(2)
}

/// So many settled days of so many dollars, and the last seven at another price.
fn bill(local: &Local, service: &str, usage_type: &str, usual: f64, last_week: f64) {
    let amounts: Vec<f64> = (0..63).map(|day| if day < 56 { usual } else { last_week }).collect();
    let start = settled() - Days::new(62);
    let rows = json!({ "service": service, "usage_type": usage_type, "start": start.to_string(), "amounts": amounts });
    local.tell("costs", &rows);
}

/// What was asked of Cost Explorer since the journal was last emptied.
fn asked(local: &Local) -> Vec<String> {
    let asked = local.journal().into_iter().filter(|request| request.starts_with("ce:")).collect();
    local.forget("journal");
    asked
}

fn spent(report: &Value) -> String {
    format!("{:.2}", report["usage"]["usd"].as_f64().unwrap())
}

const COSTS: [&str; 4] = ["--only", "cost-usage-type-drift", "--state", "state.json"];

#[test]
fn pages_are_joined_and_a_second_run_asks_and_pays_nothing() {
    let local = Local::start();
    bill(&local, SERVICE, NAT, 5.0, 15.0);
    bill(&local, SERVICE, "EU-NatGateway-Hours", 3.24, 3.24);
    local.tell("pages", &json!({ "service": "ce", "operation": "GetCostAndUsage", "size": 50 }));
    local.forget("journal");

    let (first, code) = local.scan(&COSTS);
    assert_eq!(code, 1);
    assert_eq!(found(&first, &["new"]), [format!("cost-usage-type-drift {SERVICE}/{NAT}")]);
    // 126 rows
    let pages = ["ce:GetCostAndUsage"; 3].into_iter().chain(["ce:GetAnomalies"]);
    let mut expected: Vec<&str> = pages.collect();
    let mut requests = asked(&local);
    expected.sort_unstable();
    requests.sort_unstable();
    assert_eq!(
        (requests, spent(&first).as_str()),
        (expected.iter().map(|r| (*r).to_owned()).collect(), "0.04")
    );
    let finding = &first["findings"][0];
    assert_eq!(finding["evidence"]["service"], SERVICE);
    assert_eq!(finding["evidence"]["usage_type"], NAT);
    assert_eq!(finding["evidence"]["to"], settled().to_string());
    assert_eq!(finding["monthly_cost_usd"], 304.17);

    let (second, _) = local.scan(&COSTS);
    assert_eq!((asked(&local), spent(&second).as_str()), (Vec::new(), "0.00"));
    assert_eq!(found(&second, &["open"]), found(&first, &["new"]));
    assert_eq!(second["findings"][0]["evidence"], first["findings"][0]["evidence"]);
    assert!(local.folder.path().join("costs/000000000000.json").is_file());

    // without a state there is nothing to remember it by
    let (stateless, _) = local.scan(&[&COSTS[..2], &["--state", "none"]].concat());
    assert_eq!(spent(&stateless), "0.04");
}

#[test]
fn a_cut_read_keeps_its_pages_judges_nothing_and_goes_on_the_next_time() {
    let local = Local::start();
    bill(&local, SERVICE, NAT, 5.0, 15.0);
    local.tell("pages", &json!({ "service": "ce", "operation": "GetCostAndUsage", "size": 25 }));
    fault(&local, "ce:GetCostAndUsage", "denied", &json!({ "after": 2 }));

    let (cut, code) = local.scan(&COSTS);
    assert_eq!((code, spent(&cut).as_str()), (3, "0.03"));
    assert_eq!(unseen(&cut)[CostAndUsage::TYPE].0, "partial");
    assert!(unseen(&cut)[UsageType::TYPE].1.contains("denied: ce:GetCostAndUsage"));
    assert_eq!(found(&cut, &["new"]), [""; 0], "the latest days are missing");
    assert_eq!(cut["policies"][0]["unknown"], 1);

    local.forget("faults");
    local.forget("journal");
    let (whole, _) = local.scan(&COSTS);
    assert_eq!((asked(&local), spent(&whole).as_str()), (vec!["ce:GetCostAndUsage".to_owned()], "0.01"));
    assert_eq!(found(&whole, &["new"]), [format!("cost-usage-type-drift {SERVICE}/{NAT}")]);
}

#[test]
fn costs_that_may_not_be_read_are_unknown_and_resolve_nothing() {
    let local = Local::start();
    bill(&local, SERVICE, NAT, 5.0, 15.0);
    let (clean, _) = local.scan(&COSTS);
    forget_costs(&local);

    fault(&local, "ce:GetCostAndUsage", "denied", &Value::Null);
    let (denied, code) = local.scan(&COSTS);
    assert_eq!((code, spent(&denied).as_str()), (3, "0.01"), "the anomalies were told");
    assert_honest(&clean, &denied, "denied");
    assert_eq!(found(&denied, &["unknown"]), found(&clean, &["new"]));
    let unseen = unseen(&denied);
    assert_eq!(unseen.into_keys().collect::<Vec<_>>(), [CostAndUsage::TYPE, Bill::TYPE, UsageType::TYPE]);
}

#[test]
fn aws_s_own_detection_is_a_second_opinion_and_its_denial_no_hindrance() {
    let local = Local::start();
    bill(&local, SERVICE, NAT, 5.0, 15.0);
    let cause = json!({ "Service": SERVICE, "UsageType": NAT, "LinkedAccount": "000000000000" });
    let anomaly = json!({
        "AnomalyId": "seen-by-aws", "AnomalyStartDate": (settled() - Days::new(5)).to_string(),
        "RootCauses": [cause], "MonitorArn": "arn:aws:ce::000000000000:anomalymonitor/1",
        "AnomalyScore": { "MaxScore": 0.9, "CurrentScore": 0.9 },
        "Impact": { "MaxImpact": 10, "TotalImpact": 60 },
    });
    let answer =
        json!({ "service": "ce", "operation": "GetAnomalies", "result": { "Anomalies": [anomaly] } });
    local.tell("answers", &answer);
    let (report, _) = local.scan(&COSTS);
    assert_eq!(report["findings"][0]["evidence"]["anomalies"], json!(["seen-by-aws"]));

    forget_costs(&local);
    fault(&local, "ce:GetAnomalies", "denied", &Value::Null);
    let (denied, _) = local.scan(&COSTS);
    assert_eq!(unseen(&denied).into_keys().collect::<Vec<_>>(), [Anomaly::TYPE]);
    assert_eq!(found(&denied, &["open"]), found(&report, &["new"]));
    assert_eq!(denied["findings"][0]["evidence"]["anomalies"], Value::Null);
}

#[test]
fn no_policy_that_judges_costs_asks_for_none() {
    let local = Local::start();
    local.scan(&["--only", "logs-group-no-retention"]);
    assert_eq!(asked(&local), [""; 0]);
}

#[test]
fn one_cause_makes_one_finding() {
    let local = Local::start();
    // a week that rose on one day alone, which makes the week dearer, too
    let mut amounts = vec![5.0; 63];
    amounts[60] = 80.0;
    let start = (settled() - Days::new(62)).to_string();
    local
        .tell("costs", &json!({ "service": SERVICE, "usage_type": NAT, "start": start, "amounts": amounts }));
    let (report, _) = local.scan(&["--only", "cost-spike-day,cost-usage-type-drift,cost-creep"]);
    assert_eq!(found(&report, &["new"]), [format!("cost-spike-day {SERVICE}/{NAT}")]);
    let (alone, _) = local.scan(&["--only", "cost-usage-type-drift"]);
    assert_eq!(found(&alone, &["new"]), [format!("cost-usage-type-drift {SERVICE}/{NAT}")]);
}

#[test]
fn the_resource_is_named_and_not_only_the_line_of_the_bill() {
    let (local, ids) = Local::seeded();
    let (report, _) = local.scan(&["--state", "none"]);
    let of = |policy: &str, usage_type: &str| {
        let findings = report["findings"].as_array().unwrap().iter();
        let mut of = findings.filter(|found| found["policy"] == policy);
        of.find(|found| found["evidence"]["usage_type"] == usage_type).unwrap()
    };
    let bytes = of("cost-usage-type-drift", NAT);
    assert_eq!(bytes["evidence"]["resource"], ids["resources"]["nat-orders"], "{bytes:#}");
    let subnet = ids["resources"]["subnet-orders-a"].as_str().unwrap();
    assert!(bytes["message"].as_str().unwrap().contains(&format!("behind it: {subnet}")), "{bytes:#}");

    let hours = of("cost-usage-type-drift", "EU-NatGateway-Hours");
    assert_eq!(hours["evidence"]["resource"], ids["resources"]["nat-left"], "{hours:#}");

    let balancers = of("cost-usage-type-drift", "EU-LoadBalancerUsage");
    let message = balancers["message"].as_str().unwrap();
    assert!(message.contains("no work"), "{message}");
    let idle = balancers["evidence"]["resource"].as_str().unwrap();
    assert!(["awseb-old-env", "heroku-router-test", "jobs", "staging"].contains(&idle), "{balancers:#}");
    assert_eq!(balancers["evidence"]["resources"].as_array().unwrap().len(), 8);

    let logs = of("cost-creep", "EU-DataProcessing-Bytes");
    assert_eq!(logs["evidence"]["resource"], "/ecs/orders", "{logs:#}");
}

#[test]
fn what_is_idle_is_priced_by_the_account_s_own_bill() {
    let (local, _) = Local::seeded();
    let monthly = |arguments: &[&str]| {
        let (report, _) = local.scan(arguments);
        let findings = report["findings"].as_array().unwrap().iter();
        let mut idle = findings.filter(|found| found["policy"] == "ec2-nat-gateway-idle");
        idle.next().unwrap()["monthly_cost_usd"].as_f64().unwrap()
    };
    // without the bill at the list price of us-east-1, an address included
    let listed = monthly(&["--only", "ec2-nat-gateway-idle"]);
    let billed = monthly(&["--only", "ec2-nat-gateway-idle,cost-usage-type-drift"]);
    assert_eq!((listed, billed), (36.5, 38.69));
}

#[test]
fn what_cannot_be_kept_is_paid_again_and_that_is_said() {
    let local = Local::start();
    bill(&local, SERVICE, NAT, 5.0, 15.0);
    local.write("costs", "a file where a folder is wanted");
    let output = local.aftermove(&[&["scan"], &COSTS[..]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for says in ["Cost Explorer is asked and paid again", "The next run asks and pays Cost Explorer again"] {
        assert!(words.contains(says), "{text}");
    }
    assert!(words.contains(NAT), "the scan goes on: {text}");
}
