//! Tests of the whole page: hostile values, privacy, size, and that equal input gives equal bytes.

use super::super::Records;
use super::*;
use crate::record::{Code, Finding, Location, Related, Severity};
use crate::report::context::{Context, Counts, Outcome, Returned, ReturnedKind, Status};
use crate::report::findings::tests::{context, finding};
use crate::report::tally::Tally;
use crate::settings::ShownValues;

struct Source;

impl Records for Source {
    fn text(&self, _entity: usize, location: &Location) -> Option<String> {
        Some(format!("<img src=x>\u{202e}{},NL91ABNA0417164300\r\n", location.record))
    }
}

fn outcome(context: &Context) -> Outcome {
    let counts =
        Counts { read: 100, accepted: 90, rejected: 8, duplicates: 2, inserted: 90, ..Counts::default() };
    let finished = "2026-11-24T12:00:03Z".parse().unwrap();
    Outcome { status: Status::Committed, finished, counts: vec![counts; context.entities.len()] }
}

fn page(context: &Context, findings: &[Finding]) -> String {
    let mut tally = Tally::new(context);
    tally.add_for_test(context, 1, findings);
    let outcome = outcome(context);
    let returned = [Returned {
        entity: 1,
        name: "users.rejected.csv".into(),
        records: 8,
        kind: ReturnedKind::Rejected,
        file: 0,
        sha256: String::new(),
        encoding: None,
        readings: Vec::new(),
    }];
    let folder = "out";
    render(&Page {
        context,
        outcome: &outcome,
        tally: &tally,
        folder,
        returned: &returned,
        against: None,
        records: &Source,
    })
}

fn hostile() -> Vec<Finding> {
    let evil = "<script>alert(1)</script>\x1b[31m\u{202e}";
    let mut mail = finding(1, Some(0), Code::InvalidEmail, evil);
    mail.suggestion = Some("\"><script>".into());
    mail.message = "has <b> in it".into();
    let iban = finding(2, Some(1), Code::InvalidIban, "NL91 ABNA 0417 1643 00");
    let huge = finding(3, Some(0), Code::TooLong, &"x\u{0}".repeat(500_000));
    let mut duplicate = finding(4, Some(0), Code::DuplicateKey, evil);
    duplicate.severity = Severity::Duplicate;
    duplicate.related = Some(Related { entity: 1, file: 0, record: 1 });
    vec![
        mail,
        iban,
        huge,
        duplicate,
        finding(5, None, Code::StrayQuote, ""),
        finding(6, Some(0), Code::Defaulted, evil),
    ]
}

#[test]
fn no_value_is_markup_or_hides() {
    let mut context = context();
    context.entities[1].files[0].header[0] = "</style><script>".to_owned();
    context.entities[1].files[0].path = "<script>.csv\u{202e}".to_owned();
    context.target = Some("<b>".to_owned());
    let html = page(&context, &hostile());
    assert_eq!(html.matches("<script").count(), 1, "only our own");
    assert!(!html.contains("<img") && !html.contains("<b>"));
    let steers = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!html.contains(steers));
    assert!(html.contains("[U+202E]") && html.contains("[ESC]"));
}

#[test]
fn the_policy_allows_only_our_style_and_script() {
    let html = page(&context(), &hostile());
    let policy = html.split("content=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"));
    assert!(policy.contains(&BASE64.encode(Sha256::digest(SCRIPT))));
    assert!(
        html.contains(&format!("<script>{SCRIPT}</script>"))
            && html.contains(&format!("<style>{STYLE}</style>"))
    );
    for word in [" style=", " onclick=", "http://", "https://", "src="] {
        let text = html.replace("&lt;img src=x", "");
        assert!(!text.contains(word), "{word}");
    }
}

#[test]
fn sensitive_values_are_masked_in_value_and_line_unless_asked_for() {
    let mut context = context();
    let html = page(&context, &hostile());
    assert!(!html.contains("NL91") && !html.contains("0417"));
    assert!(html.contains("NL** **** **** **** 00"));
    context.values = ShownValues::All;
    assert!(page(&context, &hostile()).contains("NL91ABNA0417164300"));
    context.values = ShownValues::None;
    assert!(!page(&context, &hostile()).contains("alert(1)"));
}

#[test]
fn the_page_stays_below_two_megabytes() {
    let mut context = context();
    context.entities[1].files[0].header =
        (0..2000).map(|n| format!("{n}{}", "\u{202e}<".repeat(300))).collect();
    context.entities[1].files[0].mapping = vec![None; 2000];
    let findings: Vec<_> = (0..40_000)
        .map(|n| {
            let code = [Code::InvalidEmail, Code::Defaulted, Code::TooLong][n % 3];
            let value = format!("{n}{}", "<\u{202e}".repeat(400));
            let column = u16::try_from(n % 2000).unwrap();
            finding(n as u64 + 1, Some(column), code, &value)
        })
        .collect();
    let html = page(&context, &findings);
    assert!(html.len() < 2_000_000, "{}", html.len());
    assert!(html.contains("of 2,000 rules") || html.contains("of 6,000 rules"), "says what was cut");
}

#[test]
fn equal_findings_make_equal_pages() {
    assert_eq!(page(&context(), &hostile()), page(&context(), &hostile()));
}

#[test]
fn the_result_is_one_sentence() {
    let context = context();
    let html = page(&context, &hostile());
    let verdict = "180 of 200 rows are in the database; 16 were rejected, 4 skipped as duplicates.";
    assert!(html.contains(&format!("<div class=\"verdict mixed\"><h1>{verdict}</h1></div>")));
    assert!(html.contains("muster import out/users.rejected.csv"));
}
