//! Which accounts a run is about, and the way into each.

use std::collections::{BTreeMap, BTreeSet};

use aws_config::SdkConfig;
use futures::StreamExt as _;
use futures::stream;
use serde::{Deserialize, Serialize};

use super::read::Aws;
use super::{Request, RunError};
use crate::collect::{self, AskedOfOrganization, Caller, CollectError, Member};
use crate::config::Config;
use crate::config::accounts::{Organization, Role};

/// Roles assumed at once: STS takes 600 a second of an account and region, and answers slowly.
const AT_ONCE: usize = 16;

/// An account to read, as a plan hands it on.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    pub id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// None for the account of the credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Who gets a digest of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

impl Target {
    /// For people.
    pub fn called(&self) -> String {
        if self.name.is_empty() { self.id.clone() } else { format!("{} ({})", self.name, self.id) }
    }
}

/// An account, and its settings or why there is no way in.
pub(super) struct Entered {
    pub(super) target: Target,
    pub(super) access: Result<SdkConfig, CollectError>,
    /// Globs over who aftermove is there.
    pub(super) own: Vec<String>,
}

/// Those that the configuration asks for, by id; the account of the credentials where it names none.
pub(super) async fn targets(
    request: &Request,
    config: &Config,
    aws: &Aws,
    caller: &Caller,
) -> Result<Vec<Target>, RunError> {
    if let Some(targets) = &request.targets {
        return Ok(targets.clone());
    }
    let wanted: BTreeSet<&str> = request.accounts.iter().chain(&request.apart).map(String::as_str).collect();
    let mut found: BTreeMap<String, Target> = BTreeMap::new();
    let accounts = &config.accounts;
    let target = |id: &str, name: &str, role: Option<Role>, units: &[String]| {
        let (role_arn, external_id) = role.map_or((None, None), |role| (Some(role.arn), role.external_id));
        let owner = accounts.owner_of(id, units).map(|owner| owner.name.clone());
        Target { id: id.to_owned(), name: name.to_owned(), role_arn, external_id, owner }
    };
    for account in &accounts.listed {
        if account.role.is_none() && account.id != caller.account {
            return Err(RunError::NoRole { account: account.id.clone(), own: caller.account.clone() });
        }
        found.insert(account.id.clone(), target(&account.id, &account.name, account.role.clone(), &[]));
    }
    let listed_suffice = !wanted.is_empty() && wanted.iter().all(|id| found.contains_key(*id));
    if let Some(organization) = accounts.organization.as_ref().filter(|_| !listed_suffice) {
        let places = accounts.owners.iter().any(|owner| !owner.units.is_empty());
        let asked = AskedOfOrganization { units: &organization.units, places };
        for member in collect::members(&aws.sdk, asked, &aws.meter).await? {
            if !organization.exclude.contains(&member.id) && !found.contains_key(&member.id) {
                let role = (member.id != caller.account).then(|| role(organization, &member, caller));
                found.insert(member.id.clone(), target(&member.id, &member.name, role, &member.units));
            }
        }
    }
    if !accounts.are_configured() {
        found.insert(caller.account.clone(), target(&caller.account, "", None, &[]));
    }
    if let Some(unknown) = wanted.iter().find(|id| !found.contains_key(**id)) {
        return Err(RunError::UnknownAccount((*unknown).to_owned()));
    }
    Ok(found.into_values().filter(|target| wanted.is_empty() || wanted.contains(&*target.id)).collect())
}

fn role(organization: &Organization, member: &Member, caller: &Caller) -> Role {
    let partition = caller.arn.split(':').nth(1).unwrap_or("aws");
    Role {
        arn: format!("arn:{partition}:iam::{}:role/{}", member.id, organization.role_name),
        external_id: organization.external_id.clone(),
    }
}

/// Assumes the roles of all that have one.
pub(super) async fn enter(
    targets: Vec<Target>,
    request: &Request,
    aws: &Aws,
    caller: &Caller,
) -> Vec<Entered> {
    // told apart in the account's CloudTrail, from other users of the role and from other runs
    let session = format!("{SESSION}{}", uuid::Uuid::now_v7());
    let entering = stream::iter(targets).map(|target| async {
        let Some(arn) = target.role_arn.clone() else {
            let own = if request.own_role { vec![caller.arn.clone()] } else { Vec::new() };
            return Entered { target, access: Ok(aws.sdk.clone()), own };
        };
        let role = Role { arn, external_id: target.external_id.clone() };
        let own = vec![sessions(&role.arn)];
        let access = collect::assume(&aws.sdk, &role, &session, &aws.meter).await;
        Entered { target, access, own }
    });
    entering.buffered(AT_ONCE).collect().await
}

const SESSION: &str = "aftermove-";

/// Our sessions of a role, as CloudTrail names them: without the role's path.
fn sessions(role_arn: &str) -> String {
    let parts: Vec<&str> = role_arn.splitn(6, ':').collect();
    let [_, partition, _, _, account, role] = parts[..] else { return role_arn.to_owned() };
    let name = role.rsplit('/').next().unwrap_or(role);
    format!("arn:{partition}:sts::{account}:assumed-role/{name}/{SESSION}*")
}

#[cfg(test)]
mod tests;
