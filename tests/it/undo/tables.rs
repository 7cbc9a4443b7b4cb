//! What `muster undo` promises: the tables are as they were before, or nothing is changed and the rows in the
//! way are named.

use crate::support::{Database, Muster};

const ACCOUNTS: &str = "legacyId,name,type,featureFlags\nA1,Een,company,\"x,y\"\nA2,Twee,private,\n";
const USERS: &str = "email,account.legacyId,contact.phone\na@x.nl,A1,+31612345678\nb@x.nl,A2,\n";
const CHANGED: &str =
    "legacyId,name,type,featureFlags\nA1,Eén,company,z\nA2,Twee,private,\nA3,Drie,private,\n";

#[test]
fn an_undone_update_leaves_every_row_unchanged() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    let before = database.contents();
    muster.write("accounts.csv", CHANGED);
    muster.write("users.csv", "email,account.legacyId,contact.phone\na@x.nl,A1,\nc@x.nl,A3,+31612345679\n");
    muster.run(["import", "accounts.csv", "users.csv", "--out", "two"]).exits(0);
    assert_ne!(database.contents(), before);
    let run = database.latest_run();
    muster.run(["undo", "--dry-run", &run]).exits(0);
    assert_ne!(database.contents(), before);
    let undone = muster.run(["undo", "--yes", &run, "--out", "undone"]).exits(0);
    assert_eq!(database.contents(), before);
    let summary = undone.summary("undone");
    assert_eq!(summary["status"], "undone");
    assert_eq!(
        (&summary["entities"][0]["deleted"], &summary["entities"][0]["restored"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn the_last_run_and_then_the_one_before_it_can_be_undone() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    let first = database.latest_run();
    muster.write("accounts.csv", CHANGED);
    muster.run(["import", "accounts.csv"]).exits(0);
    let second = database.latest_run();
    let refused = muster.run(["undo", "--yes", &first]).exits(4).stderr();
    assert!(refused.contains(&format!("accounts A1: changed since by run {second}")), "{refused}");
    muster.run(["undo", "--yes", &second]).exits(0);
    muster.run(["undo", "--yes", &first]).exits(0);
    assert_eq!(database.contents(), "\n");
    let again = muster.run(["undo", "--yes", &first]).exits(4).stderr();
    assert!(again.contains("undone already"), "{again}");
    assert_eq!(database.text("SELECT status FROM muster.runs WHERE undoes IS NULL"), "undone\nundone");
}

#[test]
fn a_row_changed_since_the_run_is_named_and_nothing_is_undone() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    database.rows("UPDATE users SET contact_phone = '+31612345670' WHERE email = 'b@x.nl'");
    let before = database.contents();
    let refused = muster.run(["undo", "--yes", &database.latest_run()]).exits(4).stderr();
    assert!(refused.contains("users b@x.nl: changed since by somebody else"), "{refused}");
    assert!(!refused.contains("a@x.nl"), "{refused}");
    assert_eq!(database.contents(), before);
}

#[test]
fn a_row_that_another_table_refers_to_stays_for_every_on_delete_action() {
    for action in ["CASCADE", "SET NULL", "NO ACTION"] {
        let database = Database::new();
        let muster = Muster::imported(&database, ACCOUNTS, USERS);
        database.rows(&format!(
            "CREATE TABLE stations (account bigint REFERENCES accounts ON DELETE {action});
             INSERT INTO stations SELECT id FROM accounts WHERE legacy_id = 'A2'"
        ));
        let refused = muster.run(["undo", "--yes", &database.latest_run()]).exits(4).stderr();
        assert!(
            refused.contains("accounts A2: a row of public.stations refers to it"),
            "{action}: {refused}"
        );
        assert_eq!(database.text("SELECT count(*) FROM accounts"), "2");
        assert_eq!(database.text("SELECT count(account) FROM stations"), "1");
    }
}

#[test]
fn nothing_is_asked_if_there_is_no_terminal() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    let refused = muster.run(["undo", &database.latest_run()]).exits(2).stderr();
    assert!(refused.contains("--yes"), "{refused}");
    muster.run(["undo", "--yes", "ffff"]).exits(2);
}

#[test]
fn a_run_without_images_cannot_be_undone() {
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.csv", ACCOUNTS);
    muster.run(["import", "--no-undo", "accounts.csv"]).exits(0);
    let refused = muster.run(["undo", "--yes", &database.latest_run()]).exits(4).stderr();
    assert!(refused.contains("--no-undo"), "{refused}");
}
