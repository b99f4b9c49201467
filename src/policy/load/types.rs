//! The resource types that a policy may name.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Value as Json, json};

use super::TypeSchema;
use crate::config::diagnostic::did_you_mean;
use crate::inventory::{self, Meta, TYPES, generic};

static UNKNOWN: LazyLock<Json> = LazyLock::new(|| json!({}));

/// A built-in type with its schema, or any other of CloudFormation's with an empty one: its
/// fields are in AWS's registry. What looks like a built-in type's name is taken for a slip.
pub(super) fn find(text: &str) -> Result<TypeSchema, String> {
    if let Some(schema) = inventory::schema(text) {
        return Ok((generic::type_name(text), schema));
    }
    if let Some(meant) = TYPES.iter().find(|known| is_slip(text, known)) {
        return Err(format!("did you mean `{meant}`?"));
    }
    if generic::is_type_name(text) {
        return Ok((generic::type_name(text), &UNKNOWN));
    }
    Err(did_you_mean(text, TYPES.iter().copied()).unwrap_or_else(|| {
        let built_in = TYPES.join(", ");
        format!("name one of CloudFormation's types as in `AWS::DynamoDB::Table`; built in are: {built_in}")
    }))
}

/// The type of that name, or what is wrong with it.
pub fn resource_type(text: &str) -> Result<&'static str, String> {
    find(text).map(|(name, _)| name)
}

/// Whether each part of the name is at most a slip away: of `AWS::EC2::VPC` and
/// `AWS::RDS::DBProxy` nobody means the other, and `EKS` is no slip for `ECS`.
fn is_slip(text: &str, known: &str) -> bool {
    let (given, wanted): (Vec<&str>, Vec<&str>) = (text.split("::").collect(), known.split("::").collect());
    let near = |(a, b): (&&str, &&str)| {
        let length = b.chars().count();
        a.eq_ignore_ascii_case(b)
            || length > 3 && strsim::damerau_levenshtein(a, b) <= (length / 5).max(1)
            || a.strip_suffix('s') == Some(*b)
    };
    given.len() == wanted.len() && given.iter().zip(&wanted).all(near)
}

/// Fields that are dates and times in a resource's JSON; every resource has those of [`Meta`].
pub(super) fn timestamps(resource_type: &str, schema: &Json) -> BTreeSet<String> {
    if !TYPES.contains(&resource_type) {
        return of_schema(schemars::schema_for!(Meta).as_value());
    }
    of_schema(schema)
}

fn of_schema(schema: &Json) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut rest = vec![schema];
    while let Some(schema) = rest.pop() {
        let fields = match schema {
            Json::Object(fields) => fields,
            Json::Array(items) => {
                rest.extend(items);
                continue;
            }
            _ => continue,
        };
        for (name, property) in fields.get("properties").and_then(Json::as_object).into_iter().flatten() {
            if property.get("format").and_then(Json::as_str) == Some("date-time") {
                found.insert(name.clone());
            }
        }
        rest.extend(fields.values());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_in_a_built_in_name_is_told() {
        for (slip, meant) in [
            ("AWS::Logs::LogGruop", "AWS::Logs::LogGroup"),
            ("AWS::Logs::LogGroups", "AWS::Logs::LogGroup"),
            ("aws::logs::loggroup", "AWS::Logs::LogGroup"),
            ("AWS::Log::LogGroup", "AWS::Logs::LogGroup"),
            ("AWS::EC2::VPCs", "AWS::EC2::VPC"),
            ("AWS::ElasticLoadBalancing::TargetGroup", "AWS::ElasticLoadBalancingV2::TargetGroup"),
        ] {
            assert_eq!(find(slip), Err(format!("did you mean `{meant}`?")), "{slip}");
        }
    }

    #[test]
    fn any_other_type_of_aws_is_taken_at_its_word() {
        for name in [
            "AWS::DynamoDB::Table",
            "AWS::EC2::IPAM",
            "AWS::EC2::VPNGateway",
            "AWS::EC2::SubnetRouteTableAssociation",
            "AWS::EC2::InternetGateway",
            "AWS::Logs::LogStream",
            "AWS::MSK::Cluster",
            "AWS::DAX::Cluster",
            "AWS::SNS::TopicPolicy",
            "AWS::CloudWatch::CompositeAlarm",
        ] {
            assert_eq!(find(name).map(|(name, _)| name), Ok(name));
        }
    }

    #[test]
    fn what_is_no_type_name_is_refused() {
        for name in ["Table", "AWS::DynamoDB", "dynamodb", "AWS::Dynamo DB::Table"] {
            assert!(find(name).unwrap_err().contains("AWS::DynamoDB::Table"), "{name}");
        }
        assert_eq!(find("AWS::Logs:LogGroup").unwrap_err(), "did you mean `AWS::Logs::LogGroup`?");
        assert!(find("Aftermove::Drift::Event").is_err());
    }
}
