//! What a role or a database sets for its sessions changes nothing that the program reads, writes or says.

use crate::support::{Database, Muster};

const SETTINGS: &[&str] = &[
    "quote_all_identifiers = on",
    "DateStyle = 'SQL, DMY'",
    "IntervalStyle = 'sql_standard'",
    "TimeZone = 'Asia/Tokyo'",
    "extra_float_digits = -3",
    "bytea_output = 'escape'",
    "standard_conforming_strings = off",
    "escape_string_warning = on",
    "backslash_quote = off",
    "row_security = off",
    "array_nulls = off",
    "transform_null_equals = on",
    "default_transaction_isolation = 'serializable'",
    "default_transaction_deferrable = on",
    "lc_messages = 'C'",
    "lc_numeric = 'C'",
    "client_encoding = 'LATIN1'",
    "statement_timeout = '1s'",
    "xmlbinary = 'hex'",
    "enable_hashjoin = off",
];

/// The built-in tables with columns of named types and of the owner's, through import, again, change, undo and export.
fn cycle(settings: &[&str]) -> String {
    let database = Database::new();
    let muster = Muster::on(&database)
        .file(
            "accounts.csv",
            "legacyId,name,labels,language\nA1,\"back\\slash 'é'\",\"x,null\",nl\nA2,Two,,\n",
        )
        .file("users.csv", "email,accountId,legacyId\na@x.nl,A1,1\nb@x.nl,A2,\n");
    database.rows(&muster.run(["schema", "ddl"]).exits(0).stdout());
    database.rows(
        "CREATE EXTENSION citext; CREATE DOMAIN word AS varchar(40);
         ALTER TABLE accounts ALTER name TYPE word, ALTER plan TYPE citext, ADD seen timestamptz DEFAULT '2026-01-02 03:04:05+00',
            ADD raw bytea DEFAULT '\\xff00', ADD rate float8 DEFAULT 0.1::float8 / 3, ADD span interval DEFAULT '1 day 2 h'",
    );
    for setting in settings {
        database.rows(&format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET %s', current_database(), {}); END $$",
            format_args!("'{}'", setting.replace('\'', "''"))
        ));
    }
    let mut said = Vec::new();
    let import = ["import", "accounts.csv", "users.csv", "--out", "out"];
    let mut run = |arguments: &[&str], exit: i32| {
        let run = muster.run(arguments).exits(exit);
        if exit != 4 && arguments[0] == "import" {
            said.push(run.summary("out")["entities"].to_string());
        }
    };
    run(&import, 0);
    run(&import, 0);
    muster.write(
        "accounts.csv",
        "legacyId,name,labels,language\nA1,One,x,nl\nA2,Two,,en\nA3,Three,\"\\,y\",de\n",
    );
    run(&[&import[..], &["--reconcile"]].concat(), 0);
    muster.run(["export", "--out", "ex"]).exits(0);
    run(&["undo", "--yes", &database.latest_run()], 0);
    muster.run(["export", "--out", "before"]).exits(0);
    database.rows("UPDATE accounts SET plan = 'edited' WHERE legacy_id = 'A1'");
    run(&[&import[..], &["--protect-edited"]].concat(), 3);
    run(&["check", "--against-database", "users.csv", "--out", "out"], 0);
    let file = |name: &str| std::fs::read_to_string(muster.path(name)).unwrap();
    let files = ["ex/accounts.csv", "ex/users.csv", "before/accounts.csv", "out/rejects.csv"].map(file);
    format!("{}\n{}", files.join("\n"), said.join("\n"))
}

#[test]
fn settings_of_a_database_change_nothing() {
    assert_eq!(cycle(SETTINGS), cycle(&[]));
}
