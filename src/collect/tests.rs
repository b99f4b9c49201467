use std::collections::BTreeMap;
use std::sync::Mutex;

use aws_sdk_cloudwatchlogs::operation::describe_log_groups::DescribeLogGroupsOutput;
use aws_sdk_cloudwatchlogs::types::LogGroup as SdkLogGroup;
use aws_sdk_sns::operation::list_topics::ListTopicsError;
use aws_smithy_mocks::mock;

use super::*;
use crate::inventory::Kind as _;
use crate::inventory::logs::LogGroup;
use crate::inventory::sns::Topic;

fn is_iam_action(action: &str) -> bool {
    action.split_once(':').is_some_and(|(service, name)| {
        service.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            && name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_alphanumeric())
    })
}

#[test]
fn every_collector_reads_a_known_type_once_and_names_its_actions() {
    let mut seen = BTreeSet::new();
    for row in COLLECTORS {
        assert!(TYPES.contains(&row.resource_type), "{}", row.resource_type);
        assert!(seen.insert(row.resource_type), "{} is read twice", row.resource_type);
        assert!(!row.actions.is_empty(), "{}", row.resource_type);
        assert!(row.actions.iter().all(|action| is_iam_action(action)), "{row:?}");
    }
}

#[test]
fn every_detail_belongs_to_types_that_are_read_and_names_its_actions() {
    let is_read = |name: &str| COLLECTORS.iter().any(|row| row.resource_type == name);
    for detail in DETAILS {
        assert!(is_read(detail.resource_type) && !is_read(detail.coverage), "{}", detail.name);
        assert!(!detail.actions.is_empty() && detail.actions.iter().all(|action| is_iam_action(action)));
    }
}

/// The IAM action of a call, where it goes by another name than the operation.
fn action_of(call: &str) -> &str {
    match call {
        "budgets:DescribeBudgets" => "budgets:ViewBudget",
        call => call,
    }
}

/// Nothing is answered here: every read fails, but by then it has made its first calls.
#[tokio::test]
async fn no_collector_calls_what_its_row_does_not_name() {
    for row in COLLECTORS {
        let (context, meter) = mock::metered();
        let outcome = (row.collect)(&context).await;
        assert!(outcome.is_err(), "{}", row.resource_type);
        let calls = meter.calls();
        assert!(!calls.is_empty(), "{}", row.resource_type);
        for call in calls.keys() {
            assert!(row.actions.contains(&action_of(call)), "{}: {call}", row.resource_type);
        }
    }
}

#[tokio::test]
async fn a_denied_type_stops_no_other_and_every_type_gets_a_row() {
    let mut context = mock::context();
    let group = |name: &str| SdkLogGroup::builder().log_group_name(name).build();
    let groups = mock!(aws_sdk_cloudwatchlogs::Client::describe_log_groups).then_output(move || {
        DescribeLogGroupsOutput::builder().log_groups(group("/b")).log_groups(group("/a")).build()
    });
    let denied = mock!(aws_sdk_sns::Client::list_topics)
        .then_error(|| ListTopicsError::generic(mock::service_error("AuthorizationError", "No.")));
    mock::answer!(context, logs, aws_sdk_cloudwatchlogs, [groups]);
    mock::answer!(context, sns, aws_sdk_sns, [denied]);
    let told = Mutex::new(Vec::new());

    let scopes =
        collect(&[context], &BTreeSet::from([Topic::TYPE, LogGroup::TYPE]), &|progress: &Progress<'_>| {
            told.lock().unwrap().push((progress.done, progress.total));
        })
        .await;

    let [scope] = &scopes[..] else {
        panic!("{scopes:?}");
    };
    let ids: Vec<&str> = scope.resources.iter().map(|r| r.meta().id.as_str()).collect();
    assert_eq!(ids, ["/a", "/b"]);
    let rows: Vec<(&str, &str, &str)> =
        scope.coverage.iter().map(|row| (&*row.resource_type, row.status.as_str(), &*row.detail)).collect();
    assert_eq!(
        rows,
        [(LogGroup::TYPE, "complete", ""), (Topic::TYPE, "denied", "denied: sns:ListTopics (No.)"),]
    );
    assert_eq!(told.into_inner().unwrap(), [(1, 2), (2, 2)]);
}

#[tokio::test]
async fn a_read_that_never_ends_fails_at_the_deadline() {
    static STUCK: Collector = Collector {
        resource_type: Topic::TYPE,
        actions: &["sns:ListTopics"],
        collect: |_| Box::pin(std::future::pending()),
    };
    let mut context = mock::context();
    context.deadline = Instant::now();

    let (coverage, resources) = read(&context, &STUCK).await;

    assert!(resources.is_empty());
    assert_eq!(coverage.status, CoverageStatus::Failed);
    assert_eq!(coverage.detail, "out of time before it was read");
}

#[test]
fn the_policy_allows_each_action_that_is_called_and_only_reads() {
    let policy = read_only_policy();
    let statements = policy["Statement"].as_array().unwrap();
    let by_sid: BTreeMap<&str, Vec<&str>> = statements
        .iter()
        .map(|statement| {
            let actions = statement["Action"].as_array().unwrap();
            (
                statement["Sid"].as_str().unwrap(),
                actions.iter().map(|action| action.as_str().unwrap()).collect(),
            )
        })
        .collect();
    insta::assert_json_snapshot!(by_sid, @r#"
    {
      "ReadBudgets": [
        "budgets:ViewBudget"
      ],
      "ReadCloudtrail": [
        "cloudtrail:LookupEvents"
      ],
      "ReadCloudwatch": [
        "cloudwatch:DescribeAlarmHistory",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetMetricData"
      ],
      "ReadEc2": [
        "ec2:DescribeAddresses",
        "ec2:DescribeFlowLogs",
        "ec2:DescribeImages",
        "ec2:DescribeInstances",
        "ec2:DescribeManagedPrefixLists",
        "ec2:DescribeNatGateways",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeRegions",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSnapshots",
        "ec2:DescribeSubnets",
        "ec2:DescribeVolumes",
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeVpcs",
        "ec2:GetManagedPrefixListEntries"
      ],
      "ReadEcr": [
        "ecr:DescribeImages",
        "ecr:DescribeRepositories",
        "ecr:GetLifecyclePolicy"
      ],
      "ReadEcs": [
        "ecs:DescribeClusters",
        "ecs:DescribeServices",
        "ecs:DescribeTaskDefinition",
        "ecs:DescribeTasks",
        "ecs:ListClusters",
        "ecs:ListServices",
        "ecs:ListTasks"
      ],
      "ReadElasticloadbalancing": [
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeRules",
        "elasticloadbalancing:DescribeTags",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth"
      ],
      "ReadKms": [
        "kms:DescribeKey",
        "kms:GetKeyPolicy"
      ],
      "ReadLogs": [
        "logs:DescribeLogGroups"
      ],
      "ReadRds": [
        "rds:DescribeDBClusters",
        "rds:DescribeDBInstances"
      ],
      "ReadSns": [
        "sns:GetTopicAttributes",
        "sns:ListSubscriptions",
        "sns:ListTopics"
      ],
      "ReadSts": [
        "sts:GetCallerIdentity"
      ]
    }
    "#);
}
