//! The hash of an inserted row is the same whether the client or the server makes it, for every type of field and
//! of column, and for every output setting of the database.

use std::fmt::Write as _;

use crate::support::{Database, Muster};

const THINGS: &str = r#"
entity = "things"
key = "code"

[[field]]
name = "code"
type = "text"
required = true

[[field]]
name = "words"
type = "text"
multiline = true

[[field]]
name = "state"
type = "choice"
values = ["new", "used"]
otherwise = "new"

[[field]]
name = "sold"
type = "boolean"

[[field]]
name = "tags"
type = "list"

[[field]]
name = "mail"
type = "email"

[[field]]
name = "phone"
type = "phone"
default_country = "NL"

[[field]]
name = "country"
type = "country"

[[field]]
name = "tongue"
type = "language"
default = "nl"

[[field]]
name = "iban"
type = "iban"

[[field]]
name = "bic"
type = "bic"

[[field]]
name = "vat"
type = "vat"

[[field]]
name = "postcode"
type = "postal-code"

[[field]]
name = "number"
type = "integer"

[[field]]
name = "price"
type = "decimal"
decimal_comma = false

[[field]]
name = "day"
type = "date"
format = "%d-%m-%Y"

[[field]]
name = "moment"
type = "timestamp"
format = "%Y-%m-%dT%H:%M:%S%:z"

[[field]]
name = "parent"
type = "text"
references = "accounts"
column = "parent_id"

[[field]]
name = "absent"
type = "choice"
values = ["a \"b\"", "c"]
otherwise = "a \"b\""
"#;

const HEADER: &str = "code,words,state,sold,tags,mail,phone,country,tongue,iban,bic,vat,postcode,number,price,day,moment,parent\n";

const ROWS: &str = "\
T1,\"two\nlines, \\ and \"\"quotes\"\"\",used,true,\"a b,null,{x},\"\"q\"\"\",é@x.nl,0612345678,NL,en-GB,NL91ABNA0417164300,\
ABNANL2A,NL004495445B01,1234AB,-9223372036854775808,0.500,31-01-2026,2026-01-31T10:11:12.5+01:00,A1\n\
T2,NULL,,false,,,,,,,,,,0,12345678901234567890.10,01-12-1999,1999-12-31T23:59:59Z,\n\
T3,\\N,new,,null,,,,,,,,,,,,,A2\n\
\\t\\,ß„“,,,x,,,,,,,,,7,-1,,,A1\n";

/// Rows of which one value each is changed: every other one has nothing but its key and its parent.
fn rows() -> String {
    (0..24).fold(ROWS.to_owned(), |all, number| {
        let filled = "w,new,false,t,m@x.nl,,DE,fr,,,,1234AB,1,1.5,01-01-2001,2001-01-01T01:01:01Z";
        let rest = if number % 2 == 0 { filled } else { ",,,,,,,,,,,,,,," };
        all + &format!("F{number:02},{rest},A1\n")
    })
}

fn prepared(tables: &str) -> (Database, Muster) {
    let database = Database::new();
    database.rows(&format!(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET DateStyle = ''SQL, DMY''', current_database());
         EXECUTE format('ALTER DATABASE %I SET TimeZone = ''Asia/Tokyo''', current_database());
         EXECUTE format('ALTER DATABASE %I SET extra_float_digits = -3', current_database());
         EXECUTE format('ALTER DATABASE %I SET bytea_output = escape', current_database()); END $$; {tables}"
    ));
    let muster = Muster::on(&database)
        .env("MUSTER_TEST_MANY", "1")
        .file("schemas/things.toml", THINGS)
        .file("accounts.csv", "legacyId,name\nA1,One\nA2,Two\n")
        .file("things.csv", format!("{HEADER}{}", rows()));
    let printed = muster.run(["schema", "print", "accounts"]).exits(0).stdout();
    muster.write("schemas/accounts.toml", printed);
    (database, muster)
}

/// Imports, and holds every hash against the rows: undone as they are, and where each of the columns was changed in
/// a separate row, just these rows are named.
fn holds(tables: &str, way: &str) {
    let (database, muster) = prepared(tables);
    let filled = way.contains("new rows");
    if filled {
        muster.write("one.csv", "code,words\nZ1,there\n");
        muster.run(["import", "--schemas", "schemas", "accounts.csv", "things=one.csv"]).exits(0);
    }
    let import = ["import", "--schemas", "schemas", "-v", "accounts.csv", "things.csv"];
    let run = muster.run(import).exits(0);
    assert!(run.stderr().contains(&format!("table \"public\".\"things\": {way}")), "{run}");
    database.rows("UPDATE muster.stamps SET run = run; CREATE TABLE kept AS SELECT * FROM things");
    let id = database.latest_run();
    let undo = ["undo", "--yes", "--dry-run", &id];
    muster.run(undo).exits(0);
    let columns = database.text(
        "SELECT quote_ident(attname), format_type(atttypid, NULL) FROM pg_attribute
         WHERE attrelid = 'things'::regclass AND attnum > 0
           AND attname NOT IN ('id', 'created_at', 'updated_at', 'filled') ORDER BY attnum",
    );
    let mut changes = String::new();
    for (number, line) in columns.lines().enumerate() {
        let (column, kind) = line.split_once('|').unwrap();
        let value = match (column, kind) {
            ("code", _) => "'changed'".to_owned(),
            ("state", _) => "'used'".to_owned(),
            ("absent", _) => "'c'".to_owned(),
            ("parent_id", _) => "NULL".to_owned(),
            (_, "boolean") => format!("{column} IS NOT TRUE"),
            (_, "text[]" | "character varying[]") => format!("{column} || ''::text"),
            (_, "date") => format!("coalesce({column} + 1, '2000-01-01')"),
            (_, "bigint" | "integer" | "numeric") => format!("coalesce({column} + 1, 0)"),
            (_, kind) if kind.starts_with("timestamp") => format!("coalesce({column} + '1 s', '2000-01-01')"),
            // NULL becomes the empty text, and that of a length as many spaces.
            _ => format!("CASE WHEN {column} IS NULL THEN '' ELSE {column} || 'c' END"),
        };
        write!(changes, "UPDATE things SET {column} = {value} WHERE code = 'F{number:02}';").unwrap();
    }
    database.rows(&changes);
    let refused = muster.run(undo).exits(4).stderr();
    let mut expected: Vec<String> =
        (0..columns.lines().count()).map(|number| format!("things F{number:02}")).collect();
    assert!(expected.len() >= 19, "{columns}");
    "things changed".clone_into(&mut expected[0]);
    for (row, column) in expected.iter().zip(columns.lines()) {
        assert!(refused.contains(&format!("{row}: changed since")), "{column}: {refused}");
    }
    assert_eq!(refused.matches("changed since").count(), expected.len(), "{refused}");
    let back: Vec<_> = columns.lines().map(|line| line.split_once('|').unwrap().0).collect();
    let back: String = back.iter().map(|column| format!("{column} = k.{column}, ")).collect();
    database.rows(&format!("UPDATE things t SET {back} updated_at = now() FROM kept k WHERE k.id = t.id"));
    muster.run(["undo", "--yes", &id]).exits(0);
    assert_eq!(database.text("SELECT count(*) FROM things"), if filled { "1" } else { "0" });
}

#[test]
fn hashes_agree_for_every_type_of_field_in_an_empty_table() {
    holds("", "rows are copied straight in");
}

#[cfg(feature = "fault-points")]
#[test]
fn hashes_agree_for_every_type_of_field_copied_into_a_filled_table() {
    holds("", "28 new rows are copied straight in");
}

#[test]
fn hashes_agree_for_every_type_of_field_in_staged_rows() {
    let (database, muster) = prepared("");
    let ddl = muster.run(["schema", "ddl", "--schemas", "schemas"]).exits(0).stdout();
    drop(database);
    holds(&format!("{ddl}CREATE VIEW codes AS SELECT code FROM things;"), "rows are staged");
}

#[test]
fn hashes_agree_for_columns_of_other_types_than_the_fields() {
    let (database, muster) = prepared("");
    let ddl = muster.run(["schema", "ddl", "--schemas", "schemas"]).exits(0).stdout();
    drop(database);
    holds(
        &format!(
            "{ddl}CREATE DOMAIN short AS varchar(20) DEFAULT 'short';
             ALTER TABLE things ALTER price TYPE numeric(30, 1), ALTER moment TYPE timestamp(3), ALTER postcode TYPE char(9),
                ALTER mail TYPE varchar(99), ALTER tags DROP DEFAULT, ALTER tags TYPE varchar(20)[], ALTER bic TYPE short,
                ADD unknown text, ADD filled int DEFAULT 7"
        ),
        "rows are copied straight in",
    );
}

#[test]
fn hashes_agree_for_files_with_different_columns() {
    let (database, muster) = prepared("");
    muster.write("more.csv", "code,day\nS1,02-02-2002\nS2,\n");
    muster.write("rest.csv", "code,price,words\nR1,1.0,\nbad,x,\nR2,,text\n");
    let files = ["accounts.csv", "things.csv", "things=more.csv", "things=rest.csv"];
    muster.run([&["import", "--schemas", "schemas"], &files[..]].concat()).exits(3);
    database.rows("UPDATE muster.stamps SET run = run");
    let id = database.text("SELECT id FROM muster.runs");
    assert_eq!(database.text("SELECT count(*) FROM muster.images WHERE entity = 'things'"), "3");
    muster.run(["undo", "--yes", "--dry-run", &id]).exits(0);
    database.rows("UPDATE things SET country = 'NL' WHERE code IN ('S2', 'R2')");
    let refused = muster.run(["undo", "--yes", &id]).exits(4).stderr();
    assert_eq!(refused.matches("changed since").count(), 2, "{refused}");
    assert!(refused.contains("things S2") && refused.contains("things R2"), "{refused}");
}
