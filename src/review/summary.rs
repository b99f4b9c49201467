//! A review in one line, and in a few.

use chrono::TimeDelta;

use super::Review;
use crate::incident::noun;
use crate::inventory::Meta;

/// What a line shows of one name.
const NAME_CHARS: usize = 60;
/// What a line shows of one statement.
const STATEMENT_CHARS: usize = 80;
const HEADLINE_CHARS: usize = 199;

/// `First week: 3 incidents (worst: DB instance orders, 28 minutes), 2 failed deployments, $312 against $210 expected`.
pub fn headline(review: &Review) -> String {
    in_one_line(review, true)
}

/// The same without the worst, to fit a subject.
pub(crate) fn subject(review: &Review) -> String {
    in_one_line(review, false)
}

fn in_one_line(review: &Review, with_worst: bool) -> String {
    let told = review.until - review.since;
    let when = if told <= TimeDelta::days(8) {
        "First week".to_owned()
    } else {
        format!("The last {} days", told.num_days())
    };
    let incidents = match review.incidents.first() {
        None => "no incidents".to_owned(),
        Some(_) if !with_worst => counted(review.incidents.len(), "incident"),
        Some(worst) => format!(
            "{} (worst: {}, {})",
            counted(review.incidents.len(), "incident"),
            cut(&worst.called(), NAME_CHARS),
            span(worst.seconds(review.until))
        ),
    };
    let deployments = match (review.deployments.count, review.deployments.failed) {
        (0, _) => "no deployments".to_owned(),
        (_, 0) => "no failed deployments".to_owned(),
        (_, failed) => counted(failed, "failed deployment"),
    };
    let costs = money(review).map(|costs| format!(", {costs}")).unwrap_or_default();
    cut(&format!("{when}: {incidents}, {deployments}{costs}"), HEADLINE_CHARS)
}

/// `$312 against $210 expected`.
fn money(review: &Review) -> Option<String> {
    let monthly = review.costs.monthly_usd?;
    Some(match review.costs.expected_usd {
        Some(expected) => format!("${monthly:.0} against ${expected:.0} expected"),
        None => format!("${monthly:.0} a month"),
    })
}

/// At most eight lines of plain text.
pub fn lines(review: &Review) -> Vec<String> {
    let mut lines: Vec<String> = vec![incidents(review)];
    lines.extend(review.incidents.first().map(|worst| {
        let first = worst.symptoms.first().map(|symptom| symptom.text.as_str()).unwrap_or_default();
        format!("Worst, from {}: {}", worst.from.format("%F %H:%M UTC"), cut(first, 160))
    }));
    lines.push(deployments(review));
    lines.push(slow(review));
    lines.push(noise(review));
    lines.push(match (money(review), &review.costs.unknown) {
        (Some(money), None) => format!("Costs, a month at the pace of the last settled week: {money}"),
        (Some(money), Some(why)) => format!("Costs: {money}; {why}"),
        (None, why) => format!("Costs: not known, {}", why.as_deref().unwrap_or("the bill was not read")),
    });
    if !review.missing.is_empty() {
        lines.push(format!("Not seen: {}", counted(review.missing.len(), "thing")));
    }
    lines
}

fn incidents(review: &Review) -> String {
    let told = match review.incidents.len() {
        0 => "No incidents".to_owned(),
        n => counted(n, "incident"),
    };
    match review.flickers {
        0 => told,
        1 => format!("{told}; once an alarm went off and back by itself"),
        n => format!("{told}; {n} times an alarm went off and back by itself"),
    }
}

fn deployments(review: &Review) -> String {
    let friction = &review.deployments;
    if friction.count == 0 {
        return "No deployments were seen".to_owned();
    }
    let mut told = counted(friction.count, "deployment");
    if let (Some(median), Some(slowest)) = (friction.median_seconds, friction.slowest_seconds) {
        told = format!("{told}, median {}, slowest {}", span(median), span(slowest));
    }
    format!("{told}; {} failed, {} of them taken back", friction.failed, friction.rolled_back)
}

fn slow(review: &Review) -> String {
    let heaviest =
        review.databases.iter().find_map(|database| database.queries.first().map(|query| (database, query)));
    match heaviest {
        Some((database, query)) => {
            format!(
                "Slowest on {}: {}",
                cut(&database.resource.id, NAME_CHARS),
                cut(&query.statement, STATEMENT_CHARS)
            )
        }
        None => match review.databases.iter().filter(|database| database.source == "off").count() {
            0 => "No slow statements were seen".to_owned(),
            1 => "Slow statements: 1 database records none".to_owned(),
            n => format!("Slow statements: {n} databases record none"),
        },
    }
}

fn noise(review: &Review) -> String {
    let loud = review.noise.iter().filter(|alarm| alarm.verdict != "calm").count();
    match review.noise.first().filter(|_| loud > 0) {
        Some(loudest) => format!(
            "{} too loud, {} first: {}",
            if loud == 1 { "1 alarm is".to_owned() } else { format!("{loud} alarms are") },
            cut(&loudest.name, NAME_CHARS),
            loudest.advice
        ),
        None => "No alarm is too loud".to_owned(),
    }
}

/// `DB instance orders`, in the words of an incident.
pub(crate) fn called(resource_type: &str, meta: &Meta) -> String {
    format!("{} {}", noun(resource_type), if meta.name.is_empty() { &meta.id } else { &meta.name })
}

/// `45 seconds`, `28 minutes`, `1 hour 5 minutes`, `3 days`.
pub(crate) fn span(seconds: i64) -> String {
    match seconds {
        ..60 => counted(usize::try_from(seconds).unwrap_or_default(), "second"),
        60..172_800 => crate::incident::span(seconds / 60),
        _ => counted(usize::try_from(seconds / 86_400).unwrap_or_default(), "day"),
    }
}

fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        None => text.to_owned(),
        Some(_) => text.chars().take(chars.saturating_sub(1)).chain(['…']).collect(),
    }
}
