use serde_json::json;

use super::super::testing::{LIMITS, ago, alarm, fired, review, told, updates, went};
use super::*;
use crate::incident::testing::resource;
use crate::inventory::Resource;

fn first(resources: Vec<Resource>) -> NoisyAlarm {
    told(resources).noise.remove(0)
}

#[test]
fn the_loudest_is_first_and_says_what_to_change() {
    let noise = review().noise;
    let loudest = &noise[0];
    assert_eq!((loudest.name.as_str(), loudest.verdict), ("web-latency", "loud"));
    assert_eq!((loudest.transitions, loudest.fired, loudest.self_resolved), (70, 35, 35));
    assert_eq!((loudest.messages, loudest.messages_per_day), (Some(35), Some(5.0)));
    assert_eq!(loudest.in_alarm_seconds, 35 * 360);
    assert!(loudest.advice.contains("3 of 5"), "{}", loudest.advice);
    assert_eq!((noise[1].name.as_str(), noise[1].verdict, noise[1].fired), ("web-5xx", "calm", 1));
}

#[test]
fn each_kind_of_noise_has_its_own_remedy() {
    let mut stuck = alarm("stuck");
    if let Resource::Alarm(alarm) = &mut stuck {
        alarm.state_value = "ALARM".to_owned();
    }
    assert!(first(vec![stuck]).advice.contains("in ALARM most of the time"));

    let mut no_data = vec![alarm("jobs")];
    for at in 0..5 {
        no_data.push(went("jobs", ago(500 - at * 60), "OK", "INSUFFICIENT_DATA"));
        no_data.push(went("jobs", ago(470 - at * 60), "INSUFFICIENT_DATA", "OK"));
    }
    assert!(first(no_data).advice.contains("notBreaching"));

    let twice = || [&fired("web", 1000, 30)[..], &fired("web", 3000, 30)[..]].concat();
    let ignored = first([vec![alarm("web")], twice()].concat());
    assert_eq!(ignored.acted_on, Some(0));
    assert!(ignored.advice.contains("Nobody ever changed anything"), "{}", ignored.advice);

    let acted = first([vec![alarm("web"), updates(&[950])], twice()].concat());
    assert_eq!((acted.acted_on, acted.advice.as_str()), (Some(1), "Keep it as it is."));

    assert!(first(twice()).advice.contains("gone by now"));
}

#[test]
fn the_policys_own_numbers_decide() {
    let day_and_night = |limits| {
        let mut resources = vec![alarm("web")];
        for at in 0..30 {
            resources.extend(fired("web", 9000 - at * 300, 5));
        }
        let inventory = super::super::testing::week_inventory(resources);
        let window = super::super::testing::window();
        let review =
            super::super::tell(&inventory, None, &super::super::testing::migration(), limits, window);
        review.noise[0].verdict
    };
    assert_eq!(day_and_night(LIMITS), "loud");
    assert_eq!(day_and_night(Limits { grave_per_day: 4.0, ..LIMITS }), "grave");
    assert_eq!(day_and_night(Limits { messages_per_day: 5.0, ..LIMITS }), "calm");
    assert_eq!(day_and_night(Limits::of(&[])), "calm");
}

#[test]
fn an_alarm_without_readers_sends_nothing() {
    let silent = resource("AWS::CloudWatch::Alarm", json!({ "id": "web", "actions_enabled": true }));
    let mut resources = vec![silent];
    resources.extend(fired("web", 1000, 30));
    let noise = first(resources);
    assert_eq!((noise.fired, noise.messages), (1, Some(0)));
}
