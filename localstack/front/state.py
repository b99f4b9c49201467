"""Everything that the control API has loaded, and the journal. One object, cleared by a reset."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime

from .calls import Call


@dataclass
class Rule:
    """What a rule applies to; None and "*" mean any. `request` names parameters that the call has to carry."""

    service: str
    operation: str = "*"
    region: str | None = None
    account: str | None = None
    request: dict = field(default_factory=dict)

    def applies(self, call: Call) -> bool:
        return (
            self.service in ("*", call.service)
            and self.operation in ("*", call.operation)
            and self.region in (None, call.region)
            and self.account in (None, call.account)
            and all(str(call.params.get(name)) == str(value) for name, value in self.request.items())
        )


@dataclass
class State:
    events: dict[tuple[str, str], list] = field(default_factory=lambda: defaultdict(list))  # (account, region)
    series: dict[tuple, object] = field(default_factory=dict)  # metrics.key(...) -> metrics.Series
    costs: dict[str, list] = field(default_factory=lambda: defaultdict(list))  # account -> costs.Row
    loads: list = field(default_factory=list)  # insights.Load
    answers: list = field(default_factory=list)
    overrides: list = field(default_factory=list)
    faults: list = field(default_factory=list)
    pages: dict[str, int] = field(default_factory=dict)  # "ec2:DescribeSubnets" -> items per page
    journal: list[dict] = field(default_factory=list)
    lookups: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)  # LookupEvents token buckets

    def clear(self) -> None:
        fresh = State()
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(fresh, name))

    def record(self, call: Call, status: int | None) -> None:
        """Note a request; status None is a connection that the front closed without an answer."""
        self.journal.append(
            {
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "service": call.service,
                "operation": call.operation,
                "region": call.region,
                "account": call.account,
                "status": status,
                "params": call.params,
            }
        )
