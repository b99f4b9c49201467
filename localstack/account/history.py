"""A day of CloudTrail: about 150 records, of which a handful are changes by a person's hand."""

from __future__ import annotations

from datetime import timedelta

from .local import ACCOUNT, RANDOM, REGION, ago, control
from .records import (
    ALICE,
    BOB,
    CAROL,
    CHROME,
    CI,
    CLI,
    CLOUDSHELL,
    GITHUB,
    PIPELINE,
    ROOT,
    TERRAFORM,
    TERRAFORM_ROLE,
    assumed_role,
    identifier,
    ingress,
    record,
)


def build(ids: dict[str, str]) -> int:
    events = _changes(ids) + _automation(ids) + _noise(ids)
    control("events", {"account": ACCOUNT, "region": REGION, "events": events})
    at_home = _root()
    control("events", {"account": ACCOUNT, "region": "us-east-1", "events": at_home})
    return len(events) + len(at_home)


def _root() -> list[dict]:
    """The root user signs in and makes itself a key: IAM and the sign-in page write in us-east-1."""
    signed_in = {
        "eventType": "AwsConsoleSignIn",
        "additionalEventData": {"MobileVersion": "No", "MFAUsed": "No"},
        "awsRegion": "us-east-1",
    }
    at, key = ago(hours=11, minutes=40), {"accessKey": {"userName": "root", "status": "Active"}}
    return [
        record(at, "signin.amazonaws.com", "ConsoleLogin", ROOT, CHROME, None, {"ConsoleLogin": "Success"}, **signed_in),
        record(
            at + timedelta(minutes=3),
            "iam.amazonaws.com",
            "CreateAccessKey",
            ROOT,
            CHROME,
            None,
            key,
            console=True,
            tls=False,
            awsRegion="us-east-1",
        ),
    ]


def _changes(ids: dict[str, str]) -> list[dict]:
    """What people did by hand, and two things that look like it."""
    postgres = ids["legacy-postgres"]
    group = [("AWS::EC2::SecurityGroup", postgres)]
    listed = {
        "requestId": identifier("rule"),
        "_return": True,
        "securityGroupRuleSet": {
            "items": [
                {
                    "groupOwnerId": ACCOUNT,
                    "groupId": postgres,
                    "securityGroupRuleId": "sgr-0f1e2d3c4b5a69788",
                    "isEgress": False,
                    "ipProtocol": "tcp",
                    "fromPort": 5432,
                    "toPort": 5432,
                    "cidrIpv4": "0.0.0.0/0",
                    "description": "heroku dynos",
                }
            ]
        },
    }
    return [
        record(
            ago(hours=9, minutes=12),
            "ec2.amazonaws.com",
            "AuthorizeSecurityGroupIngress",
            ALICE,
            CHROME,
            ingress(postgres, 5432, "0.0.0.0/0", "heroku dynos"),
            listed,
            group,
            console=True,
            tls=False,
        ),
        record(
            ago(hours=9, minutes=10),
            "ec2.amazonaws.com",
            "AuthorizeSecurityGroupIngress",
            ALICE,
            CHROME,
            ingress(postgres, 5432, "0.0.0.0/0"),
            None,
            group,
            console=True,
            tls=False,
            errorCode="Client.InvalidPermission.Duplicate",
            errorMessage="the specified rule already exists",
        ),
        record(
            ago(hours=7, minutes=3),
            "logs.amazonaws.com",
            "PutRetentionPolicy",
            BOB,
            CLOUDSHELL,
            {"logGroupName": "/ecs/api", "retentionInDays": 30},
            None,
            [],
            console=True,
            ip="3.250.44.17",
        ),
        record(
            ago(hours=6, minutes=41),
            "elasticloadbalancing.amazonaws.com",
            "ModifyTargetGroup",
            CAROL,
            CLI + " md/command#elbv2.modify-target-group",
            {"targetGroupArn": ids["tg-api"], "healthCheckPath": "/healthz"},
            {"targetGroups": []},
            [("AWS::ElasticLoadBalancingV2::TargetGroup", ids["tg-api"])],
        ),
        record(
            ago(hours=5, minutes=55),
            "ecs.amazonaws.com",
            "UpdateService",
            BOB,
            "Boto3/1.40.61 md/Botocore#1.40.61 ua/2.1 os/linux",
            {"cluster": "production", "service": "worker", "desiredCount": 0},
            {"service": {"serviceName": "worker", "desiredCount": 0}},
            [("AWS::ECS::Service", f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/production/worker")],
            console=True,
            ip="198.51.100.77",
        ),
        record(
            ago(hours=4, minutes=2),
            "rds.amazonaws.com",
            "ModifyDBInstance",
            ALICE,
            "AWS Internal",
            None,
            None,
            [("AWS::RDS::DBInstance", "web-production")],
            console=True,
            ip="AWS Internal",
        ),
        record(
            ago(hours=3, minutes=30),
            "monitoring.amazonaws.com",
            "DisableAlarmActions",
            ALICE,
            CHROME,
            {"alarmNames": ["api-latency"]},
            None,
            [("AWS::CloudWatch::Alarm", "api-latency")],
            console=True,
            tls=False,
            read_only="false",
        ),
        record(
            ago(hours=3, minutes=5),
            "ec2.amazonaws.com",
            "AuthorizeSecurityGroupIngress",
            ALICE,
            CHROME,
            ingress(ids["office-ssh"], 22, "198.51.100.9/32", "working from home"),
            None,
            [("AWS::EC2::SecurityGroup", ids["office-ssh"])],
            console=True,
            tls=False,
        ),
        record(
            ago(hours=2, minutes=40),
            "lambda.amazonaws.com",
            "UpdateFunctionConfiguration20150331v2",
            CI,
            "Boto3/1.40.61 md/Botocore#1.40.61 ua/2.1 os/linux",
            {"functionName": "nightly-report", "description": "runs at night"},
            {"functionName": "nightly-report"},
            [("AWS::Lambda::Function", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:nightly-report")],
        ),
        record(
            ago(hours=2, minutes=18),
            "ec2.amazonaws.com",
            "RevokeSecurityGroupIngress",
            CAROL,
            CLI,
            ingress(ids["app"], 8080, "10.0.0.0/8"),
            None,
            [("AWS::EC2::SecurityGroup", ids["app"])],
            errorCode="Client.UnauthorizedOperation",
            errorMessage="You are not authorized to perform this operation.",
        ),
        record(
            ago(hours=9, minutes=20),
            "signin.amazonaws.com",
            "ConsoleLogin",
            ALICE,
            CHROME,
            None,
            {"ConsoleLogin": "Success"},
            [],
            eventType="AwsConsoleSignIn",
            additionalEventData={"MobileVersion": "No", "MFAUsed": "No"},
        ),
    ]


def _automation(ids: dict[str, str]) -> list[dict]:
    """Terraform, CloudFormation, the pipeline, and services acting for the account."""
    events = []
    partner, office = ids["partner-api"], ids["office-ssh"]
    for number, (name, group, request) in enumerate(
        (
            (
                "CreateSecurityGroup",
                partner,
                {"groupName": "partner-api", "groupDescription": "one partner over IPv6", "vpcId": ids["vpc"]},
            ),
            ("AuthorizeSecurityGroupIngress", partner, ingress(partner, 443, "192.0.2.0/24")),
            (
                "CreateSecurityGroup",
                office,
                {"groupName": "office-ssh", "groupDescription": "ssh from the office", "vpcId": ids["vpc"]},
            ),
            ("AuthorizeSecurityGroupIngress", office, ingress(office, 22, "203.0.113.8/29", "office")),
            (
                "CreateTags",
                office,
                {
                    "resourcesSet": {"items": [{"resourceId": office}]},
                    "tagSet": {"items": [{"key": "app", "value": "ops"}]},
                },
            ),
        )
    ):
        answer = {"_return": True} | ({"groupId": group} if name == "CreateSecurityGroup" else {})
        events.append(
            record(
                ago(hours=15, minutes=30 - number),
                "ec2.amazonaws.com",
                name,
                TERRAFORM_ROLE,
                TERRAFORM,
                request,
                answer,
                [("AWS::EC2::SecurityGroup", group)],
                ip="52.86.200.106",
            )
        )
    events.append(
        record(
            ago(hours=15, minutes=20),
            "lambda.amazonaws.com",
            "UpdateFunctionCode20150331v2",
            TERRAFORM_ROLE,
            TERRAFORM,
            {"functionName": "nightly-report", "dryRun": False, "publish": False},
            {"functionName": "nightly-report", "runtime": "provided.al2023"},
            [("AWS::Lambda::Function", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:nightly-report")],
            ip="52.86.200.106",
        )
    )
    events.append(
        record(
            ago(hours=13, minutes=2),
            "cloudformation.amazonaws.com",
            "UpdateStack",
            GITHUB,
            PIPELINE,
            {"stackName": "web", "capabilities": ["CAPABILITY_IAM"]},
            {"stackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/web/1"},
            [("AWS::CloudFormation::Stack", "web")],
            ip="20.57.72.131",
        )
    )
    by_stack = GITHUB | {"invokedBy": "cloudformation.amazonaws.com"}
    for minute, (source, name, request) in enumerate(
        (
            ("ec2.amazonaws.com", "AuthorizeSecurityGroupIngress", {"groupId": ids["alb-public"]}),
            ("elasticloadbalancing.amazonaws.com", "ModifyListener", {"listenerArn": f"{ids['web']}/listener"}),
            ("ecs.amazonaws.com", "RegisterTaskDefinition", {"family": "web"}),
        )
    ):
        events.append(
            record(
                ago(hours=13, minutes=1 - minute),
                source,
                name,
                by_stack,
                "cloudformation.amazonaws.com",
                request,
                {},
                ip="cloudformation.amazonaws.com",
            )
        )
    for hour in (14, 8, 1):
        events.append(
            record(
                ago(hours=hour, minutes=5),
                "sts.amazonaws.com",
                "AssumeRoleWithWebIdentity",
                {
                    "type": "WebIdentityUser",
                    "principalId": "token.actions.githubusercontent.com:sts.amazonaws.com:repo:example/web",
                    "userName": "repo:example/web:ref:refs/heads/main",
                    "identityProvider": "token.actions.githubusercontent.com",
                },
                PIPELINE,
                {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/github-deploy", "roleSessionName": "GitHubActions"},
                {},
                [("AWS::IAM::Role", f"arn:aws:iam::{ACCOUNT}:role/github-deploy")],
                read_only=True,
                ip="20.57.72.131",
            )
        )
        events.append(
            record(
                ago(hours=hour, minutes=4),
                "ecs.amazonaws.com",
                "UpdateService",
                GITHUB,
                PIPELINE,
                {"cluster": "production", "service": "web", "taskDefinition": "web:42"},
                {"service": {"serviceName": "web"}},
                [("AWS::ECS::Service", f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/production/web")],
                ip="20.57.72.131",
            )
        )
        scaling = assumed_role("AWSServiceRoleForECS", "ecs-service-scheduler", "aws-service-role/ecs.amazonaws.com/")
        scaling["invokedBy"] = "ecs.amazonaws.com"
        for name in ("DeregisterTargets", "RegisterTargets"):
            events.append(
                record(
                    ago(hours=hour, minutes=2),
                    "elasticloadbalancing.amazonaws.com",
                    name,
                    scaling,
                    "ecs.amazonaws.com",
                    {"targetGroupArn": ids["tg-web"], "targets": [{"id": "10.20.10.10", "port": 8080}]},
                    None,
                    [("AWS::ElasticLoadBalancingV2::TargetGroup", ids["tg-web"])],
                    ip="ecs.amazonaws.com",
                )
            )
    events.append(
        record(
            ago(hours=11, minutes=15),
            "autoscaling.amazonaws.com",
            "UpdateAutoScalingGroup",
            assumed_role("AWSServiceRoleForAutoScaling", "AutoScaling") | {"invokedBy": "autoscaling.amazonaws.com"},
            "autoscaling.amazonaws.com",
            {"autoScalingGroupName": "bastion", "desiredCapacity": 1},
            None,
            [("AWS::AutoScaling::AutoScalingGroup", "bastion")],
            ip="autoscaling.amazonaws.com",
        )
    )
    events.append(
        record(
            ago(hours=10, minutes=44),
            "rds.amazonaws.com",
            "CreateDBSnapshot",
            {"type": "AWSService", "invokedBy": "rds.amazonaws.com"},
            "rds.amazonaws.com",
            {"dBInstanceIdentifier": "web-production"},
            None,
            [],
            ip="rds.amazonaws.com",
        )
    )
    return events


def _noise(ids: dict[str, str]) -> list[dict]:
    """Reads by people and machines all day long, and the decryptions of every task that starts."""
    events = []
    reads = (
        ("ec2.amazonaws.com", "DescribeInstances"),
        ("ec2.amazonaws.com", "DescribeSecurityGroups"),
        ("ecs.amazonaws.com", "DescribeServices"),
        ("logs.amazonaws.com", "DescribeLogGroups"),
        ("monitoring.amazonaws.com", "DescribeAlarms"),
        ("rds.amazonaws.com", "DescribeDBInstances"),
        ("elasticloadbalancing.amazonaws.com", "DescribeTargetHealth"),
        ("cloudformation.amazonaws.com", "DescribeStacks"),
    )
    for number in range(80):
        source, name = reads[number % len(reads)]
        who, agent, console = RANDOM.choice(
            ((ALICE, CHROME, True), (BOB, CLI, False), (GITHUB, PIPELINE, False), (TERRAFORM_ROLE, TERRAFORM, False))
        )
        events.append(
            record(
                ago(minutes=17 * number + 16),
                source,
                name,
                who,
                agent,
                None,
                None,
                read_only=True,
                console=console,
                tls=not console,
            )
        )
    task = assumed_role("web-task", "1f0c7c0c2b7a4b0f9a57") | {
        "inScopeOf": {
            "issuerType": "AWS::ECS::Task",
            "credentialsIssuedTo": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/production/1f0c7c0c2b7a4b0f9a57",
        }
    }
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/2b6d3a5e-4f1c-4c8e-9a6b-7d8e9f0a1b2c"
    for number in range(30):
        events.append(
            record(
                ago(minutes=47 * number + 21),
                "kms.amazonaws.com",
                "Decrypt",
                task,
                "secretsmanager.amazonaws.com",
                {
                    "encryptionContext": {"SecretARN": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:web-AbCdEf"},
                    "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
                },
                None,
                [("AWS::KMS::Key", key)],
                read_only=True,
                ip="secretsmanager.amazonaws.com",
                in_record=[{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": key}],
            )
        )
    return events
