//! Laws of the whole way from bytes to reports and tables, on generated inputs. Few cases
//! each, so that the suite stays quick; `examples/fuzz_check.rs` goes on for as long as one likes.

use std::fmt::Write as _;
use std::fs;
use std::io;

use bytes::Bytes;
use futures_util::SinkExt;
use proptest::prelude::*;
use serde_json::Value;

use muster::internals::db::connect;
use muster::internals::{CheckSettings, check};

use crate::support::{Database, Muster, block_on};

const HEADER: &str = "legacyId,name,contact.firstName\n";

/// What became of the records.
#[derive(Debug, Clone, Copy)]
struct Counts {
    read: u64,
    accepted: u64,
    rejected: u64,
    duplicates: u64,
}

/// A check by the library, and the files that it left.
struct Checked {
    /// Of the entity in `summary.json`.
    counts: Counts,
    folder: String,
    findings: Vec<Value>,
    /// `accounts.rejected.csv` and `accounts.broken.csv`; empty where there is none.
    returned: [Vec<u8>; 2],
}

/// Checks bytes as `accounts.csv`; `None` where they cannot be read as a whole.
fn checked(bytes: &[u8], block_size: usize) -> Option<Checked> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.csv");
    fs::write(&path, bytes).unwrap();
    let out = folder.path().join("out");
    check(&path, &out, CheckSettings { block_size, ..CheckSettings::default() }).ok()?;
    let summary: Value = serde_json::from_slice(&fs::read(out.join("summary.json")).unwrap()).unwrap();
    let count = |name: &str| summary["entities"][0][name].as_u64().unwrap();
    let counts = Counts {
        read: count("read"),
        accepted: count("accepted"),
        rejected: count("rejected"),
        duplicates: count("duplicates"),
    };
    let findings = fs::read_to_string(out.join("rejects.ndjson")).unwrap();
    let findings = findings.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let returned = ["rejected", "broken"]
        .map(|kind| fs::read(out.join(format!("accounts.{kind}.csv"))).unwrap_or_default());
    Some(Checked { counts, folder: folder.path().display().to_string(), findings, returned })
}

/// Pieces of which every other file is broken in some way.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => Just(&b"A1,One,Ann\n"[..]), 3 => Just(&b"A2,\"Two, Too\",Bob\r\n"[..]), 3 => Just(&b","[..]),
        3 => Just(&b"\""[..]), 2 => Just(&b"\n"[..]), 1 => Just(&b"\r"[..]), 1 => Just(&b"\"\""[..]),
        1 => Just(&b"\xff"[..]), 1 => Just(&b"\0"[..]), 1 => Just("é\u{FEFF}".as_bytes()),
        2 => Just(HEADER.as_bytes()), 1 => Just(&b";x"[..]), 1 => Just(&b"A3,\"a\nb\",\n"[..]),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Rows that are right, some of them quoted.
fn rows(count: usize, quoted: u16) -> String {
    let row = |row: usize| match quoted >> row & 3 {
        0 | 1 => format!("A{row},Name {row},First\n"),
        2 => format!("A{row},\"Name, {row}\",\"First\"\n"),
        _ => format!("\"A{row}\",Name {row},\"Fi\"\"rst\"\n"),
    };
    let rows: Vec<String> = (0..count).map(row).collect();
    HEADER.to_owned() + &rows.concat()
}

/// So many cases; what fails is shown in full, and needs no file to be found again.
fn few(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    #![proptest_config(few(48))]

    #[test]
    fn rejected_records_are_the_bytes_of_the_file_for_every_input(data in pieces(), block in 64_usize..300) {
        let data = [HEADER.as_bytes(), &data].concat();
        let Some(run) = checked(&data, block) else { return Ok(()) };
        let mut expected = [Vec::new(), Vec::new()];
        for finding in &run.findings {
            let at = |name: &str| usize::try_from(finding[name].as_u64().unwrap()).unwrap();
            let span = (at("byte_start"), at("byte_end"));
            prop_assert!(span.0 < span.1 && span.1 <= data.len());
            let rejects = finding["severity"] == "reject" && !finding["record"].is_null();
            let broken = ["unclosed-quote", "stray-quote", "invalid-encoding"];
            let expected = &mut expected[usize::from(broken.contains(&finding["code"].as_str().unwrap()))];
            if rejects && expected.last() != Some(&span) {
                expected.push(span);
            }
        }
        let counts = run.counts;
        prop_assert_eq!(counts.read, counts.accepted + counts.rejected + counts.duplicates);
        prop_assert_eq!(counts.rejected, expected.iter().map(Vec::len).sum::<usize>() as u64);
        for (expected, returned) in expected.into_iter().zip(run.returned) {
            let mut bytes = if expected.is_empty() { Vec::new() } else { HEADER.as_bytes().to_vec() };
            for (start, end) in expected {
                bytes.extend_from_slice(&data[start..end]);
            }
            // Where the last record of the file has no line end, it gets one.
            let added = &returned[bytes.len().min(returned.len())..];
            prop_assert!(returned.starts_with(&bytes) && matches!(added, b"" | b"\n"), "{:?}", returned);
        }
    }

    #[test]
    fn blocks_of_any_size_from_64_bytes_up_give_the_same(data in pieces(), block in 64_usize..2000) {
        let data = [HEADER.as_bytes(), &data].concat();
        let shown = |block: usize| checked(&data, block).map(|run| {
            let findings: Vec<String> = run.findings.into_iter().map(|mut finding| {
                finding["run"] = Value::Null;
                // Each run has a separate folder, which findings name.
                finding.to_string().replace(&run.folder, "")
            }).collect();
            (findings, run.returned, run.counts)
        });
        let (one, other) = (shown(1 << 22), shown(block));
        prop_assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }

    #[test]
    fn one_quote_planted_anywhere_in_a_file_costs_at_most_one_row(
        count in 1_usize..12, quoted in any::<u16>(), at in any::<prop::sample::Index>()
    ) {
        let mut text = rows(count, quoted);
        let clean = checked(text.as_bytes(), 1 << 20).unwrap().counts;
        prop_assert_eq!((clean.accepted, clean.read), (count as u64, count as u64));
        text.insert(HEADER.len() + at.index(text.len() - HEADER.len()), '"');
        let counts = checked(text.as_bytes(), 1 << 20).unwrap().counts;
        prop_assert!(counts.accepted + 1 >= count as u64, "{} of {count} rows of {text}", counts.accepted);
        prop_assert!(counts.rejected + counts.duplicates <= 1, "{counts:?} of {text}");
    }
}

const THINGS: &str = "entity = \"things\"\nkey = \"k\"\n\n[[field]]\nname = \"k\"\ntype = \"text\"\nrequired = true\n\n\
    [[field]]\nname = \"a\"\ntype = \"text\"\nmultiline = true\n\n[[field]]\nname = \"b\"\ntype = \"text\"\nmultiline = true\n";

/// What PostgreSQL's own COPY makes of a file; `None` where it refuses it.
fn copied(database: &Database, data: &str) -> Option<Vec<Vec<Option<String>>>> {
    database.rows("DROP TABLE IF EXISTS copied; CREATE TABLE copied (n serial, k text, a text, b text)");
    let accepted = block_on(async {
        let session = connect(Some(&database.url()), "muster tests").await.unwrap();
        let copy = "COPY copied (k, a, b) FROM STDIN (FORMAT csv, HEADER)";
        let mut sink = Box::pin(session.client.copy_in::<_, Bytes>(copy).await.unwrap());
        let sent = sink.send(Bytes::copy_from_slice(data.as_bytes())).await;
        sent.is_ok() && sink.as_mut().finish().await.is_ok()
    });
    accepted.then(|| {
        database.rows("SELECT k, COALESCE(a, ''), COALESCE(b, '') FROM copied ORDER BY k COLLATE \"C\"")
    })
}

/// What muster makes of it; `None` where it refuses a record.
fn imported(
    muster: &Muster,
    database: &Database,
    data: &str,
) -> io::Result<Option<Vec<Vec<Option<String>>>>> {
    muster.write("things.csv", data);
    let run = muster.run([
        "import",
        "--schemas",
        "schemas",
        "--delimiter",
        ",",
        "--out",
        "out",
        "--json",
        "things.csv",
    ]);
    let summary: Value = serde_json::from_str(&run.stdout())?;
    let counts = &summary["entities"][0];
    let all = counts["accepted"] == counts["read"];
    let rows = database.rows("SELECT k, COALESCE(a, ''), COALESCE(b, '') FROM things ORDER BY k; ");
    database.rows("TRUNCATE things");
    Ok(all.then_some(rows))
}

#[test]
fn cells_are_those_of_postgresql_s_own_copy_where_both_accept_the_file() {
    let database = Database::new();
    let muster = Muster::on(&database).file("schemas/things.toml", THINGS);
    let cell = ("[a-c,\"é;|\\\\]{0,4}", any::<bool>(), any::<bool>());
    let row = prop::collection::vec(cell, 2..=2);
    let files = (prop::collection::vec(row, 1..10), any::<bool>(), prop::option::weighted(0.3, 0_usize..200));
    let mut runner = proptest::test_runner::TestRunner::new(few(16));
    let compared = std::cell::Cell::new(0);
    let result = runner.run(&files, |(rows, crlf, fault)| {
        let mut data = "k,a,b\n".to_owned();
        for (number, row) in rows.iter().enumerate() {
            write!(data, "{number:03}").unwrap();
            for (text, quote, lines) in row {
                let text = if *lines { text.replace('c', "x\ny") } else { text.clone() };
                if *quote || text.contains([',', '"', '\n']) {
                    write!(data, ",\"{}\"", text.replace('"', "\"\"")).unwrap();
                } else {
                    write!(data, ",{text}").unwrap();
                }
            }
            data.push('\n');
        }
        if crlf {
            data = data.replace('\n', "\r\n").replace("x\r\ny", "x\ny");
        }
        if let Some(at) = fault {
            let at = (0..=at % data.len()).rev().find(|at| data.is_char_boundary(*at)).unwrap();
            data.insert(at.max("k,a,b\r\n".len().min(data.len())), '"');
        }
        let ours = imported(&muster, &database, &data).unwrap();
        if let (Some(ours), Some(theirs)) = (ours, copied(&database, &data)) {
            compared.set(compared.get() + 1);
            prop_assert_eq!(ours, theirs, "{}", data);
        }
        Ok(())
    });
    result.unwrap();
    assert!(compared.get() >= 5, "only {} files were accepted by both", compared.get());
}

#[test]
fn copy_and_muster_differ_only_where_the_documentation_says_so() {
    let database = Database::new();
    let muster = Muster::on(&database).file("schemas/things.toml", THINGS);
    let stray = "k,a,b\n1,a\"b\"c,x\n";
    assert_eq!(copied(&database, stray).unwrap()[0][1].as_deref(), Some("abc"));
    assert_eq!(imported(&muster, &database, stray).unwrap(), None);
    // Servers before 18 end the data here.
    let marker = "k,a,b\n1,x,y\n\\.\n2,x,y\n";
    imported(&muster, &database, marker).unwrap();
    let counts =
        &muster.run(["check", "--schemas", "schemas", "--out", "out", "--json", "things.csv"]).stdout();
    let counts: Value = serde_json::from_str(counts).unwrap();
    assert_eq!((&counts["entities"][0]["read"], &counts["entities"][0]["accepted"]), (&3.into(), &2.into()));
    if let Some(rows) = copied(&database, marker) {
        assert_eq!(rows.len(), 1, "COPY stops at the marker, or refuses it");
    }
}
