"""Databases: what the move opened and forgot, what a trial left behind, and some that are as they should be."""

from __future__ import annotations

from datetime import datetime, timedelta

from .local import ACCOUNT, RANDOM, REGION, TODAY, ago, client, control, override, series, tags, timestamp
from .network import DAY, interface
from .records import ALICE, CHROME, TERRAFORM, TERRAFORM_ROLE, record

ec2, rds, cloudwatch = client("ec2"), client("rds"), client("cloudwatch")

GIB = 1024**3
NAMES = {
    "connections": "DatabaseConnections",
    "storage": "FreeStorageSpace",
    "cpu": "CPUUtilization",
    "memory": "FreeableMemory",
    "replica-lag": "ReplicaLag",
    "capacity": "ACUUtilization",
}


def build(ids: dict[str, str]) -> dict[str, str]:
    made = _surroundings(ids)
    oncall = ids["topic-alerts-oncall"]

    # As it should be: private, in two zones, watched, and busy enough for its class.
    _instance(
        "orders-production",
        "orders",
        "db.m6g.large",
        ago(days=40),
        [made["sg-databases"]],
        "private",
        AllocatedStorage=200,
        MaxAllocatedStorage=500,
        MultiAZ=True,
        BackupRetentionPeriod=14,
        DeletionProtection=True,
        EnableCloudwatchLogsExports=["postgresql", "upgrade"],
        EnablePerformanceInsights=True,
    )
    _load("orders-production", 40, cpu=38, connections=160, free_gib=2.1, iops=420, storage_gib=120)
    _watch("orders-production", ["connections", "storage", "cpu", "memory"], oncall)
    _replica("orders-production-replica", "orders-production", "orders", ago(days=39))
    _load("orders-production-replica", 39, cpu=22, connections=40, free_gib=2.4, iops=380, storage_gib=120)
    _watch("orders-production-replica", ["connections", "storage", "cpu", "memory", "replica-lag"], oncall)

    # Copied out of Heroku over the internet, and still open to it.
    _instance(
        "web-production-db",
        "web",
        "db.t4g.large",
        ago(days=24),
        [ids["legacy-postgres"]],
        "public",
        AllocatedStorage=100,
        PubliclyAccessible=True,
        BackupRetentionPeriod=7,
    )
    made["eni-web-production-db"] = _interface(
        ids["subnet-public-a"], ids["legacy-postgres"], "198.51.100.18", "0a1b2c3d4e5f60002"
    )
    _load("web-production-db", 24, cpu=31, connections=210, free_gib=2.2, iops=260, storage_gib=40)
    _watch("web-production-db", ["storage"], oncall)

    # A rehearsal of the move that nobody has used since; public, though no group opens it.
    _instance(
        "web-staging",
        "web",
        "db.t4g.medium",
        ago(days=55),
        [made["sg-databases"]],
        "public",
        env="staging",
        AllocatedStorage=20,
        PubliclyAccessible=True,
        BackupRetentionPeriod=0,
    )
    _load("web-staging", 55, cpu=3, connections=0, free_gib=2.6, iops=1, storage_gib=17)

    # Sized by the Heroku plan that it came from, and in the public subnets of the first days.
    _instance(
        "reports",
        "reports",
        "db.r6g.xlarge",
        ago(days=33),
        [made["sg-databases"]],
        "public",
        AllocatedStorage=100,
        BackupRetentionPeriod=7,
        DeletionProtection=True,
        EnableCloudwatchLogsExports=["postgresql"],
    )
    _load("reports", 33, cpu=7, connections=24, free_gib=21.5, iops=35, storage_gib=70)
    _watch("reports", ["connections", "storage", "cpu", "memory"], oncall)

    _cluster(made["sg-databases"], oncall)
    _history(ids)
    return made


def _surroundings(ids: dict[str, str]) -> dict[str, str]:
    """Subnet groups, and the group that lets the application in alone."""
    for kind in ("public", "private"):
        rds.create_db_subnet_group(
            DBSubnetGroupName=kind,
            DBSubnetGroupDescription=f"the {kind} subnets",
            SubnetIds=[ids[f"subnet-{kind}-{zone}"] for zone in "ab"],
        )
    group = ec2.create_security_group(
        GroupName="databases", Description="PostgreSQL for the application", VpcId=ids["vpc"]
    )["GroupId"]
    ec2.create_tags(Resources=[group], Tags=[*tags("network", stack="network"), {"Key": "Name", "Value": "databases"}])
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": ids["app"]}]}
        ],
    )
    made = {"sg-databases": group}
    made["eni-orders-production"] = _interface(ids["subnet-private-a"], group, None, "0a1b2c3d4e5f60001")
    return made


def _interface(subnet: str, group: str, public_ip: str | None, attachment: str) -> str:
    """RDS puts one into the subnet that an instance is in; MiniStack does not."""
    changes = {
        "description": "RDSNetworkInterface",
        "requesterId": "amazon-rds",
        "requesterManaged": True,
        "attachment": {
            "attachmentId": f"eni-attach-{attachment}",
            "instanceOwnerId": "amazon-rds",
            "deviceIndex": 1,
            "status": "attached",
        },
    }
    if public_ip:
        changes["association"] = {"publicIp": public_ip, "publicDnsName": "", "ipOwnerId": "amazon-rds"}
    return interface(subnet, [group], changes)


def _settled(name: str, created: datetime, changes: dict | None = None) -> None:
    """Older than this minute, and where an endpoint of AWS's would be."""
    override(
        "rds",
        "DescribeDBInstances",
        {"DBInstanceIdentifier": name},
        {
            "InstanceCreateTime": timestamp(created),
            "Endpoint": {"Address": f"{name}.c9akciq32rgh.{REGION}.rds.amazonaws.com", "Port": 5432},
        }
        | (changes or {}),
    )


def _instance(
    name: str,
    app: str,
    kind: str,
    created: datetime,
    groups: list[str],
    subnets: str,
    env: str = "production",
    **more: object,
) -> None:
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        Engine="postgres",
        EngineVersion="17.4",
        DBInstanceClass=kind,
        StorageType="gp3",
        StorageEncrypted=True,
        MasterUsername="app",
        MasterUserPassword="only-here-and-used-nowhere",
        VpcSecurityGroupIds=groups,
        DBSubnetGroupName=subnets,
        AvailabilityZone=f"{REGION}a",
        Tags=tags(app, env),
        **more,
    )
    _settled(name, created)


def _replica(name: str, source: str, app: str, created: datetime) -> None:
    rds.create_db_instance_read_replica(
        DBInstanceIdentifier=name,
        SourceDBInstanceIdentifier=source,
        DBInstanceClass="db.m6g.large",
        PubliclyAccessible=False,
        Tags=tags(app),
    )
    _settled(name, created)


def _cluster(group: str, oncall: str) -> None:
    """Aurora Serverless, whose alarms watch the cluster."""
    rds.create_db_cluster(
        DBClusterIdentifier="jobs",
        Engine="aurora-postgresql",
        MasterUsername="app",
        MasterUserPassword="only-here-and-used-nowhere",
        VpcSecurityGroupIds=[group],
        DBSubnetGroupName="private",
        BackupRetentionPeriod=7,
        StorageEncrypted=True,
        DeletionProtection=True,
        EnableCloudwatchLogsExports=["postgresql"],
        ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 8},
        Tags=tags("jobs"),
    )
    created = {"ClusterCreateTime": timestamp(ago(days=31))}
    override("rds", "DescribeDBClusters", {"DBClusterIdentifier": "jobs"}, created)
    rds.create_db_instance(
        DBInstanceIdentifier="jobs-1",
        DBClusterIdentifier="jobs",
        Engine="aurora-postgresql",
        DBInstanceClass="db.serverless",
        DBSubnetGroupName="private",
        VpcSecurityGroupIds=[group],
        Tags=tags("jobs"),
    )
    _settled("jobs-1", ago(days=31))
    _load("jobs-1", 31, cpu=30, connections=12, free_gib=1.0, iops=90, storage_gib=0)
    for signal in ("connections", "capacity"):
        _alarm(f"jobs-{signal}", NAMES[signal], {"DBClusterIdentifier": "jobs"}, oncall)


def _load(
    name: str, days: int, cpu: float, connections: float, free_gib: float, iops: float, storage_gib: float
) -> None:
    """Six values a day since it was made, at most three weeks."""
    days = min(days, 21)
    start = TODAY - timedelta(days=days)
    for metric, level, decimals in (
        ("CPUUtilization", cpu, 2),
        ("DatabaseConnections", connections, 0),
        ("FreeableMemory", free_gib * GIB, 0),
        ("FreeStorageSpace", storage_gib * GIB, 0),
        ("ReadIOPS", iops * 0.6, 2),
        ("WriteIOPS", iops * 0.4, 2),
    ):
        values = [round(level * RANDOM.uniform(0.9, 1.1), decimals) for _ in range(6 * days + 2)]
        series("AWS/RDS", metric, {"DBInstanceIdentifier": name}, start, DAY // 6, values)


def _watch(name: str, signals: list[str], oncall: str) -> None:
    for signal in signals:
        _alarm(f"{name}-{signal}", NAMES[signal], {"DBInstanceIdentifier": name}, oncall)


def _alarm(name: str, metric: str, dimensions: dict[str, str], oncall: str) -> None:
    free = metric.startswith("Free")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/RDS",
        MetricName=metric,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        Statistic="Minimum" if free else "Maximum",
        Period=300,
        EvaluationPeriods=3,
        Threshold=GIB if free else 90,
        ComparisonOperator="LessThanThreshold" if free else "GreaterThanThreshold",
        ActionsEnabled=True,
        AlarmActions=[oncall],
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


def _history(ids: dict[str, str]) -> None:
    """Terraform made it private; days before the cut-over a person gave it a public address."""
    instance = [("AWS::RDS::DBInstance", "web-production-db")]
    shape = {"dBInstanceIdentifier": "web-production-db", "dBInstanceClass": "db.t4g.large", "engine": "postgres"}
    events = [
        record(
            ago(days=24),
            "rds.amazonaws.com",
            "CreateDBInstance",
            TERRAFORM_ROLE,
            TERRAFORM,
            shape | {"publiclyAccessible": False, "vpcSecurityGroupIds": [ids["app"]]},
            shape | {"publiclyAccessible": False},
            instance,
            ip="52.86.200.106",
        ),
        record(
            ago(days=12, hours=3),
            "rds.amazonaws.com",
            "ModifyDBInstance",
            ALICE,
            CHROME,
            {
                "dBInstanceIdentifier": "web-production-db",
                "publiclyAccessible": True,
                "vpcSecurityGroupIds": [ids["legacy-postgres"]],
                "applyImmediately": True,
                "allowMajorVersionUpgrade": False,
            },
            shape | {"publiclyAccessible": True},
            instance,
            console=True,
            tls=False,
        ),
    ]
    control("events", {"account": ACCOUNT, "region": REGION, "events": events})
