//! The signals of ECS services. That tasks are missing shows in more than one place.

use std::collections::BTreeMap;

use super::{Sight, Signal, SignalCoverage, Watch, Watched, aim};
use crate::inventory::cloudwatch::{Alarm, AlarmMetric};
use crate::inventory::ecs::Service;
use crate::inventory::{Kind as _, Scope};

const INSIGHTS: &str = "ECS/ContainerInsights";
const OWN: &[&str] = &["AWS/ECS", INSIGHTS];

impl Watched for Service {
    const SIGNALS: &'static [Signal] = &[
        Signal {
            name: "cpu",
            kinds: &[],
            namespaces: OWN,
            metrics: &["CPUUtilization", "CpuUtilized", "TaskCpuUtilization"],
        },
        Signal {
            name: "memory",
            kinds: &[],
            namespaces: OWN,
            metrics: &["MemoryUtilization", "MemoryUtilized", "TaskMemoryUtilization"],
        },
        Signal {
            name: "running_tasks",
            kinds: &[],
            namespaces: &["AWS/ECS", INSIGHTS, "AWS/ApplicationELB", "AWS/NetworkELB"],
            metrics: &[
                "RunningTaskCount",
                "HealthyHostCount",
                "UnHealthyHostCount",
                "CPUUtilization",
                "MemoryUtilization",
            ],
        },
    ];

    fn dimensions(&self) -> Vec<(&'static str, String)> {
        vec![("ClusterName", self.cluster_name.clone()), ("ServiceName", self.meta.name.clone())]
    }
}

/// Service.signals.
pub(in crate::relate) fn signals(scope: &Scope) -> Vec<Option<BTreeMap<String, SignalCoverage>>> {
    if !scope.complete(Alarm::TYPE) {
        return scope.all::<Service>().map(|_| None).collect();
    }
    let watch = Watch::of(scope, Service::SIGNALS);
    let signals_of = |service: &Service| {
        watch.signals(Service::SIGNALS, "", |metric, signal| sight(metric, signal, service))
    };
    scope.all::<Service>().map(signals_of).collect()
}

fn sight(metric: &AlarmMetric, signal: &Signal, service: &Service) -> Sight {
    let counts_tasks = signal.name == "running_tasks";
    match metric.namespace.as_str() {
        INSIGHTS => match aim::<Service>(&metric.dimensions, &service.dimensions()) {
            Sight::Sees => match service.container_insights.as_deref() {
                None => Sight::Undecided,
                Some("disabled") => Sight::Misses(format!(
                    "watches {}, which its cluster does not publish without Container Insights",
                    metric.metric_name
                )),
                Some(_) => Sight::Sees,
            },
            other => other,
        },
        // Every task sends one sample a minute, so that their number is the number of tasks.
        "AWS/ECS" if counts_tasks != (metric.statistic.as_deref() == Some("SampleCount")) => Sight::Unrelated,
        "AWS/ECS" => aim::<Service>(&metric.dimensions, &service.dimensions()),
        _ => sight_of_targets(metric, service),
    }
}

/// A task that is gone is no target, neither healthy nor unhealthy.
fn sight_of_targets(metric: &AlarmMetric, service: &Service) -> Sight {
    let own = service.load_balancers.iter().flat_map(|balancer| {
        [&balancer.target_group_arn, &balancer.alternate_target_group_arn].into_iter().flatten()
    });
    let Some(watched) = metric.dimensions.get("TargetGroup") else {
        return Sight::Unrelated;
    };
    if !own.into_iter().any(|arn| arn.rsplit(':').next() == Some(watched.as_str())) {
        Sight::Unrelated
    } else if metric.metric_name == "HealthyHostCount" {
        Sight::Sees
    } else {
        Sight::Misses("watches UnHealthyHostCount, which does not count tasks that are gone".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::relate::testing::{read, scope};

    fn alarm(metric: &Value) -> Value {
        json!({ "name": "a", "actions_enabled": true, "alarm_actions": ["arn:aws:sns:::ops"], "metric": metric })
    }

    fn verdict_with(insights: &Value, signal: &str, alarm: &Value) -> Option<String> {
        let mut resources = read(
            Service::TYPE,
            json!([{
                "name": "web",
                "cluster_name": "production",
                "container_insights": insights,
                "load_balancers": [{
                    "target_group_arn": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/1",
                    "alternate_target_group_arn": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/green/2",
                }],
            }]),
        );
        resources.extend(read(Alarm::TYPE, json!([alarm])));
        let found = signals(&scope(resources, &[Alarm::TYPE])).remove(0)?;
        Some(format!("{} {}", found[signal].verdict, found[signal].reason).trim_end().to_owned())
    }

    fn verdict(signal: &str, metric: &Value) -> String {
        verdict_with(&json!("disabled"), signal, &alarm(metric)).unwrap()
    }

    fn of_service(namespace: &str, name: &str, statistic: &str) -> Value {
        json!({
            "namespace": namespace,
            "metric_name": name,
            "statistic": statistic,
            "dimensions": { "ClusterName": "production", "ServiceName": "web" },
        })
    }

    #[test]
    fn use_is_watched_by_service_and_cluster() {
        let cpu = of_service("AWS/ECS", "CPUUtilization", "Average");
        assert_eq!(verdict("cpu", &cpu), "covered");
        assert_eq!(verdict("memory", &cpu), "none");
        assert_eq!(verdict("running_tasks", &cpu), "none");
        let of_cluster = json!({
            "namespace": "AWS/ECS", "metric_name": "CPUUtilization", "dimensions": { "ClusterName": "production" },
        });
        assert_eq!(verdict("cpu", &of_cluster), "none alarm `a` names no ServiceName dimension");
        let other = json!({
            "namespace": "AWS/ECS",
            "metric_name": "CPUUtilization",
            "dimensions": { "ClusterName": "staging", "ServiceName": "web" },
        });
        assert_eq!(verdict("cpu", &other), "none");
    }

    #[test]
    fn samples_count_tasks_and_say_nothing_of_their_use() {
        let samples = of_service("AWS/ECS", "CPUUtilization", "SampleCount");
        assert_eq!(verdict("running_tasks", &samples), "covered");
        assert_eq!(verdict("cpu", &samples), "none");
    }

    #[test]
    fn insights_count_tasks_where_the_cluster_publishes_them() {
        let tasks = alarm(&of_service("ECS/ContainerInsights", "RunningTaskCount", "Average"));
        let with = |insights: Value| verdict_with(&insights, "running_tasks", &tasks);
        assert_eq!(with(json!("enhanced")).unwrap(), "covered");
        assert_eq!(
            with(json!("disabled")).unwrap(),
            "none alarm `a` watches RunningTaskCount, which its cluster does not publish without Container Insights"
        );
        assert_eq!(with(json!(null)), None);
    }

    #[test]
    fn healthy_targets_are_running_tasks() {
        let targets = |name: &str, group: &str| {
            json!({
                "namespace": "AWS/ApplicationELB",
                "metric_name": name,
                "dimensions": { "TargetGroup": group, "LoadBalancer": "app/web/1" },
            })
        };
        assert_eq!(verdict("running_tasks", &targets("HealthyHostCount", "targetgroup/web/1")), "covered");
        assert_eq!(verdict("running_tasks", &targets("HealthyHostCount", "targetgroup/green/2")), "covered");
        assert_eq!(verdict("running_tasks", &targets("HealthyHostCount", "targetgroup/api/3")), "none");
        assert_eq!(
            verdict("running_tasks", &targets("UnHealthyHostCount", "targetgroup/web/1")),
            "none alarm `a` watches UnHealthyHostCount, which does not count tasks that are gone"
        );
    }

    #[test]
    fn an_alarm_that_only_scales_tells_nobody() {
        let scaling = "arn:aws:autoscaling:eu-west-1:111122223333:scalingPolicy:1:resource/ecs/service/production/web:policyName/cpu";
        let mut tracking = alarm(&of_service("AWS/ECS", "CPUUtilization", "Average"));
        tracking["alarm_actions"] = json!([scaling]);
        assert_eq!(
            verdict_with(&json!("disabled"), "cpu", &tracking).unwrap(),
            "none alarm `a` only drives auto scaling"
        );
        tracking["alarm_actions"] = json!([scaling, "arn:aws:sns:eu-west-1:111122223333:ops"]);
        assert_eq!(verdict_with(&json!("disabled"), "cpu", &tracking).unwrap(), "covered");
    }

    #[test]
    fn unread_alarms_leave_it_open() {
        assert_eq!(signals(&scope(read(Service::TYPE, json!([{ "name": "web" }])), &[])), [None]);
    }
}
