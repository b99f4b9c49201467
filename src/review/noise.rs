//! Alarms by how much they disturbed, and what to change about each first.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::alarms::History;
use super::deployments::changes_are_known;
use super::incidents::BY_ITSELF;
use crate::incident::{Entry, Kind, Window};
use crate::policy::Policy;
use crate::relate::messages;

/// Whoever is called takes so long to do something about it at most. Ours.
const ACTED_WITHIN: TimeDelta = TimeDelta::minutes(30);
/// The policy that judges it every night, whose numbers are taken.
const POLICY: &str = "cloudwatch-alarm-noisy";

/// Messages a day from which on an alarm is too loud.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    pub messages_per_day: f64,
    pub grave_per_day: f64,
}

impl Limits {
    /// As the policy and the configuration have them; without the policy nothing is too loud.
    pub fn of(policies: &[Policy]) -> Self {
        let policy = policies.iter().find(|policy| policy.id == POLICY);
        let param = |name: &str| {
            policy.and_then(|policy| policy.params.get(name)).and_then(Value::as_f64).unwrap_or(f64::INFINITY)
        };
        Self {
            messages_per_day: param("max_messages_per_day"),
            grave_per_day: param("grave_messages_per_day"),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct NoisyAlarm {
    pub account: String,
    pub region: String,
    pub name: String,
    /// Changes of state, to whichever.
    pub transitions: i64,
    /// Times that it went to ALARM.
    pub fired: usize,
    pub in_alarm_seconds: i64,
    /// Of the times in ALARM, those that ended within minutes.
    pub self_resolved: usize,
    /// Of the times in ALARM, those with a change or a deployment in the region meanwhile or soon after; None where
    /// not all changes are known.
    pub acted_on: Option<usize>,
    /// Messages that it sent; None where it is gone by now.
    pub messages: Option<i64>,
    pub messages_per_day: Option<f64>,
    /// `grave`, `loud` or `calm`.
    pub verdict: &'static str,
    /// What to change first.
    pub advice: String,
}

pub(super) fn noise(
    histories: &[History<'_>],
    timeline: &[Entry],
    limits: Limits,
    window: &Window,
) -> Vec<NoisyAlarm> {
    let mut noise: Vec<NoisyAlarm> =
        histories.iter().map(|history| judge(history, timeline, limits, window)).collect();
    noise.sort_by(|a, b| {
        let rank = |one: &NoisyAlarm| (one.messages, one.transitions, one.in_alarm_seconds);
        rank(b).cmp(&rank(a)).then_with(|| a.name.cmp(&b.name))
    });
    noise
}

fn judge(history: &History<'_>, timeline: &[Entry], limits: Limits, window: &Window) -> NoisyAlarm {
    let ended = |until: Option<DateTime<Utc>>| until.unwrap_or(window.now);
    let in_alarm: TimeDelta = history.spans.iter().map(|span| ended(span.until) - span.from).sum();
    let short = |from, until: Option<DateTime<Utc>>| until.is_some_and(|until| until - from <= BY_ITSELF);
    let self_resolved =
        history.spans.iter().filter(|span| !span.began_before && short(span.from, span.until)).count();
    let acted_on = changes_are_known(history.scope).then(|| {
        let acted = |from, until| {
            timeline.iter().any(|entry| {
                matches!(entry.kind, Kind::Change | Kind::Deployment)
                    && !entry.quiet
                    && !entry.progress
                    && (&entry.resource.account, &entry.resource.region)
                        == (&history.scope.account, &history.scope.region)
                    && from <= entry.time
                    && entry.time <= ended(until) + ACTED_WITHIN
            })
        };
        history.spans.iter().filter(|span| acted(span.from, span.until)).count()
    });
    let messages = history.alarm.map(|alarm| messages(alarm, &history.changes));
    #[expect(clippy::cast_precision_loss, reason = "some thousands at most")]
    let per_day = messages.map(|messages| messages as f64 / days(window));
    let verdict = match per_day {
        Some(per_day) if per_day > limits.grave_per_day => "grave",
        Some(per_day) if per_day > limits.messages_per_day => "loud",
        _ => "calm",
    };
    let mut alarm = NoisyAlarm {
        account: history.scope.account.clone(),
        region: history.scope.region.clone(),
        name: history.name.to_owned(),
        transitions: history.changes.values().sum(),
        fired: history.spans.iter().filter(|span| !span.began_before).count(),
        in_alarm_seconds: in_alarm.num_seconds(),
        self_resolved,
        acted_on,
        messages,
        messages_per_day: per_day,
        verdict,
        advice: String::new(),
    };
    let no_data = history.changes.get("INSUFFICIENT_DATA").copied().unwrap_or_default();
    alarm.advice = advice(&alarm, history, no_data, window).to_owned();
    alarm
}

#[expect(clippy::cast_precision_loss, reason = "a month of seconds")]
fn days(window: &Window) -> f64 {
    // a window of hours says nothing of a day
    ((window.now - window.since).num_seconds() as f64 / 86_400.0).max(1.0)
}

/// By what disturbs most, as the policy's own advice has it.
fn advice(alarm: &NoisyAlarm, history: &History<'_>, no_data: i64, window: &Window) -> &'static str {
    let times = history.spans.len();
    if history.alarm.is_none() {
        "It is gone by now; nothing is left to change."
    } else if usize::try_from(no_data).unwrap_or_default() > times {
        "Its metric comes and goes: let missing data count as notBreaching."
    } else if alarm.in_alarm_seconds * 2 > (window.now - window.since).num_seconds() {
        "It is in ALARM most of the time: mend what it says, or move its threshold out of the ordinary range."
    } else if times > 0 && alarm.self_resolved * 2 > times {
        "Most times it ended by itself within minutes: ask for more datapoints (3 of 5 instead of 1 of 1)."
    } else if times > 1 && alarm.acted_on == Some(0) {
        "Nobody ever changed anything upon it: move its threshold, send it to a dashboard, or delete it."
    } else {
        "Keep it as it is."
    }
}

#[cfg(test)]
mod tests;
