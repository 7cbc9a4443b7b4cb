//! Texts that others have made never control the terminal: names of files, options, lines of a schema, manifests, what
//! a server says. In JSON they are escaped, and mean the same.

use serde_json::Value;

use crate::support::{Database, FakeServer, Finished, Muster};

/// Clears the screen, names the window, a control character in one piece, marks that turn the text around.
const HOSTILE: &str = "a\x1b[2J\x1b]0;x\x07\u{9b}31m\u{202e}\u{2066}\u{200f}\u{61c}\rb";

/// Fails if anything that was printed controls a terminal; only line feeds may.
#[track_caller]
fn is_harmless(text: &str, what: &dyn std::fmt::Display) {
    let steers = |c: char| {
        c != '\n' && c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!text.contains(steers), "{text:?}\n{what}");
}

trait Harmless {
    fn harmless(self) -> Self;
}

impl Harmless for Finished {
    #[track_caller]
    fn harmless(self) -> Self {
        is_harmless(&self.stdout(), &self);
        is_harmless(&self.stderr(), &self);
        self
    }
}

fn json(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout()).unwrap_or_else(|error| panic!("{error}{finished}"))
}

#[test]
fn what_was_typed_is_echoed_without_control_characters() {
    let muster = Muster::new().file("accounts.csv", "legacyId,name\nA1,x\n");
    let with = |text: &str| text.replace('@', HOSTILE);
    for line in [
        ["check", "@.csv"].as_slice(),
        &["check", "accounts=@.csv"],
        &["check", "@=accounts.csv"],
        &["check", "accounts.csv", "--@"],
        &["check", "accounts.csv", "--duplicates", "@"],
        &["check", "accounts.csv", "--encoding", "@"],
        &["check", "accounts.csv", "--delimiter", "@"],
        &["check", "accounts.csv", "--max-rejects", "@"],
        &["check", "accounts.csv", "--schemas", "@"],
        &["check", "accounts.csv", "--out", "accounts.csv/@"],
        &["check", "accounts.csv", "--map", "@=name"],
        &["import", "accounts.csv", "--database-url", "@"],
        &["import", "accounts.csv", "--database-url", "host=/@ dbname=x"],
        &["@"],
        &["explain", "@"],
        &["schema", "print", "@"],
        &["schema", "check", "--schemas", "@"],
        &["rejects", "@"],
        &["verify", "@"],
        &["account", "create", "--@", "x"],
        &["account", "create", "--json=@"],
        &["roles", "--schemas", "@"],
    ] {
        let line: Vec<String> = line.iter().map(|word| with(word)).collect();
        let done = muster.run(&line).harmless();
        // Of a connection string, hardly anything is printed.
        let is_echoed = !line.contains(&"--database-url".to_owned());
        assert!(!is_echoed || done.stderr().contains("[U+202E]"), "{done}");
        assert!(!done.stderr().is_empty(), "{done}");
    }
    let logged = muster.run(["check", &with("@.csv"), "--log-format", "json"]).harmless().exits(1);
    let entry: Value = serde_json::from_str(logged.stderr().lines().last().unwrap()).unwrap();
    assert!(entry["message"].as_str().unwrap().contains(HOSTILE), "{logged}");
    for more in ["-v", "-vv", "-vvv"] {
        muster.run(["check", &with("accounts=@.csv"), more]).harmless();
    }
}

#[test]
fn a_schema_with_control_characters_is_drawn_without_them() {
    let muster = Muster::new();
    for line in [
        format!("{HOSTILE} = 1").replace('\r', ""),
        format!("table = \"{HOSTILE}\""),
        format!("entity = \"\u{202e}\u{9b}\"\nkey = \"{HOSTILE}"),
    ] {
        muster.write("schemas/things.toml", format!("entity = \"things\"\nkey = \"k\"\n{line}\n"));
        muster.run(["schema", "check", "--schemas", "schemas"]).harmless().exits(1);
    }
    let fields = "entity = \"things\"\nkey = \"k\"\n\n[[field]]\nname = \"k\"\ntype = \"text\"\n";
    muster.write(&format!("schemas/{HOSTILE}.toml"), format!("{fields}x = 1\n"));
    muster.run(["schema", "check", "--schemas", "schemas"]).harmless().exits(1);
}

#[test]
fn what_a_server_says_before_anybody_is_known_is_filtered() {
    let server = FakeServer::saying(HOSTILE);
    let url = format!("postgres://u@127.0.0.1:{}/x?sslmode=disable", server.port);
    let muster = Muster::new().file("accounts.csv", "legacyId,name\nA1,x\n");
    for more in [["--log-format", "text"], ["--log-format", "json"]] {
        let line = ["import", "accounts.csv", "--database-url", &url];
        let refused = muster.run(line.iter().chain(&more)).harmless().exits(1);
        assert!(refused.stderr().contains("31m"), "{refused}");
    }
}

#[test]
fn names_in_a_manifest_and_a_summary_are_filtered() {
    let database = Database::new();
    let muster = Muster::imported(&database, "legacyId,name\nA1,x\n", "email,account.legacyId\na@b.nl,A1\n");
    muster.run(["export", "--out", "copy"]).exits(0);
    let manifest = std::fs::read_to_string(muster.path("copy/manifest.json")).unwrap();
    let quoted = serde_json::to_string(HOSTILE).unwrap();
    let quoted = quoted.trim_matches('"');
    for (old, new) in [
        ("accounts.csv", format!("{quoted}.csv")),
        ("\"accounts\"", format!("\"{quoted}\"")),
        ("csv", quoted.to_owned()),
        ("legacyId", quoted.to_owned()),
    ] {
        muster.write("copy/manifest.json", manifest.replace(old, &new));
        for more in [["--log-format", "text"], ["--json", "--quiet"]] {
            muster.run(["verify", "copy"].iter().chain(&more)).harmless();
        }
        muster.run(["export", "--changes-since", "copy", "--out", "next"]).harmless();
    }
    let findings = "{\"run\":\"\u{202e}\u{9b}\",\"entity\":\"\u{2066}\"}\n";
    muster.write("before/rejects.ndjson", findings);
    muster.run(["rejects", "before", "--format", "ndjson"]).harmless();
    let summary = std::fs::read_to_string(muster.path("before/summary.json")).unwrap();
    for old in ["committed", "accounts", "import"] {
        muster.write("before/summary.json", summary.replace(old, quoted));
        muster.run(["rejects", "before"]).harmless();
        muster.run(["rejects", "before", "--against", "before"]).harmless();
    }
}

#[test]
fn json_is_escaped_and_means_the_same() {
    let database = Database::new();
    let muster = Muster::on(&database);
    let name = HOSTILE.replace('\r', "");
    let header = format!("legacyId,name,{name}\nA1,x,y\nA1,\u{202e}\u{9b},\n");
    let file = format!("{name}.csv");
    muster.write(&file, header);
    let input = format!("accounts={file}");
    let line = ["import", input.as_str(), "--out", "out", "--json"];
    let done = muster.run(line).harmless();
    let said = json(&done);
    assert_eq!(said["entities"][0]["files"][0]["path"], file, "{done}");
    for report in ["summary.json", "rejects.ndjson"] {
        is_harmless(&done.text(&format!("out/{report}")), &done);
    }
    assert_eq!(done.summary("out")["entities"][0]["files"][0]["path"], file);
    let id = said["run"].as_str().unwrap();
    for line in [
        ["runs", "list", "--json"].as_slice(),
        &["runs", "show", id, "--json"],
        &["rejects", "out", "--json"],
        &["rejects", "out", "--against", "out", "--json"],
    ] {
        json(&muster.run(line).harmless().exits(0));
    }
    // What the table holds was perhaps written by another program.
    let plain = name.replace(['\x1b', '\x07'], "");
    database.text(&format!("UPDATE accounts SET name = $x${plain}$x$"));
    let shown = muster.run(["account", "show", "A1", "--json"]).harmless().exits(0);
    assert_eq!(json(&shown)["name"], plain);
    let listed = muster.run(["account", "list", "--json"]).harmless().exits(0);
    assert!(listed.stdout().contains("\\u202e"), "{listed}");
    muster.run(["account", "show", "A1"]).harmless().exits(0);
    // An export is data: the value itself, for every reader.
    muster.run(["export", "accounts", "--format", "ndjson", "--out", "copy"]).exits(0);
    let text = std::fs::read_to_string(muster.path("copy/accounts.ndjson")).unwrap();
    let row: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(row["name"], plain);
    muster.run(["export", "--json", "--out", "again"]).harmless().exits(0);
    muster.run(["undo", id, "--yes", "--json"]).harmless();
}
