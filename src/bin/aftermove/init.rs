//! `aftermove init`: a first configuration.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aftermove::config::starter::{self, Seen};
use aftermove::deliver::file;
use aftermove::run::Request;
use aftermove::run::starter::look;
use anyhow::bail;
use chrono::Utc;
use clap::Args;

use crate::{Bar, check_writable, say};

#[derive(Args)]
pub(crate) struct Init {
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = "aftermove.yaml")]
    output: PathBuf,
    /// Overwrite the file if it exists
    #[arg(long)]
    force: bool,
    /// Ask AWS nothing: all suggestions are commented out
    #[arg(long)]
    offline: bool,
    /// Look only in these regions [default: all that are enabled]
    #[arg(long, value_name = "REGION", value_delimiter = ',', conflicts_with = "offline")]
    region: Vec<String>,
    /// AWS profile
    #[arg(long, conflicts_with = "offline")]
    profile: Option<String>,
    /// Stop looking after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=900))]
    time_limit: u64,
}

pub(crate) async fn run(arguments: Init) -> anyhow::Result<u8> {
    let Init { output, force, offline, region, profile, time_limit } = arguments;
    if !force && exists(&output) {
        bail!(
            "{} exists; write elsewhere with --output FILE, or overwrite it with --force",
            output.display()
        );
    }
    check_writable(Some(&output))?;
    let seen = if offline {
        Seen { unseen: vec!["anything: nobody looked (--offline)".to_owned()], ..Seen::default() }
    } else {
        let time_limit = Duration::from_secs(time_limit);
        let request = Request { regions: region, profile, time_limit, ..Request::default() };
        let bar = Bar::new();
        let looked = Box::pin(look(&request, &|progress| bar.show(progress))).await;
        bar.clear();
        let (seen, usage) = looked?;
        let calls: u64 = usage.api_calls.values().sum();
        say(&format!("asked AWS {calls} times, for ${:.4}", usage.usd));
        for what in &seen.unseen {
            say(&format!("not seen: {what}"));
        }
        seen
    };
    let text = starter::text(&seen, Utc::now().date_naive());
    if force {
        file::write(&output, text.as_bytes())?;
    } else {
        file::create(&output, text.as_bytes())?;
    }
    say(&format!("wrote {}; look it through before you use it", output.display()));
    Ok(0)
}

/// Also a link that leads nowhere.
fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}
