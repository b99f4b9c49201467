"""Pages of AWS's own size for the lists that MiniStack returns whole, and AWS's bounds on what callers may ask for.

MiniStack ignores page sizes and tokens for most lists: the front asks for everything each time and cuts. Where
MiniStack pages correctly by itself (`native`) the front only steps in when a test has lowered the page size.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from xml.etree import ElementTree

from . import wire
from .calls import Call
from .wire import AwsError, Reply


@dataclass(frozen=True)
class Listing:
    """`items` names the list in the reply; `size` and `token` are request members, `next_token` the reply's."""

    items: str
    low: int
    high: int
    size: str = ""
    token: str = "NextToken"
    next_token: str = "nextToken"
    native: bool = False


def _ec2(items: str, low: int = 5, high: int = 1000) -> Listing:
    return Listing(items, low, high, size="MaxResults")


def _elb(items: str) -> Listing:
    return Listing(items, 1, 400, size="PageSize", token="Marker", next_token="NextMarker")


def _rds(items: str) -> Listing:
    return Listing(items, 20, 100, size="MaxRecords", token="Marker", next_token="Marker")


LISTINGS = {
    "ec2:DescribeSecurityGroups": _ec2("securityGroupInfo"),
    "ec2:DescribeSecurityGroupRules": _ec2("securityGroupRuleSet"),
    "ec2:DescribeNetworkInterfaces": _ec2("networkInterfaceSet"),
    "ec2:DescribeSubnets": _ec2("subnetSet"),
    "ec2:DescribeVpcs": _ec2("vpcSet"),
    "ec2:DescribeNatGateways": _ec2("natGatewaySet"),
    "ec2:DescribeFlowLogs": _ec2("flowLogSet"),
    "ec2:DescribeVpcEndpoints": _ec2("vpcEndpointSet"),
    "ec2:DescribeVolumes": _ec2("volumeSet", high=500),
    "ec2:DescribeSnapshots": _ec2("snapshotSet"),
    "ec2:DescribeImages": _ec2("imagesSet"),
    "ec2:DescribeInstances": _ec2("reservationSet"),
    "ec2:DescribeRouteTables": _ec2("routeTableSet", high=100),
    "ec2:DescribeManagedPrefixLists": _ec2("prefixListSet", 1, 100),
    "ec2:GetManagedPrefixListEntries": _ec2("entrySet", 1, 100),
    "elasticloadbalancing:DescribeLoadBalancers": _elb("LoadBalancers"),
    "elasticloadbalancing:DescribeTargetGroups": _elb("TargetGroups"),
    "elasticloadbalancing:DescribeListeners": _elb("Listeners"),
    "rds:DescribeDBInstances": _rds("DBInstances"),
    "rds:DescribeDBClusters": _rds("DBClusters"),
    "rds:DescribeEvents": _rds("Events"),
    "elasticache:DescribeCacheClusters": _rds("CacheClusters"),
    "elasticache:DescribeReplicationGroups": _rds("ReplicationGroups"),
    "elasticache:DescribeServerlessCaches": Listing("ServerlessCaches", 1, 50, size="MaxResults", next_token="NextToken"),
    "sns:ListTopics": Listing("Topics", 1, 100, next_token="NextToken", native=True),
    "sns:ListSubscriptions": Listing("Subscriptions", 1, 100, next_token="NextToken", native=True),
    "cloudwatch:DescribeAlarms": Listing("MetricAlarms", 1, 100, size="MaxRecords", native=True),
    "logs:DescribeLogGroups": Listing("logGroups", 1, 50, size="limit", token="nextToken", native=True),
}

# Classic Load Balancers share a prefix and operations with the later ones, and differ in the API version.
CLASSIC = {"elasticloadbalancing:DescribeLoadBalancers": _elb("LoadBalancerDescriptions")}

# The longest list that a request may carry.
LONGEST = {
    "elasticloadbalancing:DescribeTags": ("ResourceArns", 20),
    "elasticloadbalancing:DescribeLoadBalancers": ("LoadBalancerArns", 20),
    "elasticloadbalancing:DescribeTargetGroups": ("TargetGroupArns", 20),
    "cloudwatch:DescribeAlarms": ("AlarmNames", 100),
}


async def answer(call: Call, lowered: dict[str, int], forward: Callable[[Call], Awaitable[Reply]]) -> Reply:
    """MiniStack's answer to the call, in AWS's pages; `lowered` holds the page sizes that a test has chosen."""
    _check_longest(call)
    classic = call.service == "elasticloadbalancing" and call.params.get("Version") == "2012-06-01"
    listing = (CLASSIC if classic else LISTINGS).get(call.name)
    if listing is None:
        return await forward(call)
    asked = _asked(call, listing)
    lower = lowered.get(call.name)
    if listing.native and lower is None:
        return await forward(call)
    size = min(asked or listing.high, lower or listing.high)
    if listing.native and listing.size:
        return await forward(call.with_params(call.params | {listing.size: size}))

    start = _start(call, listing)
    if listing.native:
        call = call.with_params({k: v for k, v in call.params.items() if k != listing.token})
    whole = await forward(call)
    return _cut(call, listing, whole, start, size) if whole.status == 200 else whole


def _check_longest(call: Call) -> None:
    name, most = LONGEST.get(call.name, ("", 0))
    if name and call.listed(name) > most:
        raise AwsError(
            "ValidationError",
            f"1 validation error detected: Value at '{name}' failed to satisfy constraint: "
            f"Member must have length less than or equal to {most}",
        )


def _asked(call: Call, listing: Listing) -> int | None:
    """The page size that the caller asked for, refused as AWS does when it is out of range."""
    raw = call.params.get(listing.size) if listing.size else None
    if raw in (None, ""):
        return None
    asked = int(raw)
    if listing.low <= asked <= listing.high:
        return asked
    bound = (
        f"less than or equal to {listing.high}" if asked > listing.high else f"greater than or equal to {listing.low}"
    )
    member = listing.size[0].lower() + listing.size[1:]
    if call.protocol == "ec2":
        relation = f"less than {listing.high + 1}" if asked > listing.high else f"greater than {listing.low - 1}"
        message = f"Value ( {asked} ) for parameter {member} is invalid. Expecting a value {relation}."
        raise AwsError("InvalidParameterValue", message)
    code = {"logs": "InvalidParameterException", "rds": "InvalidParameterValue"}.get(call.service, "ValidationError")
    raise AwsError(
        code,
        f"1 validation error detected: Value '{asked}' at '{member}' failed to satisfy constraint: "
        f"Member must have value {bound}",
    )


def _start(call: Call, listing: Listing) -> int:
    token = call.params.get(listing.token)
    if not token:
        return 0
    start = read_token(token, _scope(call, listing))
    if start is None:
        code = {"elasticloadbalancing": "ValidationError", "sns": "InvalidParameter"}.get(
            call.service, "InvalidParameterValue"
        )
        raise AwsError(code, f"Invalid value for {listing.token}: {token}")
    return start


def _scope(call: Call, listing: Listing) -> list:
    """What a token is bound to: the same question, whatever the page size."""
    return [
        call.name,
        call.account,
        call.region,
        {k: v for k, v in call.params.items() if k not in (listing.token, listing.size)},
    ]


def make_token(position: int, scope: list) -> str:
    return base64.urlsafe_b64encode(f"{position}:{_digest(scope)}".encode()).decode()


def read_token(token: str, scope: list) -> int | None:
    """The position in a token made for the same scope, else None."""
    try:
        position, _, digest = base64.urlsafe_b64decode(token).decode().partition(":")
        return int(position) if digest == _digest(scope) else None
    except ValueError:
        return None


def _digest(scope: list) -> str:
    return hashlib.sha256(json.dumps(scope, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _cut(call: Call, listing: Listing, whole: Reply, start: int, size: int) -> Reply:
    root = ElementTree.fromstring(whole.body)
    parent = next((e for e in root.iter() if wire.child(e, listing.items) is not None), None)
    if parent is None:
        return whole
    items = wire.child(parent, listing.items)
    kept = list(items)
    for item in kept[:start] + kept[start + size :]:
        items.remove(item)
    old = wire.child(parent, listing.next_token)
    if old is not None:
        parent.remove(old)
    if start + size < len(kept):
        wire.add_child(parent, listing.next_token, make_token(start + size, _scope(call, listing)))
    return whole.with_body(wire.write_xml(root))
