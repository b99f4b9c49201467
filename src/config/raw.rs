//! The configuration file as written: serde only, nothing resolved.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{Job, Migration, Pack, Severity};

/// The JSON schema of `aftermove.yaml`, for editors that check and complete it. They know
/// draft 7 best.
pub fn schema() -> serde_json::Value {
    SchemaSettings::draft07().into_generator().into_root_schema_for::<RawConfig>().to_value()
}

/// The settings of aftermove. Every key may be left out.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Configuration")]
pub(super) struct RawConfig {
    /// Of this file's form: 1.
    #[schemars(with = "Option<u32>")]
    pub(super) version: Option<Spanned<u32>>,
    /// Where to look: `all`, or a list; the environment's region unless it is said.
    #[schemars(with = "Option<Regions>")]
    pub(super) regions: Option<Spanned<Regions>>,
    /// Which accounts to look at; that of the credentials unless it is said.
    #[schemars(with = "Vec<RawAccount>")]
    pub(super) accounts: Vec<Spanned<RawAccount>>,
    /// The accounts of an AWS Organization, beside the listed ones.
    pub(super) organization: Option<RawOrganization>,
    /// Who gets a digest of which accounts, by a name.
    #[schemars(with = "BTreeMap<String, RawOwner>")]
    pub(super) owners: BTreeMap<String, Spanned<RawOwner>>,
    /// A folder, a file or `s3://bucket/prefix` of policies that join or override the built-in ones.
    #[schemars(with = "Option<String>")]
    pub(super) policies: Option<Spanned<String>>,
    /// Which policies run: essential and recommended unless it is said.
    #[schemars(with = "Option<Vec<Pack>>")]
    pub(super) packs: Option<Vec<Spanned<String>>>,
    /// Values for the params of policies, by the policy's id.
    #[schemars(with = "IndexMap<String, IndexMap<String, serde_json::Value>>")]
    pub(super) params: IndexMap<String, Spanned<IndexMap<String, serde_json::Value>>>,
    /// How grave policies are here, by their id, whatever their `severity_when` says.
    #[schemars(with = "IndexMap<String, Severity>")]
    pub(super) severity: IndexMap<String, Spanned<String>>,
    /// Findings that somebody decided to live with, until a day.
    #[schemars(with = "Vec<RawMute>")]
    pub(super) mutes: Vec<Spanned<RawMute>>,
    /// Whose changes are no drift.
    pub(super) drift: RawDrift,
    /// How the move from Heroku was planned.
    pub(super) migration: Migration,
    /// How often Cost Explorer is paid.
    pub(super) costs: RawCosts,
    /// Where findings and reports go.
    pub(super) deliver: RawDeliver,
    /// Jobs by name, and when each runs.
    #[schemars(with = "BTreeMap<String, RawSchedule>")]
    pub(super) schedules: BTreeMap<String, Spanned<RawSchedule>>,
}

/// `all`, or a list of region names.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub(super) enum Regions {
    Word(#[schemars(extend("const" = "all"))] String),
    List(#[schemars(with = "Vec<String>")] Vec<Spanned<String>>),
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

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Account")]
pub(super) struct RawAccount {
    /// Its twelve digits, in quotes.
    #[schemars(with = "String")]
    pub(super) id: Spanned<String>,
    /// What people call it.
    pub(super) name: Option<String>,
    /// The role to read it with; none for the account of the credentials.
    #[schemars(with = "Option<String>")]
    pub(super) role_arn: Option<Spanned<String>>,
    /// What the role's trust policy asks for.
    #[schemars(with = "Option<String>")]
    pub(super) external_id: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Organization")]
pub(super) struct RawOrganization {
    /// Only the accounts in these organizational units and below them.
    #[schemars(with = "Vec<String>")]
    pub(super) units: Vec<Spanned<String>>,
    /// Accounts to leave out.
    #[schemars(with = "Vec<String>")]
    pub(super) exclude: Vec<Spanned<String>>,
    /// The role that each account has for it; `aftermove` unless it is said.
    #[schemars(with = "Option<String>")]
    pub(super) role_name: Option<Spanned<String>>,
    /// What the roles' trust policies ask for.
    #[schemars(with = "Option<String>")]
    pub(super) external_id: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Owner")]
pub(super) struct RawOwner {
    #[schemars(with = "Vec<String>")]
    pub(super) accounts: Vec<Spanned<String>>,
    /// Organizational units, with all that is below them.
    #[schemars(with = "Vec<String>")]
    pub(super) units: Vec<Spanned<String>>,
    /// A topic for the digest alone.
    pub(super) sns: Option<RawTopic>,
    pub(super) chat: Option<RawTopic>,
    pub(super) slack: Option<RawSlack>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Mute")]
pub(super) struct RawMute {
    #[schemars(with = "String")]
    pub(super) policy: Spanned<String>,
    /// An id, ARN or name, or a glob where it has a `*`.
    #[schemars(with = "String")]
    pub(super) resource: Spanned<String>,
    /// Who decided it.
    pub(super) owner: String,
    /// Why.
    pub(super) reason: String,
    /// The last day, at most a year off.
    #[schemars(with = "chrono::NaiveDate")]
    pub(super) expires: Spanned<String>,
    /// A CEL expression: it holds only while this is true of the resource.
    #[serde(rename = "while")]
    #[schemars(with = "Option<String>")]
    pub(super) while_: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Drift")]
pub(super) struct RawDrift {
    /// `s3://bucket/prefix` of the account's trail, up to AWSLogs: events are read from there, and not from the
    /// event history.
    #[schemars(with = "Option<String>")]
    pub(super) trail: Option<Spanned<String>>,
    /// Globs over the roles that deploy.
    pub(super) automation_roles: Vec<String>,
    /// Globs over people whose changes by hand are agreed.
    pub(super) approved_people: Vec<String>,
    /// Globs over roles in which changes by hand are agreed.
    pub(super) approved_roles: Vec<String>,
    /// Services that are changed by hand as agreed, as events name them: `route53`, `monitoring`.
    #[schemars(with = "Vec<String>")]
    pub(super) approved_services: Vec<Spanned<String>>,
    /// Times in which changes by hand are agreed, such as an incident.
    #[schemars(with = "Vec<RawBreakGlass>")]
    pub(super) break_glass: Vec<Spanned<RawBreakGlass>>,
    /// Globs over `service:EventName`, as in `ec2:CreateTags`.
    #[schemars(with = "Vec<String>")]
    pub(super) ignore_events: Vec<Spanned<String>>,
    /// What code owns, beside that which stacks and tags tell.
    #[schemars(with = "Vec<RawOwned>")]
    pub(super) owned: Vec<Spanned<RawOwned>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "BreakGlass")]
pub(super) struct RawBreakGlass {
    /// As in `2026-11-20T09:00:00Z`.
    #[schemars(with = "chrono::DateTime<chrono::Utc>")]
    pub(super) from: Spanned<String>,
    #[schemars(with = "chrono::DateTime<chrono::Utc>")]
    pub(super) until: Spanned<String>,
    /// Globs over people and roles; anybody where there are none.
    #[serde(default)]
    pub(super) people: Vec<String>,
    /// What it was for, as in `INC-42`.
    pub(super) reason: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Owned")]
pub(super) struct RawOwned {
    /// A glob over ids, names and ARNs.
    pub(super) resource: Option<String>,
    /// Tags that it has to have; `*` stands for any value.
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
    /// What the code is called, as in `terraform in example/infrastructure`.
    pub(super) code: String,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Costs")]
pub(super) struct RawCosts {
    /// Costs move so many days at once, 1 to 7, and Cost Explorer is asked as rarely; each day unless it is said.
    #[schemars(with = "Option<u8>", range(min = 1, max = 7))]
    pub(super) every_days: Option<Spanned<u8>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Deliver")]
pub(super) struct RawDeliver {
    /// Findings.
    pub(super) sns: Option<RawTopic>,
    /// The digest, for Amazon Q Developer in chat applications: a topic of its own, as Q takes no other messages.
    pub(super) chat: Option<RawTopic>,
    /// The digest, through an incoming webhook.
    pub(super) slack: Option<RawSlack>,
    /// Reports, and the state between runs.
    pub s3: Option<RawBucket>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Topic")]
pub(super) struct RawTopic {
    /// A standard topic.
    #[schemars(with = "String")]
    pub(super) topic_arn: Spanned<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Slack")]
pub(super) struct RawSlack {
    /// The secret in Secrets Manager that holds the webhook's URL, alone or as `webhook_url` of a JSON object.
    #[schemars(with = "String")]
    pub(super) webhook_secret_arn: Spanned<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Bucket")]
pub(super) struct RawBucket {
    #[schemars(with = "String")]
    pub(super) bucket: Spanned<String>,
    #[serde(default)]
    pub(super) prefix: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Schedule")]
pub(super) struct RawSchedule {
    #[schemars(with = "Job")]
    pub(super) job: Spanned<String>,
    /// EventBridge Scheduler's six fields, as in `0 3 * * ? *`: minute, hour, day of month, month, day of week, year.
    #[schemars(with = "String")]
    pub(super) cron: Spanned<String>,
    /// An IANA name, as in `Europe/Berlin`; UTC unless it is said.
    #[schemars(with = "Option<String>")]
    pub(super) timezone: Option<Spanned<String>>,
    /// Of a scan: only these policies, by id or tag.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) only: Vec<Spanned<String>>,
}
