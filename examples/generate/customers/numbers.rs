//! Numbers with rules: telephone, IBAN and BIC, VAT, chamber of commerce. Written from the
//! registries' descriptions (ISO 13616, ISO 7064, the national numbering plans), not from any validator.

use super::places::Country;
use super::random::{Random, push_number};

/// A bank as an IBAN and a BIC name it.
#[derive(Clone, Copy)]
struct Bank(&'static str, &'static str);

const DUTCH_BANKS: &[Bank] = &[
    Bank("ABNA", "ABNANL2A"),
    Bank("INGB", "INGBNL2A"),
    Bank("RABO", "RABONL2U"),
    Bank("SNSB", "SNSBNL2A"),
    Bank("TRIO", "TRIONL2U"),
    Bank("ASNB", "ASNBNL21"),
    Bank("KNAB", "KNABNL2H"),
    Bank("BUNQ", "BUNQNL2A"),
];

const BELGIAN_BANKS: &[Bank] = &[
    Bank("001", "GEBABEBB"),
    Bank("063", "GKCCBEBB"),
    Bank("363", "BBRUBEBB"),
    Bank("734", "KREDBEBB"),
    Bank("979", "ARSPBE22"),
];

const GERMAN_BANKS: &[Bank] = &[
    Bank("37040044", "COBADEFFXXX"),
    Bank("50070010", "DEUTDEFFXXX"),
    Bank("12030000", "BYLADEM1001"),
    Bank("43060967", "GENODEM1GLS"),
];

const DUTCH_AREAS: &[&str] =
    &["10", "20", "30", "40", "50", "70", "13", "15", "24", "26", "33", "35", "38", "43"];

/// A mobile number, or now and then a landline, in E.164 form.
pub(crate) fn push_phone(out: &mut String, country: Country, random: &mut Random) {
    let landline = random.percent(20);
    match (country, landline) {
        (Country::Netherlands, false) => {
            out.push_str("+316");
            out.push_str(random.pick(&["1", "2", "3", "4", "5", "8"]));
            push_number(out, random.below(10_000_000), 7);
        }
        (Country::Netherlands, true) => {
            out.push_str("+31");
            out.push_str(random.pick(DUTCH_AREAS));
            push_number(out, 2_000_000 + random.below(6_000_000), 7);
        }
        (Country::Belgium, false) => {
            out.push_str("+324");
            out.push_str(random.pick(&["7", "8", "9"]));
            push_number(out, random.below(10_000_000), 7);
        }
        (Country::Belgium, true) => {
            out.push_str(random.pick(&["+322", "+323"]));
            push_number(out, 2_000_000 + random.below(6_000_000), 7);
        }
        (Country::Germany, false) => {
            out.push_str(random.pick(&["+49151", "+49160", "+49171", "+49175"]));
            let short = !out.ends_with("151");
            push_number(out, 20_000_000 + random.below(60_000_000), 8);
            if short {
                out.pop();
            }
        }
        (Country::Germany, true) => {
            out.push_str("+49221");
            push_number(out, 2_000_000 + random.below(6_000_000), 7);
        }
    }
}

/// An IBAN of one of the country's banks; returns that bank's BIC.
pub(crate) fn push_iban(out: &mut String, country: Country, random: &mut Random) -> &'static str {
    let start = out.len();
    out.push_str(country.code());
    out.push_str("00");
    let bank = match country {
        Country::Netherlands => {
            let bank = random.pick(DUTCH_BANKS);
            out.push_str(bank.0);
            push_number(out, 100_000_000 + random.below(900_000_000), 10);
            bank
        }
        Country::Belgium => {
            let bank = random.pick(BELGIAN_BANKS);
            out.push_str(bank.0);
            push_number(out, random.below(10_000_000), 7);
            let check = match mod97(&out[start + 4..]) {
                0 => 97,
                rest => rest,
            };
            push_number(out, check, 2);
            bank
        }
        Country::Germany => {
            let bank = random.pick(GERMAN_BANKS);
            out.push_str(bank.0);
            push_number(out, random.below(10_000_000_000), 10);
            bank
        }
    };
    let mut turned = String::with_capacity(40);
    turned.push_str(&out[start + 4..]);
    turned.push_str(&out[start..start + 4]);
    let check = 98 - mod97(&turned);
    let mut digits = String::with_capacity(2);
    push_number(&mut digits, check, 2);
    out.replace_range(start + 2..start + 4, &digits);
    bank.1
}

/// The remainder by 97 of the number that a text is when A is 10 and Z is 35 (ISO 7064).
pub(crate) fn mod97(text: &str) -> u64 {
    text.bytes().fold(0, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u64::from(byte - b'0')) % 97,
        _ => (rest * 100 + u64::from(byte - b'A') + 10) % 97,
    })
}

/// A VAT number with right check digits, its country's prefix included; `company` is the Belgian company
/// number that it contains.
pub(crate) fn push_vat(out: &mut String, country: Country, company: &str, random: &mut Random) {
    match country {
        Country::Netherlands if random.percent(40) => push_dutch_sole_trader(out, random),
        Country::Netherlands => {
            out.push_str("NL");
            push_eleven_proof(out, random);
            out.push_str("B0");
            push_number(out, 1 + random.below(3), 1);
        }
        Country::Belgium => {
            out.push_str("BE");
            out.push_str(company);
        }
        Country::Germany => {
            out.push_str("DE");
            let start = out.len();
            push_number(out, 10_000_000 + random.below(90_000_000), 8);
            let product = out[start..].bytes().fold(10, |product, digit| {
                let sum = (u64::from(digit - b'0') + product) % 10;
                2 * if sum == 0 { 10 } else { sum } % 11
            });
            push_number(out, (11 - product) % 10, 1);
        }
    }
}

/// Nine digits that pass the test of eleven: the weighted sum equals the last digit, by 11.
fn push_eleven_proof(out: &mut String, random: &mut Random) {
    loop {
        let eight = 10_000_000 + random.below(90_000_000);
        let check = eleven(eight);
        if check < 10 {
            push_number(out, eight * 10 + check, 9);
            return;
        }
    }
}

/// The last digit that makes eight digits pass the test of eleven; 10 where there is none.
fn eleven(eight: u64) -> u64 {
    let (sum, _) = (2..=9).fold((0, eight), |(sum, rest), weight| (sum + weight * (rest % 10), rest / 10));
    sum % 11
}

/// The form of 2020 and later: no test of eleven, but the whole text is 1 by 97.
fn push_dutch_sole_trader(out: &mut String, random: &mut Random) {
    let mut text = String::with_capacity(14);
    loop {
        text.clear();
        text.push_str("NL");
        push_number(&mut text, 1_000_000 + random.below(900_000_000), 9);
        text.push('B');
        let rest = mod97(&text) * 100 % 97;
        let suffix = (97 + 1 - rest) % 97;
        if suffix >= 2 {
            push_number(&mut text, suffix, 2);
            out.push_str(&text);
            return;
        }
    }
}

/// A Dutch VAT number of the right shape that passes neither test.
pub(crate) fn push_doubtful_vat(out: &mut String, random: &mut Random) {
    let mut text = String::with_capacity(14);
    loop {
        let eight = 10_000_000 + random.below(90_000_000);
        let last = (eleven(eight) + 1 + random.below(8)) % 10;
        text.clear();
        text.push_str("NL");
        push_number(&mut text, eight * 10 + last, 9);
        text.push_str("B01");
        if last != eleven(eight) && mod97(&text) != 1 {
            out.push_str(&text);
            return;
        }
    }
}

/// A chamber of commerce number (eight digits), a Belgian enterprise number, a German register entry.
pub(crate) fn push_company_number(out: &mut String, country: Country, random: &mut Random) {
    match country {
        Country::Netherlands => push_number(out, 10_000_000 + random.below(80_000_000), 8),
        Country::Belgium => {
            let first = 4_000_000 + random.below(3_900_000);
            push_number(out, first, 8);
            push_number(out, 97 - first % 97, 2);
        }
        Country::Germany => {
            out.push_str("HRB ");
            push_number(out, 1000 + random.below(90_000), 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_iban_is_one_by_97() {
        let mut random = Random::for_row(1, 2, 3);
        for country in [Country::Netherlands, Country::Belgium, Country::Germany] {
            for _ in 0..200 {
                let mut iban = String::new();
                let bic = push_iban(&mut iban, country, &mut random);
                assert_eq!(mod97(&format!("{}{}", &iban[4..], &iban[..4])), 1, "{iban}");
                assert_eq!(&bic[4..6], country.code());
            }
        }
    }

    #[test]
    fn the_published_examples_of_check_digits_hold() {
        assert_eq!(mod97("WEST12345698765432GB82"), 1, "ISO 13616's example");
        assert_eq!(eleven(11_122_233), 3, "111222333 passes the test of eleven");
        assert_eq!(mod97("NL123456789B13"), 1, "the tax office's example of 2020");
    }
}
