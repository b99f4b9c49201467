//! `accounts:`, `organization:` and `owners:`, which accounts a run is about and whose they are.

use std::collections::{BTreeMap, BTreeSet};

use serde_saphyr::{Location, Spanned};

use super::raw::{RawAccount, RawOrganization, RawOwner};
use super::{Deliver, Resolver};

/// Without any, a run is about the account of its credentials.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    pub listed: Vec<Account>,
    pub organization: Option<Organization>,
    pub owners: Vec<Owner>,
}

/// An account that is named.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Account {
    pub id: String,
    pub name: String,
    /// None for the account of the credentials.
    pub role: Option<Role>,
}

/// A role to read another account with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Role {
    pub arn: String,
    pub external_id: Option<String>,
}

/// The accounts of an AWS Organization.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Organization {
    /// Organizational units with all that is below them; the whole organization where there are none.
    pub units: Vec<String>,
    pub exclude: BTreeSet<String>,
    /// The role that each account has.
    pub role_name: String,
    pub external_id: Option<String>,
}

/// Who gets a digest of some of the accounts.
#[derive(Clone, Debug)]
pub struct Owner {
    pub name: String,
    pub accounts: BTreeSet<String>,
    pub units: BTreeSet<String>,
    /// Of topics and webhook, where its digest goes.
    pub deliver: Deliver,
}

impl Accounts {
    /// Whether the run is about others than the account of the credentials.
    pub fn are_configured(&self) -> bool {
        !self.listed.is_empty() || self.organization.is_some()
    }

    /// Whose the account is: who names it, before who names a unit that it is in.
    pub fn owner_of(&self, account: &str, units: &[String]) -> Option<&Owner> {
        let named = self.owners.iter().find(|owner| owner.accounts.contains(account));
        // the innermost unit comes last
        let of_unit = |unit: &String| self.owners.iter().find(|owner| owner.units.contains(unit));
        named.or_else(|| units.iter().rev().find_map(of_unit))
    }
}

impl Resolver<'_> {
    pub(super) fn accounts(
        &mut self,
        listed: Vec<Spanned<RawAccount>>,
        organization: Option<RawOrganization>,
        owners: BTreeMap<String, Spanned<RawOwner>>,
    ) -> Accounts {
        let mut known = BTreeSet::new();
        let listed = listed
            .into_iter()
            .filter_map(|account| {
                let at = account.value.id.defined;
                let account = self.account(account.value)?;
                if !known.insert(account.id.clone()) {
                    self.problem(at, format!("the account {} is listed twice", account.id), "leave one out");
                }
                Some(account)
            })
            .collect();
        let organization = organization.and_then(|organization| self.organization(organization));
        let mut owned = BTreeMap::new();
        let owners = owners
            .into_iter()
            .filter_map(|(name, owner)| self.owner(name, owner, organization.is_some(), &mut owned))
            .collect();
        Accounts { listed, organization, owners }
    }

    fn account(&mut self, raw: RawAccount) -> Option<Account> {
        let id = self.account_id(raw.id)?;
        let role = match (raw.role_arn, raw.external_id) {
            (None, None) => None,
            (None, Some(external_id)) => {
                self.problem(
                    external_id.defined,
                    "this account has an `external_id`, and no role that would ask for it",
                    "name the role with `role_arn`",
                );
                return None;
            }
            (Some(arn), external_id) => {
                let external_id = match external_id {
                    None => None,
                    Some(external_id) => Some(self.external_id(external_id)?),
                };
                Some(Role { arn: self.role_arn(arn, &id)?, external_id })
            }
        };
        Some(Account { name: raw.name.unwrap_or_default(), id, role })
    }

    fn organization(&mut self, raw: RawOrganization) -> Option<Organization> {
        let problems = self.problems.len();
        let units = raw.units.into_iter().filter_map(|unit| self.unit(unit)).collect();
        let exclude = raw.exclude.into_iter().filter_map(|id| self.account_id(id)).collect();
        let role_name = match raw.role_name {
            None => DEFAULT_ROLE.to_owned(),
            Some(name) => {
                let of_iam = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-/".contains(c);
                if name.value.is_empty() || !name.value.chars().all(of_iam) || name.value.starts_with('/') {
                    self.problem(
                        name.defined,
                        format!("`{}` is not the name of a role", name.value),
                        "write the name that the role has in each account, with its path where it has one, as in `audit/aftermove`",
                    );
                }
                name.value
            }
        };
        let external_id = raw.external_id.and_then(|id| self.external_id(id));
        (self.problems.len() == problems).then_some(Organization { units, exclude, role_name, external_id })
    }

    fn owner(
        &mut self,
        name: String,
        raw: Spanned<RawOwner>,
        has_organization: bool,
        owned: &mut BTreeMap<String, String>,
    ) -> Option<Owner> {
        let (at, raw) = (raw.defined, raw.value);
        let problems = self.problems.len();
        if raw.accounts.is_empty() && raw.units.is_empty() {
            self.problem(at, format!("the owner `{name}` owns nothing"), "name `accounts` or `units`");
        }
        if let Some(unit) = raw.units.first().filter(|_| !has_organization) {
            let help = "add `organization: {}` for its accounts, or name `accounts`";
            self.problem(unit.defined, "units belong to an organization, and none is configured", help);
        }
        let places = [raw.sns.is_some(), raw.chat.is_some(), raw.slack.is_some()];
        if !places.contains(&true) {
            self.problem(
                at,
                format!("the digest of the owner `{name}` would go nowhere"),
                "name `slack`, `chat` or `sns`",
            );
        }
        let mut once = |resolver: &mut Self, what: String, at: Location| {
            if let Some(other) = owned.insert(what.clone(), name.clone()) {
                resolver.problem(at, format!("{what} belongs to `{other}` and to `{name}`"), "leave one out");
            }
            what
        };
        let mut accounts = BTreeSet::new();
        for id in raw.accounts {
            let at = id.defined;
            accounts.extend(self.account_id(id).map(|id| once(self, id, at)));
        }
        let mut units = BTreeSet::new();
        for unit in raw.units {
            let at = unit.defined;
            units.extend(self.unit(unit).map(|unit| once(self, unit, at)));
        }
        let deliver = Deliver {
            sns_topic_arn: raw.sns.and_then(|topic| self.topic(topic.topic_arn)),
            chat_topic_arn: raw.chat.and_then(|topic| self.topic(topic.topic_arn)),
            slack_secret_arn: raw.slack.and_then(|slack| self.secret(slack.webhook_secret_arn)),
            s3: None,
        };
        (self.problems.len() == problems).then_some(Owner { name, accounts, units, deliver })
    }

    fn account_id(&mut self, id: Spanned<String>) -> Option<String> {
        if is_account_id(&id.value) {
            return Some(id.value);
        }
        let help = "write its twelve digits in quotes, as in `\"012345678901\"`";
        self.problem(id.defined, format!("`{}` is not the id of an account", id.value), help);
        None
    }

    fn role_arn(&mut self, arn: Spanned<String>, account: &str) -> Option<String> {
        let parts: Vec<&str> = arn.value.splitn(6, ':').collect();
        let of = match parts[..] {
            ["arn", partition, "iam", "", of, role]
                if partition.starts_with("aws")
                    && role.strip_prefix("role/").is_some_and(|n| !n.is_empty()) =>
            {
                of
            }
            _ => {
                let help = format!("write it as `arn:aws:iam::{account}:role/{DEFAULT_ROLE}`");
                self.problem(arn.defined, format!("`{}` is not the ARN of a role", arn.value), help);
                return None;
            }
        };
        if of != account {
            let help = "write the ARN of a role in that account";
            self.problem(arn.defined, format!("this role is in {of}, and the account is {account}"), help);
            return None;
        }
        Some(arn.value)
    }

    /// As AssumeRole takes it.
    fn external_id(&mut self, id: Spanned<String>) -> Option<String> {
        let of_sts = |c: char| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c);
        if (2..=1224).contains(&id.value.len()) && id.value.chars().all(of_sts) {
            return Some(id.value);
        }
        let help = "it has 2 to 1224 letters, digits and _+=,.@:/-, as the role's trust policy does";
        self.problem(id.defined, "AWS takes no such external id", help);
        None
    }

    fn unit(&mut self, unit: Spanned<String>) -> Option<String> {
        let is_id = unit.value.split_once('-').is_some_and(|(kind, rest)| {
            let of_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            ["ou", "r"].contains(&kind) && rest.len() >= 4 && rest.chars().all(of_id)
        });
        if is_id {
            return Some(unit.value);
        }
        let help = "write its id, as in `ou-ab12-cdef3456`; `aws organizations list-organizational-units-for-parent` shows them";
        self.problem(unit.defined, format!("`{}` is not an organizational unit", unit.value), help);
        None
    }
}

/// What `infra/member-role.yaml` calls it.
const DEFAULT_ROLE: &str = "aftermove";

pub fn is_account_id(id: &str) -> bool {
    id.len() == 12 && id.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests;
