//! `muster rejects`, and what no report may do: show a sensitive value, steer a terminal, start a formula.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::Muster;

const ACCOUNTS: &str = "legacyId,name,contact.email,payment.iban\n\
    A1,Acme,info@acme.nl,NL91ABNA0417164301\nA2,Bar,wrong,NL91ABNA0417164300\nA3,Baz,wrong,\n";

fn checked(options: &[&str]) -> Muster {
    let muster = Muster::new().file("accounts.csv", ACCOUNTS);
    muster.run(["check", "accounts.csv", "--out", "out"].into_iter().chain(options.iter().copied())).exits(3);
    muster
}

#[test]
fn findings_are_counted_filtered_and_shown_with_their_lines() {
    let muster = checked(&[]);
    let view = muster.run(["rejects", "out"]).exits(0).stdout();
    assert!(view.contains("3 findings by rule, column and value"), "{view}");
    assert!(view.contains("2  reject    invalid-email  accounts.contact.email"), "{view}");
    assert!(view.lines().all(|line| line.chars().count() <= 80), "{view}");
    let view = muster.run(["rejects", "out", "--code", "invalid-email", "--show", "1"]).exits(0).stdout();
    let expected = " --> accounts.csv:3 (accounts, record 2, column contact.email)\n  |\n3 | A2,Bar,wrong,NL** **** **** **** 00\n  |        ^^^^^\n";
    assert!(view.contains(expected), "{view}");
    let json = muster.run(["rejects", "out", "--json", "--column", "payment.iban"]).exits(0).stdout();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["findings"], &json["rules"][0]["code"]), (&1.into(), &"invalid-iban".into()));
    muster.write("accounts.csv", ACCOUNTS.replace("wrong", "right"));
    let view = muster.run(["rejects", "out", "--show", "1"]).exits(0).stdout();
    assert!(view.contains("no line: the file was changed since the run"), "{view}");
}

#[test]
fn printed_findings_are_those_that_the_run_wrote() {
    let muster = checked(&[]);
    let csv = muster.run(["rejects", "out", "--format", "csv"]).exits(0);
    assert_eq!(csv.stdout().as_bytes(), csv.read("out/rejects.csv"));
    let ndjson = muster.run(["rejects", "out", "--format", "ndjson"]).exits(0);
    assert_eq!(ndjson.stdout().as_bytes(), ndjson.read("out/rejects.ndjson"));
    muster.run(["rejects", "out", "--format", "parquet"]).exits(2);
    let parquet = muster.run(["rejects", "out", "--format", "parquet", "--output", "r.parquet"]).exits(0);
    assert!(parquet.read("r.parquet").starts_with(b"PAR1"));
}

#[test]
fn mistakes_on_the_command_line_are_explained() {
    let muster = checked(&[]);
    let error = muster.run(["rejects", "none"]).exits(1).stderr();
    assert!(error.contains("none: no such folder"), "{error}");
    let error = muster.run(["rejects", "."]).exits(1).stderr();
    assert!(error.contains("no summary.json in it"), "{error}");
    let error = muster.run(["rejects", "out", "--code", "invalid-mail"]).exits(2).stderr();
    assert!(error.contains("did you mean `invalid-email`?"), "{error}");
}

#[test]
fn two_runs_are_compared_on_the_terminal_and_in_the_page() {
    let muster = checked(&[]);
    muster.write("accounts.csv", ACCOUNTS.replace("A3,Baz,wrong", "A3,,right@x.nl"));
    let page = muster.run(["check", "accounts.csv", "--out", "now", "--against", "out"]).exits(3);
    let page = String::from_utf8(page.read("now/report.html")).unwrap();
    assert!(
        page.contains("Compared with the earlier run")
            && page.contains("1 new, 0 worse, 1 same, 1 better, 0 gone")
    );
    let view = muster.run(["rejects", "now", "--against", "out"]).exits(3).stdout();
    assert!(view.lines().any(|line| line.starts_with("new ") && line.contains("required")), "{view}");
    assert!(view.ends_with("1 new, 0 worse, 1 same, 1 better, 0 gone\n"), "{view}");
    let view = muster.run(["rejects", "out", "--against", "out"]).exits(0).stdout();
    assert!(view.ends_with("0 new, 0 worse, 2 same, 0 better, 0 gone\n"), "{view}");
    let error = muster.run(["check", "accounts.csv", "--out", "x", "--against", "none"]).exits(1).stderr();
    assert!(error.contains("none: no such folder"), "{error}");
}

#[test]
fn sensitive_values_are_in_the_rejected_records_alone() {
    let secret = "NL91ABNA0417164301";
    let holds = |muster: &Muster, name: &str, text: &str| {
        String::from_utf8_lossy(&fs::read(muster.path(name)).unwrap()).contains(text)
    };
    let reports = ["out/report.html", "out/rejects.ndjson", "out/rejects.csv", "out/summary.json"];
    let muster = checked(&[]);
    for name in reports {
        assert!(!holds(&muster, name, secret), "{name}");
    }
    assert!(holds(&muster, "out/rejects.ndjson", "NL** **** **** **** 01"));
    assert!(holds(&muster, "out/accounts.rejected.csv", secret));
    let said =
        muster.run(["check", "accounts.csv", "--out", "again", "-vv", "--log-format", "json"]).exits(3);
    assert!(!(said.stdout() + &said.stderr()).contains(secret));
    assert!(holds(&checked(&["--show-values"]), "out/rejects.ndjson", secret));
    let hidden = checked(&["--hide-values"]);
    for name in reports {
        assert!(!holds(&hidden, name, "\"wrong\"") && !holds(&hidden, name, ">wrong<"), "{name}");
    }
    let shown = hidden.run(["rejects", "out", "--show", "9"]).exits(0).stdout();
    assert!(!shown.contains("wrong") && !shown.contains(secret), "{shown}");
    let mode = |name: &str| fs::metadata(muster.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("out"), 0o700);
    for entry in fs::read_dir(muster.path("out")).unwrap() {
        let name = entry.unwrap().file_name();
        assert_eq!(mode(&format!("out/{}", name.to_str().unwrap())), 0o600, "{name:?}");
    }
}

#[test]
fn hostile_values_in_data_header_and_file_name_do_nothing() {
    let name = "<script>alert(1)<:script>\u{1b}[31m\u{202e}=x.csv";
    let hostile =
        ["<script>alert(2)</script>", "=cmd|' /C calc'!A0", "\u{1b}]0;x\u{7}", "\u{202e}gnp", "@SUM(A1)"];
    let mut text =
        String::from("legacyId,name,contact.email,<script>alert(3)</script>,\u{1b}[2J\u{202e}=h\n");
    for (at, value) in hostile.iter().enumerate() {
        writeln!(text, "A{at},n,\"{value}\",,").unwrap();
    }
    writeln!(text, "B1,n,\"{}\",,", "<b>".repeat(350_000)).unwrap();
    let muster = Muster::new().file(name, text);
    let file = format!("accounts={name}");
    let said = muster.run(["check", &file, "--out", "out", "--max-record", "4M"]).exits(3);
    let rejects = |more: &[&str]| muster.run(["rejects", "out"].iter().chain(more)).exits(0).stdout();
    for text in [
        said.stdout(),
        said.stderr(),
        rejects(&[]),
        rejects(&["--show", "20"]),
        rejects(&["--format", "csv"]),
    ] {
        let steers = |c: char| (c.is_control() && !"\r\n".contains(c)) || c == '\u{202e}';
        assert!(!text.contains(steers), "{text:?}");
    }
    let page = String::from_utf8(said.read("out/report.html")).unwrap();
    assert_eq!(page.matches("<script").count(), 1, "our own alone");
    assert!(page.len() < 2_000_000 && !page.contains(['\u{202e}', '\u{1b}']));
    let csv = said.read("out/rejects.csv");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&csv[3..]);
    for record in reader.records().map(Result::unwrap) {
        assert!(record.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])), "{record:?}");
    }
}
