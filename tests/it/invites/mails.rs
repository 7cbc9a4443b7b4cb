//! The mails as a person gets them: files are read by another library than the one that writes them, and looked at
//! part by part.

use mailparse::{MailHeaderMap, ParsedMail};

use super::office::{office, send};
use crate::support::{Database, FakePostmark, Muster};

/// Each mail's recipient and its file.
fn mails(muster: &Muster) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(muster.path("mails")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let parsed = mailparse::parse_mail(&bytes).unwrap();
        let to = mailparse::addrparse_header(parsed.headers.get_first_header("To").unwrap()).unwrap();
        all.push((to.extract_single_info().unwrap().addr, bytes));
    }
    all.sort();
    all
}

/// The text of the part of this type.
fn part(mail: &ParsedMail, kind: &str) -> String {
    let found: Vec<_> = mail.subparts.iter().filter(|part| part.ctype.mimetype == kind).collect();
    assert_eq!(found.len(), 1, "{kind}");
    assert_eq!(found[0].ctype.charset.to_lowercase(), "utf-8");
    found[0].get_body().unwrap().replace("\r\n", "\n")
}

fn header(mail: &ParsedMail, name: &str) -> String {
    mail.headers.get_first_value(name).unwrap_or_default()
}

/// The secret of a mail's link.
fn token(text: &str) -> &str {
    let (_, rest) = text.split_once("https://app.example.nl/join/").unwrap();
    rest.split_whitespace().next().unwrap()
}

#[test]
fn a_mail_reads_well_in_its_language() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    muster.write("nameless.csv", "email,account.legacyId,defaultLangCode\nx@example.nl,A2,nl\n");
    muster.run(["import", "users=nameless.csv"]).exits(0);
    send(&muster, &["invite", "--account", "A1", "--to-dir", "mails"]).exits(0);
    let preview = send(&muster, &["invite", "--account", "A2", "--preview", "preview"]).exits(0);
    assert!(preview.stdout().contains("2 mails written into preview as a preview"), "{preview}");
    assert_eq!(std::fs::read_dir(muster.path("preview")).unwrap().count(), 2);
    let sent = send(&muster, &["invite", "--account", "A2", "--to-dir", "mails"]).exits(0);
    assert!(sent.stdout().contains("2 count as invited now"), "{sent}");
    assert!(sent.stdout().contains("2 mails sent into mails"), "{sent}");
    assert!(postmark.heard(|heard| heard.calls.is_empty()));
    let all = mails(&muster);
    let addresses: Vec<_> = all.iter().map(|(address, _)| address.as_str()).collect();
    assert_eq!(addresses, ["ann@example.com", "jan@example.nl", "x@example.nl", "zoe@example.nl"]);
    let read = |at: usize| mailparse::parse_mail(&all[at].1).unwrap();

    let dutch = read(3);
    assert_eq!(dutch.ctype.mimetype, "multipart/alternative");
    assert_eq!(header(&dutch, "Subject"), "Uw uitnodiging voor Bakker & Zn");
    assert_eq!(header(&dutch, "To"), "\"Zoë O'Brien\" <zoe@example.nl>".replace('"', ""));
    assert_eq!(header(&dutch, "From").replace('"', ""), "Laadpalen <no-reply@example.nl>");
    assert_eq!(header(&dutch, "Content-Language"), "nl");
    assert_eq!(header(&dutch, "MIME-Version"), "1.0");
    assert!(!header(&dutch, "Date").is_empty());
    assert!(header(&dutch, "Message-ID").ends_with("@example.nl>"), "{}", header(&dutch, "Message-ID"));
    let (text, html) = (part(&dutch, "text/plain"), part(&dutch, "text/html"));
    assert!(text.starts_with("Beste Zoë,\n\nWij zijn overgestapt"), "{text}");
    assert!(text.contains("uitgenodigd voor Bakker & Zn.") && text.contains("werkt één keer"), "{text}");
    assert!(html.contains("Beste Zoë,") && html.contains("<strong>Bakker &amp; Zn</strong>"), "{html}");
    assert!(html.contains(&format!("href=\"https://app.example.nl/join/{}\"", token(&text))), "{html}");

    let english = read(0);
    let text = part(&english, "text/plain");
    assert_eq!(header(&english, "Subject"), "Your invitation to Visser");
    assert!(text.starts_with("Hello Ann,\n\nYou have been invited to join Visser."), "{text}");
    assert!(!text.contains("moved to a new system"), "Ann did not come from an older system: {text}");

    let nameless = read(2);
    assert!(part(&nameless, "text/plain").starts_with("Beste klant,\n"), "{nameless:?}");
    assert_eq!(header(&nameless, "To"), "<x@example.nl>");

    for (at, _) in all.iter().enumerate() {
        let raw = String::from_utf8(all[at].1.clone()).unwrap();
        assert!(raw.is_ascii(), "a mail travels in ASCII");
        assert!(raw.lines().all(|line| line.len() <= 998), "RFC 5322, section 2.1.1");
        assert!(!raw.replace("\r\n", "").contains(['\r', '\n']), "lines end with CRLF");
        for unfilled in ["{{", "}}", "{token}"] {
            assert!(!part(&read(at), "text/html").contains(unfilled));
            assert!(!part(&read(at), "text/plain").contains(unfilled));
        }
    }
    muster.run(["user", "accept", token(&part(&dutch, "text/plain"))]).exits(0);
}

#[test]
fn mails_are_for_their_writer_alone_and_stay_when_written_twice() {
    use std::os::unix::fs::PermissionsExt;
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    send(&muster, &["invite", "zoe@example.nl", "--to-dir", "mails"]).exits(0);
    let mode = |path: &str| std::fs::metadata(muster.path(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("mails"), mode("mails/00000001.eml")), (0o700, 0o600));
    // Written once; a second mail must be asked for, and is a separate one.
    let again = send(&muster, &["invite", "zoe@example.nl", "--to-dir", "mails"]).exits(0);
    assert!(again.stdout().contains("nothing to send"), "{again}");
    send(&muster, &["invites", "resend", "zoe@example.nl", "--to-dir", "mails"]).exits(0);
    assert_eq!(mails(&muster).len(), 2);
}

#[test]
fn own_texts_replace_ours_and_a_mistake_in_them_sends_nothing() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark);
    muster.write("texts/nl.txt", "Subject: Hoi {{name}}\n\nKlik: {{link}} ({{role}})");
    muster.write("texts/nl.html", "<p>{{name}}: <a href=\"{{link}}\">klik</a></p>{{#oops}}");
    let line = ["invite", "zoe@example.nl", "--templates", "texts", "--to-dir", "mails"];
    let wrong = send(&muster, &line).exits(1);
    assert!(wrong.stderr().contains("nl.html") && wrong.stderr().contains("line 1"), "{wrong}");
    assert!(!muster.path("mails").exists());
    muster.write("texts/nl.html", "<p>{{name}}: <a href=\"{{link}}\">klik</a></p>");
    send(&muster, &line).exits(0);
    let all = mails(&muster);
    let mail = mailparse::parse_mail(&all[0].1).unwrap();
    assert_eq!(header(&mail, "Subject"), "Hoi Zoë O'Brien");
    assert!(part(&mail, "text/plain").trim_end().ends_with("(accountAdmin)"));
    assert!(
        part(&mail, "text/html").starts_with("<p>Zoë O&#39;Brien: <a href"),
        "{}",
        part(&mail, "text/html")
    );
}

#[test]
fn a_folder_that_cannot_be_written_to_leaves_the_mails_waiting() {
    let (database, postmark) = (Database::new(), FakePostmark::start());
    let muster = office(&database, &postmark).file("mails", "a file instead of a folder");
    let failed = send(&muster, &["invite", "--account", "A1", "--to-dir", "mails"]).exits(1);
    assert!(failed.stderr().contains("mails: cannot be created"), "{failed}");
    // The second mail's place is taken by a folder: the first is written, the second waits.
    std::fs::create_dir_all(muster.path("other/00000002.eml/x")).unwrap();
    let failed = send(&muster, &["invite", "--account", "A1", "--to-dir", "other"]).exits(1);
    assert!(
        failed.stderr().contains("00000002.eml") && failed.stderr().contains("mails sent before that: 1"),
        "{failed}"
    );
    assert_eq!(database.text("SELECT state FROM muster.outbox ORDER BY id"), "sent\npending");
    assert!(!muster.path("other/00000002.eml.part").exists(), "a token is not left lying about");
}
