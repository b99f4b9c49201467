//! Schedules of EventBridge Scheduler and their groups.

use aws_sdk_scheduler::types;

use super::pages::list;
use super::{CollectError, Collector, Context, Read, time};
use crate::inventory::scheduler::{Schedule, ScheduleGroup};
use crate::inventory::{Kind as _, Meta};

const LIST_GROUPS: &str = "scheduler:ListScheduleGroups";
const LIST_SCHEDULES: &str = "scheduler:ListSchedules";
const PAGE: i32 = 100;

pub(super) const GROUPS: Collector = Collector {
    resource_type: ScheduleGroup::TYPE,
    actions: &[LIST_GROUPS],
    collect: |context| Box::pin(read_groups(context)),
};

pub(super) const SCHEDULES: Collector = Collector {
    resource_type: Schedule::TYPE,
    actions: &[LIST_SCHEDULES],
    collect: |context| Box::pin(read_schedules(context)),
};

async fn read_groups(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.scheduler.list_schedule_groups().max_results(PAGE).into_paginator().send();
    let groups = list(LIST_GROUPS, pages, |page| (Some(page.schedule_groups), page.next_token)).await?;
    Read::mapped(groups, |sdk| group(context, sdk))
}

async fn read_schedules(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.scheduler.list_schedules().max_results(PAGE).into_paginator().send();
    let schedules = list(LIST_SCHEDULES, pages, |page| (Some(page.schedules), page.next_token)).await?;
    Read::mapped(schedules, |sdk| schedule(context, sdk))
}

fn group(context: &Context, sdk: &types::ScheduleGroupSummary) -> ScheduleGroup {
    let name = sdk.name().unwrap_or_default();
    let meta = context.meta(name, name, sdk.arn().unwrap_or_default());
    ScheduleGroup {
        meta: Meta { created_at: time(sdk.creation_date()), ..meta },
        state: sdk.state().map_or("ACTIVE", |state| state.as_str()).to_owned(),
        enabled_schedules: None,
        signals: None,
    }
}

fn schedule(context: &Context, sdk: &types::ScheduleSummary) -> Schedule {
    let name = sdk.name().unwrap_or_default();
    let meta = context.meta(name, name, sdk.arn().unwrap_or_default());
    Schedule {
        meta: Meta { created_at: time(sdk.creation_date()), ..meta },
        group_name: sdk.group_name().unwrap_or("default").to_owned(),
        state: sdk.state().map_or("ENABLED", |state| state.as_str()).to_owned(),
        target_arn: sdk.target().map_or("", types::TargetSummary::arn).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_scheduler::Client;
    use aws_sdk_scheduler::operation::list_schedule_groups::{
        ListScheduleGroupsError, ListScheduleGroupsOutput,
    };
    use aws_sdk_scheduler::operation::list_schedules::ListSchedulesOutput;
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;

    fn schedules(name: &str, next: Option<&str>) -> ListSchedulesOutput {
        let target = types::TargetSummary::builder().arn("arn:aws:lambda:::function:a").build().unwrap();
        let schedule = types::ScheduleSummary::builder()
            .name(name)
            .group_name("reports")
            .state(types::ScheduleState::Disabled)
            .target(target)
            .build();
        ListSchedulesOutput::builder()
            .schedules(schedule)
            .set_next_token(next.map(str::to_owned))
            .build()
            .unwrap()
    }

    fn groups(name: &str, next: Option<&str>) -> ListScheduleGroupsOutput {
        let group = types::ScheduleGroupSummary::builder().name(name).build();
        ListScheduleGroupsOutput::builder()
            .schedule_groups(group)
            .set_next_token(next.map(str::to_owned))
            .build()
            .unwrap()
    }

    #[tokio::test]
    async fn schedules_are_read_in_pages_of_a_hundred() {
        let mut context = mock::context();
        let first = mock!(Client::list_schedules)
            .match_requests(|request| request.next_token().is_none() && request.max_results() == Some(100))
            .then_output(|| schedules("a", Some("two")));
        let second = mock!(Client::list_schedules)
            .match_requests(|request| request.next_token() == Some("two"))
            .then_output(|| schedules("b", None));
        mock::answer!(context, scheduler, aws_sdk_scheduler, [first, second]);

        let read = mock::read(&context, Schedule::TYPE).await.unwrap();

        let ids: Vec<&str> = read.resources.iter().map(|r| r.meta().id.as_str()).collect();
        assert_eq!(ids, ["a", "b"]);
        let schedule = Schedule::of(&read.resources[0]).unwrap();
        assert_eq!((schedule.group_name.as_str(), schedule.state.as_str()), ("reports", "DISABLED"));
        assert_eq!(schedule.target_arn, "arn:aws:lambda:::function:a");
    }

    #[tokio::test]
    async fn groups_are_read_in_pages_of_a_hundred() {
        let mut context = mock::context();
        let first = mock!(Client::list_schedule_groups)
            .match_requests(|request| request.next_token().is_none() && request.max_results() == Some(100))
            .then_output(|| groups("default", Some("two")));
        let second = mock!(Client::list_schedule_groups)
            .match_requests(|request| request.next_token() == Some("two"))
            .then_output(|| groups("reports", None));
        mock::answer!(context, scheduler, aws_sdk_scheduler, [first, second]);

        let read = mock::read(&context, ScheduleGroup::TYPE).await.unwrap();

        let ids: Vec<&str> = read.resources.iter().map(|r| r.meta().id.as_str()).collect();
        assert_eq!(ids, ["default", "reports"]);
    }

    #[tokio::test]
    async fn a_denied_list_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::list_schedule_groups).then_error(|| {
            ListScheduleGroupsError::generic(mock::service_error("AccessDeniedException", "No."))
        });
        mock::answer!(context, scheduler, aws_sdk_scheduler, [denied]);

        assert!(mock::read(&context, ScheduleGroup::TYPE).await.unwrap_err().is_denied());
    }
}
