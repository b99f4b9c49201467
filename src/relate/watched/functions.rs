//! The signals of what runs without a server: functions, queues and schedules.

use super::{Signal, Watched};
use crate::inventory::lambda::Function;
use crate::inventory::scheduler::ScheduleGroup;
use crate::inventory::sqs::Queue;

const LAMBDA: &[&str] = &["AWS/Lambda"];
const SQS: &[&str] = &["AWS/SQS"];
const SCHEDULER: &[&str] = &["AWS/Scheduler"];

const fn signal(
    name: &'static str,
    namespaces: &'static [&'static str],
    metrics: &'static [&'static str],
) -> Signal {
    Signal { name, kinds: &[], namespaces, metrics }
}

impl Watched for Function {
    const SIGNALS: &'static [Signal] = &[
        signal("errors", LAMBDA, &["Errors"]),
        signal("throttles", LAMBDA, &["Throttles"]),
        signal(
            "dropped_events",
            LAMBDA,
            &["AsyncEventsDropped", "DeadLetterErrors", "DestinationDeliveryFailures"],
        ),
    ];
    /// Of an alias or a version.
    const NARROWING: &'static [&'static str] = &["Resource", "ExecutedVersion"];
    const ACCOUNT_WIDE: bool = true;

    fn dimensions(&self) -> Vec<(&'static str, String)> {
        vec![("FunctionName", self.meta.name.clone())]
    }
}

impl Watched for Queue {
    const SIGNALS: &'static [Signal] = &[
        signal("age", SQS, &["ApproximateAgeOfOldestMessage"]),
        signal("depth", SQS, &["ApproximateNumberOfMessagesVisible"]),
    ];

    fn dimensions(&self) -> Vec<(&'static str, String)> {
        vec![("QueueName", self.meta.name.clone())]
    }
}

impl Watched for ScheduleGroup {
    const SIGNALS: &'static [Signal] = &[
        signal("target_errors", SCHEDULER, &["TargetErrorCount"]),
        signal("dropped_invocations", SCHEDULER, &["InvocationDroppedCount"]),
        signal(
            "dead_letters",
            SCHEDULER,
            &["InvocationsSentToDeadLetterCount", "InvocationsFailedToBeSentToDeadLetterCount"],
        ),
    ];
    const ACCOUNT_WIDE: bool = true;

    fn dimensions(&self) -> Vec<(&'static str, String)> {
        vec![("ScheduleGroup", self.meta.name.clone())]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::inventory::Kind as _;
    use crate::inventory::cloudwatch::Alarm;
    use crate::relate::testing::{read, scope};
    use crate::relate::watched::signals;

    fn verdict<K: Watched>(signal: &str, namespace: &str, metric: &str, dimensions: &Value) -> String {
        let mut resources = read(K::TYPE, json!([{ "id": "a", "name": "a" }]));
        resources.extend(read(
            Alarm::TYPE,
            json!([{
                "name": "alarm",
                "actions_enabled": true,
                "alarm_actions": ["arn:aws:sns:::ops"],
                "metric": { "namespace": namespace, "metric_name": metric, "dimensions": dimensions },
            }]),
        ));
        signals::<K>(&scope(resources, &[Alarm::TYPE])).remove(0).unwrap()[signal].verdict.clone()
    }

    #[test]
    fn a_function_is_watched_by_name_by_alias_or_with_all_others() {
        for (metric, dimensions, verdict_of) in [
            ("Errors", json!({ "FunctionName": "a" }), "covered"),
            ("Errors", json!({ "FunctionName": "a", "Resource": "a:live" }), "covered"),
            ("Errors", json!({}), "covered"),
            ("Errors", json!({ "FunctionName": "b" }), "none"),
            ("Invocations", json!({ "FunctionName": "a" }), "none"),
        ] {
            assert_eq!(
                verdict::<Function>("errors", "AWS/Lambda", metric, &dimensions),
                verdict_of,
                "{dimensions}"
            );
        }
        for metric in ["AsyncEventsDropped", "DeadLetterErrors", "DestinationDeliveryFailures"] {
            let own = json!({ "FunctionName": "a" });
            assert_eq!(verdict::<Function>("dropped_events", "AWS/Lambda", metric, &own), "covered");
        }
    }

    #[test]
    fn a_queue_is_watched_by_name_alone() {
        let depth = "ApproximateNumberOfMessagesVisible";
        assert_eq!(verdict::<Queue>("depth", "AWS/SQS", depth, &json!({ "QueueName": "a" })), "covered");
        assert_eq!(verdict::<Queue>("age", "AWS/SQS", depth, &json!({ "QueueName": "a" })), "none");
        assert_eq!(verdict::<Queue>("depth", "AWS/SQS", depth, &json!({})), "none");
        // what is moved to a dead-letter queue does not count as sent
        assert_eq!(
            verdict::<Queue>("depth", "AWS/SQS", "NumberOfMessagesSent", &json!({ "QueueName": "a" })),
            "none"
        );
    }

    #[test]
    fn a_schedule_group_is_watched_by_name_or_with_all_others() {
        for dimensions in [json!({ "ScheduleGroup": "a" }), json!({})] {
            assert_eq!(
                verdict::<ScheduleGroup>("target_errors", "AWS/Scheduler", "TargetErrorCount", &dimensions),
                "covered"
            );
        }
        let other = json!({ "ScheduleGroup": "b" });
        assert_eq!(
            verdict::<ScheduleGroup>("target_errors", "AWS/Scheduler", "TargetErrorCount", &other),
            "none"
        );
    }
}
