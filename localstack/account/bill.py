"""Ten weeks of Cost Explorer rows up to the last settled day: what the seeded account's things cost since the move.

Hours and bytes follow what is there and since when. Beside that the bill tells of an export that left the account
on one day, of a search cluster that somebody tried, and of logs that grew week by week.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta

from .local import RANDOM, TODAY, control

DAYS = 70
SETTLE_DAYS = 2

OTHER = "EC2 - Other"
ELB = "Amazon Elastic Load Balancing"
LOGS = "AmazonCloudWatch"
RDS = "Amazon Relational Database Service"
ECS = "Amazon Elastic Container Service"

# How many days ago each was made; Classic Load Balancers cost as much as the others.
NAT_GATEWAYS = (41, 41, 12, 12, 10, 3)  # a regional gateway is paid for in each of its two zones
LOAD_BALANCERS = (90, 90, 10, 10, 10, 9, 9, 9)
DATABASES = (
    ("EU-Multi-AZUsage:db.m6g.large", 40, 0.356),
    ("EU-InstanceUsage:db.m6g.large", 39, 0.178),
    ("EU-InstanceUsage:db.t4g.large", 24, 0.142),
    ("EU-InstanceUsage:db.t4g.medium", 55, 0.071),
    ("EU-InstanceUsage:db.r6g.xlarge", 33, 0.5),
)

# What something used on a day so many days ago.
Usage = Callable[[int], float]


def since(age: int, daily: float = 24.0) -> Usage:
    return lambda ago: daily if ago <= age else 0.0


def each(ages: tuple[int, ...]) -> Usage:
    return lambda ago: sum(24.0 for age in ages if ago <= age)


def noisy(usage: Usage) -> Usage:
    return lambda ago: usage(ago) * RANDOM.uniform(0.95, 1.05)


def nat_gigabytes(ago: int) -> float:
    """nat-orders carries fifteen times as much since nine days ago; the others are younger than a fortnight."""
    orders = 75.0 if ago <= 9 else 5.0 if ago <= 41 else 0.0
    return orders + (10.0 if ago <= 12 else 0.0) + (8.0 if ago <= 10 else 0.0) + (2.0 if ago <= 3 else 0.0)


def logged_gigabytes(ago: int) -> float:
    """Up to what the log groups take in now."""
    return 7.5 if ago <= 12 else 0.5 + 7.0 * (DAYS + SETTLE_DAYS - ago) / (DAYS + SETTLE_DAYS - 12)


def sent_gigabytes(ago: int) -> float:
    return 400.0 if ago == 5 else 10.0


def build() -> None:
    lines: list[tuple[str, str, Usage, float, str]] = [
        (OTHER, "EU-NatGateway-Bytes", noisy(nat_gigabytes), 0.048, "GB"),
        (OTHER, "EU-NatGateway-Hours", each(NAT_GATEWAYS), 0.048, "Hrs"),
        (OTHER, "EU-DataTransfer-Out-Bytes", noisy(sent_gigabytes), 0.09, "GB"),
        (OTHER, "EU-EBS:VolumeUsage.gp3", since(90, 12.0), 0.088, "GB-Mo"),
        (ELB, "EU-LoadBalancerUsage", each(LOAD_BALANCERS), 0.0252, "Hrs"),
        (LOGS, "EU-DataProcessing-Bytes", noisy(logged_gigabytes), 0.57, "GB"),
        (LOGS, "EU-TimedStorage-ByteHrs", since(90, 2.6), 0.03, "GB-Mo"),
        (ECS, "EU-Fargate-vCPU-Hours:perCPU", noisy(since(90, 156.0)), 0.04048, "hours"),
        ("Amazon Virtual Private Cloud", "EU-PublicIPv4:InUseAddress", since(90, 480.0), 0.005, "Hrs"),
        ("Amazon OpenSearch Service", "EU-ESInstance:m6g.large", since(8), 0.142, "Hrs"),
        ("AWS Key Management Service", "eu-west-1-KMS-Requests", since(6, 900.0), 3e-6, "Requests"),
    ]
    lines += [(RDS, usage_type, since(age), price, "Hrs") for usage_type, age, price in DATABASES]
    first = TODAY - timedelta(days=DAYS + SETTLE_DAYS - 1)
    rows = [_row(first, service, usage_type, used, price, unit) for service, usage_type, used, price, unit in lines]
    rows.append(_each_first(first, "Amazon Route 53", "HostedZone", 1.5))
    rows.append(_row(first, "Tax", "", lambda ago: float(ago % 30 == 0), 41.2, "N/A") | {"record_type": "Tax"})
    control("costs", rows)


def _days_ago() -> range:
    return range(DAYS + SETTLE_DAYS - 1, SETTLE_DAYS - 1, -1)


def _row(first, service: str, usage_type: str, used: Usage, price: float, unit: str) -> dict:
    """Cost Explorer has no rows for days without cost, and neither has this before the first one."""
    quantities = [round(used(ago), 4) for ago in _days_ago()]
    begins = next((day for day, quantity in enumerate(quantities) if quantity), 0)
    quantities = quantities[begins:]
    return {
        "service": service,
        "usage_type": usage_type,
        "start": (first + timedelta(days=begins)).date().isoformat(),
        "unit": unit,
        "quantities": quantities,
        "amounts": [math.floor(quantity * price * 1e6) / 1e6 for quantity in quantities],
    }


def _each_first(first, service: str, usage_type: str, amount: float) -> dict:
    days = [(TODAY - timedelta(days=ago)).day for ago in _days_ago()]
    return {
        "service": service,
        "usage_type": usage_type,
        "start": first.date().isoformat(),
        "region": "global",
        "unit": "HostedZone",
        "amounts": [amount if day == 1 else 0.0 for day in days],
        "quantities": [3.0 if day == 1 else 0.0 for day in days],
    }
