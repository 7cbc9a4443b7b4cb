//! Which cells a spreadsheet would take for a formula, and the apostrophe that keeps it from doing so (the guard that
//! OWASP recommends). Exports are guarded so that the guard can be taken off again; reports, which only people read,
//! are guarded wherever any spreadsheet might find a formula.

use super::visible::picture;

/// What is put before a value that would be a formula.
pub(crate) const GUARD: u8 = b'\'';

/// Whether a formula can begin with this byte.
fn is_sign(byte: u8) -> bool {
    matches!(byte, b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r')
}

/// Whether an exported cell needs the guard. A whole number with a `+` is a telephone number and does not. A value
/// that looks guarded itself is guarded once more, so that taking one guard off always gives the value back.
pub(crate) fn needs_guard(value: &[u8]) -> bool {
    match value {
        [b'+', digits @ ..] => digits.is_empty() || !digits.iter().all(u8::is_ascii_digit),
        [first, ..] => is_sign(*first) || is_guarded(value),
        [] => false,
    }
}

/// Whether a cell has a guard that can be taken off: apostrophes before a sign.
pub(crate) fn is_guarded(cell: &[u8]) -> bool {
    cell.first() == Some(&GUARD)
        && cell.iter().find(|&&byte| byte != GUARD).is_some_and(|&byte| is_sign(byte))
}

/// Whether a spreadsheet might take a cell of a report that begins with `rest` for a formula. Quotes, spaces and
/// characters that are not written are skipped, since some readers drop them; the wide forms of the signs count,
/// since Japanese spreadsheets take them.
pub(super) fn might_begin(rest: &str) -> bool {
    // Most cells begin with a letter, or with one space and a letter.
    if let [b' ', first, ..] | [first, ..] = rest.as_bytes()
        && first.is_ascii_alphanumeric()
    {
        return false;
    }
    if rest.starts_with(['\t', '\r']) {
        return true;
    }
    let first = rest.chars().find(|&c| !(c.is_whitespace() || c == '"' || picture(c).is_some()));
    matches!(first, Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_is_needed_before_a_sign_and_taking_it_off_gives_the_value_back() {
        for (value, needed) in [
            ("", false),
            ("a=1", false),
            ("'", false),
            ("'s-Gravenhage", false),
            ("+31612345678", false),
            ("+", true),
            ("+31 6", true),
            ("=1", true),
            ("-5", true),
            ("@x", true),
            ("\tx", true),
            ("'=1", true),
            ("''-5", true),
            ("'+31612345678", true),
        ] {
            assert_eq!(needs_guard(value.as_bytes()), needed, "{value}");
            assert!(is_guarded(format!("'{value}").as_bytes()) || !needed, "{value}");
            // What is written without a guard is not taken for guarded.
            assert!(needed || !is_guarded(value.as_bytes()), "{value}");
        }
    }
}
