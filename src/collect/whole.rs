//! Refuses answers that were cut off. The SDK takes an XML document that ends in the
//! middle for a shorter list, and no body at all for an empty one.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextMut;
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Turns a success with a body that is not whole into a broken response, which is tried again.
#[derive(Debug)]
pub(super) struct Whole;

impl Intercept for Whole {
    fn name(&self) -> &'static str {
        "Whole"
    }

    fn modify_before_attempt_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().and_then(|response| response.body().bytes());
        if body.is_some_and(|body| !is_whole(body))
            && let Some(outcome @ Ok(_)) = context.output_or_error_mut()
        {
            *outcome = Err(OrchestratorError::response("the answer was cut off".into()));
        }
        Ok(())
    }
}

/// Whether there is something, and if it is XML, whether its root element is closed.
/// The SDK's own parsers notice where JSON and CBOR break off.
fn is_whole(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    let mut xml = body;
    if body.starts_with(b"<?") {
        let Some(end) = body.windows(2).position(|pair| pair == b"?>") else {
            return false;
        };
        xml = body[end + 2..].trim_ascii();
    }
    let Some(tag) = xml.strip_prefix(b"<") else {
        return !xml.is_empty();
    };
    let name = tag
        .split(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'))
        .next()
        .unwrap_or_default();
    let is_one_empty_element = tag.ends_with(b"/>") && !tag.contains(&b'<');
    let closing = [b"</", name, b">"].concat();
    is_one_empty_element || tag.ends_with(&closing)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::collect::{Clients, Meter, mock};

    const ANSWER: &str = "<?xml version=\"1.0\"?>\n<ListTopicsResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
        <ListTopicsResult><Topics><member><TopicArn>arn:aws:sns:eu-west-1:111122223333:alarms</TopicArn></member></Topics>\
        </ListTopicsResult></ListTopicsResponse>";

    #[test]
    fn a_closed_document_is_whole() {
        assert!(is_whole(ANSWER.as_bytes()));
        assert!(is_whole(format!("{ANSWER}\n").as_bytes()));
        assert!(is_whole(b"<Empty xmlns=\"x\"/>"));
        assert!(is_whole(b"{\"logGroups\":[]}"));
        assert!(is_whole(b"\xbf\xff"));
    }

    #[test]
    fn nothing_is_not_whole() {
        assert!(!is_whole(b""));
        assert!(!is_whole(b" \n"));
    }

    async fn topics_in(body: &'static str) -> Option<usize> {
        let config = mock::config().into_builder().http_client(mock::Canned(200, body)).build();
        let clients = Clients::new(&config, "eu-west-1", &Arc::new(Meter::default()));
        let answer = clients.sns.list_topics().send().await.ok()?;
        Some(answer.topics().len())
    }

    #[tokio::test]
    async fn an_answer_that_was_cut_off_is_no_shorter_list() {
        assert_eq!(topics_in(ANSWER).await, Some(1));
        assert_eq!(topics_in("<ListTopicsResponse><ListTopicsResult><Topics>").await, None);
        assert_eq!(topics_in("").await, None);
    }

    proptest! {
        #[test]
        fn no_beginning_of_a_document_is_whole(end in 0..ANSWER.len()) {
            prop_assert!(!is_whole(&ANSWER.as_bytes()[..end]));
        }
    }
}
