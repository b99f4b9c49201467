"""The VPC, its security groups and interfaces, and the NAT gateways with their traffic."""

from __future__ import annotations

from datetime import timedelta

from .local import ACCOUNT, GB, RANDOM, TODAY, ago, client, override, series, tags, timestamp

ec2 = client("ec2")
DAY = 86400


def build(_: dict[str, str]) -> dict[str, str]:
    ids = _vpc()
    ids |= _security_groups(ids)
    _attach(ids)
    return ids | _nat_gateways(ids)


def _vpc() -> dict[str, str]:
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[vpc], Tags=tags("network", stack="network"))
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ids = {"vpc": vpc, "igw": gateway}
    for kind in ("public", "private"):
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ids[f"rtb-{kind}"] = table
        for zone in "ab":
            block = f"10.20.{10 * (kind == 'private') + 'ab'.index(zone)}.0/24"
            subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=f"eu-west-1{zone}")["Subnet"][
                "SubnetId"
            ]
            ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
            ids[f"subnet-{kind}-{zone}"] = subnet
    ec2.create_route(RouteTableId=ids["rtb-public"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    return ids


def _group(vpc: str, name: str, description: str, ingress: list[dict], app: str, stack: str | None = None) -> str:
    group = ec2.create_security_group(GroupName=name, Description=description, VpcId=vpc)["GroupId"]
    ec2.create_tags(Resources=[group], Tags=[*tags(app, stack=stack), {"Key": "Name", "Value": name}])
    if ingress:
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=ingress)
    return group


def _tcp(low: int, high: int | None = None, **sources: list) -> dict:
    return {"IpProtocol": "tcp", "FromPort": low, "ToPort": high or low, **sources}


def _security_groups(ids: dict[str, str]) -> dict[str, str]:
    vpc = ids["vpc"]
    prefix_list = ec2.create_managed_prefix_list(
        PrefixListName="everyone",
        AddressFamily="IPv4",
        MaxEntries=10,
        Entries=[{"Cidr": "10.0.0.0/8", "Description": "inside"}, {"Cidr": "0.0.0.0/0", "Description": "temporary"}],
    )["PrefixList"]["PrefixListId"]
    world = [{"CidrIp": "0.0.0.0/0"}]
    made = {"pl-everyone": prefix_list}
    # Open, and wrongly so.
    made["legacy-postgres"] = _group(
        vpc,
        "legacy-postgres",
        "Heroku dynos reach the database during the move",
        [_tcp(5432, IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "heroku dynos"}])],
        "web",
    )
    made["split-ssh"] = _group(
        vpc,
        "split-ssh",
        "ssh from anywhere in two halves",
        [_tcp(22, IpRanges=[{"CidrIp": "0.0.0.0/1"}, {"CidrIp": "128.0.0.0/1"}])],
        "ops",
    )
    made["wide-range"] = _group(
        vpc, "wide-range", "everything from 80 upwards", [_tcp(80, 65535, Ipv6Ranges=[{"CidrIpv6": "::/0"}])], "web"
    )
    made["via-prefix-list"] = _group(
        vpc,
        "via-prefix-list",
        "redis for whoever is on the list",
        [_tcp(6379, PrefixListIds=[{"PrefixListId": prefix_list}])],
        "worker",
    )
    # MiniStack forgets the prefix list of a rule.
    override(
        "ec2",
        "DescribeSecurityGroups",
        {"groupName": "via-prefix-list"},
        {
            "ipPermissions": [
                {
                    "ipProtocol": "tcp",
                    "fromPort": 6379,
                    "toPort": 6379,
                    "groups": [],
                    "ipRanges": [],
                    "ipv6Ranges": [],
                    "prefixListIds": [{"prefixListId": prefix_list, "description": "the list"}],
                }
            ]
        },
    )
    override(
        "ec2",
        "DescribeSecurityGroupRules",
        {"groupId": made["via-prefix-list"], "fromPort": 6379},
        {"prefixListId": prefix_list},
    )
    # Open to the world as a load balancer must be, or open to somebody only.
    made["alb-public"] = _group(
        vpc,
        "alb-public",
        "http and https for the public load balancers",
        [_tcp(80, IpRanges=world), _tcp(443, IpRanges=world)],
        "web",
        stack="web",
    )
    made["app"] = _group(
        vpc,
        "app",
        "the web tasks",
        [_tcp(8080, UserIdGroupPairs=[{"GroupId": made["alb-public"]}])],
        "web",
        stack="web",
    )
    made["partner-api"] = _group(
        vpc,
        "partner-api",
        "one partner over IPv6",
        [_tcp(443, Ipv6Ranges=[{"CidrIpv6": "2001:db8:40::/48", "Description": "partner"}])],
        "api",
    )
    made["office-ssh"] = _group(
        vpc,
        "office-ssh",
        "ssh from the office",
        [
            _tcp(22, IpRanges=[{"CidrIp": "203.0.113.8/29", "Description": "office"}]),
            _tcp(22, IpRanges=[{"CidrIp": "198.51.100.9/32", "Description": "working from home"}]),
        ],
        "ops",
    )
    return made


def interface(subnet: str, groups: list[str], changes: dict) -> str:
    """A network interface that looks as if something used it; MiniStack makes none for instances or load balancers."""
    made = ec2.create_network_interface(SubnetId=subnet, Groups=groups)["NetworkInterface"]["NetworkInterfaceId"]
    override("ec2", "DescribeNetworkInterfaces", {"networkInterfaceId": made}, {"status": "in-use"} | changes)
    return made


def _instance(instance: str) -> dict:
    return {
        "attachmentId": f"eni-attach-{instance[2:]}",
        "instanceId": instance,
        "instanceOwnerId": ACCOUNT,
        "deviceIndex": 0,
        "status": "attached",
        "attachTime": timestamp(ago(days=9)),
        "deleteOnTermination": True,
    }


def _attach(ids: dict[str, str]) -> None:
    ids["eni-legacy-postgres"] = interface(
        ids["subnet-public-a"],
        [ids["legacy-postgres"]],
        {
            "attachment": _instance("i-0d5e1a2b3c4d5e6f7"),
            "association": {"publicIp": "198.51.100.17", "publicDnsName": "", "ipOwnerId": ACCOUNT},
        },
    )
    ids["eni-split-ssh"] = interface(
        ids["subnet-private-a"], [ids["split-ssh"]], {"attachment": _instance("i-0aa11bb22cc33dd44")}
    )
    ids["eni-redis"] = interface(
        ids["subnet-private-b"], [ids["via-prefix-list"]], {"attachment": _instance("i-0bb22cc33dd44ee55")}
    )
    for zone in "ab":
        ids[f"eni-task-{zone}"] = interface(
            ids[f"subnet-private-{zone}"],
            [ids["app"]],
            {
                "description": f"arn:aws:ecs:eu-west-1:{ACCOUNT}:attachment/web-{zone}",
                "requesterManaged": True,
                "attachment": {
                    "attachmentId": f"eni-attach-0task{zone}",
                    "instanceOwnerId": "amazon-ecs",
                    "deviceIndex": 1,
                    "status": "attached",
                },
            },
        )


def _nat_gateways(ids: dict[str, str]) -> dict[str, str]:
    made = {}
    for name, days in (("nat-main", 10), ("nat-regional", 12), ("nat-young", 3)):
        changes = {}
        if name == "nat-regional":
            changes = {
                "availabilityMode": "regional",
                "subnetId": None,
                "natGatewayAddressSet": [_address("198.51.100.50", "a"), _address("198.51.100.51", "b")],
            }
        made[name] = nat_gateway(ids["subnet-public-a"], name, days, changes)
    ec2.create_route(RouteTableId=ids["rtb-private"], DestinationCidrBlock="0.0.0.0/0", NatGatewayId=made["nat-main"])

    # Ten days up to yesterday, and what there is of today; yesterday somebody pulled 600 GB through nat-main.
    spike = {9: 600.0}
    traffic({"NatGatewayId": made["nat-main"]}, 10, 8.0, spike)
    for zone in "ab":
        traffic({"NatGatewayId": made["nat-regional"], "AvailabilityZone": f"eu-west-1{zone}"}, 12, 5.0, {})
    traffic({"NatGatewayId": made["nat-young"]}, 3, 2.0, {2: 90.0})
    return made


def nat_gateway(subnet: str, name: str, days: int, changes: dict) -> str:
    made = ec2.create_nat_gateway(
        SubnetId=subnet,
        TagSpecifications=[
            {
                "ResourceType": "natgateway",
                "Tags": [*tags("network", stack="network"), {"Key": "Name", "Value": name}],
            },
        ],
    )["NatGateway"]["NatGatewayId"]
    zonal = {
        "createTime": timestamp(ago(days=days)),
        "availabilityMode": "zonal",
        "natGatewayAddressSet": [_address(f"198.51.100.{30 + days}", "a")],
    }
    override("ec2", "DescribeNatGateways", {"natGatewayId": made}, zonal | changes)
    return made


def _address(public: str, zone: str) -> dict:
    return {
        "publicIp": public,
        "allocationId": f"eipalloc-0{public.replace('.', '')}",
        "status": "succeeded",
        "isPrimary": True,
        "availabilityZone": f"eu-west-1{zone}",
    }


def traffic(dimensions: dict[str, str], days: int, daily_gb: float, spikes: dict[int, float]) -> None:
    totals = [spikes.get(day, daily_gb * RANDOM.uniform(0.85, 1.15)) for day in range(days)] + [daily_gb * 0.3]
    for metric, share in (("BytesInFromSource", 0.2), ("BytesInFromDestination", 0.8)):
        series(
            "AWS/NATGateway",
            metric,
            dimensions,
            TODAY - timedelta(days=days),
            DAY,
            [round(total * share * GB) for total in totals],
        )
