//! What a cell holds besides a number: words, a second number. The library drops some of it and turns letters into
//! digits, so a cell with anything but a number is never read without a finding.

/// The longest area code that a slash follows, in digits.
pub(super) const AREA_CODE: usize = 5;

/// A cell, divided into a number and the rest.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts<'c> {
    /// The characters of a number, from the first one on.
    pub(super) number: &'c str,
    /// Whether there is anything else.
    pub(super) has_more: bool,
}

/// Divides a cell. `tel` before a number is no word: RFC 3966 has it.
pub(super) fn divide(cell: &str) -> Parts<'_> {
    let text = without_label(cell);
    let start = text.find(|c: char| c.is_numeric() || "+＋([（［".contains(c)).unwrap_or(text.len());
    let rest = &text[start..];
    let mut has_digit = false;
    let end = rest.find(|c: char| {
        let belongs = belongs_to_number(c) && !(has_digit && matches!(c, '+' | '＋'));
        has_digit |= c.is_numeric();
        !belongs
    });
    let has_more = end.is_some() || !text[..start].trim().is_empty();
    let number = match end {
        None => rest,
        // The word after the number may begin with a digit (2nd floor).
        Some(end) => match rest[..end].rfind(is_separator) {
            Some(last) if is_ordinal(rest[last..].trim_start_matches(is_separator)) => &rest[..last],
            _ => &rest[..end],
        },
    };
    Parts { number: number.trim_end_matches(is_separator), has_more }
}

/// The number before the last slash, if the part after it may be another number, or the end of one
/// (`030 1234567/68`). An area code is followed by its own number, and groups of up to three digits are one number with
/// slashes between its groups.
pub(super) fn before_slash(number: &str) -> Option<&str> {
    let digits = |part: &str| part.chars().filter(|c| c.is_numeric()).count();
    let (first, second) = number.rsplit_once('/')?;
    let is_grouped = number.split('/').all(|group| digits(group) <= 3);
    (digits(first) > AREA_CODE && digits(second) > 0 && !is_grouped).then(|| first.trim_end())
}

fn without_label(cell: &str) -> &str {
    let label = cell.get(..3).filter(|label| label.eq_ignore_ascii_case("tel"));
    let rest = &cell[label.map_or(0, str::len)..];
    match label {
        Some(_) if !rest.starts_with(char::is_alphabetic) => rest.trim_start_matches(['.', ':', ' ']),
        _ => cell,
    }
}

/// Whether a text begins with a word such as `2nd` or `3e`: one or two digits, then letters.
fn is_ordinal(text: &str) -> bool {
    let letters = text.trim_start_matches(char::is_numeric);
    (1..=2).contains(&text[..text.len() - letters.len()].chars().count())
        && letters.starts_with(char::is_alphabetic)
}

/// Digits of any script, and the punctuation that libphonenumber accepts in a number.
fn belongs_to_number(c: char) -> bool {
    c.is_numeric()
        || c.is_whitespace()
        || matches!(
            c,
            '+' | '＋' | '(' | ')' | '[' | ']' | '（' | '）' | '［' | '］' | '.' | '．' | '-' | '/' | '／'
        )
        || matches!(
            c,
            '\u{2010}'..='\u{2015}' | '\u{2212}' | 'ー' | '－' | '~' | '\u{2053}' | '\u{223C}' | '～'
        )
}

fn is_separator(c: char) -> bool {
    !c.is_numeric() && !matches!(c, '+' | '＋') && belongs_to_number(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_told_from_words() {
        for (cell, number, has_more) in [
            ("06 12345678", "06 12345678", false),
            ("+31 (0)6-12.34.56.78", "+31 (0)6-12.34.56.78", false),
            ("(+31) 6 12345678", "(+31) 6 12345678", false),
            ("tel. 06 12345678", "06 12345678", false),
            ("tel:+31612345678", "+31612345678", false),
            ("٠٦١٢٣٤٥٦٧٨", "٠٦١٢٣٤٥٦٧٨", false),
            ("030 1234567 mob", "030 1234567", true),
            ("070 123 45 67 (Axel)", "070 123 45 67", true),
            ("030-1234567 of 8", "030-1234567", true),
            ("030 1234567, 2nd floor", "030 1234567", true),
            ("030 1234567 2nd floor", "030 1234567", true),
            ("0612345678a", "0612345678", true),
            ("0612345678 + 1", "0612345678", true),
            ("privé 0612345678", "0612345678", true),
            ("telefax 0612345678", "0612345678", true),
            ("0800-FLOWERS", "0800", true),
            ("020 1234567 ext. 12", "020 1234567", true),
            ("0612345678*", "0612345678", true),
            ("+31612345678a", "+31612345678", true),
            ("onbekend", "", true),
            ("", "", false),
        ] {
            assert_eq!(divide(cell), Parts { number, has_more }, "{cell}");
        }
    }

    #[test]
    fn a_second_number_after_a_slash_is_found() {
        for (number, first) in [
            ("030 1234567/68", Some("030 1234567")),
            ("030 12345 / 12346", Some("030 12345")),
            ("0151/12345678", None),
            ("06/12/34/56/78", None),
            ("0301234567/", None),
            ("0301234567", None),
        ] {
            assert_eq!(before_slash(number), first, "{number}");
        }
    }
}
