use chrono::{Datelike as _, Timelike as _};
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn cron(text: &str, zone: &str) -> Cron {
    Cron::new(text, zone.parse().unwrap()).unwrap()
}

/// The slots between two moments, the first one left out, as local times.
fn slots(cron: &Cron, from: &str, to: &str) -> Vec<String> {
    let to = at(to);
    let slots = std::iter::successors(cron.after(at(from)), |slot| cron.after(*slot));
    slots.take_while(|slot| *slot <= to).map(|slot| slot.with_timezone(&cron.zone()).to_string()).collect()
}

#[test]
fn six_fields_are_read_as_eventbridge_reads_them() {
    let next = |text, zone| cron(text, zone).after(at("2026-11-26T09:00:00Z")).unwrap().to_rfc3339();
    assert_eq!(next("0 3 * * ? *", "UTC"), "2026-11-27T03:00:00+00:00");
    assert_eq!(next("0 9 ? * MON *", "Europe/Berlin"), "2026-11-30T08:00:00+00:00");
    assert_eq!(next("0 9 ? * 2 *", "Europe/Berlin"), "2026-11-30T08:00:00+00:00", "1 is Sunday");
    assert_eq!(next("0 9 ? * mon-fri *", "UTC"), "2026-11-27T09:00:00+00:00");
    assert_eq!(next("0/20 * * * ? *", "UTC"), "2026-11-26T09:20:00+00:00");
    assert_eq!(next("0 0 1 1 ? 2030", "America/New_York"), "2030-01-01T05:00:00+00:00");
    assert_eq!(next("  0   3  29 FEB ?  * ", "UTC"), "2028-02-29T03:00:00+00:00");
    assert_eq!(cron("0 0 1 1 ? 2020", "UTC").after(at("2026-11-26T09:00:00Z")), None, "it is over");
    assert_eq!(cron("0 0 1 1 ? 2030", "UTC").until(at("2026-11-26T09:00:00Z")), None, "it is to come");
    assert_eq!(
        cron("0 0 1 1 ? 2020", "UTC").until(at("2026-11-26T09:00:00Z")),
        Some(at("2020-01-01T00:00:00Z"))
    );
}

#[test]
fn a_slot_is_itself_the_last_one_and_not_the_next() {
    let cron = cron("0 3 * * ? *", "UTC");
    let slot = at("2026-11-26T03:00:00Z");
    assert_eq!(cron.until(slot), Some(slot));
    assert_eq!(cron.after(slot), Some(at("2026-11-27T03:00:00Z")));
    assert_eq!(cron.until(slot - TimeDelta::milliseconds(1)), Some(at("2026-11-25T03:00:00Z")));
    assert_eq!(cron.after(slot - TimeDelta::milliseconds(1)), Some(slot));
}

#[test]
fn a_local_time_that_does_not_exist_is_left_out() {
    // on 2026-03-29 Berlin goes from 02:00 to 03:00, on 2026-03-08 New York does
    let berlin = cron("30 2 * * ? *", "Europe/Berlin");
    assert_eq!(
        slots(&berlin, "2026-03-27T12:00:00Z", "2026-03-31T12:00:00Z"),
        ["2026-03-28 02:30:00 CET", "2026-03-30 02:30:00 CEST", "2026-03-31 02:30:00 CEST"]
    );
    let new_york = cron("0 2 * * ? *", "America/New_York");
    assert_eq!(
        slots(&new_york, "2026-03-07T00:00:00Z", "2026-03-09T12:00:00Z"),
        ["2026-03-07 02:00:00 EST", "2026-03-09 02:00:00 EDT"]
    );
}

#[test]
fn a_local_time_that_comes_twice_has_one_slot() {
    // on 2026-10-25 Berlin goes from 03:00 back to 02:00, on 2026-11-01 New York from 02:00 to 01:00
    let berlin = cron("30 2 * * ? *", "Europe/Berlin");
    assert_eq!(
        slots(&berlin, "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z"),
        ["2026-10-25 02:30:00 CEST", "2026-10-26 02:30:00 CET"]
    );
    assert_eq!(
        berlin.until(at("2026-10-25T01:10:00Z")),
        Some(at("2026-10-25T00:30:00Z")),
        "at the second 02:10"
    );
    let new_york = cron("0/30 1 * * ? *", "America/New_York");
    assert_eq!(
        slots(&new_york, "2026-11-01T00:00:00Z", "2026-11-01T12:00:00Z"),
        ["2026-11-01 01:00:00 EDT", "2026-11-01 01:30:00 EDT"]
    );
}

#[test]
fn what_is_refused_is_refused_with_the_field_and_the_remedy() {
    let refused: Vec<String> = [
        "0 3 * * *",
        "30 9 * * 1-5",
        "0 9 * * 0,6",
        "0 9 1 * MON",
        "0 3 * *",
        "0 0 3 * * ? *",
        "",
        "rate(1 day)",
        "cron(0 3 * * ? *)",
        "@daily",
        "60 3 * * ? *",
        "0 24 * * ? *",
        "0 3 0 * ? *",
        "0 3 * FOO ? *",
        "0 3 ? * 8 *",
        "0 3 * * ? 1969",
        "*/0 3 * * ? *",
        "0 5-3 * * ? *",
        "0 3 ?/2 * * *",
        "? 3 * * ? *",
        "0 3 * * * *",
        "0 3 1 * MON *",
        "0 3 * * MON *",
        "0 3 ? * ? *",
        "0 3 L * ? *",
        "0 3 15W * ? *",
        "0 3 ? * 6L *",
        "0 3 ? * 2#1 *",
        "0 3 30 2 ? *",
    ]
    .into_iter()
    .map(|text| {
        let (message, help) = Cron::new(text, Tz::UTC).unwrap_err();
        format!("{text:18} {message} ({help})")
    })
    .collect();
    insta::assert_snapshot!(refused.join("\n"), @r"
        0 3 * * *          a cron expression has six fields, and this has 5 (write `0 3 * * ? *`: the days of the week count from 1, Sunday, and the year comes last)
        30 9 * * 1-5       a cron expression has six fields, and this has 5 (write `30 9 ? * MON-FRI *`: the days of the week count from 1, Sunday, and the year comes last)
        0 9 * * 0,6        a cron expression has six fields, and this has 5 (write `0 9 ? * SUN,SAT *`: the days of the week count from 1, Sunday, and the year comes last)
        0 9 1 * MON        a cron expression has six fields, and this has 5 (write six: minute, hour, day of month, month, day of week and year, as in `0 3 * * ? *`)
        0 3 * *            a cron expression has six fields, and this has 4 (write six: minute, hour, day of month, month, day of week and year, as in `0 3 * * ? *`)
        0 0 3 * * ? *      a cron expression has six fields, and this has 7 (write six: minute, hour, day of month, month, day of week and year, as in `0 3 * * ? *`)
                           a cron expression has six fields, and this has 0 (write six: minute, hour, day of month, month, day of week and year, as in `0 3 * * ? *`)
        rate(1 day)        `rate(1 day)` is not a cron expression of six fields (write when it runs, as in `0 3 * * ? *` for each day at 03:00, or `0 * * * ? *` for each hour)
        cron(0 3 * * ? *)  `cron(0 3 * * ? *)` is not a cron expression of six fields (write what stands between the parentheses: `0 3 * * ? *`)
        @daily             `@daily` is not a cron expression of six fields (write when it runs, as in `0 3 * * ? *` for each day at 03:00, or `0 * * * ? *` for each hour)
        60 3 * * ? *       `60` is no minute (it takes 0 to 59, with `*`, `-`, `,` and `/`)
        0 24 * * ? *       `24` is no hour (it takes 0 to 23, with `*`, `-`, `,` and `/`)
        0 3 0 * ? *        `0` is no day of month (it takes 1 to 31, with `*`, `-`, `,` and `/`, or `?` alone)
        0 3 * FOO ? *      `FOO` is no month (it takes 1 to 12, or JAN to DEC, with `*`, `-`, `,` and `/`)
        0 3 ? * 8 *        `8` is no day of week (it takes 1 to 7, which is SUN to SAT, with `*`, `-`, `,` and `/`, or `?` alone)
        0 3 * * ? 1969     `1969` is no year (it takes 1970 to 2100, with `*`, `-`, `,` and `/`)
        */0 3 * * ? *      `*/0` is no minute (it takes 0 to 59, with `*`, `-`, `,` and `/`)
        0 5-3 * * ? *      `5-3` is no hour (it takes 0 to 23, with `*`, `-`, `,` and `/`)
        0 3 ?/2 * * *      `?/2` is no day of month (it takes 1 to 31, with `*`, `-`, `,` and `/`, or `?` alone)
        ? 3 * * ? *        `?` is no minute (it takes 0 to 59, with `*`, `-`, `,` and `/`)
        0 3 * * * *        the day of month and the day of week are both said, and one of them has to be `?` (write `0 3 * * ? *`)
        0 3 1 * MON *      the day of month and the day of week are both said, and one of them has to be `?` (write `0 3 1 * ? *`)
        0 3 * * MON *      the day of month and the day of week are both said, and one of them has to be `?` (write `0 3 ? * MON *`)
        0 3 ? * ? *        neither the day of month nor the day of week is said (write `0 3 * * ? *`)
        0 3 L * ? *        `L` in the day of month (`L`) is not supported (write the days themselves, as in `28` or `1,15`)
        0 3 15W * ? *      `W` in the day of month (`15W`) is not supported (write the days themselves, as in `28` or `1,15`)
        0 3 ? * 6L *       `L` in the day of week (`6L`) is not supported (write the days themselves, as in `MON` or `MON-FRI`)
        0 3 ? * 2#1 *      `#` in the day of week (`2#1`) is not supported (write the days themselves, as in `MON` or `MON-FRI`)
        0 3 30 2 ? *       `0 3 30 2 ? *` names a day that never comes (write a day that the month has)
        ");
}

fn fields() -> impl Strategy<Value = String> {
    let minute =
        prop_oneof![Just("*".to_owned()), Just("*/15".to_owned()), (0..60u8).prop_map(|m| m.to_string())];
    let hour =
        prop_oneof![Just("*".to_owned()), Just("0/6".to_owned()), (0..5u8).prop_map(|h| h.to_string())];
    let days = prop_oneof![Just("* * ?"), Just("? * SUN"), Just("? * 1-3"), Just("8,25,29 * ?")];
    (minute, hour, days).prop_map(|(minute, hour, days)| format!("{minute} {hour} {days} *"))
}

/// Some hours around a change of the clocks, and in the middle of the year.
fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    let around = prop_oneof![
        Just("2026-03-29T01:00:00Z"),
        Just("2026-10-25T01:00:00Z"),
        Just("2026-03-08T07:00:00Z"),
        Just("2026-11-01T06:00:00Z"),
        Just("2026-04-04T15:00:00Z"),
        Just("2026-07-01T00:00:00Z"),
    ];
    (around, -2_880..2_880i64).prop_map(|(around, minutes)| at(around) + TimeDelta::minutes(minutes))
}

fn zone() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("Europe/Berlin"), Just("America/New_York"), Just("Australia/Lord_Howe"), Just("UTC")]
}

/// Whether it is a slot, worked out field by field and minute by minute.
fn is_slot(text: &str, zone: Tz, moment: DateTime<Utc>) -> bool {
    let local = moment.with_timezone(&zone);
    if zone.from_local_datetime(&local.naive_local()).earliest() != Some(local) {
        return false;
    }
    let words: Vec<&str> = text.split(' ').collect();
    let step = |word: &str, value: u32| match word.split_once('/') {
        None => word == "*" || word.parse() == Ok(value),
        Some((_, step)) => value.is_multiple_of(step.parse().unwrap()),
    };
    let weekday = local.weekday().number_from_sunday();
    step(words[0], local.minute())
        && step(words[1], local.hour())
        && (words[2].len() == 1 || words[2].split(',').any(|day| day.parse() == Ok(local.day())))
        && match words[4] {
            "SUN" => weekday == 1,
            "1-3" => weekday <= 3,
            _ => true,
        }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_slots_around_a_moment_are_those_that_counting_minutes_finds(
        text in fields(), zone in zone(), moment in moment(),
    ) {
        let cron = cron(&text, zone);
        let minutes = |direction: i64| (i64::from(direction > 0)..3_000).map(move |n| moment + TimeDelta::minutes(n * direction));
        let counted = |direction| minutes(direction).find(|m| is_slot(&text, cron.zone(), *m));
        let far = TimeDelta::minutes(3_000);
        prop_assert_eq!(cron.after(moment).filter(|slot| *slot < moment + far), counted(1));
        prop_assert_eq!(cron.until(moment).filter(|slot| *slot > moment - far), counted(-1));
    }
}
