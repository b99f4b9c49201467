use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::operation::describe_trails::DescribeTrailsOutput;
use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsError;
use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusError;
use aws_sdk_cloudtrail::types::AdvancedFieldSelector;
use aws_smithy_mocks::{Rule, mock};

use super::*;
use crate::collect::mock;

fn sdk_trail(name: &str, home: &str, multi: bool, account: &str) -> types::Trail {
    types::Trail::builder()
        .name(name)
        .trail_arn(format!("arn:aws:cloudtrail:{home}:{account}:trail/{name}"))
        .home_region(home)
        .is_multi_region_trail(multi)
        .s3_bucket_name("logs")
        .build()
}

fn described(trails: Vec<types::Trail>) -> Rule {
    mock!(Client::describe_trails)
        .match_requests(|request| request.include_shadow_trails() == Some(true))
        .then_output(move || DescribeTrailsOutput::builder().set_trail_list(Some(trails.clone())).build())
}

fn status() -> Rule {
    mock!(Client::get_trail_status).then_output(|| {
        GetTrailStatusOutput::builder()
            .is_logging(false)
            .latest_delivery_error("NoSuchBucket")
            .stop_logging_time(aws_smithy_types::DateTime::from_secs(1_795_226_400))
            .build()
    })
}

fn selectors() -> Rule {
    mock!(Client::get_event_selectors).then_output(|| GetEventSelectorsOutput::builder().build())
}

async fn read(rules: [Rule; 3]) -> Result<(Vec<Trail>, Option<String>), CollectError> {
    let mut context = mock::context();
    let [describe, status, selectors] = rules;
    mock::answer!(context, trails, aws_sdk_cloudtrail, [describe, status, selectors]);
    let read = mock::read(&context, Trail::TYPE).await?;
    let trails = read.resources.iter().filter_map(Trail::of).cloned().collect();
    Ok((trails, read.partial))
}

#[tokio::test]
async fn the_trails_that_cover_the_region_are_read_with_their_status() {
    let listed = vec![
        sdk_trail("here", "eu-west-1", false, "111122223333"),
        sdk_trail("everywhere", "us-east-1", true, "111122223333"),
        sdk_trail("elsewhere", "us-east-1", false, "111122223333"),
    ];
    let (trails, partial) = read([described(listed), status(), selectors()]).await.unwrap();

    assert_eq!(partial, None);
    let [here, everywhere] = &trails[..] else { panic!("{trails:?}") };
    assert_eq!((here.meta.name.as_str(), here.meta.region.as_str()), ("here", "eu-west-1"));
    assert_eq!((everywhere.meta.name.as_str(), everywhere.meta.region.as_str()), ("everywhere", "us-east-1"));
    assert_eq!(here.is_logging, Some(false));
    assert_eq!(here.latest_delivery_error.as_deref(), Some("NoSuchBucket"));
    assert_eq!(here.stop_logging_time, Some(mock::at("2026-11-21T02:00:00Z")));
    assert_eq!(here.logs_management_writes, Some(true));
}

#[tokio::test]
async fn what_is_denied_stays_null() {
    let listed = || described(vec![sdk_trail("here", "eu-west-1", false, "111122223333")]);
    let denied = mock!(Client::get_trail_status)
        .then_error(|| GetTrailStatusError::generic(mock::service_error("AccessDeniedException", "No.")));
    let (trails, partial) = read([listed(), denied, selectors()]).await.unwrap();
    assert_eq!((trails[0].is_logging, trails[0].logs_management_writes), (None, Some(true)));
    assert_eq!(partial.unwrap(), "denied: cloudtrail:GetTrailStatus (No.)");

    let denied = mock!(Client::get_event_selectors)
        .then_error(|| GetEventSelectorsError::generic(mock::service_error("AccessDeniedException", "No.")));
    let (trails, partial) = read([listed(), status(), denied]).await.unwrap();
    assert_eq!((trails[0].is_logging, trails[0].logs_management_writes), (Some(false), None));
    assert_eq!(partial.unwrap(), "denied: cloudtrail:GetEventSelectors (No.)");
}

#[tokio::test]
async fn the_selectors_of_another_account_s_trail_are_not_asked_for() {
    let listed = described(vec![sdk_trail("org", "eu-west-1", true, "999999999999")]);
    let denied = mock!(Client::get_event_selectors)
        .then_error(|| GetEventSelectorsError::generic(mock::service_error("AccessDeniedException", "No.")));
    let (trails, partial) = read([listed, status(), denied]).await.unwrap();
    assert_eq!((trails[0].is_logging, trails[0].logs_management_writes), (Some(false), None));
    assert_eq!(partial, None);
}

#[test]
fn selectors_log_writes_unless_they_say_otherwise() {
    let basic = |kind: ReadWriteType, management: bool| {
        let selector =
            EventSelector::builder().read_write_type(kind).include_management_events(management).build();
        logs_management_writes(&GetEventSelectorsOutput::builder().event_selectors(selector).build())
    };
    assert!(basic(ReadWriteType::All, true));
    assert!(basic(ReadWriteType::WriteOnly, true));
    assert!(!basic(ReadWriteType::ReadOnly, true));
    assert!(!basic(ReadWriteType::All, false));
    let advanced = |category: &str, read_only: Option<&str>| {
        let field = |name: &str, value: &str| {
            AdvancedFieldSelector::builder().field(name).equals(value).build().unwrap()
        };
        let selector = AdvancedEventSelector::builder()
            .set_field_selectors(Some(
                [Some(field("eventCategory", category)), read_only.map(|value| field("readOnly", value))]
                    .into_iter()
                    .flatten()
                    .collect(),
            ))
            .build()
            .unwrap();
        logs_management_writes(&GetEventSelectorsOutput::builder().advanced_event_selectors(selector).build())
    };
    assert!(advanced("Management", None));
    assert!(advanced("Management", Some("false")));
    assert!(!advanced("Management", Some("true")));
    assert!(!advanced("Data", None));
}
