//! The scan of the seeded account: exactly what is wrong with it, no more and no less.

use std::collections::BTreeMap;

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::local::{Local, REGION, found, root};

fn outcome<'r>(report: &'r Value, policy: &str, resource: &str) -> &'r Value {
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["policy"] == policy && finding["resource"]["name"] == resource)
        .unwrap_or_else(|| panic!("no finding of {policy} on {resource}"))
}

/// A configuration with every pack, of a team that moved ten days ago and can no longer go back.
fn everything(local: &Local) -> String {
    let day = |ago: i64| (Utc::now() - TimeDelta::days(ago)).date_naive();
    let text = format!(
        "version: 1\npacks: [essential, recommended, strict]\n\
         migration: {{ cutover: {}, rollback_until: {}, expected_monthly_usd: 900 }}\n",
        day(10),
        day(1)
    );
    local.write("everything.yaml", &text);
    "everything.yaml".to_owned()
}

/// What a run of five days ago left: retentions set by hand, of which one still is.
fn earlier(local: &Local) -> String {
    let at = Utc::now() - TimeDelta::days(5);
    let set = |group: &str, days: i64| {
        let step = json!({
            "event_id": format!("of {group}"), "event_name": "PutRetentionPolicy", "event_time": at,
            "actor": "bob@example.com", "origin": "console", "reason": "made in the console",
            "touched": [{ "part": "retention_in_days", "action": "set", "field": "retention_in_days", "value": days }],
        });
        json!({
            "id": group, "name": group, "account": "000000000000", "region": REGION,
            "arn": format!("arn:aws:logs:{REGION}:000000000000:log-group:{group}"),
            "changed_type": "AWS::Logs::LogGroup", "event_source": "logs.amazonaws.com", "by": "person", "steps": [step],
        })
    };
    let changes = [set("/ecs/orders", 731), set("/ecs/jobs", 7)];
    let state =
        json!({ "version": 1, "findings": {}, "last_complete": {}, "undelivered": {}, "changes": changes });
    local.write("earlier.json", &state.to_string());
    "earlier.json".to_owned()
}

/// What is wrong with each part of the seeded account: a policy and a resource's name on each line.
fn expected() -> Vec<String> {
    let parts = std::fs::read_dir(root().join("tests/integration/expected")).unwrap();
    let texts = parts.map(|part| std::fs::read_to_string(part.unwrap().path()).unwrap());
    let mut lines: Vec<String> =
        texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    lines.sort();
    lines
}

const OTHER_ACCOUNT: &str = "222233334444";

#[test]
fn the_scan_finds_exactly_what_is_wrong() {
    let (local, ids) = Local::seeded();
    let (report, code) = local.scan(&["--config", &everything(&local), "--state", &earlier(&local)]);
    // what has no name goes by its id, which is new every time
    let mut lines = found(&report, &["new"]);
    for (name, id) in ids["resources"].as_object().unwrap() {
        let id = format!(" {}", id.as_str().unwrap());
        for line in lines.iter_mut().filter(|line| line.ends_with(&id)) {
            line.replace_range(line.len() - id.len() + 1.., name);
        }
    }
    lines.sort();
    assert_eq!(lines, expected());
    assert_eq!(code, 1);
    assert_eq!(report["run"]["complete"], json!(true), "{:#}", report["coverage"]);
    assert_eq!(report["version"], 1);
    for row in report["coverage"].as_array().unwrap() {
        assert_eq!(row["status"], "complete", "{row}");
    }
}

#[test]
fn every_policy_meets_a_resource_that_passes_and_one_that_fails() {
    let (local, _) = Local::seeded();
    let (report, _) = local.scan(&["--config", &everything(&local), "--state", &earlier(&local)]);
    let policies = report["policies"].as_array().unwrap();
    assert_eq!(policies.len(), aftermove::policy::builtin::files().len());
    // what a policy says of the account it says once: for the other answer, of a region that lacks what this one has
    let of_the_account = ["cloudtrail-no-trail"];
    let (mut elsewhere, _) = local.scan(&["--region", "us-east-1", "--only", &of_the_account.join(",")]);
    let mut elsewhere = elsewhere["policies"].as_array_mut().unwrap().split_off(0);
    // and of another account, which nobody ever gave a budget
    let costs = json!({
        "service": "Amazon Elastic Load Balancing", "usage_type": "LoadBalancerUsage", "account": OTHER_ACCOUNT,
        "start": (Utc::now() - TimeDelta::days(30)).date_naive(), "amounts": vec![2.0; 29],
    });
    local.tell("costs", &costs);
    let mut scan = local.command(&["scan", "--format", "json", "--only", "cost-budget-absent"]);
    let output = scan.env("AWS_ACCESS_KEY_ID", OTHER_ACCOUNT).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    elsewhere.extend(report["policies"].as_array().unwrap().iter().cloned());
    let met = |policy: &Value, outcome: &str| {
        let again = elsewhere.iter().filter(|other| other["id"] == policy["id"]);
        std::iter::once(policy).chain(again).any(|counts| counts[outcome] != json!(0))
    };
    let lacking: Vec<&Value> =
        policies.iter().filter(|policy| !met(policy, "pass") || !met(policy, "fail")).collect();
    assert!(lacking.is_empty(), "{lacking:#?}");
}

#[test]
fn findings_with_a_cause_name_it() {
    let (local, _) = Local::seeded();
    let (report, _) = local.scan(&[]);
    let idle = outcome(&report, "elbv2-load-balancer-idle", "heroku-router-test");
    let unwatched = outcome(&report, "elbv2-load-balancer-no-alarm", "heroku-router-test");
    assert_eq!(
        unwatched["because_of"],
        json!([{ "finding": idle["id"], "policy": "elbv2-load-balancer-idle", "resource": "heroku-router-test" }])
    );
    assert_eq!(outcome(&report, "elbv2-load-balancer-no-alarm", "api")["because_of"], json!([]));
}

#[test]
fn the_report_tells_the_server_s_own_count_of_calls() {
    let (local, _) = Local::seeded();
    local.forget("journal");
    let (report, _) = local.scan(&[]);
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    for request in local.journal() {
        *counted.entry(request).or_default() += 1;
    }
    let mut reported: BTreeMap<String, u64> =
        serde_json::from_value(report["usage"]["api_calls"].clone()).unwrap();
    assert_eq!(reported, counted);
    // one for each window, that of the settled weeks among them: in the first hour of a day those of hours and of days
    // end together
    let windows = reported.remove("cloudwatch:GetMetricData").unwrap();
    assert!((4..=6).contains(&windows), "{windows}");
    // one page each: 10 groups, 19 interfaces, 7 load balancers with a listener list each, ...
    insta::assert_json_snapshot!(reported, @r#"
    {
      "apprunner:DescribeService": 2,
      "apprunner:ListOperations": 2,
      "apprunner:ListServices": 1,
      "backup:ListProtectedResources": 1,
      "backup:ListRestoreJobs": 2,
      "backup:ListRestoreTestingPlans": 1,
      "backup:ListRestoreTestingSelections": 1,
      "budgets:DescribeBudgetNotificationsForAccount": 1,
      "budgets:DescribeBudgets": 1,
      "budgets:DescribeSubscribersForNotification": 1,
      "ce:GetAnomalies": 1,
      "ce:GetCostAndUsage": 1,
      "cloudformation:DescribeStackResources": 8,
      "cloudtrail:DescribeTrails": 1,
      "cloudtrail:GetEventSelectors": 2,
      "cloudtrail:GetTrailStatus": 2,
      "cloudtrail:LookupEvents": 8,
      "cloudwatch:DescribeAlarmHistory": 1,
      "cloudwatch:DescribeAlarms": 1,
      "ec2:DescribeAddresses": 1,
      "ec2:DescribeFlowLogs": 1,
      "ec2:DescribeImages": 1,
      "ec2:DescribeInstances": 1,
      "ec2:DescribeManagedPrefixLists": 1,
      "ec2:DescribeNatGateways": 1,
      "ec2:DescribeNetworkInterfaces": 1,
      "ec2:DescribeRouteTables": 1,
      "ec2:DescribeSecurityGroupRules": 1,
      "ec2:DescribeSecurityGroups": 1,
      "ec2:DescribeSnapshots": 1,
      "ec2:DescribeSubnets": 1,
      "ec2:DescribeVolumes": 1,
      "ec2:DescribeVpcEndpoints": 1,
      "ec2:DescribeVpcs": 1,
      "ec2:GetManagedPrefixListEntries": 1,
      "ecr:DescribeImages": 1,
      "ecr:DescribeRepositories": 1,
      "ecr:GetLifecyclePolicy": 2,
      "ecs:DescribeClusters": 1,
      "ecs:DescribeServices": 1,
      "ecs:DescribeTaskDefinition": 5,
      "ecs:DescribeTasks": 1,
      "ecs:ListClusters": 1,
      "ecs:ListServices": 1,
      "ecs:ListTasks": 1,
      "eks:DescribeCluster": 2,
      "eks:DescribeClusterVersions": 1,
      "eks:DescribeNodegroup": 2,
      "eks:ListAddons": 2,
      "eks:ListClusters": 2,
      "eks:ListNodegroups": 2,
      "elasticache:DescribeCacheClusters": 1,
      "elasticache:DescribeReplicationGroups": 1,
      "elasticache:DescribeServerlessCaches": 1,
      "elasticbeanstalk:DescribeConfigurationSettings": 2,
      "elasticbeanstalk:DescribeEnvironmentResources": 2,
      "elasticbeanstalk:DescribeEnvironments": 1,
      "elasticloadbalancing:DescribeListeners": 7,
      "elasticloadbalancing:DescribeLoadBalancers": 2,
      "elasticloadbalancing:DescribeRules": 3,
      "elasticloadbalancing:DescribeTags": 1,
      "elasticloadbalancing:DescribeTargetGroups": 1,
      "elasticloadbalancing:DescribeTargetHealth": 3,
      "kms:DescribeKey": 1,
      "kms:GetKeyPolicy": 1,
      "lambda:ListFunctions": 1,
      "logs:DescribeLogGroups": 1,
      "rds:DescribeDBClusterSnapshots": 1,
      "rds:DescribeDBClusters": 1,
      "rds:DescribeDBInstances": 1,
      "rds:DescribeDBSnapshots": 1,
      "route53:ListHostedZones": 2,
      "route53:ListResourceRecordSets": 3,
      "scheduler:GetSchedule": 1,
      "scheduler:ListScheduleGroups": 1,
      "scheduler:ListSchedules": 2,
      "sns:GetTopicAttributes": 4,
      "sns:ListSubscriptions": 1,
      "sns:ListTopics": 1,
      "sqs:GetQueueAttributes": 7,
      "sqs:ListQueues": 1,
      "sts:GetCallerIdentity": 1
    }
    "#);
}

#[test]
fn findings_carry_the_evidence_of_the_contract() {
    let (local, ids) = Local::seeded();
    let (report, _) = local.scan(&[]);

    let open = outcome(&report, "ec2-security-group-open", "legacy-postgres");
    assert_eq!(open["severity"], "critical");
    assert_eq!(open["resource"]["id"], ids["resources"]["legacy-postgres"]);

    let unwatched = outcome(&report, "elbv2-load-balancer-no-alarm", "api");
    assert_eq!(unwatched["evidence"]["signals"], json!({ "errors": null, "latency": null }));
    let half = outcome(&report, "elbv2-load-balancer-no-alarm", "staging");
    assert_eq!(half["evidence"]["signals"], json!({ "errors": "staging-5xx", "latency": null }));

    for (alarm, hop) in [
        ("api-latency", "actions_disabled"),
        ("jobs-queue-depth", "no_action"),
        ("jobs-oldest-message", "topic_missing"),
        ("deployments-failed", "topic_policy"),
        ("payments-failed", "topic_key"),
        ("nightly-report-throttles", "no_subscription"),
        ("nightly-report-errors", "unconfirmed_subscription"),
    ] {
        assert_eq!(outcome(&report, "cloudwatch-alarm-reaches-nobody", alarm)["evidence"]["hop"], hop);
    }

    let spike = outcome(&report, "ec2-nat-gateway-traffic-spike", "nat-main");
    assert!(spike["message"].as_str().unwrap().contains("600"), "{spike:#}");

    let changes: Vec<&Value> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["policy"] == "cloudtrail-console-change")
        .collect();
    assert!(!changes.is_empty());
    for change in changes {
        assert!(!change["evidence"]["event_ids"].as_array().unwrap().is_empty(), "{change:#}");
    }
}

#[test]
fn target_health_is_asked_only_of_idle_candidates() {
    let (local, _) = Local::seeded();
    local.scan(&["--only", "elbv2-load-balancer-idle"]);
    let asked = local.journal().iter().filter(|r| *r == "elasticloadbalancing:DescribeTargetHealth").count();
    // heroku-router-test, staging and jobs; web and api have traffic, brand-new is too young
    assert_eq!(asked, 3);
}

#[test]
fn only_what_the_policies_need_is_read() {
    let (local, _) = Local::seeded();
    local.forget("journal");
    local.scan(&["--only", "logs-group-no-retention"]);
    assert_eq!(local.journal(), ["sts:GetCallerIdentity", "logs:DescribeLogGroups"]);
}

#[test]
fn a_saved_inventory_is_judged_without_aws_as_the_account_was() {
    let (local, _) = Local::seeded();
    let output = local.aftermove(&["collect", "--output", "inventory.json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (live, _) = local.scan(&[]);
    local.forget("journal");
    let (saved, _) = local.scan(&["--inventory", "inventory.json"]);
    assert_eq!(local.journal(), [""; 0]);
    assert_eq!(found(&saved, &["new"]), found(&live, &["new"]));
}

#[test]
fn the_text_report_names_the_next_action_and_ends_with_one_line() {
    let (local, _) = Local::seeded();
    let output = local.aftermove(&["scan"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("aws ec2 revoke-security-group-ingress --region eu-west-1"), "{text}");
    assert!(text.trim_end().lines().last().unwrap().contains("new"), "{text}");
    let progress = String::from_utf8(output.stderr).unwrap();
    assert!(progress.contains("AWS::EC2::SecurityGroup in eu-west-1: "), "{progress}");
}
