"""Patches on MiniStack's answers, for what its API cannot set: back-dated times, target health, interface owners.

An override names an operation, the object in the reply by some of its members (`match`, dotted paths reach into nested
objects), and the members to `set`. In XML an object is an element whose children are its members. Values in `set`:
a scalar replaces, an object merges, a list replaces the members, null removes, {"$time": ISO 8601} becomes a timestamp
of the protocol.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.etree import ElementTree

from . import wire
from .calls import Call
from .state import Rule
from .wire import Reply


@dataclass
class Override(Rule):
    match: dict = field(default_factory=dict)
    set: dict = field(default_factory=dict)


def apply(overrides: list[Override], call: Call, reply: Reply) -> Reply:
    fitting = [o for o in overrides if o.applies(call)] if reply.status == 200 else []
    if not fitting:
        return reply
    if call.protocol in ("json", "cbor"):
        value = wire.decode(call, reply.body)
        for override in fitting:
            _patch_value(value, override, call.protocol)
        return reply.with_body(wire.encode(call, value))
    root = ElementTree.fromstring(reply.body)
    item = "item" if call.protocol == "ec2" else "member"
    for override in fitting:
        for element in list(root.iter()):
            if all(_text(element, path) == str(v) for path, v in override.match.items()):
                _merge_xml(element, override.set, item)
    return reply.with_body(wire.write_xml(root))


def _patch_value(value: object, override: Override, protocol: str) -> None:
    if isinstance(value, dict):
        if all(_member(value, path) == v for path, v in override.match.items()):
            _merge_value(value, override.set, protocol)
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            _patch_value(inner, override, protocol)


def _member(value: object, path: str) -> object:
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _merge_value(target: dict, changes: dict, protocol: str) -> None:
    for name, change in changes.items():
        if change is None:
            target.pop(name, None)
        elif isinstance(change, dict) and "$time" in change:
            when = wire.moment(change["$time"])
            target[name] = when if protocol == "cbor" else when.timestamp()
        elif isinstance(change, dict) and isinstance(target.get(name), dict):
            _merge_value(target[name], change, protocol)
        else:
            target[name] = change


def _text(element: ElementTree.Element, path: str) -> str | None:
    for name in path.split("."):
        element = wire.child(element, name)
        if element is None:
            return None
    return element.text


def _merge_xml(element: ElementTree.Element, changes: dict, item: str) -> None:
    for name, change in changes.items():
        old = wire.child(element, name)
        if change is None:
            if old is not None:
                element.remove(old)
            continue
        target = old if old is not None else wire.add_child(element, name)
        _fill_xml(target, change, item)


def _fill_xml(element: ElementTree.Element, change: object, item: str) -> None:
    if isinstance(change, dict) and "$time" in change:
        element.text = wire.moment(change["$time"]).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    elif isinstance(change, dict):
        _merge_xml(element, change, item)
    elif isinstance(change, list):
        for old in list(element):
            element.remove(old)
        for value in change:
            _fill_xml(wire.add_child(element, item), value, item)
    else:
        element.text = str(change).lower() if isinstance(change, bool) else str(change)
