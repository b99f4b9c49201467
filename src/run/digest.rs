//! Sends the digest to where people talk.

use chrono::Duration;

use super::read::Aws;
use crate::collect;
use crate::config::Deliver;
use crate::deliver::slack::{SlackError, Webhook};
use crate::deliver::sns;
use crate::report::digest::Digest;
use crate::report::{Page, Report, chat, slack, text};

/// What the first digest looks back on.
pub(super) const FIRST_WINDOW: Duration = Duration::days(7);

/// Whether something did not get out; the report's notes say what and why.
pub(super) async fn send(message: &Digest, deliver: &Deliver, aws: &Aws, report: &mut Report) -> bool {
    let (chat_topic, secret) = (&deliver.chat_topic_arn, &deliver.slack_secret_arn);
    if chat_topic.is_none() && secret.is_none() {
        let note =
            "The digest went to no chat: the configuration names neither `deliver.slack` nor `deliver.chat`.";
        report.notes.push(note.to_owned());
    }
    let page = report.page.clone();
    let link = page.as_ref().map(Page::address);
    let mut problems = Vec::new();
    if let Some(topic_arn) = chat_topic {
        let whose = match report.accounts.as_slice() {
            [first, _, ..] => format!("{first}+{}", report.accounts.len() - 1),
            few => few.concat(),
        };
        let notification = chat::notification(message, &report.run.id, &whose, link);
        let client = collect::sns(&aws.sdk, region_of(topic_arn), &aws.meter);
        let sent = sns::notify(&client, topic_arn, &notification).await;
        problems.extend(
            sent.err().map(|error| format!("The digest could not be published to the chat: {error}")),
        );
    }
    if let Some(arn) = secret {
        match to_slack(aws, arn, message, link, &footer(report)).await {
            Ok(None) => {}
            Ok(Some(note)) => report.notes.push(note),
            Err(error) => problems.push(format!("The digest did not get to Slack: {error}")),
        }
    }
    let failed = !problems.is_empty();
    report.notes.extend(problems);
    failed
}

/// Better without its looks than not at all.
async fn to_slack(
    aws: &Aws,
    arn: &str,
    digest: &Digest,
    link: Option<&str>,
    footer: &str,
) -> Result<Option<String>, SlackError> {
    let client = collect::secretsmanager(&aws.sdk, region_of(arn), &aws.meter);
    let webhook = Webhook::read(&client, arn).await?;
    let connector = collect::http_connector();
    match webhook.post(&connector, &slack::posts(digest, link, footer)).await {
        Err(error) if error.is_of_blocks() => {
            webhook.post(&connector, &[slack::plain(digest, link)]).await?;
            Ok(Some(format!("{error}; the digest went there as plain text.")))
        }
        sent => sent.map(|()| None),
    }
}

fn footer(report: &Report) -> String {
    if report.policies.is_empty() {
        // a part of a run, which is counted as a whole
        return format!("Run {}", report.run.id);
    }
    format!("{}; {}. Run {}", text::policies_line(report), text::usage_line(report), report.run.id)
}

pub(super) fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}
