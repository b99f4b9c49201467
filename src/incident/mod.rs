//! What happened when something broke: one line of time of all that changed and all that was felt,
//! and what may have caused what.
//!
//! [`tell`] joins what a scan has read anyway with the alarms' histories, the events of RDS and metrics
//! that left their usual range.
#![deny(clippy::disallowed_methods)]

mod alarms;
pub mod anomalies;
mod causes;
mod changes;
mod databases;
mod deployments;
mod graph;
mod missing;
mod timeline;
pub mod window;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::drift;
use crate::findings::{Finding, Status};
use crate::inventory::cloudtrail::{Change, Event};
use crate::inventory::cloudwatch::{Alarm, AlarmHistoryItem};
use crate::inventory::ec2::NatGateway;
use crate::inventory::ecs::Service;
use crate::inventory::elasticloadbalancingv2::{LoadBalancer, TargetGroup};
use crate::inventory::rds::{DbCluster, DbInstance, RdsEvent};
use crate::inventory::{Inventory, Kind as _, Meta};
pub(crate) use changes::stands_words;
use graph::{Graph, Node};
pub use window::{Since, SinceError, Window};
pub(crate) use words::{noun, span};

/// What it reads beside what the policies need, and what changes are compared with.
pub fn types() -> impl Iterator<Item = &'static str> {
    [
        Event::TYPE,
        Alarm::TYPE,
        AlarmHistoryItem::TYPE,
        RdsEvent::TYPE,
        LoadBalancer::TYPE,
        TargetGroup::TYPE,
        DbInstance::TYPE,
        DbCluster::TYPE,
        NatGateway::TYPE,
        Service::TYPE,
    ]
    .into_iter()
    .chain(drift::COMPARED.iter().copied())
}

/// How an incident is asked for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ask {
    /// See [`Since`].
    pub since: String,
    /// Why somebody asked: a ticket, a sentence.
    pub reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    pub since: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub reason: Option<String>,
    /// The ARN that the run had; None where a saved inventory was told of.
    pub asked_by: Option<String>,
    /// Oldest first.
    pub timeline: Vec<Entry>,
    /// The best founded first.
    pub explanations: Vec<Explanation>,
    /// Ids of the findings that have to do with anything in the timeline.
    pub findings: BTreeSet<String>,
    /// What the timeline lacks, in sentences.
    pub missing: Vec<String>,
    /// Where the page for people lies; None where it was put nowhere.
    pub page: Option<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    Change,
    Deployment,
    Alarm,
    RdsEvent,
    Anomaly,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Deployment => "deployment",
            Self::Alarm => "alarm",
            Self::RdsEvent => "rds_event",
            Self::Anomaly => "anomaly",
        }
    }
}

/// One line of the timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub time: DateTime<Utc>,
    /// The last of several equal steps, or the end of an anomaly that is over.
    pub until: Option<DateTime<Utc>>,
    pub kind: Kind,
    /// As in [`crate::inventory::cloudtrail::Change::by`]; None for what nobody did.
    pub by: Option<String>,
    pub actor: Option<String>,
    /// As in [`crate::inventory::cloudtrail::Change::origins`].
    pub origin: Option<String>,
    /// A CloudFormation type name; empty where the event does not tell.
    pub resource_type: String,
    pub resource: Meta,
    pub text: String,
    /// CloudTrail's.
    pub event_ids: Vec<String>,
    /// Equal steps that this stands for.
    pub count: usize,
    /// Of changes by hand: `in_force`, `partly`, `reverted`, `superseded`, `undoes` (an earlier change) or `unknown`.
    pub stands: Option<String>,
    pub stands_because: Option<String>,
    /// Of anomalies.
    pub reading: Option<Reading>,
    /// What services do all day long: not told in the text.
    pub quiet: bool,
    /// It tells how a deployment went, not that one began.
    pub progress: bool,
    /// Something was felt: when that began,
    pub symptom_from: Option<DateTime<Utc>>,
    /// and up to when it may have been caused.
    pub symptom_until: Option<DateTime<Utc>>,
}

impl Entry {
    fn of(node: Node<'_>) -> Self {
        Self {
            time: DateTime::UNIX_EPOCH,
            until: None,
            kind: Kind::Change,
            by: None,
            actor: None,
            origin: None,
            resource_type: node.resource_type.to_owned(),
            resource: node.meta.clone(),
            text: String::new(),
            event_ids: Vec::new(),
            count: 1,
            stands: None,
            stands_because: None,
            reading: None,
            quiet: false,
            progress: false,
            symptom_from: None,
            symptom_until: None,
        }
    }

    pub fn is_symptom(&self) -> bool {
        self.symptom_from.is_some()
    }

    /// `security group databases`.
    pub fn called(&self) -> String {
        words::short_label(Node { resource_type: &self.resource_type, meta: &self.resource })
    }
}

/// What a metric showed.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    pub namespace: String,
    pub metric: String,
    pub statistic: String,
    pub dimensions: BTreeMap<String, String>,
    /// The median of the day before.
    pub usual: f64,
    pub peak: f64,
}

/// Symptoms that have their likeliest cause in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Places in the timeline.
    pub symptoms: Vec<usize>,
    /// The likeliest first, three at most; empty where nothing is known that came before.
    pub causes: Vec<Cause>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// Place in the timeline.
    pub entry: usize,
    /// From 0 to 1, to compare causes by.
    pub weight: f64,
    /// Between its resource and the symptom's; None where they share no more than the region.
    pub hops: Option<u8>,
    pub minutes_before: i64,
    pub reason: String,
}

/// Tells the incident from what was read and found.
pub fn tell(
    inventory: &Inventory,
    findings: &[Finding],
    window: Window,
    reason: Option<String>,
    asked_by: Option<String>,
) -> Incident {
    let graph = Graph::of(inventory);
    let (timeline, left_out) = timeline::timeline(inventory, &graph, &window);
    Incident {
        since: window.since,
        until: window.now,
        reason,
        asked_by,
        explanations: causes::explanations(&timeline, &graph),
        findings: linked(findings, &timeline, &graph),
        missing: missing::missing(inventory, &window).into_iter().chain(left_out).collect(),
        timeline,
        page: None,
    }
}

/// All that happened, oldest first, and what is left out of it.
pub(crate) fn timeline(inventory: &Inventory, window: &Window) -> (Vec<Entry>, Vec<String>) {
    timeline::timeline(inventory, &Graph::of(inventory), window)
}

/// The findings on what the timeline is about, and on what is joined to it.
fn linked(findings: &[Finding], timeline: &[Entry], graph: &Graph<'_>) -> BTreeSet<String> {
    let told: Vec<&Entry> = timeline.iter().filter(|entry| !entry.quiet).collect();
    let places = told.iter().filter_map(|entry| graph.find(&entry.resource_type, &entry.resource));
    let near = graph.near(&places.flat_map(|at| graph.focus(at)).collect());
    // a finding on a change bears the changed resource's names
    let is_of = |finding: &Finding, entry: &Entry| {
        let (a, b) = (&finding.resource, &entry.resource);
        finding.resource_type == Change::TYPE
            && (&a.account, &a.region, &a.id, &a.arn) == (&b.account, &b.region, &b.id, &b.arn)
    };
    findings
        .iter()
        .filter(|finding| finding.status.is_violation() || finding.status == Status::Unknown)
        .filter(|finding| {
            let at = graph.find(&finding.resource_type, &finding.resource);
            at.is_some_and(|at| near.contains(&at)) || told.iter().any(|entry| is_of(finding, entry))
        })
        .map(|finding| finding.id.clone())
        .collect()
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
