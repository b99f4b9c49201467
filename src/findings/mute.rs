//! Mutes: findings that somebody has decided to live with, by name, with a
//! reason and an end.

use chrono::{DateTime, NaiveDate, Utc};
use globset::{Glob, GlobMatcher};

use crate::inventory::Meta;
use crate::policy::outcome::Evaluation;

/// A glob that mutes more findings than this was hardly meant for each of them.
const BROAD: usize = 5;

#[derive(Clone, Debug)]
pub struct Mute {
    pub policy: String,
    /// As written: an exact id, ARN or name, or a glob if it contains `*`.
    pub resource: String,
    pub owner: String,
    pub reason: String,
    /// The last day on which it mutes, UTC.
    pub expires: NaiveDate,
    /// A CEL condition on the resource; the mute holds as long as it is true.
    pub while_: Option<String>,
    glob: Option<GlobMatcher>,
}

#[derive(Debug, thiserror::Error)]
pub enum MuteError {
    #[error("a mute of {policy} names no resource")]
    NoResource { policy: String },
    #[error("the mute of {policy} on {resource:?} is no valid glob: {source}")]
    Glob { policy: String, resource: String, source: globset::Error },
}

impl Mute {
    pub fn new(
        policy: String,
        resource: String,
        owner: String,
        reason: String,
        expires: NaiveDate,
        while_: Option<String>,
    ) -> Result<Self, MuteError> {
        if resource.is_empty() {
            return Err(MuteError::NoResource { policy });
        }
        let glob = if resource.contains('*') {
            match Glob::new(&resource) {
                Ok(glob) => Some(glob.compile_matcher()),
                Err(source) => {
                    return Err(MuteError::Glob { policy, resource, source });
                }
            }
        } else {
            None
        };
        Ok(Self { policy, resource, owner, reason, expires, while_, glob })
    }

    pub fn expired(&self, now: DateTime<Utc>) -> bool {
        now.date_naive() > self.expires
    }

    pub fn matches(&self, policy: &str, resource: &Meta) -> bool {
        let names = [&resource.id, &resource.arn, &resource.name];
        self.policy == policy
            && names.into_iter().any(|name| match &self.glob {
                Some(glob) => glob.is_match(name),
                None => *name == self.resource,
            })
    }

    fn label(&self) -> String {
        format!("The mute of {} on {} ({})", self.policy, self.resource, self.owner)
    }
}

/// Whether the `while_` of a mute holds for an evaluated resource; `None`
/// where the condition could not be evaluated.
pub type WhileHolds<'a> = dyn Fn(&Mute, &Evaluation<'_>) -> Option<bool> + 'a;

/// The mutes of one run, and what became of each.
pub(super) struct Mutes<'a> {
    all: &'a [Mute],
    while_holds: &'a WhileHolds<'a>,
    now: DateTime<Utc>,
    uses: Vec<Use>,
    /// How many findings each of them has muted.
    muted: Vec<usize>,
}

#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Use {
    Nothing,
    WhileFalse,
    WhileUnknown,
    Muted,
}

impl<'a> Mutes<'a> {
    pub(super) fn new(mutes: &'a [Mute], while_holds: &'a WhileHolds<'a>, now: DateTime<Utc>) -> Self {
        let count = mutes.len();
        Self { all: mutes, while_holds, now, uses: vec![Use::Nothing; count], muted: vec![0; count] }
    }

    /// The mute that covers a standing finding. Without an evaluation of this
    /// run a `while_` cannot be asked, and the mute goes on holding.
    pub(super) fn covering(
        &mut self,
        policy: &str,
        resource: &Meta,
        evaluation: Option<&Evaluation<'_>>,
    ) -> Option<&'a Mute> {
        let mut covering = None;
        for ((mute, used), muted) in self.all.iter().zip(&mut self.uses).zip(&mut self.muted) {
            if mute.expired(self.now) || !mute.matches(policy, resource) {
                continue;
            }
            let outcome = match (&mute.while_, evaluation) {
                (Some(_), Some(evaluation)) => match (self.while_holds)(mute, evaluation) {
                    Some(true) => Use::Muted,
                    Some(false) => Use::WhileFalse,
                    None => Use::WhileUnknown,
                },
                _ => Use::Muted,
            };
            *used = outcome.max(*used);
            if outcome == Use::Muted {
                *muted += 1;
                covering = covering.or(Some(mute));
            }
        }
        covering
    }

    /// What the reader should know of mutes that mute nothing, or too much. Only of a policy
    /// that `ran_completely` can be said that a mute of it is not needed.
    pub(super) fn notes(&self, ran_completely: impl Fn(&str) -> bool) -> Vec<String> {
        let note = |((mute, used), muted): ((&Mute, &Use), &usize)| {
            let label = mute.label();
            if mute.expired(self.now) {
                return Some(format!("{label} expired on {} and mutes nothing.", mute.expires));
            }
            match used {
                Use::WhileFalse => {
                    Some(format!("{label} mutes nothing: its `while` condition no longer holds."))
                }
                Use::WhileUnknown => {
                    Some(format!("{label} mutes nothing: its `while` condition could not be evaluated."))
                }
                Use::Nothing if ran_completely(&mute.policy) => {
                    Some(format!("{label} matched no finding in this run; is it still needed?"))
                }
                // a condition says what is meant better than any name
                Use::Muted if *muted > BROAD && mute.glob.is_some() && mute.while_.is_none() => {
                    Some(format!(
                        "{label} is broad: it mutes {muted} findings, and any that the name fits later. \
                         Name the resources, or say with `while` what must stay true of them."
                    ))
                }
                Use::Nothing | Use::Muted => None,
            }
        };
        self.all.iter().zip(&self.uses).zip(&self.muted).filter_map(note).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mute(resource: &str) -> Mute {
        Mute::new(
            "p".into(),
            resource.into(),
            "ada".into(),
            "known".into(),
            NaiveDate::from_ymd_opt(2026, 12, 1).unwrap(),
            None,
        )
        .unwrap()
    }

    fn log_group(name: &str) -> Meta {
        Meta {
            id: name.into(),
            name: name.into(),
            arn: format!("arn:aws:logs:eu-west-1:123456789012:log-group:{name}"),
            ..Meta::default()
        }
    }

    #[test]
    fn a_name_without_a_star_matches_exactly() {
        assert!(mute("/ecs/web").matches("p", &log_group("/ecs/web")));
        assert!(!mute("/ecs/web").matches("p", &log_group("/ecs/web2")));
        assert!(!mute("/ecs/web").matches("other", &log_group("/ecs/web")));
        assert!(!mute("/ecs/we?").matches("p", &log_group("/ecs/web")));
        assert!(
            mute("arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/web")
                .matches("p", &log_group("/ecs/web"))
        );
    }

    #[test]
    fn a_star_matches_across_slashes() {
        assert!(mute("/ecs/*").matches("p", &log_group("/ecs/web/blue")));
        assert!(!mute("/ecs/*").matches("p", &log_group("/eks/web")));
    }

    #[test]
    fn a_mute_holds_through_its_last_day() {
        assert!(!mute("x").expired("2026-12-01T23:59:59Z".parse().unwrap()));
        assert!(mute("x").expired("2026-12-02T00:00:00Z".parse().unwrap()));
    }

    #[test]
    fn a_mute_of_nothing_and_a_broken_glob_are_refused() {
        let new = |resource: &str| {
            Mute::new("p".into(), resource.into(), String::new(), String::new(), NaiveDate::MAX, None)
        };
        assert!(matches!(new(""), Err(MuteError::NoResource { .. })));
        assert!(matches!(new("[*"), Err(MuteError::Glob { .. })));
    }
}
