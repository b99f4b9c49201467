//! How often alarms changed their state, and how many messages that sent.

use std::collections::BTreeMap;

use crate::inventory::cloudwatch::{Alarm, AlarmHistory, AlarmHistoryItem};
use crate::inventory::{CoverageStatus, Kind as _, Scope};

/// Alarm.history.
pub(super) fn history(scope: &Scope) -> Vec<Option<AlarmHistory>> {
    let complete = scope.complete(AlarmHistoryItem::TYPE);
    let partial =
        scope.coverage_of(AlarmHistoryItem::TYPE).is_some_and(|c| c.status == CoverageStatus::Partial);
    if !complete && !partial {
        return scope.all::<Alarm>().map(|_| None).collect();
    }
    let mut changes: BTreeMap<&str, BTreeMap<String, i64>> = BTreeMap::new();
    for item in scope.all::<AlarmHistoryItem>() {
        if item.new_state != item.old_state && !item.older {
            let of_alarm = changes.entry(&item.alarm_name).or_default();
            *of_alarm.entry(item.new_state.clone()).or_default() += 1;
        }
    }
    let mut histories: Vec<AlarmHistory> = scope
        .all::<Alarm>()
        .map(|alarm| {
            let changes = changes.get(alarm.meta.name.as_str()).cloned().unwrap_or_default();
            AlarmHistory { messages: messages(alarm, &changes), changes, complete, ..AlarmHistory::default() }
        })
        .collect();
    let mut sent: Vec<i64> = histories.iter().map(|history| history.messages).filter(|n| *n > 0).collect();
    sent.sort_unstable_by(|a, b| b.cmp(a));
    for history in &mut histories {
        let louder = sent.partition_point(|other| *other > history.messages);
        history.rank = i64::try_from(louder).unwrap_or(i64::MAX).saturating_add(1);
        history.sending_alarms = i64::try_from(sent.len()).unwrap_or(i64::MAX);
    }
    histories.into_iter().map(Some).collect()
}

/// Changes to a state that has an action which somebody reads.
pub(crate) fn messages(alarm: &Alarm, changes: &BTreeMap<String, i64>) -> i64 {
    if !alarm.actions_enabled {
        return 0;
    }
    [
        ("ALARM", &alarm.alarm_actions),
        ("OK", &alarm.ok_actions),
        ("INSUFFICIENT_DATA", &alarm.insufficient_data_actions),
    ]
    .into_iter()
    .filter(|(_, actions)| actions.iter().any(|action| is_read(action)))
    .filter_map(|(state, _)| changes.get(state))
    .sum()
}

/// Topics, Incident Manager and OpsCenter; all else drives machines.
pub(crate) fn is_read(action: &str) -> bool {
    matches!(action.split(':').nth(2), Some("sns" | "ssm" | "ssm-incidents"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::relate::testing::{read, scope};

    const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:ops";

    fn account(complete: &[&str]) -> Scope {
        let change = |alarm: &str, from: &str, to: &str| json!({ "alarm_name": alarm, "old_state": from, "new_state": to });
        let mut resources = read(
            Alarm::TYPE,
            json!([
                { "name": "flapping", "actions_enabled": true, "alarm_actions": [TOPIC], "ok_actions": [TOPIC] },
                { "name": "firing", "actions_enabled": true, "alarm_actions": [TOPIC] },
                { "name": "scaling", "actions_enabled": true,
                  "alarm_actions": ["arn:aws:autoscaling:eu-west-1:111111111111:scalingPolicy:1"] },
                { "name": "muted", "alarm_actions": [TOPIC] },
                { "name": "calm", "actions_enabled": true, "alarm_actions": [TOPIC] },
            ]),
        );
        let mut items: Vec<Value> = Vec::new();
        for alarm in ["flapping", "firing", "scaling", "muted"] {
            items.push(change(alarm, "OK", "ALARM"));
            items.push(change(alarm, "ALARM", "OK"));
        }
        items.push(change("calm", "INSUFFICIENT_DATA", "INSUFFICIENT_DATA"));
        resources.extend(read(AlarmHistoryItem::TYPE, Value::Array(items)));
        scope(resources, complete)
    }

    #[test]
    fn messages_are_changes_that_somebody_is_told_of() {
        let found: Vec<AlarmHistory> =
            history(&account(&[AlarmHistoryItem::TYPE])).into_iter().map(Option::unwrap).collect();
        let messages: Vec<i64> = found.iter().map(|history| history.messages).collect();
        assert_eq!(messages, [2, 1, 0, 0, 0]);
        let ranks: Vec<i64> = found.iter().map(|history| history.rank).collect();
        assert_eq!(ranks, [1, 2, 3, 3, 3]);
        assert!(found.iter().all(|history| history.sending_alarms == 2 && history.complete));
        assert_eq!(found[2].changes["ALARM"], 1);
        assert!(found[4].changes.is_empty(), "it only stayed as it was");
    }

    #[test]
    fn what_is_older_than_a_week_does_not_count() {
        let mut scope = account(&[AlarmHistoryItem::TYPE]);
        for item in scope.all_mut::<AlarmHistoryItem>().filter(|item| item.alarm_name == "flapping") {
            item.older = true;
        }
        let found = history(&scope);
        let flapping = found[0].as_ref().unwrap();
        assert_eq!((flapping.messages, flapping.changes.len(), flapping.sending_alarms), (0, 0, 1));
    }

    #[test]
    fn a_history_that_was_cut_still_counts() {
        let mut scope = account(&[AlarmHistoryItem::TYPE]);
        scope.coverage[0].status = CoverageStatus::Partial;
        let found = history(&scope);
        assert!(found.iter().all(|history| history.as_ref().is_some_and(|history| !history.complete)));
        assert_eq!(found[0].as_ref().unwrap().messages, 2);
    }

    #[test]
    fn an_unread_history_is_null() {
        assert!(history(&account(&[])).iter().all(Option::is_none));
    }
}
