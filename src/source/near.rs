//! What a word that nothing matches was probably meant to be.

use super::header::header_key;

/// The one of `known` that is nearest to `word`, compared as headers are, where one is near enough: a quarter
/// of the letters may differ, and at most three. Among equals the first one.
pub(super) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let word: Vec<char> = header_key(word).chars().collect();
    if word.len() < 3 {
        return None;
    }
    let allowed = (word.len() / 4).clamp(1, 3);
    known
        .into_iter()
        .map(|name| (distance(&word, &header_key(name).chars().collect::<Vec<_>>()), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many letters must be added, dropped, changed or exchanged with their neighbour (the "optimal string
/// alignment" distance).
fn distance(a: &[char], b: &[char]) -> usize {
    if a.len().abs_diff(b.len()) > 3 {
        return usize::MAX;
    }
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let changed = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_slips_are_seen_and_large_ones_are_not() {
        let known = ["email", "legacyId", "contact.phone", "role"];
        for (word, expected) in [
            ("emial", Some("email")),
            ("emails", Some("email")),
            ("legaciid", Some("legacyId")),
            ("contctphoen", Some("contact.phone")),
            ("rol", Some("role")),
            ("mail", Some("email")),
            ("phone", None),
            ("xy", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
    }
}
