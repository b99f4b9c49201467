//! The last stages of a run, of one account as of many: what is told to whom, and where reports lie.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::accounts::Target;
use super::read::Aws;
use super::{Request, called, digest};
use crate::collect;
use crate::config::Config;
use crate::config::accounts::Owner;
use crate::cost::{self, Costs};
use crate::deliver;
use crate::findings::state::State;
use crate::report::Report;
use crate::report::digest::{self as week, Part};

/// Of nobody's accounts.
const NO_TARGETS: &[Target] = &[];

pub(super) struct Conclusion<'a> {
    pub(super) request: &'a Request,
    pub(super) config: &'a Config,
    pub(super) aws: &'a Aws,
    /// By account.
    pub(super) costs: &'a [(String, Costs)],
    pub(super) started_at: DateTime<Utc>,
}

impl Conclusion<'_> {
    /// Whether something did not get out; the report's notes say what and why.
    pub(super) async fn deliver(&self, report: &mut Report, state: &mut State) -> bool {
        let (request, config, aws) = (self.request, self.config, self.aws);
        let since = state.last_digest.unwrap_or(self.started_at - digest::FIRST_WINDOW);
        if request.digest {
            report.digest = Some(week::digest(report, state, &report.whose(), since, self.started_at));
        }
        let mut for_people = match (&report.digest, &report.review) {
            (Some(digest), _) => Some(digest.clone()),
            (None, Some(review)) => Some(week::of_review(review, self.started_at)),
            (None, None) => None,
        };
        if let (Some(message), Some(asked)) = (&mut for_people, &request.asked) {
            message.parts.push(Part { heading: "Why now", lines: vec![asked.words()] });
        }
        let mut undelivered = self.keep_page(report).await;
        undelivered |= self.publish(report, state).await;
        if let Some(message) = for_people.filter(|_| request.notify) {
            let mut unsent = digest::send(&message, &config.deliver, aws, report).await;
            if request.digest {
                for owner in &config.accounts.owners {
                    unsent |= self.to_owner(owner, report, state, since).await;
                }
            }
            if request.digest && !unsent {
                state.last_digest = Some(self.started_at);
            }
            undelivered |= unsent;
        }
        if let Some(s3) = config.deliver.s3.as_ref().filter(|_| request.notify)
            && let Err(error) = deliver::s3::put_report(&aws.s3, &s3.bucket, &s3.prefix, report).await
        {
            report.notes.push(error.to_string());
            undelivered = true;
        }
        undelivered
    }

    /// Tells an owner the week of the own accounts, with a page that shows no others.
    async fn to_owner(
        &self,
        owner: &Owner,
        report: &mut Report,
        state: &State,
        since: DateTime<Utc>,
    ) -> bool {
        let targets = self.aws.targets.get().map_or(NO_TARGETS, Vec::as_slice);
        let own: Vec<&Target> =
            targets.iter().filter(|target| target.owner.as_ref() == Some(&owner.name)).collect();
        if own.is_empty() {
            let note = format!("The owner {} owns none of the accounts, and got no digest.", owner.name);
            report.notes.push(note);
            return false;
        }
        let ids: BTreeSet<&str> = own.iter().map(|target| target.id.as_str()).collect();
        let costs = self.costs.iter().filter(|(id, _)| ids.contains(&**id)).cloned().collect();
        let costs = cost::together(called(costs, report));
        let mut theirs = report.of_accounts(&ids, costs);
        theirs.run.id = format!("{}-{}", report.run.id, file_name(&owner.name));
        let whose = match own.as_slice() {
            [one] => report.called(&one.id),
            many => format!("{}: {} accounts", owner.name, many.len()),
        };
        let state = state.of_accounts(&ids);
        let digest = week::digest(&theirs, &state, &whose, since, self.started_at);
        theirs.digest = Some(digest.clone());
        let mut failed = self.keep_page(&mut theirs).await;
        if let Some(topic_arn) = &owner.deliver.sns_topic_arn {
            let message = crate::report::sns::digest_message(&theirs, &digest);
            let client = collect::sns(&self.aws.sdk, digest::region_of(topic_arn), &self.aws.meter);
            if let Err(error) = deliver::sns::publish_one(&client, topic_arn, &message).await {
                theirs.notes.push(format!("The digest could not be published: {error}"));
                failed = true;
            }
        }
        if owner.deliver.chat_topic_arn.is_some() || owner.deliver.slack_secret_arn.is_some() {
            failed |= digest::send(&digest, &owner.deliver, self.aws, &mut theirs).await;
        }
        let notes = theirs.notes.into_iter().map(|note| format!("To the owner {}: {note}", owner.name));
        report.notes.extend(notes);
        failed
    }

    /// Puts the page for people where the messages say that it lies.
    async fn keep_page(&self, report: &mut Report) -> bool {
        let (request, config, aws) = (self.request, self.config, self.aws);
        let Some(s3) = config.deliver.s3.as_ref().filter(|_| request.notify) else {
            return false;
        };
        match deliver::s3::put_page(&aws.s3, &s3.bucket, &s3.prefix, report).await {
            Ok(page) => {
                if let Some(incident) = &mut report.incident {
                    incident.page = Some(page.place.clone());
                }
                report.page = Some(page);
                false
            }
            Err(error) => {
                report.notes.push(error.to_string());
                true
            }
        }
    }

    /// Sends the summary and the news. What cannot be sent, or is not to be sent
    /// this time, stays in the state for the next run that does.
    async fn publish(&self, report: &mut Report, state: &mut State) -> bool {
        let (request, config, aws) = (self.request, self.config, self.aws);
        let Some(topic_arn) = &config.deliver.sns_topic_arn else {
            if request.notify {
                let note = "No message was published: the configuration names no `deliver.sns.topic_arn`.";
                report.notes.push(note.to_owned());
            }
            return false;
        };
        let retry = state.still_undelivered(&report.findings);
        if !request.notify {
            let news = report.findings.iter().filter(|finding| finding.status.is_news());
            state.undelivered.extend(news.map(|finding| (finding.id.clone(), finding.status)));
            return false;
        }
        let client = collect::sns(&aws.sdk, digest::region_of(topic_arn), &aws.meter);
        let delivery = deliver::sns::publish(&client, topic_arn, report, &retry).await;
        state.record_delivery(&retry, delivery.for_state());
        let notes = delivery.notes();
        let failed = !notes.is_empty();
        report.notes.extend(notes);
        failed
    }
}

/// An owner's name as a part of an S3 key.
fn file_name(owner: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' };
    owner.chars().map(kept).collect()
}
