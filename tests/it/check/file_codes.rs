//! Codes about a whole file: all but the warnings stop the run before a record is read, and are reported like
//! any finding.

use crate::support::{Database, Muster};

/// Imports one file that stops the run, and gives its findings as `code column value`.
#[track_caller]
fn stopped(name: &str, contents: &[u8]) -> Vec<String> {
    let database = Database::new();
    let muster = Muster::on(&database).file(name, contents);
    let run = muster.run(["import", name, "--out", "out"]).exits(1);
    assert_eq!(run.summary("out")["status"], "failed", "{run}");
    assert_eq!(
        database.text("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"),
        "0"
    );
    assert!(run.stderr().starts_with(&format!("muster: {name}")), "{run}");
    for name in ["rejects.csv", "report.html"] {
        assert!(muster.path("out").join(name).exists(), "{name}{run}");
    }
    let findings = run.findings("out");
    for finding in &findings {
        assert!(finding["record"].is_null() && finding["file"] == name, "{finding}");
        if finding["severity"] == "reject" {
            let code = finding["code"].as_str().unwrap();
            assert!(run.stderr().contains(&format!("({code})")), "{code} is not said{run}");
        }
    }
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    findings.iter().map(|f| format!("{} {}", text(&f["code"]), text(&f["value"]))).collect()
}

#[test]
fn missing_columns_are_all_named() {
    assert_eq!(stopped("accounts.csv", b"plan\np\n"), ["missing-column legacyId", "missing-column name"]);
    assert_eq!(stopped("users.csv", b"email\na@x.nl\n"), ["missing-column account.legacyId"]);
}

#[test]
fn two_columns_for_one_field_are_both_named() {
    let found = stopped("accounts.csv", b"legacyId,name,Legacy_ID,organization\n1,A,1,A\n");
    assert!(found.len() >= 2 && found.iter().all(|line| line.starts_with("duplicate-header")), "{found:?}");
    let text = found.join(" ");
    assert!(text.contains("Legacy_ID") && text.contains("organization"), "{text}");
}

#[test]
fn a_column_with_passwords_stops_the_run() {
    for header in ["password", "PasswordHash", "oldPassword", "pass_word"] {
        let file = format!("legacyId,name,{header}\n1,A,x\n");
        let found = stopped("accounts.csv", file.as_bytes());
        assert_eq!(found.len(), 1, "{header}: {found:?}");
        assert!(found[0].starts_with("forbidden-column"), "{header}: {found:?}");
    }
}

#[test]
fn what_is_no_text_and_what_is_empty_stop_the_run() {
    assert!(stopped("accounts.csv", b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0")[0].starts_with("not-text"));
    assert!(stopped("accounts.csv", b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n")[0].starts_with("not-text"));
    for empty in [&b""[..], b"\n\n", b"\xEF\xBB\xBF"] {
        assert!(stopped("accounts.csv", empty)[0].starts_with("empty-file"), "{empty:?}");
    }
}

#[test]
fn an_unknown_column_is_a_warning_that_names_it() {
    let muster = Muster::new().file("accounts.csv", "legacyId,nmae,name,shoe size\nA1,x,One,44\n");
    let run = muster.run(["check", "accounts.csv", "--out", "out"]).exits(3);
    let findings = run.findings("out");
    let columns: Vec<_> = findings.iter().map(|f| f["column"].as_str().unwrap()).collect();
    assert_eq!(columns, ["nmae", "shoe size"], "{run}");
    assert!(findings.iter().all(|f| f["code"] == "unknown-column" && f["severity"] == "warning"), "{run}");
}

#[test]
fn the_error_for_a_wrong_delimiter_names_the_delimiter() {
    let muster = Muster::new().file("accounts.csv", "legacyId;name\nA1;One\n");
    let run = muster.run(["check", "accounts.csv", "--delimiter", ",", "--out", "out"]).exits(1);
    assert!(run.stderr().contains("legacyId") && run.stderr().contains("--delimiter"), "{run}");
}

#[test]
fn a_wrong_delimiter_is_named_with_the_columns_that_are_missing() {
    let muster = Muster::new().file("users.csv", "email,account.legacyId\nann@example.org,1\n");
    let said = muster.run(["check", "--delimiter", ";", "users.csv"]).exits(1).stderr();
    for part in [
        "users.csv, column email: the column is missing",
        "column account.legacyId: the column is missing",
        "is --delimiter right?",
    ] {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
}
