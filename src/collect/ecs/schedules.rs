//! The task definitions that EventBridge Scheduler runs: one list, and one call for each schedule that runs a task.

use std::collections::BTreeMap;

use aws_sdk_scheduler::types::{ScheduleState, ScheduleSummary, TargetSummary};
use futures::StreamExt as _;
use futures::stream;

use super::CONCURRENCY;
use crate::collect::pages::list;
use crate::collect::{CollectError, Context};

pub(super) const LIST: &str = "scheduler:ListSchedules";
pub(super) const GET: &str = "scheduler:GetSchedule";

/// The most that ListSchedules gives at once.
const PAGE: i32 = 100;

/// Names of enabled schedules by the task definition that they run, and what could not be read.
#[derive(Debug, Default)]
pub(super) struct Scheduled {
    pub(super) by_task_definition: BTreeMap<String, Vec<String>>,
    pub(super) cut: Option<CollectError>,
}

pub(super) async fn all(context: &Context) -> Scheduled {
    let pages = context.clients.scheduler.list_schedules().max_results(PAGE).into_paginator().send();
    let listing = match list(LIST, pages, |page| (Some(page.schedules), page.next_token)).await {
        Ok(listing) => listing,
        Err(error) => return Scheduled { cut: Some(error), ..Scheduled::default() },
    };
    let mut scheduled = Scheduled { cut: listing.cut, ..Scheduled::default() };
    let mut calls = stream::iter(listing.items.into_iter().filter(runs_a_task))
        .map(|schedule| task_definition(context, schedule))
        .buffer_unordered(CONCURRENCY);
    while let Some(answer) = calls.next().await {
        match answer {
            Ok((name, Some(arn))) => scheduled.by_task_definition.entry(arn).or_default().push(name),
            Ok((_, None)) => {}
            Err(failure) => {
                let denied = failure.is_denied();
                scheduled.cut.get_or_insert(failure);
                if denied {
                    break;
                }
            }
        }
    }
    scheduled
}

/// The target of a task is its cluster.
fn runs_a_task(schedule: &ScheduleSummary) -> bool {
    let target = schedule.target().map(TargetSummary::arn).unwrap_or_default();
    schedule.state() == Some(&ScheduleState::Enabled)
        && target.contains(":ecs:")
        && target.contains(":cluster/")
}

async fn task_definition(
    context: &Context,
    schedule: ScheduleSummary,
) -> Result<(String, Option<String>), CollectError> {
    let name = schedule.name.unwrap_or_default();
    let answer = context
        .clients
        .scheduler
        .get_schedule()
        .name(&name)
        .set_group_name(schedule.group_name)
        .send()
        .await
        .map_err(|error| CollectError::of(GET, &error))?;
    let parameters = answer.target().and_then(|target| target.ecs_parameters());
    Ok((name, parameters.map(|parameters| parameters.task_definition_arn().to_owned())))
}
