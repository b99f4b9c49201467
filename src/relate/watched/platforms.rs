//! The signals of App Runner services, EKS clusters and Elastic Beanstalk environments.

use std::collections::BTreeMap;

use super::{Sight, Signal, SignalCoverage, Watch, Watched, aim};
use crate::inventory::apprunner::AppRunnerService;
use crate::inventory::cloudwatch::Alarm;
use crate::inventory::eks::Cluster;
use crate::inventory::elasticbeanstalk::BeanstalkEnvironment;
use crate::inventory::{Kind as _, Scope};

impl Watched for AppRunnerService {
    const SIGNALS: &'static [Signal] = &[
        Signal {
            name: "errors",
            kinds: &[],
            namespaces: &["AWS/AppRunner"],
            metrics: &["5xxStatusResponses"],
        },
        Signal { name: "latency", kinds: &[], namespaces: &["AWS/AppRunner"], metrics: &["RequestLatency"] },
        Signal {
            name: "saturation",
            kinds: &[],
            namespaces: &["AWS/AppRunner"],
            metrics: &["CPUUtilization", "MemoryUtilization", "ActiveInstances", "Concurrency"],
        },
    ];

    fn dimensions(&self) -> Vec<(&'static str, String)> {
        vec![("ServiceName", self.meta.name.clone()), ("ServiceID", self.service_id.clone())]
    }
}

/// Container Insights publishes most of them; those of the control plane come for nothing.
impl Watched for Cluster {
    const SIGNALS: &'static [Signal] = &[
        Signal {
            name: "errors",
            kinds: &[],
            namespaces: &["ContainerInsights", "AWS/EKS"],
            metrics: &[
                "cluster_failed_node_count",
                "pod_number_of_container_restarts",
                "pod_status_failed",
                "pod_container_status_waiting_reason_crash_loop_back_off",
                "apiserver_request_total_5XX",
            ],
        },
        Signal {
            name: "saturation",
            kinds: &[],
            namespaces: &["ContainerInsights", "AWS/EKS"],
            metrics: &[
                "node_cpu_utilization",
                "node_memory_utilization",
                "node_filesystem_utilization",
                "node_cpu_reserved_capacity",
                "node_memory_reserved_capacity",
                "pod_cpu_utilization_over_pod_limit",
                "pod_memory_utilization_over_pod_limit",
                "scheduler_pending_pods_UNSCHEDULABLE",
            ],
        },
    ];
    /// Of pods; a single node comes and goes.
    const NARROWING: &'static [&'static str] = &["Namespace", "Service", "PodName"];

    fn dimensions(&self) -> Vec<(&'static str, String)> {
        vec![("ClusterName", self.meta.name.clone())]
    }
}

/// Its processors are measured by EC2, under the Auto Scaling groups that it is made of.
impl Watched for BeanstalkEnvironment {
    const SIGNALS: &'static [Signal] = &[
        Signal {
            name: "health",
            kinds: &[],
            namespaces: &["AWS/ElasticBeanstalk"],
            metrics: &[
                "EnvironmentHealth",
                "ApplicationRequests5xx",
                "InstancesSevere",
                "InstancesDegraded",
                "InstancesNoData",
            ],
        },
        Signal {
            name: "saturation",
            kinds: &[],
            namespaces: &["AWS/EC2", "AWS/ElasticBeanstalk"],
            metrics: &[
                "CPUUtilization",
                "CPUIdle",
                "LoadAverage1min",
                "LoadAverage5min",
                "RootFilesystemUtil",
            ],
        },
    ];

    fn dimensions(&self) -> Vec<(&'static str, String)> {
        vec![("EnvironmentName", self.meta.name.clone())]
    }
}

/// BeanstalkEnvironment.signals.
pub(in crate::relate) fn beanstalk_signals(scope: &Scope) -> Vec<Option<BTreeMap<String, SignalCoverage>>> {
    if !scope.complete(Alarm::TYPE) {
        return scope.all::<BeanstalkEnvironment>().map(|_| None).collect();
    }
    let signals = BeanstalkEnvironment::SIGNALS;
    let watch = Watch::of(scope, signals);
    let signals_of = |environment: &BeanstalkEnvironment| {
        let own = environment.dimensions();
        watch.signals(signals, "", |metric, _| match metric.dimensions.get("AutoScalingGroupName") {
            Some(group) => match &environment.resources {
                None => Sight::Undecided,
                Some(made_of) if made_of.auto_scaling_groups.contains(group) => Sight::Sees,
                Some(_) => Sight::Unrelated,
            },
            // an instance's own metric, of whatever it is a part
            None if metric.dimensions.contains_key("InstanceId") => Sight::Unrelated,
            None => aim::<BeanstalkEnvironment>(&metric.dimensions, &own),
        })
    };
    scope.all::<BeanstalkEnvironment>().map(signals_of).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::inventory::Resource;
    use crate::relate::testing::{read, scope};
    use crate::relate::watched::signals;

    fn alarm(namespace: &str, metric: &str, dimensions: &Value) -> Vec<Resource> {
        let metric = json!({ "namespace": namespace, "metric_name": metric, "dimensions": dimensions });
        read(
            Alarm::TYPE,
            json!([{ "name": "a", "actions_enabled": true, "alarm_actions": ["arn"], "metric": metric }]),
        )
    }

    fn verdict(found: &[Option<BTreeMap<String, SignalCoverage>>], signal: &str) -> String {
        let coverage = &found[0].as_ref().unwrap()[signal];
        format!("{} {}", coverage.verdict, coverage.reason)
    }

    #[test]
    fn an_app_runner_service_goes_by_name_and_id() {
        let found = |dimensions: Value| {
            let mut resources =
                read(AppRunnerService::TYPE, json!([{ "name": "status-page", "service_id": "8fe1" }]));
            resources.extend(alarm("AWS/AppRunner", "5xxStatusResponses", &dimensions));
            verdict(&signals::<AppRunnerService>(&scope(resources, &[Alarm::TYPE])), "errors")
        };
        assert_eq!(found(json!({ "ServiceName": "status-page", "ServiceID": "8fe1" })), "covered ");
        assert_eq!(
            found(json!({ "ServiceName": "status-page" })),
            "none alarm `a` names no ServiceID dimension"
        );
        assert_eq!(found(json!({ "ServiceName": "docs", "ServiceID": "8fe1" })), "none ");
    }

    #[test]
    fn a_cluster_is_watched_by_its_nodes_and_its_control_plane_alike() {
        let found = |namespace: &str, metric: &str, dimensions: Value| {
            let mut resources = read(Cluster::TYPE, json!([{ "name": "experiments" }]));
            resources.extend(alarm(namespace, metric, &dimensions));
            let found = signals::<Cluster>(&scope(resources, &[Alarm::TYPE]));
            (verdict(&found, "errors"), verdict(&found, "saturation"))
        };
        let own = json!({ "ClusterName": "experiments" });
        assert_eq!(found("ContainerInsights", "cluster_failed_node_count", own.clone()).0, "covered ");
        assert_eq!(found("AWS/EKS", "apiserver_request_total_5XX", own.clone()).0, "covered ");
        assert_eq!(found("ContainerInsights", "node_memory_utilization", own).1, "covered ");
        let node = json!({ "ClusterName": "experiments", "NodeName": "ip-10-0-0-1", "InstanceId": "i-1" });
        assert_eq!(
            found("ContainerInsights", "node_memory_utilization", node).1,
            "none alarm `a` watches an unknown dimension InstanceId"
        );
    }

    fn environment(namespace: &str, metric: &str, dimensions: &Value, resources: &Value) -> Scope {
        let mut all =
            read(BeanstalkEnvironment::TYPE, json!([{ "name": "legacy-admin", "resources": resources }]));
        all.extend(alarm(namespace, metric, dimensions));
        scope(all, &[Alarm::TYPE])
    }

    #[test]
    fn an_environments_processors_are_watched_by_auto_scaling_group() {
        let found = |group: &str| {
            let scope = environment(
                "AWS/EC2",
                "CPUUtilization",
                &json!({ "AutoScalingGroupName": group }),
                &json!({ "auto_scaling_groups": ["awseb-1"] }),
            );
            verdict(&beanstalk_signals(&scope), "saturation")
        };
        assert_eq!(found("awseb-1"), "covered ");
        assert_eq!(found("awseb-2"), "none ");
    }

    #[test]
    fn an_environments_health_goes_by_its_name() {
        let found = |dimensions: Value| {
            let scope = environment("AWS/ElasticBeanstalk", "EnvironmentHealth", &dimensions, &Value::Null);
            verdict(&beanstalk_signals(&scope), "health")
        };
        assert_eq!(found(json!({ "EnvironmentName": "legacy-admin" })), "covered ");
        assert_eq!(found(json!({ "EnvironmentName": "reports" })), "none ");
    }

    #[test]
    fn unread_groups_leave_open_what_an_alarm_on_one_of_them_covers() {
        let dimensions = json!({ "AutoScalingGroupName": "awseb-1" });
        let scope = environment("AWS/EC2", "CPUUtilization", &dimensions, &Value::Null);
        assert_eq!(beanstalk_signals(&scope), [None]);
    }

    #[test]
    fn an_alarm_on_an_instance_is_nobodys_near_miss() {
        let scope = environment("AWS/EC2", "CPUUtilization", &json!({ "InstanceId": "i-1" }), &json!({}));
        assert_eq!(verdict(&beanstalk_signals(&scope), "saturation"), "none ");
    }
}
