//! The round trip is a law: what was imported and is exported, in any format, and imported again changes nothing;
//! and another database that imports the export exports the same bytes. For random values of every type of field,
//! looked at in the tables and not in what the tool says.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use crate::support::{Database, Finished, Muster};

/// A field of every type, and those with a format twice.
const THINGS: &str = r#"
entity = "things"
key = "key"

[table]
name = "things"

[[field]]
name = "key"
type = "text"
required = true

[[field]]
name = "words.plain"
type = "text"

[[field]]
name = "words.lines"
type = "text"
multiline = true

[[field]]
name = "words.once"
type = "text"
unique = true

[[field]]
name = "colour"
type = "choice"
values = ["red", "dark blue"]

[[field]]
name = "size"
type = "choice"
values = ["small", "large"]
otherwise = "small"

[[field]]
name = "flag"
type = "boolean"
spellings = { true = ["ja"], false = ["nee"] }

[[field]]
name = "tags"
type = "list"

[[field]]
name = "bars"
type = "list"
separator = "|"

[[field]]
name = "who.email"
type = "email"

[[field]]
name = "who.phone"
type = "phone"
default_country = "NL"

[[field]]
name = "who.country"
type = "country"

[[field]]
name = "who.language"
type = "language"
default = "en"

[[field]]
name = "bank.iban"
type = "iban"
sensitive = true

[[field]]
name = "bank.bic"
type = "bic"

[[field]]
name = "vat"
type = "vat"
default_country = "NL"

[[field]]
name = "postal"
type = "postal-code"
default_country = "NL"

[[field]]
name = "number.whole"
type = "integer"

[[field]]
name = "number.point"
type = "decimal"
decimal_comma = false

[[field]]
name = "number.comma"
type = "decimal"
decimal_comma = true

[[field]]
name = "number.open"
type = "decimal"

[[field]]
name = "day.iso"
type = "date"
format = "%Y-%m-%d"

[[field]]
name = "day.dutch"
type = "date"
format = "%d-%m-%Y"

[[field]]
name = "day.open"
type = "date"

[[field]]
name = "at.zoned"
type = "timestamp"
format = "%Y-%m-%dT%H:%M:%S%:z"

[[field]]
name = "at.open"
type = "timestamp"
"#;

const PARTS: &str = r#"
entity = "parts"
key = "code"

[table]
name = "parts"

[[field]]
name = "code"
type = "text"
required = true

[[field]]
name = "thing.key"
type = "text"
references = "things"
required = true
column = "thing_id"
"#;

/// Texts that some reader or writer is known to fall over.
fn text() -> impl Strategy<Value = String> {
    let odd = [
        "",
        "\"",
        "\"\"",
        "a\"b",
        ",",
        ";",
        "a,b",
        "'",
        "''",
        "null",
        "NULL",
        "\\N",
        "\\",
        "\\n",
        "{}",
        "[]",
        "true",
        "0",
        "-0",
        "1e5",
        "=1+1",
        "'=1",
        "''=1",
        "+31612345678",
        "'+31612345678",
        "+31 6",
        "-5",
        "@x",
        "'@x",
        "'s-Gravenhage",
        "بيت 🏠",
        "שלום",
        "\u{202e}abc\u{202c}",
        "👨\u{200d}👩\u{200d}👧",
        "e\u{301}",
        "Å",
        "日本語",
        "#N/A",
        "2026-01-31",
        "sep=;",
        "key",
        "＝1",
        "%",
        "a|b",
        "\u{a0}",
    ];
    prop_oneof![
        3 => select(odd.to_vec()).prop_map(str::to_owned),
        2 => "\\PC{0,12}",
        1 => "['=+@,;\"\\\\ \\-a]{0,6}",
    ]
}

fn lines() -> impl Strategy<Value = String> {
    let line =
        prop_oneof![text(), select(vec!["\n", "\r\n", "\r", "\u{2028}", "=\n+"]).prop_map(str::to_owned)];
    vec(line, 0..5).prop_map(|lines| lines.concat())
}

fn list(separator: char) -> impl Strategy<Value = Value> {
    vec(text().prop_filter("no item holds the separator", move |item| !item.contains(separator)), 0..4)
        .prop_map(Value::from)
}

/// A day of the calendar with a year of four digits, as ISO 8601 writes it.
fn day() -> impl Strategy<Value = String> {
    (1000..=9999_u32, 1..=12_u32, 1..=28_u32)
        .prop_map(|(year, month, day)| format!("{year}-{month:02}-{day:02}"))
}

fn instant() -> impl Strategy<Value = String> {
    let fraction = select(vec!["", ".5", ".000001", ".123456", ".999999"]);
    let offset = select(vec!["Z", "+02:00", "-11:30"]);
    (day(), 0..24_u32, 0..60_u32, fraction, offset).prop_map(|(day, hour, minute, fraction, offset)| {
        format!("{day}T{hour:02}:{minute:02}:07{fraction}{offset}")
    })
}

/// Marks a number that must be written to the digit.
const NUMBER: &str = "number:";

/// A number as JSON writes it, to the digit: see [`things`].
fn number() -> impl Strategy<Value = Value> {
    (any::<i32>(), select(vec!["", ".5", ".50", ".500", ".000", ".125"]))
        .prop_map(|(whole, fraction)| Value::from(format!("{NUMBER}{whole}{fraction}")))
}

fn of<const N: usize>(values: [&'static str; N]) -> BoxedStrategy<Value> {
    select(values.to_vec()).prop_map(Value::from).boxed()
}

/// A row's value for each field but the key; absent ones are NULL.
fn row() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let texts = |strategy: BoxedStrategy<String>| strategy.prop_map(Value::from).boxed();
    let dutch = day().prop_map(|day| format!("{}-{}-{}", &day[8..], &day[5..7], &day[..4]));
    let comma = prop_oneof![number(), (0..999_u32).prop_map(|n| Value::from(format!("{n},{n}")))];
    let fields: Vec<(&'static str, BoxedStrategy<Value>)> = vec![
        ("words.plain", texts(text().boxed())),
        ("words.lines", texts(lines().boxed())),
        ("colour", of(["red", "Dark Blue", "RED"])),
        ("size", of(["small", "large", "huge", ""])),
        ("flag", prop_oneof![any::<bool>().prop_map(Value::from), of(["ja", "nee", "true"])].boxed()),
        ("tags", list(',').boxed()),
        ("bars", prop_oneof![list('|'), of(["a|b, c|a", ""])].boxed()),
        ("who.email", of(["A@Example.com", "zoë@example.nl", "x+y@sub.example.org"])),
        ("who.phone", of(["0612345678", "+31 6 12345678", "+4915112345678", "tel 020-5551234"])),
        ("who.country", of(["NL", "Duitsland", "UK", "BEL"])),
        ("who.language", of(["nl", "en-GB", "zh-Hant-TW", ""])),
        ("bank.iban", of(["NL91 ABNA 0417 1643 00", "DE89370400440532013000"])),
        ("bank.bic", of(["ABNANL2A", "DEUTDEFFXXX"])),
        ("vat", of(["NL810464801B69", "810464801B69", "BE0123456789"])),
        ("postal", of(["1234AB", "1234 ab"])),
        ("number.whole", any::<i64>().prop_map(Value::from).boxed()),
        ("number.point", number().boxed()),
        ("number.comma", comma.boxed()),
        ("number.open", number().boxed()),
        ("day.iso", texts(day().boxed())),
        ("day.dutch", texts(dutch.boxed())),
        ("day.open", texts(day().boxed())),
        ("at.zoned", texts(instant().boxed())),
        ("at.open", texts(instant().boxed())),
    ];
    let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
    let values: Vec<_> = fields.into_iter().map(|(_, value)| option::weighted(0.8, value)).collect();
    values.prop_map(move |values| {
        let values = values.into_iter().map(|value| value.unwrap_or(Value::Null));
        names.iter().copied().zip(values).collect()
    })
}

/// Rows, without their keys.
type Case = Vec<Vec<(&'static str, Value)>>;

/// A case's file of things, one object a line, nested; keys that are awkward in their own right.
fn things(case: usize, rows: &Case) -> String {
    const BEGINNINGS: [&str; 8] = ["K", "=", "+", "'", "é", "\"", "日", "a b"];
    let mut file = String::new();
    for (number, row) in rows.iter().enumerate() {
        let key = format!("{}{case}-{number}", BEGINNINGS[number % BEGINNINGS.len()]);
        let mut object = Map::from_iter([("key".to_owned(), Value::from(key.clone()))]);
        let once = if (case, number) == (0, 0) {
            json!("")
        } else if number % 3 == 0 {
            json!(null)
        } else {
            json!(key)
        };
        for (name, value) in row.iter().cloned().chain([("words.once", once)]) {
            match name.split_once('.') {
                None => drop(object.insert(name.to_owned(), value)),
                Some((outer, inner)) => {
                    let nested = object.entry(outer).or_insert_with(|| json!({}));
                    nested[inner] = value;
                }
            }
        }
        // The library would write 1.5 for 1.500.
        let line = Value::Object(object).to_string();
        let quoted = format!("\"{NUMBER}");
        let mut parts = line.split(&quoted);
        file += parts.next().unwrap();
        for part in parts {
            file += &part.replacen('"', "", 1);
        }
        file.push('\n');
    }
    file
}

/// A target with both tables.
fn target() -> (Database, Muster) {
    let database = Database::new();
    let muster = Muster::on(&database).file("schemas/things.toml", THINGS).file("schemas/parts.toml", PARTS);
    let ddl = muster.run(["schema", "ddl", "--schemas", "schemas"]).exits(0).stdout();
    database.text(&format!("{ddl};SELECT 1"));
    (database, muster)
}

const STATE: &str = "SELECT 'things', key, to_jsonb(t) - 'id' - 'created_at' - 'updated_at' FROM things t
    UNION ALL SELECT 'parts', code, jsonb_build_array(t.key) FROM parts p JOIN things t ON t.id = p.thing_id
    ORDER BY 1, 2";
const VERSIONS: &str =
    "SELECT 't', id, xmin::text FROM things UNION ALL SELECT 'p', id, xmin::text FROM parts
    ORDER BY 1, 2";

/// The ways of exporting, and the options that import needs for the way back.
const WAYS: [(&[&str], &[&str]); 8] = [
    (&[], &[]),
    (&["--format", "ndjson"], &[]),
    (&["--format", "parquet"], &[]),
    (&["--for-spreadsheet"], &["--from-spreadsheet"]),
    (&["--for-spreadsheet", "--delimiter", ";"], &["--from-spreadsheet"]),
    (&["--compress", "gzip", "--split", "23"], &[]),
    (&["--format", "ndjson", "--compress", "zstd", "--split", "31"], &["--from-spreadsheet"]),
    (&["--format", "parquet", "--compress", "gzip", "--split", "29"], &["--from-spreadsheet"]),
];

fn export(muster: &Muster, out: &str, how: &[&str]) -> Vec<String> {
    let fixed = ["export", "--schemas", "schemas", "--out", out];
    muster.run(fixed.iter().chain(how)).exits(0);
    let names = std::fs::read_dir(muster.path(out)).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap()).filter(|name| name != "manifest.json");
    let mut names: Vec<_> = names.map(|name| format!("{out}/{name}")).collect();
    names.sort();
    names
}

fn import(muster: &Muster, files: &[String], how: &[&str]) -> Finished {
    let fixed = ["import", "--schemas", "schemas", "--out", "reports", "--max-record", "8M"];
    muster.run(
        fixed
            .iter()
            .map(|word| (*word).to_owned())
            .chain(how.iter().map(|word| (*word).to_owned()))
            .chain(files.to_vec()),
    )
}

/// Whether every field has values, and the texts have both kinds of nothing.
const VARIED: &str = "SELECT (SELECT bool_and(filled) FROM (SELECT bool_or(e.value <> 'null') AS filled
        FROM things t, jsonb_each(to_jsonb(t)) e GROUP BY e.key) fields)
    AND bool_or(words_plain = '') AND bool_or(words_plain IS NULL) AND bool_or(words_once = '')
    AND bool_or(number_open::text LIKE '%.500') FROM things";

/// Exports and imports the rows of all cases in every way. Each has a separate file, so what only a whole file shows
/// is tested as well; one run serves all of them.
fn goes_round(cases: &[Case]) {
    let (database, muster) = target();
    let mut first = Vec::new();
    for (case, rows) in cases.iter().enumerate() {
        first.push(format!("things-{case:03}.ndjson"));
        muster.write(&first[case], things(case, rows));
    }
    let came_in = import(&muster, &first, &["--quoted-empty", "text"]);
    let rows: usize = cases.iter().map(Vec::len).sum();
    // Not all that is random is right; what is not stays out.
    let accepted = came_in.summary("reports")["entities"][0]["accepted"].as_u64().unwrap();
    assert!(accepted * 2 > rows as u64, "{came_in}");
    assert!(database.text(VARIED) == "t", "{}", database.text("SELECT to_jsonb(t) FROM things t"));
    let keys = database.text("SELECT key FROM things ORDER BY key");
    let parts: String = keys
        .lines()
        .enumerate()
        .map(|(number, key)| format!("{}\n", json!({"code": format!("P{number}"), "thing": {"key": key}})))
        .collect();
    muster.write("parts.ndjson", parts);
    import(&muster, &["parts.ndjson".to_owned()], &[]).exits(0);
    let (state, versions) = (database.text(STATE), database.text(VERSIONS));
    let (other, elsewhere) = target();
    for (number, (out, back)) in WAYS.iter().enumerate() {
        let files = export(&muster, &format!("ex{number}"), out);
        let again = import(&muster, &files, back).exits(0);
        for entity in again.summary("reports")["entities"].as_array().unwrap() {
            assert_eq!(entity["unchanged"], accepted, "{out:?}{again}");
            assert_eq!(entity["updated"], 0, "{out:?}{again}");
        }
        assert!(database.text(VERSIONS) == versions, "{out:?} wrote");
        if number < 4 {
            other.text("TRUNCATE things, parts; SELECT 1");
            let absolute: Vec<_> =
                files.iter().map(|file| muster.path(file).to_str().unwrap().to_owned()).collect();
            import(&elsewhere, &absolute, back).exits(0);
            assert_eq!(other.text(STATE), state, "{out:?}");
            for file in export(&elsewhere, &format!("ex{number}"), out) {
                let read = |muster: &Muster| std::fs::read(muster.path(&file)).unwrap();
                assert!(read(&elsewhere) == read(&muster), "{out:?}: {file} is another");
            }
        }
    }
}

#[test]
fn what_goes_out_and_comes_back_changes_nothing() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, b"the same values on every machine");
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(24);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let rows = vec(row(), 1..60);
    let mut cases: Vec<Case> = (0..cases).map(|_| rows.new_tree(&mut runner).unwrap().current()).collect();
    cases[0].push(vec![("words.plain", json!("x".repeat(1 << 20))), ("words.lines", json!(large()))]);
    goes_round(&cases);
}

/// A text of a megabyte with all that needs quoting.
fn large() -> String {
    "lorem \"ipsum\", = dolor\n🏠 שלום ".repeat(33_000) + "."
}
