//! A country, stored as ISO 3166-1 alpha-2. Accepted are alpha-2 and alpha-3 codes in any case, and the names
//! of `country/names.txt`, compared without case, accents, spaces and punctuation. Words that are used for a
//! country but are neither its code nor its name (`UK`, `England`) are read with the warning `country-alias`.

use std::sync::LazyLock;

use super::cell::{CellFinding, NormalForm};
use super::letters::letters;
use crate::nearest::nearest;
use crate::record::Code;

/// A line for each country: alpha-2, alpha-3, names; separated by tabs, sorted by alpha-2.
const NAMES: &str = include_str!("country/names.txt");

/// A bit for each pair of letters; it is set if the pair is an alpha-2 code. Computed from [`NAMES`] at compile
/// time.
static ALPHA_2: [u32; 26] = {
    let names = NAMES.as_bytes();
    let mut table = [0; 26];
    let mut at = 0;
    while at < names.len() {
        let is_kosovo = names[at] == b'X' && names[at + 1] == b'K';
        if names[at] != b'#' && !is_kosovo {
            table[(names[at] - b'A') as usize] |= 1 << (names[at + 1] - b'A');
        }
        while names[at] != b'\n' {
            at += 1;
        }
        at += 1;
    }
    table
};

/// What a name means, and whether it is read with a warning.
struct Meaning {
    alpha_2: &'static str,
    alias: bool,
}

/// Alpha-3 codes and names by their letters, sorted.
static BY_NAME: LazyLock<Vec<(String, Meaning)>> = LazyLock::new(|| {
    let mut by_name = Vec::new();
    for line in NAMES.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split('\t');
        let alpha_2 = words.next().unwrap_or_default();
        let meanings = words.map(|name| (letters(name), Meaning { alpha_2, alias: name.starts_with('~') }));
        by_name.extend(meanings.filter(|(name, _)| !name.is_empty()));
    }
    by_name.sort_by(|(a, _), (b, _)| a.cmp(b));
    by_name
});

/// Whether this is an ISO 3166-1 alpha-2 code, in upper case.
#[inline]
pub(crate) fn is_alpha_2(code: &str) -> bool {
    match *code.as_bytes() {
        [first @ b'A'..=b'Z', second @ b'A'..=b'Z'] => {
            ALPHA_2[usize::from(first - b'A')] & (1 << (second - b'A')) != 0
        }
        _ => false,
    }
}

/// A country.
#[derive(Debug, Clone, Default)]
pub(crate) struct Country;

impl Country {
    /// See [`Rule::validate`](super::Rule::validate).
    pub(crate) fn validate(
        &self,
        cell: &str,
        _sibling: Option<&str>,
        out: &mut String,
        findings: &mut Vec<CellFinding>,
    ) -> NormalForm {
        // The longest name in the table is shorter, and a cell may be a megabyte.
        const LONGEST: usize = 100;
        if is_alpha_2(cell) {
            return NormalForm::Same;
        }
        let name = if cell.len() <= LONGEST { letters(cell) } else { String::new() };
        let code = name.to_ascii_uppercase();
        if is_alpha_2(&code) {
            out.push_str(&code);
            return NormalForm::Rewritten;
        }
        if let Some(meaning) = find(&name) {
            if meaning.alias {
                let message = format!(
                    "is neither an ISO 3166-1 code nor the name of a country, and was read as {}",
                    meaning.alpha_2
                );
                findings.push(CellFinding::new(Code::CountryAlias, message));
            }
            if meaning.alpha_2 == cell {
                return NormalForm::Same;
            }
            out.push_str(meaning.alpha_2);
            return NormalForm::Rewritten;
        }
        let names = BY_NAME.iter().map(|(name, meaning)| (name.as_str(), meaning.alpha_2));
        let message = "is neither the ISO 3166-1 code nor a known name of a country";
        findings.push(CellFinding::new(Code::InvalidCountry, message).suggest(nearest(&name, names)));
        NormalForm::Rejected
    }
}

/// Looks up a name, with and without its article.
fn find(name: &str) -> Option<&'static Meaning> {
    let exact = |name: &str| {
        let at = BY_NAME.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?;
        Some(&BY_NAME[at].1)
    };
    let without = |article| name.strip_prefix(article).and_then(exact);
    exact(name).or_else(|| without("the")).or_else(|| without("die")).or_else(|| without("de"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::tests::{stays, validated};

    #[test]
    fn the_table_has_all_249_countries_and_no_name_twice() {
        assert_eq!(ALPHA_2.iter().map(|row| row.count_ones()).sum::<u32>(), 249);
        for pair in BY_NAME.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{}", pair[1].0);
        }
        for (name, meaning) in BY_NAME.iter() {
            // A two-letter name that is also another country's code would be read as that country.
            assert!(!is_alpha_2(&name.to_ascii_uppercase()), "{name} {}", meaning.alpha_2);
        }
    }

    #[test]
    fn codes_and_names_in_three_languages() {
        // ISO 3166-1; names from Unicode CLDR.
        for (cell, want) in [
            ("NL", "NL"),
            ("nl", "NL"),
            ("nld", "NL"),
            ("N.L.", "NL"),
            ("Nederland", "NL"),
            ("Holland", "NL"),
            ("The Netherlands", "NL"),
            ("die Niederlande", "NL"),
            ("Duitsland", "DE"),
            ("Deutschland", "DE"),
            ("GERMANY", "DE"),
            ("DEU", "DE"),
            ("België", "BE"),
            ("Belgie", "BE"),
            ("Belgie\u{308}", "BE"),
            ("Belgium", "BE"),
            ("Belgien", "BE"),
            ("Österreich", "AT"),
            ("Oostenrijk", "AT"),
            ("Luxemburg", "LU"),
            ("Luxembourg", "LU"),
            ("Zwitserland", "CH"),
            ("Großbritannien", "GB"),
            ("verenigd koninkrijk", "GB"),
            ("Côte d'Ivoire", "CI"),
            ("Åland", "AX"),
            ("Niger", "NE"),
            ("Nigeria", "NG"),
            ("Türkiye", "TR"),
            ("USA", "US"),
            ("U.S.A.", "US"),
            ("Verenigde Staten", "US"),
            ("Czech Republic", "CZ"),
        ] {
            assert_eq!(validated!(Country, cell), (Some(want.to_owned()), vec![]), "{cell}");
        }
    }

    #[test]
    fn aliases_are_read_with_a_warning() {
        for (cell, want) in
            [("UK", "GB"), ("uk", "GB"), ("England", "GB"), ("EL", "GR"), ("Kosovo", "XK"), ("XK", "XK")]
        {
            let (result, findings) = validated!(Country, cell);
            assert_eq!((result.as_deref(), findings[0].code), (Some(want), Code::CountryAlias), "{cell}");
        }
    }

    #[test]
    fn an_unknown_name_is_rejected_with_the_nearest_one() {
        for (cell, suggestion) in [
            ("Nederlnad", Some("NL")),
            ("Duitslant", Some("DE")),
            ("Belgieë", Some("BE")),
            ("Atlantis", None),
            ("AN", None),
            ("QQ", None),
            ("528", None),
            ("Congo", None),
            ("Korea", None),
            ("-", None),
            ("日本", None),
        ] {
            let (result, findings) = validated!(Country, cell);
            assert_eq!((result, findings[0].code), (None, Code::InvalidCountry), "{cell}");
            assert_eq!(findings[0].suggestion.as_deref(), suggestion, "{cell}");
        }
    }

    proptest! {
        #[test]
        fn a_normal_form_stays_as_it_is(cell in "\\PC{0,12}|[A-Za-z]{2,3}") {
            stays!(Country, &cell);
        }
    }
}
