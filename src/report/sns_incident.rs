//! An incident in one message: why, who asked, the likely causes, and how it ended.

use std::collections::BTreeMap;

use super::Report;
use super::sns::{Message, body, shown, subject};
use super::text::{clean, unseen_line};
use super::text_incident::{headline, kind, stands, symptoms, told};
use crate::incident::{Entry, Incident};

/// The end of the timeline: a dozen lines is what one reads on a telephone.
const LISTED: usize = 12;
/// Symptoms with their causes.
const EXPLAINED: usize = 5;

pub(super) fn message(report: &Report, incident: &Incident) -> Message {
    let reason = incident.reason.as_deref().map(|reason| format!(" {reason}")).unwrap_or_default();
    let told: Vec<&Entry> = incident.timeline.iter().filter(|entry| !entry.quiet).collect();
    let events = if told.len() == 1 { "1 event".to_owned() } else { format!("{} events", told.len()) };
    Message {
        subject: subject(&format!("incident{reason}: {}, {events}", likeliest(incident))),
        body: text(report, incident, &told),
        attributes: BTreeMap::from([("kind", "incident".to_owned())]),
    }
}

/// What the first symptom likely comes from, in a word.
fn likeliest(incident: &Incident) -> String {
    let first = incident.explanations.first();
    let cause = first.and_then(|explanation| incident.timeline.get(explanation.causes.first()?.entry));
    match (cause, first) {
        (Some(entry), _) => format!("likely {} of {}", entry.kind.as_str(), entry.called()),
        (None, Some(_)) => "no likely cause".to_owned(),
        (None, None) => "nothing was felt".to_owned(),
    }
}

fn text(report: &Report, incident: &Incident, timeline: &[&Entry]) -> String {
    let mut lines = vec![format!("{}.", shown(&headline(incident)))];
    if let Some(who) = &incident.asked_by {
        lines.push(format!("Asked by {}", shown(who)));
    }
    lines.push(String::new());
    lines.push("Likely causes:".to_owned());
    if incident.explanations.is_empty() {
        lines.push("- nothing was felt that would ask for a cause".to_owned());
    }
    for explanation in incident.explanations.iter().take(EXPLAINED) {
        lines.extend(symptoms(incident, explanation).iter().map(|symptom| format!("- {}", shown(symptom))));
        match explanation.causes.first() {
            Some(cause) => lines.push(format!("  {}", shown(&told(incident, cause)))),
            None => lines.push("  no change or deployment before it is known".to_owned()),
        }
    }
    lines.push(String::new());
    let earlier = timeline.len().saturating_sub(LISTED);
    lines.push(match earlier {
        0 => "Timeline (UTC):".to_owned(),
        n => format!("The end of the timeline (UTC); {n} earlier events are in the report:"),
    });
    for entry in &timeline[earlier..] {
        lines.push(format!("- {} {}: {}", entry.time.format("%F %H:%M"), kind(entry), shown(&entry.text)));
        lines.extend(stands(entry).map(|stands| format!("  {}", shown(&stands))));
    }
    lines.push(String::new());
    lines.extend(incident.missing.iter().map(|missing| format!("Not in it: {}", shown(missing))));
    lines.extend(
        report.unseen().iter().map(|row| format!("Could not be seen: {}", shown(&unseen_line(report, row)))),
    );
    lines.extend(report.notes.iter().map(|note| format!("Note: {}", shown(note))));
    if let Some(place) = &incident.page {
        lines.push(format!("The whole report: {}", clean(place)));
    }
    lines.push(format!("The scan beside it: {}.", report.headline()));
    lines.push(format!("Run {} ({})", clean(&report.run.id), report.run.trigger));
    body(&lines)
}
