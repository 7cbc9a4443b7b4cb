//! The files of an export in every shape that can be asked for, and what `verify` finds in them.

use std::fs;

use serde_json::Value;

use crate::support::{Database, Muster};

const ACCOUNTS: &str = "legacyId,name,plan,contact.phone,featureFlags\n\
    A1,\"Ann, \"\"the\"\" first\",pro,+31612345678,\"a,b c\"\nA2,\"=cmd|' /C calc'!A0\",,,\nB3,+31 is Dutch,free,,x\n";
const USERS: &str = "email,legacyId,account.legacyId,role,migrated\n\
    a@example.com,7,A1,accountAdmin,true\nb@example.com,,A1,,\nc@example.com,9,B3,apiDeveloper,false\n";

#[test]
fn a_compressed_file_holds_what_a_plain_one_holds() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    for format in ["csv", "ndjson"] {
        let plain = muster.run(["export", "--out", "plain", "--format", format]).exits(0);
        let plain = plain.text(&format!("plain/users.{format}"));
        for (how, end) in [("gzip", "gz"), ("zstd", "zst")] {
            let packed =
                muster.run(["export", "--out", "packed", "--format", format, "--compress", how]).exits(0);
            assert_eq!(packed.text(&format!("packed/users.{format}.{end}")), plain);
            muster.run(["verify", "packed"]).exits(0);
        }
    }
    // Parquet's pages are packed, and its name stays.
    let parquet =
        muster.run(["export", "--out", "parquet", "--format", "parquet", "--compress", "gzip"]).exits(0);
    assert!(parquet.read("parquet/users.parquet").starts_with(b"PAR1"));
    // A packed export is imported as it is.
    muster.run(["export", "--out", "packed", "--compress", "zstd"]).exits(0);
    let again =
        muster.run(["import", "packed/accounts.csv.zst", "packed/users.csv.zst", "--out", "again"]).exits(0);
    assert_eq!(again.summary("again")["entities"][1]["unchanged"], 3);
}

#[test]
fn parts_have_a_header_each_and_together_all_rows_once() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    let whole = muster.run(["export", "--out", "whole"]).exits(0).text("whole/users.csv");
    for (rows, parts) in [("1", 3), ("2", 2), ("3", 1), ("9", 1)] {
        let run = muster.run(["export", "--out", "parts", "--split", rows, "--connections", "4"]).exits(0);
        let manifest = run.manifest("parts");
        let files = manifest["entities"][1]["files"].as_array().unwrap();
        assert_eq!(files.len(), parts, "{rows}");
        let (mut joined, mut header) = (String::new(), String::new());
        for (number, file) in (1..).zip(files) {
            assert_eq!(file["name"], format!("users-{number:05}.csv"));
            let text = run.text(&format!("parts/users-{number:05}.csv"));
            let (first, rest) = text.split_once('\n').unwrap();
            first.clone_into(&mut header);
            assert_eq!(rest.lines().count() as u64, file["rows"].as_u64().unwrap());
            assert!(rest.starts_with(file["first_key"].as_str().unwrap()));
            joined.push_str(rest);
        }
        assert_eq!(format!("{header}\n{joined}"), whole, "{rows}");
        muster.run(["verify", "parts"]).exits(0);
    }
    // No rows: one file that says so.
    let run =
        muster.run(["export", "users", "--out", "none", "--split", "2", "--where", "account=Z9"]).exits(0);
    assert_eq!(run.text("none/users-00001.csv").lines().count(), 1);
}

#[test]
fn a_spreadsheet_gets_a_mark_and_its_own_line_ends_and_no_formula() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    let args = ["export", "accounts", "--out", "sheet", "--for-spreadsheet", "--delimiter", ";"];
    let run = muster.run(args.iter().copied().chain(["--columns", "name,contact.phone"])).exits(0);
    assert_eq!(
        run.text("sheet/accounts.csv"),
        "\u{feff}legacyId;name;contact.phone\r\nA1;\"Ann, \"\"the\"\" first\";+31612345678\r\n\
         A2;\"'=cmd|' /C calc'!A0\";\r\nB3;\"'+31 is Dutch\";\r\n"
    );
    muster.run(["verify", "sheet", "--against-database"]).exits(0);
    muster.run(["export", "--out", "x", "--for-spreadsheet", "--format", "ndjson"]).exits(2);
    muster.run(["export", "--out", "x", "--delimiter", ";"]).exits(2);
}

#[test]
fn columns_and_filters_choose_what_is_exported() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    let export = |more: &[&str]| {
        let run = muster.run(["export", "--out", "ex"].iter().chain(more)).exits(0);
        muster.run(["verify", "ex", "--against-database"]).exits(0);
        (run.text("ex/accounts.csv"), run.text("ex/users.csv"))
    };
    // The key is always there; a column is where the schema has it, in whichever case it is asked for.
    let (accounts, users) =
        export(&["--columns", "PLAN,account.legacyid,role", "--where", "role=API developer"]);
    assert_eq!(accounts, "legacyId,plan\nA1,pro\nA2,\nB3,free\n");
    assert_eq!(users, "email,account.legacyId,role\nc@example.com,B3,apiDeveloper\n");
    // An account brings its users along, and a plan the users of those that have it.
    let (accounts, users) = export(&["--columns", "plan,account.legacyId", "--where", "account=A1"]);
    assert_eq!((accounts.lines().count(), users.lines().count()), (2, 3));
    let (accounts, users) = export(&["--columns", "plan,account.legacyId", "--where", "plan=free"]);
    assert_eq!(accounts, "legacyId,plan\nB3,free\n");
    assert_eq!(users, "email,account.legacyId\nc@example.com,B3\n");
    // Empty means none.
    let (accounts, users) = export(&["--columns", "plan,account.legacyId", "--where", "plan="]);
    assert_eq!((accounts.as_str(), users.lines().count()), ("legacyId,plan\nA2,\n", 1));
    for wrong in [["--columns", "nothing"], ["--where", "role=king"], ["--where", "role"]] {
        muster.run(["export", "--out", "wrong"].iter().chain(&wrong)).exits(2);
        assert!(!muster.path("wrong").exists());
    }
}

#[test]
fn system_columns_and_the_crosswalk_name_every_row_of_the_database() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    for (format, end) in [("csv", "csv"), ("ndjson", "ndjson"), ("parquet", "parquet")] {
        let args = ["export", "--out", format, "--with-system-columns", "--crosswalk", "--format", format];
        let run = muster.run(args).exits(0);
        let manifest = run.manifest(format);
        let entities = manifest["entities"].as_array().unwrap();
        let names: Vec<_> =
            entities.iter().map(|entity| entity["files"][0]["name"].as_str().unwrap()).collect();
        let expected =
            ["accounts", "accounts.crosswalk", "users", "users.crosswalk"].map(|s| format!("{s}.{end}"));
        assert_eq!(names, expected);
        assert!(entities.iter().all(|entity| entity["rows"] == 3), "{manifest}");
        muster.run(["verify", format, "--against-database"]).exits(0);
    }
    let run = muster.run(["export", "--out", "csv", "--with-system-columns", "--crosswalk"]).exits(0);
    let ids = |sql: &str| database.text(sql).replace('∅', "").replace('|', ",");
    assert_eq!(
        run.text("csv/accounts.crosswalk.csv"),
        format!("legacyId,id\n{}\n", ids("SELECT legacy_id, id FROM accounts ORDER BY 1"))
    );
    // A user without a number of the old system is in it, too.
    assert_eq!(
        run.text("csv/users.crosswalk.csv"),
        format!("email,legacyId,id\n{}\n", ids("SELECT email, legacy_id, id FROM users ORDER BY 1"))
    );
    let users = run.text("csv/users.csv");
    assert!(users.lines().next().unwrap().ends_with(",id,createdAt,updatedAt"), "{users}");
    let first = users.lines().nth(1).unwrap();
    let created = database.text(
        "SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI') FROM users WHERE email = 'a@example.com'",
    );
    assert!(first.contains(&created), "{first} {created}");
    // They are no columns of the import, and do not keep it from being one.
    let again = muster.run(["import", "csv/accounts.csv", "csv/users.csv", "--out", "again"]).exits(0);
    assert_eq!(again.summary("again")["entities"][0]["unchanged"], 3);
}

#[test]
fn verify_names_every_difference() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS).env("MUSTER_TEST_EXPORT_RANGE", "20000");
    // Enough rows for several ranges.
    database.text(
        "INSERT INTO accounts (legacy_id, name, contact_gender, language)
         SELECT 'G' || lpad(g::text, 4, '0'), repeat('x', 50), 'male', 'en' FROM generate_series(1, 2000) g; SELECT 1",
    );
    muster.run(["export", "--out", "ex", "--crosswalk"]).exits(0);
    let well = muster.run(["verify", "ex", "--against-database"]).exits(0);
    assert!(well.stdout().contains("4 files are as the manifest says, and so are"), "{well}");
    assert_eq!(muster.run(["verify", "ex", "--quiet"]).exits(0).stdout(), "");
    let database_url = database.url();
    muster.run(["verify", "ex", "--database-url", &database_url]).exits(0);

    // One changed row is found with its range, and nothing else is.
    database.text("UPDATE accounts SET plan = 'x' WHERE legacy_id = 'G1000'; SELECT 1");
    let found = muster.run(["verify", "ex", "--against-database", "--json"]).exits(3);
    let found: Value = serde_json::from_str(&found.stdout()).unwrap();
    let differences = found["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 1, "{found}");
    let place = differences[0]["place"].as_str().unwrap();
    let (from, to) = place.strip_prefix("accounts, keys from ").unwrap().split_once(" to ").unwrap();
    assert!((from == "…" || from <= "G1000") && (to == "…" || to > "G1000"), "{place}");
    assert_eq!(differences[0]["problem"], "the database has other values");
    // A row too many, or too few.
    database.text("UPDATE accounts SET plan = NULL WHERE legacy_id = 'G1000'; DELETE FROM accounts WHERE legacy_id = 'G0500'; SELECT 1");
    let found = muster.run(["verify", "ex", "--against-database"]).exits(3);
    assert!(found.stdout().contains("accounts, keys from") && found.stdout().contains("rows"), "{found}");

    // One byte of a file, a missing one, an additional one: each by its name, all at once.
    let path = muster.path("ex/accounts.csv");
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    fs::remove_file(muster.path("ex/users.crosswalk.csv")).unwrap();
    muster.write("ex/more.csv", "x");
    let found = muster.run(["verify", "ex"]).exits(3);
    let lines: Vec<String> = found.stdout().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 3, "{found}");
    assert!(lines[0].starts_with("accounts.csv: differs from the manifest"), "{found}");
    assert!(lines[1].starts_with("users.crosswalk.csv: cannot be opened"), "{found}");
    assert_eq!(lines[2], "more.csv: is not in the manifest");
    assert!(muster.run(["verify", "--help"]).exits(0).stdout().contains("3 if something differs"));
}
