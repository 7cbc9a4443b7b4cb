//! How a run that was killed must have ended: nothing written and no lock left, or all of it in.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::ways::{IMPORT, Way, outcome};
use crate::support::{Database, Muster};

/// How long a killed program's locks may live: its server looks once a second whether it is still there.
pub const LOCKS_GO: Duration = Duration::from_secs(5);

pub const SESSION: &str = "FROM pg_stat_activity WHERE datname = current_database()
    AND application_name LIKE 'muster % since %'";

/// Waits until no session of a run is left, and says how long that took.
pub fn locks_go(database: &Database) -> Duration {
    let start = Instant::now();
    let left = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND application_name LIKE 'muster % since %'";
    while database.text(left) != "0" {
        assert!(start.elapsed() < LOCKS_GO, "the server's side outlives the program");
        std::thread::sleep(Duration::from_millis(20));
    }
    let locks = "SELECT l.relation::regclass, l.mode, l.pid, a.application_name FROM pg_locks l
        LEFT JOIN pg_stat_activity a USING (pid)
        WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND l.pid <> pg_backend_pid() AND a.application_name LIKE 'muster %'
          AND a.application_name <> 'muster tests'";
    assert_eq!(database.text(locks), "");
    start.elapsed()
}

pub fn out(muster: &Muster) -> BTreeSet<String> {
    let Ok(entries) = std::fs::read_dir(muster.path("out")) else { return BTreeSet::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

pub const FILES: [&str; 8] = [
    "accounts.duplicates.csv",
    "accounts.rejected.csv",
    "rejects.csv",
    "rejects.ndjson",
    "report.html",
    "summary.json",
    "users.duplicates.csv",
    "users.rejected.csv",
];

/// The next import ends like an undisturbed one, and its folder holds its files and nothing else.
pub fn recovers(way: &Way, database: &Database, muster: &Muster, case: &str) {
    muster.run(IMPORT).exits(3);
    assert_eq!(outcome(database), way.expected, "{case}");
    assert_eq!(out(muster), FILES.map(str::to_owned).into(), "{case}");
}

/// After COMMIT the rows are in; the next import finds each of them unchanged and writes none.
pub fn is_in(way: &Way, database: &Database, muster: &Muster, case: &str) {
    assert_eq!(outcome(database), way.expected, "{case}");
    let before = database.versions();
    let again = muster.run(IMPORT).exits(3);
    for entity in again.summary("out")["entities"].as_array().unwrap() {
        assert_eq!(entity["unchanged"], entity["accepted"], "{case}{again}");
    }
    assert_eq!(database.versions(), before, "{case}");
    assert_eq!(out(muster), FILES.map(str::to_owned).into(), "{case}");
}

/// Whether a point, without its turn, comes after COMMIT was answered.
pub fn is_after_commit(point: &str) -> bool {
    ["committed", "earlier-aside", "renaming", "summary-next", "published"]
        .contains(&point.split(':').next().unwrap())
}
