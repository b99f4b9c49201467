//! What there is of a database beside it: AWS Backup's copies, and the restores that show that copies can be read.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

use crate::inventory::backup::{ProtectedResource, RestoreJob, RestoreTestingPlan};
use crate::inventory::cloudtrail::RestoreEvent;
use crate::inventory::rds::{DbCluster, DbInstance, Restore};
use crate::inventory::{Kind as _, Meta, Scope};

/// The derived fields of a database's copies.
pub(super) struct Copies {
    pub(super) restores: Option<Vec<Restore>>,
    pub(super) unattributed: Option<Vec<Restore>>,
    pub(super) aws_backup: Option<Vec<ProtectedResource>>,
    pub(super) plans: Option<Vec<String>>,
}

pub(super) fn of_instances(scope: &Scope) -> Vec<Copies> {
    let instances = scope.all::<DbInstance>();
    instances.map(|db| copies(scope, &db.meta, db.dbi_resource_id.as_deref(), false, "RDS")).collect()
}

pub(super) fn of_clusters(scope: &Scope) -> Vec<Copies> {
    let aws_backup_type = |cluster: &DbCluster| {
        if cluster.engine.starts_with("aurora") { "Aurora" } else { "RDS" }
    };
    let clusters = scope.all::<DbCluster>();
    clusters.map(|db| copies(scope, &db.meta, None, true, aws_backup_type(db))).collect()
}

/// Whose backup a restore was of.
enum Source {
    Own,
    Other,
    Unknown,
}

fn copies(
    scope: &Scope,
    database: &Meta,
    resource_id: Option<&str>,
    is_cluster: bool,
    aws_backup_type: &str,
) -> Copies {
    let of_event = |event: &RestoreEvent| {
        if event.of_cluster != is_cluster && event.source.as_deref() != Some(&database.id) {
            return Source::Other;
        }
        match (&event.source, &event.source_resource_id) {
            (Some(source), _) if *source == database.id => Source::Own,
            (None, Some(id)) if Some(id.as_str()) == resource_id => Source::Own,
            (None, None) => Source::Unknown,
            _ => Source::Other,
        }
    };
    let of_job = |job: &RestoreJob| match &job.source_resource_arn {
        Some(arn) if *arn == database.arn => Source::Own,
        Some(_) => Source::Other,
        None => Source::Unknown,
    };
    let mut own = Vec::new();
    let mut unknown = Vec::new();
    let found = scope.all::<RestoreEvent>().map(|event| (of_event(event), by_request(event)));
    let jobs = scope.all::<RestoreJob>().filter(|job| job.status == "COMPLETED");
    for (source, restore) in found.chain(jobs.map(|job| (of_job(job), by_job(job)))) {
        match source {
            Source::Own => own.push(restore),
            Source::Unknown => unknown.push(restore),
            Source::Other => {}
        }
    }
    own.sort_by_key(newest_first);
    unknown.sort_by_key(newest_first);
    let told = scope.complete(RestoreEvent::TYPE) && scope.complete(RestoreJob::TYPE);
    let protected = scope.all::<ProtectedResource>().filter(|resource| resource.meta.arn == database.arn);
    let plans = scope
        .all::<RestoreTestingPlan>()
        .filter(|plan| plan.protected_resource_types.iter().any(|tested| tested == aws_backup_type));
    Copies {
        restores: told.then_some(own),
        unattributed: told.then_some(unknown),
        aws_backup: scope.complete(ProtectedResource::TYPE).then(|| protected.cloned().collect()),
        plans: scope
            .complete(RestoreTestingPlan::TYPE)
            .then(|| plans.map(|plan| plan.meta.name.clone()).collect()),
    }
}

fn newest_first(restore: &Restore) -> (Reverse<Option<DateTime<Utc>>>, String) {
    (Reverse(restore.restored_at), restore.id.clone())
}

fn by_request(event: &RestoreEvent) -> Restore {
    Restore {
        restored_at: event.event_time,
        by: "rds".to_owned(),
        id: event.meta.id.clone(),
        snapshot: event.snapshot.clone(),
        username: event.username.clone(),
    }
}

fn by_job(job: &RestoreJob) -> Restore {
    let by = if job.restore_testing_plan_arn.is_some() { "restore_test" } else { "aws_backup" };
    Restore {
        restored_at: job.completion_date.or(job.meta.created_at),
        by: by.to_owned(),
        id: job.meta.id.clone(),
        snapshot: None,
        username: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::inventory::Resource;
    use crate::relate::testing::{read, scope};

    const ALL: &[&str] =
        &[RestoreEvent::TYPE, RestoreJob::TYPE, ProtectedResource::TYPE, RestoreTestingPlan::TYPE];

    fn databases() -> Vec<Resource> {
        let mut resources = read(
            DbInstance::TYPE,
            json!([
                { "id": "orders", "arn": "arn:db:orders", "dbi_resource_id": "db-1" },
                { "id": "web", "arn": "arn:db:web", "dbi_resource_id": "db-2" },
            ]),
        );
        resources.extend(read(
            DbCluster::TYPE,
            json!([{ "id": "main", "arn": "arn:cluster:main", "engine": "aurora-postgresql" }]),
        ));
        resources
    }

    fn ids(restores: Option<&Vec<Restore>>) -> Vec<&str> {
        restores.unwrap().iter().map(|restore| restore.id.as_str()).collect()
    }

    #[test]
    fn a_restore_belongs_to_the_database_that_its_request_or_job_names() {
        let mut resources = databases();
        resources.extend(read(
            RestoreEvent::TYPE,
            json!([
                { "id": "by-name", "source": "orders", "event_time": "2026-11-01T00:00:00Z" },
                { "id": "by-resource-id", "source_resource_id": "db-1", "event_time": "2026-11-03T00:00:00Z" },
                { "id": "unknown", "snapshot": "before-the-move" },
                { "id": "of-the-cluster", "source": "main", "of_cluster": true },
                { "id": "into-a-cluster", "source": "web", "of_cluster": true },
            ]),
        ));
        resources.extend(read(
            RestoreJob::TYPE,
            json!([
                { "id": "job", "source_resource_arn": "arn:db:orders", "status": "COMPLETED", "restore_testing_plan_arn": "arn:plan",
                  "completion_date": "2026-11-02T00:00:00Z" },
                { "id": "failed", "source_resource_arn": "arn:db:web", "status": "FAILED" },
            ]),
        ));
        let scope = scope(resources, ALL);

        let instances = of_instances(&scope);
        assert_eq!(ids(instances[0].restores.as_ref()), ["by-resource-id", "job", "by-name"]);
        assert_eq!(instances[0].restores.as_ref().unwrap()[1].by, "restore_test");
        assert_eq!(ids(instances[0].unattributed.as_ref()), ["unknown"]);
        assert_eq!(ids(instances[1].restores.as_ref()), ["into-a-cluster"]);
        let clusters = of_clusters(&scope);
        assert_eq!(ids(clusters[0].restores.as_ref()), ["of-the-cluster"]);
        assert_eq!(ids(clusters[0].unattributed.as_ref()), [""; 0]);
    }

    #[test]
    fn aws_backup_has_copies_by_arn_and_plans_by_type() {
        let mut resources = databases();
        resources.extend(read(ProtectedResource::TYPE, json!([{ "id": "orders", "arn": "arn:db:orders" }])));
        resources.extend(read(
            RestoreTestingPlan::TYPE,
            json!([
                { "name": "weekly", "protected_resource_types": ["Aurora", "S3"] },
                { "name": "files", "protected_resource_types": ["EFS"] },
            ]),
        ));
        let scope = scope(resources, ALL);

        let instances = of_instances(&scope);
        assert_eq!(instances[0].aws_backup.as_ref().map(Vec::len), Some(1));
        assert_eq!(instances[1].aws_backup.as_ref().map(Vec::len), Some(0));
        assert_eq!(instances[0].plans, Some(vec![]));
        assert_eq!(of_clusters(&scope)[0].plans, Some(vec!["weekly".to_owned()]));
    }

    #[test]
    fn what_was_not_read_leaves_it_open() {
        let found = of_instances(&scope(databases(), &[RestoreEvent::TYPE])).remove(0);
        assert!(found.restores.is_none() && found.unattributed.is_none());
        assert!(found.aws_backup.is_none() && found.plans.is_none());
    }
}
