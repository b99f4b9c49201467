//! Sends reports out. Nothing here renders: what is sent comes from
//! [`crate::report`].

pub mod file;
pub mod s3;
pub mod sns;

use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// Why a request failed, in one line: the service's code and message, or what
/// kept the request from being answered at all.
pub(crate) fn reason<E>(error: &E) -> String
where
    E: ProvideErrorMetadata + std::error::Error,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => DisplayErrorContext(error).to_string(),
    }
}
