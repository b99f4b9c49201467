//! Ways into other accounts: a role of each.

use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use serde_json::{Value, json};

use super::clients::{client, somewhere};
use super::{CollectError, Meter, organizations, time};
use crate::config::accounts::{Accounts, Role};

const ASSUME: &str = "sts:AssumeRole";

/// The same settings with the role's credentials. The role is assumed at once, so that what is wrong with it is
/// known before anything is read, and anew when its credentials end.
pub async fn assume(
    config: &SdkConfig,
    role: &Role,
    session: &str,
    meter: &Arc<Meter>,
) -> Result<SdkConfig, CollectError> {
    let config = somewhere(config);
    let assumed = AssumedRole {
        client: client!(aws_sdk_sts, &config, meter),
        role: role.clone(),
        session: session.to_owned(),
        first: Arc::default(),
    };
    let first = assumed.credentials().await?;
    *assumed.first.lock().unwrap_or_else(PoisonError::into_inner) = Some(first);
    Ok(config.into_builder().credentials_provider(SharedCredentialsProvider::new(assumed)).build())
}

#[derive(Clone, Debug)]
struct AssumedRole {
    client: aws_sdk_sts::Client,
    role: Role,
    session: String,
    first: Arc<Mutex<Option<Credentials>>>,
}

impl AssumedRole {
    async fn credentials(&self) -> Result<Credentials, CollectError> {
        let answer = self
            .client
            .assume_role()
            .role_arn(&self.role.arn)
            .role_session_name(&self.session)
            .set_external_id(self.role.external_id.clone())
            .send()
            .await
            .map_err(|error| named(CollectError::of(ASSUME, &error), &self.role.arn))?;
        let malformed = || CollectError::Malformed {
            action: ASSUME,
            message: "the answer has no credentials".to_owned(),
        };
        let sdk = answer.credentials.ok_or_else(malformed)?;
        let until = time(Some(&sdk.expiration)).ok_or_else(malformed)?;
        Ok(Credentials::new(
            sdk.access_key_id,
            sdk.secret_access_key,
            Some(sdk.session_token),
            Some(until.into()),
            "AssumeRole",
        ))
    }
}

/// AWS's words do not always say which role it was.
fn named(error: CollectError, arn: &str) -> CollectError {
    match error {
        CollectError::Denied { action, message } if !message.contains(arn) => {
            CollectError::Denied { action, message: format!("{arn}: {message}") }
        }
        other => other,
    }
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
            match first {
                Some(credentials) => Ok(credentials),
                None => self.credentials().await.map_err(CredentialsError::provider_error),
            }
        })
    }
}

/// What it takes to find other accounts and to enter them, as statements of an IAM policy.
pub fn statements(accounts: &Accounts, partition: &str) -> Vec<Value> {
    let mut roles: Vec<String> =
        accounts.listed.iter().filter_map(|account| Some(account.role.as_ref()?.arn.clone())).collect();
    let organization = accounts.organization.as_ref();
    roles.extend(organization.map(|org| format!("arn:{partition}:iam::*:role/{}", org.role_name)));
    let enter = (!roles.is_empty())
        .then(|| json!({ "Sid": "EnterAccounts", "Effect": "Allow", "Action": [ASSUME], "Resource": roles }));
    let list = organization.map(|_| {
        let actions = organizations::ACTIONS;
        json!({ "Sid": "ListAccounts", "Effect": "Allow", "Action": actions, "Resource": "*" })
    });
    enter.into_iter().chain(list).collect()
}

/// An account of the organization.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    pub id: String,
    pub name: String,
    /// The units that it is in, outermost first; empty where nobody asked for units.
    pub units: Vec<String>,
}

#[cfg(test)]
mod tests;
