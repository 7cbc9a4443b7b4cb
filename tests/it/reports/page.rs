//! What can be said of `report.html` without a browser: it needs nothing, allows nothing, is labelled, and
//! stays small. What only a browser can say is `make page-test`'s.

use std::fmt::Write as _;

use crate::support::Muster;

#[test]
fn the_page_is_one_labelled_file_that_needs_and_allows_nothing() {
    let muster = Muster::new().file("accounts.csv", "legacyId,name,contact.email\nA1,x,wrong\nA1,x,a@b.nl\n");
    let page = muster.run(["check", "accounts.csv", "--out", "out"]).exits(3).read("out/report.html");
    let page = String::from_utf8(page).unwrap();
    assert!(
        page.contains(
            "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-"
        )
    );
    for outside in ["http:", "https:", "src=", "@import", "url(", "<link", "<iframe"] {
        let found = page.replace("http-equiv", "");
        assert!(!found.contains(outside), "{outside}");
    }
    for wanted in [
        "<html lang=\"en\">",
        "name=\"viewport\"",
        "<main id=\"main\">",
        "class=\"skip\" href=\"#main\"",
        "<h1>",
    ] {
        assert!(page.contains(wanted), "{wanted}");
    }
    assert_eq!(page.matches("<section aria-labelledby=").count(), page.matches("<section").count());
    assert_eq!(page.matches("<input").count(), page.matches("<label for=\"filter\"").count());
    assert_eq!(page.matches("<select").count(), 2);
    assert!(["severity", "sort"].iter().all(|name| page.contains(&format!("<label for=\"{name}\""))));
    let named = |svg: &str| {
        let tag = svg.split('>').next().unwrap();
        tag.contains("aria-hidden=\"true\"") || (tag.contains("role=\"img\"") && tag.contains("aria-label="))
    };
    assert!(page.split("<svg").skip(1).all(named), "every drawing is named or hidden");
}

#[test]
fn the_page_stays_small_for_two_hundred_thousand_rejects() {
    let mut text = String::from("legacyId,name,contact.email,payment.iban\n");
    for row in 0..200_000 {
        writeln!(text, "A{row},n,no-address-{row},X{row}").unwrap();
    }
    let muster = Muster::new().file("accounts.csv", text);
    let finished = muster.run(["check", "accounts.csv", "--out", "out"]).exits(3);
    let page = finished.read("out/report.html");
    assert!(page.len() <= 2_000_000, "{} bytes", page.len());
    assert!(String::from_utf8(page).unwrap().contains("200,000"));
}

#[test]
fn an_iban_in_a_column_that_is_not_mapped_is_masked() {
    let rows = "legacyId,name,contact.email,old account,note
A1,n,nobody,NL91ABNA0417164300,was NL91 ABNA 0417 1643 00
A2,n,nobody,\"nl91 abna 0417 1643 00\",IBAN:NL91-ABNA-0417-1643-00.
A3,NL91ABNA0417164300,nobody,NULL,
";
    let muster = Muster::new().file("accounts.csv", rows);
    let done = muster.run(["check", "accounts.csv", "--out", "out"]).exits(3);
    let page = done.text("out/report.html");
    assert!(!page.contains("0417") && !page.contains("ABNA") && !page.contains("abna"), "{page}");
    assert!(page.contains("NL** **** **** **** 00") && page.contains("nl** **** **** **** 00"));
    assert!(page.contains("NULL"), "a word for nothing is no secret");
    let shown = muster.run(["rejects", "out", "--show", "9"]).exits(0).stdout();
    assert!(!shown.contains("0417"), "{shown}");
    let all = muster.run(["check", "accounts.csv", "--out", "all", "--show-values"]).exits(3);
    assert!(all.text("all/report.html").contains("NL91ABNA0417164300"));
}
