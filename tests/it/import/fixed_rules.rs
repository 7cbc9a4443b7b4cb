//! The rules that the product's own documents fix, row by row, read from the tables and not from the reports.

use crate::support::{Database, Muster};

/// Imports one accounts and one users file, and gives back the database to look at.
fn imported(accounts: &str, users: &str, options: &[&str], exit: i32) -> Database {
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.csv", accounts).file("users.csv", users);
    let arguments = ["import", "accounts.csv", "users.csv", "--out", "out"];
    muster.run(arguments.iter().chain(options)).exits(exit);
    database
}

/// What becomes of one cell of a column: the field in the table, with nothing else given.
fn account_field(header: &str, column: &str, cells: &[&str]) -> String {
    let rows: String = (1..).zip(cells).map(|(key, cell)| format!("A{key:02},Name,{cell}\n")).collect();
    let accounts = format!("legacyId,name,{header}\n{rows}");
    let database = imported(&accounts, "email,account.legacyId\n", &[], 0);
    database.text(&format!("SELECT {column} FROM accounts ORDER BY legacy_id")).replace('\n', " ")
}

fn user_field(header: &str, column: &str, cells: &[&str]) -> String {
    let rows: String = (1..).zip(cells).map(|(key, cell)| format!("u{key:02}@x.nl,A1,{cell}\n")).collect();
    let users = format!("email,account.legacyId,{header}\n{rows}");
    let database = imported("legacyId,name\nA1,Name\n", &users, &[], 0);
    database.text(&format!("SELECT {column} FROM users ORDER BY email")).replace('\n', " ")
}

/// Cells of `contact.gender` and what they become, for accounts and users alike.
const GENDERS: [(&str, &str); 11] = [
    ("female", "female"),
    ("male", "male"),
    ("", "male"),
    ("\"\"", "male"),
    ("\"female\"", "female"),
    ("female ", "female"),
    (" female", "female"),
    ("\" female\t\"", "female"),
    ("FEMALE", "male"),
    ("Female", "male"),
    ("vrouw", "male"),
];

#[test]
fn only_the_exact_word_female_is_read_as_female_and_all_else_as_male() {
    let cells = GENDERS.map(|(cell, _)| cell);
    let expected = GENDERS.map(|(_, value)| value).join(" ");
    assert_eq!(account_field("contact.gender", "contact_gender", &cells), expected);
    assert_eq!(user_field("contact.gender", "contact_gender", &cells), expected);
}

#[test]
fn feature_flags_are_a_list_with_commas_in_one_cell() {
    let cells = ["", "\"\"", "smartCharging", "\"a,b\"", "\" a , ,b,a,\"", "\",\""];
    let lists = account_field("featureFlags", "feature_flags", &cells);
    assert_eq!(lists, "{} {} {smartCharging} {a,b} {a,b} {}");
}

#[test]
fn only_the_exact_word_nl_is_read_as_nl_and_all_else_as_en() {
    let cells = ["nl", "en", "", "\"\"", "nl ", " nl", "\"nl\"", "NL", "Nl", "de", "nl-NL"];
    let codes = user_field("defaultLangCode", "default_lang_code", &cells);
    assert_eq!(codes, "nl en en en nl nl nl en en en en");
}

#[test]
fn migrated_is_true_or_false_and_empty_is_false() {
    let values = user_field("migrated", "migrated", &["true", "false", "", "\"\"", "true ", "\" false\""]);
    assert_eq!(values, "t f f f t f");
}

#[test]
fn any_other_value_of_migrated_rejects_the_row() {
    let users = "email,account.legacyId,migrated\n\
                 a@x.nl,A1,yes\nb@x.nl,A1,1\nc@x.nl,A1,TRUE\nd@x.nl,A1,waar\ne@x.nl,A1,true\n";
    let database = Database::new();
    let muster =
        Muster::on(&database).file("accounts.csv", "legacyId,name\nA1,Name\n").file("users.csv", users);
    let run = muster.run(["import", "accounts.csv", "users.csv", "--out", "out"]).exits(3);
    assert_eq!(database.text("SELECT email FROM users"), "e@x.nl");
    let findings = run.findings("out");
    assert_eq!(findings.len(), 4);
    for finding in findings {
        assert_eq!((&finding["code"], &finding["severity"]), (&"invalid-boolean".into(), &"reject".into()));
    }
}

#[test]
fn columns_missing_in_the_files_get_the_values_for_empty_cells() {
    let database = imported("legacyId,name\nA1,Name\n", "email,account.legacyId\na@x.nl,A1\n", &[], 0);
    let account = database.text("SELECT contact_gender, language, feature_flags, labels, plan FROM accounts");
    assert_eq!(account, "male|en|{}|{}|∅");
    let user = database.text("SELECT contact_gender, default_lang_code, migrated, role FROM users");
    assert_eq!(user, "male|en|f|none");
}

#[test]
fn every_cell_is_trimmed_before_it_is_stored_and_nothing_in_it_is_changed() {
    let accounts = "legacyId,name,plan\n  A1 ,\u{a0}De  Bron\u{2003},\"  Fleet, large  \"\n";
    let database = imported(accounts, "email,account.legacyId\n X@Y.NL ,\tA1\n", &[], 0);
    assert_eq!(database.text("SELECT legacy_id, name, plan FROM accounts"), "A1|De  Bron|Fleet, large");
    assert_eq!(database.text("SELECT email FROM users"), "x@y.nl");
}

#[test]
fn a_quoted_empty_cell_is_null_as_an_unquoted_one_is() {
    let accounts = "legacyId,name,plan,contact.email\nA1,One,,\nA2,Two,\"\",\"\"\nA3,Three,\"  \", \n";
    let database = imported(accounts, "email,account.legacyId\n", &[], 0);
    let empty = database.text("SELECT count(*) FROM accounts WHERE plan IS NULL AND contact_email IS NULL");
    assert_eq!(empty, "3");
}

#[test]
fn a_replaced_value_is_a_warning_and_strict_makes_it_a_reject() {
    let accounts = "legacyId,name,contact.gender\nA1,One,vrouw\nA2,Two,female\nA3,Three,\n";
    let users = "email,account.legacyId,defaultLangCode\na@x.nl,A2,NL\nb@x.nl,A2,nl\nc@x.nl,A1,en\n";
    for (options, exit, kept, severity) in [
        (&[][..], 0, ["A1 A2 A3", "a@x.nl b@x.nl c@x.nl"], "warning"),
        (&["--strict"][..], 3, ["A2 A3", "b@x.nl"], "reject"),
    ] {
        let database = Database::new();
        let muster = Muster::on(&database).file("accounts.csv", accounts).file("users.csv", users);
        let arguments = ["import", "accounts.csv", "users.csv", "--out", "out"];
        let run = muster.run(arguments.iter().chain(options)).exits(exit);
        let keys = |sql: &str| database.text(sql).replace('\n', " ");
        assert_eq!(keys("SELECT legacy_id FROM accounts ORDER BY 1"), kept[0]);
        assert_eq!(keys("SELECT email FROM users ORDER BY 1"), kept[1]);
        let findings = run.findings("out");
        let defaulted: Vec<_> = findings.iter().filter(|finding| finding["code"] == "defaulted").collect();
        let values: Vec<_> = defaulted.iter().map(|finding| finding["value"].as_str().unwrap()).collect();
        assert_eq!(values, ["vrouw", "NL"]);
        assert!(defaulted.iter().all(|finding| finding["severity"] == severity), "{run}");
    }
}

#[test]
fn columns_of_integrations_are_left_out_with_one_warning_and_strict_does_not_mind() {
    let accounts = "legacyId,name,integrations.key,netsuite.id,shoe size\nA1,One,x,y,44\n";
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.csv", accounts);
    // The shoe size is lost, which is no fault of a row.
    let run = muster.run(["import", "accounts.csv", "--strict", "--out", "out"]).exits(3);
    let columns: Vec<_> =
        run.findings("out").iter().map(|f| f["column"].as_str().unwrap().to_owned()).collect();
    assert_eq!(columns, ["integrations.key", "shoe size"], "{run}");
    let value = run.findings("out")[0]["message"].as_str().unwrap().to_owned();
    assert!(value.contains("netsuite.id"), "the one warning names all of them: {value}{run}");
    assert_eq!(database.text("SELECT legacy_id, name FROM accounts"), "A1|One");
}
