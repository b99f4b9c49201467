//! A team's own policies: from a folder or from S3, selected by tag, tested in CI.

use aws_sdk_s3::primitives::ByteStream;

use crate::local::{Local, found};

const BUCKET: &str = "aftermove-policies";

/// Large log groups, whatever their retention; it takes no notice of the built-in policies.
const LARGE: &str = r#"id: logs-large
title: Large log group
severity: low
tags: [ours]
resource: AWS::Logs::LogGroup
params: { max_gb: 10.0 }
violation: double(resource.stored_bytes) / 1e9 > params.max_gb
message: "{resource.name} is large"
why: It costs.
fix: Log less.
tests:
  - { name: large, resource: { name: a, stored_bytes: 11000000000 }, expect: fail }
  - { name: small, resource: { name: a, stored_bytes: 1 }, expect: pass }
"#;

async fn put(local: &Local, objects: &[(&str, &str)]) {
    let config = aws_sdk_s3::config::Builder::from(&local.sdk().await).force_path_style(true).build();
    let s3 = aws_sdk_s3::Client::from_conf(config);
    let place = aws_sdk_s3::types::CreateBucketConfiguration::builder()
        .location_constraint(aws_sdk_s3::types::BucketLocationConstraint::EuWest1)
        .build();
    s3.create_bucket().bucket(BUCKET).create_bucket_configuration(place).send().await.unwrap();
    for (key, text) in objects {
        let body = ByteStream::from(text.as_bytes().to_vec());
        s3.put_object().bucket(BUCKET).key(*key).body(body).send().await.unwrap();
    }
}

#[tokio::test]
async fn policies_under_an_s3_prefix_join_the_built_in_ones() {
    let (local, _) = Local::seeded();
    put(
        &local,
        &[("team/logs/logs-large.yaml", LARGE), ("team/README.md", "no policy"), ("other/x.yaml", "?")],
    )
    .await;
    let (report, _) = local.scan(&["--policies", "s3://aftermove-policies/team/", "--only", "ours"]);
    assert_eq!(found(&report, &["new"]), ["logs-large /aws/lambda/nightly-report", "logs-large /ecs/orders"]);

    // the same from the configuration, with a param of it overridden
    let place = format!("policies: s3://{BUCKET}/team\n");
    local.write("aftermove.yaml", &format!("version: 1\n{place}params: {{ logs-large: {{ max_gb: 1 }} }}\n"));
    let (report, _) = local.scan(&["--config", "aftermove.yaml", "--only", "ours"]);
    assert_eq!(
        found(&report, &["new"]),
        ["logs-large /aws/lambda/nightly-report", "logs-large /ecs/orders", "logs-large /ecs/web"]
    );
}

#[tokio::test]
async fn what_is_wrong_under_an_s3_prefix_is_named_by_its_key() {
    let local = Local::start();
    put(&local, &[("bad/logs-large.yaml", &LARGE.replace("stored_bytes) /", "stored_byte) /"))]).await;
    let refused = |place: &str| {
        let output = local.aftermove(&["policy", "check", "--policies", place]);
        assert_eq!(output.status.code(), Some(2), "{place}");
        String::from_utf8(output.stderr).unwrap()
    };
    let error = refused("s3://aftermove-policies/bad");
    assert!(error.contains("s3://aftermove-policies/bad/logs-large.yaml:7"), "{error}");
    assert!(error.contains("did you mean `stored_bytes`?"), "{error}");
    assert!(refused("s3://aftermove-policies/none/").contains("there is no policy (*.yaml)"));
    assert!(refused("s3://no-such-bucket/x").contains("NoSuchBucket"));
    assert!(refused("s3://").contains("it names no bucket"));
}

#[test]
fn a_relative_folder_counts_from_the_configuration() {
    let (local, _) = Local::seeded();
    std::fs::create_dir_all(local.folder.path().join("audit/mine")).unwrap();
    local.write("audit/mine/logs-large.yaml", LARGE);
    local.write("audit/aftermove.yaml", "version: 1\npolicies: mine\n");
    let (report, _) = local.scan(&["--config", "audit/aftermove.yaml", "--only", "ours"]);
    assert_eq!(found(&report, &["new"]), ["logs-large /aws/lambda/nightly-report", "logs-large /ecs/orders"]);
}

#[test]
fn failing_cases_are_told_and_written_as_junit() {
    let local = Local::start();
    local.write("logs-large.yaml", &LARGE.replace("name: small, ", "name: small, severity: low, "));
    let arguments =
        ["policy", "test", "--policies", "logs-large.yaml", "--only", "ours", "--junit", "out.xml"];
    let output = local.aftermove(&arguments);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("FAIL logs-large: small  (logs-large.yaml:13)"), "{text}");
    assert!(text.contains("- low") && text.contains("+ nothing fails"), "{text}");
    assert!(text.ends_with("1 passed, 1 failed\n"), "{text}");
    let xml = std::fs::read_to_string(local.folder.path().join("out.xml")).unwrap();
    assert!(xml.contains(r#"tests="2" skipped="0" failures="1""#), "{xml}");
}
