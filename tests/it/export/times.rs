//! Times in a declared format without an offset: an export of them comes back without a change and without a warning.

use std::fs;

use crate::support::{Database, Muster};

const SCHEMA: &str = "entity = \"rows\"\nkey = \"k\"\n\n[[field]]\nname = \"k\"\ntype = \"text\"\nrequired = true\n\n\
    [[field]]\nname = \"at\"\ntype = \"timestamp\"\nformat = \"%d-%m-%Y %H:%M:%S\"\n\n\
    [[field]]\nname = \"open\"\ntype = \"timestamp\"\n";

#[test]
fn an_export_of_times_without_an_offset_is_known_to_be_in_utc() {
    let database = Database::new();
    let muster = Muster::on(&database).file("schemas/rows.toml", SCHEMA).file(
        "rows.csv",
        "k,at,open\n1,31-01-2026 12:00:30,2026-01-31T12:00:00+02:00\n2,01-07-2026 00:00:00,2026-07-01 10:00Z\n",
    );
    let codes = |file: &str, code: i32, more: &[&str]| {
        let args = ["import", "--schemas", "schemas", file, "--out", "out"];
        let run = muster.run(args.iter().chain(more)).exits(code);
        let entity = run.summary("out")["entities"][0].clone();
        let codes: Vec<_> =
            run.findings("out").iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect();
        (codes, entity)
    };
    // Somebody else's file is not.
    let (found, _) = codes("rows.csv", 0, &[]);
    assert_eq!(found, ["assumed-utc"; 2]);
    for format in ["csv", "ndjson", "parquet"] {
        muster.run(["export", "--out", "ex", "--format", format, "--schemas", "schemas"]).exits(0);
        let file = format!("ex/rows.{format}");
        let (found, counts) = codes(&file, 0, &["--strict"]);
        assert_eq!((found.len(), &counts["unchanged"]), (0, &2.into()), "{format} {found:?}");
        // Without its manifest nothing vouches for a text; a Parquet file says itself what its times are.
        fs::copy(muster.path(&file), muster.path(&format!("rows.{format}"))).unwrap();
        let (found, counts) = codes(&format!("rows.{format}"), 0, &[]);
        let expected = if format == "parquet" { 0 } else { 2 };
        assert_eq!((found.len(), &counts["unchanged"]), (expected, &2.into()), "{format} {found:?}");
    }
    // One that was changed since is somebody else's, too.
    muster.run(["export", "--out", "ex", "--schemas", "schemas"]).exits(0);
    let text = fs::read_to_string(muster.path("ex/rows.csv")).unwrap();
    muster.write("ex/rows.csv", text.replace("12:00:30", "12:00:31"));
    let (found, _) = codes("ex/rows.csv", 0, &[]);
    assert_eq!(found, ["assumed-utc"; 2]);
}
