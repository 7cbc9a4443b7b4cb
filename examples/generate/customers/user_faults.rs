//! Faults that only users have, or have in other columns than accounts.

use super::accounts;
use super::faults::Fault;
use super::plants::Plant;
use super::random::Random;
use super::spoil::{self, Common};
use super::table::Row;
use super::users as columns;

const COMMON: Common = Common {
    header: columns::HEADER,
    name: columns::LAST_NAME,
    first_name: columns::FIRST_NAME,
    gender: columns::GENDER,
    email: columns::EMAIL,
    phone: columns::PHONE,
};

/// A user that was accepted before, whose key or number a duplicate takes.
pub(crate) struct Earlier {
    /// The data record.
    pub(crate) record: u64,
    /// The e-mail address.
    pub(crate) email: String,
    /// The number in the old system.
    pub(crate) legacy_id: String,
}

/// Spoils the row of a user. `accounts` is how many accounts there are.
pub(crate) fn plant(
    fault: Fault,
    row: &mut Row,
    earlier: Option<&Earlier>,
    accounts: u64,
    random: &mut Random,
) -> Option<Plant> {
    let column = match fault {
        Fault::Required => {
            let column = random.pick(&[columns::EMAIL, columns::ACCOUNT]);
            row.cells[column].clear();
            column
        }
        Fault::InvalidChoice => {
            row.set(columns::ROLE, random.pick(&["Superuser", "Beheerder", "read-only", "5"]));
            columns::ROLE
        }
        Fault::InvalidBoolean => {
            row.set(columns::MIGRATED, random.pick(&["yes", "1", "ja", "TRUE", "X"]));
            columns::MIGRATED
        }
        Fault::Defaulted if random.percent(50) => {
            row.set(columns::LANGUAGE, random.pick(&["NL", "de", "nl-NL", "Nederlands", "fr"]));
            columns::LANGUAGE
        }
        Fault::UnknownAccount => {
            accounts::push_key(row.renew(columns::ACCOUNT), accounts + 1 + random.below(900_000));
            columns::ACCOUNT
        }
        Fault::DuplicateKey => {
            let winner = earlier?;
            let column = if random.percent(60) {
                let email = row.renew(columns::EMAIL);
                email.push_str(&winner.email.to_ascii_uppercase());
                columns::EMAIL
            } else {
                row.set(columns::LEGACY_ID, &winner.legacy_id);
                columns::LEGACY_ID
            };
            let note = format!("record {} stays", winner.record);
            return Some(Plant { note, ..Plant::cell(fault, columns::HEADER[column]) });
        }
        _ => return spoil::plant(fault, row, &COMMON, random),
    };
    Some(Plant::cell(fault, columns::HEADER[column]))
}
