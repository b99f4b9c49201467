//! Keeps each run's report in S3, by day.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;

use super::reason;
use crate::report::{Page, Report, html, json_v1};

/// The most that S3 allows: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html>
const LINK_LASTS: Duration = Duration::from_hours(7 * 24);

#[derive(Debug, thiserror::Error)]
pub enum S3Error {
    #[error("cannot put the report to s3://{bucket}/{key}: {reason}")]
    Put { bucket: String, key: String, reason: String },
    #[error("cannot render the report: {0}")]
    Render(#[from] serde_json::Error),
}

/// Puts the JSON report under `<prefix>/reports/<date>/<run id>.json` and
/// returns the key.
pub async fn put_report(
    client: &Client,
    bucket: &str,
    prefix: &str,
    report: &Report,
) -> Result<String, S3Error> {
    let body = json_v1::render(report)?;
    put(client, bucket, report_key(prefix, report, "json"), "application/json", body).await
}

/// Puts the same report as a page for people beside it, and says where it lies.
///
/// The link opens it for whoever has it, without an account: for a week at most, and no longer than the
/// credentials that signed it live, which a role's do for some hours.
pub async fn put_page(client: &Client, bucket: &str, prefix: &str, report: &Report) -> Result<Page, S3Error> {
    let key = report_key(prefix, report, "html");
    let key = put(client, bucket, key, "text/html; charset=utf-8", html::render(report)).await?;
    Ok(Page { place: format!("s3://{bucket}/{key}"), link: link(client, bucket, &key).await })
}

async fn link(client: &Client, bucket: &str, key: &str) -> Option<String> {
    let lasts = PresigningConfig::expires_in(LINK_LASTS).ok()?;
    let link = client.get_object().bucket(bucket).key(key).presigned(lasts).await.ok()?;
    Some(link.uri().to_owned())
}

async fn put(
    client: &Client,
    bucket: &str,
    key: String,
    content_type: &str,
    body: String,
) -> Result<String, S3Error> {
    client
        .put_object()
        .bucket(bucket)
        .key(&key)
        .content_type(content_type)
        .body(ByteStream::from(body.into_bytes()))
        .send()
        .await
        .map_err(|error| S3Error::Put {
            bucket: bucket.to_owned(),
            key: key.clone(),
            reason: reason(&error, "s3:PutObject"),
        })?;
    Ok(key)
}

fn report_key(prefix: &str, report: &Report, extension: &str) -> String {
    let prefix = prefix.trim_matches('/');
    let slash = if prefix.is_empty() { "" } else { "/" };
    let date = report.run.started_at.format("%Y-%m-%d");
    format!("{prefix}{slash}reports/{date}/{}.{extension}", report.run.id)
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
    use aws_sdk_s3::operation::put_object::PutObjectOutput;
    use aws_smithy_mocks::{MockResponseInterceptor, Rule, create_mock_http_client, mock};
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_types::body::SdkBody;
    use chrono::DateTime;

    use super::*;
    use crate::report::{RunInfo, Usage};

    fn report() -> Report {
        Report {
            run: RunInfo {
                id: "run".into(),
                trigger: "manual",
                started_at: "2026-11-02T23:59:59Z".parse().unwrap(),
                finished_at: DateTime::UNIX_EPOCH,
                complete: true,
            },
            names: std::collections::BTreeMap::new(),
            accounts: vec![],
            regions: vec![],
            findings: vec![],
            incident: None,
            review: None,
            costs: None,
            digest: None,
            page: None,
            policies: vec![],
            coverage: vec![],
            notes: vec![],
            usage: Usage::default(),
        }
    }

    fn client(rule: &Rule) -> Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
            .http_client(create_mock_http_client())
            .interceptor(MockResponseInterceptor::new().with_rule(rule))
            .build();
        Client::from_conf(config)
    }

    #[tokio::test]
    async fn a_report_is_filed_under_its_day() {
        let put = mock!(Client::put_object)
            .match_requests(|r| {
                r.key() == Some("audit/prod/reports/2026-11-02/run.json")
                    && r.content_type() == Some("application/json")
            })
            .then_output(|| PutObjectOutput::builder().build());
        let key = put_report(&client(&put), "b", "audit/prod/", &report()).await.unwrap();
        assert_eq!(key, "audit/prod/reports/2026-11-02/run.json");
        assert_eq!(report_key("", &report(), "json"), "reports/2026-11-02/run.json");
    }

    #[tokio::test]
    async fn a_link_opens_the_page_for_a_week() {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
            .build();
        let link = link(&Client::from_conf(config), "audit", "reports/run.html").await.unwrap();
        assert!(link.starts_with("https://audit.s3.eu-west-1.amazonaws.com/reports/run.html?"), "{link}");
        assert!(link.contains("X-Amz-Expires=604800") && link.contains("X-Amz-Signature="), "{link}");
    }

    #[tokio::test]
    async fn a_denial_names_the_object_and_the_action() {
        let put = mock!(Client::put_object).then_http_response(|| {
            let body = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
            HttpResponse::new(403.try_into().unwrap(), SdkBody::from(body))
        });
        let error = put_report(&client(&put), "b", "", &report()).await.unwrap_err();
        insta::assert_snapshot!(error, @"cannot put the report to s3://b/reports/2026-11-02/run.json: AccessDenied: no (it needs s3:PutObject)");
    }
}
