//! The accounts of an AWS Organization. Its API is the management account's and that of delegated administrators.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::{Account, AccountState};

use super::accounts::Member;
use super::clients::{client, somewhere};
use super::pace::{self, paced};
use super::pages::list;
use super::{CollectError, Meter};

const LIST_ACCOUNTS: &str = "organizations:ListAccounts";
const LIST_ACCOUNTS_FOR_PARENT: &str = "organizations:ListAccountsForParent";
const LIST_UNITS: &str = "organizations:ListOrganizationalUnitsForParent";
const LIST_ROOTS: &str = "organizations:ListRoots";

pub(super) const ACTIONS: &[&str] = &[LIST_ACCOUNTS, LIST_ACCOUNTS_FOR_PARENT, LIST_UNITS, LIST_ROOTS];

/// Units nest five deep below a root ("Quotas for AWS Organizations").
const DEPTH: usize = 6;

/// Which accounts to list, and how much to learn of them.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Those below these units, or all where there are none.
    pub units: &'a [String],
    /// Somebody owns units, so that it has to be known who is where.
    pub places: bool,
}

/// The active accounts, by id. A list that is not whole is an error: an account that is not listed
/// would be passed over in silence.
pub async fn members(
    config: &SdkConfig,
    asked: Asked<'_>,
    meter: &Arc<Meter>,
) -> Result<Vec<Member>, CollectError> {
    let config = somewhere(config);
    let http = config.http_client().unwrap_or_else(super::clients::http_client);
    let config = config.into_builder().http_client(paced(http, pace::UNDOCUMENTED)).build();
    let client = client!(aws_sdk_organizations, &config, meter);
    let mut members = if asked.units.is_empty() && !asked.places {
        let pages = client.list_accounts().into_paginator().send();
        let accounts = list(LIST_ACCOUNTS, pages, |page| (page.accounts, page.next_token)).await?;
        accounts.whole()?.into_iter().filter_map(|account| member(account, &[])).collect()
    } else {
        let starts = if asked.units.is_empty() { roots(&client).await? } else { asked.units.to_vec() };
        below(&client, starts).await?
    };
    members.sort_by(|a, b| a.id.cmp(&b.id));
    members.dedup_by(|a, b| a.id == b.id);
    Ok(members)
}

/// Level by level.
async fn below(client: &Client, starts: Vec<String>) -> Result<Vec<Member>, CollectError> {
    let mut members = Vec::new();
    let mut level: Vec<Vec<String>> = starts.into_iter().map(|start| vec![start]).collect();
    for _ in 0..DEPTH {
        let mut next = Vec::new();
        for path in level {
            let Some(parent) = path.last() else { continue };
            let pages = client.list_accounts_for_parent().parent_id(parent).into_paginator().send();
            let accounts =
                list(LIST_ACCOUNTS_FOR_PARENT, pages, |page| (page.accounts, page.next_token)).await?;
            members.extend(accounts.whole()?.into_iter().filter_map(|account| member(account, &path)));
            let pages =
                client.list_organizational_units_for_parent().parent_id(parent).into_paginator().send();
            let units = list(LIST_UNITS, pages, |page| (page.organizational_units, page.next_token)).await?;
            let ids = units.whole()?.into_iter().filter_map(|unit| unit.id);
            next.extend(ids.map(|id| path.iter().cloned().chain([id]).collect()));
        }
        if next.is_empty() {
            break;
        }
        level = next;
    }
    Ok(members)
}

async fn roots(client: &Client) -> Result<Vec<String>, CollectError> {
    let pages = client.list_roots().into_paginator().send();
    let roots = list(LIST_ROOTS, pages, |page| (page.roots, page.next_token)).await?;
    Ok(roots.whole()?.into_iter().filter_map(|root| root.id).collect())
}

/// A suspended or closed account cannot be read, and costs nothing more.
fn member(account: Account, path: &[String]) -> Option<Member> {
    let active = account.state.as_ref().is_none_or(|state| *state == AccountState::Active);
    Some(Member {
        id: account.id.filter(|_| active)?,
        name: account.name.unwrap_or_default(),
        units: path.to_vec(),
    })
}

#[cfg(test)]
mod tests;
