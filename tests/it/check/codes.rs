//! Every code about a record or a cell, found where it is: record, lines, bytes, column and severity, read back
//! from the file itself.

use serde_json::Value;

use crate::support::Muster;

/// A record between two good ones, and what is found in it.
struct Case {
    header: &'static str,
    record: &'static [u8],
    /// The column; empty where the finding is about the record.
    column: &'static str,
    code: &'static str,
    severity: &'static str,
}

const fn case(
    header: &'static str,
    record: &'static [u8],
    column: &'static str,
    code: &'static str,
    severity: &'static str,
) -> Case {
    Case { header, record, column, code, severity }
}

const PLAIN: &str = "legacyId,name,plan";
const COUNTRY: &str = "legacyId,name,billingAddress.countryCode,";

/// Of records: their structure.
const RECORDS: [Case; 8] = [
    case(PLAIN, b"B,Two,p,more", "", "too-many-cells", "reject"),
    case(PLAIN, b"B,Two", "", "missing-cells", "reject"),
    case(PLAIN, b"B,\"Two,p", "name", "unclosed-quote", "reject"),
    case(PLAIN, b"B,Tw\"o,p", "name", "stray-quote", "reject"),
    case(PLAIN, b"B,\"Two\"x,p", "name", "stray-quote", "reject"),
    case(PLAIN, b"B,T\0wo,p", "name", "nul-byte", "reject"),
    case(PLAIN, b"B,Caf\xE9 \xC3\xA9\xC3\xA9\xC3\xA9,p", "name", "invalid-encoding", "reject"),
    case(PLAIN, b"legacyId,name,plan", "", "repeated-header", "warning"),
];

/// Of cells; the header's last column is the one meant, unless `column` says otherwise.
const CELLS: [(&str, &str, &str, &str); 33] = [
    ("legacyId,name,plan", ",Two,p", "legacyId", "required"),
    ("legacyId,name,plan", "B,\" \",p", "name", "required"),
    ("legacyId,name,type", "B,Two,klant", "type", "invalid-choice"),
    ("legacyId,name,payment.method", "B,Two,cash", "payment.method", "invalid-choice"),
    ("legacyId,name,reimbursement.enabled", "B,Two,ja", "reimbursement.enabled", "invalid-boolean"),
    ("legacyId,name,contact.email", "B,Two,b@@x.nl", "contact.email", "invalid-email"),
    ("legacyId,name,contact.email", "B,Two,b@localhost", "contact.email", "invalid-email"),
    ("legacyId,name,contact.phone", "B,Two,12", "contact.phone", "invalid-phone"),
    ("legacyId,name,contact.phone", "B,Two,onbekend", "contact.phone", "invalid-phone"),
    ("legacyId,name,contact.phone", "B,Two,3.16123E+10", "contact.phone", "excel-scientific"),
    (
        "legacyId,name,billingAddress.countryCode",
        "B,Two,Atlantis",
        "billingAddress.countryCode",
        "invalid-country",
    ),
    ("legacyId,name,language", "B,Two,n", "language", "invalid-language"),
    ("legacyId,name,payment.iban", "B,Two,NL91ABNA0417164301", "payment.iban", "invalid-iban"),
    ("legacyId,name,payment.iban", "B,Two,NL91ABNA041716430", "payment.iban", "invalid-iban"),
    ("legacyId,name,payment.bic", "B,Two,ABNANL2", "payment.bic", "invalid-bic"),
    (COUNTRY, "B,Two,NL,NL12", "vatNumber", "invalid-vat"),
    (COUNTRY, "B,Two,NL,12 AB", "billingAddress.postalCode", "invalid-postal-code"),
    (COUNTRY, "B,Two,DE,1234", "billingAddress.postalCode", "invalid-postal-code"),
    (COUNTRY, "B,Two,NL,1234567", "companyNumber", "pattern-mismatch"),
    ("legacyId,name,plan", "B,Two,p\x07q", "plan", "control-character"),
    ("legacyId,name,plan", "B,Two,\"p\nq\"", "plan", "control-character"),
    ("legacyId,name,contact.gender", "B,Two,FEMALE", "contact.gender", "defaulted"),
    ("legacyId,name,contact.phone", "B,Two,+31600000000", "contact.phone", "uncertain-phone"),
    ("legacyId,name,contact.email", "B,Two,jos\u{e9}@x.nl", "contact.email", "non-ascii-mailbox"),
    ("legacyId,name,contact.email", "B,Two,jo@gmial.com", "contact.email", "uncertain-email"),
    ("legacyId,name,billingAddress.countryCode", "B,Two,UK", "billingAddress.countryCode", "country-alias"),
    (
        "legacyId,name,payment.iban,payment.bic",
        "B,Two,NL91ABNA0417164300,DEUTDEFF",
        "payment.bic",
        "bic-country",
    ),
    (COUNTRY, "B,Two,BE,BE0123456789", "vatNumber", "vat-check-digits"),
    ("legacyId,name,reimbursement.iban", "B,Two,XX00", "reimbursement.iban", "invalid-iban"),
    ("legacyId,name,notifications.email", "B,Two,x", "notifications.email", "invalid-email"),
    ("legacyId,name,reimbursement.email", "B,Two,@x.nl", "reimbursement.email", "invalid-email"),
    ("legacyId,name,notifications.enabled", "B,Two,1", "notifications.enabled", "invalid-boolean"),
    ("legacyId,name,reimbursement.bic", "B,Two,A", "reimbursement.bic", "invalid-bic"),
];

const WARNINGS: [&str; 7] = [
    "defaulted",
    "uncertain-phone",
    "non-ascii-mailbox",
    "uncertain-email",
    "country-alias",
    "bic-country",
    "vat-check-digits",
];

/// Checks the record between good ones, after a blank line and a record of two lines, and compares its finding.
#[track_caller]
fn expect(header: &str, record: &[u8], column: &str, code: &str, severity: &str) {
    let width = header.matches(',').count();
    let good = |key: &str| format!("{key},\"Name\"{}\r\n", ",".repeat(width - 1));
    let before = format!("{header}\r\n{}\r\n{}", good("A"), good("\"A2\""));
    let mut file = before.clone().into_bytes();
    file.extend_from_slice(record);
    file.extend_from_slice(b"\r\n");
    file.extend_from_slice(good("C").as_bytes());
    let muster = Muster::new().file("accounts.csv", &file);
    let exit = if severity == "warning" { 0 } else { 3 };
    let run = muster.run(["check", "accounts.csv", "--out", "out"]).exits(exit);
    let findings = run.findings("out");
    let [finding] = &findings[..] else { panic!("{code} alone must be found{run}\n{findings:#?}") };
    let column = if column.is_empty() { Value::Null } else { column.into() };
    let got = (&finding["code"], &finding["severity"], &finding["column"]);
    assert_eq!(got, (&code.into(), &severity.into(), &column), "{run}");
    let number = |name: &str| usize::try_from(finding[name].as_u64().unwrap()).unwrap();
    let lines = 1 + record.iter().filter(|&&byte| byte == b'\n').count();
    let place = ["record", "line_start", "line_end"].map(number);
    assert_eq!(place, [3, 5, 4 + lines], "{code}{run}");
    let bytes = &file[number("byte_start")..number("byte_end")];
    assert_eq!(bytes.strip_suffix(b"\r\n").unwrap_or(bytes), record, "{code}");
    assert_eq!(number("byte_start"), before.len());
    let is_broken = ["unclosed-quote", "stray-quote", "invalid-encoding"].contains(&code);
    let back = muster.path(&format!("out/accounts.{}.csv", if is_broken { "broken" } else { "rejected" }));
    if severity == "reject" {
        let expected = [header.as_bytes(), b"\r\n", record, b"\r\n"].concat();
        assert_eq!(std::fs::read(back).unwrap(), expected, "{code}");
        assert_eq!(run.summary("out")["entities"][0]["read"], 4, "{code} cost another record{run}");
    } else {
        assert!(!back.exists(), "{code}");
    }
}

#[test]
fn faults_of_a_records_structure_are_found_where_they_are() {
    for Case { header, record, column, code, severity } in RECORDS {
        expect(header, record, column, code, severity);
    }
}

#[test]
fn faults_of_cells_are_found_where_they_are() {
    for (header, record, column, code) in CELLS {
        let severity = if WARNINGS.contains(&code) { "warning" } else { "reject" };
        let header = if header == COUNTRY { format!("{header}{column}") } else { header.to_owned() };
        expect(&header, record.as_bytes(), column, code, severity);
    }
}

#[test]
fn a_cell_that_is_too_long_or_a_record_that_is_too_large_is_found_where_it_is() {
    let name = "n".repeat(201);
    expect(PLAIN, format!("B,{name},p").as_bytes(), "name", "too-long", "reject");
    let huge = "x".repeat((1 << 20) + 1);
    expect(PLAIN, format!("B,Two,{huge}").as_bytes(), "", "record-too-large", "reject");
}

#[test]
fn short_records_are_padded_only_when_that_was_asked_for_and_only_with_what_is_optional() {
    let muster = Muster::new().file("accounts.csv", "legacyId,name,plan\nA1,One\nA2\nA3,Three,p\n");
    let codes = |options: &[&str]| -> Vec<String> {
        let run = muster.run(["check", "accounts.csv", "--out", "out"].iter().chain(options)).exits(3);
        run.findings("out")
            .iter()
            .map(|f| format!("{} {}", f["record"], f["code"].as_str().unwrap()))
            .collect()
    };
    assert_eq!(codes(&[]), ["1 missing-cells", "2 missing-cells"]);
    assert_eq!(codes(&["--pad-short"]), ["2 missing-cells"]);
}
