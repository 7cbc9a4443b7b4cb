//! Faults planted in generated files by a generator that knows nothing of the validator: all of them are found,
//! and no other; and where a rule is left out, exactly its plants go missing.

use std::collections::BTreeSet;

use crate::support::{Customers, Database, Found, Muster, found, order};

/// Asserts that two sets are the same, and shows only where they differ.
#[track_caller]
fn assert_same(found: &BTreeSet<Found>, planted: &BTreeSet<Found>) {
    let missed: Vec<_> = planted.difference(found).take(10).collect();
    let invented: Vec<_> = found.difference(planted).take(10).collect();
    assert!(missed.is_empty() && invented.is_empty(), "missed: {missed:#?}\ninvented: {invented:#?}");
}

#[test]
fn the_planted_faults_of_twenty_thousand_rows_are_found_and_no_other() {
    let customers = Customers::made(&crate::customers::Order { large: true, ..order(2_000, 18_000, 11) });
    let database = Database::new();
    let muster = customers.put(Muster::on(&database));
    let run = muster.run(["import", "accounts.csv", "users.csv", "--out", "out"]).exits(3);
    assert_same(&found(&run), &customers.planted());

    let summary = run.summary("out");
    for (entity, sums) in summary["entities"].as_array().unwrap().iter().zip(&customers.sums) {
        let counts = ["read", "blank", "accepted", "rejected", "duplicates"];
        let counts = counts.map(|name| entity[name].as_u64().unwrap());
        assert_eq!(counts, *sums, "{}", entity["entity"]);
        let name = entity["entity"].as_str().unwrap();
        let stored = database.text(&format!("SELECT count(*) FROM {name}"));
        assert_eq!(stored, sums[2].to_string(), "rows in the table {name}");
        for rule in entity["rules"].as_array().unwrap() {
            let planted = customers.planted().into_iter().filter(|(of, _, column, code, severity)| {
                let wanted = (rule["code"].as_str(), rule["column"].as_str(), rule["severity"].as_str());
                of == name
                    && (wanted == (Some(code), Some(column), Some(severity))
                        || column.is_empty() && (wanted.0, wanted.2) == (Some(code), Some(severity)))
            });
            if rule["column"].is_null() {
                assert_eq!(rule["rows"].as_u64().unwrap(), planted.count() as u64, "{rule}");
            }
        }
    }
}

/// Leaves one rule out of the built-in schemas by `edit`, and expects that nothing else changes: the plants of
/// `code` are gone, and the users of accounts that were rejected for nothing else are no longer rejected.
#[track_caller]
fn leave_out(code: &str, edit: impl Fn(&str) -> String) {
    let customers = Customers::made(&order(1_500, 3_000, 23));
    let muster = customers.put(Muster::new());
    for entity in ["accounts", "users"] {
        let text = muster.run(["schema", "print", entity]).exits(0).stdout();
        muster.write(&format!("schemas/{entity}.toml"), edit(&text));
    }
    let run =
        muster.run(["check", "accounts.csv", "users.csv", "--schemas", "schemas", "--out", "out"]).exits(3);
    let released: BTreeSet<String> = customers
        .plants
        .iter()
        .filter(|((entity, _, _, planted, _), _)| entity == "accounts" && planted == code)
        .map(|((_, record, ..), _)| format!("accounts record {record}"))
        .collect();
    let left: BTreeSet<Found> = customers
        .plants
        .iter()
        .filter(|((_, _, _, planted, _), note)| {
            planted != code && !(planted == "account-rejected" && released.contains(note))
        })
        .map(|(found, _)| found.clone())
        .collect();
    assert!(left.len() < customers.plants.len(), "nothing was planted for {code}");
    assert_same(&found(&run), &left);
}

/// Sets the severity of a code to `ignore` for all fields of a type.
fn ignoring(kind: &str, code: &str) -> impl Fn(&str) -> String {
    let (from, to) = (
        format!("\ntype = \"{kind}\"\n"),
        format!("\ntype = \"{kind}\"\nseverity = {{ {code} = \"ignore\" }}\n"),
    );
    move |text| text.replace(&from, &to)
}

#[test]
fn without_the_iban_rule_exactly_its_plants_go_missing() {
    leave_out("invalid-iban", ignoring("iban", "invalid-iban"));
}

#[test]
fn without_the_postal_code_rule_exactly_its_plants_go_missing() {
    leave_out("invalid-postal-code", ignoring("postal-code", "invalid-postal-code"));
}

#[test]
fn without_the_doubt_about_telephone_numbers_exactly_its_plants_go_missing() {
    leave_out("uncertain-phone", ignoring("phone", "uncertain-phone"));
}

#[test]
fn without_the_warning_of_the_fixed_rules_exactly_its_plants_go_missing() {
    leave_out("defaulted", ignoring("choice", "defaulted"));
}

#[test]
fn without_the_warning_of_country_names_exactly_its_plants_go_missing() {
    leave_out("country-alias", ignoring("country", "country-alias"));
}

#[test]
fn without_the_longest_length_exactly_its_plants_go_missing() {
    leave_out("too-long", |text| text.replace("max_length = 200\n", ""));
}

#[test]
fn without_the_pattern_of_company_numbers_exactly_its_plants_go_missing() {
    let is_other = |line: &&str| !line.starts_with("pattern = ");
    leave_out("pattern-mismatch", |text| {
        text.lines().filter(is_other).map(|line| format!("{line}\n")).collect()
    });
}
