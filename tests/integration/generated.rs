//! Files that are made from the code say what the code says.

use std::process::Command;

use serde_json::Value;

use crate::local::root;

fn printed(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_aftermove")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_iam_policy_and_the_index_of_policies_are_current() {
    for (file, arguments) in [
        ("infra/aftermove-read-only.json", &["iam"][..]),
        ("policies/README.md", &["policy", "list", "--format", "markdown"]),
    ] {
        let kept = std::fs::read_to_string(root().join(file)).unwrap_or_default();
        let command = arguments.join(" ");
        assert!(kept == printed(arguments), "{file} is out of date: run `aftermove {command} > {file}`");
    }
}

/// The indented block of the README that begins with a line.
fn example(first: &str) -> String {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let block: Vec<&str> = readme
        .lines()
        .skip_while(|line| line.trim_start() != first)
        .take_while(|line| line.starts_with("    ") || line.is_empty())
        .map(|line| line.get(4..).unwrap_or_default())
        .collect();
    assert!(!block.is_empty(), "the README has no example that begins with {first:?}");
    block.join("\n")
}

#[test]
fn the_policy_and_the_configuration_of_the_readme_hold() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("logs-group-no-retention.yaml");
    std::fs::write(&policy, example("id: logs-group-no-retention            # equals the file's name"))
        .unwrap();
    let config = folder.path().join("aftermove.yaml");
    std::fs::write(&config, example("version: 1")).unwrap();
    let (policy, config) = (policy.to_str().unwrap(), config.to_str().unwrap());
    let tested = printed(&["policy", "test", "--policies", policy, "--config", config]);
    assert!(tested.contains("unset retention fails") && tested.trim_end().ends_with(" 0 failed"), "{tested}");
}

#[test]
fn the_accounts_of_the_readme_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("aftermove.yaml");
    let accounts = example(
        "accounts:                                # the account of the credentials itself needs no role",
    );
    std::fs::write(&config, accounts).unwrap();
    let policy = printed(&["iam", "--config", config.to_str().unwrap()]);
    assert!(policy.contains("EnterAccounts") && policy.contains("organizations:ListRoots"), "{policy}");
}

#[test]
fn the_role_of_other_accounts_reads_what_a_scan_reads() {
    let folder = root().join("infra");
    let template = std::fs::read_to_string(folder.join("member-role.yaml")).unwrap();
    let template: Value = serde_saphyr::from_str(&template).unwrap();
    let ours = &template["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"];
    let policy = std::fs::read(folder.join("aftermove-read-only.json")).unwrap();
    let policy: Value = serde_json::from_slice(&policy).unwrap();
    assert_eq!(ours, &policy["Statement"], "infra/member-role.yaml has to say what `aftermove iam` prints");
}
