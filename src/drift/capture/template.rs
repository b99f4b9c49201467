//! The property of a CloudFormation template that has to hold what was changed by hand.

use serde_json::Value;

use super::is_told;
use crate::drift::live::short;
use crate::drift::touches::WHOLE;
use crate::inventory::cloudtrail::{Change, Effect};

/// Properties that are not called as the API's parameters are.
const PROPERTIES: &[(&str, &str, &str)] = &[
    ("AWS::RDS::DBInstance", "db_instance_class", "DBInstanceClass"),
    ("AWS::RDS::DBInstance", "db_parameter_group_name", "DBParameterGroupName"),
    ("AWS::RDS::DBInstance", "multi_az", "MultiAZ"),
    ("AWS::RDS::DBInstance", "vpc_security_group_ids", "VPCSecurityGroups"),
    ("AWS::RDS::DBInstance", "enable_iam_database_authentication", "EnableIAMDatabaseAuthentication"),
    ("AWS::RDS::DBInstance", "ca_certificate_identifier", "CACertificateIdentifier"),
    ("AWS::CloudTrail::Trail", "is_logging", "IsLogging"),
    ("AWS::SQS::Queue", "visibility_timeout", "VisibilityTimeout"),
];

/// What to write into the template; None where the resource is in no stack.
pub(super) fn properties(change: &Change, standing: &[Effect]) -> Option<String> {
    let stack = change.stack_resource.as_ref().filter(|stack| !stack.stack_name.is_empty())?;
    let place =
        format!("stack {}, {} ({})", stack.stack_name, stack.logical_resource_id, stack.stack_resource_type);
    let told: Vec<String> = standing.iter().flat_map(|effect| told(change, effect)).collect();
    Some(format!("{place}: {}", told.join("; ")))
}

fn told(change: &Change, effect: &Effect) -> Vec<String> {
    let touch = &effect.touch;
    let kind = change.changed_type.as_deref().unwrap_or_default();
    if touch.value.get("ip_protocol").is_some() {
        let property =
            if touch.value["is_egress"] == true { "SecurityGroupEgress" } else { "SecurityGroupIngress" };
        let verb = if touch.action == "removed" { "without" } else { "with" };
        return vec![format!("{property} {verb} {}", touch.part)];
    }
    let setting = |name: &str, value: &Value| {
        let known = PROPERTIES.iter().find(|(of, known, _)| *of == kind && *known == name);
        let property = known.map_or_else(|| pascal_case(name), |(.., property)| (*property).to_owned());
        if is_told(value) {
            format!("{property}: {}", short(value))
        } else {
            format!("{property}: see event {}", effect.event_id)
        }
    };
    match (touch.action.as_str(), &touch.value) {
        ("created", Value::Object(asked)) => asked.iter().map(|(name, value)| setting(name, value)).collect(),
        ("deleted", _) if touch.part == WHOLE => {
            vec!["it was deleted, so the stack's next update fails".to_owned()]
        }
        ("set", value) if !touch.part.contains(' ') => vec![setting(&touch.part, value)],
        ("removed", _) => vec![format!("without {}", touch.part)],
        _ => vec![format!("with {}", touch.part)],
    }
}

fn pascal_case(name: &str) -> String {
    name.split('_')
        .map(|word| {
            let mut chars = word.chars();
            chars
                .next()
                .map(|first| first.to_ascii_uppercase().to_string() + chars.as_str())
                .unwrap_or_default()
        })
        .collect()
}
