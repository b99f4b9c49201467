//! `aftermove iam`: the IAM policy that reading needs.

use std::sync::Arc;

use aftermove::collect::{self, Needs};
use aftermove::config::{Regions, regions};
use aftermove::inventory::Kind as _;
use aftermove::inventory::cloudtrail::Event;
use aftermove::policy::Policy;
use aftermove::run::setup;
use clap::Args;

use crate::policy::{Only, Source};
use crate::{say, write};

#[derive(Args)]
pub(crate) struct Iam {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    only: Only,
    /// AWS profile, to look up what the handlers of types that are not built in call
    #[arg(long)]
    profile: Option<String>,
}

/// Without arguments for everything that is built in, else for the policies that would run.
pub(crate) async fn run(arguments: Iam) -> anyhow::Result<u8> {
    let Iam { source, only, profile } = arguments;
    if source.config.is_none() && source.policies.is_none() && only.only.is_empty() {
        write(None, &format!("{:#}\n", collect::read_only_policy()))?;
        return Ok(0);
    }
    let config = source.config().await?;
    let policies = source.load().await?;
    let selected = setup::select(&policies, &only.only, &config.packs)?;
    let needs = Needs {
        types: selected.iter().flat_map(|policy| policy.types()).collect(),
        details: selected.iter().flat_map(|policy| policy.details()).collect(),
        metrics: selected.iter().any(|policy| Policy::uses_metrics(policy)),
    };
    let mut further = Vec::new();
    if needs.generic_types().next().is_some() {
        let sdk = collect::sdk_config(profile.as_deref(), None).await;
        for name in needs.generic_types() {
            match collect::registry(&sdk, name, &Arc::default()).await {
                Ok(schema) => {
                    let (statement, left) = collect::handler_statements(name, schema.permissions());
                    further.extend(statement);
                    if !left.is_empty() {
                        let left: Vec<String> = left.into_iter().collect();
                        say(&format!("{name}: left out, as reading hardly needs it: {}", left.join(", ")));
                    }
                }
                Err(error) => say(&format!(
                    "{name}: what Cloud Control calls to read it has to be added by hand ({error}); \
                     `aws cloudformation describe-type --type RESOURCE --type-name {name}` shows it \
                     under handlers.list and handlers.read"
                )),
            }
        }
    }
    let partition = match &config.regions {
        Regions::Named(regions) => regions.first().map_or("aws", |region| regions::partition(region)),
        Regions::Current | Regions::All => "aws",
    };
    further.extend(collect::account_statements(&config.accounts, partition));
    if let Some(trail) = config.drift.trail.filter(|_| needs.types.contains(Event::TYPE)) {
        further.extend(collect::trail_statements(partition, &trail.bucket, &trail.prefix));
    }
    write(None, &format!("{:#}\n", needs.policy(further)))?;
    Ok(0)
}
