//! Reads a paginated list to its end, or as far as it goes.

use std::error::Error;

use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::CollectError;

/// The items of a list, and what cut it short.
#[derive(Debug)]
pub(super) struct Listing<T> {
    pub(super) items: Vec<T>,
    pub(super) cut: Option<CollectError>,
}

impl<T> Listing<T> {
    /// All or nothing, for a list that is no use in part.
    pub(super) fn whole(self) -> Result<Vec<T>, CollectError> {
        match self.cut {
            None => Ok(self.items),
            Some(error) => Err(error),
        }
    }
}

/// Reads all pages; `split` takes a page apart into its items and the token of the next.
/// A failure of the first page is an error, that of a later one cuts the list.
pub(super) async fn list<P, T, E>(
    action: &'static str,
    mut pages: PaginationStream<Result<P, SdkError<E, HttpResponse>>>,
    split: impl Fn(P) -> (Option<Vec<T>>, Option<String>),
) -> Result<Listing<T>, CollectError>
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let mut list = Listing { items: Vec::new(), cut: None };
    let mut last_token = None;
    let mut first = true;
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => {
                let (items, token) = split(page);
                list.items.extend(items.unwrap_or_default());
                last_token = token;
            }
            Err(error) if first => return Err(CollectError::of(action, &error)),
            Err(error) => {
                list.cut = Some(CollectError::of(action, &error));
                return Ok(list);
            }
        }
        first = false;
    }
    list.cut = unfinished(action, last_token);
    Ok(list)
}

/// The SDK's paginators stop without a word when AWS hands out the same token twice:
/// a list that ends on a token has not come to its end.
pub(super) fn unfinished(action: &'static str, last_token: Option<String>) -> Option<CollectError> {
    last_token
        .filter(|token| !token.is_empty())
        .map(|_| CollectError::Malformed { action, message: "the same page was offered again".to_owned() })
}
