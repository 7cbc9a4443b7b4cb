//! The crash test: at every named point of both ways of loading the process is killed, and in another run the
//! server's side of it. Before COMMIT every table is as it was, after it every row is in; the locks are gone at once,
//! and the next import ends where one that nobody disturbed ends.
#![cfg(feature = "fault-points")]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use muster::fault::Point;

use super::support::{Cluster, Database, Halted, Muster, killed_at, said};

/// How long a killed program's locks may live: its server looks once a second whether it is still there.
const LOCKS_GO: Duration = Duration::from_secs(5);

/// How many cases run at a time.
const AT_A_TIME: usize = 4;

/// A server whose sessions may wait for a standby that never comes, so that COMMIT is not answered; and which may be
/// brought down without harm to other tests.
fn server() -> &'static Cluster {
    static SERVER: OnceLock<Cluster> = OnceLock::new();
    SERVER.get_or_init(|| Cluster::start("synchronous_standby_names = 'nobody'", false))
}

/// What makes COMMITs in a database wait for that standby.
fn unanswered(database: &Database) {
    database.rows(&format!("ALTER DATABASE {} SET synchronous_commit = on", database.name()));
}

/// What has them answered again.
fn answered(database: &Database) {
    let reset = format!("ALTER DATABASE {} RESET synchronous_commit", database.name());
    database.rows(&format!("SET synchronous_commit = off; {reset}"));
}

/// Both files, of which some rows are refused and some are duplicates.
fn files(accounts: std::ops::Range<u32>, users: std::ops::Range<u32>, name: &str) -> (String, String) {
    let mut first = String::from("legacyId,name,contact.gender,labels\n");
    for number in accounts {
        let _ = writeln!(first, "A{number:02},{name} {number},female,\"x{number},y\"");
    }
    first.push_str("A01,Twice,,\n,Nobody,,\n");
    let mut second = String::from("email,account.legacyId,contact.lastName,legacyId\n");
    for number in users {
        let account = number % 12 + 1;
        let _ = writeln!(second, "u{number:02}@example.org,A{account:02},{name} {number},U{number}");
    }
    second.push_str("u01@example.org,A02,Twice,\nnot an address,A01,,\nlost@example.org,A99,,\n");
    (first, second)
}

/// One way of loading: what stands in the target before, and what the import ends with when nobody disturbs it.
struct Way {
    name: &'static str,
    target: Database,
    /// Everything about the target before.
    untouched: String,
    /// What an undisturbed import leaves.
    expected: String,
}

impl Way {
    /// `before` brings a fresh database into the state that this way begins with.
    fn new(server: &'static Cluster, name: &'static str, before: impl FnOnce(&Database)) -> Self {
        let target = Database::on(server);
        before(&target);
        let untouched = picture(&target);
        let undisturbed = target.copy();
        muster(&undisturbed).run(IMPORT).exits(3);
        let expected = outcome(&undisturbed);
        assert_ne!(picture(&undisturbed), untouched);
        Self { name, target, untouched, expected }
    }

    fn all() -> &'static [Self; 3] {
        static WAYS: OnceLock<[Way; 3]> = OnceLock::new();
        let new = |name, before: fn(&Database)| Self::new(server(), name, before);
        WAYS.get_or_init(|| [new("bare", |_| ()), new("fresh", fresh), new("filled", filled)])
    }

    /// The points that an import comes by this way, with the turn that each is taken at: of the points that
    /// entities have in common the one of accounts and the one of users.
    fn points(&self) -> Vec<String> {
        use Point::*;
        let staged = [StageCreated, StageHalf, LosersDropped, Compared, Updated, Inserted];
        let copied = [Reserved, TakenDown, CopyHalf, Copied, PutBack, Analyzed, RangeNoted];
        let shared = [RecordsNoted, ReadBack];
        let undo = [UndoLocked, UndoRestored, UndoDeleted, UndoNoted];
        let mut points = Vec::new();
        for point in Point::ALL {
            if undo.contains(point)
                || (copied.contains(point) && self.name == "filled")
                || (staged.contains(point) && self.name != "filled")
                || (self.name == "bare"
                    && !matches!(point, TablesMade | CopyHalf | PutBack | BeforeCommit | Committed))
            {
                continue;
            }
            points.push(point.name().to_owned());
            if staged.contains(point)
                || copied.contains(point)
                || shared.contains(point)
                || *point == Renaming
            {
                points.push(format!("{}:2", point.name()));
            }
        }
        points
    }
}

/// Empty tables with indexes and constraints of the owner's.
fn fresh(database: &Database) {
    database.rows(&Muster::new().run(["schema", "ddl"]).exits(0).stdout());
    database.rows(
        "CREATE INDEX users_partial ON users (role) WHERE role <> 'none';
         CREATE UNIQUE INDEX users_including ON users (email) INCLUDE (role);
         COMMENT ON INDEX users_partial IS 'mine';
         ALTER TABLE accounts ADD CONSTRAINT later UNIQUE (legacy_id, name) DEFERRABLE INITIALLY DEFERRED;
         ALTER TABLE users ADD CONSTRAINT long_mail CHECK (length(email) > 3) NOT VALID",
    );
}

/// The same tables, with rows of which the import leaves some, changes some, and adds others.
fn filled(database: &Database) {
    fresh(database);
    let (accounts, users) = files(1..9, 1..25, "Old");
    let same = accounts.replace("Old 3,", "New 3,");
    let muster =
        Muster::on(database).file("accounts.csv", same).file("users.csv", users.replace("Old 7,", "New 7,"));
    muster.run(IMPORT).exits(3);
}

const IMPORT: [&str; 7] = ["import", "accounts.csv", "users.csv", "--out", "out", "--lock-timeout", "30"];

fn muster(database: &Database) -> Muster {
    let (accounts, users) = files(1..13, 1..37, "New");
    Muster::on(database)
        .file("accounts.csv", accounts)
        .file("users.csv", users)
        .env("MUSTER_TEST_BLOCK", "400")
        .env("MUSTER_TEST_BUFFER", "200")
        .env("RAYON_NUM_THREADS", "1")
}

/// Everything about a database: each row of each table with its version and place, and all definitions with their
/// numbers. A copy of a database has the same.
fn picture(database: &Database) -> String {
    let tables = database.text(
        "SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_(catalog|toast)'
         ORDER BY 1",
    );
    let rows: Vec<String> = tables
        .lines()
        .map(|table| format!("SELECT '{table}' AS t, x.ctid, x.xmin::text, x::text FROM {table} x"))
        .collect();
    let mut picture = tables;
    if !rows.is_empty() {
        picture += &database.text(&format!("{} ORDER BY 1, 2", rows.join(" UNION ALL ")));
    }
    picture
        + &definitions(
            database,
            "c.oid::text || ' ' || coalesce(pg_relation_filenode(c.oid)::text, '') || ' ' ||",
        )
}

/// Relations (temporary ones of killed sessions, too), indexes, constraints, comments.
fn definitions(database: &Database, numbers: &str) -> String {
    database.text(&format!(
        "SELECT {numbers} n.nspname || '.' || c.relname || ' ' || c.relkind::text || ' ' || coalesce(pg_get_indexdef(i.indexrelid), '')
             || ' ' || coalesce(obj_description(c.oid, 'pg_class'), '')
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
         WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_(catalog|toast)'
         UNION ALL SELECT conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid) || convalidated::text
         FROM pg_constraint WHERE conrelid <> 0
         UNION ALL SELECT nspname::text FROM pg_namespace WHERE nspname !~ '^pg_'
         UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1"
    ))
}

/// The tables without identifiers and times.
const ACCOUNTS: &str = "SELECT to_jsonb(t) - '{id,created_at,updated_at}'::text[] FROM accounts t ORDER BY legacy_id COLLATE \"C\"";
const USERS: &str = "SELECT a.legacy_id, to_jsonb(t) - '{id,account_id,created_at,updated_at}'::text[]
    FROM users t JOIN accounts a ON a.id = t.account_id ORDER BY email";

/// What an import leaves, but for identifiers and times: those of an import that came to nothing are not given out
/// again. The journal's runs and what they wrote belong to it.
fn outcome(database: &Database) -> String {
    let rows = [ACCOUNTS, USERS].map(|sql| database.text(sql)).join("\n");
    let journal = database.text(
        "SELECT r.started, c.entity, read, accepted, rejected, duplicates, inserted, updated, unchanged
         FROM (SELECT id, row_number() OVER (ORDER BY finished) AS started FROM muster.runs) r
         JOIN muster.run_counts c ON c.run = r.id ORDER BY 1, 2",
    ) + &database
        .text("SELECT entity, what, file, record FROM muster.provenance ORDER BY 1, 2, 3, 4");
    format!("{rows}\n{journal}\n{}", definitions(database, ""))
}

/// Waits until no session of a run is left, and says how long that took.
fn locks_go(database: &Database) -> Duration {
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

fn out(muster: &Muster) -> BTreeSet<String> {
    let Ok(entries) = std::fs::read_dir(muster.path("out")) else { return BTreeSet::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

const FILES: [&str; 8] = [
    "accounts.duplicates.csv",
    "accounts.rejected.csv",
    "rejects.csv",
    "rejects.ndjson",
    "report.html",
    "summary.json",
    "users.duplicates.csv",
    "users.rejected.csv",
];

/// The next import ends as one that nobody disturbed, and its folder holds its files and nothing else.
fn recovers(way: &Way, database: &Database, muster: &Muster, case: &str) {
    muster.run(IMPORT).exits(3);
    assert_eq!(outcome(database), way.expected, "{case}");
    assert_eq!(out(muster), FILES.map(str::to_owned).into(), "{case}");
}

/// After COMMIT the rows are in; the next import finds each of them unchanged and writes none.
fn is_in(way: &Way, database: &Database, muster: &Muster, case: &str) {
    assert_eq!(outcome(database), way.expected, "{case}");
    let rows = || {
        ["accounts", "users"]
            .map(|table| database.text(&format!("SELECT ctid, xmin, t FROM {table} t ORDER BY id")))
            .join("\n")
    };
    let before = rows();
    let again = muster.run(IMPORT).exits(3);
    for entity in again.summary("out")["entities"].as_array().unwrap() {
        assert_eq!(entity["unchanged"], entity["accepted"], "{case}{again}");
    }
    assert_eq!(rows(), before, "{case}");
    assert_eq!(out(muster), FILES.map(str::to_owned).into(), "{case}");
}

/// Runs cases on a few threads; the first that fails is shown, and the others are not begun.
fn each<'c, C: Sync>(cases: &'c [C], act: impl Fn(&'c C) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let stop = Stop(&next);
                    act(case);
                    std::mem::forget(stop);
                }
            });
        }
    });
}

/// Lets no further case begin when one has failed.
struct Stop<'n>(&'n AtomicUsize);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(usize::MAX / 2, Ordering::Relaxed);
    }
}

fn cases() -> Vec<(&'static Way, String)> {
    Way::all().iter().flat_map(|way| way.points().into_iter().map(move |point| (way, point))).collect()
}

/// Whether a point, without its turn, comes after COMMIT was answered.
fn is_after_commit(point: &str) -> bool {
    ["committed", "renaming", "summary-next", "published"].contains(&point.split(':').next().unwrap())
}

#[test]
fn a_program_killed_at_any_point_leaves_all_or_nothing_and_no_lock() {
    let longest = Mutex::new(Duration::ZERO);
    let cases = cases();
    assert!(cases.len() > 60, "{}", cases.len());
    each(&cases, |(way, point)| {
        let case = format!("{} {point}", way.name);
        let database = way.target.copy();
        let muster = muster(&database);
        killed_at(&muster, point, IMPORT);
        let took = locks_go(&database);
        let mut longest = longest.lock().unwrap();
        *longest = (*longest).max(took);
        drop(longest);
        let left = out(&muster);
        assert_eq!(left.contains("summary.json"), point == "published", "{case}: {left:?}");
        if is_after_commit(point) {
            return is_in(way, &database, &muster, &case);
        }
        assert!(left.iter().all(|name| name.ends_with(".partial")), "{case}: {left:?}");
        // A COMMIT that was sent is the server's business: all or nothing.
        if point == "commit-sent" && picture(&database) != way.untouched {
            return is_in(way, &database, &muster, &case);
        }
        assert_eq!(picture(&database), way.untouched, "{case}");
        recovers(way, &database, &muster, &case);
    });
    eprintln!("{} cases; the locks were gone after at most {:?}", cases.len(), longest.lock().unwrap());
}

const SESSION: &str = "FROM pg_stat_activity WHERE datname = current_database()
    AND application_name LIKE 'muster % since %'";

#[test]
fn a_session_ended_at_any_point_fails_the_run_and_leaves_the_target_as_it_was() {
    // The points at which there is no session yet, and those that have a test of their own.
    let no = ["begun", "commit-sent", "renaming:2", "summary-next", "published"];
    let mut cases = cases();
    cases.retain(|(_, point)| !no.contains(&point.as_str()));
    assert!(cases.len() > 50, "{}", cases.len());
    each(&cases, |(way, point)| {
        let case = format!("{} {point}", way.name);
        let database = way.target.copy();
        let muster = muster(&database);
        let run = Halted::at(&muster, point, IMPORT);
        assert_eq!(
            database.text(&format!("SELECT pg_terminate_backend(pid, 5000) {SESSION}")),
            "t",
            "{case}"
        );
        let output = run.go_on();
        if is_after_commit(point) {
            assert_eq!(output.status.code(), Some(3), "{case}: {}", said(&output));
            return is_in(way, &database, &muster, &case);
        }
        assert_eq!(output.status.code(), Some(1), "{case}: {}", said(&output));
        assert!(said(&output).contains("lost"), "{case}: {}", said(&output));
        assert_eq!(picture(&database), way.untouched, "{case}");
        let summary = std::fs::read_to_string(muster.path("out/summary.json")).unwrap_or_default();
        assert!(summary.contains("\"status\": \"failed\""), "{case}: {summary}");
        recovers(way, &database, &muster, &case);
    });
}

#[test]
fn a_session_ended_between_commit_and_its_reply_is_asked_for() {
    for way in &Way::all()[1..] {
        let database = way.target.copy();
        unanswered(&database);
        let muster = muster(&database);
        let run = Halted::at(&muster, "commit-sent", IMPORT);
        until(&database, &format!("SELECT {SESSION} AND wait_event = 'SyncRep'"));
        database.rows(&format!("SELECT pg_terminate_backend(pid, 5000) {SESSION}"));
        let output = run.go_on();
        assert_eq!(output.status.code(), Some(3), "{}: {}", way.name, said(&output));
        assert!(said(&output).contains("was committed"), "{}", said(&output));
        answered(&database);
        is_in(way, &database, &muster, way.name);
    }
}

#[test]
fn a_server_that_crashes_takes_nothing_along_and_what_was_committed_stays() {
    let server = Box::leak(Box::new(Cluster::start("synchronous_standby_names = 'nobody'", false)));
    let ways = [Way::new(server, "fresh", fresh), Way::new(server, "filled", filled)];
    for (way, point) in [(0, "copy-half:2"), (0, "before-commit"), (1, "updated"), (1, "commit-sent")] {
        let (way, case) = (&ways[way], format!("{} {point}", ways[way].name));
        let database = way.target.copy();
        let committed = point == "commit-sent";
        if committed {
            unanswered(&database);
        }
        let muster = muster(&database);
        let run = Halted::at(&muster, point, IMPORT);
        if committed {
            until(&database, &format!("SELECT {SESSION} AND wait_event = 'SyncRep'"));
        }
        let process = database.text(&format!("SELECT pid {SESSION}"));
        // The server ends all its sessions and goes through recovery when one of its processes dies so.
        let killed = std::process::Command::new("kill").args(["-s", "KILL", &process]).status().unwrap();
        assert!(killed.success());
        let output = run.go_on();
        assert_eq!(output.status.code(), Some(if committed { 3 } else { 1 }), "{case}: {}", said(&output));
        if committed {
            answered(&database);
            is_in(way, &database, &muster, &case);
        } else {
            assert!(said(&output).contains("lost"), "{case}: {}", said(&output));
            assert_eq!(picture(&database), way.untouched, "{case}");
            recovers(way, &database, &muster, &case);
        }
    }
}

#[test]
fn a_signal_before_commit_interrupts_and_one_at_commit_comes_too_late() {
    let points =
        ["opened", "read", "staged", "copy-half", "put-back", "updated", "inserted:2", "run-noted", "sealed"];
    let late = ["before-commit", "commit-sent", "committed", "renaming:2"];
    let mut cases = cases();
    cases.retain(|(way, point)| {
        way.name != "bare" && (points.contains(&point.as_str()) || late.contains(&point.as_str()))
    });
    each(&cases, |(way, point)| {
        let case = format!("{} {point}", way.name);
        let database = way.target.copy();
        let muster = muster(&database);
        let run = Halted::at(&muster, point, IMPORT);
        run.signal(if way.name == "fresh" { "INT" } else { "TERM" });
        let output = run.go_on();
        if late.contains(&point.as_str()) {
            assert_eq!(output.status.code(), Some(3), "{case}: {}", said(&output));
            return is_in(way, &database, &muster, &case);
        }
        assert_eq!(output.status.code(), Some(130), "{case}: {}", said(&output));
        locks_go(&database);
        assert_eq!(picture(&database), way.untouched, "{case}");
        let left = out(&muster);
        assert!(left.iter().all(|name| !name.ends_with(".partial")), "{case}: {left:?}");
        recovers(way, &database, &muster, &case);
    });
}

#[test]
fn an_undo_that_is_killed_undoes_nothing_or_all() {
    let way = &Way::all()[2];
    let imported = way.target.copy();
    muster(&imported).run(IMPORT).exits(3);
    let untouched = picture(&imported);
    let run = imported.text("SELECT id FROM muster.runs ORDER BY finished DESC LIMIT 1");
    for point in
        ["undo-locked", "undo-restored", "undo-deleted", "undo-noted", "before-commit", "commit-sent"]
    {
        let database = imported.copy();
        let muster = muster(&database);
        let undo = ["undo", "--yes", &run, "--out", "undone", "--lock-timeout", "30"];
        killed_at(&muster, point, undo);
        locks_go(&database);
        if point != "commit-sent" || picture(&database) == untouched {
            assert_eq!(picture(&database), untouched, "{point}");
            muster.run(undo).exits(0);
        }
        let tables = [ACCOUNTS, USERS].map(|sql| database.text(sql)).join("");
        assert_eq!(tables, [ACCOUNTS, USERS].map(|sql| way.target.text(sql)).join(""), "{point}");
        // What is as it was before can be imported again.
        muster.run(IMPORT).exits(3);
    }
}

fn until(database: &Database, sql: &str) {
    let end = Instant::now() + Duration::from_secs(30);
    while database.text(&format!("SELECT EXISTS ({sql})")) != "t" {
        assert!(Instant::now() < end, "never seen: {sql}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
