//! The findings as AWS Security Hub takes them (ASFF), in one JSON array as `aws securityhub batch-import-findings`
//! wants it after `--findings file://`.
//!
//! Security Hub takes at most 100 findings at a time, of 240 KB each, and only those of the account and the region
//! that it is called in; what is here keeps to the size, and whoever imports splits. A finding keeps its id from run to
//! run, so that the next import updates it. `Workflow` counts only when a finding is imported for the first time: of
//! one that is there already, Security Hub leaves it to the people who work with it.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::exchange::{
    Mute, about, cut, document, evidence, flat, region, resource_uid, shown, sparse, unknown_because,
};
use super::{About, Report};
use crate::config::regions;
use crate::findings::{Finding, Status};
use crate::policy::outcome::Severity;

mod types;

const TITLE: usize = 256;
const DESCRIPTION: usize = 1024;
const RECOMMENDATION: usize = 512;
const ID: usize = 512;
const REGION: usize = 16;
const KEY: usize = 128;
const VALUE: usize = 2048;
const FIELDS: usize = 50;
/// What the fields may hold together, so that no finding is larger than Security Hub takes.
const FIELDS_BYTES: usize = 64 * 1024;
const TAGS: usize = 50;
const TAG_VALUE: usize = 256;

pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let findings: Vec<Value> = report.findings.iter().map(|finding| asff(report, finding)).collect();
    document(&findings)
}

fn asff(report: &Report, finding: &Finding) -> Value {
    let resource = &finding.resource;
    let (region, account) = (region(report, finding), resource.account.as_str());
    let partition = regions::partition(region);
    let about = about(report, finding);
    let severity = json!({ "Label": label(finding.severity), "Original": finding.severity.as_str() });
    let types = [kind(about)];
    let description = description(finding);
    let url = about.and_then(|about| about.sources.first());
    let archived = finding.status == Status::Resolved;
    sparse(json!({
        "SchemaVersion": "2018-10-08",
        "Id": finding.id,
        "ProductArn": format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default"),
        "GeneratorId": cut(&format!("aftermove/{}", finding.policy), ID),
        "AwsAccountId": account,
        "CreatedAt": stamp(finding.first_seen),
        "UpdatedAt": stamp(report.run.finished_at),
        "FirstObservedAt": stamp(finding.first_seen),
        "LastObservedAt": stamp(finding.last_seen),
        "Title": line(&finding.title, TITLE).or_else(|| line(&finding.policy, TITLE)),
        "Description": line(&description, DESCRIPTION).or_else(|| line(&finding.policy, DESCRIPTION)),
        "Types": types,
        "Severity": severity,
        "FindingProviderFields": { "Severity": severity, "Types": types },
        "Remediation": line(&finding.fix, RECOMMENDATION)
            .map(|text| json!({ "Recommendation": sparse(json!({ "Text": text, "Url": url })) })),
        "ProductFields": fields(report, finding),
        "Resources": [sparse(json!({
            "Type": types::of(&finding.resource_type),
            "Id": line(resource_uid(finding), ID).unwrap_or_else(|| finding.id.clone()),
            "Partition": (partition != "aws-eusc").then_some(partition),
            "Region": cut(region, REGION),
            "Tags": tags(finding),
        }))],
        "Compliance": compliance(finding),
        "Workflow": (finding.status == Status::Muted).then(|| json!({ "Status": "SUPPRESSED" })),
        "RecordState": if archived { "ARCHIVED" } else { "ACTIVE" },
    }))
}

/// What is wrong, why it could not be looked at again, and what goes wrong if nobody acts.
fn description(finding: &Finding) -> String {
    let because = unknown_because(finding).map(|reason| format!("Not checked again: {reason}"));
    let parts = [Some(finding.message.as_str()), because.as_deref(), Some(&finding.why)];
    let sentences = parts.into_iter().flatten().map(str::trim).filter(|part| !part.is_empty());
    let ended = sentences
        .map(|part| if part.ends_with(['.', '!', '?']) { part.to_owned() } else { format!("{part}.") });
    ended.collect::<Vec<_>>().join(" ")
}

fn label(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "INFORMATIONAL",
        Severity::Low => "LOW",
        Severity::Medium => "MEDIUM",
        Severity::High => "HIGH",
        Severity::Critical => "CRITICAL",
    }
}

/// One of Security Hub's own types of findings.
fn kind(about: Option<&About>) -> &'static str {
    let tagged = |tag: &str| about.is_some_and(|about| about.tags.iter().any(|known| known == tag));
    if tagged("network") {
        "Software and Configuration Checks/AWS Security Best Practices/Network Reachability"
    } else if tagged("cost") {
        "Effects/Resource Consumption"
    } else {
        "Software and Configuration Checks/AWS Security Best Practices"
    }
}

fn compliance(finding: &Finding) -> Value {
    let status = match finding.status {
        Status::Resolved => "PASSED",
        Status::Unknown => "WARNING",
        Status::New | Status::Reopened | Status::Open | Status::Muted => "FAILED",
    };
    let reasons = unknown_because(finding).map(|reason| {
        json!([sparse(json!({ "ReasonCode": "COULD_NOT_BE_CHECKED", "Description": line(reason, VALUE) }))])
    });
    sparse(json!({ "Status": status, "StatusReasons": reasons }))
}

/// What has no place of its own. A command is whole or not there, as half of one does harm.
fn fields(report: &Report, finding: &Finding) -> Map<String, Value> {
    let mute = Mute::of(finding).map(|mute| mute.sentence());
    let command = finding.fix_cli.as_deref().map(str::trim);
    let command =
        command.filter(|command| !command.contains(['\n', '\r']) && cut(command, VALUE) == *command);
    let own = [
        ("status", Some(finding.status.as_str().to_owned())),
        ("run", Some(report.run.id.clone())),
        ("resource", Some(finding.resource.id.clone())),
        ("resource_type", Some(finding.resource_type.clone())),
        ("monthly_cost_usd", finding.monthly_cost_usd.map(|usd| usd.to_string())),
        ("muted", mute),
        ("because_of", finding.explained()),
        ("fix_cli", command.map(str::to_owned)),
    ];
    let own = own.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    let evidence = evidence(finding).map(|(key, value)| (format!("evidence/{key}"), flat(value)));
    let mut fields = Map::new();
    let mut bytes = 0;
    for (key, value) in own.chain(evidence) {
        let (Some(key), Some(value)) = (line(&format!("aftermove/{key}"), KEY), line(&value, VALUE)) else {
            continue;
        };
        bytes += key.len() + value.len();
        if fields.len() == FIELDS || bytes > FIELDS_BYTES {
            break;
        }
        fields.insert(key, Value::from(value));
    }
    fields
}

/// Those that people set: names that begin with `aws:` are reserved, and no value may be empty.
fn tags(finding: &Finding) -> Option<Map<String, Value>> {
    let own = finding.resource.tags.iter().filter(|(key, _)| !key.starts_with("aws:"));
    let told = own.filter_map(|(key, value)| Some((line(key, KEY)?, Value::from(line(value, TAG_VALUE)?))));
    let tags: Map<String, Value> = told.take(TAGS).collect();
    (!tags.is_empty()).then_some(tags)
}

/// The text on one line, as the pattern of Security Hub's strings knows no other; `None` if it is blank.
fn line(text: &str, most: usize) -> Option<String> {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!words.is_empty()).then(|| cut(&shown(&words), most))
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests;
