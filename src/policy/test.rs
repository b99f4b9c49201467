//! Runs the cases that a policy file carries.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, TimeZone as _, Utc};
use serde_json::Value as Json;

use super::bindings::Bindings;
use super::evaluate::{Case, Setting, base_context, resource_json, unavailable};
use super::load::override_param;
use super::outcome::Outcome;
use super::raw::{Expectation, RawTest, TestSeries};
use super::value::{params_to_cel, to_cel};
use super::{Metric, Policy};
use crate::inventory::metrics::Series;
use crate::inventory::{self, Coverage, CoverageStatus, Resource, Scope};
use crate::relate;

#[derive(Debug, Eq, PartialEq)]
pub struct TestResult {
    pub policy: String,
    pub name: String,
    pub file: String,
    pub line: usize,
    /// What differs, one line each; empty where the case holds.
    pub differences: Vec<String>,
}

impl TestResult {
    pub fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}

impl fmt::Display for TestResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.passed() { "ok  " } else { "FAIL" };
        write!(f, "{verdict} {}: {}", self.policy, self.name)?;
        if !self.passed() {
            write!(f, "  ({}:{})", self.file, self.line)?;
        }
        self.differences.iter().try_for_each(|difference| write!(f, "\n       {difference}"))
    }
}

pub fn run(policies: &[Policy]) -> Vec<TestResult> {
    policies
        .iter()
        .flat_map(|policy| {
            policy.tests.iter().map(|(span, test)| TestResult {
                policy: policy.id.clone(),
                name: test.name.clone(),
                file: policy.source.path.clone(),
                line: policy.source.text[..span.start].matches('\n').count() + 1,
                differences: run_one(policy, test).unwrap_or_else(|broken| vec![broken]),
            })
        })
        .collect()
}

/// The policy's cases happen on this Friday unless they say otherwise.
fn default_now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 20, 3, 0, 0).single().unwrap_or_default()
}

fn run_one(policy: &Policy, test: &RawTest) -> Result<Vec<String>, String> {
    let now = test.now.unwrap_or_else(default_now);
    let setting = Setting { now, migration: &test.migration };
    let mut scope = scope(policy, test)?;
    relate::relate(&mut scope);
    let resource = &scope.resources[0];

    let mut in_force = policy.params.clone();
    for (name, value) in &test.params {
        override_param(&mut in_force, name, value)?;
    }
    let mut json = resource_json(resource);
    if let (Resource::Generic(_), Json::Object(fields)) = (resource, &mut json) {
        // as a run does, which knows from AWS what fields there are
        for name in policy.fields() {
            fields.entry(name).or_insert(Json::Null);
        }
    }
    let mut context = base_context(&setting).map_err(|error| error.to_string())?;
    context.add_variable_as_val("resource", to_cel(&json, policy.timestamps(resource.type_name())));
    context.add_variable_as_val("params", params_to_cel(&in_force));
    let bindings = Bindings::new(context, &policy.variables);
    let mut case = Case { policy, meta: resource.meta(), now, bindings, unfit: None };
    let outcome = case.outcome(&|case, metric| series(case, metric, test));
    Ok(differences(test, &outcome))
}

/// The tested resource first, then the related ones; all that is not `unread` was read.
fn scope(policy: &Policy, test: &RawTest) -> Result<Scope, String> {
    let (account, region) = ("111122223333", "eu-west-1");
    let build = |type_name: &str, fields: &Json| -> Result<Resource, String> {
        let mut fields = fields.as_object().cloned().ok_or("a resource is a map of its fields")?;
        fields.shift_remove("resource_type");
        for (name, value) in [("account", account), ("region", region)] {
            fields.entry(name).or_insert_with(|| value.into());
        }
        for (name, from) in [("id", "name"), ("name", "id")] {
            if let Some(value) = fields.get(from).cloned() {
                fields.entry(name).or_insert(value);
            }
        }
        inventory::Resource::from_json(type_name, Json::Object(fields))
            .ok_or_else(|| format!("unknown type {type_name}"))?
            .map_err(|error| format!("the test's {type_name}: {error}"))
    };
    let mut resources = vec![build(test.resource_type(&policy.resource_types), &test.resource)?];
    for related in &test.related {
        let type_name = related.get("resource_type").and_then(Json::as_str).unwrap_or_default();
        resources.push(build(type_name, related)?);
    }
    let read: BTreeSet<&str> = resources.iter().map(Resource::type_name).chain(policy.judged()).collect();
    let coverage = inventory::TYPES
        .iter()
        .copied()
        .chain(read.into_iter().filter(|name| !inventory::TYPES.contains(name)))
        .map(|name| {
            let unread = test.unread.iter().any(|unread| unread == name);
            Coverage {
                resource_type: name.to_owned(),
                status: if unread { CoverageStatus::Denied } else { CoverageStatus::Complete },
                detail: String::new(),
            }
        })
        .collect();
    Ok(Scope {
        account: account.to_owned(),
        region: region.to_owned(),
        coverage,
        resources,
        ..Scope::default()
    })
}

fn series(case: &Case<'_>, metric: &Metric, test: &RawTest) -> Series {
    match test.metrics.get(&metric.name) {
        None => unavailable(format!("the test gives no `{}`", metric.name)),
        Some(TestSeries::Incomplete { incomplete }) => unavailable(incomplete.clone()),
        Some(TestSeries::Values(values)) => {
            let (_, end) = metric.window(case.now);
            let mut at = end;
            let mut points = BTreeMap::new();
            for value in values.iter().rev() {
                at -= metric.period();
                if let Some(value) = value {
                    points.insert(at, *value);
                }
            }
            case.complete(metric, points)
        }
    }
}

fn differences(test: &RawTest, outcome: &Outcome) -> Vec<String> {
    let (found, said) = match outcome {
        Outcome::Pass => (Expectation::Pass, String::new()),
        Outcome::Skip(reason) => (Expectation::Skip, reason.clone()),
        Outcome::Unknown(reason) => (Expectation::Unknown, reason.clone()),
        Outcome::Fail(failure) => (Expectation::Fail, failure.message.clone()),
    };
    let mut differences = Vec::new();
    if found != test.expect {
        let because = if said.is_empty() { String::new() } else { format!(": {said}") };
        differences.push(format!("expected {}, found {}{because}", test.expect.as_str(), found.as_str()));
        return differences;
    }
    if let Some(says) = &test.says
        && !said.contains(says)
    {
        differences.push(format!("expected the text to contain {says:?}, found {said:?}"));
    }
    let failure = match outcome {
        Outcome::Fail(failure) => Some(failure),
        _ => None,
    };
    if let Some(severity) = test.severity {
        match failure {
            Some(failure) if failure.severity == severity => {}
            Some(failure) => {
                differences.push(format!("expected severity {severity}, found {}", failure.severity));
            }
            None => differences.push("expects a severity, but nothing fails here".to_owned()),
        }
    }
    if let Some(expected) = &test.fix_cli {
        let found = failure.and_then(|failure| failure.fix_cli.as_deref());
        if !found.is_some_and(|found| found.contains(expected)) {
            differences
                .push(format!("expected fix_cli to contain {expected:?}, found {}", found.unwrap_or("none")));
        }
    }
    for (policy, resource) in &test.because_of {
        let causes = failure.into_iter().flat_map(|failure| &failure.because_of);
        let found: Vec<&str> =
            causes.filter(|cause| cause.policy == *policy).map(|cause| &*cause.resource).collect();
        if !found.contains(&resource.as_str()) {
            let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
            differences.push(format!("expected because_of {policy} on {resource}, found {found}"));
        }
    }
    for (name, expected) in &test.evidence {
        let found = failure.and_then(|failure| failure.evidence.get(name));
        if found != Some(expected) {
            let found = found.map_or("nothing".to_owned(), ToString::to_string);
            differences.push(format!("expected evidence {name} = {expected}, found {found}"));
        }
    }
    differences
}
