//! Passwords from `.pgpass`: lines of `host:port:database:user:password` with `*` for anything, and `\` before a `:` or
//! `\` that belongs to a value. The first line that matches is taken, as in libpq.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::side_file;

/// The connection that needs a password.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// The host's name; `localhost` for a Unix socket.
    pub(super) host: &'a str,
    pub(super) port: &'a str,
    pub(super) dbname: &'a str,
    pub(super) user: &'a str,
}

/// The password in the file. A file that others may read is not used, with a warning.
pub(super) fn look_up(path: &Path, wanted: Wanted<'_>) -> Option<String> {
    let found = path.metadata().ok()?;
    if !found.is_file() {
        tracing::warn!(file = %path.display(), "the password file is not a plain file; it is not used");
        return None;
    }
    if found.mode() & 0o077 != 0 {
        tracing::warn!(
            file = %path.display(),
            "the password file can be read by others, so it is not used; run `chmod 0600` on it"
        );
        return None;
    }
    match side_file::read_text(path) {
        Ok(text) => find(&text, wanted),
        Err(error) => {
            tracing::warn!(file = %path.display(), "the password file cannot be read, so it is not used: {error}");
            None
        }
    }
}

fn find(text: &str, wanted: Wanted<'_>) -> Option<String> {
    let fits = |field: &str, value: &str| field == "*" || unescape(field) == value;
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let [host, port, dbname, user, password] = fields(line.trim_end_matches('\r'))?;
        let all = fits(host, wanted.host)
            && fits(port, wanted.port)
            && fits(dbname, wanted.dbname)
            && fits(user, wanted.user);
        all.then(|| unescape(password))
    })
}

/// Splits at the first four unescaped `:`; another one ends the password.
fn fields(line: &str) -> Option<[&str; 5]> {
    let mut parts = Vec::with_capacity(5);
    let mut start = 0;
    let mut escaped = false;
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b':' => {
                parts.push(&line[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&line[start..]);
    parts.truncate(5);
    parts.try_into().ok()
}

fn unescape(field: &str) -> String {
    let mut value = String::with_capacity(field.len());
    let mut rest = field.chars();
    while let Some(c) = rest.next() {
        value.extend(if c == '\\' { rest.next() } else { Some(c) });
    }
    value
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const WANTED: Wanted<'_> = Wanted { host: "db", port: "5432", dbname: "app", user: "anna" };

    #[test]
    fn the_first_line_that_fits_is_taken() {
        let text = "# *:*:*:*:no\nother:*:*:*:no\ndb:5432:app:bob:no\ndb:*:app:anna:one\n*:*:*:*:two\n";
        assert_eq!(find(text, WANTED).as_deref(), Some("one"));
        assert_eq!(find("db:5433:*:*:no", WANTED), None);
        assert_eq!(find("db:5432:app", WANTED), None);
    }

    #[test]
    fn escapes_are_removed_in_every_field() {
        let wanted = Wanted { host: "::1", user: "a\\b", ..WANTED };
        assert_eq!(find(r"\:\:1:5432:app:a\\b:p\:w\\x", wanted).as_deref(), Some(r"p:w\x"));
    }

    #[test]
    fn a_file_that_others_can_read_is_not_used() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "*:*:*:*:open\n").unwrap();
        std::fs::set_permissions(file.path(), Permissions::from_mode(0o640)).unwrap();
        assert_eq!(look_up(file.path(), WANTED), None);
        std::fs::set_permissions(file.path(), Permissions::from_mode(0o600)).unwrap();
        assert_eq!(look_up(file.path(), WANTED).as_deref(), Some("open"));
    }
}
