//! A policy file as written: serde only, nothing checked.

use std::fmt;

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_saphyr::Spanned;

use crate::config::{Migration, Pack, Severity};

pub(crate) type Text = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawPolicy {
    pub(crate) id: Text,
    pub(crate) title: Text,
    pub(crate) severity: Severity,
    #[serde(default)]
    pub(crate) pack: Pack,
    /// Words that select it, the first of them what it is about: `network`, `logs`, `cost`, ...
    #[serde(default)]
    pub(crate) tags: Vec<Text>,
    pub(crate) resource: Spanned<OneOrMany>,
    #[serde(default)]
    pub(crate) params: IndexMap<String, Spanned<Value>>,
    #[serde(default)]
    pub(crate) variables: IndexMap<String, Text>,
    #[serde(default)]
    pub(crate) metrics: IndexMap<String, Spanned<RawMetric>>,
    #[serde(default)]
    pub(crate) details: IndexMap<String, Text>,
    /// One expression, or several by the reason that each of them gives.
    #[serde(default)]
    pub(crate) skip: OneOrMap,
    #[serde(default)]
    pub(crate) unknown: OneOrMap,
    pub(crate) violation: Text,
    #[serde(default)]
    pub(crate) severity_when: IndexMap<Severity, Text>,
    pub(crate) message: Text,
    #[serde(default)]
    pub(crate) evidence: IndexMap<String, Text>,
    #[serde(default)]
    pub(crate) monthly_cost_usd: Option<Text>,
    /// By another policy's id: the resource on which its failure explains this one.
    #[serde(default)]
    pub(crate) because_of: IndexMap<String, Text>,
    pub(crate) why: Text,
    pub(crate) fix: Text,
    /// One template, or several by the expression that calls for each: the first that holds.
    #[serde(default)]
    pub(crate) fix_cli: OneOrMap,
    #[serde(default)]
    pub(crate) fix_terraform: OneOrMap,
    /// Where thresholds and facts come from.
    #[serde(default)]
    pub(crate) sources: Vec<String>,
    pub(crate) tests: Spanned<Vec<Spanned<RawTest>>>,
}

/// One resource type, or several that have the fields that the policy names.
#[derive(Debug)]
pub(crate) enum OneOrMany {
    One(String),
    Many(Vec<Text>),
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawMetric {
    pub(crate) namespace: String,
    pub(crate) metric: String,
    /// Expressions; a list asks for one series per element, summed up, and null leaves the dimension out.
    pub(crate) dimensions: IndexMap<String, Text>,
    pub(crate) statistic: Statistic,
    pub(crate) period: Text,
    pub(crate) lookback: Text,
    /// Asks only where this is true.
    pub(crate) when: Option<Text>,
    #[serde(default)]
    pub(crate) missing: Missing,
}

#[derive(Clone, Copy, Debug, Deserialize)]
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
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Missing {
    /// Nothing is known of it; a series without any data is UNKNOWN.
    #[default]
    Unknown,
    /// Zero, from the first full period of the resource's life on.
    Zero,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTest {
    pub(crate) name: String,
    pub(crate) resource: Value,
    /// Other resources of the account and region, each with its `resource_type`.
    #[serde(default)]
    pub(crate) related: Vec<Value>,
    /// Types that could not be read.
    #[serde(default)]
    pub(crate) unread: Vec<String>,
    #[serde(default)]
    pub(crate) params: IndexMap<String, Value>,
    /// Values by period, oldest first, the last one the latest complete period; null is a period without data.
    /// `incomplete: reason` stands for a series that CloudWatch did not return whole.
    #[serde(default)]
    pub(crate) metrics: IndexMap<String, TestSeries>,
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

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum TestSeries {
    Values(Vec<Option<f64>>),
    Incomplete { incomplete: String },
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
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
