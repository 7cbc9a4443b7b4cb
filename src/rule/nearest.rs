//! Names compared by their letters, and the nearest of some known words, for suggestions: few typing mistakes away, or nothing. It is asked only
//! about values that were refused; what it finds is never stored.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The candidate with the fewest typing mistakes (a letter missing, added, wrong, or two exchanged) between
/// it and `word`, where those are few enough to be mistakes: one in words of three to five letters, two in
/// longer ones. The first of several equally near ones.
pub(crate) fn nearest<'w, T>(word: &str, candidates: impl Iterator<Item = (&'w str, T)>) -> Option<T> {
    // A longer text is no misspelt word, and the cost grows with the square of the length.
    const LONGEST: usize = 48;
    let word: Vec<char> = word.chars().take(LONGEST + 1).collect();
    let allowed = match word.len() {
        0..=2 => return None,
        3..=5 => 1,
        6..=LONGEST => 2,
        _ => return None,
    };
    let mut best = None;
    for (candidate, value) in candidates {
        let length = candidate.chars().count();
        if length < 3 || length.abs_diff(word.len()) > allowed {
            continue;
        }
        let candidate: Vec<char> = candidate.chars().collect();
        let mistakes = distance(&word, &candidate);
        if mistakes <= allowed && best.as_ref().is_none_or(|(fewest, _)| mistakes < *fewest) {
            best = Some((mistakes, value));
        }
    }
    best.map(|(_, value)| value)
}

/// The letters and digits of a name, lower case and without accents: what names are compared by.
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

/// Optimal string alignment distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i);
        for j in 1..=b.len() {
            let wrong = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (above[j] + 1).min(row[j - 1] + 1).min(above[j - 1] + wrong);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(word: &str, candidates: &[&'static str]) -> Option<&'static str> {
        nearest(word, candidates.iter().map(|&candidate| (candidate, candidate)))
    }

    #[test]
    fn accents_and_punctuation_do_not_count() {
        for (name, want) in
            [("België", "belgie"), ("Côte d’Ivoire", "cotedivoire"), ("GROẞE", "grosse"), ("-", "")]
        {
            assert_eq!(letters(name), want);
        }
    }

    #[test]
    fn a_few_mistakes_are_bridged_and_more_are_not() {
        let choices = ["private", "company", "none"];
        assert_eq!(find("pirvate", &choices), Some("private"));
        assert_eq!(find("compny", &choices), Some("company"));
        assert_eq!(find("nome", &choices), Some("none"));
        assert_eq!(find("partner", &choices), None);
        assert_eq!(find("no", &choices), None);
        assert_eq!(find("", &choices), None);
        assert_eq!(find(&"x".repeat(100_000), &choices), None);
        assert_eq!(find("nonw", &["nons", "none"]), Some("nons"));
    }
}
