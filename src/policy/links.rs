//! What policies have to do with each other: one says better what another says, too, and a change by
//! hand led to what a policy finds if it is of the same resource and of a field that the policy judges by.

use std::collections::{BTreeMap, BTreeSet};

use super::Policy;
use super::outcome::{Cause, Evaluation, Outcome, Verdicts};
use crate::inventory::cloudtrail::Change;
use crate::inventory::{Inventory, Scope};

/// The policy whose findings tell of changes by hand.
const CHANGES: &str = "cloudtrail-console-change";

/// Of several policies that fail on one resource, leaves out those that yield to another of them.
pub(super) fn yield_to_others(policies: &[&Policy], verdicts: &mut Verdicts<'_>) {
    let yielding: BTreeMap<&str, &[String]> = policies
        .iter()
        .filter(|policy| !policy.yields_to.is_empty())
        .map(|policy| (policy.id.as_str(), policy.yields_to.as_slice()))
        .collect();
    let asked: BTreeSet<&str> = yielding.values().copied().flatten().map(String::as_str).collect();
    let place = |evaluation: &Evaluation<'_>| {
        let meta = &evaluation.resource;
        (meta.account.clone(), meta.region.clone(), meta.arn.clone(), meta.id.clone())
    };
    let failing: BTreeSet<(String, _)> = verdicts
        .evaluations
        .iter()
        .filter(|found| asked.contains(&*found.policy) && matches!(found.outcome, Outcome::Fail(_)))
        .map(|found| (found.policy.clone().into_owned(), place(found)))
        .collect();
    for evaluation in &mut verdicts.evaluations {
        let (Outcome::Fail(_), Some(others)) = (&evaluation.outcome, yielding.get(&*evaluation.policy))
        else {
            continue;
        };
        let place = place(evaluation);
        if let Some(other) = others.iter().find(|other| failing.contains(&((*other).clone(), place.clone())))
        {
            evaluation.outcome = Outcome::Skip(format!("{other} names it"));
        }
    }
}

/// Adds the change to the causes of each such failure.
pub(super) fn add_changes(policies: &[&Policy], inventory: &Inventory, verdicts: &mut Verdicts<'_>) {
    let changed = changed_fields(inventory);
    if changed.is_empty() {
        return;
    }
    let fields: BTreeMap<&str, BTreeSet<String>> =
        policies.iter().map(|policy| (policy.id.as_str(), policy.fields())).collect();
    for evaluation in &mut verdicts.evaluations {
        let Outcome::Fail(failure) = &mut evaluation.outcome else { continue };
        let judged_by = fields.get(&*evaluation.policy);
        let changed = changed.get(evaluation.resource.arn.as_str());
        if let (Some(judged_by), Some(changed)) = (judged_by, changed)
            && evaluation.resource_type == changed.of
            && changed.fields.iter().any(|field| judged_by.contains(*field))
        {
            let (policy, resource) = (CHANGES.to_owned(), evaluation.resource.arn.clone());
            failure.because_of.push(Cause { policy, resource, of: None });
        }
    }
}

struct Changed<'a> {
    of: &'a str,
    fields: BTreeSet<&'a str>,
}

/// The fields that people changed and that still are as they left them, by the resource's ARN.
fn changed_fields(inventory: &Inventory) -> BTreeMap<&str, Changed<'_>> {
    let mut changed: BTreeMap<&str, Changed<'_>> = BTreeMap::new();
    for change in inventory.scopes.iter().flat_map(Scope::all::<Change>) {
        let (Some(of), "person", false) =
            (change.changed_type.as_deref(), change.by.as_str(), change.meta.arn.is_empty())
        else {
            continue;
        };
        let standing = change.effects.iter().filter(|effect| effect.stands == "in_force");
        let fields = standing.filter_map(|effect| effect.touch.field.as_deref());
        changed
            .entry(&change.meta.arn)
            .or_insert_with(|| Changed { of, fields: BTreeSet::new() })
            .fields
            .extend(fields);
    }
    changed
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{Migration, Overrides};
    use crate::inventory::costexplorer::UsageType;
    use crate::inventory::logs::LogGroup;
    use crate::inventory::{Coverage, CoverageStatus, Kind as _, Resource};
    use crate::policy::{builtin, evaluate, load};

    const ARN: &str = "arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/api";

    /// The causes of the log group's failure, after a person touched the field, and how that stands.
    fn causes(field: &str, stands: &str, by: &str) -> Vec<String> {
        let group = json!({ "id": "/ecs/api", "name": "/ecs/api", "arn": ARN, "account": "111122223333",
            "log_group_class": "STANDARD", "retention_in_days": null });
        let change = json!({ "id": "/ecs/api", "name": "/ecs/api", "arn": ARN, "account": "111122223333", "by": by,
            "changed_type": LogGroup::TYPE, "actors": ["ann"], "origins": ["console"], "event_names": ["DeleteRetentionPolicy"],
            "event_ids": ["e-1"], "count": 1, "stands": stands,
            "effects": [{ "part": field, "action": "set", "field": field, "stands": stands }] });
        let resource = |kind: &str, value| Resource::from_json(kind, value).unwrap().unwrap();
        let complete = |name: &str| Coverage {
            resource_type: name.to_owned(),
            status: CoverageStatus::Complete,
            detail: String::new(),
        };
        let scope = Scope {
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            coverage: vec![complete(LogGroup::TYPE), complete(Change::TYPE)],
            resources: vec![resource(LogGroup::TYPE, group), resource(Change::TYPE, change)],
            ..Scope::default()
        };
        let taken_at = "2026-11-20T10:00:00Z".parse().unwrap();
        let inventory = Inventory { version: Inventory::VERSION, taken_at, scopes: vec![scope] };
        let loaded = load::load(builtin::files(), &Overrides::default(), builtin::DETAILS).unwrap();
        let wanted = [CHANGES, "logs-group-no-retention"];
        let policies: Vec<&Policy> =
            loaded.iter().filter(|policy| wanted.contains(&policy.id.as_str())).collect();
        let verdicts = evaluate::evaluate(&policies, &inventory, &Migration::default());
        let failed = verdicts.evaluations.iter().find_map(|evaluation| match &evaluation.outcome {
            Outcome::Fail(failure) if evaluation.policy == "logs-group-no-retention" => Some(failure),
            _ => None,
        });
        failed.unwrap().because_of.iter().map(|cause| cause.policy.clone()).collect()
    }

    /// How the policies that are loaded judge a usage type, by policy: `fail`, or why it is skipped.
    fn judged(wanted: &[&str]) -> BTreeMap<String, String> {
        let day =
            json!({ "date": "2026-11-17", "usd": 90.0, "usual_usd": 10.0, "extra_usd": 80.0, "share": 1.0 });
        let of = json!({ "id": "a/b", "arn": "a/b", "days": 63, "week_usd": 150.0, "usual_week_usd": 70.0,
            "week_deviation_usd": 1.0, "worst_day": day });
        let of = Resource::from_json(UsageType::TYPE, of).unwrap().unwrap();
        let scope = Scope { resources: vec![of], ..Scope::default() };
        let taken_at = "2026-11-20T10:00:00Z".parse().unwrap();
        let inventory = Inventory { version: Inventory::VERSION, taken_at, scopes: vec![scope] };
        let loaded = load::load(builtin::files(), &Overrides::default(), builtin::DETAILS).unwrap();
        let policies: Vec<&Policy> =
            loaded.iter().filter(|policy| wanted.contains(&policy.id.as_str())).collect();
        let verdicts = evaluate::evaluate(&policies, &inventory, &Migration::default());
        let told = verdicts.evaluations.into_iter().map(|found| {
            let told = match found.outcome {
                Outcome::Fail(_) => "fail".to_owned(),
                Outcome::Skip(reason) => reason,
                other => format!("{other:?}"),
            };
            (found.policy.into_owned(), told)
        });
        told.collect()
    }

    #[test]
    fn a_policy_yields_where_another_fails_and_speaks_where_that_is_not_asked() {
        let [day, week] = ["cost-spike-day", "cost-usage-type-drift"];
        let both = judged(&[day, week]);
        assert_eq!((&*both[day], &*both[week]), ("fail", "cost-spike-day names it"));
        assert_eq!(judged(&[week])[week], "fail");
    }

    #[test]
    fn a_finding_is_led_back_to_the_change_of_what_it_is_judged_by() {
        assert_eq!(causes("retention_in_days", "in_force", "person"), [CHANGES]);
        assert_eq!(causes("kms_key_id", "in_force", "person"), [""; 0], "no policy judges by that");
        assert_eq!(causes("retention_in_days", "reverted", "person"), [""; 0]);
        assert_eq!(causes("retention_in_days", "in_force", "code"), [""; 0]);
    }
}
