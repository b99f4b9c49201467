//! Policies on resources: what to ask CloudWatch for, and what to say.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::{Context, Value};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde_json::{Map, Value as Json};

use super::bindings::Bindings;
use super::functions::{self, series_value};
use super::outcome::{Blind, Cause, Evaluation, Failure, Outcome, Verdicts};
use super::raw::Missing;
use super::value::{params_to_cel, to_cel, to_json, to_text};
use super::{Condition, Fix, Metric, Policy, generic, links};
use crate::config::Migration;
use crate::inventory::metrics::{Point, Query, Series};
use crate::inventory::{Inventory, Meta, Resource, Scope};

/// The metric series that the policies need of a scope, for the resources that `skip` leaves in.
pub fn metric_queries(policies: &[&Policy], scope: &Scope, setting: &Setting<'_>) -> BTreeSet<Query> {
    let asking: Vec<&Policy> = policies.iter().copied().filter(|policy| policy.uses_metrics()).collect();
    let mut queries = BTreeSet::new();
    for_each(&asking, scope, setting, |_, _, case| {
        if case.unfit.is_none() && case.early_skip().is_none() {
            for metric in &case.policy.metrics {
                queries.extend(case.queries(metric).unwrap_or_default());
            }
        }
    });
    queries
}

/// The resources, by ARN, for which each costly detail is worth reading.
pub fn detail_requests(
    policies: &[&Policy],
    scope: &Scope,
    setting: &Setting<'_>,
) -> BTreeMap<String, BTreeSet<String>> {
    let asking: Vec<&Policy> = policies.iter().copied().filter(|policy| !policy.details.is_empty()).collect();
    let mut requests: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for_each(&asking, scope, setting, |_, _, case| {
        if case.unfit.is_some() || case.early_skip().is_some() {
            return;
        }
        case.read_metrics(&|case, metric| case.series(metric, &scope.series));
        for (name, wanted) in &case.policy.details {
            if case.bindings.holds(wanted) == Ok(true) {
                requests.entry(name.clone()).or_default().insert(case.meta.arn.clone());
            }
        }
    });
    requests
}

/// Every policy on every resource of the inventory.
pub fn evaluate<'a>(
    policies: &[&'a Policy],
    inventory: &'a Inventory,
    migration: &Migration,
) -> Verdicts<'a> {
    let mut verdicts = Verdicts::default();
    let setting = Setting { now: inventory.taken_at, migration };
    for scope in &inventory.scopes {
        for_each(policies, scope, &setting, |policy, resource, case| {
            verdicts.evaluations.push(Evaluation {
                policy: Cow::Borrowed(&policy.id),
                resource_type: resource.type_name(),
                resource: Cow::Borrowed(resource.meta()),
                outcome: case.outcome(&|case, metric| case.series(metric, &scope.series)),
            });
        });
        verdicts.blind.extend(policies.iter().filter_map(|policy| blind(policy, scope)));
    }
    links::yield_to_others(policies, &mut verdicts);
    links::add_changes(policies, inventory, &mut verdicts);
    verdicts.keep_standing_causes();
    verdicts
}

/// Why absence proves nothing in a scope, if it does not.
fn blind(policy: &Policy, scope: &Scope) -> Option<Blind> {
    let unread = policy.judged().find(|name| scope.is_read(name) && !scope.complete(name));
    let reason = match unread {
        Some(wanted) => match scope.coverage_of(wanted) {
            Some(coverage) => coverage.detail.clone(),
            None => format!("{wanted} was not read"),
        },
        None => policy.judged().find_map(|name| generic::misfit(policy, name, scope))?,
    };
    let (account, region) = (scope.account.clone(), scope.region.clone());
    Some(Blind { policy: policy.id.clone(), account, region, reason })
}

/// Converts each resource once and hands it to every policy of its type.
fn for_each<'a>(
    policies: &[&'a Policy],
    scope: &'a Scope,
    setting: &Setting<'_>,
    mut f: impl FnMut(&'a Policy, &'a Resource, &mut Case<'_>),
) {
    let mut by_type: BTreeMap<&str, Vec<Judge<'a>>> = BTreeMap::new();
    for &policy in policies {
        let params = Rc::new(Params(params_to_cel(&policy.params)));
        for name in &policy.resource_types {
            let misfit = generic::misfit(policy, name, scope);
            by_type.entry(*name).or_default().push(Judge { policy, params: params.clone(), misfit });
        }
    }
    // To go on without would be to pass everything over in silence.
    let root =
        base_context(setting, &scope.rates).expect("the functions have distinct names, as their test shows");
    for resource in &scope.resources {
        let Some(policies) = by_type.get(resource.type_name()) else {
            continue;
        };
        let json = resource_json(resource);
        let mut context = root.new_inner_scope();
        // all policies of a type know the same timestamps
        context.add_variable_as_val(
            "resource",
            to_cel(&json, policies[0].policy.timestamps(resource.type_name())),
        );
        for Judge { policy, params, misfit } in policies {
            let mut context = context.new_inner_scope();
            context.set_variable_resolver(&**params);
            let bindings = Bindings::new(context, &policy.variables);
            let unfit = misfit.clone().or_else(|| generic::missing(policy, resource, &json, scope));
            let meta = resource.meta();
            f(policy, resource, &mut Case { policy, meta, now: setting.now, bindings, unfit });
        }
    }
}

/// A policy, and why it cannot judge the type, if so.
struct Judge<'a> {
    policy: &'a Policy,
    params: Rc<Params<'a>>,
    misfit: Option<String>,
}

/// Converted once, and lent to the evaluation of each resource.
struct Params<'v>(Box<dyn Val + 'v>);

impl VariableResolver for Params<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        (variable == "params").then(|| CowVal::Borrowed(&*self.0))
    }
}

/// What policies know beside the account: the time, and how the migration was planned.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'m> {
    pub now: DateTime<Utc>,
    pub migration: &'m Migration,
}

pub(super) fn base_context<'a>(
    setting: &Setting<'_>,
    rates: &BTreeMap<String, f64>,
) -> Result<Context<'a, 'a>, cel::DeclarationError> {
    let mut context = functions::context(rates)?;
    context.add_variable_from_value("now", Value::Timestamp(setting.now.fixed_offset()));
    let midnight = |date: Option<NaiveDate>| {
        date.map_or(Value::Null, |date| {
            Value::Timestamp(date.and_time(NaiveTime::MIN).and_utc().fixed_offset())
        })
    };
    let Migration { cutover, rollback_until, expected_monthly_usd } = *setting.migration;
    let migration = [
        ("cutover", midnight(cutover)),
        ("rollback_until", midnight(rollback_until)),
        ("expected_monthly_usd", expected_monthly_usd.map_or(Value::Null, Value::Float)),
    ];
    let migration = migration.map(|(name, value)| (name.to_owned(), value));
    context.add_variable_from_value("migration", super::value::map(migration));
    context.add_variable_from_value("metrics", functions::empty_map());
    Ok(context)
}

/// A resource always serialises: its types are plain data with string keys.
pub(super) fn resource_json(resource: &Resource) -> Json {
    resource.to_json().unwrap_or_default()
}

/// One policy on one resource.
pub(super) struct Case<'a> {
    pub(super) policy: &'a Policy,
    pub(super) meta: &'a Meta,
    pub(super) now: DateTime<Utc>,
    pub(super) bindings: Bindings<'a>,
    /// Why the policy cannot judge the resource, whatever its expressions come to.
    pub(super) unfit: Option<String>,
}

/// What answers for a metric of a case.
type Answers<'s> = dyn Fn(&mut Case<'_>, &Metric) -> Series + 's;

impl Case<'_> {
    /// The skip that holds without any metric being asked for.
    fn early_skip(&mut self) -> Option<String> {
        let policy = self.policy;
        let mut early = policy.skip.iter().filter(|condition| !condition.holds.late);
        let holds = early.find(|condition| self.bindings.holds(&condition.holds) == Ok(true))?;
        Some(holds.reason.render(&mut self.bindings))
    }

    fn read_metrics(&mut self, answers: &Answers<'_>) {
        let policy = self.policy;
        let metrics: Vec<(String, Value)> = policy
            .metrics
            .iter()
            .map(|metric| (metric.name.clone(), series_value(&answers(self, metric))))
            .collect();
        self.bindings.set_metrics(super::value::map(metrics));
    }

    pub(super) fn outcome(&mut self, answers: &Answers<'_>) -> Outcome {
        if let Some(reason) = &self.unfit {
            return Outcome::Unknown(reason.clone());
        }
        if let Some(reason) = self.early_skip() {
            return Outcome::Skip(reason);
        }
        self.read_metrics(answers);
        let policy = self.policy;
        match self.first(&policy.skip) {
            Ok(Some(reason)) => return Outcome::Skip(reason),
            Ok(None) => {}
            Err(reason) => return Outcome::Unknown(reason),
        }
        match self.first(&policy.unknown) {
            Ok(Some(reason)) | Err(reason) => return Outcome::Unknown(reason),
            Ok(None) => {}
        }
        match self.bindings.holds(&policy.violation) {
            Ok(false) => Outcome::Pass,
            Ok(true) => Outcome::Fail(Box::new(self.failure())),
            Err(reason) => Outcome::Unknown(reason),
        }
    }

    /// The reason of the first condition that holds.
    fn first(&mut self, conditions: &[Condition]) -> Result<Option<String>, String> {
        for condition in conditions {
            if self.bindings.holds(&condition.holds)? {
                return Ok(Some(condition.reason.render(&mut self.bindings)));
            }
        }
        Ok(None)
    }

    fn failure(&mut self) -> Failure {
        let policy = self.policy;
        let bindings = &mut self.bindings;
        // The gravest severity that applies; one whose condition cannot be told does not.
        let mut severity = None;
        for (graver, when) in policy.severity_when.iter().filter(|_| !policy.severity_fixed) {
            if Some(*graver) > severity && bindings.holds(when) == Ok(true) {
                severity = Some(*graver);
            }
        }
        let mut evidence = Map::new();
        for (name, expression) in &policy.evidence {
            let value = bindings.evaluate(expression).map_or(Json::Null, |value| to_json(&value));
            evidence.insert(name.clone(), value);
        }
        let causes = policy.because_of.iter().flat_map(|(cause, expression)| {
            let names = match bindings.evaluate(expression) {
                Ok(Value::List(names)) => names.iter().map(to_text).collect(),
                Ok(Value::Null) | Err(_) => Vec::new(),
                Ok(name) => vec![to_text(&name)],
            };
            names.into_iter().map(|resource| Cause { policy: cause.clone(), resource, of: None })
        });
        let because_of = causes.collect();
        let cost = policy.monthly_cost_usd.as_ref().and_then(|cost| bindings.evaluate(cost).ok());
        let monthly_cost_usd = match cost {
            Some(Value::Float(usd)) => Some((usd * 100.0).round() / 100.0),
            Some(Value::Int(usd)) => to_text(&Value::Int(usd)).parse().ok(),
            _ => None,
        };
        Failure {
            severity: severity.unwrap_or(policy.severity),
            title: policy.title_template.render(bindings),
            message: policy.message.render(bindings),
            why: policy.why.render(bindings),
            fix: policy.fix.render(bindings),
            fix_cli: fix(&policy.fix_cli, bindings),
            fix_terraform: fix(&policy.fix_terraform, bindings),
            evidence,
            monthly_cost_usd,
            because_of,
        }
    }

    /// What the metric asks of CloudWatch for this resource; `None` where its `when` is not true.
    fn queries(&mut self, metric: &Metric) -> Option<Vec<Query>> {
        if let Some(when) = &metric.when
            && self.bindings.holds(when) != Ok(true)
        {
            return None;
        }
        let mut combinations: Vec<BTreeMap<String, String>> = vec![BTreeMap::new()];
        for (name, expression) in &metric.dimensions {
            let values = match self.bindings.evaluate(expression).ok()? {
                Value::Null => continue,
                Value::List(values) => values.iter().map(to_text).collect(),
                value => vec![to_text(&value)],
            };
            combinations = combinations
                .iter()
                .flat_map(|dimensions| {
                    values.iter().map(|value| {
                        let mut dimensions = dimensions.clone();
                        dimensions.insert(name.clone(), value.clone());
                        dimensions
                    })
                })
                .collect();
        }
        let (start, end) = metric.window(self.now);
        let query = |dimensions| Query {
            namespace: metric.namespace.clone(),
            metric: metric.metric.clone(),
            dimensions,
            statistic: metric.statistic.as_str().to_owned(),
            period_seconds: i32::try_from(metric.period.num_seconds()).unwrap_or(i32::MAX),
            start,
            end,
        };
        Some(combinations.into_iter().map(query).collect())
    }

    /// The series that a metric's queries were answered with, as one.
    fn series(&mut self, metric: &Metric, answers: &BTreeMap<String, Series>) -> Series {
        let Some(queries) = self.queries(metric) else {
            return unavailable(format!("{} does not apply to {}", metric.metric, self.meta.name));
        };
        let mut sum: BTreeMap<DateTime<Utc>, f64> = BTreeMap::new();
        for query in &queries {
            let Some(series) = answers.get(&query.key()) else {
                return unavailable(format!("{} was not read", metric.metric));
            };
            if let Some(reason) = &series.incomplete {
                return unavailable(format!("{}: {reason}", metric.metric));
            }
            for point in &series.points {
                *sum.entry(point.at).or_default() += point.value;
            }
        }
        self.complete(metric, sum)
    }

    /// Gives periods without data their meaning.
    pub(super) fn complete(&self, metric: &Metric, mut points: BTreeMap<DateTime<Utc>, f64>) -> Series {
        let (start, end) = metric.window(self.now);
        // CloudWatch reports no zeros for an idle resource, and nothing at all from before its life.
        let zeros_from = match (metric.missing, self.meta.created_at) {
            (Missing::Unknown, _) => end,
            (Missing::Nothing, _) => start,
            (Missing::Zero, Some(created_at)) => created_at,
            (Missing::Zero, None) => {
                return unavailable(format!(
                    "{} has gaps, and nothing tells whether {} existed then",
                    metric.metric, self.meta.name
                ));
            }
        };
        let mut at = start;
        while at < end {
            if at >= zeros_from {
                points.entry(at).or_insert(0.0);
            }
            at += metric.period;
        }
        if points.is_empty() {
            return unavailable(format!(
                "CloudWatch has no data of {} for {}",
                metric.metric, self.meta.name
            ));
        }
        Series {
            points: points.into_iter().map(|(at, value)| Point { at, value }).collect(),
            incomplete: None,
        }
    }
}

pub(super) fn unavailable(reason: String) -> Series {
    Series { points: Vec::new(), incomplete: Some(reason) }
}

/// The first whose condition holds.
fn fix(fixes: &[Fix], bindings: &mut Bindings<'_>) -> Option<String> {
    for fix in fixes {
        if fix.when.as_ref().is_none_or(|when| bindings.holds(when) == Ok(true)) {
            return Some(fix.template.render(bindings));
        }
    }
    None
}
