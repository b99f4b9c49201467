//! The steps of a run over many accounts, as AWS Step Functions asks for them.

use aftermove::collect::Progress;
use aftermove::run::Request;
use aftermove::run::accounts::Target;
use aftermove::run::fan_out::{self, Joined, Lost, Plan, RunName};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{HandlerError, reply};

/// So many accounts are named in an answer; the report names all.
const NAMED: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(tag = "step", rename_all = "lowercase", deny_unknown_fields)]
enum Step {
    /// List the accounts.
    Plan { run: String },
    /// Run over one of them.
    Account { run: String, account: Target },
    /// Remember why there is no result for one.
    Lost { run: String, account: Target, error: Lost },
    /// Tell of all of them; with `digest` the week in short, too.
    Join {
        run: String,
        #[serde(default)]
        digest: bool,
    },
}

pub(crate) fn is_step(payload: &Value) -> bool {
    payload.get("step").is_some()
}

pub(crate) async fn run(
    payload: Value,
    request: Request,
    progress: &(dyn Fn(&Progress<'_>) + Sync),
) -> Result<Value, HandlerError> {
    let step: Step = serde_json::from_value(payload).map_err(|error| {
        HandlerError::Event(format!("{error}; the state machine of infra/organization.yaml sends steps"))
    })?;
    let name = |run: &str| run.parse::<RunName>().map_err(HandlerError::Event);
    match step {
        Step::Plan { run } => {
            let Plan { bucket, key, accounts } = fan_out::plan(&request, &name(&run)?).await?;
            tracing::info!(run, accounts, "planned");
            Ok(json!({ "bucket": bucket, "key": key, "accounts": accounts }))
        }
        Step::Account { run, account } => {
            let id = account.id.clone();
            let scan = Box::pin(fan_out::shard(&request, &name(&run)?, account, progress)).await?;
            let report = &scan.report;
            tracing::info!(run, account = id, headline = report.headline(), usd = report.usage.usd, "read");
            // what cannot be kept is told by the next run
            Ok(json!({ "account": id, "headline": report.headline(), "complete": report.run.complete }))
        }
        Step::Lost { run, account, error } => {
            tracing::error!(run, account = account.id, error = error.to_string(), "lost");
            fan_out::lost(&request, &name(&run)?, &account, &error).await?;
            Ok(json!({ "account": account.id }))
        }
        Step::Join { run, digest } => {
            let request = Request { digest, ..request };
            let Joined { scan, lost, unseen, accounts } =
                Box::pin(fan_out::join(&request, &name(&run)?)).await?;
            let mut told = reply(&scan)?;
            let named = |of: &[Target]| of.iter().take(NAMED).map(Target::called).collect::<Vec<_>>();
            let percent = lost.len() * 100 / accounts.max(1);
            if let Some(notes) = told["notes"].as_array_mut() {
                // Step Functions takes no more than 256 KiB, and the report has all of them
                notes.truncate(NAMED);
            }
            told["accounts"] = json!(accounts);
            told["lost"] = json!({ "accounts": lost.len(), "percent": percent, "named": named(&lost) });
            told["unseen"] = json!({ "accounts": unseen.len(), "named": named(&unseen) });
            Ok(told)
        }
    }
}
