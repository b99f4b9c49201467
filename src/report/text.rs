//! The report for a terminal. Names, tags and messages come from the account
//! and may be an attacker's: whatever could steer a terminal is shown escaped.

use std::borrow::Cow;
use std::collections::BTreeSet;

use anstyle::{AnsiColor, Style as Paint};
use textwrap::{Options, WordSplitter};

use super::digest::{self, Digest};
use super::{CoverageRow, Report};
use crate::findings::{Finding, Status};
use crate::incident::Incident;
use crate::policy::outcome::Severity;

#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub color: bool,
    /// Columns to wrap texts at; commands are never wrapped.
    pub width: usize,
}

/// As wide as `critical`, `reopened` and `resolved`.
const COLUMN: usize = 8;

pub(super) const BOLD: Paint = Paint::new().bold();
const FAINT: Paint = Paint::new().dimmed();

pub fn render(report: &Report, style: Style) -> String {
    let mut page = Page { report, style, text: String::new() };
    if let Some(incident) = &report.incident {
        page.incident(incident);
        page.linked(incident);
        page.unseen();
        page.notes();
        page.closing();
        return page.text;
    }
    if let Some(digest) = &report.digest {
        page.digest(digest);
        page.notes();
        page.closing();
        return page.text;
    }
    if let Some(review) = &report.review {
        page.review(review);
    }
    page.next();
    page.violations(|_| true);
    page.apart("COULD NOT BE CHECKED AGAIN", Status::Unknown, |finding| {
        let reason = evidence_text(finding, "unknown_because").map(|reason| format!("not checked: {reason}"));
        [Some(finding.message.clone()), reason]
    });
    page.apart("RESOLVED", Status::Resolved, |finding| [Some(finding.title.clone()), None]);
    page.apart("MUTED", Status::Muted, |finding| [Some(finding.title.clone()), Some(muted_by(finding))]);
    page.unseen();
    page.notes();
    page.closing();
    page.text
}

pub(super) struct Page<'a> {
    report: &'a Report,
    style: Style,
    text: String,
}

impl Page<'_> {
    /// What to do first, and what it costs: before the long list.
    fn next(&mut self) {
        let standing: Vec<&Finding> =
            self.report.findings.iter().filter(|f| f.status.is_violation()).collect();
        // one finding is its own summary
        let first = (standing.len() > 1).then(|| digest::first(self.report, &standing)).flatten();
        let costs = self.report.costs.as_ref().map(|costs| digest::costs(Some(costs)));
        for part in first.into_iter().chain(costs).chain(digest::drivers(self.report.costs.as_ref())) {
            self.section(&part.heading.to_uppercase(), &part.lines);
        }
    }

    fn digest(&mut self, digest: &Digest) {
        self.heading(BOLD, &digest.title);
        self.line("");
        for part in &digest.parts {
            self.section(&part.heading.to_uppercase(), &part.lines);
        }
    }

    /// What stands as a violation, by severity.
    fn violations(&mut self, wanted: impl Fn(&Finding) -> bool) {
        let report = self.report;
        for severity in Severity::ALL {
            let mut findings = report
                .findings
                .iter()
                .filter(|f| f.status.is_violation() && f.severity == severity && wanted(f))
                .peekable();
            if findings.peek().is_none() {
                continue;
            }
            self.heading(paint_of(severity), &severity.as_str().to_uppercase());
            for finding in findings {
                self.violation(finding);
            }
        }
    }

    fn violation(&mut self, finding: &Finding) {
        self.title_line(finding);
        self.wrapped("    ", "    ", &finding.message);
        if let Some(cause) = finding.explained() {
            self.wrapped("    because of: ", "         ", &cause);
        }
        if let Some(others) = finding.explaining() {
            self.wrapped("    explains: ", "         ", &others);
        }
        if let Some(fix) = finding.fix.lines().find(|line| !line.trim().is_empty()) {
            self.wrapped("    fix: ", "         ", fix);
        }
        if let Some(command) = &finding.fix_cli {
            let mut prompt = "$";
            for line in command.lines().filter(|line| !line.trim().is_empty()) {
                self.line(&format!("    {prompt} {}", clean(line)));
                prompt = " ";
            }
        }
        self.line("");
    }

    /// A section of findings that ask for nothing.
    fn apart(&mut self, heading: &str, status: Status, texts: impl Fn(&Finding) -> [Option<String>; 2]) {
        let report = self.report;
        if report.count(status) == 0 {
            return;
        }
        self.heading(BOLD, heading);
        for finding in report.findings.iter().filter(|f| f.status == status) {
            self.title_line(finding);
            for text in texts(finding).into_iter().flatten() {
                self.wrapped("    ", "    ", &text);
            }
        }
        self.line("");
    }

    fn title_line(&mut self, finding: &Finding) {
        let severity = self.painted(paint_of(finding.severity), finding.severity.as_str());
        let status = match finding.status {
            Status::New | Status::Reopened => self.painted(BOLD, finding.status.as_str()),
            Status::Open | Status::Unknown | Status::Muted | Status::Resolved => {
                finding.status.as_str().to_owned()
            }
        };
        let resource = self.painted(BOLD, &resource_label(finding));
        let place =
            self.painted(FAINT, &place(self.report, &finding.resource.account, &finding.resource.region));
        let pad = |text: &str| " ".repeat(COLUMN.saturating_sub(text.len()));
        let (after_severity, after_status) = (pad(finding.severity.as_str()), pad(finding.status.as_str()));
        self.line(&format!("  {severity}{after_severity} {status}{after_status} {resource}  {place}"));
    }

    fn unseen(&mut self) {
        let report = self.report;
        let unseen = report.unseen();
        if unseen.is_empty() {
            return;
        }
        self.heading(BOLD, "COULD NOT BE SEEN");
        for row in &unseen {
            self.wrapped("  ", "    ", &unseen_line(report, row));
        }
        self.line("");
    }

    fn notes(&mut self) {
        let report = self.report;
        self.section("NOTES", &report.notes);
    }

    /// A heading and its sentences, if there are any.
    pub(super) fn section(&mut self, heading: &str, sentences: &[String]) {
        if sentences.is_empty() {
            return;
        }
        self.heading(BOLD, heading);
        for sentence in sentences {
            self.wrapped("  ", "    ", sentence);
        }
        self.line("");
    }

    /// Of an incident, the findings that have to do with it.
    fn linked(&mut self, incident: &Incident) {
        let linked = |finding: &Finding| incident.findings.contains(&finding.id);
        let standing = self.report.findings.iter().filter(|finding| finding.status.is_violation());
        let (near, far): (Vec<&Finding>, Vec<&Finding>) = standing.partition(|finding| linked(finding));
        self.heading(BOLD, "FINDINGS ON WHAT THE TIMELINE IS ABOUT");
        self.line("");
        self.violations(linked);
        let others = match (near.len(), far.len()) {
            (0, 0) => "none",
            (0, _) => "none; there are findings on other things, which --format json and html list",
            (_, 0) => return,
            _ => "findings on other things are listed by --format json and html",
        };
        self.wrapped("  ", "    ", others);
        self.line("");
    }

    fn closing(&mut self) {
        let report = self.report;
        if !report.findings.iter().any(|f| f.status != Status::Resolved && f.status != Status::Muted) {
            if report.saw_everything() {
                let line = format!("All clear: {}.", seen(report));
                self.wrapped("", "", &line);
            } else {
                self.wrapped(
                    "",
                    "",
                    "Nothing found in what could be seen, but not everything could be seen.",
                );
            }
        }
        self.line(&policies_line(report));
        self.line(&usage_line(report));
        self.line(&report.headline());
    }

    pub(super) fn heading(&mut self, paint: Paint, text: &str) {
        let text = self.painted(paint, text);
        self.line(&text);
    }

    pub(super) fn painted(&self, paint: Paint, text: &str) -> String {
        if self.style.color { format!("{paint}{text}{paint:#}") } else { text.to_owned() }
    }

    pub(super) fn wrapped(&mut self, first: &str, rest: &str, text: &str) {
        let text = clean(text.trim());
        // A width of less than a few words would put each word on its own line.
        let options = Options::new(self.style.width.max(40))
            .initial_indent(first)
            .subsequent_indent(rest)
            .break_words(false)
            // an id stays whole, to be copied
            .word_splitter(WordSplitter::NoHyphenation);
        for line in textwrap::wrap(&text, options) {
            self.line(&line);
        }
    }

    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }
}

/// The text with everything visible that could steer a terminal, fake a line
/// or turn the reading order around.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        if steers(char) {
            safe.extend(char.escape_default());
        } else {
            safe.push(char);
        }
    }
    Cow::Owned(safe)
}

pub(super) fn steers(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// `web (sg-0abc)`, or the id alone where it is the name.
pub(super) fn resource_label(finding: &Finding) -> String {
    let resource = &finding.resource;
    if resource.name.is_empty() || resource.name == resource.id {
        clean(&resource.id).into_owned()
    } else {
        format!("{} ({})", clean(&resource.name), clean(&resource.id))
    }
}

/// The region, with the account where there is more than one.
pub(super) fn place(report: &Report, account: &str, region: &str) -> String {
    if report.accounts.len() > 1 {
        let account = report.called(account);
        format!("{} {}", clean(&account), clean(region))
    } else {
        clean(region).into_owned()
    }
}

pub(super) fn unseen_line(report: &Report, row: &CoverageRow) -> String {
    format!(
        "{} {}: {}{}{}",
        place(report, &row.account, &row.region),
        row.resource_type,
        row.status.as_str(),
        if row.detail.is_empty() { "" } else { ", " },
        clean(&row.detail),
    )
}

pub(super) fn muted_by(finding: &Finding) -> String {
    let mute = finding.evidence.get("muted");
    let part = |key| mute.and_then(|mute| mute.get(key)).and_then(|value| value.as_str()).unwrap_or("?");
    format!("(by {} until {}: {})", part("owner"), part("expires"), part("reason"))
}

pub(super) fn evidence_text<'a>(finding: &'a Finding, key: &str) -> Option<&'a str> {
    finding.evidence.get(key)?.as_str()
}

/// What a clean run rests on.
pub(super) fn seen(report: &Report) -> String {
    let types: BTreeSet<&str> = report.coverage.iter().map(|row| &*row.resource_type).collect();
    format!(
        "nothing found, and everything asked for was seen ({} in {})",
        counted(types.len(), "resource type"),
        counted(report.regions.len(), "region"),
    )
}

pub(crate) fn policies_line(report: &Report) -> String {
    let sum = |count: fn(&super::PolicyCounts) -> usize| report.policies.iter().map(count).sum::<usize>();
    let policies = match report.policies.len() {
        1 => "1 policy".to_owned(),
        n => format!("{n} policies"),
    };
    format!(
        "{policies}: {} pass, {} fail, {} skip, {} unknown",
        sum(|p| p.pass),
        sum(|p| p.fail),
        sum(|p| p.skip),
        sum(|p| p.unknown),
    )
}

pub(crate) fn usage_line(report: &Report) -> String {
    let calls: u64 = report.usage.api_calls.values().sum();
    let noun = if calls == 1 { "API call" } else { "API calls" };
    if report.usage.usd > 0.0 {
        format!("{calls} {noun}, about ${:.4}", report.usage.usd)
    } else {
        format!("{calls} {noun}, free of charge")
    }
}

fn counted(n: usize, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {noun}{plural}")
}

fn paint_of(severity: Severity) -> Paint {
    let color = |color: AnsiColor| Paint::new().fg_color(Some(color.into()));
    match severity {
        Severity::Critical => color(AnsiColor::Red).bold(),
        Severity::High => color(AnsiColor::Red),
        Severity::Medium => color(AnsiColor::Yellow),
        Severity::Low => color(AnsiColor::Cyan),
        Severity::Info => FAINT,
    }
}
