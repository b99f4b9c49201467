//! Amazon ECS: clusters, services, and the task definitions that services use.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;
use super::cloudwatch::SignalCoverage;
use super::environment::EnvironmentVariable;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Cluster {
    #[serde(flatten)]
    pub meta: Meta,
    /// `ACTIVE`, `PROVISIONING`, `DEPROVISIONING`, `FAILED` or `INACTIVE`.
    pub status: String,
    /// The setting `containerInsights`: `enabled`, `enhanced` or `disabled`; null where the cluster does not say.
    pub container_insights: Option<String>,
    pub active_services_count: i64,
    pub running_tasks_count: i64,
    pub registered_container_instances_count: i64,
    pub capacity_providers: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Service {
    #[serde(flatten)]
    pub meta: Meta,
    pub cluster_arn: String,
    /// The value of CloudWatch's ClusterName dimension.
    pub cluster_name: String,
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
    pub desired_count: i64,
    pub running_count: i64,
    pub pending_count: i64,
    /// `FARGATE`, `EC2`, `EXTERNAL` or `MANAGED_INSTANCES`; null where capacity providers decide.
    pub launch_type: Option<String>,
    pub capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
    /// `REPLICA` or `DAEMON`.
    pub scheduling_strategy: String,
    /// `ECS`, `CODE_DEPLOY` or `EXTERNAL`.
    pub deployment_controller: String,
    pub deployment_configuration: DeploymentConfiguration,
    /// ARN of the revision that the primary deployment runs.
    pub task_definition: Option<String>,
    /// The primary one, and during a rollout those that it replaces.
    pub deployments: Vec<Deployment>,
    /// The newest first, 40 at most.
    pub events: Vec<ServiceEvent>,
    pub load_balancers: Vec<ServiceLoadBalancer>,
    /// Tasks that stopped within the last hour or so; ECS forgets them after that. They cost calls for each service, so
    /// they are read only where a policy's `details` ask for them, and are null elsewhere or where they could not be read.
    pub stopped_tasks: Option<Vec<StoppedTask>>,
    /// Derived: what one of its tasks reserves. Null where its task definition could not be read.
    pub task_size: Option<TaskSize>,
    /// Derived: Container Insights of its cluster, `enabled`, `enhanced` or `disabled`. Null where clusters could not be read.
    pub container_insights: Option<String>,
    /// Derived: which alarm covers which signal (`cpu`, `memory`, `running_tasks`). Null where alarms could not be read,
    /// or where one hangs on Container Insights and clusters could not be read.
    pub signals: Option<BTreeMap<String, SignalCoverage>>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct CapacityProviderStrategyItem {
    /// `FARGATE`, `FARGATE_SPOT`, or the name of one's own.
    pub capacity_provider: String,
    pub weight: i64,
    pub base: i64,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct DeploymentConfiguration {
    pub deployment_circuit_breaker: Option<DeploymentCircuitBreaker>,
    pub alarms: Option<DeploymentAlarms>,
    /// `ROLLING`, `BLUE_GREEN`, `LINEAR` or `CANARY`; null means rolling.
    pub strategy: Option<String>,
    pub minimum_healthy_percent: Option<i64>,
    pub maximum_percent: Option<i64>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct DeploymentCircuitBreaker {
    pub enable: bool,
    pub rollback: bool,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct DeploymentAlarms {
    pub alarm_names: Vec<String>,
    pub enable: bool,
    pub rollback: bool,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Deployment {
    pub id: String,
    /// `PRIMARY`, `ACTIVE` (being replaced) or `INACTIVE`.
    pub status: String,
    pub task_definition: String,
    pub desired_count: i64,
    pub pending_count: i64,
    pub running_count: i64,
    /// Consecutive tasks that failed to start; the count ends with the deployment.
    pub failed_tasks: i64,
    /// `COMPLETED`, `IN_PROGRESS` or `FAILED`; null for services that another controller deploys.
    pub rollout_state: Option<String>,
    pub rollout_state_reason: Option<String>,
    pub created_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct ServiceEvent {
    pub created_at: Option<DateTime<Utc>>,
    pub message: String,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct ServiceLoadBalancer {
    /// Null for a Classic Load Balancer.
    pub target_group_arn: Option<String>,
    /// The other target group of a blue-green deployment.
    pub alternate_target_group_arn: Option<String>,
    pub container_name: Option<String>,
    pub container_port: Option<i64>,
}

/// A task that stopped, and why.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct StoppedTask {
    pub task_arn: String,
    pub task_definition: String,
    /// `EssentialContainerExited`, `TaskFailedToStart`, `ServiceSchedulerInitiated`, `UserInitiated`, …
    pub stop_code: Option<String>,
    pub stopped_reason: Option<String>,
    pub stopped_at: Option<DateTime<Utc>>,
    pub containers: Vec<StoppedContainer>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct StoppedContainer {
    pub name: String,
    pub exit_code: Option<i64>,
    pub reason: Option<String>,
}

/// What a task reserves, and on what.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct TaskSize {
    /// CPU units, 1,024 to a vCPU; null where the task definition leaves it to its containers.
    pub cpu: Option<i64>,
    /// MiB; null as above.
    pub memory: Option<i64>,
    /// `X86_64` or `ARM64`.
    pub cpu_architecture: String,
    /// `LINUX`, or one of Windows'.
    pub operating_system_family: String,
}

/// A revision that a service uses.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct TaskDefinition {
    #[serde(flatten)]
    pub meta: Meta,
    pub family: String,
    pub revision: i64,
    /// `ACTIVE`, `INACTIVE` or `DELETE_IN_PROGRESS`. Services may go on with a revision that is no longer active.
    pub status: String,
    /// `EC2`, `FARGATE`, `EXTERNAL`, `MANAGED_INSTANCES`: what it was registered for; empty where it was not said.
    pub requires_compatibilities: Vec<String>,
    /// `awsvpc`, `bridge`, `host` or `none`; null is the platform's default.
    pub network_mode: Option<String>,
    /// CPU units, 1,024 to a vCPU, of the whole task; null where it is left to the containers.
    pub cpu: Option<i64>,
    /// MiB of the whole task; null as above.
    pub memory: Option<i64>,
    /// `X86_64` or `ARM64`.
    pub cpu_architecture: String,
    /// `LINUX`, or one of Windows'.
    pub operating_system_family: String,
    pub task_role_arn: Option<String>,
    pub execution_role_arn: Option<String>,
    pub container_definitions: Vec<ContainerDefinition>,
    /// Derived: the services that run it. Null where services could not be read.
    pub services: Option<Vec<ServiceUse>>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct ContainerDefinition {
    pub name: String,
    pub image: String,
    /// When it stops, the task stops.
    pub essential: bool,
    /// CPU units; 0 where it takes what the task has.
    pub cpu: i64,
    pub memory: Option<i64>,
    pub memory_reservation: Option<i64>,
    /// Null where the platform's default holds: nowhere on Fargate, a file on the host on EC2.
    pub log_configuration: Option<LogConfiguration>,
    /// `fluentbit` or `fluentd` where the container is the log router of the others.
    pub firelens_type: Option<String>,
    /// Variables and secrets, without their values.
    pub environment: Vec<EnvironmentVariable>,
    /// ARNs of files with further variables.
    pub environment_files: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct LogConfiguration {
    /// `awslogs`, `awsfirelens`, `splunk`, `fluentd`, `gelf`, `json-file`, `journald`, `syslog`, `none`, …
    pub log_driver: String,
    /// Where logs go: those that begin with `awslogs-`, `mode`, and the names of FireLens outputs.
    /// Others may hold tokens and are left out.
    pub options: BTreeMap<String, String>,
}

/// A service, as far as the task definition that it runs needs to know it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct ServiceUse {
    pub name: String,
    pub arn: String,
    pub cluster_name: String,
    pub desired_count: i64,
    /// Whether its tasks run on Fargate.
    pub fargate: bool,
}

impl Service {
    /// Whether its tasks run on Fargate, by launch type or capacity provider.
    pub fn on_fargate(&self) -> bool {
        self.launch_type.as_deref() == Some("FARGATE")
            || self
                .capacity_provider_strategy
                .iter()
                .any(|item| matches!(item.capacity_provider.as_str(), "FARGATE" | "FARGATE_SPOT"))
    }

    /// The task definitions of all its deployments, the primary one's first.
    pub fn task_definitions(&self) -> impl Iterator<Item = &str> {
        let deployed = self.deployments.iter().map(|deployment| deployment.task_definition.as_str());
        self.task_definition.as_deref().into_iter().chain(deployed).filter(|arn| !arn.is_empty())
    }
}
