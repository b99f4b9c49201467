//! From file to policy: everything that is wrong is found here, with its place and its remedy.

mod build;
mod cases;
mod types;

use std::collections::BTreeMap;

use chrono::Duration;
use indexmap::IndexMap;
use serde_json::Value as Json;
use serde_saphyr::Spanned;

use super::check::{Kind, Names, Type, check};
use super::expression::Expression;
use super::functions::ENV;
use super::raw::{OneOrMany, RawPolicy, Text};
use super::template::Quoting;
use super::{Metric, Policy};
use crate::config::diagnostic::{Diagnostic, Diagnostics, SourceFile, did_you_mean};
use crate::config::{Overrides, Severity};
use crate::cost::LIST_PRICES;
use build::Build;
pub use types::resource_type;

/// What a policy judges, and the root schema of its JSON, which is empty for a type that is not built in.
type TypeSchema = (&'static str, &'static Json);

/// Loads policies; a later file takes the place of an earlier one with the same id.
pub fn load(
    files: impl IntoIterator<Item = SourceFile>,
    overrides: &Overrides,
    details: &[&str],
) -> Result<Vec<Policy>, Diagnostics> {
    let mut policies: BTreeMap<String, Policy> = BTreeMap::new();
    let mut problems = Vec::new();
    let mut mentions = Vec::new();
    for file in files {
        match load_one(&file, overrides, details) {
            Ok((policy, causes)) => {
                mentions.extend(causes);
                policies.insert(policy.id.clone(), policy);
            }
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        let ids = || policies.keys().map(String::as_str);
        let unknown = mentions.into_iter().filter(|(id, _)| !policies.contains_key(id));
        problems.extend(unknown.map(|(id, problem)| {
            Diagnostic {
                help: did_you_mean(&id, ids())
                    .unwrap_or_else(|| "`aftermove policy list` shows the policies".to_owned()),
                ..problem
            }
        }));
    }
    if problems.is_empty() { Ok(policies.into_values().collect()) } else { Err(Diagnostics(problems)) }
}

/// Policies that a file mentions, and what to say of each that there is not.
type Mentions = Vec<(String, Diagnostic)>;

fn load_one(
    file: &SourceFile,
    overrides: &Overrides,
    details: &[&str],
) -> Result<(Policy, Mentions), Vec<Diagnostic>> {
    let raw: RawPolicy = file.parse().map_err(|problem| vec![problem])?;
    let mut loader = Loader { file, problems: Vec::new() };
    let causes = raw.because_of.iter().map(|(id, text)| (id, text.defined));
    let mentions = causes.chain(raw.yields_to.iter().map(|id| (&id.value, id.defined)));
    let mentions = mentions.map(|(id, at)| {
        let diagnostic = file.diagnostic(file.span_at(at), format!("there is no policy `{id}`"), "");
        (id.clone(), diagnostic)
    });
    let mentions = mentions.collect();
    let policy = loader.policy(&raw, overrides, details);
    // one that judges several types is checked against each of them
    loader.problems.dedup_by(|a, b| a.span == b.span && a.message == b.message);
    match policy {
        Some(policy) if loader.problems.is_empty() => Ok((policy, mentions)),
        _ => Err(loader.problems),
    }
}

struct Loader<'f> {
    file: &'f SourceFile,
    problems: Vec<Diagnostic>,
}

impl Loader<'_> {
    fn problem(&mut self, at: &serde_saphyr::Location, message: impl Into<String>, help: impl Into<String>) {
        let span = self.file.span_at(*at);
        self.problems.push(self.file.diagnostic(span, message, help));
    }

    fn keep<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|problem| self.problems.push(problem)).ok()
    }

    fn policy(&mut self, raw: &RawPolicy, overrides: &Overrides, details: &[&str]) -> Option<Policy> {
        self.identity(raw);
        let types = self.resource_types(&raw.resource)?;
        let params = self.params(raw, overrides)?;
        self.prose(raw);
        let tests = self.tests(raw, &types);
        let mut policy: Option<Policy> = None;
        for (resource_type, schema) in types {
            let compiled = self.compiled(raw, &params, resource_type, schema, overrides, details)?;
            match &mut policy {
                None => policy = Some(compiled),
                // what is compiled is the same for each type; only that it fits had to be seen
                Some(policy) => {
                    policy.resource_types.extend(compiled.resource_types);
                    policy.timestamps.extend(compiled.timestamps);
                }
            }
        }
        let policy = policy?;
        self.cases_read(raw, &policy.types());
        Some(Policy { tests, ..policy })
    }

    fn compiled(
        &mut self,
        raw: &RawPolicy,
        params: &IndexMap<String, Json>,
        resource_type: &'static str,
        schema: &Json,
        overrides: &Overrides,
        details: &[&str],
    ) -> Option<Policy> {
        let mut names = Names {
            resource_type,
            schema,
            params: params.iter().map(|(name, value)| (name.as_str(), Kind::of_json(value))).collect(),
            variables: BTreeMap::new(),
            metrics: None,
        };
        let metrics = self.metrics(raw, &names);
        names.metrics = Some(raw.metrics.keys().map(String::as_str).collect());
        let variables = self.variables(raw, &mut names);

        let mut build = Build { loader: self, names: &names, variables: &variables };
        let skip = build.conditions(&raw.skip, "skip");
        let unknown = build.conditions(&raw.unknown, "unknown");
        let violation = build.condition(&raw.violation);
        let severity_when: Vec<(Severity, Expression)> = raw
            .severity_when
            .iter()
            .filter_map(|(severity, text)| Some((*severity, build.condition(text)?)))
            .collect();
        let evidence = build.all(&raw.evidence);
        let detail_conditions = build.all(&raw.details);
        let because_of = build.all(&raw.because_of);
        let monthly_cost_usd = raw.monthly_cost_usd.as_ref().and_then(|text| build.value(text));
        let mut template = |text: &Text, quoting| build.template(&text.value, &text.defined, quoting);
        let title = template(&raw.title, Quoting::Plain);
        let message = template(&raw.message, Quoting::Plain);
        let why = template(&raw.why, Quoting::Plain);
        let fix = template(&raw.fix, Quoting::Plain);
        let fix_cli = build.fixes(&raw.fix_cli, "fix_cli", Quoting::Shell);
        let fix_terraform = build.fixes(&raw.fix_terraform, "fix_terraform", Quoting::Hcl);

        for (name, text) in &raw.details {
            if !details.contains(&name.as_str()) {
                self.problem(
                    &text.defined,
                    format!("there is no detail `{name}`"),
                    did_you_mean(name, details.iter().copied())
                        .unwrap_or_else(|| format!("the details are: {}", details.join(", "))),
                );
            }
        }
        let fixed = overrides.severity.get(&raw.id.value).copied();
        Some(Policy {
            severity: fixed.unwrap_or(raw.severity),
            severity_fixed: fixed.is_some(),
            timestamps: BTreeMap::from([(resource_type, types::timestamps(resource_type, schema))]),
            metrics: metrics?,
            details: detail_conditions,
            skip,
            unknown,
            variables,
            violation: violation?,
            severity_when,
            title_template: title?,
            message: message?,
            why: why?,
            fix: fix?,
            fix_cli,
            fix_terraform,
            evidence,
            monthly_cost_usd,
            because_of,
            yields_to: raw.yields_to.iter().map(|id| id.value.clone()).collect(),
            tests: Vec::new(),
            id: raw.id.value.clone(),
            title: raw.title.value.clone(),
            why_text: raw.why.value.clone(),
            fix_text: raw.fix.value.clone(),
            pack: raw.pack,
            tags: raw.tags.iter().map(|tag| tag.value.clone()).collect(),
            resource_types: vec![resource_type],
            params: params.clone(),
            sources: raw.sources.clone(),
            source: self.file.clone(),
        })
    }

    fn identity(&mut self, raw: &RawPolicy) {
        let id = &raw.id.value;
        let kebab = !id.is_empty()
            && id.split('-').all(|word| {
                !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            });
        if !kebab {
            self.problem(
                &raw.id.defined,
                format!("`{id}` is not a policy id"),
                "write words of lower-case letters and digits joined by `-`, as in `logs-group-no-retention`",
            );
        }
        let stem = self.file.path.rsplit(['/', '\\']).next().and_then(|name| name.strip_suffix(".yaml"));
        if stem != Some(id.as_str()) {
            self.problem(
                &raw.id.defined,
                format!("the id `{id}` and the file name differ"),
                format!("name the file `{id}.yaml`"),
            );
        }
    }

    fn resource_types(&mut self, types: &Spanned<OneOrMany>) -> Option<Vec<TypeSchema>> {
        let found: Vec<Option<TypeSchema>> = match &types.value {
            OneOrMany::One(name) => vec![self.resource_type(name, &types.defined)],
            OneOrMany::Many(names) => {
                names.iter().map(|name| self.resource_type(&name.value, &name.defined)).collect()
            }
        };
        if found.is_empty() {
            self.problem(&types.defined, "this policy judges nothing", "name a resource type");
            return None;
        }
        found.into_iter().collect()
    }

    fn resource_type(&mut self, text: &str, at: &serde_saphyr::Location) -> Option<TypeSchema> {
        types::find(text)
            .map_err(|help| self.problem(at, format!("unknown resource type `{text}`"), help))
            .ok()
    }

    fn params(&mut self, raw: &RawPolicy, overrides: &Overrides) -> Option<IndexMap<String, Json>> {
        let mut params: IndexMap<String, Json> = IndexMap::new();
        for (name, value) in &raw.params {
            let param = match list_price(&value.value) {
                Ok(param) => param,
                Err((unknown, help)) => {
                    self.problem(&value.defined, format!("there is no list price `{unknown}`"), help);
                    return None;
                }
            };
            params.insert(name.clone(), param);
        }
        for (name, value) in overrides.params.get(&raw.id.value).into_iter().flatten() {
            override_param(&mut params, name, value)
                .map_err(|message| {
                    self.problem(
                        &raw.id.defined,
                        format!("the configuration's params for `{}`: {message}", raw.id.value),
                        "correct `params:` in the configuration",
                    );
                })
                .ok()?;
        }
        Some(params)
    }

    fn metrics(&mut self, raw: &RawPolicy, names: &Names<'_>) -> Option<Vec<Metric>> {
        let none = IndexMap::new();
        let mut metrics = Vec::new();
        for (name, metric) in &raw.metrics {
            let raw = &metric.value;
            let period = self.length(&raw.period);
            let lookback = self.length(&raw.lookback);
            let mut build = Build { loader: self, names, variables: &none };
            let dimensions = build.all(&raw.dimensions);
            let when = raw.when.as_ref().map(|text| build.condition(text));
            let (period, lookback) = (period?, lookback?);
            if period > lookback || period.num_seconds() % 60 != 0 {
                self.problem(
                    &raw.period.defined,
                    "the period must be whole minutes, and no longer than the lookback",
                    "for example `period: 1d` with `lookback: 14d`",
                );
            }
            metrics.push(Metric {
                name: name.clone(),
                namespace: raw.namespace.clone(),
                metric: raw.metric.clone(),
                dimensions,
                statistic: raw.statistic,
                period,
                lookback,
                when: flatten(when)?,
                missing: raw.missing,
            });
        }
        Some(metrics)
    }

    /// `5m`, `1h`, `14d`.
    fn length(&mut self, text: &Text) -> Option<Duration> {
        let parse = |text: &str| {
            let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
            let number: i64 = number.parse().ok().filter(|n| (1..=10_000).contains(n))?;
            match unit {
                "m" => Some(Duration::minutes(number)),
                "h" => Some(Duration::hours(number)),
                "d" => Some(Duration::days(number)),
                _ => None,
            }
        };
        let found = parse(&text.value);
        if found.is_none() {
            self.problem(
                &text.defined,
                format!("`{}` is not a length of time", text.value),
                "write a number and `m`, `h` or `d`, as in `14d`",
            );
        }
        found
    }

    fn variables<'a>(&mut self, raw: &'a RawPolicy, names: &mut Names<'a>) -> IndexMap<String, Expression> {
        let mut variables = IndexMap::new();
        for (name, text) in &raw.variables {
            let at = self.start(&text.defined);
            let compiled = Expression::compile(&ENV, self.file, &text.value, at);
            let Some(mut expression) = self.keep(compiled) else {
                names.variables.insert(name, Type::Any);
                continue;
            };
            let found = check(self.file, &expression, names, &mut self.problems);
            names.variables.insert(name, found);
            if let Err(message) = expression.bind(&variables) {
                self.problem(&text.defined, message, "split the policy up");
            }
            variables.insert(name.clone(), expression);
        }
        variables
    }

    fn prose(&mut self, raw: &RawPolicy) {
        for (key, text) in
            [("title", &raw.title), ("why", &raw.why), ("fix", &raw.fix), ("message", &raw.message)]
        {
            if text.value.trim().is_empty() {
                self.problem(&text.defined, format!("`{key}` is empty"), "say it in a sentence or two");
            }
        }
    }

    fn start(&self, at: &serde_saphyr::Location) -> usize {
        self.file.span_at(*at).start
    }
}

/// `Some(None)` was an error already told.
#[expect(clippy::option_option, reason = "absent and refused are different things here")]
fn flatten<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(Some(value)) => Some(Some(value)),
        Some(None) => None,
    }
}

/// `{ list_price: NatGateway-Hours }` stands for what is listed; any other param for itself.
fn list_price(param: &Json) -> Result<Json, (String, String)> {
    let Some(name) = param.as_object().filter(|map| map.len() == 1).and_then(|map| map.get("list_price"))
    else {
        return Ok(param.clone());
    };
    let name = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
    LIST_PRICES.get(&name).map(|price| price.usd.clone()).ok_or_else(|| {
        let known = LIST_PRICES.keys().map(String::as_str);
        let help = did_you_mean(&name, known.clone())
            .unwrap_or_else(|| format!("these are listed: {}", known.collect::<Vec<_>>().join(", ")));
        (name, help)
    })
}

/// A param keeps its type; an int may stand where a double does.
pub(super) fn override_param(
    params: &mut IndexMap<String, Json>,
    name: &str,
    value: &Json,
) -> Result<(), String> {
    let known: Vec<String> = params.keys().cloned().collect();
    let Some(param) = params.get_mut(name) else {
        let meant = did_you_mean(name, known.iter().map(String::as_str))
            .unwrap_or_else(|| format!("it has: {}", known.join(", ")));
        return Err(format!("no param `{name}`; {meant}"));
    };
    *param = match (Kind::of_json(param), Kind::of_json(value)) {
        (Kind::Double, Kind::Int) => Json::from(value.as_f64()),
        (wanted, given) if wanted == given || wanted == Kind::Null => value.clone(),
        _ => return Err(format!("`{name}` is {value}, but its default is {param}")),
    };
    Ok(())
}

#[cfg(test)]
mod tests;
