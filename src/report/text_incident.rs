//! An incident for a terminal: the timeline, the likely causes, and the findings that have to do with it.

use super::text::{BOLD, Page};
use crate::incident::{Cause, Entry, Explanation, Incident, stands_words};

impl Page<'_> {
    pub(super) fn incident(&mut self, incident: &Incident) {
        self.wrapped("", "", &headline(incident));
        self.line("");
        self.timeline(incident);
        self.explanations(incident);
        self.section("NOT IN THE TIMELINE", &incident.missing);
    }

    fn timeline(&mut self, incident: &Incident) {
        self.heading(BOLD, "TIMELINE (UTC)");
        let mut day = None;
        for entry in incident.timeline.iter().filter(|entry| !entry.quiet) {
            let date = entry.time.date_naive();
            if day.replace(date) != Some(date) {
                self.line(&format!("  {date}"));
            }
            let first = format!("  {}  {:10}  ", entry.time.format("%H:%M"), kind(entry));
            self.wrapped(&first, "                     ", &entry.text);
            if let Some(stands) = stands(entry) {
                self.wrapped("                     ", "                     ", &stands);
            }
        }
        if incident.timeline.iter().all(|entry| entry.quiet) {
            self.line("  nothing is known to have happened");
        }
        self.line("");
    }

    fn explanations(&mut self, incident: &Incident) {
        if incident.explanations.is_empty() {
            return;
        }
        self.heading(BOLD, "LIKELY CAUSES");
        for explanation in &incident.explanations {
            for symptom in symptoms(incident, explanation) {
                self.wrapped("  ", "    ", &symptom);
            }
            if explanation.causes.is_empty() {
                self.line("    no change or deployment before it is known");
            }
            for (number, cause) in (1..).zip(&explanation.causes) {
                self.wrapped(&format!("    {number}. "), "       ", &told(incident, cause));
            }
            self.line("");
        }
    }
}

/// `INC-42: what happened from … to …`.
pub(super) fn headline(incident: &Incident) -> String {
    let reason = incident.reason.as_ref().map(|reason| format!("{reason}: ")).unwrap_or_default();
    let at = |time: &chrono::DateTime<chrono::Utc>| time.format("%F %H:%M").to_string();
    format!("{reason}what happened from {} to {} UTC", at(&incident.since), at(&incident.until))
}

pub(super) fn kind(entry: &Entry) -> &'static str {
    match entry.kind.as_str() {
        "rds_event" => "database",
        "deployment" => "deploy",
        kind => kind,
    }
}

/// Of a change by hand, whether it still stands; what cannot be told of any is no news.
pub(super) fn stands(entry: &Entry) -> Option<String> {
    let verdict = entry.stands.as_deref().filter(|verdict| *verdict != "unknown")?;
    Some(match (verdict, &entry.stands_because) {
        // its parts are told one by one
        ("partly", Some(parts)) => parts.clone(),
        ("in_force", _) | (_, None) => stands_words(verdict).to_owned(),
        (_, Some(because)) => format!("{}: {because}", stands_words(verdict)),
    })
}

/// The symptoms, each once however often it was felt.
pub(super) fn symptoms(incident: &Incident, explanation: &Explanation) -> Vec<String> {
    let entries = explanation.symptoms.iter().filter_map(|at| incident.timeline.get(*at));
    entries.map(|entry| format!("{} {}", entry.time.format("%H:%M"), entry.text)).collect()
}

/// A cause with its reason, and where in the timeline it stands.
pub(super) fn told(incident: &Incident, cause: &Cause) -> String {
    let Some(entry) = incident.timeline.get(cause.entry) else {
        return cause.reason.clone();
    };
    let who = entry.actor.as_ref().map(|who| format!(", {who}")).unwrap_or_default();
    format!("{} ({}{who})", cause.reason, entry.time.format("%H:%M"))
}
