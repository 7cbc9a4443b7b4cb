//! A user's row, before anything is spoiled.

use super::accounts;
use super::names;
use super::numbers;
use super::places::Country;
use super::random::{Random, push_number};
use super::table::Row;

pub(crate) const EMAIL: usize = 0;
pub(crate) const LEGACY_ID: usize = 1;
pub(crate) const ACCOUNT: usize = 2;
pub(crate) const ROLE: usize = 3;
pub(crate) const GENDER: usize = 4;
pub(crate) const FIRST_NAME: usize = 5;
pub(crate) const LAST_NAME: usize = 6;
pub(crate) const PHONE: usize = 7;
pub(crate) const LANGUAGE: usize = 8;
pub(crate) const MIGRATED: usize = 9;

/// The header, in the order of the documents.
pub(crate) const HEADER: &[&str] = &[
    "email",
    "legacyId",
    "account.legacyId",
    "role",
    "contact.gender",
    "contact.firstName",
    "contact.lastName",
    "contact.phone",
    "defaultLangCode",
    "migrated",
];

/// Fills an empty row with the user of this number, in the account of that number.
pub(crate) fn fill(row: &mut Row, number: u64, account: u64, random: &mut Random) {
    let (first, woman) = names::first_name(random);
    let last = names::surname(random);
    names::push_email(&mut row.cells[EMAIL], first, last, number, random);
    let legacy_id = &mut row.cells[LEGACY_ID];
    legacy_id.push_str("U-");
    push_number(legacy_id, number, 7);
    accounts::push_key(&mut row.cells[ACCOUNT], account);
    row.cells[ROLE].push_str(match random.below(20) {
        0 => "API developer",
        1 => "Locations facilitator",
        2 => "Field Service Technician",
        3..=4 => "Billing admin",
        5..=7 => "Account admin",
        _ => "",
    });
    row.cells[GENDER].push_str(if woman { "female" } else { "male" });
    row.cells[FIRST_NAME].push_str(first);
    // Some systems sort by the name's main part and export it so.
    match (last.rsplit_once(' '), random.below(16)) {
        (Some((prefix, main)), 0) => {
            let cell = &mut row.cells[LAST_NAME];
            cell.push_str(main);
            cell.push_str(", ");
            cell.push_str(prefix);
        }
        _ => row.cells[LAST_NAME].push_str(last),
    }
    numbers::push_phone(&mut row.cells[PHONE], Country::pick(random), random);
    row.cells[LANGUAGE].push_str(if random.percent(80) { "nl" } else { "en" });
    row.cells[MIGRATED].push_str(if random.percent(15) { "true" } else { "false" });
}
