"""The control API under /_local/: JSON in, JSON out. README.md has the table."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

from . import cloudtrail, metrics
from .answers import Answer
from .costs import Row
from .faults import Fault
from .insights import Load
from .metrics import Series
from .overrides import Override
from .paging import LISTINGS
from .state import State
from .wire import Reply, reply

PAGED_HERE = {"cloudwatch:GetMetricData", "cloudwatch:ListMetrics", "ce:GetCostAndUsage"}
COLLECTIONS = {"events", "series", "costs", "loads", "answers", "overrides", "faults", "pages", "journal"}


def handle(state: State, method: str, path: str, query: str, body: bytes) -> Reply:
    what = path.removeprefix("/_local/").rstrip("/")
    try:
        if what == "health":
            return _json({"ok": True})
        if method == "POST" and what == "reset":
            state.clear()
            return _json({"ok": True})
        if method == "DELETE" and what in COLLECTIONS:
            getattr(state, what).clear()
            return _json({"ok": True})
        if method == "GET" and what == "journal":
            wanted = {k: v[0] for k, v in parse_qs(query).items()}
            return _json({"requests": [e for e in state.journal if all(str(e.get(k)) == v for k, v in wanted.items())]})
        if method == "POST" and what in COLLECTIONS - {"journal"}:
            return _json({"ok": True, "loaded": _load(state, what, json.loads(body))})
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        return _json({"error": f"{type(problem).__name__}: {problem}"}, 400)
    return _json({"error": f"no {method} {path} here: see localstack/README.md"}, 404)


def _load(state: State, what: str, given: dict | list) -> int:
    if what == "events":
        return cloudtrail.load(state, given["events"], given.get("account"), given.get("region"))
    items = given if isinstance(given, list) else [given]
    if what == "series":
        loaded = [Series(**item) for item in items]
        for series in loaded:
            metrics.load(state, series)
    elif what == "costs":
        for row in [Row(**item) for item in items]:
            state.costs[row.account].append(row)
    elif what == "loads":
        state.loads += [Load(**item) for item in items]
    elif what == "answers":
        state.answers += [Answer(**item) for item in items]
    elif what == "overrides":
        state.overrides += [Override(**item) for item in items]
    elif what == "faults":
        state.faults += [Fault(**item) for item in items]
    else:
        for item in items:
            _set_page(state, **item)
    return len(items)


def _set_page(state: State, service: str, operation: str, size: int | None) -> None:
    name = f"{service}:{operation}"
    if name not in LISTINGS and name not in PAGED_HERE:
        raise ValueError(f"{name} is not paged by the front")
    if size is None:
        state.pages.pop(name, None)
    else:
        state.pages[name] = int(size)


def _json(value: dict, status: int = 200) -> Reply:
    return reply(status, "application/json", json.dumps(value, default=str).encode() + b"\n")
