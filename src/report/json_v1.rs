//! The report as JSON, version 1: a contract with whoever reads it, and so
//! apart from the types that the program works with.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::digest::Digest;
use super::json_incident::IncidentV1;
use super::json_review;
use super::text::steers;
use super::{CoverageRow, PolicyCounts, Report, RunInfo, Usage};
use crate::findings::{BecauseOf, Finding};
use crate::inventory::Meta;

#[derive(Debug, Serialize)]
pub struct ReportV1<'a> {
    version: u32,
    run: RunV1<'a>,
    accounts: &'a [String],
    /// What people call them, by id, where that is known.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    account_names: &'a BTreeMap<String, String>,
    regions: &'a [String],
    /// Of an incident run alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<IncidentV1<'a>>,
    /// Of a digest alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a Digest>,
    /// Where the page for people lies, `s3://…`, if it was put somewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<&'a str>,
    /// Of a review alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<Value>,
    findings: Vec<FindingV1<'a>>,
    policies: Vec<PolicyV1<'a>>,
    coverage: Vec<CoverageV1<'a>>,
    usage: UsageV1<'a>,
    notes: &'a [String],
}

#[derive(Debug, Serialize)]
struct RunV1<'a> {
    id: &'a str,
    trigger: &'a str,
    #[serde(serialize_with = "seconds")]
    started_at: DateTime<Utc>,
    #[serde(serialize_with = "seconds")]
    finished_at: DateTime<Utc>,
    complete: bool,
}

#[derive(Debug, Serialize)]
pub struct FindingV1<'a> {
    id: &'a str,
    policy: &'a str,
    severity: &'a str,
    status: &'a str,
    resource: ResourceV1<'a>,
    title: &'a str,
    message: &'a str,
    why: &'a str,
    fix: &'a str,
    fix_cli: Option<&'a str>,
    fix_terraform: Option<&'a str>,
    evidence: &'a Map<String, Value>,
    monthly_cost_usd: Option<f64>,
    because_of: &'a [BecauseOf],
    explains: &'a [BecauseOf],
    #[serde(serialize_with = "seconds")]
    first_seen: DateTime<Utc>,
    #[serde(serialize_with = "seconds")]
    last_seen: DateTime<Utc>,
}

#[derive(Debug, Serialize)]
struct ResourceV1<'a> {
    #[serde(rename = "type")]
    resource_type: &'a str,
    id: &'a str,
    arn: &'a str,
    name: &'a str,
    account: &'a str,
    region: &'a str,
    tags: &'a BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
struct PolicyV1<'a> {
    id: &'a str,
    pass: usize,
    fail: usize,
    skip: usize,
    unknown: usize,
}

#[derive(Debug, Serialize)]
struct CoverageV1<'a> {
    account: &'a str,
    region: &'a str,
    #[serde(rename = "type")]
    resource_type: &'a str,
    status: &'a str,
    detail: &'a str,
}

#[derive(Debug, Serialize)]
struct UsageV1<'a> {
    api_calls: &'a BTreeMap<String, u64>,
    usd: f64,
}

/// The report as a JSON document that ends in a newline.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let mut json = escaped(serde_json::to_string_pretty(&ReportV1::from(report))?);
    json.push('\n');
    Ok(json)
}

/// The same JSON with the characters escaped that JSON allows as they are but
/// that could steer a terminal or a mail reader. They only occur in strings.
pub(super) fn escaped(json: String) -> String {
    let steering = |char: char| char != '\n' && steers(char);
    if !json.contains(steering) {
        return json;
    }
    let mut safe = String::with_capacity(json.len() + 64);
    for char in json.chars() {
        if steering(char) {
            let _ = write!(safe, "\\u{:04x}", u32::from(char));
        } else {
            safe.push(char);
        }
    }
    safe
}

impl<'a> From<&'a Report> for ReportV1<'a> {
    fn from(report: &'a Report) -> Self {
        Self {
            version: 1,
            run: RunV1::from(&report.run),
            accounts: &report.accounts,
            account_names: &report.names,
            regions: &report.regions,
            incident: report.incident.as_ref().map(IncidentV1::from),
            digest: report.digest.as_ref(),
            page: report.page.as_ref().map(|page| page.place.as_str()),
            review: report.review.as_ref().map(json_review::review),
            findings: report.findings.iter().map(FindingV1::from).collect(),
            policies: report.policies.iter().map(PolicyV1::from).collect(),
            coverage: report.coverage.iter().map(CoverageV1::from).collect(),
            usage: UsageV1::from(&report.usage),
            notes: &report.notes,
        }
    }
}

impl<'a> From<&'a RunInfo> for RunV1<'a> {
    fn from(run: &'a RunInfo) -> Self {
        Self {
            id: &run.id,
            trigger: run.trigger,
            started_at: run.started_at,
            finished_at: run.finished_at,
            complete: run.complete,
        }
    }
}

impl<'a> From<&'a Finding> for FindingV1<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self {
            id: &finding.id,
            policy: &finding.policy,
            severity: finding.severity.as_str(),
            status: finding.status.as_str(),
            resource: ResourceV1::new(&finding.resource_type, &finding.resource),
            title: &finding.title,
            message: &finding.message,
            why: &finding.why,
            fix: &finding.fix,
            fix_cli: finding.fix_cli.as_deref(),
            fix_terraform: finding.fix_terraform.as_deref(),
            evidence: &finding.evidence,
            monthly_cost_usd: finding.monthly_cost_usd,
            because_of: &finding.because_of,
            explains: &finding.explains,
            first_seen: finding.first_seen,
            last_seen: finding.last_seen,
        }
    }
}

impl<'a> ResourceV1<'a> {
    fn new(resource_type: &'a str, meta: &'a Meta) -> Self {
        Self {
            resource_type,
            id: &meta.id,
            arn: &meta.arn,
            name: &meta.name,
            account: &meta.account,
            region: &meta.region,
            tags: &meta.tags,
        }
    }
}

impl<'a> From<&'a PolicyCounts> for PolicyV1<'a> {
    fn from(counts: &'a PolicyCounts) -> Self {
        Self {
            id: &counts.id,
            pass: counts.pass,
            fail: counts.fail,
            skip: counts.skip,
            unknown: counts.unknown,
        }
    }
}

impl<'a> From<&'a CoverageRow> for CoverageV1<'a> {
    fn from(row: &'a CoverageRow) -> Self {
        Self {
            account: &row.account,
            region: &row.region,
            resource_type: &row.resource_type,
            status: row.status.as_str(),
            detail: &row.detail,
        }
    }
}

impl<'a> From<&'a Usage> for UsageV1<'a> {
    fn from(usage: &'a Usage) -> Self {
        Self {
            api_calls: &usage.api_calls,
            // Sums of list prices such as 0.00001 carry binary noise.
            usd: (usage.usd * 1e6).round() / 1e6,
        }
    }
}

pub(super) fn seconds<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Secs, true))
}
