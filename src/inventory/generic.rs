//! Resources of any other type, as AWS Cloud Control gives them.
//!
//! Their fields are CloudFormation's properties with their names in `snake_case`: `BillingMode`
//! is `billing_mode`, `KMSMasterKeyID` is `kms_master_key_id`. The fields of [`Meta`] take the
//! place of properties of the same name: `tags` is a map here, too. Keys that are no
//! properties, such as those of a policy document, stay as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use chrono::DateTime;
use serde::{Deserialize as _, Serialize, de};
use serde_json::{Map, Value as Json};

use super::{Meta, Resource};

/// A resource of a type that has no row in the table of types.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GenericResource {
    pub resource_type: &'static str,
    #[serde(flatten)]
    pub meta: Meta,
    #[serde(flatten)]
    pub properties: Map<String, Json>,
}

/// What every resource has; no property can have these names.
const META: [&str; 7] = ["id", "arn", "name", "account", "region", "tags", "created_at"];

impl GenericResource {
    /// `properties` with their names in `snake_case`.
    pub fn new(resource_type: &str, mut meta: Meta, mut properties: Map<String, Json>) -> Self {
        let text = |name: &str| properties.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
        if let Some(tags) = properties.get("tags") {
            meta.tags = tag_map(tags);
        }
        if meta.arn.is_empty() {
            let own = if meta.id.starts_with("arn:") { Some(meta.id.as_str()) } else { None };
            meta.arn = text("arn").or(own).unwrap_or_default().to_owned();
        }
        if meta.name.is_empty() {
            let stem = snake(resource_type.rsplit("::").next().unwrap_or_default());
            let called = ["name".to_owned(), format!("{stem}_name")];
            let found = called.iter().find_map(|name| text(name));
            let tagged = || meta.tags.get("Name").map(String::as_str);
            meta.name = tagged().or(found).unwrap_or(&meta.id).to_owned();
        }
        if meta.created_at.is_none() {
            let created = ["created_at", "creation_time", "creation_date", "created_time", "create_time"];
            let found = created.iter().find_map(|name| DateTime::parse_from_rfc3339(text(name)?).ok());
            meta.created_at = found.map(|at| at.to_utc());
        }
        for name in META {
            properties.shift_remove(name);
        }
        Self { resource_type: type_name(resource_type), meta, properties }
    }

    /// From a saved inventory or a policy's test case.
    pub(super) fn from_json(resource_type: &str, value: Json) -> Result<Self, serde_json::Error> {
        let meta = Meta::deserialize(&value)?;
        match value {
            Json::Object(mut properties) => {
                // read above, and of another shape than a property's
                properties.shift_remove("tags");
                Ok(Self::new(resource_type, meta, properties))
            }
            _ => Err(de::Error::custom("a resource is a map of its fields")),
        }
    }
}

impl From<GenericResource> for Resource {
    fn from(resource: GenericResource) -> Self {
        Self::Generic(Box::new(resource))
    }
}

/// Tags as a list of keys and values, or as a map.
fn tag_map(tags: &Json) -> BTreeMap<String, String> {
    let pair = |tag: &Json| {
        let text = |name| tag.get(name).and_then(Json::as_str).map(str::to_owned);
        Some((text("key")?, text("value").unwrap_or_default()))
    };
    match tags {
        Json::Array(list) => list.iter().filter_map(pair).collect(),
        Json::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect(),
        _ => BTreeMap::new(),
    }
}

/// Whether it has the form of a CloudFormation type name: `Vendor::Service::Type`.
pub fn is_type_name(text: &str) -> bool {
    let parts: Vec<&str> = text.split("::").collect();
    let word =
        |part: &&str| (2..=64).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric());
    parts.len() == 3 && parts.iter().all(word) && parts[0] != "Aftermove"
}

/// The name for as long as the process lives. Policies and inventories are loaded once, and
/// name a handful of types, which everything that was read and judged then speaks of.
pub fn type_name(text: &str) -> &'static str {
    static NAMED: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    if let Some(known) = super::TYPES.iter().find(|known| **known == text) {
        return known;
    }
    // nothing is done under the lock that could leave the set half changed
    let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = named.get(text) {
        return known;
    }
    let name: &'static str = Box::leak(text.into());
    named.insert(name);
    name
}

/// A property's name as policies write it. Words begin at capitals, a run of capitals is one
/// word up to the one that begins the next, and a plural's `s` belongs to the run before it.
pub fn snake(property: &str) -> String {
    let chars: Vec<char> = property.chars().collect();
    let upper = |at: usize| chars.get(at).is_some_and(char::is_ascii_uppercase);
    let lower = |at: usize| chars.get(at).is_some_and(char::is_ascii_lowercase);
    // `IDs` at the end, or before the next word; `IPv6` is one word as well
    let plural = |at: usize| chars.get(at) == Some(&'s') && !lower(at + 1) && at > 1 && upper(at - 2);
    let version = |at: usize| {
        chars.get(at) == Some(&'v') && chars.get(at + 1).is_some_and(char::is_ascii_digit) && upper(at - 1)
    };
    let mut name = String::with_capacity(property.len() + 8);
    for (at, c) in chars.iter().enumerate() {
        let begins_word = upper(at)
            && at > 0
            && chars[at - 1] != '_'
            && (!upper(at - 1) || lower(at + 1) && !plural(at + 1) && !version(at + 1));
        if begins_word {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn property_names_become_snake_case() {
        for (property, name) in [
            ("TableName", "table_name"),
            ("Arn", "arn"),
            ("ARN", "arn"),
            ("KMSMasterKeyID", "kms_master_key_id"),
            ("KmsMasterKeyId", "kms_master_key_id"),
            ("SSESpecification", "sse_specification"),
            ("DBInstanceIdentifier", "db_instance_identifier"),
            ("VPCId", "vpc_id"),
            ("VpcId", "vpc_id"),
            ("SubnetIds", "subnet_ids"),
            ("SubnetIDs", "subnet_ids"),
            ("LoadBalancerARNs", "load_balancer_arns"),
            ("CNAMEs", "cnames"),
            ("VPCsInUse", "vpcs_in_use"),
            ("DNSStatus", "dns_status"),
            ("HTTPSOnly", "https_only"),
            ("EC2InstanceId", "ec2_instance_id"),
            ("S3Bucket", "s3_bucket"),
            ("IPv6Addresses", "ipv6_addresses"),
            ("AssignIpv6AddressOnCreation", "assign_ipv6_address_on_creation"),
            ("Route53HostedZoneId", "route53_hosted_zone_id"),
            ("X509Certificate", "x509_certificate"),
            ("MinTTL", "min_ttl"),
            ("TTL", "ttl"),
            ("ARecord", "a_record"),
            ("camelCase", "camel_case"),
            ("already_snake", "already_snake"),
            ("Snake_Mixed", "snake_mixed"),
            ("A", "a"),
            ("", ""),
        ] {
            assert_eq!(snake(property), name, "{property}");
        }
    }

    proptest! {
        #[test]
        fn a_name_in_snake_case_stays_as_it_is(property in "[A-Za-z][A-Za-z0-9_]{0,30}") {
            let name = snake(&property);
            prop_assert_eq!(snake(&name), name.clone());
            prop_assert_eq!(name.replace('_', ""), property.replace('_', "").to_lowercase());
        }
    }

    #[test]
    fn type_names_have_three_parts() {
        for name in ["AWS::DynamoDB::Table", "Datadog::Monitors::Monitor", "AWS::S3::Bucket"] {
            assert!(is_type_name(name), "{name}");
        }
        for name in ["", "Table", "AWS::DynamoDB", "AWS::DynamoDB::", "AWS::Dynamo DB::Table", "a::b::c::d"] {
            assert!(!is_type_name(name), "{name}");
        }
        assert!(!is_type_name("Aftermove::Drift::Event"), "what it makes up itself is in the table");
    }

    #[test]
    fn a_type_has_one_name_whoever_says_it() {
        let said = ["AWS::DynamoDB::Table".to_owned(), "AWS::DynamoDB::Table".to_owned()];
        let names: Vec<&'static str> = said.iter().map(|name| type_name(name)).collect();
        assert!(std::ptr::eq(names[0], names[1]));
    }

    fn named(properties: Json) -> Meta {
        let meta = Meta { id: "id-1".to_owned(), ..Meta::default() };
        let Json::Object(properties) = properties else { panic!("a map") };
        GenericResource::new("AWS::DynamoDB::Table", meta, properties).meta
    }

    #[test]
    fn name_arn_tags_and_age_come_from_the_properties() {
        let meta = named(json!({
            "arn": "arn:aws:dynamodb:eu-west-1:111122223333:table/orders",
            "table_name": "orders",
            "index_name": "by-day",
            "tags": [{ "key": "team", "value": "shop" }],
            "creation_time": "2026-11-01T00:00:00Z",
        }));
        assert_eq!(meta.name, "orders");
        assert_eq!(meta.arn, "arn:aws:dynamodb:eu-west-1:111122223333:table/orders");
        assert_eq!(meta.tags["team"], "shop");
        assert_eq!(meta.created_at.unwrap().to_rfc3339(), "2026-11-01T00:00:00+00:00");
        assert_eq!(named(json!({ "tags": { "Name": "main" }, "table_name": "orders" })).name, "main");
        assert_eq!(named(json!({})).name, "id-1");
        let of_arn = Meta { id: "arn:aws:sns:eu-west-1:1:t".to_owned(), ..Meta::default() };
        assert_eq!(
            GenericResource::new("AWS::X::Thing", of_arn.clone(), Map::new()).meta.arn,
            of_arn.id,
            "where the primary identifier is the ARN"
        );
    }
}
