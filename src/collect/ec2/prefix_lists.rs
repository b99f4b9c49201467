//! Customer-managed prefix lists with their entries; a list that cannot be read in full is left out.

use aws_sdk_ec2::types;
use futures::StreamExt as _;
use futures::stream;
use ipnet::IpNet;

use super::tagged;
use crate::collect::pages::list;
use crate::collect::{CollectError, Collector, Context, Read};
use crate::inventory::ec2::PrefixList;
use crate::inventory::{Kind as _, Resource};

const DESCRIBE: &str = "ec2:DescribeManagedPrefixLists";
const GET_ENTRIES: &str = "ec2:GetManagedPrefixListEntries";
const PAGE: i32 = 100;
const CONCURRENCY: usize = 8;

pub(in crate::collect) const PREFIX_LISTS: Collector = Collector {
    resource_type: PrefixList::TYPE,
    actions: &[DESCRIBE, GET_ENTRIES],
    collect: |context| Box::pin(read(context)),
};

async fn read(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.ec2.describe_managed_prefix_lists().max_results(PAGE).into_paginator().send();
    let lists = list(DESCRIBE, pages, |page| (page.prefix_lists, page.next_token)).await?;
    let mut cut = lists.cut;
    let ours = lists.items.into_iter().filter(|list| list.owner_id() != Some("AWS"));
    let mut entries = stream::iter(ours)
        .map(|list| async move {
            let entries = entries(context, list.prefix_list_id().unwrap_or_default()).await;
            (list, entries)
        })
        .buffered(CONCURRENCY);
    let mut resources: Vec<Resource> = Vec::new();
    while let Some((list, entries)) = entries.next().await {
        match entries {
            Ok(entries) => resources.push(prefix_list(context, &list, entries).into()),
            Err(error) => {
                let denied = error.is_denied();
                cut.get_or_insert(error);
                if denied {
                    break;
                }
            }
        }
    }
    Read::of(resources, cut)
}

async fn entries(context: &Context, id: &str) -> Result<Vec<IpNet>, CollectError> {
    let pages = context
        .clients
        .ec2
        .get_managed_prefix_list_entries()
        .prefix_list_id(id)
        .max_results(PAGE)
        .into_paginator()
        .send();
    let entries = list(GET_ENTRIES, pages, |page| (page.entries, page.next_token)).await?;
    entries
        .whole()?
        .iter()
        .map(|entry| {
            let cidr = entry.cidr().unwrap_or_default();
            cidr.parse().map_err(|_| CollectError::Malformed {
                action: GET_ENTRIES,
                message: format!("{id}: {cidr:?} is no CIDR block"),
            })
        })
        .collect()
}

fn prefix_list(context: &Context, sdk: &types::ManagedPrefixList, entries: Vec<IpNet>) -> PrefixList {
    let id = sdk.prefix_list_id().unwrap_or_default();
    let mut meta = tagged(context, "prefix-list", id, sdk.owner_id(), sdk.tags());
    if let Some(name) = sdk.prefix_list_name() {
        name.clone_into(&mut meta.name);
    }
    if let Some(arn) = sdk.prefix_list_arn() {
        arn.clone_into(&mut meta.arn);
    }
    PrefixList {
        meta,
        address_family: sdk.address_family().unwrap_or_default().to_owned(),
        owner_id: sdk.owner_id().unwrap_or_default().to_owned(),
        entries,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::Client;
    use aws_sdk_ec2::operation::describe_managed_prefix_lists::{
        DescribeManagedPrefixListsError, DescribeManagedPrefixListsOutput,
    };
    use aws_sdk_ec2::operation::get_managed_prefix_list_entries::{
        GetManagedPrefixListEntriesError, GetManagedPrefixListEntriesOutput,
    };
    use aws_smithy_mocks::{Rule, mock};

    use super::*;
    use crate::collect::mock;

    fn lists() -> Rule {
        let list = |id: &str, owner: &str| {
            types::ManagedPrefixList::builder()
                .prefix_list_id(id)
                .prefix_list_name("offices")
                .owner_id(owner)
                .build()
        };
        mock!(Client::describe_managed_prefix_lists).then_output(move || {
            DescribeManagedPrefixListsOutput::builder()
                .prefix_lists(list("pl-aws", "AWS"))
                .prefix_lists(list("pl-1", "111122223333"))
                .prefix_lists(list("pl-2", "111122223333"))
                .build()
        })
    }

    fn entries_of(
        id: &'static str,
        token: Option<&'static str>,
        cidr: &'static str,
        next: Option<&'static str>,
    ) -> Rule {
        mock!(Client::get_managed_prefix_list_entries)
            .match_requests(move |request| {
                request.prefix_list_id() == Some(id) && request.next_token() == token
            })
            .then_output(move || {
                GetManagedPrefixListEntriesOutput::builder()
                    .entries(types::PrefixListEntry::builder().cidr(cidr).build())
                    .set_next_token(next.map(str::to_owned))
                    .build()
            })
    }

    #[tokio::test]
    async fn customers_lists_are_read_with_all_pages_of_entries() {
        let mut context = mock::context();
        let rules = [
            lists(),
            entries_of("pl-1", None, "192.0.2.0/24", Some("two")),
            entries_of("pl-1", Some("two"), "0.0.0.0/0", None),
            entries_of("pl-2", None, "2001:db8::/32", None),
        ];
        mock::answer!(context, ec2, aws_sdk_ec2, [rules[0], rules[1], rules[2], rules[3]]);

        let read = mock::read(&context, PrefixList::TYPE).await.unwrap();

        assert_eq!(read.partial, None);
        let lists: Vec<&PrefixList> = read.resources.iter().filter_map(PrefixList::of).collect();
        assert_eq!(lists.len(), 2);
        assert_eq!(lists[0].meta.name, "offices");
        assert_eq!(lists[0].entries, ["192.0.2.0/24".parse().unwrap(), "0.0.0.0/0".parse().unwrap()]);
    }

    #[tokio::test]
    async fn a_list_with_an_entry_that_is_no_cidr_is_left_out() {
        let mut context = mock::context();
        let rules = [
            lists(),
            entries_of("pl-1", None, "everyone", None),
            entries_of("pl-2", None, "192.0.2.0/24", None),
        ];
        mock::answer!(context, ec2, aws_sdk_ec2, [rules[0], rules[1], rules[2]]);

        let read = mock::read(&context, PrefixList::TYPE).await.unwrap();

        assert_eq!(read.resources.len(), 1);
        assert!(read.partial.unwrap().contains("pl-1: \"everyone\" is no CIDR block"));
    }

    #[tokio::test]
    async fn without_the_entries_the_type_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::get_managed_prefix_list_entries).then_error(|| {
            GetManagedPrefixListEntriesError::generic(mock::service_error("UnauthorizedOperation", "No."))
        });
        mock::answer!(context, ec2, aws_sdk_ec2, [lists(), denied]);

        let error = mock::read(&context, PrefixList::TYPE).await.unwrap_err();

        assert_eq!(error.to_string(), "denied: ec2:GetManagedPrefixListEntries (No.)");
    }

    #[tokio::test]
    async fn without_the_lists_the_type_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_managed_prefix_lists).then_error(|| {
            DescribeManagedPrefixListsError::generic(mock::service_error("UnauthorizedOperation", "No."))
        });
        mock::answer!(context, ec2, aws_sdk_ec2, [denied]);

        assert!(mock::read(&context, PrefixList::TYPE).await.unwrap_err().is_denied());
    }
}
