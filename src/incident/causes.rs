//! Which change or deployment may have brought about what was felt.
//!
//! Nearness in time times what the two have in common. It is a guess, and says what it rests on.

use chrono::{DateTime, TimeDelta, Utc};

use super::graph::{Graph, Way};
use super::words::{short_label, span};
use super::{Cause, Entry, Explanation, Kind};
use crate::inventory::{GLOBAL, Meta, is_global};

/// A candidate loses half of its weight with every so many minutes. Our default.
const HALVING_MINUTES: f64 = 30.0;

/// The weight of what the two have in common: the resource itself, a neighbour, a neighbour's neighbour, or
/// nothing but the region. Our defaults.
const BY_HOPS: [f64; 3] = [1.0, 0.6, 0.3];
const SAME_REGION: f64 = 0.05;

/// What weighs less is no likely cause, nor is what weighs less than this part of the likeliest.
const FAINTEST: f64 = 0.01;
const FAINT_BESIDE: f64 = 0.2;

const MOST: usize = 3;

/// For each symptom of the timeline its likely causes; symptoms with the same likeliest one are told together.
pub(super) fn explanations(timeline: &[Entry], graph: &Graph<'_>) -> Vec<Explanation> {
    let mut explanations: Vec<Explanation> = Vec::new();
    for (at, symptom) in timeline.iter().enumerate() {
        let Some((from, until)) = symptom.symptom_from.zip(symptom.symptom_until) else {
            continue;
        };
        let causes = causes(timeline, symptom, from, until, graph);
        let likeliest = causes.first().map(|cause| cause.entry);
        match explanations.iter_mut().find(|known| known.causes.first().map(|cause| cause.entry) == likeliest)
        {
            Some(known) => known.join(at, causes),
            None => explanations.push(Explanation { symptoms: vec![at], causes }),
        }
    }
    // the best founded first, and what nothing explains last
    explanations.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    explanations
}

fn weight(explanation: &Explanation) -> f64 {
    explanation.causes.first().map_or(0.0, |cause| cause.weight)
}

impl Explanation {
    fn join(&mut self, symptom: usize, causes: Vec<Cause>) {
        self.symptoms.push(symptom);
        for cause in causes {
            match self.causes.iter_mut().find(|known| known.entry == cause.entry) {
                Some(known) if known.weight >= cause.weight => {}
                Some(known) => *known = cause,
                None => self.causes.push(cause),
            }
        }
        // the likeliest one of all of them stays the first
        if let Some((_, others)) = self.causes.split_first_mut() {
            others.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        }
        self.causes.truncate(MOST);
    }
}

fn causes(
    timeline: &[Entry],
    symptom: &Entry,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    graph: &Graph<'_>,
) -> Vec<Cause> {
    let focus =
        graph.find(&symptom.resource_type, &symptom.resource).map(|at| graph.focus(at)).unwrap_or_default();
    let around = graph.around(&focus);
    let candidates =
        timeline.iter().enumerate().filter(|(_, entry)| entry.is_candidate() && entry.time <= until);
    let mut causes: Vec<Cause> = candidates
        .filter_map(|(at, candidate)| {
            let way = graph
                .find(&candidate.resource_type, &candidate.resource)
                .and_then(|at| around.get(&at))
                .copied();
            let common = match way {
                Some(way) => BY_HOPS[usize::from(way.hops)],
                None if same_region(candidate, &symptom.resource) => SAME_REGION,
                None => return None,
            };
            // of a run of steps the last one before
            let last = candidate.until.unwrap_or(candidate.time).min(from.max(candidate.time));
            let before = (from - last).max(TimeDelta::zero());
            Some(Cause {
                entry: at,
                weight: common * halved(before),
                hops: way.map(|way| way.hops),
                minutes_before: before.num_minutes(),
                reason: reason(candidate, way, before, &symptom.resource.region, graph),
            })
        })
        .collect();
    // the later one of two that weigh the same
    causes.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(b.entry.cmp(&a.entry)));
    let faintest = causes.first().map_or(FAINTEST, |first| FAINTEST.max(first.weight * FAINT_BESIDE));
    causes.retain(|cause| cause.weight >= faintest);
    causes.truncate(MOST);
    causes
}

#[expect(clippy::cast_precision_loss, reason = "a window has few seconds")]
fn halved(before: TimeDelta) -> f64 {
    0.5f64.powf(before.num_seconds() as f64 / 60.0 / HALVING_MINUTES)
}

impl Entry {
    fn is_candidate(&self) -> bool {
        matches!(self.kind, Kind::Change | Kind::Deployment) && !self.quiet && !self.progress
    }
}

/// What an account has once is everywhere.
fn same_region(candidate: &Entry, symptom: &Meta) -> bool {
    let meta = &candidate.resource;
    let everywhere = meta.region == GLOBAL || is_global(&candidate.resource_type);
    meta.account == symptom.account && (everywhere || meta.region == symptom.region)
}

fn reason(candidate: &Entry, way: Option<Way>, before: TimeDelta, region: &str, graph: &Graph<'_>) -> String {
    let when = match before.num_minutes() {
        0 => "in the same minutes".to_owned(),
        minutes => format!("{} before", span(minutes)),
    };
    let deed = if candidate.kind == Kind::Deployment { "deploys" } else { "changes" };
    let it = candidate.called();
    let what = match way {
        None => format!("{it}, which shares no more than the region {region}"),
        Some(Way { hops: 0, .. }) => format!("{it} itself"),
        Some(Way { hops: 1, from, .. }) => format!("{it} of {}", short_label(graph.node(from))),
        Some(Way { from, via, .. }) => {
            let via = via.map(|via| short_label(graph.node(via))).unwrap_or_default();
            format!("{it}, joined to {} by {via}", short_label(graph.node(from)))
        }
    };
    format!("{when}, {deed} {what}")
}

#[cfg(test)]
mod tests;
