use serde_json::{Value, json};

use super::*;
use crate::collect::mock::TABLE_SCHEMA;

fn schema(of: &Value) -> Schema {
    Schema::parse(&of.to_string()).unwrap()
}

fn table() -> Schema {
    Schema::parse(TABLE_SCHEMA).unwrap()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        other => panic!("{other} is no object"),
    }
}

#[test]
fn fields_have_snake_case_names_types_and_may_be_null() {
    let fields = table().fields();
    let property = |path: &str| fields.pointer(&format!("/properties/{path}")).cloned();

    assert_eq!(
        property("billing_mode"),
        Some(json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }))
    );
    assert_eq!(
        property("sse_specification/anyOf/0"),
        Some(json!({ "$ref": "#/definitions/SSESpecification" })),
        "definitions stay where they are"
    );
    assert_eq!(
        fields.pointer("/definitions/SSESpecification/properties/kms_master_key_id/anyOf/0"),
        Some(&json!({ "type": "string" }))
    );
    assert_eq!(property("key_schema/anyOf/0/items"), Some(json!({ "$ref": "#/definitions/KeySchema" })));
    assert_eq!(property("resource_policy/anyOf/0/properties/policy_document/anyOf/0"), Some(json!({})));
    // what every resource has
    assert_eq!(property("tags/additionalProperties/type"), Some(json!("string")));
    assert!(property("created_at").is_some() && property("arn").is_some());
    // AWS takes it, but never shows it
    assert_eq!(property("import_source_specification"), None);
}

#[test]
fn properties_are_renamed_where_aws_named_them_and_filled_up_with_nulls() {
    let seen = table().seen(object(json!({
        "TableName": "orders",
        "SSESpecification": { "SSEEnabled": true },
        "KeySchema": [{ "AttributeName": "Id", "KeyType": "HASH" }],
        "ResourcePolicy": { "PolicyDocument": { "Version": "2012-10-17", "Statement": [{ "Effect": "Allow" }] } },
        "Limits": { "MaxUnits": 3 },
        "ReadersByTeam": { "ShopTeam": { "MaxUnits": 2 } },
        "Tags": [{ "Key": "CostCenter", "Value": "Shop" }],
        "AddedByAwsLastWeek": 1,
    })));

    assert_eq!(seen["table_name"], "orders");
    assert_eq!(seen["billing_mode"], Value::Null);
    assert_eq!(seen["sse_specification"], json!({ "sse_enabled": true, "kms_master_key_id": null }));
    assert_eq!(seen["key_schema"], json!([{ "attribute_name": "Id", "key_type": "HASH" }]));
    assert_eq!(
        seen["resource_policy"]["policy_document"],
        json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow" }] })
    );
    assert_eq!(seen["limits"]["max_units"], json!(3.0), "a number is no int to CEL");
    assert_eq!(seen["readers_by_team"], json!({ "ShopTeam": { "max_units": 2.0 } }));
    assert_eq!(seen["tags"], json!([{ "key": "CostCenter", "value": "Shop" }]));
    assert!(!seen.contains_key("added_by_aws_last_week"), "no schema says what it is");
}

#[test]
fn what_the_handlers_need_is_known() {
    let permissions = table().permissions();
    assert!(permissions.contains("dynamodb:ListTables") && permissions.contains("dynamodb:DescribeTable"));
    assert!(!permissions.contains("dynamodb:CreateTable"));
    assert_eq!(table().list_requires(), Vec::<&str>::new());

    let of_list = |list: &Value| {
        let schema = schema(&json!({ "properties": {}, "handlers": { "list": list } }));
        schema.list_requires().join(" ")
    };
    assert_eq!(
        of_list(&json!({ "handlerSchema": { "properties": {}, "required": ["ClusterName"] } })),
        "ClusterName"
    );
    assert_eq!(
        of_list(
            &json!({ "handlerSchema": { "properties": {}, "oneOf": [{ "required": ["A"] }, { "required": ["B"] }] } })
        ),
        "A B"
    );
    assert!(!schema(&json!({ "properties": {}, "handlers": { "read": {} } })).can_list());
}

#[test]
fn tags_may_be_called_otherwise() {
    let schema = schema(&json!({
        "tagging": { "tagProperty": "/properties/FileSystemTags" },
        "properties": { "FileSystemTags": { "type": "array", "items": {
            "type": "object", "properties": { "Key": { "type": "string" }, "Value": { "type": "string" } },
        } } },
    }));
    let seen = schema.seen(object(json!({ "FileSystemTags": [{ "Key": "a", "Value": "b" }] })));
    assert_eq!(Value::Object(seen), json!({ "tags": [{ "key": "a", "value": "b" }] }));
    assert!(schema.has("tags"));
    assert_eq!(schema.fields().pointer("/properties/file_system_tags"), None);
}

#[test]
fn alternatives_are_one_object_or_nothing_certain() {
    let schema = schema(&json!({
        "properties": {
            "Either": { "type": "object", "oneOf": [
                { "properties": { "A": { "type": "string" } } }, { "properties": { "B": { "type": "integer" } } },
            ] },
            "TextOrMap": { "oneOf": [{ "type": "string" }, { "type": "object", "properties": { "A": {} } }] },
            "Needs": { "type": "object", "properties": { "A": { "type": "string" } }, "anyOf": [{ "required": ["A"] }] },
            "Open": { "type": "object", "additionalProperties": true, "properties": { "A": {} } },
            "Itself": { "type": "array", "items": { "$ref": "#/properties/Itself" } },
            "Tree": { "$ref": "#/definitions/Tree" },
        },
        "definitions": { "Tree": { "type": "object", "properties": { "Left": { "$ref": "#/definitions/Tree" } } } },
    }));
    let fields = schema.fields();
    let shown = |name: &str| fields.pointer(&format!("/properties/{name}/anyOf/0")).unwrap().clone();
    assert_eq!(shown("either")["properties"].as_object().unwrap().len(), 2);
    assert_eq!(shown("text_or_map"), json!({}));
    assert_eq!(shown("needs")["properties"]["a"]["anyOf"][0], json!({ "type": "string" }));
    assert_eq!(shown("open"), json!({}));
    assert_eq!(shown("itself")["type"], "array", "and its end");
    assert_eq!(shown("tree"), json!({ "$ref": "#/definitions/Tree" }));
    let seen =
        schema.seen(object(json!({ "Tree": { "Left": { "Left": null } }, "Open": { "A": 1, "B": 2 } })));
    assert_eq!(seen["tree"], json!({ "left": { "left": null } }));
    assert_eq!(seen["open"], json!({ "A": 1, "B": 2 }));
}

#[test]
fn without_a_schema_names_that_look_like_aws_s_are_taken_for_such() {
    let seen = guessed(object(json!({
        "TableName": "orders",
        "SSESpecification": { "SSEEnabled": true },
        "PolicyDocument": { "Statement": [] },
        "Environment": { "Variables": { "Debug": "1" }, "DATABASE_URL": "x" },
        "Tags": { "Team": "shop" },
        "KeySchema": [{ "KeyType": "HASH" }],
    })));
    assert_eq!(
        Value::Object(seen),
        json!({
            "table_name": "orders",
            "sse_specification": { "sse_enabled": true },
            "policy_document": { "Statement": [] },
            "environment": { "variables": { "Debug": "1" }, "DATABASE_URL": "x" },
            "tags": { "Team": "shop" },
            "key_schema": [{ "key_type": "HASH" }],
        })
    );
}
