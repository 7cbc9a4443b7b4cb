//! The crash test: at every named point of both ways of loading the process is killed, and in another run the
//! server's side of it. Before COMMIT every table is as it was, after it every row is in; the locks are gone at once,
//! and the next import ends like an undisturbed one.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::ends::{SESSION, is_after_commit, is_in, locks_go, out, recovers};
use super::ways::{
    ACCOUNTS, IMPORT, USERS, Way, answered, filled, fresh, muster, outcome, picture, unanswered,
};
use crate::support::{Cluster, Database, Halted, Muster, killed_at, said};

/// How many cases run at a time.
const AT_A_TIME: usize = 4;

/// Runs cases on a few threads; the first that fails is shown, and the others are not begun.
fn each<'c, C: Sync>(cases: &'c [C], act: impl Fn(&'c C) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let stop = Stop(&next);
                    act(case);
                    std::mem::forget(stop);
                }
            });
        }
    });
}

/// Lets no further case begin when one has failed.
struct Stop<'n>(&'n AtomicUsize);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(usize::MAX / 2, Ordering::Relaxed);
    }
}

fn cases() -> Vec<(&'static Way, String)> {
    Way::all().iter().flat_map(|way| way.points().into_iter().map(move |point| (way, point))).collect()
}

#[test]
fn a_program_killed_at_any_point_leaves_all_or_nothing_and_no_lock() {
    let longest = Mutex::new(Duration::ZERO);
    let cases = cases();
    for name in ["fresh", "filled"] {
        let points = cases.iter().filter(|(way, _)| way.name == name).count();
        assert!(points > 30, "only {points} points on the {name} way");
    }
    each(&cases, |(way, point)| {
        let case = format!("{} {point}", way.name);
        let database = way.target.copy();
        let muster = way.muster(&database);
        killed_at(&muster, point, IMPORT);
        let took = locks_go(&database);
        let mut longest = longest.lock().unwrap();
        *longest = (*longest).max(took);
        drop(longest);
        let left = out(&muster);
        assert_eq!(left.contains("summary.json"), point == "published", "{case}: {left:?}");
        if is_after_commit(point) {
            return is_in(way, &database, &muster, &case);
        }
        assert!(left.iter().all(|name| name.ends_with(".partial")), "{case}: {left:?}");
        // A COMMIT that was sent is the server's business: all or nothing.
        if point == "commit-sent" && picture(&database) != way.untouched {
            return is_in(way, &database, &muster, &case);
        }
        assert_eq!(picture(&database), way.untouched, "{case}");
        recovers(way, &database, &muster, &case);
    });
    eprintln!("{} cases; the locks were gone after at most {:?}", cases.len(), longest.lock().unwrap());
}

#[test]
fn a_session_ended_at_any_point_fails_the_run_and_leaves_the_target_unchanged() {
    // The points at which there is no session yet, and those that have a separate test.
    let no = ["begun", "commit-sent", "renaming:2", "summary-next", "published"];
    let mut cases = cases();
    // One of the two entities is enough here: in empty tables the second, in filled ones the first.
    let names: Vec<_> = cases.iter().map(|(way, point)| (way.name, point.clone())).collect();
    cases.retain(|(way, point)| {
        let other = match way.name {
            "fresh" => names.contains(&("fresh", format!("{point}:2"))),
            _ => point.ends_with(":2"),
        };
        !no.contains(&point.as_str()) && !other
    });
    assert!(cases.len() > 50, "{}", cases.len());
    each(&cases, |(way, point)| {
        let case = format!("{} {point}", way.name);
        let database = way.target.copy();
        let muster = way.muster(&database);
        let run = Halted::at(&muster, point, IMPORT);
        assert_eq!(
            database.text(&format!("SELECT pg_terminate_backend(pid, 5000) {SESSION}")),
            "t",
            "{case}"
        );
        let output = run.go_on();
        if is_after_commit(point) {
            assert_eq!(output.status.code(), Some(3), "{case}: {}", said(&output));
            return is_in(way, &database, &muster, &case);
        }
        assert_eq!(output.status.code(), Some(1), "{case}: {}", said(&output));
        assert!(said(&output).contains("lost"), "{case}: {}", said(&output));
        assert_eq!(picture(&database), way.untouched, "{case}");
        let summary = std::fs::read_to_string(muster.path("out/summary.json")).unwrap_or_default();
        assert!(summary.contains("\"status\": \"failed\""), "{case}: {summary}");
        recovers(way, &database, &muster, &case);
    });
}

#[test]
fn a_session_ended_between_commit_and_its_reply_is_asked_for() {
    for way in &Way::all()[1..] {
        let database = way.target.copy();
        unanswered(&database);
        let muster = way.muster(&database);
        let run = Halted::at(&muster, "commit-sent", IMPORT);
        database.until(&format!("SELECT {SESSION} AND wait_event = 'SyncRep'"));
        database.rows(&format!("SELECT pg_terminate_backend(pid, 5000) {SESSION}"));
        let output = run.go_on();
        assert_eq!(output.status.code(), Some(3), "{}: {}", way.name, said(&output));
        assert!(said(&output).contains("was committed"), "{}", said(&output));
        answered(&database);
        is_in(way, &database, &muster, way.name);
    }
}

#[test]
fn a_server_crash_loses_no_committed_row_and_leaves_no_other() {
    let server = Box::leak(Box::new(Cluster::start("synchronous_standby_names = 'nobody'", false)));
    let ways = [Way::new(server, "fresh", fresh), Way::new(server, "filled", filled)];
    for (way, point) in [(0, "copy-half:2"), (0, "before-commit"), (1, "updated"), (1, "commit-sent")] {
        let (way, case) = (&ways[way], format!("{} {point}", ways[way].name));
        let database = way.target.copy();
        let committed = point == "commit-sent";
        if committed {
            unanswered(&database);
        }
        let muster = way.muster(&database);
        let run = Halted::at(&muster, point, IMPORT);
        if committed {
            database.until(&format!("SELECT {SESSION} AND wait_event = 'SyncRep'"));
        }
        let process = database.text(&format!("SELECT pid {SESSION}"));
        // The server ends all its sessions and goes through recovery when one of its processes dies so.
        let killed = std::process::Command::new("kill").args(["-s", "KILL", &process]).status().unwrap();
        assert!(killed.success());
        let output = run.go_on();
        assert_eq!(output.status.code(), Some(if committed { 3 } else { 1 }), "{case}: {}", said(&output));
        if committed {
            answered(&database);
            is_in(way, &database, &muster, &case);
        } else {
            assert!(said(&output).contains("lost"), "{case}: {}", said(&output));
            assert_eq!(picture(&database), way.untouched, "{case}");
            recovers(way, &database, &muster, &case);
        }
    }
}

#[test]
fn a_signal_before_commit_interrupts_and_one_at_commit_comes_too_late() {
    let points =
        ["opened", "read", "staged", "copy-half", "put-back", "updated", "inserted:2", "run-noted", "sealed"];
    let late = ["before-commit", "commit-sent", "committed", "renaming:2"];
    let mut cases = cases();
    cases.retain(|(way, point)| {
        way.name != "bare" && (points.contains(&point.as_str()) || late.contains(&point.as_str()))
    });
    each(&cases, |(way, point)| {
        let case = format!("{} {point}", way.name);
        let database = way.target.copy();
        let muster = way.muster(&database);
        let run = Halted::at(&muster, point, IMPORT);
        run.signal(if way.name == "fresh" { "INT" } else { "TERM" });
        let output = run.go_on();
        if late.contains(&point.as_str()) {
            assert_eq!(output.status.code(), Some(3), "{case}: {}", said(&output));
            return is_in(way, &database, &muster, &case);
        }
        assert_eq!(output.status.code(), Some(130), "{case}: {}", said(&output));
        locks_go(&database);
        assert_eq!(picture(&database), way.untouched, "{case}");
        let left = out(&muster);
        assert!(left.iter().all(|name| !name.ends_with(".partial")), "{case}: {left:?}");
        recovers(way, &database, &muster, &case);
    });
}

#[test]
fn an_undo_that_is_killed_undoes_nothing_or_all() {
    let way = &Way::all()[2];
    let imported = way.target.copy();
    muster(&imported).run(IMPORT).exits(3);
    let untouched = picture(&imported);
    let run = imported.latest_run();
    for point in
        ["undo-locked", "undo-restored", "undo-deleted", "undo-noted", "before-commit", "commit-sent"]
    {
        let database = imported.copy();
        let muster = way.muster(&database);
        let undo = ["undo", "--yes", &run, "--out", "undone", "--lock-timeout", "30"];
        killed_at(&muster, point, undo);
        locks_go(&database);
        if point != "commit-sent" || picture(&database) == untouched {
            assert_eq!(picture(&database), untouched, "{point}");
            muster.run(undo).exits(0);
        }
        let tables = [ACCOUNTS, USERS].map(|sql| database.text(sql)).join("");
        assert_eq!(tables, [ACCOUNTS, USERS].map(|sql| way.target.text(sql)).join(""), "{point}");
        // What is as it was before can be imported again.
        muster.run(IMPORT).exits(3);
    }
}

#[test]
fn an_import_of_changes_that_is_killed_deletes_nothing_or_all() {
    let way = &Way::all()[2];
    let apply = [
        "import",
        "--apply-changes",
        "--allow-deletes",
        "accounts.changes.csv",
        "users.changes.csv",
        "--out",
        "out",
        "--lock-timeout",
        "30",
    ];
    let muster = |database: &Database| {
        Muster::on(database)
            .file(
                "accounts.changes.csv",
                "muster.change,muster.changed,legacyId,name\ndelete,,A08,\nupdate,name,A01,Changed\n",
            )
            .file(
                "users.changes.csv",
                "muster.change,muster.changed,email,account.legacyId\ndelete,,u07@example.org,\ndelete,,u19@example.org,\n",
            )
    };
    let undisturbed = way.target.copy();
    muster(&undisturbed).run(apply).exits(0);
    let expected = outcome(&undisturbed);
    assert_eq!(undisturbed.text("SELECT count(*) FROM accounts WHERE legacy_id = 'A08'"), "0");
    for point in ["deleted", "deleted:2", "checked", "before-commit"] {
        let database = way.target.copy();
        let muster = muster(&database);
        killed_at(&muster, point, apply);
        locks_go(&database);
        assert_eq!(picture(&database), way.untouched, "{point}");
        muster.run(apply).exits(0);
        assert_eq!(outcome(&database), expected, "{point}");
    }
}
