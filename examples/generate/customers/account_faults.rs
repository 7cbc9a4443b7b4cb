//! Faults that only accounts have, and what an account must be like so that a fault makes one finding only.

use super::accounts::{self as columns, Profile};
use super::faults::Fault;
use super::numbers;
use super::places::Country;
use super::plants::Plant;
use super::random::{Random, push_number};
use super::spoil::{self, Common};
use super::table::Row;

const COMMON: Common = Common {
    header: columns::HEADER,
    name: columns::NAME,
    first_name: columns::FIRST_NAME,
    gender: columns::GENDER,
    email: columns::EMAIL,
    phone: columns::PHONE,
};

/// The account that a fault needs: one whose other cells do not depend on the spoiled cell.
pub(crate) fn profile(fault: Fault, random: &mut Random) -> Profile {
    match fault {
        Fault::InvalidVat | Fault::VatCheckDigits | Fault::PatternMismatch | Fault::InvalidPostalCode => {
            Profile { country: Country::Netherlands, company: true }
        }
        // Without a country a VAT number and a company number could not be judged; a person has neither.
        Fault::InvalidCountry | Fault::CountryAlias => {
            Profile { country: Country::Netherlands, company: false }
        }
        // In Germany nearly every length is possible; a Dutch number of three digits is not.
        Fault::InvalidPhone | Fault::InvalidIban => {
            Profile { country: Country::Netherlands, company: random.percent(45) }
        }
        _ => Profile::pick(random),
    }
}

/// Spoils the row of an account. `earlier` is an account that was accepted before.
pub(crate) fn plant(fault: Fault, row: &mut Row, earlier: Option<u64>, random: &mut Random) -> Option<Plant> {
    let column = match fault {
        Fault::Required => {
            row.cells[columns::NAME].clear();
            columns::NAME
        }
        Fault::InvalidChoice if random.percent(50) => {
            row.set(columns::TYPE, random.pick(&["stichting", "overheid", "n.v.t."]));
            columns::TYPE
        }
        Fault::InvalidChoice => {
            row.set(columns::METHOD, random.pick(&["creditcard", "contant", "PayPal"]));
            columns::METHOD
        }
        Fault::InvalidBoolean => {
            let column = random.pick(&[columns::REIMBURSED, columns::NOTIFIED]);
            row.set(column, random.pick(&["onbekend", "?", "n.v.t.", "2"]));
            column
        }
        Fault::InvalidEmail if random.percent(40) => {
            row.set(columns::NOTIFIED_EMAIL, "storing@");
            columns::NOTIFIED_EMAIL
        }
        Fault::InvalidCountry => {
            row.set(columns::COUNTRY, random.pick(&["XX", "Nederlnd", "Onbekend", "Atlantis"]));
            columns::COUNTRY
        }
        Fault::CountryAlias => {
            row.set(columns::COUNTRY, "UK");
            row.set(columns::POSTAL_CODE, "SW1A 1AA");
            row.set(columns::CITY, "London");
            row.set(columns::PROVINCE, "England");
            columns::COUNTRY
        }
        Fault::InvalidLanguage => {
            row.set(columns::LANGUAGE, random.pick(&["Nederlands", "Nederlandstalig", "nl/fr"]));
            columns::LANGUAGE
        }
        Fault::InvalidIban => spoil_iban(row, random),
        Fault::InvalidBic | Fault::BicCountry => {
            numbers::push_iban(row.renew(columns::IBAN), Country::Netherlands, random);
            let wrong: &[&str] = if fault == Fault::BicCountry {
                &["COBADEFFXXX", "KREDBEBB", "DEUTDEFFXXX"]
            } else {
                &["INGBNL2", "RABO", "ABNANL2A1", "TRIO NL"]
            };
            row.set(columns::BIC, random.pick(wrong));
            columns::BIC
        }
        Fault::InvalidVat => {
            row.set(columns::VAT_NUMBER, random.pick(&["NL12345678B01", "NL123456789", "onbekend"]));
            columns::VAT_NUMBER
        }
        Fault::VatCheckDigits => {
            numbers::push_doubtful_vat(row.renew(columns::VAT_NUMBER), random);
            columns::VAT_NUMBER
        }
        Fault::InvalidPostalCode => {
            row.set(columns::POSTAL_CODE, random.pick(&["12345", "123 AB", "AB 1234", "1234 ABC"]));
            columns::POSTAL_CODE
        }
        Fault::TooLong => {
            let name = row.renew(columns::NAME);
            while name.len() <= 200 {
                name.push_str("Vereniging van Eigenaars ");
            }
            name.push_str("Parkzicht");
            columns::NAME
        }
        Fault::PatternMismatch => {
            // A spreadsheet took the leading zero.
            push_number(row.renew(columns::COMPANY_NUMBER), 1_000_000 + random.below(8_000_000), 7);
            columns::COMPANY_NUMBER
        }
        Fault::DuplicateKey => {
            let winner = earlier?;
            columns::push_key(row.renew(columns::LEGACY_ID), winner);
            let note = format!("record {winner} stays");
            return Some(Plant { note, ..Plant::cell(fault, columns::HEADER[columns::LEGACY_ID]) });
        }
        _ => return spoil::plant(fault, row, &COMMON, random),
    };
    Some(Plant::cell(fault, columns::HEADER[column]))
}

/// A right IBAN with wrong check digits, or with a digit lost.
fn spoil_iban(row: &mut Row, random: &mut Random) -> usize {
    let column = random.pick(&[columns::IBAN, columns::REIMBURSED_IBAN]);
    let iban = row.renew(column);
    numbers::push_iban(iban, Country::Netherlands, random);
    if random.percent(50) {
        iban.pop();
    } else {
        // One digit of a right number changed is never right again.
        let last = iban.pop().and_then(|digit| digit.to_digit(10)).unwrap_or(0);
        push_number(iban, u64::from((last + 1) % 10), 1);
    }
    column
}
