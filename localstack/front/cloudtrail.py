"""LookupEvents over events that a test or the seed loaded: order, filters, paging and rate limit as on AWS."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

from . import wire
from .calls import DEFAULT_ACCOUNT, DEFAULT_REGION, Call
from .paging import make_token, read_token
from .state import State
from .wire import AwsError, Reply

RATE_PER_SECOND = 2.0
BURST = 2.0
KEPT = timedelta(days=90)

ATTRIBUTES = {
    "EventId": lambda e: e["EventId"],
    "EventName": lambda e: e["EventName"],
    "ReadOnly": lambda e: e.get("ReadOnly"),
    "Username": lambda e: e.get("Username"),
    "EventSource": lambda e: e["EventSource"],
    "AccessKeyId": lambda e: e.get("AccessKeyId"),
    "ResourceType": lambda e: [r.get("ResourceType") for r in e["Resources"]],
    "ResourceName": lambda e: [r.get("ResourceName") for r in e["Resources"]],
}


def load(state: State, events: list[dict], account: str | None = None, region: str | None = None) -> int:
    """Take in CloudTrail records, or {"record": ..., "resources": [{"ResourceType", "ResourceName"}]}."""
    for event in events:
        record = event.get("record", event)
        for name in ("eventTime", "eventName", "eventSource"):
            if name not in record:
                raise ValueError(f"a CloudTrail record needs {name}")
        where = (
            account or record.get("recipientAccountId") or DEFAULT_ACCOUNT,
            region or record.get("awsRegion") or DEFAULT_REGION,
        )
        state.events[where].append(_listed(record, event.get("resources") if "record" in event else None))
        state.events[where].sort(key=lambda e: e["EventTime"], reverse=True)
    return len(events)


def lookup_events(state: State, call: Call) -> Reply:
    _throttle(state, call)
    params = call.params
    most = params.get("MaxResults", 50)
    if not 1 <= most <= 50:
        raise AwsError("InvalidMaxResultsException", "A value between 1 and 50 is required for MaxResults.")
    attributes = params.get("LookupAttributes", [])
    if len(attributes) > 1:
        raise AwsError("InvalidLookupAttributesException", "LookupAttributes can contain only one element.")
    now = datetime.now(UTC)
    start = wire.moment(params["StartTime"]) if "StartTime" in params else now - KEPT
    end = wire.moment(params["EndTime"]) if "EndTime" in params else now
    if start > end:
        raise AwsError("InvalidTimeRangeException", "The start time must be before the end time.")

    scope = [call.name, call.account, call.region, {k: v for k, v in params.items() if k != "NextToken"}]
    first = read_token(params["NextToken"], scope) if "NextToken" in params else 0
    if first is None:
        raise AwsError("InvalidNextTokenException", "The specified NextToken is invalid.")

    start = max(start, now - KEPT)
    found = [e for e in state.events[call.account, call.region] if start <= e["EventTime"] <= end]
    if params.get("EventCategory") == "insight":
        found = []
    for attribute in attributes:
        found = [e for e in found if _has(e, attribute)]
    result: dict = {"Events": found[first : first + most]}
    if first + most < len(found):
        result["NextToken"] = make_token(first + most, scope)
    return wire.ok(call, result)


def _has(event: dict, attribute: dict) -> bool:
    value_of = ATTRIBUTES.get(attribute.get("AttributeKey"))
    if value_of is None:
        raise AwsError("InvalidLookupAttributesException", "The lookup attribute key is not valid.")
    value, wanted = value_of(event), attribute.get("AttributeValue")
    return wanted in value if isinstance(value, list) else wanted == value


def _listed(record: dict, resources: list[dict] | None) -> dict:
    """The wrapper that LookupEvents puts around a record."""
    identity = record.get("userIdentity", {})
    if resources is None:
        resources = [{"ResourceType": r.get("type"), "ResourceName": r.get("ARN")} for r in record.get("resources", [])]
    event = {
        "EventId": record.get("eventID", ""),
        "EventName": record["eventName"],
        "ReadOnly": None if "readOnly" not in record else str(record["readOnly"]).lower(),
        "AccessKeyId": identity.get("accessKeyId"),
        "EventTime": wire.moment(record["eventTime"]),
        "EventSource": record["eventSource"],
        "Username": _username(identity),
        "Resources": resources,
        "CloudTrailEvent": json.dumps(record),
    }
    return {name: value for name, value in event.items() if value is not None}


def _username(identity: dict) -> str | None:
    if "userName" in identity:
        return identity["userName"]
    if identity.get("type") == "Root":
        return "root"
    return identity.get("arn", "").rpartition("/")[2] or None


def _throttle(state: State, call: Call) -> None:
    where, now = (call.account, call.region), time.monotonic()
    tokens, since = state.lookups.get(where, (BURST, now))
    tokens = min(BURST, tokens + (now - since) * RATE_PER_SECOND)
    state.lookups[where] = (tokens - 1 if tokens >= 1 else tokens, now)
    if tokens < 1:
        raise AwsError("ThrottlingException", "Rate exceeded")
