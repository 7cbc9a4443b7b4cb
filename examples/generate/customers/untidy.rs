//! Untidiness that a right validator accepts without a word: spaces, national telephone numbers, countries by
//! name, capitals in e-mail addresses, other spellings of choices. Only rows without a planted fault get it.

use super::accounts::{self, Profile};
use super::places::Country;
use super::random::Random;
use super::table::Row;
use super::users;

/// Makes an account untidy in one or two places, or leaves it.
pub(crate) fn account(row: &mut Row, profile: Profile, random: &mut Random) {
    match random.below(36) {
        0 => row.cells[accounts::NAME].push_str("  "),
        1 => row.cells[accounts::CITY].push('\u{a0}'),
        2 | 3 => row.set(accounts::COUNTRY, random.pick(profile.country.spellings())),
        4 | 5 => {
            let aliases: &[&str] = if profile.company {
                &["zakelijk", "bedrijf", "business"]
            } else {
                &["particulier", "person"]
            };
            row.set(accounts::TYPE, random.pick(aliases));
        }
        6 | 7 => {
            let debit = row.cells[accounts::METHOD] == "directDebit";
            row.set(accounts::METHOD, if debit { "incasso" } else { "invoice" });
        }
        8 | 9 => space_iban(&mut row.cells[accounts::IBAN]),
        10 => row.cells[accounts::IBAN].make_ascii_lowercase(),
        11 | 12 => row.cells[accounts::POSTAL_CODE].retain(|c| c != ' '),
        13 => row.cells[accounts::POSTAL_CODE].make_ascii_lowercase(),
        14 if profile.company => drop(row.cells[accounts::VAT_NUMBER].drain(..2)),
        15 | 16 => capitalise(&mut row.cells[accounts::EMAIL]),
        17 => row.set(accounts::FEATURE_FLAGS, "smartCharging, roaming,, smartCharging"),
        18 if row.cells[accounts::GENDER] == "female" => row.cells[accounts::GENDER].push(' '),
        20 => row.quoted = Some(accounts::REFERENCE),
        21 => row.cells[accounts::GENDER].clear(),
        22..=24 if profile.country == Country::Netherlands => {
            national(&mut row.cells[accounts::PHONE], random);
        }
        _ => {}
    }
}

/// Makes a user untidy in one place, or leaves it.
pub(crate) fn user(row: &mut Row, random: &mut Random) {
    match random.below(30) {
        0 | 1 => row.cells[users::EMAIL].push(' '),
        2..=4 => capitalise(&mut row.cells[users::EMAIL]),
        5 => row.cells[users::LAST_NAME].push('\u{a0}'),
        6 => row.cells[users::FIRST_NAME].insert(0, ' '),
        7 | 8 => {
            let roles =
                ["billing-admin", "accountAdmin", "account-admin", "apiDeveloper", "no role", "billingAdmin"];
            row.set(users::ROLE, random.pick(&roles));
        }
        9..=11 if row.cells[users::PHONE].starts_with("+31") => {
            national(&mut row.cells[users::PHONE], random);
        }
        12 => row.cells[users::PHONE].clear(),
        13 => row.cells[users::MIGRATED].clear(),
        14 => row.cells[users::MIGRATED].push(' '),
        15 => row.cells[users::LANGUAGE].clear(),
        16 if row.cells[users::GENDER] == "female" => row.cells[users::GENDER].push(' '),
        17 => row.cells[users::ACCOUNT].push(' '),
        18 => row.quoted = Some(users::ROLE),
        20 => row.cells[users::LEGACY_ID].clear(),
        21 if row.cells[users::PHONE].starts_with("+31") => {
            // A formula that keeps a spreadsheet from taking the zero away.
            let phone = &mut row.cells[users::PHONE];
            phone.replace_range(..3, "=\"0");
            phone.push('"');
        }
        _ => {}
    }
}

/// `+31612345678` as people in the country write it.
fn national(phone: &mut String, random: &mut Random) {
    if phone.starts_with("+316") {
        phone.replace_range(..3, "0");
        phone.insert_str(2, random.pick(&["-", " ", ""]));
    } else {
        phone.replace_range(..3, "0");
        phone.insert(3, '-');
    }
}

/// In groups of four, as printed on paper.
fn space_iban(iban: &mut String) {
    let mut at = 4;
    while at < iban.len() {
        iban.insert(at, ' ');
        at += 5;
    }
}

/// The first letter, and the one after the dot.
fn capitalise(email: &mut str) {
    let second = email.find('.').map_or(0, |dot| dot + 1);
    for at in [0, second] {
        if let Some(letter) = email.get_mut(at..=at) {
            letter.make_ascii_uppercase();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untidy_forms_keep_their_meaning() {
        let mut random = Random::for_row(1, 1, 1);
        let mut phone = "+31612345678".to_owned();
        national(&mut phone, &mut random);
        assert_eq!(phone.chars().filter(char::is_ascii_digit).collect::<String>(), "0612345678");
        let mut iban = "NL91ABNA0417164300".to_owned();
        space_iban(&mut iban);
        assert_eq!(iban, "NL91 ABNA 0417 1643 00");
        let mut email = "jan.smit1@ziggo.nl".to_owned();
        capitalise(&mut email);
        assert_eq!(email, "Jan.Smit1@ziggo.nl");
    }
}
