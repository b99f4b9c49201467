//! `aftermove policy`: look at, check and test policies.

use std::collections::BTreeSet;
use std::path::PathBuf;

use aftermove::collect;
use aftermove::config::{Config, Overrides};
use aftermove::policy::{Policy, explain, test};
use aftermove::run::{Request, RunError, setup};
use clap::{Args, Subcommand, ValueEnum};

use crate::{check_writable, write};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Check the configuration and all policies
    Check(Source),
    /// Run the cases that the policies carry
    Test {
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        only: Only,
        /// Also write the results to this file as JUnit XML
        #[arg(long, value_name = "FILE")]
        junit: Option<PathBuf>,
    },
    /// List the policies
    List {
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        only: Only,
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
    /// Explain a policy; `functions` lists what expressions can call
    Explain {
        id: String,
        #[command(flatten)]
        source: Source,
    },
}

#[derive(Args)]
pub(crate) struct Source {
    /// Configuration: a file or s3://bucket/key
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<String>,
    /// A folder, a file or s3://bucket/prefix of policies that join or override the built-in ones
    #[arg(long, value_name = "DIR")]
    pub(crate) policies: Option<String>,
}

#[derive(Args)]
pub(crate) struct Only {
    /// Only these policies, by id or tag, as in `--only network,logs-group-no-retention`
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
}

#[derive(Clone, Copy, Default, ValueEnum)]
pub(crate) enum ListFormat {
    #[default]
    Text,
    Markdown,
}

pub(crate) async fn run(command: Command) -> anyhow::Result<u8> {
    match command {
        Command::Check(source) => {
            let policies = source.load().await?;
            write(None, &format!("{} policies are well formed\n", policies.len()))?;
        }
        Command::Test { source, only, junit } => {
            check_writable(junit.as_deref())?;
            let policies = source.as_written().await?;
            let results = test::run(only.of(&policies)?);
            let failed = results.iter().filter(|result| !result.passed()).count();
            if let Some(file) = &junit {
                write(Some(file), &test::junit(&results)?)?;
            }
            let mut lines: Vec<String> = results.iter().map(ToString::to_string).collect();
            lines.push(format!("{} passed, {failed} failed\n", results.len() - failed));
            write(None, &lines.join("\n"))?;
            return Ok(u8::from(failed > 0));
        }
        Command::List { source, only, format } => {
            let policies = source.load().await?;
            let policies = only.of(&policies)?;
            let text = match format {
                ListFormat::Markdown => explain::index(&policies),
                ListFormat::Text => policies.iter().map(|policy| line(policy)).collect(),
            };
            write(None, &text)?;
        }
        Command::Explain { id, .. } if id == "functions" => write(None, &explain::functions())?,
        Command::Explain { id, source } => {
            let policies = source.load().await?;
            let found = setup::select(&policies, &[id], &[])?;
            let texts: Vec<String> =
                found.iter().map(|policy| explain::explain(policy, &reads(policy))).collect();
            write(None, &texts.join("\n"))?;
        }
    }
    Ok(0)
}

fn line(policy: &Policy) -> String {
    let Policy { id, severity, pack, title, .. } = policy;
    format!("{id:<40} {severity:<8} {:<11} {:<12} {title}\n", pack.as_str(), policy.tags.join(","))
}

/// The calls that are made for a policy, and how often.
fn reads(policy: &Policy) -> explain::Reads {
    let types = policy.types();
    let details: Vec<&str> = policy.details().collect();
    let rows = collect::COLLECTORS.iter().filter(|row| types.contains(row.resource_type));
    let asked = collect::DETAILS.iter().filter(|row| details.contains(&row.name));
    let all = |actions: &mut dyn Iterator<Item = &'static [&'static str]>| -> BTreeSet<&'static str> {
        actions.flatten().copied().collect()
    };
    explain::Reads {
        lists: all(&mut rows.map(|row| row.actions)),
        details: all(&mut asked.map(|row| row.actions)),
        metrics: all(&mut policy.uses_metrics().then_some(collect::METRIC_ACTIONS).into_iter()),
    }
}

impl Source {
    fn request(&self) -> Request {
        Request { config: self.config.clone(), policies: self.policies.clone(), ..Request::default() }
    }

    async fn config(&self) -> Result<Config, RunError> {
        setup::config(&self.request(), chrono::Utc::now()).await
    }

    async fn load(&self) -> Result<Vec<Policy>, RunError> {
        setup::policies(&self.request(), &self.config().await?).await
    }

    /// Without the configuration's overrides: a policy's cases are about its own params and severity.
    async fn as_written(&self) -> Result<Vec<Policy>, RunError> {
        let mut config = self.config().await?;
        config.overrides = Overrides::default();
        setup::policies(&self.request(), &config).await
    }
}

impl Only {
    /// All of them where none is named.
    fn of<'p>(&self, policies: &'p [Policy]) -> Result<Vec<&'p Policy>, RunError> {
        setup::select(policies, &self.only, &aftermove::config::Pack::ALL)
    }
}
