//! The words of a header: without case, accents and punctuation, `camelCase` and compounds taken apart. What a word means
//! is known to `synonyms`.

use std::collections::HashSet;

use crate::rule::letters::letters;

/// A shorter word is never a part of a compound.
const SHORTEST: usize = 3;
/// A longer word is not taken apart.
const LONGEST: usize = 64;
/// What joins the parts of a compound: `Rechnungsadresse`, `Kundennummer`.
const JOINTS: [&str; 6] = ["", "s", "n", "en", "e", "es"];

/// The words of a text, in its order. Letters that stand alone belong together: `B.T.W.` is `btw`, `e-mail` is `email`.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut single = false;
    for piece in pieces(text) {
        let word = folded(&piece);
        if word.is_empty() {
            continue;
        }
        let alone = word.len() == 1 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
        match words.last_mut() {
            Some(last) if single && alone => last.push_str(&word),
            Some(last) if last == "e" && word.starts_with("mail") => last.push_str(&word),
            _ => words.push(word),
        }
        single = alone;
    }
    words
}

/// A word in the one spelling that is compared: `Straße`, `strasse`; `Länder`, `laender`.
pub(super) fn folded(word: &str) -> String {
    letters(word).replace("ae", "a").replace("oe", "o").replace("ue", "u")
}

/// The pieces between anything that is neither letter nor digit, between a small and a capital letter, and between
/// letters and digits.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut before = ' ';
    for c in text.chars() {
        let cut = before.is_lowercase() && c.is_uppercase()
            || before.is_alphabetic() && c.is_numeric()
            || before.is_numeric() && c.is_alphabetic();
        if cut || !is_part(c) {
            pieces.push(String::new());
        }
        if is_part(c) {
            pieces.last_mut().expect("there is always a last piece").push(c);
        }
        before = c;
    }
    pieces
}

/// A letter, a digit, or a mark that belongs to the letter before it.
fn is_part(c: char) -> bool {
    c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c)
}

/// A word as known words, if it is a compound of them: as few as possible. Any other word stays whole.
pub(super) fn taken_apart(word: String, known: &HashSet<String>) -> Vec<String> {
    if known.contains(&word) || word.len() > LONGEST || !word.is_ascii() {
        return vec![word];
    }
    // For each end, the fewest parts that lead there.
    let mut best: Vec<Option<Vec<&str>>> = vec![None; word.len() + 1];
    best[0] = Some(Vec::new());
    for start in 0..word.len() {
        let Some(before) = best[start].clone() else { continue };
        let joints: &[&str] = if start == 0 { &JOINTS[..1] } else { &JOINTS };
        for joint in joints.iter().filter(|joint| word[start..].starts_with(**joint)) {
            let from = start + joint.len();
            for end in from + SHORTEST.min(word.len() - from)..=word.len() {
                if end > from && is_known(&word[from..end], known) && better(&before, best[end].as_ref()) {
                    let mut parts = before.clone();
                    parts.push(&word[from..end]);
                    best[end] = Some(parts);
                }
            }
        }
    }
    match best.pop().flatten() {
        Some(parts) if !parts.is_empty() => parts.into_iter().map(str::to_owned).collect(),
        _ => vec![word],
    }
}

fn is_known(part: &str, known: &HashSet<String>) -> bool {
    (part.len() >= SHORTEST || part == "nr" || part == "id") && known.contains(part)
}

fn better(before: &[&str], known: Option<&Vec<&str>>) -> bool {
    known.is_none_or(|known| before.len() + 1 < known.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_header_are_found_in_any_spelling() {
        for (header, want) in [
            ("Factuuradres straat", &["factuuradres", "straat"][..]),
            ("billing_zip", &["billing", "zip"]),
            ("billingAddress.postalCode", &["billing", "address", "postal", "code"]),
            ("Klant e-mail", &["klant", "email"]),
            ("E-Mail-Adresse", &["email", "adresse"]),
            ("B.T.W.-nummer", &["btw", "nummer"]),
            ("STRASSE", &["strasse"]),
            ("Straße", &["strasse"]),
            ("Prénom", &["prenom"]),
            ("Address1", &["address", "1"]),
            (" - ", &[]),
        ] {
            assert_eq!(words(header), want, "{header}");
        }
        assert_eq!(folded("Laendercode"), folded("Ländercode"));
    }

    #[test]
    fn compounds_of_known_words_are_taken_apart() {
        let known = ["rechnung", "adresse", "kunde", "nummer", "factuur", "postcode", "nr"];
        let known: HashSet<String> = known.map(str::to_owned).into();
        for (word, want) in [
            ("rechnungsadresse", &["rechnung", "adresse"][..]),
            ("kundennummer", &["kunde", "nummer"]),
            ("factuurpostcode", &["factuur", "postcode"]),
            ("kundennr", &["kunde", "nr"]),
            ("postcode", &["postcode"]),
            ("factuurx", &["factuurx"]),
            ("x", &["x"]),
        ] {
            assert_eq!(taken_apart(word.to_owned(), &known), want, "{word}");
        }
    }
}
