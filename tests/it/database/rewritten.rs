//! Tables that another transaction rewrites while a command begins. A snapshot that was taken before would see them empty.

use std::fs;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Database, Finished, Muster, block_on};

/// How long after the command's start the rewrite is committed, in milliseconds.
const HELD: [u64; 5] = [0, 10, 30, 100, 1000];

const REWRITE: &str = "BEGIN; ALTER TABLE accounts ALTER name TYPE text USING name || '';
    ALTER TABLE users ALTER email TYPE text USING email || ''";

/// Runs a command while both tables have been rewritten in a transaction that is committed so long after its start.
fn rewriting(database: &Database, held: u64, command: impl FnOnce() -> Finished + Send) -> Finished {
    let (rewritten, is_rewritten) = channel();
    let (start, started) = channel::<Instant>();
    thread::scope(|scope| {
        scope.spawn(move || {
            block_on(async {
                let session =
                    muster::internals::db::connect(Some(&database.url()), "rewrites").await.unwrap();
                session.client.batch_execute(REWRITE).await.unwrap();
                rewritten.send(()).unwrap();
                let end = started.recv().unwrap() + Duration::from_millis(held);
                thread::sleep(end.saturating_duration_since(Instant::now()));
                session.client.batch_execute("COMMIT").await.unwrap();
            });
        });
        is_rewritten.recv().unwrap();
        start.send(Instant::now()).unwrap();
        let begun = Instant::now();
        let finished = command();
        // No command can have read the tables before.
        assert!(begun.elapsed() >= Duration::from_millis(held), "{finished}");
        finished
    })
}

/// The tables' keys, one a line, as exports and lists order them.
fn keys(database: &Database, table: &str) -> Vec<String> {
    let key = if table == "users" { "email" } else { "legacy_id" };
    let keys = database.text(&format!("SELECT {key} FROM {table} ORDER BY {key} COLLATE \"C\""));
    keys.lines().map(str::to_owned).collect()
}

/// The first cells of the lines after a header.
fn first_cells(text: &str, delimiter: char) -> Vec<String> {
    text.lines().skip(1).map(|line| line.split(delimiter).next().unwrap().trim().to_owned()).collect()
}

type Test = fn(&Database, &Muster, u64);

fn export(database: &Database, muster: &Muster, held: u64, connections: &str) {
    let line = ["export", "--out", "exported", "--connections", connections];
    rewriting(database, held, || muster.run(line)).exits(0);
    for table in ["accounts", "users"] {
        let text = fs::read_to_string(muster.path(&format!("exported/{table}.csv"))).unwrap();
        assert_eq!(first_cells(&text, ','), keys(database, table), "{held} ms, {connections} connections");
    }
}

fn import(database: &Database, muster: &Muster, held: u64, files: &[&str]) {
    // Rows that are there, with other values each time, and a new one.
    let rows: String = keys(database, "users").iter().map(|email| format!("{email},A1,{held}\n")).collect();
    muster.write("users.csv", format!("email,accountId,lastName\n{rows}new{held}@x.nl,A2,{held}\n"));
    let line = [&["import", "--out", "out", "--move-users"][..], files].concat();
    let known = keys(database, "users").len();
    let summary = rewriting(database, held, || muster.run(line)).exits(0).summary("out");
    let counts = summary["entities"].as_array().unwrap().last().unwrap();
    assert_eq!((&counts["inserted"], &counts["updated"]), (&1.into(), &known.into()), "{held} ms: {summary}");
    let written = format!("SELECT count(*) FROM users WHERE contact_last_name = '{held}'");
    assert_eq!(database.text(&written), (known + 1).to_string(), "{held} ms");
}

const TESTS: [Test; 10] = [
    |database, muster, held| export(database, muster, held, "1"),
    |database, muster, held| export(database, muster, held, "2"),
    |database, muster, held| export(database, muster, held, "4"),
    |database, muster, held| import(database, muster, held, &["accounts.csv", "users.csv"]),
    |database, muster, held| import(database, muster, held, &["users.csv"]),
    |database, muster, held| {
        muster.write("more.csv", "email,accountId\na@x.nl,A1\nd@x.nl,A2\n");
        let line = ["check", "users=more.csv", "--against-database", "--out", "checked"];
        let summary = rewriting(database, held, || muster.run(line)).exits(0).summary("checked");
        assert_eq!(summary["entities"][0]["accepted"], 2, "{held} ms: {summary}");
    },
    |database, muster, held| {
        let listed = rewriting(database, held, || muster.run(["account", "list"])).exits(0);
        assert_eq!(first_cells(&listed.stdout(), ' '), keys(database, "accounts"), "{held} ms{listed}");
        let shown = rewriting(database, held.min(100), || muster.run(["account", "show", "A2"])).exits(0);
        assert!(shown.stdout().contains("Two"), "{held} ms{shown}");
    },
    |database, muster, held| {
        let listed = rewriting(database, held, || muster.run(["user", "list"])).exits(0);
        assert_eq!(first_cells(&listed.stdout(), ' '), keys(database, "users"), "{held} ms{listed}");
    },
    |database, muster, held| {
        muster.run(["export", "--out", "exported"]).exits(0);
        let line = ["verify", "exported", "--against-database"];
        rewriting(database, held, || muster.run(line)).exits(0);
    },
    |database, muster, held| {
        muster.run(["export", "--out", "earlier"]).exits(0);
        database.rows(&format!("UPDATE users SET contact_last_name = '{held}' WHERE email = 'a@x.nl'"));
        let line = ["export", "--changes-since", "earlier", "--out", "changes"];
        let changes = rewriting(database, held, || muster.run(line)).exits(0);
        let users = changes.text("changes/users.changes.csv");
        assert_eq!(users.lines().count(), 1 + 1, "{held} ms: {users}");
        assert!(users.contains("a@x.nl") && users.contains(&held.to_string()), "{held} ms: {users}");
    },
];

#[test]
fn no_command_takes_a_table_that_is_being_rewritten_for_empty() {
    let first = Database::new();
    let accounts = "legacyId,name\nA1,One\nA2,Two\n";
    let users = "email,accountId\na@x.nl,A1\nb@x.nl,A2\nc@x.nl,A2\n";
    let muster = Muster::imported(&first, accounts, users);
    drop(muster);
    let databases: Vec<_> = TESTS.iter().map(|test| (test, first.copy())).collect();
    thread::scope(|scope| {
        for (test, database) in &databases {
            scope.spawn(move || {
                let muster = Muster::on(database).file("accounts.csv", accounts);
                for &held in &HELD {
                    test(database, &muster, held);
                }
            });
        }
    });
}
