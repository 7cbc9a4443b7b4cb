//! Files in and out in other forms than a legacy CSV: what muster itself exported, spreadsheets, NDJSON, Parquet.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use muster::internals::parquet_out::{Kind, ParquetFile, Rows};
use serde_json::Value;

use crate::support::{Database, Finished, Muster};

/// Record, code and column of each finding about a record.
fn found(run: &Finished) -> Vec<(u64, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let of_records = run.findings("out").into_iter().filter_map(|finding| {
        Some((finding["record"].as_u64()?, text(&finding["code"]), text(&finding["column"])))
    });
    of_records.collect()
}

/// The reports of a run but for its identity.
fn reports(run: &Finished, returned: &str) -> (String, Vec<u8>) {
    let id = run.summary("out")["run"].as_str().unwrap().to_owned();
    let findings = String::from_utf8(run.read("out/rejects.ndjson")).unwrap().replace(&id, "RUN");
    (findings, run.read(&format!("out/{returned}")))
}

#[test]
fn the_empty_text_is_no_null_in_exported_files_and_if_requested() {
    let database = Database::new();
    let csv = "legacyId,name,plan,contact.gender,labels\nA,One,\"\",\"\",\"\"\nB,Two,,,\n";
    let muster = Muster::on(&database).file("accounts.csv", csv);
    let plans = "SELECT coalesce('>' || plan || '<', 'NULL') || contact_gender || labels::text FROM accounts ORDER BY 1";
    muster.run(["import", "accounts.csv"]).exits(0);
    assert_eq!(database.text(plans), "NULLmale{}\nNULLmale{}");
    muster.run(["import", "accounts.csv", "--quoted-empty", "text"]).exits(0);
    assert_eq!(database.text(plans), "><male{}\nNULLmale{}");
    muster.run(["export", "accounts", "--out", "ex"]).exits(0);
    let again = muster.run(["import", "ex/accounts.csv", "--out", "out"]).exits(0);
    assert_eq!(again.summary("out")["entities"][0]["unchanged"], 2, "{again}");
    muster.run(["import", "ex/accounts.csv", "--quoted-empty", "empty"]).exits(0);
    assert_eq!(database.text(plans), "NULLmale{}\nNULLmale{}");
    // A changed file counts as a foreign one.
    let exported = String::from_utf8(std::fs::read(muster.path("ex/accounts.csv")).unwrap()).unwrap();
    muster.run(["import", "accounts.csv", "--quoted-empty", "text"]).exits(0);
    muster.write("ex/accounts.csv", exported.replace("One", "Uno"));
    muster.run(["import", "ex/accounts.csv"]).exits(0);
    assert_eq!(database.text(plans), "NULLmale{}\nNULLmale{}");
}

#[test]
fn an_empty_text_is_as_empty_as_none_for_every_rule() {
    let muster = Muster::new().file(
        "accounts.csv",
        "legacyId,name,companyNumber,billingAddress.countryCode\n\"\",One,,\nB,\"\",,\nC,Three,\"\",NL\n",
    );
    let run = muster.run(["check", "accounts.csv", "--quoted-empty", "text", "--out", "out"]).exits(3);
    let required = |record, column: &str| (record, "required".to_owned(), column.to_owned());
    assert_eq!(found(&run), [required(1, "legacyId"), required(2, "name")]);
}

#[test]
fn rejected_records_of_an_export_keep_what_their_cells_mean() {
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.csv", "legacyId,name,plan\nA,One,\"\"\nB,Two,\n");
    muster.run(["import", "accounts.csv", "--quoted-empty", "text"]).exits(0);
    database.text("ALTER TABLE accounts ALTER name DROP NOT NULL; UPDATE accounts SET name = NULL; SELECT 1");
    muster.run(["export", "accounts", "--out", "ex"]).exits(0);
    let run = muster.run(["import", "ex/accounts.csv", "--out", "out"]).exits(3);
    let said = run.stdout().replace(" \\\n    ", " ");
    assert!(said.contains("muster import --quoted-empty text out/accounts.rejected.csv"), "{said}");
}

#[test]
fn the_guard_against_formulas_is_removed_on_request_and_counted() {
    let csv = "legacyId,name,plan\nA,\"'=1+1\",'s-Gravenhage\nB,''-x,'\nC,'+31 6,\"'@\"\n";
    let names = "SELECT name || '|' || plan FROM accounts ORDER BY legacy_id";
    for (option, state, taken) in [
        (None, "'=1+1|'s-Gravenhage\n''-x|'\n'+31 6|'@", Value::Null),
        (Some("--from-spreadsheet"), "=1+1|'s-Gravenhage\n'-x|'\n+31 6|@", Value::from(4)),
    ] {
        let database = Database::new();
        let muster = Muster::on(&database).file("accounts.csv", csv);
        let run = muster.run(["import", "accounts.csv", "--out", "out"].into_iter().chain(option)).exits(0);
        assert_eq!(database.text(names), state);
        assert_eq!(run.summary("out")["entities"][0]["unguarded"], taken);
        assert_eq!(run.stdout().contains("guards removed"), option.is_some(), "{run}");
    }
}

/// NDJSON with a fault of every kind, and what is found.
const RECORDS: [(&str, Option<(&str, &str)>); 20] = [
    (
        r#"{"legacyId":"A1","name":"Ann \u00e9\ud83c\udfe0","contact":{"phone":"0612345678"},"labels":["a","b c"]}"#,
        None,
    ),
    (r#"{"legacyId":42,"name":"Bob","contact":{"phone":null},"labels":null}"#, None),
    (r#" { "legacyId" : "A3" , "name" : true , "contact" : null , "labels" : [ 1 , null, "x" ] } "#, None),
    (r#"{"labels":"a,b","name":"D\/d","legacyId":"A4","contact.phone":"0201234567"}"#, None),
    (r#"{"legacyId":"B1","name":"Bee","labels":[]}"#, Some(("missing-cells", "contact.phone"))),
    (r#"{"legacyId":"B2","name":"Bee","contact":{"phone":null},"labels":[]"#, Some(("invalid-json", ""))),
    (r#"["B3"]"#, Some(("invalid-json", ""))),
    ("legacyId,name", Some(("invalid-json", ""))),
    (
        r#"{"legacyId":"B4","legacyId":"B5","name":"x","contact":null,"labels":[]}"#,
        Some(("invalid-json", "legacyId")),
    ),
    (r#"{"legacyId":"B6","name":["x"],"contact":null,"labels":[]}"#, Some(("invalid-json", "name"))),
    (r#"{"legacyId":"B7","name":"x","contact":null,"labels":["a,b"]}"#, Some(("invalid-json", "labels"))),
    (r#"{"legacyId":"B8","name":"x","contact":null,"labels":[["a"]]}"#, Some(("invalid-json", "labels"))),
    (r#"{"legacyId":"B9","name":"x\u0000","contact":null,"labels":[]}"#, Some(("nul-byte", "name"))),
    ("{\"legacyId\":\"C1\",\"name\":\"\0\",\"contact\":null,\"labels\":[]}", Some(("nul-byte", ""))),
    (r#"{"legacyId":"C2","name":"\ud800","contact":null,"labels":[]}"#, Some(("invalid-json", ""))),
    (
        r#"{"legacyId":"C3","name":"x","contact":{"phone":3.16123E+10},"labels":[]}"#,
        Some(("excel-scientific", "contact.phone")),
    ),
    (r#"{"legacyId":"","name":"x","contact":null,"labels":[]}"#, Some(("required", "legacyId"))),
    (
        r#"{"legacyId":"C4","name":"x","contact":{"phone":{"mobile":"1"}},"labels":[]}"#,
        Some(("missing-cells", "contact.phone")),
    ),
    (
        r#"{"legacyId":"C5","name":"tab\there","contact":null,"labels":[]}"#,
        Some(("control-character", "name")),
    ),
    (r#"{"legacyId":"42","name":"again","contact":null,"labels":[]}"#, Some(("duplicate-key", "legacyId"))),
];

#[test]
fn every_fault_of_a_json_line_is_found_at_its_record_and_goes_back_byte_for_byte() {
    let mut file = b"\xEF\xBB\xBF".to_vec();
    let mut expected = Vec::new();
    let mut returned = Vec::new();
    for (number, (line, fault)) in (1..).zip(RECORDS) {
        let end: &[u8] = if number % 2 == 0 { b"\r\n" } else { b"\n\n" };
        let start = file.len();
        file.extend_from_slice(line.as_bytes());
        file.extend_from_slice(if number == RECORDS.len() as u64 {
            b""
        } else {
            &end[..end.len() - usize::from(number % 2 == 1)]
        });
        if let Some((code, column)) = fault {
            expected.push((number, code.to_owned(), column.to_owned()));
            if code != "duplicate-key" {
                returned.extend_from_slice(&file[start..]);
            }
        }
        if number % 2 == 1 {
            file.extend_from_slice(b"  \n");
        }
    }
    file.extend_from_slice(b"\n{\"legacyId\":\"Z\",\"name\":\"\xFF\",\"contact\":null,\"labels\":[]}");
    expected.push((21, "invalid-encoding".to_owned(), String::new()));
    returned.extend_from_slice(b"{\"legacyId\":\"Z\",\"name\":\"\xFF\",\"contact\":null,\"labels\":[]}\n");
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.ndjson", &file);
    let run = muster.run(["import", "accounts.ndjson", "--out", "out"]).exits(3);
    let mut seen = found(&run);
    seen.sort();
    assert_eq!(seen, expected, "{run}");
    assert_eq!(
        String::from_utf8_lossy(&run.read("out/accounts.rejected.ndjson")),
        String::from_utf8_lossy(&returned)
    );
    assert!(String::from_utf8(run.read("out/accounts.duplicates.ndjson")).unwrap().contains("again"));
    for finding in run.findings("out").iter().filter(|finding| !finding["record"].is_null()) {
        let at = |name: &str| usize::try_from(finding[name].as_u64().unwrap()).unwrap();
        let bytes = &file[at("byte_start")..at("byte_end")];
        assert!(bytes.iter().filter(|byte| **byte == b'\n').count() <= 1, "{finding}");
        let lines_before = file[..at("byte_start")].iter().filter(|byte| **byte == b'\n').count();
        assert_eq!((at("line_start"), at("line_end")), (lines_before + 1, lines_before + 1));
    }
    let summary = run.summary("out");
    assert_eq!((&summary["entities"][0]["read"], &summary["entities"][0]["blank"]), (&21.into(), &10.into()));
    assert_eq!(summary["entities"][0]["files"][0]["format"], "ndjson");
    let rows =
        "SELECT legacy_id || '|' || name || '|' || coalesce(contact_phone, 'NULL') || '|' || labels::text
        FROM accounts ORDER BY legacy_id COLLATE \"C\"";
    assert_eq!(
        database.text(rows),
        "42|Bob|NULL|{}\nA1|Ann é🏠|+31612345678|{a,\"b c\"}\nA3|true|NULL|{1,x}\nA4|D/d|+31201234567|{a,b}"
    );
    // The page and the report on the terminal show no two lines that look the same.
    let shown = muster.run(["rejects", "out", "--show", "30"]).exits(0).stdout();
    assert!(shown.contains("invalid-json") && !shown.contains("{\"legacyId\""), "{shown}");
    assert!(!String::from_utf8(run.read("out/report.html")).unwrap().contains("legacyId&quot;:"));
}

#[test]
fn a_missing_key_empties_nothing_unless_it_is_said() {
    let database = Database::new();
    let full = "{\"legacyId\":\"A\",\"name\":\"One\",\"plan\":\"pro\"}\n";
    let muster = Muster::on(&database).file("accounts.ndjson", full);
    let plan = "SELECT coalesce(plan, 'NULL') FROM accounts WHERE legacy_id = 'A'";
    muster.run(["import", "accounts.ndjson"]).exits(0);
    // Missing in the whole file: left alone.
    muster.write("accounts.ndjson", "{\"legacyId\":\"A\",\"name\":\"Uno\"}\n");
    muster.run(["import", "accounts.ndjson"]).exits(0);
    assert_eq!(database.text(plan), "pro");
    // Missing in some records: refused, or null where that is said.
    let some =
        "{\"legacyId\":\"A\",\"name\":\"Uno\"}\n{\"legacyId\":\"B\",\"name\":\"Two\",\"plan\":\"x\"}\n";
    muster.write("accounts.ndjson", some);
    let run = muster.run(["import", "accounts.ndjson", "--out", "out"]).exits(3);
    assert_eq!(found(&run), [(1, "missing-cells".to_owned(), "plan".to_owned())]);
    assert_eq!(database.text(plan), "pro");
    muster.run(["import", "accounts.ndjson", "--pad-short"]).exits(0);
    assert_eq!(database.text(plan), "NULL");
    // Null is said, too.
    muster.write("accounts.ndjson", full);
    muster.run(["import", "accounts.ndjson"]).exits(0);
    muster.write("accounts.ndjson", full.replace("\"pro\"", "null"));
    muster.run(["import", "accounts.ndjson"]).exits(0);
    assert_eq!(database.text(plan), "NULL");
}

/// Many objects, some of them wrong, the last with keys that none before it has.
fn many() -> String {
    let mut file = String::new();
    for number in 0..12_000 {
        let phone = if number % 7 == 0 { "none" } else { "0612345678" };
        let filler = "long ".repeat(number % 40);
        writeln!(
            file,
            r#"{{"legacyId":"A{number}","name":"N\u00e9 {filler}","contact":{{"phone":"{phone}","lastName":null}},"labels":["{number}","b"]}}"#
        )
        .unwrap();
    }
    file + r#"{"legacyId":"Z","name":"Late","contact":{"phone":null,"lastName":"L"},"labels":[],"plan":"pro","odd":1}"#
}

#[test]
fn json_gives_the_same_bytes_for_any_number_of_threads_and_any_blocks() {
    let muster = Muster::new().file("accounts.jsonl", many()).env("MUSTER_TEST_REVERSE", "1");
    let mut all = Vec::new();
    for (threads, block) in [("1", "4194304"), ("2", "1024"), ("7", "65536")] {
        let mut command =
            muster.command(["check", "accounts.jsonl", "--out", "out", "--threads", threads, "--pad-short"]);
        let output = command.env("MUSTER_TEST_BLOCK", block).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
        let run = muster.run(["rejects", "out", "--json"]);
        all.push(reports(&run, "accounts.rejected.ndjson"));
    }
    assert!(all[0] == all[1] && all[1] == all[2]);
    // The keys that only the last record has are part of the header.
    assert!(all[0].0.contains("\"column\":\"odd\""));
    assert!(!all[0].0.contains("\"column\":\"plan\""));
}

#[test]
fn json_comes_from_standard_input_and_compressed_too() {
    let line = "{\"legacyId\":\"A\",\"name\":\"One\"}\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(line.as_bytes()).unwrap();
    let muster = Muster::new()
        .file("accounts.ndjson.gz", gzip.finish().unwrap())
        .file("accounts.jsonl.zst", zstd::encode_all(line.as_bytes(), 1).unwrap())
        .file("export.json", line);
    for file in ["accounts.ndjson.gz", "accounts.jsonl.zst", "export.json", "accounts=export.json"] {
        let run = muster.run(["check", file, "--out", "out"]).exits(0);
        assert_eq!(run.summary("out")["entities"][0]["read"], 1, "{run}");
    }
    let mut child = muster
        .command(["check", "-", "--out", "piped"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(line.as_bytes()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn what_is_no_file_of_objects_stops_the_run_with_a_reason() {
    for (text, said) in [
        ("[\n{\"legacyId\":\"A\",\"name\":\"One\"}\n]\n".replace('\n', ""), "jq -c '.[]'"),
        ("{\n \"legacyId\": \"A\"\n}\n".to_owned(), "jq -c ."),
        ("legacyId,name\nA,One\n".to_owned(), "not one JSON object a line"),
        (String::new(), "the file has no record"),
        ("{\"legacyId\":\"A\"}\n".to_owned(), "missing-column"),
        ("{\"legacyId\":\"A\",\"name\":\"x\",\"Legacy Id\":\"B\"}\n".to_owned(), "duplicate-header"),
        (
            "{\"legacyId\":\"A\",\"name\":\"x\",\"login\":{\"password\":\"B\"}}\n".to_owned(),
            "forbidden-column",
        ),
        ("{\"legacyId\":\"A\",\"name\":\"x\",\"muster.change\":\"insert\"}\n".to_owned(), "--apply-changes"),
    ] {
        let run = Muster::new().file("accounts.ndjson", &text).run(["check", "accounts.ndjson"]).exits(1);
        assert!(run.stderr().contains(said), "{text}{run}");
    }
}

#[test]
fn a_line_larger_than_a_record_may_be_costs_itself_alone() {
    let large = format!("{{\"legacyId\":\"A\",\"name\":\"{}\",\"plan\":null}}", "x".repeat(3 << 20));
    let small = "{\"legacyId\":\"B\",\"name\":\"Two\",\"plan\":\"p\"}";
    let muster = Muster::new().file("accounts.ndjson", format!("{large}\n{small}\n"));
    let run = muster.run(["check", "accounts.ndjson", "--out", "out"]).exits(3);
    assert_eq!(found(&run), [(1, "record-too-large".to_owned(), String::new())]);
    assert_eq!(run.read("out/accounts.rejected.ndjson").len(), large.len() + 1);
    let run = muster.run(["check", "accounts.ndjson", "--out", "out", "--max-record", "8M"]).exits(3);
    assert_eq!(found(&run), [(1, "too-long".to_owned(), "name".to_owned())]);
}

/// A Parquet file of accounts with columns of many types.
fn parquet(rows: &[[Option<&str>; 6]]) -> Vec<u8> {
    let columns = [
        ("legacyId", Kind::Integer),
        ("name", Kind::Text),
        ("reimbursement.enabled", Kind::Boolean),
        ("contact.phone", Kind::Text),
        ("notes", Kind::Instant),
    ];
    let all: Vec<_> = columns.into_iter().chain([("labels", Kind::List)]).collect();
    parquet_of(&all, |file| {
        for row in rows {
            for (at, cell) in row[..5].iter().enumerate() {
                assert!(file.cell(at, *cell));
            }
            match row[5] {
                None => assert!(file.cell(5, None)),
                Some(items) => {
                    assert!(file.list(5, items.split('/').map(|item| Some(item.to_owned())).collect()));
                }
            }
        }
    })
}

/// A Parquet file of one row group.
fn parquet_of(columns: &[(&str, Kind)], fill: impl FnOnce(&mut Rows)) -> Vec<u8> {
    let mut file = ParquetFile::begin(Vec::new(), columns, false).unwrap();
    let mut rows = file.shape().rows(0);
    fill(&mut rows);
    let group = file.shape().encode(rows).unwrap();
    file.write(&group).unwrap();
    file.finish().unwrap()
}

#[test]
fn a_parquet_file_is_read_by_the_same_rules_and_its_rejects_can_be_fixed() {
    let file = parquet(&[
        [Some("1"), Some("One, \"two\""), Some("true"), Some("0612345678"), None, Some("a/b c")],
        [Some("2"), Some("Two"), None, Some("nope"), Some("2026-01-31 12:00:00+00"), None],
        [None, Some("Three"), Some("false"), None, None, Some("x")],
        [Some("1"), Some("Four"), Some("false"), None, None, None],
        [Some("5"), Some(""), None, None, None, None],
    ]);
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.parquet", file);
    let run = muster.run(["import", "accounts.parquet", "--out", "out"]).exits(3);
    let of = |record, code: &str, column: &str| (record, code.to_owned(), column.to_owned());
    assert_eq!(
        found(&run),
        [
            of(2, "invalid-phone", "contact.phone"),
            of(3, "required", "legacyId"),
            of(4, "duplicate-key", "legacyId"),
            of(5, "required", "name")
        ]
    );
    // A record's lines are its own number.
    for finding in run.findings("out").iter().filter(|finding| !finding["record"].is_null()) {
        assert_eq!((&finding["line_start"], &finding["line_end"]), (&finding["record"], &finding["record"]));
    }
    let rejected = String::from_utf8(run.read("out/accounts.rejected.csv")).unwrap();
    assert_eq!(
        rejected,
        "legacyId,name,reimbursement.enabled,contact.phone,notes,labels\n\
         2,Two,,nope,2026-01-31 12:00:00+00,\n,Three,false,,,x\n5,\"\",,,,\n"
    );
    muster.write("out/accounts.rejected.csv", rejected.replace("nope", "0201234567").replace("\n,", "\n3,"));
    muster.run(["import", "out/accounts.rejected.csv", "--out", "out"]).exits(3);
    let rows = "SELECT legacy_id || '|' || name || '|' || coalesce(reimbursement_enabled::text, 'NULL') || '|' ||
        coalesce(contact_phone, 'NULL') || '|' || labels::text FROM accounts WHERE legacy_id <> '1' ORDER BY legacy_id";
    assert_eq!(database.text(rows), "2|Two|NULL|+31201234567|{}\n3|Three|false|NULL|{x}");
}

#[test]
fn parquet_gives_the_same_bytes_for_any_number_of_threads_and_from_standard_input() {
    let names: Vec<String> = (0..8_000).map(|number| number.to_string()).collect();
    let rows: Vec<_> = names
        .iter()
        .map(|name| {
            [
                Some(name.as_str()),
                Some("One\r\ntwo"),
                Some("true"),
                if name.ends_with('7') { Some("no") } else { None },
                None,
                None,
            ]
        })
        .collect();
    let muster = Muster::new().file("accounts.parquet", parquet(&rows));
    // Line breaks are not allowed in a name, so that every record has a finding.
    let mut all = Vec::new();
    for threads in ["1", "5"] {
        let run = muster.run(["check", "accounts.parquet", "--out", "out", "--threads", threads]).exits(3);
        assert_eq!(run.summary("out")["entities"][0]["rejected"], 8_000);
        all.push(reports(&run, "accounts.rejected.csv"));
    }
    assert!(all[0] == all[1]);
    let mut command = muster.command(["check", "accounts=-", "--out", "out"]);
    command.stdin(std::fs::File::open(muster.path("accounts.parquet")).unwrap()).stdout(Stdio::null());
    assert_eq!(command.status().unwrap().code(), Some(3));
    let run = muster.run(["rejects", "out", "--json"]);
    let (_, returned) = reports(&run, "accounts.rejected.csv");
    assert!(returned == all[0].1);
    let sha256 = |out: &Value| out["entities"][0]["files"][0]["sha256"].clone();
    let piped = sha256(&run.summary("out"));
    let plain = muster.run(["check", "accounts.parquet", "--out", "out"]).exits(3);
    assert_eq!(piped, sha256(&plain.summary("out")));
}

#[test]
fn a_parquet_file_that_cannot_be_read_stops_the_run_with_a_reason() {
    let good = parquet(&[[Some("1"), Some("One"), None, None, None, Some("a,b")]]);
    let lists = parquet_of(&[("legacyId", Kind::Text), ("name", Kind::List)], |rows| {
        assert!(rows.cell(0, Some("A")) && rows.cell(1, None));
    });
    for (bytes, said) in [
        (good.clone(), "record 1, column labels: an item of the list holds the separator ,"),
        (good[..good.len() - 20].to_vec(), "Parquet file that can be read"),
        (lists, "column name: holds lists, and the field name takes one value"),
    ] {
        let run = Muster::new().file("accounts.parquet", bytes).run(["check", "accounts.parquet"]).exits(1);
        assert!(run.stderr().contains(said), "{run}");
    }
}
