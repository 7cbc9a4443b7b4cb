//! A VAT number with its country's prefix. Shapes are known for the European Union, the United Kingdom,
//! Northern Ireland, Switzerland and Norway; a number of another country is text. Kept in upper case,
//! without spaces, dots and dashes.
//!
//! The prefix that a number is written with goes before the row's country: an organisation may be
//! registered abroad. A check digit that does not fit is a warning, since it says that the number is
//! mistyped or newer than the algorithm.

mod check_digits;
mod shapes;

use std::borrow::Cow;

use super::{Fate, Note};
use crate::record::Code;
use shapes::Shape;

/// A VAT number; `country` is the one where the row names none (alpha-2).
#[derive(Debug, Clone)]
pub(crate) struct Vat {
    country: Option<String>,
}

impl Vat {
    /// A VAT number; `country` is the one where the row names none (alpha-2).
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
        let country = sibling.or(self.country.as_deref());
        let compact = compact(cell);
        let home = country.and_then(shapes::of_country);
        let written = compact.get(..2).and_then(shapes::of_prefix);

        let foreign = written.and_then(|shape| Some((shape, shape.complete(&compact[2..])?)));
        let domestic = || home.and_then(|shape| Some((shape, shape.complete(&compact)?)));
        if let Some((shape, number)) = foreign.or_else(domestic) {
            if check_digits::fit(shape.prefix, &number) == Some(false) {
                let message = format!("has check digits that do not fit a VAT number of {}", shape.prefix);
                notes.push(Note::new(Code::VatCheckDigits, message));
            }
            out.push_str(shape.prefix);
            out.push_str(&number);
            return if out == cell { Fate::Same } else { Fate::Rewritten };
        }

        let message = match (home, written) {
            // Of a country whose numbers are not known, anything may be one.
            (None, _) if country.is_some() => return Fate::Same,
            (_, Some(Shape { prefix, example, .. })) | (Some(Shape { prefix, example, .. }), None) => {
                format!("is no VAT number of {prefix}; one looks like {example}")
            }
            (None, None) => {
                "begins with no country's VAT prefix, and the row's country is not known; a VAT number \
                             looks like NL123456789B13"
                    .to_owned()
            }
        };
        notes.push(Note::new(Code::InvalidVat, message));
        Fate::Rejected
    }
}

/// Without spaces, dots and dashes, in upper case; most cells are so already.
fn compact(cell: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    if cell.bytes().all(is_plain) {
        return Cow::Borrowed(cell);
    }
    let ornament = |c: char| c.is_whitespace() || matches!(c, '.' | '-' | '\u{2010}'..='\u{2013}');
    cell.chars().filter(|&c| !ornament(c)).map(|c| c.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::tests::{judged, stays};

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
            assert_eq!(judged!(Vat::new(None), cell, country), (Some(want.to_owned()), vec![]), "{cell}");
        }
        let rule = Vat::new(Some("DE".to_owned()));
        assert_eq!(judged!(rule, "136695976").0.as_deref(), Some("DE136695976"));
    }

    #[test]
    fn a_wrong_shape_is_rejected_and_shown_a_right_one() {
        for (cell, country, part) in [
            ("NL004495445B1", None, "of NL; one looks like NL123456789B13"),
            ("BE2428759497", None, "of BE"),
            ("FRIO303265045", None, "of FR"),
            ("12345", Some("DE"), "of DE"),
            ("DE12345", Some("NL"), "of DE"),
            ("123456789", None, "no country's VAT prefix"),
            ("é", Some("NL"), "of NL"),
            ("-", Some("NL"), "of NL"),
        ] {
            let (result, notes) = judged!(Vat::new(None), cell, country);
            assert_eq!((result, notes[0].code), (None, Code::InvalidVat), "{cell}");
            assert!(notes[0].message.contains(part), "{cell}: {}", notes[0].message);
        }
    }

    #[test]
    fn other_countries_numbers_are_text() {
        assert_eq!(judged!(Vat::new(None), "12-3456789", Some("US")), (Some("12-3456789".into()), vec![]));
        assert_eq!(judged!(Vat::new(None), "DE 136695976", Some("US")).0.as_deref(), Some("DE136695976"));
    }

    #[test]
    fn check_digits_that_do_not_fit_are_a_warning() {
        let (result, notes) = judged!(Vat::new(None), "DE136695978");
        assert_eq!((result.as_deref(), notes[0].code), (Some("DE136695978"), Code::VatCheckDigits));
    }

    proptest! {
        #[test]
        fn a_judged_value_stays(
            cell in "\\PC{0,16}|([A-Z]{2})?[0-9A-Z. -]{8,12}|([A-Z]{2})?[0-9]{8,12}",
            country in proptest::option::of(proptest::sample::select(vec!["NL", "BE", "FR", "ES", "CH", "US", "GR"])),
        ) {
            stays!(Vat::new(None), &cell, country);
        }
    }
}
