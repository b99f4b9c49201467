"""A first week in a seeded account; `python -m account.review` with the exports of localstack/start.

A deployment of the web service fails and is taken back while web-5xx fires, the database fails over days later, and
statements are slow: of one database Performance Insights knows them, of another its log.
"""

from __future__ import annotations

from datetime import timedelta

from . import watching
from .local import ACCOUNT, REGION, ago, answer, client, control, override
from .records import GITHUB, PIPELINE, record

FAILED, FAILED_OVER = ago(days=2, hours=3), ago(days=4)
SLOW_LOG = "/aws/rds/instance/reports/postgresql"


def build() -> None:
    _statements()
    _deployments()
    _alarms()
    _failover()


def _statements() -> None:
    databases = client("rds").describe_db_instances()["DBInstances"]
    orders = next(one for one in databases if one["DBInstanceIdentifier"] == "orders-production")
    rows = [
        ("SELECT * FROM orders WHERE customer_id = ? ORDER BY created_at DESC LIMIT ?", "IO", 1.8),
        ("SELECT * FROM orders WHERE customer_id = ? ORDER BY created_at DESC LIMIT ?", "CPU", 0.4),
        ("UPDATE carts SET updated_at = ? WHERE id = ?", "Lock", 0.5),
        ("SELECT count(*) FROM line_items", "CPU", 0.3),
        *((f"SELECT {name} FROM settings", "CPU", 0.1) for name in ("a", "b", "c", "d", "e", "f")),
    ]
    for statement, kind, load in rows:
        control(
            "loads",
            {"identifier": orders["DbiResourceId"], "statement": statement, "wait_event_type": kind, "load": load},
        )
    _log()


def _log() -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName=SLOW_LOG)
    logs.put_retention_policy(logGroupName=SLOW_LOG, retentionInDays=30)
    logs.create_log_stream(logGroupName=SLOW_LOG, logStreamName="reports.0")
    events = []
    for number in range(6):
        at = ago(days=1, hours=number)
        prefix = f"{at:%Y-%m-%d %H:%M:%S} UTC:10.0.10.7(41714):app@reports:[{number}]:LOG:  "
        slow = f"duration: {4000 + number}.5 ms  statement: SELECT * FROM visits WHERE mail = 'ada{number}@example.com'"
        events += [(at, prefix + slow), (at + timedelta(seconds=1), prefix + "checkpoint starting: time")]
    events.sort()
    logs.put_log_events(
        logGroupName=SLOW_LOG,
        logStreamName="reports.0",
        logEvents=[{"timestamp": int(at.timestamp() * 1000), "message": message} for at, message in events],
    )


def _deployments() -> None:
    """By the pipeline: one that took six minutes, and one that ECS gave up."""
    service = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/production/web"
    went_well = FAILED - timedelta(days=1)
    began = [went_well - timedelta(minutes=6), FAILED - timedelta(minutes=14)]
    events = [
        record(
            at,
            "ecs.amazonaws.com",
            "UpdateService",
            GITHUB,
            PIPELINE,
            {"cluster": "production", "service": "web", "taskDefinition": f"web:{revision}"},
            {"service": {"serviceName": "web", "serviceArn": service}},
            [("AWS::ECS::Service", service)],
            ip="20.57.72.131",
        )
        for at, revision in zip(began, (41, 42), strict=True)
    ]
    control("events", {"account": ACCOUNT, "region": REGION, "events": events})
    messages = [
        (FAILED + timedelta(minutes=3), "(service web) (deployment ecs-svc/4100000000000000000) deployment completed."),
        (FAILED, "(service web) rolling back to deployment ecs-svc/4100000000000000000."),
        (
            FAILED,
            "(service web) (deployment ecs-svc/4200000000000000000) deployment failed: tasks failed to start.",
        ),
        (went_well, "(service web) (deployment ecs-svc/4100000000000000000) deployment completed."),
    ]
    told = [
        {"id": str(number), "createdAt": at.timestamp(), "message": message}
        for number, (at, message) in enumerate(messages)
    ]
    override("ecs", "DescribeServices", {"serviceName": "web"}, {"events": told})


def _alarms() -> None:
    hours = (ago() - FAILED) / timedelta(hours=1)
    items = [
        watching.change("web-5xx", hours + 0.1, "OK", "ALARM"),
        watching.change("web-5xx", hours - 0.4, "ALARM", "OK"),
        *watching.changes(),
    ]
    items.sort(key=lambda item: item["Timestamp"], reverse=True)
    answer("cloudwatch", "DescribeAlarmHistory", {"AlarmHistoryItems": items})


def _failover() -> None:
    events = [
        {
            "SourceIdentifier": "orders-production",
            "SourceType": "db-instance",
            "SourceArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:db:orders-production",
            "Message": message,
            "EventCategories": [category],
            "Date": (FAILED_OVER + timedelta(minutes=minutes)).isoformat(),
        }
        for minutes, category, message in (
            (-600, "backup", "Finished DB Instance backup"),
            (0, "failover", "Multi-AZ instance failover started."),
            (2, "failover", "Multi-AZ instance failover completed"),
        )
    ]
    answer("rds", "DescribeEvents", {"Events": events})


if __name__ == "__main__":
    build()
