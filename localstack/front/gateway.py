"""The ASGI application: every request passes here on its way to a fault, a loaded answer, or MiniStack."""

from __future__ import annotations

import asyncio

from hypercorn.protocol.http_stream import ASGIHTTPState

from . import answers, calls, cloudtrail, control, costs, faults, insights, metrics, overrides, paging, wire
from .calls import Call
from .state import State
from .wire import AwsError, Reply

# Operations answered from loaded data alone.
LOADED = {
    "cloudtrail:LookupEvents": cloudtrail.lookup_events,
    "ce:GetCostAndUsage": costs.get_cost_and_usage,
    "cloudwatch:GetMetricData": metrics.get_metric_data,
    "cloudwatch:ListMetrics": metrics.list_metrics,
    "pi:DescribeDimensionKeys": insights.describe_dimension_keys,
}

# What MiniStack says when it enforces signatures and policies, and they do not hold.
REFUSALS = (
    b"AccessDenied",
    b"SignatureDoesNotMatch",
    b"InvalidSignature",
    b"InvalidClientTokenId",
    b"UnrecognizedClient",
)


class Gateway:
    def __init__(self, ministack, auth: bool):
        self.ministack = ministack
        self.auth = auth
        self.state = State()

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_ministack/"):
            return await self.ministack(scope, receive, send)
        body = await _read(receive)
        if scope["path"].startswith("/_local/"):
            query = scope["query_string"].decode()
            return await _send(send, control.handle(self.state, scope["method"], scope["path"], query, body))

        call = calls.parse(scope, body)
        fault = faults.take(self.state.faults, call)
        if fault and fault.kind == "drop":
            self.state.record(call, None)
            # Hypercorn closes a connection whose stream says it is done but never answered.
            send.__self__.state = ASGIHTTPState.CLOSED
            return None
        if fault and fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        try:
            if fault and fault.kind in ("denied", "throttle", "http500"):
                raise faults.as_error(fault.kind, call)
            reply = await self._answer(scope, call)
        except AwsError as problem:
            reply = wire.error(call, problem)
        if fault and fault.kind == "garbage":
            reply = reply.with_body(reply.body[: len(reply.body) // 2])
        self.state.record(call, reply.status)
        return await _send(send, reply)

    async def _answer(self, scope: dict, call: Call) -> Reply:
        async def forward(changed: Call) -> Reply:
            loaded = answers.find(self.state.answers, changed)
            if loaded and not self.auth:
                return answers.reply(changed, loaded)
            return await _forward(self.ministack, scope, changed)

        answer = LOADED.get(call.name)
        if answer and call.protocol in ("json", "cbor"):
            verdict = await forward(call) if self.auth else None
            if verdict and verdict.status >= 400 and any(word in verdict.body for word in REFUSALS):
                return verdict
            return answer(self.state, call)
        if call.name == "cloudwatch:PutMetricData" and call.protocol in ("json", "cbor"):
            metrics.note_put(self.state, call)
        reply = await paging.answer(call, self.state.pages, forward)
        return overrides.apply(self.state.overrides, call, reply)


async def _forward(app, scope: dict, call: Call) -> Reply:
    """MiniStack's reply to this call, with the caller's own headers."""
    pending = [{"type": "http.request", "body": call.body, "more_body": False}]
    reply = Reply(500, [], b"")
    chunks: list[bytes] = []

    async def receive() -> dict:
        return pending.pop() if pending else {"type": "http.disconnect"}

    async def send(message: dict) -> None:
        if message["type"] == "http.response.start":
            reply.status, reply.headers = message["status"], list(message.get("headers", []))
        elif message["type"] == "http.response.body":
            chunks.append(message.get("body", b""))

    length = [(b"content-length", str(len(call.body)).encode())]
    headers = [h for h in scope["headers"] if h[0].lower() != b"content-length"] + (length if call.body else [])
    await app(scope | {"headers": headers}, receive, send)
    reply.body = b"".join(chunks)
    return reply


async def _read(receive) -> bytes:
    chunks: list[bytes] = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


async def _send(send, reply: Reply) -> None:
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
    await send({"type": "http.response.body", "body": reply.body})
