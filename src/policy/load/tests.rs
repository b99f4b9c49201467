//! What loading refuses, and how it says so.

use std::collections::BTreeSet;

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
    match load([SourceFile::new("p/logs-x.yaml", text)], &Overrides::default(), &["target_health"]) {
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
    let policies = load([SourceFile::new("p/logs-x.yaml", GOOD)], &Overrides::default(), &[]).unwrap();
    for case in crate::policy::test::run(&policies) {
        assert!(case.passed(), "{case}");
    }
}

#[test]
fn a_list_price_is_a_param_like_any_other() {
    let priced = GOOD.replace("large_gb: 10.0", "large_gb: { list_price: NatGateway-Hours }");
    let large = |overrides: &Overrides| {
        load([SourceFile::new("p/logs-x.yaml", priced.clone())], overrides, &[]).unwrap()[0].params["large_gb"].clone()
    };
    assert_eq!(large(&Overrides::default()), 0.045);
    let params = IndexMap::from([("large_gb".to_owned(), Json::from(0.05))]);
    let overrides =
        Overrides { params: BTreeMap::from([("logs-x".to_owned(), params)]), ..Overrides::default() };
    assert_eq!(large(&overrides), 0.05);
    let refused = refused("large_gb: 10.0", "large_gb: { list_price: NatGateway-Hour }");
    assert!(refused.contains("there is no list price `NatGateway-Hour`"), "{refused}");
    assert!(refused.contains("did you mean `NatGateway-Hours`?"), "{refused}");
}

#[test]
fn everything_wrong_is_refused_with_its_place_and_remedy() {
    let seen = [
        refused("severity: low", "severity: lo"),
        refused("title:", "titel:"),
        refused("id: logs-x", "id: logs-y"),
        refused("AWS::Logs::LogGroup", "AWS::Logs::LogGroups"),
        refused("resource.retention_in_days == null", "resource.retention_days == null"),
        refused("resource.retention_in_days == null", "resource.retention_in_days == 'never'"),
        refused(
            "resource.retention_in_days == null && variables.gb > params.large_gb",
            "resource.stored_bytes",
        ),
        refused("params.large_gb\n", "params.large\n"),
        refused("> params.large_gb", "> params.large_gb)"),
        refused("variables.gb >", "variables.gigabytes >"),
        refused("> params.large_gb", "> metrics.byte.total()"),
        refused("> params.large_gb", "> metrics.bytes.totl()"),
        refused("double(resource.stored_bytes) / 1e9", "resource.stored_bytes / 1e9"),
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
fn a_folded_expression_is_still_pointed_at() {
    let text = GOOD.replace(
        "violation: resource.retention_in_days == null && variables.gb",
        "violation: >-\n  resource.retention_in_days == null &&\n  resource.gone && variables.gb",
    );
    let problems = problems(&text);
    let (line, column) = problems[0].position();
    assert_eq!(text.lines().nth(line - 1).unwrap().get(column - 1..column + 3), Some("gone"), "{problems:?}");
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
        variables = format!("{variables}  v{step}: variables.v{last} + variables.v{last}\n", last = step - 1);
    }
    let text = GOOD.replace("  gb: double(resource.stored_bytes) / 1e9\n", &variables);
    assert!(problems(&text)[0].message.contains("parts"));
}

#[test]
fn the_configuration_overrides_params_by_type() {
    let override_gb = |value: Json| {
        let params =
            BTreeMap::from([("logs-x".to_owned(), IndexMap::from([("large_gb".to_owned(), value)]))]);
        let overrides = Overrides { params, ..Overrides::default() };
        load([SourceFile::new("p/logs-x.yaml", GOOD)], &overrides, &[])
            .map(|p| p[0].params["large_gb"].clone())
    };
    assert_eq!(override_gb(20.into()).unwrap(), Json::from(20.0));
    assert!(override_gb("many".into()).unwrap_err().to_string().contains("correct `params:`"));
}

#[test]
fn a_policy_asks_only_for_the_types_that_its_fields_need() {
    let policies = load([SourceFile::new("p/logs-x.yaml", GOOD)], &Overrides::default(), &[]).unwrap();
    assert_eq!(policies[0].types(), BTreeSet::from(["AWS::Logs::LogGroup"]));
}

#[test]
fn the_first_command_whose_condition_holds_is_the_one_given() {
    let text = GOOD.replace(
        "tests:\n",
        "fix_cli:\n  resource.stored_bytes == 1: aws wrong\n  resource.name == 'a': aws {resource.name}\n  \"true\": aws late\ntests:\n",
    );
    let text = text.replace("expect: fail }", "expect: fail, fix_cli: aws a }");
    let policies = load([SourceFile::new("p/logs-x.yaml", &*text)], &Overrides::default(), &[]).unwrap();
    for case in crate::policy::test::run(&policies) {
        assert!(case.passed(), "{case}");
    }
    let found = problems(&text.replace("resource.name == 'a'", "resource.nam == 'a'"));
    assert_eq!(found.len(), 1, "{found:#?}");
}

#[test]
fn functions_of_a_namespace_are_known() {
    let text =
        GOOD.replace("variables.gb > params.large_gb", "math.greatest(variables.gb, 1.0) > params.large_gb");
    assert_eq!(problems(&text), []);
    let wrong = problems(&text.replace("math.greatest", "math.gretest"));
    assert!(!wrong.is_empty());
}
