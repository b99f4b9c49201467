//! `aftermove watch`: the schedules in a process that stays.

use std::time::Duration;

use aftermove::run::Request;
use aftermove::run::tick::{Outcome, SlotRun, Ticker};
use aftermove::run::watch::{self, News};
use anyhow::Context as _;
use chrono::Utc;
use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::policy::Source;
use crate::say;
use crate::schedule::span;

/// What a shell calls a process that a signal ended: 128 and SIGTERM.
const ABORTED: u8 = 143;

#[derive(Args)]
pub(crate) struct Watch {
    #[command(flatten)]
    source: Source,
    /// Regions instead of the configured ones
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    region: Vec<String>,
    /// Where to keep what was found and what was run: a file, s3://bucket/key or none
    /// [default: beside the reports in S3 if `deliver.s3` is configured, else none]
    #[arg(long, value_name = "PLACE")]
    state: Option<String>,
    /// Publish nothing; by default, what is configured is published
    #[arg(long)]
    no_notify: bool,
    /// AWS profile
    #[arg(long)]
    profile: Option<String>,
    /// A job gives up reading after this many seconds; what was not read is reported
    #[arg(long, value_name = "SECONDS", default_value_t = 840, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    time_limit: u64,
}

pub(crate) async fn run(arguments: Watch) -> anyhow::Result<u8> {
    let Watch { source, region, state, no_notify, profile, time_limit } = arguments;
    let request = Request {
        config: source.config,
        policies: source.policies,
        regions: region,
        state,
        profile,
        notify: !no_notify,
        trigger: "schedule",
        time_limit: Duration::from_secs(time_limit),
        ..Request::default()
    };
    let mut signals = Signals::new().context("cannot listen for signals")?;
    let ticker = Ticker::new(&request).await?;
    if !ticker.remembers() {
        log("nothing is remembered beyond this process: give --state, or configure `deliver.s3`");
    }
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let watching = watch::watch(&ticker, &request, stopped, &tell, &|_| {});
    let asked = async {
        signals.next().await;
        stop.send_replace(true);
        signals.next().await;
    };
    tokio::select! {
        ended = Box::pin(watching) => {
            ended?;
            log("stopped");
            Ok(0)
        }
        () = asked => {
            log("aborted by a second signal; a job that was cut off runs again once its claim has ended");
            Ok(ABORTED)
        }
    }
}

/// What asks a process to end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn tell(news: News<'_>) {
    match news {
        News::Next { schedule, slot } => {
            let local = slot.with_timezone(&schedule.cron.zone()).format("%Y-%m-%d %H:%M %Z");
            log(&format!(
                "next: {} ({}) at {local}, in {}",
                schedule.name,
                schedule.job,
                span(slot - Utc::now())
            ));
        }
        News::Ran(run) => log(&told(run)),
        News::Trouble(error) => log(&format!("{error}; it is tried again in a few minutes")),
        News::Stopping => log("asked to stop; a job that runs is finished first"),
    }
}

fn told(run: &SlotRun) -> String {
    let name = format!("{} ({}) of {}", run.schedule, run.job, run.slot.format("%Y-%m-%d %H:%M UTC"));
    match (&run.outcome, run.trouble()) {
        (_, Some((_, trouble))) => format!("{name} failed and is tried again: {trouble}"),
        (Outcome::Ran(scan), None) => format!("{name} ran: {}", scan.report.headline()),
        (Outcome::Left(why), None) => format!("{name} was left: {why}"),
        (Outcome::Failed(_), None) => format!("{name} failed"),
    }
}

fn log(line: &str) {
    say(&format!("{} {line}", Utc::now().format("%Y-%m-%dT%H:%M:%SZ")));
}
