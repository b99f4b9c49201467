//! What a policy says of a resource: exactly one of four outcomes.

use std::borrow::Cow;

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
