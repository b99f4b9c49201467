"""CloudWatch metric data from loaded series: GetMetricData and ListMetrics, with AWS's limits and paging.

PutMetricData is noted here as well as passed on to MiniStack (whose alarms watch it), so both ways of giving data meet.
Only the JSON and CBOR protocols are answered; the old query protocol falls through to MiniStack.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from . import wire
from .calls import DEFAULT_ACCOUNT, DEFAULT_REGION, Call
from .paging import make_token, read_token
from .state import State
from .wire import AwsError, Reply

MOST_QUERIES = 500
MOST_DATAPOINTS = 100_800
METRICS_PER_PAGE = 500
LISTED_FOR = timedelta(days=14)


@dataclass
class Series:
    """One metric. `status` and `messages` replace GetMetricData's Complete; points are (time, value)."""

    namespace: str
    metric: str
    dimensions: dict[str, str] = field(default_factory=dict)
    account: str = DEFAULT_ACCOUNT
    region: str = DEFAULT_REGION
    points: list = field(default_factory=list)
    start: str | None = None
    period: int = 86400
    values: list[float] = field(default_factory=list)
    status: str = "Complete"
    messages: list[dict] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.points = [(wire.moment(when), float(value)) for when, value in self.points]
        if self.values:
            if self.start is None:
                raise ValueError("values need a start")
            first, step = wire.moment(self.start), timedelta(seconds=self.period)
            self.points += [(first + i * step, float(v)) for i, v in enumerate(self.values)]


def key(account: str, region: str, namespace: str, metric: str, dimensions: dict[str, str]) -> tuple:
    return account, region, namespace, metric, frozenset(dimensions.items())


def load(state: State, series: Series) -> None:
    """Add a series; points of a metric that is known already are added to it."""
    where = key(series.account, series.region, series.namespace, series.metric, series.dimensions)
    known = state.series.setdefault(where, series)
    if known is not series:
        known.points += series.points
        known.status, known.messages = series.status, series.messages


def note_put(state: State, call: Call) -> None:
    for datum in call.params.get("MetricData", []):
        when = wire.moment(datum["Timestamp"]) if "Timestamp" in datum else datetime.now(UTC)
        values = datum.get("Values") or [datum.get("Value", datum.get("StatisticValues", {}).get("Sum", 0))]
        counts = datum.get("Counts") or [1] * len(values)
        points = [(when, value) for value, count in zip(values, counts, strict=True) for _ in range(int(count))]
        load(
            state,
            Series(
                call.params["Namespace"], datum["MetricName"], _dimensions(datum), call.account, call.region, points
            ),
        )


def get_metric_data(state: State, call: Call) -> Reply:
    params = call.params
    queries = params.get("MetricDataQueries", [])
    if len(queries) > MOST_QUERIES:
        raise AwsError(
            "ValidationError", f"The collection MetricDataQueries must not have a size greater than {MOST_QUERIES}."
        )
    start, end = _rounded(wire.moment(params["StartTime"])), wire.moment(params["EndTime"])
    if start >= end:
        raise AwsError("ValidationError", "The parameter StartTime must be less than the parameter EndTime.")
    most = min(params.get("MaxDatapoints", MOST_DATAPOINTS), state.pages.get(call.name, MOST_DATAPOINTS))
    scope = [call.name, call.account, call.region, {k: v for k, v in params.items() if k != "NextToken"}]
    skip = read_token(params["NextToken"], scope) if params.get("NextToken") else 0
    if skip is None:
        raise AwsError("InvalidNextToken", "The NextToken is invalid.")

    newest_first = params.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    answers = [
        _answer(state, call, query, start, end, newest_first) for query in queries if query.get("ReturnData", True)
    ]
    return wire.ok(call, _page(answers, skip, most, scope))


def list_metrics(state: State, call: Call) -> Reply:
    params = call.params
    scope = [call.name, call.account, call.region, {k: v for k, v in params.items() if k != "NextToken"}]
    first = read_token(params["NextToken"], scope) if params.get("NextToken") else 0
    if first is None:
        raise AwsError("InvalidParameterValue", "The NextToken is invalid.")
    since = datetime.now(UTC) - (timedelta(hours=3) if params.get("RecentlyActive") else LISTED_FOR)
    wanted = params.get("Dimensions", [])
    found = [
        {
            "Namespace": s.namespace,
            "MetricName": s.metric,
            "Dimensions": [{"Name": n, "Value": v} for n, v in s.dimensions.items()],
        }
        for s in state.series.values()
        if (s.account, s.region) == (call.account, call.region)
        and params.get("Namespace") in (None, s.namespace)
        and params.get("MetricName") in (None, s.metric)
        and all(d["Name"] in s.dimensions and d.get("Value") in (None, s.dimensions[d["Name"]]) for d in wanted)
        and any(when >= since for when, _ in s.points)
    ]
    size = state.pages.get(call.name, METRICS_PER_PAGE)
    result: dict = {"Metrics": found[first : first + size]}
    if first + size < len(found):
        result["NextToken"] = make_token(first + size, scope)
    return wire.ok(call, result)


def _answer(state: State, call: Call, query: dict, start: datetime, end: datetime, newest_first: bool) -> dict:
    if "MetricStat" not in query:
        raise AwsError("ValidationError", "This local CloudWatch has no metric math: only MetricStat queries work.")
    stat = query["MetricStat"]
    metric, period = stat["Metric"], int(stat["Period"])
    if period < 1 or (period > 60 and period % 60):
        raise AwsError("ValidationError", "Period must be 1, 5, 10, 30, or a multiple of 60.")
    series = state.series.get(
        key(call.account, call.region, metric["Namespace"], metric["MetricName"], _dimensions(metric))
    )
    buckets: dict[int, list[float]] = {}
    for when, value in series.points if series else ():
        if start <= when < end:
            buckets.setdefault(int((when - start).total_seconds() // period), []).append(value)
    points = [
        (start + timedelta(seconds=i * period), _statistic(stat["Stat"], buckets[i]))
        for i in sorted(buckets, reverse=newest_first)
    ]
    return {
        "Id": query["Id"],
        "Label": query.get("Label") or metric["MetricName"],
        "Timestamps": [t for t, _ in points],
        "Values": [v for _, v in points],
        "StatusCode": series.status if series else "Complete",
        "Messages": series.messages if series else [],
    }


def _page(answers: list[dict], skip: int, most: int, scope: list) -> dict:
    """The answers from datapoint `skip` on, at most `most` datapoints; a cut answer is PartialData."""
    results, room, seen = [], most, 0
    for answer in answers:
        count = len(answer["Values"])
        first = max(0, skip - seen)
        seen += count
        if skip and seen <= skip:
            continue  # wholly on an earlier page, as is a series without datapoints before the cut
        if room == 0 and count:
            return {"MetricDataResults": results, "NextToken": make_token(seen - count + first, scope)}
        shown = slice(first, min(count, first + room))
        room -= shown.stop - shown.start
        cut = shown.stop < count
        results.append(
            answer
            | {
                "Values": answer["Values"][shown],
                "Timestamps": answer["Timestamps"][shown],
                "StatusCode": "PartialData" if cut else answer["StatusCode"],
            }
        )
        if cut:
            return {"MetricDataResults": results, "NextToken": make_token(seen - count + shown.stop, scope)}
    return {"MetricDataResults": results, "Messages": []}


def _dimensions(holder: dict) -> dict[str, str]:
    return {d["Name"]: d["Value"] for d in holder.get("Dimensions", [])}


def _rounded(start: datetime) -> datetime:
    """CloudWatch rounds a start down to a minute, five minutes or an hour, the coarser the older it is."""
    age = datetime.now(UTC) - start
    step = 60 if age < timedelta(days=15) else 300 if age < timedelta(days=63) else 3600
    return datetime.fromtimestamp(start.timestamp() // step * step, UTC)


def _statistic(name: str, values: list[float]) -> float:
    if name == "Average":
        return sum(values) / len(values)
    if name in ("Sum", "Minimum", "Maximum", "SampleCount"):
        return float({"Sum": sum, "Minimum": min, "Maximum": max, "SampleCount": len}[name](values))
    if name[:1] == "p":
        ordered = sorted(values)
        return ordered[min(len(ordered) - 1, int(len(ordered) * float(name[1:]) / 100))]
    raise AwsError("ValidationError", f"The value {name} for parameter Stat is not supported.")
