//! A VAT number with its country's prefix. The shapes of the European Union, the United Kingdom, Northern Ireland,
//! Switzerland and Norway are known; a number of another country is text. Stored in upper case, without spaces, dots
//! and dashes.
//!
//! The prefix that a number is written with takes precedence over the row's country, since an organisation may be
//! registered abroad. A number that is never issued is rejected. Check digits that do not fit are a warning: the number
//! is mistyped, or newer than the algorithm.

mod check_digits;
mod ranges;
mod shapes;

use super::cell::{CellFinding, NormalForm};
use super::compact::compact;
use crate::record::Code;
use shapes::Shape;

/// A VAT number.
#[derive(Debug, Clone)]
pub(crate) struct Vat {
    country: Option<String>,
}

impl Vat {
    /// A VAT number; `country` (alpha-2) is the default for rows that name none.
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
        let country = sibling.or(self.country.as_deref());
        let compact = compact(cell);
        let home = country.and_then(shapes::of_country);
        let written = compact.get(..2).and_then(shapes::of_prefix);

        let foreign = written.and_then(|shape| Some((shape, shape.complete(&compact[2..])?)));
        let domestic = || home.and_then(|shape| Some((shape, shape.complete(&compact)?)));
        if let Some((shape, number)) = foreign.or_else(domestic) {
            if ranges::never_issued(shape.prefix, &number) {
                let message = format!("is a number that {} never issues", shape.prefix);
                findings.push(CellFinding::new(Code::InvalidVat, message));
                return NormalForm::Rejected;
            }
            if check_digits::fit(shape.prefix, &number) == Some(false) {
                let message = format!("has check digits that do not fit a VAT number of {}", shape.prefix);
                findings.push(CellFinding::new(Code::VatCheckDigits, message));
            }
            out.push_str(shape.prefix);
            out.push_str(&number);
            return NormalForm::of(cell, out);
        }

        let message = match (home, written) {
            // Any text may be a number of a country whose shapes are not known.
            (None, _) if country.is_some() => return NormalForm::Same,
            (_, Some(Shape { prefix, example, .. })) | (Some(Shape { prefix, example, .. }), None) => {
                format!("is not a VAT number of {prefix}, which looks like {example}")
            }
            (None, None) => {
                "does not begin with a country's VAT prefix, and the row names no country; a VAT number looks like \
                 NL123456789B13"
                    .to_owned()
            }
        };
        findings.push(CellFinding::new(Code::InvalidVat, message));
        NormalForm::Rejected
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::tests::{stays, validated};

    #[test]
    fn the_prefix_is_read_or_added() {
        // Numbers are the examples of python-stdnum.
        for (cell, country, want) in [
            ("NL004495445B01", None, "NL004495445B01"),
            ("nl 0044.95.445.b01", Some("BE"), "NL004495445B01"),
            ("004495445B01", Some("NL"), "NL004495445B01"),
            ("BE 0428.759.497", None, "BE0428759497"),
            ("428759497", Some("BE"), "BE0428759497"),
            ("BE428759497", Some("BE"), "BE0428759497"),
            ("DE 136695976", Some("NL"), "DE136695976"),
            ("40303265045", Some("FR"), "FR40303265045"),
            ("ATU13585627", None, "ATU13585627"),
            ("13585627", Some("AT"), "ATU13585627"),
            ("LU 150 274 42", None, "LU15027442"),
            ("GR 094259216", Some("GR"), "EL094259216"),
            ("B64717838", Some("ES"), "ESB64717838"),
            ("CHE-100.155.212 MWST", Some("CH"), "CHE100155212MWST"),
            ("995 525 828 MVA", Some("NO"), "NO995525828MVA"),
            ("XI980780684", Some("GB"), "XI980780684"),
            ("IE8D79739I", None, "IE8D79739I"),
        ] {
            assert_eq!(validated!(Vat::new(None), cell, country), (Some(want.to_owned()), vec![]), "{cell}");
        }
        let rule = Vat::new(Some("DE".to_owned()));
        assert_eq!(validated!(rule, "136695976").0.as_deref(), Some("DE136695976"));
    }

    #[test]
    fn a_wrong_shape_is_rejected_with_an_example() {
        for (cell, country, part) in [
            ("NL004495445B1", None, "of NL, which looks like NL123456789B13"),
            ("BE2428759497", None, "of BE"),
            ("FRIO303265045", None, "of FR"),
            ("12345", Some("DE"), "of DE"),
            ("DE12345", Some("NL"), "of DE"),
            ("123456789", None, "not begin with a country's VAT prefix"),
            ("é", Some("NL"), "of NL"),
            ("-", Some("NL"), "of NL"),
            ("NL009122746B00", None, "that NL never issues"),
            ("GBGD600", None, "that GB never issues"),
            ("GB HA201", None, "that GB never issues"),
            ("IT00000000000", None, "that IT never issues"),
            ("000000000", Some("GB"), "that GB never issues"),
            ("DE000000020", Some("NL"), "that DE never issues"),
        ] {
            let (result, findings) = validated!(Vat::new(None), cell, country);
            assert_eq!((result, findings[0].code), (None, Code::InvalidVat), "{cell}");
            assert!(findings[0].message.contains(part), "{cell}: {}", findings[0].message);
        }
    }

    #[test]
    fn numbers_of_other_countries_are_text() {
        assert_eq!(validated!(Vat::new(None), "12-3456789", Some("US")), (Some("12-3456789".into()), vec![]));
        assert_eq!(validated!(Vat::new(None), "DE 136695976", Some("US")).0.as_deref(), Some("DE136695976"));
    }

    #[test]
    fn check_digits_that_do_not_fit_are_a_warning() {
        let (result, findings) = validated!(Vat::new(None), "DE136695978");
        assert_eq!((result.as_deref(), findings[0].code), (Some("DE136695978"), Code::VatCheckDigits));
    }

    proptest! {
        #[test]
        fn a_normal_form_stays_as_it_is(
            cell in "\\PC{0,16}|([A-Z]{2})?[0-9A-Z. -]{8,12}|([A-Z]{2})?[0-9]{8,12}",
            country in proptest::option::of(proptest::sample::select(vec!["NL", "BE", "FR", "ES", "CH", "US", "GR"])),
        ) {
            stays!(Vat::new(None), &cell, country);
        }
    }
}
