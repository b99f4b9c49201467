"""A second, tidy VPC, and what a move leaves behind: a gateway, volumes, addresses, snapshots, Classic Load Balancers."""

from __future__ import annotations

from datetime import timedelta

from .local import REGION, TODAY, ago, client, control, override, series, tags, timestamp
from .network import DAY, nat_gateway, traffic

ec2, cloudwatch = client("ec2"), client("cloudwatch")


def build(ids: dict[str, str]) -> dict[str, str]:
    made = _orders(ids["topic-alerts-oncall"])
    made |= _storage()
    made |= _instances(ids)
    _classic(ids)
    return made


def _orders(oncall: str) -> dict[str, str]:
    """Gateway endpoints, flow logs and an alarm; but of its two gateways one has had no work since the move."""
    vpc = ec2.create_vpc(CidrBlock="10.30.0.0/16")["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[vpc], Tags=[*tags("orders"), {"Key": "Name", "Value": "orders"}])
    made = {"vpc-orders": vpc}
    for zone, name in (("a", "nat-orders"), ("b", "nat-left")):
        subnet = ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.30.{'ab'.index(zone)}.0/24", AvailabilityZone=f"{REGION}{zone}"
        )["Subnet"]["SubnetId"]
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        made |= {f"subnet-orders-{zone}": subnet, f"rtb-orders-{zone}": table}
        made[name] = nat_gateway(subnet, name, 41, {"vpcId": vpc})
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=made[name])
    # Nine days ago a nightly copy of the images began to go through it: no day stands out, but the week does.
    traffic({"NatGatewayId": made["nat-orders"]}, 41, 5.0, {day: 75.0 for day in range(32, 41)})
    # A clock and nothing else: 8 KB a day.
    traffic({"NatGatewayId": made["nat-left"]}, 41, 8e-6, {})
    cloudwatch.put_metric_alarm(
        AlarmName="nat-orders-ports",
        Namespace="AWS/NATGateway",
        MetricName="ErrorPortAllocation",
        Dimensions=[{"Name": "NatGatewayId", "Value": made["nat-orders"]}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=15,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[oncall],
    )
    for service in ("s3", "dynamodb"):
        made[f"vpce-{service}"] = ec2.create_vpc_endpoint(
            VpcId=vpc,
            ServiceName=f"com.amazonaws.{REGION}.{service}",
            VpcEndpointType="Gateway",
            RouteTableIds=[made["rtb-orders-a"], made["rtb-orders-b"]],
        )["VpcEndpoint"]["VpcEndpointId"]
    made["eni-orders"] = ec2.create_network_interface(SubnetId=made["subnet-orders-a"])["NetworkInterface"][
        "NetworkInterfaceId"
    ]
    made["fl-orders"] = ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination="arn:aws:s3:::orders-flow-logs",
    )["FlowLogIds"][0]
    return made


def _volume(name: str, size: int, days: int) -> str:
    volume = ec2.create_volume(
        AvailabilityZone=f"{REGION}a",
        Size=size,
        VolumeType="gp3",
        TagSpecifications=[{"ResourceType": "volume", "Tags": [*tags("web"), {"Key": "Name", "Value": name}]}],
    )["VolumeId"]
    override("ec2", "DescribeVolumes", {"volumeId": volume}, {"createTime": timestamp(ago(days=days))})
    return volume


def _snapshot(volume: str, description: str, days: int) -> str:
    snapshot = ec2.create_snapshot(VolumeId=volume, Description=description)["SnapshotId"]
    override("ec2", "DescribeSnapshots", {"snapshotId": snapshot}, {"startTime": timestamp(ago(days=days))})
    return snapshot


def _storage() -> dict[str, str]:
    left = _volume("pg-import", 200, 35)
    made = {"vol-pg-import": left, "snap-pg-import": _snapshot(left, "after the import", 30)}
    gone = _volume("pg-trial", 100, 300)
    made["snap-trial-old"] = _snapshot(gone, "trial", 280)
    made["snap-trial"] = _snapshot(gone, "trial, last state", 250)
    made["snap-image"] = _snapshot(gone, "for the base image", 240)
    ec2.delete_volume(VolumeId=gone)
    made["ami-base"] = ec2.register_image(
        Name="base",
        RootDeviceName="/dev/xvda",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": made["snap-image"]}}],
    )["ImageId"]
    made["eip-left"] = ec2.allocate_address(Domain="vpc")["AllocationId"]
    return made


def _instances(ids: dict[str, str]) -> dict[str, str]:
    made = {}
    for name in ("import-runner", "vpn"):
        made[f"i-{name}"] = ec2.run_instances(
            ImageId="ami-0a1b2c3d4e5f60718",
            InstanceType="t3.medium",
            MinCount=1,
            MaxCount=1,
            SubnetId=ids["subnet-private-a"],
            SecurityGroupIds=[ids["app"]],
            TagSpecifications=[
                {"ResourceType": "instance", "Tags": [*tags("ops"), {"Key": "Name", "Value": name}]},
            ],
        )["Instances"][0]["InstanceId"]
    made["eip-vpn"] = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.associate_address(AllocationId=made["eip-vpn"], InstanceId=made["i-vpn"])
    ec2.stop_instances(InstanceIds=[made["i-import-runner"]])
    stopped = ago(days=48)
    override(
        "ec2",
        "DescribeInstances",
        {"instanceId": made["i-import-runner"]},
        {"launchTime": timestamp(ago(days=60)), "reason": f"User initiated ({stopped:%Y-%m-%d %H:%M:%S} GMT)"},
    )
    return made


def _classic(ids: dict[str, str]) -> None:
    """One that Elastic Beanstalk left behind, and one that still works."""

    def balancer(name: str, instances: list[str]) -> dict:
        listener = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstanceProtocol": "HTTP", "InstancePort": 80}
        return {
            "LoadBalancerName": name,
            "DNSName": f"{name}-1234567890.{REGION}.elb.amazonaws.com",
            "ListenerDescriptions": [{"Listener": listener, "PolicyNames": []}],
            "Instances": [{"InstanceId": instance} for instance in instances],
            "SecurityGroups": [ids["alb-public"]],
            "VPCId": ids["vpc"],
            "Scheme": "internet-facing",
            "CreatedTime": ago(days=90).isoformat(),
        }

    balancers = [balancer("awseb-old-env", []), balancer("soap", ["i-0d5e1a2b3c4d5e6f7"])]
    control(
        "answers",
        {
            "service": "elasticloadbalancing",
            "operation": "DescribeLoadBalancers",
            "version": "2012-06-01",
            "region": REGION,
            "result": {"LoadBalancerDescriptions": balancers},
        },
    )
    start = TODAY - timedelta(days=10)
    series("AWS/ELB", "RequestCount", {"LoadBalancerName": "soap"}, start, DAY, [4000.0] * 10)
