//! What a run starts from: the configuration, the policies and the mutes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::RunError;
use super::accounts::Target;
use crate::config::diagnostic::{SourceFile, did_you_mean};
use crate::config::{Config, Pack, files};
use crate::findings::state::State;
use crate::incident::{Ask, Since, SinceError, Window};
use crate::policy::{Policy, builtin, load};
use crate::report::text::clean;
use crate::{collect, review, store};

/// So long after the cutover, digests have the review's headline in them.
const FIRST_DAYS: i64 = 30;

/// Of what an event says about who asks and why.
const MOST_SAID: usize = 200;

/// How a run is asked for, by the command line or by a Lambda event.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// A path or `s3://bucket/key`.
    pub config: Option<String>,
    /// A folder, a file or `s3://bucket/prefix` whose policies join or override the built-in ones,
    /// in place of the one that the configuration names.
    pub policies: Option<String>,
    pub only: Vec<String>,
    pub regions: Vec<String>,
    /// Of the configured accounts only these, by id.
    pub accounts: Vec<String>,
    /// One of them alone, with the state that a run over all keeps of it.
    pub apart: Option<String>,
    /// The accounts to read, in place of those that the configuration asks for.
    pub targets: Option<Vec<Target>>,
    /// A saved inventory to judge instead of reading AWS.
    pub inventory: Option<PathBuf>,
    /// `none`, a path or `s3://bucket/key`; by default beside the reports in S3, if there are any.
    pub state: Option<String>,
    pub profile: Option<String>,
    pub notify: bool,
    /// `schedule`, `incident`, `review` or `manual`.
    pub trigger: &'static str,
    /// Tells what happened, too.
    pub incident: Option<Ask>,
    /// Tells the week in short, to the chat and to Slack, too.
    pub digest: bool,
    /// Tells how the first days went, too.
    pub review: Option<review::Ask>,
    /// The credentials are a role of aftermove's own and not a person's, whose clicks count.
    pub own_role: bool,
    /// When the run has to be over.
    pub time_limit: std::time::Duration,
    /// For whom it runs, where somebody says so.
    pub asked: Option<AskedBy>,
}

/// Who asked for a run and why, as they say themselves.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AskedBy {
    pub who: Option<String>,
    pub why: Option<String>,
}

impl AskedBy {
    /// Of each what fits into a line of a message; None where neither is said.
    pub fn new(who: Option<&str>, why: Option<&str>) -> Option<Self> {
        let said = |text: Option<&str>| {
            let said: String = clean(text?.trim()).chars().take(MOST_SAID).collect();
            (!said.is_empty()).then_some(said)
        };
        let asked = Self { who: said(who), why: said(why) };
        (asked.who.is_some() || asked.why.is_some()).then_some(asked)
    }

    pub fn words(&self) -> String {
        match (&self.who, &self.why) {
            (Some(who), Some(why)) => format!("Asked for by {who}: {why}"),
            (Some(who), None) => format!("Asked for by {who}"),
            (None, why) => format!("Asked for: {}", why.as_deref().unwrap_or_default()),
        }
    }
}

impl Request {
    /// What an incident is told of, if one is asked for.
    pub fn window(&self, now: DateTime<Utc>) -> Result<Option<Window>, SinceError> {
        self.incident.as_ref().map(|ask| ask.since.parse::<Since>()?.window(now)).transpose()
    }

    /// What a review tells of, if one is asked for or a digest of the first days has one in it.
    pub fn reviewed(
        &self,
        config: &Config,
        now: DateTime<Utc>,
    ) -> Result<Option<Window>, review::SinceError> {
        // what went wrong since the move belongs into the first digests, too
        let moved = |cutover: NaiveDate| (0..=FIRST_DAYS).contains(&(now.date_naive() - cutover).num_days());
        let of_digest = self.digest && config.migration.cutover.is_some_and(moved);
        let ask = self.review.clone().or_else(|| of_digest.then(review::Ask::default));
        ask.map(|ask| ask.window(&config.migration, now)).transpose()
    }
}

/// The configuration as the request, the environment or the folder gives it.
pub async fn config(request: &Request, now: DateTime<Utc>) -> Result<Config, RunError> {
    let mut config = match crate::config::locate(request.config.as_deref()) {
        None => Config::unconfigured(),
        Some(place) => Config::parse(&config_file(&place, request).await?, now.date_naive())?,
    };
    if !request.regions.is_empty() {
        for region in &request.regions {
            crate::config::regions::check(region)
                .map_err(|(message, help)| RunError::Region { message, help })?;
        }
        config.regions = crate::config::Regions::Named(request.regions.clone());
    }
    Ok(config)
}

async fn config_file(place: &str, request: &Request) -> Result<SourceFile, RunError> {
    if !place.starts_with("s3://") {
        return Ok(files::read(Path::new(place))?);
    }
    let location: store::Location = place.parse()?;
    let (bytes, _) =
        location.read(Some(&s3(request).await)).await?.ok_or_else(|| RunError::NoConfig(place.to_owned()))?;
    let text = String::from_utf8(bytes).map_err(|_| RunError::NoConfig(format!("UTF-8 text in {place}")))?;
    Ok(SourceFile::new(place, text))
}

async fn s3(request: &Request) -> aws_sdk_s3::Client {
    let sdk = collect::sdk_config(request.profile.as_deref(), None).await;
    collect::s3(&sdk, &Arc::default())
}

/// Every policy, built-in and the user's, with the configuration's overrides.
pub async fn policies(request: &Request, config: &Config) -> Result<Vec<Policy>, RunError> {
    let mut sources = builtin::files();
    match request.policies.as_ref().or(config.policies.as_ref()) {
        None => {}
        Some(place) if place.starts_with("s3://") => {
            sources.extend(store::policies::read(&s3(request).await, place).await?);
        }
        Some(place) => sources.extend(files::policies(Path::new(place))?),
    }
    let details: Vec<&str> = collect::DETAILS.iter().map(|detail| detail.name).collect();
    let policies = load::load(sources, &config.overrides, &details)?;
    let ids: Vec<&str> = policies.iter().map(|policy| policy.id.as_str()).collect();
    let tags: Vec<&str> = policies.iter().flat_map(|policy| &policy.tags).map(String::as_str).collect();
    config.check_policies(&ids, &tags)?;
    Ok(policies)
}

/// What the last run left, without changing it.
pub async fn state(request: &Request, config: &Config) -> Result<State, RunError> {
    let place = super::state_place(request, config)?;
    Ok(place.load(Some(&s3(request).await)).await?.state)
}

/// Those that the run is about: the ones named by id or tag, or else the configured packs.
pub fn select<'p>(
    policies: &'p [Policy],
    only: &[String],
    packs: &[Pack],
) -> Result<Vec<&'p Policy>, RunError> {
    let names = |policy: &Policy, name: &String| policy.id == *name || policy.tags.contains(name);
    for name in only {
        if !policies.iter().any(|policy| names(policy, name)) {
            let known = policies.iter().flat_map(|policy| std::iter::once(&policy.id).chain(&policy.tags));
            let help = did_you_mean(name, known.map(String::as_str))
                .unwrap_or_else(|| "`aftermove policy list` shows the policies and their tags".to_owned());
            return Err(RunError::UnknownPolicy { id: name.clone(), help });
        }
    }
    let wanted = |policy: &&Policy| {
        if only.is_empty() {
            packs.contains(&policy.pack)
        } else {
            only.iter().any(|name| names(policy, name))
        }
    };
    Ok(policies.iter().filter(wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::AskedBy;

    #[test]
    fn who_asks_and_why_fits_into_one_line() {
        let words = |who, why| AskedBy::new(who, why).map(|asked| asked.words());
        assert_eq!(words(Some("ann"), Some("INC-42")).unwrap(), "Asked for by ann: INC-42");
        assert_eq!(words(Some(" ann "), Some(" ")).unwrap(), "Asked for by ann");
        assert_eq!(words(None, Some("INC-42")).unwrap(), "Asked for: INC-42");
        assert_eq!(words(Some(""), None), None);
        let long = words(Some(&"é\n\u{1b}[31m".repeat(500)), None).unwrap();
        assert_eq!(long.chars().count(), "Asked for by ".len() + 200);
        assert!(!long.contains(['\n', '\u{1b}']), "{long:?}");
    }
}
