//! The report as SARIF 2.1.0, for viewers and whatever else gathers the results of checks.
//!
//! A resource of an account is no file: results name it as a logical location, by its ARN, and
//! nothing pretends to be a line of code. The baseline is the last run.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::exchange::{Mute, document, resource_uid, seen_before, shown, sparse, unknown_because};
use super::{About, Report};
use crate::findings::{Finding, Status};
use crate::policy::outcome::Severity;

const SCHEMA: &str =
    "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json";
const VERSION: &str = env!("CARGO_PKG_VERSION");

pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let rules = Rules::of(report);
    let results: Vec<Value> = report.findings.iter().map(|finding| result(finding, &rules)).collect();
    document(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "aftermove",
                "version": VERSION,
                "semanticVersion": VERSION,
                "rules": rules.all.iter().map(|(id, about)| rule(id, *about)).collect::<Vec<_>>(),
                "notifications": [
                    { "id": NOT_SEEN, "shortDescription": { "text": "Something could not be seen" } },
                    { "id": NOTE, "shortDescription": { "text": "What to know about the run itself" } },
                ],
            } },
            "automationDetails": { "id": format!("aftermove/{}", report.run.id) },
            "invocations": [invocation(report)],
            "results": results,
            "properties": {
                "trigger": report.run.trigger,
                "accounts": report.accounts,
                "regions": report.regions,
            },
        }],
    }))
}

const NOT_SEEN: &str = "not-seen";
const NOTE: &str = "note";

/// The policies of the run, and any other that a finding names.
struct Rules<'r> {
    all: Vec<(&'r str, Option<&'r About>)>,
    index: BTreeMap<&'r str, usize>,
}

impl<'r> Rules<'r> {
    fn of(report: &'r Report) -> Self {
        let ran = report.policies.iter().map(|policy| (policy.id.as_str(), policy.about.as_ref()));
        let found = report.findings.iter().map(|finding| (finding.policy.as_str(), None));
        let mut rules = Self { all: Vec::new(), index: BTreeMap::new() };
        for (id, about) in ran.chain(found) {
            rules.index.entry(id).or_insert_with(|| {
                rules.all.push((id, about));
                rules.all.len() - 1
            });
        }
        rules
    }
}

fn rule(id: &str, about: Option<&About>) -> Value {
    let Some(about) = about else {
        return json!({ "id": id });
    };
    let text = |text: &str| (!text.is_empty()).then(|| json!({ "text": text }));
    let tags: BTreeSet<&str> = about.tags.iter().map(String::as_str).collect();
    let link = |source: &&String| source.starts_with("https://") && !source.contains(char::is_whitespace);
    sparse(json!({
        "id": id,
        "shortDescription": text(&about.title),
        "fullDescription": text(about.why.trim()),
        "help": help(about),
        "helpUri": about.sources.iter().find(link),
        "defaultConfiguration": { "level": level(about.severity) },
        "properties": { "tags": tags, "security-severity": score(about.severity), "sources": about.sources },
    }))
}

fn help(about: &About) -> Option<Value> {
    let (why, fix) = (about.why.trim(), about.fix.trim());
    let text = format!("{why}\n\nWhat to do: {fix}\n\n{}", about.sources.join("\n"));
    let links: Vec<String> = about.sources.iter().map(|source| format!("- <{source}>")).collect();
    let markdown = format!("{why}\n\n**What to do:** {fix}\n\n{}", links.join("\n"));
    (!why.is_empty() || !fix.is_empty()).then(|| json!({ "text": text.trim(), "markdown": markdown.trim() }))
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// In the middle of what GitHub calls by the same word: critical from 9.0, high from 7.0, medium from 4.0, else low.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Info => "0.0",
    }
}

fn result(finding: &Finding, rules: &Rules<'_>) -> Value {
    let resource = &finding.resource;
    // `open` is the format's word for a rule that lacked what it needed to decide; `review` would ask a person to
    // decide, and `notApplicable` would clear the resource. What is resolved passes, so that a reader who does not
    // know of baselines takes it for no problem. Neither may have a level.
    let (kind, level) = match finding.status {
        Status::Unknown => ("open", "none"),
        Status::Resolved => ("pass", "none"),
        Status::New | Status::Reopened | Status::Open | Status::Muted => ("fail", level(finding.severity)),
    };
    let baseline = match finding.status {
        Status::New | Status::Reopened => "new",
        Status::Muted if !seen_before(finding) => "new",
        Status::Open | Status::Unknown | Status::Muted => "unchanged",
        Status::Resolved => "absent",
    };
    let suppressions: Vec<Value> = Mute::of(finding)
        .map(|mute| json!({ "kind": "external", "status": "accepted", "justification": shown(&mute.sentence()) }))
        .into_iter()
        .collect();
    let location = json!({
        "name": if resource.name.is_empty() { &resource.id } else { &resource.name },
        "fullyQualifiedName": resource_uid(finding),
        "kind": "resource",
    });
    json!({
        "ruleId": finding.policy,
        "ruleIndex": rules.index.get(finding.policy.as_str()),
        "kind": kind,
        "level": level,
        "message": { "text": message(finding) },
        "locations": [{ "logicalLocations": [location] }],
        "partialFingerprints": { "aftermoveFindingId/v1": finding.id },
        "baselineState": baseline,
        "suppressions": suppressions,
        "provenance": {
            "firstDetectionTimeUtc": stamp(finding.first_seen),
            "lastDetectionTimeUtc": stamp(finding.last_seen),
        },
        "properties": {
            "status": finding.status.as_str(),
            "severity": finding.severity.as_str(),
            "title": finding.title,
            "resource": {
                "type": finding.resource_type,
                "id": resource.id,
                "arn": resource.arn,
                "account": resource.account,
                "region": resource.region,
                "tags": resource.tags,
            },
            "why": finding.why,
            "fix": finding.fix,
            "fixCli": finding.fix_cli,
            "fixTerraform": finding.fix_terraform,
            "evidence": finding.evidence,
            "monthlyCostUsd": finding.monthly_cost_usd,
            "becauseOf": finding.because_of,
            "explains": finding.explains,
        },
    })
}

fn message(finding: &Finding) -> String {
    let message = if finding.message.is_empty() { &finding.title } else { &finding.message };
    let message = match unknown_because(finding) {
        Some(reason) => format!("{message} (not checked again: {reason})"),
        None if message.is_empty() => finding.policy.clone(),
        None => message.clone(),
    };
    unlinked(&message)
}

/// A message may hold links in the manner of Markdown; what comes from the account makes none.
fn unlinked(text: &str) -> String {
    shown(text).replace("](", "] (")
}

fn invocation(report: &Report) -> Value {
    let place = |account: &str, region: &str| format!("{account} {region}").trim().to_owned();
    let mut notifications: Vec<Value> = report
        .unseen()
        .iter()
        .map(|row| {
            let (what, how) = (&row.resource_type, row.status.as_str());
            let detail = if row.detail.is_empty() { String::new() } else { format!(", {}", row.detail) };
            let text = format!("{what} in {}: {how}{detail}", place(&row.account, &row.region));
            notification(NOT_SEEN, "error", &text)
        })
        .collect();
    if notifications.is_empty() && !report.saw_everything() {
        notifications.push(notification(NOT_SEEN, "error", "Not everything could be checked"));
    }
    notifications.extend(report.notes.iter().map(|note| notification(NOTE, "note", note)));
    json!({
        // a reader must not take a run for clean that could not see everything
        "executionSuccessful": report.saw_everything(),
        "startTimeUtc": stamp(report.run.started_at),
        "endTimeUtc": stamp(report.run.finished_at),
        "toolExecutionNotifications": notifications,
    })
}

fn notification(id: &str, level: &str, text: &str) -> Value {
    json!({ "descriptor": { "id": id }, "level": level, "message": { "text": unlinked(text) } })
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests;
