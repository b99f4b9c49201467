"""Injected faults: each is what AWS, or the network before it, really does when things go wrong."""

from __future__ import annotations

from dataclasses import dataclass

from .calls import Call
from .state import Rule
from .wire import REST_XML, AwsError

KINDS = ("denied", "throttle", "http500", "delay", "garbage", "drop")


@dataclass
class Fault(Rule):
    """`times` None is for ever; `after` lets that many calls through first; `seconds` is for a delay."""

    kind: str = "denied"
    times: int | None = None
    after: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {self.kind!r}")


def take(faults: list[Fault], call: Call) -> Fault | None:
    """The first fault that applies to this call, counted as used."""
    for fault in faults:
        if not fault.applies(call) or fault.times == 0:
            continue
        if fault.after > 0:
            fault.after -= 1
            continue
        if fault.times is not None:
            fault.times -= 1
        return fault
    return None


def as_error(kind: str, call: Call) -> AwsError:
    """The error of a denied, throttle or http500 fault, in the words of the call's service."""
    if kind == "denied":
        who = f"arn:aws:sts::{call.account}:assumed-role/auditor/aftermove"
        message = (
            f"User: {who} is not authorized to perform: {call.name} "
            f"because no identity-based policy allows the {call.name} action"
        )
        if call.protocol == "ec2":
            return AwsError(
                "UnauthorizedOperation", f"You are not authorized to perform this operation. {message}", 403
            )
        if call.protocol == "json" or (call.protocol == "rest" and call.service not in REST_XML):
            return AwsError("AccessDeniedException", message, 403 if call.protocol == "rest" else 400)
        return AwsError("AccessDenied", message, 403)
    if kind == "throttle":
        if call.protocol == "ec2":
            return AwsError("RequestLimitExceeded", "Request limit exceeded.", 503)
        if call.service == "s3":
            return AwsError("SlowDown", "Please reduce your request rate.", 503)
        if call.service == "ce":
            return AwsError("LimitExceededException", "Rate limit exceeded")
        if call.service == "route53":
            return AwsError("Throttling", "Rate exceeded")
        if call.protocol == "rest":
            return AwsError("TooManyRequestsException", "Rate exceeded", 429)
        return AwsError("Throttling" if call.protocol == "query" else "ThrottlingException", "Rate exceeded")
    if call.protocol == "ec2" or call.service == "s3":
        return AwsError("InternalError", "An internal error has occurred", 500)
    return AwsError("InternalFailure", "The request processing has failed because of an unknown error.", 500)
