//! Which code a changed resource belongs to: its stack, its tags, the configuration, or code that touched it before.

use std::collections::BTreeMap;

use globset::GlobMatcher;

use super::Settings;
use super::classify::matcher;
use crate::config::Owned;
use crate::inventory::cloudtrail::{Change, Owner};

/// What tells of owners beside the resource itself.
pub(super) struct Owners<'a> {
    owned: Vec<(&'a Owned, Option<GlobMatcher>)>,
    /// By account, region and ARN or id: the tool that an event named, and the event.
    seen: BTreeMap<(String, String, String), Owner>,
}

impl<'a> Owners<'a> {
    pub(super) fn of(changes: &[Change], settings: &'a Settings) -> Self {
        let owned =
            settings.drift.owned.iter().map(|owned| (owned, owned.resource.as_deref().and_then(matcher)));
        let seen = changes.iter().filter(|change| change.by == "code").filter_map(|change| {
            let step = change.steps.last()?;
            let at = step.event_time.map(|at| at.format(" at %Y-%m-%d %H:%M UTC").to_string());
            let by_event = Owner {
                tool: change.reasons.iter().find_map(|reason| tool_in(reason)).unwrap_or("code").to_owned(),
                name: String::new(),
                told_by: format!("{} by {}{}", step.event_name, step.actor, at.unwrap_or_default()),
            };
            Some((key(change), by_event))
        });
        Self { owned: owned.collect(), seen: seen.collect() }
    }

    pub(super) fn of_change(&self, change: &Change) -> Option<Owner> {
        let stack = change.stack_resource.as_ref().filter(|resource| !resource.stack_name.is_empty());
        if let Some(stack) = stack {
            return Some(Owner {
                tool: "cloudformation".to_owned(),
                name: stack.stack_name.clone(),
                told_by: format!("the stack's resource {}", stack.logical_resource_id),
            });
        }
        of_tags(&change.meta.tags)
            .or_else(|| self.configured(change))
            .or_else(|| self.seen.get(&key(change)).cloned())
    }

    fn configured(&self, change: &Change) -> Option<Owner> {
        let meta = &change.meta;
        let (owned, _) = self.owned.iter().find(|(owned, glob)| {
            let named = glob.as_ref().is_none_or(|glob| {
                [&meta.id, &meta.name, &meta.arn].iter().any(|name| glob.is_match(name.as_str()))
            });
            let tagged = owned.tags.iter().all(|(key, wanted)| {
                meta.tags.get(key).is_some_and(|value| wanted == "*" || wanted == value)
            });
            named && tagged
        })?;
        Some(Owner {
            tool: "configured".to_owned(),
            name: owned.code.clone(),
            told_by: "drift.owned in the configuration".to_owned(),
        })
    }
}

fn key(change: &Change) -> (String, String, String) {
    let meta = &change.meta;
    let name = if meta.arn.is_empty() { &meta.id } else { &meta.arn };
    (meta.account.clone(), meta.region.clone(), name.clone())
}

/// Tools by a word that their tags, user agents or reasons hold.
const TOOLS: [(&str, &str); 7] = [
    ("cloudformation", "cloudformation"),
    ("opentofu", "opentofu"),
    ("terraform", "terraform"),
    ("terragrunt", "terraform"),
    ("pulumi", "pulumi"),
    ("cdk", "cdk"),
    ("serverless", "serverless"),
];

fn tool_in(text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    TOOLS.iter().find(|(word, _)| text.contains(word)).map(|(_, tool)| *tool)
}

/// Keys, in lower case and without separators, whose value names the tool.
const MANAGED_BY: [&str; 9] = [
    "managedby",
    "managed",
    "provisioner",
    "provisionedby",
    "createdby",
    "deployedby",
    "iac",
    "iactool",
    "automation",
];

fn of_tags(tags: &BTreeMap<String, String>) -> Option<Owner> {
    if let Some(stack) = tags.get("aws:cloudformation:stack-name") {
        return Some(Owner {
            tool: "cloudformation".to_owned(),
            name: stack.clone(),
            told_by: "the tag aws:cloudformation:stack-name".to_owned(),
        });
    }
    tags.iter().find_map(|(key, value)| {
        let plain: String =
            key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        let denied = matches!(value.to_ascii_lowercase().as_str(), "false" | "no" | "0" | "none");
        let tool = if MANAGED_BY.contains(&plain.as_str()) {
            tool_in(value)?
        } else if ["terraform", "opentofu", "pulumi", "awscdk"].iter().any(|tool| plain.starts_with(tool))
            && !denied
        {
            tool_in(key)?
        } else {
            return None;
        };
        let flag =
            ["true", "yes", "1"].contains(&value.to_ascii_lowercase().as_str()) || tool_in(value).is_some();
        Some(Owner {
            tool: tool.to_owned(),
            name: if flag { String::new() } else { value.clone() },
            told_by: format!("the tag {key}"),
        })
    })
}

#[cfg(test)]
mod tests;
