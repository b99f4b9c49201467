//! Which target groups a load balancer forwards to.

use std::collections::BTreeMap;

use crate::inventory::ec2::{Opening, PrefixList, SecurityGroup};
use crate::inventory::elasticloadbalancingv2::{LoadBalancer, TargetGroup};
use crate::inventory::{Kind as _, Scope};

/// Target groups by the ARN of each load balancer that uses them.
pub(super) fn by_balancer(scope: &Scope) -> BTreeMap<&str, Vec<&TargetGroup>> {
    let mut groups: BTreeMap<&str, Vec<&TargetGroup>> = BTreeMap::new();
    for group in scope.all::<TargetGroup>() {
        for arn in &group.load_balancer_arns {
            groups.entry(arn).or_default().push(group);
        }
    }
    groups
}

/// LoadBalancer.target_groups.
pub(super) fn target_groups(scope: &Scope) -> Vec<Option<Vec<TargetGroup>>> {
    let complete = scope.complete(TargetGroup::TYPE);
    let groups = by_balancer(scope);
    scope
        .all::<LoadBalancer>()
        .map(|balancer| {
            let groups = groups.get(balancer.meta.arn.as_str());
            complete.then(|| groups.into_iter().flatten().copied().cloned().collect())
        })
        .collect()
}

/// LoadBalancer.openings, of which those of its security groups are known.
pub(super) fn openings(scope: &Scope) -> Vec<Option<Vec<Opening>>> {
    let complete = scope.complete(SecurityGroup::TYPE) && scope.complete(PrefixList::TYPE);
    let groups: BTreeMap<&str, &SecurityGroup> =
        scope.all::<SecurityGroup>().map(|group| (group.meta.id.as_str(), group)).collect();
    let of = |balancer: &LoadBalancer| {
        let own = balancer.security_groups.iter().filter_map(|id| groups.get(id.as_str()));
        own.flat_map(|group| group.openings.iter().flatten().cloned()).collect()
    };
    scope.all::<LoadBalancer>().map(|balancer| complete.then(|| of(balancer))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::relate::testing::{read, scope};

    #[test]
    fn target_groups_are_joined_by_arn() {
        let mut resources = read(LoadBalancer::TYPE, json!([{ "arn": "arn:web" }, { "arn": "arn:empty" }]));
        resources.extend(read(
            TargetGroup::TYPE,
            json!([
                { "id": "blue", "load_balancer_arns": ["arn:web"] },
                { "id": "orphan", "load_balancer_arns": [] },
                { "id": "green", "load_balancer_arns": ["arn:other", "arn:web"] },
            ]),
        ));
        let ids = |groups: &Option<Vec<TargetGroup>>| {
            groups.as_ref().map(|g| g.iter().map(|g| g.meta.id.clone()).collect::<Vec<_>>())
        };
        let complete = target_groups(&scope(resources.clone(), &[TargetGroup::TYPE]));
        assert_eq!(ids(&complete[0]), Some(vec!["blue".to_owned(), "green".to_owned()]));
        assert_eq!(ids(&complete[1]), Some(vec![]));
        assert_eq!(target_groups(&scope(resources, &[])), [None, None]);
    }

    #[test]
    fn what_its_security_groups_open_is_open_on_a_load_balancer() {
        let mut resources = read(LoadBalancer::TYPE, json!([{ "security_groups": ["sg-1", "sg-2"] }, {}]));
        resources.extend(read(
            SecurityGroup::TYPE,
            json!([
                { "id": "sg-1", "openings": [{ "from_port": 80 }] },
                { "id": "sg-2", "openings": [{ "from_port": 443 }] },
                { "id": "sg-3", "openings": [{ "from_port": 22 }] },
            ]),
        ));
        let complete = openings(&scope(resources.clone(), &[SecurityGroup::TYPE, PrefixList::TYPE]));
        let ports: Vec<i64> = complete[0].iter().flatten().map(|opening| opening.from_port).collect();
        assert_eq!(ports, [80, 443]);
        assert_eq!(complete[1], Some(vec![]));
        assert_eq!(openings(&scope(resources, &[SecurityGroup::TYPE])), [None, None]);
    }
}
