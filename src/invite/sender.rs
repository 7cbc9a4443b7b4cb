//! Who the mails are from, and where their links lead. Both are checked before anything is sent.

use std::str::FromStr;

use crate::output::visible::picture;
use crate::rule::Rule;
use crate::rule::email::Email;

use super::token::Token;

/// The placeholder for the secret in a link.
const PLACE: &str = "{token}";

/// `Name <address>`, or only the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mailbox {
    /// What people see; may be empty.
    pub(crate) name: String,
    /// Where answers go.
    pub(crate) address: String,
}

impl FromStr for Mailbox {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (name, address) = match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
            Some((name, address)) => (name.trim().trim_matches('"').trim(), address.trim()),
            None => ("", text),
        };
        if name.contains(['@', '<', '>']) {
            return Err("it is more than one address; write one, or 'Name <address>'".to_owned());
        }
        if !is_one_address(address) || text.chars().any(|c| picture(c).is_some()) {
            return Err("write an address, or 'Name <address>'".to_owned());
        }
        Ok(Self { name: name.to_owned(), address: address.to_owned() })
    }
}

impl std::fmt::Display for Mailbox {
    /// As in a header, the name quoted (RFC 5322, section 3.2.4).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.name.is_empty() {
            return f.write_str(&self.address);
        }
        let name = self.name.replace('\\', "\\\\").replace('"', "\\\"");
        write!(f, "\"{name}\" <{}>", self.address)
    }
}

/// Whether a text is one address and nothing else, as it goes into a header: no list, no name, nothing invisible.
pub(super) fn is_one_address(text: &str) -> bool {
    let is_seen = |c: char| !c.is_whitespace() && picture(c).is_none();
    let is_normal = |normal: &str| text.is_ascii() || normal == text.to_lowercase();
    text.chars().all(is_seen)
        && Rule::Email(Email).normal_form(text).is_ok_and(|(normal, _)| is_normal(&normal))
}

/// An address with `{token}` in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link(String);

impl FromStr for Link {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let is_unfit =
            |c: char| c.is_whitespace() || picture(c).is_some() || matches!(c, '<' | '>' | '"' | '\\');
        if text.chars().any(is_unfit) {
            return Err("a link has no spaces, quotes, backslashes, invisible characters, < or >".to_owned());
        }
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        let server = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (host, port) = server.split_once(':').unwrap_or((server, ""));
        if !(scheme == "https" || scheme == "http" && ["localhost", "127.0.0.1"].contains(&host)) {
            return Err(
                "a link begins with https:// (the secret in it must not travel in the open)".to_owned()
            );
        }
        if server.contains(PLACE) {
            return Err(format!("{PLACE} is in the name of the server; write it after the first /"));
        }
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        if !host.starts_with(char::is_alphanumeric)
            || !host.chars().all(is_name)
            || !port.chars().all(|c| c.is_ascii_digit())
        {
            return Err(format!("`{server}` is not the name of a server: https://app.example/join/{PLACE}"));
        }
        if text.matches(PLACE).count() != 1 {
            return Err(format!(
                "write {PLACE} once, where the secret goes: https://app.example/join/{PLACE}"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl Link {
    /// The link of one mail.
    pub(crate) fn to(&self, token: &Token) -> String {
        self.0.replace(PLACE, token.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        for (text, shown) in [
            ("a@b.nl", "a@b.nl"),
            ("Laadpalen, en meer <a@b.nl>", "\"Laadpalen, en meer\" <a@b.nl>"),
            ("\"Zoë \\ O'Brien\" <a@b.nl>", "\"Zoë \\\\ O'Brien\" <a@b.nl>"),
        ] {
            assert_eq!(text.parse::<Mailbox>().unwrap().to_string(), shown);
        }
        for wrong in ["", "a", "a@b", "a b@c.nl", "x <a@b.nl", "x\r\nBcc: y <a@b.nl>", "x\u{202e}y <a@b.nl>"]
        {
            assert!(wrong.parse::<Mailbox>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_sender_is_one_address() {
        for wrong in [
            "a@b.nl, c@d.nl",
            "a@b.nl,c@d.nl",
            "a@b.nl;c@d.nl",
            "a@b.nl <c@d.nl>",
            "x <a@b.nl>, y <c@d.nl>",
            "\"x <a@b.nl>\" <c@d.nl>",
            "x <a@b.nl,c@d.nl>",
            "x <a@b.nl>,<c@d.nl>",
            "team:a@b.nl",
            "a@b.nl(c@d.nl)",
            "a@b.nl\u{2028}",
            "\u{200e}a@b.nl",
        ] {
            assert!(wrong.parse::<Mailbox>().is_err(), "{wrong}");
        }
        for one in ["a@b.nl", "A.B+c@München.de", "info@xn--mnchen-3ya.de"] {
            assert!(is_one_address(one), "{one}");
        }
    }

    #[test]
    fn a_link_is_encrypted_and_has_one_place_for_the_secret() {
        let token = Token::draw().unwrap();
        let link: Link = "https://x.example/join?t={token}&l=nl".parse().unwrap();
        assert_eq!(link.to(&token), format!("https://x.example/join?t={}&l=nl", token.text()));
        assert!("http://localhost:8080/{token}".parse::<Link>().is_ok());
        for wrong in [
            "http://x.example/{token}",
            "http://localhost.example/{token}",
            "https://x.example/",
            "https://x.example/{token}{token}",
            "https://x.example/\"{token}",
            "javascript:{token}",
            "https://x.example/\u{202e}{token}",
            "https://x.example/\u{2066}{token}",
            "https://x.example/\u{200b}{token}",
            "https://x.example/\r\n{token}",
            "https://{token}.x.example/",
            "https://{token}",
            "https://x.example?host={token}.y\\",
            "https://x.example:{token}/",
            "https://{token}@x.example/",
            "https://x.example@y.example/{token}",
            "http://localhost:8080@y.example/{token}",
            "https:///{token}",
            "https://?{token}",
            "https://x.example\\{token}",
            "https://x.example\u{ff0f}{token}/",
            "https://-x.example:80a/{token}",
        ] {
            assert!(wrong.parse::<Link>().is_err(), "{wrong}");
        }
    }
}
