//! Imports that fail half way: whatever ends them, the target is as it was before, and the next one goes through.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Database, Muster};

/// Two rows in the target, and files that update one, leave one and insert one.
fn target() -> (Database, Muster) {
    let database = Database::new();
    let muster = Muster::on(&database)
        .file("accounts.csv", "legacyId,name\nA1,One\n")
        .file("users.csv", "email,accountId,lastName\na@x.nl,A1,Old\nb@x.nl,A1,Same\n");
    muster.run(["import", "accounts.csv", "users.csv", "--out", "before"]).exits(0);
    muster.write("accounts.csv", "legacyId,name\nA1,Other\nA2,New\n");
    muster.write(
        "users.csv",
        "email,accountId,lastName\na@x.nl,A1,New\nb@x.nl,A1,Same\nc@x.nl,A2,More\nd@x,A1,Bad\n",
    );
    (database, muster)
}

/// Everything about the target: tables, rows, the rows' versions.
fn state(database: &Database) -> String {
    let tables =
        database.text("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1");
    let rows = ["accounts", "users"]
        .map(|table| database.text(&format!("SELECT xmin, ctid, t FROM {table} t ORDER BY id")));
    format!("{tables}\n{}", rows.join("\n"))
}

fn until(database: &Database, sql: &str) {
    let end = Instant::now() + Duration::from_secs(30);
    while database.text(&format!("SELECT EXISTS ({sql})")) != "t" {
        assert!(Instant::now() < end, "never seen: {sql}");
        std::thread::sleep(Duration::from_millis(20));
    }
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
        until(
            database,
            "SELECT FROM pg_locks WHERE relation = 'users'::regclass AND mode = 'ShareRowExclusiveLock'",
        );
        let mut command = muster.command(["import", "accounts.csv", "users.csv", "--out", "out"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        until(database, STUCK);
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

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The import goes through once nothing is in its way.
fn recovers(database: &Database, muster: &Muster) {
    let arguments = ["import", "accounts.csv", "users.csv", "--out", "after", "--lock-timeout", "30"];
    muster.run(arguments).exits(3);
    let rows = database.text("SELECT email, contact_last_name FROM users ORDER BY 1");
    assert_eq!(rows, "a@x.nl|New\nb@x.nl|Same\nc@x.nl|More");
}

#[test]
fn a_killed_connection_leaves_the_target_as_it_was() {
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
fn a_killed_program_leaves_the_target_as_it_was_and_no_summary() {
    let (database, muster) = target();
    let before = state(&database);
    let output = stuck(&database, &muster, |child| signal(child, "KILL"));
    assert_eq!(output.status.code(), None);
    assert_eq!(state(&database), before);
    assert!(!muster.path("out/summary.json").exists());
    recovers(&database, &muster);
}

#[test]
fn an_interrupted_import_says_so_and_leaves_the_target_as_it_was() {
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
fn a_second_import_at_the_same_time_names_the_first_or_waits_for_it() {
    let (database, muster) = target();
    let mut second = None;
    let output = stuck(&database, &muster, |_| {
        let busy = muster.run(["import", "users.csv", "--out", "second"]).exits(1);
        let told = busy.stderr();
        assert!(
            told.contains("muster ") && told.contains(" since ") && told.contains("--lock-timeout"),
            "{told}"
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
