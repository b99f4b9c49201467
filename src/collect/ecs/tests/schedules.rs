//! What schedules run of task definitions that no service does.

use aws_sdk_scheduler::operation::get_schedule::GetScheduleOutput;
use aws_sdk_scheduler::operation::list_schedules::{ListSchedulesError, ListSchedulesOutput};
use aws_sdk_scheduler::types::{EcsParameters, ScheduleState, ScheduleSummary, Target, TargetSummary};

use super::*;

const REPORTS: &str = "arn:aws:ecs:eu-west-1:111122223333:task-definition/reports";

fn schedule(name: &str, target: &str, state: ScheduleState) -> ScheduleSummary {
    let target = TargetSummary::builder().arn(target).build().unwrap();
    ScheduleSummary::builder().name(name).group_name("default").state(state).target(target).build()
}

fn runs(definition: &str) -> GetScheduleOutput {
    let task = EcsParameters::builder().task_definition_arn(definition).build().unwrap();
    let target = Target::builder().arn(CLUSTER).role_arn("arn:role").ecs_parameters(task).build().unwrap();
    GetScheduleOutput::builder().target(target).build()
}

/// A schedule for the revision of the services, one for a family, and some that run no task.
fn schedules(context: &mut Context) {
    let listed = mock!(Scheduler::list_schedules)
        .match_requests(|request| request.max_results() == Some(100))
        .then_output(|| {
            ListSchedulesOutput::builder()
                .schedules(schedule("warm-up", CLUSTER, ScheduleState::Enabled))
                .schedules(schedule("nightly", CLUSTER, ScheduleState::Enabled))
                .schedules(schedule("paused", CLUSTER, ScheduleState::Disabled))
                .schedules(schedule(
                    "mail",
                    "arn:aws:lambda:eu-west-1:1:function:mail",
                    ScheduleState::Enabled,
                ))
                .build()
                .unwrap()
        });
    let of = |name: &'static str, definition: &'static str| {
        mock!(Scheduler::get_schedule)
            .match_requests(move |request| {
                request.name() == Some(name) && request.group_name() == Some("default")
            })
            .then_output(move || runs(definition))
    };
    let (warm_up, nightly) = (of("warm-up", WEB), of("nightly", REPORTS));
    mock::answer!(context, scheduler, aws_sdk_scheduler, [listed, warm_up, nightly]);
}

#[tokio::test]
async fn what_a_schedule_runs_is_read_as_well_and_once() {
    let mut context = mock::context();
    schedules(&mut context);
    let [first, second] = clusters_on_two_pages();
    let [some, more, none] = service_arns();
    let (described, defined) = (described(), defined());
    let family = mock!(Client::describe_task_definition)
        .match_requests(|request| request.task_definition() == Some(REPORTS))
        .then_output(|| {
            let latest = types::TaskDefinition::builder().task_definition_arn(format!("{REPORTS}:4"));
            DescribeTaskDefinitionOutput::builder().task_definition(latest.build()).build()
        });
    mock::answer!(context, ecs, aws_sdk_ecs, [first, second, some, more, none, described, defined, family]);

    let read = mock::read(&context, TaskDefinition::TYPE).await.unwrap();

    let told: Vec<(&str, &[String])> = read
        .resources
        .iter()
        .filter_map(TaskDefinition::of)
        .map(|definition| (definition.meta.id.as_str(), definition.schedules.as_slice()))
        .collect();
    assert_eq!(told, [("reports:4", &["nightly".to_owned()][..]), ("web:7", &["warm-up".to_owned()])]);
    assert_eq!((defined.num_calls(), read.partial), (1, None));
}

#[tokio::test]
async fn a_schedule_may_outlive_what_it_ran_and_a_service_may_not() {
    for (missing, partial) in [(REPORTS, false), (WEB, true)] {
        let mut context = mock::context();
        schedules(&mut context);
        let [first, second] = clusters_on_two_pages();
        let [some, more, none] = service_arns();
        let described = described();
        let gone = mock!(Client::describe_task_definition)
            .match_requests(move |request| request.task_definition() == Some(missing))
            .then_error(|| {
                let why = "Unable to describe task definition.";
                DescribeTaskDefinitionError::generic(mock::service_error("ClientException", why))
            });
        let there = mock!(Client::describe_task_definition)
            .match_requests(move |request| request.task_definition() != Some(missing))
            .then_output(|| DescribeTaskDefinitionOutput::builder().task_definition(definition()).build());
        mock::answer!(context, ecs, aws_sdk_ecs, [first, second, some, more, none, described, gone, there]);

        let read = mock::read(&context, TaskDefinition::TYPE).await.unwrap();

        assert_eq!((read.resources.len(), read.partial.is_some()), (1, partial), "{missing}");
    }
}

#[tokio::test]
async fn denied_schedules_leave_the_services_definitions() {
    let mut context = mock::context();
    let denied = mock!(Scheduler::list_schedules)
        .then_error(|| ListSchedulesError::generic(mock::service_error("AccessDeniedException", "No.")));
    mock::answer!(context, scheduler, aws_sdk_scheduler, [denied]);
    let [first, second] = clusters_on_two_pages();
    let [some, more, none] = service_arns();
    let (described, defined) = (described(), defined());
    mock::answer!(context, ecs, aws_sdk_ecs, [first, second, some, more, none, described, defined]);

    let read = mock::read(&context, TaskDefinition::TYPE).await.unwrap();

    assert_eq!(read.resources.len(), 1);
    assert_eq!(read.partial.as_deref(), Some("denied: scheduler:ListSchedules (No.)"));
}
