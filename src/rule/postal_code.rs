//! A postal code. The shapes of the Netherlands, Belgium, Germany, Austria, Luxembourg and France are known (Universal
//! Postal Union, addressing guidelines of each country); a code of another country is text.

use compact_str::format_compact;

use super::cell::{CellFinding, NormalForm};
use crate::record::Code;

/// A postal code.
#[derive(Debug, Clone)]
pub(crate) struct PostalCode {
    country: Option<String>,
}

impl PostalCode {
    /// A postal code; `country` (alpha-2) is the default for rows that name none.
    pub(crate) fn new(country: Option<String>) -> Self {
        Self { country }
    }

    /// See [`Rule::validate`](super::Rule::validate).
    pub(crate) fn validate(
        &self,
        cell: &str,
        sibling: Option<&str>,
        out: &mut String,
        findings: &mut Vec<CellFinding>,
    ) -> NormalForm {
        let Some(country) = sibling.or(self.country.as_deref()) else { return NormalForm::Same };
        let digits = match country {
            "NL" => return netherlands(cell, out, findings),
            "BE" | "AT" | "LU" => 4,
            "DE" | "FR" => 5,
            _ => return NormalForm::Same,
        };
        let code = without_country(cell, country);
        // Codes of four digits never begin with 0, codes of five never with 00.
        let start = if digits == 4 { "0" } else { "00" };
        if all_digits(code) && code.len() == digits && !code.starts_with(start) {
            return finish(code, cell, out);
        }
        let mut finding = CellFinding::new(
            Code::InvalidPostalCode,
            match country {
                "BE" => "is not a postal code of BE, which has 4 digits, for example 1000",
                "AT" => "is not a postal code of AT, which has 4 digits, for example 1010",
                "LU" => "is not a postal code of LU, which has 4 digits, for example 1009",
                "DE" => "is not a postal code of DE, which has 5 digits, for example 01067",
                _ => "is not a postal code of FR, which has 5 digits, for example 06000",
            },
        );
        if digits == 5 && code.len() == 4 && all_digits(code) && !code.starts_with('0') {
            finding.message =
                format!("{}; a spreadsheet may have dropped the leading zero", finding.message).into();
            finding.suggestion = Some(format_compact!("0{code}"));
        }
        findings.push(finding);
        NormalForm::Rejected
    }
}

fn netherlands(cell: &str, out: &mut String, findings: &mut Vec<CellFinding>) -> NormalForm {
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
        "is not a postal code of NL, which has 4 digits and 2 letters, for example 1012 AB"
    } else if digits.starts_with('0') {
        "is not a postal code of NL, which never begins with 0"
    } else if matches!(letters, "SA" | "SD" | "SS") {
        "is not a postal code of NL, where the letters SA, SD and SS are not in use"
    } else {
        return NormalForm::of(cell, out);
    };
    findings.push(CellFinding::new(Code::InvalidPostalCode, fault));
    NormalForm::Rejected
}

/// The code without the country before it (`L-1234`, `NL-1012 AB`), as it is written on letters from abroad.
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

fn finish(code: &str, cell: &str, out: &mut String) -> NormalForm {
    if code.len() == cell.len() {
        return NormalForm::Same;
    }
    out.push_str(code);
    NormalForm::Rewritten
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::tests::{stays, validated};

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
            let (result, findings) = validated!(PostalCode::new(None), cell, Some(country));
            assert_eq!(result.as_deref(), want, "{country} {cell}");
            assert!(findings.iter().all(|finding| finding.code == Code::InvalidPostalCode));
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
            let (result, findings) = validated!(PostalCode::new(None), cell, Some(country));
            assert_eq!((result, findings[0].suggestion.as_deref()), (None, suggestion), "{country} {cell}");
        }
    }

    #[test]
    fn the_country_of_the_row_takes_precedence_over_the_default() {
        let rule = PostalCode::new(Some("NL".to_owned()));
        assert_eq!(validated!(rule, "1012ab").0.as_deref(), Some("1012 AB"));
        assert_eq!(validated!(rule, "1000", Some("BE")).0.as_deref(), Some("1000"));
        assert_eq!(validated!(PostalCode::new(None), "whatever").0.as_deref(), Some("whatever"));
    }

    proptest! {
        #[test]
        fn a_normal_form_stays_as_it_is(
            cell in "\\PC{0,8}|([A-Z]{1,2}-)?[0-9]{3,5} ?([A-Za-z]{2})?",
            country in proptest::sample::select(vec!["NL", "BE", "DE", "AT", "LU", "FR", "GB"]),
        ) {
            stays!(PostalCode::new(None), &cell, Some(country));
        }
    }
}
