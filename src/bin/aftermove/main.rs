//! The command line: a thin door to [`aftermove::run`].

mod iam;
mod init;
mod manual;
mod policy;
mod schedule;
mod schema;
mod watch;

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use aftermove::collect::Progress;
use aftermove::config::Severity;
use aftermove::deliver::file;
use aftermove::incident::Ask;
use aftermove::report::{asff, csv, html, json_v1, ocsf, sarif, text};
use aftermove::review;
use aftermove::run::{self, Request};
use anyhow::Context as _;
use clap::{Args, Parser, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

/// Audits an AWS account after a move from Heroku, and keeps auditing it.
#[derive(Parser)]
#[command(version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 nothing found, 1 findings at or above --fail-on, 2 the run broke,
3 something could not be seen. The report goes to stdout, all else to stderr.";

#[derive(Subcommand)]
enum Command {
    /// Read the account, judge it, and report
    Scan(Scan),
    /// Tell what happened: changes, deployments, alarms and unusual metrics in one line of time, and likely causes
    Incident {
        /// How far to look back: 90m, 3h, 2d, or a moment such as 2026-11-22T03:00:00Z; 90 days at most
        #[arg(long, value_name = "TIME")]
        since: String,
        /// Why, for those who read it: a ticket, a sentence
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        #[command(flatten)]
        scan: Scan,
    },
    /// Tell the week in short: what it cost, what came and went, what to do first; with --notify to Slack and the chat
    Digest(Scan),
    /// Tell how the first days after the move went: what broke, what was slow, deployments, noisy alarms, costs
    Review {
        /// The day, the moment or the span to look back to, such as 2026-11-19 or 7d; 30 days at most
        /// [default: the configured `migration.cutover`, else 7d]
        #[arg(long, value_name = "DATE")]
        since: Option<String>,
        #[command(flatten)]
        scan: Scan,
    },
    /// Read the account and write the inventory as JSON
    Collect {
        #[command(flatten)]
        common: Common,
        /// Write to this file instead of stdout
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Look at, check and test policies
    Policy {
        #[command(subcommand)]
        command: policy::Command,
    },
    /// Write a first aftermove.yaml from what is in the account
    Init(init::Init),
    /// Look at the configured schedules
    Schedule {
        #[command(subcommand)]
        command: schedule::Command,
    },
    /// Run the configured schedules until it is asked to stop, as in a container
    Watch(watch::Watch),
    /// Print the IAM policy that scanning needs, as JSON
    Iam(iam::Iam),
    /// Print a script that completes commands and flags in a shell
    Completions(manual::Completions),
    /// Print the manual page, or write a page for each command
    Man(manual::Manual),
}

#[derive(Args)]
struct Scan {
    #[command(flatten)]
    common: Common,
    /// How to write the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write the report to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Judge an inventory saved by `aftermove collect`, without reading AWS
    #[arg(long, value_name = "FILE")]
    inventory: Option<PathBuf>,
    /// Where to keep what was found: a file, s3://bucket/key or none
    /// [default: beside the reports in S3 if `deliver.s3` is configured, else none]
    #[arg(long, value_name = "PLACE")]
    state: Option<String>,
    /// Publish to the configured SNS topic and S3 bucket
    #[arg(long, overrides_with = "no_notify")]
    notify: bool,
    /// Publish nothing (the default)
    #[arg(long)]
    no_notify: bool,
    /// The gravity from which on findings make the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Medium)]
    fail_on: FailOn,
}

#[derive(Args)]
struct Common {
    #[command(flatten)]
    policies: policy::Source,
    #[command(flatten)]
    only: policy::Only,
    /// Regions instead of the configured ones
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    region: Vec<String>,
    /// Of the configured accounts only these
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    account: Vec<String>,
    /// AWS profile
    #[arg(long)]
    profile: Option<String>,
    /// Give up reading after this many seconds; what was not read is reported
    #[arg(long, value_name = "SECONDS", default_value_t = 840, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    time_limit: u64,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Format {
    /// For people at a terminal
    #[default]
    Text,
    /// The whole report, for programs
    Json,
    /// One page for people, to be opened in a browser
    Html,
    /// The findings alone, a row each, for a spreadsheet
    Csv,
    /// The findings and what was not seen, for viewers of SARIF 2.1.0
    Sarif,
    /// The findings alone, as events of OCSF 1.8.0, for a security lake or a SIEM
    Ocsf,
    /// The findings alone, in the format of AWS Security Hub, for `aws securityhub batch-import-findings`
    Asff,
}

impl Format {
    /// Nothing in it says what could not be seen.
    fn tells_findings_alone(self) -> bool {
        matches!(self, Self::Csv | Self::Ocsf | Self::Asff)
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum FailOn {
    Critical,
    High,
    Medium,
    Low,
    Info,
}

impl From<FailOn> for Severity {
    fn from(fail_on: FailOn) -> Self {
        match fail_on {
            FailOn::Critical => Self::Critical,
            FailOn::High => Self::High,
            FailOn::Medium => Self::Medium,
            FailOn::Low => Self::Low,
            FailOn::Info => Self::Info,
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::builder()
                .with_default_directive(tracing::level_filters::LevelFilter::ERROR.into())
                .with_env_var("AFTERMOVE_LOG")
                .from_env_lossy(),
        )
        .with_writer(std::io::stderr)
        .init();
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")
        .and_then(|runtime| runtime.block_on(command(cli.command)));
    outcome.map_or_else(
        |error| {
            say(&told(&error));
            ExitCode::from(2)
        },
        ExitCode::from,
    )
}

async fn command(command: Command) -> anyhow::Result<u8> {
    match command {
        Command::Scan(arguments) => scan(arguments, Request::default()).await,
        Command::Incident { since, reason, scan: arguments } => {
            let incident = Some(Ask { since, reason });
            scan(arguments, Request { incident, trigger: "incident", ..Request::default() }).await
        }
        Command::Review { since, scan: arguments } => {
            let review = Some(review::Ask { since });
            scan(arguments, Request { review, trigger: "review", ..Request::default() }).await
        }
        Command::Digest(arguments) => scan(arguments, Request { digest: true, ..Request::default() }).await,
        Command::Collect { common, output } => {
            check_writable(output.as_deref())?;
            let bar = Bar::new();
            let inventory =
                run::inventory(&common.request(Request::default()), &|progress| bar.show(progress)).await;
            bar.clear();
            let inventory = inventory?;
            write(output.as_deref(), &serde_json::to_string(&inventory)?)?;
            let unseen = inventory.scopes.iter().any(|scope| {
                scope.coverage.iter().any(|row| row.status != aftermove::inventory::CoverageStatus::Complete)
            });
            Ok(if unseen { 3 } else { 0 })
        }
        Command::Policy { command } => policy::run(command).await,
        Command::Init(arguments) => init::run(arguments).await,
        Command::Schedule { command } => schedule::run(command).await,
        Command::Watch(arguments) => watch::run(arguments).await,
        Command::Iam(arguments) => iam::run(arguments).await,
        Command::Completions(arguments) => manual::completions(&arguments),
        Command::Man(arguments) => manual::manual(&arguments),
    }
}

/// `asked` says what the scan is for.
async fn scan(arguments: Scan, asked: Request) -> anyhow::Result<u8> {
    let Scan { common, format, output, inventory, state, notify, no_notify: _, fail_on } = arguments;
    check_writable(output.as_deref())?;
    let request = Request { inventory, state, notify, ..common.request(asked) };
    let bar = Bar::new();
    let scan = Box::pin(run::scan(&request, &|progress| bar.show(progress))).await;
    bar.clear();
    let scan = scan?;
    let rendered = match format {
        Format::Json => json_v1::render(&scan.report)?,
        Format::Text => text::render(&scan.report, style(output.is_some())),
        Format::Html => html::render(&scan.report),
        Format::Csv => csv::render(&scan.report)?,
        Format::Sarif => sarif::render(&scan.report)?,
        Format::Ocsf => ocsf::render(&scan.report)?,
        Format::Asff => asff::render(&scan.report)?,
    };
    write(output.as_deref(), &rendered)?;
    if format.tells_findings_alone() && !scan.report.saw_everything() {
        say(&scan.report.headline());
    }
    if scan.undelivered {
        say("not everything was delivered; the report's notes say what and why");
        return Ok(2);
    }
    Ok(scan.report.exit_code(fail_on.into()))
}

impl Common {
    fn request(self, asked: Request) -> Request {
        Request {
            config: self.policies.config,
            policies: self.policies.policies,
            only: self.only.only,
            regions: self.region,
            accounts: self.account,
            profile: self.profile,
            trigger: if asked.trigger.is_empty() { "manual" } else { asked.trigger },
            time_limit: Duration::from_secs(self.time_limit),
            ..asked
        }
    }
}

/// Shows what has been read: a bar on a terminal, lines elsewhere.
struct Bar(Option<ProgressBar>);

impl Bar {
    fn new() -> Self {
        Self(std::io::stderr().is_terminal().then(|| {
            let template = ProgressStyle::with_template("{spinner} {pos}/{len} {wide_msg}");
            ProgressBar::new(0).with_style(template.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        }))
    }

    fn show(&self, progress: &Progress<'_>) {
        let Progress { region, resource_type, status, resources, done, total, .. } = *progress;
        let line = format!("{resource_type} in {region}: {resources} read, {}", status.as_str());
        match &self.0 {
            Some(bar) => {
                bar.set_length(total as u64);
                bar.set_position(done as u64);
                bar.set_message(line);
            }
            None => say(&format!("[{done}/{total}] {line}")),
        }
    }

    fn clear(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn style(to_file: bool) -> text::Style {
    let terminal = std::io::stdout().is_terminal() && !to_file;
    let told = || aftermove::config::environment("COLUMNS")?.parse().ok();
    let seen = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)).filter(|_| terminal);
    text::Style {
        color: terminal && aftermove::config::environment("NO_COLOR").is_none(),
        width: told().or_else(seen).unwrap_or(100).min(WIDEST),
    }
}

/// Longer lines are hard to read.
const WIDEST: usize = 120;

/// The error, and those of its causes that it does not tell itself.
fn told(error: &anyhow::Error) -> String {
    let mut line = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line
}

/// A reader that has seen enough, such as `head`, is no error.
fn write(output: Option<&std::path::Path>, text: &str) -> anyhow::Result<()> {
    if let Some(path) = output {
        return Ok(file::write(path, text.as_bytes())?);
    }
    let mut stdout = std::io::stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to stdout")
        }
        _ => Ok(()),
    }
}

/// Before a run, so that none is in vain and no news counts as told that nobody could read.
fn check_writable(output: Option<&std::path::Path>) -> Result<(), file::FileError> {
    output.map_or(Ok(()), file::check)
}

/// To stderr, which is all that is left if stderr itself fails.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
