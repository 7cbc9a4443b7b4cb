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

/// In one delivery, whichever of the accounts is kept, and for a check as for an import.
#[test]
fn a_reference_finds_the_account_that_the_column_takes_for_it() {
    for change in LENIENT {
        let (database, muster) = prepared(change);
        let accounts = "legacyId,name,notifications.enabled\nA1,One,\na1,Other,\nB2,Two,\nc3,Three,perhaps\n";
        muster.write("accounts.csv", accounts);
        muster.write("users.csv", "email,accountId\na@x.nl,a1\nb@x.nl,A1\nc@x.nl,b2\nd@x.nl,C3\ne@x.nl,D4\n");
        let found = |run: &Finished| {
            let all = codes(run);
            all.iter().map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect::<Vec<_>>()
        };
        for (policy, lost, kept) in [("keep-first", 2, "A1"), ("keep-last", 1, "a1")] {
            database.rows("TRUNCATE users, accounts");
            let expected = [
                format!("{lost} duplicate-key"),
                "4 invalid-boolean".to_owned(),
                "4 account-rejected".to_owned(),
                "5 unknown-account".to_owned(),
            ];
            for command in [&["check", "--against-database"][..], &["import"], &["import"]] {
                let more = ["accounts.csv", "users.csv", "--duplicates", policy, "--out", "out"];
                let run = muster.run([command, &more].concat()).exits(3);
                assert_eq!(found(&run), expected, "{policy}: {run}");
            }
            let joined =
                "SELECT u.email, a.legacy_id FROM users u JOIN accounts a ON a.id = u.account_id ORDER BY 1";
            assert_eq!(database.text(joined), format!("a@x.nl|{kept}\nb@x.nl|{kept}\nc@x.nl|B2"));
        }
        // Into empty tables, without a duplicate that stages the rows.
        database.rows("TRUNCATE users, accounts");
        muster.write("accounts.csv", "legacyId,name\nA1,One\n");
        muster.write("users.csv", "email,accountId\na@x.nl,a1\n");
        muster.run(["import", "accounts.csv", "users.csv", "--out", "out"]).exits(0);
        assert_eq!(database.text("SELECT count(account_id) FROM users"), "1");
    }
}

#[test]
fn a_check_finds_the_values_that_the_column_takes_for_the_same() {
    for change in LENIENT {
        let (_database, muster) = prepared(change);
        muster.write("accounts.csv", "legacyId,name\nA1,upper\na1,lower\nB2,Two\n");
        let run = muster.run(["check", "--against-database", "accounts.csv", "--out", "out"]).exits(3);
        assert_eq!(codes(&run), ["2 duplicate-key legacyId"], "{run}");
        let run = muster.run(["check", "accounts.csv", "--out", "out"]).exits(0);
        assert_eq!(codes(&run), [""; 0], "{run}");
    }
}

#[test]
fn a_reference_to_a_key_that_the_table_has_in_another_form_names_this_form() {
    let (_database, muster) = prepared(
        "INSERT INTO accounts (legacy_id, name, contact_gender) VALUES ('A1', 'One', 'male'), (' A2', 'Two', 'male'),
            (E'Ae\\u0301', 'Three', 'male')",
    );
    muster.write("users.csv", "email,accountId\na@x.nl,A1\nb@x.nl,A2\nc@x.nl,A\u{e9}\nd@x.nl,A3\n");
    for command in [&["check", "--against-database"][..], &["import"], &["import"]] {
        let run = muster.run([command, &["users.csv", "--out", "out"]].concat()).exits(3);
        let found = run.findings("out");
        let codes: Vec<_> = found.iter().map(|found| found["code"].as_str().unwrap()).collect();
        assert_eq!(codes, ["key-in-use", "key-in-use", "unknown-account"], "{run}");
        let message = found[0]["message"].as_str().unwrap();
        assert!(message.contains("accounts in another form:  A2; correct it there first"), "{message}");
    }
}

#[test]
fn a_key_that_others_wrote_in_another_form_gets_no_second_row() {
    let (database, muster) = prepared(
        "INSERT INTO accounts (legacy_id, name, contact_gender) VALUES ('A1', 'One', 'male'), (' A2', 'Two', 'male'),
            (E'Ae\\u0301', 'Three', 'male');
         INSERT INTO users (email, legacy_id, account_id, contact_gender, default_lang_code, migrated)
            SELECT e, l, a.id, 'male', 'en', false FROM accounts a, (VALUES ('Jan@Example.org', '1'), ('piet@x.nl ', '2 '),
                ('Both@x.nl', '3'), ('both@x.nl', '4')) v (e, l) WHERE a.legacy_id = 'A1'",
    );
    let all = || {
        database.text("SELECT to_jsonb(t) FROM accounts t ORDER BY id")
            + &database.text("SELECT to_jsonb(t) FROM users t ORDER BY id")
    };
    let before = all();
    muster.write("accounts.csv", "legacyId,name\nA1,One\nA2,Second\nA\u{e9},Third\n");
    muster.write(
        "users.csv",
        "email,accountId,legacyId\njan@example.org,A1,1\npiet@x.nl,A1,\nboth@x.nl,A1,4\nnew@x.nl,A1,2\n",
    );
    let expected = [
        "2 key-in-use legacyId",
        "3 key-in-use legacyId",
        "1 key-in-use email",
        "1 key-in-use legacyId",
        "2 key-in-use email",
        "4 key-in-use legacyId",
    ];
    for command in [&["import"][..], &["check", "--against-database"], &["import"]] {
        let run = muster.run([command, &["accounts.csv", "users.csv", "--out", "out"]].concat()).exits(3);
        assert_eq!(codes(&run), expected, "{run}");
        let first = run.findings("out").into_iter().find(|finding| finding["field"] == "email").unwrap();
        assert!(first["message"].as_str().unwrap().contains("Jan@Example.org"), "{first}");
        assert_eq!(all(), before, "{run}");
    }
    // What is exported comes back as what it is in the table, and makes no row.
    muster.run(["export", "--out", "ex"]).exits(0);
    muster.run(["import", "ex/accounts.csv", "ex/users.csv", "--out", "out"]).exits(3);
    assert_eq!(database.text("SELECT count(*) FROM users"), "4");
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
