//! Lists that come in many pages are read to their end, with not one call more than that takes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::local::{Local, found};

/// Page sizes that no list of the seeded account fits into at once.
const PAGES: &[(&str, &str, usize)] = &[
    ("ec2", "DescribeSecurityGroups", 5),
    ("ec2", "DescribeSecurityGroupRules", 7),
    ("ec2", "DescribeNetworkInterfaces", 6),
    ("ec2", "DescribeSubnets", 1),
    ("ec2", "DescribeRouteTables", 1),
    ("ec2", "DescribeNatGateways", 1),
    ("ec2", "GetManagedPrefixListEntries", 1),
    ("elasticloadbalancing", "DescribeLoadBalancers", 2),
    ("elasticloadbalancing", "DescribeTargetGroups", 1),
    ("elasticache", "DescribeCacheClusters", 2),
    ("logs", "DescribeLogGroups", 3),
    ("rds", "DescribeDBInstances", 4),
    ("cloudwatch", "DescribeAlarms", 1),
    ("sns", "ListTopics", 1),
    ("sns", "ListSubscriptions", 1),
    ("cloudwatch", "GetMetricData", 10),
];

fn calls(report: &Value) -> BTreeMap<String, usize> {
    serde_json::from_value(report["usage"]["api_calls"].clone()).unwrap()
}

/// How many things each list of the account holds, by its operation.
fn lengths(local: &Local) -> BTreeMap<&'static str, Vec<usize>> {
    assert_eq!(local.aftermove(&["collect", "--output", "inventory.json"]).status.code(), Some(0));
    let inventory = std::fs::read(local.folder.path().join("inventory.json")).unwrap();
    let inventory: Value = serde_json::from_slice(&inventory).unwrap();
    let resources = inventory["scopes"][0]["resources"].as_array().unwrap();
    let of = |name: &str| -> Vec<&Value> {
        resources.iter().filter(|resource| resource["resource_type"] == name).collect()
    };
    let inside = |name: &str, list: &str| of(name).iter().map(|r| r[list].as_array().unwrap().len()).sum();
    BTreeMap::from([
        ("DescribeSecurityGroups", vec![of("AWS::EC2::SecurityGroup").len()]),
        ("DescribeSecurityGroupRules", vec![inside("AWS::EC2::SecurityGroup", "rules")]),
        ("DescribeNetworkInterfaces", vec![of("AWS::EC2::NetworkInterface").len()]),
        ("DescribeSubnets", vec![of("AWS::EC2::Subnet").len()]),
        ("DescribeRouteTables", vec![of("AWS::EC2::RouteTable").len()]),
        ("DescribeNatGateways", vec![of("AWS::EC2::NatGateway").len()]),
        ("GetManagedPrefixListEntries", vec![inside("AWS::EC2::PrefixList", "entries")]),
        // two services share the operation's name
        (
            "DescribeLoadBalancers",
            vec![
                of("AWS::ElasticLoadBalancingV2::LoadBalancer").len(),
                of("AWS::ElasticLoadBalancing::LoadBalancer").len(),
            ],
        ),
        ("DescribeTargetGroups", vec![of("AWS::ElasticLoadBalancingV2::TargetGroup").len()]),
        ("DescribeCacheClusters", vec![of("AWS::ElastiCache::CacheCluster").len()]),
        ("DescribeLogGroups", vec![of("AWS::Logs::LogGroup").len()]),
        ("DescribeDBInstances", vec![of("AWS::RDS::DBInstance").len()]),
        ("DescribeAlarms", vec![of("AWS::CloudWatch::Alarm").len()]),
        ("ListTopics", vec![of("AWS::SNS::Topic").len()]),
        ("ListSubscriptions", vec![of("AWS::SNS::Subscription").len()]),
    ])
}

#[test]
fn small_pages_bring_the_same_findings_and_no_call_too_many() {
    let (local, _) = Local::seeded();
    let (whole, _) = local.scan(&[]);
    let lengths = lengths(&local);
    let lowered: Vec<Value> = PAGES
        .iter()
        .map(|(service, operation, size)| json!({ "service": service, "operation": operation, "size": size }))
        .collect();
    local.tell("pages", &Value::from(lowered));

    let (report, _) = local.scan(&[]);

    assert_eq!(report["run"]["complete"], true, "{:#}", report["coverage"]);
    assert_eq!(found(&report, &["new"]), found(&whole, &["new"]));
    assert_eq!(report["policies"], whole["policies"]);
    let (once, split) = (calls(&whole), calls(&report));
    let mut several = 0;
    for &(service, operation, size) in PAGES {
        let name = format!("{service}:{operation}");
        let Some(lists) = lengths.get(operation) else {
            assert!(split[&name] > once[&name], "{name}");
            continue;
        };
        let pages: usize = lists.iter().map(|length| length.div_ceil(size).max(1)).sum();
        several += usize::from(pages > lists.len());
        assert_eq!(split[&name], pages, "{name}: {lists:?} in pages of {size}");
    }
    assert_eq!(several, lengths.len(), "{lengths:?}");
    for (name, calls) in &once {
        if !PAGES.iter().any(|(service, operation, _)| *name == format!("{service}:{operation}")) {
            assert_eq!(split[name], *calls, "{name}");
        }
    }
}
