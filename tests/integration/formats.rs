//! The report in the formats of other programs: the real findings pass the published schemas.

use std::collections::BTreeMap;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::local::{Local, root};

fn schema(name: &str) -> Validator {
    let path = root().join(format!("tests/fixtures/schemas/{name}.json"));
    // a pattern of SARIF's has a lone bracket, which a strict reader wants escaped
    let schema = std::fs::read_to_string(path).unwrap().replace("{2}]?$", "{2}\\\\]?$");
    let schema: Value = serde_json::from_str(&schema).unwrap();
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

fn refusals(schema: &Validator, document: &Value) -> Vec<String> {
    schema.iter_errors(document).map(|error| format!("{}: {error:.300}", error.instance_path())).collect()
}

/// What one of the commands writes, and its exit code.
fn written(local: &Local, arguments: &[&str]) -> (String, Option<i32>) {
    let output = local.aftermove(arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.is_empty(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    (text, output.status.code())
}

fn read(local: &Local, arguments: &[&str]) -> (Value, Option<i32>) {
    let (text, code) = written(local, arguments);
    (serde_json::from_str(&text).unwrap(), code)
}

fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect()
}

/// A mute, so that a second run has findings that are muted beside those that are still open.
const CONFIG: &str = "version: 1
mutes:
  - { policy: ec2-security-group-open, resource: legacy-postgres, owner: ada, reason: \"moves next week\", expires: EXPIRES }
";

#[test]
fn the_findings_of_the_account_pass_the_schema_of_every_format() {
    let (local, _) = Local::seeded();
    let expires = (chrono::Utc::now() + chrono::TimeDelta::days(60)).date_naive().to_string();
    local.write("aftermove.yaml", &CONFIG.replace("EXPIRES", &expires));
    assert!(local.aftermove(&["collect", "--output", "inventory.json"]).status.success());
    let scan = |format: &str, state: &str| {
        let state = local.folder.path().join(state).display().to_string();
        // what is judged twice is judged as it was, not as the run before left it
        let _ = std::fs::copy(local.folder.path().join("before.json"), &state);
        let arguments =
            ["scan", "--config", "aftermove.yaml", "--inventory", "inventory.json", "--state", &state];
        written(&local, &[&arguments[..], &["--format", format]].concat())
    };
    scan("json", "before.json");
    let (report, code) = scan("json", "json.state");
    let report: Value = serde_json::from_str(&report).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let statuses: Vec<&str> = findings.iter().map(|finding| finding["status"].as_str().unwrap()).collect();
    assert!(statuses.contains(&"open") && statuses.contains(&"muted"), "{statuses:?}");
    let ids: Vec<&str> = findings.iter().map(|finding| finding["id"].as_str().unwrap()).collect();

    let (csv, csv_code) = scan("csv", "csv.state");
    let rows = rows(&csv);
    assert_eq!(rows.iter().map(|row| row["id"].as_str()).collect::<Vec<_>>(), ids);
    for (row, finding) in rows.iter().zip(findings) {
        assert_eq!(row["monthly_cost_usd"].parse().ok(), finding["monthly_cost_usd"].as_f64());
        assert_eq!(row["status"], finding["status"].as_str().unwrap());
    }

    let (sarif, sarif_code) = scan("sarif", "sarif.state");
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    let known = schema("sarif-2.1.0");
    assert_eq!(refusals(&known, &sarif), [""; 0]);
    let run = &sarif["runs"][0];
    let results = run["results"].as_array().unwrap();
    let fingerprint = |result: &Value| result["partialFingerprints"]["aftermoveFindingId/v1"].clone();
    assert_eq!(results.iter().map(fingerprint).collect::<Vec<_>>(), ids);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), report["policies"].as_array().unwrap().len());
    for rule in rules {
        assert!(rule["help"]["text"].as_str().is_some_and(|text| text.len() > 40), "{rule:#}");
        assert!(rule["properties"]["security-severity"].is_string(), "{rule:#}");
    }
    let mut broken = sarif.clone();
    broken["runs"][0]["results"][0]["level"] = json!("severe");
    assert_ne!(refusals(&known, &broken), [""; 0]);

    let (ocsf, ocsf_code) = scan("ocsf", "ocsf.state");
    let (asff, asff_code) = scan("asff", "asff.state");
    for (text, name, id) in
        [(ocsf, "ocsf-1.8.0-compliance_finding", "/finding_info/uid"), (asff, "asff", "/Id")]
    {
        let documents: Vec<Value> = serde_json::from_str(&text).unwrap();
        let known = schema(name);
        for document in &documents {
            assert_eq!(refusals(&known, document), [""; 0], "{document:#}");
        }
        assert_eq!(documents.iter().map(|d| d.pointer(id).unwrap()).collect::<Vec<_>>(), ids);
        let mut broken = documents[0].clone();
        broken["monthly_cost_usd"] = json!(1);
        assert_ne!(refusals(&known, &broken), [""; 0], "{name}");
    }
    assert_eq!([csv_code, sarif_code, ocsf_code, asff_code], [code; 4]);

    // the other commands have the same findings to tell
    for command in [&["digest"][..], &["incident", "--since", "3h"], &["review"]] {
        let arguments = [command, &["--inventory", "inventory.json", "--format", "sarif"]].concat();
        let (sarif, _) = read(&local, &arguments);
        assert_eq!(refusals(&schema("sarif-2.1.0"), &sarif), [""; 0], "{command:?}");
        assert!(!sarif["runs"][0]["results"].as_array().unwrap().is_empty(), "{command:?}");
    }

    // a file that cannot say what was not seen leaves that to stderr and to the exit code
    let path = local.folder.path().join("inventory.json");
    let mut inventory: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for scope in inventory["scopes"].as_array_mut().unwrap() {
        for row in scope["coverage"].as_array_mut().unwrap() {
            row["status"] = json!("denied");
        }
    }
    local.write("blind.json", &inventory.to_string());
    let blind =
        local.aftermove(&["scan", "--inventory", "blind.json", "--format", "ocsf", "--fail-on", "critical"]);
    let told = String::from_utf8(blind.stderr).unwrap();
    assert!(told.contains("could not be seen"), "{told}");
}
