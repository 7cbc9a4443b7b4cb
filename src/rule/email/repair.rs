//! What a refused cell most likely meant: the address inside it, or the address without its slip. Never a
//! guess at the mailbox's own name; only separators, wrappings and well-known domains are mended.

/// The domains behind most private addresses of Dutch, Belgian and German customers.
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

/// Endings that are typing errors of one.
const ENDINGS: &[(&str, &str)] = &[
    ("con", "com"),
    ("cmo", "com"),
    ("ocm", "com"),
    ("comm", "com"),
    ("vom", "com"),
    ("nll", "nl"),
    ("n", "nl"),
];

/// The address that `cell`, which is none, most likely meant.
pub(super) fn suggest(cell: &str) -> Option<String> {
    // Longer than any address with any wrapping; and the work below is not linear in every step.
    if cell.len() > 400 {
        return None;
    }
    let (local, domain) = part(&unwrapped(cell))?;
    let local = squeezed(local.trim_matches('.'));
    let domain = squeezed(&domain.replace([',', ';'], ".")).to_lowercase();
    let domain = mended(domain.trim_matches('.'));
    super::valid(&format!("{local}@{domain}"))
}

/// What stands inside a name with an address, a link, or brackets.
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

/// The parts on both sides of the one place where an `@` stands or must have stood.
fn part(text: &str) -> Option<(String, String)> {
    let tight = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    if let Some((local, domain)) = text.split_once('@') {
        let domain = domain.trim_start_matches('@');
        // With an @ left over these are two addresses, and with spaces inside a word too many.
        let spaced = domain.trim().contains(char::is_whitespace) || local.trim().contains(' ');
        return (!domain.contains('@') && !spaced).then(|| (tight(local), tight(domain)));
    }
    let (local, domain) = text.split_once(' ')?;
    WELL_KNOWN.contains(&mended(domain).as_str()).then(|| (local.to_owned(), domain.to_owned()))
}

fn squeezed(text: &str) -> String {
    let mut text = text.to_owned();
    while text.contains("..") {
        text = text.replace("..", ".");
    }
    text
}

/// The well-known domain that `domain` nearly is, or `domain` with its ending put right.
fn mended(domain: &str) -> String {
    if WELL_KNOWN.contains(&domain) {
        return domain.to_owned();
    }
    if !domain.contains('.') {
        let mut whole = WELL_KNOWN.iter().filter(|known| known.split('.').next() == Some(domain));
        if let (Some(only), None) = (whole.next(), whole.next()) {
            return (*only).to_owned();
        }
    }
    let allowed = if domain.chars().count() <= 8 { 1 } else { 2 };
    let mut near: Vec<_> = WELL_KNOWN.iter().map(|known| (distance(domain, known), *known)).collect();
    near.sort_unstable();
    if let [(first, known), (second, _), ..] = near[..]
        && first <= allowed
        && first < second
    {
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

/// How many slips lie between two words: a letter left out, put in, taken for another, or two swapped
/// (the optimal string alignment distance).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted() {
        for (a, b, slips) in
            [("gmail", "gmail", 0), ("gmial", "gmail", 1), ("gmal", "gmail", 1), ("", "ab", 2)]
        {
            assert_eq!(distance(a, b), slips, "{a} {b}");
        }
    }

    #[test]
    fn only_a_near_and_unambiguous_domain_is_put_right() {
        for (domain, better) in [
            ("outlok.com", "outlook.com"),
            ("gmaill.com", "gmail.com"),
            ("hotmail.n", "hotmail.nl"),
            ("live.b", "live.be"),
            ("voorbeeld.nl", "voorbeeld.nl"),
            ("voorbeeld.con", "voorbeeld.com"),
            ("hotmail", "hotmail"),
        ] {
            assert_eq!(mended(domain), better);
        }
    }
}
