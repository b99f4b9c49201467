//! `schedules:`, which job runs when.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::Serialize;
use serde_saphyr::Spanned;

use super::Resolver;
use super::diagnostic::did_you_mean;
use super::raw::RawSchedule;

/// What a schedule can run.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Job {
    /// Reads the account, judges it, and tells what is new.
    Scan,
    /// Sums up what changed in the costs.
    Digest,
    /// Goes through what has been open for long.
    Review,
}

impl Job {
    pub const ALL: [Self; 3] = [Self::Scan, Self::Digest, Self::Review];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Digest => "digest",
            Self::Review => "review",
        }
    }
}

impl std::fmt::Display for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

#[derive(Clone, Debug)]
pub struct Schedule {
    /// What was done is remembered by it.
    pub name: String,
    pub job: Job,
    pub cron: Cron,
    /// Of a scan: policies by id or tag, in place of the configured packs.
    pub only: Vec<String>,
}

/// EventBridge Scheduler's six fields, in a time zone.
///
/// They are read as EventBridge does: a local time that the clock leaves out when it is put forward has no
/// slot, and one that comes twice when it is put back has one, the first time.
#[derive(Clone, Debug)]
pub struct Cron {
    text: String,
    zone: Tz,
    fields: cron::Schedule,
}

/// Whether a clock was put back is looked for so far back, which is more than any is at once.
const PUT_BACK: TimeDelta = TimeDelta::hours(24);

/// What is wrong, and the remedy.
type Problem = (String, String);

/// The fields in order, and what each takes.
const FIELDS: [(&str, &str); 6] = [
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of month", "1 to 31"),
    ("month", "1 to 12, or JAN to DEC"),
    ("day of week", "1 to 7, which is SUN to SAT"),
    ("year", "1970 to 2100"),
];
const DAY_OF_MONTH: usize = 2;
const DAY_OF_WEEK: usize = 4;
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const SIX_FIELDS: &str =
    "write six: minute, hour, day of month, month, day of week and year, as in `0 3 * * ? *`";

impl Cron {
    /// Refuses what EventBridge refuses, and of what it takes `L`, `W` and `#`.
    pub fn new(text: &str, zone: Tz) -> Result<Self, Problem> {
        if text.contains(['(', '@']) {
            return Err(no_fields(text));
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let Ok(fields) = <[&str; 6]>::try_from(words.as_slice()) else {
            return Err(miscounted(&words));
        };
        for (index, field) in fields.into_iter().enumerate() {
            check_field(index, field)?;
        }
        check_days(fields)?;
        let inner = format!("0 {}", fields.join(" "));
        let unreadable = || (format!("`{text}` is not understood"), SIX_FIELDS.to_owned());
        let parsed = cron::Schedule::from_str(&inner).map_err(|_| unreadable())?;
        if parsed.after(&DateTime::UNIX_EPOCH).next().is_none() {
            let help = "write a day that the month has".to_owned();
            return Err((format!("`{text}` names a day that never comes"), help));
        }
        Ok(Self { text: fields.join(" "), zone, fields: parsed })
    }

    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The first slot after a moment.
    pub fn after(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = moment.with_timezone(&self.zone).naive_local();
        let mut slots =
            self.fields.after(&local.and_utc()).filter_map(|local| self.moment(local.naive_utc()));
        slots.find(|slot| *slot > moment)
    }

    /// The last slot up to a moment.
    pub fn until(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = |moment: DateTime<Utc>| moment.with_timezone(&self.zone).naive_local();
        // a clock that was put back shows less than it has shown before
        let shown = local(moment).max(local(moment - PUT_BACK) + PUT_BACK) + TimeDelta::seconds(1);
        let slots = self.fields.after(&shown.and_utc()).rev();
        slots.filter_map(|local| self.moment(local.naive_utc())).find(|slot| *slot <= moment)
    }

    /// A time that does not exist is left out; of one that comes twice the first is meant.
    fn moment(&self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        self.zone.from_local_datetime(&local).earliest().map(|moment| moment.to_utc())
    }
}

impl std::fmt::Display for Cron {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.text)
    }
}

/// Of what is written otherwise: `rate(1 day)`, `cron(…)`, `@daily`.
fn no_fields(text: &str) -> Problem {
    let text = text.trim();
    let inside = text.strip_prefix("cron(").and_then(|rest| rest.strip_suffix(')'));
    let help = inside.map_or_else(
        || {
            "write when it runs, as in `0 3 * * ? *` for each day at 03:00, or `0 * * * ? *` for each hour"
                .to_owned()
        },
        |inside| format!("write what stands between the parentheses: `{}`", inside.trim()),
    );
    (format!("`{text}` is not a cron expression of six fields"), help)
}

fn miscounted(words: &[&str]) -> Problem {
    let message = format!("a cron expression has six fields, and this has {}", words.len());
    let help = match <[&str; 5]>::try_from(words).ok().and_then(from_five) {
        Some(six) => {
            format!("write `{six}`: the days of the week count from 1, Sunday, and the year comes last")
        }
        None => SIX_FIELDS.to_owned(),
    };
    (message, help)
}

/// What five fields mean in six, if that can be said: there Sunday is 0.
fn from_five([minute, hour, day_of_month, month, day_of_week]: [&str; 5]) -> Option<String> {
    let named = |day: &str| day.parse().ok().and_then(|day: usize| WEEKDAYS.get(day % 7).copied());
    let (day_of_month, day_of_week) = match (day_of_month, day_of_week) {
        (_, "*" | "?") => (day_of_month, "?".to_owned()),
        ("*" | "?", days) if days.contains(|c: char| c.is_ascii_digit()) => {
            let lists = days.split(',').map(|range| {
                let ends: Option<Vec<&str>> = range.split('-').map(named).collect();
                Some(ends?.join("-"))
            });
            ("?", lists.collect::<Option<Vec<_>>>()?.join(","))
        }
        ("*" | "?", days) => ("?", days.to_owned()),
        _ => return None,
    };
    let six = format!("{minute} {hour} {day_of_month} {month} {day_of_week} *");
    Cron::new(&six, Tz::UTC).ok().map(|_| six)
}

fn check_field(index: usize, field: &str) -> Result<(), Problem> {
    let (name, takes) = FIELDS[index];
    let upper = field.to_ascii_uppercase();
    let beyond = match index {
        DAY_OF_MONTH => upper.chars().find(|c| matches!(c, 'L' | 'W')),
        DAY_OF_WEEK => upper.chars().find(|c| matches!(c, 'L' | '#')),
        _ => None,
    };
    if let Some(sign) = beyond {
        let help = if index == DAY_OF_MONTH {
            "write the days themselves, as in `28` or `1,15`"
        } else {
            "write the days themselves, as in `MON` or `MON-FRI`"
        };
        return Err((format!("`{sign}` in the {name} (`{field}`) is not supported"), help.to_owned()));
    }
    let is_day = matches!(index, DAY_OF_MONTH | DAY_OF_WEEK);
    let mut alone = ["*"; 6];
    alone[index] = field;
    let misplaced = field.contains('?') && !(is_day && field == "?");
    if misplaced || cron::Schedule::from_str(&format!("0 {}", alone.join(" "))).is_err() {
        let help = format!(
            "it takes {takes}, with `*`, `-`, `,` and `/`{}",
            if is_day { ", or `?` alone" } else { "" }
        );
        return Err((format!("`{field}` is no {name}"), help));
    }
    Ok(())
}

/// Exactly one of the two kinds of days is `?`.
fn check_days(fields: [&str; 6]) -> Result<(), Problem> {
    let mut better = fields;
    let message = match (fields[DAY_OF_MONTH], fields[DAY_OF_WEEK]) {
        ("?", "?") => {
            better[DAY_OF_MONTH] = "*";
            "neither the day of month nor the day of week is said"
        }
        ("?", _) | (_, "?") => return Ok(()),
        (day_of_month, day_of_week) => {
            let left_open =
                if day_of_month == "*" && day_of_week != "*" { DAY_OF_MONTH } else { DAY_OF_WEEK };
            better[left_open] = "?";
            "the day of month and the day of week are both said, and one of them has to be `?`"
        }
    };
    Err((message.to_owned(), format!("write `{}`", better.join(" "))))
}

impl Resolver<'_> {
    pub(super) fn schedules(&mut self, raw: BTreeMap<String, Spanned<RawSchedule>>) -> Vec<Schedule> {
        raw.into_iter().filter_map(|(name, schedule)| self.schedule(name, schedule.value)).collect()
    }

    fn schedule(&mut self, name: String, raw: RawSchedule) -> Option<Schedule> {
        let job = Job::ALL.into_iter().find(|job| job.as_str() == raw.job.value);
        if job.is_none() {
            let help = did_you_mean(&raw.job.value, Job::ALL.into_iter().map(Job::as_str))
                .unwrap_or_else(|| "the jobs are scan, digest and review".to_owned());
            self.problem(raw.job.defined, format!("`{}` is no job", raw.job.value), help);
        }
        for only in &raw.only {
            self.selection(&only.value, only.defined);
        }
        if let (Some(job), Some(first)) = (job.filter(|job| *job != Job::Scan), raw.only.first()) {
            let message = format!("`only` is of a scan, not of a {job}");
            self.problem(first.defined, message, "leave `only` out, or let the job be `scan`");
        }
        let zone = match raw.timezone {
            None => Some(Tz::UTC),
            Some(zone) => {
                let known = zone.value.parse::<Tz>().ok();
                if known.is_none() {
                    let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
                    let help = did_you_mean(&zone.value, names)
                        .unwrap_or_else(|| "write an IANA name, as in `Europe/Berlin` or `UTC`".to_owned());
                    self.problem(zone.defined, format!("unknown time zone `{}`", zone.value), help);
                }
                known
            }
        };
        let cron = Cron::new(&raw.cron.value, zone.unwrap_or(Tz::UTC));
        let cron = cron.map_err(|(message, help)| self.problem(raw.cron.defined, message, help)).ok();
        let only = raw.only.into_iter().map(|only| only.value).collect();
        zone?;
        Some(Schedule { name, job: job?, cron: cron?, only })
    }
}

#[cfg(test)]
mod tests;
