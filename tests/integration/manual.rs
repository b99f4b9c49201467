//! Shell completions and manual pages: they come out, and know every command.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::local::without_settings;

fn aftermove(arguments: &[&str], folder: &Path) -> String {
    let mut command = without_settings(Command::new(env!("CARGO_BIN_EXE_aftermove")));
    let output = command.current_dir(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// As `--help` lists them.
fn commands(of: &[&str], folder: &Path) -> Vec<String> {
    let help = aftermove(&[of, &["--help"]].concat(), folder);
    let list = help.split_once("Commands:\n").map_or("", |(_, list)| list.split("\n\n").next().unwrap());
    let names = list.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty() && *name != "help").map(str::to_owned).collect()
}

#[test]
fn each_shell_s_completions_know_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let commands = commands(&[], folder.path());
    assert!(commands.len() > 8 && commands.contains(&"schedule".to_owned()), "{commands:?}");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = aftermove(&["completions", shell], folder.path());
        for command in &commands {
            assert!(script.contains(command.as_str()), "{command} is not in the script for {shell}");
        }
        assert!(script.contains("fail-on") && script.contains("junit"), "{shell}");
    }
    let script = aftermove(&["completions", "bash"], folder.path());
    let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(bash.wait().unwrap().success(), "bash can read it");
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(aftermove(&["man", "--dir", "share/man1"], folder.path()), "");
    let page = |name: &str| {
        let path = folder.path().join("share/man1").join(format!("{name}.1"));
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let first = page("aftermove");
    assert_eq!(first, aftermove(&["man"], folder.path()));
    assert!(first.starts_with(".ie") || first.starts_with(".TH"), "{}", &first[..80]);
    assert!(first.contains("Exit codes"));
    for command in commands(&[], folder.path()) {
        assert!(first.contains(&format!("aftermove\\-{command}(1)")), "{command} is not named");
        assert!(page(&format!("aftermove-{command}")).contains(".SH NAME"));
        for inner in commands(&[&command], folder.path()) {
            assert!(page(&format!("aftermove-{command}-{inner}")).contains(".SH NAME"));
        }
    }
    assert!(page("aftermove-scan").contains("fail\\-on"));
}
