//! The detail `access_events`: who changed a database's reach, asked for by the names of the database
//! and of its groups, since that may be weeks ago.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudtrail::types::LookupAttributeKey;

use super::cloudtrail::{KEPT, LOOKUP, event, pages};
use super::{CollectError, Context, Detail};
use crate::inventory::cloudtrail::Event;
use crate::inventory::rds::DbInstance;
use crate::inventory::{Kind as _, Scope};

pub(super) const ACCESS_EVENTS: Detail = Detail {
    name: "access_events",
    resource_type: DbInstance::TYPE,
    coverage: "AWS::RDS::AccessEvents",
    actions: &[LOOKUP],
    fetch: |context, scope, arns| Box::pin(fetch(context, scope, arns)),
};

/// Newest first, at two requests a second: enough for a group or a database that is changed now and then.
const MAX_PAGES: usize = 4;

/// What opens a security group, or makes or changes a database.
const NAMES: &[&str] = &[
    "AuthorizeSecurityGroupIngress",
    "ModifySecurityGroupRules",
    "CreateDBInstance",
    "CreateDBInstanceReadReplica",
    "ModifyDBInstance",
    "RestoreDBInstanceFromDBSnapshot",
    "RestoreDBInstanceFromS3",
    "RestoreDBInstanceToPointInTime",
];

/// Fills in the events of the databases with these ARNs, whose reaching groups are known.
async fn fetch(context: &Context, scope: &mut Scope, arns: &[String]) -> Result<(), CollectError> {
    let mut found: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for database in scope.all_mut::<DbInstance>().filter(|database| arns.contains(&database.meta.arn)) {
        let groups = database.reaching_groups.iter().flatten().map(|group| group.group_id.clone());
        let names: Vec<String> = groups.chain([database.meta.id.clone()]).collect();
        for name in &names {
            if !found.contains_key(name) {
                found.insert(name.clone(), lookup(context, name).await?);
            }
        }
        let mut ids = BTreeSet::new();
        let events = names.iter().filter_map(|name| found.get(name)).flatten();
        let events = events.filter(|event| ids.insert(event.meta.id.clone())).cloned().collect();
        database.access_events = Some(events);
    }
    Ok(())
}

async fn lookup(context: &Context, name: &str) -> Result<Vec<Event>, CollectError> {
    let mut pages = pages(context, LookupAttributeKey::ResourceName, name, context.now - KEPT);
    let mut events = Vec::new();
    for _ in 0..MAX_PAGES {
        let Some(page) = pages.next().await else { break };
        let page = page.map_err(|error| CollectError::of(LOOKUP, &error))?;
        let wanted = page.events.unwrap_or_default().into_iter();
        let wanted = wanted.filter(|sdk| sdk.event_name().is_some_and(|name| NAMES.contains(&name)));
        events.extend(wanted.map(|sdk| event(context, &sdk)));
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudtrail::Client;
    use aws_sdk_cloudtrail::operation::lookup_events::{LookupEventsError, LookupEventsOutput};
    use aws_sdk_cloudtrail::types;
    use aws_smithy_mocks::mock;
    use serde_json::json;

    use super::*;
    use crate::collect::mock;
    use crate::inventory::{CoverageStatus, Resource};

    fn scope() -> Scope {
        let database = |name: &str, group: &str| {
            let value = json!({ "id": name, "arn": name, "reaching_groups": [{ "group_id": group }] });
            Resource::from_json(DbInstance::TYPE, value).unwrap().unwrap()
        };
        let resources = vec![database("web", "sg-1"), database("api", "sg-1"), database("private", "sg-2")];
        Scope { resources, ..Scope::default() }
    }

    fn sdk_event(id: &str, name: &str) -> types::Event {
        types::Event::builder().event_id(id).event_name(name).build()
    }

    fn ids(database: &DbInstance) -> Option<Vec<&str>> {
        database.access_events.as_ref().map(|events| events.iter().map(|e| e.meta.id.as_str()).collect())
    }

    #[tokio::test]
    async fn each_group_is_asked_for_once_and_only_what_opens_is_kept() {
        let (mut context, meter) = mock::metered();
        let answer = mock!(Client::lookup_events)
            .match_requests(|request| {
                request.start_time().is_some_and(|at| at.secs() == 1_787_540_400)
                    && request.lookup_attributes()[0].attribute_key() == &LookupAttributeKey::ResourceName
            })
            .then_compute_output(|request| {
                let name = request.lookup_attributes()[0].attribute_value().to_owned();
                LookupEventsOutput::builder()
                    .events(sdk_event(&format!("opened {name}"), "AuthorizeSecurityGroupIngress"))
                    .events(sdk_event(&format!("tagged {name}"), "CreateTags"))
                    .events(sdk_event("both", "ModifyDBInstance"))
                    .build()
            });
        mock::answer!(context, cloudtrail, aws_sdk_cloudtrail, [answer]);
        let mut scope = scope();

        ACCESS_EVENTS.fill(&context, &mut scope, &["web".to_owned(), "api".to_owned()]).await;

        let databases: Vec<&DbInstance> = scope.all().collect();
        assert_eq!(ids(databases[0]), Some(vec!["opened sg-1", "both", "opened web"]));
        assert_eq!(ids(databases[1]), Some(vec!["opened sg-1", "both", "opened api"]));
        assert_eq!(ids(databases[2]), None);
        assert_eq!(meter.calls()[LOOKUP], 3);
        assert!(scope.complete(ACCESS_EVENTS.coverage));
    }

    #[tokio::test]
    async fn an_endless_history_is_read_only_so_far() {
        let (mut context, meter) = mock::metered();
        let endless = mock!(Client::lookup_events).then_compute_output(|request| {
            let page = request.next_token().map_or(0, str::len);
            LookupEventsOutput::builder()
                .events(sdk_event(&page.to_string(), "ModifyDBInstance"))
                .next_token("x".repeat(page + 1))
                .build()
        });
        mock::answer!(context, cloudtrail, aws_sdk_cloudtrail, [endless]);
        let mut scope = scope();

        ACCESS_EVENTS.fill(&context, &mut scope, &["private".to_owned()]).await;

        assert_eq!(meter.calls()[LOOKUP], 8);
        assert!(scope.complete(ACCESS_EVENTS.coverage));
    }

    #[tokio::test]
    async fn a_denied_lookup_leaves_the_events_null() {
        let mut context = mock::context();
        let denied = mock!(Client::lookup_events)
            .then_error(|| LookupEventsError::generic(mock::service_error("AccessDeniedException", "No.")));
        mock::answer!(context, cloudtrail, aws_sdk_cloudtrail, [denied]);
        let mut scope = scope();

        ACCESS_EVENTS.fill(&context, &mut scope, &["web".to_owned()]).await;

        assert!(scope.all::<DbInstance>().all(|database| database.access_events.is_none()));
        assert_eq!(scope.coverage_of(ACCESS_EVENTS.coverage).unwrap().status, CoverageStatus::Denied);
    }
}
