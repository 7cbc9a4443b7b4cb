//! What `muster undo` promises for renamed tables and columns, for files of several layouts, and to
//! the person at the terminal.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Database, Muster};

/// Tables that were there before muster: another schema, quoted names, an identity that cannot be written, no
/// `created_at`, one additional column, a generated one.
const TABLES: &str = "CREATE SCHEMA crm;
    CREATE TABLE crm.\"Customer\" (customer_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        \"Old Number\" varchar(20) UNIQUE, title text, plan text, tags text[] NOT NULL DEFAULT '{}',
        note text DEFAULT 'mine', shouted text GENERATED ALWAYS AS (upper(title)) STORED, changed timestamptz);
    CREATE TABLE people (id bigserial PRIMARY KEY, mail text UNIQUE, phone text, created_at timestamptz,
        updated_at timestamptz, customer bigint NOT NULL REFERENCES crm.\"Customer\")";
const ACCOUNTS: &str = r#"
entity = "accounts"
key = "legacyId"
[table]
schema = "crm"
name = "Customer"
id = "customer_no"
created_at = false
updated_at = "changed"
[[field]]
name = "legacyId"
type = "text"
required = true
column = "Old Number"
[[field]]
name = "name"
type = "text"
column = "title"
[[field]]
name = "plan"
type = "text"
[[field]]
name = "labels"
type = "list"
column = "tags"
"#;
const USERS: &str = r#"
entity = "users"
key = "email"
[table]
name = "people"
[[field]]
name = "email"
type = "email"
required = true
column = "mail"
[[field]]
name = "phone"
type = "phone"
default_country = "NL"
[[field]]
name = "account.legacyId"
type = "text"
required = true
references = "accounts"
column = "customer"
"#;

fn prepared(database: &Database) -> Muster {
    database.rows(TABLES);
    Muster::on(database).file("schemas/accounts.toml", ACCOUNTS).file("schemas/users.toml", USERS)
}

fn import(muster: &Muster, files: &[&str]) -> String {
    let mut arguments = vec!["import", "--schemas", "schemas", "--out", "out"];
    arguments.extend(files);
    muster.run(arguments).exits(0).summary("out")["run"].as_str().unwrap().to_owned()
}

fn tables(database: &Database) -> String {
    database.text("SELECT to_jsonb(t) FROM crm.\"Customer\" t ORDER BY \"Old Number\"")
        + "\n"
        + &database.text("SELECT to_jsonb(t) FROM people t ORDER BY mail")
}

#[test]
fn runs_over_renamed_tables_are_undone_one_after_the_other() {
    let database = Database::new();
    let muster = prepared(&database);
    let empty = tables(&database);
    // Two layouts each: the second file lacks columns, and has the others in another order.
    muster.write("accounts-1.csv", "legacyId,name,plan,labels\nA1,One,Fleet,\"x,y\"\nA2,Two,,\n");
    muster.write("accounts-2.csv", "plan,legacyId\nBasic,A3\n");
    muster.write("users-1.csv", "email,account.legacyId,phone\na@x.nl,A1,+31612345678\nb@x.nl,A2,\n");
    muster.write("users-2.csv", "account.legacyId,email\nA3,c@x.nl\n");
    let files = ["accounts-1.csv", "accounts-2.csv", "users-1.csv", "users-2.csv"];
    let first = import(&muster, &files);
    let between = tables(&database);
    muster.write("accounts-1.csv", "labels,legacyId,name\nz,A1,Eén\n\"\",A4,Four\n");
    muster.write("accounts-2.csv", "plan,legacyId\n,A3\nFleet,A2\n");
    muster.write("users-1.csv", "email,account.legacyId,phone\na@x.nl,A1,\nd@x.nl,A4,+31612345679\n");
    muster.write("users-2.csv", "account.legacyId,email\nA3,c@x.nl\nA4,e@x.nl\n");
    let second = import(&muster, &files);
    let after = tables(&database);

    let refused = muster.run(["undo", "--yes", &first]).exits(4);
    assert!(refused.stderr().contains(&format!("accounts A1: changed since by run {second}")), "{refused}");
    let planned = muster.run(["undo", "--dry-run", &second]).exits(0);
    assert!(planned.stdout().contains("1 deleted, 3 restored"), "{planned}");
    assert!(planned.stdout().contains("2 deleted, 1 restored"), "{planned}");
    assert_eq!(tables(&database), after, "a dry run changes nothing");

    database.rows("UPDATE crm.\"Customer\" SET note = 'edited' WHERE \"Old Number\" = 'A3'");
    database.rows("DELETE FROM people WHERE mail = 'e@x.nl'");
    let edited = tables(&database);
    let refused = muster.run(["undo", "--yes", &second]).exits(4).stderr();
    for row in ["accounts A3: changed since by somebody else", "deleted since"] {
        assert!(refused.contains(row), "{row}: {refused}");
    }
    assert!(!refused.contains("accounts A1") && !refused.contains("a@x.nl"), "{refused}");
    assert_eq!(tables(&database), edited);

    // A row that is again as the run left it does not prevent the undo; a deleted one does.
    database.rows("UPDATE crm.\"Customer\" SET note = 'mine' WHERE \"Old Number\" = 'A3'");
    let refused = muster.run(["undo", "--yes", &second]).exits(4).stderr();
    assert!(!refused.contains("A3") && refused.contains("deleted since"), "{refused}");
    assert_eq!(database.text("SELECT count(*) FROM muster.runs"), "2");
    assert_ne!(between, empty);
}

#[test]
fn undoing_the_last_two_runs_leaves_no_trace_in_existing_tables() {
    let database = Database::new();
    let muster = prepared(&database);
    let empty = tables(&database);
    muster.write("accounts.csv", "legacyId,name,plan,labels\nA1,One,Fleet,\"x,y\"\nA2,Two,,\n");
    muster.write("users.csv", "email,account.legacyId,phone\na@x.nl,A1,+31612345678\n");
    let first = import(&muster, &["accounts.csv", "users.csv"]);
    let between = tables(&database);
    muster.write("accounts.csv", "legacyId,labels\nA1,z\nA3,\n");
    muster.write("users.csv", "email,account.legacyId,phone\na@x.nl,A1,\nb@x.nl,A3,\n");
    let second = import(&muster, &["accounts.csv", "users.csv"]);
    muster.run(["undo", "--yes", &second[..13], "--out", "undone"]).exits(0);
    assert_eq!(tables(&database), between);
    muster.run(["undo", "--yes", &first]).exits(0);
    assert_eq!(tables(&database), empty);
    // And back again.
    import(&muster, &["accounts.csv", "users.csv"]);
}

/// Runs `muster undo` at a terminal, types, and gives what the screen showed and the exit code.
fn at_a_terminal(muster: &Muster, run: &str, typed: &[u8]) -> (String, Option<i32>) {
    let undo = muster.command(["undo", run]);
    // The program `script` makes the terminal (util-linux; bsdutils is on every Debian).
    let mut terminal = Command::new("script");
    let line = format!("'{}' undo {run}", undo.get_program().to_str().unwrap());
    terminal.args(["-q", "-e", "-c", &line, "/dev/null"]).current_dir(undo.get_current_dir().unwrap());
    for (name, value) in undo.get_envs() {
        match value {
            Some(value) => terminal.env(name, value),
            None => terminal.env_remove(name),
        };
    }
    terminal.env("SHELL", "/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = terminal.spawn().expect("the tests need the `script` program (package bsdutils)");
    let (mut keys, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut shown, mut byte) = (Vec::new(), [0]);
    while !shown.ends_with(b"[y/N] ") && screen.read(&mut byte).unwrap_or(0) == 1 {
        shown.push(byte[0]);
    }
    keys.write_all(typed).unwrap();
    keys.flush().unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > end {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    drop(keys);
    screen.read_to_end(&mut shown).unwrap();
    (String::from_utf8_lossy(&shown).into_owned(), status.code())
}

#[cfg(target_os = "linux")]
#[test]
fn at_a_terminal_the_person_is_asked_and_may_say_no() {
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.csv", "legacyId,name\nA1,One\nA2,Two\n");
    muster.run(["import", "accounts.csv"]).exits(0);
    let run = database.text("SELECT id FROM muster.runs");
    for (typed, code, said) in [
        (&b"n\n"[..], 4, "not confirmed; nothing has been changed"),
        (b"\n", 4, "not confirmed"),
        (b"\x04", 4, "not confirmed"),
        (b"\x03", 130, "interrupted; the target is as it was before"),
        (b"Yes\n", 0, "2 deleted, 0 restored"),
    ] {
        assert_eq!(database.text("SELECT count(*) FROM accounts"), "2");
        let (screen, status) = at_a_terminal(&muster, &run, typed);
        assert!(screen.contains(&format!("Undo run {run}")), "{screen}");
        assert!(screen.contains("accounts: delete 2, restore 0"), "{screen}");
        assert_eq!(status, Some(code), "{typed:?}: {screen}");
        assert!(screen.contains(said), "{typed:?}: {screen}");
    }
    assert_eq!(database.text("SELECT count(*) FROM accounts"), "0");
}
