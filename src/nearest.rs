//! The nearest of some known words, for "did you mean": a few typing mistakes away, or none. Every search of this
//! kind in the program is this one; how words are folded before they are compared is left to its callers.

/// The value of the known word that is nearest to `word`.
///
/// A typing mistake is a letter missing, added or wrong, or two letters exchanged. Words of three to eight letters
/// may have one, longer words two. There is no nearest word where two words with different values are equally near:
/// a wrong suggestion is worse than none.
pub(crate) fn nearest<W: AsRef<str>, T: PartialEq>(
    word: &str,
    known: impl IntoIterator<Item = (W, T)>,
) -> Option<T> {
    // A longer text is no misspelt word, and the cost grows with the square of the length.
    const LONGEST: usize = 48;
    let length = word.chars().take(LONGEST + 1).count();
    let allowed = match length {
        3..=8 => 1,
        9..=LONGEST => 2,
        _ => return None,
    };
    let letters = letters(word);
    let (mut fewest, mut best) = (allowed + 1, None);
    for (candidate, value) in known {
        let candidate = candidate.as_ref();
        let other = candidate.chars().count();
        if other < 3 || other.abs_diff(length) > allowed {
            continue;
        }
        // A mistake changes the set of letters by two at most. Most words are told apart by that alone.
        if (letters ^ self::letters(candidate)).count_ones() as usize > 2 * allowed {
            continue;
        }
        let mistakes = strsim::osa_distance(word, candidate);
        if mistakes < fewest {
            (fewest, best) = (mistakes, Some(value));
        } else if mistakes == fewest
            && mistakes <= allowed
            && best.as_ref().is_some_and(|best| *best != value)
        {
            best = None;
        }
    }
    best
}

/// The letters that occur in a word, a bit each; several letters share a bit.
fn letters(word: &str) -> u64 {
    word.chars().fold(0, |letters, c| letters | 1 << (u32::from(c) % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(word: &str, known: &[&'static str]) -> Option<&'static str> {
        nearest(word, known.iter().map(|&known| (known, known)))
    }

    #[test]
    fn a_few_mistakes_are_bridged_and_more_are_not() {
        let choices = ["private", "company", "none", "apideveloper"];
        for (word, found) in [
            ("pirvate", Some("private")),
            ("compny", Some("company")),
            ("nome", Some("none")),
            ("apidevelpr", Some("apideveloper")),
            ("partner", None),
            ("compn", None),
            ("no", None),
            ("", None),
        ] {
            assert_eq!(find(word, &choices), found, "{word}");
        }
        assert_eq!(find(&"x".repeat(100_000), &choices), None);
    }

    #[test]
    fn a_word_between_two_meanings_has_no_nearest_one() {
        assert_eq!(find("nonw", &["nons", "none"]), None);
        assert_eq!(find("nonw", &["nons", "none", "nonw"]), Some("nonw"));
        assert_eq!(nearest("belgiee", [("belgie", "BE"), ("belgien", "BE")]), Some("BE"));
    }

    #[test]
    fn the_sets_of_letters_exclude_no_near_word() {
        let words =
            ["gmail.com", "gmial.com", "gmal.com", "gmaill.com", "gnail.con", "hmail.com", "mail.com"];
        for word in words {
            for other in words {
                let near = strsim::osa_distance(word, other) <= if word.len() > 8 { 2 } else { 1 };
                assert_eq!(find(word, &[other]).is_some(), near, "{word} {other}");
            }
        }
    }
}
