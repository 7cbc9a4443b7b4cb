//! Foreign keys of many new rows, checked for all of them at once: nothing gets in that PostgreSQL's own triggers
//! would have kept out, no other trigger is skipped, and what cannot be checked in this way is left to the triggers.
#![cfg(feature = "fault-points")]

use std::time::{Duration, Instant};

use crate::support::{Database, Halted, Muster, said};

const IMPORT: [&str; 6] = ["import", "accounts.csv", "users.csv", "--out", "out", "-v"];
const AT_ONCE: &str = "table \"public\".\"users\": the foreign keys of 4 new rows are checked at once";
const USERS: &str = "email,account.legacyId,contact.lastName\nu1@x.nl,A1,Same\nu2@x.nl,A2,New\nn1@x.nl,A1,One\n\
    n2@x.nl,A2,Two\nn3@x.nl,A3,Three\nn4@x.nl,A4,Four\nlost@x.nl,A9,Lost\n";

/// Accounts A1 to A3 and two users; the files bring account A4, change a user, and add four.
fn target(change: &str) -> (Database, Muster) {
    let database = Database::new();
    let muster = Muster::on(&database).env("MUSTER_TEST_MANY", "3");
    database.rows(&muster.run(["schema", "ddl"]).exits(0).stdout());
    let muster = muster
        .file("accounts.csv", "legacyId,name\nA1,One\nA2,Two\nA3,Three\n")
        .file("users.csv", "email,account.legacyId,contact.lastName\nu1@x.nl,A1,Same\nu2@x.nl,A2,Old\n");
    muster.run(IMPORT).exits(0);
    database.rows(change);
    muster.write("accounts.csv", "legacyId,name\nA1,One\nA4,Four\n");
    muster.write("users.csv", USERS);
    (database, muster)
}

/// The users with their accounts, and what the journal knows of them.
fn rows(database: &Database) -> String {
    database.text(
        "SELECT u.email, u.contact_last_name, a.legacy_id, u.account_id IS NULL
         FROM users u LEFT JOIN accounts a ON a.id = u.account_id ORDER BY 1",
    ) + &database.text("SELECT entity, what, file, record FROM muster.provenance ORDER BY 1, 2, 3, 4")
}

fn orphans(database: &Database) -> String {
    database.text(
        "SELECT u.email, u.account_id FROM users u WHERE account_id IS NOT NULL
         AND NOT EXISTS (SELECT FROM ONLY accounts a WHERE a.id = u.account_id)",
    )
}

/// Another foreign key in place of the one that was made.
fn key(is: &str) -> String {
    format!(
        "ALTER TABLE users DROP CONSTRAINT users_account_id_fkey;
         ALTER TABLE users ADD CONSTRAINT own FOREIGN KEY (account_id) REFERENCES accounts (id) {is}"
    )
}

#[test]
fn checking_at_once_and_by_triggers_leave_the_same_rows() {
    let (at_once, muster) = target("");
    let run = muster.run(IMPORT).exits(3);
    assert!(run.stderr().contains(AT_ONCE), "{run}");
    assert_eq!(orphans(&at_once), "");
    for how in ["few", "by triggers"] {
        let (database, muster) = target("");
        // Few rows are not worth it; and a session that is a replica already is left alone.
        let muster = if how == "few" {
            muster.env("MUSTER_TEST_MANY", "5")
        } else {
            let local = format!("ALTER DATABASE {} SET session_replication_role = 'local'", database.name());
            database.rows(&local);
            muster
        };
        let run = muster.run(IMPORT).exits(3);
        assert!(!run.stderr().contains("checked at once"), "{run}");
        assert_eq!(rows(&database), rows(&at_once), "{how}");
    }
}

#[test]
fn a_key_of_any_kind_is_checked_at_once() {
    for is in [
        "DEFERRABLE INITIALLY DEFERRED",
        "DEFERRABLE",
        "MATCH FULL",
        "ON DELETE CASCADE",
        "ON DELETE SET NULL ON UPDATE CASCADE",
        "NOT VALID",
    ] {
        let (database, muster) = target(&key(is));
        // The account is gone when its user is about to be written: what was seen before is not relied on.
        let halted = Halted::at(&muster, "settled", IMPORT);
        database.rows("DELETE FROM accounts WHERE legacy_id = 'A3'");
        let output = halted.go_on();
        assert_eq!(output.status.code(), Some(3), "{is}: {}", said(&output));
        assert!(said(&output).contains("checked at once"), "{is}: {}", said(&output));
        assert!(said(&output).contains("40001"), "{is}: {}", said(&output));
        assert_eq!(orphans(&database), "", "{is}");
        assert_eq!(
            database.text("SELECT email FROM users ORDER BY 1"),
            "n1@x.nl\nn2@x.nl\nn4@x.nl\nu1@x.nl\nu2@x.nl"
        );
        // Afterwards the key is as it was for everybody.
        let refused = "DO $$ BEGIN UPDATE users SET account_id = 4711; SET CONSTRAINTS ALL IMMEDIATE;
            RAISE 'an orphan'; EXCEPTION WHEN foreign_key_violation THEN NULL; END $$";
        database.rows(refused);
        let cascades = is.contains("CASCADE") && is.contains("DELETE CASCADE");
        if cascades {
            database.rows("DELETE FROM accounts WHERE legacy_id = 'A4'");
            assert_eq!(database.text("SELECT count(*) FROM users WHERE email = 'n4@x.nl'"), "0");
        }
    }
}

/// Ends the transaction once another session waits for it.
const WHEN_WAITED_FOR: &str = "DO $$ BEGIN WHILE NOT EXISTS (
    SELECT FROM pg_locks l WHERE NOT l.granted AND pg_backend_pid() = ANY (pg_blocking_pids(l.pid)))
    LOOP PERFORM pg_sleep(0.01); END LOOP; END $$";

#[test]
fn a_pending_delete_is_waited_for_whether_it_commits_or_not() {
    for (end, left) in [("COMMIT", "0"), ("ROLLBACK", "1")] {
        let (database, muster) = target("");
        let halted = Halted::at(&muster, "settled", IMPORT);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                database.rows(&format!(
                    "BEGIN; DELETE FROM accounts WHERE legacy_id = 'A3'; {WHEN_WAITED_FOR}; {end}"
                ))
            });
            let gone = "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'accounts'::regclass AND granted
                AND mode = 'RowExclusiveLock')";
            let patience = Instant::now() + Duration::from_secs(20);
            while database.text(gone) != "t" {
                assert!(Instant::now() < patience, "no session deletes");
            }
            let output = halted.go_on();
            assert_eq!(output.status.code(), Some(3), "{end}: {}", said(&output));
            assert!(said(&output).contains("checked at once"), "{end}: {}", said(&output));
        });
        assert_eq!(orphans(&database), "", "{end}");
        assert_eq!(database.text("SELECT count(*) FROM users WHERE email = 'n3@x.nl'"), left, "{end}");
    }
}

#[test]
fn an_account_cannot_go_once_its_users_are_written_but_may_change_and_be_read() {
    let (database, muster) = target("");
    let halted = Halted::at(&muster, "inserted:2", IMPORT);
    database.rows("SET lock_timeout = '5s'; UPDATE accounts SET plan = 'pro' WHERE legacy_id = 'A3'");
    for change in ["DELETE FROM accounts", "UPDATE accounts SET id = DEFAULT"] {
        let waits = format!(
            "DO $$ BEGIN SET LOCAL lock_timeout = '50ms'; {change} WHERE legacy_id = 'A3'; RAISE 'not locked';
             EXCEPTION WHEN lock_not_available THEN NULL; END $$"
        );
        database.rows(&waits);
    }
    let output = halted.go_on();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains(AT_ONCE), "{}", said(&output));
    let refused = "DO $$ BEGIN DELETE FROM accounts WHERE legacy_id = 'A3'; RAISE 'an orphan';
        EXCEPTION WHEN foreign_key_violation THEN NULL; END $$";
    database.rows(refused);
    assert_eq!(orphans(&database), "");
}

/// A table that records each row, and has a trigger that records it again.
const AUDIT: &str = "CREATE TABLE audit (what text); CREATE TABLE audit_of_audit (what text);
    CREATE FUNCTION recorded() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO audit VALUES (TG_OP); RETURN NEW; END $$;
    CREATE FUNCTION recorded_again() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO audit_of_audit VALUES (TG_OP); RETURN NEW; END $$;
    CREATE FUNCTION tells() RETURNS text LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO audit VALUES ('called'); RETURN 'x'; END $$;
    CREATE TRIGGER again AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION recorded_again()";

/// Imports, asserts that the foreign keys were left to triggers and why, and gives the number of recorded rows.
#[track_caller]
fn row_by_row(change: &str, why: &str) -> (Database, String) {
    let (database, muster) = target(&format!("{AUDIT}; {change}; TRUNCATE audit, audit_of_audit"));
    let run = muster.run(IMPORT).exits(3);
    assert!(run.stderr().contains(&format!("4 new rows are checked row by row: {why}")), "{change}: {run}");
    assert_eq!(database.text("SELECT count(*) FROM users WHERE account_id IS NOT NULL"), "6", "{change}");
    let recorded =
        database.text("SELECT (SELECT count(*) FROM audit), (SELECT count(*) FROM audit_of_audit)");
    (database, recorded)
}

#[test]
fn triggers_of_the_table_owner_are_never_skipped() {
    let triggers = [
        ("AFTER INSERT ON users FOR EACH ROW", "4|4"),
        ("BEFORE INSERT ON users FOR EACH ROW", "4|4"),
        ("AFTER INSERT ON users FOR EACH STATEMENT", "1|1"),
        ("AFTER INSERT ON users REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT", "1|1"),
    ];
    for (when, recorded) in triggers {
        let found =
            row_by_row(&format!("CREATE TRIGGER t {when} EXECUTE FUNCTION recorded()"), "it has triggers");
        assert_eq!(found.1, recorded, "{when}");
    }
    let waiting = "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON users INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION recorded()";
    assert_eq!(row_by_row(waiting, "it has triggers").1, "4|4");
    let rule = "CREATE RULE r AS ON INSERT TO users DO ALSO INSERT INTO audit VALUES ('ruled')";
    let (database, muster) = target(&format!("{AUDIT}; {rule}"));
    let run = muster.run(IMPORT);
    assert!(!run.stderr().contains("checked at once") && orphans(&database).is_empty(), "{run}");
    for column in [
        "ALTER TABLE users ADD COLUMN note text DEFAULT tells()",
        "ALTER TABLE users ADD COLUMN note text; ALTER TABLE users ADD CHECK (tells() = 'x')",
    ] {
        let (_, recorded) = row_by_row(column, "a function that may write is called for its rows");
        let (called, again) = recorded.split_once('|').unwrap();
        assert!(called != "0" && called == again, "{column}: {recorded}");
    }
    // A trigger on accounts is no obstacle: it fires before.
    let (database, muster) = target(&format!(
        "{AUDIT}; CREATE TRIGGER t AFTER INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION recorded()"
    ));
    let run = muster.run(IMPORT).exits(3);
    assert!(run.stderr().contains(AT_ONCE), "{run}");
    assert_eq!(
        database.text("SELECT (SELECT count(*) FROM audit), (SELECT count(*) FROM audit_of_audit)"),
        "1|1"
    );
}

#[test]
fn no_trigger_can_be_created_during_the_run() {
    let (database, muster) = target(AUDIT);
    let halted = Halted::at(&muster, "settled", IMPORT);
    let waits = "DO $$ BEGIN SET LOCAL lock_timeout = '50ms';
        CREATE TRIGGER t AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION recorded(); RAISE 'it was made';
        EXCEPTION WHEN lock_not_available THEN NULL; END $$";
    database.rows(waits);
    let output = halted.go_on();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains(AT_ONCE), "{}", said(&output));
}

#[test]
fn what_the_statement_cannot_answer_for_is_left_to_the_triggers() {
    let why = "a foreign key is not one of the schema's, or its columns are out of the ordinary";
    row_by_row("ALTER TABLE users ADD COLUMN maker bigint DEFAULT 1 REFERENCES accounts", why);
    row_by_row("ALTER TABLE users ALTER COLUMN account_id SET DEFAULT 4711", why);
    row_by_row(
        "ALTER TABLE users ADD CONSTRAINT later UNIQUE (legacy_id, email) DEFERRABLE",
        "it has a deferrable unique constraint",
    );
    row_by_row("CREATE TABLE heirs () INHERITS (users)", "it is no ordinary table");
    // What the trigger does not find, since it looks at no heir, gets in by no way.
    let heir = "CREATE TABLE vips () INHERITS (accounts); UPDATE accounts SET plan = 'pro';
        INSERT INTO vips (id, legacy_id, name, contact_gender, language) VALUES (4711, 'A9', 'Nine', 'male', 'en')";
    let (database, muster) = target(heir);
    let run = muster.run(IMPORT).exits(3);
    assert!(run.stderr().contains(why), "{run}");
    assert_eq!(orphans(&database), "");
    assert_eq!(database.text("SELECT count(*) FROM users WHERE email = 'lost@x.nl'"), "0");
}

#[test]
fn a_default_that_leads_nowhere_is_refused_as_by_the_trigger() {
    let database = Database::new();
    database.rows(
        "CREATE TABLE accounts (id bigserial PRIMARY KEY, code text UNIQUE);
         CREATE TABLE users (id bigserial PRIMARY KEY, mail text UNIQUE, account bigint DEFAULT 4711 REFERENCES accounts);
         INSERT INTO users (mail, account) VALUES ('old@x.nl', NULL)",
    );
    let schema = |entity: &str, key: &str, fields: &str| {
        format!(
            "entity = \"{entity}\"\nkey = \"{key}\"\n[table]\nname = \"{entity}\"\ncreated_at = false\nupdated_at = false\n{fields}"
        )
    };
    let muster = Muster::on(&database)
        .env("MUSTER_TEST_MANY", "1")
        .file("users.csv", "mail\na@x.nl\nb@x.nl\n")
        .file(
            "schemas/accounts.toml",
            schema("accounts", "code", "[[field]]\nname = \"code\"\ntype = \"text\"\nrequired = true\n"),
        )
        .file(
            "schemas/users.toml",
            schema(
                "users",
                "mail",
                "[[field]]\nname = \"mail\"\ntype = \"email\"\nrequired = true\n\
            [[field]]\nname = \"account\"\ntype = \"text\"\nreferences = \"accounts\"\n",
            ),
        );
    let run = muster.run(["import", "users.csv", "--schemas", "schemas", "--out", "out", "-v"]).exits(3);
    let codes: Vec<_> = run.findings("out").iter().map(|f| f["code"].as_str().unwrap().to_owned()).collect();
    assert_eq!(codes, ["database-rejected", "database-rejected"], "{run}");
    assert_eq!(database.text("SELECT count(*) FROM users"), "1");
}

#[test]
fn only_a_role_with_the_right_has_foreign_keys_checked_at_once() {
    for granted in [false, true] {
        let (database, muster) = target("");
        let role = format!("checker_{}", database.name());
        database.rows(&format!(
            "CREATE ROLE {role} LOGIN; GRANT SELECT, INSERT, UPDATE ON accounts, users TO {role};
             GRANT USAGE ON SCHEMA muster TO {role}; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA muster TO {role}"
        ));
        let parameters = database.text("SELECT current_setting('server_version_num')::int >= 150000") == "t";
        if granted && parameters {
            database.rows(&format!("GRANT SET ON PARAMETER session_replication_role TO {role}"));
        }
        let muster =
            muster.env("DATABASE_URL", database.url().replace("user=postgres", &format!("user={role}")));
        let run = muster.run(IMPORT).exits(3);
        let why = "4 new rows are checked row by row: the role may not set session_replication_role";
        assert!(run.stderr().contains(if granted && parameters { AT_ONCE } else { why }), "{run}");
        assert_eq!(orphans(&database), "");
        assert_eq!(database.text("SELECT count(*) FROM users"), "6");
        if granted && parameters {
            database.rows(&format!("REVOKE SET ON PARAMETER session_replication_role FROM {role}"));
        }
        database.rows(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    }
}

/// Loading into empty tables needs no more: the table is locked before the transaction's first look, and a session that
/// deletes an account must look into it.
#[test]
fn an_account_cannot_go_while_empty_users_are_loaded() {
    for is in ["NOT VALID", "ON DELETE CASCADE"] {
        let (database, muster) = target(&format!("DELETE FROM users; {}", key(is)));
        let halted = Halted::at(&muster, "settled", IMPORT);
        let waits =
            "DO $$ BEGIN SET LOCAL lock_timeout = '50ms'; DELETE FROM accounts WHERE legacy_id = 'A3';
             RAISE 'it is gone'; EXCEPTION WHEN lock_not_available THEN NULL; END $$";
        database.rows(waits);
        let output = halted.go_on();
        assert_eq!(output.status.code(), Some(3), "{is}: {}", said(&output));
        assert!(
            said(&output).contains("table \"public\".\"users\": rows are copied straight in"),
            "{}",
            said(&output)
        );
        assert_eq!(orphans(&database), "", "{is}");
        assert_eq!(database.text("SELECT count(*) FROM users"), "6", "{is}");
    }
}
