//! The week in a message: what it cost, what came and went, what to do first. The same lines go to Slack, to
//! Amazon Q Developer, into an e-mail and onto the terminal.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

use super::Report;
use super::text::{clean, resource_label, unseen_line};
use crate::cost::summary::{Costs, Driver, Line};
use crate::findings::state::State;
use crate::findings::sum::monthly_usd;
use crate::findings::{Finding, Status};
use crate::inventory::cloudtrail::Change;
use crate::policy::outcome::Severity;
use crate::review::{self, Review};

/// What a busy person reads of each list.
const LISTED: usize = 5;
const DRIVERS: usize = 3;
/// Below it, a driver is not worth a line.
const WORTH_USD: i64 = 1;
/// Two weeks, a character a day.
const SPARK_DAYS: usize = 14;

/// What the digest tells beside the report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Digest {
    /// News are those since then: the last digest, or a week ago.
    pub since: DateTime<Utc>,
    pub title: String,
    /// `2026-W48`: what the messages of one week have in common.
    pub week: String,
    pub parts: Vec<Part>,
}

/// A heading with its lines, in plain text.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    pub heading: &'static str,
    pub lines: Vec<String>,
}

/// `whose` names the accounts.
pub fn digest(
    report: &Report,
    state: &State,
    whose: &str,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Digest {
    let standing: Vec<&Finding> = report.findings.iter().filter(|f| f.status.is_violation()).collect();
    let mut parts = vec![costs(report.costs.as_ref())];
    parts.extend(drivers(report.costs.as_ref()));
    parts.extend(first(report, &standing));
    parts.push(findings(report, state, &standing, since));
    parts.extend(by_hand(state, now));
    parts.extend(report.review.as_ref().map(|review| Part {
        heading: "Since the move",
        lines: vec![clean(&review::headline(review)).into_owned()],
    }));
    parts.extend(unseen(report));
    Digest {
        since,
        title: title(report, whose, &standing),
        week: week(now),
        parts: parts.into_iter().filter(|part| !part.lines.is_empty()).collect(),
    }
}

/// A review, in the same form.
pub fn of_review(review: &Review, now: DateTime<Utc>) -> Digest {
    let lines = review::lines(review).iter().map(|line| clean(line).into_owned()).collect();
    Digest {
        since: review.since,
        title: clean(&review::headline(review)).into_owned(),
        week: week(now),
        parts: vec![Part { heading: "Since the move", lines }],
    }
}

fn week(now: DateTime<Utc>) -> String {
    let week = now.iso_week();
    format!("{}-W{:02}", week.year(), week.week())
}

impl Digest {
    /// For an e-mail and the terminal.
    pub fn text(&self) -> String {
        let mut lines = vec![self.title.clone()];
        for part in &self.parts {
            lines.push(String::new());
            lines.push(part.heading.to_owned());
            lines.extend(part.lines.iter().map(|line| format!("- {line}")));
        }
        lines.join("\n")
    }
}

fn title(report: &Report, whose: &str, standing: &[&Finding]) -> String {
    let whose = clean(whose);
    let cost = report.costs.as_ref().map(|costs| format!("{}, ", week_in_short(&costs.total)));
    let urgent = standing.iter().filter(|f| f.severity >= Severity::High).count();
    let urgent = match urgent {
        0 => "nothing urgent".to_owned(),
        n => format!("{n} urgent"),
    };
    format!("AWS this week in {whose}: {}{urgent}", cost.unwrap_or_default())
}

/// `$312, up 37% on the usual`.
fn week_in_short(total: &Line) -> String {
    let spent = usd(total.week_usd);
    match against(total) {
        None => spent,
        Some((base, name)) => format!("{spent}, {}", moved(total.week_usd, base, name)),
    }
}

/// What the week is held against, and its name.
fn against(line: &Line) -> Option<(Decimal, &'static str)> {
    let usual = line.usual_week_usd.map(|usual| (usual, "the usual"));
    usual.or_else(|| Some((line.last_week_usd?, "the week before")))
}

fn moved(now: Decimal, base: Decimal, name: &str) -> String {
    let change = now - base;
    if change.abs() < Decimal::ONE {
        return format!("as {name}").replace("as the usual", "as usual");
    }
    let direction = if change > Decimal::ZERO { "up" } else { "down" };
    if base <= Decimal::ZERO {
        return format!("{direction} {} on {name}", usd(change.abs()));
    }
    let percent = (change.abs() * Decimal::ONE_HUNDRED / base).round();
    format!("{direction} {percent}% on {name}")
}

pub(super) fn costs(costs: Option<&Costs>) -> Part {
    let lines = match costs {
        None => vec!["The bill was not read, so nothing is known of it.".to_owned()],
        Some(Costs { settled, total, .. }) => {
            let spent = format!("{} in the seven days to {}", usd(total.week_usd), settled.format("%-d %B"));
            let mut known = Vec::new();
            known.extend(total.last_week_usd.map(|last| format!("{} the week before", usd(last))));
            known.extend(total.usual_week_usd.map(|usual| format!("{} usually", usd(usual))));
            let known = if known.is_empty() {
                "the account is too young to say what is usual".to_owned()
            } else {
                known.join(", ")
            };
            vec![format!("{} {spent}; {known}", spark(total)).trim_start().to_owned()]
        }
    };
    Part { heading: "Cost", lines }
}

pub(super) fn drivers(costs: Option<&Costs>) -> Option<Part> {
    let worth = |driver: &&Driver| {
        driver.line.change_usd().is_some_and(|change| change.abs() >= Decimal::from(WORTH_USD))
    };
    let lines = costs?.drivers.iter().filter(worth).take(DRIVERS).map(driver_line).collect();
    Some(Part { heading: "What moved", lines })
}

fn driver_line(driver: &Driver) -> String {
    let change = driver.line.change_usd().unwrap_or_default();
    let sign = if change < Decimal::ZERO { "-" } else { "+" };
    let mut whose: Vec<String> = driver
        .shares
        .iter()
        .take(2)
        .map(|share| {
            let name = if share.resource.name.is_empty() { &share.resource.id } else { &share.resource.name };
            let behind = match share.behind.as_slice() {
                [] => String::new(),
                behind => format!(", behind it {}", behind.join(", ")),
            };
            format!("{} of {}{behind}", usd(share.week_usd), name)
        })
        .collect();
    if driver.shares.len() > 2 {
        whose.push(format!("{} more", driver.shares.len() - 2));
    }
    if driver.unattributed_usd > Decimal::ONE && !whose.is_empty() {
        whose.push(format!("{} of no resource that is known", usd(driver.unattributed_usd)));
    }
    let whose = if whose.is_empty() { String::new() } else { format!(": {}", whose.join("; ")) };
    clean(&format!(
        "{} {sign}{} {} ({} a week){whose}",
        spark(&driver.line),
        usd(change.abs()),
        driver.title,
        usd(driver.line.week_usd),
    ))
    .into_owned()
}

/// What comes first: the gravest, and of what is equally grave what saves most; then what saves most of all.
pub(super) fn first(report: &Report, standing: &[&Finding]) -> Option<Part> {
    let saves = |finding: &Finding| finding.monthly_cost_usd.unwrap_or_default();
    let by_gravity =
        |a: &&&Finding, b: &&&Finding| a.severity.cmp(&b.severity).then(saves(a).total_cmp(&saves(b)));
    let gravest = *standing.iter().max_by(by_gravity)?;
    let dearest = standing.iter().max_by(|a, b| saves(a).total_cmp(&saves(b))).copied();
    let mut lines = vec![action(report, gravest)];
    let also = dearest.filter(|f| f.id != gravest.id && saves(f) >= 1.0);
    lines.extend(also.map(|finding| action(report, finding)));
    Some(Part { heading: "Do first", lines })
}

fn action(report: &Report, finding: &Finding) -> String {
    let fix = first_sentence(&finding.fix);
    let saves = match finding.monthly_cost_usd {
        Some(cost) if cost >= 0.01 => format!(" It costs {} a month.", usd_f64(cost)),
        _ => String::new(),
    };
    let fix = if fix.is_empty() { &finding.title } else { &fix };
    clean(&format!("{}: {fix}{saves}", placed(report, finding))).into_owned()
}

/// The resource, with its account where there is more than one.
fn placed(report: &Report, finding: &Finding) -> String {
    let (label, account) = (resource_label(finding), &finding.resource.account);
    match report.names.get(account).filter(|_| report.accounts.len() > 1) {
        _ if label == *account => report.called(account),
        Some(name) => format!("{label} in {name}"),
        None if report.accounts.len() > 1 => format!("{label} in {account}"),
        None => label,
    }
}

/// Of the first paragraph, whose lines are broken anywhere.
fn first_sentence(text: &str) -> String {
    let paragraph: Vec<&str> =
        text.trim().lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let paragraph = paragraph.join(" ");
    match paragraph.split_once(". ") {
        Some((sentence, _)) => format!("{sentence}."),
        None => paragraph,
    }
}

fn findings(report: &Report, state: &State, standing: &[&Finding], since: DateTime<Utc>) -> Part {
    let (new, open): (Vec<&Finding>, Vec<&Finding>) =
        standing.iter().partition(|f| f.first_seen >= since || f.status == Status::Reopened);
    let resolved: Vec<Severity> = state
        .findings
        .values()
        .filter(|record| record.resolved_at.is_some_and(|at| at >= since))
        .map(|record| record.severity)
        .collect();
    let of = |findings: &[&Finding]| findings.iter().map(|f| f.severity).collect::<Vec<_>>();
    let muted = report.count(Status::Muted);
    let mut counts =
        vec![counted("new", &of(&new)), counted("resolved", &resolved), counted("still open", &of(&open))];
    if muted > 0 {
        counts.push(format!("{muted} muted"));
    }
    let mut lines = vec![counts.join(", ")];
    let monthly = monthly_usd(&report.findings);
    if monthly >= Decimal::ONE {
        lines.push(format!("Together they cost about {} a month", usd(monthly)));
    }
    let mut told = new.clone();
    told.sort_by_key(|f| std::cmp::Reverse(f.severity));
    lines.extend(told.iter().take(LISTED).map(|f| {
        let line = format!("new, {}: {}: {}", f.severity, placed(report, f), f.title);
        clean(&line).into_owned()
    }));
    lines.extend(more(told.len()));
    Part { heading: "Findings", lines }
}

/// `3 new (1 critical, 2 low)`.
fn counted(what: &str, severities: &[Severity]) -> String {
    let mut by_severity: BTreeMap<std::cmp::Reverse<Severity>, usize> = BTreeMap::new();
    for severity in severities {
        *by_severity.entry(std::cmp::Reverse(*severity)).or_default() += 1;
    }
    let split: Vec<String> =
        by_severity.into_iter().map(|(severity, n)| format!("{n} {}", severity.0)).collect();
    match severities.len() {
        0 => format!("0 {what}"),
        n => format!("{n} {what} ({})", split.join(", ")),
    }
}

/// What stands of changes by hand that nobody agreed to.
fn by_hand(state: &State, now: DateTime<Utc>) -> Option<Part> {
    let mut changes: Vec<&Change> = state
        .changes
        .iter()
        .filter(|change| change.by == "person" && change.stands == "in_force" && change.approved.is_none())
        .collect();
    changes.sort_by_key(|change| change.last);
    let mut lines: Vec<String> = changes
        .iter()
        .take(LISTED)
        .map(|change| {
            let days = change.last.map(|last| (now - last).num_days());
            let ago = match days {
                None => String::new(),
                Some(0) => ", today".to_owned(),
                Some(1) => ", yesterday".to_owned(),
                Some(days) => format!(", {days} days ago"),
            };
            clean(&format!("{} by {}{ago}", change.meta.name, change.actors.join(" and "))).into_owned()
        })
        .collect();
    lines.extend(more(changes.len()));
    (!lines.is_empty()).then_some(Part { heading: "Changed by hand, and in no code", lines })
}

fn unseen(report: &Report) -> Option<Part> {
    let unseen = report.unseen();
    let mut lines: Vec<String> = unseen.iter().take(LISTED).map(|row| unseen_line(report, row)).collect();
    lines.extend(more(unseen.len()));
    (!lines.is_empty()).then_some(Part { heading: "Could not be seen", lines })
}

fn more(all: usize) -> Option<String> {
    (all > LISTED).then(|| format!("… and {} more in the report", all - LISTED))
}

/// The last two weeks, a character a day.
pub(super) fn spark(line: &Line) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let days = &line.days[line.days.len().saturating_sub(SPARK_DAYS)..];
    let highest = days.iter().map(|day| day.usd).max().unwrap_or_default();
    if highest <= Decimal::ZERO {
        return String::new();
    }
    let height = |usd: Decimal| {
        let eighths = (usd.max(Decimal::ZERO) / highest * Decimal::from(7)).round();
        usize::try_from(eighths).unwrap_or_default().min(7)
    };
    days.iter().map(|day| BARS[height(day.usd)]).collect()
}

/// Cents below a hundred dollars, whole dollars from there on.
pub(super) fn usd(amount: Decimal) -> String {
    let sign = if amount.is_sign_negative() && !amount.is_zero() { "-" } else { "" };
    let amount = amount.abs();
    if amount < Decimal::ONE_HUNDRED { format!("{sign}${amount:.2}") } else { format!("{sign}${amount:.0}") }
}

fn usd_f64(amount: f64) -> String {
    Decimal::try_from(amount).map(usd).unwrap_or_default()
}

#[cfg(test)]
mod tests;
