//! The same input gives the same bytes for every number of threads, every size of blocks, every order in which
//! they finish, and every limit of memory.
#![cfg(feature = "fault-points")]

use std::collections::BTreeMap;
use std::fs;

use crate::support::{Customers, Database, Muster, order};

/// All report files of a run by name, without the run's identity and times.
pub(super) fn reports(muster: &Muster) -> BTreeMap<String, String> {
    let folder = muster.path("out");
    let summary = fs::read_to_string(folder.join("summary.json")).unwrap();
    let parsed: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let run = parsed["run"].as_str().unwrap();
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let bytes = fs::read(entry.path()).unwrap();
        // Rejected records need not be UTF-8.
        let text: String = bytes.iter().map(|&byte| char::from(byte)).collect();
        let text = text.replace(run, "RUN");
        let text = match name.as_str() {
            "summary.json" => {
                let timeless = |line: &&str| !line.contains("\"started\"") && !line.contains("\"finished\"");
                text.lines().filter(timeless).map(|line| format!("{line}\n")).collect()
            }
            // The page shows the start and the duration in one place.
            "report.html" => {
                let (before, rest) = text.split_once("<dt>Started</dt><dd>").unwrap();
                format!("{before}{}", rest.split_once("</dd>").unwrap().1)
            }
            _ => text,
        };
        files.insert(name, text);
    }
    files
}

fn rows(database: &Database) -> String {
    ["accounts", "users"]
        .map(|table| {
            let hidden = "- 'created_at' - 'updated_at'";
            database.text(&format!("SELECT to_jsonb(t) {hidden} FROM {table} t ORDER BY id"))
        })
        .join("\n")
}

#[test]
fn threads_blocks_their_order_and_memory_change_no_byte() {
    let customers = Customers::made(&order(600, 3_000, 5));
    let block = 2_048;
    assert!(customers.accounts.len() / block > 50 && customers.users.len() / block > 50);
    // One database, so that its name is the same in all reports.
    let database = Database::new();
    let mut expected = None;
    for (threads, block, memory, reverse) in [
        (1, 1 << 22, "128M", false),
        (1, block, "128M", false),
        (2, block, "128M", true),
        (7, block, "128M", true),
        (7, block, "4K", true),
        (2, 64, "1K", false),
    ] {
        database.rows("DROP TABLE IF EXISTS users, accounts");
        let mut muster = customers.put(Muster::on(&database)).env("MUSTER_TEST_BLOCK", block.to_string());
        if reverse {
            muster = muster.env("MUSTER_TEST_REVERSE", "1");
        }
        let threads = threads.to_string();
        let arguments = ["import", "accounts.csv", "users.csv", "--out", "out", "--memory", memory];
        muster.run(arguments.into_iter().chain(["--threads", &threads])).exits(3);
        let got = (reports(&muster), rows(&database));
        let (files, stored) = expected.get_or_insert_with(|| got.clone());
        let case = format!("{threads} threads, blocks of {block}, memory {memory}, reverse {reverse}");
        assert!(got.0.keys().eq(files.keys()), "{case}: other files");
        for (name, bytes) in &got.0 {
            let differs = bytes.lines().zip(files[name].lines()).find(|(got, wanted)| got != wanted);
            assert!(*bytes == files[name], "{case}: {name} differs: {differs:#?}");
        }
        assert!(got.1 == *stored, "{case}: the tables differ");
    }
}

#[test]
fn duplicates_are_resolved_in_input_order_and_not_in_the_order_of_finished_blocks() {
    let mut users = "email,account.legacyId,contact.lastName\n".to_owned();
    for number in 0..2_000 {
        users.push_str(&format!("u{}@x.nl,A1,N{number}\n", number % 100));
    }
    for (policy, kept, exit) in
        [("keep-first", 0..100, 3), ("keep-last", 1_900..2_000, 3), ("reject-all", 0..0, 3)]
    {
        let database = Database::new();
        let muster = Muster::on(&database)
            .file("accounts.csv", "legacyId,name\nA1,One\n")
            .file("users.csv", &users)
            .env("MUSTER_TEST_BLOCK", "512")
            .env("MUSTER_TEST_REVERSE", "1");
        let arguments =
            ["import", "accounts.csv", "users.csv", "--out", "out", "--threads", "7", "--duplicates"];
        muster.run(arguments.into_iter().chain([policy])).exits(exit);
        let names = database.text("SELECT contact_last_name FROM users ORDER BY id");
        let mut names: Vec<&str> = names.lines().collect();
        names.sort_unstable_by_key(|name| name[1..].parse::<u32>().unwrap());
        let expected: Vec<String> = kept.map(|number| format!("N{number}")).collect();
        assert_eq!(names, expected, "{policy}");
    }
}
