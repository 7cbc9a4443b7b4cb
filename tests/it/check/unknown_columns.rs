//! Columns that nobody has decided about: how much is in them is said everywhere, and the exit code with it.

use serde_json::Value;

use crate::support::{Database, Finished, Muster};

/// The columns that a run says are not imported, with their filled cells and the fields that were probably meant.
fn lost(run: &Finished, out: &str) -> Vec<(String, u64, Option<String>)> {
    let summary = run.summary(out);
    let files = summary["entities"].as_array().unwrap().iter().flat_map(|e| e["files"].as_array().unwrap());
    let columns = files.filter_map(|file| file["not_imported"]["columns"].as_array()).flatten();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    columns.map(|c| (text(&c["column"]).unwrap(), c["filled"].as_u64().unwrap(), text(&c["field"]))).collect()
}

fn column(name: &str, filled: u64, field: Option<&str>) -> (String, u64, Option<String>) {
    (name.to_owned(), filled, field.map(str::to_owned))
}

const FILE: &str = "legacyId,name,email,Fax,Notes,Empty,netsuite.id,\n\
                    A1,One,a@b.nl,1,  ,,n1,\nA2,,c@d.nl,\u{a0},x,\u{feff},n2,\nA3,Three,,2,\"a\nb\",\"\",n3,\n";

#[test]
fn columns_that_would_be_lost_are_named_with_their_filled_cells() {
    let muster = Muster::new().file("accounts.csv", FILE);
    for size in ["1048576", "1"] {
        let run = muster.run(["check", "accounts.csv", "--out", "out"]);
        let again = Muster::new().env("MUSTER_TEST_BLOCK", size).file("accounts.csv", FILE);
        assert_eq!(
            again.run(["check", "accounts.csv", "--out", "out"]).findings("out").len(),
            run.findings("out").len()
        );
        // The cells of a rejected row count, too.
        let run = run.exits(3);
        let expected =
            [column("email", 2, Some("contact.email")), column("Fax", 2, None), column("Notes", 2, None)];
        assert_eq!(lost(&run, "out"), expected, "{run}");
        let sentence = "3 of 7 columns are not imported: email, Fax, Notes";
        assert!(run.stdout().contains(&format!("accounts.csv: {sentence}")), "{run}");
        assert!(run.text("out/report.html").contains(sentence), "{run}");
        assert!(run.text("out/summary.json").contains(sentence), "{run}");
        let findings = run.findings("out");
        let unknown: Vec<_> = findings.iter().filter(|finding| finding["code"] == "unknown-column").collect();
        // The last one says which columns the schema ignores.
        assert_eq!(unknown.len(), 4, "{run}");
        assert_eq!(unknown[0]["suggestion"], "contact.email");
        let message = unknown[0]["message"].as_str().unwrap();
        assert!(message.contains("its 2 filled cells are not imported; is it contact.email?"), "{message}");
        assert!(message.ends_with("--map 'email=contact.email'"), "{message}");
    }
    // Warnings are counted as they are reported.
    let run = muster.run(["check", "accounts.csv", "--out", "out"]);
    assert_eq!(run.summary("out")["entities"][0]["warnings"], 4);
}

#[test]
fn a_column_without_a_filled_cell_is_not_lost() {
    let muster = Muster::new().file("accounts.csv", "legacyId,name,Fax,\nA1,One,,\nA2,Two, ,\n");
    let run = muster.run(["check", "accounts.csv", "--out", "out"]).exits(0);
    assert_eq!((lost(&run, "out").len(), run.findings("out").len()), (0, 0), "{run}");
    assert!(!run.stdout().contains("not imported"), "{run}");
    muster.write("accounts.csv", "legacyId,name,Fax\n");
    muster.run(["check", "accounts.csv", "--out", "out"]).exits(0);
}

#[test]
fn a_column_without_a_name_is_named_by_its_place() {
    let muster = Muster::new().file("accounts.csv", "legacyId,,name\nA1,x,One\nA2,,Two\n");
    let run = muster.run(["check", "accounts.csv", "--out", "out"]).exits(3);
    assert_eq!(lost(&run, "out"), [column("column 2", 1, None)], "{run}");
    assert!(run.stdout().contains("1 of 3 columns is not imported: column 2"), "{run}");
}

#[test]
fn keys_of_objects_are_columns() {
    let lines = "{\"legacyId\":\"A1\",\"name\":\"One\",\"x\":null,\"tags\":[],\"n\":0,\"o\":{\"a\":\"\"}}\n\
                 {\"legacyId\":\"A2\",\"name\":\"Two\",\"tags\":[\"a\"],\"n\":false,\"o\":{\"a\":\"\\u0000\"}}\n\
                 {\"legacyId\":\"A3\",\"name\":\"Three\",\"tags\":[null],\"o\":{\"a\":{}}}\n";
    let muster = Muster::new().file("accounts.ndjson", lines);
    let run = muster.run(["check", "accounts.ndjson", "--out", "out"]).exits(3);
    let expected = [column("tags", 1, None), column("n", 2, None), column("o.a", 1, None)];
    assert_eq!(lost(&run, "out"), expected, "{run}");
    assert_eq!(run.summary("out")["entities"][0]["rejected"], 0, "{run}");
}

#[test]
fn each_file_says_what_it_loses() {
    let muster = Muster::new()
        .file("accounts-1.csv", "legacyId,name,Fax\nA1,One,1\n")
        .file("accounts-2.csv", "legacyId,name\nA2,Two\n")
        .file("users.csv", "email,account.legacyId,Fax\nann@example.org,A1,2\n");
    let files = ["accounts-1.csv", "accounts-2.csv", "users.csv"];
    let run = muster.run(["check"].into_iter().chain(files).chain(["--out", "out"])).exits(3);
    assert_eq!(lost(&run, "out").len(), 2, "{run}");
    for file in ["accounts-1.csv", "users.csv"] {
        assert!(run.stdout().contains(&format!("{file}: 1 of 3 columns is not imported: Fax\n")), "{run}");
    }
}

#[test]
fn lost_columns_refuse_a_run_or_are_ignored_as_is_asked() {
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.csv", "legacyId,name,Fax\nA1,One,1\n");
    let import = |how: &str| muster.run(["import", "accounts.csv", "--out", "out", "--unknown-columns", how]);
    let tables = || database.text("SELECT count(*) FROM pg_class WHERE relname IN ('accounts', 'users')");
    let run = import("refuse").exits(4);
    assert_eq!((run.summary("out")["status"].as_str(), tables().as_str()), (Some("refused"), "0"), "{run}");
    assert!(run.stdout().contains("refused: columns are not imported"), "{run}");
    assert!(run.text("out/report.html").contains("Refused: columns are not imported."));
    let check = muster.run(["check", "accounts.csv", "--out", "out", "--unknown-columns", "refuse"]).exits(4);
    assert!(check.stdout().contains("1 of 3 columns is not imported: Fax"), "{check}");
    let run = import("ignore").exits(0);
    assert!(run.findings("out").is_empty() && !run.stdout().contains("Fax"), "{run}");
    assert!(!run.text("out/summary.json").contains("not_imported"));
    let run = import("report").exits(3);
    assert_eq!(run.summary("out")["status"], "committed");
    // What comes next decides alike.
    let check = muster.run(["check", "accounts.csv", "--out", "out", "--unknown-columns", "ignore"]).exits(0);
    assert!(check.stdout().contains("Next: muster import --unknown-columns ignore accounts="), "{check}");
}

#[test]
fn headers_can_be_ignored_by_patterns_with_stars() {
    let schema = "entity = \"terms\"\nkey = \"term\"\nignored = [\"Custom Field*\", \"*_old\"]\n\n[[field]]\n\
                  name = \"term\"\ntype = \"text\"\nrequired = true\n";
    let fields: Vec<String> = (1..=45).map(|n| format!("Custom Field {n}")).collect();
    let header = format!("term,{},name_old\n", fields.join(","));
    let row = format!("a{}\n", ",x".repeat(46));
    let muster = Muster::new().file("schemas/terms.toml", schema).file("terms.csv", header + &row);
    let run = muster.run(["check", "--schemas", "schemas", "terms.csv", "--out", "out"]).exits(0);
    assert_eq!(run.findings("out").len(), 1, "{run}");
    assert!(run.text("out/rejects.ndjson").contains("Custom Field 45, name_old"), "{run}");
    muster.write("schemas/terms.toml", schema.replace("*_old", "t*m"));
    let run = muster.run(["schema", "check", "--schemas", "schemas"]).exits(1);
    assert!(run.stderr().contains("`t*m` would ignore field `term`"), "{run}");
}
