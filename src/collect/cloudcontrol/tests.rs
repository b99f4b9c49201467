use aws_sdk_cloudcontrol::Client;
use aws_sdk_cloudcontrol::operation::get_resource::{GetResourceError, GetResourceOutput};
use aws_sdk_cloudcontrol::operation::list_resources::{ListResourcesError, ListResourcesOutput};
use aws_sdk_cloudformation::operation::describe_type::{DescribeTypeError, DescribeTypeOutput};
use aws_smithy_mocks::{Rule, RuleMode, mock};
use serde_json::json;

use super::*;
use crate::collect::mock;
use crate::inventory::Resource;

const TABLE: &str = "AWS::DynamoDB::Table";

fn description(id: &str, properties: &Json) -> ResourceDescription {
    ResourceDescription::builder().identifier(id).properties(properties.to_string()).build()
}

fn page(ids: &[&str], next: Option<&str>) -> ListResourcesOutput {
    let listed = ids.iter().map(|id| description(id, &json!({ "TableName": id }))).collect();
    ListResourcesOutput::builder()
        .set_resource_descriptions(Some(listed))
        .set_next_token(next.map(str::to_owned))
        .build()
}

fn got(id: &str) -> GetResourceOutput {
    let arn = format!("arn:aws:dynamodb:eu-west-1:111122223333:table/{id}");
    let table = json!({
        "TableName": id,
        "Arn": arn,
        "BillingMode": "PROVISIONED",
        "SSESpecification": { "SSEEnabled": true },
        "Tags": [{ "Key": "team", "Value": "shop" }],
    });
    GetResourceOutput::builder().type_name(TABLE).resource_description(description(id, &table)).build()
}

fn gets() -> Rule {
    mock!(Client::get_resource).then_compute_output(|request| got(request.identifier().unwrap_or_default()))
}

fn described(schema: &'static str) -> Rule {
    mock!(aws_sdk_cloudformation::Client::describe_type)
        .match_requests(|request| request.r#type() == Some(&RegistryType::Resource))
        .then_output(move || DescribeTypeOutput::builder().type_name(TABLE).schema(schema).build())
}

fn generic(fields: &[&str]) -> Generic {
    Generic::new(TABLE, fields.iter().map(|field| (*field).to_owned()).collect())
}

fn ids(read: &Read) -> Vec<&str> {
    read.resources.iter().map(|resource| &*resource.meta().id).collect()
}

#[tokio::test]
async fn pages_of_a_hundred_are_listed_and_what_they_lack_is_asked_for() {
    let mut context = mock::context();
    let first = mock!(Client::list_resources)
        .match_requests(|request| {
            request.type_name() == Some(TABLE)
                && request.max_results() == Some(100)
                && request.next_token().is_none()
        })
        .then_output(|| page(&["orders", "sessions"], Some("two")));
    let second = mock!(Client::list_resources)
        .match_requests(|request| request.next_token() == Some("two"))
        .then_output(|| page(&["jobs"], None));
    mock::answer!(context, cloudcontrol, aws_sdk_cloudcontrol, [first, second, gets()]);
    mock::answer!(context, cloudformation, aws_sdk_cloudformation, [described(mock::TABLE_SCHEMA)]);

    let read = generic(&["billing_mode", "name", "sse_specification"]).read(&context).await.unwrap();

    assert_eq!(read.window, "3 resources, 2 ListResources and 3 GetResource calls");
    assert_eq!(read.partial, None);
    let Resource::Generic(orders) =
        read.resources.iter().find(|resource| resource.meta().id == "orders").unwrap()
    else {
        panic!("{:?}", read.resources)
    };
    assert_eq!(orders.meta.arn, "arn:aws:dynamodb:eu-west-1:111122223333:table/orders");
    assert_eq!((&*orders.meta.name, &*orders.meta.tags["team"]), ("orders", "shop"));
    assert_eq!(
        Json::Object(orders.properties.clone()),
        json!({
            "billing_mode": "PROVISIONED",
            "sse_specification": { "sse_enabled": true, "kms_master_key_id": null },
        }),
        "nothing is kept that no policy names"
    );
}

#[tokio::test]
async fn a_list_that_has_what_is_named_is_enough() {
    let mut context = mock::context();
    let whole = mock!(Client::list_resources).then_output(|| {
        let table = json!({ "TableName": "orders", "Arn": "arn:orders", "BillingMode": "PROVISIONED" });
        ListResourcesOutput::builder().resource_descriptions(description("orders", &table)).build()
    });
    mock::answer!(context, cloudcontrol, aws_sdk_cloudcontrol, [whole]);
    mock::answer!(context, cloudformation, aws_sdk_cloudformation, [described(mock::TABLE_SCHEMA)]);

    // a field that the type does not have is no reason to ask
    let read = generic(&["billing_mode", "biling_mode"]).read(&context).await.unwrap();

    assert_eq!(read.window, "1 resource, 1 ListResources call");
    assert_eq!(read.resources[0].meta().arn, "arn:orders");
}

#[tokio::test]
async fn without_the_schema_it_is_read_all_the_same_and_said() {
    let mut context = mock::context();
    let list = mock!(Client::list_resources).then_output(|| page(&["orders"], None));
    let denied = mock!(aws_sdk_cloudformation::Client::describe_type)
        .then_error(|| DescribeTypeError::generic(mock::service_error("AccessDenied", "No.")));
    mock::answer!(context, cloudcontrol, aws_sdk_cloudcontrol, [list, gets()]);
    mock::answer!(context, cloudformation, aws_sdk_cloudformation, [denied]);
    let generic = generic(&["billing_mode", "never_there"]);

    let read = generic.read(&context).await.unwrap();

    assert_eq!(
        read.window,
        "1 resource, 1 ListResources and 1 GetResource calls; the fields that policies name are unchecked: \
         denied: cloudformation:DescribeType (No.)"
    );
    assert_eq!(generic.schema(), None);
    let Resource::Generic(orders) = &read.resources[0] else { panic!("{read:?}") };
    assert_eq!(Json::Object(orders.properties.clone()), json!({ "billing_mode": "PROVISIONED" }));
}

#[tokio::test]
async fn what_cannot_be_listed_is_not_tried() {
    for (schema, reason) in [
        (
            r#"{ "properties": {}, "handlers": { "list": { "handlerSchema": { "required": ["ClusterName"] } } } }"#,
            "AWS::DynamoDB::Table cannot be listed for a whole account: Cloud Control lists it by ClusterName only",
        ),
        (
            r#"{ "properties": {}, "handlers": { "read": {} } }"#,
            "AWS::DynamoDB::Table cannot be listed: Cloud Control has no list handler for it",
        ),
    ] {
        let (mut context, meter) = mock::metered();
        mock::answer!(context, cloudformation, aws_sdk_cloudformation, [described(schema)]);

        let error = generic(&[]).read(&context).await.unwrap_err();

        assert_eq!(error.to_string(), reason);
        assert_eq!(meter.calls().into_iter().collect::<Vec<_>>(), [(DESCRIBE_TYPE.to_owned(), 1)]);
    }
}

#[tokio::test]
async fn a_type_that_aws_does_not_know_is_told() {
    let mut context = mock::context();
    let unknown = mock!(aws_sdk_cloudformation::Client::describe_type).then_error(|| {
        DescribeTypeError::generic(mock::service_error("TypeNotFoundException", "No such type."))
    });
    mock::answer!(context, cloudformation, aws_sdk_cloudformation, [unknown]);

    let error = generic(&[]).read(&context).await.unwrap_err();

    assert_eq!(
        error.to_string(),
        "there is no type AWS::DynamoDB::Table here: cloudformation:DescribeType (No such type.)"
    );
}

#[tokio::test]
async fn a_denied_handler_ends_the_read_and_is_named() {
    let mut context = mock::context();
    let list = mock!(Client::list_resources).then_output(|| page(&["a", "b", "c"], None));
    let denied = mock!(Client::get_resource).then_error(|| {
        let message = "AWS::DynamoDB::Table Handler returned status FAILED: User: arn:aws:iam::1:user/dev is not \
                       authorized to perform: dynamodb:DescribeTable on resource: x (HandlerErrorCode: AccessDenied)";
        GetResourceError::generic(mock::service_error("AccessDeniedException", message))
    });
    mock::answer!(context, cloudcontrol, aws_sdk_cloudcontrol, [list, denied]);
    mock::answer!(context, cloudformation, aws_sdk_cloudformation, [described(mock::TABLE_SCHEMA)]);

    let error = generic(&["billing_mode"]).read(&context).await.unwrap_err();

    assert!(error.is_denied());
    assert!(
        error
            .to_string()
            .starts_with("denied: dynamodb:DescribeTable, which cloudformation:GetResource needs")
    );
}

#[tokio::test]
async fn a_resource_that_has_gone_is_no_failure_and_one_that_fails_leaves_the_rest() {
    let mut context = mock::context();
    let list = mock!(Client::list_resources).then_output(|| page(&["orders", "gone", "broken"], None));
    let error = |id: &'static str, code: &'static str| {
        mock!(Client::get_resource)
            .match_requests(move |request| request.identifier() == Some(id))
            .then_error(move || GetResourceError::generic(mock::service_error(code, "why")))
    };
    let gone = error("gone", "ResourceNotFoundException");
    let broken = error("broken", "HandlerInternalFailureException");
    mock::answer!(context, cloudcontrol, aws_sdk_cloudcontrol, [list, gone, broken, gets()]);
    mock::answer!(context, cloudformation, aws_sdk_cloudformation, [described(mock::TABLE_SCHEMA)]);

    let read = generic(&["billing_mode"]).read(&context).await.unwrap();

    assert_eq!(ids(&read), ["orders"]);
    assert_eq!(read.window, "1 of 3 resources, 1 ListResources and 3 GetResource calls");
    assert_eq!(
        read.partial.as_deref(),
        Some("failed: cloudformation:GetResource (HandlerInternalFailureException: why)")
    );
}

#[tokio::test]
async fn a_list_that_breaks_off_is_partial() {
    let mut context = mock::context();
    let first = mock!(Client::list_resources)
        .match_requests(|request| request.next_token().is_none())
        .then_output(|| page(&["orders"], Some("two")));
    let second =
        mock!(Client::list_resources).match_requests(|request| request.next_token().is_some()).then_error(
            || ListResourcesError::generic(mock::service_error("ThrottlingException", "Rate exceeded")),
        );
    mock::answer!(context, cloudcontrol, aws_sdk_cloudcontrol, RuleMode::MatchAny, [first, second]);
    mock::answer!(context, cloudformation, aws_sdk_cloudformation, [described(mock::TABLE_SCHEMA)]);

    // nothing that the list lacks is asked for any more
    let error = generic(&["billing_mode"]).read(&context).await.unwrap_err();

    assert_eq!(error.to_string(), "throttled: cloudformation:ListResources (Rate exceeded)");
}

#[tokio::test]
async fn at_the_deadline_what_was_not_read_is_missing() {
    let mut context = mock::context();
    context.deadline = tokio::time::Instant::now();
    let list = mock!(Client::list_resources).then_output(|| page(&["a", "b"], None));
    mock::answer!(context, cloudcontrol, aws_sdk_cloudcontrol, [list, gets()]);
    mock::answer!(context, cloudformation, aws_sdk_cloudformation, [described(mock::TABLE_SCHEMA)]);

    let error = generic(&["billing_mode"]).read(&context).await.unwrap_err();

    assert_eq!(error, CollectError::OutOfTime);
}
