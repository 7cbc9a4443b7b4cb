//! Connection poolers: one that hands each transaction to another server process is refused before anything is set or
//! locked there; one that keeps a process for the session works like the server itself.

use muster::internals::db::postgres::{Client, NoTls, SimpleQueryMessage};

use crate::support::{Database, Muster, Pooler, block_on};

const ACCOUNTS: &str = "legacyId,name\nA1,One\nA2,Two\n";
const USERS: &str = "email,accountId\na@x.nl,A1\nb@x.nl,A2\n";

fn files(url: &str) -> Muster {
    Muster::new().file("accounts.csv", ACCOUNTS).file("users.csv", USERS).env("DATABASE_URL", url)
}

/// An application's connections, each with its settings in another process of the pool.
async fn application(url: &str, connections: usize) -> Vec<Client> {
    let mut clients = Vec::new();
    for _ in 0..connections {
        let (client, connection) = muster::internals::db::postgres::connect(url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("BEGIN; SET statement_timeout = '7s'").await.unwrap();
        clients.push(client);
    }
    for client in &clients {
        client.batch_execute("COMMIT").await.unwrap();
    }
    clients
}

/// A setting in as many processes as there are connections.
async fn setting(clients: &[Client], name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for client in clients {
        let answers = client.simple_query(&format!("BEGIN; SHOW {name}")).await.unwrap();
        found.extend(answers.iter().find_map(|answer| match answer {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        }));
    }
    for client in clients {
        client.batch_execute("COMMIT").await.unwrap();
    }
    found
}

const LEFT: &str = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE l.locktype = 'advisory' AND d.datname = current_database()";

#[test]
fn a_pool_that_shares_processes_is_refused_and_left_as_it_was() {
    let database = Database::new();
    for (mode, connections, settings) in [
        ("transaction", 0, ""),
        ("transaction", 1, "default_pool_size = 1"),
        ("transaction", 8, ""),
        ("transaction", 8, "server_round_robin = 1"),
        ("statement", 0, ""),
    ] {
        let Some(pooler) = Pooler::start(mode, settings) else { return };
        let url = pooler.url(&database);
        block_on(async {
            let application = application(&url, connections).await;
            let muster = files(&url);
            let lines = [
                &["import", "accounts.csv", "users.csv", "--out", "out"][..],
                &["export", "--out", "exported", "--connections", "4"],
                &["check", "accounts.csv", "users.csv", "--against-database", "--out", "checked"],
                &["runs"],
                &["account", "list"],
            ];
            for line in &lines[..if settings.is_empty() && connections > 0 { 5 } else { 1 }] {
                let run = muster.run(*line).exits(1);
                assert!(run.stderr().contains("pool_mode = session"), "{mode} {settings}{run}");
            }
            let kept = setting(&application, "statement_timeout").await;
            assert_eq!(kept, vec!["7s"; connections], "{mode} {settings}");
        });
        assert_eq!(database.text(LEFT), "0", "{mode} {settings}");
        assert_eq!(database.text("SELECT count(*) FROM pg_class WHERE relname IN ('users', 'runs')"), "0");
    }
}

#[test]
fn a_pool_that_keeps_a_process_for_the_session_works_as_the_server_does() {
    let database = Database::new();
    let Some(pooler) = Pooler::start("session", "") else { return };
    let url = pooler.url(&database);
    let muster = files(&url);
    // The process goes back to the pool each time, and is given out again.
    for inserted in [2, 0] {
        let import = ["import", "accounts.csv", "users.csv", "--out", "out"];
        let summary = muster.run(import).exits(0).summary("out");
        assert_eq!(summary["entities"][1]["inserted"], inserted, "{summary}");
    }
    std::thread::scope(|scope| {
        // Several at once do not take each other for shared.
        let lines = [
            &["export", "--out", "exported", "--connections", "4"][..],
            &["check", "users=users.csv", "--against-database", "--out", "checked"],
            &["user", "list"],
            &["runs"],
        ];
        for line in lines {
            let muster = &muster;
            scope.spawn(move || muster.run(line).exits(0));
        }
    });
    muster.run(["verify", "exported", "--against-database"]).exits(0);
    let run = database.latest_run();
    assert_eq!(database.text("SELECT count(*) FROM users"), "2");
    muster.run(["undo", &run, "--yes"]).exits(0);
    assert_eq!(database.text(LEFT), "0", "the lock is released with the session");
    block_on(async {
        let application = application(&url, 3).await;
        assert_eq!(setting(&application, "client_connection_check_interval").await, ["0"; 3]);
    });
}

#[test]
fn a_pool_with_a_single_process_for_a_session_is_not_taken_for_a_shared_one() {
    let database = Database::new();
    let Some(pooler) = Pooler::start("session", "default_pool_size = 1") else { return };
    let muster = files(&pooler.url(&database));
    muster.run(["import", "accounts.csv", "users.csv", "--out", "out"]).exits(0);
    assert_eq!(database.text("SELECT count(*) FROM users"), "2");
}
