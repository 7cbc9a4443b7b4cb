//! The samples: every file of an import of them, and what it says, to the byte. `make golden` rewrites what is
//! expected (`tests/samples/`), to be looked at with git diff.

use std::fs;
use std::path::Path;

use crate::support::golden::{Placeholders, difference, files_below, put};
use crate::support::{Database, Muster, cluster};

#[test]
fn the_samples_give_every_file_as_it_is_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sample = |name: &str| fs::read(root.join("samples").join(name)).unwrap();
    let database = Database::new();
    let muster = Muster::on(&database)
        .file("accounts.csv", sample("accounts.csv"))
        .file("users.csv", sample("users.csv"));
    let run = muster.run(["import", "accounts.csv", "users.csv", "--out", "out"]).exits(3);
    let mut found = files_below(&muster.path("out"));
    let names: Vec<_> = found.keys().map(String::as_str).collect();
    let all = [
        "accounts.broken.csv",
        "accounts.duplicates.csv",
        "accounts.rejected.csv",
        "rejects.csv",
        "rejects.ndjson",
        "report.html",
        "summary.json",
        "users.broken.csv",
        "users.duplicates.csv",
        "users.rejected.csv",
    ];
    assert_eq!(names, all, "{run}");
    let secrets = Placeholders::of(found.get("summary.json"));
    for name in ["rejects.csv", "rejects.ndjson", "report.html", "summary.json"] {
        let text = secrets.hide(&String::from_utf8(found[name].clone()).unwrap());
        let text = if name == "report.html" { without_the_run(&text) } else { text };
        found.insert(name.to_owned(), text.into_bytes());
    }
    let server = format!("{}:{}", cluster().folder.display(), cluster().port);
    // A slow machine prints lines of progress, which end with a speed.
    let stderr = run.stderr();
    let stderr: String =
        stderr.split_inclusive('\n').filter(|line| !line.trim_end().ends_with("/s")).collect();
    let said = format!("{}---- standard error\n{stderr}", run.stdout());
    let said = secrets.hide(&said).replace(database.name(), "DATABASE").replace(&server, "SERVER");
    found.insert("terminal".to_owned(), said.into_bytes());
    let golden = root.join("tests/samples");
    if std::env::var_os("MUSTER_GOLDEN").is_some() {
        put(&golden, &found);
    }
    let difference = difference(&files_below(&golden), &found);
    assert!(difference.is_empty(), "{difference}\n`make golden` takes what was found (`+`) for right");
}

/// The page without what differs from run to run in its head.
fn without_the_run(page: &str) -> String {
    let mut page = page.to_owned();
    for term in ["Started", "Target", "Version"] {
        let head = format!("<dt>{term}</dt><dd>");
        let start = page.find(&head).unwrap_or_else(|| panic!("no {term} in the page")) + head.len();
        let end = start + page[start..].find("</dd>").unwrap();
        page.replace_range(start..end, &term.to_uppercase());
    }
    page
}
