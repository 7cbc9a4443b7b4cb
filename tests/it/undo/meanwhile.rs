//! What other sessions do while a run is undone: they prune the journal, and forget a person.
#![cfg(feature = "fault-points")]

use crate::support::{Database, Halted, Muster, said};

const ACCOUNTS: &str = "legacyId,name\nA1,One\n";

/// A run that updated one user and inserted another.
fn prepared() -> (Database, Muster) {
    let users = "email,accountId,lastName\na@x.nl,A1,Old\n";
    let next = "email,accountId,lastName\na@x.nl,A1,New\nb@x.nl,A1,New\n";
    let (database, muster) = Muster::after([ACCOUNTS, users], [ACCOUNTS, next]);
    muster.run(["import", "accounts.csv", "users.csv", "--out", "out"]).exits(0);
    (database, muster)
}

const NAMES: &str = "SELECT email, contact_last_name FROM users ORDER BY 1";

#[test]
fn undo_data_is_not_removed_while_an_undo_needs_it() {
    for removal in
        [&["runs", "prune", "--older-than", "0d"][..], &["runs", "forget", "--email", "a@x.nl", "--yes"]]
    {
        let (database, muster) = prepared();
        let undo = ["undo", &database.latest_run(), "--yes"];
        let halted = Halted::at(&muster, "undo-locked", undo);
        std::thread::scope(|scope| {
            let removing = scope.spawn(|| muster.run(removal));
            database.until(
                "SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                 WHERE NOT l.granted AND a.datname = current_database()",
            );
            let output = halted.go_on();
            assert_eq!(output.status.code(), Some(0), "{}", said(&output));
            removing.join().unwrap().exits(0);
        });
        assert_eq!(database.text(NAMES), "a@x.nl|Old", "{removal:?}");
    }
}

#[test]
fn an_undo_that_waited_until_its_undo_data_was_gone_is_refused() {
    let (database, muster) = prepared();
    std::thread::scope(|scope| {
        let pruning =
            "BEGIN; UPDATE muster.runs SET undoable = false, pruned = now(); DELETE FROM muster.updated;
            SELECT pg_sleep(1); COMMIT";
        scope.spawn(|| database.rows(pruning));
        database.until(
            "SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(1)%' AND wait_event = 'PgSleep'",
        );
        let refused = muster.run(["undo", &database.latest_run(), "--yes"]).exits(4);
        assert!(refused.stderr().contains("its undo data was pruned"), "{refused}");
    });
    assert_eq!(database.text(NAMES), "a@x.nl|New\nb@x.nl|New");
}
