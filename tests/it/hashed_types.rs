//! The hash of an inserted row is the same whether the client or the server makes it, for every type of field and
//! of column, and whatever the database prefers to print.

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

fn prepared(tables: &str) -> (Database, Muster) {
    let database = Database::new();
    database.rows(&format!(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET DateStyle = ''SQL, DMY''', current_database());
         EXECUTE format('ALTER DATABASE %I SET TimeZone = ''Asia/Tokyo''', current_database());
         EXECUTE format('ALTER DATABASE %I SET extra_float_digits = -3', current_database());
         EXECUTE format('ALTER DATABASE %I SET bytea_output = escape', current_database()); END $$; {tables}"
    ));
    let muster = Muster::on(&database)
        .file("schemas/things.toml", THINGS)
        .file("accounts.csv", "legacyId,name\nA1,One\nA2,Two\n")
        .file("things.csv", format!("{HEADER}{ROWS}"));
    let printed = muster.run(["schema", "print", "accounts"]).exits(0).stdout();
    muster.write("schemas/accounts.toml", printed);
    (database, muster)
}

/// Imports, and holds every hash against the rows: undone as they are, refused with any column changed.
fn holds(tables: &str, way: &str) {
    let (database, muster) = prepared(tables);
    let import = ["import", "--schemas", "schemas", "-v", "accounts.csv", "things.csv"];
    let run = muster.run(import).exits(0);
    assert!(run.stderr().contains(&format!("table \"things\": {way}")), "{run}");
    database.rows("UPDATE muster.stamps SET run = run");
    let id = database.text("SELECT id FROM muster.runs");
    let undo = ["undo", "--yes", "--dry-run", &id];
    muster.run(undo).exits(0);
    let columns = database.text(
        "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = 'things'::regclass AND attnum > 0
         AND attname NOT IN ('id', 'created_at', 'updated_at', 'filled') ORDER BY attnum",
    );
    assert_eq!(columns.lines().count(), 19 + usize::from(tables.contains("unknown")), "{columns}");
    for column in columns.lines() {
        let kind = database.text(&format!("SELECT pg_typeof({column}) FROM things LIMIT 1"));
        let changed = match kind.as_str() {
            "text" | "character varying" | "character" | "short" => {
                format!("CASE WHEN coalesce({column}, '') = '' THEN 'c' ELSE '' END")
            }
            "boolean" => format!("{column} IS NOT TRUE"),
            "text[]" | "character varying[]" => format!("{column} || ''::text"),
            "date" => format!("coalesce({column}, '2000-01-01') + 1"),
            kind if kind.starts_with("timestamp") => format!("coalesce({column} + '1 s', '2000-01-01')"),
            _ => format!("coalesce({column} + 1, 0)"),
        };
        let (key, value) = (
            if column == "code" { "T2" } else { "T3" },
            match column {
                "code" => "'X9'".to_owned(),
                "state" => "'used'".to_owned(),
                "absent" => "'c'".to_owned(),
                "parent_id" => "NULL".to_owned(),
                _ => changed,
            },
        );
        database.rows(&format!(
            "CREATE TABLE kept AS SELECT * FROM things; UPDATE things SET {column} = {value} WHERE code = '{key}'"
        ));
        let refused = muster.run(undo).exits(4).stderr();
        let named = if column == "code" { "X9" } else { "T3" };
        assert_eq!(refused.matches("changed since").count(), 1, "{column}: {refused}");
        assert!(refused.contains(&format!("things {named}: changed since")), "{column}: {refused}");
        database.rows(&format!(
            "UPDATE things t SET {column} = k.{column} FROM kept k WHERE k.id = t.id; DROP TABLE kept"
        ));
    }
    muster.run(["undo", "--yes", &id]).exits(0);
    assert_eq!(database.text("SELECT count(*) FROM things"), "0");
}

#[test]
fn of_every_type_of_field_copied_straight_in() {
    holds("", "rows are copied straight in");
}

#[test]
fn of_every_type_of_field_staged() {
    let (database, muster) = prepared("");
    let ddl = muster.run(["schema", "ddl", "--schemas", "schemas"]).exits(0).stdout();
    drop(database);
    holds(&format!("{ddl}CREATE VIEW codes AS SELECT code FROM things;"), "rows are staged");
}

#[test]
fn of_columns_of_other_types_than_the_rules() {
    let (database, muster) = prepared("");
    let ddl = muster.run(["schema", "ddl", "--schemas", "schemas"]).exits(0).stdout();
    drop(database);
    holds(
        &format!(
            "{ddl}CREATE DOMAIN short AS varchar(20) DEFAULT 'short';
             ALTER TABLE things ALTER price TYPE numeric(30, 1), ALTER moment TYPE timestamp(0), ALTER postcode TYPE char(9),
                ALTER mail TYPE varchar(99), ALTER tags DROP DEFAULT, ALTER tags TYPE varchar(20)[], ALTER bic TYPE short,
                ADD unknown text, ADD filled int DEFAULT 7"
        ),
        "rows are copied straight in",
    );
}

#[test]
fn of_files_with_other_columns_each() {
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
