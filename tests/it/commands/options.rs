//! Limits, dry runs, exit codes, what empty cells do, and what is said where.

use serde_json::Value;

use crate::support::{Database, Muster, cluster};

const ACCOUNTS: &str = "legacyId,name\nA1,One\nA2,\nA3,Three\nA4,\n";

/// The tables of the database.
fn tables(database: &Database) -> String {
    database.text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1")
}

#[test]
fn more_rejects_than_allowed_refuse_the_run_and_are_reported() {
    for (limit, exit) in [("0", 4), ("1", 4), ("2", 3), ("49.9%", 4), ("50%", 3), ("100%", 3)] {
        let database = Database::new();
        let muster = Muster::on(&database).file("accounts.csv", ACCOUNTS);
        let run = muster.run(["import", "accounts.csv", "--out", "out", "--max-rejects", limit]).exits(exit);
        let status = if exit == 4 { "refused" } else { "committed" };
        assert_eq!(run.summary("out")["status"], status, "{limit}");
        assert_eq!(run.findings("out").len(), 2);
        assert!(muster.path("out/accounts.rejected.csv").exists());
        assert_eq!(tables(&database), if exit == 4 { "" } else { "accounts\nusers" }, "{limit}");
        let check = muster.run(["check", "accounts.csv", "--out", "check", "--max-rejects", limit]);
        let check = check.exits(exit);
        assert_eq!(check.summary("check")["status"], if exit == 4 { "refused" } else { "checked" });
    }
}

#[test]
fn a_dry_run_counts_what_would_be_written_and_writes_nothing() {
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.csv", ACCOUNTS);
    let run = muster.run(["import", "accounts.csv", "--dry-run", "--out", "out"]).exits(3);
    let summary = run.summary("out");
    assert_eq!((&summary["status"], &summary["entities"][0]["inserted"]), (&"planned".into(), &2.into()));
    assert_eq!(tables(&database), "");
    muster.run(["import", "accounts.csv", "--out", "out"]).exits(3);
    muster.write("accounts.csv", "legacyId,name\nA1,One\nA3,Drei\nA5,Five\n");
    let run = muster.run(["import", "accounts.csv", "--dry-run", "--out", "out"]).exits(0);
    let entity = &run.summary("out")["entities"][0];
    let counts = ["inserted", "updated", "unchanged"].map(|name| entity[name].as_u64().unwrap());
    assert_eq!(counts, [1, 1, 1], "{run}");
    assert_eq!(database.text("SELECT legacy_id, name FROM accounts ORDER BY 1"), "A1|One\nA3|Three");
}

#[test]
fn a_wrong_command_line_has_another_exit_code_than_a_failed_run() {
    let muster = Muster::new().file("accounts.csv", ACCOUNTS);
    for wrong in [
        &["import"][..],
        &["import", "accounts.csv", "--no-such-option"],
        &["check", "accounts.csv", "--max-rejects", "many"],
        &["check", "accounts.csv", "--threads", "0"],
        &["check", "accounts.csv", "--delimiter", "ab"],
        &["check", "accounts.csv", "--quiet", "-v"],
        &["nonsense"],
        &["import", "accounts.csv", "--lock-timeout", "9223372036854775807"],
        &["user", "list", "--limit", "18446744073709551615"],
        &["runs", "prune", "--older-than", "4294967295w"],
    ] {
        let run = muster.run(wrong).exits(2);
        assert!(run.stdout().is_empty() && !run.stderr().is_empty(), "{run}");
    }
    for (failing, reported) in [
        (&["check", "nowhere.csv"][..], "nowhere.csv: no such file"),
        (&["check", "accounts=."], "is a folder"),
        (&["check", "accounts.csv", "--schemas", "nowhere"], "nowhere"),
        (&["check", "accounts.csv", "--out", "accounts.csv"], "accounts.csv"),
        (&["check", "accounts.csv", "--delimiter", "|", "--out", "out"], "--delimiter"),
    ] {
        let run = muster.run(failing).exits(1);
        assert!(run.stderr().contains(reported), "{run}");
    }
}

#[test]
fn an_empty_cell_empties_the_field_or_leaves_it_as_was_asked() {
    let full = "legacyId,name,plan,labels,contact.gender\nA1,One,Fleet,x,female\n";
    let empty = "legacyId,name,plan,labels,contact.gender\nA1,One,,,\n";
    let rows = "SELECT plan, labels, contact_gender FROM accounts";
    for (options, expected) in [
        (&[][..], "∅|{}|male"),
        (&["--empty", "overwrite"], "∅|{}|male"),
        (&["--empty", "keep"], "Fleet|{x}|female"),
    ] {
        let database = Database::new();
        let muster = Muster::on(&database).file("accounts.csv", full);
        let arguments = ["import", "accounts.csv", "--out", "out"];
        muster.run(arguments.iter().chain(options)).exits(0);
        muster.write("accounts.csv", empty);
        let run = muster.run(arguments.iter().chain(options)).exits(0);
        assert_eq!(database.text(rows), expected, "{options:?}{run}");
        let again = muster.run(arguments.iter().chain(options)).exits(0);
        assert_eq!(again.summary("out")["entities"][0]["unchanged"], 1, "{options:?}{again}");
    }
}

#[test]
fn a_fields_own_policy_goes_before_the_option() {
    let database = Database::new();
    let muster =
        Muster::on(&database).file("accounts.csv", "legacyId,name,plan,language\nA1,One,,nl\nA2,Two,B,de\n");
    let schema = muster.run(["schema", "print", "accounts"]).exits(0).stdout();
    let policy = |schema: &str, field: &str, policy: &str| {
        schema.replace(
            &format!("name = \"{field}\"\n"),
            &format!("name = \"{field}\"\non_update = \"{policy}\"\n"),
        )
    };
    muster.write("schemas/accounts.toml", policy(&policy(&schema, "plan", "fill-empty"), "language", "keep"));
    let arguments = ["import", "accounts.csv", "--schemas", "schemas", "--out", "out"];
    muster.run(arguments).exits(0);
    muster.write("accounts.csv", "legacyId,name,plan,language\nA1,One,A,\nA2,Two,C,fr\n");
    muster.run(arguments).exits(0);
    let rows = database.text("SELECT legacy_id, plan, language FROM accounts ORDER BY 1");
    assert_eq!(rows, "A1|A|nl\nA2|B|fr");
}

#[test]
fn standard_output_has_the_result_and_standard_error_the_rest() {
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.csv", ACCOUNTS);
    let run = muster.run(["import", "accounts.csv", "--json", "--quiet", "--out", "out"]).exits(3);
    let printed: Value = serde_json::from_str(&run.stdout()).unwrap();
    assert_eq!(printed, run.summary("out"));
    assert_eq!(run.stderr(), "");
    let run = muster.run(["import", "accounts.csv", "--out", "out"]).exits(3);
    for part in ["read", "accepted", "unchanged", "rejected", "out/accounts.rejected.csv"] {
        assert!(run.stdout().contains(part), "{part}{run}");
    }
    let run = muster.run(["import", "nowhere.csv", "--quiet"]).exits(1);
    assert!(run.stdout().is_empty() && run.stderr().starts_with("muster: nowhere.csv: "), "{run}");
}

#[test]
fn neither_passwords_nor_personal_data_are_logged() {
    let database = Database::new();
    database.rows("CREATE ROLE talkative SUPERUSER LOGIN PASSWORD 'pa55-of-nobody'");
    let port = cluster().port;
    let url = format!("postgresql://talkative:pa55-of-nobody@localhost:{port}/{}", database.name());
    let accounts = "legacyId,name,contact.email,payment.iban\nA1,Vertrouwelijk,geheim@x.nl,NL91ABNA0417164300\n\
                    A2,Ook,geheim@x,NL91ABNA0417164301\n";
    let muster =
        Muster::new().file("accounts.csv", accounts).env("DATABASE_URL", url).env("RUST_LOG", "trace");
    let run = muster.run(["import", "accounts.csv", "-vv", "--out", "out"]).exits(3);
    let said = format!("{}{}", run.stdout(), run.stderr());
    for word in ["pa55-of-nobody", "Vertrouwelijk", "geheim", "NL91ABNA"] {
        assert!(!said.contains(word), "{word} was said{run}");
    }
    for name in ["rejects.ndjson", "rejects.csv", "summary.json", "report.html"] {
        let text = String::from_utf8(run.read(&format!("out/{name}"))).unwrap();
        assert!(!text.contains("pa55-of-nobody") && !text.contains("NL91ABNA0417164301"), "{name}");
    }
    let hidden = muster.run(["check", "accounts.csv", "--hide-values", "--out", "hidden"]).exits(3);
    assert!(!String::from_utf8(hidden.read("hidden/rejects.ndjson")).unwrap().contains("geheim"));
    database.rows("DROP OWNED BY talkative; DROP ROLE talkative");
}
