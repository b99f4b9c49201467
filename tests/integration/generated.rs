//! Files that are made from the code say what the code says.

use std::process::Command;

use crate::local::root;

fn printed(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_aftermove"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
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
        assert!(
            kept == printed(arguments),
            "{file} is out of date: run `aftermove {command} > {file}`"
        );
    }
}
