//! Imports that follow one another, inputs in all the shapes they come in, and the private local PostgreSQL.

use std::io::Write;
use std::process::Stdio;

use crate::support::{Customers, Database, Muster, order};

#[test]
fn a_second_import_writes_nothing() {
    let customers = Customers::made(&order(300, 3_000, 7));
    let database = Database::new();
    let muster = customers.put(Muster::on(&database));
    muster.run(["import", "accounts.csv", "users.csv", "--out", "one"]).exits(3);
    let before = database.versions();
    let run = muster.run(["import", "accounts.csv", "users.csv", "--out", "two"]).exits(3);
    assert!(database.versions() == before, "rows were written again");
    let summary = run.summary("two");
    for (entity, sums) in summary["entities"].as_array().unwrap().iter().zip(&customers.sums) {
        let counts = ["inserted", "updated", "unchanged"].map(|name| entity[name].as_u64().unwrap());
        assert_eq!(counts, [0, 0, sums[2]], "{run}");
    }
    // A duplicate that belongs to another account than the row that stayed is now refused by the database's row.
    let lost = |out: &str| {
        let of = |f: &serde_json::Value| {
            (f["severity"] != "warning").then(|| format!("{} {}", f["entity"], f["record"]))
        };
        run.findings(out).iter().filter_map(of).collect::<Vec<_>>()
    };
    assert_eq!(lost("one"), lost("two"));
    assert_eq!(run.read("one/accounts.rejected.csv"), run.read("two/accounts.rejected.csv"));
}

#[test]
fn only_the_rows_that_differ_are_written_and_keep_their_identity() {
    let database = Database::new();
    let muster =
        Muster::on(&database).file("accounts.csv", "legacyId,name,labels\nA1,One,\nA2,Two,a\nA3,Three,\n");
    muster.run(["import", "accounts.csv", "--out", "out"]).exits(0);
    let versions =
        || database.rows("SELECT id, xmin, created_at = updated_at FROM accounts ORDER BY legacy_id");
    let before = versions();
    muster.write("accounts.csv", "legacyId,name,labels\nA3,Three,\nA2,Two,\"a,b\"\nA4,Four,\nA1,One,\"\"\n");
    muster.run(["import", "accounts.csv", "--out", "out"]).exits(0);
    let after = versions();
    assert_eq!((&after[0], &after[2]), (&before[0], &before[2]), "unchanged rows were written");
    assert_eq!(after[1][0], before[1][0], "an updated row has another identity");
    assert_eq!(after[1][2].as_deref(), Some("f"), "updated_at was not set");
    assert_eq!(after.len(), 4);
}

#[test]
fn a_rejected_file_that_was_fixed_is_imported_as_it_is() {
    let database = Database::new();
    let accounts =
        "name,legacyId,contact.email\r\nOne,A1,a@x\r\nTwo,A2,\"b@x.nl\"\r\n\"Th\"\"ree\",A3,c@@x.nl";
    let muster = Muster::on(&database).file("accounts.csv", format!("\u{feff}{accounts}"));
    let run = muster.run(["import", "accounts.csv", "--out", "out"]).exits(3);
    let back = String::from_utf8(run.read("out/accounts.rejected.csv")).unwrap();
    assert_eq!(back, "\u{feff}name,legacyId,contact.email\r\nOne,A1,a@x\r\n\"Th\"\"ree\",A3,c@@x.nl\r\n");
    muster.write("fixed.csv", back.replace("a@x\r", "a@x.nl\r").replace("@@", "@"));
    muster.run(["import", "accounts=fixed.csv", "--out", "again"]).exits(0);
    assert_eq!(database.text("SELECT name FROM accounts ORDER BY legacy_id"), "One\nTwo\nTh\"ree");
}

#[test]
fn a_repeated_header_does_not_replace_the_rejected_record_after_it() {
    let accounts = "legacyId,name\nA1,One\nlegacyId,name\n,Nobody\nlegacyId,name\nA1,Twice\n";
    let muster = Muster::new().file("accounts.csv", accounts);
    let run = muster.run(["check", "accounts.csv", "--out", "out"]).exits(3);
    assert_eq!(run.read("out/accounts.rejected.csv"), b"legacyId,name\n,Nobody\n", "{run}");
    assert_eq!(run.read("out/accounts.duplicates.csv"), b"legacyId,name\nA1,Twice\n", "{run}");
}

#[test]
fn a_header_in_any_order_with_a_mark_and_windows_line_ends_gives_the_same_rows() {
    let plain = "legacyId,name,plan\nA1,\"One, first\",Fleet\nA2,\"Tw\"\"o\",\n";
    let other = "\u{feff}PLAN,legacy_id,Name\r\nFleet,A1,\"One, first\"\r\n,A2,\"Tw\"\"o\"\r\n";
    let rows = [plain, other].map(|text| {
        let database = Database::new();
        let muster = Muster::on(&database).file("accounts.csv", text);
        muster.run(["import", "accounts.csv", "--out", "out"]).exits(0);
        database.text("SELECT legacy_id, name, plan FROM accounts ORDER BY 1")
    });
    assert_eq!(rows[0], "A1|One, first|Fleet\nA2|Tw\"o|∅");
    assert_eq!(rows[1], rows[0]);
}

#[test]
fn a_line_break_in_a_cell_is_stored_where_the_schema_allows_it_and_else_rejected() {
    let database = Database::new();
    let accounts = "legacyId,name,plan\nA1,\"One\r\ntwo\",p\nA2,Two,\"p\nq\"\nA3,Three,\n";
    let muster = Muster::on(&database).file("accounts.csv", accounts);
    let schema = muster.run(["schema", "print", "accounts"]).exits(0).stdout();
    let breaking = "name = \"plan\"\ntype = \"text\"\n";
    muster.write("schemas/accounts.toml", schema.replace(breaking, &format!("{breaking}multiline = true\n")));
    let arguments = ["import", "accounts.csv", "--schemas", "schemas", "--out", "out"];
    let run = muster.run(arguments).exits(3);
    assert_eq!(database.text("SELECT legacy_id, plan FROM accounts ORDER BY 1"), "A2|p\nq\nA3|∅");
    let finding = &run.findings("out")[0];
    let lines = [&finding["line_start"], &finding["line_end"], &finding["record"]];
    assert_eq!(lines.map(|line| line.as_u64().unwrap()), [2, 3, 1], "{run}");
    assert_eq!(finding["code"], "control-character");
}

#[test]
fn standard_input_gives_the_same_rejects_as_a_file() {
    let text = "legacyId,name,contact.email\nA1,One,a@\nA2,,b@x.nl\nA3,Three,c@x.nl\n";
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.csv", text);
    let run = muster.run(["check", "accounts.csv", "--out", "out"]).exits(3);
    let mut command = muster.command(["import", "accounts=-", "--out", "stdin"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(run.read("stdin/accounts.rejected.csv"), run.read("out/accounts.rejected.csv"));
    let places = |out: &str| -> Vec<String> {
        let place = |f: &serde_json::Value| {
            format!("{} {} {} {}", f["record"], f["byte_start"], f["byte_end"], f["code"])
        };
        run.findings(out).iter().map(place).collect()
    };
    assert_eq!(places("stdin"), places("out"));
    assert_eq!(database.text("SELECT legacy_id FROM accounts"), "A3");
}

#[test]
fn several_files_of_an_entity_are_one_and_leave_the_columns_alone_that_they_lack() {
    let database = Database::new();
    let muster = Muster::on(&database)
        .file("accounts.csv", "legacyId,name,plan,labels\nA1,One,Fleet,x\nA2,Two,Fleet,y\n");
    muster.run(["import", "accounts.csv", "--out", "out"]).exits(0);
    muster.write("accounts-1.csv", "plan,legacyId,name\n,A1,One\nBasic,A3,Three\n");
    muster.write("accounts-2.csv", "labels,name,legacyId\n\"\",Two!,A2\nz,One,A1\n,Four,A4\n");
    let run = muster.run(["import", "accounts-1.csv", "accounts-2.csv", "--out", "out"]).exits(3);
    let rows = database.text("SELECT legacy_id, name, plan, labels FROM accounts ORDER BY 1");
    assert_eq!(rows, "A1|One|∅|{x}\nA2|Two!|Fleet|{}\nA3|Three|Basic|{}\nA4|Four|∅|{}");
    let finding = &run.findings("out")[0];
    assert_eq!((&finding["code"], &finding["record"]), (&"duplicate-key".into(), &2.into()), "{run}");
    assert_eq!(finding["related"], serde_json::json!({"file": "accounts-1.csv", "record": 1}), "{run}");
    assert_eq!(run.read("out/accounts-2.duplicates.csv"), b"labels,name,legacyId\nz,One,A1\n");
}

#[test]
fn an_empty_file_with_a_header_is_fine() {
    let database = Database::new();
    let muster =
        Muster::on(&database).file("accounts.csv", "legacyId,name\n").file("users.csv", "email,accountId");
    muster.run(["import", "accounts.csv", "users.csv", "--out", "out"]).exits(0);
    assert_eq!(database.text("SELECT count(*) FROM accounts UNION ALL SELECT count(*) FROM users"), "0\n0");
}

#[test]
fn the_tables_are_made_as_schema_ddl_prints_them() {
    let described = |database: &Database| {
        database.text(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                    a.attcollation::regcollation, pg_get_expr(d.adbin, d.adrelid)
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
             LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
             WHERE c.relname IN ('accounts', 'users') ORDER BY 1, a.attnum",
        ) + &database.text(
            "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint
             WHERE conrelid IN ('accounts'::regclass, 'users'::regclass) ORDER BY 1, 2",
        )
    };
    let (made, printed) = (Database::new(), Database::new());
    let muster = Muster::on(&made).file("accounts.csv", "legacyId,name\n");
    muster.run(["import", "accounts.csv", "--out", "out"]).exits(0);
    printed.rows(&muster.run(["schema", "ddl"]).exits(0).stdout());
    assert_eq!(described(&made), described(&printed));
    assert!(described(&made).contains("CHECK"));
}

#[test]
fn without_a_database_named_the_private_local_one_is_used() {
    let muster = Muster::new()
        .file("accounts.csv", "legacyId,name\nA1,One\n")
        .file("users.csv", "email,account.legacyId\na@x.nl,A1\n");
    muster.run(["import", "accounts.csv", "users.csv", "--out", "one"]).exits(0);
    let run = muster.run(["import", "users.csv", "--out", "two"]).exits(0);
    assert_eq!(run.summary("two")["entities"][0]["unchanged"], 1, "{run}");
    let reported = muster.run(["db", "psql", "--", "-Atc", "SELECT email FROM users"]).exits(0);
    assert_eq!(reported.stdout(), "a@x.nl\n");
}
