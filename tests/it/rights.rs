//! What README says that a role needs, to the letter: with exactly these rights it works, and where one of them
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

    /// Grants what comes behind GRANT and before TO.
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

fn latest(database: &Database) -> String {
    database.text("SELECT id FROM muster.runs WHERE undoes IS NULL ORDER BY finished DESC LIMIT 1")
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
fn an_import_by_a_lesser_role_works_and_says_why_it_is_not_the_fast_way() {
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
    let run = latest(&database);
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
    role.lacks(&undo, "SELECT ON notes");
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
    muster.run(["runs", "show", &latest(&database)]).exits(0);
    let prune = ["runs", "prune", "--older-than", "0h"];
    role.lacks(&prune, "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA muster");
    role.may("SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA muster");
    let forget = ["runs", "forget", "--email", "a@x.nl"];
    role.may("USAGE ON SCHEMA public").may("SELECT ON accounts");
    role.lacks(&forget, "SELECT ON public.users");
    role.may("SELECT ON users");
    muster.run(forget).exits(0);
    muster.run(prune).exits(0);
    assert_eq!(database.text("SELECT count(*) FROM muster.inserted"), "0");
}
