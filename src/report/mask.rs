//! Which values a report shows, and what it shows instead of the others: `NL** **** **** **** 12`. The same in
//! every report; only the rejected files hold all values. An IBAN is masked wherever it is, by its shape: people write
//! it into columns that no schema calls sensitive. A word for nothing (`NULL`, `n/a`) is no secret, and is shown.

use std::borrow::Cow;

use crate::rule::iban;

/// Up to this many characters, a masked value shows none of them.
const SHORT: usize = 8;

/// Words for nothing, in lower case.
const NOTHING: [&str; 24] = [
    "-",
    "--",
    ".",
    "?",
    "#n/a",
    "#na",
    "<na>",
    "<null>",
    "(null)",
    "\\n",
    "geen",
    "leeg",
    "n.a.",
    "n.v.t.",
    "n/a",
    "na",
    "nan",
    "nil",
    "none",
    "null",
    "nvt",
    "onbekend",
    "undefined",
    "unknown",
];
/// The longest of them.
const NOTHING_LONGEST: usize = 9;

/// An IBAN of any country is at least this long.
const SHORTEST_IBAN: usize = 15;
/// What has the shape of an IBAN lacks at most this many characters, and has as many that are letters for digits or the
/// other way round. With more of them, some VAT numbers would be IBANs.
const MISTAKES: usize = 2;
/// How many spaces, dots and dashes may be between two characters of an IBAN.
const GAP: usize = 2;

/// The first two and the last two characters, stars between, in groups of four; a short value is all stars.
/// Spaces do not count. A word for nothing stays as it is.
pub(crate) fn mask(value: &str) -> String {
    if is_nothing(value) {
        return value.to_owned();
    }
    let count = value.chars().filter(|c| !c.is_whitespace()).count();
    let open = |at: usize| count > SHORT && (at < 2 || at + 2 >= count);
    let mut out = String::with_capacity(count + count / 4);
    for (at, c) in value.chars().filter(|c| !c.is_whitespace()).enumerate() {
        if at > 0 && at % 4 == 0 {
            out.push(' ');
        }
        out.push(if open(at) { c } else { '*' });
    }
    out
}

fn is_nothing(value: &str) -> bool {
    let word = value.trim();
    word.len() <= NOTHING_LONGEST && NOTHING.iter().any(|own| own.eq_ignore_ascii_case(word))
}

/// `text` with everything masked that has the shape of an IBAN, also of one with a typing mistake; borrowed if there is
/// nothing.
pub(crate) fn mask_ibans(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let (mut out, mut done, mut at) = (String::new(), 0, 0);
    while at + SHORTEST_IBAN - MISTAKES <= bytes.len() {
        let may_begin = bytes[at].is_ascii_alphabetic()
            && bytes[at + 1].is_ascii_alphabetic()
            && !bytes[at + 2].is_ascii_alphabetic();
        let end = if may_begin { end_of_iban(text, at) } else { None };
        let Some(end) = end else {
            at += 1;
            continue;
        };
        out.push_str(&text[done..at]);
        let compact: String = text[at..end].chars().filter(|&c| !iban::is_between(c)).collect();
        out.push_str(&mask(&compact));
        (at, done) = (end, end);
    }
    if done == 0 {
        return text.into();
    }
    out.push_str(&text[done..]);
    out.into()
}

/// The end of what has the shape of an IBAN and begins at `start`.
fn end_of_iban(text: &str, start: usize) -> Option<usize> {
    let rest = &text[start..];
    let country = *rest.as_bytes().first_chunk()?;
    let classes = iban::classes(country)?;
    let length = classes.len() + 4;
    let before = &text[..start];
    let glued = before.ends_with(|c: char| c.is_ascii_alphanumeric());
    if glued && !before.get(before.len().saturating_sub(4)..).is_some_and(|w| w.eq_ignore_ascii_case("iban"))
    {
        return None;
    }
    let (mut count, mut mistakes, mut gap, mut end) = (0_usize, 0, 0, 0);
    let mut is_split = false;
    for (at, c) in rest.char_indices() {
        if c.is_ascii_alphanumeric() {
            // What is longer ends with its word.
            if count >= length && gap > 0 || matches!(count, 2 | 3) && !c.is_ascii_digit() {
                break;
            }
            is_split |= gap > 0 && count < 4;
            let class = count.checked_sub(4).and_then(|at| classes.get(at));
            mistakes += usize::from(class.is_some_and(|&class| !iban::fits(c, class)));
            (count, gap, end) = (count + 1, 0, at + 1);
        } else {
            gap += 1;
            if gap > GAP || count < 2 || !iban::is_between(c) {
                break;
            }
        }
    }
    let has_shape = count + MISTAKES >= length && mistakes <= MISTAKES;
    // Two letters and a number are often the beginning of a sentence.
    let is_meant = !is_split || iban::is_iban(&rest[..end]);
    (has_shape && is_meant).then_some(start + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_value_shows_only_its_ends() {
        for (value, expected) in [
            ("", ""),
            ("x", "*"),
            ("12345678", "**** ****"),
            ("123456789", "12** ***8 9"),
            ("NL91 ABNA 0417 1643 12", "NL** **** **** **** 12"),
            ("NL91ABNA0417164312", "NL** **** **** **** 12"),
            ("éà23 5678ßü", "éà** **** ßü"),
            ("NULL", "NULL"),
            (" n.v.t. ", " n.v.t. "),
            ("Undefined", "Undefined"),
            ("undefinedx", "un** **** dx"),
        ] {
            assert_eq!(mask(value), expected, "{value}");
        }
    }

    #[test]
    fn an_iban_is_masked_wherever_it_is() {
        let masked = "NL** **** **** **** 12";
        for text in [
            "NL91ABNA0417164312",
            "nl91 abna 0417 1643 12",
            "NL91-ABNA-0417-1643-12",
            "NL91\u{a0}ABNA\u{a0}0417\u{a0}1643\u{a0}12",
            "NL91.ABNA.0417.1643.12",
            "NL91 ABNA 04 17 16 43 12",
        ] {
            for (before, after) in
                [("", ""), ("IBAN: ", " (old)"), ("\"", "\""), ("'", ";x"), ("IBAN", ","), ("é ", "é")]
            {
                let all = format!("{before}{text}{after}");
                assert_eq!(
                    mask_ibans(&all).to_uppercase(),
                    format!("{before}{masked}{after}").to_uppercase(),
                    "{all}"
                );
            }
        }
        assert_eq!(mask_ibans("NL 91 ABNA 0417 1643 00"), "NL** **** **** **** 00");
        let two = "NL91ABNA0417164312/DE89370400440532013000";
        assert_eq!(mask_ibans(two), "NL** **** **** **** 12/DE** **** **** **** **** 00");
        // With a typing mistake, a character too many or too few, and of the shortest and the longest kind.
        for shape in [
            "NL91ABNA0417164313",
            "NL91ABNAO417164312",
            "NL91ABNA041716431",
            "NL91ABNA04171643123",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
        ] {
            let masked = mask_ibans(shape);
            assert!(masked.contains("** ****") && !masked.contains(&shape[4..8]), "{shape}: {masked}");
        }
    }

    #[test]
    fn what_is_no_iban_is_shown() {
        for text in [
            "",
            "piet@voorbeeld.nl",
            "Kerkstraat 12, 1234 AB Amsterdam",
            "be 10 minutes late at 12 o'clock",
            "in 2026 we sold 1234567890123 pieces",
            "SKU-AB12CDEFGHIJKLMNOP",
            "0193f2a1-7c3e-7d10-8a2b-1234567890ab",
            "XX91ABNA0417164312",
            "XNL91ABNA0417164312",
            "NL123456789B01",
            "NO123456789MVA",
            "BE0428759497",
            "日本語日本語日本語",
        ] {
            assert!(matches!(mask_ibans(text), Cow::Borrowed(_)), "{text}: {}", mask_ibans(text));
        }
    }
}
