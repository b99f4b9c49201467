"""The cluster `production`: what the dynos became, and the repositories that their images come from."""

from __future__ import annotations

import json
from datetime import timedelta

from .local import ACCOUNT, GB, RANDOM, REGION, TODAY, ago, answer, client, override, series, timestamp

ecs, ecr, cloudwatch = client("ecs"), client("ecr"), client("cloudwatch")

CLUSTER = "production"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
HEROKU_POSTGRES = "ec2-52-7-115-250.compute-1.amazonaws.com"
HOUR = 3600
DAYS = 10
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


def build(ids: dict[str, str]) -> dict[str, str]:
    made = {"cluster-production": ecs.create_cluster(clusterName=CLUSTER)["cluster"]["clusterArn"]}
    made |= _repositories()
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:web"
    definitions = {
        "web": _definition(
            "web",
            1024,
            2048,
            f"{REGISTRY}/web:2f6c1d9",
            environment={"RACK_ENV": "production", "PORT": "8080"},
            secrets={"DATABASE_URL": f"{secret}/database-Ab12Cd", "SECRET_KEY_BASE": f"{secret}/key-base-Ef34Gh"},
        ),
        # Copied from `heroku config`, on the day of the move.
        "api": _definition(
            "api",
            2048,
            4096,
            f"{REGISTRY}/api:latest",
            environment={
                "DATABASE_URL": f"postgres://u4kq2mdtn:pf31c9e8a7b6@{HEROKU_POSTGRES}:5432/d8a1b2c3d4",
                "SECRET_KEY_BASE": "b2d1f0c3e4a5968778695a4b3c2d1e0ff0e1d2c3b4a5968778695a4b3c2d1e0f",
                "HEROKU_APP_NAME": "example-api",
                "PORT": "8080",
            },
        ),
        "worker": _definition("worker", 512, 1024, f"{REGISTRY}/web:2f6c1d9", environment={"RACK_ENV": "production"}),
        "reports": _definition("reports", 512, 1024, f"{REGISTRY}/web:2f6c1d9", logs=False),
    }
    for name, age, count, configuration in (
        ("web", ago(days=10), 2, BREAKER),
        ("api", ago(days=10), 2, {}),
        ("worker", ago(days=10), 0, BREAKER),
        ("reports", ago(days=3), 1, BREAKER),
    ):
        made[f"service-{name}"] = _service(ids, name, definitions[name], age, count, configuration)
    _use()
    _alarms(ids)
    _killed_for_memory(made["cluster-production"], definitions["reports"])
    return made


def _definition(
    name: str,
    cpu: int,
    memory: int,
    image: str,
    environment: dict[str, str] | None = None,
    secrets: dict[str, str] | None = None,
    logs: bool = True,
) -> str:
    container = {
        "name": name,
        "image": image,
        "essential": True,
        "environment": [{"name": key, "value": value} for key, value in (environment or {}).items()],
        "secrets": [{"name": key, "valueFrom": arn} for key, arn in (secrets or {}).items()],
    }
    if logs:
        container["logConfiguration"] = {
            "logDriver": "awslogs",
            "options": {"awslogs-group": f"/ecs/{name}", "awslogs-region": REGION, "awslogs-stream-prefix": "ecs"},
        }
    return ecs.register_task_definition(
        family=name,
        cpu=str(cpu),
        memory=str(memory),
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        executionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/ecs-execution",
        runtimePlatform={"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        containerDefinitions=[container],
    )["taskDefinition"]["taskDefinitionArn"]


def _service(ids: dict[str, str], name: str, definition: str, age, count: int, configuration: dict) -> str:
    behind = {}
    if f"tg-{name}" in ids:
        target = {"targetGroupArn": ids[f"tg-{name}"], "containerName": name, "containerPort": 8080}
        behind = {"loadBalancers": [target]}
    arn = ecs.create_service(
        cluster=CLUSTER,
        serviceName=name,
        taskDefinition=definition,
        desiredCount=count,
        launchType="FARGATE",
        deploymentConfiguration={"maximumPercent": 200, "minimumHealthyPercent": 100} | configuration,
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": [ids["subnet-private-a"], ids["subnet-private-b"]],
                "securityGroups": [ids["app"]],
            }
        },
        tags=[{"key": "app", "value": name}, {"key": "env", "value": "production"}],
        **behind,
    )["service"]["serviceArn"]
    override("ecs", "DescribeServices", {"serviceName": name}, {"createdAt": timestamp(age)})
    deployed = {"createdAt": timestamp(age), "updatedAt": timestamp(age)}
    override("ecs", "DescribeServices", {"taskDefinition": definition, "status": "PRIMARY"}, deployed)
    override("ecs", "DescribeTaskDefinition", {"taskDefinitionArn": definition}, {"registeredAt": timestamp(age)})
    return arn


def _use() -> None:
    """The API was given four times what its dyno had, to be safe."""
    start = TODAY - timedelta(days=DAYS)
    for name, cpu, memory in (("web", (35, 62), (55, 68)), ("api", (4, 9), (14, 19))):
        for metric, (low, high) in (("CPUUtilization", cpu), ("MemoryUtilization", memory)):
            values = [round(RANDOM.uniform(low, high), 2) for _ in range(DAYS * 24)]
            series("AWS/ECS", metric, {"ClusterName": CLUSTER, "ServiceName": name}, start, HOUR, values)


def _alarms(ids: dict[str, str]) -> None:
    for name, metric, statistic, comparison, threshold in (
        ("web-cpu", "CPUUtilization", "Average", "GreaterThanThreshold", 80),
        ("web-memory", "MemoryUtilization", "Maximum", "GreaterThanThreshold", 85),
        ("web-no-task", "CPUUtilization", "SampleCount", "LessThanThreshold", 1),
    ):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/ECS",
            MetricName=metric,
            Dimensions=[{"Name": "ClusterName", "Value": CLUSTER}, {"Name": "ServiceName", "Value": "web"}],
            Statistic=statistic,
            Period=60,
            EvaluationPeriods=5,
            Threshold=threshold,
            ComparisonOperator=comparison,
            TreatMissingData="breaching" if statistic == "SampleCount" else "notBreaching",
            AlarmActions=[ids["topic-alerts-oncall"]],
        )
        override("cloudwatch", "DescribeAlarms", {"AlarmName": name}, {"StateValue": "OK"})


def _killed_for_memory(cluster: str, definition: str) -> None:
    """Seven starts since midnight; the last task that died is still to be seen."""
    service = "(service reports)"
    events = []
    for number in range(7):
        at = ago(minutes=20 + 40 * number).timestamp()
        steady, started = "has reached a steady state.", f"has started 1 tasks: (task {number:032x})."
        events.append({"id": f"steady-{number}", "createdAt": at + 60, "message": f"{service} {steady}"})
        events.append({"id": f"start-{number}", "createdAt": at, "message": f"{service} {started}"})
    override("ecs", "DescribeServices", {"serviceName": "reports"}, {"events": events})
    task = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/{CLUSTER}/{1:032x}"
    answer(
        "ecs",
        "ListTasks",
        {"taskArns": [task]},
        {"cluster": cluster, "serviceName": "reports", "desiredStatus": "STOPPED"},
    )
    container = {
        "name": "reports",
        "lastStatus": "STOPPED",
        "exitCode": 137,
        "reason": "OutOfMemoryError: Container killed due to memory usage",
    }
    stopped = {
        "taskArn": task,
        "clusterArn": cluster,
        "taskDefinitionArn": definition,
        "group": "service:reports",
        "lastStatus": "STOPPED",
        "desiredStatus": "STOPPED",
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "stoppedAt": ago(minutes=21).isoformat(),
        "containers": [container],
    }
    answer("ecs", "DescribeTasks", {"tasks": [stopped], "failures": []}, {"cluster": cluster})


def _repositories() -> dict[str, str]:
    made = {}
    for name in ("web", "api"):
        made[f"repository-{name}"] = ecr.create_repository(repositoryName=name)["repository"]["repositoryArn"]
        age = {"createdAt": timestamp(ago(days=24))}
        override("ecr", "DescribeRepositories", {"repositoryName": name}, age)
    rule = {
        "rulePriority": 1,
        "description": "Keep the last 30 images",
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 30},
        "action": {"type": "expire"},
    }
    ecr.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=json.dumps({"rules": [rule]}))
    images = [
        {
            "registryId": ACCOUNT,
            "repositoryName": "api",
            "imageDigest": f"sha256:{number:064x}",
            "imageSizeInBytes": GB // 4 + number,
            "imagePushedAt": ago(hours=4 * number).isoformat(),
        }
        | ({} if number else {"imageTags": ["latest"]})
        for number in range(120)
    ]
    answer("ecr", "DescribeImages", {"imageDetails": images}, {"repositoryName": "api"})
    return made
