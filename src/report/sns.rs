//! Messages for an SNS topic: one readable summary a run, and one JSON message
//! a finding, with attributes to filter by. SNS takes 256 KiB of message and
//! attributes, and a subject of less than 100 ASCII characters.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::Report;
use super::digest::Digest;
use super::json_v1::{FindingV1, escaped};
use super::text::{clean, evidence_text, place, resource_label, seen, unseen_line};
use super::{sns_incident, sns_review};
use crate::findings::{Finding, Status};

/// What SNS takes of one message, and of all messages of one batch together.
pub const MAX_BYTES: usize = 262_144;

const MAX_SUBJECT: usize = 99;
/// How many findings the summary lists; the report has them all.
const LISTED: usize = 30;
/// How many things that could not be seen the summary lists.
const UNSEEN_LISTED: usize = 50;
/// What the summary shows of one text.
const SHOWN_CHARS: usize = 1000;

#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub subject: String,
    pub body: String,
    /// All of type String, none empty, since SNS refuses empty ones.
    pub attributes: BTreeMap<&'static str, String>,
}

impl Message {
    /// What counts towards [`MAX_BYTES`]; the subject does not, but it is
    /// counted to be on the safe side.
    pub fn bytes(&self) -> usize {
        self.subject.len() + self.body.len() + attribute_bytes(&self.attributes)
    }
}

/// The run in words, for people who read e-mail.
pub fn summary(report: &Report) -> Message {
    if let Some(incident) = &report.incident {
        return sns_incident::message(report, incident);
    }
    if let Some(digest) = &report.digest {
        return digest_message(report, digest);
    }
    if let Some(review) = &report.review {
        return sns_review::message(report, review);
    }
    let whose = report.whose();
    let found = report.counted().unwrap_or_else(|| "nothing found".to_owned());
    let incomplete = if report.saw_everything() { "" } else { " (incomplete)" };
    Message {
        subject: subject(&format!("aftermove: {found} in {whose}{incomplete}")),
        body: summary_body(report, &whose),
        attributes: BTreeMap::from([("kind", "summary".to_owned())]),
    }
}

pub(crate) fn digest_message(report: &Report, digest: &Digest) -> Message {
    let mut lines = vec![digest.text(), String::new()];
    lines.extend(report.notes.iter().take(LISTED).map(|note| format!("Note: {}", shown(note))));
    lines.extend(report.page.iter().map(|page| format!("The whole report: {}", page.address())));
    lines.push(format!("Run {} ({})", clean(&report.run.id), report.run.trigger));
    Message {
        subject: subject(&format!("aftermove: {}", digest.title)),
        body: body(&lines),
        attributes: BTreeMap::from([("kind", "digest".to_owned())]),
    }
}

fn summary_body(report: &Report, whose: &str) -> String {
    let mut lines = vec![format!("{}: {}.", clean(whose), report.headline()), String::new()];
    let listed = |f: &&Finding| f.status.is_violation() || f.status == Status::Unknown;
    let mut standing: Vec<&Finding> = report.findings.iter().filter(listed).collect();
    standing.sort_by_key(|f| (Reverse(f.severity), f.status));
    for finding in standing.iter().take(LISTED) {
        lines.extend(summary_entry(report, finding));
        lines.push(String::new());
    }
    if standing.len() > LISTED {
        lines.push(format!("… and {} more in the report.", standing.len() - LISTED));
        lines.push(String::new());
    }
    let resolved: Vec<&Finding> = report.findings.iter().filter(|f| f.status == Status::Resolved).collect();
    if !resolved.is_empty() {
        lines.push("Resolved:".to_owned());
        let entries = resolved.iter().take(LISTED);
        lines.extend(entries.map(|f| format!("- {}: {}", shown(&resource_label(f)), shown(&f.title))));
        if resolved.len() > LISTED {
            lines.push(format!("- … and {} more", resolved.len() - LISTED));
        }
        lines.push(String::new());
    }
    let all = report.unseen();
    let unseen = all.len();
    if unseen > 0 {
        lines.push("Could not be seen, so nothing is known about it:".to_owned());
        let rows = all.iter().take(UNSEEN_LISTED);
        lines.extend(rows.map(|row| format!("- {}", shown(&unseen_line(report, row)))));
        if unseen > UNSEEN_LISTED {
            lines.push(format!("- … and {} more", unseen - UNSEEN_LISTED));
        }
        lines.push(String::new());
    } else if report.findings.is_empty() && report.saw_everything() {
        lines.push(format!("All clear: {}.", seen(report)));
        lines.push(String::new());
    }
    for note in report.notes.iter().take(LISTED) {
        lines.push(format!("Note: {}", shown(note)));
    }
    lines.extend(report.page.iter().map(|page| format!("The whole report: {}", clean(&page.place))));
    lines.push(format!("Run {} ({})", clean(&report.run.id), report.run.trigger));
    body(&lines)
}

/// What fits of the lines.
pub(super) fn body(lines: &[String]) -> String {
    let mut body = lines.join("\n");
    body.truncate(body.floor_char_boundary(MAX_BYTES - 1024));
    body
}

fn summary_entry(report: &Report, finding: &Finding) -> Vec<String> {
    let place = place(report, &finding.resource.account, &finding.resource.region);
    let mut lines = vec![
        format!(
            "{} ({}): {}, {place}",
            finding.severity.as_str().to_uppercase(),
            finding.status.as_str(),
            shown(&resource_label(finding)),
        ),
        format!("  {}", shown(finding.message.trim())),
    ];
    if let Some(reason) = evidence_text(finding, "unknown_because") {
        lines.push(format!("  Not checked this time: {}", shown(reason)));
        return lines;
    }
    if let Some(cause) = finding.explained() {
        lines.push(format!("  because of: {}", shown(&cause)));
    }
    if let Some(fix) = finding.fix.lines().find(|line| !line.trim().is_empty()) {
        lines.push(format!("  fix: {}", shown(fix.trim())));
    }
    lines
}

/// One finding for machines: the contract's JSON plus the run's id.
pub fn finding(report: &Report, finding: &Finding) -> Message {
    let value = |text: &str| match cut(text, 256) {
        "" => "unknown".to_owned(),
        text => clean(text).into_owned(),
    };
    let attributes = BTreeMap::from([
        ("kind", "finding".to_owned()),
        ("severity", finding.severity.as_str().to_owned()),
        ("policy", value(&finding.policy)),
        ("status", finding.status.as_str().to_owned()),
        ("account", value(&finding.resource.account)),
        ("region", value(&finding.resource.region)),
    ]);
    let subject = subject(&format!(
        "aftermove: {} {} on {} ({})",
        finding.severity,
        finding.policy,
        resource_label(finding),
        finding.status.as_str(),
    ));
    let budget = MAX_BYTES - subject.len() - attribute_bytes(&attributes);
    Message { body: finding_body(report, finding, budget), subject, attributes }
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(flatten)]
    finding: FindingV1<'a>,
    run_id: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
}

/// The finding as compact JSON of at most `budget` bytes. What is too large is
/// cut, evidence first; the finding itself is never dropped.
fn finding_body(report: &Report, finding: &Finding, budget: usize) -> String {
    let render = |finding: &Finding, truncated| {
        let body = Body { finding: FindingV1::from(finding), run_id: &report.run.id, truncated };
        // Strings, numbers, lists and string-keyed maps always have a JSON form.
        escaped(serde_json::to_string(&body).unwrap_or_default())
    };
    let whole = render(finding, false);
    if whole.len() <= budget {
        return whole;
    }
    let mut small = finding.clone();
    for limit in [16_384, 4096, 1024, 256, 64, 16] {
        small.evidence = shrunk_map(&finding.evidence, limit);
        let body = render(&small, true);
        if body.len() <= budget {
            return body;
        }
    }
    small.evidence.clear();
    let mut body = render(&small, true);
    for limit in [16_384, 4096, 1024, 256] {
        if body.len() <= budget {
            break;
        }
        shorten_texts(&mut small, limit);
        body = render(&small, true);
    }
    body
}

/// Cuts texts of more than `limit` bytes, and lists and maps in proportion.
fn shrunk(value: &Value, limit: usize) -> Value {
    match value {
        Value::String(text) => Value::String(shortened(text, limit)),
        Value::Array(items) => items.iter().take(limit / 8).map(|item| shrunk(item, limit)).collect(),
        Value::Object(map) => Value::Object(shrunk_map(map, limit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn shrunk_map(map: &Map<String, Value>, limit: usize) -> Map<String, Value> {
    let entries = map.iter().filter(|(key, _)| key.len() <= limit).take(limit / 8);
    entries.map(|(key, value)| (key.clone(), shrunk(value, limit))).collect()
}

fn shorten_texts(finding: &mut Finding, limit: usize) {
    // A command that was cut is worse than none.
    for command in [&mut finding.fix_cli, &mut finding.fix_terraform] {
        if command.as_ref().is_some_and(|text| text.len() > limit) {
            *command = None;
        }
    }
    let resource = &mut finding.resource;
    resource.tags.retain(|key, value| key.len() <= limit && value.len() <= limit);
    while resource.tags.len() > 50 {
        resource.tags.pop_last();
    }
    for text in [
        &mut finding.title,
        &mut finding.message,
        &mut finding.why,
        &mut finding.fix,
        &mut resource.id,
        &mut resource.arn,
        &mut resource.name,
    ] {
        *text = shortened(text, limit);
    }
}

fn shortened(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    format!("{}…", cut(text, limit))
}

/// The longest prefix of at most `limit` bytes.
fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

pub(super) fn shown(text: &str) -> String {
    shortened(&clean(text), SHOWN_CHARS)
}

pub(super) fn subject(text: &str) -> String {
    let safe = |char: char| match char {
        ' '..='~' => char,
        _ => '?',
    };
    text.chars().take(MAX_SUBJECT).map(safe).collect()
}

fn attribute_bytes(attributes: &BTreeMap<&'static str, String>) -> usize {
    attributes.iter().map(|(name, value)| name.len() + "String".len() + value.len()).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{finding as example, report};
    use super::*;
    use crate::policy::outcome::Severity;

    fn json() -> impl Strategy<Value = Value> {
        let text = (".{0,20}", 0..800usize).prop_map(|(text, times)| text.repeat(times));
        let leaf =
            prop_oneof![Just(Value::Null), any::<i64>().prop_map(Value::from), text.prop_map(Value::from)];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                (prop::collection::vec(inner.clone(), 0..4), 1..20usize).prop_map(|(items, times)| {
                    Value::Array(items.iter().cycle().take(items.len() * times).cloned().collect())
                }),
                prop::collection::hash_map("[a-zä\u{1}]{0,9}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn fits_and_says_the_same(finding: &Finding) {
        let message = super::finding(&report(), finding);
        assert!(message.bytes() <= MAX_BYTES);
        let body: Value = serde_json::from_str(&message.body).unwrap();
        assert_eq!(body["id"], finding.id.as_str());
        assert_eq!(body["policy"], finding.policy.as_str());
        let whole = body["evidence"] == Value::Object(finding.evidence.clone());
        assert!(whole || body["truncated"] == true);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn whatever_the_evidence_the_message_fits_and_is_the_same_finding(
            evidence in prop::collection::hash_map("[a-z]{1,9}", json(), 0..6)
        ) {
            let mut finding = example("web", Severity::High, Status::New);
            finding.evidence = evidence.into_iter().collect();
            fits_and_says_the_same(&finding);
        }

        #[test]
        fn a_subject_is_short_ascii_without_control_characters(text in ".{0,300}") {
            let subject = subject(&text);
            prop_assert!(subject.len() < 100);
            prop_assert!(subject.chars().all(|c| c.is_ascii() && !c.is_control()));
        }
    }

    #[test]
    fn long_texts_are_cut_after_the_evidence_and_commands_are_left_out_whole() {
        let mut finding = example("web", Severity::High, Status::New);
        finding.message = "ä".repeat(200_000);
        finding.fix_cli = Some("aws ".repeat(100_000));
        finding.resource.name = "\u{1}".repeat(100_000);
        finding.resource.tags.extend((0..5000).map(|n| (n.to_string(), "x".repeat(100))));
        fits_and_says_the_same(&finding);
        let body: Value = serde_json::from_str(&super::finding(&report(), &finding).body).unwrap();
        assert_eq!(body["fix_cli"], Value::Null);
        assert!(body["message"].as_str().unwrap().ends_with('…'));
    }

    #[test]
    fn a_finding_without_a_region_still_has_no_empty_attribute() {
        let mut finding = example("web", Severity::High, Status::New);
        finding.resource.region.clear();
        let message = super::finding(&report(), &finding);
        assert_eq!(message.attributes["region"], "unknown");
    }

    #[test]
    fn a_summary_of_hostile_texts_fits() {
        let mut report = report();
        let mut hostile = example("web", Severity::High, Status::New);
        hostile.message = "\u{1b}".repeat(300_000);
        hostile.resource.id.clone_from(&hostile.message);
        report.findings = vec![hostile; 100];
        report.notes = vec!["x".repeat(1_000_000); 100];
        assert!(summary(&report).bytes() <= MAX_BYTES);
    }
}
