//! What `muster undo` promises if a trigger or a rule keeps a row: it says so, and nothing is undone.

use crate::support::{Database, Muster};

const ACCOUNTS: &str = "legacyId,name,plan\nA1,One,old\nA2,Two,old\n";

/// Accounts, one of them updated, one inserted, one deleted; then the statements.
fn prepared(then: &str) -> (Database, Muster) {
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.csv", ACCOUNTS).file(
        "accounts.changes.csv",
        "muster.change,muster.changed,legacyId,name,plan\nupdate,plan,A1,One,new\ninsert,,A3,Three,\ndelete,,A2,,\n",
    );
    muster.run(["import", "accounts.csv"]).exits(0);
    muster.run(["import", "--apply-changes", "--allow-deletes", "accounts.changes.csv"]).exits(0);
    database.rows(then);
    (database, muster)
}

fn trigger(when: &str, body: &str) -> String {
    format!(
        "CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$;
         CREATE TRIGGER act {when} ON accounts FOR EACH ROW EXECUTE FUNCTION act()"
    )
}

#[test]
fn an_undo_that_a_trigger_or_rule_defeats_changes_nothing_and_says_so() {
    for (what, said) in [
        (trigger("BEFORE DELETE", "RETURN NULL;"), "1 rows were to be deleted and are still there"),
        (trigger("BEFORE UPDATE", "RETURN NULL;"), "1 rows were to be put back"),
        (trigger("BEFORE UPDATE", "RETURN OLD;"), "1 rows were to be put back"),
        (trigger("BEFORE INSERT", "RETURN NULL;"), "1 rows that the run deleted were to come back"),
        (
            trigger(
                "AFTER DELETE",
                "INSERT INTO accounts OVERRIDING SYSTEM VALUE SELECT OLD.*; RETURN NULL;",
            ),
            "1 rows were to be deleted and are still there",
        ),
        (
            "CREATE RULE stay AS ON DELETE TO accounts DO INSTEAD NOTHING".to_owned(),
            "1 rows were to be deleted and are still there",
        ),
    ] {
        let (database, muster) = prepared(&what);
        let before = database.text("SELECT (t.*)::text FROM accounts t ORDER BY id");
        for dry in [&["--dry-run"][..], &[]] {
            let undo = muster.run(["undo", "--yes", &database.latest_run()].iter().chain(dry)).exits(1);
            let error = undo.stderr();
            assert!(error.contains(said) && error.contains("nothing has been changed"), "{what}: {error}");
            assert_eq!(undo.stdout(), "", "{what}");
        }
        assert_eq!(database.text("SELECT (t.*)::text FROM accounts t ORDER BY id"), before, "{what}");
        assert_eq!(database.text("SELECT count(*) FROM muster.runs WHERE status = 'undone'"), "0", "{what}");
    }
}

#[test]
fn triggers_that_fill_columns_do_not_prevent_an_undo() {
    let (database, muster) = prepared(&format!(
        "ALTER TABLE accounts ADD version int NOT NULL DEFAULT 1; {}",
        trigger(
            "BEFORE UPDATE",
            "NEW.updated_at := clock_timestamp(); NEW.version := OLD.version + 1; RETURN NEW;"
        )
    ));
    let undone = muster.run(["undo", "--yes", &database.latest_run()]).exits(0).stdout();
    assert!(undone.contains("1 deleted, 2 restored"), "{undone}");
    assert_eq!(database.text("SELECT legacy_id, plan FROM accounts ORDER BY 1"), "A1|old\nA2|old");
}
