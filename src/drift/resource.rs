//! Which resources an event changed, and their ARNs where the form is known.
//!
//! The record's parameters say it in as many ways as there are services: the first
//! row of the table that finds something decides.

use super::record::{Record, texts};
use crate::inventory::Kind as _;
use crate::inventory::elasticloadbalancing::ClassicLoadBalancer;
use crate::inventory::elasticloadbalancingv2::{LoadBalancer, TargetGroup};

#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Target {
    /// The short id that a person types.
    pub(super) id: String,
    /// Empty where the record does not say enough.
    pub(super) arn: String,
    /// The CloudFormation type; empty where it is not known.
    pub(super) kind: &'static str,
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
    /// The CloudFormation type; empty where the form tells it, or where it is one of several.
    kind: &'static str,
    form: Form,
}

const fn row(service: &'static str, paths: &'static [&'static str], kind: &'static str, form: Form) -> Row {
    Row { service, paths, kind, form }
}

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
        "subnetId", ">subnet.subnetId", "vpcId", ">vpc.vpcId"], "", Form::Ec2),
    row("rds", &["dBInstanceIdentifier"], "AWS::RDS::DBInstance", Form::Arn("rds:{region}:{account}:db:{lower}")),
    row("rds", &["dBClusterIdentifier"], "AWS::RDS::DBCluster", Form::Arn("rds:{region}:{account}:cluster:{lower}")),
    row("rds", &["dBSnapshotIdentifier"], "", Form::Arn("rds:{region}:{account}:snapshot:{lower}")),
    row("rds", &["dBParameterGroupName"], "AWS::RDS::DBParameterGroup", Form::Arn("rds:{region}:{account}:pg:{lower}")),
    row("rds", &["dBSubnetGroupName"], "AWS::RDS::DBSubnetGroup", Form::Arn("rds:{region}:{account}:subgrp:{lower}")),
    row("rds", &["resourceName"], "", Form::Bare),
    row("logs", &["logGroupName", "logGroupIdentifier"], "AWS::Logs::LogGroup", Form::LogGroup),
    row("monitoring", &["alarmName", "alarmNames"], "AWS::CloudWatch::Alarm", Form::Arn("cloudwatch:{region}:{account}:alarm:{id}")),
    row("monitoring", &["dashboardName", "dashboardNames"], "AWS::CloudWatch::Dashboard", Form::Arn("cloudwatch::{account}:dashboard/{id}")),
    row("ecs", &[">service.serviceArn", "service", "serviceName"], "AWS::ECS::Service",
        Form::Arn("ecs:{region}:{account}:service/{cluster}/{id}")),
    row("ecs", &["family", "taskDefinition", "taskDefinitions", "task"], "AWS::ECS::TaskDefinition", Form::Bare),
    row("ecs", &[">cluster.clusterArn", "cluster", "clusterName"], "AWS::ECS::Cluster", Form::Arn("ecs:{region}:{account}:cluster/{id}")),
    row("elasticloadbalancing", &["loadBalancerArn", "listenerArn", "ruleArn", "rulePriorities.ruleArn",
        ">loadBalancers.loadBalancerArn"], "", Form::Balancer),
    row("elasticloadbalancing", &["targetGroupArn", ">targetGroups.targetGroupArn"], "AWS::ElasticLoadBalancingV2::TargetGroup", Form::TargetGroup),
    row("elasticloadbalancing", &["loadBalancerName"], "AWS::ElasticLoadBalancing::LoadBalancer",
        Form::Arn("elasticloadbalancing:{region}:{account}:loadbalancer/{id}")),
    row("elasticloadbalancing", &["resourceArns"], "", Form::Balancer),
    row("lambda", &["functionName", "resource"], "AWS::Lambda::Function", Form::Function),
    row("s3", &["bucketName"], "AWS::S3::Bucket", Form::Arn("s3:::{id}")),
    row("iam", &["roleName"], "AWS::IAM::Role", Form::Bare),
    row("iam", &["userName"], "AWS::IAM::User", Form::Bare),
    row("iam", &["groupName"], "AWS::IAM::Group", Form::Bare),
    row("iam", &["instanceProfileName"], "AWS::IAM::InstanceProfile", Form::Bare),
    row("iam", &["policyArn", ">policy.arn", "policyName"], "AWS::IAM::ManagedPolicy", Form::Bare),
    row("sns", &["topicArn", ">topicArn", "subscriptionArn", ">subscriptionArn", "targetArn", "resourceArn"], "AWS::SNS::Topic",
        Form::Topic),
    row("sqs", &["queueUrl", ">queueUrl"], "AWS::SQS::Queue", Form::Queue),
    row("sqs", &["queueName"], "AWS::SQS::Queue", Form::Arn("sqs:{region}:{account}:{id}")),
    row("route53", &["hostedZoneId", ">hostedZone.id", "id"], "AWS::Route53::HostedZone", Form::Zone),
    row("route53", &["healthCheckId", ">healthCheck.id"], "AWS::Route53::HealthCheck", Form::Arn("route53:::healthcheck/{id}")),
    row("elasticache", &["replicationGroupId"], "AWS::ElastiCache::ReplicationGroup", Form::Arn("elasticache:{region}:{account}:replicationgroup:{id}")),
    row("elasticache", &["cacheClusterId"], "AWS::ElastiCache::CacheCluster", Form::Arn("elasticache:{region}:{account}:cluster:{id}")),
    row("elasticache", &["serverlessCacheName"], "AWS::ElastiCache::ServerlessCache",
        Form::Arn("elasticache:{region}:{account}:serverlesscache:{id}")),
    row("ecr", &["repositoryName"], "AWS::ECR::Repository", Form::Arn("ecr:{region}:{account}:repository/{id}")),
    row("eks", &["nodegroupName"], "AWS::EKS::Nodegroup", Form::Bare),
    row("eks", &["clusterName", "name"], "AWS::EKS::Cluster", Form::Arn("eks:{region}:{account}:cluster/{id}")),
    row("elasticbeanstalk", &["environmentName", ">environmentName", "environmentId"],
        "AWS::ElasticBeanstalk::Environment", Form::Bare),
    row("apprunner", &["serviceArn", ">service.serviceArn"], "AWS::AppRunner::Service", Form::Bare),
    row("scheduler", &["name"], "AWS::Scheduler::Schedule", Form::Bare),
    row("budgets", &["budget.budgetName", "budgetName"], "AWS::Budgets::Budget", Form::Bare),
    row("dynamodb", &["tableName"], "AWS::DynamoDB::Table", Form::Arn("dynamodb:{region}:{account}:table/{id}")),
    row("states", &["stateMachineArn", ">stateMachineArn"], "AWS::StepFunctions::StateMachine", Form::Bare),
    row("cloudformation", &[">stackId", "stackName"], "AWS::CloudFormation::Stack", Form::Stack),
    row("cloudtrail", &["name", "trailName"], "AWS::CloudTrail::Trail", Form::Arn("cloudtrail:{region}:{account}:trail/{id}")),
    row("autoscaling", &["autoScalingGroupName"], "AWS::AutoScaling::AutoScalingGroup", Form::Bare),
    row("events", &["name", "rule"], "AWS::Events::Rule", Form::Bare),
    row("kms", &["keyId", ">keyMetadata.arn"], "AWS::KMS::Key", Form::Bare),
    row("secretsmanager", &[">arn", "secretId", "name"], "AWS::SecretsManager::Secret", Form::Bare),
    row("ssm", &["name"], "AWS::SSM::Parameter", Form::Bare),
];

/// EC2's resource types by id prefix: in ARNs and in CloudFormation; `true` where the ARN names no account.
const EC2_TYPES: &[(&str, &str, &str, bool)] = &[
    ("acl", "network-acl", "AWS::EC2::NetworkAcl", false),
    ("ami", "image", "AWS::EC2::Image", true),
    ("eipalloc", "elastic-ip", "AWS::EC2::EIP", false),
    ("eni", "network-interface", "AWS::EC2::NetworkInterface", false),
    ("fl", "vpc-flow-log", "AWS::EC2::FlowLog", false),
    ("i", "instance", "AWS::EC2::Instance", false),
    ("igw", "internet-gateway", "AWS::EC2::InternetGateway", false),
    ("lt", "launch-template", "AWS::EC2::LaunchTemplate", false),
    ("nat", "natgateway", "AWS::EC2::NatGateway", false),
    ("pl", "prefix-list", "AWS::EC2::PrefixList", false),
    ("rtb", "route-table", "AWS::EC2::RouteTable", false),
    ("sg", "security-group", "AWS::EC2::SecurityGroup", false),
    ("sgr", "security-group-rule", "", false),
    ("snap", "snapshot", "AWS::EC2::Snapshot", true),
    ("subnet", "subnet", "AWS::EC2::Subnet", false),
    ("tgw", "transit-gateway", "AWS::EC2::TransitGateway", false),
    ("vol", "volume", "AWS::EC2::Volume", false),
    ("vpc", "vpc", "AWS::EC2::VPC", false),
    ("vpce", "vpc-endpoint", "AWS::EC2::VPCEndpoint", false),
];

fn ec2_type(id: &str) -> Option<&'static (&'static str, &'static str, &'static str, bool)> {
    let (prefix, _) = id.split_once('-')?;
    EC2_TYPES.iter().find(|(known, ..)| *known == prefix)
}

/// At least one: failing all else, the event's own name.
pub(super) fn targets(record: Record<'_>) -> Vec<Target> {
    let (request, response) =
        (&record.event.record["requestParameters"], &record.event.record["responseElements"]);
    let of_row = |row: &Row| {
        row.paths.iter().find_map(|path| {
            let found = match path.strip_prefix('>') {
                Some(path) => texts(response, path),
                None => texts(request, path),
            };
            let mut targets: Vec<Target> = found.into_iter().map(|value| row.target(value, record)).collect();
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
            vec![Target { id, ..Target::default() }]
        })
}

/// From the resources that LookupEvents lists, the first one of the event's own service, or else
/// the first that is not the caller's access key.
fn looked_up(record: Record<'_>) -> Option<Target> {
    let named = || {
        record.event.resources.iter().filter_map(|resource| {
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

impl Row {
    fn target(&self, value: &str, record: Record<'_>) -> Target {
        let target = self.form.target(value, record);
        if self.kind.is_empty() { target } else { Target { kind: self.kind, ..target } }
    }
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
            Self::Ec2 => {
                let kind = ec2_type(value).map_or("", |(_, _, kind, _)| kind);
                Target { kind, ..named(value, &ec2_arn(value, record)) }
            }
            Self::Balancer | Self::TargetGroup | Self::Function | Self::Topic | Self::Stack | Self::Bare => {
                named(value, "")
            }
        }
    }
}

fn named(id: &str, arn: &str) -> Target {
    Target { id: id.to_owned(), arn: arn.to_owned(), kind: "" }
}

/// `…:listener/app/web/50dc/f2f7` and `…:listener-rule/app/web/50dc/f2f7/9683` belong to
/// `…:loadbalancer/app/web/50dc`.
fn balancer(arn: &str) -> Target {
    let (head, resource) = arn.rsplit_once(':').unwrap_or(("", arn));
    let parts: Vec<&str> = resource.split('/').collect();
    match parts.as_slice() {
        ["listener" | "listener-rule" | "loadbalancer", form, name, id, ..] => {
            let arn = format!("{head}:loadbalancer/{form}/{name}/{id}");
            Target { kind: LoadBalancer::TYPE, ..named(name, &arn) }
        }
        ["loadbalancer", name] => Target { kind: ClassicLoadBalancer::TYPE, ..named(name, arn) },
        ["targetgroup", name, ..] => Target { kind: TargetGroup::TYPE, ..named(name, arn) },
        [_, name, ..] => named(name, arn),
        _ => named(resource, arn),
    }
}

fn ec2_arn(id: &str, record: Record<'_>) -> String {
    ec2_type(id).map_or_else(String::new, |(_, kind, _, no_account)| {
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
