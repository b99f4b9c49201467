use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::put_object::PutObjectOutput;
use aws_sdk_s3::types::error::NoSuchKey;
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;

use super::*;
use crate::findings::Status;

fn client(rules: &[&Rule]) -> Client {
    let answers =
        rules.iter().fold(MockResponseInterceptor::new().rule_mode(RuleMode::Sequential), |answers, rule| {
            answers.with_rule(rule)
        });
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .http_client(create_mock_http_client())
        .interceptor(answers)
        .build();
    Client::from_conf(config)
}

fn s3() -> Location {
    "s3://audit/state.json".parse().unwrap()
}

fn state() -> State {
    let mut state = State::default();
    state.undelivered.insert("0011223344556677".into(), Status::New);
    state
}

fn stored(state: &State, etag: &'static str) -> Rule {
    let json = state.to_json().unwrap();
    mock!(Client::get_object).then_output(move || {
        GetObjectOutput::builder().e_tag(etag).body(ByteStream::from(json.clone())).build()
    })
}

fn refused(status: u16, code: &'static str) -> Rule {
    mock!(Client::put_object).then_http_response(move || answer(status, code))
}

fn answer(status: u16, code: &str) -> HttpResponse {
    let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
    HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))
}

#[test]
fn a_location_is_none_or_s3_or_a_path() {
    let parse = |text: &str| text.parse::<Location>();
    assert_eq!(parse("none"), Ok(Location::None));
    assert_eq!(
        parse("s3://b/a/state.json"),
        Ok(Location::S3 { bucket: "b".into(), key: "a/state.json".into() })
    );
    assert_eq!(parse("./none"), Ok(Location::File("./none".into())));
    for wrong in ["", "s3://", "s3://b", "s3://b/", "s3:///k", "s3://b/prefix/"] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
    for text in ["none", "s3://b/k", "/var/state.json"] {
        assert_eq!(parse(text).unwrap().to_string(), text);
    }
}

#[tokio::test]
async fn a_file_gives_back_what_was_saved_and_is_empty_before() {
    let dir = tempfile::tempdir().unwrap();
    let location = Location::File(dir.path().join("state.json"));
    assert_eq!(location.load(None).await.unwrap().state, State::default());
    location.save(&state(), None, None).await.unwrap();
    assert_eq!(location.load(None).await.unwrap().state, state());
}

#[tokio::test]
async fn a_broken_state_file_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    std::fs::write(&path, "{").unwrap();
    let error = Location::File(path.clone()).load(None).await.unwrap_err().to_string();
    assert!(error.starts_with(&path.display().to_string()), "{error}");
    assert!(error.contains("move it aside"), "{error}");
}

#[tokio::test]
async fn no_location_remembers_nothing() {
    Location::None.save(&state(), None, None).await.unwrap();
    assert_eq!(Location::None.load(None).await.unwrap().state, State::default());
}

#[tokio::test]
async fn a_first_run_finds_no_object_and_writes_only_if_there_is_still_none() {
    let missing =
        mock!(Client::get_object).then_error(|| GetObjectError::NoSuchKey(NoSuchKey::builder().build()));
    let put = mock!(Client::put_object)
        .match_requests(|r| r.if_none_match() == Some("*") && r.if_match().is_none())
        .then_output(|| PutObjectOutput::builder().build());
    let client = client(&[&missing, &put]);
    let loaded = s3().load(Some(&client)).await.unwrap();
    assert_eq!(loaded.state, State::default());
    s3().save(&state(), loaded.etag.as_deref(), Some(&client)).await.unwrap();
    assert_eq!(put.num_calls(), 1);
}

#[tokio::test]
async fn a_later_run_replaces_only_what_it_read() {
    let get = stored(&state(), "\"v1\"");
    let put = mock!(Client::put_object)
        .match_requests(|r| r.if_match() == Some("\"v1\"") && r.if_none_match().is_none())
        .then_output(|| PutObjectOutput::builder().build());
    let client = client(&[&get, &put]);
    let loaded = s3().load(Some(&client)).await.unwrap();
    assert_eq!(loaded.state, state());
    s3().save(&state(), loaded.etag.as_deref(), Some(&client)).await.unwrap();
    assert_eq!(put.num_calls(), 1);
}

#[tokio::test]
async fn a_state_that_another_run_wrote_meanwhile_is_not_overwritten() {
    for (status, code) in [(409, "ConditionalRequestConflict"), (404, "NoSuchKey")] {
        let put = refused(status, code);
        let error = s3().save(&state(), Some("\"v1\""), Some(&client(&[&put]))).await;
        assert!(matches!(error, Err(StoreError::Changed(_))), "{error:?}");
    }
    let put = refused(412, "PreconditionFailed");
    let other = stored(&State::default(), "\"v2\"");
    let error = s3().save(&state(), Some("\"v1\""), Some(&client(&[&put, &other]))).await.unwrap_err();
    insta::assert_snapshot!(error, @"another run has written s3://audit/state.json since this one read it, so this run's state was not saved; the next run compares with the other run's");
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_recognised_as_our_own() {
    let put = refused(412, "PreconditionFailed");
    let ours = stored(&state(), "\"v2\"");
    s3().save(&state(), Some("\"v1\""), Some(&client(&[&put, &ours]))).await.unwrap();
}

#[tokio::test]
async fn a_denial_says_which_permissions_are_needed() {
    let get = mock!(Client::get_object).then_http_response(|| answer(403, "AccessDenied"));
    let error = s3().load(Some(&client(&[&get]))).await.unwrap_err();
    insta::assert_snapshot!(error, @"cannot read the state from s3://audit/state.json: AccessDenied: no (it needs s3:GetObject, and s3:ListBucket: without that, S3 also denies an object that does not exist yet)");
    let put = refused(403, "AccessDenied");
    let error = s3().save(&state(), None, Some(&client(&[&put]))).await.unwrap_err();
    insta::assert_snapshot!(error, @"cannot write the state to s3://audit/state.json: AccessDenied: no (it needs s3:PutObject)");
}

#[tokio::test]
async fn what_is_kept_beside_the_state_lies_in_its_folder() {
    let beside = |place: &str| place.parse::<Location>().unwrap().beside("costs/1.json").to_string();
    assert_eq!(beside("s3://b/a/state.json"), "s3://b/a/costs/1.json");
    assert_eq!(beside("s3://b/state.json"), "s3://b/costs/1.json");
    assert_eq!((beside("state.json"), beside("none")), ("costs/1.json".to_owned(), "none".to_owned()));

    let dir = tempfile::tempdir().unwrap();
    let costs = Location::File(dir.path().join("state.json")).beside("costs/1.json");
    for text in ["first", "second"] {
        costs.overwrite(text.into(), None).await.unwrap();
        assert_eq!(costs.read(None).await.unwrap(), Some((text.into(), None)));
    }

    let put = mock!(Client::put_object)
        .match_requests(|r| {
            r.key() == Some("costs/1.json") && r.if_match().is_none() && r.if_none_match().is_none()
        })
        .then_output(|| PutObjectOutput::builder().build());
    let client = client(&[&put]);
    s3().beside("costs/1.json").overwrite("{}".into(), Some(&client)).await.unwrap();
    assert_eq!(put.num_calls(), 1);
}
