//! Many new rows of a table that holds others: copied straight in they end as if they had been inserted, and what
//! could not end so is inserted.
#![cfg(feature = "fault-points")]

use std::fmt::Write;

use crate::support::{Database, Finished, Halted, Muster, said};

const IMPORT: [&str; 7] = ["import", "accounts.csv", "users.csv", "others.csv", "--out", "out", "-v"];
const STRAIGHT: &str = "new rows are copied straight in";

/// The target holds three accounts and two users. The files, of two layouts, bring an account with
/// users, a user without names, a duplicate and one whose account is unknown; they change a user and leave another.
fn target(change: &str) -> (Database, Muster) {
    let database = Database::new();
    let muster = Muster::on(&database).env("MUSTER_TEST_MANY", "1");
    database.rows(&muster.run(["schema", "ddl"]).exits(0).stdout());
    let muster = muster
        .file("accounts.csv", "legacyId,name\nA1,One\nA2,Two\nA3,Three\n")
        .file("users.csv", "email,account.legacyId,contact.lastName\nu1@x.nl,A1,Same\nu2@x.nl,A2,Old\n")
        .file("others.csv", "email,account.legacyId,role\n");
    muster.run(IMPORT).exits(0);
    database.rows(change);
    muster.write("accounts.csv", "legacyId,name,labels\nA1,One,\nA4,Four,\"a,b\"\n");
    muster.write(
        "users.csv",
        "email,account.legacyId,contact.lastName\nz1@x.nl,A4,Zet\nu1@x.nl,A1,Same\nn1@x.nl,A4,\"tab\tand \\ \"\n\
         u2@x.nl,A2,New\nn1@x.nl,A1,Twice\nlost@x.nl,A9,Lost\na9@x.nl,A3,Åse\n",
    );
    muster.write(
        "others.csv",
        "email,account.legacyId,role,legacyId\no1@x.nl,A4,Account admin,L1\no2@x.nl,A1,,\n",
    );
    (database, muster)
}

/// All but the numbers, of which those of one table follow each other: the rows, where each came from, what the
/// journal counts.
fn rows(database: &Database) -> String {
    let mut all = String::new();
    for sql in [
        "SELECT to_jsonb(a) - '{id,created_at,updated_at}'::text[] FROM accounts a ORDER BY legacy_id",
        "SELECT to_jsonb(u) - '{id,account_id,created_at,updated_at}'::text[], a.legacy_id, u.created_at = u.updated_at
         FROM users u JOIN accounts a ON a.id = u.account_id ORDER BY email",
        "SELECT u.email, p.what, p.file, p.record FROM muster.provenance p JOIN users u ON u.id = p.id
         WHERE p.entity = 'users' ORDER BY 1, 2, 3, 4",
        "SELECT entity, read, rejected, duplicates, inserted, updated, unchanged FROM muster.run_counts ORDER BY 1, 2, 5",
        "SELECT max(id) - min(id) + 1 = count(*) FROM users",
    ] {
        let _ = writeln!(all, "{}", database.text(sql));
    }
    all
}

fn is_straight(run: &Finished) -> bool {
    run.stderr().contains(STRAIGHT)
}

/// Imports both ways, and gives the one that went straight.
fn both_alike() -> (Database, Muster) {
    let (database, muster) = target("");
    let run = muster.run(IMPORT).exits(3);
    assert!(is_straight(&run), "{run}");
    let (inserted, plain) = target("");
    let run = plain.env("MUSTER_TEST_MANY", "1000").run(IMPORT).exits(3);
    assert!(!is_straight(&run), "{run}");
    assert_eq!(rows(&database), rows(&inserted));
    (database, muster)
}

#[test]
fn copied_rows_are_the_same_as_inserted_ones() {
    let (database, muster) = both_alike();
    let versions =
        "SELECT xmin::text, ctid FROM accounts UNION ALL SELECT xmin::text, ctid FROM users ORDER BY 1, 2";
    let before = database.text(versions);
    let again = muster.run(IMPORT).exits(3);
    for entity in again.summary("out")["entities"].as_array().unwrap() {
        assert_eq!((&entity["inserted"], &entity["updated"]), (&0.into(), &0.into()), "{again}");
    }
    assert_eq!(database.text(versions), before);
}

#[test]
fn copied_rows_can_be_undone() {
    let (before, _) = target("");
    let picture = |database: &Database| {
        database.text("SELECT id, to_jsonb(u) - '{created_at,updated_at}'::text[] FROM users u ORDER BY 1")
            + &database.text("SELECT id, legacy_id, name FROM accounts ORDER BY 1")
    };
    let (database, muster) = both_alike();
    let run = database.latest_run();
    muster.run(["undo", "--yes", &run]).exits(0);
    assert_eq!(picture(&database), picture(&before));
}

#[test]
fn hashes_of_copied_rows_are_those_of_the_stored_rows() {
    let (database, muster) = both_alike();
    // Every row is rewritten: only the hashes can show that nothing was changed.
    database.rows("ALTER TABLE users ALTER id TYPE integer");
    let run = database.latest_run();
    database.rows("UPDATE users SET contact_last_name = 'Mine' WHERE email = 'o1@x.nl'");
    let refused = muster.run(["undo", "--yes", &run]).exits(4).stderr();
    assert!(refused.contains("o1@x.nl"), "{refused}");
    for other in ["n1@x.nl", "z1@x.nl", "o2@x.nl", "a9@x.nl"] {
        assert!(!refused.contains(other), "{refused}");
    }
    database.rows("UPDATE users SET contact_last_name = NULL WHERE email = 'o1@x.nl'");
    muster.run(["undo", "--yes", &run]).exits(0);
}

#[test]
fn identifiers_taken_by_other_sessions_meanwhile_are_not_used_twice() {
    let (database, muster) = target("");
    let halted = Halted::at(&muster, "ids-taken:2", IMPORT);
    database.rows(
        "INSERT INTO users (email, account_id) SELECT 'own@y.nl', id FROM accounts WHERE legacy_id = 'A1'",
    );
    let output = halted.go_on();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert_eq!(database.text("SELECT count(*), count(DISTINCT id) FROM users"), "8|8");
    database.rows(
        "INSERT INTO users (email, account_id) SELECT 'more@y.nl', id FROM accounts WHERE legacy_id = 'A1'",
    );
}

#[test]
fn a_row_that_the_database_refuses_is_found() {
    let (database, muster) = target("ALTER TABLE users ADD CHECK (email <> 'z1@x.nl')");
    let run = muster.run(IMPORT).exits(3);
    assert!(is_straight(&run), "{run}");
    let refused: Vec<_> =
        run.findings("out").into_iter().filter(|finding| finding["code"] == "database-rejected").collect();
    assert_eq!(refused.len(), 1, "{run}");
    assert_eq!(refused[0]["line_start"], 2, "{refused:?}");
    assert_eq!(database.text("SELECT count(*) FROM users"), "6");
}

#[test]
fn rows_that_copy_would_change_are_inserted() {
    let trigger = |when: &str| {
        format!(
            "CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS $$
               BEGIN NEW.contact_first_name := 'marked'; RETURN NEW; END $$;
             CREATE TRIGGER mark {when} ON users FOR EACH ROW EXECUTE FUNCTION mark()"
        )
    };
    for change in [
        trigger("BEFORE INSERT"),
        "CREATE RULE see AS ON INSERT TO users DO ALSO NOTIFY users".to_owned(),
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY".to_owned(),
        "CREATE SEQUENCE own START 100; ALTER TABLE users ALTER id DROP IDENTITY IF EXISTS;
         ALTER TABLE users ALTER id SET DEFAULT nextval('own')"
            .to_owned(),
        "ALTER TABLE users ALTER id SET INCREMENT 7".to_owned(),
    ] {
        let (database, muster) = target(&change);
        // Rules do not go with the statements that keep provenance.
        let run = muster.run([&IMPORT[..], &["--no-undo"]].concat()).exits(3);
        let users = run.stderr().lines().any(|line| line.contains("\"users\"") && line.contains(STRAIGHT));
        assert!(!users, "{change}: {run}");
        assert_eq!(database.text("SELECT count(*) FROM users"), "7", "{change}");
    }
    let (_database, muster) = target("");
    let kept = [&IMPORT[..], &["--empty", "keep"]].concat();
    let run = muster.run(kept).exits(3);
    assert!(!is_straight(&run), "{run}");
}
