//! One call for each of several things, a few at a time.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use futures::stream;

use super::CollectError;

/// Calls in flight, for services of which an account has a handful of resources.
const CONCURRENCY: usize = 4;

/// What the calls brought, by what they were made for, and the first failure.
#[derive(Debug)]
pub(super) struct Each<T> {
    pub(super) found: BTreeMap<String, T>,
    pub(super) error: Option<CollectError>,
}

/// Makes one call for each key. A denial ends it, since the others would be denied, too.
pub(super) async fn each<T, F>(keys: impl IntoIterator<Item = String>, call: impl Fn(String) -> F) -> Each<T>
where
    F: Future<Output = Result<T, CollectError>>,
{
    let keys: Vec<String> = keys.into_iter().collect();
    let mut calls = stream::iter(keys)
        .map(|key| {
            let answer = call(key.clone());
            async move { (key, answer.await) }
        })
        .buffer_unordered(CONCURRENCY);
    let mut all = Each { found: BTreeMap::new(), error: None };
    while let Some((key, answer)) = calls.next().await {
        match answer {
            Ok(value) => {
                all.found.insert(key, value);
            }
            Err(error) => {
                let denied = error.is_denied();
                all.error.get_or_insert(error);
                if denied {
                    break;
                }
            }
        }
    }
    all
}
