//! How things are called in a sentence.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::graph::Node;

/// A setting's value is told up to here.
const SHOWN_CHARS: usize = 60;

/// `AWS::EC2::SecurityGroup` as `security group`; what has no type is a resource.
pub(crate) fn noun(resource_type: &str) -> String {
    let name = resource_type.rsplit("::").next().unwrap_or_default();
    if name.is_empty() {
        return "resource".to_owned();
    }
    if name == "NatGateway" {
        return "NAT gateway".to_owned();
    }
    let chars: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, &char) in chars.iter().enumerate() {
        let lower =
            |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|c| !c.is_ascii_uppercase());
        if char.is_ascii_uppercase() && at > 0 && (lower(at.checked_sub(1)) || lower(Some(at + 1))) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(char);
        }
    }
    let word = |word: &String| {
        let acronym = word.len() > 1 && word.chars().all(|char| char.is_ascii_uppercase());
        if acronym { word.clone() } else { word.to_ascii_lowercase() }
    };
    words.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// `security group databases (sg-…)`.
pub(super) fn label(node: Node<'_>) -> String {
    let (noun, meta) = (noun(node.resource_type), node.meta);
    if meta.name.is_empty() || meta.name == meta.id {
        format!("{noun} {}", meta.id)
    } else {
        format!("{noun} {} ({})", meta.name, meta.id)
    }
}

/// `security group databases`.
pub(super) fn short_label(node: Node<'_>) -> String {
    let meta = node.meta;
    format!("{} {}", noun(node.resource_type), if meta.name.is_empty() { &meta.id } else { &meta.name })
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A setting's value where it is short and plain. Larger ones may hold what nobody should read in a message.
pub(super) fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) if !items.is_empty() => {
            let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            texts?.join(", ")
        }
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    // CloudTrail writes HIDDEN_DUE_TO_SECURITY_REASONS in the place of secrets
    let shown = text.chars().count() <= SHOWN_CHARS && !text.starts_with("HIDDEN_DUE_TO");
    shown.then_some(text)
}

/// `12 minutes`, `1 hour 5 minutes`.
pub(crate) fn span(minutes: i64) -> String {
    let counted = |n: i64, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
    match (minutes / 60, minutes % 60) {
        (0, minutes) => counted(minutes, "minute"),
        (hours, 0) => counted(hours, "hour"),
        (hours, minutes) => format!("{} {}", counted(hours, "hour"), counted(minutes, "minute")),
    }
}

pub(super) fn at(time: DateTime<Utc>) -> String {
    time.format("%F %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_are_called_by_plain_nouns() {
        for (resource_type, called) in [
            ("AWS::EC2::SecurityGroup", "security group"),
            ("AWS::RDS::DBInstance", "DB instance"),
            ("AWS::EC2::VPCEndpoint", "VPC endpoint"),
            ("AWS::EC2::VPC", "VPC"),
            ("AWS::EC2::NatGateway", "NAT gateway"),
            ("AWS::ECS::Service", "service"),
            ("", "resource"),
        ] {
            assert_eq!(noun(resource_type), called);
        }
    }

    #[test]
    fn only_short_and_plain_values_are_told() {
        assert_eq!(plain(&json!("web:43")).as_deref(), Some("web:43"));
        assert_eq!(plain(&json!(0)).as_deref(), Some("0"));
        assert_eq!(plain(&json!(["sg-1", "sg-2"])).as_deref(), Some("sg-1, sg-2"));
        for hidden in [
            json!({ "TOKEN": "x" }),
            json!([{ "value": "x" }]),
            json!("x".repeat(61)),
            json!("HIDDEN_DUE_TO_SECURITY_REASONS"),
            json!(null),
            json!([]),
        ] {
            assert_eq!(plain(&hidden), None, "{hidden}");
        }
    }

    #[test]
    fn lists_and_spans_read_like_speech() {
        let items: Vec<String> = ["a", "b", "c"].map(str::to_owned).into();
        assert_eq!((list(&items[..1]).as_str(), list(&items[..2]).as_str()), ("a", "a and b"));
        assert_eq!(list(&items), "a, b and c");
        assert_eq!(
            [0, 1, 59, 60, 125].map(span),
            ["0 minutes", "1 minute", "59 minutes", "1 hour", "2 hours 5 minutes"]
        );
    }
}
