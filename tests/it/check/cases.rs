//! The corpus: each folder below `tests/cases` is one file, or a few, with one fault or in one dialect, and all
//! that `muster check` makes of it. `make golden` rewrites what is expected, to be looked at with git diff.
//!
//! Of a folder, all files but `args`, `stdin` and those below `schemas/` and `expected/` are inputs, given in
//! the order of their names. `args` holds further arguments, one a line, and comments after `#` that say what
//! the case is about; where it names an input itself, none is added. What `expected/` holds is every file that
//! the run writes, but for the page, and `terminal`: exit code, standard output and standard error. The run's
//! identity, its times, the version and the schema's digest are replaced by placeholders.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::Muster;
use crate::support::golden::{Files, Placeholders, difference, files_below, put};

/// The page changes with its design, and has separate tests.
const NOT_KEPT: [&str; 1] = ["report.html"];

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

/// What must hold for the run of each case: no panic, an exit code of the contract, and the law of
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

/// The bytes of every record in the findings are those of the returned file, in the same order.
#[test]
fn every_rejected_record_of_the_corpus_is_a_slice_of_its_source() {
    let mut records = 0;
    for (case, files) in runs() {
        for (name, returned) in files {
            let kinds = [".rejected.csv", ".broken.csv"];
            let Some(stem) = kinds.iter().find_map(|kind| name.strip_suffix(kind)) else { continue };
            let input = format!("{stem}.csv");
            let source = case.join(&input);
            // Compressed inputs and standard input are stored otherwise.
            let Ok(source) = fs::read(source) else { continue };
            let findings = String::from_utf8(files["rejects.ndjson"].clone()).unwrap();
            let findings = findings.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            let own = |finding: &Value| {
                let broken = ["unclosed-quote", "stray-quote", "invalid-encoding"];
                finding["file"] == input
                    && finding["severity"] == "reject"
                    && broken.contains(&finding["code"].as_str().unwrap()) == name.ends_with(".broken.csv")
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

/// All cases and the files of their runs. They are run once, for all tests here.
pub fn runs() -> &'static [(PathBuf, Files)] {
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

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

/// The folders directly below one.
pub fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Runs one case in a separate folder.
fn run(case: &Path) -> Files {
    run_in(case, &Muster::new())
}

/// Runs one case in this folder.
pub fn run_in(case: &Path, muster: &Muster) -> Files {
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
