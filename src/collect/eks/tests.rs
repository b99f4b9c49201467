use aws_sdk_eks::Client;
use aws_sdk_eks::operation::describe_cluster::{DescribeClusterError, DescribeClusterOutput};
use aws_sdk_eks::operation::describe_cluster_versions::{
    DescribeClusterVersionsError, DescribeClusterVersionsOutput,
};
use aws_sdk_eks::operation::describe_nodegroup::DescribeNodegroupOutput;
use aws_sdk_eks::operation::list_addons::ListAddonsOutput;
use aws_sdk_eks::operation::list_clusters::{ListClustersError, ListClustersOutput};
use aws_sdk_eks::operation::list_nodegroups::{ListNodegroupsError, ListNodegroupsOutput};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;

use super::*;
use crate::collect::mock;

fn names(name: &str, next: Option<&str>) -> ListClustersOutput {
    ListClustersOutput::builder().clusters(name).set_next_token(next.map(str::to_owned)).build()
}

fn one_cluster() -> Rule {
    mock!(Client::list_clusters).then_output(|| names("experiments", None))
}

fn sdk_cluster(name: &str) -> types::Cluster {
    let logs = |kind, enabled| types::LogSetup::builder().types(kind).enabled(enabled).build();
    types::Cluster::builder()
        .name(name)
        .arn(format!("arn:aws:eks:eu-west-1:111122223333:cluster/{name}"))
        .status(types::ClusterStatus::Active)
        .version("1.31")
        .resources_vpc_config(
            types::VpcConfigResponse::builder()
                .endpoint_public_access(true)
                .public_access_cidrs("0.0.0.0/0")
                .build(),
        )
        .logging(
            types::Logging::builder()
                .cluster_logging(logs(types::LogType::Audit, true))
                .cluster_logging(logs(types::LogType::Api, true))
                .cluster_logging(logs(types::LogType::Scheduler, false))
                .build(),
        )
        .compute_config(types::ComputeConfigResponse::builder().enabled(true).build())
        .build()
}

fn described() -> Rule {
    mock!(Client::describe_cluster)
        .match_requests(|request| request.name() == Some("experiments"))
        .then_output(|| DescribeClusterOutput::builder().cluster(sdk_cluster("experiments")).build())
}

fn addons() -> Rule {
    mock!(Client::list_addons).then_output(|| ListAddonsOutput::builder().addons("vpc-cni").build())
}

fn versions() -> Rule {
    mock!(Client::describe_cluster_versions)
        .match_requests(|request| request.include_all() == Some(true) && request.max_results() == Some(100))
        .then_output(|| {
            let version = types::ClusterVersionInformation::builder()
                .cluster_version("1.31")
                .version_status(types::VersionStatus::ExtendedSupport)
                .end_of_standard_support_date(DateTime::from_secs(1_764_028_800))
                .build();
            DescribeClusterVersionsOutput::builder().cluster_versions(version).build()
        })
}

fn clusters(read: &Read) -> Vec<&Cluster> {
    read.resources.iter().filter_map(Cluster::of).collect()
}

#[tokio::test]
async fn a_cluster_tells_its_logs_its_endpoint_its_add_ons_and_what_becomes_of_its_version() {
    let mut context = mock::context();
    mock::answer!(context, eks, aws_sdk_eks, [one_cluster(), described(), addons(), versions()]);

    let read = mock::read(&context, Cluster::TYPE).await.unwrap();

    assert_eq!(read.partial, None);
    let cluster = clusters(&read)[0];
    assert_eq!(cluster.enabled_log_types, ["api", "audit"]);
    assert_eq!(cluster.public_access_cidrs, ["0.0.0.0/0"]);
    assert!(cluster.endpoint_public_access && !cluster.endpoint_private_access && cluster.auto_mode);
    assert_eq!(cluster.addons.as_deref(), Some(&["vpc-cni".to_owned()][..]));
    assert_eq!(cluster.version_status.as_deref(), Some("EXTENDED_SUPPORT"));
    assert_eq!(cluster.end_of_standard_support_date, Some(mock::at("2025-11-25T00:00:00Z")));
}

#[tokio::test]
async fn clusters_are_listed_in_pages_of_a_hundred_and_one_that_was_not_described_is_left_out() {
    let mut context = mock::context();
    let first = mock!(Client::list_clusters)
        .match_requests(|request| request.next_token().is_none() && request.max_results() == Some(100))
        .then_output(|| names("experiments", Some("two")));
    let second = mock!(Client::list_clusters)
        .match_requests(|request| request.next_token() == Some("two"))
        .then_output(|| names("broken", None));
    let broken = mock!(Client::describe_cluster)
        .match_requests(|request| request.name() == Some("broken"))
        .then_error(|| DescribeClusterError::generic(mock::service_error("ServerException", "Oops.")));
    mock::answer!(context, eks, aws_sdk_eks, [first, second, described(), broken, addons(), versions()]);

    let read = mock::read(&context, Cluster::TYPE).await.unwrap();

    assert_eq!(clusters(&read).len(), 1);
    assert!(read.partial.unwrap().contains("eks:DescribeCluster"));
}

#[tokio::test]
async fn denied_versions_cost_only_what_they_tell() {
    let mut context = mock::context();
    let denied = mock!(Client::describe_cluster_versions).then_error(|| {
        DescribeClusterVersionsError::generic(mock::service_error("AccessDeniedException", "No."))
    });
    mock::answer!(context, eks, aws_sdk_eks, [one_cluster(), described(), addons(), denied]);

    let read = mock::read(&context, Cluster::TYPE).await.unwrap();

    assert_eq!(clusters(&read)[0].version_status, None);
    assert_eq!(read.partial.as_deref(), Some("denied: eks:DescribeClusterVersions (No.)"));
}

#[tokio::test]
async fn without_clusters_nothing_more_is_asked() {
    let (mut context, meter) = mock::metered();
    let none = mock!(Client::list_clusters).then_output(|| ListClustersOutput::builder().build());
    mock::answer!(context, eks, aws_sdk_eks, [none]);

    let read = mock::read(&context, Cluster::TYPE).await.unwrap();

    assert!(read.resources.is_empty() && read.partial.is_none());
    assert_eq!(meter.calls().keys().collect::<Vec<_>>(), ["eks:ListClusters"]);
}

#[tokio::test]
async fn node_groups_bring_what_eks_finds_wrong_with_them() {
    let mut context = mock::context();
    let listed = mock!(Client::list_nodegroups)
        .match_requests(|request| request.cluster_name() == Some("experiments"))
        .then_output(|| ListNodegroupsOutput::builder().nodegroups("spot").build());
    let described = mock!(Client::describe_nodegroup)
        .match_requests(|request| request.nodegroup_name() == Some("spot"))
        .then_output(|| {
            let issue = types::Issue::builder()
                .code(types::NodegroupIssueCode::NodeCreationFailure)
                .message("Instances failed to join")
                .resource_ids("i-1")
                .build();
            let group = types::Nodegroup::builder()
                .nodegroup_name("spot")
                .cluster_name("experiments")
                .status(types::NodegroupStatus::Degraded)
                .scaling_config(types::NodegroupScalingConfig::builder().desired_size(2).build())
                .health(types::NodegroupHealth::builder().issues(issue).build())
                .build();
            DescribeNodegroupOutput::builder().nodegroup(group).build()
        });
    mock::answer!(context, eks, aws_sdk_eks, [one_cluster(), listed, described]);

    let read = mock::read(&context, Nodegroup::TYPE).await.unwrap();

    let group = Nodegroup::of(&read.resources[0]).unwrap();
    assert_eq!((group.status.as_str(), group.desired_size), ("DEGRADED", 2));
    assert_eq!(group.health_issues[0].code, "NodeCreationFailure");
    assert_eq!(group.health_issues[0].resource_ids, ["i-1"]);
}

#[tokio::test]
async fn a_denied_list_is_denied() {
    for resource_type in [Cluster::TYPE, Nodegroup::TYPE] {
        let mut context = mock::context();
        let denied = mock!(Client::list_clusters)
            .then_error(|| ListClustersError::generic(mock::service_error("AccessDeniedException", "No.")));
        mock::answer!(context, eks, aws_sdk_eks, [denied]);
        assert!(mock::read(&context, resource_type).await.unwrap_err().is_denied());
    }
    let mut context = mock::context();
    let denied = mock!(Client::list_nodegroups)
        .then_error(|| ListNodegroupsError::generic(mock::service_error("AccessDeniedException", "No.")));
    mock::answer!(context, eks, aws_sdk_eks, [one_cluster(), denied]);
    assert!(mock::read(&context, Nodegroup::TYPE).await.unwrap_err().is_denied());
}
