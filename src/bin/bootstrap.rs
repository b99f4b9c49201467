//! The Lambda: a thin door to [`aftermove::run`].

use std::time::{Duration, SystemTime};

use aftermove::config::environment;
use aftermove::findings::Status;
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
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Job {
    Scan,
}

#[derive(Debug, thiserror::Error)]
enum HandlerError {
    #[error("this event is not understood: {0}; send {{\"job\":\"scan\"}}")]
    Event(serde_json::Error),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("not everything was delivered: {0}")]
    Undelivered(String),
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        let error_type = match &error {
            HandlerError::Event(_) => "InvalidEvent",
            HandlerError::Run(error) => error.name(),
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
        let Event { job: Job::Scan } = serde_json::from_value(payload).map_err(HandlerError::Event)?;
        let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
        let request = Request {
            state: environment("AFTERMOVE_STATE"),
            notify: true,
            trigger: "schedule",
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
    Ok(json!({
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
    }))
}
