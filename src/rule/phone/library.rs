//! Asks the libphonenumber port about a number. A panic in the port makes the cell `invalid-phone`, because one odd cell
//! must not end a run.

use rlibphonenumber::{NumberLengthType, PhoneNumber, PhoneNumberFormat, PhoneNumberUtil, Region};

use crate::panics;

/// The longest cell that is parsed, in bytes: libphonenumber's limit on input (kMaxInputStringLength).
const LONGEST: usize = 250;

/// The message about a number that is only possible.
pub(super) const IN_NO_RANGE: &str =
    "the number has a possible length, but is in no known range of its country";

/// How the library reads a cell.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Validity {
    /// In a known range of its country.
    Valid(Parsed),
    /// Has a possible length only; why it is uncertain.
    Possible(Parsed, &'static str),
    /// Not a number; why not.
    Impossible(&'static str),
}

/// A number as the library read it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    /// Its normal form.
    pub(super) e164: String,
    /// Whether the cell had an extension, which E.164 cannot hold.
    pub(super) lost_extension: bool,
}

/// Reads `text` as a number dialled from `region` (alpha-2). Without a region that the library knows, only international
/// forms are numbers.
pub(super) fn look_up(util: &PhoneNumberUtil, text: &str, region: Option<&str>) -> Validity {
    if text.len() > LONGEST {
        return Validity::Impossible("this is too long for a telephone number");
    }
    panics::contained(|| look_up_uncontained(util, text, region))
        .unwrap_or(Validity::Impossible("this is not a telephone number"))
}

fn look_up_uncontained(util: &PhoneNumberUtil, text: &str, region: Option<&str>) -> Validity {
    use rlibphonenumber::{ParseError, ValidationError};

    let region = region.and_then(|region| Region::from_code(region).ok());
    let number = match util.parse(text, region) {
        Ok(number) => number,
        Err(ParseError::InvalidCountryCode) => {
            return Validity::Impossible(match region {
                None => {
                    "the number has no country code, and the row names no country whose numbers are known"
                }
                Some(_) => "the number does not begin with a known country calling code",
            });
        }
        Err(ParseError::TooShortAfterIdd | ParseError::TooShortNsn) => {
            return Validity::Impossible("the number is too short");
        }
        Err(ParseError::TooLongNsn) => return Validity::Impossible("the number is too long"),
        Err(_) => return Validity::Impossible("this is not a telephone number"),
    };
    match util.is_possible_number_with_reason(&number) {
        Err(ValidationError::TooShort) => Validity::Impossible("the number is too short for its country"),
        Err(ValidationError::TooLong) => Validity::Impossible("the number is too long for its country"),
        Err(_) => Validity::Impossible("no number of its country has this length"),
        Ok(_) if util.is_valid_number(&number) => Validity::Valid(parsed(util, &number)),
        Ok(NumberLengthType::IsPossibleLocalOnly) => {
            Validity::Possible(parsed(util, &number), "the number seems to lack its area code")
        }
        Ok(NumberLengthType::IsPossible) => Validity::Possible(parsed(util, &number), IN_NO_RANGE),
    }
}

fn parsed(util: &PhoneNumberUtil, number: &PhoneNumber) -> Parsed {
    Parsed {
        e164: util.format(number, PhoneNumberFormat::E164).into_owned(),
        lost_extension: number.extension.as_deref().is_some_and(|extension| !extension.is_empty()),
    }
}

/// The number with a `+` before these digits, if it is valid.
pub(super) fn valid_with_plus(util: &PhoneNumberUtil, digits: &str) -> Option<String> {
    valid(util, &format!("+{digits}"), None)
}

/// The valid number that an uncertain `text` most likely meant. Tried in this order: the `+` or `00` before a calling
/// code was lost; a `+` was put before a national number; the leading zero of a country that always dials it (Italy)
/// was lost.
pub(super) fn suggest(util: &PhoneNumberUtil, text: &str, region: Option<&str>) -> Option<String> {
    if text.len() > LONGEST {
        return None;
    }
    if let Some(rest) = text.strip_prefix('+') {
        return valid(util, text, None).or_else(|| valid(util, rest, region));
    }
    let international = text.strip_prefix("00").unwrap_or(text);
    let starts_right = international.starts_with(|c: char| c.is_ascii_digit() && c != '0');
    let plus = starts_right.then(|| valid_with_plus(util, international)).flatten();
    plus.or_else(|| valid(util, &format!("0{text}"), region))
}

fn valid(util: &PhoneNumberUtil, text: &str, region: Option<&str>) -> Option<String> {
    match look_up(util, text, region) {
        Validity::Valid(number) => Some(number.e164),
        _ => None,
    }
}
