//! What a look finds in whole files: encodings, dialects, title lines, entities.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::test_schema::schema;
use super::*;
use crate::record::Code;
use crate::schema::Schema;

fn looked(name: &str, bytes: &[u8], options: &LookOptions<'_>) -> Result<Look, SourceError> {
    looked_with(&schema(), name, bytes, options)
}

fn looked_with(
    schema: &Schema,
    name: &str,
    bytes: &[u8],
    options: &LookOptions<'_>,
) -> Result<Look, SourceError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let source = Source::open(&InputPath::File(path), &Intake::unlimited(folder.path()))?;
    look(&source, schema, None, options)
}

fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(order).collect()
}

#[test]
fn every_dialect_is_recognised() {
    // content, delimiter, header, data_start, data_line, line end
    for (content, delimiter, header, data_start, data_line, line_end) in [
        ("email,role\na@b.nl,x\n", b',', "email|role", 11, 2, LineEnd::Lf),
        ("email;role\r\na@b.nl;x,y\r\n", b';', "email|role", 12, 2, LineEnd::CrLf),
        ("email\trole\ra@b.nl\tx\r", b'\t', "email|role", 11, 2, LineEnd::Cr),
        ("email|role\n", b'|', "email|role", 11, 2, LineEnd::Lf),
        ("email,role", b',', "email|role", 10, 1, LineEnd::Lf),
        ("email\nb,c\nb,c\n", b';', "email", 6, 2, LineEnd::Lf),
        (
            "\"email\",\"first\r\nname\" ,x\"\"y,\"a\"\"b\"\n1",
            b',',
            "email|first name|x\"\"y|a\"b",
            35,
            3,
            LineEnd::Lf,
        ),
        ("sep=;\r\nemail;role\r\n", b';', "email|role", 19, 3, LineEnd::CrLf),
        ("\"SEP=|\"\nemail|role\n", b'|', "email|role", 19, 3, LineEnd::Lf),
        ("\n\r\nemail,role\nx", b',', "email|role", 14, 4, LineEnd::Lf),
        ("Gebruikers; per 1 mei, 2024\n\nemail;role\na;b\n", b';', "email|role", 40, 4, LineEnd::Lf),
        ("email;role;;\na;b;;\n", b';', "email|role||", 13, 2, LineEnd::Lf),
        // The header fits with both; the rows decide.
        ("email;x,role\na;b,c;d\na,b;c\n", b';', "email|x,role", 13, 2, LineEnd::Lf),
        // A quote that is not closed does not swallow the evidence.
        ("email;zz\n\"a;b\nc;d\ne;f\n", b';', "email|zz", 9, 2, LineEnd::Lf),
    ] {
        let look = looked("users.csv", content.as_bytes(), &LookOptions::default())
            .unwrap_or_else(|error| panic!("{content:?}: {error}"));
        let found = look.opening;
        assert_eq!(found.header.join("|"), header, "{content:?}");
        assert_eq!(found.delimiter as char, delimiter as char, "{content:?}");
        assert_eq!(
            (found.data_start, found.data_line, found.line_end),
            (data_start, data_line, line_end),
            "{content:?}"
        );
    }
}

#[test]
fn a_tie_between_delimiters_is_an_error_that_the_option_resolves() {
    let text = b"zz;x,yy\na;b,c\n";
    let error = looked("users.csv", text, &LookOptions::default()).unwrap_err();
    assert!(error.to_string().contains("comma and semicolon could both be its delimiter"), "{error}");
    let options = LookOptions { delimiter: Some(b';'), ..LookOptions::default() };
    assert_eq!(looked("users.csv", text, &options).unwrap().opening.header, ["zz", "x,yy"]);
}

#[test]
fn every_encoding_is_recognised_and_its_marks_are_skipped() {
    let text = "email;rôle\r\na@b.nl;Zoë\r\n";
    let le = utf16(text, u16::to_le_bytes);
    let be = utf16(text, u16::to_be_bytes);
    let w1252: Vec<u8> = text.chars().map(|c| u8::try_from(c as u32).unwrap()).collect();
    let marked = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
    for (bytes, name, certain, bom, data_start) in [
        (text.as_bytes().to_vec(), "utf-8", false, 0, 13),
        (marked(b"\xEF\xBB\xBF", text.as_bytes()), "utf-8", true, 3, 16),
        (marked(b"\xEF\xBB\xBF\xEF\xBB\xBF", text.as_bytes()), "utf-8", true, 6, 19),
        (w1252, "windows-1252", false, 0, 12),
        (le.clone(), "utf-16le", false, 0, 24),
        (be.clone(), "utf-16be", false, 0, 24),
        (marked(b"\xFF\xFE", &le), "utf-16le", true, 2, 26),
        (marked(b"\xFE\xFF", &be), "utf-16be", true, 2, 26),
    ] {
        let found = looked("users.csv", &bytes, &LookOptions::default()).unwrap().opening;
        assert_eq!(found.header, ["email", "rôle"], "{name}");
        assert_eq!((found.encoding.name().as_str(), found.encoding_certain), (name, certain));
        assert_eq!((found.bom_len, found.data_start, found.data_line), (bom, data_start, 2), "{name}");
        assert_eq!(found.line_end, LineEnd::CrLf);
    }
    let options = LookOptions {
        encoding: Some(Encoding::from_label("iso-8859-15").unwrap()),
        ..LookOptions::default()
    };
    let found = looked("users.csv", b"email,\xA4\n", &options).unwrap().opening;
    assert_eq!((found.header[1].as_str(), found.encoding_certain), ("€", true));
}

#[test]
fn the_entity_comes_from_the_name_else_from_the_header() {
    for (name, content, expected) in [
        ("accounts-2024.csv", "zzz\n", Some(0)),
        ("Users.CSV", "legacyId,name\n", Some(1)),
        ("people.csv", "email,organization,zzz\n", Some(1)),
        ("people.csv", "legacyId,name,zzz,zzz,zzz,zzz\n", Some(0)),
        ("people.csv", "Export\nlegacyId,name\n", Some(0)),
        // legacyId is also a field of users, but not their key.
        ("people.csv", "email,legacyId,accountId,firstName\n", Some(1)),
        ("people.csv", "foo,bar\n", None),
        ("people.csv", "legacyId,foo,bar\n", None),
        ("people.csv", "", None),
    ] {
        let entity = looked(name, content.as_bytes(), &LookOptions::default()).map(|look| look.entity);
        assert_eq!(entity.as_ref().ok(), expected.as_ref(), "{name} {content:?} {entity:?}");
    }
    let error = looked("people.csv", b"foo,bar\n", &LookOptions::default()).unwrap_err().to_string();
    assert!(
        error.contains("the schemas have accounts, users; the header fits none")
            && error.contains("write accounts="),
        "{error}"
    );
}

#[test]
fn a_fault_of_a_whole_file_is_a_finding() {
    for (content, code) in [
        (&b""[..], Code::EmptyFile),
        (b"\xEF\xBB\xBF", Code::EmptyFile),
        (b"\r\n\n \n", Code::EmptyFile),
        (b"sep=;\n", Code::EmptyFile),
        (b"PK\x03\x04\0\0xl/workbook.xml", Code::NotText),
        (b"\x01\x02\0\0\0\x05\x06\x01\0\xFE\xFE\xFE", Code::NotText),
        (b"email,organization,muster.change\n", Code::ChangesFile),
        (b"role\n", Code::MissingColumn),
    ] {
        let look = looked("users.csv", content, &LookOptions::default()).unwrap();
        assert_eq!(look.findings.first().map(|finding| finding.code), Some(code), "{content:?}");
        assert_eq!(look.findings[0].location.byte_end, content.len() as u64);
    }
    let options = LookOptions { changes: true, ..LookOptions::default() };
    let look = looked("users.csv", b"email,organization,_,muster_change\n", &options).unwrap();
    assert_eq!((look.change_column, look.findings.len()), (Some(3), 1));
    // NULs in cells below a known header are faults of records, not of the file.
    let look =
        looked("users.csv", b"email,organization\n\0\0\0\0\0\0\0\0\0,1\n", &LookOptions::default()).unwrap();
    assert_eq!(look.findings, []);
}

#[test]
fn lines_before_the_header_are_skipped_with_a_note() {
    let look = looked("users.csv", b"Title\n\nemail,organization\n", &LookOptions::default()).unwrap();
    assert_eq!(look.notes, ["skipped lines 1 to 2: the header of users is in line 3"]);
    let late = format!("{}email,organization\n", "Title\n".repeat(10));
    let look = looked("users.csv", late.as_bytes(), &LookOptions::default()).unwrap();
    assert_eq!((look.opening.header_line, look.opening.header), (1, vec!["Title".to_owned()]));
}

/// What is wrong with these maps, `left` and `field`, for a file of users and one of accounts.
fn mistakes(maps: &[(&str, &str)]) -> Vec<String> {
    let names = ["users.csv".to_owned(), "accounts.csv".to_owned()];
    let maps: Vec<_> =
        maps.iter().map(|(left, field)| ColumnMap::given(left, field, &schema(), &names)).collect();
    let contents = [&b"email,organization,Nr,Tel\n"[..], b"Klant,Nr,name,Zaak\n"];
    let options = LookOptions { maps: &maps, ..LookOptions::default() };
    let looks = [0, 1].map(|at| {
        let text = contents[at];
        looked_with(&schema(), &names[at], text, &options).unwrap()
    });
    let files: Vec<_> =
        names.iter().zip(&looks).map(|(name, look)| Looked { name, look, maps: &maps }).collect();
    map_mistakes(&maps, &files, &schema())
}

#[test]
fn a_map_must_find_its_column_and_its_field_in_some_file() {
    for used in [
        &[("Klant", "legacyId")][..],
        &[("tel", "contact.phone")],
        &[("accounts:Nr", "legacyId"), ("users:Nr", "contact.phone")],
    ] {
        assert_eq!(mistakes(used), Vec::<String>::new(), "{used:?}");
    }
    for (wrong, said) in [
        (&[("Klnt", "legacyId")][..], &["no file has the column Klnt; did you mean Klant?"][..]),
        (
            &[("Telefax", "legacyId")],
            &["no file has the column Telefax; there are email, organization, Nr, Tel, Klant, name, Zaak"],
        ),
        (
            &[("Klant", "zzz")],
            &["there is no field zzz in accounts; `muster schema print accounts` lists all"],
        ),
        (&[("Klant", "email")], &["there is no field email in accounts; did you mean contact.email?"]),
        (&[("Tel", "phone")], &["there is no field phone in users; did you mean contact.phone?"]),
        (
            &[("Tel", "contact.phome")],
            &["there is no field contact.phome in users; did you mean contact.phone?"],
        ),
        (&[("acounts:Klant", "legacyId")], &["did you mean accounts:Klant?"]),
        (&[("users:Klant", "contact.phone")], &["no file of users has the column Klant;"]),
        (&[("Nr", "name"), ("Klnt", "legacyId")], &["the columns Nr and name", "did you mean Klant?"]),
        (&[("Klant", "legacyId"), ("accounts:Nr", "legacyId")], &["the columns Klant and Nr"]),
        (
            &[("Klant", "legacyId"), ("Klant", "name")],
            &["the column Klant of accounts.csv can mean only one field"],
        ),
    ] {
        let found = mistakes(wrong).join("\n");
        assert!(said.iter().all(|part| found.contains(part)), "{wrong:?}:\n{found}");
    }
}

#[test]
fn the_samples_are_recognised_by_their_headers_in_every_dialect() {
    let schema = Schema::built_in().unwrap();
    for (entity, sample) in [
        ("accounts", &include_bytes!("../../samples/accounts.csv")[..]),
        ("users", &include_bytes!("../../samples/users.csv")[..]),
    ] {
        // They have faults: a few malformed bytes do not make a file Windows-1252.
        assert!(Utf8Evidence::of(sample).malformed > 0 && Encoding::guess(sample, true) == Encoding::Utf8);
        let sample = String::from_utf8_lossy(sample);
        let (header, rows) = sample.split_once('\n').unwrap();
        for delimiter in DELIMITERS {
            // The rows keep their commas: the header must count for more.
            let text = format!("{}\n{rows}", header.replace(',', &char::from(delimiter).to_string()));
            for bytes in [text.clone().into_bytes(), utf16(&text, u16::to_le_bytes)] {
                let look = looked_with(&schema, "legacy.csv", &bytes, &LookOptions::default()).unwrap();
                assert_eq!((look.opening.delimiter, look.findings), (delimiter, vec![]), "{entity}");
                assert_eq!(schema.entities[look.entity].name, entity);
                assert!(look.mapping.columns.iter().all(Option::is_some));
            }
        }
    }
}

/// Mostly the bytes that matter to a dialect, sometimes any others.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![8 => select(b"\",;|\t\r\nea \0\xEF\xBB\xBF\xFF\xFE".to_vec()), 1 => any::<u8>()];
    let word = prop_oneof![
        3 => select(vec!["email", "account.legacyId", "sep=;", "legacyId", "\"", "\u{FEFF}"]).prop_map(Vec::from),
        5 => vec(byte, 1..4),
    ];
    vec(word, 0..40).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn no_bytes_make_a_look_panic(bytes in hostile()) {
        if let Ok(look) = looked("users.csv", &bytes, &LookOptions::default()) {
            let Opening { encoding, bom_len, header_start, data_start, data_line, header_line, .. } = look.opening;
            prop_assert!(header_start <= data_start && data_start <= bytes.len() as u64);
            prop_assert!(bom_len <= header_start || look.mapping == Mapping::default());
            let is_whole = (data_start - bom_len) % encoding.unit() as u64 == 0;
            prop_assert!(is_whole || look.mapping == Mapping::default());
            prop_assert!(data_line >= header_line);
        }
    }

    #[test]
    fn the_records_of_a_sample_tile_its_text(text in hostile(), delimiter in select(DELIMITERS.to_vec())) {
        let (mut position, mut line) = (0, 1);
        for record in dialect::Sampler::new(&text, delimiter, 0, 1) {
            prop_assert_eq!((record.start, record.line >= line), (position, true));
            prop_assert_eq!(record.cells.first().map(|cell| cell.start), Some(record.start));
            prop_assert_eq!(record.cells.last().map(|cell| cell.end), Some(record.line_end));
            prop_assert!(record.cells.windows(2).all(|pair| pair[0].end + 1 == pair[1].start));
            (position, line) = (record.end, record.line);
        }
        prop_assert_eq!(position, text.len());
    }

    #[test]
    fn the_evidence_of_two_blocks_is_that_of_both(text in ".{0,80}", cut in 0_usize..80) {
        let cut = text.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(text.len());
        let (left, right) = text.split_at(cut);
        let mut sum = Utf8Evidence::of(left.as_bytes());
        sum += Utf8Evidence::of(right.as_bytes());
        prop_assert_eq!(sum, Utf8Evidence::of(text.as_bytes()));
        prop_assert_eq!(sum.valid, text.chars().filter(|c| !c.is_ascii()).count() as u64);
    }
}
