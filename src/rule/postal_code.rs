//! A postal code: the shape is known for the Netherlands, Belgium, Germany, Austria, Luxembourg and France
//! (Universal Postal Union, addressing guidelines of each); a code of another country is text.

use compact_str::format_compact;

use super::{Fate, Note};
use crate::record::Code;

/// A postal code; `country` is the one where the row names none (alpha-2).
#[derive(Debug, Clone)]
pub(crate) struct PostalCode {
    country: Option<String>,
}

impl PostalCode {
    /// A postal code; `country` is the one where the row names none (alpha-2).
    #[must_use]
    pub(crate) fn new(country: Option<String>) -> Self {
        Self { country }
    }

    /// See [`super::Rule::judge`].
    pub(crate) fn judge(
        &self,
        cell: &str,
        sibling: Option<&str>,
        out: &mut String,
        notes: &mut Vec<Note>,
    ) -> Fate {
        let Some(country) = sibling.or(self.country.as_deref()) else { return Fate::Same };
        let digits = match country {
            "NL" => return netherlands(cell, out, notes),
            "BE" | "AT" | "LU" => 4,
            "DE" | "FR" => 5,
            _ => return Fate::Same,
        };
        let code = without_country(cell, country);
        // Four digits never begin with 0; among five, only 00 is not in use as a place's beginning.
        let start = if digits == 4 { "0" } else { "00" };
        if all_digits(code) && code.len() == digits && !code.starts_with(start) {
            return finish(code, cell, out);
        }
        let mut note = Note::new(
            Code::InvalidPostalCode,
            match country {
                "BE" => "is no postal code of BE, which has 4 digits, for example 1000",
                "AT" => "is no postal code of AT, which has 4 digits, for example 1010",
                "LU" => "is no postal code of LU, which has 4 digits, for example 1009",
                "DE" => "is no postal code of DE, which has 5 digits, for example 01067",
                _ => "is no postal code of FR, which has 5 digits, for example 06000",
            },
        );
        if digits == 5 && code.len() == 4 && all_digits(code) && !code.starts_with('0') {
            note.message =
                format!("{}; a spreadsheet may have dropped the leading zero", note.message).into();
            note.suggestion = Some(format_compact!("0{code}"));
        }
        notes.push(note);
        Fate::Rejected
    }
}

fn netherlands(cell: &str, out: &mut String, notes: &mut Vec<Note>) -> Fate {
    let code = without_country(cell, "NL");
    let (digits, letters) = code.split_at_checked(4).unwrap_or((code, ""));
    out.push_str(digits);
    out.push(' ');
    out.extend(letters.trim_start().chars().map(|c| c.to_ascii_uppercase()));
    let letters = &out[digits.len() + 1..];
    let shaped = all_digits(digits)
        && digits.len() == 4
        && letters.len() == 2
        && letters.bytes().all(|byte| byte.is_ascii_uppercase());
    let fault = if !shaped {
        "is no postal code of NL, which has 4 digits and 2 letters, for example 1012 AB"
    } else if digits.starts_with('0') {
        "is no postal code of NL, which never begins with 0"
    } else if matches!(letters, "SA" | "SD" | "SS") {
        "is no postal code of NL, where the letters SA, SD and SS are not in use"
    } else {
        return if out == cell { Fate::Same } else { Fate::Rewritten };
    };
    notes.push(Note::new(Code::InvalidPostalCode, fault));
    Fate::Rejected
}

/// The code without the country in front of it (`L-1234`, `NL-1012 AB`), as on letters from abroad.
fn without_country<'c>(cell: &'c str, country: &str) -> &'c str {
    let sign = match country {
        "BE" => "B",
        "AT" => "A",
        "LU" => "L",
        "DE" => "D",
        "FR" => "F",
        other => other,
    };
    let Some((front, code)) = cell.split_once('-') else { return cell };
    let front = front.trim_end();
    let named = front.eq_ignore_ascii_case(sign) || front.eq_ignore_ascii_case(country);
    if named { code.trim_start() } else { cell }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn finish(code: &str, cell: &str, out: &mut String) -> Fate {
    if code.len() == cell.len() {
        return Fate::Same;
    }
    out.push_str(code);
    Fate::Rewritten
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::tests::{judged, stays};

    #[test]
    fn each_country_has_its_shape() {
        for (country, cell, want) in [
            ("NL", "1012 AB", Some("1012 AB")),
            ("NL", "1012ab", Some("1012 AB")),
            ("NL", "1012  Ab", Some("1012 AB")),
            ("NL", "NL-1012 AB", Some("1012 AB")),
            ("NL", "0912 AB", None),
            ("NL", "1012 SS", None),
            ("NL", "1012", None),
            ("NL", "1012 A1", None),
            ("NL", "101é AB", None),
            ("DE", "01067", Some("01067")),
            ("DE", "D-10115", Some("10115")),
            ("DE", "00123", None),
            ("BE", "1000", Some("1000")),
            ("BE", "B - 1000", Some("1000")),
            ("BE", "0900", None),
            ("AT", "1010", Some("1010")),
            ("AT", "10100", None),
            ("LU", "L-1009", Some("1009")),
            ("FR", "97400", Some("97400")),
            ("FR", "2A004", None),
            ("GB", "SW1A 1AA", Some("SW1A 1AA")),
            ("MC", "98000", Some("98000")),
        ] {
            let (result, notes) = judged!(PostalCode::new(None), cell, Some(country));
            assert_eq!(result.as_deref(), want, "{country} {cell}");
            assert!(notes.iter().all(|note| note.code == Code::InvalidPostalCode));
        }
    }

    #[test]
    fn a_lost_leading_zero_is_suggested_and_not_added() {
        for (country, cell, suggestion) in [
            ("DE", "1067", Some("01067")),
            ("FR", "6000", Some("06000")),
            ("DE", "106", None),
            ("BE", "900", None),
        ] {
            let (result, notes) = judged!(PostalCode::new(None), cell, Some(country));
            assert_eq!((result, notes[0].suggestion.as_deref()), (None, suggestion), "{country} {cell}");
        }
    }

    #[test]
    fn the_rows_country_goes_before_the_schemas() {
        let rule = PostalCode::new(Some("NL".to_owned()));
        assert_eq!(judged!(rule, "1012ab").0.as_deref(), Some("1012 AB"));
        assert_eq!(judged!(rule, "1000", Some("BE")).0.as_deref(), Some("1000"));
        assert_eq!(judged!(PostalCode::new(None), "whatever").0.as_deref(), Some("whatever"));
    }

    proptest! {
        #[test]
        fn a_judged_value_stays(
            cell in "\\PC{0,8}|([A-Z]{1,2}-)?[0-9]{3,5} ?([A-Za-z]{2})?",
            country in proptest::sample::select(vec!["NL", "BE", "DE", "AT", "LU", "FR", "GB"]),
        ) {
            stays!(PostalCode::new(None), &cell, Some(country));
        }
    }
}
