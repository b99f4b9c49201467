//! Amazon EC2: security groups, what they are attached to, and the way to the internet.

use std::collections::BTreeMap;

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
