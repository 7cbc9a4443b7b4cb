//! What others can put in the way of a mail: addresses in the table that are several, links and mails of another
//! database in the folder, options that were made by another program.

use std::fs;
use std::os::unix::fs::symlink;

use super::office::{json, office, send};
use crate::support::{Database, FakePostmark, Muster};

/// What other programs may have written where one address is expected.
const LISTS: [&str; 10] = [
    "a@b.nl,c@d.nl",
    "a@b.nl>,<c@d.nl",
    "a@b.nl;c@d.nl",
    "a@b.nl, c@d.nl",
    "x <a@b.nl>",
    "a@b.nl\r\nBcc: c@d.nl",
    "a@b.nl\nc@d.nl",
    "a@b.nl\t",
    "a@b.nl\u{202e}",
    "team:a@b.nl",
];

/// The office, and as many users as there are such addresses, who have them.
fn infested(database: &Database, postmark: &FakePostmark) -> Muster {
    let muster = office(database, postmark);
    let mut users = "email,account.legacyId\n".to_owned();
    (0..LISTS.len()).for_each(|n| users += &format!("bad{n}@example.nl,A2\n"));
    muster.write("more.csv", users);
    muster.run(["import", "users=more.csv"]).exits(0);
    for (n, list) in LISTS.iter().enumerate() {
        database.text(&format!("UPDATE users SET email = $x${list}$x$ WHERE email = 'bad{n}@example.nl'"));
    }
    muster
}

#[test]
fn no_file_has_more_than_one_recipient() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = infested(&database, &postmark);
    let preview = send(&muster, &["invite", "--account", "A2", "--preview", "preview"]).exits(3);
    assert!(preview.stdout().contains("1 mail written into preview"), "{preview}");
    let sent = send(&muster, &["invite", "--account", "A2", "--to-dir", "mails", "--json"]).exits(3);
    let said = json(&sent);
    assert_eq!((&said["sent"], &said["failed"]), (&1.into(), &LISTS.len().into()), "{sent}");
    let named =
        |list: &&&str| said["invalid"].as_array().unwrap().iter().any(|own| *own == list.to_lowercase());
    assert_eq!(LISTS.iter().filter(named).count(), LISTS.len(), "{sent}");
    for folder in ["preview", "mails"] {
        let files: Vec<_> = fs::read_dir(muster.path(folder)).unwrap().map(|entry| entry.unwrap()).collect();
        assert_eq!(files.len(), 1, "{folder}");
        let mail = fs::read_to_string(files[0].path()).unwrap();
        assert!(mail.contains("ann@example.com") && !mail.contains("c@d.nl"), "{mail}");
    }
    let list = muster.run(["user", "invites", "list", "--state", "failed"]).exits(0).stdout();
    assert!(list.contains("a@b.nl>,<c@d.nl") && list.contains("a@b.nl␍␊"), "{list}");
    // Asked for again, they fail again; with the address set right, the mail goes out.
    database.text("UPDATE users SET email = 'right@example.nl' WHERE email = 'a@b.nl,c@d.nl'");
    let again = send(&muster, &["invites", "resend", "--account", "A2", "--to-dir", "mails"]).exits(3);
    assert!(again.stdout().contains("2 mails sent into mails"), "{again}");
}

#[test]
fn postmark_gets_one_recipient_a_mail() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = infested(&database, &postmark);
    let sent = send(&muster, &["invite", "--account", "A2"]).exits(3);
    assert!(sent.stdout().contains("no mail, the table holds what is not one address"), "{sent}");
    assert_eq!(postmark.recipients(), ["ann@example.com"]);
    assert_eq!(
        database.text("SELECT state, count(*) FROM muster.outbox GROUP BY 1 ORDER BY 1"),
        format!("failed|{}\nsent|1", LISTS.len())
    );
}

#[test]
fn a_mail_follows_no_link_and_replaces_nothing() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark).file("victim", "kept").file("mails/x", "");
    symlink("../victim", muster.path("mails/00000001.eml.part")).unwrap();
    send(&muster, &["invite", "zoe@example.nl", "--to-dir", "mails"]).exits(0);
    let is_plain = |name: &str| fs::symlink_metadata(muster.path(name)).is_ok_and(|found| found.is_file());
    assert!(is_plain("mails/00000001.eml") && !muster.path("mails/00000001.eml.part").exists());
    for target in ["../victim", "../nowhere", "/dev/null"] {
        let _ = fs::remove_file(muster.path("mails/00000002.eml"));
        symlink(target, muster.path("mails/00000002.eml")).unwrap();
        let failed = send(&muster, &["invite", "jan@example.nl", "--to-dir", "mails"]).exits(1);
        assert!(failed.stderr().contains("00000002.eml: is there already, and is not this mail"), "{failed}");
        assert!(!muster.path("nowhere").exists() && !muster.path("mails/00000002.eml.part").exists());
    }
    assert_eq!(fs::read_to_string(muster.path("victim")).unwrap(), "kept");
}

#[test]
fn two_databases_may_be_pointed_at_one_folder_and_no_mail_is_lost() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    send(&muster, &["invite", "zoe@example.nl", "--to-dir", "mails"]).exits(0);
    let first = fs::read(muster.path("mails/00000001.eml")).unwrap();
    let second_database = Database::new();
    let second = office(&second_database, &postmark);
    let folder = muster.path("mails");
    let folder = folder.to_str().unwrap();
    let line = ["invite", "jan@example.nl", "--settle", "0s", "--to-dir", folder];
    let failed = send(&second, &line).exits(1);
    assert!(failed.stderr().contains("perhaps another database's"), "{failed}");
    assert_eq!(second_database.text("SELECT state FROM muster.outbox"), "pending");
    // Nor is the other database's mail taken for one whose writing was interrupted.
    second_database.text(
        "UPDATE muster.outbox SET state = 'sending', channel = 'folder', tag = 'muster-' || run,
         attempts = 1, tried = now() - interval '1 hour'",
    );
    send(&second, &line).exits(1);
    assert_eq!(fs::read(muster.path("mails/00000001.eml")).unwrap(), first);
    let sent = send(&second, &["invite", "jan@example.nl", "--to-dir", "others"]).exits(0);
    assert!(sent.stdout().contains("1 mail sent into others"), "{sent}");
}

#[test]
fn a_preview_is_replaced_and_replaces_no_mail() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    let preview = ["invite", "zoe@example.nl", "--preview", "mails"];
    let mail = || fs::read_to_string(muster.path("mails/00000001.eml")).unwrap();
    send(&muster, &preview).exits(0);
    let first = mail();
    send(&muster, &preview).exits(0);
    assert!(mail() != first && mail().contains("X-Muster-Preview: "), "{}", mail());
    send(&muster, &["invite", "zoe@example.nl", "--to-dir", "mails"]).exits(0);
    assert!(!mail().contains("X-Muster-Preview"), "{}", mail());
    let (kept, other) = (mail(), Database::new());
    let second = office(&other, &postmark);
    let folder = muster.path("mails");
    let line = ["invite", "jan@example.nl", "--preview", folder.to_str().unwrap()];
    let refused = send(&second, &line).exits(1);
    assert!(refused.stderr().contains("is there already"), "{refused}");
    assert_eq!(mail(), kept);
}

#[test]
fn a_sender_or_a_link_that_misleads_is_refused_by_name() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    let good = ["no-reply@example.nl", "https://app.example.nl/join/{token}"];
    for (option, wrong, says) in [
        ("--link", "https://app.example.nl/\u{202e}{token}", "invisible"),
        ("--link", "https://app.example.nl/\u{200f}{token}", "invisible"),
        ("--link", "https://{token}.example.nl/", "name of the server"),
        ("--link", "https://app.example.nl@{token}/x", "name of the server"),
        ("--from", "a@b.nl,c@d.nl", "an address"),
        ("--from", "a@b.nl <c@d.nl>", "one"),
        ("--from", "x <a@b.nl>, y <c@d.nl>", "one"),
        ("--from", "x\u{2066} <a@b.nl>", "an address"),
    ] {
        let [from, link] = if option == "--from" { [wrong, good[1]] } else { [good[0], wrong] };
        let line = ["user", "invite", "zoe@example.nl", "--to-dir", "mails", "--from", from, "--link", link];
        let refused = muster.run(line).exits(2);
        assert!(refused.stderr().contains(option) && refused.stderr().contains(says), "{refused}");
        assert!(!refused.stderr().contains(['\u{202e}', '\u{200f}', '\u{2066}']), "{refused}");
    }
    assert!(!muster.path("mails").exists());
}
