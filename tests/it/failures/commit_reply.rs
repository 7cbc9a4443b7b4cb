//! The end of a run is known: what became of a COMMIT whose reply was lost, a committed run whose reports cannot be
//! put in place, and what a failed run says of the rows that it read.
#![cfg(feature = "fault-points")]

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{Cluster, Database, Halted, Loses, Muster, Proxy, cluster, said};

const ACCOUNTS: &str = "legacyId,name\nA1,One\nA2,Two\n,Nobody\nA1,Twice\n";
const USERS: &str = "email,accountId,lastName\na@x.nl,A1,New\nb@x.nl,A2,\nc@x,A1,Bad\nd@x.nl,A9,Lost\n";
const IMPORT: [&str; 5] = ["import", "accounts.csv", "users.csv", "--out", "out"];

/// A target that is filled or not, and the files.
fn target(filled: bool) -> (Database, Muster) {
    let database = Database::new();
    let muster =
        Muster::on(&database).file("accounts.csv", "legacyId,name\nA1,Old\n").file("users.csv", USERS);
    database.rows(&muster.run(["schema", "ddl"]).exits(0).stdout());
    if filled {
        muster.run(["import", "accounts.csv", "--out", "before"]).exits(0);
    }
    muster.write("accounts.csv", ACCOUNTS);
    (database, muster)
}

fn rows(database: &Database) -> String {
    database.text("SELECT legacy_id, name FROM accounts ORDER BY 1")
        + "\n"
        + &database.text("SELECT email FROM users ORDER BY 1")
}

const IN: &str = "A1|One\nA2|Two\na@x.nl\nb@x.nl";

fn through(muster: Muster, proxy: &Proxy, database: &Database) -> Muster {
    muster.env("DATABASE_URL", proxy.url(database))
}

fn summary(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path.join("summary.json")).unwrap()).unwrap()
}

#[test]
fn a_commit_whose_reply_is_lost_is_found_to_be_committed() {
    for filled in [false, true] {
        let (database, muster) = target(filled);
        let proxy = Proxy::losing(cluster(), Loses::Reply, false);
        let muster = through(muster, &proxy, &database);
        let run = muster.run(IMPORT).exits(3);
        assert!(run.stderr().contains("was committed"), "{run}");
        assert_eq!(rows(&database), IN);
        assert_eq!(run.summary("out")["status"], "committed", "{run}");
        // An undo learns it in the same way.
        let proxy = Proxy::losing(cluster(), Loses::Reply, false);
        let id = run.summary("out")["run"].as_str().unwrap().to_owned();
        let undo = through(muster, &proxy, &database).run(["undo", "--yes", &id]).exits(0);
        assert!(undo.stderr().contains("was committed"), "{undo}");
        assert_eq!(rows(&database), if filled { "A1|Old\n" } else { "\n" });
    }
}

#[test]
fn a_commit_that_never_arrived_is_found_to_be_rolled_back() {
    for filled in [false, true] {
        let (database, muster) = target(filled);
        let before = rows(&database);
        let proxy = Proxy::losing(cluster(), Loses::Request, false);
        let muster = through(muster, &proxy, &database);
        let run = muster.run(IMPORT).exits(1);
        assert!(run.stderr().contains("was rolled back"), "{run}");
        assert_eq!(rows(&database), before);
        assert_eq!(run.summary("out")["status"], "failed", "{run}");
        muster.run(IMPORT).exits(3);
        assert_eq!(rows(&database), IN);
    }
}

#[test]
fn a_standby_that_lags_does_not_say_that_a_commit_was_rolled_back() {
    // The standby has what the primary had at its beginning, and will not get more.
    let (primary, standby) = (Cluster::start("", false), Cluster::start("", true));
    for loses in [Loses::Reply, Loses::Request] {
        let proxy = Proxy::losing(&primary, loses, true);
        let url = format!(
            "host={},{} port=5432,{} user=postgres dbname=postgres",
            proxy.folder().display(),
            standby.folder.display(),
            standby.port
        );
        let muster = Muster::new().env("DATABASE_URL", url).env("MUSTER_TEST_TRIES", "2");
        let muster = muster.file("accounts.csv", ACCOUNTS).file("users.csv", USERS);
        let run = muster.run(IMPORT).exits(5);
        assert!(!run.stderr().contains("rolled back"), "{run}");
    }
    primary.remove();
    standby.remove();
}

#[test]
fn if_the_server_cannot_be_asked_the_run_says_how_to_look_and_keeps_its_reports() {
    for loses in [Loses::Reply, Loses::Request] {
        let (database, muster) = target(true);
        let proxy = Proxy::losing(cluster(), loses, true);
        let muster = through(muster, &proxy, &database).env("MUSTER_TEST_TRIES", "2");
        let run = muster.run(IMPORT).exits(5);
        let reported = run.stderr();
        let show = reported.split("`muster ").nth(1).unwrap().split('`').next().unwrap();
        assert!(show.starts_with("runs show "), "{run}");
        assert!(!muster.path("out/summary.json").exists(), "{run}");
        assert!(muster.path("out/.summary.json.partial").exists() && reported.contains(".partial"), "{run}");
        // What it says to look with tells which it was.
        let mut look: Vec<&str> = show.split(' ').collect();
        let url = database.url();
        look.extend(["--database-url", &url]);
        let committed = loses == Loses::Reply;
        muster.run(look).exits(if committed { 0 } else { 2 });
        assert_eq!(rows(&database) == IN, committed, "{run}");
    }
}

#[test]
fn a_committed_run_whose_reports_cannot_be_put_in_place_says_that_its_rows_are_in() {
    let (database, muster) = target(true);
    let halted = Halted::at(&muster, "renaming:2", IMPORT);
    let out = muster.path("out");
    std::fs::create_dir_all(out.join("report.html/in-the-way")).unwrap();
    let output = halted.go_on();
    let reported = said(&output);
    assert_eq!(output.status.code(), Some(5), "{reported}");
    for part in ["is committed", "is in the database", ".partial", "muster runs show", "report.html"] {
        assert!(reported.contains(part), "{part} is not said: {reported}");
    }
    assert_eq!(rows(&database), IN);
    assert!(!out.join("summary.json").exists());
    // The files are whole: what the message says to do gives them their names.
    std::fs::remove_dir_all(out.join("report.html")).unwrap();
    for entry in std::fs::read_dir(&out).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if let Some(name) = name.strip_prefix('.').and_then(|name| name.strip_suffix(".partial")) {
            std::fs::rename(entry.path(), out.join(name)).unwrap();
        }
    }
    assert_eq!(summary(&out)["status"], "committed");
    assert!(std::fs::read_to_string(out.join("report.html")).unwrap().trim_end().ends_with("</html>"));
}

#[test]
fn an_undo_whose_summary_cannot_be_put_in_place_says_that_it_is_done() {
    let (database, muster) = target(true);
    let run = database.text("SELECT id FROM muster.runs");
    let halted = Halted::at(&muster, "summary-next", ["undo", "--yes", &run, "--out", "undone"]);
    std::fs::create_dir_all(muster.path("undone/summary.json/in-the-way")).unwrap();
    let output = halted.go_on();
    assert_eq!(output.status.code(), Some(5), "{}", said(&output));
    assert!(said(&output).contains("is committed"), "{}", said(&output));
    assert_eq!(rows(&database), "\n");
}

#[test]
fn a_folder_in_the_way_of_a_report_is_found_before_commit() {
    let (database, muster) = target(true);
    let before = rows(&database);
    std::fs::create_dir_all(muster.path("out/report.html")).unwrap();
    let run = muster.run(IMPORT).exits(1);
    assert!(run.stderr().contains("a folder has the name of a file that must be written here"), "{run}");
    assert_eq!(rows(&database), before);
}

#[test]
fn a_summary_that_cannot_be_printed_does_not_hide_that_the_rows_are_in() {
    let full = || Stdio::from(std::fs::File::options().write(true).open("/dev/full").unwrap());
    let (database, muster) = target(true);
    let output = muster.command(IMPORT).stdout(full()).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", said(&output));
    assert!(said(&output).contains("is committed"), "{}", said(&output));
    assert_eq!(rows(&database), IN);
    let check = ["check", "accounts.csv", "--out", "checked"];
    let output = muster.command(check).stdout(full()).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let run = summary(&muster.path("out"))["run"].as_str().unwrap().to_owned();
    let undo = ["undo", "--yes", &run];
    let output = muster.command(undo).stdout(full()).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", said(&output));
    assert_eq!(rows(&database), "A1|Old\n");
}

#[test]
fn a_failed_run_counts_what_it_read_and_nothing_as_written() {
    const NAMES: [&str; 8] =
        ["read", "accepted", "rejected", "duplicates", "inserted", "updated", "unchanged", "warnings"];
    // Before the verdicts every clean row is accepted so far; then duplicates and references are judged, too.
    let read = [[4, 3, 1, 0, 0, 0, 0, 0], [4, 3, 1, 0, 0, 0, 0, 0]];
    let judged = [[4, 2, 1, 1, 0, 0, 0, 0], [4, 2, 2, 0, 0, 0, 0, 0]];
    for (point, act, expected) in [
        ("read", "end", read),
        ("staged", "interrupt", read),
        ("settled", "end", judged),
        ("updated", "interrupt", judged),
        ("run-noted", "end", judged),
        ("sealed", "interrupt", judged),
    ] {
        let (database, muster) = target(true);
        let halted = Halted::at(&muster, point, IMPORT);
        if act == "end" {
            database.rows(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name LIKE 'muster % since %'",
            );
        } else {
            halted.signal("INT");
        }
        let output = halted.go_on();
        let summary = summary(&muster.path("out"));
        let status = if act == "end" { "failed" } else { "interrupted" };
        assert_eq!(summary["status"], status, "{point}: {}", said(&output));
        for (entity, expected) in summary["entities"].as_array().unwrap().iter().zip(expected) {
            let counts = NAMES.map(|name| entity[name].as_u64().unwrap());
            assert_eq!(counts, expected, "{point} {entity}");
            assert_eq!(counts[0], counts[1] + counts[2] + counts[3], "{point}");
        }
        let rejected = std::fs::read_to_string(muster.path("out/users.rejected.csv")).unwrap();
        assert_eq!(rejected.contains("d@x.nl"), expected == judged, "{point}: {rejected}");
        assert_eq!(rows(&database), "A1|Old\n", "{point}");
    }
}
