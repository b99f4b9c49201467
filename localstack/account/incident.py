"""An incident of the last two hours, in a seeded account; `python -m account.incident` with the exports of localstack/start.

The pipeline deploys the web service, which gets slow and fails. Meanwhile somebody opens the databases in the console, and one
fails over. A colleague takes half of the opening back.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from . import watching
from .load_balancers import suffix
from .local import ACCOUNT, RANDOM, REGION, ago, answer, client, control, override, series
from .records import BOB, CAROL, CHROME, CLI, GITHUB, PIPELINE, ingress, record

ec2 = client("ec2")

OPENED, DEPLOYED, SLOW, ALARM, FAILED_OVER, TAKEN_BACK, SOUND = 95, 52, 45, 38, 35, 24, 12
"""Minutes ago."""

ANYBODY, PARTNER = "0.0.0.0/0", "203.0.113.0/24"


def build(ids: dict[str, str]) -> None:
    _opening(ids["sg-databases"])
    _deployment()
    _latency(suffix(ids["web"]))
    _alarm()
    _failover()


def _opening(group: str) -> None:
    """Two rules in the console, of which one is left."""

    def rule(cidr: str) -> list[dict]:
        return [{"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": cidr}]}]

    named = [("AWS::EC2::SecurityGroup", group)]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule(ANYBODY))
    opened = [
        record(
            ago(minutes=OPENED - after),
            "ec2.amazonaws.com",
            "AuthorizeSecurityGroupIngress",
            BOB,
            CHROME,
            ingress(group, 5432, cidr),
            None,
            named,
            console=True,
            tls=False,
        )
        for after, cidr in ((0, ANYBODY), (1, PARTNER))
    ]
    taken_back = record(
        ago(minutes=TAKEN_BACK),
        "ec2.amazonaws.com",
        "RevokeSecurityGroupIngress",
        CAROL,
        CLI,
        ingress(group, 5432, PARTNER),
        None,
        named,
    )
    _events([*opened, taken_back])


def _deployment() -> None:
    """By the pipeline, and what ECS says and does about it."""
    service = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/production/web"
    deployed = record(
        ago(minutes=DEPLOYED),
        "ecs.amazonaws.com",
        "UpdateService",
        GITHUB,
        PIPELINE,
        {"cluster": "production", "service": "web", "taskDefinition": "web:43"},
        {"service": {"serviceName": "web", "serviceArn": service}},
        [("AWS::ECS::Service", service)],
        ip="20.57.72.131",
    )
    _events([deployed])
    done = "(service web) (deployment ecs-svc/4300000000000000000) deployment completed."
    event = {"id": "deployed", "createdAt": ago(minutes=DEPLOYED - 4).timestamp(), "message": done}
    override("ecs", "DescribeServices", {"serviceName": "web"}, {"events": [event]})


def _latency(balancer: str) -> None:
    """A tenth of a second, day and night, until the deployment."""
    start = _whole_minutes(ago(hours=28))
    slow_from, slow_until = ago(minutes=SLOW), ago(minutes=SOUND)
    points = int((datetime.now(UTC) - start) / timedelta(minutes=5))
    for metric, usual, slow in (("TargetResponseTime", 0.12, 2.4), ("HTTPCode_Target_5XX_Count", 1, 60)):
        values = []
        for number in range(points):
            at = start + number * timedelta(minutes=5)
            level = slow if slow_from <= at < slow_until else usual
            values.append(round(level * RANDOM.uniform(0.9, 1.1), 3))
        series("AWS/ApplicationELB", metric, {"LoadBalancer": balancer}, start, 300, values)


def _alarm() -> None:
    before = [item for item in watching.changes() if item["Timestamp"] < ago(hours=3).isoformat()]
    items = [
        watching.change("web-5xx", SOUND / 60, "ALARM", "OK"),
        watching.change("web-5xx", ALARM / 60, "OK", "ALARM"),
        *before,
    ]
    items.sort(key=lambda item: item["Timestamp"], reverse=True)
    answer("cloudwatch", "DescribeAlarmHistory", {"AlarmHistoryItems": items})


def _failover() -> None:
    arn = f"arn:aws:rds:{REGION}:{ACCOUNT}:db:orders-production"
    events = [
        {
            "SourceIdentifier": "orders-production",
            "SourceType": "db-instance",
            "SourceArn": arn,
            "Message": message,
            "EventCategories": [category],
            "Date": ago(minutes=minutes).isoformat(),
        }
        for minutes, category, message in (
            (170, "backup", "Finished DB Instance backup"),
            (FAILED_OVER, "failover", "Multi-AZ instance failover started."),
            (FAILED_OVER - 2, "failover", "Multi-AZ instance failover completed"),
        )
    ]
    answer("rds", "DescribeEvents", {"Events": events})


def _events(events: list[dict]) -> None:
    control("events", {"account": ACCOUNT, "region": REGION, "events": events})


def _whole_minutes(when: datetime) -> datetime:
    """A start of one of CloudWatch's periods of five minutes."""
    return datetime.fromtimestamp(when.timestamp() // 300 * 300, UTC)


if __name__ == "__main__":
    build(json.loads((Path(os.environ["AFTERMOVE_LOCAL_STATE"]) / "seeded.json").read_text())["resources"])
