//! An IBAN (ISO 13616): its country, its length, the shape of the country's account number, and the check digits
//! (ISO 7064 mod 97-10). Stored without spaces, dashes and dots, in upper case. No digit is ever guessed, so there is no
//! suggestion.
//!
//! The shapes are those of SWIFT's IBAN registry, release 102 (June 2026), which has 89 countries. The crate
//! `iban_validate` is not used: it takes about three times as long (it divides for every character), does not say what
//! is wrong, and lacks countries. A test compares the two.

use std::sync::LazyLock;

use super::cell::{CellFinding, NormalForm};
use super::compact::compact;
pub(crate) use super::compact::is_between;
use crate::record::Code;

/// The account number of each country, after the check digits: counts of letters (a), digits (n), or either (c).
const SHAPES: &str = "\
    AD8n12c AE19n AL8n16c AT16n AZ4a20c BA16n BE12n BG4a6n8c BH4a14c BI23n BR23n1a1c BY4c4n16c CH5n12c \
    CR18n CY8n16c CZ20n DE18n DJ23n DK14n DO4c20n EE16n EG25n ES20n FI14n FK2a12n FO14n FR10n11c2n \
    GB4a14n GE2a16n GI4a15c GL14n GR7n16c GT24c HN4a20n HR17n HU24n IE4a14n IL19n IQ4a15n IS22n IT1a10n12c \
    JO4a4n18c KW4a22c KZ3n13c LB4n20c LC4a24c LI5n12c LT16n LU3n13c LV4a13c LY21n MC10n11c2n MD20c ME18n \
    MK3n10c2n MN16n MR23n MT4a5n18c MU4a19n3a NI4a20n NL4a10n NO11n OM3n16c PK4a16c PL24n PS4a21c PT21n QA4a21c \
    RO4a16c RS18n RU14n15c SA2n18c SC4a20n3a SD14n SE20n SI15n SK20n SM1a10n12c SO19n ST21n SV4a20n \
    TL19n TN20n TR6n16c UA6n19c VA18n VG4a16n XK16n YE4a4n18c";

/// An IBAN.
#[derive(Debug, Clone, Default)]
pub(crate) struct Iban;

impl Iban {
    /// See [`Rule::validate`](super::Rule::validate).
    pub(crate) fn validate(
        &self,
        cell: &str,
        _sibling: Option<&str>,
        out: &mut String,
        findings: &mut Vec<CellFinding>,
    ) -> NormalForm {
        let iban = compact(cell);
        match check(&iban) {
            Ok(()) if iban == cell => NormalForm::Same,
            Ok(()) => {
                out.push_str(&iban);
                NormalForm::Rewritten
            }
            Err(fault) => {
                findings.push(CellFinding::new(Code::InvalidIban, fault));
                NormalForm::Rejected
            }
        }
    }
}

/// The classes of the characters that follow the check digits in an IBAN of this country, whose code is in any case;
/// `None` if the country has no IBANs.
pub(crate) fn classes(code: [u8; 2]) -> Option<&'static [u8]> {
    let [first, second] = code.map(|byte| byte.to_ascii_uppercase());
    shape(first, second)
}

/// Whether a character, of an IBAN in any case, is of this class.
pub(crate) fn fits(c: char, class: u8) -> bool {
    match class {
        b'n' => c.is_ascii_digit(),
        b'a' => c.is_ascii_alphabetic(),
        _ => c.is_ascii_alphanumeric(),
    }
}

/// Whether a text is an IBAN, however it is written.
pub(crate) fn is_iban(text: &str) -> bool {
    check(&compact(text)).is_ok()
}

/// Checks a compact IBAN; the error says what is wrong.
fn check(iban: &str) -> Result<(), String> {
    if !iban.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err("holds characters that are neither letters nor digits".into());
    }
    let bytes = iban.as_bytes();
    let Some(([first, second, tens, ones], account)) = bytes.split_first_chunk::<4>() else {
        return Err("is too short for an IBAN".into());
    };
    let Some(shape) = shape(*first, *second) else {
        return Err("does not begin with the code of a country that has IBANs".into());
    };
    let country = || format!("{}{}", char::from(*first), char::from(*second));
    if account.len() != shape.len() {
        let (has, needs) = (bytes.len(), shape.len() + 4);
        return Err(format!("has {has} characters, but an IBAN of {} has {needs}", country()));
    }
    if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
        return Err("has no check digits after its country".into());
    }
    let fits = |(byte, class): (&u8, &u8)| match class {
        b'n' => byte.is_ascii_digit(),
        b'a' => byte.is_ascii_uppercase(),
        _ => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
    };
    if !account.iter().zip(shape).all(fits) {
        return Err(format!(
            "has letters where an IBAN of {} has digits, or digits where it has letters",
            country()
        ));
    }
    let digits = [*tens, *ones];
    // ISO 13616 uses 02 to 98 only; no other check digits fit the same account number.
    if digits == *b"00" || digits == *b"01" || digits == *b"99" || remainder(bytes) != 1 {
        return Err("has check digits that do not fit (mod 97)".into());
    }
    Ok(())
}

/// The number of ISO 13616 (the first four characters moved to the end, A = 10 … Z = 35) mod 97.
fn remainder(bytes: &[u8]) -> u64 {
    let (head, account) = bytes.split_at(4);
    account.iter().chain(head).fold(0, |sum: u64, byte| {
        let sum = match byte {
            b'0'..=b'9' => sum * 10 + u64::from(byte - b'0'),
            _ => sum * 100 + u64::from(byte - b'A') + 10,
        };
        // Dividing at every step would cost most of the time.
        if sum >= u64::MAX / 1_000 { sum % 97 } else { sum }
    }) % 97
}

/// A class for each character after the check digits.
fn shape(first: u8, second: u8) -> Option<&'static [u8]> {
    static TABLE: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
        let mut table = vec![Vec::new(); 26 * 26];
        for entry in SHAPES.split_ascii_whitespace() {
            let (country, runs) = entry.as_bytes().split_at(2);
            let mut shape = Vec::new();
            let mut count = 0;
            for byte in runs {
                if byte.is_ascii_digit() {
                    count = count * 10 + usize::from(byte - b'0');
                } else {
                    shape.resize(shape.len() + count, *byte);
                    count = 0;
                }
            }
            table[position(country[0], country[1])] = shape;
        }
        table
    });
    let both = first.is_ascii_uppercase() && second.is_ascii_uppercase();
    let shape = both.then(|| &TABLE[position(first, second)])?;
    (!shape.is_empty()).then_some(shape.as_slice())
}

fn position(first: u8, second: u8) -> usize {
    usize::from(first - b'A') * 26 + usize::from(second - b'A')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::tests::{stays, validated};

    #[test]
    fn valid_ibans_are_stored_without_spaces_dashes_and_dots() {
        // Examples of SWIFT's IBAN registry; the last ones are spelled as people spell them.
        for cell in [
            "NL91 ABNA 0417 1643 00",
            "nl91abna0417164300",
            "BE68539007547034",
            "DE89 3704 0044 0532 0130 00",
            "FR14 2004 1010 0505 0001 3M02 606",
            "LU28\u{a0}0019\u{a0}4006\u{a0}4475\u{a0}0000",
            "AT611904300234573201",
            "MT84MALT011000012345MTLCAST001S",
            "LC55HEMM000100010012001200023015",
            "XK051212012345678906",
            "NO9386011117947",
            "HN88CABF00000000000250005469",
            "YE15CBYE0001018861234567891234",
            "PK36 SCBL 0000 0011 2345 6702",
            "ES15-0049-1806-9121-1186-9374",
            "NO07.8380.08.06006",
            "NL91\u{2011}ABNA\u{2011}0417\u{2011}1643\u{2011}00",
            "NL91 - ABNA - 0417.1643.00",
        ] {
            let normal = cell.replace([' ', '\u{a0}', '-', '.', '\u{2011}'], "").to_uppercase();
            assert_eq!(validated!(Iban, cell), (Some(normal), vec![]), "{cell}");
        }
    }

    #[test]
    fn a_finding_says_what_is_wrong_and_suggests_nothing() {
        for (cell, part) in [
            ("NL", "too short"),
            ("US64SVBKUS6S3300958879", "country that has IBANs"),
            ("0417164300", "country that has IBANs"),
            ("NL91ABNA041716430", "has 17 characters, but an IBAN of NL has 18"),
            ("NL91ABNA041716430é", "neither letters nor digits"),
            ("NLX1ABNA0417164300", "no check digits"),
            ("NL91ABN10417164300", "has letters where"),
            ("NL91/ABNA/0417164300", "neither letters nor digits"),
            ("NL91-ABNA-0417164301", "mod 97"),
            ("NL19ABNA0417164300", "mod 97"),
            ("NL91ABNA0471164300", "mod 97"),
            ("NL91ABNA04171643O0", "has letters where"),
        ] {
            let (result, findings) = validated!(Iban, cell);
            assert_eq!((result, findings[0].code, &findings[0].suggestion), (None, Code::InvalidIban, &None));
            assert!(findings[0].message.contains(part), "{cell}: {}", findings[0].message);
        }
    }

    /// An account number of the shape, with the check digits that fit.
    fn complete(country: &str, shape: &[u8], mut random: u64) -> String {
        let mut iban = format!("{country}00");
        for class in shape {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let among = match class {
                b'n' => "0123456789",
                b'a' => "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                _ => "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            };
            iban.push(char::from(among.as_bytes()[usize::try_from(random >> 33).unwrap() % among.len()]));
        }
        let digits = 98 - remainder(iban.as_bytes());
        iban.replace_range(2..4, &format!("{digits:02}"));
        iban
    }

    /// Countries of the registry that `iban_validate` 5.0.1 lacks.
    const NOT_IN_THE_CRATE: [&str; 2] = ["HN", "PK"];

    #[test]
    fn the_crate_has_the_same_countries_and_shapes() {
        assert_eq!(SHAPES.split_ascii_whitespace().count(), 89);
        for first in b'A'..=b'Z' {
            for second in b'A'..=b'Z' {
                let country = format!("{}{}", char::from(first), char::from(second));
                let Some(shape) = shape(first, second) else {
                    let base = complete(&country, &[b'n'; 14], 1).parse::<iban::Iban>();
                    assert!(matches!(base, Err(iban::ParseIbanError::UnknownCountry(_))), "{country}");
                    continue;
                };
                if NOT_IN_THE_CRATE.contains(&country.as_str()) {
                    let unknown = complete(&country, shape, 1).parse::<iban::Iban>();
                    assert!(unknown.is_err(), "the crate knows {country} now");
                    continue;
                }
                for random in 0..50 {
                    let right = complete(&country, shape, random);
                    assert!(right.parse::<iban::Iban>().is_ok() && check(&right).is_ok(), "{right}");
                }
                for at in 0..shape.len() {
                    for class in [b'a', b'n'] {
                        let mut other = shape.to_vec();
                        other[at] = class;
                        let changed = complete(&country, &other, 7);
                        assert_eq!(
                            changed.parse::<iban::Iban>().is_ok(),
                            check(&changed).is_ok(),
                            "{changed}"
                        );
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_normal_form_stays_as_it_is_and_the_crate_agrees(cell in "\\PC{0,40}|(NL|BE|nl)[0-9]{2}[A-Z]{4}[0-9 ]{8,14}") {
            stays!(Iban, &cell);
            let normal = validated!(Iban, &cell).0;
            let theirs = compact(&cell).parse::<iban::Iban>();
            prop_assert!(normal.is_some() == theirs.is_ok() || NOT_IN_THE_CRATE.iter().any(|c| compact(&cell).starts_with(c)));
        }

        #[test]
        fn one_wrong_digit_is_found(random: u64, at in 4..18_usize) {
            let mut iban = complete("NL", shape(b'N', b'L').unwrap(), random).into_bytes();
            let high = if iban[at].is_ascii_digit() { b'9' } else { b'Z' };
            iban[at] = if iban[at] == high { high - 1 } else { iban[at] + 1 };
            prop_assert!(check(std::str::from_utf8(&iban).unwrap()).is_err());
        }
    }
}
