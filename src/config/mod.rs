//! Settings: the configuration file and the environment, resolved once into typed values.
//!
//! This is the only module that reads the environment.

pub mod accounts;
#[cfg(test)]
pub(crate) mod conforms;
pub mod diagnostic;
mod drift;
pub mod files;
mod raw;
pub mod regions;
pub mod schedule;
pub mod starter;
pub mod vocabulary;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{Days, NaiveDate};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;
use serde_saphyr::{Location, Spanned};

pub use accounts::Accounts;
use diagnostic::{Diagnostic, Diagnostics, SourceFile, did_you_mean};
pub use drift::{BreakGlass, Drift, Owned};
pub use raw::schema;
use raw::{RawConfig, RawMute, Regions as RawRegions};
pub use regions::Regions;
pub use schedule::{Job, Schedule};
pub use vocabulary::{Pack, Severity};

/// A mute may last a year at most: longer is a decision that nobody will remember.
const LONGEST_MUTE_DAYS: u64 = 366;

#[derive(Clone, Debug, Default)]
pub struct Config {
    pub regions: Regions,
    pub accounts: Accounts,
    /// A folder, a file or `s3://bucket/prefix` whose policies join or override the built-in ones.
    pub policies: Option<String>,
    pub packs: Vec<Pack>,
    pub overrides: Overrides,
    pub mutes: Vec<Mute>,
    pub drift: Drift,
    pub migration: Migration,
    pub costs: Costs,
    pub deliver: Deliver,
    /// By name.
    pub schedules: Vec<Schedule>,
    /// Where policy ids are named, to be checked once the policies are known.
    policy_mentions: Vec<(String, Diagnostic)>,
    /// Where policies are named by id or tag.
    selections: Vec<(String, Diagnostic)>,
}

/// What the configuration changes about the policies.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    pub params: BTreeMap<String, IndexMap<String, Json>>,
    pub severity: BTreeMap<String, Severity>,
}

#[derive(Clone, Debug)]
pub struct Mute {
    pub policy: String,
    /// An exact id, ARN or name, or a glob where it has a `*`.
    pub resource: String,
    pub owner: String,
    pub reason: String,
    pub expires: NaiveDate,
    /// CEL; the mute holds only while it is true of the resource.
    pub while_: Option<(String, Diagnostic)>,
}

/// How the move from Heroku was planned.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Migration {
    /// The day on which AWS took over.
    pub cutover: Option<NaiveDate>,
    /// The last day on which a return to Heroku is possible.
    pub rollback_until: Option<NaiveDate>,
    /// What AWS was to cost.
    pub expected_monthly_usd: Option<f64>,
}

/// How the bill is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Costs {
    /// The last settled day moves by so many days at once: with seven, weeks end on Saturday.
    pub every_days: u8,
}

impl Default for Costs {
    fn default() -> Self {
        Self { every_days: 1 }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Deliver {
    pub sns_topic_arn: Option<String>,
    /// Amazon Q Developer's, for the digest.
    pub chat_topic_arn: Option<String>,
    /// The secret with the URL of Slack's webhook, for the digest.
    pub slack_secret_arn: Option<String>,
    pub s3: Option<Bucket>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bucket {
    pub bucket: String,
    pub prefix: String,
}

impl Bucket {
    pub fn key(&self, name: &str) -> String {
        match self.prefix.trim_matches('/') {
            "" => name.to_owned(),
            prefix => format!("{prefix}/{name}"),
        }
    }
}

/// Where the configuration comes from: the flag, `AFTERMOVE_CONFIG`, or a file
/// `aftermove.yaml` beside the binary.
pub fn locate(flag: Option<&str>) -> Option<String> {
    flag.map(str::to_owned).or_else(|| environment("AFTERMOVE_CONFIG")).or_else(|| {
        let beside: PathBuf = std::env::current_exe().ok()?.with_file_name("aftermove.yaml");
        beside.is_file().then(|| beside.display().to_string())
    })
}

/// A variable of the environment; empty counts as unset.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Config {
    /// What holds without any file.
    pub fn unconfigured() -> Self {
        Self { packs: vec![Pack::Essential, Pack::Recommended], ..Self::default() }.with_environment()
    }

    /// Lambda learns of its topics, its secret and its bucket only when it is deployed.
    fn with_environment(mut self) -> Self {
        let deliver = &mut self.deliver;
        for (name, place) in [
            ("AFTERMOVE_SNS_TOPIC_ARN", &mut deliver.sns_topic_arn),
            ("AFTERMOVE_CHAT_TOPIC_ARN", &mut deliver.chat_topic_arn),
            ("AFTERMOVE_SLACK_SECRET_ARN", &mut deliver.slack_secret_arn),
        ] {
            if let Some(arn) = environment(name) {
                *place = Some(arn);
            }
        }
        if let Some(bucket) = environment("AFTERMOVE_BUCKET") {
            deliver.s3 = Some(Bucket { bucket, prefix: String::new() });
        }
        self
    }

    pub fn parse(file: &SourceFile, today: NaiveDate) -> Result<Self, Diagnostics> {
        let raw: RawConfig = file.parse().map_err(|problem| Diagnostics(vec![problem]))?;
        let mut resolver =
            Resolver { file, problems: Vec::new(), mentions: Vec::new(), selections: Vec::new() };
        let config = resolver.resolve(raw, today);
        if resolver.problems.is_empty() {
            Ok(config.with_environment())
        } else {
            Err(Diagnostics(resolver.problems))
        }
    }

    /// Refuses params, severities and mutes of policies that do not exist, and schedules of what is
    /// neither a policy nor a tag.
    pub fn check_policies(&self, ids: &[&str], tags: &[&str]) -> Result<(), Diagnostics> {
        let both = [ids, tags].concat();
        let mentions = self.policy_mentions.iter().map(|mention| (mention, ids));
        let selections = self.selections.iter().map(|mention| (mention, both.as_slice()));
        let unknown: Vec<Diagnostic> = mentions
            .chain(selections)
            .filter(|((id, _), known)| !known.contains(&id.as_str()))
            .map(|((id, diagnostic), known)| {
                let help = did_you_mean(id, known.iter().copied())
                    .unwrap_or_else(|| "`aftermove policy list` shows the policies".to_owned());
                Diagnostic { help, ..diagnostic.clone() }
            })
            .collect();
        if unknown.is_empty() { Ok(()) } else { Err(Diagnostics(unknown)) }
    }
}

struct Resolver<'f> {
    file: &'f SourceFile,
    problems: Vec<Diagnostic>,
    mentions: Vec<(String, Diagnostic)>,
    selections: Vec<(String, Diagnostic)>,
}

impl Resolver<'_> {
    fn diagnostic(&self, at: Location, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        self.file.diagnostic(self.file.span_at(at), message, help)
    }

    fn problem(&mut self, at: Location, message: impl Into<String>, help: impl Into<String>) {
        let problem = self.diagnostic(at, message, help);
        self.problems.push(problem);
    }

    fn mention(&mut self, id: &str, at: Location) {
        let diagnostic = self.diagnostic(at, format!("there is no policy `{id}`"), "");
        self.mentions.push((id.to_owned(), diagnostic));
    }

    fn selection(&mut self, name: &str, at: Location) {
        let diagnostic = self.diagnostic(at, format!("there is no policy or tag `{name}`"), "");
        self.selections.push((name.to_owned(), diagnostic));
    }

    fn resolve(&mut self, raw: RawConfig, today: NaiveDate) -> Config {
        if let Some(version) = raw.version.as_ref().filter(|version| version.value != 1) {
            self.problem(version.defined, "this is not version 1", "write `version: 1`");
        }
        let packs = match &raw.packs {
            None => vec![Pack::Essential, Pack::Recommended],
            Some(names) => names.iter().filter_map(|name| self.pack(&name.value, name.defined)).collect(),
        };
        let policies = raw.policies.map(|place| self.beside(&place.value));
        let regions = raw.regions.as_ref().map_or(Regions::Current, |regions| self.regions(regions));
        let overrides = self.overrides(raw.params, &raw.severity);
        let mutes =
            raw.mutes.into_iter().filter_map(|mute| self.mute(mute.value, mute.defined, today)).collect();
        let drift = self.drift(raw.drift);
        let sns_topic_arn = raw.deliver.sns.and_then(|topic| self.topic(topic.topic_arn));
        let chat_topic_arn = raw.deliver.chat.and_then(|topic| {
            let at = topic.topic_arn.defined;
            let arn = self.topic(topic.topic_arn)?;
            if Some(&arn) == sns_topic_arn.as_ref() {
                self.problem(
                    at,
                    "the chat has the same topic as the findings",
                    "give it a topic of its own: Amazon Q Developer drops what has not its form, and machines what has",
                );
            }
            Some(arn)
        });
        let slack_secret_arn = raw.deliver.slack.and_then(|slack| self.secret(slack.webhook_secret_arn));
        let s3 = raw.deliver.s3.map(|s3| Bucket { bucket: s3.bucket.value, prefix: s3.prefix });
        let schedules = self.schedules(raw.schedules);
        let costs = raw.costs.every_days.map_or_else(Costs::default, |every| {
            if !(1..=7).contains(&every.value) {
                let message = format!("costs cannot move {} days at once", every.value);
                self.problem(every.defined, message, "write 1 (each day) to 7 (each week)");
            }
            Costs { every_days: every.value.clamp(1, 7) }
        });
        let accounts = self.accounts(raw.accounts, raw.organization, raw.owners);
        Config {
            regions,
            accounts,
            policies,
            packs,
            overrides,
            mutes,
            drift,
            migration: raw.migration,
            costs,
            deliver: Deliver { sns_topic_arn, chat_topic_arn, slack_secret_arn, s3 },
            schedules,
            policy_mentions: std::mem::take(&mut self.mentions),
            selections: std::mem::take(&mut self.selections),
        }
    }

    fn topic(&mut self, arn: Spanned<String>) -> Option<String> {
        if is_topic_arn(&arn.value) {
            return Some(arn.value);
        }
        let help = "write it as `arn:aws:sns:eu-west-1:111122223333:name`; FIFO topics are not supported";
        self.problem(arn.defined, format!("`{}` is not the ARN of a standard SNS topic", arn.value), help);
        None
    }

    /// The value is not told: somebody may have written the webhook itself here.
    fn secret(&mut self, arn: Spanned<String>) -> Option<String> {
        let parts: Vec<&str> = arn.value.split(':').collect();
        if matches!(parts[..], ["arn", partition, "secretsmanager", region, account, "secret", name]
            if partition.starts_with("aws") && !region.is_empty() && account.len() == 12 && !name.is_empty())
        {
            return Some(arn.value);
        }
        let help = "put the webhook's URL into a secret of Secrets Manager, and write that one's ARN, as in \
                    `arn:aws:secretsmanager:eu-west-1:111122223333:secret:slack-webhook-a1b2c3`";
        self.problem(arn.defined, "this is not the ARN of a secret", help);
        None
    }

    /// A relative path counts from where the configuration lies.
    fn beside(&self, place: &str) -> String {
        if place.starts_with("s3://") || self.file.path.starts_with("s3://") {
            return place.to_owned();
        }
        let folder = Path::new(&self.file.path).parent();
        folder.map_or_else(|| place.to_owned(), |folder| folder.join(place).display().to_string())
    }

    fn overrides(
        &mut self,
        params: IndexMap<String, Spanned<IndexMap<String, Json>>>,
        severity: &IndexMap<String, Spanned<String>>,
    ) -> Overrides {
        let mut overrides = Overrides::default();
        for (id, params) in params {
            self.mention(&id, params.defined);
            overrides.params.insert(id, params.value);
        }
        for (id, severity) in severity {
            self.mention(id, severity.defined);
            match Severity::ALL.into_iter().find(|known| known.as_str() == severity.value) {
                Some(severity) => {
                    overrides.severity.insert(id.clone(), severity);
                }
                None => self.problem(
                    severity.defined,
                    format!("`{}` is not a severity", severity.value),
                    "write critical, high, medium, low or info",
                ),
            }
        }
        overrides
    }

    fn pack(&mut self, name: &str, at: Location) -> Option<Pack> {
        let found = Pack::ALL.into_iter().find(|pack| pack.as_str() == name);
        if found.is_none() {
            self.problem(
                at,
                format!("`{name}` is not a pack"),
                "the packs are essential, recommended and strict",
            );
        }
        found
    }

    fn regions(&mut self, regions: &Spanned<RawRegions>) -> Regions {
        match &regions.value {
            RawRegions::Word(word) if word == "all" => Regions::All,
            RawRegions::Word(word) => {
                self.problem(
                    regions.defined,
                    format!("`{word}` is not a list of regions"),
                    "write `regions: all`, or a list as in `regions: [eu-west-1]`",
                );
                Regions::Current
            }
            RawRegions::List(list) => {
                for region in list {
                    if let Err(message) = regions::check(&region.value) {
                        self.problem(region.defined, message.0, message.1);
                    }
                }
                Regions::Named(list.iter().map(|region| region.value.clone()).collect())
            }
        }
    }

    fn mute(&mut self, mute: RawMute, at: Location, today: NaiveDate) -> Option<Mute> {
        let known = self.problems.len();
        self.mention(&mute.policy.value, mute.policy.defined);
        for (key, text) in [("owner", &mute.owner), ("reason", &mute.reason)] {
            if text.trim().is_empty() {
                self.problem(at, format!("this mute has no {key}"), "say who decided it, and why");
            }
        }
        if mute.resource.value.trim().is_empty() || mute.resource.value.chars().all(|c| c == '*') {
            self.problem(
                mute.resource.defined,
                "this mute is for every resource",
                "name the resource, or a part of the name as in `web-*`; leave a policy out with `packs` or `params`",
            );
        }
        let expires = mute.expires.value.parse::<NaiveDate>();
        match expires {
            Err(_) => self.problem(
                mute.expires.defined,
                format!("`{}` is not a date", mute.expires.value),
                "write the last day of the mute as in `2026-12-31`",
            ),
            Ok(expires) if expires > today + Days::new(LONGEST_MUTE_DAYS) => self.problem(
                mute.expires.defined,
                "this mute lasts more than a year",
                "choose a day within a year, and decide anew then",
            ),
            Ok(_) => {}
        }
        let while_ = mute.while_.map(|text| {
            let place = self.diagnostic(text.defined, "", "");
            (text.value, place)
        });
        (self.problems.len() == known).then_some(Mute {
            policy: mute.policy.value,
            resource: mute.resource.value,
            owner: mute.owner,
            reason: mute.reason,
            expires: expires.ok()?,
            while_,
        })
    }
}

fn is_topic_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    matches!(parts[..], ["arn", partition, "sns", region, account, name]
        if partition.starts_with("aws") && !region.is_empty() && account.len() == 12
            && !name.is_empty() && !name.contains('.'))
}

#[cfg(test)]
mod tests;
