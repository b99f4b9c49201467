//! Amazon ECR: private repositories of container images.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Meta;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Repository {
    #[serde(flatten)]
    pub meta: Meta,
    /// `111122223333.dkr.ecr.eu-west-1.amazonaws.com/web`: what images are named after.
    pub repository_uri: String,
    /// `MUTABLE`, `IMMUTABLE`, or one of them `_WITH_EXCLUSION`.
    pub image_tag_mutability: String,
    /// How many rules its lifecycle policy has, 0 without one. It costs a call for each repository, so it is read only
    /// where a policy's `details` ask for it, and is null elsewhere or where it could not be read.
    pub lifecycle_rules: Option<i64>,
    /// Images with and without a tag. Read with `lifecycle_rules` where those are 0, and null elsewhere.
    pub image_count: Option<i64>,
    /// What the images take together, where layers that several share count for each of them. Read with `image_count`.
    pub image_size_in_bytes: Option<i64>,
    /// Derived: the tags by which services run images of it; `latest` where they name neither tag nor digest.
    /// Null where task definitions could not be read.
    pub deployed_tags: Option<Vec<String>>,
}
