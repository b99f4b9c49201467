//! The account as a whole, out of what its regions show.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::account::{Account, AccountTrail};
use crate::inventory::cloudtrail::Trail;
use crate::inventory::{Coverage, CoverageStatus, GLOBAL, Kind as _, Meta, Scope};

/// Puts the account beside what it has once, if its trails were read for that, and leaves each trail in one scope.
pub fn account(scopes: &mut [Scope]) {
    let account = of_regions(scopes);
    let global = scopes.iter_mut().find(|scope| scope.region == GLOBAL);
    if let (Some(scope), Some((account, coverage))) = (global, account) {
        scope.resources.push(account.into());
        scope.coverage.push(coverage);
    }
    list_trails_once(scopes);
}

fn of_regions(scopes: &[Scope]) -> Option<(Account, Coverage)> {
    let read: Vec<(&Scope, &Coverage)> =
        scopes.iter().filter_map(|scope| Some((scope, scope.coverage_of(Trail::TYPE)?))).collect();
    let (first, _) = read.first()?;
    let unread = read.iter().find(|(_, coverage)| coverage.status != CoverageStatus::Complete);
    let (status, detail) = match unread {
        None => (CoverageStatus::Complete, String::new()),
        Some((scope, coverage)) => {
            (coverage.status, format!("{} in {}: {}", Trail::TYPE, scope.region, coverage.detail))
        }
    };
    let regions: Vec<&Scope> = read.iter().map(|(scope, _)| *scope).collect();
    let known = unread.is_none();
    let id = first.account.clone();
    let account = Account {
        meta: Meta {
            id: id.clone(),
            name: id.clone(),
            account: id,
            region: GLOBAL.to_owned(),
            ..Meta::default()
        },
        trails: known.then(|| trails(&regions)),
        regions_without_trail: if known { without_trail(&regions) } else { None },
    };
    Some((account, Coverage { resource_type: Account::TYPE.to_owned(), status, detail }))
}

fn trails(regions: &[&Scope]) -> Vec<AccountTrail> {
    let all = regions.iter().flat_map(|scope| scope.all::<Trail>());
    let by_arn: BTreeMap<(&str, &str), &Trail> =
        all.map(|trail| ((trail.meta.name.as_str(), trail.meta.arn.as_str()), trail)).collect();
    by_arn
        .into_values()
        .map(|trail| AccountTrail {
            name: trail.meta.name.clone(),
            arn: trail.meta.arn.clone(),
            home_region: trail.home_region.clone(),
            is_multi_region_trail: trail.is_multi_region_trail,
            is_logging: trail.is_logging,
            logs_management_writes: trail.logs_management_writes,
        })
        .collect()
}

/// Null if it cannot be told of one of them.
fn without_trail(regions: &[&Scope]) -> Option<Vec<String>> {
    let mut without = BTreeSet::new();
    for scope in regions {
        let records = |trail: &Trail| match (trail.is_logging, trail.logs_management_writes) {
            (Some(true), Some(true)) => Some(true),
            (Some(false), _) | (_, Some(false)) => Some(false),
            _ => None,
        };
        let answers: Vec<Option<bool>> = scope.all::<Trail>().map(records).collect();
        if answers.contains(&Some(true)) {
            continue;
        }
        if answers.contains(&None) {
            return None;
        }
        without.insert(scope.region.clone());
    }
    Some(without.into_iter().collect())
}

/// A trail shows in each region that it covers, and is one all the same.
fn list_trails_once(scopes: &mut [Scope]) {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    // first those that are at home, and then the others
    for at_home in [true, false] {
        for scope in scopes.iter_mut() {
            let region = scope.region.clone();
            scope.resources.retain(|resource| match Trail::of(resource) {
                Some(trail) if (trail.home_region == region) == at_home => {
                    seen.insert(trail.meta.arn.clone())
                }
                _ => true,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::inventory::Resource;
    use crate::relate::testing::{read, scope};

    fn trail(name: &str, home: &str, with: Value) -> Value {
        let mut trail = json!({
            "id": name, "name": name, "arn": name, "home_region": home, "is_multi_region_trail": true,
            "is_logging": true, "logs_management_writes": true,
        });
        let Value::Object(with) = with else { panic!("an object is wanted") };
        trail.as_object_mut().unwrap().extend(with);
        trail
    }

    /// A region whose trails were read.
    fn region(name: &str, trails: Value) -> Scope {
        Scope { region: name.to_owned(), ..scope(read(Trail::TYPE, trails), &[Trail::TYPE]) }
    }

    fn joined(regions: Vec<Scope>) -> (Vec<Scope>, Option<Account>) {
        let mut scopes = regions;
        scopes.push(Scope { region: GLOBAL.to_owned(), ..scope(Vec::new(), &[]) });
        account(&mut scopes);
        let found = scopes.iter().find_map(|scope| scope.all::<Account>().next()).cloned();
        (scopes, found)
    }

    fn without(regions: Vec<Scope>) -> Option<Vec<String>> {
        joined(regions).1.unwrap().regions_without_trail
    }

    #[test]
    fn a_region_is_covered_by_a_trail_that_logs_its_writes() {
        let everywhere = || trail("all", "us-east-1", json!({}));
        let covered = |trails: Value| without(vec![region("eu-west-1", trails)]) == Some(Vec::new());
        assert!(covered(json!([everywhere()])));
        assert!(!covered(json!([])));
        assert!(!covered(json!([trail("stopped", "eu-west-1", json!({ "is_logging": false }))])));
        assert!(!covered(json!([trail("reads", "eu-west-1", json!({ "logs_management_writes": false }))])));
        let two = vec![region("eu-west-1", json!([everywhere()])), region("us-east-1", json!([]))];
        assert_eq!(without(two), Some(vec!["us-east-1".to_owned()]));
    }

    #[test]
    fn a_trail_of_which_too_little_is_known_may_cover() {
        let owned_elsewhere = trail("org", "eu-west-1", json!({ "logs_management_writes": null }));
        let none = || region("us-east-1", json!([]));
        assert_eq!(without(vec![region("eu-west-1", json!([owned_elsewhere.clone()])), none()]), None);
        let stopped =
            trail("org", "eu-west-1", json!({ "logs_management_writes": null, "is_logging": false }));
        assert_eq!(without(vec![region("eu-west-1", json!([stopped]))]), Some(vec!["eu-west-1".to_owned()]));
        let beside = json!([owned_elsewhere, trail("own", "eu-west-1", json!({}))]);
        assert_eq!(without(vec![region("eu-west-1", beside)]), Some(Vec::new()));
    }

    #[test]
    fn where_trails_could_not_be_read_the_account_says_so() {
        let mut denied = region("us-east-1", json!([]));
        denied.coverage[0].status = CoverageStatus::Denied;
        denied.coverage[0].detail = "denied: cloudtrail:DescribeTrails (No.)".to_owned();
        let (scopes, account) = joined(vec![region("eu-west-1", json!([])), denied]);
        let account = account.unwrap();
        assert_eq!((account.trails, account.regions_without_trail), (None, None));
        let row = scopes[2].coverage_of(Account::TYPE).unwrap();
        assert_eq!(row.status, CoverageStatus::Denied);
        assert_eq!(
            row.detail,
            "AWS::CloudTrail::Trail in us-east-1: denied: cloudtrail:DescribeTrails (No.)"
        );
    }

    #[test]
    fn each_trail_is_listed_once_and_at_home_where_that_was_read() {
        let [main, far] = [trail("main", "us-east-1", json!({})), trail("far", "ap-south-1", json!({}))];
        let trails = json!([main, far]);
        let (scopes, account) =
            joined(vec![region("eu-west-1", trails.clone()), region("us-east-1", trails)]);
        let names = |scope: &Scope| -> Vec<String> {
            scope.resources.iter().map(Resource::meta).map(|meta| meta.name.clone()).collect()
        };
        assert_eq!(names(&scopes[0]), ["far"]);
        assert_eq!(names(&scopes[1]), ["main"]);
        let listed: Vec<String> = account.unwrap().trails.unwrap().into_iter().map(|t| t.name).collect();
        assert_eq!(listed, ["far", "main"]);
    }

    #[test]
    fn regions_that_were_not_asked_for_do_not_count_and_unread_trails_make_no_account() {
        let events = Scope { region: "us-east-1".to_owned(), events_only: true, ..scope(Vec::new(), &[]) };
        let covered = region("eu-west-1", json!([trail("own", "eu-west-1", json!({}))]));
        assert_eq!(without(vec![covered, events.clone()]), Some(Vec::new()));
        assert_eq!(joined(vec![events]).1, None);
    }
}
