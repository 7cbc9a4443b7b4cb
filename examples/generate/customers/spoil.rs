//! Faults that accounts and users have in common: a record's structure, and cells that both have. Each makes
//! exactly one finding, so everything that a fault could cause elsewhere is taken out of the row first.

use super::faults::Fault;
use super::plants::Plant;
use super::random::Random;
use super::table::{MALFORMED, Row};

/// The positions of the columns that both entities have.
pub(crate) struct Common {
    pub(crate) header: &'static [&'static str],
    /// A cell of free text that is always filled.
    pub(crate) name: usize,
    /// Another one.
    pub(crate) first_name: usize,
    pub(crate) gender: usize,
    pub(crate) email: usize,
    pub(crate) phone: usize,
}

const BAD_EMAILS: &[&str] =
    &["jan.jansen", "info@@kpnmail.nl", "piet@localhost", "jan jansen@ziggo.nl", "@gmail.com", "anna@"];

const BAD_PHONES: &[&str] = &["0612", "onbekend", "+3161234567890123456", "+31", "n.v.t."];

/// Mangled by a spreadsheet; the last digits are gone.
const SCIENTIFIC: &[&str] = &["3.16123E+10", "6.12345E+08", "3.2478E+10"];

/// Spoils the row if the fault is a common one.
pub(crate) fn plant(fault: Fault, row: &mut Row, common: &Common, random: &mut Random) -> Option<Plant> {
    let record = Some(Plant::record(fault));
    let cell = |column: usize| Some(Plant::cell(fault, common.header[column]));
    let last = common.header.len() - 1;
    match fault {
        Fault::TooManyCells => {
            let extra: &[&[&str]] = &[&["verhuisd"], &["", "verhuisd"], &["zie dossier", ""], &[""]];
            row.extra = random.pick(extra);
            record
        }
        Fault::MissingCells => {
            row.cut = 1 + random.index(last.min(6));
            record
        }
        Fault::UnclosedQuote => {
            // No other quotation mark in the line, or the cell would be closed there.
            row.cells.iter_mut().for_each(|cell| cell.retain(|c| !matches!(c, '"' | ',' | ';')));
            row.cells[common.name].insert(0, '"');
            row.raw = Some(common.name);
            record
        }
        Fault::StrayQuote => {
            row.set(common.name, random.pick(&["van \"t Hof", "in \"t Veld", "Bakkerij De \"Zon"]));
            row.raw = Some(common.name);
            record
        }
        Fault::NulByte => {
            row.cells[common.first_name].push_str("\0a");
            record
        }
        Fault::InvalidEncoding => {
            // Two well-formed letters for one malformed: the file stays UTF-8 however many are planted.
            let name = row.renew(common.first_name);
            name.push_str("Zoë Chloë-Ren");
            name.push(MALFORMED);
            name.push('e');
            row.malformed = true;
            record
        }
        Fault::RepeatedHeader => {
            row.header_before = true;
            record
        }
        Fault::InvalidEmail => {
            row.set(common.email, random.pick(BAD_EMAILS));
            cell(common.email)
        }
        Fault::InvalidPhone => {
            row.set(common.phone, random.pick(BAD_PHONES));
            cell(common.phone)
        }
        Fault::ExcelScientific => {
            row.set(common.phone, random.pick(SCIENTIFIC));
            cell(common.phone)
        }
        Fault::UncertainPhone => {
            // Nine digits, as a Dutch number has, but +31 67 and +31 69 are not given out.
            let phone = row.renew(common.phone);
            phone.push_str(random.pick(&["+3167", "+3169"]));
            super::random::push_number(phone, random.below(10_000_000), 7);
            cell(common.phone)
        }
        Fault::ControlCharacter => {
            let text = random.pick(&["Van\u{7}Dam", "De\u{1b}Wit", "Ter\u{8}Horst", "Van der\nMeer"]);
            row.set(common.first_name, text);
            cell(common.first_name)
        }
        Fault::Defaulted => {
            row.set(common.gender, random.pick(&["FEMALE", "vrouw", "Mevrouw", "V", "onbekend"]));
            cell(common.gender)
        }
        Fault::NonAsciiMailbox => {
            row.cells[common.email].insert_str(0, random.pick(&["renée.", "jürgen.", "zoë_"]));
            cell(common.email)
        }
        Fault::UncertainEmail => {
            let email = &mut row.cells[common.email];
            email.truncate(email.find('@').map_or(0, |at| at + 1));
            email.push_str(random.pick(&["gmial.com", "hotmal.com", "outlook.con", "hotmial.nl"]));
            cell(common.email)
        }
        _ => None,
    }
}
