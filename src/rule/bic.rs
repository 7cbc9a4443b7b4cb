//! A BIC (ISO 9362): four characters for the party, the country, two characters for the place, and optionally three
//! for the branch. Stored without spaces and in upper case. A BIC of another country than its IBAN is a warning.

use super::cell::{CellFinding, NormalForm};
use super::country::is_alpha_2;
use crate::record::Code;

/// A BIC.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bic;

impl Bic {
    /// See [`Rule::validate`](super::Rule::validate).
    pub(crate) fn validate(
        &self,
        cell: &str,
        sibling: Option<&str>,
        out: &mut String,
        findings: &mut Vec<CellFinding>,
    ) -> NormalForm {
        out.extend(cell.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()));
        let country = match country(out) {
            Ok(country) => country,
            Err(fault) => {
                findings.push(CellFinding::new(Code::InvalidBic, fault));
                return NormalForm::Rejected;
            }
        };
        if let Some(of_iban) = sibling.and_then(|iban| iban.get(..2))
            && territory(country) != territory(of_iban)
        {
            let message = format!("is a BIC of {country}, but the IBAN is one of {of_iban}");
            findings.push(CellFinding::new(Code::BicCountry, message));
        }
        NormalForm::of(cell, out)
    }
}

/// The country of a BIC; the error says why the text is not a BIC.
fn country(bic: &str) -> Result<&str, &'static str> {
    if !bic.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err("holds characters that are neither letters nor digits");
    }
    if !matches!(bic.len(), 8 | 11) {
        return Err("must have 8 or 11 characters");
    }
    let country = &bic[4..6];
    // XK is Kosovo, which SWIFT and the IBAN registry know and ISO 3166-1 does not.
    if !is_alpha_2(country) && country != "XK" {
        return Err("has no country in its fifth and sixth characters");
    }
    Ok(country)
}

/// The country whose IBANs the banks of a territory use. Source: the notes on France, Finland and the United Kingdom
/// in SWIFT's IBAN registry; and Monaco, whose banks have IBANs of both kinds.
fn territory(country: &str) -> &str {
    match country {
        "GF" | "GP" | "MQ" | "RE" | "PF" | "TF" | "YT" | "NC" | "BL" | "MF" | "PM" | "WF" | "MC" => "FR",
        "GG" | "IM" | "JE" => "GB",
        "AX" => "FI",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::tests::{stays, validated};

    #[test]
    fn eight_or_eleven_characters_with_a_country() {
        for (cell, want) in [
            ("INGBNL2A", "INGBNL2A"),
            ("deutdeff500", "DEUTDEFF500"),
            ("RABO NL 2U", "RABONL2U"),
            ("NRBPXKPR", "NRBPXKPR"),
            ("E097AEXX", "E097AEXX"),
        ] {
            assert_eq!(validated!(Bic, cell), (Some(want.to_owned()), vec![]), "{cell}");
        }
        for (cell, part) in [
            ("INGBNL2", "8 or 11"),
            ("INGBNL2A00", "8 or 11"),
            ("INGBQQ2A", "no country"),
            ("INGB12AB", "no country"),
            ("INGBNL2-", "neither letters nor digits"),
            ("ÄNGBNL2A", "neither letters nor digits"),
        ] {
            let (result, findings) = validated!(Bic, cell);
            assert_eq!((result, findings[0].code), (None, Code::InvalidBic), "{cell}");
            assert!(findings[0].message.contains(part), "{cell}: {}", findings[0].message);
        }
    }

    #[test]
    fn the_country_of_the_iban_is_compared() {
        for (cell, iban, warned) in [
            ("INGBNL2A", "NL91ABNA0417164300", false),
            ("DEUTDEFF", "NL91ABNA0417164300", true),
            ("BARCMCMX", "FR1420041010050500013M02606", false),
            ("BNPAFRPP", "MC5811222000010123456789030", false),
            ("MIDLJESH", "GB29NWBK60161331926819", false),
            ("AABAFI22", "FI2112345600000785", false),
        ] {
            let (result, findings) = validated!(Bic, cell, Some(iban));
            assert_eq!(result.as_deref(), Some(cell));
            assert_eq!(findings.iter().any(|finding| finding.code == Code::BicCountry), warned, "{cell}");
        }
    }

    proptest! {
        #[test]
        fn a_normal_form_stays_as_it_is(cell in "\\PC{0,12}|[a-zA-Z]{4}(NL|DE|nl)[A-Z0-9]{2,5}", iban in "\\PC{0,3}|DE00") {
            stays!(Bic, &cell, Some(iban.as_str()));
        }
    }
}
