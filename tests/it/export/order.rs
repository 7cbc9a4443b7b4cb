//! Exported rows are in the order of their keys, whichever side sorts them, and every value is the server's.

use crate::support::{Database, Finished, Muster};

/// A database with many rows whose keys were made in no order, some of them odd.
fn filled(database: &Database) -> Muster {
    let muster = Muster::on(database).file("accounts.csv", "legacyId,name\nA1,Ann\n");
    muster.run(["import", "accounts.csv", "--out", "in"]).exits(0);
    database.text(
        "INSERT INTO accounts (legacy_id, name, plan) \
         SELECT md5(g::text), repeat(md5(g::text), 3), NULL FROM generate_series(1, 30000) g; \
         INSERT INTO accounts (legacy_id, name, plan) VALUES \
         (E'a\\tb', 'tab', ''), (E'a\\\\tb', 'backslash', NULL), (E'a\\nb', 'line', NULL), \
         (E'a\\x0b', E'\\x08\\x0b\\x0c\\x01\\x7f', 'vertical tab'), ('a', 'short', NULL), ('ab', 'a', NULL), \
         ('\u{1f3e0}', 'house', NULL), ('é', 'accent', NULL), ('Z', 'capital', NULL), \
         ('0123456789abcdef!', 'longer', NULL), ('0123456789abcdef', 'as long as is looked at first', NULL)",
    );
    muster
}

fn export(muster: &Muster, out: &str, format: &str) -> Finished {
    muster.run(["export", "accounts", "--out", out, "--columns", "name,plan", "--format", format]).exits(0)
}

/// The rows as the server sorts and spells them.
fn of_the_server(database: &Database) -> Vec<(String, String, Option<String>)> {
    let rows = database
        .rows("SELECT legacy_id, name, plan FROM accounts ORDER BY legacy_id COLLATE \"C\" NULLS LAST, id");
    let text = |cell: &Option<String>| cell.clone().unwrap_or_default();
    rows.iter().map(|row| (text(&row[0]), text(&row[1]), row[2].clone())).collect()
}

/// The rows of an NDJSON file.
fn of_the_file(run: &Finished, name: &str) -> Vec<(String, String, Option<String>)> {
    let text = String::from_utf8(run.read(name)).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    lines
        .map(|row| {
            let text_of = |name: &str| text(&row[name]);
            (text_of("legacyId").unwrap_or_default(), text_of("name").unwrap(), text_of("plan"))
        })
        .collect()
}

#[test]
fn rows_sorted_by_muster_are_in_the_order_of_the_server() {
    let database = Database::new();
    let muster = filled(&database).env("MUSTER_TEST_EXPORT_RANGE", "1000000");
    let run = export(&muster, "nd", "ndjson");
    assert_eq!(of_the_file(&run, "nd/accounts.ndjson"), of_the_server(&database));
    // The server sorts each range for `verify`: the checksums say that it has the same order.
    muster.run(["verify", "nd", "--against-database"]).exits(0);
}

#[test]
fn a_range_that_is_too_large_is_sorted_by_the_server_and_gives_the_same_bytes() {
    let database = Database::new();
    let muster = filled(&database).env("MUSTER_TEST_EXPORT_RANGE", "1000000");
    for format in ["csv", "ndjson", "parquet"] {
        let here = export(&muster, &format!("{format}-here"), format);
        let here = here.read(&format!("{format}-here/accounts.{format}"));
        for most in ["1", "300000"] {
            let out = format!("{format}-{most}");
            let muster = Muster::on(&database)
                .env("MUSTER_TEST_EXPORT_RANGE", "1000000")
                .env("MUSTER_TEST_EXPORT_SORTED", most);
            let there = export(&muster, &out, format);
            assert!(there.read(&format!("{out}/accounts.{format}")) == here, "{format}, {most}");
        }
    }
}

#[test]
fn rows_without_a_key_and_with_the_same_key_are_all_there() {
    let database = Database::new();
    let muster = filled(&database);
    database.text(
        "ALTER TABLE accounts ALTER legacy_id DROP NOT NULL, DROP CONSTRAINT accounts_legacy_id_key; \
         CREATE INDEX ON accounts (legacy_id); \
         INSERT INTO accounts (legacy_id, name) VALUES (NULL, 'one'), ('A1', 'twice'), (NULL, 'another')",
    );
    for range in ["1000000", "100000000"] {
        let muster = Muster::on(&database).env("MUSTER_TEST_EXPORT_RANGE", range);
        let run = export(&muster, range, "ndjson");
        assert_eq!(of_the_file(&run, &format!("{range}/accounts.ndjson")), of_the_server(&database));
        muster.run(["verify", range, "--against-database"]).exits(0);
    }
    drop(muster);
}

#[test]
fn a_database_in_another_encoding_keeps_its_own_order() {
    // In Windows-1252 the euro sign comes before the accent, in UTF-8 after it.
    let database = Database::encoded("WIN1252");
    let muster = Muster::on(&database).file("accounts.csv", "legacyId,name\na€,Euro\naé,Accent\nab,Ann\n");
    muster.run(["import", "accounts.csv", "--out", "in"]).exits(0);
    let run = export(&muster, "nd", "ndjson");
    let rows = of_the_file(&run, "nd/accounts.ndjson");
    assert_eq!(rows, of_the_server(&database));
    assert_eq!(rows.iter().map(|row| row.0.as_str()).collect::<Vec<_>>(), ["ab", "a€", "aé"]);
    muster.run(["verify", "nd", "--against-database"]).exits(0);
}
