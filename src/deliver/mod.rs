//! Sends reports out. Nothing here renders: what is sent comes from
//! [`crate::report`].

pub mod file;
pub mod s3;
pub mod slack;
pub mod sns;

use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// Why a request failed, in one line: the service's code and message, or what
/// kept the request from being answered at all; of a denial also which IAM
/// actions are needed.
pub(crate) fn reason<E>(error: &E, needs: &str) -> String
where
    E: ProvideErrorMetadata + std::error::Error,
{
    let Some(code) = error.code() else {
        return DisplayErrorContext(error).to_string();
    };
    let message = error.message().unwrap_or("no message");
    match code {
        "AccessDenied" | "AccessDeniedException" | "AuthorizationError" => {
            format!("{code}: {message} (it needs {needs})")
        }
        _ => format!("{code}: {message}"),
    }
}
