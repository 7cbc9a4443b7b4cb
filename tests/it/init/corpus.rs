//! The files of `tests/corpus`, each with the mapping that a person would choose beside it. Nothing may be mapped
//! wrongly, and nearly all columns rightly and without a question.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use toml::Table;

use crate::support::Muster;

/// What becomes of each column: the fields that it feeds.
type Fields = BTreeMap<String, BTreeSet<String>>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

fn texts(value: &toml::Value) -> BTreeSet<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// What a `muster.toml` says of the columns of its only source.
fn mapped(config: &str) -> (Option<String>, Fields) {
    let config: Table = config.parse().unwrap_or_else(|error| panic!("{error}\n{config}"));
    let source = config["source"][0].as_table().unwrap();
    let mut fields = Fields::new();
    let mut feed = |column: &str, field: &str| {
        fields.entry(column.to_owned()).or_default().insert(field.to_owned());
    };
    for (column, value) in source["columns"].as_table().unwrap() {
        let field = value.as_str().or_else(|| value.get("field").and_then(toml::Value::as_str));
        if let Some(field) = field {
            feed(column, field);
        }
    }
    for (field, value) in source.get("fields").and_then(toml::Value::as_table).into_iter().flatten() {
        let parts = ["join", "first_of", "of"].into_iter().find_map(|key| value.get(key)).unwrap();
        let mut all = vec![parts];
        while let Some(part) = all.pop() {
            match part {
                toml::Value::Array(parts) => all.extend(parts),
                column => feed(column.as_str().unwrap(), field),
            }
        }
    }
    (source.get("entity").and_then(toml::Value::as_str).map(str::to_owned), fields)
}

#[test]
fn columns_of_files_of_many_kinds_are_mapped_as_a_person_would() {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_none_or(|end| end != "toml"));
    files.sort();
    assert!(files.len() >= 12);
    let (mut all, mut rightly, mut faults) = (0, 0, Vec::new());
    println!("{:34}{:>8}{:>8}{:>8}{:>8}", "file", "mapped", "right", "wrong", "open");
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let side = fs::read_to_string(folder().join(format!("{name}.expected.toml"))).unwrap();
        let side: Table = side.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        // The file's name says nothing here: its columns and values must.
        let end = name.rsplit('.').next().unwrap();
        let muster = Muster::new().file(&format!("export.{end}"), fs::read(&file).unwrap());
        let done = muster.run(["init", &format!("export.{end}")]);
        let (entity, mut found) = mapped(&done.text("muster.toml"));
        if entity.as_deref() != side["entity"].as_str() {
            faults.push(format!("{name} is {entity:?}\n{done}"));
        }
        let (mut right, mut wrong, mut open) = (0, 0, 0);
        for (column, wanted) in side["columns"].as_table().unwrap() {
            let (wanted, found) = (texts(wanted), found.remove(column).unwrap_or_default());
            right += usize::from(!wanted.is_empty() && found == wanted);
            open += usize::from(!wanted.is_empty() && found.is_empty());
            if found != wanted {
                println!("    {column}: {found:?} and not {wanted:?}");
            }
            if !found.is_subset(&wanted) {
                wrong += 1;
                faults.push(format!("{name}: {column} is {found:?} and not {wanted:?}"));
            }
            all += usize::from(!wanted.is_empty());
        }
        rightly += right;
        println!("{name:34}{:>8}{right:>8}{wrong:>8}{open:>8}", right + wrong + open);
    }
    println!("{rightly} of {all} rightly");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(rightly * 100 >= all * 95, "{rightly} of {all}");
}
