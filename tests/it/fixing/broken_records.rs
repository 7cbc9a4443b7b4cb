//! Records with broken quotes or encoding go back in a file that no reader can misread.

use crate::support::{Database, Muster};

const SCHEMA: &str = r#"
entity = "rows"
key = "k"

[[field]]
name = "k"
type = "text"
required = true

[[field]]
name = "v"
type = "text"
multiline = true
"#;

#[test]
fn broken_records_never_become_one_sound_record() {
    let database = Database::new();
    let muster = Muster::on(&database).file("schemas/rows.toml", SCHEMA);
    muster.write("rows.csv", b"k,v\n1,\"abc\n2,\"ok\"\n3,def\"\n4,fine\n,none\n5,\xFF\n6,\xC3\xA9\xC3\xA9\n");
    let import = |file: &str, out: &str| {
        let file = format!("rows={file}");
        muster.run(["import", &file, "--encoding", "utf-8", "--schemas", "schemas", "--out", out])
    };
    let run = import("rows.csv", "out").exits(3);
    assert_eq!(run.read("out/rows.rejected.csv"), b"k,v\n,none\n");
    assert_eq!(run.read("out/rows.broken.csv"), b"k,v\n1,\"abc\n3,def\"\n5,\xFF\n");
    assert!(run.stdout().contains("  rows.broken.csv"), "{run}");
    assert!(run.stdout().contains("2. fix rows.rejected.csv and rows.broken.csv there"), "{run}");
    let counted = |run: &crate::support::Finished, out: &str| {
        let entity = &run.summary(out)["entities"][0];
        ["read", "accepted", "rejected"].map(|name| entity[name].as_u64().unwrap())
    };
    // As they are, and with one of them corrected, each is a record still.
    assert_eq!(counted(&import("out/rows.broken.csv", "again").exits(3), "again"), [3, 0, 3]);
    muster.write("rows.broken.csv", b"k,v\n1,\"abc\n3,def\"\n5,x\n");
    assert_eq!(counted(&import("rows.broken.csv", "half").exits(3), "half"), [3, 1, 2]);
    // In a file of another name a value may have several lines.
    muster.write("fixed.csv", "k,v\n1,\"abc\n3,def\"\n");
    assert_eq!(counted(&import("fixed.csv", "fixed").exits(0), "fixed"), [1, 1, 0]);
}

#[test]
fn no_run_overwrites_or_removes_a_returned_file_that_somebody_changed() {
    let muster = Muster::new();
    muster.write("accounts.csv", "legacyId,name\nA1,One\nA2,\nA3,\"x\n");
    muster.write("users.csv", "email,account.legacyId\nx,A1\na@b.nl,A1\n");
    let check = |files: &[&str], out: &str| muster.run(["check", "--out", out].iter().chain(files));
    let first = check(&["accounts.csv", "users.csv"], "out").exits(3);
    let returned = &first.summary("out")["entities"][0]["files"][0]["returned"];
    let names: Vec<_> =
        returned.as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["accounts.rejected.csv", "accounts.broken.csv"]);
    assert_eq!(returned[0]["sha256"].as_str().unwrap().len(), 64);
    // Unchanged files are replaced.
    check(&["accounts.csv", "users.csv"], "out").exits(3);
    for name in ["users.rejected.csv", "accounts.rejected.csv", "accounts.broken.csv"] {
        check(&["accounts.csv", "users.csv"], "out").exits(3);
        let path = muster.path(&format!("out/{name}"));
        let before = std::fs::read(&path).unwrap();
        let listing = || std::fs::read_dir(muster.path("out")).unwrap().count();
        let files = listing();
        muster.write(&format!("out/{name}"), [&before[..], b"A9,Nine\n"].concat());
        for inputs in [&["accounts.csv", "users.csv"][..], &["accounts.csv"], &["users.csv"]] {
            let said = check(inputs, "out").exits(1).stderr();
            assert!(said.contains(&format!("out/{name}: this file was changed")), "{said}");
            assert_eq!(std::fs::read(&path).unwrap(), [&before[..], b"A9,Nine\n"].concat());
            assert_eq!(listing(), files);
        }
        // Without a list it is not known who wrote it.
        muster.write(&format!("bare/{name}"), &before);
        check(&["accounts.csv", "users.csv"], "bare").exits(1);
        std::fs::remove_dir_all(muster.path("bare")).unwrap();
        // Imported itself, it may stay where it is.
        let entity = name.split('.').next().unwrap();
        let run = check(&[&format!("{entity}=out/{name}")], "elsewhere");
        assert_ne!(run.exits(3).read(&format!("out/{name}")), before);
        muster.write(&format!("out/{name}"), before);
    }
}
