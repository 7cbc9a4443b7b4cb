//! The fast ways change nothing: every file of a run is the same, to the byte, as that of the plain ways alone
//! (`MUSTER_SLOW`: see `src/fault.rs`).
#![cfg(feature = "fault-points")]

use std::fs;
use std::path::Path;

use super::cases;
use super::determinism::reports;
use crate::customers::Order;
use crate::support::{Customers, Muster, order};

#[test]
fn every_case_of_the_corpus_comes_out_the_same_by_the_plain_ways() {
    let slow = |case: &Path| cases::run_in(case, &Muster::new().env("MUSTER_SLOW", "1"));
    let runs = cases::runs();
    std::thread::scope(|scope| {
        for runs in runs.chunks(runs.len().div_ceil(4)) {
            scope.spawn(move || {
                for (case, fast) in runs {
                    let slow = slow(case);
                    assert!(slow.keys().eq(fast.keys()), "{}: other files", case.display());
                    for (name, bytes) in fast {
                        assert!(slow[name] == *bytes, "{}: {name} differs", case.display());
                    }
                }
            });
        }
    });
}

/// Checks two files in both ways.
fn compare(accounts: &[u8], users: &[u8], what: &str) {
    let files = [false, true].map(|slow| {
        let muster = Muster::new().file("accounts.csv", accounts).file("users.csv", users);
        let mut muster = muster.env("MUSTER_TEST_BLOCK", "4096");
        if slow {
            muster = muster.env("MUSTER_SLOW", "1");
        }
        muster.run(["check", "accounts.csv", "users.csv", "--out", "out", "--threads", "3"]);
        reports(&muster)
    });
    let [fast, slow] = files;
    assert!(fast.len() > 3 && fast.keys().eq(slow.keys()), "{what}: other files");
    for (name, bytes) in fast {
        let differs = bytes.lines().zip(slow[&name].lines()).find(|(fast, slow)| fast != slow);
        assert!(bytes == slow[&name], "{what}: {name} differs: {differs:#?}");
    }
}

#[test]
fn the_samples_and_faulty_files_come_out_the_same_by_the_plain_ways() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let sample = |name: &str| fs::read(samples.join(name)).unwrap();
    compare(&sample("accounts.csv"), &sample("users.csv"), "the samples");
    for faults in [0, 50_000, 600_000] {
        let customers = Customers::made(&Order { faults, ..order(200, 1_500, 8) });
        compare(&customers.accounts, &customers.users, &format!("{faults} faults in a million rows"));
    }
}

/// Telephone numbers in the ways that people write them, which the automata read by themselves.
#[test]
fn telephone_numbers_come_out_the_same_by_the_plain_ways() {
    let mut users = "email,account.legacyId,contact.phone\n".to_owned();
    for number in 0..2_000_u32 {
        let digits = format!("{:08}", number.wrapping_mul(2_654_435_761) % 100_000_000);
        let (area, rest) = digits.split_at(2);
        let phone = match number % 9 {
            0 => format!("06-{digits}"),
            1 => format!("(0{area}) {rest}"),
            2 => format!("+31 6 {digits}"),
            3 => format!("00316{digits}"),
            4 => format!("+31 (0)6 {area}.{rest}"),
            5 => format!("0{area}/{rest}1"),
            6 => format!("+1 (202) {rest}1"),
            7 => format!("0049 151 {digits}"),
            _ => format!("={digits}"),
        };
        users.push_str(&format!("u{number}@x.nl,A1,{phone}\n"));
    }
    compare(b"legacyId,name\nA1,One\n", users.as_bytes(), "telephone numbers");
}
