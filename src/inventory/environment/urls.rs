//! URLs within values, taken apart as far as secrets need it.

/// A URL somewhere in a value. Passwords that nobody escaped are met with.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Url<'v> {
    /// `postgres`, also for `jdbc:postgres`.
    pub(super) scheme: &'v str,
    pub(super) user: &'v str,
    pub(super) password: Option<&'v str>,
    /// Without the port; several hosts remain one text.
    pub(super) host: &'v str,
    pub(super) port: Option<&'v str>,
    /// What stands after the host, `?` and all.
    pub(super) rest: &'v str,
}

/// Every URL in the value, in order.
pub(super) fn urls(value: &str) -> impl Iterator<Item = Url<'_>> {
    value.match_indices("://").filter_map(|(at, mark)| {
        let before = &value[..at];
        let begin =
            before.rfind(|c: char| !c.is_ascii_alphanumeric() && !"+.-".contains(c)).map_or(0, |b| b + 1);
        let scheme = before.get(begin..)?;
        let after = &value[at + mark.len()..];
        let end = after.find(|c: char| c.is_whitespace() || "\"'<>".contains(c)).unwrap_or(after.len());
        (!scheme.is_empty()).then(|| Url::parse(scheme, &after[..end]))
    })
}

impl<'v> Url<'v> {
    fn parse(scheme: &'v str, after: &'v str) -> Self {
        let (userinfo, address) = split(after);
        let (user, password) = match userinfo.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (userinfo, None),
        };
        let (authority, rest) = address.split_at(address.find(['/', '?', '#']).unwrap_or(address.len()));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, Some(port)),
            _ => (authority, None),
        };
        Self { scheme, user, password: password.filter(|p| !p.is_empty()), host, port, rest }
    }

    /// The last part of the path: a database's name.
    pub(super) fn database(&self) -> &'v str {
        let path = self.rest.split(['?', '#']).next().unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default()
    }

    /// The pairs after `?`.
    pub(super) fn query(&self) -> impl Iterator<Item = (&'v str, &'v str)> {
        let query = self.rest.split_once('?').map_or("", |(_, query)| query);
        query.split(['&', ';', '#']).filter_map(|pair| pair.split_once('='))
    }

    /// Whether it stays on the machine that asks.
    pub(super) fn is_local(&self) -> bool {
        matches!(self.host, "localhost" | "0.0.0.0" | "[::1]" | "host.docker.internal")
            || self.host.starts_with("127.")
    }

    pub(super) fn is_of(&self, domain: &str) -> bool {
        self.host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

/// The part before `@`, and the address. A `/` in a password would end the host too soon.
fn split(after: &str) -> (&str, &str) {
    let end = after.find(['/', '?', '#']).unwrap_or(after.len());
    if let Some(at) = after[..end].rfind('@') {
        return (&after[..at], &after[at + 1..]);
    }
    let port = after[..end].split_once(':').map(|(_, port)| port);
    let odd = port.is_some_and(|port| !port.is_empty() && !port.bytes().all(|b| b.is_ascii_digit()));
    match after.rfind('@') {
        Some(at) if odd && !after[..end].contains([',', '[']) => (&after[..at], &after[at + 1..]),
        _ => ("", after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(value: &str) -> Url<'_> {
        urls(value).next().unwrap()
    }

    #[test]
    fn a_url_is_taken_apart() {
        let url = first("postgres://u1:p%40ss@db.example.com:5432/d1?sslmode=require&x=1");
        assert_eq!((url.scheme, url.user, url.password), ("postgres", "u1", Some("p%40ss")));
        assert_eq!((url.host, url.port, url.database()), ("db.example.com", Some("5432"), "d1"));
        assert_eq!(url.query().collect::<Vec<_>>(), [("sslmode", "require"), ("x", "1")]);
    }

    #[test]
    fn odd_ones_are_understood() {
        for (value, user, password, host) in [
            ("redis://:word@cache", "", Some("word"), "cache"),
            ("redis://cache:6379/0", "", None, "cache"),
            ("https://key@o1.ingest.sentry.io/2", "key", None, "o1.ingest.sentry.io"),
            ("jdbc:mysql://a:b@h/d", "a", Some("b"), "h"),
            ("mongodb+srv://a:b@c.mongodb.net", "a", Some("b"), "c.mongodb.net"),
            ("postgres://a:b/c@h/d", "a", Some("b/c"), "h"),
            ("postgres://a:b@c@h/d", "a", Some("b@c"), "h"),
            ("--dsn=amqp://a:b@h", "a", Some("b"), "h"),
            ("https://example.com/@me", "", None, "example.com"),
            ("https://example.com:443/@me", "", None, "example.com"),
            ("mongodb://h1:1,h2:2/d?x=@", "", None, "h1:1,h2"),
        ] {
            let url = first(value);
            assert_eq!((url.user, url.password, url.host), (user, password, host), "{value}");
        }
        assert_eq!(urls("://x and no scheme").count(), 0);
        assert_eq!(urls("amqp://a:b@h1,amqp://a:b@h2").count(), 2);
    }
}
