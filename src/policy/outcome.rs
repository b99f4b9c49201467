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
