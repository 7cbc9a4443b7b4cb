//! What the journal promises where the rows' transactions say nothing any more, after a restored dump or an
//! `ALTER TABLE` that writes a table anew: their hashes show which of them were changed.

use std::process::{Command, Stdio};

use crate::support::{Database, Muster, programs};

const ACCOUNTS: &str = "legacyId,name,type,featureFlags\nA1,Een,company,\"x,y\"\nA2,Twee,private,\nA3,\"Drie \\ \"\"3\"\"\",private,\n";
const USERS: &str = "email,account.legacyId,contact.phone\na@x.nl,A1,+31612345678\nb@x.nl,A2,\nc@x.nl,A2,\n";
const MORE_USERS: &str =
    "email,account.legacyId,contact.phone\na@x.nl,A1,+31612345670\nd@x.nl,A1,\ne@x.nl,A3,\n";

/// Accounts and users copied into empty tables, then users staged: some are updated, some inserted.
fn imported(database: &Database) -> Muster {
    let muster = Muster::on(database)
        .file("accounts.csv", ACCOUNTS)
        .file("users.csv", USERS)
        .file("more.csv", MORE_USERS);
    muster.run(["import", "accounts.csv", "users.csv", "--out", "one"]).exits(0);
    muster.run(["import", "users=more.csv", "--out", "two"]).exits(0);
    muster
}

/// What was dumped of the database and restored into another one, and the program to be run on it.
fn restored(database: &Database) -> (Database, Muster) {
    let copy = Database::new();
    let programs = programs().join("initdb").canonicalize().unwrap();
    let mut dump = Command::new(programs.with_file_name("pg_dump"))
        .args(["-d", &database.url()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let restore = Command::new(programs.with_file_name("psql"))
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &copy.url()])
        .stdin(dump.stdout.take().unwrap())
        .output()
        .unwrap();
    assert!(dump.wait().unwrap().success());
    assert!(restore.status.success(), "{}", String::from_utf8_lossy(&restore.stderr));
    let muster = Muster::on(&copy);
    (copy, muster)
}

/// The runs, the first one first.
fn runs(database: &Database) -> Vec<String> {
    let runs = database.text("SELECT id FROM muster.runs WHERE undoes IS NULL ORDER BY finished");
    runs.lines().map(ToOwned::to_owned).collect()
}

fn users(database: &Database) -> String {
    database.text("SELECT to_jsonb(t) FROM users t ORDER BY email")
}

/// Makes the stamps prove nothing, as a restored dump does.
fn forget_stamps(database: &Database) {
    database.rows("UPDATE muster.stamps SET run = run");
}

/// Makes the journal one of version 2.
fn of_version_2(database: &Database) {
    super::of_version_3(database);
    database.rows(
        "ALTER TABLE muster.inserted DROP COLUMN image, DROP COLUMN hashes;
         DROP TABLE muster.images;
         UPDATE muster.version SET version = 2",
    );
}

#[test]
fn after_a_restored_dump_the_last_run_and_then_the_one_before_it_are_undone() {
    let original = Database::new();
    let muster = imported(&original);
    let all = runs(&original);
    muster.run(["undo", "--yes", &all[1]]).exits(0);
    let before = users(&original);
    muster.run(["import", "users=more.csv"]).exits(0);
    let (database, muster) = restored(&original);
    let all = runs(&database);
    let refused = muster.run(["undo", "--yes", &all[0]]).exits(4).stderr();
    assert!(refused.contains(&format!("users a@x.nl: changed since by run {}", all[2])), "{refused}");
    assert!(!refused.contains("b@x.nl") && !refused.contains("accounts A3: changed"), "{refused}");
    muster.run(["undo", "--yes", &all[2]]).exits(0);
    assert_eq!(users(&database), before);
    muster.run(["undo", "--yes", &all[0]]).exits(0);
    assert_eq!(database.text("SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM users)"), "0|0");
}

#[test]
fn after_a_restored_dump_a_row_changed_since_the_run_is_named_and_nothing_is_undone() {
    let original = Database::new();
    imported(&original);
    let (database, muster) = restored(&original);
    database.rows(
        "UPDATE users SET contact_phone = '+31612345675' WHERE email IN ('a@x.nl', 'd@x.nl');
         UPDATE users SET contact_phone = '' WHERE email = 'e@x.nl'",
    );
    let before = users(&database);
    let last = runs(&database).pop().unwrap();
    let refused = muster.run(["undo", "--yes", &last]).exits(4).stderr();
    for user in ["a@x.nl", "d@x.nl", "e@x.nl"] {
        assert!(refused.contains(&format!("users {user}: changed since by somebody else")), "{refused}");
    }
    assert_eq!(users(&database), before);
    // Touched and put back it is as the run left it.
    database.rows(
        "UPDATE users SET contact_phone = NULL WHERE email IN ('d@x.nl', 'e@x.nl');
         UPDATE users SET contact_phone = '+31612345670' WHERE email = 'a@x.nl'",
    );
    muster.run(["undo", "--yes", &last]).exits(0);
    assert_eq!(database.text("SELECT email FROM users ORDER BY 1"), "a@x.nl\nb@x.nl\nc@x.nl");
}

#[test]
fn after_a_restored_dump_just_the_edited_rows_are_protected() {
    let original = Database::new();
    imported(&original);
    let (database, muster) = restored(&original);
    database.rows(
        "UPDATE users SET contact_first_name = 'By hand' WHERE email IN ('a@x.nl', 'b@x.nl', 'e@x.nl');
         UPDATE users SET contact_phone = contact_phone WHERE email = 'c@x.nl'",
    );
    let accounts = [("a", 1), ("b", 2), ("c", 2), ("d", 1), ("e", 3)];
    let new = accounts.map(|(user, account)| format!("{user}@x.nl,A{account},New\n")).concat();
    let header = "email,account.legacyId,contact.firstName\n";
    for (text, out) in [(new.clone(), "one"), (new.replace("New", "Newer"), "two")] {
        // The second time c and d were written by a run in the restored database, as their transaction shows.
        muster.write("users.csv", format!("{header}{text}"));
        let run = muster.run(["import", "--protect-edited", "users.csv", "--out", out]).exits(3);
        let findings = run.findings(out);
        let found: Vec<_> =
            findings.iter().map(|finding| (finding["code"].as_str(), finding["record"].as_u64())).collect();
        assert_eq!(found, [1, 2, 5].map(|record| (Some("edited-in-target"), Some(record))), "{run}");
    }
    assert_eq!(
        database.text("SELECT contact_first_name FROM users ORDER BY email"),
        "By hand\nBy hand\nNewer\nNewer\nBy hand"
    );
}

#[test]
fn a_table_that_was_written_anew_is_undone_but_for_changed_rows() {
    let database = Database::new();
    let muster = imported(&database);
    let stamp = "SELECT count(*) FROM accounts t WHERE t.xmin IN (SELECT stamp FROM muster.runs)";
    assert_eq!(database.text(stamp), "3");
    database.rows(
        "ALTER TABLE accounts ADD COLUMN noticed timestamptz DEFAULT clock_timestamp(), ADD COLUMN notes text,
            ALTER COLUMN legacy_id TYPE varchar(40);
         ALTER TABLE users ADD COLUMN noticed timestamptz DEFAULT clock_timestamp(), ADD active boolean DEFAULT true;
         UPDATE accounts SET notes = 'a customer of old' WHERE legacy_id = 'A2';
         UPDATE users SET active = false WHERE email = 'b@x.nl'",
    );
    assert_eq!(database.text(stamp), "0");
    let run = runs(&database).remove(0);
    database.rows("DELETE FROM users WHERE email IN ('d@x.nl', 'e@x.nl')");
    let refused = muster.run(["undo", "--yes", &run]).exits(4).stderr();
    let named: Vec<_> = refused.lines().filter(|line| line.starts_with("  ")).collect();
    assert_eq!(named.len(), 3, "{refused}");
    assert!(named[0].contains("accounts A2: changed since by somebody else"), "{refused}");
    assert!(named[1].contains("users a@x.nl: changed since"), "{refused}");
    assert!(named[2].contains("users b@x.nl: changed since by somebody else"), "{refused}");
    database.rows(
        "UPDATE accounts SET notes = NULL; UPDATE users SET active = true;
         UPDATE users SET contact_phone = '+31612345678', updated_at = now() WHERE email = 'a@x.nl'",
    );
    muster.run(["undo", "--yes", &run]).exits(0);
    assert_eq!(database.text("SELECT count(*) FROM accounts"), "0");
}

#[test]
fn a_hashed_column_that_is_gone_is_a_change() {
    let database = Database::new();
    let muster = imported(&database);
    forget_stamps(&database);
    let last = runs(&database).pop().unwrap();
    muster.run(["undo", "--yes", "--dry-run", &last]).exits(0);
    database.rows("ALTER TABLE users RENAME COLUMN contact_phone TO phone");
    let refused = muster.run(["undo", "--yes", &last]).exits(4).stderr();
    assert!(refused.contains("users d@x.nl: changed since by somebody else"), "{refused}");
}

#[test]
fn a_row_written_with_the_same_values_is_no_change_for_all_ways_of_loading() {
    let database = Database::new();
    let muster = imported(&database);
    database.rows("UPDATE accounts SET name = name; UPDATE users SET role = role");
    let rows = "legacyId,name\nA1,Nieuw\nA2,Nieuw\nA3,Nieuw\n";
    muster.write("accounts.csv", rows);
    muster.run(["import", "--protect-edited", "accounts.csv"]).exits(0);
    for run in runs(&database).iter().rev() {
        muster.run(["undo", "--yes", run]).exits(0);
    }
    assert_eq!(database.text("SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM users)"), "0|0");
}

#[test]
fn rows_of_a_run_in_an_older_journal_are_compared_by_xmin_and_the_refusal_says_why() {
    let database = Database::new();
    let muster = imported(&database);
    of_version_2(&database);
    assert!(muster.run(["runs"]).exits(1).stderr().contains("the next import brings it up to date"));
    muster.write("more.csv", "email,account.legacyId\nf@x.nl,A1\n");
    muster.run(["import", "users=more.csv"]).exits(0);
    assert_eq!(database.text("SELECT version FROM muster.version"), "4");
    let all = runs(&database);
    // In place, the rows' transactions tell.
    muster.run(["undo", "--dry-run", &all[1]]).exits(0);
    database.rows("UPDATE users SET role = role WHERE email = 'd@x.nl'");
    let refused = muster.run(["undo", "--yes", &all[1]]).exits(4).stderr();
    assert!(
        refused.contains("users d@x.nl: written again since") && refused.contains("kept no hash"),
        "{refused}"
    );
    assert!(!refused.contains("e@x.nl"), "{refused}");
    // Restored, nothing does.
    let (copy, muster) = restored(&database);
    let refused = muster.run(["undo", "--yes", &all[1]]).exits(4).stderr();
    assert!(refused.contains("an older muster, which kept no hashes"), "{refused}");
    muster.write("users.csv", "email,account.legacyId,contact.firstName\nb@x.nl,A2,New\nf@x.nl,A1,New\n");
    let run = muster.run(["import", "--protect-edited", "users.csv", "--out", "out"]).exits(3);
    assert_eq!(run.findings("out").len(), 1, "{run}");
    muster.run(["undo", "--yes", &runs(&copy)[3]]).exits(0);
    muster.run(["undo", "--yes", &all[2]]).exits(0);
    assert_eq!(copy.text("SELECT count(*) FROM users WHERE email = 'f@x.nl'"), "0");
}

#[test]
fn what_is_left_of_a_block_when_a_person_is_forgotten_keeps_its_hashes() {
    let database = Database::new();
    let muster = imported(&database);
    muster.run(["runs", "forget", "--email", "b@x.nl", "--yes"]).exits(0);
    muster.run(["runs", "forget", "--email", "d@x.nl", "--yes"]).exits(0);
    forget_stamps(&database);
    let undone = muster.run(["undo", "--yes", &runs(&database)[1]]).exits(0).stdout();
    assert!(undone.contains("1 deleted, 1 restored, 1 forgotten"), "{undone}");
    assert_eq!(database.text("SELECT email FROM users ORDER BY 1"), "a@x.nl\nb@x.nl\nc@x.nl\nd@x.nl");
    muster.run(["runs", "prune", "--older-than", "0d"]).exits(0);
    assert_eq!(
        database.text("SELECT (SELECT count(*) FROM muster.images), (SELECT count(*) FROM muster.inserted)"),
        "0|0"
    );
}
