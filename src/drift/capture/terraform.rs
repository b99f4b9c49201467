//! Terraform: an `import` block for what the state does not have yet, and the arguments that were changed.

use std::fmt::Write as _;

use serde_json::Value;

use super::is_told;
use crate::drift::touches::WHOLE;
use crate::inventory::cloudtrail::{Change, Effect};

/// A resource type of the AWS provider, and how its `import` names one.
pub(super) struct Row {
    pub(super) kind: &'static str,
    resource: &'static str,
    import: Import,
}

enum Import {
    Id,
    Arn,
    /// `<cluster>/<service>` and its like: what follows in the ARN, up to so many parts, with what between them.
    Path(&'static str, usize, char),
    QueueUrl,
    /// `<account>:<name>`
    OfAccount,
    /// By an id that events do not tell.
    Untold,
}

const fn row(kind: &'static str, resource: &'static str, import: Import) -> Row {
    Row { kind, resource, import }
}

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row("AWS::AppRunner::Service", "aws_apprunner_service", Import::Arn),
    row("AWS::AutoScaling::AutoScalingGroup", "aws_autoscaling_group", Import::Id),
    row("AWS::Budgets::Budget", "aws_budgets_budget", Import::OfAccount),
    row("AWS::CloudFormation::Stack", "aws_cloudformation_stack", Import::Id),
    row("AWS::CloudTrail::Trail", "aws_cloudtrail", Import::Arn),
    row("AWS::CloudWatch::Alarm", "aws_cloudwatch_metric_alarm", Import::Id),
    row("AWS::CloudWatch::Dashboard", "aws_cloudwatch_dashboard", Import::Id),
    row("AWS::DynamoDB::Table", "aws_dynamodb_table", Import::Id),
    row("AWS::EC2::EIP", "aws_eip", Import::Id),
    row("AWS::EC2::FlowLog", "aws_flow_log", Import::Id),
    row("AWS::EC2::Instance", "aws_instance", Import::Id),
    row("AWS::EC2::InternetGateway", "aws_internet_gateway", Import::Id),
    row("AWS::EC2::LaunchTemplate", "aws_launch_template", Import::Id),
    row("AWS::EC2::NatGateway", "aws_nat_gateway", Import::Id),
    row("AWS::EC2::NetworkAcl", "aws_network_acl", Import::Id),
    row("AWS::EC2::NetworkInterface", "aws_network_interface", Import::Id),
    row("AWS::EC2::PrefixList", "aws_ec2_managed_prefix_list", Import::Id),
    row("AWS::EC2::RouteTable", "aws_route_table", Import::Id),
    row("AWS::EC2::SecurityGroup", "aws_security_group", Import::Id),
    row("AWS::EC2::Snapshot", "aws_ebs_snapshot", Import::Id),
    row("AWS::EC2::Subnet", "aws_subnet", Import::Id),
    row("AWS::EC2::VPC", "aws_vpc", Import::Id),
    row("AWS::EC2::VPCEndpoint", "aws_vpc_endpoint", Import::Id),
    row("AWS::EC2::Volume", "aws_ebs_volume", Import::Id),
    row("AWS::ECR::Repository", "aws_ecr_repository", Import::Id),
    row("AWS::ECS::Cluster", "aws_ecs_cluster", Import::Id),
    row("AWS::ECS::Service", "aws_ecs_service", Import::Path(":service/", 2, '/')),
    row("AWS::EKS::Cluster", "aws_eks_cluster", Import::Id),
    row("AWS::EKS::Nodegroup", "aws_eks_node_group", Import::Path(":nodegroup/", 2, ':')),
    row("AWS::ElastiCache::CacheCluster", "aws_elasticache_cluster", Import::Id),
    row("AWS::ElastiCache::ReplicationGroup", "aws_elasticache_replication_group", Import::Id),
    row("AWS::ElastiCache::ServerlessCache", "aws_elasticache_serverless_cache", Import::Id),
    row("AWS::ElasticBeanstalk::Environment", "aws_elastic_beanstalk_environment", Import::Untold),
    row("AWS::ElasticLoadBalancing::LoadBalancer", "aws_elb", Import::Id),
    row("AWS::ElasticLoadBalancingV2::LoadBalancer", "aws_lb", Import::Arn),
    row("AWS::ElasticLoadBalancingV2::TargetGroup", "aws_lb_target_group", Import::Arn),
    row("AWS::Events::Rule", "aws_cloudwatch_event_rule", Import::Id),
    row("AWS::IAM::Group", "aws_iam_group", Import::Id),
    row("AWS::IAM::ManagedPolicy", "aws_iam_policy", Import::Arn),
    row("AWS::IAM::Role", "aws_iam_role", Import::Id),
    row("AWS::IAM::User", "aws_iam_user", Import::Id),
    row("AWS::KMS::Key", "aws_kms_key", Import::Id),
    row("AWS::Lambda::Function", "aws_lambda_function", Import::Id),
    row("AWS::Logs::LogGroup", "aws_cloudwatch_log_group", Import::Id),
    row("AWS::RDS::DBCluster", "aws_rds_cluster", Import::Id),
    row("AWS::RDS::DBInstance", "aws_db_instance", Import::Id),
    row("AWS::RDS::DBParameterGroup", "aws_db_parameter_group", Import::Id),
    row("AWS::RDS::DBSubnetGroup", "aws_db_subnet_group", Import::Id),
    row("AWS::Route53::HostedZone", "aws_route53_zone", Import::Id),
    row("AWS::S3::Bucket", "aws_s3_bucket", Import::Id),
    row("AWS::SNS::Topic", "aws_sns_topic", Import::Arn),
    row("AWS::SQS::Queue", "aws_sqs_queue", Import::QueueUrl),
    row("AWS::Scheduler::Schedule", "aws_scheduler_schedule", Import::Path(":schedule/", 2, '/')),
    row("AWS::SecretsManager::Secret", "aws_secretsmanager_secret", Import::Arn),
    row("AWS::StepFunctions::StateMachine", "aws_sfn_state_machine", Import::Arn),
];

/// Arguments that are not called as the API's parameters are. With a dot, they are within a block.
#[rustfmt::skip]
const ARGUMENTS: &[(&str, &str, &str)] = &[
    ("aws_cloudtrail", "is_logging", "enable_logging"),
    ("aws_cloudtrail", "is_multi_region_trail", "is_multi_region_trail"),
    ("aws_cloudwatch_log_group", "log_group_class", "log_group_class"),
    ("aws_cloudwatch_metric_alarm", "ok_actions", "ok_actions"),
    ("aws_db_instance", "db_instance_class", "instance_class"),
    ("aws_db_instance", "db_parameter_group_name", "parameter_group_name"),
    ("aws_db_instance", "enable_iam_database_authentication", "iam_database_authentication_enabled"),
    ("aws_db_instance", "enable_performance_insights", "performance_insights_enabled"),
    ("aws_db_instance", "master_username", "username"),
    ("aws_db_instance", "preferred_backup_window", "backup_window"),
    ("aws_db_instance", "preferred_maintenance_window", "maintenance_window"),
    ("aws_ebs_volume", "volume_type", "type"),
    ("aws_elasticache_replication_group", "cache_node_type", "node_type"),
    ("aws_elasticache_cluster", "cache_node_type", "node_type"),
    ("aws_instance", "instance_type", "instance_type"),
    ("aws_lb", "deletion_protection_enabled", "enable_deletion_protection"),
    ("aws_lb", "idle_timeout_timeout_seconds", "idle_timeout"),
    ("aws_lb_target_group", "deregistration_delay_timeout_seconds", "deregistration_delay"),
    ("aws_lb_target_group", "health_check_interval_seconds", "health_check.interval"),
    ("aws_lb_target_group", "health_check_path", "health_check.path"),
    ("aws_lb_target_group", "health_check_port", "health_check.port"),
    ("aws_lb_target_group", "health_check_protocol", "health_check.protocol"),
    ("aws_lb_target_group", "health_check_timeout_seconds", "health_check.timeout"),
    ("aws_lb_target_group", "healthy_threshold_count", "health_check.healthy_threshold"),
    ("aws_lb_target_group", "unhealthy_threshold_count", "health_check.unhealthy_threshold"),
    ("aws_rds_cluster", "db_cluster_parameter_group_name", "db_cluster_parameter_group_name"),
    ("aws_sqs_queue", "maximum_message_size", "max_message_size"),
    ("aws_sqs_queue", "message_retention_period", "message_retention_seconds"),
    ("aws_sqs_queue", "receive_message_wait_time_seconds", "receive_wait_time_seconds"),
    ("aws_sqs_queue", "visibility_timeout", "visibility_timeout_seconds"),
];

/// Or why there is none.
pub(super) fn code(change: &Change, standing: &[Effect]) -> Result<String, String> {
    let kind = change.changed_type.as_deref().unwrap_or_default();
    let Some(row) = ROWS.iter().find(|row| row.kind == kind) else {
        let of = if kind.is_empty() { "what it changed" } else { kind };
        return Err(format!("its Terraform form is not known for {of}"));
    };
    if let Some(deleted) =
        standing.iter().find(|effect| effect.touch.part == WHOLE && effect.touch.action == "deleted")
    {
        return Ok(format!(
            "# {} deleted it by hand: take its block out of the code, or apply the code to make it anew.",
            deleted.actor
        ));
    }
    let mut code = String::new();
    let (rules, others): (Vec<&Effect>, Vec<&Effect>) =
        standing.iter().partition(|effect| effect.touch.value.get("ip_protocol").is_some());
    for effect in rules {
        rule(&mut code, change, effect);
    }
    let (records, others): (Vec<&Effect>, Vec<&Effect>) =
        others.into_iter().partition(|effect| effect.touch.part.starts_with("record "));
    for effect in records {
        record(&mut code, change, effect);
    }
    if !others.is_empty() {
        block(&mut code, row, change, &others);
    }
    Ok(code.trim_end().to_owned())
}

fn block(code: &mut String, row: &Row, change: &Change, effects: &[&Effect]) {
    let label = label(&change.meta.name);
    let id = match row.import {
        Import::Id => Some(change.meta.id.clone()),
        Import::Arn => Some(change.meta.arn.clone()).filter(|arn| !arn.is_empty()),
        Import::Path(after, parts, between) => change.meta.arn.split_once(after).map(|(_, path)| {
            let parts: Vec<&str> = path.split('/').take(parts).collect();
            parts.join(&between.to_string())
        }),
        Import::OfAccount => Some(format!("{}:{}", change.meta.account, change.meta.id)),
        Import::Untold => None,
        Import::QueueUrl => Some(format!(
            "https://sqs.{}.amazonaws.com/{}/{}",
            change.meta.region, change.meta.account, change.meta.id
        )),
    };
    import(code, row.resource, &label, id.as_deref());
    let mut lines: Vec<String> = Vec::new();
    let mut blocks: Vec<(&str, Vec<String>)> = Vec::new();
    for effect in effects {
        for (part, value) in settings(effect) {
            let known =
                ARGUMENTS.iter().find(|(resource, name, _)| *resource == row.resource && *name == part);
            let argument = known.map_or(part, |(.., argument)| argument);
            let line = |name: &str| match hcl(value) {
                Some(value) => format!("{name} = {value}"),
                None => format!("# {name}: see event {}", effect.event_id),
            };
            match argument.split_once('.') {
                None => lines.push(line(argument)),
                Some((block, name)) => match blocks.iter_mut().find(|(known, _)| *known == block) {
                    Some((_, lines)) => lines.push(line(name)),
                    None => blocks.push((block, vec![line(name)])),
                },
            }
        }
        lines.extend(remark(effect));
    }
    let _ = writeln!(code, "resource \"{}\" \"{label}\" {{", row.resource);
    for line in lines {
        let _ = writeln!(code, "  {line}");
    }
    for (block, lines) in blocks {
        let _ = writeln!(code, "  {block} {{");
        for line in lines {
            let _ = writeln!(code, "    {line}");
        }
        let _ = writeln!(code, "  }}");
    }
    if effects.iter().any(|effect| effect.touch.action == "created") {
        let _ = writeln!(code, "  # terraform plan -generate-config-out=generated.tf writes the rest");
    }
    let _ = writeln!(code, "}}");
}

/// The settings of an effect by the parameters' names.
fn settings(effect: &Effect) -> Vec<(&str, &Value)> {
    match (effect.touch.action.as_str(), &effect.touch.value) {
        ("created", Value::Object(asked)) => {
            asked.iter().map(|(name, value)| (name.as_str(), value)).collect()
        }
        ("set", value) if !effect.touch.part.contains(' ') => vec![(effect.touch.part.as_str(), value)],
        _ => Vec::new(),
    }
}

/// What is no argument, in words.
fn remark(effect: &Effect) -> Option<String> {
    let touch = &effect.touch;
    if let Some(key) = touch.part.strip_prefix("tag ") {
        let key = text(key);
        return Some(match touch.action.as_str() {
            "removed" => format!("# tags: without {key}"),
            _ => format!("tags = {{ {key} = {} }}", hcl(&touch.value).unwrap_or_else(|| "\"\"".to_owned())),
        });
    }
    match touch.action.as_str() {
        "removed" => Some(format!("# without {}", one_line(&touch.part))),
        "added" => Some(format!("# with {}", one_line(&touch.part))),
        "set" if touch.part.contains(' ') => {
            Some(format!("# with {} as in event {}", one_line(&touch.part), effect.event_id))
        }
        _ => None,
    }
}

/// A rule of a security group is a resource of its own.
fn rule(code: &mut String, change: &Change, effect: &Effect) {
    let value = &effect.touch.value;
    let egress = value["is_egress"] == true;
    if effect.touch.action == "removed" {
        let _ = writeln!(
            code,
            "# {}: take the rule {} out of the code",
            change.meta.id,
            one_line(&effect.touch.part)
        );
        return;
    }
    let resource =
        if egress { "aws_vpc_security_group_egress_rule" } else { "aws_vpc_security_group_ingress_rule" };
    let port = value["from_port"].as_i64().map(|port| format!("_{port}")).unwrap_or_default();
    let label = format!("{}{port}", label(&change.meta.name));
    import(code, resource, &label, value["security_group_rule_id"].as_str());
    let _ = writeln!(code, "resource \"{resource}\" \"{label}\" {{");
    let _ = writeln!(code, "  security_group_id = {}", text(&change.meta.id));
    let source = value["source"].as_str().unwrap_or_default();
    let argument = match source {
        source if source.starts_with("pl-") => "prefix_list_id",
        source if source.starts_with("sg-") => "referenced_security_group_id",
        source if source.contains(':') => "cidr_ipv6",
        _ => "cidr_ipv4",
    };
    let _ = writeln!(code, "  {argument} = {}", text(source));
    for name in ["ip_protocol", "from_port", "to_port"] {
        if let Some(value) = hcl(&value[name]) {
            let _ = writeln!(code, "  {name} = {value}");
        }
    }
    let _ = writeln!(code, "}}");
}

/// So is a record set.
fn record(code: &mut String, change: &Change, effect: &Effect) {
    let value = &effect.touch.value;
    if effect.touch.action == "removed" {
        let _ =
            writeln!(code, "# {}: take the {} out of the code", change.meta.id, one_line(&effect.touch.part));
        return;
    }
    let told = |name: &str| value[name].as_str().unwrap_or_default();
    let (name, kind) = (told("name"), told("type"));
    let set = value["set_identifier"].as_str();
    let id = [Some(change.meta.id.as_str()), Some(name), Some(kind), set]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>();
    let label = label(&format!("{name}_{kind}"));
    import(code, "aws_route53_record", &label, Some(&id.join("_")));
    let _ = writeln!(code, "resource \"aws_route53_record\" \"{label}\" {{");
    let _ = writeln!(
        code,
        "  zone_id = {}\n  name = {}\n  type = {}",
        text(&change.meta.id),
        text(name),
        text(kind)
    );
    for (argument, name) in
        [("ttl", "ttl"), ("records", "resource_records"), ("set_identifier", "set_identifier")]
    {
        if let Some(value) = hcl(&value[name]).filter(|value| value != "[]") {
            let _ = writeln!(code, "  {argument} = {value}");
        }
    }
    for (block, name) in [("alias", "alias_target"), ("weighted_routing_policy", "weight")] {
        if is_told(&value[name]) {
            let _ = writeln!(code, "  # {block}: see event {}", effect.event_id);
        }
    }
    let _ = writeln!(code, "}}");
}

fn import(code: &mut String, resource: &str, label: &str, id: Option<&str>) {
    let _ = match id {
        Some(id) => writeln!(
            code,
            "import {{ # not needed where the state has it\n  to = {resource}.{label}\n  id = {}\n}}",
            text(id)
        ),
        None => {
            writeln!(code, "# import {{ to = {resource}.{label}, id = … }}: the events do not tell its id")
        }
    };
}

/// A name for Terraform: small letters, digits and underscores.
fn label(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    let plain = plain.trim_matches('_');
    if plain.is_empty() || plain.starts_with(|c: char| c.is_ascii_digit()) {
        format!("r_{plain}")
    } else {
        plain.to_owned()
    }
}

/// Texts, numbers, flags and lists of texts; None for what would need a form of its own.
fn hcl(value: &Value) -> Option<String> {
    match value {
        value if !is_told(value) => None,
        Value::String(string) => Some(text(string)),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(list) => {
            let items: Option<Vec<String>> = list.iter().map(hcl).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        _ => None,
    }
}

/// A quoted string in which nothing is a template.
fn text(text: &str) -> String {
    Value::from(text).to_string().replace("${", "$${").replace("%{", "%%{")
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
