//! The report as one page that needs nothing else: no network, and no script to be read, only to filter and to copy.
//! Everything that comes from the account is escaped by the template, what could turn the reading order around is
//! shown as such, and the page lets nothing run or load but its own style and script.

use std::collections::{BTreeMap, BTreeSet};

use aws_smithy_types::base64;
use chrono::{DateTime, Utc};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::text::{clean, evidence_text, place, resource_label, unseen_line};
use super::text_incident::{headline, kind, stands, symptoms, told};
use super::{Report, digest, html_costs, text};
use crate::findings::{Finding, Status};
use crate::incident::{Entry, Incident};
use crate::policy::outcome::Severity;

const STYLE: &str = include_str!("html.css");
const SCRIPT: &str = include_str!("html.js");

pub fn render(report: &Report) -> String {
    let title = match (&report.incident, &report.digest) {
        (Some(incident), _) => headline(incident),
        (None, Some(digest)) => digest.title.clone(),
        (None, None) => format!("aftermove: {}", report.headline()),
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                meta http-equiv="Content-Security-Policy" content=(security_policy());
                title { (clean(&title)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (clean(&title)) }
                    p { (report.headline()) }
                    p.faint {
                        "Run " (report.run.id) " (" (report.run.trigger) "), " (moment(report.run.started_at)) ", "
                        (places(report))
                    }
                }
                main {
                    (first(report))
                    @if let Some(incident) = &report.incident { (incident_sections(incident)) }
                    @if let Some(review) = &report.review { (super::html_review::section(review)) }
                    @if let Some(costs) = &report.costs { (html_costs::section(costs)) }
                    (violations(report))
                    (apart(report, "Could not be checked again", Status::Unknown))
                    (apart(report, "Resolved", Status::Resolved))
                    (apart(report, "Muted", Status::Muted))
                }
                (coverage(report))
                footer { p.faint { (text::policies_line(report)) ". " (text::usage_line(report)) "." } }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// Accounts and regions, as far as a line has room for them.
fn places(report: &Report) -> String {
    let accounts = match report.accounts.as_slice() {
        few if few.len() <= 10 => few.iter().map(|id| report.called(id)).collect::<Vec<_>>().join(", "),
        many => format!("{} accounts", many.len()),
    };
    clean(&format!("{accounts}, {}", report.regions.join(", "))).into_owned()
}

/// Nothing is loaded, and only what is written here runs.
fn security_policy() -> String {
    let hash = |text: &str| base64::encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

/// The digest, or what to do first.
fn first(report: &Report) -> Markup {
    let standing: Vec<&Finding> = report.findings.iter().filter(|f| f.status.is_violation()).collect();
    let (heading, parts) = match &report.digest {
        Some(digest) => ("The week in short", digest.parts.clone()),
        None if report.incident.is_none() => {
            ("What next", digest::first(report, &standing).into_iter().collect())
        }
        None => ("", Vec::new()),
    };
    html! {
        @if !parts.is_empty() {
            section.first aria-labelledby="first" {
                h2 #first { (heading) }
                @for part in &parts {
                    h3 { (part.heading) }
                    ul { @for line in &part.lines { li { (clean(line)) } } }
                }
            }
        }
    }
}

/// What the script filters by; without it all findings are shown, and this is not.
fn filters(report: &Report, standing: &[&Finding]) -> Markup {
    let severities = Severity::ALL.into_iter().map(Severity::as_str);
    let severities = severities.filter(|name| standing.iter().any(|f| f.severity.as_str() == *name));
    let statuses: BTreeSet<&str> = standing.iter().map(|f| f.status.as_str()).collect();
    let policies: BTreeSet<&str> = standing.iter().map(|f| f.policy.as_str()).collect();
    let accounts: BTreeSet<&str> = standing.iter().map(|f| f.resource.account.as_str()).collect();
    let mut choices: Vec<(&str, &str, Vec<&str>)> = vec![
        ("severity", "Severity", severities.collect()),
        ("policy", "Policy", policies.into_iter().collect()),
        ("status", "Status", statuses.into_iter().collect()),
    ];
    if report.accounts.len() > 1 {
        choices.push(("account", "Account", accounts.into_iter().collect()));
    }
    let shown =
        |name: &str, value: &str| if name == "account" { report.called(value) } else { value.to_owned() };
    html! {
        form #filters aria-label="Filter the findings" hidden {
            @for (name, heading, values) in &choices {
                label {
                    (heading)
                    select name=(name) {
                        option value="" { "all" }
                        @for value in values { option value=(value) { (clean(&shown(name, value))) } }
                    }
                }
            }
            button type="reset" { "Show all" }
            output #shown aria-live="polite" {}
        }
    }
}

fn moment(at: DateTime<Utc>) -> String {
    at.format("%F %H:%M UTC").to_string()
}

fn incident_sections(incident: &Incident) -> Markup {
    html! {
        @if let Some(who) = &incident.asked_by { p { "Asked by " code { (clean(who)) } } }
        section aria-labelledby="timeline" {
            h2 #timeline { "Timeline" }
            table {
                thead { tr { th scope="col" { "UTC" } th scope="col" { "Kind" } th scope="col" { "What happened" } } }
                tbody {
                    @for entry in incident.timeline.iter().filter(|entry| !entry.quiet) { (timeline_row(entry)) }
                }
            }
        }
        section aria-labelledby="causes" {
            h2 #causes { "Likely causes" }
            @if incident.explanations.is_empty() { p { "Nothing was felt that would ask for a cause." } }
            @for explanation in &incident.explanations {
                article {
                    @for symptom in symptoms(incident, explanation) { h3 { (clean(&symptom)) } }
                    @if explanation.causes.is_empty() { p { "No change or deployment before it is known." } }
                    ol { @for cause in &explanation.causes { li { (clean(&told(incident, cause))) } } }
                }
            }
        }
        section aria-labelledby="missing" {
            h2 #missing { "Not in the timeline" }
            ul { @for line in &incident.missing { li { (clean(line)) } } }
        }
    }
}

fn timeline_row(entry: &Entry) -> Markup {
    html! {
        tr.symptom[entry.is_symptom()] {
            th scope="row" { (entry.time.format("%F %H:%M")) }
            td { (kind(entry)) }
            td {
                (clean(&entry.text))
                @if let Some(stands) = stands(entry) { br; span.faint { (clean(&stands)) } }
            }
        }
    }
}

/// What stands as a violation, by severity; of an incident what has to do with it comes first.
fn violations(report: &Report) -> Markup {
    // gravest first, as the report has them
    let mut standing: Vec<&Finding> = report.findings.iter().filter(|f| f.status.is_violation()).collect();
    let left_out = standing.len().saturating_sub(MOST);
    standing.truncate(MOST);
    let linked =
        |finding: &&&Finding| report.incident.as_ref().is_some_and(|i| i.findings.contains(&finding.id));
    let (near, far): (Vec<&Finding>, Vec<&Finding>) = standing.iter().partition(|finding| linked(finding));
    let section = |id: &str, heading: &str, findings: &[&Finding]| {
        html! {
            @if !findings.is_empty() {
                section aria-labelledby=(id) {
                    h2 id=(id) { (heading) }
                    @for severity in Severity::ALL {
                        @for finding in findings.iter().filter(|finding| finding.severity == severity) {
                            (violation(report, finding))
                        }
                    }
                }
            }
        }
    };
    html! {
        @if standing.len() > 1 { (filters(report, &standing)) }
        (section("near", "Findings on what the timeline is about", &near))
        (section("findings", if near.is_empty() { "Findings" } else { "Other findings" }, &far))
        @if standing.is_empty() { p { "Nothing found in what could be seen." } }
        (more(left_out))
    }
}

fn violation(report: &Report, finding: &Finding) -> Markup {
    html! {
        article class=(finding.severity.as_str()) data-severity=(finding.severity.as_str())
            data-policy=(finding.policy) data-status=(finding.status.as_str()) data-account=(finding.resource.account) {
            h3 { (finding.severity) " " (finding.status.as_str()) ": " (clean(&finding.title)) }
            p { strong { (resource_label(finding)) } " "
                span.faint { (place(report, &finding.resource.account, &finding.resource.region)) } }
            p { (clean(&finding.message)) }
            @if let Some(cause) = finding.explained() { p { "Because of: " (clean(&cause)) } }
            @if let Some(others) = finding.explaining() { p { "Explains: " (clean(&others)) } }
            @if !finding.why.trim().is_empty() { p { strong { "Why: " } (clean_lines(&finding.why)) } }
            @if !finding.fix.trim().is_empty() { p { strong { "Fix: " } (clean_lines(&finding.fix)) } }
            @for command in [&finding.fix_cli, &finding.fix_terraform].into_iter().flatten() {
                pre { (clean_lines(command)) }
            }
            (evidence(finding))
        }
    }
}

fn evidence(finding: &Finding) -> Markup {
    html! {
        @if !finding.evidence.is_empty() {
            details {
                summary { "Evidence" }
                table {
                    thead { tr { th scope="col" { "What" } th scope="col" { "Value" } } }
                    tbody {
                        @for (key, value) in &finding.evidence {
                            tr {
                                th scope="row" { (clean(key)) }
                                td { code { (clean(&value.to_string())) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Of many accounts, a browser shows so many findings of a kind, and the JSON report has all of them.
const MOST: usize = 1000;

fn more(left_out: usize) -> Markup {
    html! {
        @if left_out > 0 { p { "… and " (left_out) " more in the JSON report beside this page" } }
    }
}

/// Findings that ask for nothing.
fn apart(report: &Report, heading: &str, status: Status) -> Markup {
    html! {
        @if report.count(status) > 0 {
            section {
                h2 { (heading) }
                ul {
                    @for finding in report.findings.iter().filter(|finding| finding.status == status).take(MOST) {
                        li {
                            (finding.severity) " " strong { (resource_label(finding)) } ": " (clean(&finding.title))
                            @if let Some(reason) = evidence_text(finding, "unknown_because") {
                                " (not checked: " (clean(reason)) ")"
                            }
                            @if status == Status::Muted { " " (clean(&text::muted_by(finding))) }
                        }
                    }
                }
                (more(report.count(status).saturating_sub(MOST)))
            }
        }
    }
}

fn coverage(report: &Report) -> Markup {
    let mut by_place: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for row in &report.coverage {
        *by_place.entry((&row.account, &row.region)).or_default() += 1;
    }
    let unseen = report.unseen();
    html! {
        aside aria-labelledby="coverage" {
            h2 #coverage { "Coverage" }
            @if !unseen.is_empty() {
                p { "Could not be seen, so nothing is known about it:" }
                ul { @for row in &unseen { li { (clean(&unseen_line(report, row))) } } }
            } @else if report.saw_everything() {
                p { "Everything that was asked for was seen." }
            } @else {
                p { "Not everything could be checked." }
            }
            p.faint {
                @for ((account, region), types) in by_place.into_iter().take(MOST) {
                    (clean(&report.called(account))) " " (clean(region)) ": " (types) " types. "
                }
            }
            @for note in &report.notes { p { "Note: " (clean(note)) } }
        }
    }
}

/// Line by line, as line ends are no steering in a page.
fn clean_lines(text: &str) -> String {
    text.trim().lines().map(clean).collect::<Vec<_>>().join("\n")
}
