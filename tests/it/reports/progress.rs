//! What a run prints while it works: plain lines without a terminal, bars on a terminal, logs that a machine can
//! read; and a summary that names the most frequent findings and fits 80 columns.

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::support::{Halted, Muster, said};

/// Long enough for a plain line to come.
const A_LINE: Duration = Duration::from_millis(3_400);

fn accounts(rows: usize) -> String {
    let mut text = String::from("legacyId,name,contact.email\n");
    for row in 0..rows {
        writeln!(text, "A{row},n,no-address").unwrap();
    }
    text
}

/// Standard error of a check that is held for a while where its reports are written.
fn held(options: &[&str]) -> String {
    let muster = Muster::new().file("accounts.csv", accounts(1_500));
    let arguments = ["check", "accounts.csv", "--out", "out"].iter().chain(options);
    let halted = Halted::at(&muster, "reports-written", arguments);
    thread::sleep(A_LINE);
    let output = halted.go_on();
    assert_eq!(output.status.code(), Some(3));
    said(&output)
}

#[test]
fn without_a_terminal_a_plain_line_is_printed_every_few_seconds() {
    let said = held(&[]);
    let line = said.lines().find(|line| line.starts_with("all: reporting, 1,500 findings, "));
    assert!(line.is_some_and(|line| line.ends_with(" findings/s")), "{said}");
    assert!(!said.contains(['\u{1b}', '\r']), "{said:?}");
}

#[test]
fn quiet_and_no_progress_print_no_progress() {
    let said = thread::scope(|scope| {
        let runs = [&["--quiet"][..], &["--no-progress"]].map(|options| scope.spawn(|| held(options)));
        runs.map(|run| run.join().unwrap())
    });
    assert_eq!(said, ["", ""]);
}

#[test]
fn progress_bars_are_drawn_on_a_terminal_and_cleared_at_the_end() {
    let muster = Muster::new().file("accounts.csv", accounts(20_000));
    let like = muster.command([""; 0]);
    let program = like.get_program().to_str().unwrap();
    let line = format!("{program} check accounts.csv --out out");
    // `script` gives the command a terminal.
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &line, "typescript"]).current_dir(muster.path(""));
    script.env("TERM", "xterm").stdin(Stdio::null());
    let output = script.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("reading accounts") && said.contains("rows/s"), "{said:?}");
    assert!(said.contains("\u{1b}[2K"), "a bar that is done is cleared: {said:?}");
    assert!(
        said.contains("\u{1b}[31m") && said.contains("Most frequent"),
        "the summary is coloured: {said:?}"
    );
}

#[test]
fn every_line_of_a_log_for_machines_is_one_object() {
    let muster = Muster::new().file("accounts\u{1b}[31m\n.csv", "sep=;\nlegacyId;name\nA1;x\nA2;\n");
    let options = ["--log-format", "json", "-vv", "--no-progress"];
    let said = muster
        .run(["check", "accounts\u{1b}[31m\n.csv", "--out", "out"].into_iter().chain(options))
        .exits(3)
        .stderr();
    assert!(!said.is_empty());
    for line in said.lines() {
        let parsed: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert!(parsed["level"].is_string() && parsed["timestamp"].is_string(), "{line}");
    }
    assert!(!said.contains('\u{1b}'), "{said:?}");
}

#[test]
fn the_summary_fits_eighty_columns_and_names_three_findings_and_the_next_command() {
    let long = "x".repeat(70);
    let mut text = String::from("legacyId,name,contact.email,contact.phone,billingAddress.countryCode,");
    writeln!(text, "{long}").unwrap();
    for row in 0..60 {
        let wrong = |every: usize, cell: &'static str| if row % every == 0 { cell } else { "" };
        writeln!(text, "A{row},n,{},{},{},", wrong(2, "no"), wrong(3, "x"), wrong(5, "Atlantis")).unwrap();
    }
    let muster = Muster::new().file("accounts-of-the-old-back-office.csv", text);
    let said = muster.run(["check", "accounts-of-the-old-back-office.csv", "--out", "out"]).exits(3).stdout();
    for line in said.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let top: Vec<&str> = said.lines().skip_while(|line| *line != "Most frequent").skip(1).take(3).collect();
    let expected = [
        "  30 rows  invalid-email  accounts.contact.email",
        "  20 rows  invalid-phone  accounts.contact.phone",
        "  12 rows  invalid-country  accounts.billingAddress.countryCode",
    ];
    assert_eq!(top, expected, "{said}");
    let next = "  3. muster import accounts=accounts-of-the-old-back-office.csv\n";
    assert!(said.ends_with(next), "{said}");
}
