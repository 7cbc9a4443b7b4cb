//! Where `muster.toml` is found, what it is used for, and where that is said.

use crate::support::{Database, Muster};

const CONFIG: &str = "[[source]]\nfiles = [\"Klanten*.csv\"]\nentity = \"accounts\"\n\n[source.columns]\n\
                      \"Klantnummer\" = \"legacyId\"\n\"Naam\" = \"name\"\n\"Opmerking\" = { ignore = true }\n";

const FILE: &str = "Klantnummer;Naam;Opmerking\nA1;One;x\nA2;;y\n";

#[test]
fn a_source_says_how_its_files_are_read_and_no_file_need_be_named() {
    let database = Database::new();
    let muster = Muster::on(&database).file("muster.toml", CONFIG).file("Klanten 2026.csv", FILE);
    let run = muster.run(["check", "--out", "out"]).exits(3);
    let summary = run.summary("out");
    assert_eq!(summary["entities"][0]["accepted"], 1, "{run}");
    assert_eq!(summary["config"]["path"], "muster.toml");
    assert_eq!(summary["config"]["sha256"].as_str().unwrap().len(), 64);
    assert!(!run.stdout().contains("not imported"), "{run}");
    let run = muster.run(["import", "--out", "out"]).exits(3);
    assert_eq!(database.text("SELECT legacy_id, name FROM accounts"), "A1|One");
    let options = database.text("SELECT options->'config'->>'path' FROM muster.runs");
    assert_eq!(options, "muster.toml", "{run}");
    // What went back has the columns of its source, and so its settings.
    let corrected =
        String::from_utf8(run.read("out/Klanten 2026.rejected.csv")).unwrap().replace("A2;;", "A2;Two;");
    muster.write("out/Klanten 2026.rejected.csv", corrected);
    muster.next(&run).exits(0);
    assert_eq!(database.text("SELECT legacy_id, name FROM accounts ORDER BY 1"), "A1|One\nA2|Two");
}

#[test]
fn the_file_is_found_in_the_nearest_folder_above_or_named_or_left_out() {
    let muster = Muster::new()
        .file("muster.toml", CONFIG)
        .file("a/b/Klanten.csv", FILE)
        .file("other.toml", "[[source]]\nfiles = [\"a/b/*.csv\"]\nentity = \"users\"\n");
    let run = |folder: &str, args: &[&str]| {
        let mut command = muster.command(args.iter().chain(&["--out", "out"]));
        let output = command.current_dir(muster.path(folder)).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    // A pattern is relative to its file, so the one above matches no file below.
    let (exit, said) = run("a/b", &["check"]);
    assert!(exit == 1 && said.contains("no file matches Klanten*.csv"), "{said}");
    std::fs::rename(muster.path("muster.toml"), muster.path("a/muster.toml")).unwrap();
    muster.write("a/muster.toml", CONFIG.replace("Klanten*", "b/Klanten*"));
    assert_eq!(run("a/b", &["check"]).0, 3);
    assert_eq!(run("a/b", &["check", "Klanten.csv"]).0, 3);
    assert_eq!(run("a", &["check", "b/Klanten.csv"]).0, 3);
    let (exit, said) = run("a/b", &["check", "--no-config"]);
    assert!(exit == 2 && said.contains("name the files"), "{said}");
    let (exit, said) = run("a/b", &["check", "--no-config", "accounts=Klanten.csv"]);
    assert!(exit == 1 && said.contains("missing"), "{said}");
    let (exit, said) = run(".", &["check", "--config", "other.toml"]);
    assert!(exit == 1 && said.contains("email"), "{said}");
    let (exit, said) = run(".", &["check", "--config", "none.toml"]);
    assert!(exit == 1 && said.contains("none.toml: cannot be read"), "{said}");
}

#[test]
fn the_command_line_goes_before_the_file() {
    let muster = Muster::new()
        .file(
            "muster.toml",
            CONFIG
                .replace("Opmerking", "Iets")
                .replace("[[source]]", "unknown_columns = \"ignore\"\n[[source]]\ndelimiter = \",\""),
        )
        .file("Klanten.csv", FILE);
    // The delimiter is wrong there.
    muster.run(["check", "--out", "out"]).exits(1);
    let semicolon = ["check", "--delimiter", ";", "--out", "out"];
    let run = muster.run(semicolon).exits(3);
    assert!(!run.stdout().contains("not imported"), "{run}");
    let run = muster.run(semicolon.iter().chain(&["--unknown-columns", "report"])).exits(3);
    assert!(run.stdout().contains("1 of 3 columns is not imported: Opmerking"), "{run}");
    let maps = ["--map", "Klantnummer=companyNumber", "--map", "Opmerking=legacyId"];
    let run = muster.run(semicolon.iter().chain(&maps)).exits(3);
    assert_eq!(run.findings("out")[0]["column"], "Naam", "{run}");
}

#[test]
fn every_command_uses_the_database_and_the_schemas() {
    let database = Database::new();
    let schema = "entity = \"terms\"\nkey = \"term\"\n\n[[field]]\nname = \"term\"\ntype = \"text\"\nrequired = true\n";
    let url = database.url();
    let muster = Muster::new()
        .file("muster.toml", format!("schemas = \"rules\"\n[database]\nurl = {url:?}\n"))
        .file("rules/terms.toml", schema)
        .file("terms.csv", "term\na\n");
    muster.run(["import", "terms.csv", "--out", "out"]).exits(0);
    assert_eq!(database.text("SELECT term FROM terms"), "a");
    assert!(muster.run(["runs"]).exits(0).stdout().contains("terms"));
    muster.run(["export", "terms", "--out", "exported"]).exits(0);
    muster.run(["verify", "exported", "--against-database"]).exits(0);
    assert!(muster.run(["schema", "print"]).exits(0).stdout().contains("terms"));
    assert!(muster.run(["schema", "print", "--no-config"]).exits(0).stdout().contains("legacyId"));
    let said = muster.run(["account", "list", "--entity", "terms"]).exits(0).stdout();
    assert!(said.contains('a'), "{said}");
}

#[test]
fn the_next_command_names_a_file_that_was_named() {
    let muster =
        Muster::new().file("x/my.toml", CONFIG.replace("Klanten*", "../Klanten*")).file("Klanten.csv", FILE);
    let run = muster.run(["check", "--config", "x/my.toml", "--out", "out"]).exits(3);
    assert!(run.stdout().contains("--config x/my.toml"), "{run}");
    assert_eq!(run.summary("out")["config"]["path"], "x/my.toml");
}

#[test]
fn an_editor_gets_its_json_schema() {
    let muster = Muster::new();
    let run = muster.run(["schema", "json-schema", "--config"]).exits(0);
    let schema: serde_json::Value = serde_json::from_str(&run.stdout()).unwrap();
    assert!(schema["properties"]["source"]["items"]["properties"]["columns"].is_object(), "{run}");
    let own = muster.run(["schema", "json-schema"]).exits(0).stdout();
    assert!(own.contains("\"entity\""));
}
