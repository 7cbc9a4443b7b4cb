//! Cells that are cleaned as `muster.toml` says: null words, values, decimals and zones.

use serde_json::{Value, json};

use crate::support::{Database, Muster};

pub const CONFIG: &str = r#"
[[source]]
files = ["Klanten*.csv"]
entity = "accounts"
encoding = "windows-1252"
null = ["NULL", "n.v.t.", "-"]

[source.columns]
"Klantnummer" = "legacyId"
"Naam" = "name"
"Soort klant" = { field = "type", values = { "Z" = "company", "P" = "private", "Privé" = "private" } }
"Aanhef" = { field = "contact.gender", values = { "Dhr." = "male", "Mevr." = "female" } }
"IBAN" = { field = "payment.iban", null = ["geen"] }
"Nieuwsbrief" = { field = "notifications.enabled", values = { J = true, "*" = false } }
"#;

/// A Dutch export in Windows-1252.
fn customers() -> Vec<u8> {
    let text = "Klantnummer;Naam;Soort klant;Aanhef;IBAN;Nieuwsbrief;Notitie\n\
                1;Caf\u{e9};Z;Dhr.;geen;J;NULL\n\
                2;\"Jansen; \"\"de\"\" bakker\"; p ;Mevr.;NL91 ABNA 0417 1643 00;N;\n\
                3;null;PRIV\u{c9};-;N.V.T.;J;n.v.t.\n\
                4;Drie;X;Dhr.;;j;-\n";
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

#[test]
fn words_are_replaced_before_the_rules_and_counted() {
    let database = Database::new();
    let muster = Muster::on(&database).file("muster.toml", CONFIG).file("Klanten.csv", customers());
    let run = muster.run(["import", "--out", "out", "--show-values"]).exits(3);
    let rows = database.text(
        "SELECT legacy_id, name, type, contact_gender, payment_iban, notifications_enabled FROM accounts ORDER BY 1",
    );
    assert_eq!(
        rows, "1|Caf\u{e9}|company|male|∅|t\n2|Jansen; \"de\" bakker|private|female|NL91ABNA0417164300|f",
        "{run}"
    );
    // A column that nobody decided about, with null words alone, loses nothing.
    assert!(!run.stdout().contains("not imported"), "{run}");
    let mapped = &run.summary("out")["entities"][0]["mapped"];
    let words: Vec<Value> = mapped.as_array().unwrap().clone();
    for expected in [
        json!({"column": "Naam", "from": "NULL", "to": null, "rows": 1}),
        json!({"column": "Soort klant", "from": "Z", "to": "company", "rows": 1}),
        json!({"column": "Soort klant", "from": "P", "to": "private", "rows": 1}),
        json!({"column": "Soort klant", "from": "Privé", "to": "private", "rows": 1}),
        json!({"column": "Aanhef", "from": "-", "to": null, "rows": 1}),
        json!({"column": "IBAN", "from": "geen", "to": null, "rows": 1}),
        json!({"column": "IBAN", "from": "n.v.t.", "to": null, "rows": 1}),
        json!({"column": "Nieuwsbrief", "from": "J", "to": "true", "rows": 3}),
        json!({"column": "Nieuwsbrief", "from": "*", "to": "false", "rows": 1}),
    ] {
        assert!(words.contains(&expected), "{expected} is not in {mapped:#}");
    }
    let page = run.text("out/report.html");
    assert!(page.contains("Replaced as muster.toml says") && page.contains("Soort klant"));
    let codes: Vec<(u64, &str, &str)> = run
        .findings("out")
        .iter()
        .map(|f| (f["record"].as_u64().unwrap(), f["code"].as_str().unwrap(), f["value"].as_str().unwrap()))
        .map(|(record, code, value)| (record, leaked(code), leaked(value)))
        .collect();
    assert_eq!(codes, [(2, "defaulted", "N"), (3, "required", ""), (4, "invalid-choice", "X")], "{run}");
    // What goes back are the source's own bytes.
    let rejected = run.read("out/Klanten.rejected.csv");
    let lines = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let source = lines(&customers());
    assert_eq!(lines(&rejected)[..3], [source[0].clone(), source[3].clone(), source[4].clone()]);
}

fn leaked(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

#[test]
fn the_result_does_not_depend_on_blocks_and_threads() {
    let of = |threads: &str, block: &str| {
        let muster = Muster::new()
            .env("MUSTER_TEST_BLOCK", block)
            .file("muster.toml", CONFIG)
            .file("Klanten.csv", customers());
        let run = muster.run(["check", "--out", "out", "--threads", threads]).exits(3);
        let summary = run.summary("out");
        (
            summary["entities"][0]["mapped"].clone(),
            run.findings("out").iter().map(|f| f["message"].clone()).collect::<Vec<_>>(),
        )
    };
    let one = of("1", "1048576");
    assert_eq!(one, of("3", "1"));
    assert_eq!(one, of("2", "40"));
}

const ROWS: &str = "entity = \"rows\"\nkey = \"nr\"\n\n[[field]]\nname = \"nr\"\ntype = \"text\"\nrequired = true\n\n\
                    [[field]]\nname = \"open\"\ntype = \"decimal\"\n\n[[field]]\nname = \"point\"\ntype = \"decimal\"\n\
                    decimal_comma = false\n\n[[field]]\nname = \"day\"\ntype = \"date\"\n\n\
                    [[field]]\nname = \"at\"\ntype = \"timestamp\"\n";

#[test]
fn decimals_and_dates_are_those_that_are_declared() {
    let database = Database::new();
    let muster = Muster::on(&database)
        .file("rules/rows.toml", ROWS)
        .file(
            "muster.toml",
            "schemas = \"rules\"\n[[source]]\nfiles = [\"rows*\"]\ndecimal = \"comma\"\ndate = \"day-first\"\n",
        )
        .file(
            "rows.csv",
            "nr;open;point;day;at\n\
             a;1.500;€ 1.234,56;02-01-2026;01-07-2026 12:00Z\n\
             b;-2,5;EUR 7;31-01-2026;2026-01-01T12:00:00Z\n\
             c;1.50;1;01-01-2026;\n",
        );
    let run = muster.run(["import", "--out", "out"]).exits(3);
    let rows = database.text("SELECT nr, open, point, day, at AT TIME ZONE 'UTC' FROM rows ORDER BY 1");
    let expected = "a|1500|1234.56|2026-01-02|2026-07-01 12:00:00\nb|-2.5|7|2026-01-31|2026-01-01 12:00:00";
    assert_eq!(rows, expected, "{run}");
    let findings = run.findings("out");
    assert_eq!(findings.len(), 1, "{run}");
    assert_eq!((&findings[0]["column"], &findings[0]["code"]), (&"open".into(), &"invalid-number".into()));
}

#[test]
fn a_time_without_an_offset_is_in_the_declared_zone() {
    let database = Database::new();
    let of = |zone: &str| {
        let source =
            format!("schemas = \"rules\"\n[[source]]\nfiles = [\"rows*\"]\ntime_zone = \"{zone}\"\n");
        Muster::on(&database).file("rules/rows.toml", ROWS).file("muster.toml", source).file(
            "rows.csv",
            "nr;at\na;2026-07-01T12:00:00\nb;2026-01-01T12:00:00\nc;2026-03-29T02:30:00\nd;2026-10-25T02:30:00\n\
             e;2026-07-01T12:00:00Z\n",
        )
    };
    let muster = of("Europe/Amsterdan");
    let wrong = muster.run(["check"]).exits(1).stderr();
    assert!(wrong.contains("did you mean `Europe/Amsterdam`"), "{wrong}");
    let muster = of("Europe/Amsterdam");
    let run = muster.run(["import", "--out", "out"]).exits(3);
    let rows = database.text("SELECT nr, at AT TIME ZONE 'UTC' FROM rows ORDER BY 1");
    assert_eq!(rows, "a|2026-07-01 10:00:00\nb|2026-01-01 11:00:00\ne|2026-07-01 12:00:00", "{run}");
    let codes: Vec<_> = run.findings("out").iter().map(|f| f["code"].as_str().unwrap().to_owned()).collect();
    assert_eq!(codes, ["invalid-date", "ambiguous-date"], "{run}");
}

#[test]
fn objects_are_cleaned_like_cells() {
    let config = "[[source]]\nfiles = [\"*.ndjson\"]\nentity = \"accounts\"\nnull = [\"n/a\"]\n[source.columns]\n\
                  id = \"legacyId\"\nkind = { field = \"type\", values = { \"zak\\\"elijk\" = \"company\" } }\n\
                  [source.fields]\nname = { join = [\"first\", \"last\"] }\n";
    let lines = "{\"id\":1,\"kind\":\"zak\\\"elijk\",\"first\":\"A\",\"last\":\"N\\u002fA\"}\n\
                 {\"id\":\"N/A\",\"kind\":null,\"first\":null,\"last\":\"B\"}\n{\"id\":3,\"kind\":\"private\",\"last\":\"C\"}\n";
    let database = Database::new();
    let muster = Muster::on(&database).file("muster.toml", config).file("x.ndjson", lines);
    let run = muster.run(["import", "--out", "out"]).exits(3);
    let rows = database.text("SELECT legacy_id, type, name FROM accounts ORDER BY 1");
    assert_eq!(rows, "1|company|A\n3|private|C", "{run}");
}
