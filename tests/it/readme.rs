//! The README says what the program does: its command lines can be typed, its tables are the program's own, and
//! what it shows of the samples is what the samples give. `make golden` writes the table of codes anew.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use muster::internals::{Code, Exit, wrong_command_line};

use crate::support::{Database, Muster};

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

fn readme() -> String {
    fs::read_to_string(path()).unwrap()
}

/// What follows the comment of this name, up to the next blank line behind its beginning.
fn part<'t>(text: &'t str, name: &str) -> &'t str {
    let mark = format!("<!-- {name} -->\n");
    let start = text.find(&mark).unwrap_or_else(|| panic!("README.md has no {mark}")) + mark.len();
    let end = text[start..].find("\n\n").map_or(text.len(), |end| start + end + 1);
    &text[start..end]
}

/// The commands of the README's `sh` blocks, from the word `muster` on, split into words as a shell would.
fn commands() -> Vec<Vec<String>> {
    let text = readme();
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let lines = blocks.flat_map(str::lines).filter(|line| !line.starts_with('#'));
    let commands = lines.filter_map(|line| {
        let words = words(line);
        let start = words.iter().position(|word| word == "muster")?;
        let end = words.iter().position(|word| word == ">").unwrap_or(words.len());
        Some(words[start..end].to_vec())
    });
    commands.collect()
}

/// Splits a line at spaces outside single quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn every_command_line_can_be_typed() {
    let commands = commands();
    assert!(commands.len() > 20, "the README's commands are not where this test looks: {commands:?}");
    for command in commands {
        if let Some(error) = wrong_command_line(&command) {
            panic!("{command:?}: {error}");
        }
    }
}

#[test]
fn the_codes_are_those_of_muster_explain() {
    let mut table = String::from("| code | severity | meaning |\n| --- | --- | --- |\n");
    for code in Code::ALL {
        let (severity, what) = (code.default_severity(), code.explanation().what);
        writeln!(table, "| `{code}` | {severity} | {} |", what.trim_end_matches('.')).unwrap();
    }
    let text = readme();
    let found = part(&text, "codes");
    if std::env::var_os("MUSTER_GOLDEN").is_some() {
        fs::write(path(), text.replace(found, &table)).unwrap();
    } else {
        assert_eq!(found, table, "`make golden` writes the table anew");
    }
}

#[test]
fn the_exit_codes_are_those_of_the_program_and_its_help() {
    let text = readme();
    let rows: Vec<(u8, &str)> = part(&text, "exit codes")
        .lines()
        .skip(2)
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            (cells[0].parse().unwrap(), cells[1])
        })
        .collect();
    let all = [
        Exit::Done,
        Exit::Failed,
        Exit::Usage,
        Exit::Rejects,
        Exit::Refused,
        Exit::Unknown,
        Exit::Interrupted,
    ];
    assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), all.map(Exit::code));
    let help = Muster::new().run(["--help"]).exits(0).stdout();
    for (code, meaning) in rows {
        assert!(help.contains(&format!("\n  {code:<4} {meaning}\n")), "{code} {meaning} is not in:\n{help}");
    }
}

#[test]
fn the_samples_give_what_is_shown_and_a_second_time_nothing_is_written() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let files = ["accounts.csv", "users.csv"].map(|name| samples.join(name).to_str().unwrap().to_owned());
    let database = Database::new();
    let muster = Muster::on(&database);
    let import = |out: &str| muster.run(["import", "--out", out, &files[0], &files[1]]).exits(3);
    let first = import("first").stdout();
    let text = readme();
    let shown = part(&text, "samples").trim_start_matches("```text\n").trim_end_matches("```\n");
    assert!(first.contains(shown), "the README shows\n{shown}\nand the samples give\n{first}");
    let second = import("second").summary("second");
    for entity in second["entities"].as_array().unwrap() {
        assert_eq!(entity["unchanged"], entity["accepted"], "{entity}");
        assert_eq!((entity["inserted"].as_u64(), entity["updated"].as_u64()), (Some(0), Some(0)), "{entity}");
    }
}

#[test]
fn a_wrong_delimiter_is_named_with_the_columns_that_are_missed() {
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
