//! Where a change came from: console, command line, code or a service.
//!
//! The first rule that answers decides. What AWS vouches for and what the
//! configuration says comes before user agents, which any client may choose freely.

use globset::{Glob, GlobMatcher};

use super::Settings;
use super::fold::by;
use super::noise::is_noise;
use super::record::Record;
use crate::config::BreakGlass;

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Class {
    /// It failed, so that nothing changed.
    Attempt,
    /// It only looked.
    Read,
    /// It is on the built-in or the configured list of events to ignore.
    Noise,
    Change {
        origin: &'static str,
        /// What told so.
        reason: String,
    },
}

fn change(origin: &'static str, reason: impl Into<String>) -> Class {
    Class::Change { origin, reason: reason.into() }
}

/// The settings' patterns, compiled.
#[derive(Debug)]
pub(super) struct Matchers {
    automation_roles: Vec<GlobMatcher>,
    own_principals: Vec<GlobMatcher>,
    approved_people: Vec<GlobMatcher>,
    approved_roles: Vec<GlobMatcher>,
    approved_services: Vec<GlobMatcher>,
    break_glass: Vec<(BreakGlass, Vec<GlobMatcher>)>,
    ignore_events: Vec<GlobMatcher>,
}

impl Matchers {
    pub(super) fn of(settings: &Settings) -> Self {
        let compile = |patterns: &[String]| patterns.iter().filter_map(|p| matcher(p)).collect();
        Self {
            automation_roles: compile(&settings.drift.automation_roles),
            own_principals: compile(&settings.own_principals),
            approved_people: compile(&settings.drift.approved_people),
            approved_roles: compile(&settings.drift.approved_roles),
            approved_services: compile(&settings.drift.approved_services),
            break_glass: settings
                .drift
                .break_glass
                .iter()
                .map(|window| (window.clone(), compile(&window.people)))
                .collect(),
            ignore_events: compile(&settings.drift.ignore_events),
        }
    }

    /// Why the configuration lets this be changed by hand, if it does. What is no person's needs no approval.
    pub(super) fn approval(&self, record: Record<'_>, origin: &str) -> Option<String> {
        if !matches!(by(origin), "person" | "unknown") {
            return None;
        }
        if any(&self.approved_people, record.principals()) {
            return Some(format!("{} is approved to change things by hand", record.actor()));
        }
        if let Some(role) = record.role().filter(|role| any(&self.approved_roles, std::iter::once(*role))) {
            return Some(format!("the role {role} is approved to change things by hand"));
        }
        if any(&self.approved_services, std::iter::once(record.service())) {
            return Some(format!("{} is approved to be changed by hand", record.service()));
        }
        let time = record.time()?;
        let (window, _) = self.break_glass.iter().find(|(window, people)| {
            window.from <= time
                && time < window.until
                && (people.is_empty() || any(people, record.principals()))
        })?;
        Some(format!("it fell into the break-glass window for {}", window.reason))
    }
}

/// What is no valid glob is a name that happens to look like one.
pub(super) fn matcher(pattern: &str) -> Option<GlobMatcher> {
    let glob = Glob::new(pattern).or_else(|_| Glob::new(&globset::escape(pattern)));
    glob.ok().map(|glob| glob.compile_matcher())
}

fn any<'a>(matchers: &[GlobMatcher], mut names: impl Iterator<Item = &'a str>) -> bool {
    !matchers.is_empty() && names.any(|name| matchers.iter().any(|matcher| matcher.is_match(name)))
}

type Rule = fn(Record<'_>, &Matchers) -> Option<Class>;

const RULES: &[Rule] = &[
    failed,
    read_only,
    ignored,
    made_by_a_service,
    configured_automation,
    service_agent,
    iac_tool,
    federated_workload,
    execution_environment,
    cloudshell,
    console_session,
    console_agent,
    persons_command_line,
    instance_role,
];

pub(super) fn classify(record: Record<'_>, matchers: &Matchers) -> Class {
    RULES
        .iter()
        .find_map(|rule| rule(record, matchers))
        .unwrap_or_else(|| change("sdk_unknown", unexplained(record)))
}

fn failed(record: Record<'_>, _: &Matchers) -> Option<Class> {
    let code = record.text("errorCode").or_else(|| record.text("responseElements.errorCode"));
    let refused = record.text("responseElements.ConsoleLogin") == Some("Failure");
    (code.is_some() || refused).then_some(Class::Attempt)
}

fn read_only(record: Record<'_>, _: &Matchers) -> Option<Class> {
    const VERBS: [&str; 6] = ["Get", "Describe", "List", "Head", "Search", "Lookup"];
    let name = record.event_name();
    let reads = VERBS.iter().any(|verb| {
        // `Headline…` is another word than `Head…`.
        name.strip_prefix(verb).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_lowercase()))
    });
    (reads || record.is_true("readOnly")).then_some(Class::Read)
}

fn ignored(record: Record<'_>, matchers: &Matchers) -> Option<Class> {
    let (service, name) = (record.service(), record.event_name());
    let configured = !matchers.ignore_events.is_empty()
        && any(&matchers.ignore_events, std::iter::once(format!("{service}:{name}").as_str()));
    // what is in buckets, tables and queues is nobody's infrastructure
    let data = record.text("eventCategory") == Some("Data");
    (configured || data || is_noise(service, name)).then_some(Class::Noise)
}

fn made_by_a_service(record: Record<'_>, _: &Matchers) -> Option<Class> {
    // `AWS Internal` is a service or the console's proxy; the console's mark tells which.
    let invoked_by = record
        .text("userIdentity.invokedBy")
        .filter(|by| !is_console_agent(by))
        .filter(|by| *by != AWS_INTERNAL || !has_console_mark(record));
    if invoked_by == Some("cloudformation.amazonaws.com") {
        return Some(change("iac", "made by CloudFormation on the caller's behalf"));
    }
    if let Some(by) = invoked_by {
        return Some(change("service", format!("made by {by} on the caller's behalf")));
    }
    if record.identity_type() == "AWSService" || record.text("eventType") == Some("AwsServiceEvent") {
        return Some(change("service", "made by an AWS service"));
    }
    if record.has("userIdentity.inScopeOf") {
        let issued_to = record.text("userIdentity.inScopeOf.sourceArn").unwrap_or("an AWS service");
        return Some(change("automation", format!("credentials issued to {issued_to}")));
    }
    let role = record.role().filter(|role| role.starts_with("AWSServiceRoleFor"))?;
    Some(change("service", format!("service-linked role {role}")))
}

fn configured_automation(record: Record<'_>, matchers: &Matchers) -> Option<Class> {
    if any(&matchers.own_principals, record.principals()) {
        return Some(change("automation", "aftermove's own principal"));
    }
    if !any(&matchers.automation_roles, record.principals()) {
        return None;
    }
    let who = record.role().map_or_else(|| record.actor(), str::to_owned);
    let origin = if iac_agent(record).is_some() { "iac" } else { "automation" };
    Some(change(origin, format!("{who} is configured as automation")))
}

fn service_agent(record: Record<'_>, _: &Matchers) -> Option<Class> {
    let agent = record.user_agent();
    let service = agent.ends_with(".amazonaws.com")
        && !is_console_agent(agent)
        && !has_console_mark(record)
        && iac_agent(record).is_none();
    service.then(|| change("service", format!("user agent {agent}")))
}

/// Beginnings of, or names within, the user agents of tools that apply code.
const IAC_AGENTS: [(&str, &str); 7] = [
    ("hashicorp/1.0 terraform/", "Terraform"),
    ("terraform-provider-aws/", "Terraform"),
    ("opentofu/", "OpenTofu"),
    ("pulumi", "Pulumi"),
    ("aws-cdk", "CDK"),
    ("cloudformation.amazonaws.com", "CloudFormation"),
    ("awscloudformation", "CloudFormation"),
];

fn iac_agent(record: Record<'_>) -> Option<&'static str> {
    let agent = record.user_agent().to_ascii_lowercase();
    IAC_AGENTS.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, tool)| *tool)
}

fn iac_tool(record: Record<'_>, _: &Matchers) -> Option<Class> {
    iac_agent(record).map(|tool| change("iac", format!("user agent of {tool}")))
}

fn federated_workload(record: Record<'_>, _: &Matchers) -> Option<Class> {
    let federation = "userIdentity.sessionContext.webIdFederationData";
    record.has(federation).then(|| {
        let provider = record.text(&format!("{federation}.federatedProvider")).unwrap_or("a web identity");
        let pipeline = PIPELINES.iter().any(|host| provider.contains(host));
        change(if pipeline { "iac" } else { "automation" }, format!("signed in through {provider}"))
    })
}

/// OpenID Connect issuers of what runs pipelines and applies code.
const PIPELINES: [&str; 8] = [
    "token.actions.githubusercontent.com",
    "gitlab",
    "app.terraform.io",
    "api.pulumi.com",
    "oidc.circleci.com",
    "agent.buildkite.com",
    "api.bitbucket.org",
    "vstoken.dev.azure.com",
];

/// Lambda and ECS name themselves in the agents of the SDKs that run there.
fn execution_environment(record: Record<'_>, _: &Matchers) -> Option<Class> {
    let agent = record.user_agent().to_ascii_lowercase();
    let environment =
        ["exec-env/aws_lambda", "exec-env/aws_ecs"].into_iter().find(|mark| agent.contains(mark))?;
    Some(change("automation", format!("user agent within {}", &environment["exec-env/".len()..])))
}

fn cloudshell(record: Record<'_>, _: &Matchers) -> Option<Class> {
    let marked = record.user_agent().to_ascii_lowercase().contains("exec-env/cloudshell");
    marked.then(|| change("cloudshell", "user agent of CloudShell"))
}

fn console_session(record: Record<'_>, _: &Matchers) -> Option<Class> {
    if !has_console_mark(record) {
        return None;
    }
    // The console's own calls come through a proxy, without TLS details, or from the browser itself.
    if !record.has("tlsDetails") || is_console_agent(record.user_agent()) {
        return Some(change("console", "made in the console"));
    }
    Some(change("console_credentials", "console credentials in another client"))
}

fn console_agent(record: Record<'_>, _: &Matchers) -> Option<Class> {
    let agent = record.user_agent();
    // the consoles' own back ends, which call for whoever is signed in
    let internal = agent == AWS_INTERNAL || agent.starts_with("aws-internal/");
    let told = is_console_agent(agent) || internal && (is_person(record) || is_likely_person(record));
    told.then(|| change("console", format!("low confidence: user agent {agent}, without the console's mark")))
}

fn persons_command_line(record: Record<'_>, _: &Matchers) -> Option<Class> {
    let agent = record.user_agent().to_ascii_lowercase();
    let cli =
        ["aws-cli/", "awspowershell", "aws-tools-for-powershell"].iter().any(|mark| agent.contains(mark));
    // An IAM user's keys may be a machine's as well, so it takes the CLI to tell a person.
    let manual = is_person(record) && (cli || record.identity_type() != "IAMUser");
    manual.then(|| {
        let client = if cli { "the command line" } else { "an SDK" };
        change("manual_cli", format!("a person's credentials ({}) in {client}", record.actor()))
    })
}

fn instance_role(record: Record<'_>, _: &Matchers) -> Option<Class> {
    let delivered = record.has("userIdentity.sessionContext.ec2RoleDelivery");
    delivered.then(|| change("automation", "credentials of an instance"))
}

fn unexplained(record: Record<'_>) -> String {
    if record.event.record.is_null() {
        return "its record could not be read".to_owned();
    }
    let agent = record.user_agent();
    if agent.is_empty() {
        "nothing tells a person, a tool or a service".to_owned()
    } else {
        format!("user agent {agent}, which may be a person's or a machine's")
    }
}

const AWS_INTERNAL: &str = "AWS Internal";

/// Credentials that come from a console session, as AWS itself records.
fn has_console_mark(record: Record<'_>) -> bool {
    [
        "sessionCredentialFromConsole",
        "userIdentity.sessionContext.attributes.sessionCredentialFromConsole",
        "userIdentity.sessionContext.sessionCredentialFromConsole",
    ]
    .iter()
    .any(|path| record.is_true(path))
}

fn is_console_agent(agent: &str) -> bool {
    let agent = agent.to_ascii_lowercase();
    let agent = agent.trim_start_matches('[');
    ["mozilla/", "signin.amazonaws.com", "coral/jakarta", "coral/netty"]
        .iter()
        .any(|start| agent.starts_with(start))
        || agent.contains("console")
}

/// Whether the identity is of a kind that people sign in with.
pub(super) fn is_person(record: Record<'_>) -> bool {
    matches!(record.identity_type(), "Root" | "IAMUser" | "IdentityCenterUser")
        || record.role().is_some_and(|role| role.starts_with("AWSReservedSSO_"))
        || record.session().is_some_and(|session| session.contains('@'))
}

/// A session of a role that is not a service's own, under a name that no machine gives: not an instance's id, nor a number.
fn is_likely_person(record: Record<'_>) -> bool {
    let issuer = record.text("userIdentity.sessionContext.sessionIssuer.arn").unwrap_or_default();
    let of_service = issuer.contains(":role/service-role/") || issuer.contains(":role/aws-service-role/");
    let machine =
        |session: &str| session.starts_with("i-") || session.chars().filter(char::is_ascii_digit).count() > 4;
    record.identity_type() == "AssumedRole" && !of_service && !record.session().is_some_and(machine)
}

#[cfg(test)]
mod labelled;
#[cfg(test)]
mod tests;
