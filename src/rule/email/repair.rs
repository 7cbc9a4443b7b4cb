//! What a rejected cell most likely meant: the address inside it, or the address without its typing mistake. Only
//! separators, wrappings and well-known domains are corrected, never the name of the mailbox.

use super::normal::normal_form;
use crate::nearest::nearest;

/// The domains of most private addresses of Dutch, Belgian and German customers.
const WELL_KNOWN: &[&str] = &[
    "gmail.com",
    "googlemail.com",
    "hotmail.com",
    "hotmail.nl",
    "hotmail.be",
    "outlook.com",
    "live.nl",
    "live.com",
    "live.be",
    "msn.com",
    "icloud.com",
    "me.com",
    "yahoo.com",
    "ziggo.nl",
    "kpnmail.nl",
    "kpnplanet.nl",
    "planet.nl",
    "home.nl",
    "xs4all.nl",
    "casema.nl",
    "hetnet.nl",
    "upcmail.nl",
    "zonnet.nl",
    "quicknet.nl",
    "chello.nl",
    "telenet.be",
    "skynet.be",
    "proximus.be",
    "gmx.de",
    "gmx.net",
    "web.de",
    "t-online.de",
    "freenet.de",
    "protonmail.com",
    "proton.me",
];

/// Endings with a typing mistake, and what was meant.
const ENDINGS: &[(&str, &str)] = &[
    ("con", "com"),
    ("cmo", "com"),
    ("ocm", "com"),
    ("comm", "com"),
    ("vom", "com"),
    ("nll", "nl"),
    ("n", "nl"),
];

/// The address that `cell`, which is not an address, most likely meant.
pub(super) fn suggest(cell: &str) -> Option<String> {
    // No address is longer in any wrapping, and the work below is not linear.
    if cell.len() > 400 {
        return None;
    }
    let (local, domain) = part(&unwrapped(cell))?;
    let local = squeezed(local.trim_matches('.'));
    let domain = squeezed(&domain.replace([',', ';'], ".")).to_lowercase();
    let domain = corrected(domain.trim_matches('.'));
    normal_form(&format!("{local}@{domain}")).ok()
}

/// The text inside brackets, a link, or a name with an address.
fn unwrapped(cell: &str) -> String {
    let inside = match (cell.rfind('<'), cell.rfind('>')) {
        (Some(open), Some(close)) if open < close => &cell[open + 1..close],
        _ => cell,
    };
    let scheme = inside.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    let inside = &inside[scheme.map_or(0, str::len)..];
    let bare = inside.trim_matches(|c: char| c.is_whitespace() || "<>()[],;:'".contains(c));
    bare.replace("(at)", "@").replace("[at]", "@").replace(" at ", "@")
}

/// The parts before and after the one place where an `@` is or must have been.
fn part(text: &str) -> Option<(String, String)> {
    let tight = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    if let Some((local, domain)) = text.split_once('@') {
        let domain = domain.trim_start_matches('@');
        // Another @ makes these two addresses; a space makes one of them more than one word.
        let spaced = domain.trim().contains(char::is_whitespace) || local.trim().contains(' ');
        return (!domain.contains('@') && !spaced).then(|| (tight(local), tight(domain)));
    }
    let (local, domain) = text.split_once(' ')?;
    WELL_KNOWN.contains(&corrected(domain).as_str()).then(|| (local.to_owned(), domain.to_owned()))
}

fn squeezed(text: &str) -> String {
    let mut text = text.to_owned();
    while text.contains("..") {
        text = text.replace("..", ".");
    }
    text
}

/// The well-known domain that is nearest to `domain`, or `domain` with its ending corrected.
fn corrected(domain: &str) -> String {
    if WELL_KNOWN.contains(&domain) {
        return domain.to_owned();
    }
    if !domain.contains('.') {
        let mut whole = WELL_KNOWN.iter().filter(|known| known.split('.').next() == Some(domain));
        if let (Some(only), None) = (whole.next(), whole.next()) {
            return (*only).to_owned();
        }
    }
    if let Some(known) = nearest(domain, WELL_KNOWN.iter().map(|&known| (known, known))) {
        return known.to_owned();
    }
    match domain.rsplit_once('.') {
        Some((name, ending)) => {
            let ending =
                ENDINGS.iter().find(|(wrong, _)| *wrong == ending).map_or(ending, |(_, right)| right);
            format!("{name}.{ending}")
        }
        None => domain.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_near_and_unambiguous_domain_is_corrected() {
        for (domain, better) in [
            ("outlok.com", "outlook.com"),
            ("gmaill.com", "gmail.com"),
            ("hotmail.n", "hotmail.nl"),
            ("live.b", "live.be"),
            ("voorbeeld.nl", "voorbeeld.nl"),
            ("voorbeeld.con", "voorbeeld.com"),
            ("hotmail", "hotmail"),
        ] {
            assert_eq!(corrected(domain), better);
        }
    }
}
