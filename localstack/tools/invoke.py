"""Run a bootstrap binary as a Lambda function of the local AWS, once, and print what it replied.

The local AWS itself tells its functions where it is (AWS_ENDPOINT_URL), their region and their credentials.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import io
import sys
import zipfile
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

NAME = "aftermove"
TIMEOUT_SECONDS = 900


def main() -> int:
    parser = argparse.ArgumentParser(prog="localstack/invoke-lambda", description=__doc__.partition("\n")[0])
    parser.add_argument("bootstrap", type=Path, help="the bootstrap binary")
    parser.add_argument("event", help="the event, as JSON")
    parser.add_argument("environment", nargs="*", metavar="ENV=VALUE", help="the function's environment")
    args = parser.parse_args()
    wrong = [pair for pair in args.environment if "=" not in pair]
    if wrong:
        parser.error(f"not ENV=VALUE: {' '.join(wrong)}")
    if not args.bootstrap.is_file():
        parser.error(f"there is no {args.bootstrap}; cargo build makes it")

    keep_logs_for_a_month()
    client = boto3.client("lambda", config=Config(read_timeout=TIMEOUT_SECONDS, retries={"max_attempts": 0}))
    deploy(client, zipped(args.bootstrap), dict(pair.split("=", 1) for pair in args.environment))
    answer = client.invoke(FunctionName=NAME, Payload=args.event.encode(), LogType="Tail")
    log = base64.b64decode(answer.get("LogResult", "")).decode(errors="replace")
    if log.strip():
        print(log.rstrip(), file=sys.stderr)
    print(answer["Payload"].read().decode())
    return 1 if "FunctionError" in answer else 0


def zipped(bootstrap: Path) -> bytes:
    """A deployment package; lightly compressed, as debug binaries are large and this one does not travel."""
    package = io.BytesIO()
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(package, "w", compresslevel=1) as archive:
        archive.writestr(entry, bootstrap.read_bytes())
    return package.getvalue()


def keep_logs_for_a_month() -> None:
    """The function's log group, as a template would make it; left to Lambda, it would keep its logs for ever."""
    logs = boto3.client("logs")
    group = f"/aws/lambda/{NAME}"
    with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=group)
    logs.put_retention_policy(logGroupName=group, retentionInDays=30)


def deploy(client, package: bytes, variables: dict[str, str]) -> None:
    settings = {
        "FunctionName": NAME,
        "Timeout": TIMEOUT_SECONDS,
        "MemorySize": 512,
        "Environment": {"Variables": variables},
    }
    try:
        client.create_function(
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role="arn:aws:iam::000000000000:role/aftermove",
            Code={"ZipFile": package},
            **settings,
        )
    except ClientError as problem:
        if problem.response["Error"]["Code"] != "ResourceConflictException":
            raise
        client.update_function_code(FunctionName=NAME, ZipFile=package)
        client.update_function_configuration(**settings)


if __name__ == "__main__":
    sys.exit(main())
