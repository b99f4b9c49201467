//! The configuration file as written: serde only, nothing resolved.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::Migration;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawConfig {
    pub(super) version: Option<Spanned<u32>>,
    pub(super) regions: Option<Spanned<Regions>>,
    pub(super) accounts: Vec<Spanned<serde_json::Value>>,
    pub(super) policies: Option<Spanned<String>>,
    pub(super) packs: Option<Vec<Spanned<String>>>,
    pub(super) params: IndexMap<String, Spanned<IndexMap<String, serde_json::Value>>>,
    pub(super) severity: IndexMap<String, Spanned<String>>,
    pub(super) mutes: Vec<Spanned<RawMute>>,
    pub(super) drift: RawDrift,
    pub(super) migration: Migration,
    pub(super) deliver: RawDeliver,
    pub(super) schedules: BTreeMap<String, Spanned<RawSchedule>>,
}

/// `all`, or a list of region names.
#[derive(Debug)]
pub(super) enum Regions {
    Word(String),
    List(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for Regions {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Regions;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`all` or a list of region names")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Regions, E> {
                Ok(Regions::Word(word.to_owned()))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Regions, A::Error> {
                let mut list = Vec::new();
                while let Some(region) = seq.next_element()? {
                    list.push(region);
                }
                Ok(Regions::List(list))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMute {
    pub(super) policy: Spanned<String>,
    pub(super) resource: Spanned<String>,
    pub(super) owner: String,
    pub(super) reason: String,
    pub(super) expires: Spanned<String>,
    #[serde(rename = "while")]
    pub(super) while_: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawDrift {
    pub(super) automation_roles: Vec<String>,
    pub(super) approved_people: Vec<String>,
    pub(super) ignore_events: Vec<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawDeliver {
    pub(super) sns: Option<RawTopic>,
    pub(super) chat: Option<Spanned<serde_json::Value>>,
    pub(super) slack: Option<Spanned<serde_json::Value>>,
    pub s3: Option<RawBucket>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTopic {
    pub(super) topic_arn: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBucket {
    pub(super) bucket: Spanned<String>,
    #[serde(default)]
    pub(super) prefix: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is checked so far")]
pub(super) struct RawSchedule {
    pub(super) job: String,
    pub(super) cron: Spanned<String>,
    pub(super) timezone: Option<String>,
}
