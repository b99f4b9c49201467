//! The security groups of caches, and the ports that these open.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::ec2::{Opening, PrefixList, SecurityGroup};
use crate::inventory::elasticache::{CacheCluster, ReplicationGroup, ServerlessCache};
use crate::inventory::{Kind as _, Scope};

type GroupsAndOpenings = (Option<Vec<String>>, Option<Vec<Opening>>);

/// ReplicationGroup.security_groups and ReplicationGroup.openings: those of its clusters.
pub(super) fn of_groups(scope: &Scope) -> Vec<GroupsAndOpenings> {
    let complete = scope.complete(CacheCluster::TYPE);
    let mut by_group: BTreeMap<&str, BTreeSet<&String>> = BTreeMap::new();
    for cluster in scope.all::<CacheCluster>() {
        if let Some(group) = &cluster.replication_group_id {
            by_group.entry(group).or_default().extend(&cluster.security_groups);
        }
    }
    let opened = opened(scope);
    scope
        .all::<ReplicationGroup>()
        .map(|group| {
            let ids: Option<Vec<String>> = complete.then(|| {
                let ids = by_group.get(group.meta.id.as_str());
                ids.into_iter().flatten().map(|id| (*id).clone()).collect()
            });
            let openings = ids.as_ref().and_then(|ids| Some(of(ids, opened.as_ref()?)));
            (ids, openings)
        })
        .collect()
}

/// CacheCluster.openings.
pub(super) fn of_clusters(scope: &Scope) -> Vec<Option<Vec<Opening>>> {
    let opened = opened(scope);
    scope.all::<CacheCluster>().map(|cluster| Some(of(&cluster.security_groups, opened.as_ref()?))).collect()
}

/// ServerlessCache.openings.
pub(super) fn of_serverless(scope: &Scope) -> Vec<Option<Vec<Opening>>> {
    let opened = opened(scope);
    scope.all::<ServerlessCache>().map(|cache| Some(of(&cache.security_groups, opened.as_ref()?))).collect()
}

type Opened<'a> = BTreeMap<&'a str, &'a [Opening]>;

fn of(groups: &[String], opened: &Opened<'_>) -> Vec<Opening> {
    groups.iter().filter_map(|id| opened.get(id.as_str())).flat_map(|found| found.iter().cloned()).collect()
}

/// The openings of each security group; None where they are not all known.
fn opened(scope: &Scope) -> Option<Opened<'_>> {
    let complete = scope.complete(SecurityGroup::TYPE) && scope.complete(PrefixList::TYPE);
    complete.then(|| {
        let groups = scope.all::<SecurityGroup>();
        groups.map(|group| (group.meta.id.as_str(), group.openings.as_deref().unwrap_or_default())).collect()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::inventory::Resource;
    use crate::relate::testing::{read, scope};

    fn resources() -> Vec<Resource> {
        let mut resources = read(ReplicationGroup::TYPE, json!([{ "id": "web" }, { "id": "empty" }]));
        resources.extend(read(
            CacheCluster::TYPE,
            json!([
                { "id": "web-001", "replication_group_id": "web", "security_groups": ["sg-1", "sg-2"] },
                { "id": "web-002", "replication_group_id": "web", "security_groups": ["sg-1"] },
                { "id": "alone", "security_groups": ["sg-2"] },
            ]),
        ));
        resources.extend(read(ServerlessCache::TYPE, json!([{ "id": "less", "security_groups": ["sg-3"] }])));
        resources.extend(read(
            SecurityGroup::TYPE,
            json!([
                { "id": "sg-1", "openings": [{ "from_port": 6379 }] },
                { "id": "sg-2", "openings": [{ "from_port": 11211 }] },
                { "id": "sg-3", "openings": [] },
            ]),
        ));
        resources
    }

    fn ports(openings: Option<&Vec<Opening>>) -> Option<Vec<i64>> {
        openings.map(|list| list.iter().map(|opening| opening.from_port).collect())
    }

    const ALL: &[&str] = &[CacheCluster::TYPE, SecurityGroup::TYPE, PrefixList::TYPE];

    #[test]
    fn a_replication_group_has_the_security_groups_of_its_clusters() {
        let found = of_groups(&scope(resources(), ALL));

        assert_eq!(found[0].0, Some(vec!["sg-1".to_owned(), "sg-2".to_owned()]));
        assert_eq!(ports(found[0].1.as_ref()), Some(vec![6379, 11211]));
        assert_eq!(found[1], (Some(vec![]), Some(vec![])));
    }

    #[test]
    fn clusters_and_serverless_caches_have_their_own() {
        let scope = scope(resources(), ALL);

        assert_eq!(ports(of_clusters(&scope)[2].as_ref()), Some(vec![11211]));
        assert_eq!(ports(of_serverless(&scope)[0].as_ref()), Some(vec![]));
    }

    #[test]
    fn what_was_not_read_leaves_it_open() {
        let groups = of_groups(&scope(resources(), &[SecurityGroup::TYPE, PrefixList::TYPE]));
        assert_eq!(groups[0], (None, None));
        let without_lists = scope(resources(), &[CacheCluster::TYPE, SecurityGroup::TYPE]);
        assert!(of_groups(&without_lists)[0].0.is_some() && of_groups(&without_lists)[0].1.is_none());
        assert_eq!(of_clusters(&without_lists), [None, None, None]);
        assert_eq!(of_serverless(&without_lists), [None]);
    }
}
