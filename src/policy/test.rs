//! Runs the cases that a policy file carries.

mod junit;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, TimeZone as _, Utc};
use serde_json::Value as Json;
use similar::{ChangeTag, TextDiff};

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

pub use junit::junit;

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TestResult {
    pub policy: String,
    pub name: String,
    pub file: String,
    pub line: usize,
    /// What differs; empty where the case holds.
    pub differences: Vec<Difference>,
}

/// One thing that a case expects otherwise than it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    pub what: String,
    pub expected: String,
    pub found: String,
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
        self.differences.iter().try_for_each(|difference| {
            difference.to_string().lines().try_for_each(|line| write!(f, "\n       {line}"))
        })
    }
}

/// What it is about, then what is expected (`-`) and found (`+`), line by line.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        for change in TextDiff::from_lines(&self.expected, &self.found).iter_all_changes() {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            write!(f, "\n  {sign} {}", change.value().trim_end_matches('\n'))?;
        }
        Ok(())
    }
}

pub fn run<'p>(policies: impl IntoIterator<Item = &'p Policy>) -> Vec<TestResult> {
    policies
        .into_iter()
        .flat_map(|policy| {
            policy.tests.iter().map(|(span, test)| TestResult {
                policy: policy.id.clone(),
                name: test.name.clone(),
                file: policy.source.path.clone(),
                line: policy.source.text[..span.start].matches('\n').count() + 1,
                differences: run_one(policy, test)
                    .unwrap_or_else(|broken| vec![difference("this case cannot be run", "", broken)]),
            })
        })
        .collect()
}

fn difference(what: impl Into<String>, expected: impl Into<String>, found: impl Into<String>) -> Difference {
    Difference { what: what.into(), expected: expected.into(), found: found.into() }
}

/// The policy's cases happen on this Friday unless they say otherwise.
fn default_now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 20, 3, 0, 0).single().unwrap_or_default()
}

fn run_one(policy: &Policy, test: &RawTest) -> Result<Vec<Difference>, String> {
    let now = test.now.unwrap_or_else(default_now);
    let setting = Setting { now, migration: &test.migration };
    let mut scope = scope(policy, test)?;
    relate::relate(&mut scope, None);
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
    let mut context = base_context(&setting, &scope.rates).map_err(|error| error.to_string())?;
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

fn differences(test: &RawTest, outcome: &Outcome) -> Vec<Difference> {
    let (found, said) = match outcome {
        Outcome::Pass => (Expectation::Pass, String::new()),
        Outcome::Skip(reason) => (Expectation::Skip, reason.clone()),
        Outcome::Unknown(reason) => (Expectation::Unknown, reason.clone()),
        Outcome::Fail(failure) => (Expectation::Fail, failure.message.clone()),
    };
    if found != test.expect {
        let because = if said.is_empty() { String::new() } else { format!(": {said}") };
        return vec![difference("outcome", test.expect.as_str(), format!("{}{because}", found.as_str()))];
    }
    let mut differences = Vec::new();
    if let Some(says) = &test.says
        && !said.contains(says)
    {
        differences.push(difference("the text should contain", says, said));
    }
    let failure = match outcome {
        Outcome::Fail(failure) => Some(failure),
        _ => None,
    };
    // what is expected of a failure matches nothing where nothing fails
    if let Some(expected) = test.severity {
        let found = failure.map(|failure| failure.severity);
        if found != Some(expected) {
            let found = found.map_or("nothing fails".to_owned(), |severity| severity.to_string());
            differences.push(difference("severity", expected.to_string(), found));
        }
    }
    if let Some(expected) = &test.fix_cli {
        let found = failure.and_then(|failure| failure.fix_cli.as_deref());
        if !found.is_some_and(|found| found.contains(expected)) {
            differences.push(difference("fix_cli should contain", expected, found.unwrap_or("none")));
        }
    }
    for (policy, resource) in &test.because_of {
        let causes = failure.into_iter().flat_map(|failure| &failure.because_of);
        let found: Vec<&str> =
            causes.filter(|cause| cause.policy == *policy).map(|cause| &*cause.resource).collect();
        if !found.contains(&resource.as_str()) {
            let found = if found.is_empty() { "nothing".to_owned() } else { found.join("\n") };
            differences.push(difference(format!("because_of {policy}"), resource, found));
        }
    }
    let shown = |value: &Json| format!("{value:#}");
    for (name, expected) in &test.evidence {
        let found = failure.and_then(|failure| failure.evidence.get(name));
        if found != Some(expected) {
            let found = found.map_or("nothing".to_owned(), shown);
            differences.push(difference(format!("evidence {name}"), shown(expected), found));
        }
    }
    differences
}

#[cfg(test)]
mod tests;
