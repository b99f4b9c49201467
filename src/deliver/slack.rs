//! Posts to a Slack incoming webhook: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>.
//!
//! The webhook's URL is a secret, which whoever knows it may post with: it is in no error and in no log.

use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use super::reason;
use crate::report::slack::Post;

/// One answer may take so long.
const ATTEMPT: Duration = Duration::from_secs(10);
/// All posts of one message together, with all that they wait for.
const PATIENCE: Duration = Duration::from_mins(1);
/// Before a post is offered again that was not answered, or that Slack could not take just then.
const BACKOFF: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];
/// Slack takes one message a second for each webhook: <https://docs.slack.dev/apis/web-api/rate-limits>.
const PACE: Duration = Duration::from_secs(1);
/// What of Slack's answer is told: it is a word, such as `invalid_blocks`.
const TOLD_CHARS: usize = 100;

#[derive(Debug, thiserror::Error)]
pub enum SlackError {
    #[error("the secret {arn} with Slack's webhook cannot be read: {reason}")]
    Secret { arn: String, reason: String },
    #[error(
        "the secret {arn} holds no webhook: put its URL there, which begins with https://hooks.slack.com/, \
         alone or as `webhook_url` of a JSON object"
    )]
    NoUrl { arn: String },
    #[error("Slack refused the message: {status} {answer}{}", help(answer))]
    Refused { status: u16, answer: String },
    #[error("Slack takes no more messages for {seconds} seconds")]
    RateLimited { seconds: u64 },
    #[error("Slack could not be reached: {0}")]
    Unreachable(&'static str),
}

fn help(answer: &str) -> &'static str {
    match answer {
        "no_service" | "no_service_id" | "invalid_token" => {
            "; the webhook is gone or was revoked: make a new one, and put it into the secret"
        }
        "channel_not_found" | "channel_is_archived" => "; make a webhook for a channel that exists",
        "action_prohibited" | "posting_to_general_channel_denied" => {
            "; an administrator of the workspace has to allow it"
        }
        _ => "",
    }
}

/// The webhook's URL. Its text is nobody's to see.
pub struct Webhook(String);

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Webhook(…)")
    }
}

impl Webhook {
    pub async fn read(client: &Client, arn: &str) -> Result<Self, SlackError> {
        let secret = client.get_secret_value().secret_id(arn).send().await.map_err(|error| {
            let reason = reason(&error, "secretsmanager:GetSecretValue");
            SlackError::Secret { arn: arn.to_owned(), reason }
        })?;
        Self::parse(secret.secret_string().unwrap_or_default())
            .ok_or_else(|| SlackError::NoUrl { arn: arn.to_owned() })
    }

    /// A URL, or a JSON object with it, as the console makes of a key and a value.
    fn parse(secret: &str) -> Option<Self> {
        let secret = secret.trim();
        let object = serde_json::from_str::<Value>(secret).ok();
        let named = object
            .as_ref()
            .and_then(|object| ["webhook_url", "url"].iter().find_map(|key| object[key].as_str()));
        let url = named.unwrap_or(secret).trim();
        let local = ["http://127.0.0.1:", "http://localhost:"].iter().any(|start| url.starts_with(start));
        let fit = (url.starts_with("https://") || local) && !url.contains(char::is_whitespace);
        fit.then(|| Self(url.to_owned()))
    }

    /// In order, each once Slack has taken the one before it.
    pub async fn post(&self, connector: &impl HttpConnector, posts: &[Post]) -> Result<(), SlackError> {
        let until = Instant::now() + PATIENCE;
        for (number, post) in posts.iter().enumerate() {
            if number > 0 {
                sleep(PACE).await;
            }
            self.offer(connector, post, until).await?;
        }
        Ok(())
    }

    /// Offers the post again where that may help and there is time.
    async fn offer(
        &self,
        connector: &impl HttpConnector,
        post: &Post,
        until: Instant,
    ) -> Result<(), SlackError> {
        let mut backoff = BACKOFF.into_iter();
        loop {
            let failure = match self.once(connector, post).await {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            let wait = match &failure {
                SlackError::RateLimited { seconds } => Some(Duration::from_secs(*seconds)),
                SlackError::Unreachable(_) | SlackError::Refused { status: 500.., .. } => backoff.next(),
                _ => None,
            };
            match wait {
                Some(wait) if Instant::now() + wait < until => sleep(wait).await,
                _ => return Err(failure),
            }
        }
    }

    async fn once(&self, connector: &impl HttpConnector, post: &Post) -> Result<(), SlackError> {
        let body = serde_json::to_vec(post).unwrap_or_default();
        let mut request = HttpRequest::new(SdkBody::from(body));
        let made = request.set_method("POST").and_then(|()| request.set_uri(self.0.as_str()));
        made.map_err(|_| SlackError::Unreachable("its URL is none"))?;
        request.headers_mut().insert("content-type", "application/json; charset=utf-8");
        let answer = async {
            let answer = connector.call(request).await.map_err(|error| {
                SlackError::Unreachable(if error.is_timeout() {
                    "it did not answer in time"
                } else {
                    "the connection failed"
                })
            })?;
            let status = answer.status().as_u16();
            let retry_after = answer.headers().get("retry-after").and_then(|after| after.parse().ok());
            let body = ByteStream::new(answer.into_body()).collect().await;
            let body = body.map_err(|_| SlackError::Unreachable("its answer broke off"))?.into_bytes();
            Ok((status, retry_after, String::from_utf8_lossy(&body).trim().to_owned()))
        };
        let answer = timeout(ATTEMPT, answer).await;
        match answer.map_err(|_| SlackError::Unreachable("it did not answer in time"))?? {
            (200..300, ..) => Ok(()),
            (429, retry_after, _) => {
                Err(SlackError::RateLimited { seconds: retry_after.unwrap_or(1).max(1) })
            }
            (status, _, answer) => {
                Err(SlackError::Refused { status, answer: answer.chars().take(TOLD_CHARS).collect() })
            }
        }
    }
}

impl SlackError {
    /// Whether the same without blocks may be taken.
    pub fn is_of_blocks(&self) -> bool {
        matches!(self, Self::Refused { status: 400, answer } if answer.contains("block"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_holds_the_url_alone_or_by_name() {
        let url = "https://hooks.slack.com/services/T0/B0/x";
        for secret in [
            url.to_owned(),
            format!(" {url}\n"),
            format!(r#"{{"webhook_url": "{url}"}}"#),
            format!(r#"{{"url":"{url}"}}"#),
        ] {
            assert_eq!(Webhook::parse(&secret).unwrap().0, url);
        }
        for secret in
            ["", "hooks.slack.com/services/T0", "http://hooks.slack.com/x", r#"{"other":"https://x"}"#]
        {
            assert!(Webhook::parse(secret).is_none(), "{secret}");
        }
    }

    #[test]
    fn no_error_and_no_log_tells_the_url() {
        let url = "https://hooks.slack.com/services/T0/B0/sEcReT";
        assert_eq!(format!("{:?}", Webhook::parse(url).unwrap()), "Webhook(…)");
    }
}
