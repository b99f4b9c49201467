use std::io::Write as _;

use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_sdk_s3::operation::list_objects_v2::{ListObjectsV2Error, ListObjectsV2Output};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CommonPrefix, Object};
use aws_smithy_mocks::{Rule, RuleMode, mock};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::collect::mock;
use crate::inventory::Kind as _;

const OWN: &str = "team/AWSLogs/111122223333/CloudTrail/eu-west-1/";

/// The key of a file that was delivered at a minute of 21 November.
fn key(folder: &str, minute: &str) -> String {
    format!(
        "{folder}2026/11/21/111122223333_CloudTrail_eu-west-1_20261121T{minute}Z_Mu0KsOhtH1ar15ZZ.json.gz"
    )
}

fn record(id: &str, time: &str) -> Value {
    json!({
        "eventID": id,
        "eventTime": time,
        "eventName": "PutRetentionPolicy",
        "eventSource": "logs.amazonaws.com",
        "readOnly": false,
        "managementEvent": true,
        "eventCategory": "Management",
        "userIdentity": { "type": "IAMUser", "userName": "carol", "arn": "arn:aws:iam::111122223333:user/carol" },
        "resources": [{ "ARN": "arn:aws:kms:eu-west-1:111122223333:key/1", "type": "AWS::KMS::Key" }],
    })
}

fn gzipped(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// The organizations, and what each listing of files brings, in the order of the requests.
fn listings(organizations: &[&str], keys: &[String]) -> Vec<Rule> {
    let prefixes: Vec<CommonPrefix> = organizations
        .iter()
        .map(|id| CommonPrefix::builder().prefix(format!("team/AWSLogs/{id}/")).build())
        .collect();
    let first = mock!(Client::list_objects_v2)
        .match_requests(|request| {
            request.prefix() == Some("team/AWSLogs/o-") && request.delimiter() == Some("/")
        })
        .then_output(move || {
            ListObjectsV2Output::builder().set_common_prefixes(Some(prefixes.clone())).build()
        });
    let keys = keys.to_vec();
    let files = mock!(Client::list_objects_v2)
        .match_requests(|request| request.delimiter().is_none())
        .then_compute_output(move |request| {
            let (prefix, after) = (request.prefix().unwrap(), request.start_after().unwrap_or_default());
            let here = keys.iter().filter(|key| key.starts_with(prefix) && key.as_str() > after);
            let objects = here.map(|key| Object::builder().key(key).build()).collect();
            ListObjectsV2Output::builder().set_contents(Some(objects)).build()
        });
    vec![first, files]
}

fn file(minute: &str, body: Vec<u8>) -> Rule {
    let minute = format!("T{minute}Z");
    mock!(Client::get_object)
        .match_requests(move |request| request.key().is_some_and(|key| key.contains(&minute)))
        .then_output(move || GetObjectOutput::builder().body(ByteStream::from(body.clone())).build())
}

fn log_file(minute: &str, records: &Value) -> Rule {
    file(minute, gzipped(&json!({ "Records": records }).to_string()))
}

fn failing(minute: &str, code: &'static str) -> Rule {
    let minute = format!("T{minute}Z");
    mock!(Client::get_object)
        .match_requests(move |request| request.key().is_some_and(|key| key.contains(&minute)))
        .then_error(move || GetObjectError::generic(mock::service_error(code, "No.")))
}

/// A context whose trail answers from these rules; its window begins on 21 November at 02:00.
fn context(rules: &[Rule]) -> Context {
    let rules: Vec<&Rule> = rules.iter().collect();
    let config = mock::config().into_builder().region(Region::new("eu-west-1")).build();
    let config = aws_sdk_s3::config::Builder::from(&config)
        .interceptor(mock::answers(RuleMode::MatchAny, &rules))
        .build();
    let trail = Trail::new(&Client::from_conf(config), "logs", "team");
    Context { trail: Some(trail), ..mock::context() }
}

async fn read(rules: &[Rule]) -> Result<Read, CollectError> {
    mock::read(&context(rules), Event::TYPE).await
}

fn ids(read: &Read) -> Vec<&str> {
    read.resources.iter().map(|resource| resource.meta().id.as_str()).collect()
}

#[tokio::test]
async fn files_of_the_window_are_read_newest_first_and_each_event_once() {
    let org = "team/AWSLogs/o-a1b2c3/111122223333/CloudTrail/eu-west-1/";
    let digest = format!("{OWN}2026/11/21/digest.txt");
    let keys = [key(OWN, "0159"), key(OWN, "0200"), key(org, "0210"), key(OWN, "0220"), digest];
    let mut rules = listings(&["o-a1b2c3"], &keys);
    rules.push(log_file(
        "0200",
        &json!([record("before", "2026-11-21T01:59:59Z"), record("one", "2026-11-21T02:00:00Z")]),
    ));
    rules.push(log_file("0210", &json!([record("two", "2026-11-21T02:05:00Z")])));
    rules.push(log_file(
        "0220",
        &json!([record("three", "2026-11-21T02:15:00Z"), record("two", "2026-11-21T02:05:00Z")]),
    ));

    let read = read(&rules).await.unwrap();

    assert_eq!(ids(&read), ["three", "two", "one"]);
    assert_eq!(read.partial, None);
    assert_eq!(read.window, "saw 2026-11-21T02:00:00Z to 2026-11-22T03:00:00Z");
}

#[tokio::test]
async fn reads_and_data_events_are_left_out() {
    let with = |id: &str, fields: Value| {
        let mut record = record(id, "2026-11-21T02:05:00Z");
        let Value::Object(fields) = fields else { panic!("an object is wanted") };
        record.as_object_mut().unwrap().extend(fields);
        record
    };
    let mut rules = listings(&[], &[key(OWN, "0210")]);
    rules.push(log_file(
        "0210",
        &json!([
            with("read", json!({ "readOnly": true })),
            with("read-in-words", json!({ "readOnly": "true" })),
            with("data", json!({ "eventCategory": "Data", "managementEvent": false })),
            with("insight", json!({ "eventCategory": "Insight" })),
            with("write", json!({ "readOnly": "false" })),
        ]),
    ));

    assert_eq!(ids(&read(&rules).await.unwrap()), ["write"]);
}

#[test]
fn an_event_is_the_one_that_a_lookup_would_give() {
    use aws_sdk_cloudtrail::types;
    let record = record("one", "2026-11-21T02:05:00Z");
    let looked_up = types::Event::builder()
        .event_id("one")
        .event_name("PutRetentionPolicy")
        .event_source("logs.amazonaws.com")
        .event_time(aws_smithy_types::DateTime::from_secs(1_795_226_700))
        .username("carol")
        .resources(
            types::Resource::builder()
                .resource_type("AWS::KMS::Key")
                .resource_name("arn:aws:kms:eu-west-1:111122223333:key/1")
                .build(),
        )
        .cloud_trail_event(record.to_string())
        .build();
    let context = mock::context();

    assert_eq!(event(&context, record), Some(crate::collect::cloudtrail::event(&context, &looked_up)));
}

#[test]
fn sessions_and_root_go_by_the_names_that_lookups_give_them() {
    let session =
        json!({ "type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/Admin/ann@example.com" });
    assert_eq!(username(&session).as_deref(), Some("ann@example.com"));
    assert_eq!(username(&json!({ "type": "Root", "arn": "arn:aws:iam::1:root" })).as_deref(), Some("root"));
    assert_eq!(username(&json!({ "type": "AWSService", "invokedBy": "ecs.amazonaws.com" })), None);
}

#[tokio::test]
async fn a_broken_file_is_named_and_the_others_count() {
    let keys = [key(OWN, "0210"), key(OWN, "0220"), key(OWN, "0230"), key(OWN, "0240")];
    let mut rules = listings(&[], &keys);
    let whole = gzipped(&json!({ "Records": [record("lost", "2026-11-21T02:05:00Z")] }).to_string());
    rules.push(file("0210", whole[..whole.len() / 2].to_vec()));
    rules.push(file("0220", gzipped(r#"{"Records": [{]}"#)));
    rules.push(file("0230", gzipped(r#"{"digest": 1}"#)));
    rules.push(log_file("0240", &json!([record("one", "2026-11-21T02:05:00Z")])));

    let read = read(&rules).await.unwrap();

    assert_eq!(ids(&read), ["one"]);
    assert_eq!(read.window, "saw 2026-11-21T02:00:00Z to 2026-11-22T03:00:00Z");
    let why = read.partial.unwrap();
    assert_eq!(
        why,
        format!(
            "malformed answer: s3:GetObject (s3://logs/{}: missing field `Records` at line 1 column 13) and 2 more",
            key(OWN, "0230")
        )
    );
}

#[tokio::test]
async fn a_denied_file_ends_it_and_the_row_says_from_when_on_was_seen() {
    let keys = [key(OWN, "0210"), key(OWN, "0220"), key(OWN, "0230")];
    let mut rules = listings(&[], &keys);
    rules.push(log_file("0210", &json!([])));
    rules.push(failing("0220", "AccessDenied"));
    rules.push(log_file("0230", &json!([record("one", "2026-11-21T02:25:00Z")])));

    let partly = read(&rules).await.unwrap();

    assert_eq!(ids(&partly), ["one"]);
    assert_eq!(partly.window, "saw 2026-11-21T02:21:00Z to 2026-11-22T03:00:00Z");
    let place = format!("s3://logs/{}", key(OWN, "0220"));
    assert_eq!(partly.partial.unwrap(), format!("denied: s3:GetObject ({place}: No.)"));

    rules.pop();
    rules.push(failing("0230", "AccessDenied"));
    assert!(read(&rules).await.unwrap_err().is_denied());
}

#[tokio::test]
async fn a_region_that_the_trail_does_not_cover_is_not_seen() {
    let elsewhere = [key("team/AWSLogs/111122223333/CloudTrail/us-east-1/", "0210")];
    let error = read(&listings(&["o-1"], &elsewhere)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "nothing lies under s3://logs/team/AWSLogs/o-1/111122223333/CloudTrail/eu-west-1/ or s3://logs/{OWN}: \
             the trail does not cover eu-west-1, or is not this account's"
        )
    );

    let silent = read(&listings(&[], &[key(OWN, "0110")])).await.unwrap();
    assert_eq!(silent.partial, None);
    assert!(silent.window.ends_with("; the trail delivered nothing in that time"), "{}", silent.window);
}

#[tokio::test]
async fn a_bucket_that_cannot_be_listed_is_named() {
    let refused = |code: &'static str| {
        mock!(Client::list_objects_v2)
            .then_error(move || ListObjectsV2Error::generic(mock::service_error(code, "No.")))
    };
    for (code, says) in [
        ("NoSuchBucket", "failed: s3:ListBucket (NoSuchBucket: s3://logs/team/: No.)"),
        ("AccessDenied", "denied: s3:ListBucket (s3://logs/team/: No.)"),
        (
            "PermanentRedirect",
            "failed: s3:ListBucket (PermanentRedirect: s3://logs/team/: No. The bucket is in another region, and S3 \
             does not say in which)",
        ),
    ] {
        assert_eq!(read(&[refused(code)]).await.unwrap_err().to_string(), says);
    }
}

#[tokio::test]
async fn a_bucket_in_another_region_is_read_there() {
    let redirect = mock!(Client::list_objects_v2).then_http_response(|| {
        let body = "<Error><Code>PermanentRedirect</Code><Message>Use the other endpoint.</Message></Error>";
        let mut answer = HttpResponse::new(StatusCode::try_from(301).unwrap(), SdkBody::from(body));
        answer.headers_mut().insert("x-amz-bucket-region", "eu-central-1");
        answer
    });
    let context = context(&[redirect]);
    let trail = context.trail.unwrap();
    let listed = trail.s3.list_objects_v2().bucket("logs").send().await;

    let moved = trail.moved(&listed.unwrap_err()).unwrap();

    assert_eq!(moved.s3.config().region().map(AsRef::as_ref), Some("eu-central-1"));
    let listed = moved.s3.list_objects_v2().bucket("logs").send().await;
    assert!(moved.moved(&listed.unwrap_err()).is_none());
}

#[test]
fn the_iam_statements_reach_no_further_than_the_trail() {
    let [list, read] = statements("aws-cn", "logs", "team/");
    assert_eq!(list["Resource"], "arn:aws-cn:s3:::logs");
    assert_eq!(list["Condition"]["StringLike"]["s3:prefix"], json!(["team/AWSLogs/*"]));
    assert_eq!(read["Resource"], "arn:aws-cn:s3:::logs/team/AWSLogs/*");
    assert_eq!(statements("aws", "logs", "")[1]["Resource"], "arn:aws:s3:::logs/AWSLogs/*");
}
