//! Looks for inputs that break `check`: `cargo run --example fuzz_check -- --minutes 10 [--seed N]`.
//!
//! The inputs of the corpus below `tests/cases` are mutated (bits, quotes, line ends, byte order marks, slices
//! of other inputs put in or cut out), and so are the same rows as NDJSON. For each result `check` must not panic, must find the same with blocks
//! of another size, and the bytes of every rejected record must be the file's bytes at its offsets. A find
//! stays in `target/fuzz-finds`: fix the fault, and make a case of it.
//!
//! The work is done by child processes, so that not even an abort ends the search.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // a tool for the shell, whose failures are panics

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use muster::internals::{CheckSettings, check};

/// How many inputs a child tries.
const BATCH: u64 = 200;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    if let Some(seed) = option("--batch") {
        batch(seed);
        return ExitCode::SUCCESS;
    }
    let until = Instant::now() + Duration::from_secs(60 * option("--minutes").unwrap_or(1));
    let (first, finds) = (option("--seed").unwrap_or(1), target().join("fuzz-finds"));
    let (mut seed, mut found) = (first, 0);
    while Instant::now() < until {
        let program = std::env::current_exe().unwrap();
        let child = Command::new(program).args(["--batch", &seed.to_string()]).output().unwrap();
        if !child.status.success() {
            found += 1;
            let folder = finds.join(seed.to_string());
            fs::create_dir_all(&folder).unwrap();
            for entry in fs::read_dir(scratch(seed)).unwrap().map(Result::unwrap) {
                if entry.path().is_file() {
                    fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
                }
            }
            fs::write(folder.join("said"), &child.stderr).unwrap();
            println!("seed {seed}: {}, see {}", child.status, folder.display());
        }
        fs::remove_dir_all(scratch(seed)).unwrap();
        seed += 1;
    }
    println!("{} inputs tried, {found} finds", (seed - first) * BATCH);
    if found == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target")
}

/// The folder of a child.
fn scratch(seed: u64) -> PathBuf {
    std::env::temp_dir().join(format!("muster-fuzz-{seed}"))
}

/// Tries a batch of inputs. The input at hand is in the scratch folder when the process dies.
fn batch(seed: u64) {
    let corpus = corpus();
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let folder = scratch(seed);
    fs::create_dir_all(&folder).unwrap();
    for _ in 0..BATCH {
        let (name, bytes) = &corpus[random.below(corpus.len())];
        let mut bytes = bytes.clone();
        for _ in 0..=random.below(4) {
            let (_, other) = &corpus[random.below(corpus.len())];
            mutate(&mut bytes, other, &mut random);
        }
        let path = folder.join(name);
        fs::write(&path, &bytes).unwrap();
        let settings = CheckSettings {
            block_size: 1 << 22,
            max_record: if random.below(4) == 0 { 50 } else { 1 << 20 },
            pad_short: random.below(2) == 0,
            from_spreadsheet: random.below(2) == 0,
        };
        let one = found(&path, settings);
        let other = found(&path, CheckSettings { block_size: 64 + random.below(200), ..settings });
        assert!(one == other, "the size of the blocks matters:\n{one}\n{other}");
        fs::remove_file(&path).unwrap();
    }
}

/// The inputs of all cases that the built-in schemas know.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let mut inputs = Vec::new();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    for case in fs::read_dir(cases).unwrap().map(|case| case.unwrap().path()).filter(|path| path.is_dir()) {
        for file in fs::read_dir(case).unwrap().map(|file| file.unwrap().path()) {
            let name = file.file_name().unwrap().to_str().unwrap();
            if name.starts_with("accounts") || name.starts_with("users") {
                inputs.push((name.to_owned(), fs::read(&file).unwrap()));
            }
        }
    }
    let objects: Vec<_> = inputs.iter().filter_map(|(name, bytes)| as_objects(name, bytes)).collect();
    inputs.extend(objects);
    inputs.sort();
    inputs
}

/// The rows of an input as NDJSON, nested as the header's dots say; the cells that are a number or a word of JSON
/// as such, and some as lists.
fn as_objects(name: &str, bytes: &[u8]) -> Option<(String, Vec<u8>)> {
    let stem = name.strip_suffix(".csv")?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let header: Vec<String> =
        reader.headers().ok().filter(|header| header.len() > 1)?.iter().map(str::to_owned).collect();
    let mut lines = Vec::new();
    for record in reader.records().flatten() {
        let mut object = serde_json::json!({});
        for (column, cell) in header.iter().zip(&record) {
            let value = match cell {
                "" => serde_json::Value::Null,
                cell if cell.contains('|') => cell.split('|').collect(),
                cell => serde_json::from_str(cell).unwrap_or_else(|_| cell.into()),
            };
            let place = column.split('.').fold(&mut object, |place, part| {
                if !place.is_object() {
                    *place = serde_json::json!({});
                }
                &mut place[part]
            });
            *place = value;
        }
        lines.extend_from_slice(format!("{object}\n").as_bytes());
    }
    Some((format!("{stem}.ndjson"), lines))
}

fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    const WORDS: [&[u8]; 27] = [
        b"\"",
        b"\"\"",
        b"\n",
        b"\r",
        b"\r\n",
        b",",
        b";",
        b"\0",
        b"\xEF\xBB\xBF",
        b"\xFF\xFE",
        b"\xC3",
        b"sep=;\n",
        b"\",\"",
        b"\n\"",
        b"'=",
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b"null",
        b"-1.5e3",
        b"\\u0000",
        b"\\ud83c",
        b"\\",
        b",\"legacyId\":\"x\"",
        b"{\"contact\":{\"phone\":[\"1\"]}}\n",
    ];
    let at = random.below(bytes.len() + 1);
    let until = (at + random.below(40)).min(bytes.len());
    match random.below(6) {
        0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        1 => drop(bytes.drain(at..until)),
        2 => {
            let copy = bytes[at..until].to_vec();
            let to = random.below(bytes.len() + 1);
            bytes.splice(to..to, copy);
        }
        3 => {
            let from = random.below(other.len() + 1);
            let piece = other[from..(from + random.below(60)).min(other.len())].to_vec();
            bytes.splice(at..at, piece);
        }
        _ => {
            let word = WORDS[random.below(WORDS.len())];
            bytes.splice(at..at, word.iter().copied());
        }
    }
}

/// All findings of a check, or its error.
fn found(path: &Path, settings: CheckSettings) -> String {
    let out = path.with_file_name("out");
    let text = match check(path, &out, settings) {
        Ok(run) => {
            let findings = fs::read_to_string(out.join("rejects.ndjson")).unwrap();
            // Offsets of a compressed file are those of its content.
            if path.extension().is_some_and(|extension| extension == "csv" || extension == "ndjson") {
                slices(&findings, &fs::read(path).unwrap(), &out);
            }
            findings.replace(&run, "RUN")
        }
        Err(error) => error,
    };
    // There is none if the file could not even be opened.
    if out.exists() {
        fs::remove_dir_all(&out).unwrap();
    }
    text
}

/// Asserts that the rejected file is made of the source's bytes at the findings' offsets, in order.
fn slices(findings: &str, source: &[u8], out: &Path) {
    let mut spans = Vec::new();
    for line in findings.lines() {
        let finding: serde_json::Value = serde_json::from_str(line).unwrap();
        let at = |name: &str| usize::try_from(finding[name].as_u64().unwrap()).unwrap();
        if finding["severity"] == "reject" && !finding["record"].is_null() {
            spans.push((at("byte_start"), at("byte_end")));
        }
    }
    spans.dedup();
    let rejected = fs::read_dir(out).unwrap().map(|entry| entry.unwrap().path());
    let Some(file) = rejected.into_iter().find(|path| path.to_str().unwrap().contains(".rejected.")) else {
        assert!(spans.is_empty(), "{spans:?} and no rejected file");
        return;
    };
    let returned = fs::read(file).unwrap();
    let mut rest = returned.as_slice();
    // From the end, where nothing but a line end may have been added.
    for (start, end) in spans.into_iter().rev() {
        let record = &source[start..end];
        let added = (0..=4).find(|added| rest[..rest.len().saturating_sub(*added)].ends_with(record));
        let added = added.unwrap_or_else(|| panic!("bytes {start}..{end} do not come back"));
        rest = &rest[..rest.len() - added - record.len()];
    }
    assert!(
        source.starts_with(rest) || rest.len() <= source.len() + 4,
        "the file does not begin as its source"
    );
}

/// Numbers that the same seed gives again (xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }
}
