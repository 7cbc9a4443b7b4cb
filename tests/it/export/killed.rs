//! An export that is killed leaves nothing that looks whole and is not, and the next one puts everything in order.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use crate::support::{Database, Muster};

const ACCOUNTS: &str = "legacyId,name\nA1,One\nA2,Two\n";
const USERS: &str = "email,account.legacyId\na@x.nl,A1\nb@x.nl,A1\nc@x.nl,A2\n";

/// Runs until the point, and is killed there.
fn killed(muster: &Muster, point: &str, arguments: &[&str]) {
    let mut command = muster.command(arguments);
    command.env("MUSTER_TEST_EXPORT_STOP", point);
    command
        .env("MUSTER_TEST_POINT", point)
        .env("MUSTER_TEST_ACT", "kill")
        .env("MUSTER_TEST_FOLDER", muster.path(""));
    let output = command.output().unwrap();
    assert_eq!(output.status.signal(), Some(9), "{point}: {output:?}");
}

fn edit(database: &Database, round: usize) {
    database
        .text(&format!("UPDATE users SET contact_first_name = 'R{round}' WHERE email = 'a@x.nl'; SELECT 1"));
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The folder is complete if it says that it is.
fn honest(muster: &Muster, folder: &str, at: &str) -> bool {
    let says = muster.path(&format!("{folder}/manifest.json")).exists();
    let found = muster.run(["verify", folder]).exits(i32::from(!says));
    assert!(says || found.stderr().contains("manifest.json"), "{at}: {found}");
    says
}

#[test]
fn a_killed_export_never_looks_whole_and_the_next_run_replaces_it() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    muster.run(["export", "--out", "out", "--split", "2"]).exits(0);
    for (round, (point, whole)) in [
        ("opened", true),
        ("snapshot", true),
        ("batch", true),
        ("file", true),
        ("read", true),
        ("sealed", true),
        ("earlier-aside", false),
        ("renaming", false),
        ("renaming:2", false),
        ("summary-next", false),
        ("published", true),
    ]
    .into_iter()
    .enumerate()
    {
        edit(&database, round);
        killed(&muster, point, &["export", "--out", "out"]);
        assert_eq!(honest(&muster, "out", point), whole, "{point}");
        if point == "renaming:2" {
            // A run that comes to nothing leaves what the killed one had brought to the disk, whole.
            let nowhere = ["export", "--out", "out", "--database-url", "postgresql:///x?host=/nowhere"];
            muster.run(nowhere).exits(1);
            assert!(honest(&muster, "out", point));
            muster.run(["verify", "out", "--against-database"]).exits(0);
        }
        muster.run(["export", "--out", "out"]).exits(0);
        muster.run(["verify", "out", "--against-database"]).exits(0);
        assert_eq!(names(&muster.path("out")), ["accounts.csv", "manifest.json", "users.csv"], "{point}");
    }
    // In a folder that was not there before.
    for point in ["batch", "renaming:2"] {
        killed(&muster, point, &["export", "--out", point]);
        assert!(!honest(&muster, point, point));
        muster.run(["export", "--out", point]).exits(0);
        assert_eq!(names(&muster.path(point)), ["accounts.csv", "manifest.json", "users.csv"]);
    }
}

#[test]
fn a_killed_nightly_export_leaves_latest_whole_and_the_next_one_cleans_up() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    let export = ["export", "--out", "out", "--keep", "2"];
    muster.run(export).exits(0);
    muster.run(export).exits(0);
    for (round, point) in
        ["opened", "batch", "sealed", "renaming:2", "published", "kept", "latest", "pruning", "pruned"]
            .into_iter()
            .enumerate()
    {
        edit(&database, round);
        killed(&muster, point, &export);
        assert!(honest(&muster, "out/latest", point), "{point}");
        muster.run(export).exits(0);
        muster.run(["verify", "out/latest", "--against-database"]).exits(0);
        let names = names(&muster.path("out"));
        assert_eq!(names.len(), 3, "{point}: {names:?}");
        for name in names.iter().filter(|name| *name != "latest") {
            assert!(honest(&muster, &format!("out/{name}"), point), "{point}: {name}");
        }
        assert_eq!(
            fs::read_link(muster.path("out/latest")).unwrap().to_str(),
            Some(names[1].as_str()),
            "{point}"
        );
    }
}
