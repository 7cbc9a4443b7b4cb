//! `import --apply-changes`: another database is brought to where the exported one is, deletions only on request,
//! in one transaction, with a way back.

use std::fs;

use crate::support::{Database, Finished, Muster};

const ACCOUNTS: &str = "legacyId,name,plan\nA1,One,pro\nA2,Two,\nA3,Three,\nA4,Four,\n";
const USERS: &str =
    "email,legacyId,account.legacyId,role\na@x.nl,1,A1,accountAdmin\nb@x.nl,2,A2,\nc@x.nl,3,A3,\n";

const HEAD_A: &str = "muster.change,muster.changed,legacyId,name,plan\n";
const HEAD_U: &str = "muster.change,muster.changed,email,legacyId,account.legacyId,role\n";

fn keys(database: &Database) -> String {
    database
        .text("SELECT legacy_id FROM accounts UNION ALL SELECT email FROM users ORDER BY 1")
        .replace('\n', " ")
}

fn counts(run: &Finished, out: &str) -> Vec<[u64; 6]> {
    let summary = run.summary(out);
    let entities = summary["entities"].as_array().unwrap();
    let names = ["accepted", "inserted", "updated", "unchanged", "deleted", "rejected"];
    entities.iter().map(|entity| names.map(|name| entity[name].as_u64().unwrap_or(0))).collect()
}

/// Users leave A3, which goes, and a new one takes the number of one who goes.
fn changes(muster: &Muster) {
    muster.write(
        "accounts.changes.csv",
        format!("{HEAD_A}delete,,A3,,\nupdate,name,A1,Eén,pro\ninsert,,A5,Five,\n"),
    );
    muster.write(
        "users.changes.csv",
        format!(
            "{HEAD_U}update,account.legacyId,c@x.nl,3,A5,\ndelete,,b@x.nl,,,\ninsert,,d@x.nl,2,A1,\ndelete,,gone@x.nl,,,\n"
        ),
    );
}

const APPLY: [&str; 5] =
    ["import", "--apply-changes", "accounts.changes.csv", "users.changes.csv", "--move-users"];

fn apply(muster: &Muster, more: &[&str]) -> Finished {
    muster.run(APPLY.iter().chain(more))
}

#[test]
fn changes_are_applied_and_taken_back() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    changes(&muster);
    let before = database.contents();
    let refused = muster.run(["import", "accounts.changes.csv", "--out", "plain"]).exits(1);
    assert!(refused.stderr().contains("--apply-changes"), "{refused}");

    // Without leave to delete, nothing is written.
    let refused = apply(&muster, &["--out", "refused"]).exits(4);
    assert!(refused.stderr().contains("accounts 1, users 2"), "{refused}");
    assert_eq!(refused.summary("refused")["status"], "refused");
    assert_eq!(database.contents(), before);

    let planned = apply(&muster, &["--allow-deletes", "--dry-run", "--out", "planned"]).exits(0);
    assert_eq!(planned.summary("planned")["plan"]["entities"][1]["deleted"], 1);
    assert_eq!(database.contents(), before);

    let applied = apply(&muster, &["--allow-deletes", "--out", "done", "--reconcile"]).exits(0);
    assert_eq!(counts(&applied, "done"), [[3, 1, 1, 0, 1, 0], [4, 1, 1, 1, 1, 0]]);
    assert!(applied.stdout().contains("deleted"), "{applied}");
    assert_eq!(keys(&database), "A1 A2 A4 A5 a@x.nl c@x.nl d@x.nl");
    let run = database.latest_run();
    let shown = muster.run(["runs", "show", &run, "--json"]).exits(0).stdout();
    assert!(shown.contains("\"deleted\": 1"), "{shown}");

    // Again changes nothing: what is to go is gone.
    let again = apply(&muster, &["--allow-deletes", "--out", "again"]).exits(0);
    assert_eq!(counts(&again, "again"), [[3, 0, 0, 3, 0, 0], [4, 0, 0, 4, 0, 0]]);

    // A run that wrote nothing does not prevent the undo.
    let undone = muster.run(["undo", "--yes", &run, "--out", "undone"]).exits(0);
    assert_eq!(database.contents(), before);
    let entities = &undone.summary("undone")["entities"];
    assert_eq!((&entities[0]["deleted"], &entities[0]["restored"]), (&1.into(), &2.into()));
    // And the first run, whose rows were deleted and brought back.
    let first = database.text("SELECT id FROM muster.runs ORDER BY finished LIMIT 1");
    muster.run(["undo", "--yes", &first]).exits(0);
    assert_eq!(keys(&database), "");
}

#[test]
fn a_row_that_is_referred_to_is_not_deleted_and_a_finding_reports_it() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    // Nothing else is deleted, whichever action the foreign key has.
    database.text(
        "CREATE TABLE notes (account bigint REFERENCES accounts (id) ON DELETE CASCADE);
         INSERT INTO notes SELECT id FROM accounts WHERE legacy_id = 'A4'; SELECT 1",
    );
    muster.write(
        "accounts.changes.csv",
        format!("{HEAD_A}delete,,A1,,\ndelete,,A2,,\ndelete,,A4,,\ninsert,,A5,Five,\n"),
    );
    muster.write("users.changes.csv", format!("{HEAD_U}delete,,b@x.nl,,,\ninsert,,d@x.nl,4,A1,\n"));
    let applied = apply(&muster, &["--allow-deletes", "--out", "out"]).exits(3);
    assert_eq!(counts(&applied, "out"), [[2, 1, 0, 0, 1, 2], [2, 1, 0, 0, 1, 0]]);
    let findings = applied.findings("out");
    let found: Vec<_> = findings
        .iter()
        .map(|finding| (finding["record"].as_u64().unwrap(), finding["code"].as_str().unwrap()))
        .collect();
    assert_eq!(found, [(1, "still-referred"), (3, "still-referred")]);
    assert!(findings[1]["message"].as_str().unwrap().contains("public.notes"), "{findings:?}");
    assert_eq!(keys(&database), "A1 A3 A4 A5 a@x.nl c@x.nl d@x.nl");
    assert_eq!(database.text("SELECT count(*) FROM notes"), "1");
    let rejected = String::from_utf8(applied.read("out/accounts.changes.rejected.csv")).unwrap();
    assert_eq!(rejected, format!("{HEAD_A}delete,,A1,,\ndelete,,A4,,\n"));
}

#[test]
fn lines_that_are_no_changes_are_refused() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    let before = database.contents();
    let refused = muster.run(["import", "--apply-changes", "accounts.csv"]).exits(1);
    assert!(refused.stderr().contains("without --apply-changes"), "{refused}");
    muster.run(["import", "--allow-deletes", "accounts.csv"]).exits(2);
    muster.write("accounts.changes.csv", format!("{HEAD_A}remove,,A4,,\n,,A4,Vier,\n"));
    muster.write("users.changes.csv", format!("{HEAD_U}delete,,,,,\n"));
    let applied = apply(&muster, &["--out", "out"]).exits(3);
    let codes: Vec<_> = applied
        .findings("out")
        .iter()
        .map(|finding| {
            format!("{} {}", finding["column"].as_str().unwrap(), finding["code"].as_str().unwrap())
        })
        .collect();
    assert_eq!(codes, ["muster.change invalid-choice", "muster.change invalid-choice", "email required"]);
    assert_eq!(database.contents(), before);
}

#[test]
fn a_row_edited_since_is_not_deleted_where_that_is_asked() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    database.text("UPDATE users SET role = 'billingAdmin' WHERE email = 'b@x.nl'; SELECT 1");
    muster.write("users.changes.csv", format!("{HEAD_U}delete,,b@x.nl,,,\ndelete,,c@x.nl,,,\n"));
    let args = [
        "import",
        "--apply-changes",
        "users.changes.csv",
        "--allow-deletes",
        "--protect-edited",
        "--out",
        "out",
    ];
    let applied = muster.run(args).exits(3);
    assert_eq!(applied.findings("out")[0]["code"], "edited-in-target");
    assert_eq!(keys(&database), "A1 A2 A3 A4 a@x.nl b@x.nl");
}

#[test]
fn an_undo_does_not_restore_a_row_that_exists_again() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    changes(&muster);
    apply(&muster, &["--allow-deletes"]).exits(0);
    let run = database.latest_run();
    database.text(
        "INSERT INTO users (email, account_id, contact_gender, default_lang_code, migrated)
         SELECT 'b@x.nl', id, 'male', 'en', false FROM accounts WHERE legacy_id = 'A1'; SELECT 1",
    );
    let before = database.contents();
    let refused = muster.run(["undo", "--yes", &run]).exits(4);
    assert!(refused.stderr().contains("users b@x.nl: created again since"), "{refused}");
    assert_eq!(database.contents(), before);
    // A forgotten person is removed from the deleted rows, too.
    muster.run(["runs", "forget", "--email", "B@x.nl", "--yes"]).exits(0);
    assert_eq!(database.text("SELECT count(*) FROM muster.deleted WHERE before::text LIKE '%b@x.nl%'"), "0");
}

/// Edits about a tenth of everything, with all that the rules let through.
fn edit(database: &Database, round: u32) {
    let value = "(ARRAY['x, y', 'say \"hi\"', 'بيت 🏠', '''quoted', '=1+1', NULL])[1 + floor(random() * 6)]";
    database.text(&format!(
        "SELECT setseed(0.{round});
         WITH gone AS (DELETE FROM users WHERE random() < 0.15 RETURNING legacy_id)
         INSERT INTO users (email, legacy_id, account_id, role, contact_gender, default_lang_code, migrated)
         SELECT 'n{round}-' || row_number() OVER () || '@x.nl', legacy_id,
                (SELECT id FROM accounts ORDER BY random() LIMIT 1), 'billingAdmin', 'female', 'nl', random() < 0.5
         FROM gone WHERE random() < 0.7;
         UPDATE users SET account_id = (SELECT id FROM accounts ORDER BY random() LIMIT 1) WHERE random() < 0.15;
         UPDATE users SET contact_first_name = {value}, contact_phone = CASE WHEN random() < 0.5 THEN '+31612345678' END,
                migrated = NOT migrated WHERE random() < 0.2;
         DELETE FROM accounts a WHERE random() < 0.3 AND NOT EXISTS (SELECT FROM users u WHERE u.account_id = a.id);
         UPDATE accounts SET plan = {value}, contact_last_name = {value},
                feature_flags = (ARRAY['{{}}', '{{a,b c}}', '{{z}}'])[1 + floor(random() * 3)]::text[] WHERE random() < 0.2;
         INSERT INTO accounts (legacy_id, name, contact_gender, language)
         SELECT 'N' || floor(random() * 40) || 'é', 'New {round}', 'male', 'en' FROM generate_series(1, 6)
         ON CONFLICT DO NOTHING;
         INSERT INTO users (email, account_id, contact_gender, default_lang_code, migrated)
         SELECT 'u' || floor(random() * 60) || '@x.nl', (SELECT id FROM accounts ORDER BY random() LIMIT 1),
                'male', 'en', false FROM generate_series(1, 8) ON CONFLICT DO NOTHING; SELECT 1"
    ));
}

#[test]
fn the_changes_of_random_edits_bring_a_copy_to_the_same_rows() {
    let (here, there) = (Database::new(), Database::new());
    let (source, copy) = (Muster::on(&here), Muster::on(&there));
    let copied = |folder: &str| {
        for entity in ["accounts", "users"] {
            let name = format!("{entity}.changes.csv");
            copy.write(&name, fs::read(source.path(&format!("{folder}/{name}"))).unwrap());
        }
    };
    let accounts: String = (0..40).map(|n| format!("A{n},Account {n}\n")).collect();
    let users: String = (0..120).map(|n| format!("p{n}@x.nl,{n},A{}\n", n % 30)).collect();
    for muster in [&source, &copy] {
        muster.write("accounts.csv", format!("legacyId,name\n{accounts}"));
        muster.write("users.csv", format!("email,legacyId,account.legacyId\n{users}"));
        muster.run(["import", "accounts.csv", "users.csv"]).exits(0);
    }
    source.run(["export", "--out", "e0", "--split", "17"]).exits(0);
    for round in 1..=8 {
        edit(&here, round);
        let (since, out) = (format!("e{}", round - 1), format!("e{round}"));
        source.run(["export", "--out", &out, "--changes-since", &since]).exits(0);
        copied(&out);
        let applied = apply(&copy, &["--allow-deletes", "--out", &out]).exits(0);
        copy.run(["export", "--out", "now"]).exits(0);
        for file in ["accounts.csv", "users.csv"] {
            let (wanted, found) = (
                fs::read(source.path(&format!("{out}/{file}"))).unwrap(),
                fs::read(copy.path(&format!("now/{file}"))).unwrap(),
            );
            assert!(
                wanted == found,
                "round {round}, {file}\n{}\n---\n{}{applied}",
                String::from_utf8_lossy(&wanted),
                String::from_utf8_lossy(&found)
            );
        }
        let manifest: serde_json::Value =
            serde_json::from_slice(&fs::read(source.path(&format!("{out}/manifest.json"))).unwrap()).unwrap();
        let counted = counts(&applied, &out);
        for (entity, counts) in [1, 3].into_iter().zip(counted) {
            let changes = &manifest["entities"][entity]["changes"];
            let reported = ["inserts", "updates", "deletes"].map(|name| changes[name].as_u64().unwrap());
            assert_eq!(reported, [counts[1], counts[2], counts[4]], "round {round}");
            assert!(reported.iter().sum::<u64>() > 0, "round {round} edits nothing");
        }
    }
}
