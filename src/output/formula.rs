//! Where a spreadsheet would find a formula in a value, and the apostrophe that keeps it from doing so (the guard that
//! OWASP recommends). One rule for exports and reports; only exports are read again, so only there must
//! [`unguarded`] give the value back.
//!
//! A spreadsheet may split at another character than ours (a Dutch or German one at semicolons), and then sees neither
//! our delimiters nor our quotes. So a cell may begin after every separator inside a value, too.

use std::borrow::Cow;

use super::visible::picture;

/// What is put before a formula.
const GUARD: char = '\'';

/// A value with a guard wherever a spreadsheet might find a formula: at its beginning, and after each separator.
/// Borrowed if there is no such place.
pub(crate) fn guarded(value: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut done = 0;
    for at in formulas(value) {
        out.push_str(&value[done..at]);
        out.push(GUARD);
        done = at;
    }
    if out.is_empty() {
        return value.into();
    }
    out.push_str(&value[done..]);
    out.into()
}

/// What [`guarded`] made `cell` of; `None` if it has no guard. Doubled quotes may be doubled still.
pub(crate) fn unguarded(cell: &str) -> Option<String> {
    let mut out = None;
    let mut done = 0;
    for at in formulas(cell).filter(|&at| cell[at..].starts_with(GUARD)) {
        out.get_or_insert_with(String::new).push_str(&cell[done..at]);
        done = at + GUARD.len_utf8();
    }
    let mut out = out?;
    out.push_str(&cell[done..]);
    Some(out)
}

/// Where a cell can begin and might be a formula. A guard changes none of these places, so that there is exactly one to
/// take off where one was put: apostrophes do not hide a formula.
fn formulas(value: &str) -> impl Iterator<Item = usize> {
    // Where the current run of characters that some readers drop ends, and whether a formula begins there.
    let (mut end, mut is_formula) = (0, None);
    let mut begins = move |at: usize| {
        if is_formula.is_none() || at > end {
            let first = value[at..].char_indices().find(|&(_, c)| !is_dropped(c));
            end = first.map_or(value.len(), |(from, _)| at + from);
            is_formula = Some(first.is_some_and(|(_, c)| is_sign(c)));
        }
        is_formula == Some(true) || value[at..].trim_start_matches(GUARD).starts_with(['\t', '\r'])
    };
    beginnings(value).filter(move |&at| begins(at))
}

/// Where a cell can begin: at the beginning of the value, and after each separator.
fn beginnings(value: &str) -> impl Iterator<Item = usize> {
    let bytes = value.as_bytes();
    let after = |&at: &usize| match bytes[at] {
        b',' | b';' | b'|' | b'\t' | b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    std::iter::once(0).chain((0..bytes.len()).filter(after).map(|at| at + 1))
}

/// Whether a formula can begin with this character; Japanese spreadsheets take the wide forms, too.
fn is_sign(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠')
}

/// Whether some reader drops this character before a formula: white space, quotes, what is not written, and guards.
fn is_dropped(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | GUARD) || picture(c).is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_guard_is_put_before_every_formula_and_nothing_else() {
        for (value, guarded_value) in [
            ("", ""),
            ("a=1", "a=1"),
            ("'", "'"),
            ("'s-Gravenhage", "'s-Gravenhage"),
            ("a, b; c-d", "a, b; c-d"),
            ("=1", "'=1"),
            ("-5", "'-5"),
            ("@x", "'@x"),
            ("+31 6", "'+31 6"),
            ("\tx", "'\tx"),
            ("  =1", "'  =1"),
            ("\"=1", "'\"=1"),
            ("＝1", "'＝1"),
            ("'=1", "''=1"),
            ("''-5", "'''-5"),
            ("Jansen;=1", "Jansen;'=1"),
            ("Jansen; \"=1\"", "Jansen;' \"=1\""),
            ("a,-b|+c", "a,'-b|'+c"),
            ("a;'=1", "a;''=1"),
            ("a;;=1", "a;;'=1"),
            ("a; \t=1", "a;' \t'=1"),
            ("a\r\n=1", "a\r\n'=1"),
            ("a\r=1", "a\r'=1"),
        ] {
            assert_eq!(guarded(value), guarded_value, "{value:?}");
            assert_eq!(unguarded(guarded_value).as_deref().unwrap_or(guarded_value), value, "{value:?}");
        }
    }

    #[test]
    fn a_long_value_takes_time_that_grows_with_its_length() {
        let value = ";".to_owned() + &"\n".repeat(1 << 20) + "=1";
        assert_eq!(guarded(&value).len(), value.len() + (1 << 20) + 1);
    }

    proptest! {
        #[test]
        fn taking_the_guards_off_gives_the_value_back(value in "(\\PC|[;,|=+@'\" \t\r\n\u{200b}\\-a]){0,12}") {
            let written = guarded(&value);
            prop_assert_eq!(unguarded(&written).unwrap_or_else(|| written.to_string()), value.clone());
            // As a cell is stored: with its quotes doubled.
            let doubled = written.replace('"', "\"\"");
            let read = unguarded(&doubled).unwrap_or(doubled).replace("\"\"", "\"");
            prop_assert_eq!(read, value);
        }
    }
}
