"""Three weeks of Cost Explorer rows, up to yesterday, with the day that the NAT gateway became dear."""

from __future__ import annotations

from datetime import timedelta

from .local import RANDOM, TODAY, control

DAYS = 21


def build() -> None:
    start = (TODAY - timedelta(days=DAYS)).date().isoformat()
    rows = []
    for service, usage_type, daily, price, unit in (
        ("EC2 - Other", "EU-NatGateway-Bytes", 20.0, 0.048, "GB"),
        ("EC2 - Other", "EU-NatGateway-Hours", 72.0, 0.048, "Hrs"),
        ("Amazon Elastic Load Balancing", "EU-LoadBalancerUsage", 168.0, 0.0252, "Hrs"),
        ("AmazonCloudWatch", "EU-DataProcessing-Bytes", 1.5, 0.57, "GB"),
        ("AmazonCloudWatch", "EU-TimedStorage-ByteHrs", 0.5, 0.03, "GB-Mo"),
        ("Amazon Elastic Container Service", "EU-Fargate-vCPU-Hours:perCPU", 96.0, 0.04048, "hours"),
        ("Amazon Relational Database Service", "EU-InstanceUsage:db.t4g.medium", 24.0, 0.071, "Hrs"),
        ("Amazon Virtual Private Cloud", "EU-PublicIPv4:InUseAddress", 360.0, 0.005, "Hrs"),
    ):
        steady = unit == "Hrs"
        used = [daily if steady else daily * RANDOM.uniform(0.9, 1.1) for _ in range(DAYS)]
        if usage_type == "EU-NatGateway-Bytes":
            used[-1] = 600.0
        rows.append(
            {
                "service": service,
                "usage_type": usage_type,
                "start": start,
                "unit": unit,
                "quantities": [round(u, 4) for u in used],
                "amounts": [round(u * price, 6) for u in used],
            }
        )
    rows.append(
        {
            "service": "Tax",
            "usage_type": "",
            "record_type": "Tax",
            "start": start,
            "amounts": [41.2],
            "region": "global",
        }
    )
    control("costs", rows)
