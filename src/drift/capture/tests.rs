use serde_json::json;

use super::*;
use crate::inventory::Meta;
use crate::inventory::cloudtrail::{StackResource, Touch};

fn change(kind: &str, source: &str, id: &str, arn: &str, effects: Vec<Effect>) -> Change {
    Change {
        meta: Meta {
            id: id.to_owned(),
            name: id.to_owned(),
            arn: arn.to_owned(),
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            ..Meta::default()
        },
        changed_type: Some(kind.to_owned()).filter(|kind| !kind.is_empty()),
        event_source: format!("{source}.amazonaws.com"),
        effects,
        ..Change::default()
    }
}

fn effect(event_name: &str, action: &str, part: &str, value: Value) -> Effect {
    Effect {
        touch: Touch { part: part.to_owned(), action: action.to_owned(), value, ..Touch::default() },
        event_id: "e-1".to_owned(),
        event_name: event_name.to_owned(),
        actor: "ann".to_owned(),
        stands: IN_FORCE.to_owned(),
        ..Effect::default()
    }
}

fn captured(mut change: Change) -> Change {
    capture(&mut change);
    change
}

fn open(action: &str) -> Change {
    let value = json!({ "is_egress": false, "ip_protocol": "tcp", "from_port": 5432, "to_port": 5432,
        "source": "0.0.0.0/0", "security_group_rule_id": "sgr-1" });
    let effect = effect("AuthorizeSecurityGroupIngress", action, "ingress tcp 5432 from 0.0.0.0/0", value);
    let mut change = change("AWS::EC2::SecurityGroup", "ec2", "sg-1", "arn:sg-1", vec![effect]);
    change.meta.name = "legacy-postgres".to_owned();
    change
}

#[test]
fn a_rule_is_imported_by_its_own_id_and_revoked_by_it() {
    let change = captured(open("added"));
    insta::assert_snapshot!(change.terraform.unwrap(), @r#"
    import { # not needed where the state has it
      to = aws_vpc_security_group_ingress_rule.legacy_postgres_5432
      id = "sgr-1"
    }
    resource "aws_vpc_security_group_ingress_rule" "legacy_postgres_5432" {
      security_group_id = "sg-1"
      cidr_ipv4 = "0.0.0.0/0"
      ip_protocol = "tcp"
      from_port = 5432
      to_port = 5432
    }
    "#);
    assert_eq!(
        change.revert.unwrap(),
        "aws ec2 revoke-security-group-ingress --region eu-west-1 --group-id sg-1 --security-group-rule-ids sgr-1"
    );
    assert_eq!((change.template, change.uncaptured_because), (None, None));
    let change = captured(open("removed"));
    assert_eq!(
        change.revert.unwrap(),
        "aws ec2 authorize-security-group-ingress --region eu-west-1 --group-id sg-1 --ip-permissions \
         '[{\"IpProtocol\":\"tcp\",\"FromPort\":5432,\"ToPort\":5432,\"IpRanges\":[{\"CidrIp\":\"0.0.0.0/0\"}]}]'"
    );
    assert_eq!(
        change.terraform.unwrap(),
        "# sg-1: take the rule ingress tcp 5432 from 0.0.0.0/0 out of the code"
    );
}

#[test]
fn settings_become_arguments_properties_and_the_command_with_the_value_of_before() {
    let arn = "arn:aws:rds:eu-west-1:111122223333:db:web";
    let public = effect("ModifyDBInstance", "set", "publicly_accessible", json!(true));
    let class = Effect {
        before: json!("db.t4g.large"),
        ..effect("ModifyDBInstance", "set", "db_instance_class", json!("db.m7g.large"))
    };
    let secret =
        effect("ModifyDBInstance", "set", "master_user_password", json!("HIDDEN_DUE_TO_SECURITY_REASONS"));
    let mut database = change("AWS::RDS::DBInstance", "rds", "web", arn, vec![public, class, secret]);
    database.stack_resource = Some(StackResource {
        stack_name: "data".to_owned(),
        logical_resource_id: "Database".to_owned(),
        stack_resource_type: "AWS::RDS::DBInstance".to_owned(),
    });
    let database = captured(database);
    insta::assert_snapshot!(database.terraform.unwrap(), @r#"
    import { # not needed where the state has it
      to = aws_db_instance.web
      id = "web"
    }
    resource "aws_db_instance" "web" {
      publicly_accessible = true
      instance_class = "db.m7g.large"
      # master_user_password: see event e-1
    }
    "#);
    insta::assert_snapshot!(database.revert.unwrap(), @r"
    aws rds modify-db-instance --region eu-west-1 --db-instance-identifier web --publicly-accessible '<the value of before>' --apply-immediately
    aws rds modify-db-instance --region eu-west-1 --db-instance-identifier web --db-instance-class db.t4g.large --apply-immediately
    ");
    insta::assert_snapshot!(database.template.unwrap(), @"stack data, Database (AWS::RDS::DBInstance): PubliclyAccessible: true; DBInstanceClass: db.m7g.large; MasterUserPassword: see event e-1");
}

#[test]
fn nested_arguments_stand_in_their_block() {
    let arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/73e2";
    let path = effect("ModifyTargetGroup", "set", "health_check_path", json!("/up?${x}"));
    let group =
        change("AWS::ElasticLoadBalancingV2::TargetGroup", "elasticloadbalancing", "api", arn, vec![path]);
    insta::assert_snapshot!(captured(group).terraform.unwrap(), @r#"
    import { # not needed where the state has it
      to = aws_lb_target_group.api
      id = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/73e2"
    }
    resource "aws_lb_target_group" "api" {
      health_check {
        path = "/up?$${x}"
      }
    }
    "#);
}

#[test]
fn opposites_undo_what_a_command_added_switched_or_made() {
    let revert = |kind: &str, source: &str, id: &str, effect: Effect| {
        captured(change(
            kind,
            source,
            id,
            "arn:aws:x:eu-west-1:111122223333:service/production/web",
            vec![effect],
        ))
        .revert
    };
    let policy = json!({ "roleName": "web", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess" });
    let cases = [
        (
            "AWS::IAM::Role",
            "iam",
            "web",
            effect("AttachRolePolicy", "added", "role policy", policy),
            "aws iam detach-role-policy --region eu-west-1 --role-name web --policy-arn arn:aws:iam::aws:policy/AdministratorAccess",
        ),
        (
            "AWS::CloudWatch::Alarm",
            "monitoring",
            "a b",
            effect("DisableAlarmActions", "set", "actions_enabled", json!(false)),
            "aws cloudwatch enable-alarm-actions --region eu-west-1 --alarm-names 'a b'",
        ),
        (
            "AWS::EC2::Instance",
            "ec2",
            "i-1",
            effect("StopInstances", "set", "state", json!("stopped")),
            "aws ec2 start-instances --region eu-west-1 --instance-ids i-1",
        ),
        (
            "AWS::Logs::LogGroup",
            "logs",
            "/ecs/api",
            effect("PutRetentionPolicy", "set", "retention_in_days", json!(7)),
            "aws logs put-retention-policy --region eu-west-1 --log-group-name /ecs/api --retention-in-days '<the value of before>'",
        ),
        (
            "AWS::ECS::Service",
            "ecs",
            "web",
            effect("UpdateService", "set", "enable_execute_command", json!(true)),
            "aws ecs update-service --region eu-west-1 --cluster production --service web --no-enable-execute-command",
        ),
        (
            "AWS::IAM::User",
            "iam",
            "eve",
            effect("CreateUser", "created", "the resource", json!({})),
            "aws iam delete-user --region eu-west-1 --user-name eve",
        ),
    ];
    for (kind, source, id, effect, expected) in cases {
        assert_eq!(revert(kind, source, id, effect).unwrap(), expected);
    }
    for (kind, source, effect) in [
        ("AWS::RDS::DBInstance", "rds", effect("CreateDBInstance", "created", "the resource", json!({}))),
        ("AWS::RDS::DBInstance", "rds", effect("DeleteDBInstance", "deleted", "the resource", Value::Null)),
        ("AWS::CloudWatch::Alarm", "monitoring", effect("PutMetricAlarm", "set", "threshold", json!(5))),
        ("AWS::IAM::Role", "iam", effect("PutRolePolicy", "set", "role policy s3", json!({}))),
    ] {
        assert_eq!(
            revert(kind, source, "x", effect),
            None,
            "data and what cannot be known is not undone blindly"
        );
    }
}

#[test]
fn what_is_made_by_hand_is_imported_with_what_was_asked_for() {
    let asked = json!({ "retention_in_days": 14, "kms_key_id": null, "list": { "items": [] } });
    let made = effect("CreateLogGroup", "created", "the resource", asked);
    let group = change("AWS::Logs::LogGroup", "logs", "/ecs/api", "arn:group", vec![made]);
    insta::assert_snapshot!(captured(group).terraform.unwrap(), @r#"
    import { # not needed where the state has it
      to = aws_cloudwatch_log_group.ecs_api
      id = "/ecs/api"
    }
    resource "aws_cloudwatch_log_group" "ecs_api" {
      retention_in_days = 14
      # kms_key_id: see event e-1
      # list: see event e-1
      # terraform plan -generate-config-out=generated.tf writes the rest
    }
    "#);
}

#[test]
fn what_is_not_known_says_so() {
    let made = || effect("CreatePipeline", "created", "the resource", json!({}));
    let unknown = captured(change("AWS::CodePipeline::Pipeline", "codepipeline", "web", "", vec![made()]));
    assert_eq!(
        unknown.uncaptured_because.as_deref(),
        Some("its Terraform form is not known for AWS::CodePipeline::Pipeline")
    );
    let untyped = captured(change("", "x", "web", "", vec![made()]));
    assert_eq!(
        untyped.uncaptured_because.as_deref(),
        Some("its Terraform form is not known for what it changed")
    );
    let act = effect("RebootDBInstance", "did", "RebootDBInstance", Value::Null);
    let act = captured(change("AWS::RDS::DBInstance", "rds", "web", "", vec![act]));
    assert_eq!(act.uncaptured_because.as_deref(), Some("it leaves nothing to write down"));
    let reverted = Effect { stands: "reverted".to_owned(), ..made() };
    let reverted = captured(change("AWS::Logs::LogGroup", "logs", "web", "", vec![reverted]));
    assert_eq!(reverted.uncaptured_because.as_deref(), Some("nothing of it stands"));
}

#[test]
fn a_record_set_is_imported_by_zone_name_and_type() {
    let value = json!({ "name": "www.example.com", "type": "CNAME", "ttl": 60, "resource_records": ["web.example.net"],
        "alias_target": null, "set_identifier": null, "weight": null });
    let added = effect("ChangeResourceRecordSets", "added", "record www.example.com CNAME", value);
    let zone =
        change("AWS::Route53::HostedZone", "route53", "Z1", "arn:aws:route53:::hostedzone/Z1", vec![added]);
    let zone = captured(zone);
    insta::assert_snapshot!(zone.terraform.unwrap(), @r#"
    import { # not needed where the state has it
      to = aws_route53_record.www_example_com_cname
      id = "Z1_www.example.com_CNAME"
    }
    resource "aws_route53_record" "www_example_com_cname" {
      zone_id = "Z1"
      name = "www.example.com"
      type = "CNAME"
      ttl = 60
      records = ["web.example.net"]
    }
    "#);
    insta::assert_snapshot!(zone.revert.unwrap(), @r#"aws route53 change-resource-record-sets --hosted-zone-id Z1 --change-batch '{"Changes":[{"Action":"DELETE","ResourceRecordSet":{"Name":"www.example.com","Type":"CNAME","TTL":60,"ResourceRecords":[{"Value":"web.example.net"}]}}]}'"#);
}

#[test]
fn imports_are_named_as_the_provider_wants_them() {
    let cases = [
        ("AWS::ECS::Service", "arn:aws:ecs:eu-west-1:111122223333:service/production/web", "production/web"),
        (
            "AWS::EKS::Nodegroup",
            "arn:aws:eks:eu-west-1:111122223333:nodegroup/main/workers/ab12",
            "main:workers",
        ),
        (
            "AWS::Scheduler::Schedule",
            "arn:aws:scheduler:eu-west-1:111122223333:schedule/default/nightly",
            "default/nightly",
        ),
        ("AWS::Budgets::Budget", "", "111122223333:x"),
        ("AWS::SQS::Queue", "", "https://sqs.eu-west-1.amazonaws.com/111122223333/x"),
    ];
    for (kind, arn, id) in cases {
        let made = effect("CreateX", "created", "the resource", json!({}));
        let code = captured(change(kind, "x", "x", arn, vec![made])).terraform.unwrap();
        assert!(code.contains(&format!("  id = \"{id}\"")), "{kind}: {code}");
    }
}

#[test]
fn every_type_that_changes_are_compared_with_has_a_terraform_form() {
    let lacking: Vec<&&str> = crate::drift::COMPARED
        .iter()
        .filter(|kind| terraform::ROWS.iter().all(|row| row.kind != **kind))
        .collect();
    // records belong to their zone, and make resources of their own there
    assert_eq!(lacking, [&"AWS::Route53::RecordSet"]);
}
