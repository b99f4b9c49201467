//! The detail `lifecycle`: one call for each repository in question, and one more for
//! each thousand images of those that have no lifecycle policy.

use std::collections::BTreeMap;

use aws_sdk_ecr::operation::get_lifecycle_policy::GetLifecyclePolicyError;
use aws_sdk_ecr::types::ImageDetail;
use futures::StreamExt as _;
use futures::stream;
use serde_json::Value;

use super::{CONCURRENCY, PAGE};
use crate::collect::pages::list;
use crate::collect::{CollectError, Context, Detail};
use crate::inventory::ecr::Repository;
use crate::inventory::{Kind as _, Scope};

const GET_POLICY: &str = "ecr:GetLifecyclePolicy";
const DESCRIBE_IMAGES: &str = "ecr:DescribeImages";

pub(in crate::collect) const LIFECYCLE: Detail = Detail {
    name: "lifecycle",
    resource_type: Repository::TYPE,
    coverage: "AWS::ECR::LifecyclePolicy",
    actions: &[GET_POLICY, DESCRIBE_IMAGES],
    fetch: |context, scope, arns| Box::pin(fetch(context, scope, arns)),
};

/// What is kept in a repository without rules.
struct Images {
    count: i64,
    bytes: i64,
}

async fn fetch(context: &Context, scope: &mut Scope, arns: &[String]) -> Result<(), CollectError> {
    let mut repositories: BTreeMap<String, &mut Repository> = scope
        .all_mut::<Repository>()
        .filter(|repository| arns.contains(&repository.meta.arn))
        .map(|repository| (repository.meta.name.clone(), repository))
        .collect();
    let names: Vec<String> = repositories.keys().cloned().collect();
    let mut calls = stream::iter(names)
        .map(|name| async move {
            let rules = rules(context, &name).await;
            let images = match rules {
                Ok(0) => Some(images(context, &name).await),
                _ => None,
            };
            (name, rules, images)
        })
        .buffer_unordered(CONCURRENCY);
    let mut outcome = Ok(());
    while let Some((name, rules, images)) = calls.next().await {
        let Some(repository) = repositories.get_mut(&name) else { continue };
        let mut failed = None;
        match rules {
            Ok(rules) => repository.lifecycle_rules = Some(rules),
            Err(error) => failed = Some(error),
        }
        match images {
            Some(Ok(images)) => {
                repository.image_count = Some(images.count);
                repository.image_size_in_bytes = Some(images.bytes);
            }
            Some(Err(error)) => failed = Some(error),
            None => {}
        }
        if let Some(error) = failed {
            let denied = error.is_denied();
            outcome = outcome.and(Err(error));
            if denied {
                break;
            }
        }
    }
    outcome
}

/// How many rules the repository's lifecycle policy has.
async fn rules(context: &Context, name: &str) -> Result<i64, CollectError> {
    let answer = context.clients.ecr.get_lifecycle_policy().repository_name(name).send().await;
    let policy = match answer {
        Ok(answer) => answer.lifecycle_policy_text.unwrap_or_default(),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(GetLifecyclePolicyError::is_lifecycle_policy_not_found_exception) =>
        {
            return Ok(0);
        }
        Err(error) => return Err(CollectError::of(GET_POLICY, &error)),
    };
    let policy: Value = serde_json::from_str(&policy)
        .map_err(|error| CollectError::Malformed { action: GET_POLICY, message: error.to_string() })?;
    let rules = policy["rules"].as_array().map_or(0, Vec::len);
    Ok(i64::try_from(rules).unwrap_or(i64::MAX))
}

async fn images(context: &Context, name: &str) -> Result<Images, CollectError> {
    let pages =
        context.clients.ecr.describe_images().repository_name(name).max_results(PAGE).into_paginator().send();
    let images = list(DESCRIBE_IMAGES, pages, |page| (page.image_details, page.next_token)).await?.whole()?;
    Ok(Images {
        count: i64::try_from(images.len()).unwrap_or(i64::MAX),
        bytes: images.iter().filter_map(ImageDetail::image_size_in_bytes).sum(),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecr::Client;
    use aws_sdk_ecr::operation::describe_images::DescribeImagesOutput;
    use aws_sdk_ecr::operation::get_lifecycle_policy::{GetLifecyclePolicyError, GetLifecyclePolicyOutput};
    use aws_sdk_ecr::types::error::LifecyclePolicyNotFoundException;
    use aws_smithy_mocks::{Rule, mock};

    use super::*;
    use crate::collect::mock;
    use crate::inventory::{CoverageStatus, Meta};

    fn scope() -> Scope {
        let repository = |name: &str| Repository {
            meta: Meta { arn: format!("arn:{name}"), name: name.to_owned(), ..Meta::default() },
            ..Repository::default()
        };
        Scope { resources: vec![repository("web").into(), repository("api").into()], ..Scope::default() }
    }

    fn none_for(name: &'static str) -> Rule {
        mock!(Client::get_lifecycle_policy)
            .match_requests(move |request| request.repository_name() == Some(name))
            .then_error(|| {
                GetLifecyclePolicyError::LifecyclePolicyNotFoundException(
                    LifecyclePolicyNotFoundException::builder().build(),
                )
            })
    }

    fn images_of(bytes: [i64; 2], next: Option<&str>) -> DescribeImagesOutput {
        let images = bytes.map(|bytes| ImageDetail::builder().image_size_in_bytes(bytes).build());
        DescribeImagesOutput::builder()
            .set_image_details(Some(images.to_vec()))
            .set_next_token(next.map(str::to_owned))
            .build()
    }

    #[tokio::test]
    async fn rules_are_counted_and_images_only_where_there_are_none() {
        let mut context = mock::context();
        let ruled = mock!(Client::get_lifecycle_policy)
            .match_requests(|request| request.repository_name() == Some("api"))
            .then_output(|| {
                let policy = r#"{"rules":[{"rulePriority":1},{"rulePriority":2}]}"#;
                GetLifecyclePolicyOutput::builder().lifecycle_policy_text(policy).build()
            });
        let first = mock!(Client::describe_images)
            .match_requests(|request| {
                request.repository_name() == Some("web")
                    && request.next_token().is_none()
                    && request.max_results() == Some(1000)
            })
            .then_output(|| images_of([1, 2], Some("two")));
        let second = mock!(Client::describe_images)
            .match_requests(|request| request.next_token() == Some("two"))
            .then_output(|| images_of([4, 8], None));
        mock::answer!(context, ecr, aws_sdk_ecr, [ruled, none_for("web"), first, second]);
        let mut scope = scope();

        LIFECYCLE.fill(&context, &mut scope, &["arn:web".to_owned(), "arn:api".to_owned()]).await;

        let told: Vec<_> = scope
            .all::<Repository>()
            .map(|each| (each.lifecycle_rules, each.image_count, each.image_size_in_bytes))
            .collect();
        assert_eq!(told, [(Some(0), Some(4), Some(15)), (Some(2), None, None)]);
        assert!(scope.complete(LIFECYCLE.coverage));
    }

    #[tokio::test]
    async fn a_denied_policy_is_not_no_policy() {
        let mut context = mock::context();
        let denied = mock!(Client::get_lifecycle_policy).then_error(|| {
            GetLifecyclePolicyError::generic(mock::service_error("AccessDeniedException", "No."))
        });
        mock::answer!(context, ecr, aws_sdk_ecr, [denied]);
        let mut scope = scope();

        LIFECYCLE.fill(&context, &mut scope, &["arn:web".to_owned()]).await;

        assert!(scope.all::<Repository>().all(|repository| repository.lifecycle_rules.is_none()));
        assert_eq!(scope.coverage_of(LIFECYCLE.coverage).unwrap().status, CoverageStatus::Denied);
    }
}
