//! What `muster init` writes, asks and refuses.

use serde_json::Value;
use toml::Table;

use crate::support::{Muster, Talk};

const KLANTEN: &str = "\
Klantnummer;Soort klant;Bedrijfsnaam;Aanhef;Voornaam;Achternaam;E-mail;Meldingen;Postcode;Land;Opmerking
1;Z;\"Kade; B.V.\";Dhr.;Ren\u{e9};Bos;rene@x.nl;J;1012 AB;NL;n.v.t.
2;P;;Mevr.;Zo\u{eb};Smit;n.v.t.;N;1012AB;NL;belt
3;P;;Mevr.;Eva;Smit;NULL;N;3511 LN;NL;
";

fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

fn config(text: &str) -> Table {
    text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn a_dutch_export_becomes_a_mapping_with_words_for_nothing_and_meanings_of_values() {
    let muster = Muster::new().file("Klanten 2026-01-31.csv", latin(KLANTEN));
    let done = muster.run(["init", "Klanten 2026-01-31.csv"]).exits(3);
    let config = config(&done.text("muster.toml"));
    let source = &config["source"][0];
    let text = |key: &str| source[key].as_str().unwrap().to_owned();
    assert_eq!(source["files"][0].as_str(), Some("Klanten *.csv"));
    assert_eq!(
        (text("entity"), text("encoding"), text("delimiter")),
        ("accounts".into(), "windows-1252".into(), ";".into())
    );
    let nulls: Vec<_> = source["null"].as_array().unwrap().iter().filter_map(toml::Value::as_str).collect();
    assert_eq!(nulls, ["n.v.t.", "NULL"]);
    let columns = &source["columns"];
    assert_eq!(columns["Klantnummer"].as_str(), Some("legacyId"));
    assert_eq!(columns["Soort klant"]["values"]["Z"].as_str(), Some("company"));
    assert_eq!(columns["Aanhef"]["values"]["Mevr."].as_str(), Some("female"));
    assert_eq!(columns["Meldingen"]["values"]["J"].as_str(), Some("true"));
    assert!(columns.get("Opmerking").is_none() && columns.get("Bedrijfsnaam").is_none());
    let name = source["fields"]["name"]["first_of"].to_string();
    assert_eq!(name, "[\"Bedrijfsnaam\", [\"Voornaam\", \"Achternaam\"]]");
    assert!(done.text("muster.toml").contains("# \"Opmerking\" = { ignore = true }"));
    // The table fits a terminal, and says what is open.
    let shown = done.stdout();
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    assert!(shown.contains("Not decided:\n  Opmerking: no field seems to fit"), "{shown}");
}

#[test]
fn a_file_that_is_there_is_never_replaced_without_force() {
    let muster =
        Muster::new().file("users.csv", "email,account\na@x.nl,A-1\n").file("muster.toml", "# mine\n");
    let refused = muster.run(["init", "users.csv"]).exits(1);
    assert!(refused.stderr().contains("muster.toml: is there already"), "{refused}");
    assert_eq!(refused.text("muster.toml"), "# mine\n");
    let done = muster.run(["init", "users.csv", "--force"]);
    assert_eq!(config(&done.text("muster.toml"))["source"][0]["columns"]["email"].as_str(), Some("email"));
    let left = std::fs::read_dir(muster.path(""))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".muster.toml"));
    assert_eq!(left.count(), 0);
}

#[test]
fn headers_that_the_values_contradict_are_questions() {
    // The columns have each other's headers; a telephone number is no name, and a key is not there twice.
    let text = "Klantnummer,Naam,E-mail,IBAN\nA,a@x.nl,Bos,1\nA,b@x.nl,Smit,2\nB,c@x.nl,Vos,3\n";
    let muster = Muster::new().file("in.csv", text);
    let done = muster.run(["init", "accounts=in.csv"]).exits(3);
    let written = done.text("muster.toml");
    assert_eq!(config(&written)["source"][0]["columns"].as_table().unwrap().len(), 0, "{written}");
    assert!(written.contains("# \"Klantnummer\" = \"legacyId\"   # its values are not unique"), "{written}");
    assert!(written.contains("# \"legacyId\" is required"), "{written}");
}

#[test]
fn values_alone_never_decide_between_fields_that_are_alike() {
    let text = "Klantnummer,Naam,Kolom A,Kolom B\n1,Bos,NL91ABNA0417164300,a@x.nl\n2,Vos,NL91ABNA0417164300,b@x.nl\n";
    let muster = Muster::new().file("in.csv", text);
    let done = muster.run(["init", "in.csv"]).exits(3);
    let written = done.text("muster.toml");
    let columns = config(&written)["source"][0]["columns"].as_table().unwrap().clone();
    assert_eq!(columns.keys().collect::<Vec<_>>(), ["Klantnummer", "Naam"], "{written}");
    assert!(written.contains("only its values say so"), "{written}");
    assert!(!done.stdout().contains("NL91ABNA0417164300"), "{done}");
}

#[test]
fn any_name_and_value_is_written_so_that_toml_reads_it() {
    let text = "\"Klant\"\"nummer\";\"Wo\\x\";\"Regel\n2\";Naam\n1;x;y;Bos\n2;x;y;Vos\n";
    let muster = Muster::new().file("a[1] *.csv", text);
    let done = muster.run(["init", "accounts=a[1] *.csv"]);
    let table = config(&done.text("muster.toml"));
    assert_eq!(table["source"][0]["files"][0].as_str(), Some("a[1] *.csv"));
    assert_eq!(table["source"][0]["columns"]["Naam"].as_str(), Some("name"));
}

#[test]
fn the_whole_file_is_looked_at_and_not_its_beginning() {
    let mut text = "email;account;gemigreerd\n".to_owned();
    let long = "x".repeat(50);
    for number in 0..20_000 {
        let migrated = if number < 18_000 { "J" } else { "Nee" };
        text.push_str(&format!("u{number}{long}@x.nl;A-1;{migrated}\n"));
    }
    let mut bytes = latin(&text);
    bytes.extend(b"ren\xE9@x.nl;A-1;J\n");
    let muster = Muster::new().file("users.csv", bytes);
    let done = muster.run(["init", "users.csv", "--json"]);
    let shown: Value = serde_json::from_str(&done.stdout()).unwrap_or_else(|error| panic!("{error}{done}"));
    assert_eq!(shown["files"][0]["records"], 20_001);
    let source = config(&done.text("muster.toml"))["source"][0].clone();
    assert_eq!(source["encoding"].as_str(), Some("windows-1252"));
    assert_eq!(source["columns"]["gemigreerd"]["values"]["Nee"].as_str(), Some("false"));
}

#[test]
fn synonyms_beside_the_schemas_replace_the_built_in_ones() {
    let schema = "entity = \"tokens\"\nkey = \"uid\"\n[[field]]\nname = \"uid\"\ntype = \"text\"\nrequired = true\n\
                  [[field]]\nname = \"valid\"\ntype = \"boolean\"\n";
    let synonyms = "[names]\n\"pass\" = [\"laadpas\"]\n[fields.tokens]\nuid = { is = [\"pass\"] }\n\
                    [values]\ntrue = [\"actief\"]\nfalse = [\"geblokkeerd\"]\n";
    let muster = Muster::new()
        .file("s/tokens.toml", schema)
        .file("s/synonyms.toml", synonyms)
        .file("passen.csv", "Laadpas,Valid\nNL-1,actief\nNL-2,geblokkeerd\n");
    let done = muster.run(["init", "passen.csv", "--schemas", "s"]).exits(0);
    let written = config(&done.text("muster.toml"));
    assert_eq!(written["schemas"].as_str(), Some("s"));
    assert_eq!(written["source"][0]["columns"]["Laadpas"].as_str(), Some("uid"));
    assert_eq!(written["source"][0]["columns"]["Valid"]["values"]["actief"].as_str(), Some("true"));
    muster.write("s/synonyms.toml", "[nams]\n");
    let refused = muster.run(["init", "passen.csv", "--schemas", "s", "--force"]).exits(1);
    assert!(refused.stderr().contains("synonyms.toml: TOML parse error at line 1"), "{refused}");
}

#[test]
fn a_file_that_is_no_table_is_refused_with_advice() {
    for (name, bytes, said) in [
        ("a.csv", &b""[..], "no header"),
        ("b.csv", b"12345;a@x.nl;Bos\n12346;b@x.nl;Vos\n", "looks like a row"),
        ("c.xls", b"\xD0\xCF\x11\xE0....", "old Excel"),
        ("d.ndjson", b"[1]\n", "no line is a JSON object"),
    ] {
        let refused = Muster::new().file(name, bytes).run(["init", name]).exits(1);
        assert!(refused.stderr().contains(said), "{refused}");
        assert!(!refused.stderr().contains("panicked"), "{refused}");
    }
    let refused = Muster::new().run(["init", "-"]).exits(2);
    assert!(refused.stderr().contains("save standard input"), "{refused}");
}

#[test]
fn at_a_terminal_it_asks_about_what_is_not_sure() {
    let text = "Klantnummer,Naam,Kolom A,Kolom B,Opmerking\n1,Bos,NL91ABNA0417164300,a@x.nl,x\n";
    let muster = Muster::new().file("accounts.csv", text);
    let mut talk = Talk::begin(&muster, "init accounts.csv");
    talk.hears("Kolom A = payment.iban? (only its values say so) [y/i/FIELD] ").says("y\n");
    talk.hears("Kolom B = ").says("contact.mail\n");
    talk.hears("there is no field contact.mail; is it contact.email?")
        .hears("FIELD] ")
        .says("notifications.email\n");
    talk.hears("Opmerking [i/FIELD] ").says("i\n");
    let (heard, code) = talk.ends();
    assert_eq!(code, Some(0), "{heard}");
    let written = std::fs::read_to_string(muster.path("muster.toml")).unwrap();
    let columns = &config(&written)["source"][0]["columns"];
    assert_eq!(columns["Kolom A"].as_str(), Some("payment.iban"));
    assert_eq!(columns["Kolom B"].as_str(), Some("notifications.email"));
    assert_eq!(columns["Opmerking"]["ignore"].as_bool(), Some(true));
    // Whoever leaves has written nothing.
    std::fs::remove_file(muster.path("muster.toml")).unwrap();
    let mut talk = Talk::begin(&muster, "init accounts.csv");
    talk.hears("Kolom A = ").says("\u{3}");
    assert_eq!(talk.ends().1, Some(130));
    assert!(!muster.path("muster.toml").exists());
}
