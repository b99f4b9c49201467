//! A team's own policies, kept under a prefix in S3.

use std::path::Path;

use aws_sdk_s3::Client;

use super::StoreError;
use crate::config::diagnostic::SourceFile;
use crate::config::files::MAX_BYTES;
use crate::deliver::reason;

/// All `*.yaml` objects under `s3://bucket/prefix`, by key.
pub async fn read(s3: &Client, place: &str) -> Result<Vec<SourceFile>, StoreError> {
    let failed = |reason: String| StoreError::Policies { place: place.to_owned(), reason };
    let rest = place.strip_prefix("s3://").unwrap_or(place);
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return Err(failed("it names no bucket; write s3://bucket/prefix".to_owned()));
    }
    let mut pages = s3.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
    let mut keys = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failed(reason(&error, "s3:ListBucket")))?;
        for object in page.contents() {
            let is_policy = |key: &&str| Path::new(key).extension().is_some_and(|found| found == "yaml");
            let Some(key) = object.key().filter(is_policy) else {
                continue;
            };
            if object.size().unwrap_or_default().unsigned_abs() > MAX_BYTES {
                return Err(failed(format!("{key} is larger than {MAX_BYTES} bytes, so it is not a policy")));
            }
            keys.push(key.to_owned());
        }
    }
    if keys.is_empty() {
        return Err(failed("there is no policy (*.yaml)".to_owned()));
    }
    keys.sort();
    let mut files = Vec::new();
    for key in keys {
        let object = s3.get_object().bucket(bucket).key(&key).send().await;
        let object = object.map_err(|error| failed(reason(&error, "s3:GetObject")))?;
        let body = object.body.collect().await.map_err(|error| failed(format!("{key}: {error}")))?;
        let text = String::from_utf8(body.to_vec())
            .map_err(|_| failed(format!("{key} is not UTF-8 text; save it as UTF-8")))?;
        files.push(SourceFile::new(format!("s3://{bucket}/{key}"), text));
    }
    Ok(files)
}
