//! Details: reads that cost a call for each resource, made only for those that need them.

use futures::future::BoxFuture;

use crate::inventory::{Coverage, CoverageStatus, Scope};

use super::{
    CollectError, Context, GRACE, access_events, apprunner, ecr, ecs, elasticloadbalancingv2, rds, sns,
    stack_resources,
};

type Fetch = for<'a> fn(&'a Context, &'a mut Scope, &'a [String]) -> BoxFuture<'a, Result<(), CollectError>>;

/// How one detail is read.
#[derive(Debug)]
pub struct Detail {
    pub name: &'static str,
    /// The type whose resources it is asked for.
    pub resource_type: &'static str,
    /// What its coverage row is called.
    pub coverage: &'static str,
    pub actions: &'static [&'static str],
    /// Fills in what it can; the first failure is its error.
    pub(super) fetch: Fetch,
}

pub static DETAILS: &[Detail] = &[
    apprunner::OPERATIONS,
    ecr::lifecycle::LIFECYCLE,
    ecs::stopped_tasks::STOPPED_TASKS,
    elasticloadbalancingv2::listener_rules::LISTENER_RULES,
    elasticloadbalancingv2::target_health::TARGET_HEALTH,
    rds::slow_queries::SLOW_QUERIES,
    access_events::ACCESS_EVENTS,
    sns::access::TOPIC_ACCESS,
    stack_resources::STACK_RESOURCE,
];

impl Detail {
    /// Reads the detail for the resources with these ARNs. What could not be read stays
    /// null, and the detail's own coverage row says why.
    pub async fn fill(&self, context: &Context, scope: &mut Scope, arns: &[String]) {
        let fetched =
            tokio::time::timeout_at(context.deadline + GRACE, (self.fetch)(context, scope, arns)).await;
        let (status, detail) = match fetched.unwrap_or(Err(CollectError::OutOfTime)) {
            Ok(()) => (CoverageStatus::Complete, String::new()),
            Err(error) => (error.coverage_status(), error.to_string()),
        };
        scope.coverage.push(Coverage { resource_type: self.coverage.to_owned(), status, detail });
    }
}
