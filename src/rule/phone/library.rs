//! The libphonenumber port, behind a wall: what it says of a number, never a panic of its own.
//!
//! A panic in it is caught and is `invalid-phone`, because one odd cell must not end a run. The message that
//! Rust prints for a panic can hold the cell, so it is kept quiet on this thread for the time of the call:
//! the process's panic hook is wrapped once, and the wrapper asks a thread-local flag. Every other panic
//! goes to the hook that stood before.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use rlibphonenumber::{NumberLengthType, PhoneNumber, PhoneNumberFormat, PhoneNumberUtil, Region};

/// The longest cell that is looked at, in bytes; libphonenumber's own limit on input (kMaxInputStringLength).
const LONGEST: usize = 250;

/// Said of a number that is possible only.
pub(super) const IN_NO_RANGE: &str =
    "the number has a possible length, but is in no known range of its country";

/// What the library makes of a cell.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// In a known range of its country.
    Valid(Parsed),
    /// Of a possible length only; why it is uncertain.
    Possible(Parsed, &'static str),
    /// No number; why not.
    Impossible(&'static str),
}

/// A number as the library read it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    /// Its normal form.
    pub(super) e164: String,
    /// Whether the cell had an extension, for which E.164 has no place.
    pub(super) lost_extension: bool,
}

/// Reads `text` as a number dialled from `region` (alpha-2; one that the library does not know counts as
/// none, and then only international forms are numbers).
pub(super) fn look_up(util: &PhoneNumberUtil, text: &str, region: Option<&str>) -> Verdict {
    if text.len() > LONGEST {
        return Verdict::Impossible("this is too long for a telephone number");
    }
    guarded(|| look_up_unguarded(util, text, region))
        .unwrap_or(Verdict::Impossible("this is not a telephone number"))
}

fn look_up_unguarded(util: &PhoneNumberUtil, text: &str, region: Option<&str>) -> Verdict {
    use rlibphonenumber::{ParseError, ValidationError};

    let region = region.and_then(|region| Region::from_code(region).ok());
    let number = match util.parse(text, region) {
        Ok(number) => number,
        Err(ParseError::InvalidCountryCode) => {
            return Verdict::Impossible(match region {
                None => "the number names no country, and the row has none that numbers are known for",
                Some(_) => "the number begins with no known country calling code",
            });
        }
        Err(ParseError::TooShortAfterIdd | ParseError::TooShortNsn) => {
            return Verdict::Impossible("the number is too short");
        }
        Err(ParseError::TooLongNsn) => return Verdict::Impossible("the number is too long"),
        Err(_) => return Verdict::Impossible("this is not a telephone number"),
    };
    match util.is_possible_number_with_reason(&number) {
        Err(ValidationError::TooShort) => Verdict::Impossible("the number is too short for its country"),
        Err(ValidationError::TooLong) => Verdict::Impossible("the number is too long for its country"),
        Err(_) => Verdict::Impossible("no number of its country has this length"),
        Ok(_) if util.is_valid_number(&number) => Verdict::Valid(parsed(util, &number)),
        Ok(NumberLengthType::IsPossibleLocalOnly) => {
            Verdict::Possible(parsed(util, &number), "the number seems to lack its area code")
        }
        Ok(NumberLengthType::IsPossible) => Verdict::Possible(parsed(util, &number), IN_NO_RANGE),
    }
}

fn parsed(util: &PhoneNumberUtil, number: &PhoneNumber) -> Parsed {
    Parsed {
        e164: util.format(number, PhoneNumberFormat::E164).into_owned(),
        lost_extension: number.extension.as_deref().is_some_and(|extension| !extension.is_empty()),
    }
}

/// The valid number that these digits are with a `+` in front.
pub(super) fn valid_with_plus(util: &PhoneNumberUtil, digits: &str) -> Option<String> {
    valid(util, &format!("+{digits}"), None)
}

/// The valid number that a doubtful `text` most likely meant, tried in this order: the `+` or `00` before a
/// calling code was lost; a `+` stands before a national number; the leading zero of a country that dials
/// it always (Italy) was lost.
pub(super) fn suggest(util: &PhoneNumberUtil, text: &str, region: Option<&str>) -> Option<String> {
    if text.len() > LONGEST {
        return None;
    }
    if let Some(rest) = text.strip_prefix('+') {
        return valid(util, rest, region);
    }
    let international = text.strip_prefix("00").unwrap_or(text);
    let starts_right = international.starts_with(|c: char| c.is_ascii_digit() && c != '0');
    let plus = starts_right.then(|| valid_with_plus(util, international)).flatten();
    plus.or_else(|| valid(util, &format!("0{text}"), region))
}

fn valid(util: &PhoneNumberUtil, text: &str, region: Option<&str>) -> Option<String> {
    match look_up(util, text, region) {
        Verdict::Valid(number) => Some(number.e164),
        _ => None,
    }
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Calls `f`; a panic in it is `None`, and nothing is printed.
fn guarded<T>(f: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                before(info);
            }
        }));
    });
    QUIET.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(f)).ok();
    QUIET.set(false);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_the_library_is_caught_and_the_next_call_works() {
        assert_eq!(guarded(|| -> u8 { panic!("as the library might") }), None);
        assert_eq!(guarded(|| 7), Some(7));
        assert!(!QUIET.get());
    }
}
