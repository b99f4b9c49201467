//! The signals of databases, whose alarms may watch the cluster instead.

use std::collections::BTreeMap;

use super::{Sight, Signal, SignalCoverage, Watch};
use crate::inventory::cloudwatch::Alarm;
use crate::inventory::rds::DbInstance;
use crate::inventory::{Kind as _, Scope};

const RDS: &[&str] = &["AWS/RDS"];

/// Aurora's storage and that of Serverless grow by themselves; what can run out there is the local part, for
/// temporary tables and logs.
const SIGNALS: &[Signal] = &[
    Signal { name: "connections", kinds: &[], namespaces: RDS, metrics: &["DatabaseConnections"] },
    Signal {
        name: "storage",
        kinds: &["instance", "replica"],
        namespaces: RDS,
        metrics: &["FreeStorageSpace"],
    },
    Signal {
        name: "storage",
        kinds: &["aurora"],
        namespaces: RDS,
        metrics: &["FreeLocalStorage", "AuroraVolumeBytesLeftTotal"],
    },
    Signal {
        name: "cpu",
        kinds: &["instance", "replica", "aurora"],
        namespaces: RDS,
        metrics: &["CPUUtilization", "DBLoad", "DBLoadCPU", "DBLoadRelativeToNumVCPUs"],
    },
    Signal {
        name: "memory",
        kinds: &["instance", "replica", "aurora"],
        namespaces: RDS,
        metrics: &["FreeableMemory", "SwapUsage"],
    },
    Signal { name: "replica_lag", kinds: &["replica"], namespaces: RDS, metrics: &["ReplicaLag"] },
    Signal {
        name: "replica_lag",
        kinds: &["aurora", "serverless"],
        namespaces: RDS,
        metrics: &["AuroraReplicaLag", "AuroraReplicaLagMaximum"],
    },
    Signal {
        name: "capacity",
        kinds: &["serverless"],
        namespaces: RDS,
        metrics: &["ACUUtilization", "ServerlessDatabaseCapacity", "CPUUtilization"],
    },
];

/// DbInstance.signals, of which the cluster memberships are known.
pub(in crate::relate) fn signals(scope: &Scope) -> Vec<Option<BTreeMap<String, SignalCoverage>>> {
    if !scope.complete(Alarm::TYPE) {
        return scope.all::<DbInstance>().map(|_| None).collect();
    }
    let watch = Watch::of(scope, SIGNALS);
    let signals_of = |database: &DbInstance| {
        watch.signals(SIGNALS, kind(database), |metric, _| aim(&metric.dimensions, database))
    };
    scope.all::<DbInstance>().map(signals_of).collect()
}

fn kind(database: &DbInstance) -> &'static str {
    if database.db_instance_class == "db.serverless" {
        "serverless"
    } else if is_aurora(database) {
        "aurora"
    } else if database.read_replica_source_db_instance_identifier.is_some()
        || database.read_replica_source_db_cluster_identifier.is_some()
    {
        "replica"
    } else {
        "instance"
    }
}

fn is_aurora(database: &DbInstance) -> bool {
    database.engine.starts_with("aurora")
}

/// Whether dimensions point at the database or, for Aurora, at all or some members of its cluster.
fn aim(dimensions: &BTreeMap<String, String>, database: &DbInstance) -> Sight {
    let known = ["DBInstanceIdentifier", "DBClusterIdentifier", "Role"];
    if let Some(other) = dimensions.keys().find(|name| !known.contains(&name.as_str())) {
        // DatabaseClass and EngineName: one number for all that are alike
        return Sight::Misses(format!("watches {other}, and not one database"));
    }
    if let Some(name) = dimensions.get("DBInstanceIdentifier") {
        return if *name == database.meta.id { Sight::Sees } else { Sight::Unrelated };
    }
    match dimensions.get("DBClusterIdentifier") {
        None => Sight::Misses("names no DBInstanceIdentifier dimension".to_owned()),
        Some(cluster) if Some(cluster) != database.db_cluster_identifier.as_ref() => Sight::Unrelated,
        Some(_) if !is_aurora(database) => {
            Sight::Misses("names no DBInstanceIdentifier dimension".to_owned())
        }
        Some(_) => match (dimensions.get("Role").map(String::as_str), &database.cluster_membership) {
            (None, _) => Sight::Sees,
            (Some(_), None) => Sight::Undecided,
            (Some(role), Some(member)) if (role == "WRITER") == member.is_cluster_writer => Sight::Sees,
            (Some(_), Some(_)) => Sight::Unrelated,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::relate::testing::{read, scope};

    /// Each signal's verdict, `name alarm` or `name verdict: reason`.
    fn verdicts(database: &Value, alarms: &[(&str, &str, Value)]) -> Vec<String> {
        let mut resources = read(DbInstance::TYPE, json!([database]));
        for (name, metric, dimensions) in alarms {
            resources.extend(read(
                Alarm::TYPE,
                json!([{ "name": name, "actions_enabled": true, "alarm_actions": ["arn:topic"],
                    "metric": { "namespace": "AWS/RDS", "metric_name": metric, "dimensions": dimensions } }]),
            ));
        }
        let signals = signals(&scope(resources, &[Alarm::TYPE])).remove(0);
        let Some(signals) = signals else { return vec!["null".to_owned()] };
        let told = |(name, signal): (&String, &SignalCoverage)| match &signal.alarm {
            Some(alarm) => format!("{name} {alarm}"),
            None => format!("{name} {}: {}", signal.verdict, signal.reason),
        };
        signals.iter().map(told).collect()
    }

    #[test]
    fn an_instance_has_storage_and_a_replica_a_lag_as_well() {
        let by_id = json!({ "DBInstanceIdentifier": "web" });
        let alarms = [
            ("full", "FreeStorageSpace", by_id.clone()),
            ("busy", "CPUUtilization", json!({ "DBInstanceIdentifier": "api" })),
            ("class", "FreeableMemory", json!({ "DatabaseClass": "db.t4g.medium" })),
            ("all", "DatabaseConnections", json!({})),
        ];
        let web = json!({ "id": "web", "engine": "postgres" });
        assert_eq!(
            verdicts(&web, &alarms),
            [
                "connections none: alarm `all` names no DBInstanceIdentifier dimension",
                "cpu none: ",
                "memory none: alarm `class` watches DatabaseClass, and not one database",
                "storage full",
            ]
        );
        let replica = json!({ "id": "web", "engine": "postgres", "read_replica_source_db_instance_identifier": "main" });
        let lag = [("behind", "ReplicaLag", by_id)];
        assert!(verdicts(&replica, &lag).contains(&"replica_lag behind".to_owned()));
    }

    #[test]
    fn an_alarm_on_the_aurora_cluster_counts_for_those_members_that_it_covers() {
        let cluster = |role: Option<&str>| match role {
            None => json!({ "DBClusterIdentifier": "shop" }),
            Some(role) => json!({ "DBClusterIdentifier": "shop", "Role": role }),
        };
        let alarms = [
            ("connections", "DatabaseConnections", cluster(None)),
            ("cpu", "CPUUtilization", cluster(Some("WRITER"))),
            ("memory", "FreeableMemory", cluster(Some("READER"))),
            ("volume", "AuroraVolumeBytesLeftTotal", json!({ "DBClusterIdentifier": "other" })),
        ];
        let member = |writer: Option<bool>| {
            json!({ "id": "shop-1", "engine": "aurora-postgresql", "db_cluster_identifier": "shop",
                "cluster_membership": writer.map(|writer| json!({ "is_cluster_writer": writer })) })
        };
        assert_eq!(
            verdicts(&member(Some(true)), &alarms),
            ["connections connections", "cpu cpu", "memory none: ", "replica_lag none: ", "storage none: "]
        );
        assert!(verdicts(&member(Some(false)), &alarms).contains(&"memory memory".to_owned()));
        assert_eq!(verdicts(&member(None), &alarms), ["null"], "its role is not known");
        let multi_az = json!({ "id": "shop-1", "engine": "postgres", "db_cluster_identifier": "shop" });
        assert!(verdicts(&multi_az, &alarms)[0].contains("names no DBInstanceIdentifier"));
    }

    #[test]
    fn serverless_has_capacity_instead_of_cpu_and_memory() {
        let serverless =
            json!({ "id": "shop-1", "engine": "aurora-postgresql", "db_instance_class": "db.serverless" });
        let alarms = [("acu", "ACUUtilization", json!({ "DBInstanceIdentifier": "shop-1" }))];
        assert_eq!(
            verdicts(&serverless, &alarms),
            ["capacity acu", "connections none: ", "replica_lag none: "]
        );
    }
}
