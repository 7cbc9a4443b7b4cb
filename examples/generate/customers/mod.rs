//! Made-up customers of a charging company as legacy CSV files, with faults whose places are known. It shares
//! nothing with the validator, so that it can contradict it. The files are the same for the same
//! order on every machine; nothing here opens a file or prints.

mod account_faults;
mod accounts;
mod faults;
mod names;
mod numbers;
mod places;
mod plants;
mod random;
mod spoil;
mod table;
mod untidy;
mod user_faults;
mod users;

use std::io::{self, Write};

use account_faults::profile;
use accounts::Profile;
pub(crate) use faults::Fault;
use faults::Severity;
use places::Country;
pub(crate) use plants::summary_json;
use plants::{Plant, PlantList, Sums};
use random::Random;
pub(crate) use table::Dialect;
use table::Row;
use table::Table;
use user_faults::Earlier;

/// What to make.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// How many accounts.
    pub(crate) accounts: u64,
    /// How many users.
    pub(crate) users: u64,
    /// How many users to skip first: other people, in the same accounts.
    pub(crate) skip_users: u64,
    /// Rows with a fault, in a million.
    pub(crate) faults: u64,
    /// Rows whose telephone number is another than without this, in a million.
    pub(crate) changed: u64,
    /// Only these faults; all where it is empty.
    pub(crate) only: Vec<Fault>,
    /// Whether rows have untidiness that is accepted.
    pub(crate) untidy: bool,
    /// Whether each file has one record of more than a MiB.
    pub(crate) large: bool,
    /// The same seed gives the same bytes.
    pub(crate) seed: u64,
    /// How the files are written.
    pub(crate) dialect: Dialect,
}

/// Streams of random numbers, one for each thing that is drawn for a row.
mod stream {
    pub(super) const ACCOUNT: u64 = 1;
    pub(super) const USER: u64 = 2;
    pub(super) const ACCOUNT_FAULT: u64 = 3;
    pub(super) const USER_FAULT: u64 = 4;
    pub(super) const ACCOUNT_UNTIDY: u64 = 5;
    pub(super) const USER_UNTIDY: u64 = 6;
    pub(super) const ACCOUNT_CHANGE: u64 = 7;
    pub(super) const USER_CHANGE: u64 = 8;
    pub(super) const USER_HOME: u64 = 9;
}

/// One row in this number has a blank line before it, if faults are planted.
const BLANK_LINES: u64 = 700;

/// What became of an account, as far as its users are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// No row can refer to it: it has no key, or none that can be read.
    Absent,
    Accepted,
    Rejected,
}

/// Writes both files and the list of plants; returns what each file must come to.
pub(crate) fn write<W: Write>(order: &Order, accounts: W, users: W, plants: W) -> io::Result<Vec<Sums>> {
    let mut plants = PlantList::new(plants)?;
    let (account_sums, standings) = write_accounts(order, accounts, &mut plants)?;
    let user_sums = write_users(order, &standings, users, &mut plants)?;
    plants.finish()?;
    Ok(vec![account_sums, user_sums])
}

fn write_accounts<W: Write>(
    order: &Order,
    out: W,
    plants: &mut PlantList<W>,
) -> io::Result<(Sums, Vec<Standing>)> {
    let mut table = Table::new(out, order.dialect, accounts::HEADER)?;
    let mut sums = Sums::new("accounts");
    let mut standings = Vec::new();
    let mut row = Row::new(accounts::HEADER.len());
    let mut turn = Turn::new(order, Fault::suits_accounts);
    let mut earlier = None;
    for number in 1..=order.accounts {
        let mut random = Random::for_row(order.seed, stream::ACCOUNT, number);
        let mut luck = Random::for_row(order.seed, stream::ACCOUNT_FAULT, number);
        row.begin();
        let planned = turn.next(number, earlier.is_some(), &mut luck);
        let profile = match planned {
            Some(fault) => profile(fault, &mut luck),
            None => Profile::pick(&mut random),
        };
        accounts::fill(&mut row, number, profile, &mut random);
        let plant = if order.large && number == order.accounts.div_ceil(2) {
            Some(too_large(&mut row, accounts::NAME))
        } else {
            planned.and_then(|fault| account_faults::plant(fault, &mut row, earlier, &mut luck))
        };
        if plant.is_none() {
            if order.untidy {
                let mut random = Random::for_row(order.seed, stream::ACCOUNT_UNTIDY, number);
                untidy::account(&mut row, profile, &mut random);
            }
            change(order, stream::ACCOUNT_CHANGE, number, &mut row.cells[accounts::PHONE]);
        }
        row.blank_before = order.faults > 0 && luck.below(BLANK_LINES) == 0;
        let standing = match &plant {
            Some(plant) if !plant.fault.leaves_key() => Standing::Absent,
            Some(plant) if plant.fault.severity() == Severity::Reject => Standing::Rejected,
            _ => Standing::Accepted,
        };
        standings.push(standing);
        if standing == Standing::Accepted && luck.percent(20) || earlier.is_none() {
            earlier = Some(number);
        }
        plants.tell(&mut sums, plant.as_ref())?;
        table.write(&row)?;
    }
    sums.blank = table.finish()?;
    Ok((sums, standings))
}

fn write_users<W: Write>(
    order: &Order,
    standings: &[Standing],
    out: W,
    plants: &mut PlantList<W>,
) -> io::Result<Sums> {
    let mut table = Table::new(out, order.dialect, users::HEADER)?;
    let mut sums = Sums::new("users");
    let mut row = Row::new(users::HEADER.len());
    let mut turn = Turn::new(order, Fault::suits_users);
    let mut earlier: Option<Earlier> = None;
    for record in 1..=order.users {
        let number = order.skip_users + record;
        let mut random = Random::for_row(order.seed, stream::USER, number);
        let mut luck = Random::for_row(order.seed, stream::USER_FAULT, number);
        let mut home = Random::for_row(order.seed, stream::USER_HOME, number);
        row.begin();
        let planned = turn.next(record, earlier.is_some(), &mut luck);
        let account = pick_account(standings, planned.is_some() || record == 1, &mut home);
        users::fill(&mut row, number, account, &mut random);
        let own = if order.large && record == order.users.div_ceil(2) {
            Some(too_large(&mut row, users::LAST_NAME))
        } else {
            let earlier = earlier.as_ref();
            planned.and_then(|f| user_faults::plant(f, &mut row, earlier, order.accounts, &mut luck))
        };
        let orphaned = standing(standings, account) == Standing::Rejected;
        let plant = own.or_else(|| orphaned.then(|| account_rejected(account)));
        if plant.is_none() {
            if order.untidy {
                let mut random = Random::for_row(order.seed, stream::USER_UNTIDY, number);
                untidy::user(&mut row, &mut random);
            }
            change(order, stream::USER_CHANGE, number, &mut row.cells[users::PHONE]);
            if earlier.is_none() || luck.percent(5) {
                earlier = keep(&row, record).or(earlier);
            }
        }
        row.blank_before = order.faults > 0 && luck.below(BLANK_LINES) == 0;
        plants.tell(&mut sums, plant.as_ref())?;
        table.write(&row)?;
    }
    sums.blank = table.finish()?;
    Ok(sums)
}

/// A user that a later one can be a duplicate of, if it has both of the unique cells.
fn keep(row: &Row, record: u64) -> Option<Earlier> {
    let [email, legacy_id] =
        [users::EMAIL, users::LEGACY_ID].map(|column| row.cells[column].trim().to_owned());
    (!legacy_id.is_empty()).then_some(Earlier { record, email, legacy_id })
}

fn account_rejected(account: u64) -> Plant {
    let note = format!("accounts record {account}");
    Plant { note, ..Plant::cell(Fault::AccountRejected, users::HEADER[users::ACCOUNT]) }
}

/// A cell that makes its record larger than a MiB.
fn too_large(row: &mut Row, column: usize) -> Plant {
    row.set(column, &"zeer lang ".repeat(110_000));
    Plant::record(Fault::RecordTooLarge)
}

fn standing(standings: &[Standing], account: u64) -> Standing {
    let at = usize::try_from(account).ok().and_then(|account| account.checked_sub(1));
    at.and_then(|at| standings.get(at)).copied().unwrap_or(Standing::Absent)
}

/// An account that a user can belong to; for a user that has a fault itself one that was accepted. Most users
/// of rejected accounts are left out, so that the knock-on does not outweigh everything else. The first
/// account never has a fault.
fn pick_account(standings: &[Standing], accepted: bool, random: &mut Random) -> u64 {
    let count = standings.len() as u64;
    for _ in 0..64 {
        // The accounts that came first have grown largest.
        let range = if random.percent(40) { count / 4 } else { count };
        let account = 1 + random.below(range);
        match standing(standings, account) {
            Standing::Accepted => return account,
            Standing::Rejected if !accepted && random.percent(25) => return account,
            _ => {}
        }
    }
    1
}

/// Another telephone number, in the share of rows that was asked for.
fn change(order: &Order, stream: u64, number: u64, phone: &mut String) {
    let mut random = Random::for_row(order.seed, stream, number);
    if random.chance(order.changed) {
        phone.clear();
        numbers::push_phone(phone, Country::Netherlands, &mut random);
    }
}

/// Deals the faults out, each kind in its turn.
struct Turn {
    share: u64,
    faults: Vec<Fault>,
    next: usize,
}

impl Turn {
    fn new(order: &Order, suits: fn(Fault) -> bool) -> Self {
        let wanted = |fault: &Fault| suits(*fault) && (order.only.is_empty() || order.only.contains(fault));
        let faults: Vec<Fault> = Fault::ALL.iter().copied().filter(wanted).collect();
        Self { share: if faults.is_empty() { 0 } else { order.faults }, faults, next: 0 }
    }

    /// The fault of this record, if it is to have one; the first record never has.
    fn next(&mut self, record: u64, has_earlier: bool, luck: &mut Random) -> Option<Fault> {
        if !luck.chance(self.share) || record == 1 {
            return None;
        }
        let fault = self.faults[self.next % self.faults.len()];
        if fault == Fault::DuplicateKey && !has_earlier {
            return None;
        }
        self.next += 1;
        Some(fault)
    }
}

#[cfg(test)]
mod tests;
