//! Any name that PostgreSQL takes works for a table and for a column, also those that the program's own statements use.

use std::fmt::Write as _;

use crate::support::{Database, Muster};

/// What statements call tables, rows and columns, and names like those of system columns.
const NAMES: [&str; 28] = [
    "t",
    "s",
    "p",
    "o",
    "l",
    "f0",
    "p1",
    "plan",
    "run",
    "id",
    "xmin1",
    "oid",
    "ctid_",
    "before",
    "key",
    "hash",
    "u",
    "b",
    "had",
    "old",
    "new",
    "excluded",
    "written",
    "whole",
    "value",
    "row",
    "Upper \"x\"",
    "it's $sql$ \\ $function$ $lock$",
];

/// Tables of the names that WITH gives to parts of statements.
const TABLES: [(&str, &str); 4] =
    [("own", "stamps"), ("old", "noted"), ("freeing", "restored"), ("user", "t")];

/// A database, and a folder with the schemas of two entities: the names take turns as key, reference, unique field and
/// identity, and all others are plain fields, with the reserved words.
fn prepared(turn: usize) -> (Database, Muster) {
    let database = Database::new();
    let reserved = database.text("SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T') ORDER BY 1");
    let at = |place: usize| NAMES[(turn * 4 + place) % NAMES.len()];
    let (parents, things) = TABLES[turn % TABLES.len()];
    let table = |name: &str, id: &str| {
        format!("[table]\nname = {name:?}\nid = {id:?}\ncreated_at = false\nupdated_at = false\n")
    };
    let field = |name: &str, column: &str, more: &str| {
        format!("[[field]]\nname = {name:?}\ntype = \"text\"\ncolumn = {column:?}\n{more}\n")
    };
    let mut schema = format!("entity = \"things\"\nkey = \"key\"\n{}", table(things, at(3)));
    schema += &field("key", at(0), "required = true");
    schema += &field("parent", at(1), "references = \"parents\"");
    schema += &field("unique", at(2), "unique = true");
    let special = NAMES.iter().copied().chain(reserved.lines());
    for (number, name) in special.filter(|name| (0..4).all(|place| at(place) != *name)).enumerate() {
        schema += &field(&format!("plain{number}"), name, "");
    }
    let mut parent = format!("entity = \"parents\"\nkey = \"key\"\n{}", table(parents, at(0)));
    for (name, column, more) in
        [("key", at(3), "required = true"), ("first", at(1), ""), ("second", at(2), "")]
    {
        parent += &field(name, column, more);
    }
    let muster = Muster::on(&database)
        .file("schemas/parents.toml", parent)
        .file("schemas/things.toml", schema)
        .file("parents.csv", "key,first,second\nP1,a,b\nP2,c,\n");
    (database, muster)
}

/// Rows of things: key, parent, unique value, then the same value in every plain field.
fn write(muster: &Muster, name: &str, head: &str, rows: &[(&str, &str)]) {
    let schema = std::fs::read_to_string(muster.path("schemas/things.toml")).unwrap();
    let plain = schema.matches("name = \"plain").count();
    let mut text = format!("{head}key,parent,unique");
    (0..plain).for_each(|number| write!(text, ",plain{number}").unwrap());
    for (start, value) in rows {
        write!(text, "\n{start}").unwrap();
        (0..plain).for_each(|_| write!(text, ",{value}").unwrap());
    }
    muster.write(name, text + "\n");
}

fn cycle(turn: usize) {
    let (database, muster) = prepared(turn);
    let (parents, things) = TABLES[turn % TABLES.len()];
    let key = NAMES[turn * 4 % NAMES.len()].replace('"', "\"\"");
    let plain = NAMES[(turn * 4 + 4) % NAMES.len()].replace('"', "\"\"");
    let all = || {
        let rows = |table: &str| {
            let rows = database
                .rows(&format!("SELECT to_jsonb(x.*) FROM \"{table}\" x ORDER BY to_jsonb(x.*)::text"));
            rows.into_iter().map(|mut row| row.remove(0).unwrap()).collect::<Vec<_>>()
        };
        (rows(parents), rows(things))
    };
    let counts = |files: &[&str], more: &[&str], exit: i32| {
        let run = muster
            .run([&["import", "--schemas", "schemas", "--out", "out"], more, files].concat())
            .exits(exit);
        let summary = run.summary("out");
        let things =
            summary["entities"].as_array().unwrap().iter().find(|e| e["entity"] == "things").unwrap().clone();
        ["inserted", "updated", "unchanged", "rejected"].map(|count| things[count].as_u64().unwrap())
    };
    let undo = || {
        let run = database.latest_run();
        muster.run(["undo", "--yes", &run]).exits(0);
    };

    write(&muster, "things.csv", "", &[("T1,P1,u1", "a@x.nl"), ("T2,P2,u2", "b"), ("T3,,", "")]);
    assert_eq!(counts(&["parents.csv", "things.csv"], &[], 0), [3, 0, 0, 0], "{turn}");
    assert_eq!(counts(&["parents.csv", "things.csv"], &[], 0), [0, 0, 3, 0], "{turn}");
    let first = all();

    write(
        &muster,
        "changed.csv",
        "",
        &[("T1,P2,u3", ""), ("T2,P2,u2", "b"), ("T3,P1,", "c"), ("T4,P1,u4", "d")],
    );
    counts(&["things=changed.csv"], &["--dry-run", "--move-users"], 0);
    assert_eq!(counts(&["things=changed.csv"], &["--move-users", "--reconcile"], 0), [1, 2, 1, 0], "{turn}");
    let changed = all();
    muster.run(["export", "--schemas", "schemas", "--out", "ex"]).exits(0);
    assert_eq!(counts(&["ex/parents.csv", "ex/things.csv"], &[], 0), [0, 0, 4, 0], "{turn}");
    assert!(changed == all());
    database.rows(
        "DELETE FROM muster.runs WHERE id = (SELECT id FROM muster.runs ORDER BY finished DESC LIMIT 1)",
    );
    undo();
    assert!(first == all(), "{:#?}\n{:#?}", first, all());

    // Values that pass from row to row, and rows that go.
    let swapped = [
        ("update,\"parent,unique\",T1,P2,u2", "a@x.nl"),
        ("update,unique,T2,P2,u1", "b"),
        ("delete,,T3,,", ""),
    ];
    write(&muster, "things.changes.csv", "muster.change,muster.changed,", &swapped);
    let apply = ["--apply-changes", "--allow-deletes", "--move-users"];
    counts(&["things.changes.csv"], &apply, 0);
    assert_eq!(all().1.len(), 2);
    undo();
    assert!(first == all(), "{:#?}\n{:#?}", first, all());

    // Edited by others: protected, refused to undo, forgotten.
    database.rows(&format!("UPDATE \"{things}\" SET \"{plain}\" = 'edited' WHERE \"{key}\" = 'T2'"));
    assert_eq!(counts(&["things.csv"], &["--protect-edited", "--report-absent"], 3), [0, 0, 2, 1], "{turn}");
    let run = database.text("SELECT id FROM muster.runs WHERE undoes IS NULL ORDER BY finished LIMIT 1");
    assert!(muster.run(["undo", "--yes", &run]).exits(4).stderr().contains("things T2: changed since"));
    muster.run(["runs", "forget", "--email", "a@x.nl", "--yes"]).exits(0);
    muster.run(["check", "--against-database", "--schemas", "schemas", "things.csv"]).exits(0);
}

#[test]
fn names_that_statements_use_work_for_tables_and_columns() {
    cycle(0);
    cycle(1);
}

#[test]
fn names_that_statements_use_work_as_keys_references_and_identities() {
    (2..NAMES.len() / 4).for_each(cycle);
}
