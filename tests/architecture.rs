//! The arrows of the architecture: data flows one way, and the pure modules stay pure.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules in data-flow order, as `src/lib.rs` declares them.
const ORDER: [&str; 13] = [
    "config",
    "inventory",
    "collect",
    "cost",
    "drift",
    "relate",
    "policy",
    "findings",
    "incident",
    "review",
    "report",
    "deliver",
    "store",
];
/// These do no I/O and read no clock, and their first lines say so to clippy.
const PURE: [&str; 9] =
    ["inventory", "cost", "drift", "relate", "policy", "findings", "incident", "review", "report"];
/// What no pure module may name, beside what clippy's fence knows.
const IMPURE: [&str; 4] = ["aws_sdk_", "aws_config", "tokio::", "crate::collect"];

fn sources(under: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(under).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Each source file with the module that it belongs to.
fn modules() -> Vec<(String, PathBuf)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    sources(&src)
        .into_iter()
        .map(|path| {
            let relative = path.strip_prefix(&src).unwrap();
            let module = relative.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
            (module.to_owned(), path.clone())
        })
        .collect()
}

/// Lines of code with their numbers: comments say what they like.
fn code(path: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(number, line)| (number + 1, line.to_owned()))
        .collect()
}

#[test]
fn the_crate_declares_its_modules_in_data_flow_order() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let declared: Vec<&str> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(declared[..declared.len() - 1], ORDER);
    assert_eq!(declared.last(), Some(&"run"));
}

#[test]
fn arrows_only_point_right() {
    let rank = |module: &str| ORDER.iter().position(|known| *known == module);
    let mut wrong = Vec::new();
    for (module, path) in modules() {
        let Some(own) = rank(&module) else { continue };
        for (number, line) in code(&path) {
            for named in line.split("crate::").skip(1) {
                let target: String = named.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let against = rank(&target).is_some_and(|target| target > own) || target == "run";
                if against {
                    wrong.push(format!("{}:{number}: {module} uses {target}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_modules_deny_io_and_name_no_client() {
    let mut wrong = Vec::new();
    for (module, path) in modules() {
        if !PURE.contains(&module.as_str()) {
            continue;
        }
        if path.ends_with(format!("{module}/mod.rs")) {
            let fenced = fs::read_to_string(&path).unwrap().contains("#![deny(clippy::disallowed_methods)]");
            assert!(fenced, "{} has no fence", path.display());
        }
        for (number, line) in code(&path) {
            for name in IMPURE {
                if line.contains(name) {
                    wrong.push(format!("{}:{number}: {name}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_config_reads_the_environment() {
    let mut wrong = Vec::new();
    for (module, path) in modules() {
        for (number, line) in code(&path) {
            if line.contains("env::var") && module != "config" {
                wrong.push(format!("{}:{number}: reads the environment", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_say_something() {
    for (_, path) in modules() {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            !["util", "utils", "helper", "helpers", "common", "misc"].contains(&stem),
            "{}",
            path.display()
        );
    }
}
