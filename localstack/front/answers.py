"""Whole answers for operations that MiniStack does not have, in the caller's protocol."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from xml.etree import ElementTree

from . import wire
from .calls import Call
from .state import Rule
from .wire import Reply

# IAM prefixes whose botocore models go by another name, by API version; Cloud Control sends none.
MODELS = {
    "cloudformation": {None: "cloudcontrol"},
    "elasticloadbalancing": {"2015-12-01": "elbv2", "2012-06-01": "elb"},
}


# What MiniStack has nothing of: as in an account that does not use it, or where nothing happened.
UNUSED = {
    "ce:GetAnomalies": {"Anomalies": []},
    "apprunner:ListServices": {"ServiceSummaryList": []},
    "elasticbeanstalk:DescribeEnvironments": {"Environments": []},
    "rds:DescribeEvents": {"Events": []},
}


@dataclass
class Answer(Rule):
    """`result` has the member names of the AWS API reference; times are ISO 8601 strings or epoch seconds.

    `error`, a code and a message, stands for an answer that is none.
    """

    result: dict = field(default_factory=dict)
    error: dict | None = None
    # Of services that share a prefix, the API version in the request's Version parameter.
    version: str | None = None

    def applies(self, call: Call) -> bool:
        return super().applies(call) and self.version in (None, call.params.get("Version"))


def find(answers: list[Answer], call: Call) -> Answer | None:
    """The newest that applies: a later one may be more special than an earlier one."""
    loaded = next((answer for answer in reversed(answers) if answer.applies(call)), None)
    if loaded is None and (unused := UNUSED.get(call.name)):
        return Answer(service=call.service, operation=call.operation, result=unused)
    return loaded


def reply(call: Call, answer: Answer) -> Reply:
    if answer.error:
        raise wire.AwsError(answer.error["code"], answer.error["message"])
    model = _model(MODELS.get(call.service, {}).get(call.params.get("Version"), call.service))
    output = model.operation_model(call.operation).output_shape
    if call.protocol == "cbor":
        return wire.ok(call, _plain(answer.result, output, as_time=lambda moment: moment))
    if model.metadata["protocol"] in ("json", "rest-json"):
        body = json.dumps(_plain(answer.result, output, as_time=lambda moment: moment.timestamp())).encode()
        return wire.reply(200, "application/json", body)
    root = ElementTree.Element(f"{call.operation}Response")
    inside = root
    if output is not None and (wrapper := output.serialization.get("resultWrapper")):
        inside = ElementTree.SubElement(root, wrapper)
    if output is not None:
        _structure(inside, answer.result, output)
    return wire.reply(200, "text/xml", wire.write_xml(root))


@cache
def _model(service: str):
    import botocore.session

    return botocore.session.get_session().get_service_model(service)


def _plain(value, shape, as_time):
    """JSON and CBOR: the value itself, with times as the protocol writes them and members by their wire names."""
    if shape is None or value is None:
        return value
    if shape.type_name == "structure":
        named = {}
        for name, inner in value.items():
            member = _member(shape, name)
            named[member.serialization.get("name", name)] = _plain(inner, member, as_time)
        return named
    if shape.type_name == "list":
        return [_plain(inner, shape.member, as_time) for inner in value]
    if shape.type_name == "map":
        return {name: _plain(inner, shape.value, as_time) for name, inner in value.items()}
    return as_time(wire.moment(value)) if shape.type_name == "timestamp" else value


def _member(shape, name: str):
    if name not in shape.members:
        raise ValueError(f"{shape.name} has no member {name}; it has {', '.join(shape.members)}")
    return shape.members[name]


def _structure(element: ElementTree.Element, value: dict, shape) -> None:
    for name, inner in value.items():
        member = _member(shape, name)
        tag = member.serialization.get("name", name)
        if member.type_name == "list" and member.serialization.get("flattened"):
            for item in inner:
                _fill(wire.add_child(element, member.member.serialization.get("name", tag)), item, member.member)
        else:
            _fill(wire.add_child(element, tag), inner, member)


def _fill(element: ElementTree.Element, value, shape) -> None:
    if shape.type_name == "structure":
        _structure(element, value, shape)
    elif shape.type_name == "list":
        for item in value:
            _fill(wire.add_child(element, shape.member.serialization.get("name", "member")), item, shape.member)
    elif shape.type_name == "map":
        for key, item in value.items():
            entry = wire.add_child(element, "entry")
            wire.add_child(entry, shape.key.serialization.get("name", "key"), str(key))
            _fill(wire.add_child(entry, shape.value.serialization.get("name", "value")), item, shape.value)
    elif shape.type_name == "timestamp":
        element.text = wire.moment(value).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    else:
        element.text = str(value).lower() if isinstance(value, bool) else str(value)
