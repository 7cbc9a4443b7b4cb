//! Whole files that a run must give, kept under `tests/`: what differs from run to run is hidden, and a difference is
//! shown as lines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// The files of a run, by name.
pub type Files = BTreeMap<String, Vec<u8>>;

/// All files below a folder, by their path in it.
pub fn files_below(folder: &Path) -> Files {
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

/// What differs from run to run, with the word that replaces it.
pub struct Placeholders(Vec<(String, &'static str)>);

impl Placeholders {
    /// The values of a run, taken from its summary.
    pub fn of(summary: Option<&Vec<u8>>) -> Self {
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

    pub fn hide(&self, text: &str) -> String {
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

pub fn put(golden: &Path, files: &Files) {
    if golden.exists() {
        fs::remove_dir_all(golden).unwrap();
    }
    fs::create_dir_all(golden).unwrap();
    for (name, bytes) in files {
        fs::write(golden.join(name), bytes).unwrap();
    }
}

/// What a person needs to see why two sets of files differ; empty where they do not.
pub fn difference(expected: &Files, found: &Files) -> String {
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
