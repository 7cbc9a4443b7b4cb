//! Valid addresses whose domain is almost certainly a typing mistake: `gmial.com`, `bedrijf.con`. They are addresses,
//! so they are accepted with a warning: mail to them is lost or read by somebody else.
//!
//! Only mistakes that make no other sensible name are known: in the long names of the large providers two letters
//! exchanged, one doubled, or one after the first left out (`mail.com` is another provider); and endings that are not
//! a top-level domain in the root zone of IANA.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::fault;

/// Names that are so long that a mistake in them is no other name, with their endings.
const PROVIDERS: &[(&str, &[&str])] = &[
    ("gmail", &["com"]),
    ("googlemail", &["com"]),
    ("hotmail", &["com", "nl", "be", "de", "fr"]),
    ("outlook", &["com", "de", "be", "fr"]),
    ("icloud", &["com"]),
    ("yahoo", &["com", "de", "fr"]),
    ("protonmail", &["com"]),
    ("kpnmail", &["nl"]),
    ("kpnplanet", &["nl"]),
];

/// Endings that are not a top-level domain, and what was meant.
const ENDINGS: &[(&str, &str)] = &[
    (".con", ".com"),
    (".cmo", ".com"),
    (".ocm", ".com"),
    (".comm", ".com"),
    (".vom", ".com"),
    (".xom", ".com"),
    (".nll", ".nl"),
];

/// Every mistake and the domain that was meant.
static SLIPS: LazyLock<HashMap<String, String, foldhash::fast::FixedState>> = LazyLock::new(|| {
    let mut slips = HashMap::default();
    for (name, endings) in PROVIDERS {
        for slip in slips_of(name) {
            for ending in *endings {
                slips.insert(format!("{slip}.{ending}"), format!("{name}.{ending}"));
            }
        }
    }
    slips
});

/// The domain that was most likely meant by `domain`, which is in lower case.
#[inline]
pub(super) fn meant(domain: &str) -> Option<String> {
    if fault::slow() {
        return look_up(domain, ENDINGS.iter().any(|(wrong, _)| domain.ends_with(wrong)));
    }
    // The ending and the first letter exclude nearly every address.
    let bytes = domain.as_bytes();
    let is_common = matches!(bytes, [.., b'.', b'n', b'l'] | [.., b'.', b'c', b'o', b'm']);
    let odd_ending = matches!(bytes, [.., b'n' | b'o' | b'm' | b'l'])
        && !is_common
        && ENDINGS.iter().any(|(wrong, _)| domain.ends_with(wrong));
    if !odd_ending
        && !matches!(
            bytes,
            [b'g' | b'm' | b'h' | b'o' | b'u' | b'i' | b'c' | b'y' | b'a' | b'p' | b'r' | b'k', ..]
        )
    {
        return None;
    }
    look_up(domain, odd_ending)
}

fn look_up(domain: &str, odd_ending: bool) -> Option<String> {
    if !odd_ending {
        return SLIPS.get(domain).cloned();
    }
    let (wrong, right) = ENDINGS.iter().find(|(wrong, _)| domain.ends_with(wrong))?;
    let whole = format!("{}{right}", &domain[..domain.len() - wrong.len()]);
    Some(SLIPS.get(&whole).cloned().unwrap_or(whole))
}

fn slips_of(name: &str) -> Vec<String> {
    let letters = name.as_bytes();
    let mut slips = Vec::new();
    for i in 0..letters.len() {
        let mut doubled = letters.to_vec();
        doubled.insert(i, letters[i]);
        slips.push(doubled);
        if i > 0 {
            let mut short = letters.to_vec();
            short.remove(i);
            slips.push(short);
            let mut swapped = letters.to_vec();
            swapped.swap(i - 1, i);
            slips.push(swapped);
        }
    }
    let text = |slip| String::from_utf8(slip).ok();
    slips.into_iter().filter_map(text).filter(|slip| slip != name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_known_and_other_names_are_not_touched() {
        for (domain, was) in [
            ("gmial.com", "gmail.com"),
            ("gmal.com", "gmail.com"),
            ("gmaill.com", "gmail.com"),
            ("mgail.com", "gmail.com"),
            ("gmail.con", "gmail.com"),
            ("gmial.con", "gmail.com"),
            ("hotmial.nl", "hotmail.nl"),
            ("outlok.com", "outlook.com"),
            ("iclould.con", "iclould.com"),
            ("bedrijf.con", "bedrijf.com"),
            ("bedrijf.nll", "bedrijf.nl"),
        ] {
            assert_eq!(meant(domain).as_deref(), Some(was), "{domain}");
        }
        for domain in [
            "gmail.com",
            "mail.com",
            "cloud.com",
            "hotmail.nl",
            "ymail.com",
            "gmx.com",
            "voorbeeld.nl",
            "x.co",
            "g",
        ] {
            assert_eq!(meant(domain), None, "{domain}");
        }
    }

    #[test]
    fn the_first_look_excludes_no_mistake() {
        for (slip, meant_domain) in SLIPS.iter() {
            assert_eq!(meant(slip).as_ref(), Some(meant_domain), "{slip}");
            assert!(PROVIDERS.iter().all(|(name, _)| !slip.starts_with(&format!("{name}."))), "{slip}");
        }
    }
}
