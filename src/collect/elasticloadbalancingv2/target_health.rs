//! The detail `target_health`: one call for each target group of the load balancers in question.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types;
use futures::StreamExt as _;
use futures::stream;

use super::CONCURRENCY;
use crate::collect::{CollectError, Context, Detail};
use crate::inventory::elasticloadbalancingv2::{LoadBalancer, Target, TargetGroup};
use crate::inventory::{Kind as _, Scope};

const DESCRIBE: &str = "elasticloadbalancing:DescribeTargetHealth";

pub(in crate::collect) const TARGET_HEALTH: Detail = Detail {
    name: "target_health",
    resource_type: LoadBalancer::TYPE,
    coverage: "AWS::ElasticLoadBalancingV2::TargetHealth",
    actions: &[DESCRIBE],
    fetch: |context, scope, arns| Box::pin(fetch(context, scope, arns)),
};

/// Fills in the targets of the target groups that the load balancers with these ARNs forward to.
async fn fetch(context: &Context, scope: &mut Scope, balancers: &[String]) -> Result<(), CollectError> {
    let mut groups: BTreeMap<String, &mut TargetGroup> = scope
        .all_mut::<TargetGroup>()
        .filter(|group| group.load_balancer_arns.iter().any(|arn| balancers.contains(arn)))
        .map(|group| (group.meta.arn.clone(), group))
        .collect();
    let arns: Vec<String> = groups.keys().cloned().collect();
    let mut calls = stream::iter(arns)
        .map(|arn| async move {
            let targets = targets(context, &arn).await;
            (arn, targets)
        })
        .buffer_unordered(CONCURRENCY);
    let mut outcome = Ok(());
    while let Some((arn, targets)) = calls.next().await {
        match targets {
            Ok(targets) => {
                if let Some(group) = groups.get_mut(&arn) {
                    group.targets = Some(targets);
                }
            }
            Err(error) => {
                let denied = error.is_denied();
                outcome = outcome.and(Err(error));
                if denied {
                    break;
                }
            }
        }
    }
    outcome
}

async fn targets(context: &Context, arn: &str) -> Result<Vec<Target>, CollectError> {
    let answer = context
        .clients
        .elbv2
        .describe_target_health()
        .target_group_arn(arn)
        .send()
        .await
        .map_err(|error| CollectError::of(DESCRIBE, &error))?;
    Ok(answer.target_health_descriptions().iter().map(target).collect())
}

fn target(sdk: &types::TargetHealthDescription) -> Target {
    let health = sdk.target_health();
    Target {
        id: sdk.target().and_then(|target| target.id()).unwrap_or_default().to_owned(),
        port: sdk.target().and_then(types::TargetDescription::port).map(i64::from),
        state: health
            .and_then(|health| health.state())
            .map_or_else(String::new, |state| state.as_str().to_owned()),
        reason: health.and_then(|health| health.reason()).map(|reason| reason.as_str().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::Client;
    use aws_sdk_elasticloadbalancingv2::operation::describe_target_health::{
        DescribeTargetHealthError, DescribeTargetHealthOutput,
    };
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;
    use crate::inventory::{Coverage, CoverageStatus, Meta};

    fn scope() -> Scope {
        let group = |arn: &str, balancer: &str| TargetGroup {
            meta: Meta { arn: arn.to_owned(), ..Meta::default() },
            load_balancer_arns: vec![balancer.to_owned()],
            ..TargetGroup::default()
        };
        Scope {
            coverage: vec![Coverage {
                resource_type: TargetGroup::TYPE.to_owned(),
                status: CoverageStatus::Complete,
                detail: String::new(),
            }],
            resources: vec![group("tg-1", "lb-1").into(), group("tg-2", "lb-2").into()],
            ..Scope::default()
        }
    }

    #[tokio::test]
    async fn only_the_named_load_balancers_targets_are_read() {
        let mut context = mock::context();
        let health = mock!(Client::describe_target_health)
            .match_requests(|request| request.target_group_arn() == Some("tg-1"))
            .then_output(|| {
                let target = types::TargetDescription::builder().id("i-1").port(8080).build();
                let health = types::TargetHealth::builder()
                    .state(types::TargetHealthStateEnum::Unhealthy)
                    .reason(types::TargetHealthReasonEnum::Timeout)
                    .build();
                DescribeTargetHealthOutput::builder()
                    .target_health_descriptions(
                        types::TargetHealthDescription::builder()
                            .target(target)
                            .target_health(health)
                            .build(),
                    )
                    .build()
            });
        mock::answer!(context, elbv2, aws_sdk_elasticloadbalancingv2, [health]);
        let mut scope = scope();

        TARGET_HEALTH.fill(&context, &mut scope, &["lb-1".to_owned()]).await;

        let groups: Vec<&TargetGroup> = scope.all().collect();
        let target = &groups[0].targets.as_ref().unwrap()[0];
        assert_eq!((target.id.as_str(), target.state.as_str()), ("i-1", "unhealthy"));
        assert_eq!(target.reason.as_deref(), Some("Target.Timeout"));
        assert_eq!(groups[1].targets, None);
        assert!(scope.complete(TargetGroup::TYPE));
    }

    #[tokio::test]
    async fn denied_health_leaves_targets_null_and_the_coverage_partial() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_target_health)
            .then_error(|| DescribeTargetHealthError::generic(mock::service_error("AccessDenied", "No.")));
        mock::answer!(context, elbv2, aws_sdk_elasticloadbalancingv2, [denied]);
        let mut scope = scope();

        TARGET_HEALTH.fill(&context, &mut scope, &["lb-1".to_owned()]).await;

        assert!(scope.all::<TargetGroup>().all(|group| group.targets.is_none()));
        let row = scope.coverage_of(TARGET_HEALTH.coverage).unwrap();
        assert_eq!(row.status, CoverageStatus::Denied);
        assert_eq!(row.detail, "denied: elasticloadbalancing:DescribeTargetHealth (No.)");
    }
}
