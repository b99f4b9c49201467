//! From when to when an incident is told.

use std::str::FromStr;

use chrono::{DateTime, DurationRound as _, SecondsFormat, TimeDelta, Utc};

/// CloudTrail's event history keeps 90 days.
const LONGEST: TimeDelta = TimeDelta::days(90);
/// DescribeEvents of RDS reaches back 14 days.
const RDS_EVENTS: TimeDelta = TimeDelta::days(14);
/// What is read of the alarms' histories.
const ALARM_HISTORY: TimeDelta = TimeDelta::days(7);
/// Our own bound: a day is the measure of two weeks at most.
const METRICS: TimeDelta = TimeDelta::days(14);
/// Events reach CloudTrail's history within about 15 minutes (user guide, "Viewing events with Event history").
const CLOUDTRAIL_DELAY: TimeDelta = TimeDelta::minutes(15);

/// The points of the metrics that are judged.
pub const PERIOD: TimeDelta = TimeDelta::minutes(5);
/// What the window is measured by: the day before it, with its night and its rush hour.
pub const BASELINE: TimeDelta = TimeDelta::hours(24);

/// How far back to look, as it was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Since {
    Ago(TimeDelta),
    At(DateTime<Utc>),
}

#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SinceError {
    #[error(
        "`since` is `{0}`, which is no time to look back to; write 90m, 3h, 2d or a moment such as 2026-11-22T03:00:00Z"
    )]
    Unreadable(String),
    #[error(
        "`since` is {0}, which is yet to come; name the moment at which the trouble began, or an earlier one"
    )]
    Future(String),
    #[error("`since` reaches back more than 90 days, and CloudTrail keeps no more; 90d is the most")]
    TooLong,
}

impl FromStr for Since {
    type Err = SinceError;

    fn from_str(text: &str) -> Result<Self, SinceError> {
        let text = text.trim();
        let unreadable = || SinceError::Unreadable(text.to_owned());
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(at.to_utc()));
        }
        let unit = text.chars().last().ok_or_else(unreadable)?;
        let number = &text[..text.len() - unit.len_utf8()];
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(unreadable());
        }
        let number: i64 = number.parse().map_err(|_| unreadable())?;
        let span = match unit {
            'm' => TimeDelta::try_minutes(number),
            'h' => TimeDelta::try_hours(number),
            'd' => TimeDelta::try_days(number),
            _ => return Err(unreadable()),
        };
        match span {
            Some(_) if number == 0 => Err(unreadable()),
            Some(span) => Ok(Self::Ago(span)),
            None => Err(SinceError::TooLong),
        }
    }
}

impl Since {
    pub fn window(self, now: DateTime<Utc>) -> Result<Window, SinceError> {
        let since = match self {
            Self::Ago(span) if span > LONGEST => return Err(SinceError::TooLong),
            Self::Ago(span) => now - span,
            Self::At(at) if at >= now => {
                return Err(SinceError::Future(at.to_rfc3339_opts(SecondsFormat::Secs, true)));
            }
            Self::At(at) if at < now - LONGEST => return Err(SinceError::TooLong),
            Self::At(at) => at,
        };
        Ok(Window { since, now })
    }
}

/// The time that is told, up to the reading.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Window {
    pub since: DateTime<Utc>,
    pub now: DateTime<Utc>,
}

impl Window {
    pub fn holds(&self, at: DateTime<Utc>) -> bool {
        self.since <= at && at <= self.now
    }

    /// Where the judged points of the metrics begin, on a whole period as CloudWatch has them.
    pub fn metrics_from(&self) -> DateTime<Utc> {
        whole_periods(self.since.max(self.now - METRICS))
    }

    /// Where they end: a period that is not over tells nothing.
    pub fn metrics_until(&self) -> DateTime<Utc> {
        whole_periods(self.now)
    }

    /// After this, CloudTrail may still be silent.
    pub fn cloudtrail_until(&self) -> DateTime<Utc> {
        self.now - CLOUDTRAIL_DELAY
    }

    /// What AWS, or the reading, does not reach back to.
    pub fn cuts(&self) -> Vec<String> {
        [
            (ALARM_HISTORY, "Alarms' changes of state are read for seven days"),
            (RDS_EVENTS, "RDS keeps its events for 14 days"),
            (METRICS, "Metrics are judged for 14 days at most"),
        ]
        .into_iter()
        .filter(|(reach, _)| self.now - self.since > *reach)
        .map(|(reach, says)| {
            format!(
                "{says}, so that nothing of them is told before {}.",
                (self.now - reach).format("%F %H:%M UTC")
            )
        })
        .collect()
    }
}

pub(super) fn whole_periods(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(PERIOD).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-22T03:02:07Z".parse().unwrap()
    }

    fn since(text: &str) -> Result<String, String> {
        let window = text.parse::<Since>().and_then(|since| since.window(now()));
        window.map(|window| window.since.to_rfc3339()).map_err(|error| error.to_string())
    }

    #[test]
    fn spans_and_moments_are_understood() {
        for (text, from) in [
            ("90m", "2026-11-22T01:32:07+00:00"),
            (" 3h ", "2026-11-22T00:02:07+00:00"),
            ("2d", "2026-11-20T03:02:07+00:00"),
            ("90d", "2026-08-24T03:02:07+00:00"),
            ("2026-11-22T03:00:00+01:00", "2026-11-22T02:00:00+00:00"),
        ] {
            assert_eq!(since(text).as_deref(), Ok(from), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_says_what_to_write() {
        for text in ["", "3", "h", "three hours", "3w", "-3h", "+3h", "0h", "3ü", "1.5h", "2026-11-22"] {
            assert!(since(text).unwrap_err().contains("write 90m, 3h, 2d"), "{text}");
        }
        for text in ["91d", "9223372036854775807h", "2026-08-01T00:00:00Z"] {
            assert!(since(text).unwrap_err().contains("90d is the most"), "{text}");
        }
        assert!(since("2026-11-22T03:02:07Z").unwrap_err().contains("yet to come"));
    }

    #[test]
    fn what_does_not_reach_back_so_far_is_said() {
        let cuts = |days: i64| Window { since: now() - TimeDelta::days(days), now: now() }.cuts();
        assert_eq!(cuts(7), [""; 0]);
        insta::assert_snapshot!(cuts(20).join("\n"), @r"
        Alarms' changes of state are read for seven days, so that nothing of them is told before 2026-11-15 03:02 UTC.
        RDS keeps its events for 14 days, so that nothing of them is told before 2026-11-08 03:02 UTC.
        Metrics are judged for 14 days at most, so that nothing of them is told before 2026-11-08 03:02 UTC.
        ");
    }

    #[test]
    fn metrics_are_judged_by_whole_periods() {
        let window = Window { since: now() - TimeDelta::minutes(90), now: now() };
        assert_eq!(window.metrics_from().to_rfc3339(), "2026-11-22T01:30:00+00:00");
        assert_eq!(window.metrics_until().to_rfc3339(), "2026-11-22T03:00:00+00:00");
    }

    proptest! {
        #[test]
        fn whatever_is_written_nothing_breaks_and_no_window_is_too_long(text in ".{0,24}|[0-9]{0,20}[mhd]") {
            if let Ok(window) = text.parse::<Since>().and_then(|since| since.window(now())) {
                prop_assert!(window.since < window.now && window.now - window.since <= LONGEST);
            }
        }
    }
}
