//! Mutes: what somebody has decided to live with.

use serde_json::Value;

use crate::local::{Local, found};

fn scan(local: &Local, mutes: &str) -> Value {
    local.write("aftermove.yaml", &format!("version: 1\nmutes:\n{mutes}"));
    local.scan(&["--config", "aftermove.yaml", "--only", "logs-group-no-retention"]).0
}

const WEB: &str =
    "  - { policy: logs-group-no-retention, resource: /ecs/web, owner: ann, reason: kept by law";

#[test]
fn a_mute_holds_for_its_resource_until_it_expires_and_while_its_condition_does() {
    let (local, _) = Local::seeded();
    let soon = (chrono::Utc::now() + chrono::Days::new(30)).date_naive();

    let report = scan(&local, &format!("{WEB}, expires: {soon} }}\n"));
    assert_eq!(found(&report, &["muted"]), ["logs-group-no-retention /ecs/web"]);
    assert_eq!(found(&report, &["new"]), ["logs-group-no-retention /aws/lambda/nightly-report"]);
    assert_eq!(report["notes"], serde_json::json!([]));

    let report = scan(&local, &format!("{WEB}, expires: 2026-01-01 }}\n"));
    assert_eq!(found(&report, &["muted"]), [""; 0]);
    assert!(report["notes"].to_string().contains("expired"), "{}", report["notes"]);

    let report = scan(&local, &format!("{WEB}, expires: {soon}, while: resource.stored_bytes < 10 }}\n"));
    assert_eq!(found(&report, &["muted"]), [""; 0]);
    let report = scan(&local, &format!("{WEB}, expires: {soon}, while: resource.stored_bytes > 10 }}\n"));
    assert_eq!(found(&report, &["muted"]), ["logs-group-no-retention /ecs/web"]);
}

#[test]
fn a_condition_that_names_no_field_is_refused_where_it_stands() {
    let local = Local::start();
    let text = format!("version: 1\nmutes:\n{WEB}, expires: 2026-12-31, while: resource.stored < 10 }}\n");
    local.write("aftermove.yaml", &text);
    let output = local.aftermove(&["scan", "--config", "aftermove.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("aftermove.yaml:3") && error.contains("did you mean `stored_bytes`?"), "{error}");
}
