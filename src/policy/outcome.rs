//! What a policy says of a resource: exactly one of four outcomes.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

pub use crate::config::Severity;
use crate::inventory::Meta;

#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Pass,
    /// Out of scope, too young or not applicable, and why.
    Skip(String),
    /// We could not look, and why. Never a pass, and never resolves a finding.
    Unknown(String),
    Fail(Box<Failure>),
}

/// Everything that a failing policy has to say, its templates filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub severity: Severity,
    pub title: String,
    pub message: String,
    pub why: String,
    pub fix: String,
    pub fix_cli: Option<String>,
    pub fix_terraform: Option<String>,
    pub evidence: Map<String, Value>,
    pub monthly_cost_usd: Option<f64>,
    /// Failures of other policies that would explain this one; of [`Verdicts`] those that stand.
    pub because_of: Vec<Cause>,
}

/// The failure of another policy on another resource, or the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    pub policy: String,
    /// The resource's ARN, id or name.
    pub resource: String,
    /// The resource, once it is known that the policy fails on it.
    pub of: Option<Box<Meta>>,
}

/// One policy on one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation<'a> {
    pub policy: Cow<'a, str>,
    pub resource_type: &'static str,
    pub resource: Cow<'a, Meta>,
    pub outcome: Outcome,
}

/// A policy that could not be evaluated in one account and region, since the
/// type that it judges was not read completely there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Blind {
    pub policy: String,
    pub account: String,
    pub region: String,
    pub reason: String,
}

/// All that the policies had to say of an inventory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdicts<'a> {
    pub evaluations: Vec<Evaluation<'a>>,
    pub blind: Vec<Blind>,
}

impl Verdicts<'_> {
    /// Of the causes that failures name, leaves those that were themselves found in the same account.
    pub(crate) fn keep_standing_causes(&mut self) {
        let asked: BTreeSet<(String, String)> = self
            .failures()
            .flat_map(|(_, failure)| &failure.because_of)
            .map(|cause| (cause.policy.clone(), cause.resource.clone()))
            .collect();
        let mut found: BTreeMap<(String, String, String), Meta> = BTreeMap::new();
        for (evaluation, _) in self.failures() {
            let resource = &evaluation.resource;
            for name in [&resource.arn, &resource.id, &resource.name] {
                let key = (evaluation.policy.clone().into_owned(), name.clone());
                if asked.contains(&key) {
                    found.insert((resource.account.clone(), key.0, key.1), resource.clone().into_owned());
                }
            }
        }
        for evaluation in &mut self.evaluations {
            let Outcome::Fail(failure) = &mut evaluation.outcome else { continue };
            let account = &evaluation.resource.account;
            failure.because_of.retain_mut(|cause| {
                let key = (account.clone(), cause.policy.clone(), cause.resource.clone());
                cause.of = found.get(&key).cloned().map(Box::new);
                cause.of.is_some()
            });
        }
    }

    fn failures(&self) -> impl Iterator<Item = (&Evaluation<'_>, &Failure)> {
        self.evaluations.iter().filter_map(|evaluation| match &evaluation.outcome {
            Outcome::Fail(failure) => Some((evaluation, &**failure)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluation(
        policy: &'static str,
        account: &str,
        id: &str,
        causes: &[(&str, &str)],
    ) -> Evaluation<'static> {
        let cause = |(policy, resource): &(&str, &str)| Cause {
            policy: (*policy).to_owned(),
            resource: (*resource).to_owned(),
            of: None,
        };
        Evaluation {
            policy: Cow::Borrowed(policy),
            resource_type: "AWS::X::Y",
            resource: Cow::Owned(Meta {
                id: id.to_owned(),
                arn: format!("arn:{id}"),
                account: account.to_owned(),
                ..Meta::default()
            }),
            outcome: Outcome::Fail(Box::new(Failure {
                severity: Severity::Low,
                title: String::new(),
                message: String::new(),
                why: String::new(),
                fix: String::new(),
                fix_cli: None,
                fix_terraform: None,
                evidence: Map::new(),
                monthly_cost_usd: None,
                because_of: causes.iter().map(cause).collect(),
            })),
        }
    }

    /// The causes that stand for the last evaluation, as policy and id.
    fn standing(evaluations: Vec<Evaluation<'static>>) -> Vec<(String, String)> {
        let mut verdicts = Verdicts { evaluations, ..Verdicts::default() };
        verdicts.keep_standing_causes();
        match &verdicts.evaluations.last().unwrap().outcome {
            Outcome::Fail(failure) => failure
                .because_of
                .iter()
                .map(|cause| (cause.policy.clone(), cause.of.as_ref().unwrap().id.clone()))
                .collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn a_cause_stands_by_arn_or_id_where_its_policy_fails_in_the_same_account() {
        let idle = evaluation("idle", "1", "web", &[]);
        for name in ["web", "arn:web"] {
            let unwatched = evaluation("unwatched", "1", "web", &[("idle", name)]);
            assert_eq!(standing(vec![idle.clone(), unwatched]), [("idle".to_owned(), "web".to_owned())]);
        }
        let elsewhere = evaluation("unwatched", "2", "web", &[("idle", "web")]);
        assert_eq!(standing(vec![idle.clone(), elsewhere]), []);
        let of_another = evaluation("unwatched", "1", "web", &[("idle", "api"), ("open", "web")]);
        assert_eq!(standing(vec![idle.clone(), of_another]), []);
        let passing = Evaluation { outcome: Outcome::Pass, ..idle };
        let unexplained = evaluation("unwatched", "1", "web", &[("idle", "web")]);
        assert_eq!(standing(vec![passing, unexplained]), []);
    }
}
