//! `aftermove review`: how the first days went.

use std::process::Command;

use serde_json::{Value, json};

use crate::local::{Local, root};

/// The seeded account, a week on.
fn after_a_week() -> Local {
    let (local, _) = Local::seeded();
    let seeded =
        local.environment(Command::new(root().join("localstack/review"))).arg("--seed").output().unwrap();
    assert!(seeded.status.success(), "{}", String::from_utf8_lossy(&seeded.stderr));
    local
}

/// The report and the exit code.
fn review(local: &Local, arguments: &[&str]) -> (Value, i32) {
    let output = local.aftermove(&[&["review", "--format", "json"], arguments].concat());
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no report: {}", String::from_utf8_lossy(&output.stderr)));
    (report, output.status.code().unwrap())
}

fn named<'r>(items: &'r Value, name: &str) -> &'r Value {
    let own = |item: &&Value| item["name"] == name || item["resource"]["id"] == name;
    items.as_array().unwrap().iter().find(own).unwrap_or_else(|| panic!("no {name} in {items:#}"))
}

#[test]
fn the_seeded_week_is_told_part_by_part() {
    let local = after_a_week();
    let (report, code) = review(&local, &["--since", "7d"]);
    assert_eq!(code, 1);
    assert_eq!(report["run"]["trigger"], "review");
    assert_eq!(report["run"]["complete"], json!(true), "{:#}", report["coverage"]);
    let review = &report["review"];

    let incidents: Vec<&str> = review["incidents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|incident| incident["resources"][0].as_str().unwrap())
        .collect();
    // the alarm, the failed deployment beside it, then the failover; web-latency only flickers
    assert_eq!(incidents[0], "load balancer web", "{:#}", review["incidents"]);
    assert!(incidents.contains(&"DB instance orders-production"), "{incidents:?}");
    let worst = review["incidents"][0]["symptoms"].to_string();
    assert!(
        worst.contains("web-5xx was in ALARM for 30 minutes") && worst.contains("tasks failed to start"),
        "{worst}"
    );
    assert!(review["flickers"].as_u64().unwrap() > 30);

    let web = named(&review["deployments"]["services"], "web");
    assert_eq!((&web["failed"], &web["rolled_back"]), (&json!(1), &json!(1)), "{web:#}");
    assert_eq!(web["median_seconds"], json!(360), "{web:#}");

    let loudest = &review["noise"][0];
    assert_eq!(
        (&loudest["name"], &loudest["verdict"]),
        (&json!("web-latency"), &json!("loud")),
        "{loudest:#}"
    );

    let orders = named(&review["databases"], "orders-production");
    assert_eq!(orders["source"], "performance_insights");
    let queries = orders["queries"].as_array().unwrap();
    assert_eq!(queries.len(), 5);
    assert!(
        queries[0]["statement"].as_str().unwrap().starts_with("SELECT * FROM orders WHERE customer_id = ?")
    );
    assert!((queries[0]["load"].as_f64().unwrap() - 2.2).abs() < 1e-9);
    assert!((queries[0]["share"].as_f64().unwrap() - 2.2 / 3.6).abs() < 1e-9, "{}", queries[0]);

    let reports = named(&review["databases"], "reports");
    assert_eq!((&reports["source"], &reports["queries"][0]["calls"]), (&json!("slow_log"), &json!(6)));
    assert_eq!(reports["queries"][0]["statement"], "SELECT * FROM visits WHERE mail = ?");
    assert!(!report.to_string().contains("@example.com'"), "no value leaves the log");

    let web = named(&review["databases"], "web-production-db");
    assert_eq!(web["source"], "off");
    assert!(web["enable"].to_string().contains("log_min_duration_statement"), "{web:#}");
    assert!(web["enable"].to_string().contains("--enable-performance-insights"), "{web:#}");
}

#[test]
fn the_text_tells_the_week_before_the_findings() {
    let local = after_a_week();
    let output = local.aftermove(&["review", "--since", "7d"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("First week: "), "{text}");
    let place = |words: &str| text.find(words).unwrap_or_else(|| panic!("no {words:?} in:\n{text}"));
    let parts = ["INCIDENTS", "SLOW STATEMENTS", "DEPLOYMENTS", "ALARMS, THE LOUDEST", "COSTS", "CRITICAL"];
    assert!(parts.map(place).is_sorted(), "{text}");
}

#[test]
fn the_cutover_is_where_it_begins() {
    let (local, _) = Local::seeded();
    let cutover = (chrono::Utc::now() - chrono::TimeDelta::days(3)).date_naive();
    local.write(
        "moved.yaml",
        &format!("version: 1\nmigration: {{ cutover: {cutover}, expected_monthly_usd: 900 }}\n"),
    );
    let (report, _) = review(&local, &["--config", "moved.yaml", "--only", "logs-group-no-retention"]);
    assert_eq!(report["review"]["since"], format!("{cutover}T00:00:00Z"));
    assert_eq!(report["review"]["costs"]["expected_monthly_usd"], json!(900.0));
}

#[test]
fn what_cannot_be_read_is_said() {
    let local = after_a_week();
    for (service, operation) in
        [("pi", "*"), ("logs", "FilterLogEvents"), ("cloudwatch", "DescribeAlarmHistory")]
    {
        local.tell("faults", &json!({ "service": service, "operation": operation, "kind": "denied" }));
    }
    let (report, _) = review(&local, &["--since", "7d", "--only", "logs-group-no-retention"]);
    let review = &report["review"];
    assert_eq!(named(&review["databases"], "orders-production")["source"], "unread");
    assert_eq!(named(&review["databases"], "web-production-db")["source"], "off", "that needs no call");
    let missing = review["missing"].to_string();
    for says in [
        "Slow statements of 000000000000 eu-west-1: denied",
        "Alarms' changes of state of 000000000000 eu-west-1: denied",
    ] {
        assert!(missing.contains(says), "{missing}");
    }
    assert_eq!(report["run"]["complete"], json!(false));
}

#[test]
fn a_scan_reads_no_statements() {
    let (local, _) = Local::seeded();
    let (report, _) = local.scan(&["--only", "rds-single-az-production"]);
    assert_eq!(report.get("review"), None);
    let asked = local.journal();
    assert!(!asked.iter().any(|call| call.starts_with("pi:") || call == "logs:FilterLogEvents"), "{asked:?}");
}

#[test]
fn a_bad_day_is_refused_with_the_remedy_before_any_call() {
    let local = Local::start();
    for (since, says) in [
        ("last monday", "write a day such as 2026-11-19"),
        ("2026-13-01", "write a day such as"),
        ("31d", "30d is the most"),
        ("2020-01-01", "30d is the most"),
        ("2999-01-01", "yet to come"),
    ] {
        let output = local.aftermove(&["review", "--since", since]);
        assert_eq!(output.status.code(), Some(2));
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(says), "{error}");
    }
    assert_eq!(local.journal(), [""; 0]);
}
