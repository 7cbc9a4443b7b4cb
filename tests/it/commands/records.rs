//! Looking at records: by key, by what they belong to, by any field; for people and for programs.

use serde_json::Value;

use crate::support::{Database, Muster};

const ACCOUNTS: &str = "legacyId,name,plan,payment.iban\nA-2,Second,pro,NL91ABNA0417164300\nA-1,Fir\u{5d0}\u{202e}st,,\nA-10,Tenth,pro,\n";
const USERS: &str = "email,account.legacyId,role\nb@x.nl,A-1,billing admin\na@x.nl,A-2,\nc@x.nl,A-1,\n";

fn filled() -> (Database, Muster) {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    (database, muster)
}

fn lines(muster: &Muster, line: &str) -> Vec<String> {
    let run = muster.run(line.split(' ')).exits(0);
    run.stdout().lines().map(str::to_owned).collect()
}

fn keys(muster: &Muster, line: &str) -> Vec<String> {
    let rows = lines(muster, &format!("{line} --json"));
    let key = |row: &String| {
        let row: Value = serde_json::from_str(row).unwrap();
        row.get("email").unwrap_or(&row["legacyId"]).as_str().unwrap().to_owned()
    };
    rows.iter().map(key).collect()
}

#[test]
fn records_are_listed_in_key_order_and_by_any_field() {
    let (_database, muster) = filled();
    assert_eq!(keys(&muster, "account list"), ["A-1", "A-10", "A-2"]);
    assert_eq!(keys(&muster, "account list --plan pro"), ["A-10", "A-2"]);
    assert_eq!(keys(&muster, "account list --where plan="), ["A-1"]);
    assert_eq!(keys(&muster, "account list --limit 1"), ["A-1"]);
    assert_eq!(keys(&muster, "user list"), ["a@x.nl", "b@x.nl", "c@x.nl"]);
    assert_eq!(keys(&muster, "user list --account A-1"), ["b@x.nl", "c@x.nl"]);
    assert_eq!(keys(&muster, "user list --account A-1 --role billing-admin"), ["b@x.nl"]);
    assert_eq!(keys(&muster, "user list --where organization=A-2"), ["a@x.nl"]);
    assert!(keys(&muster, "user list --account none").is_empty());
}

#[test]
fn one_record_is_shown_by_its_key_in_any_spelling_that_means_it() {
    let (_database, muster) = filled();
    let shown = lines(&muster, "user show B@X.nl");
    assert!(shown.contains(&"account.legacyId   A-1".to_owned()), "{shown:?}");
    let row: Value = serde_json::from_str(&lines(&muster, "user show b@x.nl --json")[0]).unwrap();
    assert_eq!((&row["account"]["legacyId"], &row["migrated"]), (&"A-1".into(), &false.into()));
    let run = muster.run(["user", "show", "nobody@x.nl"]).exits(2);
    assert!(run.stderr().contains("no record has the key nobody@x.nl"), "{run}");
    assert_eq!(run.stdout(), "");
}

#[test]
fn sensitive_values_are_masked_unless_they_are_asked_for_and_nothing_steers_the_terminal() {
    let (_database, muster) = filled();
    for line in ["account show A-2", "account show A-2 --json", "account list --columns payment.iban"] {
        let text = lines(&muster, line).join("\n");
        assert!(text.contains("NL** **** **** **** 00") && !text.contains("NL91"), "{line}: {text}");
        let text = lines(&muster, &format!("{line} --show-values")).join("\n");
        assert!(text.contains("NL91ABNA0417164300"), "{line}: {text}");
    }
    assert!(lines(&muster, "account list")[1].contains("Fir\u{5d0}[U+202E]st"));
}

#[test]
fn a_table_fits_its_room_and_says_what_it_leaves_out() {
    let (_database, muster) = filled();
    let muster = muster.env("COLUMNS", "30");
    let run = muster.run(["account", "list", "--limit", "2"]).exits(0);
    assert!(run.stdout().lines().all(|line| line.chars().count() <= 30), "{run}");
    assert!(
        run.stderr().contains("2 of 3: --limit 0 shows all") && run.stderr().contains("5 columns left out"),
        "{run}"
    );
    let quiet = muster.run(["account", "list", "--limit", "2", "--quiet"]).exits(0);
    assert_eq!((quiet.stderr(), quiet.stdout()), (String::new(), run.stdout()));
}

#[test]
fn an_unknown_name_is_reported_with_the_known_ones() {
    let (_database, muster) = filled();
    for (line, said) in [
        ("user list --role boss", "must be one of 'none'"),
        ("user list --where plan=pro", "users has no such field"),
        ("user list --columns emial", "did you mean `email`?"),
        ("user list --entity shops", "it has accounts, users"),
    ] {
        let run = muster.run(line.split(' ')).exits(2);
        assert!(run.stderr().contains(said), "{line}{run}");
    }
    let empty = Database::new();
    let run = Muster::on(&empty).run(["account", "list"]).exits(1);
    assert!(run.stderr().contains("there is no table"), "{run}");
    assert_eq!(
        empty.text("SELECT count(*) FROM pg_namespace WHERE nspname = 'muster'"),
        "0",
        "it only looks"
    );
}

#[test]
fn a_user_defined_entity_has_its_own_flags() {
    let schema = "entity = \"sites\"\nkey = \"code\"\n[[field]]\nname = \"code\"\ntype = \"text\"\nrequired = true\n\
                  [[field]]\nname = \"json\"\ntype = \"integer\"\n[[field]]\nname = \"opened on\"\ntype = \"date\"\n";
    let database = Database::new();
    let muster = Muster::on(&database).file("mine/sites.toml", schema);
    let site = ["account", "create", "--schemas", "mine", "--entity=sites"];
    let fields = ["--code", "S1", "--field.json", "-5", "--opened on", "2024-02-03"];
    muster.run([&site[..], &fields].concat()).exits(0);
    assert_eq!(database.text("SELECT code, json, opened_on FROM sites"), "S1|-5|2024-02-03");
    muster.run([&site[..], &["--code", "S2", "--opened on", "2024-02-30"]].concat()).exits(3);
    let listed =
        muster.run(["account", "list", "--schemas=mine", "--entity", "sites", "--field.json", "-5"]).exits(0);
    assert!(listed.stdout().lines().nth(1).unwrap().starts_with("S1 "), "{listed}");
    let help = muster.run([&site[..], &["--help"]].concat()).exits(0).stdout();
    assert!(help.contains("--field.json <VALUE>") && help.contains("a whole number"), "{help}");
    assert!(!help.contains("--billingAddress.city"), "{help}");
}

#[test]
fn help_and_completions_know_the_fields_with_their_rules() {
    let muster = Muster::new();
    let help = muster.run(["account", "create", "--help"]).exits(0).stdout();
    for part in
        ["--contact.email <VALUE>", "an e-mail address", "private | company", "at most 200 characters"]
    {
        assert!(help.contains(part), "{part}: {help}");
    }
    assert_eq!(muster.run(["help", "user", "list"]).exits(0).stdout().matches("--role <VALUE>").count(), 1);
    let script = muster.run(["completions", "bash"]).exits(0).stdout();
    assert!(script.contains("--billingAddress.countryCode") && script.contains("--account.legacyId"));
}
