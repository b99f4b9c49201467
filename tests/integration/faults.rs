//! AWS at its worst: each fault is told with its reason, stops nothing else and resolves nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use aftermove::collect::{COLLECTORS, DETAILS, METRIC_ACTIONS};
use aftermove::inventory::Kind as _;
use aftermove::inventory::account::Account;
use aftermove::inventory::cloudtrail::{Actor, Change, Event, Trail};
use aftermove::inventory::costexplorer::{Bill, CostAndUsage, UsageType};
use aftermove::inventory::rds::SlowQueries;
use serde_json::{Value, json};

use crate::local::{Local, found};

const METRICS: &str = "AWS::CloudWatch::Metric";
pub(crate) const EVENTS: &str = Event::TYPE;

/// Every action of the policy that `aftermove iam` prints.
fn actions(local: &Local) -> Vec<String> {
    let document: Value = serde_json::from_slice(&local.aftermove(&["iam"]).stdout).unwrap();
    let statements = document["Statement"].as_array().unwrap();
    let actions = statements.iter().flat_map(|s| s["Action"].as_array().unwrap());
    actions.map(|action| action.as_str().unwrap().to_owned()).collect()
}

/// The coverage rows of everything that is read with one of the actions.
fn read_with(actions: &[&str]) -> BTreeSet<&'static str> {
    let uses = |theirs: &[&str]| theirs.iter().any(|action| actions.contains(action));
    let types = COLLECTORS.iter().filter(|row| uses(row.actions)).map(|row| row.resource_type);
    let details = DETAILS.iter().filter(|row| uses(row.actions)).map(|row| row.coverage);
    let metrics = uses(METRIC_ACTIONS).then_some(METRICS);
    let mut rows: BTreeSet<&str> = types.chain(details).chain(metrics).collect();
    if rows.contains(EVENTS) {
        // changes are made of events
        rows.extend([Change::TYPE, Actor::TYPE]);
    }
    if rows.contains(CostAndUsage::TYPE) {
        // what is usual, of costs
        rows.extend([UsageType::TYPE, Bill::TYPE]);
    }
    if rows.contains(Trail::TYPE) {
        // and the account of the trails of its regions
        rows.insert(Account::TYPE);
    }
    rows
}

/// What was not seen, by type: status and detail.
pub(crate) fn unseen(report: &Value) -> BTreeMap<&str, (&str, &str)> {
    let rows = report["coverage"].as_array().unwrap().iter();
    rows.filter(|row| row["status"] != "complete")
        .map(|row| {
            let of = |key: &str| row[key].as_str().unwrap();
            (of("type"), (of("status"), of("detail")))
        })
        .collect()
}

pub(crate) fn fault(local: &Local, action: &str, kind: &str, more: &Value) {
    // what IAM gathers under one name has several operations
    let action = if action == "budgets:ViewBudget" { "budgets:*" } else { action };
    let (service, operation) = action.split_once(':').unwrap();
    let mut body = json!({ "service": service, "operation": operation, "kind": kind });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
    local.tell("faults", &body);
}

/// So that Cost Explorer is asked again.
pub(crate) fn forget_costs(local: &Local) {
    let _ = std::fs::remove_dir_all(local.folder.path().join("costs"));
}

fn identities(report: &Value) -> BTreeSet<&str> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|f| f["id"].as_str().unwrap()).collect()
}

fn counts<'r>(report: &'r Value, count: &str) -> BTreeMap<&'r str, u64> {
    let policies = report["policies"].as_array().unwrap();
    policies.iter().map(|p| (p["id"].as_str().unwrap(), p[count].as_u64().unwrap())).collect()
}

/// Nothing is lost, nothing is added, nothing passes that did not pass when all was seen.
pub(crate) fn assert_honest(clean: &Value, report: &Value, about: &str) {
    assert_eq!(report["run"]["complete"], false, "{about}");
    let known = identities(clean);
    for finding in report["findings"].as_array().unwrap() {
        assert!(known.contains(finding["id"].as_str().unwrap()), "{about}: {finding:#}");
    }
    assert_eq!(identities(report), known, "{about}");
    for finding in report["findings"].as_array().unwrap() {
        let status = finding["status"].as_str().unwrap();
        assert!(["open", "unknown"].contains(&status), "{about}: {finding:#}");
        if status == "unknown" {
            let why = finding["evidence"]["unknown_because"].as_str().unwrap();
            assert!(!why.is_empty(), "{about}: {finding:#}");
        }
    }
    let passed = counts(clean, "pass");
    for (policy, pass) in counts(report, "pass") {
        assert!(pass <= passed[policy], "{about}: {policy} passes {pass} resources");
    }
}

#[test]
fn any_one_denied_action_is_named_and_resolves_nothing() {
    // what only an incident or a review reads is no scan's
    let on_demand = [BTreeSet::from(["AWS::RDS::Event"]), BTreeSet::from([SlowQueries::COVERAGE])];
    let mut all = actions(&Local::start());
    all.retain(|action| !on_demand.contains(&read_with(&[action])));
    // side by side, since each scan mostly waits for its turn with CloudTrail
    let wrong: Vec<String> = std::thread::scope(|threads| {
        let parts: Vec<_> =
            all.chunks(all.len().div_ceil(6)).map(|part| threads.spawn(|| deny_each(part))).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Denies one action after the other in an account of its own, and tells what is not as it should be.
fn deny_each(actions: &[String]) -> Vec<String> {
    let (local, _) = Local::seeded();
    local.write("everywhere.yaml", "version: 1\nregions: all\n");
    local.write("all.yaml", "version: 1\npacks: [essential, recommended, strict]\n");
    let common = ["--state", "state.json", "--fail-on", "critical"];
    let arguments = [&["--config", "all.yaml"][..], &common].concat();
    let (clean, code) = local.scan(&arguments);
    assert_eq!((code, &clean["run"]["complete"]), (1, &json!(true)));
    let explained = explanations(&local, &clean);
    let mut wrong = Vec::new();
    let mut expect = |right: bool, what: String| {
        if !right {
            wrong.push(what);
        }
    };

    for action in actions {
        fault(&local, action, "denied", &Value::Null);
        forget_costs(&local);
        let rows = read_with(&[action]);
        if rows.is_empty() {
            // what the whole run stands on
            let before = std::fs::read(local.folder.path().join("state.json")).unwrap();
            let output = local.aftermove(&[&["scan", "--config", "everywhere.yaml"][..], &common].concat());
            let error = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{action}: {error}");
            assert!(error.contains(&format!("denied: {action}")), "{action}: {error}");
            assert!(output.stdout.is_empty(), "{action}");
            assert!(std::fs::read(local.folder.path().join("state.json")).unwrap() == before);
        } else {
            let (report, code) = local.scan(&arguments);
            let unseen = unseen(&report);
            let seen_rows = unseen.keys().copied().collect::<BTreeSet<_>>();
            expect(seen_rows == rows, format!("{action}: {seen_rows:?} are not complete, not {rows:?}"));
            for (name, (status, detail)) in unseen {
                let named = detail.contains(&format!("denied: {action}"));
                expect(
                    named && ["denied", "partial"].contains(&status),
                    format!("{name}: {status}: {detail}"),
                );
            }
            assert_honest(&clean, &report, action);
            let grave = report["findings"]
                .as_array()
                .unwrap()
                .iter()
                .any(|finding| finding["status"] == "open" && finding["severity"] == "critical");
            expect(code == if grave { 1 } else { 3 }, format!("{action}: exit code {code}"));
            for (policy, unknown) in counts(&report, "unknown") {
                let beside = BESIDE.contains(&(policy, action)) || only_compared(policy, action);
                let rests = explained[policy].contains(action) && !beside;
                expect((unknown > 0) == rests, format!("(\"{policy}\", \"{action}\"): {unknown} unknown"));
            }
        }
        local.forget("faults");
    }

    let (report, _) = local.scan(&arguments);
    assert_eq!(found(&report, &["open"]), found(&clean, &["new"]), "{:#}", report["findings"]);
    wrong
}

/// Whether a policy on changes reads it only to see whether they still stand: they are told either way.
fn only_compared(policy: &str, action: &str) -> bool {
    let of_changes = [
        "cloudtrail-change-uncaptured-for-days",
        "cloudtrail-console-change",
        "cloudtrail-owned-resource-edited",
        "cloudtrail-unexplained-change",
    ];
    let owner =
        (policy, action) == ("cloudtrail-owned-resource-edited", "cloudformation:DescribeStackResources");
    of_changes.contains(&policy) && action != "cloudtrail:LookupEvents" && !owner
}

/// Where a policy names what it reads beside what it judges: its verdict stands without.
const BESIDE: &[(&str, &str)] = &[
    ("cost-spike-day", "ce:GetAnomalies"),
    ("cost-usage-type-drift", "ce:GetAnomalies"),
    // an alarm that covers the tasks covers them whether their cluster has Container Insights or not
    ("ecs-service-no-alarm", "ecs:DescribeClusters"),
    ("ecs-service-overprovisioned", "scheduler:GetSchedule"),
    ("ecs-service-overprovisioned", "scheduler:ListSchedules"),
    ("ecs-service-unstable", "ecs:DescribeTasks"),
    ("ecs-service-unstable", "ecs:ListTasks"),
    ("cloudwatch-alarm-stuck", "ec2:DescribeInstances"),
    ("cloudwatch-alarm-stuck", "ec2:DescribeVolumes"),
    ("cloudwatch-alarm-stuck", "elasticloadbalancing:DescribeTargetGroups"),
    ("logs-group-orphaned", "rds:DescribeDBClusters"),
    ("ec2-instance-stopped-with-volumes", "ec2:DescribeAddresses"),
    ("ec2-nat-gateway-idle", "ec2:DescribeRouteTables"),
    ("ec2-nat-gateway-idle", "ec2:DescribeSubnets"),
    ("ec2-volume-unattached", "ec2:DescribeSnapshots"),
    ("vpc-no-gateway-endpoint", "cloudwatch:GetMetricData"),
    ("vpc-no-gateway-endpoint", "ec2:DescribeNatGateways"),
    ("ec2-nat-gateway-traffic-spike", "ec2:DescribeRouteTables"),
    ("ec2-nat-gateway-traffic-spike", "ec2:DescribeSubnets"),
    // where nobody said when the cutover was, there is nothing to judge
    ("route53-record-cutover-ttl", "route53:ListResourceRecordSets"),
    ("ec2-security-group-open", "elasticloadbalancing:DescribeListeners"),
    ("ec2-security-group-open", "elasticloadbalancing:DescribeLoadBalancers"),
    ("ec2-security-group-open", "elasticloadbalancing:DescribeTags"),
    ("elbv2-load-balancer-idle", "elasticloadbalancing:DescribeTargetGroups"),
    ("elbv2-load-balancer-idle", "elasticloadbalancing:DescribeTargetHealth"),
    ("rds-never-restored", "backup:ListRestoreTestingPlans"),
    ("rds-never-restored", "backup:ListRestoreTestingSelections"),
    ("rds-instance-exposed", "cloudtrail:LookupEvents"),
    ("rds-instance-exposed", "ec2:DescribeManagedPrefixLists"),
    ("rds-instance-exposed", "ec2:GetManagedPrefixListEntries"),
    ("rds-instance-no-alarm", "rds:DescribeDBClusters"),
    ("rds-instance-oversized", "rds:DescribeDBClusters"),
    ("rds-instance-public", "ec2:DescribeManagedPrefixLists"),
    ("rds-instance-public", "ec2:GetManagedPrefixListEntries"),
];

/// What `policy explain` says of each policy, the actions that it reads with among it.
fn explanations(local: &Local, report: &Value) -> BTreeMap<String, String> {
    let explain = |policy: &str| {
        let output = local.aftermove(&["policy", "explain", policy]);
        (policy.to_owned(), String::from_utf8(output.stdout).unwrap())
    };
    counts(report, "unknown").into_keys().map(explain).collect()
}

#[test]
fn where_everything_is_denied_nothing_is_judged() {
    let (local, _) = Local::seeded();
    let (clean, _) = local.scan(&["--state", "state.json"]);
    // but who one is, which is no verdict
    let actions = actions(&local).into_iter().filter(|action| !action.starts_with("sts:"));
    let services: BTreeSet<String> =
        actions.filter_map(|action| Some(action.split_once(':')?.0.to_owned())).collect();
    for service in services {
        fault(&local, &format!("{service}:*"), "denied", &Value::Null);
    }
    forget_costs(&local);
    let (report, code) = local.scan(&["--state", "state.json", "--fail-on", "info"]);
    assert_eq!(code, 3);
    assert_honest(&clean, &report, "all denied");
    assert_eq!(found(&report, &["unknown"]), found(&clean, &["new"]));
    assert!(counts(&report, "unknown").values().all(|unknown| *unknown > 0));
    let asked = clean["coverage"].as_array().unwrap().iter().map(|row| row["type"].as_str().unwrap());
    let details: BTreeSet<&str> = DETAILS.iter().map(|row| row.coverage).collect();
    // what only suspects are asked for is not asked for where nobody is a suspect
    let asked: BTreeSet<&str> = asked.filter(|name| !details.contains(name) && *name != METRICS).collect();
    assert_eq!(unseen(&report).into_keys().collect::<BTreeSet<_>>(), asked);
}

const ONE_OF_EACH_PROTOCOL: [&str; 6] = [
    "ec2:DescribeNatGateways",
    "elasticloadbalancing:DescribeTargetGroups",
    "sns:ListSubscriptions",
    "logs:DescribeLogGroups",
    "cloudwatch:DescribeAlarms",
    "cloudtrail:LookupEvents",
];

/// Scans with one fault on an action of each protocol; the fault's rows say why, all others are complete.
fn one_fault_on_each_protocol(kind: &str, says: &str) {
    let (local, _) = Local::seeded();
    let (clean, _) = local.scan(&["--state", "state.json"]);
    for action in ONE_OF_EACH_PROTOCOL {
        fault(&local, action, kind, &Value::Null);
    }
    let started = Instant::now();
    let (report, code) = local.scan(&["--state", "state.json"]);
    assert!(started.elapsed() < Duration::from_mins(2), "{:?}", started.elapsed());
    assert_eq!(code, 1);
    assert_honest(&clean, &report, kind);
    let unseen = unseen(&report);
    assert_eq!(
        unseen.keys().copied().collect::<BTreeSet<_>>(),
        read_with(&ONE_OF_EACH_PROTOCOL),
        "{unseen:#?}"
    );
    for (name, (status, detail)) in unseen {
        assert_eq!(status, "failed", "{name}: {detail}");
        assert!(detail.contains(says), "{name}: {detail}");
        assert!(ONE_OF_EACH_PROTOCOL.iter().any(|action| detail.contains(action)), "{name}: {detail}");
    }
}

#[test]
fn each_way_to_fail_is_told_apart_in_every_protocol() {
    // side by side, for the retries take half a minute
    std::thread::scope(|threads| {
        threads.spawn(|| one_fault_on_each_protocol("throttle", "throttled: "));
        threads.spawn(|| one_fault_on_each_protocol("http500", "failed: "));
        threads.spawn(|| one_fault_on_each_protocol("garbage", "malformed answer: "));
        threads.spawn(|| one_fault_on_each_protocol("drop", "unreachable: "));
    });
}

#[test]
fn what_fails_only_twice_is_read_all_the_same() {
    let (local, _) = Local::seeded();
    let (clean, _) = local.scan(&[]);
    for (action, kind) in ONE_OF_EACH_PROTOCOL.iter().zip(["throttle", "http500", "drop"].iter().cycle()) {
        fault(&local, action, kind, &json!({ "times": 2 }));
    }
    fault(&local, "ec2:DescribeSubnets", "garbage", &json!({ "times": 2 }));
    fault(&local, "ec2:DescribeSecurityGroups", "throttle", &json!({ "times": 2 }));
    let (report, _) = local.scan(&[]);
    assert_eq!(report["run"]["complete"], true, "{:#}", report["coverage"]);
    assert_eq!(found(&report, &["new"]), found(&clean, &["new"]));
    assert_eq!(report["usage"]["api_calls"]["ec2:DescribeSecurityGroups"], 3);
}

#[test]
fn metrics_that_cannot_be_had_are_unknown_and_say_why() {
    let (local, _) = Local::seeded();
    let (clean, _) = local.scan(&["--state", "state.json"]);
    for (kind, says) in [("denied", "denied: "), ("garbage", "malformed answer: ")] {
        fault(&local, "cloudwatch:GetMetricData", kind, &Value::Null);
        let (report, _) = local.scan(&["--state", "state.json"]);
        assert_honest(&clean, &report, kind);
        let unseen = unseen(&report);
        assert_eq!(unseen.keys().collect::<Vec<_>>(), [&METRICS]);
        assert!(unseen[METRICS].1.contains(says), "{unseen:?}");
        local.forget("faults");
    }
}

#[test]
fn a_failure_in_the_middle_of_a_list_keeps_what_was_read_and_resolves_nothing() {
    let (local, _) = Local::seeded();
    let (clean, _) = local.scan(&["--state", "state.json"]);
    local.tell(
        "pages",
        &json!([
            { "service": "ec2", "operation": "DescribeSecurityGroups", "size": 5 },
            { "service": "logs", "operation": "DescribeLogGroups", "size": 1 },
            { "service": "elasticloadbalancing", "operation": "DescribeTargetGroups", "size": 2 },
            { "service": "cloudwatch", "operation": "GetMetricData", "size": 20 },
        ]),
    );
    for action in [
        "ec2:DescribeSecurityGroups",
        "logs:DescribeLogGroups",
        "elasticloadbalancing:DescribeTargetGroups",
        "cloudwatch:GetMetricData",
    ] {
        fault(&local, action, "denied", &json!({ "after": 1 }));
        let (report, _) = local.scan(&["--state", "state.json"]);
        assert_honest(&clean, &report, action);
        for (name, (status, detail)) in unseen(&report) {
            assert!(read_with(&[action]).contains(name), "{action}: {name} {detail}");
            assert_eq!(status, "partial", "{name}: {detail}");
            assert!(detail.contains(action), "{name}: {detail}");
        }
        local.forget("faults");
    }
}
