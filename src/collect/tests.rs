use std::collections::BTreeMap;
use std::sync::Mutex;

use aws_sdk_cloudwatchlogs::operation::describe_log_groups::DescribeLogGroupsOutput;
use aws_sdk_cloudwatchlogs::types::LogGroup as SdkLogGroup;
use aws_sdk_route53::operation::list_hosted_zones::ListHostedZonesOutput;
use aws_sdk_sns::operation::list_topics::ListTopicsError;
use aws_smithy_mocks::mock;

use super::*;
use crate::inventory::cloudtrail::{Change, Event};
use crate::inventory::logs::LogGroup;
use crate::inventory::route53::HostedZone;
use crate::inventory::sns::Topic;
use crate::inventory::{GLOBAL, Kind as _};

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
    // changes are made of events
    let read = |name| if name == Change::TYPE { Event::TYPE } else { name };
    for detail in DETAILS {
        assert!(is_read(read(detail.resource_type)) && !is_read(detail.coverage), "{}", detail.name);
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

fn wanted(types: &[&'static str]) -> Wanted {
    types.iter().map(|name| (*name, BTreeSet::new())).collect()
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
        collect(&[context], &wanted(&[Topic::TYPE, LogGroup::TYPE]), CONCURRENCY, &|progress: &Progress<
            '_,
        >| {
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

/// Every context answers with the same zone: whoever asked has it.
#[tokio::test]
async fn what_an_account_has_once_is_read_in_the_global_scope_alone() {
    let in_region = |region: &str| {
        let mut context = mock::context();
        context.region = region.to_owned();
        let zones = mock!(aws_sdk_route53::Client::list_hosted_zones).then_output(|| {
            let zone =
                aws_sdk_route53::types::HostedZone::builder().id("/hostedzone/Z1").name("example.com.");
            ListHostedZonesOutput::builder()
                .hosted_zones(zone.caller_reference("made").build().unwrap())
                .marker("")
                .is_truncated(false)
                .max_items(100)
                .build()
                .unwrap()
        });
        let groups = mock!(aws_sdk_cloudwatchlogs::Client::describe_log_groups)
            .then_output(|| DescribeLogGroupsOutput::builder().build());
        mock::answer!(context, route53, aws_sdk_route53, [zones]);
        mock::answer!(context, logs, aws_sdk_cloudwatchlogs, [groups]);
        context
    };
    let contexts = ["eu-west-1", "us-east-1", GLOBAL].map(in_region);

    let scopes = collect(&contexts, &wanted(&[HostedZone::TYPE, LogGroup::TYPE]), CONCURRENCY, &|_| {}).await;

    let read: Vec<(&str, Vec<&str>, usize)> = scopes
        .iter()
        .map(|scope| {
            let rows = scope.coverage.iter().map(|row| row.resource_type.as_str()).collect();
            (scope.region.as_str(), rows, scope.resources.len())
        })
        .collect();
    assert_eq!(
        read,
        [
            ("eu-west-1", vec![LogGroup::TYPE], 0),
            ("us-east-1", vec![LogGroup::TYPE], 0),
            (GLOBAL, vec![HostedZone::TYPE], 1),
        ]
    );
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

    let (coverage, resources) = read(&context, Way::Row(&STUCK)).await;

    assert!(resources.is_empty());
    assert_eq!(coverage.status, CoverageStatus::Failed);
    assert_eq!(coverage.detail, "out of time before it was read");
}

#[test]
#[expect(clippy::too_many_lines, reason = "one line for each action")]
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
      "ReadApprunner": [
        "apprunner:DescribeService",
        "apprunner:ListOperations",
        "apprunner:ListServices"
      ],
      "ReadBackup": [
        "backup:ListProtectedResources",
        "backup:ListRestoreJobs",
        "backup:ListRestoreTestingPlans",
        "backup:ListRestoreTestingSelections"
      ],
      "ReadBudgets": [
        "budgets:ViewBudget"
      ],
      "ReadCe": [
        "ce:GetAnomalies",
        "ce:GetCostAndUsage"
      ],
      "ReadCloudformation": [
        "cloudformation:DescribeStackResources"
      ],
      "ReadCloudtrail": [
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetEventSelectors",
        "cloudtrail:GetTrailStatus",
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
      "ReadEks": [
        "eks:DescribeCluster",
        "eks:DescribeClusterVersions",
        "eks:DescribeNodegroup",
        "eks:ListAddons",
        "eks:ListClusters",
        "eks:ListNodegroups"
      ],
      "ReadElasticache": [
        "elasticache:DescribeCacheClusters",
        "elasticache:DescribeReplicationGroups",
        "elasticache:DescribeServerlessCaches"
      ],
      "ReadElasticbeanstalk": [
        "elasticbeanstalk:DescribeConfigurationSettings",
        "elasticbeanstalk:DescribeEnvironmentResources",
        "elasticbeanstalk:DescribeEnvironments"
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
      "ReadLambda": [
        "lambda:ListFunctions"
      ],
      "ReadLogs": [
        "logs:DescribeLogGroups"
      ],
      "ReadPi": [
        "pi:DescribeDimensionKeys"
      ],
      "ReadRds": [
        "rds:DescribeDBClusterSnapshots",
        "rds:DescribeDBClusters",
        "rds:DescribeDBInstances",
        "rds:DescribeDBSnapshots",
        "rds:DescribeEvents"
      ],
      "ReadRdsLogs": [
        "logs:FilterLogEvents"
      ],
      "ReadRoute53": [
        "route53:ListHostedZones",
        "route53:ListResourceRecordSets"
      ],
      "ReadScheduler": [
        "scheduler:GetSchedule",
        "scheduler:ListScheduleGroups",
        "scheduler:ListSchedules"
      ],
      "ReadSns": [
        "sns:GetTopicAttributes",
        "sns:ListSubscriptions",
        "sns:ListTopics"
      ],
      "ReadSqs": [
        "sqs:GetQueueAttributes",
        "sqs:ListQueues"
      ],
      "ReadSts": [
        "sts:GetCallerIdentity"
      ]
    }
    "#);
}
