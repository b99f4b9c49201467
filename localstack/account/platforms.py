"""What runs elsewhere than on the load balancers: App Runner, EKS and Elastic Beanstalk, one looked after and one not."""

from __future__ import annotations

from datetime import timedelta

from .local import ACCOUNT, NOW, REGION, TODAY, ago, client, control, series

cloudwatch, logs = client("cloudwatch"), client("logs")
HOUR, DAY = 3600, 86400
SECRETS = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret"


def build(ids: dict[str, str]) -> dict[str, str]:
    oncall = ids["topic-alerts-oncall"]
    _app_runner(oncall)
    _eks(oncall)
    _beanstalk(oncall)
    return {}


def _answer(service: str, operation: str, result: dict, **request: str) -> None:
    """In the one region where the team has any of it."""
    control(
        "answers",
        {"service": service, "operation": operation, "region": REGION, "request": request, "result": result},
    )


def _alarm(name: str, namespace: str, metric: str, dimensions: dict[str, str], topic: str) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=5,
        Threshold=10,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[topic],
    )


def _hourly(namespace: str, metric: str, dimensions: dict[str, str], value: float) -> None:
    hours = 4 * 24 + NOW.hour
    series(namespace, metric, dimensions, TODAY - timedelta(days=4), HOUR, [value] * hours)


def _daily(namespace: str, metric: str, dimensions: dict[str, str], value: float) -> None:
    series(namespace, metric, dimensions, TODAY - timedelta(days=8), DAY, [value] * 8)


def _app_runner(oncall: str) -> None:
    """The status page's last deployment was rolled back, its memory is full, and it logs to a file."""
    services = []
    copied = {"DATABASE_URL": "postgres://status:9fJ2kLq8@db.internal.example.com:5432/status"}
    for name, identity, memory, logged, last, variables in (
        ("status-page", "8fe1e10304f84fd2b0df550fe98a71fa", 93.0, 0, "ROLLBACK_SUCCEEDED", copied),
        ("docs", "4c7ad1b0a5c34c0e9bd1f6a1f2f0c1d2", 41.0, 2_000_000, "SUCCEEDED", {}),
    ):
        arn = f"arn:aws:apprunner:{REGION}:{ACCOUNT}:service/{name}/{identity}"
        summary = {
            "ServiceName": name,
            "ServiceId": identity,
            "ServiceArn": arn,
            "ServiceUrl": f"{name}.{REGION}.awsapprunner.com",
            "CreatedAt": ago(days=9).isoformat(),
            "UpdatedAt": ago(days=2).isoformat(),
            "Status": "RUNNING",
        }
        services.append(summary)
        image = {
            "ImageIdentifier": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}:latest",
            "ImageRepositoryType": "ECR",
            "ImageConfiguration": {
                "RuntimeEnvironmentVariables": {"PORT": "8080"} | variables,
                "RuntimeEnvironmentSecrets": {"SECRET_KEY_BASE": f"{SECRETS}:{name}-key-base-aB3dEf"},
                "Port": "8080",
            },
        }
        service = summary | {
            "SourceConfiguration": {"ImageRepository": image, "AutoDeploymentsEnabled": True},
            "InstanceConfiguration": {"Cpu": "1024", "Memory": "2048"},
            "HealthCheckConfiguration": {"Protocol": "TCP", "Interval": 10, "Timeout": 5},
            "AutoScalingConfigurationSummary": {"AutoScalingConfigurationName": "DefaultConfiguration"},
            "NetworkConfiguration": {"IngressConfiguration": {"IsPubliclyAccessible": True}},
        }
        _answer("apprunner", "DescribeService", {"Service": service}, ServiceArn=arn)
        operations = [
            {"Type": kind, "Status": status, "StartedAt": ago(days=days).isoformat()}
            for kind, status, days in (("START_DEPLOYMENT", last, 2), ("CREATE_SERVICE", "SUCCEEDED", 9))
        ]
        _answer("apprunner", "ListOperations", {"OperationSummaryList": operations}, ServiceArn=arn)

        dimensions = {"ServiceName": name, "ServiceID": identity}
        _daily("AWS/AppRunner", "Requests", dimensions, 4000.0)
        _hourly("AWS/AppRunner", "MemoryUtilization", dimensions, memory)
        _hourly("AWS/AppRunner", "CPUUtilization", dimensions, 12.0)
        group = f"/aws/apprunner/{name}/{identity}/application"
        logs.create_log_group(logGroupName=group)
        logs.put_retention_policy(logGroupName=group, retentionInDays=30)
        if logged:
            _daily("AWS/Logs", "IncomingBytes", {"LogGroupName": group}, logged)
        if name == "docs":
            for metric in ("5xxStatusResponses", "RequestLatency", "MemoryUtilization"):
                _alarm(f"docs-{metric}", "AWS/AppRunner", metric, dimensions, oncall)
    _answer("apprunner", "ListServices", {"ServiceSummaryList": services})


def _eks(oncall: str) -> None:
    """Somebody tries Kubernetes on an old version, open to the world; another cluster builds images and is well kept."""
    issue = {"code": "NodeCreationFailure", "message": "Instances failed to join the kubernetes cluster"}
    for name, version, logged, cidrs, memory, group, issues in (
        ("experiments", "1.31", [], ["0.0.0.0/0"], 91.0, "spot", [issue | {"resourceIds": ["i-0aa11bb22cc33dd44"]}]),
        ("tooling", "1.34", ["audit"], ["198.51.100.7/32"], 47.0, "main", []),
    ):
        cluster = {
            "name": name,
            "arn": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{name}",
            "createdAt": ago(days=20).isoformat(),
            "version": version,
            "status": "ACTIVE",
            "resourcesVpcConfig": {
                "endpointPublicAccess": True,
                "endpointPrivateAccess": name == "tooling",
                "publicAccessCidrs": cidrs,
            },
            "logging": {"clusterLogging": [{"types": logged, "enabled": True}] if logged else []},
            "upgradePolicy": {"supportType": "EXTENDED"},
            "tags": {"app": name},
        }
        _answer("eks", "DescribeCluster", {"cluster": cluster}, name=name)
        nodegroup = {
            "nodegroupName": group,
            "nodegroupArn": f"arn:aws:eks:{REGION}:{ACCOUNT}:nodegroup/{name}/{group}/1ac2b3d4",
            "clusterName": name,
            "createdAt": ago(days=20).isoformat(),
            "status": "DEGRADED" if issues else "ACTIVE",
            "version": version,
            "scalingConfig": {"minSize": 1, "maxSize": 4, "desiredSize": 2},
            "instanceTypes": ["t3.large"],
            "health": {"issues": issues},
        }
        _answer("eks", "ListNodegroups", {"nodegroups": [group]}, name=name)
        _answer("eks", "DescribeNodegroup", {"nodegroup": nodegroup}, name=name, nodegroupName=group)
        dimensions = {"ClusterName": name}
        _hourly("ContainerInsights", "node_memory_utilization", dimensions, memory)
        _hourly("ContainerInsights", "node_cpu_utilization", dimensions, 35.0)
        _hourly("ContainerInsights", "node_filesystem_utilization", dimensions, 44.0)
        if name == "tooling":
            for metric in ("cluster_failed_node_count", "node_memory_utilization"):
                _alarm(f"tooling-{metric}", "ContainerInsights", metric, dimensions, oncall)
    _answer("eks", "ListClusters", {"clusters": ["experiments", "tooling"]})
    _answer("eks", "ListAddons", {"addons": ["vpc-cni", "coredns", "amazon-cloudwatch-observability"]})
    versions = [
        {"clusterVersion": version, "versionStatus": status, "endOfStandardSupportDate": (NOW + until).isoformat()}
        for version, status, until in (
            ("1.34", "STANDARD_SUPPORT", timedelta(days=250)),
            ("1.31", "EXTENDED_SUPPORT", timedelta(days=-40)),
        )
    ]
    _answer("eks", "DescribeClusterVersions", {"clusterVersions": versions})


def _beanstalk(oncall: str) -> None:
    """The old admin of a bought company, which came as it was, and reports, which somebody set up with care."""
    environments = []
    for name, kept, cpu in (("legacy-admin", False, 94.0), ("reports", True, 22.0)):
        group = f"awseb-e-{name}-stack-AWSEBAutoScalingGroup-1A2B3C4D"
        environments.append(
            {
                "EnvironmentName": name,
                "EnvironmentId": f"e-{name[:8]}",
                "ApplicationName": name,
                "EnvironmentArn": f"arn:aws:elasticbeanstalk:{REGION}:{ACCOUNT}:environment/{name}/{name}",
                "VersionLabel": "v41",
                "SolutionStackName": "64bit Amazon Linux 2023 v6.1.0 running Node.js 20",
                "DateCreated": ago(days=30).isoformat(),
                "DateUpdated": ago(days=8).isoformat(),
                "Status": "Ready",
                "Health": "Green" if kept else "Red",
                "HealthStatus": "Ok" if kept else "Severe",
                "Tier": {"Name": "WebServer", "Type": "Standard", "Version": "1.0"},
            }
        )
        options = [
            {"Namespace": f"aws:{namespace}", "OptionName": option, "Value": value}
            for namespace, option, value in (
                ("elasticbeanstalk:cloudwatch:logs", "StreamLogs", str(kept).lower()),
                ("elasticbeanstalk:cloudwatch:logs", "RetentionInDays", "30" if kept else "7"),
                ("elasticbeanstalk:healthreporting:system", "SystemType", "enhanced"),
                ("elasticbeanstalk:managedactions", "ManagedActionsEnabled", str(kept).lower()),
                ("elasticbeanstalk:environment", "EnvironmentType", "LoadBalanced"),
                ("elasticbeanstalk:sns:topics", "Notification Endpoint", "ops@example.com" if kept else ""),
                ("elasticbeanstalk:application:environment", "NODE_ENV", "production"),
                ("elasticbeanstalk:application:environmentsecrets", "SESSION_KEY", f"{SECRETS}:{name}-session-gH1jKl")
                if kept
                else ("elasticbeanstalk:application:environment", "SMTP_PASSWORD", "vK3!mZ7qTw"),
            )
        ]
        settings = {"ApplicationName": name, "EnvironmentName": name, "OptionSettings": options}
        settings["DeploymentStatus"] = "deployed"
        _answer(
            "elasticbeanstalk",
            "DescribeConfigurationSettings",
            {"ConfigurationSettings": [settings]},
            EnvironmentName=name,
        )
        resources = {"EnvironmentName": name, "AutoScalingGroups": [{"Name": group}]}
        _answer(
            "elasticbeanstalk",
            "DescribeEnvironmentResources",
            {"EnvironmentResources": resources},
            EnvironmentName=name,
        )
        _hourly("AWS/EC2", "CPUUtilization", {"AutoScalingGroupName": group}, cpu)
        if kept:
            _alarm("reports-instances-cpu", "AWS/EC2", "CPUUtilization", {"AutoScalingGroupName": group}, oncall)
    _answer("elasticbeanstalk", "DescribeEnvironments", {"Environments": environments})
