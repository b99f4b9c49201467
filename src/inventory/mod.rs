//! What was seen: plain serde types, one file per AWS service.
//!
//! Field names are the AWS API's own in `snake_case`. A field that AWS does not
//! return but [`crate::relate`] or [`crate::drift`] works out is documented as
//! *derived*; it is null until then, and stays null where what it is worked out
//! from could not be read. Absent values are null, never missing, so that a
//! policy can name every field of its type.
#![deny(clippy::disallowed_methods)]

pub mod account;
pub mod apprunner;
pub mod backup;
pub mod budgets;
pub mod cloudtrail;
pub mod cloudwatch;
pub mod costexplorer;
pub mod coverage;
pub mod ec2;
pub mod ecr;
pub mod ecs;
pub mod eks;
pub mod elasticache;
pub mod elasticbeanstalk;
pub mod elasticloadbalancing;
pub mod elasticloadbalancingv2;
pub mod environment;
pub mod generic;
pub mod lambda;
pub mod logs;
pub mod metrics;
pub mod rds;
pub mod route53;
pub mod scheduler;
pub mod sns;
pub mod sqs;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

pub use coverage::{Coverage, CoverageStatus};
pub use generic::GenericResource;

/// What every resource has, whatever its service.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Meta {
    /// The short id that a person types: `sg-…`, a log group's or an alarm's name.
    pub id: String,
    pub arn: String,
    pub name: String,
    pub account: String,
    pub region: String,
    /// Those of EC2 resources, load balancers and databases; elsewhere tags would cost further calls and are not read.
    pub tags: BTreeMap<String, String>,
    /// When AWS says that it was created; null where AWS does not say.
    pub created_at: Option<DateTime<Utc>>,
}

/// A resource type of the inventory.
pub trait Kind: Sized + 'static {
    /// The CloudFormation type name.
    const TYPE: &'static str;
    fn of(resource: &Resource) -> Option<&Self>;
    fn of_mut(resource: &mut Resource) -> Option<&mut Self>;
}

/// The table of resource types: one line makes a type known to inventories,
/// policies and schemas.
macro_rules! resource_types {
    ($($variant:ident($ty:ty) = $name:literal,)+) => {
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(tag = "resource_type")]
        pub enum Resource {
            $(#[serde(rename = $name)] $variant(Box<$ty>),)+
            /// Of any other type.
            #[serde(untagged)]
            Generic(Box<GenericResource>),
        }

        /// The name of every type in the table, in its order.
        pub const TYPES: &[&str] = &[$($name),+];

        impl Resource {
            pub fn type_name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)+
                    Self::Generic(r) => r.resource_type,
                }
            }

            pub fn meta(&self) -> &Meta {
                match self {
                    $(Self::$variant(r) => &r.meta,)+
                    Self::Generic(r) => &r.meta,
                }
            }

            /// The resource as policies see it.
            pub fn to_json(&self) -> Result<serde_json::Value, serde_json::Error> {
                match self {
                    $(Self::$variant(r) => serde_json::to_value(r),)+
                    Self::Generic(r) => serde_json::to_value(r).map(|mut fields| {
                        fields.as_object_mut().map(|fields| fields.shift_remove("resource_type"));
                        fields
                    }),
                }
            }

            /// A resource of the named type from an inventory or a policy's test case, where
            /// any field may be left out. `None` for what is no type's name.
            pub fn from_json(type_name: &str, value: serde_json::Value) -> Option<Result<Self, serde_json::Error>> {
                match type_name {
                    $($name => Some(serde_json::from_value(value).map(|r| Self::$variant(Box::new(r)))),)+
                    other if generic::is_type_name(other) => {
                        Some(GenericResource::from_json(other, value).map(|r| Self::Generic(Box::new(r))))
                    }
                    _ => None,
                }
            }
        }

        /// The JSON schema of a type in the table, or `None` for any other.
        pub fn schema(type_name: &str) -> Option<&'static Value> {
            match type_name {
                $($name => {
                    static SCHEMA: LazyLock<Value> = LazyLock::new(|| schemars::schema_for!($ty).to_value());
                    Some(&SCHEMA)
                })+
                _ => None,
            }
        }

        $(
            impl Kind for $ty {
                const TYPE: &'static str = $name;
                fn of(resource: &Resource) -> Option<&Self> {
                    match resource { Resource::$variant(r) => Some(r), _ => None }
                }
                fn of_mut(resource: &mut Resource) -> Option<&mut Self> {
                    match resource { Resource::$variant(r) => Some(r), _ => None }
                }
            }

            impl From<$ty> for Resource {
                fn from(resource: $ty) -> Self { Self::$variant(Box::new(resource)) }
            }
        )+
    };
}

impl<'de> Deserialize<'de> for Resource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = serde_json::Map::deserialize(deserializer)?;
        let Some(Value::String(name)) = fields.shift_remove("resource_type") else {
            return Err(de::Error::missing_field("resource_type"));
        };
        Self::from_json(&name, Value::Object(fields))
            .ok_or_else(|| de::Error::custom(format!("`{name}` is not a resource type")))?
            .map_err(|error| de::Error::custom(format!("{name}: {error}")))
    }
}

resource_types! {
    SecurityGroup(ec2::SecurityGroup) = "AWS::EC2::SecurityGroup",
    NetworkInterface(ec2::NetworkInterface) = "AWS::EC2::NetworkInterface",
    Subnet(ec2::Subnet) = "AWS::EC2::Subnet",
    RouteTable(ec2::RouteTable) = "AWS::EC2::RouteTable",
    PrefixList(ec2::PrefixList) = "AWS::EC2::PrefixList",
    NatGateway(ec2::NatGateway) = "AWS::EC2::NatGateway",
    Vpc(ec2::Vpc) = "AWS::EC2::VPC",
    FlowLog(ec2::FlowLog) = "AWS::EC2::FlowLog",
    VpcEndpoint(ec2::VpcEndpoint) = "AWS::EC2::VPCEndpoint",
    Volume(ec2::Volume) = "AWS::EC2::Volume",
    Ec2Snapshot(ec2::Snapshot) = "AWS::EC2::Snapshot",
    Image(ec2::Image) = "AWS::EC2::Image",
    Address(ec2::Address) = "AWS::EC2::EIP",
    Instance(ec2::Instance) = "AWS::EC2::Instance",
    ClassicLoadBalancer(elasticloadbalancing::ClassicLoadBalancer) = "AWS::ElasticLoadBalancing::LoadBalancer",
    LoadBalancer(elasticloadbalancingv2::LoadBalancer) = "AWS::ElasticLoadBalancingV2::LoadBalancer",
    TargetGroup(elasticloadbalancingv2::TargetGroup) = "AWS::ElasticLoadBalancingV2::TargetGroup",
    CacheCluster(elasticache::CacheCluster) = "AWS::ElastiCache::CacheCluster",
    ReplicationGroup(elasticache::ReplicationGroup) = "AWS::ElastiCache::ReplicationGroup",
    ServerlessCache(elasticache::ServerlessCache) = "AWS::ElastiCache::ServerlessCache",
    ProtectedResource(backup::ProtectedResource) = "AWS::Backup::ProtectedResource",
    RestoreJob(backup::RestoreJob) = "AWS::Backup::RestoreJob",
    RestoreTestingPlan(backup::RestoreTestingPlan) = "AWS::Backup::RestoreTestingPlan",
    RestoreEvent(cloudtrail::RestoreEvent) = "AWS::CloudTrail::RestoreEvent",
    EcsCluster(ecs::Cluster) = "AWS::ECS::Cluster",
    EcsService(ecs::Service) = "AWS::ECS::Service",
    TaskDefinition(ecs::TaskDefinition) = "AWS::ECS::TaskDefinition",
    EcrRepository(ecr::Repository) = "AWS::ECR::Repository",
    Function(lambda::Function) = "AWS::Lambda::Function",
    Queue(sqs::Queue) = "AWS::SQS::Queue",
    ScheduleGroup(scheduler::ScheduleGroup) = "AWS::Scheduler::ScheduleGroup",
    Schedule(scheduler::Schedule) = "AWS::Scheduler::Schedule",
    LogGroup(logs::LogGroup) = "AWS::Logs::LogGroup",
    HostedZone(route53::HostedZone) = "AWS::Route53::HostedZone",
    RecordSet(route53::RecordSet) = "AWS::Route53::RecordSet",
    AppRunnerService(apprunner::AppRunnerService) = "AWS::AppRunner::Service",
    EksCluster(eks::Cluster) = "AWS::EKS::Cluster",
    EksNodegroup(eks::Nodegroup) = "AWS::EKS::Nodegroup",
    BeanstalkEnvironment(elasticbeanstalk::BeanstalkEnvironment) = "AWS::ElasticBeanstalk::Environment",
    Alarm(cloudwatch::Alarm) = "AWS::CloudWatch::Alarm",
    AlarmHistoryItem(cloudwatch::AlarmHistoryItem) = "AWS::CloudWatch::AlarmHistoryItem",
    DbInstance(rds::DbInstance) = "AWS::RDS::DBInstance",
    DbCluster(rds::DbCluster) = "AWS::RDS::DBCluster",
    RdsEvent(rds::RdsEvent) = "AWS::RDS::Event",
    Topic(sns::Topic) = "AWS::SNS::Topic",
    Subscription(sns::Subscription) = "AWS::SNS::Subscription",
    Budget(budgets::Budget) = "AWS::Budgets::Budget",
    Trail(cloudtrail::Trail) = "AWS::CloudTrail::Trail",
    Account(account::Account) = "AWS::::Account",
    Event(cloudtrail::Event) = "AWS::CloudTrail::Event",
    Change(cloudtrail::Change) = "Aftermove::Drift::Change",
    Actor(cloudtrail::Actor) = "Aftermove::Drift::Actor",
    CostAndUsage(costexplorer::CostAndUsage) = "AWS::CE::CostAndUsage",
    Anomaly(costexplorer::Anomaly) = "AWS::CE::Anomaly",
    UsageType(costexplorer::UsageType) = "Aftermove::Cost::UsageType",
    Bill(costexplorer::Bill) = "Aftermove::Cost::Bill",
}

/// The region of types that an account has once, and not in each region.
pub const GLOBAL: &str = "global";

/// Whether the type is read once for the account, in the scope of the region [`GLOBAL`].
pub fn is_global(type_name: &str) -> bool {
    if TYPES.contains(&type_name) {
        return GLOBAL_TYPES.contains(&type_name);
    }
    GLOBAL_SERVICES.iter().any(|service| type_name.starts_with(service))
}

const GLOBAL_TYPES: &[&str] = &[
    account::Account::TYPE,
    route53::HostedZone::TYPE,
    route53::RecordSet::TYPE,
    budgets::Budget::TYPE,
    costexplorer::CostAndUsage::TYPE,
    costexplorer::Anomaly::TYPE,
    costexplorer::UsageType::TYPE,
    costexplorer::Bill::TYPE,
];

/// Services that show the same in every region, for the types that are not in the table.
const GLOBAL_SERVICES: &[&str] = &[
    "AWS::Budgets::",
    "AWS::CE::",
    "AWS::CloudFront::",
    "AWS::IAM::",
    "AWS::Organizations::",
    "AWS::Route53::",
    "AWS::Shield::",
    "AWS::WAF::",
];

/// Everything seen in one account and region.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scope {
    pub account: String,
    pub region: String,
    /// The region was not asked for, but the services that an account has once write their events there: nothing
    /// else of it was read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub events_only: bool,
    pub coverage: Vec<Coverage>,
    pub resources: Vec<Resource>,
    /// Metric series by [`metrics::Query::key`].
    pub series: BTreeMap<String, metrics::Series>,
    /// Derived: what a unit costs here by the account's own bill, in dollars by usage type without its region.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rates: BTreeMap<String, f64>,
    /// The fields of the types that are not in the table, as CloudFormation's registry has
    /// them; without those whose schema could not be read.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub schemas: BTreeMap<String, Value>,
}

impl Scope {
    pub fn all<K: Kind>(&self) -> impl Iterator<Item = &K> {
        self.resources.iter().filter_map(K::of)
    }

    pub fn all_mut<K: Kind>(&mut self) -> impl Iterator<Item = &mut K> {
        self.resources.iter_mut().filter_map(K::of_mut)
    }

    /// Whether the type is read here: global ones once for the account, all others in each region.
    pub fn is_read(&self, type_name: &str) -> bool {
        let is_here = is_global(type_name) == (self.region == GLOBAL);
        is_here && (!self.events_only || type_name == cloudtrail::Event::TYPE)
    }

    /// Whether every resource of the type was read.
    pub fn complete(&self, type_name: &str) -> bool {
        self.coverage_of(type_name).is_some_and(|c| c.status == CoverageStatus::Complete)
    }

    pub fn coverage_of(&self, type_name: &str) -> Option<&Coverage> {
        self.coverage.iter().find(|c| c.resource_type == type_name)
    }
}

/// One reading of everything that was asked for.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    pub version: u32,
    /// The `now` of the reading: ages and windows count from here.
    pub taken_at: DateTime<Utc>,
    pub scopes: Vec<Scope>,
}

impl Inventory {
    pub const VERSION: u32 = 1;
}
