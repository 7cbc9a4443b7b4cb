//! Links, pipes and names that were put where muster looks for its own files: nothing elsewhere is read, written or
//! removed, and nothing is waited for.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Database, Finished, Muster};

const ACCOUNTS: &str = "legacyId,name\nA1,One\nA2,Two\n";
const USERS: &str = "email,accountId\na@x.nl,A1\nb@x.nl,A2\nc@x.nl,A2\n";

/// Runs with a limit of time and memory.
fn limited(muster: &Muster, line: &str) -> Finished {
    muster.script(&format!("ulimit -v 16000000; timeout 20 \"$MUSTER\" {line}"))
}

fn names(muster: &Muster, folder: &str) -> Vec<String> {
    let listed = fs::read_dir(muster.path(folder)).unwrap();
    let mut names: Vec<_> = listed.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn pipe(muster: &Muster, name: &str) {
    assert!(Command::new("mkfifo").arg(muster.path(name)).status().unwrap().success());
}

/// Changes the manifest of an export.
fn edited(muster: &Muster, folder: &str, edit: impl FnOnce(&mut Value)) {
    let path = format!("{folder}/manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(muster.path(&path)).unwrap()).unwrap();
    edit(&mut manifest);
    muster.write(&path, manifest.to_string());
}

#[test]
fn kept_exports_are_not_looked_for_behind_links() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    muster.run(["export", "--out", "archive"]).exits(0);
    let whole = names(&muster, "archive");
    fs::create_dir(muster.path("kept")).unwrap();
    for name in ["20200109T000000.000Z", "20990109T000000.000Z"] {
        symlink("../archive", muster.path(&format!("kept/{name}"))).unwrap();
    }
    // What a killed export leaves is not completed or removed behind a link, either.
    muster.write("half/.users.csv.muster-partial", "x");
    symlink("../half", muster.path("kept/20200110T000000.000Z")).unwrap();
    for _ in 0..3 {
        let args = ["export", "--out", "kept", "--keep", "1", "--changes-since", "kept"];
        let run = muster.run(args).exits(0);
        assert_eq!(names(&muster, "archive"), whole, "{run}");
        assert_eq!(names(&muster, "half"), [".users.csv.muster-partial"], "{run}");
        assert_eq!(names(&muster, "kept").len(), 5, "{run}");
        assert!(fs::read_link(muster.path("kept/latest")).unwrap().to_str().unwrap().len() == 20, "{run}");
    }
}

#[test]
fn nothing_that_is_called_latest_is_replaced_but_a_link() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    muster.write("file/latest", "important");
    muster.write("folder/latest/letter.txt", "important");
    for out in ["file", "folder"] {
        let refused = muster.run(["export", "--out", out, "--keep", "1"]).exits(1);
        assert!(refused.stderr().contains("latest: muster makes a link of this name"), "{refused}");
        assert_eq!(names(&muster, out), ["latest"], "{refused}");
    }
    assert_eq!(fs::read(muster.path("file/latest")).unwrap(), b"important");
}

#[test]
fn names_of_a_manifest_lead_nowhere_else() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    muster.run(["export", "--out", "sound"]).exits(0);
    muster.write("sound/notes.txt", "mine");
    muster.write("users.csv.top", "email\n");
    let sound = fs::read(muster.path("sound/users.csv")).unwrap();
    muster.write("top.csv", &sound);
    let absolute = muster.path("top.csv").display().to_string();
    fs::write(muster.path("sound/notes.txt"), "mine").unwrap();
    for name in
        ["../top.csv", &absolute, "..", ".", "", "/dev/zero", "notes.txt", ".users.csv", "manifest.json"]
    {
        edited(&muster, "sound", |manifest| manifest["entities"][1]["files"][0]["name"] = json!(name));
        let verified = limited(&muster, "verify sound").exits(3);
        assert!(verified.stdout().contains("is not opened"), "{name}{verified}");
        let refused = limited(&muster, "export --out new --changes-since sound").exits(1);
        assert!(refused.stderr().contains("not what its manifest says"), "{name}{refused}");
        assert!(!muster.path("new").exists());
    }
    // A file behind a link, one that waits, one without an end, and one that is longer than it should be.
    edited(&muster, "sound", |manifest| manifest["entities"][1]["files"][0]["name"] = json!("users.csv"));
    let path = muster.path("sound/users.csv");
    for kind in 0..4 {
        fs::remove_file(&path).unwrap();
        match kind {
            0 => symlink("../top.csv", &path).unwrap(),
            1 => pipe(&muster, "sound/users.csv"),
            2 => symlink("/dev/zero", &path).unwrap(),
            _ => fs::File::create(&path).unwrap().set_len(1 << 40).unwrap(),
        }
        limited(&muster, "verify sound").exits(3);
        limited(&muster, "export --out new --changes-since sound").exits(1);
    }
    // Nothing is removed by a name that a manifest has: not in the folder itself, and not elsewhere.
    fs::remove_file(&path).unwrap();
    muster.write("sound/users.csv", &sound);
    edited(&muster, "sound", |manifest| {
        let file = manifest["entities"][1]["files"][0].clone();
        let more = ["../top.csv", absolute.as_str(), "notes.txt", "."].map(|name| {
            let mut file = file.clone();
            file["name"] = json!(name);
            file
        });
        manifest["entities"][1]["files"].as_array_mut().unwrap().extend(more);
    });
    muster.run(["export", "--out", "sound", "--format", "ndjson"]).exits(0);
    assert!(muster.path("top.csv").exists());
    assert_eq!(names(&muster, "sound"), ["accounts.ndjson", "manifest.json", "notes.txt", "users.ndjson"]);
    // A file of an export that a link has replaced is not written through.
    muster.run(["export", "--out", "linked"]).exits(0);
    fs::remove_file(muster.path("linked/users.csv")).unwrap();
    symlink("../top.csv", muster.path("linked/users.csv")).unwrap();
    muster.run(["export", "--out", "linked"]).exits(1);
    assert_eq!(fs::read(muster.path("top.csv")).unwrap(), sound);
}

#[test]
fn names_of_a_summary_lead_nowhere_else() {
    let muster = Muster::new()
        .file("accounts.csv", "legacyId,name\nA1,\n")
        .file("next.csv", "legacyId,name\nA1,One\n");
    for out in ["run", "other"] {
        muster.run(["check", "accounts.csv", "--out", out]).exits(3);
    }
    muster.write("other/users.absent.csv", "email\n");
    muster.write("run/letters.txt", "mine");
    let before = names(&muster, "other");
    let file = |name: &str| {
        let other: Value =
            serde_json::from_slice(&fs::read(muster.path("other/summary.json")).unwrap()).unwrap();
        let mut returned = other["entities"][0]["files"][0]["returned"][0].clone();
        returned["name"] = json!(name);
        returned
    };
    let absolute = muster.path("other/accounts.rejected.csv").display().to_string();
    let summary = json!({"entities": [
        {"entity": "../other/users", "files": [{"returned": [file("../other/accounts.rejected.csv"), file(&absolute)]}]},
        {"entity": muster.path("other/users").display().to_string(), "files": []},
        {"entity": "letters.txt", "files": [{"returned": [file("letters.txt"), file(".."), file("")]}]},
    ]});
    for index in ["summary.json", ".summary.json.previous", ".summary.json.partial"] {
        muster.write(&format!("run/{index}"), summary.to_string());
        let _ = fs::remove_file(muster.path("run/accounts.rejected.csv"));
        let run = muster.run(["check", "next.csv", "--out", "run"]).exits(0);
        assert_eq!(names(&muster, "other"), before, "{index}{run}");
        assert_eq!(fs::read(muster.path("run/letters.txt")).unwrap(), b"mine", "{index}{run}");
    }
}

#[test]
fn nothing_is_waited_for_at_any_name_of_our_own() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    muster.run(["export", "--out", "sound"]).exits(0);
    muster.run(["check", "users.csv", "--out", "checked"]).exits(0);
    for (name, line) in [
        ("sound/manifest.json", "verify sound"),
        ("sound/manifest.json", "export --out sound"),
        ("sound/manifest.json", "export --out new --changes-since sound"),
        ("sound/.manifest.json.muster-partial", "export --out sound"),
        ("sound/.manifest.json.previous", "export --out sound"),
        ("sound/.users.csv.muster-partial", "export --out sound"),
        ("m.prom", "export --out free --metrics m.prom"),
        ("m.prom.partial", "export --out free --metrics m.prom"),
        ("checked/summary.json", "rejects checked"),
        ("checked/summary.json", "check users.csv --out checked"),
        ("checked/summary.json", "check users.csv --out free --against checked"),
        ("checked/.summary.json.partial", "check users.csv --out checked"),
        ("checked/.rejects.ndjson.partial", "check users.csv --out checked"),
        ("checked/.summary.json.previous", "import users.csv --out checked"),
    ] {
        let path = muster.path(name);
        let kept = fs::read(&path).ok();
        for kind in 0..4 {
            let _ = fs::remove_file(&path);
            match kind {
                0 => pipe(&muster, name),
                1 => symlink("/dev/zero", &path).unwrap(),
                2 => symlink(muster.path("users.csv"), &path).unwrap(),
                _ => fs::create_dir(&path).unwrap(),
            }
            let refused = limited(&muster, line).exits(1);
            assert!(
                refused.stderr().contains(path.file_name().unwrap().to_str().unwrap()),
                "{kind}{refused}"
            );
            assert!(path.symlink_metadata().is_ok(), "{line}{refused}");
            if kind == 3 {
                fs::remove_dir(&path).unwrap();
            } else {
                fs::remove_file(&path).unwrap();
            }
        }
        if let Some(kept) = kept {
            fs::write(&path, kept).unwrap();
        }
        let _ = fs::remove_dir_all(muster.path("free"));
    }
    // Findings that wait, and returned files.
    for name in ["checked/rejects.ndjson", "checked/users.rejected.csv"] {
        let _ = fs::remove_file(muster.path(name));
        pipe(&muster, name);
    }
    limited(&muster, "rejects checked").exits(1);
    let refused = limited(&muster, "check users.csv --out checked").exits(1);
    assert!(refused.stderr().contains("users.rejected.csv"), "{refused}");
    // The partial file of the metrics is not written through a link.
    symlink("users.csv", muster.path("n.prom.partial")).unwrap();
    muster.run(["export", "--out", "free", "--metrics", "n.prom"]).exits(1);
    assert_eq!(fs::read_to_string(muster.path("users.csv")).unwrap(), USERS);
}

#[test]
fn files_beside_the_inputs_are_small_and_regular() {
    let muster = Muster::new().file("in/accounts.csv", ACCOUNTS);
    let print = |what: &str| muster.run(["schema", "print", what]).exits(0).stdout();
    muster.write("schemas/accounts.toml", print("accounts"));
    muster.write("schemas/users.toml", print("users"));
    let roles = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/roles.toml")).unwrap();
    muster.write("schemas/roles.toml", &roles);
    let nowhere = "--database-url postgresql:///x?host=/nowhere";
    for (name, line, code) in [
        // What is beside an input may be anybody's.
        ("in/manifest.json", "check in/accounts.csv --out checked".to_owned(), 0),
        ("schemas/roles.toml", "roles --schemas schemas".to_owned(), 1),
        ("schemas/users.toml", "check in/accounts.csv --out checked --schemas schemas".to_owned(), 1),
        (
            "token",
            format!(
                "user invite a@x.nl --token-file token --from a@x.nl --link 'https://x.nl/{{token}}' {nowhere}"
            ),
            1,
        ),
        ("record.json", format!("account create record.json {nowhere}"), 1),
        (".pg_service.conf", "user list --database-url 'service=x'".to_owned(), 1),
        (
            ".postgresql/root.crt",
            "user list --database-url 'postgresql://u@localhost:1/x?sslmode=verify-ca'".to_owned(),
            1,
        ),
    ] {
        let path = muster.path(name);
        let kept = fs::read(&path).ok();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        for kind in 0..3 {
            // A record may come through a pipe.
            if kind == 0 && name == "record.json" {
                continue;
            }
            let _ = fs::remove_file(&path);
            match kind {
                0 => pipe(&muster, name),
                1 => symlink("/dev/zero", &path).unwrap(),
                _ => fs::File::create(&path).unwrap().set_len(1 << 40).unwrap(),
            }
            limited(&muster, &line).exits(code);
        }
        fs::remove_file(&path).unwrap();
        if let Some(kept) = kept {
            fs::write(&path, kept).unwrap();
        }
    }
    // A schema behind a link is one: folders are mounted that way.
    fs::rename(muster.path("schemas/users.toml"), muster.path("real.toml")).unwrap();
    symlink("../real.toml", muster.path("schemas/users.toml")).unwrap();
    muster.run(["schema", "check", "--schemas", "schemas"]).exits(0);
}
