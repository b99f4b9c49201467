//! From when on a review is told.

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, Utc};

use crate::config::Migration;
use crate::incident::{Since, Window};

/// CloudWatch keeps the history of alarms for 30 days, and nothing is told of a week whose alarms are forgotten.
const LONGEST: TimeDelta = TimeDelta::days(30);
/// Where nobody said when the move was.
const USUAL: TimeDelta = TimeDelta::days(7);

/// How a review is asked for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ask {
    /// A day, a moment, or a span such as 7d; None for the day of the cutover.
    pub since: Option<String>,
}

#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SinceError {
    #[error(
        "`since` is `{0}`, which is no day to look back to; write a day such as 2026-11-19, a moment such as 2026-11-19T08:00:00Z, or 7d"
    )]
    Unreadable(String),
    #[error("`since` is {0}, which is yet to come; name the day of the move, or an earlier one")]
    Future(String),
    #[error("`since` is {0}, more than 30 days ago, and CloudWatch keeps no more of alarms; 30d is the most")]
    TooLong(String),
}

impl Ask {
    /// What is told: back to the day that was asked for, or to the cutover, or seven days.
    pub fn window(&self, migration: &Migration, now: DateTime<Utc>) -> Result<Window, SinceError> {
        let since = match &self.since {
            Some(text) => asked(text.trim(), now)?,
            None => usual(migration, now),
        };
        Ok(Window { since, now })
    }
}

fn asked(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, SinceError> {
    let since = match (text.parse::<NaiveDate>(), text.parse::<Since>()) {
        (Ok(day), _) => day.and_time(NaiveTime::MIN).and_utc(),
        (Err(_), Ok(Since::At(at))) => at,
        (Err(_), Ok(Since::Ago(span))) if span <= LONGEST => now - span,
        (Err(_), Ok(Since::Ago(_)) | Err(crate::incident::SinceError::TooLong)) => {
            return Err(SinceError::TooLong(text.to_owned()));
        }
        (Err(_), Err(_)) => return Err(SinceError::Unreadable(text.to_owned())),
    };
    let shown = || since.to_rfc3339_opts(SecondsFormat::Secs, true);
    if since >= now {
        return Err(SinceError::Future(shown()));
    }
    // thirty days back to midnight are a little more than thirty days
    if since < now - LONGEST - TimeDelta::days(1) {
        return Err(SinceError::TooLong(shown()));
    }
    Ok(since.max(now - LONGEST))
}

fn usual(migration: &Migration, now: DateTime<Utc>) -> DateTime<Utc> {
    let cutover = migration.cutover.map(|day| day.and_time(NaiveTime::MIN).and_utc());
    match cutover.filter(|cutover| *cutover < now) {
        Some(cutover) => cutover.max(now - LONGEST),
        None => now - USUAL,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-26T09:00:00Z".parse().unwrap()
    }

    fn since(text: &str) -> Result<String, String> {
        let ask = Ask { since: Some(text.to_owned()) };
        let window = ask.window(&Migration::default(), now());
        window.map(|window| window.since.to_rfc3339()).map_err(|error| error.to_string())
    }

    #[test]
    fn days_moments_and_spans_are_understood() {
        for (text, from) in [
            ("2026-11-19", "2026-11-19T00:00:00+00:00"),
            (" 2026-11-19T08:00:00+01:00 ", "2026-11-19T07:00:00+00:00"),
            ("7d", "2026-11-19T09:00:00+00:00"),
            ("30d", "2026-10-27T09:00:00+00:00"),
            ("2026-10-27", "2026-10-27T09:00:00+00:00"),
        ] {
            assert_eq!(since(text).as_deref(), Ok(from), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_looked_back_to_says_why() {
        for text in ["", "monday", "2026-13-01", "19.11.2026", "-7d"] {
            assert!(since(text).unwrap_err().contains("write a day such as"), "{text}");
        }
        for text in ["31d", "91d", "2026-10-20", "2020-01-01"] {
            assert!(since(text).unwrap_err().contains("30d is the most"), "{text}");
        }
        for text in ["2026-11-27", "2026-11-26T09:00:00Z"] {
            assert!(since(text).unwrap_err().contains("yet to come"), "{text}");
        }
    }

    #[test]
    fn without_a_day_it_is_the_cutover_or_a_week() {
        let of = |cutover: Option<&str>| {
            let cutover = cutover.map(|day| day.parse().unwrap());
            let window =
                Ask::default().window(&Migration { cutover, ..Migration::default() }, now()).unwrap();
            window.since.to_rfc3339()
        };
        assert_eq!(of(Some("2026-11-20")), "2026-11-20T00:00:00+00:00");
        assert_eq!(of(Some("2026-09-01")), "2026-10-27T09:00:00+00:00", "no further than there is history");
        assert_eq!(of(Some("2026-12-01")), "2026-11-19T09:00:00+00:00", "it is yet to come");
        assert_eq!(of(None), "2026-11-19T09:00:00+00:00");
    }

    proptest! {
        #[test]
        fn no_window_is_empty_or_too_long(text in ".{0,24}|[0-9]{0,20}[mhd]|20[0-9]{2}-[01][0-9]-[0-3][0-9]") {
            let ask = Ask { since: Some(text) };
            if let Ok(window) = ask.window(&Migration::default(), now()) {
                prop_assert!(window.since < window.now && window.now - window.since <= LONGEST);
            }
        }
    }
}
