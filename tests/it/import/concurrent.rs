//! An import beside other sessions: readers and writers of the same tables, concurrent transactions, locks that others
//! hold, rows that swap their values, and triggers of the table's owner.
#![cfg(feature = "fault-points")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::support::{Database, Halted, Muster, block_on, said};

const IMPORT: [&str; 5] = ["import", "accounts.csv", "users.csv", "--out", "out"];

/// Rows in the target; files that change each of them and add others.
fn target() -> (Database, Muster) {
    let files = |name: &str, rows: u32| {
        let accounts: String = (1..=rows).map(|n| format!("A{n},{name}\n")).collect();
        let users: String = (1..=rows).map(|n| format!("u{n}@x.nl,A{n},{name}\n")).collect();
        [format!("legacyId,name\n{accounts}"), format!("email,accountId,lastName\n{users}")]
    };
    Muster::after(files("Old", 30), files("New", 40))
}

fn names(database: &Database) -> String {
    let sql = "SELECT name, count(*) FROM accounts GROUP BY 1 UNION ALL
        SELECT contact_last_name, count(*) FROM users GROUP BY 1 ORDER BY 1, 2";
    database.text(sql)
}

/// Runs a statement over and over on one connection; how often it was done, and the longest that it took.
struct Steady {
    done: AtomicU64,
    longest: Mutex<Duration>,
}

impl Steady {
    fn new() -> Self {
        Self { done: AtomicU64::new(0), longest: Mutex::new(Duration::ZERO) }
    }

    fn load(&self, database: &Database, sql: &str, stop: &AtomicBool) {
        block_on(async {
            let session = muster::internals::db::connect(Some(&database.url()), "steady").await.unwrap();
            while !stop.load(Ordering::Relaxed) {
                let start = Instant::now();
                session.client.batch_execute(sql).await.unwrap();
                let mut longest = self.longest.lock().unwrap();
                *longest = (*longest).max(start.elapsed());
                drop(longest);
                self.done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }

    /// Waits until it has been done so often from now on.
    fn goes_on(&self, times: u64) {
        let (enough, end) =
            (self.done.load(Ordering::Relaxed) + times, Instant::now() + Duration::from_secs(20));
        while self.done.load(Ordering::Relaxed) < enough {
            assert!(Instant::now() < end, "no session makes progress");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Sessions of the load that wait for a lock that a run holds, and for which.
const BLOCKED: &str = "SELECT s.wait_event, s.query, m.query
    FROM pg_stat_activity s, unnest(pg_blocking_pids(s.pid)) b (pid) JOIN pg_stat_activity m ON m.pid = b.pid
    WHERE s.application_name = 'steady' AND s.datname = current_database()
      AND m.application_name LIKE 'muster % since %'";

#[test]
fn no_other_session_waits_for_an_import_into_filled_tables() {
    let (database, muster) = target();
    // The foreign keys are checked at once, too, which locks accounts.
    let muster = muster.env("MUSTER_TEST_MANY", "1");
    let (stop, looks) = (AtomicBool::new(false), AtomicU64::new(0));
    let (reads, writes) = (Steady::new(), Steady::new());
    // Rows that no file has.
    database.rows(
        "INSERT INTO accounts (legacy_id, name) VALUES ('own', 'Own');
         INSERT INTO users (email, account_id) SELECT 'own@x.nl', id FROM accounts WHERE legacy_id = 'own'",
    );
    let read =
        "SELECT count(*), max(u.contact_last_name) FROM users u JOIN accounts a ON a.id = u.account_id;
        SELECT * FROM users WHERE email = 'u7@x.nl'";
    let write = "UPDATE users SET contact_phone = contact_phone WHERE email = 'own@x.nl';
        INSERT INTO users (email, account_id) SELECT 'more' || clock_timestamp() || '@x.nl', id FROM accounts
        WHERE legacy_id = 'own'";
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| reads.load(&database, read, &stop));
        }
        scope.spawn(|| writes.load(&database, write, &stop));
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                assert_eq!(database.text(BLOCKED), "", "a session waits for the import");
                looks.fetch_add(1, Ordering::Relaxed);
            }
        });
        // If anything fails in here, the others must end.
        let _stop = Stop(&stop);
        for point in
            ["transaction-begun", "staged", "compared:2", "updated", "inserted:2", "run-noted", "commit-sent"]
        {
            let halted = Halted::at(
                &muster,
                point,
                ["import", "-v", "--dry-run", "accounts.csv", "users.csv"]
                    .iter()
                    .filter(|word| !(**word == "--dry-run" && ["run-noted", "commit-sent"].contains(&point))),
            );
            reads.goes_on(20);
            writes.goes_on(20);
            let waiting = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                WHERE NOT l.granted AND a.application_name = 'steady'
                  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())";
            assert_eq!(database.text(waiting), "0", "{point}");
            let strong =
                "SELECT l.relation::regclass, l.mode FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                WHERE a.application_name LIKE 'muster % since %' AND a.datname = current_database()
                  AND l.relation IN ('accounts'::regclass, 'users'::regclass)
                  AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')";
            assert_eq!(database.text(strong), "", "{point}");
            let output = halted.go_on();
            assert_eq!(output.status.code(), Some(0), "{point}: {}", said(&output));
            assert!(
                said(&output).contains("are checked at once") || point == "commit-sent",
                "{}",
                said(&output)
            );
        }
    });
    assert!(looks.into_inner() > 50, "the locks were hardly looked at");
    eprintln!(
        "{} reads, the longest {:?}; {} writes, the longest {:?}",
        reads.done.into_inner(),
        reads.longest.into_inner().unwrap(),
        writes.done.into_inner(),
        writes.longest.into_inner().unwrap()
    );
    assert_eq!(database.text("SELECT count(*) FROM users WHERE contact_last_name = 'New'"), "40");
}

/// The empty-target way locks what is empty, and nothing that it refers to.
#[test]
fn no_other_session_waits_for_filled_accounts_while_empty_users_are_loaded() {
    let (database, muster) = target();
    database.rows("DELETE FROM users");
    for point in ["taken-down", "copy-half", "put-back", "range-noted", "before-commit"] {
        let halted = Halted::at(&muster, point, ["import", "-v", "accounts.csv", "users.csv"]);
        database.rows(
            "SET lock_timeout = '5s'; SELECT * FROM accounts; UPDATE accounts SET plan = 'x' WHERE legacy_id = 'own';
             INSERT INTO accounts (legacy_id, name) VALUES ('own', 'Own') ON CONFLICT (legacy_id) DO NOTHING",
        );
        halted.signal("INT");
        let output = halted.go_on();
        assert!(
            said(&output).contains("table \"public\".\"users\": rows are copied straight in"),
            "{}",
            said(&output)
        );
    }
    assert_eq!(database.text("SELECT count(*) FROM accounts WHERE legacy_id = 'own'"), "1");
}

/// Sets its flag when it goes.
pub(super) struct Stop<'f>(pub(super) &'f AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_row_changed_by_a_concurrent_transaction_makes_the_run_try_again() {
    let (database, muster) = target();
    let halted = Halted::at(&muster, "facts-found", IMPORT);
    database.rows("UPDATE users SET contact_last_name = 'Meanwhile' WHERE email = 'u3@x.nl'");
    let output = halted.go_on();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("40001") && said(&output).contains("trying again"), "{}", said(&output));
    assert_eq!(names(&database), "New|40\nNew|40");
    assert_eq!(database.text("SELECT count(*) FROM muster.runs"), "2", "the first try left nothing");
}

#[test]
fn a_deadlock_makes_the_run_try_again() {
    let (database, muster) = target();
    let halted = Halted::at(&muster, "updated", IMPORT);
    std::thread::scope(|scope| {
        // The run has written accounts and will write users; this session writes in the other order, and waits.
        let crossing = "SET deadlock_timeout = '60s'; BEGIN;
            UPDATE users SET contact_phone = NULL WHERE email = 'u5@x.nl';
            UPDATE accounts SET plan = NULL WHERE legacy_id = 'A5'; COMMIT";
        scope.spawn(|| database.rows(crossing));
        database.until("SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'");
        let output = halted.go_on();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(
            said(&output).contains("40P01") && said(&output).contains("trying again"),
            "{}",
            said(&output)
        );
    });
    assert_eq!(names(&database), "New|40\nNew|40");
}

#[test]
fn a_lock_that_is_held_for_longer_than_the_role_waits_is_said_plainly() {
    let (database, muster) = target();
    database.rows(&format!("ALTER DATABASE {} SET lock_timeout = '300ms'", database.name()));
    let halted = Halted::at(&muster, "compared", IMPORT);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            database.rows("BEGIN; LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE; SELECT pg_sleep(2.5)");
        });
        database.until(
            "SELECT FROM pg_locks WHERE granted AND mode = 'ShareRowExclusiveLock'
            AND relation = 'users'::regclass",
        );
        let output = halted.go_on();
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("lock_timeout"), "{}", said(&output));
    });
    assert_eq!(names(&database), "Old|30\nOld|30");
    muster.run(IMPORT).exits(0);
    assert_eq!(names(&database), "New|40\nNew|40");
}

#[test]
fn unique_values_that_two_rows_of_the_database_swap_are_refused_and_named() {
    let database = Database::new();
    let muster = Muster::on(&database)
        .file("accounts.csv", "legacyId,name\nA1,One\n")
        .file("users.csv", "email,accountId,legacyId\na@x.nl,A1,U1\nb@x.nl,A1,U2\nc@x.nl,A1,U3\n");
    muster.run(["import", "accounts.csv", "users.csv", "--out", "before"]).exits(0);
    // As the database stood before the run, each of the two values is the other row's.
    muster.write(
        "users.csv",
        "email,accountId,legacyId\na@x.nl,A1,U2\nb@x.nl,A1,U1\nc@x.nl,A1,U4\nd@x.nl,A1,U3\n",
    );
    let run = muster.run(["import", "users.csv", "--out", "out"]).exits(3);
    let found: Vec<String> = run
        .findings("out")
        .iter()
        .map(|f| format!("{} {} {}", f["record"], f["code"].as_str().unwrap(), f["column"].as_str().unwrap()))
        .collect();
    assert_eq!(found, ["1 key-in-use legacyId", "2 key-in-use legacyId", "4 key-in-use legacyId"], "{run}");
    let rows = "SELECT email, legacy_id FROM users ORDER BY 1";
    assert_eq!(database.text(rows), "a@x.nl|U1\nb@x.nl|U2\nc@x.nl|U4");
    // What the first run set free can be taken by the next.
    muster.run(["import", "users.csv", "--out", "again"]).exits(3);
    assert_eq!(database.text(rows), "a@x.nl|U1\nb@x.nl|U2\nc@x.nl|U4\nd@x.nl|U3");
}

#[test]
fn rows_refused_by_a_trigger_are_found_and_rejected_with_their_users() {
    let (database, muster) = target();
    database.rows(
        "CREATE FUNCTION no_fives() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN IF NEW.legacy_id IN ('A5', 'A35') THEN RAISE EXCEPTION 'no %', NEW.name; END IF; RETURN NEW; END $$;
         CREATE TRIGGER no_fives BEFORE INSERT OR UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION no_fives()",
    );
    let run = muster.run(IMPORT).exits(3);
    let found: Vec<String> = run
        .findings("out")
        .iter()
        .map(|f| format!("{} {} {}", f["entity"].as_str().unwrap(), f["record"], f["code"].as_str().unwrap()))
        .collect();
    // Account A5 is there already, as it was: its user can stay with it.
    assert_eq!(
        found,
        ["accounts 5 database-rejected", "accounts 35 database-rejected", "users 35 account-rejected"],
        "{run}"
    );
    assert!(run.findings("out")[0]["message"].as_str().unwrap().contains("P0001"), "{run}");
    assert_eq!(names(&database), "New|38\nNew|39\nOld|1");
}

/// Rows that were counted as written are in the tables at COMMIT, even if triggers act after the counting.
#[test]
fn rows_deleted_by_a_trigger_after_they_were_counted_fail_the_run() {
    let takes = |what: &str| {
        format!(
            "CREATE FUNCTION takes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {what}; RETURN NULL; END $$"
        )
    };
    let waiting = "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON users INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION takes()";
    let at_users = "CREATE TRIGGER t AFTER INSERT ON users FOR EACH STATEMENT EXECUTE FUNCTION takes()";
    for (what, when) in [
        ("DELETE FROM users WHERE id = NEW.id AND email = 'u35@x.nl'", waiting),
        // An account without users, when the accounts are long done.
        ("DELETE FROM accounts WHERE legacy_id = 'A41'", at_users),
    ] {
        let (database, muster) = target();
        database.rows(&format!("{}; {when}", takes(what)));
        let accounts = std::fs::read_to_string(muster.path("accounts.csv")).unwrap() + "A41,New\n";
        muster.write("accounts.csv", accounts);
        let before = names(&database);
        let run = muster.run(IMPORT).exits(1);
        assert!(run.stderr().contains("inserted"), "{run}");
        assert_eq!(names(&database), before);
        assert_eq!(database.text("SELECT count(*) FROM muster.runs"), "1");
    }
}
