use aws_sdk_sns::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sns::operation::publish::{PublishError, PublishInput, PublishOutput};
use aws_sdk_sns::types::error::AuthorizationErrorException;
use aws_sdk_sns::types::{BatchResultErrorEntry, PublishBatchResultEntry};
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock};
use chrono::DateTime;

use super::*;
use crate::inventory::Meta;
use crate::policy::outcome::Severity;
use crate::report::{RunInfo, Usage};

const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:aftermove";

fn client(rules: &[&Rule]) -> Client {
    let answers =
        rules.iter().fold(MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny), |answers, rule| {
            answers.with_rule(rule)
        });
    let config = aws_sdk_sns::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .http_client(create_mock_http_client())
        .interceptor(answers)
        .build();
    Client::from_conf(config)
}

fn finding(id: &str, status: Status) -> Finding {
    Finding {
        id: id.into(),
        policy: "p".into(),
        severity: Severity::High,
        status,
        resource_type: "AWS::X::Y".into(),
        resource: Meta {
            id: id.into(),
            account: "123456789012".into(),
            region: "eu-west-1".into(),
            ..Meta::default()
        },
        title: "title".into(),
        message: "message".into(),
        why: String::new(),
        fix: String::new(),
        fix_cli: None,
        fix_terraform: None,
        evidence: serde_json::Map::new(),
        monthly_cost_usd: None,
        because_of: Vec::new(),
        explains: Vec::new(),
        first_seen: DateTime::UNIX_EPOCH,
        last_seen: DateTime::UNIX_EPOCH,
    }
}

fn report(findings: Vec<Finding>) -> Report {
    Report {
        run: RunInfo {
            id: "run".into(),
            trigger: "manual",
            started_at: DateTime::UNIX_EPOCH,
            finished_at: DateTime::UNIX_EPOCH,
            complete: true,
        },
        names: BTreeMap::new(),
        accounts: vec!["123456789012".into()],
        regions: vec!["eu-west-1".into()],
        findings,
        incident: None,
        review: None,
        costs: None,
        digest: None,
        page: None,
        policies: vec![],
        coverage: vec![],
        notes: vec![],
        usage: Usage::default(),
    }
}

fn took(ids: &[&str]) -> PublishBatchOutput {
    ids.iter()
        .fold(PublishBatchOutput::builder(), |answer, id| {
            answer.successful(PublishBatchResultEntry::builder().id(*id).build())
        })
        .set_failed(Some(vec![]))
        .build()
}

fn refused(ids: &[&str], code: &str, sender_fault: bool) -> PublishBatchOutput {
    let failed = |id: &&str| {
        BatchResultErrorEntry::builder()
            .id(*id)
            .code(code)
            .message("not now")
            .sender_fault(sender_fault)
            .build()
            .unwrap()
    };
    PublishBatchOutput::builder()
        .set_successful(Some(vec![]))
        .set_failed(Some(ids.iter().map(failed).collect()))
        .build()
}

fn summary_where(matches: fn(&PublishInput) -> bool) -> Rule {
    mock!(Client::publish)
        .match_requests(move |request| request.topic_arn() == Some(TOPIC) && matches(request))
        .then_output(|| PublishOutput::builder().build())
}

fn any_summary() -> Rule {
    summary_where(|_| true)
}

#[tokio::test]
async fn news_goes_out_once_each_and_the_summary_every_run() {
    let batch = mock!(Client::publish_batch)
        .match_requests(|request| {
            let entry = &request.publish_batch_request_entries()[0];
            let attributes = entry.message_attributes().unwrap();
            request.publish_batch_request_entries().len() == 3
                && entry.message().starts_with("{\"id\":\"a\"")
                && entry.message_structure().is_none()
                && attributes["kind"].string_value() == Some("finding")
                && attributes["status"].string_value() == Some("new")
        })
        .then_output(|| took(&["0", "1", "2"]));
    let summary = summary_where(|request| {
        request.message_attributes().unwrap()["kind"].string_value() == Some("summary")
            && request.message_structure().is_none()
            && request.subject() == Some("aftermove: 1 new, 1 reopened, 2 open in 123456789012")
    });
    let report = report(vec![
        finding("a", Status::New),
        finding("b", Status::Reopened),
        finding("c", Status::Open),
        finding("d", Status::Open),
    ]);
    let retry = [finding("a", Status::New), finding("d", Status::New)];
    let delivery = publish(&client(&[&batch, &summary]), TOPIC, &report, &retry).await;
    assert_eq!(delivery, Delivery { sent: 4, ..Delivery::default() });
    assert_eq!(summary.num_calls(), 1);
}

#[tokio::test]
async fn a_run_without_news_sends_the_summary_alone() {
    let summary = any_summary();
    let report = report(vec![finding("c", Status::Open)]);
    let delivery = publish(&client(&[&summary]), TOPIC, &report, &[]).await;
    assert_eq!(delivery.sent, 1);
}

#[tokio::test]
async fn an_entry_that_sns_could_not_take_is_offered_again_alone() {
    let first = mock!(Client::publish_batch)
        .match_requests(|r| r.publish_batch_request_entries().len() == 2)
        .then_output(|| {
            let mut answer = refused(&["1"], "InternalError", false);
            answer.successful = took(&["0"]).successful;
            answer
        });
    let second = mock!(Client::publish_batch)
        .match_requests(|r| {
            let entries = r.publish_batch_request_entries();
            entries.len() == 1 && entries[0].message().starts_with("{\"id\":\"b\"")
        })
        .then_output(|| took(&["0"]));
    let report = report(vec![finding("a", Status::New), finding("b", Status::New)]);
    let summary = any_summary();
    let delivery = publish(&client(&[&first, &second, &summary]), TOPIC, &report, &[]).await;
    assert_eq!(delivery.sent, 3);
    assert!(delivery.undelivered.is_empty());
}

#[tokio::test]
async fn what_is_refused_for_good_is_kept_with_its_reason_and_said_in_the_summary() {
    let batch = mock!(Client::publish_batch)
        .match_requests(|r| r.publish_batch_request_entries().len() == 2)
        .then_output(|| {
            let mut answer = refused(&["1"], "InvalidParameter", true);
            answer.successful = took(&["0"]).successful;
            answer
        });
    let summary = summary_where(|r| {
        r.message().is_some_and(|text| text.contains("1 finding message could not be published"))
    });
    let report = report(vec![finding("a", Status::New), finding("b", Status::Reopened)]);
    let delivery = publish(&client(&[&batch, &summary]), TOPIC, &report, &[]).await;
    assert_eq!(delivery.sent, 2);
    assert_eq!(batch.num_calls(), 1);
    assert_eq!(delivery.for_state(), BTreeMap::from([("b".into(), Status::Reopened)]));
    insta::assert_snapshot!(delivery.notes().join("\n"), @"1 finding message could not be published, the next run tries again: InvalidParameter: not now");
}

#[tokio::test]
async fn an_entry_that_never_gets_through_is_given_up_after_a_few_tries() {
    let batch = mock!(Client::publish_batch).then_output(|| refused(&["0"], "InternalError", false));
    let silent = any_summary();
    let report = report(vec![finding("a", Status::New)]);
    let delivery = publish(&client(&[&batch, &silent]), TOPIC, &report, &[]).await;
    assert_eq!(batch.num_calls(), 4);
    assert_eq!(delivery.undelivered[0].reason, "InternalError: not now");
}

#[tokio::test]
async fn a_denied_topic_is_asked_once_and_everything_is_kept() {
    let denied = || {
        AuthorizationErrorException::builder()
            .message("not authorized to perform: SNS:Publish")
            .meta(
                aws_sdk_sns::error::ErrorMetadata::builder()
                    .code("AuthorizationError")
                    .message("not authorized to perform: SNS:Publish")
                    .build(),
            )
            .build()
    };
    let batch = mock!(Client::publish_batch)
        .then_error(move || PublishBatchError::AuthorizationErrorException(denied()));
    let summary =
        mock!(Client::publish).then_error(move || PublishError::AuthorizationErrorException(denied()));
    let findings = (0..25).map(|n| finding(&format!("f{n}"), Status::New)).collect();
    let delivery = publish(&client(&[&batch, &summary]), TOPIC, &report(findings), &[]).await;
    assert_eq!((delivery.sent, delivery.undelivered.len()), (0, 25));
    assert_eq!(batch.num_calls(), 1);
    insta::assert_snapshot!(delivery.notes().join("\n"), @r#"
    The summary could not be published: AuthorizationError: not authorized to perform: SNS:Publish (it needs sns:Publish)
    25 finding messages could not be published, the next run tries again: AuthorizationError: not authorized to perform: SNS:Publish (it needs sns:Publish)
    "#);
}

#[test]
fn batches_hold_ten_messages_and_256_kib_in_total() {
    let finding = &finding("a", Status::New);
    let pending = |size: usize| {
        let mut message = sns::finding(&report(vec![]), finding);
        message.body = "x".repeat(size);
        Pending { finding, message }
    };
    let sizes = |pending: Vec<Pending<'_>>| -> Vec<usize> { batches(pending).iter().map(Vec::len).collect() };
    assert_eq!(sizes((0..21).map(|_| pending(10)).collect()), [10, 10, 1]);
    assert_eq!(sizes((0..5).map(|_| pending(100_000)).collect()), [2, 2, 1]);
    assert_eq!(sizes((0..3).map(|_| pending(261_000)).collect()), [1, 1, 1]);
    assert!(sizes(vec![]).is_empty());
}
