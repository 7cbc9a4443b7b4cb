//! What other sessions do to the tables while an import goes on: they drop and rename them, and write the same keys and
//! rows.
#![cfg(feature = "fault-points")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::concurrent::Stop;
use crate::support::{Database, Halted, Muster, said};

const IMPORT: [&str; 5] = ["import", "accounts.csv", "users.csv", "--out", "out"];

const ACCOUNTS: &str = "legacyId,name\nA1,One\nA2,Two\n";
const USERS: &str =
    "email,accountId,legacyId,lastName\na@x.nl,A1,U1,New\nb@x.nl,A2,U2,New\nc@x.nl,A2,U3,New\n";

/// Tables with rows, and files that change some of them and add others.
fn filled() -> (Database, Muster) {
    let users = "email,accountId,legacyId,lastName\na@x.nl,A1,U1,Old\n";
    Muster::after(["legacyId,name\nA1,First\n", users], [ACCOUNTS, USERS])
}

/// Empty tables, and files for them.
fn empty() -> (Database, Muster) {
    let (database, muster) = filled();
    database.rows("TRUNCATE accounts, users");
    (database, muster)
}

#[test]
fn a_table_that_is_dropped_or_renamed_while_files_are_read_ends_the_run_plainly() {
    for (filled, point, what, left) in [
        (true, "lock-taken", "DROP TABLE users", "1"),
        (false, "read", "DROP TABLE users", "1"),
        (true, "read", "DROP TABLE users, accounts", "0"),
        (false, "lock-taken", "DROP TABLE users, accounts", "0"),
        (true, "read", "ALTER TABLE users RENAME TO gone", "2"),
        (false, "read", "ALTER TABLE accounts RENAME TO gone", "2"),
        (false, "read", "ALTER TABLE users SET SCHEMA muster", "1"),
    ] {
        let (database, muster) = if filled { self::filled() } else { empty() };
        let halted = Halted::at(&muster, point, IMPORT);
        database.rows(what);
        let output = halted.go_on();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{what}: {said}");
        assert!(said.contains("another session has dropped or renamed it"), "{what}: {said}");
        let there =
            "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
        assert_eq!(database.text(there), left, "{what}");
        assert_eq!(database.text("SELECT count(*) FROM muster.runs"), "1", "{what}");
    }
}

/// A name can come to mean nothing although the table is locked.
#[test]
fn a_schema_that_is_renamed_while_rows_are_written_ends_the_run_plainly() {
    for (filled, point) in [
        (true, "transaction-begun"),
        (true, "facts-found"),
        (true, "stamped"),
        (false, "facts-found"),
        (false, "stamped"),
    ] {
        let (database, muster) = if filled { self::filled() } else { empty() };
        let halted = Halted::at(&muster, point, IMPORT);
        database.rows("ALTER SCHEMA public RENAME TO app");
        let output = halted.go_on();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{point}: {said}");
        assert!(said.contains("has dropped or renamed it"), "{filled} {point}: {said}");
    }
}

#[test]
fn a_sequence_that_is_taken_from_an_empty_table_ends_the_run_plainly() {
    let (database, muster) = empty();
    database.rows(
        "ALTER TABLE users ALTER id DROP IDENTITY; CREATE SEQUENCE given OWNED BY users.id;
         ALTER TABLE users ALTER id SET DEFAULT nextval('given')",
    );
    let halted = Halted::at(&muster, "stamped", IMPORT);
    database.rows("ALTER SEQUENCE given OWNED BY NONE");
    let output = halted.go_on();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("has taken the sequence"), "{}", said(&output));
}

#[test]
fn a_table_that_is_created_meanwhile_is_used() {
    let (database, muster) = filled();
    let tables = muster.run(["schema", "ddl"]).exits(0).stdout();
    database.rows("DROP TABLE users, accounts");
    let halted = Halted::at(&muster, "read", IMPORT);
    database.rows(&format!("{tables}; INSERT INTO accounts (legacy_id, name) VALUES ('A9', 'Nine')"));
    let output = halted.go_on();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(database.text("SELECT legacy_id FROM accounts ORDER BY 1"), "A1\nA2\nA9");
    assert_eq!(database.text("SELECT count(*) FROM users"), "3");
    // Something else has its name.
    database.rows("DROP TABLE users; CREATE DOMAIN users AS text");
    let run = muster.run(IMPORT).exits(1);
    assert!(
        run.stderr().contains("creating table \"public\".\"users\"") && run.stderr().contains("42710"),
        "{run}"
    );
}

const MEANWHILE: &str = "INSERT INTO accounts (legacy_id, name) VALUES ('A2', 'Theirs');
    INSERT INTO users (email, account_id, contact_last_name) SELECT 'b@x.nl', id, 'Theirs' FROM accounts
    WHERE legacy_id = 'A2'";

#[test]
fn a_row_that_an_application_inserts_meanwhile_is_updated() {
    // Inserted, and copied straight in.
    for (many, point) in [("10000", "facts-found"), ("10000", "losers-dropped"), ("1", "stamped")] {
        let (database, muster) = filled();
        let muster = muster.env("MUSTER_TEST_MANY", many).env("MUSTER_TEST_PAUSE_MS", "1");
        let halted = Halted::at(&muster, point, IMPORT);
        database.rows(MEANWHILE);
        let output = halted.go_on();
        assert_eq!(output.status.code(), Some(0), "{many} {point}: {}", said(&output));
        assert!(said(&output).contains("trying again"), "{}", said(&output));
        let rows = "SELECT email, u.legacy_id, u.contact_last_name, name FROM users u
            JOIN accounts a ON a.id = account_id ORDER BY 1";
        let expected = "a@x.nl|U1|New|One\nb@x.nl|U2|New|Two\nc@x.nl|U3|New|Two";
        assert_eq!(database.text(rows), expected, "{many} {point}");
        let counts = "SELECT inserted, updated FROM muster.run_counts c JOIN muster.runs r ON r.id = c.run
            ORDER BY finished DESC, entity DESC LIMIT 2";
        assert_eq!(database.text(counts), "1|2\n0|2", "{many} {point}");
    }
}

/// A unique field of another row, and a constraint that the schema does not know: only the latter is the row's fault.
#[test]
fn a_value_that_is_taken_meanwhile_is_told_from_one_that_the_database_refuses() {
    let (database, muster) = filled();
    let muster = muster.env("MUSTER_TEST_PAUSE_MS", "1");
    database.rows(
        "CREATE UNIQUE INDEX ON users (contact_phone); UPDATE users SET contact_phone = '+31612345678'",
    );
    muster.write(
        "users.csv",
        "email,accountId,legacyId,contact.phone\na@x.nl,A1,U5,+31612345678\nb@x.nl,A2,U2,+31612345679\nc@x.nl,A2,U3,+31612345678\n",
    );
    let halted = Halted::at(&muster, "facts-found", IMPORT);
    database
        .rows("INSERT INTO users (email, account_id, legacy_id) SELECT 'other@x.nl', id, 'U5' FROM accounts");
    let output = halted.go_on();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let findings = std::fs::read_to_string(muster.path("out/rejects.ndjson")).unwrap();
    let findings: Vec<serde_json::Value> =
        findings.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found: Vec<_> = findings.iter().map(|f| format!("{} {}", f["record"], f["code"])).collect();
    assert_eq!(found, ["1 \"key-in-use\"", "3 \"database-rejected\""], "{findings:?}");
    assert!(findings[1]["message"].as_str().unwrap().contains("23505"), "{findings:?}");
    assert_eq!(database.text("SELECT email FROM users ORDER BY 1"), "a@x.nl\nb@x.nl\nother@x.nl");
}

#[test]
fn what_the_owners_functions_raise_is_no_conflict() {
    let raise = |code: &str| {
        format!(
            "BEGIN PERFORM nextval('public.tries'); RAISE EXCEPTION 'not here' USING ERRCODE = '{code}'; END"
        )
    };
    for code in ["P0001", "40001", "23505"] {
        let (database, muster) = filled();
        database.rows(&format!(
            "CREATE SEQUENCE public.tries; DROP TABLE users, accounts;
             CREATE FUNCTION never() RETURNS event_trigger LANGUAGE plpgsql AS $$ {} $$;
             CREATE EVENT TRIGGER never ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION never()",
            raise(code)
        ));
        let run = muster.run(IMPORT).exits(1);
        assert!(run.stderr().contains(code) && !run.stderr().contains("trying again"), "{run}");
        assert_eq!(database.text("SELECT last_value FROM tries"), "1", "{run}");
    }
    for code in ["P0001", "40001"] {
        let (database, muster) = filled();
        database.rows(&format!(
            "CREATE SEQUENCE tries;
             CREATE FUNCTION few() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN IF (SELECT count(*) FROM n) > 1 THEN {}; END IF; RETURN NULL; END $$;
             CREATE TRIGGER few AFTER INSERT ON users REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION few()",
            raise(code)
        ));
        let run = muster.run(IMPORT).exits(1);
        assert!(run.stderr().contains(code) && !run.stderr().contains("trying again"), "{run}");
        assert_eq!(database.text("SELECT count(*) FROM users"), "1");
    }
}

/// While an update of all rows waits, an application goes on writing them.
fn writing(database: &Database, run: impl FnOnce()) {
    database.rows(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.05); RETURN NULL; END $$;
         CREATE TRIGGER slow BEFORE UPDATE ON users FOR EACH STATEMENT WHEN (current_setting('application_name') <> 'muster tests')
         EXECUTE FUNCTION slow()",
    );
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                database.rows("UPDATE users SET contact_first_name = 'Theirs'");
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let _stop = Stop(&stop);
        run();
    });
}

#[test]
fn conflicts_are_waited_out_longer_each_time_and_within_a_limit() {
    let (database, muster) = filled();
    let muster = muster.env("MUSTER_TEST_PAUSE_MS", "4");
    writing(&database, || {
        let run = muster.run(IMPORT);
        let said = run.stderr();
        let pauses: Vec<f64> = said
            .lines()
            .filter_map(|line| line.split("trying again in ").nth(1)?.split(' ').next()?.parse().ok())
            .collect();
        let failed = run.exits(1);
        assert_eq!(pauses.len(), 7, "{failed}");
        assert!(pauses[6] > pauses[0], "{failed}");
        for part in ["40001", "in each of 8 attempts", "import again when they write less"] {
            assert!(said.contains(part), "{failed}");
        }
        assert_eq!(failed.summary("out")["status"], "failed");
    });
    assert_eq!(database.text("SELECT count(*) FROM muster.runs"), "1");
    muster.run(IMPORT).exits(0);
}

#[test]
fn a_pause_can_be_interrupted() {
    let (database, muster) = filled();
    let muster = muster.env("MUSTER_TEST_PAUSE_MS", "600000");
    let halted = Halted::at(&muster, "facts-found", IMPORT);
    database.rows("UPDATE users SET contact_first_name = 'Theirs'");
    halted.let_go();
    database.until(
        "SELECT FROM pg_stat_activity a JOIN pg_locks l USING (pid) WHERE l.locktype = 'advisory' AND a.state = 'idle'
         AND a.xact_start IS NULL AND a.datname = current_database() AND state_change < clock_timestamp() - interval '0.1 s'",
    );
    halted.signal("INT");
    let output = halted.go_on();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert!(said(&output).contains("trying again"), "{}", said(&output));
}
