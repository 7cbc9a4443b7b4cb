//! Tables that another transaction rewrites while a command begins. A snapshot that was taken before would see them empty.

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Database, Muster, block_on};

/// Rewrites both tables in a transaction and keeps it open until a session of muster's waits for it, and a little longer.
fn rewriting<R: Send>(database: &Database, longer: u64, command: impl FnOnce() -> R + Send) -> R {
    let (rewritten, is_rewritten) = channel();
    let (go_on, may_go_on) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            block_on(async {
                let session =
                    muster::internals::db::connect(Some(&database.url()), "rewrites").await.unwrap();
                session.client.batch_execute(REWRITE).await.unwrap();
                rewritten.send(()).unwrap();
                let _ = may_go_on.recv();
                session.client.batch_execute("COMMIT").await.unwrap();
            });
        });
        is_rewritten.recv().unwrap();
        let run = scope.spawn(command);
        let end = Instant::now() + Duration::from_secs(30);
        while database.text(WAITING) == "0" {
            assert!(Instant::now() < end && !run.is_finished(), "the command did not wait");
            thread::sleep(Duration::from_millis(5));
        }
        thread::sleep(Duration::from_millis(longer));
        go_on.send(()).unwrap();
        run.join().unwrap()
    })
}

const REWRITE: &str = "BEGIN; ALTER TABLE accounts ALTER name TYPE text USING name || '';
    ALTER TABLE users ALTER email TYPE text USING email || ''";

const WAITING: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND application_name LIKE 'muster%' AND datname = current_database()";

#[test]
fn no_command_takes_a_table_that_is_being_rewritten_for_empty() {
    let database = Database::new();
    let muster = Muster::imported(
        &database,
        "legacyId,name\nA1,One\nA2,Two\n",
        "email,accountId\na@x.nl,A1\nb@x.nl,A2\nc@x.nl,A2\n",
    );
    muster.write("more.csv", "email,accountId\na@x.nl,A1\nd@x.nl,A2\n");
    for longer in [0, 30] {
        for connections in ["1", "2", "4"] {
            let line = ["export", "--out", "exported", "--connections", connections];
            rewriting(&database, longer, || muster.run(line)).exits(0);
            for (file, rows) in [("accounts", 2), ("users", 3)] {
                let path = muster.path(&format!("exported/{file}.csv"));
                let text = std::fs::read_to_string(path).unwrap();
                assert_eq!(text.lines().count(), 1 + rows, "{connections} {file}");
            }
            rewriting(&database, longer, || muster.run(["verify", "exported", "--against-database"]))
                .exits(0);
        }
        let since = ["export", "--out", "next", "--changes-since", "exported"];
        let next = rewriting(&database, longer, || muster.run(since)).exits(0);
        assert_eq!(next.text("next/users.changes.csv").lines().count(), 1, "{next}");
        let listed = rewriting(&database, longer, || muster.run(["user", "list"])).exits(0);
        assert_eq!(listed.stdout().lines().count(), 1 + 3, "{listed}");
        rewriting(&database, longer, || muster.run(["account", "show", "A2"])).exits(0);
        let check = ["check", "users=more.csv", "--against-database", "--out", "checked"];
        rewriting(&database, longer, || muster.run(check)).exits(0);
        let import = ["import", "--dry-run", "users=more.csv", "--out", "planned"];
        let planned = rewriting(&database, longer, || muster.run(import)).exits(0).summary("planned");
        let counts = &planned["entities"][0];
        assert_eq!((&counts["inserted"], &counts["unchanged"]), (&1.into(), &1.into()), "{planned}");
    }
    let import = ["import", "users=more.csv", "--out", "out"];
    rewriting(&database, 0, || muster.run(import)).exits(0);
    assert_eq!(database.text("SELECT count(*) FROM users"), "4");
}
