//! A review for a terminal.

use super::text::{BOLD, Page};
use crate::inventory::rds::SlowQuery;
use crate::review::{CostCheck, Database, Deployments, Incident, NoisyAlarm, Review, called, headline, span};

/// What is listed of each part; the JSON has all.
const LISTED: usize = 10;

impl Page<'_> {
    pub(super) fn review(&mut self, review: &Review) {
        self.wrapped("", "", &format!("{}.", headline(review)));
        let at = |time: &chrono::DateTime<chrono::Utc>| time.format("%F %H:%M").to_string();
        self.line(&format!("From {} to {} UTC.", at(&review.since), at(&review.until)));
        self.line("");
        self.review_part("INCIDENTS", &incidents(review));
        self.review_part("SLOW STATEMENTS", &databases(review));
        self.review_part("DEPLOYMENTS", &friction(review));
        self.review_part("ALARMS, THE LOUDEST FIRST", &noise(review));
        self.review_part("COSTS", &[(costs(&review.costs), Vec::new())]);
        self.section("NOT IN THE REVIEW", &review.missing);
    }

    fn review_part(&mut self, heading: &str, items: &[(String, Vec<String>)]) {
        self.heading(BOLD, heading);
        for (item, details) in items {
            self.wrapped("  ", "    ", item);
            for detail in details {
                match detail.strip_prefix("$ ") {
                    // to be copied
                    Some(command) => self.line(&format!("    $ {}", super::text::clean(command))),
                    None => self.wrapped("    ", "      ", detail),
                }
            }
        }
        self.line("");
    }
}

/// Each item with what is to be said beneath it.
pub(super) fn incidents(review: &Review) -> Vec<(String, Vec<String>)> {
    let mut items: Vec<(String, Vec<String>)> = review
        .incidents
        .iter()
        .take(LISTED)
        .map(|incident| {
            let symptoms = incident.symptoms.iter().take(LISTED);
            let mut told: Vec<String> =
                symptoms.map(|one| format!("{} {}", one.at.format("%H:%M"), one.text)).collect();
            told.extend(more(incident.symptoms.len()));
            (incident_line(incident, review), told)
        })
        .collect();
    if items.is_empty() {
        items.push(("none".to_owned(), Vec::new()));
    }
    items.extend(more(review.incidents.len()).map(|line| (line, Vec::new())));
    if review.flickers > 0 {
        let times = if review.flickers == 1 { "once" } else { &format!("{} times", review.flickers) };
        let line = format!(
            "Beside these, {times} an alarm went off and back within ten minutes, and nothing went along with it."
        );
        items.push((line, Vec::new()));
    }
    items
}

fn incident_line(incident: &Incident, review: &Review) -> String {
    let lasted = span(incident.seconds(review.until));
    let lasted = match incident.until {
        Some(_) if incident.seconds(review.until) == 0 => String::new(),
        Some(_) => format!(" for {lasted}"),
        None => format!(" for {lasted}, and goes on"),
    };
    format!("{} {}{lasted}", incident.from.format("%F %H:%M"), incident.resources.join(", "))
}

pub(super) fn databases(review: &Review) -> Vec<(String, Vec<String>)> {
    let mut items: Vec<(String, Vec<String>)> = review.databases.iter().map(database).collect();
    if items.is_empty() {
        items.push(("no databases were seen".to_owned(), Vec::new()));
    }
    items
}

fn database(database: &Database) -> (String, Vec<String>) {
    let at = |time: Option<chrono::DateTime<chrono::Utc>>| time.map(|at| at.format("%F %H:%M").to_string());
    let since = at(database.from).map(|from| format!(" since {from}")).unwrap_or_default();
    let told = match database.source.as_str() {
        "performance_insights" => format!("by Performance Insights{since}"),
        "slow_log" => format!("by its log of slow statements{since}"),
        "off" => "records no statements; switch on:".to_owned(),
        _ => "not known".to_owned(),
    };
    let mut details: Vec<String> = database.queries.iter().map(query).collect();
    if details.is_empty() && matches!(database.source.as_str(), "performance_insights" | "slow_log") {
        details.push("none".to_owned());
    }
    for step in &database.enable {
        details.push(step.text.clone());
        details.extend(step.command.as_ref().map(|command| format!("$ {command}")));
    }
    if !database.note.is_empty() {
        details.push(format!("({})", database.note));
    }
    (format!("{} ({}) {told}", database.resource.id, database.engine), details)
}

fn query(query: &SlowQuery) -> String {
    let mut measures = Vec::new();
    measures.extend(query.load.map(|load| format!("{load:.2} sessions")));
    measures.extend(query.share.map(|share| format!("{:.0}%", share * 100.0)));
    measures.extend(query.calls.map(|calls| format!("{calls} slow calls")));
    measures.extend(query.total_seconds.map(|seconds| format!("{seconds:.1} s in all")));
    measures.extend(query.max_seconds.map(|seconds| format!("{seconds:.1} s at most")));
    format!("{}: {}", measures.join(", "), query.statement)
}

pub(super) fn friction(review: &Review) -> Vec<(String, Vec<String>)> {
    let friction = &review.deployments;
    let mut items: Vec<(String, Vec<String>)> =
        friction.services.iter().take(LISTED).map(|one| (deployments(one), Vec::new())).collect();
    if items.is_empty() {
        items.push(("none were seen".to_owned(), Vec::new()));
    }
    items.extend(more(friction.services.len()).map(|line| (line, Vec::new())));
    items.extend(friction.untold.iter().map(|line| (line.clone(), Vec::new())));
    items
}

fn deployments(of: &Deployments) -> String {
    let times = match (of.median_seconds, of.slowest_seconds) {
        (Some(median), Some(slowest)) if of.timed > 1 => {
            format!(", median {}, slowest {}", span(median), span(slowest))
        }
        (Some(median), _) => format!(", took {}", span(median)),
        (None, _) => ", how long they took is not known".to_owned(),
    };
    let failed = match (of.failed, of.rolled_back) {
        (0, _) => String::new(),
        (failed, 0) => format!(", {failed} failed"),
        (failed, back) => format!(", {failed} failed ({back} taken back)"),
    };
    // a failure has no time of its own
    let known = if of.timed > 0 && of.timed + of.failed < of.count {
        format!(" (of {} of them it is known)", of.timed)
    } else {
        String::new()
    };
    format!("{}: {} deployed{failed}{times}{known}", called(&of.resource_type, &of.resource), of.count)
}

pub(super) fn noise(review: &Review) -> Vec<(String, Vec<String>)> {
    let mut items: Vec<(String, Vec<String>)> = review
        .noise
        .iter()
        .take(LISTED)
        .map(|alarm| (alarm_line(alarm), vec![alarm.advice.clone()]))
        .collect();
    if items.is_empty() {
        items.push(("none changed its state".to_owned(), Vec::new()));
    }
    items.extend(more(review.noise.len()).map(|line| (line, Vec::new())));
    items
}

fn alarm_line(alarm: &NoisyAlarm) -> String {
    let mut parts = vec![format!("{} changes of state", alarm.transitions)];
    parts.extend(alarm.messages_per_day.map(|per_day| format!("{per_day:.1} messages a day")));
    parts.push(format!("in ALARM for {}", span(alarm.in_alarm_seconds)));
    if alarm.self_resolved > 0 {
        parts.push(format!("{} of {} times back by itself", alarm.self_resolved, alarm.fired));
    }
    parts.extend(
        alarm
            .acted_on
            .filter(|acted| *acted == 0 && alarm.in_alarm_seconds > 0)
            .map(|_| "never acted on".to_owned()),
    );
    let verdict = match alarm.verdict {
        "grave" => "far too loud: ",
        "loud" => "too loud: ",
        _ => "",
    };
    format!("{}: {verdict}{}", alarm.name, parts.join(", "))
}

pub(super) fn costs(costs: &CostCheck) -> String {
    let settled = costs.settled.map(|day| format!(" that ended on {day}")).unwrap_or_default();
    let pace = costs.monthly_usd.map(|monthly| {
        let week = costs.week_usd.unwrap_or_default();
        format!("${monthly:.0} a month at the pace of the week{settled} (${week:.2})")
    });
    let against = costs.expected_usd.zip(costs.over_usd).map(|(expected, over)| {
        let (by, way) = (over.abs(), if over < 0.0 { "less" } else { "more" });
        format!("${by:.0} {way} than the ${expected:.0} expected")
    });
    let parts: Vec<String> = [pace, against, costs.unknown.clone()].into_iter().flatten().collect();
    parts.join("; ")
}

fn more(listed: usize) -> Option<String> {
    (listed > LISTED).then(|| format!("… and {} more in the JSON", listed - LISTED))
}
