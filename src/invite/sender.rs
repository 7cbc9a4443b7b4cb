//! Who the mails are from, and where their links lead. Both are checked before anything is sent.

use std::str::FromStr;

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
        let fits = |part: &str| !part.is_empty() && !part.contains([' ', '<', '>', ',', ';', '"', '@']);
        let parts = address.split_once('@');
        if !parts.is_some_and(|(local, domain)| fits(local) && fits(domain) && domain.contains('.'))
            || text.chars().any(char::is_control)
        {
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

/// An address with `{token}` in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link(String);

impl FromStr for Link {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let is_here = ["http://localhost", "http://127.0.0.1"]
            .iter()
            .any(|here| text.strip_prefix(here).is_some_and(|rest| rest.starts_with([':', '/'])));
        if !(text.starts_with("https://") || is_here) {
            return Err(
                "a link begins with https:// (the secret in it must not travel in the open)".to_owned()
            );
        }
        if text.matches(PLACE).count() != 1 {
            return Err(format!(
                "write {PLACE} once, where the secret goes: https://app.example/join/{PLACE}"
            ));
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"')) {
            return Err("a link has no spaces, quotes, < or >".to_owned());
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
        for wrong in ["", "a", "a@b", "a b@c.nl", "x <a@b.nl", "a@b.nl, c@d.nl", "x\r\nBcc: y <a@b.nl>"] {
            assert!(wrong.parse::<Mailbox>().is_err(), "{wrong}");
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
        ] {
            assert!(wrong.parse::<Link>().is_err(), "{wrong}");
        }
    }
}
