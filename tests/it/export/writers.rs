//! An export beside writers is of one instant: every user's account is in the files, and the counts are those that
//! every commit leaves.

use std::collections::HashSet;

use crate::support::{Database, Muster};

const ACCOUNTS: usize = 400;
const USERS: usize = 1200;

/// Each round moves users to a new account, one of them new, and takes away as many as it adds; so every commit
/// leaves the same numbers. Each writer has separate accounts and users.
const CHURN: &str = "
CREATE TABLE going (go boolean);
INSERT INTO going VALUES (true);
CREATE PROCEDURE churn(writer text) LANGUAGE plpgsql AS $$
DECLARE fresh bigint; old bigint; round int := 0;
BEGIN
  WHILE EXISTS (SELECT FROM going) LOOP
    round := round + 1;
    SELECT id INTO old FROM accounts WHERE legacy_id LIKE writer || '%' ORDER BY random() LIMIT 1;
    INSERT INTO accounts (legacy_id, name, contact_gender, language)
      VALUES (writer || md5(random()::text), 'Account', 'male', 'en') RETURNING id INTO fresh;
    DELETE FROM users WHERE id = (SELECT id FROM users WHERE email LIKE writer || '%' ORDER BY random() LIMIT 1);
    INSERT INTO users (email, account_id, contact_gender, default_lang_code, migrated)
      VALUES (writer || md5(random()::text) || '@x.nl', fresh, 'male', 'en', false);
    UPDATE users SET account_id = fresh WHERE account_id = old;
    UPDATE users SET account_id = fresh, contact_first_name = round::text WHERE id IN
      (SELECT id FROM users WHERE email LIKE writer || '%' ORDER BY random() LIMIT 5);
    DELETE FROM accounts WHERE id = old;
    COMMIT;
  END LOOP;
END $$;
SELECT 1";

#[test]
fn every_user_has_its_account_however_many_writers_and_connections_there_are() {
    let database = Database::new();
    // Ranges so small that every connection has several.
    let muster = Muster::on(&database).env("MUSTER_TEST_EXPORT_RANGE", "40000");
    let accounts: String = (0..ACCOUNTS).map(|n| format!("{}{n:04},Account\n", ["p", "q"][n % 2])).collect();
    let users: String = (0..USERS)
        .map(|n| format!("{w}{n:05}@x.nl,{w}{:04}\n", n % ACCOUNTS, w = ["p", "q"][n % 2]))
        .collect();
    muster.write("accounts.csv", format!("legacyId,name\n{accounts}"));
    muster.write("users.csv", format!("email,account.legacyId\n{users}"));
    muster.run(["import", "accounts.csv", "users.csv"]).exits(0);
    database.text(CHURN);
    let mut snapshots = HashSet::new();
    std::thread::scope(|scope| {
        let writers = ["p", "q"].map(|writer| {
            let database = &database;
            scope.spawn(move || database.text(&format!("CALL churn('{writer}')")))
        });
        // Stops the writers when this is left, also by a panic.
        let stop = Stop(&database);
        for round in 0..50 {
            let connections = ["1", "2", "4"][round % 3];
            let run = muster.run(["export", "--out", "out", "--connections", connections]).exits(0);
            let keys = |name: &str, column: usize| -> Vec<String> {
                let text = run.read(name);
                let mut reader = csv::ReaderBuilder::new().from_reader(text.as_slice());
                reader.records().map(|row| row.unwrap()[column].to_owned()).collect()
            };
            let header = String::from_utf8(run.read("out/users.csv")).unwrap();
            let reference = header
                .lines()
                .next()
                .unwrap()
                .split(',')
                .position(|name| name == "account.legacyId")
                .unwrap();
            let accounts = keys("out/accounts.csv", 0);
            let (emails, references) = (keys("out/users.csv", 0), keys("out/users.csv", reference));
            assert!(accounts.is_sorted() && emails.is_sorted(), "round {round}");
            let known: HashSet<&String> = accounts.iter().collect();
            assert_eq!(
                (known.len(), emails.len()),
                (ACCOUNTS, USERS),
                "round {round}, {connections} connections"
            );
            assert!(
                references.iter().all(|key| known.contains(key)),
                "round {round}, {connections} connections"
            );
            let manifest: serde_json::Value = serde_json::from_slice(&run.read("out/manifest.json")).unwrap();
            let entities = manifest["entities"].as_array().unwrap();
            let rows: Vec<u64> = entities.iter().map(|entity| entity["rows"].as_u64().unwrap()).collect();
            assert_eq!(rows, [ACCOUNTS as u64, USERS as u64]);
            assert!(
                entities.iter().all(|entity| entity["ranges"].as_array().unwrap().len() > 1),
                "{manifest}"
            );
            snapshots.insert(manifest["snapshot"]["transactions"].as_str().unwrap().to_owned());
        }
        drop(stop);
        for writer in writers {
            writer.join().unwrap();
        }
    });
    assert!(snapshots.len() > 40, "the writers wrote nothing between the exports");
}

struct Stop<'d>(&'d Database);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.text("DELETE FROM going; SELECT 1");
    }
}
