"""Who tried whether a backup can be read: a drill by hand, and AWS Backup's weekly test of the jobs cluster."""

from __future__ import annotations

from .local import ACCOUNT, REGION, ago, answer, client, control, override
from .records import ALICE, BOB, CHROME, CLI, record

rds = client("rds")

CLUSTER = f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:jobs"
PLAN = f"arn:aws:backup:{REGION}:{ACCOUNT}:restore-testing-plan:weekly-8d1f"
VAULT = f"arn:aws:backup:{REGION}:{ACCOUNT}:backup-vault:default"


def build(_: dict[str, str]) -> dict[str, str]:
    _drill()
    _rehearsals()
    _logs()
    _aws_backup()
    return {"restore-testing-plan-weekly": PLAN}


def _drill() -> None:
    """Twice, as the first request named a database that is not there."""
    events = []
    for hours, source, error in ((75, "orders-prod", "DBInstanceNotFound"), (74, "orders-production", None)):
        failed = {"errorCode": error, "errorMessage": f"DBInstance {source} not found."} if error else {}
        events.append(
            record(
                ago(hours=hours),
                "rds.amazonaws.com",
                "RestoreDBInstanceToPointInTime",
                BOB,
                CLI,
                {
                    "sourceDBInstanceIdentifier": source,
                    "targetDBInstanceIdentifier": "orders-restore-test",
                    "useLatestRestorableTime": True,
                },
                None if error else {"dBInstanceIdentifier": "orders-restore-test", "dBInstanceStatus": "creating"},
                [("AWS::RDS::DBInstance", "orders-restore-test")],
                **failed,
            )
        )
    control("events", {"account": ACCOUNT, "region": REGION, "events": events})


def _rehearsals() -> None:
    """Restores before the cut-over, from snapshots whose names do not tell whose they are."""
    rds.create_db_snapshot(DBSnapshotIdentifier="rehearsal", DBInstanceIdentifier="web-production-db")
    rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="rehearsal-queue", DBClusterIdentifier="jobs")
    requests = {
        "RestoreDBInstanceFromDBSnapshot": {
            "dBInstanceIdentifier": "web-rehearsal",
            "dBSnapshotIdentifier": "rehearsal",
        },
        "RestoreDBClusterFromSnapshot": {
            "dBClusterIdentifier": "jobs-rehearsal",
            "snapshotIdentifier": "rehearsal-queue",
            "engine": "aurora-postgresql",
        },
    }
    events = [
        record(ago(days=16), "rds.amazonaws.com", name, ALICE, CHROME, request, None, console=True, tls=False)
        for name, request in requests.items()
    ]
    control("events", {"account": ACCOUNT, "region": REGION, "events": events})


def _logs() -> None:
    """MiniStack forgets which logs are exported."""
    for operation, name, databases in (
        ("DescribeDBInstances", "DBInstanceIdentifier", ("orders-production", "reports")),
        ("DescribeDBClusters", "DBClusterIdentifier", ("jobs",)),
    ):
        for database in databases:
            override("rds", operation, {name: database}, {"EnabledCloudwatchLogsExports": ["postgresql"]})


def _aws_backup() -> None:
    tested = ago(days=2)
    copy = {
        "ResourceArn": CLUSTER,
        "ResourceName": "jobs",
        "ResourceType": "Aurora",
        "LastBackupTime": ago(hours=20).isoformat(),
        "LastBackupVaultArn": VAULT,
    }
    job = {
        "AccountId": ACCOUNT,
        "RestoreJobId": "5B3E2F4A-0C1D-4E6F-8A9B-7C6D5E4F3A2B",
        "SourceResourceArn": CLUSTER,
        "ResourceType": "Aurora",
        "Status": "COMPLETED",
        "CreationDate": tested.isoformat(),
        "CompletionDate": tested.isoformat(),
        "CreatedBy": {"RestoreTestingPlanArn": PLAN},
        "ValidationStatus": "SUCCESSFUL",
        "DeletionStatus": "SUCCESSFUL",
    }
    plan = {
        "RestoreTestingPlanArn": PLAN,
        "RestoreTestingPlanName": "weekly",
        "ScheduleExpression": "cron(0 5 ? * 1 *)",
        "CreationTime": ago(days=9).isoformat(),
        "LastExecutionTime": tested.isoformat(),
        "StartWindowHours": 24,
    }
    selection = {
        "RestoreTestingPlanName": "weekly",
        "RestoreTestingSelectionName": "clusters",
        "ProtectedResourceType": "Aurora",
        "IamRoleArn": f"arn:aws:iam::{ACCOUNT}:role/restore-testing",
        "CreationTime": ago(days=9).isoformat(),
        "ValidationWindowHours": 1,
    }
    answer("backup", "ListProtectedResources", {"Results": [copy]})
    answer("backup", "ListRestoreJobs", {"RestoreJobs": [job]}, {"resourceType": "Aurora"})
    answer("backup", "ListRestoreTestingPlans", {"RestoreTestingPlans": [plan]})
    answer("backup", "ListRestoreTestingSelections", {"RestoreTestingSelections": [selection]})
