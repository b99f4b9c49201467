//! What a failed AWS request was, classified once and told in words.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::inventory::CoverageStatus;

/// Why something could not be read. Displayed, it is the detail of a coverage row.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CollectError {
    #[error("denied: {action} ({message})")]
    Denied { action: &'static str, message: String },
    /// The action is allowed, but not what AWS then does for it on the caller's behalf.
    #[error("denied: {needed}, which {action} needs here ({message})")]
    DeniedBehind { action: &'static str, needed: String, message: String },
    /// AWS still refused for its rate limit when all attempts were used up.
    #[error("throttled: {action} ({message})")]
    Throttled { action: &'static str, message: String },
    /// No answer: no route, no connection or no reply in time.
    #[error("unreachable: {action} ({message})")]
    Unreachable { action: &'static str, message: String },
    /// There are no credentials, or AWS does not accept them.
    #[error("{message}")]
    Credentials { message: String },
    /// An answer that breaks the protocol.
    #[error("malformed answer: {action} ({message})")]
    Malformed { action: &'static str, message: String },
    #[error("failed: {action} ({code}: {message})")]
    Failed { action: &'static str, code: String, message: String },
    /// What is not to be had this way, whoever asks.
    #[error("{message}")]
    Unsupported { message: String },
    #[error("out of time before it was read")]
    OutOfTime,
}

const NO_CREDENTIALS: &str = "no AWS credentials were found; set AWS_PROFILE (to a profile that exists) or \
    AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, sign in with `aws sso login`, or run where a role is attached";

const DENIED: [&str; 6] = [
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "UnauthorizedException",
    "UnauthorizedOperation",
];

const THROTTLED: [&str; 12] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottledException",
    "ThrottlingException",
    "TooManyRequestsException",
];

const CREDENTIALS: [&str; 11] = [
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

impl CollectError {
    /// Classifies the failure of a request for `action`, an IAM action.
    pub(super) fn of<E>(action: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        let service = match error {
            SdkError::ServiceError(service) => service,
            SdkError::TimeoutError(_) => {
                let message = "no answer in time".to_owned();
                return Self::Unreachable { action, message };
            }
            SdkError::DispatchFailure(_) => return Self::dispatch(action, error),
            SdkError::ResponseError(_) => {
                let message = error.source().map_or_else(String::new, causes);
                return Self::Malformed { action, message };
            }
            _ => {
                let (code, message) = ("the request could not be built".to_owned(), causes(error));
                return Self::Failed { action, code, message };
            }
        };
        let Some(code) = service.err().code() else {
            let status = service.raw().status();
            return if status.is_success() {
                // the SDK reports a body that it could not parse as an unknown service error
                let cause = service.err().source().map_or_else(String::new, causes);
                let message = shortened(&cause);
                Self::Malformed { action, message }
            } else {
                let code = format!("HTTP {}", status.as_u16());
                let message = "without an error code".to_owned();
                Self::Failed { action, code, message }
            };
        };
        let message = shortened(service.err().message().unwrap_or("no message"));
        if DENIED.contains(&code) {
            Self::Denied { action, message }
        } else if THROTTLED.contains(&code) {
            Self::Throttled { action, message }
        } else if CREDENTIALS.contains(&code) {
            let message = format!("AWS does not accept the credentials: {action} ({code}: {message})");
            Self::Credentials { message }
        } else {
            let code = code.to_owned();
            Self::Failed { action, code, message }
        }
    }

    fn dispatch<E: Error + 'static>(action: &'static str, error: &SdkError<E, HttpResponse>) -> Self {
        let credentials = chain(error).find_map(|cause| cause.downcast_ref::<CredentialsError>());
        match credentials {
            Some(CredentialsError::CredentialsNotLoaded(_)) => {
                Self::Credentials { message: NO_CREDENTIALS.to_owned() }
            }
            Some(other) => Self::Credentials {
                message: format!("the AWS credentials could not be loaded: {}", causes(other)),
            },
            None => Self::Unreachable { action, message: error.source().map_or_else(String::new, causes) },
        }
    }

    pub fn coverage_status(&self) -> CoverageStatus {
        match self {
            Self::Denied { .. } | Self::DeniedBehind { .. } => CoverageStatus::Denied,
            _ => CoverageStatus::Failed,
        }
    }

    /// Whether further requests for the same action are bound to fail as well.
    pub(super) fn is_denied(&self) -> bool {
        matches!(self, Self::Denied { .. } | Self::DeniedBehind { .. })
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}

/// The error and its causes on one line, without those that repeat the one before.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut line = String::new();
    for cause in chain(error) {
        let text = one_line(&cause.to_string());
        if line.contains(&text) {
            continue;
        }
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(&text);
    }
    line
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// EC2 appends an encoded blob of hundreds of characters to its denials.
fn shortened(message: &str) -> String {
    const MAX: usize = 300;
    let said = message.split(" Encoded authorization failure message").next().unwrap_or(message);
    let said = one_line(said);
    match said.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}…", &said[..end]),
        None => said,
    }
}

#[cfg(test)]
mod tests {
    use aws_credential_types::credential_fn::provide_credentials_fn;
    use aws_sdk_sns::Client;
    use aws_sdk_sns::operation::list_topics::ListTopicsError;
    use aws_smithy_mocks::{Rule, mock};
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;
    use crate::collect::mock;

    const ACTION: &str = "sns:ListTopics";

    async fn classified(rule: Rule) -> CollectError {
        let mut context = mock::context();
        mock::answer!(context, sns, aws_sdk_sns, [rule]);
        let error = context.clients.sns.list_topics().send().await.unwrap_err();
        CollectError::of(ACTION, &error)
    }

    async fn of_code(code: &'static str) -> CollectError {
        classified(
            mock!(Client::list_topics)
                .then_error(move || ListTopicsError::generic(mock::service_error(code, "why"))),
        )
        .await
    }

    async fn of_answer(status: u16, body: &'static str) -> CollectError {
        classified(mock!(Client::list_topics).then_http_response(move || {
            HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body))
        }))
        .await
    }

    #[tokio::test]
    async fn service_errors_are_told_apart_by_their_code() {
        assert!(of_code("AuthorizationError").await.is_denied());
        assert!(of_code("UnauthorizedOperation").await.is_denied());
        assert!(matches!(of_code("Throttling").await, CollectError::Throttled { .. }));
        assert!(matches!(of_code("RequestLimitExceeded").await, CollectError::Throttled { .. }));
        assert_eq!(
            of_code("ExpiredToken").await.to_string(),
            "AWS does not accept the credentials: sns:ListTopics (ExpiredToken: why)"
        );
        assert_eq!(of_code("OptInRequired").await.to_string(), "failed: sns:ListTopics (OptInRequired: why)");
    }

    #[tokio::test]
    async fn an_answer_that_cannot_be_parsed_is_malformed() {
        let error = of_answer(200, "<ListTopicsResponse><ListTopicsRes").await;

        assert!(matches!(error, CollectError::Malformed { .. }), "{error:?}");
        assert_eq!(error.coverage_status(), CoverageStatus::Failed);
    }

    #[tokio::test]
    async fn a_failure_without_a_code_names_its_http_status() {
        let error = of_answer(502, "<html>Bad gateway</html>").await;

        assert_eq!(error.to_string(), "failed: sns:ListTopics (HTTP 502: without an error code)");
    }

    #[tokio::test]
    async fn a_request_without_credentials_says_how_to_get_some() {
        let context = mock::context();
        let nobody = provide_credentials_fn(|| async { Err(CredentialsError::not_loaded("nobody home")) });
        let config = context.clients.sns.config().to_builder().credentials_provider(nobody);
        let client = Client::from_conf(config.build());

        let error = CollectError::of(ACTION, &client.list_topics().send().await.unwrap_err());

        assert_eq!(error.to_string(), NO_CREDENTIALS);
    }

    #[test]
    fn the_encoded_part_of_a_denial_is_left_out_and_the_rest_is_bounded() {
        assert_eq!(shortened("You may not. Encoded authorization failure message: abc"), "You may not.");
        assert_eq!(shortened(&"ä".repeat(301)).chars().count(), 301);
        assert_eq!(shortened("why"), "why");
    }
}
