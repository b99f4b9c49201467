"""What every part of the seed needs: clients, the control API, and times relative to now."""

from __future__ import annotations

import json
import os
import random
import urllib.request
from datetime import UTC, datetime, timedelta

import boto3

NOW = datetime.now(UTC)
TODAY = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
ACCOUNT = "000000000000"
REGION = "eu-west-1"
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
RANDOM = random.Random(7)  # the same noise every time

GB = 1_000_000_000


def client(service: str):
    return boto3.client(service, region_name=REGION)


def control(path: str, body: object) -> None:
    """Load something through the front's control API."""
    request = urllib.request.Request(f"{ENDPOINT}/_local/{path}", method="POST", data=json.dumps(body).encode())
    with urllib.request.urlopen(request):
        pass


def override(service: str, operation: str, match: dict, changes: dict, request: dict | None = None) -> None:
    control(
        "overrides",
        {"service": service, "operation": operation, "match": match, "set": changes, "request": request or {}},
    )


def answer(service: str, operation: str, result: dict, request: dict | None = None, version: str | None = None) -> None:
    """A whole answer for an operation that MiniStack does not have."""
    control(
        "answers",
        {"service": service, "operation": operation, "result": result, "request": request or {}, "version": version},
    )


def series(
    namespace: str, metric: str, dimensions: dict[str, str], start: datetime, period: int, values: list[float]
) -> None:
    control(
        "series",
        {
            "namespace": namespace,
            "metric": metric,
            "dimensions": dimensions,
            "start": start.isoformat(),
            "period": period,
            "values": values,
        },
    )


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def timestamp(when: datetime) -> dict[str, str]:
    """A moment as a value in an override."""
    return {"$time": when.isoformat()}


def tags(app: str, env: str = "production", stack: str | None = None) -> list[dict[str, str]]:
    pairs = {"app": app, "env": env} | ({"aws:cloudformation:stack-name": stack} if stack else {})
    return [{"Key": key, "Value": value} for key, value in pairs.items()]
