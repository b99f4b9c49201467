//! The Lambda: a thin door to [`aftermove::run`].

use std::time::{Duration, SystemTime};

use aftermove::config::environment;
use aftermove::findings::Status;
use aftermove::incident::Ask;
use aftermove::report::{json_incident, json_review};
use aftermove::review;
use aftermove::run::{self, Request, RunError, Scan};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::Instrument as _;

/// Kept back from the function's time to deliver and to save.
const RESERVE: Duration = Duration::from_secs(30);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    job: Job,
    /// Of an incident or a review: how far to look back.
    since: Option<String>,
    /// Of an incident: why.
    reason: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Job {
    Scan,
    Incident,
    Review,
}

/// Lambda takes answers of up to 6 MiB; the rest is for what is said beside the incident.
const REPLY_BYTES: usize = 5 * 1024 * 1024;

#[derive(Debug, thiserror::Error)]
enum HandlerError {
    #[error(
        "this event is not understood: {0}; send {{\"job\":\"scan\"}} or {{\"job\":\"incident\",\"since\":\"3h\"}} or {{\"job\":\"review\",\"since\":\"2026-11-19\"}}"
    )]
    Event(String),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("the incident or the review cannot be written as JSON: {0}")]
    Reply(#[from] serde_json::Error),
    #[error("not everything was delivered: {0}")]
    Undelivered(String),
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        let error_type = match &error {
            HandlerError::Event(_) => "InvalidEvent",
            HandlerError::Run(error) => error.name(),
            HandlerError::Reply(_) => "ReplyError",
            HandlerError::Undelivered(_) => "Undelivered",
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
        let (incident, review) = asked(payload)?;
        let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
        let request = Request {
            state: environment("AFTERMOVE_STATE"),
            notify: true,
            trigger: match (&incident, &review) {
                (Some(_), _) => "incident",
                (None, Some(_)) => "review",
                (None, None) => "schedule",
            },
            incident,
            review,
            own_role: true,
            time_limit: left.saturating_sub(RESERVE),
            ..Request::default()
        };
        reply(
            &Box::pin(run::scan(&request, &|progress| {
                tracing::debug!(?progress, "read");
            }))
            .await?,
        )
    }
    .instrument(span)
    .await
}

/// The incident or the review that the event asks for, if it does.
fn asked(payload: Value) -> Result<(Option<Ask>, Option<review::Ask>), HandlerError> {
    let event: Event =
        serde_json::from_value(payload).map_err(|error| HandlerError::Event(error.to_string()))?;
    match event {
        Event { job: Job::Scan, since: None, reason: None } => Ok((None, None)),
        Event { job: Job::Scan, .. } => {
            Err(HandlerError::Event("`since` and `reason` are of an incident, not of a scan".to_owned()))
        }
        Event { job: Job::Incident, since: Some(since), reason } => Ok((Some(Ask { since, reason }), None)),
        Event { job: Job::Review, since, reason: None } => Ok((None, Some(review::Ask { since }))),
        Event { job: Job::Review, .. } => {
            Err(HandlerError::Event("`reason` is of an incident, not of a review".to_owned()))
        }
        Event { job: Job::Incident, since: None, .. } => {
            Err(HandlerError::Event("an incident needs `since`".to_owned()))
        }
    }
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
