//! `aftermove policy schema`: what editors need to check and complete files, and the fields of types.

use std::sync::Arc;

use aftermove::collect;
use aftermove::inventory::{self, generic};
use aftermove::{config, policy};
use anyhow::bail;
use clap::{Args, ValueEnum};

use crate::write;

#[derive(Args)]
pub(crate) struct Schema {
    /// Show the fields of this resource type, as policies see them
    #[arg(value_name = "TYPE", conflicts_with = "file")]
    resource_type: Option<String>,
    /// The kind of file
    #[arg(long = "for", value_enum, default_value_t)]
    file: File,
    /// AWS profile, for a type that is not built in
    #[arg(long)]
    profile: Option<String>,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum File {
    /// A policy
    #[default]
    Policy,
    /// The configuration aftermove.yaml
    Config,
}

pub(crate) async fn run(arguments: Schema) -> anyhow::Result<u8> {
    let schema = match (&arguments.resource_type, arguments.file) {
        (None, File::Policy) => policy::schema::policy(),
        (None, File::Config) => config::schema(),
        (Some(name), _) => fields(name, arguments.profile.as_deref()).await?,
    };
    write(None, &format!("{schema:#}\n"))?;
    Ok(0)
}

/// Of any type: those that are not built in are looked up in AWS's registry.
async fn fields(name: &str, profile: Option<&str>) -> anyhow::Result<serde_json::Value> {
    if let Some(schema) = inventory::schema(name) {
        return Ok(schema.clone());
    }
    if let Err(help) = policy::load::resource_type(name) {
        bail!("unknown resource type `{name}`; {help}");
    }
    let sdk = collect::sdk_config(profile, None).await;
    Ok(collect::registry(&sdk, generic::type_name(name), &Arc::default()).await?.fields())
}
