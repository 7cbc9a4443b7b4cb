//! An ordinary restart of the server while a run is under way: one before COMMIT fails the run and leaves the target
//! as it was; one that comes when COMMIT was sent or answered takes nothing away.

use crate::support::{Cluster, Database, Halted, Muster, block_on, said};

use super::ends::{SESSION, is_after_commit, is_in, recovers};
use super::ways::{IMPORT, Way, answered, filled, fresh, picture, unanswered};

/// A separate server: every session on it ends.
fn ways() -> (&'static Cluster, [Way; 2]) {
    let server: &Cluster = Box::leak(Box::new(Cluster::start("synchronous_standby_names = 'nobody'", false)));
    (server, [Way::new(server, "fresh", fresh), Way::new(server, "filled", filled)])
}

/// The run came to nothing and says so, in the way of interface.md.
fn came_to_nothing(
    way: &Way,
    database: &Database,
    muster: &Muster,
    output: &std::process::Output,
    case: &str,
) {
    assert_eq!(output.status.code(), Some(1), "{case}: {}", said(output));
    assert!(said(output).contains("lost"), "{case}: {}", said(output));
    let summary = std::fs::read_to_string(muster.path("out/summary.json")).unwrap_or_default();
    assert!(summary.contains("\"status\": \"failed\""), "{case}: {summary}");
    assert_eq!(picture(database), way.untouched, "{case}");
    recovers(way, database, muster, case);
}

#[test]
fn a_server_restart_at_any_point_loses_no_committed_row_and_leaves_no_other() {
    let (server, ways) = ways();
    let points = [
        (0, "read", "fast"),
        (0, "taken-down", "fast"),
        (0, "copy-half:2", "fast"),
        (0, "put-back", "immediate"),
        (0, "run-noted", "fast"),
        (0, "committed", "fast"),
        (1, "lock-taken", "fast"),
        (1, "stage-half", "fast"),
        (1, "facts-found", "fast"),
        (1, "updated:2", "immediate"),
        (1, "before-commit", "fast"),
        (1, "commit-sent", "fast"),
        (1, "renaming:2", "fast"),
    ];
    for (way, point, mode) in points {
        let (way, case) = (&ways[way], format!("{} {point} {mode}", ways[way].name));
        let database = way.target.copy();
        let sent = point == "commit-sent";
        if sent {
            unanswered(&database);
        }
        let muster = way.muster(&database);
        let run = Halted::at(&muster, point, IMPORT);
        if sent {
            database.until(&format!("SELECT {SESSION} AND wait_event = 'SyncRep'"));
        }
        server.restart(mode);
        let output = run.go_on();
        if sent || is_after_commit(point) {
            assert_eq!(output.status.code(), Some(3), "{case}: {}", said(&output));
            if sent {
                answered(&database);
            }
            is_in(way, &database, &muster, &case);
        } else {
            came_to_nothing(way, &database, &muster, &output, &case);
        }
    }
}

/// The server ends the statement itself, where at a point the session is idle.
#[test]
fn a_server_restart_during_a_statement_leaves_the_target_unchanged() {
    let (server, ways) = ways();
    let way = &ways[1];
    let database = way.target.copy();
    let muster = way.muster(&database);
    let run = Halted::at(&muster, "settled", IMPORT);
    let output = block_on(async {
        let other = muster::internals::db::connect(Some(&database.url()), "in the way").await.unwrap();
        other.client.batch_execute("BEGIN; UPDATE accounts SET plan = 'x'").await.unwrap();
        run.let_go();
        database.until(&format!("SELECT {SESSION} AND wait_event_type = 'Lock'"));
        server.restart("fast");
        run.go_on()
    });
    came_to_nothing(way, &database, &muster, &output, "at work");
}
