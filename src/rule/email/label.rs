//! The Unicode spelling of a domain's label that is written in ASCII (an A-label of RFC 5890), by the Punycode of RFC
//! 3492. IDNA's tables are not used: a label that does not decode to lower case and NFC is left as it is.

use std::borrow::Cow;

use unicode_normalization::is_nfc;

/// `münchen` for `xn--mnchen-3ya`; any other label is returned unchanged. `label` is in lower case.
pub(super) fn to_unicode(label: &str) -> Cow<'_, str> {
    let decoded = label.strip_prefix("xn--").and_then(decode).filter(|decoded| {
        !decoded.is_ascii()
            && is_nfc(decoded)
            && decoded.to_lowercase() == *decoded
            && decoded
                .chars()
                .all(|c| c.is_alphanumeric() || c == '-' || unicode_normalization::char::is_combining_mark(c))
    });
    decoded.map_or(Cow::Borrowed(label), Cow::Owned)
}

/// RFC 3492, section 6.2, with the parameters of section 5.
fn decode(encoded: &str) -> Option<String> {
    let (basic, extended) = encoded.rsplit_once('-').unwrap_or(("", encoded));
    let mut output: Vec<char> = basic.chars().collect();
    let (mut code, mut index, mut bias) = (128_u32, 0_u32, 72_u32);
    let mut digits = extended.bytes().peekable();
    while digits.peek().is_some() {
        let before = index;
        let mut weight = 1_u32;
        let mut k = 36;
        loop {
            let digit = match digits.next()? {
                letter @ b'a'..=b'z' => u32::from(letter - b'a'),
                number @ b'0'..=b'9' => u32::from(number - b'0') + 26,
                _ => return None,
            };
            index = index.checked_add(digit.checked_mul(weight)?)?;
            let threshold = if k <= bias { 1 } else { (k - bias).min(26) };
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(36 - threshold)?;
            k += 36;
        }
        let count = u32::try_from(output.len()).ok()? + 1;
        bias = adapt(index - before, count, before == 0);
        code = code.checked_add(index / count)?;
        index %= count;
        output.insert(index as usize, char::from_u32(code)?);
        index += 1;
    }
    Some(output.into_iter().collect())
}

/// RFC 3492, section 6.1.
fn adapt(delta: u32, count: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / count;
    let mut k = 0;
    while delta > 455 {
        delta /= 35;
        k += 36;
    }
    k + 36 * delta / (delta + 38)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_as_the_rfc_says() {
        // RFC 3492, section 7.1 (A, B, L), and registered domains.
        for (label, unicode) in [
            ("xn--mnchen-3ya", "münchen"),
            ("xn--egbpdaj6bu4bxfgehfvwxn", "ليهمابتكلموشعربي؟"),
            ("xn--ihqwcrb4cv8a8dqg056pqjye", "他们为什么不说中文"),
            ("xn--fiqs8s", "中国"),
            ("xn--bcher-kva", "bücher"),
        ] {
            assert_eq!(decode(label.strip_prefix("xn--").unwrap()).as_deref(), Some(unicode));
        }
        assert_eq!(to_unicode("xn--bcher-kva"), "bücher");
        for label in ["gmail", "xn--", "xn--abc-", "xn--99999999999999", "xn--a-é"] {
            assert_eq!(to_unicode(label), label);
        }
    }
}
