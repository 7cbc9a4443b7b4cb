//! The corpus: each folder below `tests/cases` is one file, or a few, with one fault or in one dialect, and all
//! that `muster check` makes of it. `make golden` rewrites what is expected, to be looked at with git diff.
//!
//! Of a folder, all files but `args`, `stdin` and those below `schemas/` and `expected/` are inputs, given in
//! the order of their names. `args` holds further arguments, one a line, and comments behind `#` that say what
//! the case is about; where it names an input itself, none is added. What `expected/` holds is every file that
//! the run writes, but for the page, and `terminal`: exit code, standard output and standard error. The run's
//! identity, its times, the version and the schema's digest are replaced by placeholders.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use serde_json::Value;

use super::support::Muster;

/// The page changes with its design, and has tests of its own.
const NOT_KEPT: [&str; 1] = ["report.html"];

/// What a run left behind, by name.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

#[test]
fn every_case_gives_its_expected_outputs_to_the_byte() {
    let rewrite = std::env::var_os("MUSTER_GOLDEN").is_some();
    assert!(runs().len() >= 60, "only {} cases in {}", runs().len(), root().display());
    let mut failures = String::new();
    for (case, found) in runs() {
        let name = case.file_name().unwrap().to_str().unwrap();
        let golden = case.join("expected");
        if rewrite {
            put(&golden, found);
        }
        let difference = difference(&files_below(&golden), found);
        if !difference.is_empty() {
            write!(failures, "\n======== tests/cases/{name}\n{difference}").unwrap();
        }
    }
    assert!(
        failures.is_empty(),
        "{failures}\n`-` is what was expected; `make golden` takes what was found (`+`) for right"
    );
}

/// What each case's run must be, whatever it is about: no panic, an exit code of the contract, and the law of
/// rows.
#[test]
fn no_case_breaks_a_law() {
    for (case, files) in runs() {
        let name = case.display();
        let terminal = String::from_utf8(files["terminal"].clone()).unwrap();
        assert!(!terminal.contains("panicked"), "{name}: {terminal}");
        let code = terminal.lines().next().unwrap();
        assert!(["exit 0", "exit 1", "exit 2", "exit 3", "exit 4"].contains(&code), "{name}: {code}");
        let Some(summary) = files.get("summary.json") else { continue };
        let summary: Value = serde_json::from_slice(summary).unwrap();
        for entity in summary["entities"].as_array().unwrap() {
            let count = |name: &str| entity[name].as_u64().unwrap();
            let settled = count("accepted") + count("rejected") + count("duplicates");
            // A run that failed has read nothing, or not to the end.
            assert!(summary["status"] == "failed" || count("read") == settled, "{name}: {entity}");
        }
    }
}

/// The bytes of every record in the findings are what stands in the file that goes back, in the same order.
#[test]
fn every_rejected_record_of_the_corpus_is_a_slice_of_its_source() {
    let mut records = 0;
    for (case, files) in runs() {
        for (name, returned) in files.iter().filter(|(name, _)| name.ends_with(".rejected.csv")) {
            let source = case.join(name.replace(".rejected.csv", ".csv"));
            // Compressed inputs and standard input are stored otherwise.
            let Ok(source) = fs::read(source) else { continue };
            let findings = String::from_utf8(files["rejects.ndjson"].clone()).unwrap();
            let findings = findings.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            let own = |finding: &Value| {
                finding["file"] == name.replace(".rejected.csv", ".csv") && finding["severity"] == "reject"
            };
            let spans: BTreeSet<(usize, usize)> = findings
                .filter(own)
                .filter(|finding| finding["record"] != 0)
                .map(|finding| {
                    let at = |name: &str| usize::try_from(finding[name].as_u64().unwrap()).unwrap();
                    (at("byte_start"), at("byte_end"))
                })
                .collect();
            let mut rest = returned.as_slice();
            for (start, end) in spans {
                let record = &source[start..end];
                let found = rest.windows(record.len()).position(|window| window == record);
                let found = found.unwrap_or_else(|| panic!("{}: {start}..{end}", case.display()));
                rest = &rest[found + record.len()..];
                records += 1;
            }
            assert!(rest.len() <= 4, "{}: more than a line end is left", case.display());
        }
    }
    assert!(records > 100, "only {records} rejected records in the corpus");
}

/// All cases and what their runs left behind. They are run once, for all tests here.
pub(super) fn runs() -> &'static [(PathBuf, Files)] {
    static RUNS: OnceLock<Vec<(PathBuf, Files)>> = OnceLock::new();
    RUNS.get_or_init(|| {
        let cases = folders(&root());
        let share =
            |cases: &[PathBuf]| cases.iter().map(|case| (case.clone(), run(case))).collect::<Vec<_>>();
        std::thread::scope(|scope| {
            let threads: Vec<_> = cases
                .chunks(cases.len().div_ceil(4))
                .map(|cases| scope.spawn(move || share(cases)))
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        })
    })
}

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

/// The folders directly below one.
pub(super) fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// All files below a folder, by their path in it.
pub(super) fn files_below(folder: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(each) = folders.pop() {
        for entry in fs::read_dir(each).into_iter().flatten().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// Runs one case in a folder of its own.
fn run(case: &Path) -> Files {
    run_in(case, &Muster::new())
}

/// Runs one case in this folder.
pub(super) fn run_in(case: &Path, muster: &Muster) -> Files {
    let mut arguments = vec!["check".to_owned(), "--out".to_owned(), "out".to_owned()];
    let mut inputs = Vec::new();
    for (name, bytes) in files_below(case) {
        match name.as_str() {
            "args" => {
                let text = String::from_utf8(bytes).unwrap();
                let own = text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned);
                arguments.extend(own);
            }
            "stdin" => muster.write(&name, bytes),
            name if name.starts_with("expected/") => {}
            name => {
                muster.write(name, bytes);
                if !name.starts_with("schemas/") {
                    inputs.push(name.to_owned());
                }
            }
        }
    }
    if !inputs.iter().any(|input| arguments.contains(input)) {
        arguments.append(&mut inputs);
    }
    let mut command = muster.command(&arguments);
    if let Ok(stdin) = fs::File::open(muster.path("stdin")) {
        command.stdin(Stdio::from(stdin));
    }
    let output = command.output().unwrap();
    let mut files = files_below(&muster.path("out"));
    files.retain(|name, _| !NOT_KEPT.contains(&name.as_str()));
    let secrets = Placeholders::of(files.get("summary.json"));
    for (name, bytes) in &mut files {
        if ["summary.json", "rejects.ndjson", "rejects.csv"].contains(&name.as_str()) {
            let text = String::from_utf8(std::mem::take(bytes)).unwrap();
            *bytes = secrets.hide(&text).into_bytes();
        }
    }
    let code = output.status.code().map_or("none".to_owned(), |code| code.to_string());
    let text = |bytes: &[u8]| secrets.hide(std::str::from_utf8(bytes).unwrap());
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let terminal = format!("exit {code}\n---- standard output\n{out}---- standard error\n{err}");
    files.insert("terminal".to_owned(), terminal.into_bytes());
    files
}

/// What differs from run to run, with the word that stands for it.
pub(super) struct Placeholders(Vec<(String, &'static str)>);

impl Placeholders {
    /// The values of a run, taken from its summary.
    pub(super) fn of(summary: Option<&Vec<u8>>) -> Self {
        let summary: Value =
            summary.map_or(Value::Null, |bytes| serde_json::from_slice(bytes).expect("summary.json is JSON"));
        let names = [
            ("run", "RUN"),
            ("finished", "FINISHED"),
            ("started", "STARTED"),
            ("version", "VERSION"),
            ("schema_sha256", "SCHEMA"),
        ];
        let values = names.into_iter().filter_map(|(name, word)| {
            let value = summary[name].as_str()?;
            // The version is too short to be looked for by itself.
            Some(match name {
                "version" => (format!("\"version\": \"{value}\""), "\"version\": \"VERSION\""),
                // A run may end in the millisecond in which it began.
                "finished" => (format!("\"finished\": \"{value}\""), "\"finished\": \"FINISHED\""),
                _ => (value.to_owned(), word),
            })
        });
        Self(values.collect())
    }

    pub(super) fn hide(&self, text: &str) -> String {
        let hide = |text: String, (value, word): &(String, &'static str)| text.replace(value, word);
        let text = self.0.iter().fold(text.to_owned(), hide);
        text.split_inclusive('\n').map(without_time).map(without_duration).collect()
    }
}

/// A line of the log without the time that it begins with.
fn without_time(line: &str) -> &str {
    let time = line.split_once("Z ").map(|(time, rest)| (time, rest.trim_start()));
    match time {
        Some((time, rest)) if time.len() > 18 && time.bytes().all(|b| b"0123456789-:.T".contains(&b)) => rest,
        _ => line,
    }
}

/// A line of the summary without the time that the run took (`…, 0.1 s`).
fn without_duration(line: &str) -> String {
    match line.trim_end().strip_suffix(" s").and_then(|rest| rest.rsplit_once(", ")) {
        Some((rest, time)) if time.parse::<f64>().is_ok() => format!("{rest}, TIME\n"),
        _ => line.to_owned(),
    }
}

pub(super) fn put(golden: &Path, files: &Files) {
    if golden.exists() {
        fs::remove_dir_all(golden).unwrap();
    }
    fs::create_dir_all(golden).unwrap();
    for (name, bytes) in files {
        fs::write(golden.join(name), bytes).unwrap();
    }
}

/// What a person needs to see why two sets of files differ; empty where they do not.
pub(super) fn difference(expected: &Files, found: &Files) -> String {
    let names: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    let mut text = String::new();
    for name in names {
        match (expected.get(name), found.get(name)) {
            (Some(old), Some(new)) if old == new => {}
            (Some(old), Some(new)) => write!(text, "-------- {name}\n{}", changed_lines(old, new)).unwrap(),
            (Some(_), None) => writeln!(text, "-------- {name}: expected, and not written").unwrap(),
            (None, _) => writeln!(text, "-------- {name}: written, and not expected").unwrap(),
        }
    }
    text
}

/// The lines between the first and the last difference, with those that go and those that come.
fn changed_lines(old: &[u8], new: &[u8]) -> String {
    let lines = |bytes: &[u8]| -> Vec<String> {
        let shown = |line: &[u8]| match std::str::from_utf8(line) {
            Ok(text) => text.escape_debug().to_string().replace("\\\"", "\""),
            Err(_) => line.escape_ascii().to_string(),
        };
        bytes.split_inclusive(|byte| *byte == b'\n').map(shown).collect()
    };
    let (old, new) = (lines(old), lines(new));
    let alike = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[alike..], &new[alike..]);
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let mut text = format!("@@ line {} @@\n", alike + 1);
    let shown = [('-', &old_rest[..old_rest.len() - tail]), ('+', &new_rest[..new_rest.len() - tail])];
    for (sign, lines) in shown {
        for line in lines {
            writeln!(text, "{sign} {line}").unwrap();
        }
    }
    text
}
