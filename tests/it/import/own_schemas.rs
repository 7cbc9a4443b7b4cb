//! The engine knows no entity by name: a third one, with the types and settings that the built-in schemas do not
//! use, is checked and imported by its schema file alone, and the target is read back.

use serde_json::Value;

use crate::support::{Database, Muster};

const LOCATIONS: &str = r#"
entity = "locations"
key = "locationId"

[table]
name = "sites"

[[field]]
name = "locationId"
type = "text"
required = true
pattern = "L[0-9]+"
min_length = 3
max_length = 6
column = "code"

[[field]]
name = "owner"
aliases = ["accountId"]
type = "text"
required = true
references = "accounts"
column = "account_id"

[[field]]
name = "openedOn"
type = "date"
format = "%d-%m-%Y"

[[field]]
name = "pricePerKwh"
type = "decimal"
decimal_comma = true

[[field]]
name = "sockets"
type = "integer"
on_update = "keep"

[[field]]
name = "lastSeen"
type = "timestamp"

[[field]]
name = "bic"
type = "bic"
sensitive = true

[[field]]
name = "postalCode"
type = "postal-code"
default_country = "NL"

[[field]]
name = "language"
type = "language"
default = "nl"

[[field]]
name = "serial"
type = "text"
unique = true

[[field]]
name = "installer"
type = "text"
on_update = "fill-empty"

[[field]]
name = "state"
type = "choice"
values = ["ordered", "live"]

[[field]]
name = "mail"
type = "email"
severity = { invalid-email = "ignore" }

[[field]]
name = "mailAgain"
type = "email"
severity = { invalid-email = "ignore" }

[[row_rule]]
kind = "required-when"
field = "openedOn"
when = "state"
equals = "live"

[[row_rule]]
kind = "one-of"
fields = ["serial", "installer"]

[[row_rule]]
kind = "equal-to"
field = "mailAgain"
other = "mail"
"#;

const HEADER: &str = "locationId;accountId;openedOn;pricePerKwh;sockets;lastSeen;bic;postalCode;language;serial;\
                      installer;state;mail;mailAgain\n";

/// A folder with the built-in schemas, the third one, and two accounts.
fn prepared(database: &Database) -> Muster {
    let muster = Muster::on(database)
        .file("schemas/locations.toml", LOCATIONS)
        .file("accounts.csv", "legacyId,name\nA1,One\nA2,\n");
    for entity in ["accounts", "users"] {
        let printed = muster.run(["schema", "print", entity]).exits(0).stdout();
        muster.write(&format!("schemas/{entity}.toml"), printed);
    }
    muster
}

#[test]
fn a_third_entity_is_imported_with_no_new_code() {
    let database = Database::new();
    let muster = prepared(&database);
    let rows = "L01;A1;31-01-2026;0,3450;4;2026-01-31T10:11:12+01:00;abnanl2a;1234ab;en-GB;S1;Jan;live;a@example.com;A@Example.com\n\
                L02;A1;;;;;;;;S2;;ordered;;\n";
    muster.write("locations.csv", format!("{HEADER}{rows}"));
    let run = ["import", "--schemas", "schemas", "--out", "out", "accounts.csv", "locations.csv"];
    let finished = muster.run(run).exits(3);
    let summary = finished.summary("out");
    let locations = &summary["entities"][1];
    assert_eq!(
        (&locations["entity"], &locations["inserted"]),
        (&"locations".into(), &2.into()),
        "{finished}"
    );
    let read_back = "SELECT code, a.legacy_id, opened_on, price_per_kwh, sockets, last_seen, bic, postal_code, \
                     s.language, serial, installer, state, mail, mail_again \
                     FROM sites s JOIN accounts a ON a.id = s.account_id ORDER BY code";
    assert_eq!(
        database.text(read_back),
        "L01|A1|2026-01-31|0.3450|4|2026-01-31 09:11:12+00|ABNANL2A|1234 AB|en-GB|S1|Jan|live|a@example.com|a@example.com\n\
         L02|A1|∅|∅|∅|∅|∅|∅|nl|S2|∅|ordered|∅|∅"
    );
    // `keep` lets an empty cell pass, `fill-empty` never changes what is there.
    let rows = "L01;A1;01-02-2026;;;;;;;S1;Piet;live;;\nL02;A1;;;7;;;;;S2;Kees;ordered;;\n";
    muster.write("locations.csv", format!("{HEADER}{rows}"));
    let summary = muster.run(run).exits(3).summary("out");
    assert_eq!(summary["entities"][1]["updated"], 2);
    let read_back = "SELECT code, opened_on, price_per_kwh, sockets, installer FROM sites ORDER BY code";
    assert_eq!(database.text(read_back), "L01|2026-02-01|∅|4|Jan\nL02|∅|∅|7|Kees");
}

#[test]
fn a_third_entity_s_faults_are_found_by_its_own_rules() {
    let database = Database::new();
    let muster = prepared(&database);
    let cases = [
        ("X01;A1;;;;;;;;S01;;;;", "pattern-mismatch"),
        ("L1;A1;;;;;;;;S02;;;;", "too-short"),
        ("L123456;A1;;;;;;;;S03;;;;", "too-long"),
        ("L04;;;;;;;;;S04;;;;", "required"),
        ("L05;A9;;;;;;;;S05;;;;", "unknown-account"),
        ("L06;A2;;;;;;;;S06;;;;", "account-rejected"),
        ("L07;A1;2026-01-31;;;;;;;S07;;;;", "invalid-date"),
        ("L08;A1;;0.5;;;;;;S08;;;;", "invalid-number"),
        ("L09;A1;;;four;;;;;S09;;;;", "invalid-number"),
        ("L10;A1;;;;yesterday;;;;S10;;;;", "invalid-date"),
        ("L11;A1;;;;;ABN;;;S11;;;;", "invalid-bic"),
        ("L12;A1;;;;;;123 AB;;S12;;;;", "invalid-postal-code"),
        ("L13;A1;;;;;;;n_l;S13;;;;", "invalid-language"),
        ("L14;A1;;;;;;;;S14;;open;;", "invalid-choice"),
        ("L15;A1;;;;;;;;S15;;live;;", "required"),
        ("L16;A1;;;;;;;;;;;;", "required"),
        ("L17;A1;;;;;;;;S17;;;a@example.com;b@example.com", "pattern-mismatch"),
        ("L18;A1;;;;;;;;S18;;;;", ""),
        ("L19;A1;;;;;;;;S18;;;;", "duplicate-key"),
        ("L20;A1;;;;;;;;S20;;;nobody;nobody", ""),
    ];
    let rows: Vec<&str> = cases.iter().map(|(row, _)| *row).collect();
    muster.write("locations.csv", format!("{HEADER}{}\n", rows.join("\n")));
    let finished = muster
        .run(["check", "--schemas", "schemas", "--out", "out", "accounts.csv", "locations.csv"])
        .exits(3);
    let findings = finished.findings("out");
    for (number, (row, code)) in cases.iter().enumerate() {
        let own = |finding: &&Value| finding["entity"] == "locations" && finding["record"] == number + 1;
        let codes: Vec<&str> = findings.iter().filter(own).map(|f| f["code"].as_str().unwrap()).collect();
        assert_eq!(codes, if code.is_empty() { vec![] } else { vec![*code] }, "{row}\n{finished}");
    }
    let bic = findings.iter().find(|finding| finding["code"] == "invalid-bic").unwrap();
    assert!(!bic["value"].as_str().unwrap().contains("ABN"), "{bic}");
}

#[test]
fn the_rules_of_a_third_entity_can_be_printed_for_other_tools() {
    let muster = prepared(&Database::new());
    let text = muster.run(["schema", "table-schema", "locations", "--schemas", "schemas"]).exits(0).stdout();
    let table: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(table["primaryKey"], serde_json::json!(["locationId"]));
    let field = |name: &str| {
        table["fields"].as_array().unwrap().iter().find(|field| field["name"] == name).unwrap().clone()
    };
    assert_eq!((&field("openedOn")["type"], &field("sockets")["type"]), (&"date".into(), &"integer".into()));
    assert_eq!(field("locationId")["constraints"]["maxLength"], 6);
    let ddl = muster.run(["schema", "ddl", "--schemas", "schemas"]).exits(0).stdout();
    assert!(ddl.contains("opened_on") && ddl.contains("numeric") && ddl.contains("timestamptz"), "{ddl}");
    // The JSON Schema knows every key that the file uses.
    let json = muster.run(["schema", "json-schema"]).exits(0).stdout();
    let keys = LOCATIONS.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key);
    for key in keys {
        assert!(json.contains(&format!("\"{key}\"")), "{key} is not in the JSON Schema");
    }
}

#[test]
fn schema_and_db_without_an_action_print_what_they_can_do() {
    let muster = prepared(&Database::new());
    assert_eq!(muster.run(["schema"]).exits(0).stdout(), muster.run(["schema", "print"]).exits(0).stdout());
    assert_eq!(muster.run(["db"]).exits(0).stdout(), muster.run(["db", "status"]).exits(0).stdout());
}

#[test]
fn every_code_that_the_corpus_can_show_is_explained_by_the_program() {
    let muster = Muster::new();
    let list = muster.run(["explain"]).exits(0).stdout();
    for code in muster::internals::Code::ALL {
        let (name, explanation) = (code.as_str(), code.explanation());
        assert!(list.lines().any(|line| line.trim_start().starts_with(&format!("{name} "))), "{name}");
        let parts = [explanation.what, explanation.why, explanation.fix];
        assert!(parts.iter().all(|part| !part.is_empty()), "{name}");
    }
    let one = muster.run(["explain", "invalid-iban"]).exits(0).stdout();
    assert!(one.contains(muster::internals::Code::InvalidIban.explanation().why), "{one}");
    let wrong = muster.run(["explain", "invalid-ibn"]).exits(2).stderr();
    assert!(wrong.contains("did you mean `invalid-iban`?"), "{wrong}");
}
