//! `aftermove init`: a first configuration from what is in the account, or from nothing.

use std::process::Output;

use aftermove::config::diagnostic::SourceFile;
use aftermove::config::{Config, Regions};
use serde_json::json;

use crate::bad_input::{Desk, assert_says};
use crate::local::Local;

fn parsed(text: &str) -> Config {
    let file = SourceFile::new("aftermove.yaml", text);
    Config::parse(&file, chrono::Utc::now().date_naive()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn written(local: &Local, output: &Output) -> (String, String) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(output.stdout, b"");
    (std::fs::read_to_string(local.folder.path().join("aftermove.yaml")).unwrap(), said)
}

#[test]
fn what_is_in_the_account_is_suggested() {
    let (local, ids) = Local::seeded();
    local.forget("journal");
    let (text, said) = written(&local, &local.aftermove(&["init", "--time-limit", "20"]));
    let config = parsed(&text);
    assert_eq!(config.regions, Regions::Named(vec!["eu-west-1".into()]), "{text}");
    assert!(!config.drift.automation_roles.is_empty(), "{text}");
    assert!(text.contains(ids["topic_arn"].as_str().unwrap()), "{text}");
    assert!(text.contains("www.example.com CNAME to shallow-lake-1234.herokudns.com"), "{text}");
    let calls = local.journal();
    assert!(said.contains(&format!("asked AWS {} times, for $0.0000", calls.len())), "{said}: {calls:#?}");
    assert!(calls.len() < 120, "{}", calls.len());
    let changes = ["Create", "Put", "Delete", "Update", "Publish"];
    let wrote = calls
        .iter()
        .find(|call| changes.iter().any(|verb| call.split(':').next_back().unwrap().starts_with(verb)));
    assert_eq!(wrote, None, "it only reads");

    // it can be used as it is
    let check = local.aftermove(&["policy", "check", "--config", "aftermove.yaml"]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));

    let again = local.aftermove(&["init"]);
    assert_eq!(again.status.code(), Some(2));
    assert_says(&String::from_utf8_lossy(&again.stderr), &["aftermove.yaml exists", "--force"]);
    let (forced, _) = written(&local, &local.aftermove(&["init", "--force", "--offline"]));
    assert_ne!(forced, text);
}

#[test]
fn what_is_denied_is_left_open_and_said() {
    let (local, _) = Local::seeded();
    for action in
        ["ec2:DescribeRegions", "route53:ListHostedZones", "cloudtrail:LookupEvents", "s3:ListBuckets"]
    {
        crate::faults::fault(&local, action, "denied", &json!({}));
    }
    let (text, said) = written(&local, &local.aftermove(&["init", "--time-limit", "20"]));
    let config = parsed(&text);
    assert_eq!(config.regions, Regions::Named(vec!["eu-west-1".into()]), "the environment's");
    assert_eq!(config.drift.automation_roles, [""; 0]);
    for action in ["ec2:DescribeRegions", "route53:ListHostedZones", "cloudtrail:LookupEvents"] {
        assert!(text.contains(action) && said.contains(action), "{action}\n{text}\n{said}");
    }
    assert!(!text.contains("herokudns"), "{text}");
}

#[test]
fn without_aws_all_is_commented_out() {
    for arguments in [&["init", "--offline"][..], &["init"]] {
        let desk = Desk::new();
        let output = desk.command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let text = desk.read("aftermove.yaml");
        assert_eq!(parsed(&text).regions, Regions::Current);
        assert!(text.contains("# Not seen:"), "{text}");
    }
    let desk = Desk::new();
    for arguments in [
        &["init", "--output", "report.json"][..],
        &["init", "--region", "eu-wst-1"],
        &["init", "--output", "gone/x.yaml"],
    ] {
        let words = if arguments.contains(&"report.json") { "report.json exists" } else { arguments[2] };
        assert_says(&desk.refused(arguments), &[words]);
    }
}
