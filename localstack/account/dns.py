"""Zones after the cutover: names that Heroku still answers for, and a TTL that nobody raised again."""

from __future__ import annotations

from .local import REGION, client

route53 = client("route53")


def build(ids: dict[str, str]) -> dict[str, str]:
    balancer = f"web-1234567890.{REGION}.elb.amazonaws.com"
    api = f"api-1234567890.{REGION}.elb.amazonaws.com"
    made = {"zone-example-com": _zone("example.com")}
    _records(
        made["zone-example-com"],
        _alias("example.com", balancer),
        # The cutover was gradual, and stopped at nine tenths.
        _record("www.example.com", balancer, 60, SetIdentifier="aws", Weight=90),
        _record("www.example.com", "shallow-lake-1234.herokudns.com", 60, SetIdentifier="heroku", Weight=10),
        _record("api.example.com", api, 60, SetIdentifier="main", Weight=100),
        _record("api.example.com", balancer, 60, SetIdentifier="canary", Weight=0),
        _record("blog.example.com", "example-blog.herokuapp.com", 300),
        _record("docs.example.com", balancer, 60),
        _record("_3f1c.example.com", "_9a7b.acm-validations.aws", 60),
    )
    made["zone-example-net"] = _zone("example.net")
    _records(made["zone-example-net"], _record("www.example.net", "www.example.com", 3600))
    made["zone-internal"] = _zone("internal.example.com", ids["vpc"])
    _records(made["zone-internal"], _record("db.internal.example.com", "main.cluster.local", 5))
    return made


def _zone(name: str, vpc: str | None = None) -> str:
    private = {"VPC": {"VPCRegion": REGION, "VPCId": vpc}} if vpc else {}
    zone = route53.create_hosted_zone(Name=name, CallerReference=name, **private)["HostedZone"]
    return zone["Id"].rpartition("/")[2]


def _records(zone: str, *records: dict) -> None:
    changes = [{"Action": "CREATE", "ResourceRecordSet": record} for record in records]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})


def _record(name: str, target: str, ttl: int, **more: object) -> dict:
    return {"Name": name, "Type": "CNAME", "TTL": ttl, "ResourceRecords": [{"Value": target}]} | more


def _alias(name: str, target: str) -> dict:
    # The zone is that of load balancers in eu-west-1.
    alias = {"HostedZoneId": "Z32O12XQLNTSW2", "DNSName": target, "EvaluateTargetHealth": True}
    return {"Name": name, "Type": "A", "AliasTarget": alias}
