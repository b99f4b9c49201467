//! The `review` of the report as JSON, version 1.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::inventory::Meta;
use crate::inventory::rds::SlowQuery;
use crate::review::{Database, Deployments, Incident, NoisyAlarm, Review, headline};

/// The review in at most `budget` bytes: what does not fit is left out as a whole, and `cut` says so.
pub fn within(told: &Review, budget: usize) -> Value {
    let mut value = review(told);
    let mut cut = Vec::new();
    let reply = |value: &Value, cut: &[&str]| {
        let cut = (!cut.is_empty())
            .then(|| format!("{} left out; configure `deliver.s3` to keep the whole", cut.join(", ")));
        json!({ "review": value, "cut": cut })
    };
    for part in ["noise", "databases", "incidents", "deployments", "missing"] {
        if reply(&value, &cut).to_string().len() <= budget {
            break;
        }
        value[part] = if part == "deployments" { Value::Null } else { json!([]) };
        cut.push(part);
    }
    reply(&value, &cut)
}

pub(super) fn review(told: &Review) -> Value {
    let (friction, costs) = (&told.deployments, &told.costs);
    json!({
        "headline": headline(told),
        "since": stamp(told.since),
        "until": stamp(told.until),
        "incidents": told.incidents.iter().map(|one| incident(one, told.until)).collect::<Vec<_>>(),
        "flickers": told.flickers,
        "databases": told.databases.iter().map(database).collect::<Vec<_>>(),
        "deployments": {
            "count": friction.count,
            "failed": friction.failed,
            "rolled_back": friction.rolled_back,
            "median_seconds": friction.median_seconds,
            "slowest_seconds": friction.slowest_seconds,
            "services": friction.services.iter().map(deployments).collect::<Vec<_>>(),
            "untold": friction.untold,
        },
        "noise": told.noise.iter().map(alarm).collect::<Vec<_>>(),
        "costs": {
            "settled": costs.settled,
            "week_usd": costs.week_usd.map(cents),
            "monthly_usd": costs.monthly_usd.map(cents),
            "expected_monthly_usd": costs.expected_usd,
            "over_usd": costs.over_usd.map(cents),
            "unknown": costs.unknown,
        },
        "missing": told.missing,
    })
}

fn incident(incident: &Incident, now: DateTime<Utc>) -> Value {
    let symptoms = incident.symptoms.iter().map(|symptom| {
        json!({
            "kind": symptom.felt.as_str(),
            "at": stamp(symptom.at),
            "until": symptom.until.map(stamp),
            "text": symptom.text,
        })
    });
    json!({
        "account": incident.account,
        "region": incident.region,
        "from": stamp(incident.from),
        "until": incident.until.map(stamp),
        "seconds": incident.seconds(now),
        "resources": incident.resources,
        "symptoms": symptoms.collect::<Vec<_>>(),
    })
}

fn database(database: &Database) -> Value {
    json!({
        "resource": named("AWS::RDS::DBInstance", &database.resource),
        "engine": database.engine,
        "source": database.source,
        "from": database.from.map(stamp),
        "until": database.until.map(stamp),
        "queries": database.queries.iter().map(query).collect::<Vec<_>>(),
        "note": database.note,
        "enable": database.enable.iter().map(|step| json!({ "text": step.text, "command": step.command })).collect::<Vec<_>>(),
    })
}

fn query(query: &SlowQuery) -> Value {
    json!({
        "statement": query.statement,
        "load": query.load,
        "share": query.share,
        "calls": query.calls,
        "total_seconds": query.total_seconds,
        "max_seconds": query.max_seconds,
    })
}

fn deployments(of: &Deployments) -> Value {
    json!({
        "resource": named(&of.resource_type, &of.resource),
        "count": of.count,
        "failed": of.failed,
        "rolled_back": of.rolled_back,
        "timed": of.timed,
        "median_seconds": of.median_seconds,
        "slowest_seconds": of.slowest_seconds,
    })
}

fn alarm(alarm: &NoisyAlarm) -> Value {
    json!({
        "account": alarm.account,
        "region": alarm.region,
        "name": alarm.name,
        "transitions": alarm.transitions,
        "fired": alarm.fired,
        "in_alarm_seconds": alarm.in_alarm_seconds,
        "self_resolved": alarm.self_resolved,
        "acted_on": alarm.acted_on,
        "messages": alarm.messages,
        "messages_per_day": alarm.messages_per_day.map(cents),
        "verdict": alarm.verdict,
        "advice": alarm.advice,
    })
}

fn named(resource_type: &str, meta: &Meta) -> Value {
    json!({
        "type": resource_type,
        "id": meta.id,
        "arn": meta.arn,
        "name": meta.name,
        "account": meta.account,
        "region": meta.region,
    })
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn cents(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
