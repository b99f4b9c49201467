//! From file to policy: everything that is wrong is found here, with its place and its remedy.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use indexmap::IndexMap;
use serde_json::Value as Json;

use super::check::{self, Kind, Names, Type, check, require_bool};
use super::expression::Expression;
use super::functions::ENV;
use super::raw::{Expectation, OneOrMap, Pack, RawPolicy, RawTest, Text};
use super::template::{Quoting, Template};
use super::{Condition, Fix, Metric, Policy};
use crate::config::diagnostic::{Diagnostic, Diagnostics, SourceFile, did_you_mean};
use crate::inventory;
use crate::policy::outcome::Severity;

/// What the configuration changes about the policies.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    pub params: BTreeMap<String, IndexMap<String, Json>>,
    pub severity: BTreeMap<String, Severity>,
}

/// Loads policies; a later file takes the place of an earlier one with the same id.
pub fn load(
    files: impl IntoIterator<Item = SourceFile>,
    overrides: &Overrides,
    details: &[&str],
) -> Result<Vec<Policy>, Diagnostics> {
    let mut policies: BTreeMap<String, Policy> = BTreeMap::new();
    let mut problems = Vec::new();
    for file in files {
        match load_one(&file, overrides, details) {
            Ok(policy) => {
                policies.insert(policy.id.clone(), policy);
            }
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        Ok(policies.into_values().collect())
    } else {
        Err(Diagnostics(problems))
    }
}

fn load_one(file: &SourceFile, overrides: &Overrides, details: &[&str]) -> Result<Policy, Vec<Diagnostic>> {
    let raw: RawPolicy = file.parse().map_err(|problem| vec![problem])?;
    let mut loader = Loader {
        file,
        problems: Vec::new(),
    };
    let policy = loader.policy(raw, overrides, details);
    match policy {
        Some(policy) if loader.problems.is_empty() => Ok(policy),
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

    fn policy(&mut self, raw: RawPolicy, overrides: &Overrides, details: &[&str]) -> Option<Policy> {
        self.identity(&raw);
        let resource_type = self.resource_type(&raw.resource)?;
        let schema = inventory::schema(resource_type)?.to_value();
        let params = self.params(&raw, overrides)?;

        let mut names = Names {
            resource_type,
            schema: &schema,
            params: params
                .iter()
                .map(|(name, value)| (name.as_str(), Kind::of_json(value)))
                .collect(),
            variables: BTreeMap::new(),
            metrics: None,
        };
        let metrics = self.metrics(&raw, &names);
        names.metrics = Some(raw.metrics.keys().map(String::as_str).collect());
        let variables = self.variables(&raw, &mut names);

        let mut build = Build {
            loader: self,
            names: &names,
            variables: &variables,
        };
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
        self.prose(&raw);
        let tests = self.tests(&raw, resource_type, &schema);
        let fixed = overrides.severity.get(&raw.id.value).copied();
        Some(Policy {
            severity: fixed.unwrap_or(raw.severity),
            severity_fixed: fixed.is_some(),
            timestamps: timestamps(&schema),
            metrics: metrics?,
            details: detail_conditions,
            skip,
            unknown,
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
            tests,
            id: raw.id.value,
            title: raw.title.value,
            why_text: raw.why.value,
            fix_text: raw.fix.value,
            pack: raw.pack,
            resource_type,
            params,
            sources: raw.sources,
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
        let stem = self
            .file
            .path
            .rsplit(['/', '\\'])
            .next()
            .and_then(|name| name.strip_suffix(".yaml"));
        if stem != Some(id.as_str()) {
            self.problem(
                &raw.id.defined,
                format!("the id `{id}` and the file name differ"),
                format!("name the file `{id}.yaml`"),
            );
        }
    }

    fn resource_type(&mut self, text: &Text) -> Option<&'static str> {
        let found = inventory::TYPES.iter().copied().find(|name| *name == text.value);
        if found.is_none() {
            let help = did_you_mean(&text.value, inventory::TYPES.iter().copied())
                .unwrap_or_else(|| format!("the types are: {}", inventory::TYPES.join(", ")));
            self.problem(
                &text.defined,
                format!("unknown resource type `{}`", text.value),
                help,
            );
        }
        found
    }

    fn params(&mut self, raw: &RawPolicy, overrides: &Overrides) -> Option<IndexMap<String, Json>> {
        let mut params: IndexMap<String, Json> = raw
            .params
            .iter()
            .map(|(name, value)| (name.clone(), value.value.clone()))
            .collect();
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
            let mut build = Build {
                loader: self,
                names,
                variables: &none,
            };
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
                metric_name: raw.metric.clone(),
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
            if let Err(message) = expression.inline(&variables) {
                self.problem(&text.defined, message, "split the policy up");
            }
            variables.insert(name.clone(), expression);
        }
        variables
    }

    fn prose(&mut self, raw: &RawPolicy) {
        for (key, text) in [
            ("title", &raw.title),
            ("why", &raw.why),
            ("fix", &raw.fix),
            ("message", &raw.message),
        ] {
            if text.value.trim().is_empty() {
                self.problem(
                    &text.defined,
                    format!("`{key}` is empty"),
                    "say it in a sentence or two",
                );
            }
        }
    }

    fn tests(
        &mut self,
        raw: &RawPolicy,
        resource_type: &str,
        schema: &Json,
    ) -> Vec<(std::ops::Range<usize>, RawTest)> {
        for wanted in [Expectation::Pass, Expectation::Fail] {
            if !raw.tests.value.iter().any(|test| test.value.expect == wanted) {
                self.problem(
                    &raw.tests.defined,
                    format!("no test expects `{}`", wanted.as_str()),
                    "a policy shows at least one resource that passes and one that fails",
                );
            }
        }
        let mut tests = Vec::new();
        for test in &raw.tests.value {
            let at = &test.defined;
            self.fields(at, &test.value.resource, schema, schema, resource_type);
            for related in &test.value.related {
                let name = related
                    .get("resource_type")
                    .and_then(Json::as_str)
                    .unwrap_or_default();
                match inventory::schema(name) {
                    Some(schema) => {
                        let schema = schema.to_value();
                        let mut fields = related.clone();
                        fields
                            .as_object_mut()
                            .map(|fields| fields.remove("resource_type"));
                        self.fields(at, &fields, &schema, &schema, name);
                    }
                    None => self.problem(
                        at,
                        format!(
                            "test `{}`: a related resource has the unknown `resource_type` `{name}`",
                            test.value.name
                        ),
                        format!("the types are: {}", inventory::TYPES.join(", ")),
                    ),
                }
            }
            for (kind, given, known) in [
                (
                    "params",
                    test.value.params.keys().collect::<Vec<_>>(),
                    raw.params.keys().collect::<Vec<_>>(),
                ),
                (
                    "metrics",
                    test.value.metrics.keys().collect(),
                    raw.metrics.keys().collect(),
                ),
                (
                    "evidence",
                    test.value.evidence.keys().collect(),
                    raw.evidence.keys().collect(),
                ),
            ] {
                for name in given {
                    if !known.contains(&name) {
                        let help = did_you_mean(name, known.iter().map(|known| known.as_str()));
                        self.problem(
                            at,
                            format!("test `{}`: the policy has no {kind} `{name}`", test.value.name),
                            help.unwrap_or_default(),
                        );
                    }
                }
            }
            for name in &test.value.unread {
                if !inventory::TYPES.contains(&name.as_str()) {
                    let help = did_you_mean(name, inventory::TYPES.iter().copied()).unwrap_or_default();
                    self.problem(
                        at,
                        format!("test `{}`: unknown type `{name}`", test.value.name),
                        help,
                    );
                }
            }
            tests.push((self.file.span_at(*at), test.value.clone()));
        }
        tests
    }

    /// Refuses fields of a test's resource that its type does not have.
    fn fields(&mut self, at: &serde_saphyr::Location, value: &Json, schema: &Json, root: &Json, what: &str) {
        let Some(schema) = check::resolve(schema, root) else {
            return;
        };
        match (value, schema.get("properties").and_then(Json::as_object)) {
            (Json::Object(fields), Some(properties)) => {
                for (name, value) in fields {
                    match properties.get(name) {
                        Some(schema) => self.fields(at, value, schema, root, name),
                        None => self.problem(
                            at,
                            format!("this test gives `{what}` a field `{name}` that it does not have"),
                            did_you_mean(name, properties.keys().map(String::as_str)).unwrap_or_default(),
                        ),
                    }
                }
            }
            (Json::Array(items), _) => {
                for item in items {
                    if let Some(schema) = schema.get("items") {
                        self.fields(at, item, schema, root, what);
                    }
                }
            }
            _ => {}
        }
    }

    fn start(&self, at: &serde_saphyr::Location) -> usize {
        self.file.span_at(*at).start
    }
}

/// Compiles expressions and templates against one set of names.
struct Build<'l, 'f, 'n> {
    loader: &'l mut Loader<'f>,
    names: &'n Names<'n>,
    variables: &'n IndexMap<String, Expression>,
}

impl Build<'_, '_, '_> {
    fn compile(&mut self, text: &str, at: usize, bool: bool) -> Option<Expression> {
        let compiled = Expression::compile(&ENV, self.loader.file, text, at);
        let mut expression = self.loader.keep(compiled)?;
        let found = check(
            self.loader.file,
            &expression,
            self.names,
            &mut self.loader.problems,
        );
        if bool {
            require_bool(
                self.loader.file,
                &expression,
                &found,
                self.names,
                &mut self.loader.problems,
            );
        }
        self.inline(&mut expression, at)?;
        Some(expression)
    }

    fn inline(&mut self, expression: &mut Expression, at: usize) -> Option<()> {
        let result = expression.inline(self.variables);
        let diagnostic = |message| {
            self.loader
                .file
                .diagnostic(at..at, message, "split the policy up")
        };
        let result = result.map_err(diagnostic);
        self.loader.keep(result)
    }

    fn value(&mut self, text: &Text) -> Option<Expression> {
        let at = self.loader.start(&text.defined);
        self.compile(&text.value, at, false)
    }

    fn condition(&mut self, text: &Text) -> Option<Expression> {
        let at = self.loader.start(&text.defined);
        self.compile(&text.value, at, true)
    }

    fn all(&mut self, texts: &IndexMap<String, Text>) -> Vec<(String, Expression)> {
        texts
            .iter()
            .filter_map(|(name, text)| Some((name.clone(), self.value(text)?)))
            .collect()
    }

    fn conditions(&mut self, conditions: &OneOrMap, key: &str) -> Vec<Condition> {
        match conditions {
            OneOrMap::None => Vec::new(),
            OneOrMap::One(text) => {
                let at = self.key(key);
                let holds = self.compile(text, at, true);
                let reason = self.template(
                    &format!("`{}`", text.replace('{', "{ ")),
                    &serde_saphyr::Location::UNKNOWN,
                    Quoting::Plain,
                );
                holds
                    .zip(reason)
                    .map(|(holds, reason)| Condition { reason, holds })
                    .into_iter()
                    .collect()
            }
            OneOrMap::Map(entries) => entries
                .iter()
                .filter_map(|(reason, text)| {
                    let reason = self.template(&reason.value, &reason.defined, Quoting::Plain);
                    let holds = self.condition(text);
                    Some(Condition {
                        reason: reason?,
                        holds: holds?,
                    })
                })
                .collect(),
        }
    }

    fn fixes(&mut self, fixes: &OneOrMap, key: &str, quoting: Quoting) -> Vec<Fix> {
        match fixes {
            OneOrMap::None => Vec::new(),
            OneOrMap::One(text) => {
                let template = self.template_at(text, self.key(key), quoting);
                template
                    .map(|template| Fix { when: None, template })
                    .into_iter()
                    .collect()
            }
            OneOrMap::Map(entries) => entries
                .iter()
                .filter_map(|(when, text)| {
                    let template = self.template(&text.value, &text.defined, quoting);
                    let when = Some(self.condition(when)?);
                    template.map(|template| Fix { when, template })
                })
                .collect(),
        }
    }

    /// Where the value of a key at the file's outermost level begins.
    fn key(&self, key: &str) -> usize {
        let found = self.loader.file.text.find(&format!("\n{key}:"));
        found.map_or(0, |at| at + key.len() + 2)
    }

    fn template(&mut self, text: &str, at: &serde_saphyr::Location, quoting: Quoting) -> Option<Template> {
        self.template_at(text, self.loader.start(at), quoting)
    }

    fn template_at(&mut self, text: &str, at: usize, quoting: Quoting) -> Option<Template> {
        let compiled = Template::compile(&ENV, self.loader.file, text, at, quoting);
        let mut template = self.loader.keep(compiled)?;
        for expression in template.expressions() {
            check(
                self.loader.file,
                expression,
                self.names,
                &mut self.loader.problems,
            );
        }
        for expression in template.expressions_mut() {
            self.inline(expression, at)?;
        }
        Some(template)
    }
}

/// `Some(None)` was an error already told.
#[expect(
    clippy::option_option,
    reason = "absent and refused are different things here"
)]
fn flatten<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(Some(value)) => Some(Some(value)),
        Some(None) => None,
    }
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

fn timestamps(schema: &Json) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut rest = vec![schema];
    while let Some(schema) = rest.pop() {
        let fields = match schema {
            Json::Object(fields) => fields,
            Json::Array(items) => {
                rest.extend(items);
                continue;
            }
            _ => continue,
        };
        for (name, property) in fields
            .get("properties")
            .and_then(Json::as_object)
            .into_iter()
            .flatten()
        {
            if property.get("format").and_then(Json::as_str) == Some("date-time") {
                found.insert(name.clone());
            }
        }
        rest.extend(fields.values());
    }
    found
}

/// Packs that run by default.
pub const DEFAULT_PACKS: [Pack; 2] = [Pack::Essential, Pack::Recommended];

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"id: logs-x
title: Bad logs
severity: low
resource: AWS::Logs::LogGroup
params: { large_gb: 10.0 }
variables:
  gb: double(resource.stored_bytes) / 1e9
metrics:
  bytes:
    namespace: AWS/Logs
    metric: IncomingBytes
    dimensions: { LogGroupName: resource.name }
    statistic: Sum
    period: 1d
    lookback: 7d
violation: resource.retention_in_days == null && variables.gb > params.large_gb
message: "{resource.name} has {variables.gb} GB"
why: It costs.
fix: Set it.
tests:
  - { name: a, resource: { name: a, stored_bytes: 99000000000 }, expect: fail }
  - { name: b, resource: { name: b, stored_bytes: 1 }, expect: pass }
"#;

    fn problems(text: &str) -> Vec<Diagnostic> {
        match load(
            [SourceFile::new("p/logs-x.yaml", text)],
            &Overrides::default(),
            &["target_health"],
        ) {
            Ok(_) => Vec::new(),
            Err(Diagnostics(problems)) => problems,
        }
    }

    /// Where the one problem of the changed file is, and what it says.
    fn refused(old: &str, new: &str) -> String {
        assert!(GOOD.contains(old), "{old}");
        let problems = problems(&GOOD.replacen(old, new, 1));
        assert_eq!(problems.len(), 1, "{new}: {problems:#?}");
        format!("{:?}", problems[0])
    }

    #[test]
    fn a_good_file_loads_and_its_cases_hold() {
        let policies = load(
            [SourceFile::new("p/logs-x.yaml", GOOD)],
            &Overrides::default(),
            &[],
        )
        .unwrap();
        for case in crate::policy::test::run(&policies) {
            assert!(case.passed(), "{case}");
        }
    }

    #[test]
    fn everything_wrong_is_refused_with_its_place_and_remedy() {
        let seen = [
            refused("severity: low", "severity: lo"),
            refused("title:", "titel:"),
            refused("id: logs-x", "id: logs-y"),
            refused("AWS::Logs::LogGroup", "AWS::Logs::LogGroups"),
            refused(
                "resource.retention_in_days == null",
                "resource.retention_days == null",
            ),
            refused(
                "resource.retention_in_days == null",
                "resource.retention_in_days == 'never'",
            ),
            refused(
                "resource.retention_in_days == null && variables.gb > params.large_gb",
                "resource.stored_bytes",
            ),
            refused("params.large_gb\n", "params.large\n"),
            refused("> params.large_gb", "> params.large_gb)"),
            refused("variables.gb >", "variables.gigabytes >"),
            refused("> params.large_gb", "> metrics.byte.total()"),
            refused("> params.large_gb", "> metrics.bytes.totl()"),
            refused(
                "double(resource.stored_bytes) / 1e9",
                "resource.stored_bytes / 1e9",
            ),
            refused("{resource.name} has", "{resource.nam} has"),
            refused("LogGroupName: resource.name", "LogGroupName: resorce.name"),
            refused("lookback: 7d", "lookback: 7 days"),
            refused("expect: pass", "expect: fail"),
            refused("{ name: b, stored_bytes: 1 }", "{ name: b, stored_byts: 1 }"),
        ];
        insta::assert_snapshot!(seen.join("\n"), @r"
        p/logs-x.yaml:3:11: unknown value `lo` (write one of: info, low, medium, high, critical)
        p/logs-x.yaml:2:1: unknown key `titel` (did you mean `title`?)
        p/logs-x.yaml:1:5: the id `logs-y` and the file name differ (name the file `logs-y.yaml`)
        p/logs-x.yaml:4:11: unknown resource type `AWS::Logs::LogGroups` (did you mean `AWS::Logs::LogGroup`?)
        p/logs-x.yaml:16:21: no field `retention_days` on AWS::Logs::LogGroup (did you mean `retention_in_days`?)
        p/logs-x.yaml:16:39: compares an int with a string (compare values of one type; `string(x)`, `int(x)` and `double(x)` convert)
        p/logs-x.yaml:16:12: this is an int, not true or false (compare it with something, for example `!= null`)
        p/logs-x.yaml:16:72: `params` has no `large` at this point (did you mean `large_gb`?)
        p/logs-x.yaml:16:80: not valid CEL: Syntax error: extraneous input ')' expecting <EOF> (see https://github.com/google/cel-spec/blob/master/doc/langdef.md for the syntax)
        p/logs-x.yaml:16:60: `variables` has no `gigabytes` at this point (declared here: gb)
        p/logs-x.yaml:16:73: `metrics` has no `byte` at this point (did you mean `bytes`?)
        p/logs-x.yaml:16:83: unknown function `totl` (did you mean `total`?)
        p/logs-x.yaml:7:29: CEL does not mix int and double (convert the int with `double(…)`, or write the number with a point: `10.0`)
        p/logs-x.yaml:17:21: no field `nam` on AWS::Logs::LogGroup (did you mean `name`?)
        p/logs-x.yaml:12:33: unknown name `resorce` (did you mean `resource`?)
        p/logs-x.yaml:15:15: `7 days` is not a length of time (write a number and `m`, `h` or `d`, as in `14d`)
        p/logs-x.yaml:21:3: no test expects `pass` (a policy shows at least one resource that passes and one that fails)
        p/logs-x.yaml:22:5: this test gives `AWS::Logs::LogGroup` a field `stored_byts` that it does not have (did you mean `stored_bytes`?)
        ");
    }

    #[test]
    fn the_first_command_whose_condition_holds_is_the_one_given() {
        let text = GOOD.replace(
            "tests:\n",
            "fix_cli:\n  resource.stored_bytes == 1: aws wrong\n  resource.name == 'a': aws {resource.name}\n  \"true\": aws late\ntests:\n",
        );
        let text = text.replace("expect: fail }", "expect: fail, fix_cli: aws a }");
        let policies = load(
            [SourceFile::new("p/logs-x.yaml", &*text)],
            &Overrides::default(),
            &[],
        )
        .unwrap();
        for case in crate::policy::test::run(&policies) {
            assert!(case.passed(), "{case}");
        }
        let found = problems(&text.replace("resource.name == 'a'", "resource.nam == 'a'"));
        assert_eq!(found.len(), 1, "{found:#?}");
    }

    #[test]
    fn a_folded_expression_is_still_pointed_at() {
        let text = GOOD.replace(
            "violation: resource.retention_in_days == null && variables.gb",
            "violation: >-\n  resource.retention_in_days == null &&\n  resource.gone && variables.gb",
        );
        let problems = problems(&text);
        let (line, column) = problems[0].position();
        assert_eq!(
            text.lines().nth(line - 1).unwrap().get(column - 1..column + 3),
            Some("gone"),
            "{problems:?}"
        );
    }

    #[test]
    fn hostile_expressions_are_refused_without_taking_the_process_down() {
        for hostile in [
            format!("{}true{}", "(".repeat(1500), ")".repeat(1500)),
            "!".repeat(3000) + "true",
            format!("true{}", " ? true : true".repeat(250)),
            format!("{}1{} == null", "[".repeat(1500), "]".repeat(1500)),
            format!("resource{} == null", ".a".repeat(1500)),
            "x".repeat(100_000),
        ] {
            assert!(
                !problems(&GOOD.replace(
                    "resource.retention_in_days == null && variables.gb > params.large_gb",
                    &format!("'{hostile}'")
                ))
                .is_empty()
            );
        }
    }

    #[test]
    fn variables_that_double_at_each_step_are_refused() {
        let mut variables = String::from("  gb: double(resource.stored_bytes) / 1e9\n  v0: variables.gb\n");
        for step in 1..30 {
            variables += &format!("  v{step}: variables.v{} + variables.v{}\n", step - 1, step - 1);
        }
        let text = GOOD.replace("  gb: double(resource.stored_bytes) / 1e9\n", &variables);
        assert!(problems(&text)[0].message.contains("parts"));
    }

    #[test]
    fn the_configuration_overrides_params_by_type() {
        let override_gb = |value: Json| {
            let params = BTreeMap::from([(
                "logs-x".to_owned(),
                IndexMap::from([("large_gb".to_owned(), value)]),
            )]);
            let overrides = Overrides {
                params,
                ..Overrides::default()
            };
            load([SourceFile::new("p/logs-x.yaml", GOOD)], &overrides, &[])
                .map(|p| p[0].params["large_gb"].clone())
        };
        assert_eq!(override_gb(20.into()).unwrap(), Json::from(20.0));
        assert!(
            override_gb("many".into())
                .unwrap_err()
                .to_string()
                .contains("correct `params:`")
        );
    }

    #[test]
    fn a_policy_asks_only_for_the_types_that_its_fields_need() {
        let policies = load(
            [SourceFile::new("p/logs-x.yaml", GOOD)],
            &Overrides::default(),
            &[],
        )
        .unwrap();
        assert_eq!(policies[0].types(), BTreeSet::from(["AWS::Logs::LogGroup"]));
    }
}
