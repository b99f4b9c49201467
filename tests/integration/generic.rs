//! Policies on types that are not built in: read through Cloud Control, checked against AWS's registry.

use serde_json::{Value, json};

use crate::bad_input::{Desk, assert_says};
use crate::faults::{fault, unseen};
use crate::local::{Local, REGION, found};

const TABLE: &str = "AWS::DynamoDB::Table";
const SCHEMA: &str = include_str!("../../src/collect/cloudcontrol/testing.json");
const LIST: &str = "cloudformation:ListResources";

const POLICY: &str = "\
id: tables-unprotected
title: Table can be deleted with one call
severity: medium
resource: AWS::DynamoDB::Table
skip: \"'lifetime' in resource.tags\"
violation: resource.deletion_protection_enabled != true
message: '{resource.name} ({resource.billing_mode}) has no deletion protection'
why: Heroku kept dropped databases for a while; a deleted table is gone.
fix: Turn deletion protection on.
fix_cli: aws dynamodb update-table --table-name {resource.name} --deletion-protection-enabled
tests:
  - { name: protected, resource: { name: orders, deletion_protection_enabled: true }, expect: pass }
  - { name: unset, resource: { name: orders }, expect: fail, says: orders (none) }
  - { name: short-lived, resource: { name: tmp, tags: { lifetime: short } }, expect: skip }
";

fn answer(operation: &str, request: &Value, key: &str, answer: &Value) -> Value {
    let mut body = json!({ "service": "cloudformation", "operation": operation, "request": request });
    body[key] = answer.clone();
    body
}

fn table(name: &str, more: &Value) -> Value {
    let mut properties = json!({
        "TableName": name,
        "Arn": format!("arn:aws:dynamodb:{REGION}:000000000000:table/{name}"),
        "BillingMode": "PAY_PER_REQUEST",
    });
    properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "TypeName": TABLE, "ResourceDescription": { "Identifier": name, "Properties": properties.to_string() } })
}

/// An account with three tables, listed by their names alone and in two pages, and a folder with the policy.
fn account() -> Local {
    let local = Local::start();
    let entry =
        |name: &str| json!({ "Identifier": name, "Properties": json!({ "TableName": name }).to_string() });
    let list = |names: &[&str], next: Option<&str>| {
        let listed: Vec<Value> = names.iter().map(|name| entry(name)).collect();
        json!({ "TypeName": TABLE, "ResourceDescriptions": listed, "NextToken": next })
    };
    let of_type = json!({ "TypeName": TABLE });
    let protected = json!({ "DeletionProtectionEnabled": true });
    let short = json!({ "Tags": [{ "Key": "lifetime", "Value": "short" }] });
    let get = |name: &str, more: &Value| {
        answer("GetResource", &json!({ "TypeName": TABLE, "Identifier": name }), "result", &table(name, more))
    };
    let second = json!({ "TypeName": TABLE, "NextToken": "two" });
    local.tell(
        "answers",
        &json!([
            answer("DescribeType", &of_type, "result", &json!({ "TypeName": TABLE, "Schema": SCHEMA })),
            answer("ListResources", &of_type, "result", &list(&["orders", "sessions"], Some("two"))),
            answer("ListResources", &second, "result", &list(&["imports"], None)),
            get("orders", &protected),
            get("sessions", &json!({})),
            get("imports", &short),
        ]),
    );
    std::fs::create_dir(local.folder.path().join("mine")).unwrap();
    local.write("mine/tables-unprotected.yaml", POLICY);
    local
}

const ONLY: [&str; 4] = ["--policies", "mine", "--only", "tables-unprotected"];

fn row(report: &Value) -> (&str, &str) {
    let rows = report["coverage"].as_array().unwrap();
    let row = rows.iter().find(|row| row["type"] == TABLE).unwrap();
    (row["status"].as_str().unwrap(), row["detail"].as_str().unwrap())
}

#[test]
fn a_policy_may_judge_any_type_of_cloudformation() {
    let local = account();

    let (report, code) = local.scan(&ONLY);

    assert_eq!(code, 1, "{report:#}");
    assert_eq!(found(&report, &["new"]), ["tables-unprotected sessions"]);
    let finding = &report["findings"][0];
    assert_eq!(finding["message"], "sessions (PAY_PER_REQUEST) has no deletion protection");
    assert_eq!(finding["resource"]["type"], TABLE);
    assert_eq!(finding["resource"]["arn"], format!("arn:aws:dynamodb:{REGION}:000000000000:table/sessions"));
    assert_eq!(
        report["policies"],
        json!([{ "id": "tables-unprotected", "pass": 1, "fail": 1, "skip": 1, "unknown": 0 }])
    );
    assert_eq!(row(&report), ("complete", "3 resources, 2 ListResources and 3 GetResource calls"));
    assert_eq!(report["run"]["complete"], true);
    let calls = &report["usage"]["api_calls"];
    assert_eq!(
        (&calls[LIST], &calls["cloudformation:GetResource"], &calls["cloudformation:DescribeType"]),
        (&json!(2), &json!(3), &json!(1))
    );
    let journal = local.journal();
    assert_eq!(journal.iter().filter(|call| call.starts_with("cloudformation:")).count(), 6, "{journal:?}");
}

#[test]
fn a_saved_inventory_keeps_what_the_policies_name_and_gives_the_same_findings() {
    let local = account();
    let (report, _) = local.scan(&ONLY);
    let collected = local.aftermove(&[&["collect", "--output", "inventory.json"][..], &ONLY].concat());
    assert_eq!(collected.status.code(), Some(0), "{}", String::from_utf8_lossy(&collected.stderr));
    let text = std::fs::read_to_string(local.folder.path().join("inventory.json")).unwrap();
    let inventory: Value = serde_json::from_str(&text).unwrap();
    let saved = &inventory["scopes"][0]["resources"][1];
    assert_eq!((&saved["resource_type"], &saved["id"]), (&json!(TABLE), &json!("orders")), "{inventory:#}");
    assert_eq!(saved["deletion_protection_enabled"], true);

    let before = local.journal().len();
    let (again, code) = local.scan(&[&["--inventory", "inventory.json"][..], &ONLY].concat());

    assert_eq!(local.journal().len(), before);
    assert_eq!(code, 1);
    assert_eq!(again["policies"], report["policies"]);
    assert_eq!(again["findings"][0]["id"], report["findings"][0]["id"]);

    // a policy that names what was not kept cannot judge
    local.write(
        "mine/tables-unprotected.yaml",
        &POLICY.replace("resource.billing_mode", "resource.key_schema"),
    );
    let (unkept, _) = local.scan(&[&["--inventory", "inventory.json"][..], &ONLY].concat());
    assert_eq!(unkept["policies"][0]["unknown"], 3, "{unkept:#}");
}

#[test]
fn a_mistyped_field_is_found_once_aws_has_told_the_fields() {
    let local = account();
    local.write(
        "mine/tables-unprotected.yaml",
        &POLICY.replace("resource.billing_mode", "resource.biling_mode"),
    );

    let (report, code) = local.scan(&["--policies", "mine", "--only", "tables-unprotected,logs"]);

    assert_eq!(code, 3);
    assert_eq!(report["run"]["complete"], false);
    assert_eq!(found(&report, &["new"]), Vec::<String>::new());
    let policies = report["policies"].as_array().unwrap();
    let tables = policies.iter().find(|policy| policy["id"] == "tables-unprotected").unwrap();
    assert_eq!((&tables["pass"], &tables["fail"]), (&json!(0), &json!(0)), "{tables}");
    assert!(policies.len() > 1, "the others were judged");
    let note = report["notes"].to_string();
    assert_says(
        &note,
        &[
            "tables-unprotected judged nothing: mine/tables-unprotected.yaml:7:",
            "no field `biling_mode` on AWS::DynamoDB::Table",
            "did you mean `billing_mode`?",
        ],
    );
    assert_eq!(row(&report).0, "complete", "it was read for all that");
}

#[test]
fn what_is_wrong_without_asking_aws_is_refused_at_load() {
    let desk = Desk::new();
    for (old, new, words) in [
        (
            "resource.billing_mode",
            "resource.BillingMode",
            &["mine.yaml:7:", "did you mean `billing_mode`?"][..],
        ),
        (
            "AWS::DynamoDB::Table",
            "AWS::Logs::LogGruop",
            &["mine.yaml:4:", "did you mean `AWS::Logs::LogGroup`?"],
        ),
        (
            "AWS::DynamoDB::Table",
            "Table",
            &["mine.yaml:4:", "unknown resource type `Table`", "AWS::DynamoDB::Table"],
        ),
        ("{ name: orders },", "{ Name: orders },", &["mine.yaml:", "`Name`", "did you mean `name`?"]),
    ] {
        let text = POLICY.replace("tables-unprotected", "mine").replacen(old, new, 1);
        desk.write("policies/mine.yaml", &text);
        assert_says(&desk.refused(&["policy", "check", "--policies", "policies"]), words);
        assert_says(&desk.refused_scan(&["--policies", "policies"]), words);
    }
}

#[test]
fn what_is_denied_is_named_and_nothing_passes() {
    let local = account();
    let keep = [&ONLY[..], &["--state", "state.json"]].concat();
    let (clean, _) = local.scan(&keep);
    assert_eq!(found(&clean, &["new"]), ["tables-unprotected sessions"]);

    for (action, kind, status, detail) in [
        (LIST, "denied", "denied", "denied: cloudformation:ListResources"),
        ("cloudformation:GetResource", "denied", "denied", "denied: cloudformation:GetResource"),
        (LIST, "throttle", "failed", "throttled: cloudformation:ListResources"),
        (LIST, "garbage", "failed", "malformed answer: cloudformation:ListResources"),
    ] {
        fault(&local, action, kind, &Value::Null);
        let (report, code) = local.scan(&keep);
        assert_eq!(code, 3, "{action}");
        let unseen = unseen(&report);
        let (found_status, found_detail) = unseen[TABLE];
        assert_eq!(found_status, status, "{action}: {found_detail}");
        assert!(found_detail.starts_with(detail), "{action}: {found_detail}");
        assert_eq!(found(&report, &["unknown"]), ["tables-unprotected sessions"], "{action}");
        assert_eq!(report["policies"][0]["pass"], 0, "{action}");
        local.forget("faults");
    }
}

#[test]
fn without_the_registry_policies_go_on_and_say_so() {
    let local = account();
    fault(&local, "cloudformation:DescribeType", "denied", &Value::Null);

    let (report, _) = local.scan(&ONLY);

    let (status, detail) = row(&report);
    assert_eq!(status, "complete");
    assert!(
        detail.contains("the fields that policies name are unchecked: denied: cloudformation:DescribeType"),
        "{detail}"
    );
    // of two tables nothing tells whether protection is off or the field's name wrong
    assert_eq!(
        report["policies"],
        json!([{ "id": "tables-unprotected", "pass": 1, "fail": 0, "skip": 0, "unknown": 2 }])
    );
}

#[test]
fn what_aws_cannot_list_is_said_and_is_no_pass() {
    let local = account();
    fault(&local, "cloudformation:DescribeType", "denied", &Value::Null);
    let of_type = json!({ "TypeName": TABLE });
    for (code, message, status, detail) in [
        (
            "UnsupportedActionException",
            "Resource type AWS::DynamoDB::Table does not support LIST action",
            "failed",
            "AWS::DynamoDB::Table cannot be read through Cloud Control",
        ),
        (
            "InvalidRequestException",
            "Missing or invalid ResourceModel property in AWS::DynamoDB::Table list handler request input.\
             Required property: (#: required key [ClusterName] not found)",
            "failed",
            "AWS::DynamoDB::Table cannot be listed for a whole account: Cloud Control lists it by ClusterName only",
        ),
        (
            "TypeNotFoundException",
            "The type does not exist.",
            "failed",
            "there is no type AWS::DynamoDB::Table here",
        ),
        (
            "AccessDeniedException",
            "AWS::DynamoDB::Table Handler returned status FAILED: User: arn:aws:iam::000000000000:user/dev is not \
             authorized to perform: dynamodb:ListTables on resource: * (HandlerErrorCode: AccessDenied)",
            "denied",
            "denied: dynamodb:ListTables, which cloudformation:ListResources needs here",
        ),
    ] {
        let error = json!({ "code": code, "message": message });
        local.tell("answers", &answer("ListResources", &of_type, "error", &error));
        let (report, exit) = local.scan(&ONLY);
        assert_eq!(exit, 3, "{code}");
        let (found_status, found_detail) = unseen(&report)[TABLE];
        assert_eq!(found_status, status, "{found_detail}");
        assert!(found_detail.starts_with(detail), "{found_detail}");
        assert_eq!(report["policies"][0]["pass"], 0, "{code}");
    }
}

#[test]
fn a_global_type_is_read_once() {
    let local = account();
    let listed = json!({ "TypeName": "AWS::IAM::Group", "ResourceDescriptions": [] });
    local.tell(
        "answers",
        &answer("ListResources", &json!({ "TypeName": "AWS::IAM::Group" }), "result", &listed),
    );
    local.write(
        "mine/tables-unprotected.yaml",
        &POLICY
            .replace(TABLE, "AWS::IAM::Group")
            .replace("resource.tags", "params.tags")
            .replace("violation:", "params: { tags: {} }\nviolation:"),
    );

    let (report, _) = local.scan(&[&ONLY[..], &["--region", "eu-west-1,eu-central-1"]].concat());

    let rows: Vec<(&str, &str)> = report["coverage"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["region"].as_str().unwrap(), row["type"].as_str().unwrap()))
        .collect();
    assert_eq!(rows, [("global", "AWS::IAM::Group")]);
    assert_eq!(report["usage"]["api_calls"][LIST], 1);
}

fn said(output: &std::process::Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_iam_policy_fits_the_policies_and_names_what_the_handlers_call() {
    let local = account();

    let (stdout, stderr) = said(&local.aftermove(&[&["iam"][..], &ONLY].concat()));

    let document: Value = serde_json::from_str(&stdout).unwrap();
    let statements = document["Statement"].as_array().unwrap();
    let actions: Vec<(&str, &Value)> =
        statements.iter().map(|s| (s["Sid"].as_str().unwrap(), &s["Action"])).collect();
    assert_eq!(
        actions,
        [
            (
                "ReadCloudformation",
                &json!(["cloudformation:DescribeType", "cloudformation:GetResource", LIST])
            ),
            ("ReadEc2", &json!(["ec2:DescribeRegions"])),
            ("ReadSts", &json!(["sts:GetCallerIdentity"])),
            (
                "HandlersDynamoDBTable",
                &json!(["dynamodb:DescribeTable", "dynamodb:ListTables", "dynamodb:ListTagsOfResource"])
            ),
        ]
    );
    assert_eq!(stderr, "");

    fault(&local, "cloudformation:DescribeType", "denied", &Value::Null);
    let (stdout, stderr) = said(&local.aftermove(&[&["iam"][..], &ONLY].concat()));
    assert!(stdout.contains("cloudformation:ListResources") && !stdout.contains("HandlersDynamoDBTable"));
    assert_says(&stderr, &[TABLE, "added by hand", "describe-type", "handlers.list and handlers.read"]);
}

#[test]
fn what_is_not_checked_without_aws_is_said() {
    let desk = Desk::new();
    desk.write("mine/tables-unprotected.yaml", POLICY);
    for arguments in [
        &["policy", "check", "--policies", "mine"][..],
        &["policy", "explain", "tables-unprotected", "--policies", "mine"],
    ] {
        let (stdout, stderr) = said(&desk.command(arguments).output().unwrap());
        let words =
            ["the fields of AWS::DynamoDB::Table are AWS's to tell", "policy schema AWS::DynamoDB::Table"];
        assert_says(&stdout, &words);
        assert_eq!(stderr, "");
    }
    let (stdout, _) = said(&desk.command(&["policy", "check"]).output().unwrap());
    assert!(!stdout.contains("AWS's to tell"), "{stdout}");
    let (stdout, _) = said(&desk.command(&["policy", "test", "--policies", "mine"]).output().unwrap());
    assert_says(&stdout, &["tables-unprotected: short-lived", " 0 failed"]);
}

#[test]
fn schemas_are_printed_for_editors_and_for_the_fields_of_types() {
    let desk = Desk::new();
    let printed = |arguments: &[&str]| -> Value {
        let (stdout, stderr) =
            said(&desk.command(&[&["policy", "schema"][..], arguments].concat()).output().unwrap());
        serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}{stderr}"))
    };
    assert_eq!(printed(&[])["properties"]["violation"]["allOf"][0]["$ref"], "#/definitions/Expression");
    assert_eq!(printed(&["--for", "config"])["title"], "Configuration");
    assert_eq!(printed(&["AWS::Logs::LogGroup"])["properties"]["stored_bytes"]["type"], "integer");
    assert_says(
        &desk.refused(&["policy", "schema", "AWS::Logs::LogGruop"]),
        &["unknown resource type `AWS::Logs::LogGruop`", "did you mean `AWS::Logs::LogGroup`?"],
    );
    let local = account();
    let (stdout, stderr) = said(&local.aftermove(&["policy", "schema", TABLE]));
    let fields: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stderr}"));
    assert_eq!(fields["title"], TABLE);
    assert_eq!(fields["properties"]["billing_mode"]["anyOf"][0]["type"], "string");
}
