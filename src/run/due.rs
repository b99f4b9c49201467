//! Which slots of the schedules are due. Pure: it is told the time.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::Schedule;

#[derive(Clone, Copy, Debug)]
pub struct Due<'s> {
    pub schedule: &'s Schedule,
    pub slot: DateTime<Utc>,
}

/// What is to run at a moment, earliest slot first.
///
/// `done` says up to when each schedule is done. Of the slots since then the last one is due and
/// stands for those that were missed before it. A schedule that is not in `done` is new: nothing of its
/// past is due beyond `grace`.
pub fn due<'s>(
    schedules: &'s [Schedule],
    done: &BTreeMap<String, DateTime<Utc>>,
    at: DateTime<Utc>,
    grace: TimeDelta,
) -> Vec<Due<'s>> {
    let mut due: Vec<Due<'_>> = schedules
        .iter()
        .filter_map(|schedule| {
            let done = done.get(&schedule.name).copied().unwrap_or(at - grace);
            let slot = schedule.cron.until(at).filter(|slot| *slot > done)?;
            Some(Due { schedule, slot })
        })
        .collect();
    due.sort_by_key(|due| due.slot);
    due
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Job;
    use crate::config::schedule::Cron;

    type Done = BTreeMap<String, DateTime<Utc>>;

    const HOUR: TimeDelta = TimeDelta::hours(1);

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn schedule(name: &str, cron: &str, zone: &str) -> Schedule {
        let cron = Cron::new(cron, zone.parse().unwrap()).unwrap();
        Schedule { name: name.to_owned(), job: Job::Scan, cron, only: Vec::new() }
    }

    /// Runs what is due; the names and slots.
    fn tick(schedules: &[Schedule], done: &mut Done, now: &str) -> Vec<String> {
        let due = due(schedules, done, at(now), HOUR);
        for schedule in schedules {
            done.entry(schedule.name.clone()).or_insert(at(now) - HOUR);
        }
        done.extend(due.iter().map(|due| (due.schedule.name.clone(), due.slot)));
        due.iter().map(|due| format!("{} {}", due.schedule.name, due.slot.format("%d %H:%M"))).collect()
    }

    #[test]
    fn a_slot_runs_once_and_missed_ones_are_made_up_for_once() {
        let nightly = [schedule("nightly", "30 3 * * ? *", "UTC")];
        let mut done = Done::new();
        assert_eq!(tick(&nightly, &mut done, "2026-11-20T03:00:00Z"), [""; 0]);
        assert_eq!(tick(&nightly, &mut done, "2026-11-20T04:00:00Z"), ["nightly 20 03:30"]);
        assert_eq!(tick(&nightly, &mut done, "2026-11-20T04:00:00Z"), [""; 0], "a duplicate");
        assert_eq!(tick(&nightly, &mut done, "2026-11-20T05:00:00Z"), [""; 0]);
        assert_eq!(
            tick(&nightly, &mut done, "2026-11-24T12:00:00Z"),
            ["nightly 24 03:30"],
            "four were missed"
        );
        assert_eq!(tick(&nightly, &mut done, "2026-11-23T04:00:00Z"), [""; 0], "one that comes late");
        assert_eq!(tick(&nightly, &mut done, "2026-11-24T13:00:00Z"), [""; 0]);
    }

    #[test]
    fn a_new_schedule_does_not_run_for_its_past_beyond_the_hour() {
        let schedules = [schedule("nightly", "30 3 * * ? *", "UTC")];
        for (now, ran) in [
            ("2026-11-20T03:29:00Z", 0),
            ("2026-11-20T03:30:00Z", 1),
            ("2026-11-20T04:29:00Z", 1),
            ("2026-11-20T04:30:00Z", 0),
            ("2026-11-20T12:00:00Z", 0),
        ] {
            assert_eq!(tick(&schedules, &mut Done::new(), now).len(), ran, "{now}");
        }
        // and a tick that is lost later on costs nothing
        let mut done = Done::new();
        assert_eq!(tick(&schedules, &mut done, "2026-11-20T03:00:00Z"), [""; 0]);
        assert_eq!(tick(&schedules, &mut done, "2026-11-20T07:00:00Z"), ["nightly 20 03:30"]);
    }

    #[test]
    fn several_run_in_the_order_of_their_slots() {
        let schedules = [
            schedule("b", "10 3 * * ? *", "UTC"),
            schedule("c", "0 4 ? * FRI *", "UTC"),
            schedule("d", "5 4 * * ? *", "Europe/Berlin"),
        ];
        let ran = tick(&schedules, &mut Done::new(), "2026-11-20T04:00:00Z");
        assert_eq!(ran, ["d 20 03:05", "b 20 03:10", "c 20 04:00"]);
    }

    fn zone() -> impl Strategy<Value = &'static str> {
        prop_oneof![Just("Europe/Berlin"), Just("America/New_York"), Just("UTC")]
    }

    /// A day before a change of the clocks in one of the zones.
    fn start() -> impl Strategy<Value = DateTime<Utc>> {
        let days = prop_oneof![
            Just("2026-03-28T00:00:00Z"),
            Just("2026-10-24T00:00:00Z"),
            Just("2026-03-07T00:00:00Z"),
            Just("2026-10-31T00:00:00Z"),
        ];
        (days, 0..120i64).prop_map(|(day, minutes)| at(day) + TimeDelta::minutes(minutes))
    }

    fn slots(schedule: &Schedule, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let all = std::iter::successors(schedule.cron.after(from), |slot| schedule.cron.after(*slot));
        all.take_while(|slot| *slot <= to).collect()
    }

    /// What the ticks run, in order.
    fn run(schedule: &Schedule, ticks: &[DateTime<Utc>]) -> Vec<DateTime<Utc>> {
        let mut done = Done::new();
        let mut ran = Vec::new();
        for now in ticks {
            let due = due(std::slice::from_ref(schedule), &done, *now, HOUR);
            done.entry(schedule.name.clone()).or_insert(*now - HOUR);
            for due in due {
                ran.push(due.slot);
                done.insert(schedule.name.clone(), due.slot);
            }
        }
        ran
    }

    fn ticks(start: DateTime<Utc>, minutes: i64) -> Vec<DateTime<Utc>> {
        (0..=3 * 24 * 60 / minutes).map(|n| start + TimeDelta::minutes(n * minutes)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn ticking_hourly_runs_each_slot_once(
            start in start(), zone in zone(), minute in 0..60u8, hour in prop_oneof![Just("*"), Just("1"), Just("2")],
        ) {
            let schedule = schedule("s", &format!("{minute} {hour} * * ? *"), zone);
            let ticks = ticks(start, 60);
            prop_assert_eq!(run(&schedule, &ticks), slots(&schedule, start - HOUR, *ticks.last().unwrap()));
        }

        #[test]
        fn ticking_every_minute_runs_each_slot_once(
            start in start(), zone in zone(), minute in prop_oneof![Just("*"), Just("0/7"), Just("30")],
        ) {
            let schedule = schedule("s", &format!("{minute} * * * ? *"), zone);
            let ticks = &ticks(start, 1)[..40 * 60];
            let ran = run(&schedule, ticks);
            // the first tick makes up once for the hour before it
            let first = schedule.cron.until(start).filter(|slot| *slot > start - HOUR);
            let mut expected: Vec<_> = first.into_iter().collect();
            expected.extend(slots(&schedule, start, *ticks.last().unwrap()));
            prop_assert_eq!(ran, expected);
        }

        #[test]
        fn duplicated_late_and_lost_ticks_run_no_slot_twice_and_leave_none_undone(
            start in start(), zone in zone(), minute in 0..60u8,
            order in proptest::collection::vec((0..73usize, 1..3usize), 1..60),
        ) {
            let schedule = schedule("s", &format!("{minute} 1-3 * * ? *"), zone);
            let all = ticks(start, 60);
            let mut given = vec![all[0]];
            given.extend(order.iter().flat_map(|(index, times)| std::iter::repeat_n(all[*index], *times)));
            let ran = run(&schedule, &given);
            let last = *given.iter().max().unwrap();
            let known = slots(&schedule, start - HOUR, last);
            prop_assert!(ran.is_sorted_by(|a, b| a < b), "{:?}", ran);
            prop_assert!(ran.iter().all(|slot| known.contains(slot)));
            prop_assert_eq!(ran.last(), known.last(), "the last slot is done");
        }
    }
}
