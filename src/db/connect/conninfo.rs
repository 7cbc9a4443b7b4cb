//! Connection strings: both of libpq's notations, parsed into named settings. No message here repeats any part of the
//! string, not even a setting's name: any part may be a password, if the string is of another notation.

use std::collections::BTreeMap;
use std::fmt;

use super::super::DbError;
use crate::nearest::nearest;

/// The settings of a connection by libpq's names. Its `Debug` shows no password.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Reads `postgresql://…`, or `key=value …`.
    pub(super) fn parse(text: &str) -> Result<Self, DbError> {
        let text = text.trim();
        for scheme in ["postgresql://", "postgres://"] {
            if let Some(rest) = text.strip_prefix(scheme) {
                return parse_url(rest);
            }
        }
        parse_pairs(text)
    }

    /// A setting, if it is given and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Sets or replaces a setting.
    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Removes a setting and returns it.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).filter(|value| !value.is_empty())
    }

    /// Errors: a setting is not among those that are `known`. Its name is not repeated: it may be anything.
    pub(super) fn refuse_unknown(&self, known: &[&'static str]) -> Result<(), DbError> {
        let Some(name) = self.0.keys().find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
        let advice = match nearest(name, known.iter().map(|known| (*known, *known))) {
            Some(near) => format!("did you mean {near}?"),
            None => {
                "it must be postgresql://user@host/database?name=value, or host=… dbname=… user=…".to_owned()
            }
        };
        Err(DbError::Conninfo { problem: format!("one of the settings is none that libpq has; {advice}") })
    }

    /// Takes the settings of `other` that are not set here.
    pub(super) fn fill_from(&mut self, other: Self) {
        for (name, value) in other.0 {
            if self.get(&name).is_none() {
                self.0.insert(name, value);
            }
        }
    }

    /// The same settings in `key='value'` notation.
    pub(super) fn to_pairs(&self) -> String {
        let mut text = String::new();
        for (name, value) in self.0.iter().filter(|(_, value)| !value.is_empty()) {
            let value = value.replace('\\', "\\\\").replace('\'', "\\'");
            text.extend([name.as_str(), "='", &value, "' "]);
        }
        text
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.iter().map(|(name, value)| {
            // Everything else may be, or hold, a password.
            let is_plain = matches!(name.as_str(), "host" | "port" | "dbname" | "user");
            (name, if is_plain { value } else { "***" })
        });
        f.debug_map().entries(shown).finish()
    }
}

/// `user:password@host:port,host:port/dbname?key=value&…`, what follows the scheme.
fn parse_url(rest: &str) -> Result<Settings, DbError> {
    let mut settings = Settings::default();
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
    let (authority, dbname) = rest.split_once('/').unwrap_or((rest, ""));
    if dbname.contains('@') {
        return Err(bad("a `/`, `?` or `@` in a user name or password must be written %2F, %3F or %40"));
    }
    let (credentials, hosts) = authority.rsplit_once('@').map_or((None, authority), |(c, h)| (Some(c), h));
    if let Some(credentials) = credentials {
        let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        settings.set("user", decode(user)?);
        settings.set("password", decode(password)?);
    }
    let mut names = Vec::new();
    let mut ports = Vec::new();
    for host in hosts.split(',') {
        let (name, port) = split_port(host)?;
        names.push(decode(name)?);
        ports.push(decode(port)?);
    }
    if !hosts.is_empty() {
        settings.set("host", names.join(","));
        settings
            .set("port", if ports.iter().all(String::is_empty) { String::new() } else { ports.join(",") });
    }
    settings.set("dbname", decode(dbname)?);
    for pair in query.into_iter().flat_map(|query| query.split('&')).filter(|pair| !pair.is_empty()) {
        let (name, value) =
            pair.split_once('=').ok_or_else(|| bad("each setting after `?` must be written name=value"))?;
        settings.set(&decode(name)?, decode(value)?);
    }
    Ok(settings)
}

/// A host and its port, with an IPv6 address in brackets.
fn split_port(host: &str) -> Result<(&str, &str), DbError> {
    if let Some(rest) = host.strip_prefix('[') {
        let (name, rest) = rest.split_once(']').ok_or_else(|| bad("an IPv6 address lacks its `]`"))?;
        return Ok((name, rest.strip_prefix(':').unwrap_or("")));
    }
    Ok(host.split_once(':').unwrap_or((host, "")))
}

/// Decodes percent-encoding.
fn decode(text: &str) -> Result<String, DbError> {
    let broken = || bad("a `%` must be followed by two hexadecimal digits (a percent sign itself is %25)");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        let (high, low) = (digit().ok_or_else(broken)?, digit().ok_or_else(broken)?);
        bytes.push(u8::try_from(high * 16 + low).map_err(|_| broken())?);
    }
    String::from_utf8(bytes).map_err(|_| bad("what is percent-encoded must be UTF-8"))
}

/// `key = 'value with spaces' key=value`: a backslash takes the next character as it is.
fn parse_pairs(text: &str) -> Result<Settings, DbError> {
    let mut settings = Settings::default();
    let mut rest = text.chars().peekable();
    loop {
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if rest.peek().is_none() {
            return Ok(settings);
        }
        let mut name = String::new();
        while let Some(c) = rest.next_if(|c| *c != '=' && !c.is_whitespace()) {
            name.push(c);
        }
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if rest.next() != Some('=') {
            return Err(bad("it must be postgresql://user@host/database, or host=… dbname=… user=…"));
        }
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        let quoted = rest.next_if_eq(&'\'').is_some();
        let mut value = String::new();
        loop {
            match rest.next() {
                Some('\\') => value.extend(rest.next()),
                Some('\'') if quoted => break,
                Some(c) if c.is_whitespace() && !quoted => break,
                Some(c) => value.push(c),
                None if quoted => return Err(bad("a quoted value lacks its closing `'`")),
                None => break,
            }
        }
        settings.set(&name, value);
    }
}

/// A text of a connection string for people, unless it may be more than it was read as: a part of another notation.
pub(super) fn shown(text: &str) -> &str {
    let is_more = |c: char| matches!(c, ';' | '=' | '&' | '?' | '\'' | '"') || c.is_control();
    if text.contains(is_more) { "…" } else { text }
}

fn bad(problem: &'static str) -> DbError {
    DbError::Conninfo { problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> BTreeMap<String, String> {
        let mut settings = Settings::parse(text).unwrap().0;
        settings.retain(|_, value| !value.is_empty());
        settings
    }

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_part_of_a_url_is_read() {
        assert_eq!(
            parsed("postgresql://an%40na:p%3Aw@db.example:5433/app?sslmode=verify-full&connect_timeout=3"),
            map(&[
                ("user", "an@na"),
                ("password", "p:w"),
                ("host", "db.example"),
                ("port", "5433"),
                ("dbname", "app"),
                ("sslmode", "verify-full"),
                ("connect_timeout", "3"),
            ])
        );
        assert_eq!(parsed("postgres://"), map(&[]));
        assert_eq!(parsed("postgres:///app?host=/run/pg"), map(&[("dbname", "app"), ("host", "/run/pg")]));
        assert_eq!(parsed("postgres://%2Frun%2Fpg"), map(&[("host", "/run/pg")]));
        assert_eq!(parsed("postgres://[::1]:5433"), map(&[("host", "::1"), ("port", "5433")]));
        assert_eq!(parsed("postgres://a:1,b"), map(&[("host", "a,b"), ("port", "1,")]));
        assert_eq!(parsed("postgres://u:p@ss@h"), map(&[("user", "u"), ("password", "p@ss"), ("host", "h")]));
    }

    #[test]
    fn pairs_may_be_quoted_spaced_and_escaped() {
        assert_eq!(
            parsed(r"host = db  password='it\'s a secret' user=a\ b dbname=''"),
            map(&[("host", "db"), ("password", "it's a secret"), ("user", "a b")])
        );
    }

    #[test]
    fn what_is_written_as_pairs_is_read_back_the_same() {
        let text = r"host=db password='a\\b\'c d' port=5432";
        let settings = Settings::parse(text).unwrap();
        assert_eq!(Settings::parse(&settings.to_pairs()).unwrap(), settings);
    }

    #[test]
    fn no_message_repeats_a_part_of_a_broken_string() {
        for text in [
            "mysql://u:s3cret@host/db",
            "postgres://u:12/s3cret@host/db",
            "postgres://u:12?s3cret@host/db",
            "postgres://u:s3cret%zz@host/db",
            "postgres://u:s3cret%ff@host/db",
            "password='s3cret",
            "s3cret",
        ] {
            let error = Settings::parse(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        }
        let settings = Settings::parse("postgres://u:s3cret@host/db").unwrap();
        assert!(!format!("{settings:?}").contains("s3cret"));
    }
}
