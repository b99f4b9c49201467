//! What a case's failure looks like, and what counts as one.

use super::*;
use crate::config::Overrides;
use crate::config::diagnostic::SourceFile;
use crate::policy::load::load;

const POLICY: &str = r#"id: logs-x
title: Bad logs
severity: low
resource: AWS::Logs::LogGroup
violation: resource.retention_in_days == null
message: "{resource.name} keeps its logs"
evidence:
  size: "{'stored': resource.stored_bytes, 'class': resource.log_group_class}"
why: It costs.
fix: Set it.
fix_cli: aws logs put-retention-policy --log-group-name {resource.name}
tests:
  - { name: kept, resource: { name: a }, expect: fail }
  - { name: ends, resource: { name: a, retention_in_days: 3 }, expect: pass }
  - name: extra
"#;

/// The results of the policy's cases, of which the last is extended so.
fn results(case: &str) -> Vec<TestResult> {
    let file = SourceFile::new("p/logs-x.yaml", format!("{POLICY}{case}"));
    let policies = load([file], &Overrides::default(), &[]).unwrap_or_else(|problems| panic!("{problems}"));
    run(&policies)
}

fn shown(case: &str) -> String {
    results(case).last().unwrap().to_string()
}

#[test]
fn a_failing_case_shows_what_differs() {
    let wrong_evidence = shown(
        "    resource: { name: a, stored_bytes: 7 }\n    expect: fail\n    severity: high\n    says: forever\n    \
         evidence: { size: { class: STANDARD, stored: 8 } }\n    fix_cli: delete-log-group\n",
    );
    insta::assert_snapshot!(wrong_evidence, @r#"
        FAIL logs-x: extra  (p/logs-x.yaml:15)
               the text should contain
                 - forever
                 + a keeps its logs
               severity
                 - high
                 + low
               fix_cli should contain
                 - delete-log-group
                 + aws logs put-retention-policy --log-group-name a
               evidence size
                   {
                 -   "class": "STANDARD",
                 -   "stored": 8
                 +   "class": "",
                 +   "stored": 7
                   }
    "#);
}

#[test]
fn another_outcome_is_told_with_its_reason() {
    let unexpected = shown("    resource: { name: a }\n    expect: pass\n");
    insta::assert_snapshot!(unexpected, @r#"
        FAIL logs-x: extra  (p/logs-x.yaml:15)
               outcome
                 - pass
                 + fail: a keeps its logs
    "#);
}

#[test]
fn an_assertion_that_matches_nothing_fails_the_case() {
    for assertion in ["severity: low", "says: x", "fix_cli: aws", "evidence: { size: 1 }"] {
        let case =
            format!("    resource: {{ name: a, retention_in_days: 3 }}\n    expect: pass\n    {assertion}\n");
        assert!(!results(&case).last().unwrap().passed(), "{assertion}");
    }
}

#[test]
fn junit_has_a_suite_for_each_policy_and_the_text_of_each_failure() {
    let results = results("    resource: { name: a }\n    expect: pass\n");
    let xml = junit(&results).unwrap();
    insta::assert_snapshot!(xml, @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="aftermove policy test" tests="3" skipped="0" failures="1" errors="0">
            <testsuite name="logs-x" tests="3" skipped="0" errors="0" failures="1">
                <testcase name="kept" classname="logs-x" file="p/logs-x.yaml" line="13"/>
                <testcase name="ends" classname="logs-x" file="p/logs-x.yaml" line="14"/>
                <testcase name="extra" classname="logs-x" file="p/logs-x.yaml" line="15">
                    <failure message="outcome">FAIL logs-x: extra  (p/logs-x.yaml:15)
               outcome
                 - pass
                 + fail: a keeps its logs</failure>
                </testcase>
            </testsuite>
        </testsuites>
    "#);
}
