//! What the formats of other programs have in common: whom a finding concerns, and texts that fit.

use serde::Serialize;
use serde_json::Value;

use super::json_v1::escaped;
use super::text::steers;
use super::{About, Report};
use crate::config::regions;
use crate::findings::{Finding, Status};
use crate::inventory::GLOBAL;

/// Who muted a finding, and why, as far as the run tells.
pub(super) struct Mute<'f> {
    pub(super) owner: &'f str,
    pub(super) reason: &'f str,
    pub(super) expires: &'f str,
}

impl<'f> Mute<'f> {
    pub(super) fn of(finding: &'f Finding) -> Option<Self> {
        let told = |key: &str| finding.evidence.get("muted")?.get(key)?.as_str();
        (finding.status == Status::Muted).then(|| Self {
            owner: told("owner").unwrap_or_default(),
            reason: told("reason").unwrap_or_default(),
            expires: told("expires").unwrap_or_default(),
        })
    }

    pub(super) fn sentence(&self) -> String {
        let parts = [(self.reason, ""), (self.owner, "muted by "), (self.expires, "until ")];
        let told = parts.iter().filter(|(text, _)| !text.is_empty());
        told.map(|(text, before)| format!("{before}{text}")).collect::<Vec<_>>().join(", ")
    }
}

/// Why the finding could not be looked at again.
pub(super) fn unknown_because(finding: &Finding) -> Option<&str> {
    let told = finding.evidence.get("unknown_because").and_then(Value::as_str);
    (finding.status == Status::Unknown).then(|| told.unwrap_or("this run could not look"))
}

/// What the finding rests on, without what is told of its status.
pub(super) fn evidence(finding: &Finding) -> impl Iterator<Item = (&String, &Value)> {
    finding.evidence.iter().filter(|(key, _)| *key != "muted" && *key != "unknown_because")
}

/// Whether an earlier run saw it already.
pub(super) fn seen_before(finding: &Finding) -> bool {
    finding.status != Status::New && finding.first_seen < finding.last_seen
}

/// The ARN of its resource, or else the id.
pub(super) fn resource_uid(finding: &Finding) -> &str {
    let resource = &finding.resource;
    if resource.arn.is_empty() { &resource.id } else { &resource.arn }
}

/// What its policy says of itself, where the run knows that.
pub(super) fn about<'r>(report: &'r Report, finding: &Finding) -> Option<&'r About> {
    report.policies.iter().find(|policy| policy.id == finding.policy)?.about.as_ref()
}

/// Where its resource is; of what a partition has once, the region that answers for it.
pub(super) fn region<'r>(report: &'r Report, finding: &'r Finding) -> &'r str {
    let region = finding.resource.region.as_str();
    if !region.is_empty() && region != GLOBAL {
        return region;
    }
    let partition = finding.resource.arn.strip_prefix("arn:").and_then(|rest| rest.split(':').next());
    regions::home_of_global(match partition {
        Some("aws-cn") => "cn-",
        Some("aws-us-gov") => "us-gov-",
        Some("aws-eusc") => "eusc-",
        Some("aws") => "us-",
        _ => report.regions.first().map_or("", String::as_str),
    })
}

/// The text with all that could steer a terminal or turn the reading order around shown as such.
/// Its lines stay.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        if char != '\n' && steers(char) {
            shown.extend(char.escape_default());
        } else {
            shown.push(char);
        }
    }
    shown
}

/// The text within a limit, counted in UTF-16 as the most sparing of those who read it do; never half a character.
pub(super) fn cut(text: &str, most: usize) -> String {
    let units = |text: &str| text.chars().map(char::len_utf16).sum::<usize>();
    if text.len() <= most || units(text) <= most {
        return text.to_owned();
    }
    let mut left = most.saturating_sub(1);
    let fits = |char: &char| {
        let fits = char.len_utf16() <= left;
        left = left.saturating_sub(char.len_utf16());
        fits
    };
    let mut cut: String = text.chars().take_while(fits).collect();
    cut.push('…');
    cut
}

/// A string as it is, all else as JSON.
pub(super) fn flat(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The object without the members that are null.
pub(super) fn sparse(mut object: Value) -> Value {
    if let Value::Object(members) = &mut object {
        members.retain(|_, value| !value.is_null());
    }
    object
}

/// The document as text, which ends in a newline.
pub(super) fn document(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut json = escaped(serde_json::to_string_pretty(value)?);
    json.push('\n');
    Ok(json)
}

#[cfg(test)]
pub(super) mod tests;
