//! When each alarm was in ALARM.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::incident::Window;
use crate::inventory::cloudwatch::{Alarm, AlarmHistoryItem};
use crate::inventory::{Inventory, Scope};
use crate::relate::is_read;

/// One alarm's changes of state in the window.
#[derive(Debug)]
pub(super) struct History<'a> {
    pub(super) scope: &'a Scope,
    pub(super) name: &'a str,
    /// None where it is gone by now.
    pub(super) alarm: Option<&'a Alarm>,
    /// Changes to each state.
    pub(super) changes: BTreeMap<String, i64>,
    pub(super) spans: Vec<Span>,
}

/// A time in ALARM.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Span {
    pub(super) from: DateTime<Utc>,
    /// None while it goes on.
    pub(super) until: Option<DateTime<Utc>>,
    /// It was in ALARM when the window began.
    pub(super) began_before: bool,
}

/// Those of alarms that people read: what drives machines goes off by design.
pub(super) fn histories<'a>(inventory: &'a Inventory, window: &Window) -> Vec<History<'a>> {
    inventory.scopes.iter().flat_map(|scope| of_scope(scope, window)).collect()
}

fn of_scope<'a>(scope: &'a Scope, window: &Window) -> Vec<History<'a>> {
    let mut items: BTreeMap<&str, Vec<(DateTime<Utc>, &AlarmHistoryItem)>> = BTreeMap::new();
    for item in scope.all::<AlarmHistoryItem>().filter(|item| item.old_state != item.new_state) {
        if let Some(at) = item.timestamp.filter(|at| window.holds(*at)) {
            items.entry(&item.alarm_name).or_default().push((at, item));
        }
    }
    let alarms: BTreeMap<&str, &Alarm> =
        scope.all::<Alarm>().map(|alarm| (alarm.meta.name.as_str(), alarm)).collect();
    // those that stay in ALARM all the time have no changes
    for (name, alarm) in &alarms {
        if alarm.state_value == "ALARM" {
            items.entry(name).or_default();
        }
    }
    let told = items.into_iter().filter(|(name, _)| alarms.get(name).map_or(!scales(name), |a| !drives(a)));
    told.map(|(name, mut items)| {
        items.sort_by_key(|(at, _)| *at);
        let mut changes: BTreeMap<String, i64> = BTreeMap::new();
        for (_, item) in &items {
            *changes.entry(item.new_state.clone()).or_default() += 1;
        }
        let alarm = alarms.get(name).copied();
        History { scope, name, alarm, changes, spans: spans(&items, alarm, window) }
    })
    .collect()
}

/// Its actions only drive machines.
fn drives(alarm: &Alarm) -> bool {
    !alarm.alarm_actions.is_empty() && !alarm.alarm_actions.iter().any(|action| is_read(action))
}

/// Application Auto Scaling names its alarms so.
fn scales(name: &str) -> bool {
    name.starts_with("TargetTracking-")
}

fn spans(items: &[(DateTime<Utc>, &AlarmHistoryItem)], alarm: Option<&Alarm>, window: &Window) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let begun = Span { from: window.since, until: None, began_before: true };
    // where nothing is known of the beginning, its first change or else its state tells
    let in_alarm = match items.first() {
        Some((_, first)) => first.old_state == "ALARM",
        None => alarm.is_some_and(|alarm| alarm.state_value == "ALARM"),
    };
    let mut open = in_alarm.then_some(begun);
    for (at, item) in items {
        if item.new_state == "ALARM" {
            open.get_or_insert(Span { from: *at, until: None, began_before: false });
        } else if let Some(span) = open.take() {
            spans.push(Span { until: Some(*at), ..span });
        }
    }
    spans.extend(open);
    spans
}
