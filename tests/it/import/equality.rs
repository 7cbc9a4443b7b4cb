//! Rows are found by the equality of the table's columns, and by the normal form of what others wrote there: never is
//! a second row written for the same key.

use crate::support::{Database, Finished, Muster};

fn codes(run: &Finished) -> Vec<String> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    let found = run.findings("out");
    found.iter().map(|f| format!("{} {} {}", f["record"], text(&f["code"]), text(&f["column"]))).collect()
}

/// The built-in tables, changed.
fn prepared(change: &str) -> (Database, Muster) {
    let database = Database::new();
    let muster = Muster::on(&database);
    database.rows(&muster.run(["schema", "ddl"]).exits(0).stdout());
    database.rows(change);
    (database, muster)
}

const LENIENT: [&str; 2] = [
    "CREATE EXTENSION citext; ALTER TABLE accounts ALTER legacy_id TYPE citext, ALTER name TYPE citext",
    "CREATE COLLATION lenient (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
     ALTER TABLE accounts ALTER legacy_id TYPE text COLLATE lenient, ALTER name TYPE text COLLATE lenient",
];

#[test]
fn keys_that_the_column_takes_for_the_same_are_duplicates_in_every_import() {
    for change in LENIENT {
        let (database, muster) = prepared(change);
        muster.write("accounts.csv", "legacyId,name\nA1,upper\na1,lower\nB2,Two\n");
        let import = ["import", "accounts.csv", "--out", "out"];
        for _ in 0..3 {
            let run = muster.run(import).exits(3);
            assert_eq!(codes(&run), ["2 duplicate-key legacyId"], "{run}");
            assert_eq!(database.text("SELECT legacy_id, name FROM accounts ORDER BY 1"), "A1|upper\nB2|Two");
        }
        muster.run([&import[..], &["--duplicates", "keep-last"]].concat()).exits(3);
        assert_eq!(database.text("SELECT legacy_id, name FROM accounts ORDER BY 1"), "A1|lower\nB2|Two");
        // The key stays as it is; a value changes in its case, too.
        muster.write("accounts.csv", "legacyId,name\na1,Lower\n");
        muster.run(import).exits(0);
        assert_eq!(database.text("SELECT legacy_id, name FROM accounts ORDER BY 1"), "A1|Lower\nB2|Two");
        assert_eq!(muster.run(import).exits(0).summary("out")["entities"][0]["unchanged"], 1);
        // A user refers to the account in another case.
        muster.write("users.csv", "email,accountId\nj@x.nl,b2\n");
        muster.run(["import", "users.csv", "--out", "out"]).exits(0);
        assert_eq!(
            database.text("SELECT a.legacy_id FROM users u JOIN accounts a ON a.id = u.account_id"),
            "B2"
        );
        assert_eq!(
            muster.run(["import", "users.csv", "--out", "out"]).exits(0).summary("out")["entities"]
                .as_array()
                .unwrap()
                .last()
                .unwrap()["unchanged"],
            1
        );
    }
}

#[test]
fn columns_with_a_collation_of_their_own_are_compared() {
    let (database, muster) = prepared(
        "ALTER TABLE accounts ALTER name TYPE text COLLATE \"en-x-icu\", ALTER legacy_id TYPE varchar(9) COLLATE \"en-x-icu\",
            ALTER labels TYPE text[] COLLATE \"en-x-icu\";
         ALTER TABLE users ALTER email TYPE text COLLATE \"de-x-icu\", ALTER legacy_id TYPE text",
    );
    muster.write("accounts.csv", "legacyId,name,labels\nA1,One,\"a,b\"\na1,Two,\n");
    muster.write("users.csv", "email,accountId,legacyId\nj@x.nl,A1,1\np@x.nl,a1,2\n");
    let import = ["import", "accounts.csv", "users.csv", "--out", "out", "--reconcile"];
    for _ in 0..2 {
        muster.run(import).exits(0);
    }
    muster.write("accounts.csv", "legacyId,name,labels\nA1,one,\"A,b\"\na1,Two,\n");
    muster.write("users.csv", "email,accountId,legacyId\nj@x.nl,A1,3\nk@x.nl,A1,2\n");
    let run = muster.run([&import[..], &["--report-absent"]].concat()).exits(3);
    assert_eq!(codes(&run), ["2 key-in-use legacyId"], "{run}");
    assert_eq!(database.text("SELECT name, labels FROM accounts ORDER BY id"), "one|{A,b}\nTwo|{}");
    assert_eq!(run.text("out/users.absent.csv").lines().nth(1), Some("p@x.nl"), "{run}");
    muster.run(["check", "--against-database", "accounts.csv", "users.csv"]).exits(3);
    muster.run(["undo", "--yes", &database.latest_run()]).exits(0);
    assert_eq!(database.text("SELECT name, labels FROM accounts ORDER BY id"), "One|{a,b}\nTwo|{}");
}
