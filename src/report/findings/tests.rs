//! Tests of the findings files and of the tally, over whole files.

use std::fs;

use super::*;
use crate::output::{RunFolder, names};
use crate::record::{Code, Finding, Location, Related, RunId, Severity};
use crate::report::context::{Context, Entity, Field, File};
use crate::report::tally::Tally;
use crate::settings::ShownValues;

/// Accounts, and users in two files with different headers; `iban` is sensitive.
pub(crate) fn context() -> Context {
    let file = |path: &str, header: [&str; 2], mapping| File {
        format: "csv".into(),
        path: path.to_owned(),
        stem: crate::output::names::stem(path, "").to_owned(),
        bytes: 1000,
        sha256: "cd".to_owned(),
        encoding: "utf-8".to_owned(),
        delimiter: ",".to_owned(),
        extra: 0,
        header: header.map(str::to_owned).to_vec(),
        made: Vec::new(),
        mapping,
        prefix: 0..20,
        records: Some(9),
        columns: 2,
        not_imported: Vec::new(),
    };
    let field = |name: &str, sensitive| Field { name: name.to_owned(), sensitive };
    let accounts = Entity {
        name: "accounts".to_owned(),
        fields: vec![field("legacyId", false), field("name", false)],
        files: vec![file("in/accounts.csv", ["legacyId", "name"], vec![Some(0), Some(1)])],
        mapped: Vec::new(),
    };
    let users = Entity {
        name: "users".to_owned(),
        fields: vec![field("email", false), field("iban", true)],
        files: vec![
            file("in/users.csv", ["E-mail", "iban"], vec![Some(0), Some(1)]),
            file("=more.csv", ["iban", "email"], vec![Some(1), Some(0)]),
        ],
        mapped: Vec::new(),
    };
    Context {
        run: RunId::of("0193-run"),
        command: "import".to_owned(),
        started: "2026-11-24T12:00:00Z".parse().unwrap(),
        version: "0.1.0".to_owned(),
        schema_sha256: "ab".to_owned(),
        config: None,
        target: None,
        values: ShownValues::NotSensitive,
        again: Vec::new(),
        again_of_files: Vec::new(),
        refuses_unknown: false,
        entities: vec![accounts, users],
    }
}

/// A finding of the first file; `column` and field are the same.
pub(crate) fn finding(record: u64, column: Option<u16>, code: Code, value: &str) -> Finding {
    let location = Location {
        file: 0,
        record,
        line_start: record + 1,
        line_end: record + 1,
        byte_start: record * 10,
        byte_end: record * 10 + 10,
    };
    Finding {
        location,
        column,
        field: column,
        severity: code.default_severity(),
        code,
        value: value.into(),
        message: "is wrong".into(),
        suggestion: None,
        related: None,
    }
}

fn written(context: &Context, chunks: Vec<(usize, Vec<Finding>)>) -> (String, String, Tally) {
    let home = tempfile::tempdir().unwrap();
    let mut folder = RunFolder::open(home.path()).unwrap();
    let mut writer = FindingsWriter::new(context, &mut folder).unwrap();
    let renderer = writer.renderer(context);
    for (entity, findings) in chunks {
        writer.put(renderer.render(entity, findings)).unwrap();
    }
    let tally = writer.finish().unwrap();
    folder.seal().unwrap();
    folder.publish().unwrap();
    let read = |name| fs::read_to_string(home.path().join(name)).unwrap();
    (read(names::FINDINGS_NDJSON), read(names::FINDINGS_CSV), tally)
}

#[test]
fn a_finding_is_written_as_the_contract_says() {
    let mut plain = finding(7, Some(0), Code::InvalidEmail, "a@b\x1b[31m");
    plain.suggestion = Some("a@b.nl".into());
    let mut masked = finding(8, Some(1), Code::InvalidIban, "NL91 ABNA 0417 1643 12");
    masked.suggestion = Some("NL91ABNA0417164300".into());
    let mut duplicate = finding(9, Some(0), Code::DuplicateKey, "=1");
    duplicate.severity = Severity::Duplicate;
    duplicate.related = Some(Related { entity: 1, file: 1, record: 3 });
    let mut file = finding(0, None, Code::UnknownColumn, "");
    file.location = Location::whole_file(1, 1000);
    let (ndjson, csv, _) = written(&context(), vec![(1, vec![plain, masked, duplicate, file])]);
    assert_eq!(
        ndjson,
        concat!(
            r#"{"run":"0193-run","entity":"users","file":"in/users.csv","record":7,"line_start":8,"line_end":8,"#,
            r#""byte_start":70,"byte_end":80,"column":"E-mail","field":"email","severity":"reject","#,
            r#""code":"invalid-email","value":"a@b\u001b[31m","message":"is wrong","suggestion":"a@b.nl","#,
            r#""related":null}"#,
            "\n",
            r#"{"run":"0193-run","entity":"users","file":"in/users.csv","record":8,"line_start":9,"line_end":9,"#,
            r#""byte_start":80,"byte_end":90,"column":"iban","field":"iban","severity":"reject","#,
            r#""code":"invalid-iban","value":"NL** **** **** **** 12","message":"is wrong","#,
            r#""suggestion":"NL** **** **** **** 00","related":null}"#,
            "\n",
            r#"{"run":"0193-run","entity":"users","file":"in/users.csv","record":9,"line_start":10,"line_end":10,"#,
            r#""byte_start":90,"byte_end":100,"column":"E-mail","field":"email","severity":"duplicate","#,
            r#""code":"duplicate-key","value":"=1","message":"is wrong","suggestion":null,"#,
            r#""related":{"file":"=more.csv","record":3}}"#,
            "\n",
            r#"{"run":"0193-run","entity":"users","file":"=more.csv","record":null,"line_start":null,"#,
            r#""line_end":null,"byte_start":0,"byte_end":1000,"column":null,"field":null,"#,
            r#""severity":"warning","code":"unknown-column","value":null,"message":"is wrong","#,
            r#""suggestion":null,"related":null}"#,
            "\n",
        )
    );
    assert_eq!(
        csv,
        concat!(
            "\u{feff}run,entity,file,record,line_start,line_end,byte_start,byte_end,column,field,",
            "severity,code,value,message,suggestion,related\r\n",
            "0193-run,users,in/users.csv,7,8,8,70,80,E-mail,email,reject,invalid-email,\"a@b␛[31m\",is wrong,",
            "a@b.nl,\r\n",
            "0193-run,users,in/users.csv,8,9,9,80,90,iban,iban,reject,invalid-iban,NL** **** **** **** 12,",
            "is wrong,NL** **** **** **** 00,\r\n",
            "0193-run,users,in/users.csv,9,10,10,90,100,E-mail,email,duplicate,duplicate-key,\"'=1\",is wrong,,",
            "\"'=more.csv:3\"\r\n",
            "0193-run,users,\"'=more.csv\",,,,0,1000,,,warning,unknown-column,,is wrong,,\r\n",
        )
    );
}

#[test]
fn readers_of_both_files_get_any_value_back() {
    let values = ["", "a\"b\\c\n\t", "é\u{202e}日本\u{9b}", "\0\u{7f}", "x;=1,y"];
    let findings: Vec<_> =
        (1..).zip(values).map(|(r, v)| finding(r, Some(0), Code::InvalidEmail, v)).collect();
    let (ndjson, csv, _) = written(&context(), vec![(1, findings)]);
    let mut reader = csv::Reader::from_reader(csv.trim_start_matches('\u{feff}').as_bytes());
    let mut rows = reader.records();
    for (line, value) in ndjson.lines().zip(values) {
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(json["value"], value);
        assert_eq!(rows.next().unwrap().unwrap().len(), json.as_object().unwrap().len());
    }
    assert!(rows.next().is_none());
}

/// Many findings over both entities, several a record.
fn many(count: u64) -> Vec<(usize, Vec<Finding>)> {
    let users = (1..=count).flat_map(|record| {
        let mut findings = vec![finding(record, Some(0), Code::InvalidEmail, &format!("v{}", record % 7))];
        if record % 3 == 0 {
            findings.push(finding(record, Some(1), Code::InvalidIban, "x"));
            findings.push(finding(record, Some(1), Code::TooLong, "x"));
        }
        findings
    });
    let accounts = (1..=count / 2).map(|record| finding(record, Some(1), Code::TooLong, "n"));
    vec![(0, accounts.collect()), (1, users.collect())]
}

#[test]
fn where_batches_end_changes_nothing() {
    let whole = written(&context(), many(40_000));
    for size in [1, 7, 1023] {
        let cut = many(40_000).into_iter().flat_map(|(entity, findings)| {
            let records: Vec<_> = findings.chunk_by(|a, b| a.location == b.location).collect();
            records.chunks(size).map(|chunk| (entity, chunk.concat())).collect::<Vec<_>>()
        });
        let other = written(&context(), cut.collect());
        assert!(whole.0 == other.0 && whole.1 == other.1);
        for (one, two) in whole.2.rules(1).into_iter().zip(other.2.rules(1)) {
            assert_eq!((one.rows, one.alone, &one.samples), (two.rows, two.alone, &two.samples));
            let values = |rule: &crate::report::tally::RuleTally| format!("{:?}", rule.values.top(99));
            assert_eq!(values(one), values(two));
        }
    }
    assert_eq!(whole.0.lines().count(), 20_000 + 40_000 + 2 * 13_333);
}

#[test]
fn rules_count_records_and_those_that_they_alone_reject() {
    let mut twice = many(9);
    let again = twice[1].1[0].clone();
    twice[1].1.insert(1, again);
    let (.., tally) = written(&context(), twice);
    let rules: Vec<_> = tally
        .rules(1)
        .into_iter()
        .map(|rule| (rule.code.as_str(), rule.column.as_deref().unwrap(), rule.rows, rule.alone))
        .collect();
    assert_eq!(
        rules,
        [("invalid-email", "E-mail", 9, 6), ("invalid-iban", "iban", 3, 0), ("too-long", "iban", 3, 0)]
    );
    assert_eq!((tally.entity(1).rejected, tally.entity(1).findings), (9, 16));
    let email = tally.rules(1)[0];
    assert_eq!(email.values.distinct(), (7, false));
    assert_eq!(email.values.top(1)[0].text, "v1");
    assert_eq!(email.values.top(1)[0].rows, 3);
    assert_eq!(email.samples.iter().map(|f| f.location.record).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn users_of_a_rejected_account_are_counted_with_its_cause() {
    let mut findings = vec![
        finding(1, Some(1), Code::TooLong, "once"),
        finding(2, Some(1), Code::TooLong, "once"),
        finding(3, Some(0), Code::Required, ""),
        finding(3, Some(1), Code::TooLong, "once"),
    ];
    findings[2].field = Some(0);
    let users = (1..=10).map(|record| {
        let mut user = finding(record, Some(0), Code::AccountRejected, "A");
        user.related = Some(Related { entity: 0, file: 0, record: 1 + record % 3 });
        user
    });
    let (.., tally) = written(&context(), vec![(0, findings), (1, users.collect())]);
    let rules = tally.rules(0);
    assert_eq!((rules[0].code, rules[0].rows, rules[0].alone, rules[0].knock_on), (Code::TooLong, 3, 2, 7));
    assert_eq!(rules[0].values.top(1)[0].knock_on, 7);
    assert_eq!((rules[1].code, rules[1].alone, rules[1].knock_on), (Code::Required, 0, 0));
}

#[test]
fn skipped_duplicates_are_listed_with_the_kept_record_up_to_a_limit() {
    let duplicates = (1..=100).map(|record| {
        let mut duplicate = finding(record, Some(0), Code::DuplicateKey, "k");
        duplicate.severity = Severity::Duplicate;
        duplicate.related = Some(Related { entity: 1, file: 0, record: 1000 + record % 60 });
        duplicate
    });
    let (.., tally) = written(&context(), vec![(1, duplicates.collect())]);
    assert_eq!(tally.groups().len(), crate::report::tally::GROUPS);
    assert_eq!(tally.groups()[0].count, 2);
    assert_eq!(tally.entity(1).rejected, 0);
}

#[test]
fn hidden_shows_no_value_and_shown_all() {
    let findings = || {
        vec![(
            1,
            vec![
                finding(1, Some(0), Code::TooLong, "abcdefghijkl"),
                finding(2, Some(1), Code::TooLong, "0123456789"),
            ],
        )]
    };
    let mut context = context();
    context.values = ShownValues::None;
    let hidden = written(&context, findings()).0;
    assert!(hidden.contains("ab** **** **kl") && hidden.contains("01** **** 89"));
    context.values = ShownValues::All;
    let shown = written(&context, findings()).0;
    assert!(shown.contains("abcdefghijkl") && shown.contains("0123456789"));
}

#[test]
fn a_part_of_a_whole_record_is_masked_if_a_cell_may_be_sensitive() {
    let part = || finding(1, None, Code::StrayQuote, "Kerkstraat 12");
    assert!(written(&context(), vec![(1, vec![part()])]).0.contains("\"Ke** **** **12\""));
    assert!(written(&context(), vec![(0, vec![part()])]).0.contains("\"Kerkstraat 12\""));
}

#[test]
fn an_iban_is_masked_where_nothing_is_sensitive() {
    let found = |value: &str| vec![(0, vec![finding(1, Some(0), Code::TooLong, value)])];
    let (json, csv, _) = written(&context(), found("was NL91 ABNA 0417 1643 00"));
    assert!(json.contains("\"was NL** **** **** **** 00\""), "{json}");
    assert!(csv.contains(",was NL** **** **** **** 00,"), "{csv}");
}
