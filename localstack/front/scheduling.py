"""What MiniStack's EventBridge Scheduler lacks: context attributes in a schedule's input, the time zone of a schedule
that CloudFormation makes, and asynchronous invocations of Lambda, whose failures go where the function says."""

from __future__ import annotations

import json
from datetime import UTC, datetime


def install() -> None:
    from ministack.services import eventbridge
    from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

    deliver = eventbridge._invoke_target

    def invoke_target(target: dict, event: dict, rule: dict, view: object = None) -> None:
        if event.get("Source") != "aws.scheduler":
            return deliver(target, event, rule, view)
        target = target | {"Input": filled(target.get("Input", "{}"), event, rule)}
        if ":lambda:" in target["Arn"]:
            return invoke_function(target["Arn"], target["Input"])
        return deliver(target, event, rule, view)

    eventbridge._invoke_target = invoke_target
    handlers = _RESOURCE_HANDLERS["AWS::Scheduler::Schedule"]
    for step, place in (("create", 1), ("update", 2)):
        handlers[step] = in_its_zone(handlers[step], place)


def filled(given: str, event: dict, schedule: dict) -> str:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html"""
    minute = datetime.fromtimestamp(event["Time"], UTC).replace(second=0)
    for name, value in {
        "scheduled-time": minute.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "schedule-arn": schedule["Arn"],
        "execution-id": event["EventId"],
        "attempt-number": "1",
    }.items():
        given = given.replace(f"<aws.scheduler.{name}>", value)
    return given


def invoke_function(arn: str, payload: str) -> None:
    from ministack.services import lambda_svc

    function, config, _ = lambda_svc._get_func_record_for_ref(arn)
    if function and config:
        lambda_svc.invoke_async_with_retry(function, json.loads(payload))


def in_its_zone(provision, place: int):
    """`place` is where the new properties stand among the arguments."""

    def provisioned(*arguments, **named):
        from ministack.services import scheduler

        name, attributes = provision(*arguments, **named)
        properties = arguments[place]
        schedule = scheduler._schedules[f"{properties.get('GroupName', 'default')}/{name}"]
        schedule["ScheduleExpressionTimezone"] = properties.get("ScheduleExpressionTimezone", "UTC")
        return name, attributes

    return provisioned
