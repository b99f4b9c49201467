//! Which resources an event changed, and their ARNs where the form is known.
//!
//! The record's parameters say it in as many ways as there are services: the first
//! row of the table that finds something decides.

use super::record::{Record, texts};

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Target {
    /// The short id that a person types.
    pub(super) id: String,
    /// Empty where the record does not say enough.
    pub(super) arn: String,
}

/// How an id becomes a resource. A value that is an ARN already stays one, whatever the form.
#[derive(Clone, Copy)]
enum Form {
    /// An ARN after `arn:<partition>:`, with places to fill in.
    Arn(&'static str),
    /// By the id's prefix.
    Ec2,
    /// A load balancer, or the load balancer of a listener or rule.
    Balancer,
    TargetGroup,
    Function,
    LogGroup,
    Queue,
    Stack,
    Topic,
    Zone,
    /// The ARN has parts that the record does not tell, such as a path or a random suffix.
    Bare,
}

struct Row {
    service: &'static str,
    paths: &'static [&'static str],
    form: Form,
}

const fn row(service: &'static str, paths: &'static [&'static str], form: Form) -> Row {
    Row { service, paths, form }
}

const REQUEST: &str = "requestParameters.";
const RESPONSE: &str = "responseElements.";

/// Paths begin in the request parameters, or after `>` in the response elements.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    row("ec2", &["resourcesSet.items.resourceId", "ModifySecurityGroupRulesRequest.GroupId", "groupId", ">groupId",
        "routeTableId", ">routeTable.routeTableId",
        "DeleteNatGatewayRequest.NatGatewayId", "natGatewayId", ">CreateNatGatewayResponse.natGateway.natGatewayId",
        "networkInterfaceId", ">networkInterface.networkInterfaceId", "volumeId", ">volumeId",
        "instanceId", "instancesSet.items.instanceId", ">instancesSet.items.instanceId",
        "networkAclId", ">networkAcl.networkAclId",
        "ModifyManagedPrefixListRequest.PrefixListId", "DeleteManagedPrefixListRequest.PrefixListId",
        "ModifyVpcEndpointRequest.VpcEndpointId", "DeleteVpcEndpointsRequest.VpcEndpointId",
        "DeleteVpcEndpointsRequest.VpcEndpointId.content", ">CreateVpcEndpointResponse.vpcEndpoint.vpcEndpointId",
        "DeleteFlowLogsRequest.FlowLogId", "DeleteFlowLogsRequest.FlowLogId.content",
        "snapshotId", ">snapshotId", "imageId", ">imageId", "allocationId", ">allocationId",
        "internetGatewayId", ">internetGateway.internetGatewayId",
        "subnetId", ">subnet.subnetId", "vpcId", ">vpc.vpcId"], Form::Ec2),
    row("rds", &["dBInstanceIdentifier"], Form::Arn("rds:{region}:{account}:db:{lower}")),
    row("rds", &["dBClusterIdentifier"], Form::Arn("rds:{region}:{account}:cluster:{lower}")),
    row("rds", &["dBSnapshotIdentifier"], Form::Arn("rds:{region}:{account}:snapshot:{lower}")),
    row("rds", &["dBParameterGroupName"], Form::Arn("rds:{region}:{account}:pg:{lower}")),
    row("rds", &["dBSubnetGroupName"], Form::Arn("rds:{region}:{account}:subgrp:{lower}")),
    row("rds", &["resourceName"], Form::Bare),
    row("logs", &["logGroupName", "logGroupIdentifier"], Form::LogGroup),
    row("monitoring", &["alarmName", "alarmNames"], Form::Arn("cloudwatch:{region}:{account}:alarm:{id}")),
    row("monitoring", &["dashboardName", "dashboardNames"], Form::Arn("cloudwatch::{account}:dashboard/{id}")),
    row("ecs", &[">service.serviceArn", "service", "serviceName"],
        Form::Arn("ecs:{region}:{account}:service/{cluster}/{id}")),
    row("ecs", &["family", "taskDefinition", "taskDefinitions", "task"], Form::Bare),
    row("ecs", &[">cluster.clusterArn", "cluster", "clusterName"], Form::Arn("ecs:{region}:{account}:cluster/{id}")),
    row("elasticloadbalancing", &["loadBalancerArn", "listenerArn", "ruleArn", "rulePriorities.ruleArn",
        ">loadBalancers.loadBalancerArn"], Form::Balancer),
    row("elasticloadbalancing", &["targetGroupArn", ">targetGroups.targetGroupArn"], Form::TargetGroup),
    row("elasticloadbalancing", &["loadBalancerName"],
        Form::Arn("elasticloadbalancing:{region}:{account}:loadbalancer/{id}")),
    row("elasticloadbalancing", &["resourceArns"], Form::Balancer),
    row("lambda", &["functionName", "resource"], Form::Function),
    row("s3", &["bucketName"], Form::Arn("s3:::{id}")),
    row("iam", &["roleName", "userName", "groupName", "instanceProfileName", "policyArn", "policyName"], Form::Bare),
    row("sns", &["topicArn", ">topicArn", "subscriptionArn", ">subscriptionArn", "targetArn", "resourceArn"],
        Form::Topic),
    row("sqs", &["queueUrl", ">queueUrl"], Form::Queue),
    row("sqs", &["queueName"], Form::Arn("sqs:{region}:{account}:{id}")),
    row("route53", &["hostedZoneId", ">hostedZone.id", "id"], Form::Zone),
    row("route53", &["healthCheckId", ">healthCheck.id"], Form::Arn("route53:::healthcheck/{id}")),
    row("elasticache", &["replicationGroupId"], Form::Arn("elasticache:{region}:{account}:replicationgroup:{id}")),
    row("elasticache", &["cacheClusterId"], Form::Arn("elasticache:{region}:{account}:cluster:{id}")),
    row("cloudformation", &[">stackId", "stackName"], Form::Stack),
    row("cloudtrail", &["name", "trailName"], Form::Arn("cloudtrail:{region}:{account}:trail/{id}")),
    row("autoscaling", &["autoScalingGroupName"], Form::Bare),
    row("events", &["name", "rule"], Form::Bare),
    row("kms", &["keyId", ">keyMetadata.arn"], Form::Bare),
    row("secretsmanager", &[">arn", "secretId", "name"], Form::Bare),
    row("ssm", &["name"], Form::Bare),
];

/// EC2's resource types by id prefix; `true` where the ARN names no account.
const EC2_TYPES: &[(&str, &str, bool)] = &[
    ("acl", "network-acl", false),
    ("ami", "image", true),
    ("eipalloc", "elastic-ip", false),
    ("eni", "network-interface", false),
    ("fl", "vpc-flow-log", false),
    ("i", "instance", false),
    ("igw", "internet-gateway", false),
    ("lt", "launch-template", false),
    ("nat", "natgateway", false),
    ("pl", "prefix-list", false),
    ("rtb", "route-table", false),
    ("sg", "security-group", false),
    ("sgr", "security-group-rule", false),
    ("snap", "snapshot", true),
    ("subnet", "subnet", false),
    ("tgw", "transit-gateway", false),
    ("vol", "volume", false),
    ("vpc", "vpc", false),
    ("vpce", "vpc-endpoint", false),
];

/// At least one: failing all else, the event's own name.
pub(super) fn targets(record: Record<'_>) -> Vec<Target> {
    let of_row = |row: &Row| {
        row.paths.iter().find_map(|path| {
            let path = match path.strip_prefix('>') {
                Some(path) => format!("{RESPONSE}{path}"),
                None => format!("{REQUEST}{path}"),
            };
            let mut targets: Vec<Target> = texts(&record.0.record, &path)
                .into_iter()
                .map(|value| row.form.target(value, record))
                .collect();
            targets.sort();
            targets.dedup();
            (!targets.is_empty()).then_some(targets)
        })
    };
    ROWS.iter()
        .filter(|row| row.service == record.service())
        .find_map(of_row)
        .or_else(|| {
            let any = record.text("requestParameters.resourceArn")?;
            Some(vec![Form::Bare.target(any, record)])
        })
        .or_else(|| looked_up(record).map(|target| vec![target]))
        .unwrap_or_else(|| {
            let id = format!("{}:{}", record.service(), record.event_name());
            vec![Target { id, arn: String::new() }]
        })
}

/// From the resources that LookupEvents lists, the first one of the event's own service, or else
/// the first that is not the caller's access key.
fn looked_up(record: Record<'_>) -> Option<Target> {
    let named = || {
        record.0.resources.iter().filter_map(|resource| {
            let name = resource.resource_name.as_deref().filter(|name| !name.is_empty())?;
            Some((resource.resource_type.as_deref().unwrap_or_default(), name))
        })
    };
    let own = |kind: &str| {
        let service = kind.split("::").nth(1).unwrap_or_default();
        service.eq_ignore_ascii_case(record.service())
    };
    let (_, name) = named()
        .find(|(kind, _)| own(kind))
        .or_else(|| named().find(|(kind, _)| *kind != "AWS::IAM::AccessKey"))?;
    Some(Form::Bare.target(name, record))
}

impl Form {
    fn target(self, value: &str, record: Record<'_>) -> Target {
        let is_arn = value.starts_with("arn:");
        match self {
            Self::Balancer if is_arn => balancer(value),
            // A random id follows the name.
            Self::TargetGroup | Self::Stack if is_arn => {
                named(value.split('/').nth(1).unwrap_or(value), value)
            }
            Self::Function if !is_arn || value.contains(":function:") => {
                // A name, `name:alias`, `account:function:name`, or an ARN with or without an alias.
                let name = value.split_once(":function:").map_or(value, |(_, name)| name);
                let name = name.split(':').next().unwrap_or(name);
                named(name, &filled("lambda:{region}:{account}:function:{id}", name, record))
            }
            Self::LogGroup => {
                let name = value.split_once(":log-group:").map_or(value, |(_, name)| name);
                let name = name.trim_end_matches(":*");
                named(name, &filled("logs:{region}:{account}:log-group:{id}", name, record))
            }
            Self::Topic if is_arn => {
                // A subscription's ARN is its topic's and one part more.
                let parts: Vec<&str> = value.splitn(7, ':').take(6).collect();
                named(parts.last().unwrap_or(&value), &parts.join(":"))
            }
            Self::Queue => {
                let name = value.rsplit('/').next().unwrap_or(value);
                named(name, &filled("sqs:{region}:{account}:{id}", name, record))
            }
            Self::Zone => {
                let id = value.rsplit('/').next().unwrap_or(value);
                named(id, &filled("route53:::hostedzone/{id}", id, record))
            }
            _ if is_arn => named(value.rsplit(['/', ':']).next().unwrap_or(value), value),
            Self::Arn(template) => named(value, &filled(template, value, record)),
            Self::Ec2 => named(value, &ec2_arn(value, record)),
            Self::Balancer | Self::TargetGroup | Self::Function | Self::Topic | Self::Stack | Self::Bare => {
                named(value, "")
            }
        }
    }
}

fn named(id: &str, arn: &str) -> Target {
    Target { id: id.to_owned(), arn: arn.to_owned() }
}

/// `…:listener/app/web/50dc/f2f7` and `…:listener-rule/app/web/50dc/f2f7/9683` belong to
/// `…:loadbalancer/app/web/50dc`.
fn balancer(arn: &str) -> Target {
    let (head, resource) = arn.rsplit_once(':').unwrap_or(("", arn));
    let parts: Vec<&str> = resource.split('/').collect();
    match parts.as_slice() {
        ["listener" | "listener-rule" | "loadbalancer", kind, name, id, ..] => {
            named(name, &format!("{head}:loadbalancer/{kind}/{name}/{id}"))
        }
        [_, name, ..] => named(name, arn),
        _ => named(resource, arn),
    }
}

fn ec2_arn(id: &str, record: Record<'_>) -> String {
    let kind = id.split_once('-').map(|(kind, _)| kind);
    let known = EC2_TYPES.iter().find(|(prefix, ..)| Some(*prefix) == kind);
    known.map_or_else(String::new, |(_, kind, no_account)| {
        let account = if *no_account { "" } else { "{account}" };
        filled(&format!("ec2:{{region}}:{account}:{kind}/{{id}}"), id, record)
    })
}

fn filled(template: &str, id: &str, record: Record<'_>) -> String {
    let partition = match record.region().split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if record.region().starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    let cluster = record.text("requestParameters.cluster").unwrap_or("default");
    let cluster = cluster.rsplit('/').next().unwrap_or(cluster);
    let filled = template
        .replace("{region}", record.region())
        .replace("{account}", record.account())
        .replace("{cluster}", cluster)
        .replace("{lower}", &id.to_ascii_lowercase())
        .replace("{id}", id);
    format!("arn:{partition}:{filled}")
}

#[cfg(test)]
mod tests;
