//! CloudWatch log groups. The short ListLogGroups is no use: it gives neither retention nor size.

use aws_sdk_cloudwatchlogs::types;
use chrono::DateTime;

use super::pages::list;
use super::{CollectError, Collector, Context, Read};
use crate::inventory::logs::LogGroup;
use crate::inventory::{Kind as _, Meta};

const DESCRIBE: &str = "logs:DescribeLogGroups";
const PAGE: i32 = 50;

pub(super) const LOG_GROUPS: Collector = Collector {
    resource_type: LogGroup::TYPE,
    actions: &[DESCRIBE],
    collect: |context| Box::pin(read(context)),
};

async fn read(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.logs.describe_log_groups().limit(PAGE).into_paginator().send();
    let groups = list(DESCRIBE, pages, |page| (page.log_groups, page.next_token)).await?;
    Read::mapped(groups, |sdk| log_group(context, sdk))
}

fn log_group(context: &Context, sdk: &types::LogGroup) -> LogGroup {
    let name = sdk.log_group_name().unwrap_or_default();
    // `arn` ends with `:*` for use in IAM policies
    let arn = sdk.log_group_arn().or(sdk.arn().map(|arn| arn.trim_end_matches(":*")));
    let meta = context.meta(name, name, arn.unwrap_or_default());
    LogGroup {
        meta: Meta { created_at: sdk.creation_time().and_then(DateTime::from_timestamp_millis), ..meta },
        retention_in_days: sdk.retention_in_days().map(i64::from),
        stored_bytes: sdk.stored_bytes().unwrap_or(0),
        log_group_class: sdk.log_group_class().map_or("STANDARD", |class| class.as_str()).to_owned(),
        metric_filter_count: i64::from(sdk.metric_filter_count().unwrap_or(0)),
        kms_key_id: sdk.kms_key_id().map(str::to_owned),
        source: None,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatchlogs::Client;
    use aws_sdk_cloudwatchlogs::operation::describe_log_groups::{
        DescribeLogGroupsError, DescribeLogGroupsOutput,
    };
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;

    fn page(name: &str, next: Option<&str>) -> DescribeLogGroupsOutput {
        DescribeLogGroupsOutput::builder()
            .log_groups(types::LogGroup::builder().log_group_name(name).build())
            .set_next_token(next.map(str::to_owned))
            .build()
    }

    #[tokio::test]
    async fn log_groups_are_read_in_pages_of_fifty() {
        let mut context = mock::context();
        let first = mock!(Client::describe_log_groups)
            .match_requests(|request| request.next_token().is_none() && request.limit() == Some(50))
            .then_output(|| page("/ecs/web", Some("two")));
        let second = mock!(Client::describe_log_groups)
            .match_requests(|request| request.next_token() == Some("two"))
            .then_output(|| page("/ecs/worker", None));
        mock::answer!(context, logs, aws_sdk_cloudwatchlogs, [first, second]);

        let read = mock::read(&context, LogGroup::TYPE).await.unwrap();

        let ids: Vec<&str> = read.resources.iter().map(|r| r.meta().id.as_str()).collect();
        assert_eq!(ids, ["/ecs/web", "/ecs/worker"]);
    }

    #[tokio::test]
    async fn a_denied_list_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_log_groups).then_error(|| {
            DescribeLogGroupsError::generic(mock::service_error("AccessDeniedException", "No."))
        });
        mock::answer!(context, logs, aws_sdk_cloudwatchlogs, [denied]);

        assert!(mock::read(&context, LogGroup::TYPE).await.unwrap_err().is_denied());
    }

    #[test]
    fn a_group_without_class_or_retention_is_standard_and_never_expires() {
        let sdk = types::LogGroup::builder()
            .log_group_name("/ecs/web")
            .arn("arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/web:*")
            .creation_time(1_790_000_000_500)
            .stored_bytes(12_000_000_000)
            .build();

        let group = log_group(&mock::context(), &sdk);

        assert_eq!(group.meta.arn, "arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/web");
        assert_eq!(group.meta.created_at, Some(mock::at("2026-09-21T14:13:20.5Z")));
        assert_eq!(group.retention_in_days, None);
        assert_eq!(group.log_group_class, "STANDARD");
        assert_eq!(group.stored_bytes, 12_000_000_000);
    }
}
