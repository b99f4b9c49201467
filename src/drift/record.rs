//! A tolerant view of one CloudTrail record.
//!
//! Any field may be absent: CloudTrail omits large ones, hides secret ones and
//! writes some flags as strings. What the record lacks, LookupEvents' own columns fill in.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::inventory::cloudtrail::Event;

#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) event: &'a Event,
    // what every rule asks for is looked up once
    identity: &'a Value,
    user_agent: &'a str,
    identity_type: &'a str,
    role: Option<&'a str>,
    session: Option<&'a str>,
}

impl<'a> Record<'a> {
    pub(super) fn of(event: &'a Event) -> Self {
        let identity = &event.record["userIdentity"];
        let told = |value: &'a Value| value.as_str().filter(|text| is_told(text));
        // arn:aws:sts::111111111111:assumed-role/<role>/<session>
        let assumed = told(&identity["arn"]).and_then(|arn| arn.split_once(":assumed-role/"));
        let (role, session) =
            match assumed.map(|(_, assumed)| assumed.split_once('/').unwrap_or((assumed, ""))) {
                None => (None, None),
                Some((role, session)) => (Some(role), Some(session).filter(|session| !session.is_empty())),
            };
        let issuer = told(&identity["sessionContext"]["sessionIssuer"]["userName"]);
        let of_principal = || told(&identity["principalId"])?.split_once(':').map(|(_, session)| session);
        Self {
            event,
            identity,
            user_agent: told(&event.record["userAgent"]).unwrap_or_default(),
            identity_type: told(&identity["type"]).unwrap_or_default(),
            role: issuer.or(role),
            session: session.or_else(of_principal),
        }
    }

    /// The text at a dotted path; None where it is empty or hidden.
    pub(super) fn text(self, path: &str) -> Option<&'a str> {
        self.at(path)?.as_str().filter(|text| is_told(text))
    }

    /// The value at a dotted path of object keys.
    fn at(self, path: &str) -> Option<&'a Value> {
        match path.strip_prefix("userIdentity.") {
            Some(path) => at(self.identity, path),
            None => at(&self.event.record, path),
        }
    }

    /// A flag, which CloudTrail writes as a boolean or as a string.
    pub(super) fn is_true(self, path: &str) -> bool {
        match self.at(path) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(flag)) => flag.eq_ignore_ascii_case("true"),
            _ => false,
        }
    }

    /// Whether there is an object with something in it: older records carry empty ones.
    pub(super) fn has(self, path: &str) -> bool {
        match self.at(path) {
            Some(Value::Object(fields)) => !fields.is_empty(),
            Some(Value::Null) | None => false,
            Some(_) => true,
        }
    }

    /// `eventSource` without its domain: `ec2`, `monitoring`.
    pub(super) fn service(self) -> &'a str {
        let source = self.event_source();
        source.strip_suffix(".amazonaws.com").unwrap_or(source)
    }

    pub(super) fn event_source(self) -> &'a str {
        or_text(&self.event.event_source, self.text("eventSource"))
    }

    /// The event's name without the API version that Lambda appends.
    pub(super) fn event_name(self) -> &'a str {
        without_version(or_text(&self.event.event_name, self.text("eventName")))
    }

    pub(super) fn event_id(self) -> &'a str {
        or_text(&self.event.meta.id, self.text("eventID"))
    }

    pub(super) fn time(self) -> Option<DateTime<Utc>> {
        let written = || self.text("eventTime")?.parse().ok();
        self.event.event_time.or_else(written)
    }

    pub(super) fn account(self) -> &'a str {
        self.text("recipientAccountId").unwrap_or(&self.event.meta.account)
    }

    pub(super) fn region(self) -> &'a str {
        self.text("awsRegion").unwrap_or(&self.event.meta.region)
    }

    pub(super) fn user_agent(self) -> &'a str {
        self.user_agent
    }

    pub(super) fn identity_type(self) -> &'a str {
        self.identity_type
    }

    /// The role behind the session.
    pub(super) fn role(self) -> Option<&'a str> {
        self.role
    }

    /// What the caller named the session: for people who sign in, mostly their e-mail address.
    pub(super) fn session(self) -> Option<&'a str> {
        self.session
    }

    /// Every name that a configuration may know the caller by.
    pub(super) fn principals(self) -> impl Iterator<Item = &'a str> {
        [
            self.text("userIdentity.arn"),
            self.text("userIdentity.userName"),
            self.text("userIdentity.sessionContext.sessionIssuer.arn"),
            self.role(),
            self.session(),
            self.event.username.as_deref(),
        ]
        .into_iter()
        .flatten()
    }

    /// Who did it: e-mail address or session of a person, user name, `root`, or role and session.
    pub(super) fn actor(self) -> String {
        let person = self.session().filter(|session| {
            session.contains('@') || self.role().is_some_and(|role| role.starts_with("AWSReservedSSO_"))
        });
        if let Some(person) = person {
            return person.to_owned();
        }
        if self.identity_type() == "Root" {
            return "root".to_owned();
        }
        if let (Some(role), Some(session)) = (self.role(), self.session()) {
            return format!("{role}/{session}");
        }
        self.text("userIdentity.userName")
            .or_else(|| self.text("userIdentity.invokedBy"))
            .or(self.event.username.as_deref().filter(|name| !name.is_empty()))
            .or_else(|| self.text("userIdentity.arn"))
            .or_else(|| self.text("userIdentity.principalId"))
            .unwrap_or("unknown")
            .to_owned()
    }
}

fn or_text<'a>(column: &'a str, text: Option<&'a str>) -> &'a str {
    if column.is_empty() { text.unwrap_or_default() } else { column }
}

/// The value at a dotted path of object keys.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, key| value.get(key))
}

/// All texts at a dotted path, in which a list stands for each of its items. Keys are
/// compared without case, as CloudTrail writes `dBInstanceIdentifier` and `GroupId`.
pub(super) fn texts<'a>(value: &'a Value, path: &str) -> Vec<&'a str> {
    // most of the paths that are tried lead nowhere
    let first = path.split('.').next().unwrap_or(path);
    if value.as_object().is_some_and(|fields| !fields.keys().any(|key| key.eq_ignore_ascii_case(first))) {
        return Vec::new();
    }
    let mut found = vec![value];
    for key in path.split('.') {
        found = found
            .into_iter()
            .flat_map(items)
            .filter_map(|value| {
                let fields = value.as_object()?;
                fields
                    .get(key)
                    .or_else(|| fields.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v))
            })
            .collect();
    }
    found.into_iter().flat_map(items).filter_map(Value::as_str).filter(|text| is_told(text)).collect()
}

fn is_told(text: &str) -> bool {
    !text.is_empty() && text != "HIDDEN_DUE_TO_SECURITY_REASONS"
}

/// What a list holds: EC2 writes `{ "items": […] }`, others a list, and some one item without any list around it.
pub(super) fn items_at<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    match value.get(key) {
        Some(Value::Object(fields)) if fields.is_empty() => &[],
        Some(list @ Value::Object(fields)) => fields.get("items").map_or(std::slice::from_ref(list), items),
        Some(Value::Array(list)) => list,
        _ => &[],
    }
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        other => std::slice::from_ref(other),
    }
}

/// Lambda's `UpdateFunctionCode20150331v2` is `UpdateFunctionCode`.
fn without_version(name: &str) -> &str {
    let dated = name
        .strip_suffix(|c: char| c.is_ascii_digit())
        .and_then(|rest| rest.strip_suffix('v'))
        .unwrap_or(name);
    match dated.len().checked_sub(8).and_then(|at| dated.split_at_checked(at)) {
        Some((plain, date)) if !plain.is_empty() && date.bytes().all(|b| b.is_ascii_digit()) => plain,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lambdas_version_suffix_is_stripped_and_other_digits_stay() {
        for (name, plain) in [
            ("UpdateFunctionCode20150331v2", "UpdateFunctionCode"),
            ("CreateFunction20150331", "CreateFunction"),
            ("PutBucketAcl", "PutBucketAcl"),
            ("EnableV2", "EnableV2"),
            ("Renewv2", "Renewv2"),
            ("Put1234567", "Put1234567"),
            ("20150331", "20150331"),
            ("Ünïcödé12", "Ünïcödé12"),
        ] {
            assert_eq!(without_version(name), plain);
        }
    }

    #[test]
    fn paths_go_through_lists_and_case_and_leave_out_what_is_hidden() {
        let value = json!({ "items": [{ "Id": "a" }, { "id": "HIDDEN_DUE_TO_SECURITY_REASONS" }, { "id": ["b", ""] }, null] });
        assert_eq!(texts(&value, "items.id"), ["a", "b"]);
        assert_eq!(texts(&Value::Null, "items.id"), Vec::<&str>::new());
    }

    #[test]
    fn the_actor_is_the_name_that_a_person_is_known_by() {
        let actor = |identity: Value| {
            Record::of(&Event {
                record: json!({ "userIdentity": identity }),
                username: Some("column".to_owned()),
                ..Event::default()
            })
            .actor()
        };
        let session = |role: &str, session: &str| json!({ "type": "AssumedRole", "arn": format!("arn:aws:sts::1:assumed-role/{role}/{session}") });
        assert_eq!(actor(session("AWSReservedSSO_Admin_0a", "ann@example.com")), "ann@example.com");
        assert_eq!(actor(session("AWSReservedSSO_Admin_0a", "ann")), "ann");
        assert_eq!(actor(session("Admin", "ann@example.com")), "ann@example.com");
        assert_eq!(actor(session("deploy", "run-7")), "deploy/run-7");
        assert_eq!(actor(json!({ "type": "IAMUser", "userName": "bob", "principalId": "AIDA" })), "bob");
        assert_eq!(actor(json!({ "type": "Root", "arn": "arn:aws:iam::1:root" })), "root");
        assert_eq!(
            actor(json!({ "type": "AWSService", "invokedBy": "ecs.amazonaws.com" })),
            "ecs.amazonaws.com"
        );
        assert_eq!(actor(Value::Null), "column");
    }
}
