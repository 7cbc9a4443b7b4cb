//! Right addresses whose domain is nearly surely a slip of the pen: `gmial.com`, `bedrijf.con`. They are
//! addresses, so they come in, with a warning: what is sent there is lost or read by somebody else.
//!
//! Only slips that make no sensible name of their own are known: two letters swapped, one doubled, one left
//! out after the first (`mail.com` is a provider of its own) in the long names of the large providers; and
//! endings that are no top-level domain in the root zone of IANA.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::fault;

/// The names that are long enough for a slip to be told from another name, with their endings.
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

/// Endings that are no top-level domain, and what they were to be.
const ENDINGS: &[(&str, &str)] = &[
    (".con", ".com"),
    (".cmo", ".com"),
    (".ocm", ".com"),
    (".comm", ".com"),
    (".vom", ".com"),
    (".xom", ".com"),
    (".nll", ".nl"),
];

/// Every slip and the domain that was meant.
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

/// The domain that `domain`, in lower case, was most likely meant to be.
#[inline]
pub(super) fn meant(domain: &str) -> Option<String> {
    if fault::slow() {
        return look_up(domain, ENDINGS.iter().any(|(wrong, _)| domain.ends_with(wrong)));
    }
    // Nearly every address ends here: its ending is looked at, and its first letter.
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
    fn slips_are_known_and_other_names_are_left_alone() {
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
    fn every_slip_passes_the_first_look() {
        for (slip, meant_domain) in SLIPS.iter() {
            assert_eq!(meant(slip).as_ref(), Some(meant_domain), "{slip}");
            assert!(PROVIDERS.iter().all(|(name, _)| !slip.starts_with(&format!("{name}."))), "{slip}");
        }
    }
}
