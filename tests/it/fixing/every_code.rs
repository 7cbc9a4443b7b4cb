//! The loop: rejected records, fixed and imported with the command that the run printed, leave the
//! tables as if the source had been right from the start. The lists below name the codes that can reject a record of a
//! CSV file in a plain import; no test keeps them complete. The dialects are at the end.

use std::collections::BTreeSet;

use crate::support::{Database, Muster};

const ACCOUNTS: &[&str] = &[
    "legacyId",
    "type",
    "name",
    "contact.gender",
    "contact.firstName",
    "contact.email",
    "contact.phone",
    "companyNumber",
    "vatNumber",
    "billingAddress.postalCode",
    "billingAddress.countryCode",
    "language",
    "payment.iban",
    "payment.bic",
    "opened",
    "checked",
    "seats",
    "tag",
];
const USERS: &[&str] =
    &["email", "legacyId", "account.legacyId", "role", "contact.firstName", "defaultLangCode", "migrated"];

/// What the built-in schema has no field for.
const MORE_FIELDS: &str = r#"
[[field]]
name = "opened"
type = "date"

[[field]]
name = "checked"
type = "date"
format = "auto"

[[field]]
name = "seats"
type = "integer"

[[field]]
name = "tag"
type = "text"
min_length = 3
"#;

/// Code, column, and the wrong value that replaces the right one.
const ACCOUNT_CELLS: &[(&str, &str, &str)] = &[
    ("required", "name", ""),
    ("invalid-choice", "type", "b2b"),
    ("invalid-email", "contact.email", "no at"),
    ("invalid-phone", "contact.phone", "+31"),
    ("excel-scientific", "contact.phone", "3.16123E+10"),
    ("invalid-country", "billingAddress.countryCode", "Atlantis"),
    ("invalid-language", "language", "n!"),
    ("invalid-iban", "payment.iban", "NL91ABNA0417164301"),
    ("invalid-bic", "payment.bic", "RABO"),
    ("invalid-vat", "vatNumber", "onbekend"),
    ("invalid-postal-code", "billingAddress.postalCode", "12345"),
    ("invalid-number", "seats", "many"),
    ("invalid-date", "opened", "2026-02-31"),
    ("ambiguous-date", "checked", "01/02/2026"),
    ("too-short", "tag", "x"),
    ("pattern-mismatch", "companyNumber", "1234567"),
    ("control-character", "name", "a\u{7}b"),
    ("defaulted", "contact.gender", "FEMALE"),
    ("uncertain-phone", "contact.phone", "+31999999999"),
    ("country-alias", "billingAddress.countryCode", "UK"),
    ("bic-country", "payment.bic", "DEUTDEFFXXX"),
    ("vat-check-digits", "vatNumber", "NL123456789B01"),
    ("database-rejected", "tag", "forbidden"),
];
/// Faults of whole records, by what is done to the text.
const RECORDS: &[&str] = &[
    "too-many-cells",
    "missing-cells",
    "unclosed-quote",
    "stray-quote",
    "nul-byte",
    "invalid-encoding",
    "record-too-large",
    "too-long",
];
const USER_CELLS: &[(&str, &str, &str)] = &[
    ("required", "email", ""),
    ("invalid-choice", "role", "king"),
    ("invalid-boolean", "migrated", "yes"),
    ("unknown-account", "account.legacyId", "NOBODY"),
    ("duplicate-key", "email", "user-00@example.nl"),
    ("key-in-use", "legacyId", "TAKEN"),
    ("non-ascii-mailbox", "email", "zoë@example.nl"),
    ("uncertain-email", "email", "zoe@gmial.com"),
];

/// How a source is written.
#[derive(Clone, Copy, PartialEq)]
enum Encoding {
    Utf8,
    Utf16,
    Windows1252,
}

#[derive(Clone, Copy)]
struct Dialect {
    delimiter: char,
    encoding: Encoding,
    line_end: &'static str,
    /// The text before the header, with `\n` for line ends.
    before: &'static str,
}

impl Dialect {
    fn bytes(self, text: &str) -> Vec<u8> {
        match self.encoding {
            Encoding::Utf8 => text.as_bytes().to_vec(),
            Encoding::Utf16 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Encoding::Windows1252 => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect(),
        }
    }

    fn opening(self, header: &[&str]) -> Vec<u8> {
        let bom: &[u8] = if self.encoding == Encoding::Utf16 { b"\xFF\xFE" } else { b"" };
        let before = self.before.replace('\n', self.line_end);
        [
            bom,
            &self.bytes(&before),
            &self.record(&header.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()),
        ]
        .concat()
    }

    fn text(self, cells: &[String]) -> String {
        cells.join(&self.delimiter.to_string()) + self.line_end
    }

    fn record(self, cells: &[String]) -> Vec<u8> {
        self.bytes(&self.text(cells))
    }

    /// The record with a fault of the whole record; nothing where the encoding cannot have it.
    fn spoiled(self, code: &str, cells: &[String], column: usize) -> Option<Vec<u8>> {
        let with = |value: String| {
            let mut cells = cells.to_vec();
            cells[column] = value;
            self.record(&cells)
        };
        Some(match code {
            "too-many-cells" => {
                let mut cells = cells.to_vec();
                cells.push("more".into());
                self.record(&cells)
            }
            "missing-cells" => self.record(&cells[..cells.len() - 2]),
            "unclosed-quote" => with("\"open".into()),
            "stray-quote" => with("st\"ray".into()),
            "nul-byte" => with("nu\0l".into()),
            "too-long" => with("long ".repeat(60)),
            "record-too-large" => with("large ".repeat(3000)),
            "invalid-encoding" => {
                let wrong: &[u8] = match self.encoding {
                    Encoding::Utf8 => b"\xFF",
                    Encoding::Utf16 => b"\x00\xDC",
                    Encoding::Windows1252 => return None,
                };
                let mut bytes = with("mark".into());
                let mark = self.bytes("mark");
                let at = bytes.windows(mark.len()).position(|window| window == mark).unwrap();
                bytes.splice(at..at + mark.len(), wrong.iter().copied());
                bytes
            }
            other => panic!("{other}"),
        })
    }
}

fn account(at: usize) -> Vec<String> {
    let row = [
        &format!("A-{at:02}"),
        "company",
        &format!("Café {at}"),
        "female",
        "Zoë",
        &format!("info{at}@example.nl"),
        &format!("+316123456{at:02}"),
        "12345678",
        "NL810464801B69",
        "1234 AB",
        "NL",
        "nl",
        "NL91ABNA0417164300",
        "ABNANL2A",
        "2026-01-31",
        "",
        "12",
        "abc",
    ];
    row.map(str::to_owned).to_vec()
}

fn user(at: usize, account: usize) -> Vec<String> {
    let row = [
        &format!("user-{at:02}@example.nl"),
        &format!("U-{at}"),
        &format!("A-{account:02}"),
        "",
        "Loïs",
        "nl",
        "false",
    ];
    row.map(str::to_owned).to_vec()
}

/// A source as it should have been and as it was, record by record.
#[derive(Default)]
struct Pair {
    right: Vec<Vec<u8>>,
    wrong: Vec<Vec<u8>>,
    codes: BTreeSet<String>,
}

impl Pair {
    fn push(&mut self, code: &str, right: Vec<u8>, wrong: Vec<u8>) {
        self.codes.insert(code.to_owned());
        self.right.push(right);
        self.wrong.push(wrong);
    }

    fn good(&mut self, record: Vec<u8>) {
        self.right.push(record.clone());
        self.wrong.push(record);
    }

    /// Puts the right record in the place of each wrong one.
    fn fix(&self, returned: &[u8]) -> Vec<u8> {
        let mut fixed = returned.to_vec();
        for (right, wrong) in self.right.iter().zip(&self.wrong).filter(|(right, wrong)| right != wrong) {
            let at = fixed.windows(wrong.len()).position(|window| window == wrong);
            let at = at.unwrap_or_else(|| panic!("not returned: {:?}", String::from_utf8_lossy(wrong)));
            fixed.splice(at..at + wrong.len(), right.iter().copied());
        }
        fixed
    }
}

fn sources(dialect: Dialect) -> (Pair, Pair) {
    let (mut accounts, mut users) = (Pair::default(), Pair::default());
    let set = |cells: &[String], header: &[&str], column: &str, value: &str| {
        let mut cells = cells.to_vec();
        let at = header.iter().position(|name| *name == column).unwrap();
        value.clone_into(&mut cells[at]);
        cells
    };
    let mut rows = 0;
    accounts.good(dialect.record(&account(rows)));
    for (code, column, value) in ACCOUNT_CELLS {
        rows += 1;
        let mut right = account(rows);
        if *code == "ambiguous-date" {
            right = set(&right, ACCOUNTS, column, "2026-02-01");
        }
        let wrong = set(&right, ACCOUNTS, column, value);
        accounts.push(code, dialect.record(&right), dialect.record(&wrong));
    }
    for code in RECORDS {
        rows += 1;
        let right = account(rows);
        if let Some(wrong) = dialect.spoiled(code, &right, 2) {
            accounts.push(code, dialect.record(&right), wrong);
        } else {
            accounts.good(dialect.record(&right));
        }
    }
    // A user of every account: most of them wait for theirs.
    for at in 0..=rows {
        users.good(dialect.record(&user(at, at)));
    }
    users.codes.insert("account-rejected".into());
    for (at, (code, column, value)) in (rows + 1..).zip(USER_CELLS) {
        let right = user(at, 0);
        let wrong = set(&right, USERS, column, value);
        users.push(code, dialect.record(&right), dialect.record(&wrong));
    }
    (accounts, users)
}

const STATE: &str =
    "SELECT to_jsonb(a) - 'id' - 'created_at' - 'updated_at' FROM accounts a ORDER BY legacy_id;";
const USER_STATE: &str = "SELECT a.legacy_id, to_jsonb(u) - 'id' - 'account_id' - 'created_at' - 'updated_at'
    FROM users u JOIN accounts a ON a.id = u.account_id ORDER BY email";

/// Tables with a rule of their owner's and with a row that was there before, and a folder with the schema.
fn target() -> (Database, Muster) {
    let database = Database::new();
    let muster = Muster::on(&database);
    for entity in ["accounts", "users"] {
        let text = muster.run(["schema", "print", entity]).exits(0).stdout();
        let more = if entity == "accounts" { MORE_FIELDS } else { "" };
        muster.write(&format!("schemas/{entity}.toml"), text + more);
    }
    let ddl = muster.run(["schema", "ddl", "--schemas", "schemas"]).exits(0).stdout();
    database.text(&format!("{ddl}ALTER TABLE accounts ADD CHECK (tag <> 'forbidden')"));
    let before = "email,legacyId,account.legacyId\nold@example.nl,TAKEN,OLD\n";
    muster.write("before/accounts.csv", "legacyId,name\nOLD,Old\n");
    muster.write("before/users.csv", before);
    muster.run(["import", "before/accounts.csv", "before/users.csv", "--schemas", "schemas"]).exits(0);
    (database, muster)
}

const OPTIONS: [&str; 9] =
    ["--schemas", "schemas", "--strict", "--max-record", "8K", "--duplicates", "keep-first", "--out", "out"];

fn goes_round(dialect: Dialect) {
    let (accounts, users) = sources(dialect);
    let file = |header: &[&str], records: &[Vec<u8>]| [dialect.opening(header), records.concat()].concat();
    let run = |muster: &Muster, right: bool| {
        let of = |pair: &Pair| if right { pair.right.clone() } else { pair.wrong.clone() };
        muster.write("accounts.csv", file(ACCOUNTS, &of(&accounts)));
        muster.write("users.csv", file(USERS, &of(&users)));
        muster.run(["import", "accounts.csv", "users.csv"].into_iter().chain(OPTIONS))
    };
    let (right, muster) = target();
    run(&muster, true).exits(0);
    let (database, muster) = target();
    let finished = run(&muster, false).exits(3);
    let found: BTreeSet<String> = finished
        .findings("out")
        .iter()
        .filter(|finding| finding["severity"] != "warning")
        .map(|finding| finding["code"].as_str().unwrap().to_owned())
        .collect();
    let planted: BTreeSet<String> = accounts.codes.union(&users.codes).cloned().collect();
    assert_eq!(planted.difference(&found).collect::<Vec<_>>(), Vec::<&String>::new());
    muster.write("out/accounts.rejected.csv", accounts.fix(&finished.read("out/accounts.rejected.csv")));
    // The skipped duplicate is imported again with the others: its record is put after them.
    let duplicates = finished.read("out/users.duplicates.csv");
    let opening = dialect.opening(USERS).len();
    let joined = [finished.read("out/users.rejected.csv"), duplicates[opening..].to_vec()].concat();
    muster.write("out/users.rejected.csv", users.fix(&joined));
    muster.next(&finished).exits(0);
    for sql in [STATE, USER_STATE] {
        assert_eq!(database.text(sql), right.text(sql));
    }
}

#[test]
fn fixed_records_leave_the_tables_as_if_the_source_had_been_right() {
    goes_round(Dialect { delimiter: ',', encoding: Encoding::Utf8, line_end: "\n", before: "" });
}

#[test]
fn the_loop_closes_for_a_semicolon_source_in_windows_1252() {
    goes_round(Dialect {
        delimiter: ';',
        encoding: Encoding::Windows1252,
        line_end: "\r\n",
        before: "sep=;\n",
    });
}

#[test]
fn the_loop_closes_for_a_tabbed_source_in_utf_16_with_a_title() {
    goes_round(Dialect {
        delimiter: '\t',
        encoding: Encoding::Utf16,
        line_end: "\r\n",
        before: "Export 2019\n",
    });
}
