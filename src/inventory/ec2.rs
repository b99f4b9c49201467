//! Amazon EC2: security groups, what they are attached to, the way to the internet, and what storage and addresses cost.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;
use super::cloudwatch::SignalCoverage;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct SecurityGroup {
    #[serde(flatten)]
    pub meta: Meta,
    pub description: String,
    pub vpc_id: Option<String>,
    /// One entry per rule of DescribeSecurityGroupRules, ingress and egress.
    pub rules: Vec<SecurityGroupRule>,
    /// Derived: the ingress rules by the ports that they open together, wherever
    /// any public address may come in; as far as the prefix lists that they name were read.
    pub openings: Option<Vec<Opening>>,
    /// Derived: the prefix lists that ingress rules name where those could not be read completely.
    pub unread_prefix_lists: Vec<String>,
    /// Derived: the network interfaces that carry the group. Null where they,
    /// or the subnets and routes behind them, could not be read.
    pub attachments: Option<Vec<Attachment>>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct SecurityGroupRule {
    pub security_group_rule_id: String,
    pub is_egress: bool,
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a protocol number, or `-1` for all.
    pub ip_protocol: String,
    /// -1 means all ports (or all ICMP types).
    pub from_port: Option<i64>,
    pub to_port: Option<i64>,
    #[schemars(with = "Option<String>")]
    pub cidr: Option<IpNet>,
    pub prefix_list_id: Option<String>,
    pub referenced_group_id: Option<String>,
    pub description: Option<String>,
}

/// Ports that the group's rules open, with the union of who may come in.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Opening {
    /// `tcp`, `udp`, `icmp`, … or `all`. Rules that open every protocol count into the openings
    /// of the others, too.
    pub protocol: String,
    /// `all` is 0 to 65535; protocols without ports (ICMP, ESP, …) are one opening with -1 in both.
    pub from_port: i64,
    pub to_port: i64,
    /// Share of the public IPv4 space (all but private and reserved blocks) that
    /// the union of the sources covers, 0 to 1.
    pub ipv4_share: f64,
    /// Share of the global unicast IPv6 space 2000::/3, 0 to 1.
    pub ipv6_share: f64,
    /// The sources with public addresses, as written in the rules: CIDR blocks and prefix list ids.
    pub sources: Vec<String>,
    /// The rules that name them.
    pub rule_ids: Vec<String>,
}

/// One network interface that carries a security group.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Attachment {
    pub network_interface_id: String,
    /// `load_balancer`, `instance`, or the interface type that EC2 gives
    /// (`lambda`, `nat_gateway`, `vpc_endpoint`, `interface`, …).
    pub kind: String,
    /// What a person calls it: the instance id, the load balancer's name, or the interface's description.
    pub label: String,
    pub public_ip: Option<String>,
    pub ipv6_addresses: Vec<String>,
    /// Its subnet has a route to an internet gateway.
    pub public_subnet: bool,
    /// For a load balancer: its scheme is internet-facing. Null for other kinds,
    /// and where load balancers could not be read.
    pub internet_facing_load_balancer: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct NetworkInterface {
    #[serde(flatten)]
    pub meta: Meta,
    pub description: String,
    pub interface_type: String,
    pub requester_id: Option<String>,
    pub status: String,
    pub subnet_id: Option<String>,
    pub vpc_id: Option<String>,
    /// Ids of the security groups on it.
    pub groups: Vec<String>,
    pub private_ip_address: Option<String>,
    /// The public IPv4 address (Association.PublicIp).
    pub public_ip: Option<String>,
    pub ipv6_addresses: Vec<String>,
    /// Attachment.InstanceId and Attachment.InstanceOwnerId.
    pub instance_id: Option<String>,
    pub instance_owner_id: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Subnet {
    #[serde(flatten)]
    pub meta: Meta,
    pub vpc_id: String,
    pub availability_zone: String,
    pub cidr_block: String,
    pub map_public_ip_on_launch: bool,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct RouteTable {
    #[serde(flatten)]
    pub meta: Meta,
    pub vpc_id: String,
    /// The VPC's main table serves each subnet that has no table of its own.
    pub main: bool,
    pub subnet_ids: Vec<String>,
    pub routes: Vec<Route>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Route {
    /// CIDR block (IPv4 or IPv6) or prefix list id.
    pub destination: String,
    /// Gateway, NAT gateway, interface, peering or transit gateway id.
    pub target: String,
    pub state: String,
}

/// A customer-managed prefix list. AWS-managed ones hold a service's own ranges,
/// never the internet, and are not read.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct PrefixList {
    #[serde(flatten)]
    pub meta: Meta,
    pub address_family: String,
    pub owner_id: String,
    #[schemars(with = "Vec<String>")]
    pub entries: Vec<IpNet>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct NatGateway {
    #[serde(flatten)]
    pub meta: Meta,
    pub vpc_id: Option<String>,
    pub subnet_id: Option<String>,
    pub state: String,
    /// `public` or `private`.
    pub connectivity_type: String,
    /// `zonal` or `regional`.
    pub availability_mode: String,
    pub public_ips: Vec<String>,
    /// For a regional gateway, the zones it serves: its metrics carry the
    /// AvailabilityZone dimension. Null for a zonal one, whose metrics do not.
    pub availability_zones: Option<Vec<String>>,
    /// Derived: subnets whose route table sends traffic here. Null where route
    /// tables or subnets could not be read.
    pub routed_subnet_ids: Option<Vec<String>>,
    /// Derived: which alarm covers each signal (`port_allocation_errors`).
    /// Null where alarms could not be read.
    pub signals: Option<BTreeMap<String, SignalCoverage>>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Vpc {
    #[serde(flatten)]
    pub meta: Meta,
    /// Another account's where the VPC is shared with this one.
    pub owner_id: String,
    pub cidr_block: String,
    pub is_default: bool,
    /// Derived: how many network interfaces it has. Null where they could not be read.
    pub network_interface_count: Option<i64>,
    /// Derived: the flow logs that record all of it: its own, else those of its subnets where
    /// each has one. Null where flow logs or subnets could not be read.
    pub flow_logs: Option<Vec<FlowLog>>,
    /// Derived: the NAT gateways in it that are not being deleted. Null where they could not be read.
    pub nat_gateways: Option<Vec<NatGateway>>,
    /// Derived: its route tables that send a subnet's traffic to a NAT gateway. Null where
    /// route tables, subnets or endpoints could not be read.
    pub nat_route_tables: Option<Vec<NatRouteTable>>,
}

/// A route table that sends traffic to a NAT gateway.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct NatRouteTable {
    pub route_table_id: String,
    pub subnet_ids: Vec<String>,
    /// The services (`s3`, `dynamodb`) whose traffic an endpoint keeps from the NAT gateway: a gateway
    /// endpoint in this table, or an interface endpoint of the VPC that has the service's own DNS name.
    pub endpoint_services: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct FlowLog {
    #[serde(flatten)]
    pub meta: Meta,
    /// The VPC, subnet or network interface that it records.
    pub resource_id: String,
    /// `ACCEPT`, `REJECT` or `ALL`.
    pub traffic_type: Option<String>,
    /// `ACTIVE`.
    pub flow_log_status: Option<String>,
    /// `SUCCESS` or `FAILED`.
    pub deliver_logs_status: Option<String>,
    /// `Rate limited`, `Access error` or `Unknown error`.
    pub deliver_logs_error_message: Option<String>,
    pub log_destination_type: Option<String>,
    pub log_destination: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct VpcEndpoint {
    #[serde(flatten)]
    pub meta: Meta,
    pub vpc_id: String,
    /// `Gateway`, `Interface`, `GatewayLoadBalancer`, …
    pub vpc_endpoint_type: String,
    /// `com.amazonaws.eu-west-1.s3`.
    pub service_name: String,
    /// `available`, `pending`, `deleting`, …
    pub state: String,
    pub private_dns_enabled: bool,
    pub route_table_ids: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Volume {
    #[serde(flatten)]
    pub meta: Meta,
    /// `creating`, `available`, `in-use`, `deleting`, `deleted` or `error`.
    pub state: String,
    /// `gp3`, `gp2`, `io1`, `io2`, `st1`, `sc1` or `standard`.
    pub volume_type: String,
    /// In GiB.
    pub size: i64,
    pub iops: Option<i64>,
    /// In MiB per second.
    pub throughput: Option<i64>,
    pub encrypted: bool,
    /// The instances that it is attached to.
    pub instance_ids: Vec<String>,
    /// Derived: this account's completed snapshots of it, latest first. Null where snapshots could not be read.
    pub snapshot_ids: Option<Vec<String>>,
}

/// A snapshot that this account owns.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Snapshot {
    #[serde(flatten)]
    pub meta: Meta,
    pub description: String,
    /// `vol-ffffffff` for a copy, which never had a volume here.
    pub volume_id: String,
    /// Of the volume, in GiB.
    pub volume_size: i64,
    pub full_snapshot_size_in_bytes: Option<i64>,
    /// `pending`, `completed`, `error`, …
    pub state: String,
    /// `standard` or `archive`.
    pub storage_tier: Option<String>,
    /// `AWS Backup` or `Data Lifecycle Manager`, which delete what they make; as its tags and description tell.
    pub managed_by: Option<String>,
    /// Derived: whether its volume is still there. Null where volumes could not be read.
    pub volume_exists: Option<bool>,
    /// Derived: this account's machine images that are made of it. Null where images could not be read.
    pub image_ids: Option<Vec<String>>,
    /// Derived: all snapshots of the same volume that neither a service manages nor an image uses, latest
    /// first; a copy stands alone. Null where snapshots or images could not be read.
    pub volume_snapshot_ids: Option<Vec<String>>,
}

/// A machine image (AMI) that this account owns.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Image {
    #[serde(flatten)]
    pub meta: Meta,
    /// The snapshots that it is made of.
    pub snapshot_ids: Vec<String>,
}

/// An Elastic IP address.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Address {
    #[serde(flatten)]
    pub meta: Meta,
    pub public_ip: String,
    /// `amazon`, or the pool of addresses that the account brought along.
    pub public_ipv4_pool: Option<String>,
    pub association_id: Option<String>,
    pub instance_id: Option<String>,
    pub network_interface_id: Option<String>,
    /// The service that allocated it and will release it: `alb`, `nlb`, `rnat`, `rds`.
    pub service_managed: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Instance {
    #[serde(flatten)]
    pub meta: Meta,
    pub instance_type: String,
    /// `pending`, `running`, `stopping`, `stopped`, `shutting-down` or `terminated`.
    pub state: String,
    pub state_transition_reason: Option<String>,
    /// The time that the transition's reason names, for a stopped instance; null where it names none.
    pub stopped_at: Option<DateTime<Utc>>,
    pub volume_ids: Vec<String>,
    /// Derived: the volumes attached to it. Null where volumes could not be read.
    pub volumes: Option<Vec<Volume>>,
    /// Derived: the Elastic IP addresses that are its. Null where addresses could not be read.
    pub elastic_ips: Option<Vec<String>>,
}
