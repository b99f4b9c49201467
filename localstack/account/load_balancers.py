"""Load balancers, their targets, listeners and traffic."""

from __future__ import annotations

from datetime import timedelta

from .local import RANDOM, TODAY, ago, client, override, series, tags, timestamp
from .network import interface

elb = client("elbv2")
HOUR = 3600
DAYS = 10


def build(ids: dict[str, str]) -> dict[str, str]:
    made = {}
    for name, age, kind in (
        ("web", ago(days=10), "application"),
        ("api", ago(days=9), "application"),
        ("jobs", ago(days=9), "network"),
        ("heroku-router-test", ago(days=9, hours=5), "application"),
        ("redirect-only", ago(days=10), "application"),
        ("brand-new", ago(hours=2), "application"),
        ("staging", ago(days=10), "application"),
    ):
        made[name] = _balancer(ids, name, kind)
        override(
            "elasticloadbalancing",
            "DescribeLoadBalancers",
            {"LoadBalancerName": name},
            {"CreatedTime": timestamp(age), "VpcId": ids["vpc"]},
        )
    for name, port, targets, state in (
        ("web", 8080, 2, "healthy"),
        ("api", 8080, 2, "healthy"),
        ("jobs", 7000, 1, "healthy"),
        ("heroku-router-test", 5000, 0, ""),
        ("brand-new", 8080, 1, "initial"),
        ("staging", 8080, 2, "unhealthy"),
    ):
        made[f"tg-{name}"] = _target_group(ids, name, port, targets, state)
        if name in ("web", "api"):
            _forward(made[name], made[f"tg-{name}"], "HTTPS", 443)
            _redirect(made[name])
        else:
            _forward(made[name], made[f"tg-{name}"], *(("TCP", 7000) if name == "jobs" else ("HTTP", 80)))
    _redirect(made["redirect-only"], Host="www.example.com")
    _interfaces(ids, made)
    _traffic(made)
    return made


def suffix(arn: str) -> str:
    """What CloudWatch calls a load balancer or target group: the end of its ARN."""
    resource = arn.rpartition(":")[2]
    return resource.removeprefix("loadbalancer/")


def _balancer(ids: dict[str, str], name: str, kind: str) -> str:
    side = "private" if kind == "network" else "public"
    options = {"SecurityGroups": [ids["alb-public"]]} if kind == "application" else {}
    return elb.create_load_balancer(
        Name=name,
        Type=kind,
        Scheme="internal" if kind == "network" else "internet-facing",
        Subnets=[ids[f"subnet-{side}-a"], ids[f"subnet-{side}-b"]],
        Tags=tags(name, "staging" if name == "staging" else "production", stack="web" if name == "web" else None),
        **options,
    )["LoadBalancers"][0]["LoadBalancerArn"]


def _target_group(ids: dict[str, str], name: str, port: int, targets: int, state: str) -> str:
    group = elb.create_target_group(
        Name=name, Protocol="TCP" if name == "jobs" else "HTTP", Port=port, VpcId=ids["vpc"], TargetType="ip"
    )["TargetGroups"][0]["TargetGroupArn"]
    if targets:
        elb.register_targets(
            TargetGroupArn=group, Targets=[{"Id": f"10.20.10.{10 + i}", "Port": port} for i in range(targets)]
        )
    if state not in ("", "healthy"):
        reason = {
            "unhealthy": ("Target.Timeout", "Request timed out"),
            "initial": ("Elb.RegistrationInProgress", "Target registration is in progress"),
        }
        code, words = reason[state]
        override(
            "elasticloadbalancing",
            "DescribeTargetHealth",
            {"TargetHealth.State": "healthy"},
            {"TargetHealth": {"State": state, "Reason": code, "Description": words}},
            {"TargetGroupArn": group},
        )
    return group


def _forward(balancer: str, group: str, protocol: str, port: int) -> None:
    elb.create_listener(
        LoadBalancerArn=balancer,
        Protocol=protocol,
        Port=port,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )


def _redirect(balancer: str, **where: str) -> None:
    elb.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[
            {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "StatusCode": "HTTP_301"} | where}
        ],
    )


def _interfaces(ids: dict[str, str], made: dict[str, str]) -> None:
    """The interfaces that ELB keeps in the subnets of each load balancer."""
    for number, (name, arn) in enumerate((n, a) for n, a in list(made.items()) if ":loadbalancer/" in a):
        network = name == "jobs"
        for zone in "ab":
            changes = {
                "description": f"ELB {suffix(arn)}",
                "requesterId": "amazon-elb",
                "requesterManaged": True,
                "interfaceType": "network_load_balancer" if network else "interface",
                "attachment": {
                    "attachmentId": f"ela-attach-0{number}{zone}",
                    "instanceOwnerId": "amazon-elb",
                    "deviceIndex": 1,
                    "status": "attached",
                    "deleteOnTermination": False,
                },
            }
            if not network:
                address = f"198.51.100.{100 + 2 * number + 'ab'.index(zone)}"
                changes["association"] = {"publicIp": address, "ipOwnerId": "amazon-elb"}
            side = "private" if network else "public"
            group = [ids["app"] if network else ids["alb-public"]]
            ids[f"eni-{name}-{zone}"] = interface(ids[f"subnet-{side}-{zone}"], group, changes)


def _traffic(made: dict[str, str]) -> None:
    start = TODAY - timedelta(days=DAYS)
    hours = DAYS * 24

    def alb(name: str, metric: str, values: list[float], group: bool = False) -> None:
        dimensions = {"LoadBalancer": suffix(made[name])}
        if group:
            dimensions["TargetGroup"] = suffix(made[f"tg-{name}"])
        series("AWS/ApplicationELB", metric, dimensions, start, HOUR, values)

    for name, hourly in (("web", 9000), ("api", 2500)):
        alb(name, "RequestCount", [round(hourly * RANDOM.uniform(0.6, 1.4)) for _ in range(hours)])
        alb(name, "TargetResponseTime", [round(RANDOM.uniform(0.05, 0.3), 3) for _ in range(hours)])
        alb(name, "HTTPCode_Target_5XX_Count", [float(RANDOM.choice((0, 0, 0, 1, 2))) for _ in range(hours)])
        alb(name, "HealthyHostCount", [2.0] * hours, group=True)
        alb(name, "UnHealthyHostCount", [0.0] * hours, group=True)
    # Requests that never choose a target do not count as RequestCount.
    alb("redirect-only", "HTTP_Redirect_Count", [round(300 * RANDOM.uniform(0.6, 1.4)) for _ in range(hours)])
    alb("staging", "RequestCount", [0.0] * hours)
    alb("staging", "HTTPCode_ELB_5XX_Count", [float(RANDOM.choice((0, 1, 3))) for _ in range(hours)])
    alb("staging", "HealthyHostCount", [0.0] * hours, group=True)
    alb("staging", "UnHealthyHostCount", [2.0] * hours, group=True)
    for name in ("web", "api", "redirect-only", "staging", "heroku-router-test"):
        alb(name, "ConsumedLCUs", [0.2 if name in ("web", "api") else 0.0] * hours)
    jobs = {"LoadBalancer": suffix(made["jobs"])}
    for metric in ("NewFlowCount", "ActiveFlowCount", "ProcessedBytes", "ConsumedLCUs"):
        series("AWS/NetworkELB", metric, jobs, TODAY - timedelta(days=9), HOUR, [0.0] * 9 * 24)
