//! What an import promises to rows that are not its own: edited ones, absent ones; and what it proves before it
//! commits.

use crate::support::{Database, Muster};

const ACCOUNTS: &str = "legacyId,name,type\nA1,Een,company\nA2,Twee,private\n";

fn imported(database: &Database) -> Muster {
    let muster = Muster::on(database).file("accounts.csv", ACCOUNTS);
    muster.run(["import", "accounts.csv"]).exits(0);
    muster
}

fn names(database: &Database) -> String {
    database.text("SELECT legacy_id, name FROM accounts ORDER BY 1")
}

#[test]
fn an_edited_row_is_not_overwritten_and_both_values_are_reported() {
    let database = Database::new();
    let muster = imported(&database);
    database.rows("UPDATE accounts SET name = 'Edited' WHERE legacy_id = 'A1'");
    muster.write("accounts.csv", "legacyId,name,type\nA1,New one,company\nA2,New two,private\n");
    let run = muster.run(["import", "--protect-edited", "accounts.csv", "--out", "out"]).exits(3);
    assert_eq!(names(&database), "A1|Edited\nA2|New two");
    let findings = run.findings("out");
    assert_eq!(findings.len(), 1, "{run}");
    assert_eq!(
        (findings[0]["code"].as_str(), findings[0]["value"].as_str()),
        (Some("edited-in-target"), Some("New one"))
    );
    assert!(findings[0]["message"].as_str().unwrap().contains("name is Edited"), "{run}");
    muster.run(["import", "accounts.csv"]).exits(0);
    assert_eq!(names(&database), "A1|New one\nA2|New two");
}

#[test]
fn rows_that_muster_wrote_last_or_never_are_not_protected() {
    let database = Database::new();
    let muster = imported(&database);
    database.rows("INSERT INTO accounts (legacy_id, name, type) VALUES ('B1', 'By hand', 'private')");
    muster.write("accounts.csv", "legacyId,name,type\nA1,New,company\nB1,Ours,private\n");
    muster.run(["import", "--protect-edited", "accounts.csv"]).exits(0);
    muster.write("accounts.csv", "legacyId,name,type\nA1,Newer,company\n");
    muster.run(["import", "--protect-edited", "accounts.csv"]).exits(0);
    assert_eq!(names(&database), "A1|Newer\nA2|Twee\nB1|Ours");
}

#[test]
fn absent_rows_are_listed_and_stay() {
    let database = Database::new();
    let muster = imported(&database);
    muster.write("accounts.csv", "legacyId,name,type,billingAddress.countryCode\nA1,Een,company,\n");
    let run = muster.run(["import", "--report-absent", "accounts.csv", "--out", "out"]).exits(0);
    assert_eq!(String::from_utf8(run.read("out/accounts.absent.csv")).unwrap(), "legacyId\r\nA2\r\n");
    assert_eq!(names(&database), "A1|Een\nA2|Twee");
}

#[test]
fn a_column_that_a_trigger_changes_does_not_reconcile() {
    let database = Database::new();
    let muster = imported(&database);
    muster.run(["import", "--reconcile", "accounts.csv"]).exits(0);
    database.rows(
        "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$;
         CREATE TRIGGER shout BEFORE INSERT OR UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION shout()",
    );
    muster.write("accounts.csv", "legacyId,name,type\nA1,Nieuw,company\nA3,Drie,private\n");
    let failed = muster.run(["import", "--reconcile", "accounts.csv"]).exits(1).stderr();
    assert!(failed.contains("columns that differ: name"), "{failed}");
    assert_eq!(names(&database), "A1|Een\nA2|Twee");
}

#[test]
fn rows_skipped_by_a_trigger_roll_everything_back() {
    let database = Database::new();
    let muster = imported(&database);
    database.rows(
        "CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM accounts
         WHERE legacy_id = NEW.legacy_id; RETURN NULL; END $$;
         CREATE TRIGGER away AFTER INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION away()",
    );
    muster.write("accounts.csv", "legacyId,name,type\nA1,Nieuw,company\nA3,Drie,private\n");
    muster.run(["import", "accounts.csv"]).exits(1);
    assert_eq!(names(&database), "A1|Een\nA2|Twee");
}

#[test]
fn a_plan_names_the_fields_that_would_change() {
    let database = Database::new();
    let muster = imported(&database);
    muster.write("accounts.csv", "legacyId,name,type\nA1,Nieuw,company\nA2,Twee,private\nA3,Drie,private\n");
    let run = muster.run(["import", "--dry-run", "accounts.csv", "--out", "out"]).exits(0);
    assert!(run.stdout().contains("accounts.name  1 row\n    A1: Een → Nieuw"), "{run}");
    let plan = &run.summary("out")["plan"]["entities"][0];
    assert_eq!((&plan["inserted"], &plan["updated"], &plan["unchanged"]), (&1.into(), &1.into(), &1.into()));
    assert_eq!(plan["fields"][0]["samples"][0]["new"], "Nieuw");
    assert_eq!(names(&database), "A1|Een\nA2|Twee");
}
