//! Whether CloudWatch may publish to a topic, and use the key that encrypts it.

use crate::inventory::sns::TopicAccess;
use crate::relate::permits::{Request, permits};

const CLOUDWATCH: &str = "cloudwatch.amazonaws.com";

/// What CloudWatch does with a topic's key for each message.
const KEY_ACTIONS: [&str; 2] = ["kms:GenerateDataKey", "kms:Decrypt"];

#[derive(Debug, Eq, PartialEq)]
pub(super) enum Permission {
    Given,
    Refused,
    /// It hangs on something that cannot be judged.
    Open,
    Unread,
}

impl From<Option<bool>> for Permission {
    fn from(permitted: Option<bool>) -> Self {
        match permitted {
            Some(true) => Self::Given,
            Some(false) => Self::Refused,
            None => Self::Open,
        }
    }
}

/// The topic's own policy. Alarms of the account count as its own under the default policy's `AWS:SourceOwner`.
pub(super) fn by_policy(access: &TopicAccess, account: &str, alarm: &str, topic: &str) -> Permission {
    let request = Request {
        service: CLOUDWATCH,
        action: "sns:Publish",
        resource: topic,
        context: &context(account, alarm),
        as_account: Some(account),
    };
    permits(&access.policy, &request).into()
}

/// The key's policy; given where there is no key.
pub(super) fn by_key(access: &TopicAccess, account: &str, alarm: &str) -> Permission {
    if access.kms_master_key_id.is_none() {
        return Permission::Given;
    }
    let Some(key) = &access.key else { return Permission::Unread };
    if key.key_manager == "AWS" || key.key_state != "Enabled" {
        return Permission::Refused;
    }
    let Some(policy) = &key.policy else { return Permission::Unread };
    let permitted = KEY_ACTIONS.map(|action| {
        let request = Request {
            service: CLOUDWATCH,
            action,
            resource: &key.arn,
            context: &context(account, alarm),
            // what the account may do with the key, its IAM policies say, and a service has none
            as_account: None,
        };
        permits(policy, &request)
    });
    if permitted.contains(&Some(false)) {
        Permission::Refused
    } else if permitted.contains(&None) {
        Permission::Open
    } else {
        Permission::Given
    }
}

/// What is wrong with the key that [`by_key`] says refuses.
pub(super) fn fault(access: &TopicAccess) -> String {
    match &access.key {
        Some(key) if key.key_manager == "AWS" => {
            "the key that AWS manages, which does not let CloudWatch alarms use it".to_owned()
        }
        Some(key) if key.key_state != "Enabled" => format!("key {}, which is {}", key.arn, key.key_state),
        Some(key) => format!("key {}, whose policy does not let CloudWatch alarms use it", key.arn),
        None => "a key".to_owned(),
    }
}

fn context<'a>(account: &'a str, alarm: &'a str) -> [(&'static str, &'a str); 6] {
    [
        ("aws:sourceowner", account),
        ("aws:sourceaccount", account),
        ("aws:sourcearn", alarm),
        ("aws:securetransport", "true"),
        ("aws:principalisawsservice", "true"),
        ("aws:principalservicename", CLOUDWATCH),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn access(key: &Value) -> TopicAccess {
        serde_json::from_value(json!({ "kms_master_key_id": "alias/ops", "key": key })).unwrap()
    }

    fn key(action: &Value) -> TopicAccess {
        let policy = json!({ "Statement": [
            { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::1:root" }, "Action": "kms:*", "Resource": "*" },
            { "Effect": "Allow", "Principal": { "Service": "cloudwatch.amazonaws.com" }, "Action": action, "Resource": "*" },
        ] });
        access(
            &json!({ "arn": "arn:key", "key_manager": "CUSTOMER", "key_state": "Enabled", "policy": policy.to_string() }),
        )
    }

    fn permission(access: &TopicAccess) -> Permission {
        by_key(access, "1", "arn:aws:cloudwatch:eu-west-1:1:alarm:a")
    }

    #[test]
    fn a_key_must_let_cloudwatch_do_both() {
        assert_eq!(permission(&TopicAccess::default()), Permission::Given);
        assert_eq!(permission(&key(&json!(["kms:Decrypt", "kms:GenerateDataKey*"]))), Permission::Given);
        assert_eq!(permission(&key(&json!("kms:*"))), Permission::Given);
        let half = key(&json!("kms:Decrypt"));
        assert_eq!(
            permission(&half),
            Permission::Refused,
            "the account's own permission is not the service's"
        );
        assert_eq!(fault(&half), "key arn:key, whose policy does not let CloudWatch alarms use it");
    }

    #[test]
    fn a_key_of_aws_or_one_out_of_use_lets_nobody() {
        let managed = access(&json!({ "key_manager": "AWS", "key_state": "Enabled" }));
        assert_eq!(permission(&managed), Permission::Refused);
        let dying =
            access(&json!({ "arn": "arn:key", "key_manager": "CUSTOMER", "key_state": "PendingDeletion" }));
        assert_eq!(permission(&dying), Permission::Refused);
        assert_eq!(fault(&dying), "key arn:key, which is PendingDeletion");
    }

    #[test]
    fn an_unread_key_is_unread() {
        assert_eq!(permission(&access(&Value::Null)), Permission::Unread);
        let without_policy = json!({ "arn": "arn:key", "key_manager": "CUSTOMER", "key_state": "Enabled" });
        assert_eq!(permission(&access(&without_policy)), Permission::Unread);
    }
}
