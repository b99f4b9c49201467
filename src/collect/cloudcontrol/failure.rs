//! What Cloud Control's refusals mean.

use crate::collect::CollectError;

/// The failure in words that say what to do about it. Cloud Control calls the type's service with
/// the caller's own permissions, and passes on what that service denies.
pub(super) fn told(resource_type: &str, error: CollectError) -> CollectError {
    match error {
        CollectError::Denied { action, message } => match denied_action(&message) {
            Some(needed) if needed != action => CollectError::DeniedBehind { action, needed, message },
            _ => CollectError::Denied { action, message },
        },
        CollectError::Failed { action, code, message } => match &*code {
            "TypeNotFoundException" => CollectError::Unsupported {
                message: format!("there is no type {resource_type} here: {action} ({message})"),
            },
            "UnsupportedActionException" => CollectError::Unsupported {
                message: format!(
                    "{resource_type} cannot be read through Cloud Control: {action} ({message})"
                ),
            },
            "InvalidRequestException" if message.contains("ResourceModel") => {
                let parent = required_key(&message).unwrap_or("its parent");
                needs_parent(resource_type, parent)
            }
            _ => match denied_action(&message) {
                Some(needed) => CollectError::DeniedBehind { action, needed, message },
                None => CollectError::Failed { action, code, message },
            },
        },
        other => other,
    }
}

pub(super) fn needs_parent(resource_type: &str, parent: &str) -> CollectError {
    CollectError::Unsupported {
        message: format!(
            "{resource_type} cannot be listed for a whole account: Cloud Control lists it by {parent} only"
        ),
    }
}

/// Whether the resource has gone since it was listed.
pub(super) fn is_gone(error: &CollectError) -> bool {
    matches!(error, CollectError::Failed { code, .. } if code == "ResourceNotFoundException")
}

/// The IAM action that a message says was denied.
fn denied_action(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("not authorized to perform: ")?;
    let action: String =
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '-')).collect();
    action.contains(':').then_some(action)
}

/// `ClusterName` of `required key [ClusterName] not found`.
fn required_key(message: &str) -> Option<&str> {
    Some(message.split_once("required key [")?.1.split_once(']')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::CoverageStatus;

    const LIST: &str = "cloudformation:ListResources";

    fn failed(code: &str, message: &str) -> CollectError {
        CollectError::Failed { action: LIST, code: code.to_owned(), message: message.to_owned() }
    }

    #[test]
    fn a_denial_names_the_action_that_is_missing() {
        let own = "User: arn:aws:iam::111122223333:user/dev is not authorized to perform: \
                   cloudformation:ListResources on resource: arn:aws:cloudformation:eu-west-1:111122223333:resource/*";
        let denied = CollectError::Denied { action: LIST, message: own.to_owned() };
        assert_eq!(told("AWS::DynamoDB::Table", denied.clone()), denied);

        let behind = "AWS::DynamoDB::Table Handler returned status FAILED: User: arn:aws:iam::111122223333:user/dev \
                      is not authorized to perform: dynamodb:ListTables on resource: * (HandlerErrorCode: AccessDenied)";
        for error in [
            CollectError::Denied { action: LIST, message: behind.to_owned() },
            failed("GeneralServiceException", behind),
        ] {
            let error = told("AWS::DynamoDB::Table", error);
            assert_eq!(error.coverage_status(), CoverageStatus::Denied);
            let text = error.to_string();
            assert!(
                text.starts_with("denied: dynamodb:ListTables, which cloudformation:ListResources"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_without_a_code() {
        let text = |code, message| told("AWS::EKS::Nodegroup", failed(code, message)).to_string();
        assert_eq!(
            text(
                "InvalidRequestException",
                "Missing or invalid ResourceModel property in AWS::EKS::Nodegroup list handler request \
                 input.Required property: (#: required key [ClusterName] not found)"
            ),
            "AWS::EKS::Nodegroup cannot be listed for a whole account: Cloud Control lists it by ClusterName only"
        );
        assert!(
            text("TypeNotFoundException", "No.").starts_with("there is no type AWS::EKS::Nodegroup here")
        );
        assert!(
            text("UnsupportedActionException", "No LIST.").contains("cannot be read through Cloud Control")
        );
        assert_eq!(
            text("NetworkFailureException", "why"),
            "failed: cloudformation:ListResources (NetworkFailureException: why)"
        );
    }
}
