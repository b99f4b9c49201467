//! Which images of a repository services run, by tag.

use std::collections::BTreeSet;

use crate::inventory::ecr::Repository;
use crate::inventory::ecs::TaskDefinition;
use crate::inventory::{Kind as _, Scope};

/// Repository.deployed_tags.
pub(super) fn deployed_tags(scope: &Scope) -> Vec<Option<Vec<String>>> {
    let complete = scope.complete(TaskDefinition::TYPE);
    let images: BTreeSet<&str> = scope
        .all::<TaskDefinition>()
        .flat_map(|definition| definition.container_definitions.iter())
        .map(|container| container.image.as_str())
        .collect();
    let tags = |repository: &Repository| {
        let tags: BTreeSet<&str> =
            images.iter().filter_map(|image| tag(image, &repository.repository_uri)).collect();
        tags.into_iter().map(str::to_owned).collect()
    };
    scope.all::<Repository>().map(|repository| complete.then(|| tags(repository))).collect()
}

/// The tag by which an image of the repository is named; None for other images and for digests, which never move.
fn tag<'a>(image: &'a str, repository_uri: &str) -> Option<&'a str> {
    match image.strip_prefix(repository_uri)? {
        "" => Some("latest"),
        rest if rest.contains('@') => None,
        rest => rest.strip_prefix(':'),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::relate::testing::{read, scope};

    #[test]
    fn tags_are_of_the_repository_itself_and_digests_are_none() {
        let mut resources = read(
            Repository::TYPE,
            json!([{ "repository_uri": "1.dkr.ecr/web" }, { "repository_uri": "1.dkr.ecr/api" }]),
        );
        let containers = json!([
            { "image": "1.dkr.ecr/web" },
            { "image": "1.dkr.ecr/web:2f6c1d9" },
            { "image": "1.dkr.ecr/web:stable@sha256:00" },
            { "image": "1.dkr.ecr/web-admin:main" },
            { "image": "nginx:1.29" },
        ]);
        resources.extend(read(TaskDefinition::TYPE, json!([{ "container_definitions": containers }])));
        let tags = deployed_tags(&scope(resources.clone(), &[TaskDefinition::TYPE]));
        assert_eq!(tags, [Some(vec!["2f6c1d9".to_owned(), "latest".to_owned()]), Some(vec![])]);
        assert_eq!(deployed_tags(&scope(resources, &[])), [None, None]);
    }
}
