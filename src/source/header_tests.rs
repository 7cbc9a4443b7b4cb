//! What matching a header finds.

use super::super::test_schema::schema;
use super::*;

/// The columns' fields and the findings of a header of users, as short texts.
fn matched(header: &[&str], maps: &[(&str, &str)]) -> (String, Vec<String>) {
    let schema = schema();
    let users = &schema.entities[1];
    let maps: Vec<ColumnMap> = maps.iter().map(|(h, f)| ColumnMap::given(h, f, &schema, &[])).collect();
    let header: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
    let names = Names::new(users, &maps);
    let found = match_header(&header, &names, Location::whole_file(3, 9));
    for (field, column) in found.mapping.fields.iter().enumerate() {
        assert!(column.is_none_or(|column| found.mapping.columns[column] == Some(field)));
    }
    let fields = found.mapping.columns.iter().map(|c| c.map_or("-", |f| users.fields[f].name.as_str()));
    let findings = found.findings.iter().map(|f| {
        assert_eq!((f.location.file, f.location.record), (3, 0));
        let near = f.suggestion.as_ref().map(|s| format!(" ({s}?)")).unwrap_or_default();
        format!("{} {:?} {}{near}", f.code, f.column.unwrap_or(99), f.value)
    });
    (fields.collect::<Vec<_>>().join(" "), findings.collect())
}

#[test]
fn names_are_matched_exactly_then_loosely_then_by_alias() {
    for (header, fields) in [
        (vec!["email", "account.legacyId"], "email account.legacyId"),
        (vec!["E-Mail", "ACCOUNT LEGACY_ID"], "email account.legacyId"),
        (vec!["email", "organization", "first name"], "email account.legacyId contact.firstName"),
        (vec!["email", "accountId", "", ""], "email account.legacyId - -"),
    ] {
        assert_eq!(matched(&header, &[]), (fields.to_owned(), vec![]), "{header:?}");
    }
}

#[test]
fn each_fault_of_a_header_is_found_once_per_column() {
    for (header, maps, findings) in [
        (vec!["E-mail", "accountId", "email"], vec![], vec!["duplicate-header 2 email"]),
        (vec!["email"], vec![], vec!["missing-column 99 account.legacyId"]),
        (
            vec!["emial", "accountId"],
            vec![],
            vec!["missing-column 99 email (emial?)", "unknown-column 0 emial (email?)"],
        ),
        (vec!["email", "accountId", "phone"], vec![], vec!["unknown-column 2 phone (contact.phone?)"]),
        (
            vec!["email", "accountId", "zzz", "zzz"],
            vec![],
            vec!["unknown-column 2 zzz", "unknown-column 3 zzz"],
        ),
        (vec!["email", "", "accountId", ""], vec![], vec!["unknown-column 1 "]),
        (
            vec!["email", "accountId", "netsuite.id", "NetSuite_Ref", "netsuited"],
            vec![],
            vec!["unknown-column 2 netsuite.id", "unknown-column 4 netsuited"],
        ),
        (
            vec!["email", "accountId", "passwordHash", "USER_PASS-WORD", "passport"],
            vec![],
            vec![
                "forbidden-column 2 passwordHash",
                "forbidden-column 3 USER_PASS-WORD",
                "unknown-column 4 passport",
            ],
        ),
        (vec!["Mail 2", "accountId"], vec![("mail2", "email")], vec![]),
        (vec!["email", "Mail 2", "accountId"], vec![("Mail 2", "E-mail")], vec!["duplicate-header 0 email"]),
        (vec!["a", "b", "accountId"], vec![("a", "email"), ("b", "email")], vec!["duplicate-header 1 b"]),
        (
            vec!["password", "email", "accountId"],
            vec![("password", "contact.phone")],
            vec!["forbidden-column 0 password"],
        ),
    ] {
        assert_eq!(matched(&header, &maps).1, findings, "{header:?} {maps:?}");
    }
}

#[test]
fn names_are_cleaned_of_invisible_characters() {
    for (raw, clean) in [
        (" e-mail\u{A0}", "e-mail"),
        ("\u{FEFF}email", "email"),
        ("first\r\n name", "first name"),
        ("\u{200B}", ""),
    ] {
        assert_eq!(clean_name(raw), clean);
    }
}
