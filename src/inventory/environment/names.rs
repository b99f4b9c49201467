//! What a variable's name says of its value.

/// What a name leads to expect.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Promise {
    /// Whatever stands there opens a door, be it weak.
    Password,
    /// A secret of its own application, which may be a word that somebody made up.
    Secret,
    /// A key or token that somebody issued.
    Key,
    /// Where it is random it is a secret; else it may be anything.
    Random,
    /// What tells where a secret lies.
    Reference,
    /// What browsers get to see.
    Public,
    Nothing,
}

/// Words that say which of several secrets it is, and not what.
const QUALIFIERS: &[&str] = &[
    "B64",
    "BASE64",
    "ENCODED",
    "PLAINTEXT",
    "VALUE",
    "OLD",
    "NEW",
    "PREVIOUS",
    "CURRENT",
    "PRIMARY",
    "SECONDARY",
    "PROD",
    "PRODUCTION",
    "LIVE",
    "STAGING",
    "DEV",
    "TEST",
];

/// With `KEY` after them, a secret.
const SECRET_KEYS: &[&str] = &[
    "API",
    "SECRET",
    "ACCESS",
    "PRIVATE",
    "MASTER",
    "ENCRYPTION",
    "SIGNING",
    "SIGNATURE",
    "AUTH",
    "LICENSE",
    "ACCOUNT",
    "SERVICE",
    "SHARED",
    "HMAC",
    "JWT",
    "DEPLOY",
    "SSH",
    "WEBHOOK",
    "INGEST",
    "INTEGRATION",
    "COOKIE",
    "SESSION",
];

/// Services whose keys are made for browsers.
const PUBLIC_SERVICES: &[&str] = &["AMPLITUDE", "BUGSNAG", "FIREBASE", "MAPS", "MIXPANEL", "PUSHER"];

/// What frameworks build into the pages that they serve.
const BROWSER_PREFIXES: &[&str] = &["REACT_APP_", "VITE_", "VUE_APP_", "GATSBY_"];

const PLACES: &[&str] = &["NAME", "NAMES", "ARN", "ARNS", "PATH", "FILE", "REF", "ID", "PREFIX"];

pub(super) fn promise(name: &str) -> Promise {
    let mut words = words(name);
    let upper = name.to_ascii_uppercase();
    if words.iter().any(|word| matches!(word.as_str(), "PUBLIC" | "PUBLISHABLE" | "ANON"))
        || BROWSER_PREFIXES.iter().any(|prefix| upper.starts_with(prefix))
    {
        return Promise::Public;
    }
    while words.len() > 1 && words.last().is_some_and(|word| is_qualifier(word)) {
        words.pop();
    }
    let Some((last, before)) = words.split_last() else {
        return Promise::Nothing;
    };
    let last = last.as_str();
    let previous = before.last().map_or("", String::as_str);
    let about_secrets = || before.iter().any(|word| SENSITIVE.iter().any(|s| word.contains(s)));
    if PLACES.contains(&last) && about_secrets() {
        return Promise::Reference;
    }
    let ends = |endings: &[&str]| endings.iter().any(|ending| last.ends_with(ending));
    if ends(&["PASSWORD", "PASSWD", "PASSPHRASE"])
        || (matches!(last, "PASS" | "PWD" | "PW") && !before.is_empty())
    {
        return Promise::Password;
    }
    let key = last == "KEY" && SECRET_KEYS.contains(&previous) || ends(&["TOKEN", "APIKEY", "SECRETKEY"]);
    if key && !upper.contains("SECRET") && before.iter().any(|word| PUBLIC_SERVICES.contains(&word.as_str()))
    {
        return Promise::Public;
    }
    match last {
        "BASE" if previous == "KEY" && upper.contains("SECRET") => Promise::Secret,
        _ if ends(&["SECRET", "SECRETS"]) || last == "KEY" && previous == "SECRET" => Promise::Secret,
        _ if key || ends(&["CREDENTIAL", "CREDENTIALS"]) => Promise::Key,
        "KEY" if before.iter().any(|word| word == "ENCRYPTION") => Promise::Random,
        "KEY" if previous == "APP" && !before.iter().any(|word| word == "PUSHER") => Promise::Random,
        "SALT" | "PEPPER" | "AUTH" => Promise::Random,
        _ => Promise::Nothing,
    }
}

const SENSITIVE: &[&str] = &["SECRET", "PASS", "PWD", "TOKEN", "CREDENTIAL", "KEY"];

fn is_qualifier(word: &str) -> bool {
    let version = word.strip_prefix('V').unwrap_or(word);
    QUALIFIERS.contains(&word) || version.bytes().all(|b| b.is_ascii_digit())
}

/// The words of `DB_PASSWORD`, `db.password`, `dbPassword` or `Db__Password`, in capitals.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && after_lower) {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(c.to_ascii_uppercase());
        }
        after_lower = c.is_ascii_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_part_at_marks_and_humps() {
        for name in ["DB_PASSWORD", "db.password", "dbPassword", "Db__Password"] {
            assert_eq!(words(name), ["DB", "PASSWORD"], "{name}");
        }
        assert!(words("__").is_empty());
    }

    #[test]
    fn the_last_word_that_tells_counts() {
        for (name, promised) in [
            ("PGPASSWORD", Promise::Password),
            ("SMTP_PASS", Promise::Password),
            ("MYSQL_PWD", Promise::Password),
            ("DB_PASSWORD_OLD", Promise::Password),
            ("PWD", Promise::Nothing),
            ("BYPASS", Promise::Nothing),
            ("PASSWORD_MIN_LENGTH", Promise::Nothing),
            ("SECRET_KEY_BASE", Promise::Secret),
            ("SECRET_KEY_BASE_DUMMY", Promise::Nothing),
            ("DJANGO_SECRET_KEY", Promise::Secret),
            ("Stripe__SecretKey", Promise::Secret),
            ("JWT_SECRET_V2", Promise::Secret),
            ("RAILS_MASTER_KEY", Promise::Key),
            ("NEW_RELIC_LICENSE_KEY", Promise::Key),
            ("SENDGRID_API_KEY", Promise::Key),
            ("API_KEY_1", Promise::Key),
            ("GOOGLE_APPLICATION_CREDENTIALS", Promise::Key),
            ("PARTITION_KEY", Promise::Nothing),
            ("APP_KEY", Promise::Random),
            ("DB_PASS_SECRET_NAME", Promise::Reference),
            ("RDS_secrets_name", Promise::Reference),
            ("DB_PASSWORD_FILE", Promise::Reference),
            ("STRIPE_PUBLISHABLE_KEY", Promise::Public),
            ("NEXT_PUBLIC_API_KEY", Promise::Public),
            ("GOOGLE_MAPS_API_KEY", Promise::Public),
            ("MIXPANEL_TOKEN", Promise::Public),
            ("MIXPANEL_API_SECRET", Promise::Secret),
            ("APP_NAME", Promise::Nothing),
        ] {
            assert_eq!(promise(name), promised, "{name}");
        }
    }
}
