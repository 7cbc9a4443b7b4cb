//! What inviting promises when things break: for every failure of `muster`, its database and the provider,
//! and wherever the program is killed, no address gets two mails and none is lost.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::office::{SENDER, json, office, send};
use crate::support::{Act, Database, FakePostmark, Finished, Muster};

/// Everybody of the office; the provider is asked at once.
const ALL: [&str; 6] = ["invite", "--account", "A1", "--settle", "0s", "--json"];
const BOTH: [&str; 2] = ["jan@example.nl", "zoe@example.nl"];

/// Runs `muster user …` with a point at which it kills itself.
fn killed(muster: &Muster, words: &[&str], point: &str) {
    let line = ["user"].iter().chain(words).chain(&SENDER).chain(&["--yes"]);
    let mut command = muster.command(line);
    let output = command.env("MUSTER_TEST_INVITE_STOP", point).output().unwrap();
    assert_eq!(output.status.signal(), Some(9), "{point}: {}", String::from_utf8_lossy(&output.stderr));
}

fn everybody_has_one(database: &Database, postmark: &FakePostmark, what: &str) {
    assert_eq!(postmark.recipients(), BOTH, "{what}");
    assert_eq!(database.text("SELECT DISTINCT state FROM muster.outbox"), "sent", "{what}");
}

#[test]
fn a_kill_at_any_step_loses_no_mail_and_sends_none_twice() {
    for point in ["enqueued", "claimed", "answered", "recorded"] {
        let (database, postmark) = (Database::new(), FakePostmark::start());
        let muster = office(&database, &postmark);
        killed(&muster, &ALL, point);
        send(&muster, &ALL).exits(0);
        everybody_has_one(&database, &postmark, point);
        // The link that arrived opens, whichever attempt it was.
        muster.run(["user", "accept", &postmark.token("zoe@example.nl")]).exits(0);
    }
}

#[test]
fn a_kill_while_mails_are_looked_up_loses_no_mail() {
    for (act, calls) in [(Act::TakeAndHangUp, 1), (Act::HangUp, 2)] {
        let (database, postmark) = (Database::new(), FakePostmark::start());
        let muster = office(&database, &postmark);
        postmark.will([act.clone()]);
        killed(&muster, &ALL, "looked-up");
        killed(&muster, &ALL, "looked-up:2");
        send(&muster, &ALL).exits(0);
        everybody_has_one(&database, &postmark, &format!("{act:?}"));
        assert_eq!(postmark.heard(|heard| heard.calls.len()), calls, "{act:?}");
    }
}

#[test]
fn a_kill_while_the_provider_works_loses_nothing() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    postmark.will([Act::TakeSlowly(Duration::from_secs(30))]);
    let line = ["user"].iter().chain(&ALL).chain(&SENDER).chain(&["--yes"]);
    let mut child = muster.command(line).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while postmark.heard(|heard| heard.taken.len()) < 2 {
        assert!(Instant::now() < until, "no call came");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(database.text("SELECT DISTINCT state FROM muster.outbox"), "sending");
    let next = send(&muster, &ALL).exits(0);
    assert_eq!(json(&next)["found"], 2, "{next}");
    everybody_has_one(&database, &postmark, "killed in the call");
}

#[test]
fn after_a_lost_answer_the_provider_is_asked_before_anything_is_sent_again() {
    let said = |status, body: &str| Act::TakeAndSay(status, "", body.to_owned());
    let refused = |status| Act::Refuse(status, "", String::new());
    for (act, calls) in [
        (Act::TakeAndHangUp, 1),
        (said(200, "<html>gateway</html>"), 1),
        (said(200, "[{\"ErrorCode\":0,\"MessageID\":\"x\"}]"), 1),
        (said(500, ""), 1),
        (said(503, ""), 1),
        (Act::HangUp, 2),
        (refused(500), 2),
        (refused(502), 2),
        (Act::TakeSlowly(Duration::from_secs(5)), 1),
    ] {
        let (database, postmark) = (Database::new(), FakePostmark::start());
        let muster = office(&database, &postmark).env("MUSTER_TEST_INVITE_PATIENCE_MS", "1000");
        postmark.will([act.clone()]);
        send(&muster, &ALL).exits(0);
        everybody_has_one(&database, &postmark, &format!("{act:?}"));
        assert_eq!(postmark.heard(|heard| heard.calls.len()), calls, "{act:?}");
        let searches = postmark.heard(|heard| heard.searches.clone());
        assert_eq!(searches.len(), 2, "{searches:?}");
        let tag = database.text("SELECT DISTINCT 'muster-' || run FROM muster.outbox");
        assert!(searches.contains(&format!("zoe@example.nl {tag}")), "{searches:?}");
    }
}

#[test]
fn a_mail_that_the_provider_does_not_show_yet_is_not_sent_again_too_early() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    postmark.will([Act::TakeAndHangUp]);
    // For a second the provider has no trace of it; it is not asked before.
    let began = Instant::now();
    let sent = send(&muster, &["invite", "--account", "A1", "--settle", "2s"]).exits(0);
    assert!(began.elapsed() >= Duration::from_secs(2));
    assert!(sent.stderr().contains("waiting"), "{sent}");
    everybody_has_one(&database, &postmark, "settled");
    // After an interruption in that time, too.
    postmark.will([Act::TakeAndHangUp]);
    killed(&muster, &["invite", "--account", "A2", "--settle", "0s"], "looked-up");
    send(&muster, &["invite", "--account", "A2", "--settle", "1s"]).exits(0);
    assert_eq!(postmark.recipients().len(), 3);
}

#[test]
fn a_mail_without_an_answer_is_sent_three_times_at_most() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    postmark.will((0..9).map(|_| Act::HangUp));
    let given_up = send(&muster, &ALL).exits(3);
    assert_eq!(json(&given_up)["unknown"], 2, "{given_up}");
    assert_eq!(postmark.heard(|heard| heard.calls.len()), 3);
    assert_eq!(database.text("SELECT DISTINCT state FROM muster.outbox"), "unknown");
    // It is looked up still, and found where it arrived after all.
    send(&muster, &ALL).exits(3);
    assert_eq!(postmark.heard(|heard| heard.calls.len()), 3);
}

#[test]
fn retry_after_is_honoured_and_has_a_bound() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    postmark.will([Act::Refuse(429, "Retry-After: 2\r\n", String::new())]);
    send(&muster, &ALL).exits(0);
    let apart = postmark.heard(|heard| heard.calls[1].3 - heard.calls[0].3);
    assert!(apart >= Duration::from_secs(2), "{apart:?}");
    everybody_has_one(&database, &postmark, "429");
    assert!(postmark.heard(|heard| heard.searches.is_empty()), "nothing was taken: there is nothing to ask");
    let hour = || Act::Refuse(429, "Retry-After: 3600\r\n", String::new());
    postmark.will([hour()]);
    let stopped = send(&muster, &["invite", "--account", "A2"]).exits(1);
    assert!(stopped.stderr().contains("3600 s"), "{stopped}");
    postmark.will((0..8).map(|_| Act::Refuse(429, "", String::new())));
    send(&muster, &["invite", "--account", "A2"]).exits(1);
    assert_eq!(database.text("SELECT count(*) FROM muster.outbox WHERE state = 'pending'"), "1");
    send(&muster, &["invite", "--account", "A2"]).exits(0);
    assert_eq!(postmark.recipients().len(), 3);
}

#[test]
fn a_provider_that_cannot_be_reached_has_got_nothing() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark).env("POSTMARK_API_URL", "http://127.0.0.1:1");
    let stopped = send(&muster, &ALL).exits(1);
    assert!(stopped.stderr().contains("cannot be reached"), "{stopped}");
    // RFC 2606 keeps this name from ever having an address.
    let muster = muster.env("POSTMARK_API_URL", "https://postmark.invalid");
    let stopped = send(&muster, &ALL).exits(1);
    assert!(stopped.stderr().contains("cannot be reached"), "{stopped}");
    assert_eq!(database.text("SELECT DISTINCT state FROM muster.outbox"), "pending");
    assert_eq!(database.text("SELECT count(*) FROM muster.invite_tokens"), "0");
}

#[test]
fn two_at_once_send_nothing_twice() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    postmark.will([Act::TakeSlowly(Duration::from_secs(3))]);
    let line = || ["user"].into_iter().chain(ALL).chain(SENDER).chain(["--yes"]);
    let mut first = muster.command(line()).stdout(Stdio::null()).spawn().unwrap();
    while postmark.heard(|heard| heard.calls.is_empty()) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let second: Finished = muster.run(line()).exits(1);
    assert!(second.stderr().contains("another `muster user invite`"), "{second}");
    assert!(first.wait().unwrap().success());
    everybody_has_one(&database, &postmark, "two at once");
}

#[test]
fn a_signal_ends_it_in_order() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    postmark.will([Act::TakeSlowly(Duration::from_secs(1))]);
    let line =
        ["user", "invite", "--account", "A1", "--rate", "30/min"].into_iter().chain(SENDER).chain(["--yes"]);
    let child = muster.command(line).stderr(Stdio::piped()).spawn().unwrap();
    while postmark.heard(|heard| heard.calls.is_empty()) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let process = rustix::process::Pid::from_raw(child.id().cast_signed()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    let reported = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{reported}");
    assert!(reported.contains("mails sent: 1."), "{reported}");
    assert_eq!(database.text("SELECT state FROM muster.outbox ORDER BY id"), "sent\npending");
    send(&muster, &ALL).exits(0);
    everybody_has_one(&database, &postmark, "after a signal");
}

#[test]
fn a_kill_between_two_files_writes_each_mail_once() {
    for point in ["claimed", "one-written", "answered"] {
        let (database, postmark) = (Database::new(), FakePostmark::start());
        let muster = office(&database, &postmark);
        let line = ["invite", "--account", "A1", "--settle", "0s", "--to-dir", "mails"];
        killed(&muster, &line, point);
        // Another channel does not ask about these mails, and sends none of them.
        let other = send(&muster, &ALL).exits(3);
        assert_eq!(json(&other)["unknown"], 2, "{other}");
        assert!(postmark.recipients().is_empty());
        send(&muster, &line).exits(0);
        let mut files: Vec<_> = std::fs::read_dir(muster.path("mails"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        assert_eq!(files, ["00000001.eml", "00000002.eml"], "{point}");
        assert_eq!(database.text("SELECT DISTINCT state FROM muster.outbox"), "sent", "{point}");
    }
}
