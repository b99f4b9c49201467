"""Which AWS operation is this request? Service, operation, region, account and parameters, for every protocol."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from functools import cache
from urllib.parse import parse_qsl, unquote, urlencode

import cbor2

DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "eu-west-1"

# Names in signatures that differ from the prefix that IAM, and hence everything here, uses.
IAM_PREFIX = {"monitoring": "cloudwatch", "cloudcontrolapi": "cloudformation"}
CREDENTIAL = re.compile(r"([^/=\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
CBOR_PATH = re.compile(r"/service/[^/]+/operation/([^/]+)$")


@dataclass(frozen=True)
class Call:
    """One request. `protocol` is ec2, query, json, cbor, or rest (whose parameters are those of query and path)."""

    service: str
    operation: str
    region: str
    account: str
    protocol: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    params: dict = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"

    def with_params(self, params: dict) -> Call:
        """The same call with other parameters (its signature does not survive this)."""
        if self.protocol == "cbor":
            body = cbor2.dumps(params, datetime_as_timestamp=True)
        elif self.protocol == "json":
            body = json.dumps(params).encode()
        else:
            body = urlencode(params).encode()
        return replace(self, params=params, body=body)

    def listed(self, name: str) -> int:
        """How many members the list parameter `name` has."""
        value = self.params.get(name)
        if isinstance(value, list):
            return len(value)
        member = re.compile(rf"{re.escape(name)}\.(member\.)?\d+$")
        return sum(1 for key in self.params if member.match(key))


def parse(scope: dict, body: bytes) -> Call:
    method, path = scope["method"], scope["path"]
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    signed = CREDENTIAL.search(headers.get("authorization", "")) or CREDENTIAL.search(query.get("X-Amz-Credential", ""))
    key, region, service = signed.groups() if signed else ("", DEFAULT_REGION, "unsigned")
    service = IAM_PREFIX.get(service, service)

    target = headers.get("x-amz-target", "")
    over_cbor = CBOR_PATH.search(path) if "cbor" in headers.get("smithy-protocol", "") else None
    params: dict = {}
    if over_cbor:
        protocol, operation = "cbor", over_cbor.group(1)
        params = cbor2.loads(body) if body else {}
    elif target:
        protocol, operation = "json", target.rpartition(".")[2]
        params = _json_object(body)
    else:
        form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        params = query | (dict(parse_qsl(body.decode(), keep_blank_values=True)) if form else {})
        operation = params.get("Action", "")
        protocol = "ec2" if service == "ec2" else "query"
        if not operation:
            protocol = "rest"
            operation, named = _rest_operation(service, method, path, headers, query)
            params = query | named
    return Call(service, operation, region, account_of(key), protocol, method, path, headers, body, params)


def account_of(access_key: str) -> str:
    """MiniStack's rule: a 12-digit key is an account, a session key belongs to its role's account."""
    from ministack.core.responses import get_account_id, set_request_account_id

    set_request_account_id(access_key)
    return get_account_id()


def _json_object(body: bytes) -> dict:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _rest_operation(service: str, method: str, path: str, headers: dict, query: dict) -> tuple[str, dict]:
    """The operation, and the parameters that its path carries."""
    if service == "s3":
        return _s3_operation(method, path, headers, query), {}
    for verb, pattern, operation in _rest_routes(service):
        if verb == method and (found := pattern.fullmatch(path)):
            return operation, {name: unquote(value) for name, value in found.groupdict().items()}
    return f"{method} {path}", {}


def _s3_operation(method: str, path: str, headers: dict, query: dict) -> str:
    verb = {"GET": "Get", "PUT": "Put", "HEAD": "Head", "DELETE": "Delete", "POST": "Post"}.get(method, method)
    bucket, _, key = path.strip("/").partition("/")
    if not bucket:
        return "ListBuckets"
    subresource = next((name for name, value in query.items() if not value), "")
    if subresource:
        return f"{verb}{'Object' if key else 'Bucket'}{subresource.title()}"
    if key:
        return "CopyObject" if "x-amz-copy-source" in headers else f"{verb}Object"
    if method == "GET":
        return "ListObjectsV2" if query.get("list-type") == "2" else "ListObjects"
    return {"PUT": "CreateBucket"}.get(method, f"{verb}Bucket")


@cache
def _rest_routes(service: str) -> list[tuple[str, re.Pattern, str]]:
    """(method, path pattern, operation) of a REST service such as lambda, from botocore's own model."""
    import botocore.session

    session = botocore.session.get_session()
    if service not in session.get_available_services():
        return []
    routes = []
    model = session.get_service_model(service)
    for operation in model.operation_names:
        http = model.operation_model(operation).http
        uri = re.escape(http["requestUri"].partition("?")[0].rstrip("/"))
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", uri)
        pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", pattern)
        routes.append((http["method"], re.compile(pattern + "/?"), operation))
    return routes
