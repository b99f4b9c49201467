//! What AWS Backup protects, and the databases that it restored.

use std::collections::BTreeMap;

use aws_sdk_backup::types::{self, RestoreJobStatus};
use futures::StreamExt as _;
use futures::stream;

use super::pages::list;
use super::{CollectError, Collector, Context, Read, time};
use crate::inventory::backup::{ProtectedResource, RestoreJob, RestoreTestingPlan};
use crate::inventory::{Kind as _, Meta};

const LIST_PROTECTED: &str = "backup:ListProtectedResources";
const LIST_JOBS: &str = "backup:ListRestoreJobs";
const LIST_PLANS: &str = "backup:ListRestoreTestingPlans";
const LIST_SELECTIONS: &str = "backup:ListRestoreTestingSelections";

/// The most that each of these lists gives at once.
const PAGE: i32 = 1000;
/// The databases among the types that AWS Backup knows.
const DATABASES: [&str; 2] = ["RDS", "Aurora"];
/// Plans whose selections are listed at once; each is a call.
const CONCURRENCY: usize = 4;

pub(super) const PROTECTED_RESOURCES: Collector = Collector {
    resource_type: ProtectedResource::TYPE,
    actions: &[LIST_PROTECTED],
    collect: |context| Box::pin(read_protected(context)),
};

pub(super) const RESTORE_JOBS: Collector = Collector {
    resource_type: RestoreJob::TYPE,
    actions: &[LIST_JOBS],
    collect: |context| Box::pin(read_jobs(context)),
};

pub(super) const RESTORE_TESTING_PLANS: Collector = Collector {
    resource_type: RestoreTestingPlan::TYPE,
    actions: &[LIST_PLANS, LIST_SELECTIONS],
    collect: |context| Box::pin(read_plans(context)),
};

async fn read_protected(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.backup.list_protected_resources().max_results(PAGE).into_paginator().send();
    let resources = list(LIST_PROTECTED, pages, |page| (page.results, page.next_token)).await?;
    Read::mapped(resources, |sdk| protected(context, sdk))
}

/// Completed ones alone: what failed or still runs shows nothing.
async fn read_jobs(context: &Context) -> Result<Read, CollectError> {
    let mut jobs = Vec::new();
    let mut cut = None;
    for kind in DATABASES {
        let request = context.clients.backup.list_restore_jobs().by_resource_type(kind);
        let pages = request.by_status(RestoreJobStatus::Completed).max_results(PAGE).into_paginator().send();
        let found = list(LIST_JOBS, pages, |page| (page.restore_jobs, page.next_token)).await?;
        jobs.extend(found.items.iter().map(|sdk| job(context, sdk)));
        cut = cut.or(found.cut);
    }
    Read::of(jobs, cut)
}

async fn read_plans(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.backup.list_restore_testing_plans().max_results(PAGE).into_paginator().send();
    let split =
        |page: aws_sdk_backup::operation::list_restore_testing_plans::ListRestoreTestingPlansOutput| {
            (Some(page.restore_testing_plans), page.next_token)
        };
    let plans = list(LIST_PLANS, pages, split).await?;
    let mut types: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let names: Vec<String> =
        plans.items.iter().map(|plan| plan.restore_testing_plan_name().to_owned()).collect();
    let mut calls = stream::iter(names)
        .map(|name| async move {
            let types = selected_types(context, &name).await;
            (name, types)
        })
        .buffer_unordered(CONCURRENCY);
    let mut cut = plans.cut;
    while let Some((name, selected)) = calls.next().await {
        match selected {
            Ok(selected) => {
                types.insert(name, selected);
            }
            Err(error) => {
                let denied = error.is_denied();
                cut = cut.or(Some(error));
                if denied {
                    break;
                }
            }
        }
    }
    let read = plans.items.iter().map(|sdk| plan(context, sdk, &types));
    Read::of(read, cut)
}

async fn selected_types(context: &Context, plan: &str) -> Result<Vec<String>, CollectError> {
    let request = context.clients.backup.list_restore_testing_selections();
    let pages = request.restore_testing_plan_name(plan).max_results(PAGE).into_paginator().send();
    let split =
        |page: aws_sdk_backup::operation::list_restore_testing_selections::ListRestoreTestingSelectionsOutput| {
            (Some(page.restore_testing_selections), page.next_token)
        };
    let selections = list(LIST_SELECTIONS, pages, split).await?.whole()?;
    Ok(selections.into_iter().map(|selection| selection.protected_resource_type).collect())
}

fn protected(context: &Context, sdk: &types::ProtectedResource) -> ProtectedResource {
    let arn = sdk.resource_arn().unwrap_or_default();
    let id = sdk.resource_name().unwrap_or_else(|| arn.rsplit([':', '/']).next().unwrap_or_default());
    ProtectedResource {
        meta: context.meta(id, id, arn),
        last_backup_time: time(sdk.last_backup_time()),
        last_backup_vault_arn: sdk.last_backup_vault_arn().map(str::to_owned),
    }
}

fn job(context: &Context, sdk: &types::RestoreJobsListMember) -> RestoreJob {
    let id = sdk.restore_job_id().unwrap_or_default();
    RestoreJob {
        meta: Meta { created_at: time(sdk.creation_date()), ..context.meta(id, id, "") },
        source_resource_arn: sdk.source_resource_arn().map(str::to_owned),
        status: sdk.status().map_or_else(String::new, |status| status.as_str().to_owned()),
        completion_date: time(sdk.completion_date()),
        restore_testing_plan_arn: sdk
            .created_by()
            .and_then(|creator| creator.restore_testing_plan_arn().map(str::to_owned)),
        validation_status: sdk.validation_status().map(|status| status.as_str().to_owned()),
    }
}

fn plan(
    context: &Context,
    sdk: &types::RestoreTestingPlanForList,
    selected: &BTreeMap<String, Vec<String>>,
) -> RestoreTestingPlan {
    let name = sdk.restore_testing_plan_name();
    RestoreTestingPlan {
        meta: Meta {
            created_at: time(Some(sdk.creation_time())),
            ..context.meta(name, name, sdk.restore_testing_plan_arn())
        },
        schedule_expression: sdk.schedule_expression().to_owned(),
        last_execution_time: time(sdk.last_execution_time()),
        protected_resource_types: selected.get(name).cloned().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_backup::Client;
    use aws_sdk_backup::operation::list_protected_resources::{
        ListProtectedResourcesError, ListProtectedResourcesOutput,
    };
    use aws_sdk_backup::operation::list_restore_jobs::ListRestoreJobsOutput;
    use aws_sdk_backup::operation::list_restore_testing_plans::ListRestoreTestingPlansOutput;
    use aws_sdk_backup::operation::list_restore_testing_selections::{
        ListRestoreTestingSelectionsError, ListRestoreTestingSelectionsOutput,
    };
    use aws_smithy_mocks::mock;
    use aws_smithy_types::DateTime;

    use super::*;
    use crate::collect::mock;

    fn protected_page(name: &str, next: Option<&str>) -> ListProtectedResourcesOutput {
        let resource = types::ProtectedResource::builder()
            .resource_arn(format!("arn:aws:rds:eu-west-1:111122223333:db:{name}"))
            .resource_type("RDS")
            .last_backup_time(DateTime::from_secs(1_795_000_000))
            .build();
        ListProtectedResourcesOutput::builder()
            .results(resource)
            .set_next_token(next.map(str::to_owned))
            .build()
    }

    #[tokio::test]
    async fn protected_resources_are_read_page_by_page_under_their_own_arns() {
        let mut context = mock::context();
        let first = mock!(Client::list_protected_resources)
            .match_requests(|request| request.next_token().is_none() && request.max_results() == Some(1000))
            .then_output(|| protected_page("orders", Some("two")));
        let second = mock!(Client::list_protected_resources)
            .match_requests(|request| request.next_token() == Some("two"))
            .then_output(|| protected_page("web", None));
        mock::answer!(context, backup, aws_sdk_backup, [first, second]);

        let read = mock::read(&context, ProtectedResource::TYPE).await.unwrap();

        let orders = ProtectedResource::of(&read.resources[0]).unwrap();
        assert_eq!(orders.meta.arn, "arn:aws:rds:eu-west-1:111122223333:db:orders");
        assert_eq!(orders.meta.id, "orders");
        assert!(orders.last_backup_time.is_some());
        assert_eq!(read.resources.len(), 2);
    }

    #[tokio::test]
    async fn completed_restores_of_databases_are_read_by_type() {
        let mut context = mock::context();
        let of = |kind: &'static str, id: &'static str| {
            mock!(Client::list_restore_jobs)
                .match_requests(move |request| {
                    request.by_resource_type() == Some(kind)
                        && request.by_status() == Some(&RestoreJobStatus::Completed)
                        && request.max_results() == Some(1000)
                })
                .then_output(move || {
                    let creator =
                        types::RestoreJobCreator::builder().restore_testing_plan_arn("arn:plan").build();
                    let job = types::RestoreJobsListMember::builder()
                        .restore_job_id(id)
                        .resource_type(kind)
                        .status(RestoreJobStatus::Completed)
                        .source_resource_arn("arn:aws:rds:eu-west-1:111122223333:db:orders")
                        .completion_date(DateTime::from_secs(1_795_000_000))
                        .created_by(creator)
                        .build();
                    ListRestoreJobsOutput::builder().restore_jobs(job).build()
                })
        };
        mock::answer!(context, backup, aws_sdk_backup, [of("RDS", "one"), of("Aurora", "two")]);

        let read = mock::read(&context, RestoreJob::TYPE).await.unwrap();

        let ids: Vec<&str> = read.resources.iter().map(|resource| resource.meta().id.as_str()).collect();
        assert_eq!(ids, ["one", "two"]);
        let job = RestoreJob::of(&read.resources[0]).unwrap();
        assert_eq!(job.restore_testing_plan_arn.as_deref(), Some("arn:plan"));
        assert!(job.source_resource_arn.as_deref().unwrap().ends_with(":db:orders"));
        assert!(job.completion_date.is_some());
    }

    fn one_plan() -> aws_smithy_mocks::Rule {
        mock!(Client::list_restore_testing_plans)
            .match_requests(|request| request.max_results() == Some(1000))
            .then_output(|| {
                let plan = types::RestoreTestingPlanForList::builder()
                    .restore_testing_plan_name("weekly")
                    .restore_testing_plan_arn("arn:plan")
                    .schedule_expression("cron(0 5 ? * 1 *)")
                    .creation_time(DateTime::from_secs(1_790_000_000))
                    .start_window_hours(24)
                    .build()
                    .unwrap();
                ListRestoreTestingPlansOutput::builder().restore_testing_plans(plan).build().unwrap()
            })
    }

    #[tokio::test]
    async fn a_plan_knows_the_types_that_it_tests() {
        let mut context = mock::context();
        let selections = mock!(Client::list_restore_testing_selections)
            .match_requests(|request| request.restore_testing_plan_name() == Some("weekly"))
            .then_output(|| {
                let selection = types::RestoreTestingSelectionForList::builder()
                    .restore_testing_plan_name("weekly")
                    .restore_testing_selection_name("databases")
                    .protected_resource_type("RDS")
                    .iam_role_arn("arn:role")
                    .creation_time(DateTime::from_secs(1_790_000_000))
                    .validation_window_hours(1)
                    .build()
                    .unwrap();
                ListRestoreTestingSelectionsOutput::builder()
                    .restore_testing_selections(selection)
                    .build()
                    .unwrap()
            });
        mock::answer!(context, backup, aws_sdk_backup, [one_plan(), selections]);

        let read = mock::read(&context, RestoreTestingPlan::TYPE).await.unwrap();

        let weekly = RestoreTestingPlan::of(&read.resources[0]).unwrap();
        assert_eq!(weekly.protected_resource_types, ["RDS"]);
        assert_eq!(weekly.last_execution_time, None);
        assert_eq!(read.partial, None);
    }

    #[tokio::test]
    async fn denied_selections_make_the_plans_partial() {
        let mut context = mock::context();
        let denied = mock!(Client::list_restore_testing_selections).then_error(|| {
            ListRestoreTestingSelectionsError::generic(mock::service_error("AccessDeniedException", "No."))
        });
        mock::answer!(context, backup, aws_sdk_backup, [one_plan(), denied]);

        let read = mock::read(&context, RestoreTestingPlan::TYPE).await.unwrap();

        assert_eq!(read.resources.len(), 1);
        assert_eq!(read.partial.unwrap(), "denied: backup:ListRestoreTestingSelections (No.)");
    }

    #[tokio::test]
    async fn a_denied_list_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::list_protected_resources).then_error(|| {
            ListProtectedResourcesError::generic(mock::service_error("AccessDeniedException", "No."))
        });
        mock::answer!(context, backup, aws_sdk_backup, [denied]);

        assert!(mock::read(&context, ProtectedResource::TYPE).await.unwrap_err().is_denied());
    }
}
