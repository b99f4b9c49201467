//! What of a variable is Heroku's.

use super::names::words;
use super::tokens::is_hex;
use super::urls::{Url, urls};

const POSTGRES: &str = "Heroku Postgres";
const REDIS: &str = "Heroku Redis";
const KAFKA: &str = "Heroku Kafka";
const ADDRESS: &str = "Heroku address";
const VARIABLE: &str = "Heroku variable";
const LOGS: &str = "Papertrail log drain";
const ADD_ON: &str = "Heroku add-on";

/// What add-ons name their variables that live, or are ordered under that name, on Heroku alone. Services that
/// sell to everybody under the same name (SendGrid, New Relic, ...) tell by their values.
const ADD_ONS: &[&str] = &[
    "BONSAI",
    "BUCKETEER",
    "CLEARDB",
    "CLOUDAMQP",
    "CLOUDCUBE",
    "CRONTOGO",
    "FIXIE",
    "FOUNDELASTICSEARCH",
    "HOSTEDGRAPHITE",
    "IRON",
    "JAWSDB",
    "MEMCACHEDCLOUD",
    "MEMCACHIER",
    "MONGOHQ",
    "MONGOLAB",
    "OPENREDIS",
    "PROXIMO",
    "QUOTAGUARD",
    "QUOTAGUARDSHIELD",
    "QUOTAGUARDSTATIC",
    "REDISCLOUD",
    "REDISTOGO",
    "SEARCHBOX",
    "STACKHERO",
    "TEMPORIZE",
    "WEBSOLR",
];

const DOMAINS: &[&str] = &[
    "herokuapp.com",
    "herokudns.com",
    "herokussl.com",
    "herokai.com",
    "heroku.com",
    "logplex.io",
    "herokuspace.com",
];

/// In a few words, what it is; the value is not known where it lies elsewhere.
pub(super) fn of(name: &str, value: Option<&str>) -> Option<&'static str> {
    let value = value.map(str::trim).unwrap_or_default();
    urls(value).find_map(|url| of_url(&url)).or_else(|| of_text(name, value)).or_else(|| of_name(name))
}

fn of_name(name: &str) -> Option<&'static str> {
    let upper = name.to_ascii_uppercase();
    let words = words(&upper);
    let first = words.first().map_or("", String::as_str);
    match first {
        "HEROKU" if upper.starts_with("HEROKU_POSTGRESQL_") => Some(POSTGRES),
        "HEROKU" if upper.starts_with("HEROKU_REDIS_") => Some(REDIS),
        "HEROKU" if upper.starts_with("HEROKU_KAFKA_") => Some(KAFKA),
        "HEROKU" => Some(VARIABLE),
        "PAPERTRAIL" => Some("Papertrail"),
        "BUILDPACK" if upper == "BUILDPACK_URL" => Some(VARIABLE),
        "PGBACKUPS" => Some(POSTGRES),
        _ if words.len() > 1 && ADD_ONS.contains(&first) => Some(ADD_ON),
        _ => None,
    }
}

/// Hosts without a scheme, users that add-ons were given, and what only dynos have.
fn of_text(name: &str, value: &str) -> Option<&'static str> {
    if name == "DYNO" && is_dyno(value) {
        return Some(VARIABLE);
    }
    if value.ends_with("@heroku.com") || is_mailgun_sandbox(value) {
        return Some(ADD_ON);
    }
    if value.starts_with("HRKU-") {
        return Some("Heroku API key");
    }
    if value.len() > 253 || value.contains("://") {
        return None;
    }
    let lone = Url { host: value.split(':').next().unwrap_or_default(), ..Url::default() };
    if is_on_ec2(&lone) {
        return of_data(name);
    }
    let mut hosts = value
        .split([',', ' ', '|', ';'])
        .map(|host| Url { host: host.split([':', '/']).next().unwrap_or_default(), ..Url::default() });
    hosts.find_map(|url| of_host(&url))
}

/// Whose host it is, where a database's address is told in parts.
fn of_data(name: &str) -> Option<&'static str> {
    let words = words(name);
    let any = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    if any(&["PG", "PGHOST", "POSTGRES", "POSTGRESQL", "DATABASE", "DB"]) {
        Some(POSTGRES)
    } else {
        any(&["REDIS"]).then_some(REDIS)
    }
}

fn of_url(url: &Url<'_>) -> Option<&'static str> {
    let service = match url.scheme {
        "postgres" | "postgresql" | "postgis" => POSTGRES,
        "redis" | "rediss" => REDIS,
        "kafka" | "kafka+ssl" => KAFKA,
        _ => return of_host(url),
    };
    let issued = url.password.is_some_and(|p| p.len() == 65 && p.starts_with('p') && is_hex(&p[1..]));
    let theirs = match service {
        POSTGRES => is_database(url.database()) && (issued || is_on_ec2(url) || is_user(url.user)),
        REDIS => issued || (is_on_ec2(url) && matches!(url.user, "" | "h") && url.password.is_some()),
        _ => is_on_ec2(url) && matches!(url.port, Some("9096" | "9092")),
    };
    if theirs { Some(service) } else { of_host(url) }
}

fn of_host(url: &Url<'_>) -> Option<&'static str> {
    if url.is_of("papertrailapp.com") && url.host.starts_with("logs") {
        return Some(LOGS);
    }
    DOMAINS.iter().any(|domain| url.is_of(domain)).then_some(ADDRESS)
}

/// An instance's public name, by which Heroku's data services are reached from outside.
fn is_on_ec2(url: &Url<'_>) -> bool {
    url.host.starts_with("ec2-") && url.host.contains(".compute") && url.host.contains(".amazonaws.com")
}

/// `d` and twelve to fourteen letters and digits.
fn is_database(name: &str) -> bool {
    name.starts_with('d') && is_drawn(name, 13..=15)
}

/// `u` and thirteen letters and digits, or, in older plans, fourteen letters.
fn is_user(name: &str) -> bool {
    is_drawn(name, 14..=14) && (name.starts_with('u') || name.bytes().all(|b| b.is_ascii_lowercase()))
}

fn is_drawn(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// `web.1`, `run.8053`.
fn is_dyno(value: &str) -> bool {
    value.split_once('.').is_some_and(|(kind, number)| {
        !kind.is_empty() && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
    })
}

/// `postmaster@app1234.mailgun.org`: what the add-on made for an application.
fn is_mailgun_sandbox(value: &str) -> bool {
    value
        .rsplit('@')
        .next()
        .and_then(|host| host.strip_suffix(".mailgun.org"))
        .is_some_and(|sub| sub.strip_prefix("app").is_some_and(is_hex))
}
