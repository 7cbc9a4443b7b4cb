//! What each role may do: data that is checked, shown, and stored for other systems.

use serde_json::Value;

use crate::support::{Database, Muster};

#[test]
fn the_roles_are_a_table_that_joins_with_the_users() {
    let database = Database::new();
    let muster = Muster::on(&database)
        .file("accounts.csv", "legacyId,name\nA-1,First\n")
        .file("users.csv", "email,account.legacyId,role\na@x.nl,A-1,Billing admin\nb@x.nl,A-1,\n");
    // Before the journal is there, and again: it is the same.
    muster.run(["roles", "--store"]).exits(0);
    muster.run(["import", "accounts.csv", "users.csv"]).exits(0);
    assert_eq!(muster.run(["roles", "--store"]).exits(0).stdout(), "muster.roles holds 19 rows\n");
    let joined = "SELECT email, permission FROM users JOIN muster.roles USING (role) ORDER BY 1, 2";
    assert_eq!(
        database.text(joined),
        "a@x.nl|see-invoices\na@x.nl|see-own-location\na@x.nl|see-own-sessions\n\
         b@x.nl|see-own-location\nb@x.nl|see-own-sessions"
    );
}

#[test]
fn every_format_gives_the_same_findings() {
    let muster = Muster::new();
    let reported = |format: &str| muster.run(["roles", "--format", format]).exits(0).stdout();
    assert_eq!(reported("csv").lines().count(), 20);
    assert_eq!(reported("sql").matches("INSERT INTO muster.roles").count(), 19);
    let json: Value = serde_json::from_str(&muster.run(["roles", "--json"]).exits(0).stdout()).unwrap();
    let rows: usize =
        json["roles"].as_array().unwrap().iter().map(|role| role["may"].as_array().unwrap().len()).sum();
    assert_eq!(rows, 19);
    assert!(
        reported("table").contains("billingAdmin (Billing admin)\n  see-own-location "),
        "{}",
        reported("table")
    );
}

#[test]
fn user_defined_roles_are_checked_with_the_schema() {
    let muster = Muster::new();
    for name in ["accounts", "users"] {
        muster.write(&format!("mine/{name}.toml"), muster.run(["schema", "print", name]).exits(0).stdout());
    }
    let run = muster.run(["roles", "--schemas", "mine"]).exits(1);
    assert!(run.stderr().contains("muster schema print roles > mine/roles.toml"), "{run}");
    muster.run(["schema", "check", "--schemas", "mine"]).exits(0);
    let built_in = muster.run(["schema", "print", "roles"]).exits(0).stdout();
    muster.write("mine/roles.toml", built_in.replace("\"see-invoices\"]", "\"see-bills\"]"));
    let run = muster.run(["schema", "check", "--schemas", "mine"]).exits(1);
    assert!(run.stderr().contains("unknown permission `see-bills`\n  --> roles.toml:47:8\n"), "{run}");
    assert_eq!(run.stdout(), "");
    muster.write("mine/roles.toml", built_in.replace("See the invoices", "See the bills"));
    assert!(muster.run(["roles", "--schemas", "mine"]).exits(0).stdout().contains("See the bills"));
}
