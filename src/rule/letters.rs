//! The letters of a name: what names of countries and languages are compared by.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The letters and digits of a name, in lower case and without accents.
pub(crate) fn letters(name: &str) -> String {
    let mut letters = String::with_capacity(name.len());
    for c in name.nfd().filter(|&c| !is_combining_mark(c)).flat_map(char::to_lowercase) {
        match c {
            'ß' => letters.push_str("ss"),
            'æ' => letters.push_str("ae"),
            'œ' => letters.push_str("oe"),
            'ø' => letters.push('o'),
            'ł' => letters.push('l'),
            'ı' => letters.push('i'),
            c if c.is_alphanumeric() => letters.push(c),
            _ => {}
        }
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_and_punctuation_do_not_count() {
        for (name, want) in
            [("België", "belgie"), ("Côte d’Ivoire", "cotedivoire"), ("GROẞE", "grosse"), ("-", "")]
        {
            assert_eq!(letters(name), want);
        }
    }
}
