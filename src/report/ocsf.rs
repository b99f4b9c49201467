//! The findings as OCSF 1.8.0 events, in one JSON array.
//!
//! The class is Compliance Finding (2003): a policy is a control, evaluated against a resource, and only this class
//! can say that the evaluation passed, failed or lacked what it needed to decide. A Detection Finding (2004) is an
//! alert of somebody's doing, which an open log group is not. No standard is claimed.

use serde_json::{Value, json};

use super::Report;
use super::exchange::{
    Mute, about, document, region, resource_uid, seen_before, shown, sparse, unknown_because,
};
use crate::config::regions;
use crate::findings::{Finding, Status};
use crate::inventory::GLOBAL;
use crate::policy::outcome::Severity;

const SCHEMA_VERSION: &str = "1.8.0";
const CLASS: u32 = 2003;

pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let events: Vec<Value> = report.findings.iter().map(|finding| event(report, finding)).collect();
    document(&events)
}

fn event(report: &Report, finding: &Finding) -> Value {
    let (activity_id, activity) = activity(finding);
    let (severity_id, severity) = severity(finding.severity);
    let (status_id, status) = status(finding.status);
    let mute = Mute::of(finding);
    let because = unknown_because(finding).map(shown);
    let because = because.or_else(|| mute.as_ref().map(|mute| shown(&mute.sentence())));
    sparse(json!({
        "class_uid": CLASS,
        "class_name": "Compliance Finding",
        "category_uid": 2,
        "category_name": "Findings",
        "activity_id": activity_id,
        "activity_name": activity,
        "type_uid": CLASS * 100 + activity_id,
        "type_name": format!("Compliance Finding: {activity}"),
        "time": report.run.finished_at.timestamp_millis(),
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "status_code": finding.status.as_str(),
        "status_detail": because,
        "message": shown(&finding.message),
        "metadata": metadata(report, finding),
        "finding_info": finding_info(report, finding),
        "compliance": compliance(report, finding),
        "cloud": cloud(report, finding),
        "resources": [resource(report, finding)],
        "remediation": remediation(report, finding),
        "evidences": (!finding.evidence.is_empty()).then(|| json!([{ "data": finding.evidence }])),
        "unmapped": sparse(json!({
            "why": finding.why,
            "fix_cli": finding.fix_cli,
            "fix_terraform": finding.fix_terraform,
            "monthly_cost_usd": finding.monthly_cost_usd,
            "explains": (!finding.explains.is_empty()).then_some(&finding.explains),
        })),
    }))
}

fn activity(finding: &Finding) -> (u32, &'static str) {
    match finding.status {
        Status::New => (1, "Create"),
        Status::Muted if !seen_before(finding) => (1, "Create"),
        Status::Reopened | Status::Open | Status::Unknown | Status::Muted => (2, "Update"),
        Status::Resolved => (3, "Close"),
    }
}

fn severity(severity: Severity) -> (u32, &'static str) {
    match severity {
        Severity::Info => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

/// Where people are with it. What stands is `New`, which means yet to be reviewed: a run cannot know of a review.
fn status(status: Status) -> (u32, &'static str) {
    match status {
        Status::Unknown => (0, "Unknown"),
        Status::New | Status::Reopened | Status::Open => (1, "New"),
        Status::Muted => (3, "Suppressed"),
        Status::Resolved => (4, "Resolved"),
    }
}

fn compliance(report: &Report, finding: &Finding) -> Value {
    let (status_id, status) = match finding.status {
        Status::Resolved => (1, "Pass"),
        // the class's word for a check that had no result, as something was missing
        Status::Unknown => (2, "Warning"),
        Status::New | Status::Reopened | Status::Open | Status::Muted => (3, "Fail"),
    };
    let about = about(report, finding);
    sparse(json!({
        "control": finding.policy,
        "desc": about.map(|about| &about.title),
        "category": about.and_then(|about| about.tags.first()),
        "status_id": status_id,
        "status": status,
        "status_details": unknown_because(finding).map(|reason| [shown(reason)]),
    }))
}

fn metadata(report: &Report, finding: &Finding) -> Value {
    json!({
        "version": SCHEMA_VERSION,
        "profiles": ["cloud"],
        "product": {
            "name": "aftermove",
            "vendor_name": "aftermove",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "uid": format!("{}/{}", report.run.id, finding.id),
        "correlation_uid": report.run.id,
        "event_code": finding.policy,
    })
}

fn finding_info(report: &Report, finding: &Finding) -> Value {
    let about = about(report, finding);
    let related: Vec<Value> = finding
        .because_of
        .iter()
        .map(|cause| json!({ "uid": cause.finding, "title": shown(&format!("{} on {}", cause.policy, cause.resource)) }))
        .collect();
    sparse(json!({
        "uid": finding.id,
        "title": if finding.title.is_empty() { finding.policy.clone() } else { shown(&finding.title) },
        "desc": shown(&finding.message),
        "types": about.map(|about| &about.tags).filter(|tags| !tags.is_empty()),
        "analytic": sparse(json!({
            "type_id": 1,
            "type": "Rule",
            "uid": finding.policy,
            "name": about.map(|about| &about.title),
        })),
        "created_time": finding.first_seen.timestamp_millis(),
        "first_seen_time": finding.first_seen.timestamp_millis(),
        "last_seen_time": finding.last_seen.timestamp_millis(),
        "modified_time": report.run.finished_at.timestamp_millis(),
        "related_events_count": (!related.is_empty()).then_some(related.len()),
        "related_events": (!related.is_empty()).then_some(related),
    }))
}

/// Of what an account has once, there is no region to name.
fn own_region(finding: &Finding) -> Option<&str> {
    Some(finding.resource.region.as_str()).filter(|region| !region.is_empty() && *region != GLOBAL)
}

fn cloud(report: &Report, finding: &Finding) -> Value {
    sparse(json!({
        "provider": "AWS",
        "account": { "uid": finding.resource.account, "type_id": 10, "type": "AWS Account" },
        "region": own_region(finding),
        "cloud_partition": regions::partition(region(report, finding)),
    }))
}

fn resource(report: &Report, finding: &Finding) -> Value {
    let resource = &finding.resource;
    let tags: Vec<Value> =
        resource.tags.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    sparse(json!({
        "uid": resource_uid(finding),
        "uid_alt": (!resource.arn.is_empty()).then_some(&resource.id),
        "name": if resource.name.is_empty() { &resource.id } else { &resource.name },
        "type": finding.resource_type,
        "region": own_region(finding),
        "cloud_partition": regions::partition(region(report, finding)),
        "created_time": resource.created_at.map(|at| at.timestamp_millis()),
        "tags": (!tags.is_empty()).then_some(tags),
    }))
}

fn remediation(report: &Report, finding: &Finding) -> Option<Value> {
    let sources = about(report, finding).map(|about| &about.sources).filter(|sources| !sources.is_empty());
    (!finding.fix.is_empty()).then(|| sparse(json!({ "desc": shown(&finding.fix), "references": sources })))
}

#[cfg(test)]
mod tests;
