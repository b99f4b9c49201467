"""Cost Explorer's GetCostAndUsage over loaded rows: grouping, filters, months and days, paging."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from . import wire
from .calls import DEFAULT_ACCOUNT, Call
from .paging import make_token, read_token
from .state import State
from .wire import AwsError, Reply

GROUPS_PER_PAGE = 5000
COST_METRICS = {"AmortizedCost", "BlendedCost", "NetAmortizedCost", "NetUnblendedCost", "UnblendedCost"}


@dataclass
class Row:
    """One usage type's daily dollars and quantities from `start` (a date) on."""

    service: str
    usage_type: str
    start: str
    amounts: list[float]
    quantities: list[float] = field(default_factory=list)
    unit: str = "N/A"
    region: str = "eu-west-1"
    record_type: str = "Usage"
    account: str = DEFAULT_ACCOUNT

    def days(self) -> list[tuple[date, Decimal, Decimal]]:
        first = date.fromisoformat(self.start)
        quantities = self.quantities or [0] * len(self.amounts)
        return [
            (first + timedelta(days=i), Decimal(str(amount)), Decimal(str(quantity)))
            for i, (amount, quantity) in enumerate(zip(self.amounts, quantities, strict=True))
        ]

    def dimension(self, key: str) -> str:
        values = {
            "SERVICE": self.service,
            "USAGE_TYPE": self.usage_type,
            "REGION": self.region,
            "RECORD_TYPE": self.record_type,
            "LINKED_ACCOUNT": self.account,
        }
        if key not in values:
            raise AwsError("ValidationException", f"This local Cost Explorer has no dimension {key}.")
        return values[key]


def get_cost_and_usage(state: State, call: Call) -> Reply:
    params = call.params
    start, end = (date.fromisoformat(params["TimePeriod"][side][:10]) for side in ("Start", "End"))
    if start >= end:
        raise AwsError("ValidationException", "Start date (and hour) should be before end date (and hour)")
    group_by = [group["Key"] for group in params.get("GroupBy", [])]
    if len(group_by) > 2:
        raise AwsError("ValidationException", "The number of GroupBy keys must not exceed 2.")
    monthly = params.get("Granularity", "MONTHLY") == "MONTHLY"
    scope = [call.name, call.account, {k: v for k, v in params.items() if k != "NextPageToken"}]
    skip = read_token(params["NextPageToken"], scope) if params.get("NextPageToken") else 0
    if skip is None:
        raise AwsError("InvalidNextTokenException", "The pagination token is invalid.")

    sums: dict[tuple[date, tuple[str, ...]], list] = {}
    for row in state.costs[call.account]:
        if not _passes(row, params.get("Filter")):
            continue
        group = tuple(row.dimension(k) for k in group_by)
        for day, amount, quantity in row.days():
            if start <= day < end:
                total = sums.setdefault(
                    (max(start, day.replace(day=1)) if monthly else day, group), [Decimal(0), Decimal(0), set()]
                )
                total[0] += amount
                total[1] += quantity
                total[2].add(row.unit)

    lines = sorted(sums.items())
    size = state.pages.get(call.name, GROUPS_PER_PAGE)
    page = dict(lines[skip : skip + size])
    last = skip + size >= len(lines)
    results = []
    for first, after in _periods(start, end, monthly):
        groups = [(group, total) for (day, group), total in page.items() if day == first]
        if not groups and (len(lines) > size):
            continue
        result: dict = {
            "TimePeriod": {"Start": first.isoformat(), "End": after.isoformat()},
            "Total": {},
            "Groups": [],
            "Estimated": _estimated(first),
        }
        if group_by:
            result["Groups"] = [{"Keys": list(g), "Metrics": _metrics(params["Metrics"], t)} for g, t in groups]
        else:
            result["Total"] = _metrics(params["Metrics"], groups[0][1] if groups else [Decimal(0), Decimal(0), set()])
        results.append(result)
    answer: dict = {"ResultsByTime": results, "DimensionValueAttributes": []}
    if group_by:
        answer["GroupDefinitions"] = params["GroupBy"]
    if not last:
        answer["NextPageToken"] = make_token(skip + size, scope)
    return wire.ok(call, answer)


def _passes(row: Row, condition: dict | None) -> bool:
    for kind, value in (condition or {}).items():
        if kind == "And" and not all(_passes(row, c) for c in value):
            return False
        if kind == "Or" and not any(_passes(row, c) for c in value):
            return False
        if kind == "Not" and _passes(row, value):
            return False
        if kind == "Dimensions" and row.dimension(value["Key"]) not in value["Values"]:
            return False
        if kind not in ("And", "Or", "Not", "Dimensions"):
            raise AwsError("ValidationException", f"This local Cost Explorer cannot filter by {kind}.")
    return True


def _periods(start: date, end: date, monthly: bool) -> list[tuple[date, date]]:
    periods = []
    while start < end:
        after = (start.replace(day=1) + timedelta(days=32)).replace(day=1) if monthly else start + timedelta(days=1)
        periods.append((start, min(after, end)))
        start = after
    return periods


def _estimated(day: date) -> bool:
    """The open month stays an estimate until its invoice."""
    today = date.today()
    return (day.year, day.month) == (today.year, today.month)


def _metrics(names: list[str], total: list) -> dict:
    amount, quantity, units = total
    unit = units.pop() if len(units) == 1 else "N/A"
    return {
        name: {"Amount": str(amount), "Unit": "USD"}
        if name in COST_METRICS
        else {"Amount": str(quantity), "Unit": unit}
        for name in names
    }
