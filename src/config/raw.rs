//! The configuration file as written: serde only, nothing resolved.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use indexmap::IndexMap;
use serde::Deserialize;
use serde_saphyr::Spanned;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawConfig {
    pub version: Option<Spanned<u32>>,
    pub regions: Option<Spanned<Regions>>,
    pub accounts: Vec<Spanned<serde_json::Value>>,
    pub packs: Option<Vec<Spanned<String>>>,
    pub params: IndexMap<String, Spanned<IndexMap<String, serde_json::Value>>>,
    pub severity: IndexMap<String, Spanned<String>>,
    pub mutes: Vec<Spanned<RawMute>>,
    pub drift: RawDrift,
    pub migration: RawMigration,
    pub deliver: RawDeliver,
    pub schedules: BTreeMap<String, Spanned<RawSchedule>>,
}

/// `all`, or a list of region names.
#[derive(Debug)]
pub enum Regions {
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
pub struct RawMute {
    pub policy: Spanned<String>,
    pub resource: Spanned<String>,
    pub owner: String,
    pub reason: String,
    pub expires: Spanned<NaiveDate>,
    #[serde(rename = "while")]
    pub while_: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawDrift {
    pub automation_roles: Vec<String>,
    pub approved_people: Vec<String>,
    pub ignore_events: Vec<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawMigration {
    pub cutover: Option<NaiveDate>,
    pub rollback_until: Option<NaiveDate>,
    pub expected_monthly_usd: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawDeliver {
    pub sns: Option<RawTopic>,
    pub chat: Option<Spanned<serde_json::Value>>,
    pub slack: Option<Spanned<serde_json::Value>>,
    pub s3: Option<RawBucket>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawTopic {
    pub topic_arn: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawBucket {
    pub bucket: Spanned<String>,
    #[serde(default)]
    pub prefix: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSchedule {
    pub job: String,
    pub cron: Spanned<String>,
    pub timezone: Option<String>,
}
