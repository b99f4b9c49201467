//! Bad settings, saved files and places to write to: each is refused with its reason and its remedy,
//! before AWS is asked anything, and every file stays as it was.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::local::{Local, REGION, found, without_settings};

/// A log group without retention: a finding that needs no AWS.
const INVENTORY: &str = r#"{"version": 1, "taken_at": "2026-11-22T03:00:00Z", "scopes": [{"account": "111122223333",
"region": "eu-west-1", "coverage": [{"type": "AWS::Logs::LogGroup", "status": "complete", "detail": ""}], "resources":
[{"resource_type": "AWS::Logs::LogGroup", "id": "/ecs/web", "name": "/ecs/web", "arn": "arn:web", "account": "111122223333",
"region": "eu-west-1", "log_group_class": "STANDARD"}]}]}"#;
const SAVED: [&str; 4] = ["--inventory", "inventory.json", "--only", "logs-group-no-retention"];

/// A folder with what an earlier run left, and settings that lead nowhere: a call to AWS would be told as one.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        desk.write("report.json", "the last report");
        desk.write("state.json", r#"{"version": 1, "findings": {}, "last_complete": {}, "undelivered": {}}"#);
        desk.write("inventory.json", INVENTORY);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = without_settings(Command::new(env!("CARGO_BIN_EXE_aftermove")));
        command
            .current_dir(self.folder.path())
            .args(arguments)
            .env("HOME", self.folder.path())
            .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", REGION);
        command
    }

    /// Every file, also the hidden ones, with its contents.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let (mut files, mut folders) = (BTreeMap::new(), vec![self.folder.path().to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() {
                    files.insert(entry.path(), std::fs::read(entry.path()).unwrap());
                }
            }
        }
        files
    }

    /// What is said of a run that breaks: it prints nothing else and leaves every file alone.
    pub(crate) fn refused_by(&self, mut command: Command) -> String {
        let before = self.files();
        let started = Instant::now();
        let output = command.stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{command:?}: {said}");
        assert_eq!(output.stdout, b"", "{command:?}");
        assert!(started.elapsed() < Duration::from_secs(20), "{command:?} took {:?}", started.elapsed());
        assert!(self.files() == before, "{command:?} changed files");
        assert!(!said.contains("panicked"), "{command:?}: {said}");
        assert!(said.len() < 5_000, "{command:?} says {} bytes", said.len());
        let first = said.lines().next().unwrap_or_default();
        for reason in first.split(": ").filter(|part| part.len() > 20) {
            assert_eq!(first.matches(reason).count(), 1, "said twice: {first}");
        }
        said
    }

    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        self.refused_by(self.command(arguments))
    }

    /// A scan with a report and a state to lose.
    pub(crate) fn refused_scan(&self, arguments: &[&str]) -> String {
        let keeps = ["scan", "--output", "report.json", "--state", "state.json"];
        self.refused(&[&keeps[..], arguments].concat())
    }
}

pub(crate) fn assert_says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.path("empty/folders")).unwrap();
    std::fs::create_dir_all(desk.path("odd")).unwrap();
    desk.write("half.json", &INVENTORY[..200]);
    desk.write("newer.json", INVENTORY.replace("\"version\": 1", "\"version\": 7"));
    std::os::unix::fs::symlink("gone", desk.path("dangling.yaml")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", desk.path("odd/endless.yaml")).unwrap();
    std::fs::create_dir_all(desk.path("pipes")).unwrap();
    let made = Command::new("mkfifo").arg(desk.path("pipes/waits.yaml")).status();
    assert!(made.unwrap().success());
    for (arguments, words) in [
        (["--config", "gone.yaml"], &["cannot read gone.yaml", "No such file"][..]),
        (["--config", "dangling.yaml"], &["cannot read dangling.yaml", "No such file"]),
        (["--config", "."], &["cannot read .", "Is a directory"]),
        (["--config", "/dev/zero"], &["/dev/zero is larger than 1000000 bytes"]),
        (["--config", "s3://no-key"], &["s3://no-key", "s3://bucket/key"]),
        (["--policies", "gone"], &["cannot read gone", "No such file"]),
        (["--policies", "empty"], &["there is no policy (*.yaml) in empty"]),
        (["--policies", "odd"], &["odd/endless.yaml is neither a file nor a folder"]),
        (["--policies", "pipes"], &["pipes/waits.yaml is neither a file nor a folder"]),
        (["--inventory", "gone.json"], &["cannot read gone.json", "No such file"]),
        (["--inventory", "half.json"], &["half.json is not an inventory"]),
        (["--inventory", "newer.json"], &["newer.json", "version 7"]),
        (["--inventory", "report.json"], &["report.json is not an inventory"]),
    ] {
        assert_says(&desk.refused_scan(&arguments), words);
    }
}

#[test]
fn a_state_that_is_no_state_is_refused_and_kept() {
    let desk = Desk::new();
    desk.write("half.json", r#"{"version": 1, "findings": {"0011": {"policy": "#);
    desk.write("newer.json", r#"{"version": 2, "runs": []}"#);
    desk.write("deep.json", format!("{{\"version\": {}", "[".repeat(100_000)));
    desk.write("binary.json", [0xff, 0x00]);
    for (state, words) in [
        ("half.json", &["half.json is no state file", "move it aside"][..]),
        ("newer.json", &["newer.json has state version 2", "knows version 1"]),
        ("deep.json", &["deep.json is no state file"]),
        ("binary.json", &["binary.json is no state file"]),
        (".", &["cannot read .", "Is a directory"]),
        ("", &["s3://bucket/key"]),
        ("s3://", &["s3://bucket/key"]),
    ] {
        let arguments = [&["scan", "--output", "report.json", "--state", state][..], &SAVED].concat();
        assert_says(&desk.refused(&arguments), words);
    }
}

#[test]
fn a_mistyped_setting_is_refused_with_what_was_meant() {
    let desk = Desk::new();
    for (arguments, words) in [
        (
            &["--only", "logs-group-no-retentoin"][..],
            &[
                "there is no policy or tag `logs-group-no-retentoin`",
                "did you mean `logs-group-no-retention`?",
            ][..],
        ),
        (&["--only", "logs-group-no-retention,zzz"], &["`zzz`", "aftermove policy list"]),
        (&["--region", "eu-wset-1"], &["unknown region `eu-wset-1`", "did you mean `eu-west-1`?"]),
        (&["--region", "eu-west-1,"], &["unknown region ``"]),
        (&["--region", "all"], &["unknown region `all`", "regions: all"]),
        (&["--profile", "nobody"], &["AWS_PROFILE (to a profile that exists)"]),
        (&["--time-limit", "18446744073709551615"], &["--time-limit"]),
        (&["--time-limit", "0"], &["--time-limit"]),
        (&["--format", "yaml"], &["yaml", "text, json"]),
        (&["--fail-on", "grave"], &["grave", "critical, high"]),
        (&["--polices", "x"], &["--polices", "--policies"]),
    ] {
        assert_says(&desk.refused_scan(arguments), words);
    }
    assert_says(&desk.refused(&["policy", "explain", "logs-group"]), &["there is no policy"]);
    assert_says(&desk.refused(&["scna"]), &["scna", "scan"]);
}

#[test]
fn what_the_environment_lacks_is_said_with_its_remedy() {
    let desk = Desk::new();
    let without = |names: &[&str]| {
        let mut command = desk.command(&["scan", "--output", "report.json", "--state", "state.json"]);
        for name in names {
            command.env_remove(name);
        }
        command
    };
    assert_says(
        &desk.refused_by(without(&["AWS_REGION"])),
        &["no region is set", "--region", "AWS_REGION", "`regions`"],
    );
    assert_says(
        &desk.refused_by(without(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])),
        &["no AWS credentials were found", "AWS_PROFILE", "aws sso login"],
    );
    assert_says(&desk.refused_by(without(&[])), &["unreachable", "http://127.0.0.1:1", "Connection refused"]);
    let mut mistyped = without(&[]);
    mistyped.env("AWS_REGION", "eu-west-l");
    assert_says(&desk.refused_by(mistyped), &["unknown region `eu-west-l`", "did you mean `eu-west-1`?"]);
    for command in ["collect", "scan"] {
        assert_says(&desk.refused(&[command]), &["unreachable"]);
    }
}

#[test]
fn a_profile_that_is_named_outranks_keys_in_the_environment() {
    let local = Local::start();
    local.write("credentials", "[theirs]\naws_access_key_id = 444455556666\naws_secret_access_key = x\n");
    let mut command = local.command(&["scan", "--format", "json", "--profile", "theirs"]);
    command.env("AWS_SHARED_CREDENTIALS_FILE", "credentials");
    let output = command.output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["accounts"], serde_json::json!(["444455556666"]));
}

#[test]
fn a_configuration_that_is_not_in_s3_is_named() {
    let local = Local::start();
    for command in [&["scan"][..], &["policy", "check"]] {
        let output =
            local.aftermove(&[command, &["--config", "s3://no-such-bucket/aftermove.yaml"]].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert_says(&said, &["s3://no-such-bucket/aftermove.yaml"]);
        assert_eq!(output.stdout, b"");
    }
}

#[test]
fn a_place_that_cannot_be_written_to_is_refused_before_the_news_is_taken_for_told() {
    let desk = Desk::new();
    for place in ["missing/report.json", "inventory.json/report.json", ".", "/proc/report.json"] {
        let arguments = [&["scan", "--output", place, "--state", "state.json"][..], &SAVED].concat();
        assert_says(&desk.refused(&arguments), &["cannot write", place]);
    }
    let said = desk.refused(&["collect", "--output", "missing/inventory.json"]);
    assert_says(&said, &["cannot write", "missing/inventory.json"]);
}

#[test]
fn a_state_that_cannot_be_saved_breaks_the_run_and_the_report_says_why() {
    let desk = Desk::new();
    let arguments = ["scan", "--format", "json", "--state", "missing/state.json"];
    let output = desk.command(&[&arguments[..], &SAVED].concat()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found(&report, &["new"]), ["logs-group-no-retention /ecs/web"]);
    assert_says(&report["notes"].to_string(), &["The state was not saved", "missing/state.json"]);
    assert_says(&String::from_utf8(output.stderr).unwrap(), &["notes"]);
    assert!(!desk.path("missing").exists());
}

fn to(desk: &Desk, arguments: &[&str], place: &Path) -> Output {
    let device = std::fs::File::options().write(true).open(place).unwrap();
    desk.command(arguments).stdout(device).output().unwrap()
}

#[test]
fn a_full_device_breaks_the_run() {
    let desk = Desk::new();
    let scan = [&["scan"][..], &SAVED].concat();
    let json = [&scan[..], &["--format", "json"]].concat();
    for arguments in [&scan[..], &json, &["iam"], &["policy", "list"], &["policy", "check"]] {
        let output = to(&desk, arguments, Path::new("/dev/full"));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_says(&said, &["cannot write to stdout", "No space left"]);
    }
    let local = Local::start();
    let mut collect = local.command(&["collect", "--only", "logs-group-no-retention"]);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = collect.stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "a few bytes without a line's end");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let desk = Desk::new();
    let scan = [&["scan", "--format", "json"][..], &SAVED].concat();
    for (arguments, code) in [(&["policy", "list"][..], 0), (&scan, 1)] {
        let mut child =
            desk.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{said}");
        assert!(!said.contains("pipe"), "{said}");
    }
}
