//! Events that AWS records as writes but that change nothing an operator owns.
//!
//! Signing in, running queries, probing, agents reporting in. A trailing `*`
//! stands for any ending. Runs that cost or do something (a shell on an instance,
//! a pushed image) are not listed.

/// By event source, without `.amazonaws.com`.
const NOISE: &[(&str, &[&str])] = &[
    ("athena", &["StartQueryExecution", "StopQueryExecution", "BatchGet*"]),
    ("cloudformation", &["DetectStack*", "EstimateTemplateCost", "ValidateTemplate", "BatchDescribe*"]),
    ("cloudshell", &["*"]),
    ("cloudtrail", &["StartQuery", "CancelQuery"]),
    (
        "cognito-idp",
        &["InitiateAuth", "AdminInitiateAuth", "RespondToAuthChallenge", "AdminRespondToAuthChallenge"],
    ),
    ("config", &["SelectResourceConfig", "SelectAggregateResourceConfig"]),
    ("dms", &["TestConnection", "RefreshSchemas"]),
    (
        "ecr",
        &[
            "BatchCheckLayerAvailability",
            "BatchGet*",
            "InitiateLayerUpload",
            "UploadLayerPart",
            "CompleteLayerUpload",
        ],
    ),
    (
        "ecs",
        &[
            "DiscoverPollEndpoint",
            "Poll",
            "SubmitAttachmentStateChanges",
            "SubmitContainerStateChange",
            "SubmitTaskStateChange",
        ],
    ),
    (
        "dynamodb",
        &[
            "BatchExecuteStatement",
            "BatchWriteItem",
            "DeleteItem",
            "Execute*",
            "PutItem",
            "TransactWriteItems",
            "UpdateItem",
        ],
    ),
    ("ebs", &["PutSnapshotBlock"]),
    ("events", &["PutEvents", "TestEventPattern"]),
    ("glue", &["BatchGet*", "CreateSession", "RunStatement", "StartCrawler", "StartJobRun"]),
    ("grafana", &["login_auth_sso"]),
    ("iam", &["Generate*", "Simulate*"]),
    (
        "kms",
        &[
            "Decrypt",
            "Encrypt",
            "GenerateDataKey*",
            "GenerateMac",
            "ReEncrypt*",
            "RetireGrant",
            "Sign",
            "Verify*",
        ],
    ),
    ("kinesis", &["PutRecord*"]),
    ("lambda", &["Invoke*"]),
    (
        "logs",
        &[
            "CreateLogStream",
            "PutLogEvents",
            "StartLiveTail",
            "StartQuery",
            "StopQuery",
            "TestMetricFilter",
            "TestTransformer",
        ],
    ),
    ("networkmanager-chat", &["*"]),
    ("q", &["*"]),
    ("rds", &["DownloadDBLogFilePortion", "DownloadCompleteDBLogFile"]),
    (
        "rds-data",
        &[
            "BatchExecuteStatement",
            "BeginTransaction",
            "CommitTransaction",
            "ExecuteStatement",
            "RollbackTransaction",
        ],
    ),
    ("redshift-data", &["BatchExecuteStatement", "CancelStatement", "ExecuteStatement"]),
    ("route53", &["TestDNSAnswer"]),
    (
        "s3",
        &[
            "AbortMultipartUpload",
            "CompleteMultipartUpload",
            "CopyObject",
            "CreateMultipartUpload",
            "DeleteObject",
            "DeleteObjects",
            "PutObject",
            "UploadPart*",
        ],
    ),
    ("scheduler", &["TestScheduleExpression"]),
    (
        "signin",
        &[
            "AuthorizeOAuth2Access",
            "CheckMfa",
            "ConsoleLogin",
            "CreateOAuth2Token",
            "Credential*",
            "ExitRole",
            "ExternalIdPDirectoryLogin",
            "GetSigninToken",
            "PasswordRecovery*",
            "RenewRole",
            "SwitchRole",
            "UserAuthentication",
        ],
    ),
    ("sns", &["Publish", "PublishBatch"]),
    ("sqs", &["ChangeMessageVisibility*", "DeleteMessage*", "ReceiveMessage", "SendMessage*"]),
    ("sqlworkbench", &["*"]),
    (
        "ssm",
        &[
            "PutComplianceItems",
            "PutInventory",
            "RegisterManagedInstance",
            "UpdateInstanceAssociationStatus",
            "UpdateInstanceInformation",
        ],
    ),
    ("ssmmessages", &["*"]),
    ("sso", &["Authenticate", "CreateToken", "Federate", "Logout"]),
    ("sso-oauth", &["*"]),
    ("sso-oidc", &["*"]),
    ("states", &["TestState", "ValidateStateMachineDefinition"]),
    ("sts", &["*"]),
    ("support", &["*"]),
    ("trustedadvisor", &["RefreshCheck"]),
];

pub(super) fn is_noise(service: &str, event_name: &str) -> bool {
    NOISE.iter().any(|(source, names)| {
        *source == service
            && names.iter().any(|name| match name.strip_suffix('*') {
                Some(prefix) => event_name.starts_with(prefix),
                None => *name == event_name,
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_is_noise_and_granting_access_is_not() {
        assert!(is_noise("signin", "ConsoleLogin"));
        assert!(is_noise("iam", "SimulatePrincipalPolicy"));
        assert!(!is_noise("iam", "AttachRolePolicy"));
        assert!(!is_noise("sso", "CreateAccountAssignment"));
        assert!(!is_noise("route53domains", "TransferDomain"));
    }
}
