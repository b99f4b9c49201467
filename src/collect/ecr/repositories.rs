//! Private repositories. Their tags would cost a call each and are not read.

use aws_sdk_ecr::types;

use super::PAGE;
use crate::collect::pages::list;
use crate::collect::{CollectError, Collector, Context, Read, time};
use crate::inventory::ecr::Repository;
use crate::inventory::{Kind as _, Meta};

const DESCRIBE: &str = "ecr:DescribeRepositories";

pub(in crate::collect) const REPOSITORIES: Collector = Collector {
    resource_type: Repository::TYPE,
    actions: &[DESCRIBE],
    collect: |context| Box::pin(read(context)),
};

async fn read(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.ecr.describe_repositories().max_results(PAGE).into_paginator().send();
    let repositories = list(DESCRIBE, pages, |page| (page.repositories, page.next_token)).await?;
    Read::mapped(repositories, |sdk| repository(context, sdk))
}

fn repository(context: &Context, sdk: &types::Repository) -> Repository {
    let name = sdk.repository_name().unwrap_or_default();
    let meta = context.meta(name, name, sdk.repository_arn().unwrap_or_default());
    Repository {
        meta: Meta { created_at: time(sdk.created_at()), ..meta },
        repository_uri: sdk.repository_uri().unwrap_or_default().to_owned(),
        image_tag_mutability: sdk
            .image_tag_mutability()
            .map_or("MUTABLE", |mutability| mutability.as_str())
            .to_owned(),
        ..Repository::default()
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecr::Client;
    use aws_sdk_ecr::operation::describe_repositories::{
        DescribeRepositoriesError, DescribeRepositoriesOutput,
    };
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;

    fn page(name: &str, next: Option<&str>) -> DescribeRepositoriesOutput {
        let repository = types::Repository::builder()
            .repository_name(name)
            .repository_arn(format!("arn:aws:ecr:eu-west-1:111122223333:repository/{name}"))
            .repository_uri(format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/{name}"))
            .image_tag_mutability(types::ImageTagMutability::ImmutableWithExclusion)
            .build();
        DescribeRepositoriesOutput::builder()
            .repositories(repository)
            .set_next_token(next.map(str::to_owned))
            .build()
    }

    #[tokio::test]
    async fn repositories_are_read_page_by_page() {
        let mut context = mock::context();
        let first = mock!(Client::describe_repositories)
            .match_requests(|request| request.next_token().is_none() && request.max_results() == Some(1000))
            .then_output(|| page("web", Some("two")));
        let second = mock!(Client::describe_repositories)
            .match_requests(|request| request.next_token() == Some("two"))
            .then_output(|| page("team/api", None));
        mock::answer!(context, ecr, aws_sdk_ecr, [first, second]);

        let read = mock::read(&context, Repository::TYPE).await.unwrap();

        let repositories: Vec<&Repository> = read.resources.iter().filter_map(Repository::of).collect();
        assert_eq!(repositories[0].meta.id, "web");
        assert_eq!(repositories[1].meta.id, "team/api");
        assert_eq!(repositories[1].repository_uri, "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/api");
        assert_eq!(repositories[0].image_tag_mutability, "IMMUTABLE_WITH_EXCLUSION");
    }

    #[tokio::test]
    async fn a_denied_list_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_repositories).then_error(|| {
            DescribeRepositoriesError::generic(mock::service_error("AccessDeniedException", "No."))
        });
        mock::answer!(context, ecr, aws_sdk_ecr, [denied]);

        assert!(mock::read(&context, Repository::TYPE).await.unwrap_err().is_denied());
    }
}
