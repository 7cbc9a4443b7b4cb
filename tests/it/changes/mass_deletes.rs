//! Changes that delete much of a table need `--allow-mass-deletes`, where they are made and where they are applied.

use crate::support::{Database, Muster};

const ACCOUNTS: &str = "legacyId,name\nA1,One\nA2,Two\nA3,Three\n";

/// Three accounts with `number` users, and their export in `old`.
fn exported(database: &Database, number: usize) -> Muster {
    let users: String = (0..number).map(|n| format!("u{n}@x.nl,A{}\n", n % 3 + 1)).collect();
    let muster = Muster::imported(database, ACCOUNTS, &format!("email,accountId\n{users}"));
    muster.run(["export", "--out", "old"]).exits(0);
    muster
}

fn delete(database: &Database, number: usize) {
    let gone = format!("SELECT id FROM users ORDER BY email LIMIT {number}");
    database.text(&format!("DELETE FROM users WHERE id IN ({gone}); SELECT 1"));
}

#[test]
fn an_export_refuses_changes_that_delete_more_than_a_fifth() {
    const SINCE: [&str; 5] = ["export", "--out", "new", "--changes-since", "old"];
    let database = Database::new();
    let muster = exported(&database, 25);
    // A fifth, and no more.
    delete(&database, 5);
    muster.run(SINCE).exits(0);
    delete(&database, 1);
    let refused = muster.run(SINCE.iter().chain(&["--metrics", "m.prom"])).exits(4);
    assert!(refused.stderr().contains("users: 6 of the 25 rows of the export in "), "{refused}");
    assert!(refused.stderr().contains("--allow-mass-deletes"), "{refused}");
    assert!(refused.text("m.prom").contains("muster_export_exit_code 4\n"), "{refused}");
    // What was there stays.
    assert_eq!(refused.manifest("new")["entities"][3]["changes"]["deletes"], 5);
    for (form, code) in [("=23%", 4), ("=24%", 0), ("=5", 4), ("=6", 0), ("", 0)] {
        let flag = format!("--allow-mass-deletes{form}");
        muster.run(SINCE.iter().copied().chain([flag.as_str()])).exits(code);
    }
    muster.run(["export", "--out", "new", "--allow-mass-deletes"]).exits(2);
    muster.run(SINCE.iter().chain(&["--allow-mass-deletes=half"])).exits(2);
}

#[test]
fn a_handful_may_be_deleted_of_a_small_table_but_not_the_last_row() {
    let since = ["export", "--out", "new", "--changes-since", "old", "users"];
    let database = Database::new();
    let muster = exported(&database, 5);
    delete(&database, 4);
    muster.run(since).exits(0);
    delete(&database, 1);
    let refused = muster.run(since).exits(4);
    assert!(refused.stderr().contains("5 of the 5 rows"), "{refused}");
}

#[test]
fn an_import_refuses_changes_that_delete_more_than_a_fifth() {
    const APPLY: [&str; 6] =
        ["import", "--apply-changes", "users.changes.csv", "--allow-deletes", "--out", "applied"];
    let database = Database::new();
    let muster = exported(&database, 25);
    let file = |from: usize, to: usize| {
        let rows: String = (from..to).map(|n| format!("delete,,u{n}@x.nl,\n")).collect();
        muster.write(
            "users.changes.csv",
            format!("muster.change,muster.changed,email,account.legacyId\n{rows}insert,,n@x.nl,A1\n"),
        );
    };
    let left = || database.text("SELECT count(*) FROM users");
    file(0, 6);
    for more in [&[][..], &["--dry-run"]] {
        let refused = muster.run(APPLY.iter().chain(more)).exits(4);
        assert!(refused.stderr().contains("6 of its 25 rows would be deleted"), "{refused}");
        assert!(refused.stderr().contains("--allow-mass-deletes"), "{refused}");
        assert_eq!(refused.summary("applied")["status"], "refused");
        assert_eq!(left(), "25");
    }
    file(0, 5);
    muster.run(APPLY).exits(0);
    assert_eq!(left(), "21");
    // Those that are gone already are not deleted again: one of 21 is.
    file(0, 6);
    muster.run(APPLY).exits(0);
    file(6, 16);
    muster.run(APPLY.iter().chain(&["--allow-mass-deletes=40%"])).exits(4);
    let planned = muster.run(APPLY.iter().chain(&["--allow-mass-deletes", "--dry-run"])).exits(0);
    assert!(planned.stdout().contains("--allow-mass-deletes=100%"), "{planned}");
    muster.run(APPLY.iter().chain(&["--allow-mass-deletes=50%"])).exits(0);
    assert_eq!(left(), "10");
    let kept = database
        .text("SELECT options->>'allow_mass_deletes' FROM muster.runs ORDER BY finished DESC LIMIT 1");
    assert_eq!(kept, "50%");
    // A whole small table.
    database.text("DELETE FROM users WHERE email > 'u2'; SELECT 1");
    let rows = database.text("SELECT string_agg('delete,,' || email || ',', E'\\n') FROM users");
    muster
        .write("users.changes.csv", format!("muster.change,muster.changed,email,account.legacyId\n{rows}\n"));
    muster.run(APPLY).exits(4);
    muster.run(APPLY.iter().chain(&["--allow-mass-deletes"])).exits(0);
    assert_eq!(left(), "0");
    muster.run(["import", "--apply-changes", "users.changes.csv", "--allow-mass-deletes"]).exits(2);
}
