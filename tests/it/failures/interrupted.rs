//! SIGINT and SIGTERM while a run reads or an export waits: exit 130, and what the run's folder and the nightly
//! job's files say of it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{Database, Halted, Muster, said, signal};

const ACCOUNTS: &str = "legacyId,name\nA1,One\n,Two\n";
const USERS: &str = "email,accountId\na@x.nl,A1\n";
const LOCK: &str = "SELECT FROM pg_locks WHERE relation = 'users'::regclass";

#[test]
fn a_run_interrupted_while_it_reads_has_the_status_interrupted_in_its_summary() {
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.csv", ACCOUNTS).file("users.csv", USERS);
    for (command, name) in [("check", "INT"), ("check", "TERM"), ("import", "INT"), ("import", "TERM")] {
        let out = format!("{command}-{name}");
        let halted = Halted::at(&muster, "opened", [command, "accounts.csv", "users.csv", "--out", &out]);
        halted.signal(name);
        let output = halted.go_on();
        assert_eq!(output.status.code(), Some(130), "{}", said(&output));
        assert!(said(&output).contains("interrupted; the target is as it was before"), "{}", said(&output));
        let bytes = std::fs::read(muster.path(&format!("{out}/summary.json"))).unwrap();
        let summary: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!((&summary["status"], &summary["command"]), (&"interrupted".into(), &command.into()));
        let entities = summary["entities"].as_array().unwrap();
        assert_eq!(entities.len(), 2, "{summary}");
        for entity in entities {
            assert_eq!((&entity["read"], &entity["inserted"]), (&0.into(), &0.into()), "{summary}");
            assert_eq!(entity["files"].as_array().unwrap().len(), 1, "{summary}");
        }
        let names = std::fs::read_dir(muster.path(&out)).unwrap();
        let names: Vec<_> = names.map(|name| name.unwrap().file_name().into_string().unwrap()).collect();
        assert!(names.iter().all(|name| !name.contains(".partial")), "{names:?}");
        assert!(names.contains(&"report.html".to_owned()), "{names:?}");
    }
    assert_eq!(database.text("SELECT to_regclass('accounts') IS NULL"), "t");
}

#[test]
fn an_export_at_night_that_is_stopped_says_one_line_and_its_metrics_tell_it() {
    let database = Database::new();
    let muster =
        Muster::on(&database).file("accounts.csv", "legacyId,name\nA1,One\n").file("users.csv", USERS);
    muster.run(["import", "accounts.csv", "users.csv", "--out", "in"]).exits(0);
    let export = ["export", "--out", "out", "--keep", "3", "--metrics", "m.prom", "--quiet"];
    muster.run(export).exits(0);
    let latest = std::fs::read_link(muster.path("out/latest")).unwrap();
    let metrics = || std::fs::read_to_string(muster.path("m.prom")).unwrap();
    let last_success = |text: &str| {
        let line =
            text.lines().find(|line| line.starts_with("muster_export_last_success")).map(str::to_owned);
        line.unwrap()
    };
    let good = last_success(&metrics());
    let output = std::thread::scope(|scope| {
        scope.spawn(|| {
            database
                .rows("DO $$ BEGIN LOCK TABLE users IN ACCESS EXCLUSIVE MODE; PERFORM pg_sleep(2); END $$");
        });
        database.until(&format!("{LOCK} AND granted AND mode = 'AccessExclusiveLock'"));
        let mut command = muster.command(export);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        database.until(&format!("{LOCK} AND NOT granted"));
        signal(&child, "TERM");
        child.wait_with_output().unwrap()
    });
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert!(output.stdout.is_empty());
    let reported = String::from_utf8(output.stderr).unwrap();
    assert!(reported.lines().count() == 1 && reported.contains("interrupted"), "{reported}");
    let text = metrics();
    for sample in ["muster_export_success 0", "muster_export_exit_code 130", &good] {
        assert!(text.lines().any(|line| line == sample), "{sample}: {text}");
    }
    // Nothing of the stopped export is left, and `latest` is where it was.
    assert_eq!(std::fs::read_link(muster.path("out/latest")).unwrap(), latest);
    let folders = std::fs::read_dir(muster.path("out")).unwrap();
    let folders: Vec<_> = folders.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    assert!(folders.iter().all(|path| path.join("manifest.json").is_file()), "{folders:?}");
    muster.run(export).exits(0);
}

#[test]
fn a_pipe_that_stays_silent_is_not_waited_for() {
    let muster = Muster::new();
    let mut child = muster
        .command(["check", "users=-", "--out", "out"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let silent = child.stdin.take();
    let patience = Instant::now() + Duration::from_secs(20);
    // From then on it listens to signals.
    while !muster.path("out").exists() {
        assert!(Instant::now() < patience, "the run does not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(200));
    signal(&child, "INT");
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < patience, "the pipe is waited for");
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(silent);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    let summary: serde_json::Value =
        serde_json::from_slice(&std::fs::read(muster.path("out/summary.json")).unwrap()).unwrap();
    assert_eq!(summary["status"], "interrupted", "{summary}");
}
