//! Codes about a row among other rows, in the files and in the database; and that check finds against a
//! database what import would.

use serde_json::{Value, json};

use crate::support::{Database, Finished, Muster};

const ACCOUNTS: &str = "legacyId,name\nA1,One\nA2,Two\n";

/// Each finding as a line: entity, record, column, code, severity, related record.
fn reported(run: &Finished) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |f: &Value| {
        let related = match &f["related"] {
            Value::Null => "-".to_owned(),
            related => format!("{}:{}", related["file"].as_str().unwrap(), related["record"]),
        };
        let [entity, column, code, severity] =
            ["entity", "column", "code", "severity"].map(|name| word(&f[name]));
        format!("{entity} {} {column} {code} {severity} {related}", f["record"])
    };
    run.findings("out").iter().map(line).collect()
}

/// Imports the files, after what check finds against the same database has been seen to be the same.
fn checked_and_imported(muster: &Muster, exit: i32, options: &[&str]) -> Finished {
    let run = |command: &[&str]| {
        let files = ["accounts.csv", "users.csv"].into_iter().filter(|name| muster.path(name).exists());
        muster
            .run(command.iter().copied().chain(files).chain(["--out", "out"]).chain(options.iter().copied()))
    };
    let checked = run(&["check", "--against-database"]).exits(exit);
    let found = reported(&checked);
    let imported = run(&["import"]).exits(exit);
    assert_eq!(reported(&imported), found, "check and import find different things");
    imported
}

fn emails(database: &Database) -> String {
    database.text("SELECT email, contact_last_name FROM users ORDER BY 1").replace('\n', " ")
}

#[test]
fn duplicates_are_resolved_as_requested() {
    let users = "email,accountId,lastName,legacyId\n\
                 a@x.nl,A1,first,U1\nb@x.nl,A1,other,U2\nA@X.nl,A1,second,U3\na@x.nl,A1,third,U4\n";
    let cases: [(&[&str], &str, &[&str]); 3] = [
        (
            &[],
            "a@x.nl|first b@x.nl|other",
            &[
                "users 3 email duplicate-key duplicate users.csv:1",
                "users 4 email duplicate-key duplicate users.csv:1",
            ],
        ),
        (
            &["--duplicates", "keep-last"],
            "a@x.nl|third b@x.nl|other",
            &[
                "users 1 email duplicate-key duplicate users.csv:4",
                "users 3 email duplicate-key duplicate users.csv:4",
            ],
        ),
        (&["--duplicates", "reject-all"], "b@x.nl|other", &[]),
    ];
    for (options, kept, findings) in cases {
        let database = Database::new();
        let muster = Muster::on(&database).file("accounts.csv", ACCOUNTS).file("users.csv", users);
        let run = checked_and_imported(&muster, 3, options);
        assert_eq!(emails(&database), kept, "{run}");
        let summary = run.summary("out");
        let counts = ["rejected", "duplicates"].map(|name| summary["entities"][1][name].as_u64().unwrap());
        if findings.is_empty() {
            assert_eq!(counts, [3, 0], "{run}");
            assert!(
                reported(&run).iter().all(|line| line.contains(" email duplicate-key reject users.csv:")),
                "{run}"
            );
            assert!(
                muster.path("out/users.rejected.csv").exists()
                    && !muster.path("out/users.duplicates.csv").exists()
            );
        } else {
            assert_eq!(counts, [0, 2], "{run}");
            assert_eq!(reported(&run), findings, "{run}");
            assert!(
                muster.path("out/users.duplicates.csv").exists()
                    && !muster.path("out/users.rejected.csv").exists()
            );
        }
    }
}

#[test]
fn a_unique_field_is_resolved_like_a_key_and_a_rejected_row_takes_no_value() {
    let users = "email,accountId,lastName,legacyId\n\
                 a@x.nl,A9,rejected,U1\na@x.nl,A1,kept,U1\nb@x.nl,A1,loses,U1\nc@x.nl,A1,empty,\nd@x.nl,A1,empty,\n";
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.csv", ACCOUNTS).file("users.csv", users);
    let run = checked_and_imported(&muster, 3, &[]);
    let expected = [
        "users 1 accountId unknown-account reject -",
        "users 3 legacyId duplicate-key duplicate users.csv:2",
    ];
    assert_eq!(reported(&run), expected, "{run}");
    assert_eq!(emails(&database), "a@x.nl|kept c@x.nl|empty d@x.nl|empty");
}

#[test]
fn users_of_accounts_that_were_rejected_are_rejected_too_and_name_them() {
    let accounts = "legacyId,name,contact.email\nA1,One,\nA2,Two,nonsense\nA3,,\n";
    let users = "email,accountId\na@x.nl,A1\nb@x.nl,A2\nc@x.nl,A3\nd@x.nl,A4\n";
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.csv", "legacyId,name\nA3,Three\n");
    muster.run(["import", "accounts.csv", "--out", "out"]).exits(0);
    muster.write("accounts.csv", accounts);
    muster.write("users.csv", users);
    let run = checked_and_imported(&muster, 3, &[]);
    let expected = [
        "accounts 2 contact.email invalid-email reject -",
        "accounts 3 name required reject -",
        "users 2 accountId account-rejected reject accounts.csv:2",
        "users 4 accountId unknown-account reject -",
    ];
    assert_eq!(reported(&run), expected, "{run}");
    // The database has A3 already: what the file has to say about it does not matter to its users.
    assert_eq!(database.text("SELECT email FROM users ORDER BY 1"), "a@x.nl\nc@x.nl");
}

#[test]
fn users_of_an_account_whose_record_is_broken_are_told_so_if_its_key_can_be_read() {
    let mut accounts =
        b"legacyId,name,plan\nA1\nA2,Two,p,q\nA3,\"Th\"ree,p\nA4,Fo\0ur,p\nA5,F\xC3\xA9ve \xFFx,p\n".to_vec();
    accounts.extend(format!("A6,{},p\nA7,Seven,p\nA8,\"Eight,p\n", "x".repeat(5_000)).into_bytes());
    let users: String = (1..10).map(|n| format!("u{n}@x.nl,A{n}\n")).collect();
    let muster =
        Muster::new().file("accounts.csv", accounts).file("users.csv", format!("email,accountId\n{users}"));
    let line =
        ["check", "accounts.csv", "users.csv", "--max-record", "4K", "--encoding", "utf-8", "--out", "out"];
    let run = muster.run(line).exits(3);
    let of_users: Vec<_> = reported(&run).into_iter().filter(|line| line.starts_with("users")).collect();
    let rejected = |n| format!("users {n} accountId account-rejected reject accounts.csv:{n}");
    let mut expected: Vec<_> = [1, 2, 3, 4, 5, 6, 8].map(rejected).to_vec();
    expected.push("users 9 accountId unknown-account reject -".to_owned());
    assert_eq!(of_users, expected, "{run}");
    // Objects: a key that is missing, a value that is wrong before the key, text that is wrong after it.
    let lines = [
        r#"{"legacyId":"A1"}"#,
        r#"{"labels":["a,b"],"name":"Two","legacyId":"A2"}"#,
        r#"{"legacyId":"A3","name":"Three","labels":[]"#,
        r#"{"name":"Four","labels":[],"legacyId":"A4","name":"Again"}"#,
        r#"{"name":"Seven","labels":[],"legacyId":"A7"}"#,
    ];
    muster.write("accounts.ndjson", lines.join("\n"));
    let run = muster.run(["check", "accounts.ndjson", "users.csv", "--out", "out"]).exits(3);
    let of_users: Vec<_> = reported(&run).into_iter().filter(|line| line.starts_with("users")).collect();
    let rejected = |n| format!("users {n} accountId account-rejected reject accounts.ndjson:{n}");
    let unknown = |n| format!("users {n} accountId unknown-account reject -");
    let expected: Vec<_> = (1..5).map(rejected).chain([5, 6, 8, 9].map(unknown)).collect();
    assert_eq!(of_users, expected, "{run}");
}

#[test]
fn a_row_that_is_rejected_for_a_cell_is_told_about_its_reference_too() {
    let accounts = "legacyId,name\nA1,One\nA2,\nA3,Three\nA3,Again\n";
    let users =
        "email,accountId,migrated\nnone,A9,x\nnone,A2,\nnone,A1,\nnone,DB,\nnone,,\na@x.nl,A9\nb@x.nl,A9,\n";
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.csv", "legacyId,name\nDB,Kept\n");
    muster.run(["import", "accounts.csv", "--out", "out"]).exits(0);
    muster.write("accounts.csv", accounts);
    muster.write("users.csv", users);
    let run = checked_and_imported(&muster, 3, &[]);
    let of_users: Vec<_> = reported(&run).into_iter().filter(|line| line.starts_with("users")).collect();
    let expected = [
        "users 1 email invalid-email reject -",
        "users 1 accountId unknown-account reject -",
        "users 1 migrated invalid-boolean reject -",
        "users 2 email invalid-email reject -",
        "users 2 accountId account-rejected reject accounts.csv:2",
        "users 3 email invalid-email reject -",
        "users 4 email invalid-email reject -",
        "users 5 email invalid-email reject -",
        "users 5 accountId required reject -",
        "users 6 - missing-cells reject -",
        "users 6 accountId unknown-account reject -",
        "users 7 accountId unknown-account reject -",
    ];
    assert_eq!(of_users, expected, "{run}");
    let counts = &run.summary("out")["entities"][1];
    assert_eq!([&counts["read"], &counts["rejected"]], [7, 7], "{run}");
    // A warning about a reference of a rejected row would be about nothing.
    let muster = Muster::new().file("users.csv", users);
    let run = muster.run(["check", "users.csv", "--out", "out"]).exits(3);
    let warned: Vec<_> = reported(&run).into_iter().filter(|line| line.contains("unresolved")).collect();
    assert_eq!(warned, ["users 7 accountId unresolved-reference warning -"], "{run}");
}

#[test]
fn a_reference_that_cannot_be_looked_up_is_a_warning_if_its_file_was_not_given() {
    let muster = Muster::new().file("users.csv", "email,accountId\na@x.nl,A1\n");
    let run = muster.run(["check", "users.csv", "--out", "out"]).exits(0);
    assert_eq!(reported(&run), ["users 1 accountId unresolved-reference warning -"]);
    muster.write("accounts.csv", "legacyId,name\nA2,Two\n");
    let run = muster.run(["check", "users.csv", "accounts.csv", "--out", "out"]).exits(3);
    assert_eq!(reported(&run), ["users 1 accountId unknown-account reject -"]);
    let database = Database::new();
    let muster = Muster::on(&database).file("users.csv", "email,accountId\na@x.nl,A1\n");
    let run = checked_and_imported(&muster, 3, &[]);
    assert_eq!(reported(&run), ["users 1 accountId unknown-account reject -"]);
}

#[test]
fn a_value_of_another_row_in_the_database_is_in_use() {
    let database = Database::new();
    let muster = Muster::on(&database)
        .file("accounts.csv", ACCOUNTS)
        .file("users.csv", "email,accountId,legacyId\na@x.nl,A1,U1\nb@x.nl,A1,U2\n");
    muster.run(["import", "accounts.csv", "users.csv", "--out", "out"]).exits(0);
    // The second row takes what the first one gives up: it counts as in use, as it stood before the run.
    muster.write(
        "users.csv",
        "email,accountId,legacyId\na@x.nl,A1,U7\nc@x.nl,A1,U1\nd@x.nl,A2,U2\nb@x.nl,A1,U2\n",
    );
    let run = checked_and_imported(&muster, 3, &[]);
    let expected = ["users 2 legacyId key-in-use reject -", "users 3 legacyId key-in-use reject -"];
    assert_eq!(reported(&run), expected, "{run}");
    assert_eq!(database.text("SELECT email, legacy_id FROM users ORDER BY 1"), "a@x.nl|U7\nb@x.nl|U2");
}

#[test]
fn a_known_user_changes_its_account_only_when_that_was_asked_for() {
    let database = Database::new();
    let muster = Muster::on(&database)
        .file("accounts.csv", ACCOUNTS)
        .file("users.csv", "email,accountId\na@x.nl,A1\nb@x.nl,A1\n");
    muster.run(["import", "accounts.csv", "users.csv", "--out", "out"]).exits(0);
    muster.write("users.csv", "email,accountId\na@x.nl,A2\nb@x.nl,A1\n");
    let homes = || {
        database.text(
            "SELECT u.email, a.legacy_id FROM users u JOIN accounts a ON a.id = u.account_id ORDER BY 1",
        )
    };
    let run = checked_and_imported(&muster, 3, &[]);
    assert_eq!(reported(&run), ["users 1 accountId key-in-use reject -"], "{run}");
    assert!(run.findings("out")[0]["message"].as_str().unwrap().contains("--move-users"), "{run}");
    assert_eq!(homes(), "a@x.nl|A1\nb@x.nl|A1");
    let run = checked_and_imported(&muster, 0, &["--move-users"]);
    assert_eq!(homes(), "a@x.nl|A2\nb@x.nl|A1");
    assert_eq!(run.summary("out")["entities"][1]["updated"], json!(1), "{run}");
}
