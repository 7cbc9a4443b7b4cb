//! The normal form of a domain beyond ASCII: what Unicode Technical Standard 46 maps it to (nontransitional), in
//! Unicode. So `ｇｍａｉｌ.com` is `gmail.com`, and `xn--mnchen-3ya.de` is `münchen.de`.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::punycode;
use super::shape::{self, Flaw};

/// The longest label in its encoded form (RFC 1035, section 2.3.4).
const LONGEST_LABEL: usize = 63;

/// A domain in its normal form, and its length in the encoded form that is sent over the network.
pub(super) fn normal(domain: &str) -> Result<(String, usize), Flaw> {
    let mut normal = String::new();
    let mut length = 0;
    for (at, label) in mapped(domain)?.split('.').enumerate() {
        if at > 0 {
            normal.push('.');
            length += 1;
        }
        let (label, encoded_length) = match label.strip_prefix("xn--") {
            Some(encoded) => (decoded(encoded)?.unwrap_or(Cow::Borrowed(label)), label.len()),
            None if label.is_ascii() => (label.into(), label.len()),
            None if label.starts_with(is_combining_mark) => return Err(Flaw::Character),
            None if label.chars().count() > LONGEST_LABEL => return Err(Flaw::LongLabel),
            None => (label.into(), "xn--".len() + punycode::encode(label).len()),
        };
        if encoded_length > LONGEST_LABEL {
            return Err(Flaw::LongLabel);
        }
        normal.push_str(&label);
        length += encoded_length;
    }
    Ok((normal, length))
}

/// Lower case and NFKC, with the full stops of other scripts as dots.
fn mapped(domain: &str) -> Result<String, Flaw> {
    let mut mapped = String::new();
    for c in domain.chars() {
        match c {
            '\u{3002}' | '\u{FF0E}' | '\u{FF61}' => mapped.push('.'),
            _ if c.is_ascii() => mapped.push(c.to_ascii_lowercase()),
            _ => {
                let start = mapped.len();
                mapped.extend(std::iter::once(c).nfkc().flat_map(char::to_lowercase));
                // What becomes a dot, a slash or a space (⒈, ℀) is no part of a label.
                let is_punctuation = |c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && c != '-';
                if mapped[start..].contains(is_punctuation) {
                    return Err(Flaw::Character);
                }
            }
        }
    }
    Ok(mapped.nfkc().collect())
}

/// The Unicode spelling of an encoded label (RFC 5891, section 5.4), without its prefix. `None` if it decodes to
/// symbols, which are registered in some domains: such a label stays encoded.
fn decoded(encoded: &str) -> Result<Option<Cow<'static, str>>, Flaw> {
    let label = punycode::decode(encoded).filter(|label| {
        let is_stable = mapped(label).is_ok_and(|mapped| mapped == *label);
        !label.is_ascii()
            && is_stable
            && !label.contains(is_never_registered)
            && !label.starts_with(is_combining_mark)
            && punycode::encode(label) == encoded
    });
    let label = label.ok_or(Flaw::Encoded)?;
    Ok(label.chars().all(shape::fits_label).then_some(label.into()))
}

/// Control characters, direction marks and other invisible characters, and private use: no domain has them.
fn is_never_registered(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}')
        || matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{FEFF}' | '\u{F0000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_a_domain_are_one() {
        for (domain, want) in [
            ("ｇｍａｉｌ.com", "gmail.com"),
            ("GMAIL。com", "gmail.com"),
            ("gmail．com", "gmail.com"),
            ("ⓖmail.com", "gmail.com"),
            ("MÜNCHEN.de", "münchen.de"),
            ("mu\u{308}nchen.de", "münchen.de"),
            ("xn--mnchen-3ya.de", "münchen.de"),
            ("straße.de", "straße.de"), // nontransitional: not strasse.de
            ("ΕΛΛΑΣ.gr", "ελλασ.gr"),
            ("xn--fiqs8s", "中国"),
            ("xn--i-7iq.ws", "xn--i-7iq.ws"), // I❤.ws
        ] {
            assert_eq!(normal(domain).ok().map(|(normal, _)| normal).as_deref(), Some(want), "{domain}");
        }
    }

    #[test]
    fn impossible_domains_are_refused() {
        for (domain, flaw) in [
            ("xn--0.nl", Flaw::Encoded),
            ("xn--a.nl", Flaw::Encoded),   // U+0080
            ("xn--5ug.nl", Flaw::Encoded), // U+200E
            ("xn--abc-.nl", Flaw::Encoded),
            ("xn--a-é.nl", Flaw::Encoded),
            ("xn--99999999999999.nl", Flaw::Encoded),
            ("⒈example.com", Flaw::Character),
            ("℀.com", Flaw::Character),
            ("\u{301}a.nl", Flaw::Character),
        ] {
            assert_eq!(normal(domain), Err(flaw), "{domain}");
        }
    }

    #[test]
    fn labels_are_measured_in_their_encoded_form() {
        assert_eq!(normal("münchen.de"), Ok(("münchen.de".to_owned(), "xn--mnchen-3ya.de".len())));
        assert_eq!(
            normal("中11111111112222222222333333333344444444445555555555666666.com"),
            Err(Flaw::LongLabel)
        );
        // 35 characters have 105 bytes, but need few in the encoded form.
        assert!(normal(&format!("{}.com", "中".repeat(35))).is_ok());
        assert_eq!(normal(&format!("{}.com", "中".repeat(64))), Err(Flaw::LongLabel));
    }
}
