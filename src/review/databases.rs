//! What each database spends its time on, or what to switch on to see it.

use chrono::{DateTime, Utc};

use crate::inventory::rds::{DbInstance, SlowQuery};
use crate::inventory::{Inventory, Meta, Scope};

#[derive(Clone, Debug, PartialEq)]
pub struct Database {
    pub resource: Meta,
    pub engine: String,
    /// `performance_insights`, `slow_log`, `off` (nothing records statements), or `unread`.
    pub source: String,
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    /// The heaviest first.
    pub queries: Vec<SlowQuery>,
    /// What was cut, or why nothing is told; empty where all is.
    pub note: String,
    /// What to switch on, with the commands; empty where statements are recorded.
    pub enable: Vec<Step>,
}

/// One thing to switch on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    pub text: String,
    pub command: Option<String>,
}

/// Those that spend most first, then those of which nothing is known.
pub(super) fn databases(inventory: &Inventory) -> Vec<Database> {
    let mut databases: Vec<Database> = inventory
        .scopes
        .iter()
        .flat_map(|scope| scope.all::<DbInstance>().map(move |instance| database(scope, instance)))
        .collect();
    let load = |one: &Database| -> f64 {
        one.queries.iter().filter_map(|query| query.load.or(query.total_seconds)).sum()
    };
    databases.sort_by(|a, b| {
        (b.source == "performance_insights")
            .cmp(&(a.source == "performance_insights"))
            .then_with(|| load(b).total_cmp(&load(a)))
            .then_with(|| a.resource.id.cmp(&b.resource.id))
    });
    databases
}

fn database(scope: &Scope, instance: &DbInstance) -> Database {
    let empty = Database {
        resource: instance.meta.clone(),
        engine: instance.engine.clone(),
        source: "unread".to_owned(),
        from: None,
        until: None,
        queries: Vec::new(),
        note: "its statements could not be read".to_owned(),
        enable: Vec::new(),
    };
    let Some(slow) = &instance.slow_queries else {
        return empty;
    };
    Database {
        enable: if slow.source == "off" { enable(scope, instance) } else { Vec::new() },
        source: slow.source.clone(),
        from: slow.from,
        until: slow.until,
        queries: slow.queries.clone(),
        note: slow.note.clone(),
        ..empty
    }
}

/// Performance Insights, which costs nothing for seven days, and the engine's own log.
fn enable(scope: &Scope, instance: &DbInstance) -> Vec<Step> {
    let (id, region) = (&instance.meta.id, &scope.region);
    let mut steps = Vec::new();
    if !instance.performance_insights_enabled {
        steps.push(Step {
            text: "Performance Insights, whose free tier keeps seven days; it takes no restart, and not every small class has it"
                .to_owned(),
            command: Some(format!(
                "aws rds modify-db-instance --region {region} --db-instance-identifier {id} \
                 --enable-performance-insights --performance-insights-retention-period 7 --apply-immediately"
            )),
        });
    }
    let (log, parameters): (&str, &[(&str, &str)]) = match engine(&instance.engine) {
        Engine::Postgres => ("postgresql", &[("log_min_duration_statement", "1000")]),
        Engine::MySql => {
            ("slowquery", &[("slow_query_log", "1"), ("long_query_time", "1"), ("log_output", "FILE")])
        }
        Engine::Other => return steps,
    };
    steps.push(slow_log(region, id, instance.db_parameter_groups.first(), parameters));
    if !instance.enabled_cloudwatch_logs_exports.iter().any(|export| export == log) {
        let of = match &instance.db_cluster_identifier {
            Some(cluster) if instance.engine.starts_with("aurora") => {
                format!("modify-db-cluster --region {region} --db-cluster-identifier {cluster}")
            }
            _ => format!("modify-db-instance --region {region} --db-instance-identifier {id}"),
        };
        steps.push(Step {
            text: "and its export to CloudWatch Logs".to_owned(),
            command: Some(format!(
                "aws rds {of} --cloudwatch-logs-export-configuration EnableLogTypes={log} --apply-immediately"
            )),
        });
    }
    steps
}

/// In the database's own parameter group, or in a new one: those called default cannot be changed.
fn slow_log(region: &str, id: &str, group: Option<&String>, parameters: &[(&str, &str)]) -> Step {
    let names: Vec<String> = parameters.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    let settings: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("ParameterName={name},ParameterValue={value},ApplyMethod=immediate"))
        .collect();
    let set = |group: &str| {
        format!(
            "aws rds modify-db-parameter-group --region {region} --db-parameter-group-name {group} --parameters {}",
            settings.join(" ")
        )
    };
    let text = format!("the log of slow statements, with {}", names.join(", "));
    match group.map(|group| (group, group.strip_prefix("default."))) {
        Some((group, None)) => Step { text, command: Some(set(group)) },
        Some((_, Some(family))) => {
            let own = format!("{id}-slow-log");
            let command = format!(
                "aws rds create-db-parameter-group --region {region} --db-parameter-group-name {own} \
                 --db-parameter-group-family {family} --description 'slow statements' && {} && \
                 aws rds modify-db-instance --region {region} --db-instance-identifier {id} \
                 --db-parameter-group-name {own}",
                set(&own)
            );
            Step {
                text: format!("{text}, in a parameter group of its own, which takes the next restart"),
                command: Some(command),
            }
        }
        None => Step { text: format!("{text}, in its parameter group"), command: None },
    }
}

enum Engine {
    Postgres,
    MySql,
    Other,
}

fn engine(name: &str) -> Engine {
    if name.contains("postgres") {
        Engine::Postgres
    } else if name.contains("mysql") || name == "mariadb" {
        Engine::MySql
    } else {
        Engine::Other
    }
}

#[cfg(test)]
mod tests;
