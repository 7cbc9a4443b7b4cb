//! The header in the middle of a file: skipped in any spelling, and a row in what muster exported itself.

use crate::support::{Database, Muster};

#[test]
fn a_repeated_header_is_found_as_headers_are_matched() {
    for again in [
        "legacyId;name;contact.email",
        "LEGACY_ID;Name;Contact E-mail",
        "\"legacyId\";\"name\";\"contact.email\"",
        " legacy id ; name;contact.email;",
        "\u{FEFF}legacyId;name;contact.email",
        "\u{FEFF}\"legacyId\";\"name\";\"contact.email\"",
    ] {
        let text = format!("\u{FEFF}legacyId;name;contact.email\r\nA1;One;\r\n{again}\r\nA2;Two;\r\n");
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [text.into_bytes(), wide] {
            let muster = Muster::new().file("accounts.csv", bytes);
            let run = muster.run(["check", "accounts.csv", "--out", "out"]);
            let findings = run.findings("out");
            assert_eq!(findings.len(), 1, "{again}{run}");
            assert_eq!(findings[0]["code"], "repeated-header", "{again}");
            assert_eq!(run.exits(0).summary("out")["entities"][0]["read"], 2, "{again}");
        }
    }
    let muster = Muster::new().file("accounts.csv", "legacyId,name\nlegacyId,naam\nlegacyId2,name\n");
    let run = muster.run(["check", "accounts.csv", "--out", "out"]).exits(0);
    assert_eq!(run.summary("out")["entities"][0]["read"], 2);
}

const TERMS: &str = "entity = \"terms\"\nkey = \"term\"\n\n[[field]]\nname = \"term\"\ntype = \"text\"\n\
                     required = true\n\n[[field]]\nname = \"meaning\"\ntype = \"text\"\n";

#[test]
fn a_row_like_the_header_comes_back_from_an_export() {
    let database = Database::new();
    let muster = Muster::on(&database).file("schemas/terms.toml", TERMS);
    let import = |file: &str| muster.run(["import", file, "--schemas", "schemas", "--out", "out"]);
    // As NDJSON it is a row whatever it says.
    muster.write(
        "terms.ndjson",
        "{\"term\":\"term\",\"meaning\":\"meaning\"}\n{\"term\":\"Term\",\"meaning\":\"Meaning\"}\n",
    );
    import("terms.ndjson").exits(0);
    muster.run(["export", "terms", "--schemas", "schemas", "--out", "exported"]).exits(0);
    let before = database.text("SELECT term, meaning FROM terms ORDER BY 1");
    database.rows("TRUNCATE terms");
    let run = import("exported/terms.csv").exits(0);
    assert_eq!(run.summary("out")["entities"][0]["read"], 2, "{run}");
    assert_eq!(database.text("SELECT term, meaning FROM terms ORDER BY 1"), before);
    // Changed since, the file is one like any other.
    let text = String::from_utf8(run.read("exported/terms.csv")).unwrap();
    muster.write("exported/terms.csv", text + "key,sleutel\n");
    for quoted_empty in ["text", "empty"] {
        let arguments = ["import", "exported/terms.csv", "--schemas", "schemas", "--out", "out"];
        let run = muster.run(arguments.into_iter().chain(["--quoted-empty", quoted_empty])).exits(0);
        assert_eq!(run.summary("out")["entities"][0]["read"], 1, "{run}");
    }
}

#[test]
fn apostrophes_that_seem_to_be_quotes_are_noted() {
    for (text, noted) in [
        ("term,meaning\n1,'a b'\n2,'a, b'\n3,'it''s'\n", true),
        ("term,'meaning'\n1,'a b'\n", true),
        ("term,meaning\n1,'a b'\n", false),
        ("term,meaning\n'1','a'\n'2','b'\n", true),
        ("term,meaning\n1,'s-Gravenhage\n2,'t Hof\n3,'s-Hertogenbosch\n", false),
        ("term,meaning\n1,'a'\n2,b\n3,'c'\n", false),
        ("term,meaning\n1,'\n2,''\n3,\n", false),
    ] {
        let muster = Muster::new().file("schemas/terms.toml", TERMS).file("terms.csv", text);
        let map: &[&str] = if text.contains("'meaning'") { &["--map", "'meaning'=meaning"] } else { &[] };
        let arguments = ["check", "terms.csv", "--schemas", "schemas", "--out", "out"];
        let run = muster.run(arguments.iter().chain(map));
        assert_eq!(run.stderr().contains("are in apostrophes"), noted, "{text}{run}");
    }
}

#[test]
fn a_line_of_delimiters_alone_is_blank() {
    let muster =
        Muster::new().file("accounts.csv", "legacyId;name;plan\r\nA1;One;\r\n;;\r\n;;;;\r\nA2;Two;\r\n;;");
    let run = muster.run(["check", "accounts.csv", "--out", "out"]).exits(0);
    let entity = &run.summary("out")["entities"][0];
    assert_eq!((&entity["read"], &entity["blank"]), (&2.into(), &3.into()), "{run}");
}
