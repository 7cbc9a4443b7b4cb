//! Inputs that never end, or hold far more than is stored of them, and reports that grow far beyond their input: the run
//! ends before the disk is full, and says why.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Database, Disk, Halted, Muster, said, signal};

/// Larger than any input may become if `--max-input` does not say so.
const BOMB: usize = (64 << 20) + 1;

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_compressed_stream_through_a_named_pipe_is_read_once() {
    let muster = Muster::new().file("users.csv", "email,accountId\na@x.nl,A1\n");
    let script =
        "mkfifo pipe && (gzip -c users.csv > pipe &) && timeout 20 \"$MUSTER\" check users=pipe --out out";
    let run = muster.script(script).exits(0);
    assert_eq!(run.summary("out")["entities"][0]["accepted"], 1, "{run}");
}

/// Waits for the end of a program that should end by itself.
#[track_caller]
fn ends(child: &mut Child, within: Duration) -> Option<i32> {
    let end = Instant::now() + within;
    while Instant::now() < end {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    panic!("it does not end");
}

#[test]
fn an_input_over_its_limit_ends_the_run() {
    let rows: String = (0..2_000).map(|number| format!("user{number}@x.nl,A1\n")).collect();
    let rows = format!("email,accountId\n{rows}");
    let muster = Muster::new().file("users.csv", &rows);
    muster.write("users.csv.zst", zstd::encode_all(rows.as_bytes(), 1).unwrap());
    for input in ["users.csv", "users.csv.zst", "users=/dev/zero"] {
        let run = muster.run(["check", input, "--max-input", "16K", "--out", "out"]).exits(1);
        let name = input.trim_start_matches("users=");
        let wanted = format!("muster: {name}: has more than 16384 bytes (--max-input)");
        assert!(run.stderr().starts_with(&wanted), "{run}");
        assert_eq!(names(&muster.path("out")), [""; 0], "{run}");
    }
    let piped = muster.script("yes a@x.nl,A1 | \"$MUSTER\" check users=- --max-input 3M --out out").exits(1);
    assert!(piped.stderr().contains("-: has more than 3145728 bytes (--max-input)"), "{piped}");
    // What is allowed is read, and the command that comes next allows it, too.
    let run = muster.run(["check", "users.csv.zst", "--max-input", "1M", "--out", "out"]).exits(0);
    assert!(run.stdout().contains("muster import --max-input 1M"), "{run}");
}

#[test]
fn what_holds_many_times_what_is_stored_of_it_ends_the_run() {
    let line = "\"\n".repeat(BOMB / 2 + 1);
    let muster = Muster::new().file("bomb.csv.zst", zstd::encode_all(line.as_bytes(), 1).unwrap());
    let run = muster.run(["check", "users=bomb.csv.zst", "--out", "out"]).exits(1);
    assert!(run.stderr().contains("bytes hold more than 67"), "{run}");
    assert!(run.stderr().contains("--max-input"), "{run}");
    assert_eq!(names(&muster.path("out")), [""; 0], "{run}");
}

#[test]
fn reports_that_their_disk_has_no_room_for_are_not_begun_to_the_end() {
    let Some(disk) = Disk::mounted(4096) else { return };
    // A few kilobytes, stored; each line of two bytes makes hundreds of bytes of reports.
    let lines = format!("email,accountId\n{}", "x\n".repeat(40_000));
    let muster = Muster::new().file("users.csv.zst", zstd::encode_all(lines.as_bytes(), 3).unwrap());
    let out = disk.path().join("out");
    let run = muster.run(["check", "users.csv.zst", "--out", out.to_str().unwrap()]).exits(1);
    assert!(run.stderr().contains("bytes may be needed") && run.stderr().contains("are free"), "{run}");
    assert_eq!(names(&out), [""; 0], "nothing is half written{run}");
}

#[test]
fn an_input_that_never_ends_or_begins_is_left_at_the_first_signal() {
    let muster = Muster::new();
    assert!(Command::new("mkfifo").arg(muster.path("pipe")).status().unwrap().success());
    let zeros = zstd::encode_all(std::io::Read::take(std::io::repeat(b'x'), 100 << 20), 1).unwrap();
    muster.write("zeros.csv.zst", zeros);
    for input in ["users=pipe", "users=/dev/zero", "users=zeros.csv.zst"] {
        for name in ["INT", "TERM"] {
            let out = muster.path("out");
            let mut command = muster.command(["check", input, "--max-input", "900G", "--out", "out"]);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
            let patience = Instant::now() + Duration::from_secs(20);
            // From then on it listens to signals.
            while !out.exists() {
                assert!(Instant::now() < patience, "the run does not begin");
                std::thread::sleep(Duration::from_millis(5));
            }
            std::thread::sleep(Duration::from_millis(30));
            signal(&child, name);
            let code = ends(&mut child, Duration::from_secs(20));
            let output = child.wait_with_output().unwrap();
            assert_eq!(code, Some(130), "{input} {}", said(&output));
            assert!(
                said(&output).contains("interrupted; the target is as it was before"),
                "{}",
                said(&output)
            );
            let summary = std::fs::read(out.join("summary.json")).unwrap();
            let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
            assert_eq!(summary["status"], "interrupted", "{summary}");
            std::fs::remove_dir_all(&out).unwrap();
        }
    }
}

#[test]
#[cfg(feature = "fault-points")]
fn the_second_signal_ends_the_run_at_once() {
    let muster = Muster::new().file("users.csv", "email,accountId\na@x.nl,A1\n");
    // There it waits, and looks at no flag.
    let mut halted = Halted::at(&muster, "opened", ["check", "users.csv", "--out", "out"]);
    halted.signal("INT");
    std::thread::sleep(Duration::from_millis(50));
    halted.signal("TERM");
    assert_eq!(ends(halted.child(), Duration::from_secs(20)), Some(130));
    // The next run takes the folder.
    let run = muster.run(["check", "users.csv", "--out", "out"]).exits(0);
    assert_eq!(run.summary("out")["status"], "checked", "{run}");
}

#[test]
#[cfg(feature = "fault-points")]
fn a_run_that_is_ended_after_its_commit_was_sent_does_not_say_that_nothing_changed() {
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.csv", "legacyId,name\nA1,One\n");
    let mut halted = Halted::at(&muster, "commit-sent", ["import", "accounts.csv", "--out", "out"]);
    halted.signal("INT");
    std::thread::sleep(Duration::from_millis(50));
    halted.signal("TERM");
    assert_eq!(ends(halted.child(), Duration::from_secs(20)), Some(5));
}
