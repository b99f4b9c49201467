//! The detail `stopped_tasks`: two calls for each service in question. ECS shows stopped tasks for about an hour.

use aws_sdk_ecs::types::{self, DesiredStatus};

use super::PAGE;
use crate::collect::{CollectError, Context, Detail, time};
use crate::inventory::ecs::{Service, StoppedContainer, StoppedTask};
use crate::inventory::{Kind as _, Scope};

const LIST: &str = "ecs:ListTasks";
const DESCRIBE: &str = "ecs:DescribeTasks";

pub(in crate::collect) const STOPPED_TASKS: Detail = Detail {
    name: "stopped_tasks",
    resource_type: Service::TYPE,
    coverage: "AWS::ECS::Task",
    actions: &[LIST, DESCRIBE],
    fetch: |context, scope, arns| Box::pin(fetch(context, scope, arns)),
};

async fn fetch(context: &Context, scope: &mut Scope, arns: &[String]) -> Result<(), CollectError> {
    let mut outcome = Ok(());
    for service in scope.all_mut::<Service>().filter(|service| arns.contains(&service.meta.arn)) {
        match stopped(context, service).await {
            Ok(tasks) => service.stopped_tasks = Some(tasks),
            Err(error) => {
                let denied = error.is_denied();
                outcome = outcome.and(Err(error));
                if denied {
                    break;
                }
            }
        }
    }
    outcome
}

/// A hundred at most: enough to tell what is wrong. The latest first.
async fn stopped(context: &Context, service: &Service) -> Result<Vec<StoppedTask>, CollectError> {
    let ecs = &context.clients.ecs;
    let listed = ecs
        .list_tasks()
        .cluster(&service.cluster_arn)
        .service_name(&service.meta.name)
        .desired_status(DesiredStatus::Stopped)
        .max_results(PAGE)
        .send()
        .await
        .map_err(|error| CollectError::of(LIST, &error))?;
    if listed.task_arns().is_empty() {
        return Ok(Vec::new());
    }
    let described = ecs
        .describe_tasks()
        .cluster(&service.cluster_arn)
        .set_tasks(listed.task_arns)
        .send()
        .await
        .map_err(|error| CollectError::of(DESCRIBE, &error))?;
    let mut tasks: Vec<StoppedTask> = described.tasks().iter().map(task).collect();
    tasks.sort_by(|a, b| b.stopped_at.cmp(&a.stopped_at).then_with(|| a.task_arn.cmp(&b.task_arn)));
    Ok(tasks)
}

fn task(sdk: &types::Task) -> StoppedTask {
    StoppedTask {
        task_arn: sdk.task_arn().unwrap_or_default().to_owned(),
        task_definition: sdk.task_definition_arn().unwrap_or_default().to_owned(),
        stop_code: sdk.stop_code().map(|code| code.as_str().to_owned()),
        stopped_reason: sdk.stopped_reason().map(str::to_owned),
        stopped_at: time(sdk.stopped_at().or(sdk.stopping_at())),
        containers: sdk
            .containers()
            .iter()
            .map(|container| StoppedContainer {
                name: container.name().unwrap_or_default().to_owned(),
                exit_code: container.exit_code().map(i64::from),
                reason: container.reason().map(str::to_owned),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::Client;
    use aws_sdk_ecs::operation::describe_tasks::DescribeTasksOutput;
    use aws_sdk_ecs::operation::list_tasks::{ListTasksError, ListTasksOutput};
    use aws_smithy_mocks::mock;
    use aws_smithy_types::DateTime;

    use super::*;
    use crate::collect::mock;
    use crate::inventory::{CoverageStatus, Meta};

    fn scope() -> Scope {
        let service = |name: &str| Service {
            meta: Meta { arn: format!("arn:{name}"), name: name.to_owned(), ..Meta::default() },
            cluster_arn: "arn:production".to_owned(),
            ..Service::default()
        };
        Scope { resources: vec![service("web").into(), service("api").into()], ..Scope::default() }
    }

    #[tokio::test]
    async fn the_tasks_that_a_service_lost_tell_why_the_latest_first() {
        let mut context = mock::context();
        let listed = mock!(Client::list_tasks)
            .match_requests(|request| {
                request.cluster() == Some("arn:production")
                    && request.service_name() == Some("web")
                    && request.desired_status() == Some(&DesiredStatus::Stopped)
                    && request.max_results() == Some(100)
            })
            .then_output(|| ListTasksOutput::builder().task_arns("t/1").task_arns("t/2").build());
        let described = mock!(Client::describe_tasks)
            .match_requests(|request| {
                request.cluster() == Some("arn:production") && request.tasks() == ["t/1", "t/2"]
            })
            .then_output(|| {
                let killed = types::Container::builder()
                    .name("web")
                    .exit_code(137)
                    .reason("OutOfMemoryError: Container killed due to memory usage")
                    .build();
                let task = |arn: &str, at: i64| {
                    types::Task::builder().task_arn(arn).stopped_at(DateTime::from_secs(at))
                };
                let latest = task("t/2", 200)
                    .stop_code(types::TaskStopCode::EssentialContainerExited)
                    .stopped_reason("Essential container in task exited")
                    .containers(killed);
                DescribeTasksOutput::builder().tasks(task("t/1", 100).build()).tasks(latest.build()).build()
            });
        mock::answer!(context, ecs, aws_sdk_ecs, [listed, described]);
        let mut scope = scope();

        STOPPED_TASKS.fill(&context, &mut scope, &["arn:web".to_owned()]).await;

        let services: Vec<&Service> = scope.all().collect();
        let tasks = services[0].stopped_tasks.as_ref().unwrap();
        assert_eq!(tasks.iter().map(|task| task.task_arn.as_str()).collect::<Vec<_>>(), ["t/2", "t/1"]);
        assert_eq!(tasks[0].stop_code.as_deref(), Some("EssentialContainerExited"));
        assert_eq!(tasks[0].containers[0].exit_code, Some(137));
        assert_eq!(services[1].stopped_tasks, None);
        assert!(scope.complete(STOPPED_TASKS.coverage));
    }

    #[tokio::test]
    async fn denied_tasks_leave_the_reason_open() {
        let mut context = mock::context();
        let denied = mock!(Client::list_tasks)
            .then_error(|| ListTasksError::generic(mock::service_error("AccessDeniedException", "No.")));
        mock::answer!(context, ecs, aws_sdk_ecs, [denied]);
        let mut scope = scope();

        STOPPED_TASKS.fill(&context, &mut scope, &["arn:web".to_owned()]).await;

        assert!(scope.all::<Service>().all(|service| service.stopped_tasks.is_none()));
        assert_eq!(scope.coverage_of(STOPPED_TASKS.coverage).unwrap().status, CoverageStatus::Denied);
    }
}
