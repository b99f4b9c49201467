"""Log groups, topics and their subscribers, budgets, and alarms that do and do not reach somebody."""

from __future__ import annotations

import json

from .load_balancers import suffix
from .local import ACCOUNT, GB, REGION, ago, answer, client, override, series, tags, timestamp

logs, sns, sqs, cloudwatch = client("logs"), client("sns"), client("sqs"), client("cloudwatch")
budgets, kms = client("budgets"), client("kms")


def build(ids: dict[str, str]) -> dict[str, str]:
    _log_groups()
    made = _topics()
    _budget(made["topic-billing-alerts"])
    _alarms(ids, made)
    _history()
    return made


def _log_groups() -> None:
    """The api writes at debug level since yesterday; orders write too much every day, and keep it for years."""
    by_day: list[float] = [0] * 10
    for name, retention, stored, kind in (
        ("/aws/lambda/nightly-report", None, 12 * GB, "STANDARD"),
        ("/ecs/web", None, 3 * GB // 2, "STANDARD"),
        ("/ecs/api", 30, 4 * GB // 5, "STANDARD"),
        ("/ecs/worker", 30, GB // 3, "STANDARD"),
        ("/ecs/orders", 731, 60 * GB, "STANDARD"),
        ("/ecs/jobs", 14, GB // 5, "INFREQUENT_ACCESS"),
        ("/aws/ecs/containerinsights/production/performance", 14, GB // 20, "STANDARD"),
        ("/aws/vendedlogs/edge", None, GB // 10, "DELIVERY"),
    ):
        logs.create_log_group(
            logGroupName=name, logGroupClass=kind, tags={"app": name.rpartition("/")[2], "env": "production"}
        )
        if retention:
            logs.put_retention_policy(logGroupName=name, retentionInDays=retention)
        override(
            "logs",
            "DescribeLogGroups",
            {"logGroupName": name},
            {"storedBytes": stored, "creationTime": int(ago(days=10).timestamp() * 1000)},
        )
        incoming = [stored / 10] * 9 + [60 * GB if name == "/ecs/api" else stored / 10]
        by_day = [all_groups + this for all_groups, this in zip(by_day, incoming, strict=True)]
        series("AWS/Logs", "IncomingBytes", {"LogGroupName": name}, ago(days=10), 86400, incoming)
    series("AWS/Logs", "IncomingBytes", {}, ago(days=10), 86400, by_day)

    # A database that the move was rehearsed with, and deleted.
    rehearsal = "/aws/rds/instance/rehearsal/postgresql"
    logs.create_log_group(logGroupName=rehearsal)
    logs.put_retention_policy(logGroupName=rehearsal, retentionInDays=30)
    then = {"storedBytes": 2 * GB // 5, "creationTime": int(ago(days=45).timestamp() * 1000)}
    override("logs", "DescribeLogGroups", {"logGroupName": rehearsal}, then)


def queue(name: str) -> tuple[str, str]:
    """A queue that topics may write to: its URL and ARN."""
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
            }
        ],
    }
    return sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps(policy)})["QueueUrl"], arn


def _topics() -> dict[str, str]:
    made = {}
    for name in (
        "aftermove-findings",
        "alerts-oncall",
        "alerts-empty",
        "alerts-email",
        "alerts-old",
        "alerts-deploys",
        "alerts-sealed",
        "alerts-keyed",
        "billing-alerts",
    ):
        made[f"topic-{name}"] = sns.create_topic(Name=name, Tags=tags("ops"))["TopicArn"]
    made["queue-aftermove-inbox"], inbox = queue("aftermove-inbox")
    made["queue-oncall-inbox"], oncall = queue("oncall-inbox")
    made["queue-jobs"], _ = queue("jobs")
    sns.subscribe(TopicArn=made["topic-aftermove-findings"], Protocol="sqs", Endpoint=inbox)
    for name in ("alerts-oncall", "alerts-deploys", "alerts-sealed", "alerts-keyed"):
        sns.subscribe(TopicArn=made[f"topic-{name}"], Protocol="sqs", Endpoint=oncall)
    _closed_topics(made)

    # MiniStack confirms e-mail subscriptions by itself; nobody has clicked the link in this one.
    sns.subscribe(TopicArn=made["topic-alerts-email"], Protocol="email", Endpoint="ops@example.com")
    for operation in ("ListSubscriptions", "ListSubscriptionsByTopic"):
        override("sns", operation, {"Endpoint": "ops@example.com"}, {"SubscriptionArn": "PendingConfirmation"})
    for name, value in (("SubscriptionsConfirmed", "0"), ("SubscriptionsPending", "1")):
        override("sns", "GetTopicAttributes", {"key": name}, {"value": value}, {"TopicArn": made["topic-alerts-email"]})
    sns.delete_topic(TopicArn=made["topic-alerts-old"])
    return made


def _closed_topics(made: dict[str, str]) -> None:
    """A policy for deployments alone, the key that AWS manages, and a key that alarms may use."""
    deploys = made["topic-alerts-deploys"]
    sns.set_topic_attributes(
        TopicArn=deploys,
        AttributeName="Policy",
        AttributeValue=_policy({"Service": "events.amazonaws.com"}, "sns:Publish", deploys),
    )
    key = kms.create_key(
        Description="alarms",
        Policy=_policy({"Service": "cloudwatch.amazonaws.com"}, ["kms:Decrypt", "kms:GenerateDataKey*"], "*"),
    )["KeyMetadata"]["KeyId"]
    for topic, name in (("alerts-sealed", "alias/aws/sns"), ("alerts-keyed", key)):
        sns.set_topic_attributes(
            TopicArn=made[f"topic-{topic}"], AttributeName="KmsMasterKeyId", AttributeValue=name
        )


def _policy(principal: dict[str, str], actions: str | list[str], resource: str) -> str:
    allow = {"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


def _budget(topic: str) -> None:
    """It was told to a topic that nobody subscribed to."""
    notification = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80}
    budgets.create_budget(
        AccountId=ACCOUNT,
        Budget={
            "BudgetName": "monthly-total",
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": "900", "Unit": "USD"},
        },
        NotificationsWithSubscribers=[
            {"Notification": notification, "Subscribers": [{"SubscriptionType": "SNS", "Address": topic}]}
        ],
    )
    answer(
        "budgets",
        "DescribeBudgetNotificationsForAccount",
        {"BudgetNotificationsForAccount": [{"BudgetName": "monthly-total", "Notifications": [notification]}]},
    )


def _history() -> None:
    answer("cloudwatch", "DescribeAlarmHistory", {"AlarmHistoryItems": changes()})


def changes() -> list[dict[str, str]]:
    """web-latency goes on and off, five times a day; web-5xx did so once."""
    items = [change("web-5xx", 60.2, "ALARM", "OK"), change("web-5xx", 60.5, "OK", "ALARM")]
    for spike in range(35):
        begun = 4.8 * spike + 1
        items += [
            change("web-latency", begun - 0.1, "ALARM", "OK"),
            change("web-latency", begun, "OK", "ALARM"),
        ]
    return sorted(items, key=lambda item: item["Timestamp"], reverse=True)


def change(alarm: str, hours: float, old: str, new: str) -> dict[str, str]:
    """An item of the alarm's history, so many hours ago."""
    states = {"version": "1.0", "oldState": {"stateValue": old}, "newState": {"stateValue": new}}
    return {
        "AlarmName": alarm,
        "AlarmType": "MetricAlarm",
        "Timestamp": ago(hours=hours).isoformat(),
        "HistoryItemType": "StateUpdate",
        "HistorySummary": f"Alarm updated from {old} to {new}",
        "HistoryData": json.dumps(states),
    }


def _alarms(ids: dict[str, str], topics: dict[str, str]) -> None:
    oncall = [topics["topic-alerts-oncall"]]
    web, api, staging = ({"LoadBalancer": suffix(ids[name])} for name in ("web", "api", "staging"))
    elb = "AWS/ApplicationELB"
    _alarm("web-5xx", elb, "HTTPCode_Target_5XX_Count", web, oncall, state="OK")
    math = [
        {
            "Id": "p90",
            "ReturnData": False,
            "MetricStat": {
                "Stat": "p90",
                "Period": 60,
                "Metric": {"Namespace": elb, "MetricName": "TargetResponseTime", "Dimensions": _pairs(web)},
            },
        },
        {"Id": "slow", "Expression": "FILL(p90, 0)", "Label": "p90 with gaps filled", "ReturnData": True},
    ]
    cloudwatch.put_metric_alarm(
        AlarmName="web-latency",
        AlarmDescription="p90 above a second",
        ActionsEnabled=True,
        AlarmActions=oncall,
        EvaluationPeriods=3,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        Metrics=math,
    )
    _settled("web-latency", "OK")
    # MiniStack forgets the metrics of a metric math alarm.
    override(
        "cloudwatch",
        "DescribeAlarms",
        {"AlarmName": "web-latency"},
        {"Metrics": math, "Statistic": None, "Period": None, "Dimensions": []},
    )
    _alarm("api-latency", elb, "TargetResponseTime", api, oncall, enabled=False, statistic="Average")
    _alarm("api-errors", elb, "HTTPCode_Target_5XX_Count", {"LoadBalancer": "app/api/0123456789abcdef"}, oncall)

    # A child without actions whose composite parent has some.
    _alarm("staging-5xx", elb, "HTTPCode_ELB_5XX_Count", staging, [])
    cloudwatch.put_composite_alarm(
        AlarmName="staging-degraded", AlarmRule='ALARM("staging-5xx")', ActionsEnabled=True, AlarmActions=oncall
    )
    _settled("staging-degraded", "OK")

    queues, functions = {"QueueName": "jobs"}, {"FunctionName": "nightly-report"}
    _alarm("jobs-queue-depth", "AWS/SQS", "ApproximateNumberOfMessagesVisible", queues, [])
    _alarm("jobs-oldest-message", "AWS/SQS", "ApproximateAgeOfOldestMessage", queues, [topics["topic-alerts-old"]])
    _alarm("nightly-report-throttles", "AWS/Lambda", "Throttles", functions, [topics["topic-alerts-empty"]])
    _alarm("nightly-report-errors", "AWS/Lambda", "Errors", functions, [topics["topic-alerts-email"]])

    # Metrics of the shop's own. Orders have waited for days, and everybody has grown used to it.
    _alarm("orders-waiting", "Shop", "OrdersWaiting", {}, oncall, state="ALARM")
    _alarm("deployments-failed", "Shop", "DeploymentsFailed", {}, [topics["topic-alerts-deploys"]])
    _alarm("payments-failed", "Shop", "PaymentsFailed", {}, [topics["topic-alerts-sealed"]])
    _alarm("refunds-failed", "Shop", "RefundsFailed", {}, [topics["topic-alerts-keyed"]])


def _pairs(dimensions: dict[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def _alarm(
    name: str,
    namespace: str,
    metric: str,
    dimensions: dict[str, str],
    actions: list[str],
    enabled: bool = True,
    statistic: str = "Sum",
    state: str | None = None,
) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace=namespace,
        MetricName=metric,
        Dimensions=_pairs(dimensions),
        Statistic=statistic,
        Period=300,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        ActionsEnabled=enabled,
        AlarmActions=actions,
    )
    _settled(name, state)


def _settled(name: str, state: str | None) -> None:
    """Alarms older than this minute."""
    then = timestamp(ago(days=8))
    override(
        "cloudwatch",
        "DescribeAlarms",
        {"AlarmName": name},
        {"StateUpdatedTimestamp": then, "StateTransitionedTimestamp": then, "AlarmConfigurationUpdatedTimestamp": then}
        | ({"StateValue": state} if state else {}),
    )
