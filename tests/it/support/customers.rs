//! Generated customers with planted faults, as the generator's library gives them, in memory.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Finished, Muster};
use crate::customers::{Dialect, Order, write};

/// One finding as plants and reports both have it: entity, record, column, code, severity. The column is empty
/// where a code speaks about a whole record.
pub type Found = (String, u64, String, String, String);

/// Codes whose plants name no column.
const OF_RECORDS: [&str; 8] = [
    "too-many-cells",
    "missing-cells",
    "unclosed-quote",
    "stray-quote",
    "nul-byte",
    "invalid-encoding",
    "record-too-large",
    "repeated-header",
];

/// Both files and what is known of them.
pub struct Customers {
    pub accounts: Vec<u8>,
    pub users: Vec<u8>,
    /// What was planted, with a note each.
    pub plants: Vec<(Found, String)>,
    /// Per entity: read, blank, accepted, rejected, duplicates.
    pub sums: Vec<[u64; 5]>,
}

/// An order with untidy rows and faults in five of a hundred.
pub fn order(accounts: u64, users: u64, seed: u64) -> Order {
    Order {
        accounts,
        users,
        skip_users: 0,
        faults: 50_000,
        changed: 0,
        only: Vec::new(),
        untidy: true,
        large: false,
        seed,
        dialect: Dialect { delimiter: b',', crlf: false, bom: false },
    }
}

impl Customers {
    /// Makes them.
    pub fn made(order: &Order) -> Self {
        let (mut accounts, mut users, mut plants) = (Vec::new(), Vec::new(), Vec::new());
        let sums = write(order, &mut accounts, &mut users, &mut plants).unwrap();
        let sums = sums
            .iter()
            .map(|sum| [sum.read, sum.blank, sum.accepted, sum.rejected, sum.duplicates])
            .collect();
        let plant = |line: &str| {
            let cells: Vec<&str> = line.split(',').map(str::trim).collect();
            let [entity, record, column, code, severity, note] = cells[..] else { panic!("{line}") };
            let found = (
                entity.to_owned(),
                record.parse().unwrap(),
                column.to_owned(),
                code.to_owned(),
                severity.to_owned(),
            );
            (found, note.to_owned())
        };
        let plants = String::from_utf8(plants).unwrap().lines().skip(1).map(plant).collect();
        Self { accounts, users, plants, sums }
    }

    /// A folder with both files.
    pub fn put(&self, muster: Muster) -> Muster {
        muster.file("accounts.csv", &self.accounts).file("users.csv", &self.users)
    }

    /// What must be found.
    pub fn planted(&self) -> BTreeSet<Found> {
        self.plants.iter().map(|(found, _)| found.clone()).collect()
    }
}

/// The findings of a run with `--out out`; each may occur once.
pub fn found(run: &Finished) -> BTreeSet<Found> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = run.findings("out");
    let set: BTreeSet<Found> = findings
        .iter()
        .map(|finding| {
            let code = text(&finding["code"]);
            let of_record = OF_RECORDS.contains(&code.as_str());
            let column = if of_record { String::new() } else { text(&finding["column"]) };
            let record = finding["record"].as_u64().unwrap_or_default();
            (text(&finding["entity"]), record, column, code, text(&finding["severity"]))
        })
        .collect();
    assert_eq!(set.len(), findings.len(), "a finding is reported twice{run}");
    set
}
