//! A row that the database cannot take is rejected alone, whatever the reason: all others are loaded.

use crate::support::{Database, Finished, Muster};

const ACCOUNTS: &str = "legacyId,name,plan\nA1,One,basic\nA2,Two,gold\nA3,Three,\n";

/// The findings of a run: entity, record, code, message.
fn found(run: &Finished) -> Vec<String> {
    let text = |finding: &serde_json::Value, name: &str| finding[name].as_str().unwrap_or("-").to_owned();
    let line = |finding: &serde_json::Value| {
        let [entity, code, message] = ["entity", "code", "message"].map(|name| text(finding, name));
        format!("{entity} {} {code} {message}", finding["record"])
    };
    run.findings("out").iter().map(line).collect()
}

fn refused(entity: &str, record: u32, detail: &str) -> String {
    format!("{entity} {record} database-rejected the database refused the row (SQLSTATE {detail})")
}

/// A text of this many bytes that cannot be compressed.
fn long(bytes: usize) -> String {
    let words = (1_u32..).map(|n| format!("{:08x}", n.wrapping_mul(2_654_435_761).rotate_left(n % 31)));
    words.flat_map(String::into_bytes).take(bytes).map(char::from).collect()
}

#[test]
fn a_value_that_is_too_large_for_an_index_costs_its_row_alone() {
    let database = Database::new();
    let muster = Muster::on(&database);
    database.rows(&muster.run(["schema", "ddl"]).exits(0).stdout());
    database.rows("CREATE INDEX ON accounts (name)");
    let rows = format!("legacyId,name\nA1,One\n{},Two\nA3,Three\n", long(9_000));
    // First into an empty table, then into one with rows.
    for (accounts, kept) in [(rows.clone(), "A1\nA3"), (rows + "A4,Four\n", "A1\nA3\nA4")] {
        muster.write("accounts.csv", &accounts);
        let run = muster.run(["import", "accounts.csv", "--out", "out"]).exits(3);
        assert_eq!(found(&run), [refused("accounts", 2, "54000")], "{run}");
        assert_eq!(database.text("SELECT legacy_id FROM accounts ORDER BY 1"), kept);
    }
}

#[test]
fn a_character_that_the_encoding_of_the_database_lacks_costs_its_row_alone() {
    let database = Database::encoded("LATIN1");
    let muster = Muster::on(&database);
    let accounts = "legacyId,name\nA1,Café\nA2,5 €\nA€,Three\nA4,Four\n";
    let users = "email,accountId,legacyId\na@x.nl,A1,U1\nb@x.nl,A2,U2\nc@x.nl,A€,U3\nd@x.nl,B€,U4\ne@x.nl,A4,U€\nnone,C€,\n";
    muster.write("five €.csv", accounts);
    muster.write("users.csv", users);
    let expected = [
        refused("accounts", 2, "22P05, LATIN1 has no U+20AC"),
        refused("accounts", 3, "22P05, LATIN1 has no U+20AC"),
        "users 2 account-rejected account.legacyId refers to record 2 of five €.csv, which was rejected".to_owned(),
        refused("users", 3, "22P05, LATIN1 has no U+20AC"),
        "users 3 account-rejected account.legacyId refers to record 3 of five €.csv, which was rejected".to_owned(),
        refused("users", 4, "22P05, LATIN1 has no U+20AC"),
        "users 4 unknown-account account.legacyId: no accounts have this key, in the files or in the database"
            .to_owned(),
        refused("users", 5, "22P05, LATIN1 has no U+20AC"),
    ];
    let mut expected: Vec<_> = expected.into_iter().collect();
    expected.sort();
    for counts in [[1, 0], [0, 1]] {
        let run =
            muster.run(["import", "accounts=five €.csv", "users.csv", "--report-absent", "--out", "out"]);
        let run = run.exits(3);
        let mut found = found(&run);
        found.retain(|line| !line.starts_with("users 6 "));
        found.sort();
        assert_eq!(found, expected, "{run}");
        let users = &run.summary("out")["entities"][1];
        assert_eq!([&users["inserted"], &users["unchanged"]], counts, "{run}");
    }
    assert_eq!(database.text("SELECT legacy_id, name FROM accounts ORDER BY 1"), "A1|Café\nA4|Four");
    assert_eq!(
        database.text("SELECT DISTINCT path FROM muster.run_files WHERE entity = 'accounts'"),
        "five ?.csv"
    );
    // What a check keeps of a row are its keys and references.
    let run = muster.run(["check", "users.csv", "--against-database", "--out", "out"]).exits(3);
    assert_eq!(run.summary("out")["entities"][0]["accepted"], 1, "{run}");
}

#[test]
fn an_error_with_a_code_of_the_owners_costs_the_row_that_raised_it() {
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.csv", ACCOUNTS);
    database.rows(&muster.run(["schema", "ddl"]).exits(0).stdout());
    database.rows(
        "CREATE FUNCTION no_gold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF NEW.plan = 'gold' THEN RAISE EXCEPTION 'no gold' USING ERRCODE = 'U0017'; END IF;
             RETURN NEW; END $$;
         CREATE TRIGGER no_gold BEFORE INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION no_gold()",
    );
    let run = muster.run(["import", "accounts.csv", "--out", "out"]).exits(3);
    assert_eq!(found(&run), [refused("accounts", 2, "U0017")], "{run}");
    assert_eq!(database.text("SELECT legacy_id FROM accounts ORDER BY 1"), "A1\nA3");
}

#[test]
fn a_constraint_that_is_checked_at_the_end_costs_the_row_that_breaks_it() {
    for filled in [false, true] {
        let database = Database::new();
        let muster = Muster::on(&database).file("accounts.csv", ACCOUNTS);
        database.rows(&muster.run(["schema", "ddl"]).exits(0).stdout());
        database.rows(
            "CREATE TABLE plans (code text PRIMARY KEY); INSERT INTO plans VALUES ('basic');
             ALTER TABLE accounts ADD CONSTRAINT known_plan FOREIGN KEY (plan) REFERENCES plans
                 DEFERRABLE INITIALLY DEFERRED",
        );
        if filled {
            database.rows("INSERT INTO accounts (legacy_id, name) VALUES ('A0', 'Zero')");
        }
        let run = muster.run(["import", "accounts.csv", "--out", "out"]).exits(3);
        assert_eq!(found(&run), [refused("accounts", 2, "23503")], "{run}");
        let kept = "SELECT legacy_id FROM accounts WHERE legacy_id <> 'A0' ORDER BY 1";
        assert_eq!(database.text(kept), "A1\nA3");
    }
}

/// The accounts and users of a run with what is checked at its end: the findings, without messages, and what is kept.
fn at_the_end(filled: bool, checks: &str, accounts: &str, users: &str) -> (Vec<String>, String) {
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.csv", accounts).file("users.csv", users);
    database.rows(&muster.run(["schema", "ddl"]).exits(0).stdout());
    if filled {
        database.rows(
            "INSERT INTO accounts (legacy_id, name) VALUES ('A0', 'Zero');
             INSERT INTO users (email, account_id) SELECT 'zero@x.nl', id FROM accounts",
        );
    }
    database.rows(checks);
    let run = muster.run(["import", "accounts.csv", "users.csv", "--out", "out"]).exits(3);
    for entity in run.summary("out")["entities"].as_array().unwrap() {
        let count = |name: &str| entity[name].as_u64().unwrap();
        assert_eq!(count("accepted") + count("rejected") + count("duplicates"), count("read"), "{run}");
        assert_eq!(count("inserted") + count("updated") + count("unchanged"), count("accepted"), "{run}");
    }
    let found =
        found(&run).iter().map(|line| line.splitn(4, ' ').take(3).collect::<Vec<_>>().join(" ")).collect();
    let kept = "SELECT legacy_id FROM accounts WHERE name <> 'Zero'
                UNION ALL SELECT email FROM users WHERE email <> 'zero@x.nl' ORDER BY 1";
    (found, database.text(kept).replace('\n', " "))
}

/// A trigger of the owner's that is fired at the end of the transaction.
fn late(table: &str, events: &str, condition: &str) -> String {
    format!(
        "CREATE FUNCTION late_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF {condition} THEN RAISE EXCEPTION 'no' USING ERRCODE = 'check_violation'; END IF; RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER late_{table} AFTER {events} ON {table} DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION late_{table}();"
    )
}

#[test]
fn a_deferred_constraint_trigger_costs_the_rows_that_break_it() {
    let accounts = "legacyId,name,plan\nA1,One,basic\nA2,Two,gold\nA3,Three,\nA4,Four,gold\n";
    let users = "email,accountId\na@x.nl,A1\nbad@x.nl,A1\nc@x.nl,A2\nd@x.nl,A3\nbad2@x.nl,A3\n";
    for filled in [false, true] {
        let no_gold = late("accounts", "INSERT OR UPDATE", "NEW.plan = 'gold'");
        let (found, kept) = at_the_end(filled, &no_gold, accounts, users);
        let gold =
            ["accounts 2 database-rejected", "accounts 4 database-rejected", "users 3 account-rejected"];
        assert_eq!(found, gold);
        assert_eq!(kept, "A1 A3 a@x.nl bad2@x.nl bad@x.nl d@x.nl");
        let both = no_gold + &late("users", "INSERT", "NEW.email LIKE 'bad%'");
        let (found, kept) = at_the_end(filled, &both, accounts, users);
        let bad = ["users 2 database-rejected", "users 3 account-rejected", "users 5 database-rejected"];
        assert_eq!(found, [&gold[..2], &bad].concat());
        assert_eq!(kept, "A1 A3 a@x.nl d@x.nl");
    }
}

/// Such a trigger may look at other rows: what it needs is there when a row is judged.
#[test]
fn rows_that_need_each_other_at_the_end_are_judged_together() {
    let accounts = "legacyId,name\nA1,One\nA2,Two\nA3,Three\nA4,Four\n";
    let users = "email,accountId\na@x.nl,A1\nb@x.nl,A1\nc@x.nl,A2\nbad@x.nl,A4\ne@x.nl,A4\n";
    for filled in [false, true] {
        let alone = "NOT EXISTS (SELECT FROM users u WHERE u.account_id = NEW.id)";
        let checks = late("accounts", "INSERT", alone) + &late("users", "INSERT", "NEW.email LIKE 'bad%'");
        let (found, kept) = at_the_end(filled, &checks, accounts, users);
        assert_eq!(found, ["accounts 3 database-rejected", "users 4 database-rejected"]);
        assert_eq!(kept, "A1 A2 A4 a@x.nl b@x.nl c@x.nl e@x.nl");
        // Nobody is left in A4.
        let users = users.replace("e@x.nl", "bad5@x.nl");
        let (found, kept) = at_the_end(filled, &checks, accounts, &users);
        let rest = ["accounts 4 database-rejected", "users 4 account-rejected", "users 5 account-rejected"];
        assert_eq!(found, [&["accounts 3 database-rejected"][..], &rest].concat());
        assert_eq!(kept, "A1 A2 a@x.nl b@x.nl c@x.nl");
    }
}

#[test]
fn files_that_are_imported_twice_give_the_same_counts_and_findings() {
    let accounts = "legacyId,name\nA1,One\nA2,Two\n";
    // Rows that share an e-mail address, under one account and under two, and rows that share a legacy id.
    let users = "email,accountId,legacyId\na@x.nl,A1,U1\nb@x.nl,A1,U1\na@x.nl,A2,U2\nc@x.nl,A2,U3\nc@x.nl,A1,U4\n\
                 d@x.nl,A1,U5\nd@x.nl,A1,U3\ne@x.nl,A1,U9\n";
    for policy in ["keep-first", "keep-last", "reject-all"] {
        let database = Database::new();
        let muster = Muster::on(&database).file("accounts.csv", accounts).file("users.csv", users);
        let line = ["import", "accounts.csv", "users.csv", "--duplicates", policy, "--out", "out"];
        let result = |run: &Finished| {
            let summary = run.summary("out");
            let counts = [0, 1].map(|entity| {
                ["read", "accepted", "rejected", "duplicates"]
                    .map(|count| summary["entities"][entity][count].as_u64().unwrap())
            });
            (counts, found(run))
        };
        let first = muster.run(line).exits(3);
        let expected = result(&first);
        let again = muster.run(line).exits(3);
        assert_eq!(result(&again), expected, "{policy}{again}");
        assert!(expected.1.iter().all(|line| !line.contains("key-in-use")), "{first}");
        let written = |entity: usize| again.summary("out")["entities"][entity]["inserted"].clone();
        assert_eq!([written(0), written(1)], [0, 0], "{again}");
    }
}

/// The rows that are not kept are few or many: they leave the staging table in another way, and what is written is the same.
#[test]
fn many_duplicates_are_left_out_like_a_few() {
    for few in ["1000", "1"] {
        let database = Database::new();
        let muster = Muster::imported(&database, "legacyId,name\nA1,One\n", "email,accountId\nz@x.nl,A1\n");
        let mut users = "email,accountId,contact.firstName\n".to_owned();
        (0..20).for_each(|number| users += &format!("same@x.nl,A1,Jan{number}\n"));
        let muster = muster.file("users.csv", &users).env("MUSTER_TEST_UNKEPT", few);
        for (inserted, unchanged) in [(1, 0), (0, 1)] {
            let run = muster.run(["import", "users.csv", "--out", "out"]).exits(3);
            let counts = &run.summary("out")["entities"][0];
            let counted =
                ["inserted", "unchanged", "duplicates"].map(|count| counts[count].as_u64().unwrap());
            assert_eq!(counted, [inserted, unchanged, 19], "{few}{run}");
        }
        assert_eq!(database.text("SELECT contact_first_name FROM users WHERE email = 'same@x.nl'"), "Jan0");
    }
}
