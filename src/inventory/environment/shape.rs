//! What a value looks like.

use serde_json::Value as Json;

use super::names::{Promise, promise};
use super::tokens;
use super::urls::{Url, urls};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shape {
    Empty,
    Flag,
    Reference,
    Placeholder,
    Url,
    LocalUrl,
    PublishableKey,
    TestKey,
    Plain,
    Secret(&'static str),
}

impl Shape {
    pub(super) fn of(name: &str, value: &str) -> Self {
        let value = value.trim().trim_matches(['"', '\'']);
        let promise = promise(name);
        if value.is_empty() {
            return Self::Empty;
        }
        if is_reference(value) {
            return Self::Reference;
        }
        if let Some(shape) = by_itself(promise, value) {
            return shape;
        }
        if value.starts_with('{')
            && let Ok(json) = serde_json::from_str::<Json>(value)
        {
            return within(name, &json).map_or(Self::Plain, Self::Secret);
        }
        by_name(name, promise, value)
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Flag => "flag",
            Self::Reference => "reference",
            Self::Placeholder => "placeholder",
            Self::Url => "url",
            Self::LocalUrl => "local_url",
            Self::PublishableKey => "publishable_key",
            Self::TestKey => "test_key",
            Self::Plain => "plain",
            Self::Secret(word) => word,
        }
    }

    pub(super) fn is_secret(self) -> bool {
        matches!(self, Self::Secret(_))
    }
}

/// What the value says whatever it is called; None where it says nothing.
fn by_itself(promise: Promise, value: &str) -> Option<Shape> {
    if tokens::is_publishable(value) {
        return Some(Shape::PublishableKey);
    }
    if tokens::is_test_key(value) {
        return Some(Shape::TestKey);
    }
    match tokens::issued(value) {
        // which Google gives to pages and servers alike
        Some("google_key") if promise == Promise::Public => return Some(Shape::PublishableKey),
        Some(word) => return Some(Shape::Secret(word)),
        None => {}
    }
    if tokens::is_json_web_token(value) {
        let public = promise == Promise::Public;
        return Some(if public { Shape::PublishableKey } else { Shape::Secret("json_web_token") });
    }
    if is_authorization(value) {
        return Some(Shape::Secret("authorization_header"));
    }
    let mut found = None;
    for url in urls(value) {
        match of_url(&url) {
            secret @ Shape::Secret(_) => return Some(secret),
            shape => found = found.or(Some(shape)),
        }
    }
    if is_connection_string(value) {
        return Some(Shape::Secret("connection_string"));
    }
    found
}

fn of_url(url: &Url<'_>) -> Shape {
    if url.is_local() {
        return Shape::LocalUrl;
    }
    if url.password.is_some_and(is_filled_in) {
        return Shape::Secret("url_with_password");
    }
    if tokens::issued(url.user).is_some() {
        return Shape::Secret("url_with_token");
    }
    if is_webhook(url) {
        return Shape::Secret("webhook_url");
    }
    let signed = url.is_of("core.windows.net") || url.is_of("azurewebsites.net");
    let telling = |name: &str| {
        matches!(promise(name), Promise::Password | Promise::Secret | Promise::Key)
            || (signed && matches!(name, "sig" | "code"))
    };
    match url.query().find(|(name, value)| telling(name) && value.len() >= 4 && is_filled_in(value)) {
        Some((name, _)) if promise(name) == Promise::Password => Shape::Secret("url_with_password"),
        Some(_) => Shape::Secret("url_with_token"),
        None => Shape::Url,
    }
}

/// Addresses that let everybody who knows them write.
fn is_webhook(url: &Url<'_>) -> bool {
    let path = |begin: &str| url.rest.strip_prefix(begin).is_some_and(|rest| rest.len() >= 8);
    url.is_of("hooks.slack.com") && (path("/services/") || path("/workflows/") || path("/triggers/"))
        || (url.is_of("discord.com") || url.is_of("discordapp.com")) && path("/api/webhooks/")
        || url.is_of("webhook.office.com") && path("/webhook")
}

/// `Server=…;Password=…`, `host=… password=…`, `-Dspring.datasource.password=…`.
fn is_connection_string(value: &str) -> bool {
    let pairs: Vec<(String, &str)> = value
        .split([';', ' ', '\n'])
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim()))
        .collect();
    let telling = |name: &str| {
        ["password", "sharedaccesskey", "accountkey"].iter().any(|end| name.ends_with(end)) || name == "pwd"
    };
    // what every Java ships with
    let ours = |value: &str| is_filled_in(value) && value != "changeit";
    pairs.len() > 1 && pairs.iter().any(|(name, value)| telling(name) && ours(value))
}

/// `Bearer …`, `Basic …`, and the `name=value` lists in which telemetry is given its headers.
fn is_authorization(value: &str) -> bool {
    let of = |text: &str| {
        let text = text.trim().replace("%20", " ");
        let (scheme, rest) = text.split_once(' ').unwrap_or_default();
        ["bearer", "basic"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
            && rest.len() >= 12
            && is_filled_in(rest)
            && !rest.contains(' ')
    };
    let header = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or_default();
        let name = name.trim().to_ascii_lowercase();
        of(value) || ["api-key", "x-honeycomb-team"].contains(&name.as_str()) && is_random(value.trim())
    };
    of(value) || value.split(',').any(header)
}

/// What the value is where only the name tells.
fn by_name(name: &str, promise: Promise, value: &str) -> Shape {
    let digits = value.bytes().all(|b| b.is_ascii_digit());
    if is_flag(value) && !(promise == Promise::Password && digits && value.len() > 5) {
        return Shape::Flag;
    }
    if is_placeholder(value) {
        return Shape::Placeholder;
    }
    let opaque = value.bytes().all(|b| b.is_ascii_graphic());
    match promise {
        Promise::Nothing => Shape::Plain,
        Promise::Reference => Shape::Reference,
        Promise::Public => Shape::PublishableKey,
        Promise::Password if names_a_secret(value) => Shape::Reference,
        Promise::Password => Shape::Secret("password"),
        Promise::Random if user_and_password(value) && name.to_ascii_uppercase().ends_with("AUTH") => {
            Shape::Secret("user_and_password")
        }
        Promise::Key if user_and_password(value) && name.to_ascii_uppercase().contains("CREDENTIAL") => {
            Shape::Secret("user_and_password")
        }
        Promise::Random => {
            if is_random(value) {
                Shape::Secret("key")
            } else {
                Shape::Plain
            }
        }
        Promise::Key if !opaque => Shape::Plain,
        Promise::Key | Promise::Secret if value.len() < 8 || is_dummy(value) => Shape::Plain,
        Promise::Key | Promise::Secret if is_made_of_words(value) || names_a_secret(value) => {
            Shape::Reference
        }
        Promise::Key if value.len() < 16 && value.bytes().all(|b| b.is_ascii_alphabetic()) => Shape::Plain,
        Promise::Key if name.to_ascii_uppercase().contains("SECRET_ACCESS_KEY") => {
            Shape::Secret("aws_access_key")
        }
        Promise::Key | Promise::Secret => Shape::Secret("key"),
    }
}

/// The first secret among the fields of a document, whose names follow on its own.
fn within(name: &str, json: &Json) -> Option<&'static str> {
    let of = |name: &str, value: &Json| match value {
        Json::String(text) => match Shape::of(name, text) {
            Shape::Secret(word) => Some(word),
            _ => None,
        },
        Json::Object(_) | Json::Array(_) => within(name, value),
        _ => None,
    };
    match json {
        Json::Object(fields) => {
            fields.iter().find_map(|(field, value)| of(&format!("{name}_{field}"), value))
        }
        Json::Array(items) => items.iter().find_map(|item| of(name, item)),
        _ => None,
    }
}

/// A name, a path or a template that something else resolves.
fn is_reference(value: &str) -> bool {
    let schemes = [
        "arn:",
        "vault:",
        "ssm:",
        "secretsmanager:",
        "op://",
        "sm://",
        "file:",
        "s3://",
        "rds!",
        "/run/secrets/",
    ];
    schemes.iter().any(|scheme| value.starts_with(scheme))
        || (value.starts_with(['/', '.', '~']) && is_made_of_words(value.trim_start_matches(['.', '~'])))
        || (value.starts_with('$') && is_template(value))
        || (value.starts_with("{{") && value.ends_with("}}"))
}

/// `${NAME}`, `$(NAME)` or `$NAME`.
fn is_template(value: &str) -> bool {
    let name = value.trim_start_matches('$').trim_matches(['{', '}', '(', ')']);
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && value.starts_with('$')
        && (value[1..].starts_with(['{', '(']) || name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
}

/// Whether it stands for itself, and not for what is filled in later.
fn is_filled_in(value: &str) -> bool {
    !is_reference(value) && !is_placeholder(value) && !value.starts_with("%s") && !is_braced(value)
}

fn is_braced(value: &str) -> bool {
    [('{', '}'), ('<', '>'), ('[', ']')]
        .iter()
        .any(|(open, close)| value.starts_with(*open) && value.ends_with(*close))
}

/// What nobody can log in with. `changeme` is not among them: as a password it works.
fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let first = value.chars().next();
    let repeated = value.len() > 2
        && value.chars().all(|c| Some(c) == first)
        && "xX*.-_#?".contains(first.unwrap_or('x'));
    let words =
        ["placeholder", "dummy", "unused", "redacted", "todo", "tbd", "n/a", "not-used", "not_used", "unset"];
    repeated
        || is_braced(value)
        || words.contains(&lower.as_str())
        || lower.starts_with("your-")
        || lower.starts_with("your_")
}

/// What stands for an issued key until there is one.
fn is_dummy(value: &str) -> bool {
    let plain: String = value.to_ascii_lowercase().replace(['-', '_'], "");
    ["changeme", "replaceme", "changeit", "example", "fakekey", "testtest"].contains(&plain.as_str())
        || value.ends_with("EXAMPLE")
        || value.ends_with("EXAMPLEKEY")
}

fn is_flag(value: &str) -> bool {
    let words = [
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "enabled",
        "disabled",
        "none",
        "null",
        "nil",
        "undefined",
        "required",
        "optional",
    ];
    let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &value[number.len()..];
    words.contains(&value.to_ascii_lowercase().as_str())
        || (!number.is_empty()
            && unit.len() <= 7
            && number.bytes().all(|b| b.is_ascii_digit() || b".,-+_".contains(&b)))
            && ["", "s", "m", "h", "d", "ms", "kb", "mb", "gb", "seconds", "minutes", "hours", "days"]
                .contains(&unit.to_ascii_lowercase().as_str())
}

/// `prod/db/password`, `my-db-secret`: the name that a secret has where it is kept.
fn names_a_secret(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let parted = value.contains(['/', '-', '_']);
    parted && value.contains('/') && is_made_of_words(value)
        || parted
            && ["secret", "password", "credential"].iter().any(|word| lower.contains(word))
            && is_slug(value)
}

fn is_slug(value: &str) -> bool {
    value.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.".contains(&b))
}

/// A path, or at least two parts, each of which looks like a word or a short number.
fn is_made_of_words(value: &str) -> bool {
    let parts: Vec<&str> = value.trim_matches('/').split(['-', '_', '/', '.', ':']).collect();
    let parted = parts.len() > 1 || value.starts_with('/');
    parted && is_slug(&value.replace(':', "-")) && parts.into_iter().all(is_word)
}

/// `orders`, `db1`, `PROD`, `2026`, `MyStack`.
fn is_word(part: &str) -> bool {
    let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
    let capitals = letters.bytes().filter(u8::is_ascii_uppercase).count();
    let adjacent = letters.as_bytes().windows(2).any(|pair| pair.iter().all(u8::is_ascii_uppercase));
    let cased = capitals == letters.len() || (!adjacent && 3 * capitals <= letters.len());
    !part.is_empty()
        && part.len() - letters.len() <= 4
        && letters.len() <= 24
        && cased
        && letters.bytes().all(|b| b.is_ascii_alphabetic())
}

/// Long, of letters and digits, and without words.
fn is_random(value: &str) -> bool {
    value.len() >= 16
        && value.bytes().all(|b| b.is_ascii_graphic())
        && value.bytes().any(|b| b.is_ascii_digit())
        && value.bytes().any(|b| b.is_ascii_alphabetic())
        && !is_made_of_words(value)
        && !value.contains("://")
}

fn user_and_password(value: &str) -> bool {
    value.split_once(':').is_some_and(|(user, password)| {
        user.len() > 1 && password.len() > 5 && is_slug(user) && is_filled_in(password)
    }) && !value.contains(' ')
}
