"""An organization in the local AWS, and aftermove deployed to run over it; `python -m account.organization`.

The account of the credentials is its own. Below the root lie the units `web` and `data`, each with half of the other
accounts, and in each account infra/member-role.yaml, a log group that nobody gave a retention, and a bill. One
account's role lets nobody in, of one the state is broken, so that its run fails, and in one NAT traffic has grown.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import timedelta
from pathlib import Path

import boto3
from tools import invoke

from .bill import DAYS, OTHER, SETTLE_DAYS
from .local import ACCOUNT, NOW, REGION, TODAY, client, control

ROOT = Path(__file__).parents[2]
BUCKET = "aftermove-organization"
FUNCTION_ROLE = "aftermove-function"
STACK = "aftermove-organization"
EXTERNAL_ID = "local-organization"


def main() -> int:
    parser = argparse.ArgumentParser(prog="localstack/organization", description=__doc__.partition("\n")[0])
    parser.add_argument("--accounts", type=int, default=22, help="how many beside the one that it runs in")
    parser.add_argument("--bootstrap", type=Path, required=True, help="the bootstrap binary")
    parser.add_argument("--run", metavar="INPUT", help="start an execution with this input, and wait for its end")
    args = parser.parse_args()
    if not args.bootstrap.is_file():
        parser.error(f"there is no {args.bootstrap}; cargo build makes it")
    if args.run is None:
        print(json.dumps(build(args.accounts, args.bootstrap), indent=1))
        return 0
    told = execute(args.run)
    print(json.dumps(told, indent=1))
    return 0 if told["status"] == "SUCCEEDED" else 1


def build(number: int, bootstrap: Path) -> dict:
    organizations = client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    units = {
        name: organizations.create_organizational_unit(ParentId=root, Name=name)["OrganizationalUnit"]["Id"]
        for name in ("web", "data")
    }
    members = {"web": [], "data": []}
    for place in range(number):
        unit = "web" if place % 2 == 0 else "data"
        name = f"{unit}-{place:02}"
        created = organizations.create_account(Email=f"{name}@example.com", AccountName=name)
        account = created["CreateAccountStatus"]["AccountId"]
        organizations.move_account(AccountId=account, SourceParentId=root, DestinationParentId=units[unit])
        members[unit].append(account)
    dearer, shut, broken = members["web"][0], members["web"][1], members["data"][1]
    for account in [ACCOUNT, *members["web"], *members["data"]]:
        _in_account(account, dearer=account == dearer)
    role = f"arn:aws:iam::{shut}:role/aftermove"
    control("faults", {"service": "sts", "operation": "AssumeRole", "request": {"RoleArn": role}, "kind": "denied"})
    topics = {name: _topic(f"aftermove-{name}") for name in ("findings", "web", "data")}
    _bucket(units, topics, broken)
    _deploy(bootstrap, topics["findings"]["topic_arn"])
    return {"units": units, "members": members, "dearer": dearer, "shut": shut, "broken": broken, "topics": topics}


def _in_account(account: str, dearer: bool) -> None:
    session = boto3.Session(aws_access_key_id=account, aws_secret_access_key="test", region_name=REGION)
    session.client("logs").create_log_group(logGroupName=f"/app/of-{account}")
    if account != ACCOUNT:
        scanner = f"arn:aws:iam::{ACCOUNT}:role/{FUNCTION_ROLE}"
        parameters = {"ScannerRoleArn": scanner, "ExternalId": EXTERNAL_ID}
        _stack(session.client("cloudformation"), "aftermove-member", "member-role.yaml", parameters)
    gigabytes = [50.0] * (DAYS - 9) + [250.0 if dearer else 50.0] * 9
    control(
        "costs",
        {
            "account": account,
            "service": OTHER,
            "usage_type": "EU-NatGateway-Bytes",
            "start": (TODAY - timedelta(days=DAYS + SETTLE_DAYS - 1)).date().isoformat(),
            "unit": "GB",
            "quantities": gigabytes,
            "amounts": [round(quantity * 0.048, 4) for quantity in gigabytes],
        },
    )


def _stack(cloudformation, name: str, template: str, parameters: dict[str, str]) -> None:
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=(ROOT / "infra" / template).read_text(),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})


def _topic(name: str) -> dict[str, str]:
    """With a queue that gets what is published, as it is."""
    sns, sqs = client("sns"), client("sqs")
    arn = sns.create_topic(Name=name)["TopicArn"]
    url = sqs.create_queue(QueueName=f"{name}-inbox")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue)
    return {"topic_arn": arn, "queue_url": url}


def _bucket(units: dict[str, str], topics: dict[str, dict[str, str]], broken: str) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    configuration = {
        "version": 1,
        "regions": [REGION],
        "organization": {"external_id": EXTERNAL_ID},
        "owners": {
            name: {"units": [unit], "sns": {"topic_arn": topics[name]["topic_arn"]}} for name, unit in units.items()
        },
        "deliver": {
            "sns": {"topic_arn": topics["findings"]["topic_arn"]},
            "s3": {"bucket": BUCKET, "prefix": "org"},
        },
    }
    # JSON is YAML
    s3.put_object(Bucket=BUCKET, Key="aftermove.yaml", Body=json.dumps(configuration, indent=1))
    s3.put_object(Bucket=BUCKET, Key=f"org/accounts/{broken}/state.json", Body="{")


def _deploy(bootstrap: Path, alarm_topic: str) -> None:
    iam = client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
        ],
    }
    iam.create_role(RoleName=FUNCTION_ROLE, AssumeRolePolicyDocument=json.dumps(trust))
    invoke.keep_logs_for_a_month()
    functions = client("lambda")
    invoke.deploy(functions, invoke.zipped(bootstrap), {"AFTERMOVE_CONFIG": f"s3://{BUCKET}/aftermove.yaml"})
    function = functions.get_function(FunctionName=invoke.NAME)["Configuration"]["FunctionArn"]
    parameters = {
        "FunctionArn": function,
        "FunctionRoleName": FUNCTION_ROLE,
        "Bucket": BUCKET,
        "Prefix": "org/",
        "AlarmTopicArn": alarm_topic,
        "MaxConcurrency": "4",
        # what the test does not wait for
        "NightlyCron": "cron(0 3 1 1 ? 2099)",
        "DigestCron": "cron(0 3 1 1 ? 2099)",
    }
    _stack(client("cloudformation"), STACK, "organization.yaml", parameters)


def execute(given: str) -> dict:
    states = client("stepfunctions")
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{STACK}"
    name = f"by-hand-{NOW:%Y%m%dT%H%M%S}"
    execution = states.start_execution(stateMachineArn=machine, name=name, input=given)["executionArn"]
    while (now := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        time.sleep(0.5)
    told = {key: now[key] for key in ("status", "error", "cause") if key in now}
    told["output"] = json.loads(now.get("output") or "null")
    runs = states.list_map_runs(executionArn=execution)["mapRuns"]
    told["map_runs"] = [states.describe_map_run(mapRunArn=run["mapRunArn"])["executionCounts"] for run in runs]
    return told | {"name": name, "seconds": round((now["stopDate"] - now["startDate"]).total_seconds(), 1)}


if __name__ == "__main__":
    sys.exit(main())
