"""Functions, the queues that the workers share, and what starts on a schedule."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta

from .local import ACCOUNT, REGION, TODAY, ago, client, override, series, timestamp
from .network import DAY
from .watching import queue

lambdas, sqs, scheduler, cloudwatch = client("lambda"), client("sqs"), client("scheduler"), client("cloudwatch")

ROLE = f"arn:aws:iam::{ACCOUNT}:role/functions"
# The database that was left behind, as Heroku hands it out.
HEROKU_POSTGRES = (
    f"postgres://kqzjwvxytrplms:{'3f9a1c7e' * 8}@ec2-54-12-34-56.compute-1.amazonaws.com:5432/d8fjq2k1m0n3p"
)


def build(ids: dict[str, str]) -> dict[str, str]:
    oncall = [ids["topic-alerts-oncall"]]
    _functions(oncall)
    _queues(ids, oncall)
    _schedules(oncall)
    return {}


def _functions(oncall: list[str]) -> None:
    # Its alarms are older than it: see what watches the account.
    _function("nightly-report", {"DATABASE_URL": HEROKU_POSTGRES, "STAGE": "production"}, invocations=1, asynchronous=1)
    _function("slack-notify", {"SLACK_URL": "https://hooks.slack.com/services/T01/B01/4f1d0c2b"}, invocations=40)
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:image-resize-a1B2c3"
    _function("image-resize", {"DB_SECRET_ARN": secret, "LOG_LEVEL": "info"}, invocations=900, asynchronous=900)
    for metric in ("Errors", "Throttles", "AsyncEventsDropped"):
        _alarm(f"image-resize-{metric}", "AWS/Lambda", metric, {"FunctionName": "image-resize"}, oncall)
    _function("log-shipper", {"HEROKU_APP_NAME": "acme-web"}, invocations=0)


def _function(name: str, environment: dict[str, str], invocations: int, asynchronous: int = 0) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("bootstrap", "#!/bin/sh\n")
    lambdas.create_function(
        FunctionName=name,
        Runtime="provided.al2023",
        Role=ROLE,
        Handler="bootstrap",
        Code={"ZipFile": code.getvalue()},
        Environment={"Variables": environment},
        Timeout=60,
    )
    for metric, daily in (("Invocations", invocations), ("AsyncEventsReceived", asynchronous)):
        if daily:
            _daily("AWS/Lambda", metric, {"FunctionName": name}, daily)


def _queues(ids: dict[str, str], oncall: list[str]) -> None:
    dead = {name: queue(name)[1] for name in ("jobs-dead", "exports-dlq")}
    exports, _ = queue("exports")
    queue("mailers")
    for url, target in ((ids["queue-jobs"], dead["jobs-dead"]), (exports, dead["exports-dlq"])):
        policy = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": 5})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})
    for name, daily in (("jobs", 12_000), ("exports", 90), ("mailers", 700)):
        for metric in ("NumberOfMessagesSent", "NumberOfMessagesReceived"):
            _daily("AWS/SQS", metric, {"QueueName": name}, daily)
    age, depth = "ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"
    _alarm("exports-oldest-message", "AWS/SQS", age, {"QueueName": "exports"}, oncall)
    _alarm("exports-dlq-depth", "AWS/SQS", depth, {"QueueName": "exports-dlq"}, oncall)


def _schedules(oncall: list[str]) -> None:
    scheduler.create_schedule_group(Name="reports")
    for name, group, expression in (
        ("nightly-report", "default", "cron(0 3 * * ? *)"),
        ("weekly-report", "reports", "cron(0 9 ? * MON *)"),
    ):
        scheduler.create_schedule(
            Name=name,
            GroupName=group,
            ScheduleExpression=expression,
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:nightly-report", "RoleArn": ROLE},
        )
    _alarm("reports-dropped", "AWS/Scheduler", "InvocationDroppedCount", {"ScheduleGroup": "reports"}, oncall)


def _alarm(name: str, namespace: str, metric: str, dimensions: dict[str, str], actions: list[str]) -> None:
    """One that has been quiet since last week."""
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        Statistic="Maximum" if namespace == "AWS/SQS" else "Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=actions,
    )
    changed = dict.fromkeys(
        ("StateUpdatedTimestamp", "StateTransitionedTimestamp", "AlarmConfigurationUpdatedTimestamp"),
        timestamp(ago(days=8)),
    )
    override("cloudwatch", "DescribeAlarms", {"AlarmName": name}, changed | {"StateValue": "OK"})


def _daily(namespace: str, metric: str, dimensions: dict[str, str], value: float) -> None:
    series(namespace, metric, dimensions, TODAY - timedelta(days=9), DAY, [value] * 9)
