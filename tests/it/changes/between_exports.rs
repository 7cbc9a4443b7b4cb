//! `export --changes-since` and `import --apply-changes`: what changed between two exports, and the way to bring it
//! to another database.

use std::fs;

use crate::support::{Database, Muster};

const ACCOUNTS: &str = "legacyId,name,plan,featureFlags,contact.phone\n\
    A1,\"Ann, \"\"the\"\" first\",pro,\"a,b c\",+31612345678\nA2,بيت 🏠,,,\nB3,=1+1,free,x,\nB4,Four,free,,\n";
const USERS: &str = "email,legacyId,account.legacyId,role,migrated\n\
    a@example.com,1,A1,accountAdmin,true\nb@example.com,2,A1,,\nc@example.com,3,B3,apiDeveloper,false\n\
    d@example.com,4,B4,,\n";

fn edit(database: &Database) {
    database.text(
        "DELETE FROM users WHERE email = 'd@example.com'; DELETE FROM accounts WHERE legacy_id = 'B4';
         INSERT INTO accounts (legacy_id, name, contact_gender, language) VALUES ('A0', 'New', 'male', 'nl');
         UPDATE accounts SET name = E'two\\nlines', plan = 'pro', feature_flags = '{}' WHERE legacy_id = 'A1';
         INSERT INTO users (email, account_id, contact_gender, default_lang_code, migrated)
             SELECT 'z@example.com', id, 'female', 'nl', true FROM accounts WHERE legacy_id = 'A0';
         UPDATE users SET account_id = (SELECT id FROM accounts WHERE legacy_id = 'A2'), legacy_id = '4'
             WHERE email = 'b@example.com'; SELECT 1",
    );
}

/// The first columns of each line.
fn firsts(text: &str, columns: &str) -> Vec<String> {
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    assert!(text.starts_with(columns), "{header:?}");
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let width = columns.split(',').count();
    reader.records().map(|row| row.unwrap().iter().take(width).collect::<Vec<_>>().join("|")).collect()
}

#[test]
fn changes_name_what_was_inserted_updated_and_deleted() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    muster.run(["export", "--out", "old", "--split", "3", "--compress", "zstd"]).exits(0);
    edit(&database);
    let mut all = Vec::new();
    for connections in ["1", "2", "4"] {
        let out = format!("new{connections}");
        let args = ["export", "--out", &out, "--changes-since", "old", "--connections", connections];
        let export = muster.run(args).exits(0);
        let changes = ["accounts", "users"].map(|name| export.text(&format!("{out}/{name}.changes.csv")));
        all.push(changes);
        muster.run(["verify", &out, "--against-database"]).exits(0);
        let manifest = export.manifest(&out);
        let entries = manifest["entities"].as_array().unwrap();
        assert_eq!(entries.len(), 4);
        assert_eq!(entries[1]["changes"], serde_json::json!({"inserts": 1, "updates": 1, "deletes": 1}));
        assert_eq!(entries[1]["files"][0]["name"], "accounts.changes.csv");
        assert!(manifest["changes_since"]["run"].is_string());
    }
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0], all[2]);
    let [accounts, users] = &all[0];
    assert_eq!(
        firsts(accounts, "muster.change,muster.changed,legacyId"),
        ["insert||A0", "update|name,featureFlags|A1", "delete||B4"]
    );
    assert_eq!(
        firsts(users, "muster.change,muster.changed,email,legacyId,account.legacyId"),
        [
            "update|legacyId,account.legacyId|b@example.com|4|A2",
            "delete||d@example.com||",
            "insert||z@example.com||A0"
        ]
    );
    // A deleted person's data is not handed on.
    assert!(users.lines().any(|line| line.starts_with("delete,,d@example.com,,,")), "{users}");
    // In place, from the export that is replaced; then nothing has changed any more.
    for compress in ["gzip", "zstd"] {
        let args = ["export", "--out", "old", "--changes-since", "old", "--compress", compress];
        muster.run(args).exits(0);
        muster.run(["verify", "old"]).exits(0);
    }
    let last = muster.run(["export", "--out", "old", "--changes-since", "old"]).exits(0);
    assert_eq!(last.text("old/users.changes.csv").lines().count(), 1);
    assert_eq!(last.manifest("old")["entities"][3]["rows"], 0);
}

#[test]
fn an_export_that_cannot_be_compared_is_refused_and_nothing_is_written() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    muster.run(["export", "--out", "old"]).exits(0);
    let other = muster.run(["schema", "print", "users"]).exits(0).stdout();
    muster.write("schemas/users.toml", other.replace("max_length = 254", "max_length = 253") + "\n# other\n");
    muster.write("schemas/accounts.toml", muster.run(["schema", "print", "accounts"]).exits(0).stdout());
    for (made, asked, code, why) in [
        (vec![], vec!["--where", "plan=pro"], 1, "another --where"),
        (vec![], vec!["--columns", "name,account.legacyId"], 1, "other columns"),
        (vec![], vec!["--with-system-columns"], 1, "--with-system-columns"),
        (vec![], vec!["--schemas", "schemas"], 1, "another schema"),
        (vec!["--format", "ndjson"], vec![], 1, "only exact CSV"),
        (vec!["--format", "parquet"], vec![], 1, "only exact CSV"),
        (vec!["--for-spreadsheet"], vec![], 1, "only exact CSV"),
        (vec!["accounts"], vec![], 1, "it has no users"),
        (vec![], vec!["--format", "parquet"], 2, "--format csv"),
        (vec![], vec!["--for-spreadsheet"], 2, "--format csv"),
    ] {
        let _ = fs::remove_dir_all(muster.path("made"));
        muster.run(["export", "--out", "made"].iter().copied().chain(made.iter().copied())).exits(0);
        let args = ["export", "--out", "new", "--changes-since", "made"];
        let refused = muster.run(args.iter().copied().chain(asked.iter().copied())).exits(code);
        assert!(refused.stderr().contains(why), "{refused}");
        assert!(!muster.path("new").exists(), "{refused}");
    }
    // A file that is not what its manifest says is no base, and neither is a folder without a manifest.
    let whole = fs::read_to_string(muster.path("old/users.csv")).unwrap();
    for broken in [whole.replace("b@example.com", "b@example.net"), whole[..whole.len() - 9].to_owned()] {
        muster.write("old/users.csv", broken);
        let refused = muster.run(["export", "--out", "new", "--changes-since", "old"]).exits(1);
        assert!(refused.stderr().contains("not what its manifest says"), "{refused}");
        assert!(!muster.path("new").exists(), "{refused}");
    }
    fs::remove_file(muster.path("old/manifest.json")).unwrap();
    let refused = muster.run(["export", "--out", "new", "--changes-since", "old"]).exits(1);
    assert!(refused.stderr().contains("not a complete export"), "{refused}");
}
