use serde_json::json;

use super::super::testing::{review, told};
use super::*;
use crate::incident::testing::resource;

fn of(fields: serde_json::Value) -> Database {
    told(vec![resource("AWS::RDS::DBInstance", fields)]).databases.remove(0)
}

fn commands(database: &Database) -> String {
    let told = database
        .enable
        .iter()
        .map(|step| format!("{}: {}", step.text, step.command.as_deref().unwrap_or("-")));
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_known_comes_before_what_is_not() {
    let databases = review().databases;
    let told: Vec<(&str, &str)> =
        databases.iter().map(|one| (one.resource.id.as_str(), one.source.as_str())).collect();
    assert_eq!(told, [("orders", "performance_insights"), ("reports", "off")]);
    assert_eq!(databases[0].enable, []);
}

#[test]
fn each_engine_is_told_what_to_switch_on() {
    let off = json!({ "source": "off" });
    let postgres = of(
        json!({ "id": "orders", "engine": "postgres", "db_parameter_groups": ["orders"], "slow_queries": off }),
    );
    insta::assert_snapshot!(commands(&postgres), @r"
    Performance Insights, whose free tier keeps seven days; it takes no restart, and not every small class has it: aws rds modify-db-instance --region eu-west-1 --db-instance-identifier orders --enable-performance-insights --performance-insights-retention-period 7 --apply-immediately
    the log of slow statements, with log_min_duration_statement = 1000: aws rds modify-db-parameter-group --region eu-west-1 --db-parameter-group-name orders --parameters ParameterName=log_min_duration_statement,ParameterValue=1000,ApplyMethod=immediate
    and its export to CloudWatch Logs: aws rds modify-db-instance --region eu-west-1 --db-instance-identifier orders --cloudwatch-logs-export-configuration EnableLogTypes=postgresql --apply-immediately
    ");
    let mysql = of(
        json!({ "id": "shop-1", "engine": "aurora-mysql", "db_parameter_groups": ["default.aurora-mysql8.0"],
        "db_cluster_identifier": "shop", "performance_insights_enabled": true, "slow_queries": off }),
    );
    insta::assert_snapshot!(commands(&mysql), @r"
    the log of slow statements, with slow_query_log = 1, long_query_time = 1, log_output = FILE, in a parameter group of its own, which takes the next restart: aws rds create-db-parameter-group --region eu-west-1 --db-parameter-group-name shop-1-slow-log --db-parameter-group-family aurora-mysql8.0 --description 'slow statements' && aws rds modify-db-parameter-group --region eu-west-1 --db-parameter-group-name shop-1-slow-log --parameters ParameterName=slow_query_log,ParameterValue=1,ApplyMethod=immediate ParameterName=long_query_time,ParameterValue=1,ApplyMethod=immediate ParameterName=log_output,ParameterValue=FILE,ApplyMethod=immediate && aws rds modify-db-instance --region eu-west-1 --db-instance-identifier shop-1 --db-parameter-group-name shop-1-slow-log
    and its export to CloudWatch Logs: aws rds modify-db-cluster --region eu-west-1 --db-cluster-identifier shop --cloudwatch-logs-export-configuration EnableLogTypes=slowquery --apply-immediately
    ");
    let oracle = of(
        json!({ "id": "erp", "engine": "oracle-ee", "performance_insights_enabled": true, "slow_queries": off }),
    );
    assert_eq!(oracle.enable, []);
}

#[test]
fn what_could_not_be_read_is_not_called_off() {
    let unread = of(json!({ "id": "orders", "engine": "postgres" }));
    assert_eq!((unread.source.as_str(), unread.enable.len()), ("unread", 0));
    assert_eq!(unread.note, "its statements could not be read");
}
