//! The nightly job: an export that runs alone, keeps the requested number of exports, and reports its result.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::{Database, Finished, Muster};

const ACCOUNTS: &str = "legacyId,name\nA1,One\nA2,Two\n";
const USERS: &str = "email,account.legacyId\na@x.nl,A1\nb@x.nl,A1\nc@x.nl,A2\n";

/// The whole exports of a folder, and where `latest` leads.
fn kept(folder: &Path) -> (Vec<String>, String) {
    let names = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name != "latest").collect();
    names.sort();
    (names, fs::read_link(folder.join("latest")).unwrap().to_str().unwrap().to_owned())
}

/// The samples of a metrics file.
fn samples(run: &Finished, name: &str) -> BTreeMap<String, String> {
    let text = String::from_utf8(run.read(name)).unwrap();
    assert!(text.ends_with("# EOF\n"), "{text}");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.trim_start_matches("muster_export_").to_owned(), value.to_owned()))
        .collect()
}

fn number(samples: &BTreeMap<String, String>, name: &str) -> f64 {
    samples[name].parse().unwrap()
}

#[test]
fn the_newest_exports_are_kept_and_latest_leads_to_the_last() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    muster.write("out/letters/important.txt", "x");
    let mut all = Vec::new();
    for night in 1..=4 {
        database.text(&format!(
            "UPDATE users SET contact_first_name = 'N{night}' WHERE email = 'a@x.nl'; SELECT 1"
        ));
        let args = ["export", "--out", "out", "--keep", "2", "--changes-since", "out", "--quiet"];
        let run = muster.run(args).exits(0);
        let first = night == 1;
        // The first night has nothing to compare with.
        assert_eq!(muster.path("out/latest/users.changes.csv").exists(), !first, "{run}");
        let (names, latest) = kept(&muster.path("out"));
        all.push(latest.clone());
        let mut expected: Vec<String> = all.iter().rev().take(2).rev().cloned().collect();
        expected.push("letters".to_owned());
        assert_eq!(names, expected);
        muster.run(["verify", "out/latest", "--against-database"]).exits(0);
    }
    let changes = fs::read_to_string(muster.path("out/latest/users.changes.csv")).unwrap();
    assert!(changes.contains("\nupdate,contact.firstName,a@x.nl,"), "{changes}");
    assert_eq!(changes.lines().count(), 2);
    // What --keep did not make is no earlier export of it.
    muster.run(["export", "--out", "other", "--changes-since", "elsewhere"]).exits(1);
}

#[test]
fn a_second_run_is_refused_with_a_reason() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    let held = std::thread::scope(|scope| {
        let holder = scope.spawn(|| database.text("SELECT pg_advisory_lock(111567956832884), pg_sleep(4)"));
        while database.text("SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE l.locktype = 'advisory' AND d.datname = current_database()") == "0" {}
        let args = ["export", "--out", "out", "--lock", "--quiet", "--metrics", "m.prom"];
        let refused = muster.run(args).exits(1);
        assert!(refused.stderr().contains("another export of this database is running"), "{refused}");
        assert!(!muster.path("out").exists());
        assert_eq!(samples(&refused, "m.prom")["success"], "0");
        // Who does not ask for the lock does not mind it.
        muster.run(["export", "--out", "free"]).exits(0);
        holder.join().unwrap()
    });
    assert!(held.starts_with('|'), "{held}");
    muster.run(["export", "--out", "out", "--lock"]).exits(0);
    // The folder itself has one writer at a time, too.
    let lock = fs::File::open(muster.path("out")).unwrap();
    lock.lock().unwrap();
    for more in [&[][..], &["--keep", "3"]] {
        let refused = muster.run(["export", "--out", "out"].iter().chain(more)).exits(1);
        assert!(refused.stderr().contains("another run is writing"), "{refused}");
    }
    drop(lock);
    muster.run(["verify", "out"]).exits(0);
}

#[test]
fn the_metrics_tell_success_and_failure_and_keep_the_last_success() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    let export = ["export", "--out", "out", "--keep", "3", "--metrics", "m.prom", "--quiet"];
    let done = muster.run(export).exits(0);
    let good = samples(&done, "m.prom");
    assert_eq!([&good["success"], &good["exit_code"], &good["rejects"]], ["1", "0", "0"]);
    assert_eq!(good["rows{entity=\"users\"}"], "3");
    assert!(number(&good, "last_success_timestamp_seconds") >= number(&good, "start_timestamp_seconds"));
    assert!(number(&good, "duration_seconds") >= 0.0);
    assert_eq!(done.stdout() + &done.stderr(), "", "quiet says nothing where all is well");

    // A list item that holds the separator has no way into a cell.
    database.text("UPDATE accounts SET feature_flags = '{\"a,b\"}' WHERE legacy_id = 'A1'; SELECT 1");
    let failed = muster.run(export).exits(1);
    assert_eq!(failed.stderr().lines().count(), 1, "{failed}");
    assert_eq!(failed.stdout(), "");
    let bad = samples(&failed, "m.prom");
    assert_eq!([&bad["success"], &bad["exit_code"], &bad["rejects"]], ["0", "1", "1"]);
    for same in ["last_success_timestamp_seconds", "rows{entity=\"users\"}"] {
        assert_eq!(bad[same], good[same], "{same}");
    }
    assert!(number(&bad, "start_timestamp_seconds") > number(&good, "start_timestamp_seconds"));

    // Errors before the database is asked are reported as well.
    let wrong =
        muster.run(["export", "--out", "out", "--metrics", "m.prom", "--where", "nothing=1"]).exits(2);
    assert_eq!(samples(&wrong, "m.prom")["exit_code"], "2");
    let nowhere = ["--database-url", "postgresql:///x?host=/nowhere"];
    let failed = muster.run(export.iter().chain(&nowhere)).exits(1);
    assert_eq!(
        samples(&failed, "m.prom")["last_success_timestamp_seconds"],
        good["last_success_timestamp_seconds"]
    );
    // Metrics that cannot be written are an error where all else went well.
    muster
        .run(["export", "--out", "single", "accounts", "--format", "ndjson", "--metrics", "no/m.prom"])
        .exits(1);
}

#[test]
fn logs_in_json_are_json_to_the_last_line() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    let done = muster.run(["export", "--out", "out", "--keep", "1", "-v", "--log-format", "json"]).exits(0);
    let lines = |run: &Finished| -> Vec<serde_json::Value> {
        run.stderr()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
            .collect()
    };
    let logged = lines(&done);
    assert!(logged.iter().any(|line| line["rows"] == 5), "{logged:?}");
    let nowhere = ["--database-url", "postgresql:///x?host=/nowhere"];
    let args = ["export", "--out", "out", "--quiet", "--log-format", "json"];
    let failed = muster.run(args.iter().chain(&nowhere)).exits(1);
    let logged = lines(&failed);
    assert_eq!(logged.len(), 1, "{failed}");
    assert_eq!((&logged[0]["level"], &logged[0]["exit_code"]), (&"ERROR".into(), &1.into()));
}

#[test]
fn the_units_call_the_program_as_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging");
    let service = fs::read_to_string(root.join("systemd/muster-export.service")).unwrap();
    let cron = fs::read_to_string(root.join("cron/muster-export")).unwrap();
    let page = fs::read_to_string(root.join("../docs/export.md")).unwrap();
    for (text, what) in [(&service, "service"), (&cron, "cron")] {
        let line =
            text.lines().find(|line| line.contains("/muster export")).unwrap_or_else(|| panic!("{what}"));
        let words = line.split("bin/muster ").nth(1).unwrap().split_whitespace();
        let words: Vec<&str> = words.take_while(|word| !word.contains('|')).collect();
        let database = Database::new();
        let muster = Muster::imported(&database, ACCOUNTS, USERS);
        let mut words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        for word in &mut words {
            if word.starts_with('/') || word.starts_with('$') || word.starts_with('%') {
                *word = word.rsplit('/').next().unwrap().to_owned();
            }
        }
        // Twice: the first night has no night before it.
        muster.run(&words).exits(0);
        muster.run(&words).exits(0);
    }
    for name in ["muster-export.service", "muster-export.timer", "packaging/cron/muster-export"] {
        assert!(page.contains(name), "docs/export.md does not name {name}");
    }
}
