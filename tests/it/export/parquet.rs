//! Parquet as others read it: declared types, sorted by the key, in row groups. Read back by polars, and by `DuckDB`
//! where a Python has it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use polars::prelude::{DataType, ParquetReader, SerReader, TimeUnit, TimeZone};

use crate::support::{Database, Muster};

/// More rows than one row group has.
const ROWS: usize = 140_002;

/// A database with many accounts, and an export of them.
fn exported() -> Muster {
    let database = Database::new();
    let muster = Muster::on(&database).file(
        "accounts.csv",
        "legacyId,name,reimbursement.enabled,labels,plan\nA1,Ann,true,\"a,b c\",\nZ9,بيت 🏠,false,,\"say \"\"hi\"\"\"\n",
    );
    muster.run(["import", "accounts.csv"]).exits(0);
    database.text(
        "INSERT INTO accounts (legacy_id, name, contact_gender, language)
         SELECT 'G' || g, 'x', 'male', 'en' FROM generate_series(1, 140000) g; SELECT 1",
    );
    muster
        .run(["export", "accounts", "--format", "parquet", "--with-system-columns", "--out", "ex"])
        .exits(0);
    muster
}

/// A Python that has `DuckDB`: the one named, that of the benchmarks, the machine's own.
fn python() -> Option<PathBuf> {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench/venv/bin/python");
    let named = std::env::var_os("MUSTER_TEST_PYTHON").map(PathBuf::from);
    let has_it = |python: &PathBuf| {
        let asked = Command::new(python).args(["-c", "import duckdb"]).output();
        asked.is_ok_and(|output| output.status.success())
    };
    named.into_iter().chain([benches, PathBuf::from("python3")]).find(has_it)
}

const DUCKDB: &str = r#"
import duckdb, sys
file = sys.argv[1]
con = duckdb.connect()
con.execute("SET TimeZone = 'UTC'")
types = {row[0]: row[1] for row in con.execute("DESCRIBE SELECT * FROM read_parquet(?)", [file]).fetchall()}
for column, kind in [("legacyId", "VARCHAR"), ("reimbursement.enabled", "BOOLEAN"), ("labels", "VARCHAR[]"),
                     ("id", "BIGINT"), ("createdAt", "TIMESTAMP WITH TIME ZONE")]:
    assert types[column] == kind, (column, types[column])
rows, unsorted = con.execute("""
    SELECT count(*), count(*) FILTER (WHERE before >= key)
    FROM (SELECT "legacyId" AS key, lag("legacyId") OVER (ORDER BY file_row_number) AS before
          FROM read_parquet(?, file_row_number = true))""", [file]).fetchone()
assert (rows, unsorted) == (140002, 0), (rows, unsorted)
first = con.execute("""SELECT name, labels, "reimbursement.enabled", plan FROM read_parquet(?)
    WHERE "legacyId" IN ('A1', 'Z9') ORDER BY "legacyId" """, [file]).fetchall()
assert first == [("Ann", ["a", "b c"], True, None), ("بيت 🏠", [], False, 'say "hi"')], first
now = con.execute("""SELECT min("createdAt") > now() - INTERVAL 1 HOUR AND max("createdAt") <= now()
    FROM read_parquet(?) WHERE "legacyId" IN ('A1', 'Z9')""", [file]).fetchone()[0]
assert now, "the instants are not in UTC"
groups = con.execute("SELECT count(DISTINCT row_group_id) FROM parquet_metadata(?)", [file]).fetchone()[0]
assert groups == 3, groups
"#;

#[test]
fn an_export_is_read_back_by_polars_and_by_duckdb() {
    let muster = exported();
    let path = muster.path("ex/accounts.parquet");
    let mut reader = ParquetReader::new(File::open(&path).unwrap());
    let metadata = reader.get_metadata().unwrap();
    // The type that has the method has no name here.
    #[allow(clippy::redundant_closure_for_method_calls)]
    let groups: Vec<usize> = metadata.row_groups.iter().map(|group| group.num_rows()).collect();
    assert_eq!((groups.len(), groups.iter().sum()), (3, ROWS));
    let table = reader.finish().unwrap();
    for (column, kind) in [
        ("legacyId", DataType::String),
        ("reimbursement.enabled", DataType::Boolean),
        ("labels", DataType::List(Box::new(DataType::String))),
        ("id", DataType::Int64),
        ("createdAt", DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC))),
    ] {
        assert_eq!(*table.column(column).unwrap().dtype(), kind, "{column}");
    }
    let keys: Vec<&str> = table.column("legacyId").unwrap().str().unwrap().iter().flatten().collect();
    assert!(keys.len() == ROWS && keys.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(table.column("name").unwrap().str().unwrap().get(ROWS - 1), Some("بيت 🏠"));
    assert_eq!(table.column("plan").unwrap().str().unwrap().get(0), None);
    match python() {
        None => {
            println!("skipped: no Python has duckdb (make bench installs one, or set MUSTER_TEST_PYTHON)");
        }
        Some(python) => {
            let output = Command::new(python).args(["-c", DUCKDB]).arg(&path).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }
}
