//! Schedules: an hourly tick of the Lambda, what is to come, and a process that stays.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use aftermove::findings::state::State;
use serde_json::{Value, json};

use crate::bad_input::{Desk, assert_says};
use crate::lambda::{configure, invoke};
use crate::local::Local;

const SCHEDULES: &str = "\
version: 1
schedules:
  nightly: { job: scan, cron: '30 3 * * ? *', only: [logs-group-no-retention] }
  weekly: { job: scan, cron: '0 5 ? * FRI *', timezone: Europe/Berlin, only: [logs] }
";

fn tick(local: &Local, at: &str) -> Output {
    let config = local.folder.path().join("aftermove.yaml");
    let state = local.folder.path().join("state.json");
    let environment =
        [format!("AFTERMOVE_CONFIG={}", config.display()), format!("AFTERMOVE_STATE={}", state.display())];
    invoke(local, &json!({ "tick": at }), &environment.each_ref().map(String::as_str))
}

/// What a tick answers: the schedule and slot of each job that ran, and whether AWS was asked.
fn ran(local: &Local, at: &str) -> (Vec<String>, bool) {
    local.forget("journal");
    let output = tick(local, at);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let reply: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&reply["tick"], &reply["left"]), (&json!(at), &json!([])));
    let completed = reply["ran"].as_array().unwrap().iter().map(|job| {
        assert_eq!((&job["job"], &job["complete"]), (&json!("scan"), &json!(true)), "{job:#}");
        format!("{} {}", job["schedule"].as_str().unwrap(), job["slot"].as_str().unwrap())
    });
    (completed.collect(), local.journal().contains(&"logs:DescribeLogGroups".to_owned()))
}

fn state(local: &Local) -> State {
    let json = std::fs::read(local.folder.path().join("state.json")).unwrap();
    State::parse(&json, "state.json").unwrap()
}

#[test]
fn a_tick_runs_what_is_due_once_and_makes_up_once_for_what_was_missed() {
    let (local, _) = Local::seeded();
    local.write("aftermove.yaml", SCHEDULES);
    let nothing = (Vec::new(), false);
    assert_eq!(ran(&local, "2026-11-19T12:00:00Z"), nothing);
    assert_eq!(ran(&local, "2026-11-20T03:00:00Z"), nothing);
    let both = ["nightly 2026-11-20T03:30:00Z", "weekly 2026-11-20T04:00:00Z"].map(str::to_owned);
    assert_eq!(ran(&local, "2026-11-20T04:00:00Z"), (both.to_vec(), true));
    let findings = state(&local).findings.len();
    assert!(findings > 1, "the scans kept what they found");
    assert_eq!(ran(&local, "2026-11-20T04:00:00Z"), nothing, "a duplicate");
    assert_eq!(ran(&local, "2026-11-20T05:00:00Z"), nothing);
    // three nights go by without a tick
    let missed = vec!["nightly 2026-11-23T03:30:00Z".to_owned()];
    assert_eq!(ran(&local, "2026-11-23T10:00:00Z"), (missed, true));
    assert_eq!(ran(&local, "2026-11-22T04:00:00Z"), nothing, "a tick that comes late");
    let state = state(&local);
    assert_eq!(state.findings.len(), findings);
    assert_eq!(state.running.len(), 0);
    assert_eq!(state.schedules["nightly"].to_rfc3339(), "2026-11-23T03:30:00+00:00");
}

#[test]
fn a_job_that_fails_makes_the_tick_fail_and_stays_due() {
    let (local, _) = Local::seeded();
    local.write("aftermove.yaml", SCHEDULES);
    crate::faults::fault(&local, "sts:GetCallerIdentity", "denied", &json!({}));
    let output = tick(&local, "2026-11-20T03:30:00Z");
    assert!(!output.status.success());
    let reply: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(reply["errorType"], "AwsError", "{reply}");
    assert!(reply["errorMessage"].as_str().unwrap().contains("nightly: "), "{reply}");
    assert_eq!(state(&local).running.len(), 0, "the claim is given back");
    local.forget("faults");
    assert_eq!(ran(&local, "2026-11-20T07:00:00Z").0[0], "nightly 2026-11-20T03:30:00Z");
}

#[test]
fn a_bad_tick_is_an_error_with_a_name() {
    let local = Local::start();
    local.write("aftermove.yaml", SCHEDULES);
    local.write("none.yaml", "version: 1\n");
    let ahead = (chrono::Utc::now() + chrono::TimeDelta::hours(2)).to_rfc3339();
    let now = "2026-11-20T03:30:00Z";
    for (event, config, state, error_type, says) in [
        (
            json!({ "tick": "<aws.scheduler.scheduled-time>" }),
            "aftermove",
            "state.json",
            "InvalidEvent",
            "is no time",
        ),
        (json!({ "tick": ahead }), "aftermove", "state.json", "InvalidEvent", "yet to come"),
        (json!({ "tick": now, "job": "scan" }), "aftermove", "state.json", "InvalidEvent", "both"),
        (json!({ "tick": now, "since": "3h" }), "aftermove", "state.json", "InvalidEvent", "not of a tick"),
        (json!({}), "aftermove", "state.json", "InvalidEvent", "neither `job` nor `tick`"),
        (json!({ "tick": now }), "none", "state.json", "ConfigurationError", "has no `schedules`"),
        (json!({ "tick": now }), "aftermove", "none", "ConfigurationError", "AFTERMOVE_STATE"),
    ] {
        let config = local.folder.path().join(format!("{config}.yaml"));
        let environment =
            [format!("AFTERMOVE_CONFIG={}", config.display()), format!("AFTERMOVE_STATE={state}")];
        let output = invoke(&local, &event, &environment.each_ref().map(String::as_str));
        assert!(!output.status.success(), "{event}");
        let reply: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(reply["errorType"], error_type, "{reply}");
        assert!(reply["errorMessage"].as_str().unwrap().contains(says), "{reply}");
    }
}

/// Without AWS: a call to it would be told as one that cannot be reached.
fn next(desk: &Desk, arguments: &[&str]) -> String {
    let fixed = ["schedule", "next", "--config", "aftermove.yaml", "--from", "2026-11-26T09:05:00Z"];
    let output = desk.command(&[&fixed, arguments].concat()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_is_to_come_and_what_is_overdue_is_shown() {
    let desk = Desk::new();
    desk.write("aftermove.yaml", SCHEDULES);
    desk.write(
        "state.json",
        r#"{"version": 1, "findings": {}, "last_complete": {}, "undelivered": {}, "schedules": {"nightly": "2026-11-25T03:30:00Z"}}"#,
    );
    insta::assert_snapshot!(next(&desk, &["--count", "3", "--state", "state.json"]), @"
    nightly  scan    Thu 2026-11-26 03:30 UTC                  2026-11-26 03:30 UTC  overdue for 5 h 35 min  only logs-group-no-retention
    nightly  scan    Fri 2026-11-27 03:30 UTC                  2026-11-27 03:30 UTC  in 18 h 25 min  only logs-group-no-retention
    weekly   scan    Fri 2026-11-27 05:00 CET (Europe/Berlin)  2026-11-27 04:00 UTC  in 18 h 55 min  only logs
    nightly  scan    Sat 2026-11-28 03:30 UTC                  2026-11-28 03:30 UTC  in 1 d 18 h  only logs-group-no-retention
    ");
    let json: Value = serde_json::from_str(&next(&desk, &["--count", "2", "--format", "json"])).unwrap();
    assert_eq!(json["overdue"], json!([]), "no state was named");
    assert_eq!(
        json["next"][1],
        json!({ "schedule": "weekly", "job": "scan", "only": ["logs"], "cron": "0 5 ? * FRI *", "timezone": "Europe/Berlin",
            "at": "2026-11-27T04:00:00Z", "local": "2026-11-27T05:00:00+01:00", "seconds": 68_100 })
    );
}

#[test]
fn schedules_that_cannot_be_are_refused_before_anything_runs() {
    for (schedules, says) in [
        ("{ a: { job: scan, cron: '0 3 * * *' } }", ["aftermove.yaml:1:", "`0 3 * * ? *`"]),
        ("{ a: { job: scan, cron: rate(1 day) } }", ["aftermove.yaml:1:", "as in `0 3 * * ? *`"]),
        ("{ a: { job: scn, cron: '0 3 * * ? *' } }", ["aftermove.yaml:1:", "did you mean `scan`?"]),
        (
            "{ a: { job: scan, cron: '0 3 * * ? *', timezone: Berlin } }",
            ["aftermove.yaml:1:", "`Europe/Berlin`"],
        ),
        (
            "{ a: { job: scan, cron: '0 3 * * ? *', only: [netwrk] } }",
            ["aftermove.yaml:1:", "did you mean `network`?"],
        ),
        ("{ a: { job: scan } }", ["aftermove.yaml:1:", "`cron` is missing"]),
        ("{}", ["no `schedules`", ""]),
    ] {
        let desk = Desk::new();
        desk.write("aftermove.yaml", format!("schedules: {schedules}\n"));
        for command in [&["schedule", "next"][..], &["watch", "--state", "state.json"]] {
            let said = desk.refused(&[command, &["--config", "aftermove.yaml"]].concat());
            assert_says(&said, &says);
        }
    }
    let desk = Desk::new();
    desk.write("aftermove.yaml", SCHEDULES);
    for from in ["soon", "+9999-01-01T00:00:00Z"] {
        assert_says(
            &desk.refused(&["schedule", "next", "--config", "aftermove.yaml", "--from", from]),
            &["--from"],
        );
    }
}

/// `aftermove watch`, and what it logs.
struct Watch {
    process: Child,
    log: Receiver<String>,
}

impl Watch {
    fn start(local: &Local, state: &str) -> Self {
        let arguments = ["watch", "--config", "aftermove.yaml", "--state", state];
        let mut process = local.command(&arguments).stderr(Stdio::piped()).spawn().unwrap();
        let (send, log) = channel();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| send.send(line)));
        Self { process, log }
    }

    /// The first line with these words.
    fn wait_for(&self, words: &str) -> String {
        let until = Instant::now() + Duration::from_secs(150);
        let mut seen = Vec::new();
        while let Ok(line) = self.log.recv_timeout(until.saturating_duration_since(Instant::now())) {
            if line.contains(words) {
                return line;
            }
            seen.push(line);
        }
        panic!("no {words:?} in {seen:#?}");
    }

    fn signal(&self, name: &str) {
        let kill = Command::new("kill").args(["-s", name, &self.process.id().to_string()]).status().unwrap();
        assert!(kill.success());
    }

    fn exit_code(mut self) -> Option<i32> {
        let until = Instant::now() + Duration::from_mins(1);
        while Instant::now() < until {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it did not end");
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const EACH_MINUTE: &str =
    "schedules: { often: { job: scan, cron: '* * * * ? *', only: [logs-group-no-retention] } }\n";

#[test]
fn a_process_that_stays_runs_a_slot_and_ends_when_it_is_asked_to() {
    let (local, _) = Local::seeded();
    local.write("aftermove.yaml", EACH_MINUTE);
    let watch = Watch::start(&local, "state.json");
    watch.wait_for("next: often (scan)");
    let ran = watch.wait_for("often (scan) of ");
    assert!(ran.contains(" ran: "), "{ran}");
    watch.wait_for("next: often (scan)");
    let known = state(&local);
    assert_eq!((known.findings.is_empty(), known.running.len()), (false, 0));
    // while it sleeps
    watch.signal("TERM");
    watch.wait_for("stopped");
    assert_eq!(watch.exit_code(), Some(0));
}

#[test]
fn a_job_that_runs_is_finished_first_and_a_second_signal_cuts_it_off() {
    let (local, _) = Local::seeded();
    local.write("aftermove.yaml", EACH_MINUTE);
    // as if it had been down for long
    let seen = State {
        schedules: [("often".into(), "2026-11-20T00:00:00Z".parse().unwrap())].into(),
        ..State::default()
    };
    std::fs::write(local.folder.path().join("state.json"), seen.to_json().unwrap()).unwrap();
    crate::faults::fault(&local, "logs:DescribeLogGroups", "delay", &json!({ "seconds": 4 }));
    let busy = |local: &Local| {
        let watch = Watch::start(local, "state.json");
        let until = Instant::now() + Duration::from_secs(20);
        while state(local).running.is_empty() {
            assert!(Instant::now() < until, "it claims what is due");
            std::thread::sleep(Duration::from_millis(20));
        }
        watch.signal("INT");
        watch.wait_for("asked to stop");
        watch
    };

    let watch = busy(&local);
    assert!(watch.wait_for("often (scan) of ").contains(" ran: "));
    assert_eq!(watch.exit_code(), Some(0));
    let known = state(&local);
    assert_eq!(known.running.len(), 0);
    assert!(chrono::Utc::now() - known.schedules["often"] < chrono::TimeDelta::minutes(3), "the last slot");

    std::fs::write(local.folder.path().join("state.json"), seen.to_json().unwrap()).unwrap();
    let watch = busy(&local);
    watch.signal("TERM");
    watch.wait_for("aborted");
    assert_eq!(watch.exit_code(), Some(143));
    assert_eq!(state(&local).schedules["often"].to_rfc3339(), "2026-11-20T00:00:00+00:00", "it was not done");
}

#[tokio::test]
async fn of_two_processes_at_once_one_runs_the_job() {
    let (local, _) = Local::seeded();
    let text = "schedules: { yearly: { job: scan, cron: 0 0 1 1 ? *, only: [logs-group-no-retention] } }\n";
    local.write("aftermove.yaml", text);
    let s3 = configure(&local, text).await;
    let seen = State {
        schedules: [("yearly".into(), "2020-01-01T00:00:00Z".parse().unwrap())].into(),
        ..State::default()
    };
    let body = seen.to_json().unwrap().into();
    s3.put_object().bucket("aftermove-test").key("state.json").body(body).send().await.unwrap();
    // long enough for the other one to come, on a machine that is busy
    crate::faults::fault(&local, "logs:DescribeLogGroups", "delay", &json!({ "seconds": 15 }));
    local.forget("journal");
    let both = [(); 2].map(|()| Watch::start(&local, "s3://aftermove-test/state.json"));
    let mut told = both
        .each_ref()
        .map(|watch| watch.wait_for("yearly (scan) of ").split_once(" UTC ").unwrap().1.to_owned());
    told.sort();
    assert!(told[0].starts_with("ran: ") && told[1] == "was left: another run has it", "{told:?}");
    let scans = local.journal().iter().filter(|call| *call == "logs:DescribeLogGroups").count();
    assert_eq!(scans, 1);
    for watch in both {
        watch.signal("TERM");
        assert_eq!(watch.exit_code(), Some(0));
    }
}
