//! What the journal promises: it holds what was committed and nothing else, and deletes what it is asked to delete.

use serde_json::Value;

use crate::support::{Database, Muster};

const ACCOUNTS: &str = "legacyId,name,type\nA1,Een,company\nA2,Twee,private\n";
const USERS: &str = "email,account.legacyId,contact.lastName\na@x.nl,A1,Bee\nwrong,A1,\nb@x.nl,A2,Cee\n";

fn imported(database: &Database) -> Muster {
    let muster = Muster::on(database).file("accounts.csv", ACCOUNTS).file("users.csv", USERS);
    muster.run(["import", "accounts.csv", "users.csv", "--out", "out"]).exits(3);
    muster
}

#[test]
fn a_run_is_shown_with_its_files_and_counts() {
    let database = Database::new();
    let muster = imported(&database);
    let summary = muster.run(["runs"]).exits(0);
    assert!(summary.stdout().contains("users: 2 inserted\n"), "{summary}");
    let runs: Value = serde_json::from_str(&muster.run(["runs", "--json"]).exits(0).stdout()).unwrap();
    let id = runs[0]["run"].as_str().unwrap();
    let shown = muster.run(["runs", "show", &id[..13], "--json"]).exits(0).stdout();
    let run: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(run["status"], "committed");
    let users = &run["entities"][1];
    assert_eq!((&users["read"], &users["rejected"], &users["inserted"]), (&3.into(), &1.into(), &2.into()));
    assert_eq!(users["files"][0]["path"], "users.csv");
    assert_eq!(users["files"][0]["sha256"].as_str().unwrap().len(), 64);
    assert!(muster.run(["runs", "show", id]).exits(0).stdout().contains("muster undo"));
    muster.run(["runs", "show", "nothing"]).exits(2);
}

#[test]
fn every_written_row_has_its_record() {
    let database = Database::new();
    let muster = imported(&database);
    let provenance =
        "SELECT u.email, p.what, p.file, p.record FROM muster.provenance p JOIN users u ON u.id = p.id
                      WHERE p.entity = 'users' ORDER BY p.what, u.email";
    assert_eq!(database.text(provenance), "a@x.nl|inserted|users.csv|1\nb@x.nl|inserted|users.csv|3");
    muster.write(
        "more.csv",
        "email,account.legacyId,contact.lastName\nd@x.nl,A1,D\nc@x.nl,A1,C\nb@x.nl,A2,New\n",
    );
    muster.run(["import", "users=more.csv"]).exits(0);
    assert_eq!(
        database.text(provenance),
        "a@x.nl|inserted|users.csv|1\nb@x.nl|inserted|users.csv|3\nc@x.nl|inserted|more.csv|2\n\
         d@x.nl|inserted|more.csv|1\nb@x.nl|updated|more.csv|3"
    );
}

#[test]
fn a_run_that_did_not_commit_is_not_in_the_journal() {
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.csv", ACCOUNTS).file("users.csv", USERS);
    muster.run(["import", "--dry-run", "accounts.csv", "users.csv"]).exits(3);
    muster.run(["import", "--max-rejects", "0", "accounts.csv", "users.csv"]).exits(4);
    assert_eq!(database.text("SELECT to_regclass('muster.runs')"), "∅");
    assert!(muster.run(["runs"]).exits(0).stdout().contains("No run"));
}

#[test]
fn a_pruned_run_stays_on_the_list_and_cannot_be_undone() {
    let database = Database::new();
    let muster = imported(&database);
    muster.run(["runs", "prune", "--older-than", "1d"]).exits(0);
    assert_ne!(database.text("SELECT count(*) FROM muster.inserted"), "0");
    muster.run(["runs", "prune", "--older-than", "0d"]).exits(0);
    assert_eq!(database.text("SELECT count(*) FROM muster.inserted"), "0");
    let run = database.text("SELECT id FROM muster.runs");
    assert!(muster.run(["undo", "--yes", &run]).exits(4).stderr().contains("pruned"));
}

#[test]
fn a_forgotten_person_leaves_no_trace() {
    let database = Database::new();
    let muster = imported(&database);
    muster.write("users.csv", "email,account.legacyId,contact.lastName\na@x.nl,A1,Dee\nb@x.nl,A2,Eff\n");
    muster.run(["import", "users.csv"]).exits(0);
    assert_eq!(database.text("SELECT count(*) FROM muster.updated WHERE before::text LIKE '%a@x.nl%'"), "1");
    let unasked = muster.run(["runs", "forget", "--email", "A@x.nl"]).exits(2);
    assert!(unasked.stderr().contains("for good? Nobody can be asked here: give --yes"), "{unasked}");
    let said = muster.run(["runs", "forget", "--email", "A@x.nl", "--yes"]).exits(0).stdout();
    assert!(said.contains("2 records"), "{said}");
    assert_eq!(database.text("SELECT count(*) FROM muster.updated WHERE before::text LIKE '%a@x.nl%'"), "0");
    assert_eq!(
        database.text(
            "SELECT count(*) FROM muster.provenance p JOIN users u ON u.id = p.id AND p.entity = 'users'
                       WHERE u.email = 'a@x.nl'"
        ),
        "0"
    );
    assert_eq!(database.text("SELECT count(*) FROM muster.updated"), "1");
}

#[test]
fn with_all_tables_published_runs_are_undone_pruned_and_cleared_of_a_person() {
    let database = Database::new();
    database.rows("CREATE PUBLICATION everything FOR ALL TABLES");
    let muster = imported(&database);
    muster.write("users.csv", "email,account.legacyId,contact.lastName\na@x.nl,A1,Dee\nb@x.nl,A2,Eff\n");
    muster.run(["import", "users.csv"]).exits(0);
    muster.run(["runs", "forget", "--email", "a@x.nl", "--yes"]).exits(0);
    let undone = muster.run(["undo", "--yes", &database.latest_run()]).exits(0).stdout();
    assert!(undone.contains("1 restored, 1 forgotten"), "{undone}");
    muster.run(["runs", "prune", "--older-than", "0d"]).exits(0);
    let keyless =
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'muster'::regnamespace AND c.relkind = 'r'
                   AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)";
    assert_eq!(database.text(keyless), "");
}

#[test]
fn a_journal_of_an_older_version_is_brought_up_by_the_next_import() {
    let database = Database::new();
    let muster = imported(&database);
    super::of_version_3(&database);
    database.rows(
        "ALTER TABLE muster.run_counts DROP COLUMN deleted;
         DROP TABLE muster.deleted;
         ALTER TABLE muster.inserted DROP COLUMN image, DROP COLUMN hashes;
         DROP TABLE muster.images;
         UPDATE muster.version SET version = 1;
         CREATE PUBLICATION everything FOR ALL TABLES",
    );
    let refused = muster.run(["runs"]).exits(1);
    assert!(refused.stderr().contains("the next import brings it up to date"), "{refused}");
    muster.run(["import", "accounts.csv", "users.csv", "--out", "again"]).exits(3);
    let runs: Value = serde_json::from_str(&muster.run(["runs", "--json"]).exits(0).stdout()).unwrap();
    assert_eq!(runs.as_array().unwrap().len(), 2);
    assert_eq!(database.text("SELECT version FROM muster.version"), "4");
    let first = runs[1]["run"].as_str().unwrap();
    muster.run(["undo", first, "--yes"]).exits(0);
    assert_eq!(database.text("SELECT count(*) FROM users"), "0");
}
