//! A decimal mark or a day-month order that the schema leaves open is decided by the whole column of a file.

use std::fmt::Write;

use crate::support::Muster;

const SCHEMA: &str = r#"
entity = "meters"
key = "serial"

[table]
name = "meters"

[[field]]
name = "serial"
type = "text"
required = true

[[field]]
name = "placed"
type = "date"
format = "auto"

[[field]]
name = "price"
type = "decimal"
"#;

/// Checks a file of meters: the records that are rejected, with their codes, and what is said on the way.
fn check(file: &str) -> (Vec<(u64, String)>, String) {
    let muster = Muster::new().file("schemas/meters.toml", SCHEMA).file("meters.csv", file);
    let finished = muster.run(["check", "meters.csv", "--schemas", "schemas", "--out", "out", "-v"]);
    let rejected = finished
        .findings("out")
        .into_iter()
        .map(|finding| (finding["record"].as_u64().unwrap(), finding["code"].as_str().unwrap().to_owned()));
    (rejected.collect(), finished.stderr())
}

#[test]
fn one_cell_that_can_be_read_in_one_way_decides_for_all() {
    let (rejected, said) =
        check("serial;placed;price\na;01-02-2026;1.500\nb;31-01-2026;2,5\nc;02-03-2026;12\n");
    // With the comma decided, a point is a separator of thousands, which is refused.
    assert_eq!(rejected, [(1, "invalid-number".to_owned())]);
    assert!(
        said.contains("column placed: the day comes before the month, as 1 of its cells prove"),
        "{said}"
    );
    assert!(said.contains("column price: the decimal mark is a comma, as 1 of its cells prove"), "{said}");
}

#[test]
fn what_a_column_does_not_decide_is_rejected() {
    for (file, codes) in [
        // Nothing decides.
        (
            "serial;placed;price\na;01-02-2026;1.500\nb;2026-01-31;12\n",
            vec![(1, "ambiguous-date"), (1, "invalid-number")],
        ),
        // The cells contradict each other: those that have one reading keep it, the others have none.
        (
            "serial;placed;price\na;31-01-2026;1,5\nb;01-31-2026;1.5\nc;01-02-2026;1.500\n",
            vec![(3, "ambiguous-date"), (3, "invalid-number")],
        ),
    ] {
        let expected: Vec<_> = codes.iter().map(|&(record, code)| (record, code.to_owned())).collect();
        assert_eq!(check(file).0, expected, "{file}");
    }
}

#[test]
fn the_last_row_of_a_long_file_decides_for_the_first() {
    let mut file = "serial;placed;price\n".to_owned();
    for meter in 0..60_000 {
        writeln!(file, "meter {meter};01-02-2026;1.500").unwrap();
    }
    let undecided = file.clone() + "last;2026-01-31;12\n";
    assert_eq!(check(&undecided).0.len(), 120_000);
    file += "last;31-01-2026;0.5\n";
    let (rejected, said) = check(&file);
    assert!(
        rejected.is_empty()
            && said.contains("later cells decide a column differently than the first ones; read again")
    );
    // And the other way round: what the beginning decided is taken back by a contradiction at the end.
    let file = file.replace("meter 0;01-02-2026", "meter 0;31-01-2026") + "odd;01-31-2026;0.5\n";
    assert_eq!(check(&file).0.len(), 59_999);
}

#[test]
fn each_file_of_an_entity_decides_for_itself() {
    let muster = Muster::new()
        .file("schemas/meters.toml", SCHEMA)
        .file("meters-nl.csv", "serial;placed;price\na;01-02-2026;1,5\nb;31-01-2026;1,500\n")
        .file("meters-us.csv", "serial;placed;price\nc;01-02-2026;1.5\nd;01-31-2026;1.500\n");
    muster.run(["check", "meters-nl.csv", "meters-us.csv", "--schemas", "schemas", "--out", "out"]).exits(0);
}
