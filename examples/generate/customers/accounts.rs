//! An account's row, before anything is spoiled: a private person or a company, with a contact, an address, a
//! bank account and settings that fit each other.

use super::names;
use super::numbers;
use super::places::{self, Country};
use super::random::{Random, push_number};
use super::table::Row;

macro_rules! columns {
    ($($name:ident $position:literal $header:literal;)+) => {
        $(pub(crate) const $name: usize = $position;)+
        /// The header, in the order of the documents.
        pub(crate) const HEADER: &[&str] = &[$($header),+];
    };
}

columns! {
    LEGACY_ID 0 "legacyId";
    TYPE 1 "type";
    NAME 2 "name";
    PLAN 3 "plan";
    LANGUAGE 4 "language";
    GENDER 5 "contact.gender";
    FIRST_NAME 6 "contact.firstName";
    LAST_NAME 7 "contact.lastName";
    EMAIL 8 "contact.email";
    PHONE 9 "contact.phone";
    COMPANY_NUMBER 10 "companyNumber";
    VAT_NUMBER 11 "vatNumber";
    STREET 12 "billingAddress.street";
    NUMBER 13 "billingAddress.number";
    POSTAL_CODE 14 "billingAddress.postalCode";
    CITY 15 "billingAddress.city";
    PROVINCE 16 "billingAddress.province";
    COUNTRY 17 "billingAddress.countryCode";
    METHOD 18 "payment.method";
    IBAN 19 "payment.iban";
    BIC 20 "payment.bic";
    HOLDER 21 "payment.accountHolder";
    REFERENCE 22 "payment.reference";
    REIMBURSED 23 "reimbursement.enabled";
    REIMBURSED_IBAN 24 "reimbursement.iban";
    REIMBURSED_BIC 25 "reimbursement.bic";
    REIMBURSED_HOLDER 26 "reimbursement.accountHolder";
    REIMBURSED_EMAIL 27 "reimbursement.email";
    REIMBURSED_REFERENCE 28 "reimbursement.reference";
    NOTIFIED 29 "notifications.enabled";
    NOTIFIED_EMAIL 30 "notifications.email";
    FEATURE_FLAGS 31 "featureFlags";
    LABELS 32 "labels";
}

/// What the other cells of an account hang on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Profile {
    /// Where it lives.
    pub(crate) country: Country,
    /// Whether it is a company.
    pub(crate) company: bool,
}

impl Profile {
    /// Profiles in the company's proportions.
    pub(crate) fn pick(random: &mut Random) -> Self {
        Self { country: Country::pick(random), company: random.percent(45) }
    }
}

/// The account's key.
pub(crate) fn push_key(out: &mut String, number: u64) {
    out.push_str("A-");
    push_number(out, number, 6);
}

/// Fills an empty row with the account of this number.
pub(crate) fn fill(row: &mut Row, number: u64, profile: Profile, random: &mut Random) {
    let Profile { country, company } = profile;
    push_key(&mut row.cells[LEGACY_ID], number);
    row.cells[TYPE].push_str(if company { "company" } else { "private" });
    row.cells[PLAN].push_str(match (company, random.below(4)) {
        (_, 0) => "",
        (false, 1) => "Home Plus",
        (false, _) => "Home",
        (true, 1) => "Fleet",
        (true, _) => "Business",
    });
    row.cells[LANGUAGE].push_str(match country {
        Country::Netherlands => random.pick(&["nl", "nl", "nl", "nl-NL", "en"]),
        Country::Belgium => random.pick(&["nl-BE", "fr-BE", "nl"]),
        Country::Germany => "de",
    });
    let (first, woman) = names::first_name(random);
    let last = names::surname(random);
    row.cells[GENDER].push_str(if woman { "female" } else { "male" });
    row.cells[FIRST_NAME].push_str(first);
    row.cells[LAST_NAME].push_str(last);
    names::push_email(&mut row.cells[EMAIL], first, last, number, random);
    numbers::push_phone(&mut row.cells[PHONE], country, random);
    if company {
        names::push_company(&mut row.cells[NAME], last, random);
        let mut company_number = String::with_capacity(10);
        numbers::push_company_number(&mut company_number, country, random);
        numbers::push_vat(&mut row.cells[VAT_NUMBER], country, &company_number, random);
        row.cells[COMPANY_NUMBER].push_str(&company_number);
    } else {
        let name = &mut row.cells[NAME];
        name.push_str(first);
        name.push(' ');
        name.push_str(last);
    }
    fill_address(row, country, random);
    fill_payment(row, number, profile, random);
    fill_settings(row, company, random);
}

fn fill_address(row: &mut Row, country: Country, random: &mut Random) {
    row.cells[STREET].push_str(places::street(country, random));
    places::push_house(&mut row.cells[NUMBER], random);
    let (city, province) = places::town(country, &mut row.cells[POSTAL_CODE], random);
    row.cells[CITY].push_str(city);
    row.cells[PROVINCE].push_str(province);
    row.cells[COUNTRY].push_str(country.code());
}

fn fill_payment(row: &mut Row, number: u64, profile: Profile, random: &mut Random) {
    let debit = random.percent(75);
    row.cells[METHOD].push_str(if debit { "directDebit" } else { "transfer" });
    let mut holder = String::with_capacity(40);
    holder.push_str(if profile.company { &row.cells[NAME] } else { &row.cells[LAST_NAME] });
    if debit {
        let bic = numbers::push_iban(&mut row.cells[IBAN], profile.country, random);
        row.cells[BIC].push_str(bic);
        row.cells[HOLDER].push_str(&holder);
    }
    if random.percent(30) {
        let reference = &mut row.cells[REFERENCE];
        reference.push_str("KLANT ");
        push_number(reference, number, 1);
    }
    let reimbursed = random.percent(35);
    row.cells[REIMBURSED].push_str(if reimbursed { "true" } else { "false" });
    if reimbursed {
        let bic = numbers::push_iban(&mut row.cells[REIMBURSED_IBAN], profile.country, random);
        row.cells[REIMBURSED_BIC].push_str(bic);
        row.cells[REIMBURSED_HOLDER].push_str(&holder);
        let [email, copy] = row.cells.get_disjoint_mut([EMAIL, REIMBURSED_EMAIL]).expect("two columns");
        copy.push_str(email);
        if random.percent(40) {
            row.cells[REIMBURSED_REFERENCE].push_str("vergoeding laadsessies");
        }
    }
}

fn fill_settings(row: &mut Row, company: bool, random: &mut Random) {
    let notified = random.percent(60);
    row.cells[NOTIFIED].push_str(if notified { "true" } else { "false" });
    if notified && company {
        let [email, copy] = row.cells.get_disjoint_mut([EMAIL, NOTIFIED_EMAIL]).expect("two columns");
        copy.push_str(email);
    }
    row.cells[FEATURE_FLAGS].push_str(match random.below(10) {
        0 => "smartCharging,loadBalancing",
        1 => "smartCharging,roaming,guestAccess",
        2 => "publicCharging,dynamicTariff",
        3..=5 => "smartCharging",
        _ => "",
    });
    row.cells[LABELS].push_str(match random.below(12) {
        0 => "vip",
        1 => "pilot 2019,lease",
        2 => "lease",
        3 => "VvE",
        _ => "",
    });
}
