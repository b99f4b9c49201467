//! Which queue takes whose dead letters, and which schedules of a group are enabled.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::lambda::Function;
use crate::inventory::scheduler::{Schedule, ScheduleGroup};
use crate::inventory::sqs::Queue;
use crate::inventory::{Kind as _, Scope};

/// Queue.dead_letters_of.
pub(super) fn dead_letters_of(scope: &Scope) -> Vec<Option<Vec<String>>> {
    if !scope.complete(Queue::TYPE) || !scope.complete(Function::TYPE) {
        return scope.all::<Queue>().map(|_| None).collect();
    }
    let mut sources: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for queue in scope.all::<Queue>() {
        if let Some(redrive) = &queue.redrive_policy {
            sources.entry(&redrive.dead_letter_target_arn).or_default().insert(&queue.meta.name);
        }
    }
    for function in scope.all::<Function>() {
        if let Some(target) = &function.dead_letter_target_arn {
            sources.entry(target).or_default().insert(&function.meta.name);
        }
    }
    let of = |queue: &Queue| {
        let names = sources.get(queue.meta.arn.as_str()).into_iter().flatten();
        Some(names.map(|name| (*name).to_owned()).collect())
    };
    scope.all::<Queue>().map(of).collect()
}

/// Queue.dead_letter_queue_exists.
pub(super) fn dead_letter_queue_exists(scope: &Scope) -> Vec<Option<bool>> {
    let complete = scope.complete(Queue::TYPE);
    let arns: BTreeSet<&str> = scope.all::<Queue>().map(|queue| queue.meta.arn.as_str()).collect();
    let exists = |queue: &Queue| {
        let redrive = queue.redrive_policy.as_ref().filter(|_| complete)?;
        Some(arns.contains(redrive.dead_letter_target_arn.as_str()))
    };
    scope.all::<Queue>().map(exists).collect()
}

/// ScheduleGroup.enabled_schedules.
pub(super) fn enabled_schedules(scope: &Scope) -> Vec<Option<Vec<String>>> {
    let complete = scope.complete(Schedule::TYPE);
    let of = |group: &ScheduleGroup| {
        let schedules = scope.all::<Schedule>();
        let enabled = schedules.filter(|s| s.group_name == group.meta.name && s.state == "ENABLED");
        enabled.map(|schedule| schedule.meta.name.clone()).collect()
    };
    scope.all::<ScheduleGroup>().map(|group| complete.then(|| of(group))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::inventory::Resource;
    use crate::relate::testing::{read, scope};

    fn queues() -> Vec<Resource> {
        let mut resources = read(
            Queue::TYPE,
            json!([
                { "name": "dead", "arn": "arn:dead" },
                { "name": "jobs", "arn": "arn:jobs", "redrive_policy": { "dead_letter_target_arn": "arn:dead" } },
                { "name": "mail", "arn": "arn:mail", "redrive_policy": { "dead_letter_target_arn": "arn:gone" } },
            ]),
        );
        resources.extend(read(
            Function::TYPE,
            json!([{ "name": "report", "dead_letter_target_arn": "arn:dead" }]),
        ));
        resources
    }

    #[test]
    fn a_dead_letter_queue_knows_whose_it_is() {
        let whole = scope(queues(), &[Queue::TYPE, Function::TYPE]);
        let names = |list: &[&str]| Some(list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(dead_letters_of(&whole), [names(&["jobs", "report"]), names(&[]), names(&[])]);
        for complete in [Queue::TYPE, Function::TYPE] {
            assert_eq!(dead_letters_of(&scope(queues(), &[complete])), [None, None, None]);
        }
    }

    #[test]
    fn a_dead_letter_queue_may_be_gone() {
        let whole = scope(queues(), &[Queue::TYPE]);
        assert_eq!(dead_letter_queue_exists(&whole), [None, Some(true), Some(false)]);
        assert_eq!(dead_letter_queue_exists(&scope(queues(), &[])), [None, None, None]);
    }

    #[test]
    fn a_group_has_the_schedules_that_are_enabled() {
        let mut resources = read(ScheduleGroup::TYPE, json!([{ "name": "default" }, { "name": "empty" }]));
        resources.extend(read(
            Schedule::TYPE,
            json!([
                { "name": "a", "group_name": "default", "state": "ENABLED" },
                { "name": "b", "group_name": "default", "state": "DISABLED" },
                { "name": "c", "group_name": "other", "state": "ENABLED" },
            ]),
        ));
        let whole = scope(resources.clone(), &[Schedule::TYPE]);
        assert_eq!(enabled_schedules(&whole), [Some(vec!["a".to_owned()]), Some(vec![])]);
        assert_eq!(enabled_schedules(&scope(resources, &[])), [None, None]);
    }
}
