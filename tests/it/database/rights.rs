//! What docs/databases.md says that a role needs, to the letter: with exactly these rights it works, and where one of them
//! is missing the error names the statement that grants it.

use crate::support::{Database, Muster};

const ACCOUNTS: &str = "legacyId,name\nA1,Een\nA2,Twee\n";
const USERS: &str = "email,account.legacyId,contact.firstName\na@x.nl,A1,Anna\nb@x.nl,A2,Bert\n";
const CHANGED: &str = "email,account.legacyId,contact.firstName\na@x.nl,A1,Annie\nc@x.nl,A1,Cas\n";

/// A role without any right, not even those that everybody has; gone with its rights at the end.
struct Role<'d> {
    database: &'d Database,
    name: String,
}

impl<'d> Role<'d> {
    fn new(database: &'d Database) -> Self {
        let (name, own) = (format!("lesser_{}", database.name()), database.name());
        database.rows(&format!(
            "CREATE ROLE {name} LOGIN; REVOKE ALL ON DATABASE {own} FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC;
             GRANT CONNECT ON DATABASE {own} TO {name}"
        ));
        Self { database, name }
    }

    /// Grants what is written between GRANT and TO.
    fn may(&self, rights: &str) -> &Self {
        self.database.rows(&format!("GRANT {rights} TO {}", self.name));
        self
    }

    fn muster(&self) -> Muster {
        Muster::on(self.database)
            .env("DATABASE_URL", self.database.url().replace("user=postgres", &format!("user={}", self.name)))
            .file("accounts.csv", ACCOUNTS)
            .file("users.csv", USERS)
            .file("changed.csv", CHANGED)
    }

    /// Runs, and asserts that it fails and names this grant alone.
    fn lacks(&self, arguments: &[&str], grant: &str) {
        let said = self.muster().run(arguments).exits(1).stderr();
        let grants: Vec<_> = said.lines().filter(|line| line.trim_start().starts_with("GRANT")).collect();
        assert_eq!(grants, [format!("  GRANT {grant} TO {};", self.name)], "{said}");
    }
}

impl Drop for Role<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.database.rows(&format!("DROP OWNED BY {0}; DROP ROLE {0}", self.name));
        }
    }
}

/// An administrator has imported once: tables and journal are there.
fn prepared() -> Database {
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.csv", ACCOUNTS);
    muster.run(["import", "accounts.csv"]).exits(0);
    database
}

#[test]
fn the_first_import_makes_tables_and_journal_with_create_on_schema_and_database() {
    let database = Database::new();
    let role = Role::new(&database);
    let import = ["import", "accounts.csv", "users.csv"];
    role.may(&format!("TEMPORARY, CREATE ON DATABASE {}", database.name()));
    role.lacks(&import, "USAGE ON SCHEMA public");
    role.may("USAGE ON SCHEMA public");
    role.lacks(&import, "CREATE ON SCHEMA public");
    role.may("CREATE ON SCHEMA public");
    database.rows(&format!("REVOKE CREATE ON DATABASE {} FROM {}", database.name(), role.name));
    role.lacks(&import, &format!("CREATE ON DATABASE {}", database.name()));
    role.may(&format!("CREATE ON DATABASE {}", database.name()));
    let muster = role.muster();
    // Its own tables, so the next import into them is as fast as it can be.
    muster.run(["import", "accounts.csv", "users.csv"]).exits(0);
    muster.run(["runs"]).exits(0);
    assert_eq!(database.text("SELECT count(*) FROM users"), "2");
}

#[test]
fn an_import_by_a_role_with_fewer_rights_works_and_says_why_it_is_slower() {
    let database = prepared();
    let role = Role::new(&database);
    role.may("USAGE ON SCHEMA public").may("SELECT, INSERT, UPDATE ON accounts, users");
    let import = ["import", "accounts.csv", "users.csv"];
    role.may(&format!("TEMPORARY ON DATABASE {}", database.name()));
    role.may("USAGE ON SCHEMA muster");
    role.lacks(&import, "SELECT, INSERT ON ALL TABLES IN SCHEMA muster");
    role.may("SELECT, INSERT ON ALL TABLES IN SCHEMA muster");
    database.rows(&format!("REVOKE USAGE ON SCHEMA muster FROM {}", role.name));
    role.lacks(&import, "USAGE ON SCHEMA muster");
    role.may("USAGE ON SCHEMA muster");
    database.rows(&format!("REVOKE TEMPORARY ON DATABASE {} FROM {}", database.name(), role.name));
    role.lacks(&import, &format!("TEMPORARY ON DATABASE {}", database.name()));
    role.may(&format!("TEMPORARY ON DATABASE {}", database.name()));
    let muster = role.muster();
    let run = muster.run(["import", "-v", "accounts.csv", "users.csv"]).exits(0);
    assert!(run.stderr().contains("the role does not own it"), "{run}");
    muster.run(["import", "users=changed.csv"]).exits(0);
    assert_eq!(database.text("SELECT count(*) FROM users"), "3");
    // Looking needs less.
    database.rows(&format!(
        "REVOKE INSERT, UPDATE ON accounts, users FROM {0}; REVOKE TEMPORARY ON DATABASE {1} FROM {0};
         REVOKE USAGE ON SCHEMA muster FROM {0}",
        role.name,
        database.name()
    ));
    muster.run(["check", "--against-database", "accounts.csv", "users.csv"]).exits(0);
}

#[test]
fn an_undo_needs_delete_and_the_right_to_look_at_tables_that_refer() {
    let database = prepared();
    database.rows("CREATE TABLE notes (account_id bigint REFERENCES accounts)");
    let muster = Muster::on(&database).file("accounts.csv", ACCOUNTS).file("users.csv", CHANGED);
    muster.run(["import", "accounts.csv", "users.csv"]).exits(0);
    muster.write("users.csv", USERS);
    muster.run(["import", "accounts.csv", "users.csv"]).exits(0);
    let run = database.latest_run();
    let role = Role::new(&database);
    let undo = ["undo", "--yes", &run];
    role.may("USAGE ON SCHEMA public, muster").may("SELECT ON ALL TABLES IN SCHEMA muster");
    role.lacks(&undo, "SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA muster");
    role.may("SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA muster");
    role.may(&format!("TEMPORARY ON DATABASE {}", database.name()));
    role.may("SELECT, INSERT, UPDATE, DELETE ON accounts").may("SELECT, INSERT, UPDATE ON users");
    role.may("SELECT ON notes");
    role.lacks(&undo, "DELETE ON public.users");
    role.may("DELETE ON users");
    database.rows(&format!("REVOKE SELECT ON notes FROM {}", role.name));
    role.lacks(&undo, "SELECT ON public.notes");
    role.may("SELECT ON notes");
    role.muster().run(undo).exits(0);
    assert_eq!(
        database.text("SELECT email, contact_first_name FROM users ORDER BY 1"),
        "a@x.nl|Annie\nc@x.nl|Cas"
    );
}

#[test]
fn the_journal_is_read_pruned_and_cleared_of_a_person_with_rights_on_it_alone() {
    let database = prepared();
    Muster::on(&database).file("users.csv", USERS).run(["import", "users.csv"]).exits(0);
    let role = Role::new(&database);
    // Both that are missing are said at once.
    let said = role.muster().run(["runs"]).exits(1).stderr();
    assert!(said.contains("GRANT USAGE ON SCHEMA") && said.contains("GRANT SELECT ON ALL TABLES"), "{said}");
    role.may("SELECT ON ALL TABLES IN SCHEMA muster");
    role.lacks(&["runs"], "USAGE ON SCHEMA muster");
    role.may("USAGE ON SCHEMA muster");
    let muster = role.muster();
    muster.run(["runs"]).exits(0);
    muster.run(["runs", "show", &database.latest_run()]).exits(0);
    let prune = ["runs", "prune", "--older-than", "0h"];
    role.lacks(&prune, "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA muster");
    role.may("SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA muster");
    let forget = ["runs", "forget", "--email", "a@x.nl", "--yes"];
    role.may("USAGE ON SCHEMA public").may("SELECT ON accounts");
    role.lacks(&forget, "SELECT ON public.users");
    role.may("SELECT ON users");
    muster.run(forget).exits(0);
    muster.run(prune).exits(0);
    assert_eq!(database.text("SELECT count(*) FROM muster.inserted"), "0");
}

/// The tables belong to the role, which has no more than that and the rights that every import needs.
#[test]
fn a_table_owner_with_create_on_the_schema_imports_merges_and_undoes() {
    for may_make_indexes in [true, false] {
        let database = prepared();
        let role = Role::new(&database);
        // The journal is there; the tables are the role's, and empty.
        database.rows(&format!(
            "TRUNCATE accounts, users; ALTER TABLE accounts OWNER TO {0}; ALTER TABLE users OWNER TO {0}",
            role.name
        ));
        role.may("USAGE ON SCHEMA public, muster").may("SELECT, INSERT ON ALL TABLES IN SCHEMA muster");
        role.may(&format!("TEMPORARY ON DATABASE {}", database.name()));
        if may_make_indexes {
            role.may("CREATE ON SCHEMA public");
        }
        let muster = role.muster();
        let said = muster.run(["import", "-v", "accounts.csv", "users.csv"]).exits(0).stderr();
        let way = if may_make_indexes {
            "rows are copied straight in"
        } else {
            "rows are staged and merged: the role may not make indexes in its schema"
        };
        assert_eq!(said.matches(way).count(), 2, "{said}");
        let said = muster.run(["import", "-v", "users=changed.csv"]).exits(0).stderr();
        assert!(said.contains("it has rows already") || !may_make_indexes, "{said}");
        assert_eq!(database.text("SELECT count(*) FROM users"), "3");
        role.may("UPDATE ON ALL TABLES IN SCHEMA muster");
        for left in ["a@x.nl|Anna\nb@x.nl|Bert", ""] {
            muster.run(["undo", "--yes", &not_undone(&database)]).exits(0);
            assert_eq!(database.text("SELECT email, contact_first_name FROM users ORDER BY 1"), left);
        }
    }
}

/// The last run that was not taken back.
fn not_undone(database: &Database) -> String {
    database.text(
        "SELECT id FROM muster.runs r WHERE undoes IS NULL
         AND NOT EXISTS (SELECT FROM muster.runs u WHERE u.undoes = r.id) ORDER BY finished DESC LIMIT 1",
    )
}

#[test]
fn a_foreign_key_that_an_owner_may_not_make_has_rows_staged_and_merged() {
    let database = prepared();
    let role = Role::new(&database);
    database.rows(&format!("TRUNCATE accounts, users; ALTER TABLE users OWNER TO {}", role.name));
    role.may("USAGE, CREATE ON SCHEMA public").may("USAGE ON SCHEMA muster");
    role.may("SELECT, INSERT ON ALL TABLES IN SCHEMA muster").may("SELECT, INSERT, UPDATE ON accounts");
    role.may(&format!("TEMPORARY ON DATABASE {}", database.name()));
    let import = ["import", "-v", "--dry-run", "accounts.csv", "users.csv"];
    let said = role.muster().run(import).exits(0).stderr();
    let why =
        "table \"public\".\"users\": rows are staged and merged: the role may not make its foreign keys";
    assert!(said.contains(why), "{said}");
    role.may("REFERENCES ON accounts");
    let said = role.muster().run(import).exits(0).stderr();
    assert!(said.contains("table \"public\".\"users\": rows are copied straight in"), "{said}");
}

#[test]
fn an_invitation_is_planned_by_a_role_that_may_only_read() {
    let database = prepared();
    let admin = Muster::on(&database).file("users.csv", USERS).file("none.txt", "b@x.nl\n");
    admin.run(["import", "users.csv"]).exits(0);
    let role = Role::new(&database);
    database.rows(&format!("ALTER ROLE {} SET default_transaction_read_only = on", role.name));
    role.may("USAGE ON SCHEMA public").may("SELECT ON accounts, users");
    role.may(&format!("TEMPORARY ON DATABASE {}", database.name()));
    let plan = ["user", "invite", "a@x.nl", "b@x.nl", "--dry-run"];
    let said = role.muster().run(plan).exits(1).stderr();
    assert!(said.contains("GRANT USAGE ON SCHEMA muster") && !said.contains("GRANT CREATE"), "{said}");
    role.may("USAGE ON SCHEMA muster");
    role.lacks(&plan, "SELECT ON ALL TABLES IN SCHEMA muster");
    role.may("SELECT ON ALL TABLES IN SCHEMA muster");
    let planned = role.muster().run(plan).exits(0).stdout();
    assert!(planned.contains("2 mails"), "{planned}");
    let muster = role.muster().file("none.txt", "b@x.nl\n");
    let planned = muster.run(plan.iter().chain(&["--suppress", "none.txt"])).exits(0).stdout();
    assert!(planned.contains("1 mail") && planned.contains("suppressed"), "{planned}");
    assert_eq!(database.text("SELECT to_regclass('muster.invites')"), "∅");
    let sender = ["--from", "no-reply@x.nl", "--link", "https://x.nl/{token}", "--yes", "--to-dir", "mails"];
    admin.run(["user", "invite", "a@x.nl"].iter().chain(&sender)).exits(0);
    role.may("SELECT ON ALL TABLES IN SCHEMA muster");
    let planned = role.muster().run(plan).exits(0).stdout();
    assert!(planned.contains("1 mail"), "{planned}");
    assert_eq!(database.text("SELECT count(*) FROM muster.invites"), "1");
}

#[test]
fn a_sequence_that_is_no_identity_needs_usage_for_every_owner() {
    for shared in [false, true] {
        let database = prepared();
        database.rows(
            "TRUNCATE accounts, users; ALTER TABLE accounts ALTER COLUMN id DROP IDENTITY; CREATE SEQUENCE \"Own Seq\";
             ALTER TABLE accounts ALTER COLUMN id SET DEFAULT nextval('\"Own Seq\"')",
        );
        if !shared {
            database.rows("ALTER SEQUENCE \"Own Seq\" OWNED BY accounts.id");
        }
        let role = Role::new(&database);
        role.may("USAGE ON SCHEMA public, muster").may("SELECT, INSERT ON ALL TABLES IN SCHEMA muster");
        role.may("SELECT, INSERT, UPDATE ON accounts, users");
        role.may(&format!("TEMPORARY ON DATABASE {}", database.name()));
        role.lacks(&["import", "accounts.csv", "users.csv"], "USAGE ON SEQUENCE public.\"Own Seq\"");
        role.may("USAGE ON SEQUENCE \"Own Seq\"");
        role.muster().run(["import", "accounts.csv", "users.csv"]).exits(0);
        assert_eq!(database.text("SELECT count(*) FROM users"), "2");
    }
}
