//! Loading into empty tables: it leaves the same tables and definitions as merging does; and
//! it notices by itself when it may not be used.

use std::process::Command;

use crate::support::{Database, Muster, cluster, owner, programs};

const ACCOUNTS: &str = "legacyId,name,contact.gender\nA1,Acme,female\nA2,\"Bar, Baz\",\nA3,Tab\\t,male\n";
const USERS: &str = "email,account.legacyId,legacyId,contact.firstName\n\
    a@x.nl,A1,u1,Ann\nb@x.nl,A2,,\nc@x.nl,A2,u3,Cé\na@x.nl,A3,u4,lost\nd@x.nl,NONE,u5,lost\n";

/// The tables' rows without identifiers and times, the account by its key.
const ACCOUNT_ROWS: &str =
    "SELECT legacy_id, name, contact_gender, feature_flags, language FROM accounts ORDER BY 1";
const USER_ROWS: &str =
    "SELECT u.email, u.legacy_id, a.legacy_id, u.contact_first_name, u.role, u.default_lang_code, u.migrated
    FROM users u JOIN accounts a ON a.id = u.account_id ORDER BY 1";

fn with_tables(more: &str) -> Database {
    let database = Database::new();
    let muster = Muster::on(&database);
    let ddl = muster.run(["schema", "ddl"]).exits(0).stdout();
    database.text(&format!("{ddl}{more}"));
    database
}

/// Imports into the database and gives what `-v` said.
fn import(database: &Database) -> String {
    let muster = Muster::on(database).file("accounts.csv", ACCOUNTS).file("users.csv", USERS);
    let finished = muster.run(["import", "accounts.csv", "users.csv", "--out", "out", "-v"]).exits(3);
    let summary = finished.summary("out");
    let counts = |entity: usize, count: &str| summary["entities"][entity][count].as_u64().unwrap();
    assert_eq!((counts(0, "accepted"), counts(1, "accepted")), (3, 3));
    assert_eq!((counts(1, "rejected"), counts(1, "duplicates")), (1, 1));
    finished.stderr()
}

fn definitions(database: &Database) -> String {
    // A folder on the PATH may hold links to some of the programs: their neighbours are where they lead.
    let initdb = programs().join("initdb").canonicalize().unwrap();
    let dump = initdb.with_file_name("pg_dump");
    // The journal is muster's own and comes with the first run.
    let output = Command::new(dump)
        .args(["--schema-only", "--exclude-schema=muster", "-d", &database.url()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Newer versions of pg_dump put a random word into their script.
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn both_ways_leave_the_same_rows() {
    let fresh = with_tables("");
    let said = import(&fresh);
    assert_eq!(said.matches("rows are copied straight in").count(), 2, "{said}");
    let staged = with_tables(
        "CREATE VIEW names AS SELECT name FROM accounts; CREATE VIEW mails AS SELECT email FROM users;",
    );
    let said = import(&staged);
    assert_eq!(said.matches("staged and merged: a view depends on it").count(), 2, "{said}");
    let created = Database::new();
    import(&created);
    for rows in [ACCOUNT_ROWS, USER_ROWS] {
        let expected = fresh.text(rows);
        assert_eq!(expected.lines().count(), 3, "{expected}");
        assert_eq!(staged.text(rows), expected);
        assert_eq!(created.text(rows), expected);
    }
    let ids = "SELECT count(DISTINCT id), min(id), max(id) FROM users";
    assert_eq!(fresh.text(ids), "3|1|3");
    // The identifiers that were reserved are not given out again.
    fresh.text("INSERT INTO users (email, account_id) SELECT 'z@x.nl', min(id) FROM accounts");
    assert_eq!(fresh.text("SELECT id FROM users WHERE email = 'z@x.nl'"), "4");
}

#[test]
fn definitions_are_put_back_exactly_as_they_were() {
    let database = with_tables(
        "CREATE INDEX users_partial ON users (role) WHERE role <> 'none';
         CREATE INDEX \"Users Expression\" ON users (lower(email) text_pattern_ops, account_id DESC NULLS LAST) WITH (fillfactor = 70);
         ALTER INDEX \"Users Expression\" ALTER COLUMN 1 SET STATISTICS 500;
         COMMENT ON INDEX users_partial IS 'it''s mine';
         CREATE UNIQUE INDEX users_including ON users (email) INCLUDE (role);
         ALTER TABLE users ADD CONSTRAINT users_later UNIQUE (legacy_id, email) DEFERRABLE INITIALLY DEFERRED;
         COMMENT ON CONSTRAINT users_later ON users IS 'checked at the end';
         ALTER TABLE users CLUSTER ON users_email_key;
         ALTER TABLE users REPLICA IDENTITY USING INDEX users_email_key;
         ALTER TABLE users DROP CONSTRAINT users_account_id_fkey;
         ALTER TABLE users ADD CONSTRAINT to_account FOREIGN KEY (account_id) REFERENCES accounts ON DELETE CASCADE NOT VALID;
         COMMENT ON CONSTRAINT to_account ON users IS 'goes along';
         ALTER TABLE users ADD CONSTRAINT long_mail CHECK (length(email) > 3) NOT VALID;
         ALTER TABLE accounts SET (fillfactor = 90); ALTER TABLE users ALTER COLUMN role SET STATISTICS 77;
         CREATE ROLE somebody; GRANT SELECT ON users TO somebody;",
    );
    let before = definitions(&database);
    let said = import(&database);
    assert_eq!(said.matches("rows are copied straight in").count(), 2, "{said}");
    assert_eq!(definitions(&database), before);
    assert_eq!(database.text("SELECT count(*) FROM users"), "3");
    assert_eq!(
        database.text("SELECT indisclustered FROM pg_index WHERE indexrelid = 'users_email_key'::regclass"),
        "t"
    );
    database.text("DROP OWNED BY somebody; DROP ROLE somebody");
}

/// A tablespace, which belongs to the whole cluster; it goes before the database does.
fn tablespace(database: &Database) -> String {
    let name = format!("space_{}", database.name());
    let folder = cluster().folder.join(&name);
    std::fs::create_dir(&folder).unwrap();
    if let Some((uid, gid)) = owner() {
        std::os::unix::fs::chown(&folder, Some(uid), Some(gid)).unwrap();
    }
    database.rows(&format!("CREATE TABLESPACE {name} LOCATION '{}'", folder.display()));
    name
}

#[test]
fn everything_that_pg_dump_knows_of_a_table_is_kept() {
    let database = with_tables("");
    let (space, role) = (tablespace(&database), format!("reader_{}", database.name()));
    let recent = database.text("SELECT current_setting('server_version_num')::int >= 150000") == "t";
    let (not_distinct, set_one) =
        if recent { ("NULLS NOT DISTINCT", "SET NULL (account_id)") } else { ("", "SET NULL") };
    database.rows(&format!(
        "CREATE COLLATION \"Own\" (provider = libc, locale = 'C');
         -- Indexes: methods, operator classes, collations, order, storage parameters, tablespaces, columns included.
         CREATE INDEX by_hash ON users USING hash (contact_phone) WITH (fillfactor = 60);
         CREATE INDEX by_range ON users USING brin (created_at) WITH (pages_per_range = 7, autosummarize = on);
         CREATE INDEX by_label ON accounts USING gin (labels) WITH (fastupdate = off, gin_pending_list_limit = 128);
         CREATE INDEX \"By \"\"Name\"\"\" ON accounts (name COLLATE \"Own\" varchar_pattern_ops DESC NULLS LAST, plan NULLS FIRST)
             INCLUDE (language) WITH (fillfactor = 55, deduplicate_items = off) TABLESPACE {space};
         CREATE INDEX some_only ON accounts (plan) TABLESPACE {space} WHERE plan <> 'it''s';
         CREATE UNIQUE INDEX expressions ON accounts ((lower(name) || legacy_id), md5(coalesce(plan, '')), id) TABLESPACE {space};
         ALTER INDEX expressions ALTER COLUMN 1 SET STATISTICS 0;
         ALTER INDEX expressions ALTER COLUMN 2 SET STATISTICS 1234;
         COMMENT ON INDEX expressions IS E'two\\nlines, \\\\ and ''quotes'' too';
         -- Unique constraints.
         ALTER TABLE accounts ADD CONSTRAINT \"Own Key\" UNIQUE {not_distinct} (legacy_id, plan) INCLUDE (name)
             WITH (fillfactor = 66) USING INDEX TABLESPACE {space} DEFERRABLE INITIALLY IMMEDIATE;
         COMMENT ON CONSTRAINT \"Own Key\" ON accounts IS 'of the constraint';
         COMMENT ON INDEX \"Own Key\" IS 'of its index';
         CREATE UNIQUE INDEX made_before ON users (legacy_id DESC, email);
         CREATE UNIQUE INDEX identifying ON users (email, role);
         ALTER TABLE users ALTER COLUMN role SET NOT NULL, REPLICA IDENTITY USING INDEX identifying;
         -- Foreign keys, and checks.
         ALTER TABLE users ADD CONSTRAINT twice FOREIGN KEY (account_id) REFERENCES accounts (id) MATCH FULL
             ON UPDATE CASCADE ON DELETE {set_one} DEFERRABLE INITIALLY DEFERRED;
         ALTER TABLE users ADD CONSTRAINT \"Later\" FOREIGN KEY (account_id) REFERENCES accounts ON DELETE RESTRICT NOT VALID;
         COMMENT ON CONSTRAINT twice ON users IS 'the second';
         ALTER TABLE users ADD CONSTRAINT \"Mail\" CHECK (email LIKE '%@%') NO INHERIT NOT VALID;
         COMMENT ON CONSTRAINT \"Mail\" ON users IS 'a shape';
         -- The tables themselves.
         ALTER TABLE accounts CLUSTER ON \"By \"\"Name\"\"\", REPLICA IDENTITY FULL;
         ALTER TABLE accounts SET TABLESPACE {space};
         ALTER TABLE accounts SET (fillfactor = 80, autovacuum_enabled = off, toast.autovacuum_enabled = off, parallel_workers = 3);
         ALTER TABLE users ALTER COLUMN email SET STATISTICS 321, ALTER COLUMN contact_phone SET STORAGE EXTERNAL,
             ALTER COLUMN role SET (n_distinct = 6);
         CREATE STATISTICS together (dependencies, mcv) ON role, migrated FROM users;
         ALTER STATISTICS together SET STATISTICS 42;
         COMMENT ON TABLE users IS 'people'; COMMENT ON COLUMN users.email IS 'where they are reached';
         CREATE ROLE {role}; GRANT SELECT, REFERENCES ON accounts TO {role} WITH GRANT OPTION;
         GRANT SELECT (email), UPDATE (role) ON users TO {role}; GRANT USAGE ON SEQUENCE users_id_seq TO PUBLIC;"
    ));
    let catalog = "SELECT c.relname, t.spcname, c.reloptions, i.indisclustered, i.indisreplident, i.indimmediate, c.relowner
         FROM pg_class c LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1";
    let (before, rows) = (definitions(&database), database.text(catalog));
    for part in
        [&*space, "CLUSTER ON", "REPLICA IDENTITY USING", "NOT VALID", "INCLUDE", "SET STATISTICS 1234"]
    {
        assert!(before.contains(part), "{part}: {before}");
    }
    let said = import(&database);
    assert_eq!(said.matches("rows are copied straight in").count(), 2, "{said}");
    assert_eq!(database.text("SELECT count(*) FROM users"), "3");
    assert_eq!(definitions(&database), before);
    assert_eq!(database.text(catalog), rows);
    // What is put back works: the keys are enforced as they were.
    let orphan =
        "DO $$ BEGIN UPDATE users SET account_id = 4711; SET CONSTRAINTS ALL IMMEDIATE; RAISE 'an orphan';
        EXCEPTION WHEN foreign_key_violation THEN NULL; END $$";
    database.rows(orphan);
    database.rows(&format!("DROP OWNED BY {role}; DROP ROLE {role}; DROP TABLE users, accounts"));
    database.rows(&format!("DROP TABLESPACE {space}"));
}

#[test]
fn a_table_with_anything_unusual_is_staged_and_merged() {
    for (more, why) in [
        ("CREATE TABLE cars (owner bigint REFERENCES users)", "another table refers to it"),
        ("ALTER TABLE users ENABLE ROW LEVEL SECURITY", "it has row security"),
        (
            "CREATE FUNCTION nop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
             CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION nop()",
            "it has triggers",
        ),
        ("ALTER TABLE users DISABLE TRIGGER ALL", "its foreign keys are switched off"),
        ("CREATE TABLE heirs () INHERITS (users)", "it is partitioned, inherits or is inherited from"),
        ("CREATE PUBLICATION news FOR TABLE users", "it is published"),
        (
            "ALTER TABLE users ALTER COLUMN id DROP IDENTITY; ALTER TABLE users ALTER COLUMN id SET DEFAULT 7 + random() * 1e9",
            "its identifiers do not come from a sequence that the table owns",
        ),
        (
            "INSERT INTO accounts (legacy_id, name) VALUES ('Z', 'Z'); INSERT INTO users (email, account_id) SELECT 'z@x.nl', id FROM accounts",
            "it has rows already",
        ),
    ] {
        let database = with_tables(more);
        let said = import(&database);
        assert!(
            said.contains(&format!("table \"public\".\"users\": rows are staged and merged: {why}")),
            "{why}: {said}"
        );
        assert_eq!(database.text("SELECT count(*) FROM users WHERE email < 'y'"), "3");
    }
}

#[test]
fn rows_refused_by_a_constraint_are_found_and_rejected_with_their_users() {
    for way in
        ["", "CREATE VIEW names AS SELECT name FROM accounts; CREATE VIEW mails AS SELECT email FROM users;"]
    {
        let database = with_tables(&format!(
            "{way} ALTER TABLE accounts ADD CONSTRAINT no_bar CHECK (name NOT LIKE 'Bar%');
             ALTER TABLE users ADD CONSTRAINT no_cee CHECK (contact_first_name <> 'Zed');"
        ));
        let users = format!("{USERS}e@x.nl,A1,u6,Zed\nE@x.nl,A1,u7,Eve\n");
        let muster = Muster::on(&database).file("accounts.csv", ACCOUNTS).file("users.csv", users);
        let finished = muster.run(["import", "accounts.csv", "users.csv", "--out", "out"]).exits(3);
        let found: Vec<String> = finished
            .findings("out")
            .iter()
            .map(|f| {
                format!("{} {} {} {}", f["entity"], f["record"], f["code"], f["message"]).replace('"', "")
            })
            .collect();
        let expected = [
            "accounts 2 database-rejected the database refused the row (SQLSTATE 23514)",
            "users 2 account-rejected account.legacyId refers to record 2 of accounts.csv, which was rejected",
            "users 3 account-rejected account.legacyId refers to record 2 of accounts.csv, which was rejected",
            "users 4 duplicate-key email is the same as in record 1 of users.csv, which is kept",
            "users 5 unknown-account account.legacyId: no accounts have this key, in the files or in the database",
            "users 6 database-rejected the database refused the row (SQLSTATE 23514)",
        ];
        assert_eq!(found, expected, "what the database refuses frees its duplicate");
        assert_eq!(
            database.text(
                "SELECT string_agg(email || ' ' || contact_first_name, ', ' ORDER BY email) FROM users"
            ),
            "a@x.nl Ann, e@x.nl Eve"
        );
    }
}
