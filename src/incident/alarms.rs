//! Alarms that changed their state.

use chrono::TimeDelta;

use super::graph::{Graph, Node};
use super::words::{list, short_label};
use super::{Entry, Kind, Window};
use crate::inventory::cloudwatch::{Alarm, AlarmHistoryItem};
use crate::inventory::{Kind as _, Scope};

/// Of alarms whose period is not known.
const PERIOD: TimeDelta = TimeDelta::minutes(5);

pub(super) fn entries(scope: &Scope, graph: &Graph<'_>, window: &Window) -> Vec<Entry> {
    scope.all::<AlarmHistoryItem>().filter_map(|item| entry(scope, item, graph, window)).collect()
}

fn entry(scope: &Scope, item: &AlarmHistoryItem, graph: &Graph<'_>, window: &Window) -> Option<Entry> {
    let time = item.timestamp.filter(|at| window.holds(*at))?;
    if item.old_state == item.new_state {
        return None;
    }
    let alarm = scope.all::<Alarm>().find(|alarm| alarm.meta.name == item.alarm_name);
    let meta = alarm.map_or(&item.meta, |alarm| &alarm.meta);
    let mut text = format!("alarm {} went from {} to {}", item.alarm_name, item.old_state, item.new_state);
    if let Some(watching) = alarm.and_then(|alarm| watching(alarm, graph)) {
        text = format!("{text}; it watches {watching}");
    }
    let fires = item.new_state == "ALARM";
    // the period that it judged was the last one before
    let period = alarm.and_then(|alarm| alarm.metric.as_ref()?.period).map_or(PERIOD, TimeDelta::seconds);
    Some(Entry {
        time,
        kind: Kind::Alarm,
        text,
        symptom_from: fires.then_some(time - period),
        symptom_until: fires.then_some(time),
        ..Entry::of(Node { resource_type: Alarm::TYPE, meta })
    })
}

/// `HTTPCode_Target_5XX_Count of load balancer web`.
fn watching(alarm: &Alarm, graph: &Graph<'_>) -> Option<String> {
    let own = graph.find(Alarm::TYPE, &alarm.meta);
    let focus = own.map(|at| graph.focus(at)).unwrap_or_default();
    let watched: Vec<String> =
        focus.into_iter().filter(|at| Some(*at) != own).map(|at| short_label(graph.node(at))).collect();
    let entries = alarm.metrics.iter().filter_map(|entry| entry.metric.as_ref());
    let mut metrics: Vec<String> =
        alarm.metric.iter().chain(entries).map(|metric| metric.metric_name.clone()).collect();
    metrics.dedup();
    match (metrics.is_empty(), watched.is_empty()) {
        (true, true) => None,
        (false, true) => Some(list(&metrics)),
        (true, false) => Some(list(&watched)),
        (false, false) => Some(format!("{} of {}", list(&metrics), list(&watched))),
    }
}
