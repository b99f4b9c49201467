//! A policy file as written: serde only, nothing checked.

use std::fmt;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_saphyr::Spanned;

use super::schema::{Expression, PolicyId, ResourceType, Template};
use crate::config::{Migration, Pack, Severity};

pub(crate) type Text = Spanned<String>;

/// A policy of aftermove: what it judges, when that is wrong, and what to do about it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Policy")]
pub(crate) struct RawPolicy {
    /// The file's name without `.yaml`.
    #[schemars(with = "PolicyId")]
    pub(crate) id: Text,
    /// One line for a list of findings.
    #[schemars(with = "Template")]
    pub(crate) title: Text,
    /// How grave it is where `severity_when` says nothing else.
    pub(crate) severity: Severity,
    /// `essential` and `recommended` run unless the configuration says otherwise.
    #[serde(default)]
    pub(crate) pack: Pack,
    /// Words that select it, the first of them what it is about: `network`, `logs`, `cost`, ...
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) tags: Vec<Text>,
    /// What it judges: a resource type, or several that have the fields that it names.
    #[schemars(with = "OneOrMany")]
    pub(crate) resource: Spanned<OneOrMany>,
    /// Thresholds and names that the configuration may override.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, Value>")]
    pub(crate) params: IndexMap<String, Spanned<Value>>,
    /// Expressions by name, for others to use as `variables.name`; each sees those before it.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, Expression>")]
    pub(crate) variables: IndexMap<String, Text>,
    /// CloudWatch series by name, for expressions to use as `metrics.name`.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, RawMetric>")]
    pub(crate) metrics: IndexMap<String, Spanned<RawMetric>>,
    /// Reads that cost a call for each resource, and when a resource is worth it.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, Expression>")]
    pub(crate) details: IndexMap<String, Text>,
    /// When a resource is none of its business. One expression, or several by the reason that each
    /// of them gives.
    #[serde(default)]
    pub(crate) skip: OneOrMap,
    /// When it cannot be told. One expression, or several by reason.
    #[serde(default)]
    pub(crate) unknown: OneOrMap,
    /// When the resource fails.
    #[schemars(with = "Expression")]
    pub(crate) violation: Text,
    /// When it is of another severity; the gravest that holds stands.
    #[serde(default)]
    #[schemars(with = "IndexMap<Severity, Expression>")]
    pub(crate) severity_when: IndexMap<Severity, Text>,
    /// What is wrong, with the numbers.
    #[schemars(with = "Template")]
    pub(crate) message: Text,
    /// What the finding rests on, by name.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, Expression>")]
    pub(crate) evidence: IndexMap<String, Text>,
    /// What it costs as it is.
    #[serde(default)]
    #[schemars(with = "Option<Expression>")]
    pub(crate) monthly_cost_usd: Option<Text>,
    /// By another policy's id: the resource on which its failure explains this one.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, Expression>")]
    pub(crate) because_of: IndexMap<String, Text>,
    /// Other policies' ids: where one of them fails on the same resource, this one is left out.
    #[serde(default)]
    #[schemars(with = "Vec<PolicyId>")]
    pub(crate) yields_to: Vec<Text>,
    /// What goes wrong if nobody acts, in two or three sentences.
    #[schemars(with = "Template")]
    pub(crate) why: Text,
    /// What to do.
    #[schemars(with = "Template")]
    pub(crate) fix: Text,
    /// A command that does it. One template, or several by the expression that calls for each: the
    /// first that holds.
    #[serde(default)]
    pub(crate) fix_cli: OneOrMap,
    /// Terraform code that does it, like `fix_cli`.
    #[serde(default)]
    pub(crate) fix_terraform: OneOrMap,
    /// Where thresholds and facts come from.
    #[serde(default)]
    pub(crate) sources: Vec<String>,
    /// Cases: at least one that passes and one that fails.
    #[schemars(with = "Vec<RawTest>")]
    pub(crate) tests: Spanned<Vec<Spanned<RawTest>>>,
}

/// One resource type, or several that have the fields that the policy names.
#[derive(Debug, JsonSchema)]
#[schemars(untagged, rename = "ResourceTypes")]
pub(crate) enum OneOrMany {
    One(#[schemars(with = "ResourceType")] String),
    Many(#[schemars(with = "Vec<ResourceType>")] Vec<Text>),
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrManyVisitor;
        impl<'de> Visitor<'de> for OneOrManyVisitor {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a resource type, or a list of them")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = seq.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMany::Many(texts))
            }
        }
        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

/// A text, or texts by other texts, in order.
#[derive(Debug, Default)]
pub(crate) enum OneOrMap {
    #[default]
    None,
    One(String),
    Map(Vec<(Text, Text)>),
}

impl<'de> Deserialize<'de> for OneOrMap {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMapVisitor;
        impl<'de> Visitor<'de> for OneOrMapVisitor {
            type Value = OneOrMap;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a map of texts")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMap, E> {
                Ok(OneOrMap::One(text.to_owned()))
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<OneOrMap, E> {
                Ok(OneOrMap::One(value.to_string()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<OneOrMap, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(OneOrMap::Map(entries))
            }
        }
        deserializer.deserialize_any(OneOrMapVisitor)
    }
}

/// A query of CloudWatch for each resource.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Metric")]
pub(crate) struct RawMetric {
    /// As in `AWS/SQS`.
    pub(crate) namespace: String,
    pub(crate) metric: String,
    /// Expressions; a list asks for one series per element, summed up, and null leaves the dimension out.
    #[schemars(with = "IndexMap<String, Expression>")]
    pub(crate) dimensions: IndexMap<String, Text>,
    pub(crate) statistic: Statistic,
    /// Whole minutes: `5m`, `1h`, `1d`.
    #[schemars(with = "String")]
    pub(crate) period: Text,
    /// How far back: `14d`.
    #[schemars(with = "String")]
    pub(crate) lookback: Text,
    /// Asks only where this is true.
    #[schemars(with = "Option<Expression>")]
    pub(crate) when: Option<Text>,
    #[serde(default)]
    pub(crate) missing: Missing,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub(crate) enum Statistic {
    Sum,
    Average,
    Minimum,
    Maximum,
    SampleCount,
    /// Percentiles of the values that CloudWatch was sent.
    #[serde(rename = "p90")]
    P90,
    #[serde(rename = "p95")]
    P95,
    #[serde(rename = "p99")]
    P99,
}

impl Statistic {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Sum => "Sum",
            Self::Average => "Average",
            Self::Minimum => "Minimum",
            Self::Maximum => "Maximum",
            Self::SampleCount => "SampleCount",
            Self::P90 => "p90",
            Self::P95 => "p95",
            Self::P99 => "p99",
        }
    }
}

/// What a period without data means.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Missing {
    /// Nothing is known of it; a series without any data is UNKNOWN.
    #[default]
    Unknown,
    /// Zero, from the first full period of the resource's life on.
    Zero,
    /// Nothing happened, be it because the resource was not there yet: for those of which AWS does not say since when they are.
    Nothing,
}

/// A resource, and what the policy says of it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Case")]
pub(crate) struct RawTest {
    pub(crate) name: String,
    /// The fields as the policy sees them; those that are left out are null. `resource_type` says
    /// which of several types it is.
    #[schemars(with = "IndexMap<String, Value>")]
    pub(crate) resource: Value,
    /// Other resources of the account and region, each with its `resource_type`.
    #[serde(default)]
    #[schemars(with = "Vec<IndexMap<String, Value>>")]
    pub(crate) related: Vec<Value>,
    /// Types that could not be read.
    #[serde(default)]
    pub(crate) unread: Vec<String>,
    /// Params in force here.
    #[serde(default)]
    pub(crate) params: IndexMap<String, Value>,
    /// Values by period, oldest first, the last one the latest complete period; null is a period without data.
    /// `incomplete: reason` stands for a series that CloudWatch did not return whole.
    #[serde(default)]
    pub(crate) metrics: IndexMap<String, TestSeries>,
    /// When it happens; a Friday in November 2026 unless it is said.
    #[serde(default)]
    pub(crate) now: Option<chrono::DateTime<chrono::Utc>>,
    #[serde(default)]
    pub(crate) migration: Migration,
    pub(crate) expect: Expectation,
    #[serde(default)]
    pub(crate) severity: Option<Severity>,
    /// Text that the message, or the reason of a skip or unknown, contains.
    #[serde(default)]
    pub(crate) says: Option<String>,
    /// Text that the command contains.
    #[serde(default)]
    pub(crate) fix_cli: Option<String>,
    /// Evidence entries that must be exactly so.
    #[serde(default)]
    pub(crate) evidence: IndexMap<String, Value>,
    /// Resources that a cause is named for, by the policy that finds it.
    #[serde(default)]
    pub(crate) because_of: IndexMap<String, String>,
}

impl RawTest {
    /// The tested resource's own `resource_type`, or the policy's first.
    pub(crate) fn resource_type<'t>(&'t self, types: &[&'t str]) -> &'t str {
        self.resource.get("resource_type").and_then(Value::as_str).unwrap_or(types[0])
    }
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Series")]
pub(crate) enum TestSeries {
    Values(Vec<Option<f64>>),
    Incomplete { incomplete: String },
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Expectation {
    Pass,
    Fail,
    Skip,
    Unknown,
}

impl Expectation {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::Unknown => "unknown",
        }
    }
}
