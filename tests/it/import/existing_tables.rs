//! Tables that the user already has: used as they are where they fit, and refused before a record is read, with all
//! that does not fit, where they do not.

use crate::support::{Database, Muster};

/// Two small entities whose tables and columns have other names than the fields.
const ACCOUNTS: &str = "entity = \"accounts\"\nkey = \"legacyId\"\n[table]\nschema = \"crm\"\nname = \"Customer\"\nid = \"customer_no\"\n\
    created_at = false\nupdated_at = \"changed\"\n\
    [[field]]\nname = \"legacyId\"\ntype = \"text\"\nrequired = true\ncolumn = \"Old Number\"\n\
    [[field]]\nname = \"name\"\ntype = \"text\"\ncolumn = \"title\"\n";
const USERS: &str = "entity = \"users\"\nkey = \"email\"\n[table]\nname = \"people\"\n\
    [[field]]\nname = \"email\"\ntype = \"email\"\nrequired = true\ncolumn = \"mail\"\n\
    [[field]]\nname = \"account.legacyId\"\ntype = \"text\"\nrequired = true\nreferences = \"accounts\"\ncolumn = \"customer\"\n";

/// The built-in tables, as `muster schema ddl` makes them, changed by `change`.
fn changed(change: &str) -> (Database, Muster) {
    let database = Database::new();
    let muster = Muster::on(&database)
        .file("accounts.csv", "legacyId,name\nA1,One\n")
        .file("users.csv", "email,accountId\na@x.nl,A1\nb@,A1\n");
    database.rows(&muster.run(["schema", "ddl"]).exits(0).stdout());
    database.rows(change);
    (database, muster)
}

/// Expects that the run ends before a record is read, with all of this said.
#[track_caller]
fn refused(change: &str, said: &[&str]) {
    let (database, muster) = changed(change);
    let run = muster.run(["import", "accounts.csv", "users.csv", "--out", "out"]).exits(1);
    for part in said {
        assert!(run.stderr().contains(part), "{part} is not said{run}");
    }
    assert!(!muster.path("out/rejects.ndjson").exists(), "records were read{run}");
    assert_eq!(database.text("SELECT count(*) FROM accounts"), "0");
}

#[test]
fn tables_and_columns_may_have_other_names_than_the_fields() {
    let database = Database::new();
    database.rows(
        "CREATE SCHEMA crm;
         CREATE TABLE crm.\"Customer\" (customer_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
             \"Old Number\" varchar(20) UNIQUE, title text, note text DEFAULT 'mine', changed timestamptz);
         CREATE TABLE people (id bigserial PRIMARY KEY, mail text UNIQUE, created_at timestamptz,
             updated_at timestamptz, customer bigint REFERENCES crm.\"Customer\")",
    );
    let muster = Muster::on(&database)
        .file("accounts.csv", "legacyId,name\nA1,One\nA2,Two\n")
        .file("users.csv", "email,account.legacyId\na@x.nl,A2\n")
        .file("schemas/accounts.toml", ACCOUNTS)
        .file("schemas/users.toml", USERS);
    let arguments = ["import", "accounts.csv", "users.csv", "--schemas", "schemas", "--out", "out"];
    muster.run(arguments).exits(0);
    let rows = "SELECT p.mail, c.\"Old Number\", c.title, c.note, c.changed IS NOT NULL
                FROM people p JOIN crm.\"Customer\" c ON c.customer_no = p.customer";
    assert_eq!(database.text(rows), "a@x.nl|A2|Two|mine|t");
    let again = muster.run(arguments).exits(0);
    for entity in again.summary("out")["entities"].as_array().unwrap() {
        assert_eq!(entity["unchanged"], entity["read"], "{again}");
    }
}

#[test]
fn all_mismatches_with_a_table_are_reported_at_once() {
    refused(
        "ALTER TABLE accounts DROP COLUMN plan, ADD COLUMN tenant text NOT NULL;
         ALTER TABLE users DROP COLUMN migrated, ADD COLUMN migrated integer",
        &["no column plan", "column tenant", "column migrated: the type is integer"],
    );
}

#[test]
fn a_key_needs_a_unique_index_that_can_be_relied_on() {
    let key = "DO $$ DECLARE c text; BEGIN SELECT conname INTO c FROM pg_constraint WHERE conrelid = 'users'::regclass
               AND contype = 'u' AND pg_get_constraintdef(oid) LIKE '%(email)%';
               EXECUTE format('ALTER TABLE users DROP CONSTRAINT %I', c); END $$";
    for instead in [
        "",
        "ALTER TABLE users ADD UNIQUE (email) DEFERRABLE",
        "CREATE UNIQUE INDEX ON users (email) WHERE migrated",
        "CREATE UNIQUE INDEX ON users (lower(email))",
        "CREATE UNIQUE INDEX ON users (email, id)",
    ] {
        refused(&format!("{key}; {instead}"), &["CREATE UNIQUE INDEX", "email"]);
    }
}

#[test]
fn missing_rights_are_named_with_the_statement_that_grants_them() {
    let (database, muster) =
        changed("CREATE ROLE lesser LOGIN; GRANT SELECT, INSERT ON accounts, users TO lesser");
    let muster = muster.env("DATABASE_URL", database.url().replace("user=postgres", "user=lesser"));
    let run = muster.run(["import", "accounts.csv", "users.csv", "--out", "out"]).exits(1);
    for table in ["accounts", "users"] {
        assert!(run.stderr().contains(&format!("GRANT UPDATE ON \"public\".\"{table}\" TO lesser")), "{run}");
    }
    assert!(!muster.path("out/rejects.ndjson").exists(), "{run}");
    // To check, reading is enough.
    muster.run(["check", "users.csv", "accounts.csv", "--against-database", "--out", "out"]).exits(3);
    database.rows("DROP OWNED BY lesser; DROP ROLE lesser");
}

#[test]
fn columns_that_the_schema_does_not_know_are_left_alone() {
    let (database, muster) = changed("ALTER TABLE users ADD COLUMN note text NOT NULL DEFAULT 'mine'");
    muster.run(["import", "accounts.csv", "users.csv", "--out", "out"]).exits(3);
    database.rows("UPDATE users SET note = 'edited'");
    muster.write("users.csv", "email,accountId,lastName\na@x.nl,A1,New\n");
    muster.run(["import", "users.csv", "--out", "out"]).exits(0);
    assert_eq!(database.text("SELECT email, contact_last_name, note FROM users"), "a@x.nl|New|edited");
}

#[test]
fn what_is_no_table_is_named_as_what_it_is() {
    let columns = "(id bigint, legacy_id text, name text)";
    for (made, kind) in [
        ("CREATE VIEW accounts AS SELECT * FROM was".to_owned(), "a view"),
        ("CREATE MATERIALIZED VIEW accounts AS SELECT * FROM was".to_owned(), "a materialised view"),
        (
            format!(
                "CREATE FOREIGN DATA WRAPPER none; CREATE SERVER away FOREIGN DATA WRAPPER none;
                 CREATE FOREIGN TABLE accounts {columns} SERVER away"
            ),
            "a foreign table",
        ),
        ("CREATE SEQUENCE accounts".to_owned(), "a sequence"),
    ] {
        let database = Database::new();
        database.rows(&format!("CREATE TABLE was {columns}; {made}"));
        let muster = Muster::on(&database).file("accounts.csv", "legacyId,name\nA1,One\n");
        let check = ["check", "--against-database", "accounts.csv"];
        for line in [&["import", "accounts.csv"][..], &check, &["export", "accounts", "--out", "out"]] {
            let run = muster.run(line).exits(1);
            assert!(run.stderr().contains(&format!("\"accounts\": is {kind}")), "{run}");
        }
    }
}

#[test]
fn entities_whose_long_names_begin_alike_are_kept_apart() {
    let long = "customers_of_the_former_energy_company_in_the_north_of_holland";
    let database = Database::new();
    let mut muster = Muster::on(&database);
    for end in ["east", "west"] {
        let schema = format!(
            "entity = \"{long}_{end}\"\nkey = \"code\"\n[table]\nname = \"t_{end}\"\n[[field]]\nname = \"code\"\n\
             type = \"text\"\nrequired = true\n[[field]]\nname = \"title\"\ntype = \"text\"\n"
        );
        muster = muster.file(&format!("schemas/{long}_{end}.toml"), schema);
        muster = muster.file(&format!("{long}_{end}.csv"), format!("code,title\n{end},One\n"));
    }
    let files = ["east", "west"].map(|end| format!("{long}_{end}.csv"));
    let import = ["import", "--schemas", "schemas", "--report-absent", "--out", "out", &files[0], &files[1]];
    muster.run(import).exits(0);
    for end in ["east", "west"] {
        muster.write(&format!("{long}_{end}.csv"), format!("code,title\n{end},Two\nnew,New\n"));
    }
    let run = muster.run(import).exits(0);
    for entity in run.summary("out")["entities"].as_array().unwrap() {
        assert_eq!([&entity["inserted"], &entity["updated"]], [1, 1], "{run}");
    }
    muster.run(["undo", "--yes", &database.latest_run()]).exits(0);
    let rows = "SELECT code, title FROM t_east UNION ALL SELECT code, title FROM t_west";
    assert_eq!(database.text(rows), "east|One\nwest|One");
}
