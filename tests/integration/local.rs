//! The local AWS, one for each test, and aftermove's two doors to it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

pub(crate) const REGION: &str = "eu-west-1";

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A fresh, empty account; it ends with the value.
pub(crate) struct Local {
    process: Child,
    pub(crate) endpoint: String,
    pub(crate) folder: tempfile::TempDir,
}

impl Local {
    pub(crate) fn start() -> Self {
        Self::started(&[])
    }

    /// One that checks signatures and IAM policies, and has no answers of the front.
    pub(crate) fn strict() -> Self {
        Self::started(&["--auth"])
    }

    fn started(arguments: &[&str]) -> Self {
        let mut process = Command::new(root().join("localstack/start"))
            .arg("--foreground")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("localstack/start runs");
        let mut ready = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let ready: Value = serde_json::from_str(&ready).expect("localstack/start says where it listens");
        Self {
            process,
            endpoint: ready["endpoint"].as_str().unwrap().to_owned(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The account of a team that moved from Heroku last week; the ids of what is in it.
    pub(crate) fn seeded() -> (Self, Value) {
        let local = Self::start();
        let output = local.environment(Command::new(root().join("localstack/seed"))).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let ids = std::fs::read(local.folder.path().join("seeded.json")).unwrap();
        (local, serde_json::from_slice(&ids).unwrap())
    }

    /// Nothing of the machine's own AWS settings gets through.
    pub(crate) fn environment(&self, command: Command) -> Command {
        let mut command = without_settings(command);
        command
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("HOME", self.folder.path())
            .env("AFTERMOVE_LOCAL_STATE", self.folder.path());
        if let Some(home) = std::env::var_os("HOME") {
            // the Python environment of the local AWS lies in the real home's cache
            command.env(
                "XDG_CACHE_HOME",
                std::env::var_os("XDG_CACHE_HOME").unwrap_or(Path::new(&home).join(".cache").into()),
            );
        }
        command
    }

    pub(crate) fn aftermove(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.environment(Command::new(env!("CARGO_BIN_EXE_aftermove")));
        command.current_dir(self.folder.path()).args(arguments);
        command
    }

    /// A scan's report and its exit code.
    pub(crate) fn scan(&self, arguments: &[&str]) -> (Value, i32) {
        let output = self.aftermove(&[&["scan", "--format", "json"], arguments].concat());
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("no report: {}", String::from_utf8_lossy(&output.stderr)));
        (report, output.status.code().unwrap())
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Tells the front of the local AWS something, such as a fault.
    pub(crate) fn tell(&self, collection: &str, body: &Value) {
        let answer: Value = ureq::post(format!("{}/_local/{collection}", self.endpoint))
            .send_json(body)
            .unwrap_or_else(|error| panic!("{collection}: {error}"))
            .body_mut()
            .read_json()
            .unwrap();
        assert_eq!(answer["ok"], json!(true), "{answer}");
    }

    pub(crate) fn forget(&self, collection: &str) {
        ureq::delete(format!("{}/_local/{collection}", self.endpoint)).call().unwrap();
    }

    /// The requests that reached the server, in order.
    pub(crate) fn requests(&self) -> Vec<Value> {
        let answer: Value = ureq::get(format!("{}/_local/journal", self.endpoint))
            .call()
            .unwrap()
            .body_mut()
            .with_config()
            .limit(100_000_000)
            .read_json()
            .unwrap();
        answer["requests"].as_array().unwrap().clone()
    }

    /// The requests that reached the server, as `service:Operation`, in order.
    pub(crate) fn journal(&self) -> Vec<String> {
        self.requests()
            .iter()
            .map(|r| format!("{}:{}", r["service"].as_str().unwrap(), r["operation"].as_str().unwrap_or("?")))
            .collect()
    }

    /// A client for what a test does to the account itself.
    pub(crate) async fn sdk(&self) -> aws_config::SdkConfig {
        aws_config::defaults(aws_config::BehaviorVersion::latest())
            .endpoint_url(&self.endpoint)
            .region(aws_config::Region::new(REGION))
            .credentials_provider(aws_sdk_sts::config::Credentials::new("test", "test", None, None, "test"))
            .load()
            .await
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// A command that inherits none of the settings of AWS and of aftermove.
pub(crate) fn without_settings(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") || name.to_string_lossy().starts_with("AFTERMOVE_") {
            command.env_remove(name);
        }
    }
    command
}

/// `policy resource` of each finding with one of the statuses.
pub(crate) fn found(report: &Value, statuses: &[&str]) -> Vec<String> {
    let mut found: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| statuses.contains(&finding["status"].as_str().unwrap()))
        .map(|f| format!("{} {}", f["policy"].as_str().unwrap(), f["resource"]["name"].as_str().unwrap()))
        .collect();
    found.sort();
    found
}
