//! What `muster undo` promises about columns that muster does not know: they are as they were, to the last byte.

use crate::support::{Database, Muster};

const ACCOUNTS: &str = "legacyId,name,plan\nA1,One,old\nA2,Two,old\n";
const USERS: &str = "email,account.legacyId,legacyId\na@x.nl,A1,one\nb@x.nl,A2,two\n";
const NEW: &str = "legacyId,name,plan\nA1,One,new\nA3,Three,new\n";

/// The owner's columns: types that JSON does not give back, one of them with a cast to JSON as hstore and geometry have.
const COLUMNS: &str = r#"
    CREATE TYPE tag AS (name text, value text);
    CREATE FUNCTION tag_json(tag) RETURNS json IMMUTABLE LANGUAGE sql AS $$ SELECT json_build_array($1.name) $$;
    CREATE CAST (tag AS json) WITH FUNCTION tag_json(tag);
    CREATE DOMAIN remark AS text NOT NULL DEFAULT 'none';
    CREATE DOMAIN loose AS json;
    CREATE TYPE mood AS ENUM ('good', 'bad');
    ALTER TABLE accounts ADD settings json, ADD extra jsonb, ADD days int[], ADD tag tag, ADD remark remark,
        ADD loose loose, ADD mood mood, ADD code char(5), ADD one "char", ADD amount numeric, ADD raw bytea,
        ADD moment timestamp, ADD span interval, ADD "Odd "" $lock$ name" text, ADD made text GENERATED ALWAYS AS (upper(plan)) STORED;
    UPDATE accounts SET extra = 'null', days = '[0:1]={5,6}', tag = ROW(NULL, NULL), loose = '{"a":  1, "a": 2}',
        mood = 'bad', code = 'ab', one = 'é', amount = 1.500, raw = '\x00ff', moment = '0044-03-15 BC', span = '1 mon 40 days',
        "Odd "" $lock$ name" = ''"#;

fn imported(database: &Database, settings: &str) -> Muster {
    let muster = Muster::imported(database, ACCOUNTS, USERS);
    database.rows(COLUMNS);
    database.rows(&format!("UPDATE accounts SET settings = '{settings}'"));
    muster
}

fn rows(database: &Database) -> String {
    database.text("SELECT (t.*)::text FROM accounts t ORDER BY id")
}

fn updated(database: &Database, muster: &Muster) {
    muster.write("accounts.csv", NEW);
    muster.run(["import", "accounts.csv"]).exits(0);
    assert_eq!(database.text("SELECT updated FROM muster.run_counts ORDER BY updated DESC LIMIT 1"), "1");
}

/// A file of changes that deletes A1 and its user.
fn deleted(muster: &Muster) {
    muster.write("accounts.changes.csv", "muster.change,muster.changed,legacyId,name\ndelete,,A1,\n");
    muster
        .write("users.changes.csv", "muster.change,muster.changed,email,account.legacyId\ndelete,,a@x.nl,\n");
    let changes = ["accounts.changes.csv", "users.changes.csv"];
    muster.run(["import", "--apply-changes", "--allow-deletes"].iter().chain(&changes)).exits(0);
}

#[test]
fn columns_that_the_run_did_not_write_are_as_they_were() {
    let database = Database::new();
    let muster = imported(&database, r#"{"b":1, "a":2,  "b":3, "c": "\u0000"}"#);
    let before = rows(&database);
    updated(&database, &muster);
    assert_ne!(rows(&database), before);
    muster.run(["undo", "--yes", &database.latest_run()]).exits(0);
    assert_eq!(rows(&database), before);
    // What somebody changes in such a column is seen, by its hash too.
    updated(&database, &muster);
    database.rows(
        "UPDATE muster.stamps SET run = run; UPDATE accounts SET settings = '{}' WHERE legacy_id = 'A1'",
    );
    let refused = muster.run(["undo", "--yes", &database.latest_run()]).exits(4).stderr();
    assert!(refused.contains("accounts A1: changed since by somebody else"), "{refused}");
    muster.write("accounts.csv", NEW.replace("new", "newer"));
    let run = muster.run(["import", "--protect-edited", "accounts.csv", "--out", "out"]).exits(3);
    assert_eq!(run.findings("out").len(), 1, "{run}");
    muster.run(["runs", "forget", "--email", "a@x.nl", "--yes"]).exits(0);
}

#[test]
fn deleted_rows_come_back_as_they_were() {
    let database = Database::new();
    let muster = imported(&database, r#"{"b":1, "a":2,  "b":3, "c": "\u0000"}"#);
    let before = rows(&database) + &database.text("SELECT (t.*)::text FROM users t ORDER BY id");
    deleted(&muster);
    assert_eq!(database.text("SELECT legacy_id FROM accounts"), "A2");
    muster.run(["undo", "--yes", &database.latest_run()]).exits(0);
    assert_eq!(rows(&database) + &database.text("SELECT (t.*)::text FROM users t ORDER BY id"), before);
}

#[test]
fn a_run_of_an_older_journal_is_undone_in_the_columns_that_it_changed() {
    let database = Database::new();
    let muster = imported(&database, r#"{"b":1, "a":2,  "b":3}"#);
    // As rows were kept: numbers and objects, and not their texts.
    let before = rows(&database);
    updated(&database, &muster);
    database.rows("UPDATE muster.updated SET before = before - '{settings,loose,extra}'::text[]");
    super::of_version_3(&database);
    database.rows(
        r#"UPDATE muster.updated u SET before = before ||
            '{"settings": {"a": 2, "b": 3}, "loose": {"a": 2}, "extra": null}'"#,
    );
    muster.write("users.csv", "email,account.legacyId\nc@x.nl,A1\n");
    muster.run(["import", "users.csv"]).exits(0);
    let run = database.text("SELECT id FROM muster.runs ORDER BY finished LIMIT 1 OFFSET 1");
    muster.run(["undo", "--yes", &database.latest_run()]).exits(0);
    muster.run(["undo", "--yes", &run]).exits(0);
    assert_eq!(rows(&database), before);
}

#[test]
fn a_deleted_row_that_an_older_journal_cannot_give_back_is_refused_by_name() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    deleted(&muster);
    super::of_version_3(&database);
    muster.write("users.csv", "email,account.legacyId\nc@x.nl,A2\n");
    let run = database.latest_run();
    muster.run(["import", "users.csv"]).exits(0);
    muster.run(["undo", "--yes", "--dry-run", &run]).exits(0);
    database.rows("ALTER TABLE accounts ADD settings json");
    muster.run(["undo", "--yes", "--dry-run", &run]).exits(0);
    database.rows(
        r#"UPDATE muster.deleted SET before = before || '{"settings": {"a": 2}}' WHERE entity = 'accounts'"#,
    );
    let contents = database.contents();
    let refused = muster.run(["undo", "--yes", &run]).exits(4).stderr();
    assert!(refused.contains("older muster") && refused.contains("column \"settings\""), "{refused}");
    assert_eq!(database.contents(), contents);
}

#[test]
fn a_unique_column_that_is_computed_is_freed_by_what_it_is_computed_from() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    database.rows(
        "ALTER TABLE users ADD shouted text GENERATED ALWAYS AS (upper(legacy_id)) STORED UNIQUE,
            ADD number int GENERATED ALWAYS AS IDENTITY UNIQUE",
    );
    let before = database.contents();
    muster.write(
        "users.changes.csv",
        "muster.change,muster.changed,email,account.legacyId,legacyId\nupdate,legacyId,a@x.nl,A1,two\n\
         update,legacyId,b@x.nl,A2,\ninsert,,c@x.nl,A1,one\n",
    );
    muster.run(["import", "--apply-changes", "users.changes.csv"]).exits(0);
    assert_eq!(database.text("SELECT shouted FROM users ORDER BY email"), "TWO\n∅\nONE");
    muster.run(["undo", "--yes", &database.latest_run()]).exits(0);
    assert_eq!(database.contents(), before);
}
