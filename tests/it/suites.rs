//! What other readers make of the same files: the checked-in ones in `tests/suites`, in all dialects, and random ones.
//! csv-core, Python's csv and PostgreSQL's COPY get the text of a file; muster finds out encoding and delimiter itself.
//! Where both accept a file, the cells are the same, but for the spaces that muster cuts off.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bytes::Bytes;
use futures_util::SinkExt;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use muster::internals::db::connect;

use crate::support::{Database, Muster, block_on};

const THINGS: &str = "entity = \"things\"\nkey = \"k\"\n\n[[field]]\nname = \"k\"\ntype = \"text\"\nrequired = true\n\n\
    [[field]]\nname = \"a\"\ntype = \"text\"\nmultiline = true\n\n[[field]]\nname = \"b\"\ntype = \"text\"\nmultiline = true\n";

/// The cells of a file; `None` if it is refused, or a record of it is.
type Cells = Option<Vec<Vec<String>>>;

struct Suite {
    name: String,
    /// What its keys begin with.
    prefix: String,
    bytes: Vec<u8>,
    delimiter: u8,
    /// What the other readers get: no byte order mark, and no line that only spreadsheets know.
    text: String,
}

/// The files in `tests/suites`. The header says which character delimits.
fn checked_in() -> Vec<Suite> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suites");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let suite = |path: &PathBuf| {
        let bytes = fs::read(path).unwrap();
        // A byte order mark goes before the encoding that is named.
        let is_utf8 = std::str::from_utf8(&bytes).is_ok();
        let encoding = if is_utf8 { encoding_rs::UTF_8 } else { encoding_rs::WINDOWS_1252 };
        let text = encoding.decode(&bytes).0;
        let text = text.strip_prefix("sep=;\r\n").unwrap_or(&text).to_owned();
        let header = text.lines().find(|line| !line.is_empty()).unwrap();
        let delimiter = header.bytes().find(|byte| b",;\t|".contains(byte)).unwrap_or(b',');
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        Suite { prefix: name[..3].to_owned(), name, bytes, delimiter, text }
    };
    paths.iter().map(suite).collect()
}

/// Random files, some with a quote too many.
fn random(files: usize) -> Vec<Suite> {
    let cell = ("[a-c,\"é;|\\\\ ]{0,5}", any::<bool>(), select(vec!["", "", "", "\n", "\r\n", "\r"]));
    let rows = prop::collection::vec((cell.clone(), cell), 1..12);
    let file = (
        rows,
        select(vec![b',', b';', b'\t', b'|']),
        select(vec!["\n", "\r\n", "\r"]),
        0..4_usize,
        any::<prop::sample::Index>(),
    );
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        TestRng::from_seed(RngAlgorithm::ChaCha, b"the same files on every machine!"),
    );
    (0..files)
        .map(|number| {
            let (rows, delimiter, line_end, fault, at) = file.new_tree(&mut runner).unwrap().current();
            let mark = char::from(delimiter);
            let head = format!("k{mark}a{mark}b{line_end}");
            let mut text = String::new();
            for (row, (a, b)) in rows.iter().enumerate() {
                write!(text, "r{number:04}-{row:02}").unwrap();
                for (cell, quote, line) in [a, b] {
                    let cell = format!("{cell}{line}{}", if line.is_empty() { "" } else { "x" });
                    if *quote || cell.contains([mark, '"', '\n', '\r']) {
                        write!(text, "{mark}\"{}\"", cell.replace('"', "\"\"")).unwrap();
                    } else {
                        write!(text, "{mark}{cell}").unwrap();
                    }
                }
                text.push_str(line_end);
            }
            if fault == 0 {
                let at = (0..=at.index(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
                text.insert(at, '"');
            }
            let text = head + &text;
            let (name, prefix) = (format!("random-{number:04}.csv"), format!("r{number:04}-"));
            Suite { name, prefix, bytes: text.clone().into_bytes(), delimiter, text }
        })
        .collect()
}

/// What muster makes of files that are given together; their keys are different.
fn of_muster(suites: &[&Suite], delimiter: Option<u8>) -> BTreeMap<String, Cells> {
    let database = Database::new();
    let mut muster = Muster::on(&database).file("schemas/things.toml", THINGS);
    for suite in suites {
        muster = muster.file(&suite.name, &suite.bytes);
    }
    let delimiter = delimiter.map(|byte| format!("--delimiter={}", char::from(byte)));
    let fixed = ["import", "--schemas", "schemas", "--out", "out"].map(str::to_owned);
    let files = suites.iter().map(|suite| format!("things={}", suite.name));
    let run = muster.run(fixed.into_iter().chain(delimiter).chain(files));
    let rejected: BTreeSet<String> = run
        .findings("out")
        .iter()
        .filter(|finding| finding["severity"] != "warning")
        .map(|finding| finding["file"].as_str().unwrap().to_owned())
        .collect();
    let rows = database.rows("SELECT k, coalesce(a, ''), coalesce(b, '') FROM things ORDER BY id");
    let rows: Vec<Vec<String>> = rows.into_iter().map(|row| row.into_iter().flatten().collect()).collect();
    let of = |suite: &&Suite| {
        let own = |row: &&Vec<String>| row[0].starts_with(&suite.prefix);
        let cells = (!rejected.contains(&suite.name)).then(|| rows.iter().filter(own).cloned().collect());
        (suite.name.clone(), cells)
    };
    suites.iter().map(of).collect()
}

fn of_csv_core(suite: &Suite) -> Cells {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(suite.delimiter)
        .flexible(true)
        .from_reader(suite.text.as_bytes());
    reader.records().map(|record| Some(record.ok()?.iter().map(str::to_owned).collect())).collect()
}

const PYTHON: &str = "
import csv, io, json, sys
csv.field_size_limit(1 << 30)
for delimiter, text in json.load(sys.stdin):
    try:
        rows = list(csv.reader(io.StringIO(text, newline=''), delimiter=delimiter, strict=True))
        print(json.dumps([row for row in rows if row][1:]))
    except csv.Error:
        print('null')
";

fn of_python(suites: &[Suite]) -> Vec<Cells> {
    let mut python = Command::new("python3")
        .args(["-c", PYTHON])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is needed to compare with its csv");
    let given: Vec<Value> =
        suites.iter().map(|suite| json!([char::from(suite.delimiter), suite.text])).collect();
    let mut input = python.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(json!(given).to_string().as_bytes()).unwrap());
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of_copy(suites: &[Suite]) -> Vec<Cells> {
    let database = Database::new();
    let copied = |suite: &Suite| {
        let columns = if suite.text.contains(char::from(suite.delimiter)) { "k, a, b" } else { "k" };
        database.rows("DROP TABLE IF EXISTS copied; CREATE TABLE copied (n serial, k text, a text, b text)");
        let accepted = block_on(async {
            let session = connect(Some(&database.url()), "muster tests").await.unwrap();
            let delimiter = char::from(suite.delimiter);
            let copy =
                format!("COPY copied ({columns}) FROM STDIN (FORMAT csv, HEADER, DELIMITER E'{delimiter}')");
            let mut sink = Box::pin(session.client.copy_in::<_, Bytes>(&copy).await.unwrap());
            let sent = sink.send(Bytes::copy_from_slice(suite.text.as_bytes())).await;
            sent.is_ok() && sink.as_mut().finish().await.is_ok()
        });
        let rows = "SELECT coalesce(k, ''), coalesce(a, ''), coalesce(b, '') FROM copied ORDER BY n";
        accepted
            .then(|| database.rows(rows).into_iter().map(|row| row.into_iter().flatten().collect()).collect())
    };
    suites.iter().map(copied).collect()
}

/// As muster stores them: three cells, without the spaces at their ends.
fn stored(cells: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let row = |row: Vec<String>| {
        let cells = row.iter().map(|cell| cell.trim().to_owned());
        cells.chain(std::iter::repeat_n(String::new(), 3_usize.saturating_sub(row.len()))).collect()
    };
    cells.into_iter().map(row).collect()
}

#[test]
#[ignore = "needs Python; make suites runs it"]
fn files_that_another_reader_accepts_too_have_the_same_cells() {
    let number = std::env::var("SUITES_FILES").ok().and_then(|files| files.parse().ok()).unwrap_or(24);
    let mut suites = checked_in();
    let mut ours = of_muster(&suites.iter().collect::<Vec<_>>(), None);
    let random = random(number);
    for delimiter in [b',', b';', b'\t', b'|'] {
        let some: Vec<_> = random.iter().filter(|suite| suite.delimiter == delimiter).collect();
        if !some.is_empty() {
            ours.extend(of_muster(&some, Some(delimiter)));
        }
    }
    suites.extend(random);
    println!(
        "{:<20} {:>6} {:>6} {:>7} {:>16} {:>18}",
        "reader", "files", "same", "differ", "refused by it", "refused by muster"
    );
    let mut faults = Vec::new();
    for (reader, theirs) in [
        ("csv-core", suites.iter().map(of_csv_core).collect::<Vec<_>>()),
        ("Python's csv", of_python(&suites)),
        ("PostgreSQL's COPY", of_copy(&suites)),
    ] {
        assert_eq!(theirs.len(), suites.len(), "{reader}");
        let (mut same, mut differ, mut refused, mut refused_here) = (0, 0, 0, 0);
        for (suite, theirs) in suites.iter().zip(theirs) {
            let ours = &ours[&suite.name];
            refused += usize::from(theirs.is_none());
            refused_here += usize::from(ours.is_none());
            if let (Some(ours), Some(theirs)) = (ours, theirs.map(stored)) {
                if *ours == theirs {
                    same += 1;
                } else {
                    differ += 1;
                    faults.push(format!("{}: {ours:?}, and {reader} reads {theirs:?}", suite.name));
                }
            }
        }
        println!("{reader:<20} {:>6} {same:>6} {differ:>7} {refused:>16} {refused_here:>18}", suites.len());
        assert!(same >= 20, "{reader}: only {same} files were accepted by both");
    }
    crate::support::none(&faults);
}
