//! The findings as CSV (RFC 4180), one row each, for spreadsheets. The columns and their order stay; new ones come last.

use super::Report;
use super::exchange::{Mute, cut, evidence, flat, shown, unknown_because};
use crate::findings::Finding;

const COLUMNS: [&str; 27] = [
    "id",
    "policy",
    "severity",
    "status",
    "title",
    "message",
    "resource_type",
    "resource_id",
    "resource_name",
    "resource_arn",
    "account",
    "region",
    "tags",
    "monthly_cost_usd",
    "first_seen",
    "last_seen",
    "why",
    "fix",
    "fix_cli",
    "fix_terraform",
    "because_of",
    "explains",
    "evidence",
    "not_checked_because",
    "muted_by",
    "muted_reason",
    "muted_until",
];
/// The column that holds numbers.
const COST: usize = 13;
/// What a cell of Excel holds; the rest of a longer one would become a row of its own.
const CELL: usize = 32_767;

pub fn render(report: &Report) -> Result<String, ::csv::Error> {
    let mut bytes = Vec::new();
    let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(&mut bytes);
    writer.write_record(COLUMNS)?;
    for finding in &report.findings {
        writer.write_record(row(finding))?;
    }
    writer.flush()?;
    drop(writer);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn row(finding: &Finding) -> [String; COLUMNS.len()] {
    let resource = &finding.resource;
    let mute = Mute::of(finding);
    let muted = |told: fn(&Mute<'_>) -> String| mute.as_ref().map(told).unwrap_or_default();
    let mut cells = [
        finding.id.clone(),
        finding.policy.clone(),
        finding.severity.as_str().to_owned(),
        finding.status.as_str().to_owned(),
        finding.title.clone(),
        finding.message.clone(),
        finding.resource_type.clone(),
        resource.id.clone(),
        resource.name.clone(),
        resource.arn.clone(),
        resource.account.clone(),
        resource.region.clone(),
        pairs(resource.tags.iter().map(|(key, value)| (key, value.clone()))),
        String::new(),
        finding.first_seen.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        finding.last_seen.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        finding.why.clone(),
        finding.fix.clone(),
        finding.fix_cli.clone().unwrap_or_default(),
        finding.fix_terraform.clone().unwrap_or_default(),
        finding.explained().unwrap_or_default(),
        finding.explaining().unwrap_or_default(),
        pairs(evidence(finding).map(|(key, value)| (key, flat(value)))),
        unknown_because(finding).unwrap_or_default().to_owned(),
        muted(|mute| mute.owner.to_owned()),
        muted(|mute| mute.reason.to_owned()),
        muted(|mute| mute.expires.to_owned()),
    ]
    .map(|text| cell(&text));
    if let Some(usd) = finding.monthly_cost_usd.filter(|usd| usd.is_finite()) {
        // no guard, even of what is below zero: it is to be added up
        cells[COST] = usd.to_string();
    }
    cells
}

/// `team=web; stage=live`
fn pairs<'f>(pairs: impl Iterator<Item = (&'f String, String)>) -> String {
    pairs.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("; ")
}

/// The text as a cell that no spreadsheet takes for a formula.
fn cell(text: &str) -> String {
    let formula =
        |char: char| matches!(char, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    let shown = shown(text);
    if text.starts_with(formula) { cut(&format!("'{shown}"), CELL) } else { cut(&shown, CELL) }
}

#[cfg(test)]
mod tests;
