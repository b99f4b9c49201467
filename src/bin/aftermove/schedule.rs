//! `aftermove schedule`: what will run when, and what should have run.

use aftermove::config::Schedule;
use aftermove::run::due::due;
use aftermove::run::setup;
use aftermove::run::{Request, RunError};
use anyhow::{Context as _, ensure};
use chrono::{DateTime, Datelike as _, SecondsFormat, TimeDelta, Utc};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::policy::Source;
use crate::write;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show what the configured schedules run next, and what is overdue
    Next(Next),
}

#[derive(Args)]
pub(crate) struct Next {
    #[command(flatten)]
    source: Source,
    /// So many slots
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    count: u16,
    /// As if it were this time, such as 2026-11-22T03:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Also show what this state (a file or s3://bucket/key) knows to be overdue
    #[arg(long, value_name = "PLACE")]
    state: Option<String>,
    /// AWS profile, for what lies in S3
    #[arg(long)]
    profile: Option<String>,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

pub(crate) async fn run(command: Command) -> anyhow::Result<u8> {
    let Command::Next(arguments) = command;
    let Next { source, count, from, format, state, profile } = arguments;
    let now = match &from {
        None => Utc::now(),
        Some(from) => from
            .parse()
            .with_context(|| format!("--from {from} is no time; write it as 2026-11-22T03:00:00Z"))?,
    };
    ensure!((1970..=2100).contains(&now.year()), "--from has to lie between 1970 and 2100");
    let Source { config, policies } = source;
    let request = Request { config, policies, profile, state, ..Request::default() };
    let config = setup::config(&request, now).await?;
    setup::policies(&request, &config).await?;
    if config.schedules.is_empty() {
        return Err(RunError::NoSchedules.into());
    }
    let state = match &request.state {
        None => None,
        Some(_) => Some(setup::state(&request, &config).await?),
    };
    // without a grace those that no tick has seen are not overdue
    let overdue =
        state.map_or_else(Vec::new, |state| due(&config.schedules, &state.schedules, now, TimeDelta::zero()));
    let overdue: Vec<Slot<'_>> =
        overdue.iter().map(|due| Slot { schedule: due.schedule, at: due.slot }).collect();
    let next = next(&config.schedules, now, count.into());
    let text = match format {
        Format::Json => {
            let told = |slots: &[Slot<'_>]| slots.iter().map(|slot| slot.json(now)).collect::<Vec<_>>();
            format!("{:#}\n", json!({ "from": stamp(now), "next": told(&next), "overdue": told(&overdue) }))
        }
        Format::Text => text(&next, &overdue, now),
    };
    write(None, &text)?;
    Ok(0)
}

struct Slot<'s> {
    schedule: &'s Schedule,
    at: DateTime<Utc>,
}

/// Of all schedules together, earliest first.
fn next(schedules: &[Schedule], now: DateTime<Utc>, count: usize) -> Vec<Slot<'_>> {
    let mut next: Vec<Slot<'_>> = schedules
        .iter()
        .flat_map(|schedule| {
            let slots = std::iter::successors(schedule.cron.after(now), |slot| schedule.cron.after(*slot));
            slots.take(count).map(move |at| Slot { schedule, at })
        })
        .collect();
    next.sort_by_key(|slot| slot.at);
    next.truncate(count);
    next
}

fn text(next: &[Slot<'_>], overdue: &[Slot<'_>], now: DateTime<Utc>) -> String {
    let width = |of: fn(&Slot<'_>) -> usize| next.iter().chain(overdue).map(of).max().unwrap_or_default();
    let (names, locals) =
        (width(|slot| slot.schedule.name.chars().count()), width(|slot| slot.local().chars().count()));
    let line = |slot: &Slot<'_>, when: String| {
        let Slot { schedule, at } = slot;
        let only = match schedule.only.as_slice() {
            [] => String::new(),
            only => format!("  only {}", only.join(", ")),
        };
        let (name, job, local, utc) =
            (&schedule.name, schedule.job, slot.local(), at.format("%Y-%m-%d %H:%M UTC"));
        format!("{name:names$}  {job:6}  {local:locals$}  {utc}  {when}{only}\n")
    };
    let mut text: String =
        overdue.iter().map(|slot| line(slot, format!("overdue for {}", span(now - slot.at)))).collect();
    text.extend(next.iter().map(|slot| line(slot, format!("in {}", span(slot.at - now)))));
    if next.is_empty() {
        text.push_str("no schedule has a slot left\n");
    }
    text
}

impl Slot<'_> {
    fn local(&self) -> String {
        let zone = self.schedule.cron.zone();
        let local = self.at.with_timezone(&zone).format("%a %Y-%m-%d %H:%M %Z").to_string();
        if local.ends_with(zone.name()) { local } else { format!("{local} ({})", zone.name()) }
    }

    fn json(&self, now: DateTime<Utc>) -> serde_json::Value {
        let Self { schedule, at } = self;
        json!({
            "schedule": schedule.name,
            "job": schedule.job,
            "only": schedule.only,
            "cron": schedule.cron.to_string(),
            "timezone": schedule.cron.zone().name(),
            "at": stamp(*at),
            "local": at.with_timezone(&schedule.cron.zone()).to_rfc3339_opts(SecondsFormat::Secs, false),
            "seconds": (*at - now).num_seconds(),
        })
    }
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// In its two largest units.
pub(crate) fn span(span: TimeDelta) -> String {
    let minutes = (span + TimeDelta::seconds(59)).num_minutes();
    let (days, hours, minutes) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes} min"),
        (0, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_its_two_largest_units() {
        let told = |seconds| span(TimeDelta::seconds(seconds));
        assert_eq!(
            [told(1), told(60), told(3_600), told(5_400)],
            ["1 min", "1 min", "1 h 0 min", "1 h 30 min"]
        );
        assert_eq!(told(26 * 3_600), "1 d 2 h");
    }
}
