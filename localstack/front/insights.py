"""Performance Insights' DescribeDimensionKeys over loaded rows: the heaviest keys of a group, by average load."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from . import wire
from .calls import Call
from .state import State
from .wire import AwsError, Reply

REACH = timedelta(days=7)
MAX_KEYS = 25


@dataclass
class Load:
    """What sessions were busy with: `load` of them on average, with a statement and a kind of waiting."""

    identifier: str
    statement: str
    wait_event_type: str
    load: float

    def dimensions(self, group: str) -> dict[str, str]:
        if group == "db.sql_tokenized":
            return {"db.sql_tokenized.statement": self.statement}
        if group == "db.wait_event_type":
            return {"db.wait_event_type.name": self.wait_event_type}
        raise AwsError("InvalidArgumentException", f"This local Performance Insights has no group {group}.")


def describe_dimension_keys(state: State, call: Call) -> Reply:
    params = call.params
    if params.get("Metric") != "db.load.avg" or params.get("ServiceType") != "RDS":
        raise AwsError("InvalidArgumentException", "Only db.load.avg of RDS is here.")
    start, end = wire.moment(params["StartTime"]), wire.moment(params["EndTime"])
    if start < datetime.now(UTC) - REACH or start >= end:
        raise AwsError("InvalidArgumentException", "StartTime must lie within the past 7 days and before EndTime.")
    group, limit = params["GroupBy"]["Group"], params["GroupBy"].get("Limit", 10)
    if not 1 <= limit <= MAX_KEYS:
        raise AwsError("InvalidArgumentException", f"Limit is from 1 to {MAX_KEYS}.")
    totals: dict[tuple, float] = defaultdict(float)
    for row in state.loads:
        if row.identifier == params["Identifier"]:
            totals[tuple(row.dimensions(group).items())] += row.load
    heaviest = sorted(totals.items(), key=lambda item: -item[1])[:limit]
    keys = [{"Dimensions": dict(dimensions), "Total": total} for dimensions, total in heaviest]
    return wire.ok(call, {"AlignedStartTime": start, "AlignedEndTime": end, "Keys": keys})
