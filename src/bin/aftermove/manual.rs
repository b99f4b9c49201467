//! `aftermove completions` and `aftermove man`, both made of what the command line itself knows.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::{Cli, write};

#[derive(Args)]
pub(crate) struct Completions {
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Args)]
pub(crate) struct Manual {
    /// Write a page for each command into this folder, instead of the first page to stdout
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(crate) fn completions(arguments: &Completions) -> anyhow::Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "aftermove", &mut script);
    write(None, &String::from_utf8(script)?)?;
    Ok(0)
}

pub(crate) fn manual(arguments: &Manual) -> anyhow::Result<u8> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    if let Some(folder) = &arguments.dir {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        pages(&command, folder)?;
    } else {
        write(None, &page(&Man::new(command))?)?;
    }
    Ok(0)
}

fn pages(command: &Command, folder: &Path) -> anyhow::Result<()> {
    let man = Man::new(command.clone());
    write(Some(&folder.join(man.get_filename())), &page(&man)?)?;
    command.get_subcommands().try_for_each(|command| pages(command, folder))
}

fn page(man: &Man) -> io::Result<String> {
    let mut page = Vec::new();
    man.render(&mut page)?;
    String::from_utf8(page).map_err(io::Error::other)
}
