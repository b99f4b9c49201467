//! Amazon Route 53. An account has its zones once, in the region [`super::GLOBAL`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct HostedZone {
    /// The id is the zone's, `Z1D633PJN98FT9`; the name is its domain, without the dot at the end.
    #[serde(flatten)]
    pub meta: Meta,
    pub private_zone: bool,
    /// The service that made the zone and keeps its records, `servicediscovery.amazonaws.com`; null for a zone of one's own.
    pub linked_service: Option<String>,
    pub resource_record_set_count: i64,
    /// Derived: what is in it, without their `legs`. Null where record sets could not be read.
    pub record_sets: Option<Vec<RecordSet>>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct RecordSet {
    /// The id is `name type`, followed by the set identifier where there is one. AWS gives record sets no ARN: this
    /// one is the zone's with the id's parts behind it. Names are in lower case, without the dot at the end.
    #[serde(flatten)]
    pub meta: Meta,
    pub hosted_zone_id: String,
    /// The zone's domain.
    pub zone_name: String,
    pub private_zone: bool,
    /// `A`, `AAAA`, `CNAME`, `MX`, `TXT`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Seconds; null for an alias, which takes its target's.
    pub ttl: Option<i64>,
    /// The values as they are written, with their dots and quotes. Empty for an alias.
    pub resource_records: Vec<String>,
    /// The name that an alias stands for.
    pub alias_target: Option<String>,
    /// Tells apart what has the same name and type; null for a simple record.
    pub set_identifier: Option<String>,
    /// `simple`, `weighted`, `failover`, `latency`, `geolocation`, `geoproximity`, `multivalue` or `ip-based`.
    pub routing_policy: String,
    /// From 0, which is never answered unless all are 0, to 255; null unless weighted.
    pub weight: Option<i64>,
    /// `PRIMARY` or `SECONDARY`; null unless it is a failover record.
    pub failover: Option<String>,
    pub health_check_id: Option<String>,
    /// Set where a traffic policy made the record and keeps it.
    pub traffic_policy_instance_id: Option<String>,
    /// Those of its targets that are Heroku's: names under herokudns.com, herokuapp.com, herokussl.com or heroku.com.
    pub heroku_targets: Vec<String>,
    /// Derived: what has the same name and type in the zone, itself included, by set identifier. One entry for a simple record.
    /// Null where record sets could not be read.
    pub legs: Option<Vec<Leg>>,
}

/// One of the record sets that share a name and a type.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Leg {
    pub set_identifier: Option<String>,
    pub weight: Option<i64>,
    pub failover: Option<String>,
    pub heroku_targets: Vec<String>,
}
