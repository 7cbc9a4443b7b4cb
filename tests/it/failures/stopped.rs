//! Imports that fail half way: for every cause the target is unchanged, and the next import succeeds.

use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use crate::support::{Database, Muster, said, signal};

/// Two rows in the target, and files that update one, leave one and insert one.
fn target() -> (Database, Muster) {
    let before = ["legacyId,name\nA1,One\n", "email,accountId,lastName\na@x.nl,A1,Old\nb@x.nl,A1,Same\n"];
    let users = "email,accountId,lastName\na@x.nl,A1,New\nb@x.nl,A1,Same\nc@x.nl,A2,More\nd@x,A1,Bad\n";
    Muster::after(before, ["legacyId,name\nA1,Other\nA2,New\n", users])
}

/// Everything about the target: tables, rows, the rows' versions.
fn state(database: &Database) -> String {
    let tables =
        database.text("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1");
    format!("{tables}\n{}", database.versions())
}

const STUCK: &str = "SELECT FROM pg_stat_activity WHERE datname = current_database()
    AND application_name LIKE 'muster % since %' AND wait_event_type = 'Lock'";

/// Starts an import that another session keeps from writing users after it has written accounts; `act` ends it, or
/// lets that session go with [`let_go`].
fn stuck(database: &Database, muster: &Muster, act: impl FnOnce(&Child)) -> Output {
    let hold = "DO $$ BEGIN LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE;
        FOR turn IN 1..1200 LOOP
            EXIT WHEN to_regclass('pg_temp.never') IS NOT NULL
                OR EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND database =
                    (SELECT oid FROM pg_database WHERE datname = current_database()));
            PERFORM pg_sleep(0.05);
        END LOOP; END $$";
    std::thread::scope(|scope| {
        scope.spawn(|| database.rows(hold));
        database.until(
            "SELECT FROM pg_locks WHERE relation = 'users'::regclass AND mode = 'ShareRowExclusiveLock'",
        );
        let mut command = muster.command(["import", "accounts.csv", "users.csv", "--out", "out"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        database.until(STUCK);
        act(&child);
        let output = child.wait_with_output().unwrap();
        let_go(database);
        output
    })
}

/// Ends the session that holds the table; an advisory lock tells it, which leaves nothing in the database.
fn let_go(database: &Database) {
    database.rows("SELECT pg_advisory_lock(4711); SELECT pg_sleep(0.2)");
}

/// The import goes through once nothing is in its way.
fn recovers(database: &Database, muster: &Muster) {
    let arguments = ["import", "accounts.csv", "users.csv", "--out", "after", "--lock-timeout", "30"];
    muster.run(arguments).exits(3);
    let rows = database.text("SELECT email, contact_last_name FROM users ORDER BY 1");
    assert_eq!(rows, "a@x.nl|New\nb@x.nl|Same\nc@x.nl|More");
}

#[test]
fn a_killed_connection_leaves_the_target_unchanged() {
    let (database, muster) = target();
    let before = state(&database);
    let kill = STUCK.replacen("SELECT", "SELECT pg_terminate_backend(pid)", 1);
    let output = stuck(&database, &muster, |_| drop(database.rows(&kill)));
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(state(&database), before);
    let summary = std::fs::read_to_string(muster.path("out/summary.json")).unwrap();
    assert!(summary.contains("\"status\": \"failed\""), "{summary}");
    recovers(&database, &muster);
}

#[test]
fn a_killed_program_leaves_the_target_unchanged_and_no_summary() {
    let (database, muster) = target();
    let before = state(&database);
    let output = stuck(&database, &muster, |child| signal(child, "KILL"));
    assert_eq!(output.status.code(), None);
    assert_eq!(state(&database), before);
    assert!(!muster.path("out/summary.json").exists());
    recovers(&database, &muster);
}

#[test]
fn an_interrupted_import_reports_it_and_leaves_the_target_unchanged() {
    for name in ["INT", "TERM"] {
        let (database, muster) = target();
        let before = state(&database);
        let output = stuck(&database, &muster, |child| signal(child, name));
        assert_eq!(output.status.code(), Some(130), "{}", said(&output));
        assert!(said(&output).contains("interrupted"), "{}", said(&output));
        assert_eq!(state(&database), before, "{name}");
        let summary = std::fs::read_to_string(muster.path("out/summary.json")).unwrap();
        assert!(summary.contains("\"status\": \"interrupted\""), "{summary}");
        recovers(&database, &muster);
    }
}

#[test]
fn a_full_disk_for_the_reports_refuses_the_run() {
    let (database, muster) = target();
    let rejects: String = (0..3_000).map(|number| format!("bad{number}@x,A1,Bad\n")).collect();
    muster.write("users.csv", format!("email,accountId,lastName\na@x.nl,A1,New\n{rejects}"));
    let before = state(&database);
    let import = muster.command(["import", "accounts.csv", "users.csv", "--out", "out"]);
    let mut limited = Command::new("sh");
    // A file of more than 200 blocks cannot be written: the same error as from a disk that is full, at a place
    // that is the same on every machine.
    limited.args(["-c", "trap '' XFSZ; ulimit -f 200; exec \"$@\"", "sh"]);
    limited.arg(import.get_program()).args(import.get_args());
    limited.current_dir(import.get_current_dir().unwrap());
    for (name, value) in import.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let output = limited.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("out"), "the error does not say where: {}", said(&output));
    assert_eq!(state(&database), before);
    let committed = std::fs::read_to_string(muster.path("out/summary.json")).unwrap_or_default();
    assert!(!committed.contains("committed"), "{committed}");
}

#[test]
fn a_second_import_at_the_same_time_names_the_first_one_or_waits_for_it() {
    let (database, muster) = target();
    let mut second = None;
    let output = stuck(&database, &muster, |_| {
        let busy = muster.run(["import", "users.csv", "--out", "second"]).exits(1);
        let reported = busy.stderr();
        assert!(
            reported.contains("muster ")
                && reported.contains(" since ")
                && reported.contains("--lock-timeout"),
            "{reported}"
        );
        assert!(!muster.path("second/rejects.ndjson").exists(), "{busy}");
        let mut waiting = muster.command(["import", "users.csv", "--out", "third", "--lock-timeout", "60"]);
        second = Some(waiting.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
        std::thread::sleep(Duration::from_millis(500));
        let_go(&database);
    });
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let second = second.unwrap().wait_with_output().unwrap();
    assert_eq!(second.status.code(), Some(3), "{}", said(&second));
    let summary = std::fs::read_to_string(muster.path("third/summary.json")).unwrap();
    assert!(summary.contains("\"unchanged\": 3"), "{summary}");
}
