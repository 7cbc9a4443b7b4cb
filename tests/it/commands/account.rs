//! One account by hand: it goes the way of an import with one row, and leaves the same row or the same findings.

use std::io::Write as _;
use std::process::{Output, Stdio};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::{Database, Muster};

/// Runs with something on standard input.
fn run_with(muster: &Muster, arguments: &[&str], input: &str) -> Output {
    let mut command = muster.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Who is refused at once does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// The same, and asserts the exit code.
#[track_caller]
fn fed(muster: &Muster, arguments: &[&str], input: &str, code: i32) -> Output {
    let output = run_with(muster, arguments, input);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{said}");
    output
}

fn json_of(output: &[u8]) -> Value {
    serde_json::from_slice(output).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(output)))
}

#[test]
fn an_account_is_created_once_and_updated_when_that_is_asked_for() {
    let database = Database::new();
    let muster = Muster::on(&database);
    let create = |more: &[&str]| muster.run([&["account", "create", "--legacyId", "A-1"], more].concat());
    let first = create(&["--name", "Jansen", "--plan", "pro", "--labels", "a", "--labels", "b"]).exits(0);
    assert!(first.stdout().contains("accounts A-1 is created"), "{first}");
    assert_eq!(first.stderr(), "");
    let again = create(&["--name", "Other"]).exits(4);
    assert!(again.stderr().contains("legacyId A-1 exists already"), "{again}");
    assert_eq!(again.stdout(), "");
    let row = "SELECT name, plan, labels FROM accounts";
    assert_eq!(database.text(row), "Jansen|pro|{a,b}");
    // What was not given is left alone, what was given empty is emptied.
    let updated = create(&["--name", "Other", "--labels", "", "--update", "--json"]).exits(0).stdout();
    assert_eq!(database.text(row), "Other|pro|{}");
    assert_eq!(json_of(updated.as_bytes())["plan"], "pro");
    create(&["--name", "Other", "--update"]).exits(0);
    let journal = "SELECT command, status FROM muster.runs ORDER BY id";
    assert_eq!(database.text(journal), ["account create|committed"; 3].join("\n"));
    assert!(!muster.path("muster-runs").exists(), "no reports are kept unless they are asked for");
}

#[test]
fn a_created_account_can_be_undone() {
    let database = Database::new();
    let muster = Muster::on(&database);
    muster.run(["account", "create", "--legacyId", "A-1", "--name", "Jansen"]).exits(0);
    let run = database.text("SELECT id::text FROM muster.runs");
    muster.run(["undo", &run, "--yes"]).exits(0);
    assert_eq!(database.text("SELECT count(*) FROM accounts"), "0");
}

#[test]
fn a_dry_run_prints_the_row_and_leaves_nothing() {
    let database = Database::new();
    let muster = Muster::on(&database);
    let line = ["account", "create", "--legacyId", "A-1", "--name", " Zoë ", "--dry-run", "--json"];
    let row = json_of(muster.run(line).exits(0).stdout().as_bytes());
    assert_eq!(row["name"], "Zoë");
    assert_eq!(database.text("SELECT to_regclass('accounts') IS NULL"), "t");
}

#[test]
fn findings_are_shown_with_the_field_and_masked_and_the_exit_code_is_3() {
    let database = Database::new();
    let muster = Muster::on(&database);
    let line = "account create --legacyId A-1 --name x --contact.email jan@ --contact.gender vrouw \
                --payment.iban NL91ABNA0417164301";
    let words: Vec<&str> = line.split_whitespace().collect();
    let run = muster.run(&words).exits(3);
    assert_eq!(run.stdout(), "");
    for part in [
        "reject[invalid-email]: the domain has no dot\n --> contact.email\n  | jan@\n  | ^^^^\n",
        "warning[defaulted]",
        "reject[invalid-iban]",
        "NL** **** **** **** 01",
        "rejected; nothing has been written",
    ] {
        assert!(run.stderr().contains(part), "{part}{run}");
    }
    assert!(!run.stderr().contains("NL91"), "{run}");
    let found = json_of(muster.run([words.as_slice(), &["--json"]].concat()).exits(3).stdout().as_bytes());
    let codes: Vec<_> = found["findings"].as_array().unwrap().iter().map(|f| f["code"].clone()).collect();
    assert_eq!(codes, ["defaulted", "invalid-email", "invalid-iban"]);
    let strict = ["account", "create", "--legacyId", "A-1", "--name", "x", "--contact.gender", "vrouw"];
    muster.run([strict.as_slice(), &["--strict"]].concat()).exits(3);
    muster.run(strict).exits(0);
}

#[test]
fn a_rejected_record_is_no_run() {
    let database = Database::new();
    let muster = Muster::on(&database);
    muster.run(["account", "create", "--legacyId", "A-1", "--name", "x"]).exits(0);
    let line =
        ["account", "create", "--legacyId", "A-2", "--name", "x", "--contact.email", "jan@", "--out", "kept"];
    let rejected = muster.run(line).exits(3);
    assert!(!rejected.stderr().contains("run"), "{rejected}");
    // Its reports are kept where that was asked for, and only there.
    assert_eq!(rejected.findings("kept").len(), 1);
    assert!(!muster.path("muster-runs").exists());
    assert_eq!(database.text("SELECT count(*) FROM muster.runs"), "1");
}

#[test]
fn json_comes_from_standard_input_or_from_a_file() {
    let database = Database::new();
    let muster = Muster::on(&database);
    let record = r#"{"legacyId": "A-1", "name": "Zoë \"Z\"", "contact": {"gender": "female", "phone": 31612345678},
                     "labels": ["a", "b"], "plan": null, "netsuite": {"id": 3}, "shoe": 4}"#;
    let output = fed(&muster, &["account", "create", "--json"], record, 0);
    let row = json_of(&output.stdout);
    assert_eq!(
        row["contact"],
        json!({"gender": "female", "firstName": null, "lastName": null, "email": null, "phone": "+31612345678"})
    );
    assert_eq!((&row["labels"], &row["plan"]), (&json!(["a", "b"]), &Value::Null));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("netsuite.id") && said.contains("warning[unknown-column]"), "{said}");
    // The row as it is printed is a record as it is read; the system's own names are no fields.
    let output = fed(&muster, &["account", "create", "--update", "--json", "-"], &row.to_string(), 0);
    assert_eq!(json_of(&output.stdout), row);
    muster.write("one.json", r#"{"legacyId": "A-2", "name": "x"}"#);
    muster.run(["account", "create", "one.json"]).exits(0);
    assert_eq!(database.text("SELECT count(*) FROM accounts"), "2");
}

#[test]
fn an_impossible_record_is_refused_before_the_database_is_asked() {
    let muster = Muster::new().env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none");
    let create: &[&str] = &["account", "create"];
    for (input, said) in [
        ("", "nothing on standard input"),
        ("{\"name\": \"a\",}", "line 1 column"),
        ("{\"name\": \"a\", \"NAME\": \"b\"}", "given twice"),
    ] {
        let stderr = String::from_utf8(fed(&muster, create, input, 2).stderr).unwrap();
        assert!(stderr.contains(said), "{input}: {stderr}");
    }
    fed(&muster, &["account", "create", "-", "--name", "x"], "{}", 2);
    fed(&muster, &["account", "create", "--naam", "x"], "", 2);
    fed(&muster, &["account", "create", "--entity", "shops"], "", 2);
}

#[test]
fn a_record_that_looks_like_its_own_header_is_not_skipped_silently() {
    let database = Database::new();
    let muster = Muster::on(&database);
    let run = muster.run(["account", "create", "--legacyId", "legacyId", "--name", "name"]).exits(3);
    assert!(run.stderr().contains("repeated-header"), "{run}");
}

#[test]
fn a_password_stops_the_record_as_it_stops_a_file() {
    let database = Database::new();
    let muster = Muster::on(&database);
    let input = r#"{"legacyId": "A-1", "name": "x", "passwordHash": "s3cret"}"#;
    let stderr = String::from_utf8(fed(&muster, &["account", "create"], input, 1).stderr).unwrap();
    assert!(stderr.contains("forbidden-column") && !stderr.contains("s3cret"), "{stderr}");
}

#[test]
fn reports_are_written_where_requested() {
    let database = Database::new();
    let muster = Muster::on(&database);
    let run = muster.run(["account", "create", "--legacyId", "A-1", "--name", "", "--out", "out"]).exits(3);
    assert_eq!(run.findings("out")[0]["code"], "required");
    assert_eq!(run.summary("out")["status"], "checked", "a rejected record is no run");
    assert!(String::from_utf8(run.read("out/accounts.rejected.csv")).unwrap().contains("\nA-1,"));
    muster.run(["account", "create", "--legacyId", "A-1", "--name", "x"]).exits(0);
    let refused =
        muster.run(["account", "create", "--legacyId", "A-1", "--name", "x", "--out", "again"]).exits(4);
    assert_eq!(refused.summary("again")["status"], "refused");
    let page = String::from_utf8(refused.read("again/report.html")).unwrap();
    assert!(
        page.contains("because of what it would have changed") && !page.contains("more than --max-rejects")
    );
}

/// For each column of the accounts some cells that are right, right after a change, and wrong.
const CELLS: [(&str, &[&str]); 33] = [
    ("legacyId", &["A", " A-1 ", "", "a\tb"]),
    ("name", &["Jansen", "  Zoë\u{200b} ", "", "a\nb", "x\u{7}y", "it's \"q\", ; ok", "=1+1", "'=1+1"]),
    ("type", &["private", "Zakelijk", "compny", "", "other"]),
    ("plan", &["pro", "", " ", "plan"]),
    ("language", &["nl", "en-gb", "dutch language", ""]),
    ("contact.gender", &["female", "male", "FEMALE", "vrouw", ""]),
    ("contact.firstName", &["Jan", "", "\u{feff}Jan"]),
    ("contact.lastName", &["de Vries", ""]),
    (
        "contact.email",
        &["Jan@Example.NL ", "jan@", "jan@example", "jan@gmial.com", "a b@c.nl", "", "jän@x.nl"],
    ),
    ("contact.phone", &["0612345678", "+32 2 555 12 12", "12", "3.16123E+10", "=\"0612345678\"", "abc", ""]),
    ("companyNumber", &["12345678", "1234", ""]),
    ("vatNumber", &["NL001234567B01", "BE0123456789", "NL1", "001234567B01", ""]),
    ("billingAddress.street", &["Dam", ""]),
    ("billingAddress.number", &["1a", ""]),
    ("billingAddress.postalCode", &["1234ab", "12345", "1234", ""]),
    ("billingAddress.city", &["Gent", ""]),
    ("billingAddress.province", &["", "Utrecht"]),
    ("billingAddress.countryCode", &["NL", "BE", "UK", "Nederland", "deu", "Atlantis", ""]),
    ("payment.method", &["directDebit", "incasso", "cash", ""]),
    ("payment.iban", &["NL91 ABNA 0417 1643 00", "NL91ABNA0417164301", "XX00", ""]),
    ("payment.bic", &["ABNANL2A", "DEUTDEFF", "ABN", ""]),
    ("payment.accountHolder", &["J. Jansen", ""]),
    ("payment.reference", &["r", ""]),
    ("reimbursement.enabled", &["true", "false", "yes", "TRUE", ""]),
    ("reimbursement.iban", &["BE68539007547034", "be68 5390 0754 7034", "BE6853900754703", ""]),
    ("reimbursement.bic", &["GEBABEBB", "x", ""]),
    ("reimbursement.accountHolder", &["x", ""]),
    ("reimbursement.email", &["a@b.nl", "a@@b.nl", ""]),
    ("reimbursement.reference", &["y", ""]),
    ("notifications.enabled", &["true", "1", ""]),
    ("notifications.email", &["a@b.nl", "a.b.nl", ""]),
    ("featureFlags", &["a,b,a", ", ,", "", "\"x\",y"]),
    ("labels", &["x", "x, y", ""]),
];

/// A record: cells of the required columns, and of some others.
fn records() -> impl Strategy<Value = Vec<(usize, String)>> {
    let odd = "[ -~é\u{a0}\u{200b}日,;\"'\n]{0,12}";
    let cell = move |column: usize| {
        let known = prop::sample::select(CELLS[column].1).prop_map(str::to_owned);
        prop_oneof![6 => known, 1 => odd]
    };
    let columns = prop::sample::subsequence((2..CELLS.len()).collect::<Vec<_>>(), 0..12);
    columns.prop_flat_map(move |columns| {
        [0, 1].into_iter().chain(columns).map(|column| (Just(column), cell(column))).collect::<Vec<_>>()
    })
}

/// What a run says that is not about its place in a file.
fn essence(findings: &[Value]) -> Vec<Value> {
    let keys = ["entity", "record", "column", "field", "severity", "code", "value", "message", "suggestion"];
    let reported = |finding: &Value| -> Value { keys.iter().map(|key| finding[key].clone()).collect() };
    let mut reported: Vec<Value> = findings.iter().map(reported).collect();
    // They are in the order of the columns, which may differ.
    reported.sort_by_key(Value::to_string);
    reported
}

/// The accounts as they are, but for when that was and in what order.
const ROWS: &str = "SELECT coalesce(jsonb_agg(to_jsonb(t) - '{id,created_at,updated_at}'::text[] \
                    ORDER BY legacy_id), '[]') FROM accounts t";

#[test]
fn a_record_created_and_a_record_imported_leave_the_same_row_or_the_same_findings() {
    let (one, other) = (Database::new(), Database::new());
    let (create, import) = (Muster::on(&one), Muster::on(&other));
    // The tables are there, also where the first record is rejected.
    for muster in [&create, &import] {
        muster.run(["account", "create", "--legacyId", "first", "--name", "x"]).exits(0);
    }
    let mut runner = TestRunner::new(Config { cases: 32, failure_persistence: None, ..Config::default() });
    let cases = runner.run(&(records(), any::<bool>()), |(record, flags)| {
        // In a file it is a blank line.
        if record.iter().all(|(_, cell)| cell.trim().is_empty()) {
            return Ok(());
        }
        let name = |column: usize| CELLS[column].0;
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(record.iter().map(|(column, _)| name(*column))).unwrap();
        csv.write_record(record.iter().map(|(_, cell)| cell)).unwrap();
        import.write("accounts.csv", csv.into_inner().unwrap());
        let imported = import.run(["import", "accounts.csv", "--out", "out", "--show-values"]);
        let mut line = vec!["account", "create", "--update", "--out", "out", "--show-values"];
        let mut input = String::new();
        let words: Vec<_> =
            record.iter().map(|(column, cell)| format!("--{}={cell}", name(*column))).collect();
        if flags {
            line.extend(words.iter().map(String::as_str));
        } else {
            let cells = record.iter().map(|(column, cell)| (name(*column).to_owned(), cell.as_str().into()));
            input = Value::Object(cells.collect()).to_string();
        }
        let created = run_with(&create, &line, &input);
        let said = String::from_utf8_lossy(&created.stderr);
        let findings = std::fs::read_to_string(create.path("out/rejects.ndjson")).unwrap();
        let findings: Vec<_> = findings.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        prop_assert_eq!(essence(&findings), essence(&imported.findings("out")), "{}{}", said, imported);
        prop_assert_eq!(one.text(ROWS), other.text(ROWS));
        Ok(())
    });
    cases.unwrap_or_else(|failed| panic!("{failed}"));
    let rows: i64 = one.text("SELECT count(*) FROM accounts").parse().unwrap();
    assert!(rows > 1, "some records must have been right, or nothing was compared");
}
