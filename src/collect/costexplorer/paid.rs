//! What was paid for already: the pages of this settled day's questions, kept from run to run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_costexplorer::types::Anomaly;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::collect::CollectError;

/// The answers of one account. All clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Paid(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    answers: Answers,
    changed: bool,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Answers {
    version: u32,
    costs: Option<Answer<CostRow>>,
    anomalies: Option<Answer<AnomalyRow>>,
}

const VERSION: u32 = 1;

/// As many pages of the answer to a question as were read.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Answer<R> {
    question: String,
    pages: Vec<Vec<R>>,
    /// With which the next page is asked for.
    pub(super) next: Option<String>,
    pub(super) complete: bool,
}

/// One group of one day.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct CostRow {
    pub(super) date: NaiveDate,
    pub(super) service: String,
    pub(super) usage_type: String,
    pub(super) usd: String,
    pub(super) quantity: String,
    pub(super) unit: Option<String>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct AnomalyRow {
    pub(super) id: String,
    pub(super) from: Option<NaiveDate>,
    pub(super) to: Option<NaiveDate>,
    pub(super) causes: Vec<Cause>,
    /// The members of an organization that it is of; empty where AWS names none.
    pub(super) accounts: Vec<String>,
    pub(super) total_impact: f64,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Cause {
    pub(super) service: Option<String>,
    pub(super) region: Option<String>,
    pub(super) usage_type: Option<String>,
}

impl AnomalyRow {
    pub(super) fn of(sdk: &Anomaly) -> Self {
        let date = |text: Option<&str>| text.and_then(|text| text.get(..10)?.parse().ok());
        let said = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        Self {
            id: sdk.anomaly_id().to_owned(),
            from: date(sdk.anomaly_start_date()),
            to: date(sdk.anomaly_end_date()),
            causes: sdk
                .root_causes()
                .iter()
                .map(|cause| Cause {
                    service: said(cause.service()),
                    region: said(cause.region()),
                    usage_type: said(cause.usage_type()),
                })
                .collect(),
            accounts: sdk.root_causes().iter().filter_map(|cause| said(cause.linked_account())).collect(),
            total_impact: sdk.impact().map_or(0.0, |impact| impact.total_impact),
        }
    }
}

impl<R> Answer<R> {
    pub(super) fn new(question: &str) -> Self {
        Self { question: question.to_owned(), pages: Vec::new(), next: None, complete: false }
    }

    /// Whether the next request goes on where an earlier one ended.
    pub(super) fn resumed(&self) -> bool {
        self.next.is_some()
    }

    /// A token that comes twice would be paid for without end.
    pub(super) fn add(
        &mut self,
        action: &'static str,
        page: Vec<R>,
        next: Option<String>,
    ) -> Result<(), CollectError> {
        let next = next.filter(|token| !token.is_empty());
        if next.is_some() && next == self.next {
            let message = "the same page was offered again".to_owned();
            return Err(CollectError::Malformed { action, message });
        }
        self.pages.push(page);
        self.complete = next.is_none();
        self.next = next;
        Ok(())
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &R> {
        self.pages.iter().flatten()
    }
}

impl Paid {
    /// What an earlier run kept; what cannot be read is paid for once more.
    pub fn parse(json: &[u8]) -> Self {
        let answers: Answers = serde_json::from_slice(json).unwrap_or_default();
        let answers = if answers.version == VERSION { answers } else { Answers::default() };
        Self(Arc::new(Mutex::new(Kept { answers, changed: false })))
    }

    /// What is worth keeping, where this run paid for something.
    pub fn changed(&self) -> Option<Vec<u8>> {
        let mut kept = self.kept();
        kept.answers.version = VERSION;
        // text keys and plain numbers always have a JSON form
        kept.changed.then(|| serde_json::to_vec(&kept.answers).unwrap_or_default())
    }

    pub(super) fn costs(&self, question: &str) -> Answer<CostRow> {
        same(self.kept().answers.costs.as_ref(), question)
    }

    pub(super) fn anomalies(&self, question: &str) -> Answer<AnomalyRow> {
        same(self.kept().answers.anomalies.as_ref(), question)
    }

    pub(super) fn keep_costs(&self, answer: &Answer<CostRow>) {
        let mut kept = self.kept();
        kept.answers.costs = Some(answer.clone());
        kept.changed = true;
    }

    pub(super) fn keep_anomalies(&self, answer: &Answer<AnomalyRow>) {
        let mut kept = self.kept();
        kept.answers.anomalies = Some(answer.clone());
        kept.changed = true;
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // each change is whole
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn same<R: Clone>(kept: Option<&Answer<R>>, question: &str) -> Answer<R> {
    kept.filter(|answer| answer.question == question).cloned().unwrap_or_else(|| Answer::new(question))
}
