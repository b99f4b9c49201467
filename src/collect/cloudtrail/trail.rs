//! Write events from the log files of the account's trail in S3, newest first.
//!
//! A file holds what happened before it was delivered, so those that were delivered since the
//! window began hold all of it (CloudTrail User Guide, "CloudTrail log file examples").

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Region;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use futures::StreamExt as _;
use futures::stream;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::window;
use crate::collect::whole::Whole;
use crate::collect::{CollectError, Context, Read};
use crate::inventory::Meta;
use crate::inventory::cloudtrail::{Event, EventResource};

mod log_file;

const LIST: &str = "s3:ListBucket";
const GET: &str = "s3:GetObject";

/// Log files in flight in all regions together: each is held in memory while it is read.
const IN_FLIGHT: usize = 16;

/// Where the trail delivers, and how to read it.
#[derive(Clone, Debug)]
pub struct Trail {
    s3: Client,
    bucket: String,
    /// Up to AWSLogs, with a slash at its end where there is one.
    prefix: String,
    in_flight: Arc<Semaphore>,
}

impl Trail {
    pub fn new(s3: &Client, bucket: &str, prefix: &str) -> Self {
        let s3 = Client::from_conf(s3.config().to_builder().interceptor(Whole).build());
        let in_flight = Arc::new(Semaphore::new(IN_FLIGHT));
        Self { s3, bucket: bucket.to_owned(), prefix: folder(prefix), in_flight }
    }

    fn place(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    /// In the bucket's own region, where S3 tells it.
    fn moved<E>(&self, error: &SdkError<E, HttpResponse>) -> Option<Self> {
        let region = error.raw_response()?.headers().get("x-amz-bucket-region")?.to_owned();
        let config = self.s3.config();
        if config.region().is_some_and(|own| own.as_ref() == region) {
            return None;
        }
        let s3 = Client::from_conf(config.to_builder().region(Region::new(region)).build());
        Some(Self { s3, ..self.clone() })
    }
}

/// What reading the trail takes, as statements of an IAM policy.
pub fn statements(partition: &str, bucket: &str, prefix: &str) -> [Value; 2] {
    let arn = format!("arn:{partition}:s3:::{bucket}");
    let under = format!("{}AWSLogs/*", folder(prefix));
    [
        json!({
            "Sid": "ListTrail",
            "Effect": "Allow",
            "Action": [LIST],
            "Resource": arn,
            "Condition": { "StringLike": { "s3:prefix": [under] } },
        }),
        json!({ "Sid": "ReadTrail", "Effect": "Allow", "Action": [GET], "Resource": format!("{arn}/{under}") }),
    ]
}

fn folder(prefix: &str) -> String {
    match prefix.trim_matches('/') {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    }
}

pub(super) async fn read(context: &Context, trail: &Trail) -> Result<Read, CollectError> {
    let listing = tokio::time::timeout_at(context.deadline, find(context, trail)).await;
    let (trail, keys) = listing.unwrap_or(Err(CollectError::OutOfTime))?;
    let mut files =
        stream::iter(0..keys.len()).map(|index| events_in(context, &trail, &keys[index])).buffered(IN_FLIGHT);
    let mut events = Vec::new();
    let mut ids = BTreeSet::new();
    let mut broken = Vec::new();
    let mut read = 0;
    let cut = loop {
        match tokio::time::timeout_at(context.deadline, files.next()).await {
            Ok(Some(Ok(found))) => events.extend(found.into_iter().filter(|e| ids.insert(e.meta.id.clone()))),
            Ok(Some(Err(error))) if error.is_denied() => break Some(error),
            Ok(Some(Err(error))) => broken.push(error),
            Ok(None) => break None,
            Err(_) => break Some(CollectError::OutOfTime),
        }
        read += 1;
    };
    if read == broken.len()
        && let Some(error) = cut.as_ref().or(broken.first())
    {
        return Err(error.clone());
    }
    let seen_from = match &cut {
        None => context.events_from,
        // what happened in the minute of the next file's delivery may be in it
        Some(_) => delivered(&keys[read]).map_or(context.now, |at| at + TimeDelta::minutes(1)),
    };
    let mut seen = window(seen_from.clamp(context.events_from, context.now), context.now);
    if keys.is_empty() {
        seen.push_str("; the trail delivered nothing in that time");
    }
    let others = match broken.len() {
        0 | 1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let unread = broken.first().map(|error| format!("{error}{others}"));
    let reasons: Vec<String> = unread.into_iter().chain(cut.map(|error| error.to_string())).collect();
    Ok(Read {
        resources: events.into_iter().map(Into::into).collect(),
        partial: (!reasons.is_empty()).then(|| reasons.join("; ")),
        window: seen,
    })
}

/// The keys of the files that were delivered since the window began, newest first, and the trail in the
/// region of its bucket.
async fn find(context: &Context, trail: &Trail) -> Result<(Trail, Vec<String>), CollectError> {
    let organizations = format!("{}AWSLogs/o-", trail.prefix);
    let first = |trail: &Trail| {
        trail.s3.list_objects_v2().bucket(&trail.bucket).prefix(&organizations).delimiter("/").send()
    };
    let (trail, listed) = match first(trail).await {
        Ok(listed) => (trail.clone(), listed),
        Err(error) => match trail.moved(&error) {
            None => return Err(failed(LIST, &trail.place(&trail.prefix), &error)),
            Some(moved) => {
                let listed = first(&moved).await;
                let listed = listed.map_err(|error| failed(LIST, &moved.place(&moved.prefix), &error))?;
                (moved, listed)
            }
        },
    };
    let Context { account, region, .. } = context;
    let owners = listed.common_prefixes().iter().filter_map(|found| found.prefix()).map(str::to_owned);
    let owners = owners.chain([format!("{}AWSLogs/", trail.prefix)]);
    let folders: Vec<String> = owners.map(|owner| format!("{owner}{account}/CloudTrail/{region}/")).collect();
    let mut keys = Vec::new();
    for folder in &folders {
        let from = context.events_from;
        let (day, minute) = (from.format("%Y/%m/%d"), from.format("%Y%m%dT%H%MZ"));
        let before = format!("{folder}{day}/{account}_CloudTrail_{region}_{minute}");
        let request = trail.s3.list_objects_v2().bucket(&trail.bucket).prefix(folder).start_after(before);
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed(LIST, &trail.place(folder), &error))?;
            keys.extend(log_files(page));
        }
    }
    if keys.is_empty() && !any_file(&trail, &folders).await? {
        let places: Vec<String> = folders.iter().map(|folder| trail.place(folder)).collect();
        let message = format!(
            "nothing lies under {}: the trail does not cover {region}, or is not this account's",
            places.join(" or ")
        );
        return Err(CollectError::Unsupported { message });
    }
    // by the time of their delivery, whichever trail they are of
    keys.sort_by_cached_key(|key| std::cmp::Reverse((delivered(key), key.clone())));
    Ok((trail, keys))
}

fn log_files(page: ListObjectsV2Output) -> impl Iterator<Item = String> {
    let keys = page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
    keys.filter(|key| key.ends_with(".json.gz"))
}

async fn any_file(trail: &Trail, folders: &[String]) -> Result<bool, CollectError> {
    for folder in folders {
        let request = trail.s3.list_objects_v2().bucket(&trail.bucket).prefix(folder).max_keys(1);
        let page = request.send().await.map_err(|error| failed(LIST, &trail.place(folder), &error))?;
        if log_files(page).next().is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The minute of its delivery, from `<account>_CloudTrail_<region>_<YYYYMMDDTHHmmZ>_<16 characters>.json.gz`.
fn delivered(key: &str) -> Option<DateTime<Utc>> {
    let minute = key.rsplit('/').next()?.rsplit('_').nth(1)?;
    Some(NaiveDateTime::parse_from_str(minute, "%Y%m%dT%H%MZ").ok()?.and_utc())
}

/// The events of one file that belong to the window.
async fn events_in(context: &Context, trail: &Trail, key: &str) -> Result<Vec<Event>, CollectError> {
    let broken = |message: String| CollectError::Malformed {
        action: GET,
        message: format!("{}: {message}", trail.place(key)),
    };
    let _turn = trail.in_flight.acquire().await.map_err(|error| broken(error.to_string()))?;
    let object = trail.s3.get_object().bucket(&trail.bucket).key(key).send().await;
    let object = object.map_err(|error| failed(GET, &trail.place(key), &error))?;
    let body = object.body.collect().await.map_err(|error| broken(error.to_string()))?;
    let mut events = Vec::new();
    let keep = &mut |record: Value| events.extend(event(context, record));
    log_file::each_record(&body.into_bytes(), keep).map_err(|error| broken(error.to_string()))?;
    Ok(events)
}

/// As LookupEvents would tell it; none for reads, for data events and for what is outside of the window.
fn event(context: &Context, record: Value) -> Option<Event> {
    let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let is_management = record["managementEvent"] != false
        && record.get("eventCategory").is_none_or(|category| category == "Management");
    let is_read = record["readOnly"] == true || text("readOnly").eq_ignore_ascii_case("true");
    let event_time: DateTime<Utc> = text("eventTime").parse().ok()?;
    let is_within = (context.events_from..=context.now).contains(&event_time);
    if !is_management || is_read || !is_within {
        return None;
    }
    let (id, name) = (text("eventID"), text("eventName"));
    Some(Event {
        meta: Meta { created_at: Some(event_time), ..context.meta(&id, &name, "") },
        event_time: Some(event_time),
        event_source: text("eventSource"),
        event_name: name,
        username: username(&record["userIdentity"]),
        resources: record["resources"].as_array().map_or_else(Vec::new, |all| {
            let text = |resource: &Value, name: &str| resource[name].as_str().map(str::to_owned);
            let resource = |resource: &Value| EventResource {
                resource_type: text(resource, "type"),
                resource_name: text(resource, "ARN"),
            };
            all.iter().map(resource).collect()
        }),
        record,
    })
}

/// A user's name, `root`, or how a session is called.
fn username(identity: &Value) -> Option<String> {
    let text = |name: &str| identity[name].as_str().filter(|text| !text.is_empty());
    let root = || (identity["type"] == "Root").then_some("root");
    let session = || text("arn")?.rsplit('/').next();
    text("userName").or_else(root).or_else(session).map(str::to_owned)
}

/// Says where as well: a bucket's name is easily mistyped.
fn failed<E>(action: &'static str, place: &str, error: &SdkError<E, HttpResponse>) -> CollectError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let at = |message: String| format!("{place}: {message}");
    match CollectError::of(action, error) {
        CollectError::Denied { action, message } => CollectError::Denied { action, message: at(message) },
        CollectError::Failed { action, code, message } if code == "PermanentRedirect" => {
            let message = format!("{message} The bucket is in another region, and S3 does not say in which");
            CollectError::Failed { action, code, message: at(message) }
        }
        CollectError::Failed { action, code, message } => {
            CollectError::Failed { action, code, message: at(message) }
        }
        CollectError::Malformed { action, message } => {
            CollectError::Malformed { action, message: at(message) }
        }
        CollectError::Throttled { action, message } => {
            CollectError::Throttled { action, message: at(message) }
        }
        CollectError::Unreachable { action, message } => {
            CollectError::Unreachable { action, message: at(message) }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests;
