//! Secrets that tell by themselves what they are.

/// How tokens of an issuer begin, how long they are at least, and what to call them.
const ISSUED: &[(&str, usize, &str)] = &[
    ("sk_live_", 20, "stripe_key"),
    ("rk_live_", 20, "stripe_key"),
    ("whsec_", 20, "webhook_secret"),
    ("ghp_", 30, "github_token"),
    ("gho_", 30, "github_token"),
    ("ghu_", 30, "github_token"),
    ("ghs_", 30, "github_token"),
    ("ghr_", 30, "github_token"),
    ("github_pat_", 30, "github_token"),
    ("glpat-", 20, "gitlab_token"),
    ("xoxb-", 20, "slack_token"),
    ("xoxp-", 20, "slack_token"),
    ("xoxa-", 20, "slack_token"),
    ("xoxs-", 20, "slack_token"),
    ("xapp-", 20, "slack_token"),
    ("SG.", 40, "sendgrid_key"),
    ("xkeysib-", 40, "brevo_key"),
    ("npm_", 36, "npm_token"),
    ("pypi-AgE", 40, "pypi_token"),
    ("dckr_pat_", 20, "docker_token"),
    ("rubygems_", 40, "rubygems_key"),
    ("HRKU-", 20, "heroku_key"),
    ("NRAK-", 20, "new_relic_key"),
    ("sk-ant-", 30, "anthropic_key"),
    ("sk-proj-", 30, "openai_key"),
    ("sk-", 40, "openai_key"),
    ("hf_", 30, "hugging_face_token"),
    ("AIza", 39, "google_key"),
    ("ya29.", 30, "google_token"),
    ("GOCSPX-", 25, "google_secret"),
    ("shpat_", 30, "shopify_token"),
    ("shpss_", 30, "shopify_secret"),
    ("sq0csp-", 30, "square_secret"),
    ("dop_v1_", 40, "digitalocean_token"),
    ("hvs.", 24, "vault_token"),
    ("dp.st.", 30, "doppler_token"),
    ("sntrys_", 30, "sentry_token"),
    ("sntryu_", 30, "sentry_token"),
    ("phx_", 30, "posthog_key"),
    ("lin_api_", 30, "linear_key"),
    ("PMAK-", 30, "postman_key"),
    ("tskey-", 20, "tailscale_key"),
    ("sdk-", 40, "launchdarkly_key"),
];

/// What issuers mark as fit for browsers.
const PUBLISHABLE: &[&str] = &["pk_live_", "pk_test_", "pk.eyJ", "phc_"];

/// Keys of sandboxes, in which no money moves.
const TEST: &[&str] = &["sk_test_", "rk_test_"];

/// The base64 of `-----BEGIN PRIVATE`, `... RSA PRIVATE`, `... EC PRIVATE`, `... OPENSSH PRIVATE` and `... ENCRYPTED PRIVATE`.
const ENCODED_PRIVATE_KEYS: &[&str] = &[
    "LS0tLS1CRUdJTiBQUklWQVRF",
    "LS0tLS1CRUdJTiBSU0EgUFJJVkFUR",
    "LS0tLS1CRUdJTiBFQyBQUklWQVRF",
    "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVE",
    "LS0tLS1CRUdJTiBFTkNSWVBURUQgUFJJVkFUR",
];

pub(super) fn issued(value: &str) -> Option<&'static str> {
    if value.contains("PRIVATE KEY-----") || ENCODED_PRIVATE_KEYS.iter().any(|begin| value.starts_with(begin))
    {
        return Some("private_key");
    }
    if is_permanent_access_key(value) {
        return Some("aws_access_key");
    }
    if value.len() == 36 && value.starts_with("key-") && is_hex(&value[4..]) {
        return Some("mailgun_key");
    }
    if value.len() == 40 && value.ends_with("NRAL") {
        return Some("new_relic_key");
    }
    let token = |c: u8| c.is_ascii_alphanumeric() || b"-_.=:".contains(&c);
    ISSUED
        .iter()
        .find(|(begin, length, _)| {
            value.starts_with(begin) && value.len() >= *length && value.bytes().all(token)
        })
        .map(|(.., word)| *word)
}

pub(super) fn is_publishable(value: &str) -> bool {
    PUBLISHABLE.iter().any(|begin| value.starts_with(begin))
}

pub(super) fn is_test_key(value: &str) -> bool {
    TEST.iter().any(|begin| value.starts_with(begin))
}

/// Three parts in base64, the first two of which hold JSON.
pub(super) fn is_json_web_token(value: &str) -> bool {
    let parts: Vec<&str> = value.split('.').collect();
    let base64 = |part: &str| {
        part.len() >= 10 && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_=".contains(&b))
    };
    parts.len() == 3 && parts[..2].iter().all(|part| part.starts_with("eyJ")) && parts.into_iter().all(base64)
}

/// Keys that begin with ASIA end by themselves; those of AWS's own documentation open nothing.
fn is_permanent_access_key(value: &str) -> bool {
    value.len() == 20
        && value.starts_with("AKIA")
        && value.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && !value.ends_with("EXAMPLE")
}

pub(super) fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit())
}
