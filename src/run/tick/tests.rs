use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::put_object::PutObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;

use super::*;
use crate::config::schedule::Cron;

const AT: &str = "2026-11-20T04:00:00Z";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn ticker(ledger: Ledger) -> Ticker {
    let schedule = |name: &str, cron| Schedule {
        name: name.to_owned(),
        job: Job::Scan,
        cron: Cron::new(cron, chrono_tz::UTC).unwrap(),
        only: Vec::new(),
    };
    let schedules = vec![schedule("nightly", "30 3 * * ? *"), schedule("weekly", "0 9 ? * MON *")];
    Ticker { schedules, ledger }
}

fn in_memory() -> Ticker {
    ticker(Ledger::Memory(Mutex::default()))
}

fn kept(rules: &[&Rule]) -> Ticker {
    let answers =
        rules.iter().fold(MockResponseInterceptor::new().rule_mode(RuleMode::Sequential), |all, rule| {
            all.with_rule(rule)
        });
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .http_client(create_mock_http_client())
        .interceptor(answers)
        .build();
    ticker(Ledger::Kept { place: "s3://audit/state.json".parse().unwrap(), s3: Client::from_conf(config) })
}

fn stored(state: &State, etag: &'static str) -> Rule {
    let json = state.to_json().unwrap();
    mock!(Client::get_object).then_output(move || {
        GetObjectOutput::builder().e_tag(etag).body(ByteStream::from(json.clone())).build()
    })
}

fn written(etag: &'static str) -> Rule {
    mock!(Client::put_object)
        .match_requests(move |request| request.if_match() == Some(etag))
        .then_output(|| PutObjectOutput::builder().build())
}

fn overtaken() -> Rule {
    mock!(Client::put_object).then_http_response(|| {
        let body = "<Error><Code>PreconditionFailed</Code><Message>no</Message></Error>";
        HttpResponse::new(412.try_into().unwrap(), SdkBody::from(body))
    })
}

/// The slots that are claimed at a time, and of each whether it is this run's.
async fn claim(ticker: &Ticker, now: &str) -> Vec<(String, bool)> {
    let request = Request { time_limit: Duration::from_mins(10), ..Request::default() };
    let tick = Tick { at: at(now), grace: HOURLY, deadline: None, go_on: &|| true };
    let claims = ticker.claim(&request, &tick).await.unwrap();
    claims.iter().map(|c| (format!("{} {}", c.schedule.name, c.slot.format("%d %H:%M")), c.ours)).collect()
}

fn one(slot: &str, ours: bool) -> Vec<(String, bool)> {
    vec![(slot.to_owned(), ours)]
}

fn remembered(ticker: &Ticker) -> State {
    match &ticker.ledger {
        Ledger::Memory(state) => state.lock().unwrap().clone(),
        Ledger::Kept { .. } => panic!("it is in S3"),
    }
}

#[tokio::test]
async fn a_slot_is_claimed_and_done_once() {
    let ticker = in_memory();
    assert_eq!(claim(&ticker, AT).await, one("nightly 20 03:30", true));
    assert_eq!(claim(&ticker, AT).await, one("nightly 20 03:30", false), "a second tick at the same time");
    ticker.settle("nightly", Some(at("2026-11-20T03:30:00Z"))).await.unwrap();
    assert_eq!(claim(&ticker, AT).await, []);
    assert!(remembered(&ticker).running.is_empty());
}

#[tokio::test]
async fn a_job_that_failed_is_still_due_however_long_ago_it_was() {
    let ticker = in_memory();
    assert_eq!(claim(&ticker, AT).await, one("nightly 20 03:30", true));
    ticker.settle("nightly", None).await.unwrap();
    assert_eq!(claim(&ticker, "2026-11-20T07:00:00Z").await, one("nightly 20 03:30", true));
}

#[tokio::test]
async fn the_claim_of_a_run_that_died_ends_by_itself() {
    let ticker = in_memory();
    assert_eq!(claim(&ticker, AT).await, one("nightly 20 03:30", true));
    let claimed = |ticker: &Ticker| remembered(ticker).running["nightly"] - Utc::now();
    let left = claimed(&ticker);
    assert!(left > TimeDelta::minutes(10) && left <= TimeDelta::minutes(11), "{left}");
    if let Ledger::Memory(state) = &ticker.ledger {
        state.lock().unwrap().running.insert("nightly".into(), Utc::now() - TimeDelta::seconds(1));
    }
    assert_eq!(claim(&ticker, AT).await, one("nightly 20 03:30", true));
    assert!(claimed(&ticker) > TimeDelta::minutes(10));
}

#[tokio::test]
async fn what_the_configuration_no_longer_has_is_forgotten() {
    let ticker = in_memory();
    if let Ledger::Memory(state) = &ticker.ledger {
        let mut state = state.lock().unwrap();
        state.schedules.insert("old".into(), at(AT));
        state.running.insert("old".into(), Utc::now() + HOURLY);
    }
    claim(&ticker, AT).await;
    let state = remembered(&ticker);
    assert_eq!(state.schedules.keys().collect::<Vec<_>>(), ["nightly", "weekly"]);
    assert_eq!(state.running.keys().collect::<Vec<_>>(), ["nightly"]);
}

#[tokio::test]
async fn of_two_ticks_at_once_the_later_writer_sees_the_claim_of_the_other() {
    let mut theirs = State::default();
    theirs.schedules.extend([("nightly".into(), at(AT) - HOURLY), ("weekly".into(), at(AT) - HOURLY)]);
    theirs.running.insert("nightly".into(), Utc::now() + HOURLY);
    let (before, after) = (stored(&State::default(), "\"v1\""), stored(&theirs, "\"v2\""));
    // whoever comes too late reads once to see whether the write was its own, and once more to begin anew
    let again = stored(&theirs, "\"v2\"");
    let refused = overtaken();
    let ticker = kept(&[&before, &refused, &after, &again]);
    assert_eq!(claim(&ticker, AT).await, one("nightly 20 03:30", false));
    assert_eq!(again.num_calls(), 1);
}

#[tokio::test]
async fn what_another_run_wrote_meanwhile_stays_when_a_slot_is_done() {
    let mut state = State::default();
    state.running.insert("nightly".into(), Utc::now() + HOURLY);
    let (get, put) = (stored(&state, "\"v1\""), written("\"v1\""));
    kept(&[&get, &put]).settle("nightly", Some(at(AT))).await.unwrap();
    assert_eq!(put.num_calls(), 1);
}

#[tokio::test]
async fn a_tick_with_nothing_due_writes_nothing() {
    let mut state = State::default();
    state.schedules.extend([("nightly".into(), at(AT)), ("weekly".into(), at(AT))]);
    let get = stored(&state, "\"v1\"");
    assert_eq!(claim(&kept(&[&get]), AT).await, [], "a write would find no answer");
}
