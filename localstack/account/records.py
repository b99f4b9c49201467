"""How a CloudTrail record looks: who acts, with what program, and the fields that every record has."""

from __future__ import annotations

import uuid
from datetime import datetime

from .local import ACCOUNT, REGION, ago

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
CLI = "aws-cli/2.31.18 md/awscrt#0.28.2 ua/2.1 os/macos#24.6.0 md/arch#arm64 lang/python#3.13.9 md/prompt#off"
CLOUDSHELL = (
    "aws-cli/2.31.13 md/awscrt#0.27.6 ua/2.1 os/linux#6.1.156 md/arch#x86_64 lang/python#3.13.7 "
    "exec-env/CloudShell cfg/retry-mode#standard md/prompt#off md/command#logs.put-retention-policy"
)
TERRAFORM = (
    "APN/1.0 HashiCorp/1.0 Terraform/1.13.5 (+https://www.terraform.io) terraform-provider-aws/6.21.0 "
    "(+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.39.6 os/linux lang/go#1.24.9"
)
PIPELINE = "aws-sdk-js/3.922.0 os/linux#6.11.0 lang/js md/nodejs#20.19.5 api/ecs#3.922.0"


def stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def identifier(text: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text))


def assumed_role(role: str, session: str, path: str = "", **context: object) -> dict:
    key = "ASIA" + uuid.uuid5(uuid.NAMESPACE_URL, role + session).hex[:16].upper()
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLE{role[:6].upper()}:{session}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}",
        "accountId": ACCOUNT,
        "accessKeyId": key,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": f"AROAEXAMPLE{role[:6].upper()}",
                "arn": f"arn:aws:iam::{ACCOUNT}:role/{path}{role}",
                "accountId": ACCOUNT,
                "userName": role,
            },
            "attributes": {"creationDate": stamp(ago(hours=20)), "mfaAuthenticated": "false"},
        }
        | context,
    }


def sso(person: str) -> dict:
    return assumed_role(
        "AWSReservedSSO_Administrator_4f1d2c3b5a697887", person, "aws-reserved/sso.amazonaws.com/eu-west-1/"
    )


ALICE, BOB = sso("alice@example.com"), sso("bob@example.com")
CAROL = {
    "type": "IAMUser",
    "principalId": "AIDAEXAMPLECAROL",
    "arn": f"arn:aws:iam::{ACCOUNT}:user/carol",
    "accountId": ACCOUNT,
    "accessKeyId": "AKIAEXAMPLECAROL0001",
    "userName": "carol",
}
CI = CAROL | {
    "principalId": "AIDAEXAMPLECI",
    "arn": f"arn:aws:iam::{ACCOUNT}:user/ci",
    "accessKeyId": "AKIAEXAMPLECI0000001",
    "userName": "ci",
}
ROOT = {
    "type": "Root",
    "principalId": ACCOUNT,
    "arn": f"arn:aws:iam::{ACCOUNT}:root",
    "accountId": ACCOUNT,
    "accessKeyId": "",
}
TERRAFORM_ROLE = assumed_role("terraform", "tfc-run-7Qx2")
GITHUB = assumed_role(
    "github-deploy",
    "GitHubActions",
    webIdFederationData={
        "federatedProvider": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com",
        "attributes": {"sub": "repo:example/web:ref:refs/heads/main", "aud": "sts.amazonaws.com"},
    },
)


def record(
    when: datetime,
    source: str,
    name: str,
    who: dict,
    agent: str,
    request: dict | None = None,
    response: dict | None = None,
    resources: list[tuple[str, str]] = (),
    in_record: list[dict] = (),
    read_only: bool | str = False,
    console: bool = False,
    tls: bool = True,
    ip: str = "203.0.113.10",
    **more: object,
) -> dict:
    """An event as the control API takes it. Console sessions in a browser have no tlsDetails."""
    service = source.partition(".")[0]
    made = {
        "eventVersion": "1.11",
        "userIdentity": who,
        "eventTime": stamp(when),
        "eventSource": source,
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": ip,
        "userAgent": agent,
        "requestParameters": request,
        "responseElements": response,
        "requestID": identifier(f"request {when} {name}"),
        "eventID": identifier(f"event {when} {name} {ip}"),
        "readOnly": read_only,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }
    if tls and ip != "AWS Internal" and not ip.endswith("amazonaws.com"):
        made["tlsDetails"] = {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": f"{service}.{REGION}.amazonaws.com",
        }
    if console:
        made["sessionCredentialFromConsole"] = "true"
    if in_record:
        made["resources"] = in_record
    made |= more
    return {"record": made, "resources": [{"ResourceType": kind, "ResourceName": name} for kind, name in resources]}


def ingress(group: str, port: int, cidr: str, description: str = "") -> dict:
    item = {"cidrIp": cidr} | ({"description": description} if description else {})
    return {
        "groupId": group,
        "ipPermissions": {
            "items": [
                {
                    "ipProtocol": "tcp",
                    "fromPort": port,
                    "toPort": port,
                    "groups": {},
                    "ipRanges": {"items": [item]},
                    "ipv6Ranges": {},
                    "prefixListIds": {},
                }
            ]
        },
    }
