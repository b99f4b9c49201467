//! The Lambda: a thin door to [`aftermove::run`].

mod steps;

use std::time::{Duration, SystemTime};

use aftermove::collect::Progress;
use aftermove::config::{self, environment};
use aftermove::findings::Status;
use aftermove::incident::Ask;
use aftermove::report::{json_incident, json_review};
use aftermove::review;
use aftermove::run::jobs;
use aftermove::run::tick::{self, Outcome, SlotRun};
use aftermove::run::{self, AskedBy, Request, RunError, Scan};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::Instrument as _;

/// Kept back from the function's time to deliver and to save.
const RESERVE: Duration = Duration::from_secs(30);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    job: Option<Job>,
    /// The time for which an hourly tick was scheduled.
    tick: Option<String>,
    /// Of an incident or a review: how far to look back.
    since: Option<String>,
    /// Why somebody asks: a ticket, a sentence.
    reason: Option<String>,
    /// Who asks, in any words: the credentials are the function's.
    asked_by: Option<String>,
    /// Of many accounts this one alone, with the state that a run over all of them keeps of it.
    account: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Job {
    Scan,
    Incident,
    Digest,
    Review,
}

/// What an event asks for.
enum Asked {
    Incident(Ask),
    Review(review::Ask),
    Job(config::Job),
    Tick(DateTime<Utc>),
}

/// Clocks differ, but not by more.
const AHEAD: TimeDelta = TimeDelta::minutes(5);

/// Lambda takes answers of up to 6 MiB; the rest is for what is said beside the incident.
const REPLY_BYTES: usize = 5 * 1024 * 1024;

#[derive(Debug, thiserror::Error)]
enum HandlerError {
    #[error(
        "this event is not understood: {0}; send {{\"job\":\"scan\"}}, {{\"job\":\"digest\"}}, \
         {{\"job\":\"incident\",\"since\":\"3h\"}}, {{\"job\":\"review\",\"since\":\"2026-11-19\"}} or \
         {{\"tick\":\"<aws.scheduler.scheduled-time>\"}}"
    )]
    Event(String),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("the incident or the review cannot be written as JSON: {0}")]
    Reply(#[from] serde_json::Error),
    #[error("not everything was delivered: {0}")]
    Undelivered(String),
    #[error("not every schedule's job was completed: {message}")]
    Tick { error_type: &'static str, message: String },
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        let error_type = match &error {
            HandlerError::Event(_) => "InvalidEvent",
            HandlerError::Run(error) => error.name(),
            HandlerError::Reply(_) => "ReplyError",
            HandlerError::Undelivered(_) => "Undelivered",
            HandlerError::Tick { error_type, .. } => error_type,
        };
        tracing::error!(error_type, error = %error, "run failed");
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(
            tracing_subscriber::EnvFilter::builder()
                .with_default_directive(tracing::level_filters::LevelFilter::INFO.into())
                .with_env_var("AFTERMOVE_LOG")
                .from_env_lossy(),
        )
        .init();
    lambda_runtime::run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, HandlerError> {
    let (payload, context) = event.into_parts();
    let span = tracing::info_span!("invocation", request_id = %context.request_id);
    async {
        let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
        let request = Request {
            state: environment("AFTERMOVE_STATE"),
            notify: true,
            trigger: "schedule",
            own_role: true,
            time_limit: left.saturating_sub(RESERVE),
            ..Request::default()
        };
        let progress = |progress: &Progress<'_>| tracing::debug!(?progress, "read");
        if steps::is_step(&payload) {
            return Box::pin(steps::run(payload, request, &progress)).await;
        }
        let (asked, for_whom, apart) = asked(payload, Utc::now())?;
        let trigger = if for_whom.is_some() { "manual" } else { request.trigger };
        let request = Request { apart, trigger, asked: for_whom, ..request };
        match asked {
            Asked::Incident(ask) => {
                let request = Request { incident: Some(ask), trigger: "incident", ..request };
                reply(&Box::pin(run::scan(&request, &progress)).await?)
            }
            Asked::Review(ask) => {
                let request = Request { review: Some(ask), trigger: "review", ..request };
                reply(&Box::pin(run::scan(&request, &progress)).await?)
            }
            Asked::Job(job) => reply(&Box::pin(jobs::job(job, &request, &progress)).await?),
            Asked::Tick(at) => ticked(at, &Box::pin(tick::tick(&request, at, &progress)).await?),
        }
    }
    .instrument(span)
    .await
}

/// What is asked for, by whom and why, and the account that is meant.
fn asked(
    payload: Value,
    now: DateTime<Utc>,
) -> Result<(Asked, Option<AskedBy>, Option<String>), HandlerError> {
    let refused = |why: &str| Err(HandlerError::Event(why.to_owned()));
    let event: Event =
        serde_json::from_value(payload).map_err(|error| HandlerError::Event(error.to_string()))?;
    let Event { job, tick, since, reason, asked_by, account } = event;
    for (name, given) in [("account", account.is_some()), ("asked_by", asked_by.is_some())] {
        if given && job.is_none() {
            return refused(&format!("`{name}` is of a job"));
        }
    }
    let for_whom = AskedBy::new(asked_by.as_deref(), reason.as_deref());
    Ok((asked_for(job, tick, since, reason, now)?, for_whom, account))
}

fn asked_for(
    job: Option<Job>,
    tick: Option<String>,
    since: Option<String>,
    reason: Option<String>,
    now: DateTime<Utc>,
) -> Result<Asked, HandlerError> {
    let refused = |why: &str| Err(HandlerError::Event(why.to_owned()));
    match (job, tick) {
        (None, None) => refused("it has neither `job` nor `tick`"),
        (Some(_), Some(_)) => refused("it has both `job` and `tick`"),
        (Some(Job::Incident), None) => match since {
            Some(since) => Ok(Asked::Incident(Ask { since, reason })),
            None => refused("an incident needs `since`"),
        },
        (Some(Job::Review), None) => Ok(Asked::Review(review::Ask { since })),
        (None, Some(_)) if since.is_some() || reason.is_some() => {
            refused("`since` and `reason` are of a job, not of a tick")
        }
        (None, Some(tick)) => match tick.parse::<DateTime<Utc>>() {
            Ok(at) if at > now + AHEAD => refused(&format!("the tick {tick} is yet to come")),
            Ok(at) => Ok(Asked::Tick(at)),
            Err(_) => refused(&format!("the tick `{tick}` is no time such as 2026-11-22T03:00:00Z")),
        },
        (Some(job), None) => {
            let job = match job {
                Job::Digest => config::Job::Digest,
                Job::Scan | Job::Incident | Job::Review => config::Job::Scan,
            };
            if since.is_some() {
                return refused(&format!("`since` is of an incident or a review, not of a {job}"));
            }
            Ok(Asked::Job(job))
        }
    }
}

/// What ran and what did not. A job that did not complete makes the tick fail once all have had their turn.
fn ticked(at: DateTime<Utc>, runs: &[SlotRun]) -> Result<Value, HandlerError> {
    let stamp = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let (mut completed, mut left, mut troubles) = (Vec::new(), Vec::new(), Vec::new());
    for run in runs {
        let SlotRun { schedule, job, slot, outcome } = run;
        let mut told = json!({ "schedule": schedule, "job": job, "slot": stamp(*slot) });
        let trouble = match (outcome, run.trouble()) {
            (_, Some((error_type, trouble))) => Some((error_type, trouble)),
            (Outcome::Ran(scan), None) => {
                if let (Value::Object(told), Value::Object(reply)) = (&mut told, reply(scan)?) {
                    told.extend(reply);
                }
                completed.push(told);
                None
            }
            (Outcome::Left(why), None) => {
                tracing::info!(schedule, job = job.as_str(), slot = stamp(*slot), why, "left");
                told["why"] = json!(why);
                left.push(told);
                None
            }
            (Outcome::Failed(_), None) => None,
        };
        if let Some((error_type, trouble)) = trouble {
            tracing::error!(
                schedule,
                job = job.as_str(),
                slot = stamp(*slot),
                error_type,
                error = trouble,
                "failed"
            );
            troubles.push((error_type, format!("{schedule}: {trouble}")));
        }
    }
    tracing::info!(
        tick = stamp(at),
        ran = completed.len(),
        left = left.len(),
        failed = troubles.len(),
        "ticked"
    );
    if let Some((error_type, _)) = troubles.first() {
        let message: Vec<&str> = troubles.iter().map(|(_, message)| message.as_str()).collect();
        return Err(HandlerError::Tick { error_type, message: message.join("; ") });
    }
    Ok(json!({ "tick": stamp(at), "ran": completed, "left": left }))
}

fn reply(scan: &Scan) -> Result<Value, HandlerError> {
    let report = &scan.report;
    let headline = report.headline();
    tracing::info!(
        run_id = report.run.id,
        headline,
        complete = report.run.complete,
        usd = report.usage.usd,
        "scanned"
    );
    for row in report.unseen() {
        tracing::warn!(
            run_id = report.run.id,
            account = row.account,
            region = row.region,
            resource_type = row.resource_type,
            detail = row.detail,
            "not seen"
        );
    }
    if scan.undelivered {
        return Err(HandlerError::Undelivered(report.notes.join("; ")));
    }
    let count = |status| report.count(status);
    let mut reply = json!({
        "run_id": report.run.id,
        "headline": headline,
        "complete": report.run.complete,
        "new": count(Status::New),
        "reopened": count(Status::Reopened),
        "open": count(Status::Open),
        "resolved": count(Status::Resolved),
        "muted": count(Status::Muted),
        "unknown": count(Status::Unknown),
        "notes": report.notes,
        "api_calls": report.usage.api_calls,
        "usd": report.usage.usd,
    });
    if let Some(page) = &report.page {
        reply["page"] = json!(page.place);
        reply["report"] = json!(page.json_place());
    }
    if let Some(digest) = &report.digest {
        reply["digest"] = json!(digest);
    }
    if let (Some(incident), Some(reply)) = (&report.incident, reply.as_object_mut())
        && let Value::Object(told) = json_incident::within(report, incident, REPLY_BYTES)?
    {
        reply.extend(told);
    }
    if let (Some(review), Some(reply)) = (&report.review, reply.as_object_mut())
        && let Value::Object(told) = json_review::within(review, REPLY_BYTES)
    {
        reply.extend(told);
    }
    Ok(reply)
}
