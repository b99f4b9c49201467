//! Resources of any type, through AWS Cloud Control.
//!
//! A list often gives no more than identifiers. A resource is asked for by itself only if its
//! entry lacks a property that a policy names; properties that none names are not kept.

mod failure;
mod schema;

use std::collections::BTreeSet;
use std::fmt;

use aws_sdk_cloudcontrol::types::ResourceDescription;
use aws_sdk_cloudformation::types::RegistryType;
use futures::{StreamExt as _, stream};
use serde_json::{Map, Value as Json};
use tokio::sync::OnceCell;
use tokio::time::sleep_until;

use super::pages::list;
use super::{CollectError, Context, Read};
use crate::inventory::GenericResource;
use failure::told;
pub use schema::Schema;
use schema::guessed;

const DESCRIBE_TYPE: &str = "cloudformation:DescribeType";
const LIST: &str = "cloudformation:ListResources";
const GET: &str = "cloudformation:GetResource";

/// What listing a type that is not in the table takes, beside what the type's own handlers call.
pub const GENERIC_LISTS: &[&str] = &[DESCRIBE_TYPE, LIST];

/// What it takes for each resource that the list does not tell enough of.
pub const GENERIC_GETS: &[&str] = &[GET];

const PAGE: i32 = 100;
const CONCURRENCY: usize = 4;

/// A type to read, the fields that policies name, and its schema once a region has told it.
#[derive(Debug)]
pub(super) struct Generic {
    pub(super) resource_type: &'static str,
    fields: BTreeSet<String>,
    schema: OnceCell<Schema>,
}

impl Generic {
    pub(super) fn new(resource_type: &'static str, fields: BTreeSet<String>) -> Self {
        Self { resource_type, fields, schema: OnceCell::new() }
    }

    /// The fields that resources of the type have, for policies to be checked against.
    pub(super) fn schema(&self) -> Option<Json> {
        self.schema.get().map(Schema::fields)
    }

    pub(super) async fn read(&self, context: &Context) -> Result<Read, CollectError> {
        let name = self.resource_type;
        let described = self
            .schema
            .get_or_try_init(|| describe(&context.clients.cloudformation, name))
            .await
            .map_err(|error| told(name, error));
        let (schema, unchecked) = match described {
            Ok(schema) => (Some(schema), None),
            Err(error @ CollectError::Unsupported { .. }) => return Err(error),
            Err(error) => (None, Some(error)),
        };
        if let Some(schema) = schema {
            listable(name, schema)?;
        }
        let pages = context.clients.cloudcontrol.list_resources().type_name(name).max_results(PAGE);
        // page by page, to know how many there were
        let listing = list(LIST, pages.into_paginator().send(), |page| {
            (Some(vec![page.resource_descriptions.unwrap_or_default()]), page.next_token)
        });
        let listing = listing.await.map_err(|error| told(name, error))?;
        let lists = listing.items.len() + usize::from(listing.cut.is_some());
        let mut gathered =
            Gathered { cut: listing.cut.map(|error| told(name, error)), ..Gathered::default() };
        let descriptions: Vec<ResourceDescription> = listing.items.into_iter().flatten().collect();
        let listed = descriptions.len();
        let mut wanting = Vec::new();
        for description in descriptions {
            let (id, properties) = entry(LIST, &description)?;
            if self.lacks(schema, &id, &properties) {
                wanting.push(id);
            } else {
                gathered.entries.push((id, properties));
            }
        }
        if gathered.cut.is_none() {
            self.get(context, wanting, &mut gathered).await;
        }
        let seen = |properties| match schema {
            Some(schema) => schema.seen(properties),
            None => guessed(properties),
        };
        let resources = gathered.entries.into_iter().map(|(id, properties)| {
            let meta = context.meta(&id, "", "");
            let mut resource = GenericResource::new(name, meta, seen(properties));
            resource.properties.retain(|field, _| self.fields.contains(field));
            resource
        });
        let resources: Vec<GenericResource> = resources.collect();
        let cost = Cost { read: resources.len(), listed, lists, gets: gathered.calls };
        let mut window = cost.to_string();
        if let Some(error) = unchecked {
            window = format!("{window}; the fields that policies name are unchecked: {error}");
        }
        let read = Read::of(resources, gathered.cut)?;
        Ok(Read { window, ..read })
    }

    /// Whether the list left something out that a policy names, or that identifies the resource.
    fn lacks(&self, schema: Option<&Schema>, id: &str, properties: &Map<String, Json>) -> bool {
        let listed = match schema {
            Some(schema) => {
                let listed: Map<String, Json> = schema.seen(properties.clone());
                listed.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name).collect()
            }
            None => guessed(properties.clone()).into_iter().map(|(name, _)| name).collect::<BTreeSet<_>>(),
        };
        let exists = |field: &str| schema.is_none_or(|schema| schema.has(field));
        let readable = schema.is_none_or(Schema::can_read);
        let always = ["id", "name", "account", "region", "arn"];
        let named = self.fields.iter().map(String::as_str).filter(|field| !always.contains(field));
        // findings are known again by the ARN
        let arn = schema.is_some_and(|schema| schema.has("arn")) && !id.starts_with("arn:");
        readable && named.chain(arn.then_some("arn")).any(|field| exists(field) && !listed.contains(field))
    }

    /// Reads the resources with these identifiers until the time is up or a call is bound to fail.
    async fn get(&self, context: &Context, ids: Vec<String>, gathered: &mut Gathered) {
        let name = self.resource_type;
        let asked = ids.len();
        let calls = stream::iter(ids)
            .map(|id| async move {
                let call = context.clients.cloudcontrol.get_resource().type_name(name).identifier(&id);
                let answer = call.send().await.map_err(|error| told(name, CollectError::of(GET, &error)))?;
                let empty = ResourceDescription::builder().identifier(id).build();
                entry(GET, answer.resource_description().unwrap_or(&empty))
            })
            .buffer_unordered(CONCURRENCY)
            .take_until(sleep_until(context.deadline));
        let mut calls = std::pin::pin!(calls);
        while let Some(answer) = calls.next().await {
            gathered.calls += 1;
            match answer {
                Ok(found) => gathered.entries.push(found),
                Err(error) if failure::is_gone(&error) => {}
                Err(error) => {
                    let bound_to_fail = error.is_denied() || matches!(error, CollectError::Throttled { .. });
                    gathered.cut.get_or_insert(error);
                    if bound_to_fail {
                        break;
                    }
                }
            }
        }
        if gathered.calls < asked {
            gathered.cut.get_or_insert(CollectError::OutOfTime);
        }
    }
}

/// What was read so far, and what cut it short.
#[derive(Default)]
struct Gathered {
    entries: Vec<(String, Map<String, Json>)>,
    /// GetResource calls.
    calls: usize,
    cut: Option<CollectError>,
}

/// What a read came to, in words.
struct Cost {
    read: usize,
    listed: usize,
    lists: usize,
    gets: usize,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { read, listed, lists, gets } = *self;
        if read < listed {
            write!(f, "{read} of ")?;
        }
        write!(f, "{listed} {}, ", if listed == 1 { "resource" } else { "resources" })?;
        match (lists, gets) {
            (1, 0) => write!(f, "1 ListResources call"),
            (_, 0) => write!(f, "{lists} ListResources calls"),
            _ => write!(f, "{lists} ListResources and {gets} GetResource calls"),
        }
    }
}

/// The type as the registry of the client's region describes it.
pub(super) async fn describe(
    client: &aws_sdk_cloudformation::Client,
    resource_type: &str,
) -> Result<Schema, CollectError> {
    let answer = client
        .describe_type()
        .r#type(RegistryType::Resource)
        .type_name(resource_type)
        .send()
        .await
        .map_err(|error| CollectError::of(DESCRIBE_TYPE, &error))?;
    Schema::parse(answer.schema().unwrap_or_default()).ok_or_else(|| CollectError::Malformed {
        action: DESCRIBE_TYPE,
        message: "the type's schema cannot be understood".to_owned(),
    })
}

/// Refuses what the registry says cannot be listed, before it is tried.
fn listable(name: &str, schema: &Schema) -> Result<(), CollectError> {
    if !schema.can_list() {
        let message = format!("{name} cannot be listed: Cloud Control has no list handler for it");
        return Err(CollectError::Unsupported { message });
    }
    let parents = schema.list_requires();
    if parents.is_empty() { Ok(()) } else { Err(failure::needs_parent(name, &parents.join(" and "))) }
}

/// The identifier and the properties.
fn entry(
    action: &'static str,
    description: &ResourceDescription,
) -> Result<(String, Map<String, Json>), CollectError> {
    let malformed = |message: &str| CollectError::Malformed { action, message: message.to_owned() };
    let id = description.identifier().ok_or_else(|| malformed("a resource without an identifier"))?;
    match serde_json::from_str(description.properties().unwrap_or("{}")) {
        Ok(Json::Object(properties)) => Ok((id.to_owned(), properties)),
        _ => Err(malformed("properties that are no JSON object")),
    }
}

#[cfg(test)]
mod tests;
