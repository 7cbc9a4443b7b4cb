//! The two laws: each count is made false in turn, and the run refuses to commit.
#![cfg(feature = "fault-points")]

use crate::support::{Database, Muster};

const ACCOUNTS: &str =
    "legacyId,name,contact.gender\nA1,One,female\nA2,Two,x\nA2,Twice,\n,Nobody,\nA3,Three,\n";
const USERS: &str =
    "email,account.legacyId,migrated\na@x.nl,A1,true\nb@x.nl,A1,perhaps\nA@x.nl,A1,\nc@x.nl,A3,\n";

/// A database with one row that the files leave unchanged and one that they update.
fn target() -> (Database, Muster) {
    let before = [
        "legacyId,name,contact.gender\nA1,One,female\nA2,Old,\n",
        "email,account.legacyId,migrated\na@x.nl,A1,true\n",
    ];
    Muster::after(before, [ACCOUNTS, USERS])
}

#[test]
fn a_count_that_is_false_keeps_the_run_from_committing() {
    let (database, muster) = target();
    let before = database.versions();
    for entity in ["accounts", "users"] {
        for count in ["read", "accepted", "rejected", "duplicates", "inserted", "updated", "unchanged"] {
            let wish = format!("{entity}.{count}");
            let mut command = muster.command(["import", "accounts.csv", "users.csv", "--out", "out"]);
            let output = command.env("MUSTER_TEST_FALSIFY", &wish).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{wish}: {said}");
            assert!(said.contains(&format!("{entity}: the counts do not add up")), "{wish}: {said}");
            assert_eq!(database.versions(), before, "{wish}");
            let summary = std::fs::read_to_string(muster.path("out/summary.json")).unwrap();
            assert!(summary.contains("\"status\": \"failed\""), "{wish}: {summary}");
        }
    }
}

#[test]
fn check_and_a_dry_run_obey_the_first_law_too() {
    let (_database, muster) = target();
    for command in [&["check"][..], &["import", "--dry-run"]] {
        for count in ["read", "accepted", "rejected", "duplicates"] {
            let arguments = command.iter().chain(&["accounts.csv", "users.csv", "--out", "out"]);
            let mut command = muster.command(arguments);
            let output = command.env("MUSTER_TEST_FALSIFY", format!("users.{count}")).output().unwrap();
            assert_eq!(output.status.code(), Some(1), "{count}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn the_laws_hold_in_the_summary_of_an_ordinary_run() {
    let (database, muster) = target();
    let run = muster.run(["import", "accounts.csv", "users.csv", "--out", "out"]).exits(3);
    let summary = run.summary("out");
    let counts = |entity: usize, name: &str| summary["entities"][entity][name].as_u64().unwrap();
    let names =
        ["read", "accepted", "rejected", "duplicates", "inserted", "updated", "unchanged", "warnings"];
    assert_eq!(names.map(|name| counts(0, name)), [5, 3, 1, 1, 1, 1, 1, 1], "{run}");
    assert_eq!(names.map(|name| counts(1, name)), [4, 2, 1, 1, 1, 0, 1, 0], "{run}");
    assert_eq!(database.text("SELECT count(*) FROM accounts UNION ALL SELECT count(*) FROM users"), "3\n2");
}
