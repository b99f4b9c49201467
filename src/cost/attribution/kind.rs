//! Which resources a usage type is of, and what tells how much each of them used.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use crate::cost::usage_types::parted;
use crate::inventory::costexplorer::CostShare;
use crate::inventory::ec2::{NatGateway, Volume};
use crate::inventory::elasticloadbalancing::ClassicLoadBalancer;
use crate::inventory::elasticloadbalancingv2::LoadBalancer;
use crate::inventory::logs::LogGroup;
use crate::inventory::metrics::Query;
use crate::inventory::rds::DbInstance;
use crate::inventory::{Kind as _, Meta, Scope};

const DAY: i32 = 86_400;
const GB: f64 = 1e9;
/// A volume is billed by the month, and measured here by the hour.
const HOURS_A_MONTH: f64 = 730.0;
/// Less than this in a week is a clock or a health check: a megabyte a day.
const IDLE_BYTES: f64 = 7e6;

/// What a usage type is the use of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    NatBytes,
    NatHours,
    LogBytes { class: &'static str },
    BalancerHours,
    DatabaseHours { class: String, multi_az: bool },
    VolumeMonths { volume_type: String },
}

/// How much a resource used.
pub(super) enum Weight {
    /// So much in each hour that it is there.
    Constant(f64),
    /// The sum of some metrics, in units of so many.
    Metrics { metrics: Vec<Metric>, unit: f64 },
}

pub(super) struct Metric {
    namespace: &'static str,
    name: &'static str,
    statistic: &'static str,
    dimensions: BTreeMap<String, String>,
}

/// A resource that may have a part in the line.
pub(super) struct Candidate<'a> {
    pub(super) meta: &'a Meta,
    pub(super) weight: Weight,
    resource_type: &'static str,
    told_by: &'static str,
    behind: Vec<String>,
    /// If all of these come to no more than that in a week, it has no work.
    work: Vec<Metric>,
    no_work: f64,
}

impl Kind {
    pub(super) fn of(usage_type: &str) -> Option<Self> {
        let (plain, _) = parted(usage_type);
        Some(match plain {
            "NatGateway-Bytes" => Self::NatBytes,
            "NatGateway-Hours" => Self::NatHours,
            "DataProcessing-Bytes" => Self::LogBytes { class: "STANDARD" },
            "DataProcessingIA-Bytes" => Self::LogBytes { class: "INFREQUENT_ACCESS" },
            "LoadBalancerUsage" => Self::BalancerHours,
            other => {
                let database =
                    |class: &str, multi_az| Self::DatabaseHours { class: class.to_owned(), multi_az };
                if let Some(class) = other.strip_prefix("InstanceUsage:") {
                    database(class, false)
                } else if let Some(class) = other.strip_prefix("Multi-AZUsage:") {
                    database(class, true)
                } else {
                    // the oldest volumes have a usage type without their name
                    let rest = other.strip_prefix("EBS:VolumeUsage")?;
                    let volume_type = rest.strip_prefix('.').unwrap_or("standard");
                    let volume_type = if volume_type == "piops" { "io1" } else { volume_type };
                    Self::VolumeMonths { volume_type: volume_type.to_owned() }
                }
            }
        })
    }

    /// Whether all resources behind it are known.
    pub(super) fn is_read(&self, scope: &Scope) -> bool {
        match self {
            Self::NatBytes | Self::NatHours => scope.complete(NatGateway::TYPE),
            Self::LogBytes { .. } => scope.complete(LogGroup::TYPE),
            Self::BalancerHours => {
                scope.complete(LoadBalancer::TYPE) && scope.complete(ClassicLoadBalancer::TYPE)
            }
            Self::DatabaseHours { .. } => scope.complete(DbInstance::TYPE),
            Self::VolumeMonths { .. } => scope.complete(Volume::TYPE),
        }
    }

    pub(super) fn candidates<'a>(&self, scope: &'a Scope) -> Vec<Candidate<'a>> {
        match self {
            Self::NatBytes => gateways(scope).map(by_bytes).collect(),
            Self::NatHours => gateways(scope).map(by_hours).collect(),
            Self::LogBytes { class } => {
                scope.all::<LogGroup>().filter(|group| group.log_group_class == *class).map(group).collect()
            }
            Self::BalancerHours => scope.all().map(balancer).chain(scope.all().map(classic)).collect(),
            Self::DatabaseHours { class, multi_az } => scope
                .all::<DbInstance>()
                .filter(|one| one.db_instance_class == *class && one.multi_az == *multi_az)
                .filter(|one| one.db_instance_status != "stopped")
                .map(database)
                .collect(),
            Self::VolumeMonths { volume_type } => scope
                .all::<Volume>()
                .filter(|volume| volume.volume_type == *volume_type)
                .map(volume)
                .collect(),
        }
    }
}

impl Metric {
    fn sum(namespace: &'static str, name: &'static str, dimension: (&str, &str)) -> Self {
        let dimensions = BTreeMap::from([(dimension.0.to_owned(), dimension.1.to_owned())]);
        Self { namespace, name, statistic: "Sum", dimensions }
    }

    fn query(&self, (start, end): (DateTime<Utc>, DateTime<Utc>)) -> Query {
        Query {
            namespace: self.namespace.to_owned(),
            metric: self.name.to_owned(),
            dimensions: self.dimensions.clone(),
            statistic: self.statistic.to_owned(),
            period_seconds: DAY,
            start,
            end,
        }
    }
}

impl Candidate<'_> {
    pub(super) fn queries(&self, window: (DateTime<Utc>, DateTime<Utc>)) -> Vec<Query> {
        let measured = match &self.weight {
            Weight::Metrics { metrics, .. } => metrics.as_slice(),
            Weight::Constant(_) => &[],
        };
        measured.iter().chain(&self.work).map(|metric| metric.query(window)).collect()
    }

    /// None where they were not asked for, or not returned whole. What CloudWatch leaves out is nothing.
    pub(super) fn weight_points(
        &self,
        scope: &Scope,
        window: (DateTime<Utc>, DateTime<Utc>),
    ) -> Option<BTreeMap<DateTime<Utc>, f64>> {
        match &self.weight {
            Weight::Metrics { metrics, .. } => points(metrics, scope, window),
            Weight::Constant(_) => None,
        }
    }

    pub(super) fn idle(
        &self,
        scope: &Scope,
        window: (DateTime<Utc>, DateTime<Utc>),
        week_from: NaiveDate,
    ) -> Option<bool> {
        if self.work.is_empty() {
            return None;
        }
        let week = week_from.and_time(NaiveTime::MIN).and_utc();
        let worked: f64 = points(&self.work, scope, window)?.range(week..).map(|(_, value)| value).sum();
        // what was made in the week has had no time to be idle
        let is_old = self.meta.created_at.is_none_or(|created| created < week);
        Some(is_old && worked <= self.no_work)
    }

    pub(super) fn share(self, idle: Option<bool>) -> CostShare {
        let meta = self.meta;
        CostShare {
            resource_type: self.resource_type.to_owned(),
            id: meta.id.clone(),
            name: if meta.name.is_empty() { meta.id.clone() } else { meta.name.clone() },
            arn: meta.arn.clone(),
            region: meta.region.clone(),
            told_by: self.told_by.to_owned(),
            behind: self.behind,
            idle,
            ..CostShare::default()
        }
    }
}

fn points(
    metrics: &[Metric],
    scope: &Scope,
    window: (DateTime<Utc>, DateTime<Utc>),
) -> Option<BTreeMap<DateTime<Utc>, f64>> {
    let mut sum: BTreeMap<DateTime<Utc>, f64> = BTreeMap::new();
    for metric in metrics {
        let series = scope.series.get(&metric.query(window).key())?;
        if series.incomplete.is_some() {
            return None;
        }
        for point in &series.points {
            *sum.entry(point.at).or_default() += point.value;
        }
    }
    Some(sum)
}

fn gateways(scope: &Scope) -> impl Iterator<Item = &NatGateway> {
    scope.all::<NatGateway>().filter(|gateway| gateway.state != "deleted" && gateway.state != "failed")
}

/// Both directions as they enter the gateway are what it processes and bills; a regional one tells them by zone.
fn gateway_bytes(gateway: &NatGateway) -> Vec<Metric> {
    let zones = gateway.availability_zones.as_deref().unwrap_or_default();
    let zones: Vec<Option<&String>> =
        if zones.is_empty() { vec![None] } else { zones.iter().map(Some).collect() };
    let of_zone = |zone: Option<&String>| {
        ["BytesInFromSource", "BytesInFromDestination"].map(|name| {
            let mut metric = Metric::sum("AWS/NATGateway", name, ("NatGatewayId", &gateway.meta.id));
            metric.dimensions.extend(zone.map(|zone| ("AvailabilityZone".to_owned(), zone.clone())));
            metric
        })
    };
    zones.into_iter().flat_map(of_zone).collect()
}

fn by_bytes(gateway: &NatGateway) -> Candidate<'_> {
    Candidate {
        meta: &gateway.meta,
        weight: Weight::Metrics { metrics: gateway_bytes(gateway), unit: GB },
        resource_type: NatGateway::TYPE,
        told_by: "BytesInFromSource and BytesInFromDestination of AWS/NATGateway",
        behind: gateway.routed_subnet_ids.clone().unwrap_or_default(),
        work: Vec::new(),
        no_work: 0.0,
    }
}

/// A regional gateway is paid for in each of its zones.
fn by_hours(gateway: &NatGateway) -> Candidate<'_> {
    let zones = gateway.availability_zones.as_ref().map_or(1, Vec::len);
    Candidate {
        weight: Weight::Constant(f64::from(u32::try_from(zones).unwrap_or(1))),
        told_by: "the hours that it was there",
        work: gateway_bytes(gateway),
        no_work: IDLE_BYTES,
        ..by_bytes(gateway)
    }
}

fn group(group: &LogGroup) -> Candidate<'_> {
    let incoming = Metric::sum("AWS/Logs", "IncomingBytes", ("LogGroupName", &group.meta.name));
    Candidate {
        meta: &group.meta,
        weight: Weight::Metrics { metrics: vec![incoming], unit: GB },
        resource_type: LogGroup::TYPE,
        told_by: "IncomingBytes of AWS/Logs",
        behind: group.source.iter().map(|source| format!("{} {}", source.kind, source.name)).collect(),
        work: Vec::new(),
        no_work: 0.0,
    }
}

/// What a load balancer does without choosing a target counts as well.
fn balancer(balancer: &LoadBalancer) -> Candidate<'_> {
    let (namespace, names): (&str, &[&'static str]) = match balancer.kind.as_str() {
        "network" => ("AWS/NetworkELB", &["NewFlowCount"]),
        "gateway" => ("AWS/GatewayELB", &["NewFlowCount"]),
        _ => ("AWS/ApplicationELB", &["RequestCount", "HTTP_Redirect_Count", "HTTP_Fixed_Response_Count"]),
    };
    let work =
        |name: &&'static str| Metric::sum(namespace, name, ("LoadBalancer", &balancer.metric_dimension));
    Candidate {
        meta: &balancer.meta,
        weight: Weight::Constant(1.0),
        resource_type: LoadBalancer::TYPE,
        told_by: "the hours that it was there",
        behind: Vec::new(),
        work: names.iter().map(work).collect(),
        no_work: 0.0,
    }
}

fn classic(balancer: &ClassicLoadBalancer) -> Candidate<'_> {
    Candidate {
        meta: &balancer.meta,
        weight: Weight::Constant(1.0),
        resource_type: ClassicLoadBalancer::TYPE,
        told_by: "the hours that it was there",
        behind: Vec::new(),
        // of connections, where it is no HTTP
        work: vec![Metric::sum("AWS/ELB", "RequestCount", ("LoadBalancerName", &balancer.meta.name))],
        no_work: 0.0,
    }
}

fn database(instance: &DbInstance) -> Candidate<'_> {
    let connections =
        Metric::sum("AWS/RDS", "DatabaseConnections", ("DBInstanceIdentifier", &instance.meta.id));
    Candidate {
        meta: &instance.meta,
        weight: Weight::Constant(1.0),
        resource_type: DbInstance::TYPE,
        told_by: "the hours that it was there",
        behind: Vec::new(),
        work: vec![Metric { statistic: "Maximum", ..connections }],
        no_work: 0.0,
    }
}

fn volume(volume: &Volume) -> Candidate<'_> {
    let size = f64::from(u32::try_from(volume.size).unwrap_or_default());
    Candidate {
        meta: &volume.meta,
        weight: Weight::Constant(size / HOURS_A_MONTH),
        resource_type: Volume::TYPE,
        told_by: "its size and the hours that it was there",
        behind: volume.instance_ids.clone(),
        work: Vec::new(),
        no_work: 0.0,
    }
}
