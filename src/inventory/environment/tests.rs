use proptest::prelude::*;

use super::*;

/// Name, value, and the shape that is told of them; `!` marks what is a secret.
fn told(name: &str, value: &str) -> String {
    let variable = EnvironmentVariable::literal(name, value);
    format!("{}{}", if variable.secret { "!" } else { "" }, variable.shape)
}

fn check(table: &[(&str, &str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .filter(|(name, value, shape)| told(name, value) != *shape)
        .map(|(name, value, shape)| format!("{name}={value} is {}, not {shape}", told(name, value)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Put together here, so that nobody who looks for secrets finds one in this file.
fn issued(begin: &str, length: usize) -> String {
    format!("{begin}{}", "a1B2c3D4e5F6g7H8i9J0".repeat(6).chars().take(length).collect::<String>())
}

#[test]
fn urls_with_a_password_are_secrets_whatever_their_scheme_and_name() {
    check(&[
        ("DATABASE_URL", "postgres://app:s3cr3t@db.internal:5432/app", "!url_with_password"),
        ("DB", "mysql2://app:s3cr3t@db.internal/app?encoding=utf8", "!url_with_password"),
        ("REDIS_URL", "rediss://:s3cr3t@cache.internal:6379", "!url_with_password"),
        ("RABBIT", "amqps://app:s3cr3t@mq.internal/vhost", "!url_with_password"),
        ("MONGODB_URI", "mongodb+srv://app:s3cr3t@c0.mongodb.net/app", "!url_with_password"),
        ("MONGO", "mongodb://app:s3cr3t@a.internal:27017,b.internal:27017/app", "!url_with_password"),
        ("FEED", "https://app:s3cr3t@feeds.example.com/", "!url_with_password"),
        ("SMTP_URL", "smtp://app:s3cr3t@mail.example.com:587", "!url_with_password"),
        ("JDBC_URL", "jdbc:postgresql://db.internal/app?user=app&password=s3cr3t", "!url_with_password"),
        ("CLOUDINARY_URL", "cloudinary://123456789012345:s3cr3t_-x@app", "!url_with_password"),
        ("DATABASE_URL", "postgres://postgres:password@db.internal/app", "!url_with_password"),
        ("CALLBACK", "https://api.example.com/hook?api_key=0f3c7d2e5b", "!url_with_token"),
        ("EXPORT", "https://acme.blob.core.windows.net/x?sv=1&sig=0f3c7d2e5b", "!url_with_token"),
        ("SLACK", "https://hooks.slack.com/services/T000/B000/abcdefgh", "!webhook_url"),
        ("ADO", "Server=db.internal;User Id=app;Password=s3cr3t;", "!connection_string"),
        ("DSN", "host=db.internal user=app password=s3cr3t", "!connection_string"),
        ("JAVA_OPTS", "-Xmx512m -Dspring.datasource.password=s3cr3t -Da=b", "!connection_string"),
    ]);
}

#[test]
fn urls_without_a_password_are_not() {
    check(&[
        ("DATABASE_URL", "postgres://db.internal:5432/app", "url"),
        ("DATABASE_URL", "postgres://app@db.internal:5432/app", "url"),
        ("REDIS_URL", "redis://cache.internal:6379/0", "url"),
        ("SENTRY_DSN", "https://0f3c7d2e5b@o1.ingest.sentry.io/2", "url"),
        ("TOKEN_URL", "https://login.example.com/oauth/token?audience=x", "url"),
        ("DATABASE_URL", "postgres://app:${DB_PASSWORD}@db.internal/app", "url"),
        ("DATABASE_URL", "postgres://app:{password}@db.internal/app", "url"),
        ("DATABASE_URL", "postgres://app:****@db.internal/app", "url"),
        ("DATABASE_URL", "postgres://postgres:postgres@localhost:5432/app", "local_url"),
        ("STATSD", "udp://127.0.0.1:8125", "local_url"),
        ("JAVA_OPTS", "-Xmx512m -Djavax.net.ssl.trustStorePassword=changeit -Da=b", "plain"),
    ]);
}

#[test]
fn names_of_heroku_s_config_vars_tell_secrets() {
    check(&[
        ("SECRET_KEY_BASE", "0f3c7d2e5b9a4f6180f3c7d2e5b9a4f6", "!key"),
        ("RAILS_MASTER_KEY", "0f3c7d2e5b9a4f6180f3c7d2e5b9a4f6", "!key"),
        ("DEVISE_SECRET_KEY", "0f3c7d2e5b9a4f618", "!key"),
        ("JWT_SECRET", "supersecret", "!key"),
        ("PAPERTRAIL_API_TOKEN", "AbCdEf1234567890abcd", "!key"),
        ("NEW_RELIC_LICENSE_KEY", "0f3c7d2e5b9a4f6180f3c7d2e5b9a4f6180f3c7d", "!key"),
        ("MAILGUN_API_KEY", "0f3c7d2e5b9a4f6180f3c7d2e5b9a4f6-12345678-9abcdef0", "!key"),
        ("POSTMARK_API_TOKEN", "0f3c7d2e-5b9a-4f61-80f3-c7d2e5b9a4f6", "!key"),
        ("SENDGRID_PASSWORD", "kj3h4kjh", "!password"),
        ("APP_KEY", "base64:3q2+7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "!key"),
        ("AWS_SECRET_ACCESS_KEY", "/aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5zA7", "!aws_access_key"),
        ("GOOGLE_CREDENTIALS", "ewogICJhIjogMTIzNDU2Nzg5MAp9Cg==", "!key"),
        ("HTTP_BASIC_AUTH", "admin:hunter2hunter2", "!user_and_password"),
        ("Stripe__SecretKey", "0f3c7d2e5b9a4f618", "!key"),
        ("HONEYBADGER_API_KEY", "hbp_0f3c7d2e5b", "!key"),
        ("AUTH0_CLIENT_SECRET", "abcDEF123-_xyzabcDEF123-_xyz", "!key"),
        ("ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY", "a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6", "!key"),
        ("COOKIE_SECRET", "keyboard cat", "!key"),
    ]);
}

/// Plain passwords of little entropy pass for harmless where only randomness is looked for.
#[test]
fn passwords_may_be_weak() {
    check(&[
        ("DB_PASSWORD", "hunter2", "!password"),
        ("DB_PASSWORD", "changeme", "!password"),
        ("PGPASSWORD", "postgres", "!password"),
        ("db_pass", "correct horse", "!password"),
        ("SMTP_PASS", "123456", "!password"),
        ("DB_PASSWORD", "correct-horse", "!password"),
        ("JWT_SECRET", "changeme", "plain"),
        ("API_TOKEN", "replace-me", "plain"),
        ("DB_PASSWORD", "<your password>", "placeholder"),
        ("DB_PASSWORD", "xxxxxxxx", "placeholder"),
        ("SECRET_KEY_BASE", "dummy", "placeholder"),
        ("SECRET_KEY_BASE_DUMMY", "1", "flag"),
    ]);
}

#[test]
fn names_and_values_that_only_refer_to_secrets_are_not_secrets() {
    check(&[
        ("DB_PASS_SECRET_NAME", "prod/db", "reference"),
        ("RDS_secrets_name", "rds-credentials-a1B2c3", "reference"),
        ("db_pass_secret", "my-app-db-password", "reference"),
        ("db_pass_secret", "prod/app/db", "reference"),
        ("DB_SECRET", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-a1B2c3", "reference"),
        ("DB_PASSWORD", "/prod/app/db_password", "reference"),
        ("DB_PASSWORD", "prod/app/db-password", "reference"),
        ("DB_PASSWORD_FILE", "/run/secrets/db_password", "reference"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/app/config/google.json", "reference"),
        ("JWT_PRIVATE_KEY", "./keys/jwt.pem", "reference"),
        ("DB_PASSWORD", "${DB_PASSWORD}", "reference"),
        ("DB_PASSWORD", "$(DB_PASSWORD)", "reference"),
        ("DB_PASSWORD", "{{resolve:ssm:/prod/db}}", "reference"),
        ("API_TOKEN", "op://vault/item/field", "reference"),
        ("PWD", "/usr/src/app", "reference"),
        ("MYSQL_ALLOW_EMPTY_PASSWORD", "yes", "flag"),
        ("RESET_PASSWORD", "true", "flag"),
        ("DB_PASSWORD", "", "empty"),
        ("PASSWORD_MIN_LENGTH", "12", "flag"),
        ("TOKEN_TTL", "3600s", "flag"),
        ("CSRF_TOKEN", "X-CSRF-Token", "reference"),
        ("DB_SECRET", "rds!db-0f3c7d2e-5b9a-4f61-80f3-c7d2e5b9a4f6", "reference"),
        ("DB_SECRET", "MyStack-DbSecret", "reference"),
        ("UPLOADS_PATH", "/data", "reference"),
        ("AUTH_TOKEN", "Authorization", "plain"),
        ("CACHE_KEY", "views-a1b2c3d4e5f6a7b8", "plain"),
        ("KMS_KEY_ID", "0f3c7d2e-5b9a-4f61-80f3-c7d2e5b9a4f6", "reference"),
        ("LOG_LEVEL", "info", "plain"),
        ("GIT_SHA", "0f3c7d2e5b9a4f6180f3c7d2e5b9a4f6180f3c7d", "plain"),
        ("SENDGRID_USERNAME", "app12345@heroku.com", "plain"),
    ]);
}

#[test]
fn what_browsers_get_to_see_is_no_secret() {
    check(&[
        ("STRIPE_PUBLISHABLE_KEY", "pk_live_a1B2c3D4e5F6g7H8i9J0", "publishable_key"),
        ("STRIPE_KEY", "pk_live_a1B2c3D4e5F6g7H8i9J0", "publishable_key"),
        ("NEXT_PUBLIC_API_KEY", "0f3c7d2e5b9a4f618", "publishable_key"),
        ("MIXPANEL_TOKEN", "0f3c7d2e5b9a4f6180f3c7d2e5b9a4f6", "publishable_key"),
        ("JWT_PUBLIC_KEY", "-----BEGIN PUBLIC KEY-----\nMIIB", "publishable_key"),
        ("FIREBASE_CONFIG", r#"{"apiKey":"0f3c7d2e5b9a4f618","projectId":"x"}"#, "plain"),
        ("TLS_CERT", "-----BEGIN CERTIFICATE-----\nMIIB", "plain"),
    ]);
    let token = format!("eyJ{0}.eyJ{0}.{0}", "hbGciOiJIUzI1NiJ9");
    assert_eq!(told("SUPABASE_ANON_KEY", &token), "publishable_key");
    assert_eq!(told("GOOGLE_MAPS_API_KEY", &issued("AIza", 35)), "publishable_key");
    assert_eq!(told("VITE_STRIPE", &issued("sk_live_", 24)), "!stripe_key");
}

#[test]
fn values_that_tell_by_themselves_are_secrets_whatever_their_name() {
    for (value, shape) in [
        (issued("sk_live_", 24), "!stripe_key"),
        (issued("sk_test_", 24), "test_key"),
        (issued("ghp_", 36), "!github_token"),
        (issued("xoxb-", 40), "!slack_token"),
        (issued("SG.", 60), "!sendgrid_key"),
        (issued("HRKU-", 36), "!heroku_key"),
        (issued("sk-", 20), "plain"),
        (format!("key-{}", "0f3c7d2e".repeat(4)), "!mailgun_key"),
        (format!("AKIA{}", "Q7R5".repeat(4)), "!aws_access_key"),
        (["AKIA", "IOSFODNN7", "EXAMPLE"].concat(), "plain"),
        (format!("eyJ{0}.eyJ{0}.{0}", "hbGciOiJIUzI1NiJ9"), "!json_web_token"),
        (["-----BEGIN RSA PRIVATE", " KEY-----\\nMIIE"].concat(), "!private_key"),
        (["LS0tLS1CRUdJTiBSU0EgUFJJVkFUR", "SBLRVktLS0tLQ"].concat(), "!private_key"),
        ("Bearer 0f3c7d2e5b9a4f618".to_owned(), "!authorization_header"),
        ("api-key=0f3c7d2e5b9a4f618,x=y".to_owned(), "!authorization_header"),
        (r#"{"host":"db","password":"s3cr3t"}"#.to_owned(), "!password"),
        (r#"{"urls":["redis://:s3cr3t@cache.internal"]}"#.to_owned(), "!url_with_password"),
        (r#"{"level":"info","password_file":"/a/b"}"#.to_owned(), "plain"),
    ] {
        assert_eq!(told("SETTING", &value), shape, "{value}");
    }
    let url = format!("https://{}@github.com/acme/app", issued("ghp_", 36));
    assert_eq!(told("BUNDLE_GITHUB__COM", &url), "!url_with_token");
}

#[test]
fn what_is_of_heroku_is_named() {
    let hex = "0f3c7d2e5b9a4f61".repeat(4);
    let ec2 = "ec2-54-12-34-56.compute-1.amazonaws.com";
    let database = format!(
        "postgres://u3kq9x0z1w2v4s:p{hex}@c9pv5s2sq0i76o.cluster-czrs8kj4isg7.us-east-1.rds.amazonaws.com:5432/d8fjq2k1m0n3p4"
    );
    for (name, value, heroku) in [
        (
            "DATABASE_URL",
            format!("postgres://kqzjwvxytrplms:{hex}@{ec2}:5432/d8fjq2k1m0n3p"),
            Some("Heroku Postgres"),
        ),
        (
            "DATABASE_URL",
            format!(
                "postgres://kqzjwvxytrplms:{hex}@ec2-34-1-2-3.eu-west-1.compute.amazonaws.com:5432/d8fjq2k1m0n3p4"
            ),
            Some("Heroku Postgres"),
        ),
        ("OLD_DATABASE", database, Some("Heroku Postgres")),
        ("REDIS_URL", format!("rediss://:p{hex}@{ec2}:21340"), Some("Heroku Redis")),
        ("REDIS_URL", format!("redis://h:{hex}@{ec2}:6379"), Some("Heroku Redis")),
        ("KAFKA_URL", format!("kafka+ssl://{ec2}:9096,kafka+ssl://{ec2}:9096"), Some("Heroku Kafka")),
        ("HEROKU_POSTGRESQL_ROSE_URL", "postgres://a:b@c/d".to_owned(), Some("Heroku Postgres")),
        ("HEROKU_APP_NAME", "acme".to_owned(), Some("Heroku variable")),
        ("HEROKU_SLUG_COMMIT", String::new(), Some("Heroku variable")),
        ("DYNO", "web.1".to_owned(), Some("Heroku variable")),
        ("DYNO", "standard".to_owned(), None),
        ("API_BASE", "https://acme.herokuapp.com/v1".to_owned(), Some("Heroku address")),
        ("ALLOWED_HOSTS", "acme.com,acme.herokuapp.com".to_owned(), Some("Heroku address")),
        ("ENDPOINT", "https://example.com/?from=herokuapp.com".to_owned(), None),
        ("HOST", "notherokuapp.com".to_owned(), None),
        ("SYSLOG", "logs3.papertrailapp.com:12345".to_owned(), Some("Papertrail log drain")),
        ("SYSLOG", "syslog+tls://logs3.papertrailapp.com:12345".to_owned(), Some("Papertrail log drain")),
        ("PAPERTRAIL_API_TOKEN", "AbCdEf1234567890abcd".to_owned(), Some("Papertrail")),
        ("SENDGRID_USERNAME", "app12345@heroku.com".to_owned(), Some("Heroku add-on")),
        ("SENDGRID_API_KEY", issued("SG.", 60), None),
        ("MAILGUN_SMTP_LOGIN", "postmaster@app1234abcd.mailgun.org".to_owned(), Some("Heroku add-on")),
        ("MAILGUN_DOMAIN", "mg.acme.com".to_owned(), None),
        ("BUCKETEER_BUCKET_NAME", "bucketeer-0f3c".to_owned(), Some("Heroku add-on")),
        ("JAWSDB_MARIA_URL", "mysql://a:b@c/d".to_owned(), Some("Heroku add-on")),
        ("IRON", "yes".to_owned(), None),
        ("PGHOST", ec2.to_owned(), Some("Heroku Postgres")),
        ("REDIS_ADDRESS", format!("{ec2}:6379"), Some("Heroku Redis")),
        ("BASTION_HOST", ec2.to_owned(), None),
        (
            "DATABASE_URL",
            "postgres://app:s3cr3t@app.cluster-czrs8kj4isg7.us-east-1.rds.amazonaws.com/app".to_owned(),
            None,
        ),
        ("DATABASE_URL", format!("postgres://app:{hex}@{ec2}/app"), None),
    ] {
        assert_eq!(EnvironmentVariable::literal(name, &value).heroku.as_deref(), heroku, "{name}={value}");
    }
}

#[test]
fn a_reference_is_no_secret_and_may_be_heroku_s_by_its_name() {
    let variable = EnvironmentVariable::reference("HEROKU_API_KEY");
    assert_eq!((variable.source.as_str(), variable.shape.as_str()), ("reference", "reference"));
    assert!(!variable.secret);
    assert_eq!(variable.heroku.as_deref(), Some("Heroku variable"));
    assert_eq!(EnvironmentVariable::reference("DATABASE_URL").heroku, None);
}

proptest! {
    /// Whatever is done with it, no six characters of a secret get out.
    #[test]
    fn no_part_of_a_value_is_kept(
        name in prop::sample::select(vec!["DB_PASSWORD", "DATABASE_URL", "API_KEY", "JWT_SECRET", "X", "HEROKU_POSTGRESQL_URL"]),
        form in prop::sample::select(vec![
            "{}", "postgres://app:{}@db.internal/app", "https://x.example.com/?token={}", "Bearer {}", "sk_live_{}",
            "{\"password\":\"{}\"}", "Server=a;Password={};", "-----BEGIN PRIVATE KEY-----\n{}", "app:{}", "arn:aws:{}",
            "redis://:p{}@ec2-1.compute-1.amazonaws.com", "/path/{}", "{}@heroku.com", "{}.herokuapp.com",
        ]),
        secret in "[a-zA-Z0-9+/=_.-]{6,40}",
    ) {
        let variable = EnvironmentVariable::literal(name, &form.replace("{}", &secret));
        // a dull draw such as `secret` may be among our own words
        let words = serde_json::to_string(&EnvironmentVariable::literal(name, "")).unwrap();
        let json = serde_json::to_string(&variable).unwrap();
        for window in secret.as_bytes().windows(6) {
            let part = std::str::from_utf8(window).unwrap();
            prop_assert!(!json.contains(part) || words.contains(part), "{part} in {json}");
        }
    }

    #[test]
    fn any_text_at_all_is_judged(name in ".*", value in ".*") {
        EnvironmentVariable::literal(&name, &value);
    }
}
