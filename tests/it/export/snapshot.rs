//! `export` and `verify`: one snapshot, whole or absent, and nothing changed by coming back.

use std::fs;

use crate::support::{Database, Muster};

const ACCOUNTS: &str = "legacyId,name,plan,featureFlags,contact.phone\n\
    A1,\"Ann, \"\"the\"\" first\",pro,\"a,b c\",+31612345678\nA2,بيت 🏠,,,\nB3,=1+1,free,x,\n";
const USERS: &str = "email,account.legacyId,role,migrated\n\
    a@example.com,A1,accountAdmin,true\nb@example.com,A1,,\nc@example.com,B3,apiDeveloper,false\n";

#[test]
fn an_export_that_is_imported_again_changes_nothing() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    let rows = "SELECT 'a', id, xmin::text FROM accounts UNION ALL SELECT 'u', id, xmin::text FROM users ORDER BY 1, 2";
    let before = database.text(rows);
    muster.run(["export", "--out", "ex"]).exits(0);
    let again = muster.run(["import", "ex/accounts.csv", "ex/users.csv", "--out", "again"]).exits(0);
    for entity in again.summary("again")["entities"].as_array().unwrap() {
        assert_eq!(entity["unchanged"], 3, "{again}");
    }
    assert_eq!(database.text(rows), before);
    muster.run(["export", "--out", "ex2"]).exits(0);
    for file in ["accounts.csv", "users.csv"] {
        let read = |folder: &str| fs::read(muster.path(&format!("{folder}/{file}"))).unwrap();
        assert_eq!(read("ex"), read("ex2"));
    }
}

#[test]
fn the_bytes_are_the_same_for_any_number_of_connections() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS).env("MUSTER_TEST_EXPORT_RANGE", "4000000");
    database.text(
        "INSERT INTO accounts (legacy_id, name, contact_gender, language)
         SELECT 'G' || g, repeat(md5(g::text), 6), 'male', 'en' FROM generate_series(1, 100000) g; SELECT 1",
    );
    for format in ["csv", "ndjson", "parquet"] {
        let mut all = Vec::new();
        for connections in ["1", "2", "4"] {
            let out = format!("{format}{connections}");
            let export = muster
                .run(["export", "accounts", "--out", &out, "--format", format, "--connections", connections])
                .exits(0);
            all.push(export.read(&format!("{out}/accounts.{format}")));
            let manifest: serde_json::Value =
                serde_json::from_slice(&export.read(&format!("{out}/manifest.json"))).unwrap();
            assert_eq!(manifest["entities"][0]["rows"], 100_003);
            assert!(manifest["entities"][0]["ranges"].as_array().unwrap().len() > 1, "{export}");
        }
        assert!(all[0] == all[1] && all[1] == all[2], "{format}");
    }
}

#[test]
fn cells_are_written_exactly() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    database.text("UPDATE accounts SET plan = '' WHERE legacy_id = 'A2'; SELECT 1");
    let export =
        muster.run(["export", "accounts", "--out", "ex", "--columns", "name,plan,contact.email"]).exits(0);
    let text = String::from_utf8(export.read("ex/accounts.csv")).unwrap();
    assert_eq!(
        text,
        "legacyId,name,plan,contact.email\nA1,\"Ann, \"\"the\"\" first\",pro,\nA2,بيت 🏠,\"\",\nB3,=1+1,free,\n"
    );
    let export =
        muster.run(["export", "users", "--out", "nd", "--format", "ndjson", "--where", "account=A1"]);
    let text = String::from_utf8(export.exits(0).read("nd/users.ndjson")).unwrap();
    let users: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(users.len(), 2);
    assert_eq!(users[0]["account"]["legacyId"], "A1");
    assert_eq!((&users[0]["migrated"], &users[1]["migrated"]), (&true.into(), &false.into()));
}

#[test]
fn verify_finds_what_was_changed() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    muster.run(["export", "--out", "ex", "--split", "2", "--compress", "zstd", "--crosswalk"]).exits(0);
    muster.run(["verify", "ex", "--against-database"]).exits(0);
    database.text("UPDATE users SET role = 'none' WHERE email = 'c@example.com'; SELECT 1");
    muster.run(["verify", "ex"]).exits(0);
    let found = muster.run(["verify", "ex", "--against-database"]).exits(3);
    assert!(found.stdout().contains("users"), "{found}");
    muster.write("ex/users-00001.csv.zst", "x");
    muster.run(["verify", "ex"]).exits(3);
    fs::remove_file(muster.path("ex/manifest.json")).unwrap();
    muster.run(["verify", "ex"]).exits(1);
}

#[test]
fn a_filter_is_a_value_and_never_sql() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    let export = muster.run(["export", "--out", "ex", "--where", "plan='; DROP TABLE users; --"]).exits(0);
    assert_eq!(String::from_utf8(export.read("ex/accounts.csv")).unwrap().lines().count(), 1);
    assert_eq!(String::from_utf8(export.read("ex/users.csv")).unwrap().lines().count(), 1);
    assert_eq!(database.text("SELECT count(*) FROM users"), "3");
    muster.run(["export", "--out", "ex3", "--where", "nothing=1"]).exits(2);
    assert!(!muster.path("ex3").exists());
}
