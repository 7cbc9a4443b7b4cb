//! What inviting promises: shown first, sent once, to no other person, with a link that opens once. The provider is a
//! local server that speaks Postmark's API.

use std::io::{Read as _, Write as _};

use super::office::{SENDER, json, office, send};
use crate::support::{Act, Database, FakePostmark, Muster, cluster};

fn states(database: &Database) -> String {
    database.text("SELECT address, state FROM muster.invite_states ORDER BY address")
}

#[test]
fn an_import_sends_no_mail_and_an_invitation_only_after_confirmation() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    assert_eq!(database.text("SELECT to_regclass('muster.outbox')"), "∅");
    let run = database.latest_run();
    let invite = ["user", "invite", "--run", &run];
    let asked = muster.run(invite.iter().chain(&SENDER)).exits(2);
    assert!(asked.stderr().contains("--yes"), "{asked}");
    for expected in ["3 users, 3 mails", "in nl", "in en", "to account A1", "to account A2"] {
        assert!(asked.stdout().contains(expected), "{expected}{asked}");
    }
    assert!(postmark.heard(|heard| heard.calls.is_empty()));
    assert_eq!(database.text("SELECT to_regclass('muster.outbox')"), "∅", "asking writes nothing");
    let planned = muster.run(invite.iter().chain(&["--dry-run", "--json"])).exits(0);
    let plan = &json(&planned)["plan"];
    assert_eq!((&plan["mails"], &plan["languages"][0]["language"]), (&3.into(), &"nl".into()));
    assert_eq!(database.text("SELECT to_regclass('muster.outbox')"), "∅", "a dry run writes nothing");
    send(&muster, &invite[1..]).exits(0);
    assert_eq!(postmark.recipients(), ["ann@example.com", "jan@example.nl", "zoe@example.nl"]);
}

#[test]
fn an_invited_user_is_invited_again_only_on_request() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    send(&muster, &["invite", "ZOE@example.nl"]).exits(0);
    let again = send(&muster, &["invite", "--account", "A1", "--json"]).exits(0);
    assert_eq!(json(&again)["plan"]["passed"][0]["why"], "sent");
    assert_eq!(postmark.recipients(), ["jan@example.nl", "zoe@example.nl"]);
    let third = send(&muster, &["invite", "--account", "A1"]).exits(0);
    assert!(third.stdout().contains("nothing to send"), "{third}");
    let first = postmark.token("zoe@example.nl");
    send(&muster, &["invites", "resend", "zoe@example.nl"]).exits(0);
    assert_eq!(postmark.recipients(), ["jan@example.nl", "zoe@example.nl", "zoe@example.nl"]);
    let refused = muster.run(["user", "accept", &first]).exits(4);
    assert!(refused.stderr().contains("newer mail"), "{refused}");
    muster.run(["user", "accept", &postmark.token("zoe@example.nl")]).exits(0);
    let resent = send(&muster, &["invites", "resend", "--account", "A2"]).exits(0);
    assert!(resent.stdout().contains("never invited") && resent.stdout().contains("nothing to send"));
}

#[test]
fn users_that_were_taken_back_and_imported_anew_are_not_mailed_again() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    send(&muster, &["invite", "--account", "A1"]).exits(0);
    muster.run(["undo", "--yes", &database.latest_run()]).exits(0);
    let gone = muster.run(["user", "accept", &postmark.token("zoe@example.nl")]).exits(4);
    assert!(gone.stderr().contains("is gone"), "{gone}");
    muster.run(["import", "accounts.csv", "users.csv"]).exits(0);
    let again = send(&muster, &["invite", "--account", "A1"]).exits(0);
    assert!(again.stdout().contains("nothing to send"), "{again}");
    muster.run(["user", "accept", &postmark.token("zoe@example.nl")]).exits(0);
}

#[test]
fn a_forgotten_person_leaves_no_trace_in_the_outbox() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    send(&muster, &["invite", "--account", "A1"]).exits(0);
    muster.run(["runs", "forget", "--email", "Zoe@example.nl", "--yes"]).exits(0);
    for table in ["invites", "outbox", "invite_tokens"] {
        assert_eq!(database.text(&format!("SELECT count(*) FROM muster.{table}")), "1", "{table}");
    }
}

#[test]
fn filters_choose_the_recipients() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    let run = database.latest_run();
    for (filters, mails) in [
        (vec!["--role", "Account admin"], 1),
        (vec!["--language", "nl"], 2),
        (vec!["--migrated", "true"], 2),
        (vec!["--migrated", "false"], 1),
        (vec!["--language", "nl", "--role", "none", "--account", "A1"], 1),
        (vec!["--account", "A9"], 0),
        (vec!["--limit", "2"], 2),
    ] {
        let line = ["user", "invite", "--run", &run[..13], "--dry-run", "--json"];
        let planned = muster.run(line.iter().chain(&filters)).exits(0);
        assert_eq!(json(&planned)["plan"]["mails"], mails, "{filters:?}");
    }
    for wrong in
        [vec!["--role", "boss"], vec!["--language", "de"], vec!["--run", "ffff"], vec!["--migrated", "1"]]
    {
        let line = ["user", "invite", "--account", "A1", "--dry-run"];
        muster.run(line.iter().chain(&wrong)).exits(2);
    }
    let nobody = muster.run(["user", "invite", "--role", "none", "--dry-run"]).exits(2);
    assert!(nobody.stderr().contains("say who is invited"), "{nobody}");
}

#[test]
fn a_recipient_list_names_each_line_that_matches_no_user() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    muster.write("list.csv", "name;E-mail\nZoë;Zoe@Example.nl\nX;nobody@example.nl\nY;nonsense\n");
    let sent = send(&muster, &["invite", "--file", "list.csv", "--json"]).exits(3);
    let plan = &json(&sent)["plan"];
    assert_eq!(plan["unmatched"], serde_json::json!(["list.csv line 3"]));
    assert_eq!(plan["wrong"], serde_json::json!(["list.csv line 4"]));
    assert_eq!(postmark.recipients(), ["zoe@example.nl"]);
}

#[test]
fn suppressed_addresses_get_no_mail_now_or_later() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    muster.write("never.txt", "JAN@example.nl\n");
    let sent = send(&muster, &["invite", "--account", "A1", "--suppress", "never.txt"]).exits(0);
    assert!(sent.stdout().contains("suppressed"), "{sent}");
    send(&muster, &["invite", "--account", "A1"]).exits(0);
    assert_eq!(postmark.recipients(), ["zoe@example.nl"]);
    muster.write("never.txt", "not an address\n");
    send(&muster, &["invite", "--account", "A2", "--suppress", "never.txt"]).exits(1);
    assert_eq!(postmark.recipients(), ["zoe@example.nl"]);
}

#[test]
fn a_link_opens_once_and_says_why_it_does_not() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    send(&muster, &["invite", "--account", "A1"]).exits(0);
    send(&muster, &["invite", "--account", "A2", "--expires", "0h"]).exits(0);
    let (zoe, jan, ann) = (
        postmark.token("zoe@example.nl"),
        postmark.token("jan@example.nl"),
        postmark.token("ann@example.com"),
    );
    let accepted = muster.run(["user", "accept", &zoe, "--json"]).exits(0);
    assert_eq!(json(&accepted)["email"], "zoe@example.nl");
    muster.run(["user", "invites", "revoke", "jan@example.nl"]).exits(0);
    let unknown = "A".repeat(43);
    for (token, why) in [
        (zoe.as_str(), "accepted before"),
        (&jan, "withdrawn"),
        (&ann, "expired"),
        (&unknown, "not known"),
        ("nonsense", "not known"),
    ] {
        let refused = muster.run(["user", "accept", token]).exits(4);
        assert!(refused.stderr().contains(why), "{why}{refused}");
        assert_eq!(refused.stdout(), "");
    }
    assert_eq!(
        states(&database),
        "ann@example.com|expired\njan@example.nl|withdrawn\nzoe@example.nl|accepted"
    );
    let listed = muster.run(["user", "invites", "list", "--state", "accepted"]).exits(0);
    assert!(listed.stdout().contains("zoe@example.nl") && !listed.stdout().contains("jan@"), "{listed}");
    // A withdrawn invitation stays withdrawn until it is sent again; an accepted one stays accepted.
    send(&muster, &["invite", "--account", "A1"]).exits(0);
    send(&muster, &["invites", "resend", "--account", "A1"]).exits(0);
    assert_eq!(
        postmark.recipients(),
        ["ann@example.com", "jan@example.nl", "jan@example.nl", "zoe@example.nl"]
    );
}

#[test]
fn the_database_and_the_logs_hold_no_secret() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    let sent = send(&muster, &["invite", "--account", "A1", "-vvv"]).exits(0);
    let token = postmark.token("zoe@example.nl");
    for text in [sent.stdout(), sent.stderr()] {
        assert!(!text.contains(&token) && !text.contains("good-token"), "{sent}");
    }
    for table in ["invites", "outbox", "invite_tokens"] {
        let rows = database.text(&format!("SELECT to_jsonb(t) FROM muster.{table} t"));
        assert!(!rows.is_empty() && !rows.contains(&token), "{rows}");
    }
    assert_eq!(database.text("SELECT DISTINCT octet_length(hash) FROM muster.invite_tokens"), "32");
    let wrong = muster.command(["user", "invite", "--account", "A2", "--yes"].iter().chain(&SENDER));
    let mut wrong = wrong;
    let output = wrong.env("POSTMARK_SERVER_TOKEN", "s3cr3t-t0ken").output().unwrap();
    let reported = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{reported}");
    assert!(reported.contains("does not know this token") && !reported.contains("s3cr3t"), "{reported}");
    assert!(postmark.heard(|heard| heard.headers.contains("good-token") || !heard.headers.is_empty()));
}

/// Answers one mail over TLS, as `localhost`, with OpenSSL's own server.
struct TlsServer {
    child: std::process::Child,
    port: u16,
}

impl TlsServer {
    fn start() -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = std::process::Command::new("openssl")
            .args([
                "s_server",
                "-quiet",
                "-accept",
                &port.to_string(),
                "-cert",
                "server.crt",
                "-key",
                "server.key",
            ])
            .current_dir(&cluster().folder)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the tests need the `openssl` program");
        let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        std::thread::spawn(move || {
            let (mut heard, mut buffer) = (Vec::new(), [0; 4096]);
            while let Ok(read @ 1..) = stdout.read(&mut buffer) {
                heard.extend_from_slice(&buffer[..read]);
                if heard.ends_with(b"}]") {
                    let body = "[{\"ErrorCode\":0,\"MessageID\":\"tls\"}]";
                    let length = body.len();
                    write!(stdin, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
                    stdin.flush().unwrap();
                }
            }
        });
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        Self { child, port }
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn a_token_is_shown_to_a_trusted_server_alone() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let server = TlsServer::start();
    let trusting = |authority: &str| {
        let muster = Muster::on(&database)
            .env("POSTMARK_SERVER_TOKEN", "good-token")
            .env("POSTMARK_API_URL", format!("https://localhost:{}", server.port));
        muster.env("SSL_CERT_FILE", cluster().folder.join(authority).to_str().unwrap())
    };
    office(&database, &postmark);
    let refused = send(&trusting("other-ca.crt"), &["invite", "--account", "A2"]).exits(1);
    assert!(refused.stderr().contains("not trusted"), "{refused}");
    assert_eq!(database.text("SELECT state FROM muster.outbox"), "pending");
    send(&trusting("ca.crt"), &["invite", "--account", "A2"]).exits(0);
    assert_eq!(database.text("SELECT state, message_id FROM muster.outbox"), "sent|tls");
}

#[test]
fn without_a_token_the_error_says_what_to_activate() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark).env("POSTMARK_SERVER_TOKEN", "");
    let refused = send(&muster, &["invite", "--account", "A1"]).exits(1);
    assert!(refused.stderr().contains("Postmark must be activated first"), "{refused}");
    assert!(refused.stderr().contains("--to-dir"), "{refused}");
    muster.write("token", "good-token\n");
    let open = send(&muster, &["invite", "--account", "A1", "--token-file", "token"]).exits(1);
    assert!(open.stderr().contains("chmod 600"), "{open}");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(muster.path("token"), private).unwrap();
    send(&muster, &["invite", "--account", "A1", "--token-file", "token"]).exits(0);
    let open = muster.command(["user", "invite", "--account", "A1", "--yes"].iter().chain(&SENDER));
    let mut open = open;
    let output =
        open.env("POSTMARK_API_URL", "http://api.example.nl").env("POSTMARK_SERVER_TOKEN", "x").output();
    assert_eq!(output.unwrap().status.code(), Some(2), "a token never travels in the open");
}

#[test]
fn a_test_token_runs_every_step_and_sends_no_mail() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark).env("POSTMARK_SERVER_TOKEN", "POSTMARK_API_TEST");
    send(&muster, &["invite", "--account", "A1"]).exits(0);
    let again = send(&muster, &["invite", "--account", "A1"]).exits(0);
    assert!(again.stdout().contains("nothing to send"), "{again}");
    // Nothing was delivered, so that the real thing is still to come.
    let muster = muster.env("POSTMARK_SERVER_TOKEN", "good-token");
    send(&muster, &["invite", "--account", "A1"]).exits(0);
    assert_eq!(postmark.recipients().len(), 4);
}

#[test]
fn an_address_that_fails_is_reported_and_an_inactive_one_is_suppressed() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    postmark.will([Act::Codes(vec![300, 406, 0])]);
    let sent = send(&muster, &["invite", "--run", &database.latest_run()]).exits(3);
    assert!(sent.stdout().contains("1 mail sent") && sent.stdout().contains("2 failed"), "{sent}");
    assert_eq!(
        database.text("SELECT state, code FROM muster.outbox ORDER BY id"),
        "failed|300\nfailed|406\nsent|∅"
    );
    assert_eq!(database.text("SELECT address, reason FROM muster.suppressed"), "jan@example.nl|postmark-406");
    // Neither is tried again by itself; on request the suppressed one is not, either.
    send(&muster, &["invite", "--account", "A1"]).exits(0);
    send(&muster, &["invites", "resend", "--account", "A1"]).exits(0);
    assert_eq!(postmark.recipients(), ["ann@example.com", "zoe@example.nl"]);
}

#[test]
fn a_refusal_of_the_account_stops_the_run_and_the_rest_waits() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    let run = database.latest_run();
    let mut sent = 0;
    for code in [10, 400, 401, 405, 412, 413] {
        postmark.will([Act::Codes(vec![code, code, code])]);
        let stopped = send(&muster, &["invite", "--run", &run]).exits(1);
        assert!(stopped.stderr().contains(&format!("ErrorCode {code}")), "{stopped}");
        let body = format!("{{\"ErrorCode\":{code},\"Message\":\"no\"}}");
        postmark.will([Act::Refuse(422, "", body)]);
        send(&muster, &["invite", "--run", &run]).exits(1);
        sent += 2;
    }
    assert_eq!(postmark.heard(|heard| heard.calls.len()), sent, "nothing is tried again by itself");
    assert_eq!(database.text("SELECT DISTINCT state FROM muster.outbox"), "pending");
    assert_eq!(database.text("SELECT count(*) FROM muster.invite_tokens"), "0");
    // One taken, then the credits are gone: the others wait, and go out once it goes on.
    postmark.will([Act::Codes(vec![0, 405, 405])]);
    send(&muster, &["invite", "--run", &run]).exits(1);
    let rest = send(&muster, &["invite", "--run", &run]).exits(0);
    assert!(rest.stdout().contains("pending since an earlier command"), "{rest}");
    assert_eq!(postmark.recipients(), ["ann@example.com", "jan@example.nl", "zoe@example.nl"]);
}

#[test]
fn a_kept_template_gets_a_model_for_each_mail() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    send(&muster, &["invite", "zoe@example.nl", "--template", "join-{language}"]).exits(0);
    let mail = postmark.heard(|heard| heard.taken[0].clone());
    assert_eq!(postmark.heard(|heard| heard.calls[0].0.clone()), "/email/batchWithTemplates");
    assert_eq!(mail["TemplateAlias"], "join-nl");
    assert_eq!(mail["TemplateModel"]["first_name"], "Zoë");
    assert_eq!(mail["TemplateModel"]["account"], "Bakker & Zn");
    assert_eq!(mail["Metadata"]["run"], database.text("SELECT run FROM muster.outbox"));
}

#[test]
fn a_thousand_users_go_out_in_calls_of_five_hundred() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    let mut users = "email,account.legacyId,defaultLangCode\n".to_owned();
    for number in 0..1001 {
        users.push_str(&format!("u{number}@example.nl,A2,{}\n", if number % 2 == 0 { "nl" } else { "en" }));
    }
    muster.write("more.csv", users);
    muster.run(["import", "users=more.csv"]).exits(0);
    let run = database.latest_run();
    send(&muster, &["invite", "--run", &run, "--limit", "1000"]).exits(0);
    let sizes = postmark.heard(|heard| heard.calls.iter().map(|call| call.1).collect::<Vec<_>>());
    assert_eq!(sizes, [500, 500]);
    send(&muster, &["invite", "--run", &run]).exits(0);
    let mut recipients = postmark.recipients();
    assert_eq!(recipients.len(), 1001);
    recipients.dedup();
    assert_eq!(recipients.len(), 1001, "an address is mailed twice");
}

#[test]
fn large_mails_go_out_in_calls_of_fifty_megabytes() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    muster.write("texts/en.txt", "Subject: x\n\n{{link}}");
    muster.write("texts/en.html", "x".repeat(20_000_000) + "{{link}}");
    let line = ["invite", "--run", &database.latest_run(), "--templates", "texts"];
    send(&muster, &line).exits(0);
    let sizes = postmark.heard(|heard| heard.calls.iter().map(|call| call.1).collect::<Vec<_>>());
    assert_eq!(sizes, [2, 1]);
}

#[test]
fn a_rate_is_kept() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    // Thirty a minute are one in two seconds.
    send(&muster, &["invite", "--account", "A1", "--rate", "30/min"]).exits(0);
    let calls = postmark.heard(|heard| heard.calls.iter().map(|call| (call.1, call.3)).collect::<Vec<_>>());
    assert_eq!(calls.iter().map(|call| call.0).collect::<Vec<_>>(), [1, 1]);
    assert!((calls[1].1 - calls[0].1).as_millis() >= 1900, "{calls:?}");
}
