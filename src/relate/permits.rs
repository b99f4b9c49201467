//! Whether a resource's policy document lets an AWS service act on it.
//!
//! What cannot be decided from here, such as a condition on a key that the request may or
//! may not carry, stays open: a policy is called a refusal only where it is one.

use serde_json::Value;

/// What a service asks for, as IAM sees it.
pub(super) struct Request<'a> {
    /// `cloudwatch.amazonaws.com`
    pub(super) service: &'a str,
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
    /// Condition keys, in small letters, that the request carries.
    pub(super) context: &'a [(&'static str, &'a str)],
    /// Whether a permission for the account itself may do for the service, too.
    pub(super) as_account: Option<&'a str>,
}

/// None where it cannot be decided.
pub(super) fn permits(document: &str, request: &Request<'_>) -> Option<bool> {
    let document: Value = serde_json::from_str(document).ok()?;
    let (mut allowed, mut denied) = (Some(false), Some(false));
    for statement in many(document.get("Statement")?) {
        match statement.get("Effect")?.as_str()? {
            "Allow" => allowed = or(allowed, applies(statement, request)),
            _ => denied = or(denied, applies(statement, request)),
        }
    }
    and(allowed, denied.map(|denied| !denied))
}

fn applies(statement: &Value, request: &Request<'_>) -> Option<bool> {
    let names = |key: &str, wanted: &str| {
        let patterns = statement.get(key)?;
        Some(many(patterns).filter_map(Value::as_str).any(|pattern| matches(pattern, wanted)))
    };
    let either = |key: &str, not_key: &str, wanted: &str| {
        names(key, wanted).or_else(|| names(not_key, wanted).map(|named| !named))
    };
    let whom = match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(principal), _) => is_principal(principal, request),
        (None, _) => None,
    };
    let what = either("Action", "NotAction", request.action);
    // a key's policy is about that key whatever it names
    let which = either("Resource", "NotResource", request.resource).or(Some(true));
    let when = statement.get("Condition").map_or(Some(true), |conditions| meets(conditions, request));
    and(and(whom, what), and(which, when))
}

fn is_principal(principal: &Value, request: &Request<'_>) -> Option<bool> {
    if principal.as_str() == Some("*") {
        return Some(true);
    }
    let of_kind = |kind: &str| principal.get(kind).into_iter().flat_map(many).filter_map(Value::as_str);
    if of_kind("Service").any(|service| matches(service, request.service))
        || of_kind("AWS").any(|who| who == "*")
    {
        return Some(true);
    }
    let account = request.as_account.is_some_and(|account| {
        of_kind("AWS").any(|who| who == account || who.ends_with(&format!("::{account}:root")))
    });
    if account { None } else { Some(false) }
}

/// Every operator and every key in it must hold.
fn meets(conditions: &Value, request: &Request<'_>) -> Option<bool> {
    let operators = conditions.as_object()?;
    let mut met = Some(true);
    for (operator, keys) in operators {
        for (key, values) in keys.as_object()? {
            met = and(met, holds(operator, key, values, request));
        }
    }
    met
}

fn holds(operator: &str, key: &str, values: &Value, request: &Request<'_>) -> Option<bool> {
    let key = key.to_ascii_lowercase();
    let (_, carried) = request.context.iter().find(|(known, _)| *known == key)?;
    if many(values).any(|value| value.as_str().is_some_and(|text| text.contains("${"))) {
        return None;
    }
    let operator = operator.strip_suffix("IfExists").unwrap_or(operator);
    let any = |equal: &dyn Fn(&str) -> bool| {
        many(values).any(|value| match value {
            Value::Bool(flag) => equal(if *flag { "true" } else { "false" }),
            value => value.as_str().is_some_and(equal),
        })
    };
    let same = |value: &str| value == *carried;
    let same_letters = |value: &str| value.eq_ignore_ascii_case(carried);
    let like = |value: &str| matches(value, carried);
    match operator {
        "StringEquals" => Some(any(&same)),
        "StringNotEquals" => Some(!any(&same)),
        "StringEqualsIgnoreCase" | "Bool" => Some(any(&same_letters)),
        "StringNotEqualsIgnoreCase" => Some(!any(&same_letters)),
        "StringLike" | "ArnEquals" | "ArnLike" => Some(any(&like)),
        "StringNotLike" | "ArnNotEquals" | "ArnNotLike" => Some(!any(&like)),
        _ => None,
    }
}

/// `*` stands for any text and `?` for any one character; letters count alike in either case,
/// as they do in actions.
fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().flat_map(char::to_lowercase).collect();
    let text: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p).is_some_and(|c| *c == '?' || *c == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((at, taken)) = star {
            star = Some((at, taken + 1));
            (p, t) = (at + 1, taken + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// One value, or a list of them.
fn many(value: &Value) -> std::slice::Iter<'_, Value> {
    match value {
        Value::Array(values) => values.iter(),
        value => std::slice::from_ref(value).iter(),
    }
}

fn and(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn or(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    and(a.map(|a| !a), b.map(|b| !b)).map(|neither| !neither)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:ops";

    fn may_publish(statements: &Value) -> Option<bool> {
        let request = Request {
            service: "cloudwatch.amazonaws.com",
            action: "sns:Publish",
            resource: TOPIC,
            context: &[
                ("aws:sourceowner", "111111111111"),
                ("aws:sourceaccount", "111111111111"),
                ("aws:sourcearn", "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:web"),
                ("aws:securetransport", "true"),
            ],
            as_account: Some("111111111111"),
        };
        permits(&json!({ "Version": "2012-10-17", "Statement": statements }).to_string(), &request)
    }

    fn allow(principal: &Value, condition: &Value) -> Value {
        let mut statement =
            json!({ "Effect": "Allow", "Principal": principal, "Action": "SNS:Publish", "Resource": TOPIC });
        if !condition.is_null() {
            statement["Condition"] = condition.clone();
        }
        statement
    }

    fn insecure() -> Value {
        json!({
            "Effect": "Deny", "Principal": "*", "Action": "sns:*", "Resource": "*",
            "Condition": { "Bool": { "aws:SecureTransport": "false" } },
        })
    }

    #[test]
    fn the_default_policy_and_the_service_by_name_do() {
        let owner = json!({ "StringEquals": { "AWS:SourceOwner": "111111111111" } });
        assert_eq!(may_publish(&allow(&json!({ "AWS": "*" }), &owner)), Some(true));
        let service = json!({ "Service": ["events.amazonaws.com", "cloudwatch.amazonaws.com"] });
        assert_eq!(may_publish(&json!([allow(&service, &Value::Null), insecure()])), Some(true));
        let alarms =
            json!({ "ArnLike": { "aws:SourceArn": "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:*" } });
        assert_eq!(may_publish(&allow(&service, &alarms)), Some(true));
    }

    #[test]
    fn a_policy_that_names_only_others_or_only_refuses_does_not() {
        let events = json!({ "Service": "events.amazonaws.com" });
        assert_eq!(may_publish(&allow(&events, &Value::Null)), Some(false));
        assert_eq!(may_publish(&json!([insecure()])), Some(false));
        let stranger = json!({ "StringEquals": { "aws:SourceAccount": "222222222222" } });
        assert_eq!(may_publish(&allow(&json!("*"), &stranger)), Some(false));
        let other = json!({ "ArnLike": { "aws:SourceArn": "arn:aws:cloudwatch:*:*:alarm:api-*" } });
        assert_eq!(may_publish(&allow(&json!("*"), &other)), Some(false));
    }

    #[test]
    fn a_refusal_outweighs_a_permission() {
        let everybody = allow(&json!("*"), &Value::Null);
        let mut refusal = everybody.clone();
        refusal["Effect"] = json!("Deny");
        assert_eq!(may_publish(&json!([everybody, refusal])), Some(false));
        assert_eq!(may_publish(&json!([refusal, everybody])), Some(false));
    }

    #[test]
    fn what_is_not_named_is_meant_by_its_opposite() {
        let everybody = allow(&json!("*"), &Value::Null);
        let statement = |key: &str, value: &str| json!({ "Effect": "Deny", "Principal": "*", key: value, "Resource": "*" });
        assert_eq!(may_publish(&json!([everybody, statement("NotAction", "sns:Publish")])), Some(true));
        assert_eq!(may_publish(&json!([everybody, statement("NotAction", "sns:Subscribe")])), Some(false));
    }

    #[test]
    fn what_cannot_be_decided_stays_open() {
        let service = json!({ "Service": "cloudwatch.amazonaws.com" });
        let organization = json!({ "StringEquals": { "aws:SourceOrgID": "o-1" } });
        assert_eq!(may_publish(&allow(&service, &organization)), None);
        let root = json!({ "AWS": "arn:aws:iam::111111111111:root" });
        assert_eq!(may_publish(&allow(&root, &Value::Null)), None);
        assert_eq!(
            may_publish(&json!([allow(&root, &Value::Null), allow(&service, &Value::Null)])),
            Some(true)
        );
        let mut refusal = allow(&json!("*"), &organization);
        refusal["Effect"] = json!("Deny");
        assert_eq!(may_publish(&json!([allow(&service, &Value::Null), refusal])), None);
        let variable = json!({ "StringEquals": { "aws:SourceAccount": "${aws:PrincipalAccount}" } });
        assert_eq!(may_publish(&allow(&service, &variable)), None);
        let odd = json!({ "NumericLessThan": { "aws:SourceAccount": "5" } });
        assert_eq!(may_publish(&allow(&service, &odd)), None);
        let but =
            json!([{ "Effect": "Allow", "NotPrincipal": { "AWS": "5" }, "Action": "*", "Resource": "*" }]);
        assert_eq!(may_publish(&but), None);
        let nothing = Request { service: "", action: "", resource: "", context: &[], as_account: None };
        assert_eq!(permits("no JSON", &nothing), None);
    }

    #[test]
    fn patterns_match_whole_texts() {
        for (pattern, text, expected) in [
            ("sns:*", "sns:Publish", true),
            ("SNS:Pub?ish", "sns:publish", true),
            ("*:ops", TOPIC, true),
            ("a*b*c", "axxbyyc", true),
            ("a*b", "axbx", false),
            ("", "", true),
            ("kms:GenerateDataKey*", "kms:GenerateDataKey", true),
            ("sns:Publ", "sns:Publish", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
