"""Replies in the caller's protocol: encoding, errors, and reading MiniStack's XML, JSON and CBOR answers."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import cbor2

from .calls import Call

CONTENT_TYPES = {
    "ec2": "text/xml;charset=UTF-8",
    "query": "text/xml",
    "json": "application/x-amz-json-1.1",
    "cbor": "application/cbor",
}


# The REST services that speak XML.
REST_XML = {"s3", "route53"}


@dataclass
class Reply:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def with_body(self, body: bytes) -> Reply:
        """The same reply with another body, and a Content-Length to match."""
        kept = [(k, v) for k, v in self.headers if k.lower() not in (b"content-length", b"x-amz-crc32")]
        return Reply(self.status, [*kept, (b"content-length", str(len(body)).encode())], body)


class AwsError(Exception):
    """An error to be sent in the shape of the caller's protocol."""

    def __init__(self, code: str, message: str, status: int = 400):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def reply(status: int, content_type: str, body: bytes, *headers: tuple[str, str]) -> Reply:
    pairs = [("content-type", content_type), ("content-length", str(len(body))), ("date", formatdate(usegmt=True))]
    return Reply(status, [(k.encode(), v.encode()) for k, v in (*pairs, *headers)], body)


def ok(call: Call, result: dict) -> Reply:
    """A successful JSON or CBOR reply; datetimes become what the protocol uses for timestamps."""
    request_id = ("x-amzn-requestid", str(uuid.uuid4()))
    if call.protocol == "cbor":
        return reply(200, CONTENT_TYPES["cbor"], encode(call, result), ("smithy-protocol", "rpc-v2-cbor"), request_id)
    return reply(200, CONTENT_TYPES["json"], encode(call, result), request_id)


def encode(call: Call, result: dict) -> bytes:
    if call.protocol == "cbor":
        return cbor2.dumps(result, datetime_as_timestamp=True)
    return json.dumps(result, default=lambda moment: moment.timestamp()).encode()


def decode(call: Call, body: bytes) -> dict:
    return cbor2.loads(body) if call.protocol == "cbor" else json.loads(body)


def error(call: Call, problem: AwsError) -> Reply:
    code, message, status = problem.code, problem.message, problem.status
    request_id = str(uuid.uuid4())
    identified = ("x-amzn-requestid", request_id)
    sender = "Sender" if status < 500 else "Receiver"
    if call.protocol == "cbor":
        body = cbor2.dumps({"__type": code, "message": message})
        extra = ("smithy-protocol", "rpc-v2-cbor"), ("x-amzn-query-error", f"{code};{sender}"), identified
        return reply(status, CONTENT_TYPES["cbor"], body, *extra)
    if call.protocol == "json" or (call.protocol == "rest" and call.service not in REST_XML):
        body = json.dumps({"__type": code, "message": message}).encode()
        return reply(status, CONTENT_TYPES["json"], body, ("x-amzn-errortype", code), identified)
    detail = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    if call.protocol == "ec2":
        xml = f"<Response><Errors><Error>{detail}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    elif call.service == "s3":
        xml = f"<Error>{detail}<RequestId>{request_id}</RequestId></Error>"
    else:
        xml = (
            f"<ErrorResponse><Error><Type>{sender}</Type>{detail}</Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    return reply(status, "text/xml", f'<?xml version="1.0" encoding="UTF-8"?>\n{xml}'.encode(), identified)


def local_name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def child(element: ElementTree.Element, name: str) -> ElementTree.Element | None:
    return next((c for c in element if local_name(c) == name), None)


def add_child(element: ElementTree.Element, name: str, text: str | None = None) -> ElementTree.Element:
    """A new last child in its parent's XML namespace."""
    namespace = element.tag.partition("}")[0] + "}" if element.tag.startswith("{") else ""
    added = ElementTree.SubElement(element, namespace + name)
    added.text = text
    return added


def write_xml(root: ElementTree.Element) -> bytes:
    if root.tag.startswith("{"):
        ElementTree.register_namespace("", root.tag[1:].partition("}")[0])
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root)


def moment(value: str | float | int | datetime) -> datetime:
    """An ISO 8601 string or epoch seconds as an aware datetime."""
    if isinstance(value, datetime):
        parsed = value
    elif isinstance(value, str):
        parsed = datetime.fromisoformat(value)
    else:
        parsed = datetime.fromtimestamp(value, UTC)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
