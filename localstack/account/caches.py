"""ElastiCache: a tidy replication group that is too large, a lone Redis for jobs, a Memcached, a serverless cache."""

from __future__ import annotations

from datetime import timedelta

from .local import RANDOM, TODAY, ago, client, override, series, tags, timestamp
from .network import interface

ec2, elasticache, cloudwatch = client("ec2"), client("elasticache"), client("cloudwatch")
HOUR = 3600
DAYS = 14


def build(ids: dict[str, str]) -> dict[str, str]:
    made = {"sg-cache": _security_group(ids)}
    oncall = ids["topic-alerts-oncall"]
    made |= _web(ids, made["sg-cache"], oncall)
    made |= _sidekiq(ids)
    made |= _pages(made["sg-cache"], oncall)
    return made | _sessions(made["sg-cache"], oncall)


def _security_group(ids: dict[str, str]) -> str:
    group = ec2.create_security_group(
        GroupName="cache", Description="the application reaches its caches", VpcId=ids["vpc"]
    )["GroupId"]
    ec2.create_tags(Resources=[group], Tags=[*tags("web"), {"Key": "Name", "Value": "cache"}])
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [{"GroupId": ids["app"]}]}
            for port in (6379, 11211)
        ],
    )
    return group


def _web(ids: dict[str, str], group: str, oncall: str) -> dict[str, str]:
    """Everything as it should be, but that an eighth of it would do."""
    made = elasticache.create_replication_group(
        ReplicationGroupId="web-cache",
        ReplicationGroupDescription="fragments and rate limits",
        Engine="valkey",
        CacheNodeType="cache.r7g.large",
        NumCacheClusters=2,
        SecurityGroupIds=[group],
        TransitEncryptionEnabled=True,
        AtRestEncryptionEnabled=True,
        AuthToken="not-a-real-token-of-anything",
        SnapshotRetentionLimit=3,
    )["ReplicationGroup"]
    override(
        "elasticache",
        "DescribeReplicationGroups",
        {"ReplicationGroupId": "web-cache"},
        {"ReplicationGroupCreateTime": timestamp(ago(days=41))},
    )
    for zone, node in zip("ab", made["MemberClusters"], strict=True):
        _old(node, 41)
        interface(
            ids[f"subnet-private-{zone}"],
            [group],
            {"description": f"ElastiCache {node}", "requesterId": "amazon-elasticache", "requesterManaged": True},
        )
        _load(node, memory=6.0, cpu=3.0)
        for metric, threshold in (
            ("DatabaseMemoryUsagePercentage", 80),
            ("Evictions", 100),
            ("CurrConnections", 1000),
        ):
            _alarm(f"{node}-{metric}", metric, {"CacheClusterId": node}, threshold, oncall)
    return {"web-cache": made["ARN"]}


def _sidekiq(ids: dict[str, str]) -> dict[str, str]:
    """Jobs on one node behind a group that a prefix list opens; nothing is copied, and nobody is told."""
    arn = elasticache.create_cache_cluster(
        CacheClusterId="sidekiq",
        Engine="redis",
        CacheNodeType="cache.t4g.small",
        NumCacheNodes=1,
        SecurityGroupIds=[ids["via-prefix-list"]],
    )["CacheCluster"]["ARN"]
    _old("sidekiq", 30, ids["via-prefix-list"])
    _load("sidekiq", memory=45.0, cpu=12.0)
    return {"sidekiq": arn}


def _pages(group: str, oncall: str) -> dict[str, str]:
    arn = elasticache.create_cache_cluster(
        CacheClusterId="pages", Engine="memcached", CacheNodeType="cache.t4g.small", NumCacheNodes=1
    )["CacheCluster"]["ARN"]
    _old("pages", 30, group)
    for metric, threshold in (("Evictions", 1000), ("CurrConnections", 1000)):
        _alarm(f"pages-{metric}", metric, {"CacheClusterId": "pages", "CacheNodeId": "0001"}, threshold, oncall)
    return {"pages": arn}


def _sessions(group: str, oncall: str) -> dict[str, str]:
    """Its alarm watches a dimension that serverless caches do not have."""
    arn = elasticache.create_serverless_cache(
        ServerlessCacheName="sessions", Engine="valkey", SecurityGroupIds=[group], SnapshotRetentionLimit=1
    )["ServerlessCache"]["ARN"]
    override(
        "elasticache",
        "DescribeServerlessCaches",
        {"ServerlessCacheName": "sessions"},
        {"CreateTime": timestamp(ago(days=20)), "UserGroupId": "application", "SnapshotRetentionLimit": 1},
    )
    _alarm("sessions-throttled", "ThrottledCmds", {"CacheClusterId": "sessions"}, 0, oncall)
    return {"sessions": arn}


def _old(cluster: str, days: int, group: str | None = None) -> None:
    """MiniStack makes everything now, and forgets the security groups of lone clusters."""
    changes: dict = {"CacheClusterCreateTime": timestamp(ago(days=days))}
    if group:
        changes["SecurityGroups"] = [{"SecurityGroupId": group, "Status": "active"}]
    override("elasticache", "DescribeCacheClusters", {"CacheClusterId": cluster}, changes)


def _load(node: str, memory: float, cpu: float) -> None:
    start = TODAY - timedelta(days=DAYS)
    for metric, level in (("DatabaseMemoryUsagePercentage", memory), ("EngineCPUUtilization", cpu)):
        values = [round(level * RANDOM.uniform(0.8, 1.2), 2) for _ in range((DAYS + 1) * 24)]
        series("AWS/ElastiCache", metric, {"CacheClusterId": node}, start, HOUR, values)


def _alarm(name: str, metric: str, dimensions: dict[str, str], threshold: int, action: str) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/ElastiCache",
        MetricName=metric,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=5,
        Threshold=threshold,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[action],
    )
    then = timestamp(ago(days=8))
    override(
        "cloudwatch",
        "DescribeAlarms",
        {"AlarmName": name},
        {
            "StateValue": "OK",
            "StateUpdatedTimestamp": then,
            "StateTransitionedTimestamp": then,
            "AlarmConfigurationUpdatedTimestamp": then,
        },
    )
