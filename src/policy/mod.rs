//! Policies: YAML files with CEL expressions that judge one resource type each.
//!
//! [`load`] refuses everything that is wrong with a file before any AWS call;
//! [`evaluate`] says PASS, FAIL, SKIP or UNKNOWN of each resource; [`mod@test`] runs
//! the cases that every file carries.
#![deny(clippy::disallowed_methods)]

mod bindings;
pub mod builtin;
mod check;
pub mod evaluate;
pub mod explain;
mod expression;
pub mod functions;
pub mod generic;
mod links;
pub mod load;
pub mod mute;
pub mod outcome;
mod raw;
pub mod schema;
mod template;
pub mod test;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, DurationRound as _, Utc};
use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::config::diagnostic::SourceFile;
use crate::config::{Pack, Severity};
use crate::drift;
use crate::inventory::cloudtrail::{Actor, Change, Event};
use crate::inventory::costexplorer::{Bill, CostAndUsage, UsageType};
use crate::inventory::{Kind as _, TYPES};
use crate::relate::RELATIONS;
use expression::Expression;
use raw::{Missing, RawTest, Statistic};
use template::Template;

/// A policy, checked and compiled.
#[derive(Debug)]
pub struct Policy {
    pub id: String,
    pub title: String,
    pub pack: Pack,
    /// Words that select it, as in `--only network`.
    pub tags: Vec<String>,
    pub severity: Severity,
    /// The configuration fixed the severity: `severity_when` does not apply.
    severity_fixed: bool,
    /// What it judges: one type, or several that have the fields that it names.
    pub resource_types: Vec<&'static str>,
    /// In force: the file's own, overridden by the configuration.
    pub params: IndexMap<String, Json>,
    pub sources: Vec<String>,
    /// The texts as written, for `policy explain`.
    pub why_text: String,
    pub fix_text: String,
    metrics: Vec<Metric>,
    /// Costly details, and when a resource is worth asking for them.
    details: Vec<(String, Expression)>,
    skip: Vec<Condition>,
    unknown: Vec<Condition>,
    variables: IndexMap<String, Expression>,
    violation: Expression,
    severity_when: Vec<(Severity, Expression)>,
    title_template: Template,
    message: Template,
    why: Template,
    fix: Template,
    fix_cli: Vec<Fix>,
    fix_terraform: Vec<Fix>,
    evidence: Vec<(String, Expression)>,
    monthly_cost_usd: Option<Expression>,
    /// Policies whose failure explains one of this, and on which resource.
    because_of: Vec<(String, Expression)>,
    /// Policies whose failure on the same resource says it better.
    pub yields_to: Vec<String>,
    tests: Vec<(std::ops::Range<usize>, RawTest)>,
    /// Names of fields that are dates and times in the JSON of each type.
    timestamps: BTreeMap<&'static str, BTreeSet<String>>,
    pub source: SourceFile,
}

#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "CloudWatch calls it so")]
struct Metric {
    name: String,
    namespace: String,
    metric: String,
    dimensions: Vec<(String, Expression)>,
    statistic: Statistic,
    period: Duration,
    lookback: Duration,
    when: Option<Expression>,
    missing: Missing,
}

impl Metric {
    /// Complete periods only, so that today never looks like a drop.
    fn window(&self, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let end = now.duration_trunc(self.period).unwrap_or(now);
        (end - self.lookback, end)
    }

    fn period(&self) -> Duration {
        self.period
    }
}

#[derive(Debug)]
struct Condition {
    reason: Template,
    holds: Expression,
}

/// A command or code that puts it right, and when it is the apt one.
#[derive(Debug)]
struct Fix {
    when: Option<Expression>,
    template: Template,
}

impl Policy {
    fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let conditions = self.skip.iter().chain(&self.unknown);
        let templates = [&self.title_template, &self.message, &self.why, &self.fix];
        let fixes = self.fix_cli.iter().chain(&self.fix_terraform);
        std::iter::once(&self.violation)
            .chain(conditions.clone().map(|condition| &condition.holds))
            .chain(conditions.flat_map(|condition| condition.reason.expressions()))
            .chain(self.severity_when.iter().map(|(_, expression)| expression))
            .chain(self.evidence.iter().map(|(_, expression)| expression))
            .chain(self.details.iter().map(|(_, expression)| expression))
            .chain(self.because_of.iter().map(|(_, expression)| expression))
            .chain(&self.monthly_cost_usd)
            .chain(self.variables.values())
            .chain(self.metrics.iter().flat_map(|metric| {
                metric.dimensions.iter().map(|(_, expression)| expression).chain(&metric.when)
            }))
            .chain(fixes.clone().filter_map(|fix| fix.when.as_ref()))
            .chain(fixes.flat_map(|fix| fix.template.expressions()))
            .chain(templates.into_iter().flat_map(Template::expressions))
    }

    /// The types that must be read to judge the resource: its own, those that the derived fields
    /// it names are worked out from, and for changes those that they are compared with.
    pub fn types(&self) -> BTreeSet<&'static str> {
        let fields = self.fields();
        let related = RELATIONS
            .iter()
            .filter(|relation| {
                self.resource_types.contains(&relation.resource_type) && fields.contains(relation.field)
            })
            .flat_map(|relation| relation.needs.iter().copied());
        let compared = if self.judges(Change::TYPE) { drift::COMPARED } else { &[] };
        self.judged().chain(related).chain(compared.iter().copied()).collect()
    }

    /// The fields of the resource that it names, without those inside of them.
    pub fn fields(&self) -> BTreeSet<String> {
        self.expressions().flat_map(|expression| expression.members_of("resource")).collect()
    }

    /// The types that it judges and that are not built in: their fields are checked in a run,
    /// once AWS has told them.
    pub fn unchecked_types(&self) -> impl Iterator<Item = &'static str> {
        self.resource_types.iter().copied().filter(|name| !TYPES.contains(name))
    }

    /// The types that must be complete for the policy to have seen everything: changes come from
    /// events, and what is usual from costs.
    pub fn judged(&self) -> impl Iterator<Item = &'static str> {
        self.resource_types.iter().map(|&name| match name {
            Change::TYPE | Actor::TYPE => Event::TYPE,
            UsageType::TYPE | Bill::TYPE => CostAndUsage::TYPE,
            name => name,
        })
    }

    pub fn judges(&self, resource_type: &str) -> bool {
        self.resource_types.contains(&resource_type)
    }

    fn timestamps(&self, resource_type: &str) -> &BTreeSet<String> {
        &self.timestamps[resource_type]
    }

    /// Names of the costly details that it may ask for.
    pub fn details(&self) -> impl Iterator<Item = &str> {
        self.details.iter().map(|(name, _)| name.as_str())
    }

    pub fn uses_metrics(&self) -> bool {
        !self.metrics.is_empty()
    }

    pub fn test_count(&self) -> usize {
        self.tests.len()
    }
}
