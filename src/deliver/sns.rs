//! Publishes to a standard SNS topic: one summary a run and one message for
//! each new or reopened finding. PublishBatch answers 200 even when it refuses
//! some of its entries, so each entry is accounted for.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use aws_sdk_sns::Client;
use aws_sdk_sns::operation::publish_batch::{PublishBatchError, PublishBatchOutput};
use aws_sdk_sns::types::{MessageAttributeValue, PublishBatchRequestEntry};

use super::reason;
use crate::findings::{Finding, Status};
use crate::report::Report;
use crate::report::sns::{self, MAX_BYTES, Message};

const MAX_ENTRIES: usize = 10;
/// Waits before an entry that SNS could not take is offered again; the SDK
/// itself retries whole requests only.
const BACKOFF: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1600)];

/// What became of the messages of a run.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Delivery {
    /// Messages that SNS took, the summary included.
    pub sent: usize,
    pub undelivered: Vec<Undelivered>,
    pub summary_error: Option<String>,
}

/// A finding whose message did not get out, to be kept in the state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Undelivered {
    pub finding_id: String,
    /// What nobody has been told: new or reopened.
    pub status: Status,
    pub reason: String,
}

impl Delivery {
    /// The undelivered findings as the state keeps them.
    pub fn for_state(&self) -> BTreeMap<String, Status> {
        self.undelivered.iter().map(|left| (left.finding_id.clone(), left.status)).collect()
    }

    /// What the report should say about it.
    pub fn notes(&self) -> Vec<String> {
        let summary =
            self.summary_error.iter().map(|error| format!("The summary could not be published: {error}"));
        // One topic mostly fails for one reason, which is then said once.
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for left in &self.undelivered {
            *reasons.entry(&left.reason).or_default() += 1;
        }
        let findings = reasons.into_iter().map(|(reason, n)| {
            let messages = if n == 1 { "message" } else { "messages" };
            format!("{n} finding {messages} could not be published, the next run tries again: {reason}")
        });
        summary.chain(findings).collect()
    }
}

/// Publishes one message that has a form of its own, such as Amazon Q Developer's.
pub async fn notify(client: &Client, topic_arn: &str, message: &impl serde::Serialize) -> Result<(), String> {
    let message = serde_json::to_string(message).map_err(|error| error.to_string())?;
    let sent = client.publish().topic_arn(topic_arn).message(message).send().await;
    sent.map(drop).map_err(|error| reason(&error, "sns:Publish"))
}

/// Publishes the summary and a message for each finding that is news, and for
/// each in `retry`: those that an earlier run could not deliver, under the
/// status that nobody has been told yet.
pub async fn publish(client: &Client, topic_arn: &str, report: &Report, retry: &[Finding]) -> Delivery {
    let mut delivery = Delivery::default();
    let news = report.findings.iter().filter(|f| f.status.is_news());
    let mut known = HashSet::new();
    let pending: Vec<Pending<'_>> = news
        .chain(retry)
        .filter(|finding| known.insert(&finding.id))
        .map(|finding| Pending { finding, message: sns::finding(report, finding) })
        .collect();
    publish_findings(client, topic_arn, pending, &mut delivery).await;

    let summary = if delivery.undelivered.is_empty() {
        sns::summary(report)
    } else {
        let mut told = report.clone();
        told.notes.extend(delivery.notes());
        sns::summary(&told)
    };
    match publish_one(client, topic_arn, &summary).await {
        Ok(()) => delivery.sent += 1,
        Err(error) => delivery.summary_error = Some(error),
    }
    delivery
}

/// Publishes a message for people.
pub async fn publish_one(client: &Client, topic_arn: &str, message: &Message) -> Result<(), String> {
    let sent = client
        .publish()
        .topic_arn(topic_arn)
        .subject(&message.subject)
        .message(&message.body)
        .set_message_attributes(Some(attributes(message)))
        .send()
        .await;
    sent.map(drop).map_err(|error| reason(&error, "sns:Publish"))
}

struct Pending<'a> {
    finding: &'a Finding,
    message: Message,
}

impl Pending<'_> {
    fn undelivered(self, reason: String) -> Undelivered {
        Undelivered { finding_id: self.finding.id.clone(), status: self.finding.status, reason }
    }
}

async fn publish_findings(
    client: &Client,
    topic_arn: &str,
    pending: Vec<Pending<'_>>,
    delivery: &mut Delivery,
) {
    let mut refused: Option<String> = None;
    for batch in batches(pending) {
        if let Some(reason) = &refused {
            let left = batch.into_iter().map(|entry| entry.undelivered(reason.clone()));
            delivery.undelivered.extend(left);
            continue;
        }
        refused = publish_batch(client, topic_arn, batch, delivery).await;
    }
}

/// Publishes one batch. Returns why the topic takes nothing at all, if so.
async fn publish_batch(
    client: &Client,
    topic_arn: &str,
    mut batch: Vec<Pending<'_>>,
    delivery: &mut Delivery,
) -> Option<String> {
    let mut waits = BACKOFF.into_iter();
    loop {
        let request = client.publish_batch().topic_arn(topic_arn);
        let entries = batch.iter().enumerate().map(|(i, pending)| entry(i, &pending.message));
        let answer = match request.set_publish_batch_request_entries(Some(entries.collect())).send().await {
            Ok(answer) => answer,
            Err(error) => {
                let reason = reason(&error, "sns:Publish");
                let hopeless = !error.as_service_error().is_some_and(concerns_one_message);
                let left = batch.into_iter().map(|entry| entry.undelivered(reason.clone()));
                delivery.undelivered.extend(left);
                return hopeless.then_some(reason);
            }
        };
        let offered = batch.len();
        let wait = waits.next();
        batch = remaining(batch, &answer, wait.is_none(), &mut delivery.undelivered, &mut delivery.sent);
        match wait {
            Some(wait) if !batch.is_empty() => {
                tracing::debug!(offered, again = batch.len(), "SNS could not take some messages");
                tokio::time::sleep(wait).await;
            }
            _ => return None,
        }
    }
}

/// The entries that are worth another try. `last` says that there is none.
fn remaining<'a>(
    batch: Vec<Pending<'a>>,
    answer: &PublishBatchOutput,
    last: bool,
    undelivered: &mut Vec<Undelivered>,
    sent: &mut usize,
) -> Vec<Pending<'a>> {
    let taken: HashSet<&str> = answer.successful().iter().filter_map(|entry| entry.id()).collect();
    let failed: HashMap<&str, _> = answer.failed().iter().map(|entry| (entry.id(), entry)).collect();
    let mut again = Vec::new();
    for (i, pending) in batch.into_iter().enumerate() {
        let id = i.to_string();
        if taken.contains(&*id) {
            *sent += 1;
            continue;
        }
        let error = failed.get(&*id);
        if !last && error.is_none_or(|error| !error.sender_fault()) {
            again.push(pending);
            continue;
        }
        let reason = match error {
            Some(error) => format!("{}: {}", error.code(), error.message().unwrap_or("no message")),
            None => "SNS did not say what became of it".to_owned(),
        };
        undelivered.push(pending.undelivered(reason));
    }
    again
}

/// Whether SNS objects to what a request holds rather than to the topic, so
/// that other batches may still get through.
fn concerns_one_message(error: &PublishBatchError) -> bool {
    error.is_invalid_parameter_exception()
        || error.is_invalid_parameter_value_exception()
        || error.is_invalid_batch_entry_id_exception()
        || error.is_batch_request_too_long_exception()
        || error.is_validation_exception()
}

/// Groups the messages as SNS takes them: ten, and 256 KiB in total.
fn batches(pending: Vec<Pending<'_>>) -> Vec<Vec<Pending<'_>>> {
    let mut batches: Vec<Vec<Pending<'_>>> = Vec::new();
    let mut bytes = 0;
    for entry in pending {
        let size = entry.message.bytes();
        match batches.last_mut() {
            Some(batch) if batch.len() < MAX_ENTRIES && bytes + size <= MAX_BYTES => {
                bytes += size;
                batch.push(entry);
            }
            _ => {
                bytes = size;
                batches.push(vec![entry]);
            }
        }
    }
    batches
}

fn entry(index: usize, message: &Message) -> PublishBatchRequestEntry {
    PublishBatchRequestEntry::builder()
        .id(index.to_string())
        .subject(&message.subject)
        .message(&message.body)
        .set_message_attributes(Some(attributes(message)))
        .build()
        .expect("id and message are set")
}

fn attributes(message: &Message) -> HashMap<String, MessageAttributeValue> {
    let attribute = |value: &String| {
        MessageAttributeValue::builder()
            .data_type("String")
            .string_value(value)
            .build()
            .expect("the data type is set")
    };
    message.attributes.iter().map(|(name, value)| ((*name).to_owned(), attribute(value))).collect()
}

#[cfg(test)]
mod tests;
