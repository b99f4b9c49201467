//! The `incident` of the report as JSON, version 1.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;

use serde_json::{Value, json};

use super::Report;
use super::json_v1::{FindingV1, seconds};
use crate::incident::{Cause, Entry, Incident, Reading};

/// The incident and the findings that have to do with it, in at most `budget` bytes: what does not fit is
/// left out as a whole, and `cut` says so.
pub fn within(report: &Report, incident: &Incident, budget: usize) -> Result<Value, serde_json::Error> {
    let linked = report.findings.iter().filter(|finding| incident.findings.contains(&finding.id));
    let findings: Vec<FindingV1<'_>> = linked.map(FindingV1::from).collect();
    let whole = match &incident.page {
        Some(page) => format!("the whole lies in {page} and in the JSON beside it"),
        None => "configure `deliver.s3` to keep the whole".to_owned(),
    };
    let mut told = serde_json::to_value(IncidentV1::from(incident))?;
    let mut reply = json!({ "incident": told, "findings": findings, "cut": null });
    if reply.to_string().len() > budget {
        reply =
            json!({ "incident": told, "findings": [], "cut": format!("the findings are left out; {whole}") });
    }
    if reply.to_string().len() > budget {
        told["timeline"] = json!([]);
        let cut = format!("the timeline and the findings are left out; {whole}");
        reply = json!({ "incident": told, "findings": [], "cut": cut });
    }
    Ok(reply)
}

/// What happened in a span of time, and what may have caused what.
#[derive(Debug, Serialize)]
pub struct IncidentV1<'a> {
    #[serde(serialize_with = "seconds")]
    since: DateTime<Utc>,
    #[serde(serialize_with = "seconds")]
    until: DateTime<Utc>,
    /// As it was asked for; null where nobody gave one.
    reason: Option<&'a str>,
    /// The ARN that the run had; null where a saved inventory was told of.
    asked_by: Option<&'a str>,
    /// Oldest first, with what services do all day long.
    pub(super) timeline: Vec<EntryV1<'a>>,
    /// The best founded first.
    causes: Vec<ExplanationV1<'a>>,
    /// Ids of the findings that have to do with anything in the timeline.
    findings: &'a BTreeSet<String>,
    /// What the timeline lacks, in sentences.
    missing: &'a [String],
    /// Where the page for people lies, `s3://…`; null where it was put nowhere.
    page: Option<&'a str>,
}

#[derive(Debug, Serialize)]
pub(super) struct EntryV1<'a> {
    #[serde(serialize_with = "seconds")]
    time: DateTime<Utc>,
    /// The last of several equal steps, or the end of an anomaly; null for a moment, and while an anomaly goes on.
    until: Option<String>,
    /// `change`, `deployment`, `alarm`, `rds_event` or `anomaly`.
    kind: &'a str,
    /// `person`, `code`, `automation`, `service` or `unknown`; null for what nobody did.
    by: Option<&'a str>,
    actor: Option<&'a str>,
    /// `console`, `cloudshell`, `console_credentials`, `manual_cli`, `iac`, `service`, `automation` or `sdk_unknown`.
    origin: Option<&'a str>,
    resource: EntryResourceV1<'a>,
    text: &'a str,
    /// CloudTrail's.
    event_ids: &'a [String],
    /// Equal steps that it stands for.
    count: usize,
    /// Of changes by hand: `in_force`, `partly`, `reverted`, `superseded`, `undoes` (an earlier change) or
    /// `unknown`; null for all else.
    stands: Option<&'a str>,
    stands_because: Option<&'a str>,
    /// Of anomalies.
    metric: Option<ReadingV1<'a>>,
    /// Something was felt: an alarm, an anomaly, trouble of a database.
    symptom: bool,
    /// What services do all day long; the text leaves it out.
    pub(super) quiet: bool,
}

#[derive(Debug, Serialize)]
struct EntryResourceV1<'a> {
    /// Null where the event does not tell.
    #[serde(rename = "type")]
    resource_type: Option<&'a str>,
    id: &'a str,
    name: &'a str,
    arn: &'a str,
    account: &'a str,
    region: &'a str,
}

#[derive(Debug, Serialize)]
struct ReadingV1<'a> {
    namespace: &'a str,
    name: &'a str,
    statistic: &'a str,
    dimensions: &'a BTreeMap<String, String>,
    /// The median of the day before.
    usual: f64,
    peak: f64,
}

/// Symptoms that have their likeliest cause in common.
#[derive(Debug, Serialize)]
struct ExplanationV1<'a> {
    /// Places in the timeline, from 0.
    symptoms: &'a [usize],
    /// The likeliest first, three at most; empty where nothing is known that came before.
    causes: Vec<CauseV1<'a>>,
}

#[derive(Debug, Serialize)]
struct CauseV1<'a> {
    /// Place in the timeline, from 0.
    entry: usize,
    /// From 0 to 1, to compare causes by.
    weight: f64,
    /// From its resource to the symptom's, 0 to 2; null where they share no more than the region.
    hops: Option<u8>,
    minutes_before: i64,
    reason: &'a str,
}

impl<'a> From<&'a Incident> for IncidentV1<'a> {
    fn from(incident: &'a Incident) -> Self {
        Self {
            since: incident.since,
            until: incident.until,
            reason: incident.reason.as_deref(),
            asked_by: incident.asked_by.as_deref(),
            timeline: incident.timeline.iter().map(EntryV1::from).collect(),
            causes: incident
                .explanations
                .iter()
                .map(|explanation| ExplanationV1 {
                    symptoms: &explanation.symptoms,
                    causes: explanation.causes.iter().map(CauseV1::from).collect(),
                })
                .collect(),
            findings: &incident.findings,
            missing: &incident.missing,
            page: incident.page.as_deref(),
        }
    }
}

impl<'a> From<&'a Entry> for EntryV1<'a> {
    fn from(entry: &'a Entry) -> Self {
        let resource = &entry.resource;
        Self {
            time: entry.time,
            until: entry.until.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
            kind: entry.kind.as_str(),
            by: entry.by.as_deref(),
            actor: entry.actor.as_deref(),
            origin: entry.origin.as_deref(),
            resource: EntryResourceV1 {
                resource_type: Some(entry.resource_type.as_str()).filter(|name| !name.is_empty()),
                id: &resource.id,
                name: &resource.name,
                arn: &resource.arn,
                account: &resource.account,
                region: &resource.region,
            },
            text: &entry.text,
            event_ids: &entry.event_ids,
            count: entry.count,
            stands: entry.stands.as_deref(),
            stands_because: entry.stands_because.as_deref(),
            metric: entry.reading.as_ref().map(ReadingV1::from),
            symptom: entry.is_symptom(),
            quiet: entry.quiet,
        }
    }
}

impl<'a> From<&'a Reading> for ReadingV1<'a> {
    fn from(reading: &'a Reading) -> Self {
        Self {
            namespace: &reading.namespace,
            name: &reading.metric,
            statistic: &reading.statistic,
            dimensions: &reading.dimensions,
            usual: reading.usual,
            peak: reading.peak,
        }
    }
}

impl<'a> From<&'a Cause> for CauseV1<'a> {
    fn from(cause: &'a Cause) -> Self {
        Self {
            entry: cause.entry,
            weight: (cause.weight * 1e3).round() / 1e3,
            hops: cause.hops,
            minutes_before: cause.minutes_before,
            reason: &cause.reason,
        }
    }
}
