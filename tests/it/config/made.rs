//! Fields that are made of several columns, of a part of one, or of none.

use crate::support::{Database, Muster};

pub const CONFIG: &str = r#"
[[source]]
files = ["Klanten.csv"]
entity = "accounts"
null = ["-"]

[source.columns]
"Nr" = "legacyId"

[source.fields]
"name" = { first_of = ["Bedrijfsnaam", ["Voornaam", "Achternaam"]] }
"contact.firstName" = { part = "first-word", of = "Contactpersoon" }
"contact.lastName" = { part = "other-words", of = "Contactpersoon" }
"billingAddress.street" = { join = ["Straat", "Toevoeging"], with = " / " }
"plan" = { constant = "basic" }
"#;

const FILE: &str = "Nr,Bedrijfsnaam,Voornaam,Achternaam,Contactpersoon,Straat,Toevoeging\n\
                    1,Café,Jan,Bos,Anna van  den Berg,Dam,3\n\
                    2,-,Jan,Bos,Piet,Dam,\n\
                    3,,,Bos,,,-\n\
                    4,,-, ,x y,\"a\"\"b\",\"c,d\"\n";

#[test]
fn fields_are_made_of_columns() {
    let database = Database::new();
    let muster = Muster::on(&database).file("muster.toml", CONFIG).file("Klanten.csv", FILE);
    let run = muster.run(["import", "--out", "out"]).exits(3);
    let rows = database.text(
        "SELECT legacy_id, name, contact_first_name, contact_last_name, billing_address_street, plan FROM accounts \
         ORDER BY 1",
    );
    assert_eq!(
        rows, "1|Café|Anna|van  den Berg|Dam / 3|basic\n2|Jan Bos|Piet|∅|Dam|basic\n3|Bos|∅|∅|∅|basic",
        "{run}"
    );
    let findings = run.findings("out");
    assert_eq!(findings.len(), 1, "{run}");
    assert_eq!(findings[0]["column"], "Bedrijfsnaam + Voornaam + Achternaam");
    assert_eq!((&findings[0]["code"], &findings[0]["field"]), (&"required".into(), &"name".into()));
    let rejected = String::from_utf8(run.read("out/Klanten.rejected.csv")).unwrap();
    assert_eq!(rejected.lines().nth(1).unwrap(), FILE.lines().nth(4).unwrap());
    assert!(!run.stdout().contains("not imported"), "{run}");
}

#[test]
fn a_made_value_is_checked_and_shown() {
    let config = CONFIG.replace(
        "\"plan\" = { constant = \"basic\" }",
        "\"contact.email\" = { join = [\"Voornaam\", \"Achternaam\"], with = \"@\" }",
    );
    let muster = Muster::new().file("muster.toml", config).file("Klanten.csv", FILE);
    let run = muster.run(["check", "--out", "out"]).exits(3);
    let findings = run.findings("out");
    let wrong = findings.iter().find(|f| f["field"] == "contact.email").unwrap();
    assert_eq!(
        (&wrong["value"], &wrong["column"]),
        (&"Jan@Bos".into(), &"Voornaam + Achternaam".into()),
        "{run}"
    );
    assert!(run.text("out/summary.json").contains("\"column\": \"Voornaam + Achternaam\""));
}

#[test]
fn what_a_field_is_made_of_must_be_there_and_mean_nothing_else() {
    let muster = Muster::new()
        .file("muster.toml", CONFIG)
        .file("Klanten.csv", FILE.replace("Voornaam", "Voornam").replace("Toevoeging", "plan"));
    let said = muster.run(["check", "--out", "out"]).exits(2).stderr();
    for part in [
        "muster.toml:11: field name: Klanten.csv has no column Voornaam; did you mean Voornam?",
        "field billingAddress.street: Klanten.csv has no column Toevoeging; there are Nr, ",
        "field plan: the column plan of Klanten.csv means the same field",
    ] {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
}
