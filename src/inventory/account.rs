//! The account itself, under the name that AWS Config has for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;

/// What holds for the account as a whole; `meta.id` is its number.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Account {
    #[serde(flatten)]
    pub meta: Meta,
    /// Derived: the trails that cover a region that was asked for, by name.
    pub trails: Option<Vec<AccountTrail>>,
    /// Derived: the regions that were asked for in which no trail that logs records the management events that
    /// write; null also where it is not known of a trail whether it does.
    pub regions_without_trail: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct AccountTrail {
    pub name: String,
    pub arn: String,
    pub home_region: String,
    pub is_multi_region_trail: bool,
    pub is_logging: Option<bool>,
    pub logs_management_writes: Option<bool>,
}
