//! What is wrong with a table as a whole is said of the table, before a record is read if it can be seen then: never is a
//! row to blame.

use crate::support::{Database, Finished, Muster};

const ACCOUNTS: &str = "legacyId,name\nA1,One\nA2,Two\nA3,Three\n";

/// The built-in tables, changed by `change`.
fn changed(change: &str) -> (Database, Muster) {
    let database = Database::new();
    let muster = Muster::on(&database)
        .file("accounts.csv", ACCOUNTS)
        .file("users.csv", "email,accountId\na@x.nl,A1\nb@x.nl,A1\n");
    database.rows(&muster.run(["schema", "ddl"]).exits(0).stdout());
    database.rows(change);
    (database, muster)
}

/// Accounts with these ids that no sequence gave.
fn ids(ids: &str) -> String {
    format!(
        "INSERT INTO accounts (id, legacy_id, name, contact_gender) OVERRIDING SYSTEM VALUE
         SELECT id, 'X' || id, 'x', 'male' FROM {ids} id"
    )
}

/// Imports, and expects that the run ends without writing anything, says `said`, and blames no row.
#[track_caller]
fn is_at_fault(database: &Database, muster: &Muster, said: &[&str]) -> Finished {
    let before = database.contents();
    let run = muster.run(["import", "accounts.csv", "users.csv", "--out", "out"]).exits(1);
    for part in said {
        assert!(run.stderr().contains(part), "{part} is not said{run}");
    }
    assert!(!run.stderr().contains("bug"), "{run}");
    assert_eq!(database.contents(), before);
    run
}

#[test]
fn a_sequence_that_is_behind_or_used_up_is_named_before_a_record_is_read() {
    let behind = "the sequence public.accounts_id_seq is behind";
    for (change, said) in [
        (
            ids("generate_series(1, 60)"),
            &[behind, "SELECT setval('public.accounts_id_seq', (SELECT max(\"id\")"][..],
        ),
        (ids("generate_series(5, 60)") + "; SELECT setval('accounts_id_seq', 4)", &[behind]),
        (
            ids("generate_series(-9, -1)")
                + "; ALTER SEQUENCE accounts_id_seq INCREMENT -1 MINVALUE -99 MAXVALUE -1 START -1 RESTART -1",
            &[behind],
        ),
        ("SELECT setval('accounts_id_seq', 9223372036854775807)".to_owned(), &["accounts_id_seq is used up"]),
        (
            "ALTER TABLE users ALTER id TYPE integer; SELECT setval('users_id_seq', 2147483647)".to_owned(),
            &["table \"public\".\"users\", column \"id\": the sequence public.users_id_seq is used up"],
        ),
        (
            "CREATE SEQUENCE \"Own\" MAXVALUE 7; ALTER TABLE users ALTER id DROP IDENTITY;
             ALTER TABLE users ALTER id SET DEFAULT nextval('\"Own\"'); SELECT setval('\"Own\"', 7)"
                .to_owned(),
            &["the sequence public.\"Own\" is used up"],
        ),
        ("ALTER TABLE users ALTER id DROP IDENTITY".to_owned(), &["column \"id\": new rows get no identity"]),
    ] {
        let (database, muster) = changed(&change);
        let run = is_at_fault(&database, &muster, said);
        assert!(!muster.path("out/rejects.ndjson").exists(), "{change}: records were read{run}");
        // A check writes nothing.
        muster.run(["check", "accounts.csv", "users.csv", "--against-database", "--out", "check"]).exits(0);
    }
    // What the message says helps.
    let (database, muster) = changed(&ids("generate_series(1, 60)"));
    database.rows("SELECT setval('accounts_id_seq', (SELECT max(\"id\") FROM \"accounts\"))");
    muster.run(["import", "accounts.csv", "users.csv"]).exits(0);
    assert_eq!(database.text("SELECT max(id) FROM accounts"), "63");
}

#[test]
fn a_sequence_that_falls_behind_or_runs_out_while_rows_are_written_is_named() {
    for (change, said) in [
        (ids("generate_series(3, 9)"), "accounts_id_seq is behind"),
        (ids("generate_series(2, 9)"), "accounts_id_seq is behind"),
        (
            ids("generate_series(7, 7)") + "; ALTER SEQUENCE accounts_id_seq MAXVALUE 2",
            "accounts_id_seq is used up",
        ),
        ("ALTER SEQUENCE accounts_id_seq MAXVALUE 2".to_owned(), "accounts_id_seq is used up"),
        (
            "ALTER TABLE users ALTER id TYPE integer; SELECT setval('users_id_seq', 2147483646)".to_owned(),
            "users_id_seq is used up",
        ),
    ] {
        let (database, muster) = changed(&change);
        is_at_fault(&database, &muster, &[said]);
        // A row that is to blame does not hide it.
        database.rows("ALTER TABLE accounts ADD CHECK (name <> 'Two')");
        is_at_fault(&database, &muster, &[said]);
    }
}

#[test]
fn an_identity_may_be_filled_by_a_trigger() {
    let filled = |by: &str| {
        format!(
            "CREATE SEQUENCE own; ALTER TABLE accounts ALTER id DROP IDENTITY;
             CREATE FUNCTION number() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.id := {by}; RETURN NEW; END $$;
             CREATE TRIGGER number BEFORE INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION number()"
        )
    };
    let (database, muster) = changed(&filled("nextval('own')"));
    muster.run(["import", "accounts.csv", "users.csv"]).exits(0);
    assert_eq!(database.text("SELECT max(id) FROM accounts"), "3");
    let (database, muster) = changed(&filled("NULL"));
    is_at_fault(&database, &muster, &["column \"id\": new rows get no identity"]);
    let (database, muster) = changed(&filled("1"));
    is_at_fault(
        &database,
        &muster,
        &["column \"id\": its default, or a trigger, gives numbers that rows have already"],
    );
}

#[test]
fn row_level_security_that_hides_rows_is_named() {
    let (database, muster) = changed("ALTER TABLE accounts ENABLE ROW LEVEL SECURITY");
    let role = format!("hidden_{}", database.name());
    database.rows(&format!(
        "CREATE ROLE {role} LOGIN; GRANT ALL ON accounts, users TO {role}; GRANT ALL ON SCHEMA public TO {role};
         GRANT ALL ON DATABASE {} TO {role}",
        database.name()
    ));
    let lesser = Muster::on(&database)
        .env("DATABASE_URL", database.url().replace("user=postgres", &format!("user={role}")))
        .file("accounts.csv", ACCOUNTS)
        .file("users.csv", "email,accountId\na@x.nl,A1\n");
    let hides = "table \"public\".\"accounts\": row-level security hides rows of it from the role";
    is_at_fault(&database, &lesser, &[hides]);
    let check =
        lesser.run(["check", "accounts.csv", "--against-database", "--out", "check"]).exits(1).stderr();
    assert!(check.contains(hides), "{check}");
    // It does not apply to everyone.
    muster.run(["import", "accounts.csv", "users.csv"]).exits(0);
    database.rows(&format!(
        "GRANT ALL ON SCHEMA muster TO {role}; GRANT ALL ON ALL TABLES IN SCHEMA muster TO {role}"
    ));
    let undo = lesser.run(["undo", "--yes", &database.latest_run()]).exits(1).stderr();
    assert!(undo.contains("table public.accounts: row-level security hides rows of it"), "{undo}");
    muster.run(["undo", "--yes", &database.latest_run()]).exits(0);
    let open = format!("CREATE POLICY all_of_it ON accounts TO {role} USING (true)");
    database.rows(&open);
    lesser.run(["import", "accounts.csv", "users.csv", "--out", "open"]).exits(0);
    database.rows(&format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}"));
}

#[test]
fn rows_of_tables_that_inherit_are_the_tables_unless_two_have_one_key() {
    let (database, muster) = changed("CREATE TABLE \"Old ones\" () INHERITS (accounts)");
    muster.run(["import", "--dry-run", "accounts.csv", "users.csv"]).exits(0);
    let old = |id: u32, key: &str| {
        database.rows(&format!(
            "INSERT INTO \"Old ones\" (id, legacy_id, name, contact_gender) VALUES ({id}, '{key}', 'x', 'male')"
        ));
    };
    old(100, "A1");
    let before = database.contents();
    muster.run(["import", "accounts.csv"]).exits(0);
    assert_eq!(database.text("SELECT name FROM \"Old ones\""), "One");
    muster.run(["undo", "--yes", &database.latest_run()]).exits(0);
    assert_eq!(database.contents(), before);
    let said = "table \"public\".\"accounts\": a row in a table that inherits from it (public.\"Old ones\") has the key or the identity";
    old(101, "A1");
    is_at_fault(&database, &muster, &[said]);
    database.rows("DELETE FROM \"Old ones\" WHERE id = 101");
    old(100, "A9");
    is_at_fault(&database, &muster, &[said]);
}

#[test]
fn a_trigger_or_rule_that_discards_rows_is_no_bug() {
    let trigger = |when: &str, what: &str| {
        format!(
            "CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF NEW.name = 'Two' THEN RETURN NULL; END IF; RETURN NEW; END $$;
             CREATE TRIGGER act BEFORE {when} ON accounts FOR EACH ROW EXECUTE FUNCTION act(); {what}"
        )
    };
    let old = "INSERT INTO accounts (legacy_id, name, contact_gender) VALUES ('A1', 'x', 'male'), ('A2', 'x', 'male')";
    for (change, said) in [
        (trigger("INSERT", ""), "3 rows were sent to be inserted and 0 to be updated, and 2 and 0 were"),
        (trigger("UPDATE", old), "1 rows were sent to be inserted and 2 to be updated, and 1 and 1 were"),
    ] {
        let (database, muster) = changed(&change);
        is_at_fault(&database, &muster, &[said, "Does a trigger or a rule discard rows?"]);
        // Without undo data as well.
        let run = muster.run(["import", "--no-undo", "accounts.csv", "users.csv"]).exits(1);
        assert!(run.stderr().contains(said), "{run}");
    }
}

#[test]
fn names_may_hold_what_encloses_statements() {
    let database = Database::new();
    database.rows(
        "CREATE TABLE \"a$function$b\" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \"$sql$\" text UNIQUE,
            \"$lock$ $statement$\" text CHECK (\"$lock$ $statement$\" <> 'no'), created_at timestamptz, updated_at timestamptz)",
    );
    let schema = "entity = \"accounts\"\nkey = \"legacyId\"\n[table]\nname = \"a$function$b\"\n\
        [[field]]\nname = \"legacyId\"\ntype = \"text\"\nrequired = true\ncolumn = \"$sql$\"\n\
        [[field]]\nname = \"name\"\ntype = \"text\"\ncolumn = \"$lock$ $statement$\"\n";
    let muster = Muster::on(&database).file("schemas/accounts.toml", schema);
    let import = ["import", "accounts.csv", "--schemas", "schemas", "--out", "out"];
    for (file, exit) in [("legacyId,name\n1,a\n2,b\n", 0), ("legacyId,name\n1,no\n2,c\n3,no\n4,d\n", 3)] {
        muster.write("accounts.csv", file);
        let run = muster.run(import).exits(exit);
        assert_eq!(run.findings("out").len(), if exit == 0 { 0 } else { 2 }, "{run}");
    }
    for left in ["1|a\n2|b", ""] {
        let run = "SELECT id FROM muster.runs r WHERE status = 'committed' AND undoes IS NULL ORDER BY finished DESC LIMIT 1";
        muster.run(["undo", "--yes", &database.text(run)]).exits(0);
        let rows = "SELECT \"$sql$\", \"$lock$ $statement$\" FROM \"a$function$b\" ORDER BY 1";
        assert_eq!(database.text(rows), left);
    }
}
