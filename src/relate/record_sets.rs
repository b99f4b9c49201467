//! What is in a hosted zone, and what shares a name and a type there.

use std::collections::BTreeMap;

use crate::inventory::route53::{HostedZone, Leg, RecordSet};
use crate::inventory::{Kind as _, Scope};

/// HostedZone.record_sets.
pub(super) fn of_zones(scope: &Scope) -> Vec<Option<Vec<RecordSet>>> {
    let complete = scope.complete(RecordSet::TYPE);
    let of = |zone: &HostedZone| {
        let own = scope.all::<RecordSet>().filter(|set| set.hosted_zone_id == zone.meta.id);
        // what they hold of each other would only repeat itself
        own.map(|set| RecordSet { legs: None, ..set.clone() }).collect()
    };
    scope.all::<HostedZone>().map(|zone| complete.then(|| of(zone))).collect()
}

/// RecordSet.legs.
pub(super) fn legs(scope: &Scope) -> Vec<Option<Vec<Leg>>> {
    if !scope.complete(RecordSet::TYPE) {
        return scope.all::<RecordSet>().map(|_| None).collect();
    }
    let mut groups: BTreeMap<[&str; 3], Vec<Leg>> = BTreeMap::new();
    for set in scope.all::<RecordSet>() {
        groups.entry(key(set)).or_default().push(Leg {
            set_identifier: set.set_identifier.clone(),
            weight: set.weight,
            failover: set.failover.clone(),
            heroku_targets: set.heroku_targets.clone(),
        });
    }
    for legs in groups.values_mut() {
        legs.sort_by(|a, b| a.set_identifier.cmp(&b.set_identifier));
    }
    scope.all::<RecordSet>().map(|set| groups.get(&key(set)).cloned()).collect()
}

fn key(set: &RecordSet) -> [&str; 3] {
    [&set.hosted_zone_id, &set.meta.name, &set.kind]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::relate::testing::{read, scope};

    fn account(complete: &[&str]) -> Scope {
        let mut resources = read(HostedZone::TYPE, json!([{ "id": "Z1" }, { "id": "Z2" }]));
        resources.extend(read(
            RecordSet::TYPE,
            json!([
                { "hosted_zone_id": "Z1", "name": "www", "type": "CNAME", "set_identifier": "heroku", "weight": 0 },
                { "hosted_zone_id": "Z1", "name": "www", "type": "CNAME", "set_identifier": "aws", "weight": 100 },
                { "hosted_zone_id": "Z1", "name": "www", "type": "TXT" },
                { "hosted_zone_id": "Z2", "name": "www", "type": "CNAME" },
            ]),
        ));
        scope(resources, complete)
    }

    #[test]
    fn a_zone_has_its_own_record_sets() {
        let found = of_zones(&account(&[RecordSet::TYPE]));
        let sizes: Vec<usize> = found.iter().flatten().map(Vec::len).collect();
        assert_eq!(sizes, [3, 1]);
        assert_eq!(of_zones(&account(&[])), [None, None]);
    }

    #[test]
    fn legs_share_zone_name_and_type() {
        let found = legs(&account(&[RecordSet::TYPE]));
        let names: Vec<Vec<Option<&str>>> = found
            .iter()
            .map(|legs| legs.iter().flatten().map(|leg| leg.set_identifier.as_deref()).collect())
            .collect();
        let both = vec![Some("aws"), Some("heroku")];
        assert_eq!(names, [both.clone(), both, vec![None], vec![None]]);
        assert_eq!(legs(&account(&[])), [None, None, None, None]);
    }
}
