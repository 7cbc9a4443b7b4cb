//! The text of a `muster.toml` as it may be shown: a password in it never is.

/// The text with a star for each byte that may belong to a password. Nothing else changes its place.
pub(super) fn masked(text: &str) -> String {
    text.split_inclusive('\n').map(line).collect()
}

/// Whether an address of a database holds a password.
pub(super) fn has_password(url: &str) -> bool {
    userinfo(url).is_some_and(|(start, end)| start < end) || url.to_ascii_lowercase().contains("password")
}

fn line(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    if let Some(at) = ["password", "passwd", "secret"].iter().filter_map(|word| lower.find(word)).min() {
        let from = line[at..].find('=').map_or(line.len(), |equals| at + equals + 1);
        return stars(line, from, line.trim_end().len());
    }
    match userinfo(line) {
        Some((start, end)) => stars(line, start, end),
        None => line.to_owned(),
    }
}

/// The bytes from `from` to `to` as stars, so that all places stay.
fn stars(line: &str, from: usize, to: usize) -> String {
    if from >= to {
        return line.to_owned();
    }
    format!("{}{}{}", &line[..from], "*".repeat(to - from), &line[to..])
}

/// The place of what is between the colon after the user's name and the last `@` before the host.
fn userinfo(text: &str) -> Option<(usize, usize)> {
    let start = text.find("://")? + 3;
    let rest = &text[start..];
    let end = rest.find(['"', '\'', ' ', '?']).unwrap_or(rest.len());
    let at = rest[..end].rfind('@')?;
    let colon = rest[..at].find(':')?;
    Some((start + colon + 1, start + at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown_and_nothing_else_moves() {
        for (text, shown) in [
            ("url = \"postgres://app@db/app\"", "url = \"postgres://app@db/app\""),
            ("url = \"postgres://app:s3/c@r@db/app\"\nx", "url = \"postgres://app:******@db/app\"\nx"),
            ("url = \"host=db password=s3\"\n", "url = \"host=db password=***\n"),
            ("password = \"s3\" # é\r\nb", "password =**********\r\nb"),
        ] {
            assert_eq!(masked(text), shown);
            assert_eq!(masked(text).len(), text.len(), "{text}");
        }
        assert!(has_password("postgres://a:b@c") && has_password("host=c Password=x"));
        assert!(!has_password("postgres://a@c:5432/d") && !has_password("postgres://c:5432/d"));
    }
}
