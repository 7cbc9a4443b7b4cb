//! Arrays that other programs wrote: an export holds what the table holds, or names the row that it cannot hold.

use std::fs::File;

use polars::prelude::{ParquetReader, SerReader};

use crate::support::{Database, Muster};

/// Two accounts, one with these labels.
fn labelled(labels: &str) -> (Database, Muster) {
    let database = Database::new();
    let muster =
        Muster::on(&database).file("accounts.csv", "legacyId,name,labels\nA1,One,\"a,b\"\nA2,Two,\n");
    muster.run(["import", "accounts.csv"]).exits(0);
    database.text(&format!("UPDATE accounts SET labels = {labels} WHERE legacy_id = 'A1'; SELECT 1"));
    (database, muster)
}

#[test]
fn an_array_that_is_not_a_list_is_refused_in_every_format() {
    for labels in ["'{{a,b},{c,d}}'", "'{{a}}'", "'[0:0]={vip}'", "'[2:3]={a,NULL}'"] {
        let (_database, muster) = labelled(labels);
        for format in ["csv", "ndjson", "parquet"] {
            let run = muster.run(["export", "accounts", "--out", "ex", "--format", format]).exits(1);
            let said = "accounts A1, column labels: the array is not a list";
            assert!(run.stderr().contains(said), "{labels}{run}");
            assert!(!muster.path("ex/manifest.json").exists());
        }
        muster.run(["export", "accounts", "--out", "other", "--columns", "name"]).exits(0);
        // Who looks at the record sees what is there.
        let shown = muster.run(["account", "show", "A1", "--json"]).exits(0);
        assert!(shown.stdout().contains(labels.trim_matches('\'')), "{shown}");
    }
}

#[test]
fn an_item_that_is_null_is_null_where_the_format_has_it() {
    for (labels, json, items) in [
        ("'{x,NULL,y}'", r#"["x",null,"y"]"#, vec![Some("x"), None, Some("y")]),
        ("'{NULL}'", "[null]", vec![None]),
        ("'{\"NULL\"}'", r#"["NULL"]"#, vec![Some("NULL")]),
        ("'{}'", "[]", vec![]),
    ] {
        let (_database, muster) = labelled(labels);
        let run = muster.run(["export", "accounts", "--out", "ex", "--format", "ndjson"]).exits(0);
        assert!(run.text("ex/accounts.ndjson").contains(&format!("\"labels\":{json}")), "{labels}");
        muster.run(["verify", "ex", "--against-database"]).exits(0);
        muster.run(["export", "accounts", "--out", "ex", "--format", "parquet"]).exits(0);
        let file = File::open(muster.path("ex/accounts.parquet")).unwrap();
        let table = ParquetReader::new(file).finish().unwrap();
        let lists = table.column("labels").unwrap().list().unwrap();
        let list = lists.get_as_series(0).unwrap();
        assert_eq!(list.str().unwrap().iter().collect::<Vec<_>>(), items, "{labels}");
        let has_null = items.contains(&None);
        let run = muster.run(["export", "accounts", "--out", "ex"]).exits(i32::from(has_null));
        let said = "accounts A1, column labels: a CSV cell cannot hold this list (an item is NULL";
        assert_eq!(run.stderr().contains(said), has_null, "{labels}{run}");
    }
}
