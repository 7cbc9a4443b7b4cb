//! Disks that are really full, the program's and the server's: the run fails and says so, the target is as it was
//! before, and no file looks whole that is not.
#![cfg(feature = "fault-points")]

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use crate::support::{Database, Disk, Halted, Muster, said};

/// A target with a row, and files with many.
fn target(users: u32) -> (Database, Muster) {
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.csv", "legacyId,name\nA1,Old\n");
    database.rows(&muster.run(["schema", "ddl"]).exits(0).stdout());
    muster.write("accounts.csv", "legacyId,name\nA1,New\nA2,New\n");
    muster.write("users.csv", many(users));
    (database, muster)
}

fn many(users: u32) -> String {
    let rows: String = (0..users)
        .map(|n| format!("somebody-with-a-long-name-{n:05}@example.org,A{},Name number {n}\n", n % 2 + 1))
        .collect();
    format!("email,accountId,lastName\n{rows}")
}

fn filled(database: &Database, muster: &Muster) {
    muster.write("old.csv", "legacyId,name\nA1,Old\n");
    muster.write("old-users.csv", "email,accountId,lastName\nold@x.nl,A1,Old\n");
    let old = ["import", "accounts=old.csv", "users=old-users.csv", "--out", "before"];
    muster.run(old).exits(0);
    assert_eq!(database.text("SELECT count(*) FROM users"), "1");
}

/// Nothing in the folder looks like a file of a run that came to its end.
#[track_caller]
fn nothing_looks_whole(folder: &Path, reported: &str) {
    let names: Vec<String> = std::fs::read_dir(folder)
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    assert!(names.iter().all(|name| name.ends_with(".partial")), "{names:?} {reported}");
}

fn import(out: &Path) -> Vec<String> {
    ["import", "accounts.csv", "users.csv", "--out", out.to_str().unwrap()].map(str::to_owned).into()
}

#[test]
fn a_full_disk_under_the_reports_refuses_the_run() {
    let Some(disk) = Disk::mounted(1024) else { return };
    let (database, muster) = target(0);
    // Small enough for the disk, and the reports about it are not.
    let rejects: String = (0..4_000).map(|number| format!("bad{number}@x,A1,Bad\n")).collect();
    muster.write("users.csv", format!("email,accountId,lastName\n{rejects}"));
    let out = disk.path().join("out");
    let run = muster.run(import(&out)).exits(1);
    // What they will need is estimated, and what they take is watched.
    assert!(run.stderr().contains("make space"), "{run}");
    assert_eq!(database.versions(), "\n");
    nothing_looks_whole(&out, &run.stderr());
}

#[test]
fn a_disk_that_is_full_at_the_end_refuses_the_run_for_both_ways_of_loading() {
    let Some(disk) = Disk::mounted(1024) else { return };
    for fill in [false, true] {
        let (database, muster) = target(100);
        if fill {
            filled(&database, &muster);
        }
        let before = database.versions();
        let out = disk.path().join("out");
        let halted = Halted::at(&muster, "run-noted", import(&out));
        disk.leave_free(0);
        let output = halted.go_on();
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("the disk is full"), "{}", said(&output));
        assert_eq!(database.versions(), before);
        nothing_looks_whole(&out, &said(&output));
        disk.empty();
        muster.run(import(&out)).exits(0);
        std::fs::remove_dir_all(&out).unwrap();
    }
}

#[test]
fn a_full_disk_under_the_spool_ends_the_run() {
    let Some(disk) = Disk::mounted(2048) else { return };
    let (database, muster) = target(10_000);
    let out = disk.path().join("out");
    let mut arguments = import(&out);
    arguments.extend(["--memory", "1"].map(str::to_owned));
    let halted = Halted::at(&muster, "opened", &arguments);
    disk.leave_free(200_000);
    let output = halted.go_on();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("spool") && said(&output).contains("full"), "{}", said(&output));
    assert_eq!(database.versions(), "\n");
    nothing_looks_whole(&out, &said(&output));
    disk.empty();
    // With room there, the same goes through.
    muster.run(&arguments).exits(0);
    assert_eq!(database.text("SELECT count(*) FROM users"), "10000");
}

#[test]
fn a_stream_that_does_not_fit_the_disk_ends_the_run() {
    let Some(disk) = Disk::mounted(512) else { return };
    let (database, muster) = target(0);
    let out = disk.path().join("out");
    let mut command = muster.command(["import", "accounts.csv", "users=-", "--out", out.to_str().unwrap()]);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    // The program stops reading before all is written.
    let _ = child.stdin.take().unwrap().write_all(many(10_000).as_bytes());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("make space there"), "{}", said(&output));
    assert_eq!(database.versions(), "\n");
    nothing_looks_whole(&out, &said(&output));
}

/// A tablespace on a small disk.
struct Small<'d> {
    database: &'d Database,
    name: String,
    _disk: Disk,
}

impl<'d> Small<'d> {
    fn new(database: &'d Database) -> Option<Self> {
        let disk = Disk::mounted(768)?;
        let name = format!("small_{}", database.name());
        let path = disk.path().join("space");
        std::fs::create_dir(&path).unwrap();
        let (uid, gid) = crate::support::owner().unwrap_or((0, 0));
        std::os::unix::fs::chown(&path, Some(uid), Some(gid)).unwrap();
        database.rows(&format!("CREATE TABLESPACE {name} LOCATION '{}'", path.display()));
        Some(Self { database, name, _disk: disk })
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.database.rows("DROP TABLE users, accounts");
            self.database.rows(&format!("ALTER DATABASE {} RESET temp_tablespaces", self.database.name()));
            self.database.rows(&format!("DROP TABLESPACE {}", self.name));
        }
    }
}

#[test]
fn a_full_disk_of_the_server_is_reported_and_leaves_the_target_unchanged() {
    for way in ["fresh", "merge", "stage"] {
        let (database, muster) = target(10_000);
        let Some(small) = Small::new(&database) else { return };
        if way != "fresh" {
            filled(&database, &muster);
        }
        let name = &small.name;
        if way == "stage" {
            database.rows(&format!("ALTER DATABASE {} SET temp_tablespaces = '{name}'", database.name()));
        } else {
            database.rows(&format!("ALTER TABLE users SET TABLESPACE {name}"));
        }
        let before = database.versions();
        let run = muster.run(import(Path::new("out"))).exits(1);
        assert!(run.stderr().contains("the server's disk is full"), "{way}: {run}");
        assert!(!run.stderr().contains("somebody-with"), "{way}: {run}");
        assert_eq!(database.versions(), before, "{way}");
        assert_eq!(run.summary("out")["status"], "failed", "{way}");
        if way == "stage" {
            database.rows(&format!("ALTER DATABASE {} RESET temp_tablespaces", database.name()));
        } else {
            database.rows("ALTER TABLE users SET TABLESPACE pg_default");
        }
        muster.run(import(Path::new("out"))).exits(0);
    }
}
